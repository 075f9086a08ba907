/* SPDX-License-Identifier: Apache-2.0 */
/* The process sensor: fork, exec and exit, and what they say about the process. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/kernel/lib/check.h"
#include "tests/kernel/lib/sys.h"

typedef const char *const words[];

static words plain_env = { "RS_TEST=yes", "RS_OTHER=no", NULL };

static void exec_words(const char *path, words argv)
{
	execve(path, (char *const *)argv, (char *const *)plain_env);
}

static void execat_words(int dir, const char *path, words argv, int flags)
{
	syscall(SYS_execveat, dir, path, argv, plain_env, flags);
}

/* Executes {dir}/true in a grandchild, the fact "child". */
static void run_true(struct scene *scene, words argv)
{
	pid_t pid;

	copy_true(scene, in_dir(scene, "true"));
	pid = must(fork());
	if (!pid) {
		exec_words(in_dir(scene, "true"), argv);
		scene_fail(scene, "executing the copy of true: %m");
	}
	fact(scene, "child", "%d", pid);
	wait_for(scene, pid);
}

static void nothing(struct scene *scene)
{
	(void)scene;
}

static void act_fork(struct scene *scene)
{
	fact(scene, "sid", "%d", getsid(0));
	in_child(scene, "child", nothing);
}

static void act_exec(struct scene *scene)
{
	must(chdir(scene->dir));
	run_true(scene, (words){ "true", "two words", "", "caf\xc3\xa9", NULL });
}

static void act_exec_failed(struct scene *scene)
{
	must_not(execl(in_dir(scene, "absent"), "absent", NULL), ENOENT);
}

static void act_long_argv(struct scene *scene)
{
	static char word[1001];
	const char *argv[12] = { "true" };

	memset(word, 'x', sizeof(word) - 1);
	for (size_t i = 1; i < 11; i++)
		argv[i] = word;
	run_true(scene, argv);
}

static void act_cwd(struct scene *scene)
{
	must(mkdir(in_dir(scene, "a"), 0755));
	must(mkdir(in_dir(scene, "a/b c"), 0755));
	must(chdir(in_dir(scene, "a/b c")));
	run_true(scene, (words){ "true", NULL });
}

static void act_ids(struct scene *scene)
{
	copy_true(scene, in_dir(scene, "true"));
	must(setgroups(0, NULL));
	must(setgid(65534));
	must(setuid(65534));
	run_program(scene, in_dir(scene, "true"));
}

static void act_setuid_program(struct scene *scene)
{
	struct statvfs fs;

	copy_true(scene, in_dir(scene, "true"));
	must(statvfs(scene->dir, &fs));
	if (fs.f_flag & ST_NOSUID)
		scene_skip(scene, "%s is mounted nosuid", scene->dir);
	must(chmod(in_dir(scene, "true"), 04755));
	must(setgid(65534));
	must(setuid(65534));
	run_program(scene, in_dir(scene, "true"));
}

static void act_session(struct scene *scene)
{
	int pty = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	char name[64];

	if (pty < 0)
		scene_skip(scene, "no pseudo terminals: %m");
	must(grantpt(pty));
	must(unlockpt(pty));
	if (ptsname_r(pty, name, sizeof(name)))
		scene_fail(scene, "ptsname: %m");
	must(setsid());
	must(open(name, O_RDWR | O_CLOEXEC)); /* becomes the controlling terminal */
	fact(scene, "tty", "%s", name + strlen("/dev/"));
	run_true(scene, (words){ "true", NULL });
}

static void act_script(struct scene *scene)
{
	char text[256];

	copy_true(scene, in_dir(scene, "true"));
	snprintf(text, sizeof(text), "#!%s -x\n", in_dir(scene, "true"));
	write_file(scene, in_dir(scene, "script"), text);
	must(chmod(in_dir(scene, "script"), 0755));
	run_program(scene, in_dir(scene, "script"));
}

static void execute_fd(struct scene *scene, int fd)
{
	pid_t pid = must(fork());

	if (!pid) {
		execat_words(fd, "", (words){ "true", NULL }, AT_EMPTY_PATH);
		scene_fail(scene, "execveat: %m");
	}
	fact(scene, "child", "%d", pid);
	wait_for(scene, pid);
}

