/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/probes.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "kern/insn.h"

int rs_probe_fail(struct rs_probe *probe, int code, const char *what)
{
	snprintf(probe->detail, sizeof(probe->detail), "%s", what);
	probe->complete = false;
	return code;
}

int rs_probe_say(struct rs_probe *probe, int code, const char *answer)
{
	rs_probe_fail(probe, code, answer);
	probe->complete = true;
	return code;
}

int rs_probe_link_fail(struct rs_probe *probe, int code)
{
	if (code == -EINVAL)
		return rs_probe_say(probe, code, "this kernel does not know this way to attach");
	return rs_probe_fail(probe, code, "attaching a program");
}

int rs_probe_btf_id(struct rs_probe *probe, const char *name, unsigned kind)
{
	int id;

	if (!probe->btf)
		return rs_probe_say(probe, -ENOENT, "this kernel has no BTF");
	id = btf__find_by_name_kind(probe->btf, name, kind);
	if (id < 0) {
		char text[96];

		snprintf(text, sizeof(text), "%s is not in the kernel's BTF", name);
		return rs_probe_say(probe, -ENOENT, text);
	}
	return id;
}

int rs_counter_load(struct rs_probe *probe, const struct rs_bpf_program *base, int32_t value,
		    struct rs_counter *ret_counter)
{
	const struct rs_bpf_map map = {
		.type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .entries = 1
	};
	struct rs_bpf_program program = *base;
	_cleanup_(rs_cleanup_close) int map_fd = rs_bpf_map_create(&map);
	int r;

	if (map_fd < 0)
		return rs_probe_fail(probe, map_fd, "creating a map");

	const struct bpf_insn insns[] = {
		RS_INSN_LD_MAP_VALUE(BPF_REG_1, map_fd),
		RS_INSN_MOV_IMM(BPF_REG_2, 1),
		RS_INSN_ATOMIC(BPF_ADD, BPF_REG_1, 0, BPF_REG_2),
		RS_INSN_MOV_IMM(BPF_REG_0, value),
		RS_INSN_EXIT,
	};

	program.insns = insns;
	program.n_insns = ARRAY_SIZE(insns);
	r = rs_bpf_load(&program);
	if (r < 0)
		return rs_probe_fail(probe, r, "loading a program");
	ret_counter->prog_fd = r;
	ret_counter->map_fd = TAKE_FD(map_fd);
	return 0;
}

void rs_counter_done(struct rs_counter *counter)
{
	rs_cleanup_close(&counter->map_fd);
	rs_cleanup_close(&counter->prog_fd);
}

int rs_counter_check(struct rs_probe *probe, const struct rs_counter *counter)
{
	uint32_t key = 0;
	uint64_t runs = 0;
	int r = rs_bpf_map_lookup(counter->map_fd, &key, &runs);

	if (r < 0)
		return rs_probe_fail(probe, r, "reading a map");
	return runs ? 0 : rs_probe_say(probe, -ETIME, "attached, but never called");
}
