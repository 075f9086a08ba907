/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Blocks read by some threads ahead of who wants them, in order: most of a query is unpacking. Private to
 * the room. */

#include "store/scan.h"

struct rs_ahead;

/* Begins to read the tasks, which are borrowed until rs_ahead_free(). -ENOMEM, -EAGAIN: no threads. */
int rs_ahead_new(const struct rs_scan_options *options, const struct rs_task *tasks, size_t n,
		 uint64_t since, uint64_t until, bool records, struct rs_ahead **ret_ahead);
void rs_ahead_free(struct rs_ahead **ahead);

/* What the next task has; the result is the caller's then. One to use again may be given for it. What
 * rs_scan_run() returned. */
int rs_ahead_next(struct rs_ahead *ahead, struct rs_result *spare, struct rs_result **ret_result);
