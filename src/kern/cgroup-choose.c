/* SPDX-License-Identifier: Apache-2.0 */
/* Which hierarchy of control groups tells this node's containers apart. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <bpf/btf.h>

#include "base/fd.h"
#include "base/hashmap.h"
#include "kern/cgroup-private.h"
#include "kern/mounts.h"

#define MOUNTINFO_BYTES ((size_t)8 << 20)
#define PROCESSES_MAX   8192 /* looked at */
#define GROUPS_MAX      4096 /* counted */

/* Of version 1, the better first. "io" is called blkio there. */
static const char *const controllers[] = {
	"pids",    "memory",  "cpu",      "cpuacct",    "cpuset",  "blkio",
	"devices", "freezer", "net_prio", "perf_event", "hugetlb", "net_cls",
};

struct places {
	rs_cgroup_usable_fn *usable;
	char v2[sizeof(((struct rs_cgroup_tree *)0)->mount)];
	bool v2_whole;
	char v1[ARRAY_SIZE(controllers)][sizeof(((struct rs_cgroup_tree *)0)->mount)];
	bool v1_whole[ARRAY_SIZE(controllers)];
};

/* True when the comma list has the word. */
static bool list_has(const char *list, size_t len, const char *word)
{
	size_t n = strlen(word);
	const char *end = list + len;

	for (const char *p = list; p && p < end;) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		size_t word_len = (size_t)((comma ? comma : end) - p);

		if (word_len == n && memcmp(p, word, n) == 0)
			return true;
		p = comma ? comma + 1 : NULL;
	}
	return false;
}

/* A mount of the whole hierarchy is better than one of a part of it. */
static void keep_place(const struct places *places, const struct rs_mount *mount, bool v2,
		       char place[static 512], bool *place_whole)
{
	bool whole = strcmp(mount->root, "/") == 0;

	if ((*place && (*place_whole || !whole)) || strlen(mount->point) >= 512 ||
	    !places->usable(mount->point, v2))
		return;
	memcpy(place, mount->point, strlen(mount->point) + 1);
	*place_whole = whole;
}

static int see_mount(void *arg, const struct rs_mount *mount)
{
	struct places *places = arg;

	if (strcmp(mount->type, "cgroup2") == 0)
		keep_place(places, mount, true, places->v2, &places->v2_whole);
	if (strcmp(mount->type, "cgroup") != 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++) {
		if (list_has(mount->options, strlen(mount->options), controllers[i]))
			keep_place(places, mount, false, places->v1[i], &places->v1_whole[i]);
	}
	return 0;
}

static int see_mounts(const char *proc, struct places *places)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(MOUNTINFO_BYTES);
	char path[PATH_MAX];
	int r;

	if (snprintf(path, sizeof(path), "%s/self/mountinfo", proc) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	r = rs_fd_read_file_at(AT_FDCWD, path, MOUNTINFO_BYTES, &text);
	if (r < 0)
		return r;
	return rs_mounts_parse(text.data, text.len, see_mount, places);
}

/* --- how many groups of processes a hierarchy tells apart --- */

struct census {
	const char *controller;
	struct rs_hashmap *v2, *v1; /* hashes of paths; the root is not counted */
};

static void count_path(struct rs_hashmap *map, const char *path, size_t len)
{
	static char there;

	if (len > 1)
		(void)rs_hashmap_put_u64(map, rs_hash_bytes(path, len), &there);
}

/* The path in a line of PID/cgroup, "0::/path" of version 2 (controller ""), "8:cpu,pids:/path" of version 1. NULL: it is
 * another hierarchy's. */
static const char *path_in(const char *line, size_t len, const char *controller, size_t *ret_len)
{
	const char *end = line + len, *list = memchr(line, ':', len), *path;

	path = list ? memchr(list + 1, ':', (size_t)(end - list - 1)) : NULL;
	if (!path)
		return NULL;
	list++;
	if (*controller ? !list_has(list, (size_t)(path - list), controller) : list != path)
		return NULL;
	*ret_len = (size_t)(end - path - 1);
	return path + 1;
}

