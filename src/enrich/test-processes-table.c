/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "enrich/processes-table.h"

#define FIRST                                                                                      \
	1000000000ull /* when the process of pid 0 would have begun; others one second a pid later */

static struct rs_process_table open_table(size_t max)
{
	struct rs_process_table table;

	assert_int_equal(rs_process_table_init(&table, max, 1 << 20), 0);
	return table;
}

static uint64_t start_of(uint32_t pid)
{
	return FIRST * (pid + 1);
}

static struct rs_process *add(struct rs_process_table *table, uint32_t pid)
{
	struct rs_process *process = rs_process_add(table, pid, start_of(pid), 0);

	assert_non_null(process);
	return process;
}

static struct rs_process *find(struct rs_process_table *table, uint32_t pid)
{
	return rs_process_find(table, pid, start_of(pid));
}

/* What counts as known by /proc's clock only, until the first record. */
static void test_ticks(void **state)
{
	struct rs_process_table table = open_table(8);
	struct rs_process *process;

	(void)state;
	process = rs_process_add(&table, 5, 0, 1000);
	assert_int_equal(process->order, 1000 * table.tick_ns);
	assert_null(rs_process_find(&table, 5, 1000 * table.tick_ns - 1));
	assert_null(rs_process_find(&table, 5, 1001 * table.tick_ns));
	assert_ptr_equal(rs_process_find(&table, 5, 1001 * table.tick_ns - 1), process);
	assert_null(rs_process_find(&table, 5, 1000 * table.tick_ns)); /* now we know better */
	assert_ptr_equal(rs_process_running(&table, 5), process);
	rs_process_table_done(&table);
}

static void test_twins(void **state)
{
	struct rs_process_table table = open_table(100);
	struct rs_process *held = NULL;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		struct rs_process *process = rs_process_add(&table, 5, FIRST + i, 0);

		assert_non_null(process);
		assert_ptr_equal(rs_process_running(&table, 5), process);
		if (!i)
			held = rs_process_ref(&table, process);
	}
	assert_int_equal(table.count, RS_PROCESS_TWINS);
	assert_ptr_equal(rs_process_find(&table, 5, FIRST), held); /* not what we hold */
	assert_null(rs_process_find(&table, 5, FIRST + 12));
	for (unsigned i = 13; i < 20; i++)
		assert_non_null(rs_process_find(&table, 5, FIRST + i));
	assert_int_equal(held->ended, FIRST + 1);
	rs_process_unref(&table, held);
	assert_int_equal(table.count, RS_PROCESS_TWINS);
	rs_process_end(&table, rs_process_find(&table, 5, FIRST + 19), 7);
	assert_null(rs_process_running(&table, 5));
	rs_process_expire(&table, 7); /* which ended earlier than the others */
	assert_int_equal(table.count, RS_PROCESS_TWINS);
	rs_process_expire(&table, UINT64_MAX);
	assert_int_equal(table.count, 0);
	assert_int_equal(rs_hashmap_len(table.map), 0);
	rs_process_table_done(&table);
}

/* Each of the twins goes alone, wherever in the chain it stands. */
static void test_twins_leave(void **state)
{
	(void)state;
	for (unsigned gone = 0; gone < 3; gone++) {
		struct rs_process_table table = open_table(3);

		for (unsigned i = 0; i < 3; i++)
			rs_process_add(&table, 5, FIRST + i, 0);
		rs_process_end(&table, rs_process_find(&table, 5, FIRST + 2), 1);
		for (unsigned i = 0; i < gone; i++) {
			struct rs_process *kept = table.ended.oldest;

			rs_process_unref(&table, rs_process_ref(&table, kept)); /* to the end */
		}
		add(&table, 6);
		assert_int_equal(table.count, 3);
		for (unsigned i = 0; i < 3; i++)
			assert_true((i == gone) == !rs_process_find(&table, 5, FIRST + i));
		rs_process_table_done(&table);
	}
}

/* Nobody who has children goes; those that ended go first, in order; then the ones not looked up. */
static void test_order(void **state)
{
	struct rs_process_table table = open_table(6);

	(void)state;
	for (uint32_t pid = 1; pid <= 6; pid++)
		add(&table, pid);
	assert_true(rs_process_set_parent(&table, find(&table, 6), find(&table, 1)));
	rs_process_end(&table, find(&table, 1), 10);
	rs_process_end(&table, find(&table, 4), 11);
	rs_process_end(&table, find(&table, 3), 12);
	add(&table, 7);
	assert_null(find(&table, 4));
	add(&table, 8);
	assert_null(find(&table, 3));
	/* 2 and 5 were not looked up yet. */
	assert_non_null(find(&table, 2));
	assert_non_null(find(&table, 6));
	add(&table, 9);
	assert_null(find(&table, 5));
	assert_non_null(find(&table, 1));
	assert_int_equal(table.count, 6);
	assert_int_equal(table.evicted, 3);
	rs_process_table_done(&table);
}

