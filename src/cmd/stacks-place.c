/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/stacks-place.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/suggest.h"
#include "base/units.h"
#include "base/vec.h"
#include "kern/bpfcall.h"
#include "kern/btf.h"
#include "kern/cpus.h"
#include "kern/perfcall.h"
#include "lang/sema.h"

#define PLACES_MAX  4096
#define DETACH_WAIT 16 /* places: of more, closing is left to the background */

struct rs_stacks_place {
	struct rs_arena arena;
	struct rs_diags diags;
	struct rs_btf_set *btf;
	struct rs_probes *probes;
	RS_VEC(struct rs_place) places;
	struct rs_probe probe;
	struct rs_probe_plan plan;
	struct rs_probe_links *links;
};

/* What kind of program goes with a provider; those that are not here have no stacks. */
static const struct {
	enum rs_provider provider;
	enum rs_program_type type;
	bool user;
} kinds[] = {
	{ RS_PROVIDER_TRACEPOINT, RS_PROGRAM_TRACEPOINT, false },
	{ RS_PROVIDER_RAWTRACEPOINT, RS_PROGRAM_RAW_TRACEPOINT, false },
	{ RS_PROVIDER_KPROBE, RS_PROGRAM_KPROBE, false },
	{ RS_PROVIDER_KRETPROBE, RS_PROGRAM_KPROBE, false },
	{ RS_PROVIDER_FENTRY, RS_PROGRAM_FENTRY, false },
	{ RS_PROVIDER_FEXIT, RS_PROGRAM_FEXIT, false },
	{ RS_PROVIDER_UPROBE, RS_PROGRAM_KPROBE, true },
	{ RS_PROVIDER_URETPROBE, RS_PROGRAM_KPROBE, true },
	{ RS_PROVIDER_USDT, RS_PROGRAM_KPROBE, true },
	{ RS_PROVIDER_SOFTWARE, RS_PROGRAM_PERF_EVENT, false },
	{ RS_PROVIDER_HARDWARE, RS_PROGRAM_PERF_EVENT, false },
};

static int find_kind(enum rs_provider provider)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].provider == provider)
			return (int)i;
	return -1;
}

/* --- text -> point --- */

static int not_understood(const char *text, const char *why, struct rs_error *err)
{
	rs_error_set(err, -EINVAL, "\"%s\": %s", text, why);
	rs_error_hint(err, "vfs_read, tracepoint:kmem:kmalloc, uprobe:/bin/bash:readline, "
			   "libc:malloc: `ringside trace -l` lists what there is");
	return -EINVAL;
}

/* What is typed most is a bare name: a function of the kernel, or of a file. */
static const char *usual_provider(const char *text)
{
	bool pattern = text[strcspn(text, "*?[")] != '\0';

	if (strchr(text, ':'))
		return "uprobe:";
	return !pattern && rs_bpf_trampolines_allowed() ? "fentry:" : "kprobe:";
}

static bool has_provider(const char *text)
{
	char word[32];
	size_t n = strcspn(text, ":");

	if (!text[n] || n >= sizeof(word))
		return false;
	memcpy(word, text, n);
	word[n] = '\0';
	return rs_provider_find(word) >= 0;
}

static const char *first_mistake(const struct rs_diags *diags)
{
	for (unsigned i = 0; i < diags->n; i++)
		if (diags->items[i].severity == RS_SEVERITY_ERROR)
			return diags->items[i].text;
	return "it is not understood";
}

/* By the parser of scripts: "TEXT { }". */
static int parse(struct rs_stacks_place *place, const char *provider, const char *text,
		 const struct rs_attach_point **ret_point, struct rs_error *err)
{
	static const char *const predefined[] = { NULL };
	const struct rs_front_options front = { .predefined = predefined };
	const struct rs_script *script;
	const char *source;

	if (!*text || strpbrk(text, "{};, \t\n\"$"))
		return not_understood(text, "this is no function or tracepoint", err);
	source = rs_arena_printf(&place->arena, "%s%s { }", provider, text);
	if (!source)
		return rs_error_set(err, -ENOMEM, "out of memory");
	rs_diags_init(&place->diags, &place->arena, "FUNC", source, strlen(source));
	script = rs_script_parse(&place->arena, &place->diags, &front);
	if (!script || place->diags.n_errors)
		return not_understood(text, first_mistake(&place->diags), err);
	if (script->n_clauses != 1 || script->clauses[0].n_points != 1)
		return not_understood(text, "this is no function or tracepoint", err);
	*ret_point = &script->clauses[0].points[0];
	return 0;
}

