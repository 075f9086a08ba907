/* SPDX-License-Identifier: Apache-2.0 */
/* Reports of events made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/json.h"
#include "cmd/report-grid.h"
#include "cmd/report.h"

#define MS 1000000ull

struct sample {
	_Alignas(8) char record[RS_RECORD_MAX];
	struct rs_event event;
	struct rs_hdr *hdr;
};

#define ID "4f1d2c3b5a69788796a5b4c3d2e1f001"

static const struct rs_event_container container = {
	.id = ID,
	.name = "web",
	.image = "nginx:1",
	.pod_name = "web-0",
	.namespace = "shop",
};
static const struct rs_event_container nameless = { .id = ID };
static const struct rs_event_cgroup cgroup = { .path = "/pod", .container = &container };
static const struct rs_event_cgroup early = { .path = "/pod", .container = &nameless };

static void make(struct sample *s, enum rs_kind kind)
{
	size_t n = rs_event_sample(kind, s->record);

	s->hdr = (struct rs_hdr *)(void *)s->record;
	assert_int_equal(rs_event_decode(s->record, n, &s->event), 0);
	rs_event_sample_origin(&s->event);
	s->event.user = "ann";
}

static void add(struct rs_report *report, struct sample *s)
{
	struct rs_event_host host;

	rs_event_sample_host(&host);
	assert_int_equal(rs_report_add(report, &s->event, &host), 0);
}

static const char *get(const struct rs_json_value *root, const char *path)
{
	return rs_json_get_str(root, path, "");
}

/* The report as JSON, parsed. */
static const struct rs_json_value *json(struct rs_report *report, size_t top,
					struct rs_arena *arena)
{
	_cleanup_(rs_str_done) struct rs_str out = { 0 };
	struct rs_json_value *root = NULL;
	struct rs_error err = RS_ERROR_INIT;

	assert_int_equal(rs_report_json(report, top, &out), 0);
	if (rs_json_parse(arena, out.data, out.len, &root, &err) < 0)
		fail_msg("%s: %s", err.msg, rs_str_cstr(&out));
	return root;
}

static void test_processes(void **state)
{
	_cleanup_(rs_report_done) struct rs_report report = { 0 };
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
	const struct rs_json_value *root;
	static struct sample s;

	(void)state;
	assert_int_equal(rs_report_init(&report), 0);
	for (unsigned i = 0; i < 3; i++) {
		struct rs_exit *end;

		make(&s, RS_KIND_EXIT);
		end = (struct rs_exit *)(void *)s.record;
		end->runtime = (i + 1) * 10 * MS;
		end->wall = 60 * MS;
		if (i == 2)
			memcpy(s.hdr->comm, "other", 6);
		add(&report, &s);
	}
	make(&s, RS_KIND_EXEC);
	add(&report, &s);
	root = json(&report, 10, &arena);
	assert_int_equal(rs_json_get_u64(root, "events", 0), 4);
	assert_int_equal(rs_json_get_u64(root, "kinds.exit", 0), 3);
	/* Two processes share a name, and use as much CPU as one of another. */
	assert_int_equal(rs_json_get_u64(root, "cpu.rows.0.cpu_ns", 0), 30 * MS);
	assert_string_equal(get(root, "cpu.rows.0.name"), "other");
	assert_int_equal(rs_json_get_u64(root, "cpu.rows.1.processes", 0), 2);
	assert_int_equal(rs_json_get_u64(root, "cpu.rows.1.cpu_mean_ns", 0), 15 * MS);
	assert_int_equal(rs_json_get_u64(root, "cpu.rows.1.life_mean_ns", 0), 60 * MS);
	assert_int_equal(rs_json_get_u64(root, "execs.rows.0.count", 0), 1);
	assert_true(get(root, "execs.rows.0.executable")[0] == '/');
}

/* An event that stands for a whole life counts as its end, too. */
static void test_whole_life(void **state)
{
	_cleanup_(rs_report_done) struct rs_report report = { 0 };
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
	const struct rs_json_value *root;
	static struct sample s, end;

	(void)state;
	assert_int_equal(rs_report_init(&report), 0);
	make(&s, RS_KIND_EXEC);
	make(&end, RS_KIND_EXIT);
	s.event.end = end.event.exit;
	add(&report, &s);
	root = json(&report, 10, &arena);
	assert_int_equal(rs_json_get_u64(root, "cpu.rows.0.processes", 0), 1);
	assert_int_equal(rs_json_get_u64(root, "execs.rows.0.count", 0), 1);
}

