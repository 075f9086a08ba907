/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of files, as hard as they get: where a name starts from, what it crosses, how long it is. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "tests/kernel/lib/check.h"
#include "tests/kernel/lib/sys.h"

static void make_file(struct scene *scene, const char *path)
{
	close(must(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644)));
}

static void enter(struct scene *scene, const char *name)
{
	must(mkdir(name, 0755));
	must(chdir(name));
}

/* A name made in the working directory and removed again: an open file, and a bare name. */
static void make_and_remove(struct scene *scene, const char *name)
{
	make_file(scene, name);
	must(unlink(name));
}

static void act_relative(struct scene *scene)
{
	must(chdir(scene->dir));
	enter(scene, "a");
	enter(scene, "b");
	make_and_remove(scene, "c");
}

static void act_dotted(struct scene *scene)
{
	must(chdir(scene->dir));
	enter(scene, "a");
	enter(scene, "b");
	make_and_remove(scene, ".././/../c");
}

static void act_above_root(struct scene *scene)
{
	char path[256];

	snprintf(path, sizeof(path), "/../..%s/c", scene->dir);
	make_and_remove(scene, path);
}

static void act_dots_inside(struct scene *scene)
{
	must(mkdir(in_dir(scene, "a"), 0755));
	make_and_remove(scene, in_dir(scene, "a/../c"));
}

