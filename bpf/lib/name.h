/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Paths that are only a name given by the process, and the directory that the name starts from. */
#pragma once

#include "bpf/lib/path.h"

#define AT_FDCWD (-100)

/*
 * Appends the name at s->str of the process as @tag + 1, and the directory that it starts from
 * (s->dir) as @tag. Yields whether it passes the path filter. In core.bpf.c, verified once.
 */
int rs_put_name(__u32 slot, __u32 tag);

/* The same with the name and the descriptor at hand. */
static __always_inline bool rs_name_fields(struct rs_scratch *s, __u32 slot, const void *name,
					   int dir, __u32 tag)
{
	s->str = (__u64)name;
	s->dir = dir;
	return rs_put_name(slot, tag);
}
