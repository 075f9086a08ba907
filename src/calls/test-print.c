/* SPDX-License-Identifier: Apache-2.0 */
#include "calls/print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/util.h"
#include "calls/descriptor.h"
#include "calls/rates.h"
#include "calls/signal.h"
#include "calls/summary.h"

#define CLEAN _cleanup_(rs_str_done)

static struct rs_calls_printer *printer_with(struct rs_calls_print_options options)
{
	struct rs_calls_printer *printer = NULL;

	options.column = 40;
	options.print.string_max = 32;
	assert_int_equal(rs_calls_printer_new(&options, &printer, NULL), 0);
	return printer;
}

static void set_call(struct rs_call_record *record, const char *name, uint32_t tid)
{
	memset(record, 0, sizeof(*record));
	record->head.kind = RS_STRACE_CALL;
	record->head.pid = 10;
	record->head.tid = tid;
	record->raw.began = 1000000000;
	record->head.time = 1000012000;
	record->event.call = rs_call_find(name);
	record->event.nr = rs_call_number(record->event.call);
	record->raw.nr = (int)record->event.nr;
	record->event.done = true;
}

static void test_line(void **state)
{
	_cleanup_(rs_calls_printer_free) struct rs_calls_printer *printer = printer_with(
		(struct rs_calls_print_options){ .spent = true, .spent_digits = 6 });
	CLEAN struct rs_str out = RS_STR_INIT(0);
	struct rs_call_record record;

	(void)state;
	set_call(&record, "getpid", 10);
	record.event.result = 10;
	rs_calls_print(printer, &record, &out);
	/* the "=" stands in column 40 */
	assert_string_equal(rs_str_cstr(&out),
			    "getpid()                                = 10 <0.000012>\n");
}

static void test_threads(void **state)
{
	_cleanup_(rs_calls_printer_free) struct rs_calls_printer *printer = printer_with(
		(struct rs_calls_print_options){ 0 });
	CLEAN struct rs_str out = RS_STR_INIT(0);
	struct rs_call_record record;

	(void)state;
	set_call(&record, "getpid", 10);
	rs_calls_print(printer, &record, &out);
	assert_int_equal(out.data[0], 'g');
	rs_str_reset(&out);
	set_call(&record, "getpid", 11);
	rs_calls_print(printer, &record, &out);
	assert_int_equal(strncmp(rs_str_cstr(&out), "[pid    11] getpid()", 20), 0);
	assert_int_equal(rs_calls_printer_alive(printer), 2);
	/* one ends: alone again */
	memset(&record, 0, sizeof(record));
	record.head.kind = RS_STRACE_END;
	record.head.tid = 11;
	record.end.code = 3 << 8;
	rs_str_reset(&out);
	rs_calls_print(printer, &record, &out);
	assert_string_equal(rs_str_cstr(&out), "[pid    11] +++ exited with 3 +++\n");
	record.head.tid = 10;
	record.end.code = SIGSEGV | 0x80;
	rs_str_reset(&out);
	rs_calls_print(printer, &record, &out);
	assert_string_equal(rs_str_cstr(&out), "+++ killed by SIGSEGV (core dumped) +++\n");
	assert_int_equal(rs_calls_printer_alive(printer), 0);
}

static void waiting(struct rs_calls_printer *printer, struct rs_str *out)
{
	struct rs_call_record record;

	set_call(&record, "read", 10);
	record.event.args[0] = 3;
	record.event.args[1] = 0x1000;
	record.event.args[2] = 9;
	record.event.done = false;
	rs_calls_print_waiting(printer, &record, out);
}

static void finished(struct rs_calls_printer *printer, struct rs_str *out)
{
	struct rs_call_record record;

	set_call(&record, "read", 10);
	record.event.args[0] = 3;
	record.event.args[1] = 0x1000;
	record.event.args[2] = 9;
	record.event.out[1].data = "hi";
	record.event.out[1].len = 2;
	record.event.result = 2;
	rs_calls_print(printer, &record, out);
}

static void test_waiting(void **state)
{
	_cleanup_(rs_calls_printer_free) struct rs_calls_printer *printer = printer_with(
		(struct rs_calls_print_options){ 0 });
	CLEAN struct rs_str out = RS_STR_INIT(0);

	(void)state;
	waiting(printer, &out);
	assert_string_equal(rs_str_cstr(&out), "read(3, ");
	waiting(printer, &out); /* once is enough */
	assert_string_equal(rs_str_cstr(&out), "read(3, ");
	rs_str_reset(&out); /* it was written out */
	finished(printer, &out);
	assert_string_equal(rs_str_cstr(&out), "\"hi\", 9)                        = 2\n");
}

