/* SPDX-License-Identifier: Apache-2.0 */
/* Files: stat, statx, and others around them. */
#include "syscall/types-own.h"

/* Offsets in the kernel's struct stat. */
enum {
	ST_DEV = 0,
	ST_INO = 8,
#ifdef __x86_64__
	ST_NLINK = 16,
	ST_NLINK_SIZE = 8,
	ST_MODE = 24,
	ST_UID = 28,
	ST_GID = 32,
	ST_RDEV = 40,
	ST_SIZE = 48,
	ST_BLKSIZE = 56,
	ST_BLKSIZE_SIZE = 8,
#else
	ST_MODE = 16,
	ST_NLINK = 20,
	ST_NLINK_SIZE = 4,
	ST_UID = 24,
	ST_GID = 28,
	ST_RDEV = 32,
	ST_SIZE = 48,
	ST_BLKSIZE = 56,
	ST_BLKSIZE_SIZE = 4,
#endif
	ST_BLOCKS = 64,
	ST_ATIME = 72,
};

static bool is_device(unsigned mode)
{
	return (mode & 0170000) == 0020000 || (mode & 0170000) == 0060000;
}

static void put_u64(struct rs_fmt *f, const char *label, uint64_t v)
{
	rs_fmt_text(f, label);
	rs_str_append_u64(f->out, v);
}

static void put_when(struct rs_fmt *f, const char *name, uint64_t seconds, uint64_t ns)
{
	rs_str_appendf(f->out, ", %s=%lld", name, (long long)seconds);
	rs_fmt_date(f, (int64_t)seconds, (int64_t)ns, 9);
	rs_str_appendf(f->out, ", %s_nsec=%lld", name, (long long)ns);
}

bool rs_type_stat(struct rs_fmt *f, const rs_memory *m)
{
	static const char *const times[] = { "st_atime", "st_mtime", "st_ctime" };
	unsigned mode = (unsigned)rs_mem_get(m, ST_MODE, 4);
	bool verbose = f->print->verbose;

	rs_fmt_text(f, "{");
	if (verbose) {
		rs_fmt_text(f, "st_dev=");
		rs_fmt_device(f, rs_mem_get(m, ST_DEV, 8));
		put_u64(f, ", st_ino=", rs_mem_get(m, ST_INO, 8));
		rs_fmt_text(f, ", ");
	}
	rs_fmt_text(f, "st_mode=");
	rs_fmt_mode(f, mode);
	if (verbose) {
		put_u64(f, ", st_nlink=", rs_mem_get(m, ST_NLINK, ST_NLINK_SIZE));
		put_u64(f, ", st_uid=", rs_mem_get(m, ST_UID, 4));
		put_u64(f, ", st_gid=", rs_mem_get(m, ST_GID, 4));
		put_u64(f, ", st_blksize=", rs_mem_get(m, ST_BLKSIZE, ST_BLKSIZE_SIZE));
		put_u64(f, ", st_blocks=", rs_mem_get(m, ST_BLOCKS, 8));
	}
	if (is_device(mode)) {
		rs_fmt_text(f, ", st_rdev=");
		rs_fmt_device(f, rs_mem_get(m, ST_RDEV, 8));
	} else {
		put_u64(f, ", st_size=", rs_mem_get(m, ST_SIZE, 8));
	}
	for (unsigned i = 0; verbose && i < 3; i++)
		put_when(f, times[i], rs_mem_get(m, ST_ATIME + i * 16, 8),
			 rs_mem_get(m, ST_ATIME + i * 16 + 8, 8));
	rs_fmt_text(f, verbose ? "}" : ", ...}");
	return true;
}

static void put_statx_time(struct rs_fmt *f, const rs_memory *m, const char *name, size_t offset)
{
	int64_t seconds = (int64_t)rs_mem_get(m, offset, 8);
	uint32_t ns = (uint32_t)rs_mem_get(m, offset + 8, 4);

	rs_str_appendf(f->out, ", %s={tv_sec=%lld, tv_nsec=%u}", name, (long long)seconds, ns);
	rs_fmt_date(f, seconds, ns, 9);
}

static void put_device_pair(struct rs_fmt *f, const rs_memory *m, const char *name, size_t offset)
{
	rs_str_appendf(f->out, ", %s_major=", name);
	rs_str_append_u64(f->out, rs_mem_get(m, offset, 4));
	rs_str_appendf(f->out, ", %s_minor=", name);
	rs_str_append_u64(f->out, rs_mem_get(m, offset + 4, 4));
}

