/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scripts that other people ship: each *.bt of a folder compiles, attaches, and prints what it is
 * there for once that is done. The folder: $RINGSIDE_BT, else where Debian's package puts them, else
 * /bt, where a guest has them.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "base/util.h"
#include "tests/kernel/lib/again.h"
#include "tests/kernel/lib/disk.h"
#include "tests/kernel/lib/loopback.h"
#include "tests/kernel/lib/sys.h"
#include "tests/kernel/lib/tap.h"

/* --- what makes them print --- */

static void act_bash(struct scene *scene)
{
	static const char *const args[] = { "bash", "--norc", "--noprofile", "-i", NULL };
	static const char words[] = "echo ringside-typed\nexit\n";
	char text[512];
	int terminal;
	pid_t pid;

	if (access("/bin/bash", X_OK))
		scene_skip(scene, "/bin/bash: %m");
	pid = must(forkpty(&terminal, NULL, NULL, NULL));
	if (!pid) {
		execv("/bin/bash", (char **)args);
		_exit(127);
	}
	must(write(terminal, words, strlen(words)));
	while (read(terminal, text, sizeof(text)) > 0)
		;
	wait_for(scene, pid);
}

static void act_capable(struct scene *scene)
{
	must(setpriority(PRIO_PROCESS, 0, -1));
}

static void act_spin(struct scene *scene)
{
	uint64_t begin = cpu_ms();

	(void)scene;
	while (cpu_ms() < begin + 200)
		;
}

static void act_open(struct scene *scene)
{
	write_file(scene, in_dir(scene, "opened"), "x");
}

static void exec_true(struct scene *scene)
{
	char name[] = "true", argument[] = "ringside-argument";

	/* On the stack: a constant's page need not be mapped in a process just forked. */
	execl("/bin/true", name, argument, NULL);
	scene_fail(scene, "/bin/true: %m");
}

static void act_exec(struct scene *scene)
{
	in_child(scene, "child", exec_true);
}

static void exec_getent(struct scene *scene)
{
	int null = must(open("/dev/null", O_WRONLY | O_CLOEXEC));

	must(dup2(null, STDOUT_FILENO));
	execlp("getent", "getent", "ahosts", "localhost", NULL);
	scene_skip(scene, "getent: %m");
}

static void act_getent(struct scene *scene)
{
	in_child(scene, "child", exec_getent);
}

static void act_kill(struct scene *scene)
{
	must(kill(getpid(), SIGCONT));
}

static void act_nothing(struct scene *scene)
{
	(void)scene;
}

static void act_nanosleep(struct scene *scene)
{
	struct timespec time = { .tv_nsec = 20000000 };

	must(syscall(SYS_nanosleep, &time, NULL));
}

static char oom_dir[512];

static void eat(struct scene *scene)
{
	const size_t bytes = 64 << 20;

	if (!cgroup_move(oom_dir, 0))
		scene_fail(scene, "entering \"%s\": %m", oom_dir);
	memset(must_map(scene, bytes), 1, bytes);
}

static void act_oom(struct scene *scene)
{
	char path[600];

	if (!cgroup_make(NULL, "oom", oom_dir, sizeof(oom_dir)))
		scene_skip(scene, "no cgroup v2 can be made: %m");
	snprintf(path, sizeof(path), "%s/memory.max", oom_dir);
	if (access(path, W_OK)) {
		cgroup_remove(oom_dir);
		scene_skip(scene, "cgroup v2 without memory.max");
	}
	write_file(scene, path, "8M");
	in_child(scene, "victim", eat);
	cgroup_remove(oom_dir);
}

static void act_setuid(struct scene *scene)
{
	must(syscall(SYS_setuid, 0));
}

static void exec_openssl(struct scene *scene)
{
	int null = must(open("/dev/null", O_RDWR | O_CLOEXEC));
	char target[64];

	snprintf(target, sizeof(target), "%s", scene_expand(scene, "127.0.0.1:{port}"));
	for (int fd = 0; fd < 3; fd++)
		must(dup2(null, fd));
	execlp("openssl", "openssl", "s_client", "-connect", target, NULL);
	scene_skip(scene, "openssl: %m");
}

/* The other side goes away: the handshake ends all the same. */
static void act_openssl(struct scene *scene)
{
	int listener = loopback_listen(scene, 1);
	pid_t pid = must(fork());

	if (!pid)
		exec_openssl(scene);
	close(must(accept(listener, NULL, NULL)));
	wait_for(scene, pid);
}

static void act_stat(struct scene *scene)
{
	struct statx st;

	must(statx(AT_FDCWD, scene->dir, 0, STATX_BASIC_STATS, &st));
}

