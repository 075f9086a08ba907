/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing and printing: what is refused and how that is told, limits, literals, demands. */
#include "rules/testing.h"

/* --- printing --- */

static void test_printed(void **state)
{
	static const struct {
		const char *text, *printed;
	} rows[] = {
		{ "pid==1", "process.pid == 1" },
		{ "path == /x", "path == \"/x\"" },
		{ "user == 0", "user.id == 0" },
		{ "user in (root, 0)", "user.name in (\"root\") or user.id in (0)" },
		{ "comm in (b, a)", "process.name in (\"a\", \"b\")" },
		{ "kind == cgroup_mkdir", "ringside.kind == \"cgroup_mkdir\"" },
		{ "duration > 90s", "event.duration > 1m30s" },
		{ "destination.bytes >= 4096", "destination.bytes >= 4K" },
		{ "time > 2026-11-21T10:00:00+01:00",
		  "@timestamp > 2026-11-21T09:00:00.000000000Z" },
		{ "ip == 10.0.0.0/8", "ip == \"10.0.0.0/8\"" },
		{ "process.interactive", "process.interactive == true" },
		{ "comm == 'a\"b\\\\\\n'", "process.name == \"a\\\"b\\\\\\x0a\"" },
		{ "not (pid == 1 and pid == 2)", "not (process.pid == 1 and process.pid == 2)" },
		{ "(pid == 1 and pid == 2) or pid == 3",
		  "process.pid == 1 and process.pid == 2 or process.pid == 3" },
		{ "pid not in (1)", "not process.pid in (1)" },
		{ "kubernetes.labels.a/b exists", "kubernetes.labels.a/b exists" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
		_cleanup_(rs_str_done) struct rs_str out = { 0 };

		assert_int_equal(rs_expr_to_str(parse(&arena, rows[i].text), &out), 0);
		assert_string_equal(rs_str_cstr(&out), rows[i].printed);
	}
}

/* --- mistakes --- */

static const char *const mistakes[] = {
	"",
	"   ",
	"proces.name == \"x\"",
	"nonsense == 1",
	"process.pid == nginx",
	"process.pid == \"5\"",
	"process.pid glob \"4*\"",
	"process.name < 5",
	"process.name > \"a\"",
	"destination.ip startswith \"10.\"",
	"destination.ip == 10.0.0.256",
	"destination.ip in (10.0.0.0/8, 10.0.0.0/33)",
	"process.interactive == 1",
	"process.interactive > true",
	"kind == exce",
	"kind glob \"e*\"",
	"user.id == root",
	"user < \"a\"",
	"event.duration > 5 s",
	"event.duration > soon",
	"file.size > 4X",
	"@timestamp > -10m",
	"@timestamp > 2026-02-30T00:00:00Z",
	"process.name = \"x\"",
	"process.name =~ \"x.*\"",
	"process.name == \"x",
	"process.name == \"a\\q\"",
	"process.name ==",
	"process.name",
	"process.name not",
	"process.name nginx",
	"== 5",
	"\"nginx\" == process.name",
	"process.name == process.parent.name",
	"process.name == in",
	"process.name in nginx",
	"process.name in ()",
	"process.name in (a b)",
	"process.name in (a, b",
	"process.name == (a)",
	"(pid == 1",
	"pid == 1)",
	"pid == 1 pid == 2",
	"pid == 1 and",
	"and pid == 1",
	"pid == 1 & pid == 2",
	"pid == 99999999999999999999",
	"path glob \"/etc/[a\"",
	"comm == a\001b",
	"comm == a and\n proces.name == b\n and pid == 1",
	("comm in (aaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbb, ccccccccccccccccccccc) and pit == 1 and "
	 "comm != dddddddddddddddddddddddddddddd"),
};

static void test_diagnostics(void **state)
{
	_cleanup_(rs_str_done) struct rs_str out = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
		const struct rs_expr *expr = NULL;
		struct rs_expr_mark mark = { 0 };
		struct rs_error err = RS_ERROR_INIT;

		if (rs_expr_parse(mistakes[i], &arena, &expr, &mark, &err) != -EINVAL)
			fail_msg("no mistake: %s", mistakes[i]);
		assert_null(expr);
		assert_true(mark.at + mark.len <= strlen(mistakes[i]));
		rs_str_appendf(&out, "%s\n", err.msg);
		rs_expr_show_mark(&out, mistakes[i], &mark);
		if (err.hint[0])
			rs_str_appendf(&out, "  hint: %s\n", err.hint);
		rs_str_append_char(&out, '\n');
	}
	assert_file("tests/golden/rules/diagnostics.txt", &out);
}

/* --- limits --- */

static int try(const char *text)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
	const struct rs_expr *expr = NULL;

	return rs_expr_parse(text, &arena, &expr, NULL, NULL);
}

static void repeat(struct rs_str *out, const char *text, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		rs_str_append_cstr(out, text);
}

