/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Why a thread did not run, from its state and the kernel's functions that it waited in. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/abi/offcpu.h"

/* "futex", "poll", "disk", "preempted" ...: a constant. @functions: the kernel's part of the stack, the innermost
 * first. */
const char *rs_waits_reason(uint32_t reason, const char *const *functions, size_t n);

/* Is this what threads do that have no work (poll, sleep, ...)? */
bool rs_waits_is_idle(const char *reason);
