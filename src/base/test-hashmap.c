/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/hashmap.h"

static unsigned dropped;

static void count_drop(void *value, void *data)
{
	(void)value;
	dropped++;
	assert_string_equal(data, "ctx");
}

static void *number(uintptr_t v)
{
	return (void *)v;
}

static void test_numbers(void **state)
{
	_cleanup_(rs_hashmap_free) struct rs_hashmap *map = NULL;
	struct rs_hashmap_opts opts = { .max = 100000 };
	struct rs_hashmap_entry entry;
	size_t pos = 0, seen = 0;

	(void)state;
	assert_int_equal(rs_hashmap_new_u64(&opts, &map), 0);
	assert_null(rs_hashmap_find_u64(map, 0));
	assert_int_equal(rs_hashmap_put_u64(map, 1, NULL), -EINVAL);
	for (uintptr_t i = 0; i < 20000; i++)
		assert_int_equal(rs_hashmap_put_u64(map, i << 12, number(i + 1)), 0);
	assert_int_equal(rs_hashmap_len(map), 20000);
	for (uintptr_t i = 0; i < 20000; i++)
		assert_ptr_equal(rs_hashmap_find_u64(map, i << 12), number(i + 1));
	for (uintptr_t i = 0; i < 20000; i += 2)
		assert_ptr_equal(rs_hashmap_remove_u64(map, i << 12), number(i + 1));
	assert_null(rs_hashmap_remove_u64(map, 0));
	for (uintptr_t i = 0; i < 20000; i++)
		assert_ptr_equal(rs_hashmap_find_u64(map, i << 12), number(i % 2 ? i + 1 : 0));
	while (rs_hashmap_next(map, &pos, &entry)) {
		assert_ptr_equal(entry.value, number((uintptr_t)(entry.key >> 12) + 1));
		assert_null(entry.str);
		seen++;
	}
	assert_int_equal(seen, 10000);
}

static void test_replace_and_drop(void **state)
{
	struct rs_hashmap *map = NULL;
	char ctx[] = "ctx";
	struct rs_hashmap_opts opts = { .max = 2, .drop = count_drop, .data = ctx };

	(void)state;
	dropped = 0;
	assert_int_equal(rs_hashmap_new_u64(&opts, &map), 0);
	assert_int_equal(rs_hashmap_put_u64(map, 5, number(1)), 0);
	assert_int_equal(rs_hashmap_put_u64(map, 5, number(2)), 1);
	assert_int_equal(dropped, 1);
	assert_int_equal(rs_hashmap_put_u64(map, 5, number(2)), 1);
	assert_int_equal(dropped, 1);
	assert_int_equal(rs_hashmap_put_u64(map, 6, number(3)), 0);
	assert_int_equal(rs_hashmap_put_u64(map, 7, number(4)), -ENOSPC);
	assert_int_equal(rs_hashmap_stats(map).refused, 1);
	assert_ptr_equal(rs_hashmap_remove_u64(map, 6), number(3));
	assert_int_equal(dropped, 1);
	rs_hashmap_clear(map);
	assert_int_equal(dropped, 2);
	assert_int_equal(rs_hashmap_len(map), 0);
	assert_int_equal(rs_hashmap_put_u64(map, 8, number(4)), 0);
	rs_hashmap_free(&map);
	assert_int_equal(dropped, 3);
	assert_null(map);
	rs_hashmap_free(&map);
	opts.max = 0;
	assert_int_equal(rs_hashmap_new_u64(&opts, &map), -EINVAL);
}

static void test_evict(void **state)
{
	_cleanup_(rs_hashmap_free) struct rs_hashmap *map = NULL;
	char ctx[] = "ctx";
	struct rs_hashmap_opts opts = { .max = 64, .evict = true, .drop = count_drop, .data = ctx };

	(void)state;
	dropped = 0;
	assert_int_equal(rs_hashmap_new_u64(&opts, &map), 0);
	for (uint64_t i = 0; i < 5000; i++) {
		assert_int_equal(rs_hashmap_put_u64(map, i, number(1)), 0);
		/* What is asked for all the time stays. */
		assert_non_null(rs_hashmap_find_u64(map, 0));
		assert_true(rs_hashmap_len(map) <= 64);
	}
	assert_int_equal(rs_hashmap_len(map), 64);
	assert_int_equal(rs_hashmap_stats(map).evicted, 5000 - 64);
	assert_int_equal(dropped, 5000 - 64);
}

