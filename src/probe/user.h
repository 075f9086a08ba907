/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Attaching to places in files: uprobe, uretprobe and usdt. Private to this room. */

#include "probe/kind.h"

int rs_user_plan(struct rs_probes *probes, const struct rs_probe *probe, struct rs_probe_plan *plan,
		 struct rs_error *err);
int rs_user_attach(struct rs_attach *attach, unsigned place, struct rs_error *err);
/* How many places, or negative. */
int rs_user_attach_multi(struct rs_attach *attach, struct rs_error *err);
