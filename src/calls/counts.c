/* SPDX-License-Identifier: Apache-2.0 */
#include "calls/counts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <bpf/bpf.h>

#include "base/util.h"
#include "kern/tool.h"
#include "rs_tool_syscalls.skel.h"

struct rs_counts {
	struct rs_counts_options options;
	struct rs_tool_syscalls *tool;
	struct rs_count *cpus; /* a value as the kernel gives it: one for each CPU */
	int n_cpus;
};

static int prepare(void *data_tool, void *data, struct rs_error *err)
{
	struct rs_counts *counts = data;
	const struct rs_counts_options *o = &counts->options;
	struct rs_tool_syscalls *tool = data_tool;
	volatile struct rs_counts_config *config = &tool->rodata->rs_counts_config;
	const struct rs_call *execve = rs_call_find("execve");

	rs_target_prepare(o->target, tool, &tool->rodata->rs_target);
	config->by = o->by;
	config->some = o->calls != NULL;
	config->untimed = o->untimed;
	config->execve = execve ? rs_call_number(execve) : RS_CALLS_MAX;
	for (size_t i = 0; o->calls && i < ARRAY_SIZE(config->wanted); i++)
		config->wanted[i] = o->calls->bits[i];
	tool->bss->rs_counts_held = o->held;
	if (o->untimed)
		bpf_program__set_autoload(tool->progs.rs_counts_enter, false);
	if (o->by != RS_COUNTS_ALL &&
	    bpf_map__set_max_entries(tool->maps.rs_counts, RS_COUNTS_ROWS))
		return rs_error_set_errno(err, -errno, "sizing the table of counts");
	return 0;
}

int rs_counts_new(const struct rs_counts_options *options, struct rs_counts **ret_counts,
		  struct rs_error *err)
{
	_cleanup_(rs_counts_free) struct rs_counts *counts = calloc(1, sizeof(*counts));
	struct rs_tool_options load = { .prepare = prepare, .data = counts };
	int r;

	if (!counts)
		return rs_error_set_errno(err, -ENOMEM, "counting calls");
	counts->options = *options;
	counts->n_cpus = libbpf_num_possible_cpus();
	if (counts->n_cpus <= 0)
		return rs_error_set_errno(err, counts->n_cpus, "asking how many CPUs there are");
	counts->cpus = calloc((size_t)counts->n_cpus, sizeof(*counts->cpus));
	if (!counts->cpus)
		return rs_error_set_errno(err, -ENOMEM, "counting calls");
	r = rs_tool_load(&rs_tool_syscalls_type, &load, (void **)&counts->tool, err);
	if (!r)
		r = rs_target_fill(options->target, counts->tool, err);
	if (r)
		return r;
	*ret_counts = TAKE_PTR(counts);
	return 0;
}

int rs_counts_attach(struct rs_counts *counts, struct rs_error *err)
{
	int r = rs_tool_attach(counts->tool, NULL, err);

	if (!r)
		rs_target_rescan(counts->options.target, counts->tool);
	return r;
}

void rs_counts_detach(struct rs_counts *counts)
{
	rs_tool_detach(counts->tool);
}

void rs_counts_free(struct rs_counts **counts)
{
	struct rs_counts *c = TAKE_PTR(*counts);

	if (!c)
		return;
	rs_tool_close((void **)&c->tool);
	free(c->cpus);
	free(c);
}

void *rs_counts_tool(struct rs_counts *counts)
{
	return counts->tool;
}

/* --- reading --- */

/* Adds up what the CPUs have. False where that is nothing. */
static bool add_up(const struct rs_counts *counts, struct rs_count *ret)
{
	struct rs_count total = { 0 };

	for (int i = 0; i < counts->n_cpus; i++) {
		total.calls += counts->cpus[i].calls;
		total.errors += counts->cpus[i].errors;
		total.ns += counts->cpus[i].ns;
		total.max = MAX(total.max, counts->cpus[i].max);
	}
	*ret = total;
	return total.calls;
}

static int read_all(struct rs_counts *counts,
		    int (*fn)(void *data, const struct rs_counts_row *row), void *data)
{
	int fd = bpf_map__fd(counts->tool->maps.rs_counts_all), r = 0;

	for (uint32_t nr = 0; nr < RS_CALLS_MAX && !r; nr++) {
		struct rs_counts_row row = { .nr = nr };

		if (!bpf_map_lookup_elem(fd, &nr, counts->cpus) && add_up(counts, &row.count))
			r = fn(data, &row);
	}
	return r;
}

static int read_rows(struct rs_counts *counts,
		     int (*fn)(void *data, const struct rs_counts_row *row), void *data)
{
	int fd = bpf_map__fd(counts->tool->maps.rs_counts), r = 0;
	struct rs_count_key key, *before = NULL, last;

	for (unsigned i = 0; i < RS_COUNTS_ROWS && !r; i++) {
		struct rs_counts_row row = { 0 };

		if (bpf_map_get_next_key(fd, before, &key))
			break;
		last = key;
		before = &last;
		row.who = key.who;
		row.nr = (uint32_t)key.nr;
		if (!bpf_map_lookup_elem(fd, &key, counts->cpus) && add_up(counts, &row.count))
			r = fn(data, &row);
	}
	return r;
}

int rs_counts_read(struct rs_counts *counts, int (*fn)(void *data, const struct rs_counts_row *row),
		   void *data, struct rs_error *err)
{
	int r = counts->options.by == RS_COUNTS_ALL ? read_all(counts, fn, data)
						    : read_rows(counts, fn, data);

	if (r < 0 && err && !err->code)
		rs_error_set_errno(err, r, "reading the counts");
	return r;
}

void rs_counts_drop(struct rs_counts *counts, uint64_t who, uint32_t nr)
{
	struct rs_count_key key = { .who = who, .nr = nr };

	bpf_map_delete_elem(bpf_map__fd(counts->tool->maps.rs_counts), &key);
}

bool rs_counts_name(struct rs_counts *counts, uint64_t who, struct rs_count_name *ret_name)
{
	if (bpf_map_lookup_elem(bpf_map__fd(counts->tool->maps.rs_counts_names), &who, ret_name))
		return false;
	ret_name->comm[sizeof(ret_name->comm) - 1] = '\0';
	return true;
}

void rs_counts_forget(struct rs_counts *counts, uint64_t who)
{
	bpf_map_delete_elem(bpf_map__fd(counts->tool->maps.rs_counts_names), &who);
}

const char *rs_counts_call(uint32_t nr)
{
	static _Thread_local char text[32];
	const struct rs_call *call = rs_call_of(nr);

	if (call)
		return rs_call_name(call);
	if (nr == RS_COUNTS_COMPAT)
		return "32-bit calls";
	if (nr == RS_COUNTS_UNKNOWN)
		return "unknown calls";
	snprintf(text, sizeof(text), "syscall_%#x", nr);
	return text;
}

void rs_counts_losses(struct rs_counts *counts, struct rs_counts_losses *ret_losses)
{
	const struct bpf_map *lost = counts->tool->maps.rs_counts_lost;

	*ret_losses = (struct rs_counts_losses){
		.rows = rs_tool_sum(lost, RS_COUNTS_LOST_ROWS),
		.threads = rs_tool_sum(lost, RS_COUNTS_LOST_THREADS),
		.targets = rs_target_lost(counts->tool),
		.skipped = rs_tool_skipped(counts->tool),
	};
}
