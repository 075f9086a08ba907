/* SPDX-License-Identifier: Apache-2.0 */
#include "event/testing.h"

#include "base/json.h"
#include "event/value.h"

static struct record r;
static struct rs_event_values *values;
static struct rs_event_json *writer;
static struct rs_event_host host;
static struct rs_arena arena;

static int setup(void **state)
{
	(void)state;
	rs_event_sample_host(&host);
	if (rs_event_json_new(&host, NULL, &writer) < 0)
		return -1;
	return rs_event_values_new(&host, &values);
}

static int teardown(void **state)
{
	(void)state;
	rs_event_values_free(&values);
	rs_event_json_free(&writer);
	rs_arena_done(&arena);
	return 0;
}

static struct rs_value value(const struct rs_event *event, const char *name)
{
	const struct rs_event_column *column = rs_event_column_find(name, strlen(name));
	struct rs_value v;

	if (!column)
		fail_msg("no column %s", name);
	rs_event_value_named(values, column, name, strlen(name), event, &v);
	return v;
}

static bool is_text(const struct rs_text *text, const char *expected, size_t len)
{
	return text->len == len && memcmp(text->data, expected, len) == 0;
}

static void check_text(const struct rs_event *event, const char *name, const char *expected)
{
	struct rs_value v = value(event, name);

	if (v.type != RS_VALUE_TEXT || !is_text(&v.text, expected, strlen(expected)))
		fail_msg("%s: type %d \"%.*s\", not \"%s\"", name, v.type,
			 v.type == RS_VALUE_TEXT ? (int)v.text.len : 0, v.text.data, expected);
}

static void check_int(const struct rs_event *event, const char *name, int64_t expected)
{
	struct rs_value v = value(event, name);

	assert_int_equal(v.type, RS_VALUE_INT);
	if (v.number != expected)
		fail_msg("%s: %lld, not %lld", name, (long long)v.number, (long long)expected);
}

static void check_none(const struct rs_event *event, const char *name)
{
	assert_int_equal(value(event, name).type, RS_VALUE_NONE);
}

/* --- what a value says is what JSON says --- */

static void compare_text(const struct rs_json_value *json, const struct rs_text *text,
			 const char *name)
{
	char digits[24];

	if (json->type == RS_JSON_NUMBER) {
		snprintf(digits, sizeof(digits), "%lld", (long long)json->i64);
		if (!is_text(text, digits, strlen(digits)))
			fail_msg("%s: \"%.*s\", not %s", name, (int)text->len, text->data, digits);
		return;
	}
	assert_int_equal(json->type, RS_JSON_STRING);
	if (!is_text(text, json->str, json->len))
		fail_msg("%s: \"%.*s\", not \"%s\"", name, (int)text->len, text->data, json->str);
}

static void compare_object(const struct rs_json_value *json, const struct rs_value *v)
{
	size_t i = 0;

	assert_int_equal(v->type, RS_VALUE_LIST);
	assert_int_equal(v->n_texts, json->len);
	for (json = json->child; json; json = json->next, i++) {
		char text[200];

		snprintf(text, sizeof(text), "%s=%s", json->key, json->str);
		assert_true(is_text(&v->texts[i], text, strlen(text)));
	}
}

static void compare(const struct rs_json_value *json, const struct rs_value *v, const char *name)
{
	size_t i = 0;

	switch (json ? json->type : RS_JSON_NULL) {
	case RS_JSON_NULL:
		if (v->type != RS_VALUE_NONE)
			fail_msg("%s is there", name);
		break;
	case RS_JSON_BOOL:
		assert_int_equal(v->type, RS_VALUE_BOOL);
		assert_int_equal(v->number, json->boolean);
		break;
	case RS_JSON_NUMBER:
		if (v->type != RS_VALUE_INT || v->number != json->i64)
			fail_msg("%s: %lld", name, (long long)v->number);
		break;
	case RS_JSON_STRING:
		if (v->type != RS_VALUE_TEXT)
			fail_msg("%s: type %d", name, v->type);
		compare_text(json, &v->text, name);
		break;
	case RS_JSON_ARRAY:
		assert_int_equal(v->type, RS_VALUE_LIST);
		assert_int_equal(v->n_texts, json->len);
		for (json = json->child; json; json = json->next, i++) {
			compare_text(json, &v->texts[i], name);
			if (json->type == RS_JSON_NUMBER)
				assert_int_equal(v->numbers[i], json->i64);
		}
		break;
	case RS_JSON_OBJECT:
		compare_object(json, v);
		break;
	}
}

