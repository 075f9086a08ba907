/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside containers`: what runs here now, asked of a running agent, or looked up. */
#include "cmd/containers.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/term.h"
#include "base/vec.h"
#include "cmd/ask.h"
#include "cmd/client.h"
#include "cmd/cmd.h"

#define ROWS_MAX    65536
#define ARENA_BYTES ((size_t)256 << 20)

typedef RS_VEC(const struct rs_json_value *) row_vec;

struct settings {
	struct rs_client client;
	const char *host_root;
	bool all; /* also sandboxes, and those that are gone */
};

static const struct rs_opt containers_opts[] = {
	{ .short_name = 'a',
	  .long_name = "all",
	  .type = RS_OPT_FLAG,
	  .offset = offsetof(struct settings, all),
	  .group = "What to show",
	  .help = "also containers that only hold a pod's namespaces, and those that are gone since a "
		  "minute at most" },
	{ .long_name = "host-root",
	  .metavar = "DIR",
	  .type = RS_OPT_STRING,
	  .offset = offsetof(struct settings, host_root),
	  .help = "without an agent: where the host's files are mounted, /proc among them" },
	RS_OPT_INCLUDE_TABLE(rs_client_opts, offsetof(struct settings, client)),
	RS_OPT_END,
};

static int add_rows(const struct rs_json_value *list, row_vec *rows)
{
	int r = 0;

	if (!list || list->type != RS_JSON_ARRAY)
		return 0;
	for (const struct rs_json_value *row = list->child; row && !r; row = row->next) {
		if (rows->len < ROWS_MAX)
			r = rs_vec_push(rows, row);
	}
	return r;
}

/* The agent tells some hundreds at a time. */
static int ask(const struct settings *settings, struct rs_arena *arena, row_vec *rows,
	       struct rs_error *err)
{
	const struct rs_json_value *result;
	uint64_t from = 0;
	char request[64];
	int r;

	do {
		snprintf(request, sizeof(request),
			 "{\"command\":\"containers\",\"from\":%" PRIu64 "}", from);
		r = rs_client_call(&settings->client, request, arena, &result, err);
		if (!r)
			r = add_rows(rs_json_member(result, "containers"), rows);
		if (r < 0)
			return r;
		from = rs_json_get_u64(result, "next", 0);
	} while (from && rows->len < ROWS_MAX);
	return 0;
}

static int look(const struct settings *settings, struct rs_arena *arena, row_vec *rows,
		struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str lines = RS_STR_INIT(0);
	struct rs_json_value *row;
	int r = rs_containers_look(settings->host_root, &lines, err);

	for (const char *p = lines.data, *end = p + lines.len; !r && p < end;) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((newline ? newline : end) - p);

		r = rs_json_parse(arena, p, n, &row, err);
		if (!r)
			r = rs_vec_push(rows, row);
		p += n + 1;
	}
	return r;
}

static bool is_shown(const struct settings *settings, const struct rs_json_value *row)
{
	return settings->all || (rs_json_get_bool(row, "ringside.running", true) &&
				 !rs_json_get_bool(row, "ringside.sandbox", false));
}

static int format(const struct settings *settings, const row_vec *rows, bool rates,
		  struct rs_str *out)
{
	struct rs_containers_table table = {
		.width = rs_term_is_tty(STDOUT_FILENO) ? rs_term_width(STDOUT_FILENO) : 0,
		.color = rs_term_use_color(STDOUT_FILENO, RS_TERM_COLOR_AUTO),
		.rates = rates,
	};
	int r = 0;

	if (settings->client.output == RS_CLIENT_TABLE)
		return rs_containers_table(&table, rows->items, rows->len, out);
	for (size_t i = 0; i < rows->len && !r; i++)
		r = rs_client_write_json(rows->items[i], out);
	return r;
}

static int show(const struct settings *settings, row_vec *rows, bool rates, struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	size_t kept = 0;
	int r;

	for (size_t i = 0; i < rows->len; i++) {
		if (is_shown(settings, rows->items[i]))
			rows->items[kept++] = rows->items[i];
	}
	rows->len = kept;
	r = format(settings, rows, rates, &text);
	if (r < 0)
		return rs_error_set_errno(err, r, "listing containers");
	if (!kept)
		rs_ask_note("no container runs here");
	return rs_client_print(&text, err);
}

static int run(const struct rs_cmd *cmd, int argc, char **argv)
{
	struct settings settings = { .client.output = RS_CLIENT_TABLE };
	struct rs_arena arena = RS_ARENA_INIT(ARENA_BYTES);
	row_vec rows = { 0 };
	struct rs_error err = RS_ERROR_INIT;
	bool agent = true;
	int r;

	r = rs_cmd_parse(cmd, argc, argv, &settings, NULL);
	if (r != RS_CMD_GO)
		return r;
	r = ask(&settings, &arena, &rows, &err);
	if (r == -ENOENT && !settings.client.control) {
		rs_error_reset(&err);
		agent = false;
		r = look(&settings, &arena, &rows, &err);
	}
	if (!r)
		r = show(&settings, &rows, agent, &err);
	rs_vec_done(&rows);
	rs_arena_done(&arena);
	return r < 0 && r != -EPIPE ? rs_cmd_fail(&err) : RS_CMD_OK;
}

static const struct rs_cmd_example examples[] = {
	{ "ringside containers", "what runs here now, and how busy it is" },
	{ "ringside containers --all -o json", "one JSON object a line" },
	{ NULL, NULL },
};

const struct rs_cmd rs_cmd_containers = {
	.name = "containers",
	.group = "Ask",
	.synopsis = "[OPTION...]",
	.summary = "containers that run here: pod, image, events a second",
	.text = "Asks the running agent. Without one it looks for itself, at the tree of control "
		"groups and at the files of the container runtimes, and knows no rates.",
	.examples = examples,
	.opts = containers_opts,
	.run = run,
};
