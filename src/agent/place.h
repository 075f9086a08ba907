/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The place: one agent per root directory, held by a lock on <root>/run/ringside/agent.lock. The
 * lock goes with the process, however it ends; the file stays and says who held it last.
 */

#include <sys/types.h>

#include "base/error.h"

#define RS_PLACE_DIR  "/run/ringside"
#define RS_PLACE_LOCK RS_PLACE_DIR "/agent.lock"

struct rs_place_holder {
	pid_t pid;      /* 0: unknown */
	uint64_t since; /* ns since 1970, 0: unknown */
};

/*
 * Takes the place below @root (NULL: "/"), making the directory (0700) and the file (0600) where
 * they are missing. @ret_fd is closed to leave it. -EBUSY: held; the message says by whom and since
 * when, and *ret_holder (may be NULL) too. -ENOTDIR, -EACCES, ...
 */
int rs_place_take(const char *root, int *ret_fd, struct rs_place_holder *ret_holder,
		  struct rs_error *err);
