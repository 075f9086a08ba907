/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "kern/demangle.h"
#include "profile/usyms-internal.h"

#define SAME_FOR_NS 1000000000ull /* how long a process is taken for the same without a look */

static void drop_process(void *value, void *data)
{
	struct rs_usyms_process *process = value;

	(void)data;
	rs_usyms_drop_maps(process);
	rs_usyms_jit_done(&process->jit);
	free(process);
}

static void drop_file(void *value, void *data)
{
	(void)data;
	rs_usyms_file_unref(value);
}

int rs_usyms_new(const struct rs_usyms_options *options, struct rs_usyms **ret_usyms)
{
	_cleanup_(rs_usyms_free) struct rs_usyms *usyms = calloc(1, sizeof(*usyms));
	struct rs_hashmap_opts opts = { .evict = true };
	int r;

	if (!usyms)
		return -ENOMEM;
	if (options)
		usyms->options = *options;
	opts.max = usyms->options.max_processes ? usyms->options.max_processes : 4096;
	opts.drop = drop_process;
	r = rs_hashmap_new_u64(&opts, &usyms->processes);
	if (r < 0)
		return r;
	opts.max = usyms->options.max_files ? usyms->options.max_files : 1024;
	opts.drop = drop_file;
	r = rs_hashmap_new_str(&opts, &usyms->files);
	if (r < 0)
		return r;
	*ret_usyms = TAKE_PTR(usyms);
	return 0;
}

void rs_usyms_free(struct rs_usyms **usyms)
{
	struct rs_usyms *u = *usyms;

	if (!u)
		return;
	rs_hashmap_free(&u->processes);
	rs_hashmap_free(&u->files);
	rs_str_done(&u->scratch);
	free(u);
	*usyms = NULL;
}

static struct rs_usyms_process *add_process(struct rs_usyms *usyms, uint32_t pid,
					    uint64_t start_time)
{
	struct rs_usyms_process *process = calloc(1, sizeof(*process));

	if (!process)
		return NULL;
	process->pid = pid;
	process->start_time = start_time;
	process->checked = rs_clock_mono();
	if (rs_usyms_read_maps(usyms, process) < 0 ||
	    rs_hashmap_put_u64(usyms->processes, pid, process) < 0) {
		drop_process(process, NULL);
		return NULL;
	}
	return process;
}

/* The process of this pid, as it is or, when it has ended, as it was. */
static struct rs_usyms_process *find_process(struct rs_usyms *usyms, uint32_t pid)
{
	struct rs_usyms_process *process = rs_hashmap_find_u64(usyms->processes, pid);
	uint64_t now = rs_clock_mono(), start;

	if (process && now - process->checked < SAME_FOR_NS)
		return process;
	start = rs_usyms_start_time(pid);
	if (process && (!start || start == process->start_time)) {
		process->checked = now;
		return process;
	}
	return start ? add_process(usyms, pid, start) : NULL;
}

static const struct rs_usyms_mapping *find_mapping(const struct rs_usyms_process *process,
						   uint64_t address)
{
	size_t low = 0, high = process->mappings.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct rs_usyms_mapping *m = &process->mappings.items[middle];

		if (address < m->start)
			high = middle;
		else if (address >= m->end)
			low = middle + 1;
		else
			return m;
	}
	return NULL;
}

static void append_name(const struct rs_usyms *usyms, const char *name, uint64_t offset,
			bool with_offset, struct rs_str *out)
{
	if (!usyms->options.demangle || rs_demangle(name, out) <= 0)
		rs_str_append_cstr(out, name);
	if (with_offset) {
		rs_str_append_char(out, '+');
		rs_str_append_u64(out, offset);
	}
}

static bool name_in_file(const struct rs_usyms *usyms, const struct rs_usyms_mapping *mapping,
			 uint64_t address, bool with_offset, struct rs_str *out)
{
	struct rs_elf_symbol symbol;
	uint64_t linked;

	if (!mapping->file || !mapping->file->elf ||
	    !rs_elf_address(mapping->file->elf, address - mapping->start + mapping->offset,
			    &linked) ||
	    !rs_elf_function_at(mapping->file->elf, linked, &symbol))
		return false;
	append_name(usyms, symbol.name, linked - symbol.address, with_offset, out);
	return true;
}

static bool name_of_jit(const struct rs_usyms *usyms, struct rs_usyms_process *process,
			uint64_t address, bool with_offset, struct rs_str *out)
{
	const struct rs_usyms_jit_symbol *symbol;

	rs_usyms_jit_refresh(process);
	symbol = rs_usyms_jit_find(&process->jit, address);
	if (!symbol)
		return false;
	append_name(usyms, symbol->name, address - symbol->start, with_offset, out);
	return true;
}

/* The mapping, also one that was made since the process was read. */
static const struct rs_usyms_mapping *look_again(struct rs_usyms *usyms,
						 struct rs_usyms_process *process, uint64_t address)
{
	if (rs_usyms_start_time(process->pid) != process->start_time ||
	    rs_usyms_read_maps(usyms, process) < 0)
		return NULL;
	return find_mapping(process, address);
}

void rs_usyms_seen(struct rs_usyms *usyms, uint32_t pid, const uint64_t *addresses, size_t n)
{
	struct rs_usyms_process *process = find_process(usyms, pid);

	/* The outermost frames of code without frame pointers are no addresses: one look is enough for them. */
	for (size_t i = 0; process && i < n; i++) {
		if (!find_mapping(process, addresses[i])) {
			look_again(usyms, process, addresses[i]);
			return;
		}
	}
}

void rs_usyms_resolve(struct rs_usyms *usyms, uint32_t pid, uint64_t address, bool with_offset,
		      bool with_module, struct rs_str *out)
{
	struct rs_usyms_process *process = find_process(usyms, pid);
	const struct rs_usyms_mapping *mapping = process ? find_mapping(process, address) : NULL;
	bool named;

	if (process && !mapping)
		mapping = look_again(usyms, process, address);
	named = mapping && (mapping->file ? name_in_file(usyms, mapping, address, with_offset, out)
					  : name_of_jit(usyms, process, address, with_offset, out));
	if (!named) {
		rs_str_append_cstr(out, "0x");
		rs_str_append_hex(out, address);
	}
	if (with_module && mapping && mapping->file)
		rs_str_appendf(out, " (%s)", mapping->file->path);
	else if (with_module)
		rs_str_append_cstr(out, " ([unknown])");
}
