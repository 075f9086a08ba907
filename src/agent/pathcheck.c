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

/* Takes ".." literally, as if no component were a symbolic link; returns the new length. */
static size_t collapse(const char *path, size_t len, char *out)
{
	const char *end = path + len;
	size_t n = 0;

	for (const char *p = path; p < end;) {
		const char *slash = memchr(p, '/', (size_t)(end - p));
		size_t part = (size_t)((slash ? slash : end) - p);

		if (part == 2 && !memcmp(p, "..", 2)) {
			while (n && out[--n] != '/')
				;
		} else if (part) {
			out[n++] = '/';
			memcpy(out + n, p, part);
			n += part;
		}
		p += part + 1;
	}
	return n;
}

/* A ".." behind a name is left in a path where only the file system knew what it meant. The event
 * passes when either reading does: nobody hides behind "/usr/../etc". */
static bool concerns(const struct rs_opt_list *paths, const struct rs_path *path)
{
	char plain[RS_EVENT_PATH_MAX];

	if (path->cut || rs_pathcheck_path(paths, path->data, path->len))
		return true;
	if (path->len > RS_EVENT_PATH_MAX || !memmem(path->data, path->len, "/..", 3))
		return false;
	return rs_pathcheck_path(paths, plain, collapse(path->data, path->len, plain));
}

bool rs_pathcheck_event(const struct rs_opt_list *paths, const struct rs_event *event,
			char buf[static RS_EVENT_PATH_MAX])
{
	bool any = false;

	for (int which = 0; which < 2; which++) {
		struct rs_path path;

		if (!rs_event_path(event, which, buf, &path))
			continue;
		if (concerns(paths, &path))
			return true;
		any = true;
	}
	return !any;
}
