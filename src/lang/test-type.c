/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lang/source.h"
#include "lang/type.h"

struct world {
	struct rs_arena arena;
	struct rs_lang_source source;
	struct rs_types *types;
	unsigned asked;
};

/* "struct task" with a pid, a pointer to itself, one to the process's memory and an anonymous union. */
static const struct rs_type *find_type(void *ctx, struct rs_types *types, const char *name)
{
	struct world *w = ctx;
	struct rs_type *t;

	w->asked++;
	if (strcmp(name, "struct task") != 0)
		return strcmp(name, "kpid_t") == 0 ? rs_type_int(4, true) : NULL;
	t = rs_type_copy(types, &rs_type_none);
	*t = (struct rs_type){
		.kind = RS_TYPE_STRUCT, .name = "struct task", .size = 40, .lazy = true, .btf_id = 7
	};
	return t;
}

static const struct rs_type *complete_type(void *ctx, struct rs_types *types,
					   const struct rs_type *lazy)
{
	struct world *w = ctx;
	struct rs_field *fields = rs_arena_alloc_array(&w->arena, 4, sizeof(*fields));
	struct rs_field *inner = rs_arena_alloc_array(&w->arena, 1, sizeof(*inner));
	struct rs_type *t = rs_type_copy(types, lazy);
	struct rs_type *anonymous = rs_type_copy(types, &rs_type_none);

	w->asked++;
	inner[0] = (struct rs_field){ .name = "cookie", .type = rs_type_uint64 };
	*anonymous = (struct rs_type){ .kind = RS_TYPE_STRUCT,
				       .name = "",
				       .size = 8,
				       .align = 8,
				       .fields = inner,
				       .n_fields = 1 };
	fields[0] = (struct rs_field){ .name = "pid", .type = rs_type_int(4, true), .offset = 4 };
	fields[1] = (struct rs_field){ .name = "parent",
				       .offset = 8,
				       .type = rs_type_pointer(types, lazy, RS_SPACE_UNKNOWN) };
	fields[2] = (struct rs_field){ .name = "args",
				       .offset = 16,
				       .type = rs_type_pointer(types, &rs_type_char,
							       RS_SPACE_USER) };
	fields[3] = (struct rs_field){ .name = "", .type = anonymous, .offset = 24 };
	t->fields = fields;
	t->n_fields = 4;
	t->lazy = false;
	t->align = 8;
	return t;
}

static int enter(void **state)
{
	static struct world w;

	w = (struct world){ 0 };
	rs_arena_init(&w.arena, 16 << 20);
	w.source = (struct rs_lang_source){ .ctx = &w,
					    .find_type = find_type,
					    .complete_type = complete_type };
	w.types = rs_types_new(&w.arena, &w.source);
	*state = &w;
	return w.types ? 0 : -1;
}

static int leave(void **state)
{
	struct world *w = *state;

	rs_arena_done(&w->arena);
	return 0;
}

static void test_slots(void **state)
{
	struct world *w = *state;
	const struct rs_type *pair[] = { rs_type_int(4, true), rs_type_string(w->types, 13) };
	const struct rs_type *tuple = rs_type_tuple(w->types, 2, pair, NULL);
	const struct rs_type *array = rs_type_array(w->types, rs_type_int(2, false), 3);
	struct rs_type hist = { .kind = RS_TYPE_HIST, .count = 65 };

	assert_int_equal(rs_type_slot(&rs_type_bool), 8);
	assert_int_equal(rs_type_slot(rs_type_int(1, true)), 8);
	assert_int_equal(rs_type_slot(pair[1]), 16);
	assert_int_equal(rs_type_sizeof(pair[1]), 13);
	assert_int_equal(rs_type_slot(rs_type_buffer(w->types, 5)), 16);
	assert_int_equal(rs_type_slot(tuple), 24);
	assert_int_equal(tuple->fields[1].offset, 8);
	assert_int_equal(rs_type_sizeof(array), 6);
	assert_int_equal(rs_type_slot(array), 8);
	assert_int_equal(rs_type_slot(rs_type_simple(w->types, RS_TYPE_MAC)), 8);
	assert_int_equal(rs_type_sizeof(rs_type_simple(w->types, RS_TYPE_MAC)), 6);
	assert_int_equal(rs_type_slot(rs_type_simple(w->types, RS_TYPE_USYM)), 16);
	assert_int_equal(rs_type_slot(rs_type_simple(w->types, RS_TYPE_INET)), 24);
	assert_int_equal(rs_type_slot(rs_type_simple(w->types, RS_TYPE_AVG)), 16);
	assert_int_equal(rs_type_slot(&hist), 65 * 8);
	assert_int_equal(rs_type_slot(&rs_type_none), 0);
	assert_true(rs_type_is_word(rs_type_simple(w->types, RS_TYPE_KSYM)));
	assert_false(rs_type_is_word(rs_type_simple(w->types, RS_TYPE_USYM)));
	assert_true(rs_type_is_aggregate(rs_type_simple(w->types, RS_TYPE_TSERIES)));
	assert_false(rs_type_is_aggregate(rs_type_int64));
}

