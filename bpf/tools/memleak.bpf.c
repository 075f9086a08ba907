/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who allocates memory and does not give it back: see bpf/abi/memleak.h.
 *
 * An allocation is known when its function has returned, so each is met twice: at the entry what it asks for is noted
 * for the thread, at the return the address is there. Functions of allocators call each other (operator new calls
 * malloc): the outermost call counts, the ones inside do not. Which is the outermost is told by the stack pointer: the
 * calls inside of a call have a lower one; one that was left without a return (longjmp) is forgotten at the next call
 * from above.
 *
 * A block is forgotten before it is free: at the entry of free(), and of realloc(), which puts it back when it fails.
 * After that another thread may be given the same address.
 */
#include "bpf/abi/memleak.h"
#include "bpf/abi/poisson.h"
#include "bpf/lib/arch.h"
#include "bpf/lib/counters.h"
#include "bpf/lib/stack.h"
#include "bpf/lib/target.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile struct rs_mem_config rs_mem;

#define SIGSTOP 19

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RS_MEM_BLOCKS_MAX); /* set before load */
	__uint(map_flags, BPF_F_NO_PREALLOC);   /* not for the kernel's memory */
	__type(key, struct rs_mem_key);
	__type(value, struct rs_mem_block);
} rs_mem_blocks SEC(".maps");

/* What a thread is about. */
struct rs_mem_thread {
	__u64 sp;   /* at the entry of the call that is under way */
	__u64 back; /* where it will return to, where there are sessions */
	__u64 size;
	__u64 out;  /* the address will be here; 0: it is the result */
	__u64 left; /* bytes to the next that is sampled */
	__u64 old_address;
	struct rs_mem_block old; /* what realloc() was called for */
	__u32 active;            /* a call is under way */
	__u32 has_old;
	__u32 sampled;
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RS_MEM_THREADS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct rs_mem_thread);
} rs_mem_threads SEC(".maps");

RS_COUNTERS(RS_MEM_COUNT_COUNT) rs_mem_counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RS_MEM_RING_BYTES);
} rs_mem_ring SEC(".maps");

static __always_inline void add(__u32 what, __u64 n)
{
	rs_counters_add(&rs_mem_counts, what, n);
}

/* --- records --- */

/* The name is the process's, whatever its threads are called. */
static __always_inline struct rs_mem_record *reserve(__u32 event)
{
	struct task_struct *self = (void *)bpf_get_current_task(), *leader;
	struct rs_mem_record *r = bpf_ringbuf_reserve(&rs_mem_ring, sizeof(*r), 0);

	if (!r) {
		add(RS_MEM_LOST_RECORDS, 1);
		return 0;
	}
	__builtin_memset(r, 0, sizeof(*r));
	r->event = event;
	r->tgid = bpf_get_current_pid_tgid() >> 32;
	r->time = bpf_ktime_get_ns();
	leader = BPF_CORE_READ(self, group_leader);
	bpf_probe_read_kernel_str(r->comm, sizeof(r->comm), &leader->comm);
	return r;
}

/* Holds the process up until user space has seen what there is to watch in it. */
static __always_inline void hold(struct rs_mem_record *r)
{
	if (rs_mem.stop && rs_mem.stop == r->tgid)
		r->stopped = !bpf_send_signal(SIGSTOP);
}

static __always_inline void tell(__u32 event)
{
	struct rs_mem_record *r = reserve(event);

	if (r)
		bpf_ringbuf_submit(r, 0);
}

/* --- the state of the thread that runs --- */

static __always_inline struct rs_mem_thread *find_thread(void)
{
	__u32 tid = bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&rs_mem_threads, &tid);
}

/* NULL: it is not watched, or there is no room. Who has a state is watched. */
static __always_inline struct rs_mem_thread *make_thread(void)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct rs_mem_thread fresh = {}, *thread;

	if (!rs_target_current())
		return 0;
	if (rs_mem.sample)
		fresh.left = rs_poisson_distance(bpf_get_prandom_u32(), rs_mem.sample);
	bpf_map_update_elem(&rs_mem_threads, &tid, &fresh, BPF_NOEXIST);
	thread = bpf_map_lookup_elem(&rs_mem_threads, &tid);
	if (!thread)
		add(RS_MEM_LOST_THREADS, 1);
	else
		tell(RS_MEM_EVENT_THREAD);
	return thread;
}

/* Whether one of these bytes is sampled. */
static __always_inline bool is_sampled(struct rs_mem_thread *thread, __u64 size)
{
	if (!rs_mem.sample)
		return true;
	if (size <= thread->left) {
		thread->left -= size;
		return false;
	}
	thread->left = rs_poisson_distance(bpf_get_prandom_u32(), rs_mem.sample);
	return true;
}

