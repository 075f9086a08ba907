/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The kernel's system calls, for x86-64 and arm64: numbers, names, arguments, and the text of a call as strace(1) writes
 * it. Tables and formatting only; makes no system call.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "bpf/abi/capture.h"

struct rs_call; /* one row */

/* The call of this number on this machine's architecture, or of this name ("openat"). NULL: none. */
const struct rs_call *rs_call_of(unsigned nr);
const struct rs_call *rs_call_find(const char *name);
const char *rs_call_name(const struct rs_call *call);
unsigned rs_call_number(const struct rs_call *call);
unsigned rs_call_args(const struct rs_call *call);

/* Arguments that are file descriptors, a bit each; and whether the result is one. */
unsigned rs_call_fd_args(const struct rs_call *call);
bool rs_call_returns_fd(const struct rs_call *call);
/* The argument that is a path, the first one; -1: none. */
int rs_call_path_arg(const struct rs_call *call);

/* Which memory is wanted of it. */
void rs_call_capture_of(const struct rs_call *call, struct rs_call_capture *ret_capture);

/* --- sets: -e trace=SET --- */

struct rs_call_set {
	uint64_t bits[RS_CALLS_MAX / 64]; /* by number */
};
static inline bool rs_call_set_has(const struct rs_call_set *set, unsigned nr)
{
	return nr < RS_CALLS_MAX && set->bits[nr / 64] >> (nr % 64) & 1;
}
/* "open,openat", "%file", "%network,%process", "!futex", "/^epoll", "?newer_one", "all", "none", and the older
 * "file". -EINVAL with the nearest name. */
int rs_call_set_parse(const char *text, struct rs_call_set *ret_set, struct rs_error *err);

/* --- text --- */

/* Memory that was captured for an argument: plain bytes, or parts (bpf/abi/capture.h says which). */
struct rs_call_memory {
	const void *data; /* NULL: not captured */
	uint32_t len;
	bool fault; /* could not be read */
	bool cut;   /* there is more of it */
};

struct rs_call_event {
	const struct rs_call *call; /* NULL: unknown, number below */
	unsigned nr;
	uint64_t args[6];
	bool done; /* result is there */
	int64_t result;
	struct rs_call_memory in[6];  /* as it was at entry */
	struct rs_call_memory out[6]; /* as it was at the end */
};

/* -x and its like: what of a text is written as \xNN */
enum rs_call_strings {
	RS_CALL_STRINGS_PLAIN,       /* nothing: octal where a character cannot be printed */
	RS_CALL_STRINGS_HEX_ESCAPES, /* these characters */
	RS_CALL_STRINGS_HEX_ODD,     /* texts with characters that are not ASCII, whole */
	RS_CALL_STRINGS_HEX,         /* all of it */
};

enum rs_call_style {                      /* -X: flags and others that have names */
		     RS_CALL_STYLE_NAMES, /* "O_RDWR" */
		     RS_CALL_STYLE_RAW,   /* "0x2" */
		     RS_CALL_STYLE_BOTH,  /* "0x2 (O_RDWR)", in a comment of C */
};

struct rs_call_print {
	size_t string_max; /* bytes of strings shown; 32 as strace has it */
	bool verbose;      /* structures whole, -v */
	bool raw;          /* numbers as they are, -e raw */
	bool addresses;    /* of structures and lists only where they are, -e verbose */
	enum rs_call_strings strings;
	enum rs_call_style style;
	/* -y: appends what the descriptor is ("</etc/passwd>", "<TCP:[...]>"), or nothing; NULL: not wanted. */
	void (*fd)(void *data, int fd, struct rs_str *out);
	void *data;
};

/* "openat(AT_FDCWD, "/etc/passwd", O_RDONLY" -- what is known before the call ends, without what it fills in; *ret_next is the
 * first argument that is left. */
int rs_call_format_entry(const struct rs_call_event *event, const struct rs_call_print *print,
			 struct rs_str *out, unsigned *ret_next);
/* The arguments from @next on and ")". */
int rs_call_format_rest(const struct rs_call_event *event, const struct rs_call_print *print,
			unsigned next, struct rs_str *out);
/* "3", "-1 ENOENT (No such file or directory)", "0x7f00...", "?", "? ERESTARTSYS (To be restarted ...)". */
int rs_call_format_result(const struct rs_call_event *event, const struct rs_call_print *print,
			  struct rs_str *out);
/* One argument, for JSON and for other commands. */
int rs_call_format_arg(const struct rs_call_event *event, const struct rs_call_print *print,
		       unsigned arg, struct rs_str *out);
const char *rs_call_arg_name(const struct rs_call *call, unsigned arg);
/* "{si_signo=SIGCHLD, si_code=CLD_EXITED, ...}": a siginfo_t, of which @len bytes are there. */
int rs_call_format_siginfo(const void *info, size_t len, const struct rs_call_print *print,
			   struct rs_str *out);

/* "ENOENT" and "No such file or directory"; NULL where there is none. */
const char *rs_errno_name(int error);
const char *rs_errno_text(int error);
/* "SIGTERM"; real-time ones as "SIGRT_3". Static buffer per thread. */
const char *rs_signal_name(int signal);
