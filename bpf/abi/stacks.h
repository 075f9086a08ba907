/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stacks that reach a function or tracepoint. */
#pragma once

#include <linux/types.h>

/* What is added up: a number in what the program is given (the record of a tracepoint, registers, arguments). */
struct rs_stacks_config {
	__u32 size; /* bytes: 1, 2, 4, 8; 0: nothing, hits are counted */
	__u32 offset;
	__u32 is_signed;
	__u32 pad;
};
