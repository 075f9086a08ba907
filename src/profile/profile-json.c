/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own form: lines of JSON. The first says what the profile is, each other is a stack with its values, the
 * outermost frame first:
 *
 *	{"ringside":"profile","title":"...","types":[{"name":"cpu","unit":"nanoseconds"}], ...}
 *	{"values":{"cpu":1500},"labels":{"pid":7},"stack":[{"function":"main","module":"/bin/x","kind":"user"}]}
 */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "profile/forms.h"

#define LINE_MAX ((size_t)64 << 20) /* of memory, while a line is read */

static const char *const kinds[RS_FRAME_KIND_COUNT] = {
	[RS_FRAME_USER] = "user",   [RS_FRAME_KERNEL] = "kernel",   [RS_FRAME_MODULE] = "module",
	[RS_FRAME_JIT] = "jit",     [RS_FRAME_INLINED] = "inlined", [RS_FRAME_PROCESS] = "process",
	[RS_FRAME_OTHER] = "other",
};

const char *rs_frame_kind_name(enum rs_frame_kind kind)
{
	return kinds[kind];
}

bool rs_frame_kind_parse(const char *text, enum rs_frame_kind *ret_kind)
{
	for (unsigned i = 0; i < RS_FRAME_KIND_COUNT; i++) {
		if (!strcmp(text, kinds[i])) {
			*ret_kind = (enum rs_frame_kind)i;
			return true;
		}
	}
	return false;
}

/* --- writing --- */

static void write_type(struct rs_json *w, const struct rs_profile_type *type)
{
	rs_json_begin_object(w);
	rs_json_key_lit(w, "name");
	rs_json_cstr(w, type->name);
	rs_json_key_lit(w, "unit");
	rs_json_cstr(w, type->unit);
	rs_json_end_object(w);
}

static void write_period(struct rs_json *w, const struct rs_profile_options *options)
{
	rs_json_key_lit(w, "period");
	rs_json_i64(w, options->period);
	rs_json_key_lit(w, "period_type");
	write_type(w, &options->period_type);
}

static void write_notes(struct rs_json *w, const struct rs_profile *profile)
{
	rs_json_key_lit(w, "notes");
	rs_json_begin_array(w);
	for (size_t i = 0; i < rs_profile_notes(profile); i++)
		rs_json_cstr(w, rs_profile_note_at(profile, i));
	rs_json_end_array(w);
}

static void write_head(struct rs_json *w, const struct rs_profile *profile)
{
	const struct rs_profile_options *options = rs_profile_options_of(profile);

	rs_json_begin_object(w);
	rs_json_key_lit(w, "ringside");
	rs_json_cstr(w, "profile");
	if (options->title) {
		rs_json_key_lit(w, "title");
		rs_json_cstr(w, options->title);
	}
	rs_json_key_lit(w, "types");
	rs_json_begin_array(w);
	for (size_t i = 0; i < options->n_types; i++)
		write_type(w, &options->types[i]);
	rs_json_end_array(w);
	if (options->time) {
		rs_json_key_lit(w, "time");
		rs_json_time(w, options->time);
		rs_json_key_lit(w, "time_ns");
		rs_json_u64(w, options->time);
	}
	if (options->duration) {
		rs_json_key_lit(w, "duration_ns");
		rs_json_u64(w, options->duration);
	}
	if (options->period_type.name)
		write_period(w, options);
	if (rs_profile_notes(profile))
		write_notes(w, profile);
	rs_json_end_object(w);
	rs_str_append_char(w->out, '\n');
	rs_json_restart(w);
}

static void write_text(struct rs_json *w, const char *key, const char *text)
{
	if (!text)
		return;
	rs_json_key(w, key, strlen(key));
	rs_json_cstr(w, text);
}

