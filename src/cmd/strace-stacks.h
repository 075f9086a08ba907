/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The stacks below the lines of `ringside strace -k`. */

#include <bpf/libbpf.h>

#include "calls/record.h"

struct rs_strace_stacks;

int rs_strace_stacks_new(struct bpf_object *object, struct rs_strace_stacks **ret_stacks,
			 struct rs_error *err);
void rs_strace_stacks_free(struct rs_strace_stacks **stacks);

void rs_strace_stacks_prepare(struct rs_strace_stacks *stacks, uint32_t pid);
void rs_strace_stacks_seen(struct rs_strace_stacks *stacks, const struct rs_call_record *record);
int rs_strace_stacks_fd(
	const struct rs_strace_stacks *stacks); /* readable: call the next; -1: never */
void rs_strace_stacks_tick(struct rs_strace_stacks *stacks);

/* For struct rs_calls_print_options: @data is a struct rs_strace_stacks. */
void rs_strace_stacks_text(void *data, const struct rs_call_record *record, struct rs_str *out);
void rs_strace_stacks_json(void *data, const struct rs_call_record *record, struct rs_str *out);

/* Warns of what was lost. */
void rs_strace_stacks_losses(struct rs_strace_stacks *stacks);
