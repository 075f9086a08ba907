/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile.proto. Addresses are those of the files as linked (of the kernel: its own), so each file is one mapping that
 * begins at offset 0: what others need to look up names by build id. Frames that were inlined are lines of the
 * location of the frame that they were inlined into.
 */
#include <errno.h>
#include <string.h>

#include <zlib.h>

#include "base/arena.h"
#include "base/hashmap.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "profile/forms.h"
#include "profile/intern.h"
#include "profile/pprof.h"
#include "profile/protobuf.h"

#define PAGE     4096ull
#define SIZE_CAP ((size_t)1 << 30) /* bytes, before they are packed */

struct mapping {
	const char *file, *build_id; /* the profile's, so that equal ones are the same pointer */
	uint64_t first, last;        /* addresses */
	bool functions, files, lines, inlines;
};

/* Frames of one address. */
struct location {
	size_t start; /* of parts */
	uint32_t n;
	uint32_t mapping; /* from 1; 0: none */
};

struct function {
	const char *name, *system, *file;
};

struct writer {
	const struct rs_profile *profile;
	struct rs_arena arena; /* of strings that had to be changed */
	RS_VEC(const char *) strings;
	RS_VEC(struct mapping) mappings;
	RS_VEC(struct location) locations;
	RS_VEC(uint32_t) parts; /* numbers of frames */
	RS_VEC(struct function) functions;
	struct rs_intern string_index, mapping_index, location_index, function_index;
	struct rs_str out, part, inner, title;
	uint32_t
		main; /* number of the mapping that stands first: of the program, for tools call the profile after it */
	bool failed; /* out of memory */
};

static void writer_done(struct writer *w)
{
	rs_arena_done(&w->arena);
	rs_vec_done(&w->strings);
	rs_vec_done(&w->mappings);
	rs_vec_done(&w->locations);
	rs_vec_done(&w->parts);
	rs_vec_done(&w->functions);
	rs_intern_done(&w->string_index);
	rs_intern_done(&w->mapping_index);
	rs_intern_done(&w->location_index);
	rs_intern_done(&w->function_index);
	rs_str_done(&w->out);
	rs_str_done(&w->part);
	rs_str_done(&w->inner);
	rs_str_done(&w->title);
}

/* --- the tables --- */

static bool same_string(const void *things, uint32_t number, const void *key)
{
	return !strcmp(((const char *const *)things)[number], key);
}

/* Strings of protocol buffers are UTF-8, and readers may refuse all when one is not. */
static const char *make_valid(struct writer *w, const char *text)
{
	size_t n = strlen(text), len = 0;
	char *copy;

	if (rs_utf8_is_valid(text, n))
		return text;
	copy = rs_arena_alloc_array(&w->arena, n + 1, 3);
	w->failed |= !copy;
	for (size_t i = 0; copy && i < n;) {
		uint32_t c;
		unsigned size = rs_utf8_decode(text + i, n - i, &c);

		memcpy(copy + len, size ? text + i : "\xef\xbf\xbd", size ? size : 3);
		len += size ? size : 3;
		i += size ? size : 1;
	}
	return copy ? copy : "";
}

/* Number 0 is the empty one. */
static uint64_t string_of(struct writer *w, const char *text)
{
	uint64_t hash;
	uint32_t number;

	text = text ? make_valid(w, text) : "";
	hash = rs_hash_bytes(text, strlen(text));
	number = rs_intern_find(&w->string_index, hash, same_string, w->strings.items, text);
	if (number != UINT32_MAX)
		return number;
	if (rs_intern_reserve(&w->string_index) < 0 || rs_vec_push(&w->strings, text) < 0) {
		w->failed = true;
		return 0;
	}
	return rs_intern_add(&w->string_index, hash);
}

static bool same_mapping(const void *things, uint32_t number, const void *key)
{
	const struct mapping *a = (const struct mapping *)things + number, *b = key;

	return !strcmp(a->file, b->file) && a->build_id == b->build_id;
}

