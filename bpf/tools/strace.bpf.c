/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * System calls one by one, for `ringside strace`. Each thread that is watched has a place of its own (struct
 * rs_strace_thread) in which the record of its call is made: at entry the arguments and the memory that they lead to,
 * at the end the result and what the call has filled in. So nothing is shared between threads, nothing is kept on a
 * CPU, and what nobody wants (too quick, not failed, another path) is never sent. The record leaves in one piece when
 * the call ends; one that is under way can be looked at in the map.
 *
 * Memory that is not present at entry (a page that nobody has touched) is read again when the call has ended: by then
 * the kernel has.
 */
#include "bpf/abi/strace.h"
#include "bpf/lib/arch.h"
#include "bpf/lib/stack.h"
#include "bpf/lib/target.h"
#include "bpf/lib/wake.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Elements that are followed, where the verifier walks each of them and where it does not. */
#define MOST_VECTORS      64
#define MOST_VECTORS_OLD  6
#define MOST_STRINGS      256
#define MOST_STRINGS_OLD  12
#define MOST_MESSAGES     16
#define MOST_MESSAGES_OLD 2
#define MOST_COUNTED      4096
#define MOST_COUNTED_OLD  64
#define MOST_NAME         128  /* of an address */
#define MOST_STRUCT       4096 /* bytes of anything that is no contents */

const volatile struct rs_strace_config rs_strace_config;

/* Thread group of a command that is held back until we watch: shown from its execve on. 0: none. */
__u32 rs_strace_held;

struct rs_wake rs_strace_wake;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20); /* set before load */
} rs_strace_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
#ifdef RS_OLD
	__uint(max_entries, RS_STRACE_THREADS_OLD);
#else
	__uint(max_entries, RS_STRACE_THREADS);
#endif
	__uint(map_flags, RS_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct rs_strace_thread);
} rs_strace_threads SEC(".maps");

/* What a new place is made of. All zeroes; too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rs_strace_thread);
} rs_strace_blank SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RS_CALLS_MAX);
	__type(key, __u32);
	__type(value, struct rs_strace_row);
} rs_strace_rows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RS_STRACE_PATHS_MAX);
	__type(key, struct rs_strace_path);
	__type(value, __u32);
} rs_strace_paths SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RS_STRACE_LOST_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} rs_strace_lost SEC(".maps");

static __always_inline void lost(__u32 why)
{
	__u64 *n = bpf_map_lookup_elem(&rs_strace_lost, &why);

	if (n)
		__sync_fetch_and_add(n, 1);
}

static __always_inline struct rs_strace_thread *place_of(__u32 tid)
{
	return bpf_map_lookup_elem(&rs_strace_threads, &tid);
}

static __always_inline struct rs_strace_thread *my_place(void)
{
	return place_of(bpf_get_current_pid_tgid());
}

static __always_inline struct rs_strace_thread *make_place(void)
{
	__u32 tid = bpf_get_current_pid_tgid(), zero = 0;
	struct rs_strace_thread *t = place_of(tid), *blank;

	if (t)
		return t;
	blank = bpf_map_lookup_elem(&rs_strace_blank, &zero);
	if (!blank || bpf_map_update_elem(&rs_strace_threads, &tid, blank, BPF_ANY))
		return NULL;
	return place_of(tid);
}

static __always_inline struct rs_strace_row *row_of(__u32 nr)
{
	return bpf_map_lookup_elem(&rs_strace_rows, &nr);
}

/* --- parts --- */

/* Where the next part goes: @off of t->parts; false where there is no room. */
static __always_inline bool part_room(struct rs_strace_thread *t, __u32 *ret_off)
{
	__u32 used = t->used;

	if (used > RS_STRACE_HALF - 64) {
		t->call.flags |= RS_STRACE_FULL;
		return false;
	}
	asm volatile("" : "+r"(used));
	*ret_off = used & (RS_STRACE_HALF - 1);
	return true;
}

