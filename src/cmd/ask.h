/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the commands that ask the store have in common: which events, of which time, from where. */

#include "base/opt.h"
#include "cmd/cmd.h"
#include "store/query.h"

struct rs_ask {
	uint64_t since, until; /* real ns; 0: no limit */
	uint64_t kinds;        /* bit per enum rs_kind; 0: all */
	struct rs_opt_list pids, comms, exes, users, containers, pods, namespaces, paths, wheres;
	const char *root;  /* NULL: the real one */
	const char *store; /* NULL: the default below root */
};

extern const struct rs_opt rs_ask_opts_time[];   /* since until */
extern const struct rs_opt rs_ask_opts_kinds[];  /* kind */
extern const struct rs_opt rs_ask_opts_select[]; /* pid, those of whose, path, those of where */
extern const struct rs_opt rs_ask_opts_whose[];  /* comm exe user container pod namespace */
extern const struct rs_opt rs_ask_opts_where[];  /* where */
extern const struct rs_opt rs_ask_opts_store[];  /* store root */

/*
 * A point in time as people write it: "10m" and "-10m" (that long ago), "now", "today", "yesterday",
 * "10:00", "2026-11-21", "2026-11-21 10:00" (local time) or RFC 3339. @now: real ns. A time of day is
 * the last one that has been. Never 0, which is no limit. -EINVAL with a hint.
 */
int rs_ask_parse_time(const char *text, uint64_t now, uint64_t *ret_time, struct rs_error *err);

/*
 * One expression of all options that select, but kinds and times; NULL: all. It lives in the arena.
 * -EINVAL: a mistake in --where is told with its place, which is appended to @shown.
 */
int rs_ask_where(const struct rs_ask *ask, struct rs_arena *arena, const struct rs_expr **ret_where,
		 struct rs_str *shown, struct rs_error *err);

/* A query and what it needs. Zero-initialise, or RS_ASKED_INIT; release with done. */
struct rs_asked {
	struct rs_store_query query;
	struct rs_arena arena;
	struct rs_str dir;
	struct rs_store_found found;
	struct rs_str shown;
};
#define RS_ASKED_INIT                                                                              \
	{                                                                                          \
		.query = {.cancel_fd = -1 }                                                        \
	}
void rs_asked_done(struct rs_asked *asked);

/* Appends the store's directory. */
int rs_ask_locate(const struct rs_ask *ask, struct rs_str *out);

/* Makes the query of the options. Errors of rs_ask_where(), and -EINVAL for times in disorder. */
int rs_ask_prepare(const struct rs_ask *ask, struct rs_asked *asked, struct rs_error *err);

/* Asks. Errors of rs_store_query(), with hints for people. */
int rs_ask_run(struct rs_asked *asked, rs_store_fn *fn, void *data, struct rs_error *err);

/* Prints the error, once, with the place of a mistake; returns what the program ends with. */
int rs_ask_fail(const struct rs_cmd *cmd, const struct rs_asked *asked, struct rs_error *err);

/* Tells on standard error what could not be read, and, when nothing was found and not @quiet, what
 * there is. Returns what the program ends with: a store of which nothing could be read is a failure. */
int rs_ask_tell(const struct rs_asked *asked, bool quiet);

/* A line for people on standard error, whatever the log's level is. */
void rs_ask_note(const char *text);

/* A time that much earlier, but never 0, which would be no limit. */
static inline uint64_t rs_ask_earlier(uint64_t time, uint64_t span)
{
	return time > span ? time - span : 1;
}

/* "2026-11-21 10:00:00", local time. */
#define RS_ASK_TIME_LEN 32
void rs_ask_format_time(char buf[static RS_ASK_TIME_LEN], uint64_t time);
