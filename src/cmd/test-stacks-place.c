/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/stacks-place.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

/* What needs no kernel: how places are written, files, and what of registers can be added up. */

static const char *self(void)
{
	static char path[512];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	assert_true(n > 0);
	path[n] = '\0';
	return path;
}

static struct rs_stacks_place *place_of(const char *provider, const char *function)
{
	struct rs_stacks_place *place = NULL;
	struct rs_error err = RS_ERROR_INIT;
	char text[600];

	snprintf(text, sizeof(text), "%s%s:%s", provider, self(), function);
	if (rs_stacks_place_new(text, 0, &place, &err))
		fail_msg("%s: %s", text, err.msg);
	return place;
}

static void refuse(const char *text, int code)
{
	struct rs_stacks_place *place = NULL;
	struct rs_error err = RS_ERROR_INIT;

	assert_int_equal(rs_stacks_place_new(text, 0, &place, &err), code);
	assert_null(place);
	assert_true(err.msg[0]);
	assert_true(err.hint[0]);
}

static void test_function_of_a_file(void **state)
{
	struct rs_stacks_place *place = place_of("", "main");

	(void)state;
	assert_int_equal(rs_stacks_place_probe(place)->provider, RS_PROVIDER_UPROBE);
	assert_int_equal(rs_stacks_place_probe(place)->type, RS_PROGRAM_KPROBE);
	assert_int_equal(rs_stacks_place_count(place), 1);
	assert_true(rs_stacks_place_is_user(place));
	assert_non_null(strstr(rs_stacks_place_name(place), ":main"));
	rs_stacks_place_free(&place);
	assert_null(place);
	rs_stacks_place_free(&place);
}

static void test_refused(void **state)
{
	(void)state;
	refuse("", -EINVAL);
	refuse("a b", -EINVAL);
	refuse("x { print(1) }", -EINVAL);
	refuse("kprobe:a,kprobe:b", -EINVAL);
	refuse("kprobe:a:b:c:d:e:f:g:h:i:j", -EINVAL);
	refuse("BEGIN:x:y", -EINVAL);
	refuse("profile:hz:99", -EINVAL);
	refuse("interval:s:1", -EINVAL);
	refuse("iter:task", -EINVAL);
	refuse("\"quoted\"", -EINVAL);
}

static void expect_argument(struct rs_stacks_place *place, const char *name, uint32_t size,
			    bool is_signed)
{
	struct rs_stacks_config argument = { 0 };
	struct rs_error err = RS_ERROR_INIT;

	assert_int_equal(rs_stacks_place_argument(place, name, &argument, &err), 0);
	assert_int_equal(argument.size, size);
	assert_int_equal(argument.is_signed, is_signed);
}

static void refuse_argument(struct rs_stacks_place *place, const char *name)
{
	struct rs_stacks_config argument = { 0 };
	struct rs_error err = RS_ERROR_INIT;

	assert_int_equal(rs_stacks_place_argument(place, name, &argument, &err), -EINVAL);
	assert_true(err.msg[0]);
}

static void test_arguments(void **state)
{
	struct rs_stacks_place *place = place_of("uprobe:", "main");

	(void)state;
	expect_argument(place, "arg0", 8, false);
	expect_argument(place, "arg5:int32", 4, true);
	expect_argument(place, "arg1:uint8", 1, false);
	refuse_argument(place, "arg99");
	refuse_argument(place, "arg");
	refuse_argument(place, "arg-1");
	refuse_argument(place, "arg0:");
	refuse_argument(place, "arg0:float");
	refuse_argument(place, "retval");
	refuse_argument(place, "");
	rs_stacks_place_free(&place);
	place = place_of("uretprobe:", "main");
	expect_argument(place, "retval", 8, true);
	expect_argument(place, "retval:int32", 4, true);
	refuse_argument(place, "arg0");
	rs_stacks_place_free(&place);
}

static void test_units(void **state)
{
	(void)state;
	assert_string_equal(rs_stacks_unit_of("bytes_alloc"), "bytes");
	assert_string_equal(rs_stacks_unit_of("size"), "bytes");
	assert_string_equal(rs_stacks_unit_of("delay"), "nanoseconds");
	assert_string_equal(rs_stacks_unit_of("arg0"), "count");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_function_of_a_file),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
