/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/ask.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/units.h"
#include "store/store.h"

#define ID_LEN  64 /* digits of a container's id, as all the usual runtimes make them */
#define HEX_MIN 4  /* digits from which a word may be the beginning of a container's id */

#define FIELD(name) offsetof(struct rs_ask, name)

/* --- options --- */

static int parse_time(const struct rs_opt *opt, const char *value, void *field,
		      struct rs_error *err)
{
	(void)opt;
	return rs_ask_parse_time(value, rs_clock_real(), field, err);
}

/* Several add up. */
static int parse_kinds(const struct rs_opt *opt, const char *value, void *field,
		       struct rs_error *err)
{
	uint64_t *kinds = field, more = 0;
	int r;

	(void)opt;
	r = rs_kinds_parse(value, &more, err);
	if (r < 0)
		return r;
	if (!more)
		return rs_error_set(err, -EINVAL, "no kind of event is left of \"%s\"", value);
	*kinds |= more;
	return 0;
}

#define LIST_OPT(letter, name, meta, at, text, how)                                                \
	{                                                                                          \
		.short_name = (letter), .long_name = (name), .metavar = (meta),                    \
		.type = RS_OPT_LIST, .offset = FIELD(at), .help = (text), .flags = (how)           \
	}

const struct rs_opt rs_ask_opts_time[] = {
	{ .long_name = "since",
	  .metavar = "TIME",
	  .type = RS_OPT_CALLBACK,
	  .offset = FIELD(since),
	  .parse = parse_time,
	  .group = "Which time",
	  .help = "from then on: 10m or 1h30m (ago), 10:00, \"2026-11-21 10:00\" (local time), "
		  "2026-11-21T10:00:00Z, today, yesterday, now" },
	{ .long_name = "until",
	  .metavar = "TIME",
	  .type = RS_OPT_CALLBACK,
	  .offset = FIELD(until),
	  .parse = parse_time,
	  .help = "up to then" },
	RS_OPT_END,
};

const struct rs_opt rs_ask_opts_kinds[] = {
	{ .short_name = 'k',
	  .long_name = "kind",
	  .metavar = "KIND,...",
	  .type = RS_OPT_CALLBACK,
	  .offset = FIELD(kinds),
	  .parse = parse_kinds,
	  .group = "Which events",
	  .help = "kinds of events (exec, unlink, connect, ...) or whole sensors (process, file, "
		  "network, privilege); -open takes one out" },
	{ .long_name = "kinds",
	  .metavar = "KIND,...",
	  .type = RS_OPT_CALLBACK,
	  .offset = FIELD(kinds),
	  .parse = parse_kinds,
	  .flags = RS_OPT_HIDDEN,
	  .help = "the same" },
	RS_OPT_END,
};

const struct rs_opt rs_ask_opts_whose[] = {
	LIST_OPT(0, "comm", "NAME,...", comms, "of processes of this name", 0),
	LIST_OPT(0, "exe", "GLOB", exes, "of processes that run this executable", RS_OPT_NO_SPLIT),
	LIST_OPT(0, "user", "USER,...", users, "of these users, names or numbers", 0),
	LIST_OPT(0, "uid", "USER,...", users, "the same", RS_OPT_HIDDEN),
	LIST_OPT(0, "container", "GLOB,...", containers,
		 "in containers of this name, or whose id begins so", 0),
	LIST_OPT(0, "pod", "GLOB,...", pods, "in pods of this name", 0),
	LIST_OPT(0, "namespace", "GLOB,...", namespaces, "in pods of this namespace", 0),
	RS_OPT_END,
};

const struct rs_opt rs_ask_opts_where[] = {
	LIST_OPT(0, "where", "CONDITION", wheres,
		 "that meet this, such as 'file.path startswith \"/etc/\" and uid != 0'; "
		 "docs/conditions.md tells the language",
		 RS_OPT_NO_SPLIT),
	RS_OPT_END,
};

const struct rs_opt rs_ask_opts_select[] = {
	{ .short_name = 'p',
	  .long_name = "pid",
	  .metavar = "PID,...",
	  .type = RS_OPT_LIST,
	  .offset = FIELD(pids),
	  .group = "Which events",
	  .help = "of these processes" },
	RS_OPT_INCLUDE_TABLE(rs_ask_opts_whose, 0),
	LIST_OPT(0, "path", "GLOB", paths,
		 "on this file, or on this directory and all below; of a glob, * takes no slash, "
		 "** does",
		 RS_OPT_NO_SPLIT),
	RS_OPT_INCLUDE_TABLE(rs_ask_opts_where, 0),
	RS_OPT_END,
};

