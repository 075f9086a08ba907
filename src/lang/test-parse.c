/* SPDX-License-Identifier: Apache-2.0 */
/* Whole scripts: tests/golden/lang/parse-* has their trees, or their mistakes. Limits and places
 * are below. */
#include <dirent.h>

#include "event/testing.h"
#include "lang/ast.h"

#define GOLDEN "tests/golden/lang"

struct parsed {
	struct rs_arena arena;
	struct rs_diags diags;
	struct rs_script *script;
};

/* ---- scripts and their files ---- */

/* Headers stand beside the scripts; others are answered elsewhere, but for one. */
static int read_include(void *ctx, const char *name, struct rs_str *out)
{
	_cleanup_(rs_str_done) struct rs_str path = { 0 };
	const char *root = getenv("RS_SOURCE_ROOT");

	(void)ctx;
	if (strcmp(name, "gone.h") == 0)
		return -ENOENT;
	rs_str_appendf(&path, "%s/" GOLDEN "/%s", root ? root : ".", name);
	return rs_fd_read_file(rs_str_cstr(&path), 1 << 20, out, NULL) == 0;
}

static void parse(struct parsed *p, const char *name, const char *text, size_t len)
{
	static const char *const predefined[] = { "HAVE", NULL };
	static const char *const params[] = { "/bin/sh", "group" };
	const struct rs_front_options options = {
		.predefined = predefined,
		.read_include = read_include,
		.params = params,
		.n_params = ARRAY_SIZE(params),
	};

	rs_arena_init(&p->arena, (size_t)256 << 20);
	rs_diags_init(&p->diags, &p->arena, name, text, len);
	p->script = rs_script_parse(&p->arena, &p->diags, &options);
	assert_false(p->diags.out_of_memory);
}

static bool same_height(struct rs_node *node, void *ctx)
{
	uint16_t height = node->height;

	(void)ctx;
	assert_true(rs_node_measure(node));
	assert_int_equal(node->height, height);
	return true;
}

/* A copy is dumped the same, and heights are what they should be. */
static void check_copies(struct parsed *p)
{
	for (unsigned i = 0; i < p->script->n_clauses; i++) {
		_cleanup_(rs_str_done) struct rs_str a = { 0 }, b = { 0 };
		struct rs_node *body = p->script->clauses[i].body;
		struct rs_node *copy = rs_node_clone(&p->arena, body);

		assert_ptr_not_equal(copy, body);
		rs_node_walk(copy, same_height, NULL);
		assert_int_equal(rs_node_dump(body, 0, &a), 0);
		assert_int_equal(rs_node_dump(copy, 0, &b), 0);
		assert_string_equal(rs_str_cstr(&a), rs_str_cstr(&b));
	}
}

static void check_script(const char *file)
{
	_cleanup_(rs_str_done) struct rs_str text = { 0 }, path = { 0 }, out = { 0 };
	const char *root = getenv("RS_SOURCE_ROOT");
	struct parsed p;

	rs_str_appendf(&path, "%s/" GOLDEN "/%s", root ? root : ".", file);
	assert_int_equal(rs_fd_read_file(rs_str_cstr(&path), 1 << 20, &text, NULL), 0);
	parse(&p, file, rs_str_cstr(&text), text.len);
	assert_non_null(p.script);
	if (p.diags.n_errors) {
		assert_int_equal(rs_diags_show(&p.diags, false, &out), 0);
	} else {
		assert_int_equal(rs_script_dump(p.script, &out), 0);
		check_copies(&p);
	}
	rs_str_reset(&path);
	rs_str_appendf(&path, GOLDEN "/%.*s.%s", (int)strlen(file) - 3, file,
		       p.diags.n_errors ? "err" : "ast");
	if ((strncmp(file, "parse-mistakes", 14) == 0) != (p.diags.n_errors > 0))
		fail_msg("%s: %s", file, rs_str_cstr(&out));
	assert_file(rs_str_cstr(&path), &out);
	rs_arena_done(&p.arena);
}

