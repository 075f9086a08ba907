/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "base/str.h"
#include "base/util.h"
#include "syscall/syscall.h"

static struct rs_call_event call(const char *name, int64_t result)
{
	const struct rs_call *c = rs_call_find(name);

	assert_non_null(c);
	return (struct rs_call_event){
		.call = c, .nr = rs_call_number(c), .done = true, .result = result
	};
}

static void set(struct rs_call_memory *m, uint64_t *arg, const void *data, size_t len)
{
	*m = (struct rs_call_memory){ .data = data, .len = (uint32_t)len };
	*arg = 0x7000;
}

static void text_of(const struct rs_call_event *event, bool verbose, struct rs_str *out)
{
	const struct rs_call_print print = { .string_max = 32, .verbose = verbose };
	unsigned next = 99;

	rs_str_reset(out);
	assert_int_equal(rs_call_format_entry(event, &print, out, &next), 0);
	assert_int_equal(rs_call_format_rest(event, &print, next, out), 0);
	rs_str_append_cstr(out, " = ");
	assert_int_equal(rs_call_format_result(event, &print, out), 0);
}

static void assert_text(const struct rs_call_event *event, const char *expected)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);

	text_of(event, false, &out);
	assert_string_equal(rs_str_cstr(&out), expected);
}

static void test_paths_and_flags(void **state)
{
	struct rs_call_event e = call("openat", 3);

	(void)state;
	e.args[0] = (uint64_t)AT_FDCWD;
	set(&e.in[1], &e.args[1], "/etc/passwd", 12);
	e.args[2] = O_RDONLY | O_CLOEXEC;
	assert_text(&e, "openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY|O_CLOEXEC) = 3");
	e.args[2] = O_WRONLY | O_CREAT | O_TRUNC;
	e.args[3] = 0644;
	e.result = -EACCES;
	assert_text(&e,
		    "openat(AT_FDCWD, \"/etc/passwd\", O_WRONLY|O_CREAT|O_TRUNC, 0644) = -1 EACCES "
		    "(Permission denied)");
	e.in[1] = (struct rs_call_memory){ .fault = true };
	e.args[2] = 0;
	e.result = -EFAULT;
	assert_text(&e, "openat(AT_FDCWD, 0x7000, O_RDONLY) = -1 EFAULT (Bad address)");
}

static void test_entry_and_rest(void **state)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);
	const struct rs_call_print print = { .string_max = 4 };
	struct rs_call_event e = call("read", 0);
	unsigned next;

	(void)state;
	e.done = false;
	e.args[0] = 3;
	e.args[2] = 512;
	e.args[1] = 0x7000;
	rs_call_format_entry(&e, &print, &out, &next);
	assert_string_equal(rs_str_cstr(&out), "read(3, ");
	assert_int_equal(next, 1);
	rs_str_reset(&out);
	e.done = true;
	e.result = 6;
	e.out[1] = (struct rs_call_memory){ .data = "a\n\0012\"b", .len = 6 };
	rs_call_format_rest(&e, &print, next, &out);
	assert_string_equal(rs_str_cstr(&out), "\"a\\n\\0012\"..., 512)");
	rs_str_reset(&out);
	e.done = false;
	rs_call_format_result(&e, &print, &out);
	assert_string_equal(rs_str_cstr(&out), "?");
}

static void test_memory(void **state)
{
	struct rs_call_event e = call("mmap", 0x7f0000000000);

	(void)state;
	e.args[1] = 8192;
	e.args[2] = PROT_READ | PROT_WRITE;
	e.args[3] = MAP_PRIVATE | MAP_ANONYMOUS;
	e.args[4] = UINT64_MAX;
	assert_text(
		&e,
		"mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000");
}

static void test_stat(void **state)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);
	struct rs_call_event e = call("fstat", 0);
	struct stat st = { .st_mode = S_IFREG | 0644, .st_size = 2996, .st_ino = 7 };

	(void)state;
	e.args[0] = 3;
	set(&e.out[1], &e.args[1], &st, sizeof(st));
	assert_text(&e, "fstat(3, {st_mode=S_IFREG|0644, st_size=2996, ...}) = 0");
	text_of(&e, true, &out);
	assert_non_null(strstr(rs_str_cstr(&out), "st_ino=7, st_mode=S_IFREG|0644, st_nlink=0, "));
	e.out[1].len = 10; /* not all of it */
	assert_text(&e, "fstat(3, 0x7000) = 0");
	e.result = -EBADF;
	assert_text(&e, "fstat(3, 0x7000) = -1 EBADF (Bad file descriptor)");
}

