/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A profile as text or bytes for others. Everything is appended to a string; 0 or its error. */

#include "base/str.h"
#include "profile/profile.h"

enum rs_profile_format {
	RS_PROFILE_TABLE,      /* the top stacks, for people */
	RS_PROFILE_FOLDED,     /* "process;outer;inner 42" a line: flamegraph.pl, speedscope */
	RS_PROFILE_HTML,       /* the flame graph as one page with everything in it */
	RS_PROFILE_SVG,        /* the same as one interactive picture */
	RS_PROFILE_PPROF,      /* profile.proto, gzip: go tool pprof, Parca */
	RS_PROFILE_SPEEDSCOPE, /* JSON of speedscope.app */
	RS_PROFILE_JSON,       /* one object a line for each stack, outermost frame first */
	RS_PROFILE_NONE,
	RS_PROFILE_FORMAT_COUNT,
};

/* "html", "folded", ... to the format, and the format that a file's name asks for (".html", ".svg", ".folded",
 * ".pb.gz", ".speedscope.json", ".json"). False: no such. */
bool rs_profile_format_parse(const char *text, enum rs_profile_format *ret_format);
bool rs_profile_format_of_file(const char *path, enum rs_profile_format *ret_format);
const char *rs_profile_format_name(enum rs_profile_format format);

struct rs_profile_write {
	enum rs_profile_format format;
	size_t value; /* which of the values, where a format has one only */
	const struct rs_profile
		*old;   /* flame graphs and tables: the difference to this one; may be NULL */
	bool icicle;    /* flame graphs: grow downwards at first */
	size_t top;     /* tables: how many functions and stacks; 0: 20 and 8 */
	unsigned width; /* tables: columns */
	bool color;     /* tables: of the terminal */
};
int rs_profile_write(const struct rs_profile *profile, const struct rs_profile_write *how,
		     struct rs_str *out, struct rs_error *err);
