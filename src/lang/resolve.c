/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From clauses to probes: what each attach point stands for, which of those places can share a program, and
 * what is known of their arguments.
 */

#include <errno.h>
#include <string.h>

#include "lang/list.h"
#include "lang/sema.h"

/* Repeated places are looked for among so many. */
#define COMPARED_MAX 4096

/* What the code of a clause depends on. */
struct uses {
	bool args;     /* args */
	bool numbered; /* arg0 ... */
	bool func;
	bool probe;
	bool probe_text; /* what a number for the probe's name can not do */
};

struct resolve {
	struct rs_sema *s;
	unsigned clause;
	const struct rs_clause *script_clause;
	struct uses uses;
	unsigned first;    /* of this clause among the program's probes */
	unsigned n_bodies; /* probes of this clause that have the tree itself or a copy */
	unsigned n_places; /* in all */
	unsigned found;    /* of the point being expanded */
	bool too_many;
	const struct rs_attach_point *point;
	bool lenient; /* of the clause: others of its points are there */
};

/* A point of a clause that nothing was found for. */
struct missed {
	const struct rs_attach_point *point;
	const char *text, *hint;
};

/* ---- what the code depends on ---- */

/* probe, probe() */
static bool is_probe(const struct rs_node *node)
{
	return node &&
	       (node->kind == RS_NODE_NAME || (node->kind == RS_NODE_CALL && !node->list.n)) &&
	       (!strcmp(node->text, "probe") || !strcmp(node->text, "__builtin_probe"));
}

static void want_text(struct rs_node *node, struct uses *uses)
{
	if (is_probe(node))
		node->as_text = uses->probe_text = true;
}

/* probe == "...", strcontains(probe, "...") and their like. */
static void note_text(struct rs_node *node, struct uses *uses)
{
	static const char *const functions[] = { "strcontains", "strncmp",    "strstr",
						 "strlen",      "strcap",     "memcmp",
						 "globmatch",   "str_concat", "str",
						 "buf" };

	if (node->kind == RS_NODE_BINARY &&
	    (node->op == RS_OPERATOR_EQ || node->op == RS_OPERATOR_NE)) {
		want_text(node->a, uses);
		want_text(node->b, uses);
	}
	if (node->kind == RS_NODE_TERNARY && !(is_probe(node->b) && is_probe(node->c))) {
		want_text(node->b, uses);
		want_text(node->c, uses);
	}
	if (node->kind != RS_NODE_CALL)
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(functions); i++)
		if (strcmp(node->text, functions[i]) == 0)
			for (unsigned arg = 0; arg < node->list.n; arg++)
				want_text(node->list.items[arg], uses);
}

static bool note_use(struct rs_node *node, void *ctx)
{
	struct uses *uses = ctx;
	const char *text = node->text;

	note_text(node, uses);
	if (node->kind != RS_NODE_NAME && node->kind != RS_NODE_CALL)
		return true;
	if (strncmp(text, "__builtin_", 10) == 0)
		text += 10;
	if (strcmp(text, "args") == 0)
		uses->args = true;
	else if (strcmp(text, "probe") == 0)
		uses->probe = true;
	else if (strcmp(text, "func") == 0)
		uses->func = true;
	else if (strncmp(text, "arg", 3) == 0 && text[3] >= '0' && text[3] <= '9')
		uses->numbered = true;
	return true;
}

static struct uses find_uses(const struct rs_clause *clause)
{
	struct uses uses = { false };

	if (clause->predicate)
		rs_node_walk(clause->predicate, note_use, &uses);
	rs_node_walk(clause->body, note_use, &uses);
	return uses;
}

/* ---- kinds of programs ---- */

static const enum rs_program_type program_types[RS_PROVIDER_COUNT] = {
	[RS_PROVIDER_BEGIN] = RS_PROGRAM_ONCE,
	[RS_PROVIDER_END] = RS_PROGRAM_ONCE,
	[RS_PROVIDER_SELF] = RS_PROGRAM_ONCE,
	[RS_PROVIDER_TRACEPOINT] = RS_PROGRAM_TRACEPOINT,
	[RS_PROVIDER_RAWTRACEPOINT] = RS_PROGRAM_RAW_TRACEPOINT,
	[RS_PROVIDER_KPROBE] = RS_PROGRAM_KPROBE,
	[RS_PROVIDER_KRETPROBE] = RS_PROGRAM_KPROBE,
	[RS_PROVIDER_FENTRY] = RS_PROGRAM_FENTRY,
	[RS_PROVIDER_FEXIT] = RS_PROGRAM_FEXIT,
	[RS_PROVIDER_UPROBE] = RS_PROGRAM_KPROBE,
	[RS_PROVIDER_URETPROBE] = RS_PROGRAM_KPROBE,
	[RS_PROVIDER_USDT] = RS_PROGRAM_KPROBE,
	[RS_PROVIDER_PROFILE] = RS_PROGRAM_PERF_EVENT,
	[RS_PROVIDER_INTERVAL] = RS_PROGRAM_PERF_EVENT,
	[RS_PROVIDER_SOFTWARE] = RS_PROGRAM_PERF_EVENT,
	[RS_PROVIDER_HARDWARE] = RS_PROGRAM_PERF_EVENT,
	[RS_PROVIDER_WATCHPOINT] = RS_PROGRAM_PERF_EVENT,
	[RS_PROVIDER_ITER] = RS_PROGRAM_ITER,
};

