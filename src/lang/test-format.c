/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lang/source.h"
#include "lang/type.h"

#define COMMON                                                                                     \
	"format:\n"                                                                                \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"                     \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"

struct world {
	struct rs_arena arena;
	struct rs_types *types;
	const struct rs_type *format;
};

static int enter(void **state)
{
	static struct world w;

	w = (struct world){ 0 };
	rs_arena_init(&w.arena, 16 << 20);
	w.types = rs_types_new(&w.arena, NULL);
	*state = &w;
	return w.types ? 0 : -1;
}

static int leave(void **state)
{
	struct world *w = *state;

	rs_arena_done(&w->arena);
	return 0;
}

static void read_format(struct world *w, const char *group, const char *text)
{
	w->format = rs_types_from_format(w->types, group, "event", text);
	assert_non_null(w->format);
}

static struct rs_field check(struct world *w, const char *name, const char *type, unsigned offset)
{
	struct rs_field field = { 0 };

	if (!rs_type_field(w->types, w->format, name, &field))
		fail_msg("no %s", name);
	assert_string_equal(rs_type_text(&w->arena, field.type), type);
	assert_int_equal(field.offset, offset);
	return field;
}

/* Words whatever they are called; pointers are the process's. */
static void test_system_call(void **state)
{
	struct world *w = *state;
	struct rs_field field;

	read_format(w, "syscalls",
		    "name: sys_enter_execveat\nID: 860\n" COMMON
		    "\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n"
		    "\tfield:int dfd;\toffset:16;\tsize:8;\tsigned:0;\n"
		    "\tfield:const char * filename;\toffset:24;\tsize:8;\tsigned:0;\n"
		    "\tfield:const char *const * argv;\toffset:32;\tsize:8;\tsigned:0;\n"
		    "\tfield:unsigned int flags;\toffset:40;\tsize:8;\tsigned:0;\n"
		    "\tfield:struct stat * statbuf;\toffset:48;\tsize:8;\tsigned:0;\n"
		    "\nprint fmt: \"field:int x;\toffset:1;\", REC->x\n");
	assert_string_equal(w->format->name, "struct tracepoint_syscalls_event");
	assert_int_equal(rs_type_sizeof(w->format), 56);
	check(w, "common_type", "uint16", 0);
	check(w, "common_pid", "int32", 4);
	check(w, "__syscall_nr", "int32", 8);
	check(w, "dfd", "int64", 16);
	check(w, "flags", "uint64", 40);
	field = check(w, "filename", "char *", 24);
	assert_int_equal(field.type->space, RS_SPACE_USER);
	field = check(w, "argv", "char **", 32);
	assert_int_equal(field.type->space, RS_SPACE_USER);
	assert_int_equal(field.type->element->space, RS_SPACE_USER);
	assert_int_equal(check(w, "statbuf", "struct stat *", 48).type->space, RS_SPACE_USER);
}

static void test_arrays_and_names(void **state)
{
	struct world *w = *state;
	struct rs_field field;

	read_format(
		w, "sched",
		COMMON
		"\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"
		"\tfield:pid_t prev_pid;\toffset:24;\tsize:4;\tsigned:1;\n"
		"\tfield:char comm[TASK_COMM_LEN];\toffset:28;\tsize:16;\tsigned:1;\n"
		"\tfield:__u8 saddr[sizeof(struct sockaddr_in6)];\toffset:44;\tsize:28;\tsigned:0;\n"
		"\tfield:unsigned long args[6];\toffset:72;\tsize:48;\tsigned:0;\n"
		"\tfield:dev_t dev;\toffset:120;\tsize:4;\tsigned:0;\n"
		"\tfield:bool ok;\toffset:124;\tsize:1;\tsigned:0;\n"
		"\tfield:char direction;\toffset:125;\tsize:1;\tsigned:0;\n"
		"\tfield:enum zone_type zone;\toffset:128;\tsize:4;\tsigned:1;\n"
		"\tfield:guid_t uuid;\toffset:132;\tsize:16;\tsigned:0;\n"
		"\tfield:foo_t foos[4];\toffset:148;\tsize:8;\tsigned:1;\n"
		"\tfield:void __seg_gs * where;\toffset:160;\tsize:8;\tsigned:0;\n"
		"\tfield:void *ips[2];\toffset:168;\tsize:16;\tsigned:0;\n"
		"\tfield:struct timespec64 when;\toffset:184;\tsize:16;\tsigned:0;\n"
		"\tfield:int (*fn)(int);\toffset:200;\tsize:8;\tsigned:0;\n"
		"\tfield:short pairs[2][3];\toffset:208;\tsize:12;\tsigned:1;\n");
	assert_true(rs_type_is_text(check(w, "prev_comm", "char[16]", 8).type));
	check(w, "prev_pid", "int32", 24);
	check(w, "comm", "char[16]", 28);
	check(w, "saddr", "uint8[28]", 44);
	check(w, "args", "uint64[6]", 72);
	check(w, "dev", "uint32", 120);
	check(w, "ok", "bool", 124);
	check(w, "direction", "uint8", 125);
	field = check(w, "zone", "enum zone_type", 128);
	assert_true(field.type->lazy && field.type->is_signed);
	check(w, "uuid", "uint8[16]", 132);
	check(w, "foos", "int16[4]", 148);
	assert_int_equal(check(w, "where", "void *", 160).type->space, RS_SPACE_KERNEL);
	check(w, "ips", "void *[2]", 168);
	field = check(w, "when", "struct timespec64", 184);
	assert_int_equal(rs_type_sizeof(field.type), 16);
	check(w, "fn", "void *", 200);
	check(w, "pairs", "int16[2][3]", 208);
}

