/* SPDX-License-Identifier: Apache-2.0 */
/* What stats and filter show and ask, without an agent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/term.h"
#include "base/units.h"
#include "cmd/client.h"
#include "cmd/filter.h"
#include "cmd/stats.h"

#define SECOND RS_NSEC_PER_SEC

static struct rs_control_stats now, before;

static void expect(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static void expect_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" in:\n%s", part, text);
}

static void expect_width(const char *text, size_t width)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		if (rs_term_columns(text, n) > width)
			fail_msg("wider than %zu: %.*s", width, (int)n, text);
		text += n + (text[n] == '\n');
	}
}

static void fill(struct rs_control_stats *s, uint64_t seconds, uint64_t execs)
{
	*s = (struct rs_control_stats){ .pid = 42, .version = "0.1.0" };
	s->stats.kinds = 1ull << RS_KIND_EXEC | 1ull << RS_KIND_EXIT;
	s->stats.elapsed = seconds * SECOND;
	s->stats.kernel.generated[RS_KIND_EXEC] = execs;
	s->stats.delivered[RS_KIND_EXEC] = execs;
	s->stats.user_ns = seconds * 10000000;
	s->stats.ring_bytes = 8 << 20;
	s->stats.ring_pending = 4 << 20;
	s->stats.rss = 12 << 20;
	s->control.requests = 1;
}

static const char *table(const struct rs_stats_view *view)
{
	static struct rs_str out;

	rs_str_reset(&out);
	assert_int_equal(rs_stats_table(view, &out), 0);
	return rs_str_cstr(&out);
}

static void test_stats_once(void **state)
{
	struct rs_stats_view view = { .now = &now };
	const char *text;

	(void)state;
	fill(&now, 10, 1000);
	text = table(&view);
	expect(text, "agent 42 (0.1.0) watches 2 kinds for 10.0s; rates are over that time\n");
	expect(text,
	       "  exec              100/s         1000         1000            0            0\n");
	expect(text, "  total             100/s         1000");
	expect_not(text, "  exit");
	expect(text, "  buffer       8.00 MiB, of which 4.00 MiB wait (50.0 %)\n");
	expect(text, "  CPU          1.00 % of one core: 100ms user, 0ns system\n");
	expect(text, "  memory       12.0 MiB, at most 12.0 MiB\n");
	expect(text, "  clients      1 request\n");
	expect(text, "  in kernel    not measured (--measure)\n");
	expect_not(text, "\033");
	expect_not(text, "incomplete");
}

static void test_stats_again(void **state)
{
	struct rs_stats_view view = { .now = &now, .before = &before };
	const char *text;

	(void)state;
	fill(&before, 10, 1000);
	fill(&now, 12, 1500);
	text = table(&view);
	expect(text, "; rates are over the last 2.00s\n");
	expect(text, "  exec              250/s         1500         1500");
	expect(text, "  CPU          1.00 % of one core: 20.0ms user");
	/* The same moment twice: nothing is divided by 0. */
	view.before = &now;
	expect(table(&view), "  exec                0/s         1500");
}

static void test_stats_troubles(void **state)
{
	struct rs_stats_view view = { .now = &now };
	const char *text;

	(void)state;
	fill(&now, 10, 1000);
	now.stats.kernel.generated[RS_KIND_UNLINK] = UINT32_MAX;
	now.stats.kernel.lost[RS_LOSS_RING][RS_KIND_UNLINK] = 70;
	now.stats.unwritten[RS_KIND_UNLINK] = 7;
	now.stats.filtered[RS_KIND_UNLINK] = 9;
	now.stats.kernel.fails[RS_FAIL_PATH_LONG] = 3;
	now.control.failed = 1;
	now.control.refused_full = 1;
	now.control.dropped_slow = 2;
	now.control.requests = 5;
	text = table(&view);
	expect(text,
	       "  unlink              0/s   4294967295            0            9           77");
	expect(text, "70  the buffer was full");
	expect(text, "3  path: longer than 4096 bytes");
	expect(text, "5 requests, 1 of them wrong, 1 connection refused, 2 dropped\n");
	expect_width(text, 90); /* reasons are whole sentences */
	view.color = true;
	expect(table(&view), "\033[31m");
}

static void test_stats_programs(void **state)
{
	struct rs_stats_view view = { .now = &now };
	struct rs_program *programs = now.stats.programs;
	const char *text;

	(void)state;
	fill(&now, 10, 1000);
	now.stats.measured_ns = 5 * SECOND;
	now.stats.n_programs = 3;
	programs[0] =
		(struct rs_program){ .name = "rs_cheap", .hook = "a", .runs = 1, .run_ns = 1 };
	programs[1] =
		(struct rs_program){ .name = "rs_dear\033[2J", .runs = 10, .run_ns = 50000000 };
	memset(programs[1].hook, 'h', sizeof(programs[1].hook) - 1);
	programs[2] = (struct rs_program){ .name = "rs_idle" };
	text = table(&view);
	expect(text, "  in kernel    1.00 % of one core, measured over the first 5.00s\n");
	expect(text, "  rs_dear\\x1b[2J ");
	expect(text, "         10  5000000     1.000 %\n");
	expect(text, "  1 more did not run\n");
	assert_true(strstr(text, "rs_dear") < strstr(text, "rs_cheap"));
	expect_not(text, "\033");
	expect_width(text, 80);
	view.rows = 3;
	text = table(&view);
	expect(text, "KIND");
	expect_not(text, "exec");
	now.stats.measuring = true;
	view.rows = 0;
	expect(table(&view), "measured over 5.00s\n");
}

