/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters are entries of hash maps and a few bits in struct rs_config. To change them, what is new
 * is added first, then the bits are set, then what is no longer wanted is taken out: at no moment
 * does less pass than both the old and the new filter let through.
 */
#include "kern/filter.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "base/fd.h"
#include "base/util.h"
#include "base/vec.h"
#include "bpf/abi/control.h"
#include "kern/cgroup.h"
#include "kern/sensors.h"

#define KEY_MAX sizeof(struct rs_prefix)

/* The entries that one filter wants in its map: fixed-size keys, each with a value. */
struct entries {
	const char *map; /* name */
	size_t key_size;
	RS_VEC(uint8_t) keys;
	RS_VEC(uint32_t) values;
};

static void entries_done(struct entries *e)
{
	rs_vec_done(&e->keys);
	rs_vec_done(&e->values);
}

static int entries_add(struct entries *e, const void *key, uint32_t value)
{
	if (rs_vec_reserve(&e->keys, e->key_size) || rs_vec_push(&e->values, value))
		return -ENOMEM;
	memcpy(e->keys.items + e->keys.len, key, e->key_size);
	e->keys.len += e->key_size;
	return 0;
}

static bool entries_have(const struct entries *e, const void *key)
{
	for (size_t i = 0; i < e->values.len; i++)
		if (!memcmp(e->keys.items + i * e->key_size, key, e->key_size))
			return true;
	return false;
}

static int entries_insert(struct rs_sensors *sensors, const struct entries *e, struct rs_error *err)
{
	int fd = rs_sensors_map_fd(sensors, e->map);

	for (size_t i = 0; i < e->values.len; i++)
		if (bpf_map_update_elem(fd, e->keys.items + i * e->key_size, &e->values.items[i],
					BPF_ANY))
			return rs_error_set_errno(err, -errno,
						  "filling the filter \"%s\" (entry %zu)", e->map,
						  i + 1);
	return 0;
}

/* Takes out what is in the map and not in @e. */
static void entries_prune(struct rs_sensors *sensors, const struct entries *e)
{
	int fd = rs_sensors_map_fd(sensors, e->map);
	uint8_t key[KEY_MAX], next[KEY_MAX];
	void *at = NULL;

	while (!bpf_map_get_next_key(fd, at, next)) {
		if (entries_have(e, next)) {
			memcpy(key, next, e->key_size);
			at = key;
		} else if (bpf_map_delete_elem(fd, next)) {
			break;
		}
	}
}

/* --- what each list becomes --------------------------------------------------------------------- */

static int add_uids(const struct rs_filter *filter, struct entries *e)
{
	for (size_t i = 0; i < filter->n_uids; i++)
		if (entries_add(e, &filter->uids[i], 1))
			return -ENOMEM;
	return 0;
}

static int add_comms(const struct rs_filter *filter, struct entries *e)
{
	for (size_t i = 0; i < filter->n_comms; i++) {
		char comm[16] = { 0 };

		memcpy(comm, filter->comms[i], strnlen(filter->comms[i], sizeof(comm) - 1));
		if (entries_add(e, comm, 1))
			return -ENOMEM;
	}
	return 0;
}

static int add_exes(const struct rs_filter *filter, struct entries *e)
{
	for (size_t i = 0; i < filter->n_exes; i++) {
		struct rs_exe_key key = { 0 };

		memcpy(key.path, filter->exes[i], strnlen(filter->exes[i], sizeof(key.path) - 1));
		if (entries_add(e, &key, 1))
			return -ENOMEM;
	}
	return 0;
}

/* "/etc" becomes "/etc/..." (what is below) and "/etc", ended by the key's zeros (itself). */
static int add_paths(const struct rs_filter *filter, struct entries *e)
{
	for (size_t i = 0; i < filter->n_paths; i++) {
		struct rs_prefix key = { 0 };
		size_t len = strlen(filter->paths[i]);

		while (len > 0 && filter->paths[i][len - 1] == '/')
			len--;
		memcpy(key.bytes, filter->paths[i], len);
		key.bits = (len + 1) * 8;
		if (len && entries_add(e, &key, 2))
			return -ENOMEM;
		key.bytes[len] = '/';
		if (entries_add(e, &key, 1))
			return -ENOMEM;
	}
	return 0;
}

