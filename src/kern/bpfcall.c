/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/bpfcall.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NAME       "rs_probe"
#define LOAD_TRIES 5

static uint64_t ptr(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

int rs_bpf_call(enum bpf_cmd cmd, union bpf_attr *attr, size_t size)
{
	long r = syscall(SYS_bpf, cmd, attr, size);

	return r < 0 ? -errno : (int)r;
}

int rs_bpf_load(const struct rs_bpf_program *program)
{
	union bpf_attr attr;
	int r = -EAGAIN;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = program->type;
	attr.expected_attach_type = program->attach_type;
	attr.attach_btf_id = program->attach_btf_id;
	attr.prog_flags = program->flags;
	attr.insns = ptr(program->insns);
	attr.insn_cnt = program->n_insns;
	attr.license = ptr("GPL");
	memcpy(attr.prog_name, NAME, sizeof(NAME));
	if (program->log) {
		program->log[0] = '\0';
		attr.log_buf = ptr(program->log);
		attr.log_size = program->log_size;
		attr.log_level = 1;
	}
	/* The verifier gives up with EAGAIN when a signal is pending. */
	for (int i = 0; i < LOAD_TRIES && r == -EAGAIN; i++)
		r = rs_bpf_call(BPF_PROG_LOAD, &attr, sizeof(attr));
	return r;
}

int rs_bpf_map_create(const struct rs_bpf_map *map)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = map->type;
	attr.key_size = map->key_size;
	attr.value_size = map->value_size;
	attr.max_entries = map->entries;
	attr.map_flags = map->flags;
	memcpy(attr.map_name, NAME, sizeof(NAME));
	if (map->btf_fd > 0) {
		attr.btf_fd = (uint32_t)map->btf_fd;
		attr.btf_key_type_id = 1;
		attr.btf_value_type_id = 1;
	}
	return rs_bpf_call(BPF_MAP_CREATE, &attr, sizeof(attr));
}

int rs_bpf_map_lookup(int map_fd, const void *key, void *value)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map_fd;
	attr.key = ptr(key);
	attr.value = ptr(value);
	return rs_bpf_call(BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr));
}

static int update(int map_fd, const void *key, const void *value, uint64_t flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map_fd;
	attr.key = ptr(key);
	attr.value = ptr(value);
	attr.flags = flags;
	return rs_bpf_call(BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr));
}

int rs_bpf_map_update(int map_fd, const void *key, const void *value)
{
	return update(map_fd, key, value, BPF_ANY);
}

int rs_bpf_map_replace(int map_fd, const void *key, const void *value)
{
	return update(map_fd, key, value, BPF_EXIST);
}

int rs_bpf_map_delete(int map_fd, const void *key)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map_fd;
	attr.key = ptr(key);
	return rs_bpf_call(BPF_MAP_DELETE_ELEM, &attr, sizeof(attr));
}

int rs_bpf_map_next_key(int map_fd, const void *key, void *ret_next)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map_fd;
	attr.key = ptr(key);
	attr.next_key = ptr(ret_next);
	return rs_bpf_call(BPF_MAP_GET_NEXT_KEY, &attr, sizeof(attr));
}

/* BPF_RAW_TRACEPOINT_OPEN's arguments: linux/bpf.h has the cookie since 6.10. */
struct raw_tp_attr {
	uint64_t name;
	uint32_t prog_fd, pad;
	uint64_t cookie;
};

int rs_bpf_raw_tp_open_cookie(const char *name, int prog_fd, uint64_t cookie)
{
	const struct raw_tp_attr raw = {
		.name = ptr(name),
		.prog_fd = (uint32_t)prog_fd,
		.cookie = cookie,
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	memcpy(&attr, &raw, sizeof(raw));
	return rs_bpf_call(BPF_RAW_TRACEPOINT_OPEN, &attr, sizeof(attr));
}

int rs_bpf_raw_tp_open(const char *name, int prog_fd)
{
	return rs_bpf_raw_tp_open_cookie(name, prog_fd, 0);
}

bool rs_bpf_trampolines_allowed(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	const struct rs_bpf_program program = {
		.type = BPF_PROG_TYPE_TRACING,
		.attach_type = BPF_TRACE_FENTRY,
		.insns = insns,
		.n_insns = sizeof(insns) / sizeof(insns[0]),
	};

	return rs_bpf_load(&program) == -EINVAL;
}

int rs_bpf_link_create(int prog_fd, int target, unsigned attach_type)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)prog_fd;
	attr.link_create.target_fd = (uint32_t)target;
	attr.link_create.attach_type = attach_type;
	return rs_bpf_call(BPF_LINK_CREATE, &attr, sizeof(attr));
}

