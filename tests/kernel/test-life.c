/* SPDX-License-Identifier: Apache-2.0 */
/* How the agent comes, goes, and says why it does not. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>

#include "tests/kernel/lib/agent.h"
#include "tests/kernel/lib/programs.h"
#include "tests/kernel/lib/scene.h"
#include "tests/kernel/lib/tap.h"

static char own_pid[16];

/* A call that fails, and is an event all the same. */
static void make_event(void)
{
	mkdir("/tmp", 0755);
}

static void start(struct agent *agent)
{
	agent_start(agent,
		    (const char *[]){ "--pid", own_pid, "--kinds", "mkdir,fork,connect", NULL });
}

static bool has(const char *text, const char *part)
{
	return text && strstr(text, part);
}

static unsigned lines(const char *text)
{
	unsigned n = 0;

	for (; text && *text; text++)
		n += *text == '\n';
	return n;
}

/* One message, and at most a hint below it. */
static bool is_one_message(const char *text)
{
	return text && strncmp(text, "ringside: ", 10) == 0 &&
	       (lines(text) == 1 || (lines(text) == 2 && strstr(text, "\n  hint: ")));
}

/* --- ends --- */

static bool all_gone(const struct programs *programs)
{
	uint64_t deadline = now_ms() + (uint64_t)agent_patience();

	while (programs_left(programs) && now_ms() < deadline)
		sched_yield();
	return !programs_left(programs);
}

static void test_signal(int signal, const char *name)
{
	struct agent agent;
	struct programs programs;

	start(&agent);
	programs_of(agent.pid, &programs);
	make_event();
	while (!agent.seen && agent_pump(&agent, agent_patience()))
		;
	tap_ok(agent_stop(&agent, signal) == 0, "%s: ends with code 0", name);
	if (!tap_ok(has(rs_str_cstr(&agent.err_text), "1 event in"), "%s: with a summary", name))
		tap_diag("%s", rs_str_cstr(&agent.err_text));
	tap_ok(programs.count > 2 && all_gone(&programs), "%s: nothing stays in the kernel", name);
	agent_done(&agent);
}

static void test_kill(void)
{
	struct agent agent;
	struct programs programs;

	start(&agent);
	programs_of(agent.pid, &programs);
	tap_ok(programs.count > 2 && programs_left(&programs) == programs.count,
	       "kill -9: programs are there before");
	tap_ok(agent_stop(&agent, SIGKILL) == 128 + SIGKILL, "kill -9: it is dead");
	tap_ok(all_gone(&programs), "kill -9: nothing stays in the kernel");
	agent_done(&agent);
	start(&agent);
	tap_ok(agent_stop(&agent, SIGINT) == 0, "kill -9: another one can start");
	agent_done(&agent);
}

static void test_duration(void)
{
	struct outcome outcome;
	uint64_t begin = now_ms();

	agent_run(&outcome,
		  (const char *[]){ "run", "-o", "none", "--root", agent_root(), "--kinds", "mkdir",
				    "--pid", own_pid, "--duration", "1s", NULL },
		  NULL, NULL);
	tap_ok(outcome.code == 0 && now_ms() - begin >= 1000, "--duration");
	outcome_done(&outcome);
}

static void test_command(const char *command, int code, const char *what)
{
	struct outcome outcome;

	agent_run(&outcome,
		  (const char *[]){ "run", "-o", "json", "--root", agent_root(), "--kinds", "exec",
				    "-c", command, NULL },
		  NULL, NULL);
	if (!tap_ok(outcome.code == code && has(outcome.out, "\"exec\""), "%s", what))
		tap_diag("code %d\n%s%s", outcome.code, outcome.out, outcome.err);
	outcome_done(&outcome);
}

/* Events until the agent has had enough of them. */
static bool ends_by_itself(struct agent *agent)
{
	uint64_t deadline = now_ms() + (uint64_t)agent_patience();

	while (now_ms() < deadline) {
		for (int i = 0; i < 100; i++)
			make_event();
		agent_pump(agent, 20);
		if (waitpid(agent->pid, &agent->status, WNOHANG) == agent->pid) {
			agent->pid = 0;
			while (agent_pump(agent, 0))
				;
			return true;
		}
	}
	return false;
}

static void test_head(void)
{
	struct agent agent;
	bool ended;

	start(&agent);
	make_event();
	while (!agent.seen && agent_pump(&agent, agent_patience()))
		;
	rs_cleanup_close(&agent.out);
	ended = ends_by_itself(&agent);
	if (!tap_ok(ended && agent_code(&agent) == 0 && lines(rs_str_cstr(&agent.err_text)) == 1,
		    "a reader that goes away: it ends quietly"))
		tap_diag("code %d\n%s", agent_code(&agent), rs_str_cstr(&agent.err_text));
	agent_done(&agent);
}

static void small_disk(void *dir)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", dir, "tmpfs", 0, "size=16k"))
		_exit(77);
}

