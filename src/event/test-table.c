/* SPDX-License-Identifier: Apache-2.0 */
#include "event/testing.h"

#include <time.h>

#include "base/term.h"
#include "event/summary.h"

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
		rs_event_sample_origin(&event);
		event.user = kind % 2 ? "ann" : NULL;
		assert_int_equal(rs_event_table_row(&table, &event, &out), 0);
	}
}

static void test_golden(void **state)
{
	(void)state;
	all_samples(0, false);
	assert_file("tests/golden/event/table.txt", &out);
	all_samples(140, false);
	assert_file("tests/golden/event/table-140.txt", &out);
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

/* A row for a whole life: what ran, and how it ended, which no long command line hides. */
static void test_life(void **state)
{
	static const char args[] = "make\0-C\0/usr/src/a/long/name/of/a/directory\0all\0";
	static struct record last;
	struct rs_exit *e = (struct rs_exit *)record_start(&last, RS_KIND_EXIT);
	struct rs_event event;

	(void)state;
	e->wall = 12000000;
	e->runtime = 3000000;
	record_start(&r, RS_KIND_EXEC);
	record_add(&r, RS_TAG_ARGS, 0, args, sizeof(args) - 1);
	event = record_event(&r);
	event.end = e;
	rs_str_reset(&out);
	assert_int_equal(rs_event_summary(&out, &event), 0);
	assert_string_equal(rs_str_cstr(&out), "make -C /usr/src/a/long/name/of/a/directory all"
					       " = exit 0, 12.0ms, cpu 3.00ms");
	rs_str_reset(&out);
	rs_str_append_cstr(&out, "> ");
	assert_int_equal(rs_event_summary_fit(&out, &event, 50), 0);
	assert_string_equal(rs_str_cstr(&out),
			    "> make -C /usr/src/a/l… = exit 0, 12.0ms, cpu 3.00ms");
	e->code = 9;
	record_start(&r, RS_KIND_FORK)->ppid = 7;
	event = record_event(&r);
	event.end = e;
	rs_str_reset(&out);
	assert_int_equal(rs_event_summary(&out, &event), 0);
	assert_string_equal(rs_str_cstr(&out), "by 7 = killed by SIGKILL, 12.0ms, cpu 3.00ms");
	event.command_line = "make all";
	rs_str_reset(&out);
	assert_int_equal(rs_event_summary(&out, &event), 0);
	assert_string_equal(rs_str_cstr(&out),
			    "make all by 7 = killed by SIGKILL, 12.0ms, cpu 3.00ms");
}

static void check_place(const struct rs_event_cgroup *cgroup, const char *expected)
{
	struct rs_event event;

	record_start(&r, RS_KIND_FORK);
	event = record_event(&r);
	event.user = "ann";
	event.cgroup = cgroup;
	table.width = 0;
	table.color = false;
	rs_str_reset(&out);
	assert_int_equal(rs_event_table_row(&table, &event, &out), 0);
	if (!strstr(rs_str_cstr(&out), expected))
		fail_msg("no \"%s\" in %s", expected, rs_str_cstr(&out));
}

static void test_places(void **state)
{
	struct rs_event_container container = { .id = "0123456789abcdef0123" };
	struct rs_event_cgroup cgroup = { .path = "/a", .unit = "nginx.service" };

	(void)state;
	check_place(NULL, " ann                             by 0");
	check_place(&cgroup, " nginx  ");
	cgroup.unit = "session-3.scope";
	check_place(&cgroup, " session-3.scope ");
	cgroup.unit = ".service";
	check_place(&cgroup, " .service ");
	cgroup.unit = NULL;
	cgroup.container = &container;
	check_place(&cgroup, " 0123456789ab ");
	container.name = "\x1b[2Jweb";
	check_place(&cgroup, " \\x1b[2Jweb ");
	container.namespace = "shop";
	container.pod_name = "a-pod-with-a-long-name";
	check_place(&cgroup, " shop/a-…th-a-long-name ");
	container.namespace = NULL;
	check_place(&cgroup, " ?/a-pod…th-a-long-name ");
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
		cmocka_unit_test(test_long_columns), cmocka_unit_test(test_life),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
