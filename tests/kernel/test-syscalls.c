/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside syscalls`: numbers that are known, counted by process, thread and call. */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "tests/kernel/lib/agent.h"
#include "tests/kernel/lib/check.h"
#include "tests/kernel/lib/tap.h"
#include "tests/kernel/lib/traced.h"

#define CALLS  4321
#define ERRORS 17

/* --- what is counted --- */

static int deed(const char *word)
{
	pid_t pid = !strcmp(word, "child") ? fork() : 0;

	if (pid > 0)
		return waitpid(pid, NULL, 0) < 0;
	for (int i = 0; i < CALLS; i++)
		syscall(SYS_getpgid, 0);
	for (int i = 0; i < ERRORS; i++)
		syscall(SYS_getpgid, 0x3fffffff);
	return 0;
}

/* --- rows of the last object: the sums --- */

static json_t *last_of(const char *text)
{
	json_t *last = NULL, *one;
	json_error_t error;

	while ((one = json_loads(text, JSON_DISABLE_EOF_CHECK, &error))) {
		json_decref(last);
		last = one;
		text += error.position;
	}
	return last;
}

static json_t *sums(const char *const extra[], const char *word, struct outcome *ret_outcome)
{
	static char command[4200];
	const char *args[16] = { "syscalls", "-o", "json", "-i", "0", "-c", command };
	unsigned n = 7;

	snprintf(command, sizeof(command), "%s %s", traced_self(), word);
	for (unsigned i = 0; extra[i]; i++)
		args[n++] = extra[i];
	agent_run(ret_outcome, args, NULL, NULL);
	return last_of(ret_outcome->out);
}

static bool skipped_some(const struct outcome *outcome)
{
	return strstr(outcome->err, "a program was running on that CPU") != NULL;
}

static const json_t *row_of(const json_t *page, const char *key, const char *has)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(page, "rows"), i, row)
	{
		const char *text = json_string_value(json_object_get(row, key));

		if (text && strstr(text, has))
			return row;
	}
	return NULL;
}

static json_int_t number(const json_t *row, const char *key)
{
	return row ? json_integer_value(json_object_get(row, key)) : -1;
}

/* As many as were made; fewer only where the kernel says that it skipped some. */
static bool exact(json_int_t have, json_int_t want, const struct outcome *outcome)
{
	return have == want || (skipped_some(outcome) && have <= want);
}

static void test_calls(const char *name, const char *const extra[], const char *word, bool timed)
{
	struct outcome outcome;
	json_t *page = sums(extra, word, &outcome);
	const json_t *row = row_of(page, "syscall", "getpgid");
	bool ok = exact(number(row, "calls"), CALLS + ERRORS, &outcome) &&
		  exact(number(row, "errors"), ERRORS, &outcome) && outcome.code == 0;

	ok &= timed ? number(row, "ns") > 0 && number(row, "max_ns") > 0 &&
			      number(row, "max_ns") <= number(row, "ns")
		    : !json_object_get(row, "ns");
	if (!tap_ok(ok, "%s", name))
		tap_diag("ended with %d: %s %s", outcome.code, outcome.out, outcome.err);
	json_decref(page);
	outcome_done(&outcome);
}

static void test_process(void)
{
	struct outcome outcome;
	json_t *page = sums((const char *const[]){ "--by", "process", NULL }, "child", &outcome);
	json_int_t most = 0;
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(page, "rows"), i, row)
		most = MAX(most, number(row, "calls"));
	/* sanitizers have processes of their own */
	tap_ok(json_array_size(json_object_get(page, "rows")) >= 2 && most >= CALLS &&
		       most < 2 * CALLS,
	       "by process: the command and its child apart");
	json_decref(page);
	outcome_done(&outcome);
}

static void test_table(void)
{
	static char command[4200];
	struct outcome outcome;

	snprintf(command, sizeof(command), "%s loop", traced_self());
	agent_run(&outcome,
		  (const char *const[]){ "syscalls", "-c", command, "-i", "0", "--by", "syscall",
					 NULL },
		  NULL, NULL);
	tap_ok(outcome.code == 0 && strstr(outcome.out, "getpgid") &&
		       strstr(outcome.out, "CALLS/S"),
	       "as a table");
	outcome_done(&outcome);
	agent_run(&outcome, (const char *const[]){ "syscalls", "--by", "process,thread", NULL },
		  NULL, NULL);
	tap_ok(outcome.code == 2 && strstr(outcome.err, "--by"), "wrong use: two sorts of lines");
	outcome_done(&outcome);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return deed(argv[1]);
	test_calls("by call: each counted, errors too, with times",
		   (const char *const[]){ "--by", "syscall", NULL }, "loop", true);
	test_calls("by process and call",
		   (const char *const[]){ "--by", "process,syscall", "-e", "getpgid", NULL },
		   "loop", true);
	test_calls("by thread and call",
		   (const char *const[]){ "--by", "thread,syscall", "-e", "getpgid", NULL }, "loop",
		   true);
	test_calls("by container and call",
		   (const char *const[]){ "--by", "container,syscall", "-e", "getpgid", NULL },
		   "loop", true);
	test_calls("without times", (const char *const[]){ "--by", "syscall", "--no-time", NULL },
		   "loop", false);
	test_calls("a child's are counted with the command's",
		   (const char *const[]){ "--by", "syscall", NULL }, "child", true);
	test_process();
	test_table();
	return tap_done();
}
