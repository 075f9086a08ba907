/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "trace/refuse.h"

#define SCRIPT   "BEGIN { @x = str(0); print(args.foo); }"
#define AT(word) ((uint32_t)(strstr(SCRIPT, word) - SCRIPT))

struct scene {
	struct rs_arena arena;
	struct rs_diags diags;
	struct rs_clause clause;
	struct rs_script script;
	struct rs_program program;
	struct rs_ir_line lines[3];
	struct rs_probe probe;
};

static void begin(struct scene *scene)
{
	memset(scene, 0, sizeof(*scene));
	rs_arena_init(&scene->arena, 0);
	rs_diags_init(&scene->diags, &scene->arena, "t.bt", SCRIPT, strlen(SCRIPT));
	scene->clause.span = (struct rs_span){ .at = 0, .len = 5 };
	scene->script = (struct rs_script){ .clauses = &scene->clause, .n_clauses = 1 };
	scene->program = (struct rs_program){ .script = &scene->script };
	scene->lines[0] = (struct rs_ir_line){ 0, 0 };
	scene->lines[1] = (struct rs_ir_line){ 4, AT("str(") + 1 };
	scene->lines[2] = (struct rs_ir_line){ 10, AT("args.foo") + 1 };
	scene->probe = (struct rs_probe){ .name = "BEGIN",
					  .image = { .lines = scene->lines, .n_lines = 3 } };
}

static const struct rs_diag *refused(struct scene *scene, int error, const char *log)
{
	begin(scene);
	rs_trace_refused(&scene->diags, &scene->program, &scene->probe, error, log, strlen(log));
	assert_int_equal(scene->diags.n, 1);
	return &scene->diags.items[0];
}

struct known {
	const char *log;
	const char *text; /* part of what is said */
	const char *at;   /* word in the script */
};

static const struct known known[] = {
	{ "0: (bf) r6 = r1                       ; R1=ctx() R6_w=ctx()\n5: (79) r1 = *(u64 *)(r0 +0)\n"
	  "R0 invalid mem access 'map_value_or_null'\nprocessed 6 insns (limit 1000000)\n",
	  "may not be there", "str(" },
	{ "12: (61) r0 = *(u32 *)(r3 +8)\nR3 invalid mem access 'scalar'\nprocessed 9 insns\n",
	  "plain number", "args.foo" },
	{ "3: (85) call unknown#181\ninvalid func unknown#181\n",
	  "does not have what is called here", "BEGIN" },
	{ "5: (85) call bpf_loop#181\nunknown func bpf_loop#181\n", "(bpf_loop)", "str(" },
	{ "5: (85) call bpf_get_func_ip#173\nprogram of this type cannot use helper bpf_get_func_ip#173\n",
	  "may not use what is called here (bpf_get_func_ip)", "str(" },
	{ "invalid access to map value, value_size=8 off=8 size=8\nR1 max value is outside of the allowed memory range\n",
	  "past the end of the value", "BEGIN" },
	{ "11: (95) exit\nBPF program is too large. Processed 1000001 insn\nprocessed 1000001 insns\n",
	  "too long", "args.foo" },
	{ "back-edge from insn 9 to 4\n", "no loops", "BEGIN" },
	{ "from 4 to 6: R0=scalar() R10=fp0\n6: (05) goto pc-2\ninfinite loop detected at insn 6\n",
	  "can not see that this loop ends", "str(" },
	{ "4: (95) exit\nR0 leaks addr as return value\n", "address of the kernel", "str(" },
	{ "12: (0f) r2 += r1\nmath between trusted_ptr_ pointer and register with unbounded min value is not allowed\n",
	  "calculate with this address", "args.foo" },
	{ "The total number of maps per program has reached the limit of 64\n", "more maps",
	  "BEGIN" },
	{ "5: (85) call x#1\nverifier bug: add backedge: no SCC in verification path, insn_idx 719\n",
	  "a mistake of this kernel", "str(" },
};

static void meanings(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		struct scene scene;
		const struct rs_diag *diag = refused(&scene, -EACCES, known[i].log);

		assert_non_null(strstr(diag->text, known[i].text));
		assert_int_equal(diag->span.at, AT(known[i].at));
		rs_arena_done(&scene.arena);
	}
}

static void unknown_words(void **state)
{
	struct scene scene;
	const struct rs_diag *diag = refused(&scene, -EINVAL,
					     "5: (bf) r1 = r2\nsomething of tomorrow\n");

	(void)state;
	assert_non_null(strstr(diag->text, "something of tomorrow"));
	assert_non_null(diag->hint);
	rs_arena_done(&scene.arena);
}

static void without_words(void **state)
{
	static const int errors[] = { -EPERM, -E2BIG, -EINVAL, -ENOMEM };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		struct scene scene;
		const struct rs_diag *diag = refused(&scene, errors[i], "");

		assert_int_equal(diag->span.at, 0);
		assert_true(*diag->text);
		rs_arena_done(&scene.arena);
	}
}

static void odd_logs(void **state)
{
	static const char *const logs[] = { "\n\n\n", "99999999999999999999: (bf) r1\n",
					    ":",      "7: (",
					    "x",      "12:\n12: (85" };
	struct rs_refusal refusal;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(logs); i++)
		rs_refusal_parse(logs[i], strlen(logs[i]), &refusal);
	rs_refusal_parse(logs[1], strlen(logs[1]), &refusal);
	assert_false(refusal.has_insn);
	rs_refusal_parse("", 0, &refusal);
	assert_null(refusal.message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(meanings),
		cmocka_unit_test(unknown_words),
		cmocka_unit_test(without_words),
		cmocka_unit_test(odd_logs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
