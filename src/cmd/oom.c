/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside oom`: whom the kernel kills for want of memory, why, and what used it. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/term.h"
#include "base/units.h"
#include "cmd/cmd.h"
#include "cmd/report-grid.h"
#include "cmd/select.h"
#include "enrich/users.h"
#include "kern/mounts.h"
#include "profile/oom.h"

#define TOP 10

enum { FORMAT_TABLE, FORMAT_JSON };

struct settings {
	uint32_t format, top, count;
	uint64_t duration;
	const char *host_root;
	bool quiet;
};

#define FIELD(name) offsetof(struct settings, name)

static const struct rs_opt_name formats[] = {
	{ "table", FORMAT_TABLE, "for people" },
	{ "json", FORMAT_JSON, "a line of JSON for each kill" },
	{ NULL, 0, NULL },
};

static const struct rs_opt opts[] = {
	RS_OPT_ROW('o', "output", "FORMAT", RS_OPT_ENUM, FIELD(format), "how to print",
		   .names = formats, .default_text = "table", .group = "Output"),
	RS_OPT_ROW(0, "top", "N", RS_OPT_U32, FIELD(top), "so many processes of each kill",
		   .default_text = "10, in JSON all"),
	RS_OPT_ROW('n', "count", "N", RS_OPT_U32, FIELD(count), "end after so many kills"),
	RS_OPT_ROW('d', "duration", "TIME", RS_OPT_DURATION, FIELD(duration), "end after this time",
		   .default_text = "at Ctrl-C"),
	RS_OPT_ROW(0, "host-root", "DIR", RS_OPT_STRING, FIELD(host_root),
		   "where the host's files are mounted, when run in a container"),
	RS_OPT_ROW('q', "quiet", NULL, RS_OPT_FLAG, FIELD(quiet), "no progress on standard error"),
	RS_OPT_END,
};

struct oom {
	struct settings settings;
	struct rs_select_options none; /* nothing is selected: names of groups only */
	struct rs_select *select;
	struct rs_users *users;
	struct rs_cgroup_tree memory; /* the hierarchy that has limits of memory */
	struct rs_oom *watch;
	struct rs_loop *loop;
	struct rs_str text;
	uint64_t page_size;
	uint32_t kills;
	bool color;
};

/* --- words --- */

static uint64_t bytes_of(const struct oom *oom, uint64_t pages)
{
	return pages > UINT64_MAX / oom->page_size ? UINT64_MAX : pages * oom->page_size;
}

static const char *constraint_word(const struct rs_oom_event *event)
{
	switch (event->kill.constraint) {
	case RS_OOM_NONE:
		return "machine";
	case RS_OOM_CPUSET:
		return "cpuset";
	case RS_OOM_POLICY:
		return "policy";
	case RS_OOM_MEMCG:
		return "limit";
	default:
		return rs_oom_limit(event) ? "limit" : "machine";
	}
}

static void memory_path(const struct oom *oom, uint64_t id, char *buf, size_t size)
{
	if (!oom->memory.mount[0] || rs_cgroup_path(&oom->memory, id, buf, size) < 0)
		snprintf(buf, size, "?");
}

/* Is the process's memory counted in the group? */
static bool counts_in(const struct oom *oom, const struct rs_oom_task *task,
		      const struct rs_oom_group *group)
{
	char above[512], path[512];
	size_t n;

	if (!group || task->memory_group == group->id)
		return true;
	memory_path(oom, group->id, above, sizeof(above));
	memory_path(oom, task->memory_group, path, sizeof(path));
	n = strlen(above);
	if (n == 1)
		return *path == '/';
	return *above == '/' && !strncmp(path, above, n) && path[n] == '/';
}

static const char *user_name(const struct oom *oom, uint32_t uid, char buf[static 32])
{
	const char *name = oom->users ? rs_users_name(oom->users, uid) : NULL;

	if (name)
		return name;
	snprintf(buf, 32, "%u", uid);
	return buf;
}

static void put_who(struct oom *oom, uint64_t cgroup, struct rs_str *out)
{
	if (oom->select && cgroup)
		rs_select_name_group(oom->select, cgroup, out);
}

/* --- for people --- */

static void put_text(struct rs_str *out, const char *text)
{
	rs_str_append_escaped(out, text, strlen(text));
}

static void print_headline(struct oom *oom, const struct rs_oom_event *event)
{
	const struct rs_oom_task *victim = rs_oom_victim(event);
	struct rs_str *out = &oom->text;
	struct rs_clock_text clock = { 0 };
	char time[RS_CLOCK_LOCAL_LEN], user[32];

	rs_clock_format_local(&clock, event->kill.time + (uint64_t)rs_clock_boot_offset(), time);
	rs_str_append(out, time, sizeof(time));
	rs_str_appendf(out, "  %skilled ", rs_term_style(oom->color, RS_TERM_BOLD));
	put_text(out, victim ? victim->comm : "a process");
	rs_str_appendf(out, "%s (pid %u", rs_term_style(oom->color, RS_TERM_RESET),
		       event->kill.victim);
	if (victim) {
		rs_str_append_cstr(out, ", user ");
		put_text(out, user_name(oom, victim->uid, user));
		rs_str_append_cstr(out, ", in ");
		put_who(oom, victim->cgroup, out);
	}
	rs_str_append_cstr(out, ")\n");
}

static void print_reason(struct oom *oom, const struct rs_oom_event *event)
{
	const struct rs_oom_group *limit = rs_oom_limit(event);
	const struct rs_oom_task *victim = rs_oom_victim(event);
	struct rs_str *out = &oom->text;
	char a[RS_UNITS_BUF], b[RS_UNITS_BUF], path[512];

	rs_str_append_cstr(out, "  why: ");
	if (limit) {
		memory_path(oom, limit->id, path, sizeof(path));
		rs_str_append_cstr(out, "the memory limit of control group \"");
		put_text(out, path);
		rs_str_appendf(out, "\" is reached: %s of %s\n",
			       rs_units_format_bytes(a, bytes_of(oom, limit->usage)),
			       rs_units_format_bytes(b, bytes_of(oom, limit->max)));
	} else if (event->kill.constraint == RS_OOM_CPUSET) {
		rs_str_append_cstr(out, "the memory nodes of its cpuset are full\n");
	} else if (event->kill.constraint == RS_OOM_POLICY) {
		rs_str_append_cstr(out, "the memory nodes of its policy are full\n");
	} else if (event->kill.constraint == RS_OOM_MEMCG) {
		rs_str_append_cstr(out, "the memory limit of a control group is reached\n");
	} else {
		rs_str_append_cstr(out, "the machine's memory is full\n");
	}
	rs_str_append_cstr(out, "  asked for by ");
	put_text(out, event->kill.trigger_comm);
	rs_str_appendf(out, " (pid %u)", event->kill.trigger_pid);
	if (event->kill.order >= 0 && event->kill.order < 32)
		rs_str_appendf(out, ": %s",
			       rs_units_format_bytes(a, oom->page_size << event->kill.order));
	if (victim && victim->adj)
		rs_str_appendf(out, "; the victim's oom_score_adj is %d", victim->adj);
	rs_str_append_char(out, '\n');
}

static void put_size(struct rs_grid *grid, uint64_t bytes)
{
	char text[RS_UNITS_BUF];

	rs_grid_cstr(grid, rs_units_format_bytes(text, bytes));
}

static void put_row(struct oom *oom, const struct rs_oom_task *task, bool victim,
		    struct rs_grid *grid)
{
	_cleanup_(rs_str_done) struct rs_str who = RS_STR_INIT(4096);
	const int64_t sizes[] = { task->anon, task->file, task->shmem, task->swap };
	char user[32];

	rs_grid_cstr(grid, victim ? "->" : "");
	rs_grid_printf(grid, "%u", task->pid);
	rs_grid_cstr(grid, user_name(oom, task->uid, user));
	put_size(grid, bytes_of(oom, rs_oom_pages(task)));
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		put_size(grid, bytes_of(oom, sizes[i] > 0 ? (uint64_t)sizes[i] : 0));
	put_size(grid, task->page_tables);
	rs_grid_printf(grid, "%d", task->adj);
	rs_grid_cstr(grid, task->comm);
	put_who(oom, task->cgroup, &who);
	rs_grid_text(grid, who.data, who.len);
}

static void print_processes(struct oom *oom, const struct rs_oom_event *event)
{
	static const struct rs_grid_column columns[] = {
		{ "", RS_TERM_LEFT, false, false },
		{ "PID", RS_TERM_RIGHT, false, false },
		{ "USER", RS_TERM_LEFT, false, false },
		{ "TOTAL", RS_TERM_RIGHT, false, false },
		{ "ANON", RS_TERM_RIGHT, false, false },
		{ "FILE", RS_TERM_RIGHT, false, false },
		{ "SHMEM", RS_TERM_RIGHT, false, false },
		{ "SWAP", RS_TERM_RIGHT, false, false },
		{ "PAGE TABLES", RS_TERM_RIGHT, false, false },
		{ "ADJ", RS_TERM_RIGHT, false, false },
		{ "PROCESS", RS_TERM_LEFT, false, false },
		{ "WHERE", RS_TERM_LEFT, true, true },
	};
	_cleanup_(rs_grid_done) struct rs_grid grid = { .columns = columns,
							.n = ARRAY_SIZE(columns) };
	const struct rs_oom_group *limit = rs_oom_limit(event);
	uint32_t top = oom->settings.top ? oom->settings.top : TOP;
	uint64_t others = 0, rest = 0, n_others = 0, n_rest = 0;
	char text[RS_UNITS_BUF];

	rs_vec_foreach(&event->tasks, task)
	{
		if (!counts_in(oom, task, limit)) {
			others += rs_oom_pages(task);
			n_others++;
		} else if (rs_grid_rows(&grid) < top) {
			put_row(oom, task, task->pid == event->kill.victim, &grid);
		} else {
			rest += rs_oom_pages(task);
			n_rest++;
		}
	}
	if (rs_grid_rows(&grid))
		rs_grid_write(&grid, 2,
			      rs_term_is_tty(STDOUT_FILENO) ? rs_term_width(STDOUT_FILENO) : 0,
			      oom->color, &oom->text);
	if (n_rest)
		rs_str_appendf(&oom->text, "  and %" PRIu64 " smaller ones: %s\n", n_rest,
			       rs_units_format_bytes(text, bytes_of(oom, rest)));
	if (n_others)
		rs_str_appendf(&oom->text,
			       "  not under this limit: %" PRIu64 " processes with %s\n", n_others,
			       rs_units_format_bytes(text, bytes_of(oom, others)));
}

static void print_gaps(struct oom *oom, const struct rs_oom_event *event)
{
	uint32_t missing = event->end.lost + event->dropped;

	if (missing)
		rs_str_appendf(&oom->text, "  %u processes are missing here: no room\n", missing);
	else if (!event->end.complete)
		rs_str_append_cstr(&oom->text, "  the list of processes is not complete\n");
}

static void print_table(struct oom *oom, const struct rs_oom_event *event)
{
	print_headline(oom, event);
	print_reason(oom, event);
	print_processes(oom, event);
	print_gaps(oom, event);
	rs_str_append_char(&oom->text, '\n');
}

/* --- JSON --- */

#define NUMBER(w, key, value)                                                                      \
	do {                                                                                       \
		rs_json_key_lit(w, key);                                                           \
		rs_json_u64(w, value);                                                             \
	} while (0)

static void json_task(struct oom *oom, struct rs_json *w, const struct rs_oom_task *task,
		      const struct rs_oom_group *limit)
{
	_cleanup_(rs_str_done) struct rs_str who = RS_STR_INIT(4096);
	char path[512], user[32];

	rs_json_begin_object(w);
	NUMBER(w, "pid", task->pid);
	rs_json_key_lit(w, "name");
	rs_json_cstr(w, task->comm);
	NUMBER(w, "uid", task->uid);
	rs_json_key_lit(w, "user");
	rs_json_cstr(w, user_name(oom, task->uid, user));
	NUMBER(w, "total", bytes_of(oom, rs_oom_pages(task)));
	NUMBER(w, "anon", bytes_of(oom, (uint64_t)MAX(task->anon, 0)));
	NUMBER(w, "file", bytes_of(oom, (uint64_t)MAX(task->file, 0)));
	NUMBER(w, "shmem", bytes_of(oom, (uint64_t)MAX(task->shmem, 0)));
	NUMBER(w, "swap", bytes_of(oom, (uint64_t)MAX(task->swap, 0)));
	NUMBER(w, "page_tables", task->page_tables);
	rs_json_key_lit(w, "oom_score_adj");
	rs_json_i64(w, task->adj);
	put_who(oom, task->cgroup, &who);
	rs_json_key_lit(w, "where");
	rs_json_string(w, who.data, who.len);
	memory_path(oom, task->memory_group, path, sizeof(path));
	rs_json_key_lit(w, "cgroup");
	rs_json_cstr(w, path);
	if (limit) {
		rs_json_key_lit(w, "limited");
		rs_json_bool(w, counts_in(oom, task, limit));
	}
	rs_json_end_object(w);
}

static void json_limit(struct oom *oom, struct rs_json *w, const struct rs_oom_group *limit)
{
	char path[512];

	rs_json_key_lit(w, "limit");
	rs_json_begin_object(w);
	memory_path(oom, limit->id, path, sizeof(path));
	rs_json_key_lit(w, "cgroup");
	rs_json_cstr(w, path);
	NUMBER(w, "usage", bytes_of(oom, limit->usage));
	NUMBER(w, "max", bytes_of(oom, limit->max));
	rs_json_end_object(w);
}

static void json_reason(struct rs_json *w, const struct rs_oom_event *event)
{
	const struct rs_oom_kill *kill = &event->kill;

	rs_json_key_lit(w, "reason");
	rs_json_cstr(w, constraint_word(event));
	rs_json_key_lit(w, "trigger");
	rs_json_begin_object(w);
	NUMBER(w, "pid", kill->trigger_pid);
	rs_json_key_lit(w, "name");
	rs_json_cstr(w, kill->trigger_comm);
	rs_json_end_object(w);
	if (kill->order >= 0) {
		NUMBER(w, "order", (uint64_t)kill->order);
		rs_json_key_lit(w, "gfp");
		rs_json_hex(w, kill->gfp);
	}
}

static void print_json(struct oom *oom, const struct rs_oom_event *event)
{
	const struct rs_oom_task *victim = rs_oom_victim(event);
	const struct rs_oom_group *limit = rs_oom_limit(event);
	size_t top = oom->settings.top ? oom->settings.top : SIZE_MAX;
	struct rs_json w;

	rs_json_init(&w, &oom->text);
	rs_json_begin_object(&w);
	rs_json_key_lit(&w, "time");
	rs_json_time(&w, event->kill.time + (uint64_t)rs_clock_boot_offset());
	NUMBER(&w, "pid", event->kill.victim);
	if (victim) {
		rs_json_key_lit(&w, "victim");
		json_task(oom, &w, victim, limit);
	}
	json_reason(&w, event);
	if (limit)
		json_limit(oom, &w, limit);
	rs_json_key_lit(&w, "processes");
	rs_json_begin_array(&w);
	for (size_t i = 0; i < event->tasks.len && i < top; i++)
		json_task(oom, &w, &event->tasks.items[i], limit);
	rs_json_end_array(&w);
	NUMBER(&w, "processes_seen", event->end.tasks);
	NUMBER(&w, "processes_lost", event->end.lost + event->dropped);
	rs_json_key_lit(&w, "complete");
	rs_json_bool(&w, event->end.complete);
	rs_json_end_object(&w);
	rs_str_append_char(&oom->text, '\n');
}

static int on_kill(void *data, struct rs_oom_event *event)
{
	struct oom *oom = data;
	int r;

	rs_oom_sort(event);
	rs_str_reset(&oom->text);
	if (oom->settings.format == FORMAT_JSON)
		print_json(oom, event);
	else
		print_table(oom, event);
	if (oom->text.error)
		return oom->text.error;
	r = rs_fd_write_all(STDOUT_FILENO, oom->text.data, oom->text.len);
	if (r < 0)
		return r;
	if (++oom->kills == oom->settings.count)
		rs_loop_stop(oom->loop, 0);
	return 0;
}

/* --- the run --- */

static int on_ring(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	(void)loop;
	(void)fd;
	(void)events;
	return rs_oom_pump(((struct oom *)data)->watch);
}

/* Version 1's controller where it is mounted: its limits count, whatever hierarchy containers are looked for in. */
static int on_mount(void *arg, const struct rs_mount *mount)
{
	struct rs_cgroup_tree *tree = arg;
	const char *at = strstr(mount->options, "memory");

	if (strcmp(mount->type, "cgroup") != 0 || !at || (at[6] && at[6] != ','))
		return 0;
	snprintf(tree->mount, sizeof(tree->mount), "%.511s", mount->point);
	snprintf(tree->controller, sizeof(tree->controller), "memory");
	tree->v1 = 1;
	return 1;
}

static void find_memory_tree(struct oom *oom)
{
	if (rs_mounts_walk(on_mount, &oom->memory) == 1)
		return;
	memset(&oom->memory, 0, sizeof(oom->memory));
	rs_cgroup2_mount(oom->memory.mount, sizeof(oom->memory.mount), NULL);
}

static int start(struct oom *oom, struct rs_error *err)
{
	static const int signals[] = { SIGINT, SIGTERM };
	struct rs_oom_options options = { .fn = on_kill, .data = oom };
	struct rs_cgroup_tree tree;
	int r = rs_loop_new(&oom->loop, err);

	if (!r)
		r = rs_loop_add_signals(oom->loop, signals, ARRAY_SIZE(signals),
					rs_loop_end_by_signal, oom, NULL, err);
	if (r)
		return r;
	oom->none.host_root = oom->settings.host_root;
	oom->page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	oom->color = rs_term_use_color(STDOUT_FILENO, RS_TERM_COLOR_AUTO);
	rs_select_new(&oom->none, false, &oom->select, NULL);
	rs_users_new(oom->settings.host_root, &oom->users, NULL);
	find_memory_tree(oom);
	/* All that is needed when memory is short is had before. */
	if (oom->select)
		rs_select_group(oom->select, 1);
	if (rs_cgroup_choose("/proc", &tree, NULL) == 0)
		options.cgroup_v1 = tree.v1;
	r = rs_oom_new(&options, &oom->watch, err);
	if (!r)
		r = rs_loop_add_fd(oom->loop, rs_oom_fd(oom->watch), EPOLLIN, on_ring, oom, NULL,
				   err);
	if (!r && oom->settings.duration)
		r = rs_loop_add_timer(oom->loop, oom->settings.duration, 0, rs_loop_end_by_timer,
				      oom, NULL, err);
	return r;
}

static void done(struct oom *oom)
{
	rs_oom_free(&oom->watch);
	rs_select_free(&oom->select);
	rs_users_free(&oom->users);
	rs_loop_free(&oom->loop);
	rs_str_done(&oom->text);
	rs_opt_done(opts, &oom->settings);
}

static int run(const struct rs_cmd *cmd, int argc, char **argv)
{
	_cleanup_(done) struct oom oom = { 0 };
	struct rs_error err = RS_ERROR_INIT;
	int r = rs_cmd_parse(cmd, argc, argv, &oom.settings, NULL);

	if (r != RS_CMD_GO)
		return r;
	r = start(&oom, &err);
	if (r)
		return rs_cmd_fail(&err);
	if (!oom.settings.quiet)
		fprintf(stderr, "ringside: waiting for kills for want of memory%s\n",
			rs_oom_has_reasons(oom.watch)
				? ""
				: " (this kernel does not tell why: limits are compared)");
	r = rs_loop_run(oom.loop);
	if (rs_oom_lost(oom.watch))
		fprintf(stderr, "ringside: %" PRIu64 " kills are missing or not complete\n",
			rs_oom_lost(oom.watch));
	if (r == -EPIPE || !r)
		return RS_CMD_OK;
	rs_error_set_errno(&err, r, "printing");
	return rs_cmd_fail(&err);
}

static const struct rs_cmd_example examples[] = {
	{ "ringside oom", "wait, and tell of every kill until Ctrl-C" },
	{ "ringside oom -n 1 -o json | jq .limit", "the group whose limit the next one hits" },
	{ NULL, NULL },
};

#define TEXT                                                                                        \
	"Tells, when the kernel kills a process for want of memory: who it was, in which "          \
	"container, whether the limit of a control group was reached (which, and what it is) or "   \
	"the whole machine was out of memory, who asked for memory then, and which processes held " \
	"it: what is in memory of their own (ANON), of files, shared, in swap, and in page "        \
	"tables.\n\n"                                                                               \
	"The list is made in the kernel at the moment of the kill: nothing has to be read from "    \
	"/proc when it may be too late. Where the kernel's functions cannot be traced, it is the "  \
	"group closest to the victim that is full which is told as the reason."

const struct rs_cmd rs_cmd_oom = {
	.name = "oom",
	.group = "Time and memory",
	.synopsis = "[OPTION...]",
	.summary = "whom the kernel kills for want of memory, why, and what used it",
	.text = TEXT,
	.examples = examples,
	.opts = opts,
	.run = run,
};
