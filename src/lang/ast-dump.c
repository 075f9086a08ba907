/* SPDX-License-Identifier: Apache-2.0 */
/* The tree as text: one node a line, what is below it indented. */
#include "lang/ast.h"
#include "lang/type.h"

#define INDENT 2

struct row {
	const char *name;
	const char *parts[3]; /* what a, b, c are; "" needs no word */
	const char *list, *other;
};

static const struct row rows[RS_NODE_KIND_COUNT] = {
	[RS_NODE_INT] = { .name = "int" },
	[RS_NODE_BOOL] = { .name = "bool" },
	[RS_NODE_STRING] = { .name = "string" },
	[RS_NODE_NAME] = { .name = "name" },
	[RS_NODE_PARAM] = { .name = "param" },
	[RS_NODE_VAR] = { .name = "var" },
	[RS_NODE_MAP] = { .name = "map", .list = "" },
	[RS_NODE_CALL] = { .name = "call", .list = "" },
	[RS_NODE_UNARY] = { .name = "unary", .parts = { "" } },
	[RS_NODE_BINARY] = { .name = "binary", .parts = { "", "" } },
	[RS_NODE_TERNARY] = { .name = "ternary", .parts = { "if", "then", "else" } },
	[RS_NODE_CAST] = { .name = "cast", .parts = { "" } },
	[RS_NODE_FIELD] = { .name = "field", .parts = { "" } },
	[RS_NODE_INDEX] = { .name = "index", .parts = { "", "" } },
	[RS_NODE_TUPLE] = { .name = "tuple", .list = "" },
	[RS_NODE_RECORD] = { .name = "record", .list = "" },
	[RS_NODE_SIZEOF] = { .name = "sizeof", .parts = { "" } },
	[RS_NODE_OFFSETOF] = { .name = "offsetof", .parts = { "" } },
	[RS_NODE_BLOCK_EXPR] = { .name = "block", .parts = { "value" }, .list = "" },
	[RS_NODE_TYPE] = { .name = "type" },
	[RS_NODE_EXPR_STMT] = { .name = "do", .parts = { "" } },
	[RS_NODE_ASSIGN] = { .name = "assign", .parts = { "", "" } },
	[RS_NODE_LET] = { .name = "let", .parts = { "" } },
	[RS_NODE_IF] = { .name = "if", .parts = { "" }, .list = "then", .other = "else" },
	[RS_NODE_WHILE] = { .name = "while", .parts = { "" }, .list = "body" },
	[RS_NODE_UNROLL] = { .name = "unroll", .parts = { "" }, .list = "body" },
	[RS_NODE_FOR_MAP] = { .name = "for", .parts = { "", "in" }, .list = "body" },
	[RS_NODE_FOR_RANGE] = { .name = "for", .parts = { "", "from", "to" }, .list = "body" },
	[RS_NODE_BREAK] = { .name = "break" },
	[RS_NODE_CONTINUE] = { .name = "continue" },
	[RS_NODE_RETURN] = { .name = "return", .parts = { "" } },
	[RS_NODE_BLOCK] = { .name = "block", .list = "" },
};

static void begin_line(struct rs_str *out, unsigned indent)
{
	rs_str_append_fill(out, ' ', (size_t)indent * INDENT);
}

static void quoted(struct rs_str *out, const char *text, size_t len)
{
	rs_str_append_char(out, '"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			rs_str_appendf(out, "\\%c", c);
		else if (c == '\n')
			rs_str_append_cstr(out, "\\n");
		else if (c < ' ' || c >= 0x7f)
			rs_str_appendf(out, "\\x%02x", c);
		else
			rs_str_append_char(out, (char)c);
	}
	rs_str_append_char(out, '"');
}

static void type_name(struct rs_str *out, const struct rs_type_name *type)
{
	if (type->n_elements) {
		for (unsigned i = 0; i < type->n_elements; i++) {
			rs_str_append_cstr(out, i ? ", " : "(");
			type_name(out, type->elements[i]);
		}
		rs_str_append_char(out, ')');
	} else {
		rs_str_append_cstr(out, type->base);
	}
	if (type->pointers)
		rs_str_append_char(out, ' ');
	rs_str_append_fill(out, '*', type->pointers);
	for (unsigned i = 0; i < type->n_dims; i++) {
		if (type->dims[i])
			rs_str_appendf(out, "[%llu]", (unsigned long long)type->dims[i]);
		else
			rs_str_append_cstr(out, "[]");
	}
}

