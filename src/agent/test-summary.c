/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/summary.h"

#define SECOND 1000000000ull

static struct rs_agent_stats stats;

static void fill(void)
{
	memset(&stats, 0, sizeof(stats));
	stats.kernel.generated[RS_KIND_EXEC] = 1000;
	stats.delivered[RS_KIND_EXEC] = 1000;
	stats.kernel.generated[RS_KIND_UNLINK] = 60;
	stats.delivered[RS_KIND_UNLINK] = 20;
	stats.elapsed = 10 * SECOND;
	stats.kinds = 1ull << RS_KIND_EXEC | 1ull << RS_KIND_UNLINK | 1ull << RS_KIND_MKDIR;
	stats.user_ns = 30000000;
	stats.sys_ns = 20000000;
	stats.rss_peak = 12 << 20;
	stats.ring_bytes = 8 << 20;
	stats.wakeups = 77;
}

static void expect(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static void expect_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" in:\n%s", part, text);
}

static const char *format(bool verbose, struct rs_str *out)
{
	struct rs_summary_style style = { .verbose = verbose };

	assert_int_equal(rs_summary_format(&stats, &style, out), 0);
	return rs_str_cstr(out);
}

static void test_plain(void **state)
{
	_cleanup_(rs_str_done) struct rs_str out = { 0 };
	const char *text;

	(void)state;
	fill();
	stats.kernel.generated[RS_KIND_UNLINK] = 20;
	text = format(false, &out);
	expect(text, "1020 events in 10.0s (102/s), none lost\n");
	expect(text, "  KIND               EVENTS         RATE\n");
	expect(text, "  exec                 1000        100/s\n");
	expect(text, "  unlink                 20          2/s\n");
	expect_not(text, "mkdir");
	expect_not(text, "report this");
	expect(text, "  CPU          0.50 % of one core: 30.0ms user, 20.0ms system");
	expect(text, "  memory       12.0 MiB at most; the buffer is 8.00 MiB of it");
	expect(text, "77 wake-ups");
	expect_not(text, "\033");
	rs_str_reset(&out);
	expect(format(true, &out), "  mkdir                   0");
}

static void test_losses(void **state)
{
	_cleanup_(rs_str_done) struct rs_str out = { 0 };
	struct rs_summary_totals totals;
	const char *text;

	(void)state;
	fill();
	stats.kernel.lost[RS_LOSS_RING][RS_KIND_UNLINK] = 10;
	stats.kernel.lost[RS_LOSS_LANE][RS_KIND_UNLINK] = 1;
	stats.filtered[RS_KIND_UNLINK] = 20;
	stats.unwritten[RS_KIND_UNLINK] = 7;
	stats.undecoded[RS_KIND_UNLINK] = 2;
	stats.unknown = 4; /* of no kind */
	stats.kernel.fails[RS_FAIL_PATH_LONG] = 3;
	assert_int_equal(rs_summary_missing(&stats, RS_KIND_UNLINK), 0);
	rs_summary_totals(&stats, &totals);
	assert_int_equal(totals.generated, totals.delivered + totals.filtered + totals.undecoded +
						   totals.unwritten + totals.lost);
	text = format(false, &out);
	expect(text, "24 lost\n");
	expect(text, "FILTERED         LOST");
	expect(text, "  unlink                 20          2/s           20           20\n");
	expect(text, "10  the buffer was full");
	expect(text, "1  too many programs");
	expect(text, "7  the output was gone");
	expect(text, "6  the record made no sense");
	expect(text, "3  path: longer than 4096 bytes");
	expect_not(text, "report this");
}

static void test_missing(void **state)
{
	_cleanup_(rs_str_done) struct rs_str out = { 0 };

	(void)state;
	fill();
	assert_int_equal(rs_summary_missing(&stats, RS_KIND_UNLINK), 40);
	expect(format(false, &out), "  unlink                 40  made, but neither delivered");
}

static void test_programs(void **state)
{
	_cleanup_(rs_str_done) struct rs_str out = { 0 };
	const char *text;

	(void)state;
	fill();
	expect_not(format(false, &out), "PROGRAM");
	rs_str_reset(&out);
	stats.measured_ns = 5 * SECOND;
	stats.n_programs = 2;
	stats.programs[0] = (struct rs_program){
		.name = "rs_exec",
		.hook = "sched_process_exec",
		.runs = 1000,
		.run_ns = 2500000,
	};
	stats.programs[1] = (struct rs_program){ .name = "rs_fork", .hook = "sched_process_fork" };
	text = format(false, &out);
	expect(text, "  in kernel    0.05 % of one core, measured over the first 5.00s");
	expect(text,
	       "rs_exec          sched_process_exec                     1000     2500     0.050 %");
	expect(text, "1 more did not run");
	expect_not(text, "rs_fork");
	rs_str_reset(&out);
	expect(format(true, &out), "rs_fork");
}

/* What the kernel skipped was never made, and counts as lost all the same. */
static void test_skipped(void **state)
{
	_cleanup_(rs_str_done) struct rs_str out = { 0 };
	const char *text;

	(void)state;
	memset(&stats, 0, sizeof(stats));
	stats.n_programs = 1;
	stats.programs[0] = (struct rs_program){ .name = "rs_fork", .missed = 7 };
	text = format(false, &out);
	expect(text, "7 lost");
	expect(text, "at most: the kernel skipped a program that was at work already");
}

static void test_nothing(void **state)
{
	_cleanup_(rs_str_done) struct rs_str out = { 0 };

	(void)state;
	memset(&stats, 0, sizeof(stats));
	expect(format(false, &out), "0 events in 0ns");
	expect(format(true, &out), "none lost");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),   cmocka_unit_test(test_losses),
		cmocka_unit_test(test_missing), cmocka_unit_test(test_programs),
		cmocka_unit_test(test_nothing), cmocka_unit_test(test_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