static void test_resumed(void **state)
{
	_cleanup_(rs_calls_printer_free) struct rs_calls_printer *printer = printer_with(
		(struct rs_calls_print_options){ 0 });
	CLEAN struct rs_str out = RS_STR_INIT(0);
	struct rs_call_record record;

	(void)state;
	waiting(printer, &out);
	set_call(&record, "getpid", 11);
	record.event.result = 10;
	rs_calls_print(printer, &record, &out);
	finished(printer, &out);
	assert_string_equal(rs_str_cstr(&out), "read(3,  <unfinished ...>\n"
					       "[pid    11] getpid()                    = 10\n"
					       "[pid    10] <... read resumed>\"hi\", 9)  = 2\n");
	rs_str_reset(&out);
	waiting(printer, &out);
	rs_calls_print_end(printer, &out);
	assert_string_equal(rs_str_cstr(&out), "[pid    10] read(3,  <detached ...>\n");
}

static void test_never(void **state)
{
	_cleanup_(rs_calls_printer_free) struct rs_calls_printer *printer = printer_with(
		(struct rs_calls_print_options){ 0 });
	CLEAN struct rs_str out = RS_STR_INIT(0);
	struct rs_call_record record;

	(void)state;
	set_call(&record, "exit_group", 10);
	record.event.done = false;
	rs_calls_print(printer, &record, &out);
	assert_string_equal(rs_str_cstr(&out), "exit_group(0)                           = ?\n");
	rs_str_reset(&out);
	set_call(&record, "pause", 10);
	record.event.done = false;
	rs_calls_print(printer, &record, &out);
	assert_string_equal(rs_str_cstr(&out), "pause( <unfinished ...>\n");
}

static void check_line(struct rs_calls_print_options options, const char *want)
{
	_cleanup_(rs_calls_printer_free) struct rs_calls_printer *printer = printer_with(options);
	CLEAN struct rs_str out = RS_STR_INIT(0);
	struct rs_call_record record;

	set_call(&record, "getpid", 10);
	record.event.result = 10;
	rs_calls_print(printer, &record, &out);
	set_call(&record, "getpid", 10);
	record.raw.began += 1500000000;
	record.head.time += 1500000000;
	record.event.result = 10;
	rs_str_reset(&out);
	rs_calls_print(printer, &record, &out);
	assert_string_equal(rs_str_cstr(&out), want);
}

static void test_times(void **state)
{
	struct rs_calls_print_options options = { .relative = true, .spent = true };

	(void)state;
	check_line(options, "     1 getpid()                         = 10 <0>\n");
	options.relative_digits = 3;
	options.spent_digits = 9;
	check_line(options, "     1.500 getpid()                     = 10 <0.000012000>\n");
	options.spent_digits = 6;
	options.relative_digits = 6;
	check_line(options, "     1.500000 getpid()                  = 10 <0.000012>\n");
}

/* Each thread has a text of its own: the others' lines are not in the way. */
static void test_separate(void **state)
{
	_cleanup_(rs_calls_printer_free) struct rs_calls_printer *printer = printer_with(
		(struct rs_calls_print_options){ .separate = true, .who = RS_CALLS_WHO_NOBODY });
	CLEAN struct rs_str one = RS_STR_INIT(0), two = RS_STR_INIT(0);
	struct rs_call_record record;

	(void)state;
	waiting(printer, &one);
	set_call(&record, "getpid", 11);
	rs_calls_print(printer, &record, &two);
	assert_string_equal(rs_str_cstr(&two), "getpid()                                = 0\n");
	finished(printer, &one);
	assert_string_equal(rs_str_cstr(&one), "read(3, \"hi\", 9)                        = 2\n");
	rs_str_reset(&one);
	rs_str_reset(&two);
	waiting(printer, &one);
	rs_calls_print_end_of(printer, 11, &two);
	rs_calls_print_end_of(printer, 10, &one);
	assert_string_equal(rs_str_cstr(&one), "read(3,  <detached ...>\n");
	assert_int_equal(two.len, 0);
}