static void compare_all(const struct rs_event *event)
{
	_cleanup_(rs_str_done) struct rs_str line = { 0 };
	const struct rs_event_column *columns;
	struct rs_json_value *root;
	size_t n = rs_event_columns(&columns);

	assert_int_equal(rs_event_json_write(writer, event, &line), 0);
	assert_int_equal(rs_json_parse(&arena, line.data, line.len, &root, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		struct rs_value v;

		rs_event_value(values, &columns[i], event, &v);
		compare(rs_json_get(root, columns[i].name), &v, columns[i].name);
	}
}

static void test_samples(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++) {
		struct rs_event event;

		rs_event_sample(kind, r.bytes);
		event = record_event(&r);
		compare_all(&event);
		event.user = event.group = "ann";
		rs_event_sample_origin(&event);
		compare_all(&event);
		record_start(&r, kind);
		event = record_event(&r);
		compare_all(&event);
	}
}

/* --- columns --- */

static void test_columns(void **state)
{
	const struct rs_event_column *columns;
	size_t n = rs_event_columns(&columns);

	(void)state;
	assert_true(n > 100 && n <= rs_event_fields_count);
	for (size_t i = 0; i < n; i++) {
		const char *name = columns[i].name;

		assert_ptr_equal(rs_event_column_find(name, strlen(name)), &columns[i]);
		assert_false(columns[i].labels);
	}
	assert_null(rs_event_column_find("process.pidx", 12));
	assert_non_null(rs_event_column_find("process.pidx", 11));
	assert_null(rs_event_column_find("", 0));
	assert_null(rs_event_column_find("container.labels.", 17));
	assert_true(rs_event_column_find("container.labels.a", 18)->labels);
	assert_int_equal(rs_event_column_find("container.labels.a", 18)->type, RS_TYPE_KEYWORD);
	assert_int_equal(rs_event_column_find("container.labels", 16)->type, RS_TYPE_KEYWORDS);
	assert_string_equal(rs_event_column_nearest("proces.name"), "process.name");
	assert_null(rs_event_column_nearest("zzzzzzzzzzzzzzzzzzzzzzz"));
	/* Rows for different kinds are one column. */
	assert_int_equal(rs_event_column_find("process.vpid", 12)->kinds,
			 RS_KIND_BIT(EXEC) | RS_KIND_BIT(FORK));
}

/* --- values --- */

static void test_plain(void **state)
{
	struct rs_event event;

	(void)state;
	rs_event_sample(RS_KIND_CREATE, r.bytes);
	event = record_event(&r);
	event.user = "ann";
	rs_event_sample_origin(&event);
	check_int(&event, "process.pid", 4242);
	check_text(&event, "user.id", "1000");
	check_text(&event, "user.name", "ann");
	check_text(&event, "process.name", "worker");
	check_text(&event, "process.executable", "/usr/local/bin/worker");
	check_text(&event, "file.path", "/home/ann/site/index.html.part");
	check_text(&event, "ringside.kind", "create");
	check_text(&event, "container.image.name", "nginx");
	check_text(&event, "ringside.syscall", "openat");
	check_none(&event, "process.args");
	check_none(&event, "kubernetes.pod.name");
	check_none(&event, "ringside.errno");
	record_hdr(&r)->ret = -EACCES;
	check_text(&event, "ringside.errno", "EACCES");
	check_int(&event, "ringside.result", -EACCES);
	check_text(&event, "event.outcome", "failure");
}

