/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The number of a group is that of its directory (kernfs(5): inode numbers and ids are the same on
 * 64-bit machines), in version 1 as well as in 2. A directory has as many links as directories in it,
 * and two more, so that one without any is known without being opened.
 */
#include "kern/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "kern/mounts.h"

#define DEPTH_MAX       64
#define PATH_BYTES      4096
#define PROCS_GROUPS    256  /* groups whose processes are looked at */
#define FILEID_KERNFS   0xfe /* enum fid_type of the kernel's exportfs.h */
#define DELETED         " (deleted)"
#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

int rs_cgroup2_mount(char *buf, size_t size, struct rs_error *err)
{
	int r = rs_mounts_find("cgroup2", CGROUP2_SUPER_MAGIC, buf, size);

	if (r == -ENOENT) {
		r = rs_error_set(err, r, "cgroup v2 is not mounted");
		rs_error_hint(err, "mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified");
	} else if (r < 0) {
		r = rs_error_set_errno(err, r, "looking for the mount of cgroup v2");
	}
	return r;
}

/* --- the walk --- */

struct walk {
	rs_cgroup_fn *fn;
	void *data;
	size_t len; /* of path */
	unsigned depth;
	char path[PATH_BYTES]; /* from the root of the hierarchy; "" is the root */
};

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
	*dir = NULL;
}

static bool is_dots(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

static int walk_below(struct walk *walk, int parent, const char *name);

/* One entry of a directory: not 0 ends the walk. */
static int walk_entry(struct walk *walk, int dir, const struct dirent *entry)
{
	size_t len = walk->len, n = strlen(entry->d_name);
	struct stat st;
	int r;

	if ((entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN) || is_dots(entry->d_name) ||
	    len + n + 2 > sizeof(walk->path))
		return 0;
	if (fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
		return 0;
	walk->path[len] = '/';
	memcpy(walk->path + len + 1, entry->d_name, n + 1);
	walk->len = len + n + 1;
	r = walk->fn(walk->data, st.st_ino, walk->path);
	if (!r && st.st_nlink != 2)
		r = walk_below(walk, dir, entry->d_name);
	walk->len = len;
	walk->path[len] = '\0';
	return r;
}

static int walk_below(struct walk *walk, int parent, const char *name)
{
	_cleanup_(close_dir) DIR *dir = NULL;
	struct dirent *entry;
	int fd, r = 0;

	if (walk->depth >= DEPTH_MAX)
		return 0;
	fd = openat(parent, name, DIRECTORY_FLAGS);
	if (fd < 0)
		return 0;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return 0;
	}
	walk->depth++;
	while (!r && (entry = readdir(dir)))
		r = walk_entry(walk, dirfd(dir), entry);
	walk->depth--;
	return r;
}

/* -ENAMETOOLONG, -EINVAL for a path that is none. */
static int full_path(const struct rs_cgroup_tree *tree, const char *path, char buf[PATH_BYTES])
{
	if (path[0] != '/')
		return -EINVAL;
	for (const char *p = path; p; p = strchr(p + 1, '/')) {
		if (p[1] == '.' && p[2] == '.' && (p[3] == '/' || !p[3]))
			return -EINVAL;
	}
	if (snprintf(buf, PATH_BYTES, "%s%s", tree->mount, path) >= PATH_BYTES)
		return -ENAMETOOLONG;
	return 0;
}

/* The group at @path and all below it. */
static int walk_from(const struct rs_cgroup_tree *tree, const char *path, struct walk *walk)
{
	char full[PATH_BYTES];
	struct stat st;
	int r = full_path(tree, path, full);

	if (r < 0)
		return r;
	if (stat(full, &st) < 0)
		return -errno;
	walk->len = strcmp(path, "/") == 0 ? 0 : strlen(path);
	if (walk->len >= sizeof(walk->path))
		return -ENAMETOOLONG;
	memcpy(walk->path, path, walk->len);
	walk->path[walk->len] = '\0';
	r = walk->fn(walk->data, st.st_ino, path);
	return r ? r : walk_below(walk, AT_FDCWD, full);
}

int rs_cgroup_walk(const struct rs_cgroup_tree *tree, rs_cgroup_fn *fn, void *data,
		   struct rs_error *err)
{
	struct walk walk = { .fn = fn, .data = data };
	_cleanup_(rs_cleanup_close) int fd = open(tree->mount, DIRECTORY_FLAGS);

	if (fd < 0)
		return rs_error_set_errno(err, -errno, "reading the control groups at \"%s\"",
					  tree->mount);
	return walk_from(tree, "/", &walk);
}

/* --- one group --- */

/* Opens a group by its number alone. */
static int open_id(int mount, uint64_t id)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(uint64_t)];
	} u = { .handle = { .handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS } };
	int fd;

	memcpy(u.handle.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(mount, &u.handle, O_PATH | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	if (errno == ESTALE)
		return -ENOENT;
	return errno == EINVAL ? -EOPNOTSUPP : -errno;
}

/* Where a descriptor leads. Returns the length. */
static ssize_t read_link(int fd, char *buf, size_t size)
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, buf, size);
	if (n < 0)
		return -errno;
	if ((size_t)n >= size)
		return -ENAMETOOLONG;
	buf[n] = '\0';
	return n;
}