static void count_line(const struct census *census, const char *line, size_t len)
{
	const char *path = path_in(line, len, "", &len);

	if (path)
		count_path(census->v2, path, len);
	else if ((path = path_in(line, len, census->controller, &len)))
		count_path(census->v1, path, len);
}

static void count_process(const struct census *census, int proc, const char *pid)
{
	char path[64], text[16384], *line = text;
	ssize_t n;

	snprintf(path, sizeof(path), "%.20s/cgroup", pid);
	n = rs_fd_read_buf_at(proc, path, text, sizeof(text));
	while (n > 0) {
		char *end = memchr(line, '\n', (size_t)n);

		if (!end)
			return;
		count_line(census, line, (size_t)(end - line));
		n -= end + 1 - line;
		line = end + 1;
	}
}

int rs_cgroup_of_process(const struct rs_cgroup_tree *tree, const char *proc, uint32_t pid,
			 uint64_t *ret_id)
{
	char name[PATH_MAX], text[16384], *line = text, *end;
	ssize_t n;

	snprintf(name, sizeof(name), "%s/%u/cgroup", proc, pid);
	n = rs_fd_read_buf_at(AT_FDCWD, name, text, sizeof(text));
	if (n <= 0)
		return n < 0 ? (int)n : -ENOENT;
	for (; (end = strchr(line, '\n')); line = end + 1) {
		size_t len;
		const char *path = path_in(line, (size_t)(end - line), tree->controller, &len);

		if (!path)
			continue;
		*end = '\0';
		return rs_cgroup_id(tree, path, ret_id);
	}
	return -ENOENT;
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
	*dir = NULL;
}

/* Whether version 2 is at least as good as this controller of version 1. */
static bool v2_is_better(const char *proc, const char *controller)
{
	struct rs_hashmap_opts opts = { .max = GROUPS_MAX };
	_cleanup_(rs_hashmap_free) struct rs_hashmap *v2 = NULL, *v1 = NULL;
	_cleanup_(close_dir) DIR *dir = opendir(proc);
	struct census census = { .controller = controller };
	struct dirent *entry;
	unsigned n = 0;

	if (!dir || rs_hashmap_new_u64(&opts, &v2) < 0 || rs_hashmap_new_u64(&opts, &v1) < 0)
		return false;
	census.v2 = v2;
	census.v1 = v1;
	while (n < PROCESSES_MAX && (entry = readdir(dir))) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		count_process(&census, dirfd(dir), entry->d_name);
		n++;
	}
	return rs_hashmap_len(v2) >= rs_hashmap_len(v1);
}

/* --- what runtimes made --- */

/* Names at the top of a hierarchy below which runtimes have their containers. */
static bool is_runtimes(const char *name)
{
	return strcmp(name, "docker") == 0 || strncmp(name, "kubepods", strlen("kubepods")) == 0;
}

static bool is_slice(const char *name)
{
	size_t n = strlen(name), end = strlen(".slice");

	return n > end && strcmp(name + n - end, ".slice") == 0;
}

/* There, and not in the other hierarchy; asked again, for it may just be on its way. */
static bool is_missing(int v1, int v2, const char *path)
{
	return faccessat(v2, path, F_OK, 0) < 0 && errno == ENOENT &&
	       faccessat(v1, path, F_OK, 0) == 0;
}

static DIR *open_dir(int at, const char *path)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		rs_cleanup_close(&fd);
	return dir;
}

/* A unit that systemd did not make in both: what a runtime asked for by itself. */
static bool slice_has_more(int v1, int v2, const char *slice)
{
	_cleanup_(close_dir) DIR *dir = open_dir(v1, slice);
	struct dirent *entry;
	char path[2 * NAME_MAX + 2];

	while (dir && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", slice, entry->d_name);
		if (is_missing(v1, v2, path))
			return true;
	}
	return false;
}

