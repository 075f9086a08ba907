/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that tell who is who come past every filter, marked, and are counted; those that a filter
 * wants come without the mark. Straight from the sensors, for what the agent makes of them is its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "base/util.h"
#include "bpf/abi/cgroup.h"
#include "bpf/abi/process.h"
#include "kern/filter.h"
#include "kern/ring.h"
#include "kern/sensors.h"
#include "tests/kernel/lib/agent.h"
#include "tests/kernel/lib/programs.h"
#include "tests/kernel/lib/sys.h"
#include "tests/kernel/lib/tap.h"

#define K(id)    (1ull << RS_KIND_##id)
#define PROCESS  (K(FORK) | K(EXEC) | K(EXIT))
#define GROUPS   (K(CGROUP_MKDIR) | K(CGROUP_RMDIR))
#define IDENTITY (PROCESS | GROUPS)
#define FILTERS                                                                                    \
	(RS_FILTER_SCOPE | RS_FILTER_COMM | RS_FILTER_UID | RS_FILTER_CGROUP | RS_FILTER_EXE |     \
	 RS_FILTER_PATH)

#define KEPT 64

/* --- records ------------------------------------------------------------------------------------ */

union record {
	struct rs_hdr hdr;
	struct rs_fork fork;
	struct rs_exec exec;
	struct rs_exit exit;
	struct rs_cgroup_change cgroup;
};

struct kept {
	union record rec;
	uint32_t tags; /* a bit per enum rs_tag */
	char path[300];
};

/* What the acting processes tell, in shared memory. */
struct told {
	pid_t pids[4]; /* whose records are kept */
	uint64_t id;   /* of a group */
	char dir[600];
	bool could; /* the act was possible */
};

struct test {
	struct rs_sensors *sensors;
	struct rs_config *config;
	struct told *told;
	struct kept kept[KEPT];
	size_t n;
	uint64_t delivered[RS_KIND_MAX]; /* of everybody */
	bool left;                       /* RS_RING_LEAVE was tried */
};

static bool is_ours(const struct test *test, uint32_t pid)
{
	for (size_t i = 0; i < ARRAY_SIZE(test->told->pids); i++)
		if (pid && (uint32_t)test->told->pids[i] == pid)
			return true;
	return false;
}

static size_t fixed_size(unsigned kind)
{
	switch (kind) {
	case RS_KIND_FORK:
		return sizeof(struct rs_fork);
	case RS_KIND_EXEC:
		return sizeof(struct rs_exec);
	case RS_KIND_EXIT:
		return sizeof(struct rs_exit);
	case RS_KIND_CGROUP_MKDIR:
	case RS_KIND_CGROUP_RMDIR:
		return sizeof(struct rs_cgroup_change);
	}
	return 0;
}

static void keep_fields(struct kept *kept, const uint8_t *at, const uint8_t *end)
{
	struct rs_record_field field;

	for (; at + sizeof(field) <= end; at += sizeof(field) + ((field.len + 3) & ~3u)) {
		memcpy(&field, at, sizeof(field));
		kept->tags |= 1u << field.tag;
		if (field.tag == RS_TAG_CGROUP || field.tag == RS_TAG_EXE)
			snprintf(kept->path, sizeof(kept->path), "%.*s", field.len,
				 (const char *)at + sizeof(field));
	}
}

static int on_record(void *data, const void *record, size_t size)
{
	struct test *test = data;
	const struct rs_hdr *hdr = record;
	size_t fixed = fixed_size(hdr->kind);
	struct kept *kept;

	if (!test->left && is_ours(test, hdr->pid)) {
		test->left = true;
		return RS_RING_LEAVE;
	}
	test->delivered[hdr->kind]++;
	if (!fixed || fixed > size || !is_ours(test, hdr->pid) || test->n == KEPT)
		return 0;
	kept = &test->kept[test->n++];
	memset(kept, 0, sizeof(*kept));
	memcpy(&kept->rec, record, fixed);
	keep_fields(kept, (const uint8_t *)record + fixed, (const uint8_t *)record + hdr->size);
	return 0;
}

/* All that was made before the call. */
static void consume(struct test *test)
{
	struct rs_ring *ring = rs_sensors_ring(test->sensors);
	uint64_t deadline = now_ms() + (uint64_t)agent_patience();
	size_t count;

	while (rs_ring_pending(ring) && now_ms() < deadline)
		rs_ring_consume(ring, on_record, test, 0, &count);
}

