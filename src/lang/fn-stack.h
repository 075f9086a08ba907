/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lang/fn.h"

/* Frames at most, as the kernel has it unless told otherwise (kernel.perf_event_max_stack). */
#define RS_STACK_DEPTH 127

/* Rows of kstack and ustack. */
void rs_fn_check_stack(struct rs_sema *s, struct rs_node *call);
void rs_fn_stack_into(struct rs_lower *l, struct rs_node *call,
		      const struct rs_place_in_memory *to);

/* Frames of the stack that the call gives now. */
rs_reg rs_fn_stack_depth(struct rs_lower *l, struct rs_node *call);
