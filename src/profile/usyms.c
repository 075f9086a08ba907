/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/usyms.h"

#include <errno.h>
#include <stdlib.h>

#include "kern/demangle.h"
#include "profile/symbols-internal.h"

struct rs_usyms {
	struct rs_symbols *symbols;
	bool demangle;
};

int rs_usyms_new(const struct rs_usyms_options *options, struct rs_usyms **ret_usyms)
{
	_cleanup_(rs_usyms_free) struct rs_usyms *usyms = calloc(1, sizeof(*usyms));
	struct rs_symbols_options wanted = { .no_inlines = true, .no_lines = true };
	int r;

	if (!usyms)
		return -ENOMEM;
	if (options) {
		usyms->demangle = options->demangle;
		wanted.max_processes = options->max_processes;
		wanted.max_files = options->max_files;
	}
	r = rs_symbols_new(&wanted, &usyms->symbols, NULL);
	if (r < 0)
		return r;
	*ret_usyms = TAKE_PTR(usyms);
	return 0;
}

void rs_usyms_free(struct rs_usyms **usyms)
{
	struct rs_usyms *u = TAKE_PTR(*usyms);

	if (!u)
		return;
	rs_symbols_free(&u->symbols);
	free(u);
}

void rs_usyms_seen(struct rs_usyms *usyms, uint32_t pid, const uint64_t *addresses, size_t n)
{
	rs_symbols_seen(usyms->symbols, pid, addresses, n);
}

void rs_usyms_resolve(struct rs_usyms *usyms, uint32_t pid, uint64_t address, bool with_offset,
		      bool with_module, struct rs_str *out)
{
	struct rs_symbols_place place;

	rs_symbols_locate(usyms->symbols, pid, address, &place);
	if (!place.name) {
		rs_str_append_cstr(out, "0x");
		rs_str_append_hex(out, address);
	} else {
		if (!usyms->demangle || rs_demangle(place.name, out) <= 0)
			rs_str_append_cstr(out, place.name);
		if (with_offset) {
			rs_str_append_char(out, '+');
			rs_str_append_u64(out, place.linked - place.start);
		}
	}
	if (with_module && place.mapping && place.mapping->file)
		rs_str_appendf(out, " (%s)", place.mapping->file->path);
	else if (with_module)
		rs_str_append_cstr(out, " ([unknown])");
}
