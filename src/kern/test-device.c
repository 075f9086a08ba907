/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <sys/stat.h>
#include <sys/sysmacros.h>

static uint32_t number_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return major(st.st_dev) << 20 | minor(st.st_dev);
}

/* /proc has no device. */
static void test_mounted_without_device(void **state)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	char type[32];

	(void)state;
	rs_device_format(number_of("/proc/self"), 0, &text);
	assert_string_equal(rs_str_cstr(&text), "proc /proc");
	assert_true(rs_device_filesystem(number_of("/proc/self"), (uint32_t)getpid(), type,
					 sizeof(type)));
	assert_string_equal(type, "proc");
}

static void test_unknown(void **state)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	char type[32];

	(void)state;
	rs_device_format(4000u << 20 | 77, 0, &text);
	assert_string_equal(rs_str_cstr(&text), "4000:77");
	assert_false(rs_device_filesystem(4000u << 20 | 77, 0, type, sizeof(type)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mounted_without_device),
		cmocka_unit_test(test_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
