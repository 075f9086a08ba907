/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories and files that others made. A path is walked by the kernel below a descriptor that it cannot
 * leave; a file is first only named (O_PATH), for to open a device or a pipe may do things, and opened
 * when it is known to be a regular one of the right owner.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "enrich/metadata-internal.h"

#define ENTRIES_MAX 1024 /* of one directory, however few are asked for */

static int open2(int dir_fd, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC,
				.resolve = resolve | RESOLVE_NO_MAGICLINKS };
	int fd = (int)syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

int rs_metadata_open_below(int root_fd, const char *path, uint64_t flags)
{
	return open2(root_fd, path, O_PATH | flags, RESOLVE_IN_ROOT);
}

void rs_metadata_place_close(struct rs_metadata_place *place)
{
	rs_cleanup_close(&place->fd);
}

static bool is_absence(int r)
{
	return r == -ENOENT || r == -ENOTDIR;
}

static int note(struct rs_metadata_reader *reader, int r, const char *path, const char *below)
{
	if (!reader->problem.code && !is_absence(r))
		rs_error_set_errno(&reader->problem, r, "reading \"%s%s%s\"", path,
				   *below ? "/" : "", below);
	return r;
}

/* File systems whose answers come from processes or machines that may never give them. */
static const unsigned long remote_types[] = {
	FUSE_SUPER_MAGIC, NFS_SUPER_MAGIC,  SMB_SUPER_MAGIC, CIFS_SUPER_MAGIC, SMB2_SUPER_MAGIC,
	V9FS_MAGIC,       CODA_SUPER_MAGIC, AFS_SUPER_MAGIC, AFS_FS_MAGIC,     CEPH_SUPER_MAGIC,
};

bool rs_metadata_is_remote(unsigned long type)
{
	for (size_t i = 0; i < ARRAY_SIZE(remote_types); i++)
		if (remote_types[i] == (type & UINT32_MAX))
			return true;
	return false;
}

/* Root's may be anywhere: users could have us wait. */
int rs_metadata_check_place(const struct rs_metadata_reader *reader, int fd)
{
	struct statfs fs;

	if (!reader->owner)
		return 0;
	if (fstatfs(fd, &fs) < 0)
		return -errno;
	return rs_metadata_is_remote((unsigned long)fs.f_type) ? -EREMOTE : 0;
}

static int open_place(struct rs_metadata_reader *reader, struct rs_metadata_place *place)
{
	_cleanup_(rs_cleanup_close) int fd = rs_metadata_open_below(reader->root_fd, place->path,
								    O_DIRECTORY);
	int r = fd < 0 ? fd : rs_metadata_check_place(reader, fd);

	if (r < 0)
		return note(reader, r, place->path, "");
	place->fd = TAKE_FD(fd);
	return 0;
}

int rs_metadata_place_open(struct rs_metadata_reader *reader, const char *path,
			   struct rs_metadata_place *ret_place)
{
	struct rs_metadata_place place = RS_METADATA_PLACE_INIT;
	int n, r;

	place.of_owner = *path == '~' || *path == '%';
	place.of_root = !place.of_owner;
	if (place.of_owner ? !reader->owner : reader->owner_only)
		return -ENOENT;
	if (*path == '~' && !reader->home[0])
		return -ENOENT;
	if (*path == '~')
		n = snprintf(place.path, sizeof(place.path), "%s%s", reader->home, path + 1);
	else if (*path == '%')
		n = snprintf(place.path, sizeof(place.path), "/run/user/%u%s", reader->owner,
			     path + 1);
	else
		n = snprintf(place.path, sizeof(place.path), "%s", path);
	if (n < 0 || (size_t)n >= sizeof(place.path))
		return -ENAMETOOLONG;
	r = open_place(reader, &place);
	if (r < 0)
		return r;
	*ret_place = place;
	return 0;
}

int rs_metadata_place_open_bundle(struct rs_metadata_reader *reader, const char *path,
				  struct rs_metadata_place *ret_place)
{
	struct rs_metadata_place place = RS_METADATA_PLACE_INIT;
	size_t n = strlen(path);
	int r;

	if (*path != '/' || n >= sizeof(place.path))
		return -ENOENT;
	memcpy(place.path, path, n + 1);
	place.of_owner = true;
	place.of_root = !reader->owner_only;
	r = open_place(reader, &place);
	if (r < 0)
		return r;
	*ret_place = place;
	return 0;
}

static bool owner_fits(const struct rs_metadata_reader *reader,
		       const struct rs_metadata_place *place, uint32_t uid)
{
	if (place->of_root && (uid == 0 || uid == reader->root_uid))
		return true;
	return place->of_owner && uid == reader->owner;
}

int rs_metadata_read_named(int named_fd, size_t max, struct rs_str *out)
{
	_cleanup_(rs_cleanup_close) int fd = -1;
	char link[32];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", named_fd);
	fd = open(link, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : rs_fd_read_all(fd, max, out);
}

static int read_file(struct rs_metadata_reader *reader, const struct rs_metadata_place *place,
		     const char *path, struct rs_str *out)
{
	_cleanup_(rs_cleanup_close) int fd = open2(place->fd, path, O_PATH | O_NOFOLLOW,
						   RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	struct stat st;
	int r = fd < 0 ? fd : rs_metadata_check_place(reader, fd);

	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADMSG;
	if (!owner_fits(reader, place, st.st_uid))
		return -EPERM;
	if (st.st_size > (off_t)RS_METADATA_FILE_MAX)
		return -EFBIG;
	reader->rootless = reader->owner && st.st_uid == reader->owner;
	if (st.st_uid != reader->own_uid)
		reader->file_owner = st.st_uid;
	return rs_metadata_read_named(fd, RS_METADATA_FILE_MAX, out);
}

bool rs_metadata_load(struct rs_metadata_reader *reader, const struct rs_metadata_place *place,
		      const char *path, enum rs_metadata_shape shape, const char *id)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(RS_METADATA_FILE_MAX + 1);
	struct rs_error err = RS_ERROR_INIT;
	int r;

	r = read_file(reader, place, path, &text);
	if (r < 0) {
		note(reader, r, place->path, path);
		return false;
	}
	r = rs_metadata_parse(reader->build, shape, id, text.data ? text.data : "", text.len, &err);
	if (r < 0 && r != -ENOENT && !reader->problem.code) {
		reader->problem = err;
		rs_error_wrap(&reader->problem, "reading \"%s/%s\"", place->path, path);
	}
	return r == 0;
}

void rs_metadata_list(const struct rs_metadata_place *place, const char *path, unsigned max,
		      bool (*fn)(void *data, const char *name), void *data)
{
	int fd = open2(place->fd, path, O_RDONLY | O_DIRECTORY,
		       RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		rs_cleanup_close(&fd);
		return;
	}
	for (unsigned seen = 0; max && seen < ENTRIES_MAX && (entry = readdir(dir)); seen++) {
		if (entry->d_name[0] == '.' ||
		    (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
			continue;
		max--;
		if (fn(data, entry->d_name))
			break;
	}
	closedir(dir);
}
