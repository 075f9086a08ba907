/* SPDX-License-Identifier: Apache-2.0 */

/* Addresses and their names: ksym usym kaddr uaddr reg, pointers: kptr uptr container_of. Stacks: fn-stack.c. */

#include <string.h>

#include "lang/fn-stack.h"
#include "lang/list.h"

/* ---- ksym, usym ---- */

static void check_symbol(struct rs_sema *s, struct rs_node *call, enum rs_type_kind kind)
{
	const struct rs_node *address = rs_fn_arg(call, 0);

	call->type = rs_fn_simple(s, kind);
	if (rs_fn_is_address(address) || rs_fn_kind(address) == kind)
		return;
	rs_sema_error(s, address->span, "%s: expects an address, not %s", rs_fn_name(call),
		      rs_sema_text(s, address->type));
}

static void check_ksym(struct rs_sema *s, struct rs_node *call)
{
	check_symbol(s, call, RS_TYPE_KSYM);
}

static void check_usym(struct rs_sema *s, struct rs_node *call)
{
	check_symbol(s, call, RS_TYPE_USYM);
}

/* The address as a number, also of pointers that the verifier watches. */
static rs_reg address_word(struct rs_lower *l, struct rs_node *call)
{
	struct rs_value value = rs_lower_value(l, rs_fn_arg(call, 0));

	return rs_value_as_number(l, &value);
}

static struct rs_value lower_ksym(struct rs_lower *l, struct rs_node *call)
{
	return rs_value_word(call->type, address_word(l, call));
}

static void usym_into(struct rs_lower *l, struct rs_node *call, const struct rs_place_in_memory *to)
{
	rs_reg tgid, address;

	if (rs_fn_kind(rs_fn_arg(call, 0)) == RS_TYPE_USYM) {
		rs_lower_into(l, rs_fn_arg(call, 0), to);
		return;
	}
	address = address_word(l, call);
	rs_ir_store(l->f, to->reg, to->offset, 8, address);
	tgid = rs_fn_tgid(l);
	rs_ir_store(l->f, to->reg, to->offset + 8, 8, tgid);
	rs_fn_tell_address(l, tgid, address);
}

/* ---- kaddr, uaddr ---- */

static void check_kaddr(struct rs_sema *s, struct rs_node *call)
{
	const char *name;
	uint32_t len;
	uint64_t address = 0;

	rs_fn_set_number(call, rs_type_uint64, call->number);
	if (!rs_sema_arg_text(s, call, 0, &name, &len) || !s->final)
		return;
	if (s->source->kernel_address &&
	    s->source->kernel_address(s->source->ctx, name, &address)) {
		call->number = address;
		return;
	}
	rs_sema_error(s, rs_fn_arg(call, 0)->span, "kaddr: the kernel has no symbol \"%s\"", name);
	rs_sema_hint(s,
		     "/proc/kallsyms lists them; variables need a kernel with CONFIG_KALLSYMS_ALL");
}

static struct rs_value lower_constant(struct rs_lower *l, struct rs_node *call)
{
	return rs_value_word(call->type, rs_ir_const(l->f, (int64_t)call->number));
}

#define IN_BINARIES                                                                                \
	(RS_PROVIDER_MASK(UPROBE) | RS_PROVIDER_MASK(URETPROBE) | RS_PROVIDER_MASK(USDT))

static bool user_address(struct rs_sema *s, const struct rs_probe *probe, const char *name,
			 uint64_t *ret)
{
	return probe->n_places && s->source->user_address &&
	       s->source->user_address(s->source->ctx, probe->places[0].point.target, name, ret);
}

static void check_uaddr(struct rs_sema *s, struct rs_node *call)
{
	const struct rs_type *type = rs_type_pointer(s->types, rs_type_uint64, RS_SPACE_USER);
	const char *name;
	uint32_t len;
	uint64_t address = 0;

	call->type = type ? type : &rs_type_unknown;
	if (!rs_sema_need_provider(s, call, IN_BINARIES) ||
	    !rs_sema_arg_text(s, call, 0, &name, &len))
		return;
	if (!s->final)
		return;
	if (user_address(s, s->probe, name, &address)) {
		call->number = address;
		return;
	}
	rs_sema_error(s, rs_fn_arg(call, 0)->span, "uaddr: %s has no symbol \"%s\"",
		      s->probe->n_places ? s->probe->places[0].point.target : "the binary", name);
}

/*
 * The address in the file, moved by as much as the probe's own instruction is: where it stands in memory is in
 * the registers, and where it stands in the file is known when it is named by its function. Elsewhere the file's
 * address is all there is, right for binaries that are not moved.
 */
