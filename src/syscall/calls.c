/* SPDX-License-Identifier: Apache-2.0 */
/* The table of system calls: rows-*.inc, for the architecture that this is built for. */
#include <string.h>

#include "base/util.h"
#include "syscall/call.h"
#include "syscall/names.h"
#include "syscall/specials.h"
#include "syscall/syscall.h"
#include "syscall/types.h"

/* clang-format off */
#define CAPTURE(h, w, b, s) { .how = RS_CAPTURE_##h, .when = (w), .by = (b), .size = (s) }
#define ENTRY   RS_CAPTURE_ENTRY
#define EXIT    RS_CAPTURE_EXIT
#define DATA    RS_CAPTURE_DATA
#define COUNT   RS_CAPTURE_COUNT
#define SHORTER RS_CAPTURE_SHORTER
#define FAILED  RS_CAPTURE_FAILED

#define PLAIN(n, k)           { #n, KIND_##k, 0, { 0 } }
#define NAMED(n, k, t)        { #n, KIND_##k, NAMES_##t, { 0 } }
#define D(n)                  PLAIN(n, D)
#define U(n)                  PLAIN(n, U)
#define L(n)                  PLAIN(n, L)
#define UL(n)                 PLAIN(n, UL)
#define X(n)                  PLAIN(n, X)
#define XL(n)                 PLAIN(n, XL)
#define MODE(n)               PLAIN(n, MODE)
#define ID(n)                 PLAIN(n, ID)
#define FD(n)                 PLAIN(n, FD)
#define DIRFD(n)              PLAIN(n, DIRFD)
#define P(n)                  PLAIN(n, ADDRESS)
#define SIG(n)                PLAIN(n, SIGNAL)
#define HIDE(n)               PLAIN(n, HIDDEN)
#define F(n, t)               NAMED(n, NAMES32, t)
#define E(n, t)               NAMED(n, NAMES32, t)
#define FL(n, t)              NAMED(n, NAMES64, t)
#define EL(n, t)              NAMED(n, NAMES64, t)
#define FX(n, t)              NAMED(n, NAMES64, t)
#define PATH(n)               { #n, KIND_PATH, 0, CAPTURE(STRING, ENTRY, 0, 0) }
#define STR(n)                { #n, KIND_STRING, 0, CAPTURE(STRING, ENTRY | DATA, 0, 0) }
#define OSTR(n)               { #n, KIND_PATH, 0, CAPTURE(STRING, EXIT, 0, 0) }
#define IBUF(n, b)            { #n, KIND_BYTES, 0, CAPTURE(BUFFER, ENTRY | DATA, b, 1) }
#define OBUF(n)               { #n, KIND_BYTES, 0, CAPTURE(RESULT, EXIT | DATA, 0, 1) }
#define OHEX(n)                  { #n, KIND_BYTES, 1, CAPTURE(RESULT, EXIT | DATA, 0, 1) }
#define STRUCT(n, k, t, w)    { #n, KIND_##k, TYPE_##t, CAPTURE(BYTES, (w) | TYPE_SHORTER_##t, 0, TYPE_SIZE_##t) }
#define I(n, t)               STRUCT(n, STRUCT, t, ENTRY)
#define O(n, t)               STRUCT(n, STRUCT, t, EXIT)
#define IO(n, t)              STRUCT(n, STRUCT, t, ENTRY | EXIT)
#define OF(n, t)              STRUCT(n, STRUCT_FAILED, t, EXIT | FAILED)
#define BOTH(n, t)            STRUCT(n, STRUCT_BOTH, t, ENTRY | EXIT)
#define ARRAY(n, k, t, h, w, b) { #n, KIND_##k, TYPE_##t, CAPTURE(h, w, b, TYPE_SIZE_##t) }
#define IS(n, t, b)           { #n, KIND_STRUCT, TYPE_##t, CAPTURE(BUFFER, ENTRY, b, 1) }
#define OS(n, t, b)           { #n, KIND_STRUCT, TYPE_##t, CAPTURE(BUFFER, EXIT, b, 1) }
#define IV(n, t, b)           ARRAY(n, ARRAY, t, BUFFER, ENTRY, b)
#define OV(n, t, b)           ARRAY(n, ARRAY, t, BUFFER, EXIT, b)
#define OVR(n, t)             ARRAY(n, ARRAY, t, RESULT, EXIT, 0)
#define BOTHV(n, t, b)        ARRAY(n, ARRAY_BOTH, t, BUFFER, ENTRY | EXIT, b)
#define IV2(n, t)             { #n, KIND_ARRAY, TYPE_##t, CAPTURE(BYTES, ENTRY, 0, 2 * TYPE_SIZE_##t) }
#define IL(n)                 { #n, KIND_LONGS, 0, CAPTURE(BYTES, ENTRY | SHORTER, 0, 128) }
#define IVEC(n, b)            { #n, KIND_VECTORS, 0, CAPTURE(VECTORS, ENTRY | DATA, b, 16) }
#define OVEC(n, b)            { #n, KIND_VECTORS, 0, CAPTURE(VECTORS, EXIT | DATA | FAILED, b, 16) }
#define IVEC0(n, b)           { #n, KIND_VECTORS_BARE, 0, CAPTURE(BUFFER, ENTRY, b, 16) }
#define SAIN(n, b)            { #n, KIND_ADDRESS_OF_SOCKET, 0, CAPTURE(BUFFER, ENTRY, b, 1) }
#define SAOUT(n, b)           { #n, KIND_ADDRESS_OF_SOCKET, 0, CAPTURE(BEHIND, EXIT, b, 1) }
#define SALEN(n)              { #n, KIND_LENGTH_OF_SOCKET, 0, CAPTURE(BYTES, ENTRY | EXIT, 0, 4) }
#define S_2(n, s)             { #n, KIND_SPECIAL, SPECIAL_##s, { 0 } }
#define S_6(n, s, h, w, b, z) { #n, KIND_SPECIAL, SPECIAL_##s, CAPTURE(h, w, b, z) }
#define S_PICK(a, b, c, d, e, f, which, ...) which
#define S(...)                S_PICK(__VA_ARGS__, S_6, 5, 4, 3, S_2, 1)(__VA_ARGS__)

