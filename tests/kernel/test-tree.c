/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside tree` and `ringside report`: what short lives did, asked afterwards. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kernel/lib/ask.h"
#include "tests/kernel/lib/check.h"
#include "tests/kernel/lib/stage.h"

#define FILES       3
#define CONNECTIONS 2

static pid_t short_pid;

/* --- a short life --- */

static void connect_to(int type)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, "127.0.0.9", &to.sin_addr);
	(void)!connect(fd, (void *)&to, sizeof(to));
	close(fd);
}

/* Makes files, takes one away, connects, listens, fails, runs a program, and is gone. */
static void live(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd;

	for (unsigned i = 0; i < FILES; i++) {
		char name[32];

		snprintf(name, sizeof(name), "made-%u", i);
		close(open(at(name), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	}
	for (unsigned i = 0; i < CONNECTIONS; i++)
		connect_to(SOCK_STREAM);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)!bind(fd, (void *)&any, sizeof(any));
	(void)!listen(fd, 1);
	execl(at("short/true"), "true", "of life", NULL);
	_exit(127);
}

static void run_short(void)
{
	if (mkdir(at("short"), 0755) || !copy_program("/bin/true", at("short/true")))
		tap_bail("copying /bin/true: %m");
	short_pid = fork();
	if (!short_pid)
		live();
	waitpid(short_pid, NULL, 0);
	unlink(at("made-0"));
	(void)!rmdir(at("missing"));
}

/* --- the tree --- */

static const json_t *node_of(const struct agent *answer, pid_t pid)
{
	const json_t *found = NULL;

	for (size_t i = 0; i < answer->n_events; i++)
		if (event_int(answer->events[i], "process.pid") == pid)
			found = answer->events[i];
	return found;
}

static void check_node(const json_t *node)
{
	char *dump;
	bool ok;

	tap_ok(node, "tree: a short-lived child is in it");
	ok = node && json_is_false(event_get(node, "ringside.running")) &&
	     event_int(node, "process.exit_code") == 0 && event_get(node, "process.end") &&
	     event_int(node, "ringside.life_ns") > 0 && event_int(node, "ringside.cpu_ns") > 0;
	tap_ok(ok, "its end: time, code, life, CPU time");
	ok &= event_int(node, "ringside.files") == FILES &&
	      event_int(node, "ringside.connections") == CONNECTIONS &&
	      event_int(node, "ringside.execs") == 1 &&
	      event_int(node, "ringside.failures") >= CONNECTIONS;
	tap_ok(ok, "what it did, in counts");
	ok &= event_int(node, "process.parent.pid") == getpid() &&
	      !strcmp(event_str(node, "process.name"), "true") &&
	      !strcmp(event_str(node, "process.command_line"), "true of life");
	tap_ok(ok, "who it was, and whose child");
	if (!ok && node) {
		dump = json_dumps(node, JSON_COMPACT);
		tap_diag("%s", dump);
		free(dump);
	}
}

static void test_tree(void)
{
	struct agent answer;
	const json_t *node;
	char pid[16], *text;

	ask(&answer, (const char *[]){ "tree", "-o", "json", NULL });
	tap_ok(!answer.bad_lines && answer.n_events > 2, "tree: JSON");
	check_node(node_of(&answer, short_pid));
	node = node_of(&answer, getpid());
	tap_ok(node && json_is_true(event_get(node, "ringside.running")), "what runs is in it");
	tap_ok(node_of(&answer, 1), "and the first process");
	agent_done(&answer);

	snprintf(pid, sizeof(pid), "%d", short_pid);
	ask(&answer, (const char *[]){ "tree", "-p", pid, "-o", "json", NULL });
	tap_ok(node_of(&answer, short_pid) && node_of(&answer, getpid()) && node_of(&answer, 1) &&
		       !node_of(&answer, 2),
	       "tree -p: it and those above it");
	agent_done(&answer);
	text = ask_text((const char *[]){ "tree", "-p", pid, NULL });
	if (!tap_ok(strstr(text, "true of life"), "tree as a table"))
		tap_diag("%s", text);
	free(text);
}

static void test_no_process(void)
{
	struct outcome outcome;

	agent_run(&outcome,
		  (const char *[]){ "tree", "-p", "4194303", "--root", agent_root(), NULL }, NULL,
		  NULL);
	if (!tap_ok(outcome.code == 1 && strstr(outcome.err, "4194303"),
		    "tree of a process that never was: told"))
		tap_diag("%d: %s", outcome.code, outcome.err);
	outcome_done(&outcome);
}

/* --- the report --- */

/* The row of a section in which the field has the text. */
static const json_t *row_of(const json_t *report, const char *section, const char *field,
			    const char *text)
{
	char path[64];
	const json_t *rows;
	size_t i;
	json_t *row;

	snprintf(path, sizeof(path), "%s.rows", section);
	rows = event_get(report, path);
	json_array_foreach((json_t *)rows, i, row)
	{
		if (!strcmp(event_str(row, field), text))
			return row;
	}
	return NULL;
}

static void check_rest(const json_t *report)
{
	const json_t *peer = row_of(report, "peers", "address", "127.0.0.9:9");
	char *slash, dir[256];
	bool ok;

	snprintf(dir, sizeof(dir), "%s", at("made-0"));
	slash = strrchr(dir, '/');
	*slash = '\0';
	ok = event_int(row_of(report, "deletions_by_directory", "directory", dir), "count") == 1;
	tap_ok(ok, "deletions");
	ok &= event_int(peer, "count") == CONNECTIONS && event_int(peer, "failed") == CONNECTIONS;
	tap_ok(ok, "peers");
	ok &= row_of(report, "listeners", "name", "test-tree") != NULL;
	tap_ok(ok, "listeners");
	ok &= row_of(report, "failures", "errno", "ENOENT") &&
	      row_of(report, "failures", "errno", "ECONNREFUSED");
	tap_ok(ok, "failures");
	if (!ok) {
		char *text = json_dumps(report, JSON_COMPACT);

		tap_diag("%s", text);
		free(text);
	}
}

static void test_report(void)
{
	struct agent answer;
	const json_t *report, *row;
	char *text;
	bool ok;

	ok = ask(&answer, (const char *[]){ "report", "--top", "1000", "-o", "json", NULL });
	report = answer.n_events ? answer.events[0] : NULL;
	tap_ok(ok && report && answer.n_events == 1 && !answer.bad_lines, "report: JSON");
	tap_ok(event_int(report, "events") > FILES + CONNECTIONS &&
		       event_int(report, "kinds.create") >= FILES &&
		       event_int(report, "kinds.connect") >= CONNECTIONS,
	       "events by kind");
	row = row_of(report, "execs", "executable", at("short/true"));
	tap_ok(row && event_int(row, "count") == 1, "what was started");
	row = row_of(report, "cpu", "executable", at("short/true"));
	tap_ok(row && event_int(row, "processes") == 1 && event_int(row, "cpu_ns") > 0,
	       "CPU time of what ended");
	check_rest(report);
	agent_done(&answer);
	text = ask_text((const char *[]){ "report", "--top", "1000", NULL });
	tap_ok(strstr(text, at("short/true")) && strstr(text, "127.0.0.9"), "report for reading");
	free(text);
}

int main(void)
{
	struct agent agent;

	stage_make();
	agent_start(&agent, (const char *[]){ "--kinds", "process,file,network,-open", "--pid",
					      pid_of_test(), NULL });
	run_short();
	mkdir(at("end"), 0700);
	tap_ok(wait_seen(&agent, "end") && ask_wait_stored(&agent), "a short life is stored");
	test_tree();
	test_no_process();
	test_report();
	tap_ok(agent_stop(&agent, SIGINT) == 0, "the agent ends");
	agent_done(&agent);
	stage_remove();
	return tap_done();
}