static void act_fexecve(struct scene *scene)
{
	copy_true(scene, in_dir(scene, "true"));
	execute_fd(scene, must(open(in_dir(scene, "true"), O_PATH | O_CLOEXEC)));
}

static void act_deleted(struct scene *scene)
{
	int fd;

	copy_true(scene, in_dir(scene, "true"));
	fd = must(open(in_dir(scene, "true"), O_RDONLY | O_CLOEXEC));
	must(unlink(in_dir(scene, "true")));
	execute_fd(scene, fd);
}

static void act_memfd(struct scene *scene)
{
	int fd = must((int)syscall(SYS_memfd_create, "hidden", 1u));
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	copy_true(scene, path);
	/* the copy was written through another descriptor; executing needs no writer left */
	execute_fd(scene, must(open(path, O_RDONLY | O_CLOEXEC)));
}

static void act_execveat(struct scene *scene)
{
	int dir = must(open(scene->dir, O_PATH | O_DIRECTORY | O_CLOEXEC));
	pid_t pid;

	copy_true(scene, in_dir(scene, "true"));
	pid = must(fork());
	if (!pid) {
		execat_words(dir, "./true", (words){ "true", "at", NULL }, 0);
		scene_fail(scene, "execveat: %m");
	}
	fact(scene, "child", "%d", pid);
	wait_for(scene, pid);
}

static void act_symlinked(struct scene *scene)
{
	copy_true(scene, in_dir(scene, "true"));
	must(mkdir(in_dir(scene, "links"), 0755));
	must(symlink("../true", in_dir(scene, "links/true"))); /* busybox goes by this name */
	run_program(scene, in_dir(scene, "links/true"));
}

static void act_namespaces(struct scene *scene)
{
	struct stat st;

	copy_true(scene, in_dir(scene, "true"));
	if (unshare(CLONE_NEWUTS | CLONE_NEWPID))
		scene_skip(scene, "unshare: %m");
	must(stat("/proc/self/ns/uts", &st));
	fact(scene, "uts", "%lu", (unsigned long)st.st_ino);
	run_program(scene, in_dir(scene, "true"));
}

static void execute_in_cgroup(struct scene *scene)
{
	const char *group = scene_expand(scene, "{group}");

	must(cgroup_move(group, 0) ? 0 : -1);
	run_program(scene, in_dir(scene, "true"));
}

static void act_cgroup(struct scene *scene)
{
	char dir[512];
	struct stat st;

	if (!cgroup_make(NULL, "exec", dir, sizeof(dir)))
		scene_skip(scene, "no cgroup v2 that we may write to");
	must(stat(dir, &st));
	fact(scene, "group", "%s", dir);
	fact(scene, "cgroup", "%lu", (unsigned long)st.st_ino);
	copy_true(scene, in_dir(scene, "true"));
	in_child(scene, "inner", execute_in_cgroup);
	cgroup_remove(dir);
}

static void exit_42(struct scene *scene)
{
	(void)scene;
	_exit(42);
}

static void act_exit_code(struct scene *scene)
{
	in_child(scene, "child", exit_42);
}

static void wait_for_signal(struct scene *scene)
{
	(void)scene;
	for (;;)
		pause();
}

static void act_killed(struct scene *scene)
{
	pid_t pid = must(fork());

	if (!pid)
		wait_for_signal(scene);
	fact(scene, "child", "%d", pid);
	must(kill(pid, SIGKILL));
	wait_for(scene, pid);
}

static void act_core(struct scene *scene)
{
	int status;
	pid_t pid;

	must(chdir(scene->dir));
	allow_core();
	pid = must(fork());
	if (!pid) {
		execl("/bin/sh", "sh", "-c", "kill -SEGV $$", NULL);
		scene_fail(scene, "executing sh: %m");
	}
	fact(scene, "child", "%d", pid);
	status = wait_for(scene, pid);
	fact(scene, "core", "%s", WCOREDUMP(status) ? "true" : "false");
}

static void *outlive_leader(void *arg)
{
	pid_t leader = getpid();

	(void)arg;
	while (task_state(leader, leader) != 'Z')
		sched_yield();
	syscall(SYS_exit_group, 7);
	return NULL;
}

