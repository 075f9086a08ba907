/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fd.h"

/* Every test runs in an empty directory of its own. */
static int enter_scratch(void **state)
{
	static char path[64];

	snprintf(path, sizeof(path), "/tmp/rs-test-fd.XXXXXX");
	if (!mkdtemp(path) || chdir(path) < 0)
		return -1;
	*state = path;
	return 0;
}

static int leave_scratch(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf -- '%s'", (const char *)*state);
	return chdir("/") < 0 || system(command) != 0 ? -1 : 0;
}

static void test_write_read(void **state)
{
	_cleanup_(rs_str_done) struct rs_str s = { 0 };
	struct rs_error err = RS_ERROR_INIT;
	char big[20000], buf[8];

	(void)state;
	memset(big, 'z', sizeof(big));
	assert_int_equal(rs_fd_replace_file("f", big, sizeof(big), 0600, &err), 0);
	assert_int_equal(rs_fd_read_file("f", sizeof(big), &s, &err), 0);
	assert_int_equal(s.len, sizeof(big));
	assert_memory_equal(s.data, big, sizeof(big));
	rs_str_reset(&s);
	assert_int_equal(rs_fd_read_file("f", 100, &s, &err), -EFBIG);
	assert_int_equal(s.len, 100);
	assert_string_equal(err.msg, "reading \"f\": more than 100 bytes");
	rs_str_reset(&s);
	assert_int_equal(rs_fd_read_file("none", 100, &s, &err), -ENOENT);
	assert_string_equal(err.msg, "reading \"none\": No such file or directory");
	assert_int_equal(rs_fd_read_file(".", 100, &s, &err), -EISDIR);
	assert_int_equal(rs_fd_read_buf_at(AT_FDCWD, "f", buf, sizeof(buf)), 7);
	assert_string_equal(buf, "zzzzzzz");
	assert_int_equal(rs_fd_read_buf_at(AT_FDCWD, "f", buf, 1), 0);
	assert_int_equal(rs_fd_read_buf_at(AT_FDCWD, "none", buf, 1), -ENOENT);
	assert_int_equal(rs_fd_read_file_at(AT_FDCWD, "/proc/self/stat", 65536, &s), 0);
	assert_true(s.len > 20);
}

static void test_str_cap(void **state)
{
	_cleanup_(rs_str_done) struct rs_str s = RS_STR_INIT(10);

	(void)state;
	assert_int_equal(rs_fd_replace_file("f", "0123456789abc", 13, 0600, NULL), 0);
	assert_int_equal(rs_fd_read_file("f", 1000, &s, NULL), -ENOBUFS);
}

