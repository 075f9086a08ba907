/* SPDX-License-Identifier: Apache-2.0 */
/* The code that scripts become: as text, and by what it calls and takes. */
#include "lang/testing-golden.h"
/* keep order: cmocka needs what that includes */
#include "lang/lower.h"
#include "lang/testing-source.h"

struct compiled {
	struct testing_world world;
	struct rs_arena arena;
	struct rs_diags diags;
	struct rs_program *program;
	struct rs_str ir;
	bool pid_namespace; /* we live in one */
};

static void dump(void *ctx, const char *stage, const struct rs_program *program)
{
	struct compiled *c = ctx;

	if (strcmp(stage, "ir"))
		return;
	for (unsigned i = 0; i < program->n_probes; i++) {
		rs_str_appendf(&c->ir, "%s\n", program->probes[i]->name);
		assert_int_equal(rs_ir_dump(program->probes[i]->module, &c->ir), 0);
	}
}

static void init(struct compiled *c)
{
	*c = (struct compiled){ 0 };
	testing_world_init(&c->world);
	c->world.source.features.preempt_kfuncs = true;
	rs_arena_init(&c->arena, 32 << 20);
}

static void done(struct compiled *c)
{
	rs_str_done(&c->ir);
	rs_arena_done(&c->arena);
	testing_world_done(&c->world);
}

static int try_compile(struct compiled *c, const char *text)
{
	const struct rs_lang_options options = { .source = &c->world.source,
						 .unsafe = true,
						 .dump = dump,
						 .dump_ctx = c,
						 .pid_namespace = c->pid_namespace };
	struct rs_error err = RS_ERROR_INIT;

	rs_diags_init(&c->diags, &c->arena, "script", text, strlen(text));
	return rs_lang_compile(&c->arena, &c->diags, &options, &c->program, &err);
}

static void compile(struct compiled *c, const char *text)
{
	_cleanup_(rs_str_done) struct rs_str said = { 0 };

	if (try_compile(c, text) == 0)
		return;
	rs_diags_show(&c->diags, false, &said);
	fail_msg("%s\n%s", text, rs_str_cstr(&said));
}

/* ---- as text ---- */

static void golden(const char *name)
{
	_cleanup_(rs_str_done) struct rs_str scripts = { 0 }, out = { 0 }, path = { 0 };
	char *rest, *text;

	rs_str_appendf(&path, "%s.bt", name);
	testing_golden_read(rs_str_cstr(&path), &scripts);
	rs_str_cstr(&scripts);
	rest = scripts.data;
	while ((text = testing_golden_next(&rest))) {
		struct compiled c;

		init(&c);
		compile(&c, text);
		rs_str_appendf(&out, "# %s", text);
		rs_str_append(&out, c.ir.data, c.ir.len);
		rs_str_append_cstr(&out, "====\n");
		done(&c);
	}
	rs_str_reset(&path);
	rs_str_appendf(&path, "%s.ir", name);
	testing_golden_compare(rs_str_cstr(&path), &out);
}

static void test_maps(void **state)
{
	(void)state;
	golden("lower-maps");
}

static void test_values(void **state)
{
	(void)state;
	golden("lower-values");
}

static bool any_address(void *ctx, const char *symbol, uint64_t *ret_address)
{
	(void)ctx;
	*ret_address = 0xffffffff81000000 + strlen(symbol);
	return true;
}

/* Where no helper tells the function: by the place, one program each. */
static void test_func_by_place(void **state)
{
	static const struct {
		const char *script;
		unsigned n_probes;
	} rows[] = {
		{ "kretprobe:vfs_read, kretprobe:vfs_write { @[func] = 1; }", 2 },
		{ "fexit:vfs_read { @[func] = 1; }", 1 },
		{ "uprobe:/bin/bash:readline, uretprobe:/bin/bash:readline { @[func] = 1; }", 2 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct compiled c;

		init(&c);
		c.world.source.features.func_ip = false;
		c.world.source.features.attach_cookie = false;
		c.world.source.kernel_address = any_address;
		compile(&c, rows[i].script);
		assert_int_equal(c.program->n_probes, rows[i].n_probes);
		assert_null(strstr(rs_str_cstr(&c.ir), "call 173"));
		done(&c);
	}
}

static void test_control(void **state)
{
	(void)state;
	golden("lower-control");
}

/* ---- what it calls ---- */

#define BPF_CALL 0x85

/* helper 0: all of them, without those of the kernel's own (src 2) and of the module (src 1). */
static unsigned calls(const struct rs_probe *probe, uint32_t helper)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < probe->image.n_insns; i++) {
		const struct rs_ir_insn *insn = &probe->image.insns[i];

		n += insn->code == BPF_CALL && !(insn->regs >> 4) &&
		     (!helper || (uint32_t)insn->imm == helper);
	}
	return n;
}

