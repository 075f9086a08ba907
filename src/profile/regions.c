/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/regions.h"

#define PAGE 4096ull

static uint64_t round_up(uint64_t size)
{
	return (size + PAGE - 1) & ~(PAGE - 1);
}

void rs_regions_done(struct rs_regions *regions)
{
	rs_vec_done(&regions->list);
}

/* The first region that ends above the address. */
static size_t find(const struct rs_regions *regions, uint64_t address)
{
	size_t low = 0, high = regions->list.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct rs_region *r = &regions->list.items[middle];

		if (r->start + r->size > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void insert(struct rs_regions *regions, size_t at, const struct rs_region *region)
{
	struct rs_region copy = *region;

	if (regions->list.len >= RS_REGIONS_MAX || rs_vec_reserve(&regions->list, 1)) {
		regions->lost++;
		return;
	}
	memmove(regions->list.items + at + 1, regions->list.items + at,
		(regions->list.len - at) * sizeof(copy));
	regions->list.items[at] = copy;
	regions->list.len++;
}

/* Takes [start, end) out of the region; whether the one behind it has the same index now. */
static bool cut(struct rs_regions *regions, size_t at, uint64_t start, uint64_t end)
{
	struct rs_region *r = &regions->list.items[at], tail = *r;
	uint64_t r_end = r->start + r->size;

	if (start <= r->start && end >= r_end) {
		rs_vec_remove(&regions->list, at);
		return true;
	}
	if (start <= r->start) {
		r->size = r_end - end;
		r->start = end;
		return false;
	}
	r->size = start - r->start;
	if (end >= r_end)
		return false;
	tail.start = end;
	tail.size = r_end - end;
	insert(regions, at + 1, &tail);
	return false;
}

void rs_regions_unmap(struct rs_regions *regions, uint64_t start, uint64_t size, uint64_t before)
{
	uint64_t end = start + round_up(size);

	if (end <= start)
		return;
	for (size_t i = find(regions, start); i < regions->list.len;) {
		if (regions->list.items[i].start >= end)
			return;
		if (regions->list.items[i].time > before || !cut(regions, i, start, end))
			i++;
	}
}

void rs_regions_map(struct rs_regions *regions, const struct rs_region *region)
{
	struct rs_region r = *region;

	r.size = round_up(r.size);
	if (!r.size || r.start + r.size < r.start)
		return;
	/* Whatever we believe to be there is not. */
	rs_regions_unmap(regions, r.start, r.size, UINT64_MAX);
	insert(regions, find(regions, r.start), &r);
}

void rs_regions_remap(struct rs_regions *regions, uint64_t old_start, uint64_t old_size,
		      uint64_t before, const struct rs_region *region)
{
	size_t at = find(regions, old_start);

	if (at == regions->list.len || regions->list.items[at].start > old_start ||
	    regions->list.items[at].time > before)
		return;
	rs_regions_unmap(regions, old_start, old_size, before);
	rs_regions_map(regions, region);
}