static __always_inline void part_end(struct rs_strace_thread *t, __u32 off, __u32 len)
{
	t->used = (off + sizeof(struct rs_strace_part) + len + 7) & ~7u;
}

static __always_inline void part_head(struct rs_strace_thread *t, __u32 off, __u32 arg, __u32 kind,
				      __u32 flags, __u32 len)
{
	struct rs_strace_part *part = (void *)&t->parts[off & (RS_STRACE_HALF - 1)];

	part->arg = arg;
	part->kind = kind;
	part->flags = flags;
	part->len = len;
}

/* Reads n bytes of the process behind the header at @off. 0: they are there. */
static __always_inline long fetch(struct rs_strace_thread *t, __u32 off, __u64 from, __u32 n)
{
	if (n > RS_STRACE_PIECE)
		n = RS_STRACE_PIECE;
	return bpf_probe_read_user(&t->parts[(off & (RS_STRACE_HALF - 1)) + 8], n, (void *)from);
}

static __always_inline __u32 bytes_most(__u32 when)
{
	__u32 most = when & RS_CAPTURE_DATA ? rs_strace_config.string_max : MOST_STRUCT;

	return most < RS_STRACE_PIECE ? most : RS_STRACE_PIECE;
}

/*
 * What follows are functions of their own: verified once, however often they are called. They work on the place of
 * the current thread. All return 0.
 */

/* Appends a part of a list: @len bytes at @from, @max of them at most. */
__noinline int rs_strace_put(__u64 from, __u64 len, __u32 max)
{
	struct rs_strace_thread *t = my_place();
	struct rs_capture_part *part;
	__u32 off, n = len, flags = 0;

	if (!t || !part_room(t, &off))
		return 0;
	if (max > RS_STRACE_PIECE)
		max = RS_STRACE_PIECE;
	if (len > max) {
		n = max;
		flags = RS_CAPTURE_CUT;
	}
	if (n && fetch(t, off, from, n)) {
		flags = RS_CAPTURE_FAULT;
		n = 0;
	}
	part = (void *)&t->parts[off & (RS_STRACE_HALF - 1)];
	part->len = n;
	part->flags = flags;
	part_end(t, off, n);
	return 0;
}

/* The same for text that ends with a NUL. */
__noinline int rs_strace_put_text(__u64 from, __u32 max)
{
	struct rs_strace_thread *t = my_place();
	struct rs_capture_part *part;
	__u32 off, flags = 0, n = 0;
	long got;

	if (!t || !part_room(t, &off))
		return 0;
	if (max > RS_STRACE_PIECE - 2)
		max = RS_STRACE_PIECE - 2;
	got = bpf_probe_read_user_str(&t->parts[(off & (RS_STRACE_HALF - 1)) + 8], max + 2,
				      (void *)from);
	if (got < 0)
		flags = RS_CAPTURE_FAULT;
	else
		n = got ? got - 1 : 0;
	if (n > max) {
		n = max;
		flags = RS_CAPTURE_CUT;
	}
	part = (void *)&t->parts[off & (RS_STRACE_HALF - 1)];
	part->len = n;
	part->flags = flags;
	part_end(t, off, n);
	return 0;
}

struct pointers {
	__u64 list;
	__u64 n;
	__u32 max; /* bytes of each text */
};

static long count_round(__u32 i, struct pointers *p)
{
	__u64 pointer = 0;

	if (bpf_probe_read_user(&pointer, sizeof(pointer), (void *)(p->list + i * 8)) || !pointer)
		return 1;
	p->n++;
	return 0;
}

static long text_round(__u32 i, struct pointers *p)
{
	__u64 pointer = 0;

	if (i >= p->n || bpf_probe_read_user(&pointer, sizeof(pointer), (void *)(p->list + i * 8)))
		return 1;
	rs_strace_put_text(pointer, p->max);
	return 0;
}

