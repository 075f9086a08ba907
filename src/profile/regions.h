/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Memory that a process has mapped, as its calls tell: pieces can be unmapped, moved and made larger. */

#include "base/vec.h"
#include "bpf/abi/stack.h"

#define RS_REGIONS_MAX 65536

struct rs_region {
	uint64_t start, size;
	uint64_t time; /* when it was mapped */
	struct rs_stack_pair stacks;
};

/* By start, none touching another. Zero is a valid start. */
struct rs_regions {
	RS_VEC(struct rs_region) list;
	uint64_t lost; /* for want of room */
};

void rs_regions_done(struct rs_regions *regions);

/* Sizes are rounded up to whole pages. */
void rs_regions_map(struct rs_regions *regions, const struct rs_region *region);

/* What was mapped before @before in [start, start + size) is gone; what is left of a region keeps its time and stack. */
void rs_regions_unmap(struct rs_regions *regions, uint64_t start, uint64_t size, uint64_t before);

/* mremap(2): @region is the new one. Where the old one was not known, the new one is not either. */
void rs_regions_remap(struct rs_regions *regions, uint64_t old_start, uint64_t old_size,
		      uint64_t before, const struct rs_region *region);
