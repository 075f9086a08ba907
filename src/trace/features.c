/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/features.h"

#include <errno.h>
#include <string.h>

#include "kern/bpfcall.h"
#include "kern/features.h"
#include "kern/insn.h"

#define PAGE 4096

enum { NOT_ASKED, YES, NO };

struct row {
	const char *name;
	size_t offset;
	bool (*ask)(struct rs_trace_features *features, const struct row *row);
	uint32_t number;      /* of a helper, or an enum rs_feature */
	uint32_t type;        /* of the program that calls the helper */
	const char *function; /* of the kernel's */
};

/* Calls the helper with whatever is in the registers. The verifier looks for the helper first (EINVAL), and only then at
 * its arguments (EACCES). */
static bool has_helper(struct rs_trace_features *features, const struct row *row)
{
	const struct bpf_insn insns[] = {
		RS_INSN_CALL((int32_t)row->number),
		RS_INSN_MOV_IMM(BPF_REG_0, 0),
		RS_INSN_EXIT,
	};
	const struct rs_bpf_program program = { .type = row->type,
						.insns = insns,
						.n_insns = ARRAY_SIZE(insns) };
	int fd = rs_bpf_load(&program);

	(void)features;
	if (fd >= 0)
		close(fd);
	return fd >= 0 || fd == -EACCES;
}

int rs_trace_kernel_function(struct rs_btf_set *btf, const char *name)
{
	struct rs_btf *vmlinux = btf ? rs_btf_set_vmlinux(btf, NULL) : NULL;
	uint32_t id = vmlinux ? rs_btf_find(vmlinux, name, RS_BTF_MASK(RS_BTF_FUNC)) : 0;

	return id ? (int)id : -ENOENT;
}

static bool has_function(struct rs_trace_features *features, const struct row *row)
{
	return rs_trace_kernel_function(features->btf, row->function) > 0;
}

static bool has_ringbuf(struct rs_trace_features *features, const struct row *row)
{
	const struct rs_bpf_map map = { .type = BPF_MAP_TYPE_RINGBUF, .entries = PAGE };
	int fd = rs_bpf_map_create(&map);

	(void)features;
	(void)row;
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* They came with ring buffers, and the answer to that is cheaper. */
static bool came_with_ringbuf(struct rs_trace_features *features, const struct row *row)
{
	(void)row;
	return rs_trace_has_feature(features, offsetof(struct rs_lang_features, ringbuf));
}

static bool has_atomic_fetch(struct rs_trace_features *features, const struct row *row)
{
	const struct bpf_insn insns[] = {
		RS_INSN_MOV_IMM(BPF_REG_1, 1),
		RS_INSN_STORE_IMM(BPF_REG_10, -8, 0),
		RS_INSN_ATOMIC(BPF_ADD | BPF_FETCH, BPF_REG_10, -8, BPF_REG_1),
		RS_INSN_MOV_IMM(BPF_REG_0, 0),
		RS_INSN_EXIT,
	};
	const struct rs_bpf_program program = { .type = BPF_PROG_TYPE_RAW_TRACEPOINT,
						.insns = insns,
						.n_insns = ARRAY_SIZE(insns) };
	int fd = rs_bpf_load(&program);

	(void)features;
	(void)row;
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Those that take attaching something to know: as `ringside doctor` tries them. */
static bool has_kern_feature(struct rs_trace_features *features, const struct row *row)
{
	_cleanup_(rs_features_free) struct rs_features *tried = NULL;

	(void)features;
	return rs_features_new(&tried, NULL) >= 0 &&
	       rs_features_have(tried, (enum rs_feature)row->number);
}

static bool has_btf(struct rs_trace_features *features, const struct row *row)
{
	(void)features;
	(void)row;
	return access(RS_BTF_VMLINUX, R_OK) == 0;
}

#define ROW(name, ...)                                                                             \
	{                                                                                          \
#name, offsetof(struct rs_lang_features, name), __VA_ARGS__                        \
	}
#define HELPER(name, number, type) ROW(name, has_helper, number, type, NULL)
#define FUNCTION(name, function)   ROW(name, has_function, 0, 0, function)

/* Numbers of helpers that older headers lack. */
#define GET_FUNC_IP        173
#define GET_ATTACH_COOKIE  174
#define LOOP               181
#define LOOKUP_PERCPU_ELEM 195
#define KTIME_GET_TAI_NS   208

static const struct row rows[] = {
	ROW(btf, has_btf, 0, 0, NULL),
	ROW(ringbuf, has_ringbuf, 0, 0, NULL),
	ROW(ktime_boot, came_with_ringbuf, 0, 0, NULL),
	ROW(seq_printf, came_with_ringbuf, 0, 0, NULL),
	ROW(atomic_fetch, has_atomic_fetch, 0, 0, NULL),
	HELPER(loop, LOOP, BPF_PROG_TYPE_RAW_TRACEPOINT),
	HELPER(for_each, BPF_FUNC_for_each_map_elem, BPF_PROG_TYPE_RAW_TRACEPOINT),
	HELPER(lookup_percpu, LOOKUP_PERCPU_ELEM, BPF_PROG_TYPE_RAW_TRACEPOINT),
	HELPER(task_btf, BPF_FUNC_get_current_task_btf, BPF_PROG_TYPE_RAW_TRACEPOINT),
	HELPER(ktime_tai, KTIME_GET_TAI_NS, BPF_PROG_TYPE_RAW_TRACEPOINT),
	HELPER(attach_cookie, GET_ATTACH_COOKIE, BPF_PROG_TYPE_KPROBE),
	HELPER(func_ip, GET_FUNC_IP, BPF_PROG_TYPE_KPROBE),
	HELPER(override_return, BPF_FUNC_override_return, BPF_PROG_TYPE_KPROBE),
	FUNCTION(iter_num, "bpf_iter_num_new"),
	FUNCTION(preempt_kfuncs, "bpf_preempt_disable"),
	FUNCTION(map_sum_elem_count, "bpf_map_sum_elem_count"),
	FUNCTION(strnlen_kfunc, "bpf_strnlen"),
	FUNCTION(strnstr_kfunc, "bpf_strnstr"),
	FUNCTION(task_from_pid, "bpf_task_from_pid"),
	ROW(dpath, has_kern_feature, RS_FEATURE_D_PATH, 0, NULL),
	ROW(multi_kprobe, has_kern_feature, RS_FEATURE_KPROBE_MULTI, 0, NULL),
	ROW(multi_uprobe, has_kern_feature, RS_FEATURE_UPROBE_MULTI, 0, NULL),
};

bool rs_trace_has_feature(struct rs_trace_features *features, size_t offset)
{
	if (offset >= sizeof(features->answers))
		return false;
	for (size_t i = 0; features->answers[offset] == NOT_ASKED && i < ARRAY_SIZE(rows); i++) {
		if (rows[i].offset == offset)
			features->answers[offset] = rows[i].ask(features, &rows[i]) ? YES : NO;
	}
	return features->answers[offset] == YES;
}

bool rs_trace_feature_name(unsigned i, const char **ret_name, size_t *ret_offset)
{
	if (i >= ARRAY_SIZE(rows))
		return false;
	*ret_name = rows[i].name;
	*ret_offset = rows[i].offset;
	return true;
}
