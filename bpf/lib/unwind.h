/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Walks the stacks of user code with the tables of bpf/abi/unwind.h: stack.h calls it, nobody else.
 *
 * A walk is a small program of its own with its state in a slot: functions that are not static are verified once, not
 * once for each of 127 frames; and what a search has found so far is written to the slot and read back in each round, so
 * that the verifier knows nothing of it and sees that all rounds are alike.
 *
 * What is mapped where is the kernel's own knowledge (vma.h): nothing has to be told of a process, only of the files that
 * it has mapped, and those of one that has just been started are known from others as a rule.
 *
 * A frame costs about 0.3 us (two searches and one read of user memory), a stack of python or bash 4 to 25 us.
 *
 * The registers that user code had when it entered the kernel lie at the top of the task's kernel stack, however it
 * came in: system call, fault, interrupt, NMI; so they do in programs of perf events, of tracepoints and of uprobes.
 */
#pragma once

#include "bpf/abi/unwind.h"
#include "bpf/lib/arch.h"
#include "bpf/lib/vma.h"

#define RS_UNWIND_ASK_AGAIN_NS 20000000 /* user space makes it longer where asking was in vain */

#define RS_UNWIND_RETURNS 64 /* functions whose ends are probed, in one stack */

/* Of files that programs have met. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RS_UNWIND_CODES);
	__uint(map_flags, RS_NO_PREALLOC);
	__type(key, struct rs_unwind_id);
	__type(value, struct rs_unwind_code);
} rs_unwind_codes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RS_UNWIND_PIECES);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct rs_unwind_piece);
} rs_unwind_pieces SEC(".maps");

struct rs_unwind_chunk {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RS_UNWIND_CHUNK_ROWS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct rs_unwind_row));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, RS_UNWIND_CHUNKS);
	__type(key, __u32);
	__array(values, struct rs_unwind_chunk);
} rs_unwind_chunks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rs_unwind_control);
} rs_unwind_control SEC(".maps");

/* struct rs_unwind_ask */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RS_UNWIND_ASKS_BYTES);
} rs_unwind_asks SEC(".maps");

struct mm_struct___vdso {
	struct {
		void *vdso;
	} context;
} __core;

/* ---- which code it is ---- */

/* A file that was not met before: w->ask.id. */
static __always_inline bool rs_unwind_is_new(struct rs_unwind_walk *w, __u64 now)
{
	struct rs_unwind_control *control;
	__u32 zero = 0;

	__builtin_memset(&w->made, 0, sizeof(w->made));
	w->made.used = 1;
	w->made.asked = now;
	if (!bpf_map_update_elem(&rs_unwind_codes, &w->ask.id, &w->made, BPF_NOEXIST))
		return true;
	if (bpf_map_lookup_elem(&rs_unwind_codes, &w->ask.id))
		return false; /* another CPU was faster */
	/* There is no room: user space makes some. */
	control = bpf_map_lookup_elem(&rs_unwind_control, &zero);
	if (!control || now < control->asked + RS_UNWIND_ASK_AGAIN_NS)
		return false;
	control->asked = now;
	return true;
}

/* What is known of the code of the file w->ask.id; what is not is asked for. */
static __always_inline void rs_unwind_know(struct rs_unwind_walk *w)
{
	struct rs_unwind_code *code = bpf_map_lookup_elem(&rs_unwind_codes, &w->ask.id);
	__u64 now;

	if (code && !code->used)
		code->used = 1;
	if (code && code->known) {
		w->mapping.first = code->first;
		w->mapping.n = code->n;
		return;
	}
	w->mapping.unknown = 1;
	now = bpf_ktime_get_ns();
	if (code ? now < code->asked + RS_UNWIND_ASK_AGAIN_NS : !rs_unwind_is_new(w, now))
		return;
	if (code)
		code->asked = now;
	w->ask.start = w->mapping.start;
	w->ask.offset = w->mapping.offset;
	w->ask.tgid = bpf_get_current_pid_tgid() >> 32;
	/* full: asked again later */
	bpf_ringbuf_output(&rs_unwind_asks, &w->ask, sizeof(w->ask), 0);
}

