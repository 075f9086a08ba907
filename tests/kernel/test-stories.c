/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people come with, from its beginning to its end, with programs as distributions and compilers make them: who
 * leaks, where an interpreter spends its time, what a command opens, what a container does. (Which call is slow and
 * why: test-latency.)
 */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"
#include "tests/kernel/lib/again.h"
#include "tests/kernel/lib/box.h"
#include "tests/kernel/lib/busy.h"
#include "tests/kernel/lib/check.h"
#include "tests/kernel/lib/tap.h"
#include "tests/kernel/lib/tracing.h"

static char dir[] = "/tmp/ringside-stories-XXXXXX";

/* A path below it; static memory, four at a time. */
static const char *at(const char *name)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % ARRAY_SIZE(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static void put(const char *name, const char *text)
{
	FILE *file = fopen(at(name), "we");

	if (!file || fputs(text, file) < 0 || fclose(file))
		tap_bail("writing %s: %m", at(name));
}

/* --- a C++ program that leaks in a library that it links --- */

#define LEAKED 1000000 /* by the library */

/* Of the library there are only the names that linking needs. */
static const char library[] = "namespace thirdparty {\n"
			      "struct record { char data[200]; };\n"
			      "__attribute__((noinline)) void remember(unsigned n)\n"
			      "{\n"
			      "	for (unsigned i = 0; i < n; i++) {\n"
			      "		record *volatile r = new record;\n"
			      "		r->data[0] = 'x';\n"
			      "	}\n"
			      "}\n"
			      "}\n";

/* Its own leak is small, and what it frees is much. The lines are written at once: no buffer is left. */
static const char program[] =
	"#include <string>\n"
	"#include <unistd.h>\n"
	"#include <vector>\n"
	"namespace thirdparty { void remember(unsigned n); }\n"
	"static __attribute__((noinline)) void serve()\n"
	"{\n"
	"	std::vector<std::string> lines;\n"
	"	for (unsigned i = 0; i < 20; i++)\n"
	"		lines.push_back(std::string(100 + i, 'x'));\n"
	"	thirdparty::remember(10);\n"
	"	asm volatile(\"\" : : \"r\"(&lines) : \"memory\");\n"
	"}\n"
	"static __attribute__((noinline)) void configure()\n"
	"{\n"
	"	char *volatile text = new char[3000];\n"
	"	text[0] = 'x';\n"
	"}\n"
	"int main()\n"
	"{\n"
	"	for (unsigned i = 0; i < 500; i++)\n"
	"		serve();\n"
	"	configure();\n"
	"	std::string said = std::to_string(500 * 10 * 200) + \" leaked\\n\";\n"
	"	return write(1, said.data(), said.size()) < 0;\n"
	"}\n";

static bool compile(void)
{
	char command[512];

	put("thirdparty.cc", library);
	put("program.cc", program);
	snprintf(command, sizeof(command),
		 "cd %s && g++ -O2 -fPIC -shared -s -o libthirdparty.so thirdparty.cc &&"
		 " g++ -O2 -o program program.cc -L. -lthirdparty -Wl,-rpath,%s",
		 dir, dir);
	return system(command) == 0;
}

static const char *const allocators[] = { "operator new(unsigned long)",
					  "operator new[](unsigned long)" };

/* The innermost frame that is none of the allocator's; the line is changed. */
static const char *who_leaks(char *stack)
{
	for (char *last = strrchr(stack, ';'); last; last = strrchr(stack, ';')) {
		bool allocator = false;

		for (size_t i = 0; i < ARRAY_SIZE(allocators); i++)
			allocator |= !strcmp(last + 1, allocators[i]);
		if (!allocator)
			return last + 1;
		*last = '\0';
	}
	return stack;
}

#define NAME_SIZE 128

/* The widest of those that leak: of folded lines, which are changed. */
static void find_widest(char *text, char ret_name[static NAME_SIZE], long long *ret_bytes)
{
	struct {
		char name[NAME_SIZE];
		long long bytes;
	} sites[64] = { 0 };
	char *rest, *line;

	*ret_bytes = 0;
	*ret_name = '\0';
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *number = strrchr(line, ' ');
		const char *name;
		size_t i = 0;

		if (!number)
			continue;
		*number = '\0';
		name = who_leaks(line);
		while (i < ARRAY_SIZE(sites) - 1 && *sites[i].name && strcmp(sites[i].name, name))
			i++;
		sites[i].name[0] = '\0';
		strncat(sites[i].name, name, sizeof(sites[i].name) - 1);
		sites[i].bytes += atoll(number + 1);
		if (sites[i].bytes > *ret_bytes) {
			*ret_bytes = sites[i].bytes;
			memcpy(ret_name, sites[i].name, NAME_SIZE);
		}
	}
}