/* --- blocks --- */

static __always_inline void keep(const struct rs_mem_key *key, const struct rs_mem_block *block)
{
	if (!bpf_map_update_elem(&rs_mem_blocks, key, block, BPF_ANY))
		return;
	add(RS_MEM_LOST_FULL, 1);
	add(RS_MEM_LOST_BYTES, block->size);
}

static __always_inline bool forget(const struct rs_mem_key *key)
{
	/* Nearly none is known where they are sampled: a look is cheaper than the lock. */
	if (rs_mem.sample && !bpf_map_lookup_elem(&rs_mem_blocks, key))
		return false;
	if (bpf_map_delete_elem(&rs_mem_blocks, key))
		return false;
	add(RS_MEM_FREES, 1);
	return true;
}

static __always_inline struct rs_mem_key heap_key(__u64 address)
{
	struct rs_mem_key key = { .address = address,
				  .tgid = bpf_get_current_pid_tgid() >> 32,
				  .kind = RS_MEM_HEAP };

	return key;
}

static __always_inline void take_old(struct rs_mem_thread *thread, __u64 address)
{
	struct rs_mem_key key = heap_key(address);
	struct rs_mem_block *block = bpf_map_lookup_elem(&rs_mem_blocks, &key);

	if (!block)
		return;
	thread->old = *block;
	thread->old_address = address;
	thread->has_old = !bpf_map_delete_elem(&rs_mem_blocks, &key);
}

/* --- calls --- */

/* Where the caller goes on: found before the kernel puts its own address there. */
static __always_inline __u64 return_address(struct rs_call_regs *ctx)
{
	__u64 back = 0;

#if defined(__TARGET_ARCH_x86)
	bpf_probe_read_user(&back, sizeof(back), (void *)RS_CALL_SP(ctx));
#elif defined(__TARGET_ARCH_arm64)
	back = ctx->regs[30];
#endif
	return back;
}

/* The address that the call gave; 0: none. */
static __always_inline __u64 result_of(struct rs_call_regs *ctx, const struct rs_mem_thread *thread)
{
	__u64 address = 0;

	if (!thread->out)
		return RS_CALL_RESULT(ctx);
	if ((__u32)RS_CALL_RESULT(ctx))
		return 0;
	if (bpf_probe_read_user(&address, sizeof(address), (void *)thread->out))
		add(RS_MEM_LOST_READ, 1);
	return address;
}

/* @address 0: there is no new one. realloc(p, 0) may give none, and has freed p all the same. */
static __always_inline void settle_old(struct rs_mem_thread *thread, __u64 address)
{
	struct rs_mem_key key = heap_key(thread->old_address);

	if (!thread->has_old)
		return;
	thread->has_old = 0;
	if (address || !thread->size)
		add(RS_MEM_FREES, 1);
	else
		keep(&key, &thread->old);
}

static __always_inline int finish(struct rs_call_regs *ctx, struct rs_mem_thread *thread)
{
	struct rs_mem_block block = {};
	struct rs_mem_key key;
	__u64 address;

	thread->active = 0;
	address = result_of(ctx, thread);
	settle_old(thread, address);
	if (!address)
		add(RS_MEM_FAILED, 1);
	if (!address || !thread->sampled)
		return 0;
	key = heap_key(address);
	block.size = thread->size;
	block.time = bpf_ktime_get_ns();
	rs_stacks_take(ctx, RS_STACKS_USER, 0, &block.stacks);
	keep(&key, &block);
	return 0;
}

/* Not the return of a call inside of it. */
static __always_inline bool is_outermost_return(struct rs_call_regs *ctx,
						const struct rs_mem_thread *thread)
{
	return thread && thread->active && RS_CALL_SP(ctx) >= thread->sp + RS_CALL_POP;
}

SEC("uprobe") int rs_mem_return(struct rs_call_regs *ctx)
{
	struct rs_mem_thread *thread = find_thread();

	return is_outermost_return(ctx, thread) ? finish(ctx, thread) : 0;
}

/* Where there are sessions, 1 says that the return is not wanted; else nothing may be said. */
static __always_inline int no_return(void)
{
	return rs_mem.session ? 1 : 0;
}