/* Products that do not fit 32 bits stay at the cap instead of becoming small. */
static void test_sizes_do_not_wrap(void **state)
{
	struct world *w = *state;
	const struct rs_type *t = rs_type_int64;

	for (int i = 0; i < 8; i++)
		t = rs_type_array(w->types, t, 0x10000);
	assert_true(rs_type_sizeof(t) >= 1u << 30);
	assert_true(rs_type_slot(t) >= 1u << 30);
}

static void test_equal(void **state)
{
	struct world *w = *state;
	const struct rs_type *a[] = { rs_type_int64, rs_type_string(w->types, 16) };
	const struct rs_type *b[] = { rs_type_int64, rs_type_string(w->types, 32) };
	const char *const names[] = { "x", "y" };
	const struct rs_type *p = rs_type_pointer(w->types, a[0], RS_SPACE_KERNEL);

	assert_ptr_equal(p, rs_type_pointer(w->types, a[0], RS_SPACE_KERNEL));
	assert_ptr_not_equal(p, rs_type_pointer(w->types, a[0], RS_SPACE_USER));
	assert_true(rs_type_equal(p, rs_type_pointer(w->types, a[0], RS_SPACE_USER)));
	assert_true(rs_type_equal(&rs_type_char, rs_type_int(1, true)));
	assert_false(rs_type_equal(rs_type_int64, rs_type_uint64));
	assert_false(rs_type_equal(rs_type_int64, rs_type_int(4, true)));
	assert_true(rs_type_equal(rs_type_tuple(w->types, 2, a, NULL),
				  rs_type_tuple(w->types, 2, a, NULL)));
	assert_false(rs_type_equal(rs_type_tuple(w->types, 2, a, NULL),
				   rs_type_tuple(w->types, 2, b, NULL)));
	assert_false(rs_type_equal(rs_type_tuple(w->types, 2, a, NULL),
				   rs_type_tuple(w->types, 2, a, names)));
	assert_ptr_equal(rs_type_in_space(w->types, p, RS_SPACE_USER),
			 rs_type_in_space(w->types, p, RS_SPACE_USER));
	assert_int_equal(rs_type_in_space(w->types, p, RS_SPACE_USER)->space, RS_SPACE_USER);
}

static void check_text(struct world *w, const struct rs_type *t, const char *text)
{
	assert_string_equal(rs_type_text(&w->arena, t), text);
}

static void test_text(void **state)
{
	struct world *w = *state;
	const struct rs_type *pair[] = { rs_type_int64, rs_type_string(w->types, 16) };
	const char *const names[] = { "x", "y" };
	const struct rs_type *p = rs_type_pointer(w->types, &rs_type_char, RS_SPACE_USER);
	const struct rs_type *rows = rs_type_array(w->types, rs_type_int(4, false), 3);

	check_text(w, rs_type_uint64, "uint64");
	check_text(w, p, "char *");
	check_text(w, rs_type_pointer(w->types, p, 0), "char **");
	check_text(w, rs_type_pointer(w->types, &rs_type_none, 0), "void *");
	check_text(w, rs_type_array(w->types, rows, 2), "uint32[2][3]");
	check_text(w, rs_type_tuple(w->types, 2, pair, NULL), "(int64,string[16])");
	check_text(w, rs_type_tuple(w->types, 2, pair, names), "(x=int64,y=string[16])");
	check_text(w, rs_types_find(w->types, "struct task"), "struct task");
	for (int i = 0; i < 100; i++)
		p = rs_type_pointer(w->types, p, 0);
	assert_non_null(strstr(rs_type_text(&w->arena, p), "..."));
}

static void check_int(struct world *w, const char *name, unsigned size, bool is_signed)
{
	const struct rs_type *t = rs_types_find(w->types, name);

	assert_non_null(t);
	assert_true(rs_type_equal(t, rs_type_int(size, is_signed)));
}

