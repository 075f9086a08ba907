/* SPDX-License-Identifier: Apache-2.0 */
#include "event/testing.h"

#include <time.h>

#include "base/term.h"

static struct record r;
static struct rs_event_table table;
static struct rs_str out;

static int setup(void **state)
{
	struct rs_event_host host;

	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	rs_event_sample_host(&host);
	table.boot_offset = host.boot_offset;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rs_event_table_done(&table);
	rs_str_done(&out);
	return 0;
}

static void all_samples(unsigned width, bool color)
{
	table.width = width;
	table.color = color;
	rs_str_reset(&out);
	assert_int_equal(rs_event_table_header(&table, &out), 0);
	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++) {
		struct rs_event event;

		rs_event_sample(kind, r.bytes);
		event = record_event(&r);
		event.user = kind % 2 ? "ann" : NULL;
		assert_int_equal(rs_event_table_row(&table, &event, &out), 0);
	}
}

static void test_golden(void **state)
{
	(void)state;
	all_samples(0, false);
	assert_file("tests/golden/event/table.txt", &out);
	all_samples(90, false);
	assert_file("tests/golden/event/table-90.txt", &out);
	all_samples(60, true);
	assert_file("tests/golden/event/table-60-color.txt", &out);
}

static void test_fits(void **state)
{
	(void)state;
	for (unsigned width = 40; width < 200; width++) {
		all_samples(width, false);
		for (const char *p = out.data, *nl; p < out.data + out.len; p = nl + 1) {
			nl = memchr(p, '\n', (size_t)(out.data + out.len - p));
			assert_non_null(nl);
			assert_true(rs_term_columns(p, (size_t)(nl - p)) <= width);
		}
	}
}

static const char *summary(void)
{
	struct rs_event event = record_event(&r);

	rs_str_reset(&out);
	assert_int_equal(rs_event_summary(&out, &event), 0);
	return rs_str_cstr(&out);
}

/* Nothing that comes from processes or files can steer the terminal. */
static void test_hostile(void **state)
{
	static const char bad[] = "/a\x1b[31m\n\x07\xff";

	(void)state;
	table.color = false;
	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++) {
		struct rs_event event;
		const char *text;

		memcpy(record_start(&r, kind)->comm, "\x1b[2J\r\n", 6);
		if (rs_kind_sensor(kind) == RS_SENSOR_PRIVILEGE) {
			struct rs_privilege *p = (struct rs_privilege *)(void *)r.bytes;

			p->target_pid = 1;
			memcpy(p->target_comm, "\x1b[2J\r\n0123456789", 16);
		}
		for (unsigned tag = 1; tag < RS_TAG_COUNT; tag++)
			record_add(&r, tag, 0, bad, sizeof(bad));
		text = summary();
		for (const char *p = text; *p; p++)
			assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
		event = record_event(&r);
		rs_str_reset(&out);
		assert_int_equal(rs_event_table_row(&table, &event, &out), 0);
		assert_null(memchr(out.data, '\x1b', out.len));
		assert_ptr_equal(memchr(out.data, '\n', out.len), out.data + out.len - 1);
	}
}

static void test_words(void **state)
{
	static const char args[] = "sh\0-c\0echo 'a b'; x=\"$y\"\0";
	struct rs_exit *e;

	(void)state;
	record_start(&r, RS_KIND_EXEC);
	record_add(&r, RS_TAG_ARGS, 0, args, sizeof(args) - 1);
	assert_string_equal(summary(), "sh -c 'echo '\\''a b'\\''; x=\"$y\"'");
	record_start(&r, RS_KIND_EXEC);
	record_text(&r, RS_TAG_EXE, 0, "/bin/true");
	assert_string_equal(summary(), "/bin/true");
	e = (struct rs_exit *)record_start(&r, RS_KIND_EXIT);
	e->code = 1 << 8;
	e->wall = 12000000;
	e->runtime = 3000000;
	assert_string_equal(summary(), "status 1, 12.0ms, cpu 3.00ms");
	e->code = 9;
	assert_string_equal(summary(), "killed by SIGKILL, 12.0ms, cpu 3.00ms");
	record_start(&r, RS_KIND_UNLINK)->ret = -ENOENT;
	assert_string_equal(summary(), "? = ENOENT");
	record_start(&r, RS_KIND_UNLINK)->ret = -3999;
	record_text(&r, RS_TAG_PATH, RS_FIELD_DELETED, "/x");
	assert_string_equal(summary(), "/x (deleted) = -3999");
}

/* Longest names and numbers do not push the columns about. */
static void test_long_columns(void **state)
{
	struct rs_event event;

	(void)state;
	memset(record_start(&r, RS_KIND_PIVOT)->comm, 'x', 16);
	record_hdr(&r)->pid = record_hdr(&r)->uid = UINT32_MAX;
	event = record_event(&r);
	table.width = 80;
	table.color = false;
	rs_str_reset(&out);
	assert_int_equal(rs_event_table_row(&table, &event, &out), 0);
	assert_true(rs_term_columns(out.data, out.len - 1) <= 80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),       cmocka_unit_test(test_fits),
		cmocka_unit_test(test_hostile),      cmocka_unit_test(test_words),
		cmocka_unit_test(test_long_columns),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
