/* SPDX-License-Identifier: Apache-2.0 */
/* What comes in parts: vectors, messages, lists of texts, structs with what they point to. */
#include "syscall/special.h"

/* @data_at: where the contents' parts begin, NULL: not wanted. */
static void put_vectors(struct rs_fmt *f, const rs_memory *array, const rs_memory *m,
			size_t *data_at, uint64_t count, uint64_t address, uint64_t left)
{
	size_t most = f->print->verbose ? SIZE_MAX : f->print->string_max;
	size_t captured = data_at ? array->len / 16 : 0, read = 0;
	rs_memory data;
	bool have;

	if (!address || (count && (!array->data || array->len < 16))) {
		rs_fmt_address(f, address);
		return;
	}
	rs_fmt_text(f, "[");
	for (uint64_t i = 0; i < count; i++) {
		uint64_t base = rs_mem_get(array, i * 16, 8),
			 len = rs_mem_get(array, i * 16 + 8, 8);
		uint64_t filled = MIN(len, left);

		rs_fmt_text(f, i ? ", " : "");
		if (i >= most || !rs_mem_has(array, i * 16, 16)) {
			rs_fmt_text(f, "...");
			break;
		}
		have = data_at && rs_mem_part(m, data_at, &data) && left != RS_VECTORS_BARE;
		read++;
		if (left < RS_VECTORS_BARE)
			left -= filled;
		rs_fmt_text(f, "{iov_base=");
		if (have && base && !filled)
			rs_fmt_text(f, "\"\"");
		else if (have && base && data.data && data.len >= MIN(filled, f->print->string_max))
			rs_fmt_bytes(f, data.data, (size_t)MIN(data.len, filled), filled);
		else
			rs_fmt_address(f, base);
		rs_str_appendf(f->out, ", iov_len=%llu}", (unsigned long long)len);
	}
	rs_fmt_text(f, "]");
	/* what was not shown stands before the next message */
	while (read++ < captured && rs_mem_part(m, data_at, &data))
		;
}

void rs_fmt_vectors(struct rs_fmt *f, const rs_memory *m, uint64_t count, uint64_t address,
		    uint64_t left)
{
	rs_memory array = { 0 };
	size_t offset = 0;

	rs_mem_part(m, &offset, &array);
	put_vectors(f, &array, m, &offset, count, address, left);
}

void rs_fmt_bare_vectors(struct rs_fmt *f, const rs_memory *m, uint64_t count, uint64_t address)
{
	put_vectors(f, m, NULL, NULL, count, address, 0);
}

static void put_rights(struct rs_fmt *f, const rs_memory *m)
{
	rs_fmt_text(f, "[");
	for (uint32_t i = 0; i + 4 <= m->len; i += 4) {
		rs_fmt_text(f, i ? ", " : "");
		rs_fmt_fd(f, (int)rs_mem_get(m, i, 4));
	}
	rs_fmt_text(f, "]");
}

static void put_control_data(struct rs_fmt *f, const rs_memory *m, int level, int type)
{
	if (level == 1 && type == 1 && m->len >= 4)
		put_rights(f, m);
	else if (level == 1 && type == 2 && m->len >= 12)
		rs_str_appendf(f->out, "{pid=%d, uid=%u, gid=%u}", (int)rs_mem_get(m, 0, 4),
			       (unsigned)rs_mem_get(m, 4, 4), (unsigned)rs_mem_get(m, 8, 4));
	else if (m->data)
		rs_fmt_bytes(f, m->data, m->len, m->len);
	else
		rs_fmt_text(f, "\"\"");
}

static void put_control(struct rs_fmt *f, const rs_memory *m)
{
	size_t at = 0;

	rs_fmt_text(f, "[");
	while (rs_mem_has(m, at, 16)) {
		uint64_t len = rs_mem_get(m, at, 8);
		int level = (int)rs_mem_get(m, at + 8, 4), type = (int)rs_mem_get(m, at + 12, 4);
		rs_memory data;

		rs_fmt_text(f, at ? ", " : "");
		rs_str_appendf(f->out, "{cmsg_len=%llu, cmsg_level=", (unsigned long long)len);
		rs_fmt_names(f, NAMES_sol, (uint64_t)(unsigned)level);
		rs_fmt_text(f, ", cmsg_type=");
		rs_fmt_names(f,
			     level == 1   ? NAMES_scm
			     : level == 0 ? NAMES_so_ip
					  : NAMES_none,
			     (uint64_t)(unsigned)type);
		if (len > 16) {
			data = rs_mem_sub(m, at + 16, (size_t)MIN(len - 16, m->len));
			rs_fmt_text(f, ", cmsg_data=");
			put_control_data(f, &data, level, type);
		}
		rs_fmt_text(f, "}");
		if (len < 16 || len > m->len - at)
			break;
		at += (size_t)(len + 7) & ~(size_t)7;
	}
	rs_fmt_text(f, "]");
}

