/* SPDX-License-Identifier: Apache-2.0 */
/* Where the symbols of a stripped file are: by its build id, or by the name that it links to. */
#include <limits.h>
#include <string.h>
#include <zlib.h>

#include "base/str.h"
#include "kern/elf-private.h"

#define DEBUG_ROOT "/usr/lib/debug"

static bool same_build_id(struct rs_elf *elf, struct rs_elf *other)
{
	uint8_t a[RS_ELF_BUILD_ID_MAX], b[RS_ELF_BUILD_ID_MAX];
	size_t n = rs_elf_build_id(elf, a);

	return n && n == rs_elf_build_id(other, b) && memcmp(a, b, n) == 0;
}

static bool has_crc(struct rs_elf *elf, uint32_t wanted)
{
	uLong crc = crc32(0, NULL, 0);
	unsigned char buf[65536];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(elf->fd, buf, sizeof(buf), at)) > 0) {
		crc = crc32(crc, buf, (uInt)n);
		at += n;
	}
	return n == 0 && crc == wanted;
}

static struct rs_elf *by_build_id(struct rs_elf *elf)
{
	_cleanup_(rs_elf_close) struct rs_elf *found = NULL;
	_cleanup_(rs_str_done) struct rs_str path = RS_STR_INIT(PATH_MAX);
	uint8_t id[RS_ELF_BUILD_ID_MAX];
	size_t n = rs_elf_build_id(elf, id);

	if (n < 2)
		return NULL;
	rs_str_appendf(&path, "%s" DEBUG_ROOT "/.build-id/%02x/", elf->root, id[0]);
	for (size_t i = 1; i < n; i++)
		rs_str_appendf(&path, "%02x", id[i]);
	rs_str_append_cstr(&path, ".debug");
	if (path.error || rs_elf_open(rs_str_cstr(&path), elf->root, &found, NULL) < 0 ||
	    !same_build_id(elf, found))
		return NULL;
	return TAKE_PTR(found);
}

/* The name that .gnu_debuglink holds, and behind it, aligned to 4 bytes, the checksum. */
static const char *read_link(struct rs_elf *elf, uint32_t *ret_crc)
{
	size_t size, end;
	const char *name = rs_elf_section(elf, ".gnu_debuglink", &size, NULL);

	if (!name || !memchr(name, '\0', size) || !*name || strchr(name, '/'))
		return NULL;
	end = (strlen(name) + 1 + 3) & ~(size_t)3;
	if (end + sizeof(*ret_crc) > size)
		return NULL;
	memcpy(ret_crc, name + end, sizeof(*ret_crc));
	return name;
}

static struct rs_elf *try_link(struct rs_elf *elf, const char *path, uint32_t crc)
{
	_cleanup_(rs_elf_close) struct rs_elf *found = NULL;

	if (strcmp(path, elf->path) == 0 || rs_elf_open(path, elf->root, &found, NULL) < 0)
		return NULL;
	if (!same_build_id(elf, found) && !has_crc(found, crc))
		return NULL;
	return TAKE_PTR(found);
}

static struct rs_elf *by_link(struct rs_elf *elf)
{
	static const char *const folders[] = { "", ".debug/" };
	const char *slash = strrchr(elf->path, '/'), *name, *inside = elf->path;
	size_t folder = slash ? (size_t)(slash - elf->path) + 1 : 0;
	struct rs_elf *found = NULL;
	char path[PATH_MAX];
	uint32_t crc;

	name = read_link(elf, &crc);
	if (!name)
		return NULL;
	for (unsigned i = 0; i < ARRAY_SIZE(folders) && !found; i++)
		if ((size_t)snprintf(path, sizeof(path), "%.*s%s%s", (int)folder, elf->path,
				     folders[i], name) < sizeof(path))
			found = try_link(elf, path, crc);
	if (found || *inside != '/')
		return found;
	if (strncmp(inside, elf->root, strlen(elf->root)) == 0) {
		inside += strlen(elf->root);
		folder -= strlen(elf->root);
	}
	if ((size_t)snprintf(path, sizeof(path), "%s" DEBUG_ROOT "%.*s%s", elf->root, (int)folder,
			     inside, name) < sizeof(path))
		found = try_link(elf, path, crc);
	return found;
}

struct rs_elf *rs_elf_debug(struct rs_elf *elf)
{
	if (elf->debug_tried)
		return elf->debug;
	elf->debug_tried = true;
	elf->debug = by_build_id(elf);
	if (!elf->debug)
		elf->debug = by_link(elf);
	if (elf->debug)
		elf->debug->debug_tried = true; /* it has none of its own */
	return elf->debug;
}
