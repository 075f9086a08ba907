/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the form of ld.so.cache, whole and broken. */
#include "probe/binary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* keep order: cmocka needs those above */
#include <cmocka.h>

struct cache {
	char magic[20];
	uint32_t n, strings, unused[5];
	struct {
		int32_t flags;
		uint32_t key, value, os_version;
		uint64_t hwcap;
	} entries[3];
	char text[128];
};

#define AT(offset) (uint32_t)(offsetof(struct cache, text) + (offset))

static struct cache make(void)
{
	struct cache cache = { .n = 3, .strings = sizeof(cache.text) };

	memcpy(cache.magic, "glibc-ld.so.cache1.1", sizeof(cache.magic));
	memcpy(cache.text,
	       "libc.so.6\0/other/libc.so.6\0/lib/libc.so.6\0libcap.so.2\0/lib/libcap.so.2", 71);
	cache.entries[0].key = AT(0);
	cache.entries[0].value = AT(10);
	cache.entries[1].key = AT(0);
	cache.entries[1].value = AT(27);
	cache.entries[2].key = AT(42);
	cache.entries[2].value = AT(54);
	return cache;
}

/* Takes the first that is not below /other. */
static bool take(const char *path, void *ctx)
{
	const char **taken = ctx;

	if (!strncmp(path, "/other", 6))
		return false;
	*taken = path;
	return true;
}

static const char *search(const void *data, size_t n, const char *name)
{
	const char *taken = NULL;

	return rs_ldcache_search(data, n, name, take, &taken) ? taken : NULL;
}

static void test_names(void **state)
{
	const struct cache cache = make();

	(void)state;
	assert_string_equal(search(&cache, sizeof(cache), "libc"), "/lib/libc.so.6");
	assert_string_equal(search(&cache, sizeof(cache), "libc.so.6"), "/lib/libc.so.6");
	assert_string_equal(search(&cache, sizeof(cache), "libcap"), "/lib/libcap.so.2");
	assert_null(search(&cache, sizeof(cache), "lib"));
	assert_null(search(&cache, sizeof(cache), "libca"));
	assert_null(search(&cache, sizeof(cache), "libc.so.7"));
}

/* The first form of the list may stand in front. */
static void test_old(void **state)
{
	struct {
		char magic[12];
		uint32_t n;
		char entries[16]; /* one of 12 bytes, and what aligns */
		struct cache cache;
	} both = { .magic = "ld.so-1.7.0", .n = 1, .cache = make() };

	(void)state;
	assert_string_equal(search(&both, sizeof(both), "libc"), "/lib/libc.so.6");
	both.n = UINT32_MAX;
	assert_null(search(&both, sizeof(both), "libc"));
}

static void test_broken(void **state)
{
	struct cache cache = make();

	(void)state;
	for (size_t n = 0; n < sizeof(cache); n++)
		search(&cache, n, "libcap");
	cache.n = UINT32_MAX;
	assert_string_equal(search(&cache, sizeof(cache), "libcap"), "/lib/libcap.so.2");
	assert_null(search(&cache, sizeof(cache), "libx"));
	cache.entries[2].key = UINT32_MAX;
	assert_null(search(&cache, sizeof(cache), "libcap"));
	cache = make();
	cache.entries[2].value = sizeof(cache);
	assert_null(search(&cache, sizeof(cache), "libcap"));
	cache = make();
	cache.magic[0] = 'x';
	assert_null(search(&cache, sizeof(cache), "libc"));
	cache = make();
	memset(cache.text, 'x', sizeof(cache.text));
	assert_null(search(&cache, sizeof(cache), "libc"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_old),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests_name("ldcache", tests, NULL, NULL);
}
