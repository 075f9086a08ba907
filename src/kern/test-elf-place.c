/* SPDX-License-Identifier: Apache-2.0 */
/* On this program itself, as it is mapped. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* keep order: cmocka needs those above */
#include <cmocka.h>

#include "kern/elf-place.h"

/* Found by its name. */
int elf_place_landmark(int x);
__attribute__((noinline, used)) int elf_place_landmark(int x)
{
	return x + 1;
}

/* The mapping that the address lies in. */
static void find_mapping(uint64_t address, uint64_t *ret_start, uint64_t *ret_end,
			 uint64_t *ret_offset)
{
	FILE *file = fopen("/proc/self/maps", "re");
	char line[PATH_MAX + 128];
	bool found = false;

	assert_non_null(file);
	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64, ret_start, ret_end,
			       ret_offset) == 3 &&
			address >= *ret_start && address < *ret_end;
	fclose(file);
	assert_true(found);
}

static void test_mapped(void **state)
{
	uint64_t address = (uint64_t)(uintptr_t)elf_place_landmark, start, end, offset, linked;
	struct rs_elf_symbol symbol;
	struct rs_elf *elf = NULL;

	(void)state;
	assert_int_equal(rs_elf_open("/proc/self/exe", "", &elf, NULL), 0);
	assert_true(rs_elf_find(elf, "elf_place_landmark", true, &symbol));
	find_mapping(address, &start, &end, &offset);
	assert_true(rs_elf_mapped_address(elf, offset, end - start, &linked));
	assert_int_equal(linked + (address - start), symbol.address);
	assert_false(rs_elf_mapped_address(elf, (uint64_t)1 << 60, 4096, &linked));
	rs_elf_close(&elf);
}

static void test_section(void **state)
{
	struct rs_elf_symbol symbol;
	struct rs_elf *elf = NULL;
	uint64_t address;

	(void)state;
	assert_int_equal(rs_elf_open("/proc/self/exe", "", &elf, NULL), 0);
	assert_true(rs_elf_find(elf, "elf_place_landmark", true, &symbol));
	assert_true(rs_elf_section_address(elf, ".text", &address));
	assert_true(address && address <= symbol.address);
	assert_false(rs_elf_section_address(elf, ".nothing", &address));
	rs_elf_close(&elf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mapped),
		cmocka_unit_test(test_section),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