/* --- point -> places --- */

static int on_place(const struct rs_place *found, void *data)
{
	struct rs_stacks_place *place = data;

	if (place->places.len == PLACES_MAX)
		return -E2BIG;
	return rs_vec_push(&place->places, *found);
}

/* A kernel without kprobes has none that a pattern could mean. */
static int not_there(const struct rs_attach_point *point, struct rs_error *err)
{
	bool kprobe = point->provider == RS_PROVIDER_KPROBE ||
		      point->provider == RS_PROVIDER_KRETPROBE;

	if (err && kprobe && point->has_wildcard && rs_perf_pmu_type("kprobe") == -ENOENT)
		err->code = -EOPNOTSUPP;
	if (err && !err->hint[0])
		rs_error_hint(err, "`ringside trace -l '%s:*'` lists what there is",
			      rs_provider_table[point->provider].name);
	return err ? err->code : -ENOENT;
}

/* One function, and a kernel that lets programs be hooked to it. */
static int check_trampoline(const struct rs_stacks_place *place, const char *text,
			    struct rs_error *err)
{
	if (place->probe.n_places > 1)
		return not_understood(text, "one function at a time, or a pattern of kprobe:", err);
	if (rs_bpf_trampolines_allowed())
		return 0;
	rs_error_set(err, -EOPNOTSUPP,
		     "\"%s\": this kernel lets no program be hooked to its functions (fentry)",
		     text);
	rs_error_hint(err, "`ringside doctor` tells what it allows; look for a tracepoint: "
			   "ringside trace -l 'tracepoint:*'");
	return -EOPNOTSUPP;
}

static int expand(struct rs_stacks_place *place, const struct rs_attach_point *point,
		  const char *text, struct rs_error *err)
{
	int kind = find_kind(point->provider), r;

	if (kind < 0)
		return not_understood(text, "there are no stacks of such probes", err);
	r = rs_probes_expand(place->probes, point, &place->arena, on_place, place, err);
	if (r == -ENOENT)
		return not_there(point, err);
	if (r == -E2BIG)
		return rs_error_set(err, -EINVAL, "\"%s\": more than %d places", text, PLACES_MAX);
	if (r < 0)
		return r;
	place->probe = (struct rs_probe){
		.provider = point->provider,
		.type = kinds[kind].type,
		.name = place->places.items[0].point.text,
		.places = place->places.items,
		.n_places = (unsigned)place->places.len,
	};
	if (kinds[kind].type != RS_PROGRAM_FENTRY && kinds[kind].type != RS_PROGRAM_FEXIT)
		return rs_probe_plan(place->probes, &place->probe, &place->plan, err);
	return check_trampoline(place, text, err);
}

static int find(struct rs_stacks_place *place, const char *text, struct rs_error *err)
{
	const char *provider = has_provider(text) ? "" : usual_provider(text);
	const struct rs_attach_point *point = NULL;
	int r = parse(place, provider, text, &point, err);

	if (!r)
		r = expand(place, point, text, err);
	/* Not every function has a type. */
	if (r != -ENOENT || strcmp(provider, "fentry:") != 0)
		return r;
	rs_error_reset(err);
	r = parse(place, "kprobe:", text, &point, err);
	return r ? r : expand(place, point, text, err);
}

int rs_stacks_place_new(const char *text, uint32_t pid, struct rs_stacks_place **ret_place,
			struct rs_error *err)
{
	_cleanup_(rs_stacks_place_free) struct rs_stacks_place *place = calloc(1, sizeof(*place));
	struct rs_probes_options options = { .pid = pid };
	int r;

	if (!place)
		return rs_error_set(err, -ENOMEM, "out of memory");
	rs_arena_init(&place->arena, 0);
	place->plan.attach_btf_fd = -1;
	r = rs_btf_set_new(NULL, NULL, &place->btf);
	if (r < 0)
		return rs_error_set(err, r, "out of memory");
	options.btf = place->btf;
	r = rs_probes_new(&options, &place->probes, err);
	if (!r)
		r = find(place, text, err);
	if (r < 0)
		return r;
	*ret_place = TAKE_PTR(place);
	return 0;
}