static void test_sockets(void **state)
{
	struct rs_call_event e = call("connect", -EINPROGRESS);
	struct sockaddr_in in = { AF_INET, htons(53), { htonl(0x01020304) }, { 0 } };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(443) };

	(void)state;
	e.args[0] = 3;
	e.args[2] = sizeof(in);
	set(&e.in[1], &e.args[1], &in, sizeof(in));
	assert_text(
		&e,
		"connect(3, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr(\"1.2.3.4\")}, 16) = "
		"-1 EINPROGRESS (Operation now in progress)");
	in6.sin6_addr.s6_addr[0] = 0x20;
	in6.sin6_addr.s6_addr[15] = 1;
	e.args[2] = sizeof(in6);
	e.result = 0;
	set(&e.in[1], &e.args[1], &in6, sizeof(in6));
	assert_text(&e,
		    "connect(3, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), "
		    "inet_pton(AF_INET6, \"2000::1\", &sin6_addr), sin6_scope_id=0}, 28) = 0");
}

static void test_poll(void **state)
{
	struct pollfd before[2] = { { 3, POLLIN, 0 }, { -1, POLLIN, 0 } },
		      after[2] = { { 3, POLLIN, POLLHUP } };
	struct rs_call_event e = call("ppoll", 0);

	(void)state;
	e.args[1] = 2;
	set(&e.in[0], &e.args[0], before, sizeof(before));
	e.out[0] = (struct rs_call_memory){ .data = after, .len = sizeof(after) };
	assert_text(&e, "ppoll([{fd=3, events=POLLIN}, {fd=-1}], 2, NULL, NULL, 0) = 0 (Timeout)");
	e.result = 1;
	assert_text(
		&e,
		"ppoll([{fd=3, events=POLLIN}, {fd=-1}], 2, NULL, NULL, 0) = 1 ([{fd=3, revents=POLLHUP}])");
}

/* Parts: header, bytes, padding. */
static size_t add_part(char *at, const void *data, uint32_t len, uint32_t flags)
{
	struct rs_capture_part head = { .len = len, .flags = flags };

	memcpy(at, &head, sizeof(head));
	memcpy(at + sizeof(head), data, len);
	return sizeof(head) + ((len + 7) & ~7u);
}

static void test_parts(void **state)
{
	struct iovec iov[2] = { { (void *)0x100, 5 }, { (void *)0x200, 99 } };
	struct rs_call_event e = call("writev", 104);
	char buf[256] = "";
	size_t n = 0;
	uint64_t count = 2;

	(void)state;
	n += add_part(buf + n, iov, sizeof(iov), 0);
	n += add_part(buf + n, "hello", 5, 0);
	n += add_part(buf + n, "cannot be read", 0, RS_CAPTURE_FAULT);
	e.args[0] = 1;
	e.args[2] = 2;
	set(&e.in[1], &e.args[1], buf, n);
	assert_text(
		&e,
		"writev(1, [{iov_base=\"hello\", iov_len=5}, {iov_base=0x200, iov_len=99}], 2) = 104");

	e = call("execve", 0);
	n = add_part(buf, &count, sizeof(count), 0);
	n += add_part(buf + n, "ls", 3, 0);
	n += add_part(buf + n, "-lon", 4, RS_CAPTURE_CUT);
	set(&e.in[0], &e.args[0], "/bin/ls", 8);
	set(&e.in[1], &e.args[1], buf, n);
	set(&e.in[2], &e.args[2], buf, 16);
	assert_text(&e, "execve(\"/bin/ls\", [\"ls\", \"-lon\"...], 0x7000 /* 2 vars */) = 0");
}

