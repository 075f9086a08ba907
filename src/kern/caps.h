/* SPDX-License-Identifier: Apache-2.0 */
/* What this thread may do: capabilities(7), by system call, without libcap. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* linux/capability.h of older systems lacks these. */
#define RS_CAP_PERFMON            38 /* Linux 5.8 */
#define RS_CAP_BPF                39 /* Linux 5.8 */
#define RS_CAP_CHECKPOINT_RESTORE 40 /* Linux 5.9 */

#define RS_CAP_BIT(cap) (1ull << (cap))

/* Sets of capabilities: bit n is capability number n. */
struct rs_caps {
	uint64_t effective;
	uint64_t permitted;
	uint64_t inheritable;
	uint64_t ambient;
	uint64_t bounding;
};

/* Those of the calling thread. 0 or -errno. */
int rs_caps_get(struct rs_caps *ret_caps, struct rs_error *err);

/* True when the capability is in the effective set. */
bool rs_caps_have(unsigned cap);

/* "CAP_BPF"; "CAP_63" for numbers we have no name for: then in @buf. */
const char *rs_caps_to_str(unsigned cap, char buf[static 16]);

/*
 * Drops every capability that is not in @mask from the effective, permitted, inheritable, ambient
 * and bounding sets, for good. It gains none: those in @mask that we did not have are still not
 * there. Without CAP_SETPCAP the bounding set cannot be changed and stays.
 *
 * Concerns the calling thread and what it starts later: call it before other threads are made.
 */
int rs_caps_keep(uint64_t mask, struct rs_error *err);
