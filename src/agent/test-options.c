/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/options.h"
#include "base/fd.h"
#include "base/test-scratch.h"
#include "kern/sensors.h"

static int parse(struct rs_agent_options *options, struct rs_error *err, char **words)
{
	int argc = 0;

	while (words[argc])
		argc++;
	rs_agent_options_init(options);
	return rs_opt_parse(rs_agent_opts, argc, words, options, NULL, err);
}

#define PARSE(options, err, ...)                                                                   \
	parse((options), (err), (char *[]){ (char *)"run", __VA_ARGS__, NULL })
#define W(word) (char *)(word)

static void test_defaults(void **state)
{
	struct rs_agent_options options;

	(void)state;
	rs_agent_options_init(&options);
	assert_int_equal(rs_agent_options_check(&options, NULL), 0);
	assert_int_equal(rs_agent_options_kinds(&options), RS_AGENT_KINDS_DEFAULT);
	assert_false(rs_agent_options_kinds(&options) & (1ull << RS_KIND_OPEN));
	assert_int_equal(rs_agent_options_ring_bytes(&options), RS_RING_BYTES);
	rs_agent_options_done(&options);
}

static void test_kinds_add_up(void **state)
{
	_cleanup_(rs_agent_options_done) struct rs_agent_options options = { 0 };
	struct rs_error err = RS_ERROR_INIT;

	(void)state;
	assert_int_equal(PARSE(&options, &err, W("--kinds=exec,exit"), W("-k"), W("open")), 0);
	assert_int_equal(options.kinds,
			 1ull << RS_KIND_EXEC | 1ull << RS_KIND_EXIT | 1ull << RS_KIND_OPEN);
	rs_agent_options_done(&options);
	assert_int_equal(PARSE(&options, &err, W("--kinds=exce")), -EINVAL);
	assert_non_null(strstr(err.msg, "exce"));
	assert_non_null(strstr(err.hint, "exec"));
}

static void test_ring_size(void **state)
{
	struct rs_agent_options options;

	(void)state;
	rs_agent_options_init(&options);
	options.ring_bytes = 1;
	assert_int_equal(rs_agent_options_ring_bytes(&options), 65536);
	options.ring_bytes = 65537;
	assert_int_equal(rs_agent_options_ring_bytes(&options), 131072);
	options.memory = 64 << 20; /* the size asked for has the last word */
	assert_int_equal(rs_agent_options_ring_bytes(&options), 131072);
	options.ring_bytes = 0;
	assert_int_equal(rs_agent_options_ring_bytes(&options), 16 << 20);
	options.memory = (64 << 20) - 1;
	assert_int_equal(rs_agent_options_ring_bytes(&options), 8 << 20);
	options.memory = 8 << 20;
	assert_int_equal(rs_agent_options_ring_bytes(&options), 2 << 20);
}

static void expect_refused(char **words, const char *message)
{
	_cleanup_(rs_agent_options_done) struct rs_agent_options options = { 0 };
	struct rs_error err = RS_ERROR_INIT;

	if (!parse(&options, &err, words))
		assert_int_equal(rs_agent_options_check(&options, &err), -EINVAL);
	assert_non_null(strstr(err.msg, message));
}

#define REFUSED(message, ...)                                                                      \
	expect_refused((char *[]){ (char *)"run", __VA_ARGS__, NULL }, (message))

static void test_refusals(void **state)
{
	(void)state;
	REFUSED("exclude each other", W("-c"), W("true"), W("-p"), W("1"));
	REFUSED("exclude each other", W("-w"), W("f"), W("-o"), W("none"));
	REFUSED("more than 1G", W("--ring-size"), W("2G"));
	REFUSED("less than 8M", W("--memory"), W("1M"));
	REFUSED("--env needs", W("--env"), W("PATH"), W("-k"), W("open"));
	REFUSED("must not be empty", W("-w"), W(""));
	REFUSED("duration", W("--duration"), W("10"));
	REFUSED("tabel", W("-o"), W("tabel"));
}

static void test_strings_are_owned(void **state)
{
	_cleanup_(rs_agent_options_done) struct rs_agent_options options = { 0 };
	char word[] = "-wfile";

	(void)state;
	assert_int_equal(PARSE(&options, NULL, word, W("-vv"), W("-q")), 0);
	memset(word, 'x', sizeof(word) - 1);
	assert_string_equal(options.file, "file");
	assert_int_equal(options.verbose, 2);
	assert_true(options.quiet);
}

static void test_set_by_name(void **state)
{
	_cleanup_(rs_agent_options_done) struct rs_agent_options options = { 0 };
	struct rs_error err = RS_ERROR_INIT;

	(void)state;
	rs_agent_options_init(&options);
	assert_int_equal(rs_opt_set(rs_agent_opts, "ring-size", "16M", &options, &err), 0);
	assert_int_equal(rs_opt_set(rs_agent_opts, "path", "/a,b", &options, &err), 0);
	assert_int_equal(rs_opt_set(rs_agent_opts, "comm", "x", &options, &err), 0);
	assert_int_equal(rs_opt_set(rs_agent_opts, "comm", "y", &options, &err), 0);
	assert_int_equal(options.ring_bytes, 16 << 20);
	assert_int_equal(options.paths.len, 1);
	assert_string_equal(options.paths.items[0], "/a,b");
	assert_int_equal(options.comms.len, 2);
	assert_true(rs_opt_set(rs_agent_opts, "nothing", "x", &options, &err) < 0);
}

