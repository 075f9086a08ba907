/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/flame-data.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "profile/forms.h"

const char *rs_flame_title(const struct rs_profile *profile)
{
	const char *title = rs_profile_options_of(profile)->title;

	return title && *title ? title : "Flame graph";
}

bool rs_flame_by_shares(const struct rs_profile *profile)
{
	const struct rs_profile_options *options = rs_profile_options_of(profile);

	for (size_t i = 0; i < options->n_types; i++) {
		if (strstr(options->types[i].unit, "bytes"))
			return false;
	}
	return true;
}

int rs_flame_change(const struct rs_flame *flame, uint32_t node, size_t value, bool shares)
{
	double now = (double)rs_flame_total(flame, node, 0)[value];
	double old = (double)rs_flame_total(flame, node, RS_FLAME_OLD)[value];
	double whole = (double)rs_flame_total(flame, 0, 0)[value];
	double old_whole = (double)rs_flame_total(flame, 0, RS_FLAME_OLD)[value], ratio;

	if (shares)
		old = old_whole > 0 ? old * whole / old_whole : 0;
	ratio = (now - old) / fmax(fmax(now, old), 1e-9);
	if (fabs(ratio) < 0.02)
		return 0;
	return (int)copysign(ceil(fabs(ratio) * 4), ratio);
}

/* --- text --- */

/* XML has no place for control characters and U+FFFE, U+FFFF, and what moves other text about is not wanted. */
static bool is_said(uint32_t c)
{
	return !rs_utf8_is_unsafe(c) && (c & 0xfffe) != 0xfffe;
}

static void append_character(struct rs_str *out, const char *p, unsigned len)
{
	switch (*p) {
	case '<':
		rs_str_append_cstr(out, "&lt;");
		break;
	case '>':
		rs_str_append_cstr(out, "&gt;");
		break;
	case '&':
		rs_str_append_cstr(out, "&amp;");
		break;
	case '"':
		rs_str_append_cstr(out, "&quot;");
		break;
	case '\'':
		rs_str_append_cstr(out, "&#39;");
		break;
	default:
		rs_str_append(out, p, len);
	}
}

void rs_flame_append_xml(struct rs_str *out, const void *text, size_t n)
{
	const char *p = text, *end = p + n;

	while (p < end) {
		uint32_t c;
		unsigned len = rs_utf8_decode(p, (size_t)(end - p), &c);

		if (len && is_said(c))
			append_character(out, p, len);
		else
			rs_str_append_cstr(out, "\xef\xbf\xbd");
		p += len ? len : 1;
	}
}

/* JSON in which strings alone have these characters: they are written as escapes. */
static void append_json(struct rs_str *out, const char *json, size_t n)
{
	size_t done = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)json[i];
		/* U+FFFE and U+FFFF and their like on the other planes end in these bytes. */
		bool none = c >= 0xbe && i >= 2 && ((unsigned char)json[i - 1] & 0x8f) == 0x8f &&
			    (c == 0xbe || c == 0xbf);
		uint32_t character;
		size_t start = i;

		if (none) {
			while (start > done && ((unsigned char)json[start] & 0xc0) == 0x80)
				start--;
			none = rs_utf8_decode(json + start, i + 1 - start, &character) ==
				       i + 1 - start &&
			       (character & 0xfffe) == 0xfffe;
		}
		if (!none && c != '<' && c != '>' && c != '&')
			continue;
		rs_str_append(out, json + done, (none ? start : i) - done);
		if (none)
			rs_str_append_cstr(out, "\\ufffd");
		else
			rs_str_appendf(out, "\\u%04x", c);
		done = i + 1;
	}
	rs_str_append(out, json + done, n - done);
}

/* --- data --- */

struct modules {
	RS_VEC(const char *) names;
	struct rs_intern index;
};

static bool same_module(const void *things, uint32_t number, const void *key)
{
	return ((const char *const *)things)[number] == key;
}

/* Equal ones are the same pointer, of one of two profiles. -1: none. */
static int64_t module_number(struct modules *modules, const char *name, struct rs_str *out)
{
	uint64_t hash = (uintptr_t)name * 0x9e3779b97f4a7c15ull;
	uint32_t number;

	if (!name)
		return -1;
	hash ^= hash >> 32;
	number = rs_intern_find(&modules->index, hash, same_module, modules->names.items, name);
	if (number != UINT32_MAX)
		return number;
	if (rs_intern_reserve(&modules->index) < 0 || rs_vec_push(&modules->names, name) < 0) {
		out->error = -ENOMEM;
		return -1;
	}
	return rs_intern_add(&modules->index, hash);
}

