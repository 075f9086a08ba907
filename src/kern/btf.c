/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/btf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define MAGIC     0xeb9f
#define HEADER    24 /* bytes that every version has */
#define BYTES_MAX ((size_t)256 << 20)
#define TYPES_MAX (1u << 24)
#define CHAIN_MAX 64
#define DEPTH_MAX 32
#define STEPS_MAX 100000 /* members looked at for one alignment: structs inside structs multiply */
#define PTR_BYTES 8

/* An entry of the index: kind, and offset in the types in units of 4 bytes. */
#define KIND_BITS 5

struct rs_btf {
	struct rs_btf *base;
	const uint8_t *types, *strings;
	uint32_t types_len, strings_len;
	uint32_t first_id, first_string; /* what the base has before them */
	uint32_t *index;                 /* owned; NULL: not made yet */
	uint32_t n;
	void *map; /* owned by munmap() */
	size_t map_len;
	void *heap; /* owned by free() */
};

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* ---- files ---- */

static int read_header(struct rs_btf *btf, const uint8_t *data, size_t size, struct rs_error *err)
{
	uint64_t header, types, types_len, strings, strings_len;
	uint16_t magic;

	if (size < HEADER || size > BYTES_MAX)
		return rs_error_set(err, -EBADMSG, "no BTF: %zu bytes", size);
	memcpy(&magic, data, sizeof(magic));
	if (magic != MAGIC || data[2] != 1)
		return rs_error_set(err, -EBADMSG, "no BTF of this machine");
	header = get32(data + 4);
	types = header + get32(data + 8);
	types_len = get32(data + 12);
	strings = header + get32(data + 16);
	strings_len = get32(data + 20);
	if (header < HEADER || types + types_len > size || strings + strings_len > size ||
	    types % 4 || (strings_len && data[strings + strings_len - 1]))
		return rs_error_set(err, -EBADMSG, "damaged BTF");
	btf->types = data + types;
	btf->types_len = (uint32_t)types_len;
	btf->strings = data + strings;
	btf->strings_len = (uint32_t)strings_len;
	return 0;
}

static int read_file(struct rs_btf *btf, int fd, size_t size, struct rs_error *err)
{
	uint8_t *data = malloc(size ? size : 1);
	size_t len = 0;
	ssize_t n = 1;

	btf->heap = data;
	if (!data)
		return rs_error_set_errno(err, -ENOMEM, "reading types");
	while (len < size && n > 0) {
		n = read(fd, data + len, size - len);
		if (n > 0)
			len += (size_t)n;
	}
	if (n < 0)
		return rs_error_set_errno(err, -errno, "reading types");
	return read_header(btf, data, len, err);
}

