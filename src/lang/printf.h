/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Format strings of printf(), cat(), system() and the like, taken apart: by the compiler to check the
 * arguments, by the runtime to print them. Pure; knows no types.
 *
 * As in C: %[-+ #0][width][.precision][hh|h|l|ll|j|z|t|L]letter, width and precision numbers or * (an
 * argument). Letters: d i u o x X c p s, and ours: r rx rh (bytes), gr (flags of page allocations). A % that
 * begins no conversion is text.
 */

#include "base/arena.h"

/* More pieces than any sensible format has; the rest is refused. */
#define RS_PRINTF_PIECES_MAX 4096
/* Widths and precisions are cut to this. */
#define RS_PRINTF_WIDTH_MAX 65536

enum rs_printf_what {
	RS_PRINTF_TEXT,
	RS_PRINTF_SIGNED,        /* d i */
	RS_PRINTF_UNSIGNED,      /* u o x X */
	RS_PRINTF_CHAR,          /* c */
	RS_PRINTF_POINTER,       /* p */
	RS_PRINTF_STRING,        /* s: any value, as print() shows it */
	RS_PRINTF_BYTES,         /* r: printable bytes as they are, others \xNN */
	RS_PRINTF_BYTES_ESCAPED, /* rx: all of them \xNN */
	RS_PRINTF_BYTES_SPACED,  /* rh: all of them NN, spaces between */
	RS_PRINTF_GFP,           /* gr */
	RS_PRINTF_FLOAT,         /* known, but nothing here is a float */
};

enum rs_printf_flags {
	RS_PRINTF_MINUS = 1,
	RS_PRINTF_PLUS = 2,
	RS_PRINTF_SPACE = 4,
	RS_PRINTF_HASH = 8,
	RS_PRINTF_ZERO = 16,
};

struct rs_printf_piece {
	enum rs_printf_what what;
	const char
		*text; /* of the format: TEXT's bytes ("%" for %%), or the conversion as written */
	uint32_t len;
	char letter; /* d u x ... 's'; 'r' and 'g' for ours; 0 for TEXT */
	uint8_t flags;
	uint8_t size; /* bytes that integers are cut to: 1, 2, 4, 8. Without a length: 0, as wide as the value */
	bool width_argument, precision_argument; /* * */
	int32_t width, precision;                /* -1: none */
};

struct rs_printf {
	struct rs_printf_piece *pieces;
	unsigned n;
	unsigned n_args; /* that it takes, those for * included */
};

/* The format must stay as long as the pieces. 0, -ENOMEM, or -E2BIG: too many pieces. */
int rs_printf_parse(struct rs_arena *arena, const char *format, size_t len, struct rs_printf *ret);
