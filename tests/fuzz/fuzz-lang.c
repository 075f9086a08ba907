/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any text as a script. Its mistakes have places that are in it and are shown without a byte that
 * could steer a terminal; without mistakes there is a tree of bounded height, whose copy is the
 * same and whose spans lie in the sources.
 *
 * Then the whole way, in a world without a kernel: for a new kernel, and what could be compiled for an
 * old one, too. Of the instructions that come out holds what any verifier asks first.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lang/ast.h"
#include "lang/testing-source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

struct input {
	struct rs_arena *arena;
	struct rs_diags *diags;
	const char *text;
	size_t len;
};

/* "self.h" is the script once more, "none.h" cannot be read, "void.h" is answered elsewhere. */
static int read_include(void *ctx, const char *name, struct rs_str *out)
{
	const struct input *input = ctx;

	if (strcmp(name, "none.h") == 0)
		return -ENOENT;
	if (strcmp(name, "void.h") == 0)
		return 0;
	if (strcmp(name, "self.h") == 0)
		rs_str_append(out, input->text, input->len);
	else
		rs_str_append_cstr(out, "#ifndef ONCE\n#define ONCE\n#define TWICE(x) x x\n#endif\n"
					"struct a { int x[ONCE + 1]; };\n");
	return out->error < 0 ? out->error : 1;
}

static void check_span(const struct rs_diags *diags, struct rs_span span)
{
	CHECK(span.source < diags->n_sources);
	CHECK(span.at <= diags->sources[span.source].len);
	CHECK(span.len <= diags->sources[span.source].len - span.at + 1);
	CHECK(span.expansion <= diags->n_expansions);
}

/* ---- mistakes ---- */

static void check_diags(const struct rs_diags *diags)
{
	_cleanup_(rs_str_done) struct rs_str shown = { 0 };

	for (unsigned i = 0; i < diags->n; i++) {
		CHECK(diags->items[i].text[0]);
		check_span(diags, diags->items[i].span);
	}
	CHECK(rs_diags_show(diags, false, &shown) == 0);
	for (size_t i = 0; i < shown.len; i++)
		CHECK((unsigned char)shown.data[i] >= ' ' || shown.data[i] == '\n');
}

/* ---- the tree ---- */

static bool check_node(struct rs_node *node, void *ctx)
{
	const struct input *input = ctx;
	uint16_t height = node->height;

	check_span(input->diags, node->span);
	CHECK(node->kind < RS_NODE_KIND_COUNT);
	CHECK(rs_node_measure(node) && node->height == height);
	return true;
}