static void act_fsync(struct scene *scene)
{
	int fd = must(open(in_dir(scene, "f"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));

	must(fsync(fd));
}

static void *routine(void *arg)
{
	return arg;
}

static void act_thread(struct scene *scene)
{
	if (!dlsym(RTLD_DEFAULT, "pthread_create"))
		scene_skip(scene, "this program has its libraries in itself");
	join_thread(scene, start_thread(scene, routine, NULL));
}

static void act_unix(struct scene *scene)
{
	char text[32];
	int fds[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
	must(write(fds[0], "ringside-sent", 13));
	must(read(fds[1], text, sizeof(text)));
}

static void act_write(struct scene *scene)
{
	char text[8];
	int fd;

	/* A few times: tools that print each second may just have done so. */
	for (int i = 0; i < 20; i++) {
		write_file(scene, in_dir(scene, "f"), "x");
		fd = must(open(in_dir(scene, "f"), O_RDONLY | O_CLOEXEC));
		must(read(fd, text, sizeof(text)));
		close(fd);
	}
}

/* --- the tools --- */

#define WANTS 3

struct tool {
	const char *name;
	scene_act *act;
	/* Each fits a line of the output: as fnmatch(3), and scene_expand(). */
	const char *wants[WANTS];
	/* Told by the compiler where a kernel or a library does not have what the script is made for:
	 * no mistake of ours. */
	const char *lacks[WANTS];
	bool at_end; /* printed when it is ended */
};

/* clang-format off */
static const struct tool tools[] = {
	{ "bashreadline", act_bash, .wants = { "*:*:* * echo ringside-typed" }, .lacks = { "no such file" } },
	{ "biolatency", disk_use, .wants = { "@usecs:*", "[[]*[])] *|@*|" }, .at_end = true },
	{ "biosnoop", disk_use, .wants = { "* loop* test-tools *{pid} *" },
	  .lacks = { "struct request_queue has no field \"disk\"" } },
	{ "biostacks", disk_use, .wants = { "@usecs[[]*", "[[]*[])] *|@*|" }, .at_end = true },
	{ "bitesize", disk_use, .wants = { "@[[]test-tools]:*", "[[]4K, 8K) *|@*|" }, .at_end = true },
	{ "capable", act_capable, .wants = { "*:*:* 0 *{pid} *test-tools *23 *CAP_SYS_NICE *" } },
	{ "cpuwalk", act_spin, .wants = { "@cpu:*", "[[]*[])] *|@*|" }, .at_end = true },
	{ "dcsnoop", act_open, .wants = { "* {pid} *test-tools *M opened" } },
	{ "execsnoop", act_exec, .wants = { "* {child} *true ringside-argument" } },
	{ "gethostlatency", act_getent, .wants = { "*:*:* *getent * localhost" },
	  .lacks = { "no library" } },
	{ "killsnoop", act_kill, .wants = { "*:*:* {pid} *test-tools *18 *{pid} *0" } },
	{ "loads", act_nothing, .wants = { "*:*:* load averages: *.??? *.??? *.???" },
	  .lacks = { "the kernel has no symbol \"avenrun\"" } },
	{ "mdflush", act_nothing, .wants = { "Tracing md flush events*" },
	  .lacks = { "struct bio has no field \"bi_bdev\"" } },
	{ "naptime", act_nanosleep, .wants = { "*:*:* * {pid} *test-tools * 0.020" } },
	{ "oomkill", act_oom, .wants = { "*OOM kill of PID {victim} *test-tools*pages, loadavg: *.*" } },
	{ "opensnoop", act_open, .wants = { "{pid} *test-tools * 0 {dir}/opened" } },
	{ "pidpersec", act_exec, .wants = { "*:*:* PIDs/sec: @: *" } },
	{ "runqlat", act_exec, .wants = { "@usecs:*", "[[]*[])] *|@*|" }, .at_end = true },
	{ "runqlen", act_spin, .wants = { "@runqlen:*", "[[]*[])] *|@*|" },
	  .lacks = { "struct cfs_rq has no field \"nr_running\"" }, .at_end = true },
	{ "setuids", act_setuid, .wants = { "*:*:* {pid} *test-tools *0 *setuid *uid=0 (0)" } },
	{ "ssllatency", act_openssl, .wants = { "@histF[[]SSL_write]:*", "@statF[[]SSL_write]: *count*1*" },
	  .lacks = { "no library" }, .at_end = true },
	{ "sslsnoop", act_openssl, .wants = { "* openssl * SSL_write" }, .lacks = { "no library" } },
	{ "statsnoop", act_stat, .wants = { "{pid} *test-tools *0 {dir}" } },
	{ "swapin", disk_swap, .wants = { "@[[]test-tools, {swapped}]:*" } },
	{ "syncsnoop", act_fsync, .wants = { "*:*:* {pid} *test-tools *tracepoint:syscalls:sys_enter_fsync" } },
	{ "syscount", act_write, .wants = { "Top 10 syscalls IDs:", "@syscall[[]*]:*", "@process[[]*]:*" },
	  .at_end = true },
	{ "tcpaccept", loopback_talk, .wants = { "*:*:* {pid} *test-tools *127.0.0.1 *127.0.0.1 * {port} *0/5" } },
	{ "tcpconnect", loopback_talk, .wants = { "*:*:* {pid} *test-tools *127.0.0.1 *127.0.0.1 * {port} *" } },
	{ "tcpdrop", loopback_drop, .wants = { "*:*:* {sender} *test-tools *127.0.0.1:* 127.0.0.1:{port} *" },
	  .lacks = { "tracepoint:skb:kfree_skb has no argument \"reason\"" } },
	{ "tcplife", loopback_talk, .wants = { "{pid} *test-tools *127.0.0.1 * 127.0.0.1 *{port} *" } },
	{ "tcpretrans", loopback_retransmit, .wants = { "*:*:* *127.0.0.1:* 127.0.0.1:{port} *SYN_SENT" } },
	{ "tcpsynbl", loopback_talk, .wants = { "@backlog[[]5]:*", "[[]0] *1 |@*|" }, .at_end = true },
	/* routine(), asan_thread_start() where that stands before it, or an address: the process may be gone by then */
	{ "threadsnoop", act_thread, .wants = { "* {pid} *test-tools *" }, .lacks = { "no library" } },
	{ "undump", act_unix, .wants = { "*:*:* test-tools *{pid} *13 *ringside-sent" } },
	{ "vfscount", act_write, .wants = { "@[[]vfs_read]:*", "@[[]vfs_write]:*" }, .at_end = true },
	{ "vfsstat", act_write, .wants = { "*:*:*", "@[[]vfs_write]:*", "@[[]vfs_open]:*" } },
	{ "writeback", disk_sync, .wants = { "*:*:* *sync *.???" } },
	{ "xfsdist", act_nothing, .wants = { "Tracing XFS operation latency*" } },
};
/* clang-format on */

static const struct tool *find_tool(const char *path, char *ret_name, size_t size)
{
	const char *base = strrchr(path, '/') + 1;

	snprintf(ret_name, size, "%.*s", (int)strcspn(base, "."), base);
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
		if (!strcmp(tools[i].name, ret_name))
			return &tools[i];
	return NULL;
}

/* --- why one does not run here --- */

/* Whether one of the file's lines has the function at this place among its words. */
static bool lists(const char *path, int place, const char *function)
{
	FILE *file = fopen(path, "re");
	char line[512], words[3][256];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%255s %255s %255s", words[0], words[1], words[2]) > place &&
			!strcmp(words[place], function);
	if (file)
		fclose(file);
	return found;
}

/* "kprobe:NAME": ... - and what the kernel itself says of it. */
static bool no_function(const char *line)
{
	const char *at = strstr(line, "probe:");
	char name[128];

	if (!at || sscanf(at + 6, "%127[^\"]", name) != 1)
		return false;
	if (strstr(line, "there is no such probe here"))
		return !lists("/proc/kallsyms", 2, name);
	return strstr(line, "Invalid argument") &&
	       !lists("/sys/kernel/tracing/available_filter_functions", 0, name);
}

static bool explains(const struct tool *tool, const char *line)
{
	if (strstr(line, "this kernel has no kprobes"))
		return true;
	if (!strstr(line, "warning: ") && no_function(line))
		return true;
	for (int i = 0; i < WANTS && tool->lacks[i]; i++)
		if (strstr(line, tool->lacks[i]))
			return true;
	return false;
}

/* The line of standard error that names what this system does not have; NULL. */
static const char *why_not(const struct tool *tool, const char *text)
{
	static char line[512];

	while (*text) {
		size_t n = strcspn(text, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)n, text);
		if (explains(tool, line))
			return line;
		text += n + (text[n] != '\0');
	}
	return NULL;
}

/* --- running one --- */

static bool line_fits(const char *pattern, const char *text)
{
	static char line[4096];

	while (*text) {
		size_t n = strcspn(text, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)n, text);
		if (!fnmatch(pattern, line, 0))
			return true;
		text += n + (text[n] != '\0');
	}
	return false;
}

