/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/allocators.h"

#include <assert.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"

struct row {
	const char *name;
	enum rs_alloc_program program;
	enum rs_alloc_family family;
	bool leaf;
};

/* What C libraries offer, and allocators under the same names with a prefix. */
#define STANDARD(prefix, family)                                                                   \
	{ prefix "malloc", RS_ALLOC_SIZE0, family, true },                                         \
		{ prefix "calloc", RS_ALLOC_CALLOC, family, false },                               \
		{ prefix "realloc", RS_ALLOC_REALLOC, family, false },                             \
		{ prefix "reallocarray", RS_ALLOC_REALLOCARRAY, family, false },                   \
		{ prefix "free", RS_ALLOC_FREE0, family, false },                                  \
		{ prefix "cfree", RS_ALLOC_FREE0, family, false },                                 \
		{ prefix "posix_memalign", RS_ALLOC_POSIX_MEMALIGN, family, false },               \
		{ prefix "aligned_alloc", RS_ALLOC_SIZE1, family, false },                         \
		{ prefix "memalign", RS_ALLOC_SIZE1, family, false },                              \
		{ prefix "valloc", RS_ALLOC_SIZE0, family, false },                                \
	{                                                                                          \
		prefix "pvalloc", RS_ALLOC_SIZE0, family, false                                    \
	}

#define JEMALLOC(prefix)                                                                           \
	{ prefix "mallocx", RS_ALLOC_SIZE0, RS_ALLOC_FAMILY_JEMALLOC, false },                     \
		{ prefix "rallocx", RS_ALLOC_REALLOC, RS_ALLOC_FAMILY_JEMALLOC, false },           \
		{ prefix "dallocx", RS_ALLOC_FREE0, RS_ALLOC_FAMILY_JEMALLOC, false },             \
	{                                                                                          \
		prefix "sdallocx", RS_ALLOC_FREE0, RS_ALLOC_FAMILY_JEMALLOC, false                 \
	}

#define NEW(name)                                                                                  \
	{                                                                                          \
		name, RS_ALLOC_SIZE0, RS_ALLOC_FAMILY_CXX, false                                   \
	}
#define DELETE(name)                                                                               \
	{                                                                                          \
		name, RS_ALLOC_FREE0, RS_ALLOC_FAMILY_CXX, false                                   \
	}

