/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/mounts.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* keep order: cmocka needs those above */
#include <cmocka.h>

#define MAX 8

struct seen {
	size_t n;
	size_t stop; /* end the walk at this one, 0: never */
	struct {
		char root[64];
		char point[64];
		char type[32];
		char options[64];
		bool readonly;
	} at[MAX];
};

static int keep(void *arg, const struct rs_mount *mount)
{
	struct seen *seen = arg;

	assert_true(seen->n < MAX);
	snprintf(seen->at[seen->n].root, 64, "%.63s", mount->root);
	snprintf(seen->at[seen->n].point, 64, "%.63s", mount->point);
	snprintf(seen->at[seen->n].type, 32, "%s", mount->type);
	snprintf(seen->at[seen->n].options, 64, "%.63s", mount->options);
	seen->at[seen->n].readonly = mount->readonly;
	seen->n++;
	return seen->n == seen->stop ? 7 : 0;
}

static int parse(const char *text, struct seen *seen)
{
	return rs_mounts_parse(text, strlen(text), keep, seen);
}

static void test_lines(void **state)
{
	struct seen seen = { 0 };

	(void)state;
	assert_int_equal(
		parse("22 1 0:21 / /sys rw,nosuid - sysfs sysfs rw\n"
		      "30 22 0:26 / /sys/fs/cgroup ro,nosuid shared:9 master:3 - cgroup2 cgroup rw\n"
		      "31 22 8:1 /data /mnt rw - ext4 /dev/sda1 rw,errors=remount-ro",
		      &seen),
		0);
	assert_int_equal(seen.n, 3);
	assert_string_equal(seen.at[0].point, "/sys");
	assert_string_equal(seen.at[0].type, "sysfs");
	assert_false(seen.at[0].readonly);
	assert_string_equal(seen.at[1].type, "cgroup2");
	assert_string_equal(seen.at[2].options, "rw,errors=remount-ro");
	assert_true(seen.at[1].readonly);
	assert_string_equal(seen.at[2].root, "/data");
	assert_string_equal(seen.at[2].point, "/mnt");
}

static void test_escapes(void **state)
{
	struct seen seen = { 0 };

	(void)state;
	assert_int_equal(parse("22 1 0:21 / /a\\040b\\134c\\012d rw - tmpfs t rw\n"
			       "22 1 0:21 / /odd\\9 rw - tmpfs t rw\n"
			       "22 1 0:21 / /end\\04 rw - tmpfs t rw\n",
			       &seen),
			 0);
	assert_int_equal(seen.n, 3);
	assert_string_equal(seen.at[0].point, "/a b\\c\nd");
	assert_string_equal(seen.at[1].point, "/odd\\9");
	assert_string_equal(seen.at[2].point, "/end\\04");
}

static void test_nonsense_is_skipped(void **state)
{
	struct seen seen = { 0 };

	(void)state;
	assert_int_equal(
		parse("\n\n22\n22 1 0:21 / /no-separator rw shared:1\n22 1 0:21 / /x rw -\n"
		      "22 1 0:21 / /good rw - tmpfs t rw\n",
		      &seen),
		0);
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.at[0].point, "/good");
	assert_int_equal(rs_mounts_parse(NULL, 0, keep, &seen), 0);
}

static void test_stop(void **state)
{
	struct seen seen = { .stop = 1 };

	(void)state;
	assert_int_equal(
		parse("1 1 0:1 / /a rw - tmpfs t rw\n1 1 0:1 / /b rw - tmpfs t rw\n", &seen), 7);
	assert_int_equal(seen.n, 1);
}

static void test_proc_is_mounted(void **state)
{
	char point[64];

	(void)state;
	assert_int_equal(rs_mounts_find("proc", 0x9fa0, point, sizeof(point)), 0);
	assert_int_equal(point[0], '/');
	assert_int_equal(rs_mounts_find("no-such-type", 1, point, sizeof(point)), -ENOENT);
	assert_int_equal(rs_mounts_find("proc", 0x9fa0, point, 2), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_nonsense_is_skipped),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_proc_is_mounted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
