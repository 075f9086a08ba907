/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "base/test-scratch.h"
#include "kern/btf.h"
#include "kern/test-btf-blob.h"

/* Numbers of the types of write_kernel(). */
enum {
	INT = 1,
	CHAR,
	POINT,
	POINT_P,
	CONST_POINT,
	NAME,
	USER_TAG,
	USER_CHAR,
	FUNC,
	PROTO,
	COLOUR,
	BIG,
	BITS,
	FORWARD,
	VARIABLE,
	SECTION,
	FLOAT,
	DECL_TAG,
	VOLATILE,
	RESTRICT,
	PACKED,
	KERNEL_END,
};

static void write_kernel(struct blob *b)
{
	blob_init(b, 0);
	blob_int(b, "int", 4, RS_BTF_INT_SIGNED);
	blob_int(b, "char", 1, 0);
	blob_type(b, "point", RS_BTF_STRUCT, 3, false, 16);
	blob_member(b, "x", INT, 0);
	blob_member(b, "next", POINT_P, 64);
	blob_member(b, "y", INT, 32);
	blob_type(b, "", RS_BTF_PTR, 0, false, CONST_POINT);
	blob_type(b, "", RS_BTF_CONST, 0, false, POINT);
	blob_type(b, "name_t", RS_BTF_TYPEDEF, 0, false, CONST_POINT);
	blob_type(b, "user", RS_BTF_TYPE_TAG, 0, false, CHAR);
	blob_type(b, "", RS_BTF_PTR, 0, false, USER_TAG);
	blob_type(b, "point", RS_BTF_FUNC, 1, false, PROTO); /* the same name, another kind */
	blob_type(b, "", RS_BTF_FUNC_PROTO, 2, false, INT);
	blob_pair(b, "p", POINT_P);
	blob_pair(b, "", 0);
	blob_type(b, "colour", RS_BTF_ENUM, 2, true, 4);
	blob_pair(b, "RED", 1);
	blob_pair(b, "NO_COLOUR", (uint32_t)-1);
	blob_type(b, "big", RS_BTF_ENUM64, 1, false, 8);
	blob_member(b, "LARGE", 5, 1);
	blob_type(b, "bits", RS_BTF_STRUCT, 2, true, 8);
	blob_member(b, "a", INT, 3u << 24 | 0);
	blob_member(b, "b", INT, 7u << 24 | 3);
	blob_type(b, "forward", RS_BTF_FWD, 0, true, 0);
	blob_type(b, "variable", RS_BTF_VAR, 0, false, INT);
	blob_word(b, 1);
	blob_type(b, ".data", RS_BTF_DATASEC, 1, false, 4);
	blob_member(b, "", VARIABLE, 4);
	blob_type(b, "float", RS_BTF_FLOAT, 0, false, 4);
	blob_type(b, "note", RS_BTF_DECL_TAG, 0, false, POINT);
	blob_word(b, 0);
	blob_type(b, "", RS_BTF_VOLATILE, 0, false, INT);
	blob_type(b, "", RS_BTF_RESTRICT, 0, false, POINT_P);
	blob_type(b, "packed", RS_BTF_STRUCT, 2, false, 5);
	blob_member(b, "c", CHAR, 0);
	blob_member(b, "i", INT, 8);
}

struct world {
	struct rs_str data, module_data;
	struct rs_btf *btf, *module;
	uint32_t strings;
};

static int enter(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct blob b;

	write_kernel(&b);
	blob_finish(&b, &w->data);
	w->strings = (uint32_t)b.strings.len;
	blob_done(&b);
	/* A module has a struct of its own that holds one of the kernel's. */
	blob_init(&b, w->strings);
	blob_type(&b, "inner", RS_BTF_STRUCT, 1, false, 16);
	blob_member(&b, "p", POINT, 0);
	blob_type(&b, "module_fn", RS_BTF_FUNC, 0, false, PROTO);
	blob_finish(&b, &w->module_data);
	blob_done(&b);
	*state = w;
	return rs_btf_open_memory(w->data.data, w->data.len, NULL, &w->btf, NULL) ||
	       rs_btf_open_memory(w->module_data.data, w->module_data.len, w->btf, &w->module,
				  NULL);
}

static int leave(void **state)
{
	struct world *w = *state;

	rs_btf_close(&w->module);
	rs_btf_close(&w->btf);
	rs_str_done(&w->data);
	rs_str_done(&w->module_data);
	free(w);
	return 0;
}

