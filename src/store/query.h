/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Asking the store, beside a running writer or without one. No file of events is changed. Beside one that a
 * killed writer left, with its log, reading may make NAME-shm, the log's index, and leave it there: the next
 * writer removes it with the log.
 */

#include "event/event.h"
#include "rules/expr.h"

struct rs_store_query {
	const char *dir;
	uint64_t since, until;       /* real ns, both included; 0: no limit */
	uint64_t kinds;              /* bit per enum rs_kind; 0: all */
	const struct rs_expr *where; /* NULL: all */
	uint64_t limit;              /* 0: none */
	bool newest; /* with a limit: the last ones instead of the first; still handed out in order of time */
	bool follow; /* wait for more; what comes then is handed out whatever its time is up to until */
	int cancel_fd; /* the query ends, with 0, once this is readable; -1: none */
};

struct rs_store_found {
	uint64_t files, blocks;   /* that the time span has */
	uint64_t blocks_read;     /* whose events were looked at */
	uint64_t events, matched; /* looked at; handed out */
	uint64_t first, last;     /* real ns, of all that is stored; 0: nothing */
	uint64_t damaged;         /* blocks or files that could not be read, left out */
	char damage[256];         /* the first of those, in words */
};

/* An event and the host it happened on (several boots may be in one file). Both are valid until the
 * function returns. Not 0 ends the query, which returns that value. */
typedef int rs_store_fn(void *data, const struct rs_event *event, const struct rs_event_host *host);

/* Events come in order of time. -ENOENT: no store there, or no longer while following; -EACCES; what @fn
 * returned. */
int rs_store_query(const struct rs_store_query *query, rs_store_fn *fn, void *data,
		   struct rs_store_found *ret_found, struct rs_error *err);
