/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of the message refer to others that may stand anywhere, so it is walked once for each kind of part. Numbers
 * of functions, files and locations are the writer's choice: tables find them.
 */
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/hashmap.h"
#include "base/vec.h"
#include "profile/forms.h"
#include "profile/intern.h"
#include "profile/pprof.h"
#include "profile/protobuf.h"

#define PARTS_MAX     ((size_t)1 << 26) /* of one kind */
#define STRINGS_MAX   ((size_t)1 << 30) /* bytes */
#define FIXED_ADDRESS 0x400000ull       /* where programs begin that cannot be moved */

/* Things that others refer to begin with their number in the file. */
struct mapping {
	uint64_t id;
	uint64_t start, offset;
	const char *file, *build_id;
};

struct function {
	uint64_t id;
	const char *name, *system, *file;
};

struct location {
	uint64_t id;
	size_t start; /* of parts */
	size_t n;
};

struct reader {
	const void *data;
	size_t n;
	struct rs_error *err;
	struct rs_arena arena;
	RS_VEC(const char *) strings;
	RS_VEC(struct mapping) mappings;
	RS_VEC(struct function) functions;
	RS_VEC(struct location) locations;
	RS_VEC(uint32_t) parts; /* numbers of frames */
	struct rs_intern mapping_ids, function_ids, location_ids;
	struct rs_profile_options options;
	unsigned order[RS_PROFILE_VALUES_MAX]; /* which of the file's values is which of ours */
	RS_VEC(struct rs_profile_type) file_types;
	RS_VEC(uint64_t) values;
	struct rs_profile_stack *stack;
	struct rs_profile *profile;
	uint64_t labels_lost;
};

static void reader_done(struct reader *rd)
{
	rs_arena_done(&rd->arena);
	rs_vec_done(&rd->strings);
	rs_vec_done(&rd->mappings);
	rs_vec_done(&rd->functions);
	rs_vec_done(&rd->locations);
	rs_vec_done(&rd->parts);
	rs_vec_done(&rd->file_types);
	rs_vec_done(&rd->values);
	rs_intern_done(&rd->mapping_ids);
	rs_intern_done(&rd->function_ids);
	rs_intern_done(&rd->location_ids);
	rs_profile_free(&rd->profile);
	free(rd->stack);
}

static int bad(struct reader *rd, const char *what)
{
	return rs_error_set(rd->err, -EINVAL, "as a profile of pprof: %s", what);
}

static int no_memory(struct reader *rd)
{
	return rs_error_set_errno(rd->err, -ENOMEM, "reading a profile of pprof");
}

/* NULL where there is none, also a number out of range. */
static const char *string_at(const struct reader *rd, uint64_t number)
{
	return number && number < rd->strings.len && *rd->strings.items[number]
		       ? rd->strings.items[number]
		       : NULL;
}

/* Calls for each field of this number. */
typedef int (*part_fn)(struct reader *rd, const struct rs_protobuf_field *field);

static int walk(struct reader *rd, unsigned number, part_fn fn)
{
	struct rs_protobuf message;
	struct rs_protobuf_field field;
	int r = 0;

	rs_protobuf_init(&message, rd->data, rd->n);
	while (!r && rs_protobuf_next(&message, &field)) {
		if (field.number == number)
			r = fn(rd, &field);
	}
	return !r && message.bad ? bad(rd, "it is damaged or cut off, or something else") : r;
}

static bool same_mapping(const void *things, uint32_t number, const void *key)
{
	return ((const struct mapping *)things)[number].id == *(const uint64_t *)key;
}

static bool same_function(const void *things, uint32_t number, const void *key)
{
	return ((const struct function *)things)[number].id == *(const uint64_t *)key;
}

static bool same_location(const void *things, uint32_t number, const void *key)
{
	return ((const struct location *)things)[number].id == *(const uint64_t *)key;
}

static const struct mapping *find_mapping(const struct reader *rd, uint64_t id)
{
	uint32_t number = rs_intern_find(&rd->mapping_ids, rs_hash_u64(id), same_mapping,
					 rd->mappings.items, &id);

	return number == UINT32_MAX ? NULL : &rd->mappings.items[number];
}

static const struct function *find_function(const struct reader *rd, uint64_t id)
{
	uint32_t number = rs_intern_find(&rd->function_ids, rs_hash_u64(id), same_function,
					 rd->functions.items, &id);

	return number == UINT32_MAX ? NULL : &rd->functions.items[number];
}

