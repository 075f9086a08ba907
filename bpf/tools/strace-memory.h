/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Memory that arguments lead to, as the rows of calls want it: bpf/abi/capture.h. */
#pragma once

#include "bpf/tools/strace-place.h"

/* Elements that are followed, where the verifier walks each of them and where it does not. */
#define MOST_VECTORS      64
#define MOST_VECTORS_OLD  6
#define MOST_STRINGS      256
#define MOST_STRINGS_OLD  12
#define MOST_MESSAGES     16
#define MOST_MESSAGES_OLD 2
#define MOST_COUNTED      4096
#define MOST_COUNTED_OLD  64
#define MOST_POINTERS     32
#define MOST_POINTERS_OLD 4
#define MOST_NAME         128  /* of an address */
#define MOST_STRUCT       4096 /* bytes of anything that is no contents */

/* Memory of the current argument is not there. */
static __always_inline __u32 fault(struct rs_strace_thread *t)
{
	__u32 arg = t->arg;

	t->again |= 1u << (arg & 7);
	return RS_CAPTURE_FAULT;
}

/* Reads n bytes of the process behind the header at @off. 0: they are there. */
static __always_inline long fetch(struct rs_strace_thread *t, __u32 off, __u64 from, __u32 n)
{
	__u64 size = n;

	/* Compared where it is used: of a copy the verifiers up to 6.1 do not know that it is as small. */
	asm volatile("if %[size] <= %[most] goto +1\n\t%[size] = %[most]"
		     : [size] "+r"(size)
		     : [most] "i"(RS_STRACE_PIECE));
	return bpf_probe_read_user(&t->parts[(off & (RS_STRACE_HALF - 1)) + 8], (__u32)size,
				   (void *)from);
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
		flags = fault(t);
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
		flags = fault(t);
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

/* A struct, and what its first two members stand for: where, and how many bytes. */
__noinline int rs_strace_put_pointed(__u64 at, __u32 size)
{
	struct iovec pair = {};

	rs_strace_put(at, size, size);
	if (bpf_probe_read_user(&pair, sizeof(pair), (void *)at))
		return 0;
	rs_strace_put(pair.base, pair.base ? pair.len : 0, MOST_NAME);
	return 0;
}

static long pointer_round(__u32 i, struct pointers *p)
{
	__u64 pointer = 0;

	if (i >= p->n || bpf_probe_read_user(&pointer, sizeof(pointer), (void *)(p->list + i * 8)))
		return 1;
	rs_strace_put(pointer, p->max, p->max);
	return 0;
}

/* @n pointers, and @size bytes behind each. */
__noinline int rs_strace_put_pointers(__u64 list, __u64 n, __u32 size)
{
	struct pointers p = { .list = list, .n = n, .max = size };

	rs_strace_put(list, n * 8, MOST_POINTERS * 8);
	RS_REPEAT(MOST_POINTERS, MOST_POINTERS_OLD, pointer_round, &p);
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
		flags = fault(t);
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
		flags = fault(t);
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
	case RS_CAPTURE_POINTED:
		rs_strace_put_pointed(from, c->size);
		return;
	case RS_CAPTURE_POINTERS:
		rs_strace_put_pointers(from, by, c->size);
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
	t->arg = arg;
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
	case RS_CAPTURE_POINTED:
	case RS_CAPTURE_POINTERS:
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