const struct rs_opt rs_ask_opts_store[] = {
	{ .long_name = "store",
	  .metavar = "DIR",
	  .type = RS_OPT_STRING,
	  .offset = FIELD(store),
	  .group = "Files",
	  .help = "where events are kept (default: " RS_STORE_DIR " below --root)" },
	{ .long_name = "root",
	  .metavar = "DIR",
	  .type = RS_OPT_STRING,
	  .offset = FIELD(root),
	  .help = "look for the store below DIR, as the agent's --root says" },
	RS_OPT_END,
};

/* --- options to one condition --- */

static bool is_glob(const char *text)
{
	return strpbrk(text, "*?[") != NULL;
}

static void append_test(struct rs_str *out, const char *field, const char *op, const char *text)
{
	rs_str_appendf(out, "%s %s ", field, op);
	rs_expr_append_text(out, text, strlen(text));
}

/* A word, or a glob where it has wildcards. */
static void append_glob(struct rs_str *out, const char *field, const char *text)
{
	append_test(out, field, is_glob(text) ? "glob" : "==", text);
}

static void add_pid(struct rs_str *out, const char *text)
{
	rs_str_appendf(out, "process.pid == %s", text);
}

/* The kernel keeps 15 bytes; where more is known, the name goes on. */
static void add_comm(struct rs_str *out, const char *text)
{
	if (!is_glob(text) && strlen(text) == sizeof(((struct rs_hdr *)0)->comm) - 1)
		append_test(out, "process.name", "startswith", text);
	else
		append_glob(out, "process.name", text);
}

static void add_exe(struct rs_str *out, const char *text)
{
	append_glob(out, "process.executable", text);
}

static void add_user(struct rs_str *out, const char *text)
{
	if (!rs_units_parse_u64(text, UINT32_MAX, &(uint64_t){ 0 }, NULL))
		rs_str_appendf(out, "user.id == %s", text);
	else
		append_glob(out, "user.name", text);
}

/* A whole id is looked for as such: the store has an index of those. */
static void add_container(struct rs_str *out, const char *text)
{
	size_t n = strlen(text);
	bool hex = n == strspn(text, "0123456789abcdef");

	if (hex && n == ID_LEN) {
		append_test(out, "container.id", "==", text);
		return;
	}
	append_glob(out, "container.name", text);
	if (n < HEX_MIN || !hex)
		return;
	rs_str_append_cstr(out, " or ");
	append_test(out, "container.id", "startswith", text);
}

static void add_pod(struct rs_str *out, const char *text)
{
	append_glob(out, "kubernetes.pod.name", text);
}

static void add_namespace(struct rs_str *out, const char *text)
{
	append_glob(out, "kubernetes.namespace", text);
}

/* Appends text, with what a glob would take for wildcards escaped. */
static void append_literal(struct rs_str *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("*?[\\", *text))
			rs_str_append_char(out, '\\');
		rs_str_append_char(out, *text);
	}
}

/* Takes the last name of a path off; "**" stays, as what is above any depth is any depth. */
static void drop_last(struct rs_str *path)
{
	size_t n = path->len;

	while (n && path->data[n - 1] != '/')
		n--;
	if (path->len - n == 2 && memcmp(path->data + n, "**", 2) == 0)
		return;
	rs_str_truncate(path, n ? n - 1 : 0);
}

/* Appends the names of text, without "", "." and "..": the kernel tells paths so. */
static void append_names(struct rs_str *path, const char *text)
{
	for (size_t n; *text; text += n + (text[n] == '/')) {
		n = strcspn(text, "/");
		if (n == 2 && memcmp(text, "..", 2) == 0) {
			drop_last(path);
		} else if (n > 1 || (n && *text != '.')) {
			rs_str_append_char(path, '/');
			rs_str_append(path, text, n);
		}
	}
}

/* From the working directory, unless it begins with a slash; a glob without any slash is one of
 * names, anywhere. */
static int make_absolute(const char *text, struct rs_str *out, struct rs_error *err)
{
	_cleanup_(rs_cleanup_free) char *here = NULL;
	bool anywhere = is_glob(text) && (!strchr(text, '/') || !strncmp(text, "**/", 3));

	if (anywhere && strncmp(text, "**/", 3) != 0) {
		rs_str_append_cstr(out, "**");
	} else if (text[0] != '/' && !anywhere) {
		here = getcwd(NULL, 0);
		if (!here)
			return rs_error_set_errno(err, -errno,
						  "--path \"%.256s\": the working directory", text);
		if (here[1] && is_glob(text))
			append_literal(out, here);
		else if (here[1])
			rs_str_append_cstr(out, here);
	} else if (anywhere) {
		rs_str_append_cstr(out, "**");
		text += 3;
	}
	append_names(out, text);
	return out->len ? out->error : rs_str_append_char(out, '/');
}

