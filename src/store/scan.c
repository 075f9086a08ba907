/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "store/scan.h"
#include "store/terms.h"

#define OPEN_FILES 4 /* kept open; blocks come in the order of time, so mostly of one file */

struct open_file {
	uint32_t number;
	struct rs_db *db;
	uint64_t used;
};

struct rs_scan {
	struct rs_scan_options options;
	struct open_file file[OPEN_FILES];
	uint64_t clock;
	ZSTD_DCtx *zstd;
	struct rs_bytes chunk;
	struct rs_block_scratch scratch;
	struct rs_expr_run *run;
	struct rs_event_host host; /* that run is for */
	uint8_t keep[RS_BLOCK_EVENTS];
};

/* --- results --- */

int rs_result_new(struct rs_result **ret_result)
{
	struct rs_result *result = calloc(1, sizeof(*result));

	if (!result)
		return -ENOMEM;
	result->matches = malloc(RS_BLOCK_EVENTS * sizeof(*result->matches));
	if (!result->matches) {
		free(result);
		return -ENOMEM;
	}
	*ret_result = result;
	return 0;
}

void rs_result_free(struct rs_result **result)
{
	if (!*result)
		return;
	rs_block_done(&(*result)->block);
	rs_bytes_done(&(*result)->records);
	free((*result)->matches);
	free(*result);
	*result = NULL;
}

/* --- scans --- */

int rs_scan_new(const struct rs_scan_options *options, struct rs_scan **ret_scan)
{
	_cleanup_(rs_scan_free) struct rs_scan *scan = calloc(1, sizeof(*scan));

	if (!scan)
		return -ENOMEM;
	scan->options = *options;
	scan->zstd = ZSTD_createDCtx();
	if (!scan->zstd)
		return -ENOMEM;
	*ret_scan = TAKE_PTR(scan);
	return 0;
}

void rs_scan_release(struct rs_scan *scan)
{
	for (unsigned i = 0; i < OPEN_FILES; i++)
		rs_db_close(&scan->file[i].db);
}

void rs_scan_free(struct rs_scan **scan)
{
	if (!*scan)
		return;
	rs_scan_release(*scan);
	ZSTD_freeDCtx((*scan)->zstd);
	rs_bytes_done(&(*scan)->chunk);
	rs_expr_run_free(&(*scan)->run);
	free(*scan);
	*scan = NULL;
}

static int get_db(struct rs_scan *scan, uint32_t number, struct rs_db **ret_db,
		  struct rs_error *err)
{
	struct open_file *oldest = &scan->file[0];
	char path[PATH_MAX];
	int r;

	for (unsigned i = 0; i < OPEN_FILES; i++) {
		struct open_file *file = &scan->file[i];

		if (file->db && file->number == number) {
			file->used = ++scan->clock;
			*ret_db = file->db;
			return 0;
		}
		if (!file->db || (oldest->db && file->used < oldest->used))
			oldest = file;
	}
	rs_db_close(&oldest->db);
	if (snprintf(path, sizeof(path), "%s/%s", scan->options.query->dir,
		     scan->options.files->items[number].name) >= (int)sizeof(path))
		return rs_error_set_errno(err, -ENAMETOOLONG, "opening");
	r = rs_db_open(path, &oldest->db, err);
	if (r < 0)
		return r;
	oldest->number = number;
	oldest->used = ++scan->clock;
	*ret_db = oldest->db;
	return 0;
}

/* The expression's runner is for one host and one offset of its clock. */
static int need_run(struct rs_scan *scan, const struct rs_event_host *host, int64_t offset)
{
	struct rs_event_host want = *host;
	int r;

	if (!scan->options.query->where)
		return 0;
	want.boot_offset = offset;
	if (scan->run && scan->host.boot_offset == offset &&
	    memcmp(&scan->host, &want, offsetof(struct rs_event_host, boot_offset)) == 0)
		return 0;
	rs_expr_run_free(&scan->run);
	r = rs_expr_run_new(&want, &scan->run);
	scan->host = want;
	return r;
}

/* --- narrowing --- */