static const struct location *find_location(const struct reader *rd, uint64_t id)
{
	uint32_t number = rs_intern_find(&rd->location_ids, rs_hash_u64(id), same_location,
					 rd->locations.items, &id);

	return number == UINT32_MAX ? NULL : &rd->locations.items[number];
}

/* The thing that was just put at the end of its table can be found from now on. */
static int put_id(struct reader *rd, struct rs_intern *ids, uint64_t id)
{
	if (rs_intern_reserve(ids) < 0)
		return no_memory(rd);
	rs_intern_add(ids, rs_hash_u64(id));
	return 0;
}

/* --- the tables --- */

static int read_string(struct reader *rd, const struct rs_protobuf_field *field)
{
	char *copy;

	if (field->wire != RS_PROTOBUF_BYTES)
		return bad(rd, "a string is a number");
	copy = rs_arena_strndup(&rd->arena, field->n ? (const char *)field->data : "", field->n);
	return !copy || rs_vec_push(&rd->strings, copy) < 0 ? no_memory(rd) : 0;
}

static int read_mapping(struct reader *rd, const struct rs_protobuf_field *part)
{
	struct rs_protobuf message;
	struct rs_protobuf_field field;
	struct mapping mapping = { 0 };

	rs_protobuf_init(&message, part->data, part->n);
	while (rs_protobuf_next(&message, &field)) {
		if (field.number == RS_PPROF_MAPPING_ID)
			mapping.id = field.value;
		else if (field.number == RS_PPROF_MAPPING_START)
			mapping.start = field.value;
		else if (field.number == RS_PPROF_MAPPING_OFFSET)
			mapping.offset = field.value;
		else if (field.number == RS_PPROF_MAPPING_FILENAME)
			mapping.file = string_at(rd, field.value);
		else if (field.number == RS_PPROF_MAPPING_BUILD_ID)
			mapping.build_id = string_at(rd, field.value);
	}
	if (message.bad)
		return bad(rd, "a mapping is damaged");
	if (rs_vec_push(&rd->mappings, mapping) < 0)
		return no_memory(rd);
	return put_id(rd, &rd->mapping_ids, mapping.id);
}

static int read_function(struct reader *rd, const struct rs_protobuf_field *part)
{
	struct rs_protobuf message;
	struct rs_protobuf_field field;
	struct function function = { 0 };

	rs_protobuf_init(&message, part->data, part->n);
	while (rs_protobuf_next(&message, &field)) {
		if (field.number == RS_PPROF_FUNCTION_ID)
			function.id = field.value;
		else if (field.number == RS_PPROF_FUNCTION_NAME)
			function.name = string_at(rd, field.value);
		else if (field.number == RS_PPROF_FUNCTION_SYSTEM_NAME)
			function.system = string_at(rd, field.value);
		else if (field.number == RS_PPROF_FUNCTION_FILENAME)
			function.file = string_at(rd, field.value);
	}
	if (message.bad)
		return bad(rd, "a function is damaged");
	if (!function.name) {
		function.name = function.system;
		function.system = NULL;
	}
	if (function.name && function.system && !strcmp(function.name, function.system))
		function.system = NULL;
	if (rs_vec_push(&rd->functions, function) < 0)
		return no_memory(rd);
	return put_id(rd, &rd->function_ids, function.id);
}

/* --- locations --- */

/* Where it is in the file, whatever it was moved to. */
static uint64_t linked_address(const struct mapping *mapping, uint64_t address)
{
	if (!mapping || address < mapping->start || address >> 63 ||
	    mapping->start == FIXED_ADDRESS)
		return address;
	return address - mapping->start + mapping->offset;
}

/* The files that stand for a kind go again. */
static void set_module(struct rs_frame *frame, const struct mapping *mapping)
{
	frame->kind = RS_FRAME_OTHER;
	if (!mapping || !mapping->file) {
		frame->kind = rs_frame_kind_guess(frame->function, NULL);
		frame->build_id = mapping ? mapping->build_id : NULL;
	} else if (!strcmp(mapping->file, RS_PPROF_FILE_PROCESS)) {
		frame->kind = RS_FRAME_PROCESS;
	} else if (!strcmp(mapping->file, RS_PPROF_FILE_JIT)) {
		frame->kind = RS_FRAME_JIT;
	} else if (strcmp(mapping->file, RS_PPROF_FILE_OTHER) != 0) {
		frame->module = mapping->file;
		frame->build_id = mapping->build_id;
		frame->kind = rs_frame_kind_guess(frame->function, frame->module);
	}
}

