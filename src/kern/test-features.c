/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/features.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* keep order: cmocka needs those above */
#include <cmocka.h>

#include "kern/probes.h"

/* What a row leaves out would be a NULL that nobody checks. */
static void test_rows_are_whole(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RS_FEATURE_COUNT; i++) {
		const struct rs_feature_row *row = &rs_feature_rows[i];

		if (!row->probe || !row->why || (!row->needed && !row->instead))
			fail_msg("row of %s", rs_feature_info(i).name);
	}
}

static void test_names_are_different(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RS_FEATURE_COUNT; i++)
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(rs_feature_info(i).name, rs_feature_info(j).name);
}

/* With whatever rights there are: an answer to everything, the same when asked again. */
static void test_ask(void **state)
{
	static const enum rs_feature some[] = { RS_FEATURE_KERNEL_BTF, RS_FEATURE_RINGBUF,
						RS_FEATURE_PMU };
	struct rs_features *features = NULL;

	(void)state;
	assert_int_equal(rs_features_new(&features, NULL), 0);
	for (unsigned i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		const struct rs_feature_result *result = rs_features_ask(features, some[i]);

		assert_ptr_equal(result, rs_features_ask(features, some[i]));
		assert_true(result->answer == RS_ANSWER_YES || result->reason[0]);
		assert_true(result->answer == RS_ANSWER_YES || result->error < 0);
		assert_int_equal(rs_features_have(features, some[i]),
				 result->answer == RS_ANSWER_YES);
	}
	assert_false(rs_features_tracepoint(features, "no_such_tracepoint"));
	rs_features_free(&features);
	assert_null(features);
	rs_features_free(&features);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_are_whole),
		cmocka_unit_test(test_names_are_different),
		cmocka_unit_test(test_ask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
