/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/units.h"
#include "cmd/ask.h"

#define S RS_NSEC_PER_SEC

/* --- times --- */

/* 2026-11-21 12:00:00 in a zone two hours east of Greenwich. */
#define NOW (1795255200ull * S)

static int set_zone(void **state)
{
	(void)state;
	setenv("TZ", "XXX-2", 1);
	tzset();
	return 0;
}

static void test_times(void **state)
{
	static const struct {
		const char *text;
		uint64_t time;
	} rows[] = {
		{ "now", NOW },
		{ "10m", NOW - 600 * S },
		{ "-10m", NOW - 600 * S },
		{ "1h30m", NOW - 5400 * S },
		{ "-1d", NOW - 86400 * S },
		{ "0", NOW },
		{ "40000d", 1 },
		{ "1970-01-01T00:00:00Z", 1 }, /* 0 is no limit */
		{ "12:00", NOW },
		{ "11:59:58.5", NOW - 2 * S + S / 2 },
		{ "12:01", NOW + 60 * S - 86400 * S }, /* the last one that has been */
		{ "today", NOW - 12 * 3600 * S },
		{ "yesterday", NOW - 36 * 3600 * S },
		{ "2026-11-21", NOW - 12 * 3600 * S },
		{ "2026-11-21 10:00", NOW - 7200 * S },
		{ "2026-11-21T10:00:01", NOW - 7199 * S },
		{ "2026-11-21 13:00", NOW + 3600 * S },
		{ "2026-11-21T10:00:00Z", NOW },
		{ "2026-11-21T12:00:00+02:00", NOW },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rs_error err = RS_ERROR_INIT;
		uint64_t time = 0;

		if (rs_ask_parse_time(rows[i].text, NOW, &time, &err) < 0)
			fail_msg("%s: %s", rows[i].text, err.msg);
		if (time != rows[i].time)
			fail_msg("%s: %lld s off", rows[i].text,
				 (long long)(time - rows[i].time) / (long long)S);
	}
}

static void test_no_times(void **state)
{
	static const char *const rows[] = {
		"",
		"tomorrow",
		"10",
		"--10m",
		"25:00",
		"10:60",
		"10:",
		"2026-02-30",
		"2026-13-01",
		"2026-11-21 10",
		"2026-11-21x",
		"1969-01-01",
		"1969-12-31T23:59:59Z",
		"10:00 pm",
		"2026-11-21 10:00z",
		"10:00:00:00",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rs_error err = RS_ERROR_INIT;
		uint64_t time = 0;

		if (rs_ask_parse_time(rows[i], NOW, &time, &err) != -EINVAL)
			fail_msg("\"%s\" is a time", rows[i]);
		assert_true(err.hint[0]);
	}
}

static void test_format(void **state)
{
	char buf[RS_ASK_TIME_LEN];

	(void)state;
	rs_ask_format_time(buf, NOW + 1);
	assert_string_equal(buf, "2026-11-21 12:00:00");
}

/* --- options to a condition --- */

static struct rs_opt_list list(const char *a, const char *b)
{
	struct rs_opt_list made = { 0 };

	assert_int_equal(rs_opt_list_add(&made, a, strlen(a)), 0);
	if (b)
		assert_int_equal(rs_opt_list_add(&made, b, strlen(b)), 0);
	return made;
}

static void ask_done(struct rs_ask *ask)
{
	rs_opt_done(rs_ask_opts_select, ask);
}

static void expect(const struct rs_ask *ask, const char *text)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
	_cleanup_(rs_str_done) struct rs_str shown = { 0 }, out = { 0 };
	const struct rs_expr *where = NULL;
	struct rs_error err = RS_ERROR_INIT;

	if (rs_ask_where(ask, &arena, &where, &shown, &err) < 0)
		fail_msg("%s", err.msg);
	if (where)
		rs_expr_to_str(where, &out);
	assert_string_equal(rs_str_cstr(&out), text);
}

