/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What comes in through io_uring: the same events as those of the system calls. No system call is
 * made for a request; the kernel's two tracepoints about its life are all there is.
 *
 * rs_uring_submit sees the request after the kernel has copied its names from the process, in the
 * context of the process (or of its own polling thread). When rs_uring_done sees the result, the
 * names are gone. So the record is made when the request comes in, waits in a map, and is sent with
 * the result. Where no result can be had (the process asked for none, the map is full, the record
 * does not fit there) it is sent at once, marked RS_HDR_NO_RESULT.
 *
 * Older kernels (5.10) do not say which request is done, only what the process called it, which it
 * may call several: a result is then taken only if the request has already given its names back.
 */
#include "bpf/lib/uring.h"
#include "bpf/abi/file.h"
#include "bpf/abi/net.h"
#include "bpf/lib/filter.h"
#include "bpf/lib/name.h"
#include "bpf/lib/sock.h"

#define AT_REMOVEDIR  0x200
#define FMODE_CREATED 0x100000 /* fmode_t: the open made the file */
/* What an open file keeps of the flags it was opened with, on all processors. */
#define O_KEPT      (00000003 | 00002000) /* O_ACCMODE, O_APPEND */
#define EINTR       4
#define EAGAIN      11
#define EINPROGRESS 115
#define ECANCELED   125

struct file___mode {
	unsigned int f_mode;
} __core;

/* Requests under way. */

#define PENDING_RECORD 976

/* pending.state */
enum {
	PENDING_PASSED = 1 << 0, /* the name passes the path filter */
	PENDING_SLOT = 1 << 1,   /* the result is no descriptor */
};

struct pending {
	__u8 record[PENDING_RECORD]; /* as it will be sent */
	__u64 req;
	__u64 ring;
	__u64 name;
	__u64 file;  /* of the socket, for where the request is not known */
	__u64 count; /* of accepts with the same name */
	__u32 state; /* PENDING_* */
	__u8 opcode;
	__u8 pad[3];
};

/* A request by its address and 0; where that is not known at the end, ring and name of it. */
struct pending_key {
	__u64 place;
	__u64 name;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RS_URING_ENTRIES);
	__type(key, struct pending_key);
	__type(value, struct pending);
} rs_uring SEC(".maps");

/*
 * Where to look for a request by ring and name, when its result finds no room in the ring (and comes
 * without the request). Open addressing by the request's address; who is gone is found out late.
 */
#define INDEX_PROBES 4
#ifdef RS_OLD /* places in use */
#define INDEX_USED 128
#else
#define INDEX_USED RS_URING_ENTRIES
#endif

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RS_URING_ENTRIES);
	__type(key, __u32);
	__type(value, __u64); /* address of a request */
} rs_uring_index SEC(".maps");

static_assert(sizeof(struct pending) == 1024, "struct pending");
static_assert(!(RS_URING_ENTRIES & (RS_URING_ENTRIES - 1)), "RS_URING_ENTRIES");

/* The kind of a request's event, 0 for those that make none. */
static __always_inline __u32 kind_of(__u8 opcode)
{
	switch (opcode) {
	case IORING_OP_OPENAT:
	case IORING_OP_OPENAT2:
		return RS_KIND_OPEN;
	case IORING_OP_UNLINKAT:
		return RS_KIND_UNLINK;
	case IORING_OP_RENAMEAT:
		return RS_KIND_RENAME;
	case IORING_OP_MKDIRAT:
		return RS_KIND_MKDIR;
	case IORING_OP_SYMLINKAT:
		return RS_KIND_SYMLINK;
	case IORING_OP_LINKAT:
		return RS_KIND_LINK;
	case IORING_OP_CONNECT:
		return RS_KIND_CONNECT;
	case IORING_OP_ACCEPT:
		return RS_KIND_ACCEPT;
	case IORING_OP_BIND:
		return RS_KIND_BIND;
	case IORING_OP_LISTEN:
		return RS_KIND_LISTEN;
	}
	return 0;
}

static __always_inline __u64 user_data_of(struct io_kiocb *req)
{
	struct io_kiocb___new *since = (void *)req;
	struct io_kiocb___old *before = (void *)req;

	if (bpf_core_field_exists(since->cqe.user_data))
		return BPF_CORE_READ(since, cqe.user_data);
	return BPF_CORE_READ(before, user_data);
}

