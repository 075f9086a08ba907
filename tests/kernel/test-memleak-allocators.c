/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ringside memleak` with the allocators that people use: a program that keeps a known number of bytes runs with each of
 * them in front of the C library's, and with one linked into it. Where there is no compiler, or none of the allocators
 * is installed, there is nothing to see.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "tests/kernel/lib/agent.h"
#include "tests/kernel/lib/tap.h"

/* It says itself how much it keeps. Everything else that it, or anybody in it, allocates is not below keep_*(). */
static const char source[] =
	"#define _GNU_SOURCE\n"
	"#include <dlfcn.h>\n"
	"#include <malloc.h>\n"
	"#include <pthread.h>\n"
	"#include <stdio.h>\n"
	"#include <stdlib.h>\n"
	"#include <string.h>\n"
	"#include <unistd.h>\n"
	"static size_t bytes, blocks;\n"
	"static void *volatile sink;\n"
	"static void kept(void *p, size_t n) {\n"
	"\tif (!p) _exit(3);\n"
	"\tsink = p;\n"
	"\t__atomic_add_fetch(&bytes, n, __ATOMIC_SEQ_CST);\n"
	"\t__atomic_add_fetch(&blocks, 1, __ATOMIC_SEQ_CST);\n"
	"}\n"
	"static void gone(void *p) { sink = p; free(p); }\n"
	"__attribute__((noinline)) void keep_c(void) {\n"
	"\tvoid *p = 0;\n"
	"\tkept(malloc(1000), 1000);\n"
	"\tgone(malloc(1000));\n"
	"\tkept(calloc(7, 9), 63);\n"
	"\tsink = malloc(10);\n"
	"\tkept(realloc(sink, 5000), 5000);\n"
	"\tsink = malloc(6000);\n"
	"\tkept(realloc(sink, 100), 100);\n"
	"\tkept(realloc(0, 70), 70);\n"
	"\tkept(reallocarray(0, 3, 100), 300);\n"
	"\tif (posix_memalign(&p, 64, 333)) _exit(3);\n"
	"\tkept(p, 333);\n"
	"\tgone(memalign(64, 999));\n"
	"\tkept(aligned_alloc(64, 640), 640);\n"
	"\tkept(memalign(128, 1280), 1280);\n"
	"\tkept(valloc(100), 100);\n"
	"\tkept(strdup(\"0123456789\"), 11);\n"
	"\tkept(malloc(5 << 20), 5 << 20);\n"
	"\tsink = malloc(3 << 20);\n"
	"\tkept(realloc(sink, 7 << 20), 7 << 20);\n"
	"\tgone(malloc(6 << 20));\n"
	"\tfree(0);\n"
	"}\n"
	"typedef void *(*new_fn)(size_t);\n"
	"typedef void *(*aligned_new_fn)(size_t, size_t);\n"
	"typedef void (*delete_fn)(void *);\n"
	"typedef void (*aligned_delete_fn)(void *, size_t);\n"
	"#define FIND(type, name) type name = (type)dlsym(RTLD_DEFAULT, #name)\n"
	"__attribute__((noinline)) void keep_cxx(void) {\n"
	"\tFIND(new_fn, _Znwm);\n"
	"\tFIND(new_fn, _Znam);\n"
	"\tFIND(aligned_new_fn, _ZnwmRKSt9nothrow_t);\n"
	"\tFIND(aligned_new_fn, _ZnwmSt11align_val_t);\n"
	"\tFIND(delete_fn, _ZdlPv);\n"
	"\tFIND(delete_fn, _ZdaPv);\n"
	"\tFIND(aligned_delete_fn, _ZdlPvSt11align_val_t);\n"
	"\tif (!_Znwm || !_Znam || !_ZnwmRKSt9nothrow_t || !_ZdlPv || !_ZdaPv) return;\n"
	"\tkept(_Znam(77), 77);\n"
	"\tkept(_Znwm(8), 8);\n"
	"\tkept(_ZnwmRKSt9nothrow_t(50, 0), 50);\n"
	"\t_ZdaPv(_Znam(99));\n"
	"\t_ZdlPv(_Znwm(8));\n"
	"\tif (!_ZnwmSt11align_val_t || !_ZdlPvSt11align_val_t) return;\n"
	"\tkept(_ZnwmSt11align_val_t(256, 64), 256);\n"
	"\t_ZdlPvSt11align_val_t(_ZnwmSt11align_val_t(512, 64), 64);\n"
	"}\n"
	"typedef void *(*mallocx_fn)(size_t, int);\n"
	"typedef void *(*rallocx_fn)(void *, size_t, int);\n"
	"typedef void (*sdallocx_fn)(void *, size_t, int);\n"
	"typedef void (*dallocx_fn)(void *, int);\n"
	"static mallocx_fn mallocx;\n"
	"static rallocx_fn rallocx;\n"
	"static sdallocx_fn sdallocx;\n"
	"static dallocx_fn dallocx;\n"
	"/* What is not found leaves a message behind. */\n"
	"static void find_x(void) {\n"
	"\tmallocx = (mallocx_fn)dlsym(RTLD_DEFAULT, \"mallocx\");\n"
	"\trallocx = (rallocx_fn)dlsym(RTLD_DEFAULT, \"rallocx\");\n"
	"\tsdallocx = (sdallocx_fn)dlsym(RTLD_DEFAULT, \"sdallocx\");\n"
	"\tdallocx = (dallocx_fn)dlsym(RTLD_DEFAULT, \"dallocx\");\n"
	"}\n"
	"__attribute__((noinline)) void keep_x(void) {\n"
	"\tif (!mallocx || !rallocx || !sdallocx || !dallocx) return;\n"
	"\tkept(mallocx(555, 0), 555);\n"
	"\tkept(rallocx(mallocx(20, 0), 8000, 0), 8000);\n"
	"\tsdallocx(mallocx(444, 0), 444, 0);\n"
	"\tdallocx(mallocx(333, 0), 0);\n"
	"}\n"
	"void *keep_thread(void *data) {\n"
	"\tvoid *some[16] = { 0 };\n"
	"\tfor (unsigned i = 0; i < 400; i++) {\n"
	"\t\tgone(some[i % 16]);\n"
	"\t\tsome[i % 16] = malloc(i * 7 % 3000 + 1);\n"
	"\t}\n"
	"\tfor (unsigned i = 0; i < 16; i++) gone(some[i]);\n"
	"\tfor (unsigned i = 0; i < 5; i++) kept(malloc(100), 100);\n"
	"\treturn data;\n"
	"}\n"
	"int main(void) {\n"
	"\tpthread_t threads[8];\n"
	"\tdlopen(\"libstdc++.so.6\", RTLD_NOW | RTLD_GLOBAL);\n"
	"\tfind_x();\n"
	"\tkeep_c();\n"
	"\tkeep_cxx();\n"
	"\tkeep_x();\n"
	"\tfor (int i = 0; i < 8; i++)\n"
	"\t\tif (pthread_create(&threads[i], 0, keep_thread, 0)) _exit(4);\n"
	"\tfor (int i = 0; i < 8; i++) pthread_join(threads[i], 0);\n"
	"\tprintf(\"{\\\"type\\\":\\\"kept\\\",\\\"bytes\\\":%zu,\\\"count\\\":%zu}\\n\", bytes, blocks);\n"
	"\tfflush(stdout);\n"
	"\t_exit(0);\n"
	"}\n";

static char dir[] = "/tmp/ringside-test-allocators-XXXXXX";

static bool write_source(void)
{
	char path[128];
	FILE *file;
	bool ok;

	snprintf(path, sizeof(path), "%s/keep.c", dir);
	file = fopen(path, "we");
	ok = file && fputs(source, file) >= 0;
	return file && !fclose(file) && ok;
}

/* With what more is to be linked; false: it cannot be. */
static bool compile(const char *name, const char *libraries)
{
	char command[1024];

	snprintf(command, sizeof(command),
		 "cc -std=gnu11 -O1 -g -fno-builtin -rdynamic -o %s/%s %s/keep.c %s -pthread -ldl "
		 ">%s/log 2>&1",
		 dir, name, dir, libraries, dir);
	return system(command) == 0;
}

/* The library's file in one of the folders that there are. */
static bool find_library(const char *name, char *buf, size_t size)
{
	static const char *const folders[] = { "/usr/lib/x86_64-linux-gnu",
					       "/usr/lib/aarch64-linux-gnu", "/usr/lib64",
					       "/usr/lib", "/usr/local/lib" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		snprintf(buf, size, "%s/%s", folders[i], name);
		if (!access(buf, R_OK))
			return true;
	}
	return false;
}

struct sum {
	json_int_t bytes, count;
};

static bool is_kept(const json_t *row)
{
	const json_t *frame;
	size_t i;

	json_array_foreach(json_object_get(row, "frames"), i, frame)
	{
		const char *name = json_string_value(json_object_get(frame, "function"));

		if (name && !strncmp(name, "keep_", 5))
			return true;
	}
	return false;
}

static void add(struct sum *sum, const json_t *row)
{
	sum->bytes += json_integer_value(json_object_get(row, "bytes"));
	sum->count += json_integer_value(json_object_get(row, "count"));
}

static void read_rows(char *text, struct sum *found, struct sum *kept)
{
	char *line, *rest;

	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		json_t *row = json_loads(line, 0, NULL);
		const char *type = json_string_value(json_object_get(row, "type"));

		if (type && !strcmp(type, "kept"))
			add(kept, row);
		else if (type && !strcmp(type, "stack") && is_kept(row))
			add(found, row);
		json_decref(row);
	}
}

/* @preload NULL: nothing. */
static void check(const char *what, const char *program, const char *preload)
{
	char command[512];
	const char *args[] = { "memleak", "-o", "json", "-q", "-c", command, NULL };
	struct sum found = { 0 }, kept = { 0 };
	struct outcome outcome;

	snprintf(command, sizeof(command), "env %s%s %s/%s", preload ? "LD_PRELOAD=" : "",
		 preload ? preload : "", dir, program);
	agent_run(&outcome, args, NULL, NULL);
	read_rows(outcome.out, &found, &kept);
	if (!tap_ok(outcome.code == 0 && kept.count > 50 && found.bytes == kept.bytes &&
			    found.count == kept.count,
		    "%s", what))
		tap_diag("found %lld bytes in %lld blocks of %lld in %lld, code %d\n%s",
			 (long long)found.bytes, (long long)found.count, (long long)kept.bytes,
			 (long long)kept.count, outcome.code, outcome.err);
	outcome_done(&outcome);
}

static void check_preloaded(void)
{
	static const struct {
		const char *what, *name;
	} rows[] = {
		{ "jemalloc", "libjemalloc.so.2" },   { "tcmalloc", "libtcmalloc_minimal.so.4" },
		{ "mimalloc", "libmimalloc.so.2.0" }, { "mimalloc 2", "libmimalloc.so.2" },
		{ "mimalloc 3", "libmimalloc.so.3" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char path[256];

		if (find_library(rows[i].name, path, sizeof(path)))
			check(rows[i].what, "plain", path);
		else
			tap_skip(rows[i].what, "it is not installed");
	}
}

static void check_linked(void)
{
	static const struct {
		const char *what, *name, *program;
	} rows[] = {
		{ "jemalloc, linked statically", "libjemalloc.a", "jemalloc" },
		{ "tcmalloc, linked statically", "libtcmalloc_minimal.a", "tcmalloc" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char path[256], libraries[300];

		snprintf(libraries, sizeof(libraries), "-Wl,--whole-archive %s",
			 find_library(rows[i].name, path, sizeof(path)) ? path : "");
		strncat(libraries, " -Wl,--no-whole-archive -lstdc++ -lm",
			sizeof(libraries) - strlen(libraries) - 1);
		if (!access(path, R_OK) && compile(rows[i].program, libraries))
			check(rows[i].what, rows[i].program, NULL);
		else
			tap_skip(rows[i].what, "it is not installed");
	}
}

static void remove_dir(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf -- '%s'", dir);
	if (system(command) != 0)
		tap_diag("\"%s\" stays", dir);
}

int main(void)
{
	if (!mkdtemp(dir))
		tap_bail("making a folder: %m");
	if (write_source() && compile("plain", "")) {
		check("the C library", "plain", NULL);
		check_preloaded();
		check_linked();
	} else {
		tap_skip("allocators", "there is no C compiler");
	}
	remove_dir();
	return tap_done();
}