static void test_by_command(void **state)
{
	struct rs_call_event e = call("futex", 1);

	(void)state;
	e.args[0] = 0x1000;
	e.args[1] = 129;
	e.args[2] = 1;
	assert_text(&e, "futex(0x1000, FUTEX_WAKE_PRIVATE, 1) = 1");
	e = call("fcntl", 0x8002);
	e.args[0] = 3;
	e.args[1] = F_GETFL;
#ifdef __x86_64__
	assert_text(&e, "fcntl(3, F_GETFL) = 0x8002 (flags O_RDWR|O_LARGEFILE)");
#endif
	e = call("ioctl", 0);
	e.args[1] = 0xc0385101;
	e.args[2] = 0x1234;
	assert_text(&e, "ioctl(0, _IOC(_IOC_READ|_IOC_WRITE, 0x51, 0x1, 0x38), 0x1234) = 0");
}

static void test_signals(void **state)
{
	struct rs_call_event e = call("rt_sigprocmask", 0);
	uint64_t mask = 1u << (SIGINT - 1) | 1u << (SIGTERM - 1), most = ~mask;

	(void)state;
	e.args[3] = 8;
	set(&e.in[1], &e.args[1], &mask, 8);
	assert_text(&e, "rt_sigprocmask(SIG_BLOCK, [INT TERM], NULL, 8) = 0");
	set(&e.in[1], &e.args[1], &most, 8);
	assert_text(&e, "rt_sigprocmask(SIG_BLOCK, ~[INT TERM], NULL, 8) = 0");
	e.result = -512;
	assert_text(
		&e,
		"rt_sigprocmask(SIG_BLOCK, ~[INT TERM], NULL, 8) = ? ERESTARTSYS (To be restarted if "
		"SA_RESTART is set)");
}

static void assert_with(const struct rs_call_event *event, const struct rs_call_print *print,
			const char *expected)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);
	unsigned next;

	rs_call_format_entry(event, print, &out, &next);
	rs_call_format_rest(event, print, next, &out);
	assert_string_equal(rs_str_cstr(&out), expected);
}

/* -x, -xx and its like. */
static void test_strings(void **state)
{
	struct rs_call_print print = { .string_max = 32, .strings = RS_CALL_STRINGS_HEX_ESCAPES };
	struct rs_call_event e = call("chdir", 0);

	(void)state;
	set(&e.in[0], &e.args[0], "a\nb\1\xff", 6);
	assert_text(&e, "chdir(\"a\\nb\\1\\377\") = 0");
	assert_with(&e, &print, "chdir(\"a\\nb\\x01\\xff\")");
	print.strings = RS_CALL_STRINGS_HEX_ODD;
	assert_with(&e, &print, "chdir(\"\\x61\\x0a\\x62\\x01\\xff\")");
	set(&e.in[0], &e.args[0], "a\nb", 4);
	assert_with(&e, &print, "chdir(\"a\\nb\")");
	print.strings = RS_CALL_STRINGS_HEX;
	assert_with(&e, &print, "chdir(\"\\x61\\x0a\\x62\")");
}

/* -X, and -e verbose=none. */
static void test_styles(void **state)
{
	struct rs_call_print print = { .string_max = 32, .style = RS_CALL_STYLE_RAW };
	struct rs_call_event e = call("openat", 3);
	struct stat st = { .st_mode = S_IFREG | 0644, .st_size = 2996 };

	(void)state;
	e.args[0] = (uint64_t)AT_FDCWD;
	set(&e.in[1], &e.args[1], "x", 2);
	e.args[2] = O_RDWR | O_CLOEXEC;
	assert_with(&e, &print, "openat(-100, \"x\", 0x80002)");
	print.style = RS_CALL_STYLE_BOTH;
	assert_with(&e, &print,
		    "openat(-100 /* AT_FDCWD */, \"x\", 0x80002 /* O_RDWR|O_CLOEXEC */)");
	e = call("fstat", 0);
	set(&e.out[1], &e.args[1], &st, sizeof(st));
	assert_with(&e, &print,
		    "fstat(0, {st_mode=0100644 /* S_IFREG|0644 */, st_size=2996, ...})");
	print.style = RS_CALL_STYLE_RAW;
	assert_with(&e, &print, "fstat(0, {st_mode=0100644, st_size=2996, ...})");
	print.addresses = true;
	assert_with(&e, &print, "fstat(0, 0x7000)");
}

