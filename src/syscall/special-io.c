/* SPDX-License-Identifier: Apache-2.0 */
/* Special arguments of calls on descriptors: ioctl, fcntl, select, directories. */
#include "syscall/special.h"

/* --- ioctl --- */

enum {
	TCGETS = 0x5401,
	TCSETSF = 0x5404,
	TIOCGPGRP = 0x540f,
	TIOCSPGRP = 0x5410,
	TIOCOUTQ = 0x5411,
	TIOCGWINSZ = 0x5413,
	TIOCSWINSZ = 0x5414,
	FIONREAD = 0x541b,
	FIONBIO = 0x5421,
	TIOCGSID = 0x5429,
	FIOASYNC = 0x5452,
	TIOCGPTPEER = 0x5441,
	SIOCATMARK = 0x8905,
};
#define TIOCGPTN     0x80045430u
#define TIOCSPTLCK   0x40045431u
#define FICLONE      0x40049409u
#define BLKGETSIZE64 0x80081272u
#define IOC_READ     2u

void rs_special_ioctl_cmd(struct rs_fmt *f, unsigned arg)
{
	static const char *const directions[] = { "_IOC_NONE", "_IOC_WRITE", "_IOC_READ",
						  "_IOC_READ|_IOC_WRITE" };
	uint32_t cmd = (uint32_t)f->event->args[arg];
	size_t len;
	const char *name = rs_names_find(NAMES_ioctl, cmd, &len);

	if (name)
		rs_str_append(f->out, name, len);
	else
		rs_str_appendf(f->out, "_IOC(%s, %#x, %#x, %#x)", directions[cmd >> 30],
			       cmd >> 8 & 0xff, cmd & 0xff, cmd >> 16 & 0x3fff);
}

/* What the old numbers, which do not say it, fill in. */
static bool fills_in(uint32_t cmd)
{
	switch (cmd) {
	case TCGETS:
	case TIOCGPGRP:
	case TIOCOUTQ:
	case TIOCGWINSZ:
	case FIONREAD:
	case TIOCGSID:
	case SIOCATMARK:
		return true;
	}
	return cmd >> 30 & IOC_READ;
}

bool rs_special_ioctl_arg_late(const struct rs_call_event *event)
{
	return fills_in((uint32_t)event->args[1]);
}

static void put_baud(struct rs_fmt *f, unsigned cflag)
{
	size_t len;
	const char *name = rs_names_find(NAMES_term_baud, cflag & 0x100f, &len);

	if (name)
		rs_str_append(f->out, name, len);
	else
		rs_fmt_hex(f, cflag & 0x100f);
}

/* Output delays and such: a field of one or two bits, always named. */
static void put_numbered(struct rs_fmt *f, const char *name, unsigned value)
{
	rs_str_appendf(f->out, "%s%u|", name, value);
}

static void put_rest(struct rs_fmt *f, enum rs_names list, unsigned flags)
{
	if (flags)
		rs_fmt_names(f, list, flags);
	else
		rs_str_truncate(f->out, f->out->len - 1); /* the stroke in front of it */
}

static void put_control_flags(struct rs_fmt *f, unsigned flags)
{
	size_t len;
	const char *size = rs_names_find(NAMES_term_size, flags & 0x30, &len);

	put_baud(f, flags);
	rs_fmt_text(f, "|");
	if (flags >> 16 & 0x100f) {
		put_baud(f, flags >> 16);
		rs_fmt_text(f, "<<IBSHIFT|");
	}
	rs_str_append(f->out, size, len);
	rs_fmt_text(f, "|");
	put_rest(f, NAMES_term_cflag, flags & ~(0x100fu | 0x30 | 0x100fu << 16));
}

