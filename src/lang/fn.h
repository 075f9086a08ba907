/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of functions and builtins (fn-*.c, builtin*.c) share. Not for others. */

#include "lang/lower.h"

#define RS_PROVIDER_MASK(x) (1u << RS_PROVIDER_##x)

/* Argument i, or NULL. */
static inline struct rs_node *rs_fn_arg(const struct rs_node *call, unsigned i)
{
	return i < call->list.n ? call->list.items[i] : NULL;
}

static inline enum rs_type_kind rs_fn_kind(const struct rs_node *node)
{
	return node->type ? node->type->kind : RS_TYPE_UNKNOWN;
}

/* Integers, and what can be used as one: pointers are addresses. */
static inline bool rs_fn_is_address(const struct rs_node *node)
{
	enum rs_type_kind kind = rs_fn_kind(node);

	return kind == RS_TYPE_INT || kind == RS_TYPE_POINTER || kind == RS_TYPE_UNKNOWN;
}

/* The name that people know: "str", "kstack". */
static inline const char *rs_fn_name(const struct rs_node *call)
{
	return call->func ? call->func->name : call->text;
}

/* Tells the runtime of a stack or an address of a process (a tgid) when it is first met. fn-seen.c */
void rs_fn_tell_stack(struct rs_lower *l, rs_reg tgid, rs_reg id, rs_reg map);
void rs_fn_tell_address(struct rs_lower *l, rs_reg tgid, rs_reg address);

/* What a check leaves of a value that is known. */
void rs_fn_set_number(struct rs_node *call, const struct rs_type *type, uint64_t number);
void rs_fn_set_text(struct rs_sema *s, struct rs_node *call, const char *text, size_t len);

/* A literal, for what takes nodes. NULL: out of memory. */
struct rs_node *rs_fn_text_node(struct rs_sema *s, struct rs_span span, const char *text,
				size_t len);

/* The script's type, or unknown when there is no memory. */
const struct rs_type *rs_fn_simple(struct rs_sema *s, enum rs_type_kind kind);
const struct rs_type *rs_fn_string(struct rs_sema *s, uint64_t size);

/* struct task_struct * as the current task has it, in the space that rs_lower_task() says. NULL: nobody knows
 * the struct. */
const struct rs_type *rs_fn_task_type(struct rs_sema *s);

/* into of calls whose text rs_fn_set_text() left; cut where the type was narrowed since. */
void rs_fn_text_into(struct rs_lower *l, struct rs_node *call, const struct rs_place_in_memory *to);

/* The argument is one of these words, which are no values: kstack(perf). -1: none of them. */
int rs_fn_word_of(const struct rs_node *node, const char *const *words, unsigned n);

/* ---- lowering ---- */

/* Bytes that an argument names: what a pointer points to; arrays, structs and strings themselves. */
struct rs_fn_bytes {
	rs_reg address;      /* with offset added */
	enum rs_space space; /* RS_SPACE_BPF: readable by plain loads */
	uint32_t size;       /* bytes that are there; 0: nobody knows */
};
struct rs_fn_bytes rs_fn_bytes(struct rs_lower *l, struct rs_node *node);

/* Reads size bytes (a register, or 0 and a number) to the place, from at on. The helper's result. */
rs_reg rs_fn_read(struct rs_lower *l, const struct rs_fn_bytes *from,
		  const struct rs_place_in_memory *to, rs_reg size, uint32_t number);
/* The same for a string: at most size bytes with its NUL, which is always written. */
rs_reg rs_fn_read_string(struct rs_lower *l, const struct rs_fn_bytes *from,
			 const struct rs_place_in_memory *to, rs_reg size, uint32_t number);

/* The argument as an unsigned number of at most max. */
rs_reg rs_fn_at_most(struct rs_lower *l, struct rs_node *node, uint64_t max);
/* a, or b where a is not below limit; for ranges that the verifier must see. */
rs_reg rs_fn_limit(struct rs_lower *l, rs_reg a, uint64_t max);
/* The bytes that a read of a string used, from its result: 1 (an empty string) after a failure. */
rs_reg rs_fn_string_used(struct rs_lower *l, rs_reg r);

/* The process's number, as symbols and stacks are looked up by. */
rs_reg rs_fn_tgid(struct rs_lower *l);

/* Zeroes what is looked at behind the text or bytes. */
void rs_fn_pad(struct rs_lower *l, const struct rs_place_in_memory *to);

/* The node as it is printed: arrays of char are text, structs have all their fields, args without what every
 * tracepoint has. */
struct rs_node *rs_fn_shown(struct rs_lower *l, struct rs_node *node);
void rs_fn_shown_all(struct rs_lower *l, const struct rs_node_list *list, unsigned from);

/* Sends a record without arguments, or with words. */
void rs_fn_send(struct rs_lower *l, struct rs_node *call, enum rs_action_kind kind, unsigned n,
		const rs_reg *words);

/* The value of the path of fields from a pointer to a struct: task, "real_parent", "tgid". 0: has no such field
 * (then there was no message: ask rs_fn_path_type() while checking). Of memory (arrays) the address. */
const struct rs_type *rs_fn_path_type(struct rs_sema *s, const struct rs_type *type,
				      const char *const *path);
struct rs_value rs_fn_path(struct rs_lower *l, rs_reg pointer, enum rs_space space,
			   const struct rs_type *type, const char *const *path);
