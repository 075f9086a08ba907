/* SPDX-License-Identifier: Apache-2.0 */
/* The other commands: one smoke test each. */
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/kernel/lib/agent.h"
#include "tests/kernel/lib/tap.h"

static char own_pid[16], dir[64];

static bool has(const char *text, const char *part)
{
	return text && strstr(text, part);
}

/* Runs a command; its code must be 0 and its output have the texts. */
static void smoke(const char *name, const char *const args[], int code, const char *const parts[])
{
	struct outcome outcome;
	bool ok;

	agent_run(&outcome, args, NULL, NULL);
	ok = outcome.code == code;
	for (; *parts; parts++)
		ok &= has(outcome.out, *parts);
	if (!tap_ok(ok, "%s", name))
		tap_diag("code %d\n%s%s", outcome.code, outcome.out, outcome.err);
	outcome_done(&outcome);
}

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void act(void)
{
	char path[128];
	struct sockaddr_in address = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons(1); /* nobody listens there */
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		tap_diag("somebody listens at port 1");
	close(fd);
	snprintf(path, sizeof(path), "%s/doomed", dir);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	unlink(path);
	if (!fork()) {
		execl("/bin/true", "true", "smoke", NULL);
		_exit(127);
	}
	wait(NULL);
}

/* Starts a view, does some of everything, and looks for a text in what it prints. Views are no
 * agents of record: they take no place, so several may run. */
static void view(const char *name, const char *const args[], const char *text)
{
	struct agent agent;
	uint64_t deadline;
	bool up;

	agent_spawn(&agent, args, NULL, NULL);
	agent.raw = true;
	up = agent_wait_err(&agent, "watching");
	act();
	deadline = now_ms() + (uint64_t)agent_patience();
	while (up && !has(rs_str_cstr(&agent.line), text) && now_ms() < deadline && agent.out >= 0)
		agent_pump(&agent, 100);
	if (!tap_ok(has(rs_str_cstr(&agent.line), text), "%s: shows \"%s\"", name, text))
		tap_diag("%s%s", rs_str_cstr(&agent.err_text), rs_str_cstr(&agent.line));
	tap_ok(agent_stop(&agent, SIGINT) == 0 && has(rs_str_cstr(&agent.err_text), " in "),
	       "%s: ends with a summary and code 0", name);
	agent_done(&agent);
}

static void test_views(void)
{
	view("exec", ARGS("exec", "-o", "table", "--pid", own_pid), "true smoke");
	view("files", ARGS("files", "-o", "table", "--pid", own_pid, dir), "/doomed");
	view("net", ARGS("net", "-o", "table", "--pid", own_pid), "127.0.0.1:1");
	view("deletes", ARGS("deletes", "-o", "table", dir), "/doomed");
	view("deletes as JSON", ARGS("deletes", "-o", "json", dir), "\"deletion\"");
	view("run as a table", ARGS("run", "-o", "table", "--root", agent_root(), "--pid", own_pid),
	     "/doomed");
}

int main(void)
{
	snprintf(own_pid, sizeof(own_pid), "%d", getpid());
	strcpy(dir, "/tmp/ringside-XXXXXX");
	if (!mkdtemp(dir))
		tap_bail("making %s: %m", dir);
	smoke("the list of commands", ARGS("help"), 0, ARGS("run", "doctor", "deletes"));
	smoke("--version", ARGS("--version"), 0, ARGS("ringside "));
	smoke("run --help", ARGS("run", "--help"), 0, ARGS("--kinds", "--pid"));
	smoke("doctor", ARGS("doctor"), 0, ARGS("BTF", "kernel"));
	smoke("doctor as JSON", ARGS("doctor", "-o", "json"), 0, ARGS("\"kernel\""));
	test_views();
	rmdir(dir);
	return tap_done();
}
