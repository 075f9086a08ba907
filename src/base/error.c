/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"

/* Ends a text that was cut to fit in "...", without leaving half a character before it. */
static void mark_cut(char *buf, size_t size)
{
	size_t end = size - 4;

	while (end > 0 && ((unsigned char)buf[end] & 0xc0) == 0x80)
		end--;
	memcpy(buf + end, "...", 4);
}

static _printf_(3, 0) void format_into(char *buf, size_t size, const char *fmt, va_list ap)
{
	int n = vsnprintf(buf, size, fmt, ap);

	if (n < 0)
		buf[0] = '\0';
	else if ((size_t)n >= size)
		mark_cut(buf, size);
}

static void append_text(char *buf, size_t size, const char *text)
{
	size_t len = strlen(buf), n = strlen(text);

	if (len + n < size) {
		memcpy(buf + len, text, n + 1);
		return;
	}
	memcpy(buf + len, text, size - 1 - len);
	buf[size - 1] = '\0';
	mark_cut(buf, size);
}

int rs_error_set(struct rs_error *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	rs_error_reset(err);
	err->code = code;
	va_start(ap, fmt);
	format_into(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return code;
}

int rs_error_set_errno(struct rs_error *err, int code, const char *fmt, ...)
{
	char text[128];
	va_list ap;

	if (!err)
		return code;
	rs_error_reset(err);
	err->code = code;
	va_start(ap, fmt);
	format_into(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	append_text(err->msg, sizeof(err->msg), ": ");
	append_text(err->msg, sizeof(err->msg), strerror_r(-code, text, sizeof(text)));
	return code;
}

int rs_error_wrap(struct rs_error *err, const char *fmt, ...)
{
	char msg[sizeof(err->msg)];
	va_list ap;

	if (!err)
		return -EIO;
	va_start(ap, fmt);
	format_into(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	append_text(msg, sizeof(msg), ": ");
	append_text(msg, sizeof(msg), err->msg);
	memcpy(err->msg, msg, strlen(msg) + 1);
	return err->code;
}

void rs_error_hint(struct rs_error *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return;
	va_start(ap, fmt);
	format_into(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
}

void rs_error_reset(struct rs_error *err)
{
	if (!err)
		return;
	err->code = 0;
	err->msg[0] = '\0';
	err->hint[0] = '\0';
}

/* Escapes text onto the end of buf; len and the result are lengths. */
static size_t add_escaped(char *buf, size_t size, size_t len, const char *text)
{
	return len + rs_str_escape(buf + len, size - len, text, strlen(text));
}

void rs_error_print(const struct rs_error *err, const char *fmt, ...)
{
	/* Room for every byte of context, message and hint escaped to four. */
	char context[512] = "", line[4 * (sizeof(context) + sizeof(*err)) + 64];
	int saved = errno;
	size_t len;
	va_list ap;

	if (fmt) {
		va_start(ap, fmt);
		format_into(context, sizeof(context), fmt, ap);
		va_end(ap);
	}
	len = add_escaped(line, sizeof(line), 0, "ringside: ");
	len = add_escaped(line, sizeof(line), len, context);
	if (context[0] && err && err->msg[0])
		len = add_escaped(line, sizeof(line), len, ": ");
	if (err)
		len = add_escaped(line, sizeof(line), len, err->msg);
	line[len++] = '\n';
	if (err && err->hint[0]) {
		len = add_escaped(line, sizeof(line), len, "  hint: ");
		len = add_escaped(line, sizeof(line), len, err->hint);
		line[len++] = '\n';
	}
	rs_fd_write_all(STDERR_FILENO, line, len);
	errno = saved;
}
