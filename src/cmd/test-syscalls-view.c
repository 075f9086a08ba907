/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/syscalls-view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

#include "base/term.h"
#include "base/units.h"

static struct rs_str out = RS_STR_INIT(0);

static uint32_t nr_of(const char *name)
{
	const struct rs_call *call = rs_call_find(name);

	assert_non_null(call);
	return rs_call_number(call);
}

static void feed(struct rs_rates *rates, uint64_t who, const char *call, uint64_t calls,
		 uint64_t errors)
{
	const struct rs_counts_row row = {
		.who = who,
		.nr = nr_of(call),
		.count = { .calls = calls, .errors = errors, .ns = 1000 * calls, .max = 5000 },
	};

	assert_int_equal(rs_rates_feed(rates, &row), 0);
}

static struct rs_rates *fresh(void)
{
	struct rs_rates *rates = NULL;
	struct rs_error err = RS_ERROR_INIT;

	assert_int_equal(rs_rates_new(100, &rates, &err), 0);
	rs_rates_begin(rates);
	return rates;
}

/* Groups 1 to 9 are one container. */
static void name_of(void *data, uint64_t who, struct rs_str *name)
{
	rs_str_append_cstr(name, data ? data : who < 10 ? "web" : "db");
}

static const char *table(const struct rs_syscalls_view *view, const struct rs_rates *rates,
			 unsigned width)
{
	const struct rs_live_page page = { .width = width };

	rs_str_reset(&out);
	assert_int_equal(rs_syscalls_table(view, rates, &page, &out), 0);
	return rs_str_cstr(&out);
}

static const char *json(const struct rs_syscalls_view *view, const struct rs_rates *rates)
{
	rs_str_reset(&out);
	assert_int_equal(rs_syscalls_json(view, rates, &out), 0);
	return rs_str_cstr(&out);
}

/* What is rare in each group may be frequent in the container. */
static void test_groups_of_one_container(void **state)
{
	const struct rs_syscalls_view view = { .by = RS_SYSCALLS_CONTAINER,
					       .elapsed = RS_NSEC_PER_SEC,
					       .name = name_of };
	struct rs_rates *rates = fresh();

	(void)state;
	for (uint64_t group = 1; group <= 5; group++) {
		static const char *const own[] = { "read", "write", "close", "openat", "mmap" };

		feed(rates, group, "getpid", 9, 0);
		for (unsigned i = 0; i < 4; i++)
			feed(rates, group, own[(group + i) % 5], 10, 0);
	}
	feed(rates, 10, "futex", 7, 7);
	table(&view, rates, RS_TERM_WIDTH_MAX);
	assert_non_null(strstr(out.data, "  getpid 18% "));
	assert_non_null(strstr(out.data, "futex 100%"));
	assert_non_null(strstr(out.data, "\n      245        -")); /* 49 of each of five */
	assert_non_null(strstr(out.data, "  all\n"));
	rs_rates_free(&rates);
}

static void test_lines_fit(void **state)
{
	const struct rs_syscalls_view view = { .by = RS_SYSCALLS_CONTAINER,
					       .elapsed = RS_NSEC_PER_SEC,
					       .total = true,
					       .name = name_of };
	struct rs_rates *rates = fresh();

	(void)state;
	feed(rates, 1, "clock_nanosleep", 7, 7);
	feed(rates, 1, "epoll_pwait2", 7, 7);
	feed(rates, 1, "getpid", 7, 7);
	for (unsigned width = 80; width < 120; width++) {
		const char *line = table(&view, rates, width), *end;

		for (; (end = strchr(line, '\n')); line = end + 1)
			assert_in_range(rs_term_columns(line, (size_t)(end - line)), 0, width);
	}
	rs_rates_free(&rates);
}

/* Names of processes are theirs to choose. */
static void test_names_are_harmless(void **state)
{
	const struct rs_syscalls_view view = { .by = RS_SYSCALLS_PROCESS | RS_SYSCALLS_CALL,
					       .elapsed = RS_NSEC_PER_SEC,
					       .name = name_of,
					       .data = (void *)"\033]0;x\007\"\\ (12)" };
	struct rs_rates *rates = fresh();

	(void)state;
	feed(rates, 12, "read", 3, 1);
	table(&view, rates, RS_TERM_WIDTH_MAX);
	assert_null(strchr(out.data, '\033'));
	assert_non_null(strstr(out.data, "\\x1b]0;x\\x07\"\\ (12)"));
	json(&view, rates);
	assert_non_null(strstr(out.data,
			       "{\"who\":\"\\u001b]0;x\\u0007\\\"\\\\ (12)\",\"pid\":12,"
			       "\"syscall\":\"read\",\"calls\":3,\"errors\":1,\"ns\":3000}"));
	rs_rates_free(&rates);
}

/* Who was given up has no number. */
static void test_others(void **state)
{
	const struct rs_syscalls_view view = { .by = RS_SYSCALLS_PROCESS,
					       .elapsed = RS_NSEC_PER_SEC,
					       .name = name_of,
					       .data = (void *)"(others)" };
	struct rs_rates *rates = fresh();

	(void)state;
	feed(rates, RS_RATES_OTHERS, "read", 3, 0);
	json(&view, rates);
	assert_non_null(strstr(out.data, "{\"who\":\"(others)\",\"calls\":3,"));
	rs_rates_free(&rates);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups_of_one_container),
		cmocka_unit_test(test_lines_fit),
		cmocka_unit_test(test_names_are_harmless),
		cmocka_unit_test(test_others),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	rs_str_done(&out);
	return r;
}
