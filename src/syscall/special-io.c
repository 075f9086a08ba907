/* SPDX-License-Identifier: Apache-2.0 */
/* Special arguments of calls on descriptors: fcntl, select, directories. Those of ioctl are in special-ioctl.c. */
#include "syscall/special.h"

/* --- fcntl --- */

enum {
	F_DUPFD = 0,
	F_SETFD = 2,
	F_SETFL = 4,
	F_GETLK = 5,
	F_SETLK = 6,
	F_SETLKW = 7,
	F_SETOWN = 8,
	F_SETSIG = 10,
	F_SETOWN_EX = 15,
	F_GETOWN_EX = 16,
	F_OFD_GETLK = 36,
	F_OFD_SETLKW = 38,
	F_SETLEASE = 1024,
	F_NOTIFY = 1026,
	F_DUPFD_CLOEXEC = 1030,
	F_SETPIPE_SZ = 1031,
	F_ADD_SEALS = 1033,
	F_GET_RW_HINT = 1035,
	F_SET_FILE_RW_HINT = 1038,
};

bool rs_special_fcntl_arg_late(const struct rs_call_event *event)
{
	unsigned cmd = (unsigned)event->args[1];

	return cmd == F_GETLK || cmd == F_OFD_GETLK || cmd == F_GETOWN_EX || cmd == F_GET_RW_HINT ||
	       cmd == F_GET_RW_HINT + 2;
}

static bool put_lock(struct rs_fmt *f, const rs_memory *m, bool with_pid)
{
	if (!rs_mem_has(m, 0, 28))
		return false;
	rs_fmt_text(f, "{l_type=");
	rs_fmt_names(f, NAMES_lock_type, rs_mem_get(m, 0, 2));
	rs_fmt_text(f, ", l_whence=");
	rs_fmt_names(f, NAMES_seek, rs_mem_get(m, 2, 2));
	rs_str_appendf(f->out, ", l_start=%lld, l_len=%lld", (long long)rs_mem_get(m, 8, 8),
		       (long long)rs_mem_get(m, 16, 8));
	if (with_pid)
		rs_str_appendf(f->out, ", l_pid=%d", (int)rs_mem_get(m, 24, 4));
	rs_fmt_text(f, "}");
	return true;
}

static bool put_fcntl_memory(struct rs_fmt *f, unsigned cmd, const rs_memory *m)
{
	if ((cmd >= F_GETLK && cmd <= F_SETLKW) || (cmd >= F_OFD_GETLK && cmd <= F_OFD_SETLKW))
		return put_lock(f, m, cmd == F_GETLK || cmd == F_OFD_GETLK);
	if (cmd == F_SETOWN_EX || cmd == F_GETOWN_EX) {
		if (!rs_mem_has(m, 0, 8))
			return false;
		rs_fmt_text(f, "{type=");
		rs_fmt_names(f, NAMES_owner_type, rs_mem_get(m, 0, 4));
		rs_str_appendf(f->out, ", pid=%d}", (int)rs_mem_get(m, 4, 4));
		return true;
	}
	if (!rs_mem_has(m, 0, 8))
		return false;
	rs_fmt_text(f, "[");
	rs_fmt_names(f, NAMES_write_hint, rs_mem_get(m, 0, 8));
	rs_fmt_text(f, "]");
	return true;
}

void rs_special_fcntl_arg(struct rs_fmt *f, unsigned arg)
{
	unsigned cmd = (unsigned)f->event->args[1];
	uint64_t v = f->event->args[arg];
	bool late = rs_special_fcntl_arg_late(f->event);

	switch (cmd) {
	case F_SETFD:
		rs_fmt_names(f, NAMES_fd_flags, v);
		return;
	case F_SETFL:
		rs_fmt_names(f, NAMES_open, (uint32_t)v);
		return;
	case F_ADD_SEALS:
		rs_fmt_names(f, NAMES_seals, (uint32_t)v);
		return;
	case F_NOTIFY:
		rs_fmt_names(f, NAMES_notify, (uint32_t)v);
		return;
	case F_SETLEASE:
		rs_fmt_names(f, NAMES_lock_type, (uint32_t)v);
		return;
	case F_SETSIG:
		rs_fmt_signal(f, (int)v);
		return;
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
	case F_SETOWN:
	case F_SETPIPE_SZ:
		rs_str_append_i64(f->out, (int)v);
		return;
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_SETOWN_EX:
	case F_GETOWN_EX:
	case F_OFD_GETLK ... F_OFD_SETLKW:
	case F_GET_RW_HINT ... F_SET_FILE_RW_HINT:
		if (v && (!late || rs_fmt_ok(f)) &&
		    put_fcntl_memory(f, cmd, late ? &f->event->out[arg] : &f->event->in[arg]))
			return;
		rs_fmt_address(f, v);
		return;
	}
	rs_fmt_hex(f, v);
}

