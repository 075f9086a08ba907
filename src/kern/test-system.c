/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* keep order: cmocka needs those above */
#include <cmocka.h>

static void test_choice(void **state)
{
	char buf[24] = "untouched";

	(void)state;
	assert_true(rs_system_parse_choice("none [integrity] confidentiality\n", buf, sizeof(buf)));
	assert_string_equal(buf, "integrity");
	assert_true(rs_system_parse_choice("[none] integrity confidentiality\n", buf, sizeof(buf)));
	assert_string_equal(buf, "none");
	assert_false(rs_system_parse_choice("none integrity", buf, sizeof(buf)));
	assert_false(rs_system_parse_choice("[none", buf, sizeof(buf)));
	assert_false(rs_system_parse_choice("", buf, sizeof(buf)));
	assert_false(rs_system_parse_choice("[confidentiality]", buf, 8));
	assert_string_equal(buf, "none");
}

static void test_list(void **state)
{
	const char *list = "lockdown,capability,landlock,bpf\n";

	(void)state;
	assert_true(rs_system_list_has(list, "bpf"));
	assert_true(rs_system_list_has(list, "lockdown"));
	assert_false(rs_system_list_has(list, "lock"));
	assert_false(rs_system_list_has(list, "pf"));
	assert_false(rs_system_list_has(list, "selinux"));
	assert_false(rs_system_list_has("", "bpf"));
	assert_true(rs_system_list_has("bpf", "bpf"));
}

static void test_read(void **state)
{
	struct rs_system system;

	(void)state;
	rs_system_read(&system);
	assert_true(system.release[0] != '\0');
	assert_true(system.machine[0] != '\0');
	assert_true(system.cpus > 0);
	for (unsigned i = 0; i < RS_SYSTEM_SWITCH_COUNT; i++)
		assert_true(strlen(rs_system_switch_key(i)) && strlen(rs_system_switch_file(i)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
