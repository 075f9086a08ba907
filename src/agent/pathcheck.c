/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pathcheck.h"

#include <string.h>

static bool below(const char *prefix, const char *path, size_t len)
{
	size_t n = strlen(prefix);

	if (n == 1 && *prefix == '/')
		return len && *path == '/';
	return len >= n && !memcmp(path, prefix, n) && (len == n || path[n] == '/');
}

bool rs_pathcheck_path(const struct rs_opt_list *paths, const char *path, size_t len)
{
	for (size_t i = 0; i < paths->len; i++) {
		if (below(paths->items[i], path, len))
			return true;
	}
	return false;
}

bool rs_pathcheck_event(const struct rs_opt_list *paths, const struct rs_event *event,
			char buf[static RS_EVENT_PATH_MAX])
{
	bool any = false;

	for (int which = 0; which < 2; which++) {
		struct rs_path path;

		if (!rs_event_path(event, which, buf, &path))
			continue;
		if (path.cut || rs_pathcheck_path(paths, path.data, path.len))
			return true;
		any = true;
	}
	return !any;
}
