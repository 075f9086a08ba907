/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/unwind-cie.h"

#include <errno.h>

#define BP 6 /* numbers of registers: System V ABI for AMD64, figure 3.36 */
#define SP 7
#define RA 16
#define DI 5

#define INSTRUCTIONS_MAX 256 /* bytes in a CIE: they are run for each change of it */
#define AUGMENTATION_MAX 8

/* ---- expressions ---- */

/* The entries of a PLT push one word, then another: "rsp + 8 + ((rip & 15) >= N) * 8" is what linkers write of them. */
static uint32_t plt_rule(const struct rs_unwind_bytes *b)
{
	static const uint8_t before[] = { 0x77, 0x08, 0x80, 0x00, 0x3f, 0x1a };
	static const uint8_t after[] = { 0x2a, 0x33, 0x24, 0x22 };
	const uint8_t *p = b->at;
	uint8_t n;

	if (rs_unwind_left(b) != sizeof(before) + 1 + sizeof(after) ||
	    memcmp(p, before, sizeof(before)) != 0 ||
	    memcmp(p + sizeof(before) + 1, after, sizeof(after)) != 0)
		return 0;
	n = p[sizeof(before)]; /* DW_OP_lit0 and on */
	if (n < 0x30 || n > 0x3f)
		return 0;
	return RS_UNWIND_RULE(RS_UNWIND_PLT, 0, 0, n - 0x30);
}

/* "*(rsp + offset)" and "*(rsp + offset) + more": frames that were aligned. */
static uint32_t deref_rule(struct rs_unwind_bytes b)
{
	uint8_t op = (uint8_t)rs_unwind_fixed(&b, 1);
	int64_t offset = rs_unwind_sleb(&b);
	uint64_t more = 0;

	if ((op != 0x70 + SP && op != 0x70 + BP) || rs_unwind_fixed(&b, 1) != 0x06)
		return 0;
	if (b.at < b.end && rs_unwind_fixed(&b, 1) == 0x23) /* plus_uconst */
		more = rs_unwind_uleb(&b);
	if (b.bad || b.at != b.end || offset % 8 || offset / 8 < -2048 || offset / 8 > 2047 ||
	    more % 8 || more / 8 > 15)
		return 0;
	return RS_UNWIND_RULE(op == 0x70 + SP ? RS_UNWIND_SP_DEREF : RS_UNWIND_BP_DEREF, 0, 0,
			      (uint32_t)(offset / 8) << 4 | (uint32_t)(more / 8));
}

static void def_cfa_expression(struct rs_unwind_frame *frame, struct rs_unwind_bytes b)
{
	frame->expression = plt_rule(&b);
	if (!frame->expression)
		frame->expression = deref_rule(b);
	frame->unsupported = !frame->expression;
}

/* "rbp + offset" is the one that is in use: where CFA is not known by a register, rbp's slot is. */
static struct rs_unwind_saved saved_by_expression(struct rs_unwind_bytes b)
{
	struct rs_unwind_saved saved = { RS_UNWIND_SAVED_OTHER, 0 };

	if (rs_unwind_fixed(&b, 1) != 0x70 + BP)
		return saved;
	saved.offset = rs_unwind_sleb(&b);
	if (!b.bad && b.at == b.end)
		saved.where = RS_UNWIND_SAVED_AT_BP;
	return saved;
}

/* ---- instructions ---- */

static void set_saved(struct rs_unwind_frame *frame, const struct rs_unwind_cie *cie, uint64_t reg,
		      struct rs_unwind_saved saved)
{
	if (reg == BP)
		frame->bp = saved;
	else if (reg == cie->ra)
		frame->ra = saved;
}

static void restore(struct rs_unwind_frame *frame, const struct rs_unwind_cie *cie, uint64_t reg)
{
	set_saved(frame, cie, reg, reg == BP ? cie->start.bp : cie->start.ra);
}

static void save_at(struct rs_unwind_frame *frame, const struct rs_unwind_cie *cie, uint64_t reg,
		    int64_t offset)
{
	int64_t scaled;
	struct rs_unwind_saved saved = { RS_UNWIND_SAVED_AT_CFA, 0 };

	if (__builtin_mul_overflow(offset, cie->data_align, &scaled))
		saved.where = RS_UNWIND_SAVED_OTHER;
	else
		saved.offset = scaled;
	set_saved(frame, cie, reg, saved);
}

static void def_cfa(struct rs_unwind_frame *frame, uint64_t reg, int64_t offset)
{
	frame->expression = 0;
	frame->unsupported = false;
	frame->reg = reg;
	frame->offset = offset;
}

static int64_t scaled(const struct rs_unwind_cie *cie, int64_t offset)
{
	int64_t product;

	return __builtin_mul_overflow(offset, cie->data_align, &product) ? INT64_MAX : product;
}