static void test_limits(void **state)
{
	_cleanup_(rs_str_done) struct rs_str text = { 0 };

	(void)state;
	for (unsigned depth = 64; depth < 66; depth++) {
		rs_str_reset(&text);
		repeat(&text, "(", depth);
		rs_str_append_cstr(&text, "pid == 1");
		repeat(&text, ")", depth);
		assert_int_equal(try(rs_str_cstr(&text)), depth > 64 ? -EINVAL : 0);
		rs_str_reset(&text);
		repeat(&text, "not ", depth);
		rs_str_append_cstr(&text, "pid == 1");
		assert_int_equal(try(rs_str_cstr(&text)), depth > 64 ? -EINVAL : 0);
	}
	for (unsigned n = 1024; n < 1026; n++) {
		rs_str_reset(&text);
		rs_str_append_cstr(&text, "pid in (1");
		repeat(&text, ",1", n - 1);
		rs_str_append_cstr(&text, ")");
		assert_int_equal(try(rs_str_cstr(&text)), n > 1024 ? -EINVAL : 0);
	}
	rs_str_reset(&text);
	rs_str_append_cstr(&text, "pid<1");
	repeat(&text, "&&x", 2047);
	assert_int_equal(try(rs_str_cstr(&text)), -EINVAL);
	rs_str_reset(&text);
	rs_str_append_cstr(&text, "pid==1");
	repeat(&text, " ", RS_EXPR_MAX - 6);
	assert_int_equal(try(rs_str_cstr(&text)), 0);
	rs_str_append_char(&text, ' ');
	assert_int_equal(try(rs_str_cstr(&text)), -EINVAL);
	rs_str_reset(&text);
	rs_str_append_cstr(&text, "ip exists");
	repeat(&text, "&&!ip exists", 1100);
	assert_int_equal(try(rs_str_cstr(&text)), -EINVAL);
}

static void test_no_memory(void **state)
{
	static const char text[] =
		"user in (root, 0) and (not comm glob \"a*\" or kind == file) and ip in (::1, 1.1.1.1)";
	const struct rs_expr *expr;
	int r = -ENOMEM;

	(void)state;
	for (size_t max = 1; r == -ENOMEM; max += 16) {
		_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(max);
		struct rs_error err = RS_ERROR_INIT;

		r = rs_expr_parse(text, &arena, &expr, NULL, &err);
		assert_int_equal(r, err.code);
		assert_true(max < 65536);
	}
	assert_int_equal(r, 0);
}

static void test_and(void **state)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
	_cleanup_(rs_str_done) struct rs_str out = { 0 };
	const struct rs_expr *a = parse(&arena, "pid == 1 and pid == 2"), *both;
	const struct rs_expr *b = parse(&arena, "pid == 3 or pid == 4");

	(void)state;
	assert_int_equal(rs_expr_and(&arena, NULL, NULL, &both), 0);
	assert_null(both);
	assert_int_equal(rs_expr_and(&arena, a, NULL, &both), 0);
	assert_ptr_equal(both, a);
	assert_int_equal(rs_expr_and(&arena, NULL, a, &both), 0);
	assert_ptr_equal(both, a);
	assert_int_equal(rs_expr_and(&arena, a, b, &both), 0);
	rs_expr_to_str(both, &out);
	assert_string_equal(rs_str_cstr(&out), "process.pid == 1 and process.pid == 2 and "
					       "(process.pid == 3 or process.pid == 4)");
}

/* --- dates --- */

