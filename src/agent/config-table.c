/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of the configuration file. A new one adds its option (options.c) and its row here. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "agent/config.h"
#include "base/suggest.h"
#include "base/units.h"
#include "event/event.h"

/* --- checks of single values --- */

/* What is meant is seen only with all elements at hand; here each is looked at alone. */
static int check_kinds(const char *value, struct rs_error *err)
{
	uint64_t kinds;

	return rs_kinds_parse(*value == '-' ? value + 1 : value, &kinds, err);
}

static int check_pid(const char *value, struct rs_error *err)
{
	uint64_t pid;
	int r = rs_units_parse_u64(value, INT_MAX, &pid, err);

	if (!r && !pid)
		return rs_error_set(err, -EINVAL, "no process has the number 0");
	return r;
}

static int check_length(const char *value, size_t max, struct rs_error *err)
{
	size_t n = strlen(value);

	if (n > max)
		return rs_error_set(err, -EINVAL, "%zu bytes, and %zu are the most", n, max);
	return 0;
}

static int check_comm(const char *value, struct rs_error *err)
{
	return check_length(value, 15, err);
}

static int check_rate(const char *value, struct rs_error *err)
{
	uint64_t rate;

	return rs_units_parse_u64(value, 1000, &rate, err);
}

/* There is no working directory that people would agree on. */
static int check_absolute(const char *value, struct rs_error *err)
{
	if (*value != '/')
		return rs_error_set(err, -EINVAL, "\"%.128s\" is not an absolute path", value);
	return check_length(value, PATH_MAX - 1, err);
}

static int check_exe(const char *value, struct rs_error *err)
{
	int r = check_absolute(value, err);

	return r < 0 ? r : check_length(value, 255, err);
}

static int check_prefix(const char *value, struct rs_error *err)
{
	int r = check_absolute(value, err);

	return r < 0 ? r : check_length(value, RS_PREFIX_BYTES, err);
}

static int check_user(const char *value, struct rs_error *err)
{
	uint64_t uid;

	if (*value >= '0' && *value <= '9')
		return rs_units_parse_u64(value, UINT32_MAX - 1, &uid, err);
	return check_length(value, 255, err);
}

static int check_variable(const char *value, struct rs_error *err)
{
	if (strchr(value, '='))
		return rs_error_set(err, -EINVAL, "\"%.128s\": names only, without a value", value);
	return check_length(value, 255, err);
}

static int check_control(const char *value, struct rs_error *err)
{
	return strcmp(value, "none") == 0 ? 0 : check_absolute(value, err);
}

/* --- the rows --- */

