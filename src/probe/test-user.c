/* SPDX-License-Identifier: Apache-2.0 */
/* Functions and probes of files: those of this program itself. */
#include <inttypes.h>
#include <limits.h>

#include "kern/testing-usdt.h"
#include "probe/testing.h"

#define POINT(...) ((struct rs_attach_point){ __VA_ARGS__ })

__attribute__((noinline, used)) static int testing_first(int x)
{
	TESTING_USDT("testing", "fired", "-4@%edi", "0");
	return x + 1;
}

__attribute__((noinline, used)) static int testing_second(int x)
{
	TESTING_USDT("testing", "fired", "-4@%edi", "0");
	TESTING_USDT("testing", "other", "", "0");
	return testing_first(x) + 1;
}

/* As C++ calls foo::bar(int). */
int testing_mangled(int x) __asm__("_ZN3foo3barEi");
__attribute__((noinline, used)) int testing_mangled(int x)
{
	return testing_second(x);
}

static char self[PATH_MAX];

static void test_functions(void **state)
{
	struct rs_probes *probes = new_probes(NULL);
	struct rs_attach_point point = { .provider = RS_PROVIDER_UPROBE,
					 .target = self,
					 .name = "testing_first" };
	char text[PATH_MAX + 64];
	struct expanded both;

	(void)state;
	snprintf(text, sizeof(text), "uprobe:%s:testing_first", self);
	expect_one(probes, point, text);
	point.offset = 1;
	snprintf(text, sizeof(text), "uprobe:%s:testing_first+1", self);
	expect_one(probes, point, text);
	point.offset = 1 << 20;
	expect_error(probes, point, -EINVAL, NULL);
	point.provider = RS_PROVIDER_URETPROBE;
	point.offset = 1;
	expect_error(probes, point, -EINVAL, NULL);
	point.offset = 0;
	point.name = "testing_frist";
	expect_error(probes, point, -ENOENT, "testing_first");

	point.name = "testing_*s*t";
	both = expand(probes, point);
	assert_int_equal(both.r, 0);
	assert_int_equal(both.places.len, 1);
	assert_string_equal(both.places.items[0]->point.name, "testing_first");
	expanded_done(&both);
	point.name = "testing_nothing*";
	expect_error(probes, point, -ENOENT, NULL);
	rs_probes_free(&probes);
}

static void test_address(void **state)
{
	struct rs_probes *probes = new_probes(NULL);
	struct rs_attach_point point = { .provider = RS_PROVIDER_UPROBE,
					 .target = self,
					 .has_address = true };
	char text[PATH_MAX + 64];

	(void)state;
	assert_true(rs_probes_user_address(probes, self, "testing_second", &point.address));
	snprintf(text, sizeof(text), "uprobe:%s:0x%" PRIx64, self, point.address);
	expect_one(probes, point, text);
	point.address = 1;
	expect_error(probes, point, -EINVAL, NULL);
	assert_false(rs_probes_user_address(probes, self, "testing_nothing", &point.address));
	assert_false(rs_probes_user_address(probes, "/nothing", "testing_second", &point.address));
	rs_probes_free(&probes);
}

static void test_demangled(void **state)
{
	struct rs_probes *probes = new_probes(NULL);
	struct rs_attach_point point = { .provider = RS_PROVIDER_UPROBE,
					 .target = self,
					 .lang = "cpp" };
	static const char *const names[] = { "foo::bar", "foo::b*", "foo::bar(int)", "*::bar(i*)" };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		struct expanded expanded;

		point.name = names[i];
		expanded = expand(probes, point);
		assert_int_equal(expanded.r, 0);
		assert_int_equal(expanded.places.len, 1);
		assert_string_equal(expanded.places.items[0]->point.name, "_ZN3foo3barEi");
		expanded_done(&expanded);
	}
	point.name = "foo::bar(long)";
	expect_error(probes, point, -ENOENT, NULL);
	point.lang = "ada";
	expect_error(probes, point, -EINVAL, "cpp");
	rs_probes_free(&probes);
}