static void test_golden(void **state)
{
	_cleanup_(rs_str_done) struct rs_str path = { 0 };
	const char *root = getenv("RS_SOURCE_ROOT");
	struct dirent *entry;
	unsigned n = 0;
	DIR *dir;

	(void)state;
	rs_str_appendf(&path, "%s/" GOLDEN, root ? root : ".");
	dir = opendir(rs_str_cstr(&path));
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);

		if (len <= 3 || strcmp(entry->d_name + len - 3, ".bt") != 0 ||
		    strncmp(entry->d_name, "parse-", 6) != 0)
			continue;
		check_script(entry->d_name);
		n++;
	}
	closedir(dir);
	assert_true(n >= 10);
}

/* ---- limits ---- */

static void assert_says(const struct parsed *p, const char *what)
{
	for (unsigned i = 0; i < p->diags.n; i++)
		if (strstr(p->diags.items[i].text, what))
			return;
	fail_msg("nothing says \"%s\": %s", what,
		 p->diags.n ? p->diags.items[0].text : "nothing at all");
}

/* begin, then many times middle, then end; what is said of it. NULL: nothing. */
static void check_many(const char *begin, const char *middle, const char *end, unsigned n,
		       const char *says)
{
	_cleanup_(rs_str_done) struct rs_str text = { 0 };
	struct parsed p;

	rs_str_append_cstr(&text, begin);
	for (unsigned i = 0; i < n; i++)
		rs_str_append_cstr(&text, middle);
	rs_str_append_cstr(&text, end);
	parse(&p, "many", rs_str_cstr(&text), text.len);
	if (says)
		assert_says(&p, says);
	else
		assert_int_equal(p.diags.n_errors, 0);
	rs_arena_done(&p.arena);
}

static void test_limits(void **state)
{
	(void)state;
	check_many("begin { print(", "(", "1", 50, "expected");
	check_many("begin { print(", "(", "1", 100000, "nested");
	check_many("begin { $x = ", "-", "1; }", 100000, "nested");
	check_many("begin { $x = ", "!", "1; }", 60, NULL);
	check_many("begin ", "{", "", 100000, "nested");
	check_many("begin { $x = 1", " + 1", "; }", 300, NULL);
	check_many("begin { $x = 1", " + 1", "; }", 100000, "nested");
	check_many("begin { if 1 { }", " else if 2 { }", " }", 100, NULL);
	check_many("begin { if 1 { }", " else if 2 { }", " }", 60000, "nested");
	check_many("begin { $x", ".a", "; }", 100000, "nested");
	check_many("begin { $x = ", "(uint8)", "1; }", 100000, "nested");
	check_many("begin { let $x: ", "(", "; }", 100000, "nested");
	check_many("begin { ", "@ = 1;", " }", 100000, NULL);
	check_many("begin { ", "@ = 1;", " }", 200000, "no more than 1024 KiB");
	check_many("begin { ", "5 = 1;", " }", 1000, "nothing can be assigned");
	check_many("", "#if 1\n", "begin { }", 100, "deeper than");
	check_many("", "begin { } ", "", 10000, NULL);
	check_many(
		"#define A B B B B B B B B\n#define B C C C C C C C C\n#define C D D D D D D D D\n"
		"#define D E E E E E E E E\n#define E F F F F F F F F\n#define F 1 1 1 1 1 1 1 1\n"
		"#define G A A A A A A A A\n begin { f(G",
		"", "); }", 0, "so much text");
	check_many("macro a(x) { x + x } begin { $x = ", "a(", "1", 30, "expected");
	check_many("macro a(x) { x + x } macro b(x) { a(a(a(a(x)))) } macro c(x) { b(b(b(b(x)))) }"
		   "begin { $x = c(c(1)); }",
		   "", "", 0, "make so much");
}

/* ---- places ---- */

static void check_place(const char *text, unsigned line, unsigned column, const char *shown)
{
	_cleanup_(rs_str_done) struct rs_str out = { 0 };
	unsigned is_line, is_column;
	struct parsed p;

	parse(&p, "x", text, strlen(text));
	assert_int_equal(p.diags.n_errors, 1);
	rs_span_position(&p.diags, p.diags.items[0].span, &is_line, &is_column);
	assert_int_equal(is_line, line);
	assert_int_equal(is_column, column);
	rs_diags_show(&p.diags, false, &out);
	if (!strstr(rs_str_cstr(&out), shown))
		fail_msg("\"%s\" is not in %s", shown, rs_str_cstr(&out));
	rs_arena_done(&p.arena);
}

