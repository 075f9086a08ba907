/* SPDX-License-Identifier: Apache-2.0 */
/* JSON of speedscope.app (github.com/jlfwong/speedscope, src/lib/file-format-spec.ts): one profile for each value. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "profile/flame.h"
#include "profile/forms.h"

#define SCHEMA     "https://www.speedscope.app/file-format-schema.json"
#define MEMORY_MAX ((size_t)2 << 30)

/* --- writing --- */

static const char *unit_of(const char *unit)
{
	static const char *const known[] = { "bytes", "nanoseconds", "microseconds", "milliseconds",
					     "seconds" };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!strcmp(unit, known[i]))
			return unit;
	}
	return "none";
}

static void write_frames(struct rs_json *w, const struct rs_flame *flame)
{
	rs_json_key_lit(w, "frames");
	rs_json_begin_array(w);
	rs_vec_foreach(&flame->functions, function)
	{
		const char *file = function->file ? function->file : function->module;

		rs_json_begin_object(w);
		rs_json_key_lit(w, "name");
		rs_json_cstr(w, function->function);
		if (file) {
			rs_json_key_lit(w, "file");
			rs_json_cstr(w, file);
		}
		if (function->line_first) {
			rs_json_key_lit(w, "line");
			rs_json_u64(w, function->line_first);
		}
		rs_json_end_object(w);
	}
	rs_json_end_array(w);
}

static void write_stack(struct rs_json *w, const struct rs_flame *flame, uint32_t node,
			uint32_t *path)
{
	uint32_t n = flame->nodes.items[node].depth;

	for (uint32_t i = n; i; i--) {
		path[i - 1] = flame->nodes.items[node].function;
		node = flame->nodes.items[node].parent;
	}
	rs_json_begin_array(w);
	for (uint32_t i = 0; i < n; i++)
		rs_json_u64(w, path[i]);
	rs_json_end_array(w);
}

static void write_profile(struct rs_json *w, const struct rs_flame *flame,
			  const struct rs_profile_type *type, size_t value)
{
	uint32_t path[RS_PROFILE_DEPTH_MAX], n = (uint32_t)flame->nodes.len;

	rs_json_begin_object(w);
	rs_json_key_lit(w, "type");
	rs_json_cstr(w, "sampled");
	rs_json_key_lit(w, "name");
	rs_json_cstr(w, type->name);
	rs_json_key_lit(w, "unit");
	rs_json_cstr(w, unit_of(type->unit));
	rs_json_key_lit(w, "startValue");
	rs_json_u64(w, 0);
	rs_json_key_lit(w, "endValue");
	rs_json_i64(w, rs_flame_total(flame, 0, 0)[value]);
	rs_json_key_lit(w, "samples");
	rs_json_begin_array(w);
	for (uint32_t node = 0; node < n; node++) {
		if (rs_flame_self(flame, node, 0)[value])
			write_stack(w, flame, node, path);
	}
	rs_json_end_array(w);
	rs_json_key_lit(w, "weights");
	rs_json_begin_array(w);
	for (uint32_t node = 0; node < n; node++) {
		if (rs_flame_self(flame, node, 0)[value])
			rs_json_i64(w, rs_flame_self(flame, node, 0)[value]);
	}
	rs_json_end_array(w);
	rs_json_end_object(w);
}

int rs_profile_write_speedscope(const struct rs_profile *profile,
				const struct rs_profile_write *how, struct rs_str *out,
				struct rs_error *err)
{
	const struct rs_profile_options *options = rs_profile_options_of(profile);
	_cleanup_(rs_flame_free) struct rs_flame *flame = NULL;
	struct rs_json w;
	int r = rs_flame_new(profile, NULL, &flame, err);

