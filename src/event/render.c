/* SPDX-License-Identifier: Apache-2.0 */
/* The cursor of the JSON writer: see render.h. */
#include "event/render.h"

#include "base/json.h"

/* A character needs at most six bytes: \u00XX. */
#define ESCAPED_MAX 6

bool rs_out_grow(struct rs_out *out, size_t n)
{
	struct rs_str *str = out->str;

	if (out->failed)
		return false;
	str->len = (size_t)(out->p - str->data);
	if (rs_str_reserve(str, n) < 0) {
		out->failed = true;
		/* The memory there is stays writable; nobody asks for room in vain twice. */
		return false;
	}
	out->p = str->data + str->len;
	out->end = str->data + str->cap - 1;
	return true;
}

/* Eight bytes that stand for themselves in a JSON string: printable ASCII, no quote, no backslash.
 * The usual tricks on words: (x - 0x01..) & ~x & 0x80.. finds bytes that are zero. */
static inline bool plain8(uint64_t x)
{
	const uint64_t ones = 0x0101010101010101ull, high = ones << 7;
	uint64_t quote = x ^ (ones * '"'), slash = x ^ (ones * '\\');
	uint64_t bad = x | ((x - ones * 0x20) & ~x) | ((quote - ones) & ~quote) |
		       ((slash - ones) & ~slash);

	return !(bad & high);
}

static inline bool plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Copies while bytes are plain. Returns how many were. */
static inline size_t copy_plain(char *to, const char *from, size_t n)
{
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		uint64_t x;

		memcpy(&x, from + i, 8);
		if (!plain8(x))
			break;
		memcpy(to + i, &x, 8);
	}
	for (; i < n && plain((unsigned char)from[i]); i++)
		to[i] = from[i];
	return i;
}

/* For whoever reads the value back: see value.c. */
static void string_raw(struct rs_out *out, const char *data, size_t n)
{
	if (!rs_out_need(out, 2 * n + RS_OUT_ROOM))
		return;
	*out->p++ = '"';
	for (size_t i = 0; i < n; i++) {
		if (data[i] == '"' || data[i] == '\\')
			*out->p++ = '\\';
		*out->p++ = data[i];
	}
	*out->p++ = '"';
}

static void string_slow(struct rs_out *out, const void *data, size_t n)
{
	struct rs_json json;

	if (out->raw) {
		string_raw(out, data, n);
		return;
	}
	if (!rs_out_need(out, n * ESCAPED_MAX + RS_OUT_ROOM))
		return;
	out->str->len = (size_t)(out->p - out->str->data);
	rs_json_init(&json, out->str);
	rs_json_string(&json, data, n);
	out->failed |= out->str->error != 0;
	out->p = out->str->data + out->str->len;
	out->end = out->str->data + out->str->cap - 1;
}

bool rs_out_string(struct rs_out *out, const void *data, size_t n)
{
	if (!rs_out_need(out, n + RS_OUT_ROOM))
		return false;
	*out->p = '"';
	if (unlikely(copy_plain(out->p + 1, data, n) < n)) {
		string_slow(out, data, n);
		return false;
	}
	out->p += n + 1;
	*out->p++ = '"';
	return true;
}

void rs_out_hex(struct rs_out *out, uint64_t v)
{
	unsigned shift = 60;

	rs_out_lit(out, "\"0x");
	while (shift && !(v >> shift))
		shift -= 4;
	for (;; shift -= 4) {
		*out->p++ = "0123456789abcdef"[v >> shift & 15];
		if (!shift)
			break;
	}
	*out->p++ = '"';
}

void rs_out_device(struct rs_out *out, uint32_t dev)
{
	*out->p++ = '"';
	rs_out_u64(out, dev >> 20);
	*out->p++ = ':';
	rs_out_u64(out, dev & 0xfffff);
	*out->p++ = '"';
}

void rs_out_mode(struct rs_out *out, uint32_t mode)
{
	*out->p++ = '"';
	for (int shift = 9; shift >= 0; shift -= 3)
		*out->p++ = (char)('0' + (mode >> shift & 7));
	*out->p++ = '"';
}

void rs_out_list(struct rs_out *out, const char *list)
{
	rs_out_lit(out, "[\"");
	for (; *list; list++) {
		if (*list == ',')
			rs_out_lit(out, "\",\"");
		else
			*out->p++ = *list;
	}
	rs_out_lit(out, "\"]");
}

void rs_out_time(struct rs_render *r, struct rs_clock_text *text, uint64_t boot_ns)
{
	struct rs_out *out = &r->out;

	*out->p++ = '"';
	rs_clock_format_utc(text, boot_ns + (uint64_t)r->host->boot_offset, out->p);
	out->p += RS_CLOCK_UTC_LEN;
	*out->p++ = '"';
}

/* The last component, nothing for "/". */
static void find_name(const struct rs_path *path, struct rs_text *ret_name)
{
	const char *slash = memrchr(path->data, '/', path->len);
	const char *name = slash ? slash + 1 : path->data;

	*ret_name = (struct rs_text){ name, (uint32_t)(path->data + path->len - name), 0 };
}

void rs_render_paths(struct rs_render *r, char *buf0, char *buf1)
{
	int main = rs_path_main(r->kind);

	r->has_path[0] = rs_event_path(r->event, main, buf0, &r->path[0]);
	r->has_path[1] = rs_event_path(r->event, !main, buf1, &r->path[1]);
	for (unsigned i = 0; i < 2; i++)
		if (r->has_path[i])
			find_name(&r->path[i], &r->name[i]);
}

void rs_out_entity_id(struct rs_render *r, uint32_t pid, uint64_t start)
{
	__typeof__(&r->ids->entry[0]) e = &r->ids->entry[pid % ARRAY_SIZE(r->ids->entry)];

	if (!e->valid || e->pid != pid || e->start != start) {
		e->pid = pid;
		e->start = start;
		e->valid = true;
		rs_entity_id(r->key, pid, start, e->id);
	}
	rs_out_char(&r->out, '"');
	rs_out_bytes(&r->out, e->id, sizeof(e->id));
	rs_out_char(&r->out, '"');
}
