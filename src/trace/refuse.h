/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Why the kernel refused a program, told in the terms of the script, on its line. */

#include "lang/program.h"

/* What a verifier's log ends with. Texts point into the log and are not NUL-terminated. */
struct rs_refusal {
	const char *message; /* the last line that is no instruction; NULL: none */
	size_t message_len;
	const char *before; /* the one before it, behind the same instruction; NULL: none */
	size_t before_len;
	bool has_insn;
	uint32_t insn; /* the last one that the verifier looked at */
};

/* The log is text of the kernel's; nothing is expected of it. */
void rs_refusal_parse(const char *log, size_t len, struct rs_refusal *ret_refusal);

/* Where in the script an instruction comes from; the probe itself when that is not known. */
struct rs_span rs_trace_span(const struct rs_probe *probe, const struct rs_program *program,
			     uint32_t insn);

/* Adds the mistake, with its hint, to the program's diagnostics. @error: what loading said. */
void rs_trace_refused(struct rs_diags *diags, const struct rs_program *program,
		      const struct rs_probe *probe, int error, const char *log, size_t len);
