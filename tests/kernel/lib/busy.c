/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel/lib/busy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/kernel/lib/sys.h"
#include "tests/kernel/lib/tap.h"

#define ARGS_MOST 24
#define LOOK_MS   10

/* Neither put into their callers nor called as their last deed. */
#define PLAIN __attribute__((noinline))

static volatile unsigned long counter;

/* --- what is done --- */

void busy_spin_inside(void);
void busy_short_inside(uint64_t until);
int busy_wait_inside(int fd);

PLAIN void busy_spin_inside(void)
{
	for (int i = 0; i < 100000; i++)
		counter += (unsigned long)i;
}

PLAIN void busy_spin(void)
{
	for (;;) {
		busy_spin_inside();
		counter++;
	}
}

PLAIN void busy_read_zeros(void)
{
	size_t size = (size_t)1 << 20;
	char *room = malloc(size);
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	while (room && fd >= 0 && read(fd, room, size) > 0)
		counter++;
	_exit(1);
}

static uint64_t cpu_ns(clockid_t clock)
{
	struct timespec time;

	return clock_gettime(clock, &time)
		       ? 0
		       : (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

PLAIN void busy_short_inside(uint64_t until)
{
	do {
		for (int i = 0; i < 100000; i++)
			counter += (unsigned long)i;
	} while (cpu_ns(CLOCK_PROCESS_CPUTIME_ID) < until);
	counter++;
}

PLAIN void busy_short(unsigned ms)
{
	busy_short_inside(cpu_ns(CLOCK_PROCESS_CPUTIME_ID) + ms * 1000000ull);
	counter++;
}

PLAIN int busy_wait_inside(int fd)
{
	unsigned char byte;
	ssize_t n;

	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	counter++;
	return n == 1 ? byte : -1;
}

PLAIN int busy_wait_for_byte(int fd)
{
	int byte = busy_wait_inside(fd);

	counter++;
	return byte;
}

PLAIN long busy_called(int number)
{
	counter += (unsigned long)number;
	return (long)counter;
}

PLAIN void busy_close_numbers(int n)
{
	for (int i = 0; i < n; i++)
		syscall(SYS_close, 100000 + i);
	counter++;
}

/* --- processes --- */

void busy_start(struct busy *busy, const char *comm, void (*work)(int orders, int answers))
{
	int orders[2], answers[2];

	if (pipe2(orders, O_CLOEXEC) || pipe2(answers, O_CLOEXEC))
		tap_bail("pipe: %m");
	busy->pid = fork();
	if (busy->pid < 0)
		tap_bail("fork: %m");
	if (!busy->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, comm);
		close(orders[1]);
		close(answers[0]);
		work(orders[0], answers[1]);
		_exit(0);
	}
	close(orders[0]);
	close(answers[1]);
	busy->orders = orders[1];
	busy->answers = answers[0];
}

void busy_end(struct busy *busy)
{
	kill(busy->pid, SIGKILL);
	waitpid(busy->pid, NULL, 0);
	close(busy->orders);
	close(busy->answers);
}

static void look_again(void)
{
	poll(NULL, 0, LOOK_MS);
}

bool busy_wait_cpu(pid_t pid, unsigned ms)
{
	uint64_t deadline = now_ms() + (uint64_t)agent_patience(), start;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock))
		return false;
	start = cpu_ns(clock);
	while (now_ms() < deadline) {
		if (cpu_ns(clock) - start >= ms * 1000000ull)
			return true;
		look_again();
	}
	return false;
}

bool busy_wait_asleep(pid_t pid)
{
	uint64_t deadline = now_ms() + (uint64_t)agent_patience();

	while (now_ms() < deadline) {
		if (task_state(pid, pid) == 'S' && task_off_cpu(pid))
			return true;
		look_again();
	}
	return false;
}

/* --- profiles --- */

void profile_start(struct agent *agent, const char *const args[])
{
	const char *all[ARGS_MOST + 3] = { NULL };
	size_t n = 0;

	while (*args && n < ARGS_MOST)
		all[n++] = *args++;
	all[n++] = "-o";
	all[n++] = "json";
	agent_spawn(agent, all, NULL, NULL);
	if (agent_wait_err(agent, "ends and shows"))
		return;
	tap_diag("%s", rs_str_cstr(&agent->err_text));
	agent_done(agent);
	tap_bail("`ringside %s` does not begin", all[0]);
}

bool profile_stop(struct agent *agent)
{
	int code = agent_stop(agent, SIGINT);

	if (!code && agent->n_events && !agent->bad_lines)
		return true;
	tap_diag("it ended with %d: %s", code, rs_str_cstr(&agent->err_text));
	return false;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static bool has_text(const json_t *object, const char *key, const char *want)
{
	return !want || !strcmp(text_of(object, key), want);
}

/* Frames stand in order, the outermost first. */
static bool has_frames(const json_t *stack, const struct profile_match *match)
{
	bool caller = !match->caller, function = !match->function, kind = !match->kind;
	const json_t *frame;
	size_t i;

	json_array_foreach(stack, i, frame)
	{
		const char *name = text_of(frame, "function");

		if (match->function && caller && !strcmp(name, match->function))
			function = true;
		if (match->caller && !strcmp(name, match->caller))
			caller = true;
		if (match->kind && has_text(frame, "kind", match->kind))
			kind = true;
	}
	return function && caller && kind;
}

static bool matches(const json_t *sample, const struct profile_match *match)
{
	const json_t *labels = json_object_get(sample, "labels");

	if (match->pid && json_integer_value(json_object_get(labels, "pid")) != match->pid)
		return false;
	return has_text(labels, "process", match->process) &&
	       has_text(labels, "reason", match->reason) &&
	       has_text(labels, "waker", match->waker) &&
	       has_frames(json_object_get(sample, "stack"), match);
}

json_int_t profile_sum(const struct agent *agent, const char *value,
		       const struct profile_match *match)
{
	json_int_t sum = 0;

	for (size_t i = 0; i < agent->n_events; i++) {
		const json_t *values = json_object_get(agent->events[i], "values");

		if (values && matches(agent->events[i], match))
			sum += json_integer_value(json_object_get(values, value));
	}
	return sum;
}

bool profile_noted(const struct agent *agent, const char *text)
{
	const json_t *note;
	size_t i;

	if (!agent->n_events)
		return false;
	json_array_foreach(json_object_get(agent->events[0], "notes"), i, note)
	{
		if (strstr(json_string_value(note), text))
			return true;
	}
	return false;
}

void profile_tell(const struct agent *agent)
{
	for (size_t i = 0; i < agent->n_events && i < 12; i++) {
		char *text = json_dumps(agent->events[i], JSON_COMPACT);

		tap_diag("%.1500s", text ? text : "");
		free(text);
	}
}
