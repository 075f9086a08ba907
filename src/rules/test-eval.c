/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for which event, row by row. */
#include "rules/testing.h"

struct row {
	enum rs_kind kind;
	bool holds;
	const char *text;
};

static void check_rows(const struct row *rows, size_t n)
{
	_cleanup_(rs_expr_run_free) struct rs_expr_run *run = sample_run();
	static struct sample s;

	for (size_t i = 0; i < n; i++) {
		_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
		const struct rs_expr *expr = parse(&arena, rows[i].text), *again;
		_cleanup_(rs_str_done) struct rs_str printed = { 0 }, twice = { 0 };

		sample_make(&s, rows[i].kind);
		if (rs_expr_match(expr, run, &s.event) != rows[i].holds)
			fail_msg("%s: %s does %shold", rs_kind_to_str(rows[i].kind), rows[i].text,
				 rows[i].holds ? "not " : "");
		/* What is printed means the same. */
		assert_int_equal(rs_expr_to_str(expr, &printed), 0);
		again = parse(&arena, rs_str_cstr(&printed));
		assert_int_equal(rs_expr_match(again, run, &s.event), rows[i].holds);
		assert_int_equal(rs_expr_to_str(again, &twice), 0);
		assert_string_equal(rs_str_cstr(&printed), rs_str_cstr(&twice));
	}
}

#define T(kind, text)                                                                              \
	{                                                                                          \
		RS_KIND_##kind, true, text                                                         \
	}
#define F(kind, text)                                                                              \
	{                                                                                          \
		RS_KIND_##kind, false, text                                                        \
	}

