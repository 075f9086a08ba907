/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/profile-out.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/term.h"
#include "base/units.h"
#include "profile/flame.h"
#include "profile/profile-read.h"

#define OUTPUT_MAX ((size_t)1 << 30)

#define FIELD(name) offsetof(struct rs_profile_out, name)

static const struct rs_opt_name formats[] = {
	{ "table", RS_PROFILE_TABLE + 1, "the top functions and stacks" },
	{ "html", RS_PROFILE_HTML + 1, "an interactive flame graph: one page that needs no other" },
	{ "svg", RS_PROFILE_SVG + 1, "the same as a picture" },
	{ "folded", RS_PROFILE_FOLDED + 1, "text, a stack a line" },
	{ "pprof", RS_PROFILE_PPROF + 1, "for `go tool pprof` and Parca" },
	{ "speedscope", RS_PROFILE_SPEEDSCOPE + 1, "for speedscope.app" },
	{ "json", RS_PROFILE_JSON + 1, "lines of JSON, a stack each" },
	{ "none", RS_PROFILE_NONE + 1, "nothing" },
	{ NULL, 0, NULL },
};

const struct rs_opt rs_profile_out_opts[] = {
	RS_OPT_ROW('o', "output", "FORMAT", RS_OPT_ENUM, FIELD(format), "what to write",
		   .names = formats, .default_text = "as the file of -w is called",
		   .group = "Output"),
	RS_OPT_ROW('w', "write", "FILE", RS_OPT_STRING, FIELD(file),
		   "write to this file: x.html is a flame graph, x.pb.gz is for pprof"),
	RS_OPT_ROW(0, "diff", "OLD", RS_OPT_STRING, FIELD(diff),
		   "show what is different from this profile, of any of these formats but html, "
		   "svg and table: what grew is red, what shrank is blue"),
	RS_OPT_ROW(0, "title", "TEXT", RS_OPT_STRING, FIELD(title), "what stands above it"),
	RS_OPT_ROW(0, "value", "NAME", RS_OPT_STRING, FIELD(value),
		   "show this one of the profile's values, by name or number (from 1)"),
	RS_OPT_ROW(0, "icicle", NULL, RS_OPT_FLAG, FIELD(icicle),
		   "flame graphs grow downwards at first"),
	RS_OPT_ROW(0, "top", "N", RS_OPT_U32, FIELD(top),
		   "tables have this many functions and stacks", .default_text = "20 and 8"),
	RS_OPT_END,
};

static bool to_stdout(const struct rs_profile_out *out)
{
	return !out->file || !strcmp(out->file, "-");
}

enum rs_profile_format rs_profile_out_format(const struct rs_profile_out *out)
{
	return out->format ? (enum rs_profile_format)(out->format - 1) : out->usual;
}

/* What nobody wants to see on a terminal, and what to call it; NULL for the others. */
static const char *end_of(enum rs_profile_format format)
{
	switch (format) {
	case RS_PROFILE_HTML:
		return ".html";
	case RS_PROFILE_SVG:
		return ".svg";
	case RS_PROFILE_PPROF:
		return ".pb.gz";
	case RS_PROFILE_SPEEDSCOPE:
		return ".speedscope.json";
	default:
		return NULL;
	}
}

int rs_profile_out_check(struct rs_profile_out *out, struct rs_error *err)
{
	enum rs_profile_format format = out->usual;

	if (!out->format && !to_stdout(out))
		rs_profile_format_of_file(out->file, &format);
	if (!out->format)
		out->format = format + 1;
	format = rs_profile_out_format(out);
	if (!to_stdout(out) || !end_of(format) || !rs_term_is_tty(STDOUT_FILENO))
		return 0;
	rs_error_set(err, -EINVAL, "%s is nothing for a terminal", rs_profile_format_name(format));
	rs_error_hint(err, "write it to a file (-w profile%s), or have a table (-o table)",
		      end_of(format));
	return -EINVAL;
}

/* --- reading --- */

static int read_bytes(const char *path, struct rs_str *text, struct rs_error *err)
{
	int r;

	if (strcmp(path, "-") != 0)
		return rs_fd_read_file(path, RS_PROFILE_FILE_MAX, text, err);
	r = rs_fd_read_all(STDIN_FILENO, RS_PROFILE_FILE_MAX, text);
	return r < 0 ? rs_error_set_errno(err, r, "reading standard input") : 0;
}

