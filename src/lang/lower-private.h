/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of the lowering share among themselves. */

#include <errno.h>
#include <string.h>

#include "lang/lower.h"

#define RS_LOWER_STACK_BUDGET 320   /* bytes of rooms on the stack in a program without callbacks */
#define RS_LOWER_WORDS_MAX    16    /* variables in registers, which may be spilled to the stack */
#define RS_LOWER_ON_STACK     64    /* what may be there however low on_stack_limit is: most keys */
#define RS_LOWER_NEST_MAX     4     /* programs at work on one CPU that have scratch memory */
#define RS_LOWER_LOOPS_MAX    4     /* loops by callbacks within each other */
#define RS_LOWER_COPY_INLINE  128   /* bytes: longer ones are copied by a helper */
#define RS_LOWER_ZERO_INLINE  256   /* the same for zeroing */
#define RS_LOWER_PACK_FROM    64    /* bytes: strings above this are packed in records */
#define RS_LOWER_CONST_MAX    65536 /* bytes of constants in all */
#define RS_LOWER_SHARED_MAX   24 /* variables that a loop's callback shares with what is around it */
#define RS_FRAME_ENDED        16    /* in a callback's frame: the run is to end */
#define RS_FRAME_ZERO         24    /* the same: 0, which the verifier does not know */
#define RS_LOWER_OFFSET_MAX   16384 /* larger offsets are added to the register */

/* Where a variable lives in the function that is being filled. */
enum rs_home_kind {
	RS_HOME_NONE,
	RS_HOME_REG, /* a word in a register */
	RS_HOME_WORD, /* a word in memory: captured by a callback, its address was taken, or there are too many */
	RS_HOME_MEMORY, /* a string, struct, tuple ... in memory */
	RS_HOME_PAIR,   /* $kv of a loop over a map: addresses of the key and of the value */
};

struct rs_home {
	enum rs_home_kind kind;
	struct rs_place_in_memory place; /* REG: reg only; PAIR: the key's address in reg */
	bool assigned;                   /* REG: has a value here */
	rs_reg value;                    /* PAIR */
	bool forget;                     /* WORD: see rs_lower_forget() */
	const struct rs_map *map;        /* PAIR */
};

/*
 * Something that must be given back when code is left: a record reserved in the ring buffer, an iterator.
 * Innermost first. Whoever jumps out (return, break) emits the release of those that it leaves.
 */
struct rs_hold {
	struct rs_hold *outer;
	void (*release)(struct rs_lower *l, const struct rs_hold *hold);
	rs_reg reg;
};

/* One function: the program, or the callback of a loop. */
struct rs_lower_func {
	struct rs_lower_func *outer;
	struct rs_ir_func *f;
	rs_reg ctx;
	rs_label exit;
	struct rs_home *homes; /* by the variables' ids */
	/* rooms on the stack */
	struct rs_ir_slot slots[64];
	unsigned slot_sizes[64];
	unsigned n_slots, stack_used, stack_budget;
	unsigned n_words; /* variables in registers, so far */
	/* scratch */
	rs_reg scratch; /* base of what this program may use; assigned in its prologue when needed */
	bool uses_scratch;
	struct rs_hold *holds;
	/* loops */
	rs_label break_to, continue_to;
	struct rs_hold *loop_holds; /* what was held around the loop */
	/* callbacks: word of the frame that says that the run is to end */
	rs_reg frame;
	bool ends;
};

/* An entry that was looked up before: see lower-remember.c. */
struct rs_memory {
	const struct rs_map *map;
	const struct rs_node_list *keys;
	rs_reg at; /* 0 in it: there is none */
};

struct rs_lower_state {
	struct rs_lower_func *fn;
	struct rs_span at; /* what is being lowered, for messages */
	unsigned n_variables;
	unsigned callbacks;      /* functions made so far, for their names */
	unsigned callback_depth; /* deepest nesting of callbacks in the probe */
	uint32_t scratch_at, scratch_peak;
	bool too_deep;         /* told already */
	rs_label prologues[2]; /* where scratch may be taken: before the predicate, and after it */
	rs_label after[2];     /* where it goes on from there */
	unsigned prologue;     /* which of them it is */
	rs_reg depth_word;     /* what scratch is given back to */
	rs_label done;         /* returns without giving anything back */
	bool remembers;        /* what is lowered now comes before all that follows */
	struct rs_memory memories[4];
	unsigned n_memories;
	struct rs_lower_func program; /* the outermost */
};