static __always_inline struct pending_key name_key(__u64 ring, __u64 name)
{
	return (struct pending_key){ ring, name };
}

static __always_inline struct pending_key request_key(struct io_kiocb *req)
{
	if (RS_URING_ANONYMOUS)
		return name_key((__u64)BPF_CORE_READ(req, ctx), user_data_of(req));
	return (struct pending_key){ (__u64)req, 0 };
}

/* Who: for the threads of a ring, the process that they work for. */
static __always_inline void head(struct rs_hdr *hdr)
{
	rs_head_self(hdr);
	rs_process_comm(hdr->comm);
}

/* Sends what the scratch holds, whose header says who did it. */
static __always_inline void send(struct rs_held *held, struct rs_scratch *s, __u32 kind, int ret,
				 __u32 flags)
{
	struct rs_hdr *hdr = (void *)s->record;

	rs_count_generated(held, kind);
	rs_head_event(hdr, held, kind, RS_HOOK_URING, 0);
	hdr->flags = flags;
	hdr->nr = -1;
	hdr->ret = ret;
	rs_output(held, s);
}

static __always_inline void send_unfinished(struct rs_held *held, struct rs_scratch *s, __u32 kind)
{
	send(held, s, kind, -EINPROGRESS, RS_HDR_NO_RESULT);
}

/* Moves a waiting record to the scratch. False: somebody else was faster. */
static __always_inline bool take(struct rs_scratch *s, const struct pending *pending,
				 const struct pending_key *key)
{
	struct rs_hdr *hdr = (void *)s->record;

	bpf_probe_read_kernel(s->record, sizeof(*pending), pending);
	s->used = hdr->size;
	return !bpf_map_delete_elem(&rs_uring, key);
}

/* Submission: files. */

struct names {
	struct filename *first, *second, *content;
	int dir, dir2;
};

static __always_inline void names_of(struct names *names, struct io_kiocb *req, __u8 opcode,
				     struct rs_file *rec)
{
	struct io_open *open = (void *)req;
	struct io_unlink *unlink = (void *)req;
	struct io_mkdir *mkdir = (void *)req;
	struct io_rename *rename = (void *)req;
	struct io_link *link = (void *)req;
	struct io_hardlink *hardlink = (void *)req;
	struct io_symlink *symlink = (void *)req;

	switch (opcode) {
	case IORING_OP_OPENAT:
	case IORING_OP_OPENAT2:
		names->first = RS_URING_NAME(req, io_open, filename);
		names->dir = BPF_CORE_READ(open, dfd);
		rec->flags = BPF_CORE_READ(open, how.flags);
		rec->mode = BPF_CORE_READ(open, how.mode);
		break;
	case IORING_OP_UNLINKAT:
		names->first = RS_URING_NAME(req, io_unlink, filename);
		names->dir = BPF_CORE_READ(unlink, dfd);
		rec->flags = BPF_CORE_READ(unlink, flags);
		break;
	case IORING_OP_MKDIRAT:
		names->first = RS_URING_NAME(req, io_mkdir, filename);
		names->dir = BPF_CORE_READ(mkdir, dfd);
		rec->mode = BPF_CORE_READ(mkdir, mode);
		break;
	case IORING_OP_RENAMEAT:
		names->first = RS_URING_NAME(req, io_rename, oldpath);
		names->second = RS_URING_NAME(req, io_rename, newpath);
		names->dir = BPF_CORE_READ(rename, old_dfd);
		names->dir2 = BPF_CORE_READ(rename, new_dfd);
		rec->flags = BPF_CORE_READ(rename, flags);
		break;
	case IORING_OP_LINKAT:
		if (bpf_core_type_exists(struct io_hardlink)) {
			names->first = BPF_CORE_READ(hardlink, oldpath);
			names->second = BPF_CORE_READ(hardlink, newpath);
			names->dir = BPF_CORE_READ(hardlink, old_dfd);
			names->dir2 = BPF_CORE_READ(hardlink, new_dfd);
			rec->flags = BPF_CORE_READ(hardlink, flags);
			break;
		}
		names->first = RS_URING_NAME(req, io_link, oldpath);
		names->second = RS_URING_NAME(req, io_link, newpath);
		names->dir = BPF_CORE_READ(link, old_dfd);
		names->dir2 = BPF_CORE_READ(link, new_dfd);
		rec->flags = BPF_CORE_READ(link, flags);
		break;
	case IORING_OP_SYMLINKAT:
		if (bpf_core_type_exists(struct io_symlink)) {
			names->content = BPF_CORE_READ(symlink, oldpath);
			names->first = BPF_CORE_READ(symlink, newpath);
			names->dir = BPF_CORE_READ(symlink, new_dfd);
			break;
		}
		names->content = RS_URING_NAME(req, io_link, oldpath);
		names->first = RS_URING_NAME(req, io_link, newpath);
		names->dir = BPF_CORE_READ(link, new_dfd);
		break;
	}
}

