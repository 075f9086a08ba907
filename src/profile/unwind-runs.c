/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/unwind-runs.h"

#include <errno.h>

int rs_unwind_runs_take(struct rs_unwind_runs *runs, uint32_t n, uint32_t *ret_first)
{
	uint32_t first = 0;
	size_t i;

	for (i = 0; i < runs->taken.len && runs->taken.items[i].first - first < n; i++)
		first = runs->taken.items[i].first + runs->taken.items[i].n;
	if (n > runs->size - first)
		return -ENOSPC;
	if (rs_vec_reserve(&runs->taken, 1) < 0)
		return -ENOMEM;
	memmove(runs->taken.items + i + 1, runs->taken.items + i,
		(runs->taken.len - i) * sizeof(*runs->taken.items));
	runs->taken.items[i] = (struct rs_unwind_run){ first, n };
	runs->taken.len++;
	*ret_first = first;
	return 0;
}

void rs_unwind_runs_give(struct rs_unwind_runs *runs, uint32_t first)
{
	size_t low = 0, high = runs->taken.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (runs->taken.items[middle].first < first)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < runs->taken.len && runs->taken.items[low].first == first)
		rs_vec_remove(&runs->taken, low);
}

void rs_unwind_runs_done(struct rs_unwind_runs *runs)
{
	rs_vec_done(&runs->taken);
}
