/* SPDX-License-Identifier: Apache-2.0 */
#include "calls/record.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"

static bool take_fd(struct rs_call_record *record, const struct rs_strace_part *part,
		    const uint8_t *data)
{
	struct rs_call_fd *fd = &record->fds[part->arg];

	if (part->len < sizeof(fd->fd))
		return false;
	memcpy(&fd->fd, data, sizeof(fd->fd));
	if (fd->fd.len > part->len - sizeof(fd->fd))
		return false;
	fd->text = (const char *)data + sizeof(fd->fd);
	fd->known = true;
	return true;
}

static bool take_memory(struct rs_call_record *record, const struct rs_strace_part *part,
			const uint8_t *data)
{
	struct rs_call_memory *m;

	if (part->arg >= RS_STRACE_RESULT)
		return false;
	m = part->kind == RS_STRACE_IN ? &record->event.in[part->arg]
				       : &record->event.out[part->arg];
	m->data = data;
	m->len = part->len;
	m->fault = part->flags & RS_CAPTURE_FAULT;
	m->cut = part->flags & RS_CAPTURE_CUT;
	return true;
}

static int take_parts(struct rs_call_record *record, const uint8_t *data, size_t size)
{
	struct rs_strace_part part;
	size_t at = 0;

	while (at < size) {
		if (size - at < sizeof(part))
			return -EBADMSG;
		memcpy(&part, data + at, sizeof(part));
		at += sizeof(part);
		if (part.len > size - at || part.arg > RS_STRACE_RESULT)
			return -EBADMSG;
		if (part.kind == RS_STRACE_FD ? !take_fd(record, &part, data + at)
					      : !take_memory(record, &part, data + at))
			return -EBADMSG;
		at += MIN(size - at, ((size_t)part.len + 7) & ~(size_t)7);
	}
	return 0;
}

static int take_call(struct rs_call_record *record, const void *data, size_t size)
{
	struct rs_call_event *event = &record->event;

	if (size < sizeof(record->raw))
		return -EBADMSG;
	memcpy(&record->raw, data, sizeof(record->raw));
	record->raw.head = record->head;
	event->nr = (unsigned)record->raw.nr;
	event->call = record->raw.flags & RS_STRACE_COMPAT ? NULL : rs_call_of(event->nr);
	memcpy(event->args, record->raw.args, sizeof(event->args));
	event->done = !(record->raw.flags & RS_STRACE_NEVER);
	event->result = record->raw.result;
	return take_parts(record, (const uint8_t *)data + sizeof(record->raw),
			  size - sizeof(record->raw));
}

/* Each begins with its head: ours, whose text is known to end. */
static int take_fixed(const struct rs_strace_head *head, void *to, size_t want, const void *data,
		      size_t size)
{
	if (size < want)
		return -EBADMSG;
	memcpy(to, data, want);
	memcpy(to, head, sizeof(*head));
	return 0;
}

int rs_call_record_parse(const void *data, size_t size, struct rs_call_record *ret_record)
{
	struct rs_call_record *r = ret_record;

	memset(r, 0, sizeof(*r));
	if (size < sizeof(r->head))
		return -EBADMSG;
	memcpy(&r->head, data, sizeof(r->head));
	if (r->head.size > size || r->head.size < sizeof(r->head))
		return -EBADMSG;
	r->head.comm[sizeof(r->head.comm) - 1] = '\0';
	size = r->head.size;
	switch (r->head.kind) {
	case RS_STRACE_CALL:
		return take_call(r, data, size);
	case RS_STRACE_SIGNAL:
		return take_fixed(&r->head, &r->signal, sizeof(r->signal), data, size);
	case RS_STRACE_NEW:
		return take_fixed(&r->head, &r->new, sizeof(r->new), data, size);
	case RS_STRACE_END:
		return take_fixed(&r->head, &r->end, sizeof(r->end), data, size);
	}
	return -EBADMSG;
}

int rs_call_record_under_way(const struct rs_strace_thread *place,
			     struct rs_call_record *ret_record)
{
	size_t used = MIN((size_t)place->used, sizeof(place->parts));
	int r;

	if (!place->busy)
		return -ENOENT;
	memset(ret_record, 0, sizeof(*ret_record));
	ret_record->head = place->call.head;
	ret_record->head.comm[sizeof(ret_record->head.comm) - 1] = '\0';
	r = take_call(ret_record, &place->call, sizeof(place->call) + used);
	ret_record->event.done = false;
	return r;
}
