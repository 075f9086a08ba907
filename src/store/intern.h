/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Byte strings by number, each distinct one once: numbers count from 1. Private to the room. */

#include "store/pack.h"

struct rs_store_intern {
	struct rs_bytes data; /* all of them, one behind the other */
	struct rs_bytes ends; /* uint32_t: where each ends in data */
	uint32_t n;
	uint32_t *table;  /* numbers, by hash; 0: free */
	uint32_t *hashes; /* the same slots */
	uint32_t mask;
};

void rs_store_intern_done(struct rs_store_intern *set);
void rs_store_intern_reset(struct rs_store_intern *set); /* keeps the memory */

/* The number of those bytes, added where they are new. -ENOMEM. */
int rs_store_intern_add(struct rs_store_intern *set, const void *data, size_t n,
			uint32_t *ret_number);

static inline uint32_t rs_store_intern_end(const struct rs_store_intern *set, uint32_t number)
{
	return number ? ((const uint32_t *)(const void *)set->ends.data)[number - 1] : 0;
}

static inline const uint8_t *rs_store_intern_get(const struct rs_store_intern *set, uint32_t number,
						 uint32_t *ret_len)
{
	uint32_t start = rs_store_intern_end(set, number - 1);

	*ret_len = rs_store_intern_end(set, number) - start;
	return set->data.data + start;
}
