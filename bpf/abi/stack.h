/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stacks that the programs collect: kept once each, by a hash of what they are. */
#pragma once

#include <linux/types.h>

#define RS_STACK_DEPTH 127 /* frames, as the kernel's own limit */

/* In ips of user stacks: not the address behind a call, for this is where a signal came, or to where its handler
 * returns. */
#define RS_STACK_IP_EXACT (1ull << 63)

/* Value of the map rs_stacks, whose key is a hash of n and ips. */
struct rs_stack {
	__u32 n;     /* frames in ips, the innermost first */
	__u32 flags; /* RS_STACK_* */
	__u64 ips[RS_STACK_DEPTH];
};

enum {
	RS_STACK_CUT = 1 << 0,    /* more frames than fit: the outermost are missing */
	RS_STACK_BROKEN = 1 << 1, /* unwinding ended before the outermost frame */
};

/* The two stacks of a moment: keys of rs_stacks; 0: none; RS_STACK_LOST: there was one. */
#define RS_STACK_LOST 1
struct rs_stack_pair {
	__u64 kernel;
	__u64 user;
};

/* Places where taking stacks failed, indices of rs_stack_fails (per CPU counters). */
enum rs_stack_fail {
	RS_STACK_FAIL_FULL,   /* no room in rs_stacks for one more */
	RS_STACK_FAIL_BUSY,   /* the scratch of this CPU was in use */
	RS_STACK_FAIL_READ,   /* the kernel gave none */
	RS_STACK_FAIL_BROKEN, /* user stacks that ended early */
	RS_STACK_FAIL_COUNT,
};
