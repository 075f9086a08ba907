/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/stackcmd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/hashmap.h"
#include "base/log.h"
#include "base/suggest.h"
#include "base/term.h"
#include "base/units.h"
#include "cmd/live.h"

#define FIELD(name)  offsetof(struct rs_stackcmd_options, name)
#define BY_MAX       8
#define GROUPS_MAX   65536
#define LOOK_NS      (100 * RS_NSEC_PER_MSEC) /* between two looks at notes that wake nobody */
#define LOOKS_SECOND 10

const struct rs_opt rs_stackcmd_opts[] = {
	RS_OPT_INCLUDE_TABLE(rs_select_opts_command, FIELD(select)),
	RS_OPT_INCLUDE_TABLE(rs_select_opts, FIELD(select)),
	RS_OPT_ROW('f', "follow", NULL, RS_OPT_FLAG, FIELD(follow),
		   "children of the processes of --pid, too"),
	RS_OPT_ROW('d', "duration", "TIME", RS_OPT_DURATION, FIELD(duration),
		   "end after this time (10s, 5m)"),
	RS_OPT_ROW('U', "user", NULL, RS_OPT_FLAG, FIELD(user), "only user stacks",
		   .group = "Stacks"),
	RS_OPT_ROW('K', "kernel", NULL, RS_OPT_FLAG, FIELD(kernel), "only kernel stacks"),
	RS_OPT_ROW(0, "per-thread", NULL, RS_OPT_FLAG, FIELD(threads), "tell threads apart"),
	RS_OPT_ROW(0, "by", "WHAT,...", RS_OPT_LIST, FIELD(by),
		   "what the outermost frames are: process, pid, thread, container, pod, cgroup, "
		   "reason, none"),
	RS_OPT_ROW(0, "mangled", NULL, RS_OPT_FLAG, FIELD(mangled),
		   "leave names of C++ and Rust as they are"),
	RS_OPT_ROW(0, "no-inlines", NULL, RS_OPT_FLAG, FIELD(no_inlines),
		   "do not tell inlined functions apart"),
	RS_OPT_ROW(0, "no-unwind", NULL, RS_OPT_FLAG, FIELD(no_unwind),
		   "frame pointers only: cheaper, and cuts stacks of code that has none"),
	RS_OPT_ROW(0, "max-stacks", "N", RS_OPT_U32, FIELD(max_stacks),
		   "room for so many different stacks", .default_text = "16384"),
	RS_OPT_INCLUDE_TABLE(rs_profile_out_opts, FIELD(out)),
	RS_OPT_ROW('q', "quiet", NULL, RS_OPT_FLAG, FIELD(quiet),
		   "only the profile, and what goes wrong"),
	RS_OPT_ROW('v', "verbose", NULL, RS_OPT_FLAG, FIELD(verbose),
		   "tell more: what the kernel says of a program"),
	RS_OPT_END,
};

struct run {
	const struct rs_stackcmd *command;
	struct rs_select *select;
	struct rs_live *live;
	struct rs_symbols *symbols;
	struct rs_stacks *stacks;
	struct rs_collect *collect;
	struct rs_hashmap *groups; /* id -> struct rs_collect_group */
	enum rs_collect_by by[BY_MAX];
	size_t n_by;
	struct rs_profile *old; /* what --diff compares with; NULL: nothing */
	unsigned looks;
	void *tool;
	uint64_t began; /* CLOCK_REALTIME ns */
	uint64_t began_mono;
	bool progress; /* a line about it is on the terminal */
};

/* --- levels --- */

static const char *const levels[RS_COLLECT_BY_COUNT] = {
	[RS_COLLECT_PROCESS] = "process", [RS_COLLECT_PID] = "pid",
	[RS_COLLECT_THREAD] = "thread",   [RS_COLLECT_CONTAINER] = "container",
	[RS_COLLECT_POD] = "pod",         [RS_COLLECT_CGROUP] = "cgroup",
	[RS_COLLECT_REASON] = "reason",
};

static bool has_level(const struct run *run, enum rs_collect_by level)
{
	for (size_t i = 0; i < run->n_by; i++)
		if (run->by[i] == level)
			return true;
	return false;
}

