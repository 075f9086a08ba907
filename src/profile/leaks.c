/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/leaks.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/hashmap.h"
#include "base/units.h"
#include "base/util.h"
#include "kern/cpus.h"
#include "profile/allocators.h"
#include "profile/leaks-rows.h"
#include "profile/regions.h"

#define BATCH         16384u
#define PROCESSES_MAX 32768
#define ENDED_MAX     65536 /* rows of processes that are gone */

struct process {
	uint32_t pid;
	char comm[17];
	struct rs_regions regions;
};

/* The end of what a process had: it exited, or executed something else. */
struct end {
	uint32_t pid;
	bool exited;
	uint64_t time;
};

struct rs_leaks {
	struct rs_leaks_options options;
	int blocks_fd, counts_fd;
	unsigned cpus;
	struct rs_hashmap *processes;
	struct rs_profile *scratch; /* for frames */
	RS_VEC(struct end) ends;
	struct rs_leak_rows rows;          /* as of the last look */
	struct rs_leak_rows ended;         /* of processes that are gone */
	struct rs_leak_rows marked;        /* what growth is counted from */
	uint64_t evicted_regions;          /* of processes that were forgotten while they lived */
	uint64_t ended_count, ended_bytes; /* of processes that are gone: found no row */
	struct rs_mem_key *keys;           /* a batch */
	struct rs_mem_block *values;
	uint32_t batch;
};

static void drop_process(void *value, void *data)
{
	struct process *process = value;
	struct rs_leaks *leaks = data;

	leaks->evicted_regions += process->regions.list.len + process->regions.lost;
	rs_regions_done(&process->regions);
	free(process);
}

static int make_batch(struct rs_leaks *leaks, uint32_t n)
{
	free(leaks->keys);
	free(leaks->values);
	leaks->keys = calloc(n, sizeof(*leaks->keys));
	leaks->values = calloc(n, sizeof(*leaks->values));
	leaks->batch = n;
	return leaks->keys && leaks->values ? 0 : -ENOMEM;
}

int rs_leaks_new(const struct rs_leaks_options *options, struct rs_leaks **ret_leaks,
		 struct rs_error *err)
{
	_cleanup_(rs_leaks_free) struct rs_leaks *leaks = calloc(1, sizeof(*leaks));
	const struct rs_hashmap_opts processes = {
		.max = PROCESSES_MAX, .evict = true, .drop = drop_process, .data = leaks
	};

	if (!leaks)
		return rs_error_set_errno(err, -ENOMEM, "counting memory");
	leaks->options = *options;
	leaks->cpus = rs_cpus_possible();
	leaks->blocks_fd = bpf_object__find_map_fd_by_name(options->object, "rs_mem_blocks");
	leaks->counts_fd = bpf_object__find_map_fd_by_name(options->object, "rs_mem_counts");
	if (rs_hashmap_new_u64(&processes, &leaks->processes) || make_batch(leaks, BATCH))
		return rs_error_set_errno(err, -ENOMEM, "counting memory");
	*ret_leaks = TAKE_PTR(leaks);
	return 0;
}

void rs_leaks_free(struct rs_leaks **leaks)
{
	struct rs_leaks *l = TAKE_PTR(*leaks);

	if (!l)
		return;
	rs_hashmap_free(&l->processes);
	rs_profile_free(&l->scratch);
	rs_vec_done(&l->ends);
	rs_leak_rows_done(&l->rows);
	rs_leak_rows_done(&l->ended);
	rs_leak_rows_done(&l->marked);
	free(l->keys);
	free(l->values);
	free(l);
}

double rs_leaks_weight(uint64_t size, uint64_t sample)
{
	return sample && size ? 1 / -expm1(-(double)size / (double)sample) : 1;
}

/* --- processes --- */

static struct process *make_process(struct rs_leaks *leaks, uint32_t pid, const char *comm)
{
	struct process *process = rs_hashmap_find_u64(leaks->processes, pid);

	if (!process) {
		process = calloc(1, sizeof(*process));
		if (!process)
			return NULL;
		process->pid = pid;
		if (rs_hashmap_put_u64(leaks->processes, pid, process) < 0) {
			drop_process(process, leaks);
			return NULL;
		}
	}
	if (comm)
		snprintf(process->comm, sizeof(process->comm), "%.16s", comm);
	return process;
}

bool rs_leaks_knows(struct rs_leaks *leaks, uint32_t pid)
{
	return rs_hashmap_find_u64(leaks->processes, pid);
}

