/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/actions.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"

/* A record being dealt with. */
struct record {
	struct rs_trace_actions *actions;
	const struct rs_action *action;
	const uint8_t *data;
	size_t size;
};

static struct rs_str *out_of(const struct record *record)
{
	return rs_trace_output_text(record->actions->output);
}

static bool is_json(const struct rs_trace_actions *actions)
{
	return actions->options->format == RS_TRACE_JSON;
}

/* Word i behind the record's head; 0 where the record ends before. */
static uint64_t word(const struct record *record, unsigned i)
{
	size_t at = sizeof(struct rs_record) + i * sizeof(uint64_t);
	uint64_t value = 0;

	if (record->size >= at + sizeof(value))
		memcpy(&value, record->data + at, sizeof(value));
	return value;
}

void rs_trace_warn(const struct rs_trace_options *options, const char *fmt, ...)
{
	_cleanup_(rs_str_done) struct rs_str line = RS_STR_INIT(0);
	va_list ap;

	if (!options->warnings)
		return;
	rs_str_append_cstr(&line, "WARNING: ");
	va_start(ap, fmt);
	rs_str_vappendf(&line, fmt, ap);
	va_end(ap);
	rs_str_append_char(&line, '\n');
	rs_fd_write_all(STDERR_FILENO, line.data, line.len);
}

/* --- text --- */

/* {"type": "printf", "data": "..."} and a newline. */
static void append_json_text(struct rs_str *out, const char *type, const void *text, size_t len)
{
	struct rs_json json;

	rs_json_init(&json, out);
	rs_str_appendf(out, "{\"type\": \"%s\", \"data\": ", type);
	rs_json_string(&json, text, len);
	rs_str_append_cstr(out, "}\n");
}

/* A text as it is, or as the data of a JSON line; newline: behind it where it stands as it is. */
static void put(const struct record *record, const char *type, const struct rs_str *text,
		bool newline)
{
	struct rs_str *out = out_of(record);

	if (is_json(record->actions)) {
		append_json_text(out, type, text->data, text->len);
		return;
	}
	rs_str_append(out, text->data, text->len);
	if (newline)
		rs_str_append_char(out, '\n');
}

/* The record's format with its arguments, in actions->text: for others than a terminal. */
static const struct rs_str *format(const struct record *record)
{
	struct rs_str *text = &record->actions->text;
	struct rs_show *show = record->actions->show;
	bool terminal = show->terminal;

	rs_str_reset(text);
	show->terminal = false;
	rs_show_printf(show, record->action, record->data, record->size, text);
	show->terminal = terminal;
	return text;
}

static int do_printf(const struct record *record)
{
	if (!is_json(record->actions))
		return rs_show_printf(record->actions->show, record->action, record->data,
				      record->size, out_of(record));
	put(record, "printf", format(record), false);
	return 0;
}

/* Where in the script it was written, for those who read JSON. */
static void put_message(const struct record *record, const char *type, const struct rs_str *text)
{
	const struct rs_diags *diags = record->actions->program->diags;
	struct rs_str *out = out_of(record);
	struct rs_json json;
	unsigned line, column;

	rs_json_init(&json, out);
	rs_span_position(diags, record->action->span, &line, &column);
	rs_str_appendf(out, "{\"type\": \"%s\", \"msg\": ", type);
	rs_json_string(&json, text->data, text->len);
	rs_str_append_cstr(out, ", \"filename\": ");
	rs_json_restart(&json);
	rs_json_cstr(&json, diags->sources[0].name);
	rs_str_appendf(out, ", \"line\": %u, \"col\": %u}\n", line, column);
}

static int say(const struct record *record, const char *mark, const char *type)
{
	const struct rs_str *text = format(record);
	_cleanup_(rs_str_done) struct rs_str line = RS_STR_INIT(0);

	if (is_json(record->actions)) {
		put_message(record, type, text);
		return 0;
	}
	rs_span_show(record->actions->program->diags, record->action->span, &line);
	rs_str_append_cstr(&line, mark);
	rs_str_append(&line, text->data, text->len);
	if (!text->len || text->data[text->len - 1] != '\n')
		rs_str_append_char(&line, '\n');
	rs_fd_write_all(STDERR_FILENO, line.data, line.len);
	return 0;
}

static int do_errorf(const struct record *record)
{
	return say(record, ": ERROR: ", "print_error");
}

static int do_warnf(const struct record *record)
{
	return record->actions->options->warnings ? say(record, ": WARNING: ", "warnf") : 0;
}

static int do_debugf(const struct record *record)
{
	return say(record, ": DEBUG: ", "debugf");
}

static int do_time(const struct record *record)
{
	struct rs_str *text = &record->actions->text;

	rs_str_reset(text);
	rs_show_time(rs_clock_real(), record->action->format, text);
	put(record, "time", text, false);
	return 0;
}

/* Up to the first empty one. */
static int do_join(const struct record *record)
{
	const struct rs_action *action = record->action;
	struct rs_str *text = &record->actions->text;

	rs_str_reset(text);
	for (unsigned i = 0; i < action->n_args; i++) {
		const void *data;
		size_t size, len;

		if (!rs_action_argument(&action->args[i], record->data, record->size, &data, &size))
			break;
		len = strnlen(data, size);
		if (!len)
			break;
		if (i)
			rs_str_append_cstr(text, action->separator ? action->separator : " ");
		rs_str_append(text, data, len);
	}
	if (!is_json(record->actions))
		rs_show_tame(record->actions->show, text, 0);
	put(record, "join", text, true);
	return 0;
}

/* --- values and maps --- */

