/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What was lost or failed in the kernel while a script ran, told on standard error. */

#include "trace/actions.h"
#include "trace/reader.h"

struct rs_trace_losses;

/* @reader may be NULL. Both are borrowed. */
int rs_trace_losses_new(struct rs_trace_actions *actions, const struct rs_trace_reader *reader,
			struct rs_trace_losses **ret_losses, struct rs_error *err);
void rs_trace_losses_free(struct rs_trace_losses **losses);

/* Whether anything is counted, so that looking now and then makes sense. */
bool rs_trace_losses_counts(const struct rs_trace_losses *losses);

/* Tells what came since the last time. The caller sees to it that this is once a second at most. */
void rs_trace_losses_tell(struct rs_trace_losses *losses);
