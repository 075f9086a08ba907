/* SPDX-License-Identifier: Apache-2.0 */
/* Debug information of files: read into memory, for a file that is mapped may be cut under us. */
#include <errno.h>
#include <stdlib.h>

#include "profile/symbols-internal.h"

#define DEBUG_MAX ((size_t)512 << 20) /* bytes of all files together; also of one */

void rs_symbols_debug_free(struct rs_symbols_debug **debug)
{
	struct rs_symbols_debug *d = TAKE_PTR(*debug);

	if (!d)
		return;
	rs_dwarf_free(&d->dwarf);
	rs_symbols_debug_free(&d->alt);
	for (unsigned i = 0; i < RS_DWARF_SECTION_COUNT; i++)
		free(d->sections[i]);
	free(d);
}

/* -EFBIG: there is more than max. */
static int read_sections(struct rs_elf *elf, size_t max, struct rs_symbols_debug *debug)
{
	struct rs_dwarf_bytes bytes[RS_DWARF_SECTION_COUNT] = { 0 };

	for (unsigned i = 0; i < RS_DWARF_SECTION_COUNT; i++) {
		int r = rs_elf_read(elf, rs_dwarf_section_names[i], max - debug->bytes,
				    &debug->sections[i], &bytes[i].size);

		if (r == -EFBIG || r == -ENOMEM)
			return r;
		if (r < 0)
			continue; /* it has none of these, or a bad one */
		bytes[i].data = debug->sections[i];
		debug->bytes += bytes[i].size;
	}
	return rs_dwarf_new(bytes, debug->alt ? debug->alt->dwarf : NULL, &debug->dwarf);
}

static int load(struct rs_elf *elf, size_t max, struct rs_symbols_debug **ret_debug)
{
	_cleanup_(rs_symbols_debug_free) struct rs_symbols_debug *debug = calloc(1, sizeof(*debug));
	_cleanup_(rs_elf_close) struct rs_elf *alt = NULL;
	int r;

	if (!debug)
		return -ENOMEM;
	if (rs_elf_open_alt(elf, &alt) == 0 && (debug->alt = calloc(1, sizeof(*debug->alt)))) {
		r = read_sections(alt, max, debug->alt);
		if (r == -EFBIG)
			return r;
		debug->bytes = debug->alt->bytes;
		if (r < 0)
			rs_symbols_debug_free(&debug->alt);
	}
	r = read_sections(elf, max, debug);
	if (r < 0)
		return r;
	*ret_debug = TAKE_PTR(debug);
	return 0;
}

/* All others make room. */
static void drop_others(struct rs_symbols *symbols)
{
	struct rs_hashmap_entry entry;
	size_t pos = 0;

	while (rs_hashmap_next(symbols->files, &pos, &entry)) {
		struct rs_symbols_file *file = entry.value;

		if (!file->debug)
			continue;
		rs_symbols_debug_free(&file->debug);
		file->debug_tried = false;
	}
	symbols->debug_bytes = 0;
}

static void get_debug(struct rs_symbols *symbols, struct rs_symbols_file *file)
{
	struct rs_elf *elf;
	int r;

	if (file->debug_tried)
		return;
	file->debug_tried = true;
	elf = rs_elf_debug_info(file->elf);
	if (!elf)
		return;
	r = load(elf, DEBUG_MAX - symbols->debug_bytes, &file->debug);
	if (r == -EFBIG && symbols->debug_bytes) {
		drop_others(symbols);
		r = load(elf, DEBUG_MAX, &file->debug);
	}
	symbols->debug_too_big += r == -EFBIG;
	if (file->debug)
		symbols->debug_bytes += file->debug->bytes;
}

size_t rs_symbols_debug_find(struct rs_symbols *symbols, struct rs_symbols_file *file,
			     uint64_t linked, struct rs_dwarf_frame *frames, size_t max)
{
	const struct rs_symbols_options *options = &symbols->options;

	if (options->no_lines && options->no_inlines)
		return 0;
	get_debug(symbols, file);
	return file->debug
		       ? rs_dwarf_find(file->debug->dwarf, linked, !options->no_lines, frames, max)
		       : 0;
}
