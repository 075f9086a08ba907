/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Executables and libraries by the names that people give them: "bash" by PATH, "libc" or "libc.so.6" as the
 * dynamic linker finds it, a path, a path with wildcards. With -p as that process sees them: its own
 * libraries first, then by its root folder. Private to this room.
 */

#include "probe/kind.h"

/*
 * Calls fn for each file. Its path can be opened by us: a process in other mounts is looked into through
 * /proc/PID/root. Negative from fn ends it. -ENOENT with err: there is no such file.
 */
int rs_binary_each(struct rs_probes *probes, const char *name,
		   int (*fn)(const char *path, void *data), void *data, struct rs_error *err);

/* The file, kept for the run. NULL with err. Borrowed. */
struct rs_elf *rs_binary_open(struct rs_probes *probes, const char *path, struct rs_error *err);

/*
 * The library's path by the cache of the dynamic linker below @root (ld.so.cache): "libc", "libc.so.6".
 * False: it is not there.
 */
bool rs_ldcache_find(const char *root, const char *name, char *buf, size_t size);
/* The same in the bytes of such a file: calls fn with each path whose library has this name. */
bool rs_ldcache_search(const void *data, size_t n, const char *name,
		       bool (*fn)(const char *path, void *ctx), void *ctx);
