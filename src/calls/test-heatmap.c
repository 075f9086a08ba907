/* SPDX-License-Identifier: Apache-2.0 */
#include "calls/heatmap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

#include "base/units.h"

static struct rs_heatmap map;

static void add(uint64_t value, uint64_t count)
{
	struct rs_histogram h = { 0 };

	assert_int_equal(rs_histogram_add(&h, value, count), 0);
	rs_heatmap_add(&map, &h);
	rs_histogram_done(&h);
}

static size_t draw(unsigned width, unsigned height, enum rs_heatmap_colors colors,
		   struct rs_str *out)
{
	rs_str_reset(out);
	return rs_heatmap_draw(&map, RS_NSEC_PER_SEC, width, height, colors, out);
}

static void test_nothing(void **state)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);
	struct rs_histogram none = { 0 };

	(void)state;
	memset(&map, 0, sizeof(map));
	assert_int_equal(draw(80, 10, RS_HEATMAP_PLAIN, &out), 0);
	rs_heatmap_add(&map, &none);
	assert_int_equal(draw(80, 10, RS_HEATMAP_PLAIN, &out), 0);
	assert_int_equal(out.len, 0);
}

/* The longest are on top, the latest to the right, most is darkest. */
static void test_places(void **state)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);

	(void)state;
	memset(&map, 0, sizeof(map));
	add(1024, 1000);
	add(5000, 1);
	assert_int_equal(draw(80, 10, RS_HEATMAP_PLAIN, &out), 4);
	assert_string_equal(rs_str_cstr(&out), " 4.10us │ ░\n"
					       " 2.05us │  \n"
					       " 1.02us │█ \n"
					       "        └\n");
	assert_int_equal(draw(80, 10, RS_HEATMAP_COLOR, &out), 4);
	assert_non_null(strstr(rs_str_cstr(&out), "\033[48;5;231m "));
	assert_non_null(strstr(rs_str_cstr(&out), "\033[0m\n"));
}

/* Never higher nor wider than allowed; what is old drops out. */
static void test_fits(void **state)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);

	(void)state;
	memset(&map, 0, sizeof(map));
	for (unsigned i = 0; i < 2 * RS_HEATMAP_COLUMNS; i++)
		add(1ull << (i % 60), i);
	for (unsigned height = 0; height < 60; height++) {
		size_t lines = draw(70, height, RS_HEATMAP_PLAIN, &out), newlines = 0;

		assert_true(lines <= height);
		for (size_t i = 0; i < out.len; i++)
			newlines += out.data[i] == '\n';
		assert_int_equal(newlines, lines);
	}
	assert_non_null(strstr(rs_str_cstr(&out), "1m00s ago"));
	assert_non_null(strstr(rs_str_cstr(&out), "now"));
	for (unsigned width = 0; width < 20; width++)
		draw(width, 10, RS_HEATMAP_PLAIN, &out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
