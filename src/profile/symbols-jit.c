/* SPDX-License-Identifier: Apache-2.0 */
/*
 * perf-PID.map: lines "START SIZE name" (hexadecimal) that a just-in-time compiler appends to in its own /tmp.
 * Anybody can put a file there, so it must be a regular one and belong to root or to the process's user. It is read
 * on where it has grown, from the start where it is another one or was cut.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "profile/symbols-internal.h"

#define JIT_MAX         (64 << 20) /* bytes of a map file */
#define JIT_SYMBOLS_MAX (1 << 20)
#define JIT_NAME_MAX    1024
#define CHECK_NS        1000000000ull /* between two looks at the file */
#define OVERLAPS_MAX    8 /* symbols that are looked through for one that reaches so far */

void rs_symbols_jit_done(struct rs_symbols_jit *jit)
{
	rs_vec_done(&jit->symbols);
	rs_str_done(&jit->names);
	jit->inode = jit->read = 0;
}

static int by_start(const void *a, const void *b)
{
	const struct rs_symbols_jit_symbol *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (x->name > y->name) - (x->name < y->name);
}

static bool parse_line(const char *line, size_t len, struct rs_symbols_jit_symbol *ret_symbol,
		       const char **ret_name)
{
	char numbers[64], *end;
	size_t n = MIN(len, sizeof(numbers) - 1);

	memcpy(numbers, line, n);
	numbers[n] = '\0';
	ret_symbol->start = strtoull(numbers, &end, 16);
	if (end == numbers || *end != ' ')
		return false;
	ret_symbol->size = strtoull(end, &end, 16);
	if (*end != ' ')
		return false;
	*ret_name = line + (end - numbers) + 1;
	return *ret_name < line + len && ret_symbol->size &&
	       ret_symbol->start + ret_symbol->size >= ret_symbol->start;
}

static int add_symbol(struct rs_symbols_jit *jit, const char *line, size_t len)
{
	struct rs_symbols_jit_symbol symbol;
	const char *name;

	if (!parse_line(line, len, &symbol, &name))
		return 0;
	jit->names.max = JIT_MAX;
	symbol.name = (uint32_t)jit->names.len;
	rs_str_append_escaped(&jit->names, name, MIN((size_t)(line + len - name), JIT_NAME_MAX));
	rs_str_append_char(&jit->names, '\0');
	return jit->names.error ? jit->names.error : rs_vec_push(&jit->symbols, symbol);
}

ssize_t rs_symbols_jit_add(struct rs_symbols_jit *jit, const char *text, size_t len)
{
	const char *p = text, *newline;
	int r = 0;

	while ((newline = memchr(p, '\n', (size_t)(text + len - p)))) {
		if (jit->symbols.len < JIT_SYMBOLS_MAX && !r)
			r = add_symbol(jit, p, (size_t)(newline - p));
		p = newline + 1;
	}
	if (jit->symbols.len)
		qsort(jit->symbols.items, jit->symbols.len, sizeof(*jit->symbols.items), by_start);
	return r < 0 ? r : p - text;
}

const struct rs_symbols_jit_symbol *rs_symbols_jit_find(const struct rs_symbols_jit *jit,
							uint64_t address)
{
	size_t low = 0, high = jit->symbols.len;

	/* The last one that begins at or before the address: where code was made twice at a place, the later. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (jit->symbols.items[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	for (unsigned i = 0; low && i < OVERLAPS_MAX; i++) {
		const struct rs_symbols_jit_symbol *symbol = &jit->symbols.items[--low];

		if (address - symbol->start < symbol->size)
			return symbol;
	}
	return NULL;
}

/* Its number in its own pid namespace: what it calls its file. And its user. */
static bool own_names(const struct rs_symbols *symbols, uint32_t pid, uint32_t *ret_pid,
		      uid_t *ret_uid)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(65536);
	char path[PATH_MAX], *end;
	const char *line;

	rs_symbols_proc_path(symbols, pid, "status", path);
	if (rs_fd_read_file_at(AT_FDCWD, path, text.max, &text) < 0)
		return false;
	line = strstr(rs_str_cstr(&text), "\nUid:");
	if (!line)
		return false;
	strtoul(line + strlen("\nUid:"), &end, 10); /* the real one; then the effective one */
	*ret_uid = (uid_t)strtoul(end, NULL, 10);
	*ret_pid = pid;
	line = strstr(rs_str_cstr(&text), "\nNSpid:");
	if (line) {
		line += strlen("\nNSpid:");
		while (*line && *line != '\n') {
			unsigned long v = strtoul(line, &end, 10);

			if (end == line)
				break;
			*ret_pid = (uint32_t)v;
			line = end;
		}
	}
	return true;
}

static int open_map(const struct rs_symbols *symbols, uint32_t pid, struct stat *ret_st)
{
	_cleanup_(rs_cleanup_close) int fd = -1;
	uint32_t own_pid;
	uid_t uid;
	char name[64], path[PATH_MAX];

	if (!own_names(symbols, pid, &own_pid, &uid))
		return -ESRCH;
	snprintf(name, sizeof(name), "root/tmp/perf-%u.map", own_pid);
	rs_symbols_proc_path(symbols, pid, name, path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, ret_st) < 0)
		return -errno;
	if (!S_ISREG(ret_st->st_mode) || (ret_st->st_uid != uid && ret_st->st_uid != 0))
		return -EPERM;
	return TAKE_FD(fd);
}

void rs_symbols_jit_refresh(const struct rs_symbols *symbols, struct rs_symbols_jit *jit,
			    uint32_t pid)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(JIT_MAX);
	_cleanup_(rs_cleanup_close) int fd = -1;
	uint64_t now = rs_clock_mono();
	struct stat st;
	ssize_t n;

	if (jit->checked && now - jit->checked < CHECK_NS)
		return;
	jit->checked = now;
	fd = open_map(symbols, pid, &st);
	if (fd < 0)
		return;
	if (jit->inode != st.st_ino || (uint64_t)st.st_size < jit->read)
		rs_symbols_jit_done(jit);
	jit->inode = st.st_ino;
	if ((uint64_t)st.st_size <= jit->read || jit->read >= JIT_MAX ||
	    lseek(fd, (off_t)jit->read, SEEK_SET) < 0)
		return;
	n = rs_fd_read_all(fd, JIT_MAX - jit->read, &text);
	if (n < 0 && n != -EFBIG)
		return;
	n = rs_symbols_jit_add(jit, text.data ? text.data : "", text.len);
	jit->read = n < 0 ? JIT_MAX : jit->read + (size_t)n; /* no memory: what was found is all */
}
