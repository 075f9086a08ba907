/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/fn.h"

#include <string.h>

/* ---- checking ---- */

void rs_fn_set_number(struct rs_node *call, const struct rs_type *type, uint64_t number)
{
	call->type = type;
	call->constant = true;
	call->number = number;
}

void rs_fn_set_text(struct rs_sema *s, struct rs_node *call, const char *text, size_t len)
{
	call->type = rs_fn_string(s, len + 1);
	call->extra = rs_fn_text_node(s, call->span, text, len);
}

struct rs_node *rs_fn_text_node(struct rs_sema *s, struct rs_span span, const char *text,
				size_t len)
{
	struct rs_node *node = rs_arena_new(s->arena, struct rs_node);

	if (!node) {
		s->diags->out_of_memory = true;
		return NULL;
	}
	node->kind = RS_NODE_STRING;
	node->span = span;
	node->text = rs_arena_strndup(s->arena, text, len);
	node->text_len = (uint32_t)len;
	node->text_constant = true;
	node->type = rs_fn_string(s, len + 1);
	if (!node->text) {
		s->diags->out_of_memory = true;
		return NULL;
	}
	return node;
}

static const struct rs_type *or_unknown(struct rs_sema *s, const struct rs_type *type)
{
	if (type)
		return type;
	s->diags->out_of_memory = true;
	return &rs_type_unknown;
}

const struct rs_type *rs_fn_simple(struct rs_sema *s, enum rs_type_kind kind)
{
	return or_unknown(s, rs_type_simple(s->types, kind));
}

const struct rs_type *rs_fn_string(struct rs_sema *s, uint64_t size)
{
	return or_unknown(s, rs_type_string(s->types, (uint32_t)MIN(size, UINT32_MAX)));
}

int rs_fn_word_of(const struct rs_node *node, const char *const *words, unsigned n)
{
	if (!node || node->kind != RS_NODE_NAME || !node->text)
		return -1;
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(node->text, words[i]))
			return (int)i;
	return -1;
}

const struct rs_type *rs_fn_task_type(struct rs_sema *s)
{
	const struct rs_type *task = rs_types_find(s->types, "struct task_struct");
	enum rs_space space = RS_SPACE_KERNEL;

	if (!task)
		return NULL;
	/* A struct of the script's own tells the verifier nothing. */
	if (task->btf_id && rs_lang_has(s->source, task_btf))
		space = RS_SPACE_BTF;
	return rs_type_pointer(s->types, task, space);
}

/* ---- reading ---- */

static enum rs_space space_of(struct rs_lower *l, const struct rs_value *value)
{
	enum rs_space space = value->where == RS_VALUE_REMOTE ? value->space : RS_SPACE_UNKNOWN;

	if (space == RS_SPACE_UNKNOWN && value->type)
		space = value->type->space;
	return space == RS_SPACE_UNKNOWN ? rs_probe_default_space(l->probe) : space;
}

static rs_reg address_of(struct rs_lower *l, const struct rs_value *value)
{
	if (!value->offset)
		return value->reg;
	return rs_ir_binary_imm(l->f, RS_IR_ADD, value->reg, value->offset);
}

struct rs_fn_bytes rs_fn_bytes(struct rs_lower *l, struct rs_node *node)
{
	struct rs_value value = rs_lower_value(l, node);
	const struct rs_type *type = value.type;

	if (value.where != RS_VALUE_WORD && rs_type_is_word(type))
		value = rs_value_word(type, rs_value_to_word(l, &value));
	if (value.where == RS_VALUE_WORD)
		return (struct rs_fn_bytes){ value.reg, space_of(l, &value), 0 };
	if (value.where == RS_VALUE_REMOTE)
		return (struct rs_fn_bytes){ address_of(l, &value), space_of(l, &value),
					     rs_type_sizeof(type) };
	if (type->kind == RS_TYPE_BUFFER)
		value.offset += 8;
	return (struct rs_fn_bytes){ address_of(l, &value), RS_SPACE_BPF,
				     rs_type_slot(type) - (type->kind == RS_TYPE_BUFFER ? 8 : 0) };
}

static rs_reg read_by(struct rs_lower *l, uint32_t helper, const struct rs_fn_bytes *from,
		      const struct rs_place_in_memory *to, rs_reg size, uint32_t number)
{
	rs_reg n = size ? size : rs_ir_const(l->f, number);
	rs_reg r = rs_ir_call_of(l->f, helper, rs_place_address(l, to), n, from->address);

	rs_lower_watch(l, RS_SITE_PROBE_READ, "probe_read", r);
	return r;
}

/* Memory of ours and what the verifier knows are kernel addresses too. */
static enum rs_space readable(enum rs_space space)
{
	return space == RS_SPACE_USER ? RS_SPACE_USER : RS_SPACE_KERNEL;
}

rs_reg rs_fn_read(struct rs_lower *l, const struct rs_fn_bytes *from,
		  const struct rs_place_in_memory *to, rs_reg size, uint32_t number)
{
	return read_by(l, rs_read_helper(readable(from->space)), from, to, size, number);
}

rs_reg rs_fn_read_string(struct rs_lower *l, const struct rs_fn_bytes *from,
			 const struct rs_place_in_memory *to, rs_reg size, uint32_t number)
{
	return read_by(l, rs_read_str_helper(readable(from->space)), from, to, size, number);
}

void rs_fn_text_into(struct rs_lower *l, struct rs_node *call, const struct rs_place_in_memory *to)
{
	const struct rs_node *text = call->extra;
	struct rs_node *cut = (struct rs_node *)text;

	if (!text || !call->type->size)
		return;
	if (text->type->size > call->type->size)
		cut = rs_fn_text_node(l->sema, call->span, text->text, call->type->size - 1);
	if (cut)
		rs_lower_into_as(l, cut, call->type, to);
}

