/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent makes of signals, of closed descriptors, and what code it ends with. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

#include "tests/kernel/lib/agent.h"
#include "tests/kernel/lib/tap.h"

/* It reads from a pipe of ours, so it lives as long as we want. */
#define WAITING_COMMAND "read x; exit 9"

static char own_pid[16];

/* A call that fails, and is an event all the same. */
static void make_event(void)
{
	mkdir("/tmp", 0755);
}

static bool has(struct agent *agent, const char *part)
{
	return strstr(rs_str_cstr(&agent->err_text), part);
}

/* Whether another event comes. */
static bool goes_on(struct agent *agent)
{
	uint64_t before = agent->seen;

	make_event();
	while (agent->seen == before && agent_pump(agent, agent_patience()))
		;
	return agent->seen > before;
}

/* `ringside run -o json --kinds mkdir ARGS...`, watching by the time it returns. */
static bool start(struct agent *agent, const char *const args[], agent_setup *setup, void *data)
{
	const char *all[24] = {
		"run", "-o", "json", "--root", agent_root(), "--kinds", "mkdir",
	};
	size_t n = 7;

	while (*args)
		all[n++] = *args++;
	agent_spawn(agent, all, setup, data);
	return agent_wait_err(agent, "watching");
}

__attribute__((format(printf, 3, 4))) static void is(struct agent *agent, bool ok, const char *fmt,
						     ...)
{
	char name[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	if (!tap_ok(ok, "%s", name))
		tap_diag("code %d\n%s", agent_code(agent), rs_str_cstr(&agent->err_text));
}

/* --- with a command --- */

static void waiting_stdin(void *data)
{
	dup2(*(int *)data, STDIN_FILENO);
}

static void test_command_signal(int signal, const char *name)
{
	struct agent agent;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		tap_bail("pipe: %m");
	start(&agent, (const char *[]){ "-c", WAITING_COMMAND, NULL }, waiting_stdin, &fds[0]);
	is(&agent, agent_stop(&agent, signal) == 128 + signal, "-c: %s is told by the code", name);
	close(fds[0]);
	close(fds[1]);
	agent_done(&agent);
}

static void test_command_duration(void)
{
	struct agent agent;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		tap_bail("pipe: %m");
	start(&agent, (const char *[]){ "-c", WAITING_COMMAND, "--duration", "200ms", NULL },
	      waiting_stdin, &fds[0]);
	/* The command has our pipes, so their end is not the agent's. */
	agent_wait_err(&agent, "goes on");
	close(fds[0]);
	close(fds[1]);
	agent_wait_end(&agent);
	is(&agent, agent_code(&agent) == 0 && has(&agent, "the command goes on"),
	   "-c: the end of --duration is code 0, and it says what goes on");
	agent_done(&agent);
}

static void test_command_reader(void)
{
	char dir[] = "/tmp/ringside-reader-XXXXXX", command[128];
	struct agent agent;

	if (!mkdtemp(dir))
		tap_bail("making %s: %m", dir);
	/* Never makes anything: or it could make the directory again whose end it waits for. */
	snprintf(command, sizeof(command), "while test -d %s; do mkdir %s/. 2>/dev/null; done", dir,
		 dir);
	start(&agent, (const char *[]){ "-c", command, NULL }, NULL, NULL);
	while (!agent.seen && agent_pump(&agent, agent_patience()))
		;
	rs_cleanup_close(&agent.out);
	agent_wait_end(&agent);
	rmdir(dir);
	is(&agent, agent_code(&agent) == 0, "-c: a reader that goes away is code 0");
	agent_done(&agent);
}

/* --- SIGHUP --- */

static void ignore_hangup(void *data)
{
	(void)data;
	signal(SIGHUP, SIG_IGN);
}

static void test_hangup(agent_setup *setup, const char *what)
{
	struct agent agent;
	bool said;

	start(&agent, (const char *[]){ "--config", "none", "--pid", own_pid, "-v", NULL }, setup,
	      NULL);
	kill(agent.pid, SIGHUP);
	said = agent_wait_err(&agent, "no configuration file");
	is(&agent, said && goes_on(&agent), "SIGHUP, nothing to read again, %s: it goes on", what);
	is(&agent, agent_stop(&agent, SIGINT) == 0, "%s: and ends with code 0", what);
	agent_done(&agent);
}

/* A terminal of its own, without which it is to go on; what it says comes to us. */
static void under_nohup(void *data)
{
	const int *terminal = data;

	if (setsid() < 0 || ioctl(*terminal, TIOCSCTTY, 0))
		_exit(126);
	signal(SIGHUP, SIG_IGN);
}

static void test_nohup(void)
{
	struct agent agent;
	char name[64];
	int main_fd, other;

	main_fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (main_fd < 0 || grantpt(main_fd) || unlockpt(main_fd) ||
	    ptsname_r(main_fd, name, sizeof(name)) ||
	    (other = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0) {
		tap_skip("nohup", "no pseudo terminals");
		return;
	}
	start(&agent, (const char *[]){ "--config", "none", "--pid", own_pid, "-v", NULL },
	      under_nohup, &other);
	close(other);
	close(main_fd); /* the kernel sends SIGHUP */
	is(&agent, agent_wait_err(&agent, "SIGHUP") && goes_on(&agent),
	   "nohup: it goes on without its terminal");
	is(&agent, agent_stop(&agent, SIGTERM) == 0, "nohup: and ends with code 0");
	agent_done(&agent);
}

/* --- descriptors --- */

static void close_fd(void *data)
{
	close(*(int *)data);
}

static bool is_held(pid_t pid, int fd)
{
	char path[64], target[64] = "";

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	return readlink(path, target, sizeof(target) - 1) > 0 && !strcmp(target, "/dev/null");
}

static void test_closed_output(void)
{
	struct agent agent;
	int fd = STDOUT_FILENO;

	start(&agent, (const char *[]){ "--pid", own_pid, NULL }, close_fd, &fd);
	is(&agent, is_held(agent.pid, fd), "standard output closed: nothing takes its place");
	make_event();
	agent_wait_end(&agent);
	is(&agent, agent_code(&agent) == 1 && has(&agent, "standard output"),
	   "standard output closed: the first event fails");
	agent_done(&agent);
}

static void test_closed_error(void)
{
	const char *args[] = { "run",     "-o",    "json",  "--root", agent_root(),
			       "--kinds", "mkdir", "--pid", own_pid,  NULL };
	uint64_t deadline = now_ms() + (uint64_t)agent_patience();
	struct agent agent;
	int fd = STDERR_FILENO;

	agent_spawn(&agent, args, close_fd, &fd);
	while (!agent.seen && now_ms() < deadline) {
		make_event();
		agent_pump(&agent, 20);
	}
	is(&agent, agent.seen && is_held(agent.pid, fd),
	   "standard error closed: nothing takes its place");
	is(&agent, agent_stop(&agent, SIGINT) == 0 && !agent.bad_lines,
	   "standard error closed: no message elsewhere");
	agent_done(&agent);
}

/* --- beside the agent of this machine --- */

static uint64_t effective_rights(pid_t pid)
{
	uint64_t value = 0;
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "CapEff:", 7) == 0)
			value = strtoull(line + 7, NULL, 16);
	if (file)
		fclose(file);
	return value;
}