static int add_frame(struct reader *rd, const struct mapping *mapping, struct rs_frame *frame)
{
	uint32_t number;

	if (!frame->function)
		frame->function = RS_PPROF_UNKNOWN;
	set_module(frame, mapping);
	if (rd->parts.len >= PARTS_MAX || rs_profile_frame(rd->profile, frame, &number) < 0 ||
	    rs_vec_push(&rd->parts, number) < 0)
		return no_memory(rd);
	return 0;
}

static int read_line(struct reader *rd, const struct rs_protobuf_field *part,
		     const struct mapping *mapping, uint64_t address)
{
	struct rs_frame frame = { .address = address };
	struct rs_protobuf message;
	struct rs_protobuf_field field;
	const struct function *function = NULL;

	rs_protobuf_init(&message, part->data, part->n);
	while (rs_protobuf_next(&message, &field)) {
		if (field.number == RS_PPROF_LINE_FUNCTION)
			function = find_function(rd, field.value);
		else if (field.number == RS_PPROF_LINE_LINE)
			frame.line = field.value <= UINT32_MAX ? (uint32_t)field.value : 0;
	}
	if (message.bad)
		return bad(rd, "a line is damaged");
	if (function) {
		frame.function = function->name;
		frame.system = function->system;
		frame.file = function->file;
	}
	return add_frame(rd, mapping, &frame);
}

/* All but the last were inlined into the one behind. */
static int mark_inlined(struct reader *rd, const struct location *location)
{
	for (size_t i = location->start; i + 1 < rd->parts.len; i++) {
		struct rs_frame frame = *rs_profile_frame_at(rd->profile, rd->parts.items[i]);

		frame.kind = RS_FRAME_INLINED;
		if (rs_profile_frame(rd->profile, &frame, &rd->parts.items[i]) < 0)
			return no_memory(rd);
	}
	return 0;
}

static int read_lines(struct reader *rd, const struct rs_protobuf_field *part,
		      const struct mapping *mapping, uint64_t address)
{
	struct rs_protobuf message;
	struct rs_protobuf_field field;
	int r = 0;

	rs_protobuf_init(&message, part->data, part->n);
	while (!r && rs_protobuf_next(&message, &field)) {
		if (field.number == RS_PPROF_LOCATION_LINE)
			r = read_line(rd, &field, mapping, address);
	}
	return r;
}

static int read_location(struct reader *rd, const struct rs_protobuf_field *part)
{
	struct location location = { .start = rd->parts.len };
	const struct mapping *mapping = NULL;
	struct rs_protobuf message;
	struct rs_protobuf_field field;
	uint64_t address = 0;
	int r;

	rs_protobuf_init(&message, part->data, part->n);
	while (rs_protobuf_next(&message, &field)) {
		if (field.number == RS_PPROF_LOCATION_ID)
			location.id = field.value;
		else if (field.number == RS_PPROF_LOCATION_MAPPING)
			mapping = find_mapping(rd, field.value);
		else if (field.number == RS_PPROF_LOCATION_ADDRESS)
			address = field.value;
	}
	if (message.bad)
		return bad(rd, "a location is damaged");
	address = linked_address(mapping, address);
	r = read_lines(rd, part, mapping, address);
	if (!r && rd->parts.len == location.start) {
		struct rs_frame frame = { .address = address };

		r = add_frame(rd, mapping, &frame);
	}
	if (!r)
		r = mark_inlined(rd, &location);
	if (r < 0)
		return r;
	location.n = rd->parts.len - location.start;
	if (rs_vec_push(&rd->locations, location) < 0)
		return no_memory(rd);
	return put_id(rd, &rd->location_ids, location.id);
}

/* --- what is counted --- */

static void read_type(const struct reader *rd, const struct rs_protobuf_field *part,
		      struct rs_profile_type *ret_type)
{
	struct rs_protobuf message;
	struct rs_protobuf_field field;

	*ret_type = (struct rs_profile_type){ "samples", "count" };
	rs_protobuf_init(&message, part->data, part->n);
	while (rs_protobuf_next(&message, &field)) {
		const char *text = string_at(rd, field.value);

		if (field.number == RS_PPROF_TYPE_TYPE && text)
			ret_type->name = text;
		else if (field.number == RS_PPROF_TYPE_UNIT && text)
			ret_type->unit = text;
	}
}

