/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Control groups that come and go. A container begins with its group, and what the agent reads of it
 * may be gone within milliseconds: so these records wake the agent at once.
 */
#include "bpf/abi/cgroup.h"
#include "bpf/lib/filter.h"
#include "bpf/lib/record.h"

#define TRACED_PATH 1024 /* the kernel's TRACE_CGROUP_PATH_LEN: longer paths lose their end */

/* Of the hierarchy that is asked for? It is the one in which the current task has its group. */
static __always_inline bool reported(struct cgroup *cgroup)
{
	struct cgroup *own = rs_cgroup_of((void *)bpf_get_current_task());

	return BPF_CORE_READ(cgroup, root) == BPF_CORE_READ(own, root);
}

static __always_inline void path_field(struct rs_scratch *s, const void *path)
{
	__u32 off;
	__u8 *at = rs_field_room(s, &off);
	long n;

	if (!at)
		return;
	n = bpf_probe_read_kernel_str(at + sizeof(struct rs_record_field), TRACED_PATH, path);
	if (n > 0)
		rs_field_end(s, at, off, RS_TAG_CGROUP, n == TRACED_PATH ? RS_FIELD_CUT : 0,
			     (n - 1) & (TRACED_PATH - 1));
}

static __always_inline int changed(struct rs_raw *ctx, __u32 kind)
{
	struct cgroup *cgroup = (void *)ctx->args[0];
	int flags = rs_identity_wanted_pathless(kind);
	struct rs_cgroup_change *rec;
	struct rs_scratch *s;
	struct rs_held held;

	if (flags < 0 || !reported(cgroup) || !rs_hold(&held, kind))
		return 0;
	s = rs_scratch_of(held.slot, sizeof(*rec));
	if (s) {
		rec = (void *)s->record;
		rs_count_generated(&held, kind);
		rs_leave_sequence(&held, flags);
		rs_head(&rec->hdr, &held, kind, RS_HOOK_RAW_TP, 0, -1, 0);
		rs_head_flags(&rec->hdr, &held, flags);
		rec->id = BPF_CORE_READ(cgroup, kn, id);
		rec->level = BPF_CORE_READ(cgroup, level);
		rec->parent = rs_cgroup_at(cgroup, rec->level - 1);
		rec->hierarchy = BPF_CORE_READ(cgroup, root, hierarchy_id);
		path_field(s, (void *)ctx->args[1]);
		rs_output_now(&held, s);
	}
	rs_release(&held);
	return 0;
}

SEC("raw_tp/cgroup_mkdir") int rs_cgroup_mkdir(struct rs_raw *ctx)
{
	return changed(ctx, RS_KIND_CGROUP_MKDIR);
}

SEC("raw_tp/cgroup_rmdir") int rs_cgroup_rmdir(struct rs_raw *ctx)
{
	return changed(ctx, RS_KIND_CGROUP_RMDIR);
}
