/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of addresses of this very program, of children that end, of made-up code, of the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "profile/symbols-internal.h"
#include "profile/testing-child.h"

static struct rs_symbols *symbols;
static struct rs_frame frames[RS_SYMBOLS_FRAMES_MAX];

static int setup(void **state)
{
	(void)state;
	return rs_symbols_new(NULL, &symbols, NULL);
}

static int teardown(void **state)
{
	(void)state;
	rs_symbols_free(&symbols);
	return 0;
}

/* Not static and not inlined: it is looked for by its name. */
int symbols_landmark(int x);
__attribute__((noinline)) int symbols_landmark(int x)
{
	return x * 3;
}

static size_t lookup(uint32_t pid, const void *address, bool caller)
{
	return rs_symbols_user(symbols, pid, (uint64_t)(uintptr_t)address, caller, frames,
			       RS_SYMBOLS_FRAMES_MAX);
}

static void test_own(void **state)
{
	char module[4096];
	ssize_t n = readlink("/proc/self/exe", module, sizeof(module) - 1);

	(void)state;
	assert_true(n > 0);
	module[n] = '\0';
	assert_int_equal(lookup((uint32_t)getpid(), (const char *)symbols_landmark + 1, false), 1);
	assert_string_equal(frames[0].function, "symbols_landmark");
	assert_string_equal(frames[0].module, module);
	assert_null(frames[0].system);
	assert_int_equal(frames[0].kind, RS_FRAME_USER);
	assert_true(frames[0].address != 0);
	/* a return address at its very beginning belongs to the function before */
	assert_true(lookup((uint32_t)getpid(), (const void *)symbols_landmark, true) >= 1);
	assert_string_not_equal(frames[0].function, "symbols_landmark");
	assert_int_equal(symbols_landmark(2), 6);
}

/* Where we are in it, for who asks in between. */
static inline __attribute__((always_inline)) const void *innermost(volatile int *counter)
{
	const void *here;

	*counter += 1;
#ifdef __x86_64__
	asm volatile("lea (%%rip), %0" : "=r"(here));
#else
	asm volatile("adr %0, ." : "=r"(here));
#endif
	*counter += 2;
	return here;
}

static inline __attribute__((always_inline)) const void *between(volatile int *counter)
{
	*counter += 3;
	return innermost(counter);
}

const void *symbols_outermost(volatile int *counter);
__attribute__((noinline)) const void *symbols_outermost(volatile int *counter)
{
	const void *here = between(counter);

	*counter += 4;
	return here;
}

static bool ends_with(const char *text, const char *end)
{
	return text && strlen(text) >= strlen(end) &&
	       strcmp(text + strlen(text) - strlen(end), end) == 0;
}

static void test_inlined(void **state)
{
	static const char *const names[] = { "innermost", "between", "symbols_outermost" };
	struct rs_symbols_options options = { .no_inlines = true };
	volatile int counter = 0;
	const void *here = symbols_outermost(&counter);
	size_t n = lookup((uint32_t)getpid(), here, false);
	uint32_t line = frames[0].line;

	(void)state;
	if (!frames[0].file)
		skip(); /* built without debug information */
	assert_int_equal(n, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_string_equal(frames[i].function, names[i]);
		assert_true(ends_with(frames[i].file, "profile/test-symbols.c"));
		assert_int_equal(frames[i].kind, i < 2 ? RS_FRAME_INLINED : RS_FRAME_USER);
		assert_int_equal(frames[i].address, frames[0].address);
		assert_string_equal(frames[i].module, frames[0].module);
		assert_true(i == 0 || frames[i].line > frames[i - 1].line);
	}
	/* the second time it is remembered */
	assert_int_equal(rs_hashmap_len(symbols->known), 1);
	assert_int_equal(lookup((uint32_t)getpid(), here, false), 3);
	assert_int_equal(frames[0].line, line);
	for (unsigned i = 0; i < 3; i++)
		assert_string_equal(frames[i].function, names[i]);
	assert_int_equal(lookup((uint32_t)getpid(), (const char *)here + 1, true), 3);
	assert_int_equal(rs_hashmap_len(symbols->known), 2);
	lookup((uint32_t)getpid(), here, false);
	/* with room for fewer it is the functions between that are left out */
	assert_int_equal(rs_symbols_user(symbols, (uint32_t)getpid(), (uint64_t)(uintptr_t)here,
					 false, frames, 2),
			 2);
	assert_string_equal(frames[0].function, "innermost");
	assert_int_equal(frames[0].line, line);
	assert_string_equal(frames[1].function, "symbols_outermost");
	rs_symbols_free(&symbols);
	assert_int_equal(rs_symbols_new(&options, &symbols, NULL), 0);
	assert_int_equal(lookup((uint32_t)getpid(), here, false), 1);
	assert_string_equal(frames[0].function, "symbols_outermost");
	assert_non_null(frames[0].file);
}

