/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Tests of what the kernel may leave out. Where a program on a tracepoint can be preempted, the kernel runs it for
 * nobody else on that CPU meanwhile, and counts that. Our commands say so. What a test finds missing then may be just
 * that, and it is done once more; where nothing was left out, a failure is one at once.
 */

#include "tests/kernel/lib/agent.h"

/* Runs the test, whose results are told when they count. */
void again(void (*test)(const void *data), const void *data);

/* The same for one without data. */
void again_plain(void (*test)(void));
