/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooking in and out. System calls are watched one tracepoint each, so that a call that nobody
 * wants pays only for the kernel's slow path (some 30 ns, and not the 80 ns of a program at each
 * call). The price is paid at the end: the kernel takes tens of milliseconds to close each.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/log.h"
#include "base/util.h"
#include "kern/holder.h"
#include "kern/hooks.h"
#include "kern/perfcall.h"
#include "kern/sensors-impl.h"
#include "kern/syscalls.h"
#include "kern/tracefs.h"

static void autoload(struct rs_sensors *sensors, const char *name)
{
	struct bpf_program *program = bpf_object__find_program_by_name(sensors->bpf->obj, name);

	for (size_t i = 0; i < sensors->n_refused; i++)
		if (!strcmp(sensors->refused[i], name))
			return;
	if (program)
		bpf_program__set_autoload(program, true);
}

static uint64_t needed(const struct rs_sensors *sensors)
{
	return sensors->kinds | sensors->identity;
}

static bool row_wanted(const struct rs_sensors *sensors, const struct rs_hook_row *row)
{
	return row->always || (row->kinds & needed(sensors));
}

static const char *call_program(const struct rs_sensors *sensors, enum rs_sensor sensor)
{
	const struct rs_call_programs *programs = &rs_call_programs[sensor];

	return sensors->tracefs_fd >= 0 ? programs->tracepoint_program : programs->raw_program;
}

void rs_sensors_choose(struct rs_sensors *sensors)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, sensors->bpf->obj)
		bpf_program__set_autoload(program, false);
	autoload(sensors, "rs_who_am_i");
	if (sensors->identity)
		autoload(sensors, rs_tasks_program);
	if (sensors->tracefs_fd < 0)
		autoload(sensors, "rs_sys_exit");
	for (size_t i = 0; i < rs_n_hook_rows; i++)
		if (row_wanted(sensors, &rs_hook_rows[i]))
			autoload(sensors, rs_hook_rows[i].program);
	for (size_t i = 0; i < rs_n_resolver_rows && sensors->resolve; i++)
		if (rs_resolver_rows[i].kinds & needed(sensors))
			autoload(sensors, rs_resolver_rows[i].program);
	for (size_t i = 0; i < rs_n_syscalls; i++)
		if (rs_syscalls[i].kinds & needed(sensors))
			autoload(sensors, call_program(sensors, rs_syscalls[i].sensor));
}

int rs_sensors_add_link(struct rs_sensors *sensors, struct bpf_link *link,
			struct bpf_program *program, const char *hook)
{
	if (!link)
		return -errno;
	if (sensors->n_links == RS_LINKS_MAX) {
		bpf_link__destroy(link);
		return -ENOSPC;
	}
	sensors->links[sensors->n_links] = link;
	sensors->link_program[sensors->n_links] = program;
	sensors->link_hook[sensors->n_links++] = hook;
	return 0;
}

static struct bpf_program *loaded(struct rs_sensors *sensors, const char *name)
{
	struct bpf_program *program = bpf_object__find_program_by_name(sensors->bpf->obj, name);

	return program && bpf_program__fd(program) >= 0 ? program : NULL;
}

static void attach_row(struct rs_sensors *sensors, const struct rs_hook_row *row)
{
	struct bpf_program *program = loaded(sensors, row->program);
	int r;

	if (!program)
		return;
	r = rs_sensors_add_link(sensors,
				bpf_program__attach_raw_tracepoint(program, row->tracepoint),
				program, row->tracepoint);
	if (r)
		rs_log_at(RS_LOG_DEBUG, "raw tracepoint \"%s\": %s", row->tracepoint, strerror(-r));
	else if (!row->optional)
		sensors->attached |= row->kinds;
}

static void attach_resolver(struct rs_sensors *sensors, const struct rs_resolver_row *row)
{
	struct bpf_program *program = loaded(sensors, row->program);
	int r = program ? rs_sensors_add_link(sensors, bpf_program__attach_trace(program), program,
					      row->function)
			: 0;

	if (r)
		rs_log_at(RS_LOG_DEBUG, "function \"%s\": %s", row->function, strerror(-r));
}

static int attach_call(struct rs_sensors *sensors, const struct rs_syscall *call,
		       struct bpf_program *program)
{
	char event[64];
	struct bpf_link *link;
	int fd, id;

	snprintf(event, sizeof(event), "syscalls/sys_exit_%s",
		 call->tracepoint ? call->tracepoint : call->name);
	id = rs_tracefs_event_id(sensors->tracefs_fd, event, NULL);
	if (id < 0)
		return id;
	fd = rs_perf_open_tracepoint((unsigned)id);
	if (fd < 0)
		return fd;
	link = bpf_program__attach_perf_event(program, fd);
	if (!link) {
		int r = -errno;

		close(fd);
		return r;
	}
	return rs_sensors_add_link(sensors, link, program, call->name);
}

/* The fallback: one more entry in the table that rs_sys_exit looks at. */
static int enter_call(struct rs_sensors *sensors, const struct rs_syscall *call,
		      struct bpf_program *program)
{
	uint32_t nr = call->nr, fd = bpf_program__fd(program);

	return bpf_map_update_elem(bpf_map__fd(sensors->bpf->maps.rs_calls), &nr, &fd, BPF_ANY);
}

static void attach_calls(struct rs_sensors *sensors)
{
	for (size_t i = 0; i < rs_n_syscalls; i++) {
		const struct rs_syscall *call = &rs_syscalls[i];
		struct bpf_program *program = loaded(sensors, call_program(sensors, call->sensor));
		int r;

		if (!program || !(call->kinds & needed(sensors)))
			continue;
		r = sensors->tracefs_fd >= 0 ? attach_call(sensors, call, program)
					     : enter_call(sensors, call, program);
		if (r)
			rs_log_at(RS_LOG_DEBUG, "system call \"%s\": %s", call->name, strerror(-r));
		else
			sensors->attached |= call->kinds;
	}
	if (sensors->tracefs_fd < 0 && loaded(sensors, "rs_sys_exit"))
		rs_sensors_add_link(sensors,
				    bpf_program__attach_raw_tracepoint(
					    sensors->bpf->progs.rs_sys_exit, "sys_exit"),
				    sensors->bpf->progs.rs_sys_exit, "sys_exit");
}

int rs_sensors_attach(struct rs_sensors *sensors, struct rs_error *err)
{
	for (size_t i = 0; i < rs_n_hook_rows; i++)
		if (row_wanted(sensors, &rs_hook_rows[i]))
			attach_row(sensors, &rs_hook_rows[i]);
	for (size_t i = 0; i < rs_n_resolver_rows; i++)
		attach_resolver(sensors, &rs_resolver_rows[i]);
	attach_calls(sensors);
	sensors->bpf->bss->rs_config.identity = sensors->identity & sensors->attached;
	if (sensors->kinds & sensors->attached)
		return 0;
	rs_error_set(err, -ENOTSUP,
		     "attaching: no hook that this kernel has makes the wanted events");
	rs_error_hint(err, "what works here: ringside doctor");
	return -ENOTSUP;
}

void rs_sensors_close_in_background(struct rs_sensors **sensors)
{
	struct rs_sensors *s = *sensors;
	int fds[RS_LINKS_MAX];

	if (!s)
		return;
	rs_sensors_silence(s);
	for (size_t i = 0; i < s->n_links; i++)
		fds[i] = bpf_link__fd(s->links[i]);
	/* With it ours are not the last references any more. It stays open until we exit. */
	if (s->n_links >= 8)
		rs_holder_start(fds, s->n_links);
	rs_sensors_close(sensors);
}
