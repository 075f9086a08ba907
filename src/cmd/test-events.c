/* SPDX-License-Identifier: Apache-2.0 */
/* Columns, CSV and counts of `ringside events`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "cmd/events.h"

struct sample {
	_Alignas(8) char record[RS_RECORD_MAX];
	struct rs_event event;
};

static void make(struct sample *s, enum rs_kind kind, uint32_t pid)
{
	size_t n = rs_event_sample(kind, s->record);

	((struct rs_hdr *)(void *)s->record)->pid = pid;
	assert_int_equal(rs_event_decode(s->record, n, &s->event), 0);
	rs_event_sample_origin(&s->event);
}

static struct rs_opt_list list(const char *const *names)
{
	struct rs_opt_list made = { 0 };

	for (; *names; names++)
		assert_int_equal(rs_opt_list_add(&made, *names, strlen(*names)), 0);
	return made;
}

static void find(const struct rs_opt_list *names, struct rs_events_columns *ret_columns)
{
	struct rs_error err = RS_ERROR_INIT;

	if (rs_events_columns_find(names, ret_columns, &err) < 0)
		fail_msg("%s", err.msg);
}

static void test_csv(void **state)
{
	static const struct {
		const char *text, *csv;
	} rows[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "two words", "two words" },
		{ "a,b", "\"a,b\"" },
		{ "say \"hi\"", "\"say \"\"hi\"\"\"" },
		{ "a\nb", "\"a\nb\"" },
		{ "a\rb", "\"a\rb\"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(rs_str_done) struct rs_str out = { 0 };

		rs_events_append_csv(rows[i].text, strlen(rows[i].text), &out);
		assert_string_equal(rs_str_cstr(&out), rows[i].csv);
	}
}

static void test_values(void **state)
{
	const struct rs_text texts[] = { { "a", 1, 0 }, { "b\033", 2, 0 } };
	const struct rs_value values[] = {
		{ .type = RS_VALUE_NONE },
		{ .type = RS_VALUE_TEXT, .text = texts[1] },
		{ .type = RS_VALUE_INT, .number = -5 },
		{ .type = RS_VALUE_BOOL, .number = 1 },
		{ .type = RS_VALUE_LIST, .texts = texts, .n_texts = 2 },
	};
	_cleanup_(rs_str_done) struct rs_str out = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		rs_events_append_value(&values[i], true, &out);
		rs_str_append_char(&out, '|');
	}
	assert_string_equal(rs_str_cstr(&out), "|b\\x1b|-5|true|a;b\\x1b|");
}

static void test_columns(void **state)
{
	static const char *const names[] = { "pid", "user.name", "kubernetes.labels.app", NULL };
	static const char *const wrong[] = { "pid", "user.nam", NULL };
	_cleanup_(rs_opt_list_done) struct rs_opt_list right_list = list(names);
	_cleanup_(rs_opt_list_done) struct rs_opt_list wrong_list = list(wrong);
	struct rs_error err = RS_ERROR_INIT;
	struct rs_events_columns columns;

	(void)state;
	find(&right_list, &columns);
	assert_int_equal(columns.n, 3);
	assert_string_equal(columns.name[0], "process.pid");
	assert_string_equal(columns.name[2], "kubernetes.labels.app");
	assert_int_equal(rs_events_columns_find(&wrong_list, &columns, &err), -EINVAL);
	assert_string_equal(err.hint, "did you mean \"user.name\"?");
}

/* Three of process 7, one of 8; unlink has a path, exit has none. */
static void count_some(struct rs_events_count *count)
{
	struct rs_event_values *values = NULL;
	struct rs_event_host host;
	static struct sample s;

	rs_event_sample_host(&host);
	assert_int_equal(rs_event_values_new(&host, &values), 0);
	for (uint32_t i = 0; i < 4; i++) {
		make(&s, i == 2 ? RS_KIND_EXIT : RS_KIND_UNLINK, i == 3 ? 8 : 7);
		assert_int_equal(rs_events_count_add(count, values, &s.event), 0);
	}
	rs_event_values_free(&values);
}

static void expect_counts(const char *const *names, enum rs_events_output output, uint64_t limit,
			  const char *text)
{
	_cleanup_(rs_opt_list_done) struct rs_opt_list wanted = list(names);
	_cleanup_(rs_events_count_free) struct rs_events_count *count = NULL;
	_cleanup_(rs_str_done) struct rs_str out = { 0 };
	struct rs_events_columns columns;

	find(&wanted, &columns);
	assert_int_equal(rs_events_count_new(&columns, &count), 0);
	count_some(count);
	assert_int_equal(rs_events_count_write(count, output, limit, 0, false, &out), 0);
	assert_string_equal(rs_str_cstr(&out), text);
}

static void test_count(void **state)
{
	static const char *const one[] = { "pid", NULL };
	static const char *const two[] = { "kind", "file.name", NULL };

	(void)state;
	expect_counts(one, RS_EVENTS_TABLE, 0, "COUNT  process.pid\n    3  7\n    1  8\n");
	expect_counts(one, RS_EVENTS_TABLE, 1, "COUNT  process.pid\n    3  7\n    1  (others)\n");
	expect_counts(one, RS_EVENTS_CSV, 0, "count,process.pid\r\n3,7\r\n1,8\r\n");
	expect_counts(one, RS_EVENTS_CSV, 1, "count,process.pid\r\n3,7\r\n1,(others)\r\n");
	expect_counts(two, RS_EVENTS_CSV, 1,
		      "count,ringside.kind,file.name\r\n3,unlink,page.tmp\r\n1,(others),\r\n");
	expect_counts(one, RS_EVENTS_JSON, 1,
		      "{\"count\":3,\"process.pid\":7}\n{\"count\":1,\"others\":true}\n");
	expect_counts(two, RS_EVENTS_TABLE, 0,
		      "COUNT  ringside.kind  file.name\n    3  unlink         page.tmp\n"
		      "    1  exit           -\n");
	expect_counts(two, RS_EVENTS_JSON, 0,
		      "{\"count\":3,\"ringside.kind\":\"unlink\",\"file.name\":\"page.tmp\"}\n"
		      "{\"count\":1,\"ringside.kind\":\"exit\",\"file.name\":null}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
