/* SPDX-License-Identifier: Apache-2.0 */

/* The semantic analysis as a whole: walks over all probes until no type changes, then one that reports. */

#include <errno.h>
#include <string.h>

#include "lang/sema-private.h"

/* Types only get wider, and by a few steps; so many rounds only a script needs that was made to. */
#define ROUNDS_MAX 256

/* ---- mistakes ---- */

_printf_(2, 0) static const char *format(struct rs_sema *s, const char *fmt, va_list ap)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(4096);
	const char *copy;

	rs_str_vappendf(&text, fmt, ap);
	copy = rs_arena_strndup(s->arena, text.data ? text.data : "", text.len);
	return copy ? copy : "out of memory";
}

/* What is wrong in the body for one of its places is mostly wrong for all of them: it is told once. */
static bool is_told(const struct rs_sema *s, struct rs_span span)
{
	const struct rs_diags *diags = s->diags;

	if (!s->probe || s->probe->body == s->program->script->clauses[s->probe->clause].body)
		return false;
	for (unsigned i = 0; i < diags->n; i++)
		if (memcmp(&diags->items[i].span, &span, sizeof(span)) == 0)
			return true;
	return false;
}

void rs_sema_error(struct rs_sema *s, struct rs_span span, const char *fmt, ...)
{
	va_list ap;

	s->mistakes++;
	s->reported = s->final && !is_told(s, span);
	if (!s->reported)
		return;
	va_start(ap, fmt);
	rs_diag_error(s->diags, span, "%s", format(s, fmt, ap));
	va_end(ap);
}

void rs_sema_warning(struct rs_sema *s, struct rs_span span, const char *fmt, ...)
{
	va_list ap;

	s->reported = s->final && s->options->warnings && !is_told(s, span);
	if (!s->reported)
		return;
	va_start(ap, fmt);
	rs_diag_warning(s->diags, span, "%s", format(s, fmt, ap));
	va_end(ap);
}

void rs_sema_hint(struct rs_sema *s, const char *fmt, ...)
{
	va_list ap;

	if (!s->reported)
		return;
	va_start(ap, fmt);
	rs_diag_hint(s->diags, "%s", format(s, fmt, ap));
	va_end(ap);
}

static const char *word_of(const struct rs_node *node)
{
	if (node->func)
		return node->func->name;
	return node->text ? node->text : "this";
}

bool rs_sema_need_provider(struct rs_sema *s, const struct rs_node *node, uint32_t mask)
{
	const char *names = "";

	if (mask >> s->probe->provider & 1)
		return true;
	rs_sema_error(s, node->span, "%s can not be used in a %s probe", word_of(node),
		      rs_provider_table[s->probe->provider].name);
	for (unsigned i = 0; i < RS_PROVIDER_COUNT && names && s->final; i++)
		if (mask >> i & 1)
			names = rs_arena_printf(s->arena, "%s%s%s", names, *names ? ", " : "",
						rs_provider_table[i].name);
	if (names && *names)
		rs_sema_hint(s, "it can in: %s", names);
	return false;
}

bool rs_sema_need_unsafe(struct rs_sema *s, const struct rs_node *node)
{
	s->program->needs_unsafe = true;
	if (s->options->unsafe)
		return true;
	rs_sema_error(s, node->span, "%s%s changes what other programs do", word_of(node),
		      node->kind == RS_NODE_CALL ? "()" : "");
	rs_sema_hint(s, "--unsafe allows it");
	return false;
}

/* ---- expressions ---- */

static void literal_text(struct rs_sema *s, struct rs_node *node)
{
	node->type = rs_type_string(s->types, node->text_len + 1);
	node->text_constant = true;
}

static void literal_number(struct rs_node *node)
{
	node->constant = true;
	if (node->kind == RS_NODE_BOOL)
		node->type = &rs_type_bool;
	else
		node->type = rs_type_int(8, node->number <= INT64_MAX);
}

static void parameter(struct rs_sema *s, struct rs_node *node)
{
	if (node->constant)
		node->type = rs_type_int64;
	else
		node->type = rs_type_string(s->types, node->text_len + 1);
}