static void test_exceptions(void **state)
{
	struct rs_calls_print_options options = { 0 };
	_cleanup_(rs_calls_printer_free) struct rs_calls_printer *printer = NULL;
	CLEAN struct rs_str out = RS_STR_INIT(0);
	struct rs_call_record record;

	(void)state;
	assert_int_equal(rs_call_set_parse("lseek", &options.exceptions.raw, NULL), 0);
	printer = printer_with(options);
	set_call(&record, "lseek", 10);
	record.event.args[2] = 1;
	record.event.result = 20;
	rs_calls_print(printer, &record, &out);
	assert_string_equal(rs_str_cstr(&out), "lseek(0, 0, 0x1)                        = 0x14\n");
	rs_str_reset(&out);
	set_call(&record, "fsync", 10);
	record.event.args[0] = 12;
	rs_calls_print(printer, &record, &out);
	assert_string_equal(rs_str_cstr(&out), "fsync(12)                               = 0\n");
}

static void test_json(void **state)
{
	_cleanup_(rs_calls_printer_free) struct rs_calls_printer *printer = printer_with(
		(struct rs_calls_print_options){ .json = true });
	CLEAN struct rs_str out = RS_STR_INIT(0);
	struct rs_call_record record;

	(void)state;
	set_call(&record, "close", 10);
	record.event.args[0] = 7;
	record.event.result = -EBADF;
	rs_calls_print(printer, &record, &out);
	assert_non_null(strstr(rs_str_cstr(&out), "\"syscall\":\"close\""));
	assert_non_null(strstr(rs_str_cstr(&out), "\"args\":{\"fd\":\"7\"}"));
	assert_non_null(strstr(rs_str_cstr(&out), "\"result\":-9"));
	assert_non_null(strstr(rs_str_cstr(&out), "\"errno\":\"EBADF\""));
	assert_non_null(strstr(rs_str_cstr(&out), "\"duration_ns\":12000"));
}

/* --- the parts --- */

static void test_signal(void **state)
{
	struct rs_strace_signal record = { .signal = SIGCHLD };
	CLEAN struct rs_str out = RS_STR_INIT(0);
	siginfo_t info;

	(void)state;
	memset(&info, 0, sizeof(info));
	info.si_signo = SIGCHLD;
	info.si_code = CLD_KILLED;
	info.si_pid = 12;
	info.si_uid = 34;
	info.si_status = SIGTERM;
	info.si_stime = 105;
	memcpy(record.info, &info, sizeof(record.info));
	record.ignored = 1;
	rs_call_signal_format(&record, &out);
	assert_string_equal(rs_str_cstr(&out),
			    "--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=12, "
			    "si_uid=34, si_status=SIGTERM, si_utime=0, si_stime=105 /* 1.05 s */} "
			    "(ignored) ---");
}

static void check_fd(const struct rs_strace_fd *fd, const char *text, bool sockets,
		     const char *want)
{
	CLEAN struct rs_str out = RS_STR_INIT(0);
	struct rs_call_record record = { 0 };

	record.fds[0].known = true;
	record.fds[0].fd = *fd;
	record.fds[0].fd.len = (uint32_t)strlen(text);
	record.fds[0].text = text;
	record.event.args[0] = 5;
	rs_call_fd_format(&record, 5, false, sockets, &out);
	assert_string_equal(rs_str_cstr(&out), want);
}

static void test_fds(void **state)
{
	struct rs_strace_fd tcp = { .mode = 0140777,
				    .ino = 9,
				    .family = 2,
				    .type = 1,
				    .protocol = 6,
				    .local = { 127, 0, 0, 1 },
				    .local_port = 80,
				    .remote = { 10, 0, 0, 2 },
				    .remote_port = 4711 };
	struct rs_strace_fd file = { .mode = 0100644 }, pipe = { .mode = 010600, .ino = 8 };
	struct rs_strace_fd terminal = { .mode = 020620, .rdev = 136 << 20 | 3 };

	(void)state;
	check_fd(&file, "/etc/<x>\n", false, "</etc/\\74x\\76\\12>");
	file.flags = RS_FIELD_DELETED;
	check_fd(&file, "/tmp/x", false, "</tmp/x (deleted)>");
	pipe.flags = RS_FIELD_DETACHED;
	check_fd(&pipe, "/", false, "<pipe:[8]>");
	check_fd(&tcp, "", false, "<socket:[9]>");
	check_fd(&tcp, "", true, "<TCP:[127.0.0.1:80->10.0.0.2:4711]>");
	check_fd(&terminal, "/dev/pts/3", true, "</dev/pts/3<char 136:3>>");
	file.flags = RS_FIELD_DETACHED;
	check_fd(&file, "/[eventpoll]", false, "<anon_inode:[eventpoll]>");
}

