/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Memory that is freed all at once: many small objects of one life, such as a parsed document. */

#include "base/util.h"

struct rs_arena_chunk;

struct rs_arena {
	struct rs_arena_chunk *chunks; /* newest first */
	char *next;                    /* free space in the newest chunk */
	char *end;
	size_t used; /* bytes handed out, padding included */
	size_t max;  /* cap for used; 0 = none */
};

#define RS_ARENA_INIT(max_bytes)                                                                   \
	{                                                                                          \
		.max = (max_bytes)                                                                 \
	}

void rs_arena_init(struct rs_arena *arena, size_t max);

/* Frees everything; the arena is empty and usable again. Fits _cleanup_. */
void rs_arena_done(struct rs_arena *arena);

/* Zeroed memory, aligned for any type, valid until rs_arena_done(). NULL when out of memory or
 * when the cap would be passed. size 0 yields a valid pointer. */
void *rs_arena_alloc(struct rs_arena *arena, size_t size);

/* Room for count elements; NULL also when the product overflows. */
void *rs_arena_alloc_array(struct rs_arena *arena, size_t count, size_t size);

/* Copies, NUL-terminated; NULL when out of memory. */
char *rs_arena_strdup(struct rs_arena *arena, const char *text);
char *rs_arena_strndup(struct rs_arena *arena, const void *data, size_t n);
char *rs_arena_printf(struct rs_arena *arena, const char *fmt, ...) _printf_(2, 3);

#define rs_arena_new(arena, type) ((type *)rs_arena_alloc((arena), sizeof(type)))
