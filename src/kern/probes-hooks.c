/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trials of the kernel's own hooks. Each attaches a counting program and causes one event that is
 * rare and harmless: giving this thread the name that it has fires the tracepoint
 * task:task_rename, giving it the priority that it has calls set_user_nice(), and getpgid(2) fires
 * its own tracepoints and security hook.
 *
 * Code that others run all the time is left alone: to hook in, the kernel patches it, and emulated
 * machines (QEMU without KVM) were seen to hang when another CPU ran it at that very instant.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/util.h"
#include "kern/perfcall.h"
#include "kern/probes.h"
#include "kern/tracefs.h"

/* In all releases, not inlined: called from another file than its own. */
#define FUNCTION "set_user_nice"

static void rename_task(void)
{
	char name[16] = "";

	if (prctl(PR_GET_NAME, name) == 0)
		prctl(PR_SET_NAME, name);
}

static void set_priority(void)
{
	int nice;

	errno = 0;
	nice = getpriority(PRIO_PROCESS, 0);
	if (errno == 0)
		setpriority(PRIO_PROCESS, 0, nice);
}

static void ask_group(void)
{
	if (getpgid(getpid()) < 0)
		return; /* cannot be: it is ourselves. The call is what counts. */
}

/* Loads, attaches as the program says (or to the raw tracepoint @name), fires, looks. */
static int try_program(struct rs_probe *probe, const struct rs_bpf_program *program,
		       const char *name, void (*fire)(void))
{
	_cleanup_(rs_counter_done) struct rs_counter counter = RS_COUNTER_INIT;
	_cleanup_(rs_cleanup_close) int link = -1;
	int r = rs_counter_load(probe, program, 0, &counter);

	if (r < 0)
		return r;
	link = rs_bpf_raw_tp_open(name, counter.prog_fd);
	if (link < 0)
		return rs_probe_fail(probe, link, "attaching a program");
	fire();
	return rs_counter_check(probe, &counter);
}

int rs_probe_raw_tp(struct rs_probe *probe)
{
	const struct rs_bpf_program program = { .type = BPF_PROG_TYPE_RAW_TRACEPOINT };

	return try_program(probe, &program, "task_rename", rename_task);
}

int rs_probe_raw_syscall(struct rs_probe *probe)
{
	const struct rs_bpf_program program = { .type = BPF_PROG_TYPE_RAW_TRACEPOINT };

	return try_program(probe, &program, "sys_exit", ask_group);
}

int rs_probe_btf_tp(struct rs_probe *probe)
{
	struct rs_bpf_program program = { .type = BPF_PROG_TYPE_TRACING,
					  .attach_type = BPF_TRACE_RAW_TP };
	int id = rs_probe_btf_id(probe, "btf_trace_task_rename", BTF_KIND_TYPEDEF);

	if (id < 0)
		return id;
	program.attach_btf_id = (uint32_t)id;
	return try_program(probe, &program, NULL, rename_task);
}

/* A tracepoint of perf, by its number in tracefs. */
static int try_perf_tp(struct rs_probe *probe, const char *event, void (*fire)(void))
{
	const struct rs_bpf_program program = { .type = BPF_PROG_TYPE_TRACEPOINT };
	_cleanup_(rs_counter_done) struct rs_counter counter = RS_COUNTER_INIT;
	_cleanup_(rs_cleanup_close) int tracefs = -1, fd = -1;
	struct rs_error err = RS_ERROR_INIT;
	int id, r;

	tracefs = rs_tracefs_open(&err);
	if (tracefs < 0)
		return rs_probe_say(probe, tracefs, err.msg);
	id = rs_tracefs_event_id(tracefs, event, &err);
	if (id < 0)
		return rs_probe_say(probe, id, err.msg);
	r = rs_counter_load(probe, &program, 0, &counter);
	if (r < 0)
		return r;
	fd = rs_perf_open_tracepoint((unsigned)id);
	if (fd < 0)
		return rs_probe_fail(probe, fd, "opening the perf event");
	r = rs_probe_perf_attach(fd, counter.prog_fd);
	if (r < 0)
		return rs_probe_fail(probe, r, "attaching a program");
	fire();
	return rs_counter_check(probe, &counter);
}

int rs_probe_perf_tp(struct rs_probe *probe)
{
	return try_perf_tp(probe, "task/task_rename", rename_task);
}

int rs_probe_syscall_tp(struct rs_probe *probe)
{
	return try_perf_tp(probe, "syscalls/sys_exit_getpgid", ask_group);
}

