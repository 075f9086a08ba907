/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/unwind.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <bpf/bpf.h>

#include "base/clock.h"
#include "kern/elf-place.h"
#include "kern/ring.h"
#include "profile/symbols-internal.h"
#include "profile/unwind-files.h"
#include "profile/unwind-runs.h"

#define IN_VAIN_FIRST_NS                                                                           \
	100000000ull /* how long a process may not ask after a look that found nothing new; */
#define IN_VAIN_LAST_NS 10000000000ull /* doubled each time, up to this */

struct process {
	uint32_t pid;
	uint32_t first, n; /* its run of mappings */
	uint64_t in_vain;  /* ns */
	RS_VEC(struct rs_unwind_file *) files;
};

struct rs_unwind {
	struct rs_symbols *symbols;
	int processes_map;
	struct rs_ring *asks;
	struct rs_unwind_mapping *mappings; /* the map's own memory */
	size_t mappings_bytes;
	struct rs_unwind_runs runs; /* of mappings */
	struct rs_hashmap *processes;
	struct rs_unwind_files files;
	RS_VEC(struct rs_unwind_mapping) made; /* of the process that is looked at */
	uint64_t no_room;                      /* processes */
};

/* ---- processes ---- */

static void put_files(struct process *process)
{
	rs_vec_foreach(&process->files, file) rs_unwind_file_put(*file);
	rs_vec_done(&process->files);
}

static void drop_process(void *value, void *data)
{
	struct rs_unwind *unwind = data;
	struct process *process = value;

	if (process->n)
		rs_unwind_runs_give(&unwind->runs, process->first);
	put_files(process);
	free(process);
}

static void forget(struct rs_unwind *unwind, uint32_t pid)
{
	struct process *process = rs_hashmap_remove_u64(unwind->processes, pid);

	if (process)
		drop_process(process, unwind);
}

/* Forgets the processes that the programs have forgotten, where we were not told. */
static void sweep(struct rs_unwind *unwind)
{
	struct rs_unwind_process known;
	struct rs_hashmap_entry entry;
	size_t at = 0;

	while (rs_hashmap_next(unwind->processes, &at, &entry)) {
		uint32_t pid = (uint32_t)entry.key;

		if (!bpf_map_lookup_elem(unwind->processes_map, &pid, &known) && known.n)
			continue;
		forget(unwind, pid);
		at = 0; /* the map has changed */
	}
}

static struct process *get_process(struct rs_unwind *unwind, uint32_t pid)
{
	struct process *process = rs_hashmap_find_u64(unwind->processes, pid);

	if (process)
		return process;
	if (rs_hashmap_len(unwind->processes) >= RS_UNWIND_PROCESSES)
		sweep(unwind);
	process = calloc(1, sizeof(*process));
	if (!process)
		return NULL;
	process->pid = pid;
	if (rs_hashmap_put_u64(unwind->processes, pid, process) < 0) {
		free(process);
		return NULL;
	}
	return process;
}

/* ---- mappings ---- */

static int add_range(struct rs_unwind *unwind, const struct rs_unwind_mapping *range)
{
	if (range->start >= range->end || unwind->made.len >= RS_UNWIND_PROCESS_MAPPINGS)
		return 0;
	return rs_vec_push(&unwind->made, *range);
}

static int add_without_table(struct rs_unwind *unwind, uint64_t start, uint64_t end)
{
	struct rs_unwind_mapping range = { .start = start, .end = end, .chunk = RS_UNWIND_NO_ROWS };

	return add_range(unwind, &range);
}

/* The parts of a mapping, each with the rows of one chunk. @moved: from addresses as linked to those in memory. */
static int add_pieces(struct rs_unwind *unwind, const struct rs_symbols_mapping *mapping,
		      const struct rs_unwind_file *file, uint64_t moved)
{
	uint64_t linked_start = mapping->start - moved, linked_end = mapping->end - moved;
	uint64_t first = file->pieces.items[0].start;
	int r = 0;

	if (linked_start < first)
		r = add_without_table(unwind, mapping->start, MIN(linked_end, first) + moved);
	for (size_t i = 0; i < file->pieces.len && !r; i++) {
		const struct rs_unwind_piece *piece = &file->pieces.items[i];
		uint64_t end = i + 1 < file->pieces.len ? piece[1].start : linked_end;
		const struct rs_unwind_mapping range = {
			.start = MAX(piece->start, linked_start) + moved,
			.end = MIN(end, linked_end) + moved,
			.base = file->base + moved,
			.chunk = piece->chunk,
			.first = piece->first,
			.last = piece->last,
		};

		r = add_range(unwind, &range);
	}
	return r;
}