/* Attached by links that can carry a number. */
static bool has_cookie(const struct rs_sema *s, enum rs_provider provider)
{
	if (!rs_lang_has(s->source, attach_cookie))
		return false;
	switch (provider) {
	case RS_PROVIDER_TRACEPOINT:
	case RS_PROVIDER_KPROBE:
	case RS_PROVIDER_KRETPROBE:
	case RS_PROVIDER_UPROBE:
	case RS_PROVIDER_URETPROBE:
	case RS_PROVIDER_USDT:
		return true;
	default:
		return false;
	}
}

/* The code has to know at which place it runs. */
static bool tells_places_apart(const struct resolve *r, enum rs_provider provider)
{
	return r->uses.probe || (r->uses.func && (provider == RS_PROVIDER_UPROBE ||
						  provider == RS_PROVIDER_URETPROBE));
}

/* func is an address, and nothing tells it at run time. */
static bool has_no_func(const struct resolve *r, enum rs_provider provider)
{
	return r->uses.func && provider == RS_PROVIDER_KRETPROBE &&
	       !rs_lang_has(r->s->source, func_ip);
}

/* One program for each place, by the code or by how the kernel attaches it. */
static bool needs_own(const struct resolve *r, enum rs_provider provider, enum rs_program_type type)
{
	if (type == RS_PROGRAM_FENTRY || type == RS_PROGRAM_FEXIT || type == RS_PROGRAM_ITER ||
	    type == RS_PROGRAM_TRACING_RAW_TP || type == RS_PROGRAM_ONCE ||
	    provider == RS_PROVIDER_INTERVAL)
		return true;
	if (r->uses.probe_text || has_no_func(r, provider) ||
	    (tells_places_apart(r, provider) && !has_cookie(r->s, provider)))
		return true;
	return r->uses.args && provider != RS_PROVIDER_UPROBE &&
	       provider != RS_PROVIDER_URETPROBE && provider != RS_PROVIDER_USDT;
}

static bool filters_pid(enum rs_provider provider)
{
	switch (provider) {
	case RS_PROVIDER_TRACEPOINT:
	case RS_PROVIDER_RAWTRACEPOINT:
	case RS_PROVIDER_KPROBE:
	case RS_PROVIDER_KRETPROBE:
	case RS_PROVIDER_FENTRY:
	case RS_PROVIDER_FEXIT:
	case RS_PROVIDER_PROFILE:
	case RS_PROVIDER_SOFTWARE:
	case RS_PROVIDER_HARDWARE:
		return true;
	default:
		return false;
	}
}

/* ---- arguments ---- */

static void message(struct resolve *r, const struct rs_error *err)
{
	rs_diag_error(r->s->diags, r->point->span, "%s", err->msg);
	if (*err->hint)
		rs_diag_hint(r->s->diags, "%s", err->hint);
}

static int out_of_memory(struct resolve *r)
{
	r->s->diags->out_of_memory = true;
	return -ENOMEM;
}

static void tracepoint_args(struct resolve *r, struct rs_probe *probe)
{
	const struct rs_lang_source *source = r->s->source;
	const struct rs_attach_point *point = &probe->places[0].point;
	struct rs_error err = RS_ERROR_INIT;
	const char *text = NULL;

	if (source->tracepoint_format)
		text = source->tracepoint_format(source->ctx, r->s->arena, point->target,
						 point->name, &err);
	if (text)
		probe->args = rs_types_from_format(r->s->types, point->target, point->name, text);
	else if (err.code)
		message(r, &err);
}