static void test_places(void **state)
{
	(void)state;
	check_place("begin { print(\"éü\", ; }", 1, 21, "print(\"éü\", ;");
	check_place("begin {\n\t\t$x = ;\n}", 2, 8, "    $x = ;\n         ^\n");
	check_place("#define A 1 +\nbegin { $x = A; }", 2, 15, "found \";\"");
	check_place("#define A )\nbegin { $x = A; }", 2, 14, "in the macro \"A\", used at x:2:14");
	check_place("#define A(x) x\nbegin { $x = A(1 + ); }", 2, 21, "found \";\"");
	check_place("begin { $x = \"\033[31m;\n }", 1, 14, "\\x1b[31m");
}

/* The nodes that a macro made lie in its body and say where it was used; arguments lie where they
 * stand. */
static void test_macro_spans(void **state)
{
	static const char text[] = "macro m(x) { x + 7 }\nbegin { $y = m(5); }";
	const struct rs_node *value;
	struct parsed p;
	unsigned line, column;

	(void)state;
	parse(&p, "x", text, strlen(text));
	assert_int_equal(p.diags.n_errors, 0);
	value = p.script->clauses[0].body->list.items[0]->b;
	assert_int_equal(value->kind, RS_NODE_BINARY);
	rs_span_position(&p.diags, value->b->span, &line, &column);
	assert_int_equal(line, 1);
	assert_int_equal(column, 18);
	assert_int_equal(value->b->span.expansion, 1);
	rs_span_position(&p.diags, p.diags.expansions[0].used, &line, &column);
	assert_int_equal(line, 2);
	assert_int_equal(column, 14);
	assert_int_equal(value->a->span.expansion, 0);
	assert_int_equal(text[value->a->span.at], '5');
	rs_arena_done(&p.arena);
}

static void test_no_options(void **state)
{
	static const char text[] = "#include <a.h>\nbegin { print(1); }";
	struct parsed p;

	(void)state;
	rs_arena_init(&p.arena, 0);
	rs_diags_init(&p.diags, &p.arena, "x", text, strlen(text));
	p.script = rs_script_parse(&p.arena, &p.diags, NULL);
	assert_non_null(p.script);
	assert_int_equal(p.script->n_clauses, 1);
	assert_true(p.script->has_includes);
	assert_string_equal(p.script->declarations, "");
	rs_arena_done(&p.arena);
}

/* Out of memory at any size is told by diags and by nothing else. */
static void test_memory(void **state)
{
	static const char text[] =
		"#define A(x) x\nstruct s { int a; }; macro m(x) { x }\n"
		"kprobe:f, kprobe:\"g\" /A(1)/ { $x = m(A(2)); print((1, \"a\" \"b\")); }";
	bool complete = false;

	(void)state;
	for (size_t max = 64; max < 1 << 20 && !complete; max += 512) {
		static struct rs_diags diags;
		_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(max);

		rs_diags_init(&diags, &arena, "x", text, strlen(text));
		complete = rs_script_parse(&arena, &diags, NULL) && !diags.out_of_memory;
	}
	assert_true(complete);
}

static void test_providers(void **state)
{
	(void)state;
	for (int i = 0; i < RS_PROVIDER_COUNT; i++) {
		assert_int_equal(rs_provider_find(rs_provider_table[i].name), i);
		assert_memory_equal(rs_provider_table[i].usage, rs_provider_table[i].name,
				    strlen(rs_provider_table[i].name));
	}
	assert_int_equal(rs_provider_find("u"), RS_PROVIDER_UPROBE);
	assert_int_equal(rs_provider_find("U"), RS_PROVIDER_USDT);
	assert_int_equal(rs_provider_find("BEGIN"), RS_PROVIDER_BEGIN);
	assert_int_equal(rs_provider_find("KretFunc"), RS_PROVIDER_FEXIT);
	assert_int_equal(rs_provider_find(""), -1);
	assert_int_equal(rs_provider_find(NULL), -1);
	for (int op = RS_OPERATOR_ADD; op < RS_OPERATOR_COUNT; op++)
		assert_true(rs_operator_text(op)[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),     cmocka_unit_test(test_limits),
		cmocka_unit_test(test_places),     cmocka_unit_test(test_macro_spans),
		cmocka_unit_test(test_no_options), cmocka_unit_test(test_memory),
		cmocka_unit_test(test_providers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