static void test_nothing_selected(void **state)
{
	struct rs_ask ask = { 0 };

	(void)state;
	expect(&ask, "");
}

static void test_lists(void **state)
{
	_cleanup_(ask_done) struct rs_ask ask = { 0 };

	(void)state;
	ask.pids = list("5", "0x10");
	ask.comms = list("sh", "fifteen-letters");
	ask.users = list("root", "0");
	expect(&ask, "(process.pid == 5 or process.pid == 16) and "
		     "(process.name == \"sh\" or process.name startswith \"fifteen-letters\") and "
		     "(user.name == \"root\" or user.id == 0)");
}

static void test_names(void **state)
{
	_cleanup_(ask_done) struct rs_ask ask = { 0 };

	(void)state;
	ask.exes = list("/usr/bin/*", NULL);
	ask.containers = list("web", "4f1d");
	ask.pods = list("web-?", NULL);
	ask.namespaces = list("a\"b", NULL);
	expect(&ask, "process.executable glob \"/usr/bin/*\" and (container.name == \"web\" or "
		     "container.name == \"4f1d\" or container.id startswith \"4f1d\") and "
		     "kubernetes.pod.name glob \"web-?\" and kubernetes.namespace == \"a\\\"b\"");
}

static void test_container_id(void **state)
{
	static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	_cleanup_(ask_done) struct rs_ask ask = { .containers = list(id, NULL) };
	char text[128];

	(void)state;
	snprintf(text, sizeof(text), "container.id == \"%s\"", id);
	expect(&ask, text);
}

