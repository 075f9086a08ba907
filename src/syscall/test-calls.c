/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "syscall/call.h"
#include "syscall/syscall.h"

/* Both columns of numbers, whatever this is built for. */
struct number {
	const char *name;
	int x86, arm64;
};
/* clang-format off */
static const struct number numbers[] = {
#define CALL(n, x86, arm64, ...) { #n, x86, arm64 },
#define X86(n, x86, ...)         { #n, x86, -1 },
#include "syscall/rows.inc"
#undef CALL
#undef X86
};
/* clang-format on */

static void test_numbers_are_taken_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		for (size_t j = 0; j < i; j++) {
			assert_int_not_equal(numbers[i].x86, numbers[j].x86);
			assert_true(numbers[i].arm64 < 0 || numbers[i].arm64 != numbers[j].arm64);
			assert_string_not_equal(numbers[i].name, numbers[j].name);
		}
}

/* From 424 on all architectures have the same numbers. */
static void test_new_numbers_are_common(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (numbers[i].x86 >= 424)
			assert_int_equal(numbers[i].x86, numbers[i].arm64);
}

static void assert_number(const char *name, unsigned nr)
{
	const struct rs_call *call = rs_call_find(name);

	assert_non_null(call);
	assert_int_equal(rs_call_number(call), nr);
	assert_ptr_equal(rs_call_of(nr), call);
	assert_string_equal(rs_call_name(call), name);
}

static void test_numbers_are_the_systems(void **state)
{
	(void)state;
	assert_number("read", SYS_read);
	assert_number("openat", SYS_openat);
	assert_number("newfstatat", SYS_newfstatat);
	assert_number("umount2", SYS_umount2);
	assert_number("clone3", SYS_clone3);
	assert_number("exit_group", SYS_exit_group);
	assert_number("fadvise64", SYS_fadvise64);
	assert_number("statmount", 457);
	assert_number("file_setattr", 469);
	assert_null(rs_call_of(RS_CALLS_MAX));
	assert_null(rs_call_of(RS_CALLS_MAX - 1));
	assert_null(rs_call_of(~0u));
	assert_null(rs_call_find("nonesuch"));
}

static void check_row(void *data, const struct rs_call *call)
{
	unsigned *count = data;

	(*count)++;
	assert_true(call->count <= 6);
	assert_true(strspn(call->classes, "fdnpsimctu1234567") == strlen(call->classes));
	for (unsigned i = 0; i < call->count; i++) {
		const struct rs_capture *c = &call->args[i].capture;
		bool counted = c->how == RS_CAPTURE_BUFFER || c->how == RS_CAPTURE_BEHIND ||
			       c->how == RS_CAPTURE_VECTORS || c->how == RS_CAPTURE_MESSAGES;

		assert_non_null(call->args[i].name);
		/* what is captured has a moment, and a size where it needs one */
		assert_true(!c->how == !(c->when & (RS_CAPTURE_ENTRY | RS_CAPTURE_EXIT)));
		assert_true(c->how != RS_CAPTURE_BYTES || c->size);
		assert_true(!counted || (c->by < call->count && c->by != i));
	}
}

static void test_rows_are_sound(void **state)
{
	unsigned count = 0;

	(void)state;
	rs_call_each(check_row, &count);
	assert_true(count > 300);
}

static void test_what_arguments_are(void **state)
{
	const struct rs_call *call = rs_call_find("openat");
	struct rs_call_capture capture;

	(void)state;
	assert_int_equal(rs_call_args(call), 4);
	assert_int_equal(rs_call_fd_args(call), 1);
	assert_true(rs_call_returns_fd(call));
	assert_int_equal(rs_call_path_arg(call), 1);
	assert_string_equal(rs_call_arg_name(call, 1), "filename");
	assert_null(rs_call_arg_name(call, 4));
	rs_call_capture_of(call, &capture);
	assert_int_equal(capture.args[1].how, RS_CAPTURE_STRING);
	assert_int_equal(capture.args[0].how, RS_CAPTURE_NONE);
	call = rs_call_find("read");
	assert_int_equal(rs_call_path_arg(call), -1);
	assert_false(rs_call_returns_fd(call));
	rs_call_capture_of(call, &capture);
	assert_int_equal(capture.args[1].how, RS_CAPTURE_RESULT);
	assert_int_equal(capture.args[1].when, RS_CAPTURE_EXIT | RS_CAPTURE_DATA);
}

static bool in_set(const char *set, const char *name)
{
	struct rs_call_set s;

	assert_int_equal(rs_call_set_parse(set, &s, NULL), 0);
	return rs_call_set_has(&s, rs_call_number(rs_call_find(name)));
}

static void test_sets(void **state)
{
	(void)state;
	assert_true(in_set("openat,futex", "futex"));
	assert_false(in_set("openat,futex", "read"));
	assert_true(in_set("%file", "openat"));
	assert_true(in_set("file", "execve"));
	assert_false(in_set("%file", "read"));
	assert_true(in_set("%network,%process", "clone3"));
	assert_true(in_set("%net", "sendto"));
	assert_true(in_set("%%stat", "statx"));
	assert_false(in_set("%stat", "statx"));
	assert_true(in_set("!futex", "read"));
	assert_false(in_set("!futex,read", "read"));
	assert_true(in_set("/^epoll_", "epoll_ctl"));
	assert_false(in_set("/^epoll_", "read"));
	assert_true(in_set("?newer_than_this,read", "read"));
	assert_true(in_set("all", "read"));
	assert_false(in_set("none", "read"));
	assert_true(in_set("!none", "read"));
	assert_true(in_set("%creds,%clock,%pure,%ipc,%memory,%signal,%desc", "getpid"));
}

static void test_bad_sets(void **state)
{
	static const char *const bad[] = {
		"opnat", "%fil", "", "read,", "/[", "/^zzz", "999", "1x"
	};
	struct rs_error err = RS_ERROR_INIT;
	struct rs_call_set set;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(rs_call_set_parse(bad[i], &set, NULL), -EINVAL);
	assert_int_equal(rs_call_set_parse("opnat", &set, &err), -EINVAL);
	assert_string_equal(err.msg, "unknown system call or group \"opnat\"");
	assert_string_equal(err.hint, "did you mean \"openat\"?");
}

static void test_codes(void **state)
{
	(void)state;
	assert_string_equal(rs_errno_name(ENOENT), "ENOENT");
	assert_string_equal(rs_errno_name(EOPNOTSUPP), "EOPNOTSUPP");
	assert_string_equal(rs_errno_name(EAGAIN), "EAGAIN");
	assert_string_equal(rs_errno_text(ENOENT), "No such file or directory");
	assert_string_equal(rs_errno_name(512), "ERESTARTSYS");
	assert_null(rs_errno_name(4000));
	assert_null(rs_errno_name(0));
	assert_string_equal(rs_signal_name(SIGTERM), "SIGTERM");
	assert_string_equal(rs_signal_name(32), "SIGRTMIN");
	assert_string_equal(rs_signal_name(34), "SIGRT_2");
	assert_null(rs_signal_name(65));
	assert_null(rs_signal_name(-1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_are_taken_once),
		cmocka_unit_test(test_new_numbers_are_common),
		cmocka_unit_test(test_numbers_are_the_systems),
		cmocka_unit_test(test_rows_are_sound),
		cmocka_unit_test(test_what_arguments_are),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_bad_sets),
		cmocka_unit_test(test_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
