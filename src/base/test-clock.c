/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <time.h>

#include "base/clock.h"

#define SEC 1000000000ull

static void check_utc(struct rs_clock_text *text, uint64_t ns, const char *want)
{
	char buf[RS_CLOCK_UTC_LEN + 1] = "";

	rs_clock_format_utc(text, ns, buf);
	assert_string_equal(buf, want);
}

static void test_utc(void **state)
{
	struct rs_clock_text text = { 0 };

	(void)state;
	check_utc(&text, 0, "1970-01-01T00:00:00.000000000Z");
	check_utc(&text, 1, "1970-01-01T00:00:00.000000001Z");
	check_utc(&text, 951782400 * SEC + 123456789, "2000-02-29T00:00:00.123456789Z");
	check_utc(&text, 951782399 * SEC + 999999999, "2000-02-28T23:59:59.999999999Z");
	check_utc(&text, 1767225599 * SEC + 5000, "2025-12-31T23:59:59.000005000Z");
	check_utc(&text, UINT64_MAX, "2554-07-21T23:34:33.709551615Z");
}

static void test_local(void **state)
{
	struct rs_clock_text text = { 0 };
	char buf[RS_CLOCK_LOCAL_LEN + 1] = "";

	(void)state;
	setenv("TZ", "XYZ-5:30", 1);
	tzset();
	rs_clock_format_local(&text, 3661 * SEC + 7999999, buf);
	assert_string_equal(buf, "06:31:01.007");
	rs_clock_format_local(&text, 3661 * SEC + 999999999, buf);
	assert_string_equal(buf, "06:31:01.999");
	rs_clock_format_local(&text, 0, buf);
	assert_string_equal(buf, "05:30:00.000");
}

static void test_clocks(void **state)
{
	uint64_t mono = rs_clock_mono(), boot = rs_clock_boot();
	int64_t offset = rs_clock_boot_offset();
	int64_t diff = (int64_t)(rs_clock_real() - rs_clock_boot()) - offset;

	(void)state;
	assert_true(rs_clock_mono() >= mono);
	assert_true(boot >= mono);
	/* Two samples of the same thing, apart by scheduling at most. */
	assert_true(diff > -(int64_t)SEC && diff < (int64_t)SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utc),
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