static void check_widest(const char *how, const char *path)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(16 << 20);
	char name[NAME_SIZE], *copy;
	long long bytes;
	bool ok;

	rs_fd_read_file(path, (size_t)16 << 20, &text, NULL);
	copy = strdup(rs_str_cstr(&text));
	if (!copy)
		tap_bail("out of memory");
	find_widest(copy, name, &bytes);
	free(copy);
	ok = tap_ok(!strcmp(name, "thirdparty::remember(unsigned int)"),
		    "leak, %s: the widest is the library's function", how);
	if (!tap_ok(bytes >= LEAKED - LEAKED / 100 && bytes <= LEAKED + LEAKED / 100,
		    "leak, %s: and has what it leaked within 1 %%", how) ||
	    !ok)
		tap_diag("%s: %lld\n%s", name, bytes, rs_str_cstr(&text));
}

static void watch_leak(const char *path)
{
	struct outcome outcome;

	agent_run(&outcome,
		  (const char *const[]){ "memleak", "-q", "-c", at("program"), "-w", path, NULL },
		  NULL, NULL);
	if (!tap_ok(!outcome.code && strstr(outcome.out, "1000000 leaked"),
		    "leak: the program does what it does, watched"))
		tap_diag("%d: %s%s", outcome.code, outcome.out, outcome.err);
	outcome_done(&outcome);
}

static void test_leak(void)
{
	_cleanup_(rs_str_done) struct rs_str page = RS_STR_INIT(16 << 20);
	struct outcome outcome;

	if (!compile()) {
		tap_skip("a leak in a library", "no g++");
		return;
	}
	watch_leak(at("leak.folded"));
	check_widest("folded", at("leak.folded"));
	watch_leak(at("leak.html"));
	rs_fd_read_file(at("leak.html"), (size_t)16 << 20, &page, NULL);
	tap_ok(strstr(rs_str_cstr(&page), "thirdparty::remember(unsigned int)") &&
		       strstr(rs_str_cstr(&page), "</html>"),
	       "leak: the flame graph's page has the function");
	watch_leak(at("leak.pb.gz"));
	agent_run(
		&outcome,
		(const char *const[]){ "flame", at("leak.pb.gz"), "-w", at("pprof.folded"), NULL },
		NULL, NULL);
	outcome_done(&outcome);
	check_widest("pprof", at("pprof.folded"));
}

/* --- interpreters, as distributions build them: stripped, without frame pointers --- */

static const char python_script[] = "def fib(n):\n"
				    "    return n if n < 2 else fib(n - 1) + fib(n - 2)\n"
				    "while True:\n"
				    "    fib(15)\n"
				    "    sorted([str(i) for i in range(3000)], key=len)\n";

static const char bash_script[] = "f() { local i; for ((i = 0; i < 100; i++)); do\n"
				  "x=${x//a/b}$i; x=${x:0:50}; done; }\n"
				  "while :; do f; done\n";

static const char *interpreter, *script;

static void interpret(int orders, int answers)
{
	(void)orders;
	(void)answers;
	setenv("PATH", "/usr/bin:/bin", 1);
	execl(interpreter, interpreter, at(script), (char *)NULL);
}

static bool is_whole(const json_t *stack)
{
	const json_t *frame;
	bool begin = false;
	size_t i;

	json_array_foreach(stack, i, frame)
	{
		const char *name = json_string_value(json_object_get(frame, "function"));

		begin |= name && (strstr(name, "__libc_start_") || !strcmp(name, "_start"));
	}
	return begin && json_array_size(stack) > 5;
}

static void count_whole(const struct agent *agent, json_int_t *ret_all, json_int_t *ret_whole)
{
	*ret_all = *ret_whole = 0;
	for (size_t i = 0; i < agent->n_events; i++) {
		const json_t *event = agent->events[i];
		json_int_t n = json_integer_value(
			json_object_get(json_object_get(event, "values"), "samples"));

		*ret_all += n;
		if (is_whole(json_object_get(event, "stack")))
			*ret_whole += n;
	}
}