static void leader_first(struct scene *scene)
{
	start_thread(scene, outlive_leader, NULL);
	syscall(SYS_exit, 3);
}

static void act_leader_first(struct scene *scene)
{
	int status = in_child(scene, "child", leader_first);

	if (!WIFEXITED(status) || WEXITSTATUS(status) != 7)
		scene_fail(scene, "wait status %#x", status);
}

static void *execute_true(void *path)
{
	execl(path, "true", "thread", NULL);
	_exit(99);
}

static void thread_executes(struct scene *scene)
{
	start_thread(scene, execute_true, (void *)in_dir(scene, "true"));
	wait_for_signal(scene);
}

static void act_thread_exec(struct scene *scene)
{
	copy_true(scene, in_dir(scene, "true"));
	in_child(scene, "child", thread_executes);
}

static void *return_arg(void *arg)
{
	return arg;
}

static void act_thread(struct scene *scene)
{
	join_thread(scene, start_thread(scene, return_arg, NULL));
}

#define SPIN_MS 200

static void spin(struct scene *scene)
{
	(void)scene;
	while (cpu_ms() < SPIN_MS)
		;
}

static void act_spin(struct scene *scene)
{
	uint64_t begin = boot_ns();
	struct cost cost;

	in_child_cost(scene, "child", spin, &cost);
	fact(scene, "wall", "%llu", (unsigned long long)(boot_ns() - begin));
	/* what the parent sees at the end includes the exit itself, after the event */
	fact(scene, "cpu", "%llu", (unsigned long long)cost.cpu_ns + 20000000);
}

#define TOUCHED (32u << 20)

static void touch(struct scene *scene)
{
	volatile char *memory = must_map(scene, TOUCHED);

	for (size_t i = 0; i < TOUCHED; i += 1024)
		memory[i] = 1;
}

static void act_memory(struct scene *scene)
{
	struct cost cost;

	in_child_cost(scene, "child", touch, &cost);
	fact(scene, "peak", "%llu", (unsigned long long)cost.peak_bytes + (1 << 20));
}

