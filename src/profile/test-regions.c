/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/regions.h"

#include <setjmp.h>
#include <stdarg.h>
/* keep order: cmocka wants the above */
#include <cmocka.h>

#define P 4096ull

static void map(struct rs_regions *regions, uint64_t page, uint64_t pages, uint64_t time)
{
	const struct rs_region region = { .start = page * P, .size = pages * P, .time = time };

	rs_regions_map(regions, &region);
}

/* Pairs of page and number of pages, ending with 0, 0. */
static void check(const struct rs_regions *regions, const uint64_t (*want)[2])
{
	size_t n = 0;

	for (; want[n][1]; n++) {
		assert_true(n < regions->list.len);
		assert_int_equal(regions->list.items[n].start, want[n][0] * P);
		assert_int_equal(regions->list.items[n].size, want[n][1] * P);
	}
	assert_int_equal(regions->list.len, n);
}

#define CHECK(...) check(&regions, (const uint64_t[][2]){ __VA_ARGS__{ 0, 0 } })

static void unmaps_pieces(void **state)
{
	struct rs_regions regions = { 0 };

	(void)state;
	map(&regions, 10, 10, 1);
	map(&regions, 30, 10, 1);
	rs_regions_unmap(&regions, 12 * P, 3 * P, 9);
	CHECK({ 10, 2 }, { 15, 5 }, { 30, 10 }, );
	rs_regions_unmap(&regions, 9 * P, 2 * P, 9); /* the head of the first */
	CHECK({ 11, 1 }, { 15, 5 }, { 30, 10 }, );
	rs_regions_unmap(&regions, 18 * P, 14 * P, 9); /* a tail and a head */
	CHECK({ 11, 1 }, { 15, 3 }, { 32, 8 }, );
	rs_regions_unmap(&regions, 0, 1000 * P, 9);
	CHECK();
	rs_regions_done(&regions);
}

static void keeps_what_came_later(void **state)
{
	struct rs_regions regions = { 0 };

	(void)state;
	map(&regions, 10, 1, 5);
	rs_regions_unmap(&regions, 10 * P, P, 4); /* the call began before it was mapped */
	CHECK({ 10, 1 }, );
	rs_regions_unmap(&regions, 10 * P, 1, 6);
	CHECK();
	rs_regions_done(&regions);
}

static void moves(void **state)
{
	const struct rs_region to = { .start = 50 * P, .size = 3 * P, .time = 7 };
	struct rs_regions regions = { 0 };

	(void)state;
	map(&regions, 10, 2, 1);
	rs_regions_remap(&regions, 10 * P, 2 * P, 6, &to);
	CHECK({ 50, 3 }, );
	assert_int_equal(regions.list.items[0].time, 7);
	rs_regions_remap(&regions, 90 * P, 2 * P, 8, &to); /* a file's: never was ours */
	CHECK({ 50, 3 }, );
	rs_regions_done(&regions);
}

static void survives_nonsense(void **state)
{
	const struct rs_region wraps = { .start = UINT64_MAX - P, .size = 5 * P };
	const struct rs_region huge = { .start = P, .size = UINT64_MAX };
	struct rs_regions regions = { 0 };

	(void)state;
	rs_regions_map(&regions, &wraps);
	rs_regions_map(&regions, &huge);
	map(&regions, 10, 0, 1);
	CHECK();
	map(&regions, 10, 4, 1);
	map(&regions, 11, 1, 2); /* what was there before is replaced */
	CHECK({ 10, 1 }, { 11, 1 }, { 12, 2 }, );
	rs_regions_unmap(&regions, 10 * P, UINT64_MAX, 9);
	rs_regions_unmap(&regions, 10 * P, 0, 9);
	CHECK({ 10, 1 }, { 11, 1 }, { 12, 2 }, );
	rs_regions_done(&regions);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unmaps_pieces),
		cmocka_unit_test(keeps_what_came_later),
		cmocka_unit_test(moves),
		cmocka_unit_test(survives_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
