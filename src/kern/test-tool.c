/* SPDX-License-Identifier: Apache-2.0 */
/* The BPF objects in the binary: each variant is unpacked and opened, which takes no rights. */
#include "kern/tool.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "bpf/abi/control.h"
#include "bpf/abi/syscall.h"
#include "bpf/abi/tasks.h"
/* keep order: the skeleton needs the types above */
#include "rs_bpf.skel.h"

static void test_variants(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rs_bpf_type.variants); i++) {
		_cleanup_(rs_cleanup_free) char *bytes = rs_packed_object_unpack(
			rs_bpf_type.variants, i);
		struct rs_error err = RS_ERROR_INIT;
		void *tool = NULL;

		assert_non_null(bytes);
		assert_memory_equal(bytes, "\177ELF", 4);
		if (rs_tool_open(&rs_bpf_type, i, &tool, &err))
			fail_msg("variant %zu: %s", i, err.msg);
		assert_non_null(
			bpf_object__find_program_by_name(((struct rs_tool *)tool)->obj, "rs_exec"));
		rs_tool_close(&tool);
	}
}

static void test_damaged(void **state)
{
	struct rs_packed_object objects[2] = { rs_bpf_type.variants[0], rs_bpf_type.variants[1] };
	_cleanup_(rs_cleanup_free) unsigned char *damaged = malloc(objects[1].packed_size);

	(void)state;
	assert_non_null(damaged);
	memcpy(damaged, objects[1].packed, objects[1].packed_size);
	memset(damaged + objects[1].packed_size / 2, 0xff, objects[1].packed_size / 4);
	objects[1].packed = damaged;
	assert_null(rs_packed_object_unpack(objects, 1));
	assert_int_equal(errno, EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_variants),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
