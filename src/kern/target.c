/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/target.h"

#include <errno.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/util.h"
#include "kern/scope.h"

static struct rs_tool *of(void *tool)
{
	return tool;
}

static int map_fd(void *tool, const char *name)
{
	return bpf_object__find_map_fd_by_name(of(tool)->obj, name);
}

static void leave_out(void *tool, const char *program)
{
	bpf_program__set_autoload(bpf_object__find_program_by_name(of(tool)->obj, program), false);
}

void rs_target_prepare(const struct rs_target *target, void *tool,
		       volatile struct rs_target_config *ret_config)
{
	ret_config->flags = (target->n_pids ? RS_TARGET_PIDS : 0) |
			    (target->n_comms ? RS_TARGET_COMMS : 0) |
			    (target->n_uids ? RS_TARGET_UIDS : 0) |
			    (target->n_cgroups || target->by_cgroup ? RS_TARGET_CGROUPS : 0) |
			    (target->follow ? RS_TARGET_FOLLOW : 0);
	ret_config->cgroup_v1 = target->cgroup_v1;
	if (!target->n_pids)
		leave_out(tool, "rs_target_exit");
	if (!target->n_pids || !target->follow)
		leave_out(tool, "rs_target_fork");
	if (!(ret_config->flags & RS_TARGET_CGROUPS))
		leave_out(tool, "rs_target_mkdir");
}

static int put(int fd, const void *key, struct rs_error *err)
{
	uint32_t one = 1;

	if (bpf_map_update_elem(fd, key, &one, BPF_ANY))
		return rs_error_set_errno(err, -errno, "saying who is watched");
	return 0;
}

static int put_descendants(const struct rs_target *target, void *tool, bool first,
			   struct rs_error *err)
{
	const struct rs_filter filter = { .pids = target->pids, .n_pids = target->n_pids };
	struct rs_entries entries = { .map = "rs_target_pids", .key_size = sizeof(uint32_t) };
	int r = rs_scope_collect(&filter, &entries, first, err);
	int fd = map_fd(tool, entries.map);

	for (size_t i = 0; i + sizeof(uint32_t) <= entries.keys.len && !r; i += sizeof(uint32_t)) {
		bool wanted = target->follow; /* else only those that were asked for */
		uint32_t pid;

		memcpy(&pid, entries.keys.items + i, sizeof(pid));
		for (size_t k = 0; k < target->n_pids && !wanted; k++)
			wanted = target->pids[k] == pid;
		r = wanted ? put(fd, &pid, err) : 0;
	}
	rs_entries_done(&entries);
	return r;
}

static int put_comms(const struct rs_target *target, void *tool, struct rs_error *err)
{
	int fd = map_fd(tool, "rs_target_comms"), r = 0;

	for (size_t i = 0; i < target->n_comms && !r; i++) {
		char comm[16] = { 0 };

		if (strlen(target->comms[i]) >= sizeof(comm))
			return rs_error_set(err, -EINVAL, "--comm %s: names have at most 15 bytes",
					    target->comms[i]);
		memcpy(comm, target->comms[i], strlen(target->comms[i]));
		r = put(fd, comm, err);
	}
	return r;
}

/* The programs compare thread groups as the first pid namespace counts; we may live in another. */
static void introduce_self(void *tool)
{
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, opts);
	struct bpf_program *program = bpf_object__find_program_by_name(of(tool)->obj,
								       "rs_target_self");

	bpf_prog_test_run_opts(bpf_program__fd(program), &opts);
}

int rs_target_fill(const struct rs_target *target, void *tool, struct rs_error *err)
{
	int r = target->n_pids ? put_descendants(target, tool, true, err) : 0;

	introduce_self(tool);
	if (!r)
		r = put_comms(target, tool, err);
	for (size_t i = 0; i < target->n_uids && !r; i++)
		r = put(map_fd(tool, "rs_target_uids"), &target->uids[i], err);
	for (size_t i = 0; i < target->n_cgroups && !r; i++)
		r = put(map_fd(tool, "rs_target_cgroups"), &target->cgroups[i], err);
	return r;
}

/* From when they are attached, the programs take out who ends, but not who has ended before. */
static void drop_dead(void *tool)
{
	int fd = map_fd(tool, "rs_target_pids");
	uint32_t pid, next;
	bool more = !bpf_map_get_next_key(fd, NULL, &next);

	while (more) {
		pid = next;
		more = !bpf_map_get_next_key(fd, &pid, &next);
		if (rs_scope_is_dead(pid))
			bpf_map_delete_elem(fd, &pid);
	}
}

void rs_target_rescan(const struct rs_target *target, void *tool)
{
	if (target->n_pids && target->follow)
		put_descendants(target, tool, false, NULL);
	if (target->n_pids)
		drop_dead(tool);
}

int rs_target_add_pid(void *tool, uint32_t pid)
{
	return put(map_fd(tool, "rs_target_pids"), &pid, NULL);
}

int rs_target_add_cgroup(void *tool, uint64_t id)
{
	return put(map_fd(tool, "rs_target_cgroups"), &id, NULL);
}

/*
 * A process on its way out when the programs were attached may have passed the place where they would have noticed, and
 * still live as far as /proc knows: for long, where its memory is large or its namespace ends with it. So nobody is
 * believed to live for being in the map. One that does is enough to know; it is asked each time.
 */
bool rs_target_gone(void *tool)
{
	struct bpf_program *program = bpf_object__find_program_by_name(of(tool)->obj,
								       "rs_target_exit");
	int fd = map_fd(tool, "rs_target_pids"), r = 0;
	uint32_t pid;

	if (!bpf_program__autoload(program))
		return false;
	while (!r && !(r = bpf_map_get_next_key(fd, NULL, &pid))) {
		if (!rs_scope_is_dead(pid))
			return false;
		r = bpf_map_delete_elem(fd, &pid);
		if (r == -ENOENT) /* the program was quicker */
			r = 0;
	}
	return r == -ENOENT;
}

uint64_t rs_target_lost(void *tool)
{
	uint64_t lost = 0;
	uint32_t zero = 0;

	bpf_map_lookup_elem(map_fd(tool, "rs_target_lost"), &zero, &lost);
	return lost;
}