static int add_path(struct rs_str *out, const char *text, struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str path = RS_STR_INIT(0);
	int r = make_absolute(text, &path, err);

	if (r < 0)
		return err && err->code ? r : rs_error_set_errno(err, r, "--path");
	append_test(out, "path", is_glob(text) ? "glob" : "==", rs_str_cstr(&path));
	if (is_glob(text))
		return 0;
	rs_str_append_cstr(out, " or ");
	rs_str_append_cstr(&path, path.len > 1 ? "/" : "");
	append_test(out, "path", "startswith", rs_str_cstr(&path));
	return 0;
}

static int append_paths(const struct rs_ask *ask, struct rs_str *out, struct rs_error *err)
{
	int r = 0;

	if (!ask->paths.len)
		return 0;
	rs_str_append_cstr(out, out->len ? " and (" : "(");
	for (size_t i = 0; i < ask->paths.len && r >= 0; i++) {
		rs_str_append_cstr(out, i ? " or " : "");
		r = add_path(out, ask->paths.items[i], err);
	}
	rs_str_append_char(out, ')');
	return r;
}

static const struct {
	size_t list;
	void (*add)(struct rs_str *out, const char *text);
} lists[] = {
	{ FIELD(pids), add_pid },
	{ FIELD(comms), add_comm },
	{ FIELD(exes), add_exe },
	{ FIELD(users), add_user },
	{ FIELD(containers), add_container },
	{ FIELD(pods), add_pod },
	{ FIELD(namespaces), add_namespace },
};

/* All lists hold, and so does append_paths(); of each, one element. */
static void append_lists(const struct rs_ask *ask, struct rs_str *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		const struct rs_opt_list *list = (const void *)((const char *)ask + lists[i].list);

		if (list->len)
			rs_str_append_cstr(out, out->len ? " and (" : "(");
		for (size_t k = 0; k < list->len; k++) {
			rs_str_append_cstr(out, k ? " or " : "");
			lists[i].add(out, list->items[k]);
		}
		if (list->len)
			rs_str_append_char(out, ')');
	}
}

static int check_pids(const struct rs_ask *ask, struct rs_error *err)
{
	for (size_t i = 0; i < ask->pids.len; i++) {
		uint64_t pid;

		if (rs_units_parse_u64(ask->pids.items[i], UINT32_MAX, &pid, err) < 0) {
			rs_error_wrap(err, "--pid");
			if (err)
				err->code = -EINVAL; /* also of one that is too large */
			return -EINVAL;
		}
	}
	return 0;
}

static int parse_where(const char *text, struct rs_arena *arena, const struct rs_expr **where,
		       struct rs_str *shown, struct rs_error *err)
{
	const struct rs_expr *more = NULL;
	struct rs_expr_mark mark = { 0 };
	int r;

	r = rs_expr_parse(text, arena, &more, &mark, err);
	if (r == -EINVAL)
		rs_expr_show_mark(shown, text, &mark);
	if (r < 0)
		return rs_error_wrap(err, "--where");
	r = rs_expr_and(arena, *where, more, where);
	return r < 0 ? rs_error_set_errno(err, r, "--where") : 0;
}

int rs_ask_where(const struct rs_ask *ask, struct rs_arena *arena, const struct rs_expr **ret_where,
		 struct rs_str *shown, struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(RS_EXPR_MAX);
	const struct rs_expr *where = NULL;
	int r;

	r = check_pids(ask, err);
	if (r < 0)
		return r;
	append_lists(ask, &text);
	r = append_paths(ask, &text, err);
	if (r < 0)
		return r;
	if (text.error == -ENOBUFS)
		return rs_error_set(err, -EINVAL, "the options that select are too long together");
	if (text.error)
		return rs_error_set_errno(err, text.error, "reading the options");
	if (text.len)
		r = rs_expr_parse(rs_str_cstr(&text), arena, &where, NULL, err);
	for (size_t i = 0; i < ask->wheres.len && !r; i++)
		r = parse_where(ask->wheres.items[i], arena, &where, shown, err);
	if (!r)
		*ret_where = where;
	return r;
}

/* --- asking --- */

void rs_asked_done(struct rs_asked *asked)
{
	rs_arena_done(&asked->arena);
	rs_str_done(&asked->dir);
	rs_str_done(&asked->shown);
}

