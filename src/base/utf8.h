/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Decoding and classifying UTF-8 that nobody vouches for. */

#include "base/util.h"

/*
 * Decodes the character at p (n bytes readable). Returns its length, 1 to 4, and stores the code
 * point; or 0 when n is 0 or the bytes are not valid UTF-8 (RFC 3629: overlong forms, surrogates
 * and values above U+10FFFF are invalid).
 */
unsigned rs_utf8_decode(const void *p, size_t n, uint32_t *ret_cp);

/* Encodes cp (at most U+10FFFF, no surrogate) into buf. Returns the length, 1 to 4, or 0. */
unsigned rs_utf8_encode(uint32_t cp, char buf[static 4]);

bool rs_utf8_is_valid(const void *p, size_t n);

/* Control characters (C0, DEL, C1), and the bidirectional overrides and line separators that can
 * make a terminal or an editor show another text than the one that is there. */
bool rs_utf8_is_unsafe(uint32_t cp);

/* Columns on a terminal: 0 combining and zero-width, 2 East Asian wide and emoji, otherwise 1.
 * Controls count 0. The usual ranges only, not the whole Unicode table. */
unsigned rs_utf8_columns(uint32_t cp);
