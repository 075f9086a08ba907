/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A query: all blocks of the time span are listed, in the order of their first events, and read one after
 * the other; events of those that overlap are merged. So what is in memory is the list, and the few
 * blocks that overlap at one moment.
 *
 * For the newest ones the blocks are first walked backwards, only to find out at what time they begin.
 */
#include "store/query.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "base/vec.h"
#include "store/ahead.h"
#include "store/query-internal.h"

#define OVERLAP_MAX 64 /* blocks in memory at once; more only in a file that lies */
#define NEWEST_MAX  1000000
#define AHEAD_MIN   4 /* blocks for which threads are worth the while */

/* --- the plan --- */

static void note_damage(struct rs_query *q, const char *text)
{
	if (!q->found.damaged++)
		snprintf(q->found.damage, sizeof(q->found.damage), "%s", text);
}

static bool overlaps(const struct rs_query *q, uint64_t first, uint64_t last)
{
	return last >= q->since && first <= q->until;
}

struct planning {
	struct rs_query *q;
	uint32_t file;
	int64_t from;
};

static int plan_row(void *data, const struct rs_db_row *row)
{
	struct planning *p = data;
	struct rs_query *q = p->q;
	struct rs_task task = {
		.file = p->file,
		.from = MAX(row->id, p->from),
		.to = row->id + row->n,
		.first = row->first,
		.last = row->last,
		.kinds = row->kinds,
	};

	q->file[p->file].next = task.to;
	q->found.first = q->found.first ? MIN(q->found.first, row->first) : row->first;
	q->found.last = MAX(q->found.last, row->last);
	if (!overlaps(q, row->first, row->last))
		return 0;
	q->found.blocks++;
	if (!(row->kinds & q->narrow.kinds))
		return 0;
	return rs_vec_push(&q->tasks, task);
}

static void drop_tasks(struct rs_query *q, bool (*unwanted)(const struct rs_task *, uint64_t),
		       uint64_t value)
{
	size_t n = 0;

	for (size_t i = 0; i < q->tasks.len; i++)
		if (!unwanted(&q->tasks.items[i], value))
			q->tasks.items[n++] = q->tasks.items[i];
	q->tasks.len = n;
}

static bool is_of_file(const struct rs_task *task, uint64_t file)
{
	return task->file == file;
}

static void start_over(struct rs_query *q, uint32_t file)
{
	q->file[file] = (struct rs_query_file){ .next = 0 };
	drop_tasks(q, is_of_file, file);
}

void rs_query_forget_file(struct rs_query *q, uint32_t file)
{
	/* Else the time of its birth tells a new one, which may have been seen already. */
	if (!q->file[file].born)
		start_over(q, file);
}

/* Whether the file is the one that it was. */
static void recognise(struct rs_query *q, uint32_t number, const char *path)
{
	struct rs_query_file *file = &q->file[number], now;
	struct statx st;

	if (statx(AT_FDCWD, path, 0, STATX_INO | STATX_BTIME, &st) < 0)
		return;
	now = (struct rs_query_file){
		.dev = (uint64_t)st.stx_dev_major << 32 | st.stx_dev_minor,
		.ino = st.stx_ino,
	};
	if (st.stx_mask & STATX_BTIME)
		now.born = (uint64_t)st.stx_btime.tv_sec * 1000000000 + st.stx_btime.tv_nsec;
	if (file->ino && (file->dev != now.dev || file->ino != now.ino || file->born != now.born))
		start_over(q, number);
	now.next = file->next;
	*file = now;
}

int rs_query_plan_file(struct rs_query *q, uint32_t file, struct rs_error *err)
{
	_cleanup_(rs_db_close) struct rs_db *db = NULL;
	struct rs_error local = RS_ERROR_INIT;
	struct planning planning = { .q = q, .file = file };
	char path[PATH_MAX], text[sizeof(q->found.damage)];
	const char *name = q->files.items[file].name;
	int r;

	if (snprintf(path, sizeof(path), "%s/%s", q->query->dir, name) >= (int)sizeof(path))
		return rs_error_set_errno(err, -ENAMETOOLONG, "opening \"%s\"", name);
	recognise(q, file, path);
	planning.from = q->file[file].next;
	r = rs_db_open(path, &db, &local);
	if (r == -ENODATA || r == -ENOENT)
		return 0;
	if (r >= 0)
		r = rs_db_rows(db, planning.from, plan_row, &planning, &local);
	if (r == -ENOMEM)
		return rs_error_set_errno(err, r, "reading \"%s\"", name);
	if (r < 0) {
		snprintf(text, sizeof(text), "%s: %.180s", name, local.msg);
		note_damage(q, text);
	}
	return 0;
}

static int by_first(const void *pa, const void *pb)
{
	const struct rs_task *a = pa, *b = pb;

	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	return a->from < b->from ? -1 : a->from > b->from;
}

static int by_last(const void *pa, const void *pb)
{
	const struct rs_task *a = pa, *b = pb;

	if (a->last != b->last)
		return a->last > b->last ? -1 : 1;
	return -by_first(pa, pb);
}

