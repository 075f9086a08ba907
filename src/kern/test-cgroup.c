/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test-scratch.h"
/* keep order: cmocka needs what that includes */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "kern/cgroup-private.h"

/* --- which hierarchy --- */

static void put(const char *path, const char *text)
{
	char dir[256];

	snprintf(dir, sizeof(dir), "%s", path);
	*strrchr(dir, '/') = '\0';
	assert_int_equal(rs_fd_mkdir_p(dir, 0755, NULL), 0);
	assert_int_equal(rs_fd_replace_file(path, text, strlen(text), 0644, NULL), 0);
}

/* Mounts whose place says "covered" are not what their line says. */
static bool usable(const char *point, bool v2)
{
	(void)v2;
	return !strstr(point, "covered");
}

static struct rs_cgroup_tree choose(void)
{
	struct rs_cgroup_tree tree;
	struct rs_error err = RS_ERROR_INIT;

	assert_int_equal(rs_cgroup_choose_from("proc", usable, &tree, &err), 0);
	assert_int_equal(tree.v1, 0);
	return tree;
}

#define V2_PURE                                                                                    \
	"22 1 0:21 / /sys rw - sysfs sysfs rw\n"                                                   \
	"30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
#define V1                                                                                         \
	"31 22 0:27 / /cg/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"                      \
	"32 22 0:28 / /cg/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"                         \
	"33 22 0:29 / /cg/memory rw - cgroup cgroup rw,memory\n"
#define V1_PIDS "34 22 0:30 / /cg/pids rw - cgroup cgroup rw,pids\n"
#define UNIFIED "30 22 0:26 / /cg/unified rw - cgroup2 cgroup2 rw\n"

static void test_choose_pure(void **state)
{
	struct rs_cgroup_tree tree;
	struct rs_error err = RS_ERROR_INIT;

	(void)state;
	assert_int_equal(rs_cgroup_choose_from("proc", usable, &tree, &err), -ENOENT);
	put("proc/self/mountinfo", "22 1 0:21 / /sys rw - sysfs sysfs rw\n");
	assert_int_equal(rs_cgroup_choose_from("proc", usable, &tree, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "no control groups"));

	put("proc/self/mountinfo", V2_PURE);
	tree = choose();
	assert_string_equal(tree.mount, "/sys/fs/cgroup");
	assert_string_equal(tree.controller, "");

	/* name=systemd has no number that the programs could ask for. */
	put("proc/self/mountinfo", "31 22 0:27 / /cg/systemd rw - cgroup c rw,name=systemd\n");
	assert_int_equal(rs_cgroup_choose_from("proc", usable, &tree, &err), -ENOENT);
}

static void test_choose_v1(void **state)
{
	struct rs_cgroup_tree tree;

	(void)state;
	put("proc/self/mountinfo", V1 V1_PIDS);
	tree = choose();
	assert_string_equal(tree.mount, "/cg/pids");
	assert_string_equal(tree.controller, "pids");

	put("proc/self/mountinfo", V1 "34 22 0:30 / /cg/covered rw - cgroup cgroup rw,pids\n");
	tree = choose();
	assert_string_equal(tree.mount, "/cg/memory");
	assert_string_equal(tree.controller, "memory");

	/* Of two mounts of one hierarchy the whole one, wherever it stands. */
	put("proc/self/mountinfo",
	    "33 22 0:29 /docker/a /part rw - cgroup cgroup rw,cpu,cpuacct\n"
	    "33 22 0:29 / /whole rw - cgroup cgroup rw,cpu,cpuacct\n"
	    "33 22 0:29 /docker/a /part2 rw - cgroup cgroup rw,cpu,cpuacct\n");
	tree = choose();
	assert_string_equal(tree.mount, "/whole");
	assert_string_equal(tree.controller, "cpu");
}

