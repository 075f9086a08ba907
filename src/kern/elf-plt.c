/* SPDX-License-Identifier: Apache-2.0 */
/* The procedure linkage table: pieces of code without symbols that jump to functions of other files. Each is named
 * after the relocation of the slot that it jumps through. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "kern/elf-private.h"

#define SLOTS_MAX (1u << 20)
#define NAMES_MAX (64u << 20)
#define SUFFIX    "@plt"

#ifdef __aarch64__
#define R_IRELATIVE R_AARCH64_IRELATIVE
#else
#define R_IRELATIVE R_X86_64_IRELATIVE
#endif

struct slot {
	uint64_t address;
	const char *name;
};

struct slots {
	RS_VEC(struct slot) items;
};

static int by_address(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

/* Without a symbol it is a function of this file that is chosen at the start, and named by who chooses. */
static const char *slot_name(struct rs_elf *elf, Elf_Data *symbols, size_t strings,
			     const GElf_Rela *rela)
{
	struct rs_elf_symbol chooser;
	GElf_Sym sym;

	if (!GELF_R_SYM(rela->r_info))
		return GELF_R_TYPE(rela->r_info) == R_IRELATIVE &&
				       rs_elf_function_at(elf, (uint64_t)rela->r_addend, &chooser)
			       ? chooser.name
			       : NULL;
	return gelf_getsym(symbols, (int)GELF_R_SYM(rela->r_info), &sym)
		       ? elf_strptr(elf->elf, strings, sym.st_name)
		       : NULL;
}

static void add_slots(struct rs_elf *elf, Elf_Scn *scn, const GElf_Shdr *header,
		      struct slots *slots)
{
	Elf_Scn *symbols = elf_getscn(elf->elf, header->sh_link);
	Elf_Data *data = elf_getdata(scn, NULL), *names;
	GElf_Shdr of_symbols;
	GElf_Rela rela;

	if (!data || !symbols || !gelf_getshdr(symbols, &of_symbols) ||
	    (of_symbols.sh_type != SHT_DYNSYM && of_symbols.sh_type != SHT_SYMTAB))
		return;
	names = elf_getdata(symbols, NULL);
	for (size_t i = 0; names && i < data->d_size / sizeof(Elf64_Rela); i++) {
		struct slot slot;

		if (!gelf_getrela(data, (int)i, &rela) || slots->items.len >= SLOTS_MAX)
			return;
		slot.address = rela.r_offset;
		slot.name = slot_name(elf, names, of_symbols.sh_link, &rela);
		if (slot.name && *slot.name && rs_vec_push(&slots->items, slot) < 0)
			return;
	}
}

static void read_slots(struct rs_elf *elf, struct slots *slots)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr header;

	while ((scn = elf_nextscn(elf->elf, scn)))
		if (gelf_getshdr(scn, &header) && header.sh_type == SHT_RELA &&
		    header.sh_entsize == sizeof(Elf64_Rela))
			add_slots(elf, scn, &header, slots);
	if (slots->items.len)
		qsort(slots->items.items, slots->items.len, sizeof(*slots->items.items),
		      by_address);
}

/* The slot that the code at an address jumps through. How many bytes the piece has; 0: it is none. */
#ifdef __x86_64__
static size_t decode(const uint8_t *code, size_t n, uint64_t address, uint64_t *ret_slot)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	size_t at = 0;
	int32_t distance;

	if (n >= sizeof(endbr64) && memcmp(code, endbr64, sizeof(endbr64)) == 0)
		at = sizeof(endbr64);
	if (at < n && code[at] == 0xf2) /* bnd */
		at++;
	if (n < at + 6 || code[at] != 0xff || code[at + 1] != 0x25) /* jmp *distance(%rip) */
		return 0;
	memcpy(&distance, code + at + 2, sizeof(distance));
	*ret_slot = address + at + 6 + (uint64_t)(int64_t)distance;
	/* Longer where the slot's number is pushed behind, or with a mark in front. */
	return at || (n >= at + 7 && code[at + 6] == 0x68) ? 16 : 8;
}
#define STEP 8
#elif defined(__aarch64__)
static size_t decode(const uint8_t *code, size_t n, uint64_t address, uint64_t *ret_slot)
{
	uint32_t adrp, ldr;
	int64_t page;

	if (n < 8)
		return 0;
	memcpy(&adrp, code, sizeof(adrp));
	memcpy(&ldr, code + 4, sizeof(ldr));
	if ((adrp & 0x9f00001f) != 0x90000010 || (ldr & 0xffc003ff) != 0xf9400211)
		return 0; /* not: adrp x16, page; ldr x17, [x16, offset] */
	/* 21 bits with a sign, in pages */
	page = (int64_t)((uint64_t)((adrp >> 3 & 0x1ffffc) | (adrp >> 29 & 3)) << 43) >> 31;
	*ret_slot = (address & ~0xfffull) + (uint64_t)page + (ldr >> 10 & 0xfff) * 8;
	return 16;
}
#define STEP 4
#else
static size_t decode(const uint8_t *code, size_t n, uint64_t address, uint64_t *ret_slot)
{
	return 0;
}
#define STEP 4
#endif

static int add_piece(struct rs_elf *elf, uint64_t address, size_t size, const char *name)
{
	struct rs_elf_symbol symbol = { .address = address, .size = size, .function = true };

	symbol.name = rs_arena_printf(&elf->plt_names, "%s" SUFFIX, name);
	return symbol.name ? rs_vec_push(&elf->plt, symbol) : -ENOMEM;
}

static void read_pieces(struct rs_elf *elf, const char *section, const struct slots *slots)
{
	uint64_t address, slot = 0;
	size_t size, step;
	const uint8_t *code = rs_elf_section(elf, section, &size, &address);

	for (size_t at = 0; code && at < size; at += step) {
		size_t n = decode(code + at, size - at, address + at, &slot);
		struct slot wanted = { .address = slot }, *found;

		step = n ? n : STEP;
		if (!n || !slots->items.len)
			continue;
		found = bsearch(&wanted, slots->items.items, slots->items.len, sizeof(wanted),
				by_address);
		if (found && add_piece(elf, address + at, n, found->name) < 0)
			return;
	}
}

static int symbol_by_address(const void *a, const void *b)
{
	const struct rs_elf_symbol *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

static void load(struct rs_elf *elf)
{
	static const char *const sections[] = { ".plt", ".plt.sec", ".plt.got" };
	struct slots slots = { 0 };

	elf->have_plt = true;
	rs_arena_init(&elf->plt_names, NAMES_MAX);
	read_slots(elf, &slots);
	for (unsigned i = 0; i < ARRAY_SIZE(sections); i++)
		read_pieces(elf, sections[i], &slots);
	rs_vec_done(&slots.items);
	if (elf->plt.len)
		qsort(elf->plt.items, elf->plt.len, sizeof(*elf->plt.items), symbol_by_address);
}

bool rs_elf_plt_at(struct rs_elf *elf, uint64_t address, struct rs_elf_symbol *ret_symbol)
{
	size_t low = 0, high;

	if (!elf->have_plt)
		load(elf);
	high = elf->plt.len;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (elf->plt.items[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || address - elf->plt.items[low - 1].address >= elf->plt.items[low - 1].size)
		return false;
	*ret_symbol = elf->plt.items[low - 1];
	return true;
}
