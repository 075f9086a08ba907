/* SPDX-License-Identifier: Apache-2.0 */
/*
 * perf-PID.map: lines "START SIZE name" (hexadecimal) that a just-in-time compiler appends to in its own /tmp.
 * Anybody can put a file there, so it must be a regular one and belong to root or to the process's user.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "profile/usyms-internal.h"

#define JIT_MAX         (64 << 20) /* bytes of a map file */
#define JIT_SYMBOLS_MAX (1 << 20)

void rs_usyms_jit_done(struct rs_usyms_jit *jit)
{
	rs_vec_foreach(&jit->symbols, symbol) free(symbol->name);
	rs_vec_done(&jit->symbols);
}

static int by_start(const void *a, const void *b)
{
	const struct rs_usyms_jit_symbol *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static int add_symbol(struct rs_usyms_jit *jit, const char *line, size_t len)
{
	struct rs_usyms_jit_symbol symbol = { 0 };
	char numbers[64], *end;
	size_t at;

	memcpy(numbers, line, len < sizeof(numbers) - 1 ? len : sizeof(numbers) - 1);
	numbers[len < sizeof(numbers) - 1 ? len : sizeof(numbers) - 1] = '\0';
	symbol.start = strtoull(numbers, &end, 16);
	if (end == numbers || *end != ' ')
		return 0;
	symbol.size = strtoull(end, &end, 16);
	if (*end != ' ')
		return 0;
	at = (size_t)(end - numbers) + 1;
	if (at >= len || !symbol.size || symbol.start + symbol.size < symbol.start)
		return 0;
	symbol.name = strndup(line + at, len - at);
	if (!symbol.name || rs_vec_push(&jit->symbols, symbol) < 0) {
		free(symbol.name);
		return -ENOMEM;
	}
	return 0;
}

int rs_usyms_jit_parse(struct rs_usyms_jit *jit, const char *text, size_t len)
{
	const char *end = text + len;
	int r = 0;

	rs_usyms_jit_done(jit);
	while (text < end && jit->symbols.len < JIT_SYMBOLS_MAX && r == 0) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end;

		r = add_symbol(jit, text, (size_t)(stop - text));
		text = stop + 1;
	}
	if (jit->symbols.len)
		qsort(jit->symbols.items, jit->symbols.len, sizeof(*jit->symbols.items), by_start);
	return r;
}

const struct rs_usyms_jit_symbol *rs_usyms_jit_find(const struct rs_usyms_jit *jit,
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
	if (!low || address - jit->symbols.items[low - 1].start >= jit->symbols.items[low - 1].size)
		return NULL;
	return &jit->symbols.items[low - 1];
}

/* Its number in its own pid namespace: what it calls its file. And its user. */
static bool own_names(uint32_t pid, uint32_t *ret_pid, uid_t *ret_uid)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(65536);
	char path[64], *end;
	const char *line;

	snprintf(path, sizeof(path), "/proc/%u/status", pid);
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

void rs_usyms_jit_refresh(struct rs_usyms_process *process)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(JIT_MAX);
	_cleanup_(rs_cleanup_close) int fd = -1;
	struct stat st;
	uint32_t own_pid;
	uid_t uid;
	char path[96];

	if (!own_names(process->pid, &own_pid, &uid))
		return;
	snprintf(path, sizeof(path), "/proc/%u/root/tmp/perf-%u.map", process->pid, own_pid);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (st.st_uid != uid && st.st_uid != 0))
		return;
	if (st.st_size == process->jit.size && st.st_mtime == process->jit.modified)
		return;
	if (rs_fd_read_all(fd, text.max, &text) < 0)
		return;
	process->jit.size = st.st_size;
	process->jit.modified = st.st_mtime;
	rs_usyms_jit_parse(&process->jit, text.data ? text.data : "", text.len);
}