/* Attached only: no request is made for it. */
int rs_probe_uring_tp(struct rs_probe *probe)
{
	/* the newer name, and the one it had until 6.3 */
	static const char *const names[] = { "io_uring_submit_req", "io_uring_submit_sqe" };
	const struct rs_bpf_program program = { .type = BPF_PROG_TYPE_RAW_TRACEPOINT };
	_cleanup_(rs_counter_done) struct rs_counter counter = RS_COUNTER_INIT;
	int r = rs_counter_load(probe, &program, 0, &counter);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_(rs_cleanup_close) int link = rs_bpf_raw_tp_open(names[i],
									  counter.prog_fd);

		if (link >= 0)
			return rs_probe_say(probe, 0, names[i]);
		r = link;
	}
	return rs_probe_fail(probe, r, "attaching a program");
}

int rs_probe_kprobe(struct rs_probe *probe)
{
	const struct rs_bpf_program program = { .type = BPF_PROG_TYPE_KPROBE };
	_cleanup_(rs_counter_done) struct rs_counter counter = RS_COUNTER_INIT;
	_cleanup_(rs_cleanup_close) int fd = -1;
	int r = rs_counter_load(probe, &program, 0, &counter);

	if (r < 0)
		return r;
	fd = rs_probe_open_pmu("kprobe", FUNCTION, 0);
	if (fd < 0)
		return rs_probe_fail(probe, fd, "opening the perf event");
	r = rs_probe_perf_attach(fd, counter.prog_fd);
	if (r < 0)
		return rs_probe_fail(probe, r, "attaching a program");
	set_priority();
	return rs_counter_check(probe, &counter);
}

int rs_probe_kprobe_multi(struct rs_probe *probe)
{
	const struct rs_bpf_program program = { .type = BPF_PROG_TYPE_KPROBE,
						.attach_type = BPF_TRACE_KPROBE_MULTI };
	_cleanup_(rs_counter_done) struct rs_counter counter = RS_COUNTER_INIT;
	_cleanup_(rs_cleanup_close) int link = -1;
	const char *symbols[] = { FUNCTION };
	union bpf_attr attr;
	int r = rs_counter_load(probe, &program, 0, &counter);

	if (r < 0)
		return r;
	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)counter.prog_fd;
	attr.link_create.attach_type = BPF_TRACE_KPROBE_MULTI;
	attr.link_create.kprobe_multi.syms = (uint64_t)(uintptr_t)symbols;
	attr.link_create.kprobe_multi.cnt = ARRAY_SIZE(symbols);
	link = rs_bpf_call(BPF_LINK_CREATE, &attr, sizeof(attr));
	if (link < 0)
		return rs_probe_link_fail(probe, link);
	set_priority();
	return rs_counter_check(probe, &counter);
}

int rs_probe_trampoline(struct rs_probe *probe)
{
	struct rs_bpf_program program = { .type = BPF_PROG_TYPE_TRACING,
					  .attach_type = probe->number };
	int id = rs_probe_btf_id(probe, FUNCTION, BTF_KIND_FUNC);

	if (id < 0)
		return id;
	program.attach_btf_id = (uint32_t)id;
	return try_program(probe, &program, NULL, set_priority);
}

int rs_probe_lsm(struct rs_probe *probe)
{
	struct rs_bpf_program program = { .type = BPF_PROG_TYPE_LSM, .attach_type = BPF_LSM_MAC };
	int id = rs_probe_btf_id(probe, "bpf_lsm_task_getpgid", BTF_KIND_FUNC);
	int r;

	if (id < 0)
		return id;
	program.attach_btf_id = (uint32_t)id;
	r = try_program(probe, &program, NULL, ask_group);
	if (r == -ETIME)
		rs_probe_say(
			probe, r,
			"attached, but never called: \"bpf\" is not in the kernel's lsm= list");
	return r;
}

int rs_probe_iterator(struct rs_probe *probe)
{
	struct rs_bpf_program program = { .type = BPF_PROG_TYPE_TRACING,
					  .attach_type = BPF_TRACE_ITER };
	_cleanup_(rs_counter_done) struct rs_counter counter = RS_COUNTER_INIT;
	_cleanup_(rs_cleanup_close) int link = -1, iterator = -1;
	int id = rs_probe_btf_id(probe, "bpf_iter_task", BTF_KIND_FUNC), r;
	union bpf_attr attr;
	char byte;

	if (id < 0)
		return id;
	program.attach_btf_id = (uint32_t)id;
	r = rs_counter_load(probe, &program, 0, &counter);
	if (r < 0)
		return r;
	link = rs_bpf_link_create(counter.prog_fd, 0, BPF_TRACE_ITER);
	if (link < 0)
		return rs_probe_fail(probe, link, "attaching a program");
	memset(&attr, 0, sizeof(attr));
	attr.iter_create.link_fd = (uint32_t)link;
	iterator = rs_bpf_call(BPF_ITER_CREATE, &attr, sizeof(attr));
	if (iterator < 0)
		return rs_probe_fail(probe, iterator, "opening the iterator");
	if (read(iterator, &byte, sizeof(byte)) < 0)
		return rs_probe_fail(probe, -errno, "reading the iterator");
	return rs_counter_check(probe, &counter);
}