static void check_tree(struct input *input, struct rs_node *node)
{
	_cleanup_(rs_str_done) struct rs_str once = { 0 }, twice = { 0 };
	struct rs_node *copy = rs_node_clone(input->arena, node);

	if (!copy)
		return;
	rs_node_walk(copy, check_node, input);
	CHECK(rs_node_dump(node, 0, &once) == 0 && rs_node_dump(copy, 0, &twice) == 0);
	CHECK(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
}

static void check_script(struct input *input, struct rs_script *script)
{
	_cleanup_(rs_str_done) struct rs_str shown = { 0 };

	for (unsigned i = 0; i < script->n_clauses; i++) {
		struct rs_clause *clause = &script->clauses[i];

		CHECK(clause->n_points && clause->body);
		for (unsigned j = 0; j < clause->n_points; j++) {
			CHECK(clause->points[j].text[0]);
			check_span(input->diags, clause->points[j].span);
		}
		check_tree(input, clause->body);
		if (clause->predicate)
			check_tree(input, clause->predicate);
	}
	rs_script_dump(script, &shown);
}

/* ---- instructions ---- */

enum { CLASS_LD = 0, CLASS_STX = 3, CLASS_JMP = 5, CLASS_JMP32 = 6 };
enum { LOAD_64 = 0x18, CALL = 0x85, EXIT = 0x95, JUMP = 0x05 };

static bool is_jump(const struct rs_ir_insn *insn)
{
	unsigned class = insn->code & 7;

	return (class == CLASS_JMP || class == CLASS_JMP32) && insn->code != CALL &&
	       insn->code != EXIT;
}

/* Registers are there, what is stored into the frame is in it, jumps arrive. */
static void check_insn(const struct rs_ir_image *image, uint32_t at)
{
	const struct rs_ir_insn *insn = &image->insns[at];
	int64_t target = (int64_t)at + 1 + insn->off;

	CHECK((insn->regs & 15) <= 10);
	CHECK((insn->regs >> 4) <= 10 || insn->code == LOAD_64);
	if (insn->code == LOAD_64) {
		CHECK(at + 1 < image->n_insns && image->insns[at + 1].code == 0);
	} else if (is_jump(insn)) {
		CHECK(target >= 0 && target < image->n_insns);
		CHECK(image->insns[target].code != 0);
	} else if ((insn->code & 7) == CLASS_STX && (insn->regs & 15) == 10) {
		CHECK(insn->off < 0 && insn->off >= -512);
	}
}

static void check_image(const struct rs_program *program, const struct rs_probe *probe, size_t len)
{
	const struct rs_ir_image *image = &probe->image;

	CHECK(image->n_insns && image->n_funcs);
	for (uint32_t i = 0; i < image->n_insns; i++) {
		check_insn(image, i);
		i += image->insns[i].code == LOAD_64;
	}
	CHECK(image->insns[image->n_insns - 1].code == EXIT ||
	      image->insns[image->n_insns - 1].code == JUMP);
	for (uint32_t i = 0; i < image->n_funcs; i++)
		CHECK(image->funcs[i].insn < image->n_insns && image->funcs[i].stack <= 512);
	for (uint32_t i = 0; i < image->n_lines; i++)
		CHECK(image->lines[i].insn < image->n_insns && image->lines[i].location <= len + 1);
	for (uint32_t i = 0; i < image->n_fixups; i++) {
		CHECK(image->fixups[i].insn < image->n_insns);
		CHECK(image->fixups[i].kind == RS_IR_FIXUP_KFUNC ||
		      image->fixups[i].map < program->n_maps);
	}
}

static void check_program(const struct rs_program *program, size_t len)
{
	for (unsigned i = 0; i < program->n_probes; i++)
		check_image(program, program->probes[i], len);
	for (unsigned i = 0; i < program->n_maps; i++) {
		CHECK(program->maps[i]->id == i);
		CHECK(program->maps[i]->value_size || program->maps[i]->kind >= RS_MAP_RINGBUF);
	}
	for (unsigned i = 0; i < program->n_actions; i++) {
		CHECK(program->actions[i]->id == i);
		CHECK(program->actions[i]->size <= program->actions[i]->max_size);
	}
}

/* ---- the whole way ---- */

static void no_dump(void *ctx, const char *stage, const struct rs_program *program)
{
	_cleanup_(rs_str_done) struct rs_str out = { 0 };

	(void)ctx;
	if (strcmp(stage, "insn") != 0)
		return;
	for (unsigned i = 0; i < program->n_probes; i++)
		rs_ir_dump_image(&program->probes[i]->image, &out);
}

/* The least that there is: kernel 5.10 of another's make. */
static struct rs_lang_features old_features(void)
{
	return (struct rs_lang_features){ .for_each = false };
}

static bool compile_all(const struct input *input, bool old)
{
	static const char *const params[] = { "/bin/sh", "12" };
	static struct testing_world world;
	static struct rs_diags diags;
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT((size_t)96 << 20);
	const struct rs_lang_options options = {
		.source = &world.source,
		.params = params,
		.n_params = ARRAY_SIZE(params),
		.unsafe = true,
		.warnings = true,
		.pid = old ? 12 : 0,
		.pid_namespace = old,
		.has_child = old,
		.helper_errors = old,
		.dump = no_dump,
	};
	struct rs_program *program = NULL;
	struct rs_error err = RS_ERROR_INIT;
	int r;

	testing_world_init(&world);
	world.source.features.preempt_kfuncs = true;
	if (old)
		world.source.features = old_features();
	rs_diags_init(&diags, &arena, "fuzz", input->text, input->len);
	r = rs_lang_compile(&arena, &diags, &options, &program, &err);
	check_diags(&diags);
	CHECK(r <= 0 && (r == 0 || diags.n_errors || err.msg[0]));
	if (r == 0)
		check_program(program, input->len);
	testing_world_done(&world);
	return r == 0;
}

/* ---- one input ---- */

static void parse(struct input *input)
{
	static const char *const predefined[] = { "HAVE", NULL };
	static const char *const params[] = { "/bin/sh", "12" };
	struct rs_front_options options = {
		.predefined = predefined,
		.read_include = read_include,
		.ctx = input,
		.params = params,
		.n_params = ARRAY_SIZE(params),
	};
	struct rs_script *script = rs_script_parse(input->arena, input->diags, &options);

	check_diags(input->diags);
	CHECK(script || input->diags->n_errors || input->diags->out_of_memory);
	if (script && !input->diags->n_errors && !input->diags->out_of_memory)
		check_script(input, script);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rs_diags diags;
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT((size_t)96 << 20);
	_cleanup_(rs_cleanup_free) char *text = malloc(size + 1);
	struct input input = { &arena, &diags, text, size };

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	rs_diags_init(&diags, &arena, "fuzz", text, size);
	parse(&input);
	if (!diags.n_errors && !diags.out_of_memory && compile_all(&input, false))
		compile_all(&input, true);
	return 0;
}
