/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <string.h>
#include <time.h>

#define NSEC_PER_SEC   1000000000ull
#define OFFSET_SAMPLES 9

static uint64_t read_clock(clockid_t clock)
{
	struct timespec ts = { 0 };

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

uint64_t rs_clock_mono(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t rs_clock_boot(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

uint64_t rs_clock_real(void)
{
	return read_clock(CLOCK_REALTIME);
}

static int compare_i64(const void *a, const void *b)
{
	int64_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

int64_t rs_clock_boot_offset(void)
{
	int64_t samples[OFFSET_SAMPLES];

	for (size_t i = 0; i < OFFSET_SAMPLES; i++) {
		uint64_t before = rs_clock_boot();
		uint64_t real = rs_clock_real();
		uint64_t after = rs_clock_boot();

		samples[i] = (int64_t)(real - (before + (after - before) / 2));
	}
	qsort(samples, OFFSET_SAMPLES, sizeof(samples[0]), compare_i64);
	return samples[OFFSET_SAMPLES / 2];
}

static void put_digits(char *buf, unsigned count, uint64_t v)
{
	while (count) {
		buf[--count] = (char)('0' + v % 10);
		v /= 10;
	}
}

static void fill_utc(struct rs_clock_text *text, uint64_t second)
{
	time_t t = (time_t)second;
	struct tm tm = { 0 };

	gmtime_r(&t, &tm);
	memcpy(text->utc, "0000-00-00T00:00:00.", sizeof(text->utc));
	put_digits(text->utc, 4, (uint64_t)tm.tm_year + 1900);
	put_digits(text->utc + 5, 2, (uint64_t)tm.tm_mon + 1);
	put_digits(text->utc + 8, 2, (uint64_t)tm.tm_mday);
	put_digits(text->utc + 11, 2, (uint64_t)tm.tm_hour);
	put_digits(text->utc + 14, 2, (uint64_t)tm.tm_min);
	put_digits(text->utc + 17, 2, (uint64_t)tm.tm_sec);
	text->utc_second = second;
	text->utc_valid = true;
}

static void fill_local(struct rs_clock_text *text, uint64_t second)
{
	time_t t = (time_t)second;
	struct tm tm = { 0 };

	localtime_r(&t, &tm);
	memcpy(text->local, "00:00:00.", sizeof(text->local));
	put_digits(text->local, 2, (uint64_t)tm.tm_hour);
	put_digits(text->local + 3, 2, (uint64_t)tm.tm_min);
	put_digits(text->local + 6, 2, (uint64_t)tm.tm_sec);
	text->local_second = second;
	text->local_valid = true;
}

/* Nine digits without nine divisions in a row: the compiler turns each constant division into a
 * multiplication, and the three groups do not wait for each other. */
static void put_nanoseconds(char *buf, uint32_t ns)
{
	uint32_t ms = ns / 1000000, us = ns / 1000 % 1000;

	put_digits(buf, 3, ms);
	put_digits(buf + 3, 3, us);
	put_digits(buf + 6, 3, ns % 1000);
}

void rs_clock_format_utc(struct rs_clock_text *text, uint64_t real_ns,
			 char buf[static RS_CLOCK_UTC_LEN])
{
	uint64_t second = real_ns / NSEC_PER_SEC;

	if (unlikely(!text->utc_valid || second != text->utc_second))
		fill_utc(text, second);
	memcpy(buf, text->utc, sizeof(text->utc));
	put_nanoseconds(buf + 20, (uint32_t)(real_ns % NSEC_PER_SEC));
	buf[29] = 'Z';
}

void rs_clock_format_local(struct rs_clock_text *text, uint64_t real_ns,
			   char buf[static RS_CLOCK_LOCAL_LEN])
{
	uint64_t second = real_ns / NSEC_PER_SEC;

	if (unlikely(!text->local_valid || second != text->local_second))
		fill_local(text, second);
	memcpy(buf, text->local, sizeof(text->local));
	put_digits(buf + 9, 3, real_ns % NSEC_PER_SEC / 1000000);
}
