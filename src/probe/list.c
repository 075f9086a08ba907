/* SPDX-License-Identifier: Apache-2.0 */
/* -l: a search is a probe with patterns; what it stands for is shown. */
#include "base/suggest.h"
#include "probe/kind.h"
#include "probe/match.h"
#include "probe/typed.h"

#define PATTERN_MAX 4096

/* One search on its way. */
struct walk {
	struct rs_probes *probes;
	bool arguments;
	int (*fn)(const char *text, void *data);
	void *data;
	const char *filter; /* what follows the provider must match this, too; or NULL */
	size_t n;
};

/* ---- arguments ---- */

static int show_indented(const char *text, void *data)
{
	const struct walk *walk = data;
	char line[512];

	snprintf(line, sizeof(line), "    %s", text);
	return walk->fn(line, walk->data);
}

/* "	field:int prev_prio;	offset:24;	size:4;	signed:1;" behind the first empty line */
static int show_fields(struct walk *walk, const char *format)
{
	const char *line = strstr(format, "\n\n");
	int r = 0;

	while (line && r >= 0 && (line = strstr(line, "\tfield:"))) {
		char field[256];

		line += strlen("\tfield:");
		snprintf(field, sizeof(field), "%.*s", (int)strcspn(line, ";\n"), line);
		r = show_indented(field, walk);
	}
	return r;
}

static int show_tracepoint(struct walk *walk, const struct rs_attach_point *point)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(1 << 20);
	const char *format = rs_probes_tracepoint_format(walk->probes, &arena, point->target,
							 point->name, NULL);

	return format ? show_fields(walk, format) : 0;
}

static int show_arguments(struct walk *walk, const struct rs_attach_point *point)
{
	switch (point->provider) {
	case RS_PROVIDER_TRACEPOINT:
		return show_tracepoint(walk, point);
	case RS_PROVIDER_RAWTRACEPOINT:
		return rs_typed_arguments(walk->probes, RS_TYPED_RAWTRACEPOINT, point->target,
					  point->name, false, show_indented, walk);
	case RS_PROVIDER_FENTRY:
	case RS_PROVIDER_FEXIT:
		return rs_typed_arguments(walk->probes, RS_TYPED_FUNCTION, point->target,
					  point->name, true, show_indented, walk);
	case RS_PROVIDER_ITER:
		return rs_typed_arguments(walk->probes, RS_TYPED_ITER, "", point->name, false,
					  show_indented, walk);
	default:
		return 0;
	}
}

/* ---- places ---- */

static bool is_wanted(const struct walk *walk, const char *text)
{
	return !walk->filter || rs_match(walk->filter, strchr(text, ':') + 1);
}

static int show_place(struct walk *walk, const struct rs_place *place)
{
	int r;

	if (!is_wanted(walk, place->point.text))
		return 0;
	walk->n++;
	r = walk->fn(place->point.text, walk->data);
	return r >= 0 && walk->arguments ? show_arguments(walk, &place->point) : r;
}

/* Places are shown by name, each once: several may have one. */
struct places {
	RS_VEC(const struct rs_place *) items;
};

static int collect(const struct rs_place *place, void *data)
{
	struct places *places = data;

	return rs_vec_push(&places->items, place);
}

static int by_text(const void *a, const void *b)
{
	const struct rs_place *const *x = a, *const *y = b;

	return strcmp((*x)->point.text, (*y)->point.text);
}

static int show_places(struct walk *walk, struct places *places)
{
	const struct rs_place **items = places->items.items;
	int r = 0;

	if (places->items.len)
		qsort(items, places->items.len, sizeof(*items), by_text);
	for (size_t i = 0; i < places->items.len && r >= 0; i++)
		if (!i || by_text(&items[i - 1], &items[i]))
			r = show_place(walk, items[i]);
	return r;
}

static int count_text(const char *text, void *data)
{
	struct walk *walk = data;

	if (!is_wanted(walk, text))
		return 0;
	walk->n++;
	return walk->fn(text, walk->data);
}

static int search(struct walk *walk, const struct rs_attach_point *point, struct rs_error *err)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
	const struct rs_probe_kind *kind = rs_probe_kinds[point->provider];
	struct places places = { 0 };
	int r;

	if (kind->list)
		return kind->list(walk->probes, point, count_text, walk, err);
	r = rs_probes_expand(walk->probes, point, &arena, collect, &places, err);
	if (r >= 0)
		r = show_places(walk, &places);
	rs_vec_done(&places.items);
	return r;
}

/* ---- patterns ---- */

/* What a part that was not given stands for: everything. */
static const char *part_or_all(const char *part)
{
	return part && *part ? part : "*";
}

/* Cuts the text at its first colon: what is behind it, or NULL. */
static char *cut(char *text)
{
	char *colon = text ? strchr(text, ':') : NULL;

	if (!colon)
		return NULL;
	*colon = '\0';
	return colon + 1;
}

/* Two parts, the first of which may be missing: [MODULE:]NAME. */
static void read_kernel(struct rs_attach_point *point, char *rest)
{
	char *name = cut(rest);

	point->target = name ? part_or_all(rest) : "";
	point->name = part_or_all(name ? name : rest);
}

static void read_tracepoint(struct rs_attach_point *point, char *rest)
{
	char *name = cut(rest);

	point->target = part_or_all(rest);
	point->name = part_or_all(name);
}

static void read_user(struct rs_attach_point *point, char *rest)
{
	char *name = cut(rest);

	if (name && !strncmp(name, "cpp:", 4)) {
		point->lang = "cpp";
		name += 4;
	}
	point->target = part_or_all(rest);
	point->name = part_or_all(name);
}

