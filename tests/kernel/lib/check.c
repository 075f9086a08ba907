/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel/lib/check.h"

#include <poll.h>
#include <signal.h>
#include <string.h>

#include "tests/kernel/lib/programs.h"

const json_t *event_get(const json_t *event, const char *path)
{
	while (event && *path) {
		size_t n = strcspn(path, ".");
		char name[64];

		snprintf(name, sizeof(name), "%.*s", (int)n, path);
		event = json_is_array(event) ? json_array_get(event, (size_t)atoi(name))
					     : json_object_get(event, name);
		path += n + (path[n] == '.');
	}
	return event;
}

const char *event_str(const json_t *event, const char *path)
{
	const char *text = json_string_value(event_get(event, path));

	return text ? text : "";
}

json_int_t event_int(const json_t *event, const char *path)
{
	const json_t *value = event_get(event, path);

	return json_is_integer(value) ? json_integer_value(value) : -1;
}

const char *event_kind(const json_t *event)
{
	return event_str(event, "ringside.kind");
}

static void value_text(const json_t *value, char *buf, size_t size)
{
	char *dump;

	if (json_is_string(value)) {
		snprintf(buf, size, "%s", json_string_value(value));
	} else if (json_is_integer(value)) {
		snprintf(buf, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	} else {
		dump = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
		snprintf(buf, size, "%s", dump ? dump : "(absent)");
		free(dump);
	}
}

static bool value_is(const json_t *value, const char *expected)
{
	static char text[16384];

	value_text(value, text, sizeof(text));
	return value && strcmp(text, expected) == 0;
}

static bool value_has(const json_t *value, const char *expected)
{
	if (json_is_string(value))
		return strstr(json_string_value(value), expected);
	for (size_t i = 0; i < json_array_size(value); i++)
		if (value_is(json_array_get(value, i), expected))
			return true;
	return false;
}

static bool expect_holds(const struct scene *scene, const json_t *event,
			 const struct expect *expect)
{
	const json_t *value = event_get(event, expect->path);
	const char *expected = expect->value ? scene_expand(scene, expect->value) : "";

	switch (expect->how) {
	case EXPECT_IS:
		return value_is(value, expected);
	case EXPECT_HAS:
		return value_has(value, expected);
	case EXPECT_LACKS:
		return value && !value_has(value, expected);
	case EXPECT_MIN:
		return json_is_number(value) && json_number_value(value) >= strtod(expected, NULL);
	case EXPECT_MAX:
		return json_is_number(value) && json_number_value(value) <= strtod(expected, NULL);
	case EXPECT_SOME:
		return value;
	case EXPECT_NONE:
		return !value;
	}
	return false;
}

/* How many expectations fail; -1 for another kind of event. */
static int misfits(const struct scene *scene, const json_t *event, const struct want *want)
{
	int n = 0;

	if (strcmp(event_kind(event), want->kind) != 0)
		return -1;
	for (size_t i = 0; i < WANT_EXPECTS && want->expects[i].path; i++)
		n += !expect_holds(scene, event, &want->expects[i]);
	return n;
}

bool event_fits(const struct scene *scene, const json_t *event, const struct want *want)
{
	return misfits(scene, event, want) == 0;
}

static size_t count_fits(const struct agent *agent, const struct scene *scene,
			 const struct want *want)
{
	size_t n = 0;

	for (size_t i = 0; i < agent->n_events; i++)
		n += event_fits(scene, agent->events[i], want);
	return n;
}

static const char *const how_words[] = {
	[EXPECT_IS] = "is not",
	[EXPECT_HAS] = "has no",
	[EXPECT_LACKS] = "should not have",
	[EXPECT_MIN] = "is below",
	[EXPECT_MAX] = "is above",
	[EXPECT_SOME] = "is absent",
	[EXPECT_NONE] = "should be absent",
};

static void explain_event(const struct scene *scene, const json_t *event, const struct want *want)
{
	char *dump = json_dumps(event, JSON_COMPACT);

	for (size_t i = 0; i < WANT_EXPECTS && want->expects[i].path; i++) {
		const struct expect *expect = &want->expects[i];
		static char text[16384];

		if (expect_holds(scene, event, expect))
			continue;
		value_text(event_get(event, expect->path), text, sizeof(text));
		tap_diag("  %s: \"%s\" %s \"%s\"", expect->path, text, how_words[expect->how],
			 expect->value ? scene_expand(scene, expect->value) : "");
	}
	tap_diag("  %.4000s", dump ? dump : "");
	free(dump);
}

/* Shows the event that came nearest, and what is wrong with it. */
static void explain(const struct agent *agent, const struct scene *scene, const struct want *want)
{
	const json_t *nearest = NULL;
	int least = 1 << 20;
	size_t of_kind = 0;

	for (size_t i = 0; i < agent->n_events; i++) {
		int n = misfits(scene, agent->events[i], want);

		of_kind += n >= 0;
		if (n >= 0 && n < least) {
			least = n;
			nearest = agent->events[i];
		}
	}
	tap_diag("want %s: %zu such events among %zu; the nearest:", want->kind, of_kind,
		 agent->n_events);
	if (nearest)
		explain_event(scene, nearest, want);
}

static bool failed;

/* Runs that the kernel left out and counted, so that as many events may rightly be missing. */
static uint64_t excused;

static bool want_holds(const struct agent *agent, const struct scene *scene,
		       const struct want *want)
{
	size_t n = count_fits(agent, scene, want);

	if (want->how & WANT_NONE)
		return !n;
	if (want->how & WANT_NUMBER)
		return n <= (want->how & WANT_NUMBER) && n + excused >= (want->how & WANT_NUMBER);
	return n;
}

static bool all_hold(const struct agent *agent, const struct scene *scene,
		     const struct check *check)
{
	for (size_t i = 0; i < CHECK_WANTS && check->wants[i].kind; i++)
		if (!want_holds(agent, scene, &check->wants[i]))
			return false;
	return true;
}

/* What the kernel had left out, and of whose programs, when we last asked. */
static uint64_t known_missed;
static pid_t known_of;

/*
 * How many runs of programs the kernel left out since then. The agent counts them as lost, so that
 * events may rightly be missing.
 */
static uint64_t missed_since(const struct agent *agent)
{
	uint64_t now = programs_all_missed(agent->pid);
	uint64_t known = known_of == agent->pid ? known_missed : 0;

	return now > known ? now - known : 0;
}

/* The same, and from now on only what comes later. */
static uint64_t kernel_skipped(const struct agent *agent)
{
	uint64_t more = missed_since(agent);

	known_missed = more + (known_of == agent->pid ? known_missed : 0);
	known_of = agent->pid;
	return more;
}

#define QUIET_MS 5000 /* nothing more will come, where the kernel has left something out */

/* Until the marker is there and, where a wanted event may come later than that, until it came. Each event is looked at
 * once: where everybody's come there are many. One that the kernel skipped never comes: nobody waits all the time for that. */
static bool wait_for_all(struct agent *agent, const struct scene *scene, const struct check *check,
			 const struct want *marker)
{
	bool late = false, marked = false;
	struct agent_wait wait;
	size_t from = 0;
	uint64_t quiet = now_ms() + QUIET_MS;

	agent_wait_begin(&wait, agent);
	for (size_t i = 0; i < CHECK_WANTS; i++)
		late |= check->wants[i].how & WANT_LATE;
	for (;;) {
		for (; from < agent->n_events && !marked; from++)
			marked = event_fits(scene, agent->events[from], marker);
		if (marked && (!late || all_hold(agent, scene, check)))
			return true;
		if (!agent_wait_on(&wait, agent))
			return marked;
		if (agent_pump(agent, 200))
			quiet = now_ms() + QUIET_MS;
		else if (now_ms() > quiet && missed_since(agent))
			return marked;
	}
}

static void report(const struct agent *agent, const struct scene *scene, const struct check *check,
		   bool marked)
{
	bool ok = marked && all_hold(agent, scene, check);

	if (tap_ok(ok, "%s", check->name))
		return;
	failed = true;
	if (!marked)
		tap_diag("the end of the child was not seen within %d ms", agent_patience());
	for (size_t i = 0; i < CHECK_WANTS && check->wants[i].kind; i++) {
		const struct want *want = &check->wants[i];

		if (want_holds(agent, scene, want))
			continue;
		if (want->how & (WANT_NUMBER | WANT_NONE))
			tap_diag("%zu events fit, %u should", count_fits(agent, scene, want),
				 want->how & WANT_NUMBER);
		explain(agent, scene, want);
	}
}

/* Does it once more. The scene is new each time, for what was made is there now. */
static struct scene *act_once(struct agent *agent, const struct check *check,
			      enum scene_end *ret_result)
{
	struct scene *scene = scene_new();
	int fd;

	agent_forget(agent);
	fd = scene_begin(scene, check->act);
	for (;;) {
		struct pollfd ended = { fd, POLLIN, 0 };

		agent_pump_or(agent, fd, 1000);
		if (poll(&ended, 1, 0) > 0)
			break;
	}
	*ret_result = scene_end(scene, fd);
	return scene;
}

/* Whether it is about how many there are: so many that each try may lack some, and as many as were left out may. */
static bool is_about_many(const struct check *check)
{
	for (size_t i = 0; i < CHECK_WANTS && check->wants[i].kind; i++)
		if ((check->wants[i].how & WANT_NUMBER) > WANT_ONE)
			return true;
	return false;
}

/* Whether the result stands though the kernel left out runs. */
static bool stands(const struct agent *agent, const struct scene *scene, const struct check *check,
		   bool marked)
{
	return marked && is_about_many(check) && all_hold(agent, scene, check);
}

/* Whether there were events since we last asked that did not wait longer for a container's name. Counted by the agent,
 * too. */
static bool names_late(void)
{
	static json_int_t known;
	struct outcome outcome;
	json_t *root;
	json_int_t n;
	bool more;

	agent_run(&outcome, (const char *[]){ "stats", "-o", "json", "--root", agent_root(), NULL },
		  NULL, NULL);
	root = json_loads(outcome.out, 0, NULL);
	n = event_int(root, "containers.events_unnamed");
	more = n > 0 && n != known;
	known = n;
	json_decref(root);
	outcome_done(&outcome);
	return more;
}

#define TRIES 4

static const char *again; /* see check_again() */

void check_again(const char *why)
{
	again = why;
}

/* Why a check that failed may rightly have; NULL. */
static const char *reason_of(uint64_t skipped)
{
	if (skipped)
		return "the kernel skipped a program, and counts it";
	if (again)
		return again;
	return names_late() ? "the agent did not wait for a name, and counts it" : NULL;
}

void check_one(struct agent *agent, const struct check *check, const struct want *marker)
{
	kernel_skipped(agent);
	for (int try = 1;; try++) {
		enum scene_end result;
		struct scene *scene = act_once(agent, check, &result);
		bool marked;

		excused = 0;
		marked = result == SCENE_DONE && wait_for_all(agent, scene, check, marker);
		if (result == SCENE_DONE && !(marked && all_hold(agent, scene, check))) {
			const char *reason;

			excused = kernel_skipped(agent);
			reason = try < TRIES && !stands(agent, scene, check, marked)
					 ? reason_of(excused)
					 : NULL;
			if (reason) {
				tap_diag("%s: %s once more", reason, check->name);
				scene_free(&scene);
				continue;
			}
		}
		if (result == SCENE_SKIPPED) {
			tap_skip(check->name, scene->note);
		} else if (result == SCENE_FAILED) {
			tap_ok(false, "%s", check->name);
			tap_diag("could not do it: %s", scene->note);
		} else {
			report(agent, scene, check, marked);
		}
		scene_free(&scene);
		return;
	}
}

void check_all(struct agent *agent, const struct check *checks, size_t count)
{
	static const struct want ended = { "exit", { IS("process.pid", "{pid}") }, WANT_ANY };

	for (size_t i = 0; i < count; i++)
		check_one(agent, &checks[i], &ended);
	tap_ok(!agent->bad_lines, "every line of output is JSON");
}

static void tell_missed(const char *name, uint64_t missed)
{
	tap_diag("the kernel left out %lu runs of %s", (unsigned long)missed, name);
}

void check_end(struct agent *agent)
{
	struct programs programs;

	programs_of(agent->pid, &programs);
	programs_missed(&programs, tell_missed);
	tap_ok(agent_stop(agent, SIGINT) == 0, "the agent ends with code 0");
	if (failed)
		tap_diag("%s", rs_str_cstr(&agent->err_text));
	agent_done(agent);
}