static void test_deletions_and_failures(void **state)
{
	_cleanup_(rs_report_done) struct rs_report report = { 0 };
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
	const struct rs_json_value *root;
	static struct sample s;

	(void)state;
	assert_int_equal(rs_report_init(&report), 0);
	for (int i = 0; i < 4; i++) {
		make(&s, i == 3 ? RS_KIND_CONNECT : RS_KIND_UNLINK);
		s.hdr->ret = i == 2 ? -ENOENT : i == 3 ? -EINPROGRESS : 0;
		add(&report, &s);
	}
	root = json(&report, 10, &arena);
	assert_int_equal(rs_json_get_u64(root, "deletions_by_directory.rows.0.count", 0), 2);
	assert_int_equal(rs_json_get_u64(root, "deletions_by_process.rows.0.count", 0), 2);
	assert_string_equal(get(root, "deletions_by_process.rows.0.user"), "ann");
	assert_int_equal(rs_json_get_u64(root, "failed", 0), 1);
	assert_string_equal(get(root, "failures.rows.0.errno"), "ENOENT");
	assert_string_equal(get(root, "failures.rows.0.kind"), "unlink");
	assert_null(rs_json_get(root, "failures.rows.1"));
}

/* A forged record may hold what no call returns, and what has no opposite. */
static void test_odd_result(void **state)
{
	_cleanup_(rs_report_done) struct rs_report report = { 0 };
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
	static struct sample s;

	(void)state;
	assert_int_equal(rs_report_init(&report), 0);
	make(&s, RS_KIND_UNLINK);
	s.hdr->ret = INT32_MIN;
	add(&report, &s);
	assert_string_equal(get(json(&report, 10, &arena), "failures.rows.0.errno"), "2147483648");
}

/* "@name" is no file of that name. */
static void test_unix_sockets(void **state)
{
	static const struct rs_text names[] = { { "/bus", 4, 0 }, { "\0/bus", 5, 0 } };
	_cleanup_(rs_report_done) struct rs_report report = { 0 };
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
	const struct rs_json_value *root;
	static struct sample s;

	(void)state;
	assert_int_equal(rs_report_init(&report), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		make(&s, RS_KIND_LISTEN);
		((struct rs_net *)(void *)s.record)->family = AF_UNIX;
		s.event.field[RS_TAG_SOCKET] = names[i];
		s.hdr->time += i;
		add(&report, &s);
	}
	root = json(&report, 10, &arena);
	assert_string_equal(get(root, "listeners.rows.0.address"), "/bus");
	assert_string_equal(get(root, "listeners.rows.1.address"), "@/bus");
}

static void test_network(void **state)
{
	static const enum rs_kind kinds[] = { RS_KIND_CONNECT, RS_KIND_CLOSE, RS_KIND_LISTEN,
					      RS_KIND_ACCEPT,  RS_KIND_BIND,  RS_KIND_UDP };
	_cleanup_(rs_report_done) struct rs_report report = { 0 };
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
	const struct rs_json_value *root;
	static struct sample s;

	(void)state;
	assert_int_equal(rs_report_init(&report), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		make(&s, kinds[i]);
		add(&report, &s);
	}
	root = json(&report, 10, &arena);
	/* A connection and its end are one peer; a datagram is another. */
	assert_non_null(rs_json_get(root, "peers.rows.1"));
	assert_null(rs_json_get(root, "peers.rows.2"));
	for (int i = 0; i < 2; i++) {
		const char *proto = get(root,
					i ? "peers.rows.1.protocol" : "peers.rows.0.protocol");
		uint64_t sent = rs_json_get_u64(
			root, i ? "peers.rows.1.sent_bytes" : "peers.rows.0.sent_bytes", 7);

		assert_int_equal(sent, strcmp(proto, "tcp") ? 0 : 1234);
	}
	assert_string_equal(get(root, "listeners.rows.0.protocol"), "tcp");
	assert_non_null(strstr(get(root, "listeners.rows.0.address"), ":8000"));
	assert_null(rs_json_get(root, "listeners.rows.1"));
}

/* Its name comes after the first events. */
static void test_containers(void **state)
{
	_cleanup_(rs_report_done) struct rs_report report = { 0 };
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
	_cleanup_(rs_str_done) struct rs_str out = { 0 };
	const struct rs_json_value *root;
	static struct sample s;

	(void)state;
	assert_int_equal(rs_report_init(&report), 0);
	make(&s, RS_KIND_OPEN);
	add(&report, &s);
	assert_int_equal(rs_report_table(&report, 10, 0, false, &out), 0);
	assert_null(strstr(rs_str_cstr(&out), "Containers"));
	for (int i = 0; i < 3; i++) {
		make(&s, i ? RS_KIND_EXEC : RS_KIND_EXIT);
		s.event.cgroup = i ? &cgroup : &early;
		add(&report, &s);
	}
	root = json(&report, 10, &arena);
	assert_int_equal(rs_json_get_u64(root, "containers.rows.0.events", 0), 3);
	assert_int_equal(rs_json_get_u64(root, "containers.rows.0.execs", 0), 2);
	assert_int_equal(rs_json_get_u64(root, "containers.rows.0.processes_ended", 0), 1);
	assert_string_equal(get(root, "containers.rows.0.name"), "shop/web-0/web");
	assert_string_equal(get(root, "containers.rows.0.image"), "nginx:1");
	assert_string_equal(get(root, "containers.rows.0.id"), container.id);
	assert_int_equal(rs_json_get_u64(root, "containers.rows.1.events", 0), 1);
	rs_str_reset(&out);
	assert_int_equal(rs_report_table(&report, 10, 0, false, &out), 0);
	assert_non_null(strstr(rs_str_cstr(&out), "shop/web-0/web"));
	assert_non_null(strstr(rs_str_cstr(&out), "(no container)"));
}