static void test_base_types(void **state)
{
	struct world *w = *state;

	check_int(w, "int", 4, true);
	check_int(w, "unsigned", 4, false);
	check_int(w, "long unsigned int", 8, false);
	check_int(w, "unsigned long long", 8, false);
	check_int(w, "short int", 2, true);
	check_int(w, "signed char", 1, true);
	check_int(w, "unsigned char", 1, false);
	check_int(w, "uint8", 1, false);
	check_int(w, "int64", 8, true);
	check_int(w, "u8", 1, false);
	check_int(w, "wchar_t", 4, true);
	check_int(w, "__be32", 4, false);
	check_int(w, "__aligned_u64", 8, false);
	check_int(w, "size_t", 8, false);
	check_int(w, "pid_t", 4, true);
	assert_true(rs_types_find(w->types, "char")->is_char);
	assert_false(rs_types_find(w->types, "signed char")->is_char);
	assert_false(rs_types_find(w->types, "int8")->is_char);
	assert_int_equal(rs_types_find(w->types, "void")->kind, RS_TYPE_NONE);
	assert_int_equal(rs_types_find(w->types, "_Bool")->kind, RS_TYPE_BOOL);
	assert_int_equal(w->asked, 0);
	assert_null(rs_types_find(w->types, "long char"));
	assert_null(rs_types_find(w->types, "signed unsigned"));
	assert_null(rs_types_find(w->types, "long long long"));
	assert_null(rs_types_find(w->types, ""));
	assert_string_equal(rs_types_nearest(w->types, "unit64"), "uint64");
	assert_null(rs_types_nearest(w->types, "nothing like it"));
}

/* The source is asked once for each name, also for those it does not know. */
static void test_source(void **state)
{
	struct world *w = *state;

	assert_non_null(rs_types_find(w->types, "kpid_t"));
	assert_non_null(rs_types_find(w->types, "kpid_t"));
	assert_null(rs_types_find(w->types, "struct nobody"));
	assert_null(rs_types_find(w->types, "struct nobody"));
	assert_int_equal(w->asked, 2);
}

static void test_fields(void **state)
{
	struct world *w = *state;
	const struct rs_type *task = rs_types_find(w->types, "struct task");
	struct rs_field field;

	assert_true(task->lazy);
	assert_true(rs_type_field(w->types, task, "pid", &field));
	assert_int_equal(field.offset, 4);
	assert_true(rs_type_field(w->types, task, "cookie", &field));
	assert_int_equal(field.offset, 24);
	assert_false(rs_type_field(w->types, task, "", &field));
	assert_false(rs_type_field(w->types, task, "pidd", &field));
	assert_false(rs_type_field(w->types, rs_type_int64, "pid", &field));
	assert_string_equal(rs_type_nearest_field(w->types, task, "cokie"), "cookie");
	assert_int_equal(w->asked, 2);
	assert_false(rs_type_complete(w->types, task)->lazy);
	assert_ptr_equal(rs_type_complete(w->types, task), rs_type_complete(w->types, task));
}

static enum rs_space space_of(struct world *w, enum rs_space space, const char *name)
{
	const struct rs_type *task = rs_types_find(w->types, "struct task");
	struct rs_field field;

	task = rs_type_in_space(w->types, task, space);
	assert_true(rs_type_field(w->types, task, name, &field));
	return field.type->space;
}

static void test_spaces(void **state)
{
	struct world *w = *state;

	assert_int_equal(space_of(w, RS_SPACE_UNKNOWN, "parent"), RS_SPACE_UNKNOWN);
	assert_int_equal(space_of(w, RS_SPACE_KERNEL, "parent"), RS_SPACE_KERNEL);
	assert_int_equal(space_of(w, RS_SPACE_BTF, "parent"), RS_SPACE_BTF);
	assert_int_equal(space_of(w, RS_SPACE_BPF, "parent"), RS_SPACE_UNKNOWN);
	assert_int_equal(space_of(w, RS_SPACE_BTF, "args"), RS_SPACE_USER);
	assert_int_equal(w->asked, 2);
}

/* Only the struct's contents: not those of what it points to. */
static void test_deep(void **state)
{
	struct world *w = *state;
	const struct rs_type *task = rs_types_find(w->types, "struct task");
	const struct rs_type *whole = rs_type_complete_deep(w->types,
							    rs_type_array(w->types, task, 2));

	assert_int_equal(whole->kind, RS_TYPE_ARRAY);
	assert_int_equal(whole->count, 2);
	assert_int_equal(rs_type_sizeof(whole), 80);
	assert_int_equal(whole->element->n_fields, 4);
	assert_true(whole->element->fields[1].type->element->lazy);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, enter, leave)
	const struct CMUnitTest tests[] = {
		TEST(test_slots),      TEST(test_sizes_do_not_wrap),
		TEST(test_equal),      TEST(test_text),
		TEST(test_base_types), TEST(test_source),
		TEST(test_fields),     TEST(test_spaces),
		TEST(test_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
