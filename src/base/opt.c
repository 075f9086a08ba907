/* SPDX-License-Identifier: Apache-2.0 */
#include "base/opt.h"

#include <errno.h>
#include <string.h>

#include "base/opt-internal.h"
#include "base/suggest.h"
#include "base/vec.h"

int rs_opt_each(const struct rs_opt *opts, size_t base, const char **group, rs_opt_each_fn fn,
		void *data)
{
	for (const struct rs_opt *opt = opts; opt->type != RS_OPT_DONE; opt++) {
		int r;

		if (opt->group)
			*group = opt->group;
		if (opt->type == RS_OPT_INCLUDE)
			r = rs_opt_each(opt->include, base + opt->offset, group, fn, data);
		else
			r = fn(opt, base + opt->offset, *group, data);
		if (r)
			return r;
	}
	return 0;
}

struct walk {
	rs_opt_walk_fn fn;
	void *data;
};

static int walk_row(const struct rs_opt *opt, size_t offset, const char *group, void *data)
{
	struct walk *walk = data;

	(void)offset;
	return walk->fn(opt, group, walk->data);
}

int rs_opt_walk(const struct rs_opt *opts, rs_opt_walk_fn fn, void *data)
{
	struct walk walk = { fn, data };
	const char *group = "";

	return rs_opt_each(opts, 0, &group, walk_row, &walk);
}

/* --- finding a row --- */

struct search {
	const char *name; /* long name, n bytes, or NULL */
	size_t n;
	char letter;
	const struct rs_opt *found;
	size_t offset;
};

static int match_row(const struct rs_opt *opt, size_t offset, const char *group, void *data)
{
	struct search *search = data;
	bool match;

	(void)group;
	if (search->name)
		match = opt->long_name && strlen(opt->long_name) == search->n &&
			memcmp(opt->long_name, search->name, search->n) == 0;
	else
		match = opt->short_name && opt->short_name == search->letter;
	if (!match)
		return 0;
	search->found = opt;
	search->offset = offset;
	return 1;
}

static bool find_row(const struct rs_opt *opts, struct search *search)
{
	const char *group = "";

	return rs_opt_each(opts, 0, &group, match_row, search) == 1;
}

static int offer_row(const struct rs_opt *opt, size_t offset, const char *group, void *data)
{
	(void)offset;
	(void)group;
	if (opt->long_name && !(opt->flags & RS_OPT_HIDDEN))
		rs_suggest_offer(data, opt->long_name);
	return 0;
}

/* dashes: "--" on a command line, "" in a configuration. */
static int unknown_option(const struct rs_opt *opts, const char *dashes, const char *name, size_t n,
			  struct rs_error *err)
{
	const char *group = "", *best;
	struct rs_suggest near;
	char text[64];

	snprintf(text, sizeof(text), "%.*s", (int)MIN(n, sizeof(text) - 1), name);
	rs_suggest_init(&near, text);
	rs_opt_each(opts, 0, &group, offer_row, &near);
	best = rs_suggest_best(&near);
	if (best)
		return rs_error_set(err, -EINVAL,
				    "unknown option \"%s%s\" (did you mean \"%s%s\"?)", dashes,
				    text, dashes, best);
	return rs_error_set(err, -EINVAL, "unknown option \"%s%s\"", dashes, text);
}

/* --- one command line --- */

struct parse {
	const struct rs_opt *opts;
	int argc;
	char **argv;
	int next; /* index of the next argument not looked at */
	char *dest;
	struct rs_opt_args *args;
	bool refuse_positional;
	struct rs_error *err;
};

static bool was_seen(const struct rs_opt_args *args, const struct rs_opt *opt)
{
	for (size_t i = 0; i < args->seen_len; i++)
		if (args->seen[i] == opt)
			return true;
	return false;
}