static int add_mapping(struct rs_unwind *unwind, struct process *process,
		       const struct rs_symbols_mapping *mapping)
{
	struct rs_unwind_file *file;
	uint64_t linked;

	if (!mapping->file || !mapping->file->elf ||
	    !rs_elf_mapped_address(mapping->file->elf, mapping->offset,
				   mapping->end - mapping->start, &linked) ||
	    linked + (mapping->end - mapping->start) < linked)
		return add_without_table(unwind, mapping->start, mapping->end);
	if (rs_vec_reserve(&process->files, 1) < 0)
		return -ENOMEM;
	if (rs_unwind_files_get(&unwind->files, mapping->file, &file) < 0)
		return add_without_table(unwind, mapping->start, mapping->end);
	rs_vec_push(&process->files, file);
	if (!file->pieces.len)
		return add_without_table(unwind, mapping->start, mapping->end);
	return add_pieces(unwind, mapping, file, mapping->start - linked);
}

static int make_ranges(struct rs_unwind *unwind, struct process *process,
		       const struct rs_symbols_process *now)
{
	int r = 0;

	rs_vec_reset(&unwind->made);
	for (size_t i = 0; i < now->mappings.len && !r; i++)
		r = add_mapping(unwind, process, &now->mappings.items[i]);
	return r;
}

/* ---- telling the programs ---- */

static bool is_new(const struct rs_unwind *unwind, const struct process *process)
{
	return process->n != unwind->made.len ||
	       memcmp(unwind->mappings + process->first, unwind->made.items,
		      process->n * sizeof(*unwind->mappings)) != 0;
}

/* @asked: not before that may they ask again. */
static void tell(struct rs_unwind *unwind, const struct process *process, uint64_t asked)
{
	struct rs_unwind_process known = { process->first, process->n, asked };

	bpf_map_update_elem(unwind->processes_map, &process->pid, &known, BPF_ANY);
}

static void tell_nothing_new(struct rs_unwind *unwind, struct process *process)
{
	process->in_vain = process->in_vain ? MIN(process->in_vain * 2, IN_VAIN_LAST_NS)
					    : IN_VAIN_FIRST_NS;
	tell(unwind, process, rs_clock_mono() + process->in_vain);
}

static int take_run(struct rs_unwind *unwind, uint32_t *ret_first)
{
	uint32_t n = (uint32_t)unwind->made.len;
	int r = rs_unwind_runs_take(&unwind->runs, n, ret_first);

	if (r == -ENOSPC) {
		sweep(unwind);
		r = rs_unwind_runs_take(&unwind->runs, n, ret_first);
	}
	return r;
}

/* The old run is used until the new one is there. */
static void publish(struct rs_unwind *unwind, struct process *process)
{
	uint32_t old = process->first, old_n = process->n, first;

	if (!unwind->made.len || !is_new(unwind, process)) {
		tell_nothing_new(unwind, process);
		return;
	}
	if (take_run(unwind, &first) < 0) {
		unwind->no_room++;
		tell_nothing_new(unwind, process);
		return;
	}
	process->first = first;
	process->n = (uint32_t)unwind->made.len;
	process->in_vain = 0;
	memcpy(unwind->mappings + first, unwind->made.items,
	       unwind->made.len * sizeof(*unwind->mappings));
	tell(unwind, process, 0);
	if (old_n)
		rs_unwind_runs_give(&unwind->runs, old);
}

/* Of a process that lives and cannot be read nothing is known, for a while. */
static void give_up(struct rs_unwind *unwind, uint32_t pid)
{
	const struct process nothing = { .pid = pid };

	forget(unwind, pid);
	if (!kill((pid_t)pid, 0) || errno == EPERM)
		tell(unwind, &nothing, rs_clock_mono() + IN_VAIN_LAST_NS);
	else
		bpf_map_delete_elem(unwind->processes_map, &pid);
}

void rs_unwind_prepare(struct rs_unwind *unwind, uint32_t pid)
{
	const struct rs_symbols_process *now = rs_symbols_process_now(unwind->symbols, pid);
	struct process *process = now ? get_process(unwind, pid) : NULL;
	struct process before;

	if (!process) {
		give_up(unwind, pid);
		return;
	}
	before = *process;
	memset(&process->files, 0, sizeof(process->files));
	if (make_ranges(unwind, process, now) == 0)
		publish(unwind, process);
	put_files(&before); /* only now, so that what both have stays */
}

