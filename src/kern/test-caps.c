/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/caps.h"

#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>
/* keep order: cmocka needs those above */
#include <cmocka.h>

static void test_names(void **state)
{
	char buf[16];

	(void)state;
	assert_string_equal(rs_caps_to_str(CAP_CHOWN, buf), "CAP_CHOWN");
	assert_string_equal(rs_caps_to_str(CAP_SYS_ADMIN, buf), "CAP_SYS_ADMIN");
	assert_string_equal(rs_caps_to_str(CAP_NET_RAW, buf), "CAP_NET_RAW");
	assert_string_equal(rs_caps_to_str(CAP_AUDIT_READ, buf), "CAP_AUDIT_READ");
	assert_string_equal(rs_caps_to_str(RS_CAP_BPF, buf), "CAP_BPF");
	assert_string_equal(rs_caps_to_str(RS_CAP_PERFMON, buf), "CAP_PERFMON");
	assert_string_equal(rs_caps_to_str(63, buf), "CAP_63");
}

/* What is left after keeping one capability; in a child, as there is no way back. */
static int keep_one(uint64_t mask)
{
	struct rs_caps before, after;

	if (rs_caps_get(&before, NULL) < 0 || rs_caps_keep(mask, NULL) < 0 ||
	    rs_caps_get(&after, NULL) < 0)
		return 1;
	if (after.effective != (before.effective & mask))
		return 2;
	if (after.permitted != (before.permitted & mask))
		return 3;
	if ((after.inheritable | after.ambient) & ~mask)
		return 4;
	if ((before.effective & RS_CAP_BIT(CAP_SETPCAP)) && (after.bounding & ~mask))
		return 5;
	if (rs_caps_have(CAP_KILL) != ((before.effective & mask & RS_CAP_BIT(CAP_KILL)) != 0))
		return 6;
	/* nothing to drop any more */
	return rs_caps_keep(mask, NULL) < 0 ? 7 : 0;
}

static void check_keep(uint64_t mask)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(keep_one(mask));
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_keep(void **state)
{
	(void)state;
	check_keep(RS_CAP_BIT(CAP_KILL));
	check_keep(0);
	check_keep(UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_keep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
