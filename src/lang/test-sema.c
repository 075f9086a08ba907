/* SPDX-License-Identifier: Apache-2.0 */
/* Whole scripts: what the analysis makes of them, and what it says of mistakes. */
#include "lang/testing-golden.h"
/* keep order: cmocka needs what that includes */
#include "lang/sema.h"
#include "lang/testing-source.h"

static const char *const type_names[] = {
	[RS_PROGRAM_KPROBE] = "kprobe",
	[RS_PROGRAM_TRACEPOINT] = "tracepoint",
	[RS_PROGRAM_RAW_TRACEPOINT] = "raw_tracepoint",
	[RS_PROGRAM_TRACING_RAW_TP] = "tracing",
	[RS_PROGRAM_FENTRY] = "fentry",
	[RS_PROGRAM_FEXIT] = "fexit",
	[RS_PROGRAM_PERF_EVENT] = "perf_event",
	[RS_PROGRAM_ITER] = "iter",
	[RS_PROGRAM_ONCE] = "once",
};

static const char *const kind_names[] = {
	[RS_MAP_ARRAY] = "array",      [RS_MAP_PERCPU_ARRAY] = "percpuarray",
	[RS_MAP_HASH] = "hash",        [RS_MAP_PERCPU_HASH] = "percpuhash",
	[RS_MAP_LRU_HASH] = "lruhash", [RS_MAP_PERCPU_LRU_HASH] = "percpulruhash",
};

static void show_variable(struct rs_str *out, const struct rs_variable *v)
{
	rs_str_appendf(out, "  %s ", v->name);
	rs_type_format(v->type, out);
	if (v->type->kind == RS_TYPE_POINTER && v->type->space == RS_SPACE_BTF)
		rs_str_append_cstr(out, " followed");
	rs_str_appendf(out, "%s%s%s%s\n", v->declared ? " declared" : "",
		       v->captured ? " captured" : "", v->hoisted ? " hoisted" : "",
		       v->address_taken ? " address" : "");
}

static void show_probe(struct rs_str *out, const struct rs_probe *probe)
{
	rs_str_appendf(out, "%s %s%s%s\n", type_names[probe->type], probe->name,
		       probe->specialised ? " specialised" : "",
		       probe->wants_cookie ? " cookie" : "");
	for (unsigned i = 1; i < probe->n_places; i++)
		rs_str_appendf(out, "  and %s\n", probe->places[i].point.text);
	for (unsigned i = 0; i < probe->n_variables; i++)
		show_variable(out, probe->variables[i]);
}

static void show_map(struct rs_str *out, const struct rs_map *map)
{
	rs_str_appendf(out, "%s %s[", kind_names[map->kind], map->name);
	if (map->key)
		rs_type_format(map->key, out);
	rs_str_append_cstr(out, "] ");
	rs_type_format(map->value, out);
	rs_str_appendf(out, " %u+%u bytes, %llu\n", map->key_size, map->value_size,
		       (unsigned long long)map->max_entries);
}

static void show(void *ctx, const char *stage, const struct rs_program *program)
{
	struct rs_str *out = ctx;

	if (strcmp(stage, "sema") != 0)
		return;
	for (unsigned i = 0; i < program->n_probes; i++)
		show_probe(out, program->probes[i]);
	for (unsigned i = 0; i < program->n_maps; i++)
		if (program->maps[i]->role == RS_MAP_SCRIPT)
			show_map(out, program->maps[i]);
	if (program->auto_exit)
		rs_str_append_cstr(out, "ends by itself\n");
}

/* Compiles up to types; what is shown is appended. */
static int analyse(struct testing_world *world, const char *text, bool with_types,
		   struct rs_str *out)
{
	static const char *const params[] = { "42", "word" };
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(32 << 20);
	struct rs_lang_options options = {
		.source = &world->source,
		.warnings = true,
		.check_only = true,
		.params = params,
		.n_params = 2,
		.dump = with_types ? show : NULL,
		.dump_ctx = out,
	};
	struct rs_error err = RS_ERROR_INIT;
	struct rs_program *program;
	struct rs_diags diags;
	int r;

