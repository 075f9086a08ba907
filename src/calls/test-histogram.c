/* SPDX-License-Identifier: Apache-2.0 */
#include "calls/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

static uint64_t random_state = 88172645463325252ull;

static uint64_t random64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Spread evenly over the powers of two. */
static uint64_t random_time(unsigned bits)
{
	return random64() >> (64 - 1 - random64() % bits);
}

static void check_bucket(uint64_t value)
{
	uint32_t octave = rs_octave_of(value), bucket = rs_octave_bucket(value, octave);
	uint64_t low, high;

	assert_in_range(octave, 0, RS_OCTAVES - 1);
	rs_histogram_bounds(octave, bucket, &low, &high);
	assert_in_range(value, low, high - 1);
	/* No wider than a 64th of what is in it, but for the numbers below 64, which have one each. */
	assert_true(high - low <= MAX(low / RS_OCTAVE_BUCKETS, 1));
}

static void test_every_value_lies_in_its_bucket(void **state)
{
	(void)state;
	for (uint64_t v = 0; v < 1 << 18; v++)
		check_bucket(v);
	for (unsigned bit = 18; bit < 48; bit++)
		for (int64_t around = -70; around <= 70; around++)
			check_bucket((1ull << bit) + (uint64_t)around);
	for (unsigned i = 0; i < 200000; i++)
		check_bucket(random_time(48));
	check_bucket(RS_HISTOGRAM_MOST);
}

static void test_buckets_leave_no_gap(void **state)
{
	uint64_t end = 0, low, high;

	(void)state;
	for (unsigned octave = 0; octave < RS_OCTAVES; octave++)
		for (unsigned bucket = 0; bucket < RS_OCTAVE_BUCKETS; bucket++) {
			rs_histogram_bounds(octave, bucket, &low, &high);
			assert_int_equal(low, end);
			assert_int_equal(rs_octave_of(low), octave);
			assert_int_equal(rs_octave_bucket(low, octave), bucket);
			assert_int_equal(rs_octave_of(high - 1), octave);
			assert_int_equal(rs_octave_bucket(high - 1, octave), bucket);
			end = high;
		}
	assert_int_equal(end, RS_HISTOGRAM_MOST + 1);
}

static void test_empty(void **state)
{
	struct rs_histogram h = { 0 };
	struct rs_histogram_bucket b;
	unsigned pos = 0;

	(void)state;
	assert_int_equal(rs_histogram_percentile(&h, 99), 0);
	assert_false(rs_histogram_next(&h, &pos, &b));
	rs_histogram_done(&h);
}

static void test_too_long_is_the_longest(void **state)
{
	struct rs_histogram h = { 0 };
	struct rs_histogram_bucket b;
	unsigned pos = 0;

	(void)state;
	assert_int_equal(rs_histogram_add(&h, UINT64_MAX, 1), 0);
	assert_true(rs_histogram_next(&h, &pos, &b));
	assert_int_equal(b.high, RS_HISTOGRAM_MOST + 1);
	assert_int_equal(rs_histogram_percentile(&h, 50), UINT64_MAX);
	assert_false(rs_histogram_next(&h, &pos, &b));
	rs_histogram_done(&h);
}

static void test_small_values_are_exact(void **state)
{
	struct rs_histogram h = { 0 };

	(void)state;
	for (uint64_t v = 1; v <= 100; v++)
		assert_int_equal(rs_histogram_add(&h, v, 1), 0);
	for (unsigned p = 1; p <= 100; p++)
		assert_int_equal(rs_histogram_percentile(&h, p), p);
	assert_int_equal(rs_histogram_percentile(&h, 0), 1);
	assert_int_equal(rs_histogram_percentile(&h, 99.9), 100);
	rs_histogram_done(&h);
}