/* The host's files are below a folder, /proc among them. */
static void test_host(void **state)
{
	char folder[] = "/tmp/rs-symbols.XXXXXX", proc[64];
	struct rs_symbols_options options = { .host = folder };

	(void)state;
	assert_non_null(mkdtemp(folder));
	rs_symbols_free(&symbols);
	assert_int_equal(rs_symbols_new(&options, &symbols, NULL), 0);
	lookup((uint32_t)getpid(), (const void *)symbols_landmark, false);
	assert_int_equal(frames[0].kind, RS_FRAME_OTHER);
	snprintf(proc, sizeof(proc), "%s/proc", folder);
	assert_int_equal(symlink("/proc", proc), 0);
	lookup((uint32_t)getpid(), (const void *)symbols_landmark, false);
	assert_string_equal(frames[0].function, "symbols_landmark");
	unlink(proc);
	rmdir(folder);
}

static void test_unknown(void **state)
{
	(void)state;
	assert_int_equal(lookup((uint32_t)getpid(), (const void *)0x10, false), 1);
	assert_string_equal(frames[0].function, "0x10");
	assert_null(frames[0].module);
	assert_int_equal(frames[0].kind, RS_FRAME_OTHER);
	assert_int_equal(lookup(0x7ffffff, (const void *)0x1234, true), 1);
	assert_string_equal(frames[0].function, "0x1234");
	assert_int_equal(rs_symbols_user(symbols, 1, 1, false, frames, 0), 0);
}

/* Its addresses keep their names when it is gone, if it was looked at before. */
static void test_gone(void **state)
{
	struct testing_child child;

	(void)state;
	testing_child_start(&child);
	rs_symbols_seen(symbols, (uint32_t)child.pid, NULL, 0);
	assert_true(testing_child_end(&child));
	assert_int_equal(lookup((uint32_t)child.pid, (const char *)symbols_landmark + 2, false), 1);
	assert_string_equal(frames[0].function, "symbols_landmark");
}

/* Runs a copy of this program that says where its landmark is, and waits. */
struct other {
	pid_t pid;
	int in, out;
	uint64_t landmark;
};

static void start_other(const char *path, struct other *ret)
{
	int in[2], out[2];

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	ret->pid = fork();
	if (ret->pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		close(out[0]);
		execl(path, path, "--wait", NULL);
		_exit(127);
	}
	assert_true(ret->pid > 0);
	close(in[0]);
	close(out[1]);
	ret->in = in[1];
	ret->out = out[0];
	assert_int_equal(read(ret->out, &ret->landmark, sizeof(ret->landmark)),
			 sizeof(ret->landmark));
}

static void end_other(struct other *other)
{
	int status;

	close(other->in);
	close(other->out);
	assert_int_equal(waitpid(other->pid, &status, 0), other->pid);
	assert_int_equal(status, 0);
}

static int wait_as_other(void)
{
	uint64_t landmark = (uint64_t)(uintptr_t)symbols_landmark;
	char c;

	return write(1, &landmark, sizeof(landmark)) != sizeof(landmark) || read(0, &c, 1) != 0;
}

/* A program that nobody can open by its path any more. */
static void test_deleted(void **state)
{
	struct other other;
	char path[64], command[128];

	(void)state;
	snprintf(path, sizeof(path), "/tmp/rs-symbols.%d", (int)getpid());
	snprintf(command, sizeof(command), "cp /proc/%d/exe %s", (int)getpid(), path);
	assert_int_equal(system(command), 0);
	start_other(path, &other);
	assert_int_equal(unlink(path), 0);
	assert_true(rs_symbols_user(symbols, (uint32_t)other.pid, other.landmark + 1, false, frames,
				    RS_SYMBOLS_FRAMES_MAX) >= 1);
	assert_string_equal(frames[0].function, "symbols_landmark");
	assert_string_equal(frames[0].module, path);
	end_other(&other);
	/* it is known until we say that nobody asks any more */
	rs_symbols_user(symbols, (uint32_t)other.pid, other.landmark + 1, false, frames, 1);
	assert_string_equal(frames[0].function, "symbols_landmark");
	assert_true(rs_hashmap_len(symbols->files) > 0);
	rs_symbols_forget_ended(symbols);
	assert_int_equal(rs_hashmap_len(symbols->processes), 0);
	assert_int_equal(rs_hashmap_len(symbols->files), 0);
	rs_symbols_user(symbols, (uint32_t)other.pid, other.landmark + 1, false, frames, 1);
	assert_int_equal(frames[0].kind, RS_FRAME_OTHER);
}