static void set_both(struct rs_call_event *e, unsigned arg, const void *before, const void *after,
		     size_t len)
{
	set(&e->in[arg], &e->args[arg], before, len);
	set(&e->out[arg], &e->args[arg], after, len);
}

static void test_ioctl(void **state)
{
	const struct {
		char name[16];
		uint16_t flags;
		char rest[46];
	} asked = { "lo", 0, "" }, filled = { "lo", 0x49, "" };
	const uint64_t number = 4711, range[2] = { 4096, 512 };
	struct rs_call_event e = call("ioctl", 0);

	(void)state;
	e.args[0] = 3;
	e.args[1] = 0x8913;
	set_both(&e, 2, &asked, &filled, sizeof(asked));
	assert_text(&e, "ioctl(3, SIOCGIFFLAGS, {ifr_name=\"lo\", "
			"ifr_flags=IFF_UP|IFF_LOOPBACK|IFF_RUNNING}) = 0");
	e.result = -ENODEV;
	assert_text(&e, "ioctl(3, SIOCGIFFLAGS, {ifr_name=\"lo\"}) = -1 ENODEV (No such device)");
	e.result = 0;
	e.args[1] = 0x80081272;
	set_both(&e, 2, &number, &number, 8);
	assert_text(&e, "ioctl(3, BLKGETSIZE64, [4711]) = 0");
	e.args[1] = 0x1277;
	set_both(&e, 2, range, range, sizeof(range));
	assert_text(&e, "ioctl(3, BLKDISCARD, [4096, 512]) = 0");
	e.args[1] = 0x540b;
	e.args[2] = 2;
	assert_text(&e, "ioctl(3, TCFLSH, 2) = 0");
	e.args[1] = 0x541b;
	e.in[2] = e.out[2] = (struct rs_call_memory){ .fault = true };
	e.args[2] = 0x7000;
	assert_text(&e, "ioctl(3, FIONREAD, 0x7000) = 0");
	e.args[2] = 0;
	assert_text(&e, "ioctl(3, FIONREAD, NULL) = 0");
}

static void test_keys(void **state)
{
	struct rs_call_event e = call("keyctl", 20);

	(void)state;
	e.args[0] = 6;
	e.args[1] = (uint64_t)-3;
	e.args[3] = 64;
	set(&e.out[2], &e.args[2], "keyring;0;0;3f;_ses", 20);
	assert_text(&e, "keyctl(KEYCTL_DESCRIBE, KEY_SPEC_SESSION_KEYRING, "
			"\"keyring;0;0;3f;_ses\", 64) = 20");
	e = call("keyctl", 0);
	e.args[0] = 5;
	e.args[1] = 77;
	e.args[2] = 0x3f000000;
	assert_text(&e, "keyctl(KEYCTL_SETPERM, 77, KEY_POS_VIEW|KEY_POS_READ|KEY_POS_WRITE|"
			"KEY_POS_SEARCH|KEY_POS_LINK|KEY_POS_SETATTR) = 0");
	e = call("keyctl", 5);
	e.args[0] = 10;
	e.args[1] = (uint64_t)-2;
	set(&e.in[2], &e.args[2], "user", 5);
	set(&e.in[3], &e.args[3], "x", 2);
	assert_text(&e, "keyctl(KEYCTL_SEARCH, KEY_SPEC_PROCESS_KEYRING, \"user\", \"x\", 0) = 5");
}

static void test_quota(void **state)
{
	const uint64_t quota[9] = { 1, 2, 4096, 3, 4, 5, 0, 0, 0x3f };
	struct rs_call_event e = call("quotactl", 0);

	(void)state;
	e.args[0] = 0x800007u << 8;
	set(&e.in[1], &e.args[1], "/dev/sda1", 10);
	e.args[2] = 1000;
	set(&e.out[3], &e.args[3], quota, sizeof(quota));
	assert_text(&e, "quotactl(QCMD(Q_GETQUOTA, USRQUOTA), \"/dev/sda1\", 1000, "
			"{dqb_bhardlimit=1, dqb_bsoftlimit=2, dqb_curspace=4096, dqb_ihardlimit=3, "
			"dqb_isoftlimit=4, dqb_curinodes=5, ...}) = 0");
	e.args[0] = 0x800002u << 8 | 1;
	e.args[2] = 4;
	set(&e.in[3], &e.args[3], "/aquota.group\0junk", 18);
	assert_text(&e, "quotactl(QCMD(Q_QUOTAON, GRPQUOTA), \"/dev/sda1\", QFMT_VFS_V1, "
			"\"/aquota.group\") = 0");
}

