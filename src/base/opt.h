/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Command line options as tables. A command declares its settings as a struct with defaults and
 * one table that says which option fills which field; parsing, the help text and the manual page
 * are made from the table:
 *
 *	static const struct rs_opt opts[] = {
 *		RS_OPT_ROW('p', "pid", "PID", RS_OPT_U32, offsetof(struct settings, pid),
 *			   "only this process"),
 *		RS_OPT_ROW('o', "output", "FORMAT", RS_OPT_ENUM, offsetof(struct settings, format),
 *			   "how to print", .names = formats, .default_text = "table"),
 *		RS_OPT_INCLUDE_TABLE(rs_select_opts, offsetof(struct settings, select)),
 *		RS_OPT_END,
 *	};
 *
 * Forms understood: --name value, --name=value, -n value, -nvalue, grouped flags (-qv), --no-name
 * for flags that allow it, "--" before positional arguments. Long names may not be abbreviated.
 */

#include "base/error.h"
#include "base/str.h"

enum rs_opt_type {
	RS_OPT_DONE,     /* ends a table */
	RS_OPT_FLAG,     /* bool: no value */
	RS_OPT_STRING,   /* const char *: points into argv */
	RS_OPT_U32,      /* uint32_t */
	RS_OPT_U64,      /* uint64_t */
	RS_OPT_I64,      /* int64_t */
	RS_OPT_DURATION, /* uint64_t nanoseconds, see rs_units_parse_duration() */
	RS_OPT_SIZE,     /* uint64_t bytes, see rs_units_parse_size() */
	RS_OPT_LIST,     /* struct rs_opt_list: repeatable, and split at commas */
	RS_OPT_ENUM,     /* an enum or uint32_t: one of names */
	RS_OPT_BITSET,   /* uint64_t: comma list of names, "all", "none", "-name" to take one out */
	RS_OPT_CALLBACK, /* anything: the row's parse function, called once per occurrence */
	RS_OPT_INCLUDE,  /* no option: splices in another table at this offset */
	RS_OPT_TYPE_COUNT,
};

enum rs_opt_flags {
	RS_OPT_NEGATABLE = 1 << 0, /* flags: --no-name sets false */
	RS_OPT_HIDDEN = 1 << 1,    /* parsed, but not in help */
	RS_OPT_NO_VALUE = 1 << 2,  /* callbacks: takes no value, parse gets NULL */
	RS_OPT_NO_SPLIT = 1 << 3,  /* lists: do not split at commas */
	/* callbacks: a value only behind "--name=", else parse gets NULL; the letter takes none */
	RS_OPT_MAYBE_VALUE = 1 << 4,
};

/* What a word of RS_OPT_ENUM or RS_OPT_BITSET means; the table ends with a NULL name. */
struct rs_opt_name {
	const char *name;
	uint64_t value;
	const char *help; /* may be NULL */
};

/* Strings owned by the list. */
struct rs_opt_list {
	char **items;
	size_t len;
	size_t cap;
};

struct rs_opt {
	char short_name;       /* 0 = none */
	const char *long_name; /* NULL = none */
	const char *metavar;   /* "PID"; NULL for flags */
	enum rs_opt_type type;
	size_t offset;            /* of the field in the settings */
	const char *help;         /* one sentence, lower case, no full stop; wrapped as needed */
	const char *default_text; /* shown as "(default: ...)"; may be NULL */
	const struct rs_opt_name *names; /* RS_OPT_ENUM, RS_OPT_BITSET */
	/* Checks value and stores it in field (settings + offset). The message need not name the
	 * option: the caller puts it in front. 0 or negative errno. */
	int (*parse)(const struct rs_opt *opt, const char *value, void *field,
		     struct rs_error *err);
	const char *group;            /* heading in help; NULL = same as the row above */
	unsigned flags;               /* enum rs_opt_flags */
	const struct rs_opt *include; /* RS_OPT_INCLUDE */
};

/* One row; the fields that most rows leave out follow by name. */
#define RS_OPT_ROW(letter, name, var, kind, at, text, ...)                                         \
	{                                                                                          \
		.short_name = (letter), .long_name = (name), .metavar = (var), .type = (kind),     \
		.offset = (at), .help = (text), __VA_ARGS__                                        \
	}
#define RS_OPT_END                                                                                 \
	{                                                                                          \
		.type = RS_OPT_DONE                                                                \
	}
#define RS_OPT_INCLUDE_TABLE(table, at)                                                            \
	{                                                                                          \
		.type = RS_OPT_INCLUDE, .offset = (at), .include = (table)                         \
	}

/* What was on the command line besides the fields filled. Zero-initialise; release with done. */
struct rs_opt_args {
	/* In: everything from the first positional argument on is positional (for commands that
	 * take another command line). */
	bool stop_at_positional;
	/* Out */
	char **items; /* positional arguments, pointers into argv; items[len] is NULL */
	size_t len;
	size_t cap;
	const struct rs_opt **seen; /* rows met, each once */
	size_t seen_len;
	size_t seen_cap;
};

/* Outcomes of rs_opt_parse() besides 0 and negative codes. */
enum rs_opt_outcome {
	RS_OPT_OK = 0,
	RS_OPT_HELP = 1, /* -h or --help was given and the table does not define it */
};

/*
 * Parses argv[1] to argv[argc - 1] into dest. Positional arguments and the rows met go to args,
 * which may be NULL: then any positional argument is an error. Returns an rs_opt_outcome, or
 * -EINVAL (wrong use, message and hint in err), -ERANGE, -ENOMEM, or what a callback returned.
 * On failure dest may be partly filled; release it with rs_opt_done().
 */
int rs_opt_parse(const struct rs_opt *opts, int argc, char **argv, void *dest,
		 struct rs_opt_args *args, struct rs_error *err);

/* Whether an option was given, by long name (or a one-letter short name). */
bool rs_opt_was_set(const struct rs_opt_args *args, const char *name);

/* Sets one option by long name, as a configuration file does. value NULL only for flags. */
int rs_opt_set(const struct rs_opt *opts, const char *name, const char *value, void *dest,
	       struct rs_error *err);

/* The same by row, of a table that is included at offset 0 if at all. A value must be there for a
 * row that takes one. The message does not name the option. */
int rs_opt_set_row(const struct rs_opt *opt, const char *value, void *dest, struct rs_error *err);

void rs_opt_args_done(struct rs_opt_args *args);

/* Frees every RS_OPT_LIST in dest; callbacks' fields are the command's own affair. */
void rs_opt_done(const struct rs_opt *opts, void *dest);

int rs_opt_list_add(struct rs_opt_list *list, const char *item, size_t n);
void rs_opt_list_done(struct rs_opt_list *list);

/* Appends the aligned option help, wrapped to width columns, grouped, ending with -h. */
int rs_opt_help(const struct rs_opt *opts, unsigned width, struct rs_str *out);

/* Calls fn for every row in table order, included tables spliced in, hidden rows too. group is the
 * heading in force ("" at first). Stops at the first non-zero result and returns it. */
typedef int (*rs_opt_walk_fn)(const struct rs_opt *opt, const char *group, void *data);
int rs_opt_walk(const struct rs_opt *opts, rs_opt_walk_fn fn, void *data);
