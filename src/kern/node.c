/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/node.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "base/fd.h"
#include "kern/bpfcall.h"
#include "kern/node-private.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"
#define MAPS_MAX   256 /* of one program that are looked at */

const char *rs_node_program_type(uint32_t type, char buf[static 24])
{
	const char *name = libbpf_bpf_prog_type_str((enum bpf_prog_type)type);

	if (!name)
		snprintf(buf, 24, "type %u", type);
	return name ? name : buf;
}

const char *rs_node_link_type(uint32_t type, char buf[static 24])
{
	/* those that libbpf 1.1 does not know yet */
	static const char *const newer[] = { "netfilter", "tcx", "uprobe_multi", "netkit",
					     "sockmap" };
	const uint32_t first = BPF_LINK_TYPE_STRUCT_OPS + 1;
	const char *name = libbpf_bpf_link_type_str((enum bpf_link_type)type);

	if (!name && type >= first && type - first < ARRAY_SIZE(newer))
		name = newer[type - first];
	if (!name)
		snprintf(buf, 24, "type %u", type);
	return name ? name : buf;
}

struct rs_node_program *rs_node_find(struct rs_node *node, uint32_t id)
{
	rs_vec_foreach(&node->programs, program)
	{
		if (program->id == id)
			return program;
	}
	return NULL;
}

void rs_node_add_target(struct rs_node_program *program, const char *target)
{
	if (!program->targets++)
		snprintf(program->target, sizeof(program->target), "%s", target);
}