static void test_within_a_bucket_values_are_spread(void **state)
{
	struct rs_histogram h = { 0 };
	uint64_t low, high, quarter, half;

	(void)state;
	rs_histogram_bounds(20, 5, &low, &high);
	assert_int_equal(rs_histogram_add(&h, low, 1000), 0);
	assert_int_equal(rs_histogram_add(&h, high * 2, 1),
			 0); /* so that the maximum is no bound */
	quarter = rs_histogram_percentile(&h, 25);
	half = rs_histogram_percentile(&h, 50);
	assert_true(low < quarter && quarter < half && half < high);
	assert_in_range(half, low + (high - low) * 49 / 100, low + (high - low) * 51 / 100);
	rs_histogram_done(&h);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void check_percentiles(uint64_t *values, size_t n, const struct rs_histogram *h)
{
	static const double percents[] = {
		0, 0.1, 1, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100
	};

	qsort(values, n, sizeof(*values), compare);
	for (size_t i = 0; i < ARRAY_SIZE(percents); i++) {
		double rank = (double)n * percents[i] / 100;
		size_t at = (size_t)rank + ((double)(size_t)rank < rank);
		uint64_t exact = values[at ? at - 1 : 0], got;

		got = rs_histogram_percentile(h, percents[i]);
		/* Off by less than 2 %, whatever the values are. */
		assert_true(got >= exact - exact / 50 && got <= exact + exact / 50);
	}
	assert_int_equal(rs_histogram_percentile(h, 100), values[n - 1]);
	assert_int_equal(h->max, values[n - 1]);
	assert_int_equal(h->count, n);
}

static void test_percentiles_against_sorted_values(void **state)
{
	static uint64_t values[5000];

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		struct rs_histogram h = { 0 };
		size_t n = 1 + random64() % ARRAY_SIZE(values);
		unsigned bits = 1 + random64() % 47;
		uint64_t sum = 0;

		for (size_t i = 0; i < n; i++) {
			values[i] = round % 3 ? random_time(bits) : 1000000 + random64() % 50000;
			sum += values[i];
			assert_int_equal(rs_histogram_add(&h, values[i], 1), 0);
		}
		assert_int_equal(h.sum, sum);
		check_percentiles(values, n, &h);
		rs_histogram_done(&h);
	}
}

static bool is_same(const struct rs_histogram *a, const struct rs_histogram *b)
{
	struct rs_histogram_bucket x, y;
	unsigned at = 0, bt = 0;
	bool more;

	do {
		more = rs_histogram_next(a, &at, &x);
		if (more != rs_histogram_next(b, &bt, &y))
			return false;
		if (more && (x.low != y.low || x.high != y.high || x.count != y.count))
			return false;
	} while (more);
	return a->count == b->count && a->sum == b->sum && a->max == b->max;
}

/* Parts that are merged are the whole, and so is what comes page by page. */
static void test_merge(void **state)
{
	struct rs_histogram whole = { 0 }, parts[4] = { 0 }, merged = { 0 }, paged = { 0 };

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		uint64_t v = random_time(46);

		assert_int_equal(rs_histogram_add(&whole, v, 1), 0);
		assert_int_equal(rs_histogram_add(&parts[random64() % 4], v, 1), 0);
	}
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(rs_histogram_merge(&merged, &parts[i]), 0);
	assert_true(is_same(&whole, &merged));
	for (unsigned octave = 0; octave < RS_OCTAVES; octave++)
		if (whole.pages[octave])
			assert_int_equal(
				rs_histogram_add_page(&paged, octave, whole.pages[octave], 0, 0),
				0);
	paged.sum = whole.sum;
	paged.max = whole.max;
	assert_true(is_same(&whole, &paged));
	assert_int_equal(rs_histogram_add_page(&paged, RS_OCTAVES, whole.pages[0], 0, 0), -EINVAL);

	rs_histogram_reset(&merged);
	assert_int_equal(merged.count, 0);
	assert_int_equal(rs_histogram_percentile(&merged, 50), 0);
	assert_int_equal(rs_histogram_merge(&merged, &whole), 0);
	assert_true(is_same(&whole, &merged));
	for (unsigned i = 0; i < 4; i++)
		rs_histogram_done(&parts[i]);
	rs_histogram_done(&whole);
	rs_histogram_done(&merged);
	rs_histogram_done(&paged);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_value_lies_in_its_bucket),
		cmocka_unit_test(test_buckets_leave_no_gap),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_too_long_is_the_longest),
		cmocka_unit_test(test_small_values_are_exact),
		cmocka_unit_test(test_within_a_bucket_values_are_spread),
		cmocka_unit_test(test_percentiles_against_sorted_values),
		cmocka_unit_test(test_merge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