/* The first that no line fits; NULL: all is there. */
static const char *missing(const struct tool *tool, const struct scene *scene, struct rs_str *text)
{
	for (int i = 0; i < WANTS && tool->wants[i]; i++) {
		const char *pattern = scene_expand(scene, tool->wants[i]);

		if (!line_fits(pattern, rs_str_cstr(text)))
			return pattern;
	}
	return NULL;
}

static void wait_printed(struct agent *agent, const struct tool *tool, const struct scene *scene)
{
	uint64_t deadline = now_ms() + (uint64_t)agent_patience() / 3;

	while (missing(tool, scene, &agent->line) && now_ms() < deadline && agent->out >= 0)
		agent_pump(agent, 100);
}

static void tell(struct agent *agent)
{
	size_t n = agent->line.len, from = n > 3000 ? n - 3000 : 0;

	tap_diag("standard error: %s", rs_str_cstr(&agent->err_text));
	tap_diag("the end of its output: %s", rs_str_cstr(&agent->line) + from);
}

/* Does what it watches for; false: there is a result already. */
static bool act(struct agent *agent, const struct tool *tool, struct scene *scene)
{
	int fd = scene_begin(scene, tool->act);
	struct pollfd ended = { fd, POLLIN, 0 };
	enum scene_end end;

	while (poll(&ended, 1, 0) <= 0)
		agent_pump_or(agent, fd, 1000);
	end = scene_end(scene, fd);
	if (end == SCENE_SKIPPED)
		tap_skip(tool->name, scene->note);
	else if (end == SCENE_FAILED && !tap_ok(false, "%s", tool->name))
		tap_diag("its reason to print: %s", scene->note);
	return end == SCENE_DONE;
}

