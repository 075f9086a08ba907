/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A growable array of any type:
 *
 *	RS_VEC(struct item) items = { 0 };
 *	r = rs_vec_push(&items, item);          0 or -ENOMEM
 *	rs_vec_foreach(&items, it) use(it);     it is a struct item *
 *	rs_vec_done(&items);
 *
 * Pointers to elements are valid until the next push. Elements that own something are released by
 * the caller before rs_vec_done().
 */

#include <errno.h>
#include <string.h>

#include "base/util.h"

#define RS_VEC(type)                                                                               \
	struct {                                                                                   \
		type *items;                                                                       \
		size_t len;                                                                        \
		size_t cap;                                                                        \
	}

/* Grows items to hold need elements of size bytes. New block or NULL (old one stays valid). */
void *rs_vec_grow(void *items, size_t *cap, size_t need, size_t size);

/* Makes room for n more elements. 0 or -ENOMEM. */
#define rs_vec_reserve(v, n)                                                                       \
	({                                                                                         \
		int vec_r_ = 0;                                                                    \
		if ((v)->cap - (v)->len < (size_t)(n)) {                                           \
			void *vec_p_ = rs_vec_grow((v)->items, &(v)->cap, (v)->len + (size_t)(n),  \
						   sizeof(*(v)->items));                           \
			if (vec_p_)                                                                \
				(v)->items = vec_p_;                                               \
			else                                                                       \
				vec_r_ = -ENOMEM;                                                  \
		}                                                                                  \
		vec_r_;                                                                            \
	})

/* Appends a copy of the value. 0 or -ENOMEM. */
#define rs_vec_push(v, ...)                                                                        \
	({                                                                                         \
		int push_r_ = rs_vec_reserve((v), 1);                                              \
		if (!push_r_)                                                                      \
			(v)->items[(v)->len++] = (__VA_ARGS__);                                    \
		push_r_;                                                                           \
	})

/* Removes and yields the last element; the array must not be empty. */
#define rs_vec_pop(v) ((v)->items[--(v)->len])

/* Pointer to the last element, or NULL. */
#define rs_vec_last(v) ((v)->len ? &(v)->items[(v)->len - 1] : NULL)

/* Removes element i (in range), keeping the order of the others. */
#define rs_vec_remove(v, i)                                                                        \
	do {                                                                                       \
		size_t vec_i_ = (i);                                                               \
		(v)->len--;                                                                        \
		memmove((v)->items + vec_i_, (v)->items + vec_i_ + 1,                              \
			((v)->len - vec_i_) * sizeof(*(v)->items));                                \
	} while (0)

/* Forgets the elements, keeps the memory. */
#define rs_vec_reset(v) ((void)((v)->len = 0))

/* Frees the memory; the array is empty and usable again. */
#define rs_vec_done(v)                                                                             \
	do {                                                                                       \
		free((v)->items);                                                                  \
		(v)->items = NULL;                                                                 \
		(v)->len = (v)->cap = 0;                                                           \
	} while (0)

/* it runs over pointers to the elements. The array must not change meanwhile. */
#define rs_vec_foreach(v, it)                                                                      \
	for (__typeof__((v)->items + 0) it = (v)->items; it && it < (v)->items + (v)->len; it++)