/* Code of a file without symbols is told apart by where its functions begin. */
static void test_stripped(void **state)
{
	char path[64], command[160], name[128];
	struct rs_elf_symbol symbol;
	struct rs_elf *elf = NULL;
	struct other other;
	int r;

	(void)state;
	assert_int_equal(rs_elf_open("/proc/self/exe", "", &elf, NULL), 0);
	assert_true(rs_elf_find(elf, "symbols_landmark", true, &symbol));
	snprintf(path, sizeof(path), "/tmp/rs-symbols.%d", (int)getpid());
	snprintf(command, sizeof(command), "strip -o %s /proc/%d/exe 2>/dev/null", path,
		 (int)getpid());
	r = system(command);
	snprintf(name, sizeof(name), "[%s+0x%llx]", strrchr(path, '/') + 1,
		 (unsigned long long)symbol.address);
	rs_elf_close(&elf);
	if (r != 0)
		skip(); /* no binutils here */
	start_other(path, &other);
	rs_symbols_user(symbols, (uint32_t)other.pid, other.landmark + 3, false, frames,
			RS_SYMBOLS_FRAMES_MAX);
	assert_string_equal(frames[0].function, name);
	assert_string_equal(frames[0].module, path);
	assert_int_equal(frames[0].kind, RS_FRAME_USER);
	/* what is just before it is another's */
	rs_symbols_user(symbols, (uint32_t)other.pid, other.landmark, true, frames,
			RS_SYMBOLS_FRAMES_MAX);
	assert_string_not_equal(frames[0].function, name);
	assert_true(symbols->starts_bytes > 0);
	end_other(&other);
	unlink(path);
	rs_symbols_forget_ended(symbols);
	assert_int_equal(symbols->starts_bytes, 0);
}

/* The maps of a process that was seen, and of one that is there and was not. */
static void test_forget(void **state)
{
	struct other other;

	(void)state;
	start_other("/proc/self/exe", &other);
	lookup((uint32_t)getpid(), (const void *)symbols_landmark, false);
	rs_symbols_seen(symbols, (uint32_t)other.pid, &other.landmark, 1);
	assert_int_equal(rs_hashmap_len(symbols->processes), 2);
	rs_symbols_forget_ended(symbols);
	assert_int_equal(rs_hashmap_len(symbols->processes), 2);
	end_other(&other);
	rs_symbols_forget_ended(symbols);
	assert_int_equal(rs_hashmap_len(symbols->processes), 1);
	assert_true(rs_hashmap_len(symbols->files) > 0);
	assert_true(lookup((uint32_t)getpid(), (const void *)symbols_landmark, false) >= 1);
	assert_string_equal(frames[0].function, "symbols_landmark");
}

/* Code that is unmapped again keeps its names; numbers that are no addresses cost a look each, up to a point. */
static void test_unmapped(void **state)
{
	struct rs_symbols_process *process;
	char path[64], command[128];
	struct rs_elf *elf = NULL;
	struct rs_elf_symbol symbol;
	uint64_t offset, at;
	char *code;
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/rs-symbols.%d", (int)getpid());
	snprintf(command, sizeof(command), "cp /proc/%d/exe %s", (int)getpid(), path);
	assert_int_equal(system(command), 0);
	assert_int_equal(rs_elf_open(path, "", &elf, NULL), 0);
	assert_true(rs_elf_find(elf, "symbols_landmark", true, &symbol));
	assert_true(rs_elf_offset(elf, symbol.address, &offset));
	rs_elf_close(&elf);
	file = fopen(path, "re");
	code = mmap(NULL, 8192, PROT_READ | PROT_EXEC, MAP_PRIVATE, fileno(file),
		    (off_t)(offset & ~4095ull));
	assert_ptr_not_equal(code, MAP_FAILED);
	fclose(file);
	at = (uint64_t)(uintptr_t)code + (offset & 4095) + 1;
	rs_symbols_seen(symbols, (uint32_t)getpid(), &at, 1);
	munmap(code, 8192);
	unlink(path);
	for (uint64_t i = 1; i < 100; i++)
		lookup((uint32_t)getpid(), (const void *)(uintptr_t)(i << 12), false);
	process = rs_symbols_find_process(symbols, (uint32_t)getpid());
	assert_int_equal(process->n_missing, RS_MISSING_MAX);
	lookup((uint32_t)getpid(), (const void *)(uintptr_t)at, false);
	assert_string_equal(frames[0].function, "symbols_landmark");
	assert_string_equal(frames[0].module, path);
}