void rs_stacks_place_free(struct rs_stacks_place **place)
{
	struct rs_stacks_place *p = TAKE_PTR(*place);

	if (!p)
		return;
	rs_stacks_place_detach(p);
	rs_probes_free(&p->probes);
	rs_btf_set_free(&p->btf);
	rs_vec_done(&p->places);
	rs_arena_done(&p->arena);
	free(p);
}

const char *rs_stacks_place_name(const struct rs_stacks_place *place)
{
	return place->probe.name;
}

unsigned rs_stacks_place_count(const struct rs_stacks_place *place)
{
	return place->probe.n_places;
}

const struct rs_probe *rs_stacks_place_probe(const struct rs_stacks_place *place)
{
	return &place->probe;
}

const struct rs_probe_plan *rs_stacks_place_plan(const struct rs_stacks_place *place)
{
	return &place->plan;
}

bool rs_stacks_place_is_user(const struct rs_stacks_place *place)
{
	return kinds[find_kind(place->probe.provider)].user;
}

/* --- arguments --- */

static bool is_number(const struct rs_type *type)
{
	return (type->kind == RS_TYPE_INT || type->kind == RS_TYPE_ENUM ||
		type->kind == RS_TYPE_BOOL || type->kind == RS_TYPE_POINTER) &&
	       (type->size == 1 || type->size == 2 || type->size == 4 || type->size == 8);
}

static int no_field(const char *name, const struct rs_type *record, struct rs_error *err)
{
	char names[200] = "";
	size_t at = 0;

	for (uint32_t i = 0; i < record->n_fields; i++) {
		const struct rs_field *field = &record->fields[i];

		if (strncmp(field->name, "common_", 7) != 0 && is_number(field->type) &&
		    at < sizeof(names))
			at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%s",
					       at ? ", " : "", field->name);
	}
	rs_error_set(err, -EINVAL, "--sum %s: the tracepoint has no number of this name", name);
	rs_error_hint(err, "it has %s", names[0] ? names : "none");
	return -EINVAL;
}

static int take_field(struct rs_stacks_place *place, const char *name, struct rs_stacks_config *ret,
		      struct rs_error *err)
{
	const struct rs_attach_point *point = &place->places.items[0].point;
	const struct rs_lang_source source = { 0 };
	struct rs_types *types = rs_types_new(&place->arena, &source);
	const char *text = rs_probes_tracepoint_format(place->probes, &place->arena, point->target,
						       point->name, err);
	const struct rs_type *record;

	if (!text)
		return err && err->code ? err->code : -ENOENT;
	record = types ? rs_types_from_format(types, point->target, point->name, text) : NULL;
	if (!record)
		return rs_error_set(err, -ENOMEM, "reading the tracepoint's fields");
	for (uint32_t i = 0; i < record->n_fields; i++) {
		const struct rs_field *field = &record->fields[i];

		if (strcmp(field->name, name) != 0 || !is_number(field->type) || field->data_loc)
			continue;
		*ret = (struct rs_stacks_config){ .size = field->type->size,
						  .offset = field->offset,
						  .is_signed = field->type->is_signed };
		return 0;
	}
	return no_field(name, record, err);
}

static const struct {
	const char *name;
	uint32_t size;
	bool is_signed;
} numbers[] = {
	{ "int8", 1, true },    { "int16", 2, true },   { "int32", 4, true },
	{ "int64", 8, true },   { "uint8", 1, false },  { "uint16", 2, false },
	{ "uint32", 4, false }, { "uint64", 8, false }, { "int", 4, true },
};

static int take_type(const char *name, const char *type, struct rs_stacks_config *ret,
		     struct rs_error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (strcmp(type, numbers[i].name) != 0)
			continue;
		ret->size = numbers[i].size;
		ret->is_signed = numbers[i].is_signed;
		return 0;
	}
	return rs_error_set(err, -EINVAL,
			    "--sum %s: \"%s\" is not one of int8 to int64 and uint8 to uint64",
			    name, type);
}

/* Where argument @n lies in what the program is given; negative: nowhere. */
static int argument_at(enum rs_provider provider, uint64_t n)
{
	switch (provider) {
	case RS_PROVIDER_KPROBE:
	case RS_PROVIDER_UPROBE:
		return rs_regs_argument((unsigned)n);
	case RS_PROVIDER_RAWTRACEPOINT:
	case RS_PROVIDER_FENTRY:
	case RS_PROVIDER_FEXIT:
		return n < 6 ? (int)n * 8 : -1;
	default:
		return -1;
	}
}