static void test_find(void **state)
{
	struct world *w = *state;

	assert_int_equal(rs_btf_find(w->btf, "point", RS_BTF_MASK(RS_BTF_STRUCT)), POINT);
	assert_int_equal(rs_btf_find(w->btf, "point", RS_BTF_MASK(RS_BTF_FUNC)), FUNC);
	assert_int_equal(rs_btf_find(w->btf, "point", RS_BTF_MASK(RS_BTF_UNION)), 0);
	assert_int_equal(rs_btf_find(w->btf, "packed", ~0u), PACKED);
	assert_int_equal(rs_btf_find(w->btf, "poin", ~0u), 0);
	assert_int_equal(rs_btf_find(w->btf, "", ~0u), 0);
	assert_int_equal(rs_btf_begin(w->btf), 1);
	assert_int_equal(rs_btf_end(w->btf), KERNEL_END);
}

static void test_contents(void **state)
{
	struct world *w = *state;
	struct rs_btf_member member;
	struct rs_btf_param param;
	struct rs_btf_type t;

	assert_true(rs_btf_get(w->btf, POINT, &t));
	assert_int_equal(t.n, 3);
	assert_int_equal(t.size, 16);
	rs_btf_member(&t, 1, &member);
	assert_string_equal(member.name, "next");
	assert_int_equal(member.at, 64);
	assert_int_equal(member.type, POINT_P);
	assert_true(rs_btf_get(w->btf, BITS, &t));
	rs_btf_member(&t, 1, &member);
	assert_int_equal(member.at, 3);
	assert_int_equal(member.bit_size, 7);
	assert_true(rs_btf_get(w->btf, PROTO, &t));
	assert_int_equal(t.to, INT);
	rs_btf_param(&t, 0, &param);
	assert_string_equal(param.name, "p");
	rs_btf_param(&t, 1, &param);
	assert_int_equal(param.type, 0);
	assert_true(rs_btf_get(w->btf, INT, &t));
	assert_int_equal(t.bits, 32);
	assert_int_equal(t.encoding, RS_BTF_INT_SIGNED);
	assert_true(rs_btf_get(w->btf, FORWARD, &t));
	assert_true(t.flag);
	assert_false(rs_btf_get(w->btf, 0, &t));
	assert_int_equal(t.kind, RS_BTF_VOID);
	assert_false(rs_btf_get(w->btf, KERNEL_END, &t));
	assert_false(rs_btf_get(w->btf, UINT32_MAX, &t));
}

static void test_resolve(void **state)
{
	struct world *w = *state;
	struct rs_btf_path path;
	struct rs_btf_type t;

	assert_true(rs_btf_resolve(w->btf, NAME, &t, &path));
	assert_int_equal(t.id, POINT);
	assert_string_equal(path.name, "name_t");
	assert_false(path.user);
	assert_true(rs_btf_resolve(w->btf, USER_TAG, &t, &path));
	assert_int_equal(t.id, CHAR);
	assert_true(path.user);
	assert_null(path.name);
	assert_false(rs_btf_resolve(w->btf, 0, &t, &path));
	assert_int_equal(rs_btf_size(w->btf, NAME), 16);
	assert_int_equal(rs_btf_size(w->btf, POINT_P), 8);
	assert_int_equal(rs_btf_size(w->btf, FUNC), 0);
	assert_int_equal(rs_btf_align(w->btf, POINT), 8);
	assert_int_equal(rs_btf_align(w->btf, PACKED), 1);
	assert_int_equal(rs_btf_align(w->btf, BIG), 8);
}

static void test_constants(void **state)
{
	struct rs_btf_constant constant;
	struct world *w = *state;

	assert_int_equal(rs_btf_find_constant(w->btf, "RED", &constant), COLOUR);
	assert_int_equal(constant.value, 1);
	assert_int_equal(rs_btf_find_constant(w->btf, "NO_COLOUR", &constant), COLOUR);
	assert_int_equal(constant.value, -1);
	assert_int_equal(rs_btf_find_constant(w->btf, "LARGE", &constant), BIG);
	assert_int_equal(constant.value, 0x100000005);
	assert_int_equal(rs_btf_find_constant(w->btf, "GREEN", &constant), 0);
	assert_int_equal(rs_btf_find_constant(w->btf, "", &constant), 0);
}

static int count_named(const struct rs_btf_type *t, void *data)
{
	++*(unsigned *)data;
	return strcmp(t->name, "bits") == 0;
}

static void test_each(void **state)
{
	struct world *w = *state;
	unsigned n = 0;

	assert_int_equal(rs_btf_each(w->btf, RS_BTF_MASK(RS_BTF_STRUCT), count_named, &n), 1);
	assert_int_equal(n, 2);
	n = 0;
	assert_int_equal(rs_btf_each(w->btf, RS_BTF_MASK(RS_BTF_FUNC), count_named, &n), 0);
	assert_int_equal(n, 1);
}