static void test_summary(void **state)
{
	struct rs_summary_row rows[] = {
		{ "read", { .calls = 2, .errors = 0, .ns = 25000000, .max = 20000000 } },
		{ "openat", { .calls = 300, .errors = 7, .ns = 75000000, .max = 1000000 } },
	};
	struct rs_summary_layout layout = { .sort = RS_SUMMARY_TIME };
	CLEAN struct rs_str out = RS_STR_INIT(0);

	(void)state;
	rs_summary_print(rows, 2, &layout, &out);
	assert_string_equal(rs_str_cstr(&out),
			    "% time     seconds  usecs/call     calls    errors syscall\n"
			    "------ ----------- ----------- --------- --------- ----------------\n"
			    " 75.00    0.075000         250       300         7 openat\n"
			    " 25.00    0.025000       12500         2           read\n"
			    "------ ----------- ----------- --------- --------- ----------------\n"
			    "100.00    0.100000         331       302         7 total\n");
	rs_str_reset(&out);
	layout.sort = RS_SUMMARY_MAX;
	rs_summary_print(rows, 2, &layout, &out);
	assert_true(strstr(rs_str_cstr(&out), "read") < strstr(rs_str_cstr(&out), "openat"));
	rs_str_reset(&out);
	rs_summary_print(rows, 0, &layout, &out);
	assert_int_equal(out.len, 0);
}

/* What is longer than the columns of strace makes them wider; and other columns, in another order. */
static void test_summary_columns(void **state)
{
	struct rs_summary_row rows[] = {
		{ "futex",
		  { .calls = 12345678901,
		    .errors = 1,
		    .ns = 987654321012345678,
		    .max = 7000000000 } },
		{ "a_call_with_quite_a_long_name", { .calls = 1, .ns = 1000 } },
	};
	struct rs_summary_layout layout = { .sort = RS_SUMMARY_CALLS };
	CLEAN struct rs_str out = RS_STR_INIT(0);

	(void)state;
	rs_summary_print(rows, 2, &layout, &out);
	assert_string_equal(
		rs_str_cstr(&out),
		"% time          seconds  usecs/call       calls    errors syscall\n"
		"------ ---------------- ----------- ----------- --------- -----------------------------\n"
		"100.00 987654321.012346       80000 12345678901         1 futex\n"
		"  0.00         0.000001           1           1           a_call_with_quite_a_long_name\n"
		"------ ---------------- ----------- ----------- --------- -----------------------------\n"
		"100.00 987654321.012347       80000 12345678902         1 total\n");
	rs_str_reset(&out);
	layout.columns[layout.n_columns++] = RS_SUMMARY_COLUMN_NAME;
	layout.columns[layout.n_columns++] = RS_SUMMARY_COLUMN_LONGEST;
	rs_summary_print(rows, 1, &layout, &out);
	assert_string_equal(rs_str_cstr(&out), "syscall              longest\n"
					       "---------------- -----------\n"
					       "futex               7.000000\n"
					       "---------------- -----------\n"
					       "total               7.000000\n");
}

static void test_rates(void **state)
{
	_cleanup_(rs_rates_free) struct rs_rates *rates = NULL;
	struct rs_counts_row sum = { .who = 1, .nr = 2, .count = { 10, 1, 1000, 500 } };
	struct rs_rates_row row;
	size_t pos = 0;

	(void)state;
	assert_int_equal(rs_rates_new(1, &rates, NULL), 0);
	rs_rates_begin(rates);
	assert_int_equal(rs_rates_feed(rates, &sum), 0);
	sum.count = (struct rs_count){ 25, 1, 1600, 700 };
	rs_rates_begin(rates);
	assert_int_equal(rs_rates_feed(rates, &sum), 0);
	assert_true(rs_rates_next(rates, &pos, &row));
	assert_int_equal(row.now.calls, 15);
	assert_int_equal(row.now.errors, 0);
	assert_int_equal(row.now.ns, 600);
	assert_int_equal(row.total.calls, 25);
	assert_int_equal(row.total.max, 700);
	/* it began anew */
	sum.count = (struct rs_count){ 4, 0, 40, 20 };
	assert_int_equal(rs_rates_feed(rates, &sum), 0);
	pos = 0;
	assert_true(rs_rates_next(rates, &pos, &row));
	assert_int_equal(row.now.calls, 4);
	assert_int_equal(row.total.calls, 29);
	sum.who = 2;
	assert_int_equal(rs_rates_feed(rates, &sum), -ENOSPC);
	assert_int_equal(rs_rates_refused(rates), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_resumed),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_fds),
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_summary_columns),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_separate),
		cmocka_unit_test(test_exceptions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
