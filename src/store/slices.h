/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Pieces of anything by time, in one SQLite file: what continuous profiling keeps every few seconds. Dropped by age and
 * by size, the oldest first. One writer; readers at any time.
 */

#include "base/error.h"

#define RS_SLICES_AGE   (2ull * 86400 * 1000000000)
#define RS_SLICES_BYTES ((uint64_t)256 << 20)
#define RS_SLICE_MAX    ((size_t)64 << 20) /* bytes of one */

struct rs_slices;

/* For writing; the file, 0600, is made where it is missing. 0 for age and size: the defaults. -EBADMSG: not such a file,
 * or damaged. */
int rs_slices_create(const char *path, uint64_t max_age, uint64_t max_bytes,
		     struct rs_slices **ret_slices, struct rs_error *err);
/* For reading. -ENOENT: there is none. */
int rs_slices_open(const char *path, struct rs_slices **ret_slices, struct rs_error *err);
void rs_slices_close(struct rs_slices **slices);

/* Keeps one that began at @time (CLOCK_REALTIME ns) and took @duration. -E2BIG; -ENOSPC and the like as the disk says:
 * nothing is kept then. */
int rs_slices_add(struct rs_slices *slices, uint64_t time, uint64_t duration, const void *data,
		  size_t n, struct rs_error *err);

/* Calls @fn for each that touches the time from @since to @until, by time. Not 0 ends it and is returned. */
typedef int rs_slice_fn(void *data, uint64_t time, uint64_t duration, const void *bytes, size_t n);
int rs_slices_read(struct rs_slices *slices, uint64_t since, uint64_t until, rs_slice_fn *fn,
		   void *data, struct rs_error *err);
