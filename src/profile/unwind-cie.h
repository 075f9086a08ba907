/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What unwind-cfi.c is made of: what functions have in common (CIE), and the instructions that change a frame. */

#include "profile/unwind-bytes.h"
#include "profile/unwind-cfi.h"

/* Where a register of the caller is. */
struct rs_unwind_saved {
	enum {
		RS_UNWIND_SAVED_SAME,
		RS_UNWIND_SAVED_UNDEFINED,
		RS_UNWIND_SAVED_AT_CFA,
		RS_UNWIND_SAVED_AT_BP,
		RS_UNWIND_SAVED_IN_RDI,
		RS_UNWIND_SAVED_OTHER, /* said in a way that we do not keep */
	} where;
	int64_t offset;
};

struct rs_unwind_frame {
	uint32_t
		expression; /* the rule of CFA where it is one that we know; 0: register and offset say it */
	bool unsupported; /* the expression is one that we do not know */
	uint64_t reg;
	int64_t offset;
	struct rs_unwind_saved bp, ra;
};

struct rs_unwind_cie {
	uint64_t at; /* offset in the section */
	bool valid;
	uint64_t code_align;
	int64_t data_align;
	uint64_t ra; /* number of the return address's register */
	uint8_t encoding;
	bool has_data; /* functions have augmentation data */
	bool signal;   /* functions are entered by signals */
	struct rs_unwind_frame start;
};

/* @body: of a CIE, behind its number. Fills all but `at`. -EBADMSG. */
int rs_unwind_cie_read(const struct rs_unwind_section *section, struct rs_unwind_bytes body,
		       struct rs_unwind_cie *cie);

/* An encoded address; relative ones count from where they stand. Sets b->bad for encodings that are not known. */
uint64_t rs_unwind_address(struct rs_unwind_bytes *b, const struct rs_unwind_section *section,
			   uint8_t encoding);

/* One instruction that changes the frame and goes nowhere. 0 or -EBADMSG. */
int rs_unwind_frame_apply(struct rs_unwind_frame *frame, const struct rs_unwind_cie *cie,
			  uint8_t op, struct rs_unwind_bytes *b);

/* The row that the frame makes. */
uint32_t rs_unwind_frame_rule(const struct rs_unwind_frame *frame, const struct rs_unwind_cie *cie);
