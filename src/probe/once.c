/* SPDX-License-Identifier: Apache-2.0 */
/* BEGIN, END and self: programs that the runtime calls itself. */
#include "probe/kind.h"

static int expand(struct rs_probes *probes, const struct rs_attach_point *point,
		  struct rs_emit *emit, struct rs_error *err)
{
	const struct rs_place place = { .point = *point };

	(void)probes;
	(void)err;
	return rs_emit_place(emit, &place);
}

static int attach(struct rs_attach *attach, unsigned place, struct rs_error *err)
{
	return rs_point_refuse(&attach->probe->places[place].point, -EINVAL,
			       "it is called, not attached", err);
}

const struct rs_probe_kind rs_kind_once = {
	.expand = expand,
	.attach = attach,
};
