/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Part of latency.bpf.c: system calls. */
#pragma once

#include "bpf/lib/latency.h"

#define S_IFMT   0170000
#define S_IFSOCK 0140000
#define S_IFBLK  0060000

struct inode___device {
	__u32 i_rdev;
} __core;

/* What a call works on, as it was at the start: at the end of a close() it is gone. */
struct call_object {
	__u64 file; /* struct file *, only to be compared */
	__u64 ino;
	__u32 dev;
	__u32 mode;
	struct rs_latency_peer peer;
};

/* A thread's call; kept from its first on. */
struct call_begun {
	__u64 began; /* 0: in none that we look at */
	__u64 nr;
	__u64 args[6];
	struct call_object object;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set before load */
	__uint(map_flags, RS_NO_PREALLOC);
	__type(key, __u32); /* thread */
	__type(value, struct call_begun);
} rs_latency_calls SEC(".maps");

static const struct call_begun no_call;

/* Thread group of a command that is held back until we watch: its calls count from its execve on. 0: none. */
__u32 rs_latency_held;

/* Used by the program at the end of calls alone, of which one runs on a CPU at a time. */
struct call_scratch {
	__u64 busy;
	struct rs_walk walk;
	struct rs_latency_file file;
	struct rs_latency_outlier outlier;
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2); /* the end; and the start, of those that close */
	__type(key, __u32);
	__type(value, struct call_scratch);
} rs_latency_scratch SEC(".maps");

static __always_inline struct call_scratch *scratch_hold(__u32 which)
{
	struct call_scratch *s = bpf_map_lookup_elem(&rs_latency_scratch, &which);

	if (!s)
		return NULL;
	if (rs_take(&s->busy))
		return s;
	latency_lost(RS_LATENCY_LOST_SCRATCH);
	return NULL;
}

static __always_inline void scratch_release(struct call_scratch *s)
{
	s->busy = 0;
}

/* Leaves the file's path in the scratch; its length, at most RS_LATENCY_PATH - 1. Verified once, not for each caller. */
__noinline int rs_latency_walk(__u32 which)
{
	struct call_scratch *s = bpf_map_lookup_elem(&rs_latency_scratch, &which);
	__u32 len;

	if (!s)
		return 0;
	rs_walk_run(&s->walk);
	len = RS_WALK_HALF - s->walk.start;
	if (len == 1 && (s->walk.flags & RS_FIELD_DETACHED))
		return 0; /* pipes and sockets have no name */
	return len < RS_LATENCY_PATH ? len : RS_LATENCY_PATH - 1;
}

static __always_inline __u32 walk_file(struct call_scratch *s, __u32 which, struct file *file)
{
	s->walk.dentry = (__u64)BPF_CORE_READ(file, f_path.dentry);
	s->walk.mnt = (__u64)BPF_CORE_READ(file, f_path.mnt);
	return rs_latency_walk(which);
}

/* The last @len bytes. */
static __always_inline void copy_path(struct call_scratch *s, char *to, __u32 len)
{
	__u32 start = RS_WALK_HALF - len;

	asm volatile("" : "+r"(start), "+r"(len));
	bpf_probe_read_kernel(to, len & (RS_LATENCY_PATH - 1),
			      &s->walk.path[start & (RS_WALK_HALF - 1)]);
}

static __always_inline const volatile struct rs_latency_call *call_of(__u32 nr)
{
	asm volatile("" : "+r"(nr));
	return &rs_latency.calls[nr & (RS_CALLS_MAX - 1)];
}

#define CALL_OBJECTS (RS_LATENCY_BY_FILE | RS_LATENCY_BY_PEER | RS_LATENCY_BY_DEVICE)

static __always_inline bool objects_wanted(void)
{
	return (rs_latency.by & CALL_OBJECTS) || rs_latency.outlier;
}

static __always_inline void object_of(struct file *file, struct call_object *object)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct inode___device *device = (void *)inode;
	struct socket *socket;

	object->file = (__u64)file;
	object->ino = BPF_CORE_READ(inode, i_ino);
	object->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	object->mode = BPF_CORE_READ(inode, i_mode);
	if ((object->mode & S_IFMT) == S_IFBLK)
		object->dev = BPF_CORE_READ(device,
					    i_rdev); /* not the file system that its name is in */
	if ((object->mode & S_IFMT) != S_IFSOCK)
		return;
	socket = BPF_CORE_READ(file, private_data);
	latency_peer(BPF_CORE_READ(socket, sk), &object->peer);
}

