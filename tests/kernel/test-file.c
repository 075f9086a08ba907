/* SPDX-License-Identifier: Apache-2.0 */
/* The file sensor: every kind, by every system call that makes it, done and refused. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "tests/kernel/lib/check.h"
#include "tests/kernel/lib/sys.h"

/* The file {dir}/f, and its inode number as the fact "ino". */
static const char *some_file(struct scene *scene)
{
	const char *path = in_dir(scene, "f");
	struct stat st;

	write_file(scene, path, "text");
	must(stat(path, &st));
	fact(scene, "ino", "%lu", (unsigned long)st.st_ino);
	return path;
}

static int some_fd(struct scene *scene)
{
	return must(open(some_file(scene), O_RDWR | O_CLOEXEC));
}

static int dir_fd(struct scene *scene)
{
	return must(open(scene->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

/* --- open and create --- */

static void act_open(struct scene *scene)
{
	const char *path = some_file(scene);

	fact(scene, "fd", "%d", must(open(path, O_RDONLY | O_CLOEXEC)));
}

static void act_open_old_call(struct scene *scene)
{
#ifdef SYS_open
	must((int)syscall(SYS_open, some_file(scene), O_RDWR));
#else
	scene_skip(scene, "this architecture has no open(2)");
#endif
}

static void act_open_absent(struct scene *scene)
{
	must_not(open(in_dir(scene, "absent"), O_RDONLY | O_CLOEXEC), ENOENT);
}

static void act_open_denied(struct scene *scene)
{
	const char *path = some_file(scene);

	must(chmod(path, 0600));
	become_nobody(scene);
	must_not(open(path, O_WRONLY | O_APPEND | O_CLOEXEC), EACCES);
}

static void act_openat2(struct scene *scene)
{
	struct open_how how = { .flags = O_RDWR | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS };

	some_file(scene);
	must((int)syscall(SYS_openat2, dir_fd(scene), "f", &how, sizeof(how)));
}

static void act_create(struct scene *scene)
{
	umask(022);
	must(open(in_dir(scene, "new"), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
}

static void act_creat(struct scene *scene)
{
#ifdef SYS_creat
	must((int)syscall(SYS_creat, in_dir(scene, "new"), 0600));
#else
	scene_skip(scene, "this architecture has no creat(2)");
#endif
}

static void act_openat2_create(struct scene *scene)
{
	struct open_how how = { .flags = O_WRONLY | O_CREAT | O_CLOEXEC, .mode = 0644 };

	must((int)syscall(SYS_openat2, AT_FDCWD, in_dir(scene, "new"), &how, sizeof(how)));
}

static void act_create_existing(struct scene *scene)
{
	must(open(some_file(scene), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
}

static void act_create_exists(struct scene *scene)
{
	const char *path = some_file(scene);

	must_not(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644), EEXIST);
}

static void act_tmpfile(struct scene *scene)
{
	if (open(scene->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) >= 0)
		return;
	if (errno == EOPNOTSUPP || errno == EISDIR)
		scene_skip(scene, "the file system of /tmp has no O_TMPFILE");
	scene_fail(scene, "open: %m");
}

/* clang-format off */
static const struct check open_checks[] = {
	{ "open", act_open, {
		{ "open", { IS("file.path", "{dir}/f"), IS("file.name", "f"), IS("file.directory", "{dir}"),
			    IS("file.inode", "{ino}"), IS("file.type", "file"), IS("ringside.fd", "{fd}"),
			    IS("ringside.result", "{fd}"), HAS("ringside.flags", "O_RDONLY"),
			    HAS("ringside.flags", "O_CLOEXEC"), IS("ringside.path.source", "kernel"),
			    IS("event.action", "open"), IS("event.outcome", "success"),
			    HAS("event.category", "file"), HAS("event.type", "access"),
			    IS("process.pid", "{pid}"), IS("user.id", "0"),
			    NONE("ringside.path.deleted"), NONE("ringside.errno") },
		  WANT_ONE } } },
	{ "open: by the old call", act_open_old_call, {
		{ "open", { IS("file.path", "{dir}/f"), HAS("ringside.flags", "O_RDWR"),
			    IS("ringside.syscall", "open") },
		  WANT_ONE } } },
	{ "open: no such file", act_open_absent, {
		{ "open", { IS("file.path", "{dir}/absent"), IS("event.outcome", "failure"),
			    IS("ringside.errno", "ENOENT"), IS("ringside.result", "-2"),
			    IS("ringside.path.source", "argument"), NONE("ringside.fd"),
			    NONE("file.inode") },
		  WANT_ONE } } },
	{ "open: denied", act_open_denied, {
		{ "open", { IS("file.path", "{dir}/f"), IS("event.outcome", "failure"),
			    IS("ringside.errno", "EACCES"), IS("user.id", "65534"),
			    HAS("ringside.flags", "O_WRONLY"), HAS("ringside.flags", "O_APPEND") },
		  WANT_ONE } } },
	{ "open: by openat2", act_openat2, {
		{ "open", { IS("file.path", "{dir}/f"), HAS("ringside.flags", "O_RDWR"),
			    IS("ringside.syscall", "openat2") },
		  WANT_ONE } } },
	{ "create", act_create, {
		{ "create", { IS("file.path", "{dir}/new"), HAS("ringside.flags", "O_CREAT"),
			      IS("file.mode", "0640"), IS("event.action", "creation"),
			      HAS("event.type", "creation"), IS("event.outcome", "success"),
			      IS("ringside.path.source", "kernel") }, WANT_ONE },
		{ "open", { IS("file.path", "{dir}/new") }, WANT_NONE } } },
	{ "create: by creat", act_creat, {
		{ "create", { IS("file.path", "{dir}/new"), HAS("ringside.flags", "O_CREAT"),
			      IS("ringside.syscall", "creat") },
		  WANT_ONE } } },
	{ "create: by openat2", act_openat2_create, {
		{ "create", { IS("file.path", "{dir}/new"), IS("file.mode", "0644") }, WANT_ONE } } },
	{ "open with O_CREAT of a file that is there", act_create_existing, {
		{ "open", { IS("file.path", "{dir}/f"), HAS("ringside.flags", "O_CREAT"),
			    HAS("ringside.flags", "O_TRUNC"), IS("file.inode", "{ino}") },
		  WANT_ONE } } },
	{ "open with O_EXCL of a file that is there", act_create_exists, {
		{ "open", { IS("file.path", "{dir}/f"), IS("ringside.errno", "EEXIST") }, WANT_ONE } } },
	{ "open of a file without a name", act_tmpfile, {
		{ "open", { HAS("file.path", "{dir}/"), HAS("ringside.flags", "O_TMPFILE"),
			    IS("ringside.path.deleted", "true") },
		  WANT_ONE } } },
};
/* clang-format on */

/* --- names that come and go --- */

static void act_unlink(struct scene *scene)
{
	must(unlink(some_file(scene)));
}

static void act_unlink_absent(struct scene *scene)
{
	must_not(unlink(in_dir(scene, "absent")), ENOENT);
}

static void act_unlink_denied(struct scene *scene)
{
	const char *path = some_file(scene);

	must(chmod(scene->dir, 0755));
	become_nobody(scene);
	must_not(unlink(path), EACCES);
}

static void act_unlinkat(struct scene *scene)
{
	some_file(scene);
	must(unlinkat(dir_fd(scene), "f", 0));
}

static void act_rmdir(struct scene *scene)
{
	must(mkdir(in_dir(scene, "d"), 0700));
	must(rmdir(in_dir(scene, "d")));
}

static void act_unlinkat_dir(struct scene *scene)
{
	must(mkdir(in_dir(scene, "d"), 0700));
	must(unlinkat(dir_fd(scene), "d", AT_REMOVEDIR));
}

static void act_rmdir_full(struct scene *scene)
{
	some_file(scene);
	must_not(rmdir(scene->dir), ENOTEMPTY);
}

static void act_rename(struct scene *scene)
{
	must(rename(some_file(scene), in_dir(scene, "g")));
}

static void act_rename_over(struct scene *scene)
{
	write_file(scene, in_dir(scene, "old"), "old");
	must(renameat(dir_fd(scene), "old", AT_FDCWD, some_file(scene)));
}

static void act_rename_exists(struct scene *scene)
{
	const char *path = some_file(scene);

	write_file(scene, in_dir(scene, "g"), "g");
	must_not((int)syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, in_dir(scene, "g"),
			      RENAME_NOREPLACE),
		 EEXIST);
}

static void act_exchange(struct scene *scene)
{
	const char *path = some_file(scene);

	write_file(scene, in_dir(scene, "g"), "g");
	must((int)syscall(SYS_renameat2, AT_FDCWD, path, dir_fd(scene), "g", RENAME_EXCHANGE));
}

static void act_link(struct scene *scene)
{
	must(link(some_file(scene), in_dir(scene, "second")));
}

static void act_link_fd(struct scene *scene)
{
	must(linkat(some_fd(scene), "", dir_fd(scene), "second", AT_EMPTY_PATH));
}

static void act_symlink(struct scene *scene)
{
	must(symlink("../some where", in_dir(scene, "s")));
}

static void act_symlinkat(struct scene *scene)
{
	must(symlinkat("content", dir_fd(scene), "s"));
}

static void act_mkfifo(struct scene *scene)
{
	must(chdir(scene->dir));
	must(syscall(SYS_mknodat, AT_FDCWD, "fifo", S_IFIFO | 0600, 0));
}

static void act_mkdir(struct scene *scene)
{
	must(mkdir(in_dir(scene, "d"), 0711));
}

static void act_mkdirat_exists(struct scene *scene)
{
	some_file(scene);
	must_not(mkdirat(dir_fd(scene), "f", 0755), EEXIST);
}

/* clang-format off */
static const struct check name_checks[] = {
	{ "unlink", act_unlink, {
		{ "unlink", { IS("file.path", "{dir}/f"), IS("event.action", "deletion"),
			      HAS("event.type", "deletion"), IS("event.outcome", "success"),
			      IS("process.pid", "{pid}"), SOME("ringside.path.source") },
		  WANT_ONE } } },
	{ "unlink: no such file", act_unlink_absent, {
		{ "unlink", { IS("file.path", "{dir}/absent"), IS("ringside.errno", "ENOENT"),
			      IS("event.outcome", "failure") },
		  WANT_ONE } } },
	{ "unlink: denied", act_unlink_denied, {
		{ "unlink", { IS("file.path", "{dir}/f"), IS("ringside.errno", "EACCES"),
			      IS("user.id", "65534") },
		  WANT_ONE } } },
	{ "unlinkat", act_unlinkat, {
		{ "unlink", { IS("file.path", "{dir}/f"), IS("event.outcome", "success"),
			      IS("ringside.syscall", "unlinkat") },
		  WANT_ONE } } },
	{ "rmdir", act_rmdir, {
		{ "rmdir", { IS("file.path", "{dir}/d"), IS("file.type", "dir"),
			     IS("event.action", "deletion"), IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "unlinkat of a directory", act_unlinkat_dir, {
		{ "rmdir", { IS("file.path", "{dir}/d"), IS("event.outcome", "success"),
			     IS("ringside.syscall", "unlinkat") }, WANT_ONE },
		{ "unlink", { IS("file.path", "{dir}/d") }, WANT_NONE } } },
	{ "rmdir: not empty", act_rmdir_full, {
		{ "rmdir", { IS("file.path", "{dir}"), IS("ringside.errno", "ENOTEMPTY") }, WANT_ONE } } },
	{ "rename", act_rename, {
		{ "rename", { IS("file.path", "{dir}/g"), IS("file.Ext.original.path", "{dir}/f"),
			      IS("file.Ext.original.name", "f"), IS("event.action", "rename"),
			      HAS("event.type", "change"), IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "rename over another file, by descriptor", act_rename_over, {
		{ "rename", { IS("file.path", "{dir}/f"), IS("file.Ext.original.path", "{dir}/old"),
			      IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "rename: target exists", act_rename_exists, {
		{ "rename", { IS("file.path", "{dir}/g"), IS("file.Ext.original.path", "{dir}/f"),
			      IS("ringside.errno", "EEXIST"), HAS("ringside.flags", "RENAME_NOREPLACE") },
		  WANT_ONE } } },
	{ "rename: exchange", act_exchange, {
		{ "rename", { IS("file.path", "{dir}/g"), IS("file.Ext.original.path", "{dir}/f"),
			      HAS("ringside.flags", "RENAME_EXCHANGE"), IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "link", act_link, {
		{ "link", { IS("file.path", "{dir}/second"), IS("file.target_path", "{dir}/f"),
			    IS("event.action", "creation"), IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "link of an open file", act_link_fd, {
		{ "link", { IS("file.path", "{dir}/second"), IS("file.target_path", "{dir}/f"),
			    IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "symlink", act_symlink, {
		{ "symlink", { IS("file.path", "{dir}/s"), IS("file.target_path", "../some where"),
			       IS("file.type", "symlink"), IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "symlinkat", act_symlinkat, {
		{ "symlink", { IS("file.path", "{dir}/s"), IS("file.target_path", "content") },
		  WANT_ONE } } },
	{ "mknod: a fifo", act_mkfifo, {
		{ "create", { IS("file.path", "{dir}/fifo"), IS("ringside.syscall", "mknodat"),
			      IS("event.action", "creation"), IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "mkdir", act_mkdir, {
		{ "mkdir", { IS("file.path", "{dir}/d"), IS("file.mode", "0711"),
			     IS("file.type", "dir"), IS("event.action", "creation"),
			     IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "mkdirat: exists", act_mkdirat_exists, {
		{ "mkdir", { IS("file.path", "{dir}/f"), IS("ringside.errno", "EEXIST") }, WANT_ONE } } },
};
/* clang-format on */

/* --- what is known of a file --- */

static void act_chmod(struct scene *scene)
{
	must(chmod(some_file(scene), 04755));
}

static void act_fchmod(struct scene *scene)
{
	must(fchmod(some_fd(scene), 0600));
}

static void act_fchmodat(struct scene *scene)
{
	some_file(scene);
	must(fchmodat(dir_fd(scene), "f", 0, 0));
}

static void act_chmod_denied(struct scene *scene)
{
	const char *path = some_file(scene);

	become_nobody(scene);
	must_not(chmod(path, 0777), EPERM);
}

static void act_chown(struct scene *scene)
{
	must(chown(some_file(scene), 65534, 65533));
}

static void act_fchown(struct scene *scene)
{
	must(fchown(some_fd(scene), (uid_t)-1, 65534));
}

static void act_lchown(struct scene *scene)
{
	must(symlink("nowhere", in_dir(scene, "s")));
	must(lchown(in_dir(scene, "s"), 65534, (gid_t)-1));
}

static void act_fchownat_empty(struct scene *scene)
{
	must(fchownat(some_fd(scene), "", 65534, 65534, AT_EMPTY_PATH));
}

static void act_chown_denied(struct scene *scene)
{
	const char *path = some_file(scene);

	become_nobody(scene);
	must_not(chown(path, 65534, 65534), EPERM);
}

static void act_truncate(struct scene *scene)
{
	must(truncate(some_file(scene), 12345));
}

static void act_ftruncate(struct scene *scene)
{
	must(ftruncate(some_fd(scene), 5000000000));
}

static void act_truncate_absent(struct scene *scene)
{
	must_not(truncate(in_dir(scene, "absent"), 1), ENOENT);
}

static void no_xattr(struct scene *scene)
{
	if (errno == EOPNOTSUPP)
		scene_skip(scene, "the file system of /tmp has no such attributes");
	scene_fail(scene, "setxattr: %m");
}

static void act_setxattr(struct scene *scene)
{
	if (setxattr(some_file(scene), "trusted.mark", "v", 1, XATTR_CREATE))
		no_xattr(scene);
}

static void act_fsetxattr(struct scene *scene)
{
	if (fsetxattr(some_fd(scene), "trusted.mark", "v", 1, 0))
		no_xattr(scene);
}

static void act_lsetxattr(struct scene *scene)
{
	must(symlink("nowhere", in_dir(scene, "s")));
	if (lsetxattr(in_dir(scene, "s"), "trusted.mark", "v", 1, 0))
		no_xattr(scene);
}

static void act_setxattr_denied(struct scene *scene)
{
	const char *path = some_file(scene);

	become_nobody(scene);
	if (setxattr(path, "trusted.mark", "v", 1, 0) == 0 || errno != EPERM)
		no_xattr(scene);
}

/* clang-format off */
static const struct check change_checks[] = {
	{ "chmod", act_chmod, {
		{ "chmod", { IS("file.path", "{dir}/f"), IS("file.mode", "4755"),
			     IS("event.action", "modification"), HAS("event.type", "change"),
			     IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "fchmod", act_fchmod, {
		{ "chmod", { IS("file.path", "{dir}/f"), IS("file.mode", "0600"),
			     IS("file.inode", "{ino}"), IS("ringside.path.source", "kernel") },
		  WANT_ONE } } },
	{ "fchmodat, no permission for anybody", act_fchmodat, {
		{ "chmod", { IS("file.path", "{dir}/f"), IS("file.mode", "0000"),
			     IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "chmod: denied", act_chmod_denied, {
		{ "chmod", { IS("file.path", "{dir}/f"), IS("ringside.errno", "EPERM"),
			     IS("file.mode", "0777"), IS("user.id", "65534") },
		  WANT_ONE } } },
	{ "chown", act_chown, {
		{ "chown", { IS("file.path", "{dir}/f"), IS("file.uid", "65534"),
			     IS("file.gid", "65533"), IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "fchown, owner kept", act_fchown, {
		{ "chown", { IS("file.path", "{dir}/f"), NONE("file.uid"), IS("file.gid", "65534"),
			     IS("file.inode", "{ino}"), IS("ringside.path.source", "kernel") },
		  WANT_ONE } } },
	{ "lchown", act_lchown, {
		{ "chown", { IS("file.path", "{dir}/s"), IS("file.uid", "65534"), NONE("file.gid"),
			     IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "fchownat of a descriptor", act_fchownat_empty, {
		{ "chown", { IS("file.path", "{dir}/f"), IS("file.uid", "65534"),
			     IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "chown: denied", act_chown_denied, {
		{ "chown", { IS("file.path", "{dir}/f"), IS("ringside.errno", "EPERM") }, WANT_ONE } } },
	{ "truncate", act_truncate, {
		{ "truncate", { IS("file.path", "{dir}/f"), IS("file.size", "12345"),
				IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "ftruncate", act_ftruncate, {
		{ "truncate", { IS("file.path", "{dir}/f"), IS("file.size", "5000000000"),
				IS("file.inode", "{ino}"), IS("ringside.path.source", "kernel") },
		  WANT_ONE } } },
	{ "truncate: no such file", act_truncate_absent, {
		{ "truncate", { IS("file.path", "{dir}/absent"), IS("ringside.errno", "ENOENT") },
		  WANT_ONE } } },
	{ "setxattr", act_setxattr, {
		{ "setxattr", { IS("file.path", "{dir}/f"), IS("ringside.xattr.name", "trusted.mark"),
				HAS("ringside.flags", "XATTR_CREATE"), IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "fsetxattr", act_fsetxattr, {
		{ "setxattr", { IS("file.path", "{dir}/f"), IS("ringside.xattr.name", "trusted.mark"),
				IS("ringside.path.source", "kernel") },
		  WANT_ONE } } },
	{ "lsetxattr", act_lsetxattr, {
		{ "setxattr", { IS("file.path", "{dir}/s"), IS("ringside.xattr.name", "trusted.mark") },
		  WANT_ONE } } },
	{ "setxattr: denied", act_setxattr_denied, {
		{ "setxattr", { IS("file.path", "{dir}/f"), IS("ringside.errno", "EPERM") },
		  WANT_ONE } } },
};
/* clang-format on */

/* --- mounts --- */

static void act_mount(struct scene *scene)
{
	private_mounts(scene);
	must(mkdir(in_dir(scene, "mnt"), 0755));
	must(mount("some source", in_dir(scene, "mnt"), "tmpfs", MS_NOSUID | MS_NODEV, "size=64k"));
	must(umount2(in_dir(scene, "mnt"), MNT_DETACH));
}

static void act_bind_mount(struct scene *scene)
{
	private_mounts(scene);
	must(mkdir(in_dir(scene, "from"), 0755));
	must(mkdir(in_dir(scene, "mnt"), 0755));
	must(mount(in_dir(scene, "from"), in_dir(scene, "mnt"), NULL, MS_BIND, NULL));
	must(umount(in_dir(scene, "mnt")));
}

/* What mount(8) does since util-linux 2.39: a file system first, a place for it afterwards. */
static void act_move_mount(struct scene *scene)
{
	int fs, mnt;

	private_mounts(scene);
	must(mkdir(in_dir(scene, "mnt"), 0755));
	fs = must(syscall(SYS_fsopen, "tmpfs", 0));
	must(syscall(SYS_fsconfig, fs, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0));
	mnt = must(syscall(SYS_fsmount, fs, 0, 0));
	must(syscall(SYS_move_mount, mnt, "", AT_FDCWD, in_dir(scene, "mnt"),
		     4 /* MOVE_MOUNT_F_EMPTY_PATH */));
	must(umount2(in_dir(scene, "mnt"), MNT_DETACH));
}

static void act_mount_failed(struct scene *scene)
{
	private_mounts(scene);
	must_not(mount("none", scene->dir, "nosuchfs", 0, NULL), ENODEV);
	must_not(umount(scene->dir), EINVAL);
}

/* clang-format off */
static const struct check mount_checks[] = {
	{ "mount and umount", act_mount, {
		{ "mount", { IS("file.path", "{dir}/mnt"), IS("ringside.mount.source", "some source"),
			     IS("ringside.mount.type", "tmpfs"), HAS("ringside.flags", "MS_NOSUID"),
			     IS("event.action", "mount"), IS("event.outcome", "success") }, WANT_ONE },
		{ "umount", { IS("file.path", "{dir}/mnt"), HAS("ringside.flags", "MNT_DETACH"),
			      IS("event.action", "umount"), IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "bind mount", act_bind_mount, {
		{ "mount", { IS("file.path", "{dir}/mnt"), IS("ringside.mount.source", "{dir}/from"),
			     HAS("ringside.flags", "MS_BIND"), IS("event.outcome", "success") }, WANT_ONE },
		{ "umount", { IS("file.path", "{dir}/mnt"), IS("event.outcome", "success") }, WANT_ONE } } },
	{ "move_mount", act_move_mount, {
		{ "mount", { IS("file.path", "{dir}/mnt"), IS("ringside.syscall", "move_mount"),
			     IS("event.outcome", "success") }, WANT_ONE } } },
	{ "mount: no such file system", act_mount_failed, {
		{ "mount", { IS("file.path", "{dir}"), IS("ringside.mount.type", "nosuchfs"),
			     IS("ringside.errno", "ENODEV"), IS("event.outcome", "failure") }, WANT_ONE },
		{ "umount", { IS("file.path", "{dir}"), IS("ringside.errno", "EINVAL") }, WANT_ONE } } },
};
/* clang-format on */

/* --- system calls of 32-bit programs, which 64-bit ones can make as well --- */

#ifdef __x86_64__
#define I386_MKDIR 39

static void mkdir_as_i386(struct scene *scene)
{
	char *path = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long result;

	if (path == MAP_FAILED)
		_exit(2);
	strcpy(path, in_dir(scene, "d"));
	asm volatile("int $0x80"
		     : "=a"(result)
		     : "a"(I386_MKDIR), "b"(path), "c"(0750L)
		     : "memory", "cc", "r8", "r9", "r10", "r11");
	_exit(result != 0);
}
#else
static void mkdir_as_i386(struct scene *scene)
{
	(void)scene;
	_exit(2);
}
#endif

static void act_compat(struct scene *scene)
{
	if (in_child(scene, "child", mkdir_as_i386))
		scene_skip(scene, "this kernel runs no 32-bit programs");
}

/* clang-format off */
static const struct check compat_checks[] = {
	{ "by a 32-bit system call", act_compat, {
		{ "mkdir", { IS("process.pid", "{child}"), IS("file.path", "{dir}/d"),
			     IS("file.mode", "0750"), IS("ringside.compat", "true"),
			     IS("ringside.syscall", "mkdir") },
		  WANT_ONE } } },
};
/* clang-format on */

int main(void)
{
	struct agent agent = AGENT_INIT;
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	agent_start(&agent, (const char *[]){ "--pid", pid, "--kinds", "file,exit", NULL });
	check_all(&agent, open_checks, ARRAY_SIZE(open_checks));
	check_all(&agent, name_checks, ARRAY_SIZE(name_checks));
	check_all(&agent, change_checks, ARRAY_SIZE(change_checks));
	check_all(&agent, mount_checks, ARRAY_SIZE(mount_checks));
	tap_todo(
		"the kernel's tracepoints of single system calls leave out those of 32-bit programs");
	check_all(&agent, compat_checks, ARRAY_SIZE(compat_checks));
	tap_todo(NULL);
	check_end(&agent);
	return tap_done();
}
