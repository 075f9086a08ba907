/* SPDX-License-Identifier: Apache-2.0 */
/* Probes that programs bring along. One place for each location: a probe may have several. */
#include "kern/usdt.h"

#include <inttypes.h>

#include "base/suggest.h"
#include "probe/binary.h"
#include "probe/match.h"
#include "probe/user.h"

struct walk {
	struct rs_probes *probes;
	const struct rs_attach_point *point;
	struct rs_emit *emit;
	struct rs_error *err;
	const char *path;
	struct rs_elf *elf;
	struct rs_suggest suggest;
	RS_VEC(const char *) seen; /* provider, name: of each location emitted of this file */
};

/* How many locations of the same probe came before. */
static unsigned count_location(struct walk *walk, const struct rs_usdt *usdt)
{
	unsigned n = 0;

	for (size_t i = 0; i + 1 < walk->seen.len; i += 2)
		n += !strcmp(walk->seen.items[i], usdt->provider) &&
		     !strcmp(walk->seen.items[i + 1], usdt->name);
	return n;
}

/* SYMBOL, SYMBOL+N or SYMBOL-N. */
static bool symbol_address(struct rs_elf *elf, const char *text, size_t n, uint64_t *ret_address)
{
	struct rs_elf_symbol symbol;
	char name[256], *offset;

	if (n >= sizeof(name))
		return false;
	memcpy(name, text, n);
	name[n] = '\0';
	*ret_address = 0;
	offset = name + strcspn(name, "+-");
	if (*offset)
		*ret_address = (uint64_t)strtoll(offset, NULL, 0);
	*offset = '\0';
	if (!*name || !rs_elf_find(elf, name, false, &symbol))
		return false;
	*ret_address += symbol.address;
	return true;
}

/*
 * "8@SYMBOL(%rip)" becomes "8@N(%rip)", N counted from the probe: the instruction pointer is there when it runs.
 * What is not found stays as it is, and is a mistake for who wants that argument.
 */
static const char *place_symbols(struct walk *walk, const struct rs_usdt *usdt)
{
	static const char relative[] = "(%rip)";
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);
	const char *at = usdt->args, *found;
	uint64_t here, there;

	if (!strstr(at, relative) || !rs_elf_address(walk->elf, usdt->offset, &here))
		return usdt->args;
	while ((found = strstr(at, relative))) {
		const char *symbol = found;

		while (symbol > at && symbol[-1] != '@' && symbol[-1] != ' ')
			symbol--;
		rs_str_append(&out, at, (size_t)(symbol - at));
		if (symbol_address(walk->elf, symbol, (size_t)(found - symbol), &there))
			rs_str_appendf(&out, "%" PRId64, (int64_t)(there - here));
		else
			rs_str_append(&out, symbol, (size_t)(found - symbol));
		rs_str_append_cstr(&out, relative);
		at = found + strlen(relative);
	}
	rs_str_append_cstr(&out, at);
	return rs_arena_strdup(walk->emit->arena, rs_str_cstr(&out));
}

static int emit_location(const struct rs_usdt *usdt, void *data)
{
	struct walk *walk = data;
	const struct rs_attach_point *point = walk->point;
	struct rs_place place = { .point = *point };
	int r;

	rs_suggest_offer(&walk->suggest, usdt->name);
	if ((point->space[0] && !rs_match(point->space, usdt->provider)) ||
	    !rs_match(point->name, usdt->name))
		return 0;
	place.point.target = walk->path;
	place.point.space = usdt->provider;
	place.point.name = usdt->name;
	place.usdt_args = place_symbols(walk, usdt);
	if (!place.usdt_args)
		return -ENOMEM;
	place.usdt_address = usdt->offset;
	place.usdt_semaphore = usdt->semaphore;
	place.usdt_location = count_location(walk, usdt);
	if (rs_vec_push(&walk->seen, usdt->provider) < 0 ||
	    rs_vec_push(&walk->seen, usdt->name) < 0)
		return -ENOMEM;
	r = rs_emit_place(walk->emit, &place);
	return r < 0 ? r : 0;
}

static int no_probe(struct walk *walk)
{
	const char *best = rs_suggest_best(&walk->suggest);

	rs_error_set(walk->err, -ENOENT, "\"%s\" brings no probe \"%s%s%s\"", walk->path,
		     walk->point->space, walk->point->space[0] ? ":" : "", walk->point->name);
	if (best)
		rs_error_hint(walk->err, "did you mean \"%s\"?", best);
	else
		rs_error_hint(walk->err, "-l 'usdt:%s:*' lists what it brings", walk->path);
	return -ENOENT;
}

static int expand_file(const char *path, void *data)
{
	struct walk *walk = data;
	struct rs_elf *elf = rs_binary_open(walk->probes, path, walk->err);
	bool many = rs_match_has_wildcard(walk->point->target) || !walk->point->target[0];
	size_t before = walk->emit->n;
	int r;

	if (!elf)
		return many ? 0 : walk->err ? walk->err->code : -ENOEXEC;
	walk->path = path;
	walk->elf = elf;
	rs_vec_reset(&walk->seen);
	rs_suggest_init(&walk->suggest, walk->point->name);
	r = rs_usdt_each(elf, emit_location, walk);
	if (r < 0 || walk->emit->n > before || many)
		return r;
	return no_probe(walk);
}

static int expand(struct rs_probes *probes, const struct rs_attach_point *point,
		  struct rs_emit *emit, struct rs_error *err)
{
	struct walk walk = { .probes = probes, .point = point, .emit = emit, .err = err };
	int r = rs_binary_each(probes, point->target, expand_file, &walk, err);

	rs_vec_done(&walk.seen);
	return r;
}

const struct rs_probe_kind rs_kind_usdt = {
	.expand = expand,
	.plan = rs_user_plan,
	.attach = rs_user_attach,
	.attach_multi = rs_user_attach_multi,
};