static int read_sample_type(struct reader *rd, const struct rs_protobuf_field *part)
{
	struct rs_profile_type type;

	read_type(rd, part, &type);
	return rs_vec_push(&rd->file_types, type) < 0 ? no_memory(rd) : 0;
}

static int read_period_type(struct reader *rd, const struct rs_protobuf_field *part)
{
	read_type(rd, part, &rd->options.period_type);
	return 0;
}

/* The main value is the one that the file names, or else the last, as pprof has it. It becomes our first. */
static int choose_types(struct reader *rd, const char *main)
{
	size_t n = rd->file_types.len, first = n - 1;

	if (!n)
		return bad(rd, "it does not say what it counts");
	for (size_t i = 0; i < n; i++) {
		if (main && !strcmp(rd->file_types.items[i].name, main)) {
			first = i;
			break;
		}
	}
	rd->order[0] = (unsigned)first;
	rd->options.n_types = 1;
	for (size_t i = 0; i < n && rd->options.n_types < RS_PROFILE_VALUES_MAX; i++) {
		if (i != first)
			rd->order[rd->options.n_types++] = (unsigned)i;
	}
	for (size_t i = 0; i < rd->options.n_types; i++)
		rd->options.types[i] = rd->file_types.items[rd->order[i]];
	return 0;
}

static int read_options(struct reader *rd)
{
	struct rs_protobuf message;
	struct rs_protobuf_field field;
	const char *main = NULL;
	int r = walk(rd, RS_PPROF_SAMPLE_TYPE, read_sample_type);

	if (!r)
		r = walk(rd, RS_PPROF_PERIOD_TYPE, read_period_type);
	if (r < 0)
		return r;
	rs_protobuf_init(&message, rd->data, rd->n);
	while (rs_protobuf_next(&message, &field)) {
		if (field.number == RS_PPROF_TIME_NANOS)
			rd->options.time = field.value;
		else if (field.number == RS_PPROF_DURATION_NANOS)
			rd->options.duration = field.value;
		else if (field.number == RS_PPROF_PERIOD)
			rd->options.period = (int64_t)field.value;
		else if (field.number == RS_PPROF_DEFAULT_SAMPLE_TYPE)
			main = string_at(rd, field.value);
	}
	return choose_types(rd, main);
}

/* --- samples --- */

/* Repeated numbers come one by one or packed. */
static int each_number(struct reader *rd, const struct rs_protobuf_field *field,
		       int (*fn)(struct reader *rd, uint64_t value))
{
	struct rs_protobuf numbers;
	uint64_t value;
	int r = 0;

	if (field->wire != RS_PROTOBUF_BYTES)
		return fn(rd, field->value);
	rs_protobuf_init(&numbers, field->data, field->n);
	while (!r && rs_protobuf_next_number(&numbers, &value))
		r = fn(rd, value);
	return !r && numbers.bad ? bad(rd, "a sample is damaged") : r;
}

static int push_location(struct reader *rd, uint64_t id)
{
	const struct location *location = find_location(rd, id);

	if (!location)
		return bad(rd, "a sample is at a location that does not exist");
	for (size_t i = 0; i < location->n && !rd->stack->more; i++) {
		if (rs_profile_stack_push_number(rd->stack, rd->profile,
						 rd->parts.items[location->start + i]) < 0)
			return no_memory(rd);
	}
	return 0;
}

static int push_value(struct reader *rd, uint64_t value)
{
	if (rd->values.len >= rd->file_types.len)
		return bad(rd, "a sample has more values than there are types");
	return rs_vec_push(&rd->values, value) < 0 ? no_memory(rd) : 0;
}

static int read_label(struct reader *rd, const struct rs_protobuf_field *part,
		      struct rs_profile_sample *sample, struct rs_profile_label *labels)
{
	struct rs_profile_label label = { 0 };
	struct rs_protobuf message;
	struct rs_protobuf_field field;

	rs_protobuf_init(&message, part->data, part->n);
	while (rs_protobuf_next(&message, &field)) {
		if (field.number == RS_PPROF_LABEL_KEY)
			label.key = string_at(rd, field.value);
		else if (field.number == RS_PPROF_LABEL_STR)
			label.text = string_at(rd, field.value);
		else if (field.number == RS_PPROF_LABEL_NUM)
			label.number = (int64_t)field.value;
	}
	if (message.bad)
		return bad(rd, "a label is damaged");
	if (label.key && sample->n_labels < RS_PROFILE_LABELS_MAX)
		labels[sample->n_labels++] = label;
	else
		rd->labels_lost++;
	return 0;
}

