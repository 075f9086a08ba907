/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is wrong with a script: a list of mistakes and warnings, each with the place in the source,
 * what is wrong, and what to write instead. Shown with the line and a caret:
 *
 *	opensnoop.bt:12:9: error: unknown field "filname" in tracepoint:syscalls:sys_enter_open
 *	    str(args.filname)
 *	        ^~~~~~~~~~~~
 *	  hint: did you mean "filename"?
 *
 * All stages go on after a mistake as far as they can, so that one run shows several.
 */

#include <stdarg.h>

#include "base/arena.h"
#include "base/str.h"

/*
 * Where in the source: bytes. Other sources than the script (included files) have their own number.
 * What came out of a macro also says of which use: #define's tokens lie where the name was used, a
 * macro's nodes lie in its body.
 */
struct rs_span {
	uint32_t at;
	uint32_t len;
	uint16_t source;    /* 0: the script */
	uint16_t expansion; /* 0: none; else rs_diags.expansions[expansion - 1] */
};

/* One use of a macro. */
struct rs_expansion {
	const char *name;
	struct rs_span used; /* which may itself be in an expansion */
};

enum rs_severity {
	RS_SEVERITY_ERROR,
	RS_SEVERITY_WARNING,
};

struct rs_diag {
	enum rs_severity severity;
	struct rs_span span;
	const char *text;
	const char *hint; /* or NULL */
};

struct rs_source_text {
	const char *name; /* "stdin" for -e */
	const char *text; /* NUL-terminated */
	size_t len;
};

#define RS_DIAGS_MAX   64 /* further ones are counted only */
#define RS_SOURCES_MAX 64

struct rs_diags {
	struct rs_arena *arena;
	struct rs_source_text sources[RS_SOURCES_MAX];
	unsigned n_sources;
	struct rs_expansion *expansions; /* in the arena */
	unsigned n_expansions;
	struct rs_diag items[RS_DIAGS_MAX];
	unsigned n;
	unsigned n_errors, n_warnings; /* all, also those that did not fit */
	struct rs_diag *newest;        /* gets the hint; NULL when it was dropped */
	bool out_of_memory;
};

/* With the script as source 0; text must stay valid. */
void rs_diags_init(struct rs_diags *diags, struct rs_arena *arena, const char *name,
		   const char *text, size_t len);
/* One more source: its number, or -ENOSPC. The text must stay valid. */
int rs_diags_add_source(struct rs_diags *diags, const char *name, const char *text, size_t len);
/* Notes the use of a macro: its number for spans, 0 when there are too many. */
uint16_t rs_diags_add_expansion(struct rs_diags *diags, const char *name, struct rs_span used);

/* One that repeats an earlier one at the same place is dropped. */
void rs_diag_error(struct rs_diags *diags, struct rs_span span, const char *fmt, ...)
	_printf_(3, 4);
void rs_diag_warning(struct rs_diags *diags, struct rs_span span, const char *fmt, ...)
	_printf_(3, 4);
/* For the newest one. */
void rs_diag_hint(struct rs_diags *diags, const char *fmt, ...) _printf_(2, 3);

/* From the beginning of a to the end of b; a itself when they are of different sources or uses of
 * macros. */
struct rs_span rs_span_join(struct rs_span a, struct rs_span b);

/* Line and column (from 1; columns count characters) of a byte. */
void rs_span_position(const struct rs_diags *diags, struct rs_span span, unsigned *ret_line,
		      unsigned *ret_column);

/* Appends all of them, as above; colour for terminals. Control bytes of the script are neutralised.
 * */
int rs_diags_show(const struct rs_diags *diags, bool colour, struct rs_str *out);
/* One. */
int rs_diag_show(const struct rs_diags *diags, const struct rs_diag *diag, bool colour,
		 struct rs_str *out);
/* What happened while the script ran, in the form that scripts around bpftrace know: "stdin:1:22-34: WARNING: ...", the
 * note (may be NULL) on a line of its own, then the script's line. */
int rs_diag_show_event(const struct rs_diags *diags, const struct rs_diag *diag, const char *note,
		       bool colour, struct rs_str *out);
/* "stdin:1:22-34": from the first column up to the one behind the last; of several lines "stdin:1-3". */
void rs_span_show(const struct rs_diags *diags, struct rs_span span, struct rs_str *out);
