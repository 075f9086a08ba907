/* SPDX-License-Identifier: Apache-2.0 */
/* Containers of this machine without an agent: the tree of control groups and the runtimes' files. */
#include "base/clock.h"
#include "cmd/containers.h"
#include "enrich/containers-json.h"
#include "enrich/snapshot.h"

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

int rs_containers_look(const char *host_root, struct rs_str *out, struct rs_error *err)
{
	_cleanup_(rs_snapshot_free) struct rs_snapshot *snapshot = NULL;
	struct looking l = {
		.out = out,
		.now = rs_clock_boot(),
		.boot_offset = rs_clock_boot_offset(),
	};
	int r = rs_snapshot_new(host_root, &snapshot, err);

	if (r < 0)
		return r;
	rs_json_init(&l.json, out);
	rs_containers_list(rs_snapshot_containers(snapshot), rs_clock_mono(), on_row, &l);
	return out->error ? rs_error_set_errno(err, out->error, "listing containers") : 0;
}
