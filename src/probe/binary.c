/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/binary.h"

#include <dirent.h>
#include <glob.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/stat.h>

#include "kern/maps.h"
#include "probe/match.h"

#define FILES_MAX 4096
#define PATHS_MAX ((size_t)64 << 20)

static const char *const library_folders[] = {
	"/lib64",
	"/usr/lib64",
	"/lib/x86_64-linux-gnu",
	"/usr/lib/x86_64-linux-gnu",
	"/lib/aarch64-linux-gnu",
	"/usr/lib/aarch64-linux-gnu",
	"/lib",
	"/usr/lib",
	"/usr/local/lib",
};

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* What is to be put in front of paths that the process would use; "" where it sees what we see. */
static void root_of(const struct rs_probes *probes, char *buf, size_t size)
{
	char path[64];

	*buf = '\0';
	if (!probes->options.pid)
		return;
	snprintf(path, sizeof(path), "/proc/%" PRIu64 "/ns/mnt", probes->options.pid);
	snprintf(buf, size, "/proc/%" PRIu64 "/root", probes->options.pid);
	if (same_file(path, "/proc/self/ns/mnt") && same_file(buf, "/"))
		*buf = '\0';
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- the process's own files ---- */

static int add_map(void *data, const struct rs_mapping *map)
{
	struct rs_names *paths = data;

	if (map->executable && !map->deleted && *map->path == '/')
		rs_str_appendf(&paths->text, "%s\n", map->path);
	return 0;
}

static int add_maps(uint64_t pid, struct rs_names *paths)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%" PRIu64 "/maps", pid);
	return rs_maps_walk(path, RS_MAPS_BYTES, add_map, paths) < 0 ? -ENOENT : 0;
}

/* Executable files of the process, each once. */
static int read_maps(const struct rs_probes *probes, struct rs_names *paths)
{
	int r = add_maps(probes->options.pid, paths);

	return r < 0 ? r : rs_names_split(paths);
}

/* Those of all processes that see the files that we see. */
static int read_all_maps(struct rs_names *paths)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	char path[64];

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)) && paths->text.len < PATHS_MAX) {
		uint64_t pid = strtoull(entry->d_name, NULL, 10);

		snprintf(path, sizeof(path), "/proc/%" PRIu64 "/ns/mnt", pid);
		if (pid && same_file(path, "/proc/self/ns/mnt"))
			add_maps(pid, paths);
	}
	closedir(dir);
	return rs_names_split(paths);
}

/* "libc", "libc.so.6" or "bash" among what the process has mapped. */
static bool find_mapped(const struct rs_probes *probes, const char *root, const char *name,
			char *buf, size_t size)
{
	_cleanup_(rs_names_done) struct rs_names paths = { 0 };
	size_t n = strlen(name);

	if (!probes->options.pid || read_maps(probes, &paths) < 0)
		return false;
	rs_vec_foreach(&paths.items, path)
	{
		const char *base = base_name(*path);

		if (strncmp(base, name, n) == 0 && (!base[n] || strncmp(base + n, ".so", 3) == 0) &&
		    (size_t)snprintf(buf, size, "%s%s", root, *path) < size && rs_elf_is(buf))
			return true;
	}
	return false;
}

/* ---- by name ---- */

static bool find_in_path(const char *root, const char *name, char *buf, size_t size)
{
	const char *folder = getenv("PATH");

	if (!folder || *root)
		folder = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	while (*folder) {
		size_t n = strcspn(folder, ":");

		if (n &&
		    (size_t)snprintf(buf, size, "%s%.*s/%s", root, (int)n, folder, name) < size &&
		    rs_elf_is(buf))
			return true;
		folder += n + (folder[n] == ':');
	}
	return false;
}

/* "libc" in the folder: libc.so or libc.so.VERSION. */
static bool find_in_folder(const char *root, const char *folder, const char *name, char *buf,
			   size_t size)
{
	char pattern[PATH_MAX];
	bool found = false;
	glob_t files;

	if ((size_t)snprintf(buf, size, "%s%s/%s", root, folder, name) < size && rs_elf_is(buf))
		return true;
	if (rs_match_has_wildcard(name) ||
	    (size_t)snprintf(pattern, sizeof(pattern), "%s%s/%s.so*", root, folder, name) >=
		    sizeof(pattern) ||
	    glob(pattern, GLOB_NOSORT, NULL, &files) != 0)
		return false;
	for (size_t i = 0; i < files.gl_pathc && !found; i++)
		found = (size_t)snprintf(buf, size, "%s", files.gl_pathv[i]) < size &&
			rs_elf_is(buf);
	globfree(&files);
	return found;
}