static int do_print_value(const struct record *record)
{
	struct rs_trace_actions *actions = record->actions;
	struct rs_str *out = out_of(record);
	struct rs_json json;

	if (!record->action->n_args)
		return 0;
	if (!is_json(actions)) {
		rs_show_argument(actions->show, record->action, 0, record->data, record->size,
				 false, out);
		return rs_str_append_char(out, '\n');
	}
	rs_str_append_cstr(out, "{\"type\": \"value\", \"data\": ");
	if (record->action->label) {
		rs_json_init(&json, out);
		rs_str_append_char(out, '{');
		rs_json_cstr(&json, record->action->label);
		rs_str_append_cstr(out, ": ");
	}
	rs_show_argument(actions->show, record->action, 0, record->data, record->size, true, out);
	return rs_str_append_cstr(out, record->action->label ? "}}\n" : "}\n");
}

int rs_trace_print_map(struct rs_trace_actions *actions, const struct rs_map *map, uint64_t top,
		       uint64_t div)
{
	_cleanup_(rs_trace_contents_done) struct rs_trace_contents contents = { 0 };
	struct rs_str *out = rs_trace_output_text(actions->output);
	int r;

	r = rs_trace_contents_read(actions->maps, map, &contents);
	if (r < 0) {
		rs_trace_warn(actions->options, "reading the map \"%s\": %s", map->name,
			      strerror(-r));
		return 0;
	}
	return is_json(actions) ? rs_show_map_json(actions->show, &contents.contents, top, div, out)
				: rs_show_map(actions->show, &contents.contents, top, div, out);
}

static int do_print_map(const struct record *record)
{
	return rs_trace_print_map(record->actions, record->action->map, word(record, 0),
				  word(record, 1));
}

static int change_map(const struct record *record, const char *what,
		      int (*change)(const struct rs_trace_maps *, const struct rs_map *))
{
	const struct rs_map *map = record->action->map;
	int r = change(record->actions->maps, map);

	if (r < 0)
		rs_trace_warn(record->actions->options, "%s the map \"%s\": %s", what, map->name,
			      strerror(-r));
	return 0;
}

static int do_clear(const struct record *record)
{
	return change_map(record, "clearing", rs_trace_maps_clear);
}

static int do_zero(const struct record *record)
{
	return change_map(record, "zeroing", rs_trace_maps_zero);
}

/* --- what reaches outside --- */

static int do_exit(const struct record *record)
{
	record->actions->exiting = true;
	record->actions->exit_code = word(record, 0);
	return 0;
}

static _printf_(1, 2) void complain(const char *fmt, ...)
{
	_cleanup_(rs_str_done) struct rs_str line = RS_STR_INIT(0);
	va_list ap;

	rs_str_append_cstr(&line, "ERROR: ");
	va_start(ap, fmt);
	rs_str_vappendf(&line, fmt, ap);
	va_end(ap);
	rs_str_append_char(&line, '\n');
	rs_fd_write_all(STDERR_FILENO, line.data, line.len);
}

static int do_cat(const struct record *record)
{
	const struct rs_program *program = record->actions->program;
	uint64_t most = record->action->number ? record->action->number
					       : program->config.max_cat_bytes;
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	_cleanup_(rs_cleanup_close) int fd = -1;
	const char *path = rs_str_cstr((struct rs_str *)format(record));
	int r;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	r = fd < 0 ? -errno : rs_fd_read_all(fd, most, &text);
	if (r < 0 && r != -EFBIG) {
		complain("failed to open file '%s' (%s)", path, strerror(-r));
		return 0;
	}
	put(record, "cat", &text, false);
	return 0;
}

static int do_system(const struct record *record)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	const char *command = rs_str_cstr((struct rs_str *)format(record));
	int r;

	r = rs_trace_output_flush(
		record->actions->output); /* what the command writes elsewhere comes behind */
	if (r < 0)
		return r;
	r = rs_trace_system(command, &text);
	if (r < 0)
		rs_trace_warn(record->actions->options, "system \"%s\": %s", command, strerror(-r));
	put(record, "syscall", &text, false);
	return 0;
}

/* Shows nothing, ever: it is looked at while it is there. */
static int do_seen(const struct record *record)
{
	const struct rs_show_names *names = record->actions->show->names;

	uint64_t stack = word(record, 2);
	const struct rs_stack_ref ref = { .id = (uint32_t)stack,
					  .map = (uint32_t)(stack >> 32),
					  .pid = (uint32_t)word(record, 0) };

	if (names && names->seen)
		names->seen(names->ctx, word(record, 1), &ref);
	return 0;
}

/* --- rows --- */

static int (*const rows[RS_ACTION_KIND_COUNT])(const struct record *record) = {
	[RS_ACTION_PRINTF] = do_printf,
	[RS_ACTION_ERRORF] = do_errorf,
	[RS_ACTION_WARNF] = do_warnf,
	[RS_ACTION_DEBUGF] = do_debugf,
	[RS_ACTION_PRINT_VALUE] = do_print_value,
	[RS_ACTION_PRINT_MAP] = do_print_map,
	[RS_ACTION_PRINT_MAP_ITEM] = do_print_value,
	[RS_ACTION_CLEAR] = do_clear,
	[RS_ACTION_ZERO] = do_zero,
	[RS_ACTION_EXIT] = do_exit,
	[RS_ACTION_TIME] = do_time,
	[RS_ACTION_JOIN] = do_join,
	[RS_ACTION_CAT] = do_cat,
	[RS_ACTION_SYSTEM] = do_system,
	[RS_ACTION_SEEN] = do_seen,
};

int rs_trace_action(struct rs_trace_actions *actions, const struct rs_action *action,
		    const uint8_t *data, size_t size)
{
	const struct record record = { actions, action, data, size };

	if (actions->exiting)
		return 0;
	if (rows[action->kind])
		rows[action->kind](&record);
	return rs_trace_output_commit(actions->output);
}
