/* SPDX-License-Identifier: Apache-2.0 */
/* Symbols and debug information that are elsewhere than in the file's own tables: on copies of this program. */
#include "kern/elf.h"

#include "base/test-scratch.h"
/* keep order: cmocka needs what is above */
#include <errno.h>
#include <string.h>

#include "base/str.h"

#define SELF "/proc/self/exe"

__attribute__((noinline, used)) static int testing_function(int x)
{
	return x * 3 + 1;
}

static void run(const char *command)
{
	assert_int_equal(system(command), 0);
}

/* The program may itself be built without what these tests look at, and the tools may be missing. */
static void need(const char *tools, bool debug)
{
	char command[128];

	snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1", tools);
	if (system(command) != 0)
		skip();
	snprintf(command, sizeof(command), "readelf -SW /proc/%d/exe | grep -q %s", (int)getpid(),
		 debug ? "debug_info" : "symtab");
	if (system(command) != 0)
		skip();
	snprintf(command, sizeof(command), "cp /proc/%d/exe whole", (int)getpid());
	run(command);
}

static struct rs_elf *opened(const char *path)
{
	struct rs_error err = RS_ERROR_INIT;
	struct rs_elf *elf = NULL;

	assert_int_equal(rs_elf_open(path, "", &elf, &err), 0);
	return elf;
}

/* Is the function found in this file by its address and by its name? */
static bool is_named(const char *path)
{
	struct rs_elf_symbol real, by_address, by_name;
	struct rs_elf *self = opened(SELF), *elf = opened(path);
	bool named;

	assert_true(rs_elf_find(self, "testing_function", true, &real));
	named = rs_elf_function_at(elf, real.address + 1, &by_address) &&
		strcmp(by_address.name, "testing_function") == 0;
	assert_true(rs_elf_find(elf, "testing_function", true, &by_name) == named);
	rs_elf_close(&elf);
	rs_elf_close(&self);
	return named;
}

static bool has_debug(const char *path)
{
	struct rs_elf *elf = opened(path), *debug = rs_elf_debug_info(elf);
	uint8_t *bytes;
	size_t size = 0;

	if (debug) {
		assert_int_equal(rs_elf_read(debug, ".debug_info", SIZE_MAX, &bytes, &size), 0);
		assert_true(size > 100);
		free(bytes);
	}
	rs_elf_close(&elf);
	return debug;
}

static void test_link(void **state)
{
	(void)state;
	need("objcopy", true);
	run("objcopy --only-keep-debug whole x.debug");
	run("objcopy -S --add-gnu-debuglink=x.debug whole x");
	assert_true(is_named("x"));
	assert_true(has_debug("x"));
	run("mkdir .debug && mv x.debug .debug/");
	assert_true(is_named("x"));
	run("rm .debug/x.debug");
	assert_false(is_named("x"));
	assert_false(has_debug("x"));
	run("mkfifo x.debug"); /* is not waited for */
	assert_false(is_named("x"));
}

static void test_cache(void **state)
{
	_cleanup_(rs_str_done) struct rs_str command = RS_STR_INIT(4096);
	uint8_t id[RS_ELF_BUILD_ID_MAX];
	struct rs_elf *self = opened(SELF);
	size_t n = rs_elf_build_id(self, id);
	char cwd[256];

	(void)state;
	rs_elf_close(&self);
	need("objcopy", true);
	if (!n)
		skip();
	run("objcopy -S whole x");
	assert_false(is_named("x"));
	rs_str_append_cstr(&command, "d=debuginfod_client/");
	for (size_t i = 0; i < n; i++)
		rs_str_appendf(&command, "%02x", id[i]);
	rs_str_append_cstr(&command,
			   "; mkdir -p $d && objcopy --only-keep-debug whole $d/debuginfo");
	run(rs_str_cstr(&command));
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	setenv("XDG_CACHE_HOME", cwd, 1);
	assert_true(is_named("x"));
	assert_true(has_debug("x"));
	/* another program's file in that place is none of ours */
	rs_str_append_cstr(
		&command,
		"; objcopy --remove-section=.note.gnu.build-id $d/debuginfo other; mv other $d/debuginfo");
	run(rs_str_cstr(&command));
	assert_false(is_named("x"));
	unsetenv("XDG_CACHE_HOME");
}