int rs_bpf_link_tracing(int prog_fd, unsigned attach_type, uint64_t cookie)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)prog_fd;
	attr.link_create.attach_type = attach_type;
	attr.link_create.tracing.cookie = cookie;
	return rs_bpf_call(BPF_LINK_CREATE, &attr, sizeof(attr));
}

int rs_bpf_link_perf(int prog_fd, int event_fd, uint64_t cookie)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)prog_fd;
	attr.link_create.target_fd = (uint32_t)event_fd;
	attr.link_create.attach_type = BPF_PERF_EVENT;
	attr.link_create.perf_event.bpf_cookie = cookie;
	return rs_bpf_call(BPF_LINK_CREATE, &attr, sizeof(attr));
}

int rs_bpf_link_kprobes(int prog_fd, const struct rs_bpf_kprobes *kprobes)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)prog_fd;
	attr.link_create.attach_type = BPF_TRACE_KPROBE_MULTI;
	attr.link_create.kprobe_multi.flags = kprobes->at_return ? BPF_F_KPROBE_MULTI_RETURN : 0;
	attr.link_create.kprobe_multi.cnt = kprobes->count;
	attr.link_create.kprobe_multi.syms = ptr(kprobes->symbols);
	attr.link_create.kprobe_multi.addrs = ptr(kprobes->addresses);
	attr.link_create.kprobe_multi.cookies = ptr(kprobes->cookies);
	return rs_bpf_call(BPF_LINK_CREATE, &attr, sizeof(attr));
}

/* BPF_LINK_CREATE's arguments for it, which linux/bpf.h has since 6.6. */
struct uprobe_multi_attr {
	uint32_t prog_fd, target_fd, attach_type, flags;
	uint64_t path, offsets, ref_ctr_offsets, cookies;
	uint32_t count, multi_flags, pid, pad;
};

#define UPROBE_MULTI_RETURN 1

int rs_bpf_link_uprobes(int prog_fd, const struct rs_bpf_uprobes *uprobes)
{
	const struct uprobe_multi_attr multi = {
		.prog_fd = (uint32_t)prog_fd,
		.attach_type = uprobes->session ? RS_BPF_TRACE_UPROBE_SESSION
						: RS_BPF_TRACE_UPROBE_MULTI,
		.path = ptr(uprobes->path),
		.offsets = ptr(uprobes->offsets),
		.ref_ctr_offsets = ptr(uprobes->semaphores),
		.cookies = ptr(uprobes->cookies),
		.count = uprobes->count,
		.multi_flags = uprobes->at_return ? UPROBE_MULTI_RETURN : 0,
		.pid = uprobes->pid,
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	memcpy(&attr, &multi, sizeof(multi));
	return rs_bpf_call(BPF_LINK_CREATE, &attr, sizeof(attr));
}

int rs_bpf_test_run(int prog_fd, const void *data, uint32_t data_size, const void *ctx,
		    uint32_t ctx_size, uint32_t *ret_value)
{
	union bpf_attr attr;
	int r;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)prog_fd;
	attr.test.data_in = ptr(data);
	attr.test.data_size_in = data_size;
	attr.test.ctx_in = ptr(ctx);
	attr.test.ctx_size_in = ctx_size;
	r = rs_bpf_call(BPF_PROG_TEST_RUN, &attr, sizeof(attr));
	if (r >= 0)
		*ret_value = attr.test.retval;
	return r;
}

int rs_bpf_enable_stats(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.enable_stats.type = BPF_STATS_RUN_TIME;
	return rs_bpf_call(BPF_ENABLE_STATS, &attr, sizeof(attr));
}

int rs_bpf_next_id(enum bpf_cmd cmd, uint32_t id, uint32_t *ret_id)
{
	union bpf_attr attr;
	int r;

	memset(&attr, 0, sizeof(attr));
	attr.start_id = id;
	r = rs_bpf_call(cmd, &attr, sizeof(attr));
	if (r >= 0)
		*ret_id = attr.next_id;
	return r;
}

int rs_bpf_fd_by_id(enum bpf_cmd cmd, uint32_t id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id;
	return rs_bpf_call(cmd, &attr, sizeof(attr));
}

int rs_bpf_info(int fd, void *info, uint32_t size)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info = ptr(info);
	attr.info.info_len = size;
	return rs_bpf_call(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr));
}