/* NULL: it belongs to no file. */
static const char *file_of(const struct rs_frame *frame)
{
	if (frame->module)
		return frame->module;
	switch (frame->kind) {
	case RS_FRAME_PROCESS:
		return RS_PPROF_FILE_PROCESS;
	case RS_FRAME_JIT:
		return RS_PPROF_FILE_JIT;
	case RS_FRAME_KERNEL:
		return "[kernel]";
	case RS_FRAME_OTHER:
		return *frame->function == '[' ? NULL : RS_PPROF_FILE_OTHER;
	default:
		return NULL;
	}
}

static uint32_t mapping_of(struct writer *w, const struct rs_frame *frame)
{
	struct mapping key = { .file = file_of(frame),
			       .build_id = frame->build_id,
			       .first = UINT64_MAX };
	uint64_t hash;
	uint32_t number;

	if (!key.file)
		return 0;
	hash = rs_hash_bytes(key.file, strlen(key.file));
	if (key.build_id)
		hash ^= rs_hash_u64((uintptr_t)key.build_id);
	number = rs_intern_find(&w->mapping_index, hash, same_mapping, w->mappings.items, &key);
	if (number != UINT32_MAX)
		return number + 1;
	if (rs_intern_reserve(&w->mapping_index) < 0 || rs_vec_push(&w->mappings, key) < 0) {
		w->failed = true;
		return 0;
	}
	return rs_intern_add(&w->mapping_index, hash) + 1;
}

static bool same_function(const void *things, uint32_t number, const void *key)
{
	const struct function *a = (const struct function *)things + number, *b = key;

	return a->name == b->name && a->system == b->system && a->file == b->file;
}

/* From 1. */
static uint64_t function_of(struct writer *w, const struct rs_frame *frame)
{
	struct function key = { frame->function, frame->system, frame->file };
	uint64_t hash = rs_hash_bytes(&key, sizeof(key));
	uint32_t number = rs_intern_find(&w->function_index, hash, same_function,
					 w->functions.items, &key);

	if (number != UINT32_MAX)
		return number + 1;
	if (rs_intern_reserve(&w->function_index) < 0 || rs_vec_push(&w->functions, key) < 0) {
		w->failed = true;
		return 0;
	}
	return rs_intern_add(&w->function_index, hash) + 1;
}

/* --- locations --- */

/* How many of these frames are one location: those that were inlined, and what they were inlined into. */
static size_t location_length(const struct rs_profile *p, const uint32_t *frames, size_t n)
{
	const struct rs_frame *first = rs_profile_frame_at(p, frames[0]), *frame = first;
	size_t len = 1;

	while (len < n && frame->kind == RS_FRAME_INLINED) {
		frame = rs_profile_frame_at(p, frames[len]);
		if (frame->module != first->module || frame->address != first->address)
			break;
		len++;
	}
	return len;
}

struct location_key {
	const struct writer *w;
	const uint32_t *frames;
	size_t n;
};

static bool same_location(const void *things, uint32_t number, const void *data)
{
	const struct location *a = (const struct location *)things + number;
	const struct location_key *key = data;

	return a->n == key->n &&
	       !memcmp(key->w->parts.items + a->start, key->frames, a->n * sizeof(uint32_t));
}

static void tell_mapping(struct writer *w, const struct location *location)
{
	struct mapping *mapping = &w->mappings.items[location->mapping - 1];

	for (uint32_t i = 0; i < location->n; i++) {
		const struct rs_frame *frame = rs_profile_frame_at(
			w->profile, w->parts.items[location->start + i]);

		if (frame->address) {
			mapping->first = MIN(mapping->first, frame->address);
			mapping->last = MAX(mapping->last, frame->address);
		}
		mapping->functions |= strcmp(frame->function, RS_PPROF_UNKNOWN) != 0;
		mapping->files |= frame->file != NULL;
		mapping->lines |= frame->line != 0;
		mapping->inlines |= frame->kind == RS_FRAME_INLINED;
	}
}