/* Marks those of the task in the time span, of kinds that are wanted. */
static unsigned mark_wanted(struct rs_scan *scan, const struct rs_task *task, int64_t id,
			    uint64_t since, uint64_t until, struct rs_result *result)
{
	const struct rs_block *b = &result->block;
	unsigned n = 0, run = 0;

	for (unsigned i = 0; i < b->n; i++) {
		uint64_t real;

		while (run + 1 < b->n_runs && b->runs[run + 1].from <= i)
			run++;
		real = b->time[i] + (uint64_t)b->runs[run].offset;
		scan->keep[i] = id + i >= task->from && id + i < task->to && real >= since &&
				real <= until &&
				(scan->options.narrow->kinds >> (b->what[i] & ~RS_WHAT_END) & 1);
		n += scan->keep[i];
	}
	return n;
}

static int read_part(struct rs_scan *scan, struct rs_db *db, int64_t id, unsigned part,
		     struct rs_block *block,
		     int (*read)(struct rs_block *, ZSTD_DCtx *, const void *, size_t),
		     struct rs_error *err)
{
	const void *data;
	size_t size;
	int r = rs_db_part(db, id, part, &data, &size, err);

	if (r < 0)
		return r;
	r = read(block, scan->zstd, data, size);
	if (r < 0)
		rs_error_set(err, r, "a block is damaged");
	return r;
}

/* 1: may have what is looked for; 0: has not. */
static int ask_filter(struct rs_scan *scan, struct rs_db *db, int64_t id, struct rs_error *err)
{
	const void *data;
	size_t size;
	int r;

	if (!scan->options.narrow->terms)
		return 1;
	r = rs_db_part(db, id, RS_PART_FILTER, &data, &size, err);
	if (r < 0)
		return r;
	if (!rs_bloom_check(data, size))
		return rs_error_set(err, -EBADMSG, "a block's filter is damaged");
	return rs_narrow_filter(scan->options.narrow, data, size);
}

/* Reads what tells which events may match, and marks them: 1 where there are some. */
static int narrow(struct rs_scan *scan, struct rs_db *db, const struct rs_task *task,
		  const struct rs_db_row *row, uint64_t since, uint64_t until, bool records,
		  struct rs_result *result, struct rs_error *err)
{
	const struct rs_narrow *n = scan->options.narrow;
	struct rs_block *b = &result->block;
	int r = ask_filter(scan, db, row->id, err);

	if (r <= 0)
		return r;
	r = read_part(scan, db, row->id, RS_PART_COLUMNS, b, rs_block_read_columns, err);
	if (r < 0)
		return r;
	if (b->n != row->n)
		return rs_error_set(err, -EBADMSG, "a block is not as long as it says");
	result->read = true;
	result->looked = mark_wanted(scan, task, row->id, since, until, result);
	if (!result->looked)
		return 0;
	if (records || n->who || scan->options.query->where)
		r = read_part(scan, db, row->id, RS_PART_WHO, b, rs_block_read_who, err);
	if (r >= 0 && n->paths)
		r = read_part(scan, db, row->id, RS_PART_PATHS, b, rs_block_read_paths, err);
	if (r < 0)
		return r;
	return rs_narrow_events(n, b, scan->keep);
}

/* --- records --- */

static bool wanted_chunk(const struct rs_scan *scan, const struct rs_block *b, unsigned start)
{
	for (unsigned i = start; i < b->n && i < start + RS_CHUNK_EVENTS; i++)
		if (scan->keep[b->sorted[i]])
			return true;
	return false;
}

/* Decides about one event, whose record is the last in the result's. */
static int match(struct rs_scan *scan, struct rs_result *result, unsigned i, size_t record)
{
	const struct rs_block *b = &result->block;
	struct rs_match *m = &result->matches[result->n];
	struct rs_event event;
	int64_t offset;
	int r = rs_block_event(b, i, result->records.data + record, &scan->scratch, &event);

	if (r < 0)
		return r;
	m->real = rs_block_real(b, i, &offset);
	m->offset = offset;
	m->record = (uint32_t)record;
	m->event = (uint16_t)i;
	r = need_run(scan, &result->host, offset);
	if (r < 0)
		return r;
	if (rs_expr_match(scan->options.query->where, scan->run, &event))
		result->n++;
	else
		result->records.len = record;
	return 0;
}