static bool find_library(const char *root, const char *name, char *buf, size_t size)
{
	if (rs_ldcache_find(root, name, buf, size))
		return true;
	for (unsigned i = 0; i < ARRAY_SIZE(library_folders); i++)
		if (find_in_folder(root, library_folders[i], name, buf, size))
			return true;
	return false;
}

static bool find_by_name(const struct rs_probes *probes, const char *root, const char *name,
			 char *buf, size_t size)
{
	if (find_mapped(probes, root, name, buf, size))
		return true;
	if (strncmp(name, "lib", 3) == 0 && find_library(root, name, buf, size))
		return true;
	return find_in_path(root, name, buf, size) || rs_ldcache_find(root, name, buf, size);
}

/* ---- all of them ---- */

static int not_there(const char *name, struct rs_error *err)
{
	rs_error_set(err, -ENOENT, "no executable or library \"%s\" was found", name);
	if (!strchr(name, '/'))
		rs_error_hint(err, "give its path");
	return -ENOENT;
}

static int each_mapped(struct rs_probes *probes, const char *root,
		       int (*fn)(const char *path, void *data), void *data, struct rs_error *err)
{
	_cleanup_(rs_names_done) struct rs_names paths = { 0 };
	char path[PATH_MAX];
	int r = 0;

	if (!probes->options.pid)
		r = read_all_maps(&paths);
	else if (read_maps(probes, &paths) < 0)
		return rs_error_set(err, -ENOENT, "process %" PRIu64 ": its files cannot be read",
				    probes->options.pid);
	if (r < 0)
		return rs_error_set_errno(err, r, "looking at the files of all processes");
	for (size_t i = 0; i < paths.items.len && i < FILES_MAX && r >= 0; i++)
		if ((size_t)snprintf(path, sizeof(path), "%s%s", root, paths.items.items[i]) <
			    sizeof(path) &&
		    rs_elf_is(path))
			r = fn(path, data);
	return r;
}

static int each_match(const char *root, const char *name, int (*fn)(const char *path, void *data),
		      void *data, struct rs_error *err)
{
	char pattern[PATH_MAX];
	unsigned n = 0;
	glob_t files;
	int r = 0;

	if ((size_t)snprintf(pattern, sizeof(pattern), "%s%s", root, name) >= sizeof(pattern) ||
	    glob(pattern, 0, NULL, &files) != 0)
		return not_there(name, err);
	for (size_t i = 0; i < files.gl_pathc && n < FILES_MAX && r >= 0; i++) {
		if (!rs_elf_is(files.gl_pathv[i]))
			continue;
		r = fn(files.gl_pathv[i], data);
		n++;
	}
	globfree(&files);
	return r >= 0 && !n ? not_there(name, err) : r;
}

/* A relative one is ours, seen from where we are. */
static int one_path(const char *root, const char *name, char *buf, size_t size,
		    struct rs_error *err)
{
	struct stat st;

	if (*name != '/')
		root = "";
	if ((size_t)snprintf(buf, size, "%s%s", root, name) >= size)
		return rs_error_set(err, -ENAMETOOLONG, "\"%s\": the name is too long", name);
	if (stat(buf, &st) < 0)
		return errno == ENOENT ? not_there(name, err)
				       : rs_error_set_errno(err, -errno, "looking at \"%s\"", buf);
	return 0;
}

int rs_binary_each(struct rs_probes *probes, const char *name,
		   int (*fn)(const char *path, void *data), void *data, struct rs_error *err)
{
	char root[64], path[PATH_MAX];
	int r;

	root_of(probes, root, sizeof(root));
	if (!strcmp(name, "*") || !*name)
		return each_mapped(probes, root, fn, data, err);
	if (strchr(name, '/')) {
		if (rs_match_has_wildcard(name))
			return each_match(*name == '/' ? root : "", name, fn, data, err);
		r = one_path(root, name, path, sizeof(path), err);
		return r < 0 ? r : fn(path, data);
	}
	if (!find_by_name(probes, root, name, path, sizeof(path)))
		return not_there(name, err);
	return fn(path, data);
}

struct rs_elf *rs_binary_open(struct rs_probes *probes, const char *path, struct rs_error *err)
{
	struct rs_elf *elf = rs_hashmap_find_str(probes->objects, path, strlen(path));
	char root[64];
	int r;

	if (elf)
		return elf;
	root_of(probes, root, sizeof(root));
	if (rs_elf_open(path, root, &elf, err) < 0)
		return NULL;
	r = rs_hashmap_put_str(probes->objects, path, strlen(path), elf);
	if (r < 0) {
		rs_elf_close(&elf);
		rs_error_set_errno(err, r, "keeping \"%s\"", path);
	}
	return elf;
}
