/* SPDX-License-Identifier: Apache-2.0 */
/* The way from a module to an image. */
#include "ir/internal.h"

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

	(void)options;
	for (uint32_t i = 0; r >= 0 && i < m->n_funcs; i++)
		r = lower_func(m->funcs[i], err);
	return r < 0 ? r : rs_ir_emit_module(m, arena, ret_image, err);
}
