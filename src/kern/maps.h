/* SPDX-License-Identifier: Apache-2.0 */
/* What a process has mapped: proc_pid_maps(5). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RS_MAPS_BYTES ((size_t)64 << 20) /* all but the very strangest processes stay below */

struct rs_mapping {
	uint64_t start, end;
	uint64_t offset; /* in the file */
	uint64_t
		dev; /* major << 32 | minor. On file systems above others it may be another than stat(2) tells */
	uint64_t inode; /* 0: no file */
	bool executable;
	bool deleted;     /* the file's name is gone; @path is what it was */
	const char *path; /* "/lib/x.so", "[vdso]", ""; a line break in it is "\012" */
};

/* Reads one line, without its line break, which is cut where the path ends. False: it makes no sense. */
bool rs_maps_parse(char *line, struct rs_mapping *ret_map);

/*
 * Calls @fn for each mapping in the file at @path, "/proc/1/maps" mostly, by address. Not 0 ends the walk, which returns
 * that; else 0 or -errno of reading: -EFBIG where there are more than @max bytes, and the rest was not looked at. A
 * process that is ending, and a thread of the kernel, has no mappings. The mapping is valid during the call.
 */
typedef int rs_maps_fn(void *data, const struct rs_mapping *map);
int rs_maps_walk(const char *path, size_t max, rs_maps_fn *fn, void *data);