#define NUM RESULT_NUM
#define HEX RESULT_HEX
#define ROW(n, nr, c, r, ...)                                                              \
	{ #n, c, nr, sizeof((struct rs_call_arg[]){ __VA_ARGS__ }) / sizeof(struct rs_call_arg), r, \
	  { __VA_ARGS__ } },
/* FD is both the word for an argument and for a result: with and without parentheses. */
#define R_NUM RESULT_NUM
#define R_HEX RESULT_HEX
#define R_FD  RESULT_FD
#ifdef __x86_64__
#define CALL(n, x86, arm64, c, r, ...) ROW(n, x86, c, R_##r, ##__VA_ARGS__)
#define X86(n, x86, c, r, ...)         ROW(n, x86, c, R_##r, ##__VA_ARGS__)
#else
#define CALL(n, x86, arm64, c, r, ...) ROW(n, arm64, c, R_##r, ##__VA_ARGS__)
#define X86(n, x86, c, r, ...)
#endif
static const struct rs_call rows[] = {
#include "syscall/rows.inc"
};
#undef CALL
#undef X86

/* Row by number, counted from 1. */
enum {
#define CALL(n, ...) INDEX_##n,
#ifdef __x86_64__
#define X86(n, ...) INDEX_##n,
#else
#define X86(n, ...)
#endif
#include "syscall/rows.inc"
};
#undef CALL
#undef X86

static const uint16_t by_number[RS_CALLS_MAX] = {
#ifdef __x86_64__
#define CALL(n, x86, arm64, ...) [x86] = INDEX_##n + 1,
#define X86(n, x86, ...)         [x86] = INDEX_##n + 1,
#else
#define CALL(n, x86, arm64, ...) [arm64] = INDEX_##n + 1,
#define X86(n, x86, ...)
#endif
#include "syscall/rows.inc"
};
/* clang-format on */

const struct rs_call *rs_call_of(unsigned nr)
{
	if (nr >= ARRAY_SIZE(by_number) || !by_number[nr])
		return NULL;
	return &rows[by_number[nr] - 1];
}

const struct rs_call *rs_call_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	return NULL;
}

void rs_call_each(void (*f)(void *data, const struct rs_call *call), void *data)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		f(data, &rows[i]);
}

const char *rs_call_name(const struct rs_call *call)
{
	return call->name;
}

unsigned rs_call_number(const struct rs_call *call)
{
	return call->number;
}

unsigned rs_call_args(const struct rs_call *call)
{
	return call->count;
}

const char *rs_call_arg_name(const struct rs_call *call, unsigned arg)
{
	return arg < call->count ? call->args[arg].name : NULL;
}

unsigned rs_call_fd_args(const struct rs_call *call)
{
	unsigned mask = 0;

	for (unsigned i = 0; i < call->count; i++)
		if (call->args[i].kind == KIND_FD || call->args[i].kind == KIND_DIRFD)
			mask |= 1u << i;
	return mask;
}

bool rs_call_returns_fd(const struct rs_call *call)
{
	return call->result == RESULT_FD;
}

int rs_call_path_arg(const struct rs_call *call)
{
	for (unsigned i = 0; i < call->count; i++)
		if (call->args[i].kind == KIND_PATH && call->args[i].capture.when & ENTRY)
			return (int)i;
	return -1;
}

void rs_call_capture_of(const struct rs_call *call, struct rs_call_capture *ret_capture)
{
	for (unsigned i = 0; i < ARRAY_SIZE(ret_capture->args); i++)
		ret_capture->args[i] = call->args[i].capture;
}
