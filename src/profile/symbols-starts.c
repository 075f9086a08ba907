/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of stripped files: they have no names, but what undoes their frames says where they begin. Read when the
 * first address without a symbol is asked for.
 */
#include "profile/symbols-internal.h"

#define STARTS_MAX ((size_t)256 << 20) /* bytes of all files together */

static size_t bytes_of(const struct rs_symbols_file *file)
{
	return file->functions.list.cap * sizeof(*file->functions.list.items);
}

static void get_functions(struct rs_symbols *symbols, struct rs_symbols_file *file)
{
	if (file->functions_tried || symbols->starts_bytes >= STARTS_MAX)
		return;
	file->functions_tried = true;
	if (rs_unwind_functions_read(file->elf, &file->functions) == 0)
		symbols->starts_bytes += bytes_of(file);
}

bool rs_symbols_start_find(struct rs_symbols *symbols, struct rs_symbols_file *file,
			   uint64_t linked, uint64_t *ret_start)
{
	get_functions(symbols, file);
	return rs_unwind_functions_find(&file->functions, linked, ret_start);
}

void rs_symbols_start_drop(struct rs_symbols *symbols, struct rs_symbols_file *file)
{
	symbols->starts_bytes -= MIN(symbols->starts_bytes, bytes_of(file));
	rs_unwind_functions_done(&file->functions);
	file->functions_tried = false;
}
