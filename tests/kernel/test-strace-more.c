/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside strace` where things go wrong: outputs that take nothing, processes that vanish, crowds, odd names.
 * The program does it itself, called with a word. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"
#include "tests/kernel/lib/agent.h"
#include "tests/kernel/lib/tap.h"
#include "tests/kernel/lib/traced.h"
#include "tests/kernel/lib/tracing.h"

#define CROWD 300
#define MANY  5000
#define WORDS 3000

/* --- deeds --- */

static void do_fork(void)
{
	pid_t pid = fork();

	if (!pid) {
		getpgid(0);
		_exit(3);
	}
	waitpid(pid, NULL, 0);
}

static void do_many(void)
{
	for (int i = 0; i < MANY; i++)
		syscall(SYS_getpgid, 0);
}

static void do_who(void)
{
	gid_t groups[8];

	getuid();
	getgid();
	(void)!getgroups(8, groups);
}

static pthread_barrier_t together;

static void *be_one_of_many(void *arg)
{
	(void)arg;
	pthread_barrier_wait(&together);
	syscall(SYS_getpgid, 77);
	pthread_barrier_wait(&together);
	return NULL;
}

/* Threads that are all there at the same time. */
static void do_crowd(void)
{
	pthread_attr_t attr;
	pthread_t threads[CROWD];

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 128 << 10);
	pthread_barrier_init(&together, NULL, CROWD);
	for (int i = 0; i < CROWD; i++)
		if (pthread_create(&threads[i], &attr, be_one_of_many, NULL))
			_exit(9);
	for (int i = 0; i < CROWD; i++)
		pthread_join(threads[i], NULL);
}

static void *exec_nothing(void *arg)
{
	execl(arg, "traced", "nothing", NULL);
	return NULL;
}

/* A thread that is not the first executes another program. */
static void do_usurp(void)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, exec_nothing, (void *)traced_self()))
		pause();
}

static void do_vfork(void)
{
	const char *self = traced_self();
	pid_t pid = vfork();

	if (!pid) {
		execl(self, "traced", "nothing", NULL);
		_exit(9);
	}
	waitpid(pid, NULL, 0);
}

static void do_names(void)
{
	prctl(PR_SET_NAME, "\033]0;x\007\n");
	(void)!open("/nonexistent/\033[31m\n\xff\xc3", O_RDONLY);
	do_fork();
}

/* More words than anybody wants to read. */
static void do_words(void)
{
	static char *words[WORDS + 1];

	for (int i = 0; i < WORDS; i++)
		words[i] = (char *)(i == 1 ? "nothing" : "word");
	execv(traced_self(), words);
}

/* Standard input to a file. */
static int copy_to(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char buf[4096];
	ssize_t n;

	while ((n = read(STDIN_FILENO, buf, sizeof(buf))) > 0)
		(void)!write(fd, buf, (size_t)n);
	return close(fd);
}

static int do_deed(char **argv)
{
	static const struct {
		const char *word;
		void (*act)(void);
	} deeds[] = {
		{ "fork", do_fork },   { "many", do_many },   { "who", do_who },
		{ "crowd", do_crowd }, { "usurp", do_usurp }, { "vfork", do_vfork },
		{ "names", do_names }, { "words", do_words },
	};

	if (!strcmp(argv[1], "copy"))
		return copy_to(argv[2]);
	for (size_t i = 0; i < ARRAY_SIZE(deeds); i++)
		if (!strcmp(deeds[i].word, argv[1])) {
			deeds[i].act();
			return 0;
		}
	return traced_deed(argv[1], false);
}

/* --- helpers --- */

static unsigned count_of(const char *text, const char *word)
{
	unsigned n = 0;

	while ((text = strstr(text, word))) {
		n++;
		text += strlen(word);
	}
	return n;
}

/* A child that waits in a read, and ends with it. */
struct waiter {
	pid_t pid;
	int end;
	char number[16];
};

static void start_waiter(struct waiter *w)
{
	char byte;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		tap_bail("pipe: %m");
	w->pid = fork();
	if (w->pid < 0)
		tap_bail("fork: %m");
	if (!w->pid) {
		close(ends[1]);
		(void)!read(ends[0], &byte, 1);
		_exit(0);
	}
	close(ends[0]);
	w->end = ends[1];
	snprintf(w->number, sizeof(w->number), "%d", w->pid);
}

static void end_waiter(struct waiter *w)
{
	(void)!write(w->end, "x",
		     1); /* to close it is not enough: those who came later have it, too */
	close(w->end);
	waitpid(w->pid, NULL, 0);
}

/* --- where lines go --- */

static void test_full(void)
{
	struct outcome outcome;

	agent_run(&outcome,
		  (const char *const[]){ "strace", "-o", "/dev/full", traced_self(), "fork", NULL },
		  NULL, NULL);
	if (!tap_ok(outcome.code == 1 &&
			    strstr(outcome.err, "writing \"/dev/full\": No space left on device"),
		    "-o: a file that takes nothing is named"))
		tap_diag("ended with %d: %s", outcome.code, outcome.err);
	outcome_done(&outcome);
	agent_run(&outcome,
		  (const char *const[]){ "strace", "-c", "-o", "/dev/full", traced_self(), "fork",
					 NULL },
		  NULL, NULL);
	if (!tap_ok(outcome.code == 1 && strstr(outcome.err, "writing \"/dev/full\""),
		    "-c -o: the same"))
		tap_diag("ended with %d: %s", outcome.code, outcome.err);
	outcome_done(&outcome);
}

/* A reader that takes one byte and goes. */
static void test_reader_goes(void)
{
	static const char path[] = "/tmp/rs-strace-fifo";
	struct outcome outcome;
	pid_t pid;
	char byte;

	unlink(path);
	if (mkfifo(path, 0600))
		tap_bail("%s: %m", path);
	pid = fork();
	if (!pid) {
		int fd = open(path, O_RDONLY);

		_exit(read(fd, &byte, 1) == 1 ? 0 : 1);
	}
	agent_run(&outcome,
		  (const char *const[]){ "strace", "-o", path, traced_self(), "many", NULL }, NULL,
		  NULL);
	waitpid(pid, NULL, 0);
	unlink(path);
	if (!tap_ok(outcome.code == 0 && !strstr(outcome.err, "pipe"),
		    "-o: a reader that goes away ends it, without a word"))
		tap_diag("ended with %d: %s", outcome.code, outcome.err);
	outcome_done(&outcome);
}

static void without_reader(void *data)
{
	int ends[2];

	(void)data;
	if (pipe(ends) || dup2(ends[1], STDERR_FILENO) < 0)
		_exit(99);
	close(ends[0]);
	close(ends[1]);
}

static void test_nobody_reads(void)
{
	struct outcome outcome;

	agent_run(&outcome, (const char *const[]){ "strace", traced_self(), "many", NULL },
		  without_reader, NULL);
	if (!tap_ok(outcome.code == 0, "standard error without a reader"))
		tap_diag("ended with %d", outcome.code);
	outcome_done(&outcome);
}

static void test_command(void)
{
	static const char path[] = "/tmp/rs-strace-copy";
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	struct outcome outcome;
	char output[4200];

	unlink(path);
	snprintf(output, sizeof(output), "|'%s' copy %s", traced_self(), path);
	agent_run(&outcome,
		  (const char *const[]){ "strace", "-o", output, traced_self(), "fork", NULL },
		  NULL, NULL);
	rs_fd_read_file(path, 1 << 20, &text, NULL);
	if (!tap_ok(outcome.code == 0 && strstr(rs_str_cstr(&text), "+++ exited with 0 +++"),
		    "-o '|COMMAND': lines go to a command, which has them when we end"))
		tap_diag("ended with %d: %s", outcome.code, outcome.err);
	unlink(path);
	outcome_done(&outcome);
}

/* -ff: what each has done is in its own file, without numbers. Sanitizers have threads of their own. */
static void test_separate(void)
{
	static const char path[] = "/tmp/rs-strace-ff";
	unsigned children = 0, parents = 0, others = 0;
	struct outcome outcome;
	glob_t found;

	if (!glob("/tmp/rs-strace-ff.*", 0, NULL, &found)) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			unlink(found.gl_pathv[i]);
		globfree(&found);
	}
	agent_run(&outcome,
		  (const char *const[]){ "strace", "-ff", "-o", path, traced_self(), "fork", NULL },
		  NULL, NULL);
	if (glob("/tmp/rs-strace-ff.*", 0, NULL, &found))
		found.gl_pathc = 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);

		rs_fd_read_file(found.gl_pathv[i], 1 << 20, &text, NULL);
		if (tracing_match("^getpgid\\(0\\) += [0-9]+$", rs_str_cstr(&text)) &&
		    tracing_match("^\\+\\+\\+ exited with 3 \\+\\+\\+$", rs_str_cstr(&text)))
			children++;
		else if (tracing_match("^wait4\\(.*\\) += [0-9]+$", rs_str_cstr(&text)) &&
			 tracing_match("^\\+\\+\\+ exited with 0 \\+\\+\\+$", rs_str_cstr(&text)))
			parents++;
		else
			others++;
		unlink(found.gl_pathv[i]);
	}
	if (found.gl_pathc)
		globfree(&found);
	if (!tap_ok(outcome.code == 0 && children == 1 && parents, "-ff -o: a file for each"))
		tap_diag("%u children, %u parents, %u others; ended with %d: %s", children, parents,
			 others, outcome.code, outcome.err);
	outcome_done(&outcome);
}

/* --- another user --- */

static void put_text(const char *dir, const char *name, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		tap_bail("%s: %m", path);
	close(fd);
}

/* Where anybody may execute it. */
static void copy_self(const char *path)
{
	int from = open(traced_self(), O_RDONLY | O_CLOEXEC);
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	while (sendfile(to, from, NULL, 1 << 20) > 0)
		;
	fchmod(to, 0755);
	close(from);
	close(to);
}

static void test_user(void)
{
	char dir[] = "/tmp/rs-strace-root.XXXXXX", etc[64], program[64], line[128];
	struct outcome outcome;
	bool ok;

	if (!mkdtemp(dir))
		tap_bail("%s: %m", dir);
	chmod(dir, 0755);
	snprintf(etc, sizeof(etc), "%s/etc", dir);
	mkdir(etc, 0755);
	put_text(dir, "etc/passwd", "root:x:0:0:::\nwatched:x:54321:54322:::\n");
	put_text(dir, "etc/group", "some:x:54323:root,watched\n");
	snprintf(program, sizeof(program), "%s/program", dir);
	copy_self(program);
	agent_run(&outcome,
		  (const char *const[]){ "strace", "--host-root", dir, "-u", "watched", "-e",
					 "trace=getuid,getgid,getgroups", program, "who", NULL },
		  NULL, NULL);
	ok = outcome.code == 0 && tracing_match("^getuid\\(\\) += 54321$", outcome.err) &&
	     tracing_match("^getgid\\(\\) += 54322$", outcome.err) &&
	     tracing_match("^getgroups\\(8, \\[54322, 54323\\]\\) += 2$", outcome.err);
	if (!tap_ok(ok, "-u: the command is this user's"))
		tap_diag("ended with %d: %s", outcome.code, outcome.err);
	outcome_done(&outcome);
	agent_run(&outcome,
		  (const char *const[]){ "strace", "--host-root", dir, "-u", "stranger", program,
					 "who", NULL },
		  NULL, NULL);
	if (!tap_ok(outcome.code == 1 && strstr(outcome.err, "no user \"stranger\""),
		    "-u: a user that there is not"))
		tap_diag("ended with %d: %s", outcome.code, outcome.err);
	outcome_done(&outcome);
	snprintf(line, sizeof(line), "rm -rf %s", dir);
	(void)!system(line);
}

/* --- who is watched --- */

/*
 * The first process of a pid namespace ends only when all others there were waited for. So one that has passed the place
 * where its end is noticed can be kept alive for as long as we like.
 */
struct dying {
	pid_t keeper, pid;
	int orders, answers;
};

static _Noreturn void keep(int orders, int answers)
{
	int go[2];
	pid_t first, second;
	siginfo_t info;
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWPID) || pipe2(go, O_CLOEXEC))
		_exit(1);
	first = fork();
	if (!first) {
		close(go[1]);
		(void)!read(go[0], &byte, 1);
		_exit(0);
	}
	second = fork();
	if (!second)
		for (;;)
			pause();
	close(go[0]);
	(void)!write(answers, &first, sizeof(first));
	(void)!read(orders, &byte, 1);
	(void)!write(go[1], "x", 1);
	/* it takes the second one with it, and waits for it to be gone */
	waitid(P_PID, (id_t)second, &info, WEXITED | WNOWAIT);
	(void)!write(answers, "d", 1);
	(void)!read(orders, &byte, 1);
	waitpid(second, NULL, 0);
	waitid(P_PID, (id_t)first, &info, WEXITED | WNOWAIT);
	(void)!write(answers, "z", 1);
	(void)!read(orders, &byte, 1);
	_exit(0);
}

static bool start_dying(struct dying *d)
{
	int orders[2], answers[2];

	if (pipe2(orders, O_CLOEXEC) || pipe2(answers, O_CLOEXEC))
		tap_bail("pipe: %m");
	d->keeper = fork();
	if (!d->keeper) {
		close(orders[1]);
		close(answers[0]);
		keep(orders[0], answers[1]);
	}
	close(orders[0]);
	close(answers[1]);
	d->orders = orders[1];
	d->answers = answers[0];
	return read(d->answers, &d->pid, sizeof(d->pid)) == (ssize_t)sizeof(d->pid);
}

static bool order(struct dying *d)
{
	char byte;

	return write(d->orders, "x", 1) == 1 && read(d->answers, &byte, 1) == 1;
}

static void end_dying(struct dying *d)
{
	close(d->orders);
	close(d->answers);
	waitpid(d->keeper, NULL, 0);
}

/* Ended before anybody could notice, still there when we looked, a zombie from then on. */
static void test_zombie(void)
{
	static const char name[] = "-p: a process that was dying, and is a zombie";
	struct agent agent = AGENT_INIT;
	struct waiter other;
	struct dying dying;
	char number[16];

	if (!start_dying(&dying)) {
		tap_skip(name, "no pid namespace can be made");
		end_dying(&dying);
		return;
	}
	start_waiter(&other);
	if (!order(&dying))
		tap_bail("the process does not begin to end");
	snprintf(number, sizeof(number), "%d", dying.pid);
	agent_spawn(&agent,
		    (const char *const[]){ "strace", "-p", number, "-p", other.number, NULL }, NULL,
		    NULL);
	/* lines come only when all who are there have been looked at */
	if (!agent_wait_err(&agent, "read("))
		tap_diag("%s", rs_str_cstr(&agent.err_text));
	if (!order(&dying))
		tap_bail("the process does not end");
	end_waiter(&other);
	if (!tap_ok(agent_wait_end(&agent) && agent_code(&agent) == 0, "%s", name))
		tap_diag("%s", rs_str_cstr(&agent.err_text));
	agent_done(&agent);
	end_dying(&dying);
}

static void test_several(void)
{
	struct agent agent = AGENT_INIT;
	struct waiter w[3];
	char numbers[64];
	bool ok = true;

	for (int i = 0; i < 3; i++)
		start_waiter(&w[i]);
	snprintf(numbers, sizeof(numbers), "%s\n%s", w[0].number, w[1].number);
	agent_spawn(&agent,
		    (const char *const[]){ "strace", "-p", numbers, "-p", w[2].number, NULL }, NULL,
		    NULL);
	for (int i = 0; i < 3; i++) {
		char want[64];

		snprintf(want, sizeof(want), "[pid %5s] read(", w[i].number);
		ok &= agent_wait_err(&agent, want);
	}
	tap_ok(ok, "-p of several: each is shown with its number");
	for (int i = 0; i < 3; i++)
		end_waiter(&w[i]);
	if (!tap_ok(agent_wait_end(&agent) && agent_code(&agent) == 0 &&
			    count_of(rs_str_cstr(&agent.err_text), "+++ exited with 0 +++") == 3,
		    "the last one's end ends it"))
		tap_diag("%s", rs_str_cstr(&agent.err_text));
	agent_done(&agent);
}

/* Killed at whatever moment of our start. */
static void test_vanishing(void)
{
	bool ok = true;

	for (int i = 0; i < 5 && ok; i++) {
		struct agent agent = AGENT_INIT;
		struct waiter w;

		start_waiter(&w);
		agent_spawn(&agent, (const char *const[]){ "strace", "-p", w.number, NULL }, NULL,
			    NULL);
		for (int n = 0; n < i * 200; n++)
			sched_yield();
		kill(w.pid, SIGKILL);
		ok = agent_wait_end(&agent);
		if (!ok)
			tap_diag("%s", rs_str_cstr(&agent.err_text));
		agent_done(&agent);
		end_waiter(&w);
	}
	tap_ok(ok, "-p: a process that is killed meanwhile, and not waited for");
}

static void *wait_in_thread(void *arg)
{
	const int *ends = arg;
	pid_t tid = (pid_t)syscall(SYS_gettid);
	char byte;

	(void)!write(ends[3], &tid, sizeof(tid));
	(void)!read(ends[0], &byte, 1);
	return NULL;
}

static void check_refusal(const char *pid, const char *want, const char *name)
{
	struct outcome outcome;

	agent_run(&outcome, (const char *const[]){ "strace", "-p", pid, NULL }, NULL, NULL);
	if (!tap_ok(outcome.code == 1 && strstr(outcome.err, want), "%s", name))
		tap_diag("ended with %d: %s", outcome.code, outcome.err);
	outcome_done(&outcome);
}

static void test_odd_pids(void)
{
	static const char kernel[] = "-p: a thread of the kernel's";
	char comm[32] = "", number[16];
	int ends[4];
	pthread_t thread;
	pid_t tid = 0;

	if (rs_fd_read_buf_at(AT_FDCWD, "/proc/2/comm", comm, sizeof(comm)) > 0 &&
	    !strcmp(comm, "kthreadd\n"))
		check_refusal("2", "thread of the kernel's", kernel);
	else
		tap_skip(kernel, "they are not seen here");
	if (pipe2(ends, O_CLOEXEC) || pipe2(ends + 2, O_CLOEXEC) ||
	    pthread_create(&thread, NULL, wait_in_thread, ends))
		tap_bail("a thread: %m");
	(void)!read(ends[2], &tid, sizeof(tid));
	snprintf(number, sizeof(number), "%d", tid);
	check_refusal(number, "this is a thread of process", "-p: a thread that is not the first");
	close(ends[1]);
	pthread_join(thread, NULL);
	for (int i = 0; i < 4; i++)
		if (i != 1)
			close(ends[i]);
}

/* Its own number is known only to itself. */
static void test_self(void)
{
	char text[1024] = "";
	int ends[2], status = 0;
	ssize_t n;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		tap_bail("pipe: %m");
	pid = fork();
	if (!pid) {
		char number[16];

		snprintf(number, sizeof(number), "%d", getpid());
		dup2(ends[1], STDERR_FILENO);
		execl(agent_binary(), "ringside", "strace", "-p", number, NULL);
		_exit(99);
	}
	close(ends[1]);
	n = read(ends[0], text, sizeof(text) - 1);
	text[MAX(n, 0)] = '\0';
	waitpid(pid, &status, 0);
	close(ends[0]);
	if (!tap_ok(WIFEXITED(status) && WEXITSTATUS(status) == 1 && strstr(text, "watch itself"),
		    "-p: itself"))
		tap_diag("%#x: %s", (unsigned)status, text);
}

/* --- what they do --- */

struct row {
	const char *name;
	const char *deed;
	const char *options[8];
	const char *want[4]; /* extended regular expressions */
	const char *not_want;
};

static const struct row rows[] = {
	{ "a thread that executes takes the place of its process",
	  "usurp",
	  { "-f" },
	  { "execve\\(.*, \\[\"traced\", \"nothing\"\\], ", "exit_group\\(0\\) += \\?$",
	    "\\+\\+\\+ exited with 0 \\+\\+\\+$" },
	  NULL },
	{ "vfork",
	  "vfork",
	  { "-f" },
	  { "^\\[pid +[0-9]+\\] execve\\(.*\\) += 0$",
	    "(vfork|clone3?)\\(.*\\) += [0-9]+$|v?fork resumed>\\) += [0-9]+$" },
	  NULL },
	{ "names that would steer a terminal",
	  "names",
	  { "-f", "-Y", "-yy" },
	  { "\"/nonexistent/\\\\33\\[31m\\\\n\\\\377\\\\303\"" },
	  "\033|\007|\xff" },
	{ "more words than fit",
	  "words",
	  { "-e", "trace=execve" },
	  { "^execve\\(\".*\", \\[\"word\", \"nothing\", (\"word\", )+\\.\\.\\.\\], 0x[0-9a-f]+ /\\* [0-9]+ vars? \\*/\\) += 0$" },
	  NULL },
	{ "more words than there is room for",
	  "words",
	  { "-v", "-s", "7680", "-e", "trace=execve" },
	  { "^execve\\(\".*\", \\[\"word\", \"nothing\", (\"word\", )+\\.\\.\\.\\], .* = 0$" },
	  NULL },
};

static void check_row(const struct row *row)
{
	const char *args[12] = { "strace" };
	struct outcome outcome;
	unsigned n = 1;
	bool ok;

	for (unsigned i = 0; i < ARRAY_SIZE(row->options) && row->options[i]; i++)
		args[n++] = row->options[i];
	args[n++] = traced_self();
	args[n++] = row->deed;
	agent_run(&outcome, args, NULL, NULL);
	ok = outcome.code == 0;
	for (unsigned i = 0; i < ARRAY_SIZE(row->want) && row->want[i]; i++)
		if (!tracing_match(row->want[i], outcome.err)) {
			tap_diag("not printed: %s", row->want[i]);
			ok = false;
		}
	if (row->not_want && tracing_match(row->not_want, outcome.err)) {
		tap_diag("printed what should not be");
		ok = false;
	}
	if (!tap_ok(ok, "%s", row->name))
		tap_diag("ended with %d, wrote %.6000s", outcome.code, outcome.err);
	outcome_done(&outcome);
}

static unsigned number_before(const char *text, const char *words)
{
	const char *at = strstr(text, words);

	while (at && at > text && (at[-1] == ' ' || (at[-1] >= '0' && at[-1] <= '9')))
		at--;
	return at ? (unsigned)strtoul(at, NULL, 10) : 0;
}

/* Each has a place in a map, of which older kernels have fewer: who finds none is counted. */
static void test_crowd(void)
{
	const char *const args[] = { "strace",        "-qq",   "-e",
				     "trace=getpgid", "-e",    "signal=none",
				     traced_self(),   "crowd", NULL };
	unsigned shown, lost, skipped;
	struct outcome outcome;

	agent_run(&outcome, args, NULL, NULL);
	shown = count_of(outcome.err, "getpgid(77)");
	lost = number_before(outcome.err, "calls are not shown: no room for one more thread") +
	       number_before(outcome.err, "calls and events are not shown");
	skipped = number_before(outcome.err, "times the kernel ran none");
	if (!tap_ok(outcome.code == 0 && shown + lost + skipped >= CROWD && shown <= CROWD,
		    "a crowd of threads: shown or counted"))
		tap_diag("%u + %u (and %u skipped) of %d; ended with %d", shown, lost, skipped,
			 CROWD, outcome.code);
	outcome_done(&outcome);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return do_deed(argv);
	signal(SIGPIPE, SIG_IGN); /* who was killed reads no more */
	test_full();
	test_reader_goes();
	test_nobody_reads();
	test_command();
	test_separate();
	test_user();
	test_zombie();
	test_several();
	test_vanishing();
	test_odd_pids();
	test_self();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_row(&rows[i]);
	test_crowd();
	return tap_done();
}