static void write_frame(struct rs_json *w, const struct rs_frame *frame)
{
	rs_json_begin_object(w);
	write_text(w, "function", frame->function);
	write_text(w, "system", frame->system);
	write_text(w, "module", frame->module);
	write_text(w, "build_id", frame->build_id);
	write_text(w, "file", frame->file);
	if (frame->line) {
		rs_json_key_lit(w, "line");
		rs_json_u64(w, frame->line);
	}
	write_text(w, "kind", kinds[frame->kind]);
	rs_json_end_object(w);
}

/* An object's names are UTF-8 and each there once; labels may be anything. */
static bool is_key(const struct rs_profile_sample *sample, size_t number, const char *key)
{
	for (size_t i = 0; i < sample->n_labels; i++) {
		if (i != number && (i < number || key != sample->labels[number].key) &&
		    !strcmp(sample->labels[i].key, key))
			return false;
	}
	return rs_utf8_is_valid(key, strlen(key));
}

static void write_key(struct rs_json *w, const struct rs_profile_sample *sample, size_t number)
{
	const char *key = sample->labels[number].key;
	char name[32];

	for (size_t i = number + 1; !is_key(sample, number, key); i += RS_PROFILE_LABELS_MAX) {
		snprintf(name, sizeof(name), "label%zu", i);
		key = name;
	}
	rs_json_key(w, key, strlen(key));
}

static void write_labels(struct rs_json *w, const struct rs_profile_sample *sample)
{
	rs_json_key_lit(w, "labels");
	rs_json_begin_object(w);
	for (size_t i = 0; i < sample->n_labels; i++) {
		const struct rs_profile_label *label = &sample->labels[i];

		write_key(w, sample, i);
		if (label->text)
			rs_json_cstr(w, label->text);
		else
			rs_json_i64(w, label->number);
	}
	rs_json_end_object(w);
}

static void write_sample(struct rs_json *w, const struct rs_profile *profile,
			 const struct rs_profile_sample *sample)
{
	const struct rs_profile_options *options = rs_profile_options_of(profile);

	rs_json_begin_object(w);
	rs_json_key_lit(w, "values");
	rs_json_begin_object(w);
	for (size_t i = 0; i < options->n_types; i++) {
		rs_json_key(w, options->types[i].name, strlen(options->types[i].name));
		rs_json_i64(w, sample->values[i]);
	}
	rs_json_end_object(w);
	if (sample->n_labels)
		write_labels(w, sample);
	rs_json_key_lit(w, "stack");
	rs_json_begin_array(w);
	for (size_t i = sample->n_frames; i; i--)
		write_frame(w, rs_profile_frame_at(profile, sample->frames[i - 1]));
	rs_json_end_array(w);
	rs_json_end_object(w);
	rs_str_append_char(w->out, '\n');
	rs_json_restart(w);
}

/* The same without addresses, so that what differs in these alone is one. */
static int copy_plain(const struct rs_profile *from, struct rs_profile *to)
{
	size_t frames = rs_profile_frames(from), samples = rs_profile_samples(from);
	_cleanup_(rs_cleanup_free) uint32_t *numbers = calloc(frames + 1, sizeof(*numbers));
	_cleanup_(rs_cleanup_free) uint32_t *stack = calloc(RS_PROFILE_DEPTH_MAX, sizeof(*stack));
	int r = numbers && stack ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < frames && !r; i++) {
		struct rs_frame frame = *rs_profile_frame_at(from, i);

		frame.address = 0;
		r = rs_profile_frame(to, &frame, &numbers[i]);
	}
	for (size_t i = 0; i < samples && !r; i++) {
		struct rs_profile_sample sample;

		rs_profile_sample_at(from, i, &sample);
		for (size_t k = 0; k < sample.n_frames; k++)
			stack[k] = numbers[sample.frames[k]];
		sample.frames = stack;
		r = rs_profile_add(to, &sample);
	}
	return r;
}

