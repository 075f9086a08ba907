/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/symbols.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "kern/demangle.h"
#include "profile/symbols-internal.h"

#define PROCESSES_MAX 4096
#define FILES_MAX     1024
#define STRINGS_MAX   (1 << 20) /* bytes, of the frames of one address */

#define INLINED_MAX 64

#define UNKNOWN   "[unknown]"
#define ANONYMOUS "[anonymous]"

int rs_symbols_new(const struct rs_symbols_options *options, struct rs_symbols **ret_symbols,
		   struct rs_error *err)
{
	_cleanup_(rs_symbols_free) struct rs_symbols *symbols = calloc(1, sizeof(*symbols));
	struct rs_hashmap_opts opts = { .evict = true };
	int r;

	if (!symbols)
		return rs_error_set(err, -ENOMEM, "out of memory");
	rs_limits_raise_files(); /* each file that somebody has mapped stays open */
	if (options)
		symbols->options = *options;
	symbols->host = strdup(options && options->host ? options->host : "");
	symbols->options.host = NULL;
	if (!symbols->host)
		return rs_error_set(err, -ENOMEM, "out of memory");
	rs_arena_init(&symbols->strings, STRINGS_MAX);
	opts.max = symbols->options.max_processes ?: PROCESSES_MAX;
	opts.drop = rs_symbols_drop_process;
	r = rs_hashmap_new_u64(&opts, &symbols->processes);
	opts.max = symbols->options.max_files ?: FILES_MAX;
	opts.drop = rs_symbols_drop_file;
	opts.data = symbols;
	if (!r)
		r = rs_hashmap_new_str(&opts, &symbols->files);
	if (!r)
		r = rs_symbols_known_init(symbols);
	if (r < 0)
		return rs_error_set_errno(err, r, "making tables for symbols");
	*ret_symbols = TAKE_PTR(symbols);
	return 0;
}

void rs_symbols_free(struct rs_symbols **symbols)
{
	struct rs_symbols *s = TAKE_PTR(*symbols);

	if (!s)
		return;
	rs_hashmap_free(&s->processes);
	rs_hashmap_free(&s->files);
	rs_hashmap_free(&s->known);
	rs_symbols_file_unref(s->vdso);
	rs_ksyms_free(&s->ksyms);
	rs_arena_done(&s->strings);
	free(s->host);
	free(s);
}

/* ---- addresses ---- */

/* Run-time compilers write code into files that are none. */
static bool is_memory(const char *path)
{
	return strncmp(path, "/memfd:", strlen("/memfd:")) == 0 ||
	       strncmp(path, "/dev/", strlen("/dev/")) == 0;
}

static void locate_made_code(const struct rs_symbols *symbols, struct rs_symbols_place *place,
			     uint64_t address)
{
	struct rs_symbols_jit *jit = &place->process->jit;
	const struct rs_symbols_jit_symbol *symbol;

	rs_symbols_jit_refresh(symbols, jit, place->process->pid);
	symbol = rs_symbols_jit_find(jit, address);
	place->jit = symbol || !place->mapping->file || is_memory(place->mapping->file->path);
	place->linked = address;
	if (!symbol)
		return;
	place->name = jit->names.data + symbol->name;
	place->start = symbol->start;
}

static void name_place(struct rs_symbols_place *place)
{
	struct rs_elf *elf = place->mapping->file->elf;
	struct rs_elf_symbol symbol;

	if (!rs_elf_plt_at(elf, place->linked, &symbol) &&
	    !rs_elf_function_at(elf, place->linked, &symbol))
		return;
	place->name = symbol.name;
	place->start = symbol.address;
}

/* All but the name of what a file has. True: it has the address. */
static bool find_place(struct rs_symbols *symbols, uint32_t pid, uint64_t address,
		       struct rs_symbols_place *ret)
{
	const struct rs_symbols_mapping *m;

	*ret = (struct rs_symbols_place){ .process = rs_symbols_find_process(symbols, pid) };
	if (!ret->process)
		return false;
	ret->mapping = m = rs_symbols_find_mapping(symbols, ret->process, address);
	if (m && rs_symbols_is_made_code(m)) {
		locate_made_code(symbols, ret, address);
		return false;
	}
	return m && rs_elf_address(m->file->elf, address - m->start + m->offset, &ret->linked);
}

void rs_symbols_locate(struct rs_symbols *symbols, uint32_t pid, uint64_t address,
		       struct rs_symbols_place *ret_place)
{
	if (find_place(symbols, pid, address, ret_place))
		name_place(ret_place);
}

char *rs_symbols_harmless(const char *text)
{
	_cleanup_(rs_str_done) struct rs_str harmless = RS_STR_INIT(STRINGS_MAX);

	rs_str_append_escaped(&harmless, text, strlen(text));
	return rs_str_take(&harmless);
}

/* Symbols are hostile: nothing that would do more to a terminal than stand there. */
static const char *keep(struct rs_symbols *symbols, const char *text, size_t len)
{
	_cleanup_(rs_str_done) struct rs_str harmless = RS_STR_INIT(STRINGS_MAX);
	const char *kept;

	rs_str_append_escaped(&harmless, text, len);
	kept = rs_arena_strndup(&symbols->strings, harmless.data ? harmless.data : "",
				harmless.len);
	return kept ? kept : UNKNOWN;
}