static void test_choose_hybrid(void **state)
{
	(void)state;
	put("proc/self/mountinfo", V1 V1_PIDS UNIFIED);

	/* Nobody is anywhere: newer runtimes will make groups in both. */
	put("proc/1/cgroup", "8:pids:/\n1:name=systemd:/\n0::/\n");
	assert_string_equal(choose().mount, "/cg/unified");

	/* systemd uses version 2 in hybrid mode. */
	put("proc/1/cgroup", "8:pids:/init.scope\n1:name=systemd:/init.scope\n0::/init.scope\n");
	assert_string_equal(choose().mount, "/cg/unified");

	/* A runtime that makes groups in version 1 only. */
	put("proc/20/cgroup", "8:pids:/docker/a\n0::/system.slice/docker.service\n");
	put("proc/21/cgroup", "8:pids:/docker/b\n0::/system.slice/docker.service\n");
	assert_string_equal(choose().controller, "pids");

	/* One that makes them in both. */
	put("proc/20/cgroup", "8:pids:/docker/a\n0::/docker/a\n");
	put("proc/21/cgroup", "8:pids:/docker/b\n0::/docker/b\n");
	assert_string_equal(choose().mount, "/cg/unified");

	/* Nonsense is passed over. */
	put("proc/22/cgroup", "\n:\n::\n0:\n8:pids\npids:/x\n");
	put("proc/self/cgroup", "8:pids:/x\n");
	assert_string_equal(choose().mount, "/cg/unified");
}

static bool anywhere(const char *point, bool v2)
{
	(void)point;
	(void)v2;
	return true;
}

static const char *chosen(void)
{
	static struct rs_cgroup_tree tree;

	assert_int_equal(rs_cgroup_choose_from("proc", anywhere, &tree, NULL), 0);
	return tree.controller;
}

/* Nobody is in a container yet, but their directories are there. */
static void test_choose_habits(void **state)
{
	static const char *const dirs[] = { "docker", "kubepods", "kubepods.slice",
					    "system.slice/docker-a.scope" };
	char mounts[2 * PATH_MAX], cwd[PATH_MAX / 2], path[300];

	(void)state;
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	snprintf(mounts, sizeof(mounts),
		 "34 22 0:30 / %s/v1 rw - cgroup cgroup rw,pids\n"
		 "35 22 0:31 / %s/v2 rw - cgroup2 cgroup2 rw\n",
		 cwd, cwd);
	put("proc/self/mountinfo", mounts);
	put("proc/1/cgroup", "8:pids:/init.scope\n0::/init.scope\n");
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		put("v1/system.slice/ssh.service/tasks", "");
		put("v2/system.slice/ssh.service/cgroup.procs", "");
		put("v1/mine/tasks", "");
		assert_string_equal(chosen(), "");
		snprintf(path, sizeof(path), "v1/%s", dirs[i]);
		assert_int_equal(rs_fd_mkdir_p(path, 0755, NULL), 0);
		assert_string_equal(chosen(), "pids");
		snprintf(path, sizeof(path), "v2/%s", dirs[i]);
		assert_int_equal(rs_fd_mkdir_p(path, 0755, NULL), 0);
		assert_string_equal(chosen(), "");
	}
}

/* --- walking, in a directory that looks like a hierarchy --- */

struct seen {
	unsigned n;
	unsigned stop;
	char paths[8][64];
	uint64_t ids[8];
};

static int see(void *data, uint64_t id, const char *path)
{
	struct seen *seen = data;

	assert_true(seen->n < 8);
	snprintf(seen->paths[seen->n], 64, "%.63s", path);
	seen->ids[seen->n] = id;
	return ++seen->n == seen->stop ? 7 : 0;
}

