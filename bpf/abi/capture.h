/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which memory behind a system call's arguments is read, and when: a row for each call. */
#pragma once

#include <linux/types.h>

enum rs_capture_how {
	RS_CAPTURE_NONE,     /* the number itself says all */
	RS_CAPTURE_STRING,   /* text that ends with a NUL */
	RS_CAPTURE_BYTES,    /* @size bytes: a struct or a number */
	RS_CAPTURE_BUFFER,   /* as many as argument @by says, times @size */
	RS_CAPTURE_RESULT,   /* as many as the call returned, times @size */
	RS_CAPTURE_BEHIND,   /* as many as the 32-bit number that argument @by points to says */
	RS_CAPTURE_STRINGS,  /* a NULL-terminated list of pointers to text: argv, envp */
	RS_CAPTURE_VECTORS,  /* struct iovec: argument @by of them, and what they point to */
	RS_CAPTURE_MESSAGE,  /* struct msghdr: with its name and vectors */
	RS_CAPTURE_MESSAGES, /* struct mmsghdr: argument @by of them */
};

enum {
	RS_CAPTURE_ENTRY = 1 << 0, /* before the call */
	RS_CAPTURE_EXIT = 1 << 1,  /* after it, when it has not failed */
	RS_CAPTURE_DATA =
		1 << 2, /* contents that are cut after so many bytes as the user wants to see */
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
