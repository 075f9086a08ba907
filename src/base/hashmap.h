/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Hash map with a cap, for tables that outsiders can grow. Keys are 64-bit numbers or byte strings
 * (copied); a map holds one kind only. Values are non-NULL pointers.
 *
 * Open addressing, linear probing, deletion by backward shift; the hash is seeded per process, so
 * a workload cannot choose colliding keys. A full map either refuses a new key, or, made with
 * .evict, throws out an entry that was not looked up since the clock hand last passed it
 * (second chance). Both are counted.
 */

#include "base/util.h"

struct rs_hashmap;

struct rs_hashmap_opts {
	size_t max; /* most entries held, at least 1 */
	bool evict; /* when full: evict one (true) or refuse the new key (false) */
	/* Called for a value that leaves the map other than by remove: evicted, replaced, cleared,
	 * freed. Must not touch the map. May be NULL. */
	void (*drop)(void *value, void *data);
	void *data;
};

struct rs_hashmap_stats {
	uint64_t evicted;
	uint64_t refused;
};

/* One entry while walking; valid until the map changes. */
struct rs_hashmap_entry {
	uint64_t key;    /* number maps */
	const char *str; /* string maps: NUL-terminated after str_len bytes */
	size_t str_len;
	void *value;
};

/* New empty map. -EINVAL for max 0, -ENOMEM. */
int rs_hashmap_new_u64(const struct rs_hashmap_opts *opts, struct rs_hashmap **ret_map);
int rs_hashmap_new_str(const struct rs_hashmap_opts *opts, struct rs_hashmap **ret_map);

/* Drops every value and the map. Accepts NULL; fits _cleanup_. */
void rs_hashmap_free(struct rs_hashmap **map);

/* The value, or NULL. Marks the entry as used for the second chance. */
void *rs_hashmap_find_u64(struct rs_hashmap *map, uint64_t key);
void *rs_hashmap_find_str(struct rs_hashmap *map, const char *key, size_t len);

/*
 * Stores a value. 0 new key, 1 replaced (the old value was dropped), -ENOSPC full and not evicting,
 * -ENOMEM, -EINVAL for a NULL value. On failure the value stays the caller's.
 */
int rs_hashmap_put_u64(struct rs_hashmap *map, uint64_t key, void *value);
int rs_hashmap_put_str(struct rs_hashmap *map, const char *key, size_t len, void *value);

/* Takes the value out without dropping it; NULL when there is none. */
void *rs_hashmap_remove_u64(struct rs_hashmap *map, uint64_t key);
void *rs_hashmap_remove_str(struct rs_hashmap *map, const char *key, size_t len);

/* Drops every entry, keeps the memory. */
void rs_hashmap_clear(struct rs_hashmap *map);

size_t rs_hashmap_len(const struct rs_hashmap *map);
struct rs_hashmap_stats rs_hashmap_stats(const struct rs_hashmap *map);

/* Walks all entries in no order: start with *pos = 0; false at the end. No changes meanwhile. */
bool rs_hashmap_next(const struct rs_hashmap *map, size_t *pos, struct rs_hashmap_entry *ret_entry);

/* The hashes themselves: seeded per process, not for storage. */
uint64_t rs_hash_u64(uint64_t v);
uint64_t rs_hash_bytes(const void *data, size_t n);
