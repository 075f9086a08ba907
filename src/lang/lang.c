/* SPDX-License-Identifier: Apache-2.0 */

/* The stages one after the other. */

#include "lang/lang.h"

#include <errno.h>

#include "lang/sema.h"

static void dump(const struct rs_sema *s, const char *stage)
{
	if (s->options->dump)
		s->options->dump(s->options->dump_ctx, stage, s->program);
}

/* The chain for callers that do not show the list: its first mistake. */
static int fail(const struct rs_sema *s, int r, struct rs_error *err)
{
	const struct rs_diags *diags = s->diags;

	if (diags->out_of_memory || r == -ENOMEM)
		return rs_error_set_errno(err, -ENOMEM, "compiling");
	for (unsigned i = 0; i < diags->n; i++)
		if (diags->items[i].severity == RS_SEVERITY_ERROR)
			return rs_error_set(err, -EINVAL, "%s", diags->items[i].text);
	return rs_error_set(err, r < 0 ? r : -EINVAL, "the script could not be compiled");
}

static int parse(struct rs_sema *s)
{
	static const char *const with_btf[] = { "BPFTRACE_HAVE_BTF", NULL };
	static const char *const without[] = { NULL };
	const struct rs_lang_source *source = s->source;
	struct rs_front_options front = {
		.predefined = rs_lang_has(source, btf) ? with_btf : without,
		.read_include = source->read_include,
		.ctx = source->ctx,
		.params = s->options->params,
		.n_params = s->options->n_params,
	};

	s->program->script = rs_script_parse(s->arena, s->diags, &front);
	if (!s->program->script)
		return s->diags->n_errors ? -EINVAL : -ENOMEM;
	return s->diags->n_errors ? -EINVAL : 0;
}

static int declare(struct rs_sema *s)
{
	const struct rs_script *script = s->program->script;

	s->types = rs_types_new(s->arena, s->source);
	s->program->types = s->types;
	if (!s->types)
		return -ENOMEM;
	if (script->declarations && *script->declarations)
		rs_types_declare(s->types, script->declarations, s->diags,
				 &script->declarations_span);
	return s->diags->n_errors ? -EINVAL : 0;
}

static int compile(struct rs_sema *s)
{
	static int (*const stages[])(struct rs_sema * s) = { declare, rs_lang_configure,
							     rs_lang_resolve, rs_lang_analyse };
	int r = parse(s);

	if (s->program->script) {
		rs_lang_find_options(s);
		dump(s, "ast");
	}
	if (r < 0 || s->options->parse_only)
		return r;
	for (unsigned i = 0; i < ARRAY_SIZE(stages); i++) {
		r = stages[i](s);
		/* Types can be looked at also where a probe or a setting is wrong. */
		if (r < 0 && (stages[i] == rs_lang_analyse || r != -EINVAL))
			break;
	}
	dump(s, "sema");
	if (r < 0 || s->diags->n_errors)
		return r < 0 ? r : -EINVAL;
	if (s->options->check_only)
		return 0;
	r = rs_lang_lower(s);
	if (r < 0)
		return r;
	dump(s, "insn");
	return s->diags->n_errors ? -EINVAL : 0;
}

/* In the order of the script, whichever stage found them. Few, and mostly sorted. */
static void sort(struct rs_diags *diags)
{
	for (unsigned i = 1; i < diags->n; i++) {
		struct rs_diag item = diags->items[i];
		unsigned j = i;

		for (; j && diags->items[j - 1].span.source == item.span.source &&
		       diags->items[j - 1].span.at > item.span.at;
		     j--)
			diags->items[j] = diags->items[j - 1];
		diags->items[j] = item;
	}
	diags->newest = NULL;
}

/* What stands for a source that was not given: nothing is known. */
static const struct rs_lang_source no_source = { .n_cpus = 1 };

int rs_lang_compile(struct rs_arena *arena, struct rs_diags *diags,
		    const struct rs_lang_options *options, struct rs_program **ret_program,
		    struct rs_error *err)
{
	struct rs_program *program = rs_arena_new(arena, struct rs_program);
	struct rs_sema s = {
		.arena = arena,
		.diags = diags,
		.program = program,
		.options = options,
		.source = options->source ? options->source : &no_source,
		.spare_map = rs_arena_new(arena, struct rs_map),
	};
	int r;

	if (!program || !s.spare_map)
		return rs_error_set_errno(err, -ENOMEM, "compiling");
	s.spare_map->name = "@";
	s.spare_map->value = &rs_type_unknown;
	program->arena = arena;
	program->diags = diags;
	program->uses_pid_namespace = options->pid_namespace;
	r = compile(&s);
	sort(diags);
	if (r < 0 || diags->out_of_memory)
		return fail(&s, r, err);
	*ret_program = program;
	return 0;
}
