/* SPDX-License-Identifier: Apache-2.0 */
/* Special arguments of System V objects, devices, mounts, BPF. */
#include "syscall/special.h"

void rs_special_dev(struct rs_fmt *f, unsigned arg)
{
	rs_fmt_device(f, (uint32_t)f->event->args[arg]);
}

void rs_special_mknod_mode(struct rs_fmt *f, unsigned arg)
{
	rs_fmt_mode(f, (unsigned)f->event->args[arg]);
}

void rs_special_key(struct rs_fmt *f, unsigned arg)
{
	uint32_t v = (uint32_t)f->event->args[arg];

	if (v)
		rs_fmt_hex(f, v);
	else
		rs_fmt_text(f, "IPC_PRIVATE");
}

void rs_special_shmflg(struct rs_fmt *f, unsigned arg)
{
	unsigned v = (unsigned)f->event->args[arg], count = 0;
	uint64_t left = rs_names_put_flags(NAMES_ipc_flags, v & ~0777u, f->out, &count);

	if (left) {
		rs_fmt_text(f, count++ ? "|" : "");
		rs_fmt_hex(f, left);
	}
	rs_fmt_text(f, count ? "|" : "");
	rs_fmt_scalar(f, KIND_MODE, 0, 4, v & 0777);
}

void rs_special_semarg(struct rs_fmt *f, unsigned arg)
{
	if ((unsigned)f->event->args[2] == 16) /* SETVAL */
		rs_fmt_hex(f, (uint32_t)f->event->args[arg]);
	else
		rs_fmt_address(f, f->event->args[arg]);
}

void rs_special_msgbuf(struct rs_fmt *f, unsigned arg)
{
	bool receive = f->event->call->args[arg].capture.when & RS_CAPTURE_EXIT;
	const rs_memory *m = receive ? &f->event->out[arg] : &f->event->in[arg];
	uint64_t total = receive ? (uint64_t)f->event->result : f->event->args[2];
	rs_memory text = rs_mem_sub(m, 8, SIZE_MAX);

	if (!f->event->args[arg] || (receive && !rs_fmt_ok(f)) || m->len < 8) {
		rs_fmt_address(f, f->event->args[arg]);
		return;
	}
	rs_str_appendf(f->out, "{mtype=%lld, mtext=", (long long)rs_mem_get(m, 0, 8));
	rs_fmt_bytes(f, text.data, (size_t)MIN(text.len, total), total);
	rs_fmt_text(f, "}");
}

void rs_special_mount_data(struct rs_fmt *f, unsigned arg)
{
	rs_fmt_string(f, &f->event->in[arg], f->event->args[arg], false);
}

void rs_special_fsconfig_value(struct rs_fmt *f, unsigned arg)
{
	unsigned cmd = (unsigned)f->event->args[1];

	if (cmd == 1 || cmd == 3 || cmd == 4) /* FSCONFIG_SET_STRING, SET_PATH, SET_PATH_EMPTY */
		rs_fmt_string(f, &f->event->in[arg], f->event->args[arg], cmd != 1);
	else
		rs_fmt_address(f, f->event->args[arg]);
}

void rs_special_swap(struct rs_fmt *f, unsigned arg)
{
	unsigned v = (unsigned)f->event->args[arg];

	rs_fmt_text(f, v & 0x10000 ? "SWAP_FLAG_DISCARD|" : "");
	rs_fmt_text(f, v & 0x8000 ? "SWAP_FLAG_PREFER|" : "");
	rs_str_append_u64(f->out, v & 0x7fff);
}

void rs_special_quota_cmd(struct rs_fmt *f, unsigned arg)
{
	uint32_t v = (uint32_t)f->event->args[arg];

	rs_fmt_text(f, "QCMD(");
	rs_fmt_names(f, NAMES_quota_cmd, v >> 8);
	rs_fmt_text(f, ", ");
	rs_fmt_names(f, NAMES_quota_type, v & 0xff);
	rs_fmt_text(f, ")");
}

/* The kernel's messages; other actions return a size and fill in nothing. */
void rs_special_syslog_buf(struct rs_fmt *f, unsigned arg)
{
	const rs_memory *m = &f->event->out[arg];
	unsigned action = (unsigned)f->event->args[0];

	if (action < 2 || action > 4 || !rs_fmt_ok(f) || !m->data)
		rs_fmt_address(f, f->event->args[arg]);
	else
		rs_fmt_bytes(f, m->data, (size_t)MIN(m->len, (uint64_t)f->event->result),
			     (uint64_t)f->event->result);
}

void rs_special_syslog_type(struct rs_fmt *f, unsigned arg)
{
	size_t len;
	const char *name = rs_names_find(NAMES_syslog, (uint32_t)f->event->args[arg], &len);

	rs_str_append_i64(f->out, (int)f->event->args[arg]);
	rs_str_appendf(f->out, " /* %.*s */", name ? (int)len : 18,
		       name ? name : "SYSLOG_ACTION_???");
}

/* --- BPF --- */

#define N(name, off, size, kind)                                                                   \
	{                                                                                          \
#name, off, size, KIND_##kind, 0, 0                                                \
	}
#define LIST(name, off, size, list)                                                                \
	{                                                                                          \
#name, off, size, KIND_NAMES64, NAMES_##list, 0                                    \
	}
