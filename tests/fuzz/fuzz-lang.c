/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any text as a script. Its mistakes have places that are in it and are shown without a byte that
 * could steer a terminal; without mistakes there is a tree of bounded height, whose copy is the
 * same and whose spans lie in the sources.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lang/ast.h"

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

/* ---- one input ---- */

/* What comes behind the parser is added here. */
static void compile(struct input *input)
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
	compile(&input);
	return 0;
}
