/* SPDX-License-Identifier: Apache-2.0 */
/* Names of functions of this very program, of one that has ended, and of code that nobody compiled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "profile/testing-child.h"
#include "profile/usyms.h"

static struct rs_usyms *usyms;

static int setup(void **state)
{
	struct rs_usyms_options options = { .demangle = true };

	(void)state;
	return rs_usyms_new(&options, &usyms);
}

static int teardown(void **state)
{
	(void)state;
	rs_usyms_free(&usyms);
	return 0;
}

/* Not static and not inlined: it is looked for by its name. */
int usyms_landmark(int x);
__attribute__((noinline)) int usyms_landmark(int x)
{
	return x * 3;
}

static void resolves(uint32_t pid, const void *address, bool offset, bool module, const char *want)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);

	rs_usyms_resolve(usyms, pid, (uint64_t)(uintptr_t)address, offset, module, &out);
	assert_string_equal(rs_str_cstr(&out), want);
}

static void test_own(void **state)
{
	char module[4096], want[4200];
	ssize_t n = readlink("/proc/self/exe", module, sizeof(module) - 1);

	(void)state;
	assert_true(n > 0);
	module[n] = '\0';
	resolves((uint32_t)getpid(), (const char *)usyms_landmark + 1, true, false,
		 "usyms_landmark+1");
	resolves((uint32_t)getpid(), (const void *)usyms_landmark, false, false, "usyms_landmark");
	snprintf(want, sizeof(want), "usyms_landmark+0 (%s)", module);
	resolves((uint32_t)getpid(), (const void *)usyms_landmark, true, true, want);
	assert_int_equal(usyms_landmark(2), 6);
}

static void test_unknown(void **state)
{
	(void)state;
	resolves((uint32_t)getpid(), (const void *)0x10, true, false, "0x10");
	resolves((uint32_t)getpid(), (const void *)0x10, true, true, "0x10 ([unknown])");
	resolves(0x7ffffff, (const void *)(uintptr_t)0x1234, true, false, "0x1234");
}

/* Its addresses keep their names when it is gone, if it was looked at before. */
static void test_gone(void **state)
{
	struct testing_child child;

	(void)state;
	testing_child_start(&child);
	rs_usyms_seen(usyms, (uint32_t)child.pid, NULL, 0);
	assert_true(testing_child_end(&child));
	resolves((uint32_t)child.pid, (const char *)usyms_landmark + 2, true, false,
		 "usyms_landmark+2");
	resolves((uint32_t)child.pid, (const void *)0x20, true, false, "0x20");
}

/* What is mapped after the process was looked at is found too. */
static void test_jit(void **state)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);
	char path[64];
	FILE *file;
	void *code;

	(void)state;
	rs_usyms_seen(usyms, (uint32_t)getpid(), NULL, 0);
	code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(code, MAP_FAILED);
	resolves((uint32_t)getpid(), (const void *)0x30, true, false, "0x30");
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	unlink(path); /* of a process long gone */
	file = fopen(path, "wx");
	assert_non_null(file);
	fprintf(file, "%lx 40 script: run()\n", (unsigned long)(uintptr_t)code);
	fclose(file);
	resolves((uint32_t)getpid(), (const char *)code + 5, true, false, "script: run()+5");
	unlink(path);
	munmap(code, 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_own, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_jit, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
