/* SPDX-License-Identifier: Apache-2.0 */
/* Loading plans and attaching, as far as they are the same for all kinds. */
#include <linux/bpf.h>

#include "kern/perfcall.h"
#include "probe/kind.h"
#include "probe/links.h"

/* Where a program of each type begins. */
static const struct {
	uint32_t prog_type, attach_type;
} types[] = {
	[RS_PROGRAM_KPROBE] = { BPF_PROG_TYPE_KPROBE, 0 },
	[RS_PROGRAM_TRACEPOINT] = { BPF_PROG_TYPE_TRACEPOINT, 0 },
	[RS_PROGRAM_RAW_TRACEPOINT] = { BPF_PROG_TYPE_RAW_TRACEPOINT, 0 },
	[RS_PROGRAM_TRACING_RAW_TP] = { BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP },
	[RS_PROGRAM_FENTRY] = { BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY },
	[RS_PROGRAM_FEXIT] = { BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT },
	[RS_PROGRAM_PERF_EVENT] = { BPF_PROG_TYPE_PERF_EVENT, 0 },
	[RS_PROGRAM_ITER] = { BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER },
	[RS_PROGRAM_ONCE] = { BPF_PROG_TYPE_RAW_TRACEPOINT, 0 },
};

int rs_probe_plan(struct rs_probes *probes, const struct rs_probe *probe,
		  struct rs_probe_plan *ret_plan, struct rs_error *err)
{
	const struct rs_probe_kind *kind = rs_probe_kinds[probe->provider];
	struct rs_probe_plan plan = {
		.prog_type = types[probe->type].prog_type,
		.attach_type = types[probe->type].attach_type,
		.attach_btf_fd = -1,
		.flags = probe->sleepable ? BPF_F_SLEEPABLE : 0,
	};
	int r = 0;

	if (probe->type != RS_PROGRAM_ONCE && kind->plan)
		r = kind->plan(probes, probe, &plan, err);
	if (r < 0)
		return rs_error_wrap(err, "\"%s\"", probe->name), r;
	*ret_plan = plan;
	return 0;
}

int rs_attach_link(struct rs_attach *attach, int fd, bool slow, struct rs_error *err)
{
	int r = rs_probe_links_add(attach->links, fd, slow, attach->probe);

	return r < 0 ? rs_error_set_errno(err, r, "keeping it attached") : 0;
}

static int explain_program(int r, struct rs_error *err)
{
	rs_error_set_errno(err, r, "having the program run at its perf event");
	if (r == -EPERM || r == -EACCES)
		rs_error_hint(err, "run it as root, or with CAP_BPF and CAP_PERFMON");
	else if (r == -E2BIG)
		rs_error_hint(
			err, "the kernel runs no more than 64 programs at one tracepoint or probe");
	return r;
}

/* A link (5.15) is for the cookie only: closing it takes the kernel as long as closing the event. */
static int start_event(struct rs_attach *attach, int event_fd, unsigned place, bool slow,
		       struct rs_error *err)
{
	bool cookie = attach->probe->wants_cookie && attach->probe->n_places > 1;
	int r = cookie ? rs_bpf_link_perf(attach->prog_fd, event_fd, place)
		       : rs_perf_set_program(event_fd, attach->prog_fd);

	if (r < 0)
		return explain_program(r, err);
	return cookie ? rs_attach_link(attach, r, slow, err) : 0;
}

int rs_attach_event(struct rs_attach *attach, int event_fd, unsigned place, bool slow,
		    struct rs_error *err)
{
	_cleanup_(rs_cleanup_close) int fd = event_fd;
	int r = start_event(attach, fd, place, slow, err);

	if (r < 0)
		return r;
	r = rs_perf_enable(fd);
	if (r < 0)
		return rs_error_set_errno(err, r, "enabling its perf event");
	return rs_attach_link(attach, TAKE_FD(fd), slow, err);
}

static const char *place_text(const struct rs_attach *attach, unsigned place)
{
	return attach->probe->places[place].point.text;
}

void rs_attach_warn(const struct rs_attach *attach, unsigned place, struct rs_error *why)
{
	const struct rs_probe_attach_options *options = attach->options;
	char text[sizeof(why->msg) + sizeof(why->hint) + 16];

	if (options->missing != RS_MISSING_WARN || !options->warn)
		return;
	rs_error_wrap(why, "attaching to \"%s\"", place_text(attach, place));
	snprintf(text, sizeof(text), why->hint[0] ? "%s (%s)" : "%s", why->msg, why->hint);
	options->warn(options->warn_ctx, text);
}

static int attach_each(struct rs_attach *attach, struct rs_error *err)
{
	const struct rs_probe_kind *kind = rs_probe_kinds[attach->probe->provider];
	int attached = 0;

	for (unsigned i = 0; i < attach->probe->n_places; i++) {
		struct rs_error why = RS_ERROR_INIT;
		int r = kind->attach(attach, i, &why);

		if (r >= 0) {
			attached++;
			continue;
		}
		if (attach->options->missing != RS_MISSING_ERROR) {
			rs_attach_warn(attach, i, &why);
			continue;
		}
		rs_error_wrap(&why, "attaching to \"%s\"", place_text(attach, i));
		if (err)
			*err = why;
		return r;
	}
	return attached;
}

static int attach_multi(struct rs_attach *attach, struct rs_error *err)
{
	int r = rs_probe_kinds[attach->probe->provider]->attach_multi(attach, err);

	if (r < 0 && err)
		rs_error_wrap(err, "attaching to \"%s\" and %u more", attach->probe->name,
			      attach->probe->n_places - 1);
	return r;
}

int rs_probe_attach(struct rs_probes *probes, const struct rs_probe *probe,
		    const struct rs_probe_plan *plan, int prog_fd,
		    const struct rs_probe_attach_options *options, struct rs_probe_links *links,
		    unsigned *ret_attached, struct rs_error *err)
{
	struct rs_attach attach = { probes, probe, plan, prog_fd, options, links };
	int r;

	r = plan->multi ? attach_multi(&attach, err) : attach_each(&attach, err);
	if (r < 0)
		return r;
	*ret_attached = (unsigned)r;
	return 0;
}