static int read_chunk(struct rs_scan *scan, struct rs_result *result, unsigned start)
{
	const struct rs_block *b = &result->block;
	size_t pos = 0, record;
	int r = 0;

	for (unsigned i = start; i < b->n && i < start + RS_CHUNK_EVENTS && r >= 0; i++) {
		unsigned event = b->sorted[i];

		record = result->records.len;
		r = rs_block_record(b, event, &scan->chunk, &pos,
				    scan->keep[event] ? &result->records : NULL);
		if (r >= 0 && scan->keep[event])
			r = match(scan, result, event, record);
	}
	return r;
}

static int read_records(struct rs_scan *scan, struct rs_db *db, int64_t id,
			struct rs_result *result, struct rs_error *err)
{
	const void *data;
	size_t size;
	int r = 0;

	scan->scratch.block = NULL;
	for (unsigned start = 0; start < result->block.n && r >= 0; start += RS_CHUNK_EVENTS) {
		if (!wanted_chunk(scan, &result->block, start))
			continue;
		r = rs_db_part(db, id, RS_PART_CHUNK + start / RS_CHUNK_EVENTS, &data, &size, err);
		if (r < 0)
			return r;
		r = rs_block_unpack(&scan->chunk, scan->zstd, data, size);
		if (r >= 0)
			r = read_chunk(scan, result, start);
		if (r < 0)
			rs_error_set(err, r, "records of a block are damaged");
	}
	return r;
}

/* All marked ones match: there is no condition, and nobody wants the records. */
static void take_times(struct rs_scan *scan, struct rs_result *result)
{
	int64_t offset;

	for (unsigned i = 0; i < result->block.n; i++)
		if (scan->keep[i])
			result->matches[result->n++].real = rs_block_real(&result->block, i,
									  &offset);
}

static int by_time(const void *pa, const void *pb)
{
	const struct rs_match *a = pa, *b = pb;

	if (a->real != b->real)
		return a->real < b->real ? -1 : 1;
	return a->event < b->event ? -1 : a->event > b->event;
}

/* --- all --- */

static int scan_row(struct rs_scan *scan, struct rs_db *db, const struct rs_task *task,
		    const struct rs_db_row *row, uint64_t since, uint64_t until, bool records,
		    struct rs_result *result, struct rs_error *err)
{
	int r = rs_db_boot(db, row->boot, &result->host, err);

	if (r >= 0)
		r = narrow(scan, db, task, row, since, until, records, result, err);
	if (r <= 0)
		return r;
	if (!records && !scan->options.query->where)
		take_times(scan, result);
	else
		r = read_records(scan, db, row->id, result, err);
	if (result->n > 1)
		qsort(result->matches, result->n, sizeof(*result->matches), by_time);
	return r;
}

/* Of one moment: the writer may be merging blocks. */
static int scan_held(struct rs_scan *scan, struct rs_db *db, const struct rs_task *task,
		     uint64_t since, uint64_t until, bool records, struct rs_result *result,
		     struct rs_error *err)
{
	struct rs_db_row row;
	int r = rs_db_hold(db, err);

	if (r >= 0)
		r = rs_db_row_at(db, task->from, &row, err);
	if (r == -ENOENT || (r >= 0 && row.id + row.n < task->to))
		r = rs_error_set(err, -EBADMSG, "a block is missing");
	if (r >= 0)
		r = scan_row(scan, db, task, &row, since, until, records, result, err);
	rs_db_release(db);
	return r;
}

int rs_scan_run(struct rs_scan *scan, const struct rs_task *task, uint64_t since, uint64_t until,
		bool records, struct rs_result *result)
{
	struct rs_error err = RS_ERROR_INIT;
	struct rs_db *db = NULL;
	int r;

	result->n = result->next = result->looked = 0;
	result->read = false;
	result->damage = 0;
	result->records.len = 0;
	r = get_db(scan, task->file, &db, &err);
	if (r == -ENOENT) /* dropped meanwhile */
		return 0;
	if (r >= 0)
		r = scan_held(scan, db, task, since, until, records, result, &err);
	if (r >= 0 || r == -ENOMEM)
		return MIN(r, 0);
	result->damage = r;
	snprintf(result->text, sizeof(result->text), "%s: %.180s",
		 scan->options.files->items[task->file].name, err.msg);
	return 0;
}
