/* SPDX-License-Identifier: Apache-2.0 */
/* ioctl: what its third argument is, a row for each request; names of requests are in names-file.inc. */
#include "syscall/special.h"

/* --- terminals --- */

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

static bool put_termios(struct rs_fmt *f, _unused_ uint32_t cmd, const rs_memory *m)
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

static bool put_winsize(struct rs_fmt *f, _unused_ uint32_t cmd, const rs_memory *m)
{
	if (!rs_mem_has(m, 0, 8))
		return false;
	rs_str_appendf(f->out, "{ws_row=%u, ws_col=%u, ws_xpixel=%u, ws_ypixel=%u}",
		       (unsigned)rs_mem_get(m, 0, 2), (unsigned)rs_mem_get(m, 2, 2),
		       (unsigned)rs_mem_get(m, 4, 2), (unsigned)rs_mem_get(m, 6, 2));
	return true;
}

/* --- numbers --- */

static bool put_int(struct rs_fmt *f, _unused_ uint32_t cmd, const rs_memory *m)
{
	if (!rs_mem_has(m, 0, 4))
		return false;
	rs_str_appendf(f->out, "[%d]", (int)rs_mem_get(m, 0, 4));
	return true;
}

static bool put_uint(struct rs_fmt *f, _unused_ uint32_t cmd, const rs_memory *m)
{
	if (!rs_mem_has(m, 0, 4))
		return false;
	rs_str_appendf(f->out, "[%u]", (unsigned)rs_mem_get(m, 0, 4));
	return true;
}

static bool put_ushort(struct rs_fmt *f, _unused_ uint32_t cmd, const rs_memory *m)
{
	if (!rs_mem_has(m, 0, 2))
		return false;
	rs_str_appendf(f->out, "[%u]", (unsigned)rs_mem_get(m, 0, 2));
	return true;
}

static bool put_ulong(struct rs_fmt *f, _unused_ uint32_t cmd, const rs_memory *m)
{
	if (!rs_mem_has(m, 0, 8))
		return false;
	rs_str_appendf(f->out, "[%llu]", (unsigned long long)rs_mem_get(m, 0, 8));
	return true;
}

/* Where something begins, and how long it is. */
static bool put_range(struct rs_fmt *f, _unused_ uint32_t cmd, const rs_memory *m)
{
	if (!rs_mem_has(m, 0, 16))
		return false;
	rs_str_appendf(f->out, "[%llu, %llu]", (unsigned long long)rs_mem_get(m, 0, 8),
		       (unsigned long long)rs_mem_get(m, 8, 8));
	return true;
}

/* A byte, as a character. */
static bool put_char(struct rs_fmt *f, _unused_ uint32_t cmd, const rs_memory *m)
{
	if (!rs_mem_has(m, 0, 1))
		return false;
	rs_fmt_text(f, "[");
	rs_fmt_bytes(f, m->data, 1, 1);
	rs_fmt_text(f, "]");
	return true;
}

static bool put_named(struct rs_fmt *f, const rs_memory *m, enum rs_names list)
{
	if (!rs_mem_has(m, 0, 4))
		return false;
	rs_fmt_text(f, "[");
	rs_fmt_names(f, list, rs_mem_get(m, 0, 4));
	rs_fmt_text(f, "]");
	return true;
}

static bool put_modem(struct rs_fmt *f, _unused_ uint32_t cmd, const rs_memory *m)
{
	return put_named(f, m, NAMES_modem);
}

static bool put_inode_flags(struct rs_fmt *f, _unused_ uint32_t cmd, const rs_memory *m)
{
	return put_named(f, m, NAMES_inode_flags);
}

static bool put_timeval(struct rs_fmt *f, _unused_ uint32_t cmd, const rs_memory *m)
{
	return rs_fmt_type(f, TYPE_timeval, m);
}

static bool put_timespec(struct rs_fmt *f, _unused_ uint32_t cmd, const rs_memory *m)
{
	return rs_fmt_type(f, TYPE_timespec, m);
}

/* --- files --- */