static void ternary_values(struct rs_sema *s, struct rs_node *node, bool wanted)
{
	struct rs_node *yes = node->b ? node->b : node->a;
	const struct rs_type *both;

	if (node->b)
		wanted ? rs_sema_expr(s, node->b) : rs_sema_effect(s, node->b);
	wanted ? rs_sema_expr(s, node->c) : rs_sema_effect(s, node->c);
	if (!wanted && (yes->type->kind == RS_TYPE_NONE || node->c->type->kind == RS_TYPE_NONE)) {
		node->type = &rs_type_none;
		return;
	}
	both = rs_sema_merge(s, rs_sema_stored(s, yes->type), rs_sema_stored(s, node->c->type));
	if (both) {
		node->type = both;
		return;
	}
	rs_sema_error(s, node->span, "the two values have different types: %s and %s",
		      rs_sema_text(s, yes->type), rs_sema_text(s, node->c->type));
	node->type = &rs_type_unknown;
}

static void ternary(struct rs_sema *s, struct rs_node *node, bool wanted)
{
	const struct rs_node *taken;

	rs_sema_condition(s, node->a, "the condition of \"?\"");
	ternary_values(s, node, wanted);
	node->constant = false;
	if (!node->a->constant || !rs_type_is_integer(node->type))
		return;
	taken = node->a->number ? (node->b ? node->b : node->a) : node->c;
	node->constant = taken->constant;
	if (taken->constant)
		node->number = rs_sema_extend(taken->number, node->type);
}

static void tuple(struct rs_sema *s, struct rs_node *node)
{
	unsigned n = node->list.n;
	const struct rs_type **types = rs_arena_alloc_array(s->arena, n, sizeof(*types));

	node->type = &rs_type_unknown;
	if (!types)
		return;
	for (unsigned i = 0; i < n; i++) {
		struct rs_node *element = node->list.items[i];

		rs_sema_expr(s, element);
		types[i] = rs_sema_stored(s, element->type);
		if (rs_type_is_aggregate(types[i]))
			rs_sema_error(s, element->span, "%s can not be part of a tuple",
				      rs_sema_text(s, types[i]));
	}
	node->type = rs_type_tuple(s->types, n, types,
				   node->kind == RS_NODE_RECORD ? node->names : NULL);
}

static void check_names(struct rs_sema *s, const struct rs_node *node)
{
	for (unsigned i = 1; i < node->list.n && s->final; i++)
		for (unsigned j = 0; j < i; j++)
			if (strcmp(node->names[i], node->names[j]) == 0)
				rs_sema_error(s, node->list.items[i]->span, "\"%s\" is there twice",
					      node->names[i]);
}

static void block(struct rs_sema *s, struct rs_node *node, bool wanted)
{
	rs_sema_statements(s, &node->list);
	if (!node->a) {
		node->type = &rs_type_none;
		return;
	}
	if (wanted)
		rs_sema_expr(s, node->a);
	else
		rs_sema_effect(s, node->a);
	node->type = node->a->type;
}

static void variable(struct rs_node *node)
{
	node->type = node->variable ? node->variable->type : &rs_type_unknown;
}

static void type_node(struct rs_sema *s, struct rs_node *node)
{
	node->type = rs_sema_type_name(s, node->type_name, NULL);
}

static void type_expression(struct rs_sema *s, struct rs_node *node, bool wanted)
{
	switch (node->kind) {
	case RS_NODE_INT:
	case RS_NODE_BOOL:
		literal_number(node);
		break;
	case RS_NODE_STRING:
		literal_text(s, node);
		break;
	case RS_NODE_PARAM:
		parameter(s, node);
		break;
	case RS_NODE_NAME:
		rs_sema_name(s, node);
		break;
	case RS_NODE_VAR:
		variable(node);
		break;
	case RS_NODE_MAP:
		rs_sema_map_read(s, node);
		break;
	case RS_NODE_CALL:
		rs_sema_call(s, node);
		break;
	case RS_NODE_UNARY:
		rs_sema_unary(s, node);
		break;
	case RS_NODE_BINARY:
		rs_sema_binary(s, node);
		break;
	case RS_NODE_TERNARY:
		ternary(s, node, wanted);
		break;
	case RS_NODE_CAST:
		rs_sema_cast(s, node);
		break;
	case RS_NODE_FIELD:
		rs_sema_field(s, node);
		break;
	case RS_NODE_INDEX:
		rs_sema_index(s, node);
		break;
	case RS_NODE_RECORD:
		check_names(s, node);
		_fallthrough_;
	case RS_NODE_TUPLE:
		tuple(s, node);
		break;
	case RS_NODE_SIZEOF:
		rs_sema_sizeof(s, node);
		break;
	case RS_NODE_OFFSETOF:
		rs_sema_offsetof(s, node);
		break;
	case RS_NODE_BLOCK_EXPR:
		block(s, node, wanted);
		break;
	case RS_NODE_TYPE:
		type_node(s, node);
		break;
	default:
		node->type = &rs_type_unknown;
	}
}