/* Remembers the name of a file that is met for the first time. */
static __always_inline void file_introduce(struct file *file, const struct call_object *object,
					   __u32 which)
{
	struct rs_latency_file_key key = { .ino = object->ino, .dev = object->dev };
	struct call_scratch *s;
	__u32 len;

	if (bpf_map_lookup_elem(&rs_latency_files, &key))
		return;
	s = scratch_hold(which);
	if (!s)
		return;
	len = walk_file(s, which, file);
	s->file.mode = object->mode;
	s->file.len = len & (RS_LATENCY_PATH - 1);
	copy_path(s, s->file.path, len);
	if (bpf_map_update_elem(&rs_latency_files, &key, &s->file, BPF_ANY))
		latency_lost(RS_LATENCY_LOST_NAMES);
	scratch_release(s);
}

static __always_inline __u64 arg_of(struct call_begun *call, __u32 arg)
{
	switch (arg) {
	case 0:
		return call->args[0];
	case 1:
		return call->args[1];
	case 2:
		return call->args[2];
	case 3:
		return call->args[3];
	case 4:
		return call->args[4];
	}
	return call->args[5];
}

static __always_inline void call_arguments(struct call_begun *call, struct pt_regs *regs)
{
	call->args[0] = RS_REGS_ARG0(regs);
	call->args[1] = RS_REGS_ARG1(regs);
	call->args[2] = RS_REGS_ARG2(regs);
	call->args[3] = RS_REGS_ARG3(regs);
	call->args[4] = RS_REGS_ARG4(regs);
	call->args[5] = RS_REGS_ARG5(regs);
}

static __always_inline void call_object_begin(struct call_begun *call,
					      const volatile struct rs_latency_call *what)
{
	struct file *file;

	__builtin_memset(&call->object, 0, sizeof(call->object));
	if (what->fd == RS_LATENCY_NO_ARG)
		return;
	file = rs_fd_file(arg_of(call, what->fd));
	if (!file)
		return;
	object_of(file, &call->object);
	if (what->flags & RS_LATENCY_CLOSES)
		file_introduce(file, &call->object, 1);
}

static __always_inline struct call_begun *call_entry(void)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct call_begun *call = bpf_map_lookup_elem(&rs_latency_calls, &tid);

	if (call)
		return call;
	bpf_map_update_elem(&rs_latency_calls, &tid, &no_call, BPF_NOEXIST);
	return bpf_map_lookup_elem(&rs_latency_calls, &tid);
}

/* The call with which a command begins to be its own, asked for or not. */
static __always_inline bool lets_go(__u64 nr)
{
	return rs_latency_held && nr == rs_latency.execve;
}

SEC("raw_tp/sys_enter") int rs_latency_enter(struct rs_raw *ctx)
{
	__u64 nr = ctx->args[1];
	const volatile struct rs_latency_call *what = call_of(nr);
	struct call_begun *call;
	struct rs_wait *wait;
	__u64 now;

	if (nr >= RS_CALLS_MAX || !(what->wanted || lets_go(nr)) || !rs_target_current())
		return 0;
	if (RS_COMPAT((void *)bpf_get_current_task())) {
		latency_lost(RS_LATENCY_LOST_COMPAT);
		return 0;
	}
	call = call_entry();
	if (!call) {
		latency_lost(RS_LATENCY_LOST_STARTS);
		return 0;
	}
	call->nr = nr;
	if (objects_wanted()) {
		call_arguments(call, (void *)ctx->args[0]);
		call_object_begin(call, what);
	}
	now = bpf_ktime_get_ns();
	if (rs_latency.outlier) {
		wait = rs_wait_of_current();
		if (wait)
			rs_wait_begin(wait, now, what->flags);
		else
			latency_lost(RS_LATENCY_LOST_STARTS);
	}
	call->began = now;
	return 0;
}

/* --- the end --- */

/* The file that the call has made, or a name that it was given. */
static __always_inline void call_object_end(struct call_begun *call, __s64 result,
					    const volatile struct rs_latency_call *what)
{
	struct file *file = NULL;

	if ((what->flags & RS_LATENCY_GIVES_FD) && result >= 0)
		file = rs_fd_file(result);
	if (file)
		object_of(file, &call->object);
}

static __always_inline __u64 hash_text(const char *text, __u32 len)
{
	__u64 hash = 0x9e3779b97f4a7c15ull;

	for (__u32 i = 0; i < RS_LATENCY_PATH / 8; i++) {
		if (i * 8 >= len)
			break;
		hash = (hash ^ ((const __u64 *)text)[i]) * 0xff51afd7ed558ccdull;
		hash ^= hash >> 32;
	}
	return hash;
}

