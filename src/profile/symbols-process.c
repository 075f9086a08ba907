/* SPDX-License-Identifier: Apache-2.0 */
/* The processes whose addresses are looked up, as they are or as they were. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "profile/symbols-internal.h"

#define SAME_FOR_NS 1000000000ull /* how long a process is taken for the same without a look */
#define PAGE        4096

void rs_symbols_drop_process(void *value, void *data)
{
	struct rs_symbols_process *process = value;

	(void)data;
	rs_symbols_drop_maps(process);
	rs_symbols_jit_done(&process->jit);
	free(process);
}

/* Those who have it mapped keep it, without what takes much room. */
void rs_symbols_drop_file(void *value, void *data)
{
	struct rs_symbols_file *file = value;
	struct rs_symbols *symbols = data;

	if (file->debug)
		symbols->debug_bytes -= MIN(symbols->debug_bytes, file->debug->bytes);
	rs_symbols_debug_free(&file->debug);
	rs_symbols_start_drop(symbols, file);
	rs_symbols_file_unref(file);
}

/* Whether it runs another program than before. */
static bool changed_program(const struct rs_symbols *symbols, struct rs_symbols_process *process)
{
	uint64_t device = process->device, inode = process->inode;
	struct stat st;
	char path[PATH_MAX];

	rs_symbols_proc_path(symbols, process->pid, "exe", path);
	if (stat(path, &st) < 0)
		return false;
	process->device = st.st_dev;
	process->inode = st.st_ino;
	return device != process->device || inode != process->inode;
}

static struct rs_symbols_process *add_process(struct rs_symbols *symbols, uint32_t pid,
					      uint64_t start_time)
{
	struct rs_symbols_process *process = calloc(1, sizeof(*process));

	if (!process)
		return NULL;
	process->pid = pid;
	process->start_time = start_time;
	process->checked = rs_clock_mono();
	changed_program(symbols, process);
	if (rs_symbols_read_maps(symbols, process) < 0 ||
	    rs_hashmap_put_u64(symbols->processes, pid, process) < 0) {
		rs_symbols_drop_process(process, NULL);
		return NULL;
	}
	return process;
}

/* The process of this pid, as it is or, when it has ended, as it was. */
struct rs_symbols_process *rs_symbols_find_process(struct rs_symbols *symbols, uint32_t pid)
{
	struct rs_symbols_process *process = rs_hashmap_find_u64(symbols->processes, pid);
	uint64_t now = rs_clock_mono(), start;

	if (process && now - process->checked < SAME_FOR_NS)
		return process;
	start = rs_symbols_start_time(symbols, pid);
	if (process && (!start || start == process->start_time)) {
		process->checked = now;
		if (start && changed_program(symbols, process))
			rs_symbols_read_maps(symbols, process);
		return process;
	}
	return start ? add_process(symbols, pid, start) : NULL;
}

const struct rs_symbols_process *rs_symbols_process_now(struct rs_symbols *symbols, uint32_t pid)
{
	struct rs_symbols_process *process = rs_hashmap_find_u64(symbols->processes, pid);
	uint64_t start = rs_symbols_start_time(symbols, pid);

	if (!start)
		return NULL;
	if (!process || process->start_time != start)
		return add_process(symbols, pid, start);
	process->checked = rs_clock_mono();
	return rs_symbols_read_maps(symbols, process) < 0 ? NULL : process;
}

static const struct rs_symbols_mapping *find_mapping(const struct rs_symbols_process *process,
						     uint64_t address)
{
	size_t low = 0, high = process->mappings.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct rs_symbols_mapping *m = &process->mappings.items[middle];

		if (address < m->start)
			high = middle;
		else if (address >= m->end)
			low = middle + 1;
		else
			return m;
	}
	return NULL;
}

/* Stacks of code without frame pointers have numbers in them that are no addresses: each is looked for once in a
 * while, and not too many of them. */
static bool worth_looking(struct rs_symbols_process *process, uint64_t address)
{
	uint64_t now = rs_clock_mono();

	if (now - process->missing_since > SAME_FOR_NS) {
		process->missing_since = now;
		process->n_missing = 0;
	}
	for (unsigned i = 0; i < process->n_missing; i++)
		if (process->missing[i] == address / PAGE)
			return false;
	return process->n_missing < RS_MISSING_MAX;
}

/* The mapping, also one that was made since the process was read. */
const struct rs_symbols_mapping *rs_symbols_find_mapping(struct rs_symbols *symbols,
							 struct rs_symbols_process *process,
							 uint64_t address)
{
	const struct rs_symbols_mapping *mapping = find_mapping(process, address);

	if (mapping || !worth_looking(process, address))
		return mapping;
	if (rs_symbols_start_time(symbols, process->pid) == process->start_time &&
	    rs_symbols_read_maps(symbols, process) == 0)
		mapping = find_mapping(process, address);
	if (!mapping)
		process->missing[process->n_missing++] = address / PAGE;
	return mapping;
}

void rs_symbols_seen(struct rs_symbols *symbols, uint32_t pid, const uint64_t *addresses, size_t n)
{
	struct rs_symbols_process *process = rs_symbols_find_process(symbols, pid);

	for (size_t i = 0; process && i < n; i++) {
		const struct rs_symbols_mapping *mapping = rs_symbols_find_mapping(symbols, process,
										   addresses[i]);

		if (mapping && rs_symbols_is_made_code(mapping))
			rs_symbols_jit_refresh(symbols, &process->jit, pid);
	}
}

/* Their number; their pids in *ret_pids, to be freed. */
static size_t find_ended(struct rs_symbols *symbols, uint32_t **ret_pids)
{
	struct rs_hashmap_entry entry;
	size_t pos = 0, n = 0;

	*ret_pids = calloc(rs_hashmap_len(symbols->processes) + 1, sizeof(**ret_pids));
	while (*ret_pids && rs_hashmap_next(symbols->processes, &pos, &entry)) {
		const struct rs_symbols_process *process = entry.value;

		if (rs_symbols_start_time(symbols, process->pid) != process->start_time)
			(*ret_pids)[n++] = process->pid;
	}
	return n;
}

/* A file that only the table still holds. */
static bool drop_unused_file(struct rs_symbols *symbols)
{
	struct rs_hashmap_entry entry;
	size_t pos = 0;

	while (rs_hashmap_next(symbols->files, &pos, &entry)) {
		struct rs_symbols_file *file = entry.value;

		if (file->refs > 1)
			continue;
		rs_hashmap_remove_str(symbols->files, entry.str, entry.str_len);
		rs_symbols_drop_file(file, symbols);
		return true;
	}
	return false;
}

void rs_symbols_forget_ended(struct rs_symbols *symbols)
{
	_cleanup_(rs_cleanup_free) uint32_t *pids = NULL;
	size_t n = find_ended(symbols, &pids);

	for (size_t i = 0; i < n; i++)
		rs_symbols_drop_process(rs_hashmap_remove_u64(symbols->processes, pids[i]), NULL);
	while (drop_unused_file(symbols))
		;
}