/* What nobody said the space of is where the probe's addresses are. */
static const struct rs_type *settle_space(struct rs_sema *s, const struct rs_type *type)
{
	const struct rs_type *moved;

	if (type->space != RS_SPACE_UNKNOWN ||
	    (type->kind != RS_TYPE_POINTER && type->kind != RS_TYPE_STRUCT &&
	     type->kind != RS_TYPE_ARRAY))
		return type;
	moved = rs_type_in_space(s->types, type, rs_probe_default_space(s->probe));
	return moved ? moved : type;
}

static void check_comptime(struct rs_sema *s, const struct rs_node *node)
{
	if (node->comptime && !node->constant && !node->text_constant &&
	    !rs_sema_unknown(node->type))
		rs_sema_error(s, node->span, "the value of comptime must be known in advance");
}

void rs_sema_effect(struct rs_sema *s, struct rs_node *node)
{
	type_expression(s, node, false);
	if (!node->type) {
		s->diags->out_of_memory = true;
		node->type = &rs_type_unknown;
	}
	node->type = settle_space(s, node->type);
}

void rs_sema_expr(struct rs_sema *s, struct rs_node *node)
{
	type_expression(s, node, true);
	if (!node->type) {
		s->diags->out_of_memory = true;
		node->type = &rs_type_unknown;
	}
	if (node->type->kind == RS_TYPE_NONE) {
		rs_sema_error(s, node->span, "%s%s has no value", word_of(node),
			      node->kind == RS_NODE_CALL ? "()" : "");
		node->type = &rs_type_unknown;
	}
	node->type = settle_space(s, node->type);
	check_comptime(s, node);
}

/* ---- the walk ---- */

static void walk_probe(struct rs_sema *s, struct rs_probe *probe)
{
	s->probe = probe;
	s->loop_depth = 0;
	if (probe->predicate)
		rs_sema_condition(s, probe->predicate, "the predicate");
	rs_sema_statements(s, &probe->body->list);
}

static void walk(struct rs_sema *s)
{
	s->changed = false;
	for (unsigned i = 0; i < s->program->n_probes; i++)
		walk_probe(s, s->program->probes[i]);
	for (unsigned i = 0; i < s->n_ghosts && !s->final; i++)
		walk_probe(s, s->ghosts[i]);
}

static void infer(struct rs_sema *s)
{
	for (unsigned i = 0; i < ROUNDS_MAX && !s->diags->out_of_memory; i++) {
		walk(s);
		if (!s->changed)
			return;
	}
	if (!s->diags->out_of_memory)
		rs_diag_error(
			s->diags, s->program->script->clauses[0].span,
			"the types of variables and maps depend on each other in too long a chain");
}

static bool guess_variables(struct rs_probe *probe)
{
	bool any = false;

	for (unsigned i = 0; i < probe->n_variables; i++) {
		struct rs_variable *variable = probe->variables[i];

		if (!rs_sema_unknown(variable->type))
			continue;
		variable->type = rs_type_int64;
		any = true;
	}
	return any;
}

/* Nothing is wrong, and still nobody says what some of them hold: what was never assigned, or filled only by
 * probes that are not there. Those are numbers. */
static bool guess(struct rs_sema *s)
{
	bool any = false;

	s->mistakes = 0;
	for (unsigned i = 0; i < s->program->n_probes; i++)
		walk_probe(s, s->program->probes[i]);
	if (s->mistakes)
		return false;
	for (unsigned i = 0; i < s->program->n_probes; i++)
		any |= guess_variables(s->program->probes[i]);
	return rs_sema_map_guess(s) || any;
}

int rs_lang_analyse(struct rs_sema *s)
{
	unsigned errors = s->diags->n_errors;

	s->final = false;
	rs_sema_map_declare(s);
	for (unsigned i = 0; i < s->program->n_probes; i++)
		rs_sema_bind(s, s->program->probes[i]);
	for (unsigned i = 0; i < s->n_ghosts; i++)
		rs_sema_bind(s, s->ghosts[i]);
	infer(s);
	if (s->diags->n_errors == errors && guess(s))
		infer(s);
	s->final = true;
	walk(s);
	rs_sema_map_finish(s);
	if (s->diags->out_of_memory)
		return -ENOMEM;
	return s->diags->n_errors > errors ? -EINVAL : 0;
}
