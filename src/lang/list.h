/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Arrays in an arena that grow by doubling; their capacity follows from their length. */

#include <string.h>

#include "base/arena.h"

/* The array (n elements of size bytes), or a copy of it, with room for one more. NULL when out of
 * memory. */
static inline void *rs_list_room(struct rs_arena *arena, void *items, size_t n, size_t size)
{
	void *more;

	if (n && (n < 4 || (n & (n - 1))))
		return items;
	more = rs_arena_alloc_array(arena, n ? 2 * n : 4, size);
	if (more && n)
		memcpy(more, items, n * size);
	return more;
}

/* Appends a copy of the value; false when out of memory. */
#define rs_list_add(arena, items, n, ...)                                                          \
	({                                                                                         \
		void *list_room_ = rs_list_room((arena), (items), (n), sizeof(*(items)));          \
		if (list_room_) {                                                                  \
			(items) = list_room_;                                                      \
			(items)[(n)++] = (__VA_ARGS__);                                            \
		}                                                                                  \
		list_room_ != NULL;                                                                \
	})