static const struct rs_prototype *prototype(struct resolve *r, const struct rs_attach_point *point)
{
	const struct rs_lang_source *source = r->s->source;
	struct rs_prototype *found = rs_arena_new(r->s->arena, struct rs_prototype);
	const char *module = strcmp(point->target, "bpf") == 0 ? "" : point->target;
	int known = 0;

	if (!found) {
		r->s->diags->out_of_memory = true;
		return NULL;
	}
	if (point->provider == RS_PROVIDER_RAWTRACEPOINT) {
		if (source->find_rawtracepoint)
			known = source->find_rawtracepoint(source->ctx, r->s->types, module,
							   point->name, found);
	} else if (source->find_function) {
		known = source->find_function(source->ctx, r->s->types, module, point->name, found);
	}
	return known > 0 ? found : NULL;
}

static void iter_args(struct resolve *r, struct rs_probe *probe)
{
	const struct rs_lang_source *source = r->s->source;
	const char *kind = probe->places[0].point.name;

	if (source->find_iter)
		probe->args = source->find_iter(source->ctx, r->s->types, kind);
	if (!probe->args && (r->uses.args || source->find_iter))
		rs_diag_error(r->s->diags, r->point->span, "the kernel has no iterator \"%s\"",
			      kind);
}

static void find_args(struct resolve *r, struct rs_probe *probe)
{
	switch (probe->provider) {
	case RS_PROVIDER_TRACEPOINT:
		if (r->uses.args)
			tracepoint_args(r, probe);
		break;
	case RS_PROVIDER_KPROBE:
		if (r->uses.args)
			probe->prototype = prototype(r, &probe->places[0].point);
		break;
	case RS_PROVIDER_FENTRY:
	case RS_PROVIDER_FEXIT:
		probe->prototype = prototype(r, &probe->places[0].point);
		break;
	case RS_PROVIDER_ITER:
		iter_args(r, probe);
		break;
	default:
		break;
	}
}

/* ---- probes ---- */

