/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"

#include <stdbool.h>
#include <sys/resource.h>

static struct rlimit given; /* what we were started with, once it was changed */
static bool raised;

void rs_limits_raise_files(void)
{
	struct rlimit files, all;

	if (raised || getrlimit(RLIMIT_NOFILE, &files) < 0)
		return;
	all = (struct rlimit){ files.rlim_max, files.rlim_max };
	if (files.rlim_cur == files.rlim_max || setrlimit(RLIMIT_NOFILE, &all) < 0)
		return;
	given = files;
	raised = true;
}

void rs_limits_restore_files(void)
{
	if (raised)
		setrlimit(RLIMIT_NOFILE, &given);
}