static struct rs_value lower_uaddr(struct rs_lower *l, struct rs_node *call)
{
	const struct rs_place *place = l->probe->n_places == 1 ? &l->probe->places[0] : NULL;
	uint64_t here = 0;
	rs_reg ip;

	if (!place || l->probe->provider != RS_PROVIDER_UPROBE || !place->point.name[0] ||
	    !user_address(l->sema, l->probe, place->point.name, &here))
		return rs_value_word(call->type, rs_ir_const(l->f, (int64_t)call->number));
	ip = rs_ir_load(l->f, l->ctx, rs_regs_ip(), 8, false);
	return rs_value_word(
		call->type, rs_ir_binary_imm(l->f, RS_IR_ADD, ip,
					     (int64_t)(call->number - here - place->point.offset)));
}

/* ---- reg ---- */

#define HAVE_REGISTERS                                                                             \
	(RS_PROVIDER_MASK(KPROBE) | RS_PROVIDER_MASK(KRETPROBE) | IN_BINARIES |                    \
	 RS_PROVIDER_MASK(PROFILE) | RS_PROVIDER_MASK(SOFTWARE) | RS_PROVIDER_MASK(HARDWARE) |     \
	 RS_PROVIDER_MASK(WATCHPOINT))

static void check_reg(struct rs_sema *s, struct rs_node *call)
{
	const char *name;
	uint32_t len;

	call->type = rs_type_uint64;
	if (!rs_sema_need_provider(s, call, HAVE_REGISTERS) ||
	    !rs_sema_arg_text(s, call, 0, &name, &len))
		return;
	if (rs_regs_offset(name) < 0)
		rs_sema_error(s, rs_fn_arg(call, 0)->span,
			      "reg: this machine has no register \"%s\"", name);
}

static struct rs_value lower_reg(struct rs_lower *l, struct rs_node *call)
{
	int offset = rs_regs_offset(rs_fn_arg(call, 0)->text);

	return rs_value_word(call->type, rs_ir_load(l->f, l->ctx, offset, 8, false));
}

/* ---- kptr, uptr ---- */

static void check_pointer(struct rs_sema *s, struct rs_node *call)
{
	const struct rs_node *what = rs_fn_arg(call, 0);
	enum rs_space space = call->func->name[0] == 'u' ? RS_SPACE_USER : RS_SPACE_KERNEL;
	const struct rs_type *type = NULL;

	call->type = &rs_type_unknown;
	switch (rs_fn_kind(what)) {
	case RS_TYPE_UNKNOWN:
		return;
	case RS_TYPE_POINTER:
		type = rs_type_in_space(s->types, what->type, space);
		break;
	case RS_TYPE_INT:
		type = rs_type_pointer(s->types, &rs_type_char, space);
		break;
	default:
		rs_sema_error(s, what->span, "%s: expects a pointer or an address, not %s",
			      rs_fn_name(call), rs_sema_text(s, what->type));
	}
	if (type)
		call->type = type;
}

static struct rs_value lower_pointer(struct rs_lower *l, struct rs_node *call)
{
	return rs_value_word(call->type, address_word(l, call));
}

/* ---- container_of ---- */

/* a.b as the names a and b; false: it is nothing of that sort. */
static bool field_path(struct rs_sema *s, const struct rs_node *path, struct rs_node *offset)
{
	if (path->kind == RS_NODE_FIELD && !field_path(s, path->a, offset))
		return false;
	if (path->kind != RS_NODE_FIELD && path->kind != RS_NODE_NAME)
		return false;
	if (!rs_list_add(s->arena, offset->names, offset->n_names, path->text))
		s->diags->out_of_memory = true;
	return true;
}

/* offsetof(type, field), of the second and third argument. NULL: said so. */
static struct rs_node *field_offset(struct rs_sema *s, struct rs_node *call)
{
	struct rs_node *type = rs_fn_arg(call, 1), *field = rs_fn_arg(call, 2);
	struct rs_node *offset = rs_arena_new(s->arena, struct rs_node);

	if (!offset) {
		s->diags->out_of_memory = true;
		return NULL;
	}
	offset->kind = RS_NODE_OFFSETOF;
	offset->span = field->span;
	offset->type_name = type->kind == RS_NODE_TYPE ? type->type_name : NULL;
	offset->a = offset->type_name ? NULL : type;
	if ((!offset->type_name && type->kind != RS_NODE_NAME) || !field_path(s, field, offset)) {
		rs_sema_error(s, call->span, "container_of: expects a pointer, a type and a field");
		rs_sema_hint(s, "as in container_of($p, struct request, tag_set.nr)");
		return NULL;
	}
	rs_sema_expr(s, offset);
	return offset;
}

