/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "lang/sema.h"

static void test_defaults(void **state)
{
	struct rs_lang_config config;

	(void)state;
	rs_lang_config_init(&config);
	assert_int_equal(config.max_strlen, 1024);
	assert_int_equal(config.max_map_keys, 4096);
	assert_int_equal(config.max_probes, 1024);
	assert_int_equal(config.max_programs, 1024);
	assert_int_equal(config.on_stack_limit, 32);
	assert_true(config.print_maps_on_exit);
	assert_true(config.cache_user_symbols_per_pid);
	assert_int_equal(config.missing_probes, RS_MISSING_DEFAULT);
	assert_int_equal(config.stack_mode, RS_STACK_BPFTRACE);
	assert_string_equal(config.str_trunc_trailer, "..");
	assert_string_equal(config.license, "GPL");
	assert_int_equal(config.set, 0);
}

static void test_set(void **state)
{
	static const struct {
		const char *name, *value;
		int r;
	} cases[] = {
		{ "max_strlen", "64", 0 },
		{ "max_strlen", "0", -EINVAL },
		{ "max_strlen", "65537", -EINVAL },
		{ "max_strlen", "12x", -EINVAL },
		{ "max_strlen", "", -EINVAL },
		{ "max_strlen", "-1", -EINVAL },
		{ "max_strlen", "99999999999999999999999", -EINVAL },
		{ "print_maps_on_exit", "false", 0 },
		{ "print_maps_on_exit", "maybe", -EINVAL },
		{ "missing_probes", "warn", 0 },
		{ "missing_probes", "war", -EINVAL },
		{ "stack_mode", "perf", 0 },
		{ "cache_user_symbols", "PER_PROGRAM", 0 },
		{ "license", "Dual BSD/GPL", 0 },
		{ "license", "secret", -EINVAL },
		{ "str_trunc_trailer", "", 0 },
		{ "unstable_map_decl", "enable", 0 },
		{ "no_such_thing", "1", -ENOENT },
	};
	struct rs_lang_config config;

	(void)state;
	rs_lang_config_init(&config);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rs_error err = RS_ERROR_INIT;
		int r = rs_lang_config_set(&config, cases[i].name, cases[i].value, &err);

		if (r != cases[i].r)
			fail_msg("%s = \"%s\": %d %s", cases[i].name, cases[i].value, r, err.msg);
		assert_int_equal(r < 0, *err.msg != 0);
	}
	assert_int_equal(config.max_strlen, 64);
	assert_false(config.print_maps_on_exit);
	assert_int_equal(config.missing_probes, RS_MISSING_WARN);
	assert_int_equal(config.stack_mode, RS_STACK_PERF);
	assert_false(config.cache_user_symbols_per_pid);
	assert_string_equal(config.license, "Dual BSD/GPL");
	assert_string_equal(config.str_trunc_trailer, "");
}

static void test_hint(void **state)
{
	struct rs_error err = RS_ERROR_INIT;
	struct rs_lang_config config;

	(void)state;
	rs_lang_config_init(&config);
	assert_int_equal(rs_lang_config_set(&config, "max_map_key", "1", &err), -ENOENT);
	assert_non_null(strstr(err.hint, "max_map_keys"));
}

/* What the environment said is stronger than the script, by whichever name. */
static void test_precedence(void **state)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(1 << 20);
	struct rs_config_entry entries[] = {
		{ .name = "max_strlen", .text = "200", .is_number = true, .number = 200 },
		{ .name = "max_map_keys", .text = "7", .is_number = true, .number = 7 },
		{ .name = "max_map_keys", .text = "9", .is_number = true, .number = 9 },
	};
	struct rs_script script = { .config = entries, .n_config = 3 };
	struct rs_program program = { .script = &script };
	struct rs_lang_config environment;
	struct rs_lang_options options = { .config = &environment };
	struct rs_error err = RS_ERROR_INIT;
	struct rs_diags diags;
	struct rs_sema s = {
		.arena = &arena, .diags = &diags, .program = &program, .options = &options
	};

	(void)state;
	rs_diags_init(&diags, &arena, "x", "", 0);
	rs_lang_config_init(&environment);
	assert_int_equal(rs_lang_config_set(&environment, "strlen", "100", &err), 0);
	assert_int_equal(rs_lang_configure(&s), 0);
	assert_int_equal(program.config.max_strlen, 100);
	assert_int_equal(program.config.max_map_keys, 9);
	options.config = NULL;
	assert_int_equal(rs_lang_configure(&s), 0);
	assert_int_equal(program.config.max_strlen, 200);
	entries[0].text = "0";
	assert_int_equal(rs_lang_configure(&s), -EINVAL);
	assert_int_equal(diags.n_errors, 1);
}

static void test_names(void **state)
{
	unsigned i = 0;

	(void)state;
	while (rs_lang_config_name(i))
		i++;
	assert_in_range(i, 16, 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_set),
		cmocka_unit_test(test_hint),     cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("lang/config", tests, NULL, NULL);
}