/* One msghdr and its parts. @received: bytes that came. */
static void put_message(struct rs_fmt *f, const rs_memory *m, size_t *offset, const rs_memory *head,
			uint64_t received)
{
	uint64_t name = rs_mem_get(head, 0, 8), count = rs_mem_get(head, 24, 8),
		 size = rs_mem_get(head, 40, 8);
	unsigned name_len = (unsigned)rs_mem_get(head, 8, 4);
	rs_memory part = { 0 }, vectors = { 0 }, control = { 0 };

	rs_mem_part(m, offset, &part);
	rs_fmt_text(f, "{msg_name=");
	rs_fmt_sockaddr(f, &part, name, name_len);
	rs_str_appendf(f->out, ", msg_namelen=%u, msg_iov=", name_len);
	if (rs_mem_part(m, offset, &vectors))
		rs_mem_part(m, offset, &control);
	put_vectors(f, &vectors, m, offset, count, rs_mem_get(head, 16, 8), received);
	rs_str_appendf(f->out, ", msg_iovlen=%llu", (unsigned long long)count);
	if (size && control.len >= 16) {
		rs_fmt_text(f, ", msg_control=");
		put_control(f, &control);
	} else if (size) {
		rs_fmt_text(f, ", msg_control=");
		rs_fmt_address(f, rs_mem_get(head, 32, 8));
	}
	rs_str_appendf(f->out, ", msg_controllen=%llu, msg_flags=", (unsigned long long)size);
	rs_fmt_names(f, NAMES_msg, rs_mem_get(head, 48, 4));
	rs_fmt_text(f, "}");
}

void rs_special_msghdr(struct rs_fmt *f, unsigned arg)
{
	bool receive = f->event->call->args[arg].capture.when & RS_CAPTURE_EXIT;
	const rs_memory *m = receive ? &f->event->out[arg] : &f->event->in[arg];
	rs_memory head = { 0 };
	size_t offset = 0;

	if (!f->event->args[arg] || !rs_mem_part(m, &offset, &head) || head.len < 56)
		rs_fmt_address(f, f->event->args[arg]);
	else if (receive && !rs_fmt_ok(f))
		rs_str_appendf(f->out, "{msg_namelen=%u}", (unsigned)rs_mem_get(&head, 8, 4));
	else
		put_message(f, m, &offset, &head,
			    receive ? (uint64_t)f->event->result : UINT64_MAX);
}

void rs_special_mmsghdr(struct rs_fmt *f, unsigned arg)
{
	bool receive = f->event->call->args[arg].capture.when & RS_CAPTURE_EXIT;
	const rs_memory *m = receive ? &f->event->out[arg] : &f->event->in[arg];
	uint64_t count = receive ? (uint64_t)f->event->result : (uint32_t)f->event->args[2];
	rs_memory head = { 0 };
	size_t offset = 0;

	if (!f->event->args[arg] || (receive && !rs_fmt_ok(f)) || (count && !m->data)) {
		rs_fmt_address(f, f->event->args[arg]);
		return;
	}
	rs_fmt_text(f, "[");
	for (uint64_t i = 0; i < count; i++) {
		uint64_t len;

		rs_fmt_text(f, i ? ", " : "");
		if (!rs_mem_part(m, &offset, &head) || head.len < 64) {
			rs_fmt_text(f, "...");
			break;
		}
		len = rs_mem_get(&head, 56, 4);
		rs_fmt_text(f, "{msg_hdr=");
		put_message(f, m, &offset, &head, receive ? len : UINT64_MAX);
		if (receive)
			rs_str_appendf(f->out, ", msg_len=%u", (unsigned)len);
		rs_fmt_text(f, "}");
	}
	rs_fmt_text(f, "]");
}

/* The count, then the texts. */
static void put_strings(struct rs_fmt *f, const rs_memory *m, uint64_t address)
{
	rs_memory part;
	size_t offset = 0, most = f->print->verbose ? SIZE_MAX : f->print->string_max;
	uint64_t count;

	if (!address || !rs_mem_part(m, &offset, &part) || part.len < 8) {
		rs_fmt_address(f, address);
		return;
	}
	count = rs_mem_get(&part, 0, 8);
	rs_fmt_text(f, "[");
	for (uint64_t i = 0; i < count; i++) {
		rs_fmt_text(f, i ? ", " : "");
		if (i >= most || !rs_mem_part(m, &offset, &part)) {
			rs_fmt_text(f, "...");
			break;
		}
		if (part.data && !part.fault)
			rs_fmt_string(f, &part, 1, false);
		else
			rs_fmt_text(f, "???");
	}
	rs_fmt_text(f, "]");
}

void rs_special_argv(struct rs_fmt *f, unsigned arg)
{
	put_strings(f, &f->event->in[arg], f->event->args[arg]);
}

