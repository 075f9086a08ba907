/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who uses the CPUs, and where: run by a perf event on each of them, so many times a second. */
#include "bpf/lib/sample.h"
#include "bpf/lib/target.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile __u64 rs_profile_period; /* ns that a sample stands for */

SEC("perf_event") int rs_profile_sample(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct rs_sample_key key = {};

	if (!rs_target_is(task, tgid))
		return 0;
	rs_sample_who(task, tgid, &key);
	rs_stacks_take(ctx, rs_sample_stacks(), 0, &key.stack);
	rs_sample_add(&key, rs_profile_period);
	return 0;
}