static uint32_t new_location(struct writer *w, const uint32_t *frames, size_t n, uint64_t hash)
{
	struct location location = { .start = w->parts.len, .n = (uint32_t)n };

	location.mapping = mapping_of(w, rs_profile_frame_at(w->profile, frames[n - 1]));
	if (rs_intern_reserve(&w->location_index) < 0 || rs_vec_reserve(&w->parts, n) < 0 ||
	    rs_vec_push(&w->locations, location) < 0) {
		w->failed = true;
		return 0;
	}
	memcpy(w->parts.items + w->parts.len, frames, n * sizeof(*frames));
	w->parts.len += n;
	if (location.mapping)
		tell_mapping(w, &location);
	return rs_intern_add(&w->location_index, hash);
}

/* From 1. */
static uint64_t location_of(struct writer *w, const uint32_t *frames, size_t n)
{
	const struct location_key key = { w, frames, n };
	uint64_t hash = rs_hash_bytes(frames, n * sizeof(*frames));
	uint32_t number = rs_intern_find(&w->location_index, hash, same_location,
					 w->locations.items, &key);

	return (number == UINT32_MAX ? new_location(w, frames, n, hash) : number) + 1ull;
}

/* --- messages --- */

static void put_message(struct rs_str *out, unsigned field, const struct rs_str *message)
{
	rs_protobuf_put_bytes(out, field, message->data, message->len);
}

static void put_type(struct writer *w, unsigned field, const struct rs_profile_type *type)
{
	rs_str_reset(&w->part);
	rs_protobuf_put_number(&w->part, RS_PPROF_TYPE_TYPE, string_of(w, type->name));
	rs_protobuf_put_number(&w->part, RS_PPROF_TYPE_UNIT, string_of(w, type->unit));
	put_message(&w->out, field, &w->part);
}

static void put_label(struct writer *w, const struct rs_profile_label *label)
{
	rs_str_reset(&w->inner);
	rs_protobuf_put_number(&w->inner, RS_PPROF_LABEL_KEY, string_of(w, label->key));
	if (label->text)
		rs_protobuf_put_number(&w->inner, RS_PPROF_LABEL_STR, string_of(w, label->text));
	else
		rs_protobuf_put_number(&w->inner, RS_PPROF_LABEL_NUM, (uint64_t)label->number);
	put_message(&w->part, RS_PPROF_SAMPLE_LABEL, &w->inner);
}

static void put_sample(struct writer *w, const struct rs_profile_sample *sample)
{
	rs_str_reset(&w->part);
	rs_str_reset(&w->inner);
	for (size_t i = 0; i < sample->n_frames;) {
		size_t n = location_length(w->profile, sample->frames + i, sample->n_frames - i);

		rs_protobuf_put_varint(&w->inner, location_of(w, sample->frames + i, n));
		i += n;
	}
	if (w->inner.len)
		put_message(&w->part, RS_PPROF_SAMPLE_LOCATION, &w->inner);
	rs_str_reset(&w->inner);
	for (size_t i = 0; i < rs_profile_options_of(w->profile)->n_types; i++)
		rs_protobuf_put_varint(&w->inner, (uint64_t)sample->values[i]);
	put_message(&w->part, RS_PPROF_SAMPLE_VALUE, &w->inner);
	for (size_t i = 0; i < sample->n_labels; i++)
		put_label(w, &sample->labels[i]);
	put_message(&w->out, RS_PPROF_SAMPLE, &w->part);
}

/* A program is a file, and no library. */
static void choose_main(struct writer *w)
{
	for (size_t i = w->mappings.len; i--;) {
		const char *file = w->mappings.items[i].file;

		if (*file == '/' && !strstr(file, ".so"))
			w->main = (uint32_t)i;
	}
}

/* The main one is 1, the others follow in order. */
static uint64_t mapping_id(const struct writer *w, uint32_t number)
{
	if (number == w->main)
		return 1;
	return number + (number < w->main ? 2ull : 1ull);
}

