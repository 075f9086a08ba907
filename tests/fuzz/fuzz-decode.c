/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as a record: what the decoder accepts must come out as one line of valid JSON and as one
 * harmless line of text, whatever it holds. */

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "event/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static struct rs_event_json *json_writer(void)
{
	static const char *const env[] = { "PATH", "HOME", NULL };
	static struct rs_event_json *json;
	struct rs_event_host host;

	if (!json) {
		rs_event_sample_host(&host);
		CHECK(rs_event_json_new(&host, env, &json) == 0);
	}
	return json;
}

static void check_json(const struct rs_event *event)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT((size_t)64 << 20);
	_cleanup_(rs_str_done) struct rs_str line = { 0 };
	struct rs_json_value *root = NULL;

	CHECK(rs_event_json_write(json_writer(), event, &line) == 0);
	CHECK(line.len && memchr(line.data, '\n', line.len) == line.data + line.len - 1);
	CHECK(rs_json_parse(&arena, line.data, line.len, &root, NULL) == 0);
	CHECK(rs_json_get(root, "process.pid"));
}

static void check_text(const struct rs_event *event, unsigned width)
{
	struct rs_event_table table = { .width = width };
	_cleanup_(rs_str_done) struct rs_str row = { 0 };

	CHECK(rs_event_table_row(&table, event, &row) == 0);
	CHECK(memchr(row.data, '\n', row.len) == row.data + row.len - 1);
	CHECK(!memchr(row.data, '\x1b', row.len));
	CHECK(rs_utf8_is_valid(row.data, row.len));
	rs_event_table_done(&table);
}

static void check_paths(const struct rs_event *event)
{
	static char buf[RS_EVENT_PATH_MAX];

	for (int which = 0; which < 2; which++) {
		struct rs_path path;

		if (!rs_event_path(event, which, buf, &path))
			continue;
		CHECK(path.len && path.len <= sizeof(buf));
		CHECK(path.kernel || path.data[0] == '/' || path.cut);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(rs_cleanup_free) void *record = malloc(size ? size : 1);
	struct rs_event event;

	/* A block of its own, exactly as large: a read beyond the end is seen. */
	CHECK(record);
	memcpy(record, data, size);
	if (rs_event_decode(record, size, &event) < 0)
		return 0;
	check_paths(&event);
	check_json(&event);
	check_text(&event, 0);
	check_text(&event, 80);
	return 0;
}
