/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: bench-malloc PAIRS KEEP
 *
 * Waits for a byte on standard input, then allocates and frees PAIRS times blocks of 16 to 2015 bytes, keeping each
 * KEEPth (0: none); prints nanoseconds of CPU time for each pair and the bytes that were kept. Waits for another byte, or the end
 * of its input.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Five callers, so that there is a stack to walk. */
static __attribute__((noinline)) void *give(unsigned depth, size_t size)
{
	void *p = depth ? give(depth - 1, size) : malloc(size);

	__asm__ volatile("" : "+r"(p) : : "memory");
	return p;
}

static uint64_t cpu_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

int main(int argc, char **argv)
{
	uint64_t pairs = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
	uint64_t keep = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	uint64_t kept = 0, start;

	getchar();
	start = cpu_time();
	for (uint64_t i = 0; i < pairs; i++) {
		size_t size = 16 + (i * 7919) % 2000;
		void *p = give(5, size);

		if (keep && i % keep == 0)
			kept += size;
		else
			free(p);
	}
	printf("%.1f %" PRIu64 "\n", (double)(cpu_time() - start) / (double)pairs, kept);
	fflush(stdout);
	getchar();
	return 0;
}