/* A list of texts: how many, then each of them where @texts is not 0. */
__noinline int rs_strace_put_texts(__u64 list, __u32 texts, __u32 max)
{
	struct rs_strace_thread *t = my_place();
	struct pointers p = { .list = list, .max = max };
	struct rs_capture_part *part;
	__u32 off;
	bool more;

	if (!t || !part_room(t, &off))
		return 0;
	more = RS_REPEAT(MOST_COUNTED, MOST_COUNTED_OLD, count_round, &p);
	part = (void *)&t->parts[off & (RS_STRACE_HALF - 1)];
	part->len = sizeof(p.n);
	part->flags = more ? RS_CAPTURE_CUT : 0;
	*(__u64 *)(part + 1) = p.n;
	part_end(t, off, sizeof(p.n));
	if (texts)
		RS_REPEAT(MOST_STRINGS, MOST_STRINGS_OLD, text_round, &p);
	return 0;
}

struct iovec {
	__u64 base, len;
};

struct vectors {
	__u64 array;
	__u64 n;
	__u64 left; /* bytes that there are in all of them */
	__u32 max;  /* of each */
};

static long vector_round(__u32 i, struct vectors *v)
{
	struct iovec iov = {};
	__u64 len;

	if (i >= v->n || !v->left ||
	    bpf_probe_read_user(&iov, sizeof(iov), (void *)(v->array + i * sizeof(iov))))
		return 1;
	len = iov.len < v->left ? iov.len : v->left;
	v->left -= len;
	rs_strace_put(iov.base, len, v->max);
	return 0;
}

/* What @n vectors lead to; @left bytes together. */
__noinline int rs_strace_put_vectors(__u64 array, __u64 n, __u64 left, __u32 max)
{
	struct vectors v = { .array = array, .n = n, .left = left, .max = max };

	RS_REPEAT(MOST_VECTORS, MOST_VECTORS_OLD, vector_round, &v);
	return 0;
}

/* struct msghdr of 64 bits */
struct message {
	__u64 name;
	__u32 name_len, pad;
	__u64 iov, iov_len;
	__u64 control, control_len;
	__u32 flags, pad2;
};

/* A message at @at, whose header is the first @size bytes there (struct mmsghdr has one more field). */
__noinline int rs_strace_put_message(__u64 at, __u32 size, __u64 left, __u32 max)
{
	struct message m = {};

	rs_strace_put(at, size, size);
	if (bpf_probe_read_user(&m, sizeof(m), (void *)at))
		return 0;
	rs_strace_put(m.name, m.name ? m.name_len : 0, MOST_NAME);
	rs_strace_put(m.iov, m.iov ? m.iov_len * sizeof(struct iovec) : 0,
		      MOST_VECTORS * sizeof(struct iovec));
	rs_strace_put(m.control, m.control ? m.control_len : 0, MOST_STRUCT);
	rs_strace_put_vectors(m.iov, m.iov_len, left, max);
	return 0;
}

#define MMSGHDR_SIZE 64 /* and the length of what was received is its 57th byte */

struct messages {
	__u64 array;
	__u64 n;
	__u32 max;
	__u32 end; /* how much there is in each is known */
};

static long message_round(__u32 i, struct messages *m)
{
	__u64 at = m->array + i * MMSGHDR_SIZE, left = ~0ull;
	__u32 len = 0;

	if (i >= m->n)
		return 1;
	if (m->end &&
	    !bpf_probe_read_user(&len, sizeof(len), (void *)(at + sizeof(struct message))))
		left = len;
	rs_strace_put_message(at, MMSGHDR_SIZE, left, m->max);
	return 0;
}

__noinline int rs_strace_put_messages(__u64 array, __u64 n, __u32 end, __u32 max)
{
	struct messages m = { .array = array, .n = n, .end = end, .max = max };

	RS_REPEAT(MOST_MESSAGES, MOST_MESSAGES_OLD, message_round, &m);
	return 0;
}

/* --- one argument --- */

static __always_inline __u64 arg_of(const struct rs_strace_thread *t, __u32 i)
{
	asm volatile("" : "+r"(i));
	return i < 6 ? t->call.args[i] : 0;
}

