/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From bytes to a view. Our own programs wrote the record, but a reader that believes lengths is one
 * bug in a program away from reading beyond the buffer: everything is checked once, here.
 */
#include <errno.h>

#include "event/schema.h"

#define FIELD_ALIGN 4

/* Records the first field of each tag that we know. */
static void note_field(struct rs_event *event, const struct rs_record_field *field,
		       const char *data)
{
	struct rs_text *text;

	if (field->tag == RS_TAG_NONE || field->tag >= RS_TAG_COUNT)
		return;
	text = &event->field[field->tag];
	if (text->data)
		return;
	*text = (struct rs_text){ data, field->len, field->flags };
	event->marks |= field->flags;
}

/* Walks the fields between p and end. The last one may come without its padding. */
static int decode_fields(struct rs_event *event, const char *p, const char *end)
{
	while (p < end) {
		struct rs_record_field field;
		size_t room = (size_t)(end - p), padded;

		if (room < sizeof(field))
			return -EBADMSG;
		__builtin_memcpy(&field, p, sizeof(field));
		p += sizeof(field);
		room -= sizeof(field);
		if (field.len > room)
			return -EBADMSG;
		note_field(event, &field, p);
		padded = ((size_t)field.len + FIELD_ALIGN - 1) & ~(size_t)(FIELD_ALIGN - 1);
		p += MIN(padded, room);
	}
	return 0;
}

int rs_event_decode(const void *record, size_t size, struct rs_event *ret_event)
{
	const struct rs_hdr *hdr = record;
	struct rs_event event = { .hdr = hdr };
	int r;

	if ((uintptr_t)record % _Alignof(struct rs_hdr) || size < sizeof(*hdr))
		return -EBADMSG;
	if (hdr->size > size || hdr->kind >= RS_KIND_COUNT ||
	    hdr->size < rs_event_kinds[hdr->kind].size)
		return -EBADMSG;
	r = decode_fields(&event, (const char *)record + rs_event_kinds[hdr->kind].size,
			  (const char *)record + hdr->size);
	if (r < 0)
		return r;
	*ret_event = event;
	return 0;
}