/* A call whose file has only a name: the name is the file. */
static __always_inline void key_of_path(struct rs_latency_key *key, struct call_begun *call,
					__u32 arg)
{
	struct rs_latency_file_key name = { .dev = RS_LATENCY_DEV_PATH };
	struct call_scratch *s = scratch_hold(0);
	long len;

	if (!s)
		return;
	__builtin_memset(s->file.path, 0, sizeof(s->file.path));
	len = bpf_probe_read_user_str(s->file.path, sizeof(s->file.path),
				      (void *)arg_of(call, arg));
	if (len > 1) {
		s->file.mode = 0;
		s->file.len = (len - 1) & (RS_LATENCY_PATH - 1);
		name.ino = hash_text(s->file.path, len);
		key->dev = name.dev;
		key->ino = name.ino;
		if (!bpf_map_lookup_elem(&rs_latency_files, &name) &&
		    bpf_map_update_elem(&rs_latency_files, &name, &s->file, BPF_ANY))
			latency_lost(RS_LATENCY_LOST_NAMES);
	}
	scratch_release(s);
}

static __always_inline void key_of_file(struct rs_latency_key *key, struct call_begun *call,
					const volatile struct rs_latency_call *what, __s64 result)
{
	struct call_object *object = &call->object;
	struct file *file;
	__u32 fd;

	if (!object->file) {
		if (what->path != RS_LATENCY_NO_ARG)
			key_of_path(key, call, what->path);
		return;
	}
	key->dev = object->dev;
	key->ino = object->ino;
	fd = what->flags & RS_LATENCY_GIVES_FD ? result : arg_of(call, what->fd);
	file = rs_fd_file(fd);
	if ((__u64)file == object->file)
		file_introduce(file, object, 0);
}

static __always_inline void call_count(struct call_begun *call, __u64 ns, __s64 result,
				       const volatile struct rs_latency_call *what)
{
	struct rs_latency_key key = {};

	if (rs_latency.by & RS_LATENCY_BY_CALL)
		key.what = call->nr;
	latency_key_current(&key);
	if (rs_latency.by & RS_LATENCY_BY_FILE)
		key_of_file(&key, call, what, result);
	else if (rs_latency.by & RS_LATENCY_BY_DEVICE)
		key.dev = call->object.dev;
	if (rs_latency.by & RS_LATENCY_BY_PEER)
		key.peer = call->object.peer;
	latency_add(&key, ns);
}

/* How many bytes behind an argument are of interest. */
static __always_inline __u64 memory_size(struct call_begun *call,
					 const volatile struct rs_capture *capture, __s64 result)
{
	switch (capture->how) {
	case RS_CAPTURE_BYTES:
		return capture->size;
	case RS_CAPTURE_BUFFER:
		return arg_of(call, capture->by) * capture->size;
	case RS_CAPTURE_RESULT:
		return result > 0 ? (__u64)result * capture->size : 0;
	}
	return 0;
}

static __always_inline void read_memory(struct rs_latency_memory *to, struct call_begun *call,
					const volatile struct rs_capture *capture, __u64 address,
					__s64 result)
{
	__u64 size;
	long r;

	to->len = 0;
	to->flags = 0;
	if (!address)
		return;
	if (capture->how == RS_CAPTURE_STRING) {
		r = bpf_probe_read_user_str(to->data, RS_LATENCY_ARG_BYTES, (void *)address);
		to->flags = r < 0 ? RS_LATENCY_MEMORY_FAULT
			    : r == RS_LATENCY_ARG_BYTES
				    ? RS_LATENCY_MEMORY_THERE | RS_LATENCY_MEMORY_CUT
				    : RS_LATENCY_MEMORY_THERE;
		to->len = r > 0 ? r - 1 : 0;
		return;
	}
	size = memory_size(call, capture, result);
	if (!size)
		return;
	to->flags = RS_LATENCY_MEMORY_THERE;
	if (size > RS_LATENCY_ARG_BYTES) {
		to->flags |= RS_LATENCY_MEMORY_CUT;
		size = RS_LATENCY_ARG_BYTES;
	}
	asm volatile("" : "+r"(size));
	to->len = size;
	if (size > RS_LATENCY_ARG_BYTES || bpf_probe_read_user(to->data, size, (void *)address))
		to->flags = RS_LATENCY_MEMORY_FAULT;
}

static __always_inline void outlier_wait(struct rs_latency_outlier *o)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct rs_wait *wait = bpf_map_lookup_elem(&rs_waits, &tid);
	__u32 longest;

	o->n_io = o->switches = 0;
	__builtin_memset(&o->io, 0, sizeof(o->io));
	__builtin_memset(o->sums, 0, sizeof(o->sums));
	o->wait.ns = 0;
	if (!wait || !wait->began)
		return;
	o->n_io = wait->n_io;
	o->io = wait->io;
	o->switches = wait->switches;
	__builtin_memcpy(o->sums, wait->sums, sizeof(o->sums));
	longest = wait->longest;
	asm volatile("" : "+r"(longest));
	bpf_probe_read_kernel(&o->wait, sizeof(o->wait), &wait->waits[longest & 1]);
}