static int take_ask(void *data, const void *record, size_t size)
{
	struct rs_unwind *unwind = data;
	struct rs_unwind_ask ask;

	if (size < sizeof(ask))
		return 0;
	memcpy(&ask, record, sizeof(ask));
	if (ask.gone)
		forget(unwind, ask.tgid);
	else
		rs_unwind_prepare(unwind, ask.tgid);
	return 0;
}

void rs_unwind_tick(struct rs_unwind *unwind)
{
	size_t count;

	rs_ring_consume(unwind->asks, take_ask, unwind, 0, &count);
}

int rs_unwind_fd(const struct rs_unwind *unwind)
{
	return rs_ring_fd(unwind->asks);
}

int rs_unwind_losses(const struct rs_unwind *unwind, struct rs_profile *profile)
{
	char text[160];
	int r = 0;

	if (unwind->files.no_room) {
		snprintf(text, sizeof(text),
			 "%" PRIu64 " files have no tables for walking stacks: no room",
			 unwind->files.no_room);
		r = rs_profile_note(profile, text);
	}
	if (!r && unwind->no_room) {
		snprintf(text, sizeof(text),
			 "%" PRIu64 " processes have no tables for walking stacks: no room",
			 unwind->no_room);
		r = rs_profile_note(profile, text);
	}
	return r;
}

/* ---- life ---- */

static int open_maps(struct rs_unwind *unwind, struct bpf_object *object, struct rs_error *err)
{
	int mappings = bpf_object__find_map_fd_by_name(object, "rs_unwind_mappings");
	int asks = bpf_object__find_map_fd_by_name(object, "rs_unwind_asks");
	void *map;

	unwind->processes_map = bpf_object__find_map_fd_by_name(object, "rs_unwind_processes");
	if (mappings < 0 || asks < 0 || unwind->processes_map < 0)
		return rs_error_set(err, -EOPNOTSUPP, "the BPF object walks no stacks by tables");
	map = mmap(NULL, unwind->mappings_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, mappings, 0);
	if (map == MAP_FAILED)
		return rs_error_set_errno(err, -errno, "mapping the table of mappings");
	unwind->mappings = map;
	return rs_ring_open(asks, RS_UNWIND_ASKS_BYTES, NULL, &unwind->asks, err);
}

static int make_tables(struct rs_unwind *unwind, struct bpf_object *object, struct rs_error *err)
{
	const struct rs_hashmap_opts options = { .max = RS_UNWIND_PROCESSES,
						 .drop = drop_process,
						 .data = unwind };
	int r = rs_hashmap_new_u64(&options, &unwind->processes);

	unwind->runs.size = RS_UNWIND_MAPPINGS;
	if (!r)
		r = rs_unwind_files_init(&unwind->files, bpf_object__find_map_fd_by_name(
								 object, "rs_unwind_chunks"));
	return r < 0 ? rs_error_set_errno(err, r, "making tables for walking stacks") : 0;
}

int rs_unwind_new(struct bpf_object *object, struct rs_symbols *symbols,
		  struct rs_unwind **ret_unwind, struct rs_error *err)
{
	_cleanup_(rs_unwind_free) struct rs_unwind *unwind = calloc(1, sizeof(*unwind));
	const struct rs_unwind_control control = { .on = 1 };
	uint32_t zero = 0;
	int r;

	if (!unwind)
		return rs_error_set(err, -ENOMEM, "out of memory");
	unwind->symbols = symbols;
	unwind->mappings_bytes = RS_UNWIND_MAPPINGS * sizeof(struct rs_unwind_mapping);
	r = make_tables(unwind, object, err);
	if (!r)
		r = open_maps(unwind, object, err);
	if (r < 0)
		return r;
	if (bpf_map_update_elem(bpf_object__find_map_fd_by_name(object, "rs_unwind_control"), &zero,
				&control, BPF_ANY))
		return rs_error_set_errno(err, -errno, "turning the walking of stacks on");
	*ret_unwind = TAKE_PTR(unwind);
	return 0;
}

void rs_unwind_free(struct rs_unwind **unwind)
{
	struct rs_unwind *u = TAKE_PTR(*unwind);

	if (!u)
		return;
	rs_hashmap_free(&u->processes);
	if (u->files.files)
		rs_unwind_files_done(&u->files);
	rs_unwind_runs_done(&u->runs);
	rs_vec_done(&u->made);
	rs_ring_close(&u->asks);
	if (u->mappings)
		munmap(u->mappings, u->mappings_bytes);
	free(u);
}
