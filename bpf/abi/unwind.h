/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tables for walking the stacks of user code that keeps no frame pointers: made by user space of what compilers leave in
 * .eh_frame, walked by bpf/lib/unwind.h.
 */
#pragma once

#include <linux/types.h>

/*
 * How the frame of a range of code is undone; the range ends at the next row. Frames are told by the address just
 * above the return address, called CFA in the DWARF standard (section 6.4).
 */
struct rs_unwind_row {
	__u32 pc; /* from the file's base */
	__u32 rule; /* bits 0-2: kind; 3-4: rbp's kind; 5-11: rbp's offset / 8; 12-31: offset / 8, both signed */
};

enum rs_unwind_kind {
	RS_UNWIND_NONE, /* no table says it: perhaps there are frame pointers */
	RS_UNWIND_SP,   /* CFA = rsp + offset */
	RS_UNWIND_BP,   /* CFA = rbp + offset */
	RS_UNWIND_SP_DEREF, /* CFA = *(rsp + offset >> 4) + (offset & 15) * 8; offset as it stands in the row */
	RS_UNWIND_BP_DEREF, /* the same with rbp */
	RS_UNWIND_PLT, /* CFA = rsp + 8, and 8 more where pc & 15 >= offset as it stands in the row */
	RS_UNWIND_SIGNAL, /* the kernel put all registers here */
	RS_UNWIND_END, /* the outermost frame; or, with an offset of 1, one that we cannot undo */
};

enum rs_unwind_bp {
	RS_UNWIND_BP_SAME,   /* rbp is the caller's */
	RS_UNWIND_BP_AT_CFA, /* it is saved at CFA + offset */
	RS_UNWIND_BP_AT_BP,  /* at rbp + offset */
};

#define RS_UNWIND_RULE(kind, bp, bp_offset, offset)                                                \
	((__u32)(kind) | (__u32)(bp) << 3 | ((__u32)(bp_offset)&127) << 5 | (__u32)(offset) << 12)
#define RS_UNWIND_RULE_KIND(rule)      ((rule)&7)
#define RS_UNWIND_RULE_BP(rule)        ((rule) >> 3 & 3)
#define RS_UNWIND_RULE_BP_OFFSET(rule) ((__s32)((rule) << 20) >> 25)
#define RS_UNWIND_RULE_OFFSET(rule)    ((__s32)(rule) >> 12)

#define RS_UNWIND_UNSUPPORTED RS_UNWIND_RULE(RS_UNWIND_END, 0, 0, 1)

/* Rows live in chunks, the maps in rs_unwind_chunks; those of one range of code in one chunk. */
#define RS_UNWIND_CHUNK_ROWS 65536
#define RS_UNWIND_CHUNKS     128 /* 64 MiB */
#define RS_UNWIND_NO_ROWS    RS_UNWIND_CHUNKS

/* A range of a process's executable memory. */
struct rs_unwind_mapping {
	__u64 start, end;
	__u64 base;  /* where in memory the file's base is */
	__u32 chunk; /* its rows, in this chunk; RS_UNWIND_NO_ROWS: there are none */
	__u16 first;
	__u16 last;
};

/* Value of rs_unwind_processes, by thread group: a run of rs_unwind_mappings, by address. */
struct rs_unwind_process {
	__u32 first;
	__u32 n;
	__u64 asked; /* when a program last asked for a new look, ns of CLOCK_MONOTONIC */
};

#define RS_UNWIND_MAPPINGS         32768 /* of all processes */
#define RS_UNWIND_PROCESS_MAPPINGS 4096  /* of one */
#define RS_UNWIND_PROCESSES        8192

/* Value of the one entry of rs_unwind_control. */
struct rs_unwind_control {
	__u32 on; /* 0: frame pointers only */
	__u32 reserved;
};

/* A record of rs_unwind_asks: this process is not known, has more code than is known, or is gone. */
struct rs_unwind_ask {
	__u32 tgid;
	__u32 gone;
	__u64 ip;
};

#define RS_UNWIND_ASKS_BYTES 65536
