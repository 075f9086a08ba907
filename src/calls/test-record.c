/* SPDX-License-Identifier: Apache-2.0 */
#include "calls/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

/* A record as the programs make it, with room to do it wrong. */
struct made {
	struct rs_strace_call call;
	uint8_t parts[512];
};

static void make(struct made *m, const char *name)
{
	memset(m, 0, sizeof(*m));
	m->call.head.kind = RS_STRACE_CALL;
	m->call.head.size = sizeof(m->call);
	m->call.head.pid = 10;
	m->call.head.tid = 11;
	memset(m->call.head.comm, 'c', sizeof(m->call.head.comm));
	m->call.nr = (int)rs_call_number(rs_call_find(name));
}

static struct rs_strace_part *append(struct made *m, unsigned arg, unsigned kind, const void *data,
				     uint32_t len)
{
	struct rs_strace_part *part = (void *)(m->parts + (m->call.head.size - sizeof(m->call)));

	part->arg = (uint8_t)arg;
	part->kind = (uint8_t)kind;
	part->len = len;
	memcpy(part + 1, data, len);
	m->call.head.size += (uint32_t)sizeof(*part) + ((len + 7) & ~7u);
	return part;
}

static int parse(const struct made *m, struct rs_call_record *record)
{
	return rs_call_record_parse(m, m->call.head.size, record);
}

static void test_call(void **state)
{
	struct rs_call_record record;
	struct made m;

	(void)state;
	make(&m, "read");
	m.call.args[0] = 3;
	m.call.result = 5;
	append(&m, 1, RS_STRACE_OUT, "hello", 5)->flags = RS_CAPTURE_CUT;
	append(&m, 2, RS_STRACE_IN, "", 0)->flags = RS_CAPTURE_FAULT;
	assert_int_equal(parse(&m, &record), 0);
	assert_string_equal(rs_call_name(record.event.call), "read");
	assert_int_equal(record.event.out[1].len, 5);
	assert_memory_equal(record.event.out[1].data, "hello", 5);
	assert_true(record.event.out[1].cut);
	assert_true(record.event.in[2].fault);
	assert_true(record.event.done);
	assert_int_equal(record.event.result, 5);
	/* a name that is not terminated is cut */
	assert_int_equal(strlen(record.head.comm), sizeof(record.head.comm) - 1);
}

static void test_later_part(void **state)
{
	struct rs_call_record record;
	struct made m;

	(void)state;
	make(&m, "open");
	append(&m, 0, RS_STRACE_IN, "", 0)->flags = RS_CAPTURE_FAULT;
	append(&m, 0, RS_STRACE_IN, "/etc", 4);
	assert_int_equal(parse(&m, &record), 0);
	assert_false(record.event.in[0].fault);
	assert_int_equal(record.event.in[0].len, 4);
}

static void test_descriptor(void **state)
{
	struct {
		struct rs_strace_fd fd;
		char text[8];
	} fd = { .fd = { .ino = 7, .len = 4 }, .text = "/etc" };
	struct rs_call_record record;
	struct made m;

	(void)state;
	make(&m, "read");
	append(&m, RS_STRACE_RESULT, RS_STRACE_FD, &fd, sizeof(fd));
	assert_int_equal(parse(&m, &record), 0);
	assert_true(record.fds[RS_STRACE_RESULT].known);
	assert_memory_equal(record.fds[RS_STRACE_RESULT].text, "/etc", 4);
	fd.fd.len = 9; /* more than there is */
	make(&m, "read");
	append(&m, 0, RS_STRACE_FD, &fd, sizeof(fd));
	assert_int_equal(parse(&m, &record), -EBADMSG);
	make(&m, "read");
	append(&m, 0, RS_STRACE_FD, &fd, 8);
	assert_int_equal(parse(&m, &record), -EBADMSG);
}

static void test_broken(void **state)
{
	struct rs_call_record record;
	struct made m;

	(void)state;
	make(&m, "read");
	append(&m, 7, RS_STRACE_IN, "x", 1); /* no such argument */
	assert_int_equal(parse(&m, &record), -EBADMSG);
	make(&m, "read");
	append(&m, RS_STRACE_RESULT, RS_STRACE_IN, "x", 1); /* the result leads nowhere */
	assert_int_equal(parse(&m, &record), -EBADMSG);
	make(&m, "read");
	append(&m, 0, RS_STRACE_IN, "x", 1)->len = 1000;
	assert_int_equal(parse(&m, &record), -EBADMSG);
	make(&m, "read");
	m.call.head.size += 4; /* half a header */
	assert_int_equal(parse(&m, &record), -EBADMSG);
	make(&m, "read");
	m.call.head.kind = RS_STRACE_KINDS;
	assert_int_equal(parse(&m, &record), -EBADMSG);
	make(&m, "read");
	m.call.head.size = 4000; /* more than came */
	assert_int_equal(rs_call_record_parse(&m, sizeof(m), &record), -EBADMSG);
	for (size_t size = 0; size < sizeof(m.call); size++) {
		make(&m, "read");
		m.call.head.size = (uint32_t)size;
		assert_int_equal(rs_call_record_parse(&m, size, &record), -EBADMSG);
	}
}

static void test_compat(void **state)
{
	struct rs_call_record record;
	struct made m;

	(void)state;
	make(&m, "read");
	m.call.flags = RS_STRACE_COMPAT;
	assert_int_equal(parse(&m, &record), 0);
	assert_null(record.event.call);
	make(&m, "read");
	m.call.nr = -1;
	assert_int_equal(parse(&m, &record), 0);
	assert_null(record.event.call);
}

/* A name without an end ends in every copy of the head. */
static void test_names_end(void **state)
{
	static const unsigned kinds[] = { RS_STRACE_CALL, RS_STRACE_SIGNAL, RS_STRACE_NEW,
					  RS_STRACE_END };
	struct rs_call_record record;
	struct made m;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		make(&m, "read");
		m.call.head.kind = kinds[i];
		assert_int_equal(parse(&m, &record), 0);
		assert_int_equal(strnlen(record.head.comm, 16), 15);
		if (kinds[i] == RS_STRACE_CALL)
			assert_memory_equal(&record.raw.head, &record.head, sizeof(record.head));
		if (kinds[i] == RS_STRACE_SIGNAL)
			assert_memory_equal(&record.signal.head, &record.head, sizeof(record.head));
		if (kinds[i] == RS_STRACE_NEW)
			assert_memory_equal(&record.new.head, &record.head, sizeof(record.head));
		if (kinds[i] == RS_STRACE_END)
			assert_memory_equal(&record.end.head, &record.head, sizeof(record.head));
	}
}

static void test_under_way(void **state)
{
	struct rs_strace_thread *place = calloc(1, sizeof(*place));
	struct rs_call_record record;

	(void)state;
	assert_non_null(place);
	assert_int_equal(rs_call_record_under_way(place, &record), -ENOENT);
	place->busy = 1;
	place->call.nr = (int)rs_call_number(rs_call_find("read"));
	assert_int_equal(rs_call_record_under_way(place, &record), 0);
	assert_false(record.event.done);
	place->used = UINT32_MAX; /* it changes while we look */
	memset(place->parts, 0xff, sizeof(place->parts));
	assert_int_equal(rs_call_record_under_way(place, &record), -EBADMSG);
	free(place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_call),       cmocka_unit_test(test_later_part),
		cmocka_unit_test(test_descriptor), cmocka_unit_test(test_broken),
		cmocka_unit_test(test_names_end),  cmocka_unit_test(test_compat),
		cmocka_unit_test(test_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
