/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside filter`: shows or changes what a running agent watches, without a restart. */
#include "cmd/filter.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "agent/config.h"
#include "base/term.h"
#include "base/utf8.h"
#include "cmd/client.h"
#include "cmd/cmd.h"
#include "cmd/watch.h"
#include "event/event.h"

#define SECTION   "watch" /* of the configuration: what selects events */
#define REPLY_MAX ((size_t)8 << 20)
#define KEY_WIDTH 12

struct settings {
	struct rs_agent_options options;
	struct rs_client client;
	bool clear;
};

static const struct rs_opt filter_opts[] = {
	{ .long_name = "clear",
	  .type = RS_OPT_FLAG,
	  .offset = offsetof(struct settings, clear),
	  .group = "What to watch",
	  .help = "forget all conditions and go back to the kinds that the agent was started "
		  "with; other options come on top of that" },
	RS_OPT_INCLUDE_TABLE(rs_agent_opts_kinds, offsetof(struct settings, options)),
	RS_OPT_INCLUDE_TABLE(rs_agent_opts_select, offsetof(struct settings, options)),
	RS_OPT_INCLUDE_TABLE(rs_client_opts, offsetof(struct settings, client)),
	RS_OPT_END,
};

/* --- the request --- */

/* NULL for keys that are no list of this section. */
static const struct rs_opt_list *list_of(const struct rs_config_key *key,
					 const struct rs_agent_options *options)
{
	const struct rs_opt *opt = rs_config_key_option(key);

	if (strcmp(key->section, SECTION) != 0 || opt->type != RS_OPT_LIST)
		return NULL;
	return (const struct rs_opt_list *)(const void *)((const char *)options + opt->offset);
}

/* JSON is UTF-8, names of files and processes are any bytes: what cannot be said must not become the
 * name of something else. */
static int write_name(struct rs_json *w, const char *name, struct rs_error *err)
{
	if (rs_utf8_is_valid(name, strlen(name))) {
		rs_json_cstr(w, name);
		return 0;
	}
	rs_error_set(err, -EINVAL, "\"%s\" is not UTF-8: a running agent cannot be told of it",
		     name);
	rs_error_hint(err, "an agent that is started with it can");
	return -EINVAL;
}

static int write_path(struct rs_json *w, const char *path, struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	char cwd[PATH_MAX];

	if (*path != '/') {
		if (!getcwd(cwd, sizeof(cwd)))
			return rs_error_set_errno(err, -errno, "making \"%s\" absolute", path);
		rs_str_appendf(&text, "%s/", cwd);
	}
	rs_str_append_cstr(&text, path);
	return text.error ? rs_error_set_errno(err, text.error, "making \"%s\" absolute", path)
			  : write_name(w, rs_str_cstr(&text), err);
}

static int write_list(struct rs_json *w, const char *name, const struct rs_opt_list *list,
		      struct rs_error *err)
{
	bool paths = !strcmp(name, "path") || !strcmp(name, "exe");
	int r = 0;

	rs_json_key(w, name, strlen(name));
	rs_json_begin_array(w);
	for (size_t i = 0; i < list->len && !r; i++) {
		if (paths)
			r = write_path(w, list->items[i], err);
		else
			r = write_name(w, list->items[i], err);
	}
	rs_json_end_array(w);
	return r;
}

static void write_kinds(struct rs_json *w, uint64_t kinds)
{
	rs_json_key_lit(w, "kinds");
	rs_json_begin_array(w);
	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++) {
		if (kinds & (1ull << kind))
			rs_json_cstr(w, rs_kind_to_str(kind));
	}
	rs_json_end_array(w);
}

static int write_set(struct rs_json *w, const struct rs_agent_options *options,
		     struct rs_error *err)
{
	int r = 0;

	rs_json_key_lit(w, "set");
	rs_json_begin_object(w);
	if (options->kinds)
		write_kinds(w, options->kinds);
	for (const struct rs_config_key *key = rs_config_keys; key->section && !r; key++) {
		const struct rs_opt_list *list = list_of(key, options);

		if (list && list->len)
			r = write_list(w, key->name, list, err);
	}
	rs_json_end_object(w);
	return r;
}

static bool has_conditions(const struct rs_agent_options *options)
{
	bool found = options->kinds != 0;

	for (const struct rs_config_key *key = rs_config_keys; key->section; key++) {
		const struct rs_opt_list *list = list_of(key, options);

		found |= list && list->len;
	}
	return found;
}

int rs_filter_request(const struct rs_agent_options *options, bool clear, struct rs_str *out,
		      struct rs_error *err)
{
	struct rs_json w;
	int r = 0;

	rs_json_init(&w, out);
	rs_json_begin_object(&w);
	rs_json_key_lit(&w, "command");
	rs_json_cstr(&w, "filter");
	if (clear) {
		rs_json_key_lit(&w, "clear");
		rs_json_bool(&w, true);
	}
	if (has_conditions(options))
		r = write_set(&w, options, err);
	rs_json_end_object(&w);
	if (!r && out->error)
		r = rs_error_set_errno(err, out->error, "writing the request");
	return r;
}

/* --- the answer --- */

static uint64_t read_kinds(const struct rs_json_value *list)
{
	uint64_t kinds = 0;

	for (const struct rs_json_value *item = list ? list->child : NULL; item;
	     item = item->next) {
		int kind = rs_kind_from_str(rs_json_get_str(item, "", ""));

		if (kind >= 0)
			kinds |= 1ull << kind;
	}
	return kinds;
}

/* One item, or many with commas, harmless for a terminal. */
static void append_values(const struct rs_json_value *value, struct rs_str *out)
{
	const struct rs_json_value *item = value->type == RS_JSON_ARRAY ? value->child : value;

	for (bool first = true; item; first = false) {
		if (!first)
			rs_str_append_cstr(out, ", ");
		if (item->type == RS_JSON_STRING)
			rs_str_append_escaped(out, item->str, item->len);
		else if (item->type == RS_JSON_NUMBER)
			rs_str_append_u64(out, rs_json_get_u64(item, "", 0));
		item = value->type == RS_JSON_ARRAY ? item->next : NULL;
	}
}

static void append_line(const char *name, const char *text, unsigned width, struct rs_str *out)
{
	size_t start = out->len;

	rs_cmd_wrap(text, KEY_WIDTH + 2, width, out);
	if (out->len >= start + KEY_WIDTH + 2)
		memcpy(out->data + start + 2, name, MIN(strlen(name), (size_t)KEY_WIDTH - 1));
}

int rs_filter_describe(const struct rs_json_value *filter, unsigned width, struct rs_str *out)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	const struct rs_json_value *kinds = rs_json_member(filter, "kinds");
	size_t conditions = 0;

	rs_watch_describe_kinds(read_kinds(kinds), &text);
	if (!text.len && kinds)
		append_values(kinds, &text);
	append_line("kinds", rs_str_cstr(&text), width, out);
	for (const struct rs_json_value *item = filter ? filter->child : NULL; item;
	     item = item->next) {
		if (item == kinds)
			continue;
		rs_str_reset(&text);
		append_values(item, &text);
		append_line(item->key, rs_str_cstr(&text), width, out);
		conditions++;
	}
	if (!conditions)
		append_line("conditions", "none", width, out);
	return out->error;
}

/* --- the command --- */

static int ask(const struct settings *settings, struct rs_str *out, struct rs_error *err)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(REPLY_MAX);
	_cleanup_(rs_str_done) struct rs_str request = RS_STR_INIT(0);
	const struct rs_json_value *result = NULL;
	int r;

	r = rs_filter_request(&settings->options, settings->clear, &request, err);
	if (!r)
		r = rs_client_call(&settings->client, rs_str_cstr(&request), &arena, &result, err);
	if (r < 0)
		return r;
	if (settings->client.output == RS_CLIENT_JSON)
		rs_client_write_json(result, out);
	else
		rs_filter_describe(result, MIN(rs_term_width(STDOUT_FILENO), 100u), out);
	return rs_client_print(out, err);
}

static int run(const struct rs_cmd *cmd, int argc, char **argv)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);
	struct settings settings = { .clear = false };
	struct rs_error err = RS_ERROR_INIT;
	int r;

	rs_agent_options_init(&settings.options);
	r = rs_cmd_parse(cmd, argc, argv, &settings, NULL);
	if (r == RS_CMD_GO) {
		r = ask(&settings, &out, &err);
		r = r < 0 && err.code ? rs_cmd_fail(&err) : RS_CMD_OK;
	}
	rs_agent_options_done(&settings.options);
	return r;
}

static const struct rs_cmd_example examples[] = {
	{ "ringside filter", "what the running agent watches" },
	{ "ringside filter --uid www-data", "from now on, only processes of this user" },
	{ "ringside filter --kinds exec,exit --path /etc", "other kinds, below a directory" },
	{ "ringside filter --clear", "everything again" },
	{ NULL, NULL },
};

const struct rs_cmd rs_cmd_filter = {
	.name = "filter",
	.group = "A running agent",
	.synopsis = "[OPTION...]",
	.summary = "show or change what the running agent watches",
	.text = "Without options, shows the filter in force. An option replaces its own condition "
		"and leaves the others; the change is in force at once, without a restart and without "
		"a gap. Kinds that the agent was not started with have no hooks in the kernel and "
		"cannot be added. The change lasts until the agent ends, or reads its configuration "
		"again.",
	.examples = examples,
	.opts = filter_opts,
	.run = run,
};