/* --- acting ------------------------------------------------------------------------------------- */

typedef void act_fn(struct told *told);

static void perform_once(struct test *test, act_fn *act)
{
	pid_t pid;

	consume(test);
	test->n = 0;
	memset(test->told, 0, sizeof(*test->told));
	test->told->could = true;
	pid = fork();
	if (pid < 0)
		tap_bail("fork: %m");
	if (!pid) {
		test->told->pids[0] = getpid();
		act(test->told);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	consume(test);
}

static uint64_t misses;

static void add_missed(const char *name, uint64_t missed)
{
	(void)name;
	misses += missed;
}

/* Runs of our programs that the kernel has left out, where they can be preempted. */
static uint64_t kernel_skipped(void)
{
	struct programs programs;

	misses = 0;
	programs_of(getpid(), &programs);
	programs_missed(&programs, add_missed);
	return misses;
}

/* Runs the act in a child, whose pid is the first; keeps the records of those that it tells. Once more where the kernel
 * skipped a program. */
static void perform(struct test *test, act_fn *act)
{
	uint64_t before = kernel_skipped(), after;

	for (int i = 0; i < 4; i++) {
		perform_once(test, act);
		after = kernel_skipped();
		if (after == before)
			return;
		tap_diag("the kernel skipped a program: once more");
		before = after;
	}
}

/* Forks, executes, ends; and makes a directory. */
static void act_life(struct told *told)
{
	pid_t pid = fork();

	if (!pid) {
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	told->pids[1] = pid;
	waitpid(pid, NULL, 0);
	mkdir("/", 0755);
}

/* A sibling, not a child: with CLONE_PARENT. */
static void act_sibling(struct told *told)
{
	pid_t pid = fork();

	if (!pid) {
		struct clone_args args = { .flags = CLONE_PARENT };
		pid_t made;

		setpgid(0, 0);
		made = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
		if (!made)
			_exit(0);
		told->could = made > 0;
		told->pids[2] = made;
		_exit(0);
	}
	told->pids[1] = pid;
	while (wait(NULL) > 0)
		;
}

static uint64_t inode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_ino;
}

static void make_group(struct told *told, const char *parent)
{
	told->could = cgroup_make(parent, "identity", told->dir, sizeof(told->dir));
	told->id = told->could ? inode_of(told->dir) : 0;
}

static void act_group(struct told *told)
{
	make_group(told, NULL);
	if (told->could)
		cgroup_remove(told->dir);
}

/* A child that is born in another group. */
static void act_born_elsewhere(struct told *told)
{
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
	pid_t pid = -1;
	int fd;

	make_group(told, NULL);
	fd = told->could ? open(told->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd >= 0) {
		args.cgroup = (uint64_t)fd;
		pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	}
	if (!pid)
		_exit(0);
	told->could = pid > 0;
	told->pids[1] = pid;
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (told->id)
		cgroup_remove(told->dir);
}

static char v1_mount[128];

/* A child in a new group of version 1; and a group of version 2. */
static void act_group_v1(struct told *told)
{
	struct told other = { 0 };
	pid_t pid;

	/* We may be in a group of that hierarchy: whoever runs us has containers. */
	told->could = cgroup_move(v1_mount, 0);
	if (told->could)
		make_group(told, v1_mount);
	if (!told->could || !cgroup_move(told->dir, 0))
		return;
	pid = fork();
	if (!pid)
		_exit(0);
	told->pids[1] = pid;
	waitpid(pid, NULL, 0);
	cgroup_move(v1_mount, 0);
	cgroup_remove(told->dir);
	act_group(&other);
}

/* --- looking ------------------------------------------------------------------------------------ */

/* The record of a kind and of the nth of told->pids; NULL. */
static const struct kept *find(const struct test *test, unsigned kind, size_t whose)
{
	for (size_t i = 0; i < test->n; i++) {
		const struct rs_hdr *hdr = &test->kept[i].rec.hdr;

		if (hdr->kind == kind && hdr->pid == (uint32_t)test->told->pids[whose])
			return &test->kept[i];
	}
	return NULL;
}

static bool all_flagged(const struct test *test, bool flagged)
{
	for (size_t i = 0; i < test->n; i++)
		if (!!(test->kept[i].rec.hdr.flags & RS_HDR_IDENTITY) != flagged)
			return false;
	return true;
}

/* The fork, exec and exit of the child, once each, all with the flag or all without. */
static void check_life(struct test *test, bool flagged, const char *what)
{
	const struct kept *fork_, *exec, *exit_;
	unsigned n = 0;
	bool ok;

	perform(test, act_life);
	fork_ = find(test, RS_KIND_FORK, 1);
	exec = find(test, RS_KIND_EXEC, 1);
	exit_ = find(test, RS_KIND_EXIT, 1);
	for (size_t i = 0; i < test->n; i++)
		n += test->kept[i].rec.hdr.pid == (uint32_t)test->told->pids[1];
	ok = tap_ok(fork_ && exec && exit_ && n == 3, "%s: fork, exec and exit, once each", what);
	ok &= tap_ok(all_flagged(test, flagged), "%s: %s", what, flagged ? "marked" : "not marked");
	if (!ok)
		tap_diag("%zu records, %u of the child", test->n, n);
	if (!exec)
		return;
	tap_ok(!strncmp(exec->path, "/", 1) && (exec->tags & 1u << RS_TAG_ARGS) &&
		       (exec->tags & 1u << RS_TAG_CWD),
	       "%s: the exec has its executable, arguments and directory", what);
}

static void set(struct test *test, uint64_t kinds, uint32_t filters, uint64_t identity)
{
	test->config->kinds = kinds;
	test->config->filters = filters;
	test->config->identity = identity;
}

static void test_kinds(struct test *test)
{
	uint64_t before;

	set(test, K(MKDIR), 0, IDENTITY);
	before = test->delivered[RS_KIND_MKDIR];
	check_life(test, true, "kinds not wanted");
	tap_ok(test->delivered[RS_KIND_MKDIR] > before, "kinds not wanted: the wanted one comes");
	set(test, K(MKDIR) | PROCESS, 0, IDENTITY);
	check_life(test, false, "kinds wanted");
	set(test, K(MKDIR) | PROCESS, 0, 0);
	check_life(test, false, "no identity asked for, kinds wanted");
	set(test, K(MKDIR), 0, 0);
	perform(test, act_life);
	tap_ok(!test->n, "no identity asked for, kinds not wanted: none");
	set(test, K(MKDIR), 0, K(EXEC));
	perform(test, act_life);
	tap_ok(find(test, RS_KIND_EXEC, 1) && !find(test, RS_KIND_FORK, 1) &&
		       !find(test, RS_KIND_EXIT, 1),
	       "identity by exec only: only that");
}

/* Each filter, with nothing in its map that would let anything pass. */
static void test_filters(struct test *test)
{
	static const char *const names[] = { "scope", "comm", "uid", "cgroup", "exe", "path" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		uint64_t before = test->delivered[RS_KIND_MKDIR];

		set(test, K(MKDIR) | PROCESS, 1u << i, IDENTITY);
		check_life(test, true, names[i]);
		tap_ok(test->delivered[RS_KIND_MKDIR] == before, "%s: the filter holds", names[i]);
		set(test, K(MKDIR) | PROCESS, 1u << i, 0);
		perform(test, act_life);
		tap_ok(!test->n, "%s: nothing without identity", names[i]);
	}
	set(test, K(MKDIR) | PROCESS, FILTERS, IDENTITY);
	check_life(test, true, "all filters");
}

/* Descendants of a process that is asked for are followed, and not marked. */
static void act_scoped(struct told *told)
{
	int fd = (int)told->id; /* the map of the scope */
	uint32_t pid = (uint32_t)getpid(), bits = RS_SCOPE_PID;

	bpf_map_update_elem(fd, &pid, &bits, BPF_ANY);
	act_life(told);
}

static int scope_fd;

static void act_scope(struct told *told)
{
	told->id = (uint64_t)scope_fd;
	act_scoped(told);
}

static void test_scope(struct test *test)
{
	const struct kept *born;
	bool all;

	set(test, PROCESS, RS_FILTER_SCOPE, IDENTITY);
	scope_fd = rs_sensors_map_fd(test->sensors, "rs_scope");
	perform(test, act_scope);
	all = find(test, RS_KIND_FORK, 1) && find(test, RS_KIND_EXEC, 1) &&
	      find(test, RS_KIND_EXIT, 1);
	tap_ok(all && all_flagged(test, false), "in the scope: a descendant's are not marked");
	born = find(test, RS_KIND_EXIT, 0);
	tap_ok(born && !(born->rec.hdr.flags & RS_HDR_IDENTITY), "in the scope: nor is its exit");
}

static void test_maker(struct test *test)
{
	const struct kept *plain, *sibling;

	set(test, K(MKDIR), 0, IDENTITY);
	perform(test, act_sibling);
	if (!test->told->could) {
		tap_skip("a fork with CLONE_PARENT", "clone3 is not allowed here");
		return;
	}
	plain = find(test, RS_KIND_FORK, 1);
	sibling = find(test, RS_KIND_FORK, 2);
	if (!tap_ok(plain && sibling, "two forks"))
		return;
	tap_ok(plain->rec.fork.maker == plain->rec.hdr.ppid &&
		       plain->rec.fork.maker_start == plain->rec.hdr.pstart,
	       "a fork: its maker is the parent");
	tap_ok(plain->rec.fork.pgid == (uint32_t)getpgrp(), "a fork: in its maker's group");
	tap_ok(sibling->rec.fork.maker == plain->rec.hdr.pid &&
		       sibling->rec.fork.maker_start == plain->rec.hdr.start,
	       "CLONE_PARENT: the maker is who called");
	tap_ok(sibling->rec.hdr.ppid == plain->rec.hdr.ppid &&
		       sibling->rec.hdr.pstart == plain->rec.hdr.pstart,
	       "CLONE_PARENT: the parent is the caller's");
	tap_ok(sibling->rec.fork.pgid == plain->rec.hdr.pid, "CLONE_PARENT: the caller's group");
}

/* --- control groups ----------------------------------------------------------------------------- */

static void check_groups(struct test *test, bool flagged, const char *what)
{
	const struct kept *made = find(test, RS_KIND_CGROUP_MKDIR, 0);
	const struct kept *gone = find(test, RS_KIND_CGROUP_RMDIR, 0);
	const char *name = strrchr(test->told->dir, '/');
	size_t n;

	if (!tap_ok(made && gone, "%s: both come", what))
		return;
	n = strlen(made->path);
	tap_ok(made->rec.cgroup.id == test->told->id && gone->rec.cgroup.id == test->told->id,
	       "%s: the id is the directory's inode", what);
	tap_ok(n >= strlen(name) && !strcmp(made->path + n - strlen(name), name) &&
		       !strcmp(made->path, gone->path),
	       "%s: the path", what);
	tap_ok(!!(made->rec.hdr.flags & RS_HDR_IDENTITY) == flagged &&
		       !!(gone->rec.hdr.flags & RS_HDR_IDENTITY) == flagged,
	       "%s: %s", what, flagged ? "marked" : "not marked");
	tap_ok(made->rec.cgroup.parent == made->rec.hdr.cgroup &&
		       made->rec.cgroup.level == gone->rec.cgroup.level &&
		       made->rec.cgroup.level > 0,
	       "%s: it is in the maker's own group", what);
}

static void test_groups(struct test *test)
{
	set(test, K(MKDIR), 0, GROUPS);
	perform(test, act_group);
	if (!test->told->could) {
		tap_skip("groups", "no cgroup v2 to make one in");
		return;
	}
	check_groups(test, true, "groups, not wanted");
	set(test, GROUPS, 0, GROUPS);
	perform(test, act_group);
	check_groups(test, false, "groups, wanted");
	set(test, GROUPS, FILTERS, GROUPS);
	perform(test, act_group);
	check_groups(test, true, "groups, filtered");
	set(test, GROUPS, FILTERS, 0);
	perform(test, act_group);
	tap_ok(!test->n, "groups, filtered and not asked for: none");
}

/* Makes a group once the test waits for it. */
static void act_group_late(struct told *told)
{
	while (task_state(getppid(), getppid()) != 'S')
		sched_yield();
	act_group(told);
}

/* These wake a consumer that is not armed, and would otherwise look by its own timer. */
static void test_wakes(struct test *test)
{
	struct pollfd ring = { .fd = rs_ring_fd(rs_sensors_ring(test->sensors)), .events = POLLIN };
	uint64_t start, took;
	pid_t pid;

	set(test, 0, 0, GROUPS);
	consume(test);
	rs_ring_disarm(rs_sensors_ring(test->sensors));
	pid = fork();
	if (pid < 0)
		tap_bail("fork: %m");
	if (!pid) {
		act_group_late(test->told);
		_exit(0);
	}
	start = now_ms();
	poll(&ring, 1, agent_patience()); /* at its end it looks, woken or not */
	took = now_ms() - start;
	waitpid(pid, NULL, 0);
	rs_ring_arm(rs_sensors_ring(test->sensors));
	if (!test->told->could)
		tap_skip("a group wakes the consumer", "no cgroup v2 to make one in");
	else
		tap_ok(ring.revents && took < (uint64_t)agent_patience(),
		       "a group wakes the consumer that is not armed");
}

static void test_born_elsewhere(struct test *test)
{
	const struct kept *born;

	set(test, K(MKDIR), 0, IDENTITY);
	perform(test, act_born_elsewhere);
	if (!test->told->could) {
		tap_skip("a child born in another group", "no cgroup v2, or no clone3");
		return;
	}
	born = find(test, RS_KIND_FORK, 1);
	tap_ok(born && born->rec.hdr.cgroup == test->told->id,
	       "a child born in another group: that is its group");
}

/* The kernel's number of a controller, < 0 where it has none. */
static int subsys_id(const char *name)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int type = btf ? btf__find_by_name_kind(btf, "cgroup_subsys_id", BTF_KIND_ENUM) : -1;
	const struct btf_type *t = type < 0 ? NULL : btf__type_by_id(btf, (uint32_t)type);
	int id = -1;

	for (uint32_t i = 0; t && i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_enum(t)[i].name_off), name))
			id = btf_enum(t)[i].val;
	btf__free(btf);
	return id;
}

