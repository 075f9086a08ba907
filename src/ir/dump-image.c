/* SPDX-License-Identifier: Apache-2.0 */
/* Images as text, one BPF instruction a line. */
#include "ir/bpf.h"
#include "ir/internal.h"

static const char *const alu_signs[16] = {
	"+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", "neg", "%=", "^=", "=", "s>>=",
};

static const char *const jump_signs[16] = {
	"", "==", ">", ">=", "&", "!=", "s>", "s>=", "", "", "<", "<=", "s<", "s<=",
};

static const char *const sizes[4] = { "u32", "u16", "u8", "u64" };

struct dumping {
	const struct rs_ir_image *image;
	struct rs_str *out;
	uint32_t fixup; /* the next one */
};

static unsigned dst_of(const struct rs_ir_insn *insn)
{
	return insn->regs & 15;
}

static unsigned src_of(const struct rs_ir_insn *insn)
{
	return insn->regs >> 4;
}

static const char *func_at(const struct rs_ir_image *image, int64_t insn)
{
	for (uint32_t i = 0; i < image->n_funcs; i++)
		if (image->funcs[i].insn == insn)
			return image->funcs[i].name;
	return "?";
}

static const struct rs_ir_fixup *fixup_at(struct dumping *d, uint32_t at)
{
	while (d->fixup < d->image->n_fixups && d->image->fixups[d->fixup].insn < at)
		d->fixup++;
	return d->fixup < d->image->n_fixups && d->image->fixups[d->fixup].insn == at
		       ? &d->image->fixups[d->fixup]
		       : NULL;
}

static void dump_wide(struct dumping *d, uint32_t at)
{
	const struct rs_ir_insn *insn = &d->image->insns[at];
	const struct rs_ir_fixup *fixup = fixup_at(d, at);

	rs_str_appendf(d->out, "r%u = ", dst_of(insn));
	if (src_of(insn) == BPF_LOAD_FUNC)
		rs_str_appendf(d->out, "function %s",
			       func_at(d->image, (int64_t)at + 1 + insn->imm));
	else if (fixup && fixup->kind == RS_IR_FIXUP_MAP)
		rs_str_appendf(d->out, "map %u", fixup->map);
	else if (fixup)
		rs_str_appendf(d->out, "map value %u + %d", fixup->map, insn[1].imm);
	else
		rs_str_appendf(d->out, "0x%llx",
			       (unsigned long long)(uint32_t)insn->imm |
				       (unsigned long long)(uint32_t)insn[1].imm << 32);
	rs_str_append_cstr(d->out, " ll");
}

static void dump_alu(const struct rs_ir_insn *insn, struct rs_str *out)
{
	char file = (insn->code & 7) == BPF_CLASS_ALU ? 'w' : 'r';
	unsigned op = insn->code & 0xf0;

	if (op == BPF_OP_END)
		rs_str_appendf(out, "r%u = swap%d r%u", dst_of(insn), insn->imm, dst_of(insn));
	else if (op == BPF_OP_NEG)
		rs_str_appendf(out, "%c%u = -%c%u", file, dst_of(insn), file, dst_of(insn));
	else if (insn->code & BPF_WITH_REG)
		rs_str_appendf(out, "%c%u %s %c%u", file, dst_of(insn), alu_signs[op >> 4], file,
			       src_of(insn));
	else
		rs_str_appendf(out, "%c%u %s %d", file, dst_of(insn), alu_signs[op >> 4],
			       insn->imm);
}

static void dump_call(struct dumping *d, uint32_t at)
{
	const struct rs_ir_insn *insn = &d->image->insns[at];
	const struct rs_ir_fixup *fixup = fixup_at(d, at);

	if (src_of(insn) == BPF_CALL_LOCAL)
		rs_str_appendf(d->out, "call %s", func_at(d->image, (int64_t)at + 1 + insn->imm));
	else if (fixup)
		rs_str_appendf(d->out, "call %s", fixup->name);
	else
		rs_str_appendf(d->out, "call %d", insn->imm);
}

static void dump_jump(struct dumping *d, uint32_t at)
{
	const struct rs_ir_insn *insn = &d->image->insns[at];
	char file = (insn->code & 7) == BPF_CLASS_JMP32 ? 'w' : 'r';
	unsigned op = insn->code & 0xf0;
	int target = (int)at + 1 + insn->off;

	if (op == BPF_OP_CALL)
		dump_call(d, at);
	else if (op == BPF_OP_EXIT)
		rs_str_append_cstr(d->out, "exit");
	else if (op == BPF_OP_JA)
		rs_str_appendf(d->out, "goto %d", target);
	else if (insn->code & BPF_WITH_REG)
		rs_str_appendf(d->out, "if %c%u %s %c%u goto %d", file, dst_of(insn),
			       jump_signs[op >> 4], file, src_of(insn), target);
	else
		rs_str_appendf(d->out, "if %c%u %s %d goto %d", file, dst_of(insn),
			       jump_signs[op >> 4], insn->imm, target);
}

static void dump_memory(const struct rs_ir_insn *insn, struct rs_str *out)
{
	const char *size = sizes[insn->code >> 3 & 3];

	switch (insn->code & 7) {
	case BPF_CLASS_LDX:
		rs_str_appendf(out, "r%u = %s[r%u%+d]", dst_of(insn), size, src_of(insn),
			       insn->off);
		break;
	case BPF_CLASS_ST:
		rs_str_appendf(out, "%s[r%u%+d] = %d", size, dst_of(insn), insn->off, insn->imm);
		break;
	default:
		rs_str_appendf(out, "%s%s[r%u%+d] %s r%u",
			       (insn->code & 0xe0) == BPF_MODE_ATOMIC ? "lock " : "", size,
			       dst_of(insn), insn->off,
			       (insn->code & 0xe0) == BPF_MODE_ATOMIC ? "+=" : "=", src_of(insn));
		break;
	}
}

/* How many instructions it was. */
static uint32_t dump_insn(struct dumping *d, uint32_t at)
{
	const struct rs_ir_insn *insn = &d->image->insns[at];
	unsigned class = insn->code & 7;

	rs_str_appendf(d->out, "%4u: ", at);
	if (class == BPF_CLASS_LD)
		dump_wide(d, at);
	else if (class == BPF_CLASS_ALU || class == BPF_CLASS_ALU64)
		dump_alu(insn, d->out);
	else if (class == BPF_CLASS_JMP || class == BPF_CLASS_JMP32)
		dump_jump(d, at);
	else
		dump_memory(insn, d->out);
	rs_str_append_char(d->out, '\n');
	return class == BPF_CLASS_LD ? 2 : 1;
}

int rs_ir_dump_image(const struct rs_ir_image *image, struct rs_str *out)
{
	struct dumping d = { .image = image, .out = out };
	uint32_t func = 0;

	for (uint32_t at = 0; at < image->n_insns;) {
		for (; func < image->n_funcs && image->funcs[func].insn == at; func++)
			rs_str_appendf(out, "%s: stack %u\n", image->funcs[func].name,
				       image->funcs[func].stack);
		at += dump_insn(&d, at);
	}
	return out->error;
}