static bool put_clone_range(struct rs_fmt *f, _unused_ uint32_t cmd, const rs_memory *m)
{
	if (!rs_mem_has(m, 0, 32))
		return false;
	rs_fmt_text(f, "{src_fd=");
	rs_fmt_fd(f, (int)rs_mem_get(m, 0, 8));
	rs_str_appendf(f->out, ", src_offset=%llu, src_length=%llu, dest_offset=%llu}",
		       (unsigned long long)rs_mem_get(m, 8, 8),
		       (unsigned long long)rs_mem_get(m, 16, 8),
		       (unsigned long long)rs_mem_get(m, 24, 8));
	return true;
}

static bool put_trim(struct rs_fmt *f, _unused_ uint32_t cmd, const rs_memory *m)
{
	if (!rs_mem_has(m, 0, 24))
		return false;
	rs_fmt_text(f, "{start=");
	rs_fmt_hex(f, rs_mem_get(m, 0, 8));
	rs_fmt_text(f, ", len=");
	rs_fmt_hex(f, rs_mem_get(m, 8, 8));
	rs_fmt_text(f, ", minlen=");
	rs_fmt_hex(f, rs_mem_get(m, 16, 8));
	rs_fmt_text(f, "}");
	return true;
}

static bool put_xattr(struct rs_fmt *f, _unused_ uint32_t cmd, const rs_memory *m)
{
	if (!rs_mem_has(m, 0, 20))
		return false;
	rs_fmt_text(f, "{fsx_xflags=");
	rs_fmt_names(f, NAMES_fs_xflags, rs_mem_get(m, 0, 4));
	rs_str_appendf(f->out,
		       ", fsx_extsize=%u, fsx_nextents=%u, fsx_projid=%u, fsx_cowextsize=%u}",
		       (unsigned)rs_mem_get(m, 4, 4), (unsigned)rs_mem_get(m, 8, 4),
		       (unsigned)rs_mem_get(m, 12, 4), (unsigned)rs_mem_get(m, 16, 4));
	return true;
}

/* --- network interfaces: struct ifreq --- */

#define NAME_SIZE 16

static void put_name(struct rs_fmt *f, const char *label, const rs_memory *m, size_t offset)
{
	rs_memory name = rs_mem_sub(m, offset, NAME_SIZE);

	rs_fmt_text(f, label);
	name.cut = false;
	rs_fmt_string(f, &name, 1, true);
}

static void put_if_address(struct rs_fmt *f, const char *label, const rs_memory *m)
{
	rs_memory address = rs_mem_sub(m, NAME_SIZE, 16);

	rs_fmt_text(f, label);
	rs_fmt_sockaddr(f, &address, 1, 16);
}

static void put_hardware(struct rs_fmt *f, const rs_memory *m)
{
	rs_fmt_text(f, ", ifr_hwaddr={sa_family=");
	rs_fmt_names(f, NAMES_arphrd, rs_mem_get(m, NAME_SIZE, 2));
	rs_fmt_text(f, ", sa_data=");
	for (unsigned i = 0; i < 6; i++)
		rs_str_appendf(f->out, i ? ":%02x" : "%02x",
			       (unsigned)rs_mem_get(m, NAME_SIZE + 2 + i, 1));
	rs_fmt_text(f, "}");
}

enum {
	SIOCGIFNAME = 0x8910,
	SIOCGIFFLAGS = 0x8913,
	SIOCSIFFLAGS,
	SIOCGIFADDR,
	SIOCSIFADDR,
	SIOCGIFDSTADDR,
	SIOCSIFDSTADDR,
	SIOCGIFBRDADDR,
	SIOCSIFBRDADDR,
	SIOCGIFNETMASK,
	SIOCSIFNETMASK,
	SIOCGIFMETRIC,
	SIOCSIFMETRIC,
	SIOCGIFMTU = 0x8921,
	SIOCSIFMTU,
	SIOCSIFNAME,
	SIOCSIFHWADDR,
	SIOCGIFHWADDR = 0x8927,
	SIOCGIFSLAVE = 0x8929,
	SIOCSIFSLAVE = 0x8930,
	SIOCGIFINDEX = 0x8933,
	SIOCGIFTXQLEN = 0x8942,
	SIOCSIFTXQLEN,
};

