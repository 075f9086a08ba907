/* SPDX-License-Identifier: Apache-2.0 */
#include "calls/rates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/util.h"

/* What the kernel would have: one sum for each who and call. */
#define WHOS  32
#define CALLS 4
static struct rs_count kernel[WHOS][CALLS];
static bool gone[WHOS];
static uint64_t late; /* calls that come when a row is taken */

static bool take(void *data, uint64_t who, uint32_t nr, struct rs_count *ret_count)
{
	struct rs_count *count = &kernel[who][nr];

	(void)data;
	assert_true(who < WHOS && nr < CALLS);
	if (!count->calls)
		return false;
	count->calls += late;
	count->ns += 10 * late;
	*ret_count = *count;
	*count = (struct rs_count){ 0 };
	return true;
}

static void on_gone(void *data, uint64_t who)
{
	(void)data;
	gone[who] = true;
}

static const struct rs_rates_source source = { .take = take, .gone = on_gone };

static void call(uint64_t who, uint32_t nr, uint64_t times)
{
	kernel[who][nr].calls += times;
	kernel[who][nr].ns += 10 * times;
	kernel[who][nr].max = MAX(kernel[who][nr].max, 10 + who);
}

static int read_all(struct rs_rates *rates)
{
	int worst = 0;

	rs_rates_begin(rates);
	for (uint64_t who = 0; who < WHOS; who++)
		for (uint32_t nr = 0; nr < CALLS; nr++) {
			const struct rs_counts_row row = { .who = who,
							   .nr = nr,
							   .count = kernel[who][nr] };

			int r = row.count.calls ? rs_rates_feed(rates, &row) : 0;

			worst = MIN(worst, r);
		}
	return worst;
}

static struct rs_rates *fresh(size_t max)
{
	struct rs_rates *rates = NULL;
	struct rs_error err = RS_ERROR_INIT;

	memset(kernel, 0, sizeof(kernel));
	memset(gone, 0, sizeof(gone));
	late = 0;
	assert_int_equal(rs_rates_new(max, &rates, &err), 0);
	return rates;
}

static bool row_of(const struct rs_rates *rates, uint64_t who, uint32_t nr,
		   struct rs_rates_row *ret_row)
{
	size_t pos = 0;

	while (rs_rates_next(rates, &pos, ret_row))
		if (ret_row->who == who && ret_row->nr == nr)
			return true;
	return false;
}

/* Of all rows: calls since the start, in the interval, and how many rows there are. */
static uint64_t sum(const struct rs_rates *rates, uint64_t *ret_now, size_t *ret_rows)
{
	struct rs_rates_row row;
	uint64_t calls = 0;
	size_t pos = 0;

	*ret_now = 0;
	for (*ret_rows = 0; rs_rates_next(rates, &pos, &row); ++*ret_rows) {
		calls += row.total.calls;
		*ret_now += row.now.calls;
		assert_int_equal(row.total.ns, 10 * row.total.calls);
	}
	return calls;
}

static void test_intervals(void **state)
{
	struct rs_rates *rates = fresh(8);
	struct rs_rates_row row;

	(void)state;
	call(1, 2, 5);
	assert_int_equal(read_all(rates), 0);
	call(1, 2, 3);
	assert_int_equal(read_all(rates), 0);
	assert_true(row_of(rates, 1, 2, &row));
	assert_int_equal(row.now.calls, 3);
	assert_int_equal(row.total.calls, 8);
	kernel[1][2] = (struct rs_count){ .calls = 2, .ns = 20 }; /* it began anew */
	assert_int_equal(read_all(rates), 0);
	assert_true(row_of(rates, 1, 2, &row));
	assert_int_equal(row.now.calls, 2);
	assert_int_equal(row.total.calls, 10);
	rs_rates_free(&rates);
}

static void test_too_many_are_counted(void **state)
{
	struct rs_rates *rates = fresh(2);

	(void)state;
	for (uint64_t who = 0; who < 3; who++)
		call(who, 0, 1);
	assert_int_equal(read_all(rates), -ENOSPC);
	assert_int_equal(rs_rates_refused(rates), 1);
	rs_rates_free(&rates);
}