static int unknown_level(const char *word, struct rs_error *err)
{
	struct rs_suggest suggest;

	rs_suggest_init(&suggest, word);
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		rs_suggest_offer(&suggest, levels[i]);
	rs_error_set(err, -EINVAL, "--by %s: this is no level of frames", word);
	if (rs_suggest_best(&suggest))
		rs_error_hint(err, "did you mean \"%s\"?", rs_suggest_best(&suggest));
	else
		rs_error_hint(err, "process, pid, thread, container, pod, cgroup, reason or none");
	return -EINVAL;
}

static int add_level(struct run *run, const char *word, struct rs_error *err)
{
	size_t level = 0;

	if (!strcmp(word, "none"))
		return 0;
	while (level < ARRAY_SIZE(levels) && strcmp(word, levels[level]) != 0)
		level++;
	if (level == ARRAY_SIZE(levels))
		return unknown_level(word, err);
	if (level == RS_COLLECT_REASON && !run->command->reason)
		return rs_error_set(err, -EINVAL,
				    "--by reason: only `ringside offcpu` has reasons");
	if (has_level(run, (enum rs_collect_by)level) || run->n_by == BY_MAX)
		return 0;
	run->by[run->n_by++] = (enum rs_collect_by)level;
	return 0;
}

static int take_default_levels(struct run *run, struct rs_error *err)
{
	char words[64], *save = NULL;
	int r = 0;

	snprintf(words, sizeof(words), "%s", run->command->by);
	for (char *word = strtok_r(words, ",", &save); word && !r;
	     word = strtok_r(NULL, ",", &save))
		r = add_level(run, word, err);
	return r;
}

static int take_levels(struct run *run, struct rs_error *err)
{
	const struct rs_stackcmd_options *o = run->command->options;
	int r = 0;

	for (size_t i = 0; i < o->by.len && !r; i++)
		r = add_level(run, o->by.items[i], err);
	if (!r && !o->by.len)
		r = take_default_levels(run, err);
	if (!r && o->threads && !has_level(run, RS_COLLECT_THREAD))
		r = add_level(run, "thread", err);
	return r;
}

/* --- control groups --- */

static void drop_group(void *value, void *data)
{
	struct rs_collect_group *group = value;

	(void)data;
	free((char *)group->container);
	free((char *)group->pod);
	free((char *)group->namespace);
	free((char *)group->path);
	free(group);
}

static const char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static struct rs_collect_group *look_up(struct run *run, uint64_t cgroup)
{
	struct rs_collect_group *group = calloc(1, sizeof(*group));
	const struct rs_event_cgroup *found = rs_select_group(run->select, cgroup);
	const struct rs_event_container *c = found ? found->container : NULL;

	if (!group)
		return NULL;
	group->path = copy(found ? found->unit ? found->unit : found->path : NULL);
	group->container = copy(c ? c->name ? c->name : c->id : NULL);
	group->pod = copy(c ? c->pod_name : NULL);
	group->namespace = copy(c ? c->namespace : NULL);
	return group;
}

/* What is not known is remembered, too: looking for it takes time. */
static void on_group(void *data, uint64_t cgroup, struct rs_collect_group *ret)
{
	struct run *run = data;
	struct rs_collect_group *group = rs_hashmap_find_u64(run->groups, cgroup);

	if (!group) {
		group = look_up(run, cgroup);
		if (!group)
			return;
		if (rs_hashmap_put_u64(run->groups, cgroup, group) < 0) {
			drop_group(group, NULL);
			return;
		}
	}
	*ret = *group;
}

static bool wants_groups(const struct run *run)
{
	const struct rs_select_options *s = &run->command->options->select;

	return has_level(run, RS_COLLECT_CONTAINER) || has_level(run, RS_COLLECT_POD) ||
	       has_level(run, RS_COLLECT_CGROUP) || s->containers.len || s->pods.len ||
	       s->namespaces.len || s->cgroups.len;
}

/* --- the line about progress --- */

static void say(const char *text)
{
	rs_fd_write_all(STDERR_FILENO, text, strlen(text));
}

static void clear_progress(struct run *run)
{
	if (run->progress)
		say("\r\033[K");
	run->progress = false;
}

