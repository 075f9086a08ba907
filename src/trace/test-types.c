/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/test-scratch.h"
#include "kern/test-btf-blob.h"
#include "trace/types.h"

enum {
	INT = 1,
	CHAR,
	BOOL,
	ULONG,
	SOCK,
	SOCK_P,
	USER_TAG,
	USER_P,
	PERCPU_TAG,
	PERCPU_P,
	NAME,
	COLOUR,
	ANON_UNION,
	ANON_TYPEDEF,
	ANON_STRUCT,
	FORWARD,
	FORWARD_P,
	FN,
	FN_PROTO,
	FN_P,
	RAW_PROTO,
	RAW_P,
	RAW,
	ITER_UNION,
	ITER,
	LONG_LONG,
	HUGE_ARRAY,
	SELF,
	VOID_P,
	PAIR,
	BITS,
};

static void write_structs(struct blob *b)
{
	blob_type(b, "sock", RS_BTF_STRUCT, 12, false, 96);
	blob_member(b, "family", INT, 0);
	blob_member(b, "next", SOCK_P, 64);
	blob_member(b, "buffer", USER_P, 128);
	blob_member(b, "counters", PERCPU_P, 192);
	blob_member(b, "name", NAME, 256);
	blob_member(b, "colour", COLOUR, 384);
	blob_member(b, "ok", BOOL, 416);
	blob_member(b, "", ANON_UNION, 448);
	blob_member(b, "typed", ANON_TYPEDEF, 512);
	blob_member(b, "later", FORWARD_P, 576);
	blob_member(b, "call", FN_P, 640);
	blob_member(b, "outside", INT, 800);
	blob_type(b, "", RS_BTF_PTR, 0, false, SOCK);
	blob_type(b, "user", RS_BTF_TYPE_TAG, 0, false, CHAR);
	blob_type(b, "", RS_BTF_PTR, 0, false, USER_TAG);
	blob_type(b, "percpu", RS_BTF_TYPE_TAG, 0, false, SOCK);
	blob_type(b, "", RS_BTF_PTR, 0, false, PERCPU_TAG);
	blob_array(b, CHAR, 16);
	blob_type(b, "colour", RS_BTF_ENUM, 2, false, 4);
	blob_pair(b, "RED", 1);
	blob_pair(b, "BLUE", 7);
	blob_type(b, "", RS_BTF_UNION, 2, false, 8);
	blob_member(b, "number", ULONG, 0);
	blob_member(b, "half", INT, 0);
	blob_type(b, "typed_t", RS_BTF_TYPEDEF, 0, false, ANON_STRUCT);
	blob_type(b, "", RS_BTF_STRUCT, 1, false, 8);
	blob_member(b, "inside", ULONG, 0);
	blob_type(b, "sock_later", RS_BTF_FWD, 0, false, 0);
	blob_type(b, "", RS_BTF_PTR, 0, false, FORWARD);
}

static void write_functions(struct blob *b)
{
	blob_type(b, "send_it", RS_BTF_FUNC, 1, false, FN_PROTO);
	blob_type(b, "", RS_BTF_FUNC_PROTO, 5, false, INT);
	blob_pair(b, "sk", SOCK_P);
	blob_pair(b, "buf", USER_P);
	blob_pair(b, "pair", PAIR);
	blob_pair(b, "n", ULONG);
	blob_pair(b, "", 0);
	blob_type(b, "", RS_BTF_PTR, 0, false, FN_PROTO);
	blob_type(b, "", RS_BTF_FUNC_PROTO, 3, false, 0);
	blob_pair(b, "__data", VOID_P);
	blob_pair(b, "sk", SOCK_P);
	blob_pair(b, "colour", COLOUR);
	blob_type(b, "", RS_BTF_PTR, 0, false, RAW_PROTO);
	blob_type(b, "btf_trace_send", RS_BTF_TYPEDEF, 0, false, RAW_P);
	blob_type(b, "", RS_BTF_UNION, 2, true, 8);
	blob_member(b, "sk", SOCK_P, 0);
	blob_member(b, "", LONG_LONG, 64u << 24);
	blob_type(b, "bpf_iter__sock", RS_BTF_STRUCT, 2, false, 16);
	blob_member(b, "", ITER_UNION, 0);
	blob_member(b, "uid", INT, 64);
}

