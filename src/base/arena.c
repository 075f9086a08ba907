/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <string.h>

#define ALIGN      alignof(max_align_t)
#define CHUNK_SIZE ((size_t)16 << 10)

struct rs_arena_chunk {
	struct rs_arena_chunk *older;
	alignas(max_align_t) char data[];
};

void rs_arena_init(struct rs_arena *arena, size_t max)
{
	*arena = (struct rs_arena)RS_ARENA_INIT(max);
}

void rs_arena_done(struct rs_arena *arena)
{
	while (arena->chunks) {
		struct rs_arena_chunk *chunk = arena->chunks;

		arena->chunks = chunk->older;
		free(chunk);
	}
	rs_arena_init(arena, arena->max);
}

/* calloc() gives fresh pages as they are; memory is never reused, so it stays zero until handed
 * out. */
static bool add_chunk(struct rs_arena *arena, size_t size)
{
	size_t room = MAX(size, CHUNK_SIZE - sizeof(struct rs_arena_chunk));
	struct rs_arena_chunk *chunk = calloc(1, sizeof(*chunk) + room);

	if (!chunk)
		return false;
	chunk->older = arena->chunks;
	arena->chunks = chunk;
	arena->next = chunk->data;
	arena->end = chunk->data + room;
	return true;
}

void *rs_arena_alloc(struct rs_arena *arena, size_t size)
{
	char *p;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (MAX(size, 1) + ALIGN - 1) & ~(ALIGN - 1);
	if (arena->max && (size > arena->max || arena->used > arena->max - size))
		return NULL;
	if ((size_t)(arena->end - arena->next) < size && !add_chunk(arena, size))
		return NULL;
	p = arena->next;
	arena->next += size;
	arena->used += size;
	return p;
}

void *rs_arena_alloc_array(struct rs_arena *arena, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		return NULL;
	return rs_arena_alloc(arena, total);
}

char *rs_arena_strdup(struct rs_arena *arena, const char *text)
{
	return rs_arena_strndup(arena, text, strlen(text));
}

char *rs_arena_strndup(struct rs_arena *arena, const void *data, size_t n)
{
	char *copy;

	if (n == SIZE_MAX)
		return NULL;
	copy = rs_arena_alloc(arena, n + 1);
	if (copy && n)
		memcpy(copy, data, n);
	return copy;
}

char *rs_arena_printf(struct rs_arena *arena, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return NULL;
	text = rs_arena_alloc(arena, (size_t)n + 1);
	if (!text)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(text, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return text;
}