static void test_paths(void **state)
{
	static const struct {
		const char *option, *text;
	} rows[] = {
		{ "/etc", "path == \"/etc\" or path startswith \"/etc/\"" },
		{ "/etc/", "path == \"/etc\" or path startswith \"/etc/\"" },
		{ "/", "path == \"/\" or path startswith \"/\"" },
		{ ".", "path == \"/tmp\" or path startswith \"/tmp/\"" },
		{ "./x", "path == \"/tmp/x\" or path startswith \"/tmp/x/\"" },
		{ "x", "path == \"/tmp/x\" or path startswith \"/tmp/x/\"" },
		{ "*.conf", "path glob \"**/*.conf\"" },
		{ "x/*", "path glob \"/tmp/x/*\"" },
		{ "/var/**/x", "path glob \"/var/**/x\"" },
		{ "**/x/y", "path glob \"**/x/y\"" },
		{ "//etc//x/./y", "path == \"/etc/x/y\" or path startswith \"/etc/x/y/\"" },
		{ "/etc/../var", "path == \"/var\" or path startswith \"/var/\"" },
		{ "/../..", "path == \"/\" or path startswith \"/\"" },
		{ "../etc/", "path == \"/etc\" or path startswith \"/etc/\"" },
		{ "..x", "path == \"/tmp/..x\" or path startswith \"/tmp/..x/\"" },
		{ "../*/x/../y", "path glob \"/*/y\"" },
		{ "/a/**/../x", "path glob \"/a/**/x\"" },
		{ "**/./x//y", "path glob \"**/x/y\"" },
	};

	(void)state;
	assert_int_equal(chdir("/tmp"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(ask_done) struct rs_ask ask = { .paths = list(rows[i].option, NULL) };

		expect(&ask, rows[i].text);
	}
}

/* A working directory whose name looks like a glob, and one that is gone. */
static void test_odd_directories(void **state)
{
	char dir[] = "/tmp/ringside-[*]-XXXXXX";
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
	_cleanup_(rs_str_done) struct rs_str shown = { 0 };
	_cleanup_(ask_done) struct rs_ask glob = { .paths = list("x/*", NULL) };
	_cleanup_(ask_done) struct rs_ask plain = { .paths = list("x", NULL) };
	const struct rs_expr *where = NULL;
	struct rs_error err = RS_ERROR_INIT;
	char text[256];
	const char *tail = dir + sizeof("/tmp/ringside-[*]") - 1;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	snprintf(text, sizeof(text), "path glob \"/tmp/ringside-\\\\[\\\\*]%s/x/*\"", tail);
	expect(&glob, text);
	snprintf(text, sizeof(text), "path == \"%s/x\" or path startswith \"%s/x/\"", dir, dir);
	expect(&plain, text);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(rs_ask_where(&plain, &arena, &where, &shown, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "--path \"x\": the working directory"));
	assert_int_equal(chdir("/tmp"), 0);
}

static void test_where(void **state)
{
	_cleanup_(ask_done) struct rs_ask ask = { 0 };

	(void)state;
	ask.pids = list("5", NULL);
	ask.wheres = list("comm == a or comm == b", "kind == exec");
	expect(&ask, "process.pid == 5 and (process.name == \"a\" or process.name == \"b\") and "
		     "ringside.kind == \"exec\"");
}

static void test_mistakes(void **state)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
	_cleanup_(rs_str_done) struct rs_str shown = { 0 };
	_cleanup_(ask_done) struct rs_ask ask = { 0 };
	const struct rs_expr *where = NULL;
	struct rs_error err = RS_ERROR_INIT;

	(void)state;
	ask.wheres = list("comm = a", NULL);
	assert_int_equal(rs_ask_where(&ask, &arena, &where, &shown, &err), -EINVAL);
	assert_string_equal(err.msg, "--where: there is no operator =");
	assert_string_equal(rs_str_cstr(&shown), "  comm = a\n       ^\n");
	ask.pids = list("x", NULL);
	assert_int_equal(rs_ask_where(&ask, &arena, &where, &shown, &err), -EINVAL);
	assert_null(where);
	rs_opt_list_done(&ask.pids);
	ask.pids = list("4294967296", NULL);
	err = (struct rs_error)RS_ERROR_INIT;
	assert_int_equal(rs_ask_where(&ask, &arena, &where, &shown, &err), -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	assert_null(where);
}

static void test_too_long(void **state)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
	_cleanup_(rs_str_done) struct rs_str shown = { 0 };
	_cleanup_(ask_done) struct rs_ask ask = { 0 };
	const struct rs_expr *where = NULL;

	(void)state;
	for (unsigned i = 0; i < 2000; i++)
		assert_int_equal(rs_opt_list_add(&ask.comms, "abcdefgh", 8), 0);
	assert_int_equal(rs_ask_where(&ask, &arena, &where, &shown, NULL), -EINVAL);
}

static void test_prepare(void **state)
{
	struct rs_ask ask = { .root = "/nowhere/", .since = 5, .until = 4 };
	struct rs_error err = RS_ERROR_INIT;
	_cleanup_(rs_asked_done) struct rs_asked asked = RS_ASKED_INIT;

	(void)state;
	assert_int_equal(rs_ask_prepare(&ask, &asked, &err), -EINVAL);
	ask.until = 6;
	assert_int_equal(rs_ask_prepare(&ask, &asked, &err), 0);
	assert_string_equal(asked.query.dir, "/nowhere/var/lib/ringside/events");
	assert_int_equal(asked.query.since, 5);
	assert_int_equal(asked.query.cancel_fd, -1);
	assert_int_equal(rs_ask_run(&asked, NULL, NULL, &err), -ENOENT);
	assert_true(err.hint[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),           cmocka_unit_test(test_no_times),
		cmocka_unit_test(test_format),          cmocka_unit_test(test_nothing_selected),
		cmocka_unit_test(test_lists),           cmocka_unit_test(test_names),
		cmocka_unit_test(test_container_id),    cmocka_unit_test(test_paths),
		cmocka_unit_test(test_odd_directories), cmocka_unit_test(test_where),
		cmocka_unit_test(test_mistakes),        cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_prepare),
	};

	return cmocka_run_group_tests(tests, set_zone, NULL);
}
