/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/merge.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

static struct rs_profile *make(const char *type, const char *other)
{
	const struct rs_profile_options options = {
		.types = { { type, "count" }, { other, "bytes" } },
		.n_types = 2,
	};
	struct rs_profile *profile = NULL;

	assert_int_equal(rs_profile_new(&options, &profile), 0);
	return profile;
}

/* A stack of two functions in a process. */
static void add(struct rs_profile *profile, const char *inner, const char *outer,
		const char *process, int64_t first, int64_t second)
{
	const struct rs_profile_label label = { "process", process, 0 };
	const struct rs_frame frames[] = {
		{ .function = inner, .module = "/bin/x", .kind = RS_FRAME_USER },
		{ .function = outer, .module = "/bin/x", .kind = RS_FRAME_USER },
	};
	uint32_t numbers[2];
	const struct rs_profile_sample sample = {
		.frames = numbers,
		.n_frames = 2,
		.values = { first, second },
		.labels = &label,
		.n_labels = 1,
	};

	for (size_t i = 0; i < ARRAY_SIZE(frames); i++)
		assert_int_equal(rs_profile_frame(profile, &frames[i], &numbers[i]), 0);
	assert_int_equal(rs_profile_add(profile, &sample), 0);
}

static bool in_web(void *data, const struct rs_profile *profile,
		   const struct rs_profile_sample *sample)
{
	(void)data;
	(void)profile;
	return !strcmp(sample->labels[0].text, "web");
}

static void test_same_stacks_add_up(void **state)
{
	struct rs_profile *into = make("samples", "space"), *from = make("samples", "space");
	struct rs_profile_sample sample;

	(void)state;
	add(into, "f", "main", "web", 1, 10);
	add(from, "g", "main", "web", 2, 20);
	add(from, "f", "main", "web", 3, 30);
	add(from, "f", "main", "db", 100, 1000);
	rs_profile_note(into, "lost 1");
	rs_profile_note(from, "lost 1");
	rs_profile_note(from, "lost 2");
	assert_int_equal(rs_profile_merge(into, from, in_web, NULL, NULL), 0);
	assert_int_equal(rs_profile_samples(into), 2);
	rs_profile_sample_at(into, 0, &sample);
	assert_int_equal(sample.values[0], 4);
	assert_int_equal(sample.values[1], 40);
	assert_string_equal(rs_profile_frame_at(into, sample.frames[1])->function, "main");
	assert_int_equal(rs_profile_total(into, 0), 6);
	assert_int_equal(rs_profile_notes(into), 2);
	assert_int_equal(rs_profile_merge(into, from, NULL, NULL, NULL), 0);
	assert_int_equal(rs_profile_total(into, 0), 111);
	rs_profile_free(&into);
	rs_profile_free(&from);
}

static void test_values_by_name(void **state)
{
	struct rs_profile *into = make("samples", "space"), *from = make("objects", "space");
	struct rs_profile *none = make("a", "b");
	struct rs_error err = RS_ERROR_INIT;

	(void)state;
	add(from, "f", "main", "web", 3, 30);
	assert_int_equal(rs_profile_merge(into, from, NULL, NULL, NULL), 0);
	assert_int_equal(rs_profile_total(into, 0), 0);
	assert_int_equal(rs_profile_total(into, 1), 30);
	assert_int_equal(rs_profile_merge(into, none, NULL, NULL, &err), -EINVAL);
	rs_profile_free(&into);
	rs_profile_free(&from);
	rs_profile_free(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_stacks_add_up),
		cmocka_unit_test(test_values_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
