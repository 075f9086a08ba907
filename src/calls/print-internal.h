/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of the printer share. */

#include "calls/print.h"

struct rs_hashmap;

struct rs_calls_thread {
	uint32_t pid, tid;
	bool began; /* the beginning of its call is written, whose line may have been ended by another's */
	unsigned next; /* the first argument that is not */
	bool open;     /* its line has no end yet */
	size_t column; /* what of that was given out before */
};

struct rs_calls_printer {
	struct rs_calls_print_options options;
	struct rs_hashmap *threads;          /* struct rs_calls_thread by tid, owned */
	const struct rs_call_record *record; /* that is being printed */
	bool last;                           /* there are no lines any more */
	bool in_result;                      /* of that */
	uint32_t open;                       /* thread whose line is open; 0: none, or separate */
	size_t line;                         /* where the line begins in the output */
	size_t column;                       /* what of it was given out before */
	uint64_t before;                     /* time of the line before, for -r */
	bool raw, verbose;                   /* of all calls */
	int64_t offset;                      /* from boot to real time */
	time_t second;                       /* that `clock` is of */
	char clock[16];
};

void rs_calls_print_json(struct rs_calls_printer *printer, const struct rs_call_record *record,
			 struct rs_str *out);
