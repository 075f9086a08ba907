/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Two machines that must agree: one runs modules as they were built, the other one runs images, and
 * is as strict as the kernel's verifier about registers that nobody wrote. Both have the same memory at
 * the same addresses (a context, a frame for each call depth) and the same helpers, whose calls they
 * add up in a sum.
 */

#include "ir/bpf.h"
#include "ir/internal.h"

#define MACHINE_CONTEXT      UINT64_C(0x5000000)
#define MACHINE_CONTEXT_SIZE 128
#define MACHINE_FRAME(depth) (UINT64_C(0x7000000) + (uint64_t)(depth)*0x100000) /* its end */
#define MACHINE_DEPTH_MAX    4
#define MACHINE_STEPS_MAX    100000

/* Helpers: a number made of the arguments; 100 and up: pure. HELPER_WRITE writes what it gets. */
#define HELPER_WRITE   50
#define HELPER_POINTER 51 /* gives 64 bytes of other memory */
#define HELPER_PURE    100

struct machine {
	uint8_t context[MACHINE_CONTEXT_SIZE];
	uint8_t frame[MACHINE_DEPTH_MAX][RS_IR_STACK_MAX];
	uint64_t sum; /* of what was called, in order */
	unsigned steps;
	const char *fault; /* NULL: none */
	uint64_t result;
};

static inline void machine_init(struct machine *m)
{
	memset(m, 0, sizeof(*m));
	for (unsigned i = 0; i < sizeof(m->context); i++)
		m->context[i] = (uint8_t)(i * 37 + 11);
}

static inline bool fault(struct machine *m, const char *why)
{
	if (!m->fault)
		m->fault = why;
	return false;
}

static inline uint8_t *machine_memory(struct machine *m, uint64_t address, unsigned size)
{
	static uint8_t nowhere[8];

	if (address >= MACHINE_CONTEXT && address + size <= MACHINE_CONTEXT + sizeof(m->context))
		return m->context + (address - MACHINE_CONTEXT);
	for (unsigned i = 0; i < MACHINE_DEPTH_MAX; i++) {
		uint64_t end = MACHINE_FRAME(i);

		if (address >= end - RS_IR_STACK_MAX && address + size <= end)
			return m->frame[i] + RS_IR_STACK_MAX - (end - address);
	}
	fault(m, "no memory there");
	return nowhere;
}

static inline uint64_t machine_load(struct machine *m, uint64_t address, unsigned size)
{
	uint64_t v = 0;

	memcpy(&v, machine_memory(m, address, size), size);
	return v;
}

static inline void machine_store(struct machine *m, uint64_t address, unsigned size, uint64_t v)
{
	memcpy(machine_memory(m, address, size), &v, size);
}

static inline uint64_t mix(uint64_t v)
{
	v ^= v >> 29;
	v *= UINT64_C(0xbf58476d1ce4e5b9);
	return v ^ v >> 32;
}

static inline uint64_t machine_call(struct machine *m, int64_t helper, const uint64_t args[5],
				    unsigned n)
{
	uint64_t v = mix((uint64_t)helper + 1);

	if (helper == HELPER_POINTER)
		return MACHINE_CONTEXT + MACHINE_CONTEXT_SIZE / 2;
	if (helper == HELPER_WRITE)
		machine_store(m, args[0], 8, args[1]);
	for (unsigned i = helper == HELPER_WRITE; i < n; i++)
		v = mix(v + args[i]);
	if (helper < HELPER_PURE)
		m->sum = mix(m->sum + v);
	return helper % 3 == 0 ? v & 3 : v;
}

/* Helpers have as many arguments as this says. */
static inline unsigned helper_args(int64_t helper)
{
	if (helper == HELPER_POINTER)
		return 0;
	return helper == HELPER_WRITE ? 2 : (unsigned)(helper % 6);
}

/* ---- modules ---- */

static inline void run_func(struct machine *m, const struct rs_ir_func *f, unsigned depth,
			    const uint64_t args[5], uint64_t *ret);