static void test_interpreter(const char *path, const char *name, const char *text)
{
	struct busy busy;
	struct agent agent;
	json_int_t all, whole;
	char pid[16];

	if (access(path, X_OK)) {
		tap_skip("whole stacks of an interpreter", "it is not installed");
		return;
	}
	interpreter = path;
	script = name;
	put(name, text);
	busy_start(&busy, "rs-script", interpret);
	busy_wait_cpu(busy.pid, 100); /* it runs its script now */
	snprintf(pid, sizeof(pid), "%d", busy.pid);
	profile_start(&agent, (const char *[]){ "profile", "-p", pid, "-F", "199", NULL });
	if (!busy_wait_cpu(busy.pid, 800))
		tap_diag("%s gets no CPU time", path);
	tap_ok(profile_stop(&agent), "%s is profiled", path);
	count_whole(&agent, &all, &whole);
	if (!tap_ok(all >= 10 && whole * 10 >= all * 9,
		    "%s: stacks go from where the process began to where it is", path)) {
		tap_diag("%lld of %lld", (long long)whole, (long long)all);
		profile_tell(&agent);
	}
	agent_done(&agent);
	busy_end(&busy);
}

/* --- what a pipeline opens --- */

/* Once more where the kernel left programs of ours out, and strace says so: a line may be missing. */
static void run_whole(struct outcome *ret, const char *const args[])
{
	agent_run(ret, args, NULL, NULL);
	for (int i = 0; i < 4 && strstr(ret->err, "the kernel ran none of our programs"); i++) {
		outcome_done(ret);
		agent_run(ret, args, NULL, NULL);
	}
}

static void test_pipeline(void)
{
	char shell[160], opened[160];
	struct outcome outcome;
	bool ok;

	if (access("/bin/cat", X_OK) || access("/bin/sh", X_OK)) {
		tap_skip("what a pipeline opens", "no shell here");
		return;
	}
	put("read.txt", "four words, one line\n");
	snprintf(shell, sizeof(shell), "cat %s | wc -c", at("read.txt"));
	snprintf(opened, sizeof(opened),
		 "^\\[pid +[0-9]+\\] openat\\(AT_FDCWD, \"%s\", O_RDONLY[A-Z_|]*\\) = 3$",
		 at("read.txt"));
	run_whole(&outcome, (const char *const[]){ "strace", "-f", "-e", "trace=openat,execve",
						   "sh", "-c", shell, NULL });
	tap_ok(!outcome.code && !strcmp(outcome.out, "21\n"), "pipeline: it does what it does");
	/* which file that is, is the shell's affair: busybox's runs itself */
	ok = tap_ok(
		tracing_match("^\\[pid +[0-9]+\\] execve\\(\"[^\"]*\", \\[\"cat\", ", outcome.err),
		"pipeline: its programs start");
	ok &= tap_ok(tracing_match(opened, outcome.err), "pipeline: cat opens the file");
	if (!tap_ok(tracing_match("^\\[pid +[0-9]+\\] \\+\\+\\+ exited with 0 \\+\\+\\+$",
				  outcome.err) &&
			    tracing_match("^\\+\\+\\+ exited with 0 \\+\\+\\+$", outcome.err),
		    "pipeline: all end") ||
	    !ok)
		tap_diag("%d: %s", outcome.code, outcome.err);
	outcome_done(&outcome);
}

/* --- containers --- */

#define BOX  "story-box"
#define SPIN "i=0; while test $i -lt 200000; do i=$((i+1)); done"

static void profile_box(struct box *box)
{
	json_int_t all, inside;
	struct agent agent;

	profile_start(&agent, (const char *[]){ "profile", "--container", BOX, "--by",
						"container,process", "-F", "199", NULL });
	tap_ok(box_do(box, SPIN), "container: it works");
	tap_ok(profile_stop(&agent), "container: it is profiled");
	all = profile_sum(&agent, "samples", &(struct profile_match){ 0 });
	inside = profile_sum(&agent, "samples", &(struct profile_match){ .function = BOX });
	if (!tap_ok(all > 0 && inside == all, "container: its name is in all stacks")) {
		tap_diag("%lld of %lld", (long long)inside, (long long)all);
		profile_tell(&agent);
	}
	agent_done(&agent);
}

static void count_box(struct box *box)
{
	struct agent agent = AGENT_INIT;
	size_t rows = 0, others = 0, i;
	const json_t *row;

	agent_spawn(&agent,
		    (const char *const[]){ "syscalls", "--container", BOX, "--by",
					   "container,syscall", "-o", "json", "-i", "100ms", NULL },
		    NULL, NULL);
	agent_pump(&agent, agent_patience()); /* the first page: it counts */
	tap_ok(box_mkdir(box, "counted"), "container: it makes a directory");
	tap_ok(!agent_stop(&agent, SIGINT) && agent.n_events, "container: its calls are counted");
	json_array_foreach(json_object_get(agent.events[agent.n_events - 1], "rows"), i, row)
	{
		const char *name = json_string_value(json_object_get(row, "who"));
		const char *call = json_string_value(json_object_get(row, "syscall"));

		rows += name && !strcmp(name, BOX) && call && !strncmp(call, "mkdir", 5);
		others += !name || strcmp(name, BOX) != 0;
	}
	if (!tap_ok(rows == 1 && !others, "container: the call is there, and nobody else's"))
		profile_tell(&agent);
	agent_done(&agent);
}

