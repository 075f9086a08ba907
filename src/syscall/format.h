/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the functions that write arguments share, inside this room. Memory is what some process said: every read of it
 * is checked against its length, and a thing that is not there whole is written as its address.
 */

#include <string.h>

#include "base/str.h"
#include "base/util.h"
#include "syscall/call.h"
#include "syscall/names.h"
#include "syscall/specials.h"
#include "syscall/syscall.h"
#include "syscall/types.h"

struct rs_fmt {
	const struct rs_call_event *event;
	const struct rs_call_print *print;
	struct rs_str *out;
};

typedef struct rs_call_memory rs_memory;

/* --- reading memory --- */

/* @size bytes (1, 2, 4, 8) at @offset as a number; 0 where there is no such memory. */
uint64_t rs_mem_get(const rs_memory *m, size_t offset, size_t size);
bool rs_mem_has(const rs_memory *m, size_t offset, size_t size);
/* A part of it; empty where there is none. */
rs_memory rs_mem_sub(const rs_memory *m, size_t offset, size_t size);
/* The next part (bpf/abi/capture.h) at *offset, which moves on. False: no more. */
bool rs_mem_part(const rs_memory *m, size_t *offset, rs_memory *ret_part);

/* The memory of an argument: as it was after the call when there is such, else as it was before. */
const rs_memory *rs_fmt_memory(const struct rs_fmt *f, unsigned arg);
/* The call has ended well. */
bool rs_fmt_ok(const struct rs_fmt *f);

/* --- writing --- */

void rs_fmt_text(struct rs_fmt *f, const char *text);
/* "NULL" or hexadecimal. */
void rs_fmt_address(struct rs_fmt *f, uint64_t v);
void rs_fmt_hex(struct rs_fmt *f, uint64_t v);
void rs_fmt_fd(struct rs_fmt *f, int fd);
void rs_fmt_names(struct rs_fmt *f, enum rs_names list, uint64_t v);
/* What was written from @from on is the name of @v: the number in its place, or in front of it, where that is the style. */
void rs_fmt_named(struct rs_fmt *f, size_t from, uint64_t v);
/* A number by enum rs_call_kind, @size bytes wide. */
void rs_fmt_scalar(struct rs_fmt *f, unsigned kind, unsigned what, size_t size, uint64_t v);
/* S_IFREG|0644 */
void rs_fmt_mode(struct rs_fmt *f, unsigned mode);
void rs_fmt_device(struct rs_fmt *f, uint64_t device);
void rs_fmt_signal(struct rs_fmt *f, int signal);
/* " 2022-01-02T03:04:05+0000" as a comment of C. */
void rs_fmt_date(struct rs_fmt *f, int64_t seconds, int64_t fraction, int digits);

/* "..." in quotes; @total: bytes that there are, of which at most string_max are shown. */
void rs_fmt_bytes(struct rs_fmt *f, const void *data, size_t len, uint64_t total);
/* The same, each byte as \xNN. */
void rs_fmt_hex_bytes(struct rs_fmt *f, const void *data, size_t len, uint64_t total);
/* Text up to a NUL within the memory; whole: not cut to string_max. The address where it could not be read. */
void rs_fmt_string(struct rs_fmt *f, const rs_memory *m, uint64_t address, bool whole);

/* One struct of this type at the start of the memory. False, and nothing written: there is not enough. */
bool rs_fmt_type(struct rs_fmt *f, enum rs_type type, const rs_memory *m);
/* "[a, b, ...]": as many as @count says and are there. */
void rs_fmt_array(struct rs_fmt *f, enum rs_type type, const rs_memory *m, uint64_t count,
		  uint64_t address);

/* --- structs as tables --- */

enum {
	FIELD_VERBOSE = 1 << 0, /* only with -v; else "..." at the end stands for it */
	FIELD_NONZERO = 1 << 1, /* only where it is not 0 */
	FIELD_TEXT = 1 << 2,    /* text in @size bytes */
	FIELD_TYPE = 1 << 3,    /* @what: enum rs_type */
	FIELD_IF_FD =
		1 << 4, /* only where the number that the struct begins with is a descriptor */
};

struct rs_field {
	const char *name;
	uint16_t offset;
	uint16_t size;
	uint8_t kind; /* enum rs_call_kind */
	uint8_t what;
	uint8_t flags;
};

void rs_fmt_fields(struct rs_fmt *f, const struct rs_field *fields, size_t count,
		   const rs_memory *m);

/* --- tables of functions --- */

struct rs_type_row {
	const struct rs_field *fields;
	size_t count;
	/* of its own; NULL: the fields */
	bool (*put)(struct rs_fmt *f, const rs_memory *m);
	bool number; /* no struct: written in brackets where a pointer leads to it */
	uint8_t kind, what;
};
extern const struct rs_type_row rs_type_rows[];

/* Arguments that are special (special.c): their text, and whether it must wait for the end of the call. */
void rs_special_put(struct rs_fmt *f, unsigned arg);
bool rs_special_late(const struct rs_call_event *event, unsigned arg);

/* Socket addresses (format-socket.c). */
void rs_fmt_sockaddr(struct rs_fmt *f, const rs_memory *m, uint64_t address, uint64_t len);
/* Parts: the array of iovec, then the contents. @left: bytes that the contents can have in all, or one of these. */
#define RS_VECTORS_ALL  UINT64_MAX
#define RS_VECTORS_BARE (UINT64_MAX - 1) /* addresses only */
void rs_fmt_vectors(struct rs_fmt *f, const rs_memory *m, uint64_t count, uint64_t address,
		    uint64_t left);
/* The array alone. */
void rs_fmt_bare_vectors(struct rs_fmt *f, const rs_memory *m, uint64_t count, uint64_t address);
/* "[3 5]" of an fd_set with @count bits, @most of them; returns how many (special-io.c). */
unsigned rs_fmt_fd_set(struct rs_fmt *f, const rs_memory *m, unsigned count, unsigned most);
/* Which of the arguments are shown: a bit each (shown.c). */
unsigned rs_call_shown(const struct rs_call_event *event);

/* The kind of call, by name, cheap: compares pointers of the table's own names. */
bool rs_call_is(const struct rs_call_event *event, const char *name);

void rs_fmt_ioprio(struct rs_fmt *f, unsigned v);
void rs_fmt_sigset(struct rs_fmt *f, const void *bytes, size_t size);
