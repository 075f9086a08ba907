/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/intern.h"

#include <errno.h>

#define FIRST_SLOTS 256
#define NUMBERS_MAX (1u << 30)

void rs_intern_done(struct rs_intern *intern)
{
	rs_vec_done(&intern->hashes);
	free(intern->slots);
	intern->slots = NULL;
	intern->mask = 0;
}

uint32_t rs_intern_find(const struct rs_intern *intern, uint64_t hash, rs_intern_same_fn same,
			const void *things, const void *key)
{
	if (!intern->slots)
		return UINT32_MAX;
	for (size_t at = hash & intern->mask;; at = (at + 1) & intern->mask) {
		uint32_t slot = intern->slots[at];

		if (!slot)
			return UINT32_MAX;
		if (intern->hashes.items[slot - 1] == hash && same(things, slot - 1, key))
			return slot - 1;
	}
}

static void place(struct rs_intern *intern, uint32_t number)
{
	size_t at = intern->hashes.items[number] & intern->mask;

	while (intern->slots[at])
		at = (at + 1) & intern->mask;
	intern->slots[at] = number + 1;
}

static int grow(struct rs_intern *intern)
{
	size_t n = intern->slots ? (intern->mask + 1) * 2 : FIRST_SLOTS;
	uint32_t *slots = calloc(n, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	free(intern->slots);
	intern->slots = slots;
	intern->mask = n - 1;
	for (uint32_t i = 0; i < intern->hashes.len; i++)
		place(intern, i);
	return 0;
}

int rs_intern_reserve(struct rs_intern *intern)
{
	if (intern->hashes.len >= NUMBERS_MAX || rs_vec_reserve(&intern->hashes, 1) < 0)
		return -ENOMEM;
	if (!intern->slots || intern->hashes.len + 1 > intern->mask / 4 * 3)
		return grow(intern);
	return 0;
}

uint32_t rs_intern_add(struct rs_intern *intern, uint64_t hash)
{
	uint32_t number = (uint32_t)intern->hashes.len;

	intern->hashes.items[intern->hashes.len++] = hash;
	place(intern, number);
	return number;
}