int rs_cgroup_path(const struct rs_cgroup_tree *tree, uint64_t id, char *buf, size_t size)
{
	_cleanup_(rs_cleanup_close) int mount = open(tree->mount, DIRECTORY_FLAGS), fd = -1;
	char top[PATH_BYTES], full[PATH_BYTES + 32];
	const size_t deleted = strlen(DELETED);
	ssize_t top_len, n;
	const char *path;

	if (mount < 0)
		return -errno;
	fd = open_id(mount, id);
	if (fd < 0)
		return fd;
	top_len = read_link(mount, top, sizeof(top));
	if (top_len < 0)
		return (int)top_len;
	n = read_link(fd, full, sizeof(full));
	if (n < 0)
		return (int)n;
	path = full + top_len;
	if (n < top_len || memcmp(full, top, (size_t)top_len) != 0 || (*path && *path != '/'))
		return -ENOENT; /* not below this mount */
	n -= top_len;
	if ((size_t)n > deleted && strcmp(path + n - deleted, DELETED) == 0)
		return -ENOENT;
	if ((size_t)n + 2 > size)
		return -ENAMETOOLONG;
	memcpy(buf, n ? path : "/", n ? (size_t)n + 1 : 2);
	return 0;
}

int rs_cgroup_id(const struct rs_cgroup_tree *tree, const char *path, uint64_t *ret_id)
{
	char full[PATH_BYTES];
	struct stat st;
	int r = full_path(tree, path, full);

	if (r < 0)
		return r;
	if (lstat(full, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOENT;
	*ret_id = st.st_ino;
	return 0;
}

int rs_cgroup_maker(const struct rs_cgroup_tree *tree, const char *path, size_t len,
		    uint32_t *ret_uid)
{
	char own[PATH_BYTES], full[PATH_BYTES];
	struct stat top, st;
	int r;

	if (!len || len >= sizeof(own))
		return -ENAMETOOLONG;
	memcpy(own, path, len);
	own[len] = '\0';
	r = full_path(tree, own, full);
	if (r < 0)
		return r;
	if (stat(tree->mount, &top) < 0 || lstat(full, &st) < 0)
		return -errno;
	if (st.st_uid && st.st_uid != top.st_uid) {
		*strrchr(full, '/') = '\0';
		if (lstat(full, &st) < 0)
			return -errno;
	}
	*ret_uid = st.st_uid == top.st_uid ? 0 : st.st_uid;
	return 0;
}

/* --- processes --- */

struct lowest {
	const struct rs_cgroup_tree *tree;
	uint32_t pid;
	uint32_t wanted; /* better than all others; 0: none */
	unsigned groups;
};

/* The lowest number in a list of lines. 0 is a process that our pid namespace does not have. */
static void see_list(struct lowest *lowest, const char *text)
{
	for (const char *p = text; *p && (!lowest->wanted || lowest->pid != lowest->wanted);) {
		char *end;
		unsigned long pid = strtoul(p, &end, 10);

		if (end == p || *end != '\n') /* cut, or no number */
			break;
		if (pid && pid <= INT32_MAX &&
		    (!lowest->pid || pid < lowest->pid || pid == lowest->wanted))
			lowest->pid = (uint32_t)pid;
		p = end + 1;
	}
}

static int see_processes(void *data, uint64_t id, const char *path)
{
	struct lowest *lowest = data;
	char file[PATH_BYTES + 32], text[16384];

	(void)id;
	if (snprintf(file, sizeof(file), "%s%s/cgroup.procs", lowest->tree->mount, path) >=
	    (int)sizeof(file))
		return 0;
	if (rs_fd_read_buf_at(AT_FDCWD, file, text, sizeof(text)) > 0)
		see_list(lowest, text);
	return ++lowest->groups >= PROCS_GROUPS ||
	       (lowest->wanted && lowest->pid == lowest->wanted);
}

uint32_t rs_cgroup_same_pid(const struct rs_cgroup_tree *tree, const char *path, uint32_t pid)
{
	struct lowest lowest = { .tree = tree, .wanted = pid };
	struct walk walk = { .fn = see_processes, .data = &lowest };

	(void)walk_from(tree, path, &walk);
	return lowest.pid;
}

uint32_t rs_cgroup_first_pid(const struct rs_cgroup_tree *tree, const char *path)
{
	return rs_cgroup_same_pid(tree, path, 0);
}
