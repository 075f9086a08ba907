/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of files. */
#include <errno.h>

#include "kern/elf-place.h"
#include "profile/unwind-cfi.h"

#define SECTION_MAX ((size_t)256 << 20) /* bytes */

/* Programs that handle exceptions have .eh_frame, all of a distribution's do; .debug_frame is left in by few. */
static const struct {
	const char *name;
	bool is_debug;
} sections[] = { { ".eh_frame", false }, { ".debug_frame", true } };

/* What is made of a section: a table, or a list of functions. */
typedef int (*parser)(const struct rs_unwind_section *section, void *into);

static int read_section(struct rs_elf *elf, const char *name, bool is_debug, parser parse,
			void *into)
{
	struct rs_unwind_section section = { .is_debug = is_debug };
	_cleanup_(rs_cleanup_free) uint8_t *bytes = NULL;
	int r = rs_elf_read(elf, name, SECTION_MAX, &bytes, &section.size);

	if (r < 0)
		return r == -ENOENT ? -ENODATA : r;
	if (!rs_elf_section_address(elf, name, &section.address))
		return -ENODATA;
	section.data = bytes;
	return parse(&section, into);
}

static int read_sections(struct rs_elf *elf, parser parse, void *into)
{
	int r = -ENODATA;

	for (size_t i = 0; i < ARRAY_SIZE(sections) && r == -ENODATA; i++)
		r = read_section(elf, sections[i].name, sections[i].is_debug, parse, into);
	return r;
}

static int parse_functions(const struct rs_unwind_section *section, void *functions)
{
	return rs_unwind_functions_parse(section, functions);
}

int rs_unwind_functions_read(struct rs_elf *elf, struct rs_unwind_functions *functions)
{
	return read_sections(elf, parse_functions, functions);
}

#ifdef __x86_64__
static int parse_table(const struct rs_unwind_section *section, void *table)
{
	return rs_unwind_table_parse(section, table);
}

int rs_unwind_table_read(struct rs_elf *elf, struct rs_unwind_table *table)
{
	return read_sections(elf, parse_table, table);
}
#else
/* The rows are those of x86-64; elsewhere distributions keep frame pointers. */
int rs_unwind_table_read(struct rs_elf *elf, struct rs_unwind_table *table)
{
	(void)elf;
	(void)table;
	return -ENODATA;
}
#endif
