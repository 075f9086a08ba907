/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The inside of an expression. Parsing resolves every name and turns every literal into what its
 * field's values are compared with, so that evaluating only compares. All of it lives in the arena
 * that the caller gave, and is never changed afterwards.
 */

#include "event/value.h"
#include "rules/expr.h"

#define RS_EXPR_DEPTH_MAX  64
#define RS_EXPR_LIST_MAX   1024
#define RS_EXPR_NODES_MAX  2048
#define RS_EXPR_FIELDS_MAX 4 /* that one name stands for */

enum rs_expr_op {
	RS_EXPR_AND,
	RS_EXPR_OR,
	RS_EXPR_NOT,
	RS_EXPR_EQ, /* from here on: a field and what it is compared with */
	RS_EXPR_NE,
	RS_EXPR_LT,
	RS_EXPR_LE,
	RS_EXPR_GT,
	RS_EXPR_GE,
	RS_EXPR_IN,
	RS_EXPR_GLOB,
	RS_EXPR_STARTSWITH,
	RS_EXPR_ENDSWITH,
	RS_EXPR_CONTAINS,
	RS_EXPR_EXISTS,
	RS_EXPR_OP_COUNT,
};

/* What sort of values a field has: decides on operators and literals. */
enum rs_expr_class {
	RS_CLASS_TEXT,
	RS_CLASS_NUMBER,
	RS_CLASS_ID, /* a number that events write as text */
	RS_CLASS_BOOL,
	RS_CLASS_DATE,
	RS_CLASS_IP,
	RS_CLASS_KIND,
	RS_CLASS_COUNT,
};

enum rs_expr_unit { RS_UNIT_NONE, RS_UNIT_TIME, RS_UNIT_SIZE };

/* What a name on the left stands for. */
struct rs_expr_name {
	const char *text; /* as it is printed again; a label's: whole, with its key */
	enum rs_expr_class class;
	enum rs_expr_unit unit;
	const struct rs_event_column *column[RS_EXPR_FIELDS_MAX];
	size_t n;
};

/* A block of addresses; IPv4 as IPv4 in IPv6. */
struct rs_expr_net {
	uint8_t addr[16];
	uint8_t bits;        /* of 128 */
	struct rs_text text; /* as it was written */
};

struct rs_expr {
	enum rs_expr_op op;
	size_t n; /* children or literals */
	union {
		const struct rs_expr **child;
		struct {
			const struct rs_expr_name *name;
			struct rs_text
				*texts;   /* text, kind; ip: whole addresses as events have them */
			int64_t *numbers; /* number, id, bool, date */
			struct rs_expr_net *nets;
			struct rs_text prefix; /* glob: what every match begins with */
			uint64_t kinds;        /* kind: a bit for each */
		};
	};
};

/* --- names.c --- */

enum rs_expr_find {
	RS_FIND_UNKNOWN,
	RS_FIND_NAME,
	RS_FIND_USER, /* a name or a number: the literal decides */
};

/* @ret_ids: for RS_FIND_USER, the field of numbers (@ret_name is then that of names). */
enum rs_expr_find rs_expr_name_find(const char *word, size_t len, struct rs_expr_name *ret_name,
				    struct rs_expr_name *ret_ids);
/* Tells that there is no such field, and which one is near. -EINVAL. */
int rs_expr_name_unknown(const char *word, struct rs_error *err);

const char *rs_expr_op_to_str(enum rs_expr_op op);
bool rs_expr_op_fits(enum rs_expr_op op, enum rs_expr_class class);
/* "== != in exists" */
void rs_expr_ops_of(enum rs_expr_class class, struct rs_str *out);

/* --- net.c --- */

/* "10.0.0.1", "fd00::/8"; false: it is none. */
bool rs_expr_net_parse(const char *text, size_t len, struct rs_expr_net *ret_net);
bool rs_expr_net_holds(const struct rs_expr_net *net, const uint8_t addr[static 16]);
