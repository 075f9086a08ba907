/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is known of values while a function is walked along its dominator tree: shared by value.c, which
 * walks and remembers, and fold.c, which makes single instructions simpler.
 */

#include "ir/internal.h"

struct rs_width {
	uint8_t bits;  /* the value is below 1 << bits */
	uint8_t sbits; /* the value is the sign-extension of that many low bits */
};

/* Memory by what points there; a store to one kind leaves the others alone. */
enum rs_memory {
	RS_MEMORY_CONTEXT,
	RS_MEMORY_FRAME,
	RS_MEMORY_OTHER, /* what helpers and maps gave */
	RS_MEMORY_ANY,   /* not known which */
	RS_MEMORY_COUNT,
};

struct rs_known { /* of a register */
	struct rs_inst
		*def;     /* that gave it its value; fixed registers: the only one; may be NULL */
	uint32_t version; /* other registers: of the value, grows */
	uint32_t uses;    /* places that read it */
	rs_reg same;      /* fixed: a fixed register that is equal, maybe itself */
	struct rs_width width;
	bool fixed;
};

struct rs_found { /* a value that was computed before */
	struct rs_inst *inst;
	uint32_t next; /* of the same hash */
	uint32_t bucket;
	uint32_t versions[3]; /* of a, b and of the result */
	uint32_t memory;
};

struct rs_undo {
	rs_reg reg;
	uint32_t version;
	struct rs_inst *def;
};

struct rs_values {
	struct rs_ir_func *f;
	struct rs_known *of;
	const struct rs_ir_block *block; /* at work */
	uint32_t counter;                /* of versions */
	uint32_t
		since; /* versions of registers that were last written before this one are not known */
	uint32_t memory[RS_MEMORY_COUNT];
	uint32_t *buckets;
	uint32_t n_buckets; /* a power of two */
	struct rs_found *found;
	uint32_t n_found, cap_found;
	struct rs_undo *undo;
	uint32_t n_undo, cap_undo;
	bool decided; /* where a branch goes */
};

/* The instruction that made the current value of a register, NULL when that is not known. */
struct rs_inst *rs_values_def(const struct rs_values *v, rs_reg reg);
/* The operands of @def, which made a current value, still have the values they had then. */
bool rs_values_stand(const struct rs_values *v, const struct rs_inst *def);
/* Reads another register from now on. */
void rs_values_set(struct rs_values *v, rs_reg *operand, rs_reg reg);
enum rs_memory rs_values_memory(const struct rs_values *v, rs_reg base);

/* Turns an instruction into a simpler one that does the same. */
void rs_ir_fold(struct rs_values *v, struct rs_inst *inst);
/* The same for the branch at the end of a block, which may become a jump. */
void rs_ir_fold_branch(struct rs_values *v, struct rs_inst *inst, struct rs_ir_block *block);
struct rs_width rs_ir_width(const struct rs_values *v, const struct rs_inst *inst);

/* dom.c: the immediate dominator of each reachable block, 0 for the entry. Needs rs_ir_flow(). */
rs_label *rs_ir_dominators(struct rs_ir_func *f);