static void put_place(struct rs_json *w, const struct rs_flame_function *function)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);

	if (function->file)
		rs_str_append_cstr(&text, function->file);
	if (function->file && function->line_first)
		rs_str_appendf(&text, ":%u", function->line_first);
	if (function->file && function->line_last > function->line_first)
		rs_str_appendf(&text, "-%u", function->line_last);
	rs_json_string(w, rs_str_cstr(&text), text.len);
}

static void put_functions(struct rs_json *w, const struct rs_flame *flame)
{
	struct modules modules = { 0 };

	rs_json_key_lit(w, "functions");
	rs_json_begin_array(w);
	rs_vec_foreach(&flame->functions, function)
	{
		rs_json_begin_array(w);
		rs_json_cstr(w, function->function);
		rs_json_i64(w, module_number(&modules, function->module, w->out));
		rs_json_u64(w, function->kind);
		put_place(w, function);
		rs_json_end_array(w);
	}
	rs_json_end_array(w);
	rs_json_key_lit(w, "modules");
	rs_json_begin_array(w);
	for (size_t i = 0; i < modules.names.len; i++)
		rs_json_cstr(w, modules.names.items[i]);
	rs_json_end_array(w);
	rs_vec_done(&modules.names);
	rs_intern_done(&modules.index);
}

/* Of each node: its depth, its function, and what it has of its own of each value, before and now. */
static void put_nodes(struct rs_json *w, const struct rs_flame *flame)
{
	unsigned sides = flame->diff ? 2 : 1;
	uint32_t node = 0;

	rs_json_key_lit(w, "nodes");
	rs_json_begin_array(w);
	do {
		rs_json_u64(w, flame->nodes.items[node].depth);
		rs_json_i64(w, node ? (int64_t)flame->nodes.items[node].function : -1);
		for (unsigned side = 0; side < sides; side++) {
			for (size_t i = 0; i < flame->types; i++)
				rs_json_i64(w, rs_flame_self(flame, node, side)[i]);
		}
		node = rs_flame_next(flame, node);
	} while (node);
	rs_json_end_array(w);
}

static void put_types(struct rs_json *w, const struct rs_profile_options *options)
{
	rs_json_key_lit(w, "types");
	rs_json_begin_array(w);
	for (size_t i = 0; i < options->n_types; i++) {
		rs_json_begin_object(w);
		rs_json_key_lit(w, "name");
		rs_json_cstr(w, options->types[i].name);
		rs_json_key_lit(w, "unit");
		rs_json_cstr(w, options->types[i].unit);
		rs_json_end_object(w);
	}
	rs_json_end_array(w);
}

static void put_notes(struct rs_json *w, const struct rs_flame *flame,
		      const struct rs_profile *profile)
{
	rs_json_key_lit(w, "notes");
	rs_json_begin_array(w);
	for (size_t i = 0; i < rs_profile_notes(profile); i++)
		rs_json_cstr(w, rs_profile_note_at(profile, i));
	if (flame->negative)
		rs_json_cstr(w, "values below 0 are left out");
	rs_json_end_array(w);
}

void rs_flame_append_data(const struct rs_flame *flame, const struct rs_profile *profile,
			  const struct rs_profile_write *how, struct rs_str *out)
{
	const struct rs_profile_options *options = rs_profile_options_of(profile);
	_cleanup_(rs_str_done) struct rs_str json = RS_STR_INIT(out->max);
	struct rs_json w;

	rs_json_init(&w, &json);
	rs_json_begin_object(&w);
	rs_json_key_lit(&w, "title");
	rs_json_cstr(&w, rs_flame_title(profile));
	rs_json_key_lit(&w, "time");
	rs_json_u64(&w, options->time);
	rs_json_key_lit(&w, "duration");
	rs_json_u64(&w, options->duration);
	rs_json_key_lit(&w, "stacks");
	rs_json_u64(&w, rs_profile_samples(profile));
	rs_json_key_lit(&w, "value");
	rs_json_u64(&w, how->value);
	rs_json_key_lit(&w, "icicle");
	rs_json_bool(&w, how->icicle);
	rs_json_key_lit(&w, "diff");
	rs_json_bool(&w, flame->diff);
	rs_json_key_lit(&w, "shares");
	rs_json_bool(&w, rs_flame_by_shares(profile));
	put_types(&w, options);
	put_notes(&w, flame, profile);
	put_functions(&w, flame);
	put_nodes(&w, flame);
	rs_json_end_object(&w);
	if (json.error)
		out->error = json.error;
	else
		append_json(out, rs_str_cstr(&json), json.len);
}
