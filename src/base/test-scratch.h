/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For unit tests that need files: each runs in an empty directory of its own, which is gone
 * afterwards.
 *
 *	cmocka_run_group_tests({ scratch_test(test_this), ... });
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int scratch_enter(void **state)
{
	static char path[64];

	snprintf(path, sizeof(path), "/tmp/rs-test.XXXXXX");
	if (!mkdtemp(path) || chdir(path) < 0)
		return -1;
	*state = path;
	return 0;
}

static int scratch_leave(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf -- '%s'", (const char *)*state);
	return chdir("/") < 0 || system(command) != 0 ? -1 : 0;
}

#define scratch_test(fn) cmocka_unit_test_setup_teardown(fn, scratch_enter, scratch_leave)
