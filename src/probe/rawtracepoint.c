/* SPDX-License-Identifier: Apache-2.0 */
/* Tracepoints without perf: their arguments as the kernel passes them. Attached and detached at once. */
#include "base/suggest.h"
#include "probe/kind.h"
#include "probe/match.h"
#include "probe/typed.h"

#define TRACEITER "__traceiter_" /* the function that calls what is attached: since 5.10 */

static int emit_name(struct rs_emit *emit, const struct rs_attach_point *point, const char *name,
		     const char *module)
{
	struct rs_place place = { .point = *point };

	place.point.name = name;
	place.point.target = *module ? module : "vmlinux";
	return rs_emit_place(emit, &place);
}

struct walk {
	const struct rs_attach_point *point;
	struct rs_emit *emit;
};

static int emit_match(const char *name, const char *module, void *data)
{
	const struct walk *walk = data;

	return emit_name(walk->emit, walk->point, name, module);
}

/* ---- where the kernel does not tell its types ---- */

static int expand_symbols(struct rs_probes *probes, const struct rs_attach_point *point,
			  struct rs_emit *emit, struct rs_error *err)
{
	const struct rs_ksyms *ksyms = rs_probes_ksyms(probes, err);
	const char *wanted = point->target[0] ? point->target : "*";
	struct rs_suggest suggest;
	int r = 0;

	if (!ksyms)
		return probes->ksyms_error.code;
	rs_suggest_init(&suggest, point->name);
	for (size_t i = 0; i < rs_ksyms_len(ksyms) && r >= 0; i++) {
		const struct rs_ksym ksym = rs_ksyms_at(ksyms, i);
		const char *module = *ksym.module ? ksym.module : "vmlinux";

		if (strncmp(ksym.name, TRACEITER, strlen(TRACEITER)) != 0)
			continue;
		rs_suggest_offer(&suggest, ksym.name + strlen(TRACEITER));
		if (rs_match(point->name, ksym.name + strlen(TRACEITER)) &&
		    rs_match(wanted, module))
			r = emit_name(emit, point, ksym.name + strlen(TRACEITER), module);
	}
	return r >= 0 && !emit->n ? rs_point_missing(point, rs_suggest_best(&suggest), err) : r;
}

static int expand(struct rs_probes *probes, const struct rs_attach_point *point,
		  struct rs_emit *emit, struct rs_error *err)
{
	struct walk walk = { point, emit };
	unsigned module = 0;
	int r;

	if (!probes->options.btf || !rs_btf_set_vmlinux(probes->options.btf, NULL))
		return expand_symbols(probes, point, emit, err);
	if (!point->has_wildcard &&
	    rs_typed_find(probes, RS_TYPED_RAWTRACEPOINT, point->target, point->name, &module))
		return emit_name(emit, point, point->name,
				 rs_btf_set_name(probes->options.btf, module));
	r = point->has_wildcard ? rs_typed_each(probes, RS_TYPED_RAWTRACEPOINT, point->target,
						point->name, emit_match, &walk, err)
				: 0;
	if (r < 0 || emit->n)
		return r;
	return rs_point_missing(point,
				rs_typed_nearest(probes, RS_TYPED_RAWTRACEPOINT, point->name), err);
}

static int plan(struct rs_probes *probes, const struct rs_probe *probe, struct rs_probe_plan *plan,
		struct rs_error *err)
{
	if (probe->type != RS_PROGRAM_TRACING_RAW_TP)
		return 0;
	return rs_typed_plan(probes, RS_TYPED_RAWTRACEPOINT, &probe->places[0].point, plan, err);
}

int rs_attach_raw(struct rs_attach *attach, unsigned place, struct rs_error *err)
{
	const struct rs_probe *probe = attach->probe;
	const char *name = probe->type == RS_PROGRAM_RAW_TRACEPOINT
				   ? probe->places[place].point.name
				   : NULL;
	int r = rs_bpf_raw_tp_open_cookie(name, attach->prog_fd, probe->wants_cookie ? place : 0);

	if (r >= 0)
		return rs_attach_link(attach, r, false, err);
	rs_error_set_errno(err, r, "attaching to the raw tracepoint");
	if (r == -ENOENT)
		rs_error_hint(err, "the kernel has no tracepoint \"%s\"",
			      probe->places[place].point.name);
	else if (r == -EINVAL)
		rs_error_hint(err,
			      "the script reads an argument that this tracepoint does not have");
	return r;
}

const struct rs_probe_kind rs_kind_rawtracepoint = {
	.expand = expand,
	.plan = plan,
	.attach = rs_attach_raw,
	.kernel = true,
};
