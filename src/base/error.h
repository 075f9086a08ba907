/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The error chain. The function that meets a problem calls rs_error_set() with what it was doing
 * and why it failed; every caller that knows more calls rs_error_wrap() to put its own context in
 * front; the command that started it all calls rs_error_print() once:
 *
 *	ringside: opening "/etc/x.yaml": line 12: unknown key "comand"
 *	  hint: did you mean "command"?
 *
 * Every function accepts a NULL err, for callers who only want the code.
 */

#include "base/util.h"

struct rs_error {
	int code;       /* negative errno, 0 = nothing happened */
	char msg[1024]; /* NUL-terminated, one line, no final newline */
	char hint[256]; /* what to do next, may be empty */
};

#define RS_ERROR_INIT                                                                              \
	{                                                                                          \
		0                                                                                  \
	}

/*
 * Starts a chain: forgets what err held and stores code (a negative errno) and the message.
 * A message that does not fit is cut and ends in "...". Returns code.
 */
int rs_error_set(struct rs_error *err, int code, const char *fmt, ...) _printf_(3, 4);

/* Same, and appends ": " and the system's text for code ("No such file or directory"). */
int rs_error_set_errno(struct rs_error *err, int code, const char *fmt, ...) _printf_(3, 4);

/* Puts the formatted context and ": " in front of the message. Returns the code the chain holds,
 * so `return rs_error_wrap(err, ...)` is right only where err is not NULL; with NULL it is -EIO. */
int rs_error_wrap(struct rs_error *err, const char *fmt, ...) _printf_(2, 3);

/* Replaces the hint; one sentence, no newline needed. */
void rs_error_hint(struct rs_error *err, const char *fmt, ...) _printf_(2, 3);

/* Forgets everything. */
void rs_error_reset(struct rs_error *err);

/*
 * Writes "ringside: <context>: <msg>" and, when there is one, "  hint: <hint>" to standard error
 * in one write(2). fmt may be NULL for no context. Bytes that could steer a terminal are escaped.
 */
void rs_error_print(const struct rs_error *err, const char *fmt, ...) _printf_(2, 3);