/* Whether runtimes make groups in version 1 only, though there may be no process in any of them yet. */
static bool v1_has_more(const char *v1_mount, const char *v2_mount)
{
	_cleanup_(rs_cleanup_close) int v2 = open(v2_mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(close_dir) DIR *dir = open_dir(AT_FDCWD, v1_mount);
	struct dirent *entry;

	while (dir && v2 >= 0 && (entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (entry->d_type != DT_DIR)
			continue;
		if (is_runtimes(name) && is_missing(dirfd(dir), v2, name))
			return true;
		if (is_slice(name) && slice_has_more(dirfd(dir), v2, name))
			return true;
	}
	return false;
}

/* --- the choice --- */

static bool takes_v2(const struct places *places, const char *proc, size_t best)
{
	if (!places->v2[0] || best == ARRAY_SIZE(controllers))
		return places->v2[0];
	if (places->v1_whole[best] && places->v2_whole && v1_has_more(places->v1[best], places->v2))
		return false;
	return v2_is_better(proc, controllers[best]);
}

int rs_cgroup_choose_from(const char *proc, rs_cgroup_usable_fn *usable,
			  struct rs_cgroup_tree *ret_tree, struct rs_error *err)
{
	_cleanup_(rs_cleanup_free) struct places *places = calloc(1, sizeof(*places));
	struct rs_cgroup_tree tree = { 0 };
	size_t best = 0;
	int r;

	if (!places)
		return rs_error_set_errno(err, -ENOMEM, "choosing a hierarchy of control groups");
	places->usable = usable;
	r = see_mounts(proc, places);
	if (r < 0)
		return rs_error_set_errno(err, r, "reading \"%s/self/mountinfo\"", proc);
	while (best < ARRAY_SIZE(controllers) && !places->v1[best][0])
		best++;
	if (takes_v2(places, proc, best)) {
		memcpy(tree.mount, places->v2, sizeof(tree.mount));
	} else if (best < ARRAY_SIZE(controllers)) {
		memcpy(tree.mount, places->v1[best], sizeof(tree.mount));
		snprintf(tree.controller, sizeof(tree.controller), "%s", controllers[best]);
	} else {
		r = rs_error_set(err, -ENOENT, "no control groups are mounted");
		rs_error_hint(err, "mount -t cgroup2 cgroup2 /sys/fs/cgroup");
		return r;
	}
	*ret_tree = tree;
	return 0;
}

static void free_btf(struct btf **btf)
{
	btf__free(*btf);
	*btf = NULL;
}

int rs_cgroup_subsys(const char *controller, uint32_t *ret_v1, struct rs_error *err)
{
	_cleanup_(free_btf) struct btf *btf = btf__load_vmlinux_btf();
	const struct btf_type *type;
	const struct btf_enum *value;
	char name[64];
	int id;

	if (!btf)
		return rs_error_set_errno(err, -errno, "reading the kernel's types");
	snprintf(name, sizeof(name), "%s_cgrp_id",
		 strcmp(controller, "blkio") == 0 ? "io" : controller);
	id = btf__find_by_name_kind(btf, "cgroup_subsys_id", BTF_KIND_ENUM);
	type = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
	value = type ? btf_enum(type) : NULL;
	for (int i = 0; value && i < (int)btf_vlen(type); i++, value++) {
		const char *text = btf__name_by_offset(btf, value->name_off);

		if (text && strcmp(text, name) == 0 && value->val >= 0) {
			*ret_v1 = (uint32_t)value->val + 1;
			return 0;
		}
	}
	return rs_error_set(err, -ENOENT, "this kernel has no controller \"%s\"", controller);
}

static bool is_cgroup(const char *point, bool v2)
{
	struct statfs fs;

	if (statfs(point, &fs) < 0)
		return false;
	return (unsigned long)fs.f_type == (v2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC);
}

int rs_cgroup_choose(const char *proc, struct rs_cgroup_tree *ret_tree, struct rs_error *err)
{
	struct rs_cgroup_tree tree;
	int r = rs_cgroup_choose_from(proc, is_cgroup, &tree, err);

	if (r < 0)
		return r;
	if (tree.controller[0]) {
		r = rs_cgroup_subsys(tree.controller, &tree.v1, err);
		if (r < 0)
			return r;
	}
	*ret_tree = tree;
	return 0;
}