/* How many bytes a plain capture has. */
static __always_inline __u64 plain_size(const struct rs_strace_thread *t,
					const struct rs_capture *c)
{
	__u64 n = c->size;
	__u32 behind = 0;

	if (c->how == RS_CAPTURE_BUFFER)
		return n * arg_of(t, c->by);
	if (c->how == RS_CAPTURE_RESULT)
		return t->call.result > 0 ? n * t->call.result : 0;
	if (c->how == RS_CAPTURE_BEHIND) {
		bpf_probe_read_user(&behind, sizeof(behind), (void *)arg_of(t, c->by));
		return behind;
	}
	return n;
}

static __always_inline void take_plain(struct rs_strace_thread *t, const struct rs_capture *c,
				       __u32 arg, __u32 kind)
{
	__u64 size = plain_size(t, c), from = arg_of(t, arg);
	__u32 most = bytes_most(c->when), flags = 0, off, n = size;
	long failed;

	if (!part_room(t, &off))
		return;
	if (size > most) {
		n = most;
		flags = RS_CAPTURE_CUT;
	}
	failed = fetch(t, off, from, n);
	for (__u32 i = 0; i < 4 && failed && (c->when & RS_CAPTURE_SHORTER); i++) {
		n /= 2;
		failed = fetch(t, off, from, n);
		flags = RS_CAPTURE_CUT;
	}
	if (failed) {
		n = 0;
		flags = RS_CAPTURE_FAULT;
	}
	part_head(t, off, arg, kind, flags, n);
	part_end(t, off, n);
}

static __always_inline void take_text(struct rs_strace_thread *t, const struct rs_capture *c,
				      __u32 arg, __u32 kind)
{
	__u32 most = bytes_most(c->when), flags = 0, off, n = 0;
	long got;

	if (!part_room(t, &off))
		return;
	if (most > RS_STRACE_PIECE - 2)
		most = RS_STRACE_PIECE - 2;
	got = bpf_probe_read_user_str(&t->parts[(off & (RS_STRACE_HALF - 1)) + 8], most + 2,
				      (void *)arg_of(t, arg));
	if (got < 0)
		flags = RS_CAPTURE_FAULT;
	else
		n = got ? got - 1 : 0;
	if (n > most) {
		n = most;
		flags = RS_CAPTURE_CUT;
	}
	part_head(t, off, arg, kind, flags, n);
	part_end(t, off, n);
}

static __always_inline void take_list(const struct rs_strace_thread *t, const struct rs_capture *c,
				      __u32 arg, bool end)
{
	__u64 from = arg_of(t, arg), by = arg_of(t, c->by);
	__u64 result = t->call.result > 0 ? t->call.result : 0, left = end ? result : ~0ull;
	__u32 max = bytes_most(c->when);

	switch (c->how) {
	case RS_CAPTURE_STRINGS:
		rs_strace_put_texts(from, !(c->when & RS_CAPTURE_COUNT) || rs_strace_config.verbose,
				    max);
		return;
	case RS_CAPTURE_VECTORS:
		rs_strace_put(from, by * sizeof(struct iovec), MOST_VECTORS * sizeof(struct iovec));
		rs_strace_put_vectors(from, by, left, max);
		return;
	case RS_CAPTURE_MESSAGE:
		rs_strace_put_message(from, sizeof(struct message), left, max);
		return;
	case RS_CAPTURE_MESSAGES:
		rs_strace_put_messages(from, end ? result : by, end, max);
		return;
	}
}

/* A list is one part, too: its header comes last, when its length is known. */
static __always_inline void take_parts(struct rs_strace_thread *t, const struct rs_capture *c,
				       __u32 arg, __u32 kind)
{
	__u32 off, begin;

	if (!part_room(t, &off))
		return;
	begin = off + sizeof(struct rs_strace_part);
	t->used = begin;
	take_list(t, c, arg, kind == RS_STRACE_OUT);
	part_head(t, off, arg, kind, 0, t->used - begin);
}

