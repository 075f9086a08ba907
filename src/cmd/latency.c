/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside latency`: how long system calls and other things take, the slow ones with what they waited for. */
#include "cmd/latency.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/term.h"
#include "cmd/cmd.h"

#define TOLD_MOST 100 /* slow ones in full, a second */
#define PAGES_MIN 64
#define PAGES_MAX (1u << 20) /* 600 MB */

static const struct rs_opt_name source_names[] = {
	{ "syscall", RS_LATENCY_SYSCALL, "system calls, from their entry to their end" },
	{ "block", RS_LATENCY_BLOCK, "block I/O: in the queue, and in the device" },
	{ "runq", RS_LATENCY_RUNQ, "threads that could run and wait for a CPU" },
	{ "tcp", RS_LATENCY_TCP, "TCP round trips, as the kernel measures them, and connecting" },
	{ "dns", RS_LATENCY_DNS, "questions to name servers over UDP, until they are answered" },
	{ "fault", RS_LATENCY_FAULT, "page faults" },
	{ 0 },
};

static const struct rs_opt_name by_names[] = {
	{ "syscall", RS_LATENCY_BY_CALL, "which system call" },
	{ "file", RS_LATENCY_BY_FILE, "the file, pipe or socket it is about" },
	{ "peer", RS_LATENCY_BY_PEER, "whom the socket talks to" },
	{ "container", RS_LATENCY_BY_CONTAINER, "container, pod or control group" },
	{ "process", RS_LATENCY_BY_PROCESS, "process" },
	{ "thread", RS_LATENCY_BY_THREAD, "thread" },
	{ "device", RS_LATENCY_BY_DEVICE, "block device, or file system of the file" },
	{ 0 },
};

static const struct rs_opt_name format_names[] = {
	{ "table", LATENCY_TABLE, "for people; on a terminal drawn again at each interval" },
	{ "json", LATENCY_JSON, "an object on a line for each interval and each slow one" },
	{ 0 },
};

static const struct rs_opt_name sort_names[] = {
	{ "p99", LATENCY_SORT_P99, NULL },
	{ "max", LATENCY_SORT_MAX, NULL },
	{ "count", LATENCY_SORT_COUNT, NULL },
	{ "total", LATENCY_SORT_TOTAL, "all times together" },
	{ 0 },
};

#define AT(field) offsetof(struct latency_settings, field)

static const struct rs_opt opts[] = {
	RS_OPT_ROW(0, "source", "WHAT", RS_OPT_ENUM, AT(source), "what is measured",
		   .names = source_names, .default_text = "syscall", .group = "What to measure"),
	RS_OPT_ROW(
		0, "syscall", "SET", RS_OPT_STRING, AT(syscalls),
		"only these system calls, as for strace: \"fsync,fdatasync\", \"%file\", \"!futex\"",
		.default_text = "all"),
	RS_OPT_ROW(0, "by", "WHAT,...", RS_OPT_BITSET, AT(by), "what has a line of its own",
		   .names = by_names, .default_text = "syscall"),
	RS_OPT_ROW(
		0, "outliers", "TIME", RS_OPT_DURATION, AT(outlier),
		"tell of each that takes at least that long: arguments, file or peer, where its time "
		"went, stacks, what it waited for and who woke it"),
	RS_OPT_INCLUDE_TABLE(rs_select_opts, AT(select)),
	RS_OPT_INCLUDE_TABLE(rs_select_opts_command, AT(select)),
	RS_OPT_ROW('f', "follow", NULL, RS_OPT_FLAG, AT(follow),
		   "with -p, processes that these make too; with -c always"),
	RS_OPT_ROW('i', "interval", "TIME", RS_OPT_DURATION, AT(interval),
		   "between two tables; 0: only the one at the end", .default_text = "1s",
		   .group = "Output"),
	RS_OPT_ROW('d', "duration", "TIME", RS_OPT_DURATION, AT(duration), "end after that long"),
	RS_OPT_ROW('o', "output", "FORMAT", RS_OPT_ENUM, AT(format), "how to print",
		   .names = format_names, .default_text = "table"),
	RS_OPT_ROW(0, "sort", "COLUMN", RS_OPT_ENUM, AT(sort), "the greatest first",
		   .names = sort_names, .default_text = "p99"),
	RS_OPT_ROW(0, "top", "N", RS_OPT_U64, AT(top), "rows in tables that do not fill a terminal",
		   .default_text = "30"),
	RS_OPT_ROW(0, "heatmap", NULL, RS_OPT_FLAG, AT(heatmap),
		   "latency over time above the table (default: yes)", .flags = RS_OPT_NEGATABLE),
	RS_OPT_ROW(
		0, "max-pages", "N", RS_OPT_U64, AT(max_pages),
		"room for histograms: each takes about ten pages of half a KiB, for each CPU up to 8",
		.default_text = "8192"),
	RS_OPT_ROW('q', "quiet", NULL, RS_OPT_FLAG, AT(quiet), "say nothing but the results"),
	RS_OPT_END,
};

/* --- rows --- */

static uint64_t weight(const struct rs_histogram *h, enum latency_sort sort)
{
	switch (sort) {
	case LATENCY_SORT_P99:
		return rs_histogram_percentile(h, 99);
	case LATENCY_SORT_MAX:
		return h->max;
	case LATENCY_SORT_COUNT:
		return h->count;
	case LATENCY_SORT_TOTAL:
		return h->sum;
	}
	return 0;
}

static const struct rs_histogram *histogram_of(const struct rs_latency_row *row, bool all)
{
	return all ? &row->all : &row->now;
}

static int compare(const void *a, const void *b, void *data)
{
	const struct rs_latency_row *x = *(struct rs_latency_row *const *)a,
				    *y = *(struct rs_latency_row *const *)b;
	const bool *all = data;
	bool filled = histogram_of(x, *all)->count;

	if (filled != (histogram_of(y, *all)->count > 0))
		return filled ? -1 : 1;
	if (x->idle != y->idle)
		return x->idle ? 1 : -1;
	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return memcmp(&x->key, &y->key, sizeof(x->key));
}

size_t latency_sorted(struct latency_run *run, bool all, struct rs_latency_row ***ret_rows)
{
	size_t n, filled = 0;

	*ret_rows = rs_latency_rows(run->latency, &n);
	for (size_t i = 0; i < n; i++)
		(*ret_rows)[i]->weight = weight(histogram_of((*ret_rows)[i], all),
						run->settings->sort);
	if (n)
		qsort_r(*ret_rows, n, sizeof(**ret_rows), compare, &all);
	while (filled < n && histogram_of((*ret_rows)[filled], all)->count)
		filled++;
	return filled;
}

/* --- slow ones --- */

static void slow_done(struct latency_slow *slow)
{
	free(slow->text);
	free(slow->line);
	*slow = (struct latency_slow){ .ns = 0 };
}

static char *text_of(struct latency_run *run, const struct rs_latency_outlier *o, bool line)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	bool color = rs_term_use_color(STDOUT_FILENO, RS_TERM_COLOR_AUTO);

	if (line)
		rs_outlier_line(run->outliers, o, color, &text);
	else
		rs_outlier_text(run->outliers, o, color, &text);
	return strdup(rs_str_cstr(&text));
}

/* Among the slowest so far? Takes its place there, the slowest first. */
static void keep_slowest(struct latency_run *run, const struct rs_latency_outlier *o)
{
	size_t at = run->n_slowest;

	while (at && run->slowest[at - 1].ns < o->ns)
		at--;
	if (at == LATENCY_SLOWEST)
		return;
	if (run->n_slowest == LATENCY_SLOWEST)
		slow_done(&run->slowest[--run->n_slowest]);
	memmove(&run->slowest[at + 1], &run->slowest[at],
		(run->n_slowest - at) * sizeof(run->slowest[0]));
	run->slowest[at] = (struct latency_slow){ .ns = o->ns, .text = text_of(run, o, false) };
	run->n_slowest++;
}

static void keep_latest(struct latency_run *run, const struct rs_latency_outlier *o)
{
	struct latency_slow *slow = &run->latest[run->n_latest++ % LATENCY_SLOWEST];

	slow_done(slow);
	*slow = (struct latency_slow){ .ns = o->ns, .line = text_of(run, o, true) };
}

/* Telling of one costs more than most that are told of: so many a second. */
static bool may_tell(struct latency_run *run, const struct rs_latency_outlier *o)
{
	if (o->end > run->told_since + RS_NSEC_PER_SEC) {
		run->told_since = o->end;
		run->n_told = 0;
	}
	return run->n_told++ < TOLD_MOST;
}

static void on_outlier(void *data, const struct rs_latency_outlier *o)
{
	struct latency_run *run = data;
	bool in_place = rs_live_in_place(run->live), told = may_tell(run, o);

	run->n_slow++;
	if (in_place) {
		keep_slowest(run, o);
		if (told)
			keep_latest(run, o);
		return;
	}
	if (!told) {
		run->n_untold++;
		return;
	}
	if (run->settings->format == LATENCY_JSON) {
		rs_json_init(&run->json, &run->text);
		rs_outlier_json(run->outliers, o, &run->json);
		rs_str_append_char(&run->text, '\n');
	} else {
		rs_outlier_text(run->outliers, o,
				rs_term_use_color(STDOUT_FILENO, RS_TERM_COLOR_AUTO), &run->text);
		rs_str_append_char(&run->text, '\n');
	}
}

/* As they come, but where a page is drawn in place. */
static int write_slow(struct latency_run *run)
{
	int r = run->text.error;

	if (!r && run->text.len)
		r = rs_fd_write_all(STDOUT_FILENO, run->text.data, run->text.len);
	rs_str_reset(&run->text);
	return r;
}

static int on_ring(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	struct latency_run *run = data;
	int r = rs_latency_take(run->latency);

	(void)loop;
	(void)fd;
	(void)events;
	if (!r)
		r = write_slow(run);
	if (r == -EPIPE) {
		rs_live_stop(run->live);
		return 0;
	}
	return r;
}

static int on_stacks(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	(void)loop;
	(void)fd;
	(void)events;
	rs_outliers_tick(((struct latency_run *)data)->outliers);
	return 0;
}

static void name_group(void *data, uint64_t cgroup, struct rs_str *out)
{
	rs_select_name_group(((struct latency_run *)data)->select, cgroup, out);
}

/* --- pages --- */

static int on_tick(void *data, uint64_t elapsed, struct rs_error *err)
{
	struct latency_run *run = data;
	int r = rs_latency_take(run->latency);

	if (!r)
		r = write_slow(run);
	if (r < 0 && r != -EPIPE)
		return rs_error_set_errno(err, r, "writing the slow ones");
	r = rs_latency_read(run->latency, err);
	if (r < 0)
		return r;
	if (run->outliers)
		rs_outliers_tick(run->outliers);
	run->elapsed = elapsed;
	run->total += elapsed;
	if (run->heatmap)
		rs_heatmap_add(run->heatmap, rs_latency_whole(run->latency));
	rs_select_refresh(run->select, rs_latency_tool(run->latency));
	if (!rs_select_command(run->select) && rs_target_gone(rs_latency_tool(run->latency)))
		rs_live_stop(run->live);
	return 0;
}

static int on_draw(void *data, const struct rs_live_page *page, struct rs_str *out)
{
	struct latency_run *run = data;

	if (run->settings->format == LATENCY_JSON)
		latency_draw_json(run, page->last, out);
	else
		latency_draw_table(run, page, out);
	return 0;
}

static bool on_key(void *data, char key)
{
	static const char keys[] = { 'n', 'm', 'c', 't' }; /* ninety-nine, max, count, total */
	struct latency_run *run = data;

	if (key == 'h') {
		run->settings->heatmap = !run->settings->heatmap;
		return true;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++)
		if (key == keys[i]) {
			run->settings->sort = i;
			return true;
		}
	return false;
}

/* --- the run --- */

static int check(const struct latency_settings *s, struct rs_error *err)
{
	if (s->syscalls && s->source != RS_LATENCY_SYSCALL)
		return rs_error_set(err, -EINVAL, "--syscall goes with --source syscall only");
	if (s->max_pages < PAGES_MIN || s->max_pages > PAGES_MAX)
		return rs_error_set(err, -EINVAL, "--max-pages: from %u to %u", PAGES_MIN,
				    PAGES_MAX);
	if (!s->top)
		return rs_error_set(err, -EINVAL, "--top: at least 1");
	if ((s->by & RS_LATENCY_BY_PROCESS) && (s->by & RS_LATENCY_BY_THREAD))
		return rs_error_set(
			err, -EINVAL,
			"--by process,thread: a thread has but one process, take one of them");
	return 0;
}

static int load(struct latency_run *run, struct rs_error *err)
{
	struct latency_settings *s = run->settings;
	struct rs_latency_options options = {
		.source = s->source,
		.by = (unsigned)s->by,
		.chosen = s->syscalls,
		.outlier = s->outlier,
		.max_pages = s->max_pages,
		.on_outlier = on_outlier,
		.name_group = name_group,
		.data = run,
	};
	int r = rs_call_set_parse(s->syscalls ? s->syscalls : "all", &options.calls, err);

	if (!r)
		r = rs_select_new(&s->select, s->follow || s->select.command, &run->select, err);
	if (r < 0)
		return r;
	if (s->outlier || s->by & RS_LATENCY_BY_CONTAINER)
		rs_select_number_groups(run->select);
	options.target = rs_select_target(run->select);
	if (rs_select_command(run->select))
		options.held = (uint32_t)rs_command_pid(rs_select_command(run->select));
	r = rs_latency_new(&options, &run->latency, err);
	if (r < 0 || !s->outlier)
		return r;
	r = rs_outliers_new(run->latency, &run->outliers, err);
	for (size_t i = 0; !r && i < options.target->n_pids; i++)
		rs_outliers_prepare(run->outliers, options.target->pids[i]);
	return r;
}

static int make_live(struct latency_run *run, struct rs_error *err)
{
	struct latency_settings *s = run->settings;
	const struct rs_live_options options = {
		.interval = s->interval,
		.duration = s->duration,
		.command = rs_select_command(run->select),
		.out = STDOUT_FILENO,
		.plain = s->format == LATENCY_JSON,
		.tick = on_tick,
		.draw = on_draw,
		.key = on_key,
		.data = run,
	};
	int r = rs_live_new(&options, &run->live, err);

	if (!r && rs_latency_fd(run->latency) >= 0)
		r = rs_loop_add_fd(rs_live_loop(run->live), rs_latency_fd(run->latency), EPOLLIN,
				   on_ring, run, NULL, err);
	if (!r && run->outliers && rs_outliers_fd(run->outliers) >= 0)
		r = rs_loop_add_fd(rs_live_loop(run->live), rs_outliers_fd(run->outliers), EPOLLIN,
				   on_stacks, run, NULL, err);
	if (r < 0)
		return r;
	rs_select_describe(run->select, &run->title);
	if (s->format == LATENCY_TABLE && s->heatmap && s->interval)
		run->heatmap = calloc(1, sizeof(*run->heatmap));
	return 0;
}

static void tell_start(const struct latency_run *run)
{
	_cleanup_(rs_str_done) struct rs_str line = RS_STR_INIT(0);

	if (run->settings->quiet || rs_live_in_place(run->live))
		return;
	rs_str_appendf(&line, "ringside: measuring %s of ",
		       rs_latency_source_title(run->settings->source));
	rs_str_append_escaped(&line, run->title.data, run->title.len);
	rs_str_append_cstr(&line, "; ^C ends with a summary\n");
	rs_fd_write_all(STDERR_FILENO, line.data, line.len);
}

static void tell_losses(struct latency_run *run)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	struct rs_latency_losses losses;

	rs_latency_losses(run->latency, &losses);
	rs_latency_losses_format(run->latency, &losses, &text);
	if (run->n_untold)
		rs_str_appendf(&text, "%" PRIu64 " slow ones were only counted: too many at once\n",
			       run->n_untold);
	if (text.len)
		rs_fd_write_all(STDERR_FILENO, text.data, text.len);
}

static int follow(struct latency_run *run, struct rs_error *err)
{
	enum rs_live_end end;
	int r = make_live(run, err);

	if (!r)
		r = rs_latency_attach(run->latency, err);
	if (r < 0)
		return r;
	tell_start(run);
	r = rs_live_run(run->live, &end, err);
	if (r < 0)
		return r;
	tell_losses(run);
	return rs_live_code(run->live, end);
}

static void run_done(struct latency_run *run)
{
	rs_live_free(&run->live);
	rs_outliers_free(&run->outliers);
	rs_latency_free(&run->latency);
	rs_select_free(&run->select);
	for (size_t i = 0; i < LATENCY_SLOWEST; i++) {
		slow_done(&run->slowest[i]);
		slow_done(&run->latest[i]);
	}
	rs_str_done(&run->text);
	rs_str_done(&run->title);
	free(run->heatmap);
}

static int measure(struct latency_settings *settings)
{
	_cleanup_(run_done) struct latency_run run = { .settings = settings };
	struct rs_error err = RS_ERROR_INIT;
	int r = check(settings, &err);

	if (settings->source != RS_LATENCY_SYSCALL || !settings->by)
		settings->by |= RS_LATENCY_BY_CALL;
	if (!r)
		r = load(&run, &err);
	if (!r)
		r = follow(&run, &err);
	return r < 0 ? rs_cmd_fail(&err) : r;
}

static int run(const struct rs_cmd *cmd, int argc, char **argv)
{
	struct latency_settings settings = {
		.interval = RS_NSEC_PER_SEC, .top = 30, .max_pages = 8192, .heatmap = true
	};
	int r = rs_cmd_parse(cmd, argc, argv, &settings, NULL);

	if (r == RS_CMD_GO)
		r = measure(&settings);
	rs_opt_done(opts, &settings);
	return r;
}

static const struct rs_cmd_example examples[] = {
	{ "ringside latency -fp 4711", "system calls of a process and its children, each second" },
	{ "ringside latency --comm postgres --syscall fsync,fdatasync --by file --outliers 100ms",
	  "which file's fsync is slow, and what the slow ones waited for" },
	{ "ringside latency --container web --syscall %network --by syscall,peer",
	  "which peer keeps a container waiting" },
	{ "ringside latency --source block --by device --duration 10s", "disks, for ten seconds" },
	{ "ringside latency --source runq --by container", "who waits for a CPU" },
	{ "ringside latency -c 'make test' --interval 0", "one table at the end of a command" },
	{ "ringside latency --source dns --outliers 50ms -o json", "slow names, for a program" },
	{ NULL, NULL },
};

#define TEXT                                                                                                          \
	"Measures in the kernel how long things take, and keeps the times in histograms whose buckets are at most "   \
	"1.6 % wide: percentiles are right to that. Only the sums cross to user space, once an interval. Those "      \
	"that are slower than --outliers are told of one by one.\n\n"                                                 \
	"A slow system call is shown with its arguments, its file and device or its peer, and where its time went: "  \
	"running, blocked by I/O or otherwise, woken and waiting for a CPU, preempted. Of its longest wait there is " \
	"the kernel's stack, the block I/O whose end woke it, and who woke it: for a futex that is who held the "     \
	"lock, with the stack that gave it back. Calls that wait because they are asked to (poll, nanosleep, ...) "   \
	"stand at the end of the table, and are told of one by one only where --syscall names them.\n\n"              \
	"Block I/O is counted for whoever is first seen with it. TCP round trips are those that the kernel measures " \
	"at each acknowledgement; whose a connection is shows when somebody connects or reads. DNS is what goes "     \
	"over UDP to port 53, not TCP and not TLS; questions that got no answer for 5 s have a line of their own. "   \
	"Page faults run from the exception to where the kernel counts them as done.\n\n"                             \
	"On a terminal: q ends, p holds the picture still, h hides the heat map, n m c t sort by p99, maximum, "      \
	"count and total. The heat map has a column for each interval and the longest times on top."

const struct rs_cmd rs_cmd_latency = {
	.name = "latency",
	.group = "System calls and latency",
	.synopsis = "[OPTION...]",
	.summary = "how long things take, and what the slow ones waited for",
	.text = TEXT,
	.examples = examples,
	.opts = opts,
	.run = run,
};