static void put_if_value(struct rs_fmt *f, uint32_t cmd, const rs_memory *m)
{
	static const char *const addresses[] = { ", ifr_addr=", ", ifr_dstaddr=",
						 ", ifr_broadaddr=", ", ifr_netmask=" };
	int number = (int)rs_mem_get(m, NAME_SIZE, 4);

	switch (cmd) {
	case SIOCGIFFLAGS:
	case SIOCSIFFLAGS:
		rs_fmt_text(f, ", ifr_flags=");
		rs_fmt_names(f, NAMES_if_flags, rs_mem_get(m, NAME_SIZE, 2));
		break;
	case SIOCGIFADDR ... SIOCSIFNETMASK:
		put_if_address(f, addresses[(cmd - SIOCGIFADDR) / 2], m);
		break;
	case SIOCGIFMETRIC:
	case SIOCSIFMETRIC:
		rs_str_appendf(f->out, ", ifr_metric=%d", number);
		break;
	case SIOCGIFMTU:
	case SIOCSIFMTU:
		rs_str_appendf(f->out, ", ifr_mtu=%d", number);
		break;
	case SIOCSIFNAME:
		put_name(f, ", ifr_newname=", m, NAME_SIZE);
		break;
	case SIOCGIFSLAVE:
	case SIOCSIFSLAVE:
		put_name(f, ", ifr_slave=", m, NAME_SIZE);
		break;
	case SIOCGIFHWADDR:
	case SIOCSIFHWADDR:
		put_hardware(f, m);
		break;
	case SIOCGIFINDEX:
		rs_str_appendf(f->out, ", ifr_ifindex=%d", number);
		break;
	case SIOCGIFTXQLEN:
	case SIOCSIFTXQLEN:
		rs_str_appendf(f->out, ", ifr_qlen=%d", number);
		break;
	}
}

static bool put_ifreq(struct rs_fmt *f, uint32_t cmd, const rs_memory *m)
{
	if (!rs_mem_has(m, 0, 32))
		return false;
	if (cmd == SIOCGIFNAME) {
		rs_str_appendf(f->out, "{ifr_ifindex=%d", (int)rs_mem_get(m, NAME_SIZE, 4));
		put_name(f, ", ifr_name=", m, 0);
	} else {
		put_name(f, "{ifr_name=", m, 0);
		put_if_value(f, cmd, m);
	}
	rs_fmt_text(f, "}");
	return true;
}

/* What the call would have filled in, had it not failed: only who was asked for. */
static bool put_ifreq_asked(struct rs_fmt *f, uint32_t cmd, const rs_memory *m)
{
	if (!rs_mem_has(m, 0, 32))
		return false;
	if (cmd == SIOCGIFNAME)
		rs_str_appendf(f->out, "{ifr_ifindex=%d", (int)rs_mem_get(m, NAME_SIZE, 4));
	else
		put_name(f, "{ifr_name=", m, 0);
	rs_fmt_text(f, "}");
	return true;
}

/* --- the table --- */

enum when {
	VALUE, /* no address: a number */
	FLAGS, /* and one that is written in hexadecimal */
	FD,
	OPEN, /* flags of open(2) */
	IN,   /* memory, before the call */
	OUT,  /* and after it */
};

struct request {
	uint32_t first, last;
	enum when when;
	bool (*put)(struct rs_fmt *f, uint32_t cmd, const rs_memory *m);
	/* of memory as it was before, where what it was to become is not known; NULL: the address */
	bool (*asked)(struct rs_fmt *f, uint32_t cmd, const rs_memory *m);
};

