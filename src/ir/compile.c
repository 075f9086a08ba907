/* SPDX-License-Identifier: Apache-2.0 */
/* The way from a module to an image. */
#include "ir/internal.h"

#define ROUNDS_MAX 3

static int prepare(struct rs_ir_module *m, struct rs_error *err)
{
	if (!m)
		return rs_error_set(err, -ENOMEM, "out of memory");
	if (!m->error && !m->n_funcs)
		rs_ir_fail(m, -EINVAL, "a module without functions");
	if (m->error)
		return rs_error_set(err, m->error, "%s", m->why);
	for (uint32_t i = 0; i < m->n_funcs; i++) {
		int r = rs_ir_check(m->funcs[i], err);

		if (r < 0)
			return r;
		if (rs_ir_define_all(m->funcs[i]) < 0)
			return rs_error_set(err, -ENOMEM, "out of memory");
	}
	return 0;
}

/* Values, then what that made useless. Edges that turned out to be never taken are gone, too. */
static int improve(struct rs_ir_func *f)
{
	int decided = rs_ir_number_values(f), r = decided, simpler;

	if (r >= 0 && decided)
		r = rs_ir_flow(f);
	if (r >= 0)
		r = rs_ir_remove_dead(f);
	if (r < 0)
		return r;
	simpler = rs_ir_simplify_flow(f);
	return simpler < 0 ? simpler : decided || simpler;
}

static int optimize(struct rs_ir_func *f, bool cpu_v3)
{
	int r = rs_ir_simplify_flow(f);

	for (unsigned i = 0; i < ROUNDS_MAX && r >= 0; i++) {
		r = improve(f);
		if (!r)
			break;
	}
	if (r >= 0)
		r = rs_ir_remove_stores(f);
	if (r >= 0 && cpu_v3)
		r = rs_ir_narrow(f);
	if (r >= 0)
		r = rs_ir_remove_dead(f);
	return r < 0 ? r : rs_ir_rotate_loops(f);
}

static int optimize_func(struct rs_ir_func *f, bool cpu_v3, struct rs_error *err)
{
	int r = optimize(f, cpu_v3);

	if (r < 0 && f->module->error)
		return rs_error_set(err, r, "%s", f->module->why);
	return r < 0 ? rs_error_set_errno(err, r, "function %s: optimising", f->name) : 0;
}

int rs_ir_optimize(struct rs_ir_module *m, struct rs_error *err)
{
	int r = prepare(m, err);

	for (uint32_t i = 0; r >= 0 && i < m->n_funcs; i++)
		r = optimize_func(m->funcs[i], true, err);
	return r;
}

static int lower_func(struct rs_ir_func *f, struct rs_error *err)
{
	int r = rs_ir_layout(f);

	if (r >= 0)
		r = rs_ir_lower_init(f);
	if (r >= 0)
		r = rs_ir_lower(f);
	if (r < 0)
		return rs_error_set_errno(err, r, "function %s: making BPF instructions", f->name);
	return rs_ir_allocate(f, err);
}

int rs_ir_compile(struct rs_ir_module *m, const struct rs_ir_options *options,
		  struct rs_arena *arena, struct rs_ir_image *ret_image, struct rs_error *err)
{
	int r = prepare(m, err);

	for (uint32_t i = 0; r >= 0 && i < m->n_funcs; i++) {
		if (!options->no_optimize)
			r = optimize_func(m->funcs[i], options->cpu_v3, err);
		if (r >= 0)
			r = lower_func(m->funcs[i], err);
	}
	return r < 0 ? r : rs_ir_emit_module(m, arena, ret_image, err);
}