const char *rs_leaks_comm(struct rs_leaks *leaks, uint32_t pid)
{
	struct process *process;
	char path[64], comm[17];
	ssize_t n;

	if (!pid)
		return "[kernel]";
	process = rs_hashmap_find_u64(leaks->processes, pid);
	if (process && *process->comm)
		return process->comm;
	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	n = rs_fd_read_buf_at(AT_FDCWD, path, comm, sizeof(comm));
	if (n > 0 && comm[n - 1] == '\n')
		comm[n - 1] = 0;
	process = n > 0 ? make_process(leaks, pid, comm) : NULL;
	return process && *process->comm ? process->comm : "?";
}

/* --- rows --- */

static bool is_full(const struct rs_leak_rows *ended)
{
	return ended->list.len >= ENDED_MAX;
}

/* NULL: no memory, or there are too many that are gone. */
static struct rs_leak *row_for(struct rs_leaks *leaks, struct rs_leak_rows *rows, uint32_t pid,
			       enum rs_mem_kind kind, const struct rs_mem_block *block)
{
	struct rs_leak *row;

	if (rows != &leaks->ended || !is_full(rows))
		return rs_leak_rows_get(rows, pid, kind, &block->stacks);
	row = rs_leak_rows_find(rows, pid, kind, &block->stacks);
	if (!row) {
		leaks->ended_count++;
		leaks->ended_bytes += block->size;
	}
	return row;
}

static int count_block(struct rs_leaks *leaks, struct rs_leak_rows *rows, uint32_t pid,
		       enum rs_mem_kind kind, const struct rs_mem_block *block, uint64_t now)
{
	uint64_t age = now > block->time ? now - block->time : 0;
	double weight = kind == RS_MEM_HEAP ? rs_leaks_weight(block->size, leaks->options.sample)
					    : 1;
	struct rs_leak *row;

	if (age < leaks->options.older)
		return 0;
	row = row_for(leaks, rows, pid, kind, block);
	if (!row)
		return rows == &leaks->ended && is_full(rows) ? 0 : -ENOMEM;
	row->ended = rows == &leaks->ended;
	row->bytes += weight * (double)block->size;
	row->count += weight;
	row->blocks++;
	row->age += (double)age;
	row->oldest = MAX(row->oldest, age);
	return 0;
}

static int count_regions(struct rs_leaks *leaks, struct rs_leak_rows *rows,
			 const struct process *process, uint64_t now)
{
	int r = 0;

	for (size_t i = 0; i < process->regions.list.len && !r; i++) {
		const struct rs_region *region = &process->regions.list.items[i];
		const struct rs_mem_block block = { region->size, region->time, region->stacks };

		r = count_block(leaks, rows, process->pid, RS_MEM_MAP, &block, now);
	}
	return r;
}

static int by_pid_and_time(const void *pa, const void *pb)
{
	const struct end *a = pa, *b = pb;

	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return a->time < b->time ? -1 : a->time > b->time;
}