/* The memory that an argument of the call leads to. */
__noinline int rs_strace_take(__u32 arg, __u32 kind)
{
	struct rs_strace_thread *t = my_place();
	struct rs_strace_row *row = t ? row_of(t->call.nr) : NULL;
	const struct rs_capture *c;

	if (!row || arg >= 6 || !t->call.args[arg])
		return 0;
	c = &row->capture.args[arg];
	switch (c->how) {
	case RS_CAPTURE_NONE:
		return 0;
	case RS_CAPTURE_STRING:
		take_text(t, c, arg, kind);
		return 0;
	case RS_CAPTURE_STRINGS:
	case RS_CAPTURE_VECTORS:
	case RS_CAPTURE_MESSAGE:
	case RS_CAPTURE_MESSAGES:
		take_parts(t, c, arg, kind);
		return 0;
	default:
		take_plain(t, c, arg, kind);
	}
	return 0;
}

static __always_inline void take_all(__u32 args, __u32 kind)
{
	for (__u32 arg = 0; arg < 6; arg++)
		if (args & 1u << arg)
			rs_strace_take(arg, kind);
}

/* --- beginning --- */

static __always_inline bool is_held(void)
{
	return rs_strace_held && rs_strace_held == bpf_get_current_pid_tgid() >> 32;
}

static __always_inline bool wanted(__u32 nr)
{
	if (!(rs_strace_config.flags & RS_STRACE_SOME))
		return true;
	return nr < RS_CALLS_MAX && rs_strace_config.wanted[nr / 64] >> (nr % 64) & 1;
}

static __always_inline void head_of(struct rs_strace_head *head, __u32 kind, __u32 size)
{
	__u64 ids = bpf_get_current_pid_tgid();

	head->kind = kind;
	head->size = size;
	head->time = bpf_ktime_get_boot_ns();
	head->pid = ids >> 32;
	head->tid = ids;
	bpf_get_current_comm(head->comm, sizeof(head->comm));
}

static __always_inline void begin(struct rs_strace_thread *t, struct pt_regs *regs, __u32 nr)
{
	struct rs_strace_call *call = &t->call;
	struct rs_strace_row *row;

	t->used = 0;
	call->nr = nr;
	call->flags = RS_COMPAT((void *)bpf_get_current_task()) ? RS_STRACE_COMPAT : 0;
	call->args[0] = RS_REGS_ARG0(regs);
	call->args[1] = RS_REGS_ARG1(regs);
	call->args[2] = RS_REGS_ARG2(regs);
	call->args[3] = RS_REGS_ARG3(regs);
	call->args[4] = RS_REGS_ARG4(regs);
	call->args[5] = RS_REGS_ARG5(regs);
	call->result = 0;
	call->stacks.kernel = call->stacks.user = 0;
	head_of(&call->head, RS_STRACE_CALL, 0);
	call->began = call->head.time;
	if (call->flags & RS_STRACE_COMPAT)
		return;
	row = row_of(nr);
	if (row && row->entry)
		take_all(row->entry, RS_STRACE_IN);
}

SEC("raw_tp/sys_enter") int rs_strace_enter(struct rs_raw *ctx)
{
	struct rs_strace_thread *t;
	__u32 nr = ctx->args[1];

	if (!rs_target_current() || !wanted(nr))
		return 0;
	if (is_held() && nr != rs_strace_config.execve)
		return 0;
	t = make_place();
	if (!t) {
		lost(RS_STRACE_LOST_THREADS);
		return 0;
	}
	begin(t, (void *)ctx->args[0], nr);
	t->busy = 1;
	return 0;
}

/* --- end --- */

static __always_inline bool failed(long result)
{
	return result < 0 && result >= -4095;
}

/* Is this the end that the user asks for? */
static __always_inline bool end_wanted(const struct rs_strace_call *call, long result, __u64 now)
{
	__u32 flags = rs_strace_config.flags;

	if ((flags & RS_STRACE_FAILED) && !failed(result))
		return false;
	if ((flags & RS_STRACE_SUCCESSFUL) && failed(result))
		return false;
	return !rs_strace_config.slower || !call->began ||
	       now - call->began >= rs_strace_config.slower;
}