/* Where the walk of this slot is (walk.pc), in memory that is now: whether anything is mapped there. */
__noinline int rs_unwind_look(__u32 slot)
{
	struct rs_stack_scratch *s = bpf_map_lookup_elem(&rs_stack_slots, &slot);
	struct task_struct *task = (void *)bpf_get_current_task();
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct mm_struct___vdso *with_vdso = (void *)mm;
	struct vm_area_struct *vma;
	struct rs_unwind_walk *w;
	struct inode *inode;
	struct file *file;

	if (!s || !mm)
		return 0;
	w = &s->walk;
	__builtin_memset(&w->mapping, 0, sizeof(w->mapping));
	__builtin_memset(&w->ask, 0, sizeof(w->ask));
	vma = rs_vma_find(&w->search, mm, w->pc);
	if (!vma)
		return 0;
	w->mapping.start = BPF_CORE_READ(vma, vm_start);
	w->mapping.end = BPF_CORE_READ(vma, vm_end);
	file = BPF_CORE_READ(vma, vm_file);
	if (file) {
		w->mapping.offset = BPF_CORE_READ(vma, vm_pgoff) << 12;
		inode = BPF_CORE_READ(file, f_inode);
		w->ask.id.inode = BPF_CORE_READ(inode, i_ino);
		w->ask.id.device = BPF_CORE_READ(inode, i_sb, s_dev);
		w->ask.size = BPF_CORE_READ(inode, i_size);
	} else if (bpf_core_field_exists(with_vdso->context.vdso) &&
		   (__u64)BPF_CORE_READ(with_vdso, context.vdso) == w->mapping.start) {
		w->ask.id.inode = RS_UNWIND_VDSO;
	} else {
		return 1;
	}
	rs_unwind_know(w);
	return 1;
}

/* ---- one step ---- */

enum rs_unwind_outcome {
	RS_UNWIND_GO_ON,
	RS_UNWIND_DONE,     /* that was the outermost frame */
	RS_UNWIND_BROKEN,   /* the next one cannot be told */
	RS_UNWIND_UNMAPPED, /* the next one is in no mapping that we know */
	RS_UNWIND_FULL,     /* more frames than fit */
};

static __always_inline bool rs_unwind_find_mapping(struct rs_stack_scratch *s, __u64 pc)
{
	if (pc >= s->walk.mapping.start && pc < s->walk.mapping.end)
		return true;
	s->walk.pc = pc;
	return rs_unwind_look(s->slot);
}

/* The piece that an offset in the file is in. */
static __always_inline struct rs_unwind_piece *rs_unwind_find_piece(struct rs_unwind_walk *w,
								    __u64 offset)
{
	__u32 first = w->mapping.first, last = first + w->mapping.n - 1, index;
	volatile __u32 *at = &w->found;
	struct rs_unwind_piece *piece;

	*at = first;
#pragma clang loop unroll(disable)
	for (__u32 step = RS_UNWIND_FILE_PIECES / 2; step; step >>= 1) {
		index = *at + step;
		if (index > last)
			continue;
		piece = bpf_map_lookup_elem(&rs_unwind_pieces, &index);
		if (piece && piece->start <= offset)
			*at = index;
	}
	index = *at;
	piece = bpf_map_lookup_elem(&rs_unwind_pieces, &index);
	return piece && piece->start <= offset ? piece : 0;
}

static __always_inline __u32 rs_unwind_find_row(struct rs_unwind_walk *w,
						const struct rs_unwind_piece *piece, __u32 pc)
{
	__u32 last = piece->last, index = piece->chunk;
	volatile __u32 *at = &w->found;
	struct rs_unwind_row *row;
	void *chunk = bpf_map_lookup_elem(&rs_unwind_chunks, &index);

	if (!chunk)
		return RS_UNWIND_NONE;
	*at = piece->first;
#pragma clang loop unroll(disable)
	for (__u32 step = RS_UNWIND_CHUNK_ROWS / 2; step; step >>= 1) {
		index = *at + step;
		if (index > last)
			continue;
		row = bpf_map_lookup_elem(chunk, &index);
		if (row && row->pc <= pc)
			*at = index;
	}
	index = *at;
	row = bpf_map_lookup_elem(chunk, &index);
	return row && row->pc <= pc ? row->rule : RS_UNWIND_NONE;
}

static __always_inline __u32 rs_unwind_find_rule(struct rs_unwind_walk *w, __u64 pc)
{
	__u64 offset = pc - w->mapping.start + w->mapping.offset;
	struct rs_unwind_piece *piece;

	if (!w->mapping.n)
		return RS_UNWIND_NONE;
	piece = rs_unwind_find_piece(w, offset);
	if (!piece || (offset - piece->base) >> 32)
		return RS_UNWIND_NONE;
	return rs_unwind_find_row(w, piece, offset - piece->base);
}

static __always_inline bool rs_unwind_read(__u64 address, __u64 *ret)
{
	return !bpf_probe_read_user(ret, sizeof(*ret), (void *)address);
}

/* The frame that the kernel made for a signal: struct ucontext lies where rsp is; of its struct sigcontext we want rbp,
 * rsp and rip (arch/x86/include/uapi/asm/sigcontext.h). */
