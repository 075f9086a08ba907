/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sampling of bytes as a Poisson process: the distance from one sampled byte to the next is exponential, so that an
 * allocation of n bytes is met with probability 1 - exp(-n / mean), whatever came before. In integers, for the kernel.
 */
#pragma once

#include <linux/types.h>

/* log2(1 + i / 64), 16 bits behind the point. */
static const __u32 rs_poisson_log2[65] = {
	0,     1466,  2909,  4331,  5732,  7112,  8473,  9814,  11136, 12440, 13727, 14996, 16248,
	17484, 18704, 19909, 21098, 22272, 23433, 24579, 25711, 26830, 27936, 29029, 30109, 31178,
	32234, 33279, 34312, 35334, 36346, 37346, 38336, 39316, 40286, 41246, 42196, 43137, 44068,
	44990, 45904, 46809, 47705, 48593, 49472, 50344, 51207, 52063, 52911, 53751, 54584, 55410,
	56229, 57040, 57845, 58643, 59434, 60219, 60997, 61769, 62534, 63294, 64047, 64794, 65536,
};

/* log2(v), 16 bits behind the point, of v > 0: linear between the points of the table, off by less than 1e-4. */
static inline __u32 rs_poisson_log2_of(__u32 v)
{
	__u32 n = 0, m, i, at, next;

	if (v >> 16)
		n = 16;
	if (v >> (n + 8))
		n += 8;
	if (v >> (n + 4))
		n += 4;
	if (v >> (n + 2))
		n += 2;
	if (v >> (n + 1))
		n += 1;
	m = (v << (31 - n)) & 0x7fffffff; /* what is behind the highest bit */
	i = (m >> 25) & 63;
	at = rs_poisson_log2[i];
	next = rs_poisson_log2[i + 1];
	return (n << 16) + at + ((next - at) * ((m >> 9) & 0xffff) >> 16);
}

/* -ln(random / 2^32) * mean: how many bytes to the next that is sampled. @mean below 2^42. */
static inline __u64 rs_poisson_distance(__u32 random, __u64 mean)
{
	__u64 log2 = (32u << 16) - rs_poisson_log2_of(random ? random : 1);
	__u64 ln = log2 * 45426 >> 16; /* ln(2) */

	return (ln * mean) >> 16;
}