/* Every kind of event, on terminals of any width, and nothing at all. */
static void test_all_kinds(void **state)
{
	_cleanup_(rs_report_done) struct rs_report report = { 0 };
	_cleanup_(rs_str_done) struct rs_str out = { 0 };
	static struct sample s;

	(void)state;
	assert_int_equal(rs_report_init(&report), 0);
	assert_int_equal(rs_report_table(&report, 3, 80, true, &out), 0);
	assert_int_equal(out.len, 0);
	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++) {
		make(&s, kind);
		add(&report, &s);
	}
	for (unsigned width = 20; width < 200; width += 10) {
		rs_str_reset(&out);
		assert_int_equal(rs_report_table(&report, 3, width, false, &out), 0);
		assert_null(strstr(rs_str_cstr(&out), " \n"));
		for (const char *line = rs_str_cstr(&out); width >= 100 && *line;) {
			size_t n = strcspn(line, "\n");

			if (rs_term_columns(line, n) > width)
				fail_msg("wider than %u: %.*s", width, (int)n, line);
			line += n + 1;
		}
	}
}

/* --- tallies --- */

static struct rs_report_row *row(struct rs_report_tally *tally, unsigned i)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", i);
	rs_report_key(tally);
	rs_report_key_part(tally, text, strlen(text));
	rs_report_key_part(tally, "x", 1);
	return rs_report_row(tally, 100 + i);
}

static void test_tally_is_bounded(void **state)
{
	_cleanup_(rs_report_tally_free) struct rs_report_tally *tally = NULL;
	struct rs_report_ranked ranked;
	const char *part;
	uint64_t sum = 0;
	size_t n;

	(void)state;
	assert_int_equal(rs_report_tally_new(&tally), 0);
	for (unsigned i = 0; i < RS_REPORT_ROWS_MAX + 100; i++)
		row(tally, i)->count++;
	row(tally, 5)->count++;
	assert_int_equal(rs_report_rank(tally, RS_REPORT_BY_COUNT, 3, &ranked), 0);
	assert_int_equal(ranked.n, 3);
	assert_int_equal(ranked.rows[0]->count, 2);
	rs_report_row_part(ranked.rows[0], 0, &part, &n);
	assert_int_equal(n, 1);
	assert_int_equal(*part, '5');
	rs_report_row_part(ranked.rows[0], 2, &part, &n);
	assert_int_equal(n, 0);
	assert_int_equal(ranked.n_others, RS_REPORT_ROWS_MAX - 3);
	assert_true(ranked.full);
	for (size_t i = 0; i < ranked.n; i++)
		sum += ranked.rows[i]->count;
	assert_int_equal(sum + ranked.others.count, RS_REPORT_ROWS_MAX + 101);
}

static void test_orders(void **state)
{
	_cleanup_(rs_report_tally_free) struct rs_report_tally *tally = NULL;
	struct rs_report_ranked ranked;

	(void)state;
	assert_int_equal(rs_report_tally_new(&tally), 0);
	row(tally, 1)->count = 5;
	row(tally, 2)->cpu = 5;
	row(tally, 0)->count = 1;
	rs_report_rank(tally, RS_REPORT_BY_CPU, 9, &ranked);
	assert_int_equal(ranked.rows[0]->cpu, 5);
	rs_report_rank(tally, RS_REPORT_BY_COUNT, 9, &ranked);
	assert_int_equal(ranked.rows[0]->count, 5);
	rs_report_rank(tally, RS_REPORT_BY_FIRST, 9, &ranked);
	assert_int_equal(ranked.rows[0]->first, 100);
	assert_int_equal(ranked.n_others, 0);
	assert_false(ranked.full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_whole_life),
		cmocka_unit_test(test_deletions_and_failures),
		cmocka_unit_test(test_odd_result),
		cmocka_unit_test(test_unix_sockets),
		cmocka_unit_test(test_network),
		cmocka_unit_test(test_containers),
		cmocka_unit_test(test_all_kinds),
		cmocka_unit_test(test_tally_is_bounded),
		cmocka_unit_test(test_orders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
