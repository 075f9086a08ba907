/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/node.h"

#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* keep order: cmocka needs those above */
#include <cmocka.h>

#include "kern/node-private.h"

static void test_fdinfo(void **state)
{
	const char *text = "pos:\t0\nflags:\t02000002\nlink_type:\traw_tracepoint\nlink_id:\t4\n"
			   "prog_id:\t77\nmemlock:\t4096\n";

	(void)state;
	assert_int_equal(rs_node_fdinfo(text, "prog_id"), 77);
	assert_int_equal(rs_node_fdinfo(text, "memlock"), 4096);
	assert_int_equal(rs_node_fdinfo(text, "link_id"), 4);
	assert_int_equal(rs_node_fdinfo(text, "id"), 0);
	assert_int_equal(rs_node_fdinfo(text, "prog"), 0);
	assert_int_equal(rs_node_fdinfo("", "prog_id"), 0);
	assert_int_equal(rs_node_fdinfo("prog_id:\t5", "prog_id"), 5);
}

static void test_type_names(void **state)
{
	char buf[24];

	(void)state;
	assert_string_equal(rs_node_program_type(BPF_PROG_TYPE_XDP, buf), "xdp");
	assert_string_equal(rs_node_program_type(BPF_PROG_TYPE_RAW_TRACEPOINT, buf),
			    "raw_tracepoint");
	assert_string_equal(rs_node_program_type(9999, buf), "type 9999");
	assert_string_equal(rs_node_link_type(BPF_LINK_TYPE_RAW_TRACEPOINT, buf), "raw_tracepoint");
	assert_string_equal(rs_node_link_type(11, buf), "tcx");
	assert_string_equal(rs_node_link_type(9999, buf), "type 9999");
}

static void test_targets(void **state)
{
	struct rs_node_program program = { 0 };

	(void)state;
	rs_node_add_target(&program, "first");
	rs_node_add_target(&program, "second");
	assert_string_equal(program.target, "first");
	assert_int_equal(program.targets, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fdinfo),
		cmocka_unit_test(test_type_names),
		cmocka_unit_test(test_targets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