bool rs_type_statx(struct rs_fmt *f, const rs_memory *m)
{
	unsigned mask = (unsigned)rs_mem_get(m, 0, 4), mode = (unsigned)rs_mem_get(m, 28, 2);
	bool verbose = f->print->verbose;

	rs_fmt_text(f, "{stx_mask=");
	rs_fmt_names(f, NAMES_statx_mask, mask);
	if (verbose)
		put_u64(f, ", stx_blksize=", rs_mem_get(m, 4, 4));
	rs_fmt_text(f, ", stx_attributes=");
	rs_fmt_names(f, NAMES_statx_attr, rs_mem_get(m, 8, 8));
	if (verbose) {
		if (mask & 0x4)
			put_u64(f, ", stx_nlink=", rs_mem_get(m, 16, 4));
		if (mask & 0x8)
			put_u64(f, ", stx_uid=", rs_mem_get(m, 20, 4));
		if (mask & 0x10)
			put_u64(f, ", stx_gid=", rs_mem_get(m, 24, 4));
	}
	rs_fmt_text(f, ", stx_mode=");
	rs_fmt_mode(f, mode);
	if (verbose && mask & 0x100)
		put_u64(f, ", stx_ino=", rs_mem_get(m, 32, 8));
	if (mask & 0x200)
		put_u64(f, ", stx_size=", rs_mem_get(m, 40, 8));
	if (!verbose) {
		rs_fmt_text(f, ", ...}");
		return true;
	}
	if (mask & 0x400)
		put_u64(f, ", stx_blocks=", rs_mem_get(m, 48, 8));
	rs_fmt_text(f, ", stx_attributes_mask=");
	rs_fmt_names(f, NAMES_statx_attr, rs_mem_get(m, 56, 8));
	if (mask & 0x20)
		put_statx_time(f, m, "stx_atime", 64);
	if (mask & 0x800)
		put_statx_time(f, m, "stx_btime", 80);
	if (mask & 0x80)
		put_statx_time(f, m, "stx_ctime", 96);
	if (mask & 0x40)
		put_statx_time(f, m, "stx_mtime", 112);
	put_device_pair(f, m, "stx_rdev", 128);
	put_device_pair(f, m, "stx_dev", 136);
	if (mask & 0x1000) {
		rs_fmt_text(f, ", stx_mnt_id=");
		rs_fmt_hex(f, rs_mem_get(m, 144, 8));
	}
	rs_fmt_text(f, "}");
	return true;
}

bool rs_type_open_how(struct rs_fmt *f, const rs_memory *m)
{
	uint64_t flags = rs_mem_get(m, 0, 8), mode = rs_mem_get(m, 8, 8);
	rs_memory rest = rs_mem_sub(m, 24, SIZE_MAX);

	rs_fmt_text(f, "{flags=");
	rs_fmt_names(f, NAMES_open, flags);
	if (flags & 0x40 || (flags & 0x400000) || mode) {
		rs_fmt_text(f, ", mode=");
		rs_fmt_scalar(f, KIND_MODE, 0, 8, mode);
	}
	rs_fmt_text(f, ", resolve=");
	rs_fmt_names(f, NAMES_resolve, rs_mem_get(m, 16, 8));
	rs_fmt_text(f, rest.len ? ", ...}" : "}");
	return true;
}

bool rs_type_file_handle(struct rs_fmt *f, const rs_memory *m)
{
	uint64_t size = rs_mem_get(m, 0, 4);
	rs_memory bytes = rs_mem_sub(m, 8, (size_t)size);

	if (m->len < 8)
		return false;
	rs_str_appendf(f->out, "{handle_bytes=%u", (unsigned)size);
	if (rs_fmt_ok(f) || rs_call_is(f->event, "open_by_handle_at")) {
		rs_str_appendf(f->out, ", handle_type=%d, f_handle=\"", (int)rs_mem_get(m, 4, 4));
		for (uint32_t i = 0; i < bytes.len; i++)
			rs_str_appendf(f->out, "\\x%02x", ((const unsigned char *)bytes.data)[i]);
		rs_fmt_text(f, bytes.len < size ? "\"..." : "\"");
	}
	rs_fmt_text(f, "}");
	return true;
}

bool rs_type_fsid(struct rs_fmt *f, const rs_memory *m)
{
	rs_fmt_text(f, "{val=[");
	rs_fmt_hex(f, rs_mem_get(m, 0, 4));
	rs_fmt_text(f, ", ");
	rs_fmt_hex(f, rs_mem_get(m, 4, 4));
	rs_fmt_text(f, "]}");
	return true;
}

bool rs_type_fdpair(struct rs_fmt *f, const rs_memory *m)
{
	rs_fmt_text(f, "[");
	rs_fmt_fd(f, (int)rs_mem_get(m, 0, 4));
	rs_fmt_text(f, ", ");
	rs_fmt_fd(f, (int)rs_mem_get(m, 4, 4));
	rs_fmt_text(f, "]");
	return true;
}