static const struct row rows[] = {
	STANDARD("", RS_ALLOC_FAMILY_LIBC),
	STANDARD("je_", RS_ALLOC_FAMILY_JEMALLOC),
	STANDARD("_rjem_", RS_ALLOC_FAMILY_JEMALLOC),
	STANDARD("tc_", RS_ALLOC_FAMILY_TCMALLOC),
	STANDARD("mi_", RS_ALLOC_FAMILY_MIMALLOC),
	JEMALLOC(""),
	JEMALLOC("je_"),
	JEMALLOC("_rjem_"),
	/* new and new[], with nothrow, with an alignment, with both; size_t is a long */
	NEW("_Znwm"),
	NEW("_Znam"),
	NEW("_ZnwmRKSt9nothrow_t"),
	NEW("_ZnamRKSt9nothrow_t"),
	NEW("_ZnwmSt11align_val_t"),
	NEW("_ZnamSt11align_val_t"),
	NEW("_ZnwmSt11align_val_tRKSt9nothrow_t"),
	NEW("_ZnamSt11align_val_tRKSt9nothrow_t"),
	/* delete and delete[]: the same, and with the size */
	DELETE("_ZdlPv"),
	DELETE("_ZdaPv"),
	DELETE("_ZdlPvm"),
	DELETE("_ZdaPvm"),
	DELETE("_ZdlPvRKSt9nothrow_t"),
	DELETE("_ZdaPvRKSt9nothrow_t"),
	DELETE("_ZdlPvSt11align_val_t"),
	DELETE("_ZdaPvSt11align_val_t"),
	DELETE("_ZdlPvmSt11align_val_t"),
	DELETE("_ZdaPvmSt11align_val_t"),
	DELETE("_ZdlPvSt11align_val_tRKSt9nothrow_t"),
	DELETE("_ZdaPvSt11align_val_tRKSt9nothrow_t"),
	{ "tc_new", RS_ALLOC_SIZE0, RS_ALLOC_FAMILY_TCMALLOC, false },
	{ "tc_new_nothrow", RS_ALLOC_SIZE0, RS_ALLOC_FAMILY_TCMALLOC, false },
	{ "tc_new_aligned", RS_ALLOC_SIZE0, RS_ALLOC_FAMILY_TCMALLOC, false },
	{ "tc_newarray", RS_ALLOC_SIZE0, RS_ALLOC_FAMILY_TCMALLOC, false },
	{ "tc_newarray_nothrow", RS_ALLOC_SIZE0, RS_ALLOC_FAMILY_TCMALLOC, false },
	{ "tc_newarray_aligned", RS_ALLOC_SIZE0, RS_ALLOC_FAMILY_TCMALLOC, false },
	{ "tc_delete", RS_ALLOC_FREE0, RS_ALLOC_FAMILY_TCMALLOC, false },
	{ "tc_delete_sized", RS_ALLOC_FREE0, RS_ALLOC_FAMILY_TCMALLOC, false },
	{ "tc_delete_aligned", RS_ALLOC_FREE0, RS_ALLOC_FAMILY_TCMALLOC, false },
	{ "tc_deletearray", RS_ALLOC_FREE0, RS_ALLOC_FAMILY_TCMALLOC, false },
	{ "tc_deletearray_sized", RS_ALLOC_FREE0, RS_ALLOC_FAMILY_TCMALLOC, false },
	{ "tc_deletearray_aligned", RS_ALLOC_FREE0, RS_ALLOC_FAMILY_TCMALLOC, false },
	{ "tc_free_sized", RS_ALLOC_FREE0, RS_ALLOC_FAMILY_TCMALLOC, false },
	{ "mi_zalloc", RS_ALLOC_SIZE0, RS_ALLOC_FAMILY_MIMALLOC, false },
	{ "mi_malloc_small", RS_ALLOC_SIZE0, RS_ALLOC_FAMILY_MIMALLOC, false },
	{ "mi_zalloc_small", RS_ALLOC_SIZE0, RS_ALLOC_FAMILY_MIMALLOC, false },
	{ "mi_mallocn", RS_ALLOC_CALLOC, RS_ALLOC_FAMILY_MIMALLOC, false },
	{ "mi_reallocn", RS_ALLOC_REALLOCARRAY, RS_ALLOC_FAMILY_MIMALLOC, false },
	{ "mi_malloc_aligned", RS_ALLOC_SIZE0, RS_ALLOC_FAMILY_MIMALLOC, false },
	{ "mi_zalloc_aligned", RS_ALLOC_SIZE0, RS_ALLOC_FAMILY_MIMALLOC, false },
	{ "mi_realloc_aligned", RS_ALLOC_REALLOC, RS_ALLOC_FAMILY_MIMALLOC, false },
	{ "mi_heap_malloc", RS_ALLOC_SIZE1, RS_ALLOC_FAMILY_MIMALLOC, false },
	{ "mi_heap_zalloc", RS_ALLOC_SIZE1, RS_ALLOC_FAMILY_MIMALLOC, false },
	{ "mi_new", RS_ALLOC_SIZE0, RS_ALLOC_FAMILY_MIMALLOC, false },
	{ "mi_new_nothrow", RS_ALLOC_SIZE0, RS_ALLOC_FAMILY_MIMALLOC, false },
	{ "mi_free_size", RS_ALLOC_FREE0, RS_ALLOC_FAMILY_MIMALLOC, false },
	{ "mi_free_aligned", RS_ALLOC_FREE0, RS_ALLOC_FAMILY_MIMALLOC, false },
	{ "mi_free_size_aligned", RS_ALLOC_FREE0, RS_ALLOC_FAMILY_MIMALLOC, false },
};

const char *rs_alloc_program_name(enum rs_alloc_program program)
{
	static const char *const names[] = {
#define X(id, name) name,
		RS_ALLOC_PROGRAMS(X)
#undef X
	};

	static_assert(ARRAY_SIZE(names) == RS_ALLOC_PROGRAM_COUNT, "each program has a name");
	return names[program];
}

int rs_alloc_parse(const char *text, bool gives, struct rs_alloc_named *ret_named,
		   struct rs_error *err)
{
	const char *colon = strrchr(text, ':');
	uint64_t argument = 1;
	struct rs_alloc_named named = { .program = gives ? RS_ALLOC_SIZE0 : RS_ALLOC_FREE0 };

	/* "ns::give" is a name. */
	if (colon && colon > text && colon[-1] == ':')
		colon = NULL;
	if (colon && rs_units_parse_u64(colon + 1, 6, &argument, NULL) < 0)
		return rs_error_set(err, -EINVAL,
				    "\"%s\": behind the colon is the number of an argument, 1 to 6",
				    text);
	if (!argument && !gives)
		return rs_error_set(err, -EINVAL, "\"%s\": the arguments are counted from 1", text);
	named.name = strndup(text, colon ? (size_t)(colon - text) : strlen(text));
	if (!named.name)
		return rs_error_set_errno(err, -ENOMEM, "reading the name of a function");
	if (!*named.name) {
		free(named.name);
		return rs_error_set(err, -EINVAL, "\"%s\": the name of a function is missing",
				    text);
	}
	named.program = argument ? named.program + (unsigned)argument - 1 : RS_ALLOC_OBJECT;
	*ret_named = named;
	return 0;
}

/* --- cheaper places --- */

#if defined(__x86_64__)
static bool is_push(const uint8_t *code, size_t n)
{
	return (n >= 1 && (code[0] & 0xf8) == 0x50) ||
	       (n >= 2 && code[0] == 0x41 && (code[1] & 0xf8) == 0x50);
}

static bool is_conditional_jump(const uint8_t *code, size_t n)
{
	return (n >= 1 && (code[0] & 0xf0) == 0x70) ||
	       (n >= 2 && code[0] == 0x0f && (code[1] & 0xf0) == 0x80);
}
#endif