static void test_text(void **state)
{
	static const struct row rows[] = {
		T(OPEN, "process.name == \"worker\""),
		T(OPEN, "process.name == 'worker'"),
		T(OPEN, "process.name==worker"),
		F(OPEN, "process.name == Worker"),
		F(OPEN, "process.name == work"),
		F(OPEN, "process.name == \"\""),
		T(OPEN, "process.name != nginx"),
		F(OPEN, "process.name != worker"),
		T(OPEN, "comm in (nginx, worker)"),
		F(OPEN, "comm in (nginx)"),
		T(OPEN, "comm not in (nginx)"),
		T(OPEN, "comm in (a, b, c, d, e, f, g, h, i, worker, j, kk)"),
		F(OPEN, "comm in (a, b, c, d, e, f, g, h, i, workes, j, kk)"),
		T(OPEN, "comm startswith wor"),
		T(OPEN, "comm startswith \"\""),
		F(OPEN, "comm startswith workers"),
		T(OPEN, "comm endswith ker"),
		F(OPEN, "comm endswith work"),
		T(OPEN, "comm contains ork"),
		T(OPEN, "comm contains \"\""),
		F(OPEN, "comm contains \"o r\""),
		T(OPEN, "comm glob w*r"),
		F(OPEN, "comm glob w"),
		T(OPEN, "comm == \"w\\x6frker\""),
		T(OPEN, "comm exists"),
		F(OPEN, "comm not exists"),
		T(OPEN, "process.executable glob /usr/*/bin/worker"),
		F(OPEN, "process.executable glob /usr/*/worker"),
		T(OPEN, "process.executable glob /usr/**/worker"),
		T(OPEN, "parent == bash and process.parent.executable endswith /bash"),
	};

	(void)state;
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_number(void **state)
{
	static const struct row rows[] = {
		T(OPEN, "pid == 4242"),
		T(OPEN, "pid == 0x1092"),
		F(OPEN, "pid != 4242"),
		T(OPEN, "pid != -1"),
		T(OPEN, "pid > 4241 and pid < 4243 and pid >= 4242 and pid <= 4242"),
		F(OPEN, "pid > 4242 or pid < 4242"),
		T(OPEN, "pid in (1, 2, 4242)"),
		T(OPEN, "ppid == 4100"),
		T(OPEN, "uid == 1000"),
		T(OPEN, "uid >= 1000 and uid < 2000"),
		F(OPEN, "user.id in (0, 33)"),
		T(OPEN, "gid == 1000"),
		T(CONNECT, "result < 0 and errno == EINPROGRESS"),
		T(CLOSE, "event.duration > 2s and duration < 1m"),
		F(CLOSE, "event.duration > 2100000000"),
		T(CLOSE, "event.duration == 2100ms"),
		T(CLOSE, "destination.bytes == 3M and source.bytes < 4K"),
		F(OPEN, "event.duration >= 0"),
		F(OPEN, "event.duration != 5"),
		T(OPEN, "not (event.duration == 5)"),
		T(OPEN, "ringside.ancestors.pid == 1"),
		F(OPEN, "ringside.ancestors.pid == 2"),
		T(OPEN, "ringside.ancestors.pid in (7, 4100)"),
	};

	(void)state;
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_user(void **state)
{
	static const struct row rows[] = {
		T(OPEN, "user == ann"),
		T(OPEN, "user == 1000"),
		F(OPEN, "user == \"1000\""),
		F(OPEN, "user == 0"),
		T(OPEN, "user != 0"),
		T(OPEN, "user in (root, 1000)"),
		T(OPEN, "user in (0, ann)"),
		F(OPEN, "user not in (0, ann)"),
		F(OPEN, "user in (root, 0)"),
		T(OPEN, "user > 999"),
		T(OPEN, "user exists and user startswith a"),
		T(OPEN, "group == staff and group == 1000"),
		T(OPEN, "user.name == ann"),
	};

	(void)state;
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_kind(void **state)
{
	static const struct row rows[] = {
		T(EXEC, "kind == exec"),
		F(EXEC, "kind == exit"),
		T(EXEC, "kind != exit"),
		T(EXEC, "kind in (exec, exit)"),
		T(EXEC, "kind == process"),
		F(EXEC, "kind == file"),
		T(EXEC, "kind != file"),
		F(EXEC, "kind != process"),
		T(EXEC, "kind in (file, process)"),
		F(EXEC, "kind not in (file, \"process\")"),
		T(EXEC, "kind exists"),
		T(EXEC, "ringside.kind == \"exec\" and event.category == process"),
		T(EXEC, "args == worker or args exists"),
		T(PIVOT, "kind == pivot_root"),
	};

	(void)state;
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_address(void **state)
{
	static const struct row rows[] = {
		T(ACCEPT, "source.ip == fd00::12f"),
		T(ACCEPT, "source.ip == fd00:0:0:0:0:0:0:012F"),
		T(ACCEPT, "source.ip in (fd00::/8)"),
		F(ACCEPT, "source.ip in (fe00::/8, 10.0.0.0/8)"),
		F(ACCEPT, "source.ip == 0.0.0.0/0"),
		T(ACCEPT, "source.ip == ::/0"),
		T(ACCEPT, "ip == fd00::7 and port == 8000 and port == 51000"),
		F(ACCEPT, "destination.ip != fd00::7"),
		T(ACCEPT, "destination.ip != fd00::8"),
		T(CONNECT, "destination.ip == 0.0.0.0/0"),
		F(CONNECT, "destination.ip == ::/0"),
		T(CONNECT, "destination.ip == ::ffff:0.0.0.0/96"),
		F(OPEN, "destination.ip == 0.0.0.0/0"),
		F(OPEN, "destination.ip != 1.2.3.4"),
	};

	(void)state;
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_date_and_bool(void **state)
{
	static const struct row rows[] = {
		T(OPEN, "@timestamp > 2026-07-01T00:00:00Z"),
		T(OPEN, "time < \"2026-07-01T16:00:00.5+02:00\""),
		F(OPEN, "time < \"2026-07-01T13:00:00.5+02:00\""),
		F(OPEN, "time in (2026-07-01T12:00:00Z)"),
		F(OPEN, "process.interactive"),
		T(EXEC, "process.interactive exists"),
	};

	(void)state;
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_identity(void **state)
{
	static const struct row rows[] = {
		T(OPEN, "container == nginx"),
		T(OPEN, "container startswith 4f1d2c3b5a69"),
		T(OPEN, "container.name == nginx and container.runtime == containerd"),
		T(OPEN, "pod glob web-* and namespace == shop"),
		T(OPEN, "image contains nginx"),
		T(OPEN, "kubernetes.labels.app == web"),
		T(OPEN, "kubernetes.labels.app.kubernetes.io/name in (shop, shed)"),
		F(OPEN, "kubernetes.labels.app == shop"),
		F(OPEN, "kubernetes.labels.tier exists"),
		T(OPEN, "kubernetes.labels.app exists"),
		T(OPEN, "ancestor == systemd and ancestor == bash"),
		F(OPEN, "ancestor == worker"),
		T(OPEN, "cgroup startswith /kubepods"),
		F(OPEN, "unit exists"),
	};

	(void)state;
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_several_fields(void **state)
{
	_cleanup_(rs_expr_run_free) struct rs_expr_run *run = sample_run();
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
	static struct sample s;
	char text[512];
	char buf[2][RS_EVENT_PATH_MAX];
	struct rs_path path[2];

	(void)state;
	sample_make(&s, RS_KIND_RENAME);
	for (int i = 0; i < 2; i++) {
		assert_true(rs_event_path(&s.event, i, buf[i], &path[i]));
		snprintf(text, sizeof(text), "path == \"%.*s\"", (int)path[i].len, path[i].data);
		assert_true(rs_expr_match(parse(&arena, text), run, &s.event));
	}
	assert_false(rs_expr_match(parse(&arena, "path == /nowhere"), run, &s.event));
	assert_true(rs_expr_match(NULL, run, &s.event));
}

static void test_logic(void **state)
{
	static const struct row rows[] = {
		T(OPEN, "pid == 1 or pid == 2 or pid == 4242"),
		T(OPEN, "pid == 1 and pid == 2 or pid == 4242"),
		F(OPEN, "pid == 1 and (pid == 2 or pid == 4242)"),
		T(OPEN, "pid == 4242 || pid == 1 && pid == 2"),
		T(OPEN, "not pid == 1 and pid == 4242"),
		F(OPEN, "not (pid == 1 or pid == 4242)"),
		T(OPEN, "! ! pid == 4242"),
		T(OPEN, "!(pid == 1)"),
		T(OPEN, "((((pid == 4242))))"),
		T(OPEN, "(pid == 4242 or pid == 1) or pid == 2"),
		T(OPEN, "pid == 4242 and (pid == 4242 and pid == 4242)"),
	};

	(void)state;
	check_rows(rows, ARRAY_SIZE(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),     cmocka_unit_test(test_number),
		cmocka_unit_test(test_user),     cmocka_unit_test(test_kind),
		cmocka_unit_test(test_address),  cmocka_unit_test(test_date_and_bool),
		cmocka_unit_test(test_identity), cmocka_unit_test(test_several_fields),
		cmocka_unit_test(test_logic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
