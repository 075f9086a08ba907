/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of programs and libraries: at entry, at an offset, at an address, at return. */
#include <inttypes.h>

#include "base/suggest.h"
#include "kern/demangle.h"
#include "probe/binary.h"
#include "probe/match.h"
#include "probe/user.h"

/* One expansion on its way through the files. */
struct walk {
	struct rs_probes *probes;
	const struct rs_attach_point *point;
	struct rs_emit *emit;
	struct rs_error *err;
	const char *path;
};

/* point.address of a place is where the function is, as linked. */
static int emit_at(struct walk *walk, const char *name, uint64_t address)
{
	struct rs_place place = { .point = *walk->point };

	place.point.target = walk->path;
	place.point.name = name;
	place.point.address = address;
	return rs_emit_place(walk->emit, &place);
}

static int offer(const struct rs_elf_symbol *symbol, void *data)
{
	rs_suggest_offer(data, symbol->name);
	return 0;
}

static int no_function(struct walk *walk, struct rs_elf *elf)
{
	struct rs_suggest suggest;
	const char *best;

	rs_suggest_init(&suggest, walk->point->name);
	rs_elf_functions(elf, offer, &suggest);
	best = rs_suggest_best(&suggest);
	rs_error_set(walk->err, -ENOENT, "\"%s\" has no function \"%s\"", walk->path,
		     walk->point->name);
	if (best)
		rs_error_hint(walk->err, "did you mean \"%s\"?", best);
	else
		rs_error_hint(
			walk->err,
			"`ringside trace -l '%s:%s:*'` lists them; a stripped file may need its "
			"debug symbols",
			rs_provider_table[walk->point->provider].name, walk->path);
	return -ENOENT;
}

static int expand_name(struct walk *walk, struct rs_elf *elf)
{
	const struct rs_attach_point *point = walk->point;
	struct rs_elf_symbol symbol;

	if (!rs_elf_find(elf, point->name, true, &symbol))
		return no_function(walk, elf);
	if (point->offset && symbol.size && point->offset >= symbol.size)
		return rs_error_set(walk->err, -EINVAL,
				    "\"%s\": the offset %" PRIu64
				    " is outside of the function, which has %" PRIu64 " bytes",
				    point->name, point->offset, symbol.size);
	return emit_at(walk, point->name, symbol.address);
}

static int expand_address(struct walk *walk, struct rs_elf *elf)
{
	uint64_t offset;

	if (!rs_elf_offset(elf, walk->point->address, &offset) ||
	    !rs_elf_offset_is_code(elf, offset))
		return rs_error_set(walk->err, -EINVAL, "\"%s\" has no code at 0x%" PRIx64,
				    walk->path, walk->point->address);
	return emit_at(walk, "", walk->point->address);
}

static int expand_match(const struct rs_elf_symbol *symbol, void *data)
{
	struct walk *walk = data;
	int r;

	if (!rs_match(walk->point->name, symbol->name))
		return 0;
	r = emit_at(walk, symbol->name, symbol->address);
	return r < 0 ? r : 0;
}

/* Without its arguments, unless the pattern has some. */
static bool matches_demangled(const char *pattern, const char *mangled, struct rs_str *text)
{
	rs_str_reset(text);
	if (rs_demangle(mangled, text) <= 0)
		return false;
	if (!strchr(pattern, '(')) {
		const char *open = strchr(rs_str_cstr(text), '(');

		if (open)
			rs_str_truncate(text, (size_t)(open - text->data));
	}
	return rs_match(pattern, rs_str_cstr(text));
}

static int expand_match_demangled(const struct rs_elf_symbol *symbol, void *data)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(1 << 16);
	struct walk *walk = data;
	int r;

	if (!matches_demangled(walk->point->name, symbol->name, &text))
		return 0;
	r = emit_at(walk, symbol->name, symbol->address);
	return r < 0 ? r : 0;
}

static int expand_demangled(struct walk *walk, struct rs_elf *elf)
{
	size_t before = walk->emit->n;
	int r = rs_elf_functions(elf, expand_match_demangled, walk);

	if (r < 0 || walk->emit->n > before)
		return r;
	return rs_error_set(walk->err, -ENOENT, "\"%s\" has no function whose C++ name is \"%s\"",
			    walk->path, walk->point->name);
}