static void test_files(void **state)
{
	struct rs_probes *probes = new_probes(NULL);

	(void)state;
	expect_error(probes,
		     POINT(.provider = RS_PROVIDER_UPROBE, .target = "/nothing", .name = "x"),
		     -ENOENT, NULL);
	expect_error(probes,
		     POINT(.provider = RS_PROVIDER_UPROBE, .target = "/etc/passwd", .name = "x"),
		     -ENOEXEC, NULL);
	expect_error(
		probes,
		POINT(.provider = RS_PROVIDER_UPROBE, .target = "no-such-program", .name = "x"),
		-ENOENT, "path");
	expect_error(probes,
		     POINT(.provider = RS_PROVIDER_UPROBE, .target = "/nothing*", .name = "x"),
		     -ENOENT, NULL);
	expect_error(probes, POINT(.provider = RS_PROVIDER_UPROBE, .target = "*", .name = "x"),
		     -EINVAL, "-p");
	rs_probes_free(&probes);
}

/* A pattern of files, and a file by the process that has it mapped. */
static void test_mapped(void **state)
{
	const struct rs_probes_options options = { .pid = (uint64_t)getpid() };
	struct rs_probes *probes = NULL;
	char pattern[PATH_MAX + 2], text[PATH_MAX + 64];

	(void)state;
	assert_int_equal(rs_probes_new(&options, &probes, NULL), 0);
	snprintf(text, sizeof(text), "uprobe:%s:testing_first", self);
	expect_one(probes,
		   POINT(.provider = RS_PROVIDER_UPROBE, .target = "*", .name = "testing_first"),
		   text);
	expect_one(probes,
		   POINT(.provider = RS_PROVIDER_UPROBE, .target = strrchr(self, '/') + 1,
			 .name = "testing_first"),
		   text);
	snprintf(pattern, sizeof(pattern), "%s*", self);
	expect_one(
		probes,
		POINT(.provider = RS_PROVIDER_UPROBE, .target = pattern, .name = "testing_first"),
		text);
	rs_probes_free(&probes);
}

/* Scripts of the time before glibc 2.34 look for threads in a library of their own. */
static void test_moved_to_libc(void **state)
{
	struct rs_probes *probes = new_probes(NULL);
	struct rs_attach_point point = { .provider = RS_PROVIDER_UPROBE,
					 .target = "libpthread",
					 .name = "pthread_create" };
	struct expanded expanded = expand(probes, point);

	(void)state;
	assert_int_equal(expanded.r, 0);
	assert_int_equal(expanded.places.len, 1);
	assert_string_equal(expanded.places.items[0]->point.name, "pthread_create");
	expanded_done(&expanded);
	point.name = "pthread_create_nothing";
	expect_error(probes, point, -ENOENT, NULL);
	rs_probes_free(&probes);
}

static void test_usdt(void **state)
{
	struct rs_probes *probes = new_probes(NULL);
	struct rs_attach_point point = { .provider = RS_PROVIDER_USDT,
					 .target = self,
					 .name = "fired" };
	struct expanded expanded = expand(probes, point);
	char text[PATH_MAX + 64];

	(void)state;
	snprintf(text, sizeof(text), "usdt:%s:testing:fired", self);
	assert_int_equal(expanded.r, 0);
	assert_int_equal(expanded.places.len, 2);
	for (unsigned i = 0; i < 2; i++) {
		const struct rs_place *place = expanded.places.items[i];

		assert_string_equal(place->point.text, text);
		assert_string_equal(place->usdt_args, "-4@%edi");
		assert_int_equal(place->usdt_location, i);
		assert_int_equal(place->usdt_semaphore, 0);
		assert_true(place->usdt_address > 0);
	}
	expanded_done(&expanded);

	point.space = "testing";
	point.name = "*";
	expanded = expand(probes, point);
	assert_int_equal(expanded.places.len, 3);
	expanded_done(&expanded);
	point.space = "others";
	expect_error(probes, point, -ENOENT, NULL);
	point.space = "";
	point.name = "othre";
	expect_error(probes, point, -ENOENT, "other");
	rs_probes_free(&probes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_functions), cmocka_unit_test(test_address),
		cmocka_unit_test(test_demangled), cmocka_unit_test(test_files),
		cmocka_unit_test(test_mapped),    cmocka_unit_test(test_moved_to_libc),
		cmocka_unit_test(test_usdt),
	};
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return 1;
	self[n] = '\0';
	return testing_mangled(0) == 2 ? cmocka_run_group_tests_name("user", tests, NULL, NULL) : 1;
}