static void show_progress(struct run *run)
{
	char line[256], time[RS_UNITS_BUF], count[RS_UNITS_BUF];
	uint64_t taken = rs_collect_count(run->collect, RS_SAMPLE_TAKEN);

	if (run->command->options->quiet || !rs_term_is_tty(STDERR_FILENO))
		return;
	rs_units_format_duration(time, (rs_clock_mono() - run->began_mono) / RS_NSEC_PER_SEC *
					       RS_NSEC_PER_SEC);
	rs_units_format_count(count, taken);
	snprintf(line, sizeof(line), "\r\033[K%s: %s %s", time, count, run->command->counted);
	say(line);
	run->progress = true;
}

static void who_is_watched(const struct run *run, struct rs_str *out)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(4096);

	rs_select_describe(run->select, &text);
	rs_str_append_escaped(out, text.data, text.len);
}

/* People, and scripts, wait for this line. */
static void say_ready(const struct run *run)
{
	const struct rs_stackcmd_options *o = run->command->options;
	_cleanup_(rs_str_done) struct rs_str who = RS_STR_INIT(8192);
	_cleanup_(rs_str_done) struct rs_str line = RS_STR_INIT(16384);

	if (o->quiet)
		return;
	who_is_watched(run, &who);
	rs_str_append_cstr(&line, "ringside: ");
	run->command->describe(run->command->data, rs_str_cstr(&who), false, &line);
	rs_str_append_cstr(&line,
			   o->duration || o->select.command ? "\n" : "; ^C ends and shows them\n");
	say(rs_str_cstr(&line));
}

/* --- while it runs --- */

static int on_notes(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	struct run *run = data;

	(void)loop;
	(void)fd;
	(void)events;
	rs_collect_tick(run->collect);
	return 0;
}

static int on_stacks(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	struct run *run = data;

	(void)loop;
	(void)fd;
	(void)events;
	rs_stacks_tick(run->stacks);
	return 0;
}

static int on_look(struct rs_loop *loop, uint64_t expirations, void *data)
{
	struct run *run = data;

	(void)loop;
	(void)expirations;
	rs_collect_tick(run->collect);
	if (!rs_select_command(run->select) && rs_target_gone(run->tool))
		rs_live_stop(run->live);
	if (++run->looks % LOOKS_SECOND)
		return 0;
	if (run->command->second)
		run->command->second(run->command->data);
	show_progress(run);
	return 0;
}

static int add_sources(struct run *run, struct rs_error *err)
{
	struct rs_loop *loop = rs_live_loop(run->live);
	int r = rs_loop_add_fd(loop, rs_collect_fd(run->collect), EPOLLIN, on_notes, run, NULL,
			       err);

	if (!r && rs_stacks_fd(run->stacks) >= 0)
		r = rs_loop_add_fd(loop, rs_stacks_fd(run->stacks), EPOLLIN, on_stacks, run, NULL,
				   err);
	if (!r)
		r = rs_loop_add_timer(loop, LOOK_NS, LOOK_NS, on_look, run, NULL, err);
	return r;
}

/* --- the end --- */

static int set_title(const struct run *run, struct rs_profile *profile, uint64_t duration)
{
	_cleanup_(rs_str_done) struct rs_str who = RS_STR_INIT(8192);
	_cleanup_(rs_str_done) struct rs_str title = RS_STR_INIT(16384);
	char time[RS_UNITS_BUF];

	who_is_watched(run, &who);
	run->command->describe(run->command->data, rs_str_cstr(&who), true, &title);
	rs_str_appendf(&title, ", %s", rs_units_format_duration(time, duration));
	return rs_profile_set_title(profile, rs_str_cstr(&title));
}

static int note(struct rs_profile *profile, uint64_t n, const char *text)
{
	char line[256];

	if (!n)
		return 0;
	snprintf(line, sizeof(line), "%" PRIu64 " %s", n, text);
	return rs_profile_note(profile, line);
}

static int fill(struct run *run, struct rs_profile *profile, uint64_t duration,
		struct rs_error *err)
{
	const struct rs_stackcmd *c = run->command;
	int r = rs_collect_read(run->collect, profile, err);