static void sort_tasks(struct rs_query *q, int (*by)(const void *, const void *))
{
	if (q->tasks.len)
		qsort(q->tasks.items, q->tasks.len, sizeof(*q->tasks.items), by);
}

/* --- the end --- */

/* Whoever asked wants no more. */
static bool is_cancelled(struct rs_query *q)
{
	struct pollfd cancel = { .fd = q->query->cancel_fd, .events = POLLIN };

	if (cancel.fd >= 0 && poll(&cancel, 1, 0) > 0)
		q->over = true;
	return q->over;
}

/* --- reading --- */

static struct rs_result *get_spare(struct rs_query *q)
{
	struct rs_result *result = q->spare;

	if (result)
		q->spare = result->link;
	return result;
}

/* Begins to read all tasks, in their order. */
static void begin(struct rs_query *q, bool records)
{
	struct rs_scan_options options = {
		.query = q->query,
		.narrow = &q->narrow,
		.files = &q->files,
	};

	if (q->tasks.len >= AHEAD_MIN)
		rs_ahead_new(&options, q->tasks.items, q->tasks.len, q->since, q->until, records,
			     &q->ahead); /* without threads we read ourselves */
}

/* What the next task has; the result is there also on failure, or NULL. */
static int read_next(struct rs_query *q, size_t task, bool records, struct rs_result **ret_result)
{
	struct rs_result *result = get_spare(q);
	int r = 0;

	if (q->ahead)
		return rs_ahead_next(q->ahead, result, ret_result);
	if (!result)
		r = rs_result_new(&result);
	*ret_result = result;
	return r < 0 ? r
		     : rs_scan_run(q->scan, &q->tasks.items[task], q->since, q->until, records,
				   result);
}

static void put_result(struct rs_query *q, struct rs_result *result)
{
	if (!result)
		return;
	result->link = q->spare;
	q->spare = result;
}

static void count(struct rs_query *q, const struct rs_result *result)
{
	q->found.blocks_read += result->read;
	q->found.events += result->looked;
	if (result->damage)
		note_damage(q, result->text);
}

/* --- handing out --- */

static int hand_out(struct rs_query *q, struct rs_result *result)
{
	const struct rs_match *m = &result->matches[result->next++];
	struct rs_event event;
	int r;

	if (q->skip && m->real == q->since) {
		q->skip--;
		return 0;
	}
	r = rs_block_event(&result->block, m->event, result->records.data + m->record, &q->scratch,
			   &event);
	if (r < 0)
		return 0; /* was decoded before */
	result->host.boot_offset = m->offset;
	q->found.matched++;
	r = q->fn(q->data, &event, &result->host);
	if (!r && q->left && !--q->left)
		q->over = true;
	return r;
}

/* The one whose next event is the oldest. */
static struct rs_result *oldest(struct rs_result *const *active, unsigned n)
{
	struct rs_result *best = NULL;

	for (unsigned i = 0; i < n; i++) {
		struct rs_result *r = active[i];

		if (!best || r->matches[r->next].real < best->matches[best->next].real ||
		    (r->matches[r->next].real == best->matches[best->next].real &&
		     r->order < best->order))
			best = r;
	}
	return best;
}

struct merging {
	struct rs_result *active[OVERLAP_MAX];
	unsigned n;
	size_t next; /* task */
};

static int load(struct rs_query *q, struct merging *m)
{
	struct rs_result *result = NULL;
	int r = read_next(q, m->next, true, &result);

	if (r < 0) {
		put_result(q, result);
		return r;
	}
	result->order = (unsigned)m->next++;
	count(q, result);
	if (result->n)
		m->active[m->n++] = result;
	else
		put_result(q, result);
	return 0;
}

static void drop(struct rs_query *q, struct merging *m, struct rs_result *result)
{
	unsigned i = 0;

	while (m->active[i] != result)
		i++;
	m->active[i] = m->active[--m->n];
	q->scratch.block = NULL;
	put_result(q, result);
}

/* Hands out events of all tasks, in order. */
int rs_query_walk(struct rs_query *q)
{
	struct merging m = { .n = 0 };
	int r = 0;

	sort_tasks(q, by_first);
	begin(q, true);
	q->scratch.block = NULL;
	while (!r && !q->over && (m.n || m.next < q->tasks.len)) {
		struct rs_result *best = oldest(m.active, m.n);

		if (m.next < q->tasks.len && m.n < OVERLAP_MAX &&
		    (!best || q->tasks.items[m.next].first <= best->matches[best->next].real)) {
			r = is_cancelled(q) ? 0 : load(q, &m);
			continue;
		}
		r = hand_out(q, best);
		if (best->next == best->n)
			drop(q, &m, best);
	}
	while (m.n)
		drop(q, &m, m.active[0]);
	rs_ahead_free(&q->ahead);
	return r;
}

/* --- the newest --- */

/* Times of the newest so far, as a heap: the oldest of them first. */
struct newest {
	uint64_t *time;
	size_t n, max;
	uint64_t more; /* as old as the oldest, but not among them */
};

