/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the tests of this room share: records by hand, and expected texts in files. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/test-file.h"
#include "event/schema.h"

/* A record under construction. */
struct record {
	_Alignas(8) char bytes[RS_RECORD_MAX];
};

static inline struct rs_hdr *record_hdr(struct record *r)
{
	return (struct rs_hdr *)(void *)r->bytes;
}

/* An empty record of a kind, without fields. */
static inline struct rs_hdr *record_start(struct record *r, enum rs_kind kind)
{
	struct rs_hdr *hdr = record_hdr(r);

	memset(r->bytes, 0, rs_event_kinds[kind].size);
	hdr->kind = (uint16_t)kind;
	hdr->size = rs_event_kinds[kind].size;
	hdr->nr = -1;
	return hdr;
}

static inline void record_add(struct record *r, unsigned tag, unsigned flags, const void *data,
			      size_t n)
{
	struct rs_hdr *hdr = record_hdr(r);
	struct rs_record_field field = { (uint8_t)tag, (uint8_t)flags, (uint16_t)n };

	assert_true(hdr->size + sizeof(field) + n + 3 <= sizeof(r->bytes));
	memcpy(r->bytes + hdr->size, &field, sizeof(field));
	memcpy(r->bytes + hdr->size + sizeof(field), data, n);
	hdr->size += (uint32_t)(sizeof(field) + ((n + 3) & ~(size_t)3));
}

static inline void record_text(struct record *r, unsigned tag, unsigned flags, const char *text)
{
	record_add(r, tag, flags, text, strlen(text));
}

static inline struct rs_event record_event(struct record *r)
{
	struct rs_event event;

	assert_int_equal(rs_event_decode(r->bytes, record_hdr(r)->size, &event), 0);
	return event;
}
