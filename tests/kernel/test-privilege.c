/* SPDX-License-Identifier: Apache-2.0 */
/* The privilege sensor: what changes a process's rights, or reaches into others or the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "tests/kernel/lib/check.h"
#include "tests/kernel/lib/sys.h"

/* --- identity --- */

static void act_setuid(struct scene *scene)
{
	must(setresuid(65533, 65534, 0));
}

static void act_setuid_denied(struct scene *scene)
{
	become_nobody(scene);
	must_not(setuid(0), EPERM);
}

static void act_setfsuid(struct scene *scene)
{
	(void)scene;
	setfsuid(65534);
}

static void act_setgid(struct scene *scene)
{
	must(setgid(65534));
}

static void act_setgid_denied(struct scene *scene)
{
	become_nobody(scene);
	must_not(setgid(0), EPERM);
}

static void act_capset(struct scene *scene)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	must((int)syscall(SYS_capget, &header, data));
	data[0].effective &= ~(1u << CAP_NET_RAW);
	must((int)syscall(SYS_capset, &header, data));
}

static void act_capset_denied(struct scene *scene)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { 1, 1, 0 }, { 0, 0, 0 } };

	become_nobody(scene);
	must_not((int)syscall(SYS_capset, &header, data), EPERM);
}

/* clang-format off */
static const struct check id_checks[] = {
	{ "setuid", act_setuid, {
		{ "setuid", { IS("process.pid", "{pid}"), IS("process.real_user.id", "65533"),
			      IS("user.effective.id", "65534"), IS("process.saved_user.id", "0"),
			      IS("event.outcome", "success"), IS("ringside.syscall", "setresuid"),
			      HAS("event.category", "process"), HAS("event.type", "change") },
		  WANT_ONE } } },
	{ "setuid: denied", act_setuid_denied, {
		{ "setuid", { IS("process.pid", "{pid}"), IS("ringside.errno", "EPERM"),
			      IS("user.id", "65534"), IS("event.outcome", "failure") },
		  WANT_ONE } } },
	{ "setfsuid", act_setfsuid, {
		{ "setuid", { IS("process.pid", "{pid}"), IS("ringside.syscall", "setfsuid") },
		  WANT_ONE } } },
	{ "setgid", act_setgid, {
		{ "setgid", { IS("process.pid", "{pid}"), IS("user.effective.group.id", "65534"),
			      IS("process.real_group.id", "65534"), IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "setgid: denied", act_setgid_denied, {
		{ "setgid", { IS("process.pid", "{pid}"), IS("ringside.errno", "EPERM") }, WANT_ONE } } },
	{ "capset", act_capset, {
		{ "capset", { IS("process.pid", "{pid}"), IS("event.outcome", "success"),
			      LACKS("process.thread.capabilities.effective", "CAP_NET_RAW"),
			      HAS("process.thread.capabilities.effective", "CAP_CHOWN"),
			      HAS("process.thread.capabilities.permitted", "CAP_CHOWN") },
		  WANT_ONE } } },
	{ "capset: denied", act_capset_denied, {
		{ "capset", { IS("process.pid", "{pid}"), IS("ringside.errno", "EPERM") }, WANT_ONE } } },
};
/* clang-format on */

/* --- other processes --- */

/* A grandchild that waits for a signal, under the identity of nobody; the fact "victim". */
static pid_t start_victim(struct scene *scene)
{
	int ready[2];
	char byte;
	pid_t pid;

	must(pipe2(ready, O_CLOEXEC));
	pid = must(fork());
	if (!pid) {
		become_nobody(scene);
		must(write(ready[1], "x", 1));
		close(ready[1]);
		for (;;)
			pause();
	}
	fact(scene, "victim", "%d", pid);
	must(read(ready[0], &byte, 1));
	return pid;
}

static void end_victim(struct scene *scene, pid_t pid)
{
	kill(pid, SIGKILL);
	wait_for(scene, pid);
}

static void act_ptrace_seize(struct scene *scene)
{
	pid_t pid = start_victim(scene);

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL))
		scene_skip(scene, "ptrace: %m");
	end_victim(scene, pid);
}

static void act_ptrace_poke(struct scene *scene)
{
	static volatile long word;
	pid_t pid = start_victim(scene);

	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL))
		scene_skip(scene, "ptrace: %m");
	wait_for(scene, pid);
	must((int)ptrace(PTRACE_POKEDATA, pid, (void *)&word, (void *)1));
	end_victim(scene, pid);
}

