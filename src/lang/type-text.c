/* SPDX-License-Identifier: Apache-2.0 */

/* Types as people write them. */

#include <errno.h>
#include <string.h>

#include "lang/type-private.h"

static const char *const kind_names[RS_TYPE_KIND_COUNT] = {
	[RS_TYPE_NONE] = "none",
	[RS_TYPE_UNKNOWN] = "unknown",
	[RS_TYPE_BOOL] = "bool",
	[RS_TYPE_INT] = "int",
	[RS_TYPE_ENUM] = "enum",
	[RS_TYPE_POINTER] = "pointer",
	[RS_TYPE_ARRAY] = "array",
	[RS_TYPE_STRUCT] = "struct",
	[RS_TYPE_STRING] = "string",
	[RS_TYPE_BUFFER] = "buffer",
	[RS_TYPE_TUPLE] = "tuple",
	[RS_TYPE_RECORD] = "record",
	[RS_TYPE_KSYM] = "ksym_t",
	[RS_TYPE_USYM] = "usym_t",
	[RS_TYPE_USERNAME] = "username",
	[RS_TYPE_STRERROR] = "strerror",
	[RS_TYPE_SIGNAL_NAME] = "signal_name",
	[RS_TYPE_SYSCALL_NAME] = "syscall_name",
	[RS_TYPE_PROBE] = "probe",
	[RS_TYPE_TIMESTAMP] = "timestamp",
	[RS_TYPE_CGROUP_PATH] = "cgroup_path_t",
	[RS_TYPE_INET] = "inet",
	[RS_TYPE_MAC] = "mac_address",
	[RS_TYPE_KSTACK] = "kstack",
	[RS_TYPE_USTACK] = "ustack",
	[RS_TYPE_COUNT] = "count_t",
	[RS_TYPE_SUM] = "sum_t",
	[RS_TYPE_AVG] = "avg_t",
	[RS_TYPE_STATS] = "stats_t",
	[RS_TYPE_MIN] = "min_t",
	[RS_TYPE_MAX] = "max_t",
	[RS_TYPE_HIST] = "hist_t",
	[RS_TYPE_LHIST] = "lhist_t",
	[RS_TYPE_TSERIES] = "tseries_t",
};

static void write_type(struct rs_str *out, const struct rs_type *t, unsigned depth);

static void write_named(struct rs_str *out, const struct rs_type *t)
{
	const char *keyword = t->kind == RS_TYPE_ENUM ? "enum" : t->is_union ? "union" : "struct";

	if (t->name && *t->name)
		rs_str_append_cstr(out, t->name);
	else
		rs_str_appendf(out, "%s <anonymous>", keyword);
}

static void write_pointer(struct rs_str *out, const struct rs_type *t, unsigned depth)
{
	const struct rs_type *to = t->element;

	if (!to || to->kind == RS_TYPE_NONE)
		rs_str_append_cstr(out, "void");
	else
		write_type(out, to, depth + 1);
	rs_str_append_cstr(out, to && to->kind == RS_TYPE_POINTER ? "*" : " *");
}

/* Outer dimension first, as C has it. */
static void write_array(struct rs_str *out, const struct rs_type *t, unsigned depth)
{
	const struct rs_type *inner = t;

	while (inner->kind == RS_TYPE_ARRAY && inner->element && depth++ < RS_TYPES_DEPTH)
		inner = inner->element;
	write_type(out, inner->kind == RS_TYPE_ARRAY ? &rs_type_unknown : inner, depth);
	for (; t != inner && t->kind == RS_TYPE_ARRAY; t = t->element)
		rs_str_appendf(out, "[%u]", t->count);
}

static void write_tuple(struct rs_str *out, const struct rs_type *t, unsigned depth)
{
	rs_str_append_char(out, '(');
	for (uint32_t i = 0; i < t->n_fields; i++) {
		if (i)
			rs_str_append_char(out, ',');
		if (t->kind == RS_TYPE_RECORD)
			rs_str_appendf(out, "%s=", t->fields[i].name);
		write_type(out, t->fields[i].type, depth + 1);
	}
	rs_str_append_char(out, ')');
}

static void write_type(struct rs_str *out, const struct rs_type *t, unsigned depth)
{
	if (depth > RS_TYPES_DEPTH) {
		rs_str_append_cstr(out, "...");
		return;
	}
	switch (t->kind) {
	case RS_TYPE_INT:
		if (t->is_char)
			rs_str_append_cstr(out, "char");
		else
			rs_str_appendf(out, "%sint%u", t->is_signed ? "" : "u", t->size * 8);
		break;
	case RS_TYPE_ENUM:
	case RS_TYPE_STRUCT:
		write_named(out, t);
		break;
	case RS_TYPE_POINTER:
		write_pointer(out, t, depth);
		break;
	case RS_TYPE_ARRAY:
		write_array(out, t, depth);
		break;
	case RS_TYPE_STRING:
	case RS_TYPE_BUFFER:
		rs_str_appendf(out, "%s[%u]", kind_names[t->kind], t->size);
		break;
	case RS_TYPE_TUPLE:
	case RS_TYPE_RECORD:
		write_tuple(out, t, depth);
		break;
	default:
		rs_str_append_cstr(out, kind_names[t->kind]);
	}
}

int rs_type_format(const struct rs_type *t, struct rs_str *out)
{
	write_type(out, t, 0);
	return out->error;
}

const char *rs_type_text(struct rs_arena *arena, const struct rs_type *t)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(4096);
	const char *text = NULL;

	/* A type whose text is too long for people is cut. */
	if (rs_type_format(t, &out) != -ENOMEM)
		text = rs_arena_strndup(arena, out.data ? out.data : "", out.len);
	return text ? text : kind_names[t->kind];
}
