/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "trace/show-internal.h"

/* ---- what the tests show ---- */

static struct rs_program program;
static struct rs_show show;
static struct rs_arena arena = RS_ARENA_INIT(0);

static void name_ksym(void *ctx, uint64_t address, bool with_offset, struct rs_str *out)
{
	(void)ctx;
	rs_str_appendf(out, "kfunc_%x%s", (unsigned)address, with_offset ? "+1" : "");
}

static void name_user(void *ctx, uint32_t uid, struct rs_str *out)
{
	(void)ctx;
	rs_str_appendf(out, "user%u", uid);
}

static int get_stack(void *ctx, const struct rs_stack_ref *ref, bool user, uint64_t *ips,
		     unsigned max)
{
	(void)ctx;
	assert_false(user);
	assert_true(max >= 2);
	ips[0] = ref->id;
	ips[1] = ref->id + 1;
	return 2;
}

static const struct rs_show_names names = { .ksym = name_ksym,
					    .user = name_user,
					    .stack = get_stack };

static int setup(void **state)
{
	(void)state;
	memset(&program, 0, sizeof(program));
	program.config.str_trunc_trailer = "..";
	return rs_show_init(&show, &program, &names, &arena);
}

static int teardown(void **state)
{
	(void)state;
	rs_show_done(&show);
	rs_arena_done(&arena);
	return 0;
}

static void shows(const struct rs_type *type, const void *data, size_t size, uint64_t div,
		  const char *text, const char *json)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);

	assert_int_equal(rs_show_value(&show, type, data, size, div, &out), 0);
	assert_string_equal(rs_str_cstr(&out), text);
	rs_str_reset(&out);
	assert_int_equal(rs_show_value_json(&show, type, data, size, div, &out), 0);
	assert_string_equal(rs_str_cstr(&out), json);
}

static const struct rs_type string16 = { .kind = RS_TYPE_STRING, .size = 16 };
static const struct rs_type cut8 = { .kind = RS_TYPE_STRING, .size = 8, .may_be_cut = true };

static void test_words(void **state)
{
	int64_t minus = -5;
	uint64_t big = UINT64_MAX, small = 300;
	const struct rs_type pointer = { .kind = RS_TYPE_POINTER, .size = 8 };

	(void)state;
	shows(rs_type_int(8, true), &minus, 8, 1, "-5", "-5");
	shows(rs_type_int(4, false), &minus, 8, 1, "4294967291", "4294967291");
	shows(rs_type_int(8, false), &big, 8, 1, "18446744073709551615",
	      "\"18446744073709551615\"");
	shows(rs_type_int(8, true), &small, 8, 7, "42", "42");
	shows(&rs_type_bool, &small, 8, 1, "true", "true");
	shows(&pointer, &small, 8, 1, "0x12c", "300");
}

static void test_too_short(void **state)
{
	char none = 0;

	(void)state;
	shows(rs_type_int(8, true), &none, 0, 1, "0", "0");
	shows(&string16, &none, 0, 1, "", "\"\"");
}

static void test_strings(void **state)
{
	(void)state;
	shows(&string16, "abc\0defghijklmno", 16, 1, "abc", "\"abc\"");
	shows(&string16, "say \"hi\"\n\0\0\0\0\0\0\0", 16, 1, "say \"hi\"\n",
	      "\"say \\\"hi\\\"\\n\"");
	shows(&cut8, "abcdefg\0", 8, 1, "abcdefg..", "\"abcdefg..\"");
	shows(&cut8, "abcdef\0\0", 8, 1, "abcdef", "\"abcdef\"");
}

static void test_compound(void **state)
{
	const struct rs_field elements[] = {
		{ .name = "a", .type = rs_type_int(8, true), .offset = 0 },
		{ .name = "b", .type = &string16, .offset = 8 },
	};
	const struct rs_type tuple = {
		.kind = RS_TYPE_TUPLE, .fields = elements, .n_fields = 2, .size = 24
	};
	const struct rs_type record = {
		.kind = RS_TYPE_RECORD, .fields = elements, .n_fields = 2, .size = 24
	};
	struct {
		int64_t a;
		char b[16];
	} value = { 7, "x y" };

	(void)state;
	shows(&tuple, &value, sizeof(value), 1, "(7, x y)", "[7,\"x y\"]");
	shows(&record, &value, sizeof(value), 1, "{ .a = 7, .b = x y }",
	      "{\"a\": 7, \"b\": \"x y\"}");
}

