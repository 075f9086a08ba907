/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where things are: fields, elements, what pointers point to. Offsets are added up on the way and nothing is read
 * before a value is needed, so that a.b.c costs one read.
 */

#include "lang/lower-private.h"

static uint32_t size_in_c(const struct rs_type *type)
{
	uint32_t size = type->kind == RS_TYPE_POINTER ? 8 : rs_type_sizeof(type);

	return size ? size : 1;
}

static enum rs_space pointer_space(const struct rs_lower *l, const struct rs_type *type)
{
	return type->kind == RS_TYPE_POINTER && type->space != RS_SPACE_UNKNOWN
		       ? type->space
		       : rs_probe_default_space(l->probe);
}

/* What the pointer points to. */
static struct rs_value pointee(struct rs_lower *l, struct rs_node *pointer,
			       const struct rs_type *type)
{
	enum rs_space space = pointer_space(l, pointer->type);

	return rs_value_remote(type, space, rs_lower_word(l, pointer), 0);
}

/* ---- fields ---- */

static bool is_tuple(const struct rs_type *type)
{
	return type->kind == RS_TYPE_TUPLE || type->kind == RS_TYPE_RECORD;
}

static int tuple_index(const struct rs_type *tuple, const char *name)
{
	char *end;
	unsigned long i = strtoul(name, &end, 10);

	if (*name && !*end)
		return i < tuple->n_fields ? (int)i : -1;
	for (i = 0; i < tuple->n_fields; i++)
		if (tuple->fields[i].name && !strcmp(tuple->fields[i].name, name))
			return (int)i;
	return -1;
}

static struct rs_value tuple_part(struct rs_lower *l, struct rs_node *node, int i)
{
	struct rs_node *of = node->a;
	struct rs_value base;

	if (i < 0)
		return rs_value_none();
	if (of->kind == RS_NODE_VAR && of->variable) {
		const struct rs_home *home = rs_lower_home(l, of->variable);

		if (home->kind == RS_HOME_PAIR)
			return rs_lower_pair_part(l, home, (unsigned)i, node->type);
	}
	base = rs_lower_location(l, of);
	if (base.where == RS_VALUE_WORD || !base.type || (unsigned)i >= base.type->n_fields)
		return rs_value_none();
	return rs_value_field(l, &base, &base.type->fields[i], base.type->fields[i].type);
}

static struct rs_value field_location(struct rs_lower *l, struct rs_node *node)
{
	const struct rs_type *type = node->a->type, *in = type;
	struct rs_value base;
	struct rs_field field;

	if (is_tuple(type))
		return tuple_part(l, node, tuple_index(type, node->text));
	if (type->kind == RS_TYPE_POINTER)
		in = type->element;
	in = rs_type_complete(l->sema->types, in);
	if (!rs_type_field(l->sema->types, in, node->text, &field))
		return rs_value_none();
	base = type->kind == RS_TYPE_POINTER ? pointee(l, node->a, in)
					     : rs_lower_location(l, node->a);
	if (base.where == RS_VALUE_WORD) /* a struct cannot be: nothing to read from */
		return rs_value_none();
	base.type = in;
	/* The node may be seen as a string already; what is there is an array. */
	if (!field.data_loc && rs_type_is_text(field.type))
		return rs_value_field(l, &base, &field, field.type);
	return rs_value_field(l, &base, &field, node->type);
}

/* ---- elements ---- */

/* Plain memory: the verifier wants to see that the element is there. Where it is not it is 0, and the first
 * one for what is no word. */
static rs_reg index_checked(struct rs_lower *l, rs_reg index, uint32_t count)
{
	rs_label inside = rs_ir_block_new(l->f), end = rs_ir_block_new(l->f);
	rs_reg at = rs_ir_reg_new(l->f);

	rs_ir_assign_const(l->f, at, 0);
	rs_ir_branch_imm(l->f, RS_IR_LT, index, count, inside, end);
	rs_ir_block_start(l->f, inside);
	rs_ir_assign(l->f, at, index);
	rs_ir_block_start(l->f, end);
	return at;
}

