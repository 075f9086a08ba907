/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stacks that reach a function or tracepoint: the same program once for each way of being attached; one of them is
 * loaded.
 */
#include "bpf/abi/stacks.h"
#include "bpf/lib/sample.h"
#include "bpf/lib/target.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile struct rs_stacks_config rs_stacks_config;

/* 0 where it cannot be read. */
static __always_inline bool read_argument(void *ctx, __u64 *ret)
{
	__u32 size = rs_stacks_config.size;
	__u64 value = 0;

	if (size != 1 && size != 2 && size != 4 && size != 8)
		return true;
	if (bpf_probe_read_kernel(&value, size, ctx + rs_stacks_config.offset))
		return false;
	if (rs_stacks_config.is_signed)
		value = (__s64)(value << (64 - 8 * size)) >> (64 - 8 * size);
	*ret = value;
	return true;
}

static __always_inline int reached(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct rs_sample_key key = {};
	__u64 sum = 0;

	/* The idle task may well reach it: it is watched where everybody is. */
	if (tgid || rs_target.flags)
		if (!rs_target_is(task, tgid))
			return 0;
	if (!read_argument(ctx, &sum))
		rs_sample_count(RS_SAMPLE_LOST_READS);
	rs_sample_who(task, tgid, &key);
	rs_stacks_take(ctx, rs_sample_stacks(), 0, &key.stack);
	rs_sample_add(&key, sum);
	return 0;
}

SEC("tracepoint") int rs_stacks_tracepoint(void *ctx)
{
	return reached(ctx);
}

SEC("raw_tp") int rs_stacks_raw(void *ctx)
{
	return reached(ctx);
}

/* Functions of the kernel and of files. */
SEC("kprobe") int rs_stacks_probe(void *ctx)
{
	return reached(ctx);
}

SEC("fentry") int rs_stacks_fentry(void *ctx)
{
	return reached(ctx);
}

SEC("fexit") int rs_stacks_fexit(void *ctx)
{
	return reached(ctx);
}

SEC("perf_event") int rs_stacks_event(void *ctx)
{
	return reached(ctx);
}