static __always_inline int rs_unwind_signal(struct rs_unwind_walk *w)
{
	struct {
		__u64 bp, bx, dx, ax, cx, sp, ip;
	} regs;

	if (bpf_probe_read_user(&regs, sizeof(regs), (void *)(w->sp + 120)))
		return RS_UNWIND_BROKEN;
	w->ip = regs.ip;
	w->sp = regs.sp;
	w->bp = regs.bp;
	w->exact = 1;
	return RS_UNWIND_GO_ON;
}

/* Is this "mov $15, %rax; syscall", what signal handlers return to? */
static __always_inline bool rs_unwind_is_sigreturn(const struct rs_unwind_walk *w)
{
	__u64 code;

	return w->frames > 1 && rs_unwind_read(w->ip, &code) && code == 0x0f0000000fc0c748;
}

/* The return address, and rbp by the rule. */
static __always_inline int rs_unwind_return(struct rs_unwind_walk *w, __u64 cfa, __u32 rule)
{
	__u32 how = RS_UNWIND_RULE_BP(rule);
	__u64 words[2], at;

	at = (how == RS_UNWIND_BP_AT_CFA ? cfa : w->bp) + RS_UNWIND_RULE_BP_OFFSET(rule) * 8ll;
	if ((cfa & 7) || cfa <= w->sp)
		return RS_UNWIND_BROKEN;
	if (how && at == cfa - 16) { /* as nearly always */
		if (bpf_probe_read_user(words, sizeof(words), (void *)at))
			return RS_UNWIND_BROKEN;
		w->bp = words[0];
	} else {
		if (!rs_unwind_read(cfa - 8, &words[1]))
			return RS_UNWIND_BROKEN;
		if (how && rs_unwind_read(at, &words[0]))
			w->bp = words[0];
	}
	w->ip = words[1];
	w->sp = cfa;
	w->exact = 0;
	return w->ip ? RS_UNWIND_GO_ON : RS_UNWIND_DONE;
}

/* vfork(2) has taken the return address off the stack, for the child uses that too. The register is that of the innermost
 * frame. */
static __always_inline int rs_unwind_in_rdi(struct rs_unwind_walk *w, __u32 rule)
{
	struct pt_regs *regs = rs_current_regs();

	if (rule != RS_UNWIND_IN_RDI || w->frames != 1)
		return RS_UNWIND_BROKEN;
	w->ip = RS_REGS_ARG0(regs);
	w->exact = 0;
	return w->ip ? RS_UNWIND_GO_ON : RS_UNWIND_DONE;
}

/* Code without a table may have frame pointers. */
static __always_inline int rs_unwind_by_pointer(struct rs_unwind_walk *w)
{
	w->guessed |= w->mapping.unknown;
	if (!w->bp &&
	    (!w->mapping.n || w->frames > 1)) /* as programs begin: System V ABI for AMD64, 3.4.1 */
		return RS_UNWIND_DONE;
	if (w->bp < w->sp)
		return RS_UNWIND_BROKEN;
	return rs_unwind_return(w, w->bp + 16, RS_UNWIND_RULE(0, RS_UNWIND_BP_AT_CFA, -2, 0));
}

static __always_inline int rs_unwind_apply(struct rs_unwind_walk *w, __u32 rule)
{
	__s64 offset = RS_UNWIND_RULE_OFFSET(rule);
	__u32 kind = RS_UNWIND_RULE_KIND(rule);
	__u64 cfa;

	if (kind == RS_UNWIND_SP) {
		cfa = w->sp + offset * 8;
	} else if (kind == RS_UNWIND_BP) {
		cfa = w->bp + offset * 8;
	} else if (kind == RS_UNWIND_NONE) {
		return rs_unwind_by_pointer(w);
	} else if (kind == RS_UNWIND_END) {
		return offset ? rs_unwind_in_rdi(w, rule) : RS_UNWIND_DONE;
	} else if (kind == RS_UNWIND_SIGNAL) {
		return rs_unwind_signal(w);
	} else if (kind == RS_UNWIND_PLT) {
		cfa = w->sp + 8 + ((__s64)(w->ip & 15) >= offset ? 8 : 0);
	} else {
		cfa = kind == RS_UNWIND_SP_DEREF ? w->sp : w->bp;
		if (!rs_unwind_read(cfa + (offset >> 4) * 8, &cfa))
			return RS_UNWIND_BROKEN;
		cfa += (offset & 15) * 8;
	}
	return rs_unwind_return(w, cfa, rule);
}

struct return_instance {
	unsigned long stack, orig_ret_vaddr;
	struct return_instance *next;
} __core;

struct uprobe_task {
	struct return_instance *return_instances;
} __core;

struct task_struct___uprobes {
	struct uprobe_task *utask;
} __core;

/* Where the end of a function is probed, the kernel has put its own address into the place of the return address, and
 * keeps that (kernel/events/uprobes.c). Puts it right: 1; 0 where it is not so. */
