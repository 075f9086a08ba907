/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Memory that was allocated and not given back.
 *
 * What allocators give (functions of processes, or the kernel's slabs and pages) stands in the map rs_mem_blocks, an
 * entry each. What processes map themselves comes as records, for parts of it can be unmapped; so do the events that
 * end a process's memory, and those after which there may be new functions to watch.
 */
#pragma once

#include <linux/types.h>

#include "bpf/abi/stack.h"

enum rs_mem_kind {
	RS_MEM_HEAP,  /* malloc and the like */
	RS_MEM_MAP,   /* mmap, anonymous */
	RS_MEM_SLAB,  /* the kernel's kmalloc and kmem_cache_alloc */
	RS_MEM_PAGES, /* the kernel's pages */
	RS_MEM_KIND_COUNT,
};

/* Set before the object is loaded. */
struct rs_mem_config {
	__u64 sample;  /* bytes on average between two that are sampled; 0: all */
	__u32 session; /* the programs of allocations run at the return as well (Linux 6.13) */
	__u32 stop; /* this process is stopped when it executes a program or maps code; 0: none */
	__u32 page_size; /* of the kernel's pages */
	__u32 code_only; /* of mappings, only those of code */
};

/* Key and value of rs_mem_blocks. tgid: 0 for the kernel's memory. */
struct rs_mem_key {
	__u64 address;
	__u32 tgid;
	__u32 kind;
};

struct rs_mem_block {
	__u64 size; /* as it was asked for */
	__u64 time; /* CLOCK_MONOTONIC, ns */
	struct rs_stack_pair stacks;
};

/* bpf_get_attach_cookie() of a place, where there are sessions. */
enum {
	RS_MEM_LEAF = 1 << 0, /* calls no other function that is watched */
};

/* Counters, per CPU: indices of rs_mem_counts. */
enum rs_mem_count {
	RS_MEM_ALLOCS,       /* calls that were asked for memory, nested ones left out */
	RS_MEM_ALLOC_BYTES,  /* how much they asked for */
	RS_MEM_FAILED,       /* of these calls: gave none */
	RS_MEM_FREES,        /* of blocks that were known */
	RS_MEM_LOST_FULL,    /* allocations not kept: no room in rs_mem_blocks */
	RS_MEM_LOST_BYTES,   /* bytes of these */
	RS_MEM_LOST_THREADS, /* calls not looked at: no room for one more thread */
	RS_MEM_LOST_NESTED,  /* the kernel's allocations inside of our own work */
	RS_MEM_LOST_READ,    /* a result in the process's memory could not be read */
	RS_MEM_LOST_RECORDS, /* no room in the ring buffer */
	RS_MEM_LOST_SYSCALLS, /* mappings not looked at: no room for one more call that is under way */
	RS_MEM_COUNT_COUNT,
};

/* Records of rs_mem_ring. */
enum rs_mem_event {
	RS_MEM_EVENT_THREAD, /* a thread allocates for the first time */
	RS_MEM_EVENT_EXEC,   /* a program was executed: the memory there was is gone */
	RS_MEM_EVENT_EXIT,   /* the process ended */
	RS_MEM_EVENT_CODE,   /* code of a file was mapped */
	RS_MEM_EVENT_MAP,    /* memory was mapped at address */
	RS_MEM_EVENT_UNMAP,  /* and unmapped, from address on; before `time` */
	RS_MEM_EVENT_REMAP,  /* from old_address, old_size to address, size; before `time` */
};

struct rs_mem_record {
	__u32 event; /* enum rs_mem_event */
	__u32 tgid;
	__u32 stopped; /* the process was stopped and waits for SIGCONT */
	__u32 pad;
	__u64 time;
	__u64 address, size;
	__u64 old_address, old_size;
	struct rs_stack_pair stacks;
	char comm[16];
};

#define RS_MEM_RING_BYTES  (1u << 20)
#define RS_MEM_THREADS     65536
#define RS_MEM_BLOCKS_MAX  (1u << 20) /* unless the user says otherwise */
#define RS_MEM_STACKS      65536
#define RS_MEM_KERN_BLOCKS (1u << 18)
#define RS_MEM_KERN_STACKS 16384
