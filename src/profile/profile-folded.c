/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folded text: "outer;inner 42" a line. What is not plain user code is marked behind its name, as others do: _[k] the
 * kernel and its modules, _[i] inlined, _[j] code made at run time.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "profile/flame.h"
#include "profile/forms.h"

#define MARK_LEN 4

static const char *const marks[RS_FRAME_KIND_COUNT] = {
	[RS_FRAME_KERNEL] = "_[k]",
	[RS_FRAME_MODULE] = "_[k]",
	[RS_FRAME_INLINED] = "_[i]",
	[RS_FRAME_JIT] = "_[j]",
};

/* --- writing --- */

/* Names must not end a frame or a line. */
static void append_name(const struct rs_flame_function *function, struct rs_str *out)
{
	const char *name = function->function;
	size_t start = out->len;

	rs_str_append_escaped(out, name, strlen(name));
	for (size_t i = start; i < out->len; i++) {
		if (out->data[i] == ';')
			out->data[i] = ':';
	}
	if (out->len == start)
		rs_str_append_char(out, '-');
	if (marks[function->kind])
		rs_str_append_cstr(out, marks[function->kind]);
}

static void append_path(const struct rs_flame *flame, uint32_t node, uint32_t *path,
			struct rs_str *out)
{
	uint32_t depth = flame->nodes.items[node].depth;

	if (!depth)
		rs_str_append_cstr(out, "[no stack]");
	for (uint32_t i = depth; i; i--) {
		path[i - 1] = flame->nodes.items[node].function;
		node = flame->nodes.items[node].parent;
	}
	for (uint32_t i = 0; i < depth; i++) {
		if (i)
			rs_str_append_char(out, ';');
		append_name(&flame->functions.items[path[i]], out);
	}
}

int rs_profile_write_folded(const struct rs_profile *profile, const struct rs_profile_write *how,
			    struct rs_str *out, struct rs_error *err)
{
	_cleanup_(rs_flame_free) struct rs_flame *flame = NULL;
	uint32_t path[RS_PROFILE_DEPTH_MAX], node = 0;
	int r = rs_flame_new(profile, NULL, &flame, err);

	if (r < 0)
		return r;
	r = rs_flame_sort(flame, how->value);
	if (r < 0)
		return rs_error_set_errno(err, r, "sorting stacks");
	do {
		int64_t value = rs_flame_self(flame, node, 0)[how->value];

		if (value) {
			append_path(flame, node, path, out);
			rs_str_append_char(out, ' ');
			rs_str_append_i64(out, value);
			rs_str_append_char(out, '\n');
		}
		node = rs_flame_next(flame, node);
	} while (node);
	return 0;
}

/* --- reading --- */

struct reader {
	struct rs_profile *profile;
	struct rs_profile_stack *stack;
	struct rs_str name;
};

static void reader_done(struct reader *reader)
{
	rs_profile_free(&reader->profile);
	free(reader->stack);
	rs_str_done(&reader->name);
}

static enum rs_frame_kind take_mark(const char *name, size_t *n)
{
	for (unsigned kind = 0; kind < RS_FRAME_KIND_COUNT; kind++) {
		if (marks[kind] && *n > MARK_LEN &&
		    !memcmp(name + *n - MARK_LEN, marks[kind], MARK_LEN)) {
			*n -= MARK_LEN;
			return (enum rs_frame_kind)kind;
		}
	}
	return *n && *name == '[' ? RS_FRAME_OTHER : RS_FRAME_USER;
}

static int push_name(struct reader *reader, const char *name, size_t n)
{
	struct rs_frame frame = { 0 };

	frame.kind = take_mark(name, &n);
	rs_str_reset(&reader->name);
	rs_str_append(&reader->name, name, n);
	if (reader->name.error)
		return reader->name.error;
	frame.function = rs_str_cstr(&reader->name);
	return rs_profile_stack_push(reader->stack, reader->profile, &frame);
}

/* The stack is written outermost first: read from its end. */
static int read_stack(struct reader *reader, const char *text, size_t n)
{
	int r = 0;

	rs_profile_stack_reset(reader->stack);
	while (!r) {
		const char *last = memrchr(text, ';', n);
		size_t start = last ? (size_t)(last - text) + 1 : 0;

		if (n > start)
			r = push_name(reader, text + start, n - start);
		if (!last)
			break;
		n = start - 1;
	}
	return r;
}

static bool read_count(const char *text, size_t n, int64_t *ret_value)
{
	char copy[64], *end;
	double value;

	if (!n || n >= sizeof(copy) || !isdigit((unsigned char)*text))
		return false;
	memcpy(copy, text, n);
	copy[n] = '\0';
	errno = 0;
	*ret_value = strtoll(copy, &end, 10);
	if (!*end)
		return !errno;
	if (*end != '.')
		return false;
	value = strtod(copy, &end); /* some write fractions */
	if (*end || !(value < 9e18))
		return false;
	*ret_value = (int64_t)llround(value);
	return true;
}

static int read_line(struct reader *reader, const char *line, size_t n, struct rs_error *err)
{
	struct rs_profile_sample sample = { 0 };
	const char *space;
	int r;

	while (n && isspace((unsigned char)line[n - 1]))
		n--;
	if (!n || *line == '#')
		return 0;
	space = memrchr(line, ' ', n);
	if (!space || !read_count(space + 1, n - (size_t)(space + 1 - line), &sample.values[0]))
		return rs_error_set(err, -EINVAL,
				    "no count at the end of the line (\"outer;inner 42\")");
	n = (size_t)(space - line);
	while (n && line[n - 1] == ' ')
		n--;
	r = read_stack(reader, line, n);
	if (!r) {
		sample.frames = reader->stack->frames;
		sample.n_frames = reader->stack->n;
		r = rs_profile_add(reader->profile, &sample);
	}
	return r < 0 ? rs_error_set_errno(err, r, "keeping the stack") : 0;
}

int rs_profile_read_folded(const char *data, size_t n, struct rs_profile **ret_profile,
			   struct rs_error *err)
{
	static const struct rs_profile_options options = { .types = { { "samples", "count" } },
							   .n_types = 1 };
	_cleanup_(reader_done) struct reader reader = { .name = RS_STR_INIT(0) };
	const char *line;
	size_t len, number = 0;

	reader.stack = calloc(1, sizeof(*reader.stack));
	if (!reader.stack || rs_profile_new(&options, &reader.profile) < 0)
		return rs_error_set_errno(err, -ENOMEM, "reading folded stacks");
	while (rs_profile_line(&data, &n, &line, &len)) {
		struct rs_error why = RS_ERROR_INIT;
		int r = read_line(&reader, line, len, &why);

		number++;
		if (r < 0)
			return rs_error_set(err, r, "line %zu: %s", number, why.msg);
	}
	*ret_profile = TAKE_PTR(reader.profile);
	return 0;
}