/* Where distributions mount the others, which would be chosen first. */
static void hide_other_v1(void)
{
	static const char *const names[] = { "pids",   "memory", "cpu",     "cpuacct",
					     "cpuset", "blkio",  "devices", "cpu,cpuacct" };
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", names[i]);
		umount2(path, MNT_DETACH);
	}
}

/* The hierarchy of version 1 that has the freezer, which version 2 never takes. */
static bool mount_v1(void)
{
	snprintf(v1_mount, sizeof(v1_mount), "/tmp/ringside-v1-%d", getpid());
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mkdir(v1_mount, 0755))
		return false;
	hide_other_v1();
	return mount("none", v1_mount, "cgroup", 0, "freezer") == 0;
}

static void check_v1(struct test *test)
{
	const struct kept *made = find(test, RS_KIND_CGROUP_MKDIR, 0);
	const struct kept *born = find(test, RS_KIND_FORK, 1);
	unsigned n = 0;

	for (size_t i = 0; i < test->n; i++)
		n += test->kept[i].rec.hdr.kind == RS_KIND_CGROUP_MKDIR;
	if (!tap_ok(made && n == 1, "version 1: the other hierarchy's are not told"))
		return;
	tap_ok(made->rec.cgroup.id == test->told->id, "version 1: the id is the inode's");
	tap_ok(!strcmp(made->path, strrchr(test->told->dir, '/')), "version 1: the path");
	tap_ok(made->rec.cgroup.level == 1 && made->rec.cgroup.parent == inode_of(v1_mount),
	       "version 1: it is in the root");
	tap_ok(made->rec.cgroup.hierarchy > 0, "version 1: it is not hierarchy 0");
	tap_ok(made->rec.hdr.cgroup == inode_of(v1_mount), "version 1: its maker was in the root");
	tap_ok(born && born->rec.hdr.cgroup == test->told->id, "version 1: a child in it");
	born = find(test, RS_KIND_EXIT, 1);
	tap_ok(born && born->rec.hdr.cgroup == test->told->id, "version 1: its exit");
}

