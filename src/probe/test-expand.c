/* SPDX-License-Identifier: Apache-2.0 */
/* What needs nothing of the kernel: timers, counters, watchpoints, programs that are called. */
#include "probe/testing.h"

#define POINT(...) ((struct rs_attach_point){ __VA_ARGS__ })

static void test_once(void **state)
{
	struct rs_probes *probes = new_probes(NULL);
	struct expanded expanded = expand(probes, POINT(.provider = RS_PROVIDER_BEGIN));

	(void)state;
	assert_int_equal(expanded.r, 0);
	assert_int_equal(expanded.places.len, 1);
	expanded_done(&expanded);
	expect_one(probes, POINT(.provider = RS_PROVIDER_SELF, .name = "SIGUSR1"),
		   "self:signal:SIGUSR1");
	rs_probes_free(&probes);
}

static void test_timers(void **state)
{
	struct rs_probes *probes = new_probes(NULL);

	(void)state;
	expect_one(probes, POINT(.provider = RS_PROVIDER_PROFILE, .target = "hz", .value = 99),
		   "profile:hz:99");
	expect_one(probes, POINT(.provider = RS_PROVIDER_INTERVAL, .target = "ms", .value = 10),
		   "interval:ms:10");
	expect_error(probes, POINT(.provider = RS_PROVIDER_INTERVAL, .target = "min", .value = 1),
		     -EINVAL, "hz, s, ms, us and ns");
	expect_error(probes, POINT(.provider = RS_PROVIDER_PROFILE, .target = "hz"), -EINVAL, NULL);
	expect_error(
		probes,
		POINT(.provider = RS_PROVIDER_INTERVAL, .target = "s", .value = UINT64_MAX / 2),
		-EINVAL, NULL);
	rs_probes_free(&probes);
}

static void test_counters(void **state)
{
	struct rs_probes *probes = new_probes(NULL);
	struct expanded all;

	(void)state;
	expect_one(probes,
		   POINT(.provider = RS_PROVIDER_SOFTWARE, .name = "page-faults", .value = 5),
		   "software:page-faults:5");
	expect_one(probes, POINT(.provider = RS_PROVIDER_SOFTWARE, .name = "cs"), "software:cs");
	expect_one(probes, POINT(.provider = RS_PROVIDER_HARDWARE, .name = "cycles", .value = 1000),
		   "hardware:cycles:1000");
	expect_error(probes, POINT(.provider = RS_PROVIDER_SOFTWARE, .name = "page-fautls"),
		     -ENOENT, "software:page-faults");
	expect_error(probes, POINT(.provider = RS_PROVIDER_HARDWARE, .name = "page-faults"),
		     -ENOENT, NULL);
	all = expand(probes, POINT(.provider = RS_PROVIDER_SOFTWARE, .name = "*-faults"));
	assert_int_equal(all.r, 0);
	assert_int_equal(all.places.len, 5);
	expanded_done(&all);
	rs_probes_free(&probes);
}

static void test_watchpoints(void **state)
{
	struct rs_probes *probes = new_probes(NULL);
	struct rs_attach_point point = {
		.provider = RS_PROVIDER_WATCHPOINT,
		.address = 0x1000,
		.has_address = true,
		.value = 8,
		.name = "rw",
	};

	(void)state;
	expect_one(probes, point, "watchpoint:0x1000:8:rw");
	point.name = "wr";
	expect_one(probes, point, "watchpoint:0x1000:8:wr");
	point.name = "rwx";
	expect_error(probes, point, -EINVAL, "w, rw, r or x");
	point.name = "ww";
	expect_error(probes, point, -EINVAL, NULL);
	point.name = "w";
	point.value = 3;
	expect_error(probes, point, -EINVAL, NULL);
	point.value = 4;
	point.address = 0x1002;
	expect_error(probes, point, -EINVAL, NULL);
	rs_probes_free(&probes);
}

/* ---- with tracefs, where it may be read ---- */