/* --- filter --- */

static const struct rs_opt opts[] = {
	RS_OPT_INCLUDE_TABLE(rs_agent_opts_kinds, 0),
	RS_OPT_INCLUDE_TABLE(rs_agent_opts_select, 0),
	RS_OPT_END,
};

static void expect_request(bool clear, const char *want, int argc, const char **argv)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);
	struct rs_agent_options options;

	rs_agent_options_init(&options);
	assert_int_equal(rs_opt_parse(opts, argc, (char **)argv, &options, NULL, NULL), 0);
	assert_int_equal(rs_filter_request(&options, clear, &out, NULL), 0);
	assert_string_equal(rs_str_cstr(&out), want);
	rs_agent_options_done(&options);
}

#define EXPECT_REQUEST(clear, want, ...)                                                           \
	expect_request(clear, want, ARRAY_SIZE(((const char *[]){ "filter", __VA_ARGS__ })),       \
		       (const char *[]){ "filter", __VA_ARGS__ })

static void test_filter_request(void **state)
{
	(void)state;
	assert_int_equal(chdir("/usr"), 0);
	EXPECT_REQUEST(false, "{\"command\":\"filter\"}", "--");
	EXPECT_REQUEST(true, "{\"command\":\"filter\",\"clear\":true}", "--");
	EXPECT_REQUEST(false,
		       "{\"command\":\"filter\",\"set\":{\"kinds\":[\"exec\",\"exit\"],"
		       "\"pid\":[\"1\",\"2\"],\"uid\":[\"root\"]}}",
		       "--kinds", "exit,exec", "-p", "1,2", "--uid", "root");
	EXPECT_REQUEST(true,
		       "{\"command\":\"filter\",\"clear\":true,\"set\":{\"exe\":[\"/usr/bin/a b\"],"
		       "\"cgroup\":[\"x\"],\"path\":[\"/etc\",\"/usr/.\"]}}",
		       "--exe=bin/a b", "--cgroup", "x", "--path=/etc", "--path", ".");
}

/* What JSON cannot hold does not turn into another name on the way. */
static void expect_request_refused(const char *part, int argc, const char **argv)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);
	struct rs_agent_options options;
	struct rs_error err = RS_ERROR_INIT;

	rs_agent_options_init(&options);
	assert_int_equal(rs_opt_parse(opts, argc, (char **)argv, &options, NULL, NULL), 0);
	assert_int_equal(rs_filter_request(&options, false, &out, &err), -EINVAL);
	expect(err.msg, part);
	rs_agent_options_done(&options);
}

static void test_filter_not_utf8(void **state)
{
	(void)state;
	expect_request_refused("not UTF-8", 3, (const char *[]){ "filter", "--path", "/a\xff" });
	expect_request_refused("not UTF-8", 3, (const char *[]){ "filter", "--exe", "a\xff" });
	expect_request_refused("not UTF-8", 3, (const char *[]){ "filter", "--comm", "\xff" });
}

static const char *describe(const char *json)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
	static struct rs_str out;
	struct rs_json_value *root = NULL;

	rs_str_reset(&out);
	assert_int_equal(rs_json_parse(&arena, json, strlen(json), &root, NULL), 0);
	assert_int_equal(rs_filter_describe(root, 60, &out), 0);
	return rs_str_cstr(&out);
}

static void test_filter_describe(void **state)
{
	const char *text;

	(void)state;
	assert_string_equal(describe("{\"kinds\":[\"exec\",\"exit\"]}"),
			    "  kinds       exec, exit\n  conditions  none\n");
	assert_string_equal(
		describe("{\"kinds\":[\"exec\"],\"uid\":[\"root\",\"33\"],\"command_pid\":7}"),
		"  kinds       exec\n  uid         root, 33\n  command_pid 7\n");
	text = describe(
		"{\"kinds\":[\"exec\"],\"path\":[\"/a\\u001b[2J\",\"/bbbbbbbbbbbbbbbbbbbb\","
		"\"/cccccccccccccccccccc\",\"/dddddddddddd\"]}");
	expect(text, "  path        /a\\x1b[2J, /bbbbbbbbbbbbbbbbbbbb,\n");
	expect_width(text, 60);
}

static void test_json(void **state)
{
	static const char text[] = "{\"a\":[1,-2,1.5,null,true,false,\"\\u0007x\"],\"b\":{}}";
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);
	struct rs_json_value *root = NULL;

	(void)state;
	assert_int_equal(rs_json_parse(&arena, text, strlen(text), &root, NULL), 0);
	assert_int_equal(rs_client_write_json(root, &out), 0);
	assert_string_equal(rs_str_cstr(&out),
			    "{\"a\":[1,-2,1.5,null,true,false,\"\\u0007x\"],\"b\":{}}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stats_once),      cmocka_unit_test(test_stats_again),
		cmocka_unit_test(test_stats_troubles),  cmocka_unit_test(test_stats_programs),
		cmocka_unit_test(test_filter_request),  cmocka_unit_test(test_filter_describe),
		cmocka_unit_test(test_filter_not_utf8), cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
