/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a process has mapped where: looked up in the kernel's own tree, which is a maple tree since 6.1 (kernel commit
 * d4af56c5c7c6), a red-black tree before.
 *
 * Nothing is locked: programs run where nothing can be waited for. Nodes and mappings may change while they are read; so
 * what was found is looked at whether it fits, and what is not found then is found the next time.
 */
#pragma once

#include "bpf/lib/kernel.h"

#define RS_VMA_DEPTH_MAPLE 12 /* of a tree: 10 to 16 branches a node */
#define RS_VMA_DEPTH_RB    40 /* two branches */

struct vm_area_struct {
	unsigned long vm_start, vm_end;
	unsigned long vm_pgoff;
	struct file *vm_file;
} __core;

struct maple_tree {
	void *ma_root;
} __core;

struct mm_struct___maple {
	struct maple_tree mm_mt;
} __core;

struct rb_node {
	struct rb_node *rb_right, *rb_left;
} __core;

struct rb_root {
	struct rb_node *rb_node;
} __core;

struct mm_struct___rb {
	struct rb_root mm_rb;
} __core;

struct vm_area_struct___rb {
	struct rb_node vm_rb;
} __core;

/* include/linux/maple_tree.h: a node is 256 bytes, and its address has what it is in the low bits. */
enum {
	RS_MAPLE_LEAF = 1,   /* maple_leaf_64: 15 pivots from word 1 on, 16 slots from word 16 on */
	RS_MAPLE_RANGE = 2,  /* maple_range_64: the same, and the slots are nodes */
	RS_MAPLE_ARANGE = 3, /* maple_arange_64: 9 pivots, 10 slots from word 10 on */
	RS_MAPLE_WORDS = 32, /* the number of the last slot is in the low byte of ... */
	RS_MAPLE_END = 31,   /* ... this word of a node with 15 pivots, where not all are used, */
	RS_MAPLE_END_ARANGE = 30 /* and of this of the others */
};

/* A search. To be kept in a map: what has been found so far is written there and read back in each round, so that the
 * verifier knows nothing of it and sees that all rounds are alike. */
struct rs_vma_search {
	__u64 node;
	__u32 at;
	__u32 end;
	__u64 words[RS_MAPLE_WORDS];
};

/* Goes from the node to the slot for the address. */
static __always_inline bool rs_vma_maple_step(struct rs_vma_search *s, __u64 address)
{
	volatile __u32 *at = &s->at, *end = &s->end;
	volatile __u64 *node = &s->node;
	__u32 kind = *node >> 3 & 15, slots = 16, last = RS_MAPLE_END;

	if (bpf_probe_read_kernel(s->words, sizeof(s->words), (void *)(*node & ~255ull)))
		return false;
	if (kind == RS_MAPLE_ARANGE) {
		slots = 10;
		last = RS_MAPLE_END_ARANGE;
	}
	*end = kind != RS_MAPLE_ARANGE && s->words[15] ? 15 : s->words[last] & 15;
	*at = 0;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < 15; i++) {
		__u32 n = *at & 15;

		if (n >= *end || s->words[1 + n] >= address)
			break;
		*at = n + 1;
	}
	slots += *at & 15;
	*node = s->words[slots & (RS_MAPLE_WORDS - 1)];
	return true;
}

static __always_inline __u64 rs_vma_maple(struct rs_vma_search *s, struct mm_struct *mm,
					  __u64 address)
{
	struct mm_struct___maple *maple = (void *)mm;
	volatile __u64 *node = &s->node;

	*node = (__u64)BPF_CORE_READ(maple, mm_mt.ma_root);
	if ((*node & 3) != 2) /* no node: a process with one mapping */
		return 0;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < RS_VMA_DEPTH_MAPLE; i++) {
		__u32 kind = *node >> 3 & 15;

		if (kind < RS_MAPLE_LEAF || kind > RS_MAPLE_ARANGE || *node < 4096 ||
		    !rs_vma_maple_step(s, address))
			return 0;
		if (kind == RS_MAPLE_LEAF)
			return *node;
	}
	return 0;
}

static __always_inline __u64 rs_vma_rb(struct rs_vma_search *s, struct mm_struct *mm, __u64 address)
{
	__u64 offset = __builtin_preserve_field_info(((struct vm_area_struct___rb *)0)->vm_rb,
						     BPF_FIELD_BYTE_OFFSET);
	struct mm_struct___rb *rb = (void *)mm;
	volatile __u64 *at = &s->node;

	*at = (__u64)BPF_CORE_READ(rb, mm_rb.rb_node);
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < RS_VMA_DEPTH_RB; i++) {
		struct rb_node *node = (void *)*at;
		struct vm_area_struct *vma = (void *)(*at - offset);

		if (!node)
			return 0;
		if (BPF_CORE_READ(vma, vm_end) <= address)
			*at = (__u64)BPF_CORE_READ(node, rb_right);
		else if (BPF_CORE_READ(vma, vm_start) <= address)
			return (__u64)vma;
		else
			*at = (__u64)BPF_CORE_READ(node, rb_left);
	}
	return 0;
}

/* What the memory has mapped at the address; NULL: nothing. */
static __always_inline struct vm_area_struct *rs_vma_find(struct rs_vma_search *s,
							  struct mm_struct *mm, __u64 address)
{
	struct mm_struct___maple *maple = (void *)mm;
	struct vm_area_struct *vma;

	if (bpf_core_field_exists(maple->mm_mt))
		vma = (void *)rs_vma_maple(s, mm, address);
	else
		vma = (void *)rs_vma_rb(s, mm, address);
	if (!vma || BPF_CORE_READ(vma, vm_start) > address || BPF_CORE_READ(vma, vm_end) <= address)
		return 0;
	return vma;
}