static void write_rest(struct blob *b)
{
	blob_int(b, "long long unsigned int", 8, 0);
	blob_array(b, LONG_LONG, UINT32_MAX);
	blob_type(b, "self", RS_BTF_STRUCT, 3, false, 8);
	blob_member(b, "", SELF, 0);
	blob_member(b, "", SELF, 0);
	blob_member(b, "huge", HUGE_ARRAY, 0);
	blob_type(b, "", RS_BTF_PTR, 0, false, 0);
	blob_type(b, "pair", RS_BTF_STRUCT, 2, false, 16);
	blob_member(b, "a", ULONG, 0);
	blob_member(b, "b", ULONG, 64);
	blob_type(b, "bits", RS_BTF_STRUCT, 3, true, 8);
	blob_member(b, "a", INT, 3u << 24);
	blob_member(b, "", INT, 2u << 24 | 3);
	blob_member(b, "b", INT, 20u << 24 | 40);
}

struct world {
	void *scratch;
	struct rs_arena arena;
	struct rs_btf_set *set;
	struct rs_trace_types *answers;
	struct rs_lang_source source;
	struct rs_types *types;
};

static int open_world(struct world *w, const char *vmlinux)
{
	rs_arena_init(&w->arena, 64 << 20);
	if (rs_btf_set_new(vmlinux, vmlinux ? "." : NULL, &w->set) < 0 ||
	    rs_trace_types_new(w->set, &w->answers) < 0)
		return -1;
	rs_trace_types_source(w->answers, &w->source);
	w->types = rs_types_new(&w->arena, &w->source);
	return w->types ? 0 : -1;
}

static void close_world(struct world *w)
{
	rs_arena_done(&w->arena);
	rs_trace_types_free(&w->answers);
	rs_btf_set_free(&w->set);
}

static int enter(void **state)
{
	static struct world w;
	_cleanup_(rs_str_done) struct rs_str data = { 0 };
	_cleanup_(rs_cleanup_fclose) FILE *file = NULL;
	struct blob b;

	w = (struct world){ 0 };
	if (scratch_enter(&w.scratch) < 0)
		return -1;
	*state = &w;
	blob_init(&b, 0);
	blob_int(&b, "int", 4, RS_BTF_INT_SIGNED);
	blob_int(&b, "char", 1, 0);
	blob_int(&b, "_Bool", 1, RS_BTF_INT_BOOL);
	blob_int(&b, "long unsigned int", 8, 0);
	write_structs(&b);
	write_functions(&b);
	write_rest(&b);
	blob_finish(&b, &data);
	blob_done(&b);
	file = fopen("vmlinux", "w");
	if (!file || fwrite(data.data, 1, data.len, file) != data.len)
		return -1;
	rs_cleanup_fclose(&file);
	return open_world(&w, "vmlinux");
}

static int leave(void **state)
{
	struct world *w = *state;

	close_world(w);
	return scratch_leave(&w->scratch);
}

static struct rs_field field_of(struct world *w, const char *type, const char *name)
{
	const struct rs_type *t = rs_types_find(w->types, type);
	struct rs_field field = { 0 };

	if (!t || !rs_type_field(w->types, t, name, &field))
		fail_msg("%s has no %s", type, name);
	return field;
}

static void check(struct world *w, const char *name, const char *text, unsigned offset)
{
	struct rs_field field = field_of(w, "struct sock", name);

	assert_string_equal(rs_type_text(&w->arena, field.type), text);
	assert_int_equal(field.offset, offset);
}

