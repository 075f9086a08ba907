/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Subcommands. One file per subcommand defines one `const struct rs_cmd rs_cmd_<name>` and table.c
 * has a row for it; the list, the help texts and the manual page are made from these tables.
 */

#include "base/error.h"
#include "base/opt.h"
#include "base/str.h"

/* What the program ends with; a watched command's own code is passed on instead. */
enum rs_cmd_exit {
	RS_CMD_OK = 0,
	RS_CMD_FAILED = 1,
	RS_CMD_USAGE = 2,
	RS_CMD_DENIED = 3, /* the kernel, or our rights, do not allow it */
};

/* A command line as it would be typed, and what it does; a list ends with a NULL command. */
struct rs_cmd_example {
	const char *command;
	const char *text;
};

struct rs_cmd {
	const char *name;
	const char *group;    /* heading in the list; commands of a group stand together */
	const char *synopsis; /* behind the name: "[OPTION...] DIR" */
	const char *summary;  /* one line, lower case, no full stop */
	const char *text;     /* paragraphs, separated by an empty line; NULL for none */
	const struct rs_cmd_example *examples; /* at least one */
	const struct rs_opt *opts;
	/* argv[0] is the subcommand's name. Returns what the program ends with. */
	int (*run)(const struct rs_cmd *cmd, int argc, char **argv);
	const void *data; /* the command's own, for commands that share a function */
};

/* --- table.c --- */

extern const struct rs_cmd *const rs_cmd_table[]; /* ends with NULL */

const struct rs_cmd *rs_cmd_find(const char *name); /* NULL when there is none */
const char *rs_cmd_nearest(const char *name);       /* NULL when none is near */

/* --- cmd.c: what most commands begin and end with --- */

/* rs_cmd_parse(): go on. */
#define RS_CMD_GO (-1)

/*
 * Parses the command's options into settings. RS_CMD_GO, or the code to end with: --help was
 * answered on standard output, or a wrong use was told on standard error. args as in
 * rs_opt_parse(): NULL where the command takes no positional arguments.
 */
int rs_cmd_parse(const struct rs_cmd *cmd, int argc, char **argv, void *settings,
		 struct rs_opt_args *args);

/* Tells a wrong use, with a hint where help is to be had, and returns RS_CMD_USAGE. */
int rs_cmd_misuse(const struct rs_cmd *cmd, struct rs_error *err);

/* Prints the error, once, and returns the code that goes with it: RS_CMD_USAGE for -EINVAL,
 * RS_CMD_DENIED for -EPERM, -EACCES and -EOPNOTSUPP, RS_CMD_FAILED for all others. */
int rs_cmd_fail(const struct rs_error *err);

/* Writes the text to standard output. RS_CMD_OK, also when its reader went away; or RS_CMD_FAILED, once it
 * was told why. */
int rs_cmd_print(const struct rs_str *text);

/* --- help.c, man.c: all append to out; 0 or out's error --- */

int rs_cmd_help_list(unsigned width, bool color, struct rs_str *out);
int rs_cmd_help_one(const struct rs_cmd *cmd, unsigned width, bool color, struct rs_str *out);
int rs_cmd_help_man(struct rs_str *out); /* the manual page, roff */

/* Breaks text at spaces into lines of at most width columns, each indented; empty lines in the text
 * separate paragraphs. */
void rs_cmd_wrap(const char *text, unsigned indent, unsigned width, struct rs_str *out);

/* --- the rows --- */

extern const struct rs_cmd rs_cmd_run;
extern const struct rs_cmd rs_cmd_exec;
extern const struct rs_cmd rs_cmd_files;
extern const struct rs_cmd rs_cmd_net;
extern const struct rs_cmd rs_cmd_deletes;
extern const struct rs_cmd rs_cmd_events;
extern const struct rs_cmd rs_cmd_report;
extern const struct rs_cmd rs_cmd_tree;
extern const struct rs_cmd rs_cmd_containers;
extern const struct rs_cmd rs_cmd_stats;
extern const struct rs_cmd rs_cmd_filter;
extern const struct rs_cmd rs_cmd_trace;
extern const struct rs_cmd rs_cmd_bpftrace; /* the same under the name bpftrace; in no list */
extern const struct rs_cmd rs_cmd_strace;
extern const struct rs_cmd rs_cmd_syscalls;
extern const struct rs_cmd rs_cmd_latency;
extern const struct rs_cmd rs_cmd_profile;
extern const struct rs_cmd rs_cmd_offcpu;
extern const struct rs_cmd rs_cmd_stacks;
extern const struct rs_cmd rs_cmd_flame;
extern const struct rs_cmd rs_cmd_memleak;
extern const struct rs_cmd rs_cmd_oom;
extern const struct rs_cmd rs_cmd_doctor;
extern const struct rs_cmd rs_cmd_help;
