/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside flame`: a profile from a file, ours or another's, as a flame graph or in another form. */
#include <errno.h>

#include "base/term.h"
#include "cmd/cmd.h"
#include "cmd/profile-out.h"

/* Without a file: what is piped in. */
static int choose_file(const struct rs_opt_args *args, const char **ret_path, struct rs_error *err)
{
	if (args->len > 1)
		return rs_error_set(err, -EINVAL, "one file only, \"%s\" is a second one",
				    args->items[1]);
	*ret_path = args->len ? args->items[0] : "-";
	if (!args->len && rs_term_is_tty(STDIN_FILENO))
		return rs_error_set(err, -EINVAL, "which file?");
	return 0;
}

static int show(const struct rs_profile_out *out, const char *path)
{
	_cleanup_(rs_profile_free) struct rs_profile *profile = NULL;
	struct rs_error err = RS_ERROR_INIT;
	int r = rs_profile_out_read(path, &profile, &err);

	if (!r)
		r = rs_profile_out_write(out, profile, &err);
	if (!r || r == -EPIPE)
		return RS_CMD_OK;
	rs_error_print(&err, NULL);
	return RS_CMD_FAILED;
}

static int run(const struct rs_cmd *cmd, int argc, char **argv)
{
	struct rs_profile_out out = { .usual = RS_PROFILE_HTML };
	struct rs_opt_args args = { 0 };
	struct rs_error err = RS_ERROR_INIT;
	const char *path = NULL;
	int code = rs_cmd_parse(cmd, argc, argv, &out, &args);

	if (code == RS_CMD_GO) {
		int r = choose_file(&args, &path, &err);

		if (!r)
			r = rs_profile_out_check(&out, &err);
		code = r < 0 ? rs_cmd_misuse(cmd, &err) : show(&out, path);
	}
	rs_opt_args_done(&args);
	return code;
}

static const struct rs_cmd_example examples[] = {
	{ "ringside flame -w cpu.html cpu.pb.gz", "what pprof wrote, as a page" },
	{ "perf script | ringside flame -w perf.svg", "what perf recorded, as a picture" },
	{ "ringside flame --diff before.folded -w diff.html after.folded",
	  "what grew and what shrank" },
	{ "ringside flame -o table heap.pb.gz", "the top functions and stacks" },
	{ NULL, NULL },
};

const struct rs_cmd rs_cmd_flame = {
	.name = "flame",
	.group = "Time and memory",
	.synopsis = "[OPTION...] [FILE]",
	.summary = "draw a profile as a flame graph, or write it in another form",
	.text = "Reads folded stacks, pprof (packed or not), speedscope's JSON, the text of `perf "
		"script`, and what the commands of this group write with -o json; what it is, is "
		"seen from what is in it. \"-\", or nothing, is standard input.\n"
		"\n"
		"The flame graph is one page with everything in it: search by regular expressions, "
		"click to zoom and Escape to come back, arrow keys to walk, \"?\" for all keys.",
	.examples = examples,
	.opts = rs_profile_out_opts,
	.run = run,
};