static rs_reg element_address(struct rs_lower *l, rs_reg base, rs_reg index, uint32_t size)
{
	return rs_ir_binary(l->f, RS_IR_ADD, base, rs_ir_binary_imm(l->f, RS_IR_MUL, index, size));
}

static struct rs_value word_checked(struct rs_lower *l, const struct rs_value *base, rs_reg index,
				    uint32_t size, uint32_t count, const struct rs_type *type)
{
	rs_label inside = rs_ir_block_new(l->f), end = rs_ir_block_new(l->f);
	rs_reg word = rs_ir_reg_new(l->f);
	struct rs_value element;

	rs_ir_assign_const(l->f, word, 0);
	rs_ir_branch_imm(l->f, RS_IR_LT, index, count, inside, end);
	rs_ir_block_start(l->f, inside);
	element = rs_value_remote(type, RS_SPACE_BPF, element_address(l, base->reg, index, size),
				  base->offset);
	rs_ir_assign(l->f, word, rs_value_to_word(l, &element));
	rs_ir_block_start(l->f, end);
	return rs_value_word(type, word);
}

static struct rs_value element_checked(struct rs_lower *l, const struct rs_value *base,
				       rs_reg index, uint32_t size, uint32_t count,
				       const struct rs_type *type)
{
	if (rs_type_is_word(type))
		return word_checked(l, base, index, size, count, type);
	index = index_checked(l, index, count);
	return rs_value_remote(type, RS_SPACE_BPF, element_address(l, base->reg, index, size),
			       base->offset);
}

/* Neither the context nor what BTF describes may be loaded from, or even pointed to, at an offset that is not
 * known: there it is a number that a helper reads from. */
static rs_reg as_number(struct rs_lower *l, rs_reg reg, enum rs_space space)
{
	if (space != RS_SPACE_BTF && space != RS_SPACE_BPF)
		return reg;
	return rs_lower_number(l, reg);
}

static struct rs_value element_at(struct rs_lower *l, const struct rs_value *base,
				  struct rs_node *index, uint32_t count, const struct rs_type *type)
{
	uint32_t size = size_in_c(type);
	enum rs_space space = rs_value_space(l, base);
	int64_t at = (int64_t)index->number * size;
	rs_reg reg;

	if (index->constant && at >= 0 && at <= INT32_MAX - 65536) {
		struct rs_value element = rs_value_remote(type, space, base->reg, base->offset);

		if (count && index->number >= count && space == RS_SPACE_BPF)
			return rs_value_word(type, rs_ir_const(l->f, 0));
		element.offset += (int32_t)at;
		return element;
	}
	reg = rs_lower_word(l, index);
	if (space == RS_SPACE_BPF && base->reg != l->ctx)
		return element_checked(l, base, reg, size, count, type);
	return rs_value_remote(type, space == RS_SPACE_USER ? space : RS_SPACE_KERNEL,
			       element_address(l, as_number(l, base->reg, space), reg, size),
			       base->offset);
}

static struct rs_value element_location(struct rs_lower *l, struct rs_node *node)
{
	const struct rs_type *type = node->a->type;
	struct rs_value base;
	uint32_t count;

	if (is_tuple(type))
		return tuple_part(l, node, node->b->constant ? (int)node->b->number : -1);
	if (type->kind == RS_TYPE_POINTER) {
		base = pointee(l, node->a, node->type);
		return element_at(l, &base, node->b, 0, node->type);
	}
	base = rs_lower_location(l, node->a);
	if (base.where == RS_VALUE_WORD || base.where == RS_VALUE_NONE)
		return rs_value_none();
	count = type->kind == RS_TYPE_ARRAY ? type->count : type->size;
	if (type->kind == RS_TYPE_BUFFER)
		base.offset += 8;
	return element_at(l, &base, node->b, count, node->type);
}

struct rs_value rs_lower_location(struct rs_lower *l, struct rs_node *node)
{
	switch (node->kind) {
	case RS_NODE_FIELD:
		return field_location(l, node);
	case RS_NODE_INDEX:
		return element_location(l, node);
	case RS_NODE_UNARY:
		if (node->op != RS_OPERATOR_DEREF)
			return rs_lower_value(l, node);
		return pointee(l, node->a, node->type);
	default:
		return rs_lower_value(l, node);
	}
}
