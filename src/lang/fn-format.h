/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lang/fn.h"

/* Checks the format, argument at of the call, against those behind it. The call has no value. */
void rs_fn_check_format(struct rs_sema *s, struct rs_node *call, unsigned at);

/* An action with the text of argument at as its format. NULL: out of memory. */
struct rs_action *rs_fn_format_action(struct rs_lower *l, struct rs_node *call, unsigned at,
				      enum rs_action_kind kind);

/* The number of the action that keeps this text for values of a kind that refer to it (RS_ACTION_STRFTIME,
 * RS_ACTION_CGROUP_PATTERN): equal texts have one, so that equal values are equal keys. */
uint32_t rs_fn_format_number(struct rs_lower *l, const struct rs_node *call,
			     enum rs_action_kind kind, const char *text, uint32_t len);

/* Sends format and arguments. */
void rs_fn_send_format(struct rs_lower *l, struct rs_node *call, enum rs_action_kind kind);