	if (!r && c->finish)
		r = c->finish(c->data, run->collect, profile, err);
	if (r < 0)
		return r;
	rs_profile_set_duration(profile, duration);
	r = set_title(run, profile, duration);
	if (!r)
		r = rs_collect_losses(run->collect, profile);
	if (!r)
		r = rs_symbols_losses(run->symbols, profile);
	if (!r)
		r = note(profile, rs_target_lost(run->tool),
			 "processes or control groups were not watched: there are too many");
	if (!r)
		r = note(
			profile, rs_tool_skipped(run->tool),
			"times the kernel did not run the program: it was at work on that CPU already");
	return r < 0 ? rs_error_set_errno(err, r, "putting the profile together") : 0;
}

/* How to get more out of it, for those who look at a table. */
static void hint(const struct run *run)
{
	const struct rs_stackcmd_options *o = run->command->options;
	char line[256];
	bool color = rs_term_use_color(STDERR_FILENO, RS_TERM_COLOR_AUTO);

	if (o->quiet || (o->out.file && strcmp(o->out.file, "-") != 0) ||
	    rs_profile_out_format(&o->out) != RS_PROFILE_TABLE || !rs_term_is_tty(STDOUT_FILENO))
		return;
	snprintf(line, sizeof(line), "%swith -w %s.html: the flame graph of all of it%s\n",
		 rs_term_style(color, RS_TERM_DIM), run->command->cmd->name,
		 rs_term_style(color, RS_TERM_RESET));
	say(line);
}

static int on_end(void *data, uint64_t elapsed, struct rs_error *err)
{
	struct run *run = data;
	const struct rs_stackcmd *c = run->command;
	_cleanup_(rs_profile_free) struct rs_profile *profile = NULL;
	struct rs_profile_options options = c->profile;
	uint64_t duration = rs_clock_mono() - run->began_mono;
	int r;

	(void)elapsed;
	c->detach(c->data);
	clear_progress(run);
	/* The terminal shows ^C at the start of this line. */
	if (rs_term_is_tty(STDERR_FILENO) && !c->options->quiet)
		say("\r\033[K");
	options.time = run->began;
	r = rs_profile_new(&options, &profile);
	if (r < 0)
		return rs_error_set_errno(err, r, "putting the profile together");
	r = fill(run, profile, duration, err);
	if (!r)
		r = rs_profile_out_write(&c->options->out, profile, err);
	if (!r)
		hint(run);
	return r == -EPIPE ? 0 : r;
}

static int draw_nothing(void *data, const struct rs_live_page *page, struct rs_str *out)
{
	(void)data;
	(void)page;
	(void)out;
	return 0;
}

/* --- the beginning --- */

static int new_live(struct run *run, struct rs_error *err)
{
	const struct rs_live_options options = {
		.duration = run->command->options->duration,
		.command = rs_select_command(run->select),
		.out = STDOUT_FILENO,
		.plain = true,
		.tick = on_end,
		.draw = draw_nothing,
		.data = run,
	};

	return rs_live_new(&options, &run->live, err);
}

static int load(struct run *run, void **ret_tool, struct rs_error *err)
{
	const struct rs_stackcmd_options *o = run->command->options;
	const bool all = o->user == o->kernel;
	const struct rs_target *target = rs_select_target(run->select);
	const struct rs_stackcmd_plan plan = {
		.target = target,
		.samples = { .flags = (all || o->kernel ? RS_SAMPLE_KERNEL : 0) |
				      (all || o->user ? RS_SAMPLE_USER : 0) |
				      (has_level(run, RS_COLLECT_THREAD) ? RS_SAMPLE_THREADS : 0),
			     .cgroup_v1 = target->cgroup_v1 },
		.max_stacks = o->max_stacks ? o->max_stacks : RS_STACKCMD_MAX_STACKS,
	};

	return run->command->load(run->command->data, &plan, ret_tool, err);
}

static int make_stacks(struct run *run, void *tool, struct rs_error *err)
{
	const struct rs_stackcmd_options *o = run->command->options;
	const struct rs_symbols_options symbols = { .mangled = o->mangled,
						    .no_inlines = o->no_inlines,
						    .host = o->select.host_root };
	struct rs_stacks_options stacks = { .no_unwind = o->no_unwind };
	const struct rs_target *target = rs_select_target(run->select);
	int r = rs_symbols_new(&symbols, &run->symbols, err);

	stacks.symbols = run->symbols;
	if (!r)
		r = rs_stacks_new(((struct rs_tool *)tool)->obj, &stacks, &run->stacks, err);
	for (size_t i = 0; i < target->n_pids && !r; i++)
		rs_stacks_prepare(run->stacks, target->pids[i]);
	return r;
}