static void put_mapping(struct writer *w, uint32_t number)
{
	const struct mapping *m = &w->mappings.items[number];
	bool found = m->first <= m->last;

	rs_str_reset(&w->part);
	rs_protobuf_put_number(&w->part, RS_PPROF_MAPPING_ID, mapping_id(w, number));
	/* Files begin at 0, and the kernel, whose addresses are high, where the first was met. */
	if (found && m->first >> 63)
		rs_protobuf_put_number(&w->part, RS_PPROF_MAPPING_START, m->first & ~(PAGE - 1));
	rs_protobuf_put_number(&w->part, RS_PPROF_MAPPING_LIMIT,
			       !found                         ? PAGE
			       : m->last >= UINT64_MAX - PAGE ? UINT64_MAX
							      : (m->last | (PAGE - 1)) + 1);
	rs_protobuf_put_number(&w->part, RS_PPROF_MAPPING_FILENAME, string_of(w, m->file));
	rs_protobuf_put_number(&w->part, RS_PPROF_MAPPING_BUILD_ID, string_of(w, m->build_id));
	rs_protobuf_put_number(&w->part, RS_PPROF_MAPPING_HAS_FUNCTIONS, m->functions);
	rs_protobuf_put_number(&w->part, RS_PPROF_MAPPING_HAS_FILENAMES, m->files);
	rs_protobuf_put_number(&w->part, RS_PPROF_MAPPING_HAS_LINES, m->lines);
	rs_protobuf_put_number(&w->part, RS_PPROF_MAPPING_HAS_INLINES, m->inlines);
	put_message(&w->out, RS_PPROF_MAPPING, &w->part);
}

static void put_line(struct writer *w, const struct rs_frame *frame)
{
	rs_str_reset(&w->inner);
	rs_protobuf_put_number(&w->inner, RS_PPROF_LINE_FUNCTION, function_of(w, frame));
	rs_protobuf_put_number(&w->inner, RS_PPROF_LINE_LINE, frame->line);
	put_message(&w->part, RS_PPROF_LOCATION_LINE, &w->inner);
}

/* What has an address and no name is left without a line, for others to find one. */
static void put_location(struct writer *w, size_t number)
{
	const struct location *location = &w->locations.items[number];
	const struct rs_frame *frame;

	rs_str_reset(&w->part);
	rs_protobuf_put_number(&w->part, RS_PPROF_LOCATION_ID, number + 1);
	if (location->mapping)
		rs_protobuf_put_number(&w->part, RS_PPROF_LOCATION_MAPPING,
				       mapping_id(w, location->mapping - 1));
	frame = rs_profile_frame_at(w->profile, w->parts.items[location->start]);
	rs_protobuf_put_number(&w->part, RS_PPROF_LOCATION_ADDRESS, frame->address);
	for (uint32_t i = 0; i < location->n; i++) {
		frame = rs_profile_frame_at(w->profile, w->parts.items[location->start + i]);
		if (location->n > 1 || !frame->address ||
		    strcmp(frame->function, RS_PPROF_UNKNOWN) != 0)
			put_line(w, frame);
	}
	put_message(&w->out, RS_PPROF_LOCATION, &w->part);
}

static void put_function(struct writer *w, size_t number)
{
	const struct function *f = &w->functions.items[number];

	rs_str_reset(&w->part);
	rs_protobuf_put_number(&w->part, RS_PPROF_FUNCTION_ID, number + 1);
	rs_protobuf_put_number(&w->part, RS_PPROF_FUNCTION_NAME, string_of(w, f->name));
	rs_protobuf_put_number(&w->part, RS_PPROF_FUNCTION_SYSTEM_NAME,
			       string_of(w, f->system ? f->system : f->name));
	rs_protobuf_put_number(&w->part, RS_PPROF_FUNCTION_FILENAME, string_of(w, f->file));
	put_message(&w->out, RS_PPROF_FUNCTION, &w->part);
}