static void test_tracepoints(void **state)
{
	struct rs_probes *probes = new_probes(NULL);
	struct rs_attach_point point = { .provider = RS_PROVIDER_TRACEPOINT,
					 .target = "sched",
					 .name = "sched_switch" };
	struct expanded expanded = expand(probes, point);
	bool readable = expanded.r == 0;
	const char *format;

	(void)state;
	expanded_done(&expanded);
	if (!readable) {
		rs_probes_free(&probes);
		skip();
	}
	expect_one(probes, point, "tracepoint:sched:sched_switch");
	point.name = "sched_swich";
	expect_error(probes, point, -ENOENT, "tracepoint:sched:sched_switch");
	point.target = "shed";
	point.name = "sched_switch";
	expect_error(probes, point, -ENOENT, "tracepoint:sched:sched_switch");
	point.target = "../events/sched";
	expect_error(probes, point, -ENOENT, NULL);
	point.target = "sched";
	point.name = "no_such_*";
	expect_error(probes, point, -ENOENT, NULL);

	point.name = "sched_proc*";
	expanded = expand(probes, point);
	assert_int_equal(expanded.r, 0);
	assert_true(expanded.places.len > 3);
	rs_vec_foreach(&expanded.places, place)
	{
		assert_string_equal((*place)->point.target, "sched");
		assert_int_equal(strncmp((*place)->point.name, "sched_proc", 10), 0);
	}
	format = rs_probes_tracepoint_format(probes, &expanded.arena, "sched", "sched_switch",
					     NULL);
	assert_non_null(format);
	assert_non_null(strstr(format, "prev_comm"));
	assert_null(rs_probes_tracepoint_format(probes, &expanded.arena, "sched", "nothing", NULL));
	expanded_done(&expanded);
	rs_probes_free(&probes);
}

/* ---- lists ---- */

struct texts {
	struct rs_str all;
	size_t n;
	int answer;
};

static int take_text(const char *text, void *data)
{
	struct texts *texts = data;

	rs_str_appendf(&texts->all, "%s\n", text);
	texts->n++;
	return texts->answer;
}

static void test_list(void **state)
{
	struct rs_probes *probes = new_probes(NULL);
	struct rs_error err = RS_ERROR_INIT;
	struct texts texts = { 0 };

	(void)state;
	assert_int_equal(rs_probes_list(probes, "interval:*", false, take_text, &texts, &err), 0);
	assert_string_equal(
		rs_str_cstr(&texts.all),
		"interval:hz:\ninterval:s:\ninterval:ms:\ninterval:us:\ninterval:ns:\n");
	rs_str_reset(&texts.all);
	assert_int_equal(rs_probes_list(probes, "software:cpu*", false, take_text, &texts, &err),
			 0);
	assert_string_equal(rs_str_cstr(&texts.all),
			    "software:cpu-clock:\nsoftware:cpu:\nsoftware:cpu-migrations:\n");
	rs_str_reset(&texts.all);
	assert_int_equal(rs_probes_list(probes, "*page-f*", false, take_text, &texts, &err), 0);
	assert_non_null(strstr(rs_str_cstr(&texts.all), "software:page-faults:\n"));
	assert_null(strstr(rs_str_cstr(&texts.all), "cpu-clock"));

	assert_int_equal(rs_probes_list(probes, "tracpoint:*", false, take_text, &texts, &err),
			 -EINVAL);
	assert_non_null(strstr(err.hint, "tracepoint"));

	texts.n = 0;
	texts.answer = -ECANCELED;
	assert_int_equal(rs_probes_list(probes, "software:*", false, take_text, &texts, &err),
			 -ECANCELED);
	assert_int_equal(texts.n, 1);
	rs_str_done(&texts.all);
	rs_probes_free(&probes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once),        cmocka_unit_test(test_timers),
		cmocka_unit_test(test_counters),    cmocka_unit_test(test_watchpoints),
		cmocka_unit_test(test_tracepoints), cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests_name("expand", tests, NULL, NULL);
}