static int expand_file(const char *path, void *data)
{
	struct walk *walk = data;
	struct rs_elf *elf = rs_binary_open(walk->probes, path, walk->err);
	bool many = rs_match_has_wildcard(walk->point->target);
	int r;

	if (!elf)
		return many ? 0 : walk->err ? walk->err->code : -ENOEXEC;
	walk->path = path;
	if (walk->point->lang[0])
		r = expand_demangled(walk, elf);
	else if (walk->point->has_address)
		r = expand_address(walk, elf);
	else if (rs_match_has_wildcard(walk->point->name))
		r = rs_elf_functions(elf, expand_match, walk);
	else
		r = expand_name(walk, elf);
	return many && (r == -ENOENT || r == -EINVAL) ? 0 : r;
}

/* Libraries by whose names scripts know functions that glibc has in libc itself since 2.34. */
static bool moved_to_libc(const char *library)
{
	static const char *const moved[] = { "libpthread", "libdl", "librt", "libutil", "libanl" };

	for (unsigned i = 0; i < ARRAY_SIZE(moved); i++)
		if (strcmp(library, moved[i]) == 0)
			return true;
	return false;
}

/* Where it is not there either, what the first said is told. */
static int expand_files(struct walk *walk, struct rs_error *err)
{
	const char *target = walk->point->target;
	struct rs_error first = { 0 };
	int r;

	walk->err = &first;
	r = rs_binary_each(walk->probes, target, expand_file, walk, &first);
	if (r == -ENOENT && moved_to_libc(target)) {
		walk->err = NULL;
		if (rs_binary_each(walk->probes, "libc", expand_file, walk, NULL) >= 0)
			return 0;
	}
	if (r < 0 && err)
		*err = first;
	return r;
}

static int expand(struct rs_probes *probes, const struct rs_attach_point *point,
		  struct rs_emit *emit, struct rs_error *err)
{
	struct walk walk = { .probes = probes, .point = point, .emit = emit };

	if (point->provider == RS_PROVIDER_URETPROBE && point->offset)
		return rs_point_refuse(point, -EINVAL, "a return has no offset", err);
	if (point->lang[0] && strcmp(point->lang, "cpp") != 0) {
		rs_point_refuse(point, -EINVAL, "there is no such language", err);
		rs_error_hint(err, "\"cpp\" is for names of C++ and Rust");
		return -EINVAL;
	}
	if (!probes->options.pid && (!*point->target || !strcmp(point->target, "*"))) {
		rs_error_set(err, -EINVAL, "\"*\" stands for the files of one process");
		rs_error_hint(err, "say which: -p PID");
		return -EINVAL;
	}
	return expand_files(&walk, err);
}

struct lookup {
	struct rs_probes *probes;
	const char *symbol;
	uint64_t address;
	bool found;
};

static int look_up(const char *path, void *data)
{
	struct lookup *lookup = data;
	struct rs_elf *elf = rs_binary_open(lookup->probes, path, NULL);
	struct rs_elf_symbol symbol;

	if (elf && !lookup->found && rs_elf_find(elf, lookup->symbol, false, &symbol)) {
		lookup->address = symbol.address;
		lookup->found = true;
	}
	return 0;
}

bool rs_probes_user_address(struct rs_probes *probes, const char *binary, const char *symbol,
			    uint64_t *ret_address)
{
	struct lookup lookup = { .probes = probes, .symbol = symbol };

	if (rs_binary_each(probes, binary, look_up, &lookup, NULL) < 0 || !lookup.found)
		return false;
	*ret_address = lookup.address;
	return true;
}

const struct rs_probe_kind rs_kind_uprobe = {
	.expand = expand,
	.plan = rs_user_plan,
	.attach = rs_user_attach,
	.attach_multi = rs_user_attach_multi,
};

const struct rs_probe_kind rs_kind_uretprobe = {
	.expand = expand,
	.plan = rs_user_plan,
	.attach = rs_user_attach,
	.attach_multi = rs_user_attach_multi,
};