/* @old: realloc's block. @out: where posix_memalign() puts the address. */
static __always_inline int begin(struct rs_call_regs *ctx, __u64 size, __u64 old, __u64 out)
{
	struct rs_mem_thread *thread = find_thread();
	__u64 sp = RS_CALL_SP(ctx);
	bool jumped;

	if (!thread) {
		thread = make_thread();
		if (!thread)
			return no_return();
	}
	if (rs_mem.session && is_outermost_return(ctx, thread) && RS_CALL_IP(ctx) == thread->back)
		return finish(ctx, thread);
	if (thread->active && sp < thread->sp)
		return no_return();
	/* At the same height, it is the end of the first that became a jump to the second: the return of the first will do,
	 * and what it will go back to is not on the stack any more. */
	jumped = thread->active && sp == thread->sp;
	if (!jumped) {
		thread->has_old = 0;
		thread->back = 0;
		thread->sampled = is_sampled(thread, size);
		add(RS_MEM_ALLOCS, 1);
		add(RS_MEM_ALLOC_BYTES, size);
	}
	thread->sp = sp;
	thread->size = size;
	thread->out = out;
	thread->active = 1;
	if (old)
		take_old(thread, old);
	if (!rs_mem.session)
		return 0;
	if (jumped)
		return 1;
	if (!thread->sampled && !thread->has_old && (bpf_get_attach_cookie(ctx) & RS_MEM_LEAF)) {
		thread->active = 0;
		return 1;
	}
	thread->back = return_address(ctx);
	return 0;
}

static __always_inline __u64 product(__u64 n, __u64 size)
{
	return n * size; /* where it overflows there will be no block */
}

#define ALLOC(name, size, old, out)                                                                \
	SEC("uprobe") int rs_mem_##name(struct rs_call_regs *ctx)                                  \
	{                                                                                          \
		return begin(ctx, size, old, out);                                                 \
	}

/* By where the size is. */
ALLOC(size0, RS_CALL_ARG0(ctx), 0, 0)
ALLOC(size1, RS_CALL_ARG1(ctx), 0, 0)
ALLOC(size2, RS_CALL_ARG2(ctx), 0, 0)
ALLOC(size3, RS_CALL_ARG3(ctx), 0, 0)
ALLOC(size4, RS_CALL_ARG4(ctx), 0, 0)
ALLOC(size5, RS_CALL_ARG5(ctx), 0, 0)
ALLOC(object, 1, 0, 0)
ALLOC(calloc, product(RS_CALL_ARG0(ctx), RS_CALL_ARG1(ctx)), 0, 0)
ALLOC(realloc, RS_CALL_ARG1(ctx), RS_CALL_ARG0(ctx), 0)
ALLOC(reallocarray, product(RS_CALL_ARG1(ctx), RS_CALL_ARG2(ctx)), RS_CALL_ARG0(ctx), 0)
ALLOC(posix_memalign, RS_CALL_ARG2(ctx), 0, RS_CALL_ARG0(ctx))

#define FREE(n)                                                                                    \
	SEC("uprobe") int rs_mem_free##n(struct rs_call_regs *ctx)                                 \
	{                                                                                          \
		struct rs_mem_key key = heap_key(RS_CALL_ARG##n(ctx));                             \
                                                                                                   \
		if (key.address)                                                                   \
			forget(&key);                                                              \
		return 0;                                                                          \
	}

FREE(0)
FREE(1)
FREE(2)
FREE(3)
FREE(4)
FREE(5)

/* --- processes --- */

SEC("raw_tp/sched_process_exec") int rs_mem_exec(struct rs_raw *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid(), old = ctx->args[1];
	struct rs_mem_record *r;

	bpf_map_delete_elem(&rs_mem_threads, &tid);
	bpf_map_delete_elem(&rs_mem_threads, &old);
	if (!rs_target_current())
		return 0;
	r = reserve(RS_MEM_EVENT_EXEC);
	if (!r)
		return 0;
	hold(r);
	bpf_ringbuf_submit(r, 0);
	return 0;
}

SEC("raw_tp/sched_process_exit") int rs_mem_exit(struct rs_raw *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	__u32 tid = bpf_get_current_pid_tgid();
	bool known = !bpf_map_delete_elem(&rs_mem_threads, &tid);

	if (!BPF_CORE_READ(task, signal, live.counter) && (known || rs_target_current()))
		tell(RS_MEM_EVENT_EXIT);
	return 0;
}

/* --- mappings --- */

struct rs_mem_enter {
	__u64 common;
	__u64 nr;
	__u64 args[6];
};

struct rs_mem_leave {
	__u64 common;
	__u64 nr;
	__s64 result;
};

struct rs_mem_syscall {
	__u64 time;
	__u64 args[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct rs_mem_syscall);
} rs_mem_syscalls SEC(".maps");

#define PROT_EXEC     4
#define MAP_FIXED     0x10
#define MAP_ANONYMOUS 0x20
#define MAP_FIXED_NO  0x100000

/* What an allocator does for itself is not the program's. */
static __always_inline bool in_allocator(void)
{
	struct rs_mem_thread *thread = find_thread();

	return thread && thread->active;
}

/* @n: how many arguments the call has: there is nothing behind them. */
static __always_inline int enter(struct rs_mem_enter *ctx, int n)
{
	struct rs_mem_syscall call = { .time = bpf_ktime_get_ns() };
	__u32 tid = bpf_get_current_pid_tgid();

#pragma unroll
	for (int i = 0; i < n; i++)
		call.args[i] = ctx->args[i];
	if (bpf_map_update_elem(&rs_mem_syscalls, &tid, &call, BPF_ANY))
		add(RS_MEM_LOST_SYSCALLS, 1);
	return 0;
}

/* False: it is not known, or failed. */
static __always_inline bool leave(struct rs_mem_leave *ctx, struct rs_mem_syscall *ret)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct rs_mem_syscall *call = bpf_map_lookup_elem(&rs_mem_syscalls, &tid);

	if (!call)
		return false;
	*ret = *call;
	bpf_map_delete_elem(&rs_mem_syscalls, &tid);
	return (__u64)ctx->result < -4095ull;
}

