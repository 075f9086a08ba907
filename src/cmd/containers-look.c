/* SPDX-License-Identifier: Apache-2.0 */
/* Containers of this machine without an agent: the tree of control groups and the runtimes' files. */
#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "base/units.h"
#include "cmd/containers.h"
#include "enrich/containers-json.h"

#define PATIENCE_NS (2 * RS_NSEC_PER_SEC) /* for files to be read; most take a millisecond */

struct looking {
	struct rs_str *out;
	struct rs_json json;
	uint64_t now;
	int64_t boot_offset;
};

static void on_row(void *data, const struct rs_container_row *row)
{
	struct looking *l = data;

	if (row->gone)
		return;
	rs_json_restart(&l->json);
	rs_container_row_write(&l->json, row, l->now, l->boot_offset);
	rs_str_append_char(l->out, '\n');
}

/* Until every name has come, or will not. */
static void wait_for_names(struct rs_containers *containers, struct rs_lookup *lookup)
{
	uint64_t now = rs_clock_mono(), end = now + PATIENCE_NS;
	struct pollfd fd = { .fd = rs_lookup_fd(lookup), .events = POLLIN };
	struct rs_containers_stats stats;

	for (; now < end; now = rs_clock_mono()) {
		rs_containers_tick(containers, now);
		rs_containers_stats(containers, &stats);
		if (!stats.pending)
			return;
		poll(&fd, 1, (int)((end - now) / RS_NSEC_PER_MSEC) + 1);
	}
}

int rs_containers_look(const char *host_root, struct rs_str *out, struct rs_error *err)
{
	_cleanup_(rs_containers_free) struct rs_containers *containers = NULL;
	_cleanup_(rs_lookup_free) struct rs_lookup *lookup = NULL;
	_cleanup_(rs_str_done) struct rs_str proc = RS_STR_INIT(4096);
	struct rs_cgroup_tree tree;
	struct rs_containers_options options = { .tree = &tree };
	struct looking l = {
		.out = out,
		.now = rs_clock_boot(),
		.boot_offset = rs_clock_boot_offset(),
	};
	int r;

	rs_str_appendf(&proc, "%s/proc", host_root ? host_root : "");
	r = rs_cgroup_choose(rs_str_cstr(&proc), &tree, err);
	if (!r)
		r = rs_lookup_new(host_root, rs_str_cstr(&proc), &lookup, err);
	if (!r)
		r = rs_lookup_start(lookup, err);
	options.lookup = lookup;
	if (!r)
		r = rs_containers_new(&options, &containers, err);
	if (!r)
		r = rs_containers_scan(containers, err);
	if (r < 0)
		return r;
	wait_for_names(containers, lookup);
	rs_json_init(&l.json, out);
	rs_containers_list(containers, rs_clock_mono(), on_row, &l);
	return out->error ? rs_error_set_errno(err, out->error, "listing containers") : 0;
}