/* The id of a cgroup is its directory's inode number; its level, how deep it lies. */
static int cgroup_id(const char *name, uint64_t *ret_id, uint32_t *ret_level, struct rs_error *err)
{
	char mount[PATH_MAX], path[2 * PATH_MAX];
	struct stat st;
	const char *below;
	int r = rs_cgroup2_mount(mount, sizeof(mount), err);

	if (r < 0)
		return r;
	below = !strncmp(name, mount, strlen(mount)) ? name + strlen(mount) : name;
	snprintf(path, sizeof(path), "%s/%s", mount, below);
	if (stat(path, &st) < 0)
		return rs_error_set_errno(err, -errno, "finding cgroup \"%s\"", path);
	if (!S_ISDIR(st.st_mode))
		return rs_error_set(err, -ENOTDIR, "finding cgroup \"%s\": not a directory", path);
	*ret_id = st.st_ino;
	*ret_level = 0;
	for (const char *p = below; *p; p++)
		*ret_level += *p != '/' && (p == below || p[-1] == '/');
	return 0;
}

static int add_cgroups(const struct rs_filter *filter, struct entries *e, uint64_t *levels,
		       struct rs_error *err)
{
	for (size_t i = 0; i < filter->n_cgroups; i++) {
		uint32_t level;
		uint64_t id;
		int r = cgroup_id(filter->cgroups[i], &id, &level, err);

		if (r < 0)
			return r;
		if (level > 15)
			return rs_error_set(err, -E2BIG, "cgroup \"%s\": more than 15 levels deep",
					    filter->cgroups[i]);
		*levels |= 1ull << level;
		if (entries_add(e, &id, 1))
			return rs_error_set(err, -ENOMEM, "out of memory");
	}
	return 0;
}

/* --- processes that already run ----------------------------------------------------------------- */

struct process {
	uint32_t pid;
	uint32_t ppid;
	uint32_t bits; /* RS_SCOPE_* */
};

struct processes {
	RS_VEC(struct process) list;
};

static int read_process(int proc, const char *name, const struct rs_filter *filter,
			struct process *ret)
{
	char path[64], buf[512], exe[PATH_MAX];
	const char *end;
	ssize_t n;

	ret->pid = strtoul(name, NULL, 10);
	ret->bits = 0;
	snprintf(path, sizeof(path), "%s/stat", name);
	n = rs_fd_read_buf_at(proc, path, buf, sizeof(buf));
	end = n > 0 ? strrchr(buf, ')') : NULL; /* the name may hold anything but ends here */
	if (!end || strlen(end) < 5)            /* ") S 1" at least */
		return -ESRCH;
	ret->ppid = strtoul(end + 4, NULL, 10);
	for (size_t i = 0; i < filter->n_pids; i++)
		if (filter->pids[i] == ret->pid)
			ret->bits |= RS_SCOPE_PID;
	snprintf(path, sizeof(path), "%s/exe", name);
	n = filter->n_exes ? readlinkat(proc, path, exe, sizeof(exe) - 1) : -1;
	if (n < 0)
		return 0;
	exe[n] = '\0';
	for (size_t i = 0; i < filter->n_exes; i++)
		if (!strcmp(filter->exes[i], exe))
			ret->bits |= RS_SCOPE_EXE;
	return 0;
}

static int scan_processes(const struct rs_filter *filter, struct processes *out,
			  struct rs_error *err)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return rs_error_set_errno(err, -errno, "opening \"/proc\"");
	while (!r && (entry = readdir(dir))) {
		struct process p;

		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		if (!read_process(dirfd(dir), entry->d_name, filter, &p))
			r = rs_vec_push(&out->list, p);
	}
	closedir(dir);
	return r ? rs_error_set(err, r, "out of memory") : 0;
}