/* clang-format off */
#define ONE(cmd, when, ...) { cmd, cmd, when, ##__VA_ARGS__ }
static const struct request requests[] = {
	ONE(0x5401, OUT, put_termios, NULL),		/* TCGETS */
	{ 0x5402, 0x5404, IN, put_termios, NULL },	/* TCSETS, TCSETSW, TCSETSF */
	{ 0x5409, 0x540b, VALUE, NULL, NULL },		/* TCSBRK, TCXONC, TCFLSH */
	ONE(0x540e, VALUE, NULL, NULL),			/* TIOCSCTTY */
	ONE(0x540f, OUT, put_int, NULL),		/* TIOCGPGRP */
	ONE(0x5410, IN, put_int, NULL),			/* TIOCSPGRP */
	ONE(0x5411, OUT, put_int, NULL),		/* TIOCOUTQ */
	ONE(0x5412, IN, put_char, NULL),		/* TIOCSTI */
	ONE(0x5413, OUT, put_winsize, NULL),		/* TIOCGWINSZ */
	ONE(0x5414, IN, put_winsize, NULL),		/* TIOCSWINSZ */
	ONE(0x5415, OUT, put_modem, NULL),		/* TIOCMGET */
	{ 0x5416, 0x5418, IN, put_modem, NULL },	/* TIOCMBIS, TIOCMBIC, TIOCMSET */
	ONE(0x5419, OUT, put_int, NULL),		/* TIOCGSOFTCAR */
	ONE(0x541a, IN, put_int, NULL),			/* TIOCSSOFTCAR */
	ONE(0x541b, OUT, put_int, NULL),		/* FIONREAD */
	{ 0x5420, 0x5421, IN, put_int, NULL },		/* TIOCPKT, FIONBIO */
	ONE(0x5423, IN, put_int, NULL),			/* TIOCSETD */
	ONE(0x5424, OUT, put_int, NULL),		/* TIOCGETD */
	ONE(0x5425, VALUE, NULL, NULL),			/* TCSBRKP */
	ONE(0x5429, OUT, put_int, NULL),		/* TIOCGSID */
	ONE(0x80045430, OUT, put_int, NULL),		/* TIOCGPTN */
	ONE(0x40045431, IN, put_int, NULL),		/* TIOCSPTLCK */
	{ 0x80045438, 0x80045440, OUT, put_int, NULL },	/* TIOCGPKT, TIOCGPTLCK, TIOCGEXCL */
	ONE(0x5441, OPEN, NULL, NULL),			/* TIOCGPTPEER */
	ONE(0x5452, IN, put_int, NULL),			/* FIOASYNC */
	ONE(0x5460, OUT, put_ulong, NULL),		/* FIOQSIZE */
	{ 0x8901, 0x8902, IN, put_int, NULL },		/* FIOSETOWN, SIOCSPGRP */
	{ 0x8903, 0x8905, OUT, put_int, NULL },		/* FIOGETOWN, SIOCGPGRP, SIOCATMARK */
	ONE(0x8906, OUT, put_timeval, NULL),		/* SIOCGSTAMP */
	ONE(0x8907, OUT, put_timespec, NULL),		/* SIOCGSTAMPNS */
	ONE(SIOCGIFNAME, OUT, put_ifreq, put_ifreq_asked),
	ONE(SIOCGIFFLAGS, OUT, put_ifreq, put_ifreq_asked),
	ONE(SIOCSIFFLAGS, IN, put_ifreq, NULL),
	ONE(SIOCGIFADDR, OUT, put_ifreq, put_ifreq_asked),
	ONE(SIOCSIFADDR, IN, put_ifreq, NULL),
	ONE(SIOCGIFDSTADDR, OUT, put_ifreq, put_ifreq_asked),
	ONE(SIOCSIFDSTADDR, IN, put_ifreq, NULL),
	ONE(SIOCGIFBRDADDR, OUT, put_ifreq, put_ifreq_asked),
	ONE(SIOCSIFBRDADDR, IN, put_ifreq, NULL),
	ONE(SIOCGIFNETMASK, OUT, put_ifreq, put_ifreq_asked),
	ONE(SIOCSIFNETMASK, IN, put_ifreq, NULL),
	ONE(SIOCGIFMETRIC, OUT, put_ifreq, put_ifreq_asked),
	ONE(SIOCSIFMETRIC, IN, put_ifreq, NULL),
	ONE(SIOCGIFMTU, OUT, put_ifreq, put_ifreq_asked),
	{ SIOCSIFMTU, SIOCSIFHWADDR, IN, put_ifreq, NULL },
	ONE(SIOCGIFHWADDR, OUT, put_ifreq, put_ifreq_asked),
	ONE(SIOCGIFSLAVE, OUT, put_ifreq, put_ifreq_asked),
	ONE(SIOCSIFSLAVE, IN, put_ifreq, NULL),
	ONE(SIOCGIFINDEX, OUT, put_ifreq, put_ifreq_asked),
	ONE(SIOCGIFTXQLEN, OUT, put_ifreq, put_ifreq_asked),
	ONE(SIOCSIFTXQLEN, IN, put_ifreq, NULL),
	ONE(0x125d, IN, put_int, NULL),			/* BLKROSET */
	ONE(0x125e, OUT, put_int, NULL),		/* BLKROGET */
	ONE(0x1260, OUT, put_ulong, NULL),		/* BLKGETSIZE */
	ONE(0x1262, VALUE, NULL, NULL),			/* BLKRASET */
	ONE(0x1263, OUT, put_ulong, NULL),		/* BLKRAGET */
	ONE(0x1264, VALUE, NULL, NULL),			/* BLKFRASET */
	ONE(0x1265, OUT, put_ulong, NULL),		/* BLKFRAGET */
	ONE(0x1267, OUT, put_ushort, NULL),		/* BLKSECTGET */
	ONE(0x1268, OUT, put_int, NULL),		/* BLKSSZGET */
	ONE(0x80081270, OUT, put_int, NULL),		/* BLKBSZGET */
	ONE(0x40081271, IN, put_int, NULL),		/* BLKBSZSET */
	ONE(0x80081272, OUT, put_ulong, NULL),		/* BLKGETSIZE64 */
	ONE(0x1277, IN, put_range, NULL),		/* BLKDISCARD */
	{ 0x1278, 0x1279, OUT, put_uint, NULL },	/* BLKIOMIN, BLKIOOPT */
	ONE(0x127a, OUT, put_int, NULL),		/* BLKALIGNOFF */
	{ 0x127b, 0x127c, OUT, put_uint, NULL },	/* BLKPBSZGET, BLKDISCARDZEROES */
	ONE(0x127d, IN, put_range, NULL),		/* BLKSECDISCARD */
	ONE(0x127e, OUT, put_ushort, NULL),		/* BLKROTATIONAL */
	ONE(0x127f, IN, put_range, NULL),		/* BLKZEROOUT */
	ONE(0x80086601, OUT, put_inode_flags, NULL),	/* FS_IOC_GETFLAGS */
	ONE(0x40086602, IN, put_inode_flags, NULL),	/* FS_IOC_SETFLAGS */
	ONE(0x80087601, OUT, put_int, NULL),		/* FS_IOC_GETVERSION */
	ONE(0x40087602, IN, put_int, NULL),		/* FS_IOC_SETVERSION */
	ONE(0x801c581f, OUT, put_xattr, NULL),		/* FS_IOC_FSGETXATTR */
	ONE(0x401c5820, IN, put_xattr, NULL),		/* FS_IOC_FSSETXATTR */
	ONE(0x40049409, FD, NULL, NULL),		/* FICLONE */
	ONE(0x4020940d, IN, put_clone_range, NULL),	/* FICLONERANGE */
	ONE(0xc0185879, OUT, put_trim, put_trim),	/* FITRIM */
	{ 0x1, 0x2, OUT, put_int, NULL },		/* FIBMAP, FIGETBSZ */
	ONE(0xb704, OUT, put_uint, NULL),		/* NS_GET_OWNER_UID */
	{ 0x2400, 0x2401, FLAGS, NULL, NULL },		/* PERF_EVENT_IOC_ENABLE, DISABLE */
	ONE(0x2402, VALUE, NULL, NULL),			/* PERF_EVENT_IOC_REFRESH */
	ONE(0x2403, FLAGS, NULL, NULL),			/* PERF_EVENT_IOC_RESET */
	ONE(0x40082404, IN, put_ulong, NULL),		/* PERF_EVENT_IOC_PERIOD */
	ONE(0x2405, FD, NULL, NULL),			/* PERF_EVENT_IOC_SET_OUTPUT */
	ONE(0x80082407, OUT, put_ulong, NULL),		/* PERF_EVENT_IOC_ID */
	ONE(0x40042408, FD, NULL, NULL),		/* PERF_EVENT_IOC_SET_BPF */
	ONE(0x40042409, VALUE, NULL, NULL),		/* PERF_EVENT_IOC_PAUSE_OUTPUT */
	ONE(0x4c00, FD, NULL, NULL),			/* LOOP_SET_FD */
	ONE(0x4c06, FD, NULL, NULL),			/* LOOP_CHANGE_FD */
	{ 0x4c08, 0x4c09, VALUE, NULL, NULL },		/* LOOP_SET_DIRECT_IO, LOOP_SET_BLOCK_SIZE */
	{ 0x4c80, 0x4c81, VALUE, NULL, NULL },		/* LOOP_CTL_ADD, LOOP_CTL_REMOVE */
	ONE(0x80045200, OUT, put_int, NULL),		/* RNDGETENTCNT */
	ONE(0x40045201, IN, put_int, NULL),		/* RNDADDTOENTCNT */
};
/* clang-format on */

