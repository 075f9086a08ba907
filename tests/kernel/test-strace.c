/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside strace`: what a process does, as lines that people know. The program does it itself, called with a word. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"
#include "tests/kernel/lib/again.h"
#include "tests/kernel/lib/sys.h"
#include "tests/kernel/lib/tap.h"
#include "tests/kernel/lib/traced.h"
#include "tests/kernel/lib/tracing.h"

/* Most rows leave out what they do not need. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define FILE_NAME  "/tmp/rs-strace-file"
#define OTHER_NAME "/tmp/rs-strace-other"
#define MANY       5000

/* --- deeds --- */

static void do_files(void)
{
	int fd = open(FILE_NAME, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	char bytes[16];

	(void)!write(fd, "some contents that are longer than eight\n", 41);
	(void)!pread(fd, bytes, 4, 5);
	close(dup(fd));
	close(fd);
	close(open("/nonexistent/name", O_RDONLY));
	close(open(OTHER_NAME, O_RDWR | O_CREAT, 0600));
	unlink(OTHER_NAME);
	unlink(FILE_NAME);
}

static void do_net(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), pair[2];
	socklen_t len = sizeof(address);
	char byte = 'x';
	struct iovec parts[] = { { (void *)"first", 5 }, { (void *)"second", 6 } };

	inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
	(void)!bind(fd, (void *)&address, sizeof(address));
	(void)!listen(fd, 7);
	(void)!getsockname(fd, (void *)&address, &len);
	address.sin_port = htons(9);
	(void)!connect(fd, (void *)&address, sizeof(address));
	close(fd);
	if (!socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) {
		(void)!send(pair[0], &byte, 1, MSG_NOSIGNAL);
		(void)!recv(pair[1], &byte, 1, 0);
		(void)!writev(pair[0], parts, 2);
	}
}

static void do_fork(void)
{
	pid_t pid = fork();

	if (!pid) {
		getpgid(0);
		_exit(3);
	}
	waitpid(pid, NULL, 0);
}

static void do_killed(void)
{
	kill(getpid(), SIGKILL);
	pause();
}

static void on_signal(int signal)
{
	(void)signal;
}

static void do_signal(void)
{
	signal(SIGUSR1, on_signal);
	signal(SIGUSR2, SIG_IGN);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR2);
}

static void do_many(void)
{
	for (int i = 0; i < MANY; i++)
		syscall(SYS_getpgid, 0);
}

/* A read that waits for its child, which ends after a time that no call takes by itself: counted from when the read is
 * seen to wait, for a busy machine comes to it late. */
static void do_slow(void)
{
	const struct timespec time = { .tv_nsec = 300000000 };
	pid_t reader = getpid();
	int ends[2];
	char byte;

	if (pipe(ends))
		return;
	getpgid(0);
	if (!fork()) {
		while (task_state(reader, reader) != 'S' || !task_off_cpu(reader))
			sched_yield();
		nanosleep(&time, NULL); /* sleep: the slow call itself */
		(void)!write(ends[1], "!", 1);
		_exit(0);
	}
	(void)!read(ends[0], &byte, 1);
	wait(NULL);
}

__attribute__((noinline)) static void strace_marked(void)
{
	syscall(SYS_getpgid, 12345678);
	__asm__ volatile("" ::: "memory");
}

/* Structures behind structures, and what a request leads to. */
static void do_pointed(void)
{
	struct timespec time = { .tv_nsec = 1 };
	uint64_t mask = 1u << (SIGUSR1 - 1);
	const struct {
		const void *mask;
		size_t size;
	} pair = { &mask, sizeof(mask) };
	int ends[2], count, on = 1;

	if (pipe(ends))
		return;
	(void)!write(ends[1], "abc", 3);
	ioctl(ends[0], FIONREAD, &count);
	ioctl(ends[0], FIONBIO, &on);
	syscall(SYS_pselect6, 0, NULL, NULL, NULL, &time, &pair);
	(void)!write(ends[1], "\xff\n", 2);
}

static int do_deed(const char *word)
{
	static const struct {
		const char *word;
		void (*act)(void);
	} deeds[] = {
		{ "files", do_files },   { "net", do_net },         { "fork", do_fork },
		{ "killed", do_killed }, { "signal", do_signal },   { "many", do_many },
		{ "slow", do_slow },     { "pointed", do_pointed },
	};

	for (size_t i = 0; i < ARRAY_SIZE(deeds); i++)
		if (!strcmp(deeds[i].word, word)) {
			deeds[i].act();
			return 0;
		}
	return traced_deed(word, false);
}

/* --- rows --- */

#define WANTS   8
#define OPTIONS 8

struct row {
	const char *name;
	const char *deed;
	const char *want[WANTS]; /* extended regular expressions; ^ and $ are a line's */
	const char *options[OPTIONS];
	const char *not_want;
	int code;
};

#define STRING(x)  #x
#define TEXT_OF(x) STRING(x)

static const struct row rows[] = {
	{ "files: names, flags, results, contents",
	  "files",
	  { "^execve\\(\"[^\"]+\", \\[\"[^\"]+\"(\\.\\.\\.)?, \"files\"\\], 0x[0-9a-f]+ /\\* [0-9]+ vars \\*/\\) = 0$",
	    "^openat\\(AT_FDCWD, \"" FILE_NAME
	    "\", O_RDWR\\|O_CREAT\\|O_TRUNC\\|O_CLOEXEC, 0640\\) = 3$",
	    "^write\\(3, \"some contents that are longer th\"\\.\\.\\., 41\\) = 41$",
	    "^pread64\\(3, \"cont\", 4, 5\\) += 4$",
	    "^openat\\(AT_FDCWD, \"/nonexistent/name\", O_RDONLY\\) = -1 ENOENT \\(No such file or directory\\)$",
	    "^unlink(at)?\\(.*\"" FILE_NAME "\".*\\) += 0$", "^exit_group\\(0\\) +\\= \\?$",
	    "^\\+\\+\\+ exited with 0 \\+\\+\\+$" } },
	{ "-s: contents are cut",
	  "files",
	  { "^write\\(3, \"some con\"\\.\\.\\., 41\\) += 41$" },
	  { "-s", "8" } },
	{ "-e trace=: only these calls",
	  "files",
	  { "^write\\(3, ", "^close\\(3\\) += 0$" },
	  { "-e", "trace=write,close" },
	  "openat|execve|mmap" },
	{ "-e !SET: all but these",
	  "files",
	  { "^write\\(3, " },
	  { "-e", "!openat,close" },
	  "^(openat|close)\\(" },
	{ "-Z: only what fails",
	  "files",
	  { "\"/nonexistent/name\", O_RDONLY\\) = -1 ENOENT" },
	  { "-Z" },
	  "= [0-9]" },
	{ "-z: only what does not", "files", { "^write\\(3, " }, { "-z" }, "= -1 E" },
	{ "-P: only a path, and descriptors of it",
	  "files",
	  { "^openat\\(.*\"" FILE_NAME "\"", "^write\\(3, ", "^close\\(4\\) ",
	    "^unlink.*" FILE_NAME },
	  { "-P", FILE_NAME },
	  "nonexistent|strace-other|mmap|brk" },
	{ "-y: what descriptors are",
	  "files",
	  { "^write\\(3<" FILE_NAME ">, ",
	    "^openat\\(AT_FDCWD<[^>]+>, \"" FILE_NAME "\", .* = 3<" FILE_NAME ">$",
	    "^dup\\(3<" FILE_NAME ">\\) += 4<" FILE_NAME ">$" },
	  { "-y", "-e", "trace=openat,write,dup" } },
	{ "sockets: addresses, descriptors, vectors",
	  "net",
	  { "^socket\\(AF_INET, SOCK_STREAM\\|SOCK_CLOEXEC, IPPROTO_IP\\) = 3$",
	    "^bind\\(3, \\{sa_family=AF_INET, sin_port=htons\\(0\\), sin_addr=inet_addr\\(\"127\\.0\\.0\\.1\"\\)\\}, 16\\) = 0$",
	    "^listen\\(3, 7\\) += 0$",
	    "^connect\\(3, \\{sa_family=AF_INET, sin_port=htons\\(9\\), .*\\}, 16\\) = -1 ",
	    "^socketpair\\(AF_UNIX, SOCK_STREAM, 0, \\[3, 4\\]\\) = 0$",
	    "^sendto\\(3, \"x\", 1, MSG_NOSIGNAL, NULL, 0\\) = 1$",
	    "^recvfrom\\(4, \"x\", 1, 0, NULL, NULL\\) += 1$",
	    "^writev\\(3, \\[\\{iov_base=\"first\", iov_len=5\\}, \\{iov_base=\"second\", iov_len=6\\}\\], 2\\) = 11$" } },
	{ "-yy: addresses of descriptors",
	  "net",
	  { "^listen\\(3<TCP:\\[127\\.0\\.0\\.1:[0-9]+\\]>, 7\\)",
	    "^sendto\\(3<UNIX-STREAM:\\[[0-9]+->[0-9]+\\]>, " },
	  { "-yy", "-e", "trace=%net" } },
	{ "execve: what it is given",
	  "exec",
	  { "^execve\\(\"[^\"]+\", \\[\"traced\", \"nothing\", \"two words\"\\], 0x" },
	  { "-e", "trace=execve" } },
	{ "children are left out without -f",
	  "fork",
	  { "^wait4\\(-1|^wait4\\(" },
	  { NULL },
	  "getpgid|exited with 3" },
	{ "-f: children, and how they end",
	  "fork",
	  { "^\\[pid +[0-9]+\\] getpgid\\(0\\) +\\= [0-9]+$", "\\+\\+\\+ exited with 3 \\+\\+\\+$",
	    "^strace: Process [0-9]+ attached$",
	    "--- SIGCHLD \\{si_signo=SIGCHLD, si_code=CLD_EXITED, "
	    "si_pid=[0-9]+, si_uid=[0-9]+, si_status=3, si_utime=[0-9]+.*, si_stime=[0-9]+.*\\}",
	    "wait4\\(.*\\) += [0-9]+$" },
	  { "-f" } },
	{ "a process that is killed",
	  "killed",
	  { "^\\+\\+\\+ killed by SIGKILL \\+\\+\\+$" },
	  { NULL },
	  NULL,
	  128 + SIGKILL },
	{ "signals that are delivered, and those that are ignored",
	  "signal",
	  { "^--- SIGUSR1 \\{si_signo=SIGUSR1, si_code=SI_USER, si_pid=[0-9]+, si_uid=[0-9]+\\} ---$",
	    "^--- SIGUSR2 \\{.*\\} \\(ignored\\) ---$", "^rt_sigreturn\\(.*\\) += 0$" } },
	{ "-e signal=: only some",
	  "signal",
	  { "SIGUSR2" },
	  { "-e", "signal=USR2" },
	  "--- SIGUSR1" },
	{ "threads belong to their process",
	  "thread",
	  { "^\\[pid +[0-9]+\\] getpgid\\(0\\)", "^strace: Process [0-9]+ attached$" } },
	{ "-T -ttt: times",
	  "files",
	  { "^[0-9]{9,}\\.[0-9]{6} write\\(3, .* = 41 <[0-9]+\\.[0-9]{6}>$" },
	  { "-T", "-ttt" } },
	{ "--slower: only what takes long",
	  "slow",
	  { "^read\\(3, \"!\", 1\\) +\\= 1 <0\\.[2-9]|^read\\(3, \"!\", 1\\) +\\= 1 <[1-9]" },
	  { "--slower", "200ms", "-T", "-e", "trace=read,getpgid,pipe2,pipe" },
	  "getpgid|pipe" },
	{ "a call that waits is shown before it ends",
	  "slow",
	  { "^read\\(3, \"!\", 1\\) +\\= 1$|<\\.\\.\\. read resumed>\"!\", 1\\)" } },
	{ "-c: counted",
	  "many",
	  { " " TEXT_OF(MANY) " +getpgid$", "^100\\.00 .* total$" },
	  { "-c" },
	  "getpgid\\(" },
	{ "-C: both",
	  "many",
	  { " " TEXT_OF(MANY) " +getpgid$", "^getpgid\\(0\\) += [0-9]+$" },
	  { "-C", "-e", "trace=getpgid" } },
	{ "-U: columns of the table, in another order",
	  "many",
	  { "^getpgid +" TEXT_OF(MANY) " ", "^syscall +calls +longest$", "^total +[0-9]+ " },
	  { "-c", "-U", "name,calls,max-time" } },
	{ "what is behind pointers in structures, and arguments of ioctl",
	  "pointed",
	  { "^ioctl\\(3, FIONREAD, \\[3\\]\\) += 0$", "^ioctl\\(3, FIONBIO, \\[1\\]\\) += 0$",
	    "^pselect6\\(0, NULL, NULL, NULL, \\{tv_sec=0, tv_nsec=1\\}, "
	    "\\{sigmask=\\[USR1\\], sigsetsize=8\\}\\) += 0 \\(Timeout\\)$",
	    "^write\\(4, \"\\\\377\\\\n\", 2\\) += 2$" } },
	{ "-xx, -X raw, -e raw=SET, precision of times",
	  "pointed",
	  { "^[0-9]{9,}\\.[0-9]{9} write\\(4, \"\\\\x61\\\\x62\\\\x63\", 3\\) += 3 "
	    "<[0-9]+\\.[0-9]{3}>$",
	    " ioctl\\(0x3, 0x541b, 0x[0-9a-f]+\\) += 0 <" },
	  { "-xx", "-X", "raw", "-e", "raw=ioctl", "--absolute-timestamps=unix,ns",
	    "--syscall-times=ms" } },
	{ "--json",
	  "files",
	  { "\"syscall\":\"write\",\"nr\":[0-9]+,\"args\":\\{\"fd\":\"3\".*\"result\":41,.*\"duration_ns\":[0-9]+",
	    "\"errno\":\"ENOENT\"", "\"exit_code\":0" },
	  { "--json" } },
	{ "-q: nothing of threads that come",
	  "thread",
	  { "getpgid" },
	  { "-qq" },
	  "attached|exited" },
};

static bool is_as_wanted(const struct row *row, const struct outcome *outcome)
{
	bool ok = outcome->code == row->code;

	for (unsigned i = 0; i < WANTS && row->want[i]; i++)
		if (!tracing_match(row->want[i], outcome->err)) {
			tap_diag("not printed: %s", row->want[i]);
			ok = false;
		}
	if (row->not_want && tracing_match(row->not_want, outcome->err)) {
		tap_diag("printed: %s", row->not_want);
		ok = false;
	}
	return ok;
}

/* What the kernel left out, and strace tells, may be missing: then it is done again, a few times. */
static void check_row(const struct row *row)
{
	const char *args[OPTIONS + 8] = { "strace" };
	unsigned n = 1;
	struct outcome outcome;
	bool ok;

	for (unsigned i = 0; i < OPTIONS && row->options[i]; i++)
		args[n++] = row->options[i];
	args[n++] = traced_self();
	args[n++] = row->deed;
	agent_run(&outcome, args, NULL, NULL);
	ok = is_as_wanted(row, &outcome);
	for (int i = 0; i < 4 && !ok && strstr(outcome.err, "the kernel ran none of our programs");
	     i++) {
		outcome_done(&outcome);
		agent_run(&outcome, args, NULL, NULL);
		ok = is_as_wanted(row, &outcome);
	}
	if (!tap_ok(ok, "%s", row->name))
		tap_diag("ended with %d, wrote \"%s\"", outcome.code, outcome.err);
	outcome_done(&outcome);
}

/* --- others --- */

static unsigned count_of(const char *text, const char *word)
{
	unsigned n = 0;

	while ((text = strstr(text, word))) {
		n++;
		text += strlen(word);
	}
	return n;
}

static unsigned number_before(const char *text, const char *words)
{
	const char *at = strstr(text, words);

	while (at && at > text && (at[-1] == ' ' || (at[-1] >= '0' && at[-1] <= '9')))
		at--;
	return at ? (unsigned)strtoul(at, NULL, 10) : 0;
}

/* A buffer that can not hold what comes: what is not shown is counted. */
static void test_overflow(void)
{
	const char *const args[] = { "strace",        "--buffer",    "64K",  "-qq", "-e",
				     "trace=getpgid", traced_self(), "many", NULL };
	struct outcome outcome;
	unsigned shown, lost, skipped;
	bool ok;

	agent_run(&outcome, args, NULL, NULL);
	shown = count_of(outcome.err, "getpgid(0)");
	lost = number_before(outcome.err, "calls and events are not shown");
	skipped = number_before(outcome.err, "times the kernel ran none");
	/* the ends of threads are events, too, that may be lost; what was skipped may have been any program */
	ok = shown + lost + skipped >= MANY && shown + lost <= MANY + 2;
	if (!tap_ok(ok, "shown and lost are all"))
		tap_diag("%u + %u (and %u skipped) of %d", shown, lost, skipped, MANY);
	outcome_done(&outcome);
}

/* -p: of a process that is there, waits in a call, and goes. */
static void test_attach(void)
{
	struct agent agent = AGENT_INIT;
	int ends[2];
	pid_t pid;
	char number[16], byte;
	bool ended;

	if (pipe2(ends, O_CLOEXEC))
		tap_bail("pipe: %m");
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ends[1]);
		(void)!read(ends[0], &byte, 1);
		strace_marked();
		_exit(7);
	}
	close(ends[0]);
	snprintf(number, sizeof(number), "%d", pid);
	agent_spawn(&agent, (const char *const[]){ "strace", "-k", "-p", number, NULL }, NULL,
		    NULL);
	tap_ok(agent_wait_err(&agent, "read("), "-p: the call that it waits in is shown at once");
	(void)!write(ends[1], "y", 1);
	ended = agent_wait_err(&agent, "+++ exited with 7 +++");
	tap_ok(strstr(rs_str_cstr(&agent.err_text), "\"y\", 1)"),
	       "and how it ends, with what was read");
	tap_ok(strstr(rs_str_cstr(&agent.err_text), "getpgid(12345678)"), "and what comes after");
	tap_ok(ended, "and its end");
	if (!tap_ok(tracing_match("^ > .*\\(strace_marked", rs_str_cstr(&agent.err_text)),
		    "-k: who asks for it"))
		tap_diag("%s", rs_str_cstr(&agent.err_text));
	waitpid(pid, NULL, 0);
	tap_ok(agent_wait_end(&agent) && agent_code(&agent) == 0,
	       "which ends us: no process is left");
	close(ends[1]);
	agent_done(&agent);
}

static void test_misuse(void)
{
	static const struct {
		const char *args[6];
		int code;
		const char *want;
	} wrong[] = {
		{ { "strace" }, 2, "whom to watch" },
		{ { "strace", "-e", "trace=opne", "true" }, 2, "open" },
		{ { "strace", "-e", "inject=all", "true" }, 2, "never changed" },
		{ { "strace", "-e", "signal=NONE_SUCH", "true" }, 2, "there is no signal" },
		{ { "strace", "-p", "99999999" }, 1, "99999999" },
		{ { "strace", "/nonexistent/program" }, 1, "No such file" },
		{ { "strace", "-Z", "-z", "true" }, 2, "leave nothing" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct outcome outcome;

		agent_run(&outcome, wrong[i].args, NULL, NULL);
		if (!tap_ok(outcome.code == wrong[i].code && strstr(outcome.err, wrong[i].want),
			    "wrong use: %s", wrong[i].want))
			tap_diag("ended with %d: %s", outcome.code, outcome.err);
		outcome_done(&outcome);
	}
}

static void test_file(void)
{
	static const char path[] = "/tmp/rs-strace-out";
	const char *const args[] = { "strace", "-f", "-o", path, traced_self(), "fork", NULL };
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	struct outcome outcome;

	agent_run(&outcome, args, NULL, NULL);
	rs_fd_read_file(path, 1 << 20, &text, NULL);
	tap_ok(outcome.code == 0 &&
		       tracing_match("^[0-9]+ +getpgid\\(0\\) +\\= [0-9]+$", rs_str_cstr(&text)) &&
		       !strstr(outcome.err, "getpgid"),
	       "-o: lines go to the file");
	unlink(path);
	outcome_done(&outcome);
}

int main(int argc, char **argv)
{
	const char *only = getenv("TRACING_ONLY"); /* part of the names of those to be run */

	if (argc > 1)
		return do_deed(argv[1]);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!only || strstr(rows[i].name, only))
			check_row(&rows[i]);
	if (only)
		return tap_done();
	test_overflow();
	again_plain(test_attach);
	again_plain(test_file);
	test_misuse();
	return tap_done();
}