static void test_no_room(void **state)
{
	struct rs_process_table table = open_table(2);
	struct rs_process *one, *two;

	(void)state;
	one = rs_process_ref(&table, add(&table, 1));
	two = add(&table, 2);
	assert_true(rs_process_set_parent(&table, two, one));
	rs_process_ref(&table, two);
	assert_null(rs_process_add(&table, 3, FIRST, 0));
	rs_process_unref(&table, two);
	add(&table, 3);
	assert_null(find(&table, 2));
	rs_process_unref(&table, one);
	rs_process_table_done(&table);
}

static void test_no_loops(void **state)
{
	struct rs_process_table table = open_table(8);
	struct rs_process *one, *two, *same, *ticks;

	(void)state;
	one = add(&table, 1);
	two = add(&table, 2);
	same = rs_process_add(&table, 3, start_of(2), 0);
	ticks = rs_process_add(&table, 4, 0, start_of(2) / table.tick_ns);
	assert_true(rs_process_set_parent(&table, two, one));
	assert_false(rs_process_set_parent(&table, one, two));
	assert_false(rs_process_set_parent(&table, one, one));
	assert_null(one->parent);
	assert_true(rs_process_set_parent(&table, same, two));
	assert_true(rs_process_set_parent(&table, ticks, same));
	assert_non_null(rs_process_find(&table, 4, start_of(2) + table.tick_ns - 1));
	assert_false(rs_process_set_parent(&table, same, ticks));
	assert_null(same->parent); /* what cannot be is not */
	assert_ptr_equal(ticks->parent, same);
	rs_process_table_done(&table);
}

/* A chain as long as the table, each waiting for its child: no step may go through all of it. */
static void test_deep(void **state)
{
	const uint32_t n = 65536;
	struct rs_process_table table = open_table(n);
	struct rs_process *last = NULL;

	(void)state;
	for (uint32_t pid = 1; pid <= 3 * n; pid++) {
		struct rs_process *process = add(&table, pid);

		/* Beyond the cap only the end of the chain is free to go. */
		if (pid <= n)
			assert_true(rs_process_set_parent(&table, process, last));
		last = process;
		assert_ptr_equal(rs_process_running(&table, pid), process);
	}
	assert_int_equal(table.count, n);
	for (uint32_t pid = 1; pid <= 3 * n; pid++) {
		struct rs_process *process = find(&table, pid);

		if (process)
			rs_process_end(&table, process, pid);
	}
	for (unsigned i = 0; i < n; i++)
		rs_process_expire(&table, UINT64_MAX);
	assert_int_equal(table.count, 0);
	rs_process_table_done(&table);
}

/* Whatever happens, counts stay right and nothing is lost; the sanitizer sees the rest. */
static void test_random(void **state)
{
	struct rs_process_table table = open_table(64);
	unsigned seed = 1;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		uint32_t pid = (uint32_t)rand_r(&seed) % 100, other = (uint32_t)rand_r(&seed) % 100;
		uint64_t start = FIRST + (uint32_t)rand_r(&seed) % 4;
		struct rs_process *process = rs_process_find(&table, pid, start);
		struct rs_process *parent = rs_process_running(&table, other);
		unsigned what = (unsigned)rand_r(&seed) % 8;

		if (!process && what < 4)
			rs_process_add(&table, pid, start, 0);
		else if (process && what < 4)
			rs_process_set_parent(&table, process, parent);
		else if (process && what < 6)
			rs_process_end(&table, process, i);
		else if (process && what == 6)
			rs_process_revive(&table, process);
		else if (what == 7 && i > 1000)
			rs_process_expire(&table, i - 1000);
		if (process && what == 2)
			rs_process_set_text(&table, &process->exe,
					    rs_process_text(&table, "abc", 3));
		assert_true(table.count <= 64);
	}
	assert_true(table.evicted > 1000);
	rs_process_table_done(&table);
	assert_int_equal(table.count, 0);
	assert_int_equal(table.texts.bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ticks),       cmocka_unit_test(test_twins),
		cmocka_unit_test(test_twins_leave), cmocka_unit_test(test_order),
		cmocka_unit_test(test_no_room),     cmocka_unit_test(test_no_loops),
		cmocka_unit_test(test_deep),        cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
