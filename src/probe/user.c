/* SPDX-License-Identifier: Apache-2.0 */
/* One perf event a place, or, where the kernel can (6.6) and they are several, one link a file. */
#include "probe/user.h"

#include <linux/bpf.h>

#include "kern/perfcall.h"
#include "probe/binary.h"

#define SEMAPHORE_SHIFT 32 /* of its offset in config: format/ref_ctr_offset of the PMU */

static bool at_return(const struct rs_probe *probe)
{
	return probe->provider == RS_PROVIDER_URETPROBE;
}

/* Where the place is in its file. */
static int offset_of(struct rs_probes *probes, const struct rs_place *place, uint64_t *ret_offset,
		     struct rs_error *err)
{
	const struct rs_attach_point *point = &place->point;
	struct rs_elf *elf;

	if (point->provider == RS_PROVIDER_USDT) {
		*ret_offset = place->usdt_address;
		return 0;
	}
	elf = rs_binary_open(probes, point->target, err);
	if (!elf)
		return err ? err->code : -ENOEXEC;
	if (!rs_elf_offset(elf, point->address + point->offset, ret_offset))
		return rs_error_set(err, -EINVAL, "this address is not in the file");
	return 0;
}

/* ---- one by one ---- */

static int no_pmu(int r, struct rs_error *err)
{
	if (r == -ENOENT)
		return rs_error_set(err, -ENOTSUP,
				    "this kernel has no uprobes (CONFIG_UPROBE_EVENTS)");
	return rs_error_set_errno(err, r, "reading the number of the kernel's uprobes");
}

static int explain(int r, struct rs_error *err)
{
	rs_error_set_errno(err, r, "opening a perf event for it");
	if (r == -EPERM || r == -EACCES)
		rs_error_hint(err, "run it as root, or with CAP_BPF and CAP_PERFMON");
	else if (r == -ENOTSUP)
		rs_error_hint(err, "the kernel cannot single-step the instruction that is there");
	else if (r == -EINVAL)
		rs_error_hint(err, "the kernel refuses this file or this place in it");
	return r;
}

static int open_event(struct rs_attach *attach, const struct rs_place *place, struct rs_error *err)
{
	struct perf_event_attr attr = { .sample_period = 1 };
	pid_t pid = attach->probes->options.pid ? (pid_t)attach->probes->options.pid : -1;
	int type = rs_perf_pmu_type("uprobe"), bit, r;
	uint64_t offset = 0;

	if (type < 0)
		return no_pmu(type, err);
	r = offset_of(attach->probes, place, &offset, err);
	if (r < 0)
		return r;
	attr.type = (uint32_t)type;
	attr.config = place->usdt_semaphore << SEMAPHORE_SHIFT;
	attr.config1 = (uint64_t)(uintptr_t)place->point.target;
	attr.config2 = offset;
	if (at_return(attach->probe)) {
		bit = rs_perf_pmu_return_bit("uprobe");
		if (bit < 0)
			return no_pmu(bit, err);
		attr.config |= 1ull << bit;
	}
	r = rs_perf_open(&attr, pid, pid < 0 ? 0 : -1);
	return r < 0 ? explain(r, err) : r;
}

int rs_user_attach(struct rs_attach *attach, unsigned place, struct rs_error *err)
{
	int fd = open_event(attach, &attach->probe->places[place], err);

	return fd < 0 ? fd : rs_attach_event(attach, fd, place, true, err);
}

/* ---- many ---- */

/* By trying: a link on a file that can have no probes fails in its own way where the kernel knows such links. */
static bool have_multi(struct rs_probes *probes)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	const struct rs_bpf_program program = {
		.type = BPF_PROG_TYPE_KPROBE,
		.attach_type = RS_BPF_TRACE_UPROBE_MULTI,
		.insns = insns,
		.n_insns = ARRAY_SIZE(insns),
	};
	const uint64_t offset = 0;
	const struct rs_bpf_uprobes nothing = { .path = "/", .offsets = &offset, .count = 1 };
	_cleanup_(rs_cleanup_close) int fd = -1;

	if (probes->uprobe_multi == RS_UNTRIED) {
		fd = rs_bpf_load(&program);
		probes->uprobe_multi = fd >= 0 && rs_bpf_link_uprobes(fd, &nothing) == -EBADF
					       ? RS_CAN
					       : RS_CANNOT;
	}
	return probes->uprobe_multi == RS_CAN;
}

