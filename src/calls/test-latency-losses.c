/* SPDX-License-Identifier: Apache-2.0 */
#include "calls/latency-internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "base/units.h"

static struct rs_str out = RS_STR_INIT(0);

static const char *question(const void *bytes, size_t len)
{
	rs_str_reset(&out);
	rs_latency_question_format(bytes, len, &out);
	return rs_str_cstr(&out);
}

#define QUESTION(text) question(text, sizeof(text))

/* The bytes come from whoever sends them. */
static void test_questions(void **state)
{
	(void)state;
	assert_string_equal(QUESTION("\4slow\7example\0\0\1"), "slow.example");
	assert_string_equal(QUESTION("\0"), ".");
	assert_string_equal(question("", 0), ".");
	assert_string_equal(question("\4slow\7examp", 11), "slow...");
	assert_string_equal(question("\4slow\7example", 13), "slow.example");
	assert_string_equal(QUESTION("\300\14"), "...");    /* a pointer */
	assert_string_equal(QUESTION("\3a.b\1c"), "a.b.c"); /* a part may have any byte */
	assert_string_equal(question("\77", 1), "...");
}

static const char *pending(enum rs_latency_source source, const struct rs_latency_pending *p,
			   bool last)
{
	const struct rs_latency latency = { .options.source = source };

	rs_str_reset(&out);
	rs_latency_pending_format(&latency, p, last, &out);
	return rs_str_cstr(&out);
}

static struct rs_latency_start start_of(const char *comm)
{
	struct rs_latency_start start = {
		.began = RS_NSEC_PER_SEC,
		.pid = 123,
		.peer = { .family = AF_INET, .port = 53, .addr = { 127, 0, 0, 1 } },
		.name = "\4slow\7example",
	};

	snprintf(start.comm, sizeof(start.comm), "%s", comm);
	return start;
}

static void test_questions_without_an_answer(void **state)
{
	struct rs_latency_pending p = { .begun = 7, .ended = 7, .now = 11 * RS_NSEC_PER_SEC };

	(void)state;
	assert_string_equal(pending(RS_LATENCY_DNS, &p, true), "");
	p.begun = 8;
	p.waiting = 1;
	assert_string_equal(pending(RS_LATENCY_DNS, &p, false), "");
	assert_string_equal(pending(RS_LATENCY_DNS, &p, true),
			    "Without an answer: 0 of 8 questions; still waiting: 1\n");
	p.begun = 11;
	p.late = 1;
	p.replaced = 2;
	p.oldest = start_of("d\033[mig");
	assert_string_equal(pending(RS_LATENCY_DNS, &p, false),
			    "Without an answer: 3 of 11 questions, the oldest for slow.example to "
			    "127.0.0.1:53 by d\\x1b[mig (123), 10.0s ago; still waiting: 1\n");
	p = (struct rs_latency_pending){ .begun = 20, .ended = 8, .forgotten = 12 };
	assert_string_equal(
		pending(RS_LATENCY_DNS, &p, false),
		"Without an answer: 0 of 20 questions; forgotten for want of room: 12\n");
}

static void test_others_that_are_late(void **state)
{
	struct rs_latency_pending p = { .begun = 8, .waiting = 3, .now = 11 * RS_NSEC_PER_SEC };

	(void)state;
	assert_string_equal(pending(RS_LATENCY_TCP, &p, true), "");
	p.late = 2;
	p.oldest = start_of("");
	p.oldest.pid = 0;
	assert_string_equal(pending(RS_LATENCY_TCP, &p, false),
			    "No end seen for 5s, and in no histogram: 2 connects, the oldest to "
			    "127.0.0.1:53 by nobody known, 10.0s ago\n");
	p.oldest.io = (struct rs_wait_io){ .op = 1, .bytes = 4096, .sector = 8 };
	pending(RS_LATENCY_BLOCK, &p, false);
	assert_non_null(strstr(rs_str_cstr(&out), ": 2 I/O, the oldest a write of 4.00 KiB at "));
}

static void test_losses(void **state)
{
	const struct rs_latency latency = { .options.source = RS_LATENCY_BLOCK };
	struct rs_latency_losses losses = { .rows = 0 };

	(void)state;
	rs_str_reset(&out);
	rs_latency_losses_format(&latency, &losses, &out);
	assert_int_equal(out.len, 0);
	for (unsigned i = 0; i < RS_LATENCY_LOST_COUNT; i++)
		losses.kernel[i] = 1000 + i;
	losses.forgotten = 2000;
	losses.skipped = 2001;
	losses.rows = 2002;
	losses.targets = 2003;
	rs_latency_losses_format(&latency, &losses, &out);
	for (unsigned n = 1000; n < 2004; n++) {
		char text[16];

		snprintf(text, sizeof(text), "%u ", n);
		if (n < 1000 + RS_LATENCY_LOST_COUNT || n >= 2000)
			assert_non_null(strstr(rs_str_cstr(&out), text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_questions_without_an_answer),
		cmocka_unit_test(test_others_that_are_late),
		cmocka_unit_test(test_losses),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	rs_str_done(&out);
	return r;
}
