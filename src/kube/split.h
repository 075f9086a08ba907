/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Cuts JSON into pieces while it arrives, so that a list of any length needs the memory of its
 * largest item only. The pieces are not looked into: the caller parses each.
 *
 *	RS_SPLIT_LIST    one object; each member's value is a piece, and of the member "items", when it is an
 *	                 array, each element
 *	RS_SPLIT_STREAM  objects one after the other, with white space between or none
 */

#include "base/error.h"
#include "base/str.h"

enum rs_split_mode {
	RS_SPLIT_LIST,
	RS_SPLIT_STREAM,
};

/* key: the member's name as it is written, "" when it is too long to be one of interest, and in a
 * stream. Borrowed. 0, or a negative code that ends the feeding. */
typedef int (*rs_split_fn)(void *data, const char *key, const char *json, size_t n,
			   struct rs_error *err);

struct rs_split {
	enum rs_split_mode mode;
	int state;
	unsigned depth; /* of the piece being read */
	bool scalar, in_string, escaped;
	bool items;   /* the list has its array, or null */
	char key[32]; /* of the member being read */
	size_t key_len;
	struct rs_str piece;
	rs_split_fn fn;
	void *data;
};

/* max_piece: bytes of one piece. Release with done. */
void rs_split_init(struct rs_split *split, enum rs_split_mode mode, size_t max_piece,
		   rs_split_fn fn, void *data);
void rs_split_done(struct rs_split *split);

/* -EBADMSG: no such JSON; -EFBIG: a piece too large; -ENOMEM; what fn returned. */
int rs_split_feed(struct rs_split *split, const char *text, size_t n, struct rs_error *err);

/* No more will come. -EBADMSG when something is missing. */
int rs_split_end(const struct rs_split *split, struct rs_error *err);