static bool put_termios(struct rs_fmt *f, const rs_memory *m)
{
	unsigned output = (unsigned)rs_mem_get(m, 4, 4);

	if (!rs_mem_has(m, 0, 36))
		return false;
	rs_fmt_text(f, "{c_iflag=");
	rs_fmt_names(f, NAMES_term_iflag, rs_mem_get(m, 0, 4));
	rs_fmt_text(f, ", c_oflag=");
	put_numbered(f, "NL", output >> 8 & 1);
	put_numbered(f, "CR", output >> 9 & 3);
	put_numbered(f, "TAB", output >> 11 & 3);
	put_numbered(f, "BS", output >> 13 & 1);
	put_numbered(f, "VT", output >> 14 & 1);
	put_numbered(f, "FF", output >> 15 & 1);
	put_rest(f, NAMES_term_oflag, output & ~0xff00u);
	rs_fmt_text(f, ", c_cflag=");
	put_control_flags(f, (unsigned)rs_mem_get(m, 8, 4));
	rs_fmt_text(f, ", c_lflag=");
	rs_fmt_names(f, NAMES_term_lflag, rs_mem_get(m, 12, 4));
	if (f->print->verbose) {
		rs_fmt_text(f, rs_mem_get(m, 16, 1) ? ", c_line=" : ", c_line=N_TTY");
		if (rs_mem_get(m, 16, 1))
			rs_str_append_u64(f->out, rs_mem_get(m, 16, 1));
		rs_fmt_text(f, ", c_cc=");
		rs_fmt_hex_bytes(f, (const char *)m->data + 17, 19, 19);
		rs_fmt_text(f, "}");
	} else {
		rs_fmt_text(f, ", ...}");
	}
	return true;
}

static bool put_winsize(struct rs_fmt *f, const rs_memory *m)
{
	if (!rs_mem_has(m, 0, 8))
		return false;
	rs_str_appendf(f->out, "{ws_row=%u, ws_col=%u, ws_xpixel=%u, ws_ypixel=%u}",
		       (unsigned)rs_mem_get(m, 0, 2), (unsigned)rs_mem_get(m, 2, 2),
		       (unsigned)rs_mem_get(m, 4, 2), (unsigned)rs_mem_get(m, 6, 2));
	return true;
}

static bool put_int_behind(struct rs_fmt *f, const rs_memory *m)
{
	if (!rs_mem_has(m, 0, 4))
		return false;
	rs_str_appendf(f->out, "[%d]", (int)rs_mem_get(m, 0, 4));
	return true;
}

static bool put_ioctl_memory(struct rs_fmt *f, uint32_t cmd, const rs_memory *m)
{
	if (cmd >= TCGETS && cmd <= TCSETSF)
		return put_termios(f, m);
	switch (cmd) {
	case TIOCGWINSZ:
	case TIOCSWINSZ:
		return put_winsize(f, m);
	case TIOCGPGRP:
	case TIOCSPGRP:
	case TIOCOUTQ:
	case FIONREAD:
	case FIONBIO:
	case TIOCGSID:
	case FIOASYNC:
	case SIOCATMARK:
	case TIOCGPTN:
	case TIOCSPTLCK:
		return put_int_behind(f, m);
	case BLKGETSIZE64:
		if (!rs_mem_has(m, 0, 8))
			return false;
		rs_str_appendf(f->out, "[%llu]", (unsigned long long)rs_mem_get(m, 0, 8));
		return true;
	}
	return false;
}

void rs_special_ioctl_arg(struct rs_fmt *f, unsigned arg)
{
	uint32_t cmd = (uint32_t)f->event->args[1];
	uint64_t v = f->event->args[arg];
	bool after = fills_in(cmd);

	if (cmd == FICLONE) {
		rs_fmt_fd(f, (int)v);
		return;
	}
	if (cmd == TIOCGPTPEER) {
		rs_fmt_names(f, NAMES_open, (uint32_t)v);
		return;
	}
	if (cmd == 0x540e ||
	    (cmd >= 0x5409 && cmd <= 0x540b)) { /* TIOCSCTTY, TCSBRK, TCXONC, TCFLSH */
		rs_str_append_i64(f->out, (int)v);
		return;
	}
	if (v && (!after || rs_fmt_ok(f)) &&
	    put_ioctl_memory(f, cmd, after ? &f->event->out[arg] : &f->event->in[arg]))
		return;
	rs_fmt_hex(f, v);
}

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
