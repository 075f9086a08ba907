/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The terminal: is there one, how wide, may it be coloured; and text that fits its columns. */

#include "base/str.h"

enum rs_term_color_mode {
	RS_TERM_COLOR_AUTO,
	RS_TERM_COLOR_ALWAYS,
	RS_TERM_COLOR_NEVER,
};

enum rs_term_style {
	RS_TERM_RESET,
	RS_TERM_BOLD,
	RS_TERM_DIM,
	RS_TERM_RED,
	RS_TERM_GREEN,
	RS_TERM_YELLOW,
	RS_TERM_BLUE,
	RS_TERM_MAGENTA,
	RS_TERM_CYAN,
	RS_TERM_GRAY,
	RS_TERM_STYLE_COUNT,
};

enum rs_term_align {
	RS_TERM_LEFT,  /* pad on the right */
	RS_TERM_RIGHT, /* pad on the left */
	RS_TERM_NOPAD, /* only cut */
};

#define RS_TERM_WIDTH_DEFAULT 80
#define RS_TERM_WIDTH_MIN     20
#define RS_TERM_WIDTH_MAX     4096

bool rs_term_is_tty(int fd);

/* Columns of the terminal behind fd, asked anew at each call (so call it again after SIGWINCH):
 * the terminal's own answer, else COLUMNS, else the default; within MIN and MAX. */
unsigned rs_term_width(int fd);

/* "auto", "always", "never" to the mode; -EINVAL. */
int rs_term_color_parse(const char *text, enum rs_term_color_mode *ret_mode);

/* Whether to colour what goes to fd: auto means a terminal, NO_COLOR unset or empty
 * (no-color.org), TERM set and not "dumb". */
bool rs_term_use_color(int fd, enum rs_term_color_mode mode);

/* The escape sequence, or "" when on is false. */
const char *rs_term_style(bool on, enum rs_term_style style);

/* Columns that n bytes take once made harmless (see rs_str_append_escaped()). */
size_t rs_term_columns(const void *data, size_t n);

/*
 * Appends the text made harmless, cut or padded to width columns. A text that is too long ends in
 * an ellipsis (one column). Never cuts a character or an escape in two. Returns columns written.
 */
size_t rs_term_append_fit(struct rs_str *out, const void *data, size_t n, size_t width,
			  enum rs_term_align align);

/* The same for paths: cuts in the middle, keeping the start and, of more use, the end:
 * "/usr/li…/libc.so.6". */
size_t rs_term_append_fit_path(struct rs_str *out, const void *data, size_t n, size_t width,
			       enum rs_term_align align);
