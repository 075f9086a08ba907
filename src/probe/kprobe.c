/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of the kernel, by the kernel's probes: where BTF and trampolines are not needed. */
#include <inttypes.h>
#include <linux/bpf.h>

#include "base/fd.h"
#include "base/suggest.h"
#include "kern/perfcall.h"
#include "probe/functions.h"
#include "probe/kind.h"
#include "probe/match.h"
#include "probe/typed.h"

static bool at_return(const struct rs_probe *probe)
{
	return probe->provider == RS_PROVIDER_KRETPROBE;
}

/* By trying: a link on a function that does not exist fails in its own way where there are such links. */
static bool have_multi(struct rs_probes *probes)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	const struct rs_bpf_program program = {
		.type = BPF_PROG_TYPE_KPROBE,
		.attach_type = BPF_TRACE_KPROBE_MULTI,
		.insns = insns,
		.n_insns = ARRAY_SIZE(insns),
	};
	const char *name = "rs no such function";
	const struct rs_bpf_kprobes nothing = { .symbols = &name, .count = 1 };
	_cleanup_(rs_cleanup_close) int fd = -1;

	if (probes->kprobe_multi == RS_UNTRIED) {
		fd = rs_bpf_load(&program);
		probes->kprobe_multi = fd >= 0 && rs_bpf_link_kprobes(fd, &nothing) == -ESRCH
					       ? RS_CAN
					       : RS_CANNOT;
	}
	return probes->kprobe_multi == RS_CAN;
}

/* ---- expanding ---- */

static int emit_function(struct rs_emit *emit, const struct rs_attach_point *point,
			 const char *name, const char *module)
{
	struct rs_place place = { .point = *point };

	place.point.name = name;
	place.point.target = point->target[0] ? module : "";
	return rs_emit_place(emit, &place);
}

struct walk {
	const struct rs_attach_point *point;
	struct rs_emit *emit;
};

static bool module_fits(const struct rs_attach_point *point, const char *module)
{
	return !point->target[0] || rs_match(point->target, *module ? module : "vmlinux");
}

static int emit_match(const char *name, const char *module, void *data)
{
	const struct walk *walk = data;

	if (!rs_match(walk->point->name, name) || !module_fits(walk->point, module))
		return 0;
	return emit_function(walk->emit, walk->point, name, *module ? module : "vmlinux");
}

static int offer(const char *name, const char *module, void *data)
{
	(void)module;
	rs_suggest_offer(data, name);
	return 0;
}

static int missing(struct rs_probes *probes, const struct rs_attach_point *point,
		   struct rs_error *err)
{
	struct rs_suggest suggest;

	rs_suggest_init(&suggest, point->name);
	rs_functions_each(probes, offer, &suggest, NULL);
	return rs_point_missing(point, rs_suggest_best(&suggest), err);
}

static bool available(struct rs_probes *probes)
{
	return rs_perf_pmu_type("kprobe") != -ENOENT || have_multi(probes);
}

/* Patterns are for what can be attached. */
static int need_kprobes(struct rs_probes *probes, const struct rs_attach_point *point,
			struct rs_error *err)
{
	if (available(probes))
		return 0;
	return rs_point_refuse(point, -ENOENT, "this kernel has no kprobes (CONFIG_KPROBE_EVENTS)",
			       err);
}

/* Inside of the function, as far as the next symbol tells where it ends. */
static int check_offset(struct rs_probes *probes, const struct rs_attach_point *point,
			struct rs_error *err)
{
	const struct rs_ksyms *ksyms = point->offset ? rs_probes_ksyms(probes, NULL) : NULL;
	struct rs_ksym ksym, at;

	if (!ksyms || !rs_ksyms_get(ksyms, NULL, point->name, &ksym) || !ksym.address ||
	    !rs_ksyms_find(ksyms, ksym.address + point->offset, &at) || at.address == ksym.address)
		return 0;
	return rs_point_refuse(point, -EINVAL, "the offset is outside of the function", err);
}

static int expand_exact(struct rs_probes *probes, const struct rs_attach_point *point,
			struct rs_emit *emit, struct rs_error *err)
{
	struct rs_place place = { .point = *point };
	int r;

	if (!point->has_address) {
		r = rs_functions_have(probes, point->target, point->name);
		if (!r)
			return missing(probes, point, err);
		r = check_offset(probes, point, err);
		if (r < 0)
			return r;
	}
	return rs_emit_place(emit, &place);
}

static int expand(struct rs_probes *probes, const struct rs_attach_point *point,
		  struct rs_emit *emit, struct rs_error *err)
{
	struct walk walk = { point, emit };
	int r;

	if (point->provider == RS_PROVIDER_KRETPROBE && point->offset)
		return rs_point_refuse(point, -EINVAL, "a return has no offset", err);
	if (!point->has_wildcard)
		return expand_exact(probes, point, emit, err);
	if (point->offset)
		return rs_point_refuse(point, -EINVAL, "a pattern has no offset", err);
	r = need_kprobes(probes, point, err);
	return r < 0 ? r : rs_functions_each(probes, emit_match, &walk, err);
}

/* ---- loading ---- */

/* Such links take whole functions by name; of one name in several modules they take all. */
static bool multi_fits(const struct rs_probe *probe)
{
	for (unsigned i = 0; i < probe->n_places; i++) {
		const struct rs_attach_point *point = &probe->places[i].point;

		if (point->has_address || point->offset)
			return false;
	}
	return probe->n_places > 1;
}

