/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Durations, sizes and counts as people write them. Parsers are strict: the whole text must match,
 * nothing wraps around, and no sign, space or exponent is accepted.
 */

#include "base/error.h"

#define RS_NSEC_PER_USEC 1000ull
#define RS_NSEC_PER_MSEC 1000000ull
#define RS_NSEC_PER_SEC  1000000000ull

/* Enough for anything the format functions write, NUL included. */
#define RS_UNITS_BUF 40

/* "250ms", "1.5h", "1m30s", "0": units ns us (or µs) ms s m h d, each at most once and falling.
 * A bare number is an error, except 0. -EINVAL, -ERANGE. */
int rs_units_parse_duration(const char *text, uint64_t *ret_ns, struct rs_error *err);

/* "4096", "64K", "1.5M", "2GiB": K M G T, powers of 1024, optional B or iB. */
int rs_units_parse_size(const char *text, uint64_t *ret_bytes, struct rs_error *err);

/* "100000", "100k", "1.5M": k M G, powers of 1000. */
int rs_units_parse_count(const char *text, uint64_t *ret_count, struct rs_error *err);

/* Decimal or 0x hexadecimal number up to max. */
int rs_units_parse_u64(const char *text, uint64_t max, uint64_t *ret_value, struct rs_error *err);
int rs_units_parse_i64(const char *text, int64_t *ret_value, struct rs_error *err);

/* All write into buf and return it. Three significant digits. */
char *rs_units_format_duration(char buf[static RS_UNITS_BUF], uint64_t ns);   /* "1.50ms" "2m05s" */
char *rs_units_format_bytes(char buf[static RS_UNITS_BUF], uint64_t bytes);   /* "1.50 MiB" */
char *rs_units_format_count(char buf[static RS_UNITS_BUF], uint64_t count);   /* "1.50M" */
char *rs_units_format_rate(char buf[static RS_UNITS_BUF], double per_second); /* "1.50M/s" */

/* Without loss, in the form the parser reads: "1m30s", "1d", "1s500ms", "0s". */
char *rs_units_format_duration_exact(char buf[static RS_UNITS_BUF], uint64_t ns);
/* Without loss: the largest power of 1024 that divides it, "64K", "4097". */
char *rs_units_format_size_exact(char buf[static RS_UNITS_BUF], uint64_t bytes);