static void check_container_of(struct rs_sema *s, struct rs_node *call)
{
	struct rs_node *pointer = rs_fn_arg(call, 0), *type = rs_fn_arg(call, 1);
	struct rs_node *offset = field_offset(s, call);
	enum rs_space space;

	call->type = &rs_type_unknown;
	rs_sema_expr(s, pointer);
	call->extra = offset;
	if (!offset || rs_fn_kind(pointer) == RS_TYPE_UNKNOWN)
		return;
	if (!rs_fn_is_address(pointer)) {
		rs_sema_error(s, pointer->span, "container_of: expects a pointer, not %s",
			      rs_sema_text(s, pointer->type));
		return;
	}
	if (type->kind == RS_NODE_TYPE)
		rs_sema_expr(s, type);
	/* The verifier follows no pointer that was moved back. */
	space = pointer->type->space == RS_SPACE_USER ? RS_SPACE_USER : RS_SPACE_KERNEL;
	if (type->type && rs_fn_kind(type) != RS_TYPE_UNKNOWN)
		call->type = rs_type_pointer(s->types, type->type, space);
	if (!call->type)
		call->type = &rs_type_unknown;
}

static struct rs_value lower_container_of(struct rs_lower *l, struct rs_node *call)
{
	const struct rs_node *offset = call->extra;
	rs_reg address = address_word(l, call);

	return rs_value_word(call->type,
			     rs_ir_binary_imm(l->f, RS_IR_SUB, address, (int64_t)offset->number));
}

/* ---- not here ---- */

static void check_percpu_kaddr(struct rs_sema *s, struct rs_node *call)
{
	call->type = &rs_type_unknown;
	rs_sema_error(s, call->span, "percpu_kaddr: variables of each CPU can not be reached yet");
}

/* ---- rows ---- */

const struct rs_func_row rs_func_symbol[] = {
	{ .name = "ksym",
	  .min_args = 1,
	  .max_args = 1,
	  .usage = "ksym(address)",
	  .check = check_ksym,
	  .lower = lower_ksym },
	{ .name = "usym",
	  .min_args = 1,
	  .max_args = 1,
	  .usage = "usym(address)",
	  .check = check_usym,
	  .into = usym_into },
	{ .name = "kaddr",
	  .min_args = 1,
	  .max_args = 1,
	  .flags = RS_FUNC_CONSTANT,
	  .usage = "kaddr(\"symbol\")",
	  .check = check_kaddr,
	  .lower = lower_constant },
	{ .name = "uaddr",
	  .min_args = 1,
	  .max_args = 1,
	  .usage = "uaddr(\"symbol\")",
	  .check = check_uaddr,
	  .lower = lower_uaddr },
	{ .name = "percpu_kaddr",
	  .min_args = 1,
	  .max_args = 2,
	  .usage = "percpu_kaddr(\"symbol\"[, cpu])",
	  .check = check_percpu_kaddr },
	{ .name = "reg",
	  .min_args = 1,
	  .max_args = 1,
	  .usage = "reg(\"name\")",
	  .check = check_reg,
	  .lower = lower_reg },
	{ .name = "kptr",
	  .min_args = 1,
	  .max_args = 1,
	  .usage = "kptr(pointer)",
	  .check = check_pointer,
	  .lower = lower_pointer },
	{ .name = "uptr",
	  .min_args = 1,
	  .max_args = 1,
	  .usage = "uptr(pointer)",
	  .check = check_pointer,
	  .lower = lower_pointer },
	{ .name = "container_of",
	  .min_args = 3,
	  .max_args = 3,
	  .flags = RS_FUNC_TYPED_BY_CHECK,
	  .usage = "container_of(pointer, type, field)",
	  .check = check_container_of,
	  .lower = lower_container_of },
	{ .name = "kstack",
	  .max_args = 2,
	  .flags = RS_FUNC_BARE | RS_FUNC_TYPED_BY_CHECK,
	  .usage = "kstack([bpftrace|perf|raw][, frames])",
	  .check = rs_fn_check_stack,
	  .into = rs_fn_stack_into },
	{ .name = "ustack",
	  .max_args = 2,
	  .flags = RS_FUNC_BARE | RS_FUNC_TYPED_BY_CHECK,
	  .usage = "ustack([bpftrace|perf|raw][, frames])",
	  .check = rs_fn_check_stack,
	  .into = rs_fn_stack_into },
	{ 0 },
};
