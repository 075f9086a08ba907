/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Containers as JSON objects, with the names that events have for the same things. */

#include "base/json.h"
#include "enrich/containers.h"

/* Writes one object. @now: CLOCK_BOOTTIME ns; @boot_offset: real - boot time. */
void rs_container_row_write(struct rs_json *w, const struct rs_container_row *row, uint64_t now,
			    int64_t boot_offset);