static int mark_seen(struct rs_opt_args *args, const struct rs_opt *opt)
{
	if (args->seen_len == args->seen_cap) {
		void *grown = rs_vec_grow(args->seen, &args->seen_cap, args->seen_len + 1,
					  sizeof(*args->seen));

		if (!grown)
			return -ENOMEM;
		args->seen = grown;
	}
	args->seen[args->seen_len++] = opt;
	return 0;
}

/* spelling is the option as the user wrote it, for messages. */
static int store_row(struct parse *ps, const struct search *row, const char *spelling,
		     const char *value)
{
	bool first = !was_seen(ps->args, row->found);
	int r = rs_opt_store(row->found, value, first, ps->dest + row->offset, ps->err);

	if (r < 0) {
		rs_error_wrap(ps->err, "option \"%s\"", spelling);
		return r;
	}
	if (first && mark_seen(ps->args, row->found) < 0)
		return rs_error_set_errno(ps->err, -ENOMEM, "option \"%s\"", spelling);
	return 0;
}

/* Takes the next argument as the value of the option. */
static int take_value(struct parse *ps, const struct rs_opt *opt, const char *spelling,
		      const char **ret_value)
{
	if (ps->next >= ps->argc)
		return rs_error_set(ps->err, -EINVAL, "option \"%s\" needs a value%s%s", spelling,
				    opt->metavar ? ": " : "", opt->metavar ? opt->metavar : "");
	*ret_value = ps->argv[ps->next++];
	return 0;
}

/* "--no-name" of a flag that allows it. */
static bool find_negated(const struct rs_opt *opts, struct search *row)
{
	if (row->n < 4 || memcmp(row->name, "no-", 3) != 0)
		return false;
	row->name += 3;
	row->n -= 3;
	return find_row(opts, row) && row->found->type == RS_OPT_FLAG &&
	       (row->found->flags & RS_OPT_NEGATABLE);
}

static int parse_long(struct parse *ps, const char *arg)
{
	const char *name = arg + 2, *value = NULL;
	size_t n = strcspn(name, "=");
	struct search row = { .name = name, .n = n };
	char spelling[64];
	bool negated;
	int r;

	snprintf(spelling, sizeof(spelling), "%.*s", (int)MIN(n + 2, sizeof(spelling) - 1), arg);
	negated = !find_row(ps->opts, &row);
	if (negated && n == 4 && memcmp(name, "help", 4) == 0 && !name[n])
		return RS_OPT_HELP;
	if (negated && !find_negated(ps->opts, &row))
		return unknown_option(ps->opts, "--", name, n, ps->err);
	if (name[n] == '=')
		value = name + n + 1;
	if (!rs_opt_takes_value(row.found)) {
		if (value && !(row.found->flags & RS_OPT_MAYBE_VALUE))
			return rs_error_set(ps->err, -EINVAL, "option \"%s\" takes no value",
					    spelling);
		if (row.found->type == RS_OPT_FLAG)
			value = negated ? "false" : "true";
	} else if (!value) {
		r = take_value(ps, row.found, spelling, &value);
		if (r < 0)
			return r;
	}
	return store_row(ps, &row, spelling, value);
}

/* A cluster of letters: flags, and at its end maybe one with a value. */
static int parse_short(struct parse *ps, const char *arg)
{
	for (const char *p = arg + 1; *p; p++) {
		struct search row = { .letter = *p };
		char spelling[3] = { '-', *p };
		const char *value = NULL;
		bool last = false;
		int r;

		if (!find_row(ps->opts, &row)) {
			if (*p == 'h')
				return RS_OPT_HELP;
			return rs_error_set(ps->err, -EINVAL, "unknown option \"%s\"", spelling);
		}
		if (rs_opt_takes_value(row.found)) {
			last = true;
			value = p + 1;
			r = *value ? 0 : take_value(ps, row.found, spelling, &value);
			if (r < 0)
				return r;
		}
		r = store_row(ps, &row, spelling, value);
		if (r < 0 || last)
			return r;
	}
	return 0;
}