static inline uint64_t run_inst(struct machine *m, const struct rs_ir_func *f, unsigned depth,
				const uint64_t *regs, const struct rs_inst *inst)
{
	uint64_t a = regs[inst->a], b = inst->b ? regs[inst->b] : (uint64_t)inst->imm, v = 0;
	uint64_t args[5] = { 0 };

	switch (inst->op) {
	case RS_INST_CONST:
		return b;
	case RS_INST_SLOT:
		return MACHINE_FRAME(depth) + (uint64_t)(int64_t)inst->off;
	case RS_INST_COPY:
		return a;
	case RS_INST_ALU:
		return rs_ir_evaluate(inst->sub, a, b);
	case RS_INST_NEGATE:
		return -a;
	case RS_INST_COMPARE:
		return rs_ir_holds(inst->sub, a, b);
	case RS_INST_EXTEND:
		return rs_ir_extended(a, inst->size, inst->flags & RS_INST_SIGNED);
	case RS_INST_SWAP:
		return rs_ir_swapped(a, inst->size);
	case RS_INST_LOAD:
		v = machine_load(m, a + (uint64_t)(int64_t)inst->off, inst->size);
		return rs_ir_extended(v, inst->size, inst->flags & RS_INST_SIGNED);
	case RS_INST_STORE:
		machine_store(m, a + (uint64_t)(int64_t)inst->off, inst->size, b);
		return 0;
	case RS_INST_ATOMIC:
		a += (uint64_t)(int64_t)inst->off;
		machine_store(m, a, inst->size, machine_load(m, a, inst->size) + b);
		return 0;
	case RS_INST_CALL:
	case RS_INST_CALL_LOCAL:
		for (uint32_t i = 0; i < inst->n_args; i++)
			args[i] = regs[f->args[inst->args + i]];
		if (inst->op == RS_INST_CALL)
			return machine_call(m, inst->imm, args, inst->n_args);
		run_func(m, f->module->funcs[inst->imm], depth + 1, args, &v);
		return v;
	default:
		fault(m, "an instruction that is not known");
		return 0;
	}
}

static inline void run_func(struct machine *m, const struct rs_ir_func *f, unsigned depth,
			    const uint64_t args[5], uint64_t *ret)
{
	uint64_t *regs = calloc(f->n_regs, sizeof(*regs));
	const struct rs_ir_block *block = &f->blocks[f->entry];
	uint32_t at = block->first;

	if (!regs || depth >= MACHINE_DEPTH_MAX) {
		fault(m, "too deep");
		free(regs);
		return;
	}
	memset(m->frame[depth], 0, sizeof(m->frame[depth]));
	for (unsigned i = 0; i < f->n_params; i++)
		regs[i + 1] = args[i];
	while (!m->fault) {
		const struct rs_inst *inst = &f->insts[at++];
		uint64_t b = inst->b ? regs[inst->b] : (uint64_t)inst->imm;

		if (m->steps++ > MACHINE_STEPS_MAX) {
			fault(m, "no end");
		} else if (inst->op == RS_INST_RETURN) {
			*ret = inst->a ? regs[inst->a] : b;
			break;
		} else if (rs_inst_is_end(inst)) {
			bool no = inst->op == RS_INST_BRANCH &&
				  !rs_ir_holds(inst->sub, regs[inst->a], b);

			block = &f->blocks[block->succ[no]];
			at = block->first;
		} else {
			uint64_t v = run_inst(m, f, depth, regs, inst);

			if (inst->dst)
				regs[inst->dst] = v;
		}
	}
	free(regs);
}

static inline void run_module(struct machine *m, const struct rs_ir_module *module)
{
	const uint64_t args[5] = { MACHINE_CONTEXT };

	run_func(m, module->funcs[0], 0, args, &m->result);
}

/* ---- images ---- */

struct cpu {
	struct machine *m;
	const struct rs_ir_image *image;
	uint64_t r[11];
	unsigned written; /* a bit for each register */
	unsigned depth;
	uint32_t pc;
	struct {
		uint64_t saved[4];
		unsigned written;
		uint32_t pc;
	} calls[MACHINE_DEPTH_MAX];
};

static inline uint64_t cpu_read(struct cpu *c, unsigned reg)
{
	if (!(c->written >> reg & 1))
		fault(c->m, "a register that nobody wrote");
	return c->r[reg];
}

static inline void cpu_write(struct cpu *c, unsigned reg, uint64_t v)
{
	if (reg >= BPF_FRAME) {
		fault(c->m, "the frame is read-only");
		return;
	}
	c->r[reg] = v;
	c->written |= 1u << reg;
}