static void test_mini(void **state)
{
	(void)state;
	need("objcopy", false);
	need("xz", false);
	run("objcopy -S --keep-symbol=testing_function whole mini && xz mini");
	run("objcopy -S whole x && objcopy --add-section .gnu_debugdata=mini.xz x packed");
	assert_false(is_named("x"));
	assert_true(is_named("packed"));
	run("head -c 1000 mini.xz >cut && objcopy --add-section .gnu_debugdata=cut x bad");
	assert_false(is_named("bad"));
}

static void test_compressed(void **state)
{
	uint8_t *plain, *packed;
	size_t n_plain, n_packed;
	struct rs_elf *elf;

	(void)state;
	need("objcopy", true);
	run("objcopy --decompress-debug-sections whole plain");
	run("objcopy --compress-debug-sections=zlib plain packed");
	elf = opened("plain");
	assert_int_equal(rs_elf_read(elf, ".debug_line", 16, &plain, &n_plain), -EFBIG);
	assert_int_equal(rs_elf_read(elf, ".nothing", 16, &plain, &n_plain), -ENOENT);
	assert_int_equal(rs_elf_read(elf, ".debug_line", SIZE_MAX, &plain, &n_plain), 0);
	rs_elf_close(&elf);
	elf = opened("packed");
	assert_int_equal(rs_elf_read(elf, ".debug_line", n_plain - 1, &packed, &n_packed), -EFBIG);
	assert_int_equal(rs_elf_read(elf, ".debug_line", n_plain, &packed, &n_packed), 0);
	rs_elf_close(&elf);
	assert_int_equal(n_packed, n_plain);
	assert_memory_equal(packed, plain, n_plain);
	free(plain);
	free(packed);
}

/* An image has no folder that a link could lead into; its symbols are all there. */
static void test_image(void **state)
{
	struct rs_elf_symbol symbol;
	struct rs_elf *elf = NULL;
	char *bytes;
	FILE *file = fopen(SELF, "re");
	long size;

	(void)state;
	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	size = ftell(file);
	rewind(file);
	bytes = malloc((size_t)size);
	assert_int_equal(fread(bytes, 1, (size_t)size, file), size);
	fclose(file);
	assert_int_equal(rs_elf_open_image(bytes, 10, &elf), -ENOEXEC);
	assert_int_equal(rs_elf_open_image(bytes, (size_t)size, &elf), 0);
	memset(bytes, 0, (size_t)size);
	free(bytes);
	assert_true(rs_elf_find(elf, "testing_function", true, &symbol));
	rs_elf_close(&elf);
}

/* This program calls getcwd() through its table. */
static void test_plt(void **state)
{
	static const char *const sections[] = { ".plt", ".plt.sec", ".plt.got" };
	struct rs_elf *elf = opened(SELF);
	struct rs_elf_symbol symbol;
	uint64_t address;
	size_t size, pieces = 0;
	bool found = false;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(sections); i++) {
		if (!rs_elf_section(elf, sections[i], &size, &address))
			continue;
		for (size_t at = 0; at < size; at += 4) {
			if (!rs_elf_plt_at(elf, address + at, &symbol))
				continue;
			pieces++;
			assert_string_equal(symbol.name + strlen(symbol.name) - 4, "@plt");
			found |= strcmp(symbol.name, "getcwd@plt") == 0;
		}
	}
	assert_true(rs_elf_find(elf, "testing_function", true, &symbol));
	assert_false(rs_elf_plt_at(elf, symbol.address, &symbol));
	rs_elf_close(&elf);
	if (!pieces)
		skip(); /* built with -fno-plt, or static */
	assert_true(found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_link),       scratch_test(test_cache), scratch_test(test_mini),
		scratch_test(test_compressed), scratch_test(test_image), cmocka_unit_test(test_plt),
	};

	testing_function(1);
	return cmocka_run_group_tests_name("elf-debug", tests, NULL, NULL);
}
