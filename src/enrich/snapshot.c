/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/snapshot.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/units.h"
#include "base/util.h"

#define PATIENCE_NS (2 * RS_NSEC_PER_SEC) /* for files to be read; most take a millisecond */

struct rs_snapshot {
	struct rs_cgroup_tree tree;
	struct rs_lookup *lookup;
	struct rs_containers *containers;
};

/* Until every name has come, or will not. */
static void wait_for_names(struct rs_snapshot *snapshot)
{
	uint64_t now = rs_clock_mono(), end = now + PATIENCE_NS;
	struct pollfd fd = { .fd = rs_lookup_fd(snapshot->lookup), .events = POLLIN };
	struct rs_containers_stats stats;

	for (; now < end; now = rs_clock_mono()) {
		rs_containers_tick(snapshot->containers, now);
		rs_containers_stats(snapshot->containers, &stats);
		if (!stats.pending)
			return;
		poll(&fd, 1, (int)((end - now) / RS_NSEC_PER_MSEC) + 1);
	}
}

static int look(struct rs_snapshot *snapshot, const char *host_root, struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str proc = RS_STR_INIT(4096);
	struct rs_containers_options options = { .tree = &snapshot->tree };
	int r;

	rs_str_appendf(&proc, "%s/proc", host_root ? host_root : "");
	r = rs_cgroup_choose(rs_str_cstr(&proc), &snapshot->tree, err);
	if (!r)
		r = rs_lookup_new(host_root, rs_str_cstr(&proc), &snapshot->lookup, err);
	if (!r)
		r = rs_lookup_start(snapshot->lookup, err);
	options.lookup = snapshot->lookup;
	if (!r)
		r = rs_containers_new(&options, &snapshot->containers, err);
	return r ? r : rs_containers_scan(snapshot->containers, err);
}

int rs_snapshot_new(const char *host_root, struct rs_snapshot **ret_snapshot, struct rs_error *err)
{
	_cleanup_(rs_snapshot_free) struct rs_snapshot *snapshot = calloc(1, sizeof(*snapshot));
	int r;

	if (!snapshot)
		return rs_error_set_errno(err, -ENOMEM, "looking for containers");
	r = look(snapshot, host_root, err);
	if (r < 0)
		return r;
	wait_for_names(snapshot);
	*ret_snapshot = TAKE_PTR(snapshot);
	return 0;
}

void rs_snapshot_free(struct rs_snapshot **snapshot)
{
	struct rs_snapshot *s = TAKE_PTR(*snapshot);

	if (!s)
		return;
	rs_containers_free(&s->containers);
	rs_lookup_free(&s->lookup);
	free(s);
}

const struct rs_cgroup_tree *rs_snapshot_tree(const struct rs_snapshot *snapshot)
{
	return &snapshot->tree;
}

struct rs_containers *rs_snapshot_containers(struct rs_snapshot *snapshot)
{
	return snapshot->containers;
}

const struct rs_event_cgroup *rs_snapshot_find(struct rs_snapshot *snapshot, uint64_t cgroup)
{
	const struct rs_hdr hdr = { .cgroup = cgroup };
	const struct rs_event_cgroup *found = rs_containers_find(snapshot->containers, &hdr);
	struct rs_containers_stats stats;

	if (!found || !found->container || found->container->name)
		return found;
	rs_containers_stats(snapshot->containers, &stats);
	if (stats.pending)
		wait_for_names(snapshot);
	return rs_containers_find(snapshot->containers, &hdr);
}

void rs_snapshot_refresh(struct rs_snapshot *snapshot)
{
	rs_containers_rescan(snapshot->containers);
	rs_containers_tick(snapshot->containers, rs_clock_mono());
}
