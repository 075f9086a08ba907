/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/client.h"

#include <errno.h>

#include "base/fd.h"
#include "base/units.h"

#define TIMEOUT_NS (5 * RS_NSEC_PER_SEC)

static const struct rs_opt_name output_names[] = {
	{ "table", RS_CLIENT_TABLE, "for people" },
	{ "json", RS_CLIENT_JSON, "one JSON object a line" },
	{ NULL, 0, NULL },
};

const struct rs_opt rs_client_opts[] = {
	{ .short_name = 'o',
	  .long_name = "output",
	  .metavar = "FORMAT",
	  .type = RS_OPT_ENUM,
	  .offset = offsetof(struct rs_client, output),
	  .names = output_names,
	  .default_text = "table",
	  .group = "How",
	  .help = "form of the answer" },
	{ .long_name = "root",
	  .metavar = "DIR",
	  .type = RS_OPT_STRING,
	  .offset = offsetof(struct rs_client, root),
	  .help = "look for the agent's socket below DIR, as its --root says" },
	{ .long_name = "control",
	  .metavar = "PATH",
	  .type = RS_OPT_STRING,
	  .offset = offsetof(struct rs_client, control),
	  .help = "the agent's socket (default: /run/ringside/control.sock below --root)" },
	RS_OPT_END,
};

int rs_client_call(const struct rs_client *client, const char *request, struct rs_arena *arena,
		   const struct rs_json_value **ret_result, struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str path = RS_STR_INIT(0);
	int r;

	r = rs_control_locate(client->root, client->control, &path);
	if (r < 0)
		return rs_error_set_errno(err, r, "looking for the agent");
	return rs_control_call(rs_str_cstr(&path), request, TIMEOUT_NS, arena, ret_result, err);
}

/* --- JSON --- */

static void write_number(struct rs_json *w, const struct rs_json_value *v)
{
	if (v->number == RS_JSON_U64)
		rs_json_u64(w, v->u64);
	else if (v->number == RS_JSON_I64)
		rs_json_i64(w, v->i64);
	else
		rs_json_double(w, v->real);
}

static void write_value(struct rs_json *w, const struct rs_json_value *v);

static void write_children(struct rs_json *w, const struct rs_json_value *v)
{
	for (const struct rs_json_value *c = v->child; c; c = c->next) {
		if (v->type == RS_JSON_OBJECT)
			rs_json_key(w, c->key, c->key_len);
		write_value(w, c);
	}
}

/* The parser capped the depth. */
static void write_value(struct rs_json *w, const struct rs_json_value *v)
{
	switch (v->type) {
	case RS_JSON_NULL:
		rs_json_null(w);
		break;
	case RS_JSON_BOOL:
		rs_json_bool(w, v->boolean);
		break;
	case RS_JSON_NUMBER:
		write_number(w, v);
		break;
	case RS_JSON_STRING:
		rs_json_string(w, v->str, v->len);
		break;
	case RS_JSON_ARRAY:
		rs_json_begin_array(w);
		write_children(w, v);
		rs_json_end_array(w);
		break;
	case RS_JSON_OBJECT:
		rs_json_begin_object(w);
		write_children(w, v);
		rs_json_end_object(w);
		break;
	}
}

int rs_client_write_json(const struct rs_json_value *result, struct rs_str *out)
{
	struct rs_json w;

	rs_json_init(&w, out);
	write_value(&w, result);
	return rs_str_append_char(out, '\n');
}

int rs_client_print(const struct rs_str *text, struct rs_error *err)
{
	int r = text->error;

	if (!r)
		r = rs_fd_write_all(STDOUT_FILENO, text->data, text->len);
	if (r < 0 && r != -EPIPE)
		rs_error_set_errno(err, r, "writing to standard output");
	return r;
}
