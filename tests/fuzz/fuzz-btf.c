/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any bytes as the kernel's types: everything that can be asked of them is asked, of the file itself and, for
 * each name, the way the compiler does. What comes out is within bounds and ends.
 */

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kern/btf.h"
#include "trace/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

#define NAMES_MAX 64

struct walk {
	struct rs_btf *btf;
	char names[NAMES_MAX][64];
	unsigned n_names;
};

static void keep_name(struct walk *walk, const char *keyword, const char *name)
{
	if (walk->n_names < NAMES_MAX)
		snprintf(walk->names[walk->n_names++], sizeof(walk->names[0]), "%s%s", keyword,
			 name);
}

static void read_items(const struct rs_btf_type *t)
{
	for (uint32_t i = 0; i < t->n; i++) {
		struct rs_btf_constant constant;
		struct rs_btf_member member;
		struct rs_btf_param param;

		if (t->kind == RS_BTF_STRUCT || t->kind == RS_BTF_UNION) {
			rs_btf_member(t, i, &member);
			CHECK(strlen(member.name) < 1u << 28);
		} else if (t->kind == RS_BTF_ENUM || t->kind == RS_BTF_ENUM64) {
			rs_btf_constant(t, i, &constant);
			CHECK(strlen(constant.name) < 1u << 28);
		} else if (t->kind == RS_BTF_FUNC_PROTO) {
			rs_btf_param(t, i, &param);
			CHECK(strlen(param.name) < 1u << 28);
		}
	}
}

static int walk_type(const struct rs_btf_type *t, void *data)
{
	struct walk *walk = data;
	struct rs_btf_type below;
	struct rs_btf_path path;
	uint32_t align = rs_btf_align(walk->btf, t->id);

	read_items(t);
	CHECK(align && !(align & (align - 1)));
	rs_btf_size(walk->btf, t->id);
	if (rs_btf_resolve(walk->btf, t->id, &below, &path))
		CHECK(below.kind != RS_BTF_TYPEDEF && below.kind != RS_BTF_CONST);
	if (*t->name)
		CHECK(rs_btf_find(walk->btf, t->name, RS_BTF_MASK(t->kind)));
	keep_name(walk,
		  t->kind == RS_BTF_STRUCT    ? "struct "
		  : t->kind == RS_BTF_UNION   ? "union "
		  : t->kind == RS_BTF_TYPEDEF ? ""
					      : "enum ",
		  t->name);
	return 0;
}

static void ask(struct rs_lang_source *source, struct rs_types *types, struct rs_arena *arena,
		const char *name)
{
	const struct rs_type *t = rs_types_find(types, name), *type;
	struct rs_prototype prototype;
	struct rs_field field;
	int64_t value;

	if (t) {
		t = rs_type_complete_deep(types, t);
		CHECK(rs_type_text(arena, t));
		rs_type_slot(t);
		rs_type_field(types, t, "no such field", &field);
		for (uint32_t i = 0; i < t->n_fields; i++)
			CHECK(t->kind == RS_TYPE_ENUM ||
			      t->fields[i].bit_offset + t->fields[i].bit_size <=
				      MAX(rs_type_sizeof(t->fields[i].type), 1u) * 8);
	}
	rs_types_find_constant(types, name, &value, &type);
	source->find_function(source->ctx, types, "", name, &prototype);
	source->find_rawtracepoint(source->ctx, types, "", name, &prototype);
	source->find_iter(source->ctx, types, name);
}

/* The compiler's way leads through a file. */
static void ask_all(const struct walk *walk, const uint8_t *data, size_t size)
{
	_cleanup_(rs_cleanup_close) int fd = memfd_create("btf", MFD_CLOEXEC);
	_cleanup_(rs_btf_set_free) struct rs_btf_set *set = NULL;
	_cleanup_(rs_trace_types_free) struct rs_trace_types *answers = NULL;
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT((size_t)256 << 20);
	struct rs_lang_source source = { 0 };
	struct rs_types *types;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	CHECK(rs_btf_set_new(path, "/nonexistent", &set) == 0);
	CHECK(rs_trace_types_new(set, &answers) == 0);
	rs_trace_types_source(answers, &source);
	types = rs_types_new(&arena, &source);
	CHECK(types);
	for (unsigned i = 0; i < walk->n_names; i++)
		ask(&source, types, &arena, walk->names[i]);
	rs_types_nearest(types, "struct nothing");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(rs_btf_close) struct rs_btf *btf = NULL;
	static struct walk walk;
	struct rs_error err = RS_ERROR_INIT;

	if (size > 1 << 16 || rs_btf_open_memory(data, size, NULL, &btf, &err) < 0)
		return 0;
	walk = (struct walk){ .btf = btf };
	rs_btf_each(btf, ~0u, walk_type, &walk);
	ask_all(&walk, data, size);
	return 0;
}
