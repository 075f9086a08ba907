/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is printed was chosen by whoever named a process, a file or a symbol. A terminal obeys such bytes; so, when
 * the output is one, those that steer it are written as \x1b. The script's own texts are its author's and stay, and
 * files and pipes get every byte as it is.
 */

#include "trace/show-internal.h"

/* How many bytes at data steer: 1, 2 (a control character above 0x80, in UTF-8) or none. */
static size_t control_at(const uint8_t *data, size_t n)
{
	if ((*data < ' ' && *data != '\n' && *data != '\t') || *data == 0x7f)
		return 1;
	return *data == 0xc2 && n > 1 && data[1] >= 0x80 && data[1] < 0xa0 ? 2 : 0;
}

static bool is_tame(const uint8_t *data, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (control_at(data + i, n - i))
			return false;
	return true;
}

void rs_show_tame(struct rs_show *show, struct rs_str *out, size_t from)
{
	const uint8_t *data;
	size_t n;

	if (!show || !show->terminal || out->error < 0 || out->len <= from ||
	    is_tame((const uint8_t *)out->data + from, out->len - from))
		return;
	n = out->len - from;
	rs_str_reset(&show->wild);
	rs_str_append(&show->wild, out->data + from, n);
	if (show->wild.len < n)
		return;
	data = (const uint8_t *)show->wild.data;
	out->len = from;
	for (size_t i = 0; i < n;) {
		size_t end = i + control_at(data + i, n - i);

		if (i == end)
			rs_str_append_char(out, (char)data[i++]);
		for (; i < end; i++)
			rs_str_appendf(out, "\\x%02x", data[i]);
	}
}
