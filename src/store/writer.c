/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merging. An idle agent hands over a block every half second, of a few events each. A new block takes
 * in those before it that are not larger than what it is by then, as digits carry in a binary counter:
 * so there are never more than a dozen small ones, and an event is written anew a dozen times at most.
 *
 * Files. An event goes to the file of its hour; several where one gets large, so that what is dropped for
 * want of room is never all. A clock that is set back leads back to an older file.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fd.h"
#include "store/block.h"
#include "store/writer.h"

#define TAIL        16 /* small blocks at the end of a file, looked at for merging */
#define PIECE       8  /* a file is left when it has this part of the bytes allowed */
#define PIECE_MIN   (256u << 10)
#define RETRY_FIRST 1000000000ull
#define RETRY_MAX   60000000000ull
#define STEADY      10000000000ull /* without a failure: the disk is well again */
#define AGE_EVERY   60000000000ull
#define OPEN_TRIES  3                     /* one in the way is of another version, one damaged */
#define MERGE_MAX   (RS_BLOCK_EVENTS / 2) /* a block of more is none that is merged */

struct rs_writer {
	struct rs_writer_options options;
	char dir[PATH_MAX - 2 * RS_DIR_NAME];
	struct rs_event_host host;
	struct rs_writer_stats *stats;
	struct rs_encoder *encoder;

	struct rs_db *file; /* NULL: none open */
	char name[RS_DIR_NAME];
	uint64_t start;
	unsigned number;
	int64_t boot;                /* number of ours in it */
	int64_t next;                /* number of the next event */
	struct rs_db_row tail[TAIL]; /* the last of which is the last block */
	unsigned n_tail;

	uint64_t other_bytes;       /* of files that are not open */
	uint64_t looked;            /* when ages were looked at, monotonic */
	int lock_fd;                /* -1: the directory is not ours yet */
	bool told;                  /* that it fails; until it has worked for STEADY */
	uint64_t retry_at, backoff; /* while told */
	uint64_t works_since;       /* while told; 0: it does not */

	/* For merging. */
	ZSTD_DCtx *zstd;
	struct rs_pack *merged;
	struct rs_block *block;
	struct rs_bytes chunk, record;
};

int rs_writer_new(const struct rs_writer_options *options, const struct rs_event_host *host,
		  struct rs_writer_stats *stats, struct rs_writer **ret_writer)
{
	_cleanup_(rs_writer_free) struct rs_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->lock_fd = -1;
	w->options = *options;
	if (!w->options.steady)
		w->options.steady = STEADY;
	w->host = *host;
	w->stats = stats;
	if (snprintf(w->dir, sizeof(w->dir), "%s", options->dir) >= (int)sizeof(w->dir))
		return -ENAMETOOLONG;
	w->options.dir = w->dir;
	w->zstd = ZSTD_createDCtx();
	w->block = calloc(1, sizeof(*w->block));
	if (!w->zstd || !w->block || rs_encoder_new(&w->encoder) < 0 || rs_pack_new(&w->merged) < 0)
		return -ENOMEM;
	*ret_writer = TAKE_PTR(w);
	return 0;
}

static void leave_file(struct rs_writer *w)
{
	if (!w->file)
		return;
	rs_db_settle(w->file);
	rs_db_close(&w->file);
	w->n_tail = 0;
}

void rs_writer_free(struct rs_writer **writer)
{
	struct rs_writer *w = *writer;

	if (!w)
		return;
	leave_file(w);
	rs_encoder_free(&w->encoder);
	rs_pack_free(&w->merged);
	if (w->block)
		rs_block_done(w->block);
	free(w->block);
	ZSTD_freeDCtx(w->zstd);
	rs_bytes_done(&w->chunk);
	rs_bytes_done(&w->record);
	rs_cleanup_close(&w->lock_fd);
	free(w);
	*writer = NULL;
}

static void say(struct rs_writer *w, const char *text)
{
	if (w->options.note)
		w->options.note(w->options.data, text);
}

