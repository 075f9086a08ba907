/* SPDX-License-Identifier: Apache-2.0 */
/* docs/asking.md: every key that the asking commands write stands there, and its examples are JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/fd.h"
#include "cmd/events.h"
#include "cmd/report.h"
#include "cmd/tree.h"
#include "enrich/containers-json.h"

static struct rs_str page;

static int read_page(void **state)
{
	_cleanup_(rs_str_done) struct rs_str path = { 0 };
	const char *root = getenv("RS_SOURCE_ROOT");
	struct rs_error err = RS_ERROR_INIT;

	(void)state;
	rs_str_appendf(&path, "%s/docs/asking.md", root ? root : ".");
	if (rs_fd_read_file(rs_str_cstr(&path), 1 << 20, &page, &err) < 0)
		fail_msg("%s", err.msg);
	return 0;
}

static int free_page(void **state)
{
	(void)state;
	rs_str_done(&page);
	return 0;
}

/* The part of the page below a heading. */
static void find_section(const char *heading, struct rs_str *out)
{
	_cleanup_(rs_str_done) struct rs_str line = { 0 };
	const char *start, *end;

	rs_str_appendf(&line, "\n## %s\n", heading);
	start = strstr(rs_str_cstr(&page), rs_str_cstr(&line));
	if (!start)
		fail_msg("no heading %s", heading);
	start += line.len;
	end = strstr(start, "\n## ");
	rs_str_append(out, start, end ? (size_t)(end - start) : strlen(start));
}

static void expect_key(struct rs_str *section, const char *key)
{
	_cleanup_(rs_str_done) struct rs_str quoted = { 0 };

	rs_str_appendf(&quoted, "`%s`", key);
	if (!strstr(rs_str_cstr(section), rs_str_cstr(&quoted)))
		fail_msg("docs/asking.md does not have %s", rs_str_cstr(&quoted));
}

/* @whole: names from the root on; else only their last parts, as in the table of sections. */
static void expect_keys(struct rs_str *section, const struct rs_json_value *value, bool whole,
			const char *above)
{
	for (const struct rs_json_value *v = value->child; v; v = v->next) {
		char path[256];

		snprintf(path, sizeof(path), "%s%s%s", whole ? above : "",
			 whole && *above ? "." : "", value->type == RS_JSON_OBJECT ? v->key : "");
		if (value->type == RS_JSON_OBJECT && !strcmp(v->key, "kinds")) {
			expect_key(section, "kinds.KIND");
			continue;
		}
		if (value->type == RS_JSON_OBJECT && !strcmp(v->key, "labels")) {
			strncat(path, ".KEY", sizeof(path) - strlen(path) - 1);
			expect_key(section, path);
			continue;
		}
		if (value->type == RS_JSON_OBJECT && (!v->child || !whole) &&
		    strcmp(path, "rows") != 0)
			expect_key(section, path);
		if (v->child)
			expect_keys(section, v, whole, path);
	}
}

static void expect_lines(const char *heading, const struct rs_str *lines, bool whole)
{
	_cleanup_(rs_str_done) struct rs_str section = { 0 };
	const char *end = lines->data + lines->len;
	unsigned n = 0;

	find_section(heading, &section);
	for (const char *p = lines->data, *newline; p < end; p = newline + 1) {
		struct rs_arena arena = RS_ARENA_INIT(1 << 20);
		struct rs_json_value *root = NULL;

		newline = memchr(p, '\n', (size_t)(end - p));
		assert_non_null(newline);
		assert_int_equal(rs_json_parse(&arena, p, (size_t)(newline - p), &root, NULL), 0);
		expect_keys(&section, root, whole, "");
		rs_arena_done(&arena);
		n++;
	}
	assert_true(n > 0);
}

/* --- made-up data --- */

static struct rs_event_host host;
static _Alignas(8) char record[RS_RECORD_MAX];

static void make(enum rs_kind kind, struct rs_event *event)
{
	size_t n = rs_event_sample(kind, record);

	assert_int_equal(rs_event_decode(record, n, event), 0);
	rs_event_sample_origin(event);
	event->user = "ann";
}

