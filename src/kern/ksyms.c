/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/ksyms.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "base/vec.h"

#define CHUNK       65536
#define SYMBOLS_MAX (4u << 20)
#define NAMES_MAX   (256u << 20) /* bytes */
#define MODULES_MAX 0xffffu
#define LINE_MAX_   1024 /* longer lines are none */

struct entry {
	uint64_t address;
	uint32_t name;   /* offset in names */
	uint16_t module; /* index in modules */
	char type;
};

struct rs_ksyms {
	RS_VEC(struct entry) entries;
	RS_VEC(char) names;
	RS_VEC(uint32_t) modules; /* offsets in names; [0] is "" */
	bool have_addresses;
	bool sorted;
};

void rs_ksyms_free(struct rs_ksyms **ksyms)
{
	struct rs_ksyms *k = TAKE_PTR(*ksyms);

	if (!k)
		return;
	rs_vec_done(&k->entries);
	rs_vec_done(&k->names);
	rs_vec_done(&k->modules);
	free(k);
}

static int add_name(struct rs_ksyms *k, const char *name, size_t n, uint32_t *ret_offset)
{
	if (k->names.len + n + 1 > NAMES_MAX)
		return -EFBIG;
	if (rs_vec_reserve(&k->names, n + 1) < 0)
		return -ENOMEM;
	*ret_offset = (uint32_t)k->names.len;
	memcpy(k->names.items + k->names.len, name, n);
	k->names.items[k->names.len + n] = '\0';
	k->names.len += n + 1;
	return 0;
}