static uint64_t inode(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static void test_walk(void **state)
{
	struct rs_cgroup_tree tree = { .mount = "cg" };
	struct seen seen = { 0 };
	uint64_t id = 0;

	(void)state;
	assert_int_equal(rs_cgroup_walk(&tree, see, &seen, NULL), -ENOENT);
	put("cg/a/b/cgroup.procs", "900\n17\n0\n4000\n");
	put("cg/a/cgroup.procs", "");
	assert_int_equal(symlink("..", "cg/a/loop"), 0);
	assert_int_equal(rs_cgroup_walk(&tree, see, &seen, NULL), 0);
	assert_int_equal(seen.n, 3);
	assert_string_equal(seen.paths[0], "/");
	assert_string_equal(seen.paths[1], "/a");
	assert_string_equal(seen.paths[2], "/a/b");
	assert_int_equal(seen.ids[0], inode("cg"));
	assert_int_equal(seen.ids[2], inode("cg/a/b"));

	seen = (struct seen){ .stop = 2 };
	assert_int_equal(rs_cgroup_walk(&tree, see, &seen, NULL), 7);
	assert_int_equal(seen.n, 2);

	assert_int_equal(rs_cgroup_id(&tree, "/a/b", &id), 0);
	assert_int_equal(id, inode("cg/a/b"));
	assert_int_equal(rs_cgroup_id(&tree, "/a/c", &id), -ENOENT);
	assert_int_equal(rs_cgroup_id(&tree, "/a/loop", &id), -ENOENT);
	assert_int_equal(rs_cgroup_id(&tree, "/../cg", &id), -EINVAL);
	assert_int_equal(rs_cgroup_id(&tree, "a", &id), -EINVAL);

	assert_int_equal(rs_cgroup_first_pid(&tree, "/a"), 17);
	assert_int_equal(rs_cgroup_first_pid(&tree, "/"), 17);
	assert_int_equal(rs_cgroup_first_pid(&tree, "/none"), 0);
	assert_int_equal(rs_cgroup_same_pid(&tree, "/a", 900), 900);
	assert_int_equal(rs_cgroup_same_pid(&tree, "/a", 4000), 4000);
	assert_int_equal(rs_cgroup_same_pid(&tree, "/a", 901), 17);
	put("cg/a/cgroup.procs", "12\n5\nx\n3\n");
	assert_int_equal(rs_cgroup_first_pid(&tree, "/a"), 5);
}

/* A group that root made belongs to root, or to whom root gave it. */
static void test_maker(void **state)
{
	struct rs_cgroup_tree tree = { .mount = "cg" };
	uint32_t uid = 7;

	(void)state;
	put("cg/a/b/x", "");
	put("cg/u/c/x", "");
	assert_int_equal(rs_cgroup_maker(&tree, "/a/b/more", 4, &uid), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(rs_cgroup_maker(&tree, "/none", 5, &uid), -ENOENT);
	assert_int_equal(rs_cgroup_maker(&tree, "/../cg", 6, &uid), -EINVAL);
	if (geteuid())
		skip();
	assert_int_equal(chown("cg/a/b", 1000, 1000), 0);
	assert_int_equal(rs_cgroup_maker(&tree, "/a/b", 4, &uid), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(chown("cg/u", 1000, 1000), 0);
	assert_int_equal(rs_cgroup_maker(&tree, "/u/c", 4, &uid), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(chown("cg/u/c", 1000, 1000), 0);
	assert_int_equal(rs_cgroup_maker(&tree, "/u/c", 4, &uid), 0);
	assert_int_equal(uid, 1000);
}

static int count(void *data, uint64_t id, const char *path)
{
	(void)id;
	(void)path;
	++*(unsigned *)data;
	return 0;
}

static void test_deep(void **state)
{
	struct rs_cgroup_tree tree = { .mount = "cg" };
	char path[600] = "cg";
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; i < 200; i++)
		strcat(path, "/d");
	assert_int_equal(rs_fd_mkdir_p(path, 0755, NULL), 0);
	assert_int_equal(rs_cgroup_walk(&tree, count, &n, NULL), 0);
	assert_int_equal(n, 65);
}

/* --- this machine --- */

/* A group of our own where we may make one; false: skip. */
static bool make_group(const struct rs_cgroup_tree *tree, char *full, size_t size)
{
	snprintf(full, size, "%s/rs-test-%d", tree->mount, (int)getpid());
	return mkdir(full, 0755) == 0;
}

static void check_group(const struct rs_cgroup_tree *tree)
{
	char full[600], path[4096], pid[32];
	uint64_t id = 0;
	int r, status;
	pid_t child;

	if (!make_group(tree, full, sizeof(full)))
		skip();
	assert_int_equal(rs_cgroup_first_pid(tree, strrchr(full, '/')), 0);
	child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	assert_int_equal(rs_cgroup_id(tree, strrchr(full, '/'), &id), 0);
	r = rs_cgroup_path(tree, id, path, sizeof(path));
	if (r == 0)
		assert_string_equal(path, strrchr(full, '/'));
	else
		assert_true(r == -EPERM || r == -EOPNOTSUPP);
	assert_int_equal(rs_cgroup_path(tree, id, path, 4), r ? r : -ENAMETOOLONG);

	strcat(full, "/cgroup.procs");
	snprintf(pid, sizeof(pid), "%d\n", (int)child);
	int fd = open(full, O_WRONLY | O_CLOEXEC);
	bool moved = fd >= 0 && write(fd, pid, strlen(pid)) > 0;
	if (fd >= 0)
		close(fd);
	*strrchr(full, '/') = '\0';
	if (moved)
		assert_int_equal(rs_cgroup_first_pid(tree, strrchr(full, '/')), child);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	/* The last step of a process's end may still be on its way. */
	for (int i = 0; i < 1000000 && rmdir(full) < 0 && errno == EBUSY; i++)
		sched_yield();
	assert_int_equal(access(full, F_OK), -1);
	assert_int_equal(rs_cgroup_path(tree, id, path, sizeof(path)), r ? r : -ENOENT);
	assert_int_equal(rs_cgroup_path(tree, 1ull << 60, path, sizeof(path)), r ? r : -ENOENT);
	assert_int_equal(rs_cgroup_id(tree, strrchr(full, '/'), &id), -ENOENT);
}

static void test_here(void **state)
{
	struct rs_cgroup_tree tree;
	struct rs_error err = RS_ERROR_INIT;
	char path[16];
	uint64_t id = 0;
	int r;

	(void)state;
	if (rs_cgroup_choose("/proc", &tree, &err) < 0)
		skip();
	assert_int_equal(!tree.v1, !tree.controller[0]);
	assert_int_equal(rs_cgroup_id(&tree, "/", &id), 0);
	r = rs_cgroup_path(&tree, id, path, sizeof(path));
	if (r == 0)
		assert_string_equal(path, "/");
	check_group(&tree);
}

static void test_here_v2(void **state)
{
	struct rs_cgroup_tree tree = { 0 };

	(void)state;
	if (rs_cgroup2_mount(tree.mount, sizeof(tree.mount), NULL) < 0)
		skip();
	check_group(&tree);
}

static void test_subsys(void **state)
{
	struct rs_error err = RS_ERROR_INIT;
	uint32_t cpu = 0, io = 0, v1 = 0;

	(void)state;
	if (access("/sys/kernel/btf/vmlinux", R_OK) < 0)
		skip();
	if (rs_cgroup_subsys("cpu", &cpu, &err) < 0)
		skip();
	assert_true(cpu > 0 && cpu < 20);
	if (rs_cgroup_subsys("blkio", &io, &err) == 0)
		assert_true(io > 0 && io < 20 && io != cpu);
	assert_int_equal(rs_cgroup_subsys("nonsense", &v1, &err), -ENOENT);
	assert_int_equal(v1, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_choose_pure),   scratch_test(test_choose_v1),
		scratch_test(test_choose_hybrid), scratch_test(test_choose_habits),
		scratch_test(test_walk),          scratch_test(test_maker),
		scratch_test(test_deep),          cmocka_unit_test(test_here),
		cmocka_unit_test(test_here_v2),   cmocka_unit_test(test_subsys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