/*
 * arch/x86/kernel/uprobes.c does pushes, jumps and (later) nops itself; everything else is executed out of line, with a
 * second trap behind. Until then nothing may have touched the arguments or, where the return is watched, the stack.
 */
uint64_t rs_alloc_cheaper(const uint8_t *code, size_t n, bool gives)
{
#if defined(__x86_64__)
	static const uint8_t endbr[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	static const uint8_t test[] = { 0x48, 0x85, 0xff }; /* the first argument against 0 */
	size_t skip = 0;

	if (n >= sizeof(endbr) && !memcmp(code, endbr, sizeof(endbr)))
		skip = sizeof(endbr);
	if (is_push(code + skip, n - skip))
		return skip;
	if (!gives && n - skip > sizeof(test) && !memcmp(code + skip, test, sizeof(test)) &&
	    is_conditional_jump(code + skip + sizeof(test), n - skip - sizeof(test)))
		return skip + sizeof(test);
#else
	(void)code;
	(void)n;
	(void)gives;
#endif
	return 0;
}

static uint64_t move_on(int fd, uint64_t offset, bool gives)
{
	uint8_t code[16];
	ssize_t n = fd < 0 ? 0 : pread(fd, code, sizeof(code), (off_t)offset);

	return offset + (n > 0 ? rs_alloc_cheaper(code, (size_t)n, gives) : 0);
}

/* --- in a file --- */

/* What is looked for. */
struct wanted {
	const char *name;
	enum rs_alloc_program program;
	bool leaf, exact; /* exact: at its first instruction */
};
typedef RS_VEC(struct wanted) wanted_vec;

static void wanted_done(wanted_vec *wanted)
{
	rs_vec_done(wanted);
}

static int add(struct rs_elf *elf, int fd, const struct wanted *wanted,
	       const struct rs_elf_symbol *symbol, struct rs_alloc_places *places)
{
	struct rs_alloc_place place = { .program = wanted->program, .leaf = wanted->leaf };

	if (!symbol->name || !rs_elf_offset(elf, symbol->address, &place.offset) ||
	    !rs_elf_offset_is_code(elf, place.offset))
		return 0;
	if (!wanted->exact)
		place.offset = move_on(fd, place.offset, rs_alloc_gives(place.program));
	rs_vec_foreach(&places->list, it) if (it->offset == place.offset) return 0;
	return rs_vec_push(&places->list, place);
}

static int add_all(struct rs_elf *elf, int fd, const wanted_vec *wanted,
		   struct rs_alloc_places *places)
{
	size_t n = wanted->len;
	_cleanup_(rs_cleanup_free) const char **names = calloc(n + 1, sizeof(*names));
	_cleanup_(rs_cleanup_free) struct rs_elf_symbol *symbols = calloc(n + 1, sizeof(*symbols));
	int r = names && symbols ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && !r; i++)
		names[i] = wanted->items[i].name;
	if (!r)
		r = rs_elf_find_all(elf, names, n, true, symbols);
	for (size_t i = 0; i < n && !r; i++)
		r = add(elf, fd, &wanted->items[i], &symbols[i], places);
	return r;
}

bool rs_alloc_is_function(const char *name)
{
	static const char *const more[] = { "__libc_malloc",   "__libc_free",
					    "__libc_calloc",   "__libc_realloc",
					    "__libc_memalign", "_dl_map_object_from_fd" };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].name, name))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(more); i++)
		if (!strcmp(more[i], name))
			return true;
	return false;
}

/* Do its operators call malloc and free, which are watched where they are? */
static bool is_cxx_library(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	return !strncmp(name, "libstdc++.so", 12) || !strncmp(name, "libc++.so", 9) ||
	       !strncmp(name, "libc++abi.so", 12);
}

/* glibc's dynamic linker: its small malloc never gives back, and is replaced before a program runs. */
static bool is_linker(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	return !strncmp(name, "ld-linux", 8) || !strncmp(name, "ld-2.", 5);
}

static int choose(const struct rs_alloc_find *find, const char *path, wanted_vec *wanted)
{
	uint64_t families = is_linker(path) ? 0 : find->families;
	int r = 0;

	if (is_cxx_library(path) && (families & RS_ALLOC_FAMILY(LIBC)))
		families &= ~RS_ALLOC_FAMILY(CXX);
	for (size_t i = 0; i < find->n_named && !r; i++)
		r = rs_vec_push(wanted, (struct wanted){ find->named[i].name,
							 find->named[i].program, false, true });
	for (size_t i = 0; i < ARRAY_SIZE(rows) && !r; i++)
		if (families >> rows[i].family & 1)
			r = rs_vec_push(wanted, (struct wanted){ rows[i].name, rows[i].program,
								 rows[i].leaf, false });
	return r;
}

int rs_alloc_find(const struct rs_alloc_find *find, struct rs_elf *elf, const char *path, int fd,
		  struct rs_alloc_places *places)
{
	_cleanup_(wanted_done) wanted_vec wanted = { 0 };
	int r = choose(find, path, &wanted);

	return r ? r : add_all(elf, fd, &wanted, places);
}
