/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The inside of `ringside containers`: where the rows come from, and how they look. */

#include "base/json.h"
#include "base/str.h"

/* What stands in the JSON object of one container (enrich/containers-json.h) as lines of a table. */
struct rs_containers_table {
	unsigned width; /* columns; 0: as long as it gets */
	bool color;
	bool rates; /* an agent counts events */
};

/* Appends a table of the objects, sorted by namespace, pod and name. 0 or out's error; -ENOMEM. */
int rs_containers_table(const struct rs_containers_table *table,
			const struct rs_json_value *const *rows, size_t count, struct rs_str *out);

/* Without an agent: looks itself. Appends one object a line. */
int rs_containers_look(const char *host_root, struct rs_str *out, struct rs_error *err);