static unsigned kernel_calls(const struct rs_probe *probe, const char *name)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < probe->image.n_fixups; i++) {
		const struct rs_ir_fixup *fixup = &probe->image.fixups[i];

		n += fixup->kind == RS_IR_FIXUP_KFUNC && !strcmp(fixup->name, name);
	}
	return n;
}

static void test_calls(void **state)
{
	static const struct {
		const char *text;
		uint32_t helper;
		unsigned n; /* insertions of what is missing included: a lookup and an update */
	} rows[] = {
		{ "i:s:1 { @ = 1; @++; @ += 5; $x = @; @ = $x * 2; }", 0, 0 },
		{ "i:s:1 { @ = count(); }", 0, 1 },
		{ "i:s:1 { @[comm] = count(); }", RS_HELPER_get_current_comm, 1 },
		{ "i:s:1 { @[comm] = count(); }", RS_HELPER_map_lookup_elem, 2 },
		{ "i:s:1 { @[comm] = count(); }", RS_HELPER_map_update_elem, 1 },
		{ "i:s:1 { @[comm] = count(); }", 0, 4 },
		{ "i:s:1 { @[cpu] = hist(cpu); }", RS_HELPER_get_smp_processor_id, 1 },
		{ "i:s:1 { @[pid] = tid; @[tid] = pid; }", RS_HELPER_get_current_pid_tgid, 1 },
		{ "i:s:1 { @[1] = 5; }", RS_HELPER_map_lookup_elem, 1 },
		{ "i:s:1 { @[1] = 5; }", RS_HELPER_map_update_elem, 1 },
		{ "i:s:1 { printf(\"%d %d\", 1, 2); }", 0, 2 },
		{ "i:s:1 { printf(\"%s\", comm); }", 0, 3 },
		{ "t:sched:sched_switch { @ = args.prev_pid + args.next_pid; }", 0, 0 },
		{ "t:sched:sched_switch /args.prev_pid == 1/ { @ = 1; }", 0, 0 },
		/* A read for each pointer on the way: none for structs within structs. */
		{ "i:s:1 { @ = curtask->se.cfs_rq->nr_queued; }", RS_HELPER_probe_read_kernel, 2 },
		{ "k:vfs_read { @ = ((struct file *)arg0)->f_path.dentry->d_flags; }",
		  RS_HELPER_probe_read_kernel, 2 },
		{ "i:s:1 { $s = \"abc\"; if ($s == \"abcd\") { @ = 1; } }", 0, 0 },
		/* Texts in the context are compared and copied where they are. */
		{ "t:sched:sched_switch /args.prev_comm == \"bash\"/ { @ = 1; }", 0, 0 },
		{ "t:sched:sched_switch { printf(\"%s\", args.prev_comm); }", 0, 2 },
		/* The body uses what the predicate found, while it is what it was. */
		{ "i:s:1 /@s[tid]/ { @x = @s[tid]; @s[0] = 1; }", RS_HELPER_map_lookup_elem, 2 },
		{ "i:s:1 /@s[tid] > 1 && @t[pid]/ { @x = @s[tid] + @t[pid]; } BEGIN { @s[0] = 1; @t[0] = 1; }",
		  RS_HELPER_map_lookup_elem, 2 },
		{ "i:s:1 /@s[tid] || @t[tid]/ { @x = @t[tid]; } BEGIN { @s[0] = 1; @t[0] = 1; }",
		  RS_HELPER_map_lookup_elem, 3 },
		{ "i:s:1 /@s[tid]/ { @s[tid] = 1; @x = @s[tid]; }", RS_HELPER_map_lookup_elem, 3 },
		{ "i:s:1 /@s[tid]/ { delete(@s, tid); @x = @s[tid]; } BEGIN { @s[0] = 1; }",
		  RS_HELPER_map_lookup_elem, 2 },
		{ "i:s:1 /@s[rand]/ { @x = @s[rand]; } BEGIN { @s[0] = 1; }",
		  RS_HELPER_map_lookup_elem, 2 },
		{ "t:syscalls:sys_enter_openat /str(args.filename) == \"x\"/ { @ = 1; }", 0, 1 },
		{ "t:syscalls:sys_enter_openat { printf(\"%s\", str(args.filename)); }", 0, 3 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct compiled c;
		unsigned n;

		init(&c);
		compile(&c, rows[i].text);
		n = calls(c.program->probes[0], rows[i].helper);
		if (n != rows[i].n)
			fail_msg("%s: helper %u %u times, not %u", rows[i].text, rows[i].helper, n,
				 rows[i].n);
		done(&c);
	}
}

/* ---- scratch memory ---- */

static const struct rs_map *map_of(const struct rs_program *program, enum rs_map_role role)
{
	for (unsigned i = 0; i < program->n_maps; i++)
		if (program->maps[i]->role == role)
			return program->maps[i];
	return NULL;
}

static void test_scratch(void **state)
{
	static const char *const kfuncs[] = { "bpf_preempt_disable", "bpf_preempt_enable" };
	struct compiled c;
	uint32_t shared;

	(void)state;
	/* Small values need none. */
	init(&c);
	compile(&c, "i:s:1 { @[comm, pid] = 1; printf(\"%s\", comm); }");
	assert_null(map_of(c.program, RS_MAP_SCRATCH));
	done(&c);

	/* These two exclude each other: one piece per CPU for both, and nothing to take or to give. */
	init(&c);
	compile(&c, "t:syscalls:sys_enter_openat { @[str(args.filename)] = 1; }\n"
		    "i:s:1 { $x = str(kptr(1)); @[$x] = 2; }");
	shared = map_of(c.program, RS_MAP_SCRATCH)->value_size;
	assert_true(shared >= 4 * 1024 && shared < 4 * 2048);
	assert_int_equal(shared, 4 * c.program->scratch_size);
	assert_int_equal(kernel_calls(c.program->probes[0], kfuncs[0]), 0);
	done(&c);

	/* This one may be interrupted by its like. */
	init(&c);
	compile(&c, "u:/bin/bash:main { @[str(arg0)] = 1; }");
	assert_true(map_of(c.program, RS_MAP_SCRATCH)->value_size > 4 * 4 * 1024);
	for (unsigned i = 0; i < ARRAY_SIZE(kfuncs); i++)
		assert_true(kernel_calls(c.program->probes[0], kfuncs[i]) >= 1);
	assert_int_equal(c.program->sites[c.program->n_sites - 1].kind, RS_SITE_NO_SCRATCH);
	done(&c);
}

/* However much a script keeps at once. */
static void test_stack_is_enough(void **state)
{
	static const char *const texts[] = {
		"i:s:1 { @[comm, comm, comm, comm, comm, comm, comm, comm] = (comm, comm, comm); }",
		"i:s:1 { $a = comm; $b = comm; $c = comm; $d = comm; $e = comm; $f = comm; $g = comm;"
		" $h = comm; @[$a, $b, $c, $d] = 1; @x[$e, $f, $g, $h] = 2; @m[1] = 1;"
		" for ($kv : @m) { printf(\"%s%s%s%s\", $a, $b, $c, $d); for ($q : @m) {"
		" printf(\"%s%s%s%s\", $e, $f, $g, $h); } } }",
		"t:syscalls:sys_enter_openat { $s = str(args.filename); @[$s, $s, $s] = $s;"
		" printf(\"%s%s%s%s%s%s%s%s\", $s, $s, $s, $s, $s, $s, $s, $s); }",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct compiled c;
		uint32_t all = 0;

		init(&c);
		compile(&c, texts[i]);
		for (uint32_t k = 0; k < c.program->probes[0]->image.n_funcs; k++)
			all += c.program->probes[0]->image.funcs[k].stack;
		assert_true(all <= 512);
		done(&c);
	}
}

/* ---- records ---- */

static void test_records(void **state)
{
	const struct rs_action *action;
	struct compiled c;

	(void)state;
	init(&c);
	compile(&c, "t:syscalls:sys_enter_openat {"
		    " printf(\"%d %s %s\", pid, comm, str(args.filename)); }");
	assert_int_equal(c.program->n_actions, 1);
	action = c.program->actions[0];
	assert_int_equal(action->n_args, 3);
	assert_int_equal(action->args[0].offset, sizeof(struct rs_record));
	assert_false(action->args[1].packed);
	assert_int_equal(action->args[1].offset, sizeof(struct rs_record) + 8);
	assert_true(action->args[2].packed);
	assert_int_equal(action->args[2].offset, sizeof(struct rs_record) + 24);
	assert_int_equal(action->size, sizeof(struct rs_record) + 32);
	assert_true(action->max_size >= action->size + 1024);
	assert_int_equal(map_of(c.program, RS_MAP_LOST)->value_size, 8);
	done(&c);
}

/* Each instruction with a place has one within the script; some have the place of the call. */
static void test_places(void **state)
{
	static const char text[] = "i:s:1 { $x = 5; printf(\"%s\", comm); }";
	const uint32_t want = (uint32_t)(strstr(text, "comm") - text) + 1;
	const struct rs_ir_image *image;
	struct compiled c;
	bool found = false;

	(void)state;
	init(&c);
	compile(&c, text);
	image = &c.program->probes[0]->image;
	for (uint32_t i = 0; i < image->n_lines; i++) {
		assert_true(image->lines[i].location <= strlen(text));
		found = found || image->lines[i].location == want;
	}
	assert_true(found);
	done(&c);
}

/* ---- kernels that can do less ---- */

static void test_older_kernels(void **state)
{
	static const char text[] =
		"i:s:1 { for ($i : 0..100) { @a[$i] = $i; } $n = cpu; $s = 0;"
		" for ($j : 0..$n) { $s += $j; if ($s > 10) { return; } } @s = $s;"
		" $k = 0; while ($k < 10) { $k++; } printf(\"%s %d\", comm, $k); }"
		"u:/bin/bash:main { printf(\"%s\", str(arg0)); }";
	static const size_t off[] = {
		offsetof(struct rs_lang_features, iter_num),
		offsetof(struct rs_lang_features, loop),
		offsetof(struct rs_lang_features, ringbuf),
		offsetof(struct rs_lang_features, preempt_kfuncs),
		offsetof(struct rs_lang_features, task_btf),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(off); i++) { /* one less each time */
		struct compiled c;

		init(&c);
		for (size_t k = 0; k <= i; k++)
			((bool *)&c.world.source.features)[off[k]] = false;
		compile(&c, text);
		assert_int_equal(kernel_calls(c.program->probes[0], "bpf_iter_num_new"), 0);
		assert_int_equal(calls(c.program->probes[0], RS_HELPER_loop), i == 0 ? 2 : 0);
		assert_int_equal(calls(c.program->probes[0], RS_HELPER_perf_event_output), i >= 2);
		assert_int_equal(map_of(c.program, RS_MAP_RING)->kind,
				 i >= 2 ? RS_MAP_PERF_ARRAY : RS_MAP_RINGBUF);
		done(&c);
	}
}

/* Whose stack it is, and whose address, is looked up in /proc, which numbers as our namespace does. */
static void test_pid_namespace(void **state)
{
	struct compiled c;

	(void)state;
	init(&c);
	c.pid_namespace = true;
	compile(&c, "u:/bin/bash:main { print(ustack); print(usym(arg0)); print(pid); }");
	assert_int_equal(calls(c.program->probes[0], RS_HELPER_get_current_pid_tgid), 0);
	assert_true(calls(c.program->probes[0], RS_HELPER_get_ns_current_pid_tgid) > 0);
	done(&c);
}

static void test_refusals(void **state)
{
	struct compiled c;

	(void)state;
	init(&c);
	c.world.source.features.for_each = false;
	assert_int_equal(try_compile(&c, "i:s:1 { @m[1] = 1; for ($kv : @m) { } }"), -EINVAL);
	assert_non_null(strstr(c.diags.items[0].text, "5.13"));
	done(&c);
	init(&c);
	c.world.source.features.lookup_percpu = false;
	assert_int_equal(try_compile(&c, "BEGIN {int }"), -EINVAL);
	assert_int_equal(try_compile(&c, "i:s:1 { @m = count(); if (@m > 1) { exit(); } }"),
			 -EINVAL);
	assert_non_null(strstr(c.diags.items[0].text, "5.19"));
	done(&c);
	init(&c);
	c.world.source.features.iter_num = false;
	c.world.source.features.loop = false;
	assert_int_equal(try_compile(&c, "i:s:1 { for $i : 0..1024 { @n++; } }"), 0);
	done(&c);
	init(&c);
	c.world.source.features.iter_num = false;
	c.world.source.features.loop = false;
	assert_int_equal(try_compile(&c, "i:s:1 { for $i : 0..1025 { @n++; } }"), -EINVAL);
	assert_non_null(strstr(c.diags.items[0].text, "5.17"));
	done(&c);
	init(&c);
	assert_int_equal(try_compile(&c, "i:s:1 { @ = lhist(1, 10, 5, 1); }"), -EINVAL);
	done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_func_by_place),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_scratch),
		cmocka_unit_test(test_stack_is_enough),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_older_kernels),
		cmocka_unit_test(test_pid_namespace),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