static inline bool cpu_compare(struct cpu *c, unsigned op, uint64_t a, uint64_t b)
{
	switch (op) {
	case BPF_OP_JEQ:
		return a == b;
	case BPF_OP_JNE:
		return a != b;
	case BPF_OP_JGT:
		return a > b;
	case BPF_OP_JGE:
		return a >= b;
	case BPF_OP_JLT:
		return a < b;
	case BPF_OP_JLE:
		return a <= b;
	case BPF_OP_JSET:
		return a & b;
	case BPF_OP_JSGT:
		return (int64_t)a > (int64_t)b;
	case BPF_OP_JSGE:
		return (int64_t)a >= (int64_t)b;
	case BPF_OP_JSLT:
		return (int64_t)a < (int64_t)b;
	case BPF_OP_JSLE:
		return (int64_t)a <= (int64_t)b;
	default:
		return fault(c->m, "a jump that is not known");
	}
}

static inline void cpu_alu(struct cpu *c, const struct rs_ir_insn *insn)
{
	unsigned dst = insn->regs & 15, op = insn->code & 0xf0;
	bool reg = insn->code & BPF_WITH_REG, wide = (insn->code & 7) == BPF_CLASS_ALU64;
	uint64_t b = reg && op != BPF_OP_END && op != BPF_OP_NEG ? cpu_read(c, insn->regs >> 4)
								 : (uint64_t)(int64_t)insn->imm;
	uint64_t a = op == BPF_OP_MOV ? 0 : cpu_read(c, dst), v = 0;

	if (!wide && op != BPF_OP_MOV && op != BPF_OP_END)
		fault(c->m, "32-bit arithmetic");
	if (!reg && (op == BPF_OP_DIV || op == BPF_OP_MOD) && !b)
		fault(c->m, "division by zero");
	if (!reg && (op == BPF_OP_SHL || op == BPF_OP_SHR || op == BPF_OP_SAR) && b > 63)
		fault(c->m, "a shift too far");
	switch (op) {
	case BPF_OP_ADD:
		v = a + b;
		break;
	case BPF_OP_SUB:
		v = a - b;
		break;
	case BPF_OP_MUL:
		v = a * b;
		break;
	case BPF_OP_DIV:
		v = b ? a / b : 0;
		break;
	case BPF_OP_MOD:
		v = b ? a % b : a;
		break;
	case BPF_OP_OR:
		v = a | b;
		break;
	case BPF_OP_AND:
		v = a & b;
		break;
	case BPF_OP_XOR:
		v = a ^ b;
		break;
	case BPF_OP_SHL:
		v = a << (b & 63);
		break;
	case BPF_OP_SHR:
		v = a >> (b & 63);
		break;
	case BPF_OP_SAR:
		v = (uint64_t)((int64_t)a >> (b & 63));
		break;
	case BPF_OP_NEG:
		v = -a;
		break;
	case BPF_OP_MOV:
		v = wide ? b : (uint32_t)b;
		break;
	case BPF_OP_END:
		v = rs_ir_swapped(a, (unsigned)insn->imm / 8);
		break;
	default:
		fault(c->m, "arithmetic that is not known");
	}
	cpu_write(c, dst, v);
}

static inline void cpu_call(struct cpu *c, const struct rs_ir_insn *insn)
{
	unsigned kind = insn->regs >> 4, n;
	uint64_t args[5] = { 0 };

	if (kind == BPF_CALL_LOCAL) {
		if (c->depth + 1 >= MACHINE_DEPTH_MAX) {
			fault(c->m, "too deep");
			return;
		}
		memcpy(c->calls[c->depth].saved, c->r + 6, sizeof(c->calls->saved));
		c->calls[c->depth].written = c->written;
		c->calls[c->depth].pc = c->pc;
		c->depth++;
		memset(c->m->frame[c->depth], 0, sizeof(c->m->frame[0]));
		c->r[BPF_FRAME] = MACHINE_FRAME(c->depth);
		c->written &= 0x3eu | 1u << BPF_FRAME;
		c->pc = (uint32_t)((int64_t)c->pc + insn->imm);
		return;
	}
	n = helper_args(insn->imm);
	for (unsigned i = 0; i < n; i++)
		args[i] = cpu_read(c, i + 1);
	for (unsigned i = 0; i <= 5; i++)
		c->r[i] = UINT64_C(0xdeadbeef00000000) + i;
	c->written &= ~0x3fu;
	cpu_write(c, 0, machine_call(c->m, insn->imm, args, n));
}