/* Modules stand together in the file: the last is looked at first. */
static int find_module(struct rs_ksyms *k, const char *name, size_t n, uint16_t *ret_module)
{
	uint32_t offset;
	int r;

	for (size_t i = k->modules.len; i--;) {
		const char *known = k->names.items + k->modules.items[i];

		if (strlen(known) == n && memcmp(known, name, n) == 0) {
			*ret_module = (uint16_t)i;
			return 0;
		}
	}
	if (k->modules.len > MODULES_MAX)
		return -EFBIG;
	r = add_name(k, name, n, &offset);
	if (!r)
		r = rs_vec_push(&k->modules, offset);
	if (!r)
		*ret_module = (uint16_t)(k->modules.len - 1);
	return r;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_padding(const char *name, size_t n)
{
	return n > 6 && (memcmp(name, "__pfx_", 6) == 0 || memcmp(name, "__cfi_", 6) == 0);
}

/* "ffffffff81000000 T _text", "ffffffffc0000000 t init	[module]". What is no such line is skipped. */
static int add_line(struct rs_ksyms *k, const char *line, const char *end)
{
	struct entry entry = { 0 };
	const char *p = line, *name, *module = "";
	size_t n, module_n = 0;
	int r;

	for (; p < end && hex_digit(*p) >= 0; p++)
		entry.address = entry.address << 4 | (unsigned)hex_digit(*p);
	if (p == line || p - line > 16 || end - p < 4 || p[0] != ' ' || p[2] != ' ')
		return 0;
	entry.type = p[1];
	name = p + 3;
	p = memchr(name, '\t', (size_t)(end - name));
	n = (size_t)((p ? p : end) - name);
	if (p && end - p > 3 && p[1] == '[' && end[-1] == ']') {
		module = p + 2;
		module_n = (size_t)(end - 1 - module);
	}
	if (!n || memchr(name, '\0', (size_t)(end - name)) || is_padding(name, n))
		return 0;
	if (k->entries.len >= SYMBOLS_MAX)
		return -EFBIG;
	if (k->entries.len && rs_vec_last(&k->entries)->address > entry.address)
		k->sorted = false;
	k->have_addresses |= entry.address != 0;
	r = find_module(k, module, module_n, &entry.module);
	if (!r)
		r = add_name(k, name, n, &entry.name);
	return r < 0 ? r : rs_vec_push(&k->entries, entry);
}

/* Takes the whole lines; how many bytes those were. */
static ssize_t add_lines(struct rs_ksyms *k, const char *text, size_t size)
{
	const char *p = text, *end = text + size, *newline;

	while (p < end && (newline = memchr(p, '\n', (size_t)(end - p)))) {
		int r = add_line(k, p, newline);

		if (r < 0)
			return r;
		p = newline + 1;
	}
	return p - text;
}

static int read_all(struct rs_ksyms *k, int fd)
{
	char buf[CHUNK];
	size_t have = 0;

	for (;;) {
		ssize_t n = read(fd, buf + have, sizeof(buf) - have), taken;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		have += (size_t)n;
		taken = add_lines(k, buf, have);
		if (taken < 0)
			return (int)taken;
		have -= (size_t)taken;
		memmove(buf, buf + taken, have);
		if (have > LINE_MAX_)
			have = 0;
	}
}

/* Equal addresses keep the file's order: names grow with it. */
static int by_address(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return (x->name > y->name) - (x->name < y->name);
}

int rs_ksyms_read(const char *path, struct rs_ksyms **ret_ksyms, struct rs_error *err)
{
	_cleanup_(rs_ksyms_free) struct rs_ksyms *k = calloc(1, sizeof(*k));
	_cleanup_(rs_cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint16_t kernel;
	int r;

	if (fd < 0)
		return rs_error_set_errno(err, -errno, "opening \"%s\"", path);
	if (!k || find_module(k, "", 0, &kernel) < 0)
		return rs_error_set(err, -ENOMEM, "out of memory");
	k->sorted = true;
	r = read_all(k, fd);
	if (r < 0)
		return rs_error_set_errno(err, r, "reading \"%s\"", path);
	if (!k->sorted)
		qsort(k->entries.items, k->entries.len, sizeof(*k->entries.items), by_address);
	*ret_ksyms = TAKE_PTR(k);
	return 0;
}

int rs_ksyms_new(struct rs_ksyms **ret_ksyms, struct rs_error *err)
{
	return rs_ksyms_read("/proc/kallsyms", ret_ksyms, err);
}

bool rs_ksyms_have_addresses(const struct rs_ksyms *ksyms)
{
	return ksyms->have_addresses;
}

size_t rs_ksyms_len(const struct rs_ksyms *ksyms)
{
	return ksyms->entries.len;
}

struct rs_ksym rs_ksyms_at(const struct rs_ksyms *ksyms, size_t i)
{
	const struct entry *e = &ksyms->entries.items[i];

	return (struct rs_ksym){
		.address = e->address,
		.name = ksyms->names.items + e->name,
		.module = ksyms->names.items + ksyms->modules.items[e->module],
		.type = e->type,
	};
}

/* Of several at one address the first is meant, but of marks such as _text the function. */
bool rs_ksyms_find(const struct rs_ksyms *ksyms, uint64_t address, struct rs_ksym *ret_ksym)
{
	size_t low = 0, high = ksyms->entries.len;

	if (!ksyms->have_addresses)
		return false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ksyms->entries.items[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || !ksyms->entries.items[low - 1].address)
		return false;
	for (low--;
	     low && ksyms->entries.items[low - 1].address == ksyms->entries.items[low].address;)
		low--;
	*ret_ksym = rs_ksyms_at(ksyms, low);
	return true;
}

bool rs_ksyms_get(const struct rs_ksyms *ksyms, const char *module, const char *name,
		  struct rs_ksym *ret_ksym)
{
	for (size_t i = 0; i < ksyms->entries.len; i++) {
		struct rs_ksym ksym = rs_ksyms_at(ksyms, i);

		if (*ksym.name != *name || strcmp(ksym.name, name) != 0 ||
		    (module && strcmp(ksym.module, module) != 0))
			continue;
		*ret_ksym = ksym;
		return true;
	}
	return false;
}

bool rs_ksyms_address(const struct rs_ksyms *ksyms, const char *name, uint64_t *ret_address)
{
	struct rs_ksym ksym;

	if (!rs_ksyms_get(ksyms, NULL, name, &ksym) || !ksym.address)
		return false;
	*ret_address = ksym.address;
	return true;
}
