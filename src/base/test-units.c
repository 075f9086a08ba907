/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/units.h"

typedef int (*parse_fn)(const char *text, uint64_t *ret_value, struct rs_error *err);

static void good(parse_fn parse, const char *text, uint64_t want)
{
	struct rs_error err = RS_ERROR_INIT;
	uint64_t got = 0;

	if (parse(text, &got, &err) != 0 || got != want)
		fail_msg("\"%s\": %s, got %llu", text, err.msg, (unsigned long long)got);
}

static void bad(parse_fn parse, const char *text, int code)
{
	struct rs_error err = RS_ERROR_INIT;
	uint64_t got = 42;

	if (parse(text, &got, &err) != code)
		fail_msg("\"%s\": wrong code %d", text, err.code);
	assert_int_equal(got, 42);
	assert_int_equal(err.code, code);
	assert_true(err.msg[0] && err.hint[0]);
}

static void test_duration(void **state)
{
	(void)state;
	good(rs_units_parse_duration, "0", 0);
	good(rs_units_parse_duration, "0s", 0);
	good(rs_units_parse_duration, "7ns", 7);
	good(rs_units_parse_duration, "7us", 7000);
	good(rs_units_parse_duration, "7\xc2\xb5s", 7000);
	good(rs_units_parse_duration, "500ms", 500000000);
	good(rs_units_parse_duration, "10s", 10 * RS_NSEC_PER_SEC);
	good(rs_units_parse_duration, "1m30s", 90 * RS_NSEC_PER_SEC);
	good(rs_units_parse_duration, "1d2h3m4s5ms6us7ns", 93784005006007);
	good(rs_units_parse_duration, "1.5h", 5400 * RS_NSEC_PER_SEC);
	good(rs_units_parse_duration, "0.000000001s", 1);
	good(rs_units_parse_duration, "18446744073709551615ns", UINT64_MAX);
	bad(rs_units_parse_duration, "18446744073709551616ns", -ERANGE);
	bad(rs_units_parse_duration, "213504d", -ERANGE);
	bad(rs_units_parse_duration, "213503d23h34m33s710ms", -ERANGE);
	bad(rs_units_parse_duration, "", -EINVAL);
	bad(rs_units_parse_duration, "5", -EINVAL);
	bad(rs_units_parse_duration, "s", -EINVAL);
	bad(rs_units_parse_duration, "-5s", -EINVAL);
	bad(rs_units_parse_duration, "5 s", -EINVAL);
	bad(rs_units_parse_duration, " 5s", -EINVAL);
	bad(rs_units_parse_duration, "5S", -EINVAL);
	bad(rs_units_parse_duration, "1s1m", -EINVAL);
	bad(rs_units_parse_duration, "1s1s", -EINVAL);
	bad(rs_units_parse_duration, "1.s", -EINVAL);
	bad(rs_units_parse_duration, "1.5ns", -EINVAL);
	bad(rs_units_parse_duration, "1e3s", -EINVAL);
	bad(rs_units_parse_duration, "1.2.3s", -EINVAL);
	assert_int_equal(rs_units_parse_duration("x", &(uint64_t){ 0 }, NULL), -EINVAL);
}

static void test_size(void **state)
{
	(void)state;
	good(rs_units_parse_size, "0", 0);
	good(rs_units_parse_size, "4096", 4096);
	good(rs_units_parse_size, "64K", 65536);
	good(rs_units_parse_size, "64k", 65536);
	good(rs_units_parse_size, "1.5M", 1536 << 10);
	good(rs_units_parse_size, "2GiB", 2ull << 30);
	good(rs_units_parse_size, "12B", 12);
	good(rs_units_parse_size, "18446744073709551615", UINT64_MAX);
	bad(rs_units_parse_size, "16777216T", -ERANGE);
	bad(rs_units_parse_size, "99999999999999999999999", -ERANGE);
	bad(rs_units_parse_size, "1.5", -EINVAL);
	bad(rs_units_parse_size, "K", -EINVAL);
	bad(rs_units_parse_size, "1K1", -EINVAL);
	bad(rs_units_parse_size, "1KiBx", -EINVAL);
	good(rs_units_parse_count, "100k", 100000);
	good(rs_units_parse_count, "1.5M", 1500000);
	good(rs_units_parse_count, "12", 12);
	bad(rs_units_parse_count, "12kk", -EINVAL);
}

