/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Behaviour tests as data: do a thing, see the events, check their fields.
 *
 *	static const struct check checks[] = {
 *		{ "mkdir", act_mkdir, {
 *			{ "mkdir", { IS("file.path", "{dir}/new"), IS("event.outcome", "success") } } } },
 *	};
 *
 * The thing is done in a child of the test (see scene.h). The agent writes events in the order in
 * which they were made, so the end of that child, which is an event too, is the end of waiting.
 */

#include "tests/kernel/lib/agent.h"
#include "tests/kernel/lib/scene.h"
#include "tests/kernel/lib/tap.h"

enum expect_how {
	EXPECT_IS,    /* a string, a number or true/false, as text */
	EXPECT_HAS,   /* a string that contains it, or an array with such an element */
	EXPECT_LACKS, /* is there, but has not */
	EXPECT_MIN,   /* a number not below */
	EXPECT_MAX,   /* a number not above */
	EXPECT_SOME,  /* the field is there */
	EXPECT_NONE,  /* it is not */
};

/* path: dotted, array elements by number: "process.args.0". value: see scene_expand(). */
struct expect {
	const char *path;
	const char *value;
	enum expect_how how;
};

/* clang-format off */
#define IS(path, value) { path, value, EXPECT_IS }
#define HAS(path, value) { path, value, EXPECT_HAS }
#define LACKS(path, value) { path, value, EXPECT_LACKS }
#define AT_LEAST(path, value) { path, value, EXPECT_MIN }
#define AT_MOST(path, value) { path, value, EXPECT_MAX }
#define SOME(path) { path, NULL, EXPECT_SOME }
#define NONE(path) { path, NULL, EXPECT_NONE }
/* clang-format on */

#define WANT_EXPECTS 24
#define CHECK_WANTS  6

/* How many events must fit: exactly that number, or ... Twice the same would be one too many. */
enum want_how {
	WANT_ANY = 0, /* one or more */
	WANT_ONE = 1,
	WANT_NUMBER = 0xffff,
	WANT_NONE = 1 << 16,
	WANT_LATE = 1 << 17, /* may come after the child's end: the kernel finishes it on its own */
};

struct want {
	const char *kind; /* name of the kind; NULL ends the list */
	struct expect expects[WANT_EXPECTS];
	unsigned how; /* enum want_how */
};

struct check {
	const char *name;
	scene_act *act;
	struct want wants[CHECK_WANTS];
};

/* Runs all of them against one running agent, which must watch the kind "exit" too. */
void check_all(struct agent *agent, const struct check *checks, size_t count);

/* The same for a filter that lets no exit pass: that event ends the waiting instead. */
void check_one(struct agent *agent, const struct check *check, const struct want *marker);

/*
 * From now on a check that fails is done again, a few times, for this reason: what it is about holds only where the machine
 * is fast enough, as it is most of the time. NULL: no more.
 */
void check_again(const char *why);

/* Ends the agent with SIGINT: a result. Where a check has failed, tells what might explain it. */
void check_end(struct agent *agent);

/* The field of an event, NULL. */
const json_t *event_get(const json_t *event, const char *path);
const char *event_str(const json_t *event, const char *path); /* "" where there is none */
json_int_t event_int(const json_t *event, const char *path);  /* -1 */
const char *event_kind(const json_t *event);

bool event_fits(const struct scene *scene, const json_t *event, const struct want *want);
