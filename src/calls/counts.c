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

static uint32_t number_of(const char *name)
{
	const struct rs_call *call = rs_call_find(name);

	return call ? rs_call_number(call) : RS_CALLS_MAX;
}

static int prepare(void *data_tool, void *data, struct rs_error *err)
{
	static const char *const forks[] = { "clone", "clone3", "fork", "vfork" };
	struct rs_counts *counts = data;
	const struct rs_counts_options *o = &counts->options;
	struct rs_tool_syscalls *tool = data_tool;
	volatile struct rs_counts_config *config = &tool->rodata->rs_counts_config;

	rs_target_prepare(o->target, tool, &tool->rodata->rs_target);
	config->by = o->by;
	config->some = o->calls != NULL;
	config->untimed = o->untimed;
	config->execve = number_of("execve");
	config->sigreturn = number_of("rt_sigreturn");
	for (size_t i = 0; i < ARRAY_SIZE(forks); i++)
		config->forks[i] = number_of(forks[i]);
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
static bool add_up(const struct rs_count *cpus, int n, struct rs_count *ret)
{
	struct rs_count total = { 0 };

	for (int i = 0; i < n; i++) {
		total.calls += cpus[i].calls;
		total.errors += cpus[i].errors;
		total.ns += cpus[i].ns;
		total.max = MAX(total.max, cpus[i].max);
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

		if (!bpf_map_lookup_elem(fd, &nr, counts->cpus) &&
		    add_up(counts->cpus, counts->n_cpus, &row.count))
			r = fn(data, &row);
	}
	return r;
}

struct reading {
	const struct rs_counts *counts;
	int (*fn)(void *data, const struct rs_counts_row *row);
	void *data;
};

static int read_row(void *data, const void *key, const void *cpus)
{
	const struct reading *reading = data;
	const struct rs_count_key *k = key;
	struct rs_counts_row row = { .who = k->who, .nr = (uint32_t)k->nr };

	if (!add_up(cpus, reading->counts->n_cpus, &row.count))
		return 0;
	return reading->fn(reading->data, &row);
}

static int read_rows(struct rs_counts *counts,
		     int (*fn)(void *data, const struct rs_counts_row *row), void *data)
{
	struct reading reading = { .counts = counts, .fn = fn, .data = data };

	return rs_tool_each(counts->tool->maps.rs_counts, read_row, &reading);
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

/* Since 5.14 in one step; before, what a CPU adds in between is not seen. */
bool rs_counts_take(struct rs_counts *counts, uint64_t who, uint32_t nr, struct rs_count *ret_count)
{
	const struct rs_count_key key = { .who = who, .nr = nr };
	int fd = bpf_map__fd(counts->tool->maps.rs_counts);

	if (bpf_map_lookup_and_delete_elem(fd, &key, counts->cpus) &&
	    (bpf_map_lookup_elem(fd, &key, counts->cpus) || bpf_map_delete_elem(fd, &key)))
		return false;
	return add_up(counts->cpus, counts->n_cpus, ret_count);
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
		.compat = rs_tool_sum(lost, RS_COUNTS_LOST_COMPAT),
		.names = rs_tool_sum(lost, RS_COUNTS_LOST_NAMES),
		.targets = rs_target_lost(counts->tool),
		.skipped = rs_tool_skipped(counts->tool),
	};
}