static void test_strings(void **state)
{
	_cleanup_(rs_hashmap_free) struct rs_hashmap *map = NULL;
	struct rs_hashmap_opts opts = { .max = 2000, .evict = true };
	struct rs_hashmap_entry entry;
	char key[64];
	size_t pos = 0;

	(void)state;
	assert_int_equal(rs_hashmap_new_str(&opts, &map), 0);
	assert_int_equal(rs_hashmap_put_str(map, NULL, 0, number(9)), 0);
	assert_int_equal(rs_hashmap_put_str(map, "a\0b", 3, number(10)), 0);
	assert_int_equal(rs_hashmap_put_str(map, "a\0c", 3, number(11)), 0);
	assert_ptr_equal(rs_hashmap_find_str(map, "", 0), number(9));
	assert_ptr_equal(rs_hashmap_find_str(map, "a\0b", 3), number(10));
	assert_null(rs_hashmap_find_str(map, "a", 1));
	for (int i = 0; i < 1500; i++) {
		memset(key, 'k', sizeof(key));
		snprintf(key + i % 40, 12, "%d", i);
		assert_int_equal(rs_hashmap_put_str(map, key, strlen(key), number(1)), 0);
		assert_non_null(rs_hashmap_find_str(map, key, strlen(key)));
	}
	while (rs_hashmap_next(map, &pos, &entry))
		assert_int_equal(entry.str[entry.str_len], 0);
	assert_ptr_equal(rs_hashmap_remove_str(map, "a\0c", 3), number(11));
	for (int i = 0; i < 3000; i++) {
		int n = snprintf(key, sizeof(key), "more-%d", i);

		assert_int_equal(rs_hashmap_put_str(map, key, (size_t)n, number(1)), 0);
	}
	assert_int_equal(rs_hashmap_len(map), 2000);
}

/* Random puts and removes against a plain array. */
static void test_model(void **state)
{
	_cleanup_(rs_hashmap_free) struct rs_hashmap *map = NULL;
	struct rs_hashmap_opts opts = { .max = 500 };
	void *model[300] = { 0 };
	uint32_t rng = 12345;
	size_t len = 0;

	(void)state;
	assert_int_equal(rs_hashmap_new_u64(&opts, &map), 0);
	for (int i = 0; i < 50000; i++) {
		uint32_t key;

		rng = rng * 1664525 + 1013904223;
		key = (rng >> 8) % ARRAY_SIZE(model);
		if (rng >> 30) {
			void *value = number(1 + (rng >> 16));

			assert_int_equal(rs_hashmap_put_u64(map, key, value), !!model[key]);
			len += !model[key];
			model[key] = value;
		} else {
			assert_ptr_equal(rs_hashmap_remove_u64(map, key), model[key]);
			len -= !!model[key];
			model[key] = NULL;
		}
		assert_int_equal(rs_hashmap_len(map), len);
	}
	for (size_t i = 0; i < ARRAY_SIZE(model); i++)
		assert_ptr_equal(rs_hashmap_find_u64(map, i), model[i]);
}

static void test_hash(void **state)
{
	char text[64] = { 0 };

	(void)state;
	assert_int_equal(rs_hash_u64(7), rs_hash_u64(7));
	assert_true(rs_hash_u64(7) != rs_hash_u64(8));
	/* Length counts, and so does every byte. */
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		uint64_t before = rs_hash_bytes(text, n);

		assert_true(before != rs_hash_bytes(text, n + 1));
		for (size_t i = 0; i < n; i++) {
			text[i] = 1;
			assert_true(before != rs_hash_bytes(text, n));
			text[i] = 0;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_replace_and_drop),
		cmocka_unit_test(test_evict),   cmocka_unit_test(test_strings),
		cmocka_unit_test(test_model),   cmocka_unit_test(test_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
