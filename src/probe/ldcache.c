/* SPDX-License-Identifier: Apache-2.0 */
/* /etc/ld.so.cache: glibc's list of libraries, of the form that it has had since 2.2 (elf/cache.c there). */
#include <limits.h>

#include "base/fd.h"
#include "probe/binary.h"

#define CACHE_MAX ((size_t)16 << 20)

static const char old_magic[] = "ld.so-1.7.0";
static const char new_magic[] = "glibc-ld.so.cache1.1";

struct old_header {
	char magic[12];
	uint32_t n;
};
#define OLD_ENTRY 12

struct header {
	char magic[20];
	uint32_t n;
	uint32_t strings; /* bytes */
	uint32_t unused[5];
};

struct entry {
	int32_t flags;
	uint32_t key, value; /* strings, counted from the header */
	uint32_t os_version;
	uint64_t hwcap;
};
_Static_assert(sizeof(struct header) == 48 && sizeof(struct entry) == 24, "ld.so.cache");

/* "libc" is libc.so.6, "libc.so.6" itself. */
static bool names_it(const char *file, const char *name)
{
	size_t n = strlen(name);

	return strncmp(file, name, n) == 0 && (!file[n] || strncmp(file + n, ".so", 3) == 0);
}

/* Older files have the list twice, in its first form in front. */
static size_t skip_old(const char *bytes, size_t n)
{
	struct old_header old;
	size_t end;

	if (n < sizeof(old) || memcmp(bytes, old_magic, sizeof(old_magic) - 1) != 0)
		return 0;
	memcpy(&old, bytes, sizeof(old));
	end = sizeof(old) + (size_t)old.n * OLD_ENTRY;
	return (end + 7) & ~(size_t)7;
}

bool rs_ldcache_search(const void *data, size_t n, const char *name,
		       bool (*fn)(const char *path, void *ctx), void *ctx)
{
	const char *bytes = data;
	size_t skip = skip_old(bytes, n);
	struct header header;

	if (skip >= n || n - skip < sizeof(header) || bytes[n - 1])
		return false;
	bytes += skip;
	n -= skip;
	memcpy(&header, bytes, sizeof(header));
	if (memcmp(header.magic, new_magic, sizeof(header.magic)) != 0)
		return false;
	for (size_t i = 0; i < header.n; i++) {
		size_t at = sizeof(header) + i * sizeof(struct entry);
		struct entry entry;

		if (at + sizeof(entry) > n)
			return false;
		memcpy(&entry, bytes + at, sizeof(entry));
		if (entry.key < n && entry.value < n && names_it(bytes + entry.key, name) &&
		    fn(bytes + entry.value, ctx))
			return true;
	}
	return false;
}

struct found {
	const char *root;
	char *buf;
	size_t size;
};

/* Of the same name there may be some for other machines. */
static bool take_path(const char *path, void *ctx)
{
	const struct found *found = ctx;

	return (size_t)snprintf(found->buf, found->size, "%s%s", found->root, path) < found->size &&
	       rs_elf_is(found->buf);
}

bool rs_ldcache_find(const char *root, const char *name, char *buf, size_t size)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(CACHE_MAX + 1);
	struct found found = { root, buf, size };
	char path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof(path), "%s/etc/ld.so.cache", root) >= sizeof(path) ||
	    rs_fd_read_file(path, CACHE_MAX, &text, NULL) < 0 ||
	    rs_str_append_char(&text, '\0') < 0)
		return false;
	return rs_ldcache_search(text.data, text.len, name, take_path, &found);
}
