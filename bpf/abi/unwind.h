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
	RS_UNWIND_END,    /* the outermost frame; or what the two below say */
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

#define RS_UNWIND_UNSUPPORTED RS_UNWIND_RULE(RS_UNWIND_END, 0, 0, 1) /* we cannot undo it */
#define RS_UNWIND_IN_RDI                                                                           \
	RS_UNWIND_RULE(RS_UNWIND_END, 0, 0, 2) /* the return address is there: vfork() */

/* Rows live in chunks, the maps in rs_unwind_chunks; those of one range of code in one chunk. */
#define RS_UNWIND_CHUNK_ROWS 65536
#define RS_UNWIND_CHUNKS     128 /* 64 MiB */

/* Which file some code is of: key of rs_unwind_codes. */
struct rs_unwind_id {
	__u64 inode;
	__u64 device; /* as the kernel has it: 12 bits for the driver, 20 for the device; 0: none */
};
#define RS_UNWIND_VDSO 1 /* inode of the kernel's own code in processes, of device 0 */

/* What is known of a file: value of rs_unwind_codes. */
struct rs_unwind_code {
	__u32 first, n; /* a run of rs_unwind_pieces, by start; n 0: it has no table */
	__u32 known;    /* 0: it was asked for */
	__u32 used;     /* set by programs that look at it */
	__u64 asked;    /* when a program last asked, ns of CLOCK_MONOTONIC */
};

/* Rows of a file that are in one chunk. */
struct rs_unwind_piece {
	__u64 start; /* offset in the file; ends where the next piece, or the mapping, does */
	__u64 base;  /* the pc of a row is the offset in the file less this */
	__u32 chunk;
	__u16 first;
	__u16 last;
};

#define RS_UNWIND_CODES       8192 /* files that programs have met */
#define RS_UNWIND_PIECES      8192 /* of all files */
#define RS_UNWIND_FILE_PIECES 256  /* of one */

/* Value of the one entry of rs_unwind_control. */
struct rs_unwind_control {
	__u32 on; /* 0: frame pointers only */
	__u32 reserved;
	__u64 asked; /* when a program last asked for a file that rs_unwind_codes has no room for, ns */
};

/* A record of rs_unwind_asks: this process has code of a file that is not known. */
struct rs_unwind_ask {
	struct rs_unwind_id id;
	__u64 start;  /* the mapping */
	__u64 offset; /* in the file, of its start */
	__u64 size;   /* of the file, bytes */
	__u32 tgid;
	__u32 reserved;
};

#define RS_UNWIND_ASKS_BYTES 65536