static const struct request *find_request(uint32_t cmd)
{
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
		if (cmd >= requests[i].first && cmd <= requests[i].last)
			return &requests[i];
	return NULL;
}

/* --- the two arguments --- */

#define IOC_READ 2u

void rs_special_ioctl_cmd(struct rs_fmt *f, unsigned arg)
{
	static const char *const directions[] = { "_IOC_NONE", "_IOC_WRITE", "_IOC_READ",
						  "_IOC_READ|_IOC_WRITE" };
	uint32_t cmd = (uint32_t)f->event->args[arg];
	size_t len, from = f->out->len;
	const char *name = rs_names_find(NAMES_ioctl, cmd, &len);

	if (name)
		rs_str_append(f->out, name, len);
	else
		rs_str_appendf(f->out, "_IOC(%s, %#x, %#x, %#x)", directions[cmd >> 30],
			       cmd >> 8 & 0xff, cmd & 0xff, cmd >> 16 & 0x3fff);
	rs_fmt_named(f, from, cmd);
}

bool rs_special_ioctl_arg_late(const struct rs_call_event *event)
{
	uint32_t cmd = (uint32_t)event->args[1];
	const struct request *request = find_request(cmd);

	return request ? request->when == OUT : cmd >> 30 & IOC_READ;
}

static bool put_memory(struct rs_fmt *f, const struct request *request, unsigned arg)
{
	uint32_t cmd = (uint32_t)f->event->args[1];

	if (request->when == IN)
		return request->put(f, cmd, &f->event->in[arg]);
	if (rs_fmt_ok(f))
		return request->put(f, cmd, &f->event->out[arg]);
	return request->asked && request->asked(f, cmd, &f->event->in[arg]);
}

void rs_special_ioctl_arg(struct rs_fmt *f, unsigned arg)
{
	const struct request *request = find_request((uint32_t)f->event->args[1]);
	uint64_t v = f->event->args[arg];

	switch (request ? request->when : FLAGS) {
	case VALUE:
		rs_str_append_i64(f->out, (int)v);
		return;
	case FD:
		rs_fmt_fd(f, (int)v);
		return;
	case OPEN:
		rs_fmt_names(f, NAMES_open, (uint32_t)v);
		return;
	case FLAGS:
		rs_fmt_hex(f, v);
		return;
	case IN:
	case OUT:
		if (f->print->addresses || !v || !put_memory(f, request, arg))
			rs_fmt_address(f, v);
	}
}
