/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel/lib/ask.h"

#include <string.h>

#include "tests/kernel/lib/check.h"

#define ARGS_MAX 60

/* "--root ROOT" behind the rest. */
static void add_root(const char *const args[], const char *all[static ARGS_MAX])
{
	size_t n = 0;

	while (args[n] && n < ARGS_MAX - 3) {
		all[n] = args[n];
		n++;
	}
	all[n++] = "--root";
	all[n++] = agent_root();
	all[n] = NULL;
}

static bool ended_well(struct agent *answer, const char *what)
{
	bool ended = agent_wait_end(answer);

	if (ended && agent_code(answer) == 0)
		return true;
	tap_diag("%s %s %d: %s", what, ended ? "ended with" : "did not end:", agent_code(answer),
		 rs_str_cstr(&answer->err_text));
	return false;
}

bool ask(struct agent *ret_answer, const char *const args[])
{
	const char *all[ARGS_MAX];

	add_root(args, all);
	agent_spawn(ret_answer, all, NULL, NULL);
	return ended_well(ret_answer, args[0]);
}

size_t ask_count(const char *const args[])
{
	struct agent answer;
	size_t n;

	ask(&answer, args);
	n = answer.n_events;
	agent_done(&answer);
	return n;
}

char *ask_text(const char *const args[])
{
	const char *all[ARGS_MAX];
	struct agent answer;
	char *text;

	add_root(args, all);
	agent_spawn(&answer, all, NULL, NULL);
	answer.raw = true;
	text = strdup(ended_well(&answer, args[0]) ? rs_str_cstr(&answer.line) : "");
	agent_done(&answer);
	return text;
}

static const char *const stats[] = { "stats", "-o", "json", NULL };

json_int_t ask_stat(const char *path)
{
	struct agent answer;
	json_int_t value = -1;

	if (ask(&answer, stats) && answer.n_events)
		value = event_int(answer.events[0], path);
	agent_done(&answer);
	return value;
}

bool ask_wait_stat(struct agent *agent, const char *path, json_int_t least)
{
	uint64_t end = now_ms() + (uint64_t)agent_patience();
	json_int_t value = ask_stat(path);

	while (value < least && now_ms() < end && agent->pid) {
		agent_pump(agent, 20);
		value = ask_stat(path);
	}
	if (value < least)
		tap_diag("%s is %lld, not %lld", path, (long long)value, (long long)least);
	return value >= least;
}

/* How many events are stored, and how many are on their way there besides. False: no answer. */
static bool ask_store(json_int_t *ret_stored, json_int_t *ret_waiting)
{
	struct agent answer;
	bool ok = ask(&answer, stats) && answer.n_events;

	if (ok) {
		*ret_stored = event_int(answer.events[0], "store.stored");
		*ret_waiting = event_int(answer.events[0], "store.waiting");
	}
	agent_done(&answer);
	return ok;
}

/* All that was there at the first look: where others make events, some are always on their way. */
bool ask_wait_stored(struct agent *agent)
{
	uint64_t end = now_ms() + (uint64_t)agent_patience();
	json_int_t wanted = 0, stored = 0, waiting = 0;

	while (now_ms() < end) {
		if (ask_store(&stored, &waiting)) {
			if (wanted > 0 && stored >= wanted)
				return true;
			if (wanted <= 0)
				wanted = stored + waiting;
			if (wanted > 0 && !waiting)
				return true;
		}
		agent_pump(agent, 20);
	}
	tap_diag("%lld events are stored, not %lld", (long long)stored, (long long)wanted);
	return false;
}

const json_t *find_event(const struct agent *agent, const char *kind, const char *path,
			 const char *text)
{
	for (size_t i = 0; i < agent->n_events; i++)
		if ((!kind || !strcmp(event_kind(agent->events[i]), kind)) &&
		    !strcmp(event_str(agent->events[i], path), text))
			return agent->events[i];
	return NULL;
}

const json_t *wait_event(struct agent *agent, const char *kind, const char *path, const char *text)
{
	const json_t *event = find_event(agent, kind, path, text);
	struct agent_wait wait;

	agent_wait_begin(&wait, agent);
	while (!event && agent_wait_on(&wait, agent)) {
		agent_pump(agent, 100);
		event = find_event(agent, kind, path, text);
	}
	return event;
}
