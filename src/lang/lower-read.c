/* SPDX-License-Identifier: Apache-2.0 */

/* Reading: plain loads where the verifier knows the memory, helpers elsewhere. */

#include "lang/lower-private.h"

uint32_t rs_read_helper(enum rs_space space)
{
	return space == RS_SPACE_USER ? RS_HELPER_probe_read_user : RS_HELPER_probe_read_kernel;
}

uint32_t rs_read_str_helper(enum rs_space space)
{
	return space == RS_SPACE_USER ? RS_HELPER_probe_read_user_str
				      : RS_HELPER_probe_read_kernel_str;
}

static unsigned load_size(const struct rs_type *type)
{
	unsigned size = type->kind == RS_TYPE_POINTER ? 8 : type->size;

	return size == 1 || size == 2 || size == 4 ? size : 8;
}

static bool load_signed(const struct rs_type *type)
{
	return rs_type_is_integer(type) && type->is_signed;
}

/* Bytes at the beginning of the record of a tracepoint that programs may not load: they may be read. */
#define TRACEPOINT_HIDDEN 8

/* The context is read at fixed places, aligned; where it begins differs by the program's type. */
static bool can_load_context(const struct rs_lower *l, int32_t offset, unsigned size)
{
	if (l->probe->type == RS_PROGRAM_TRACEPOINT && offset < TRACEPOINT_HIDDEN)
		return false;
	return offset % (int32_t)size == 0;
}

static bool can_load(const struct rs_lower *l, enum rs_space space, rs_reg address, int32_t offset,
		     unsigned size)
{
	if (space != RS_SPACE_BTF && space != RS_SPACE_BPF)
		return false;
	return address != l->ctx || can_load_context(l, offset, size);
}

/* What an iterator's context points to may be missing: the verifier forbids everything with such a pointer
 * before it was compared with NULL. As a number it can be read from. */
static bool is_watched(const struct rs_lower *l, rs_reg address, const struct rs_type *type)
{
	return address == l->ctx && l->probe->type == RS_PROGRAM_ITER &&
	       type->kind == RS_TYPE_POINTER && type->space == RS_SPACE_KERNEL;
}

rs_reg rs_lower_read(struct rs_lower *l, enum rs_space space, rs_reg address, int32_t offset,
		     const struct rs_type *type)
{
	unsigned size = load_size(type);
	struct rs_ir_slot slot;
	rs_reg to;

	if (can_load(l, space, address, offset, size)) {
		rs_lower_normalise(l, &address, &offset);
		to = rs_ir_load(l->f, address, offset, size, load_signed(type));
		return is_watched(l, address, type) ? rs_lower_number(l, to) : to;
	}
	slot = rs_ir_slot_new(l->f, 8);
	to = rs_ir_slot_address(l->f, slot);
	if (offset)
		address = rs_ir_binary_imm(l->f, RS_IR_ADD, address, offset);
	rs_lower_watch(
		l, RS_SITE_PROBE_READ, "probe_read",
		rs_ir_call_of(l->f, rs_read_helper(space), to, rs_ir_const(l->f, size), address));
	to = rs_ir_load(l->f, to, 0, size, load_signed(type));
	rs_ir_slot_free(l->f, slot);
	return to;
}

/* Of the context only that of tracepoints is memory as it is: others are translated word by word. */
bool rs_lower_can_load_words(const struct rs_lower *l, enum rs_space space, rs_reg address,
			     int32_t offset)
{
	if (space != RS_SPACE_BTF && space != RS_SPACE_BPF)
		return false;
	return address != l->ctx ||
	       (l->probe->type == RS_PROGRAM_TRACEPOINT && can_load_context(l, offset, 8));
}

rs_reg rs_lower_read_bytes(struct rs_lower *l, enum rs_space space, rs_reg address, int32_t offset,
			   uint32_t size, const struct rs_place_in_memory *to)
{
	rs_reg r;

	if (space == RS_SPACE_BPF && size <= RS_LOWER_COPY_INLINE &&
	    rs_lower_can_load_words(l, space, address, offset)) {
		rs_lower_copy(l, to, address, offset, size);
		return rs_ir_const(l->f, 0);
	}
	if (offset)
		address = rs_ir_binary_imm(l->f, RS_IR_ADD, address, offset);
	r = rs_ir_call_of(l->f, rs_read_helper(space), rs_place_address(l, to),
			  rs_ir_const(l->f, size), address);
	rs_lower_watch(l, RS_SITE_PROBE_READ, "probe_read", r);
	return r;
}