static int plan(struct rs_probes *probes, const struct rs_probe *probe, struct rs_probe_plan *plan,
		struct rs_error *err)
{
	(void)err;
	if (multi_fits(probe) && have_multi(probes)) {
		plan->multi = true;
		plan->attach_type = BPF_TRACE_KPROBE_MULTI;
	}
	return 0;
}

/* ---- attaching ---- */

/* Something else that shows the same, where the kernel has no kprobes. */
static void hint_instead(struct rs_attach *attach, const struct rs_attach_point *point,
			 struct rs_error *err)
{
	if (rs_bpf_trampolines_allowed() &&
	    rs_typed_function(attach->probes, "", point->name, NULL))
		rs_error_hint(err, "%s:%s may do the same here",
			      at_return(attach->probe) ? "fexit" : "fentry", point->name);
	else
		rs_error_hint(err, "look for a tracepoint: ringside trace -l 'tracepoint:*'");
}

static int explain_open(struct rs_attach *attach, const struct rs_attach_point *point, int r,
			struct rs_error *err)
{
	rs_error_set_errno(err, r, "opening a perf event for it");
	if (r == -EPERM || r == -EACCES)
		rs_error_hint(
			err,
			"run it as root, or with CAP_BPF and CAP_PERFMON; a locked-down kernel allows "
			"no kprobes");
	else if (r == -ENOENT || r == -EADDRNOTAVAIL)
		rs_error_hint(
			err,
			"the function is not there, or the compiler has put it into its callers");
	else if (r == -EINVAL || r == -EILSEQ)
		rs_error_hint(err, point->offset
					   ? "the offset must be where an instruction begins"
					   : "the kernel does not allow a probe on this function");
	else if (r == -EOPNOTSUPP)
		hint_instead(attach, point, err);
	return r;
}

static int no_pmu(struct rs_attach *attach, const struct rs_attach_point *point, int r,
		  struct rs_error *err)
{
	if (r != -ENOENT)
		return rs_error_set_errno(err, r, "reading the number of the kernel's kprobes");
	rs_error_set(err, -ENOTSUP, "this kernel has no kprobes (CONFIG_KPROBE_EVENTS)");
	hint_instead(attach, point, err);
	return -ENOTSUP;
}

static int open_event(struct rs_attach *attach, const struct rs_attach_point *point,
		      struct rs_error *err)
{
	struct perf_event_attr attr = { .sample_period = 1 };
	int type = rs_perf_pmu_type("kprobe"), bit, r;
	char name[256];

	if (type < 0)
		return no_pmu(attach, point, type, err);
	/* "module:function" would be taken too, but the name is enough. */
	if ((size_t)snprintf(name, sizeof(name), "%s", point->name) >= sizeof(name))
		return rs_error_set(err, -ENAMETOOLONG, "the name is too long");
	attr.type = (uint32_t)type;
	attr.config1 = point->has_address ? 0 : (uint64_t)(uintptr_t)name;
	attr.config2 = point->has_address ? point->address : point->offset;
	if (at_return(attach->probe)) {
		bit = rs_perf_pmu_return_bit("kprobe");
		if (bit < 0)
			return no_pmu(attach, point, bit, err);
		attr.config |= 1ull << bit;
	}
	r = rs_perf_open(&attr, -1, 0);
	return r < 0 ? explain_open(attach, point, r, err) : r;
}

static int attach(struct rs_attach *attach, unsigned place, struct rs_error *err)
{
	int fd = open_event(attach, &attach->probe->places[place].point, err);

	return fd < 0 ? fd : rs_attach_event(attach, fd, place, true, err);
}

/* ---- many ---- */

static int link_span(struct rs_attach *attach, const char **names, const uint64_t *cookies,
		     unsigned from, unsigned n, struct rs_error *err)
{
	const struct rs_bpf_kprobes kprobes = {
		.symbols = names + from,
		.cookies = attach->probe->wants_cookie ? cookies + from : NULL,
		.count = n,
		.at_return = at_return(attach->probe),
	};
	int fd = rs_bpf_link_kprobes(attach->prog_fd, &kprobes);

	if (fd < 0)
		return explain_open(attach, &attach->probe->places[from].point, fd, err);
	return rs_attach_link(attach, fd, true, err);
}

static int link_each(struct rs_attach *attach, const char **names, const uint64_t *cookies)
{
	int n = 0;

	for (unsigned i = 0; i < attach->probe->n_places; i++) {
		struct rs_error why = RS_ERROR_INIT;

		if (link_span(attach, names, cookies, i, 1, &why) < 0)
			rs_attach_warn(attach, i, &why);
		else
			n++;
	}
	return n;
}

static int attach_multi(struct rs_attach *attach, struct rs_error *err)
{
	unsigned n = attach->probe->n_places;
	_cleanup_(rs_cleanup_free) const char **names = calloc(n, sizeof(*names));
	_cleanup_(rs_cleanup_free) uint64_t *cookies = calloc(n, sizeof(*cookies));
	int r;

	if (!names || !cookies)
		return rs_error_set(err, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < n; i++) {
		names[i] = attach->probe->places[i].point.name;
		cookies[i] = i;
	}
	r = link_span(attach, names, cookies, 0, n, err);
	if (r >= 0)
		return (int)n;
	return attach->options->missing == RS_MISSING_ERROR ? r : link_each(attach, names, cookies);
}

const struct rs_probe_kind rs_kind_kprobe = {
	.available = available,
	.expand = expand,
	.plan = plan,
	.attach = attach,
	.attach_multi = attach_multi,
	.kernel = true,
};

const struct rs_probe_kind rs_kind_kretprobe = {
	.expand = expand,
	.plan = plan,
	.attach = attach,
	.attach_multi = attach_multi,
};