static void test_found_elsewhere(void **state)
{
	struct world *w = *state;
	struct rs_field field;

	read_format(w, "net",
		    COMMON
		    "\tfield:__data_loc char[] name;\toffset:8;\tsize:4;\tsigned:0;\n"
		    "\tfield:__rel_loc char[] rel;\toffset:12;\tsize:4;\tsigned:0;\n"
		    "\tfield:__data_loc u64[] many;\toffset:16;\tsize:4;\tsigned:0;\n"
		    "\tfield:__data_loc cpumask_t *[] mask;\toffset:20;\tsize:4;\tsigned:0;\n"
		    "\tfield:__data_loc odd_t[] odd;\toffset:24;\tsize:4;\tsigned:0;\n");
	field = check(w, "name", "char[0]", 8);
	assert_int_equal(field.data_loc, 1);
	assert_true(rs_type_is_text(field.type));
	field = check(w, "rel", "char[0]", 12);
	assert_int_equal(field.data_loc, 2);
	check(w, "many", "uint64[0]", 16);
	check(w, "mask", "void *[0]", 20);
	assert_int_equal(check(w, "odd", "uint8[0]", 24).data_loc, 1);
}

/* The script may say what the struct of a name is. */
static void test_names_are_filled_in(void **state)
{
	struct rs_diags diags = { 0 };
	struct world *w = *state;
	struct rs_field field;

	diags.arena = &w->arena;
	read_format(w, "x",
		    "\tfield:struct late * p;\toffset:0;\tsize:8;\tsigned:0;\n"
		    "\tfield:struct late v;\toffset:8;\tsize:8;\tsigned:0;\n"
		    "\tfield:enum e e;\toffset:16;\tsize:1;\tsigned:0;\n");
	assert_null(rs_types_find(w->types, "struct late"));
	rs_types_declare(w->types, "struct late { int a, b; }; enum e { A, B };", &diags,
			 &(struct rs_span){ 0 });
	field = check(w, "p", "struct late *", 0);
	assert_true(rs_type_field(w->types, field.type->element, "b", &field));
	field = check(w, "v", "struct late", 8);
	assert_true(rs_type_field(w->types, field.type, "b", &field));
	assert_int_equal(field.offset, 4);
	field = check(w, "e", "enum e", 16);
	assert_int_equal(rs_type_sizeof(field.type), 1);
	assert_int_equal(rs_type_complete(w->types, field.type)->n_fields, 2);
}

static void test_no_format(void **state)
{
	struct world *w = *state;

	assert_null(rs_types_from_format(w->types, "a", "b", ""));
	assert_null(rs_types_from_format(w->types, "a", "b", "name: x\nID: 3\n"));
	assert_null(rs_types_from_format(w->types, "a", "b", "field:int x; offset:;\tsize:4;"));
	assert_null(rs_types_from_format(w->types, "a", "b", "field:int x offset:0 size:4"));
	assert_null(rs_types_from_format(w->types, "a", "b",
					 "field:int x;\toffset:99999999999999999999;\tsize:4;"));
	assert_null(rs_types_from_format(w->types, "a", "b", "field:;\toffset:0;\tsize:4;"));
	assert_null(rs_types_from_format(w->types, "a", "b", "field:[[[[;\toffset:0;\tsize:4;"));
}

/* Strange sizes and texts make strange types, no harm. */
static void test_hostile(void **state)
{
	static const char *const texts[] = {
		"int x",         "char x[4",
		"char x[4]",     "char x[99999999999]",
		"struct { int",  "struct a { int b; } x",
		"((((((x",       "* x",
		"__data_loc",    "__rel_loc [",
		"enum x",        "int x[2][2][2][2]",
		"u8 *x[3]",      "/* x",
		"\"x",           "int : 3 x",
		"struct a x[3]", "void x",
		"void x[2]",     "foo bar baz",
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		for (unsigned size = 0; size < 20; size++) {
			char text[128];

			snprintf(text, sizeof(text),
				 "\tfield:%s;\toffset:%u;\tsize:%u;\tsigned:1;\n", texts[i], size,
				 size == 19 ? 1u << 29 : size);
			w->format = rs_types_from_format(w->types, "g", "e", text);
			if (w->format) {
				rs_type_text(&w->arena, w->format->fields[0].type);
				rs_type_slot(w->format->fields[0].type);
			}
		}
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, enter, leave)
	const struct CMUnitTest tests[] = {
		TEST(test_system_call),     TEST(test_arrays_and_names),
		TEST(test_found_elsewhere), TEST(test_names_are_filled_in),
		TEST(test_no_format),       TEST(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