/* The filter is of the same hierarchy. */
static void check_v1_filter(struct test *test)
{
	int fd = rs_sensors_map_fd(test->sensors, "rs_filter_cgroup");
	uint64_t root = inode_of(v1_mount);
	uint32_t one = 1;

	bpf_map_update_elem(fd, &root, &one, BPF_ANY);
	test->config->cgroup_levels = 1;
	set(test, PROCESS, RS_FILTER_CGROUP, 0);
	perform(test, act_group_v1);
	tap_ok(find(test, RS_KIND_FORK, 1) && find(test, RS_KIND_EXIT, 1),
	       "version 1: the filter by its root lets all pass");
	bpf_map_delete_elem(fd, &root);
	test->config->cgroup_levels = 0xffff;
	perform(test, act_group_v1);
	tap_ok(!test->n, "version 1: the filter without it none");
}

/* Names are looked up in that hierarchy, too. */
static void check_v1_names(struct test *test)
{
	int fd = rs_sensors_map_fd(test->sensors, "rs_filter_cgroup");
	struct rs_filter filter = { .kinds = K(MKDIR) };
	struct rs_error err = RS_ERROR_INIT;
	const char *name;
	uint32_t value;
	char dir[600];
	uint64_t id;
	int r;

	if (!cgroup_make(v1_mount, "named", dir, sizeof(dir)))
		return;
	name = strrchr(dir, '/');
	filter.cgroups = &name;
	filter.n_cgroups = 1;
	id = inode_of(dir);
	r = rs_filter_apply(test->sensors, &filter, &err);
	tap_ok(!r && !bpf_map_lookup_elem(fd, &id, &value),
	       "version 1: a filter by a group's name: %s", r ? err.msg : "yes");
	filter.n_cgroups = 0;
	rs_filter_apply(test->sensors, &filter, &err);
	tap_ok(bpf_map_lookup_elem(fd, &id, &value), "version 1: and it goes again");
	cgroup_remove(dir);
}