static __always_inline void outlier_object(struct call_scratch *s, struct call_begun *call,
					   const volatile struct rs_latency_call *what,
					   __s64 result)
{
	struct rs_latency_outlier *o = &s->outlier;
	struct rs_latency_file_key key = { .ino = call->object.ino, .dev = call->object.dev };
	struct rs_latency_file *known;
	struct file *file;
	__u32 fd;

	o->ino = call->object.ino;
	o->dev = call->object.dev;
	o->mode = call->object.mode;
	o->peer = call->object.peer;
	o->path_len = 0;
	if (!call->object.file)
		return;
	fd = what->flags & RS_LATENCY_GIVES_FD ? result : arg_of(call, what->fd);
	file = rs_fd_file(fd);
	if ((__u64)file == call->object.file) {
		o->path_len = walk_file(s, 0, file) & (RS_LATENCY_PATH - 1);
		copy_path(s, o->path, o->path_len);
		return;
	}
	known = bpf_map_lookup_elem(&rs_latency_files, &key);
	if (known) {
		o->path_len = known->len;
		__builtin_memcpy(o->path, known->path, sizeof(o->path));
	}
}

/* Also where there is no file but a name, the file is that. */
static __always_inline void outlier_name(struct rs_latency_outlier *o, struct call_begun *call,
					 const volatile struct rs_latency_call *what)
{
	long len;

	if (o->path_len || call->object.file || what->path == RS_LATENCY_NO_ARG)
		return;
	len = bpf_probe_read_user_str(o->path, sizeof(o->path), (void *)arg_of(call, what->path));
	if (len > 1)
		o->path_len = len - 1;
}

static __always_inline void call_tell(void *ctx, struct call_begun *call, __u64 now, __u64 ns,
				      __s64 result, const volatile struct rs_latency_call *what)
{
	struct call_scratch *s = scratch_hold(0);
	__u64 ids = bpf_get_current_pid_tgid();
	__u32 nr = call->nr;
	struct rs_stack_pair pair;
	struct rs_latency_outlier *o;

	if (!s)
		return;
	o = &s->outlier;
	o->source = RS_LATENCY_SYSCALL;
	o->what = call->nr;
	o->end = now;
	o->ns = ns;
	o->cgroup = latency_cgroup();
	o->pid = ids >> 32;
	o->tid = ids;
	bpf_get_current_comm(o->comm, sizeof(o->comm));
	o->result = result;
	__builtin_memcpy(o->args, call->args, sizeof(o->args));
	outlier_wait(o);
	outlier_object(s, call, what, result);
	outlier_name(o, call, what);
	asm volatile("" : "+r"(nr));
	for (int i = 0; i < 6; i++)
		read_memory(&o->memory[i], call,
			    &rs_latency.capture[nr & (RS_CALLS_MAX - 1)].args[i], call->args[i],
			    result);
	rs_stacks_take(ctx, RS_STACKS_USER, 0, &pair);
	o->user = pair.user;
	if (bpf_ringbuf_output(&rs_latency_ring, o, sizeof(*o), 0))
		latency_lost(RS_LATENCY_LOST_RING);
	scratch_release(s);
}

/* The first execve of the command that has worked: from here on it is its own. */
static __always_inline bool still_held(__u64 nr, long result)
{
	if (!rs_latency_held || rs_latency_held != bpf_get_current_pid_tgid() >> 32)
		return false;
	if (nr != rs_latency.execve || result)
		return true;
	rs_latency_held = 0;
	return false;
}

/* Nothing is measured of the thread until its next call. */
static __always_inline int call_over(struct call_begun *call, __u32 tid)
{
	struct rs_wait *wait;

	call->began = 0;
	if (!rs_latency.outlier)
		return 0;
	wait = bpf_map_lookup_elem(&rs_waits, &tid);
	if (wait)
		wait->began = 0;
	return 0;
}

SEC("raw_tp/sys_exit") int rs_latency_exit(struct rs_raw *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct call_begun *call = bpf_map_lookup_elem(&rs_latency_calls, &tid);
	const volatile struct rs_latency_call *what;
	__u64 now, ns;

	if (!call || !call->began)
		return 0;
	now = bpf_ktime_get_ns();
	ns = now - call->began;
	what = call_of(call->nr);
	if (still_held(call->nr, ctx->args[1]) || !what->wanted)
		return call_over(call, tid);
	if (objects_wanted())
		call_object_end(call, ctx->args[1], what);
	call_count(call, ns, ctx->args[1], what);
	if (latency_is_slow(ns) && !(what->flags & RS_LATENCY_WAITS))
		call_tell(ctx, call, now, ns, ctx->args[1], what);
	return call_over(call, tid);
}

SEC("raw_tp/sched_process_exit") int rs_latency_thread_exit(struct rs_raw *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&rs_latency_calls, &tid);
	bpf_map_delete_elem(&rs_waits, &tid);
	return 0;
}
