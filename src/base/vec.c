/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"

void *rs_vec_grow(void *items, size_t *cap, size_t need, size_t size)
{
	size_t new_cap = *cap ? *cap : 8;
	void *grown;

	if (need > SIZE_MAX / 2 / size)
		return NULL;
	while (new_cap < need)
		new_cap *= 2;
	grown = reallocarray(items, new_cap, size);
	if (grown)
		*cap = new_cap;
	return grown;
}
