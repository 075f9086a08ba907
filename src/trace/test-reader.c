/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "trace/load.h"
#include "trace/output.h"
#include "trace/reader.h"

/* --- records are not trusted --- */

static void records(void **state)
{
	struct rs_action small = { .id = 0, .size = 8 }, large = { .id = 1, .size = 32 };
	struct rs_action *actions[] = { &small, &large };
	const struct rs_program program = { .actions = actions, .n_actions = 2 };
	struct {
		struct rs_record head;
		uint8_t rest[32];
	} record = { { 0, 8 }, { 0 } };

	(void)state;
	assert_ptr_equal(rs_trace_record_check(&program, &record, 8), &small);
	assert_ptr_equal(rs_trace_record_check(&program, &record, 40), &small);
	assert_null(rs_trace_record_check(&program, &record, 7));
	assert_null(rs_trace_record_check(&program, &record, 0));
	record.head.size = 41; /* more than came */
	assert_null(rs_trace_record_check(&program, &record, 40));
	record.head.size = 4; /* less than a head */
	assert_null(rs_trace_record_check(&program, &record, 40));
	record.head = (struct rs_record){ 1, 31 }; /* less than its action has */
	assert_null(rs_trace_record_check(&program, &record, 40));
	record.head = (struct rs_record){ 1, 32 };
	assert_ptr_equal(rs_trace_record_check(&program, &record, 40), &large);
	record.head = (struct rs_record){ 2, 32 }; /* no such action */
	assert_null(rs_trace_record_check(&program, &record, 40));
	record.head = (struct rs_record){ UINT32_MAX, 32 };
	assert_null(rs_trace_record_check(&program, &record, 40));
}

/* --- output --- */

static void put(struct rs_trace_output *output, const char *text)
{
	rs_str_append_cstr(rs_trace_output_text(output), text);
	assert_int_equal(rs_trace_output_commit(output), 0);
}

static size_t written(int fd, char *buf, size_t size)
{
	ssize_t n = read(fd, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static void make(struct rs_trace_output *output, enum rs_trace_buffering mode, int ends[2])
{
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(rs_trace_output_open(NULL, mode, output, NULL), 0);
	output->fd = ends[1];
	output->owned = true;
}

static void lines(void **state)
{
	struct rs_trace_output output;
	char buf[64];
	int ends[2];

	(void)state;
	make(&output, RS_TRACE_BUFFER_LINE, ends);
	put(&output, "one\ntw");
	rs_trace_output_batch(&output);
	written(ends[0], buf, sizeof(buf));
	assert_string_equal(buf, "one\n");
	put(&output, "o\n");
	rs_trace_output_batch(&output);
	written(ends[0], buf, sizeof(buf));
	assert_string_equal(buf, "two\n");
	put(&output, "rest");
	rs_trace_output_done(&output);
	written(ends[0], buf, sizeof(buf));
	assert_string_equal(buf, "rest");
	close(ends[0]);
}

static void full_and_none(void **state)
{
	struct rs_trace_output output;
	char buf[64];
	int ends[2];

	(void)state;
	make(&output, RS_TRACE_BUFFER_FULL, ends);
	put(&output, "one\n");
	rs_trace_output_batch(&output);
	rs_trace_output_done(&output);
	written(ends[0], buf, sizeof(buf));
	assert_string_equal(buf, "one\n");
	close(ends[0]);
	make(&output, RS_TRACE_BUFFER_NONE, ends);
	put(&output, "on");
	written(ends[0], buf, sizeof(buf));
	assert_string_equal(buf, "on");
	rs_trace_output_done(&output);
	close(ends[0]);
}

static void full_disk(void **state)
{
	struct rs_trace_output output;
	struct rs_error err = RS_ERROR_INIT;

	(void)state;
	assert_int_equal(rs_trace_output_open("/dev/full", RS_TRACE_BUFFER_NONE, &output, &err), 0);
	rs_str_append_cstr(rs_trace_output_text(&output), "x");
	assert_true(rs_trace_output_commit(&output) < 0);
	assert_true(output.error < 0);
	rs_trace_output_done(&output);
	assert_true(rs_trace_output_open("/nowhere/file", RS_TRACE_BUFFER_LINE, &output, &err) < 0);
}

/* --- types of functions --- */

static void func_btf(void **state)
{
	struct rs_ir_image_func funcs[] = { { "probe", 0, 1, 0 }, { "a:b", 10, 4, 0 } };
	const struct rs_ir_image image = { .funcs = funcs, .n_funcs = 2 };
	_cleanup_(rs_str_done) struct rs_str btf = RS_STR_INIT(0);
	uint32_t ids[2], word;

	(void)state;
	assert_int_equal(rs_trace_func_btf(&image, &btf, ids), 0);
	assert_int_equal(ids[0], 3);
	assert_int_equal(ids[1], 5);
	memcpy(&word, btf.data, sizeof(word));
	assert_int_equal(word & 0xffff, 0xeb9f);
	assert_non_null(memmem(btf.data, btf.len, "\0probe\0", 7));
	assert_non_null(memmem(btf.data, btf.len, "\0a_b\0", 5)); /* only what the kernel takes */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records),       cmocka_unit_test(lines),
		cmocka_unit_test(full_and_none), cmocka_unit_test(full_disk),
		cmocka_unit_test(func_btf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