static void test_numbers(void **state)
{
	uint64_t u = 0;
	int64_t i = 0;

	(void)state;
	assert_int_equal(rs_units_parse_u64("0xfF", 255, &u, NULL), 0);
	assert_int_equal(u, 255);
	assert_int_equal(rs_units_parse_u64("007", UINT64_MAX, &u, NULL), 0);
	assert_int_equal(u, 7);
	assert_int_equal(rs_units_parse_u64("256", 255, &u, NULL), -ERANGE);
	assert_int_equal(rs_units_parse_u64("0x10000000000000000", UINT64_MAX, &u, NULL), -ERANGE);
	assert_int_equal(rs_units_parse_u64("0xffffffffffffffff", UINT64_MAX, &u, NULL), 0);
	assert_int_equal(u, UINT64_MAX);
	for (size_t n = 0; n < 8; n++) {
		static const char *const texts[] = {
			"", "0x", "0xg", "-1", "+1", "1 ", "1a", "0x@"
		};

		assert_int_equal(rs_units_parse_u64(texts[n], UINT64_MAX, &u, NULL), -EINVAL);
	}
	assert_int_equal(rs_units_parse_i64("-9223372036854775808", &i, NULL), 0);
	assert_int_equal(i, INT64_MIN);
	assert_int_equal(rs_units_parse_i64("-9223372036854775809", &i, NULL), -ERANGE);
	assert_int_equal(rs_units_parse_i64("9223372036854775808", &i, NULL), -ERANGE);
	assert_int_equal(rs_units_parse_i64("--1", &i, NULL), -EINVAL);
	assert_int_equal(rs_units_parse_i64("-", &i, NULL), -EINVAL);
}

static void test_format(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} durations[] = {
		{ 0, "0ns" },
		{ 999, "999ns" },
		{ 1000, "1.00us" },
		{ 12345, "12.3us" },
		{ 999499, "999us" },
		{ 999500, "1.00ms" },
		{ 1500000, "1.50ms" },
		{ 999999999, "1.00s" },
		{ 59999999999, "60.0s" },
		{ 125 * RS_NSEC_PER_SEC, "2m05s" },
		{ 3660 * RS_NSEC_PER_SEC, "1h01m" },
		{ 90000 * RS_NSEC_PER_SEC, "1d01h" },
		{ UINT64_MAX, "213503d23h" },
	};
	char buf[RS_UNITS_BUF];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(durations); i++)
		assert_string_equal(rs_units_format_duration(buf, durations[i].ns),
				    durations[i].text);
	assert_string_equal(rs_units_format_bytes(buf, 0), "0 B");
	assert_string_equal(rs_units_format_bytes(buf, 1023), "1023 B");
	assert_string_equal(rs_units_format_bytes(buf, 1024), "1.00 KiB");
	assert_string_equal(rs_units_format_bytes(buf, 1536 << 10), "1.50 MiB");
	assert_string_equal(rs_units_format_bytes(buf, UINT64_MAX), "16.0 EiB");
	assert_string_equal(rs_units_format_count(buf, 999), "999");
	assert_string_equal(rs_units_format_count(buf, 1500000), "1.50M");
	assert_string_equal(rs_units_format_count(buf, UINT64_MAX), "18.4E");
	assert_string_equal(rs_units_format_rate(buf, 0.25), "0.25/s");
	assert_string_equal(rs_units_format_rate(buf, 12), "12/s");
	assert_string_equal(rs_units_format_rate(buf, 1234567), "1.23M/s");
	assert_string_equal(rs_units_format_rate(buf, -1), "0/s");
	assert_string_equal(rs_units_format_rate(buf, 0.0 / (double)(buf[0] * 0)), "0/s");
	assert_true(strlen(rs_units_format_rate(buf, 1e300)) < RS_UNITS_BUF - 1);
}

static void test_exact(void **state)
{
	static const uint64_t values[] = { 1,
					   999,
					   90 * RS_NSEC_PER_SEC,
					   86400 * RS_NSEC_PER_SEC + 7,
					   UINT64_MAX,
					   1500 * RS_NSEC_PER_MSEC };
	char buf[RS_UNITS_BUF];

	(void)state;
	assert_string_equal(rs_units_format_duration_exact(buf, 0), "0s");
	assert_string_equal(rs_units_format_duration_exact(buf, 90 * RS_NSEC_PER_SEC), "1m30s");
	assert_string_equal(rs_units_format_duration_exact(buf, 1500000000), "1s500ms");
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		uint64_t back = 0;

		rs_units_format_duration_exact(buf, values[i]);
		good(rs_units_parse_duration, buf, values[i]);
		rs_units_format_size_exact(buf, values[i]);
		assert_int_equal(rs_units_parse_size(buf, &back, NULL), 0);
		assert_int_equal(back, values[i]);
	}
	assert_string_equal(rs_units_format_size_exact(buf, 65536), "64K");
	assert_string_equal(rs_units_format_size_exact(buf, 4097), "4097");
	assert_string_equal(rs_units_format_size_exact(buf, 0), "0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_duration), cmocka_unit_test(test_size),
		cmocka_unit_test(test_numbers),  cmocka_unit_test(test_format),
		cmocka_unit_test(test_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
