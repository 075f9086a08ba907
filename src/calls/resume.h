/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Calls that threads were in before we came. */

#include <stdint.h>

#include "syscall/syscall.h"

/*
 * Puts what each thread of a process is in, by /proc/PID/task/TID/syscall, into the map (rs_strace_threads) as a call
 * that has begun, unless the programs have met the thread already. @calls: only these; NULL: all. Silent where /proc
 * does not tell.
 */
void rs_calls_resume(int map, uint32_t pid, const struct rs_call_set *calls);
