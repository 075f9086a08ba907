/* SPDX-License-Identifier: Apache-2.0 */
#include "event/testing.h"

#define ALL ((1ull << RS_KIND_COUNT) - 1)

static uint64_t parse(const char *list)
{
	struct rs_error err = RS_ERROR_INIT;
	uint64_t kinds = 0;

	if (rs_kinds_parse(list, &kinds, &err) < 0)
		fail_msg("\"%s\": %s", list, err.msg);
	return kinds;
}

static void test_names(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RS_KIND_COUNT; i++)
		assert_int_equal(rs_kind_from_str(rs_kind_to_str(i)), i);
	assert_null(rs_kind_to_str(RS_KIND_COUNT));
	assert_int_equal(rs_kind_from_str("nonsense"), -ENOENT);
	assert_int_equal(rs_kind_from_str(""), -ENOENT);
	assert_string_equal(rs_kind_to_str(RS_KIND_PIVOT), "pivot_root");
	assert_string_equal(rs_sensor_to_str(RS_SENSOR_NET), "network");
	assert_null(rs_sensor_to_str(RS_SENSOR_COUNT));
	assert_int_equal(rs_kind_sensor(RS_KIND_UDP), RS_SENSOR_NET);
}

static void test_lists(void **state)
{
	(void)state;
	assert_int_equal(parse("exec"), RS_KIND_BIT(EXEC));
	assert_int_equal(parse("exec, unlink ,exec"), RS_KIND_BIT(EXEC) | RS_KIND_BIT(UNLINK));
	assert_int_equal(parse("all"), ALL);
	assert_int_equal(parse("process"),
			 RS_KIND_BIT(FORK) | RS_KIND_BIT(EXEC) | RS_KIND_BIT(EXIT));
	assert_int_equal(parse("net"), rs_sensor_kinds(RS_SENSOR_NET));
	assert_int_equal(parse("file,-open"), rs_sensor_kinds(RS_SENSOR_FILE) & ~RS_KIND_BIT(OPEN));
	assert_int_equal(parse("-open"), ALL & ~RS_KIND_BIT(OPEN));
	assert_int_equal(parse("process,file,network,privilege,cgroup"), ALL);
	assert_int_equal(parse("cgroups"), RS_KIND_BIT(CGROUP_MKDIR) | RS_KIND_BIT(CGROUP_RMDIR));
}

static void test_mistakes(void **state)
{
	struct rs_error err = RS_ERROR_INIT;
	uint64_t kinds = 7;

	(void)state;
	assert_int_equal(rs_kinds_parse("exec,unlnik", &kinds, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "\"unlnik\""));
	assert_non_null(strstr(err.hint, "\"unlink\""));
	assert_int_equal(rs_kinds_parse("zzzzzzzzz", &kinds, &err), -EINVAL);
	assert_non_null(strstr(err.hint, "privilege"));
	assert_int_equal(rs_kinds_parse("", &kinds, &err), -EINVAL);
	assert_int_equal(rs_kinds_parse("exec,", &kinds, &err), -EINVAL);
	assert_int_equal(rs_kinds_parse("exec,-exec", &kinds, NULL), -EINVAL);
	assert_int_equal(rs_kinds_parse("-", &kinds, &err), -EINVAL);
	assert_int_equal(kinds, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
