/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The format file of a tracepoint, a line for each field:
 *
 *	field:const char * filename;	offset:16;	size:8;	signed:0;
 *
 * Where a field lies, how large it is and whether it has a sign are taken from the numbers; the C text says
 * what it is. No type is looked up in the kernel for this: structs and enums stay names until somebody
 * wants what is in them.
 */

#include <errno.h>
#include <string.h>

#include "lang/cparse-private.h"

#define FORMAT_FIELDS_MAX 512

struct line {
	const char *text; /* of the C declaration */
	size_t len;
	uint64_t offset, size;
	bool is_signed;
	bool syscall; /* all arguments are words there, whatever their type, and said to have no sign */
};

/* ---- lines ---- */

/* The number behind key in the line. */
static bool read_number(const char *line, const char *end, const char *key, uint64_t *ret)
{
	const char *at = memmem(line, (size_t)(end - line), key, strlen(key));
	uint64_t value = 0;

	if (!at)
		return false;
	at += strlen(key);
	if (at == end || *at < '0' || *at > '9')
		return false;
	for (; at < end && *at >= '0' && *at <= '9'; at++)
		if (value <= RS_TYPES_SIZE_MAX)
			value = value * 10 + (uint64_t)(*at - '0');
	*ret = value;
	return true;
}

static bool read_line(const char *line, const char *end, struct line *ret)
{
	static const char key[] = "field:";
	const char *text = memmem(line, (size_t)(end - line), key, sizeof(key) - 1);
	const char *semicolon = text ? memchr(text, ';', (size_t)(end - text)) : NULL;
	uint64_t is_signed = 0;

	if (!semicolon || !read_number(semicolon, end, "offset:", &ret->offset) ||
	    !read_number(semicolon, end, "size:", &ret->size))
		return false;
	read_number(semicolon, end, "signed:", &is_signed);
	ret->is_signed = is_signed;
	ret->text = text + sizeof(key) - 1;
	ret->len = (size_t)(semicolon - ret->text);
	return ret->offset + ret->size <= RS_TYPES_SIZE_MAX;
}

/* ---- types ---- */

