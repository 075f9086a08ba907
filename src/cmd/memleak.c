/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside memleak`: who allocates memory and does not give it back. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/units.h"
#include "base/vec.h"
#include "cmd/cmd.h"
#include "cmd/live.h"
#include "cmd/memleak-report.h"
#include "cmd/profile-out.h"
#include "cmd/select.h"
#include "kern/cgroup.h"
#include "kern/scope.h"
#include "kern/tool.h"
#include "profile/memwatch.h"

#define BLOCKS_LEAST 16
#define BLOCKS_MOST  (1u << 26)
#define SAMPLE_MOST  (1ull << 40)

struct settings {
	struct rs_select_options select;
	struct rs_profile_out out;
	struct rs_opt_list allocs, frees;
	uint64_t families;
	uint64_t interval, duration, older, sample, growth_after;
	uint32_t max_blocks, depth;
	bool follow, all, kernel, pages, frame_pointers, quiet;
};

#define FIELD(name) offsetof(struct settings, name)

static const struct rs_opt_name families[] = {
#define X(id, name, text) { name, RS_ALLOC_FAMILY(id), text },
	RS_ALLOC_FAMILIES(X)
#undef X
		{ NULL, 0, NULL },
};

static const struct rs_opt opts[] = {
	RS_OPT_INCLUDE_TABLE(rs_select_opts_command, FIELD(select)),
	RS_OPT_INCLUDE_TABLE(rs_select_opts, FIELD(select)),
	RS_OPT_ROW('f', "follow", NULL, RS_OPT_FLAG, FIELD(follow),
		   "children of these processes, too; others that use the same files are slowed"),
	RS_OPT_ROW('a', "all", NULL, RS_OPT_FLAG, FIELD(all), "every process of this machine"),
	RS_OPT_ROW(0, "kernel", NULL, RS_OPT_FLAG, FIELD(kernel),
		   "the kernel's own memory instead: kmalloc and caches"),
	RS_OPT_ROW(0, "kernel-pages", NULL, RS_OPT_FLAG, FIELD(pages),
		   "the same of whole pages; those that caches are made of are among them"),
	RS_OPT_ROW(0, "allocators", "NAME,...", RS_OPT_BITSET, FIELD(families),
		   "whose functions are watched; -NAME leaves one out", .names = families,
		   .default_text = "all; with --alloc none, with --sample all but mmap",
		   .group = "What counts"),
	RS_OPT_ROW(
		0, "alloc", "FUNC[:ARG]", RS_OPT_LIST, FIELD(allocs),
		"this function gives memory: its argument ARG (from 1, usually 1) is the size; 0: "
		"each counts as one byte",
		.flags = RS_OPT_NO_SPLIT),
	RS_OPT_ROW(0, "free", "FUNC[:ARG]", RS_OPT_LIST, FIELD(frees),
		   "this function takes back what its argument ARG points to",
		   .flags = RS_OPT_NO_SPLIT),
	RS_OPT_ROW(0, "older", "TIME", RS_OPT_DURATION, FIELD(older),
		   "only what has been there for so long"),
	RS_OPT_ROW(0, "sample", "BYTES", RS_OPT_SIZE, FIELD(sample),
		   "look at one byte in so many on average, and scale up: for busy processes"),
	RS_OPT_ROW(0, "max-blocks", "N", RS_OPT_U32, FIELD(max_blocks),
		   "remember so many outstanding allocations; what does not fit is counted",
		   .default_text = "1048576, of the kernel 262144"),
	RS_OPT_ROW(0, "frame-pointers", NULL, RS_OPT_FLAG, FIELD(frame_pointers),
		   "follow stacks by frame pointers alone", .flags = RS_OPT_HIDDEN),
	RS_OPT_ROW('i', "interval", "TIME", RS_OPT_DURATION, FIELD(interval),
		   "report so often, with the growth since the report before", .group = "Reports"),
	RS_OPT_ROW('d', "duration", "TIME", RS_OPT_DURATION, FIELD(duration), "end after this time",
		   .default_text = "at Ctrl-C, or when the command or the processes end"),
	RS_OPT_ROW(0, "growth-after", "TIME", RS_OPT_DURATION, FIELD(growth_after),
		   "compare the end with the moment so long after the start; flame graphs show the "
		   "difference"),
	RS_OPT_ROW(0, "depth", "N", RS_OPT_U32, FIELD(depth), "frames of a stack in tables",
		   .default_text = "all"),
	RS_OPT_ROW('q', "quiet", NULL, RS_OPT_FLAG, FIELD(quiet), "no progress on standard error"),
	RS_OPT_INCLUDE_TABLE(rs_profile_out_opts, FIELD(out)),
	RS_OPT_END,
};

struct memleak {
	struct settings settings;
	struct rs_select *select;
	struct rs_memwatch *watch;
	struct rs_live *live;
	RS_VEC(struct rs_alloc_named) named;
	RS_VEC(uint32_t) processes; /* that are there at the start */
	struct rs_str who;
	struct rs_profile *old;            /* at the moment of --growth-after */
	struct rs_profile *before;         /* what --diff names */
	uint64_t started, marked, marking; /* the last: when what is compared with was taken */
};

/* --- what was asked for --- */

static bool of_kernel(const struct settings *s)
{
	return s->kernel || s->pages;
}

static int parse_named(struct memleak *m, const struct rs_opt_list *list, bool gives,
		       struct rs_error *err)
{
	for (size_t i = 0; i < list->len; i++) {
		struct rs_alloc_named named;
		int r = rs_alloc_parse(list->items[i], gives, &named, err);

		if (r < 0)
			return rs_error_wrap(err, gives ? "--alloc" : "--free");
		if (rs_vec_push(&m->named, named)) {
			free(named.name);
			return rs_error_set_errno(err, -ENOMEM, "reading the options");
		}
	}
	return 0;
}

static int check_numbers(const struct settings *s, struct rs_error *err)
{
	if (s->max_blocks && (s->max_blocks < BLOCKS_LEAST || s->max_blocks > BLOCKS_MOST))
		return rs_error_set(err, -EINVAL, "--max-blocks %u: %d to %u are possible",
				    s->max_blocks, BLOCKS_LEAST, BLOCKS_MOST);
	if (s->sample > SAMPLE_MOST)
		return rs_error_set(err, -EINVAL, "--sample: at most 1T");
	if (s->sample && of_kernel(s))
		return rs_error_set(err, -EINVAL, "--sample is for processes, not for the kernel");
	return 0;
}

static int check_output(struct memleak *m, struct rs_error *err)
{
	struct rs_profile_options values = { 0 };
	int r = rs_profile_out_check(&m->settings.out, err);

	rs_leaks_values(&values);
	if (!r)
		r = rs_profile_out_read_old(&m->settings.out, &m->before, err);
	return r ? r : rs_profile_out_check_values(&m->settings.out, &values, err);
}

static int check(struct memleak *m, struct rs_error *err)
{
	struct settings *s = &m->settings;
	int r = check_numbers(s, err);

	if (!r)
		r = parse_named(m, &s->allocs, true, err);
	if (!r)
		r = parse_named(m, &s->frees, false, err);
	if (r)
		return r;
	if (s->frees.len && !s->allocs.len)
		return rs_error_set(err, -EINVAL, "--free without --alloc: what gives the memory?");
	if (of_kernel(s) && (s->families || s->allocs.len))
		return rs_error_set(err, -EINVAL,
				    "the kernel's memory has no allocators to choose: leave "
				    "--allocators and --alloc out");
	/* With samples, nobody looks at the return of most calls, and whether they map is not known. */
	if (!s->families && !s->allocs.len)
		s->families = RS_ALLOC_FAMILIES_ALL & ~(s->sample ? RS_ALLOC_FAMILY(MMAP) : 0);
	if (s->sample && (s->families & RS_ALLOC_FAMILY(MMAP)))
		return rs_error_set(err, -EINVAL,
				    "--sample and --allocators mmap: mappings are "
				    "not sampled; watch them in a run of their own");
	return check_output(m, err);
}

static int check_selection(struct memleak *m, struct rs_error *err)
{
	const struct settings *s = &m->settings;
	bool everybody = rs_select_everybody(m->select);

	if (everybody && !s->all && !of_kernel(s)) {
		rs_error_set(err, -EINVAL, "whose memory?");
		rs_error_hint(err, "-p PID, -c CMD, --container NAME, --comm NAME, or --all; "
				   "--kernel for the kernel's own");
		return -EINVAL;
	}
	if (!everybody && s->all)
		return rs_error_set(err, -EINVAL, "--all and a choice of processes: which?");
	return 0;
}

/* --- processes that are there --- */

/* Only processes that were named: no other one needs a probe. */
static bool only_pids(const struct memleak *m)
{
	const struct rs_target *t = rs_select_target(m->select);

	return t->n_pids && !t->follow;
}

/* Who is in a group that we cannot make out may be wanted. */
static bool in_cgroups(const struct rs_target *t, const struct rs_cgroup_tree *tree, uint32_t pid)
{
	uint64_t id;

	if (rs_cgroup_of_process(tree, "/proc", pid, &id) < 0)
		return true;
	for (size_t i = 0; i < t->n_cgroups; i++)
		if (t->cgroups[i] == id)
			return true;
	return false;
}

static bool has_comm(const struct rs_target *t, uint32_t pid)
{
	char path[64], comm[32];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	n = rs_fd_read_buf_at(AT_FDCWD, path, comm, sizeof(comm));
	if (n > 0 && comm[n - 1] == '\n')
		comm[n - 1] = 0;
	for (size_t i = 0; i < t->n_comms && n > 0; i++)
		if (!strcmp(t->comms[i], comm))
			return true;
	return false;
}

/* As far as it can be told from outside; the programs decide. Names of single threads and users are not looked at. */
static bool may_be_target(const struct rs_target *t, const struct rs_cgroup_tree *tree,
			  uint32_t pid)
{
	if (t->by_cgroup && !in_cgroups(t, tree, pid))
		return false;
	return !t->n_comms || has_comm(t, pid);
}

static int find_processes(struct memleak *m, struct rs_error *err)
{
	const struct rs_target *t = rs_select_target(m->select);
	struct rs_cgroup_tree tree = { 0 };
	struct dirent *entry;
	DIR *proc;
	int r = 0;

	if (t->n_pids) {
		for (size_t i = 0; i < t->n_pids && !r; i++)
			r = rs_vec_push(&m->processes, t->pids[i]);
		return r ? rs_error_set_errno(err, r, "listing processes") : 0;
	}
	if (t->by_cgroup)
		r = rs_cgroup_choose("/proc", &tree, err);
	proc = r ? NULL : opendir("/proc");
	if (!proc)
		return r ? r : rs_error_set_errno(err, -errno, "opening \"/proc\"");
	while (!r && (entry = readdir(proc))) {
		uint32_t pid = (uint32_t)strtoul(entry->d_name, NULL, 10);

		if (pid && pid != (uint32_t)getpid() && may_be_target(t, &tree, pid))
			r = rs_vec_push(&m->processes, pid);
	}
	closedir(proc);
	return r ? rs_error_set_errno(err, r, "listing processes") : 0;
}

/* --- watching --- */

static void go_on(void *data)
{
	struct memleak *m = data;

	rs_command_signal(rs_select_command(m->select), SIGCONT);
}

static int start(struct memleak *m, struct rs_error *err)
{
	const struct settings *s = &m->settings;
	struct rs_command *command = rs_select_command(m->select);
	struct rs_memwatch_options options = {
		.target = rs_select_target(m->select),
		.find = { .families = s->families,
			  .named = m->named.items,
			  .n_named = m->named.len },
		.kernel = s->kernel,
		.pages = s->pages,
		.everybody = !only_pids(m),
		.frame_pointers = s->frame_pointers,
		.command = command && !of_kernel(s) ? (uint32_t)rs_command_pid(command) : 0,
		.go_on = go_on,
		.data = m,
		.sample = s->sample,
		.older = s->older,
		.max_blocks = s->max_blocks,
	};
	int r = 0;

	/* A command that is held back has our own files still. */
	if (!command && !of_kernel(s))
		r = find_processes(m, err);
	options.processes = m->processes.items;
	options.n_processes = m->processes.len;
	if (!r)
		r = rs_memwatch_new(&options, &m->watch, err);
	m->started = m->marked = rs_clock_mono();
	return r;
}

/* None of the processes that are asked for has a function that we could watch. */
static bool has_none(const struct memleak *m)
{
	const struct rs_alloc_probes *probes = rs_memwatch_probes(m->watch);

	return probes && only_pids(m) && !rs_select_command(m->select) &&
	       !rs_alloc_probes_places(probes);
}

/* Named functions that no file has are a mistake, not a process without leaks. */
static int check_probes(const struct memleak *m, struct rs_error *err)
{
	const struct rs_alloc_probes *probes = rs_memwatch_probes(m->watch);

	if (!probes || rs_select_command(m->select) || rs_alloc_probes_places(probes) ||
	    m->settings.all)
		return 0;
	if (rs_memwatch_trouble(m->watch))
		return rs_error_set(err, -EIO, "%s", rs_memwatch_trouble(m->watch));
	if (m->settings.families & RS_ALLOC_FAMILY(MMAP) || !only_pids(m))
		return 0;
	rs_error_set(err, -ENOENT, "%s has none of these functions", rs_str_cstr((void *)&m->who));
	rs_error_hint(err, "a stripped file needs its debug symbols; --alloc and --free name "
			   "functions");
	return -ENOENT;
}

static bool all_gone(const struct memleak *m)
{
	const struct rs_target *t = rs_select_target(m->select);

	if (rs_select_command(m->select) || !only_pids(m) || of_kernel(&m->settings))
		return false;
	for (size_t i = 0; i < t->n_pids; i++)
		if (!rs_scope_is_dead(t->pids[i]))
			return false;
	return true;
}

static int on_ring(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	struct memleak *m = data;

	(void)loop;
	(void)fd;
	(void)events;
	return rs_memwatch_pump(m->watch, NULL);
}

static int on_stacks(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	struct memleak *m = data;

	(void)loop;
	(void)fd;
	(void)events;
	rs_stacks_tick(rs_memwatch_stacks(m->watch));
	return 0;
}

/* What ended is taken out before its numbers are given to others. */
static int on_second(struct rs_loop *loop, uint64_t expirations, void *data)
{
	struct memleak *m = data;
	struct rs_leaks *leaks = rs_memwatch_leaks(m->watch);
	int r = rs_memwatch_pump(m->watch, NULL);

	(void)loop;
	(void)expirations;
	rs_stacks_tick(rs_memwatch_stacks(m->watch));
	rs_select_refresh(m->select, rs_memwatch_tool(m->watch));
	if (!r && rs_leaks_pending(leaks))
		r = rs_leaks_harvest(leaks, NULL);
	if (!r && all_gone(m))
		rs_live_stop(m->live);
	return r;
}

/* The moment that the end is compared with. */
static int on_growth(struct rs_loop *loop, uint64_t expirations, void *data)
{
	struct memleak *m = data;
	struct rs_leaks *leaks = rs_memwatch_leaks(m->watch);
	int r = rs_memwatch_pump(m->watch, NULL);

	(void)loop;
	(void)expirations;
	if (!r)
		r = rs_leaks_take(leaks, NULL);
	if (!r)
		r = rs_leaks_mark(leaks);
	if (!r)
		r = rs_leaks_profile(leaks, true, NULL, &m->old, NULL);
	m->marked = rs_clock_mono();
	return r;
}

static int tick(void *data, uint64_t elapsed, struct rs_error *err)
{
	struct memleak *m = data;
	struct rs_leaks *leaks = rs_memwatch_leaks(m->watch);
	int r = rs_memwatch_pump(m->watch, err);

	(void)elapsed;
	if (!r && m->settings.interval && !m->settings.growth_after) {
		r = rs_leaks_mark(leaks); /* the report before */
		m->marked = m->marking;
	}
	m->marking = rs_clock_mono();
	return r ? r : rs_leaks_take(leaks, err);
}

static bool is_text(const struct settings *s)
{
	enum rs_profile_format format = rs_profile_out_format(&s->out);

	return format == RS_PROFILE_TABLE || format == RS_PROFILE_JSON;
}

/* To a file there is one report, the last. */
static int draw(void *data, const struct rs_live_page *page, struct rs_str *out)
{
	struct memleak *m = data;
	const struct settings *s = &m->settings;
	uint64_t now = rs_clock_mono();
	struct rs_memleak_report report = {
		.watch = m->watch,
		.leaks = rs_memwatch_leaks(m->watch),
		.who = rs_str_cstr(&m->who),
		.elapsed = now - m->started,
		.sample = s->sample,
		.interval = s->interval || m->old ? now - (m->marked ? m->marked : m->started) : 0,
		.top = s->out.top,
		.depth = s->depth,
		.width = page->width,
		.color = page->color,
	};

	if (!is_text(s) || (!page->last && s->out.file) || s->out.diff)
		return 0;
	/* The last report of a series is the summary, too. */
	if (page->last && s->interval && !page->terminal && !s->out.file &&
	    !rs_live_in_place(m->live))
		return 0;
	return rs_profile_out_format(&s->out) == RS_PROFILE_JSON ? rs_memleak_json(&report, out)
								 : rs_memleak_table(&report, out);
}

static int print_note(void *data, const char *text)
{
	(void)data;
	fprintf(stderr, "ringside: %s\n", text);
	return 0;
}

/* What is no text of our own. */
static int write_profile(struct memleak *m, struct rs_error *err)
{
	_cleanup_(rs_profile_free) struct rs_profile *profile = NULL;
	_cleanup_(rs_str_done) struct rs_str title = RS_STR_INIT(4096);
	struct settings *s = &m->settings;
	int r;

	if (is_text(s) && !s->out.diff)
		return 0;
	rs_str_appendf(&title, "Memory of %s that was not given back", rs_str_cstr(&m->who));
	r = rs_leaks_profile(rs_memwatch_leaks(m->watch), true, rs_str_cstr(&title), &profile, err);
	if (r)
		return r;
	rs_profile_set_duration(profile, rs_clock_mono() - m->started);
	s->out.old = m->before ? m->before : m->old;
	return rs_profile_out_write(&s->out, profile, err);
}

static int add_sources(struct memleak *m, struct rs_error *err)
{
	struct rs_loop *loop = rs_live_loop(m->live);
	int ring = rs_memwatch_fd(m->watch), stacks = rs_stacks_fd(rs_memwatch_stacks(m->watch));
	int r = 0;

	if (ring >= 0)
		r = rs_loop_add_fd(loop, ring, EPOLLIN, on_ring, m, NULL, err);
	if (!r && stacks >= 0)
		r = rs_loop_add_fd(loop, stacks, EPOLLIN, on_stacks, m, NULL, err);
	if (!r)
		r = rs_loop_add_timer(loop, RS_NSEC_PER_SEC, RS_NSEC_PER_SEC, on_second, m, NULL,
				      err);
	if (!r && m->settings.growth_after)
		r = rs_loop_add_timer(loop, m->settings.growth_after, 0, on_growth, m, NULL, err);
	return r;
}

static int open_out(const struct settings *s, int *ret_fd, struct rs_error *err)
{
	*ret_fd = -1;
	if (!is_text(s) || s->out.diff || !s->out.file || !strcmp(s->out.file, "-"))
		return 0;
	*ret_fd = open(s->out.file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0644);
	return *ret_fd < 0 ? rs_error_set_errno(err, -errno, "writing \"%s\"", s->out.file) : 0;
}

static int watch(struct memleak *m, int *ret_code, struct rs_error *err)
{
	const struct settings *s = &m->settings;
	_cleanup_(rs_cleanup_close) int fd = -1;
	struct rs_live_options options = {
		.interval = s->interval,
		.duration = s->duration,
		.command = rs_select_command(m->select),
		.out = STDOUT_FILENO,
		.plain = rs_profile_out_format(&s->out) != RS_PROFILE_TABLE,
		.tick = tick,
		.draw = draw,
		.data = m,
	};
	enum rs_live_end end;
	int r = open_out(s, &fd, err);

	if (fd >= 0)
		options.out = fd;
	if (!r)
		r = rs_live_new(&options, &m->live, err);
	if (!r)
		r = start(m, err);
	if (!r)
		r = check_probes(m, err);
	if (!r)
		r = add_sources(m, err);
	if (r)
		return r;
	if (!s->quiet)
		fprintf(stderr, "ringside: watching the memory of %s%s%s\n", rs_str_cstr(&m->who),
			has_none(m) ? ", only what it maps: it has no function that allocates" : "",
			options.command ? "" : "; Ctrl-C ends");
	r = rs_live_run(m->live, &end, err);
	rs_memwatch_stop(m->watch);
	if (!r && end != RS_LIVE_END_READER)
		r = write_profile(m, err);
	if (!r && end != RS_LIVE_END_READER)
		rs_memwatch_losses(m->watch, print_note, NULL);
	*ret_code = rs_live_code(m->live, end);
	return r;
}

static void done(struct memleak *m)
{
	rs_memwatch_free(&m->watch);
	rs_live_free(&m->live);
	rs_select_free(&m->select);
	rs_profile_free(&m->old);
	rs_profile_free(&m->before);
	rs_vec_foreach(&m->named, it) free(it->name);
	rs_vec_done(&m->named);
	rs_vec_done(&m->processes);
	rs_str_done(&m->who);
	rs_opt_done(opts, &m->settings);
}

static int run(const struct rs_cmd *cmd, int argc, char **argv)
{
	_cleanup_(done) struct memleak m = { .settings.out.usual = RS_PROFILE_TABLE };
	struct rs_error err = RS_ERROR_INIT;
	int r = rs_cmd_parse(cmd, argc, argv, &m.settings, NULL), code = 0;

	if (r != RS_CMD_GO)
		return r;
	r = check(&m, &err);
	if (!r)
		r = rs_select_new(&m.settings.select, m.settings.follow, &m.select, &err);
	if (!r)
		r = check_selection(&m, &err);
	if (r)
		return err.code == -EINVAL ? rs_cmd_misuse(cmd, &err) : rs_cmd_fail(&err);
	if (of_kernel(&m.settings))
		rs_str_append_cstr(&m.who, "the kernel for ");
	rs_select_describe(m.select, &m.who);
	r = watch(&m, &code, &err);
	return r && r != -EPIPE ? rs_cmd_fail(&err) : code;
}

static const struct rs_cmd_example examples[] = {
	{ "ringside memleak -p 4711", "what process 4711 allocates from now on and keeps" },
	{ "ringside memleak -c './server --once'", "all of a command, from its first allocation" },
	{ "ringside memleak -p 4711 -i 10s --older 30s",
	  "every ten seconds, what has been there for half a minute" },
	{ "ringside memleak --container web -d 5m -w leak.html",
	  "a flame graph of what a container kept for five minutes" },
	{ "ringside memleak -p 4711 -d 10m --growth-after 1m -w growth.html",
	  "what grew after the first minute" },
	{ "ringside memleak -p 4711 --sample 512K", "a busy process, at a fraction of the cost" },
	{ "ringside memleak -p 4711 --alloc session_new:2 --free session_free",
	  "a program's own functions; the second argument is the size" },
	{ "ringside memleak --kernel -d 30s --older 10s", "what the kernel keeps" },
	{ NULL, NULL },
};

#define TEXT                                                                                        \
	"Watches the functions that give memory and take it back, by probes in the files that the " \
	"processes use, and shows what was not given back: by stack, with its age. What a process " \
	"had when it ended is shown with those that live.\n\n"                                      \
	"Functions: malloc, calloc, realloc, free and the like of any C library; jemalloc, "        \
	"tcmalloc and mimalloc, also linked statically; operator new and delete (where they are "   \
	"libstdc++'s, through the malloc that they call); anonymous mmap; and those that --alloc "  \
	"and --free name. Where one calls another, the outermost counts. Libraries that are "       \
	"loaded later are found.\n\n"                                                               \
	"A child of a process begins with nothing: what it has of its parent is the parent's. "     \
	"Memory that was allocated before ringside came is not known, and its free not missed.\n\n" \
	"Sizes are those that were asked for. With --sample they are estimates without a bias: "    \
	"an allocation of n bytes is looked at with probability 1 - exp(-n / BYTES)."

const struct rs_cmd rs_cmd_memleak = {
	.name = "memleak",
	.group = "Time and memory",
	.synopsis = "[OPTION...]",
	.summary = "who allocates memory and does not give it back",
	.text = TEXT,
	.examples = examples,
	.opts = opts,
	.run = run,
};