static void test_struct(void **state)
{
	struct world *w = *state;
	const struct rs_type *sock = rs_types_find(w->types, "struct sock");
	struct rs_field field;

	assert_true(sock->lazy);
	assert_int_equal(rs_type_sizeof(sock), 96);
	check(w, "family", "int32", 0);
	check(w, "next", "struct sock *", 8);
	check(w, "buffer", "char *", 16);
	check(w, "name", "char[16]", 32);
	check(w, "colour", "enum colour", 48);
	check(w, "ok", "bool", 52);
	check(w, "number", "uint64", 56);
	check(w, "half", "int32", 56);
	check(w, "typed", "typed_t", 64);
	check(w, "call", "void *", 80);
	assert_true(rs_type_is_text(field_of(w, "struct sock", "name").type));
	assert_int_equal(field_of(w, "struct sock", "buffer").type->space, RS_SPACE_USER);
	assert_int_equal(field_of(w, "struct sock", "next").type->space, RS_SPACE_UNKNOWN);
	assert_int_equal(field_of(w, "struct sock", "counters").type->space, RS_SPACE_KERNEL);
	assert_true(field_of(w, "struct sock", "next").type->element->lazy);
	assert_false(rs_type_field(w->types, sock, "outside", &field));
	assert_true(rs_type_field(w->types, field_of(w, "struct sock", "next").type->element,
				  "family", &field));
	assert_true(rs_type_field(w->types, field_of(w, "struct sock", "typed").type, "inside",
				  &field));
	assert_int_equal(rs_type_complete(w->types, sock)->align, 8);
	assert_string_equal(rs_type_nearest_field(w->types, sock, "familly"), "family");
}

static void test_bit_fields(void **state)
{
	struct world *w = *state;
	struct rs_field field = field_of(w, "struct bits", "a");

	assert_int_equal(field.bit_size, 3);
	field = field_of(w, "struct bits", "b");
	assert_int_equal(field.offset, 4);
	assert_int_equal(field.bit_offset, 8);
	assert_int_equal(field.bit_size, 20);
	assert_int_equal(
		rs_type_complete(w->types, rs_types_find(w->types, "struct bits"))->n_fields, 2);
}

static void test_names(void **state)
{
	struct world *w = *state;
	const struct rs_type *type = NULL;
	int64_t value = 0;

	assert_null(rs_types_find(w->types, "struct sok"));
	assert_null(rs_types_find(w->types, "union sock"));
	assert_null(rs_types_find(w->types, "struct sock_later"));
	assert_null(rs_types_find(w->types, "send_it"));
	assert_string_equal(rs_types_nearest(w->types, "struct sok"), "struct sock");
	assert_string_equal(rs_type_text(&w->arena, rs_types_find(w->types, "typed_t")), "typed_t");
	assert_true(rs_types_find_constant(w->types, "BLUE", &value, &type));
	assert_int_equal(value, 7);
	assert_string_equal(type->name, "enum colour");
	type = rs_type_complete(w->types, type);
	assert_int_equal(type->n_fields, 2);
	assert_string_equal(type->fields[0].name, "RED");
	assert_int_equal(type->fields[1].value, 7);
	assert_false(rs_types_find_constant(w->types, "GREEN", &value, &type));
	assert_string_equal(rs_type_text(&w->arena, rs_types_parse(w->types, "struct sock **")),
			    "struct sock **");
}

static void test_function(void **state)
{
	struct world *w = *state;
	struct rs_prototype p;

	assert_int_equal(w->source.find_function(w->answers, w->types, "", "send_it", &p), 1);
	assert_int_equal(p.n_params, 4);
	assert_string_equal(p.params[0].name, "sk");
	assert_int_equal(p.params[0].type->space, RS_SPACE_KERNEL);
	assert_int_equal(p.params[1].type->space, RS_SPACE_USER);
	assert_int_equal(p.params[2].offset, 16);
	assert_int_equal(p.params[3].offset, 32);
	assert_true(rs_type_equal(p.result, rs_type_int(4, true)));
	assert_int_equal(w->source.find_function(w->answers, w->types, "", "sock", &p), 0);
	assert_int_equal(w->source.find_function(w->answers, w->types, "ext4", "send_it", &p), 0);
}

