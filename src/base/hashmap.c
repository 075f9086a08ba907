/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hashmap.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"

#define FIRST_SLOTS 16

/* A slot is free when value is NULL. */
struct slot {
	uint64_t hash;
	uint64_t key; /* number maps; string maps: length */
	char *str;    /* string maps: owned, NUL-terminated */
	void *value;
	bool used; /* looked up since the clock hand last passed */
};

struct rs_hashmap {
	struct slot *slots;
	size_t mask; /* slots - 1, slots a power of two */
	size_t len;
	size_t hand;
	bool strings;
	struct rs_hashmap_opts opts;
	struct rs_hashmap_stats stats;
};

/* A key of either kind, hashed. */
struct key {
	uint64_t hash;
	uint64_t number; /* or length */
	const char *str; /* NULL in number maps */
};

/* --- hashing: multiply two words to 128 bits and fold, after the wyhash family --- */

static const uint64_t secret[4] = {
	0x2d358dccaa6c78a5ull,
	0x8bb84b93962eacc9ull,
	0x4b33a62ed433d4a3ull,
	0x4d5a2da51de1aa47ull,
};

static uint64_t mix(uint64_t a, uint64_t b)
{
	__extension__ typedef unsigned __int128 u128;
	u128 product = (u128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t seed(void)
{
	static uint64_t value;
	uint64_t v = __atomic_load_n(&value, __ATOMIC_RELAXED), zero = 0;

	if (likely(v))
		return v;
	if (getrandom(&v, sizeof(v), GRND_NONBLOCK) != sizeof(v))
		v = rs_clock_real() ^ (uint64_t)(uintptr_t)&value ^ (uint64_t)getpid() << 32;
	v |= 1;
	/* Two threads may come here at once: the first one's seed stands for both. */
	if (!__atomic_compare_exchange_n(&value, &zero, v, false, __ATOMIC_RELAXED,
					 __ATOMIC_RELAXED))
		return zero;
	return v;
}

static uint64_t read_word(const unsigned char *p, size_t n)
{
	uint64_t v = 0;

	memcpy(&v, p, n);
	return v;
}

uint64_t rs_hash_u64(uint64_t v)
{
	return mix(mix(v ^ secret[0], seed() ^ secret[1]), v ^ secret[2]);
}

uint64_t rs_hash_bytes(const void *data, size_t n)
{
	const unsigned char *p = data;
	uint64_t h = mix(seed() ^ secret[0], n ^ secret[1]);

	for (; n > 16; n -= 16, p += 16)
		h = mix(read_word(p, 8) ^ secret[1], read_word(p + 8, 8) ^ h);
	if (n > 8)
		return mix(read_word(p, 8) ^ secret[2], read_word(p + 8, n - 8) ^ h) ^ secret[3];
	if (n)
		h = mix(read_word(p, n) ^ secret[2], h);
	return mix(h ^ secret[3], secret[1]);
}

/* --- slots --- */

static struct key number_key(uint64_t number)
{
	return (struct key){ .hash = rs_hash_u64(number), .number = number };
}

static struct key string_key(const char *str, size_t len)
{
	return (struct key){ .hash = rs_hash_bytes(str, len),
			     .number = len,
			     .str = str ? str : "" };
}

static bool slot_matches(const struct rs_hashmap *map, const struct slot *slot,
			 const struct key *key)
{
	if (slot->hash != key->hash || slot->key != key->number)
		return false;
	return !map->strings || memcmp(slot->str, key->str, key->number) == 0;
}

/* The slot that holds the key, or the free one where it belongs. Ends because a table is never
 * full. */
static struct slot *probe(const struct rs_hashmap *map, const struct key *key)
{
	size_t i = key->hash & map->mask;

	while (map->slots[i].value && !slot_matches(map, &map->slots[i], key))
		i = (i + 1) & map->mask;
	return &map->slots[i];
}

static void drop_value(struct rs_hashmap *map, void *value)
{
	if (map->opts.drop)
		map->opts.drop(value, map->opts.data);
}

/* Empties a slot and moves later ones of its run back, so that no search stops early. */
static void vacate(struct rs_hashmap *map, struct slot *slot)
{
	size_t hole = (size_t)(slot - map->slots), i = hole;

	free(slot->str);
	for (;;) {
		size_t home;

		i = (i + 1) & map->mask;
		if (!map->slots[i].value)
			break;
		home = map->slots[i].hash & map->mask;
		if (((i - home) & map->mask) < ((i - hole) & map->mask))
			continue;
		map->slots[hole] = map->slots[i];
		hole = i;
	}
	map->slots[hole] = (struct slot){ 0 };
	map->len--;
}

/* Second chance: the hand forgives every used entry once. Ends after two rounds at most. */
static void evict_one(struct rs_hashmap *map)
{
	for (;; map->hand++) {
		struct slot *slot = &map->slots[map->hand & map->mask];
		void *value = slot->value;

		if (!value)
			continue;
		if (slot->used) {
			slot->used = false;
			continue;
		}
		vacate(map, slot);
		map->stats.evicted++;
		drop_value(map, value);
		return;
	}
}

static int resize(struct rs_hashmap *map, size_t slots)
{
	struct slot *old = map->slots, *fresh = calloc(slots, sizeof(*fresh));
	size_t old_slots = old ? map->mask + 1 : 0;

	if (!fresh)
		return -ENOMEM;
	map->slots = fresh;
	map->mask = slots - 1;
	for (size_t i = 0; i < old_slots; i++) {
		size_t at = old[i].hash & map->mask;

		if (!old[i].value)
			continue;
		while (fresh[at].value)
			at = (at + 1) & map->mask;
		fresh[at] = old[i];
	}
	free(old);
	return 0;
}

/* Keeps at least a quarter of the slots free. */
static int make_room(struct rs_hashmap *map)
{
	if (map->len >= map->opts.max) {
		if (!map->opts.evict) {
			map->stats.refused++;
			return -ENOSPC;
		}
		evict_one(map);
	}
	if ((map->len + 1) * 4 > (map->mask + 1) * 3)
		return resize(map, (map->mask + 1) * 2);
	return 0;
}

/* --- the map --- */

static int map_new(const struct rs_hashmap_opts *opts, bool strings, struct rs_hashmap **ret_map)
{
	struct rs_hashmap *map;

	if (!opts->max || opts->max > SIZE_MAX / 8 / sizeof(struct slot))
		return -EINVAL;
	map = calloc(1, sizeof(*map));
	if (!map)
		return -ENOMEM;
	map->opts = *opts;
	map->strings = strings;
	if (resize(map, FIRST_SLOTS) < 0) {
		free(map);
		return -ENOMEM;
	}
	*ret_map = map;
	return 0;
}

int rs_hashmap_new_u64(const struct rs_hashmap_opts *opts, struct rs_hashmap **ret_map)
{
	return map_new(opts, false, ret_map);
}

int rs_hashmap_new_str(const struct rs_hashmap_opts *opts, struct rs_hashmap **ret_map)
{
	return map_new(opts, true, ret_map);
}

void rs_hashmap_clear(struct rs_hashmap *map)
{
	for (size_t i = 0; i <= map->mask; i++) {
		struct slot slot = map->slots[i];

		if (!slot.value)
			continue;
		map->slots[i] = (struct slot){ 0 };
		free(slot.str);
		drop_value(map, slot.value);
	}
	map->len = 0;
}

void rs_hashmap_free(struct rs_hashmap **map)
{
	if (!*map)
		return;
	rs_hashmap_clear(*map);
	free((*map)->slots);
	free(*map);
	*map = NULL;
}

static void *find(struct rs_hashmap *map, const struct key *key)
{
	struct slot *slot = probe(map, key);

	if (slot->value)
		slot->used = true;
	return slot->value;
}

void *rs_hashmap_find_u64(struct rs_hashmap *map, uint64_t number)
{
	struct key key = number_key(number);

	return find(map, &key);
}

void *rs_hashmap_find_str(struct rs_hashmap *map, const char *str, size_t len)
{
	struct key key = string_key(str, len);

	return find(map, &key);
}

static int put(struct rs_hashmap *map, const struct key *key, void *value)
{
	_cleanup_(rs_cleanup_free) char *copy = NULL;
	struct slot *slot = probe(map, key);
	void *old = slot->value;
	int r;

	if (!value)
		return -EINVAL;
	if (old) {
		slot->value = value;
		slot->used = true;
		if (old != value)
			drop_value(map, old);
		return 1;
	}
	if (key->str) {
		copy = malloc(key->number + 1);
		if (!copy)
			return -ENOMEM;
		memcpy(copy, key->str, key->number);
		copy[key->number] = '\0';
	}
	r = make_room(map);
	if (r < 0)
		return r;
	*probe(map, key) = (struct slot){
		.hash = key->hash,
		.key = key->number,
		.str = TAKE_PTR(copy),
		.value = value,
	};
	map->len++;
	return 0;
}

int rs_hashmap_put_u64(struct rs_hashmap *map, uint64_t number, void *value)
{
	struct key key = number_key(number);

	return put(map, &key, value);
}

int rs_hashmap_put_str(struct rs_hashmap *map, const char *str, size_t len, void *value)
{
	struct key key = string_key(str, len);

	return put(map, &key, value);
}

static void *take(struct rs_hashmap *map, const struct key *key)
{
	struct slot *slot = probe(map, key);
	void *value = slot->value;

	if (value)
		vacate(map, slot);
	return value;
}

void *rs_hashmap_remove_u64(struct rs_hashmap *map, uint64_t number)
{
	struct key key = number_key(number);

	return take(map, &key);
}

void *rs_hashmap_remove_str(struct rs_hashmap *map, const char *str, size_t len)
{
	struct key key = string_key(str, len);

	return take(map, &key);
}

size_t rs_hashmap_len(const struct rs_hashmap *map)
{
	return map->len;
}

struct rs_hashmap_stats rs_hashmap_stats(const struct rs_hashmap *map)
{
	return map->stats;
}

bool rs_hashmap_next(const struct rs_hashmap *map, size_t *pos, struct rs_hashmap_entry *ret_entry)
{
	for (; *pos <= map->mask; (*pos)++) {
		const struct slot *slot = &map->slots[*pos];

		if (!slot->value)
			continue;
		*ret_entry = (struct rs_hashmap_entry){
			.key = map->strings ? 0 : slot->key,
			.str = slot->str,
			.str_len = map->strings ? slot->key : 0,
			.value = slot->value,
		};
		(*pos)++;
		return true;
	}
	return false;
}
