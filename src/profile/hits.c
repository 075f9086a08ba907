/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/hits.h"

#include <errno.h>
#include <stdlib.h>

#include "base/util.h"
#include "profile/collect.h"
#include "rs_tool_stacks.skel.h"

struct rs_hits {
	struct rs_hits_options options;
	struct rs_tool_stacks *tool;
};

static struct bpf_program *program_of(struct rs_tool_stacks *tool, enum rs_hits_kind kind)
{
	struct bpf_program *const programs[RS_HITS_KIND_COUNT] = {
		[RS_HITS_TRACEPOINT] = tool->progs.rs_stacks_tracepoint,
		[RS_HITS_RAW] = tool->progs.rs_stacks_raw,
		[RS_HITS_PROBE] = tool->progs.rs_stacks_probe,
		[RS_HITS_FENTRY] = tool->progs.rs_stacks_fentry,
		[RS_HITS_FEXIT] = tool->progs.rs_stacks_fexit,
		[RS_HITS_EVENT] = tool->progs.rs_stacks_event,
	};

	return programs[kind];
}

/* One of the programs is loaded, as is asked of it where it will be. */
static int choose_program(const struct rs_hits_options *o, struct rs_tool_stacks *tool,
			  struct rs_error *err)
{
	struct bpf_program *chosen = program_of(tool, o->kind);
	int r = 0;

	for (int kind = 0; kind < RS_HITS_KIND_COUNT; kind++) {
		struct bpf_program *program = program_of(tool, (enum rs_hits_kind)kind);

		bpf_program__set_autoload(program, program == chosen);
	}
	if (o->kind == RS_HITS_FENTRY || o->kind == RS_HITS_FEXIT)
		r = bpf_program__set_attach_target(chosen, 0, o->function);
	else if (o->attach_type)
		r = bpf_program__set_expected_attach_type(chosen,
							  (enum bpf_attach_type)o->attach_type);
	return r < 0 ? rs_error_set_errno(err, r, "choosing the program") : 0;
}

static int prepare(void *tool, void *data, struct rs_error *err)
{
	struct rs_tool_stacks *t = tool;
	const struct rs_hits_options *o = &((struct rs_hits *)data)->options;

	rs_target_prepare(o->target, tool, &t->rodata->rs_target);
	t->rodata->rs_sample_config = o->samples;
	t->rodata->rs_stacks_config = o->argument;
	rs_collect_prepare(t->obj, o->max_samples);
	return choose_program(o, t, err);
}

int rs_hits_new(const struct rs_hits_options *options, struct rs_hits **ret_hits,
		struct rs_error *err)
{
	_cleanup_(rs_hits_free) struct rs_hits *hits = calloc(1, sizeof(*hits));
	const struct rs_tool_options load = { .prepare = prepare, .data = hits };
	int r;

	if (!hits)
		return rs_error_set(err, -ENOMEM, "out of memory");
	hits->options = *options;
	r = rs_tool_load(&rs_tool_stacks_type, &load, (void **)&hits->tool, err);
	if (!r)
		r = rs_target_fill(options->target, hits->tool, err);
	if (r < 0)
		return r;
	*ret_hits = TAKE_PTR(hits);
	return 0;
}

void rs_hits_free(struct rs_hits **hits)
{
	struct rs_hits *h = TAKE_PTR(*hits);

	if (!h)
		return;
	rs_tool_close((void **)&h->tool);
	free(h);
}

void *rs_hits_tool(struct rs_hits *hits)
{
	return hits->tool;
}

int rs_hits_program(struct rs_hits *hits)
{
	return bpf_program__fd(program_of(hits->tool, hits->options.kind));
}

int rs_hits_attach(struct rs_hits *hits, struct rs_error *err)
{
	int r = rs_tool_attach(hits->tool, NULL, err);

	if (!r)
		rs_target_rescan(hits->options.target, hits->tool);
	return r;
}

void rs_hits_detach(struct rs_hits *hits)
{
	rs_tool_detach(hits->tool);
}