/* A name, which the kernel has copied. Does it pass the path filter? */
static __always_inline bool name_fields(struct rs_scratch *s, __u32 slot, struct filename *name,
					int dir, __u32 tag)
{
	s->kernel = 1;
	return rs_name_fields(s, slot, BPF_CORE_READ(name, name), dir, tag);
}

/* Begins the record of a request that names files. Does it pass the path filter? */
static __always_inline bool file_submitted(struct rs_scratch *s, __u32 slot, struct io_kiocb *req,
					   __u8 opcode)
{
	struct rs_file *rec = (void *)s->record;
	struct names names = {};
	struct filename *content;
	bool wanted;

	s->used = sizeof(*rec);
	rec->ino = rec->length = 0;
	rec->dev = rec->mode = rec->flags = 0;
	rec->uid = rec->gid = rec->fd = -1;
	names_of(&names, req, opcode, rec);
	content = names.content;
	wanted = name_fields(s, slot, names.first, names.dir, RS_TAG_BASE);
	if (names.second && name_fields(s, slot, names.second, names.dir2, RS_TAG_BASE2))
		wanted = true;
	if (content)
		rs_field_user_str(s, RS_TAG_NAME, BPF_CORE_READ(content, name));
	return wanted;
}

/* Submission: sockets. */

static __always_inline struct sock *file_sock(struct file *file)
{
	struct socket *socket = file ? BPF_CORE_READ(file, private_data) : NULL;
	struct sock *sk;

	if (!socket || BPF_CORE_READ(socket, file) != file)
		return NULL;
	sk = rs_socket_sk(socket);
	return sk && rs_family_known(BPF_CORE_READ(sk, __sk_common.skc_family)) ? sk : NULL;
}

/* Newer kernels look the file up later: there is only the descriptor. */
static __always_inline struct file *submitted_file(struct io_kiocb *req, int *ret_fd)
{
	if (!bpf_core_field_exists(req->cqe.fd))
		return BPF_CORE_READ(req, file);
	if (BPF_CORE_READ(req, flags) & REQ_F_FIXED_FILE)
		return NULL;
	*ret_fd = BPF_CORE_READ(req, cqe.fd);
	return rs_fd_file(*ret_fd);
}

/* The address is the process's argument so far. */
static __always_inline void connect_argument(struct rs_scratch *s, struct rs_net *rec,
					     struct io_kiocb *req)
{
	struct io_connect *connect = (void *)req;
	const void *addr = BPF_CORE_READ(connect, addr);

	rec->direction = RS_DIR_OUT;
	rec->flags = RS_NET_ARGUMENT;
	if (!rec->family)
		bpf_probe_read_user(&rec->family, sizeof(rec->family), addr);
	if (rec->family == AF_UNIX) {
		rs_field_sun_path(s, addr + 2, BPF_CORE_READ(connect, addr_len) - 2, true);
		return;
	}
	__builtin_memset(rec->remote, 0, sizeof(rec->remote));
	rec->remote_port = 0;
	rs_user_address(rec->remote, &rec->remote_port, rec->family, addr);
}

