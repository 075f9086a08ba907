/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/entries.h"

#include <errno.h>
#include <string.h>
#include <bpf/bpf.h>

#include "bpf/abi/control.h"
#include "kern/sensors.h"

#define KEY_MAX sizeof(struct rs_prefix)

void rs_entries_done(struct rs_entries *e)
{
	rs_vec_done(&e->keys);
	rs_vec_done(&e->values);
	rs_vec_done(&e->added);
}

int rs_entries_add(struct rs_entries *e, const void *key, uint32_t value)
{
	if (rs_vec_reserve(&e->keys, e->key_size) || rs_vec_push(&e->values, value))
		return -ENOMEM;
	memcpy(e->keys.items + e->keys.len, key, e->key_size);
	e->keys.len += e->key_size;
	return 0;
}

bool rs_entries_have(const struct rs_entries *e, const void *key)
{
	for (size_t i = 0; i < e->values.len; i++)
		if (!memcmp(e->keys.items + i * e->key_size, key, e->key_size))
			return true;
	return false;
}

int rs_entries_insert(struct rs_sensors *sensors, struct rs_entries *e, struct rs_error *err)
{
	int fd = rs_sensors_map_fd(sensors, e->map);

	for (size_t i = 0; i < e->values.len; i++) {
		const uint8_t *key = e->keys.items + i * e->key_size;

		if (rs_vec_reserve(&e->added, 1))
			return rs_error_set(err, -ENOMEM, "out of memory");
		if (!bpf_map_update_elem(fd, key, &e->values.items[i], BPF_NOEXIST))
			rs_vec_push(&e->added, i);
		else if (errno != EEXIST ||
			 bpf_map_update_elem(fd, key, &e->values.items[i], BPF_ANY))
			return rs_error_set_errno(err, -errno,
						  "filling the filter \"%s\" (entry %zu)", e->map,
						  i + 1);
	}
	return 0;
}

void rs_entries_undo(struct rs_sensors *sensors, const struct rs_entries *e)
{
	int fd = rs_sensors_map_fd(sensors, e->map);

	rs_vec_foreach(&e->added, i) bpf_map_delete_elem(fd, e->keys.items + *i * e->key_size);
}

/* Takes out what is in the map and not in @e. */
size_t rs_entries_prune(struct rs_sensors *sensors, const struct rs_entries *e)
{
	size_t n = 0;
	int fd = rs_sensors_map_fd(sensors, e->map);
	uint8_t key[KEY_MAX], next[KEY_MAX];
	void *at = NULL;

	while (!bpf_map_get_next_key(fd, at, next)) {
		if (rs_entries_have(e, next)) {
			memcpy(key, next, e->key_size);
			at = key;
		} else if (bpf_map_delete_elem(fd, next)) {
			break;
		} else {
			n++;
		}
	}
	return n;
}
