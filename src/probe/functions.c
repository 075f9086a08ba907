/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list is ftrace's, where it may be read; else the code among the kernel's symbols, without what only runs
 * at boot and what may not be probed. What is refused to kprobes is left out as far as we may know it.
 */
#include "probe/functions.h"

#include <fcntl.h>
#include <linux/magic.h>

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
	rs_str_init(&probes->functions.text, LIST_MAX + 1);
	r = rs_fd_read_file_at(fd, "available_filter_functions", LIST_MAX, &probes->functions.text);
	if (r >= 0 && !probes->functions.text.len)
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
	rs_str_init(&probes->functions.text, LIST_MAX + 1);
	find_spans(ksyms, spans);
	for (size_t i = 0; i < rs_ksyms_len(ksyms); i++) {
		const struct rs_ksym ksym = rs_ksyms_at(ksyms, i);

		if (is_allowed(&ksym, spans))
			rs_str_appendf(&probes->functions.text, *ksym.module ? "%s [%s]\n" : "%s\n",
				       ksym.name, ksym.module);
	}
	return probes->functions.text.error;
}

/* "name" or "name [module]": cut in two, module is "" for none. */
static void drop_bad(struct rs_names *functions, const struct rs_names *refused)
{
	size_t kept = 0;

	rs_vec_foreach(&functions->items, line)
	{
		char name[512];

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(*line, " "), *line);
		if (strncmp(name, "__ftrace_invalid", 16) != 0 && !rs_names_have(refused, name))
			functions->items.items[kept++] = *line;
	}
	functions->items.len = kept;
}

static int load(struct rs_probes *probes, struct rs_error *err)
{
	_cleanup_(rs_names_done) struct rs_names refused = { 0 };
	int r;

	if (probes->functions.loaded)
		return 0;
	r = load_traceable(probes);
	probes->functions_by_ftrace = r >= 0;
	if (r < 0)
		r = load_symbols(probes, err);
	if (r < 0)
		return r;
	r = rs_names_split(&probes->functions);
	if (r >= 0)
		r = load_refused(&refused);
	if (r < 0)
		return rs_error_set_errno(err, r, "reading the list of functions");
	drop_bad(&probes->functions, &refused);
	return 0;
}

int rs_functions_each(struct rs_probes *probes,
		      int (*fn)(const char *name, const char *module, void *data), void *data,
		      struct rs_error *err)
{
	int r = load(probes, err);

	for (size_t i = 0; r >= 0 && i < probes->functions.items.len; i++) {
		const char *line = probes->functions.items.items[i];
		size_t n = strcspn(line, " ");
		char name[512], module[128] = "";

		if (n >= sizeof(name))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)n, line);
		if (line[n])
			sscanf(line + n, " [%127[^]]]", module);
		r = fn(name, module, data);
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
	char line[640];

	if (load(probes, NULL) < 0 || !probes->functions_by_ftrace)
		return false;
	snprintf(line, sizeof(line), !*module || !strcmp(module, "vmlinux") ? "%s" : "%s [%s]",
		 name, module);
	return !rs_names_have(&probes->functions, line);
}