static void test_struct(void **state)
{
	struct kernel {
		int32_t n;
		unsigned low : 3, high : 5;
		int16_t pair[2];
	} value = { .n = -1, .low = 5, .high = 17, .pair = { 1, -2 } };
	const struct rs_type array = { .kind = RS_TYPE_ARRAY,
				       .element = rs_type_int(2, true),
				       .count = 2 };
	const struct rs_field fields[] = {
		{ .name = "n", .type = rs_type_int(4, true), .offset = 0 },
		{ .name = "low", .type = rs_type_int(4, false), .offset = 4, .bit_size = 3 },
		{ .name = "high",
		  .type = rs_type_int(4, false),
		  .offset = 4,
		  .bit_offset = 3,
		  .bit_size = 5 },
		{ .name = "pair", .type = &array, .offset = offsetof(struct kernel, pair) },
	};
	const struct rs_type type = {
		.kind = RS_TYPE_STRUCT, .fields = fields, .n_fields = 4, .size = sizeof(value)
	};

	(void)state;
	shows(&type, &value, sizeof(value), 1, "{ .n = -1, .low = 5, .high = 17, .pair = [1,-2] }",
	      "{\"n\": -1, \"low\": 5, \"high\": 17, \"pair\": [1,-2]}");
}

static void test_names(void **state)
{
	const struct rs_type ksym = { .kind = RS_TYPE_KSYM }, user = { .kind = RS_TYPE_USERNAME };
	const struct rs_type inet = { .kind = RS_TYPE_INET }, mac = { .kind = RS_TYPE_MAC };
	const struct rs_type stack = { .kind = RS_TYPE_KSTACK, .count = 127 };
	const struct rs_type error = { .kind = RS_TYPE_STRERROR };
	uint64_t v = 16, two = 2;
	uint64_t address[3] = { 2, 0x0100007f, 0 };
	struct rs_stack_ref ref = { .id = 3 };

	(void)state;
	shows(&ksym, &v, 8, 1, "kfunc_10", "\"kfunc_10\"");
	shows(&user, &v, 8, 1, "user16", "\"user16\"");
	shows(&error, &two, 8, 1, "No such file or directory", "\"No such file or directory\"");
	shows(&inet, address, sizeof(address), 1, "127.0.0.1", "\"127.0.0.1\"");
	shows(&mac, "\x0a\xff\0\1\2\3\0\0", 8, 1, "0A:FF:00:01:02:03", "\"0A:FF:00:01:02:03\"");
	shows(&stack, &ref, sizeof(ref), 1, "\n        kfunc_3+1\n        kfunc_4+1\n",
	      "\"\\n        kfunc_3+1\\n        kfunc_4+1\\n\"");
}

static void test_buffer(void **state)
{
	const struct rs_type buffer = { .kind = RS_TYPE_BUFFER, .size = 8 };
	struct {
		uint64_t n;
		char bytes[8];
	} value = { 3, "a\x01\xff" };

	(void)state;
	shows(&buffer, &value, sizeof(value), 1, "a\\x01\\xff", "[97,1,-1]");
	value.n = 1 << 20; /* a lie */
	shows(&buffer, &value, sizeof(value), 1, "a\\x01\\xff\\x00\\x00\\x00\\x00\\x00",
	      "[97,1,-1,0,0,0,0,0]");
}

/* ---- aggregates and maps ---- */

static const struct rs_type count_type = { .kind = RS_TYPE_COUNT };
static const struct rs_type stats_type = { .kind = RS_TYPE_STATS };
static const struct rs_type max_type = { .kind = RS_TYPE_MAX };

static void test_aggregates(void **state)
{
	uint64_t sum[2] = { 0 };
	const uint64_t one[2] = { 2, 10 }, other[2] = { 1, 2 }, unset[2] = { 99, 0 };
	const int64_t low[2] = { -3, 1 }, high[2] = { 4, 1 };

	(void)state;
	rs_show_aggregate(&stats_type, sum, one);
	rs_show_aggregate(&stats_type, sum, other);
	shows(&stats_type, sum, sizeof(sum), 1, "{ .count = 3, .average = 4, .total = 12 }",
	      "{\"count\": 3, \"average\": 4, \"total\": 12}");
	memset(sum, 0, sizeof(sum));
	rs_show_aggregate(&max_type, sum, low);
	rs_show_aggregate(&max_type, sum, unset);
	shows(&max_type, sum, sizeof(sum), 1, "-3", "-3");
	rs_show_aggregate(&max_type, sum, high);
	shows(&max_type, sum, sizeof(sum), 1, "4", "4");
}

