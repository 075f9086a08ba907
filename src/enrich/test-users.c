/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/test-scratch.h"
#include "enrich/users.h"

static void put(const char *path, const char *text, size_t n)
{
	assert_int_equal(rs_fd_replace_file(path, text, n, 0644, NULL), 0);
}

static void put_text(const char *path, const char *text)
{
	put(path, text, strlen(text));
}

static struct rs_users *open_users(void)
{
	struct rs_users *users = NULL;

	assert_int_equal(rs_users_new(".", &users, NULL), 0);
	return users;
}

static void test_names(void **state)
{
	_cleanup_(rs_users_free) struct rs_users *users = NULL;
	uint32_t uid;

	(void)state;
	mkdir("etc", 0755);
	put_text("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"
			       "nobody:x:65534:65534::/:/bin/false\n"
			       "toor:x:0:0::/root:/bin/sh\n"
			       "last:x:4294967295:0::/:/bin/sh");
	put_text("etc/group", "wheel:x:0:root\nnogroup:x:65534:\n");
	users = open_users();
	assert_string_equal(rs_users_name(users, 0), "root");
	assert_string_equal(rs_users_name(users, 0), "root");
	assert_string_equal(rs_users_name(users, 65534), "nobody");
	assert_string_equal(rs_users_name(users, 4294967295u), "last");
	assert_null(rs_users_name(users, 1));
	assert_null(rs_users_name(users, 1));
	assert_string_equal(rs_users_group_name(users, 0), "wheel");
	assert_null(rs_users_group_name(users, 7));
	assert_int_equal(rs_users_find_uid(users, "toor", &uid), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(rs_users_find_uid(users, "nobody", &uid), 0);
	assert_int_equal(uid, 65534);
	assert_int_equal(rs_users_find_uid(users, "none", &uid), -ENOENT);
	assert_int_equal(rs_users_skipped(users), 0);
}

static void test_hostile_lines(void **state)
{
	static const char text[] = "\n:\n::\n:::\n:x:1:1\n"
				   "+::2:2\n-bad:x:3:3\n#no:x:4:4\n"
				   "sp ace:x:5:5\n\x1b[31mred:x:6:6\n"
				   "neg:x:-7:7\nhex:x:0x8:8\nbig:x:4294967296:9\n"
				   "huge:x:99999999999999999999:9\nempty:x::9\ncut:x:10\n"
				   "nul\0:x:11:11\n\0\0\0\n"
				   "good:x:12:12:::\n";
	char longline[RS_USERS_NAME_MAX + 32];
	_cleanup_(rs_users_free) struct rs_users *users = NULL;
	_cleanup_(rs_str_done) struct rs_str all = { 0 };

	(void)state;
	mkdir("etc", 0755);
	memset(longline, 'a', sizeof(longline));
	rs_str_append(&all, text, sizeof(text) - 1);
	rs_str_append(&all, longline, RS_USERS_NAME_MAX + 1);
	rs_str_append_cstr(&all, ":x:13:13\n");
	rs_str_append(&all, longline, RS_USERS_NAME_MAX);
	rs_str_append_cstr(&all, ":x:14:14\n");
	put("etc/passwd", all.data, all.len);
	users = open_users();
	for (uint32_t uid = 0; uid < 14; uid++) {
		if (uid != 12)
			assert_null(rs_users_name(users, uid));
	}
	assert_string_equal(rs_users_name(users, 12), "good");
	assert_int_equal(strlen(rs_users_name(users, 14)), RS_USERS_NAME_MAX);
	assert_true(rs_users_skipped(users) >= 15);
}

static void test_missing_and_odd_files(void **state)
{
	_cleanup_(rs_users_free) struct rs_users *users = NULL;

	(void)state;
	mkdir("etc", 0755);
	mkdir("etc/passwd", 0755);
	assert_int_equal(mkfifo("etc/group", 0644), 0); /* must not block us */
	users = open_users();
	assert_null(rs_users_name(users, 0));
	assert_null(rs_users_group_name(users, 0));
	assert_false(rs_users_refresh(users, 0));
}

static void test_refresh(void **state)
{
	_cleanup_(rs_users_free) struct rs_users *users = NULL;

	(void)state;
	mkdir("etc", 0755);
	put_text("etc/passwd", "a:x:1\n");
	users = open_users();
	assert_null(rs_users_name(users, 1)); /* three fields are not enough */
	put_text("etc/passwd", "a:x:1:1:\n");
	assert_true(rs_users_refresh(users, 5000000000ull));
	assert_string_equal(rs_users_name(users, 1), "a");
	put_text("etc/passwd", "bb:x:1:1:\n");
	assert_false(rs_users_refresh(users, 5999999999ull)); /* not yet a second later */
	assert_string_equal(rs_users_name(users, 1), "a");
	assert_true(rs_users_refresh(users, 6000000000ull));
	assert_string_equal(rs_users_name(users, 1), "bb");
	assert_false(rs_users_refresh(users, 7000000000ull)); /* nothing changed */
	unlink("etc/passwd");
	assert_true(rs_users_refresh(users, 8000000000ull));
	assert_null(rs_users_name(users, 1));
}

static void test_caps(void **state)
{
	_cleanup_(rs_users_free) struct rs_users *users = NULL;
	_cleanup_(rs_str_done) struct rs_str all = { 0 };

	(void)state;
	mkdir("etc", 0755);
	for (unsigned i = 0; i < RS_USERS_MAX + 10; i++)
		rs_str_appendf(&all, "u%u:x:%u:\n", i, i);
	put("etc/group", all.data, all.len);
	users = open_users();
	assert_string_equal(rs_users_group_name(users, RS_USERS_MAX - 1), "u65535");
	assert_null(rs_users_group_name(users, RS_USERS_MAX));
	assert_int_equal(rs_users_skipped(users), 10);
}

/* --- another's root --- */

static struct rs_users *open_at(const char *root)
{
	_cleanup_(rs_cleanup_close) int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct rs_users *users = NULL;

	assert_true(fd >= 0);
	assert_int_equal(rs_users_new_at(fd, &users, NULL), 0);
	return users;
}

static void test_at(void **state)
{
	_cleanup_(rs_users_free) struct rs_users *users = NULL;

	(void)state;
	mkdir("root", 0755);
	mkdir("root/etc", 0755);
	put_text("root/etc/passwd", "app:x:1000:1000::/:/bin/sh\n+::1:1\n");
	put_text("root/etc/group", "app:x:1001:\n");
	users = open_at("root");
	assert_string_equal(rs_users_name(users, 1000), "app");
	assert_string_equal(rs_users_group_name(users, 1001), "app");
	assert_null(rs_users_name(users, 1));
	assert_int_equal(rs_users_skipped(users), 1);
	put_text("root/etc/passwd", "other:x:1000:1000::/:/bin/sh\n");
	assert_false(rs_users_refresh(users, 0));
	assert_string_equal(rs_users_name(users, 1000), "app");
}

/* What a container may put there to have something else read or done. */
static void test_at_hostile(void **state)
{
	_cleanup_(rs_users_free) struct rs_users *links = NULL, *odd = NULL, *outside = NULL,
						 *none = NULL;
	_cleanup_(rs_str_done) struct rs_str up = { 0 };
	char here[256];

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	mkdir("secret", 0755);
	put_text("secret/passwd", "secret:x:7:7::\n");
	put_text("secret/group", "secret:x:7:\n");
	mkdir("root", 0755);
	mkdir("root/etc", 0755);
	rs_str_appendf(&up, "%s/secret/passwd", here);
	assert_int_equal(symlink(rs_str_cstr(&up), "root/etc/passwd"), 0);
	assert_int_equal(symlink("../../secret/group", "root/etc/group"), 0);
	links = open_at("root");
	assert_null(rs_users_name(links, 7));
	assert_null(rs_users_group_name(links, 7));

	mkdir("odd", 0755);
	mkdir("odd/etc", 0755);
	mkdir("odd/etc/passwd", 0755);
	assert_int_equal(mkfifo("odd/etc/group", 0644), 0); /* must not block us */
	odd = open_at("odd");
	assert_null(rs_users_name(odd, 0));
	assert_null(rs_users_group_name(odd, 0));

	/* The directory is a link: upwards it ends at the root, and within the root it is followed. */
	mkdir("up", 0755);
	mkdir("up/secret", 0755);
	put_text("up/secret/passwd", "own:x:7:7::\n");
	assert_int_equal(symlink("../../secret", "up/etc"), 0);
	outside = open_at("up");
	assert_string_equal(rs_users_name(outside, 7), "own");
	assert_null(rs_users_group_name(outside, 7));

	mkdir("none", 0755);
	none = open_at("none");
	assert_null(rs_users_name(none, 0));
}

static void test_at_caps(void **state)
{
	_cleanup_(rs_users_free) struct rs_users *users = NULL;
	_cleanup_(rs_str_done) struct rs_str many = { 0 }, large = { 0 };

	(void)state;
	mkdir("etc", 0755);
	for (unsigned i = 0; i < RS_USERS_AT_MAX + 10; i++)
		rs_str_appendf(&many, "u%u:x:%u:\n", i, i);
	put("etc/group", many.data, many.len);
	rs_str_append_cstr(&large, "first:x:1:1::\n#");
	while (large.len < RS_USERS_AT_FILE_MAX + 4096)
		rs_str_append_char(&large, 'x');
	rs_str_append_cstr(&large, "\nlast:x:2:2::\n");
	put("etc/passwd", large.data, large.len);
	users = open_at(".");
	assert_string_equal(rs_users_group_name(users, RS_USERS_AT_MAX - 1), "u1023");
	assert_null(rs_users_group_name(users, RS_USERS_AT_MAX));
	assert_string_equal(rs_users_name(users, 1), "first");
	assert_null(rs_users_name(users, 2));
	assert_int_equal(rs_users_skipped(users), 11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_names),
		scratch_test(test_hostile_lines),
		scratch_test(test_missing_and_odd_files),
		scratch_test(test_refresh),
		scratch_test(test_caps),
		scratch_test(test_at),
		scratch_test(test_at_hostile),
		scratch_test(test_at_caps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
