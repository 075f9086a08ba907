/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/view.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#define ROWS_DEFAULT 40
#define ROWS_MIN     10

#define OFFSET_STEP_NS 10000000 /* smaller changes of the real clock are not followed */

struct rs_view {
	enum rs_agent_output output;
	struct rs_view_target target;
	struct rs_event_json *json;
	struct rs_event_table table;
	const char **env; /* ended by NULL; the strings are the options' */
	unsigned page;    /* rows between headers; 0: one header only */
	unsigned row;     /* rows since the last header */
	bool headed;
};

static unsigned terminal_rows(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) < 0 || !size.ws_row)
		return ROWS_DEFAULT;
	return MAX(size.ws_row, ROWS_MIN);
}

static int copy_env(struct rs_view *view, const struct rs_opt_list *names)
{
	view->env = calloc(names->len + 1, sizeof(*view->env));
	if (!view->env)
		return -ENOMEM;
	for (size_t i = 0; i < names->len; i++)
		view->env[i] = names->items[i];
	return 0;
}

int rs_view_new(const struct rs_agent_options *options, const struct rs_view_target *target,
		const struct rs_event_host *host, struct rs_view **ret_view, struct rs_error *err)
{
	_cleanup_(rs_view_free) struct rs_view *view = NULL;
	int r = 0;

	view = calloc(1, sizeof(*view));
	if (!view || copy_env(view, &options->env) < 0)
		return rs_error_set_errno(err, -ENOMEM, "making the view ready");
	view->target = *target;
	view->output = options->output;
	if (view->output == RS_AGENT_OUTPUT_AUTO)
		view->output = target->terminal ? RS_AGENT_OUTPUT_TABLE : RS_AGENT_OUTPUT_JSON;
	view->table.boot_offset = host->boot_offset;
	view->table.color = rs_term_use_color(target->fd, options->color);
	rs_view_resize(view);
	if (view->output == RS_AGENT_OUTPUT_JSON)
		r = rs_event_json_new(host, view->env, &view->json);
	if (r < 0)
		return rs_error_set_errno(err, r, "making the view ready");
	*ret_view = TAKE_PTR(view);
	return 0;
}

void rs_view_free(struct rs_view **view)
{
	if (!*view)
		return;
	rs_event_json_free(&(*view)->json);
	rs_event_table_done(&(*view)->table);
	free((*view)->env);
	free(*view);
	*view = NULL;
}

enum rs_agent_output rs_view_output(const struct rs_view *view)
{
	return view->output;
}

static int append_row(struct rs_view *view, const struct rs_event *event, struct rs_str *out)
{
	if (!view->headed || (view->page && view->row >= view->page)) {
		rs_event_table_header(&view->table, out);
		view->headed = true;
		view->row = 0;
	}
	view->row++;
	return rs_event_table_row(&view->table, event, out);
}

int rs_view_append(struct rs_view *view, const struct rs_event *event, struct rs_str *out)
{
	switch (view->output) {
	case RS_AGENT_OUTPUT_TABLE:
		return append_row(view, event, out);
	case RS_AGENT_OUTPUT_JSON:
		return rs_event_json_write(view->json, event, out);
	case RS_AGENT_OUTPUT_AUTO:
	case RS_AGENT_OUTPUT_NONE:
		break;
	}
	return 0;
}

void rs_view_resize(struct rs_view *view)
{
	if (!view->target.terminal)
		return;
	view->table.width = rs_term_width(view->target.fd);
	view->page = terminal_rows(view->target.fd) - 2;
	view->headed = false;
}

/* Both clocks are read one after the other, and time is corrected all the while in small steps:
 * following each would make times of neighbours go back and forth. */
int64_t rs_view_set_boot_offset(struct rs_view *view, int64_t boot_offset)
{
	if (llabs(boot_offset - view->table.boot_offset) <= OFFSET_STEP_NS)
		return view->table.boot_offset;
	view->table.boot_offset = boot_offset;
	if (view->json)
		rs_event_json_set_boot_offset(view->json, boot_offset);
	return boot_offset;
}