static bool is_integer_size(uint64_t size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

static const struct rs_type *bytes_type(struct rs_types *types, uint64_t size)
{
	return rs_type_array(types, rs_type_int(1, false), (uint32_t)size);
}

static const struct rs_type *integer_type(struct rs_types *types, const struct rs_type *t,
					  const struct line *line)
{
	bool is_signed = line->is_signed;

	if (!is_integer_size(line->size))
		return bytes_type(types, line->size);
	if (t->kind == RS_TYPE_INT && line->syscall && t->size != line->size)
		is_signed = t->is_signed;
	if (t->kind == RS_TYPE_BOOL && line->size == 1)
		return t;
	return rs_type_int((unsigned)line->size, is_signed);
}

/* A name whose contents come when they are wanted, of the size that the file tells. */
static const struct rs_type *named_type(struct rs_types *types, const struct rs_type *t,
					const struct line *line)
{
	struct rs_type *copy;

	if (t->kind == RS_TYPE_ENUM && !is_integer_size(line->size))
		return bytes_type(types, line->size);
	copy = rs_type_copy(types, t);
	if (!copy)
		return NULL;
	copy->lazy = copy->lazy || !copy->fields;
	copy->size = (uint32_t)line->size;
	if (t->kind == RS_TYPE_ENUM)
		copy->is_signed = line->is_signed;
	return copy;
}

static const struct rs_type *pointer_type(struct rs_types *types, const struct rs_type *t,
					  const struct line *line, unsigned depth)
{
	enum rs_space space = line->syscall || t->space == RS_SPACE_USER ? RS_SPACE_USER
									 : RS_SPACE_KERNEL;
	const struct rs_type *to = t->element;

	if (to->kind == RS_TYPE_UNKNOWN)
		to = &rs_type_none;
	if (to->kind == RS_TYPE_POINTER && depth < RS_TYPES_DEPTH)
		to = pointer_type(types, to, line, depth + 1);
	return to ? rs_type_pointer(types, to, space) : NULL;
}

static const struct rs_type *value_type(struct rs_types *types, const struct rs_type *t,
					const struct line *line);

/* The size of the elements: told by their type, or by the file and their number. */
static const struct rs_type *array_type(struct rs_types *types, const struct rs_type *t,
					const struct line *line)
{
	struct line of = *line;
	const struct rs_type *element = t->element;

	if (element->kind == RS_TYPE_ARRAY && rs_type_sizeof(t) == line->size)
		return t;
	while (element->kind == RS_TYPE_ARRAY)
		element = element->element;
	if (element->kind == RS_TYPE_POINTER)
		of.size = 8;
	else if (element->kind != RS_TYPE_UNKNOWN && rs_type_sizeof(element))
		of.size = rs_type_sizeof(element);
	else if (t->count && line->size % t->count == 0)
		of.size = line->size / t->count;
	else
		of.size = 1;
	if (!of.size || line->size % of.size)
		return bytes_type(types, line->size);
	of.syscall = false;
	if (!element->is_char)
		element = value_type(types, element, &of);
	return element ? rs_type_array(types, element, (uint32_t)(line->size / of.size)) : NULL;
}

static const struct rs_type *value_type(struct rs_types *types, const struct rs_type *t,
					const struct line *line)
{
	switch (t->kind) {
	case RS_TYPE_POINTER:
		return line->size == 8 ? pointer_type(types, t, line, 0)
				       : integer_type(types, t, line);
	case RS_TYPE_ARRAY:
		return array_type(types, t, line);
	case RS_TYPE_STRUCT:
	case RS_TYPE_ENUM:
		return named_type(types, t, line);
	default:
		return integer_type(types, t, line);
	}
}

/* ---- fields ---- */

/* "char[]": as many as there are. */
static const struct rs_type *found_there(struct rs_types *types, const struct rs_type *t)
{
	const struct rs_type *element = t && t->kind == RS_TYPE_ARRAY ? t->element : t;

	if (!element || element->kind == RS_TYPE_UNKNOWN || element->kind == RS_TYPE_NONE)
		element = rs_type_int(1, false);
	if (element->kind == RS_TYPE_POINTER)
		element = pointer_type(types, element, &(struct line){ 0 }, 0);
	return element ? rs_type_array(types, element, 0) : NULL;
}

/* The name stands behind the brackets of what is elsewhere: "__data_loc char[] name". */
static const char *name_behind(struct rs_cparse *p)
{
	const char *name = NULL;

	while (p->token.kind != RS_CTOKEN_END) {
		if (p->token.kind == RS_CTOKEN_WORD)
			name = rs_cparse_word(p);
		rs_cparse_next(p);
	}
	return name;
}

/* Whatever is said of it, a field with a name is there: at worst as bytes. */
static const char *last_word(struct rs_types *types, const struct line *line)
{
	const char *name = NULL;
	struct rs_cparse p;

	rs_cparse_init(&p, types, line->text, line->len);
	while (p.token.kind != RS_CTOKEN_END) {
		if (p.token.kind == RS_CTOKEN_WORD)
			name = rs_cparse_word(&p);
		else if (rs_ctoken_is(&p.token, "[") && name)
			break;
		rs_cparse_next(&p);
	}
	return name;
}

static bool read_field(struct rs_types *types, const struct line *line, struct rs_field *ret)
{
	const struct rs_type *t;
	const char *name = NULL;
	struct rs_cparse p;

	rs_cparse_init(&p, types, line->text, line->len);
	p.shallow = true;
	ret->data_loc = rs_cparse_take(&p, "__data_loc")  ? 1
			: rs_cparse_take(&p, "__rel_loc") ? 2
							  : 0;
	t = rs_cparse_field(&p, &name);
	if (ret->data_loc) {
		if (!name || p.token.kind != RS_CTOKEN_END)
			name = name_behind(&p);
		t = found_there(types, t);
	} else if (t && name && p.token.kind == RS_CTOKEN_END) {
		t = value_type(types, t, line);
	} else {
		name = last_word(types, line);
		t = value_type(types, &rs_type_unknown, line);
	}
	ret->type = t;
	ret->name = name;
	ret->offset = (uint32_t)line->offset;
	return t && name;
}

/* All lines of the text, whatever else stands there. */
static unsigned read_fields(struct rs_types *types, const char *text, bool syscall,
			    struct rs_field *fields, uint64_t *ret_size)
{
	unsigned n = 0;

	while (*text && n < FORMAT_FIELDS_MAX) {
		const char *end = text + strcspn(text, "\n");
		struct line line = { .syscall = syscall };
		struct rs_field field = { 0 };

		if (read_line(text, end, &line) && read_field(types, &line, &field)) {
			fields[n++] = field;
			*ret_size = MAX(*ret_size, line.offset + line.size);
		}
		text = *end ? end + 1 : end;
	}
	return n;
}

const struct rs_type *rs_types_from_format(struct rs_types *types, const char *group,
					   const char *event, const char *text)
{
	struct rs_field fields[FORMAT_FIELDS_MAX]; /* most have ten */
	struct rs_type *t = rs_arena_new(types->arena, struct rs_type);
	uint64_t size = 0;
	unsigned n = read_fields(types, text, strcmp(group, "syscalls") == 0, fields, &size);
	struct rs_field *kept = rs_arena_alloc_array(types->arena, n, sizeof(*fields));

	if (!n || !kept || !t)
		return NULL;
	memcpy(kept, fields, n * sizeof(*fields));
	*t = (struct rs_type){ .kind = RS_TYPE_STRUCT,
			       .size = (uint32_t)size,
			       .align = 8,
			       .fields = kept,
			       .n_fields = n };
	t->name = rs_arena_printf(types->arena, "struct tracepoint_%s_%s", group, event);
	return t->name ? t : NULL;
}
