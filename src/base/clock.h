/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Clocks in nanoseconds, and times as text. */

#include "base/util.h"

#define RS_CLOCK_UTC_LEN   30 /* "2026-07-01T12:34:56.123456789Z" */
#define RS_CLOCK_LOCAL_LEN 12 /* "12:34:56.789" */

uint64_t rs_clock_mono(void); /* CLOCK_MONOTONIC: bpf_ktime_get_ns() */
uint64_t rs_clock_boot(void); /* CLOCK_BOOTTIME: bpf_ktime_get_boot_ns() */
uint64_t rs_clock_real(void); /* CLOCK_REALTIME, since 1970 UTC */

/* What to add to a boot time to get real time: the median of several samples, each the real clock
 * read between two readings of the boot clock. The offset moves when somebody sets the clock, so
 * long-running programs take it again now and then. */
int64_t rs_clock_boot_offset(void);

/*
 * The text of the second that was last formatted; zero-initialised, one per output. Times of one
 * stream are mostly in the same second, so the calendar (and the time zone) is computed once a
 * second. A jump in either direction is handled.
 */
struct rs_clock_text {
	uint64_t utc_second;
	uint64_t local_second;
	bool utc_valid;
	bool local_valid;
	char utc[20];  /* "2026-07-01T12:34:56." */
	char local[9]; /* "12:34:56." */
};

/* RFC 3339 with nanoseconds into buf, RS_CLOCK_UTC_LEN bytes, no NUL. */
void rs_clock_format_utc(struct rs_clock_text *text, uint64_t real_ns,
			 char buf[static RS_CLOCK_UTC_LEN]);

/* Local time of day with milliseconds into buf, RS_CLOCK_LOCAL_LEN bytes, no NUL. */
void rs_clock_format_local(struct rs_clock_text *text, uint64_t real_ns,
			   char buf[static RS_CLOCK_LOCAL_LEN]);