static void test_locate(void **state)
{
	_cleanup_(rs_str_done) struct rs_str out = { 0 };
	struct rs_agent_options options;

	(void)state;
	rs_agent_options_init(&options);
	rs_agent_options_locate(&options, "/etc/x", &out);
	assert_true(rs_str_equal(&out, "/etc/x"));
	rs_str_reset(&out);
	options.root = W("/tmp/r//");
	rs_agent_options_locate(&options, "/etc/x", &out);
	assert_true(rs_str_equal(&out, "/tmp/r/etc/x"));
}

/* --- the filter --- */

static void test_filter_numbers(void **state)
{
	_cleanup_(rs_agent_options_done) struct rs_agent_options options = { 0 };
	_cleanup_(rs_agent_filter_done) struct rs_agent_filter filter = { 0 };
	struct rs_error err = RS_ERROR_INIT;

	(void)state;
	mkdir("etc", 0755);
	rs_fd_replace_file("etc/passwd", "web:x:33:33::/:/bin/sh\n", 24, 0644, NULL);
	assert_int_equal(PARSE(&options, &err, W("-p1,2"), W("--uid=0,web"), W("--root=.")), 0);
	assert_int_equal(rs_agent_filter_init(&options, &filter, &err), 0);
	assert_int_equal(filter.filter.n_pids, 2);
	assert_int_equal(filter.filter.pids[1], 2);
	assert_int_equal(filter.filter.n_uids, 2);
	assert_int_equal(filter.filter.uids[0], 0);
	assert_int_equal(filter.filter.uids[1], 33);
	assert_int_equal(filter.filter.kinds, RS_AGENT_KINDS_DEFAULT);
}

static void filter_refused(char **words, int code, const char *message)
{
	_cleanup_(rs_agent_options_done) struct rs_agent_options options = { 0 };
	struct rs_agent_filter filter;
	struct rs_error err = RS_ERROR_INIT;

	assert_int_equal(parse(&options, &err, words), 0);
	assert_int_equal(rs_agent_filter_init(&options, &filter, &err), code);
	if (!strstr(err.msg, message))
		fail_msg("\"%s\" lacks \"%s\"", err.msg, message);
}

#define FILTER_REFUSED(code, message, ...)                                                         \
	filter_refused((char *[]){ (char *)"run", W("--root=."), __VA_ARGS__, NULL }, (code),      \
		       (message))

static void test_filter_refusals(void **state)
{
	char long_path[600] = "/", many[600 + 1] = "";

	(void)state;
	memset(long_path + 1, 'x', sizeof(long_path) - 2);
	for (size_t i = 0; i < 300; i++)
		memcpy(many + 2 * i, i ? ",x" : "xx", 2);
	FILTER_REFUSED(-EINVAL, "--pid x", W("-p"), W("x"));
	FILTER_REFUSED(-EINVAL, "--pid 0", W("-p"), W("0"));
	FILTER_REFUSED(-EINVAL, "--pid 99999999999", W("-p"), W("99999999999"));
	FILTER_REFUSED(-EINVAL, "no user", W("--uid"), W("web"));
	FILTER_REFUSED(-EINVAL, "longer than", W("--path"), long_path);
	FILTER_REFUSED(-EINVAL, "at most", W("--comm"), many);
	FILTER_REFUSED(-EINVAL, "--uid 4294967295", W("--uid"), W("4294967295"));
}

static void test_filter_paths(void **state)
{
	_cleanup_(rs_agent_options_done) struct rs_agent_options options = { 0 };
	_cleanup_(rs_agent_filter_done) struct rs_agent_filter filter = { 0 };
	char expected[PATH_MAX + 16], cwd[PATH_MAX];
	struct rs_error err = RS_ERROR_INIT;

	(void)state;
	mkdir("real", 0755);
	assert_int_equal(symlink("real", "link"), 0);
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_int_equal(PARSE(&options, &err, W("--path=link/"), W("--path=/a//b/./../c/"),
			       W("--path=/..")),
			 0);
	assert_int_equal(rs_agent_filter_init(&options, &filter, &err), 0);
	assert_int_equal(filter.filter.n_paths, 4);
	snprintf(expected, sizeof(expected), "%s/link", cwd);
	assert_string_equal(filter.filter.paths[0], expected);
	snprintf(expected, sizeof(expected), "%s/real", cwd);
	assert_string_equal(filter.filter.paths[1], expected);
	assert_string_equal(filter.filter.paths[2], "/a/c");
	assert_string_equal(filter.filter.paths[3], "/");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_defaults),
		scratch_test(test_kinds_add_up),
		scratch_test(test_ring_size),
		scratch_test(test_refusals),
		scratch_test(test_strings_are_owned),
		scratch_test(test_set_by_name),
		scratch_test(test_locate),
		scratch_test(test_filter_numbers),
		scratch_test(test_filter_refusals),
		scratch_test(test_filter_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
