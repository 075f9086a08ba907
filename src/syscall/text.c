/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, names and quoted text. */
#include <time.h>

#include "syscall/format.h"

void rs_fmt_text(struct rs_fmt *f, const char *text)
{
	rs_str_append_cstr(f->out, text);
}

void rs_fmt_hex(struct rs_fmt *f, uint64_t v)
{
	if (v)
		rs_str_append(f->out, "0x", 2);
	rs_str_append_hex(f->out, v);
}

void rs_fmt_address(struct rs_fmt *f, uint64_t v)
{
	if (v)
		rs_fmt_hex(f, v);
	else
		rs_fmt_text(f, "NULL");
}

void rs_fmt_fd(struct rs_fmt *f, int fd)
{
	rs_str_append_i64(f->out, fd);
	if (fd >= 0 && f->print->fd)
		f->print->fd(f->print->data, fd, f->out);
}

/* What was written from @from on becomes the comment behind a number. */
static void put_behind(struct rs_fmt *f, size_t from, const char *number)
{
	char name[512];
	size_t n = MIN(f->out->len - from, sizeof(name) - 1);

	memcpy(name, f->out->data + from, n);
	name[n] = '\0';
	rs_str_truncate(f->out, from);
	rs_str_appendf(f->out, "%s /* %s */", number, name);
}

void rs_fmt_named(struct rs_fmt *f, size_t from, uint64_t v)
{
	char number[24];

	if (f->print->style == RS_CALL_STYLE_NAMES || f->out->len <= from)
		return;
	snprintf(number, sizeof(number), "%#llx", (unsigned long long)v);
	if (f->print->style == RS_CALL_STYLE_RAW) {
		rs_str_truncate(f->out, from);
		rs_fmt_text(f, number);
	} else if (f->out->data[from] < '0' || f->out->data[from] > '9') {
		put_behind(f, from, number); /* what has no name is a number already */
	}
}

void rs_fmt_names(struct rs_fmt *f, enum rs_names list, uint64_t v)
{
	size_t from = f->out->len;

	rs_names_put(list, v, f->out);
	rs_fmt_named(f, from, v);
}

void rs_fmt_signal(struct rs_fmt *f, int signal)
{
	const char *name = signal ? rs_signal_name(signal) : NULL;

	if (name)
		rs_fmt_text(f, name);
	else
		rs_str_append_i64(f->out, signal);
}

static void octal(struct rs_fmt *f, unsigned v)
{
	rs_str_appendf(f->out, v < 0100 ? "%#03o" : "%#o", v);
}

void rs_fmt_mode(struct rs_fmt *f, unsigned mode)
{
	unsigned type = mode & 0170000, count = 0;
	size_t len, from = f->out->len;
	char number[16];
	const char *name = rs_names_find(NAMES_file_type, type, &len);

	if (f->print->style == RS_CALL_STYLE_RAW) {
		octal(f, mode);
		return;
	}

	if (name)
		rs_str_append(f->out, name, len);
	else if (type)
		octal(f, type);
	count = type != 0;
	rs_names_put_flags(NAMES_mode_bits, mode & 07000, f->out, &count);
	if (count)
		rs_str_append_char(f->out, '|');
	octal(f, mode & ~(0170000u | 07000));
	if (count && f->print->style == RS_CALL_STYLE_BOTH && f->out->len > from) {
		snprintf(number, sizeof(number), "%#o", mode);
		put_behind(f, from, number);
	}
}

void rs_fmt_device(struct rs_fmt *f, uint64_t dev)
{
	uint64_t major = (dev >> 8 & 0xfff) | (dev >> 32 & 0xfffff000);
	uint64_t minor = (dev & 0xff) | (dev >> 12 & 0xffffff00);

	rs_fmt_text(f, "makedev(");
	rs_fmt_hex(f, major);
	rs_fmt_text(f, ", ");
	rs_fmt_hex(f, minor);
	rs_fmt_text(f, ")");
}

void rs_fmt_date(struct rs_fmt *f, int64_t seconds, int64_t fraction, int digits)
{
	time_t at = seconds;
	char text[64], zone[16];
	struct tm tm;

	if (!seconds || !localtime_r(&at, &tm) || !strftime(text, sizeof(text), "%FT%T", &tm) ||
	    !strftime(zone, sizeof(zone), "%z", &tm))
		return;
	rs_str_appendf(f->out, " /* %s", text);
	if (fraction > 0)
		rs_str_appendf(f->out, ".%0*llu", digits, (unsigned long long)fraction);
	rs_str_appendf(f->out, "%s */", zone);
}

static char escape_letter(unsigned char c)
{
	switch (c) {
	case '\t':
		return 't';
	case '\n':
		return 'n';
	case '\v':
		return 'v';
	case '\f':
		return 'f';
	case '\r':
		return 'r';
	case '"':
	case '\\':
		return (char)c;
	}
	return 0;
}

/* Neither printed as it is nor white space. */
static bool is_odd(unsigned char c)
{
	return c >= 0x7f || (c < 0x20 && (c < '\t' || c > '\r'));
}