/* Hands RS_SCOPE_PID down to children until nothing changes. */
static void mark_descendants(struct processes *all)
{
	bool changed = true;

	while (changed) {
		changed = false;
		rs_vec_foreach(&all->list, child)
		{
			if (child->bits & RS_SCOPE_PID)
				continue;
			rs_vec_foreach(&all->list, parent)
			{
				if (parent->pid != child->ppid || !(parent->bits & RS_SCOPE_PID))
					continue;
				child->bits |= RS_SCOPE_PID;
				changed = true;
				break;
			}
		}
	}
}

static int check_pids_live(const struct rs_filter *filter, struct processes *all,
			   struct rs_error *err)
{
	for (size_t i = 0; i < filter->n_pids; i++) {
		bool found = false;

		rs_vec_foreach(&all->list, p) found |= p->pid == filter->pids[i];
		if (!found)
			return rs_error_set(err, -ESRCH, "pid %u: no such process",
					    filter->pids[i]);
	}
	return 0;
}

/* Puts what runs now into @e. Called twice: what was forked between the first look and the moment
 * in which forks began to be followed is found by the second. */
static int add_processes(const struct rs_filter *filter, struct entries *e, bool first,
			 struct rs_error *err)
{
	struct processes all = { 0 };
	int r = scan_processes(filter, &all, err);

	if (!r && first)
		r = check_pids_live(filter, &all, err);
	mark_descendants(&all);
	rs_vec_foreach(&all.list, p) if (!r && p->bits && entries_add(e, &p->pid, p->bits))
		r = rs_error_set(err, -ENOMEM, "out of memory");
	rs_vec_done(&all.list);
	return r;
}

/*
 * Takes out who died between being seen and being inserted: from when the switch is thrown, the
 * programs take out who dies, but only who is there already.
 */
static void drop_dead(struct rs_sensors *sensors, const struct entries *e)
{
	int fd = rs_sensors_map_fd(sensors, e->map);

	for (size_t i = 0; i < e->values.len; i++) {
		char path[32];
		uint32_t pid;

		memcpy(&pid, e->keys.items + i * e->key_size, sizeof(pid));
		snprintf(path, sizeof(path), "/proc/%u", pid);
		if (access(path, F_OK))
			bpf_map_delete_elem(fd, &pid);
	}
}

/* --- all together --------------------------------------------------------------------------------- */

enum { SCOPE, COMM, UID, CGROUP, EXE, PATHS, MAPS };

struct plan {
	struct entries maps[MAPS];
	uint64_t levels;
	uint32_t bits; /* RS_FILTER_* */
};

static void plan_init(struct plan *plan, const struct rs_filter *filter)
{
	*plan = (struct plan){ .maps = {
				       [SCOPE] = { .map = "rs_scope", .key_size = 4 },
				       [COMM] = { .map = "rs_filter_comm", .key_size = 16 },
				       [UID] = { .map = "rs_filter_uid", .key_size = 4 },
				       [CGROUP] = { .map = "rs_filter_cgroup", .key_size = 8 },
				       [EXE] = { .map = "rs_filter_exe",
						 .key_size = sizeof(struct rs_exe_key) },
				       [PATHS] = { .map = "rs_filter_path",
						   .key_size = sizeof(struct rs_prefix) },
			       } };
	plan->bits = (filter->n_pids ? RS_FILTER_SCOPE : 0) |
		     (filter->n_comms ? RS_FILTER_COMM : 0) | (filter->n_uids ? RS_FILTER_UID : 0) |
		     (filter->n_cgroups ? RS_FILTER_CGROUP : 0) |
		     (filter->n_exes ? RS_FILTER_EXE : 0) | (filter->n_paths ? RS_FILTER_PATH : 0);
}

static void plan_done(struct plan *plan)
{
	for (size_t i = 0; i < MAPS; i++)
		entries_done(&plan->maps[i]);
}

static int plan_fill(struct plan *plan, const struct rs_filter *filter, struct rs_error *err)
{
	if (add_uids(filter, &plan->maps[UID]) || add_comms(filter, &plan->maps[COMM]) ||
	    add_exes(filter, &plan->maps[EXE]) || add_paths(filter, &plan->maps[PATHS]))
		return rs_error_set(err, -ENOMEM, "out of memory");
	return add_cgroups(filter, &plan->maps[CGROUP], &plan->levels, err);
}

