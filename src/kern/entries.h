/* SPDX-License-Identifier: Apache-2.0 */
/* The entries that a filter wants in one of its maps: see filter.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/vec.h"

struct rs_sensors;

struct rs_entries {
	const char *map;      /* name */
	size_t key_size;      /* bytes, at most sizeof(struct rs_prefix) */
	RS_VEC(uint8_t) keys; /* one behind the other */
	RS_VEC(uint32_t) values;
	RS_VEC(size_t) added; /* indices of those that were not in the map before */
};

/* Copies the key. 0 or -ENOMEM. */
int rs_entries_add(struct rs_entries *e, const void *key, uint32_t value);
bool rs_entries_have(const struct rs_entries *e, const void *key);
void rs_entries_done(struct rs_entries *e);

/* Into the map, over what is there under the same keys. After an error: rs_entries_undo(). */
int rs_entries_insert(struct rs_sensors *sensors, struct rs_entries *e, struct rs_error *err);

/* Takes out of the map what rs_entries_insert() found missing there. */
void rs_entries_undo(struct rs_sensors *sensors, const struct rs_entries *e);

/* Takes out of the map what is not in @e. Returns how many those were. */
size_t rs_entries_prune(struct rs_sensors *sensors, const struct rs_entries *e);