static void write_config(const char *path, const char *dir)
{
	FILE *file = fopen(path, "we");

	if (!file)
		tap_bail("writing %s: %m", path);
	fprintf(file, "agent:\n  control: %s/control.sock\noutput:\n  file: %s/events\n", dir, dir);
	fclose(file);
}

/* The file's socket is the first agent's; the file's output too, and it says so. */
static void test_beside(void)
{
	const uint64_t look = 1ull << CAP_SYS_PTRACE | 1ull << CAP_DAC_READ_SEARCH;
	char dir[] = "/tmp/ringside-beside-XXXXXX", config[64], socket[64], events[64];
	struct agent first, second;
	int fds[2];

	if (!mkdtemp(dir) || pipe2(fds, O_CLOEXEC))
		tap_bail("making %s: %m", dir);
	snprintf(config, sizeof(config), "%s/config", dir);
	snprintf(socket, sizeof(socket), "%s/second.sock", dir);
	snprintf(events, sizeof(events), "%s/second", dir);
	write_config(config, dir);
	start(&first, (const char *[]){ "--config", config, "--pid", own_pid, NULL }, NULL, NULL);
	is(&second,
	   !start(&second, (const char *[]){ "--config", config, "-c", "true", NULL }, NULL,
		  NULL) &&
		   has(&second, "another agent writes to"),
	   "-c beside it: not into the same file");
	agent_done(&second);
	is(&second,
	   start(&second,
		 (const char *[]){ "--config", config, "-w", events, "-c", WAITING_COMMAND, NULL },
		 waiting_stdin, &fds[0]),
	   "-c beside it: the file's socket is left to the other");
	agent_stop(&second, SIGINT);
	agent_done(&second);
	is(&second,
	   start(&second,
		 (const char *[]){ "--config", "none", "--control", socket, "-w", events, "-c",
				   WAITING_COMMAND, NULL },
		 waiting_stdin, &fds[0]) &&
		   (effective_rights(second.pid) & look) == (effective_rights(getpid()) & look),
	   "-c with a socket of its own: it can look for processes and executables");
	agent_stop(&second, SIGINT);
	agent_done(&second);
	agent_stop(&first, SIGINT);
	agent_done(&first);
	close(fds[0]);
	close(fds[1]);
	unlink(config);
	unlink(events);
	snprintf(events, sizeof(events), "%s/events", dir);
	unlink(events);
	rmdir(dir);
}

int main(void)
{
	snprintf(own_pid, sizeof(own_pid), "%d", getpid());
	signal(SIGPIPE, SIG_IGN);
	test_command_signal(SIGINT, "SIGINT");
	test_command_signal(SIGTERM, "SIGTERM");
	test_command_duration();
	test_command_reader();
	test_hangup(NULL, "as ever");
	test_hangup(ignore_hangup, "ignored");
	test_nohup();
	test_closed_output();
	test_closed_error();
	test_beside();
	return tap_done();
}
