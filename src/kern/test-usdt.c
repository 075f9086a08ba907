/* SPDX-License-Identifier: Apache-2.0 */
/* On this program itself, which brings probes of its own. */
#include "kern/usdt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* keep order: cmocka needs those above */
#include <cmocka.h>

#include "kern/testing-usdt.h"

/* Looked at in the file only. */
__attribute__((used, section(".probes"))) static unsigned short testing_semaphore = 0x1234;

__attribute__((noinline)) static void fire(void)
{
	TESTING_USDT("testing", "plain", "", "0");
	TESTING_USDT("testing", "counted", "-4@$7 8@%rdi", "testing_semaphore");
	TESTING_USDT("testing", "plain", "", "0");
}

struct seen {
	struct rs_usdt plain[4], counted;
	unsigned n_plain, n_counted;
};

static int take(const struct rs_usdt *usdt, void *data)
{
	struct seen *seen = data;

	assert_string_equal(usdt->provider, "testing");
	if (!strcmp(usdt->name, "plain") && seen->n_plain < 4)
		seen->plain[seen->n_plain++] = *usdt;
	if (!strcmp(usdt->name, "counted")) {
		seen->counted = *usdt;
		seen->n_counted++;
	}
	return 0;
}

static void test_own(void **state)
{
	struct rs_elf_symbol function;
	struct rs_elf *elf = NULL;
	struct seen seen = { 0 };
	uint64_t address;

	(void)state;
	fire();
	assert_int_equal(rs_elf_open("/proc/self/exe", "", &elf, NULL), 0);
	assert_int_equal(rs_usdt_each(elf, take, &seen), 0);
	assert_int_equal(seen.n_plain, 2);
	assert_int_equal(seen.n_counted, 1);
	assert_string_equal(seen.counted.args, "-4@$7 8@%rdi");
	assert_string_equal(seen.plain[0].args, "");
	assert_int_equal(seen.plain[0].semaphore, 0);
	assert_int_not_equal(seen.plain[0].offset, seen.plain[1].offset);

	/* each lies in the function that fires it */
	assert_true(rs_elf_offset_is_code(elf, seen.counted.offset));
	assert_true(rs_elf_address(elf, seen.counted.offset, &address));
	assert_true(rs_elf_function_at(elf, address, &function));
	assert_string_equal(function.name, "fire");
	rs_elf_close(&elf);
}

static void test_semaphore(void **state)
{
	struct rs_elf *elf = NULL;
	struct seen seen = { 0 };
	unsigned short value = 0;
	FILE *file = fopen("/proc/self/exe", "re");

	(void)state;
	assert_non_null(file);
	assert_int_equal(rs_elf_open("/proc/self/exe", "", &elf, NULL), 0);
	assert_int_equal(rs_usdt_each(elf, take, &seen), 0);
	assert_int_equal(fseek(file, (long)seen.counted.semaphore, SEEK_SET), 0);
	assert_int_equal(fread(&value, sizeof(value), 1, file), 1);
	assert_int_equal(value, 0x1234);
	fclose(file);
	rs_elf_close(&elf);
}

static int stop(const struct rs_usdt *usdt, void *data)
{
	(void)usdt;
	++*(unsigned *)data;
	return 7;
}

static void test_stop(void **state)
{
	struct rs_elf *elf = NULL;
	unsigned n = 0;

	(void)state;
	assert_int_equal(rs_elf_open("/proc/self/exe", "", &elf, NULL), 0);
	assert_int_equal(rs_usdt_each(elf, stop, &n), 7);
	assert_int_equal(n, 1);
	rs_elf_close(&elf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_semaphore),
		cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests_name("usdt", tests, NULL, NULL);
}
