/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/profile.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

static const struct rs_profile_options cpu = {
	.types = { { "cpu", "nanoseconds" }, { "samples", "count" } },
	.n_types = 2,
	.title = "a title",
};

static struct rs_profile *make(void)
{
	struct rs_profile *p = NULL;

	assert_int_equal(rs_profile_new(&cpu, &p), 0);
	return p;
}

static uint32_t frame(struct rs_profile *p, const char *function, uint64_t address)
{
	const struct rs_frame f = { .function = function, .module = "/bin/x", .address = address };
	uint32_t number;

	assert_int_equal(rs_profile_frame(p, &f, &number), 0);
	return number;
}

static void test_frames(void **state _unused_)
{
	_cleanup_(rs_profile_free) struct rs_profile *p = make();
	char name[] = "main";
	uint32_t a = frame(p, name, 1), b;

	name[0] = 'p'; /* given strings are borrowed */
	b = frame(p, name, 1);
	assert_int_not_equal(a, b);
	assert_int_equal(a, frame(p, "main", 1));
	assert_int_not_equal(a, frame(p, "main", 2));
	assert_string_equal(rs_profile_frame_at(p, a)->function, "main");
	assert_string_equal(rs_profile_frame_at(p, b)->function, "pain");
	assert_ptr_equal(rs_profile_frame_at(p, a)->module, rs_profile_frame_at(p, b)->module);
	assert_int_equal(rs_profile_frames(p), 3);
	assert_string_equal(rs_profile_frame_at(p, frame(p, NULL, 0))->function, "[unknown]");
}

static void test_every_field_tells_frames_apart(void **state _unused_)
{
	static const struct rs_frame frames[] = {
		{ .function = "f" },
		{ .function = "g" },
		{ .function = "f", .system = "_Zf" },
		{ .function = "f", .module = "m" },
		{ .function = "f", .build_id = "aa" },
		{ .function = "f", .file = "x.c" },
		{ .function = "f", .line = 1 },
		{ .function = "f", .kind = RS_FRAME_KERNEL },
		{ .function = "f", .address = 1 },
	};
	_cleanup_(rs_profile_free) struct rs_profile *p = make();

	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < ARRAY_SIZE(frames); i++) {
			uint32_t number;

			assert_int_equal(rs_profile_frame(p, &frames[i], &number), 0);
			assert_int_equal(number, i);
		}
	}
}

static void test_samples_are_merged(void **state _unused_)
{
	_cleanup_(rs_profile_free) struct rs_profile *p = make();
	uint32_t stack[] = { frame(p, "inner", 1), frame(p, "outer", 2) };
	struct rs_profile_label labels[] = { { .key = "pid", .number = 7 },
					     { .key = "comm", .text = "x" } };
	struct rs_profile_sample s = {
		.frames = stack,
		.n_frames = 2,
		.values = { 10, 1 },
		.labels = labels,
		.n_labels = 2,
	}, got;

	assert_int_equal(rs_profile_add(p, &s), 0);
	assert_int_equal(rs_profile_add(p, &s), 0);
	assert_int_equal(rs_profile_samples(p), 1);
	labels[0].number = 8;
	assert_int_equal(rs_profile_add(p, &s), 0);
	labels[1].text = "y";
	assert_int_equal(rs_profile_add(p, &s), 0);
	s.n_frames = 1;
	assert_int_equal(rs_profile_add(p, &s), 0);
	s.n_labels = 0;
	s.n_frames = 0;
	assert_int_equal(rs_profile_add(p, &s), 0);
	assert_int_equal(rs_profile_samples(p), 5);
	rs_profile_sample_at(p, 0, &got);
	assert_int_equal(got.values[0], 20);
	assert_int_equal(got.values[1], 2);
	assert_int_equal(got.labels[0].number, 7);
	assert_string_equal(got.labels[1].text, "x");
	assert_int_equal(got.frames[1], stack[1]);
	assert_int_equal(rs_profile_total(p, 0), 60);
	assert_int_equal(rs_profile_total(p, 1), 6);
	assert_int_equal(rs_profile_total(p, 2), 0);
}

static void test_what_cannot_be_is_refused(void **state _unused_)
{
	_cleanup_(rs_profile_free) struct rs_profile *p = make();
	uint32_t stack[] = { frame(p, "f", 0), 1 };
	struct rs_profile_label label = { .text = "no key" };
	struct rs_profile_sample s = { .frames = stack, .n_frames = 2, .values = { 1 } };

	assert_int_equal(rs_profile_add(p, &s), -EINVAL);
	s.n_frames = RS_PROFILE_DEPTH_MAX + 1;
	assert_int_equal(rs_profile_add(p, &s), -EINVAL);
	s.n_frames = 1;
	s.labels = &label;
	s.n_labels = 1;
	assert_int_equal(rs_profile_add(p, &s), -EINVAL);
	assert_int_equal(rs_profile_samples(p), 0);
}

static void test_values_do_not_wrap(void **state _unused_)
{
	_cleanup_(rs_profile_free) struct rs_profile *p = make();
	struct rs_profile_sample s = { .values = { INT64_MAX, INT64_MIN } };

	assert_int_equal(rs_profile_add(p, &s), 0);
	assert_int_equal(rs_profile_add(p, &s), 0);
	assert_true(rs_profile_total(p, 0) == INT64_MAX);
	assert_true(rs_profile_total(p, 1) == INT64_MIN);
}

static void test_many(void **state _unused_)
{
	_cleanup_(rs_profile_free) struct rs_profile *p = make();

	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 20000; i++) {
			char name[32];
			uint32_t stack[3];
			struct rs_profile_sample s = { .frames = stack,
						       .n_frames = 3,
						       .values = { 1 } };

			snprintf(name, sizeof(name), "function%u", i % 1000);
			stack[0] = frame(p, name, i);
			stack[1] = frame(p, "middle", i / 7);
			stack[2] = frame(p, "main", 0);
			assert_int_equal(rs_profile_add(p, &s), 0);
		}
	}
	assert_int_equal(rs_profile_samples(p), 20000);
	assert_int_equal(rs_profile_frames(p), 20000 + 20000 / 7 + 1 + 1);
	assert_int_equal(rs_profile_total(p, 0), 40000);
}

static void test_options_and_notes(void **state _unused_)
{
	_cleanup_(rs_profile_free) struct rs_profile *p = make();

	assert_int_equal(rs_profile_options_of(p)->n_types, 2);
	assert_string_equal(rs_profile_options_of(p)->types[1].unit, "count");
	assert_string_equal(rs_profile_options_of(p)->title, "a title");
	rs_profile_set_duration(p, 5);
	assert_int_equal(rs_profile_set_title(p, "another"), 0);
	assert_int_equal(rs_profile_options_of(p)->duration, 5);
	assert_string_equal(rs_profile_options_of(p)->title, "another");
	assert_int_equal(rs_profile_note(p, "3 lost"), 0);
	assert_int_equal(rs_profile_notes(p), 1);
	assert_string_equal(rs_profile_note_at(p, 0), "3 lost");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_every_field_tells_frames_apart),
		cmocka_unit_test(test_samples_are_merged),
		cmocka_unit_test(test_what_cannot_be_is_refused),
		cmocka_unit_test(test_values_do_not_wrap),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_options_and_notes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
