/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any call with any numbers and any captured memory, as a process that wishes us ill would have it. The text is made
 * whatever the lengths say, nothing is read outside of the memory, and what is printed of the entry and the rest is what
 * is printed at once.
 */

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"
#include "syscall/syscall.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

struct input {
	const uint8_t *data;
	size_t left;
};

static uint64_t number(struct input *in, size_t size)
{
	uint64_t v = 0;

	size = MIN(size, in->left);
	memcpy(&v, in->data, size);
	in->data += size;
	in->left -= size;
	return v;
}

/* A copy of its own, so that a read behind its end is seen. */
static void *memory(struct input *in, struct rs_call_memory *m)
{
	uint64_t head = number(in, 2);
	size_t len = MIN(head >> 3 & 0x3ff, in->left);
	void *copy;

	m->fault = head & 1;
	m->cut = head & 2;
	if (head & 4)
		return NULL;
	copy = malloc(len + !len);
	CHECK(copy);
	memcpy(copy, in->data, len);
	in->data += len;
	in->left -= len;
	m->data = copy;
	m->len = (uint32_t)len;
	return copy;
}

static void put_fd(void *data, int fd, struct rs_str *out)
{
	CHECK(!data && fd >= 0);
	rs_str_append_cstr(out, "</x>");
}

static void check_text(const struct rs_call_event *event, const struct rs_call_print *print)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT((size_t)4 << 20);
	unsigned next = 0;

	rs_call_format_entry(event, print, &out, &next);
	CHECK(next <= 6);
	rs_call_format_rest(event, print, next, &out);
	rs_call_format_result(event, print, &out);
	for (size_t i = 0; i < out.len; i++)
		CHECK((unsigned char)out.data[i] >= 0x20 && (unsigned char)out.data[i] < 0x7f);
	for (unsigned i = 0; i < 6; i++)
		rs_call_format_arg(event, print, i, &out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	unsigned nr = (unsigned)number(&in, 2), flags = (unsigned)number(&in, 1);
	struct rs_call_event event = { .call = rs_call_of(nr % RS_CALLS_MAX),
				       .nr = nr,
				       .done = flags & 1 };
	struct rs_call_print print = { .string_max = flags & 2 ? 4096 : 32,
				       .verbose = flags & 4,
				       .raw = flags & 8 };
	void *copies[12];

	if (flags & 128) {
		print.strings = (enum rs_call_strings)(nr >> 9 & 3);
		print.style = (enum rs_call_style)((nr >> 11) % 3);
		print.addresses = nr >> 15;
	}
	if (flags & 16)
		print.fd = put_fd;
	event.result = (int16_t)number(&in, 2);
	if (flags & 32)
		event.result = (int64_t)number(&in, 8);
	for (unsigned i = 0; i < 6; i++)
		event.args[i] = number(&in, flags & 64 ? 8 : 2);
	for (unsigned i = 0; i < 6; i++) {
		copies[i * 2] = memory(&in, &event.in[i]);
		copies[i * 2 + 1] = memory(&in, &event.out[i]);
	}
	check_text(&event, &print);
	for (unsigned i = 0; i < 12; i++)
		free(copies[i]);
	return 0;
}
