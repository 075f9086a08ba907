/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list is ftrace's, where it may be read; else the code among the kernel's symbols, without what only runs
 * at boot and what may not be probed. What is refused to kprobes is left out as far as we may know it.
 */
#include "probe/functions.h"

#include <fcntl.h>

#include "base/fd.h"
#include "kern/mounts.h"
#include "probe/typed.h"

#define LIST_MAX ((size_t)64 << 20)

/* ---- where probes are refused ---- */

static int read_blacklist(struct rs_str *out)
{
	_cleanup_(rs_cleanup_close) int dir = -1;
	int r = rs_fd_read_file_at(AT_FDCWD, "/sys/kernel/debug/kprobes/blacklist", LIST_MAX, out);

	if (r >= 0)
		return r;
	dir = rs_mounts_open_detached("debugfs");
	return dir < 0 ? dir : rs_fd_read_file_at(dir, "kprobes/blacklist", LIST_MAX, out);
}

/* "0xffffffff81000000-0xffffffff81000050	name": the names alone, one a line. */
static int load_refused(struct rs_names *refused)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(LIST_MAX + 1);
	char *line, *state = NULL;

	rs_str_init(&refused->text, LIST_MAX + 1);
	if (read_blacklist(&text) < 0 || rs_str_append_char(&text, '\0') < 0)
		return rs_names_split(refused);
	for (line = strtok_r(text.data, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
		const char *tab = strchr(line, '\t');

		if (tab)
			rs_str_appendf(&refused->text, "%s\n", tab + 1);
	}
	return rs_names_split(refused);
}

/* ---- the list ---- */

static int load_traceable(struct rs_probes *probes)
{
	int fd = rs_probes_tracefs(probes, NULL), r;

	if (fd < 0)
		return fd;
	rs_str_init(&probes->functions_text, LIST_MAX + 1);
	r = rs_fd_read_file_at(fd, "available_filter_functions", LIST_MAX, &probes->functions_text);
	if (r >= 0 && !probes->functions_text.len)
		return -ENODATA;
	return r;
}

/* Between these marks no probe is allowed, or nothing is left after boot. */
static const char *const forbidden[][2] = {
	{ "_sinittext", "_einittext" },
	{ "__kprobes_text_start", "__kprobes_text_end" },
	{ "__noinstr_text_start", "__noinstr_text_end" },
	{ "__entry_text_start", "__entry_text_end" },
};

struct span {
	uint64_t start, end;
};

static void find_spans(const struct rs_ksyms *ksyms, struct span *spans)
{
	for (unsigned i = 0; i < ARRAY_SIZE(forbidden); i++)
		if (!rs_ksyms_address(ksyms, forbidden[i][0], &spans[i].start) ||
		    !rs_ksyms_address(ksyms, forbidden[i][1], &spans[i].end))
			spans[i] = (struct span){ 0, 0 };
}

static bool is_allowed(const struct rs_ksym *ksym, const struct span *spans)
{
	if (!rs_ksym_is_text(ksym) || strstr(ksym->name, ".part.") || strstr(ksym->name, ".cold"))
		return false;
	for (unsigned i = 0; i < ARRAY_SIZE(forbidden); i++)
		if (ksym->address && ksym->address >= spans[i].start &&
		    ksym->address < spans[i].end)
			return false;
	return true;
}

static int load_symbols(struct rs_probes *probes, struct rs_error *err)
{
	const struct rs_ksyms *ksyms = rs_probes_ksyms(probes, err);
	struct span spans[ARRAY_SIZE(forbidden)];

	if (!ksyms)
		return probes->ksyms_error.code;
	rs_str_init(&probes->functions_text, LIST_MAX + 1);
	find_spans(ksyms, spans);
	for (size_t i = 0; i < rs_ksyms_len(ksyms); i++) {
		const struct rs_ksym ksym = rs_ksyms_at(ksyms, i);

		if (is_allowed(&ksym, spans))
			rs_str_appendf(&probes->functions_text, *ksym.module ? "%s [%s]\n" : "%s\n",
				       ksym.name, ksym.module);
	}
	return probes->functions_text.error;
}

/* "name" or "name [module]", as the file has it: in two, NUL between them. "" for no module. */
static struct rs_function cut_line(char *line)
{
	char *space = strchr(line, ' ');
	struct rs_function function = { line, "" };

	if (!space)
		return function;
	*space = '\0';
	if (space[1] == '[') {
		function.module = space + 2;
		space[2 + strcspn(space + 2, "]")] = '\0';
	}
	return function;
}

static int by_name(const void *a, const void *b)
{
	const struct rs_function *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->module, y->module);
}

static int cut_lines(struct rs_probes *probes, const struct rs_names *refused)
{
	char *line, *state = NULL;

	if (rs_str_append_char(&probes->functions_text, '\0') < 0)
		return -ENOMEM;
	for (line = strtok_r(probes->functions_text.data, "\n", &state); line;
	     line = strtok_r(NULL, "\n", &state)) {
		const struct rs_function function = cut_line(line);

		if (strncmp(function.name, "__ftrace_invalid", 16) != 0 &&
		    !rs_names_have(refused, function.name) &&
		    rs_vec_push(&probes->functions, function) < 0)
			return -ENOMEM;
	}
	if (probes->functions.len)
		qsort(probes->functions.items, probes->functions.len,
		      sizeof(*probes->functions.items), by_name);
	return 0;
}

static int load(struct rs_probes *probes, struct rs_error *err)
{
	_cleanup_(rs_names_done) struct rs_names refused = { 0 };
	int r;

	if (probes->functions_loaded)
		return 0;
	r = load_traceable(probes);
	probes->functions_by_ftrace = r >= 0;
	if (r < 0)
		r = load_symbols(probes, err);
	if (r < 0)
		return r;
	r = load_refused(&refused);
	if (r >= 0)
		r = cut_lines(probes, &refused);
	if (r < 0)
		return rs_error_set_errno(err, r, "reading the list of functions");
	probes->functions_loaded = true;
	return 0;
}

int rs_functions_each(struct rs_probes *probes,
		      int (*fn)(const char *name, const char *module, void *data), void *data,
		      struct rs_error *err)
{
	const struct rs_function *last = NULL;
	int r = load(probes, err);

	for (size_t i = 0; r >= 0 && i < probes->functions.len; i++) {
		const struct rs_function *function = &probes->functions.items[i];

		if (!last || by_name(last, function))
			r = fn(function->name, function->module, data);
		last = function;
	}
	return r;
}

bool rs_functions_have(struct rs_probes *probes, const char *module, const char *name)
{
	const struct rs_ksyms *ksyms;
	struct rs_ksym ksym;

	if (rs_typed_function(probes, module, name, NULL))
		return true;
	ksyms = rs_probes_ksyms(probes, NULL);
	if (!ksyms)
		return true;
	if (!strcmp(module, "vmlinux"))
		module = "";
	else if (!*module)
		module = NULL;
	return rs_ksyms_get(ksyms, module, name, &ksym);
}

bool rs_functions_untraceable(struct rs_probes *probes, const char *module, const char *name)
{
	const struct rs_function wanted = { name, strcmp(module, "vmlinux") ? module : "" };

	if (load(probes, NULL) < 0 || !probes->functions_by_ftrace)
		return false;
	return !bsearch(&wanted, probes->functions.items, probes->functions.len,
			sizeof(*probes->functions.items), by_name);
}