int rs_ask_locate(const struct rs_ask *ask, struct rs_str *out)
{
	size_t n = ask->root ? strlen(ask->root) : 0;

	if (ask->store)
		return rs_str_append_cstr(out, ask->store);
	while (n && ask->root[n - 1] == '/')
		n--;
	rs_str_append(out, ask->root, n);
	return rs_str_append_cstr(out, RS_STORE_DIR);
}

int rs_ask_prepare(const struct rs_ask *ask, struct rs_asked *asked, struct rs_error *err)
{
	int r;

	if (ask->since && ask->until && ask->since > ask->until)
		return rs_error_set(err, -EINVAL, "--since is later than --until");
	r = rs_ask_locate(ask, &asked->dir);
	if (r < 0)
		return rs_error_set_errno(err, r, "looking for the store");
	r = rs_ask_where(ask, &asked->arena, &asked->query.where, &asked->shown, err);
	if (r < 0)
		return r;
	asked->query.dir = rs_str_cstr(&asked->dir);
	asked->query.since = ask->since;
	asked->query.until = ask->until;
	asked->query.kinds = ask->kinds;
	return 0;
}

int rs_ask_run(struct rs_asked *asked, rs_store_fn *fn, void *data, struct rs_error *err)
{
	int r = rs_store_query(&asked->query, fn, data, &asked->found, err);

	if (r == -ENOENT) {
		rs_error_set(err, r, "there are no stored events in \"%s\"", asked->query.dir);
		rs_error_hint(err, "`ringside run` keeps events there: start it first, or name "
				   "another folder with --store");
	}
	if (r == -EINVAL && asked->query.limit && asked->query.newest)
		rs_error_hint(err, "use --oldest, or --since without --limit");
	if (r == -EACCES)
		rs_error_hint(err, "the store is its agent's, mostly root's: ask as that user");
	return r;
}

int rs_ask_fail(const struct rs_cmd *cmd, const struct rs_asked *asked, struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str place = RS_STR_INIT(0);
	struct rs_error head = *err;

	if (err->code == -EINVAL && !asked->shown.len)
		return rs_cmd_misuse(cmd, err);
	/* The place stands between message and hint. */
	if (asked->shown.len)
		head.hint[0] = '\0';
	rs_error_print(&head, NULL);
	rs_str_append(&place, asked->shown.data, asked->shown.len);
	if (asked->shown.len && err->hint[0]) {
		rs_str_append_cstr(&place, "  hint: ");
		rs_str_append_escaped(&place, err->hint, strlen(err->hint));
		rs_str_append_char(&place, '\n');
	}
	rs_fd_write_all(STDERR_FILENO, place.data, place.len);
	if (err->code == -EINVAL)
		return RS_CMD_USAGE;
	return err->code == -EACCES || err->code == -EPERM ? RS_CMD_DENIED : RS_CMD_FAILED;
}

void rs_ask_note(const char *text)
{
	_cleanup_(rs_str_done) struct rs_str line = RS_STR_INIT(0);

	rs_str_append_cstr(&line, "ringside: ");
	rs_str_append_escaped(&line, text, strlen(text));
	rs_str_append_char(&line, '\n');
	rs_fd_write_all(STDERR_FILENO, line.data, line.len);
}

static void tell_damage(const struct rs_store_found *found)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "%llu part%s of the store could not be read and %s left out; the first: %s",
		 (unsigned long long)found->damaged, found->damaged == 1 ? "" : "s",
		 found->damaged == 1 ? "is" : "are", found->damage);
	rs_ask_note(text);
}

static void tell_nothing(const struct rs_asked *asked)
{
	const struct rs_store_found *found = &asked->found;
	char first[RS_ASK_TIME_LEN], last[RS_ASK_TIME_LEN], text[512];

	if (!found->first && !found->last) {
		snprintf(text, sizeof(text), "nothing is stored in \"%s\" yet", asked->query.dir);
	} else {
		rs_ask_format_time(first, found->first);
		rs_ask_format_time(last, found->last);
		snprintf(text, sizeof(text), "no event was found; stored are those from %s to %s",
			 first, last);
	}
	rs_ask_note(text);
}

int rs_ask_tell(const struct rs_asked *asked, bool quiet)
{
	const struct rs_store_found *found = &asked->found;

	if (found->damaged)
		tell_damage(found);
	if (found->damaged && !found->events)
		return RS_CMD_FAILED;
	if (!found->matched && !quiet)
		tell_nothing(asked);
	return RS_CMD_OK;
}
