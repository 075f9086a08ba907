/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How often which system call is made, how often it fails, how long it takes: counted here, for `ringside syscalls`
 * and `strace -c`. Nothing crosses to user space but the sums. The two programs run at each call of the machine, so
 * every nanosecond counts.
 */
#include "bpf/abi/syscalls.h"
#include "bpf/lib/arch.h"
#include "bpf/lib/counters.h"
#include "bpf/lib/target.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile struct rs_counts_config rs_counts_config;

/* Thread group of a command that is held back until we watch: its calls count from its execve on. 0: none. */
__u32 rs_counts_held;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RS_CALLS_MAX);
	__type(key, __u32);
	__type(value, struct rs_count);
} rs_counts_all SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1); /* set before load */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct rs_count_key);
	__type(value, struct rs_count);
} rs_counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RS_COUNTS_NAMES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct rs_count_name);
} rs_counts_names SEC(".maps");

RS_COUNTERS(RS_COUNTS_LOST_COUNT) rs_counts_lost SEC(".maps");

/* A call that has begun. `began` 0: none. */
struct under_way {
	__u64 began;
	__u64 nr;
};

/* The thread's own memory is the fastest place there is; before 5.12 such programs could not reach it. */
#ifdef RS_OLD
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH); /* a thread that ends in a call leaves its entry */
	__uint(max_entries, RS_COUNTS_THREADS);
	__type(key, __u32);
	__type(value, struct under_way);
} rs_counts_threads SEC(".maps");
#else
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct under_way);
} rs_counts_threads SEC(".maps");
#endif

static __always_inline void lost(__u32 why)
{
	rs_counters_add(&rs_counts_lost, why, 1);
}

#ifdef RS_OLD
static __always_inline struct under_way *thread_of(bool make)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct under_way *call = bpf_map_lookup_elem(&rs_counts_threads, &tid), none = {};

	if (call || !make)
		return call;
	bpf_map_update_elem(&rs_counts_threads, &tid, &none, BPF_ANY);
	return bpf_map_lookup_elem(&rs_counts_threads, &tid);
}
#else
static __always_inline struct under_way *thread_of(bool make)
{
	return bpf_task_storage_get(&rs_counts_threads, bpf_get_current_task_btf(), 0,
				    make ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);
}
#endif

static __always_inline bool wanted(__u32 nr)
{
	return !rs_counts_config.some ||
	       rs_counts_config.wanted[(nr / 64) & (RS_CALLS_MAX / 64 - 1)] >> (nr % 64) & 1;
}

/* The number under which the call is counted. */
static __always_inline __u32 number(__u64 nr)
{
	if (RS_COMPAT((void *)bpf_get_current_task()))
		return RS_COUNTS_COMPAT;
	return nr < RS_COUNTS_COMPAT ? nr : RS_COUNTS_UNKNOWN;
}

static __always_inline bool is_held(void)
{
	return rs_counts_held && rs_counts_held == bpf_get_current_pid_tgid() >> 32;
}

SEC("raw_tp/sys_enter") int rs_counts_enter(struct rs_raw *ctx)
{
	struct under_way *call;
	__u32 nr;

	if (!rs_target_current())
		return 0;
	nr = number(ctx->args[1]);
	if (is_held() ? nr != rs_counts_config.execve : !wanted(nr)) {
		if (nr == RS_COUNTS_COMPAT)
			lost(RS_COUNTS_LOST_COMPAT);
		return 0;
	}
	call = thread_of(true);
	if (!call) {
		lost(RS_COUNTS_LOST_THREADS);
		return 0;
	}
	call->nr = nr;
	call->began = bpf_ktime_get_ns();
	return 0;
}

static __always_inline __u64 group_of_current(void)
{
	return rs_target_cgroup_of((void *)bpf_get_current_task());
}

static __always_inline __u64 who_is_it(void)
{
	switch (rs_counts_config.by) {
	case RS_COUNTS_PROCESS:
		return bpf_get_current_pid_tgid() >> 32;
	case RS_COUNTS_THREAD:
		return (__u32)bpf_get_current_pid_tgid();
	}
	return group_of_current();
}

/* Its name is kept with it, for it may have ended before anybody looks. */
static __always_inline void introduce(__u64 who)
{
	struct rs_count_name name = {};
	__u64 ids = bpf_get_current_pid_tgid();

	bpf_get_current_comm(name.comm, sizeof(name.comm));
	name.pid = ids >> 32;
	name.tid = ids;
	name.cgroup = group_of_current();
	if (bpf_map_update_elem(&rs_counts_names, &who, &name, BPF_ANY))
		lost(RS_COUNTS_LOST_NAMES);
}

static __always_inline struct rs_count *count_of(__u32 nr)
{
	struct rs_count_key key = {};
	struct rs_count *count, none = {};

	if (rs_counts_config.by == RS_COUNTS_ALL)
		return bpf_map_lookup_elem(&rs_counts_all, &nr);
	key.who = who_is_it();
	key.nr = nr;
	count = bpf_map_lookup_elem(&rs_counts, &key);
	if (count)
		return count;
	introduce(key.who);
	bpf_map_update_elem(&rs_counts, &key, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&rs_counts, &key);
}

/* The first execve of the command that has worked: from here on it is its own. */
static __always_inline bool still_held(long result)
{
	if (!is_held())
		return false;
	if (result)
		return true;
	rs_counts_held = 0;
	return false;
}

static __always_inline void add(__u32 nr, long result, __u64 began)
{
	struct rs_count *count = count_of(nr);
	__u64 ns;

	if (!count) {
		lost(RS_COUNTS_LOST_ROWS);
		return;
	}
	count->calls++;
	if (result < 0 && result >= -4095)
		count->errors++;
	if (!began)
		return;
	ns = bpf_ktime_get_ns() - began;
	count->ns += ns;
	if (ns > count->max)
		count->max = ns;
}

/* Who returns from a signal has the registers from before it. */
static __always_inline __u32 number_at_end(struct pt_regs *regs)
{
	int nr = RS_REGS_NR(regs);

	return number(nr == -1 ? rs_counts_config.sigreturn : (__u64)nr);
}

/* A child begins with the end of the call that its parent made. */
static __always_inline bool is_birth(__u32 nr, long result)
{
	return !result && (nr == rs_counts_config.forks[0] || nr == rs_counts_config.forks[1] ||
			   nr == rs_counts_config.forks[2] || nr == rs_counts_config.forks[3]);
}

static __always_inline int untimed_exit(struct pt_regs *regs, long result)
{
	__u32 nr;

	if (!rs_target_current())
		return 0;
	nr = number_at_end(regs);
	if (is_held() && nr != rs_counts_config.execve)
		return 0;
	if (still_held(result) || is_birth(nr, result))
		return 0;
	if (wanted(nr))
		add(nr, result, 0);
	else if (nr == RS_COUNTS_COMPAT)
		lost(RS_COUNTS_LOST_COMPAT);
	return 0;
}

SEC("raw_tp/sys_exit") int rs_counts_exit(struct rs_raw *ctx)
{
	struct under_way *call;
	__u64 began;

	if (rs_counts_config.untimed)
		return untimed_exit((void *)ctx->args[0], ctx->args[1]);
	call = thread_of(false);
	if (!call || !call->began)
		return 0;
	began = call->began;
	call->began = 0;
	if (!still_held(ctx->args[1]) && wanted(call->nr))
		add(call->nr, ctx->args[1], began);
	return 0;
}