static void test_report(void **state)
{
	_cleanup_(rs_report_done) struct rs_report report = { .since = 1, .until = 2 };
	_cleanup_(rs_str_done) struct rs_str out = { 0 };
	struct rs_event event;

	(void)state;
	assert_int_equal(rs_report_init(&report), 0);
	for (unsigned i = 0; i < 2 * RS_KIND_COUNT; i++) {
		make(i / 2, &event);
		memcpy(((struct rs_hdr *)(void *)record)->comm, i % 2 ? "one" : "two", 4);
		((struct rs_hdr *)(void *)record)->ret = i % 3 ? 0 : -(int)i - 1;
		assert_int_equal(rs_report_add(&report, &event, &host), 0);
	}
	assert_int_equal(rs_report_json(&report, 1, &out), 0);
	assert_non_null(strstr(rs_str_cstr(&out), "\"others\""));
	expect_lines("report", &out, false);
}

static void test_tree(void **state)
{
	struct rs_tree_view view = { .all = true };
	_cleanup_(rs_str_done) struct rs_str out = { 0 };
	_cleanup_(rs_tree_free) struct rs_tree *tree = NULL;
	struct rs_event event;

	(void)state;
	assert_int_equal(rs_tree_new(&tree), 0);
	snprintf(host.boot_id, sizeof(host.boot_id), "%s", rs_tree_boot_id(tree, 0));
	for (uint32_t i = 0; i < 3; i++) {
		struct rs_hdr *hdr = (struct rs_hdr *)(void *)record;

		make(i ? RS_KIND_EXIT : RS_KIND_EXEC, &event);
		hdr->pid = 10 + i;
		hdr->start = (1 + i) * 1000000000ull;
		hdr->ppid = 10;
		hdr->pstart = 1000000000;
		if (i)
			((struct rs_exit *)(void *)record)->code = i == 1 ? 256 : 9;
		assert_int_equal(rs_tree_add_event(tree, &event, &host), 0);
	}
	assert_int_equal(rs_tree_link(tree, 0, true), 0);
	assert_int_equal(rs_tree_json(tree, &view, &out), 0);
	assert_non_null(strstr(rs_str_cstr(&out), "\"signal\""));
	assert_non_null(strstr(rs_str_cstr(&out), "\"exit_code\""));
	assert_non_null(strstr(rs_str_cstr(&out), "\"end\""));
	expect_lines("tree", &out, true);
}

static void test_containers(void **state)
{
	static const struct rs_event_container pod = {
		.id = "1",
		.name = "web",
		.runtime = "docker",
		.image = "nginx",
		.pod_name = "w-0",
		.pod_uid = "u",
		.pod_ip = "10.0.0.1",
		.namespace = "shop",
		.node = "n",
		.owner_kind = "a",
		.owner_name = "b",
	};
	const struct rs_container_row row = {
		.container = &pod,
		.cgroup = "/a",
		.since = 1,
		.gone = 2,
		.pid = 3,
		.source = "x",
	};
	_cleanup_(rs_str_done) struct rs_str out = { 0 };
	struct rs_json w;

	(void)state;
	rs_json_init(&w, &out);
	rs_container_row_write(&w, &row, 5, 0);
	rs_str_append_char(&out, '\n');
	expect_lines("containers", &out, true);
}

static void test_counts(void **state)
{
	_cleanup_(rs_str_done) struct rs_str section = { 0 };

	(void)state;
	find_section("events", &section);
	expect_key(&section, "count");
	expect_key(&section, "others");
}

/* What stands in the page as an answer can be read. */
static void test_examples(void **state)
{
	unsigned n = 0;

	(void)state;
	for (const char *p = rs_str_cstr(&page); (p = strstr(p, "\n{")); p++) {
		struct rs_arena arena = RS_ARENA_INIT(1 << 20);
		struct rs_json_value *root = NULL;

		assert_int_equal(rs_json_parse(&arena, p + 1, strcspn(p + 1, "\n"), &root, NULL),
				 0);
		rs_arena_done(&arena);
		n++;
	}
	assert_int_equal(n, 5);
}

static int begin(void **state)
{
	rs_event_sample_host(&host);
	return read_page(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report),     cmocka_unit_test(test_tree),
		cmocka_unit_test(test_containers), cmocka_unit_test(test_counts),
		cmocka_unit_test(test_examples),
	};

	return cmocka_run_group_tests(tests, begin, free_page);
}