static void trace_me(struct scene *scene)
{
	must((int)ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static void act_traceme(struct scene *scene)
{
	in_child(scene, "child", trace_me);
}

static void act_ptrace_denied(struct scene *scene)
{
	become_nobody(scene);
	must_not((int)ptrace(PTRACE_SEIZE, 1, NULL, NULL), EPERM);
}

static void act_kill(struct scene *scene)
{
	pid_t pid = start_victim(scene);

	must(kill(pid, SIGTERM));
	wait_for(scene, pid);
}

static void act_tgkill(struct scene *scene)
{
	pid_t pid = start_victim(scene);

	must((int)syscall(SYS_tgkill, pid, pid, SIGUSR1));
	wait_for(scene, pid);
}

static void act_pidfd_signal(struct scene *scene)
{
	pid_t pid = start_victim(scene);
	int fd = must((int)syscall(SYS_pidfd_open, pid, 0));

	must((int)syscall(SYS_pidfd_send_signal, fd, SIGUSR2, NULL, 0));
	wait_for(scene, pid);
}

static void act_kill_self(struct scene *scene)
{
	signal(SIGUSR1, SIG_IGN);
	must(kill(getpid(), SIGUSR1));
	must(raise(SIGUSR1));
}

static void act_kill_denied(struct scene *scene)
{
	become_nobody(scene);
	must_not(kill(1, SIGTERM), EPERM);
}

/* clang-format off */
static const struct check process_checks[] = {
	{ "ptrace: seize", act_ptrace_seize, {
		{ "ptrace", { IS("process.pid", "{pid}"), IS("ringside.ptrace.request", "PTRACE_SEIZE"),
			      IS("ringside.target.pid", "{victim}"), IS("ringside.target.user.id", "65534"),
			      SOME("ringside.target.entity_id"), IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "ptrace: attach and write", act_ptrace_poke, {
		{ "ptrace", { IS("ringside.ptrace.request", "PTRACE_ATTACH"),
			      IS("ringside.target.pid", "{victim}") }, WANT_ONE },
		{ "ptrace", { IS("ringside.ptrace.request", "PTRACE_POKEDATA"),
			      IS("ringside.target.pid", "{victim}"), SOME("ringside.ptrace.address") },
		  WANT_ONE } } },
	{ "ptrace: by the parent", act_traceme, {
		{ "ptrace", { IS("process.pid", "{child}"), IS("ringside.target.pid", "{pid}"),
			      IS("ringside.ptrace.request", "PTRACE_TRACEME") },
		  WANT_ONE } } },
	{ "ptrace: denied", act_ptrace_denied, {
		{ "ptrace", { IS("process.pid", "{pid}"), IS("ringside.errno", "EPERM") }, WANT_ONE } } },
	{ "kill of another's process", act_kill, {
		{ "kill", { IS("process.pid", "{pid}"), IS("ringside.kill.signal", "SIGTERM"),
			    IS("ringside.target.pid", "{victim}"), IS("ringside.target.user.id", "65534"),
			    IS("user.id", "0"), IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "kill: by tgkill", act_tgkill, {
		{ "kill", { IS("ringside.kill.signal", "SIGUSR1"), IS("ringside.target.pid", "{victim}") },
		  WANT_ONE } } },
	{ "kill: by pidfd", act_pidfd_signal, {
		{ "kill", { IS("ringside.kill.signal", "SIGUSR2"), IS("ringside.target.pid", "{victim}") },
		  WANT_ONE } } },
	{ "kill of itself makes no event", act_kill_self, {
		{ "kill", { IS("process.pid", "{pid}") }, WANT_NONE } } },
	{ "kill: denied", act_kill_denied, {
		{ "kill", { IS("process.pid", "{pid}"), IS("ringside.errno", "EPERM"),
			    IS("ringside.kill.pid", "1"), IS("ringside.kill.signal", "SIGTERM") },
		  WANT_ONE } } },
};
/* clang-format on */

/* --- memory --- */

static void act_memfd(struct scene *scene)
{
	must(memfd_create("a name", MFD_CLOEXEC | MFD_ALLOW_SEALING));
}

static void act_mmap_wx(struct scene *scene)
{
	void *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	if (p == MAP_FAILED)
		scene_skip(scene, "mmap: %m");
	fact(scene, "address", "%#lx", (unsigned long)p);
}

static void act_mprotect_wx(struct scene *scene)
{
	void *p = must_map(scene, 4096);

	if (mprotect(p, 4096, PROT_READ | PROT_WRITE | PROT_EXEC))
		scene_skip(scene, "mprotect: %m");
	fact(scene, "address", "%#lx", (unsigned long)p);
}

static void act_pkey_mprotect_wx(struct scene *scene)
{
	void *p = must_map(scene, 4096);

	if (syscall(SYS_pkey_mprotect, p, 4096ul, PROT_READ | PROT_WRITE | PROT_EXEC, -1))
		scene_skip(scene, "pkey_mprotect: %m");
	fact(scene, "address", "%#lx", (unsigned long)p);
}

static void act_plain_memory(struct scene *scene)
{
	void *p = must_map(scene, 4096);

	must(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

/* --- namespaces and roots --- */

static void act_unshare(struct scene *scene)
{
	if (unshare(CLONE_NEWUTS | CLONE_NEWIPC))
		scene_skip(scene, "unshare: %m");
}

static void act_unshare_denied(struct scene *scene)
{
	become_nobody(scene);
	must_not(unshare(CLONE_NEWNET), EPERM);
}

static void act_setns(struct scene *scene)
{
	int fd = must(open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC));

	if (unshare(CLONE_NEWUTS))
		scene_skip(scene, "unshare: %m");
	must(setns(fd, CLONE_NEWUTS));
}

static void act_chroot(struct scene *scene)
{
	must(mkdir(in_dir(scene, "jail"), 0755));
	must(chdir(scene->dir));
	must(chroot("jail"));
}

static void act_chroot_absent(struct scene *scene)
{
	must_not(chroot(in_dir(scene, "absent")), ENOENT);
}

static void act_pivot_root(struct scene *scene)
{
	private_mounts(scene);
	must(mkdir(in_dir(scene, "root"), 0755));
	must(mount("tmpfs", in_dir(scene, "root"), "tmpfs", 0, NULL));
	must(mkdir(in_dir(scene, "root/old"), 0755));
	if (syscall(SYS_pivot_root, in_dir(scene, "root"), in_dir(scene, "root/old")))
		scene_skip(scene, "pivot_root: %m");
}

/* --- the kernel --- */

static int bpf_map_create(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 8,
		.max_entries = 1,
		.map_name = "some_map",
	};
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_MEMLOCK, &all); /* before Linux 5.11 maps are charged to it */
	return (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static void act_bpf(struct scene *scene)
{
	must(bpf_map_create());
}

static void act_bpf_pin(struct scene *scene)
{
	union bpf_attr attr = { .bpf_fd = (uint32_t)must(bpf_map_create()) };

	/* not in a BPF file system: refused, but it was tried */
	attr.pathname = (uintptr_t)in_dir(scene, "pin");
	must_not((int)syscall(SYS_bpf, BPF_OBJ_PIN, &attr, sizeof(attr)), EPERM);
}

static void act_bpf_denied(struct scene *scene)
{
	become_nobody(scene);
	if (bpf_map_create() >= 0)
		scene_skip(scene, "this kernel lets everybody make maps");
}

static void module_result(struct scene *scene)
{
	if (errno == ENOSYS)
		scene_skip(scene, "this kernel has no modules");
	fact(scene, "error", "%s", strerrorname_np(errno));
}

static void act_module(struct scene *scene)
{
	write_file(scene, in_dir(scene, "bad.ko"), "this is no module, but long enough to be read");
	if (syscall(SYS_finit_module, must(open(in_dir(scene, "bad.ko"), O_RDONLY | O_CLOEXEC)), "",
		    0) == 0)
		scene_fail(scene, "finit_module succeeded");
	module_result(scene);
}

static void act_module_image(struct scene *scene)
{
	static char image[4096];

	if (syscall(SYS_init_module, image, sizeof(image), "") == 0)
		scene_fail(scene, "init_module succeeded");
	module_result(scene);
}

static void act_module_unload(struct scene *scene)
{
	if (syscall(SYS_delete_module, "no_such_module", O_NONBLOCK) == 0)
		scene_fail(scene, "delete_module succeeded");
	module_result(scene);
}

static void act_module_real(struct scene *scene)
{
	struct utsname name;
	char path[256];
	int fd;

	uname(&name);
	snprintf(path, sizeof(path), "/lib/modules/%s/dummy.ko", name.release);
	fact(scene, "module", "%s", path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || !getenv("RINGSIDE_VM"))
		scene_skip(scene, "no module that may be loaded here");
	must((int)syscall(SYS_finit_module, fd, "numdummies=0", 0));
	must((int)syscall(SYS_delete_module, "dummy", O_NONBLOCK));
}

/* clang-format off */
static const struct check memory_checks[] = {
	{ "memfd_create", act_memfd, {
		{ "memfd", { IS("process.pid", "{pid}"), IS("ringside.memfd.name", "a name"),
			     HAS("ringside.flags", "MFD_CLOEXEC"), HAS("ringside.flags", "MFD_ALLOW_SEALING"),
			     IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "mmap writable and executable", act_mmap_wx, {
		{ "wxmap", { IS("process.pid", "{pid}"), IS("ringside.memory.address", "{address}"),
			     IS("ringside.memory.length", "8192"),
			     HAS("ringside.memory.protection", "PROT_WRITE"),
			     HAS("ringside.memory.protection", "PROT_EXEC"),
			     NONE("ringside.memory.fd"), IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "mprotect writable and executable", act_mprotect_wx, {
		{ "wxmap", { IS("process.pid", "{pid}"), IS("ringside.memory.address", "{address}"),
			     IS("ringside.memory.length", "4096"), IS("ringside.syscall", "mprotect") },
		  WANT_ONE } } },
	{ "pkey_mprotect writable and executable", act_pkey_mprotect_wx, {
		{ "wxmap", { IS("process.pid", "{pid}"), IS("ringside.memory.address", "{address}"),
			     IS("ringside.memory.length", "4096") },
		  WANT_ONE } } },
	{ "other memory makes no event", act_plain_memory, {
		{ "wxmap", { IS("process.pid", "{pid}") }, WANT_NONE } } },
};

static const struct check root_checks[] = {
	{ "unshare", act_unshare, {
		{ "unshare", { IS("process.pid", "{pid}"), HAS("ringside.flags", "CLONE_NEWUTS"),
			       HAS("ringside.flags", "CLONE_NEWIPC"), IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "unshare: denied", act_unshare_denied, {
		{ "unshare", { IS("process.pid", "{pid}"), IS("ringside.errno", "EPERM"),
			       HAS("ringside.flags", "CLONE_NEWNET") },
		  WANT_ONE } } },
	{ "setns", act_setns, {
		{ "setns", { IS("process.pid", "{pid}"), HAS("ringside.flags", "CLONE_NEWUTS"),
			     IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "chroot", act_chroot, {
		{ "chroot", { IS("process.pid", "{pid}"), IS("file.path", "{dir}/jail"),
			      IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "chroot: no such directory", act_chroot_absent, {
		{ "chroot", { IS("file.path", "{dir}/absent"), IS("ringside.errno", "ENOENT") },
		  WANT_ONE } } },
	{ "pivot_root", act_pivot_root, {
		{ "pivot_root", { IS("process.pid", "{pid}"), IS("file.path", "{dir}/root"),
				  IS("event.outcome", "success") },
		  WANT_ONE } } },
};

static const struct check kernel_checks[] = {
	{ "bpf: a map", act_bpf, {
		{ "bpf", { IS("process.pid", "{pid}"), IS("ringside.bpf.command", "BPF_MAP_CREATE"),
			   IS("ringside.bpf.type", "array"), IS("ringside.bpf.name", "some_map"),
			   IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "bpf: pinning", act_bpf_pin, {
		{ "bpf", { IS("process.pid", "{pid}"), IS("ringside.bpf.command", "BPF_OBJ_PIN"),
			   IS("file.path", "{dir}/pin"), IS("ringside.errno", "EPERM") },
		  WANT_ONE } } },
	{ "bpf: denied", act_bpf_denied, {
		{ "bpf", { IS("process.pid", "{pid}"), IS("ringside.errno", "EPERM"),
			   IS("user.id", "65534") },
		  WANT_ONE } } },
	{ "module: loading what is none", act_module, {
		{ "module", { IS("process.pid", "{pid}"), IS("ringside.errno", "{error}"),
			      IS("file.path", "{dir}/bad.ko"), IS("ringside.path.source", "kernel"),
			      IS("event.action", "loaded-kernel-module"), HAS("event.category", "driver"),
			      IS("event.outcome", "failure") },
		  WANT_ONE } } },
	{ "module: loading from memory", act_module_image, {
		{ "module", { IS("process.pid", "{pid}"), IS("ringside.errno", "{error}"),
			      IS("ringside.syscall", "init_module") },
		  WANT_ONE } } },
	{ "module: unloading what is not there", act_module_unload, {
		{ "module", { IS("process.pid", "{pid}"), IS("ringside.errno", "{error}"),
			      IS("ringside.module.name", "no_such_module"),
			      IS("event.action", "unloaded-kernel-module") },
		  WANT_ONE } } },
	{ "module: loaded and unloaded", act_module_real, {
		{ "module", { IS("process.pid", "{pid}"), IS("ringside.module.name", "dummy"),
			      IS("file.path", "{module}"), IS("event.action", "loaded-kernel-module"),
			      IS("event.outcome", "success") },
		  WANT_ONE },
		{ "module", { IS("process.pid", "{pid}"), IS("ringside.module.name", "dummy"),
			      IS("event.action", "unloaded-kernel-module"),
			      IS("event.outcome", "success") },
		  WANT_ONE } } },
};
/* clang-format on */

int main(void)
{
	struct agent agent = AGENT_INIT;
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	agent_start(&agent, (const char *[]){ "--pid", pid, "--kinds", "privilege,exit", NULL });
	check_all(&agent, id_checks, ARRAY_SIZE(id_checks));
	check_all(&agent, process_checks, ARRAY_SIZE(process_checks));
	check_all(&agent, memory_checks, ARRAY_SIZE(memory_checks));
	check_all(&agent, root_checks, ARRAY_SIZE(root_checks));
	check_all(&agent, kernel_checks, ARRAY_SIZE(kernel_checks));
	check_end(&agent);
	return tap_done();
}
