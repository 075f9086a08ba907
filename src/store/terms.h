/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Terms: "this column has this value", as a hash of 64 bits, the same in every version of the format;
 * and Bloom filters over them, by which a reader skips blocks. Private to the room.
 *
 * A path has a term for itself and one for each directory that it is in ("/etc/", "/etc/ssl/"), the
 * root left out.
 */

#include "store/pack.h"

enum rs_term {
	RS_TERM_PID,
	RS_TERM_NAME, /* the first 15 bytes, as the kernel keeps them */
	RS_TERM_EXECUTABLE,
	RS_TERM_USER,
	RS_TERM_CONTAINER_ID,
	RS_TERM_CONTAINER_NAME,
	RS_TERM_POD_NAME,
	RS_TERM_POD_UID,
	RS_TERM_NAMESPACE,
	RS_TERM_UNIT,
	RS_TERM_PATH,
	RS_TERM_DIRECTORY,
	RS_TERM_ADDRESS,
	RS_TERM_COUNT,
};

#define RS_TERM_NAME_MAX 15

uint64_t rs_term_text(enum rs_term term, const void *data, size_t n);
uint64_t rs_term_number(enum rs_term term, uint64_t number);

/* Terms being collected. The same one may be in there several times. */
struct rs_terms {
	struct rs_bytes list; /* uint64_t */
	uint64_t recent[4096];
};

void rs_terms_reset(struct rs_terms *terms);
int rs_terms_add(struct rs_terms *terms, uint64_t term);
/* A path's own and its directories'. */
int rs_terms_add_path(struct rs_terms *terms, const uint8_t *path, size_t n);

/* Appends the filter of all terms. */
int rs_bloom_make(const struct rs_terms *terms, struct rs_bytes *out);

/* A filter as it was read: whether it is whole. */
bool rs_bloom_check(const void *filter, size_t size);
/* Whether the term may be in; false: it is not. */
bool rs_bloom_has(const void *filter, size_t size, uint64_t term);