/* Begins the record of a request about a socket, whose file is returned, or NULL. */
static __always_inline struct file *sock_submitted(struct rs_scratch *s, struct io_kiocb *req,
						   __u32 kind)
{
	struct io_listen *listen = (void *)req;
	struct rs_net *rec = (void *)s->record;
	int fd = -1;
	struct file *file = submitted_file(req, &fd);

	s->used = sizeof(*rec);
	rs_sock_fill(rec, file_sock(file));
	rec->fd = fd;
	if (kind == RS_KIND_CONNECT) {
		connect_argument(s, rec, req);
		return file;
	}
	if (kind != RS_KIND_BIND)
		rec->direction = RS_DIR_IN;
	if (kind == RS_KIND_LISTEN && bpf_core_type_exists(struct io_listen))
		rec->backlog = BPF_CORE_READ(listen, backlog);
	return file;
}

/*
 * Accepts: the event is made from the accepted socket, when there is one. But a connection that a
 * multishot request brings comes with nothing but its name, so the name must be known to be that of
 * an accept. Many may wait under one name; each that ends for good counts down.
 */
static __always_inline void accept_submitted(struct rs_scratch *s, struct io_kiocb *req)
{
	struct pending_key key = name_key((__u64)BPF_CORE_READ(req, ctx), user_data_of(req));
	struct pending *pending = bpf_map_lookup_elem(&rs_uring, &key);
	struct io_accept *accept = (void *)req;

	if (pending && pending->opcode == IORING_OP_ACCEPT) {
		__sync_fetch_and_add(&pending->count, 1);
		return;
	}
	pending = (void *)s->record;
	pending->count = 1;
	pending->opcode = IORING_OP_ACCEPT;
	pending->state = BPF_CORE_READ(accept, file_slot) ? PENDING_SLOT : 0;
	pending->file = (__u64)BPF_CORE_READ(req, file);
	if (bpf_map_update_elem(&rs_uring, &key, pending, BPF_ANY))
		rs_failed(RS_FAIL_URING_FULL);
}

static __always_inline __u32 index_slot(__u32 at)
{
	return at & (INDEX_USED - 1);
}

static __always_inline void index_add(const struct pending_key *key)
{
	__u32 at = key->place >> 8; /* the size of a request, about */
	struct pending_key other = {};

	for (int i = 0; i < INDEX_PROBES; i++, at++) {
		__u32 slot = index_slot(at);
		__u64 *req = bpf_map_lookup_elem(&rs_uring_index, &slot);

		if (!req)
			return;
		other.place = *req;
		if (other.place && other.place != key->place && i < INDEX_PROBES - 1 &&
		    bpf_map_lookup_elem(&rs_uring, &other))
			continue;
		*req = key->place;
		return;
	}
}

/* Puts the record away; false where it has to be sent as it is. */
static __always_inline bool park(struct rs_scratch *s, struct io_kiocb *req,
				 const struct pending_key *key, struct file *file, __u32 state,
				 __u8 opcode)
{
	struct pending *pending = (void *)s->record;
	struct rs_hdr *hdr = (void *)s->record;

	if ((BPF_CORE_READ(req, flags) & REQ_F_CQE_SKIP) || s->used > PENDING_RECORD)
		return false;
	hdr->size = s->used;
	pending->req = (__u64)req;
	pending->ring = (__u64)BPF_CORE_READ(req, ctx);
	pending->name = user_data_of(req);
	pending->file = (__u64)file;
	pending->state = state;
	pending->opcode = opcode;
	if (bpf_map_update_elem(&rs_uring, key, pending, BPF_ANY)) {
		rs_failed(RS_FAIL_URING_FULL);
		return false;
	}
	if (!RS_URING_ANONYMOUS)
		index_add(key);
	return true;
}

static __always_inline void submitted(struct rs_held *held, struct io_kiocb *req, __u8 opcode,
				      __u32 kind)
{
	struct rs_scratch *s = rs_scratch_of(held->slot, 0);
	struct pending_key key = request_key(req);
	struct io_open *open = (void *)req;
	struct pending *old;
	struct file *file = NULL;
	struct rs_hdr *hdr;
	bool passed = true;
	__u32 state = 0;

	if (!s)
		return;
	hdr = (void *)s->record;
	old = bpf_map_lookup_elem(&rs_uring, &key);
	if (old && take(s, old, &key)) /* its result never came */
		send_unfinished(held, s, hdr->kind);
	if (kind > RS_KIND_UMOUNT)
		file = sock_submitted(s, req, kind);
	else
		passed = file_submitted(s, held->slot, req, opcode);
	if (kind == RS_KIND_OPEN && BPF_CORE_READ(open, file_slot))
		state |= PENDING_SLOT;
	if (passed)
		state |= PENDING_PASSED;
	else if (kind != RS_KIND_OPEN) /* an open's path is known better at the end */
		return;
	head(hdr);
	hdr->kind = kind;
	if (!park(s, req, &key, file, state, opcode) && passed)
		send_unfinished(held, s, kind);
}

