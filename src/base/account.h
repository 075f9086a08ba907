/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The numbers that a user's processes have, from /etc/passwd and /etc/group. Read by ourselves: libc would load shared
 * objects for that, which a static program cannot. Users of a directory service are not found by name.
 */

#include <sys/types.h>

#include "base/error.h"

#define RS_ACCOUNT_GROUPS   1024 /* the most that are taken */
#define RS_ACCOUNT_FILE_MAX ((size_t)8 << 20)

struct rs_account {
	uid_t uid;
	gid_t gid;
	gid_t groups[RS_ACCOUNT_GROUPS]; /* the first one among them; each once */
	size_t n_groups;
};

/* @user: a name, or a number that a line has. @root may be NULL. -ENOENT: there is none; -E2BIG: too many groups; what reading the
 * files ends with. */
int rs_account_find(const char *root, const char *user, struct rs_account **ret_account,
		    struct rs_error *err);
void rs_account_free(struct rs_account **account);
