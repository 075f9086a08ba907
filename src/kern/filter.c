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
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "base/fd.h"
#include "base/util.h"
#include "base/vec.h"
#include "bpf/abi/control.h"
#include "kern/cgroup-private.h"
#include "kern/entries.h"
#include "kern/scope.h"
#include "kern/sensors.h"

/* --- what each list becomes --------------------------------------------------------------------- */

static int add_uids(const struct rs_filter *filter, struct rs_entries *e)
{
	for (size_t i = 0; i < filter->n_uids; i++)
		if (rs_entries_add(e, &filter->uids[i], 1))
			return -ENOMEM;
	return 0;
}

static int add_comms(const struct rs_filter *filter, struct rs_entries *e)
{
	for (size_t i = 0; i < filter->n_comms; i++) {
		char comm[16] = { 0 };

		memcpy(comm, filter->comms[i], strnlen(filter->comms[i], sizeof(comm) - 1));
		if (rs_entries_add(e, comm, 1))
			return -ENOMEM;
	}
	return 0;
}

static int add_exes(const struct rs_filter *filter, struct rs_entries *e)
{
	for (size_t i = 0; i < filter->n_exes; i++) {
		struct rs_exe_key key = { 0 };

		memcpy(key.path, filter->exes[i], strnlen(filter->exes[i], sizeof(key.path) - 1));
		if (rs_entries_add(e, &key, 1))
			return -ENOMEM;
	}
	return 0;
}

/* "/etc" becomes "/etc/..." (what is below) and "/etc", ended by the key's zeros (itself). */
static int add_paths(const struct rs_filter *filter, struct rs_entries *e)
{
	for (size_t i = 0; i < filter->n_paths; i++) {
		struct rs_prefix key = { 0 };
		size_t len = strlen(filter->paths[i]);

		while (len > 0 && filter->paths[i][len - 1] == '/')
			len--;
		memcpy(key.bytes, filter->paths[i], len);
		key.bits = (len + 1) * 8;
		if (len && rs_entries_add(e, &key, 2))
			return -ENOMEM;
		key.bytes[len] = '/';
		if (rs_entries_add(e, &key, 1))
			return -ENOMEM;
	}
	return 0;
}

static bool is_v1(const char *point, bool v2)
{
	struct statfs fs;

	return !v2 && !statfs(point, &fs) && (unsigned long)fs.f_type == CGROUP_SUPER_MAGIC;
}

/* Where the hierarchy is mounted that the programs look at: see rs_config.cgroup_v1. */
static int cgroup_mount(bool v1, char *buf, size_t size, struct rs_error *err)
{
	struct rs_cgroup_tree tree;
	int r;

	if (!v1)
		return rs_cgroup2_mount(buf, size, err);
	r = rs_cgroup_choose_from("/proc", is_v1, &tree, err);
	if (!r)
		snprintf(buf, size, "%s", tree.mount);
	return r;
}

/* The id of a cgroup is its directory's inode number; its level, how deep it lies. */
static int cgroup_id(const char *mount, const char *name, uint64_t *ret_id, uint32_t *ret_level,
		     struct rs_error *err)
{
	char path[2 * PATH_MAX];
	struct stat st;
	const char *below;

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

static int add_cgroups(const struct rs_filter *filter, bool v1, struct rs_entries *e,
		       uint64_t *levels, struct rs_error *err)
{
	char mount[PATH_MAX];
	int r = filter->n_cgroups ? cgroup_mount(v1, mount, sizeof(mount), err) : 0;

	if (r < 0)
		return r;
	for (size_t i = 0; i < filter->n_cgroups; i++) {
		uint32_t level = 0;
		uint64_t id;

		r = cgroup_id(mount, filter->cgroups[i], &id, &level, err);
		if (r < 0)
			return r;
		if (level > 15)
			return rs_error_set(err, -E2BIG, "cgroup \"%s\": more than 15 levels deep",
					    filter->cgroups[i]);
		*levels |= 0xffff; /* how deep our own root lies, a cgroup namespace hides */
		if (rs_entries_add(e, &id, 1))
			return rs_error_set(err, -ENOMEM, "out of memory");
	}
	return 0;
}

/* --- all together --------------------------------------------------------------------------------- */

enum { SCOPE, COMM, UID, CGROUP, EXE, PATHS, MAPS };

struct plan {
	struct rs_entries maps[MAPS];
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
		rs_entries_done(&plan->maps[i]);
}

static int plan_fill(struct plan *plan, const struct rs_filter *filter, bool v1,
		     struct rs_error *err)
{
	if (add_uids(filter, &plan->maps[UID]) || add_comms(filter, &plan->maps[COMM]) ||
	    add_exes(filter, &plan->maps[EXE]) || add_paths(filter, &plan->maps[PATHS]))
		return rs_error_set(err, -ENOMEM, "out of memory");
	return add_cgroups(filter, v1, &plan->maps[CGROUP], &plan->levels, err);
}

/* A number that is another one when other pids or executables are asked for. */
static uint64_t scope_signature(const struct rs_filter *filter)
{
	uint64_t hash = 14695981039346656037ull; /* FNV-1a */

	for (size_t i = 0; i < filter->n_pids; i++)
		hash = (hash ^ filter->pids[i]) * 1099511628211ull;
	for (size_t i = 0; i < filter->n_exes; i++) {
		const char *c = filter->exes[i];

		do
			hash = (hash ^ (uint8_t)*c) * 1099511628211ull;
		while (*c++);
	}
	return hash;
}

static int plan_apply(struct plan *plan, struct rs_sensors *sensors, const struct rs_filter *filter,
		      struct rs_error *err)
{
	struct rs_config *config = rs_sensors_config(sensors);
	bool scope = plan->bits & (RS_FILTER_SCOPE | RS_FILTER_EXE);
	bool other_scope;
	int r = scope ? rs_scope_collect(filter, &plan->maps[SCOPE], true, err) : 0;

	for (size_t i = 0; i < MAPS && !r; i++)
		r = rs_entries_insert(sensors, &plan->maps[i], err);
	if (r) {
		for (size_t i = 0; i < MAPS; i++)
			rs_entries_undo(sensors, &plan->maps[i]);
		return r;
	}
	other_scope = rs_sensors_note_scope(sensors, scope_signature(filter));
	__atomic_store_n(&config->cgroup_levels, plan->levels, __ATOMIC_SEQ_CST);
	__atomic_store_n(&config->filters, plan->bits, __ATOMIC_SEQ_CST);
	__atomic_store_n(&config->kinds, filter->kinds, __ATOMIC_SEQ_CST);
	if (scope) {
		rs_scope_drop_dead(sensors, &plan->maps[SCOPE]);
		r = rs_scope_refresh(sensors, filter, err);
		if (other_scope)
			rs_scope_prune(sensors, filter);
	}
	/* rs_scope is left to itself while the same processes are asked for: the programs know their
	 * descendants, also those whose parents are gone */
	for (size_t i = scope ? SCOPE + 1 : SCOPE; i < MAPS; i++)
		rs_entries_prune(sensors, &plan->maps[i]);
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
	r = plan_fill(&plan, filter, rs_sensors_config(sensors)->cgroup_v1, err);
	if (!r)
		r = plan_apply(&plan, sensors, filter, err);
	plan_done(&plan);
	return r;
}

int rs_filter_rescan(struct rs_sensors *sensors, const struct rs_filter *filter,
		     struct rs_error *err)
{
	return filter->n_pids || filter->n_exes ? rs_scope_refresh(sensors, filter, err) : 0;
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