static void test_v1(struct test *test)
{
	int id = subsys_id("freezer_cgrp_id");

	if (id < 0 || !mount_v1()) {
		tap_skip("version 1", "there is no freezer to mount");
	} else {
		test->config->cgroup_v1 = (uint32_t)id + 1;
		set(test, K(MKDIR), 0, IDENTITY);
		perform(test, act_group_v1);
		if (test->told->could)
			check_v1(test);
		if (test->told->could)
			check_v1_filter(test);
		check_v1_names(test);
		test->config->cgroup_v1 = 0;
		umount2(v1_mount, MNT_DETACH);
	}
	rmdir(v1_mount);
}

/* --- counting ----------------------------------------------------------------------------------- */

static bool adds_up(const struct test *test, bool tell)
{
	struct rs_counters counters;
	bool exact = true;

	rs_sensors_counters(test->sensors, &counters);
	for (size_t kind = 0; kind < RS_KIND_COUNT; kind++) {
		uint64_t lost = 0;

		for (size_t i = 0; i < RS_LOSS_COUNT; i++)
			lost += counters.lost[i][kind];
		if (counters.generated[kind] == test->delivered[kind] + lost)
			continue;
		exact = false;
		if (tell)
			tap_diag("kind %zu: generated %lu, delivered %lu, lost %lu", kind,
				 (unsigned long)counters.generated[kind],
				 (unsigned long)test->delivered[kind], (unsigned long)lost);
	}
	return exact;
}

