/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What is attached. Private to this room. */

#include "base/vec.h"
#include "probe/probe.h"

struct rs_link {
	int fd;    /* of a BPF link or a perf event */
	bool slow; /* the kernel takes tens of milliseconds to close it */
	const struct rs_probe *probe;
};

struct rs_probe_links {
	RS_VEC(struct rs_link) items;
};

/* Takes the descriptor, also on failure. */
int rs_probe_links_add(struct rs_probe_links *links, int fd, bool slow,
		       const struct rs_probe *probe);
