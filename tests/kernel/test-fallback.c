/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Without tracefs the system calls are seen through the raw tracepoint of all of them. To the agent
 * of this test tracefs is hidden, and it may not mount one.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tests/kernel/lib/check.h"
#include "tests/kernel/lib/sys.h"

static void forbid(unsigned nr)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), /* seccomp_data.nr */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(code), code };

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
		_exit(77);
}

static void hide_tracefs(void *data)
{
	(void)data;
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		_exit(77);
	umount2("/sys/kernel/debug/tracing", MNT_DETACH);
	umount2("/sys/kernel/tracing", MNT_DETACH);
	umount2("/sys/kernel/debug", MNT_DETACH);
	forbid(SYS_fsopen);
	forbid(SYS_mount);
}

static void act_file(struct scene *scene)
{
	must(chdir(scene->dir));
	close(must(open("c", O_WRONLY | O_CREAT | O_CLOEXEC, 0640)));
	must_not(open("absent", O_RDONLY | O_CLOEXEC), ENOENT);
	must(rename("c", "d"));
	must(unlinkat(AT_FDCWD, "d", 0));
}

static void act_network(struct scene *scene)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof(address);
	int listener = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), fd;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(listener, (struct sockaddr *)&address, size));
	must(getsockname(listener, (struct sockaddr *)&address, &size));
	must(listen(listener, 3));
	fact(scene, "port", "%u", ntohs(address.sin_port));
	fd = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	must(connect(fd, (struct sockaddr *)&address, size));
	must(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
}

static void act_privilege(struct scene *scene)
{
	must(memfd_create("fallback", MFD_CLOEXEC));
	must(unshare(CLONE_NEWUTS));
}

/* clang-format off */
static const struct check checks[] = {
	{ "files", act_file, {
		{ "create", { IS("ringside.hook", "raw_syscall"), IS("file.path", "{dir}/c"),
			      IS("file.mode", "0640"), IS("event.outcome", "success") }, WANT_ONE },
		{ "open", { IS("ringside.hook", "raw_syscall"), IS("file.path", "{dir}/absent"),
			    IS("ringside.errno", "ENOENT") }, WANT_ONE },
		{ "rename", { IS("ringside.hook", "raw_syscall"), IS("file.path", "{dir}/d"),
			      IS("file.Ext.original.path", "{dir}/c") }, WANT_ONE },
		{ "unlink", { IS("ringside.hook", "raw_syscall"), IS("file.path", "{dir}/d"),
			      IS("ringside.syscall", "unlinkat") },
		  WANT_ONE } } },
	{ "network", act_network, {
		{ "listen", { IS("ringside.hook", "raw_syscall"), IS("destination.port", "{port}"),
			      IS("ringside.socket.backlog", "3") }, WANT_ONE },
		{ "connect", { IS("ringside.hook", "raw_syscall"), IS("destination.port", "{port}") },
		  WANT_ONE },
		{ "accept", { IS("ringside.hook", "raw_syscall"), IS("destination.port", "{port}") },
		  WANT_ONE } } },
	{ "privileges", act_privilege, {
		{ "memfd", { IS("ringside.hook", "raw_syscall"), IS("ringside.memfd.name", "fallback") },
		  WANT_ONE },
		{ "unshare", { IS("ringside.hook", "raw_syscall"), HAS("ringside.flags", "CLONE_NEWUTS") },
		  WANT_ONE } } },
};
/* clang-format on */

int main(void)
{
	struct agent agent = AGENT_INIT;
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	agent_spawn(&agent,
		    (const char *[]){ "run", "-o", "json", "--root", agent_root(), "--pid", pid,
				      "--kinds", "all", NULL },
		    hide_tracefs, NULL);
	if (agent_wait_err(&agent, "watching")) {
		check_all(&agent, checks, ARRAY_SIZE(checks));
		tap_ok(agent_stop(&agent, SIGINT) == 0, "the agent ends with code 0");
	} else if (!agent_wait_end(&agent) || agent_code(&agent) != 77) {
		tap_ok(false, "the agent comes up without tracefs");
		tap_diag("%s", rs_str_cstr(&agent.err_text));
	} else {
		tap_skip("without tracefs", "it cannot be hidden here");
	}
	agent_done(&agent);
	return tap_done();
}