static void test_full_disk(void)
{
	struct agent agent;
	char dir[64] = "/tmp/ringside-XXXXXX", file[80];
	bool ended;

	if (!mkdtemp(dir))
		tap_bail("making %s: %m", dir);
	snprintf(file, sizeof(file), "%s/events", dir);
	agent_spawn(&agent,
		    (const char *[]){ "run", "-o", "json", "--root", agent_root(), "--kinds",
				      "mkdir", "--pid", own_pid, "-w", file, NULL },
		    small_disk, dir);
	if (!agent_wait_err(&agent, "watching")) {
		tap_skip("a full disk", "no tmpfs of our own can be had");
	} else {
		const char *text;

		ended = ends_by_itself(&agent);
		text = rs_str_cstr(&agent.err_text);
		if (!tap_ok(ended && agent_code(&agent) == 1 && has(text, file) &&
				    has(text, "No space left on device"),
			    "a full disk: it says so and ends with code 1"))
			tap_diag("code %d\n%s", agent_code(&agent), text);
	}
	agent_done(&agent);
	rmdir(dir);
}

/* --- terminals --- */

struct terminal {
	int main, other;
	bool controlling;
};

static void on_terminal(void *data)
{
	const struct terminal *terminal = data;

	if (setsid() < 0)
		_exit(126);
	if (terminal->controlling && ioctl(terminal->other, TIOCSCTTY, 0))
		_exit(126);
	dup2(terminal->other, STDIN_FILENO);
	dup2(terminal->other, STDOUT_FILENO);
	dup2(terminal->other, STDERR_FILENO);
}

static bool open_terminal(struct terminal *terminal)
{
	char name[64];

	terminal->main = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (terminal->main < 0 || grantpt(terminal->main) || unlockpt(terminal->main) ||
	    ptsname_r(terminal->main, name, sizeof(name)))
		return false;
	terminal->other = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return terminal->other >= 0;
}

/* Reads what the terminal shows until it has the text. */
static bool shows(int fd, const char *text, struct rs_str *ret_shown)
{
	uint64_t deadline = now_ms() + (uint64_t)agent_patience();
	char buf[4096];

	while (now_ms() < deadline && !strstr(rs_str_cstr(ret_shown), text)) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n <= 0)
			break;
		rs_str_append(ret_shown, buf, (size_t)n);
	}
	return strstr(rs_str_cstr(ret_shown), text);
}

static void test_terminal(bool controlling, const char *what)
{
	struct terminal terminal = { .controlling = controlling };
	struct rs_str shown = { 0 };
	struct agent agent;
	bool up, ended;

	if (!open_terminal(&terminal)) {
		tap_skip(what, "no pseudo terminals");
		return;
	}
	agent_spawn(&agent,
		    (const char *[]){ "run", "--root", agent_root(), "--kinds", "mkdir", "--pid",
				      own_pid, NULL },
		    on_terminal, &terminal);
	close(terminal.other);
	up = shows(terminal.main, "watching", &shown);
	make_event();
	tap_ok(up && shows(terminal.main, "EEXIST", &shown), "%s: a table while it is there", what);
	if (!up)
		tap_diag("%s", rs_str_cstr(&shown));
	close(terminal.main);
	ended = ends_by_itself(&agent);
	tap_ok(ended && agent_code(&agent) <= 1, "%s: it ends when that goes away", what);
	if (!ended || agent_code(&agent) > 1)
		tap_diag("code %d", agent_code(&agent));
	rs_str_done(&shown);
	agent_done(&agent);
}

/* --- beginnings --- */

static void test_second(void)
{
	struct agent agent;
	struct outcome outcome;
	char pid[16];

	start(&agent);
	snprintf(pid, sizeof(pid), "%d", agent.pid);
	agent_run(&outcome,
		  (const char *[]){ "run", "--root", agent_root(), "--duration", "1s", NULL }, NULL,
		  NULL);
	if (!tap_ok(outcome.code == 1 && has(outcome.err, pid) && is_one_message(outcome.err),
		    "a second agent says who holds the place"))
		tap_diag("code %d\n%s", outcome.code, outcome.err);
	outcome_done(&outcome);
	agent_stop(&agent, SIGINT);
	agent_done(&agent);
}

static void to_nobody(void *data)
{
	(void)data;
	if (setgroups(0, NULL) || setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		_exit(1);
}

static void test_no_rights(const char *const args[], const char *what)
{
	struct outcome outcome;

	agent_run(&outcome, args, to_nobody, NULL);
	if (!tap_ok(outcome.code == 3 && is_one_message(outcome.err), "no rights: %s", what))
		tap_diag("code %d\n%s", outcome.code, outcome.err);
	outcome_done(&outcome);
}

static void hide_btf(void *data)
{
	(void)data;
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("/dev/null", "/sys/kernel/btf/vmlinux", NULL, MS_BIND, NULL))
		_exit(77);
}

