/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/kconfig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
/* keep order: cmocka needs those above */
#include <cmocka.h>

static void test_states(void **state)
{
	struct rs_kconfig config = { 0 };

	(void)state;
	rs_str_append_cstr(&config.text, "#\n# Linux/x86 6.18 Kernel Configuration\n#\n"
					 "CONFIG_BPF=y\nCONFIG_BPF_LSM=y\nCONFIG_XFS=m\n"
					 "CONFIG_HZ=250\n# CONFIG_KPROBES is not set\n"
					 "CONFIG_LAST=y");
	assert_int_equal(rs_kconfig_get(&config, "BPF"), RS_KCONFIG_ON);
	assert_int_equal(rs_kconfig_get(&config, "BPF_LSM"), RS_KCONFIG_ON);
	assert_int_equal(rs_kconfig_get(&config, "XFS"), RS_KCONFIG_MODULE);
	assert_int_equal(rs_kconfig_get(&config, "HZ"), RS_KCONFIG_ON);
	assert_int_equal(rs_kconfig_get(&config, "KPROBES"), RS_KCONFIG_OFF);
	assert_int_equal(rs_kconfig_get(&config, "LAST"), RS_KCONFIG_ON);
	assert_int_equal(rs_kconfig_get(&config, "KPROBE"), RS_KCONFIG_UNKNOWN);
	assert_int_equal(rs_kconfig_get(&config, "BP"), RS_KCONFIG_UNKNOWN);
	assert_int_equal(rs_kconfig_get(&config, "LAS"), RS_KCONFIG_UNKNOWN);
	rs_kconfig_done(&config);
}

static void test_none(void **state)
{
	struct rs_kconfig config = { 0 };

	(void)state;
	assert_int_equal(rs_kconfig_get(&config, "BPF"), RS_KCONFIG_UNKNOWN);
	rs_kconfig_done(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
