/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How a row of the table of system calls looks (rows-*.inc), for this room alone.
 *
 *	CALL(name, number on x86-64, number on arm64, "classes", result, arguments...)
 *	X86(name, number, "classes", result, arguments...)          not on arm64
 *
 * classes, a letter each (sets.c gives them names): f takes a path, d a descriptor, n network, p process, s signals, i ipc,
 * m memory, c credentials, t clocks, u never fails, 1 2 3 stat lstat fstat, 4 5 statfs fstatfs, 6 7 others of these two.
 * result: NUM, HEX (an address) or FD.
 *
 * Arguments, named as the kernel names them:
 *	D U L UL      decimal: int, unsigned, long, unsigned long;  X XL hexadecimal;  MODE octal
 *	ID FD DIRFD P SIG      user or group, descriptor, the same or AT_FDCWD, address, signal
 *	F FL E EL(n, names)    flags or one of several, 32 and 64 bits wide, FX: flags that are printed by all 64
 *	PATH STR OSTR          text up to a NUL; OSTR: that the call has written
 *	IBUF(n, by) OBUF(n)    bytes: as many as argument @by says; as many as the call returned
 *	I O IO(n, type)        a struct that is read, written, both;  IS OS(n, type, by): with its size in argument @by
 *	OF(n, type)            written when the call fails
 *	BOTH(n, type)          read and written, and shown in the result what became of it
 *	IV OV BOTHV(n, type, by)  an array of as many as argument @by says;  OVR(n, type): as many as the call returned;
 *	                       IV2(n, type): of two;  IL(n): of longs, of as many bits as the argument behind it says
 *	IVEC OVEC(n, by)       struct iovec: of what is written, of what was read;  IVEC0: without the contents
 *	SAIN SAOUT(n, by) SALEN(n)   socket addresses and their lengths
 *	HIDE(n)                not shown: the other half of a number
 *	S(n, special, how, when, by, size)   a function of its own (specials.h)
 */

#include <stdint.h>

#include "bpf/abi/capture.h"

enum rs_call_kind {
	KIND_NONE,
	KIND_D,
	KIND_U,
	KIND_L,
	KIND_UL,
	KIND_X,
	KIND_XL,
	KIND_MODE,
	KIND_ID,
	KIND_FD,
	KIND_DIRFD,
	KIND_ADDRESS,
	KIND_SIGNAL,
	KIND_NAMES32, /* @what: enum rs_names */
	KIND_NAMES64,
	KIND_PATH,
	KIND_STRING,
	KIND_BYTES,
	KIND_VECTORS,
	KIND_VECTORS_BARE,
	KIND_STRUCT, /* @what: enum rs_type */
	KIND_STRUCT_FAILED,
	KIND_STRUCT_BOTH,
	KIND_ARRAY, /* @what: enum rs_type */
	KIND_ARRAY_BOTH,
	KIND_LONGS,
	KIND_ADDRESS_OF_SOCKET,
	KIND_LENGTH_OF_SOCKET,
	KIND_HIDDEN,
	KIND_SPECIAL, /* @what: enum rs_special */
};

enum rs_call_result { RESULT_NUM, RESULT_HEX, RESULT_FD };

struct rs_call_arg {
	const char *name;
	uint8_t kind; /* enum rs_call_kind */
	uint8_t what;
	struct rs_capture capture;
};

struct rs_call {
	const char *name;
	const char *classes;
	uint16_t number;
	uint8_t count;
	uint8_t result; /* enum rs_call_result */
	struct rs_call_arg args[6];
};

/* Calls @f for each row. */
void rs_call_each(void (*f)(void *data, const struct rs_call *call), void *data);