static __always_inline bool submit_wanted(__u32 kind)
{
	if (!rs_process_wanted(bpf_get_current_pid_tgid() >> 32))
		return false;
	if (kind == RS_KIND_OPEN && rs_kind_wanted(RS_KIND_CREATE))
		return true;
	if (!rs_kind_wanted(kind) && (kind != RS_KIND_ACCEPT || !rs_kind_wanted(RS_KIND_CLOSE)))
		return false;
	return !(rs_config.filters & RS_FILTER_PATH) || kind <= RS_KIND_UMOUNT;
}

static __always_inline int submit(struct io_kiocb *req)
{
	struct io_unlink *unlink = (void *)req;
	__u8 opcode = BPF_CORE_READ(req, opcode);
	__u32 kind = kind_of(opcode);
	struct rs_scratch *s;
	struct rs_held held;

	if (!kind)
		return 0;
	if (kind == RS_KIND_UNLINK && (BPF_CORE_READ(unlink, flags) & AT_REMOVEDIR))
		kind = RS_KIND_RMDIR;
	if (!submit_wanted(kind) || !rs_hold(&held, kind))
		return 0;
	if (kind != RS_KIND_ACCEPT || (BPF_CORE_READ(req, flags) & REQ_F_CQE_SKIP))
		submitted(&held, req, opcode, kind);
	else if ((s = rs_scratch_of(held.slot, 0)))
		accept_submitted(s, req);
	rs_release(&held);
	return 0;
}

SEC("raw_tp/io_uring_submit_req") int rs_uring_submit(struct rs_raw *ctx)
{
	__u64 req = ctx->args[0];

	if (!bpf_core_type_exists(btf_trace_io_uring_submit_req) &&
	    !bpf_core_type_exists(btf_trace_io_uring_submit_sqe___req)) {
		asm volatile("" ::: "memory"); /* keep the offset a constant */
		req = ctx->args[1];            /* after the ring */
	}
	return submit((void *)req);
}

/* Completion. */

struct done {
	struct io_kiocb *req; /* NULL where not known */
	struct pending_key key;
	int res;
	__u32 flags; /* IORING_CQE_F_* */
};

/* Adds what only the open file tells. Does the event pass the path filter? */
static __always_inline bool open_done(struct rs_scratch *s, __u32 slot, struct rs_file *rec,
				      __u32 state, int res, __u32 *kind)
{
	struct file___mode *mode;
	struct inode *inode;
	struct file *file;

	if (res < 0 || (state & PENDING_SLOT))
		return state & PENDING_PASSED;
	rec->fd = res;
	file = rec->hdr.pid == bpf_get_current_pid_tgid() >> 32 ? rs_fd_file(res) : NULL;
	if (!file || ((rec->flags ^ BPF_CORE_READ(file, f_flags)) & O_KEPT))
		return state & PENDING_PASSED;
	mode = (void *)file;
	inode = BPF_CORE_READ(file, f_inode);
	if (BPF_CORE_READ(mode, f_mode) & FMODE_CREATED)
		*kind = RS_KIND_CREATE;
	rec->ino = BPF_CORE_READ(inode, i_ino);
	rec->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	rec->uid = BPF_CORE_READ(inode, i_uid.val);
	rec->gid = BPF_CORE_READ(inode, i_gid.val);
	if (!rec->mode)
		rec->mode = BPF_CORE_READ(inode, i_mode);
	s->used = sizeof(*rec);
	rs_walk_path(slot, &file->f_path);
	rs_field_walk(s, RS_TAG_PATH);
	return !(rs_config.filters & RS_FILTER_PATH) || rs_walk_wanted(slot);
}

