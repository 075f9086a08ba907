/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/processes-text.h"

#include <string.h>

int rs_shared_texts_init(struct rs_shared_texts *texts, size_t max, size_t bytes_max)
{
	struct rs_hashmap_opts options = { .max = max };

	*texts = (struct rs_shared_texts){ .max = max, .bytes_max = bytes_max };
	return rs_hashmap_new_u64(&options, &texts->map);
}

void rs_shared_texts_done(struct rs_shared_texts *texts)
{
	rs_hashmap_free(&texts->map);
}

static size_t cost(size_t len)
{
	return sizeof(struct rs_shared_text) + len + 1;
}

static bool room(const struct rs_shared_texts *texts, size_t n)
{
	return n <= texts->bytes_max && texts->bytes <= texts->bytes_max - n;
}

struct rs_shared_text *rs_shared_text_ref(struct rs_shared_text *text)
{
	if (text)
		text->refs++;
	return text;
}

void rs_shared_text_unref(struct rs_shared_texts *texts, struct rs_shared_text **place)
{
	struct rs_shared_text *text = TAKE_PTR(*place);

	if (!text || --text->refs)
		return;
	texts->count--;
	texts->bytes -= cost(text->len) + (text->joined ? text->len : 0);
	if (text->listed)
		rs_hashmap_remove_u64(texts->map, text->hash);
	free(text->joined);
	free(text);
}

struct rs_shared_text *rs_shared_text_get(struct rs_shared_texts *texts, const char *data,
					  size_t len)
{
	uint64_t hash = rs_hash_bytes(data, len);
	struct rs_shared_text *text = rs_hashmap_find_u64(texts->map, hash);
	bool taken = text;

	if (text && text->len == len && memcmp(text->data, data, len) == 0)
		return rs_shared_text_ref(text);
	text = room(texts, cost(len)) ? malloc(cost(len)) : NULL;
	if (!text)
		return NULL;
	*text = (struct rs_shared_text){ .hash = hash, .refs = 1, .len = (uint32_t)len };
	memcpy(text->data, data, len);
	text->data[len] = '\0';
	/* Two texts of one hash: the second one is not shared. */
	if (!taken && rs_hashmap_len(texts->map) < texts->max)
		text->listed = rs_hashmap_put_u64(texts->map, hash, text) == 0;
	texts->count++;
	texts->bytes += cost(len);
	return text;
}

const char *rs_shared_text_join(struct rs_shared_texts *texts, struct rs_shared_text *text)
{
	size_t n = text->len;

	if (text->joined)
		return text->joined;
	if (strlen(text->data) + 1 >= n) /* a single one */
		return text->data;
	text->joined = room(texts, n) ? malloc(n) : NULL;
	if (!text->joined)
		return NULL;
	for (size_t i = 0; i < n; i++)
		text->joined[i] = text->data[i] ? text->data[i] : ' ';
	text->joined[n - 1] = '\0';
	texts->bytes += n;
	return text->joined;
}