static __always_inline bool maps_code(const __u64 *args)
{
	return (args[2] & PROT_EXEC) && !(args[3] & MAP_ANONYMOUS);
}

SEC("tracepoint") int rs_mem_enter_mmap(struct rs_mem_enter *ctx)
{
	__u64 flags = ctx->args[3], prot = ctx->args[2];

	if (!(prot & PROT_EXEC && !(flags & MAP_ANONYMOUS)) &&
	    (rs_mem.code_only || !(flags & (MAP_ANONYMOUS | MAP_FIXED))))
		return 0;
	return rs_target_current() ? enter(ctx, 4) : 0;
}

SEC("tracepoint") int rs_mem_exit_mmap(struct rs_mem_leave *ctx)
{
	struct rs_mem_syscall call;
	struct rs_mem_record *r;
	__u64 *args = call.args;

	if (!leave(ctx, &call))
		return 0;
	if (maps_code(args)) {
		r = reserve(RS_MEM_EVENT_CODE);
		if (r) {
			r->address = ctx->result;
			hold(r);
			bpf_ringbuf_submit(r, 0);
		}
	}
	if (rs_mem.code_only)
		return 0;
	if (args[3] & MAP_FIXED) {
		r = reserve(RS_MEM_EVENT_UNMAP);
		if (r) {
			r->time = call.time;
			r->address = ctx->result;
			r->size = args[1];
			bpf_ringbuf_submit(r, 0);
		}
	}
	if (!(args[3] & MAP_ANONYMOUS) || in_allocator())
		return 0;
	r = reserve(RS_MEM_EVENT_MAP);
	if (!r)
		return 0;
	r->address = ctx->result;
	r->size = args[1];
	rs_stacks_take(ctx, RS_STACKS_USER, 0, &r->stacks);
	bpf_ringbuf_submit(r, 0);
	return 0;
}

SEC("tracepoint") int rs_mem_enter_munmap(struct rs_mem_enter *ctx)
{
	return rs_target_current() ? enter(ctx, 2) : 0;
}

SEC("tracepoint") int rs_mem_exit_munmap(struct rs_mem_leave *ctx)
{
	struct rs_mem_syscall call;
	struct rs_mem_record *r;

	if (!leave(ctx, &call))
		return 0;
	r = reserve(RS_MEM_EVENT_UNMAP);
	if (!r)
		return 0;
	r->time = call.time;
	r->address = call.args[0];
	r->size = call.args[1];
	bpf_ringbuf_submit(r, 0);
	return 0;
}

SEC("tracepoint") int rs_mem_enter_mremap(struct rs_mem_enter *ctx)
{
	return rs_target_current() ? enter(ctx, 4) : 0;
}

SEC("tracepoint") int rs_mem_exit_mremap(struct rs_mem_leave *ctx)
{
	struct rs_mem_syscall call;
	struct rs_mem_record *r;

	if (!leave(ctx, &call) || in_allocator())
		return 0;
	r = reserve(RS_MEM_EVENT_REMAP);
	if (!r)
		return 0;
	r->time = call.time;
	r->old_address = call.args[0];
	r->old_size = call.args[1];
	r->address = ctx->result;
	r->size = call.args[2];
	rs_stacks_take(ctx, RS_STACKS_USER, 0, &r->stacks);
	bpf_ringbuf_submit(r, 0);
	return 0;
}

/* --- the kernel's own --- */

