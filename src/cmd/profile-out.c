/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/profile-out.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/term.h"
#include "profile/profile-read.h"

#define FIELD(name) offsetof(struct rs_profile_out_options, name)

const struct rs_opt rs_profile_out_opts[] = {
	RS_OPT_ROW('o', "output", "FORMAT", RS_OPT_STRING, FIELD(format),
		   "table, folded, html, svg, pprof, speedscope, json or none",
		   .default_text = "as the file is called, else table", .group = "Output"),
	RS_OPT_ROW('w', "write", "FILE", RS_OPT_STRING, FIELD(file),
		   "write to this file: x.html is a flame graph, x.pb.gz is for pprof"),
	RS_OPT_ROW(0, "diff", "OLD", RS_OPT_STRING, FIELD(diff),
		   "show what is different from this profile, of any of these formats but table"),
	RS_OPT_ROW(0, "icicle", NULL, RS_OPT_FLAG, FIELD(icicle),
		   "flame graphs grow downwards at first"),
	RS_OPT_ROW(0, "top", "N", RS_OPT_U32, FIELD(top), "tables have this many rows",
		   .default_text = "20"),
	RS_OPT_END,
};

static bool to_stdout(const struct rs_profile_out_options *options)
{
	return !options->file || !strcmp(options->file, "-");
}

static int choose_format(const struct rs_profile_out_options *options,
			 enum rs_profile_format *ret_format, struct rs_error *err)
{
	*ret_format = RS_PROFILE_TABLE;
	if (options->format) {
		if (rs_profile_format_parse(options->format, ret_format))
			return 0;
		rs_error_set(err, -EINVAL, "-o %s: there is no such format", options->format);
		rs_error_hint(err, "table, folded, html, svg, pprof, speedscope, json or none");
		return -EINVAL;
	}
	if (to_stdout(options) || rs_profile_format_of_file(options->file, ret_format))
		return 0;
	rs_error_set(err, -EINVAL, "-w %s: its name does not say which format", options->file);
	rs_error_hint(err,
		      "call it x.html, x.svg, x.folded, x.pb.gz, x.speedscope.json, x.json, or "
		      "say -o FORMAT");
	return -EINVAL;
}

/* What nobody wants to see on a terminal. */
static int check_terminal(const struct rs_profile_out_options *options,
			  enum rs_profile_format format, struct rs_error *err)
{
	if (!to_stdout(options) || !rs_term_is_tty(STDOUT_FILENO) ||
	    (format != RS_PROFILE_HTML && format != RS_PROFILE_SVG && format != RS_PROFILE_PPROF))
		return 0;
	rs_error_set(err, -EINVAL, "-o %s: this is nothing for a terminal",
		     rs_profile_format_name(format));
	rs_error_hint(err, "name a file: -w FILE");
	return -EINVAL;
}

/* What is in it stays until there is something to replace it. */
static int open_file(const struct rs_profile_out_options *options, struct rs_profile_out *out,
		     struct rs_error *err)
{
	if (to_stdout(options))
		return 0;
	out->fd = open(options->file, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
	return out->fd < 0 ? rs_error_set_errno(err, -errno, "writing \"%s\"", options->file) : 0;
}

static int read_old(const char *path, struct rs_profile **ret_old, struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT((size_t)RS_PROFILE_FILE_MAX + 1);
	int r = rs_fd_read_file(path, RS_PROFILE_FILE_MAX, &text, err);

	if (r < 0)
		return r;
	r = rs_profile_read(text.data ? text.data : "", text.len, ret_old, err);
	if (r < 0)
		rs_error_wrap(err, "--diff \"%s\"", path);
	return r;
}

int rs_profile_out_open(const struct rs_profile_out_options *options,
			struct rs_profile_out *ret_out, struct rs_error *err)
{
	_cleanup_(rs_profile_out_done) struct rs_profile_out out = { .options = options, .fd = -1 };
	int r = choose_format(options, &out.how.format, err);

	if (!r)
		r = check_terminal(options, out.how.format, err);
	if (!r && options->diff)
		r = read_old(options->diff, &out.old, err);
	if (!r)
		r = open_file(options, &out, err);
	if (r < 0)
		return r;
	out.how.old = out.old;
	out.how.icicle = options->icicle;
	out.how.top = options->top;
	*ret_out = out;
	out.old = NULL;
	out.fd = -1;
	return 0;
}

void rs_profile_out_done(struct rs_profile_out *out)
{
	rs_profile_free(&out->old);
	rs_cleanup_close(&out->fd);
}

bool rs_profile_out_is_shown(const struct rs_profile_out *out)
{
	return out->fd < 0 && out->how.format == RS_PROFILE_TABLE && rs_term_is_tty(STDOUT_FILENO);
}

static int write_file(int fd, const struct rs_str *text)
{
	struct stat st;

	/* No device or pipe is cut. */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && ftruncate(fd, 0) < 0)
		return -errno;
	return rs_fd_write_all(fd, text->data, text->len);
}

int rs_profile_out_write(struct rs_profile_out *out, const struct rs_profile *profile,
			 struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT((size_t)1 << 30);
	const char *where = out->fd < 0 ? "standard output" : out->options->file;
	int fd = out->fd < 0 ? STDOUT_FILENO : out->fd, r;

	if (out->how.format == RS_PROFILE_NONE)
		return 0;
	out->how.width = rs_term_is_tty(fd) ? rs_term_width(fd) : RS_TERM_WIDTH_MAX;
	out->how.color = rs_term_use_color(fd, RS_TERM_COLOR_AUTO);
	r = rs_profile_write(profile, &out->how, &text, err);
	if (r < 0)
		return r;
	r = out->fd < 0 ? rs_fd_write_all(fd, text.data, text.len) : write_file(fd, &text);
	if (r == -EPIPE)
		return 0;
	return r < 0 ? rs_error_set_errno(err, r, "writing \"%s\"", where) : 0;
}