static void path_of(const struct rs_writer *w, const char *name, char path[static PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s", w->dir, name);
}

/* --- what there is --- */

/* Drops what is too old, and the oldest while all together are too large; the open one stays. */
static void retain(struct rs_writer *w)
{
	struct rs_dir_files files = { 0 };
	uint64_t now = rs_clock_real(), open_bytes = 0, bytes = 0, n = 0;

	w->looked = rs_clock_mono();
	if (rs_dir_list(w->dir, &files, NULL) < 0)
		return;
	for (size_t i = 0; i < files.len; i++)
		bytes += files.items[i].bytes;
	for (size_t i = 0; i < files.len; i++) {
		const struct rs_dir_file *file = &files.items[i];
		bool open = w->file && strcmp(file->name, w->name) == 0;
		bool old = now > w->options.max_age &&
			   file->start + RS_DIR_SPAN < now - w->options.max_age;

		if (open)
			open_bytes = file->bytes;
		if (open || (!old && bytes <= w->options.max_bytes)) {
			n++;
			continue;
		}
		if (rs_dir_drop(w->dir, file->name) < 0) {
			n++;
			continue;
		}
		bytes -= file->bytes;
		w->stats->files_dropped++;
	}
	rs_dir_files_done(&files);
	w->other_bytes = bytes - open_bytes;
	w->stats->bytes = bytes;
	w->stats->files = n;
}

/* Also where nothing can be written, or nothing is to be: what is too old goes. */
static void retain_if_due(struct rs_writer *w)
{
	if (w->lock_fd >= 0 && rs_clock_mono() - w->looked >= AGE_EVERY)
		retain(w);
}

static void count_bytes(struct rs_writer *w)
{
	w->stats->bytes = w->other_bytes + rs_dir_bytes(w->dir, w->name);
	if (w->stats->bytes > w->options.max_bytes)
		retain(w);
	else
		retain_if_due(w);
}

/* On a full disk the oldest file makes room for what is new; not the one that is written. */
static bool make_room(struct rs_writer *w)
{
	struct rs_dir_files files = { 0 };
	bool made = false;

	if (w->lock_fd < 0 || rs_dir_list(w->dir, &files, NULL) < 0)
		return false;
	for (size_t i = 0; i < files.len && !made; i++) {
		if (strcmp(files.items[i].name, w->name) == 0)
			continue;
		made = rs_dir_drop(w->dir, files.items[i].name) == 0;
		if (made)
			w->stats->files_dropped++;
	}
	rs_dir_files_done(&files);
	retain(w);
	return made;
}

/* --- damage --- */

static void set_aside(struct rs_writer *w, const char *name)
{
	if (rs_dir_set_aside(w->dir, name) == 0)
		w->stats->set_aside++;
}

static void recover_file(struct rs_writer *w, const char *name)
{
	_cleanup_(rs_db_close) struct rs_db *file = NULL;
	char path[PATH_MAX];
	int r;

	path_of(w, name, path);
	r = rs_db_create(path, &file, NULL);
	if (r >= 0)
		r = rs_db_check(file, NULL);
	if (r >= 0)
		rs_db_settle(file);
	rs_db_close(&file);
	if (r == -EBADMSG)
		set_aside(w, name);
}

/* Files that a killed writer left: recovered or set aside. */
static void recover(struct rs_writer *w)
{
	struct rs_dir_files files = { 0 };

	if (rs_dir_list(w->dir, &files, NULL) < 0)
		return;
	for (size_t i = 0; i < files.len; i++)
		if (files.items[i].unsettled && !files.items[i].broken)
			recover_file(w, files.items[i].name);
	rs_dir_files_done(&files);
	retain(w);
}

/* --- the directory --- */

/* There is no room for our number in the file: the lock is what counts. */
static int lock_unnamed(const char *path, int *ret_fd, struct rs_error *err)
{
	_cleanup_(rs_cleanup_close) int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);

	if (fd < 0)
		return rs_error_set_errno(err, -errno, "opening \"%s\"", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return rs_error_set_errno(err, errno == EWOULDBLOCK ? -EBUSY : -errno,
					  "locking \"%s\"", path);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int lock(struct rs_writer *w, struct rs_error *err)
{
	struct rs_error full = RS_ERROR_INIT;
	char path[PATH_MAX];
	int r;

	path_of(w, "lock", path);
	r = rs_fd_lock_pidfile(path, &w->lock_fd, NULL, err);
	if ((r == -ENOSPC || r == -EDQUOT) && lock_unnamed(path, &w->lock_fd, &full) == 0)
		r = 0;
	return r;
}

int rs_writer_open(struct rs_writer *w, struct rs_error *err)
{
	int r;

	if (w->lock_fd >= 0)
		return 0;
	r = rs_fd_mkdir_p(w->dir, 0700, err);
	if (r >= 0)
		r = lock(w, err);
	if (r >= 0)
		recover(w);
	return r;
}

/* --- the open file --- */

static int take_tail(void *data, const struct rs_db_row *row)
{
	struct rs_writer *w = data;

	w->next = row->id + row->n;
	if (row->n > MERGE_MAX || row->boot != w->boot) {
		w->n_tail = 0;
		return 0;
	}
	if (w->n_tail == TAIL) {
		memmove(w->tail, w->tail + 1, (TAIL - 1) * sizeof(*w->tail));
		w->n_tail--;
	}
	w->tail[w->n_tail++] = *row;
	return 0;
}

static int read_tail(struct rs_writer *w, struct rs_error *err)
{
	struct rs_db_row last;
	int64_t from = 0;
	int r = rs_db_row_at(w->file, INT64_MAX, &last, err);

	w->next = 0;
	w->n_tail = 0;
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	if (last.id > RS_BLOCK_EVENTS * 2)
		from = last.id - RS_BLOCK_EVENTS * 2;
	return rs_db_rows(w->file, from, take_tail, w, err);
}

/* Number of the file to go on with: the last there is of that hour, or one more where that is full. */
static unsigned choose_number(struct rs_writer *w, uint64_t start, unsigned least)
{
	uint64_t piece = MAX(w->options.max_bytes / PIECE, (uint64_t)PIECE_MIN);
	struct rs_dir_files files = { 0 };
	unsigned number = 1;

	if (rs_dir_list(w->dir, &files, NULL) < 0)
		return MAX(number, least);
	for (size_t i = 0; i < files.len; i++)
		if (files.items[i].start == start && !files.items[i].broken)
			number = files.items[i].bytes > piece ? files.items[i].number + 1
							      : files.items[i].number;
	rs_dir_files_done(&files);
	return MAX(number, least);
}

static int open_file(struct rs_writer *w, uint64_t start, unsigned least, struct rs_error *err)
{
	char path[PATH_MAX], name[RS_DIR_NAME];
	struct stat st;
	int r;

	w->number = choose_number(w, start, least);
	rs_dir_name(start, w->number, name);
	path_of(w, name, path);
	if (stat(path, &st) < 0)
		rs_dir_drop(w->dir, name); /* a log without its file */
	r = rs_db_create(path, &w->file, err);
	if (r >= 0)
		r = rs_db_begin(w->file, err);
	if (r >= 0)
		r = rs_db_add_boot(w->file, &w->host, &w->boot, err);
	if (r >= 0)
		r = rs_db_commit(w->file, err);
	if (r >= 0)
		r = read_tail(w, err);
	memcpy(w->name, name, sizeof(name));
	w->start = start;
	if (r < 0) {
		rs_db_close(&w->file);
		if (r == -EBADMSG)
			set_aside(w, name);
		return r;
	}
	retain(w);
	return 0;
}

static int need_file(struct rs_writer *w, uint64_t start, struct rs_error *err)
{
	uint64_t piece = MAX(w->options.max_bytes / PIECE, (uint64_t)PIECE_MIN);
	unsigned least = 1;
	int r = -EAGAIN;

	if (w->file && (w->start != start || rs_dir_bytes(w->dir, w->name) > piece))
		leave_file(w);
	if (w->file)
		return 0;
	for (unsigned i = 0; i < OPEN_TRIES && r < 0; i++) {
		r = open_file(w, start, least, err);
		if (r == -EPROTONOSUPPORT)
			least = w->number + 1; /* it stays, for a program that can read it */
		else if (r != -EBADMSG)        /* which is out of the way now */
			break;
	}
	return r;
}

/* --- merging --- */

static int read_chunk(struct rs_writer *w, int64_t id, unsigned place)
{
	const void *data;
	size_t size;
	int r = rs_db_part(w->file, id, RS_PART_CHUNK + place / RS_CHUNK_EVENTS, &data, &size,
			   NULL);

	return r < 0 ? r : rs_block_unpack(&w->chunk, w->zstd, data, size);
}

/* Where the record of each event is in w->record. */
static int read_records(struct rs_writer *w, int64_t id, uint32_t at[static RS_BLOCK_EVENTS])
{
	size_t pos = 0;
	int r = 0;

	w->record.len = 0;
	for (unsigned place = 0; place < w->block->n && r >= 0; place++) {
		unsigned event = w->block->sorted[place];

		if (place % RS_CHUNK_EVENTS == 0) {
			r = read_chunk(w, id, place);
			pos = 0;
		}
		at[event] = (uint32_t)w->record.len;
		if (r >= 0)
			r = rs_block_record(w->block, event, &w->chunk, &pos, &w->record);
	}
	return r;
}

static int read_block(struct rs_writer *w, int64_t id)
{
	const void *data;
	size_t size;
	int r = rs_db_part(w->file, id, RS_PART_COLUMNS, &data, &size, NULL);

	if (r >= 0)
		r = rs_block_read_columns(w->block, w->zstd, data, size);
	if (r >= 0)
		r = rs_db_part(w->file, id, RS_PART_WHO, &data, &size, NULL);
	return r < 0 ? r : rs_block_read_who(w->block, w->zstd, data, size);
}

/* Appends the events of a stored block to w->merged. */
static int append_block(struct rs_writer *w, int64_t id)
{
	struct rs_block_scratch scratch;
	uint32_t at[RS_BLOCK_EVENTS];
	struct rs_event event;
	int64_t offset;
	int r = read_block(w, id);

	scratch.block = NULL;
	if (r >= 0)
		r = read_records(w, id, at);
	for (unsigned i = 0; r >= 0 && i < w->block->n; i++) {
		r = rs_block_event(w->block, i, w->record.data + at[i], &scratch, &event);
		rs_block_real(w->block, i, &offset);
		if (r >= 0)
			r = rs_pack_add(w->merged, &event, offset);
	}
	rs_db_release(w->file);
	return r;
}

/* An event of a pack, with what is known of its process, as whoever stored it gave it. */
struct unpacked {
	struct rs_event event;
	struct rs_event_cgroup group;
	struct rs_event_container container;
	struct rs_event_label labels[RS_BLOCK_LABELS];
	struct rs_event_ancestor ancestors[RS_EVENT_ANCESTORS_MAX];
};

static void unpack_group(const struct rs_pack_group *group, struct unpacked *u)
{
	const uint8_t *pos = (const uint8_t *)(group + 1);
	struct rs_event_container *ct = &u->container;
	const char **texts[] = { &ct->id,       &ct->runtime,    &ct->name,      &ct->image,
				 &ct->pod_name, &ct->pod_uid,    &ct->namespace, &ct->node,
				 &ct->pod_ip,   &ct->owner_kind, &ct->owner_name };
	uint32_t len;

	u->group = (struct rs_event_cgroup){ .path = rs_pack_text(&pos, &len) };
	u->group.unit = rs_pack_text(&pos, &len);
	u->event.cgroup = &u->group;
	if (!group->has_container)
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(texts); i++)
		*texts[i] = rs_pack_text(&pos, &len);
	for (unsigned i = 0; i < group->n_labels; i++) {
		u->labels[i].key = rs_pack_text(&pos, &len);
		u->labels[i].value = rs_pack_text(&pos, &len);
	}
	ct->labels = u->labels;
	ct->n_labels = group->n_labels;
	ct->sandbox = group->sandbox;
	ct->owner = group->owner;
	u->group.container = ct;
}

static int unpack(const struct rs_pack *pack, unsigned i, struct unpacked *u)
{
	const struct rs_hdr *hdr = (const void *)(pack->records.data + pack->event[i].at);
	const struct rs_pack_who *who = rs_pack_who(pack, pack->event[i].who);
	const uint8_t *pos = (const uint8_t *)(who + 1);
	struct rs_event *event = &u->event;
	uint32_t len;
	int r = rs_event_decode(hdr, hdr->size, event);

	if (r < 0)
		return r;
	event->user = rs_pack_text(&pos, &len);
	event->group = rs_pack_text(&pos, &len);
	event->executable = rs_pack_text(&pos, &len);
	event->parent_executable = rs_pack_text(&pos, &len);
	event->parent_name = rs_pack_text(&pos, &len);
	event->command_line = rs_pack_text(&pos, &len);
	for (unsigned k = 0; k < who->n_ancestors; k++) {
		memcpy(&u->ancestors[k].start, pos, sizeof(uint64_t));
		memcpy(&u->ancestors[k].pid, pos + 8, sizeof(uint32_t));
		pos += 12;
		u->ancestors[k].name = rs_pack_text(&pos, &len);
		u->ancestors[k].executable = rs_pack_text(&pos, &len);
	}
	event->ancestors = u->ancestors;
	event->n_ancestors = who->n_ancestors;
	if (who->group)
		unpack_group(rs_pack_group(pack, who->group), u);
	if (pack->event[i].end)
		event->end = (const void *)((const char *)hdr +
					    (((size_t)hdr->size + 7) & ~(size_t)7));
	return 0;
}

static int append_pack(struct rs_writer *w, const struct rs_pack *pack)
{
	struct unpacked u;
	unsigned run = 0;
	int r = 0;

	for (unsigned i = 0; i < pack->n && r >= 0; i++) {
		while (run + 1 < pack->n_runs && pack->runs[run + 1].from <= i)
			run++;
		r = unpack(pack, i, &u);
		if (r >= 0)
			r = rs_pack_add(w->merged, &u.event, pack->runs[run].offset);
	}
	return r;
}

/* How many of the last blocks the new one takes in. */
static unsigned count_merged(const struct rs_writer *w, const struct rs_pack *pack)
{
	uint32_t n = pack->n;
	unsigned k = 0;

	while (k < w->n_tail) {
		uint32_t more = w->tail[w->n_tail - 1 - k].n;

		if (more > n || n + more > RS_BLOCK_EVENTS)
			break;
		n += more;
		k++;
	}
	return k;
}

/* The block to write: the pack, or the pack behind the last blocks. */
static const struct rs_pack *merge(struct rs_writer *w, const struct rs_pack *pack, unsigned *ret_k)
{
	unsigned k = count_merged(w, pack);
	int r = 0;

	*ret_k = 0;
	if (!k)
		return pack;
	rs_pack_reset(w->merged);
	for (unsigned i = w->n_tail - k; i < w->n_tail && r >= 0; i++)
		r = append_block(w, w->tail[i].id);
	if (r >= 0)
		r = append_pack(w, pack);
	if (r < 0) /* too large together, or one cannot be read: it stays as it is */
		return pack;
	*ret_k = k;
	return w->merged;
}

/* --- writing --- */

static int write_block(struct rs_writer *w, const struct rs_pack *pack, struct rs_error *err)
{
	struct rs_encoded encoded;
	struct rs_db_row row;
	const struct rs_pack *whole;
	unsigned k = 0;
	int r;

	whole = merge(w, pack, &k);
	r = rs_encoder_run(w->encoder, whole, &encoded);
	if (r < 0)
		return rs_error_set_errno(err, r, "compressing");
	row = (struct rs_db_row){
		.id = k ? w->tail[w->n_tail - k].id : w->next,
		.first = whole->first,
		.last = whole->last,
		.n = whole->n,
		.kinds = whole->kinds,
		.boot = w->boot,
	};
	r = rs_db_begin(w->file, err);
	for (unsigned i = w->n_tail - k; i < w->n_tail && r >= 0; i++)
		r = rs_db_remove(w->file, w->tail[i].id, err);
	if (r >= 0)
		r = rs_db_put(w->file, &row, &encoded, err);
	if (r >= 0)
		r = rs_db_commit(w->file, err);
	if (r < 0) {
		rs_db_rollback(w->file);
		return r;
	}
	w->n_tail -= k;
	take_tail(w, &row);
	w->stats->blocks++;
	return 0;
}

static void fail(struct rs_writer *w)
{
	w->backoff = w->told ? MIN(w->backoff * 2, RETRY_MAX) : RETRY_FIRST;
	w->retry_at = rs_clock_mono() + w->backoff;
	w->works_since = 0;
	w->told = true;
	w->stats->failing = true;
}

void rs_writer_fail(struct rs_writer *w, const struct rs_error *err)
{
	char text[sizeof(err->msg) + 64];

	fail(w);
	snprintf(text, sizeof(text), "events are not kept for now: %s", err->msg);
	say(w, text);
}

static bool is_full(int r)
{
	return r == -ENOSPC || r == -EDQUOT;
}

/* A disk that refuses: events are dropped until the next try. */
static void refused(struct rs_writer *w, const struct rs_pack *pack, int code,
		    const struct rs_error *err)
{
	char text[sizeof(err->msg) + 64];
	bool told = w->told;

	w->stats->not_stored += pack->n;
	fail(w);
	if (code == -EBADMSG && !told)
		w->retry_at = 0; /* the next goes to a new file */
	retain_if_due(w);
	if (told)
		return;
	snprintf(text, sizeof(text), "stored no more: %s", err->msg);
	say(w, text);
}

/* Whoever waits may be told again only when it has worked for a while: a full disk comes and goes. */
static void works(struct rs_writer *w)
{
	uint64_t now = rs_clock_mono();

	w->stats->failing = false;
	if (!w->works_since)
		w->works_since = now;
	if (now - w->works_since < w->options.steady)
		return;
	w->told = false;
	say(w, "stores again");
}

static int try(struct rs_writer *w, const struct rs_pack *pack, struct rs_error *err)
{
	int r = rs_writer_open(w, err);

	if (r >= 0)
		r = need_file(w, pack->start, err);
	if (r >= 0)
		r = write_block(w, pack, err);
	if (r >= 0)
		return 0;
	if (w->file && r == -EBADMSG) {
		rs_db_close(&w->file);
		set_aside(w, w->name);
	}
	rs_db_close(&w->file);
	return r;
}

/* On a full disk again, after what we can do about that: writing the log back, which closing the file did,
 * and then dropping what is oldest. */
static int try_all(struct rs_writer *w, const struct rs_pack *pack, struct rs_error *err)
{
	bool had_file = w->file;
	int r = try(w, pack, err);

	if (is_full(r) && had_file) {
		*err = (struct rs_error)RS_ERROR_INIT;
		r = try(w, pack, err);
	}
	if (is_full(r) && make_room(w)) {
		*err = (struct rs_error)RS_ERROR_INIT;
		r = try(w, pack, err);
	}
	return r;
}

void rs_writer_take(struct rs_writer *w, const struct rs_pack *pack)
{
	struct rs_error err = RS_ERROR_INIT;
	int r;

	if (w->told && rs_clock_mono() < w->retry_at) {
		w->stats->not_stored += pack->n;
		retain_if_due(w);
		return;
	}
	r = try_all(w, pack, &err);
	if (r < 0) {
		refused(w, pack, r, &err);
		return;
	}
	w->stats->stored += pack->n;
	count_bytes(w);
	if (w->told)
		works(w);
}

uint64_t rs_writer_idle(struct rs_writer *w)
{
	retain_if_due(w);
	if (w->told && w->works_since)
		works(w);
	return w->told && w->works_since ? MIN(w->options.steady, AGE_EVERY) : AGE_EVERY;
}