/* What is mapped after the process was looked at is found too. */
static void test_jit(void **state)
{
	char path[64];
	FILE *file;
	void *code;

	(void)state;
	rs_symbols_seen(symbols, (uint32_t)getpid(), NULL, 0);
	code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(code, MAP_FAILED);
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	unlink(path); /* of a process long gone */
	file = fopen(path, "wx");
	assert_non_null(file);
	fprintf(file, "%lx 40 script: run()\n", (unsigned long)(uintptr_t)code);
	fclose(file);
	assert_int_equal(lookup((uint32_t)getpid(), (const char *)code + 5, false), 1);
	assert_string_equal(frames[0].function, "script: run()");
	assert_int_equal(frames[0].kind, RS_FRAME_JIT);
	assert_int_equal(lookup((uint32_t)getpid(), (const char *)code + 0x80, false), 1);
	assert_string_equal(frames[0].function, "[unknown]");
	assert_int_equal(frames[0].kind, RS_FRAME_JIT);
	unlink(path);
	munmap(code, 4096);
}

static const char *jit_name(const struct rs_symbols_jit *jit, uint64_t address)
{
	const struct rs_symbols_jit_symbol *symbol = rs_symbols_jit_find(jit, address);

	return symbol ? jit->names.data + symbol->name : "";
}

static void test_jit_text(void **state)
{
	static const char text[] = "100 10 a\n"
				   "200 20 second name\n"
				   "nonsense\n"
				   "300 zz x\n"
				   "400 0 empty\n"
				   "ffffffffffffffff 10 wraps\n"
				   "500 8 not yet whole";
	static const char more[] = "500 8 la\033st\n"
				   "100 8 newer\n"
				   "210 4 inside\n";
	struct rs_symbols_jit jit = { 0 };

	(void)state;
	assert_int_equal(rs_symbols_jit_add(&jit, text, sizeof(text) - 1),
			 sizeof(text) - 1 - strlen("500 8 not yet whole"));
	assert_int_equal(jit.symbols.len, 2);
	assert_string_equal(jit_name(&jit, 0xff), "");
	assert_string_equal(jit_name(&jit, 0x10f), "a");
	assert_string_equal(jit_name(&jit, 0x110), "");
	assert_string_equal(jit_name(&jit, 0x21f), "second name");
	assert_int_equal(rs_symbols_jit_add(&jit, more, sizeof(more) - 1), sizeof(more) - 1);
	assert_string_equal(jit_name(&jit, 0x507), "la\\x1bst");
	assert_string_equal(jit_name(&jit, 0x508), "");
	assert_string_equal(jit_name(&jit, 0x107), "newer");
	assert_string_equal(jit_name(&jit, 0x10f), "a");
	assert_string_equal(jit_name(&jit, 0x213), "inside");
	assert_string_equal(jit_name(&jit, 0x214), "second name");
	rs_symbols_jit_done(&jit);
}

static void test_vdso(void **state)
{
	const char *image = (const char *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
	struct rs_elf_symbol symbol;
	struct rs_elf *elf = NULL;

	(void)state;
	if (!image)
		skip();
	lookup((uint32_t)getpid(), image, false);
	assert_string_equal(frames[0].module, "[vdso]");
	assert_int_equal(rs_elf_open_image(image, 4096, &elf), 0);
	rs_elf_close(&elf);
	assert_non_null(symbols->vdso);
	assert_true(rs_elf_find(symbols->vdso->elf, "clock_gettime", true, &symbol) ||
		    rs_elf_find(symbols->vdso->elf, "__kernel_clock_gettime", true, &symbol));
	lookup((uint32_t)getpid(), image + symbol.address, false);
	assert_non_null(strstr(frames[0].function, "clock_gettime"));
}

static void test_kernel(void **state)
{
	struct rs_ksyms *ksyms = NULL;
	uint64_t address;

	(void)state;
	assert_int_equal(rs_ksyms_new(&ksyms, NULL), 0);
	if (!rs_ksyms_address(ksyms, "vfs_read", &address)) {
		assert_int_equal(rs_symbols_kernel(symbols, 0xffffffff81000000, true, frames, 1),
				 1);
		assert_string_equal(frames[0].function, "[kernel]");
	} else {
		assert_int_equal(rs_symbols_kernel(symbols, address + 5, true, frames, 1), 1);
		assert_string_equal(frames[0].function, "vfs_read");
		assert_int_equal(frames[0].address, address + 5);
	}
	assert_string_equal(frames[0].module, "[kernel]");
	assert_int_equal(frames[0].kind, RS_FRAME_KERNEL);
	rs_ksyms_free(&ksyms);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_own, setup, teardown),
		cmocka_unit_test_setup_teardown(test_inlined, setup, teardown),
		cmocka_unit_test_setup_teardown(test_host, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deleted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stripped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forget, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unmapped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_jit, setup, teardown),
		cmocka_unit_test(test_jit_text),
		cmocka_unit_test_setup_teardown(test_vdso, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kernel, setup, teardown),
	};

	if (argc > 1 && strcmp(argv[1], "--wait") == 0)
		return wait_as_other();
	return cmocka_run_group_tests_name("symbols", tests, NULL, NULL);
}