uint64_t rs_node_fdinfo(const char *text, const char *key)
{
	size_t n = strlen(key);

	while (*text) {
		if (strncmp(text, key, n) == 0 && text[n] == ':')
			return strtoull(text + n + 1, NULL, 10);
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return 0;
}

/* Bytes that the kernel charges for what is behind one of our own descriptors. */
static uint64_t memory_of(int fd)
{
	char path[64], text[1024];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (rs_fd_read_buf_at(AT_FDCWD, path, text, sizeof(text)) < 0)
		return 0;
	return rs_node_fdinfo(text, "memlock");
}

static uint64_t memory_of_map(uint32_t id)
{
	_cleanup_(rs_cleanup_close) int fd = rs_bpf_fd_by_id(BPF_MAP_GET_FD_BY_ID, id);

	return fd < 0 ? 0 : memory_of(fd);
}

static void read_program_maps(int fd, struct rs_node_program *program)
{
	uint32_t ids[MAPS_MAX];
	struct bpf_prog_info info = { .nr_map_ids = MIN(program->maps, (uint32_t)MAPS_MAX),
				      .map_ids = (uint64_t)(uintptr_t)ids };

	if (!program->maps || rs_bpf_info(fd, &info, sizeof(info)) < 0)
		return;
	for (uint32_t i = 0; i < MIN(info.nr_map_ids, (uint32_t)MAPS_MAX); i++)
		program->map_memory += memory_of_map(ids[i]);
}

/* The function, tracepoint or hook that it was loaded for. */
static void name_target(const struct btf *btf, uint32_t id, struct rs_node_program *program)
{
	const struct btf_type *type = btf ? btf__type_by_id(btf, id) : NULL;
	const char *name = type ? btf__name_by_offset(btf, type->name_off) : NULL;

	if (name && strncmp(name, "btf_trace_", 10) == 0)
		name += 10;
	else if (name && (strncmp(name, "bpf_lsm_", 8) == 0 || strncmp(name, "bpf_iter_", 9) == 0))
		name += name[4] == 'l' ? 8 : 9;
	if (name)
		snprintf(program->target, sizeof(program->target), "%s", name);
}

static void copy_counters(struct rs_node_program *program, const struct bpf_prog_info *info)
{
	program->runs = info->run_cnt;
	program->run_ns = info->run_time_ns;
	program->missed = info->recursion_misses;
}

/* Loads the kernel's types when a program needs them, once. Theirs may be a module's, or a
 * program's, whose ids mean nothing here: those are left out. */
static void read_program_target(const struct bpf_prog_info *info, struct btf **btf,
				struct rs_node_program *program)
{
	struct bpf_btf_info owner = { 0 };
	char name[16] = "";
	int fd;

	if (!info->attach_btf_id || !info->attach_btf_obj_id)
		return;
	fd = rs_bpf_fd_by_id(BPF_BTF_GET_FD_BY_ID, info->attach_btf_obj_id);
	if (fd < 0)
		return;
	owner.name = (uint64_t)(uintptr_t)name;
	owner.name_len = sizeof(name);
	if (rs_bpf_info(fd, &owner, sizeof(owner)) < 0)
		owner.kernel_btf = 0;
	close(fd);
	if (!owner.kernel_btf || strcmp(name, "vmlinux") != 0)
		return;
	if (!*btf && access(KERNEL_BTF, R_OK) == 0)
		*btf = btf__parse(KERNEL_BTF, NULL);
	name_target(*btf, info->attach_btf_id, program);
}

static int read_program(uint32_t id, struct btf **btf, struct rs_node_program *ret_program)
{
	_cleanup_(rs_cleanup_close) int fd = rs_bpf_fd_by_id(BPF_PROG_GET_FD_BY_ID, id);
	struct rs_node_program program = { .id = id };
	struct bpf_prog_info info = { 0 };
	int r;

	if (fd < 0)
		return fd;
	r = rs_bpf_info(fd, &info, sizeof(info));
	if (r < 0)
		return r;
	program.type = info.type;
	memcpy(program.name, info.name, sizeof(program.name) - 1);
	for (size_t i = 0; i < sizeof(info.tag); i++)
		program.tag = program.tag << 8 | info.tag[i];
	program.uid = info.created_by_uid;
	program.loaded = info.load_time;
	program.memory = memory_of(fd);
	program.maps = info.nr_map_ids;
	program.insns = info.xlated_prog_len / (uint32_t)sizeof(struct bpf_insn);
	program.verified = info.verified_insns;
	program.ours = strncmp(program.name, "rs_", 3) == 0;
	copy_counters(&program, &info);
	read_program_maps(fd, &program);
	read_program_target(&info, btf, &program);
	*ret_program = program;
	return 0;
}

static int read_programs(struct rs_node *node)
{
	struct btf *btf = NULL;
	uint32_t id = 0;
	int r;

	while ((r = rs_bpf_next_id(BPF_PROG_GET_NEXT_ID, id, &id)) == 0) {
		struct rs_node_program program;

		if (read_program(id, &btf, &program) < 0)
			continue; /* it is gone */
		r = rs_vec_push(&node->programs, program);
		if (r < 0)
			break;
	}
	btf__free(btf);
	return r == -ENOENT ? 0 : r;
}

static void read_maps(struct rs_node *node)
{
	uint32_t id = 0;

	while (rs_bpf_next_id(BPF_MAP_GET_NEXT_ID, id, &id) == 0) {
		node->maps++;
		node->map_memory += memory_of_map(id);
	}
}

int rs_node_read(struct rs_node *ret_node, struct rs_error *err)
{
	_cleanup_(rs_node_done) struct rs_node node = { 0 };
	int r = read_programs(&node);

	if (r == 0)
		r = rs_node_read_links(&node);
	if (r < 0)
		return rs_error_set_errno(err, r, "listing this machine's eBPF programs");
	read_maps(&node);
	rs_node_read_owners(&node);
	*ret_node = node;
	node = (struct rs_node){ 0 };
	return 0;
}

void rs_node_done(struct rs_node *node)
{
	rs_vec_done(&node->programs);
	rs_vec_done(&node->links);
}

void rs_node_refresh(struct rs_node *node)
{
	rs_vec_foreach(&node->programs, program)
	{
		_cleanup_(rs_cleanup_close) int fd = rs_bpf_fd_by_id(BPF_PROG_GET_FD_BY_ID,
								     program->id);
		struct bpf_prog_info info = { 0 };

		if (fd >= 0 && rs_bpf_info(fd, &info, sizeof(info)) == 0)
			copy_counters(program, &info);
	}
}