static bool same_args(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool can_join(const struct resolve *r, const struct rs_probe *probe,
		     const struct rs_place *place, enum rs_program_type type)
{
	if (probe->provider != place->point.provider || probe->type != type || probe->specialised)
		return false;
	if (r->uses.func && probe->places[0].point.has_address != place->point.has_address)
		return false;
	return probe->provider != RS_PROVIDER_USDT || !r->uses.numbered ||
	       same_args(probe->places[0].usdt_args, place->usdt_args);
}

static struct rs_probe *find_shared(const struct resolve *r, const struct rs_place *place,
				    enum rs_program_type type)
{
	const struct rs_program *program = r->s->program;

	for (unsigned i = program->n_probes; i > r->first; i--)
		if (can_join(r, program->probes[i - 1], place, type))
			return program->probes[i - 1];
	return NULL;
}

static bool is_same_place(const struct rs_place *a, const struct rs_place *b)
{
	return a->point.provider == b->point.provider && a->usdt_address == b->usdt_address &&
	       a->usdt_location == b->usdt_location && strcmp(a->point.text, b->point.text) == 0;
}

static bool is_repeated(const struct resolve *r, const struct rs_place *place)
{
	const struct rs_program *program = r->s->program;

	if (program_types[place->point.provider] == RS_PROGRAM_ONCE || r->n_places > COMPARED_MAX)
		return false;
	for (unsigned i = r->first; i < program->n_probes; i++)
		for (unsigned j = 0; j < program->probes[i]->n_places; j++)
			if (is_same_place(&program->probes[i]->places[j], place))
				return true;
	return false;
}

static int take_body(struct resolve *r, struct rs_probe *probe)
{
	const struct rs_clause *clause = r->script_clause;

	probe->body = clause->body;
	probe->predicate = clause->predicate;
	if (r->n_bodies++ == 0)
		return 0;
	probe->body = rs_node_clone(r->s->arena, clause->body);
	if (clause->predicate)
		probe->predicate = rs_node_clone(r->s->arena, clause->predicate);
	return probe->body && (probe->predicate || !clause->predicate) ? 0 : out_of_memory(r);
}

static int add_place(struct resolve *r, struct rs_probe *probe, const struct rs_place *place)
{
	if (!rs_list_add(r->s->arena, probe->places, probe->n_places, *place))
		return out_of_memory(r);
	r->n_places++;
	return 0;
}

static int too_many(struct resolve *r, const char *what, uint64_t limit, const char *setting)
{
	if (!r->too_many) {
		rs_diag_error(r->s->diags, r->point->span, "more than %llu %s",
			      (unsigned long long)limit, what);
		rs_diag_hint(r->s->diags, "config = { %s = ... } allows more", setting);
	}
	r->too_many = true;
	return -E2BIG;
}

static int new_probe(struct resolve *r, const struct rs_place *place, enum rs_program_type type,
		     const struct rs_prototype *known)
{
	struct rs_program *program = r->s->program;
	struct rs_probe *probe = rs_arena_new(r->s->arena, struct rs_probe);

	if (program->n_probes >= program->config.max_programs)
		return too_many(r, "programs", program->config.max_programs, "max_bpf_progs");
	if (!probe || !rs_list_add(r->s->arena, program->probes, program->n_probes, probe) ||
	    add_place(r, probe, place) < 0)
		return out_of_memory(r);
	probe->clause = r->clause;
	probe->provider = place->point.provider;
	probe->type = type;
	probe->name = place->point.text;
	probe->specialised = needs_own(r, probe->provider, type);
	probe->wants_cookie = tells_places_apart(r, probe->provider) &&
			      has_cookie(r->s, probe->provider);
	probe->filter_pid = r->s->options->pid && filters_pid(probe->provider);
	probe->prototype = known;
	if (!known)
		find_args(r, probe);
	return take_body(r, probe);
}

/* Raw tracepoints: with types where the kernel has them, unless one program is to serve several. */
static enum rs_program_type choose_type(struct resolve *r, const struct rs_place *place,
					const struct rs_prototype **ret_known)
{
	if (place->point.provider != RS_PROVIDER_RAWTRACEPOINT)
		return program_types[place->point.provider];
	*ret_known = prototype(r, &place->point);
	if (*ret_known && rs_lang_has(r->s->source, btf))
		return RS_PROGRAM_TRACING_RAW_TP;
	return RS_PROGRAM_RAW_TRACEPOINT;
}

static int take_place(const struct rs_place *place, void *data)
{
	struct resolve *r = data;
	const struct rs_prototype *known = NULL;
	enum rs_program_type type;
	struct rs_probe *shared;

	r->found++;
	if (is_repeated(r, place))
		return 0;
	if (r->n_places >= r->s->program->config.max_probes)
		return too_many(r, "probes", r->s->program->config.max_probes, "max_probes");
	type = choose_type(r, place, &known);
	shared = needs_own(r, place->point.provider, type) ? NULL : find_shared(r, place, type);
	if (shared)
		return add_place(r, shared, place);
	return new_probe(r, place, type, known);
}

/* ---- points ---- */

/* What a point that is missing means: an error, a warning, or nothing. */
static enum rs_missing_probes judge(const struct resolve *r)
{
	enum rs_missing_probes missing = r->s->program->config.missing_probes;

	if (missing == RS_MISSING_DEFAULT)
		missing = r->lenient ? RS_MISSING_WARN : RS_MISSING_ERROR;
	if (missing == RS_MISSING_WARN && !r->s->options->warnings)
		missing = RS_MISSING_IGNORE;
	return missing;
}

static void tell_missed(struct resolve *r, const struct missed *missed)
{
	struct rs_sema *s = r->s;
	enum rs_missing_probes what = judge(r);

	s->program->n_missing++;
	if (what == RS_MISSING_IGNORE)
		return;
	if (what == RS_MISSING_WARN)
		rs_diag_warning(s->diags, missed->point->span, "%s", missed->text);
	else
		rs_diag_error(s->diags, missed->point->span, "%s", missed->text);
	if (*missed->hint)
		rs_diag_hint(s->diags, "%s", missed->hint);
}

static int note_missed(struct resolve *r, const struct rs_error *err, struct missed *missed)
{
	missed->text = rs_arena_strdup(r->s->arena,
				       *err->msg ? err->msg : "there is no such probe");
	missed->hint = rs_arena_strdup(r->s->arena, err->hint);
	if (!missed->text || !missed->hint)
		return out_of_memory(r);
	missed->point = r->point;
	return 0;
}

/* Where nobody can be asked a point stands for itself. */
static int expand_alone(struct resolve *r, struct rs_error *err)
{
	struct rs_place place = { .point = *r->point };

	if (!r->point->has_wildcard)
		return take_place(&place, r);
	return rs_error_set(err, -ENOENT, "nothing is known that \"%s\" could stand for",
			    r->point->text);
}

/* 1: the point is there; 0: it is not, and missed says what to tell of it. */
static int expand(struct resolve *r, const struct rs_attach_point *point, struct missed *missed)
{
	const struct rs_lang_source *source = r->s->source;
	struct rs_error err = RS_ERROR_INIT;
	int result;

	r->point = point;
	r->found = 0;
	if (source->expand)
		result = source->expand(source->ctx, point, r->s->arena, take_place, r, &err);
	else
		result = expand_alone(r, &err);
	if (r->s->diags->out_of_memory || result == -ENOMEM)
		return -ENOMEM;
	if (r->too_many)
		return -E2BIG;
	if (result == -ENOENT || (result == 0 && !r->found))
		return note_missed(r, &err, missed);
	if (result < 0)
		message(r, &err);
	return 1;
}

/* All points first, then what is to be said of those that are not there. */
static int expand_all(struct resolve *r)
{
	unsigned n = r->script_clause->n_points, n_missed = 0;
	struct missed *missed = rs_arena_alloc_array(r->s->arena, n, sizeof(*missed));

	if (!missed)
		return out_of_memory(r);
	for (unsigned i = 0; i < n; i++) {
		int result = expand(r, &r->script_clause->points[i], &missed[n_missed]);

		if (result < 0)
			return result;
		n_missed += result == 0;
	}
	r->lenient = n_missed < n;
	for (unsigned i = 0; i < n_missed; i++)
		tell_missed(r, &missed[i]);
	return 0;
}

static void mark_several(struct resolve *r)
{
	bool several = r->script_clause->n_points > 1 || r->s->program->n_probes - r->first > 1;

	for (unsigned i = r->first; i < r->s->program->n_probes; i++) {
		struct rs_probe *probe = r->s->program->probes[i];

		probe->one_of_several = several || probe->n_places > 1;
	}
}

/* The maps that others print are filled here. */
static int keep_ghost(struct resolve *r)
{
	const struct rs_clause *clause = r->script_clause;
	struct rs_probe *ghost = rs_arena_new(r->s->arena, struct rs_probe);

	if (!clause->n_points)
		return 0;
	if (!ghost || !rs_list_add(r->s->arena, r->s->ghosts, r->s->n_ghosts, ghost))
		return out_of_memory(r);
	ghost->clause = r->clause;
	ghost->provider = clause->points[0].provider;
	ghost->type = program_types[ghost->provider];
	ghost->name = clause->points[0].text;
	ghost->body = clause->body;
	ghost->predicate = clause->predicate;
	return 0;
}

static int resolve_clause(struct resolve *r, unsigned i)
{
	int result;

	r->clause = i;
	r->script_clause = &r->s->program->script->clauses[i];
	r->uses = find_uses(r->script_clause);
	r->first = r->s->program->n_probes;
	r->n_bodies = 0;
	result = expand_all(r);
	mark_several(r);
	if (result == 0 && r->s->program->n_probes == r->first)
		result = keep_ghost(r);
	return result;
}

static bool ends_alone(const struct rs_program *program)
{
	for (unsigned i = 0; i < program->n_probes; i++)
		if (program->probes[i]->provider != RS_PROVIDER_BEGIN &&
		    program->probes[i]->provider != RS_PROVIDER_END)
			return false;
	return true;
}

int rs_lang_resolve(struct rs_sema *s)
{
	const struct rs_script *script = s->program->script;
	struct resolve r = { .s = s };
	unsigned errors = s->diags->n_errors;
	int result = 0;

	for (unsigned i = 0; i < script->n_clauses && result == 0; i++)
		result = resolve_clause(&r, i);
	if (result == -ENOMEM)
		return result;
	if (!s->program->n_probes && s->diags->n_errors == errors) {
		rs_diag_error(s->diags,
			      script->n_clauses ? script->clauses[0].span : (struct rs_span){ 0 },
			      script->n_clauses ? "none of the probes is there"
						: "there is no probe to attach");
		if (!script->n_clauses)
			rs_diag_hint(s->diags, "a script is made of: PROBE { ... }");
	}
	s->program->auto_exit = ends_alone(s->program);
	return s->diags->n_errors > errors ? -EINVAL : 0;
}

enum rs_space rs_probe_default_space(const struct rs_probe *probe)
{
	const struct rs_attach_point *point = probe->n_places ? &probe->places[0].point : NULL;

	switch (probe->provider) {
	case RS_PROVIDER_UPROBE:
	case RS_PROVIDER_URETPROBE:
	case RS_PROVIDER_USDT:
	case RS_PROVIDER_WATCHPOINT:
		return RS_SPACE_USER;
	case RS_PROVIDER_TRACEPOINT:
		if (point && (strcmp(point->target, "syscalls") == 0 ||
			      strcmp(point->target, "raw_syscalls") == 0))
			return RS_SPACE_USER;
		return RS_SPACE_KERNEL;
	default:
		return RS_SPACE_KERNEL;
	}
}