/*
 * Our own work allocates, too, and interrupts come while we are at it: only one at a time on a CPU, for a second one
 * could wait for a lock that the first holds.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} rs_mem_busy SEC(".maps");

static __always_inline __u64 *kernel_lock(void)
{
	__u32 zero = 0;
	__u64 *busy = bpf_map_lookup_elem(&rs_mem_busy, &zero);

	if (busy && rs_take(busy))
		return busy;
	add(RS_MEM_LOST_NESTED, 1);
	return 0;
}

static __always_inline bool kernel_wanted(void)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	return rs_target.flags ? rs_target_current() : tgid != rs_target_own;
}

static __always_inline int kernel_alloc(void *ctx, __u32 kind, __u64 address, __u64 size)
{
	struct rs_mem_key key = { .address = address, .kind = kind };
	struct rs_mem_block block = { .size = size };
	__u64 *busy;

	if (!address || address >= -4095ull || !kernel_wanted())
		return 0;
	busy = kernel_lock();
	if (!busy)
		return 0;
	add(RS_MEM_ALLOCS, 1);
	add(RS_MEM_ALLOC_BYTES, size);
	block.time = bpf_ktime_get_ns();
	rs_stacks_take(ctx, RS_STACKS_KERNEL, 0, &block.stacks);
	keep(&key, &block);
	*busy = 0;
	return 0;
}

static __always_inline int kernel_free(__u32 kind, __u64 address)
{
	struct rs_mem_key key = { .address = address, .kind = kind };
	__u64 *busy;

	if (!address)
		return 0;
	busy = kernel_lock();
	if (!busy)
		return 0;
	forget(&key);
	*busy = 0;
	return 0;
}

/*
 * Arguments: call site, address, then until 6.0 the size that was asked for, with the cache in front of it from 5.19
 * on; since 6.1 (kernel commit 2c1d697fb8ba) kmem_cache_alloc has the cache alone.
 */
struct trace_event_raw_kmem_alloc {
	unsigned long call_site;
} __core;

struct trace_event_raw_kmem_alloc___cache {
	bool accounted;
} __core;

struct kmem_cache {
	unsigned int object_size;
} __core;

static __always_inline __u64 asked_for(struct rs_raw *ctx, bool cache)
{
	struct trace_event_raw_kmem_alloc___cache *event = 0;
	__u64 third = ctx->args[2], fourth = ctx->args[3];
	struct kmem_cache *s;

	/* Read before anything is decided: else the compiler decides which address to read. */
	asm volatile("" : "+r"(third), "+r"(fourth));
	if (bpf_core_type_exists(struct trace_event_raw_kmem_alloc))
		return bpf_core_field_exists(event->accounted) ? fourth : third;
	if (!cache)
		return third;
	s = (void *)third;
	return BPF_CORE_READ(s, object_size);
}

SEC("raw_tp/kmalloc") int rs_mem_kmalloc(struct rs_raw *ctx)
{
	return kernel_alloc(ctx, RS_MEM_SLAB, ctx->args[1], asked_for(ctx, false));
}

SEC("raw_tp/kmalloc_node") int rs_mem_kmalloc_node(struct rs_raw *ctx)
{
	return kernel_alloc(ctx, RS_MEM_SLAB, ctx->args[1], asked_for(ctx, false));
}

SEC("raw_tp/kmem_cache_alloc") int rs_mem_cache_alloc(struct rs_raw *ctx)
{
	return kernel_alloc(ctx, RS_MEM_SLAB, ctx->args[1], asked_for(ctx, true));
}

SEC("raw_tp/kmem_cache_alloc_node") int rs_mem_cache_alloc_node(struct rs_raw *ctx)
{
	return kernel_alloc(ctx, RS_MEM_SLAB, ctx->args[1], asked_for(ctx, true));
}

SEC("raw_tp/kfree") int rs_mem_kfree(struct rs_raw *ctx)
{
	return kernel_free(RS_MEM_SLAB, ctx->args[1]);
}

SEC("raw_tp/kmem_cache_free") int rs_mem_cache_free(struct rs_raw *ctx)
{
	return kernel_free(RS_MEM_SLAB, ctx->args[1]);
}

SEC("raw_tp/mm_page_alloc") int rs_mem_page_alloc(struct rs_raw *ctx)
{
	return kernel_alloc(ctx, RS_MEM_PAGES, ctx->args[0],
			    (__u64)rs_mem.page_size << (ctx->args[1] & 31));
}

SEC("raw_tp/mm_page_free") int rs_mem_page_free(struct rs_raw *ctx)
{
	return kernel_free(RS_MEM_PAGES, ctx->args[0]);
}