/* --- select --- */

unsigned rs_fmt_fd_set(struct rs_fmt *f, const rs_memory *m, unsigned count, unsigned most)
{
	unsigned shown = 0;

	rs_fmt_text(f, "[");
	for (unsigned i = 0; i < count && i / 8 < m->len && shown < most; i++) {
		if (!(((const unsigned char *)m->data)[i / 8] >> (i % 8) & 1))
			continue;
		rs_fmt_text(f, shown++ ? " " : "");
		rs_fmt_fd(f, (int)i);
	}
	rs_fmt_text(f, "]");
	return shown;
}

void rs_special_fdset(struct rs_fmt *f, unsigned arg)
{
	const rs_memory *m = &f->event->in[arg];
	int count = (int)f->event->args[0];

	if (!f->event->args[arg] || !m->data || count < 0)
		rs_fmt_address(f, f->event->args[arg]);
	else
		rs_fmt_fd_set(f, m, MIN((unsigned)count, 1024u), UINT32_MAX);
}

/* --- directories --- */

struct entry {
	size_t size, name;
	uint64_t ino, off;
	unsigned type;
};

static bool next_entry(const rs_memory *m, size_t at, bool wide, struct entry *ret)
{
	size_t head = wide ? 19 : 18;

	if (!rs_mem_has(m, at, head))
		return false;
	*ret = (struct entry){
		.size = (size_t)rs_mem_get(m, at + 16, 2),
		.name = at + head,
		.ino = rs_mem_get(m, at, 8),
		.off = rs_mem_get(m, at + 8, 8),
		.type = wide ? (unsigned)rs_mem_get(m, at + 18, 1) : 0,
	};
	if (ret->size < head || !rs_mem_has(m, at, ret->size))
		return false;
	if (!wide)
		ret->type = (unsigned)rs_mem_get(m, at + ret->size - 1, 1);
	return true;
}

static void put_entry(struct rs_fmt *f, const rs_memory *m, const struct entry *e, size_t at,
		      bool wide)
{
	rs_memory name = rs_mem_sub(m, e->name, at + e->size - e->name);

	rs_str_appendf(f->out, "{d_ino=%llu, d_off=%lld, d_reclen=%zu", (unsigned long long)e->ino,
		       (long long)e->off, e->size);
	if (wide) {
		rs_fmt_text(f, ", d_type=");
		rs_fmt_names(f, NAMES_dirent_type, e->type);
	}
	rs_fmt_text(f, ", d_name=");
	rs_fmt_string(f, &(rs_memory){ .data = name.data, .len = name.len }, 1, true);
	if (!wide) {
		rs_fmt_text(f, ", d_type=");
		rs_fmt_names(f, NAMES_dirent_type, e->type);
	}
	rs_fmt_text(f, "}");
}

static void put_entries(struct rs_fmt *f, unsigned arg, bool wide)
{
	const rs_memory *m = &f->event->out[arg];
	bool list = f->print->verbose;
	struct entry e;
	size_t at = 0;
	unsigned count = 0;

	if (!rs_fmt_ok(f) || (f->event->result && !m->data)) {
		rs_fmt_address(f, f->event->args[arg]);
		return;
	}
	rs_fmt_text(f, list ? "[" : "");
	for (; next_entry(m, at, wide, &e); at += e.size, count++) {
		if (!list)
			continue;
		rs_fmt_text(f, count ? ", " : "");
		put_entry(f, m, &e, at, wide);
	}
	if (list) {
		if (at < (uint64_t)f->event->result)
			rs_fmt_text(f, count ? ", ..." : "...");
		rs_fmt_text(f, "]");
		return;
	}
	rs_fmt_address(f, f->event->args[arg]);
	rs_str_appendf(f->out, " /* %u%s entr%s */", count,
		       at < (uint64_t)f->event->result ? "+" : "", count == 1 ? "y" : "ies");
}

void rs_special_dirent(struct rs_fmt *f, unsigned arg)
{
	put_entries(f, arg, false);
}

void rs_special_dirent64(struct rs_fmt *f, unsigned arg)
{
	put_entries(f, arg, true);
}