static void test_dates(void **state)
{
	static const struct {
		const char *text;
		int64_t ns; /* -1: none */
	} rows[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01T00:00:00.000000001Z", 1 },
		{ "1970-01-01T00:00:00.1234567899Z", 123456789 },
		{ "2000-02-29T12:00:00Z", 951825600000000000 },
		{ "2000-02-29t12:00:00z", 951825600000000000 },
		{ "2000-02-29 12:00:00Z", 951825600000000000 },
		{ "2000-02-29T14:30:00+02:30", 951825600000000000 },
		{ "2000-02-29T09:30:00-02:30", 951825600000000000 },
		{ "1970-01-01T00:00:00+00:01", -1 },
		{ "1969-12-31T23:59:59Z", -1 },
		{ "2262-01-01T00:00:00Z", -1 },
		{ "2001-02-29T12:00:00Z", -1 },
		{ "2001-13-01T12:00:00Z", -1 },
		{ "2001-00-01T12:00:00Z", -1 },
		{ "2001-01-00T12:00:00Z", -1 },
		{ "2001-01-01T24:00:00Z", -1 },
		{ "2001-01-01T12:60:00Z", -1 },
		{ "2001-01-01T12:00:60Z", -1 },
		{ "2001-01-01T12:00:00", -1 },
		{ "2001-01-01T12:00:00.Z", -1 },
		{ "2001-01-01T12:00:00Zx", -1 },
		{ "2001-01-01T12:00:00+24:00", -1 },
		{ "2001-01-01", -1 },
		{ "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t ns = -1;
		bool is = rs_expr_parse_date(rows[i].text, strlen(rows[i].text), &ns);

		if (is != (rows[i].ns >= 0) || ns != rows[i].ns)
			fail_msg("%s: %lld", rows[i].text, (long long)ns);
	}
}

/* --- demands --- */

static void add_texts(struct rs_str *out, const struct rs_expr_demand *d)
{
	for (size_t i = 0; i < d->n; i++) {
		rs_str_append_cstr(out, i ? "," : "");
		if (d->numeric)
			rs_str_append_i64(out, d->numbers[i]);
		else
			rs_str_append(out, d->texts[i].data, d->texts[i].len);
	}
}

static void add_demand(void *data, const struct rs_expr_demand *d)
{
	struct rs_str *out = data;

	if (out->len && out->data[out->len - 1] != '[')
		rs_str_append_cstr(out, "; ");
	rs_str_append_cstr(out, d->field);
	switch (d->op) {
	case RS_DEMAND_IN:
		rs_str_append_cstr(out, d->numeric ? " in# " : " in ");
		add_texts(out, d);
		break;
	case RS_DEMAND_PREFIX:
		rs_str_append_cstr(out, " prefix ");
		add_texts(out, d);
		break;
	case RS_DEMAND_RANGE:
		assert_true(d->numeric);
		if (d->low > INT64_MIN)
			rs_str_appendf(out, " >= %lld", (long long)d->low);
		if (d->high < INT64_MAX)
			rs_str_appendf(out, " <= %lld", (long long)d->high);
		break;
	case RS_DEMAND_ANY:
		rs_str_append_cstr(out, "any [");
		for (size_t i = 0; i < d->n; i++)
			add_demand(out, &d->parts[i]);
		rs_str_append_cstr(out, "]");
		break;
	}
}

static void test_demands(void **state)
{
	static const struct {
		const char *text, *demands;
	} rows[] = {
		{ "pid == 5", "process.pid in# 5" },
		{ "pid in (5, 6) and comm == x", "process.pid in# 5,6; process.name in x" },
		{ "pid != 5", "" },
		{ "not pid == 5", "" },
		{ "pid > 5", "process.pid >= 6" },
		{ "pid < 5 and pid >= 1", "process.pid <= 4; process.pid >= 1" },
		{ "pid > 9223372036854775807", "" },
		{ "uid == 0", "user.id in# 0" },
		{ "kind == exec", "ringside.kind in exec" },
		{ "kind in (exec, exit)", "ringside.kind in exec,exit" },
		{ "exe startswith /usr/", "process.executable prefix /usr/" },
		{ "exe startswith \"\"", "" },
		{ "exe glob /usr/*/x", "process.executable prefix /usr/" },
		{ "exe glob \"/us\\\\*r?\"", "process.executable prefix /us*r" },
		{ "exe glob *", "" },
		{ "exe contains x or exe exists", "" },
		{ "pid == 1 or comm == x", "any [process.pid in# 1; process.name in x]" },
		{ "pid == 1 or exe contains x", "" },
		{ "pid == 1 or (exe contains x and comm == y)",
		  "any [process.pid in# 1; process.name in y]" },
		{ "pid == 1 or comm == x and (pid == 2 or pid == 3)",
		  "any [process.pid in# 1; process.name in x]" },
		{ "path == /x", "any [file.path in /x; file.Ext.original.path in /x; "
				"file.target_path in /x]" },
		{ "kind == exec and (pid == 1 or pid == 2)",
		  "ringside.kind in exec; any [process.pid in# 1; process.pid in# 2]" },
		{ "args == x", "" },
		{ "kubernetes.labels.app == web", "" },
		{ "destination.ip == ::ffff:1.2.3.4", "destination.ip in 1.2.3.4" },
		{ "destination.ip in (fd00:0::1, 10.0.0.0/8)", "" },
		{ "process.interactive", "" },
		{ "time >= 1970-01-01T00:00:01Z", "@timestamp >= 1000000000" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
		_cleanup_(rs_str_done) struct rs_str out = { 0 };

		rs_expr_demands(parse(&arena, rows[i].text), add_demand, &out);
		assert_string_equal(rs_str_cstr(&out), rows[i].demands);
	}
}

static void test_many_alternatives(void **state)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
	_cleanup_(rs_str_done) struct rs_str text = { 0 }, out = { 0 };

	(void)state;
	rs_str_append_cstr(&text, "pid == 1");
	repeat(&text, " or pid == 1", RS_DEMAND_PARTS_MAX);
	rs_expr_demands(parse(&arena, rs_str_cstr(&text)), add_demand, &out);
	assert_int_equal(out.len, 0);
	rs_expr_demands(NULL, add_demand, &out);
	assert_int_equal(out.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_printed), cmocka_unit_test(test_diagnostics),
		cmocka_unit_test(test_limits),  cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_and),     cmocka_unit_test(test_dates),
		cmocka_unit_test(test_demands), cmocka_unit_test(test_many_alternatives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