int rs_profile_out_read(const char *path, struct rs_profile **ret_profile, struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT((size_t)RS_PROFILE_FILE_MAX + 1);
	int r = read_bytes(path, &text, err);

	if (r < 0)
		return r;
	r = rs_profile_read(rs_str_cstr(&text), text.len, ret_profile, err);
	if (r < 0)
		rs_error_wrap(err, "reading the profile \"%s\"", path);
	if (r == -EINVAL)
		rs_error_hint(err, "folded stacks, pprof, speedscope, the text of `perf script`, "
				   "and what -o json wrote are understood");
	return r;
}

/* --- writing --- */

static int unknown_value(const char *value, const struct rs_profile_options *have,
			 struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str names = RS_STR_INIT(0);

	for (size_t i = 0; i < have->n_types; i++)
		rs_str_appendf(&names, "%s%s (%zu)", i ? ", " : "", have->types[i].name, i + 1);
	return rs_error_set(err, -EINVAL, "--value %s: there is no such value; there are: %s",
			    value, rs_str_cstr(&names));
}

static int find_value(const char *value, const struct rs_profile_options *have, size_t *ret_value,
		      struct rs_error *err)
{
	uint64_t number;

	for (size_t i = 0; value && i < have->n_types; i++) {
		if (!strcmp(have->types[i].name, value)) {
			*ret_value = i;
			return 0;
		}
	}
	if (!value)
		return 0;
	if (rs_units_parse_u64(value, have->n_types, &number, NULL) < 0 || !number)
		return unknown_value(value, have, err);
	*ret_value = (size_t)number - 1;
	return 0;
}

int rs_profile_out_read_old(struct rs_profile_out *out, struct rs_profile **ret_old,
			    struct rs_error *err)
{
	int r = out->diff ? rs_profile_out_read(out->diff, ret_old, err) : 0;

	if (!r && out->diff)
		out->old = *ret_old;
	return r;
}

int rs_profile_out_check_values(const struct rs_profile_out *out,
				const struct rs_profile_options *have, struct rs_error *err)
{
	size_t value;
	int r = find_value(out->value, have, &value, err);

	if (!r && out->old)
		r = rs_flame_check(have, out->old, err);
	return r;
}

/* A file is replaced as a whole; a pipe or a device is written to. */
static int write_file(const char *path, const struct rs_str *text, struct rs_error *err)
{
	_cleanup_(rs_cleanup_close) int fd = -1;
	struct stat st;
	int r;

	if (stat(path, &st) < 0 || S_ISREG(st.st_mode))
		return rs_fd_replace_file(path, text->data, text->len, 0644, err);
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	r = fd < 0 ? -errno : rs_fd_write_all(fd, text->data, text->len);
	return r < 0 ? rs_error_set_errno(err, r, "writing \"%s\"", path) : 0;
}

static int write_text(const struct rs_profile_out *out, const struct rs_str *text,
		      struct rs_error *err)
{
	int r;

	if (!to_stdout(out))
		return write_file(out->file, text, err);
	r = rs_fd_write_all(STDOUT_FILENO, text->data, text->len);
	return r < 0 ? rs_error_set_errno(err, r, "writing to standard output") : 0;
}

int rs_profile_out_write(const struct rs_profile_out *out, struct rs_profile *profile,
			 struct rs_error *err)
{
	_cleanup_(rs_profile_free) struct rs_profile *old = NULL;
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(OUTPUT_MAX);
	bool tty = to_stdout(out) && rs_term_is_tty(STDOUT_FILENO);
	struct rs_profile_write how = {
		.format = rs_profile_out_format(out),
		.icicle = out->icicle,
		.top = out->top,
		.width = tty ? rs_term_width(STDOUT_FILENO) : RS_TERM_WIDTH_MAX,
		.color = to_stdout(out) && rs_term_use_color(STDOUT_FILENO, RS_TERM_COLOR_AUTO),
	};
	int r = 0;

	if (how.format == RS_PROFILE_NONE)
		return 0;
	if (out->title && rs_profile_set_title(profile, out->title) < 0)
		return rs_error_set_errno(err, -ENOMEM, "naming the profile");
	if (out->diff && !out->old)
		r = rs_profile_out_read(out->diff, &old, err);
	if (!r)
		r = find_value(out->value, rs_profile_options_of(profile), &how.value, err);
	how.old = old ? old : out->old;
	if (!r)
		r = rs_profile_write(profile, &how, &text, err);
	return r < 0 ? r : write_text(out, &text, err);
}