/* The name as people write it, and the symbol where that differs. */
static void name_frame(struct rs_symbols *symbols, const char *name, struct rs_frame *frame)
{
	_cleanup_(rs_str_done) struct rs_str readable = RS_STR_INIT(STRINGS_MAX);

	if (symbols->options.mangled || rs_demangle(name, &readable) <= 0) {
		frame->function = keep(symbols, name, strlen(name));
		return;
	}
	frame->function = keep(symbols, readable.data, readable.len);
	frame->system = keep(symbols, name, strlen(name));
}

static void unnamed_frame(struct rs_symbols *symbols, uint64_t address, struct rs_frame *frame)
{
	if (frame->module) {
		if (!frame->function)
			frame->function = UNKNOWN;
		return;
	}
	frame->function = rs_arena_printf(&symbols->strings, "0x%llx", (unsigned long long)address);
	if (!frame->function)
		frame->function = UNKNOWN;
	frame->kind = RS_FRAME_OTHER;
}

/* One frame of debug information; the outermost has the file's own symbol, whose name says more (".cold"). */
static void debug_frame(struct rs_symbols *symbols, const struct rs_dwarf_frame *from,
			const char *symbol, struct rs_frame *frame)
{
	const char *name = from->linkage ? from->linkage : from->name;

	if (from->inlined)
		frame->kind = RS_FRAME_INLINED;
	else if (symbol)
		name = symbol;
	if (name)
		name_frame(symbols, name, frame);
	else
		frame->function = UNKNOWN;
	if (from->file) {
		frame->file = keep(symbols, from->file, strlen(from->file));
		frame->line = from->line;
	}
}

/* Where there are more than fit, some inlined ones are left out, never the function that has the code. */
static size_t debug_frames(struct rs_symbols *symbols, const struct rs_symbols_place *place,
			   const struct rs_frame *base, struct rs_frame *frames, size_t max)
{
	struct rs_dwarf_frame found[INLINED_MAX];
	size_t n = rs_symbols_debug_find(symbols, place->mapping->file, place->linked, found,
					 INLINED_MAX);

	if (!n)
		return 0;
	if (symbols->options.no_inlines)
		max = 1;
	if (n > max) {
		found[max - 1] = found[n - 1];
		n = max;
	}
	for (size_t i = 0; i < n; i++) {
		frames[i] = *base;
		debug_frame(symbols, &found[i], place->name, &frames[i]);
	}
	return n;
}

/* "[dash+0x8a40]": code without a symbol, by its file and where its function begins. */
static const char *name_by_start(struct rs_symbols *symbols, const struct rs_symbols_place *place)
{
	struct rs_symbols_file *file = place->mapping->file;
	const char *slash = strrchr(file->shown, '/');
	uint64_t start;

	if (!rs_symbols_start_find(symbols, file, place->linked, &start))
		return NULL;
	return rs_arena_printf(&symbols->strings, "[%s+0x%llx]", slash ? slash + 1 : file->shown,
			       (unsigned long long)start);
}

static size_t symbol_frame(struct rs_symbols *symbols, const char *name, struct rs_frame *frame,
			   struct rs_frame *ret)
{
	if (name)
		name_frame(symbols, name, frame);
	else
		unnamed_frame(symbols, frame->address, frame);
	*ret = *frame;
	return 1;
}

static size_t file_frames(struct rs_symbols *symbols, struct rs_symbols_place *place, bool caller,
			  struct rs_frame *frames, size_t max)
{
	const struct rs_symbols_file *file = place->mapping->file;
	struct rs_frame frame = { .kind = RS_FRAME_USER,
				  .module = file->shown,
				  .build_id = file->build_id,
				  .address = place->linked + caller };
	size_t n = rs_symbols_known_find(symbols, file, place->linked, caller, frames, max);

	if (n)
		return n;
	name_place(place);
	n = debug_frames(symbols, place, &frame, frames, max);
	if (!n) {
		if (!place->name)
			frame.function = name_by_start(symbols, place);
		n = symbol_frame(symbols, place->name, &frame, frames);
	}
	if (max >= RS_SYMBOLS_FRAMES_MAX) /* all there are */
		rs_symbols_known_add(symbols, file, place->linked, caller, frames, n);
	return n;
}

size_t rs_symbols_user(struct rs_symbols *symbols, uint32_t pid, uint64_t address, bool caller,
		       struct rs_frame *frames, size_t max)
{
	struct rs_frame frame = { .kind = RS_FRAME_USER, .address = address };
	struct rs_symbols_place place;

	if (!max)
		return 0;
	rs_arena_done(&symbols->strings);
	if (find_place(symbols, pid, address - caller, &place))
		return file_frames(symbols, &place, caller, frames, max);
	if (place.jit)
		frame.kind = RS_FRAME_JIT;
	if (place.mapping)
		frame.module = place.mapping->file ? place.mapping->file->shown : ANONYMOUS;
	return symbol_frame(symbols, place.name, &frame, frames);
}

int rs_symbols_losses(struct rs_symbols *symbols, struct rs_profile *profile)
{
	char text[128];
	int r = 0;

	if (symbols->kernel_unknown && symbols->ksyms && !rs_ksyms_have_addresses(symbols->ksyms))
		r = rs_profile_note(profile, "the kernel hides the addresses of its functions "
					     "(kernel.kptr_restrict): its frames have no names");
	if (!r && symbols->debug_too_big) {
		snprintf(text, sizeof(text),
			 "the debug information of %llu files was too big to be read",
			 (unsigned long long)symbols->debug_too_big);
		r = rs_profile_note(profile, text);
	}
	return r;
}