static void map_shows(struct rs_map_contents *contents, uint64_t top, uint64_t div,
		      const char *text, const char *json)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);

	assert_int_equal(rs_show_map(&show, contents, top, div, &out), 0);
	assert_string_equal(rs_str_cstr(&out), text);
	rs_str_reset(&out);
	assert_int_equal(rs_show_map_json(&show, contents, top, div, &out), 0);
	assert_string_equal(rs_str_cstr(&out), json);
}

static void test_map(void **state)
{
	const struct rs_field parts[] = {
		{ .name = "0", .type = &string16, .offset = 0 },
		{ .name = "1", .type = rs_type_int(8, true), .offset = 16 },
	};
	const struct rs_type key = {
		.kind = RS_TYPE_TUPLE, .fields = parts, .n_fields = 2, .size = 24
	};
	const struct rs_map map = {
		.name = "@m", .key = &key, .value = &count_type, .key_size = 24, .value_size = 8
	};
	struct {
		char name[16];
		int64_t n;
	} keys[3] = { { "b c", 1 }, { "a", 2 }, { "a", 1 } };
	const uint64_t counts[3] = { 30, 20, 20 };
	struct rs_map_entry entries[3];
	struct rs_map_contents contents = { &map, entries, 3 };

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		entries[i] = (struct rs_map_entry){ (const uint8_t *)&keys[i],
						    (const uint8_t *)&counts[i] };
	map_shows(
		&contents, 0, 1, "@m[a, 1]: 20\n@m[a, 2]: 20\n@m[b c, 1]: 30\n",
		"{\"type\": \"map\", \"data\": {\"@m\": {\"a,1\": 20, \"a,2\": 20, \"bc,1\": 30}}}\n");
	map_shows(&contents, 1, 10, "@m[b c, 1]: 3\n",
		  "{\"type\": \"map\", \"data\": {\"@m\": {\"bc,1\": 3}}}\n");
}

static void test_scalar_map(void **state)
{
	const struct rs_map map = { .name = "@", .value = &count_type, .value_size = 8 };
	const uint64_t seven = 7;
	struct rs_map_entry entry = { NULL, (const uint8_t *)&seven };
	struct rs_map_contents contents = { &map, &entry, 1 };

	(void)state;
	map_shows(&contents, 0, 1, "@: 7\n", "{\"type\": \"map\", \"data\": {\"@\": 7}}\n");
}

#define BAR   "|@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n"
#define HALF  "|@@@@@@@@@@@@@@@@@@@@@@@@@@                          |\n"
#define EMPTY "|                                                    |\n"

static void test_hist(void **state)
{
	const struct rs_type type = { .kind = RS_TYPE_HIST, .count = 66 };
	const struct rs_map map = { .name = "@h", .value = &type, .value_size = 66 * 8 };
	uint64_t buckets[66] = { 0 };
	struct rs_map_entry entry = { NULL, (const uint8_t *)buckets };
	struct rs_map_contents contents = { &map, &entry, 1 };

	(void)state;
	map_shows(&contents, 0, 1, "@h:\n\n", "{\"type\": \"hist\", \"data\": {\"@h\": []}}\n");
	buckets[0] = 1; /* below 0 */
	buckets[1] = 2; /* 0 */
	buckets[4] = 1; /* 4 to 7 */
	map_shows(
		&contents, 0, 1,
		"@h:\n"
		"(..., 0)               1 " HALF "[0]                    2 " BAR
		"[1]                    0 " EMPTY "[2, 4)                 0 " EMPTY
		"[4, 8)                 1 " HALF "\n",
		"{\"type\": \"hist\", \"data\": {\"@h\": [{\"max\": -1, \"count\": 1},"
		"{\"min\": 0, \"max\": 0, \"count\": 2},{\"min\": 1, \"max\": 1, \"count\": 0},"
		"{\"min\": 2, \"max\": 3, \"count\": 0},{\"min\": 4, \"max\": 7, \"count\": 1}]}}\n");
	memset(buckets, 0, sizeof(buckets));
	buckets[11] = 1;
	map_shows(
		&contents, 0, 1, "@h:\n[512, 1K)              1 " BAR "\n",
		"{\"type\": \"hist\", \"data\": {\"@h\": [{\"min\": 512, \"max\": 1023, \"count\": 1}]}}\n");
}