/* ---- lower-scratch.c ---- */
/* The program's type excludes all others of such a type on its CPU: see lower-scratch.c. */
bool rs_lower_is_exclusive(const struct rs_probe *probe);
/* Sizes of all probes' needs; then code that takes and gives back. */
struct rs_scratch_layout {
	uint32_t exclusive; /* bytes for programs that exclude each other */
	uint32_t slot;      /* bytes of each of the others' slots */
	uint32_t stride;    /* bytes per CPU */
	uint32_t map;
};
int rs_scratch_layout(struct rs_sema *sema, struct rs_scratch_layout *ret);
void rs_scratch_take(struct rs_lower *l, const struct rs_scratch_layout *layout, rs_label next);
void rs_scratch_give(struct rs_lower *l, const struct rs_scratch_layout *layout);

/* ---- lower-value.c ---- */
/* Where the value of a node is, without reading it: fields, elements, what pointers point to. */
struct rs_value rs_lower_location(struct rs_lower *l, struct rs_node *node);
struct rs_value rs_value_field(struct rs_lower *l, const struct rs_value *base,
			       const struct rs_field *field, const struct rs_type *type);
/* Reads what a location has, when it is a word. */
struct rs_value rs_value_loaded(struct rs_lower *l, const struct rs_value *location);
/* A pointer that the verifier watches as a number. */
rs_reg rs_lower_number(struct rs_lower *l, rs_reg pointer);
/* The same, as long as it is watched where it comes from and is not where it goes to. */
rs_reg rs_lower_unwatched(struct rs_lower *l, rs_reg reg, const struct rs_type *from,
			  const struct rs_type *to);
/* The same number, of which the verifier knows nothing any more: what a loop over a text found is not looked at
 * once for each of its rounds. */
rs_reg rs_lower_unknown(struct rs_lower *l, rs_reg number);
enum rs_space rs_value_space(const struct rs_lower *l, const struct rs_value *value);
/* The word as a value of another type: extended, or cut. */
rs_reg rs_lower_convert(struct rs_lower *l, rs_reg reg, const struct rs_type *from,
			const struct rs_type *to);
/* Equal bytes of two values of the same layout in plain memory: goes to yes or no. */
void rs_lower_branch_equal(struct rs_lower *l, const struct rs_value *a, const struct rs_value *b,
			   uint32_t size, rs_label yes, rs_label no);
void rs_lower_branch_strings(struct rs_lower *l, const struct rs_value *a, const struct rs_value *b,
			     rs_label yes, rs_label no);
/* A text constant to memory. */
void rs_lower_text(struct rs_lower *l, const char *text, uint32_t len,
		   const struct rs_place_in_memory *to);
/* Copies bytes of plain memory; zeroes them. */
void rs_lower_copy(struct rs_lower *l, const struct rs_place_in_memory *to, rs_reg from,
		   int32_t offset, uint32_t size);
/* reg + offset with an offset that loads and stores can have. */
void rs_lower_normalise(struct rs_lower *l, rs_reg *reg, int32_t *offset);

/* ---- lower-read.c ---- */
/* Bytes there may be loaded in words of 8. */
bool rs_lower_can_load_words(const struct rs_lower *l, enum rs_space space, rs_reg address,
			     int32_t offset);

/* ---- lower-condition.c ---- */
struct rs_value rs_lower_comparison(struct rs_lower *l, struct rs_node *node);
struct rs_value rs_lower_not(struct rs_lower *l, struct rs_node *node);
bool rs_node_is_comparison(const struct rs_node *node);

/* ---- lower-expr.c ---- */
/* a op b, where a is the value of node_a already. */
rs_reg rs_lower_arithmetic(struct rs_lower *l, enum rs_operator op, rs_reg a,
			   const struct rs_node *node_a, struct rs_node *node_b);
/* str(array) as the array; any other node as it is. */
struct rs_node *rs_node_text_array(struct rs_node *node);
/* What p + 1 adds to a pointer; 1 for integers. */
uint32_t rs_pointer_step(const struct rs_type *type);

/* ---- lower-stmt.c ---- */
void rs_lower_statements(struct rs_lower *l, const struct rs_node_list *list);
void rs_lower_statement(struct rs_lower *l, struct rs_node *node);
struct rs_value rs_lower_step(struct rs_lower *l, struct rs_node *node,
			      bool wanted); /* ++ and -- */