/* clang-format off */
static const struct check checks[] = {
	{ "fork", act_fork, {
		{ "fork", { IS("process.pid", "{child}"), IS("process.parent.pid", "{pid}"),
			    IS("event.action", "fork"), HAS("event.type", "start"),
			    HAS("event.category", "process"), IS("event.kind", "event"),
			    IS("user.id", "0"), SOME("process.entity_id"), SOME("@timestamp") },
		  WANT_ONE } } },
	{ "exec: path, arguments, working directory, parent", act_exec, {
		{ "exec", { IS("process.pid", "{child}"), IS("process.executable", "{dir}/true"),
			    IS("process.name", "true"), IS("process.args.0", "true"),
			    IS("process.args.1", "two words"), IS("process.args.2", ""),
			    IS("process.args.3", "caf\xc3\xa9"), NONE("process.args.4"),
			    IS("process.args_count", "4"), IS("process.working_directory", "{dir}"),
			    IS("process.parent.pid", "{pid}"), IS("event.action", "exec"),
			    IS("user.id", "0"), NONE("ringside.truncated"),
			    SOME("process.thread.capabilities.effective") },
		  WANT_ONE } } },
	{ "exec that fails makes no event", act_exec_failed, {
		{ "exec", { IS("process.pid", "{pid}") }, WANT_NONE } } },
	{ "exec: arguments of more than 4 KiB are cut and marked", act_long_argv, {
		{ "exec", { IS("process.pid", "{child}"), IS("process.args_count", "11"),
			    SOME("process.args.3"), NONE("process.args.6"),
			    HAS("ringside.truncated", "args") },
		  WANT_ONE } } },
	{ "exec: working directory below another", act_cwd, {
		{ "exec", { IS("process.pid", "{child}"),
			    IS("process.working_directory", "{dir}/a/b c") },
		  WANT_ONE } } },
	{ "exec: only the environment asked for", act_exec, {
		{ "exec", { IS("process.pid", "{child}"), HAS("process.env_vars", "RS_TEST=yes"),
			    LACKS("process.env_vars", "RS_OTHER=no") },
		  WANT_ONE } } },
	{ "exec: user and group after setuid, no capabilities", act_ids, {
		{ "exec", { IS("process.pid", "{child}"), IS("user.id", "65534"),
			    IS("user.group.id", "65534"), IS("user.name", "nobody"),
			    NONE("process.thread.capabilities.effective.0") },
		  WANT_ONE } } },
	{ "exec: set-uid program", act_setuid_program, {
		{ "exec", { IS("process.pid", "{child}"), IS("user.id", "65534"),
			    IS("user.effective.id", "0"), IS("ringside.setid", "true") },
		  WANT_ONE } } },
	{ "exec: session and terminal", act_session, {
		{ "exec", { IS("process.pid", "{child}"), IS("process.session_leader.pid", "{pid}"),
			    HAS("ringside.tty", "pts"), IS("process.interactive", "true") },
		  WANT_ONE } } },
	{ "exec: script", act_script, {
		{ "exec", { IS("process.pid", "{child}"), IS("process.executable", "{dir}/true"),
			    IS("process.args.0", "{dir}/true"), IS("process.args.1", "-x"),
			    IS("process.args.2", "{dir}/script"), IS("ringside.script", "{dir}/script") },
		  WANT_ONE } } },
	{ "exec: by descriptor", act_fexecve, {
		{ "exec", { IS("process.pid", "{child}"), IS("process.executable", "{dir}/true"),
			    IS("process.args.0", "true") },
		  WANT_ONE } } },
	{ "exec: of a deleted file", act_deleted, {
		{ "exec", { IS("process.pid", "{child}"), IS("process.executable", "{dir}/true"),
			    IS("ringside.executable.links", "0") },
		  WANT_ONE } } },
	{ "exec: of a file that only lives in memory", act_memfd, {
		{ "exec", { IS("process.pid", "{child}"), IS("process.executable", "/memfd:hidden"),
			    IS("ringside.executable.links", "0") },
		  WANT_ONE } } },
	{ "exec: relative to a directory descriptor", act_execveat, {
		{ "exec", { IS("process.pid", "{child}"), IS("process.executable", "{dir}/true"),
			    IS("process.args.1", "at") },
		  WANT_ONE } } },
	{ "exec: through a symbolic link", act_symlinked, {
		{ "exec", { IS("process.pid", "{child}"), IS("process.executable", "{dir}/true") },
		  WANT_ONE } } },
	{ "exec: namespaces", act_namespaces, {
		{ "exec", { IS("process.pid", "{child}"), IS("process.vpid", "1"),
			    IS("ringside.namespace.uts", "{uts}") },
		  WANT_ONE } } },
	{ "exec: cgroup", act_cgroup, {
		{ "exec", { IS("process.pid", "{child}"), IS("ringside.cgroup.id", "{cgroup}") },
		  WANT_ONE } } },
	{ "exit: code", act_exit_code, {
		{ "exit", { IS("process.pid", "{child}"), IS("process.exit_code", "42"),
			    IS("process.parent.pid", "{pid}"), IS("event.action", "exit"),
			    HAS("event.type", "end") },
		  WANT_ONE } } },
	{ "exit: by a signal", act_killed, {
		{ "exit", { IS("process.pid", "{child}"), IS("ringside.exit.signal", "SIGKILL"),
			    IS("ringside.exit.core_dumped", "false"), NONE("process.exit_code") },
		  WANT_ONE } } },
	{ "exit: core dumped", act_core, {
		{ "exit", { IS("process.pid", "{child}"), IS("ringside.exit.signal", "SIGSEGV"),
			    IS("ringside.exit.core_dumped", "{core}") },
		  WANT_ONE } } },
	{ "exit: the leading thread ends first", act_leader_first, {
		{ "exit", { IS("process.pid", "{child}"), IS("process.exit_code", "7") },
		  WANT_ONE } } },
	{ "exec: by another than the leading thread", act_thread_exec, {
		{ "exec", { IS("process.pid", "{child}"), IS("process.args.1", "thread"),
			    IS("process.executable", "{dir}/true") }, WANT_ONE },
		{ "exit", { IS("process.pid", "{child}"), IS("process.exit_code", "0") }, WANT_ONE } } },
	{ "a thread is no process", act_thread, {
		{ "fork", { IS("process.parent.pid", "{pid}") }, WANT_NONE },
		{ "exit", { IS("process.pid", "{pid}") }, WANT_ONE } } },
	{ "exit: wall and CPU time", act_spin, {
		{ "exit", { IS("process.pid", "{child}"), AT_LEAST("event.duration", "200000000"),
			    AT_MOST("event.duration", "{wall}"),
			    AT_LEAST("ringside.usage.cpu_ns", "199000000"),
			    AT_MOST("ringside.usage.cpu_ns", "{cpu}") },
		  WANT_ONE } } },
	{ "exit: peak memory", act_memory, {
		{ "exit", { IS("process.pid", "{child}"), AT_LEAST("ringside.usage.max_rss_bytes", "33554432"),
			    AT_MOST("ringside.usage.max_rss_bytes", "{peak}") },
		  WANT_ONE } } },
};
/* clang-format on */

