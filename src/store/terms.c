/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter: a sum of 64 bits, then 64-bit words. Each term sets PROBES bits anywhere: at BITS bits
 * per term one in a hundred terms that are not in seems to be.
 */
#include <errno.h>
#include <string.h>

#include "store/terms.h"

#define BITS   10
#define PROBES 7

#define FNV_BASIS 0xcbf29ce484222325ull
#define FNV_PRIME 0x100000001b3ull

static uint64_t mixed(uint64_t h)
{
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdull;
	h ^= h >> 33;
	h *= 0xc4ceb9fe1a85ec53ull;
	return h ^ h >> 33;
}

static uint64_t begin(enum rs_term term)
{
	return (FNV_BASIS ^ (uint64_t)term) * FNV_PRIME;
}

uint64_t rs_term_text(enum rs_term term, const void *data, size_t n)
{
	const uint8_t *p = data;
	uint64_t h = begin(term);

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * FNV_PRIME;
	return mixed(h);
}

uint64_t rs_term_number(enum rs_term term, uint64_t number)
{
	return mixed(begin(term) ^ mixed(number + 1));
}

/* --- collecting --- */

void rs_terms_reset(struct rs_terms *terms)
{
	terms->list.len = 0;
	memset(terms->recent, 0, sizeof(terms->recent));
}

int rs_terms_add(struct rs_terms *terms, uint64_t term)
{
	uint64_t *recent = &terms->recent[term % ARRAY_SIZE(terms->recent)];
	int r;

	if (*recent == term)
		return 0;
	r = rs_bytes_reserve(&terms->list, sizeof(term));
	if (r < 0)
		return r;
	*recent = term;
	memcpy(terms->list.data + terms->list.len, &term, sizeof(term));
	terms->list.len += sizeof(term);
	return 0;
}

int rs_terms_add_path(struct rs_terms *terms, const uint8_t *path, size_t n)
{
	uint64_t h = begin(RS_TERM_PATH), dir = begin(RS_TERM_DIRECTORY);
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++) {
		h = (h ^ path[i]) * FNV_PRIME;
		dir = (dir ^ path[i]) * FNV_PRIME;
		if (path[i] == '/' && i)
			r = rs_terms_add(terms, mixed(dir));
	}
	return r < 0 ? r : rs_terms_add(terms, mixed(h));
}

/* --- filters --- */

static uint64_t sum_of(const uint8_t *words, size_t size)
{
	uint64_t h = FNV_BASIS, word;

	for (size_t i = 0; i < size; i += sizeof(word)) {
		memcpy(&word, words + i, sizeof(word));
		h = (h ^ word) * FNV_PRIME;
		h ^= h >> 29;
	}
	return mixed(h);
}

/* Bit number i of a term, among n: two halves of the hash make all of them. */
static uint64_t bit_of(uint64_t term, unsigned i, uint64_t n)
{
	uint64_t h = (uint32_t)term + i * ((term >> 32) | 1);

	return (uint64_t)((unsigned __int128)mixed(h) * n >> 64);
}

int rs_bloom_make(const struct rs_terms *terms, struct rs_bytes *out)
{
	size_t n = terms->list.len / sizeof(uint64_t), size = (n * BITS + 63) / 64 * 8 + 8;
	uint64_t term, sum;
	uint8_t *bits;
	int r = rs_bytes_reserve(out, sizeof(sum) + size);

	if (r < 0)
		return r;
	bits = out->data + out->len + sizeof(sum);
	memset(bits, 0, size);
	for (size_t i = 0; i < n; i++) {
		memcpy(&term, terms->list.data + i * sizeof(term), sizeof(term));
		for (unsigned k = 0; k < PROBES; k++) {
			uint64_t bit = bit_of(term, k, size * 8);

			bits[bit / 8] |= (uint8_t)(1 << bit % 8);
		}
	}
	sum = sum_of(bits, size);
	memcpy(out->data + out->len, &sum, sizeof(sum));
	out->len += sizeof(sum) + size;
	return 0;
}

bool rs_bloom_check(const void *filter, size_t size)
{
	uint64_t sum;

	if (size < 2 * sizeof(sum) || size % sizeof(sum))
		return false;
	memcpy(&sum, filter, sizeof(sum));
	return sum == sum_of((const uint8_t *)filter + sizeof(sum), size - sizeof(sum));
}

bool rs_bloom_has(const void *filter, size_t size, uint64_t term)
{
	const uint8_t *bits = (const uint8_t *)filter + sizeof(uint64_t);
	uint64_t n = (size - sizeof(uint64_t)) * 8;

	for (unsigned k = 0; k < PROBES; k++) {
		uint64_t bit = bit_of(term, k, n);

		if (!(bits[bit / 8] >> bit % 8 & 1))
			return false;
	}
	return true;
}