	if (r < 0)
		return r;
	rs_json_init(&w, out);
	rs_json_begin_object(&w);
	rs_json_key_lit(&w, "$schema");
	rs_json_cstr(&w, SCHEMA);
	rs_json_key_lit(&w, "exporter");
	rs_json_cstr(&w, "ringside " RS_VERSION);
	rs_json_key_lit(&w, "name");
	rs_json_cstr(&w, options->title ? options->title : "ringside");
	rs_json_key_lit(&w, "activeProfileIndex");
	rs_json_u64(&w, how->value);
	rs_json_key_lit(&w, "shared");
	rs_json_begin_object(&w);
	write_frames(&w, flame);
	rs_json_end_object(&w);
	rs_json_key_lit(&w, "profiles");
	rs_json_begin_array(&w);
	for (size_t i = 0; i < options->n_types; i++)
		write_profile(&w, flame, &options->types[i], i);
	rs_json_end_array(&w);
	rs_json_end_object(&w);
	rs_str_append_char(out, '\n');
	return 0;
}

/* --- reading --- */

struct reader {
	struct rs_arena arena;
	struct rs_error *err;
	struct rs_profile *profile;
	struct rs_profile_stack *stack;
	uint32_t *frames; /* numbers by the file's index */
	size_t n_frames;
	bool values; /* each profile of the file is a value, and not a thread */
	size_t value;
	double scale; /* of the weights: times become nanoseconds, for some write fractions of seconds */
	uint32_t thread; /* the frame of the thread, or UINT32_MAX */
};

static void reader_done(struct reader *rd)
{
	rs_arena_done(&rd->arena);
	rs_profile_free(&rd->profile);
	free(rd->stack);
}

static int bad(struct reader *rd, const char *what)
{
	return rs_error_set(rd->err, -EINVAL, "as a profile of speedscope: %s", what);
}

static int no_memory(struct reader *rd)
{
	return rs_error_set_errno(rd->err, -ENOMEM, "reading a profile of speedscope");
}

/* Not NULL only for what is an array. */
static const struct rs_json_value *array_of(const struct rs_json_value *object, const char *key)
{
	const struct rs_json_value *value = rs_json_member(object, key);

	return value && value->type == RS_JSON_ARRAY ? value : NULL;
}

static double number_of(const struct rs_json_value *value)
{
	return value && value->type == RS_JSON_NUMBER ? value->real : 0;
}

static int64_t round_off(double value)
{
	return value > -9e18 && value < 9e18 ? (int64_t)llround(value)
					     : (value < 0 ? INT64_MIN : INT64_MAX);
}

static int read_frames(struct reader *rd, const struct rs_json_value *frames)
{
	if (!frames)
		return bad(rd, "no \"shared.frames\"");
	rd->frames = rs_arena_alloc_array(&rd->arena, frames->len + 1, sizeof(*rd->frames));
	if (!rd->frames)
		return no_memory(rd);
	for (const struct rs_json_value *value = frames->child; value; value = value->next) {
		double line = number_of(rs_json_member(value, "line"));
		struct rs_frame frame = {
			.function = rs_json_get_str(value, "name", "[unknown]"),
			.file = rs_json_get_str(value, "file", NULL),
			.line = line > 0 && line < UINT32_MAX ? (uint32_t)line : 0,
		};

		frame.kind = rs_frame_kind_guess(frame.function, frame.file);
		if (rs_profile_frame(rd->profile, &frame, &rd->frames[rd->n_frames++]) < 0)
			return no_memory(rd);
	}
	return 0;
}

static int add(struct reader *rd, double weight)
{
	struct rs_profile_sample sample = { 0 };
	int r = 0;

	if (rd->thread != UINT32_MAX)
		r = rs_profile_stack_push_number(rd->stack, rd->profile, rd->thread);
	sample.frames = rd->stack->frames;
	sample.n_frames = rd->stack->n;
	sample.values[rd->value] = round_off(weight * rd->scale);
	return r < 0 || rs_profile_add(rd->profile, &sample) < 0 ? no_memory(rd) : 0;
}