#define TEXT(name, off, size)                                                                      \
	{                                                                                          \
#name, off, size, 0, 0, FIELD_TEXT                                                 \
	}

static const struct rs_field map_create[] = {
	LIST(map_type, 0, 4, bpf_map),
	N(key_size, 4, 4, U),
	N(value_size, 8, 4, U),
	N(max_entries, 12, 4, U),
	LIST(map_flags, 16, 4, bpf_map_flags),
	N(inner_map_fd, 20, 4, FD),
	TEXT(map_name, 28, 16),
	N(map_ifindex, 44, 4, U),
	N(btf_fd, 48, 4, FD),
	N(btf_key_type_id, 52, 4, U),
	N(btf_value_type_id, 56, 4, U),
	N(btf_vmlinux_value_type_id, 60, 4, U),
	N(map_extra, 64, 8, XL),
};
static const struct rs_field map_elem[] = {
	N(map_fd, 0, 4, FD),
	N(key, 8, 8, ADDRESS),
	N(value, 16, 8, ADDRESS),
	LIST(flags, 24, 8, bpf_update),
};
static const struct rs_field map_key[] = { N(map_fd, 0, 4, FD), N(key, 8, 8, ADDRESS) };
static const struct rs_field map_next[] = { N(map_fd, 0, 4, FD), N(key, 8, 8, ADDRESS),
					    N(next_key, 16, 8, ADDRESS) };
static const struct rs_field prog_load[] = {
	LIST(prog_type, 0, 4, bpf_prog), N(insn_cnt, 4, 4, U),
	N(insns, 8, 8, ADDRESS),         N(license, 16, 8, ADDRESS),
	N(log_level, 24, 4, U),          N(log_size, 28, 4, U),
	N(log_buf, 32, 8, ADDRESS),      N(kern_version, 40, 4, X),
	N(prog_flags, 44, 4, X),         TEXT(prog_name, 48, 16),
	N(prog_ifindex, 64, 4, U),       LIST(expected_attach_type, 68, 4, bpf_attach),
	N(prog_btf_fd, 72, 4, FD),       N(func_info_rec_size, 76, 4, U),
	N(func_info, 80, 8, ADDRESS),    N(func_info_cnt, 88, 4, U),
	N(line_info_rec_size, 92, 4, U), N(line_info, 96, 8, ADDRESS),
	N(line_info_cnt, 104, 4, U),     N(attach_btf_id, 108, 4, U),
	N(attach_prog_fd, 112, 4, FD),
};
static const struct rs_field obj[] = { N(pathname, 0, 8, ADDRESS), N(bpf_fd, 8, 4, FD),
				       N(file_flags, 12, 4, X) };
static const struct rs_field attach[] = {
	N(target_fd, 0, 4, FD),
	N(attach_bpf_fd, 4, 4, FD),
	LIST(attach_type, 8, 4, bpf_attach),
	N(attach_flags, 12, 4, X),
};
static const struct rs_field next_id[] = { N(start_id, 0, 4, U), N(next_id, 4, 4, U),
					   N(open_flags, 8, 4, X) };
static const struct rs_field info[] = { N(bpf_fd, 0, 4, FD), N(info_len, 4, 4, U),
					N(info, 8, 8, ADDRESS) };
static const struct rs_field raw_tracepoint[] = { N(name, 0, 8, ADDRESS), N(prog_fd, 8, 4, FD) };
static const struct rs_field btf_load[] = {
	N(btf, 0, 8, ADDRESS),     N(btf_log_buf, 8, 8, ADDRESS), N(btf_size, 16, 4, U),
	N(btf_log_size, 20, 4, U), N(btf_log_level, 24, 4, U),
};
static const struct rs_field link_create[] = {
	N(prog_fd, 0, 4, FD),
	N(target_fd, 4, 4, FD),
	LIST(attach_type, 8, 4, bpf_attach),
	N(flags, 12, 4, X),
};
static const struct rs_field one_fd[] = { N(fd, 0, 4, FD) };

#define ROW(cmd, list) [cmd] = { list, ARRAY_SIZE(list) }
static const struct {
	const struct rs_field *fields;
	size_t count;
} bpf_commands[] = {
	ROW(0, map_create),   ROW(1, map_elem),  ROW(2, map_elem), ROW(3, map_key),
	ROW(4, map_next),     ROW(5, prog_load), ROW(6, obj),      ROW(7, obj),
	ROW(8, attach),       ROW(9, attach),    ROW(11, next_id), ROW(12, next_id),
	ROW(13, next_id),     ROW(14, next_id),  ROW(15, info),    ROW(17, raw_tracepoint),
	ROW(18, btf_load),    ROW(19, next_id),  ROW(22, one_fd),  ROW(23, next_id),
	ROW(28, link_create), ROW(30, next_id),  ROW(31, next_id), ROW(34, one_fd),
};

void rs_special_bpf_attr(struct rs_fmt *f, unsigned arg)
{
	const rs_memory *m = &f->event->in[arg];
	uint64_t cmd = (uint32_t)f->event->args[0];

	if (!f->event->args[arg] || !m->data || cmd >= ARRAY_SIZE(bpf_commands) ||
	    !bpf_commands[cmd].fields)
		rs_fmt_address(f, f->event->args[arg]);
	else
		rs_fmt_fields(f, bpf_commands[cmd].fields, bpf_commands[cmd].count, m);
}
