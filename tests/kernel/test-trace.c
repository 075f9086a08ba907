/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside trace`: scripts from their text to what they print, and what the program ends with. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"
#include "tests/kernel/lib/again.h"
#include "tests/kernel/lib/tap.h"

#define WORDS 12

/* One run of the program. */
struct run {
	pid_t pid;
	int out, err;
	int code; /* as a shell tells it */
	struct rs_str out_text, err_text;
};

static void start(struct run *run, const char *const args[])
{
	const char *words[WORDS + 3] = { agent_binary(), "trace" };
	int out[2], err[2];

	*run = (struct run){ .code = -1 };
	for (size_t i = 0; i < WORDS && args[i]; i++)
		words[2 + i] = args[i];
	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		tap_bail("pipe: %m");
	run->pid = fork();
	if (run->pid < 0)
		tap_bail("fork: %m");
	if (!run->pid) {
		signal(SIGINT, SIG_DFL);
		signal(SIGPIPE, SIG_DFL);
		dup2(out[1], STDOUT_FILENO);
		dup2(err[1], STDERR_FILENO);
		execv(words[0], (char **)words);
		_exit(127);
	}
	close(out[1]);
	close(err[1]);
	run->out = out[0];
	run->err = err[0];
}

/* Reads what is there; false: both ends are closed. */
static bool take(struct run *run)
{
	struct pollfd fds[] = { { run->out, POLLIN, 0 }, { run->err, POLLIN, 0 } };
	struct rs_str *texts[] = { &run->out_text, &run->err_text };
	int *ends[] = { &run->out, &run->err };

	if (poll(fds, 2, agent_patience()) <= 0)
		return false;
	for (int i = 0; i < 2; i++) {
		char buf[4096];
		ssize_t n;

		if (!fds[i].revents)
			continue;
		n = read(*ends[i], buf, sizeof(buf));
		if (n > 0)
			rs_str_append(texts[i], buf, (size_t)n);
		else
			rs_cleanup_close(ends[i]);
	}
	return run->out >= 0 || run->err >= 0;
}

static bool has(struct rs_str *text, const char *part)
{
	return strstr(rs_str_cstr(text), part) != NULL;
}

/* Until standard error has the text. */
static bool wait_for(struct run *run, const char *part)
{
	while (!has(&run->err_text, part)) {
		if (!take(run))
			return has(&run->err_text, part);
	}
	return true;
}

static void end(struct run *run)
{
	int status = 0;

	while (take(run))
		;
	if (run->out >= 0 || run->err >= 0) {
		tap_diag("it does not end by itself");
		kill(run->pid, SIGKILL);
	}
	waitpid(run->pid, &status, 0);
	run->code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	rs_cleanup_close(&run->out);
	rs_cleanup_close(&run->err);
}

static void done(struct run *run)
{
	agent_note_skipped(&run->err_text);
	rs_str_done(&run->out_text);
	rs_str_done(&run->err_text);
}

/* --- scripts that end by themselves --- */

struct script {
	const char *name;
	const char *args[WORDS];
	int code;
	const char *out;  /* all of standard output; NULL: see part */
	const char *part; /* in standard output */
	const char *err;  /* in standard error; NULL: nothing but what is always there */
};

static const struct script scripts[] = {
	{ "BEGIN ends by exit()",
	  { "-e", "BEGIN { printf(\"hello %d\\n\", 42); exit(); }" },
	  0,
	  "hello 42\n\n\n",
	  NULL,
	  "Attached 1 probe\n" },
	{ "only BEGIN ends by itself",
	  { "-e", "BEGIN { printf(\"a\\n\"); } END { printf(\"b\\n\"); }" },
	  0,
	  "a\nb\n\n\n",
	  NULL,
	  "Attached 2 probes\n" },
	{ "the script's own code", { "-q", "-e", "BEGIN { exit(7); }" }, 7, "\n\n", NULL, NULL },
	{ "maps at the end",
	  { "-q", "-e", "BEGIN { @a = 1; @b[2, \"x\"] = 3; @c[1] = count(); exit(); }" },
	  0,
	  "\n\n@a: 1\n@b[2, x]: 3\n@c[1]: 1\n",
	  NULL,
	  NULL },
	{ "no maps at the end",
	  { "-q", "-e", "config = { print_maps_on_exit = 0 } BEGIN { @a = 1; exit(); }" },
	  0,
	  "\n\n",
	  NULL,
	  NULL },
	{ "clear() and zero()",
	  { "-q", "-e", "BEGIN { @a[1] = 1; @b[1] = 5; print(@a); clear(@a); zero(@b); exit(); }" },
	  0,
	  "@a[1]: 1\n\n\n@b[1]: 0\n",
	  NULL,
	  NULL },
	{ "what comes after exit() is not printed",
	  { "-q", "-e", "BEGIN { exit(); printf(\"never\\n\"); }" },
	  0,
	  "\n\n",
	  NULL,
	  NULL },
	{ "JSON",
	  { "-f", "json", "-e", "BEGIN { printf(\"x\\n\"); @a[1] = 2; exit(); }" },
	  0,
	  "{\"type\": \"attached_probes\", \"count\": 1, \"data\": {\"probes\": 1}}\n{\"type\": \"printf\", \"data\": \"x\\n\"}\n"
	  "{\"type\": \"map\", \"data\": {\"@a\": {\"1\": 2}}}\n",
	  NULL,
	  NULL },
	{ "an interval",
	  { "-q", "-e", "interval:ms:10 { if (@n == 3) { exit(); } else { @n++; } }" },
	  0,
	  "\n\n@n: 3\n",
	  NULL,
	  NULL },
	{ "parameters",
	  { "-q", "-e", "BEGIN { printf(\"%d %s\\n\", $1, str($2)); exit(); }", "5", "six" },
	  0,
	  "5 six\n\n\n",
	  NULL,
	  NULL },
	{ "an iterator",
	  { "-q", "-e", "iter:task { if (ctx->task->tgid == pid) { printf(\"me\\n\"); } }" },
	  0,
	  NULL,
	  "me\n",
	  NULL },
	{ "the command's code",
	  { "-q", "-c", "sh -c 'exit 9'", "-e", "END { printf(\"end\\n\"); }" },
	  9,
	  "end\n\n\n",
	  NULL,
	  NULL },
	{ "the command's pid",
	  { "-q", "-c", "/bin/true", "-e",
	    "tracepoint:sched:sched_process_exit /pid == cpid/ { printf(\"gone\\n\"); }" },
	  0,
	  "gone\n\n\n",
	  NULL,
	  NULL },
	{ "a string from a process",
	  { "-q", "-c", "cat /proc/self/comm", "-o", "/dev/stderr", "-e",
	    "tracepoint:syscalls:sys_enter_openat /pid == cpid/ { printf(\"[%s]\\n\", str(args.filename)); }" },
	  0,
	  "cat\n",
	  NULL,
	  "[/proc/self/comm]\n" },
	{ "counting system calls by name",
	  { "-q", "-c", "/bin/true", "-e",
	    "tracepoint:raw_syscalls:sys_enter /comm == \"true\"/ { @[comm] = count(); }" },
	  0,
	  NULL,
	  "\n\n@[true]: ",
	  NULL },
	{ "a full map is told",
	  { "-q", "-e", "config = { max_map_keys = 1 } BEGIN { @[1] = 1; @[2] = 2; exit(); }" },
	  0,
	  "\n\n@[1]: 1\n",
	  NULL,
	  ":49-53: WARNING: Map full; can't update element. @ has 1 keys" },
	{ "lost events are told",
	  { "-q", "-e",
	    "config = { perf_rb_pages = 1 } BEGIN { for ($i : 0..1000) { printf(\"%d\\n\", $i); } }" },
	  0,
	  NULL,
	  "\n1\n",
	  "WARNING: Lost " },
	{ "exit() ends the run also when its record finds no room",
	  { "-q", "-e",
	    "config = { perf_rb_pages = 1 } BEGIN { for ($i : 0..1000) { printf(\"%d\\n\", $i); } exit(7); } interval:s:1000 { }" },
	  7,
	  NULL,
	  "\n1\n",
	  "WARNING: Lost " },
	{ "what comes behind exit() is left out",
	  { "-q", "-c", "/bin/true", "-e",
	    "rawtracepoint:sys_enter /pid == cpid/ { printf(\"a\\n\"); exit(); } END { printf(\"end\\n\"); }" },
	  0,
	  "a\nend\n\n\n",
	  NULL,
	  NULL },
	{ "what is deleted is counted anew",
	  { "-q", "-e",
	    "BEGIN { @a = count(); delete(@a); @a = count(); @b = lhist(1, 0, 4, 1); @b = lhist(2, 0, 4, 1); delete(@b); "
	    "@b = lhist(2, 0, 4, 1); @c = max(5); delete(@c); @c = max(3); printf(\"%d %d\\n\", @a, @c); exit(); }" },
	  0,
	  NULL,
	  "1 3\n\n\n@a: 1\n@b:\n[2]                    1 |@@",
	  NULL },
	{ "addresses of maps in maps",
	  { "-q", "-e",
	    "BEGIN { @a = 0x200000001; @q = (int32 *)&@a; @p[1] = (int32 *)&@a; print((*@q, @p[1][1])); clear(@p); clear(@q); exit(); }" },
	  0,
	  NULL,
	  "(1, 2)\n",
	  NULL },
	{ "no process has the number 0",
	  { "-p", "0", "-e", "BEGIN { exit(); }" },
	  2,
	  "",
	  NULL,
	  "--pid 0: no process has this number" },
	{ "nor one that does not fit",
	  { "-p", "4294967297", "-e", "BEGIN { exit(); }" },
	  2,
	  "",
	  NULL,
	  "--pid 4294967297: no process has this number" },
	{ "system() needs --unsafe",
	  { "-e", "BEGIN { system(\"true\"); }" },
	  1,
	  "",
	  NULL,
	  "unsafe" },
	{ "system()",
	  { "-q", "--unsafe", "-e", "BEGIN { system(\"echo %d\", 3); exit(); }" },
	  0,
	  "3\n\n\n",
	  NULL,
	  NULL },
	{ "a mistake", { "-e", "BEGIN { $x = ; }" }, 1, "", NULL, "stdin:1:14: error: " },
	{ "no such probe",
	  { "-e", "tracepoint:sched:sched_swich { exit(); }" },
	  1,
	  "",
	  NULL,
	  "sched_switch" },
	{ "no such file", { "/nonexistent.bt" }, 1, "", NULL, "/nonexistent.bt" },
	{ "no script", { NULL }, 2, "", NULL, "which script?" },
	{ "a full disk",
	  { "-q", "-o", "/dev/full", "-e", "BEGIN { printf(\"x\\n\"); exit(); }" },
	  1,
	  "",
	  NULL,
	  "writing \"/dev/full\": No space left on device" },
	{ "only compiling", { "-d", "insn", "-e", "BEGIN { exit(); }" }, 0, NULL, "exit", NULL },
	{ "loops over maps change variables around them",
	  { "-q", "-e",
	    "BEGIN { @m[1] = 5; @m[2] = 10; $x = 1; $y = 100; for ($kv : @m) { $x += $kv.1; $y *= 2; } "
	    "printf(\"%d %d\\n\", $x, $y); clear(@m); }" },
	  0,
	  "16 400\n\n\n",
	  NULL,
	  NULL },
	{ "numbers have the sign of their type",
	  { "-q", "-e",
	    "BEGIN { printf(\"%d %d %d %hhd %x\\n\", (uint8)-10, (int8)246, (uint16)131087, 246, "
	    "(uint8)-1); }" },
	  0,
	  "246 -10 15 -10 ff\n\n\n",
	  NULL,
	  NULL },
	{ "pointers in maps go on by what they point to",
	  { "-q", "-e", "BEGIN { @p = (int32 *)64; @n = 4; @p -= @n; @p += 1; }" },
	  0,
	  "\n\n@n: 4\n@p: 0x34\n",
	  NULL,
	  NULL },
	{ "records of another order",
	  { "-q", "-e",
	    "BEGIN { $a = (a=1, b=\"x\"); $a = (b=\"longer\", a=2); print($a); @[(a=1, b=\"x\")] = 1; "
	    "@[(b=\"x\", a=1)] = 2; }" },
	  0,
	  "{ .a = 2, .b = longer }\n\n\n@[{ .a = 1, .b = x }]: 2\n",
	  NULL,
	  NULL },
	{ "texts are true unless they are empty",
	  { "-q", "-e", "BEGIN { $s = \"\"; print(((bool)comm, (bool)$s, (bool)\"x\")); }" },
	  0,
	  "(true, false, true)\n\n\n",
	  NULL,
	  NULL },
	{ "the last member of a struct without its semicolon",
	  { "-q", "-e",
	    "struct a { int x; struct { char c[3] } in } BEGIN { print((sizeof(struct a), "
	    "offsetof(struct a, in.c))); }" },
	  0,
	  "(8, 4)\n\n\n",
	  NULL,
	  NULL },
	{ "probes of one event in their order: a timer",
	  { "-q", "-e",
	    "software:cpu:1000000 /!@b/ { @a = 1; } software:cpu-clock:1000000 /!@b/ { @b = @a + 1; exit(); }" },
	  0,
	  NULL,
	  "@b: 2\n",
	  NULL },
	{ "probes of one event in their order: faults",
	  { "-q", "-e",
	    "software:faults:1 /@go && !@b/ { @a = 1; } "
	    "software:faults:1 /@go && !@b/ { @b = @a + 1; exit(); } "
	    "i:ms:50 { @go = 1; system(\"true\"); }",
	    "--unsafe" },
	  0,
	  NULL,
	  "@b: 2\n",
	  NULL },
	{ "names of probes where text is expected",
	  { "-q", "-e",
	    "i:ms:10, i:ms:1 { if (probe == \"interval:ms:1\") { printf(\"%d %d\\n\", strlen(probe), "
	    "strcontains(probe, \"val:m\")); exit(); } }" },
	  0,
	  "13 1\n\n\n",
	  NULL,
	  NULL },
	{ "probes of programs are looked for in those that run",
	  { "-q", "-e", "usdt:*:nobody:brings_it { exit(); }" },
	  1,
	  "",
	  NULL,
	  "usdt:*:nobody:brings_it" },
	{ "a division by 0 gives 1, and is told",
	  { "-q", "-e",
	    "BEGIN { @z = 0; print((7 / @z, (uint64)7 % (uint64)@z, -7 / @z)); $x = -7; @b = 2; "
	    "print(($x / @b, $x % @b)); }" },
	  0,
	  "(1, 1, 1)\n(-3, -1)\n\n\n@b: 2\n@z: 0\n",
	  NULL,
	  "stdin:1:28-30: WARNING: Divide or modulo by 0 detected." },
	{ "any tracepoint, within the limit",
	  { "-q", "-e", "tracepoint:* { @[probe] = count(); }" },
	  1,
	  "",
	  NULL,
	  "max_probes" },
	{ "a command's words are cut as a shell does it",
	  { "-q", "-e",
	    "tracepoint:syscalls:sys_enter_execve /pid == cpid/ { join(args.argv, \"|\"); }", "-c",
	    "/bin/true 'a  b' \"c \\\" d\" e\\ f ''g" },
	  0,
	  "/bin/true|a  b|c \" d|e f|g\n\n\n",
	  NULL,
	  NULL },
	{ "a dry run runs nothing",
	  { "--dry-run", "-e", "BEGIN { printf(\"x\\n\"); @ = 1; }" },
	  0,
	  "",
	  NULL,
	  "Attached 1 probe\n" },
	{ "what may be meant is told with -k",
	  { "-q", "-k", "-e", "BEGIN { @[1] = 1; delete(@, 2); $x = @[3]; clear(@); }" },
	  0,
	  "\n\n",
	  NULL,
	  "stdin:1:19-31: WARNING: Can't delete map element because it does not exist.\n"
	  "Additional Info - helper: map_delete_elem, retcode: -2\n" },
	{ "a key that is not there",
	  { "-q", "-k", "-e", "BEGIN { @[1] = 1; $x = @[3]; clear(@); }" },
	  0,
	  "\n\n",
	  NULL,
	  "stdin:1:24-28: WARNING: Can't lookup map element because it does not exist.\n" },
	{ "without -k nothing is told",
	  { "-q", "-e", "BEGIN { @[1] = 1; delete(@, 2); $x = @[3]; clear(@); }" },
	  0,
	  "\n\n",
	  NULL,
	  NULL },
	{ "errorf() says where",
	  { "-q", "-e", "BEGIN { errorf(\"bad: %d\", 10); }" },
	  0,
	  "\n\n",
	  NULL,
	  "stdin:1:9-30: ERROR: bad: 10\n" },
	{ "cat() of what is not there",
	  { "-q", "-e", "BEGIN { cat(\"/nonexistent/%d\", 1); }" },
	  0,
	  "\n\n",
	  NULL,
	  "ERROR: failed to open file '/nonexistent/1' (No such file or directory)\n" },
	{ "a parameter is a probe",
	  { "-q", "-e", "$1 { printf(\"%s %s\\n\", probe, str($2 + 2)); exit(); }",
	    "interval:ms:10", "abcd" },
	  0,
	  "interval:ms:10 cd\n\n\n",
	  NULL,
	  NULL },
	{ "fail() where it never runs",
	  { "-q", "-e", "BEGIN { if ($1 < 2) { fail(\"got %d\", $1); } print($1); }", "2" },
	  0,
	  "2\n\n\n",
	  NULL,
	  NULL },
	{ "fail()",
	  { "-q", "-e", "BEGIN { if ($1 < 2) { fail(\"got %d\", $1); } }" },
	  1,
	  "",
	  NULL,
	  "got 0" },
	{ "texts are put together",
	  { "-q", "-e",
	    "BEGIN { $p = \"x\"; for ($i : 0..5) { $p = str_concat($p, \"ab\"); } print($p); "
	    "print(str_concat(str_concat(comm, \"\"), str_concat(\"-\", curtask->comm))); }" },
	  0,
	  "xababababab\nringside-ringside\n\n\n",
	  NULL,
	  NULL },
	{ "a probe's name, written three ways",
	  { "-q", "-e",
	    "BEGIN { print((probe == probe(), __builtin_probe == probe, probe() != \"x\")); }" },
	  0,
	  "(true, true, true)\n\n\n",
	  NULL,
	  NULL },
	{ "the size of tuples is that of C",
	  { "-q", "-e",
	    "BEGIN { $t = ((int8)1, (int16)1, (int32)1); $u = (a=(int32)1, b=((int64)1, (int8)1)); "
	    "print((sizeof($t), sizeof($u))); }" },
	  0,
	  "(8, 24)\n\n\n",
	  NULL,
	  NULL },
	{ "globmatch()",
	  { "-q", "-e",
	    "BEGIN { $s = \"ababc\"; print((globmatch($s, \"a*abc\"), globmatch($s, \"?b*\"), "
	    "globmatch($s, \"*[x-z]*\"), globmatch($s, \"abab\"), globmatch($s, \"*[!ab]\"), "
	    "globmatch(\"\", \"*\"), globmatch(\"\", \"?\"), globmatch(\"a_c\", \"a[]-a]c\"), "
	    "globmatch(\"a[c\", \"a[c\"))); }" },
	  0,
	  "(true, true, false, false, true, true, false, true, true)\n\n\n",
	  NULL,
	  NULL },
	{ "an if that has a value",
	  { "-q", "-e",
	    "BEGIN { $x = 5; $y = if ($x > 9) { 1 } else if $x > 4 { $k = 6; $k + 1 } else { 8 }; print($y); }" },
	  0,
	  "7\n\n\n",
	  NULL,
	  NULL },
	{ "an option that the script does not have",
	  { "-e", "BEGIN { print(getopt(\"depth\", 3)); }", "--", "--dept=1" },
	  1,
	  "",
	  NULL,
	  "the script has no option \"--dept\"\n  hint: did you mean \"--depth\"?" },
	{ "the options of a script",
	  { "-e",
	    "macro all() { getopt(\"all\") } BEGIN { comptime if (all) { print(getopt(\"to\", \"x\", \"where to\")); } "
	    "print(getopt(\"n\", 3)); }",
	    "--", "--help" },
	  0,
	  "Options of stdin, behind --:\n  --all\n  --to=TEXT            where to (x)\n"
	  "  --n=NUMBER           (3)\n",
	  NULL,
	  NULL },
	{ "tuples of one value and of none",
	  { "-q", "-e",
	    "BEGIN { $e = (); $o = (1,); print($e); print($o); print($o.0); print(($e, 2)); print(sizeof($e)); "
	    "@t = (); @[$o] = 3; if ($e == ()) { print(\"same\"); } }" },
	  0,
	  "()\n(1)\n1\n((), 2)\n0\nsame\n\n\n@[1]: 3\n@t: ()\n",
	  NULL,
	  NULL },
	{ "flags of allocations",
	  { "-q", "-e", "BEGIN { printf(\"%gr|%6gr|\\n\", 0, 0); }" },
	  0,
	  "none|  none|\n\n\n",
	  NULL,
	  NULL },
	{ "a list of tracepoints",
	  { "-l", "tracepoint:syscalls:sys_enter_open*" },
	  0,
	  NULL,
	  "tracepoint:syscalls:sys_enter_openat\n",
	  NULL },
	{ "a list of all kinds",
	  { "-l", "*sched_switch*" },
	  0,
	  NULL,
	  "tracepoint:sched:sched_switch\n",
	  NULL },
	{ "a list with arguments",
	  { "-lv", "tracepoint:syscalls:sys_enter_openat" },
	  0,
	  NULL,
	  "\n    const char * filename\n",
	  NULL },
	{ "a list with what an iterator goes through",
	  { "-lv", "iter:task" },
	  0,
	  "iter:task\n    struct task_struct * task\n",
	  NULL,
	  NULL },
	{ "a list of a script's probes",
	  { "-l", "-e", "interval:s:5 { @ = 1; } tracepoint:sched:sched_process_ex[ei]* { @++; }" },
	  0,
	  "interval:s:5\ntracepoint:sched:sched_process_exec\ntracepoint:sched:sched_process_exit\n",
	  NULL,
	  NULL },
	{ "a list of what is not there",
	  { "-l", "nowhere.bt" },
	  1,
	  "",
	  NULL,
	  "\"nowhere.bt\": nothing here matches this pattern" },
	{ "dry run",
	  { "--dry-run", "-e", "tracepoint:sched:sched_switch { @ = count(); }" },
	  0,
	  "",
	  NULL,
	  "Attached 1 probe\n" },
};

static void check(const void *data)
{
	const struct script *script = data;
	struct run run;
	bool ok;

	start(&run, script->args);
	end(&run);
	if (run.code == 1 && has(&run.err_text, ": error: this kernel can not ")) {
		tap_skip(script->name, strstr(rs_str_cstr(&run.err_text), "this kernel can not "));
		done(&run);
		return;
	}
	ok = run.code == script->code;
	if (script->out)
		ok = ok && !strcmp(rs_str_cstr(&run.out_text), script->out);
	if (script->part)
		ok = ok && has(&run.out_text, script->part);
	if (script->err)
		ok = ok && has(&run.err_text, script->err);
	else
		ok = ok && !run.err_text.len;
	if (!tap_ok(ok, "%s", script->name)) {
		tap_diag("ended with %d, not %d", run.code, script->code);
		tap_diag("standard output: \"%s\"", rs_str_cstr(&run.out_text));
		tap_diag("standard error: \"%s\"", rs_str_cstr(&run.err_text));
	}
	done(&run);
}

/* --- ends from outside --- */

static void check_signal(int signal, const char *name)
{
	static const char *const args[] = {
		"-e", "tracepoint:sched:sched_switch { @ = count(); } END { printf(\"end\\n\"); }",
		NULL
	};
	struct run run;

	start(&run, args);
	wait_for(&run, "Attached 2 probes");
	kill(run.pid, signal);
	end(&run);
	tap_ok(run.code == 0 && has(&run.out_text, "end\n\n\n@: "),
	       "%s ends it, END and maps are printed", name);
	done(&run);
}

static void check_process(void)
{
	char pid[16];
	const char *const args[] = {
		"-p", pid, "-e", "tracepoint:sched:sched_process_exit { printf(\"%d\\n\", pid); }",
		NULL
	};
	struct run run;
	pid_t child = fork();

	if (child < 0)
		tap_bail("fork: %m");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	snprintf(pid, sizeof(pid), "%d", (int)child);
	start(&run, args);
	wait_for(&run, "Attached 1 probe");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	end(&run);
	tap_ok(run.code == 0 && !strncmp(rs_str_cstr(&run.out_text), pid, strlen(pid)),
	       "-p sees the process, and ends with it");
	done(&run);
}

static void check_user_signal(void)
{
	static const char *const args[] = { "-q", "-e",
					    "self:signal:SIGUSR1 { printf(\"usr1\\n\"); exit(); } "
					    "BEGIN { errorf(\"ready\"); }",
					    NULL };
	struct run run;

	start(&run, args);
	wait_for(&run, "ready");
	kill(run.pid, SIGUSR1);
	end(&run);
	tap_ok(run.code == 0 && has(&run.out_text, "usr1\n"), "a probe for a signal to ourselves");
	done(&run);
}

/* A reader that goes away ends it without a word. */
static void check_pipe(void)
{
	static const char *const args[] = { "-q", "-e", "interval:ms:1 { printf(\"tick\\n\"); }",
					    NULL };
	struct run run;

	start(&run, args);
	while (!run.out_text.len && take(&run))
		;
	rs_cleanup_close(&run.out);
	end(&run);
	tap_ok(run.code == 0 && !run.err_text.len, "a closed pipe ends it quietly");
	done(&run);
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++)
		again(check, &scripts[i]);
	check_signal(SIGINT, "Ctrl-C");
	check_signal(SIGTERM, "SIGTERM");
	again_plain(check_process);
	check_user_signal();
	check_pipe();
	return tap_done();
}