const struct rs_config_key rs_config_keys[] = {
	{ .section = "watch",
	  .name = "kinds",
	  .option = "kinds",
	  .example = "[exec, exit, network]",
	  .check = check_kinds,
	  .more = "For example `[all, -open]`." },
	{ .section = "watch",
	  .name = "pid",
	  .option = "pid",
	  .example = "[1234, 5678]",
	  .check = check_pid },
	{ .section = "watch",
	  .name = "comm",
	  .option = "comm",
	  .example = "[nginx, php-fpm]",
	  .check = check_comm },
	{ .section = "watch",
	  .name = "exe",
	  .option = "exe",
	  .example = "[/usr/bin/python3]",
	  .check = check_exe,
	  .more = "Absolute paths." },
	{ .section = "watch",
	  .name = "uid",
	  .option = "uid",
	  .example = "[www-data, 1000]",
	  .check = check_user },
	{ .section = "watch",
	  .name = "cgroup",
	  .option = "cgroup",
	  .example = "[/system.slice/nginx.service]",
	  .more = "Directories of cgroup v2, with or without its mount point in front." },
	{ .section = "watch",
	  .name = "path",
	  .option = "path",
	  .example = "[/etc, /usr/bin]",
	  .check = check_prefix,
	  .more = "Absolute paths." },
	{ .section = "watch", .name = "container", .option = "container", .example = "[web-*]" },
	{ .section = "watch", .name = "pod", .option = "pod", .example = "[checkout-*]" },
	{ .section = "watch", .name = "namespace", .option = "namespace", .example = "[shop]" },
	{ .section = "watch",
	  .name = "where",
	  .option = "where",
	  .example = "['event.outcome == \"failure\"']",
	  .more = "The language is described in [conditions.md](conditions.md)." },
	{ .section = "output", .name = "format", .option = "output", .example = "json" },
	{ .section = "output",
	  .name = "file",
	  .option = "write",
	  .example = "/var/log/ringside/events.json",
	  .check = check_absolute,
	  .more = "An absolute path. The file is made with mode 0600, or appended to." },
	{ .section = "output",
	  .name = "env",
	  .option = "env",
	  .example = "[LD_PRELOAD, SSH_CONNECTION]",
	  .check = check_variable },
	{ .section = "output", .name = "aggregate", .option = "aggregate", .example = "true" },
	{ .section = "output", .name = "single", .option = "single", .example = "true" },
	{ .section = "output", .name = "color", .option = "color", .example = "never" },
	{ .section = "output", .name = "quiet", .option = "quiet", .example = "true" },
	{ .section = "store",
	  .name = "dir",
	  .option = "store",
	  .example = "/var/lib/ringside/events",
	  .check = check_control,
	  .more = "An absolute path, or `none`." },
	{ .section = "store",
	  .name = "age",
	  .option = "store-age",
	  .example = "7d",
	  .min = RS_NSEC_PER_SEC },
	{ .section = "store",
	  .name = "size",
	  .option = "store-size",
	  .example = "1G",
	  .min = 1ull << 20 },
	{ .section = "store",
	  .name = "profile",
	  .option = "profile",
	  .example = "11",
	  .check = check_rate },
	{ .section = "kubernetes", .name = "source", .option = "kubernetes", .example = "kubelet" },
	{ .section = "kubernetes",
	  .name = "url",
	  .option = "kubernetes-url",
	  .example = "https://127.0.0.1:10250" },
	{ .section = "kubernetes",
	  .name = "token",
	  .option = "kubernetes-token",
	  .example = "/var/run/secrets/kubernetes.io/serviceaccount/token",
	  .check = check_absolute },
	{ .section = "kubernetes",
	  .name = "ca",
	  .option = "kubernetes-ca",
	  .example = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
	  .check = check_absolute },
	{ .section = "kubernetes",
	  .name = "node",
	  .option = "kubernetes-node",
	  .example = "worker-3" },
	{ .section = "kubernetes",
	  .name = "insecure",
	  .option = "kubernetes-insecure",
	  .example = "true" },
	{ .section = "agent",
	  .name = "duration",
	  .option = "duration",
	  .example = "1h",
	  .min = RS_NSEC_PER_MSEC },
	{ .section = "agent", .name = "command", .option = "command", .example = "make test" },
	{ .section = "agent",
	  .name = "ring-size",
	  .option = "ring-size",
	  .example = "16M",
	  .min = 4096,
	  .max = 1ull << 30 },
	{ .section = "agent",
	  .name = "memory",
	  .option = "memory",
	  .example = "64M",
	  .min = 8ull << 20 },
	{ .section = "agent", .name = "measure", .option = "measure", .example = "always" },
	{ .section = "agent",
	  .name = "control",
	  .option = "control",
	  .example = "/run/ringside/control.sock",
	  .check = check_control,
	  .more = "An absolute path, or `none`." },
	{ .section = "agent",
	  .name = "host-root",
	  .option = "host-root",
	  .example = "/host",
	  .check = check_absolute },
	{ .section = NULL },
};

const struct rs_config_key *rs_config_key_find(const char *section, const char *name)
{
	for (const struct rs_config_key *key = rs_config_keys; key->section; key++) {
		if (!strcmp(key->section, section) && !strcmp(key->name, name))
			return key;
	}
	return NULL;
}

const char *rs_config_nearest(const char *section, const char *name)
{
	struct rs_suggest suggest;

	rs_suggest_init(&suggest, name);
	for (const struct rs_config_key *key = rs_config_keys; key->section; key++) {
		if (!section)
			rs_suggest_offer(&suggest, key->section);
		else if (!strcmp(key->section, section))
			rs_suggest_offer(&suggest, key->name);
	}
	return rs_suggest_best(&suggest);
}

static int match_name(const struct rs_opt *opt, const char *group, void *data)
{
	const void **match = data; /* in: the name; out: the row */
	const char *name = *match;

	(void)group;
	if (!opt->long_name || strcmp(opt->long_name, name) != 0)
		return 0;
	*match = opt;
	return 1;
}