static void test_replace(void **state)
{
	struct rs_error err = RS_ERROR_INIT;
	struct stat st;

	(void)state;
	assert_int_equal(rs_fd_replace_file("f", "one", 3, 0640, &err), 0);
	assert_int_equal(rs_fd_replace_file("./f", "", 0, 0600, &err), 0);
	assert_int_equal(stat("f", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(rs_fd_replace_file("no/f", "one", 3, 0640, &err), -ENOENT);
	/* A target that cannot be renamed over leaves no temporary behind. */
	assert_int_equal(mkdir("dir", 0700), 0);
	assert_true(rs_fd_replace_file("dir", "one", 3, 0640, &err) < 0);
	assert_int_equal(system("test \"$(ls | tr '\\n' ' ')\" = 'dir f '"), 0);
}

static void test_mkdir(void **state)
{
	struct rs_error err = RS_ERROR_INIT;
	char long_path[5000];

	(void)state;
	assert_int_equal(rs_fd_mkdir_p("a/b//c/", 0700, &err), 0);
	assert_int_equal(rs_fd_mkdir_p("a/b/c", 0700, &err), 0);
	assert_int_equal(rs_fd_mkdir_p("/", 0700, &err), 0);
	assert_int_equal(rs_fd_mkdir_p("/tmp", 0700, &err), 0);
	assert_int_equal(rs_fd_replace_file("a/f", "", 0, 0600, &err), 0);
	assert_int_equal(rs_fd_mkdir_p("a/f/x", 0700, &err), -ENOTDIR);
	assert_string_equal(err.msg, "creating directory \"a/f\": Not a directory");
	assert_int_equal(rs_fd_mkdir_p("", 0700, &err), -ENOENT);
	memset(long_path, 'a', sizeof(long_path));
	long_path[sizeof(long_path) - 1] = '\0';
	assert_int_equal(rs_fd_mkdir_p(long_path, 0700, &err), -ENAMETOOLONG);
}

/* A full pipe that does not block: the writer waits for the reader. */
static void test_write_nonblock(void **state)
{
	int fds[2];
	pid_t child;
	char big[300000];
	int status;

	(void)state;
	memset(big, 'q', sizeof(big));
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(rs_fd_set_nonblock(fds[1], true), 0);
	child = fork();
	if (child == 0) {
		char buf[1000];
		size_t total = 0;
		ssize_t n;

		close(fds[1]);
		while ((n = read(fds[0], buf, sizeof(buf))) > 0)
			total += (size_t)n;
		_exit(total == sizeof(big) ? 0 : 1);
	}
	close(fds[0]);
	assert_int_equal(rs_fd_write_all(fds[1], big, sizeof(big)), 0);
	close(fds[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	close(fds[0]);
	assert_int_equal(rs_fd_write_all(fds[1], big, 1), -EPIPE);
	close(fds[1]);
	assert_int_equal(rs_fd_write_all(-1, big, 1), -EBADF);
	assert_int_equal(rs_fd_write_all(-1, big, 0), 0);
}

static void test_flags(void **state)
{
	_cleanup_(rs_cleanup_close) int fd = open("/dev/null", O_RDONLY);

	(void)state;
	assert_int_equal(rs_fd_set_cloexec(fd, true), 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(rs_fd_set_cloexec(fd, false), 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	assert_int_equal(rs_fd_set_nonblock(-1, false), -EBADF);
}

static void test_pidfile(void **state)
{
	_cleanup_(rs_cleanup_close) int fd = -1, again = -1;
	struct rs_error err = RS_ERROR_INIT;
	char want[100];
	pid_t holder = -1;

	(void)state;
	assert_int_equal(rs_fd_replace_file("pid", "999999999\nstale", 15, 0644, NULL), 0);
	assert_int_equal(rs_fd_lock_pidfile("pid", &fd, &holder, &err), 0);
	assert_int_equal(holder, -1);
	assert_int_equal(rs_fd_lock_pidfile("pid", &again, &holder, &err), -EBUSY);
	assert_int_equal(again, -1);
	assert_int_equal(holder, getpid());
	snprintf(want, sizeof(want), "\"pid\" is locked by process %d", (int)getpid());
	assert_string_equal(err.msg, want);
	/* What others write into it is not believed blindly. */
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, "12\0x34567890123456789012345678901234567890", 42, 0), 42);
	assert_int_equal(rs_fd_lock_pidfile("pid", &again, NULL, &err), -EBUSY);
	assert_int_equal(pwrite(fd, "99999999999999999999999999", 26, 0), 26);
	assert_int_equal(rs_fd_lock_pidfile("pid", &again, &holder, &err), -EBUSY);
	assert_int_equal(holder, 0);
	rs_cleanup_close(&fd);
	assert_int_equal(rs_fd_lock_pidfile("pid", &again, &holder, &err), 0);
	assert_int_equal(symlink("pid", "link"), 0);
	assert_int_equal(rs_fd_lock_pidfile("link", &fd, &holder, &err), -ELOOP);
	assert_int_equal(rs_fd_lock_pidfile("no/pid", &fd, &holder, &err), -ENOENT);
}

#define scratch_test(fn) cmocka_unit_test_setup_teardown(fn, enter_scratch, leave_scratch)

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_write_read),
		scratch_test(test_str_cap),
		scratch_test(test_replace),
		scratch_test(test_mkdir),
		cmocka_unit_test(test_write_nonblock),
		cmocka_unit_test(test_flags),
		scratch_test(test_pidfile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