__noinline int rs_unwind_returned(__u32 slot)
{
	struct rs_stack_scratch *s = bpf_map_lookup_elem(&rs_stack_slots, &slot);
	struct task_struct___uprobes *task = (void *)bpf_get_current_task();
	struct return_instance *instance;

	if (!s || !bpf_core_field_exists(task->utask) || !BPF_CORE_READ(task, utask))
		return 0;
	instance = BPF_CORE_READ(task, utask, return_instances);
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < RS_UNWIND_RETURNS && instance; i++) {
		if (BPF_CORE_READ(instance, stack) == s->walk.sp - 8) {
			s->walk.ip = BPF_CORE_READ(instance, orig_ret_vaddr);
			return 1;
		}
		instance = BPF_CORE_READ(instance, next);
	}
	return 0;
}

/* Adds the frame where the walk of this slot is to its stack, and goes to the next: enum rs_unwind_outcome. */
__noinline int rs_unwind_step(__u32 slot)
{
	struct rs_stack_scratch *s = bpf_map_lookup_elem(&rs_stack_slots, &slot);
	struct rs_unwind_walk *w;
	__u32 n, rule;
	bool known;
	__u64 pc;

	if (!s)
		return RS_UNWIND_BROKEN;
	w = &s->walk;
	n = w->frames;
	if (n >= RS_STACK_DEPTH)
		return RS_UNWIND_FULL;
	/* A call may be the last instruction of a function: what returns there belongs to the call. */
	pc = w->ip - !w->exact;
	known = rs_unwind_find_mapping(s, pc);
	if (n && !w->exact && (!known || !w->mapping.n) && rs_unwind_returned(slot))
		return RS_UNWIND_GO_ON;
	if (!known && n)
		return RS_UNWIND_UNMAPPED;
	s->stack.ips[n] = w->ip | (n && w->exact ? RS_STACK_IP_EXACT : 0);
	w->frames = n + 1;
	if (!known)
		return RS_UNWIND_UNMAPPED;
	rule = rs_unwind_find_rule(w, pc);
	if (rule == RS_UNWIND_NONE && rs_unwind_is_sigreturn(w))
		rule = RS_UNWIND_SIGNAL;
	if (rule == RS_UNWIND_SIGNAL) /* nor was this called */
		s->stack.ips[n] |= RS_STACK_IP_EXACT;
	return rs_unwind_apply(w, rule);
}

/* ---- the walk ---- */

/* The whole stack of the walk of this slot. */
__noinline int rs_unwind_steps(__u32 slot)
{
	int r;

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i <= RS_STACK_DEPTH + RS_UNWIND_RETURNS; i++) {
		r = rs_unwind_step(slot);
		if (r)
			return r;
	}
	return RS_UNWIND_FULL;
}

static __always_inline bool rs_unwind_on(void)
{
	__u32 zero = 0;
	struct rs_unwind_control *control = bpf_map_lookup_elem(&rs_unwind_control, &zero);

	return control && control->on;
}

/* Where the current task was when it entered the kernel. False: not in code of 64 bits. */
static __always_inline bool rs_unwind_begin(struct rs_unwind_walk *w)
{
	struct pt_regs *regs = rs_current_regs();

	if (!RS_REGS_64BIT(regs))
		return false;
	w->ip = BPF_CORE_READ(regs, ip);
	w->sp = BPF_CORE_READ(regs, sp);
	w->bp = BPF_CORE_READ(regs, bp);
	w->frames = 0;
	w->guessed = 0;
	w->exact = 1;
	w->mapping.end = 0;
	return true;
}

struct task_struct___exec {
	unsigned int in_execve : 1;
} __core;

/* The memory is that of the new program, the registers are still those of the old one: no user code is there. */
static __always_inline bool rs_unwind_is_in_exec(void)
{
	struct task_struct___exec *task = (void *)bpf_get_current_task();

	return bpf_core_field_exists(task->in_execve) &&
	       BPF_CORE_READ_BITFIELD_PROBED(task, in_execve);
}

/* Fills the slot's stack with the current task's user stack. False: it has no code that we know how to walk. */
static __always_inline bool rs_unwind_user(struct rs_stack_scratch *s)
{
	int r;

	if (!rs_unwind_on() || !rs_unwind_begin(&s->walk))
		return false;
	r = rs_unwind_steps(s->slot);
	s->stack.n = s->walk.frames;
	s->stack.flags = 0;
	if (r == RS_UNWIND_FULL)
		s->stack.flags = RS_STACK_CUT;
	else if (r != RS_UNWIND_DONE || s->walk.guessed)
		s->stack.flags = RS_STACK_BROKEN;
	if (r == RS_UNWIND_UNMAPPED && s->walk.frames == 1 && rs_unwind_is_in_exec())
		s->stack.n = 0;
	return true;
}