const struct rs_opt *rs_config_key_option(const struct rs_config_key *key)
{
	const void *match = key->option;

	return rs_opt_walk(rs_agent_opts, match_name, &match) == 1 ? match : NULL;
}

static bool is_kinds(const struct rs_config_key *key)
{
	return key->check == check_kinds;
}

bool rs_config_key_is_list(const struct rs_config_key *key)
{
	return is_kinds(key) || rs_config_key_option(key)->type == RS_OPT_LIST;
}

/* --- values --- */

static int check_range(const struct rs_config_key *key, enum rs_opt_type type, uint64_t value,
		       struct rs_error *err)
{
	char *(*format)(char *, uint64_t) = type == RS_OPT_SIZE ? rs_units_format_size_exact
								: rs_units_format_duration_exact;
	char text[RS_UNITS_BUF];

	if (value < key->min)
		return rs_error_set(err, -ERANGE, "less than %s", format(text, key->min));
	if (key->max && value > key->max)
		return rs_error_set(err, -ERANGE, "more than %s", format(text, key->max));
	return 0;
}

int rs_config_key_check(const struct rs_config_key *key, const char *value, struct rs_error *err)
{
	enum rs_opt_type type = rs_config_key_option(key)->type;
	uint64_t number;
	int r = 0;

	if (!*value)
		return rs_error_set(err, -EINVAL, "it must not be empty");
	if (type == RS_OPT_SIZE)
		r = rs_units_parse_size(value, &number, err);
	else if (type == RS_OPT_DURATION)
		r = rs_units_parse_duration(value, &number, err);
	if (!r && (type == RS_OPT_SIZE || type == RS_OPT_DURATION))
		r = check_range(key, type, number, err);
	if (!r && key->check)
		r = key->check(value, err);
	return r;
}

int rs_config_check_line(const struct rs_opt_args *args, const struct rs_agent_options *options,
			 struct rs_error *err)
{
	for (const struct rs_config_key *key = rs_config_keys; key->section; key++) {
		const struct rs_opt *opt = rs_config_key_option(key);
		uint64_t value;
		int r;

		if ((opt->type != RS_OPT_SIZE && opt->type != RS_OPT_DURATION) ||
		    !rs_opt_was_set(args, key->option))
			continue;
		memcpy(&value, (const char *)options + opt->offset, sizeof(value));
		r = check_range(key, opt->type, value, err);
		if (r < 0) {
			rs_error_wrap(err, "--%s", key->option);
			return r;
		}
	}
	return 0;
}

static int store_kinds(const struct rs_opt *opt, const char *const *values, size_t count,
		       struct rs_agent_options *options, struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str joined = RS_STR_INIT(0);

	if (!count)
		return rs_error_set(err, -EINVAL, "it must name at least one kind of event");
	for (size_t i = 0; i < count; i++)
		rs_str_appendf(&joined, "%s%s", i ? "," : "", values[i]);
	if (joined.error)
		return rs_error_set_errno(err, joined.error, "keeping the list");
	options->kinds = 0;
	return rs_opt_set_row(opt, rs_str_cstr(&joined), options, err);
}

static int store_list(const struct rs_opt *opt, const char *const *values, size_t count,
		      struct rs_agent_options *options, struct rs_error *err)
{
	struct rs_opt_list *list = (struct rs_opt_list *)(void *)((char *)options + opt->offset);
	int r = 0;

	rs_opt_list_done(list);
	for (size_t i = 0; i < count && !r; i++)
		r = rs_opt_list_add(list, values[i], strlen(values[i]));
	return r < 0 ? rs_error_set_errno(err, r, "keeping the list") : 0;
}

int rs_config_key_store(const struct rs_config_key *key, const char *const *values, size_t count,
			struct rs_agent_options *options, struct rs_error *err)
{
	const struct rs_opt *opt = rs_config_key_option(key);

	if (is_kinds(key))
		return store_kinds(opt, values, count, options, err);
	if (opt->type == RS_OPT_LIST)
		return store_list(opt, values, count, options, err);
	return rs_opt_set_row(opt, values[0], options, err);
}