static int make_collect(struct run *run, void *tool, struct rs_error *err)
{
	const struct rs_collect_options options = {
		.stacks = run->stacks,
		.by = run->by,
		.n_by = run->n_by,
		.sums = run->command->sums,
		.waits = run->command->waits,
		.labels = true,
		.reason = run->command->reason,
		.group = wants_groups(run) ? on_group : NULL,
		.data = run,
	};

	return rs_collect_new(tool, &options, &run->collect, err);
}

static int select_whom(struct run *run, struct rs_error *err)
{
	const struct rs_hashmap_opts groups = { .max = GROUPS_MAX, .drop = drop_group };
	const struct rs_stackcmd_options *o = run->command->options;
	int r = rs_hashmap_new_u64(&groups, &run->groups);

	if (r < 0)
		return rs_error_set_errno(err, r, "choosing whom to watch");
	r = rs_select_new(&o->select, o->follow || o->select.command, &run->select, err);
	if (!r && wants_groups(run))
		rs_select_number_groups(run->select);
	return r;
}

/* What is wrong with the files is said before anything is measured. */
static int check_output(struct run *run, struct rs_error *err)
{
	struct rs_profile_out *out = &run->command->options->out;
	_cleanup_(rs_cleanup_close) int fd = -1;
	int r = rs_profile_out_check(out, err);

	if (!r)
		r = rs_profile_out_read_old(out, &run->old, err);
	if (r < 0 || !out->file || !strcmp(out->file, "-"))
		return r;
	fd = open(out->file, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
	if (fd < 0 && errno != ENXIO) /* a pipe that nobody reads yet */
		return rs_error_set_errno(err, -errno, "writing \"%s\"", out->file);
	return 0;
}

static int begin(struct run *run, struct rs_error *err)
{
	const struct rs_stackcmd *c = run->command;
	int r = take_levels(run, err);

	if (!r && c->options->max_stacks > RS_STACKCMD_MOST)
		r = rs_error_set(err, -EINVAL, "--max-stacks %" PRIu32 ": at most %u",
				 c->options->max_stacks, RS_STACKCMD_MOST);
	if (!r)
		r = check_output(run, err);
	if (!r)
		r = select_whom(run, err);
	if (!r)
		r = new_live(run, err);
	if (!r)
		r = load(run, &run->tool, err);
	if (!r)
		r = rs_profile_out_check_values(&c->options->out, &c->profile, err);
	if (!r)
		r = make_stacks(run, run->tool, err);
	if (!r)
		r = make_collect(run, run->tool, err);
	if (!r)
		r = add_sources(run, err);
	if (!r)
		r = c->attach(c->data, err);
	run->began = rs_clock_real();
	run->began_mono = rs_clock_mono();
	return r;
}

static void run_done(struct run *run)
{
	rs_collect_free(&run->collect);
	rs_stacks_free(&run->stacks);
	rs_symbols_free(&run->symbols);
	rs_live_free(&run->live);
	rs_select_free(&run->select);
	rs_hashmap_free(&run->groups);
	run->command->options->out.old = NULL;
	rs_profile_free(&run->old);
}

int rs_stackcmd_run(const struct rs_stackcmd *command)
{
	_cleanup_(run_done) struct run run = { .command = command };
	struct rs_error err = RS_ERROR_INIT;
	enum rs_live_end end = RS_LIVE_END_STOPPED;
	int r;

	if (command->options->verbose)
		rs_log_set_level(RS_LOG_DEBUG);
	r = begin(&run, &err);

	if (r == -EINVAL)
		return rs_cmd_misuse(command->cmd, &err);
	if (!r) {
		say_ready(&run);
		r = rs_live_run(run.live, &end, &err);
		clear_progress(&run);
	}
	return r < 0 ? rs_cmd_fail(&err) : rs_live_code(run.live, end);
}