int rs_user_plan(struct rs_probes *probes, const struct rs_probe *probe, struct rs_probe_plan *plan,
		 struct rs_error *err)
{
	(void)err;
	if (probe->n_places < 2 || !have_multi(probes))
		return 0;
	plan->multi = true;
	plan->attach_type = RS_BPF_TRACE_UPROBE_MULTI;
	return 0;
}

/* The places of one file. */
struct batch {
	uint64_t *offsets, *semaphores, *cookies;
	unsigned *places; /* their indices */
	unsigned n;
};

static void batch_done(struct batch *batch)
{
	free(batch->offsets);
	free(batch->semaphores);
	free(batch->cookies);
	free(batch->places);
}

static int batch_init(struct batch *batch, unsigned n)
{
	batch->offsets = calloc(n, sizeof(*batch->offsets));
	batch->semaphores = calloc(n, sizeof(*batch->semaphores));
	batch->cookies = calloc(n, sizeof(*batch->cookies));
	batch->places = calloc(n, sizeof(*batch->places));
	return batch->offsets && batch->semaphores && batch->cookies && batch->places ? 0 : -ENOMEM;
}

static int link_span(struct rs_attach *attach, const struct batch *batch, unsigned from, unsigned n,
		     struct rs_error *err)
{
	const struct rs_probe *probe = attach->probe;
	const struct rs_bpf_uprobes uprobes = {
		.path = probe->places[batch->places[from]].point.target,
		.offsets = batch->offsets + from,
		.semaphores = probe->provider == RS_PROVIDER_USDT ? batch->semaphores + from : NULL,
		.cookies = probe->wants_cookie ? batch->cookies + from : NULL,
		.count = n,
		.pid = (uint32_t)attach->probes->options.pid,
		.at_return = at_return(probe),
	};
	int fd = rs_bpf_link_uprobes(attach->prog_fd, &uprobes);

	return fd < 0 ? explain(fd, err) : rs_attach_link(attach, fd, true, err);
}

/* Tells which one it was, if the others are to go on without it. */
static int link_each(struct rs_attach *attach, const struct batch *batch)
{
	int n = 0;

	for (unsigned i = 0; i < batch->n; i++) {
		struct rs_error why = RS_ERROR_INIT;

		if (link_span(attach, batch, i, 1, &why) < 0)
			rs_attach_warn(attach, batch->places[i], &why);
		else
			n++;
	}
	return n;
}

static int link_batch(struct rs_attach *attach, const struct batch *batch, struct rs_error *err)
{
	int r = link_span(attach, batch, 0, batch->n, err);

	if (r >= 0)
		return (int)batch->n;
	return attach->options->missing == RS_MISSING_ERROR ? r : link_each(attach, batch);
}

static int add_place(struct rs_attach *attach, unsigned i, struct batch *batch,
		     struct rs_error *err)
{
	const struct rs_place *place = &attach->probe->places[i];
	int r = offset_of(attach->probes, place, &batch->offsets[batch->n], err);

	if (r < 0)
		return r;
	batch->semaphores[batch->n] = place->usdt_semaphore;
	batch->cookies[batch->n] = i;
	batch->places[batch->n++] = i;
	return 0;
}

int rs_user_attach_multi(struct rs_attach *attach, struct rs_error *err)
{
	_cleanup_(batch_done) struct batch batch = { 0 };
	const struct rs_probe *probe = attach->probe;
	int r = batch_init(&batch, probe->n_places), attached = 0;

	if (r < 0)
		return rs_error_set(err, r, "out of memory");
	for (unsigned i = 0; i < probe->n_places; i++) {
		r = add_place(attach, i, &batch, err);
		if (r < 0)
			return r;
		if (i + 1 < probe->n_places &&
		    !strcmp(probe->places[i].point.target, probe->places[i + 1].point.target))
			continue;
		r = link_batch(attach, &batch, err);
		if (r < 0)
			return r;
		attached += r;
		batch.n = 0;
	}
	return attached;
}
