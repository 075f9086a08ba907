/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>

#include "enrich/processes-proc.h"
#include "enrich/test-processes.h"

static struct rs_process_reading reading;

static int read_here(uint32_t pid)
{
	_cleanup_(rs_cleanup_close) int fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	memset(&reading, 0xff, sizeof(reading));
	return rs_process_read(fd, pid, &reading);
}

static void test_all(void **state)
{
	(void)state;
	put_child(7, 3, "a b) (c", START(7), "/bin/x");
	put_file(7, "cmdline", "x\0\0y", 5);
	assert_int_equal(read_here(7), 0);
	assert_int_equal(reading.ppid, 3);
	assert_int_equal(reading.ticks * (RS_NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK)),
			 7 * RS_NSEC_PER_SEC);
	assert_string_equal(reading.comm, "a b) (c");
	assert_int_equal(reading.exe_len, 6);
	assert_memory_equal(reading.exe, "/bin/x", 6);
	assert_int_equal(reading.args_len, 5);
	assert_memory_equal(reading.args, "x\0\0y", 5);
}

static void test_none(void **state)
{
	(void)state;
	assert_int_equal(read_here(8), -ENOENT);
	assert_int_equal(rs_process_read(-1, 8, &reading), -EBADF);
	mkdir("8", 0755);
	assert_int_equal(read_here(8), -ENOENT);
}

/* The mark of a file without a name is taken off, but not when it is part of a name. */
static void test_deleted(void **state)
{
	(void)state;
	put_child(7, 0, "x", START(7), "/nothing/x (deleted)");
	assert_int_equal(read_here(7), 0);
	assert_int_equal(reading.exe_len, 20);
	put_child(7, 0, "x", START(7), " (deleted)");
	assert_int_equal(read_here(7), 0);
	assert_int_equal(reading.exe_len, 0); /* not a path */
}

static void test_odd_stat(void **state)
{
	static const char *const wrong[] = { "",           "7",
					     "7 (x",       "7 x) S 1",
					     ")(",         "7 (x)",
					     "7 (x)S 1 1", "7 (x) S 1 1 1 0 -1 4194560 9 9 9" };

	(void)state;
	put_child(7, 0, "x", START(7), NULL);
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		put_file(7, "stat", wrong[i], strlen(wrong[i]));
		assert_true(read_here(7) < 0);
	}
	put_child(7, 0, "", START(7), NULL);
	assert_int_equal(read_here(7), 0);
	assert_string_equal(reading.comm, "");
	put_child(7, 0, "a name that is far too long for a process", START(7), NULL);
	assert_int_equal(read_here(7), 0);
	assert_string_equal(reading.comm, "a name that is ");
}

static void test_odd_args(void **state)
{
	static char large[9000];

	(void)state;
	put_child(7, 0, "x", START(7), NULL);
	put_file(7, "cmdline", "", 0);
	assert_int_equal(read_here(7), 0);
	assert_int_equal(reading.args_len, 0);
	put_file(7, "cmdline", "\0\0\0", 3);
	assert_int_equal(read_here(7), 0);
	assert_int_equal(reading.args_len, 0);
	put_file(7, "cmdline", "title", 5);
	assert_int_equal(read_here(7), 0);
	assert_int_equal(reading.args_len, 6);
	memset(large, 'x', sizeof(large));
	put_file(7, "cmdline", large, sizeof(large));
	assert_int_equal(read_here(7), 0);
	assert_int_equal(reading.args_len, RS_PROCESS_ARGS_MAX);
	assert_int_equal(reading.args[RS_PROCESS_ARGS_MAX - 1], 0);
	memset(large, 0, sizeof(large)); /* a title is padded */
	memcpy(large, "title", 5);
	put_file(7, "cmdline", large, sizeof(large));
	assert_int_equal(read_here(7), 0);
	assert_int_equal(reading.args_len, 6);
}

static void test_copy_args(void **state)
{
	char buf[RS_PROCESS_ARGS_MAX], exact[RS_PROCESS_ARGS_MAX];

	(void)state;
	assert_int_equal(rs_process_copy_args(buf, NULL, 0), 0);
	assert_int_equal(rs_process_copy_args(buf, "a", 2), 2);
	assert_int_equal(rs_process_copy_args(buf, "a", 1), 2);
	assert_memory_equal(buf, "a", 2);
	memset(exact, 'x', sizeof(exact));
	assert_int_equal(rs_process_copy_args(buf, exact, sizeof(exact)), sizeof(exact));
	assert_int_equal(buf[sizeof(exact) - 1], 0);
	assert_int_equal(rs_process_copy_args(buf, exact, sizeof(exact) - 1), sizeof(exact));
	exact[sizeof(exact) - 1] = '\0';
	assert_int_equal(rs_process_copy_args(buf, exact, sizeof(exact)), sizeof(exact));
	assert_memory_equal(buf, exact, sizeof(exact));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_all),      scratch_test(test_none),
		scratch_test(test_deleted),  scratch_test(test_odd_stat),
		scratch_test(test_odd_args), scratch_test(test_copy_args),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