static void test_statx(void **state)
{
	struct rs_call_event e = call("statx", -ENOENT);

	(void)state;
	e.args[0] = (uint64_t)AT_FDCWD;
	set(&e.in[1], &e.args[1], "x", 2);
	e.args[2] = 0x100;
	e.args[3] = 2;
	assert_text(&e, "statx(AT_FDCWD, \"x\", AT_STATX_SYNC_AS_STAT|AT_SYMLINK_NOFOLLOW, "
			"STATX_MODE, NULL) = -1 ENOENT (No such file or directory)");
	e.args[2] = 0x4000;
	assert_text(&e, "statx(AT_FDCWD, \"x\", AT_STATX_DONT_SYNC, STATX_MODE, NULL) = -1 ENOENT "
			"(No such file or directory)");
}

/* What a call is given, though it writes there what is left of it. */
static void test_left(void **state)
{
	const uint64_t given[2] = { 5, 100 }, left[2] = { 4, 99 };
	struct rs_call_event e = call("pselect6", 1);

	(void)state;
	e.args[0] = 1;
	set_both(&e, 4, given, left, sizeof(given));
	assert_text(&e, "pselect6(1, NULL, NULL, NULL, {tv_sec=5, tv_nsec=100}, NULL) = 1 "
			"(left {tv_sec=4, tv_nsec=99})");
}

/* What stands behind pointers inside of structures. */
static void test_pointed(void **state)
{
	const uint64_t pair[2] = { 0x1000, 8 }, mask = 1u << (SIGUSR1 - 1),
		       list[2] = { 0x10, 0x20 };
	struct rs_call_event e = call("pselect6", 0);
	unsigned char iocb[64] = { [16] = 1, [20] = 5, [33] = 2 };
	char buf[256] = "";
	size_t n = 0;

	(void)state;
	n += add_part(buf + n, pair, sizeof(pair), 0);
	n += add_part(buf + n, &mask, sizeof(mask), 0);
	set(&e.in[5], &e.args[5], buf, n);
	assert_text(&e, "pselect6(0, NULL, NULL, NULL, NULL, {sigmask=[USR1], sigsetsize=8}) = 0 "
			"(Timeout)");
	e.in[5].len = 24;
	assert_text(&e, "pselect6(0, NULL, NULL, NULL, NULL, {sigmask=0x1000, sigsetsize=8}) = 0 "
			"(Timeout)");
	e = call("io_submit", 1);
	e.args[0] = 0x5000;
	e.args[1] = 2;
	n = add_part(buf, list, sizeof(list), 0);
	n += add_part(buf + n, iocb, sizeof(iocb), 0);
	n += add_part(buf + n, "", 0, RS_CAPTURE_FAULT);
	set(&e.in[2], &e.args[2], buf, n);
	assert_text(&e, "io_submit(0x5000, 2, [{aio_lio_opcode=IOCB_CMD_PWRITE, aio_fildes=5, "
			"aio_buf=NULL, aio_nbytes=512, aio_offset=0}, 0x20]) = 1");
}

static void test_unknown(void **state)
{
	struct rs_call_event e = {
		.nr = 0x1f0, .done = true, .result = -ENOSYS, .args = { 1, 0, 255 }
	};

	(void)state;
	assert_text(&e,
		    "syscall_0x1f0(0x1, 0, 0xff, 0, 0, 0) = -1 ENOSYS (Function not implemented)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths_and_flags),
		cmocka_unit_test(test_entry_and_rest),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_poll),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_by_command),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_styles),
		cmocka_unit_test(test_ioctl),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_quota),
		cmocka_unit_test(test_pointed),
		cmocka_unit_test(test_left),
		cmocka_unit_test(test_statx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
