/* SPDX-License-Identifier: Apache-2.0 */
/* What a running agent does for clients of its control socket: it tells its numbers, and shows and
 * changes what it selects. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "agent/agent-internal.h"
#include "agent/config.h"
#include "agent/control-stats.h"
#include "agent/control.h"
#include "base/clock.h"
#include "base/vec.h"

#define SECTION "watch" /* of the configuration: what selects events */

/* --- stats --- */

static int run_stats(void *data, const struct rs_json_value *request, struct rs_json *result,
		     struct rs_error *err)
{
	_cleanup_(rs_cleanup_free) struct rs_control_stats *stats = calloc(1, sizeof(*stats));
	struct rs_agent *agent = data;

	(void)request;
	if (!stats)
		return rs_error_set_errno(err, -ENOMEM, "telling the numbers");
	rs_agent_stats(agent, &stats->stats);
	rs_control_counts(agent->control, &stats->control);
	stats->time = rs_clock_real();
	stats->pid = (uint64_t)getpid();
	snprintf(stats->version, sizeof(stats->version), "%s", RS_VERSION);
	rs_control_stats_write(result, stats);
	return 0; /* a reply that does not fit is the server's affair */
}

/* --- filter: show --- */

/* The list that a key stands for; NULL for keys of other sections, and for kinds. */
static struct rs_opt_list *list_of(const struct rs_config_key *key,
				   const struct rs_agent_options *options)
{
	const struct rs_opt *opt = rs_config_key_option(key);

	if (strcmp(key->section, SECTION) != 0 || opt->type != RS_OPT_LIST)
		return NULL;
	return (struct rs_opt_list *)(void *)((char *)options + opt->offset);
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

static void write_list(struct rs_json *w, const char *name, const struct rs_opt_list *list)
{
	rs_json_key(w, name, strlen(name));
	rs_json_begin_array(w);
	for (size_t i = 0; i < list->len; i++)
		rs_json_cstr(w, list->items[i]);
	rs_json_end_array(w);
}

static void write_filter(struct rs_json *w, const struct rs_agent *agent)
{
	const struct rs_agent_options *options = rs_agent_options_now(agent);

	rs_json_begin_object(w);
	write_kinds(w, agent->filter.filter.kinds);
	for (const struct rs_config_key *key = rs_config_keys; key->section; key++) {
		const struct rs_opt_list *list = list_of(key, options);

		if (list && list->len)
			write_list(w, key->name, list);
	}
	if (agent->command) {
		rs_json_key_lit(w, "command");
		rs_json_cstr(w, agent->options->command);
		rs_json_key_lit(w, "command_pid");
		rs_json_u64(w, agent->command_pid);
	}
	rs_json_end_object(w);
}

/* --- filter: change --- */

static int copy_list(const struct rs_opt_list *from, struct rs_opt_list *to)
{
	int r = 0;

	for (size_t i = 0; i < from->len && !r; i++)
		r = rs_opt_list_add(to, from->items[i], strlen(from->items[i]));
	return r;
}

/* What of the options the new filter is made from: the lists and kinds, and the root directory. */
static int copy_selection(const struct rs_agent_options *from, struct rs_agent_options *to,
			  struct rs_error *err)
{
	int r = 0;

	to->kinds = from->kinds;
	if (from->root) {
		to->root = strdup(from->root);
		r = to->root ? 0 : -ENOMEM;
	}
	for (const struct rs_config_key *key = rs_config_keys; key->section && !r; key++) {
		const struct rs_opt_list *list = list_of(key, from);

		if (list)
			r = copy_list(list, list_of(key, to));
	}
	return r < 0 ? rs_error_set_errno(err, r, "copying the filter") : 0;
}

/* Nothing is selected but the kinds that the agent was started with. */
static void clear_selection(const struct rs_agent *agent, struct rs_agent_options *options)
{
	options->kinds = agent->options->kinds;
	for (const struct rs_config_key *key = rs_config_keys; key->section; key++) {
		struct rs_opt_list *list = list_of(key, options);

		if (list)
			rs_opt_list_done(list);
	}
}

struct values {
	char **items;
	size_t len;
	size_t cap;
};

static void values_done(struct values *values)
{
	rs_vec_foreach(values, item) free(*item);
	rs_vec_done(values);
}

/* One string, or one whole number, checked. */
static int add_value(const struct rs_config_key *key, const struct rs_json_value *value,
		     struct values *values, struct rs_error *err)
{
	_cleanup_(rs_cleanup_free) char *text = NULL;
	int r;

	if (value->type == RS_JSON_STRING && strlen(value->str) == value->len) {
		text = strdup(value->str);
	} else if (value->type == RS_JSON_NUMBER && value->number == RS_JSON_U64) {
		if (asprintf(&text, "%" PRIu64, value->u64) < 0)
			text = NULL;
	} else {
		return rs_error_set(err, -EINVAL, "texts and whole numbers are what it takes");
	}
	if (!text)
		return rs_error_set_errno(err, -ENOMEM, "reading the filter");
	r = rs_config_key_check(key, text, err);
	if (!r && rs_vec_push(values, text) < 0)
		r = rs_error_set_errno(err, -ENOMEM, "reading the filter");
	if (!r)
		TAKE_PTR(text);
	return r;
}

/* null, or an empty list, takes the condition away. */
static int set_key(const struct rs_agent *agent, const struct rs_config_key *key,
		   const struct rs_json_value *value, struct rs_agent_options *options,
		   struct rs_error *err)
{
	_cleanup_(values_done) struct values values = { 0 };
	const struct rs_json_value *item = value->type == RS_JSON_ARRAY ? value->child : value;
	int r = 0;

	if (value->type == RS_JSON_NULL)
		item = NULL;
	for (; item && !r; item = value->type == RS_JSON_ARRAY ? item->next : NULL)
		r = add_value(key, item, &values, err);
	if (r < 0)
		return r;
	if (!values.len && !list_of(key, options)) {
		options->kinds = agent->options->kinds;
		return 0;
	}
	return rs_config_key_store(key, (const char *const *)values.items, values.len, options,
				   err);
}

static int unknown_key(const char *name, struct rs_error *err)
{
	const char *near = rs_config_nearest(SECTION, name);

	if (near)
		return rs_error_set(err, -EINVAL, "unknown key \"%.64s\" (did you mean \"%s\"?)",
				    name, near);
	return rs_error_set(err, -EINVAL, "unknown key \"%.64s\"", name);
}

static int set_keys(const struct rs_agent *agent, const struct rs_json_value *set,
		    struct rs_agent_options *options, struct rs_error *err)
{
	if (set->type != RS_JSON_OBJECT)
		return rs_error_set(err, -EINVAL, "\"set\" is a JSON object");
	for (const struct rs_json_value *member = set->child; member; member = member->next) {
		const struct rs_config_key *key = rs_config_key_find(SECTION, member->key);
		int r;

		if (!key)
			return unknown_key(member->key, err);
		if (agent->command && !strcmp(key->name, "pid"))
			return rs_error_set(err, -EINVAL,
					    "this agent watches a command of its own, and its pid");
		r = set_key(agent, key, member, options, err);
		if (r < 0) {
			rs_error_wrap(err, "\"%s\"", key->name);
			return r;
		}
	}
	return 0;
}

static int check_members(const struct rs_json_value *request, struct rs_error *err)
{
	for (const struct rs_json_value *member = request->child; member; member = member->next) {
		if (strcmp(member->key, "command") != 0 && strcmp(member->key, "clear") != 0 &&
		    strcmp(member->key, "set") != 0)
			return rs_error_set(
				err, -EINVAL,
				"\"%.64s\" means nothing here; \"clear\" and \"set\" do",
				member->key);
	}
	return 0;
}

static int change_filter(struct rs_agent *agent, bool clear, const struct rs_json_value *set,
			 struct rs_error *err)
{
	_cleanup_(rs_agent_options_done) struct rs_agent_options options = { 0 };
	int r;

	rs_agent_options_init(&options);
	r = copy_selection(rs_agent_options_now(agent), &options, err);
	if (!r && clear)
		clear_selection(agent, &options);
	if (!r && set)
		r = set_keys(agent, set, &options, err);
	if (!r)
		r = rs_agent_select(agent, &options, err);
	return r;
}

static int run_filter(void *data, const struct rs_json_value *request, struct rs_json *result,
		      struct rs_error *err)
{
	const struct rs_json_value *set = rs_json_member(request, "set");
	const struct rs_json_value *clear = rs_json_member(request, "clear");
	struct rs_agent *agent = data;
	int r;

	r = check_members(request, err);
	if (!r && clear && clear->type != RS_JSON_BOOL)
		r = rs_error_set(err, -EINVAL, "\"clear\" is true or false");
	if (!r && (set || clear))
		r = change_filter(agent, clear && clear->boolean, set, err);
	if (r < 0)
		return r;
	write_filter(result, agent);
	return 0;
}

/* --- the socket --- */

static const struct rs_control_command commands[] = {
	{ "stats", run_stats },
	{ "filter", run_filter },
	{ "containers", rs_agent_run_containers },
	{ NULL, NULL },
};

int rs_agent_open_control(struct rs_agent *agent, bool exclusive, struct rs_error *err)
{
	const struct rs_agent_options *options = agent->options;
	_cleanup_(rs_str_done) struct rs_str path = RS_STR_INIT(0);
	struct rs_control_options wanted = { .commands = commands, .data = agent };
	int r;

	if (options->control ? !strcmp(options->control, RS_CONTROL_NONE) : !exclusive)
		return 0;
	r = rs_control_locate(options->root, options->control, &path);
	if (r < 0)
		return rs_error_set_errno(err, r, "opening the control socket");
	wanted.path = rs_str_cstr(&path);
	r = rs_control_open(agent->loop, &wanted, &agent->control, err);
	if (r < 0 && err && !err->hint[0])
		rs_error_hint(err, "--control moves it, --control none does without");
	return r;
}
