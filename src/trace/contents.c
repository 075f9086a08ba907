/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/contents.h"

#include <errno.h>
#include <string.h>

#include "kern/bpfcall.h"

#define BATCH_BYTES ((size_t)256 << 10) /* of values in one call */
#define BATCH_LEAST 16
#define BATCH_MOST  65536u

/* One reading of one map. */
struct reading {
	const struct rs_trace_maps *maps;
	const struct rs_map *map;
	int fd;
	size_t value_bytes; /* as the kernel gives it */
	struct rs_trace_contents *to;
	size_t room; /* entries */
};

static uint64_t ptr(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* Values of the CPUs become one. */
static void fold(const struct reading *reading, const uint8_t *from, uint8_t *to)
{
	const struct rs_map *map = reading->map;
	size_t step = (map->value_size + 7u) & ~7u;

	if (!rs_trace_map_is_per_cpu(map)) {
		memcpy(to, from, map->value_size);
		return;
	}
	if (!rs_type_is_aggregate(
		    map->value)) { /* let @m = percpuhash(n): the first CPU's that has one */
		memcpy(to, from, map->value_size);
		return;
	}
	for (unsigned cpu = 0; cpu < reading->maps->n_cpus; cpu++)
		rs_show_aggregate(map->value, to, from + cpu * step);
}

static int add(struct reading *reading, const void *key, const void *value)
{
	struct rs_map_contents *contents = &reading->to->contents;
	struct rs_arena *arena = &reading->to->arena;
	size_t key_bytes = (reading->map->key_size + 7u) & ~7u;
	uint8_t *copy = rs_arena_alloc(arena, key_bytes + reading->map->value_size);

	if (!copy)
		return -ENOMEM;
	if (contents->n == reading->room) {
		size_t room = MAX(reading->room * 2, (size_t)64);
		struct rs_map_entry *entries = realloc(contents->entries, room * sizeof(*entries));

		if (!entries)
			return -ENOMEM;
		contents->entries = entries;
		reading->room = room;
	}
	memcpy(copy, key, reading->map->key_size);
	fold(reading, value, copy + key_bytes);
	contents->entries[contents->n++] = (struct rs_map_entry){ copy, copy + key_bytes };
	return 0;
}

/* --- key by key: arrays, and kernels whose maps of this kind know no batches --- */

static int read_array(struct reading *reading)
{
	_cleanup_(rs_cleanup_free) void *value = malloc(reading->value_bytes);
	uint32_t n = (uint32_t)MAX(reading->map->max_entries, (uint64_t)1);
	int r = 0;

	if (!value)
		return -ENOMEM;
	for (uint32_t key = 0; !r && key < n; key++) {
		r = rs_bpf_map_lookup(reading->fd, &key, value);
		if (!r)
			r = add(reading, &key, value);
	}
	return r;
}

static int read_keys(struct reading *reading)
{
	size_t key_size = reading->map->key_size;
	_cleanup_(rs_cleanup_free) uint8_t *buf = malloc(2 * key_size + reading->value_bytes);
	uint8_t *key = buf, *next, *value;
	int r, more;

	if (!buf)
		return -ENOMEM;
	value = buf + 2 * key_size;
	next = buf + key_size;
	more = rs_bpf_map_next_key(reading->fd, NULL, key);
	for (uint64_t i = 0; !more && i < 2 * reading->map->max_entries; i++) {
		uint8_t *old = key;

		r = rs_bpf_map_lookup(reading->fd, key, value);
		if (!r)
			r = add(reading, key, value);
		if (r < 0 && r != -ENOENT)
			return r;
		more = rs_bpf_map_next_key(reading->fd, key, next);
		key = next;
		next = old;
	}
	return more == -ENOENT ? 0 : more;
}

/* --- many at once --- */

static int lookup_batch(const struct reading *reading, const uint32_t *from, uint32_t *to,
			void *keys, void *values, uint32_t *n)
{
	union bpf_attr attr;
	int r;

	memset(&attr, 0, sizeof(attr));
	attr.batch.map_fd = (uint32_t)reading->fd;
	attr.batch.in_batch = ptr(from);
	attr.batch.out_batch = ptr(to);
	attr.batch.keys = ptr(keys);
	attr.batch.values = ptr(values);
	attr.batch.count = *n;
	r = rs_bpf_call(BPF_MAP_LOOKUP_BATCH, &attr, sizeof(attr));
	*n = attr.batch.count;
	return r;
}

static int add_batch(struct reading *reading, const uint8_t *keys, const uint8_t *values,
		     uint32_t n)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < n; i++)
		r = add(reading, keys + (size_t)i * reading->map->key_size,
			values + i * reading->value_bytes);
	return r;
}

/* A bucket with more entries than there is room is told as -ENOSPC: from the start with more room. */
static int read_batches(struct reading *reading, uint32_t room)
{
	size_t value_bytes = (reading->value_bytes + 7) & ~(size_t)7;
	_cleanup_(rs_cleanup_free) uint8_t *keys = calloc(room, reading->map->key_size);
	_cleanup_(rs_cleanup_free) uint8_t *values = calloc(room, value_bytes);
	uint32_t token[2] = { 0 };
	bool first = true;
	int r = 0;

	if (!keys || !values)
		return -ENOMEM;
	while (!r) {
		uint32_t n = room;
		int added;

		r = lookup_batch(reading, first ? NULL : &token[0], &token[1], keys, values, &n);
		if (r < 0 && r != -ENOENT) /* -ENOENT: these are the last ones */
			break;
		added = add_batch(reading, keys, values, MIN(n, room));
		if (added < 0)
			return added;
		token[0] = token[1];
		first = false;
	}
	return r == -ENOENT ? 0 : r;
}

static void forget(struct reading *reading)
{
	rs_arena_done(&reading->to->arena);
	reading->to->contents.n = 0;
}

static int read_hash(struct reading *reading)
{
	size_t entries = MIN(reading->map->max_entries, (uint64_t)BATCH_MOST);
	size_t room = MIN(BATCH_BYTES / MAX(reading->value_bytes, (size_t)1), entries);
	int r = -ENOSPC;

	for (room = MAX(room, (size_t)BATCH_LEAST); room <= BATCH_MOST; room *= 4) {
		r = read_batches(reading, (uint32_t)room);
		if (r != -ENOSPC)
			break;
		forget(reading);
	}
	if (!r || r == -ENOMEM)
		return r;
	forget(reading);
	return read_keys(reading);
}

int rs_trace_contents_read(const struct rs_trace_maps *maps, const struct rs_map *map,
			   struct rs_trace_contents *ret_contents)
{
	struct reading reading = {
		maps, map, maps->fds[map->id], rs_trace_maps_value_bytes(maps, map), ret_contents, 0
	};
	int r;

	*ret_contents = (struct rs_trace_contents){ .contents.map = map };
	r = rs_trace_map_is_array(map) ? read_array(&reading) : read_hash(&reading);
	if (r < 0)
		rs_trace_contents_done(ret_contents);
	return r;
}

void rs_trace_contents_done(struct rs_trace_contents *contents)
{
	free(contents->contents.entries);
	rs_arena_done(&contents->arena);
	*contents = (struct rs_trace_contents){ 0 };
}
