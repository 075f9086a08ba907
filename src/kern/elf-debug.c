/* SPDX-License-Identifier: Apache-2.0 */
/* Where the symbols of a stripped file are: by its build id, or by the name that it links to. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
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

/* The debug file at a path, if it has the build id. */
static struct rs_elf *try_id(const char *root, const char *path, const uint8_t *id, size_t n)
{
	_cleanup_(rs_elf_close) struct rs_elf *found = NULL;
	uint8_t its[RS_ELF_BUILD_ID_MAX];

	if (rs_elf_open(path, root, &found, NULL) < 0 || rs_elf_build_id(found, its) != n ||
	    memcmp(its, id, n) != 0)
		return NULL;
	return TAKE_PTR(found);
}

static void append_hex(struct rs_str *out, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		rs_str_appendf(out, "%02x", bytes[i]);
}

static const char *host_of(const struct rs_elf *elf)
{
	return elf->host ? elf->host : "";
}

static struct rs_elf *installed(const char *root, const uint8_t *id, size_t n)
{
	_cleanup_(rs_str_done) struct rs_str path = RS_STR_INIT(PATH_MAX);

	rs_str_appendf(&path, "%s" DEBUG_ROOT "/.build-id/%02x/", root, id[0]);
	append_hex(&path, id + 1, n - 1);
	rs_str_append_cstr(&path, ".debug");
	return path.error ? NULL : try_id(root, rs_str_cstr(&path), id, n);
}

/* What debuginfod's client fetched for the user once. */
static struct rs_elf *cached(const uint8_t *id, size_t n)
{
	static const struct {
		const char *variable, *folder;
	} places[] = {
		{ "DEBUGINFOD_CACHE_PATH", "" },
		{ "XDG_CACHE_HOME", "/debuginfod_client" },
		{ "HOME", "/.cache/debuginfod_client" },
		{ "HOME", "/.debuginfod_client_cache" },
	};
	struct rs_elf *found = NULL;

	for (unsigned i = 0; i < ARRAY_SIZE(places) && !found; i++) {
		_cleanup_(rs_str_done) struct rs_str path = RS_STR_INIT(PATH_MAX);
		const char *value = secure_getenv(places[i].variable);

		if (!value || *value != '/')
			continue;
		rs_str_appendf(&path, "%s%s/", value, places[i].folder);
		append_hex(&path, id, n);
		rs_str_append_cstr(&path, "/debuginfo");
		found = path.error ? NULL : try_id("", rs_str_cstr(&path), id, n);
	}
	return found;
}

/* A process that has ended, or a small image, has no folder of its own: the host may have the file. */
static struct rs_elf *by_id(struct rs_elf *elf, const uint8_t *id, size_t n)
{
	struct rs_elf *found;

	if (n < 2)
		return NULL;
	found = installed(elf->root, id, n);
	if (!found && strcmp(elf->root, host_of(elf)) != 0)
		found = installed(host_of(elf), id, n);
	return found ? found : cached(id, n);
}

static struct rs_elf *by_build_id(struct rs_elf *elf)
{
	uint8_t id[RS_ELF_BUILD_ID_MAX];

	return by_id(elf, id, rs_elf_build_id(elf, id));
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
	/* As the process sees it, or else as we do. */
	for (unsigned i = 0; i < 2 && !found; i++)
		if ((size_t)snprintf(path, sizeof(path), "%s" DEBUG_ROOT "%.*s%s",
				     i ? host_of(elf) : elf->root, (int)folder, inside,
				     name) < sizeof(path))
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
		elf->debug->debug_tried = elf->debug->mini_tried =
			true; /* it has none of its own */
	return elf->debug;
}

struct rs_elf *rs_elf_debug_info(struct rs_elf *elf)
{
	GElf_Shdr header;
	struct rs_elf *debug;

	if (rs_elf_scn(elf, ".debug_info", &header))
		return elf;
	debug = rs_elf_debug(elf);
	return debug && rs_elf_scn(debug, ".debug_info", &header) ? debug : NULL;
}

/* The section holds a path and, behind its NUL, the build id. The path is that of the packager's machine or relative to
 * the file: only its end, below /.dwz/, says where such a file is installed. */
int rs_elf_open_alt(struct rs_elf *debug, struct rs_elf **ret_alt)
{
	_cleanup_(rs_str_done) struct rs_str path = RS_STR_INIT(PATH_MAX);
	size_t size, length, n;
	const char *link = rs_elf_section(debug, ".gnu_debugaltlink", &size, NULL), *dwz;
	const uint8_t *id;

	if (!link || !memchr(link, '\0', size))
		return -ENOENT;
	length = strlen(link) + 1;
	id = (const uint8_t *)link + length;
	n = size - length;
	if (n < 2 || n > RS_ELF_BUILD_ID_MAX)
		return -ENOENT;
	*ret_alt = by_id(debug, id, n);
	if (*ret_alt)
		return 0;
	dwz = strstr(link, "/.dwz/");
	if (!dwz || strstr(dwz, "/../"))
		return -ENOENT;
	rs_str_appendf(&path, "%s" DEBUG_ROOT "%s", debug->root, dwz);
	*ret_alt = path.error ? NULL : try_id(debug->root, rs_str_cstr(&path), id, n);
	return *ret_alt ? 0 : -ENOENT;
}
