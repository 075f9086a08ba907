/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/account.h"
#include "base/test-scratch.h"

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void set_up(void)
{
	assert_int_equal(mkdir("etc", 0755), 0);
	put("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"
			  "\n"
			  "broken:x:12\n"
			  "huge:x:99999999999:7:::\n"
			  "web:x:33:34:Web:/var/www:/bin/sh\n"
			  "12:x:1012:1013:::\n"
			  "other:x:12:15:::");
	put("etc/group", "root:x:0:\n"
			 "wheel:x:10:root,web\n"
			 "web:x:34:web\n"
			 "webs:x:35:webs,xweb,we\n"
			 "log:x:36:a,web,b\n"
			 "bad:x:x:web\n"
			 "short:x:37\n");
}

static void test_by_name(void **state)
{
	_cleanup_(rs_account_free) struct rs_account *account = NULL;

	(void)state;
	set_up();
	assert_int_equal(rs_account_find(".", "web", &account, NULL), 0);
	assert_int_equal(account->uid, 33);
	assert_int_equal(account->gid, 34);
	assert_int_equal(account->n_groups, 3);
	assert_int_equal(account->groups[0], 34);
	assert_int_equal(account->groups[1], 10);
	assert_int_equal(account->groups[2], 36);
}

static void test_by_number(void **state)
{
	_cleanup_(rs_account_free) struct rs_account *account = NULL;

	(void)state;
	set_up();
	assert_int_equal(rs_account_find(".", "33", &account, NULL), 0);
	assert_int_equal(account->uid, 33);
	assert_int_equal(account->n_groups, 3);
	rs_account_free(&account);
	/* whoever stands first, by either */
	assert_int_equal(rs_account_find(".", "12", &account, NULL), 0);
	assert_int_equal(account->uid, 1012);
}

static void test_nobody(void **state)
{
	struct rs_account *account = NULL;
	struct rs_error err = RS_ERROR_INIT;

	(void)state;
	set_up();
	assert_int_equal(rs_account_find(".", "nobody-here", &account, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "nobody-here"));
	assert_int_equal(rs_account_find(".", "", &account, &err), -ENOENT);
	assert_int_equal(rs_account_find(".", "broken", &account, &err), -ENOENT);
	assert_int_equal(rs_account_find(".", "huge", &account, &err), -ENOENT);
	assert_int_equal(unlink("etc/group"), 0);
	assert_int_equal(rs_account_find(".", "web", &account, &err), 0);
	assert_int_equal(account->n_groups, 1);
	rs_account_free(&account);
	assert_int_equal(unlink("etc/passwd"), 0);
	assert_int_equal(rs_account_find(".", "web", &account, &err), -ENOENT);
	assert_null(account);
}

static void test_groups(void **state)
{
	_cleanup_(rs_account_free) struct rs_account *account = NULL;
	struct rs_error err = RS_ERROR_INIT;
	FILE *file;

	(void)state;
	set_up();
	file = fopen("etc/group", "w");
	assert_non_null(file);
	for (int i = 0; i < RS_ACCOUNT_GROUPS; i++)
		fprintf(file, "g%d:x:%d:web\n", i, 1000 + i);
	fclose(file);
	assert_int_equal(rs_account_find(".", "web", &account, &err), -E2BIG);
	assert_non_null(strstr(err.msg, "groups"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_by_name),
		scratch_test(test_by_number),
		scratch_test(test_nobody),
		scratch_test(test_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