/* Goes on in a block that nobody reaches, after a jump. */
void rs_lower_unreachable(struct rs_lower *l);
/* Releases all that is held within `until`. */
void rs_lower_release(struct rs_lower *l, const struct rs_hold *until);

/* ---- lower-variable.c ---- */
/* Homes for the memory of all variables that are met below the node first. */
void rs_lower_declare(struct rs_lower *l, struct rs_node *body);
struct rs_home *rs_lower_home(struct rs_lower *l, const struct rs_variable *variable);
struct rs_value rs_lower_variable(struct rs_lower *l, struct rs_node *node);
/* What the statement or expression itself assigns to, or NULL. */
const struct rs_variable *rs_node_assigns(const struct rs_node *node);
/*
 * The verifier walks a loop until it meets nothing new. A variable that counts is new in each round, as long as its
 * value is known: so 0 is added, at the head of the loop, to those that the body assigns to, a zero that was loaded from
 * memory (RS_STATE_ZERO) and could be anything.
 */
void rs_lower_forget(struct rs_lower *l, struct rs_node *loop, rs_reg zero);
bool rs_lower_can_forget(const struct rs_variable *variable);
/* $kv.0, $kv.1 */
struct rs_value rs_lower_pair_part(struct rs_lower *l, const struct rs_home *home, unsigned i,
				   const struct rs_type *type);
/* Somewhere below it is read, or may be by its address. */
bool rs_node_mentions(struct rs_node *node, const struct rs_variable *variable,
		      const struct rs_map *map);
/* The value first, then the place, which it may read. */
void rs_lower_into_apart(struct rs_lower *l, struct rs_node *node, const struct rs_type *type,
			 const struct rs_place_in_memory *to);
void rs_lower_variable_set(struct rs_lower *l, const struct rs_variable *variable, rs_reg word);
void rs_lower_variable_assign(struct rs_lower *l, const struct rs_variable *variable,
			      struct rs_node *value);

/* ---- lower-loop.c ---- */
void rs_lower_while(struct rs_lower *l, struct rs_node *node);
void rs_lower_unroll(struct rs_lower *l, struct rs_node *node);
void rs_lower_for_range(struct rs_lower *l, struct rs_node *node);
void rs_lower_loop_body(struct rs_lower *l, struct rs_node *node, rs_label break_to,
			rs_label continue_to);

/* ---- lower-callback.c ---- */
void rs_lower_for_map(struct rs_lower *l, struct rs_node *node);
void rs_lower_for_callback(struct rs_lower *l, struct rs_node *node, rs_reg start, rs_reg count);
/* How deep callbacks are nested below. */
unsigned rs_lower_callback_depth(struct rs_lower *l, struct rs_node *body);
bool rs_lower_range_needs_callback(struct rs_lower *l);

/* ---- lower-map.c ---- */
rs_reg rs_lower_map_lookup(struct rs_lower *l, const struct rs_map *map, rs_reg key);
bool rs_map_is_direct(const struct rs_map *map);
bool rs_map_is_percpu(const struct rs_map *map);
rs_reg rs_lower_key_of(struct rs_lower *l, const struct rs_map *map,
		       const struct rs_node_list *keys);
/* @m[...] op= by, @m[...]++; and which value it has. */
enum rs_step_result {
	RS_STEP_NOTHING,
	RS_STEP_OLD,
	RS_STEP_NEW,
};
struct rs_value rs_lower_map_step(struct rs_lower *l, struct rs_node *map_node, enum rs_operator op,
				  struct rs_node *by, enum rs_step_result wanted);

/* ---- lower-remember.c ---- */
/* The address that a lookup of the same found before, or NULL in it; 0: none was made. */
rs_reg rs_lower_recall(struct rs_lower *l, const struct rs_node *node);
void rs_lower_remember(struct rs_lower *l, const struct rs_node *node, rs_reg at);
/* Something may have changed it. */
void rs_lower_forget_map(struct rs_lower *l, const struct rs_map *map);

/* ---- lower-aggregate.c ---- */
/* The number that an aggregate's value stands for, added up over CPUs. key 0: arrays. */
rs_reg rs_lower_aggregate_sum(struct rs_lower *l, const struct rs_map *map, rs_reg key);

/* ---- lower.c ---- */
/* The map of an internal role, never NULL. */
const struct rs_map *rs_lower_internal_map(struct rs_lower *l, enum rs_map_role role);
void rs_lower_set_location(struct rs_lower *l, const struct rs_node *node);
