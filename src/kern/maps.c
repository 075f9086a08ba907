/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"

#define DELETED " (deleted)"

/* A name may end so without being deleted: whoever opens it finds out. */
static bool cut_deleted(char *path)
{
	size_t n = strlen(path), end = sizeof(DELETED) - 1;

	if (n <= end || strcmp(path + n - end, DELETED) != 0)
		return false;
	path[n - end] = '\0';
	return true;
}

/* "7f..-7f.. r-xp 00001000 08:01 1234    /usr/lib/x.so" */
bool rs_maps_parse(char *line, struct rs_mapping *ret_map)
{
	struct rs_mapping map;
	unsigned major, minor;
	char flags[5];
	int path = 0;

	/* The widths keep the numbers within their types. NOLINTNEXTLINE(cert-err34-c) */
	if (sscanf(line, "%16" SCNx64 "-%16" SCNx64 " %4s %16" SCNx64 " %8x:%8x %19" SCNu64 "%n",
		   &map.start, &map.end, flags, &map.offset, &major, &minor, &map.inode,
		   &path) < 7 ||
	    !path || strlen(flags) != 4 || map.start >= map.end)
		return false;
	map.dev = (uint64_t)major << 32 | minor;
	map.executable = flags[2] == 'x';
	line += path + strspn(line + path, " ");
	map.path = line;
	map.deleted = *line == '/' && cut_deleted(line);
	*ret_map = map;
	return true;
}

int rs_maps_walk(const char *path, size_t max, rs_maps_fn *fn, void *data)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(max);
	int got = rs_fd_read_file_at(AT_FDCWD, path, max, &text), r = 0;
	char *line, *end;

	if ((got < 0 && got != -EFBIG) || !rs_str_cstr(&text)[0])
		return got;
	for (line = text.data; !r && (end = strchr(line, '\n')); line = end + 1) {
		struct rs_mapping map;

		*end = '\0';
		if (rs_maps_parse(line, &map))
			r = fn(data, &map);
	}
	return r ? r : got;
}
