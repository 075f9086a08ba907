/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what was captured. Nothing here trusts a length. */
#include "syscall/format.h"

bool rs_mem_has(const rs_memory *m, size_t offset, size_t size)
{
	return m->data && offset <= m->len && size <= m->len - offset;
}

uint64_t rs_mem_get(const rs_memory *m, size_t offset, size_t size)
{
	uint64_t v = 0;

	if (size <= sizeof(v) && rs_mem_has(m, offset, size))
		memcpy(&v, (const char *)m->data + offset,
		       size); /* little endian, as both architectures are */
	return v;
}

rs_memory rs_mem_sub(const rs_memory *m, size_t offset, size_t size)
{
	if (!m->data || offset > m->len)
		return (rs_memory){ .fault = m->fault };
	return (rs_memory){
		.data = (const char *)m->data + offset,
		.len = (uint32_t)MIN(size, m->len - offset),
		.fault = m->fault,
		.cut = m->cut,
	};
}

bool rs_mem_part(const rs_memory *m, size_t *offset, rs_memory *ret_part)
{
	struct rs_capture_part head;

	if (!rs_mem_has(m, *offset, sizeof(head)))
		return false;
	memcpy(&head, (const char *)m->data + *offset, sizeof(head));
	*offset += sizeof(head);
	*ret_part = rs_mem_sub(m, *offset, head.len);
	ret_part->cut = head.flags & RS_CAPTURE_CUT || ret_part->len < head.len;
	ret_part->fault = head.flags & RS_CAPTURE_FAULT;
	*offset += MIN(((size_t)head.len + 7) & ~(size_t)7, (size_t)m->len - *offset);
	return true;
}

bool rs_fmt_ok(const struct rs_fmt *f)
{
	return f->event->done && (f->event->result >= 0 || f->event->result < -4095);
}

const rs_memory *rs_fmt_memory(const struct rs_fmt *f, unsigned arg)
{
	const rs_memory *out = &f->event->out[arg];

	return out->data && f->event->done ? out : &f->event->in[arg];
}