static int add_positional(struct parse *ps, char *arg)
{
	struct rs_opt_args *args = ps->args;

	if (ps->refuse_positional)
		return rs_error_set(ps->err, -EINVAL, "unexpected argument \"%.64s\"", arg);
	if (rs_vec_reserve(args, 2) < 0)
		return rs_error_set_errno(ps->err, -ENOMEM, "reading arguments");
	args->items[args->len++] = arg;
	args->items[args->len] = NULL;
	return 0;
}

static int add_rest(struct parse *ps)
{
	int r = 0;

	while (r == 0 && ps->next < ps->argc)
		r = add_positional(ps, ps->argv[ps->next++]);
	return r;
}

static int parse_args(struct parse *ps)
{
	int r = 0;

	while (r == 0 && ps->next < ps->argc) {
		char *arg = ps->argv[ps->next++];

		if (strcmp(arg, "--") == 0)
			return add_rest(ps);
		if (arg[0] == '-' && arg[1] == '-')
			r = parse_long(ps, arg);
		else if (arg[0] == '-' && arg[1])
			r = parse_short(ps, arg);
		else
			r = add_positional(ps, arg);
		if (r == 0 && ps->args->len && ps->args->stop_at_positional)
			return add_rest(ps);
	}
	return r;
}

int rs_opt_parse(const struct rs_opt *opts, int argc, char **argv, void *dest,
		 struct rs_opt_args *args, struct rs_error *err)
{
	_cleanup_(rs_opt_args_done) struct rs_opt_args own = { 0 };
	struct parse ps = {
		.opts = opts,
		.argc = argc,
		.argv = argv,
		.next = 1,
		.dest = dest,
		.args = args ? args : &own,
		.refuse_positional = !args,
		.err = err,
	};

	if (rs_vec_reserve(ps.args, 1) < 0)
		return rs_error_set_errno(err, -ENOMEM, "reading arguments");
	ps.args->items[ps.args->len] = NULL;
	return parse_args(&ps);
}

bool rs_opt_was_set(const struct rs_opt_args *args, const char *name)
{
	for (size_t i = 0; i < args->seen_len; i++) {
		const struct rs_opt *opt = args->seen[i];

		if (opt->long_name && strcmp(opt->long_name, name) == 0)
			return true;
		if (opt->short_name && opt->short_name == name[0] && !name[1])
			return true;
	}
	return false;
}

int rs_opt_set(const struct rs_opt *opts, const char *name, const char *value, void *dest,
	       struct rs_error *err)
{
	struct search row = { .name = name, .n = strlen(name) };
	int r;

	if (!find_row(opts, &row))
		return unknown_option(opts, "", name, row.n, err);
	if (!value && rs_opt_takes_value(row.found))
		return rs_error_set(err, -EINVAL, "option \"%s\" needs a value", name);
	r = rs_opt_store(row.found, value, true, (char *)dest + row.offset, err);
	if (r < 0)
		rs_error_wrap(err, "option \"%s\"", name);
	return r;
}

int rs_opt_set_row(const struct rs_opt *opt, const char *value, void *dest, struct rs_error *err)
{
	return rs_opt_store(opt, value, true, (char *)dest + opt->offset, err);
}

void rs_opt_args_done(struct rs_opt_args *args)
{
	rs_vec_done(args);
	free(args->seen);
	args->seen = NULL;
	args->seen_len = args->seen_cap = 0;
}

static int release_row(const struct rs_opt *opt, size_t offset, const char *group, void *data)
{
	(void)group;
	if (opt->type == RS_OPT_LIST)
		rs_opt_list_done((void *)((char *)data + offset));
	return 0;
}

void rs_opt_done(const struct rs_opt *opts, void *dest)
{
	const char *group = "";

	rs_opt_each(opts, 0, &group, release_row, dest);
}