/* ---- numbers ---- */

rs_reg rs_fn_limit(struct rs_lower *l, rs_reg a, uint64_t max)
{
	rs_label above = rs_ir_block_new(l->f);
	rs_label done = rs_ir_block_new(l->f);
	rs_reg r = rs_ir_copy(l->f, a);

	rs_ir_branch_imm(l->f, RS_IR_GT, r, (int64_t)max, above, done);
	rs_ir_block_start(l->f, above);
	rs_ir_assign_const(l->f, r, (int64_t)max);
	rs_ir_block_start(l->f, done);
	return r;
}

rs_reg rs_fn_at_most(struct rs_lower *l, struct rs_node *node, uint64_t max)
{
	if (node->constant)
		return rs_ir_const(l->f, (int64_t)MIN(node->number, max));
	return rs_fn_limit(l, rs_lower_word(l, node), max);
}

rs_reg rs_fn_string_used(struct rs_lower *l, rs_reg r)
{
	rs_label failed = rs_ir_block_new(l->f);
	rs_label done = rs_ir_block_new(l->f);

	rs_ir_branch_imm(l->f, RS_IR_SLE, r, 0, failed, done);
	rs_ir_block_start(l->f, failed);
	rs_ir_block_cold(l->f);
	rs_ir_assign_const(l->f, r, 1);
	rs_ir_block_start(l->f, done);
	return r;
}

void rs_fn_pad(struct rs_lower *l, const struct rs_place_in_memory *to)
{
	if (!to->zeroed && !to->loose)
		rs_place_zero(l, to);
}

/* As our pid namespace numbers it: the runtime looks there, in its /proc. */
rs_reg rs_fn_tgid(struct rs_lower *l)
{
	return rs_ir_binary_imm(l->f, RS_IR_SHR, rs_lower_pid_tgid(l), 32);
}

/* ---- what is printed ---- */

/* str(node) */
static struct rs_node *as_text(struct rs_lower *l, struct rs_node *node)
{
	struct rs_node *call = rs_arena_new(l->sema->arena, struct rs_node);
	struct rs_node **args = rs_arena_alloc_array(l->sema->arena, 1, sizeof(struct rs_node *));

	if (!call || !args) {
		l->sema->diags->out_of_memory = true;
		return node;
	}
	args[0] = node;
	call->kind = RS_NODE_CALL;
	call->span = node->span;
	call->func = rs_func_find("str");
	call->text = call->func->name;
	call->list = (struct rs_node_list){ args, 1 };
	call->type = rs_fn_string(l->sema, (uint64_t)node->type->count + 1);
	return call;
}

static const struct rs_type *without_common(struct rs_lower *l, const struct rs_type *type)
{
	struct rs_field *fields = rs_arena_alloc_array(l->sema->arena, type->n_fields + 1,
						       sizeof(*fields));
	struct rs_type *copy = rs_type_copy(l->sema->types, type);

	if (!fields || !copy) {
		l->sema->diags->out_of_memory = true;
		return type;
	}
	copy->n_fields = 0;
	for (uint32_t i = 0; i < type->n_fields; i++)
		if (strncmp(type->fields[i].name, "common_", 7) != 0)
			fields[copy->n_fields++] = type->fields[i];
	copy->fields = fields;
	return copy;
}

struct rs_node *rs_fn_shown(struct rs_lower *l, struct rs_node *node)
{
	const struct rs_type *type = rs_type_complete_deep(l->sema->types, node->type);

	if (rs_type_is_text(type) && type->count)
		return as_text(l, node);
	if (type->kind == RS_TYPE_STRUCT && type->is_volatile_ctx)
		type = without_common(l, type);
	node->type = type;
	return node;
}

void rs_fn_shown_all(struct rs_lower *l, const struct rs_node_list *list, unsigned from)
{
	for (unsigned i = from; i < list->n; i++)
		list->items[i] = rs_fn_shown(l, list->items[i]);
}

/* ---- records ---- */

void rs_fn_send(struct rs_lower *l, struct rs_node *call, enum rs_action_kind kind, unsigned n,
		const rs_reg *words)
{
	struct rs_action *action = rs_program_action(l->program, kind, call->span);

	if (action)
		rs_lower_record_words(l, action, n, words);
}

/* ---- paths of fields ---- */

static bool step(struct rs_sema *s, const struct rs_type *type, const char *name,
		 struct rs_field *ret)
{
	const struct rs_type *of = type->kind == RS_TYPE_POINTER ? type->element : type;

	return of && of->kind == RS_TYPE_STRUCT && rs_type_field(s->types, of, name, ret);
}

const struct rs_type *rs_fn_path_type(struct rs_sema *s, const struct rs_type *type,
				      const char *const *path)
{
	struct rs_field field;

	for (; *path; path++) {
		if (!step(s, type, *path, &field))
			return NULL;
		type = field.type;
	}
	return type;
}

struct rs_value rs_fn_path(struct rs_lower *l, rs_reg pointer, enum rs_space space,
			   const struct rs_type *type, const char *const *path)
{
	int32_t offset = 0;
	struct rs_field field = { 0 };

	for (unsigned i = 0; path[i]; i++) {
		if (!step(l->sema, type, path[i], &field))
			return rs_value_word(rs_type_uint64, rs_ir_const(l->f, 0));
		if (i && type->kind == RS_TYPE_POINTER) {
			pointer = rs_lower_read(l, space, pointer, offset, type);
			offset = 0;
		}
		offset += (int32_t)field.offset;
		type = field.type;
	}
	if (rs_type_is_word(type))
		return rs_value_word(type, rs_lower_read(l, space, pointer, offset, type));
	return rs_value_remote(type, space, pointer, offset);
}
