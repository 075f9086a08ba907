/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the subcommand and calls it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "base/term.h"
#include "cmd/cmd.h"

static int print_list(void)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);
	bool color = rs_term_use_color(STDOUT_FILENO, RS_TERM_COLOR_AUTO);

	rs_cmd_help_list(rs_term_width(STDOUT_FILENO), color, &out);
	return rs_cmd_print(&out);
}

static int print_version(void)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);

	rs_str_append_cstr(&text, "ringside " RS_VERSION "\n");
	return rs_cmd_print(&text);
}

static int unknown(const char *name)
{
	struct rs_error err = RS_ERROR_INIT;
	const char *near = rs_cmd_nearest(name);

	rs_error_set(&err, -EINVAL, "there is no %s \"%s\"", *name == '-' ? "option" : "command",
		     name);
	if (near)
		rs_error_hint(&err, "did you mean \"%s\"?", near);
	else
		rs_error_hint(&err, "`ringside help` lists the commands");
	return rs_cmd_fail(&err);
}

/*
 * A standard descriptor that was closed would be given to the first file that we open, and our output
 * or messages would go there. Something takes its place on which reading or writing fails as before;
 * a command that we start has it closed again.
 */
static int keep_standard_fds(void)
{
	static const int modes[] = { O_WRONLY, O_RDONLY, O_RDONLY };

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd] | O_CLOEXEC) != fd)
			return -errno;
	}
	return 0;
}

static bool is_called(const char *path, const char *name)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return path && !strcmp(slash ? slash + 1 : path, name);
}

int main(int argc, char **argv)
{
	const struct rs_cmd *cmd;

	if (keep_standard_fds() < 0)
		return RS_CMD_FAILED; /* and nowhere to say why */
	/* A reader that goes away shows as -EPIPE where we write. */
	signal(SIGPIPE, SIG_IGN);
	if (is_called(argv[0], "bpftrace"))
		return rs_cmd_bpftrace.run(&rs_cmd_bpftrace, argc, argv);
	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return print_list();
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
		return print_version();
	cmd = rs_cmd_find(argv[1]);
	if (!cmd)
		return unknown(argv[1]);
	return cmd->run(cmd, argc - 1, argv + 1);
}
