/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trials of the network's hooks. Those on interfaces happen in a child process, on the loopback
 * interface of a network namespace that dies with it: no packet of this machine meets them.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/libbpf.h>

#include "base/fd.h"
#include "base/util.h"
#include "kern/cgroup.h"
#include "kern/probes.h"

#define LOOPBACK 1 /* its index in a new namespace */

enum { TC_OK = 0, TCX_NEXT = -1, XDP_IS_PASS = 2, CGROUP_ALLOW = 1 };

struct message {
	int result;
	bool complete;
	char detail[sizeof(((struct rs_probe *)0)->detail)];
};

static _noreturn_ void child(struct rs_probe *probe, rs_probe_fn *fn, int pipe_fd)
{
	struct message message = { 0 };

	libbpf_set_print(NULL);
	if (unshare(CLONE_NEWNET) < 0)
		message.result = rs_probe_fail(probe, -errno,
					       "making a network namespace to try it in");
	else
		message.result = fn(probe);
	message.complete = probe->complete;
	memcpy(message.detail, probe->detail, sizeof(message.detail));
	if (write(pipe_fd, &message, sizeof(message)) != sizeof(message))
		_exit(1);
	_exit(0);
}

static int in_new_namespace(struct rs_probe *probe, rs_probe_fn *fn)
{
	_cleanup_(rs_cleanup_close) int in = -1, out = -1;
	struct message message = { 0 };
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	in = fds[0];
	out = fds[1];
	pid = fork();
	if (pid < 0)
		return rs_probe_fail(probe, -errno, "starting a child process");
	if (pid == 0)
		child(probe, fn, out);
	rs_cleanup_close(&out);
	do
		n = read(in, &message, sizeof(message));
	while (n < 0 && errno == EINTR);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (n != sizeof(message))
		return rs_probe_say(probe, -EIO, "the child process died");
	probe->complete = message.complete;
	memcpy(probe->detail, message.detail, sizeof(probe->detail));
	return message.result;
}

static int try_link(struct rs_probe *probe, const struct rs_bpf_program *program, int32_t value,
		    int target)
{
	_cleanup_(rs_counter_done) struct rs_counter counter = RS_COUNTER_INIT;
	_cleanup_(rs_cleanup_close) int link = -1;
	int r = rs_counter_load(probe, program, value, &counter);

	if (r < 0)
		return r;
	link = rs_bpf_link_create(counter.prog_fd, target, program->attach_type);
	return link < 0 ? rs_probe_link_fail(probe, link) : 0;
}

static int tc_here(struct rs_probe *probe)
{
	const struct rs_bpf_program program = { .type = BPF_PROG_TYPE_SCHED_CLS };
	_cleanup_(rs_counter_done) struct rs_counter counter = RS_COUNTER_INIT;
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = LOOPBACK, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts);
	int r = rs_counter_load(probe, &program, TC_OK, &counter);

	if (r < 0)
		return r;
	r = bpf_tc_hook_create(&hook);
	if (r < 0)
		return rs_probe_fail(probe, r, "adding the clsact queueing discipline");
	opts.prog_fd = counter.prog_fd;
	r = bpf_tc_attach(&hook, &opts);
	return r < 0 ? rs_probe_fail(probe, r, "attaching a program") : 0;
}

int rs_probe_tc(struct rs_probe *probe)
{
	return in_new_namespace(probe, tc_here);
}

static int tcx_here(struct rs_probe *probe)
{
	const struct rs_bpf_program program = { .type = BPF_PROG_TYPE_SCHED_CLS,
						.attach_type = RS_BPF_TCX_INGRESS };

	return try_link(probe, &program, TCX_NEXT, LOOPBACK);
}

int rs_probe_tcx(struct rs_probe *probe)
{
	return in_new_namespace(probe, tcx_here);
}

static int xdp_here(struct rs_probe *probe)
{
	const struct rs_bpf_program program = { .type = BPF_PROG_TYPE_XDP, .attach_type = BPF_XDP };

	int r = try_link(probe, &program, XDP_IS_PASS, LOOPBACK);

	if (r == 0)
		rs_probe_say(probe, r, "the generic kind; the native one is the driver's affair");
	return r;
}

int rs_probe_xdp(struct rs_probe *probe)
{
	return in_new_namespace(probe, xdp_here);
}

/* The directory of the cgroup we are in: the last line of /proc/self/cgroup, "0::/path". */
static int open_own_cgroup(struct rs_probe *probe)
{
	char point[PATH_MAX], text[PATH_MAX], path[2 * PATH_MAX], *own;
	struct rs_error err = RS_ERROR_INIT;
	int r = rs_cgroup2_mount(point, sizeof(point), &err), fd;
	ssize_t n;

	if (r < 0)
		return rs_probe_say(probe, r, err.msg);
	n = rs_fd_read_buf_at(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text));
	if (n < 0)
		return rs_probe_fail(probe, (int)n, "reading /proc/self/cgroup");
	own = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
	own = own ? strchr(own, '/') : NULL;
	if (!own)
		return rs_probe_say(probe, -ENOENT, "this process is in no cgroup of version 2");
	own[strcspn(own, "\n")] = '\0';
	snprintf(path, sizeof(path), "%s%s", point, own);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? rs_probe_fail(probe, -errno, "opening our own cgroup") : fd;
}

/* On our own cgroup, for an instant, letting everything pass. */
static int try_cgroup(struct rs_probe *probe, const struct rs_bpf_program *program)
{
	_cleanup_(rs_cleanup_close) int cgroup = open_own_cgroup(probe);

	return cgroup < 0 ? cgroup : try_link(probe, program, CGROUP_ALLOW, cgroup);
}

int rs_probe_cgroup_skb(struct rs_probe *probe)
{
	const struct rs_bpf_program program = { .type = BPF_PROG_TYPE_CGROUP_SKB,
						.attach_type = BPF_CGROUP_INET_EGRESS };

	return try_cgroup(probe, &program);
}

int rs_probe_cgroup_connect(struct rs_probe *probe)
{
	const struct rs_bpf_program program = { .type = BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
						.attach_type = BPF_CGROUP_INET4_CONNECT };

	return try_cgroup(probe, &program);
}