/* After a success the socket itself says what its address and that of its peer are. */
static __always_inline void sock_done(struct rs_scratch *s, struct file *file, __u32 kind, int res)
{
	struct rs_net *rec = (void *)s->record;
	struct sock *sk = file_sock(file), *named = sk;
	__u32 fd = rec->fd, backlog = rec->backlog, direction = rec->direction;

	if (!sk)
		return;
	if (kind == RS_KIND_CONNECT) {
		rs_flow_connected((__u64)sk, res);
		named = rs_unix_peer(sk);
	}
	if (res < 0)
		return;
	if (rec->family == AF_UNIX ? !named : kind == RS_KIND_CONNECT && !rs_sock_has_peer(sk))
		return;
	s->used = sizeof(*rec);
	rs_sock_fill(rec, sk);
	rec->fd = fd;
	rec->backlog = backlog;
	rec->direction = direction;
	if (rec->family == AF_UNIX)
		rs_field_unix(s, named);
}

/* Sends the record that waits, with what the result adds. */
static __always_inline void finish(const struct done *done, struct pending *pending)
{
	struct rs_hdr *hdr = (void *)pending->record;
	struct file *file = (void *)pending->file;
	__u32 kind = hdr->kind, state = pending->state;
	struct io_kiocb *req = done->req;
	struct rs_scratch *s;
	struct rs_held held;
	bool passed = true;

	if (!rs_hold(&held, kind)) {
		bpf_map_delete_elem(&rs_uring, &done->key);
		return;
	}
	s = rs_scratch_of(held.slot, 0);
	if (!s || !take(s, pending, &done->key))
		goto out;
	if (!RS_URING_ANONYMOUS)
		file = BPF_CORE_READ(req, file);
	if (kind == RS_KIND_OPEN)
		passed = open_done(s, held.slot, (void *)s->record, state, done->res, &kind);
	else if (kind > RS_KIND_UMOUNT)
		sock_done(s, file, kind, done->res);
	if (passed && rs_kind_wanted(kind & (RS_KIND_MAX - 1)))
		send(&held, s, kind, done->res, 0);
out:
	rs_release(&held);
}

/* Where the request is not known: is this the result of that request, or of another one of the same name? */
static __always_inline bool executed(const struct done *done, const struct pending *pending)
{
	struct io_kiocb *req = (void *)pending->req;

	return pending->opcode == IORING_OP_CONNECT || done->res == -ECANCELED ||
	       !(BPF_CORE_READ(req, flags) & REQ_F_NEED_CLEANUP);
}

/* An accepted socket, or the one that failed to accept. */
struct accepted {
	struct sock *sk;
	int fd;
	int res;
};

static __always_inline void accept_record(struct rs_held *held, const struct accepted *accepted)
{
	struct rs_scratch *s = rs_scratch_of(held->slot, sizeof(struct rs_net));
	struct rs_net *rec;

	if (!s)
		return;
	rec = (void *)s->record;
	rs_sock_fill(rec, accepted->sk);
	rec->fd = accepted->fd;
	rec->direction = RS_DIR_IN;
	if (rec->family == AF_UNIX)
		rs_field_unix(s, accepted->sk);
	head(&rec->hdr);
	send(held, s, RS_KIND_ACCEPT, accepted->res, 0);
}

/* Fills @accepted, but for its `res`, which is there; `sk` is NULL where nobody came. */
static __always_inline void accept_find(struct accepted *accepted, const struct done *done,
					struct pending *pending)
{
	struct io_kiocb *req = done->req;
	struct io_accept *accept = (void *)req;
	struct file *file = pending ? (void *)pending->file : NULL;
	bool slot = pending && (pending->state & PENDING_SLOT);
	int res = accepted->res;

	if (req) {
		file = BPF_CORE_READ(req, file);
		slot = BPF_CORE_READ(accept, file_slot);
	}
	if (pending && !(done->flags & IORING_CQE_F_MORE)) {
		__sync_fetch_and_add(&pending->count, -1);
		if (!pending->count)
			bpf_map_delete_elem(&rs_uring, &done->key);
	}
	if (res == -EAGAIN || res == -EINTR || res == -ECANCELED)
		return;
	if (res >= 0 && !slot) {
		accepted->fd = res;
		file = rs_fd_file(res);
	}
	accepted->sk = file_sock(file);
}

