/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Conditions on events, as people write them:
 *
 *	process.name == "nginx" and (file.path startswith "/etc/" or event.outcome == "failure")
 *	kind in ("exec", "connect") and not user.name in ("root", "www-data")
 *	destination.ip in ("10.0.0.0/8") and event.duration > 100ms
 *	path glob "/srv/?ata/[a-f]*" or container.name exists
 *
 * Names are those of the fields of events (docs/events.md), or short ones: pid ppid comm exe user uid
 * path container pod namespace image kind cmdline, ... (docs/conditions.md has the table). Operators:
 * == != < <= > >= in glob startswith endswith contains exists, and or not, parentheses. A field that
 * an event does not have makes every comparison false, != included (write "not (a == b)" for the
 * other). A list holds when one of its elements does, and so does a short name that stands for
 * several fields.
 *
 * Checked against the table of fields: an unknown name, a number compared with text, an operator that
 * a type does not have are errors with the place marked:
 *
 *	unknown field "proces.name" (did you mean "process.name"?)
 *	  proces.name == "x"
 *	  ^~~~~~~~~~~
 *
 * Pure: no system calls. Expressions are hostile input: length, depth and lists are capped.
 */

#include "base/arena.h"
#include "base/error.h"
#include "event/value.h"

#define RS_EXPR_MAX 16384 /* bytes of one expression */

struct rs_expr;
struct rs_expr_run;

/*
 * Parses and checks. The expression lives in the arena and borrows nothing of text. -EINVAL: err's
 * message is one line and its hint holds what to write instead; *ret_mark (may be NULL) gets where in
 * the text: rs_expr_show_mark() makes the two lines of it.
 */
struct rs_expr_mark {
	size_t at, len; /* bytes */
};
int rs_expr_parse(const char *text, struct rs_arena *arena, const struct rs_expr **ret_expr,
		  struct rs_expr_mark *ret_mark, struct rs_error *err);

/* Appends the line of text with the mistake and a line with the caret, each indented and ended by a
 * newline. Control bytes are neutralised. */
int rs_expr_show_mark(struct rs_str *out, const char *text, const struct rs_expr_mark *mark);

/* Both hold; either may be NULL (then the other one; NULL, which every event matches, for two).
 * -ENOMEM. */
int rs_expr_and(struct rs_arena *arena, const struct rs_expr *a, const struct rs_expr *b,
		const struct rs_expr **ret_expr);

/*
 * What evaluating needs besides: scratch memory and the host of the events. One per thread. -ENOMEM.
 */
int rs_expr_run_new(const struct rs_event_host *host, struct rs_expr_run **ret_run);
void rs_expr_run_free(struct rs_expr_run **run);
/* Later events are of this host, or of another boot of it. Copied. */
void rs_expr_run_set_host(struct rs_expr_run *run, const struct rs_event_host *host);

/* NULL is what every event matches. Allocates nothing. */
bool rs_expr_match(const struct rs_expr *expr, struct rs_expr_run *run,
		   const struct rs_event *event);

/*
 * What an expression demands of every event that it can match: for stores that keep an index. Calls
 * @fn for each demand; all of them hold for every event that matches (what is negated is not told).
 * Who does not know an op, or a field, leaves that demand out and still finds everything.
 *
 * The kind is told by name, as field "ringside.kind"; user and group ids as numbers.
 */
enum rs_expr_demand_op {
	RS_DEMAND_IN, /* the field is one of n values */
	RS_DEMAND_PREFIX, /* the field begins with one of n values (startswith, glob up to its first wildcard) */
	RS_DEMAND_RANGE, /* a number: low <= field <= high */
	RS_DEMAND_ANY,   /* one of n parts holds, each of another op; field is "" */
};
#define RS_DEMAND_PARTS_MAX 32
struct rs_expr_demand {
	const char *field; /* its whole name: "process.pid" */
	enum rs_expr_demand_op op;
	bool numeric; /* numbers holds, else texts */
	const struct rs_text *texts;
	const int64_t *numbers;
	size_t n;
	int64_t low, high;                  /* RS_DEMAND_RANGE, both included */
	const struct rs_expr_demand *parts; /* RS_DEMAND_ANY: n of them */
};
typedef void rs_expr_demand_fn(void *data, const struct rs_expr_demand *demand);
void rs_expr_demands(const struct rs_expr *expr, rs_expr_demand_fn *fn, void *data);

/* Appends the expression as text that parses to the same again. */
int rs_expr_to_str(const struct rs_expr *expr, struct rs_str *out);

/* Appends n bytes as a string of the language, in quotes: for who puts conditions together. */
int rs_expr_append_text(struct rs_str *out, const void *data, size_t n);

/* The field that a name stands for, short names too (of several fields the first). -EINVAL: unknown,
 * with the nearest as the hint. */
int rs_expr_field(const char *name, const struct rs_event_column **ret_column,
		  struct rs_error *err);

/* The glob of the language: ? one character, * any number of them, [a-z] and [!a-z] one of some, none
 * of which takes a "/"; ** any number, "/" too; a backslash takes the next as it is. */
bool rs_glob_match(const char *glob, size_t glob_len, const char *text, size_t len);

/* An RFC 3339 date, "2026-11-21T10:00:00.5Z", with Z or an offset, as real ns; false: it is none, or
 * before 1970 or after 2261. */
bool rs_expr_parse_date(const char *text, size_t len, int64_t *ret_ns);
