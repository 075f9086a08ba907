/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of the analysis share. Not for others. */

#include "lang/list.h"
#include "lang/sema.h"

/* ---- sema-bind.c ---- */

/* Finds out which variable each $x of the probe is, and sets what is constant by its nature ($1). Mistakes of
 * scope and of control flow are reported. Once per probe. */
void rs_sema_bind(struct rs_sema *s, struct rs_probe *probe);

/* ---- sema-type.c ---- */

/* Merges the type of a value into *type, a variable's or a map's. NULL: they do not fit; *type stays. Notes
 * that something changed. @value tells about constants; may be NULL. */
bool rs_sema_widen(struct rs_sema *s, const struct rs_type **type, bool *soft,
		   const struct rs_type *with, const struct rs_node *value);
/* Has a value that can be true or false. */
bool rs_sema_is_condition(const struct rs_type *type);
/* Text: strings and arrays of char. */
bool rs_sema_is_text(const struct rs_type *type);
static inline bool rs_sema_unknown(const struct rs_type *type)
{
	return type->kind == RS_TYPE_UNKNOWN;
}

/* ---- sema-cast.c ---- */

/* The type that is written there; @of: the cast's operand, for T[] without a number; may be NULL. Unknown and
 * a message when nobody knows it. */
const struct rs_type *rs_sema_type_name(struct rs_sema *s, const struct rs_type_name *name,
					const struct rs_type *of);
void rs_sema_cast(struct rs_sema *s, struct rs_node *node);
void rs_sema_sizeof(struct rs_sema *s, struct rs_node *node);
void rs_sema_offsetof(struct rs_sema *s, struct rs_node *node);

/* ---- sema-binary.c, sema-fold.c ---- */

void rs_sema_binary(struct rs_sema *s, struct rs_node *node);
/* The type of a op b, with messages at node; node itself is not touched. */
const struct rs_type *rs_sema_binary_type(struct rs_sema *s, const struct rs_node *node,
					  const struct rs_node *a, const struct rs_node *b);
/* Sets node->constant and number where the operands are constants. */
void rs_sema_fold_binary(struct rs_node *node);
void rs_sema_fold_unary(struct rs_node *node);
/* The number as a value of the type has it: cut to its size, extended by its sign. */
uint64_t rs_sema_extend(uint64_t number, const struct rs_type *type);

/* ---- sema-unary.c ---- */

void rs_sema_unary(struct rs_sema *s, struct rs_node *node);

/* ---- sema-field.c ---- */

void rs_sema_field(struct rs_sema *s, struct rs_node *node);
void rs_sema_index(struct rs_sema *s, struct rs_node *node);

/* ---- sema-call.c ---- */

void rs_sema_call(struct rs_sema *s, struct rs_node *node);
void rs_sema_name(struct rs_sema *s, struct rs_node *node);
/* A call of this row, aggregates too. */
void rs_sema_call_row(struct rs_sema *s, struct rs_node *node, const struct rs_func_row *row);

/* ---- sema-map.c ---- */

/* A read of @m or @m[k]. */
void rs_sema_map_read(struct rs_sema *s, struct rs_node *node);
/* The map and the keys of a MAP node that is written or read. False: the keys do not fit. */
bool rs_sema_map_access(struct rs_sema *s, struct rs_node *node);
/* What a read of a map of this value gives. */
const struct rs_type *rs_sema_map_value(const struct rs_type *value);
/* Gives it a value. */
void rs_sema_map_assign(struct rs_sema *s, struct rs_node *map_node, const struct rs_type *type,
			const struct rs_node *value, struct rs_span at);
/* Maps whose values come from where nothing is known of are numbers. True when there are such. */
bool rs_sema_map_guess(struct rs_sema *s);
/* Kinds and sizes, after inference. */
void rs_sema_map_finish(struct rs_sema *s);
/* For the message just made: which map may have been meant. */
void rs_sema_map_suggest(struct rs_sema *s, const struct rs_map *unknown);
/* Maps that are declared. */
void rs_sema_map_declare(struct rs_sema *s);

/* ---- sema.c, sema-stmt.c ---- */

/* An expression whose value nobody uses: it may have none. */
void rs_sema_effect(struct rs_sema *s, struct rs_node *node);
/* Must be true or false; what: "the predicate". */
void rs_sema_condition(struct rs_sema *s, struct rs_node *node, const char *what);
