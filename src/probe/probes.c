/* SPDX-License-Identifier: Apache-2.0 */
/* What is looked up lazily and kept for one run, and the table of kinds. */
#include "probe/probe.h"

#include "kern/tracefs.h"
#include "probe/kind.h"

#define IDS_MAX     65536
#define OBJECTS_MAX 4096

const struct rs_probe_kind *const rs_probe_kinds[] = {
	[RS_PROVIDER_BEGIN] = &rs_kind_once,
	[RS_PROVIDER_END] = &rs_kind_once,
	[RS_PROVIDER_TRACEPOINT] = &rs_kind_tracepoint,
	[RS_PROVIDER_RAWTRACEPOINT] = &rs_kind_rawtracepoint,
	[RS_PROVIDER_KPROBE] = &rs_kind_kprobe,
	[RS_PROVIDER_KRETPROBE] = &rs_kind_kretprobe,
	[RS_PROVIDER_FENTRY] = &rs_kind_fentry,
	[RS_PROVIDER_FEXIT] = &rs_kind_fexit,
	[RS_PROVIDER_UPROBE] = &rs_kind_uprobe,
	[RS_PROVIDER_URETPROBE] = &rs_kind_uretprobe,
	[RS_PROVIDER_USDT] = &rs_kind_usdt,
	[RS_PROVIDER_PROFILE] = &rs_kind_profile,
	[RS_PROVIDER_INTERVAL] = &rs_kind_interval,
	[RS_PROVIDER_SOFTWARE] = &rs_kind_software,
	[RS_PROVIDER_HARDWARE] = &rs_kind_hardware,
	[RS_PROVIDER_WATCHPOINT] = &rs_kind_watchpoint,
	[RS_PROVIDER_ITER] = &rs_kind_iter,
	[RS_PROVIDER_SELF] = &rs_kind_once,
};
_Static_assert(ARRAY_SIZE(rs_probe_kinds) == RS_PROVIDER_COUNT, "kinds");

static void drop_object(void *value, void *data)
{
	struct rs_elf *elf = value;

	(void)data;
	rs_elf_close(&elf);
}

static void drop_id(void *value, void *data)
{
	(void)data;
	free(value);
}

int rs_probes_new(const struct rs_probes_options *options, struct rs_probes **ret_probes,
		  struct rs_error *err)
{
	const struct rs_hashmap_opts ids = { .max = IDS_MAX, .drop = drop_id };
	const struct rs_hashmap_opts objects = { .max = OBJECTS_MAX, .drop = drop_object };
	_cleanup_(rs_probes_free) struct rs_probes *probes = calloc(1, sizeof(*probes));

	if (!probes)
		return rs_error_set(err, -ENOMEM, "out of memory");
	probes->options = *options;
	probes->tracefs_fd = -1;
	if (rs_hashmap_new_str(&ids, &probes->tracepoint_ids) < 0 ||
	    rs_hashmap_new_str(&objects, &probes->objects) < 0)
		return rs_error_set(err, -ENOMEM, "out of memory");
	*ret_probes = TAKE_PTR(probes);
	return 0;
}

void rs_probes_free(struct rs_probes **probes)
{
	struct rs_probes *p = TAKE_PTR(*probes);

	if (!p)
		return;
	rs_cleanup_close(&p->tracefs_fd);
	rs_hashmap_free(&p->tracepoint_ids);
	rs_hashmap_free(&p->objects);
	rs_names_done(&p->events);
	rs_vec_done(&p->functions);
	rs_str_done(&p->functions_text);
	rs_ksyms_free(&p->ksyms);
	rs_vec_foreach(&p->modules, module) rs_cleanup_close(&module->fd);
	rs_vec_done(&p->modules);
	free(p);
}

int rs_probes_tracefs(struct rs_probes *probes, struct rs_error *err)
{
	if (probes->tracefs_fd < 0 && !probes->tracefs_error.code)
		probes->tracefs_fd = rs_tracefs_open(&probes->tracefs_error);
	if (probes->tracefs_fd < 0 && err)
		*err = probes->tracefs_error;
	return probes->tracefs_fd < 0 ? probes->tracefs_error.code : probes->tracefs_fd;
}

struct rs_ksyms *rs_probes_ksyms(struct rs_probes *probes, struct rs_error *err)
{
	if (!probes->ksyms && !probes->ksyms_error.code)
		rs_ksyms_new(&probes->ksyms, &probes->ksyms_error);
	if (!probes->ksyms && err)
		*err = probes->ksyms_error;
	return probes->ksyms;
}

int rs_probes_expand(struct rs_probes *probes, const struct rs_attach_point *point,
		     struct rs_arena *arena, int (*fn)(const struct rs_place *place, void *data),
		     void *data, struct rs_error *err)
{
	struct rs_emit emit = { .arena = arena, .fn = fn, .data = data };
	int r = rs_probe_kinds[point->provider]->expand(probes, point, &emit, err);

	if (r >= 0 && !emit.n)
		return rs_point_missing(point, NULL, err);
	return r < 0 ? r : 0;
}

bool rs_probes_kernel_address(struct rs_probes *probes, const char *symbol, uint64_t *ret_address)
{
	const struct rs_ksyms *ksyms = rs_probes_ksyms(probes, NULL);

	return ksyms && rs_ksyms_address(ksyms, symbol, ret_address);
}