static void test_dates(void **state)
{
	struct rs_event event;
	struct rs_value v;

	(void)state;
	rs_event_sample(RS_KIND_FORK, r.bytes);
	event = record_event(&r);
	v = value(&event, "@timestamp");
	assert_int_equal(v.type, RS_VALUE_TEXT);
	assert_true(is_text(&v.text, "2026-07-01T12:00:00.000000000Z", RS_CLOCK_UTC_LEN));
	assert_true(v.number == 1782907200000000000ll);
	assert_true(value(&event, "process.start").number == 1782907200000000000ll);
	record_hdr(&r)->start = 0;
	check_none(&event, "process.start");
}

/* Bytes that JSON has no way to show come as they are. */
static void test_raw(void **state)
{
	static const char args[] = "a\"b\\\0\0\xff\n'";
	static const char text[] = "/\xff\xfe\"\\\n/x\x01";
	struct rs_event event;
	struct rs_value v;

	(void)state;
	record_start(&r, RS_KIND_RENAME);
	record_text(&r, RS_TAG_PATH, 0, text);
	record_text(&r, RS_TAG_PATH2, 0, text);
	event = record_event(&r);
	check_text(&event, "file.path", text);
	check_text(&event, "file.name", "x\x01");
	check_text(&event, "file.directory", "/\xff\xfe\"\\\n");
	check_text(&event, "file.Ext.original.path", text);
	check_text(&event, "ringside.path.bytes", "2ffffe225c0a2f7801");
	check_text(&event, "ringside.path2.bytes", "2ffffe225c0a2f7801");
	record_start(&r, RS_KIND_EXEC);
	record_add(&r, RS_TAG_ARGS, 0, args, sizeof(args));
	event = record_event(&r);
	v = value(&event, "process.args");
	assert_int_equal(v.n_texts, 3);
	assert_true(is_text(&v.texts[0], "a\"b\\", 4));
	assert_int_equal(v.texts[1].len, 0);
	assert_true(is_text(&v.texts[2], "\xff\n'", 3));
	check_text(&event, "process.command_line", "a\"b\\  \xff\n'");
}

/* Bytes of all sorts, in every field, of structs full of ones, too: a value is there where JSON has one,
 * and of the same type. */
static void check_hostile(enum rs_kind kind, int fill, const char *bytes, size_t n)
{
	_cleanup_(rs_str_done) struct rs_str line = { 0 };
	const struct rs_event_column *columns;
	size_t count = rs_event_columns(&columns);
	struct rs_json_value *root;
	struct rs_event event;

	record_start(&r, kind);
	memset(r.bytes + sizeof(struct rs_hdr), fill,
	       rs_event_kinds[kind].size - sizeof(struct rs_hdr));
	memset(record_hdr(&r)->comm, fill, sizeof(record_hdr(&r)->comm));
	for (unsigned tag = 1; tag < RS_TAG_COUNT; tag++)
		record_add(&r, tag, (unsigned)fill, bytes, n);
	event = record_event(&r);
	assert_int_equal(rs_event_json_write(writer, &event, &line), 0);
	assert_int_equal(rs_json_parse(&arena, line.data, line.len, &root, NULL), 0);
	for (size_t i = 0; i < count; i++) {
		const struct rs_json_value *json = rs_json_get(root, columns[i].name);
		struct rs_value v;

		rs_event_value(values, &columns[i], &event, &v);
		if ((json != NULL) != (v.type != RS_VALUE_NONE))
			fail_msg("%s of %s", columns[i].name, rs_kind_to_str(kind));
		if (json && json->type == RS_JSON_ARRAY)
			assert_int_equal(json->len, v.n_texts);
	}
}

static void test_hostile(void **state)
{
	static const char bad[] = "/\xff\"\\\0\"\\\0[,]{:}\x1b\xe2\x80\xae\\";

	(void)state;
	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++) {
		for (size_t n = 0; n < sizeof(bad); n++) {
			check_hostile(kind, 0, bad, n);
			check_hostile(kind, 0xff, bad, n);
		}
		rs_arena_done(&arena);
	}
}

