/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which memory behind a system call's arguments is read, and when: a row for each call. */
#pragma once

#include <linux/types.h>

/*
 * What arrives is either plain bytes, or "parts": a struct rs_capture_part each, its bytes, and padding to 8. Which
 * parts, in this order:
 *   STRINGS   how many pointers the list has (8 bytes; cut: more than that), then each text
 *   VECTORS   the array of iovec, then the contents of each
 *   MESSAGE   the msghdr (56 bytes), the name, the array of iovec, the control data, then the contents of each vector
 *   MESSAGES  for each of the messages that there is room for: the mmsghdr (64 bytes), then as for MESSAGE
 *   POINTED   the struct, then what its pointer leads to
 *   POINTERS  the array of pointers, then what each leads to
 * A part that is not there (no name, no control data) has length 0. Parts may end early, for want of room: the last ones
 * are then missing.
 */
enum rs_capture_how {
	RS_CAPTURE_NONE,    /* the number itself says all */
	RS_CAPTURE_STRING,  /* text that ends with a NUL */
	RS_CAPTURE_BYTES,   /* @size bytes: a struct or a number */
	RS_CAPTURE_BUFFER,  /* as many as argument @by says, times @size */
	RS_CAPTURE_RESULT,  /* as many as the call returned, times @size */
	RS_CAPTURE_BEHIND,  /* as many as the 32-bit number that argument @by points to says */
	RS_CAPTURE_STRINGS, /* a NULL-terminated list of pointers to text: argv, envp */
	RS_CAPTURE_VECTORS, /* struct iovec: argument @by of them, and what they point to; at the end of a call, as many
			      * bytes of that as it returned */
	RS_CAPTURE_MESSAGE, /* struct msghdr: with its name and vectors */
	RS_CAPTURE_MESSAGES, /* struct mmsghdr: argument @by of them; at the end, as many as the call returned */
	RS_CAPTURE_POINTED, /* a struct of @size bytes that begins with a pointer and how many bytes that leads to */
	RS_CAPTURE_POINTERS, /* argument @by pointers, each to @size bytes */
};

enum {
	RS_CAPTURE_ENTRY = 1 << 0, /* before the call */
	RS_CAPTURE_EXIT = 1 << 1,  /* after it, when it has not failed */
	RS_CAPTURE_DATA =
		1 << 2, /* contents that are cut after so many bytes as the user wants to see */
	RS_CAPTURE_FAILED = 1 << 3, /* with EXIT: also when it has failed */
	RS_CAPTURE_COUNT =
		1 << 4, /* with STRINGS: the count is enough, unless all is wanted (-v) */
	RS_CAPTURE_SHORTER =
		1
		<< 5, /* with BYTES: @size is the most; where it cannot be read, try half as much */
};

enum { RS_CAPTURE_FAULT = 1 << 0, RS_CAPTURE_CUT = 1 << 1 };
struct rs_capture_part {
	__u32 len;   /* bytes behind this header, without the padding */
	__u32 flags; /* FAULT: could not be read; CUT: there is more */
};

struct rs_capture {
	__u8 how;  /* enum rs_capture_how */
	__u8 when; /* RS_CAPTURE_ENTRY ... */
	__u8 by;   /* number of another argument */
	__u8 pad;
	__u16 size; /* bytes */
	__u16 pad2;
};

struct rs_call_capture {
	struct rs_capture args[6];
};

#define RS_CALLS_MAX 512 /* numbers of system calls */
