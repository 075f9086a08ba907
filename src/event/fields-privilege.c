/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of the privilege sensor, and capabilities, which exec has too. */
#include "event/fields.h"
#include "event/names.h"

#define CAPABILITIES_ROOM 2048 /* all names, and numbers up to 63 for those without */

static void capabilities(struct rs_render *r, uint64_t bits)
{
	struct rs_out *out = &r->out;

	if (!bits || !rs_out_need(out, CAPABILITIES_ROOM))
		return;
	rs_out_array_begin(out);
	for (unsigned bit; bits; bits &= bits - 1) {
		bit = (unsigned)__builtin_ctzll(bits);
		if (rs_name_capability(bit))
			rs_out_name(out, rs_name_capability(bit));
		else
			rs_out_quoted(out, bit);
		rs_out_next(out);
	}
	rs_out_array_end(out);
}

void rs_field_cap_effective(struct rs_render *r)
{
	capabilities(r, r->kind == RS_KIND_EXEC ? r->event->exec->cap_effective
						: r->event->privilege->cap_effective);
}

void rs_field_cap_permitted(struct rs_render *r)
{
	capabilities(r, r->kind == RS_KIND_EXEC ? r->event->exec->cap_permitted
						: r->event->privilege->cap_permitted);
}

void rs_field_cap_inheritable(struct rs_render *r)
{
	capabilities(r, r->event->privilege->cap_inheritable);
}

/* --- the other process --- */

void rs_field_target_pid(struct rs_render *r)
{
	if (r->event->privilege->target_pid)
		rs_out_u64(&r->out, r->event->privilege->target_pid);
}

void rs_field_target_entity_id(struct rs_render *r)
{
	const struct rs_privilege *p = r->event->privilege;

	if (p->target_pid && p->target_start)
		rs_out_entity_id(r, p->target_pid, p->target_start);
}

void rs_field_target_name(struct rs_render *r)
{
	const struct rs_privilege *p = r->event->privilege;

	if (p->target_pid && p->target_comm[0])
		rs_out_string(&r->out, p->target_comm, rs_chars_len(p->target_comm));
}

void rs_field_target_uid(struct rs_render *r)
{
	if (r->event->privilege->target_pid)
		rs_out_quoted(&r->out, r->event->privilege->target_uid);
}

/* --- arguments --- */

void rs_field_signal(struct rs_render *r)
{
	uint64_t signal = r->event->privilege->arg[1];
	const char *name = signal < 64 ? rs_name_signal((int)signal) : NULL;

	if (name)
		rs_out_name(&r->out, name);
	else
		rs_out_quoted(&r->out, signal);
}

/* Negative: a process group; -1: everybody. */
void rs_field_signal_pid(struct rs_render *r)
{
	rs_out_i64(&r->out, (int32_t)r->event->privilege->arg[0]);
}

void rs_field_ptrace_request(struct rs_render *r)
{
	const char *name = rs_name_ptrace(r->event->privilege->arg[0]);

	if (name)
		rs_out_name(&r->out, name);
	else
		rs_out_quoted(&r->out, r->event->privilege->arg[0]);
}

void rs_field_ptrace_address(struct rs_render *r)
{
	if (r->event->privilege->arg[2])
		rs_out_hex(&r->out, r->event->privilege->arg[2]);
}

void rs_field_bpf_command(struct rs_render *r)
{
	const char *name = rs_name_bpf_command(r->event->privilege->arg[0]);

	if (name)
		rs_out_name(&r->out, name);
	else
		rs_out_quoted(&r->out, r->event->privilege->arg[0]);
}

void rs_field_bpf_type(struct rs_render *r)
{
	const struct rs_privilege *p = r->event->privilege;
	const char *name = rs_name_bpf_type(p->arg[0], p->arg[1]);

	if (name)
		rs_out_name(&r->out, name);
	else if (rs_name_bpf_typed(p->arg[0]))
		rs_out_quoted(&r->out, p->arg[1]);
}

void rs_field_memory_address(struct rs_render *r)
{
	rs_out_hex(&r->out, r->event->privilege->arg[0]);
}

void rs_field_memory_length(struct rs_render *r)
{
	rs_out_long(&r->out, r->event->privilege->arg[1]);
}

void rs_field_memory_fd(struct rs_render *r)
{
	int32_t fd = (int32_t)r->event->privilege->arg[3];

	if (fd >= 0)
		rs_out_u64(&r->out, (uint64_t)fd);
}