static __always_inline void send(struct rs_strace_thread *t)
{
	__u32 size = t->used;

	if (size > RS_STRACE_HALF + RS_STRACE_PIECE)
		size = RS_STRACE_HALF + RS_STRACE_PIECE;
	size += sizeof(t->call);
	t->call.head.size = size;
	if (bpf_ringbuf_output(&rs_strace_ring, &t->call, size,
			       rs_wake_for(&rs_strace_ring, &rs_strace_wake)))
		lost(RS_STRACE_LOST_RING);
}

static __always_inline void take_exit(struct rs_strace_thread *t, struct rs_strace_row *row)
{
	bool error = failed(t->call.result);

	for (__u32 arg = 0; arg < 6; arg++) {
		__u32 when = row->capture.args[arg].when;

		if (row->exit & 1u << arg && (!error || when & RS_CAPTURE_FAILED))
			rs_strace_take(arg, RS_STRACE_OUT);
	}
}

/* The first execve of the command that has worked: from here on it is its own. */
static __always_inline bool still_held(long result)
{
	if (!is_held())
		return false;
	if (result)
		return true;
	rs_strace_held = 0;
	return false;
}

static __always_inline void take_stacks(void *ctx, struct rs_strace_call *call)
{
	__u32 flags = rs_strace_config.flags;

	if (flags & (RS_STRACE_USER_STACK | RS_STRACE_KERNEL_STACK))
		rs_stacks_take(ctx,
			       (flags & RS_STRACE_USER_STACK ? RS_STACKS_USER : 0) |
				       (flags & RS_STRACE_KERNEL_STACK ? RS_STACKS_KERNEL : 0),
			       0, &call->stacks);
}

SEC("raw_tp/sys_exit") int rs_strace_exit(struct rs_raw *ctx)
{
	struct rs_strace_thread *t = my_place();
	long result = ctx->args[1];
	struct rs_strace_row *row;
	__u64 now;

	if (!t || !t->busy)
		return 0;
	t->busy = 0;
	now = bpf_ktime_get_boot_ns();
	if (still_held(result) || !end_wanted(&t->call, result, now))
		return 0;
	t->call.head.time = now;
	t->call.result = result;
	row = t->call.flags & RS_STRACE_COMPAT ? NULL : row_of(t->call.nr);
	if (row && row->exit)
		take_exit(t, row);
	take_stacks(ctx, &t->call);
	send(t);
	return 0;
}

/* --- what else a line is made of --- */

/* Small records have a fixed size and are made in the buffer. */
static __always_inline void *reserve(__u32 size)
{
	void *record = bpf_ringbuf_reserve(&rs_strace_ring, size, 0);

	if (!record)
		lost(RS_STRACE_LOST_RING);
	return record;
}

static __always_inline void submit(void *record)
{
	bpf_ringbuf_submit(record, rs_wake_for(&rs_strace_ring, &rs_strace_wake));
}

static __always_inline void head_of_task(struct rs_strace_head *head, struct task_struct *task)
{
	head->pid = BPF_CORE_READ(task, tgid);
	head->tid = BPF_CORE_READ(task, pid);
	bpf_probe_read_kernel_str(head->comm, sizeof(head->comm), &task->comm);
}

static __always_inline bool signal_wanted(int signal)
{
	return signal > 0 && signal <= 64 && rs_strace_config.signals >> (signal - 1) & 1;
}

static __always_inline void send_signal(struct task_struct *task, int signal, const void *info,
					bool ignored)
{
	struct rs_strace_signal *s = reserve(sizeof(*s));

	if (!s)
		return;
	head_of(&s->head, RS_STRACE_SIGNAL, sizeof(*s));
	head_of_task(&s->head, task);
	s->signal = signal;
	s->ignored = ignored;
	__builtin_memset(s->info, 0, sizeof(s->info));
	/* 0, 1 and 2 stand for senders that leave no more to know */
	if ((__u64)info > 2)
		bpf_probe_read_kernel(s->info, sizeof(s->info), info);
	submit(s);
}