static int read_sample(struct reader *rd, const struct rs_protobuf_field *part)
{
	struct rs_profile_label labels[RS_PROFILE_LABELS_MAX];
	struct rs_profile_sample sample = { .labels = labels };
	struct rs_protobuf message;
	struct rs_protobuf_field field;
	int r = 0;

	rs_profile_stack_reset(rd->stack);
	rs_vec_reset(&rd->values);
	rs_protobuf_init(&message, part->data, part->n);
	while (!r && rs_protobuf_next(&message, &field)) {
		if (field.number == RS_PPROF_SAMPLE_LOCATION)
			r = each_number(rd, &field, push_location);
		else if (field.number == RS_PPROF_SAMPLE_VALUE)
			r = each_number(rd, &field, push_value);
		else if (field.number == RS_PPROF_SAMPLE_LABEL)
			r = read_label(rd, &field, &sample, labels);
	}
	if (r < 0)
		return r;
	if (message.bad)
		return bad(rd, "a sample is damaged");
	for (size_t i = 0; i < rd->options.n_types; i++)
		sample.values[i] = rd->order[i] < rd->values.len
					   ? (int64_t)rd->values.items[rd->order[i]]
					   : 0;
	sample.frames = rd->stack->frames;
	sample.n_frames = rd->stack->n;
	return rs_profile_add(rd->profile, &sample) < 0 ? no_memory(rd) : 0;
}

/* --- notes --- */

static int take_comment(struct reader *rd, uint64_t number)
{
	const char *text = string_at(rd, number);
	size_t n = strlen(RS_PPROF_TITLE);
	int r = 0;

	if (text && !strncmp(text, RS_PPROF_TITLE, n))
		r = rs_profile_set_title(rd->profile, text + n);
	else if (text)
		r = rs_profile_note(rd->profile, text);
	return r < 0 ? no_memory(rd) : 0;
}

static int read_comment(struct reader *rd, const struct rs_protobuf_field *field)
{
	return each_number(rd, field, take_comment);
}

static int add_notes(struct reader *rd)
{
	char text[128];
	size_t types = rd->file_types.len;

	if (types > rd->options.n_types) {
		snprintf(text, sizeof(text), "%zu of the file's %zu values are left out",
			 types - rd->options.n_types, types);
		if (rs_profile_note(rd->profile, text) < 0)
			return no_memory(rd);
	}
	if (rd->labels_lost) {
		snprintf(text, sizeof(text), "%llu labels of samples are left out",
			 (unsigned long long)rd->labels_lost);
		if (rs_profile_note(rd->profile, text) < 0)
			return no_memory(rd);
	}
	return 0;
}

/* --- the whole --- */

static int read_all(struct reader *rd)
{
	static const struct {
		unsigned number;
		part_fn fn;
	} parts[] = {
		{ RS_PPROF_MAPPING, read_mapping },   { RS_PPROF_FUNCTION, read_function },
		{ RS_PPROF_LOCATION, read_location }, { RS_PPROF_SAMPLE, read_sample },
		{ RS_PPROF_COMMENT, read_comment },
	};
	int r;

	rd->stack = calloc(1, sizeof(*rd->stack));
	if (!rd->stack)
		return no_memory(rd);
	r = walk(rd, RS_PPROF_STRING_TABLE, read_string);
	if (!r)
		r = read_options(rd);
	if (r < 0)
		return r;
	if (rs_profile_new(&rd->options, &rd->profile) < 0)
		return no_memory(rd);
	for (size_t i = 0; i < ARRAY_SIZE(parts) && !r; i++)
		r = walk(rd, parts[i].number, parts[i].fn);
	return r ? r : add_notes(rd);
}

int rs_profile_read_pprof(const void *data, size_t n, struct rs_profile **ret_profile,
			  struct rs_error *err)
{
	_cleanup_(reader_done) struct reader rd = {
		.data = data, .n = n, .err = err, .arena = RS_ARENA_INIT(STRINGS_MAX)
	};
	int r = read_all(&rd);

	if (r < 0)
		return r;
	*ret_profile = TAKE_PTR(rd.profile);
	return 0;
}
