/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Between the emission of instructions (emit.c) and what puts them together (image.c). */

#include "ir/internal.h"

struct rs_emit_jump {
	uint32_t insn;
	uint32_t to; /* a block of the function, or a function */
	bool to_func;
};

struct rs_emitter {
	struct rs_ir_module *m;
	const struct rs_ir_func *f; /* the one at work */
	struct rs_ir_insn *insns;
	uint32_t n_insns, cap_insns;
	struct rs_ir_fixup *fixups;
	uint32_t n_fixups, cap_fixups;
	struct rs_ir_line *lines;
	uint32_t n_lines, cap_lines;
	struct rs_emit_jump *jumps; /* of the function; to functions: of all */
	uint32_t n_jumps, cap_jumps;
};

/* After a failure (the module's sticky error) these do nothing that matters. */
void rs_emit(struct rs_emitter *e, uint8_t code, unsigned dst, unsigned src, int off, int64_t imm);
void rs_emit_move(struct rs_emitter *e, unsigned dst, unsigned src);
/* Stores a BPF register at its place on the stack. */
void rs_emit_store_place(struct rs_emitter *e, int32_t place, unsigned src);
void rs_emit_location(struct rs_emitter *e, uint32_t location);
void rs_emit_block(struct rs_emitter *e, rs_label label);

/* All at once: register to[i] gets what was in from[i]. The to are all different. n: at most 5 */
void rs_emit_moves(struct rs_emitter *e, const int8_t *to, const int8_t *from, unsigned n);