static int map_file(struct rs_btf *btf, const char *path, struct rs_error *err)
{
	_cleanup_(rs_cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *map;

	if (fd < 0 || fstat(fd, &st) < 0)
		return rs_error_set_errno(err, -errno, "opening \"%s\"", path);
	if (st.st_size <= 0 || (size_t)st.st_size > BYTES_MAX)
		return rs_error_set(err, -EBADMSG, "\"%s\" holds no types", path);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return read_file(btf, fd, (size_t)st.st_size, err);
	btf->map = map;
	btf->map_len = (size_t)st.st_size;
	return read_header(btf, map, btf->map_len, err);
}

static struct rs_btf *new_btf(struct rs_btf *base)
{
	struct rs_btf *btf = calloc(1, sizeof(*btf));

	if (!btf)
		return NULL;
	btf->base = base;
	btf->first_id = base ? rs_btf_end(base) : 1;
	btf->first_string = base ? base->first_string + base->strings_len : 0;
	return btf;
}

int rs_btf_open(const char *path, struct rs_btf *base, struct rs_btf **ret_btf,
		struct rs_error *err)
{
	_cleanup_(rs_btf_close) struct rs_btf *btf = new_btf(base);
	int r;

	if (!btf)
		return rs_error_set_errno(err, -ENOMEM, "opening \"%s\"", path);
	r = map_file(btf, path, err);
	if (r < 0)
		return r;
	*ret_btf = TAKE_PTR(btf);
	return 0;
}

int rs_btf_open_memory(const void *data, size_t size, struct rs_btf *base, struct rs_btf **ret_btf,
		       struct rs_error *err)
{
	_cleanup_(rs_btf_close) struct rs_btf *btf = new_btf(base);
	int r;

	if (!btf)
		return rs_error_set_errno(err, -ENOMEM, "reading types");
	r = read_header(btf, data, size, err);
	if (r < 0)
		return r;
	*ret_btf = TAKE_PTR(btf);
	return 0;
}

void rs_btf_close(struct rs_btf **btf_ptr)
{
	struct rs_btf *btf = *btf_ptr;

	if (!btf)
		return;
	*btf_ptr = NULL;
	if (btf->map)
		munmap(btf->map, btf->map_len);
	free(btf->heap);
	free(btf->index);
	free(btf);
}

/* ---- the index ---- */

/* Bytes behind the 12 that every type has. */
static uint64_t extra_bytes(unsigned kind, uint32_t n)
{
	static const uint8_t fixed[RS_BTF_KIND_COUNT] = {
		[RS_BTF_INT] = 4, [RS_BTF_ARRAY] = 12, [RS_BTF_VAR] = 4, [RS_BTF_DECL_TAG] = 4
	};
	static const uint8_t each[RS_BTF_KIND_COUNT] = {
		[RS_BTF_STRUCT] = 12,    [RS_BTF_UNION] = 12,   [RS_BTF_ENUM] = 8,
		[RS_BTF_FUNC_PROTO] = 8, [RS_BTF_DATASEC] = 12, [RS_BTF_ENUM64] = 12
	};

	return fixed[kind] + (uint64_t)n * each[kind];
}

static unsigned kind_of(uint32_t info)
{
	return info >> 24 & 0x7f;
}

static uint32_t count_of(uint32_t info)
{
	return info & 0xffffff;
}

static bool grow_index(struct rs_btf *btf, uint32_t *cap)
{
	uint32_t *index;

	*cap = *cap ? *cap + *cap / 2 : MAX(btf->types_len / 24, 16u);
	index = realloc(btf->index, (size_t)*cap * sizeof(*index));
	if (index)
		btf->index = index;
	return index;
}

/* Walks over all types once. What follows a kind that we do not know cannot be found: its length is
 * unknown. */
static void make_index(struct rs_btf *btf)
{
	uint32_t at = 0, cap = 0, n = 0;

	while (btf->types_len - at >= 12 && btf->first_id + n < TYPES_MAX) {
		uint32_t info = get32(btf->types + at + 4);
		unsigned kind = kind_of(info);
		uint64_t len;

		if (kind == RS_BTF_VOID || kind >= RS_BTF_KIND_COUNT)
			break;
		len = 12 + extra_bytes(kind, count_of(info));
		if (len > btf->types_len - at || (n >= cap && !grow_index(btf, &cap)))
			break;
		btf->index[n++] = at / 4 << KIND_BITS | kind;
		at += (uint32_t)len;
	}
	btf->n = n;
	if (!btf->index)
		btf->index = calloc(1, sizeof(*btf->index));
}

uint32_t rs_btf_begin(struct rs_btf *btf)
{
	return btf->first_id;
}

uint32_t rs_btf_end(struct rs_btf *btf)
{
	if (!btf->index)
		make_index(btf);
	return btf->first_id + btf->n;
}

/* ---- one type ---- */

static const char *string_at(const struct rs_btf *btf, uint32_t offset)
{
	while (btf->base && offset < btf->first_string)
		btf = btf->base;
	offset -= btf->first_string;
	return offset < btf->strings_len ? (const char *)btf->strings + offset : "";
}

static const uint8_t *type_at(const struct rs_btf *btf, uint32_t i)
{
	return btf->types + (size_t)(btf->index[i] >> KIND_BITS) * 4;
}

static bool has_size(enum rs_btf_kind kind)
{
	const unsigned sized = RS_BTF_MASK(RS_BTF_INT) | RS_BTF_MASK(RS_BTF_FLOAT) |
			       RS_BTF_MASK(RS_BTF_STRUCT) | RS_BTF_MASK(RS_BTF_UNION) |
			       RS_BTF_MASK(RS_BTF_ENUM) | RS_BTF_MASK(RS_BTF_ENUM64) |
			       RS_BTF_MASK(RS_BTF_DATASEC);

	return sized >> kind & 1;
}

static void read_type(const struct rs_btf *btf, uint32_t i, struct rs_btf_type *ret)
{
	const uint8_t *p = type_at(btf, i);
	uint32_t info = get32(p + 4), third = get32(p + 8);

	*ret = (struct rs_btf_type){
		.id = btf->first_id + i,
		.kind = btf->index[i] & ((1u << KIND_BITS) - 1),
		.name = string_at(btf, get32(p)),
		.n = count_of(info),
		.flag = info >> 31,
		.items = p + 12,
		.btf = btf,
	};
	if (has_size(ret->kind))
		ret->size = third;
	else if (ret->kind != RS_BTF_ARRAY && ret->kind != RS_BTF_FWD)
		ret->to = third;
	if (ret->kind == RS_BTF_ARRAY) {
		ret->to = get32(p + 12);
		ret->count = get32(p + 20);
	} else if (ret->kind == RS_BTF_INT) {
		third = get32(p + 12);
		ret->encoding = third >> 24 & 0xf;
		ret->bit_offset = third >> 16 & 0xff;
		ret->bits = third & 0xff;
	}
}

bool rs_btf_get(struct rs_btf *btf, uint32_t id, struct rs_btf_type *ret)
{
	while (btf->base && id < btf->first_id)
		btf = btf->base;
	if (id < btf->first_id || id >= rs_btf_end(btf)) {
		*ret = (struct rs_btf_type){ .name = "", .btf = btf };
		return false;
	}
	read_type(btf, id - btf->first_id, ret);
	return true;
}

void rs_btf_member(const struct rs_btf_type *type, uint32_t i, struct rs_btf_member *ret)
{
	const uint8_t *p = type->items + (size_t)i * 12;
	uint32_t offset = get32(p + 8);

	*ret = (struct rs_btf_member){ .name = string_at(type->btf, get32(p)),
				       .type = get32(p + 4),
				       .at = type->flag ? offset & 0xffffff : offset,
				       .bit_size = type->flag ? offset >> 24 : 0 };
}

void rs_btf_param(const struct rs_btf_type *type, uint32_t i, struct rs_btf_param *ret)
{
	const uint8_t *p = type->items + (size_t)i * 8;

	*ret = (struct rs_btf_param){ string_at(type->btf, get32(p)), get32(p + 4) };
}

void rs_btf_constant(const struct rs_btf_type *type, uint32_t i, struct rs_btf_constant *ret)
{
	size_t size = type->kind == RS_BTF_ENUM64 ? 12 : 8;
	const uint8_t *p = type->items + i * size;
	uint32_t low = get32(p + 4);

	ret->name = string_at(type->btf, get32(p));
	if (size == 12)
		ret->value = (int64_t)((uint64_t)get32(p + 8) << 32 | low);
	else
		ret->value = type->flag ? (int32_t)low : (int64_t)low;
}

/* ---- from type to type ---- */

static void note_tag(const struct rs_btf_type *t, struct rs_btf_path *path)
{
	if (t->kind == RS_BTF_TYPEDEF)
		path->name = t->name;
	if (t->kind != RS_BTF_TYPE_TAG)
		return;
	path->user |= strcmp(t->name, "user") == 0;
	path->percpu |= strcmp(t->name, "percpu") == 0;
	path->rcu |= strcmp(t->name, "rcu") == 0;
}

bool rs_btf_resolve(struct rs_btf *btf, uint32_t id, struct rs_btf_type *ret,
		    struct rs_btf_path *ret_path)
{
	const unsigned passed = RS_BTF_MASK(RS_BTF_TYPEDEF) | RS_BTF_MASK(RS_BTF_VOLATILE) |
				RS_BTF_MASK(RS_BTF_CONST) | RS_BTF_MASK(RS_BTF_RESTRICT) |
				RS_BTF_MASK(RS_BTF_TYPE_TAG);
	struct rs_btf_path path = { 0 };

	for (unsigned i = 0; i < CHAIN_MAX && rs_btf_get(btf, id, ret); i++) {
		if (!(passed >> ret->kind & 1)) {
			if (ret_path)
				*ret_path = path;
			return true;
		}
		note_tag(ret, &path);
		id = ret->to;
	}
	if (ret_path)
		*ret_path = path;
	*ret = (struct rs_btf_type){ .name = "", .btf = btf };
	return false;
}

static uint64_t size_of(struct rs_btf *btf, uint32_t id, unsigned depth)
{
	struct rs_btf_type t;
	uint64_t size;

	if (depth > DEPTH_MAX || !rs_btf_resolve(btf, id, &t, NULL))
		return 0;
	if (t.kind == RS_BTF_PTR)
		return PTR_BYTES;
	if (t.kind != RS_BTF_ARRAY)
		return t.size;
	size = size_of(btf, t.to, depth + 1);
	return size > UINT32_MAX ? size : size * t.count;
}

uint32_t rs_btf_size(struct rs_btf *btf, uint32_t id)
{
	uint64_t size = size_of(btf, id, 0);

	return size > INT32_MAX ? 0 : (uint32_t)size;
}

static uint32_t align_of(struct rs_btf *btf, uint32_t id, unsigned depth, unsigned *steps);

static uint32_t align_of_members(struct rs_btf *btf, const struct rs_btf_type *t, unsigned depth,
				 unsigned *steps)
{
	uint32_t align = 1;

	for (uint32_t i = 0; i < t->n; i++) {
		struct rs_btf_member m;
		uint32_t own;

		if (++*steps > STEPS_MAX)
			return 1;
		rs_btf_member(t, i, &m);
		own = align_of(btf, m.type, depth + 1, steps);
		if (!m.bit_size && m.at % (own * 8))
			return 1; /* packed */
		align = MAX(align, own);
	}
	return t->size % align ? 1 : align;
}

static uint32_t align_of(struct rs_btf *btf, uint32_t id, unsigned depth, unsigned *steps)
{
	struct rs_btf_type t;

	if (depth > DEPTH_MAX || !rs_btf_resolve(btf, id, &t, NULL))
		return 1;
	switch (t.kind) {
	case RS_BTF_PTR:
		return PTR_BYTES;
	case RS_BTF_ARRAY:
		return align_of(btf, t.to, depth + 1, steps);
	case RS_BTF_STRUCT:
	case RS_BTF_UNION:
		return align_of_members(btf, &t, depth, steps);
	default:
		return t.size && t.size <= 16 && !(t.size & (t.size - 1)) ? t.size : 1;
	}
}

uint32_t rs_btf_align(struct rs_btf *btf, uint32_t id)
{
	unsigned steps = 0;

	return align_of(btf, id, 0, &steps);
}

/* ---- by name ---- */

uint32_t rs_btf_find(struct rs_btf *btf, const char *name, unsigned kinds)
{
	uint32_t end = rs_btf_end(btf);

	if (!*name)
		return 0;
	for (uint32_t id = btf->first_id; id < end; id++) {
		uint32_t entry = btf->index[id - btf->first_id];
		const char *found;

		if (!(kinds >> (entry & ((1u << KIND_BITS) - 1)) & 1))
			continue;
		found = string_at(btf, get32(type_at(btf, id - btf->first_id)));
		if (*found == *name && strcmp(found, name) == 0)
			return id;
	}
	return 0;
}

static bool find_in_enum(const struct rs_btf_type *t, const char *name, struct rs_btf_constant *ret)
{
	const size_t size = t->kind == RS_BTF_ENUM64 ? 12 : 8;

	for (uint32_t i = 0; i < t->n; i++) {
		const char *found = string_at(t->btf, get32(t->items + i * size));

		if (*found == *name && strcmp(found, name) == 0) {
			rs_btf_constant(t, i, ret);
			return true;
		}
	}
	return false;
}

uint32_t rs_btf_find_constant(struct rs_btf *btf, const char *name, struct rs_btf_constant *ret)
{
	const unsigned kinds = RS_BTF_MASK(RS_BTF_ENUM) | RS_BTF_MASK(RS_BTF_ENUM64);
	uint32_t end = rs_btf_end(btf);

	for (uint32_t id = btf->first_id; id < end && *name; id++) {
		struct rs_btf_type t;

		if (!(kinds >> (btf->index[id - btf->first_id] & ((1u << KIND_BITS) - 1)) & 1))
			continue;
		read_type(btf, id - btf->first_id, &t);
		if (find_in_enum(&t, name, ret))
			return id;
	}
	return 0;
}

int rs_btf_each(struct rs_btf *btf, unsigned kinds,
		int (*fn)(const struct rs_btf_type *type, void *data), void *data)
{
	uint32_t end = rs_btf_end(btf);
	int r = 0;

	for (uint32_t id = btf->first_id; id < end && !r; id++) {
		struct rs_btf_type t;

		if (!(kinds >> (btf->index[id - btf->first_id] & ((1u << KIND_BITS) - 1)) & 1))
			continue;
		read_type(btf, id - btf->first_id, &t);
		r = fn(&t, data);
	}
	return r;
}
