/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Records as lines, as strace(1) writes them. A call is one line, written when it ends. Only what waits is shown
 * before (rs_calls_print_waiting()): its line is left open and finished by its end, unless another line comes between:
 * then it is "<unfinished ...>" and goes on as "<... read resumed>".
 */

#include "base/error.h"
#include "base/str.h"
#include "calls/record.h"

struct rs_calls_printer;

enum rs_calls_time {
	RS_CALLS_TIME_NONE,
	RS_CALLS_TIME_CLOCK, /* of day */
	RS_CALLS_TIME_EPOCH, /* seconds since 1970 */
};

enum rs_calls_who {
	RS_CALLS_WHO_AUTO,   /* "[pid 12] " where there are several threads */
	RS_CALLS_WHO_FILE,   /* "12    ", as in strace's files */
	RS_CALLS_WHO_NOBODY, /* nothing: each has a file of its own */
	RS_CALLS_WHO_ALWAYS, /* "[pid 12] "; also the name of the thread, for many processes that nobody named */
};

/* Calls that are written in another way than the others: by -e raw, abbrev, verbose. */
struct rs_call_exceptions {
	struct rs_call_set raw, whole, addresses;
};

struct rs_calls_print_options {
	enum rs_calls_time time;
	/* digits of seconds: 0, 3, 6 or 9 */
	unsigned time_digits, relative_digits, spent_digits;
	enum rs_calls_who who;
	bool separate; /* each thread's lines go to a text of their own: those of others do not come between */
	bool relative;   /* -r */
	bool spent;      /* -T */
	bool fds;        /* -y */
	bool sockets;    /* -yy */
	bool number;     /* -n */
	bool comm;       /* -Y: name of the thread beside its number */
	bool quiet_ends; /* no "+++ exited with 0 +++" */
	bool json;
	unsigned column;            /* of the "="; 40 */
	struct rs_call_print print; /* fd and data are ours */
	struct rs_call_exceptions exceptions;
	/* Lines below a call: stacks. May be NULL. */
	void (*below)(void *data, const struct rs_call_record *record, struct rs_str *out);
	/* The same as a member of the JSON object, with its comma: ,"stack":[...]. May be NULL. */
	void (*below_json)(void *data, const struct rs_call_record *record, struct rs_str *out);
	void *data;
};

/* Copies the options. */
int rs_calls_printer_new(const struct rs_calls_print_options *options,
			 struct rs_calls_printer **ret_printer, struct rs_error *err);
void rs_calls_printer_free(struct rs_calls_printer **printer);

/* A thread that is there from the start. */
int rs_calls_printer_knows(struct rs_calls_printer *printer, uint32_t pid, uint32_t tid);
/* It has gone, and nobody told. */
void rs_calls_printer_forget(struct rs_calls_printer *printer, uint32_t tid);
size_t rs_calls_printer_alive(const struct rs_calls_printer *printer);
/* The next thread that lives, by *pos, 0 at first; false at the end. */
bool rs_calls_printer_next(const struct rs_calls_printer *printer, size_t *pos, uint32_t *ret_tid);

/* Does nothing come behind it from this thread? */
bool rs_calls_is_last(const struct rs_call_record *record);

/* Appends the record's line, or lines. */
void rs_calls_print(struct rs_calls_printer *printer, const struct rs_call_record *record,
		    struct rs_str *out);

/* Appends the beginning of a call that is under way; nothing where that was done before. */
void rs_calls_print_waiting(struct rs_calls_printer *printer, const struct rs_call_record *record,
			    struct rs_str *out);

/* Ends a line that is open: nothing comes any more. The second is for texts that are separate, one thread's each. */
void rs_calls_print_end(struct rs_calls_printer *printer, struct rs_str *out);
void rs_calls_print_end_of(struct rs_calls_printer *printer, uint32_t tid, struct rs_str *out);
