/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where stacks are put together: see stack.h, which includes this. */
#pragma once

#include "bpf/abi/stack.h"
#include "bpf/abi/unwind.h"
#include "bpf/lib/kernel.h"
#include "bpf/lib/vma.h"

#define RS_STACK_SLOTS 4 /* programs that may interrupt each other on a CPU */

/* Where some code is. */
struct rs_unwind_mapping {
	__u64 start, end;
	__u64 offset;   /* in the file, of its start */
	__u32 first, n; /* the file's pieces; n 0: it has no table ... */
	__u32 unknown;  /* ... that we know of */
};

/* How far unwind.h is. */
struct rs_unwind_walk {
	__u64 ip, sp, bp;                 /* registers in the frame */
	__u64 pc;                         /* what is looked for */
	__u32 exact;                      /* ip is not behind a call */
	__u32 frames;                     /* that the stack has so far */
	__u32 found;                      /* of a search */
	__u32 guessed;                    /* a frame may have a table, and was undone without */
	struct rs_unwind_mapping mapping; /* where the last frame was */
	struct rs_vma_search search;
	struct rs_unwind_ask ask;   /* too large for the stack, ... */
	struct rs_unwind_code made; /* ... as this is */
};

struct rs_stack_scratch {
	__u64 busy;
	__u32 slot; /* the index of this one */
	struct rs_unwind_walk walk;
	struct rs_stack stack;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RS_STACK_SLOTS);
	__type(key, __u32);
	__type(value, struct rs_stack_scratch);
} rs_stack_slots SEC(".maps");
