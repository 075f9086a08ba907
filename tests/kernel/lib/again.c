/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel/lib/again.h"

#include "tests/kernel/lib/tap.h"

#define TRIES 5

void again(void (*test)(const void *data), const void *data)
{
	for (int try = 1; try < TRIES; try++) {
		agent_said_skipped();
		tap_hold();
		test(data);
		if (!tap_held_failure() || !agent_said_skipped()) {
			tap_release();
			return;
		}
		tap_drop();
		tap_diag("the kernel left something out, and that was said: once more");
	}
	test(data);
}

static void run_plain(const void *data)
{
	void (*const *test)(void) = data;

	(*test)();
}

void again_plain(void (*test)(void))
{
	again(run_plain, &test);
}