static void read_usdt(struct rs_attach_point *point, char *rest)
{
	char *second = cut(rest), *third = cut(second);

	point->target = part_or_all(rest);
	point->space = third ? part_or_all(second) : "";
	point->name = part_or_all(third ? third : second);
}

static void read_name(struct rs_attach_point *point, char *rest)
{
	cut(rest);
	point->target = "";
	point->name = part_or_all(rest);
}

static void read_timer(struct rs_attach_point *point, char *rest)
{
	cut(rest);
	point->target = part_or_all(rest);
}

static void (*const readers[RS_PROVIDER_COUNT])(struct rs_attach_point *point, char *rest) = {
	[RS_PROVIDER_TRACEPOINT] = read_tracepoint,
	[RS_PROVIDER_RAWTRACEPOINT] = read_kernel,
	[RS_PROVIDER_KPROBE] = read_kernel,
	[RS_PROVIDER_KRETPROBE] = read_kernel,
	[RS_PROVIDER_FENTRY] = read_kernel,
	[RS_PROVIDER_FEXIT] = read_kernel,
	[RS_PROVIDER_UPROBE] = read_user,
	[RS_PROVIDER_URETPROBE] = read_user,
	[RS_PROVIDER_USDT] = read_usdt,
	[RS_PROVIDER_PROFILE] = read_timer,
	[RS_PROVIDER_INTERVAL] = read_timer,
	[RS_PROVIDER_SOFTWARE] = read_name,
	[RS_PROVIDER_HARDWARE] = read_name,
	[RS_PROVIDER_ITER] = read_name,
};

static int search_provider(struct walk *walk, enum rs_provider provider, const char *rest,
			   struct rs_error *err)
{
	struct rs_attach_point point = {
		.provider = provider,
		.target = "",
		.space = "",
		.name = "",
		.lang = "",
		.text = "",
	};
	char text[PATTERN_MAX];

	if (!readers[provider])
		return 0;
	if ((size_t)snprintf(text, sizeof(text), "%s", rest) >= sizeof(text))
		return rs_error_set(err, -ENAMETOOLONG, "the search is too long");
	readers[provider](&point, text);
	point.has_wildcard = rs_match_has_wildcard(point.target) ||
			     rs_match_has_wildcard(point.space) ||
			     rs_match_has_wildcard(point.name);
	return search(walk, &point, err);
}

static bool is_available(struct rs_probes *probes, const struct rs_probe_kind *kind)
{
	return !kind->available || kind->available(probes);
}

/*
 * Probes in programs are shown among all the others only where it is known in which: those of the process, or
 * where the pattern names a path.
 */
static bool is_listed(struct rs_probes *probes, enum rs_provider provider, const char *rest)
{
	size_t file = strcspn(rest, ":");

	if (rs_probe_kinds[provider]->kernel)
		return is_available(probes, rs_probe_kinds[provider]);
	if (provider != RS_PROVIDER_UPROBE && provider != RS_PROVIDER_USDT)
		return false;
	return probes->options.pid || memchr(rest, '/', file);
}

/* What a kind does not have, or may not tell, does not keep the others from being shown. */
static int search_all(struct walk *walk, const char *providers, const char *rest,
		      const char *pattern, struct rs_error *err)
{
	struct rs_error first = RS_ERROR_INIT;

	for (unsigned i = 0; i < RS_PROVIDER_COUNT; i++) {
		struct rs_error why = RS_ERROR_INIT;
		size_t before = walk->n;
		int r;

		if (!is_listed(walk->probes, (enum rs_provider)i, rest) ||
		    !rs_match(providers, rs_provider_table[i].name))
			continue;
		r = search_provider(walk, (enum rs_provider)i, rest, &why);
		if (r < 0 && walk->n > before) /* what fn said */
			return r;
		if (r < 0 && !first.code)
			first = why;
	}
	if (walk->n)
		return 0;
	if (!first.code)
		return rs_error_set(err, -ENOENT, "\"%s\": nothing here matches this pattern",
				    pattern);
	if (err)
		*err = first;
	return first.code;
}

static int unknown(const char *name, struct rs_error *err)
{
	struct rs_suggest suggest;

	rs_suggest_init(&suggest, name);
	for (unsigned i = 0; i < RS_PROVIDER_COUNT; i++)
		rs_suggest_offer(&suggest, rs_provider_table[i].name);
	rs_error_set(err, -EINVAL, "\"%s\": there is no such kind of probe", name);
	if (rs_suggest_best(&suggest))
		rs_error_hint(err, "did you mean \"%s\"?", rs_suggest_best(&suggest));
	return -EINVAL;
}

/* A word alone is a pattern of what follows the provider, of whatever kind the probe is. */
int rs_probes_list(struct rs_probes *probes, const char *pattern, bool arguments,
		   int (*fn)(const char *text, void *data), void *data, struct rs_error *err)
{
	struct walk walk = { .probes = probes, .arguments = arguments, .fn = fn, .data = data };
	const char *colon = strchr(pattern, ':');
	char provider[64];
	int number;

	if (!colon) {
		walk.filter = pattern;
		return search_all(&walk, "*", "*:*", pattern, err);
	}
	if ((size_t)(colon - pattern) >= sizeof(provider))
		return unknown("...", err);
	snprintf(provider, sizeof(provider), "%.*s", (int)(colon - pattern), pattern);
	if (rs_match_has_wildcard(provider))
		return search_all(&walk, provider, colon + 1, pattern, err);
	number = rs_provider_find(provider);
	if (number < 0)
		return unknown(provider, err);
	return search_provider(&walk, (enum rs_provider)number, colon + 1, err);
}