static int frame_index(struct reader *rd, const struct rs_json_value *value, uint32_t *ret_number)
{
	if (!value || value->type != RS_JSON_NUMBER || value->number != RS_JSON_U64 ||
	    value->u64 >= rd->n_frames)
		return bad(rd, "a frame that does not exist");
	*ret_number = rd->frames[value->u64];
	return 0;
}

/* --- stacks with weights --- */

static int read_stack(struct reader *rd, const struct rs_json_value *stack, uint32_t *numbers)
{
	size_t n = 0;

	rs_profile_stack_reset(rd->stack);
	for (const struct rs_json_value *value = stack->child; value; value = value->next) {
		/* Of very deep ones the innermost are kept: a ring. */
		if (frame_index(rd, value, &numbers[n++ % RS_PROFILE_DEPTH_MAX]) < 0)
			return -EINVAL;
	}
	for (size_t i = 0; i < MIN(n, (size_t)RS_PROFILE_DEPTH_MAX); i++) {
		if (rs_profile_stack_push_number(rd->stack, rd->profile,
						 numbers[(n - 1 - i) % RS_PROFILE_DEPTH_MAX]) < 0)
			return no_memory(rd);
	}
	return 0;
}

static int read_sampled(struct reader *rd, const struct rs_json_value *profile)
{
	const struct rs_json_value *samples = array_of(profile, "samples");
	const struct rs_json_value *weights = array_of(profile, "weights");
	const struct rs_json_value *stack, *weight;
	uint32_t numbers[RS_PROFILE_DEPTH_MAX];

	if (!samples || !weights || samples->len != weights->len)
		return bad(rd, "\"samples\" and \"weights\" do not go together");
	for (stack = samples->child, weight = weights->child; stack && weight;
	     stack = stack->next, weight = weight->next) {
		int r = stack->type == RS_JSON_ARRAY ? read_stack(rd, stack, numbers)
						     : bad(rd, "a sample is no list of frames");

		if (!r)
			r = add(rd, number_of(weight));
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- functions that begin and end --- */

struct open_frames {
	uint32_t numbers[RS_PROFILE_DEPTH_MAX]; /* outermost first */
	size_t n;
	double at; /* when the last of them began or ended */
};

static int add_open(struct reader *rd, struct open_frames *open, double at)
{
	double weight = at - open->at;

	open->at = at;
	if (!(weight > 0) || !open->n)
		return 0;
	rs_profile_stack_reset(rd->stack);
	for (size_t i = open->n; i; i--) {
		if (rs_profile_stack_push_number(rd->stack, rd->profile, open->numbers[i - 1]) < 0)
			return no_memory(rd);
	}
	return add(rd, weight);
}

static int read_event(struct reader *rd, const struct rs_json_value *event,
		      struct open_frames *open)
{
	const char *type = rs_json_get_str(event, "type", "");
	uint32_t number = 0;
	int r = frame_index(rd, rs_json_member(event, "frame"), &number);

	if (!r)
		r = add_open(rd, open, number_of(rs_json_member(event, "at")));
	if (r < 0)
		return r;
	if (!strcmp(type, "O")) {
		if (open->n == RS_PROFILE_DEPTH_MAX)
			return bad(rd, "functions are nested too deep");
		open->numbers[open->n++] = number;
	} else if (!strcmp(type, "C") && open->n && open->numbers[open->n - 1] == number) {
		open->n--;
	} else {
		return bad(rd, "a function ends that is not the one that runs");
	}
	return 0;
}

static int read_evented(struct reader *rd, const struct rs_json_value *profile)
{
	const struct rs_json_value *events = array_of(profile, "events");
	struct open_frames open = { .at = number_of(rs_json_member(profile, "startValue")) };
	int r = 0;

	if (!events)
		return bad(rd, "no \"events\"");
	for (const struct rs_json_value *event = events->child; event && !r; event = event->next)
		r = read_event(rd, event, &open);
	return r ? r : add_open(rd, &open, number_of(rs_json_member(profile, "endValue")));
}

/* --- the whole --- */

/* Ours has a profile for each value; others have one for each thread, all of the same unit. */
static bool are_values(const struct rs_json_value *root, const struct rs_json_value *profiles)
{
	const char *exporter = rs_json_get_str(root, "exporter", "");

	return profiles->len <= RS_PROFILE_VALUES_MAX && !strncmp(exporter, "ringside", 8);
}

static double scale_of(const struct rs_json_value *profile)
{
	const char *unit = rs_json_get_str(profile, "unit", "none");

	return !strcmp(unit, "seconds")        ? 1e9
	       : !strcmp(unit, "milliseconds") ? 1e6
	       : !strcmp(unit, "microseconds") ? 1e3
					       : 1;
}

static struct rs_profile_type type_of(const struct rs_json_value *profile, bool named)
{
	const char *unit = rs_json_get_str(profile, "unit", "none");
	bool none = !strcmp(unit, "none");

	if (scale_of(profile) > 1)
		unit = "nanoseconds";

	return (struct rs_profile_type){
		.name = named  ? rs_json_get_str(profile, "name", "samples")
			: none ? "samples"
			       : "time",
		.unit = none ? "count" : unit,
	};
}

static int make(struct reader *rd, const struct rs_json_value *root,
		const struct rs_json_value *profiles)
{
	struct rs_profile_options options = { .title = rs_json_get_str(root, "name", NULL) };

	rd->values = are_values(root, profiles);
	for (const struct rs_json_value *profile = profiles->child; profile;
	     profile = profile->next) {
		options.types[options.n_types++] = type_of(profile, rd->values);
		if (!rd->values)
			break;
	}
	return rs_profile_new(&options, &rd->profile) < 0 ? no_memory(rd) : 0;
}

static int read_one(struct reader *rd, const struct rs_json_value *profile, bool threads)
{
	struct rs_frame thread = { .function = rs_json_get_str(profile, "name", "[thread]"),
				   .kind = RS_FRAME_PROCESS };
	const char *type = rs_json_get_str(profile, "type", "");

	rd->scale = scale_of(profile);
	rd->thread = UINT32_MAX;
	if (threads && rs_profile_frame(rd->profile, &thread, &rd->thread) < 0)
		return no_memory(rd);
	if (!strcmp(type, "sampled"))
		return read_sampled(rd, profile);
	if (!strcmp(type, "evented"))
		return read_evented(rd, profile);
	return bad(rd, "a profile is neither \"sampled\" nor \"evented\"");
}

static int read_root(struct reader *rd, const struct rs_json_value *root)
{
	const struct rs_json_value *profiles = array_of(root, "profiles");
	int r;

	if (!profiles || !profiles->len)
		return bad(rd, "no \"profiles\"");
	r = make(rd, root, profiles);
	if (!r)
		r = read_frames(rd, array_of(rs_json_member(root, "shared"), "frames"));
	for (const struct rs_json_value *profile = profiles->child; profile && !r;
	     profile = profile->next) {
		r = read_one(rd, profile, !rd->values && profiles->len > 1);
		if (rd->values)
			rd->value++;
	}
	return r;
}

int rs_profile_read_speedscope(const char *data, size_t n, struct rs_profile **ret_profile,
			       struct rs_error *err)
{
	_cleanup_(reader_done) struct reader rd = { .arena = RS_ARENA_INIT(MEMORY_MAX),
						    .err = err,
						    .stack = calloc(1, sizeof(*rd.stack)) };
	struct rs_json_value *root;
	int r;

	if (!rd.stack)
		return no_memory(&rd);
	r = rs_json_parse(&rd.arena, data, n, &root, err);
	if (!r)
		r = read_root(&rd, root);
	if (r < 0)
		return r;
	*ret_profile = TAKE_PTR(rd.profile);
	return 0;
}