/* What others do at this moment may be under way on another CPU. */
static void test_counts(struct test *test)
{
	uint64_t deadline = now_ms() + (uint64_t)agent_patience();
	bool exact;

	set(test, 0, 0, 0);
	do {
		consume(test);
		exact = adds_up(test, false);
	} while (!exact && now_ms() < deadline);
	tap_ok(exact || adds_up(test, true), "generated = delivered + lost, for all kinds");
	tap_ok(test->delivered[RS_KIND_EXEC] > 0 && test->left, "and a record was left, once");
}

static void test_all(struct test *test)
{
	tap_ok(rs_sensors_kinds(test->sensors) == K(MKDIR),
	       "the kinds that are told of are the wanted ones");
	tap_ok(test->config->identity == IDENTITY, "this kernel has all that identity needs");
	test_kinds(test);
	test_filters(test);
	test_scope(test);
	test_maker(test);
	test_groups(test);
	test_wakes(test);
	test_born_elsewhere(test);
	test_v1(test);
	test_counts(test);
}

int main(void)
{
	static struct test test;
	struct rs_sensors_options options = { .kinds = K(MKDIR), .identity = IDENTITY };
	struct rs_error err = RS_ERROR_INIT;

	if (geteuid() != 0) {
		tap_skip("identity", "loading programs takes root");
		return tap_done();
	}
	test.told = mmap(NULL, sizeof(*test.told), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (test.told == MAP_FAILED)
		tap_bail("mmap: %m");
	if (rs_sensors_open(&options, &test.sensors, &err) || rs_sensors_attach(test.sensors, &err))
		tap_bail("%s", err.msg);
	test.config = rs_sensors_config(test.sensors);
	test_all(&test);
	rs_sensors_close(&test.sensors);
	munmap(test.told, sizeof(*test.told));
	return tap_done();
}