/* --- the whole --- */

static void put_comments(struct writer *w)
{
	const char *title = rs_profile_options_of(w->profile)->title;

	if (title) {
		rs_str_append_cstr(&w->title, RS_PPROF_TITLE);
		rs_str_append_cstr(&w->title, title);
		rs_protobuf_put_number(&w->out, RS_PPROF_COMMENT,
				       string_of(w, rs_str_cstr(&w->title)));
	}
	for (size_t i = 0; i < rs_profile_notes(w->profile); i++)
		rs_protobuf_put_number(&w->out, RS_PPROF_COMMENT,
				       string_of(w, rs_profile_note_at(w->profile, i)));
}

static void put_profile(struct writer *w)
{
	const struct rs_profile_options *options = rs_profile_options_of(w->profile);
	size_t samples = rs_profile_samples(w->profile);

	for (size_t i = 0; i < options->n_types; i++)
		put_type(w, RS_PPROF_SAMPLE_TYPE, &options->types[i]);
	for (size_t i = 0; i < samples && !w->failed; i++) {
		struct rs_profile_sample sample;

		rs_profile_sample_at(w->profile, i, &sample);
		put_sample(w, &sample);
	}
	choose_main(w);
	if (w->mappings.len)
		put_mapping(w, w->main);
	for (uint32_t i = 0; i < w->mappings.len; i++) {
		if (i != w->main)
			put_mapping(w, i);
	}
	for (size_t i = 0; i < w->locations.len && !w->failed; i++)
		put_location(w, i);
	for (size_t i = 0; i < w->functions.len && !w->failed; i++)
		put_function(w, i);
	rs_protobuf_put_number(&w->out, RS_PPROF_TIME_NANOS, options->time);
	rs_protobuf_put_number(&w->out, RS_PPROF_DURATION_NANOS, options->duration);
	if (options->period_type.name)
		put_type(w, RS_PPROF_PERIOD_TYPE, &options->period_type);
	rs_protobuf_put_number(&w->out, RS_PPROF_PERIOD, (uint64_t)options->period);
	rs_protobuf_put_number(&w->out, RS_PPROF_DEFAULT_SAMPLE_TYPE,
			       string_of(w, options->types[0].name));
	put_comments(w);
	for (size_t i = 0; i < w->strings.len; i++)
		rs_protobuf_put_bytes(&w->out, RS_PPROF_STRING_TABLE, w->strings.items[i],
				      strlen(w->strings.items[i]));
}

static int pack(struct writer *w, struct rs_str *out)
{
	z_stream stream = { .next_in = (unsigned char *)w->out.data,
			    .avail_in = (unsigned)w->out.len };
	size_t bound;
	int z;

	if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	bound = deflateBound(&stream, w->out.len);
	if (rs_str_reserve(out, bound) < 0) {
		deflateEnd(&stream);
		return out->error;
	}
	stream.next_out = (unsigned char *)out->data + out->len;
	stream.avail_out = (unsigned)bound;
	z = deflate(&stream, Z_FINISH);
	out->len = (size_t)((char *)stream.next_out - out->data);
	deflateEnd(&stream);
	return z == Z_STREAM_END ? 0 : -EIO;
}

int rs_profile_write_pprof(const struct rs_profile *profile,
			   const struct rs_profile_write *how _unused_, struct rs_str *out,
			   struct rs_error *err)
{
	_cleanup_(writer_done) struct writer w = { .profile = profile,
						   .out = RS_STR_INIT(SIZE_CAP),
						   .part = RS_STR_INIT(SIZE_CAP),
						   .inner = RS_STR_INIT(SIZE_CAP) };
	int r;

	string_of(&w, "");
	put_profile(&w);
	r = w.failed ? -ENOMEM : w.out.error;
	if (!r)
		r = pack(&w, out);
	return r < 0 ? rs_error_set_errno(err, r, "writing the profile as pprof") : 0;
}