/* --- one after the other --- */

static void judge(struct agent *agent, const struct tool *tool, const struct scene *scene)
{
	int code = agent_stop(agent, SIGINT);
	const char *lacking = missing(tool, scene, &agent->line);
	const char *why = lacking ? why_not(tool, rs_str_cstr(&agent->err_text)) : NULL;

	if (why && !code) {
		tap_skip(tool->name, why);
		return;
	}
	if (tap_ok(!code && !lacking, "%s", tool->name))
		return;
	if (code)
		tap_diag("ended with %d", code);
	if (lacking)
		tap_diag("no line like: %s", lacking);
	tell(agent);
}

static void not_attached(struct agent *agent, const struct tool *tool)
{
	const char *why;

	agent_wait_end(agent);
	why = agent_code(agent) == 1 ? why_not(tool, rs_str_cstr(&agent->err_text)) : NULL;
	if (why)
		tap_skip(tool->name, why);
	else if (!tap_ok(false, "%s", tool->name))
		tell(agent);
}

static void check(const struct tool *tool, const char *path)
{
	const char *args[] = { "trace", path, NULL };
	struct scene *scene = scene_new();
	struct agent agent;

	agent_spawn(&agent, args, NULL, NULL);
	agent.raw = true;
	if (!agent_wait_err(&agent, "Attached ")) {
		not_attached(&agent, tool);
	} else if (act(&agent, tool, scene)) {
		if (!tool->at_end && !why_not(tool, rs_str_cstr(&agent.err_text)))
			wait_printed(&agent, tool, scene);
		judge(&agent, tool, scene);
	}
	agent_done(&agent);
	scene_free(&scene);
}

/* A script that the table does not know: it attaches, or says why not, and ends well. */
static void check_path(const void *data)
{
	const char *path = data;
	struct tool other = { .act = act_nothing };
	char name[64];
	const struct tool *tool = find_tool(path, name, sizeof(name));

	other.name = name;
	check(tool ? tool : &other, path);
}

static bool find_scripts(glob_t *ret_found)
{
	const char *given = getenv("RINGSIDE_BT");
	const char *const folders[] = { given ? given : "/usr/sbin", "/bt" };
	char pattern[4096];

	for (size_t i = 0; i < ARRAY_SIZE(folders) && (!i || !given); i++) {
		snprintf(pattern, sizeof(pattern), "%s/*.bt", folders[i]);
		if (!glob(pattern, 0, NULL, ret_found))
			return true;
	}
	return false;
}

/* Only these, where some are named. */
static bool asked_for(const char *path, int argc, char *argv[])
{
	char name[64];

	find_tool(path, name, sizeof(name));
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc == 1;
}

int main(int argc, char *argv[])
{
	glob_t found = { 0 };

	if (!find_scripts(&found))
		tap_skip("scripts of the bpftrace package", "they are not installed");
	for (size_t i = 0; i < found.gl_pathc; i++)
		if (asked_for(found.gl_pathv[i], argc, argv))
			again(check_path, found.gl_pathv[i]);
	globfree(&found);
	return tap_done();
}