static void act_dirfd(struct scene *scene)
{
	int dir;

	must(mkdir(in_dir(scene, "a"), 0755));
	dir = must(open(in_dir(scene, "a"), O_PATH | O_DIRECTORY | O_CLOEXEC));
	must(chdir("/"));
	must(openat(dir, "c", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	must(renameat(dir, "c", dir, "../d"));
	must(unlinkat(dir, "../d", 0));
}

static void act_symlinked(struct scene *scene)
{
	must(mkdir(in_dir(scene, "real"), 0755));
	must(symlink("real", in_dir(scene, "way")));
	make_file(scene, in_dir(scene, "way/c"));
	must(chdir(in_dir(scene, "way")));
	must(unlink("c"));
}

static void act_hard_link(struct scene *scene)
{
	write_file(scene, in_dir(scene, "one"), "");
	must(link(in_dir(scene, "one"), in_dir(scene, "two")));
	must(open(in_dir(scene, "two"), O_RDWR | O_CLOEXEC));
	must(unlink(in_dir(scene, "one")));
	must(open(in_dir(scene, "two"), O_RDONLY | O_CLOEXEC));
}

static void act_proc_fd(struct scene *scene)
{
	char path[64];
	int fd;

	write_file(scene, in_dir(scene, "c"), "");
	fd = must(open(in_dir(scene, "c"), O_PATH | O_CLOEXEC));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	must(open(path, O_RDWR | O_CLOEXEC));
}

static void act_chroot(struct scene *scene)
{
	must(mkdir(in_dir(scene, "jail"), 0755));
	must(chroot(in_dir(scene, "jail")));
	must(chdir("/"));
	make_and_remove(scene, "/c");
	must_not(open("/absent", O_RDONLY | O_CLOEXEC), ENOENT);
}

static void act_chroot_above(struct scene *scene)
{
	must(mkdir(in_dir(scene, "jail"), 0755));
	must(mkdir(in_dir(scene, "jail/sub"), 0755));
	must(chroot(in_dir(scene, "jail")));
	must(chdir("/sub"));
	make_and_remove(scene, "../../../d");
}

static void act_mount_namespace(struct scene *scene)
{
	private_mounts(scene);
	must(mkdir(in_dir(scene, "mnt"), 0755));
	must(mount("tmpfs", in_dir(scene, "mnt"), "tmpfs", 0, NULL));
	must(mkdir(in_dir(scene, "mnt/sub"), 0755));
	make_and_remove(scene, in_dir(scene, "mnt/sub/c"));
	must(chdir(in_dir(scene, "mnt/sub")));
	make_and_remove(scene, "d");
}

static void act_bind(struct scene *scene)
{
	private_mounts(scene);
	must(mkdir(in_dir(scene, "from"), 0755));
	must(mkdir(in_dir(scene, "from/deep"), 0755));
	must(mkdir(in_dir(scene, "to"), 0755));
	must(mount(in_dir(scene, "from/deep"), in_dir(scene, "to"), NULL, MS_BIND, NULL));
	must(chdir(in_dir(scene, "to")));
	make_and_remove(scene, "c");
}

static void act_lazily_unmounted(struct scene *scene)
{
	private_mounts(scene);
	must(mkdir(in_dir(scene, "mnt"), 0755));
	must(mount("tmpfs", in_dir(scene, "mnt"), "tmpfs", 0, NULL));
	must(chdir(in_dir(scene, "mnt")));
	enter(scene, "sub");
	must(umount2(in_dir(scene, "mnt"), MNT_DETACH));
	make_and_remove(scene, "c");
}

static void act_overlay(struct scene *scene)
{
	char options[400];

	private_mounts(scene);
	must(mount("tmpfs", scene->dir, "tmpfs", 0, NULL));
	must(mkdir(in_dir(scene, "lower"), 0755));
	must(mkdir(in_dir(scene, "upper"), 0755));
	must(mkdir(in_dir(scene, "work"), 0755));
	must(mkdir(in_dir(scene, "merged"), 0755));
	write_file(scene, in_dir(scene, "lower/c"), "c");
	snprintf(options, sizeof(options), "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work",
		 scene->dir, scene->dir, scene->dir);
	if (mount("overlay", in_dir(scene, "merged"), "overlay", 0, options))
		scene_skip(scene, "overlayfs: %m");
	must(chdir(in_dir(scene, "merged")));
	must(open("c", O_RDONLY | O_CLOEXEC));
	must(open("c", O_RDWR | O_CLOEXEC)); /* copied up */
	must(rename("c", "d"));
	must(unlink("d"));
}

static void act_deleted_file(struct scene *scene)
{
	int fd = must(open(in_dir(scene, "c"), O_RDWR | O_CREAT | O_CLOEXEC, 0644));

	must(unlink(in_dir(scene, "c")));
	must(ftruncate(fd, 3));
}

static void act_deleted_dir(struct scene *scene)
{
	must(chdir(scene->dir));
	enter(scene, "gone");
	must(rmdir(in_dir(scene, "gone")));
	must_not(open("c", O_WRONLY | O_CREAT | O_CLOEXEC, 0644), ENOENT);
}

static void act_fault(struct scene *scene)
{
	must_not(unlink((const char *)8), EFAULT);
}

/* Below {dir}: directories of 255 letters each, down to `depth`. The path is the fact "long". */
static void descend(struct scene *scene, unsigned depth)
{
	static char path[16384];
	char name[256];
	int n = snprintf(path, sizeof(path), "%s", scene->dir);

	must(chdir(scene->dir));
	for (unsigned i = 0; i < depth; i++) {
		memset(name, 'a' + (int)(i % 26), 255);
		name[255] = '\0';
		enter(scene, name);
		n += snprintf(path + n, sizeof(path) - (size_t)n, "/%s", name);
	}
	fact(scene, "long", "%s", path);
}

static void act_long(struct scene *scene)
{
	descend(scene, 15);
	make_and_remove(scene, "c");
}

static void act_longer_than_a_page(struct scene *scene)
{
	descend(scene, 20);
	make_and_remove(scene, "the leaf");
}

static void act_deep(struct scene *scene)
{
	must(chdir(scene->dir));
	for (unsigned i = 0; i < 200; i++)
		enter(scene, "d");
	make_and_remove(scene, "the leaf");
}

static void act_long_argument(struct scene *scene)
{
	static char path[4096];
	size_t n;

	must(chdir(scene->dir));
	must(mkdir("c", 0755));
	for (n = 0; n < 4086; n += 2)
		memcpy(path + n, "./", 2);
	strcpy(path + n, "c/leaf");
	make_and_remove(scene, path);
}

static void act_bytes(struct scene *scene)
{
	must(chdir(scene->dir));
	make_and_remove(scene, "x\xff\xfe.txt");
}

static void act_control(struct scene *scene)
{
	must(chdir(scene->dir));
	make_and_remove(scene, "a\n\"b\\\x1b[31m\t");
}

/* clang-format off */
static const struct check start_checks[] = {
	{ "relative to the working directory", act_relative, {
		{ "create", { IS("file.path", "{dir}/a/b/c") }, WANT_ONE },
		{ "unlink", { IS("file.path", "{dir}/a/b/c"), IS("event.outcome", "success") },
		  WANT_ONE } } },
	{ "up and down again", act_dotted, {
		{ "create", { IS("file.path", "{dir}/c") }, WANT_ONE },
		{ "unlink", { IS("file.path", "{dir}/c") }, WANT_ONE } } },
	{ "above the root", act_above_root, {
		{ "create", { IS("file.path", "{dir}/c") }, WANT_ONE },
		{ "unlink", { IS("file.path", "{dir}/c") }, WANT_ONE } } },
	{ ".. behind a name stays unless the kernel says what it meant", act_dots_inside, {
		{ "create", { IS("file.path", "{dir}/c"), IS("ringside.path.source", "kernel") },
		  WANT_ONE },
		{ "unlink", { HAS("file.path", "{dir}/"), IS("file.name", "c") }, WANT_ONE } } },
	{ "relative to a directory descriptor", act_dirfd, {
		{ "create", { IS("file.path", "{dir}/a/c") }, WANT_ONE },
		{ "rename", { IS("file.path", "{dir}/d"), IS("file.Ext.original.path", "{dir}/a/c") },
		  WANT_ONE },
		{ "unlink", { IS("file.path", "{dir}/d") }, WANT_ONE } } },
	{ "through a symbolic link to a directory", act_symlinked, {
		{ "create", { IS("file.path", "{dir}/real/c"), IS("ringside.path.source", "kernel") },
		  WANT_ONE },
		{ "unlink", { IS("file.path", "{dir}/real/c") }, WANT_ONE } } },
	{ "a file with two names", act_hard_link, {
		{ "open", { IS("file.path", "{dir}/two"), HAS("ringside.flags", "O_RDWR") }, WANT_ONE },
		{ "open", { IS("file.path", "{dir}/two"), HAS("ringside.flags", "O_RDONLY"),
			    NONE("ringside.path.deleted") }, WANT_ONE } } },
	{ "through /proc/self/fd", act_proc_fd, {
		{ "open", { IS("file.path", "{dir}/c"), HAS("ringside.flags", "O_RDWR") }, WANT_ONE } } },
};
/* clang-format on */

/* clang-format off */
static const struct check place_checks[] = {
	{ "in a chroot", act_chroot, {
		{ "create", { IS("file.path", "{dir}/jail/c") }, WANT_ONE },
		{ "unlink", { IS("file.path", "{dir}/jail/c"), IS("event.outcome", "success") },
		  WANT_ONE },
		{ "open", { IS("file.path", "{dir}/jail/absent"), IS("ringside.errno", "ENOENT") },
		  WANT_ONE } } },
	{ "in a chroot, above its root", act_chroot_above, {
		{ "create", { IS("file.path", "{dir}/jail/d") }, WANT_ONE },
		{ "unlink", { IS("file.path", "{dir}/jail/d") }, WANT_ONE } } },
	{ "in a mount namespace of its own", act_mount_namespace, {
		{ "create", { IS("file.path", "{dir}/mnt/sub/c") }, WANT_ONE },
		{ "unlink", { IS("file.path", "{dir}/mnt/sub/c") }, WANT_ONE },
		{ "create", { IS("file.path", "{dir}/mnt/sub/d") }, WANT_ONE },
		{ "unlink", { IS("file.path", "{dir}/mnt/sub/d") }, WANT_ONE } } },
	{ "below a bind mount", act_bind, {
		{ "create", { IS("file.path", "{dir}/to/c") }, WANT_ONE },
		{ "unlink", { IS("file.path", "{dir}/to/c") }, WANT_ONE } } },
	{ "below a mount that is in no tree any more", act_lazily_unmounted, {
		{ "create", { IS("file.path", "/sub/c"), IS("ringside.path.detached", "true") },
		  WANT_ONE },
		{ "unlink", { IS("file.path", "/sub/c"), IS("ringside.path.detached", "true") },
		  WANT_ONE } } },
	{ "on overlayfs", act_overlay, {
		{ "open", { IS("file.path", "{dir}/merged/c"), HAS("ringside.flags", "O_RDONLY") },
		  WANT_ONE },
		{ "open", { IS("file.path", "{dir}/merged/c"), HAS("ringside.flags", "O_RDWR") },
		  WANT_ONE },
		{ "rename", { IS("file.path", "{dir}/merged/d"),
			      IS("file.Ext.original.path", "{dir}/merged/c") }, WANT_ONE },
		{ "unlink", { IS("file.path", "{dir}/merged/d") }, WANT_ONE } } },
	{ "a deleted file", act_deleted_file, {
		{ "truncate", { IS("file.path", "{dir}/c"), IS("ringside.path.deleted", "true") },
		  WANT_ONE } } },
	{ "in a deleted directory", act_deleted_dir, {
		{ "open", { IS("file.path", "{dir}/gone/c"), IS("ringside.errno", "ENOENT"),
			    IS("ringside.path.deleted", "true") },
		  WANT_ONE } } },
	{ "a name that cannot be read", act_fault, {
		{ "unlink", { IS("ringside.errno", "EFAULT"), HAS("ringside.unreadable", "path.argument") },
		  WANT_ONE } } },
};
/* clang-format on */

/* clang-format off */
static const struct check name_checks[] = {
	{ "names of 255 bytes, whole up to 4096 bytes", act_long, {
		{ "create", { IS("file.path", "{long}/c"), NONE("ringside.truncated") }, WANT_ONE },
		{ "unlink", { IS("file.path", "{long}/c"), NONE("ringside.truncated") }, WANT_ONE } } },
	{ "longer than a page: the beginning is cut", act_longer_than_a_page, {
		{ "create", { HAS("file.path", ".../"), IS("file.name", "the leaf"),
			      HAS("ringside.truncated", "path") }, WANT_ONE },
		{ "unlink", { HAS("file.path", ".../"), IS("file.name", "the leaf"),
			      SOME("ringside.truncated") }, WANT_ONE } } },
	{ "200 directories deep", act_deep, {
		{ "create", { HAS("file.path", "/d/d/d/the leaf") }, WANT_ONE },
		{ "unlink", { HAS("file.path", "/d/d/d/the leaf") }, WANT_ONE } } },
	{ "an argument of 4 KiB", act_long_argument, {
		{ "create", { IS("file.path", "{dir}/c/leaf") }, WANT_ONE },
		{ "unlink", { IS("file.path", "{dir}/c/leaf") }, WANT_ONE } } },
	{ "a name that is not UTF-8", act_bytes, {
		{ "create", { IS("file.path", "{dir}/x\xef\xbf\xbd\xef\xbf\xbd.txt"),
			      HAS("ringside.path.bytes", "2f78fffe2e747874") }, WANT_ONE },
		{ "unlink", { IS("file.path", "{dir}/x\xef\xbf\xbd\xef\xbf\xbd.txt"),
			      HAS("ringside.path.bytes", "2f78fffe2e747874") }, WANT_ONE } } },
	{ "control characters, quotes and backslashes", act_control, {
		{ "create", { IS("file.path", "{dir}/a\n\"b\\\x1b[31m\t") }, WANT_ONE },
		{ "unlink", { IS("file.path", "{dir}/a\n\"b\\\x1b[31m\t") }, WANT_ONE } } },
};
/* clang-format on */

int main(void)
{
	struct agent agent = AGENT_INIT;
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	agent_start(&agent, (const char *[]){ "--pid", pid, "--kinds", "file,exit", NULL });
	check_all(&agent, start_checks, ARRAY_SIZE(start_checks));
	check_all(&agent, place_checks, ARRAY_SIZE(place_checks));
	check_all(&agent, name_checks, ARRAY_SIZE(name_checks));
	check_end(&agent);
	return tap_done();
}
