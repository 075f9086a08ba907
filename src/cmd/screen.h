/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The whole terminal as a page that is drawn again and again: alternate screen, no cursor, keys one by one. The terminal
 * is as it was before after rs_screen_leave(), and when a signal of the fatal kind ends us. One at a time.
 */

#include "base/error.h"
#include "base/str.h"

/* Is there one: a terminal at @out that is not "dumb", and we are in its foreground. */
bool rs_screen_is_there(int out);

/* Columns and lines of the terminal. */
void rs_screen_size(int out, unsigned *ret_width, unsigned *ret_height);

/* Takes the terminal. @keys: standard input gives single keys from now on, where it is a terminal. 0 or -errno. */
int rs_screen_enter(int out, bool keys);
void rs_screen_leave(void); /* also where it was not entered */

/* Shows the text in place of what stood there: what does not fit in @height lines is left out. 0 or -errno. */
int rs_screen_show(int out, const struct rs_str *text, unsigned height);
