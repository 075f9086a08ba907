/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The compiler of the tracing language as others see it: text in, program out.
 *
 *	parse (parse.c)  ->  resolve probes (resolve.c)  ->  types and meanings (sema*.c)
 *	->  lower to IR (lower*.c, fn-*.c)  ->  optimise and emit (ir)
 */

#include "lang/program.h"

struct rs_lang_options {
	const struct rs_lang_source *source; /* outlives the compilation */
	const char *const *params;           /* $1 ... */
	unsigned n_params;
	bool unsafe;   /* --unsafe */
	bool warnings; /* false: only mistakes */
	bool helper_errors; /* -k: programs count what may well be meant, too: missing keys, memory that is not there */
	uint64_t pid; /* -p: every probe runs only for it; 0 all */
	bool pid_namespace; /* we live in a pid namespace of our own: pids are numbered as there (RS_STATE_PIDNS_*) */
	bool has_child; /* -c: cpid is the child's; known at run time only (RS_STATE_CPID) */
	const struct rs_lang_config
		*config; /* defaults and environment; the script's config block is applied to a
						copy. NULL: defaults */
	/* Called after each stage for dumps (-d). May be NULL. stage: "ast", "sema", "ir", "ir-opt", "insn" */
	void (*dump)(void *ctx, const char *stage, const struct rs_program *program);
	void *dump_ctx;
	bool parse_only; /* stop after the stage "ast" */
	bool check_only; /* stop after the stage "sema" */
	bool keep_modules; /* stop before instructions are made: probe->module is as the lowering left it */
	/* For named options of scripts (getopt()): what came after "--". */
	const char *const *script_args;
	unsigned n_script_args;
};

/*
 * Compiles. Everything lives in the arena. Mistakes and warnings are in diags, which the caller has set up
 * with the script as source 0. 0: *ret_program is complete; -EINVAL: diags has at least one error (or names
 * the same in err); -ENOMEM.
 */
int rs_lang_compile(struct rs_arena *arena, struct rs_diags *diags,
		    const struct rs_lang_options *options, struct rs_program **ret_program,
		    struct rs_error *err);

/* The names of all functions and builtins, for completion and docs: NULL ends. */
const char *rs_lang_function_name(unsigned i);
const char *rs_lang_builtin_name(unsigned i);
