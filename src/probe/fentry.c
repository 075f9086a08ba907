/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of the kernel by trampolines: with types, and cheaper than kprobes. */
#include <linux/bpf.h>

#include "probe/functions.h"
#include "probe/kind.h"
#include "probe/typed.h"

struct walk {
	struct rs_probes *probes;
	const struct rs_attach_point *point;
	struct rs_emit *emit;
};

static int emit_name(struct rs_emit *emit, const struct rs_attach_point *point, const char *name,
		     const char *module)
{
	struct rs_place place = { .point = *point };

	place.point.name = name;
	place.point.target = module;
	return rs_emit_place(emit, &place);
}

static int emit_match(const char *name, const char *module, void *data)
{
	const struct walk *walk = data;

	if (rs_functions_untraceable(walk->probes, module, name))
		return 0;
	return emit_name(walk->emit, walk->point, name, module);
}

static int expand(struct rs_probes *probes, const struct rs_attach_point *point,
		  struct rs_emit *emit, struct rs_error *err)
{
	struct walk walk = { probes, point, emit };
	unsigned module = 0;
	int r;

	if (point->has_address || point->offset)
		return rs_point_refuse(point, -EINVAL,
				       "only the beginning of a function, by its name", err);
	if (!strcmp(point->target, "bpf"))
		return rs_point_refuse(point, -ENOTSUP, "programs of others cannot be traced yet",
				       err);
	if (!point->has_wildcard && rs_typed_function(probes, point->target, point->name, &module))
		return emit_name(emit, point, point->name,
				 rs_btf_set_name(probes->options.btf, module));
	r = rs_typed_each(probes, RS_TYPED_FUNCTION, point->target, point->name, emit_match, &walk,
			  err);
	if (r < 0 || emit->n)
		return r;
	return rs_point_missing(point, rs_typed_nearest(probes, RS_TYPED_FUNCTION, point->name),
				err);
}

static int plan(struct rs_probes *probes, const struct rs_probe *probe, struct rs_probe_plan *plan,
		struct rs_error *err)
{
	return rs_typed_plan(probes, RS_TYPED_FUNCTION, &probe->places[0].point, plan, err);
}

static int explain(int r, struct rs_error *err)
{
	rs_error_set_errno(err, r, "attaching to the function");
	if (r == -EPERM)
		rs_error_hint(
			err,
			"a locked-down kernel allows no fentry, and some functions are kept from it");
	else if (r == -EBUSY)
		rs_error_hint(
			err,
			"something else (a live patch, kretprobe) is on the function in a way that "
			"excludes it");
	else if (r == -E2BIG)
		rs_error_hint(err, "no more programs fit on this function");
	else if (r == -EOPNOTSUPP)
		rs_error_hint(err, "try the kprobe of the same name");
	return r;
}

static int attach(struct rs_attach *attach, unsigned place, struct rs_error *err)
{
	const struct rs_probe *probe = attach->probe;
	uint64_t cookie = probe->wants_cookie ? place : 0;
	int r = rs_bpf_raw_tp_open(NULL, attach->prog_fd);

	if (cookie && r >= 0) {
		close(r);
		r = rs_bpf_link_tracing(attach->prog_fd, attach->plan->attach_type, cookie);
	}
	return r < 0 ? explain(r, err) : rs_attach_link(attach, r, true, err);
}

static bool available(struct rs_probes *probes)
{
	(void)probes;
	return rs_bpf_trampolines_allowed();
}

const struct rs_probe_kind rs_kind_fentry = {
	.available = available,
	.expand = expand,
	.plan = plan,
	.attach = attach,
	.kernel = true,
};

const struct rs_probe_kind rs_kind_fexit = {
	.expand = expand,
	.plan = plan,
	.attach = attach,
};