/* False: the program is over. */
static inline bool cpu_exit(struct cpu *c)
{
	uint64_t v = cpu_read(c, 0);

	if (!c->depth) {
		c->m->result = v;
		return false;
	}
	c->depth--;
	memcpy(c->r + 6, c->calls[c->depth].saved, sizeof(c->calls->saved));
	c->written = (c->calls[c->depth].written & ~0x3fu) | 1;
	c->pc = c->calls[c->depth].pc;
	c->r[BPF_FRAME] = MACHINE_FRAME(c->depth);
	return true;
}

static inline bool cpu_jump(struct cpu *c, const struct rs_ir_insn *insn)
{
	unsigned op = insn->code & 0xf0;
	uint64_t a, b;
	bool wide = (insn->code & 7) == BPF_CLASS_JMP;

	if (op == BPF_OP_CALL) {
		cpu_call(c, insn);
		return true;
	}
	if (op == BPF_OP_EXIT)
		return cpu_exit(c);
	if (op == BPF_OP_JA) {
		c->pc = (uint32_t)((int64_t)c->pc + insn->off);
		return true;
	}
	a = cpu_read(c, insn->regs & 15);
	b = insn->code & BPF_WITH_REG ? cpu_read(c, insn->regs >> 4) : (uint64_t)(int64_t)insn->imm;
	if (cpu_compare(c, op,
			wide ? a
			     : rs_ir_extended(a, 4,
					      op >= BPF_OP_JSGT && op != BPF_OP_JLT &&
						      op != BPF_OP_JLE),
			wide ? b
			     : rs_ir_extended(b, 4,
					      op >= BPF_OP_JSGT && op != BPF_OP_JLT &&
						      op != BPF_OP_JLE)))
		c->pc = (uint32_t)((int64_t)c->pc + insn->off);
	return true;
}

static inline void cpu_memory(struct cpu *c, const struct rs_ir_insn *insn)
{
	static const uint8_t sizes[4] = { 4, 2, 1, 8 };
	unsigned size = sizes[insn->code >> 3 & 3], class = insn->code & 7;
	unsigned dst = insn->regs & 15, src = insn->regs >> 4;
	uint64_t address = cpu_read(c, class == BPF_CLASS_LDX ? src : dst) +
			   (uint64_t)(int64_t)insn->off;
	uint64_t v;

	if (class == BPF_CLASS_LDX) {
		cpu_write(c, dst, machine_load(c->m, address, size));
		return;
	}
	v = class == BPF_CLASS_ST ? (uint64_t)(int64_t)insn->imm : cpu_read(c, src);
	if ((insn->code & 0xe0) == BPF_MODE_ATOMIC)
		v += machine_load(c->m, address, size);
	machine_store(c->m, address, size, v);
}

static inline void run_image(struct machine *m, const struct rs_ir_image *image)
{
	struct cpu c = { .m = m, .image = image, .written = 1u << 1 | 1u << BPF_FRAME };

	c.r[1] = MACHINE_CONTEXT;
	c.r[BPF_FRAME] = MACHINE_FRAME(0);
	while (!m->fault) {
		const struct rs_ir_insn *insn;
		unsigned class;

		if (c.pc >= image->n_insns || m->steps++ > 8 * MACHINE_STEPS_MAX) {
			fault(m, "no end");
			return;
		}
		insn = &image->insns[c.pc++];
		class = insn->code & 7;
		if (class == BPF_CLASS_LD) {
			cpu_write(&c, insn->regs & 15,
				  (uint32_t)insn->imm | (uint64_t)(uint32_t)insn[1].imm << 32);
			c.pc++;
		} else if (class == BPF_CLASS_ALU || class == BPF_CLASS_ALU64) {
			cpu_alu(&c, insn);
		} else if (class == BPF_CLASS_JMP || class == BPF_CLASS_JMP32) {
			if (!cpu_jump(&c, insn))
				return;
		} else {
			cpu_memory(&c, insn);
		}
	}
}
