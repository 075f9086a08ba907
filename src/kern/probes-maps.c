/* SPDX-License-Identifier: Apache-2.0 */
/* Trials of kinds of maps and what can be done with them. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/util.h"
#include "kern/insn.h"
#include "kern/probes.h"

/* Creates the ring buffer and loads a program that asks it how full it is. */
int rs_probe_ringbuf(struct rs_probe *probe)
{
	const struct rs_bpf_map map = { .type = BPF_MAP_TYPE_RINGBUF,
					.entries = (uint32_t)sysconf(_SC_PAGESIZE) };
	_cleanup_(rs_cleanup_close) int map_fd = rs_bpf_map_create(&map), fd = -1;

	if (map_fd < 0)
		return rs_probe_fail(probe, map_fd, "creating a ring buffer");

	const struct bpf_insn insns[] = {
		RS_INSN_LD_MAP(BPF_REG_1, map_fd),
		RS_INSN_MOV_IMM(BPF_REG_2, BPF_RB_AVAIL_DATA),
		RS_INSN_CALL(BPF_FUNC_ringbuf_query),
		RS_INSN_MOV_IMM(BPF_REG_0, 0),
		RS_INSN_EXIT,
	};
	const struct rs_bpf_program program = { .type = BPF_PROG_TYPE_RAW_TRACEPOINT,
						.insns = insns,
						.n_insns = ARRAY_SIZE(insns) };

	fd = rs_bpf_load(&program);
	return fd < 0 ? rs_probe_fail(probe, fd, "loading a program that uses a ring buffer") : 0;
}

int rs_probe_mmap_array(struct rs_probe *probe)
{
	const struct rs_bpf_map map = { .type = BPF_MAP_TYPE_ARRAY,
					.key_size = 4,
					.value_size = 8,
					.entries = 1,
					.flags = BPF_F_MMAPABLE };
	_cleanup_(rs_cleanup_close) int fd = rs_bpf_map_create(&map);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *memory;

	if (fd < 0)
		return rs_probe_fail(probe, fd, "creating a map");
	memory = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return rs_probe_fail(probe, -errno, "mapping it into memory");
	munmap(memory, page);
	return 0;
}

int rs_probe_lpm_trie(struct rs_probe *probe)
{
	const struct rs_bpf_map map = { .type = BPF_MAP_TYPE_LPM_TRIE,
					.key_size = 4 + 252, /* as the path filter's */
					.value_size = 4,
					.entries = 1,
					.flags = BPF_F_NO_PREALLOC };
	_cleanup_(rs_cleanup_close) int fd = rs_bpf_map_create(&map);

	return fd < 0 ? rs_probe_fail(probe, fd, "creating a map") : 0;
}

int rs_probe_batch(struct rs_probe *probe)
{
	const struct rs_bpf_map map = {
		.type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 4, .entries = 4
	};
	_cleanup_(rs_cleanup_close) int fd = rs_bpf_map_create(&map);
	uint32_t keys[4] = { 1, 2, 3, 4 }, values[4] = { 0 };
	union bpf_attr attr;
	int r;

	if (fd < 0)
		return rs_probe_fail(probe, fd, "creating a map");
	memset(&attr, 0, sizeof(attr));
	attr.batch.map_fd = (uint32_t)fd;
	attr.batch.keys = (uint64_t)(uintptr_t)keys;
	attr.batch.values = (uint64_t)(uintptr_t)values;
	attr.batch.count = ARRAY_SIZE(keys);
	r = rs_bpf_call(BPF_MAP_UPDATE_BATCH, &attr, sizeof(attr));
	return r < 0 ? rs_probe_fail(probe, r, "writing four elements in one call") : 0;
}

/* The smallest type information: one int, as type 1. */
static int load_btf(void)
{
	struct btf *btf = btf__new_empty();
	const void *data = NULL;
	union bpf_attr attr;
	uint32_t size = 0;
	int fd = -ENOMEM;

	if (btf && btf__add_int(btf, "int", 4, BTF_INT_SIGNED) == 1)
		data = btf__raw_data(btf, &size);
	if (data) {
		memset(&attr, 0, sizeof(attr));
		attr.btf = (uint64_t)(uintptr_t)data;
		attr.btf_size = size;
		fd = rs_bpf_call(BPF_BTF_LOAD, &attr, sizeof(attr));
	}
	btf__free(btf);
	return fd;
}

int rs_probe_local_storage(struct rs_probe *probe)
{
	struct rs_bpf_map map = {
		.type = probe->number, .key_size = 4, .value_size = 4, .flags = BPF_F_NO_PREALLOC
	};
	_cleanup_(rs_cleanup_close) int btf = load_btf(), fd = -1;

	if (btf < 0)
		return rs_probe_fail(probe, btf, "loading type information");
	map.btf_fd = btf;
	fd = rs_bpf_map_create(&map);
	if (fd == -EINVAL)
		return rs_probe_say(probe, fd, "this kernel does not have this kind of map");
	return fd < 0 ? rs_probe_fail(probe, fd, "creating a map") : 0;
}