static void test_lhist(void **state)
{
	const struct rs_type type = {
		.kind = RS_TYPE_LHIST, .count = 7, .low = 0, .high = 10, .step = 2
	};
	const struct rs_map map = { .name = "@l", .value = &type, .value_size = 7 * 8 };
	uint64_t buckets[7] = { 1, 0, 0, 0, 0, 0, 1 };
	struct rs_map_entry entry = { NULL, (const uint8_t *)buckets };
	struct rs_map_contents contents = { &map, &entry, 1 };
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);

	(void)state;
	assert_int_equal(rs_show_map(&show, &contents, 0, 1, &out), 0);
	assert_string_equal(rs_str_cstr(&out),
			    "@l:\n"
			    "(..., 0)               1 " BAR "[0, 2)                 0 " EMPTY
			    "[2, 4)                 0 " EMPTY "[4, 6)                 0 " EMPTY
			    "[6, 8)                 0 " EMPTY "[8, 10)                0 " EMPTY
			    "[10, ...)              1 " BAR "\n");
}

/* ---- records ---- */

static struct rs_action_arg arguments[3];
/* A name of a process that would clear the screen; its output, where no terminal is. */
static void test_terminal(void **state)
{
	static const char name[16] = "a\x1b[2J\tb\x7f\xc2\x9b\xc3\xa9";
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);

	(void)state;
	assert_int_equal(rs_show_value(&show, &string16, name, 16, 0, &out), 0);
	assert_string_equal(rs_str_cstr(&out), name);
	show.terminal = true;
	rs_str_reset(&out);
	rs_str_append_cstr(&out, "\x1b:");
	assert_int_equal(rs_show_value(&show, &string16, name, 16, 0, &out), 0);
	show.terminal = false;
	assert_string_equal(rs_str_cstr(&out), "\x1b:a\\x1b[2J\tb\\x7f\\xc2\\x9b\xc3\xa9");
}

static struct rs_action action = { .kind = RS_ACTION_PRINTF, .args = arguments };
static const struct rs_action *actions[] = { &action };

static void prints(const char *format, const void *record, size_t size, int want, const char *text)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);

	rs_show_done(&show);
	action.format = format;
	action.format_len = (uint32_t)strlen(format);
	program.actions = (struct rs_action **)actions;
	program.n_actions = 1;
	assert_int_equal(rs_show_init(&show, &program, &names, &arena), 0);
	assert_int_equal(rs_show_printf(&show, &action, record, size, &out), want);
	if (!want)
		assert_string_equal(rs_str_cstr(&out), text);
}

static void test_printf(void **state)
{
	struct {
		struct rs_record head;
		int64_t n;
		uint32_t from, len;
		char text[8];
	} record = { .n = -1, .from = 24, .len = 5, .text = "hello" };

	(void)state;
	arguments[0] = (struct rs_action_arg){ .type = rs_type_int(4, true), .offset = 8 };
	arguments[1] = (struct rs_action_arg){ .type = &string16, .offset = 16, .packed = true };
	action.n_args = 2;
	prints("%d %s\n", &record, sizeof(record), 0, "-1 hello\n");
	prints("[%5d|%-8s]", &record, sizeof(record), 0, "[   -1|hello   ]");
	prints("%x %.2s %%", &record, sizeof(record), 0, "ffffffff he %");
	prints("%u %8s", &record, sizeof(record), 0, "4294967295    hello");
	prints("%hhx %s", &record, sizeof(record), 0, "ff hello");
	/* hostile: a string that would lie outside of the record, a record that is cut */
	record.len = 9;
	prints("%d %s\n", &record, sizeof(record), -EBADMSG, "");
	record.from = 0xfffffff0;
	prints("%d %s\n", &record, sizeof(record), -EBADMSG, "");
	prints("%d", &record, 12, -EBADMSG, "");
}

static void test_printf_star(void **state)
{
	struct {
		struct rs_record head;
		int64_t width, n;
	} record = { .width = 6, .n = 42 };

	(void)state;
	arguments[0] = (struct rs_action_arg){ .type = rs_type_int(8, true), .offset = 8 };
	arguments[1] = (struct rs_action_arg){ .type = rs_type_int(8, true), .offset = 16 };
	action.n_args = 2;
	prints("%0*d", &record, sizeof(record), 0, "000042");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_words, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_short, setup, teardown),
		cmocka_unit_test_setup_teardown(test_strings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_compound, setup, teardown),
		cmocka_unit_test_setup_teardown(test_struct, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_buffer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_aggregates, setup, teardown),
		cmocka_unit_test_setup_teardown(test_map, setup, teardown),
		cmocka_unit_test_setup_teardown(test_scalar_map, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hist, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lhist, setup, teardown),
		cmocka_unit_test_setup_teardown(test_terminal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_printf, setup, teardown),
		cmocka_unit_test_setup_teardown(test_printf_star, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
