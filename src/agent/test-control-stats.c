/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "agent/control-stats.h"

static struct rs_control_stats one, two;

/* Every number another one, so that a mix-up shows. */
static void fill(struct rs_control_stats *s)
{
	uint64_t n = 1000;

	*s = (struct rs_control_stats){ .time = 1700000000123456789ull, .pid = 77 };
	strcpy(s->version, "1.2.3");
	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++) {
		s->stats.kernel.generated[kind] = n++;
		s->stats.delivered[kind] = n++;
		s->stats.filtered[kind] = n++;
		s->stats.undecoded[kind] = n++;
		s->stats.unwritten[kind] = n++;
		for (unsigned i = 0; i < RS_LOSS_COUNT; i++)
			s->stats.kernel.lost[i][kind] = n++;
	}
	for (unsigned i = 0; i < RS_FAIL_COUNT; i++)
		s->stats.kernel.fails[i] = n++;
	s->stats.kernel.bytes = UINT64_MAX;
	s->stats.kinds = 0x5555555 & ((1ull << RS_KIND_COUNT) - 1);
	s->stats.unknown = n++;
	s->stats.written = n++;
	s->stats.wakeups = n++;
	s->stats.start_real = n++;
	s->stats.elapsed = n++;
	s->stats.ring_bytes = n++;
	s->stats.ring_pending = n++;
	s->stats.user_ns = n++;
	s->stats.sys_ns = n++;
	s->stats.rss = n++;
	s->stats.rss_peak = n++;
	s->stats.startup_ns = n++;
	s->stats.startup_cpu_ns = n++;
	s->stats.measured_ns = n++;
	s->stats.measuring = true;
	s->stats.n_programs = RS_AGENT_PROGRAMS;
	for (size_t i = 0; i < RS_AGENT_PROGRAMS; i++) {
		struct rs_program *p = &s->stats.programs[i];

		snprintf(p->name, sizeof(p->name), "rs_program_with_a_long_name_%zu", i);
		snprintf(p->hook, sizeof(p->hook), "hook \"%zu\"", i);
		p->runs = n++;
		p->run_ns = n++;
		p->missed = n++;
		p->insns = (uint32_t)n++;
		p->verified = (uint32_t)n++;
		p->attached = i & 1;
	}
	s->control =
		(struct rs_control_counts){ n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7 };
}

static void write_stats(const struct rs_control_stats *s, struct rs_str *out)
{
	struct rs_json w;

	rs_json_init(&w, out);
	assert_int_equal(rs_control_stats_write(&w, s), 0);
}

static int read_stats(const char *text, size_t n, struct rs_control_stats *s, struct rs_error *err)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
	struct rs_json_value *root = NULL;

	assert_int_equal(rs_json_parse(&arena, text, n, &root, NULL), 0);
	return rs_control_stats_read(root, s, err);
}

static void test_there_and_back(void **state)
{
	_cleanup_(rs_str_done) struct rs_str there = RS_STR_INIT(0), back = RS_STR_INIT(0);

	(void)state;
	fill(&one);
	write_stats(&one, &there);
	assert_true(there.len < RS_CONTROL_REPLY_MAX / 4); /* the largest there is */
	assert_int_equal(read_stats(there.data, there.len, &two, NULL), 0);
	write_stats(&two, &back);
	assert_string_equal(rs_str_cstr(&there), rs_str_cstr(&back));
	assert_memory_equal(&one.stats.kernel, &two.stats.kernel, sizeof(one.stats.kernel));
	assert_memory_equal(&one.control, &two.control, sizeof(one.control));
	assert_true(one.stats.kinds == two.stats.kinds && two.pid == 77 && two.time == one.time);
	assert_int_equal(two.stats.n_programs, RS_AGENT_PROGRAMS);
	assert_string_equal(two.stats.programs[5].hook, "hook \"5\"");
	assert_true(two.stats.programs[5].attached && two.stats.measuring);
	assert_true(two.stats.rss == one.stats.rss && two.stats.written == one.stats.written);
}

/* Of another version, or not an agent at all. */
static void test_strange(void **state)
{
	static const char newer[] =
		"{\"kinds\":{\"exec\":{\"watched\":true,\"generated\":3,\"more\":[1]},\"newer\":{}},"
		"\"ring\":7,\"agent\":{\"cpu_user_ns\":-1},\"programs\":[1,{\"name\":\"x\"}],"
		"\"incomplete\":[]}";
	struct rs_error err = RS_ERROR_INIT;

	(void)state;
	assert_int_equal(read_stats(newer, strlen(newer), &two, &err), 0);
	assert_int_equal(two.stats.kernel.generated[RS_KIND_EXEC], 3);
	assert_true(two.stats.kinds == 1ull << RS_KIND_EXEC);
	assert_int_equal(two.stats.ring_bytes, 0);
	assert_int_equal(two.stats.user_ns, 0);
	assert_int_equal(two.stats.n_programs, 2);
	assert_string_equal(two.stats.programs[1].name, "x");
	assert_int_equal(read_stats("{}", 2, &two, &err), -EPROTO);
	assert_int_equal(read_stats("[]", 2, &two, &err), -EPROTO);
	assert_int_equal(read_stats("{\"kinds\":1}", 11, &two, &err), 0);
}

/* Kinds that nobody watches, and failures that did not happen, are not told. */
static void test_little(void **state)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);

	(void)state;
	one = (struct rs_control_stats){ .pid = 1 };
	write_stats(&one, &out);
	assert_non_null(strstr(rs_str_cstr(&out), "\"kinds\":{},\"incomplete\":{}"));
	assert_non_null(strstr(rs_str_cstr(&out), "\"time\":\"1970-01-01T00:00:00.000000000Z\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_strange),
		cmocka_unit_test(test_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