/* With room enough nobody is given up, however idle. */
static void test_room_is_left(void **state)
{
	struct rs_rates *rates = fresh(16);
	struct rs_rates_row row;

	(void)state;
	for (uint64_t who = 0; who < 12; who++)
		call(who, 0, 1);
	read_all(rates);
	read_all(rates);
	assert_int_equal(rs_rates_make_room(rates, &source), 0);
	assert_true(row_of(rates, 0, 0, &row));
	assert_false(row_of(rates, RS_RATES_OTHERS, 0, &row));
	rs_rates_free(&rates);
}

static void test_idle_make_room(void **state)
{
	struct rs_rates *rates = fresh(16);
	struct rs_rates_row row;
	uint64_t now;
	size_t rows;

	(void)state;
	for (uint64_t who = 0; who < 8; who++) {
		call(who, 0, 1);
		call(who, 1, 2);
	}
	assert_int_equal(read_all(rates), 0);
	call(3, 1, 7); /* the one who goes on */
	assert_int_equal(read_all(rates), 0);
	assert_int_equal(rs_rates_make_room(rates, &source), 0);
	assert_int_equal(sum(rates, &now, &rows), 8 * 3 + 7);
	assert_int_equal(now, 7);
	assert_int_equal(rows, 4); /* two of who goes on, two of all the others */
	assert_true(row_of(rates, 3, 0, &row) && row_of(rates, 3, 1, &row));
	assert_true(row_of(rates, RS_RATES_OTHERS, 1, &row));
	assert_int_equal(row.total.calls, 14);
	assert_int_equal(row.total.max, 17);
	assert_int_equal(kernel[0][0].calls, 0);
	assert_int_equal(kernel[3][0].calls, 1);
	for (size_t who = 0; who < WHOS; who++)
		assert_int_equal(gone[who], who < 8 && who != 3);
	rs_rates_free(&rates);
}

/* Full to the last row, again and again: all that was called is in some row. */
static void test_full(void **state)
{
	struct rs_rates *rates = fresh(8);
	uint64_t now, all = 0;
	size_t rows;

	(void)state;
	for (unsigned round = 0; round < 100; round++) {
		for (unsigned i = 0; i < 4; i++, all += round + 1)
			call((round * 4 + i) % WHOS, i, round + 1);
		assert_int_equal(read_all(rates), 0);
		assert_int_equal(rs_rates_make_room(rates, &source), 0);
		assert_int_equal(sum(rates, &now, &rows), all);
		assert_int_equal(now, 4 * (round + 1));
		assert_true(rows <= 8 + CALLS);
	}
	assert_int_equal(rs_rates_refused(rates), 0);
	rs_rates_free(&rates);
}

/* What is called between reading and giving up is of the interval, and not counted twice. */
static void test_late_calls(void **state)
{
	struct rs_rates *rates = fresh(4);
	struct rs_rates_row row;
	uint64_t now;
	size_t rows;

	(void)state;
	for (uint64_t who = 0; who < 4; who++)
		call(who, 0, 1);
	read_all(rates);
	read_all(rates);
	late = 5;
	assert_int_equal(rs_rates_make_room(rates, &source), 0);
	assert_int_equal(sum(rates, &now, &rows), 4 * 6);
	assert_int_equal(now, 4 * 5);
	assert_true(row_of(rates, 0, 0, &row));
	assert_false(gone[0]);
	late = 0;
	call(0, 0, 2); /* its sum begins anew */
	read_all(rates);
	assert_true(row_of(rates, 0, 0, &row));
	assert_int_equal(row.now.calls, 2);
	assert_int_equal(row.total.calls, 8);
	rs_rates_free(&rates);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_intervals),    cmocka_unit_test(test_too_many_are_counted),
		cmocka_unit_test(test_room_is_left), cmocka_unit_test(test_idle_make_room),
		cmocka_unit_test(test_full),         cmocka_unit_test(test_late_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
