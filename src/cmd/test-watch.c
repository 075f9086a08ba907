/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmd/watch.h"
#include "event/event.h"

static void expect(uint64_t kinds, const char *text)
{
	_cleanup_(rs_str_done) struct rs_str out = { 0 };

	rs_watch_describe_kinds(kinds, &out);
	assert_string_equal(rs_str_cstr(&out), text);
}

static void test_describe_kinds(void **state)
{
	uint64_t file = rs_sensor_kinds(RS_SENSOR_FILE), net = rs_sensor_kinds(RS_SENSOR_NET);

	(void)state;
	expect(RS_KINDS_ALL, "all");
	expect(RS_AGENT_KINDS_DEFAULT, "all but open, cgroup_mkdir, cgroup_rmdir");
	expect(1ull << RS_KIND_EXEC | 1ull << RS_KIND_EXIT, "exec, exit");
	expect(file, "file");
	expect(file | net, "file, network");
	expect(file & ~(1ull << RS_KIND_OPEN), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_describe_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
