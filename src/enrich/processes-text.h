/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Texts that many share: paths and argument vectors of processes. Tens of thousands of processes run
 * a few hundred executables, so each text is there once and counts its users. All of them together
 * have a cap.
 */

#include "base/hashmap.h"

struct rs_shared_text {
	uint64_t hash;
	char *joined; /* the form with spaces, once it was asked for */
	uint32_t refs;
	uint32_t len;
	bool listed; /* is found by its content */
	char data[]; /* any bytes; NUL after the last */
};

struct rs_shared_texts {
	struct rs_hashmap *map; /* by hash */
	size_t count, max;
	size_t bytes, bytes_max; /* of the texts and of what it takes to keep them */
};

/* @max: texts that are shared; more are kept without being found. -ENOMEM. */
int rs_shared_texts_init(struct rs_shared_texts *texts, size_t max, size_t bytes_max);
void rs_shared_texts_done(struct rs_shared_texts *texts); /* all references are gone */

/* A reference to the text of these bytes; NULL where there is no room or no memory. */
struct rs_shared_text *rs_shared_text_get(struct rs_shared_texts *texts, const char *data,
					  size_t len);
/* One more reference, also to none. */
struct rs_shared_text *rs_shared_text_ref(struct rs_shared_text *text);
/* Gives back a reference, or none; the place is NULL then. */
void rs_shared_text_unref(struct rs_shared_texts *texts, struct rs_shared_text **place);

/* An argument vector, NUL after each, with spaces in their place: made once and kept with the text.
 * NULL where there is no room for it. */
const char *rs_shared_text_join(struct rs_shared_texts *texts, struct rs_shared_text *text);