/* The first end of the process that the block lived to see; NULL: none. The ends are sorted. */
static const struct end *end_of(const struct rs_leaks *leaks, const struct rs_mem_key *key,
				const struct rs_mem_block *block)
{
	const struct end wanted = { .pid = key->tgid, .time = block->time }, *end;
	size_t low = 0, high = leaks->ends.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_pid_and_time(&leaks->ends.items[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	end = leaks->ends.items + low;
	return low < leaks->ends.len && end->pid == key->tgid ? end : NULL;
}

/* @rows NULL: only what has ended is wanted. */
static int see_block(struct rs_leaks *leaks, struct rs_leak_rows *rows,
		     const struct rs_mem_key *key, const struct rs_mem_block *block, uint64_t now)
{
	const struct end *end = key->tgid ? end_of(leaks, key, block) : NULL;
	int r = 0;

	if (end) {
		if (end->exited)
			r = count_block(leaks, &leaks->ended, key->tgid, key->kind, block,
					end->time);
		bpf_map_delete_elem(leaks->blocks_fd, key);
		return r;
	}
	return rows ? count_block(leaks, rows, key->tgid, key->kind, block, now) : 0;
}

/* The deletions are of keys that were handed out already: the walk goes by buckets and does not mind. */
static int walk(struct rs_leaks *leaks, struct rs_leak_rows *rows, uint64_t now,
		struct rs_error *err)
{
	DECLARE_LIBBPF_OPTS(bpf_map_batch_opts, opts);
	uint64_t in = 0, out = 0;
	bool first = true;

	if (leaks->ends.len)
		qsort(leaks->ends.items, leaks->ends.len, sizeof(*leaks->ends.items),
		      by_pid_and_time);
	for (;;) {
		uint32_t n = leaks->batch;
		int failed = bpf_map_lookup_batch(leaks->blocks_fd, first ? NULL : &in, &out,
						  leaks->keys, leaks->values, &n, &opts)
				     ? errno
				     : 0;

		if (failed == ENOSPC && leaks->batch < (1u << 22)) { /* a bucket is larger */
			if (make_batch(leaks, leaks->batch * 4))
				return rs_error_set_errno(err, -ENOMEM, "counting memory");
			continue;
		}
		if (failed && failed != ENOENT)
			return rs_error_set_errno(err, -failed, "reading what is allocated");
		for (uint32_t i = 0; i < n; i++) {
			int r = see_block(leaks, rows, &leaks->keys[i], &leaks->values[i], now);

			if (r < 0)
				return rs_error_set_errno(err, r, "counting memory");
		}
		if (failed)
			return 0;
		in = out;
		first = false;
	}
}

static int see_regions(struct rs_leaks *leaks, uint64_t now)
{
	struct rs_hashmap_entry entry;
	int r = 0;

	for (size_t pos = 0; !r && rs_hashmap_next(leaks->processes, &pos, &entry);)
		r = count_regions(leaks, &leaks->rows, entry.value, now);
	return r;
}

static void remember_symbols(struct rs_leaks *leaks)
{
	rs_vec_foreach(&leaks->rows.list, row) if (row->pid && !row->ended)
		rs_stacks_seen(leaks->options.stacks, row->pid, row->stacks.user);
}

int rs_leaks_take(struct rs_leaks *leaks, struct rs_error *err)
{
	uint64_t now = rs_clock_mono();
	int r;

	rs_leak_rows_reset(&leaks->rows);
	r = walk(leaks, &leaks->rows, now, err);
	if (r)
		return r;
	rs_vec_reset(&leaks->ends);
	r = see_regions(leaks, now);
	if (!r)
		r = rs_leak_rows_add(&leaks->rows, &leaks->ended);
	if (!r)
		r = rs_leak_rows_compare(&leaks->rows, &leaks->marked);
	if (r)
		return rs_error_set_errno(err, r, "counting memory");
	remember_symbols(leaks);
	return 0;
}

int rs_leaks_harvest(struct rs_leaks *leaks, struct rs_error *err)
{
	int r = walk(leaks, NULL, rs_clock_mono(), err);

	if (!r)
		rs_vec_reset(&leaks->ends);
	return r;
}

bool rs_leaks_pending(const struct rs_leaks *leaks)
{
	return leaks->ends.len;
}

const struct rs_leak *rs_leaks_rows(const struct rs_leaks *leaks, size_t *ret_n)
{
	*ret_n = leaks->rows.list.len;
	return leaks->rows.list.items;
}

int rs_leaks_mark(struct rs_leaks *leaks)
{
	rs_leak_rows_reset(&leaks->marked);
	return rs_leak_rows_add(&leaks->marked, &leaks->rows);
}

/* --- records --- */

static int ends(struct rs_leaks *leaks, const struct rs_mem_record *record, bool exited)
{
	const struct end end = { record->tgid, exited, record->time };
	struct process *process = rs_hashmap_find_u64(leaks->processes, record->tgid);
	int r = 0;

	if (process && exited)
		r = count_regions(leaks, &leaks->ended, process, record->time);
	if (process)
		rs_regions_done(&process->regions);
	return r ? r : rs_vec_push(&leaks->ends, end);
}

/*
 * What an allocator maps is its own, not the program's. The programs know of those that happen while a call is under way
 * that gives memory; for the others (free() may map, too) the stack tells.
 */
static bool is_allocators(struct rs_leaks *leaks, const struct rs_mem_record *record)
{
	const struct rs_profile_options options = { .types = { { "space", "bytes" } },
						    .n_types = 1 };
	uint32_t frames[RS_STACKS_FRAMES_MAX];
	size_t n = 0;

	if (!leaks->scratch && rs_profile_new(&options, &leaks->scratch) < 0)
		return false;
	rs_stacks_frames(leaks->options.stacks, leaks->scratch, record->tgid, &record->stacks,
			 frames, ARRAY_SIZE(frames), &n);
	for (size_t i = 0; i < n; i++) {
		const struct rs_frame *frame = rs_profile_frame_at(leaks->scratch, frames[i]);

		if (frame->kind != RS_FRAME_OTHER && rs_alloc_is_function(frame->function))
			return true;
	}
	return false;
}

int rs_leaks_feed(struct rs_leaks *leaks, const struct rs_mem_record *record)
{
	struct process *process = make_process(leaks, record->tgid, record->comm);
	const struct rs_region region = { record->address, record->size, record->time,
					  record->stacks };

	if (!process)
		return -ENOMEM;
	if (record->stacks.user)
		rs_stacks_seen(leaks->options.stacks, record->tgid, record->stacks.user);
	switch (record->event) {
	case RS_MEM_EVENT_EXEC:
		return ends(leaks, record, false);
	case RS_MEM_EVENT_EXIT:
		return ends(leaks, record, true);
	case RS_MEM_EVENT_MAP:
		if (!is_allocators(leaks, record))
			rs_regions_map(&process->regions, &region);
		break;
	case RS_MEM_EVENT_UNMAP:
		rs_regions_unmap(&process->regions, record->address, record->size, record->time);
		break;
	case RS_MEM_EVENT_REMAP:
		rs_regions_remap(&process->regions, record->old_address, record->old_size,
				 record->time, &region);
		break;
	default:
		break;
	}
	return 0;
}

/* --- what was lost --- */

void rs_leaks_counts(struct rs_leaks *leaks, uint64_t ret_counts[static RS_MEM_COUNT_COUNT])
{
	_cleanup_(rs_cleanup_free) uint64_t *values = calloc(leaks->cpus, sizeof(*values));

	for (uint32_t i = 0; i < RS_MEM_COUNT_COUNT; i++) {
		ret_counts[i] = 0;
		if (!values || bpf_map_lookup_elem(leaks->counts_fd, &i, values))
			continue;
		for (unsigned cpu = 0; cpu < leaks->cpus; cpu++)
			ret_counts[i] += values[cpu];
	}
}

static uint64_t lost_regions(struct rs_leaks *leaks)
{
	struct rs_hashmap_entry entry;
	uint64_t lost = leaks->evicted_regions;

	for (size_t pos = 0; rs_hashmap_next(leaks->processes, &pos, &entry);)
		lost += ((struct process *)entry.value)->regions.lost;
	return lost;
}

/* What it says behind "12 allocations (3.0 MiB) ". */
static int note_bytes(uint64_t n, uint64_t bytes, const char *what,
		      int (*note)(void *data, const char *text), void *data)
{
	char text[160], size[RS_UNITS_BUF];

	if (!n)
		return 0;
	snprintf(text, sizeof(text), "%" PRIu64 " allocations (%s) %s", n,
		 rs_units_format_bytes(size, bytes), what);
	return note(data, text);
}

static int note_stacks(struct rs_leaks *leaks, int (*note)(void *data, const char *text),
		       void *data)
{
	const struct rs_profile_options options = { .types = { { "space", "bytes" } },
						    .n_types = 1 };
	_cleanup_(rs_profile_free) struct rs_profile *profile = NULL;
	int r = rs_profile_new(&options, &profile);

	if (!r)
		r = rs_stacks_losses(leaks->options.stacks, profile);
	for (size_t i = 0; !r && i < rs_profile_notes(profile); i++)
		r = note(data, rs_profile_note_at(profile, i));
	return r;
}

int rs_leaks_losses(struct rs_leaks *leaks, int (*note)(void *data, const char *text), void *data)
{
	static const char *const texts[] = {
		"calls not looked at: too many threads",
		"of the kernel's allocations and frees not looked at: they interrupted others",
		"allocations not kept: their address could not be read",
		"records of mappings and processes lost: the buffer was full",
		"mappings not looked at: too many calls under way",
		"mapped regions not kept: too many of a process, or too many processes",
	};
	uint64_t counts[RS_MEM_COUNT_COUNT] = { 0 }, losses[ARRAY_SIZE(texts)];
	char text[160];
	int r;

	static_assert(RS_MEM_LOST_SYSCALLS - RS_MEM_LOST_THREADS + 2 == ARRAY_SIZE(texts),
		      "each loss has a text");
	rs_leaks_counts(leaks, counts);
	for (size_t i = 0; i + 1 < ARRAY_SIZE(losses); i++)
		losses[i] = counts[RS_MEM_LOST_THREADS + i];
	losses[ARRAY_SIZE(losses) - 1] = lost_regions(leaks);
	r = note_bytes(counts[RS_MEM_LOST_FULL], counts[RS_MEM_LOST_BYTES],
		       "not kept: more outstanding ones than there is room for (--max-blocks)",
		       note, data);
	if (!r)
		r = note_bytes(leaks->ended_count, leaks->ended_bytes,
			       "of processes that are gone not shown: too many different stacks",
			       note, data);
	for (size_t i = 0; i < ARRAY_SIZE(losses) && !r; i++) {
		if (!losses[i])
			continue;
		snprintf(text, sizeof(text), "%" PRIu64 " %s", losses[i], texts[i]);
		r = note(data, text);
	}
	return r ? r : note_stacks(leaks, note, data);
}

/* --- profiles --- */

/* A program on a raw tracepoint sees itself, and how the kernel called it. */
static bool is_ours(const struct rs_frame *frame)
{
	static const char *const begins[] = { "bpf_prog_", "bpf_trace_run", "__bpf_trace_",
					      "__traceiter_" };

	for (size_t i = 0; i < ARRAY_SIZE(begins); i++)
		if (!strncmp(frame->function, begins[i], strlen(begins[i])))
			return true;
	return false;
}

int rs_leaks_frames(struct rs_leaks *leaks, const struct rs_leak *row, struct rs_profile *profile,
		    uint32_t *frames, size_t *ret_n)
{
	size_t n = 0, ours = 0;
	int r = rs_stacks_frames(leaks->options.stacks, profile, row->pid, &row->stacks, frames,
				 RS_STACKS_FRAMES_MAX, &n);

	if (r)
		return r;
	while (ours < n && is_ours(rs_profile_frame_at(profile, frames[ours])))
		ours++;
	memmove(frames, frames + ours, (n - ours) * sizeof(*frames));
	*ret_n = n - ours;
	return 0;
}

static int note_profile(void *data, const char *text)
{
	return rs_profile_note(data, text);
}

static int add_row(struct rs_leaks *leaks, const struct rs_leak *row, bool processes,
		   struct rs_profile *profile)
{
	static const char *const kinds[RS_MEM_KIND_COUNT] = { "[heap]", "[mmap]", "[slab]",
							      "[pages]" };
	uint32_t frames[RS_STACKS_FRAMES_MAX + 1];
	struct rs_frame frame = { .function = rs_leaks_comm(leaks, row->pid),
				  .kind = RS_FRAME_PROCESS };
	const struct rs_profile_label labels[] = {
		{ .key = "process", .text = frame.function },
		{ .key = "pid", .number = row->pid },
		{ .key = "kind", .text = kinds[row->kind] },
	};
	struct rs_profile_sample sample = {
		.frames = frames,
		.values = { llround(row->bytes), llround(row->count) },
		.labels = labels,
		.n_labels = ARRAY_SIZE(labels),
	};
	int r = rs_leaks_frames(leaks, row, profile, frames, &sample.n_frames);

	if (!r && processes)
		r = rs_profile_frame(profile, &frame, &frames[sample.n_frames++]);
	return r ? r : rs_profile_add(profile, &sample);
}

void rs_leaks_values(struct rs_profile_options *options)
{
	options->types[0] = (struct rs_profile_type){ "inuse_space", "bytes" };
	options->types[1] = (struct rs_profile_type){ "inuse_objects", "count" };
	options->n_types = 2;
}

int rs_leaks_profile(struct rs_leaks *leaks, bool processes, const char *title,
		     struct rs_profile **ret_profile, struct rs_error *err)
{
	struct rs_profile_options options = { .time = rs_clock_real(), .title = title };
	_cleanup_(rs_profile_free) struct rs_profile *profile = NULL;
	int r;

	rs_leaks_values(&options);
	r = rs_profile_new(&options, &profile);
	for (size_t i = 0; i < leaks->rows.list.len && !r; i++)
		if (leaks->rows.list.items[i].blocks > 0)
			r = add_row(leaks, &leaks->rows.list.items[i], processes, profile);
	if (!r)
		r = rs_leaks_losses(leaks, note_profile, profile);
	if (r)
		return rs_error_set_errno(err, r, "making the profile");
	*ret_profile = TAKE_PTR(profile);
	return 0;
}