	rs_diags_init(&diags, &arena, "script", text, strlen(text));
	r = rs_lang_compile(&arena, &diags, &options, &program, &err);
	assert_true(r == 0 || r == -EINVAL);
	assert_int_equal(r == 0, diags.n_errors == 0);
	assert_true(r == 0 || *err.msg);
	assert_int_equal(rs_diags_show(&diags, false, out), 0);
	return r;
}

static void run_file(const char *name, const char *suffix, bool with_types)
{
	_cleanup_(rs_str_done) struct rs_str scripts = { 0 }, out = { 0 }, script_name = { 0 };
	struct testing_world world;
	char *rest, *text;

	testing_world_init(&world);
	rs_str_appendf(&script_name, "%s.bt", name);
	testing_golden_read(rs_str_cstr(&script_name), &scripts);
	rs_str_cstr(&scripts);
	rest = scripts.data;
	while ((text = testing_golden_next(&rest))) {
		int r = analyse(&world, text, with_types, &out);

		if ((r == 0) != with_types)
			print_message("%s\n%s\n", text, rs_str_cstr(&out));
		assert_int_equal(r == 0, with_types);
		rs_str_append_cstr(&out, "====\n");
	}
	rs_str_reset(&script_name);
	rs_str_appendf(&script_name, "%s.%s", name, suffix);
	testing_golden_compare(rs_str_cstr(&script_name), &out);
	testing_world_done(&world);
}

static void test_probes(void **state)
{
	(void)state;
	run_file("sema-probes", "sema", true);
}

static void test_types(void **state)
{
	(void)state;
	run_file("sema-types", "sema", true);
}

static void test_maps(void **state)
{
	(void)state;
	run_file("sema-maps", "sema", true);
}

static void test_mistakes(void **state)
{
	(void)state;
	run_file("sema-mistakes", "err", false);
}

/* Nothing is known of the kernel at all: no message is owed to a crash. */
static void test_no_source(void **state)
{
	static const char text[] =
		"kprobe:f { @[args.x] = ((struct s *)arg0).y; print(curtask); } t:*:* {}";
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(8 << 20);
	struct rs_lang_options options = { .check_only = true };
	struct rs_error err = RS_ERROR_INIT;
	struct rs_program *program;
	struct rs_diags diags;

	(void)state;
	rs_diags_init(&diags, &arena, "script", text, strlen(text));
	assert_int_equal(rs_lang_compile(&arena, &diags, &options, &program, &err), -EINVAL);
	assert_true(diags.n_errors >= 2);
}

/* Memory that ends anywhere: -ENOMEM or a result, nothing else. */
static void test_little_memory(void **state)
{
	static const char text[] =
		"t:sched:sched_switch /pid > 1/ { @a[args.prev_comm, pid] = nsecs; "
		"$x = (1, comm); for ($kv : @a) { print($kv); } printf(\"%s\", comm); }";
	struct testing_world world;

	(void)state;
	testing_world_init(&world);
	for (size_t max = 64; max < 200000; max += max / 9 + 8) {
		struct rs_arena arena = RS_ARENA_INIT(max);
		struct rs_lang_options options = { .source = &world.source, .check_only = true };
		struct rs_error err = RS_ERROR_INIT;
		struct rs_program *program;
		struct rs_diags diags;
		int r;

		rs_diags_init(&diags, &arena, "script", text, strlen(text));
		r = rs_lang_compile(&arena, &diags, &options, &program, &err);
		if (r != 0 && r != -ENOMEM)
			fail_msg("%zu bytes: %d: %s", max, r, err.msg);
		rs_arena_done(&arena);
	}
	testing_world_done(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probes),    cmocka_unit_test(test_types),
		cmocka_unit_test(test_maps),      cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_no_source), cmocka_unit_test(test_little_memory),
	};

	return cmocka_run_group_tests_name("lang/sema", tests, NULL, NULL);
}
