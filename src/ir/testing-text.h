/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Small modules and the text that becomes of them. */

#include "ir/ir.h"

struct fixture {
	struct rs_arena arena;
	struct rs_ir_module *m;
	struct rs_ir_func *f; /* the program, with a context */
	struct rs_error err;
	struct rs_str text;
};

static inline void fixture_init(struct fixture *x)
{
	*x = (struct fixture){ 0 };
	rs_arena_init(&x->arena, 0);
	x->m = rs_ir_module_new(&x->arena);
	x->f = rs_ir_func_new(x->m, "p", 1);
}

static inline void fixture_done(struct fixture *x)
{
	rs_str_done(&x->text);
	rs_arena_done(&x->arena);
}

/* What the module is after the passes. */
static inline const char *optimized(struct fixture *x)
{
	rs_str_reset(&x->text);
	if (rs_ir_optimize(x->m, &x->err) < 0)
		return x->err.msg;
	rs_ir_dump(x->m, &x->text);
	return rs_str_cstr(&x->text);
}

/* The image. */
static inline const char *compiled(struct fixture *x)
{
	const struct rs_ir_options options = { .cpu_v3 = true };
	struct rs_ir_image image;

	rs_str_reset(&x->text);
	if (rs_ir_compile(x->m, &options, &x->arena, &image, &x->err) < 0)
		return x->err.msg;
	rs_ir_dump_image(&image, &x->text);
	return rs_str_cstr(&x->text);
}
