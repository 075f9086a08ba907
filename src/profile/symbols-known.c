/* SPDX-License-Identifier: Apache-2.0 */
/* Frames that were found before: stacks have the same addresses over and over. */
#include <stdlib.h>
#include <string.h>

#include "profile/symbols-internal.h"

#define KNOWN_MAX 16384 /* addresses; some hundred bytes each */

struct known {
	uint64_t file, linked;
	bool caller;
	size_t n;
	struct rs_frame frames[]; /* and behind them their strings */
};

static void drop_known(void *value, void *data)
{
	(void)data;
	free(value);
}

int rs_symbols_known_init(struct rs_symbols *symbols)
{
	const struct rs_hashmap_opts opts = { .max = KNOWN_MAX, .evict = true, .drop = drop_known };

	return rs_hashmap_new_u64(&opts, &symbols->known);
}

static uint64_t key_of(const struct rs_symbols_file *file, uint64_t linked, bool caller)
{
	return rs_hash_u64(file->number) + linked * 2 + caller;
}

size_t rs_symbols_known_find(struct rs_symbols *symbols, const struct rs_symbols_file *file,
			     uint64_t linked, bool caller, struct rs_frame *frames, size_t max)
{
	const struct known *known = rs_hashmap_find_u64(symbols->known,
							key_of(file, linked, caller));

	if (!known || known->file != file->number || known->linked != linked ||
	    known->caller != caller || known->n > max)
		return 0;
	memcpy(frames, known->frames, known->n * sizeof(*frames));
	return known->n;
}

static size_t size_of(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static const char *copy(char **to, const char *text)
{
	size_t n = size_of(text);
	char *copied = *to;

	if (!n)
		return NULL;
	memcpy(copied, text, n);
	*to += n;
	return copied;
}

void rs_symbols_known_add(struct rs_symbols *symbols, const struct rs_symbols_file *file,
			  uint64_t linked, bool caller, const struct rs_frame *frames, size_t n)
{
	size_t size = sizeof(struct known) + n * sizeof(*frames);
	struct known *known;
	char *to;

	for (size_t i = 0; i < n; i++)
		size += size_of(frames[i].function) + size_of(frames[i].system) +
			size_of(frames[i].file);
	known = malloc(size);
	if (!known)
		return;
	*known = (struct known){ file->number, linked, caller, n };
	memcpy(known->frames, frames, n * sizeof(*frames));
	to = (char *)(known->frames + n);
	for (size_t i = 0; i < n; i++) {
		known->frames[i].function = copy(&to, frames[i].function);
		known->frames[i].system = copy(&to, frames[i].system);
		known->frames[i].file = copy(&to, frames[i].file);
	}
	if (rs_hashmap_put_u64(symbols->known, key_of(file, linked, caller), known) < 0)
		free(known);
}
