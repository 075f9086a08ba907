/* SPDX-License-Identifier: Apache-2.0 */
/* Places as text, and on their way to whoever asked for them. */
#include <inttypes.h>

#include "probe/kind.h"

static void append_kernel(const struct rs_attach_point *point, struct rs_str *out)
{
	if (point->target[0])
		rs_str_appendf(out, ":%s", point->target);
}

/* The function or the address, and the offset. */
static void append_function(const struct rs_attach_point *point, struct rs_str *out)
{
	if (point->has_address)
		rs_str_appendf(out, ":0x%" PRIx64, point->address);
	else
		rs_str_appendf(out, ":%s", point->name);
	if (point->offset)
		rs_str_appendf(out, "+%" PRIu64, point->offset);
}

static void format_bare(const struct rs_attach_point *point, struct rs_str *out)
{
	(void)point;
	(void)out;
}

static void format_names(const struct rs_attach_point *point, struct rs_str *out)
{
	append_kernel(point, out);
	rs_str_appendf(out, ":%s", point->name);
}

static void format_kernel(const struct rs_attach_point *point, struct rs_str *out)
{
	append_kernel(point, out);
	append_function(point, out);
}

static void format_user(const struct rs_attach_point *point, struct rs_str *out)
{
	rs_str_appendf(out, ":%s", point->target);
	if (point->lang[0])
		rs_str_appendf(out, ":%s", point->lang);
	append_function(point, out);
}

static void format_usdt(const struct rs_attach_point *point, struct rs_str *out)
{
	rs_str_appendf(out, ":%s", point->target);
	if (point->space[0])
		rs_str_appendf(out, ":%s", point->space);
	rs_str_appendf(out, ":%s", point->name);
}

static void format_timer(const struct rs_attach_point *point, struct rs_str *out)
{
	rs_str_appendf(out, ":%s:%" PRIu64, point->target, point->value);
}

static void format_counter(const struct rs_attach_point *point, struct rs_str *out)
{
	rs_str_appendf(out, ":%s", point->name);
	if (point->value)
		rs_str_appendf(out, ":%" PRIu64, point->value);
}

static void format_watchpoint(const struct rs_attach_point *point, struct rs_str *out)
{
	rs_str_appendf(out, ":0x%" PRIx64 ":%" PRIu64 ":%s", point->address, point->value,
		       point->name);
}

static void format_iter(const struct rs_attach_point *point, struct rs_str *out)
{
	rs_str_appendf(out, ":%s", point->name);
	if (point->target[0])
		rs_str_appendf(out, ":%s", point->target);
}

static void format_self(const struct rs_attach_point *point, struct rs_str *out)
{
	rs_str_appendf(out, ":signal:%s", point->name);
}

static void (*const formats[])(const struct rs_attach_point *, struct rs_str *) = {
	[RS_PROVIDER_BEGIN] = format_bare,       [RS_PROVIDER_END] = format_bare,
	[RS_PROVIDER_TRACEPOINT] = format_names, [RS_PROVIDER_RAWTRACEPOINT] = format_names,
	[RS_PROVIDER_KPROBE] = format_kernel,    [RS_PROVIDER_KRETPROBE] = format_kernel,
	[RS_PROVIDER_FENTRY] = format_kernel,    [RS_PROVIDER_FEXIT] = format_kernel,
	[RS_PROVIDER_UPROBE] = format_user,      [RS_PROVIDER_URETPROBE] = format_user,
	[RS_PROVIDER_USDT] = format_usdt,        [RS_PROVIDER_PROFILE] = format_timer,
	[RS_PROVIDER_INTERVAL] = format_timer,   [RS_PROVIDER_SOFTWARE] = format_counter,
	[RS_PROVIDER_HARDWARE] = format_counter, [RS_PROVIDER_WATCHPOINT] = format_watchpoint,
	[RS_PROVIDER_ITER] = format_iter,        [RS_PROVIDER_SELF] = format_self,
};
_Static_assert(ARRAY_SIZE(formats) == RS_PROVIDER_COUNT, "formats");

int rs_point_format(const struct rs_attach_point *point, struct rs_str *out)
{
	rs_str_append_cstr(out, rs_provider_table[point->provider].name);
	formats[point->provider](point, out);
	return out->error;
}

static const char *copy(struct rs_arena *arena, const char *text)
{
	return !text || !*text ? "" : rs_arena_strdup(arena, text);
}

int rs_emit_place(struct rs_emit *emit, const struct rs_place *place)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(1 << 16);
	struct rs_place *own = rs_arena_new(emit->arena, struct rs_place);
	struct rs_attach_point *point;

	if (!own)
		return -ENOMEM;
	*own = *place;
	point = &own->point;
	point->has_wildcard = false;
	point->target = copy(emit->arena, point->target);
	point->space = copy(emit->arena, point->space);
	point->name = copy(emit->arena, point->name);
	point->lang = copy(emit->arena, point->lang);
	if (own->usdt_args)
		own->usdt_args = copy(emit->arena, own->usdt_args);
	if (!point->target || !point->space || !point->name || !point->lang ||
	    rs_point_format(point, &text) < 0)
		return -ENOMEM;
	point->text = rs_arena_strndup(emit->arena, text.data, text.len);
	if (!point->text)
		return -ENOMEM;
	emit->n++;
	return emit->fn(own, emit->data);
}

static int text_of(const struct rs_attach_point *point, struct rs_str *text)
{
	if (point->text && point->text[0])
		return rs_str_append_cstr(text, point->text);
	return rs_point_format(point, text);
}

int rs_point_refuse(const struct rs_attach_point *point, int code, const char *why,
		    struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(512);

	text_of(point, &text);
	return rs_error_set(err, code, "\"%s\": %s", rs_str_cstr(&text), why);
}

int rs_point_missing(const struct rs_attach_point *point, const char *best, struct rs_error *err)
{
	rs_point_refuse(point, -ENOENT,
			point->has_wildcard ? "nothing here matches this pattern"
					    : "there is no such probe here",
			err);
	if (best)
		rs_error_hint(err, "did you mean \"%s:%s\"?",
			      rs_provider_table[point->provider].name, best);
	return -ENOENT;
}
