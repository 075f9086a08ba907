/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/view.h"
#include "base/units.h"

/* The time that the view gives to a sample event. */
static void expect_time(struct rs_view *view, const char *want)
{
	_cleanup_(rs_str_done) struct rs_str line = RS_STR_INIT(0);
	_Alignas(8) static char record[RS_RECORD_MAX];
	struct rs_hdr *hdr = (struct rs_hdr *)(void *)record;
	size_t size = rs_event_sample(RS_KIND_MKDIR, record);
	struct rs_event event;

	hdr->time = RS_NSEC_PER_SEC;
	assert_int_equal(rs_event_decode(record, size, &event), 0);
	assert_int_equal(rs_view_append(view, &event, &line), 0);
	if (!strstr(rs_str_cstr(&line), want))
		fail_msg("no \"%s\" in %s", want, rs_str_cstr(&line));
}

/* A clock that is set is followed; one that is kept right in small steps makes no jumps. */
static void test_clock(void **state)
{
	_cleanup_(rs_view_free) struct rs_view *view = NULL;
	struct rs_view_target target = { .fd = -1 };
	struct rs_agent_options options;
	struct rs_event_host host;

	(void)state;
	rs_agent_options_init(&options);
	rs_event_sample_host(&host);
	host.boot_offset = 0;
	assert_int_equal(rs_view_new(&options, &target, &host, &view, NULL), 0);
	expect_time(view, "\"1970-01-01T00:00:01.000000000Z\"");
	assert_int_equal(rs_view_set_boot_offset(view, 9 * (int64_t)RS_NSEC_PER_MSEC), 0);
	expect_time(view, "\"1970-01-01T00:00:01.000000000Z\"");
	assert_int_equal(rs_view_set_boot_offset(view, 11 * (int64_t)RS_NSEC_PER_MSEC),
			 11 * (int64_t)RS_NSEC_PER_MSEC);
	expect_time(view, "\"1970-01-01T00:00:01.011000000Z\"");
	rs_view_set_boot_offset(view, 2 * (int64_t)RS_NSEC_PER_MSEC);
	expect_time(view, "\"1970-01-01T00:00:01.011000000Z\"");
	rs_view_set_boot_offset(view, 0);
	expect_time(view, "\"1970-01-01T00:00:01.000000000Z\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
