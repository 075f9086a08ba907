/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/choice.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
/* keep order: cmocka wants the above */
#include <cmocka.h>

#include "base/fd.h"
#include "base/test-scratch.h"

static struct rs_opt_list list_of(char **words, size_t n)
{
	return (struct rs_opt_list){ .items = words, .len = n };
}

static void pids(void **state)
{
	char *words[] = { (char *)"1", (char *)"2147483647", (char *)" 42\t7\n" };
	struct rs_opt_list list = list_of(words, 3);
	uint32_t *numbers = NULL;
	size_t n = 9;

	(void)state;
	assert_int_equal(rs_choice_pids(&list, &numbers, &n, NULL), 0);
	assert_int_equal(numbers[0], 1);
	assert_int_equal(numbers[1], 2147483647);
	assert_int_equal(numbers[2], 42);
	assert_int_equal(numbers[3], 7);
	assert_int_equal(n, 4);
	free(numbers);
	list.len = 0;
	assert_int_equal(rs_choice_pids(&list, &numbers, &n, NULL), 0);
	assert_non_null(numbers);
	assert_int_equal(n, 0);
	free(numbers);
}

static void wrong_pids(void **state)
{
	static const char *const wrong[] = { "0", "", " ", "-1", "x", "1x", "2147483648", "1 0" };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char *words[] = { (char *)wrong[i] };
		struct rs_opt_list list = list_of(words, 1);
		struct rs_error err = RS_ERROR_INIT;
		uint32_t *numbers = NULL;
		size_t n;

		assert_int_equal(rs_choice_pids(&list, &numbers, &n, &err), -EINVAL);
		assert_int_equal(err.code, -EINVAL);
		assert_non_null(strstr(err.msg, "--pid"));
		assert_null(numbers);
	}
}

static void users(void **state)
{
	static const char passwd[] = "root:x:0:0::/:\nweb:x:33:33::/:\n7up:x:77:77::/:\n";
	char *words[] = { (char *)"web", (char *)"root", (char *)"4294967294", (char *)"33" };
	char *wrong[] = { (char *)"nobody-of-this-name", (char *)"4294967295", (char *)"7up",
			  (char *)"" };
	struct rs_opt_list list = list_of(words, 4);
	uint32_t *numbers = NULL;

	assert_int_equal(mkdir("etc", 0755), 0);
	assert_int_equal(rs_fd_replace_file("etc/passwd", passwd, strlen(passwd), 0644, NULL), 0);
	assert_int_equal(rs_choice_uids(&list, *state, &numbers, NULL), 0);
	assert_int_equal(numbers[0], 33);
	assert_int_equal(numbers[1], 0);
	assert_int_equal(numbers[2], 4294967294);
	assert_int_equal(numbers[3], 33);
	free(numbers);
	numbers = NULL;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct rs_error err = RS_ERROR_INIT;

		list = list_of(&wrong[i], 1);
		assert_int_equal(rs_choice_uids(&list, *state, &numbers, &err), -EINVAL);
		assert_non_null(strstr(err.msg, "--uid"));
		assert_null(numbers);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pids),
		cmocka_unit_test(wrong_pids),
		scratch_test(users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