/* It does not say when it is at work, and the kernel may leave one out: until it shows one. */
static bool wait_traced(struct agent *agent, struct box *box, const char *prefix)
{
	uint64_t deadline = now_ms() + (uint64_t)agent_patience();
	char name[32], shown[32];

	snprintf(shown, sizeof(shown), "\"/tmp/%s-", prefix);
	for (unsigned i = 0; now_ms() < deadline; i++) {
		snprintf(name, sizeof(name), "%s-%u", prefix, i);
		if (!box_mkdir(box, name))
			return false;
		agent_pump(agent, 100);
		if (strstr(rs_str_cstr(&agent->err_text), shown))
			return true;
	}
	return false;
}

static void trace_box(struct box *box)
{
	struct agent agent = AGENT_INIT;
	int made;

	agent_spawn(&agent,
		    (const char *const[]){ "strace", "--container", BOX, "-f", "-e",
					   "trace=mkdir,mkdirat,execve", NULL },
		    NULL, NULL);
	tap_ok(wait_traced(&agent, box, "traced"), "container: what it makes is shown");
	made = mkdir("/tmp", 0755); /* ours, which may not be seen */
	tap_ok(made && wait_traced(&agent, box, "last"), "container: and what it makes then");
	agent_stop(&agent, SIGINT);
	if (!tap_ok(strstr(rs_str_cstr(&agent.err_text), "\"busybox\"") &&
			    !strstr(rs_str_cstr(&agent.err_text), "\"/tmp\""),
		    "container: with the program that did it, and nothing of others"))
		tap_diag("%s", rs_str_cstr(&agent.err_text));
	agent_done(&agent);
}

static void test_container(void)
{
	static const struct bundle bundle = { .id = BOX, .annotations = "" };
	struct box box;

	if (!box_start(&box, &bundle, "a container"))
		return;
	profile_box(&box);
	count_box(&box);
	trace_box(&box);
	box_end(&box);
}

/* --- processes that have ended, and whose parent has not taken note of it --- */

static void sleep_for_good(int orders, int answers)
{
	(void)answers;
	busy_wait_for_byte(orders);
}

static void wait_ended(pid_t pid)
{
	siginfo_t info;

	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT))
		tap_bail("waitid: %m");
}

/* It lives when we come, and nobody waits for it when it has ended: that is the end. */
static void test_ends(const char *name, const char *ready)
{
	struct agent agent = AGENT_INIT;
	struct busy busy;
	char pid[16];

	busy_start(&busy, "rs-ends", sleep_for_good);
	snprintf(pid, sizeof(pid), "%d", busy.pid);
	agent_spawn(&agent, (const char *const[]){ name, "-p", pid, NULL }, NULL, NULL);
	agent.raw = true;
	tap_ok(agent_wait_err(&agent, ready), "%s: watches a process", name);
	kill(busy.pid, SIGKILL);
	wait_ended(busy.pid);
	if (!tap_ok(agent_wait_end(&agent) && !agent_code(&agent), "%s: and ends with it", name))
		tap_diag("%s", rs_str_cstr(&agent.err_text));
	agent_done(&agent);
	busy_end(&busy);
}

static void test_ended(void)
{
	static const char *const commands[] = { "strace",  "syscalls", "latency",
						"profile", "offcpu",   "memleak" };
	struct busy busy;
	char pid[16];

	busy_start(&busy, "rs-ended", sleep_for_good);
	snprintf(pid, sizeof(pid), "%d", busy.pid);
	kill(busy.pid, SIGKILL);
	wait_ended(busy.pid);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		struct outcome outcome;

		agent_run(&outcome, (const char *const[]){ commands[i], "-p", pid, NULL }, NULL,
			  NULL);
		if (!tap_ok(outcome.code == 1 && strstr(outcome.err, "the process has ended"),
			    "%s: a process that has ended already", commands[i]))
			tap_diag("%d: %s", outcome.code, outcome.err);
		outcome_done(&outcome);
	}
	busy_end(&busy);
}

int main(void)
{
	if (!mkdtemp(dir))
		tap_bail("making %s: %m", dir);
	test_leak();
	test_interpreter("/usr/bin/python3", "busy.py", python_script);
	test_interpreter("/bin/bash", "busy.sh", bash_script);
	again_plain(test_pipeline);
	again_plain(test_container);
	test_ended();
	test_ends("strace", "read("); /* the call that it waits in */
	test_ends("memleak", "watching");
	test_ends("profile", "ends and shows");
	remove_tree(dir);
	return tap_done();
}