/* What says where a register of the caller is. False: it is no such instruction. */
static bool apply_register(struct rs_unwind_frame *frame, const struct rs_unwind_cie *cie,
			   uint8_t op, struct rs_unwind_bytes *b)
{
	const struct rs_unwind_saved other = { RS_UNWIND_SAVED_OTHER, 0 };
	const struct rs_unwind_saved in_rdi = { RS_UNWIND_SAVED_IN_RDI, 0 };
	uint64_t reg = rs_unwind_uleb(b);

	switch (op) {
	case 0x05: /* offset_extended */
		save_at(frame, cie, reg, (int64_t)rs_unwind_uleb(b));
		return true;
	case 0x11: /* offset_extended_sf */
		save_at(frame, cie, reg, rs_unwind_sleb(b));
		return true;
	case 0x2f: /* GNU_negative_offset_extended */
		save_at(frame, cie, reg, (int64_t)(0 - rs_unwind_uleb(b)));
		return true;
	case 0x06: /* restore_extended */
		restore(frame, cie, reg);
		return true;
	case 0x07: /* undefined */
		set_saved(frame, cie, reg,
			  (struct rs_unwind_saved){ RS_UNWIND_SAVED_UNDEFINED, 0 });
		return true;
	case 0x08: /* same_value */
		set_saved(frame, cie, reg, (struct rs_unwind_saved){ RS_UNWIND_SAVED_SAME, 0 });
		return true;
	case 0x09: /* register */
		set_saved(frame, cie, reg, rs_unwind_uleb(b) == DI ? in_rdi : other);
		return true;
	case 0x14: /* val_offset */
	case 0x15: /* val_offset_sf */
		rs_unwind_uleb(b);
		set_saved(frame, cie, reg, other);
		return true;
	case 0x10: /* expression */
		set_saved(frame, cie, reg,
			  saved_by_expression(rs_unwind_take(b, rs_unwind_uleb(b))));
		return true;
	case 0x16: /* val_expression */
		rs_unwind_take(b, rs_unwind_uleb(b));
		set_saved(frame, cie, reg, other);
		return true;
	}
	return false;
}

static bool apply_cfa(struct rs_unwind_frame *frame, const struct rs_unwind_cie *cie, uint8_t op,
		      struct rs_unwind_bytes *b)
{
	uint64_t reg;

	switch (op) {
	case 0x00: /* nop */
	case 0x2d: /* GNU_window_save: other processors' */
		return true;
	case 0x0c: /* def_cfa */
		reg = rs_unwind_uleb(b);
		def_cfa(frame, reg, (int64_t)rs_unwind_uleb(b));
		return true;
	case 0x12: /* def_cfa_sf */
		reg = rs_unwind_uleb(b);
		def_cfa(frame, reg, scaled(cie, rs_unwind_sleb(b)));
		return true;
	case 0x0d: /* def_cfa_register */
		def_cfa(frame, rs_unwind_uleb(b), frame->offset);
		return true;
	case 0x0e: /* def_cfa_offset */
		def_cfa(frame, frame->reg, (int64_t)rs_unwind_uleb(b));
		return true;
	case 0x13: /* def_cfa_offset_sf */
		def_cfa(frame, frame->reg, scaled(cie, rs_unwind_sleb(b)));
		return true;
	case 0x0f: /* def_cfa_expression */
		def_cfa_expression(frame, rs_unwind_take(b, rs_unwind_uleb(b)));
		return true;
	case 0x2e: /* GNU_args_size */
		rs_unwind_uleb(b);
		return true;
	}
	return false;
}

int rs_unwind_frame_apply(struct rs_unwind_frame *frame, const struct rs_unwind_cie *cie,
			  uint8_t op, struct rs_unwind_bytes *b)
{
	if (op >> 6 == 2) /* offset */
		save_at(frame, cie, op & 63, (int64_t)rs_unwind_uleb(b));
	else if (op >> 6 == 3)
		restore(frame, cie, op & 63);
	else if (!apply_cfa(frame, cie, op, b) && !apply_register(frame, cie, op, b))
		return -EBADMSG;
	return b->bad ? -EBADMSG : 0;
}

/* ---- rows ---- */

/* rbp's part of the rule; one that we do not keep counts as "same": it is seldom needed, and checked where it is. */
static uint32_t bp_rule(const struct rs_unwind_saved *bp)
{
	int64_t words = bp->offset / 8;

	if (bp->offset % 8 || words < -64 || words > 63)
		return 0;
	if (bp->where == RS_UNWIND_SAVED_AT_CFA)
		return RS_UNWIND_RULE(0, RS_UNWIND_BP_AT_CFA, words, 0);
	if (bp->where == RS_UNWIND_SAVED_AT_BP)
		return RS_UNWIND_RULE(0, RS_UNWIND_BP_AT_BP, words, 0);
	return 0;
}