/* What the node itself says, behind its name. */
static void details(struct rs_str *out, const struct rs_node *node)
{
	bool post = node->op == RS_OPERATOR_POST_INC || node->op == RS_OPERATOR_POST_DEC;

	switch (node->kind) {
	case RS_NODE_INT:
		rs_str_appendf(out, " %llu%s", (unsigned long long)node->number,
			       node->is_unsigned ? "u" : "");
		break;
	case RS_NODE_BOOL:
		rs_str_append_cstr(out, node->number ? " true" : " false");
		break;
	case RS_NODE_STRING:
		rs_str_append_char(out, ' ');
		quoted(out, node->text, node->text_len);
		break;
	case RS_NODE_PARAM:
		if (node->number)
			rs_str_appendf(out, " $%llu", (unsigned long long)node->number);
		else
			rs_str_append_cstr(out, " $#");
		break;
	case RS_NODE_FIELD:
		rs_str_appendf(out, " %s%s", node->arrow ? "->" : ".", node->text);
		break;
	case RS_NODE_ASSIGN:
		rs_str_appendf(out, " %s=", rs_operator_text(node->op));
		break;
	case RS_NODE_UNARY:
	case RS_NODE_BINARY:
		rs_str_appendf(out, " %s%s%s", post ? "_" : "", rs_operator_text(node->op),
			       node->op == RS_OPERATOR_PRE_INC || node->op == RS_OPERATOR_PRE_DEC
				       ? "_"
				       : "");
		break;
	default:
		if (node->text)
			rs_str_appendf(out, " %s", node->text);
	}
	if (node->type_name) {
		rs_str_append_cstr(out, node->kind == RS_NODE_LET ? ": " : " ");
		type_name(out, node->type_name);
	}
	for (unsigned i = 0; i < node->n_names; i++)
		rs_str_appendf(out, "%s%s", i ? node->kind == RS_NODE_RECORD ? ", " : "." : " ",
			       node->names[i]);
	if (node->comptime)
		rs_str_append_cstr(out, " comptime");
	if (node->discard)
		rs_str_append_cstr(out, " discard");
}

static void labelled_list(const struct rs_node_list *list, const char *label, unsigned indent,
			  struct rs_str *out)
{
	if (!label || !list->n)
		return;
	if (*label) {
		begin_line(out, indent);
		rs_str_appendf(out, "%s:\n", label);
		indent++;
	}
	for (unsigned i = 0; i < list->n; i++)
		rs_node_dump(list->items[i], indent, out);
}

static void labelled(const struct rs_node *node, const char *label, unsigned indent,
		     struct rs_str *out)
{
	if (!node)
		return;
	if (label && *label) {
		begin_line(out, indent);
		rs_str_appendf(out, "%s:\n", label);
		indent++;
	}
	rs_node_dump(node, indent, out);
}

struct place {
	struct rs_str *out;
	unsigned indent;
};

static bool dump_typeof(struct rs_node **of, void *ctx)
{
	struct place *place = ctx;

	labelled(*of, "typeof", place->indent, place->out);
	return true;
}

int rs_node_dump(const struct rs_node *node, unsigned indent, struct rs_str *out)
{
	const struct row *row = &rows[node->kind];
	bool body_first = node->kind == RS_NODE_BLOCK_EXPR;

	begin_line(out, indent);
	rs_str_append_cstr(out, row->name);
	details(out, node);
	if (node->type) {
		rs_str_append_cstr(out, "  -> ");
		rs_type_format(node->type, out);
	}
	rs_str_append_char(out, '\n');
	if (body_first)
		labelled_list(&node->list, row->list, indent + 1, out);
	labelled(node->a, row->parts[0], indent + 1, out);
	labelled(node->b, row->parts[1], indent + 1, out);
	labelled(node->c, row->parts[2], indent + 1, out);
	if (!body_first)
		labelled_list(&node->list, row->list, indent + 1, out);
	labelled_list(&node->other, row->other, indent + 1, out);
	rs_type_name_each(node->type_name, dump_typeof, &(struct place){ out, indent + 1 });
	return out->error;
}

/* ---- the script ---- */

static void dump_head(const struct rs_script *script, struct rs_str *out)
{
	for (unsigned i = 0; i < script->n_config; i++)
		rs_str_appendf(out, "config %s = %s\n", script->config[i].name,
			       script->config[i].text);
	for (unsigned i = 0; i < script->n_map_decls; i++)
		rs_str_appendf(out, "map %s = %s(%llu)\n", script->map_decls[i].name,
			       script->map_decls[i].kind,
			       (unsigned long long)script->map_decls[i].max_entries);
	if (script->has_includes)
		rs_str_append_cstr(out, "includes\n");
	if (script->declarations[0])
		rs_str_appendf(out, "declarations {%s\n}\n", script->declarations);
}

static void dump_point(const struct rs_attach_point *point, struct rs_str *out)
{
	static const char *const names[] = { "target", "space", "name", "lang" };
	const char *const values[] = { point->target, point->space, point->name, point->lang };

	rs_str_append_cstr(out, "  at ");
	rs_str_append_cstr(out, point->text);
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		if (!values[i][0])
			continue;
		rs_str_appendf(out, " %s=", names[i]);
		quoted(out, values[i], strlen(values[i]));
	}
	if (point->offset)
		rs_str_appendf(out, " offset=%llu", (unsigned long long)point->offset);
	if (point->has_address)
		rs_str_appendf(out, " address=0x%llx", (unsigned long long)point->address);
	if (point->value)
		rs_str_appendf(out, " value=%llu", (unsigned long long)point->value);
	rs_str_append_cstr(out, point->has_wildcard ? " pattern\n" : "\n");
}

int rs_script_dump(const struct rs_script *script, struct rs_str *out)
{
	dump_head(script, out);
	for (unsigned i = 0; i < script->n_clauses; i++) {
		const struct rs_clause *clause = &script->clauses[i];

		rs_str_append_cstr(out, "probe\n");
		for (unsigned j = 0; j < clause->n_points; j++)
			dump_point(&clause->points[j], out);
		labelled(clause->predicate, "if", 1, out);
		rs_node_dump(clause->body, 1, out);
	}
	return out->error;
}
