/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The configuration file: YAML, two levels, every key a row of one table that names the long option
 * whose meaning, type and checks it shares. docs/config.md is made from that table.
 *
 *	watch:
 *	  kinds: [exec, exit, file]
 *	  path: /etc
 *	agent:
 *	  ring-size: 16M
 *
 * Strict: what is not understood is a mistake, told with its line; all mistakes of a file are found
 * in one go. The file is not trusted to be small or well meant: size, depth and number of nodes
 * have caps, and aliases are refused.
 */

#include "agent/options.h"

#define RS_CONFIG_DEFAULT "/etc/ringside/ringside.yaml" /* below --root */
#define RS_CONFIG_NONE    "none"                        /* as --config: not even the default file */

#define RS_CONFIG_FILE_MAX     ((size_t)256 << 10) /* bytes */
#define RS_CONFIG_DEPTH_MAX    8
#define RS_CONFIG_NODES_MAX    10000
#define RS_CONFIG_MISTAKES_MAX 20

struct rs_config_mistake {
	unsigned line, column; /* from 1 */
	char text[512];        /* "unknown key \"comand\" (did you mean \"command\"?)" */
};

struct rs_config_mistakes {
	struct rs_config_mistake items[RS_CONFIG_MISTAKES_MAX]; /* in the order of the file */
	size_t len;
	size_t more; /* found, but without room in items */
};

/*
 * Reads a file into options, which are initialised; what the file does not mention stays.
 *
 * -EINVAL for mistakes: one of them is in err whole, with the file's name and its line; several are
 * in @ret_mistakes, and err only counts them. @ret_mistakes may be NULL: then err has the first.
 * -ENOENT, -EACCES (also for a file that anybody may change), -EISDIR, -EFBIG, ... for the file.
 * On failure the options may be partly filled; release them as always.
 */
int rs_config_load(const char *path, struct rs_agent_options *options,
		   struct rs_config_mistakes *ret_mistakes, struct rs_error *err);

/* The same for text. err says nothing of a file: "line 12, column 3: unknown key ...". */
int rs_config_parse(const void *text, size_t n, struct rs_agent_options *options,
		    struct rs_config_mistakes *ret_mistakes, struct rs_error *err);

/*
 * The file to read: --config as given, or the default below --root where that exists. NULL for none,
 * in *ret_path, which is the caller's to free. -ENOMEM.
 */
int rs_config_find(const struct rs_agent_options *line, char **ret_path, struct rs_error *err);

/* --- the table --- */

struct rs_config_key {
	const char *section; /* "watch" */
	const char *name;    /* "kinds" */
	const char *option;  /* the long option that it is, in rs_agent_opts */
	const char *example; /* a value as it stands in the file: "[exec, exit]" */
	const char *more; /* sentences for the documentation, besides the option's help; or NULL */
	/* Checks one value, or one element of a list, besides what the option itself checks. */
	int (*check)(const char *value, struct rs_error *err);
	uint64_t min, max; /* of sizes and durations; max 0: no limit */
};

extern const struct rs_config_key rs_config_keys[]; /* by section; ends with a NULL section */

/* NULL where there is none. */
const struct rs_config_key *rs_config_key_find(const char *section, const char *name);

/* The nearest name in the section, or with section NULL the nearest section; NULL for none. */
const char *rs_config_nearest(const char *section, const char *name);

const struct rs_opt *rs_config_key_option(const struct rs_config_key *key);
bool rs_config_key_is_list(const struct rs_config_key *key);

/* Checks one value, or one element of a list. The message does not name the key. -EINVAL, -ERANGE,
 * -ENOMEM. */
int rs_config_key_check(const struct rs_config_key *key, const char *value, struct rs_error *err);

/* Sizes and times that were given on the command line keep the limits that they have in the file.
 * @args as rs_opt_parse() filled them, together with @options. -ERANGE; the message names the
 * option. */
int rs_config_check_line(const struct rs_opt_args *args, const struct rs_agent_options *options,
			 struct rs_error *err);

/*
 * Stores what was checked, in place of what was there: one value, or any number for a list. The
 * message does not name the key.
 */
int rs_config_key_store(const struct rs_config_key *key, const char *const *values, size_t count,
			struct rs_agent_options *options, struct rs_error *err);

/* Append docs/config.md, and deploy/ringside.yaml. 0 or out's error. */
int rs_config_write_docs(struct rs_str *out);
int rs_config_write_example(struct rs_str *out);