int rs_profile_write_json(const struct rs_profile *profile,
			  const struct rs_profile_write *how _unused_, struct rs_str *out,
			  struct rs_error *err)
{
	_cleanup_(rs_profile_free) struct rs_profile *plain = NULL;
	struct rs_json w;
	int r = rs_profile_new(rs_profile_options_of(profile), &plain);

	if (!r)
		r = copy_plain(profile, plain);
	if (r < 0)
		return rs_error_set_errno(err, r, "writing the profile as JSON");
	rs_json_init(&w, out);
	write_head(&w, profile);
	for (size_t i = 0; i < rs_profile_samples(plain) && !out->error; i++) {
		struct rs_profile_sample sample;

		rs_profile_sample_at(plain, i, &sample);
		write_sample(&w, plain, &sample);
	}
	return 0;
}

/* --- reading --- */

struct reader {
	struct rs_arena arena; /* of one line */
	struct rs_profile *profile;
	struct rs_profile_stack *stack;
};

static void reader_done(struct reader *rd)
{
	rs_arena_done(&rd->arena);
	rs_profile_free(&rd->profile);
	free(rd->stack);
}

static int64_t number_of(const struct rs_json_value *value)
{
	if (!value || value->type != RS_JSON_NUMBER)
		return 0;
	if (value->number == RS_JSON_I64)
		return value->i64;
	if (value->number == RS_JSON_U64)
		return value->u64 > INT64_MAX ? INT64_MAX : (int64_t)value->u64;
	if (value->real > -9e18 && value->real < 9e18)
		return (int64_t)value->real;
	return value->real < 0 ? INT64_MIN : INT64_MAX;
}

static struct rs_profile_type read_type(const struct rs_json_value *value)
{
	return (struct rs_profile_type){ rs_json_get_str(value, "name", NULL),
					 rs_json_get_str(value, "unit", NULL) };
}

static int read_head(struct reader *rd, const struct rs_json_value *head, struct rs_error *err)
{
	struct rs_profile_options options = { .title = rs_json_get_str(head, "title", NULL) };
	const struct rs_json_value *types = rs_json_member(head, "types");
	const struct rs_json_value *notes = rs_json_member(head, "notes");
	int r;

	if (!types || types->type != RS_JSON_ARRAY || !types->len)
		return rs_error_set(err, -EINVAL, "it does not say what it counts (\"types\")");
	for (const struct rs_json_value *type = types->child;
	     type && options.n_types < RS_PROFILE_VALUES_MAX; type = type->next)
		options.types[options.n_types++] = read_type(type);
	options.time = (uint64_t)number_of(rs_json_member(head, "time_ns"));
	options.duration = (uint64_t)number_of(rs_json_member(head, "duration_ns"));
	options.period = number_of(rs_json_member(head, "period"));
	options.period_type = read_type(rs_json_member(head, "period_type"));
	r = rs_profile_new(&options, &rd->profile);
	if (notes && notes->type == RS_JSON_ARRAY) {
		for (const struct rs_json_value *note = notes->child; note && !r; note = note->next)
			if (note->type == RS_JSON_STRING)
				r = rs_profile_note(rd->profile, note->str);
	}
	return r < 0 ? rs_error_set_errno(err, r, "reading the profile") : 0;
}

static int read_frame(struct reader *rd, const struct rs_json_value *value)
{
	struct rs_frame frame = {
		.function = rs_json_get_str(value, "function", NULL),
		.system = rs_json_get_str(value, "system", NULL),
		.module = rs_json_get_str(value, "module", NULL),
		.build_id = rs_json_get_str(value, "build_id", NULL),
		.file = rs_json_get_str(value, "file", NULL),
	};
	const char *kind = rs_json_get_str(value, "kind", NULL);
	int64_t line = number_of(rs_json_member(value, "line"));

	if (value->type == RS_JSON_STRING) /* names alone will do */
		frame.function = value->str;
	if (!frame.function || !*frame.function)
		frame.function = "[unknown]";
	if (!kind || !rs_frame_kind_parse(kind, &frame.kind))
		frame.kind = rs_frame_kind_guess(frame.function, frame.module);
	frame.line = line > 0 && line <= UINT32_MAX ? (uint32_t)line : 0;
	return rs_profile_stack_push(rd->stack, rd->profile, &frame);
}

