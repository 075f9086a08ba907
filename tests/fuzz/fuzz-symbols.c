/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any bytes as a program that somebody runs, from end to end: its symbols, what is packed into it, its debug
 * information. And the same bytes as what a just-in-time compiler wrote into its map file.
 */

#include <stdlib.h>
#include <string.h>

#include "profile/symbols-internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

#define ADDRESSES   8
#define SECTION_MAX (16u << 20)

struct some {
	uint64_t addresses[ADDRESSES];
	size_t n;
};

static int keep_some(const struct rs_elf_symbol *symbol, void *data)
{
	struct some *some = data;

	CHECK(strlen(symbol->name) < 1u << 28);
	if (some->n < ADDRESSES)
		some->addresses[some->n++] = symbol->address + symbol->size / 2;
	return 0;
}

static void read_debug(struct rs_elf *elf, const struct some *some)
{
	struct rs_dwarf_bytes sections[RS_DWARF_SECTION_COUNT] = { 0 };
	uint8_t *bytes[RS_DWARF_SECTION_COUNT] = { 0 };
	struct rs_dwarf *dwarf = NULL;
	struct rs_dwarf_frame frames[8];

	for (unsigned i = 0; i < RS_DWARF_SECTION_COUNT; i++)
		if (rs_elf_read(elf, rs_dwarf_section_names[i], SECTION_MAX, &bytes[i],
				&sections[i].size) == 0)
			sections[i].data = bytes[i];
	if (rs_dwarf_new(sections, NULL, &dwarf) == 0)
		for (size_t i = 0; i < some->n; i++)
			CHECK(rs_dwarf_find(dwarf, some->addresses[i], true, frames, 8) <= 8);
	rs_dwarf_free(&dwarf);
	for (unsigned i = 0; i < RS_DWARF_SECTION_COUNT; i++)
		free(bytes[i]);
}

/* Together they are found as alone. */
static void read_names(struct rs_elf *elf, struct rs_elf_symbol *alone)
{
	static const char *const names[] = { "main", "malloc", "free", "main" };
	struct rs_elf_symbol found[4];

	if (rs_elf_find_all(elf, names, 4, true, found) < 0)
		return;
	for (unsigned i = 0; i < 4; i++) {
		bool is = rs_elf_find(elf, names[i], true, alone);

		CHECK(is == (found[i].name != NULL));
		CHECK(!is || found[i].address == alone->address);
	}
}

static void read_program(const uint8_t *data, size_t size)
{
	struct rs_elf_symbol symbol;
	uint8_t id[RS_ELF_BUILD_ID_MAX];
	struct some some = { .n = 0 };
	struct rs_elf *elf = NULL, *alt = NULL;
	uint64_t address;

	if (rs_elf_open_image(data, size, &elf) < 0)
		return;
	CHECK(rs_elf_build_id(elf, id) <= RS_ELF_BUILD_ID_MAX);
	rs_elf_functions(elf, keep_some, &some);
	rs_elf_find(elf, "main", true, &symbol);
	read_names(elf, &symbol);
	for (uint64_t offset = 0; offset < size; offset += 1 + size / 16)
		if (rs_elf_address(elf, offset, &address) &&
		    (rs_elf_plt_at(elf, address, &symbol) ||
		     rs_elf_function_at(elf, address, &symbol)))
			CHECK(strlen(symbol.name) < 1u << 28);
	read_debug(elf, &some);
	if (rs_elf_open_alt(elf, &alt) == 0)
		rs_elf_close(&alt);
	rs_elf_close(&elf);
}

static void read_map(const uint8_t *data, size_t size)
{
	struct rs_symbols_jit jit = { 0 };
	ssize_t n = rs_symbols_jit_add(&jit, (const char *)data, size);

	CHECK(n >= 0 && (size_t)n <= size);
	for (size_t i = 0; i < jit.symbols.len && i < 64; i++) {
		const struct rs_symbols_jit_symbol *symbol = &jit.symbols.items[i];

		CHECK(strlen(jit.names.data + symbol->name) < jit.names.len);
		rs_symbols_jit_find(&jit, symbol->start + symbol->size - 1);
	}
	rs_symbols_jit_done(&jit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_program(data, size);
	read_map(data, size);
	return 0;
}
