/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/hashmap.h"
#include "store/intern.h"

#define SLOTS_FIRST 1024

void rs_store_intern_done(struct rs_store_intern *set)
{
	rs_bytes_done(&set->data);
	rs_bytes_done(&set->ends);
	free(set->table);
	free(set->hashes);
	*set = (struct rs_store_intern){ 0 };
}

void rs_store_intern_reset(struct rs_store_intern *set)
{
	set->data.len = set->ends.len = 0;
	set->n = 0;
	if (set->table)
		memset(set->table, 0, ((size_t)set->mask + 1) * sizeof(*set->table));
}

static void place(uint32_t *table, uint32_t *hashes, uint32_t mask, uint32_t hash, uint32_t number)
{
	uint32_t i = hash & mask;

	while (table[i])
		i = (i + 1) & mask;
	table[i] = number;
	hashes[i] = hash;
}

static int grow(struct rs_store_intern *set)
{
	size_t old = set->table ? (size_t)set->mask + 1 : 0;
	size_t size = old ? old * 2 : SLOTS_FIRST;
	uint32_t *table = calloc(size, sizeof(*table));
	uint32_t *hashes = malloc(size * sizeof(*hashes));

	if (!table || !hashes) {
		free(table);
		free(hashes);
		return -ENOMEM;
	}
	for (size_t i = 0; i < old; i++)
		if (set->table[i])
			place(table, hashes, (uint32_t)size - 1, set->hashes[i], set->table[i]);
	free(set->table);
	free(set->hashes);
	set->table = table;
	set->hashes = hashes;
	set->mask = (uint32_t)size - 1;
	return 0;
}

int rs_store_intern_add(struct rs_store_intern *set, const void *data, size_t n,
			uint32_t *ret_number)
{
	uint32_t hash = (uint32_t)(rs_hash_bytes(data, n) >> 16), i, len, end;
	int r = 0;

	if (!set->table || set->n * 2 > set->mask)
		r = grow(set);
	if (r < 0)
		return r;
	for (i = hash & set->mask; set->table[i]; i = (i + 1) & set->mask) {
		if (set->hashes[i] != hash)
			continue;
		const uint8_t *have = rs_store_intern_get(set, set->table[i], &len);

		if (len == n && memcmp(have, data, n) == 0) {
			*ret_number = set->table[i];
			return 0;
		}
	}
	if (rs_bytes_reserve(&set->data, n + 1) < 0 || rs_bytes_reserve(&set->ends, 4) < 0)
		return -ENOMEM;
	memcpy(set->data.data + set->data.len, data, n);
	set->data.len += n;
	end = (uint32_t)set->data.len;
	memcpy(set->ends.data + set->ends.len, &end, sizeof(end));
	set->ends.len += sizeof(end);
	set->table[i] = ++set->n;
	set->hashes[i] = hash;
	*ret_number = set->n;
	return 0;
}
