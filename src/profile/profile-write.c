/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/profile-write.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "profile/forms.h"

struct form {
	const char *name;
	int (*write)(const struct rs_profile *profile, const struct rs_profile_write *how,
		     struct rs_str *out, struct rs_error *err);
};

static int write_none(const struct rs_profile *profile _unused_,
		      const struct rs_profile_write *how _unused_, struct rs_str *out _unused_,
		      struct rs_error *err _unused_)
{
	return 0;
}

static const struct form forms[RS_PROFILE_FORMAT_COUNT] = {
	[RS_PROFILE_TABLE] = { "table", rs_profile_write_table },
	[RS_PROFILE_FOLDED] = { "folded", rs_profile_write_folded },
	[RS_PROFILE_HTML] = { "html", rs_profile_write_html },
	[RS_PROFILE_SVG] = { "svg", rs_profile_write_svg },
	[RS_PROFILE_PPROF] = { "pprof", rs_profile_write_pprof },
	[RS_PROFILE_SPEEDSCOPE] = { "speedscope", rs_profile_write_speedscope },
	[RS_PROFILE_JSON] = { "json", rs_profile_write_json },
	[RS_PROFILE_NONE] = { "none", write_none },
};

/* Longer ends stand before those they end in. */
static const struct {
	const char *end;
	enum rs_profile_format format;
} ends[] = {
	{ ".html", RS_PROFILE_HTML },     { ".htm", RS_PROFILE_HTML },
	{ ".svg", RS_PROFILE_SVG },       { ".pb.gz", RS_PROFILE_PPROF },
	{ ".pprof", RS_PROFILE_PPROF },   { ".speedscope.json", RS_PROFILE_SPEEDSCOPE },
	{ ".json", RS_PROFILE_JSON },     { ".jsonl", RS_PROFILE_JSON },
	{ ".folded", RS_PROFILE_FOLDED }, { ".collapsed", RS_PROFILE_FOLDED },
	{ ".txt", RS_PROFILE_TABLE },
};

bool rs_profile_format_parse(const char *text, enum rs_profile_format *ret_format)
{
	for (unsigned i = 0; i < RS_PROFILE_FORMAT_COUNT; i++) {
		if (!strcmp(text, forms[i].name)) {
			*ret_format = (enum rs_profile_format)i;
			return true;
		}
	}
	return false;
}

bool rs_profile_format_of_file(const char *path, enum rs_profile_format *ret_format)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		size_t n = strlen(ends[i].end);

		if (len > n && !strcasecmp(path + len - n, ends[i].end)) {
			*ret_format = ends[i].format;
			return true;
		}
	}
	return false;
}

const char *rs_profile_format_name(enum rs_profile_format format)
{
	return forms[format].name;
}

int rs_profile_write(const struct rs_profile *profile, const struct rs_profile_write *how,
		     struct rs_str *out, struct rs_error *err)
{
	const struct form *form = &forms[how->format];
	int r;

	if (how->value >= rs_profile_options_of(profile)->n_types)
		return rs_error_set(err, -EINVAL, "the profile has no value number %zu",
				    how->value + 1);
	r = form->write(profile, how, out, err);
	if (!r && out->error)
		r = rs_error_set_errno(err, out->error, "writing the profile as %s", form->name);
	return r;
}