static int plan_apply(struct plan *plan, struct rs_sensors *sensors, const struct rs_filter *filter,
		      struct rs_error *err)
{
	struct rs_config *config = rs_sensors_config(sensors);
	bool scope = plan->bits & (RS_FILTER_SCOPE | RS_FILTER_EXE);
	int r = scope ? add_processes(filter, &plan->maps[SCOPE], true, err) : 0;

	for (size_t i = 0; i < MAPS && !r; i++)
		r = entries_insert(sensors, &plan->maps[i], err);
	if (r)
		return r;
	__atomic_store_n(&config->cgroup_levels, plan->levels, __ATOMIC_SEQ_CST);
	__atomic_store_n(&config->filters, plan->bits, __ATOMIC_SEQ_CST);
	__atomic_store_n(&config->kinds, filter->kinds, __ATOMIC_SEQ_CST);
	if (scope) {
		r = add_processes(filter, &plan->maps[SCOPE], false, err);
		if (!r)
			r = entries_insert(sensors, &plan->maps[SCOPE], err);
		drop_dead(sensors, &plan->maps[SCOPE]);
	}
	/* rs_scope is left to itself while in use: the programs add and remove processes there */
	for (size_t i = scope ? SCOPE + 1 : SCOPE; i < MAPS; i++)
		entries_prune(sensors, &plan->maps[i]);
	return r;
}

int rs_filter_apply(struct rs_sensors *sensors, const struct rs_filter *filter,
		    struct rs_error *err)
{
	uint64_t missing = filter->kinds & ~rs_sensors_kinds(sensors);
	struct plan plan;
	int r = rs_filter_check(filter, err);

	if (r)
		return r;
	if (missing)
		return rs_error_set(err, -ENOTSUP,
				    "kinds of events that were not attached at start (%d of them)",
				    __builtin_popcountll(missing));
	plan_init(&plan, filter);
	r = plan_fill(&plan, filter, err);
	if (!r)
		r = plan_apply(&plan, sensors, filter, err);
	plan_done(&plan);
	return r;
}

static int check_path(const char *path, size_t max, const char *what, struct rs_error *err)
{
	if (path[0] != '/')
		return rs_error_set(err, -EINVAL, "%s \"%s\": must be an absolute path", what,
				    path);
	if (strlen(path) > max)
		return rs_error_set(err, -ENAMETOOLONG, "%s \"%s\": longer than %zu bytes", what,
				    path, max);
	return 0;
}

static int check_count(size_t n, size_t max, const char *what, struct rs_error *err)
{
	if (n > max)
		return rs_error_set(err, -E2BIG, "%zu %s: at most %zu fit", n, what, max);
	return 0;
}

int rs_filter_check(const struct rs_filter *filter, struct rs_error *err)
{
	int r;

	if ((r = check_count(filter->n_comms, RS_COMM_ENTRIES, "command names", err)) ||
	    (r = check_count(filter->n_uids, RS_UID_ENTRIES, "users", err)) ||
	    (r = check_count(filter->n_exes, RS_EXE_ENTRIES, "executables", err)) ||
	    (r = check_count(filter->n_cgroups, RS_CGROUP_ENTRIES, "cgroups", err)) ||
	    (r = check_count(filter->n_paths, RS_PREFIX_ENTRIES / 2, "paths", err)))
		return r;
	for (size_t i = 0; i < filter->n_comms; i++)
		if (strlen(filter->comms[i]) > 15 || !filter->comms[i][0])
			return rs_error_set(
				err, -EINVAL,
				"command name \"%s\": must have 1 to 15 bytes, as the kernel "
				"keeps no more",
				filter->comms[i]);
	for (size_t i = 0; i < filter->n_exes; i++)
		if ((r = check_path(filter->exes[i], 255, "executable", err)))
			return r;
	for (size_t i = 0; i < filter->n_paths; i++)
		if ((r = check_path(filter->paths[i], RS_PREFIX_BYTES - 1, "path", err)))
			return r;
	return 0;
}