static bool is_hex(const struct rs_fmt *f, const unsigned char *s, size_t len)
{
	if (f->print->strings != RS_CALL_STRINGS_HEX_ODD)
		return f->print->strings == RS_CALL_STRINGS_HEX;
	for (size_t i = 0; i < len; i++)
		if (is_odd(s[i]))
			return true;
	return false;
}

static void put_hex_byte(struct rs_str *out, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	const char text[4] = { '\\', 'x', digits[c >> 4], digits[c & 15] };

	rs_str_append(out, text, sizeof(text));
}

static void put_hex(struct rs_str *out, const unsigned char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		put_hex_byte(out, s[i]);
}

/* As strace does: C escapes, else octal, as short as the byte behind allows. */
static void put_escaped(const struct rs_fmt *f, const unsigned char *s, size_t len)
{
	bool hex = f->print->strings == RS_CALL_STRINGS_HEX_ESCAPES;
	struct rs_str *out = f->out;
	char buf[5];

	for (size_t i = 0; i < len; i++) {
		char letter = escape_letter(s[i]);

		if (!letter && s[i] >= 0x20 && s[i] < 0x7f) {
			rs_str_append_char(out, (char)s[i]);
			continue;
		}
		if (!letter && hex) {
			put_hex_byte(out, s[i]);
			continue;
		}
		rs_str_append_char(out, '\\');
		if (letter) {
			rs_str_append_char(out, letter);
			continue;
		}
		snprintf(buf, sizeof(buf),
			 i + 1 < len && s[i + 1] >= '0' && s[i + 1] <= '9' ? "%03o" : "%o", s[i]);
		rs_str_append_cstr(out, buf);
	}
}

static void quote(const struct rs_fmt *f, const unsigned char *s, size_t len)
{
	rs_str_append_char(f->out, '"');
	if (is_hex(f, s, len))
		put_hex(f->out, s, len);
	else
		put_escaped(f, s, len);
	rs_str_append_char(f->out, '"');
}

void rs_fmt_bytes(struct rs_fmt *f, const void *data, size_t len, uint64_t total)
{
	size_t shown = MIN(len, f->print->string_max);

	quote(f, data, shown);
	if (total > shown)
		rs_fmt_text(f, "...");
}

void rs_fmt_hex_bytes(struct rs_fmt *f, const void *data, size_t len, uint64_t total)
{
	size_t shown = MIN(len, f->print->string_max);

	rs_fmt_text(f, "\"");
	put_hex(f->out, data, shown);
	rs_fmt_text(f, total > shown ? "\"..." : "\"");
}

void rs_fmt_string(struct rs_fmt *f, const rs_memory *m, uint64_t address, bool whole)
{
	size_t len, shown;

	if (!address || !m->data || (m->fault && !m->len)) {
		rs_fmt_address(f, address);
		return;
	}
	len = strnlen(m->data, m->len);
	shown = whole ? len : MIN(len, f->print->string_max);
	quote(f, m->data, shown);
	/* without a NUL there may be more */
	if (shown < len || m->cut)
		rs_fmt_text(f, "...");
}

static uint64_t widen(unsigned kind, size_t size, uint64_t v)
{
	bool sign = kind == KIND_D || kind == KIND_L || kind == KIND_FD || kind == KIND_DIRFD ||
		    kind == KIND_SIGNAL || kind == KIND_ID;

	if (size >= 8)
		return v;
	v &= (UINT64_C(1) << size * 8) - 1;
	if (sign && v >> (size * 8 - 1))
		v |= ~UINT64_C(0) << size * 8;
	return v;
}

void rs_fmt_scalar(struct rs_fmt *f, unsigned kind, unsigned what, size_t size, uint64_t v)
{
	v = widen(kind, size, v);
	switch (kind) {
	case KIND_U:
	case KIND_UL:
		rs_str_append_u64(f->out, v);
		break;
	case KIND_X:
	case KIND_XL:
		rs_fmt_hex(f, v);
		break;
	case KIND_MODE:
		octal(f, (unsigned)v);
		break;
	case KIND_ID: /* -1: leave as it is */
		if ((int32_t)v == -1)
			rs_fmt_text(f, "-1");
		else
			rs_str_append_u64(f->out, (uint32_t)v);
		break;
	case KIND_FD:
		rs_fmt_fd(f, (int)v);
		break;
	case KIND_DIRFD:
		if ((int)v != -100) {
			rs_fmt_fd(f, (int)v);
			break;
		}
		rs_fmt_text(f, f->print->style == RS_CALL_STYLE_RAW    ? "-100"
			       : f->print->style == RS_CALL_STYLE_BOTH ? "-100 /* AT_FDCWD */"
								       : "AT_FDCWD");
		if (f->print->fd)
			f->print->fd(f->print->data, (int)v, f->out);
		break;
	case KIND_ADDRESS:
		rs_fmt_address(f, v);
		break;
	case KIND_SIGNAL:
		rs_fmt_signal(f, (int)v);
		break;
	case KIND_NAMES32:
	case KIND_NAMES64:
		rs_fmt_names(f, what, v);
		break;
	default:
		rs_str_append_i64(f->out, (int64_t)v);
	}
}