static void test_no_btf(void)
{
	struct outcome outcome;

	agent_run(&outcome,
		  (const char *[]){ "run", "--root", agent_root(), "--duration", "1s", "--pid",
				    own_pid, NULL },
		  hide_btf, NULL);
	if (outcome.code == 77)
		tap_skip("a kernel without BTF", "it cannot be hidden here");
	else if (!tap_ok(outcome.code == 3 && has(outcome.err, "BTF") &&
				 is_one_message(outcome.err),
			 "a kernel without BTF: it says so and ends with code 3"))
		tap_diag("code %d\n%s", outcome.code, outcome.err);
	outcome_done(&outcome);
}

static const struct misuse {
	const char *args[6];
	const char *says;
	int code;
} misuses[] = {
	{ { "rnu" }, "did you mean \"run\"?", 2 },
	{ { "run", "--no-such-option" }, "--no-such-option", 2 },
	{ { "run", "--kinds", "exce" }, "did you mean \"exec\"?", 2 },
	{ { "run", "--pid", "x" }, "x", 2 },
	{ { "run", "--duration", "soon" }, "soon", 2 },
	{ { "run", "--duration", "0s" }, "less than 1ms", 2 },
	{ { "exec", "--duration", "0s" }, "less than 1ms", 2 },
	{ { "run", "--ring-size", "0" }, "--ring-size: less than 4K", 2 },
	{ { "run", "--pid", "99999999999" }, "--pid 99999999999", 2 },
	{ { "run", "--uid", "no-such-user" }, "no-such-user", 2 },
	{ { "run", "--comm", "longer-than-fifteen-bytes" }, "longer-than-fifteen-bytes", 2 },
	{ { "run", "extra" }, "extra", 2 },
	{ { "run", "--config", "/tmp/there/is/none.yaml" }, "/tmp/there/is/none.yaml", 1 },
	{ { "deletes" }, "directory", 2 },
};

static void test_misuses(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(misuses); i++) {
		const struct misuse *misuse = &misuses[i];
		struct outcome outcome;

		agent_run(&outcome, misuse->args, NULL, NULL);
		if (!tap_ok(outcome.code == misuse->code && has(outcome.err, misuse->says) &&
				    is_one_message(outcome.err) && !*outcome.out,
			    "wrong use: %s %s", misuse->args[0],
			    misuse->args[1] ? misuse->args[1] : ""))
			tap_diag("code %d\n%s%s", outcome.code, outcome.err, outcome.out);
		outcome_done(&outcome);
	}
}

/* --- rights --- */

static uint64_t status_hex(pid_t pid, const char *key)
{
	char path[64], line[256];
	size_t n = strlen(key);
	uint64_t value = ~0ull;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, key, n) == 0 && line[n] == ':')
			value = strtoull(line + n + 1, NULL, 16);
	if (file)
		fclose(file);
	return value;
}

static void test_capabilities(void)
{
	static const char *const keys[] = { "CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd" };
	/* Enough to read counters and to change filters: of processes, of cgroups by name. */
	static const uint64_t kept = 1ull << CAP_BPF | 1ull << CAP_PERFMON |
				     1ull << CAP_SYS_PTRACE | 1ull << CAP_DAC_READ_SEARCH;
	struct agent agent;

	start(&agent);
	make_event();
	while (!agent.seen && agent_pump(&agent, agent_patience()))
		;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		uint64_t bits = status_hex(agent.pid, keys[i]);

		tap_ok(!(bits & ~kept), "capabilities are dropped: %s is %#llx", keys[i],
		       (unsigned long long)bits);
	}
	agent_stop(&agent, SIGINT);
	agent_done(&agent);
}

int main(void)
{
	char place[] = "/tmp/ringside-place-XXXXXX";

	if (!mkdtemp(place) || chmod(place, 0777))
		tap_bail("making %s: %m", place);
	snprintf(own_pid, sizeof(own_pid), "%d", getpid());
	signal(SIGPIPE, SIG_IGN);
	agent_publish();
	test_signal(SIGINT, "SIGINT");
	test_signal(SIGTERM, "SIGTERM");
	test_kill();
	test_duration();
	test_command("sh -c 'exit 7'", 7, "a command's own code is passed on");
	test_command("sh -c 'kill -9 $$'", 128 + SIGKILL, "and the signal that killed it");
	test_head();
	test_full_disk();
	test_terminal(true, "a terminal of its own");
	test_terminal(false, "a terminal of others");
	test_second();
	test_no_rights((const char *[]){ "run", NULL }, "run");
	test_no_rights((const char *[]){ "run", "--root", place, NULL },
		       "run in a place we may write");
	remove_tree(place);
	test_no_rights((const char *[]){ "exec", NULL }, "exec");
	test_no_btf();
	test_misuses();
	test_capabilities();
	return tap_done();
}