static void test_huge(void **state)
{
	static char worst[RS_PATH_MAX];
	struct rs_event event;

	(void)state;
	record_start(&r, RS_KIND_EXEC);
	record_add(&r, RS_TAG_ARGS, 0, worst, sizeof(worst));
	event = record_event(&r);
	assert_int_equal(value(&event, "process.args").n_texts, sizeof(worst));
	memset(worst, '"', sizeof(worst));
	record_start(&r, RS_KIND_EXEC);
	record_add(&r, RS_TAG_ARGS, 0, worst, sizeof(worst));
	event = record_event(&r);
	assert_int_equal(value(&event, "process.command_line").text.len, sizeof(worst));
	check_none(&event, "process.executable");
}

static void test_large_numbers(void **state)
{
	struct rs_event event;

	(void)state;
	((struct rs_file *)record_start(&r, RS_KIND_TRUNCATE))->length = INT64_MAX;
	record_hdr(&r)->seq = UINT64_MAX;
	event = record_event(&r);
	check_int(&event, "file.size", INT64_MAX);
	check_int(&event, "event.sequence", INT64_MAX);
	((struct rs_net *)record_start(&r, RS_KIND_CLOSE))->sent = UINT64_MAX;
	event = record_event(&r);
	check_int(&event, "source.bytes", INT64_MAX);
}

static void test_labels(void **state)
{
	static const struct rs_event_label labels[] = {
		{ "a.b", "dots" }, { "a_b", "same to see" }, { "", "no name" }, { "q\"", "\\" }
	};
	struct rs_event_container container = { .id = "x", .labels = labels, .n_labels = 4 };
	struct rs_event_cgroup cgroup = { .path = "/", .container = &container };
	struct rs_event event;
	struct rs_value v;

	(void)state;
	record_start(&r, RS_KIND_FORK);
	event = record_event(&r);
	check_none(&event, "container.labels.a.b");
	event.cgroup = &cgroup;
	check_text(&event, "container.labels.a.b", "dots");
	check_text(&event, "container.labels.a_b", "dots");
	check_text(&event, "container.labels.q\"", "\\");
	check_none(&event, "container.labels.a.bc");
	check_none(&event, "container.labels.a");
	check_none(&event, "kubernetes.labels.a.b");
	check_none(&event, "kubernetes.labels");
	v = value(&event, "container.labels");
	assert_int_equal(v.n_texts, 2);
	assert_true(is_text(&v.texts[0], "a_b=dots", 8));
	assert_true(is_text(&v.texts[1], "q\"=\\", 4));
	container.pod_uid = "u";
	check_text(&event, "kubernetes.labels.a.b", "dots");
	check_none(&event, "container.labels.a.b");
	check_none(&event, "container.labels");
	assert_true(rs_event_label(&event, "a_b", 3, &v));
	assert_false(rs_event_label(&event, "c", 1, &v));
}

static void test_other_host(void **state)
{
	struct rs_event_host other = host;
	struct rs_event event;
	char id[RS_ENTITY_ID_LEN];

	(void)state;
	rs_event_sample(RS_KIND_FORK, r.bytes);
	event = record_event(&r);
	memcpy(id, value(&event, "process.entity_id").text.data, sizeof(id));
	strcpy(other.boot_id, "another");
	strcpy(other.name, "db-1");
	other.boot_offset = 0;
	rs_event_values_set_host(values, &other);
	assert_memory_not_equal(id, value(&event, "process.entity_id").text.data, sizeof(id));
	check_text(&event, "host.name", "db-1");
	assert_int_equal(value(&event, "@timestamp").number, record_hdr(&r)->time);
	rs_event_values_set_host(values, &host);
	assert_memory_equal(id, value(&event, "process.entity_id").text.data, sizeof(id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),       cmocka_unit_test(test_columns),
		cmocka_unit_test(test_plain),         cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_dates),         cmocka_unit_test(test_raw),
		cmocka_unit_test(test_huge),          cmocka_unit_test(test_labels),
		cmocka_unit_test(test_large_numbers), cmocka_unit_test(test_other_host),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