/* They are written outermost first. */
static int read_stack(struct reader *rd, const struct rs_json_value *stack)
{
	const struct rs_json_value **frames;
	size_t n = stack && stack->type == RS_JSON_ARRAY ? stack->len : 0, i = 0;
	int r = 0;

	rs_profile_stack_reset(rd->stack);
	if (!n)
		return 0;
	frames = rs_arena_alloc_array(&rd->arena, n, sizeof(*frames));
	if (!frames)
		return -ENOMEM;
	for (const struct rs_json_value *frame = stack->child; frame; frame = frame->next)
		frames[i++] = frame;
	while (i && !r)
		r = read_frame(rd, frames[--i]);
	return r;
}

static void read_labels(const struct rs_json_value *labels, struct rs_profile_sample *sample,
			struct rs_profile_label *out)
{
	if (!labels || labels->type != RS_JSON_OBJECT)
		return;
	for (const struct rs_json_value *label = labels->child;
	     label && sample->n_labels < RS_PROFILE_LABELS_MAX; label = label->next)
		out[sample->n_labels++] = (struct rs_profile_label){
			.key = label->key,
			.text = label->type == RS_JSON_STRING ? label->str : NULL,
			.number = number_of(label),
		};
}

static int read_sample(struct reader *rd, const struct rs_json_value *line, struct rs_error *err)
{
	const struct rs_profile_options *options = rs_profile_options_of(rd->profile);
	const struct rs_json_value *values = rs_json_member(line, "values");
	struct rs_profile_label labels[RS_PROFILE_LABELS_MAX];
	struct rs_profile_sample sample = { .labels = labels };
	int r;

	if (!values)
		return rs_error_set(err, -EINVAL, "no \"values\"");
	for (size_t i = 0; i < options->n_types; i++)
		sample.values[i] = number_of(rs_json_member(values, options->types[i].name));
	read_labels(rs_json_member(line, "labels"), &sample, labels);
	r = read_stack(rd, rs_json_member(line, "stack"));
	if (!r) {
		sample.frames = rd->stack->frames;
		sample.n_frames = rd->stack->n;
		r = rs_profile_add(rd->profile, &sample);
	}
	return r < 0 ? rs_error_set_errno(err, r, "keeping the stack") : 0;
}

static int read_line(struct reader *rd, const char *text, size_t n, struct rs_error *err)
{
	struct rs_json_value *line;
	int r;

	rs_arena_done(&rd->arena);
	rs_arena_init(&rd->arena, LINE_MAX);
	r = rs_json_parse(&rd->arena, text, n, &line, err);
	if (r < 0)
		return r;
	return rd->profile ? read_sample(rd, line, err) : read_head(rd, line, err);
}

int rs_profile_read_json(const char *data, size_t n, struct rs_profile **ret_profile,
			 struct rs_error *err)
{
	_cleanup_(reader_done) struct reader rd = { .stack = calloc(1, sizeof(*rd.stack)) };
	const char *line;
	size_t len, number = 0;

	if (!rd.stack)
		return rs_error_set_errno(err, -ENOMEM, "reading the profile");
	while (rs_profile_line(&data, &n, &line, &len)) {
		struct rs_error why = RS_ERROR_INIT;
		int r = len ? read_line(&rd, line, len, &why) : 0;

		number++;
		if (r < 0)
			return rs_error_set(err, r, "line %zu: %s", number, why.msg);
	}
	if (!rd.profile)
		return rs_error_set(err, -EINVAL, "there is nothing in it");
	*ret_profile = TAKE_PTR(rd.profile);
	return 0;
}
