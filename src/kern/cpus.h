/* SPDX-License-Identifier: Apache-2.0 */
/* Which CPUs there are: /sys/devices/system/cpu. */
#pragma once

#define RS_CPUS_MAX 8192

/* Those that may ever be there: one more than the highest number. Per-CPU values of maps have that many. At least 1. */
unsigned rs_cpus_possible(void);

/* The numbers of those that run now, at most @max; how many, at least 1. */
unsigned rs_cpus_online(int *cpus, unsigned max);

/* Reads "0-3,8": the numbers in order, at most @max into @cpus (may be NULL). How many there are; 0: not understood. */
unsigned rs_cpus_parse(const char *text, int *cpus, unsigned max);