static void test_rawtracepoint(void **state)
{
	struct world *w = *state;
	struct rs_prototype p;

	assert_int_equal(w->source.find_rawtracepoint(w->answers, w->types, "", "send", &p), 1);
	assert_int_equal(p.n_params, 2);
	assert_string_equal(p.params[0].name, "sk");
	assert_int_equal(p.params[0].offset, 0);
	assert_int_equal(p.params[0].type->space, RS_SPACE_KERNEL);
	assert_int_equal(p.params[1].type->kind, RS_TYPE_ENUM);
	assert_int_equal(p.result->kind, RS_TYPE_NONE);
	assert_int_equal(w->source.find_rawtracepoint(w->answers, w->types, "", "sent", &p), 0);
}

static void test_iterator(void **state)
{
	struct world *w = *state;
	const struct rs_type *t = w->source.find_iter(w->answers, w->types, "sock");

	assert_non_null(t);
	assert_int_equal(t->n_fields, 2);
	assert_string_equal(t->fields[0].name, "sk");
	assert_int_equal(t->fields[0].type->space, RS_SPACE_BTF);
	assert_string_equal(t->fields[1].name, "uid");
	assert_int_equal(t->fields[1].offset, 8);
	assert_null(w->source.find_iter(w->answers, w->types, "nothing"));
}

/* A struct that holds itself twice, and an array that fills the address space. */
static void test_nonsense(void **state)
{
	struct world *w = *state;
	const struct rs_type *self = rs_types_find(w->types, "struct self");
	struct rs_field field;

	assert_false(rs_type_field(w->types, self, "nothing", &field));
	assert_true(rs_type_field(w->types, self, "huge", &field));
	assert_int_equal(field.type->count, 0);
	assert_non_null(rs_type_complete_deep(w->types, self));
	rs_type_nearest_field(w->types, self, "hugee");
}

/* This machine's own. */
static void test_kernel(void **state)
{
	struct world w = { 0 };
	struct rs_prototype p;
	struct rs_field field;
	unsigned number;

	(void)state;
	assert_int_equal(open_world(&w, NULL), 0);
	if (!rs_btf_set_vmlinux(w.set, NULL)) {
		close_world(&w);
		skip();
	}
	field = field_of(&w, "struct task_struct", "comm");
	assert_string_equal(rs_type_text(&w.arena, field.type), "char[16]");
	assert_true(field.offset > 0);
	field = field_of(&w, "struct task_struct", "real_parent");
	assert_string_equal(rs_type_text(&w.arena, field.type), "struct task_struct *");
	assert_int_equal(w.source.find_rawtracepoint(w.answers, w.types, "", "sched_switch", &p),
			 1);
	assert_true(p.n_params >= 3);
	assert_string_equal(rs_type_text(&w.arena, p.params[1].type), "struct task_struct *");
	if (rs_btf_set_find(w.set, "", "__traceiter_sched_switch", RS_BTF_MASK(RS_BTF_FUNC),
			    &number))
		assert_string_equal(p.params[1].name, "prev");
	assert_null(rs_types_find(w.types, "struct task_strut"));
	assert_string_equal(rs_types_nearest(w.types, "struct task_strut"), "struct task_struct");
	rs_type_complete_deep(w.types, rs_types_find(w.types, "struct task_struct"));
	close_world(&w);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, enter, leave)
	const struct CMUnitTest tests[] = {
		TEST(test_struct),   TEST(test_bit_fields),         TEST(test_names),
		TEST(test_function), TEST(test_rawtracepoint),      TEST(test_iterator),
		TEST(test_nonsense), cmocka_unit_test(test_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
