/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ringside trace` and bpftrace side by side: the same script, the same events, the same output to the letter. What an
 * actor does both see, for it does so when both have attached. Debian's version is 0.17: scripts are what it knows,
 * and what newer versions write in another way is written back before comparing, see normalise().
 */
#include <fcntl.h>
#include <poll.h>
#include <regex.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"
#include "kern/elf.h"
#include "tests/kernel/lib/agent.h"
#include "tests/kernel/lib/tap.h"

/* --- what the actor does --- */

struct compared_pair {
	int number;
	char name[12];
	struct compared_pair *next;
};

/* Not static: bpftrace asks the symbol table for them. */
long compared_add(int a, long b, const char *text, const struct compared_pair *pair);
int compared_inner(int depth);
int compared_outer(int depth);

__attribute__((noinline, noipa)) long compared_add(int a, long b, const char *text,
						   const struct compared_pair *pair)
{
	return a + b + (text != NULL) + (pair != NULL);
}

__attribute__((noinline, noipa, optimize("no-omit-frame-pointer"))) int compared_inner(int depth)
{
	return depth * 2;
}

__attribute__((noinline, noipa, optimize("no-omit-frame-pointer"))) int compared_outer(int depth)
{
	return compared_inner(depth) + 1;
}

static void call_functions(void)
{
	struct compared_pair second = { 22, "second", NULL }, first = { 11, "first", &second };

	for (int i = 1; i <= 4; i++)
		compared_add(i, 100L * i, "added", &first);
	compared_outer(5);
	compared_outer(6);
}

static void call_kernel(void)
{
	struct compared_pair second = { 22, "second", NULL }, first = { 11, "first", &second };
	char name[] = "true", argument[] = "argument";
	struct timespec moment = { .tv_nsec = 1000 };
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	pid_t child;

	for (int i = 0; i < 5; i++)
		getpgid(0);
	for (int i = 1; i <= 3; i++)
		syscall(SYS_write, null, "written text", (size_t)(4 * i));
	(void)!open("/nonexistent/ringside", O_RDONLY | O_CLOEXEC);
	syscall(SYS_readlink, &first, NULL, 0); /* no path: for who looks there */
	syscall(SYS_nanosleep, &moment, NULL);
	close(null);
	child = fork();
	if (!child) {
		execl("/bin/true", name, argument, NULL);
		_exit(127);
	}
	waitpid(child, NULL, 0);
	syscall(SYS_sched_yield); /* the last: see script_of() */
}

/* What happens on one CPU is told in its order. */
static void stay_here(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((unsigned)sched_getcpu(), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

struct actor {
	pid_t pid;
	int orders, answers;
};

#define ORDER_CALL 'c' /* something that tells whether probes are attached */
#define ORDER_ACT  'a'

/* Lives on when it has acted: addresses get their names later. */
static void obey(int orders, int answers)
{
	char order;

	stay_here();
	while (read(orders, &order, 1) == 1) {
		if (order == ORDER_CALL) {
			getpriority(PRIO_PROCESS, 0);
		} else {
			call_functions();
			call_kernel();
		}
		(void)!write(answers, "", 1);
	}
	_exit(0);
}

static void start_actor(struct actor *actor)
{
	int orders[2], answers[2];

	if (pipe2(orders, O_CLOEXEC) < 0 || pipe2(answers, O_CLOEXEC) < 0)
		tap_bail("pipe: %m");
	fflush(stdout);
	actor->pid = fork();
	if (actor->pid < 0)
		tap_bail("fork: %m");
	if (!actor->pid) {
		signal(SIGUSR1, SIG_IGN);
		close(orders[1]);
		obey(orders[0], answers[1]);
	}
	close(orders[0]);
	close(answers[1]);
	actor->orders = orders[1];
	actor->answers = answers[0];
}

static void order(struct actor *actor, char what)
{
	(void)!write(actor->orders, &what, 1);
	(void)!read(actor->answers, &what, 1);
}

static void end_actor(struct actor *actor)
{
	close(actor->orders);
	close(actor->answers);
	kill(actor->pid, SIGKILL); /* others may have its pipe too */
	waitpid(actor->pid, NULL, 0);
}

/* --- the scripts --- */

struct row {
	const char *name;
	const char *script;     /* $1: the actor; {self}: this program */
	const char *options[4]; /* before the script */
	bool alone;             /* ends by itself, without an actor */
	bool sorted;            /* lines in any order */
};

/* clang-format off */
static const struct row rows[] = {
	/* --- the language alone --- */
	{ "arithmetic",
	  .script = "BEGIN { printf(\"%d %d %d %d %d\\n\", 7 / 2, 7 % 3, 2 + 3 * 4, (2 + 3) * 4, 10 - 2 - 3); exit(); }", .alone = true },
	{ "bits",
	  .script = "BEGIN { printf(\"%d %d %d %d %d\\n\", 6 & 3, 6 | 3, 6 ^ 3, 1 << 10, 1024 >> 3); exit(); }", .alone = true },
	{ "comparisons",
	  .script = "BEGIN { printf(\"%d%d%d%d%d%d\\n\", 1 < 2, 2 <= 2, 3 > 4, 4 >= 5, 5 == 5, 6 != 6); "
	  "printf(\"%d%d%d\\n\", 1 && 0, 1 || 0, !5); exit(); }", .alone = true },
	{ "increments",
	  .script = "BEGIN { $x = 5; $x++; ++$x; $x--; @y++; @y++; @z[1]++; @z[1] += 10; @y *= 7; printf(\"%d %d\\n\", $x, @y++); exit(); }",
	  .alone = true },
	{ "conversions of printf",
	  .script = "BEGIN { printf(\"%5d|%-5d|%05d|%x\\n\", 42, 42, 42, 255); printf(\"%X|%o|%u|%lld|%llx|%c\\n\", 255, 8, 7, 123456789012, 255, 65); exit(); }",
	  .alone = true },
	{ "texts of printf",
	  .script = "BEGIN { printf(\"[%s][%10s][%-10s][%.2s]\\n\", \"abc\", \"abc\", \"abc\", \"abc\"); exit(); }", .alone = true },
	{ "values with a sign and without",
	  .script = "BEGIN { printf(\"%d %d %d %d\\n\", (uint8)200, (int8)-3, (uint16)45110, (int32)-70000); @a = (uint8)200; @b = (int8)-3; @c = (uint64)-1; @d = (int64)-1; exit(); }",
	  .alone = true, .sorted = true },
	{ "if and else",
	  .script = "BEGIN { $i = 3; if ($i > 5) { printf(\"large\\n\"); } else if ($i > 2) { printf(\"middle\\n\"); } else { printf(\"small\\n\"); } exit(); }",
	  .alone = true },
	{ "conditional values",
	  .script = "BEGIN { $i = 3; printf(\"%s %d\\n\", $i == 3 ? \"three\" : \"other\", $i > 5 ? 1 : $i > 2 ? 2 : 3); exit(); }", .alone = true },
	{ "while, continue, break",
	  .script = "BEGIN { $i = 0; while ($i < 10) { $i++; if ($i == 3) { continue; } if ($i > 6) { break; } printf(\"%d\\n\", $i); } exit(); }",
	  .alone = true },
	{ "unroll",
	  .script = "BEGIN { $i = 1; unroll(5) { printf(\"%d\\n\", $i); $i *= 3; } exit(); }", .alone = true },
	{ "comparing strings",
	  .script = "BEGIN { $s = \"abc\"; @s = \"abd\"; printf(\"%d%d%d\\n\", $s == \"abc\", $s != \"abc\", @s == $s); exit(); }", .alone = true },
	{ "strncmp",
	  .script = "BEGIN { printf(\"%d %d\\n\", strncmp(\"abcdef\", \"abcxyz\", 3) == 0, strncmp(\"abcdef\", \"abcxyz\", 4) == 0); exit(); }",
	  .alone = true },
	{ "tuples",
	  .script = "BEGIN { $t = (1, \"two\", (3, 4)); printf(\"%d %s %d\\n\", $t.0, $t.1, $t.2.1); @t = $t; print($t); exit(); }", .alone = true },
	{ "keys that are numbers",
	  .script = "BEGIN { @[3] = 30; @[1] = 10; @[2] = 20; exit(); }", .alone = true },
	{ "keys that are texts",
	  .script = "BEGIN { @a[\"x\"] = 1; @a[\"yy\"] = 2; @a[\"zzz\"] = 3; exit(); }", .alone = true, .sorted = true },
	{ "keys of several parts",
	  .script = "BEGIN { @a[1, \"x\", 2] = 1; @a[1, \"y\", 3] = 2; exit(); }", .alone = true },
	{ "values that are texts and tuples",
	  .script = "BEGIN { @a[1] = \"one\"; @b = (1, \"b\"); @c[\"k\"] = (2, 3); exit(); }", .alone = true },
	{ "print: the largest, divided",
	  .script = "BEGIN { @m[1] = 100; @m[2] = 300; @m[3] = 200; @m[4] = 50; print(@m, 2); print(@m, 3, 10); print(@m); clear(@m); exit(); }",
	  .alone = true },
	{ "print of values",
	  .script = "BEGIN { print(5); print(\"text\"); print((1, \"a\")); @x = 3; print(@x); exit(); }", .alone = true },
	{ "clear, zero, delete",
	  .script = "BEGIN { @a[1] = 1; @b[1] = 1; @c[1] = 1; @c[2] = 2; clear(@a); zero(@b); delete(@c[1]); print(@a); print(@b); print(@c); exit(); }",
	  .alone = true },
	{ "aggregations",
	  .script = "BEGIN { @c = count(); @c = count(); @s = sum(3); @s = sum(4); @a = avg(3); @a = avg(6); @n = min(5); @n = min(2); @x = max(5); @x = max(9); @t = stats(10); @t = stats(20); exit(); }",
	  .alone = true },
	{ "aggregations by key",
	  .script = "BEGIN { @c[1] = count(); @c[2] = count(); @c[2] = count(); @a[\"k\"] = avg(4); @a[\"l\"] = avg(10); @t[1] = stats(5); @t[2] = stats(50); @s[7, 8] = sum(5); exit(); }",
	  .alone = true },
	{ "hist",
	  .script = "BEGIN { @ = hist(0); @ = hist(1); @ = hist(2); @ = hist(3); @ = hist(100); @ = hist(100); @ = hist(5000); @ = hist(-5); exit(); }",
	  .alone = true },
	{ "hist by key",
	  .script = "BEGIN { @h[1] = hist(10); @h[2] = hist(1000); @h[2] = hist(2000000); @k[\"a\", 2] = hist(7); exit(); }", .alone = true },
	{ "lhist",
	  .script = "BEGIN { @ = lhist(5, 0, 100, 10); @ = lhist(55, 0, 100, 10); @ = lhist(58, 0, 100, 10); @ = lhist(-1, 0, 100, 10); @ = lhist(500, 0, 100, 10); @k[1] = lhist(3, 0, 10, 2); exit(); }",
	  .alone = true },
	{ "buf",
	  .script = "BEGIN { printf(\"%r\\n\", buf(\"ab\\x01\\n\", 4)); exit(); }", .alone = true },
	{ "ntop",
	  .script = "BEGIN { printf(\"%s %s\\n\", ntop(0x0100007f), ntop(2, 0x08080808)); exit(); }", .alone = true },
	{ "strftime and time",
	  .script = "BEGIN { printf(\"%s\\n\", strftime(\"%Y-%m-%d\", nsecs)); time(\"%Y-%m\\n\"); exit(); }", .alone = true },
	{ "times",
	  .script = "BEGIN { $a = nsecs; $b = nsecs; printf(\"%d %d %d\\n\", $b >= $a, ($b - $a) / 1000000000, elapsed < 100000000000); exit(); }",
	  .alone = true },
	{ "users",
	  .script = "BEGIN { printf(\"%s %d %d %d\\n\", username, uid, gid, pid == tid); exit(); }", .alone = true },
	{ "parameters",
	  .script = "BEGIN { printf(\"%d %d %s %d %s\\n\", $1 > 0, $2, str($3), $#, str($9)); exit(); }", .alone = true },
	{ "cat", .script = "BEGIN { cat(\"/proc/sys/kernel/ostype\"); cat(\"/proc/%s/ostype\", \"sys/kernel\"); exit(); }", .alone = true },
	{ "system", .script = "BEGIN { system(\"echo said %d %s\", 5, \"times\"); exit(); }", .options = { "--unsafe" }, .alone = true },
	{ "names of the kernel",
	  .script = "BEGIN { printf(\"%s %d\\n\", ksym(kaddr(\"vfs_read\")), kaddr(\"vfs_read\") == kaddr(\"vfs_read\")); exit(); }", .alone = true },
	{ "structures of the script",
	  .script = "struct mine { int a; char b[6]; unsigned short c; long d; }; BEGIN { printf(\"%d %d\\n\", sizeof(struct mine), sizeof(uint32)); exit(); }",
	  .alone = true },
	{ "#define",
	  .script = "#define FORTY 40\n#define TWO 2\nBEGIN { printf(\"%d\\n\", FORTY + TWO); exit(); }", .alone = true },
	{ "comments",
	  .script = "// one\n/* two\n three */ BEGIN { /* four */ printf(\"five\\n\"); // six\n exit(); }", .alone = true },
	{ "interval", .script = "interval:ms:20 { @n[1]++; if (@n[1] == 3) { printf(\"three\\n\"); exit(); } } END { clear(@n); }", .alone = true },
	{ "profile", .script = "profile:hz:99 { @seen = 1; exit(); }", .alone = true },
	{ "END", .script = "BEGIN { @a[1] = 1; @b = 2; exit(); } END { printf(\"end %d\\n\", @a[1]); clear(@a); }", .alone = true },
	{ "JSON of maps",
	  .script = "BEGIN { @a = 1; @b[1] = 2; @c[\"x\", 2] = 3; @d = \"text\"; exit(); }", .options = { "-f", "json" }, .alone = true },
	{ "JSON of histograms",
	  .script = "BEGIN { @h = hist(5); @h = hist(-1); @l = lhist(5, 0, 10, 5); @k[1] = hist(0); exit(); }", .options = { "-f", "json" }, .alone = true },
	{ "JSON of the rest",
	  .script = "BEGIN { printf(\"p\\n\"); time(\"%Y\\n\"); print((1, 2)); cat(\"/proc/sys/kernel/ostype\"); @s = stats(3); exit(); }",
	  .options = { "-f", "json" }, .alone = true },

	/* --- with events --- */
	{ "arguments of a tracepoint",
	  .script = "tracepoint:syscalls:sys_enter_openat /pid == $1/ { printf(\"%s %d\\n\", str(args->filename), args->flags); }" },
	{ "counting by name", .script = "tracepoint:syscalls:sys_enter_getpgid /pid == $1/ { @[comm] = count(); @p[pid, tid] = count(); }" },
	{ "counting system calls", .script = "tracepoint:raw_syscalls:sys_enter /pid == $1 && (args->id == 35 || args->id == 121 || args->id == 257)/ { @[args->id] = count(); }", .sorted = true },
	{ "results", .script = "tracepoint:syscalls:sys_exit_openat /pid == $1/ { @[args->ret < 0 ? 1 : 0] = count(); @r = min(args->ret); }", .sorted = true },
	{ "aggregations of events",
	  .script = "tracepoint:syscalls:sys_enter_write /pid == $1 && args->count > 1/ { @s = sum(args->count); @a = avg(args->count); @n = min(args->count); @x = max(args->count); @t = stats(args->count); }" },
	{ "histograms of events",
	  .script = "tracepoint:syscalls:sys_enter_write /pid == $1 && args->count > 1/ { @h = hist(args->count); @l[comm] = lhist(args->count, 0, 20, 4); }" },
	{ "memory of a process",
	  .script = "tracepoint:syscalls:sys_enter_write /pid == $1 && args->count > 1/ { printf(\"%r|%s|%s\\n\", buf(args->buf, args->count), str(args->buf, 8), str(args->buf)); }" },
	{ "the probe's name",
	  .script = "tracepoint:syscalls:sys_enter_getpgid, tracepoint:syscalls:sys_exit_getpgid /pid == $1/ { @[probe] = count(); }", .sorted = true },
	{ "wildcards", .script = "tracepoint:syscalls:sys_enter_getpg* /pid == $1/ { @[probe] = count(); }" },
	{ "from entry to exit",
	  .script = "tracepoint:syscalls:sys_enter_nanosleep /pid == $1/ { @start[tid] = nsecs; } "
	  "tracepoint:syscalls:sys_exit_nanosleep /@start[tid]/ { printf(\"%d\\n\", nsecs - @start[tid] >= 1000); delete(@start[tid]); }" },
	{ "forks", .script = "tracepoint:sched:sched_process_fork /pid == $1/ { printf(\"%d %d %d\\n\", args->parent_pid, args->child_pid, pid); }" },
	{ "join", .script = "tracepoint:syscalls:sys_enter_execve /((struct task_struct *)curtask)->real_parent->tgid == $1/ { join(args->argv); join(args->argv, \",\"); }" },
	{ "types of the kernel",
	  .script = "tracepoint:syscalls:sys_enter_nanosleep /pid == $1/ { $t = (struct task_struct *)curtask; printf(\"%d %s %d %s\\n\", $t->tgid == pid, $t->comm, $t->real_parent->tgid, $t->real_parent->comm); }" },
	{ "pointers to a process",
	  .script = "tracepoint:syscalls:sys_enter_nanosleep /pid == $1/ { printf(\"%d %d\\n\", args->rqtp->tv_sec, args->rqtp->tv_nsec); }" },
	{ "control groups", .script = "tracepoint:syscalls:sys_enter_nanosleep /pid == $1/ { printf(\"%d\\n\", cgroup); @[cgroup] = count(); }" },
	{ "stacks of the kernel", .script = "tracepoint:syscalls:sys_enter_nanosleep /pid == $1/ { @[kstack(4)] = count(); }" },
	{ "signal", .script = "tracepoint:syscalls:sys_enter_nanosleep /pid == $1/ { signal(\"USR1\"); printf(\"sent\\n\"); }", .options = { "--unsafe" } },
	{ "arguments of a function",
	  .script = "uprobe:{self}:compared_add /pid == $1/ { printf(\"%d %d %s\\n\", arg0, arg1, str(arg2)); }" },
	{ "results of a function", .script = "uretprobe:{self}:compared_add /pid == $1/ { @[retval] = count(); @s = sum(retval); }", .sorted = true },
	{ "structures of a process",
	  .script = "struct pair { int number; char name[12]; struct pair *next; }; tracepoint:syscalls:sys_enter_readlink /pid == $1/ { $p = (struct pair *)args->path; "
	  "printf(\"%d %s %d %s\\n\", $p->number, $p->name, $p->next->number, $p->next->name); @[$p->next->number] = count(); }" },
	{ "names of functions", .script = "uprobe:{self}:compared_* /pid == $1/ { @[func] = count(); @u[usym(reg(\"ip\"))] = count(); }", .sorted = true },
	{ "stacks of a process", .script = "uprobe:{self}:compared_inner /pid == $1/ { @[ustack(2)] = count(); }" },
	{ "stacks in printf", .script = "uprobe:{self}:compared_inner /pid == $1/ { printf(\"%s\\n\", ustack(1)); }" },
	{ "places in a function", .script = "uprobe:{self}:compared_outer+0 /pid == $1/ { @[probe] = count(); }" },
	{ "JSON of events", .script = "tracepoint:syscalls:sys_enter_getpgid /pid == $1/ { @[comm, pid] = count(); printf(\"%s\\n\", comm); }",
	  .options = { "-f", "json" } },
};
/* clang-format on */

/* --- running both --- */

#define AT_ONCE  4
#define COMMANDS 2
#define TRIES    3

struct side {
	pid_t pid;
	int out, err;
	int code;
	bool ending; /* told to end, maybe in vain */
	struct rs_str text, err_text;
};

struct pair {
	const struct row *row;
	struct actor actor;
	struct side sides[COMMANDS]; /* ours, theirs */
};

static const char *self(void)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	return n > 0 ? path : "";
}

/* Attaches last what comes first, and tells of each call of the actor then. The second is its last deed. */
static const char marks[] =
	"tracepoint:syscalls:sys_enter_getpriority /pid == $1/ { printf(\"ready\\n\"); } "
	"tracepoint:syscalls:sys_enter_sched_yield /pid == $1/ { printf(\"done\\n\"); } ";

/* With this program's path, and the marks before the first probe. */
static char *script_of(const struct row *row)
{
	struct rs_str text = { 0 };
	const char *at = row->script, *place = strstr(at, "}; ");

	if (!strncmp(at, "struct", 6) && place) {
		rs_str_append(&text, at, (size_t)(place + 3 - at));
		at = place + 3;
	}
	if (!row->alone)
		rs_str_append_cstr(&text, marks);
	while ((place = strstr(at, "{self}"))) {
		rs_str_append(&text, at, (size_t)(place - at));
		rs_str_append_cstr(&text, self());
		at = place + strlen("{self}");
	}
	rs_str_append_cstr(&text, at);
	return rs_str_take(&text);
}

static void run(struct side *side, const char *program, const char *command, const struct row *row,
		pid_t actor)
{
	const char *argv[24] = { program };
	char number[16], *script = script_of(row);
	int out[2], err[2];
	size_t n = 1;

	snprintf(number, sizeof(number), "%d", (int)actor);
	if (command)
		argv[n++] = command;
	for (size_t i = 0; i < ARRAY_SIZE(row->options) && row->options[i]; i++)
		argv[n++] = row->options[i];
	memcpy(&argv[n], (const char *[]){ "-B", "none", "-e", script, number, "2", "three" },
	       7 * sizeof(*argv));
	*side = (struct side){ .code = -1 };
	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		tap_bail("pipe: %m");
	side->pid = fork();
	if (side->pid < 0)
		tap_bail("fork: %m");
	if (!side->pid) {
		signal(SIGINT, SIG_DFL);
		dup2(out[1], STDOUT_FILENO);
		dup2(err[1], STDERR_FILENO);
		execvp(program, (char **)argv);
		_exit(127);
	}
	close(out[1]);
	close(err[1]);
	side->out = out[0];
	side->err = err[0];
	free(script);
}

static void take_from(int *fd, struct rs_str *text)
{
	char buf[4096];
	ssize_t n = read(*fd, buf, sizeof(buf));

	if (n > 0)
		rs_str_append(text, buf, (size_t)n);
	else
		rs_cleanup_close(fd);
}

/* 0.17 sometimes goes on after a signal to end: it gets another one each second. */
static bool poke(struct side *side, struct pollfd fds[2])
{
	for (int ms = 0; ms < agent_patience(); ms += 1000) {
		if (poll(fds, 2, 1000) > 0)
			return true;
		if (side->ending)
			kill(side->pid, SIGINT);
	}
	return false;
}

/* What there is of output; false: there will not be more, or it takes too long. */
static bool take(struct side *side)
{
	struct pollfd fds[] = { { side->out, POLLIN, 0 }, { side->err, POLLIN, 0 } };

	if ((side->out < 0 && side->err < 0) || !poke(side, fds))
		return false;
	if (fds[0].revents)
		take_from(&side->out, &side->text);
	if (fds[1].revents)
		take_from(&side->err, &side->err_text);
	return true;
}

static void wait_word(struct side *side, struct rs_str *text, const char *word)
{
	while (!strstr(rs_str_cstr(text), word) && take(side))
		;
}

/* Has the actor call until that is told. */
static void wait_attached(struct side *side, struct actor *actor)
{
	uint64_t deadline = now_ms() + (uint64_t)agent_patience();

	while (!strstr(rs_str_cstr(&side->text), "ready") && now_ms() < deadline) {
		struct pollfd fds[] = { { side->out, POLLIN, 0 }, { side->err, POLLIN, 0 } };

		order(actor, ORDER_CALL);
		if (poll(fds, 2, 20) > 0 && !take(side))
			return;
	}
}

static void wait_end(struct side *side)
{
	int status = 0;

	while (take(side))
		;
	if (side->out >= 0)
		kill(side->pid, SIGKILL); /* it is silent, and does not end */
	waitpid(side->pid, &status, 0);
	side->code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	rs_cleanup_close(&side->out);
	rs_cleanup_close(&side->err);
}

/* --- comparing --- */

/* Replaces each match by the text, in which \1 to \3 are the groups. */
static void replace(struct rs_str *text, const char *pattern, const char *by)
{
	const char *at = rs_str_cstr(text);
	struct rs_str out = { 0 };
	regmatch_t groups[4];
	regex_t regex;
	int flags = 0;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NEWLINE))
		tap_bail("\"%s\" is no pattern", pattern);
	while (!regexec(&regex, at, ARRAY_SIZE(groups), groups, flags) && groups[0].rm_eo > 0) {
		rs_str_append(&out, at, (size_t)groups[0].rm_so);
		for (const char *c = by; *c; c++) {
			const regmatch_t *group = *c == '\\' ? &groups[*++c - '0'] : NULL;

			if (group)
				rs_str_append(&out, at + group->rm_so,
					      (size_t)(group->rm_eo - group->rm_so));
			else
				rs_str_append_char(&out, *c);
		}
		at += groups[0].rm_eo;
		flags = at[-1] == '\n' ? 0 : REG_NOTBOL;
	}
	rs_str_append_cstr(&out, at);
	regfree(&regex);
	rs_str_done(text);
	*text = out;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_lines(struct rs_str *text)
{
	char *all = strdup(rs_str_cstr(text)), *lines[512], *save = NULL;
	size_t n = 0;

	for (char *line = strtok_r(all, "\n", &save); line && n < ARRAY_SIZE(lines);
	     line = strtok_r(NULL, "\n", &save))
		lines[n++] = line;
	qsort(lines, n, sizeof(*lines), by_text);
	rs_str_reset(text);
	for (size_t i = 0; i < n; i++) {
		rs_str_append_cstr(text, lines[i]);
		rs_str_append_char(text, '\n');
	}
	free(all);
}

/* What the versions write differently by intent: blanks at the end of lines, the indentation of stacks, statistics as
 * a record, how many probes are attached, and how many empty lines are between things; the elements of lists in JSON. */
static void normalise(struct rs_str *text, const struct row *row)
{
	replace(text, " +$", "");
	replace(text, "^ +", "");
	replace(text, "\\{ \\.count = ([0-9-]+), \\.average = ([0-9-]+), \\.total = ([0-9-]+) \\}",
		"count \\1, average \\2, total \\3");
	replace(text, "^.*ready.*$", "");
	replace(text, "^Attaching [0-9]+ probes?\\.\\.\\.$", "");
	replace(text, "^\\{\"type\": *\"attached_probes\".*$", "");
	replace(text, "\\}, \\{", "},{");
	replace(text, "\n+", "\n");
	replace(text, "^\n", "");
	if (row->sorted)
		sort_lines(text);
}

static void judge(struct pair *pair)
{
	struct side *ours = &pair->sides[0], *theirs = &pair->sides[1];
	bool same;

	for (int i = 0; i < COMMANDS; i++)
		normalise(&pair->sides[i].text, pair->row);
	same = !ours->code && !theirs->code && theirs->text.len &&
	       !strcmp(rs_str_cstr(&ours->text), rs_str_cstr(&theirs->text));
	if (tap_ok(same, "%s", pair->row->name))
		return;
	tap_diag("%s", pair->row->script);
	tap_diag("ours, which ended with %d: %s%s", ours->code, rs_str_cstr(&ours->text),
		 rs_str_cstr(&ours->err_text));
	tap_diag("theirs, which ended with %d: %s%s", theirs->code, rs_str_cstr(&theirs->text),
		 rs_str_cstr(&theirs->err_text));
}

static void start(struct pair *pair, const struct row *row)
{
	*pair = (struct pair){ .row = row };
	start_actor(&pair->actor);
	run(&pair->sides[0], agent_binary(), "trace", row, pair->actor.pid);
	run(&pair->sides[1], "bpftrace", NULL, row, pair->actor.pid);
}

static void play(struct pair *pair)
{
	if (pair->row->alone)
		return;
	wait_word(&pair->sides[0], &pair->sides[0].err_text, "Attached ");
	for (int k = 0; k < COMMANDS; k++)
		wait_attached(&pair->sides[k], &pair->actor);
	order(&pair->actor, ORDER_ACT);
	for (int k = 0; k < COMMANDS; k++)
		wait_word(&pair->sides[k], &pair->sides[k].text, "done");
	for (int k = 0; k < COMMANDS; k++)
		kill(pair->sides[k].pid, SIGINT);
	pair->sides[1].ending = true;
}

static void finish(struct pair *pair)
{
	for (int k = 0; k < COMMANDS; k++)
		wait_end(&pair->sides[k]);
	end_actor(&pair->actor);
}

static void clear(struct pair *pair)
{
	for (int k = 0; k < COMMANDS; k++) {
		rs_str_done(&pair->sides[k].text);
		rs_str_done(&pair->sides[k].err_text);
	}
}

/* 0.17 fails now and then: that is not our fault, and there is nothing to compare with. */
static bool theirs_failed(const struct pair *pair)
{
	return pair->sides[1].code || !pair->sides[1].text.len;
}

static void end(struct pair *pair)
{
	finish(pair);
	for (int i = 1; i < TRIES && theirs_failed(pair); i++) {
		tap_diag("%s: bpftrace ended with %d; once more", pair->row->name,
			 pair->sides[1].code);
		clear(pair);
		start(pair, pair->row);
		play(pair);
		finish(pair);
	}
	judge(pair);
	clear(pair);
}

/* Several at a time, for most of it is waiting. */
static void check(const struct row *const list[], size_t n)
{
	struct pair pairs[AT_ONCE];

	for (size_t i = 0; i < n; i++)
		start(&pairs[i], list[i]);
	for (size_t i = 0; i < n; i++)
		play(&pairs[i]);
	for (size_t i = 0; i < n; i++)
		end(&pairs[i]);
}

/* Whether our own functions have names; a release is built without. */
static bool have_names(void)
{
	_cleanup_(rs_elf_close) struct rs_elf *elf = NULL;
	struct rs_elf_symbol symbol;

	return rs_elf_open(self(), "", &elf, NULL) == 0 &&
	       rs_elf_find(elf, "compared_add", true, &symbol);
}

static bool have_bpftrace(void)
{
	return WEXITSTATUS(system("bpftrace --version >/dev/null 2>&1")) == 0;
}

static bool wanted(const struct row *row, int argc, char *argv[])
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(row->name, argv[i]))
			return true;
	return argc == 1;
}

/* Only the rows whose names are given, if any are. */
int main(int argc, char *argv[])
{
	const struct row *list[AT_ONCE];
	bool names = have_names();
	size_t n = 0;

	if (!have_bpftrace()) {
		tap_skip("side by side with bpftrace", "it is not installed");
		return tap_done();
	}
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!wanted(&rows[i], argc, argv))
			continue;
		if (!names && strstr(rows[i].script, "{self}")) {
			tap_skip(rows[i].name, "this program was built without symbols");
			continue;
		}
		list[n++] = &rows[i];
		if (n == AT_ONCE) {
			check(list, n);
			n = 0;
		}
	}
	check(list, n);
	return tap_done();
}