void rs_special_envp(struct rs_fmt *f, unsigned arg)
{
	const rs_memory *m = &f->event->in[arg];
	size_t offset = 0;
	rs_memory part;
	uint64_t count;

	if (f->print->verbose) {
		put_strings(f, m, f->event->args[arg]);
		return;
	}
	rs_fmt_address(f, f->event->args[arg]);
	if (!f->event->args[arg] || !rs_mem_part(m, &offset, &part) || part.len < 8)
		return;
	count = rs_mem_get(&part, 0, 8);
	rs_str_appendf(f->out, " /* %llu%s var%s */", (unsigned long long)count,
		       part.cut ? "+" : "", count == 1 ? "" : "s");
}

/* A set of signals and its size, behind a pointer of its own. */
void rs_special_sigarg(struct rs_fmt *f, unsigned arg)
{
	const rs_memory *m = &f->event->in[arg];
	rs_memory pair = { 0 }, set = { 0 };
	size_t offset = 0;
	uint64_t address;

	if (!f->event->args[arg] || !rs_mem_part(m, &offset, &pair) || pair.len < 16) {
		rs_fmt_address(f, f->event->args[arg]);
		return;
	}
	address = rs_mem_get(&pair, 0, 8);
	rs_fmt_text(f, "{sigmask=");
	if (address && rs_mem_part(m, &offset, &set) && set.data && set.len >= 8)
		rs_fmt_sigset(f, set.data, 8);
	else
		rs_fmt_address(f, address);
	rs_str_appendf(f->out, ", sigsetsize=%llu}", (unsigned long long)rs_mem_get(&pair, 8, 8));
}

/* struct iocb; buffers are not followed. */
static void put_iocb(struct rs_fmt *f, const rs_memory *m)
{
	unsigned opcode = (unsigned)rs_mem_get(m, 16, 2);
	bool fsync = opcode == 2 || opcode == 3;

	rs_fmt_text(f, "{");
	if (rs_mem_get(m, 0, 8)) {
		rs_fmt_text(f, "aio_data=");
		rs_fmt_hex(f, rs_mem_get(m, 0, 8));
		rs_fmt_text(f, ", ");
	}
	if (rs_mem_get(m, 8, 4))
		rs_str_appendf(f->out, "aio_key=%u, ", (unsigned)rs_mem_get(m, 8, 4));
	if (rs_mem_get(m, 12, 4)) {
		rs_fmt_text(f, "aio_rw_flags=");
		rs_fmt_names(f, NAMES_rwf, rs_mem_get(m, 12, 4));
		rs_fmt_text(f, ", ");
	}
	rs_fmt_text(f, "aio_lio_opcode=");
	rs_fmt_names(f, NAMES_iocb_cmd, opcode);
	if (rs_mem_get(m, 18, 2))
		rs_str_appendf(f->out, ", aio_reqprio=%d", (int16_t)rs_mem_get(m, 18, 2));
	rs_fmt_text(f, ", aio_fildes=");
	rs_fmt_fd(f, (int)rs_mem_get(m, 20, 4));
	if (!fsync) {
		rs_fmt_text(f, ", aio_buf=");
		rs_fmt_address(f, rs_mem_get(m, 24, 8));
		rs_str_appendf(f->out, ", aio_nbytes=%llu, aio_offset=%lld",
			       (unsigned long long)rs_mem_get(m, 32, 8),
			       (long long)rs_mem_get(m, 40, 8));
	}
	if (rs_mem_get(m, 56, 4) & 1) {
		rs_fmt_text(f, ", aio_flags=");
		rs_fmt_names(f, NAMES_iocb_flags, rs_mem_get(m, 56, 4));
		rs_fmt_text(f, ", aio_resfd=");
		rs_fmt_fd(f, (int)rs_mem_get(m, 60, 4));
	}
	rs_fmt_text(f, "}");
}

void rs_special_iocbs(struct rs_fmt *f, unsigned arg)
{
	const rs_memory *m = &f->event->in[arg];
	int64_t count = (int64_t)f->event->args[1];
	size_t offset = 0, most = f->print->verbose ? SIZE_MAX : f->print->string_max;
	rs_memory list = { 0 }, one;

	if (!f->event->args[arg] || !rs_mem_part(m, &offset, &list) ||
	    (count > 0 && list.len < 8)) {
		rs_fmt_address(f, f->event->args[arg]);
		return;
	}
	rs_fmt_text(f, "[");
	for (int64_t i = 0; i < count; i++) {
		rs_fmt_text(f, i ? ", " : "");
		if ((uint64_t)i >= most || !rs_mem_has(&list, (size_t)i * 8, 8)) {
			rs_fmt_text(f, "...");
			break;
		}
		if (rs_mem_part(m, &offset, &one) && one.len >= 64)
			put_iocb(f, &one);
		else
			rs_fmt_address(f, rs_mem_get(&list, (size_t)i * 8, 8));
	}
	rs_fmt_text(f, "]");
}