/* clang-format off */
static const struct check no_env[] = {
	{ "exec: no environment unless asked for", act_exec, {
		{ "exec", { IS("process.pid", "{child}"), NONE("process.env_vars") }, WANT_ONE } } },
};
/* clang-format on */

/* An emulated machine takes seconds for a hundred. */
#define STORM     1000
#define SMALL     200
#define is_slow() (getenv("RINGSIDE_VM") != NULL)

static void act_storm(struct scene *scene)
{
	const char *path = in_dir(scene, "true");
	static words argv = { "true", NULL };

	copy_true(scene, path);
	for (unsigned i = 0, n = is_slow() ? SMALL : STORM; i < n; i++) {
		pid_t pid;

		if (posix_spawn(&pid, path, NULL, NULL, (char *const *)argv,
				(char *const *)plain_env))
			scene_fail(scene, "posix_spawn: %m");
		wait_for(scene, pid);
	}
}

#define THREADED 200

static void *linger(void *arg)
{
	for (;;)
		pause();
	return arg;
}

/* All threads die at once, on several CPUs: each of them may take itself for the last. */
static void act_threads_end(struct scene *scene)
{
	for (unsigned i = 0; i < THREADED; i++) {
		pid_t pid = must(fork());

		if (!pid) {
			for (int thread = 0; thread < 4; thread++)
				start_thread(scene, linger, NULL);
			_exit(0); /* exit_group(2) */
		}
		wait_for(scene, pid);
	}
}

/* clang-format off */
static const struct check threads[] = {
	{ "processes whose threads all end at once", act_threads_end, {
		{ "exit", { IS("process.parent.pid", "{pid}"), IS("process.exit_code", "0") }, THREADED } } },
};

#define STORM_OF(n)                                                                                \
	{ "a storm of short processes", act_storm, {                                               \
		{ "exec", { IS("process.executable", "{dir}/true"),                                \
			    IS("process.parent.pid", "{pid}") }, n },                              \
		{ "fork", { IS("process.parent.pid", "{pid}") }, n },                              \
		{ "exit", { IS("process.parent.pid", "{pid}"), IS("process.exit_code", "0") }, n } } }

static const struct check a_storm[] = { STORM_OF(STORM) }, small_storm[] = { STORM_OF(SMALL) };
/* clang-format on */

int main(void)
{
	struct agent agent = AGENT_INIT;
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	agent_start(&agent, (const char *[]){ "--pid", pid, "--kinds", "process", "--env",
					      "RS_TEST", NULL });
	check_all(&agent, checks, ARRAY_SIZE(checks));
	agent_done(&agent);

	agent_start(&agent, (const char *[]){ "--pid", pid, "--kinds", "process", NULL });
	check_all(&agent, no_env, ARRAY_SIZE(no_env));
	check_all(&agent, threads, ARRAY_SIZE(threads));
	check_all(&agent, is_slow() ? small_storm : a_storm, 1);
	tap_ok(agent_stop(&agent, SIGINT) == 0, "the agent ends with code 0");
	/* Where tracepoints can be preempted the kernel skips programs now and then: said, and no fault of ours. */
	if (!tap_ok(strstr(rs_str_cstr(&agent.err_text), "none lost") ||
			    strstr(rs_str_cstr(&agent.err_text),
				   "the kernel skipped a program that was at work already"),
		    "and says that none was lost"))
		tap_diag("%s", rs_str_cstr(&agent.err_text));
	agent_done(&agent);
	return tap_done();
}
