/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/cmd.h"

#include <errno.h>

#include "base/fd.h"
#include "base/term.h"

int rs_cmd_print(const struct rs_str *text)
{
	struct rs_error err = RS_ERROR_INIT;
	int r = text->error;

	if (!r)
		r = rs_fd_write_all(STDOUT_FILENO, text->data, text->len);
	if (!r || r == -EPIPE)
		return RS_CMD_OK;
	rs_error_set_errno(&err, r, "writing to standard output");
	rs_error_print(&err, NULL);
	return RS_CMD_FAILED;
}

static int print_help(const struct rs_cmd *cmd)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);
	bool color = rs_term_use_color(STDOUT_FILENO, RS_TERM_COLOR_AUTO);

	rs_cmd_help_one(cmd, rs_term_width(STDOUT_FILENO), color, &out);
	return rs_cmd_print(&out);
}

int rs_cmd_parse(const struct rs_cmd *cmd, int argc, char **argv, void *settings,
		 struct rs_opt_args *args)
{
	struct rs_error err = RS_ERROR_INIT;
	int r;

	r = rs_opt_parse(cmd->opts, argc, argv, settings, args, &err);
	if (r == RS_OPT_HELP)
		return print_help(cmd);
	if (r < 0)
		return rs_cmd_misuse(cmd, &err);
	return RS_CMD_GO;
}

int rs_cmd_misuse(const struct rs_cmd *cmd, struct rs_error *err)
{
	if (!err->hint[0])
		rs_error_hint(err, "`ringside %s --help` tells how it is used", cmd->name);
	rs_error_print(err, NULL);
	return RS_CMD_USAGE;
}

int rs_cmd_fail(const struct rs_error *err)
{
	rs_error_print(err, NULL);
	switch (err->code) {
	case -EINVAL:
		return RS_CMD_USAGE;
	case -EPERM:
	case -EACCES:
	case -EOPNOTSUPP:
		return RS_CMD_DENIED;
	default:
		return RS_CMD_FAILED;
	}
}