static void sift_down(uint64_t *time, size_t n, size_t i)
{
	for (;;) {
		size_t least = i, a = 2 * i + 1, b = a + 1;
		uint64_t t;

		if (a < n && time[a] < time[least])
			least = a;
		if (b < n && time[b] < time[least])
			least = b;
		if (least == i)
			return;
		t = time[i];
		time[i] = time[least];
		time[least] = t;
		i = least;
	}
}

static void push_time(struct newest *w, uint64_t real)
{
	uint64_t gone;

	if (w->n < w->max) {
		size_t i = w->n++;

		for (; i && w->time[(i - 1) / 2] > real; i = (i - 1) / 2)
			w->time[i] = w->time[(i - 1) / 2];
		w->time[i] = real;
		return;
	}
	gone = w->time[0];
	if (real < gone)
		return;
	if (real == gone) {
		w->more++;
		return;
	}
	w->time[0] = real;
	sift_down(w->time, w->n, 0);
	w->more = w->time[0] == gone ? w->more + 1 : 0;
}

static int walk_back(struct rs_query *q, struct newest *w)
{
	struct rs_result *result = NULL;
	int r = 0;

	sort_tasks(q, by_last);
	begin(q, false);
	for (size_t i = 0; i < q->tasks.len && r >= 0 && !is_cancelled(q); i++) {
		if (w->n == w->max && q->tasks.items[i].last < w->time[0])
			break;
		r = read_next(q, i, false, &result);
		for (unsigned k = 0; r >= 0 && k < result->n; k++)
			push_time(w, result->matches[k].real);
		put_result(q, result);
	}
	rs_ahead_free(&q->ahead);
	return r;
}

static bool is_before(const struct rs_task *task, uint64_t since)
{
	return task->last < since;
}

/* Moves q->since to where the newest begin; q->skip: how many of that very time are too many. */
static int find_newest(struct rs_query *q, struct rs_error *err)
{
	struct newest w = { .max = (size_t)q->query->limit };
	int r;

	if (q->query->limit > NEWEST_MAX)
		return rs_error_set(err, -EINVAL, "the newest can be at most %d", NEWEST_MAX);
	w.time = malloc(w.max * sizeof(*w.time));
	if (!w.time)
		return rs_error_set_errno(err, -ENOMEM, "asking the store");
	r = walk_back(q, &w);
	if (r >= 0 && w.n == w.max) {
		q->since = w.time[0];
		q->skip = w.more;
		drop_tasks(q, is_before, q->since);
	}
	free(w.time);
	if (r < 0)
		return rs_error_set_errno(err, r, "asking the store");
	return 0;
}

/* --- all --- */

static int add_files(struct rs_query *q)
{
	q->file = calloc(q->files.len + 1, sizeof(*q->file));
	return q->file ? 0 : -ENOMEM;
}

static int init(struct rs_query *q, struct rs_error *err)
{
	struct rs_scan_options options = {
		.query = q->query,
		.narrow = &q->narrow,
		.files = &q->files,
	};
	int r = rs_dir_list(q->query->dir, &q->files, err);

	if (r < 0)
		return r;
	r = rs_narrow_init(&q->narrow, q->query->where, q->query->kinds);
	if (r >= 0)
		r = add_files(q);
	if (r >= 0)
		r = rs_scan_new(&options, &q->scan);
	return r < 0 ? rs_error_set_errno(err, r, "asking the store") : 0;
}

void rs_query_done(struct rs_query *q)
{
	struct rs_result *result;

	rs_ahead_free(&q->ahead);
	while ((result = get_spare(q)))
		rs_result_free(&result);
	rs_scan_free(&q->scan);
	rs_narrow_done(&q->narrow);
	rs_dir_files_done(&q->files);
	rs_vec_done(&q->tasks);
	free(q->file);
}

static int plan(struct rs_query *q, struct rs_error *err)
{
	int r = 0;

	for (size_t i = 0; i < q->files.len && r >= 0 && !is_cancelled(q); i++) {
		if (q->files.items[i].broken || !q->files.items[i].bytes)
			continue;
		if (overlaps(q, q->files.items[i].start - RS_DIR_SLACK,
			     q->files.items[i].start + RS_DIR_SPAN))
			q->found.files++;
		r = rs_query_plan_file(q, (uint32_t)i, err);
	}
	return r;
}

static int run(struct rs_query *q, struct rs_error *err)
{
	int r = init(q, err);

	if (r >= 0)
		r = plan(q, err);
	if (r >= 0 && q->query->newest && q->query->limit)
		r = find_newest(q, err);
	if (r < 0)
		return r;
	r = rs_query_walk(q);
	if (r || !q->query->follow || q->over)
		return r;
	return rs_query_follow(q, err);
}

int rs_store_query(const struct rs_store_query *query, rs_store_fn *fn, void *data,
		   struct rs_store_found *ret_found, struct rs_error *err)
{
	_cleanup_(rs_query_done) struct rs_query q = {
		.query = query,
		.fn = fn,
		.data = data,
		.since = query->since,
		.until = query->until ? query->until : UINT64_MAX,
		.left = query->limit,
	};
	int r = run(&q, err);

	if (ret_found)
		*ret_found = q.found;
	return r;
}
