/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket's "containers": what runs here, some hundreds at a time. */
#include <errno.h>

#include "agent/agent-internal.h"
#include "base/clock.h"
#include "enrich/containers-json.h"

#define REPLY_ROOM ((size_t)512 << 10) /* of RS_CONTROL_REPLY_MAX */

struct writing {
	struct rs_json *json;
	uint64_t now; /* CLOCK_BOOTTIME */
	int64_t boot_offset;
	uint64_t from, seen;
	uint64_t next; /* the first that found no room; 0: all did */
	size_t start;  /* bytes of the reply before it */
};

static void on_row(void *data, const struct rs_container_row *row)
{
	struct writing *w = data;
	uint64_t index = w->seen++;

	if (index < w->from || w->next)
		return;
	if (w->json->out->len - w->start > REPLY_ROOM) {
		w->next = index;
		return;
	}
	rs_container_row_write(w->json, row, w->now, w->boot_offset);
}

int rs_agent_run_containers(void *data, const struct rs_json_value *request, struct rs_json *result,
			    struct rs_error *err)
{
	struct rs_agent *agent = data;
	struct rs_containers *containers = rs_identity_containers(agent->identity);
	struct writing w = {
		.json = result,
		.now = rs_clock_boot(),
		.boot_offset = rs_clock_boot_offset(),
		.from = rs_json_get_u64(request, "from", 0),
		.start = result->out->len,
	};

	if (!containers)
		return rs_error_set(err, -EOPNOTSUPP,
				    "there are no control groups on this machine");
	rs_json_begin_object(result);
	rs_json_key_lit(result, "containers");
	rs_json_begin_array(result);
	rs_containers_list(containers, rs_clock_mono(), on_row, &w);
	rs_json_end_array(result);
	rs_json_key_lit(result, "total");
	rs_json_u64(result, w.seen);
	if (w.next) {
		rs_json_key_lit(result, "next");
		rs_json_u64(result, w.next);
	}
	rs_json_end_object(result);
	return 0;
}