SEC("raw_tp/signal_deliver") int rs_strace_deliver(struct rs_raw *ctx)
{
	int signal = ctx->args[0];

	if (signal_wanted(signal) && rs_target_current() && !is_held())
		send_signal((void *)bpf_get_current_task(), signal, (void *)ctx->args[1], false);
	return 0;
}

/* What a process ignores is never delivered; ptrace(2) would have changed that. */
SEC("raw_tp/signal_generate") int rs_strace_generate(struct rs_raw *ctx)
{
	struct task_struct *task = (void *)ctx->args[2];
	int signal = ctx->args[0];

	if ((int)ctx->args[4] != 1 /* TRACE_SIGNAL_IGNORED */ || !signal_wanted(signal) ||
	    !rs_target_is(task, BPF_CORE_READ(task, tgid)))
		return 0;
	send_signal(task, signal, (void *)ctx->args[1], true);
	return 0;
}

SEC("raw_tp/sched_process_fork") int rs_strace_fork(struct rs_raw *ctx)
{
	struct task_struct *parent = (void *)ctx->args[0], *child = (void *)ctx->args[1];
	__u32 from = BPF_CORE_READ(parent, tgid), to = BPF_CORE_READ(child, tgid);
	struct rs_strace_new *new;

	if (is_held() || !rs_target_is(parent, from))
		return 0;
	if (from != to && (rs_target.flags & RS_TARGET_PIDS) &&
	    !(rs_target.flags & RS_TARGET_FOLLOW))
		return 0;
	new = reserve(sizeof(*new));
	if (!new)
		return 0;
	head_of(&new->head, RS_STRACE_NEW, sizeof(*new));
	new->parent = new->head.tid;
	new->pad = 0;
	head_of_task(&new->head, child);
	submit(new);
	return 0;
}

/* What a thread was in when it ended. */
static __always_inline void send_unfinished(struct rs_strace_thread *t)
{
	t->busy = 0;
	if ((rs_strace_config.flags & (RS_STRACE_FAILED | RS_STRACE_SUCCESSFUL)) ||
	    !end_wanted(&t->call, 0, bpf_ktime_get_boot_ns()))
		return;
	t->call.head.time = bpf_ktime_get_boot_ns();
	t->call.flags |= RS_STRACE_NEVER;
	send(t);
}

SEC("raw_tp/sched_process_exit") int rs_strace_end(struct rs_raw *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	__u32 tid = bpf_get_current_pid_tgid();
	struct rs_strace_thread *t = place_of(tid);
	struct rs_strace_end *end;

	if (t && t->busy)
		send_unfinished(t);
	if (t)
		bpf_map_delete_elem(&rs_strace_threads, &tid);
	if (!rs_target_current() || is_held() || (rs_strace_config.flags & RS_STRACE_QUIET_ENDS))
		return 0;
	end = reserve(sizeof(*end));
	if (!end)
		return 0;
	head_of(&end->head, RS_STRACE_END, sizeof(*end));
	end->code = BPF_CORE_READ(task, exit_code);
	end->last = !BPF_CORE_READ(task, signal, live.counter);
	submit(end);
	return 0;
}

/* A thread that executes becomes the first of its process: its place moves with it. */
SEC("raw_tp/sched_process_exec") int rs_strace_exec(struct rs_raw *ctx)
{
	__u32 old = ctx->args[1], tid = bpf_get_current_pid_tgid();
	struct rs_strace_thread *t;

	if (old == tid)
		return 0;
	t = place_of(old);
	if (!t)
		return 0;
	if (bpf_map_update_elem(&rs_strace_threads, &tid, t, BPF_ANY))
		lost(RS_STRACE_LOST_THREADS);
	bpf_map_delete_elem(&rs_strace_threads, &old);
	return 0;
}