/* The process is the current one: rings complete accepts in their own threads. */
static __always_inline void accept_done(const struct done *done, struct pending *pending)
{
	struct accepted accepted = { .fd = -1, .res = done->res };
	struct rs_held held;

	accept_find(&accepted, done, pending);
	if (!accepted.sk)
		return;
	if (accepted.fd >= 0)
		rs_flow_open((__u64)accepted.sk, RS_DIR_IN);
	if (!rs_wanted_pathless(RS_KIND_ACCEPT) || !rs_hold(&held, RS_KIND_ACCEPT))
		return;
	accept_record(&held, &accepted);
	rs_release(&held);
}

/*
 * @req is done, or, if it is 0, what @ring calls @name: a function of its own, with the result and
 * the flags in one number. Most requests are none of ours: reads and writes.
 */
__noinline int rs_uring_result(__u64 request, __u64 ring, __u64 name, __u64 result)
{
	struct io_kiocb *req = (void *)request;
	struct done done = { .req = req, .res = result, .flags = result >> 32 };
	struct pending *pending;
	__u32 kind = 0;

	done.key = name_key(ring, name);
	if (req) {
		kind = kind_of(BPF_CORE_READ(req, opcode));
		if (!kind)
			return 0;
		if (kind != RS_KIND_ACCEPT)
			done.key = request_key(req);
	}
	pending = bpf_map_lookup_elem(&rs_uring, &done.key);
	if (!req && pending)
		kind = kind_of(pending->opcode);
	if (kind == RS_KIND_ACCEPT)
		accept_done(&done, pending);
	else if (pending && (!RS_URING_ANONYMOUS || executed(&done, pending)))
		finish(&done, pending);
	return 0;
}

static __always_inline __u64 result_of(int res, __u32 flags)
{
	return (__u32)res | (__u64)flags << 32;
}

SEC("raw_tp/io_uring_complete") int rs_uring_done(struct rs_raw *ctx)
{
	__u64 ring = ctx->args[0], req = ctx->args[1];
	struct io_uring_cqe *cqe;

	if (RS_URING_ANONYMOUS)
		return rs_uring_result(0, ring, req, result_of(ctx->args[2], ctx->args[3]));
	if (bpf_core_type_exists(btf_trace_io_uring_complete___cqe)) {
		cqe = (void *)ctx->args[2];
		return rs_uring_result(
			req, ring, BPF_CORE_READ(cqe, user_data),
			result_of(BPF_CORE_READ(cqe, res), BPF_CORE_READ(cqe, flags)));
	}
	asm volatile("" ::: "memory"); /* keep the offsets constant */
	return rs_uring_result(req, ring, ctx->args[2], result_of(ctx->args[3], ctx->args[4]));
}

/* Looks at one place of the index; 1 when it is the one. */
static long index_look(__u32 round, struct done *done)
{
	__u32 index = index_slot(round);
	__u64 *at = bpf_map_lookup_elem(&rs_uring_index, &index);
	struct pending_key key = {};
	struct pending *pending;

	if (!at)
		return 1;
	key.place = *at;
	if (!key.place)
		return 0;
	pending = bpf_map_lookup_elem(&rs_uring, &key);
	if (!pending || pending->ring != done->key.place || pending->name != done->key.name ||
	    !executed(done, pending))
		return 0;
	done->req = (void *)key.place;
	return 1;
}

/*
 * The ring is full of results: this one is put aside until the process makes room. rs_uring_done is
 * not called for it. (5.10 has no such tracepoint: there it is.)
 */
SEC("raw_tp/io_uring_cqe_overflow") int rs_uring_overflow(struct rs_raw *ctx)
{
	struct done done = { .key = { ctx->args[0], ctx->args[1] }, .res = ctx->args[2] };
	__u64 flags = ctx->args[3];

	if (RS_URING_ANONYMOUS)
		return 0;
	RS_REPEAT(RS_URING_ENTRIES, INDEX_USED, index_look, &done);
	return rs_uring_result((__u64)done.req, done.key.place, done.key.name,
			       result_of(done.res, flags));
}