static int take_argument(const struct rs_stacks_place *place, const char *name,
			 struct rs_stacks_config *ret, struct rs_error *err)
{
	const char *colon = strchr(name, ':');
	size_t len = colon ? (size_t)(colon - name) : strlen(name);
	enum rs_provider provider = place->probe.provider;
	bool returns = provider == RS_PROVIDER_KRETPROBE || provider == RS_PROVIDER_URETPROBE;
	char digits[8] = "";
	uint64_t n;
	int at = -1;

	*ret = (struct rs_stacks_config){ .size = 8 };
	if (len == 6 && !strncmp(name, "retval", 6) && returns) {
		at = rs_regs_result();
		ret->is_signed = true;
	} else if (len > 3 && len - 3 < sizeof(digits) && !strncmp(name, "arg", 3)) {
		memcpy(digits, name + 3, len - 3);
		if (!rs_units_parse_u64(digits, 15, &n, NULL))
			at = argument_at(provider, n);
	}
	if (at < 0) {
		rs_error_set(err, -EINVAL, "--sum %s: there is no such argument of \"%s\"", name,
			     place->probe.name);
		rs_error_hint(err, returns ? "retval, or retval:int32 for a narrower number"
				   : argument_at(provider, 0) < 0
					   ? "only hits of such probes can be counted"
					   : "arg0 to arg5, or arg0:int32 for a narrower number");
		return -EINVAL;
	}
	ret->offset = (uint32_t)at;
	return colon ? take_type(name, colon + 1, ret, err) : 0;
}

int rs_stacks_place_argument(struct rs_stacks_place *place, const char *name,
			     struct rs_stacks_config *ret_argument, struct rs_error *err)
{
	if (place->probe.provider == RS_PROVIDER_TRACEPOINT && place->probe.n_places > 1)
		return rs_error_set(err, -EINVAL,
				    "--sum %s: fields lie elsewhere in each of the %u tracepoints: "
				    "name one",
				    name, place->probe.n_places);
	if (place->probe.provider == RS_PROVIDER_TRACEPOINT)
		return take_field(place, name, ret_argument, err);
	return take_argument(place, name, ret_argument, err);
}

const char *rs_stacks_unit_of(const char *name)
{
	static const struct {
		const char *word, *unit;
	} words[] = {
		{ "bytes", "bytes" },         { "size", "bytes" },
		{ "len", "bytes" },           { "delay", "nanoseconds" },
		{ "runtime", "nanoseconds" }, { "latency", "nanoseconds" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(name, words[i].word))
			return words[i].unit;
	return "count";
}

/* --- attaching --- */

static void warn(void *ctx, const char *text)
{
	(void)ctx;
	rs_log_warn("%s", text);
}

int rs_stacks_place_attach(struct rs_stacks_place *place, int program, struct rs_error *err)
{
	_cleanup_(rs_cleanup_free) int *cpus = calloc(RS_CPUS_MAX, sizeof(*cpus));
	struct rs_probe_attach_options options = {
		.missing = place->probe.n_places > 1 ? RS_MISSING_WARN : RS_MISSING_ERROR,
		.warn = warn,
		.cpus = cpus,
	};
	unsigned attached = 0;
	int r;

	if (place->probe.type == RS_PROGRAM_FENTRY || place->probe.type == RS_PROGRAM_FEXIT)
		return 0;
	if (!cpus)
		return rs_error_set(err, -ENOMEM, "out of memory");
	options.n_cpus = rs_cpus_online(cpus, RS_CPUS_MAX);
	r = rs_probe_links_new(&place->links);
	if (r < 0)
		return rs_error_set(err, r, "out of memory");
	r = rs_probe_attach(place->probes, &place->probe, &place->plan, program, &options,
			    place->links, &attached, err);
	if (r < 0)
		return r;
	return attached ? 0
			: rs_error_set(err, -ENOENT, "none of the %u places could be attached to",
				       place->probe.n_places);
}

void rs_stacks_place_detach(struct rs_stacks_place *place)
{
	if (place->links)
		rs_probe_links_close(&place->links, place->probe.n_places <= DETACH_WAIT);
}