static void test_module(void **state)
{
	struct world *w = *state;
	struct rs_btf_member member;
	struct rs_btf_type t;
	uint32_t id = rs_btf_find(w->module, "inner", ~0u);

	assert_int_equal(id, KERNEL_END);
	assert_int_equal(rs_btf_begin(w->module), KERNEL_END);
	assert_true(rs_btf_get(w->module, id, &t));
	assert_string_equal(t.name, "inner");
	rs_btf_member(&t, 0, &member);
	assert_true(rs_btf_get(w->module, member.type, &t));
	assert_string_equal(t.name, "point");
	assert_ptr_equal(t.btf, w->btf);
	assert_int_equal(rs_btf_find(w->module, "point", ~0u), 0);
	assert_int_equal(rs_btf_align(w->module, id), 8);
}

/* Whatever can be asked of a file. */
static int walk_type(const struct rs_btf_type *t, void *data)
{
	struct rs_btf *btf = data;
	struct rs_btf_constant constant;
	struct rs_btf_member member;
	struct rs_btf_param param;
	struct rs_btf_path path;
	struct rs_btf_type other;
	size_t n = strlen(t->name);

	for (uint32_t i = 0; i < t->n; i++) {
		if (t->kind == RS_BTF_STRUCT || t->kind == RS_BTF_UNION) {
			rs_btf_member(t, i, &member);
			n += strlen(member.name);
		} else if (t->kind == RS_BTF_ENUM || t->kind == RS_BTF_ENUM64) {
			rs_btf_constant(t, i, &constant);
			n += strlen(constant.name);
		} else if (t->kind == RS_BTF_FUNC_PROTO) {
			rs_btf_param(t, i, &param);
			n += strlen(param.name);
		}
	}
	rs_btf_resolve(btf, t->id, &other, &path);
	rs_btf_size(btf, t->id);
	rs_btf_align(btf, t->id);
	return n > 1u << 30;
}

static void walk(const void *data, size_t size)
{
	_cleanup_(rs_btf_close) struct rs_btf *btf = NULL;
	void *copy = malloc(size ? size : 1); /* so that reading past it is seen */

	memcpy(copy, data, size);
	if (rs_btf_open_memory(copy, size, NULL, &btf, NULL) == 0) {
		struct rs_btf_constant constant;

		rs_btf_find(btf, "point", ~0u);
		rs_btf_find_constant(btf, "RED", &constant);
		rs_btf_each(btf, ~0u, walk_type, btf);
	}
	rs_btf_close(&btf);
	free(copy);
}

/* Each byte of a good file spoilt in turn, and each beginning of it. */
static void test_damaged(void **state)
{
	struct world *w = *state;
	static const uint8_t spoilers[] = { 0xff, 0x80, 0x01 };

	for (size_t i = 0; i < w->data.len; i++) {
		for (size_t k = 0; k < sizeof(spoilers); k++) {
			w->data.data[i] ^= (char)spoilers[k];
			walk(w->data.data, w->data.len);
			w->data.data[i] ^= (char)spoilers[k];
		}
		walk(w->data.data, i);
	}
}

static void test_no_btf(void **state)
{
	static const char text[] = "this is a text and no BTF at all";
	struct rs_error err = RS_ERROR_INIT;
	struct rs_btf *btf = NULL;

	(void)state;
	assert_int_equal(rs_btf_open_memory(text, sizeof(text), NULL, &btf, &err), -EBADMSG);
	assert_int_equal(rs_btf_open_memory("", 0, NULL, &btf, &err), -EBADMSG);
	assert_int_equal(rs_btf_open("/nonexistent", NULL, &btf, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "/nonexistent"));
	assert_null(btf);
}

/* Circles and structs inside structs end. */
static void test_endless(void **state)
{
	_cleanup_(rs_btf_close) struct rs_btf *btf = NULL;
	_cleanup_(rs_str_done) struct rs_str data = { 0 };
	struct rs_btf_type t;
	struct blob b;

	(void)state;
	blob_init(&b, 0);
	blob_type(&b, "a", RS_BTF_TYPEDEF, 0, false, 2);
	blob_type(&b, "b", RS_BTF_TYPEDEF, 0, false, 1);
	blob_array(&b, 3, 7);
	blob_type(&b, "self", RS_BTF_STRUCT, 2, false, 8);
	blob_member(&b, "", 4, 0);
	blob_member(&b, "", 4, 0);
	blob_finish(&b, &data);
	blob_done(&b);
	assert_int_equal(rs_btf_open_memory(data.data, data.len, NULL, &btf, NULL), 0);
	assert_false(rs_btf_resolve(btf, 1, &t, NULL));
	assert_int_equal(rs_btf_size(btf, 1), 0);
	assert_int_equal(rs_btf_size(btf, 3), 0);
	assert_int_equal(rs_btf_align(btf, 4), 1);
}

