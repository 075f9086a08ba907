/* SPDX-License-Identifier: Apache-2.0 */
#include "event/testing.h"

static struct record r;

static int decode_size(size_t size)
{
	struct rs_event event;

	return rs_event_decode(r.bytes, size, &event);
}

static void test_samples(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++) {
		size_t size = rs_event_sample(kind, r.bytes);
		struct rs_event event;

		assert_true(size <= RS_RECORD_MAX);
		assert_int_equal(rs_event_decode(r.bytes, size, &event), 0);
		assert_ptr_equal(event.hdr, r.bytes);
		assert_int_equal(event.hdr->kind, kind);
		assert_null(event.user);
		assert_null(event.group);
	}
}

static void test_fields(void **state)
{
	struct rs_event event;

	(void)state;
	record_start(&r, RS_KIND_SYMLINK);
	record_text(&r, RS_TAG_PATH, RS_FIELD_DELETED, "/a");
	record_text(&r, 200, RS_FIELD_CUT, "from the future");
	record_text(&r, RS_TAG_NONE, 0, "nothing");
	record_text(&r, RS_TAG_NAME, RS_FIELD_FAULT, "");
	record_text(&r, RS_TAG_PATH, RS_FIELD_DETACHED, "/second of its tag");
	event = record_event(&r);
	assert_int_equal(event.field[RS_TAG_PATH].len, 2);
	assert_memory_equal(event.field[RS_TAG_PATH].data, "/a", 2);
	assert_int_equal(event.field[RS_TAG_PATH].flags, RS_FIELD_DELETED);
	assert_non_null(event.field[RS_TAG_NAME].data);
	assert_int_equal(event.field[RS_TAG_NAME].len, 0);
	assert_null(event.field[RS_TAG_ARG].data);
	assert_int_equal(event.marks, RS_FIELD_DELETED | RS_FIELD_FAULT);
}

/* The ring buffer rounds sizes up; what follows the record is not looked at. */
static void test_longer_than_record(void **state)
{
	(void)state;
	record_start(&r, RS_KIND_FORK);
	memset(r.bytes + sizeof(struct rs_fork), 0xff, 64);
	assert_int_equal(decode_size(sizeof(struct rs_fork) + 64), 0);
}

static void test_header(void **state)
{
	struct rs_hdr *hdr = record_start(&r, RS_KIND_EXEC);
	struct rs_event event;

	(void)state;
	assert_int_equal(decode_size(0), -EBADMSG);
	assert_int_equal(decode_size(sizeof(*hdr) - 1), -EBADMSG);
	assert_int_equal(decode_size(sizeof(struct rs_exec) - 1), -EBADMSG);
	assert_int_equal(decode_size(sizeof(struct rs_exec)), 0);
	hdr->size = sizeof(struct rs_exec) - 4;
	assert_int_equal(decode_size(sizeof(struct rs_exec)), -EBADMSG);
	hdr->size = 0xffffffff;
	assert_int_equal(decode_size(sizeof(struct rs_exec)), -EBADMSG);
	hdr->size = sizeof(struct rs_exec);
	hdr->kind = RS_KIND_COUNT;
	assert_int_equal(decode_size(sizeof(struct rs_exec)), -EBADMSG);
	hdr->kind = 0xffff;
	assert_int_equal(decode_size(sizeof(struct rs_exec)), -EBADMSG);
	assert_int_equal(rs_event_decode(r.bytes + 4, sizeof(struct rs_exec), &event), -EBADMSG);
}

static void test_field_lengths(void **state)
{
	struct rs_hdr *hdr;
	uint32_t end;

	(void)state;
	hdr = record_start(&r, RS_KIND_UNLINK);
	record_text(&r, RS_TAG_PATH, 0, "/abcde"); /* two bytes of padding */
	end = hdr->size;
	hdr->size = end - 2;
	assert_int_equal(decode_size(hdr->size), 0);
	hdr->size = end - 3;
	assert_int_equal(decode_size(hdr->size), -EBADMSG);
	hdr->size = sizeof(struct rs_file) + 4;
	assert_int_equal(decode_size(hdr->size), -EBADMSG);
	hdr->size = sizeof(struct rs_file) + 3;
	assert_int_equal(decode_size(hdr->size), -EBADMSG);
	hdr->size = sizeof(struct rs_file);
	assert_int_equal(decode_size(hdr->size), 0);
}

static void test_untouched_on_failure(void **state)
{
	struct rs_event event = { .user = "kept" };

	(void)state;
	record_start(&r, RS_KIND_UNLINK)->size += 2;
	assert_int_equal(rs_event_decode(r.bytes, sizeof(r.bytes), &event), -EBADMSG);
	assert_string_equal(event.user, "kept");
	assert_null(event.hdr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_longer_than_record),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_field_lengths),
		cmocka_unit_test(test_untouched_on_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
