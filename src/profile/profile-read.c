/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/profile-read.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define ZLIB_CONST /* what is read is not written to */
#include <zlib.h>

#include "base/str.h"
#include "profile/forms.h"

#define LOOK_AT ((size_t)64 << 10) /* bytes that tell what a file is */

/* --- what readers share --- */

void rs_profile_stack_reset(struct rs_profile_stack *stack)
{
	stack->n = 0;
	stack->more = false;
}

int rs_profile_stack_push_number(struct rs_profile_stack *stack, struct rs_profile *profile,
				 uint32_t number)
{
	static const struct rs_frame more = { .function = "[more]", .kind = RS_FRAME_OTHER };

	if (stack->more)
		return 0;
	if (stack->n == RS_PROFILE_DEPTH_MAX - 1) {
		stack->more = true;
		if (rs_profile_frame(profile, &more, &number) < 0)
			return -ENOMEM;
	}
	stack->frames[stack->n++] = number;
	return 0;
}

int rs_profile_stack_push(struct rs_profile_stack *stack, struct rs_profile *profile,
			  const struct rs_frame *frame)
{
	uint32_t number;

	if (stack->more)
		return 0;
	if (rs_profile_frame(profile, frame, &number) < 0)
		return -ENOMEM;
	return rs_profile_stack_push_number(stack, profile, number);
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static bool ends(const char *text, const char *with)
{
	size_t n = strlen(text), m = strlen(with);

	return n >= m && !strcmp(text + n - m, with);
}

/* Names in brackets that are user code all the same. */
static bool is_users(const char *module)
{
	static const char *const names[] = { "[vdso]", "[vsyscall]", "[heap]",   "[stack",
					     "[anon",  "[unknown]",  "[uprobes]" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (begins(module, names[i]))
			return true;
	}
	return false;
}

enum rs_frame_kind rs_frame_kind_guess(const char *function, const char *module)
{
	const char *name = module ? strrchr(module, '/') : NULL;

	name = name ? name + 1 : module;
	if (!module)
		return *function == '[' ? RS_FRAME_OTHER : RS_FRAME_USER;
	if (begins(module, "[kernel") || begins(module, "[guest.kernel") || begins(name, "vmlinux"))
		return RS_FRAME_KERNEL;
	if (ends(module, ".ko") || ends(module, ".ko.xz") || ends(module, ".ko.zst"))
		return RS_FRAME_MODULE;
	if (begins(name, "perf-") && ends(name, ".map"))
		return RS_FRAME_JIT;
	if (*module != '[' || is_users(module))
		return RS_FRAME_USER;
	return RS_FRAME_MODULE;
}

bool rs_profile_line(const char **data, size_t *n, const char **ret_line, size_t *ret_len)
{
	const char *end;
	size_t len;

	if (!*n)
		return false;
	end = memchr(*data, '\n', *n);
	len = end ? (size_t)(end - *data) : *n;
	*ret_line = *data;
	*data += len + (end ? 1 : 0);
	*n -= len + (end ? 1 : 0);
	if (len && (*ret_line)[len - 1] == '\r')
		len--;
	*ret_len = len;
	return true;
}

/* --- what it is --- */

static bool is_gzip(const unsigned char *data, size_t n)
{
	return n > 2 && data[0] == 0x1f && data[1] == 0x8b;
}

/* Text has no control characters, and every message of protocol buffers that is a profile has some: the lengths of
 * its short fields. */
static bool is_text(const unsigned char *data, size_t n)
{
	for (size_t i = 0; i < MIN(n, LOOK_AT); i++) {
		if (data[i] < ' ' && !isspace(data[i]))
			return false;
	}
	return true;
}

/* Lines that begin with a space and an address: "\tffffffff8100abcd do_it+0x12 ([kernel.kallsyms])". */
static bool is_perf(const char *data, size_t n)
{
	const char *line;
	size_t len;

	n = MIN(n, LOOK_AT);
	while (rs_profile_line(&data, &n, &line, &len)) {
		size_t i = 0, digits = 0;

		while (i < len && isblank((unsigned char)line[i]))
			i++;
		while (i + digits < len && isxdigit((unsigned char)line[i + digits]))
			digits++;
		if (i && digits && i + digits < len && line[i + digits] == ' ')
			return true;
	}
	return false;
}

static bool is_ours(const char *data, size_t n)
{
	const char *line;
	size_t len;

	/* The first line is an object that is complete; another's document would go on, or is one with a "$schema". */
	return rs_profile_line(&data, &n, &line, &len) &&
	       memmem(line, MIN(len, (size_t)64), "\"ringside\":", 11);
}

static int read_plain(const char *data, size_t n, struct rs_profile **ret_profile,
		      struct rs_error *err)
{
	size_t start = 0;

	if (!is_text((const unsigned char *)data, n))
		return rs_profile_read_pprof(data, n, ret_profile, err);
	while (start < n && isspace((unsigned char)data[start]))
		start++;
	if (start == n)
		return rs_error_set(err, -EINVAL, "there is nothing in it");
	if (data[start] == '{') {
		data += start;
		n -= start;
		return is_ours(data, n) ? rs_profile_read_json(data, n, ret_profile, err)
					: rs_profile_read_speedscope(data, n, ret_profile, err);
	}
	return is_perf(data, n) ? rs_profile_read_perf(data, n, ret_profile, err)
				: rs_profile_read_folded(data, n, ret_profile, err);
}

/* --- gzip --- */

static int inflate_into(z_stream *stream, struct rs_str *out, struct rs_error *err)
{
	int z = Z_OK;

	while (z != Z_STREAM_END) {
		if (rs_str_reserve(out, 64 << 10) < 0)
			return rs_error_set_errno(err, out->error == -ENOBUFS ? -E2BIG : -ENOMEM,
						  "unpacking it (gzip)");
		stream->next_out = (unsigned char *)out->data + out->len;
		stream->avail_out = (unsigned)MIN(out->cap - out->len - 1, (size_t)1 << 30);
		z = inflate(stream, Z_NO_FLUSH);
		out->len = (size_t)((char *)stream->next_out - out->data);
		if (z != Z_OK && z != Z_STREAM_END)
			return rs_error_set(err, -EINVAL, "it is packed (gzip), and %s",
					    z == Z_BUF_ERROR ? "cut off" : "damaged");
	}
	return 0;
}

static int read_gzip(const void *data, size_t n, struct rs_profile **ret_profile,
		     struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(RS_PROFILE_FILE_MAX);
	z_stream stream = { .next_in = data, .avail_in = (unsigned)n };
	int r;

	if (inflateInit2(&stream, 15 + 16) != Z_OK)
		return rs_error_set_errno(err, -ENOMEM, "unpacking it (gzip)");
	r = inflate_into(&stream, &out, err);
	inflateEnd(&stream);
	return r < 0 ? r : read_plain(rs_str_cstr(&out), out.len, ret_profile, err);
}

int rs_profile_read(const void *data, size_t n, struct rs_profile **ret_profile,
		    struct rs_error *err)
{
	if (n > RS_PROFILE_FILE_MAX)
		return rs_error_set(err, -E2BIG, "it is larger than %u MiB",
				    RS_PROFILE_FILE_MAX >> 20);
	return is_gzip(data, n) ? read_gzip(data, n, ret_profile, err)
				: read_plain(data, n, ret_profile, err);
}
