/* SPDX-License-Identifier: Apache-2.0 */
/* Flags of system calls on files. The numbers are the kernel's (linux/fcntl.h), not the C library's,
 * which hides some. */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/xattr.h>

#include "event/names-flags.h"

/* open(2). O_SYNC contains O_DSYNC, O_TMPFILE contains O_DIRECTORY. */
static const struct rs_flag open_flags[] = {
	{ O_ACCMODE, O_RDONLY, "O_RDONLY" },
	{ O_ACCMODE, O_WRONLY, "O_WRONLY" },
	{ O_ACCMODE, O_RDWR, "O_RDWR" },
	{ O_CREAT, O_CREAT, "O_CREAT" },
	{ O_EXCL, O_EXCL, "O_EXCL" },
	{ O_TRUNC, O_TRUNC, "O_TRUNC" },
	{ O_APPEND, O_APPEND, "O_APPEND" },
	{ O_TMPFILE, O_TMPFILE, "O_TMPFILE" },
	{ O_TMPFILE, O_DIRECTORY, "O_DIRECTORY" },
	{ O_NOFOLLOW, O_NOFOLLOW, "O_NOFOLLOW" },
	{ O_PATH, O_PATH, "O_PATH" },
	{ O_CLOEXEC, O_CLOEXEC, "O_CLOEXEC" },
	{ O_NONBLOCK, O_NONBLOCK, "O_NONBLOCK" },
	{ O_SYNC, O_SYNC, "O_SYNC" },
	{ O_SYNC, O_DSYNC, "O_DSYNC" },
	{ O_DIRECT, O_DIRECT, "O_DIRECT" },
	{ O_NOATIME, O_NOATIME, "O_NOATIME" },
	{ O_NOCTTY, O_NOCTTY, "O_NOCTTY" },
	{ FASYNC, FASYNC, "O_ASYNC" },
	{ O_LARGEFILE, O_LARGEFILE, "O_LARGEFILE" },
};

static const struct rs_flag rename_flags[] = {
	FLAG(RENAME_NOREPLACE),
	FLAG(RENAME_EXCHANGE),
	FLAG(RENAME_WHITEOUT),
};

static const struct rs_flag mount_flags[] = {
	FLAG(MS_RDONLY),      FLAG(MS_NOSUID),    FLAG(MS_NODEV),       FLAG(MS_NOEXEC),
	FLAG(MS_SYNCHRONOUS), FLAG(MS_REMOUNT),   FLAG(MS_MANDLOCK),    FLAG(MS_DIRSYNC),
	FLAG(MS_NOSYMFOLLOW), FLAG(MS_NOATIME),   FLAG(MS_NODIRATIME),  FLAG(MS_BIND),
	FLAG(MS_MOVE),        FLAG(MS_REC),       FLAG(MS_SILENT),      FLAG(MS_POSIXACL),
	FLAG(MS_UNBINDABLE),  FLAG(MS_PRIVATE),   FLAG(MS_SLAVE),       FLAG(MS_SHARED),
	FLAG(MS_RELATIME),    FLAG(MS_I_VERSION), FLAG(MS_STRICTATIME), FLAG(MS_LAZYTIME),
};

/* umount(2); the kernel has them in no header for programs. */
static const struct rs_flag umount_flags[] = {
	{ 1, 1, "MNT_FORCE" },
	{ 2, 2, "MNT_DETACH" },
	{ 4, 4, "MNT_EXPIRE" },
	{ 8, 8, "UMOUNT_NOFOLLOW" },
};

static const struct rs_flag xattr_flags[] = {
	FLAG(XATTR_CREATE),
	FLAG(XATTR_REPLACE),
};

const struct rs_flags rs_flags_open = FLAGS(open_flags, 0);
const struct rs_flags rs_flags_rename = FLAGS(rename_flags, 0);
/* Old programs put a magic number into the upper half. */
const struct rs_flags rs_flags_mount = FLAGS(mount_flags, MS_MGC_VAL);
const struct rs_flags rs_flags_umount = FLAGS(umount_flags, 0);
const struct rs_flags rs_flags_xattr = FLAGS(xattr_flags, 0);