/* Types before one of an unknown kind can be used. */
static void test_future_kind(void **state)
{
	_cleanup_(rs_btf_close) struct rs_btf *btf = NULL;
	_cleanup_(rs_str_done) struct rs_str data = { 0 };
	struct blob b;

	(void)state;
	blob_init(&b, 0);
	blob_int(&b, "int", 4, 0);
	blob_type(&b, "odd", 30, 0, false, 0);
	blob_int(&b, "long", 8, 0);
	blob_finish(&b, &data);
	blob_done(&b);
	assert_int_equal(rs_btf_open_memory(data.data, data.len, NULL, &btf, NULL), 0);
	assert_int_equal(rs_btf_find(btf, "int", ~0u), 1);
	assert_int_equal(rs_btf_find(btf, "long", ~0u), 0);
	assert_int_equal(rs_btf_end(btf), 2);
}

static void write_file(const char *path, const struct rs_str *data)
{
	_cleanup_(rs_cleanup_fclose) FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data->data, 1, data->len, file), data->len);
}

static void test_set(void **state)
{
	_cleanup_(rs_btf_set_free) struct rs_btf_set *set = NULL;
	struct rs_error err = RS_ERROR_INIT;
	void *inner = NULL;
	unsigned number = 77;
	struct world *w;

	(void)state;
	assert_int_equal(enter(&inner), 0);
	w = inner;
	write_file("vmlinux", &w->data);
	write_file("mod", &w->module_data);
	write_file("broken", &(struct rs_str){ .data = (char[]){ "xxx" }, .len = 3 });
	assert_int_equal(rs_btf_set_new("vmlinux", ".", &set), 0);
	assert_int_equal(rs_btf_set_find(set, "", "point", ~0u, &number), POINT);
	assert_int_equal(number, 0);
	assert_int_equal(rs_btf_set_find(set, "", "module_fn", ~0u, &number), KERNEL_END + 1);
	assert_string_equal(rs_btf_set_name(set, number), "mod");
	assert_int_equal(rs_btf_set_find(set, "mod", "inner", ~0u, &number), KERNEL_END);
	assert_int_equal(rs_btf_set_find(set, "mod", "point", ~0u, &number), 0);
	assert_int_equal(rs_btf_set_find(set, "vmlinux", "inner", ~0u, &number), 0);
	assert_int_equal(rs_btf_set_find(set, "nomod", "inner", ~0u, &number), 0);
	assert_int_equal(rs_btf_set_count(set), 3);
	assert_null(rs_btf_set_at(set, 3));
	rs_btf_set_free(&set);
	assert_int_equal(rs_btf_set_new("absent", "absent", &set), 0);
	assert_null(rs_btf_set_vmlinux(set, &err));
	assert_int_equal(err.code, -ENOENT);
	assert_int_equal(rs_btf_set_find(set, "", "point", ~0u, &number), 0);
	leave(&inner);
}

/* This machine's own. */
static void test_kernel(void **state)
{
	_cleanup_(rs_btf_close) struct rs_btf *btf = NULL;
	struct rs_btf_type t;
	uint32_t id;

	(void)state;
	if (rs_btf_open(RS_BTF_VMLINUX, NULL, &btf, NULL) < 0)
		skip();
	id = rs_btf_find(btf, "task_struct", RS_BTF_MASK(RS_BTF_STRUCT));
	assert_true(rs_btf_get(btf, id, &t));
	assert_true(t.n > 50 && t.size > 1000);
	assert_int_equal(rs_btf_align(btf, id) % 8, 0);
	assert_int_not_equal(rs_btf_find(btf, "btf_trace_sched_switch", ~0u), 0);
	assert_int_equal(rs_btf_each(btf, ~0u, walk_type, btf), 0);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, enter, leave)
	const struct CMUnitTest tests[] = {
		TEST(test_find),
		TEST(test_contents),
		TEST(test_resolve),
		TEST(test_constants),
		TEST(test_each),
		TEST(test_module),
		TEST(test_damaged),
		cmocka_unit_test(test_no_btf),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_future_kind),
		scratch_test(test_set),
		cmocka_unit_test(test_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