uint32_t rs_unwind_frame_rule(const struct rs_unwind_frame *frame, const struct rs_unwind_cie *cie)
{
	int64_t words = frame->offset / 8;

	if (cie->signal)
		return RS_UNWIND_SIGNAL;
	if (frame->ra.where == RS_UNWIND_SAVED_UNDEFINED)
		return RS_UNWIND_END;
	if (cie->ra == RA && frame->ra.where == RS_UNWIND_SAVED_IN_RDI && frame->reg == SP &&
	    !frame->offset && !frame->expression && !frame->unsupported)
		return RS_UNWIND_IN_RDI;
	if (cie->ra != RA || frame->ra.where != RS_UNWIND_SAVED_AT_CFA || frame->ra.offset != -8 ||
	    frame->unsupported)
		return RS_UNWIND_UNSUPPORTED;
	if (frame->expression)
		return frame->expression | bp_rule(&frame->bp);
	if ((frame->reg != SP && frame->reg != BP) || frame->offset % 8 || words < -(1 << 19) ||
	    words >= 1 << 19)
		return RS_UNWIND_UNSUPPORTED;
	return RS_UNWIND_RULE(frame->reg == SP ? RS_UNWIND_SP : RS_UNWIND_BP, 0, 0, words) |
	       bp_rule(&frame->bp);
}

/* ---- CIE ---- */

uint64_t rs_unwind_address(struct rs_unwind_bytes *b, const struct rs_unwind_section *section,
			   uint8_t encoding)
{
	uint64_t here = section->address + (uint64_t)(b->at - section->data), value;

	switch (encoding & 15) {
	case 0x00: /* absptr */
	case 0x04: /* udata8 */
	case 0x0c: /* sdata8 */
		value = rs_unwind_fixed(b, 8);
		break;
	case 0x01:
		value = rs_unwind_uleb(b);
		break;
	case 0x09:
		value = (uint64_t)rs_unwind_sleb(b);
		break;
	case 0x02:
		value = rs_unwind_fixed(b, 2);
		break;
	case 0x03:
		value = rs_unwind_fixed(b, 4);
		break;
	case 0x0a:
		value = (uint64_t)rs_unwind_fixed_signed(b, 2);
		break;
	case 0x0b:
		value = (uint64_t)rs_unwind_fixed_signed(b, 4);
		break;
	default:
		b->bad = true;
		return 0;
	}
	if ((encoding & 0x70) == 0x10) /* pcrel */
		return here + value;
	if (encoding & 0xf0)
		b->bad = true;
	return value;
}

/* What the letters of the augmentation say: Linux Standard Base, "Exception Frames". */
static void read_augmentation(const struct rs_unwind_section *section, const char *letters,
			      struct rs_unwind_bytes data, struct rs_unwind_cie *cie)
{
	for (; *letters && !data.bad; letters++) {
		uint8_t encoding;

		switch (*letters) {
		case 'R':
			cie->encoding = (uint8_t)rs_unwind_fixed(&data, 1);
			break;
		case 'P': /* personality routine: its address may be anywhere */
			encoding = (uint8_t)rs_unwind_fixed(&data, 1);
			rs_unwind_address(&data, section, encoding & 15);
			break;
		case 'L':
			rs_unwind_fixed(&data, 1);
			break;
		case 'S':
			cie->signal = true;
			break;
		default: /* the length is known: what we do not know is left out */
			break;
		}
	}
}

static int run_start(struct rs_unwind_cie *cie, struct rs_unwind_bytes b)
{
	if (rs_unwind_left(&b) > INSTRUCTIONS_MAX)
		return -EBADMSG;
	while (b.at < b.end) {
		uint8_t op = (uint8_t)rs_unwind_fixed(&b, 1);
		int r = rs_unwind_frame_apply(&cie->start, cie, op, &b);

		if (r < 0)
			return r;
	}
	return 0;
}

int rs_unwind_cie_read(const struct rs_unwind_section *section, struct rs_unwind_bytes body,
		       struct rs_unwind_cie *cie)
{
	uint8_t version = (uint8_t)rs_unwind_fixed(&body, 1);
	const char *letters = (const char *)body.at;
	size_t n = strnlen(letters, MIN(rs_unwind_left(&body), (size_t)AUGMENTATION_MAX));
	int r;

	if (n == AUGMENTATION_MAX || n == rs_unwind_left(&body) ||
	    (version != 1 && version != 3 && version != 4) || (n && *letters != 'z'))
		return -EBADMSG;
	*cie = (struct rs_unwind_cie){ .at = cie->at, .has_data = n > 0 };
	rs_unwind_take(&body, n + 1);
	if (version == 4 &&
	    rs_unwind_fixed(&body, 2) != 8) /* sizes of addresses and of selectors */
		return -EBADMSG;
	cie->code_align = rs_unwind_uleb(&body);
	cie->data_align = rs_unwind_sleb(&body);
	cie->ra = version == 1 ? rs_unwind_fixed(&body, 1) : rs_unwind_uleb(&body);
	if (n)
		read_augmentation(section, letters + 1,
				  rs_unwind_take(&body, rs_unwind_uleb(&body)), cie);
	if (body.bad || cie->code_align > UINT32_MAX)
		return -EBADMSG;
	r = run_start(cie, body);
	cie->valid = r == 0;
	return r;
}
