/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/memwatch.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/units.h"
#include "base/util.h"
#include "kern/holder.h"
#include "kern/perfcall.h"
#include "kern/ring.h"
#include "kern/tracefs.h"
#include "rs_tool_memleak.skel.h"

#define EVENTS_MAX 8

struct rs_memwatch {
	struct rs_memwatch_options options;
	struct rs_tool_memleak *tool;
	enum rs_alloc_how how;
	struct rs_symbols *symbols;
	struct rs_stacks *stacks;
	struct rs_leaks *leaks;
	struct rs_alloc_probes *probes;
	struct rs_ring *ring;
	int events[EVENTS_MAX];
	size_t n_events;
	struct rs_error trouble;
	size_t failed, places; /* see rs_alloc_probes_failed() and _places(); when it was stopped */
	uint64_t late;         /* times that code with allocators came while its process ran on */
	uint64_t late_ns;      /* the longest until it was probed */
};

/* --- loading --- */

/* Hooks that some kernels do not have. */
static const char *const optional[] = { "rs_mem_kmalloc_node", "rs_mem_cache_alloc_node", NULL };

static const char *const slab_programs[] = {
	"rs_mem_kmalloc",          "rs_mem_kmalloc_node", "rs_mem_cache_alloc",
	"rs_mem_cache_alloc_node", "rs_mem_kfree",        "rs_mem_cache_free",
};
static const char *const page_programs[] = { "rs_mem_page_alloc", "rs_mem_page_free" };
static const char *const process_programs[] = { "rs_mem_exec", "rs_mem_exit" };

static const struct mapping_hook {
	const char *program, *event;
	bool code; /* for code alone, too */
} mapping_hooks[] = {
	{ "rs_mem_enter_mmap", "syscalls/sys_enter_mmap", true },
	{ "rs_mem_exit_mmap", "syscalls/sys_exit_mmap", true },
	{ "rs_mem_enter_munmap", "syscalls/sys_enter_munmap", false },
	{ "rs_mem_exit_munmap", "syscalls/sys_exit_munmap", false },
	{ "rs_mem_enter_mremap", "syscalls/sys_enter_mremap", false },
	{ "rs_mem_exit_mremap", "syscalls/sys_exit_mremap", false },
};

static void choose(struct rs_tool_memleak *tool, const char *const *names, size_t n, bool wanted)
{
	for (size_t i = 0; i < n; i++)
		bpf_program__set_autoload(bpf_object__find_program_by_name(tool->obj, names[i]),
					  wanted);
}

static bool of_kernel(const struct rs_memwatch *watch)
{
	return watch->options.kernel || watch->options.pages;
}

/* What is in use is decided by the allocators that are asked for; code is always looked at. */
static bool mapping_wanted(const struct rs_memwatch *watch, const struct mapping_hook *hook)
{
	if (of_kernel(watch))
		return false;
	return hook->code || (watch->options.find.families & RS_ALLOC_FAMILY(MMAP));
}

/* Whoever allocates in the kernel may hold its allocator's locks: nothing is allocated there. */
static void prepare_kernel_maps(struct rs_tool_memleak *tool)
{
	bpf_map__set_map_flags(tool->maps.rs_mem_blocks, 0);
	bpf_map__set_map_flags(tool->maps.rs_stacks, 0);
	bpf_map__set_max_entries(tool->maps.rs_mem_blocks, RS_MEM_KERN_BLOCKS);
	bpf_map__set_max_entries(tool->maps.rs_stacks, RS_MEM_KERN_STACKS);
}

static int prepare(void *data, void *context, struct rs_error *err)
{
	struct rs_memwatch *watch = context;
	const struct rs_memwatch_options *o = &watch->options;
	struct rs_tool_memleak *tool = data;

	(void)err;
	rs_target_prepare(o->target, tool, (void *)&tool->rodata->rs_target);
	tool->rodata->rs_mem.sample = o->sample;
	tool->rodata->rs_mem.session = watch->how == RS_ALLOC_SESSION;
	tool->rodata->rs_mem.stop = o->command;
	tool->rodata->rs_mem.page_size = (uint32_t)sysconf(_SC_PAGESIZE);
	tool->rodata->rs_mem.code_only = !(o->find.families & RS_ALLOC_FAMILY(MMAP));
	choose(tool, slab_programs, ARRAY_SIZE(slab_programs), o->kernel);
	choose(tool, page_programs, ARRAY_SIZE(page_programs), o->pages);
	choose(tool, process_programs, ARRAY_SIZE(process_programs), !of_kernel(watch));
	for (size_t i = 0; i < ARRAY_SIZE(mapping_hooks); i++)
		choose(tool, &mapping_hooks[i].program, 1,
		       mapping_wanted(watch, &mapping_hooks[i]));
	bpf_map__set_max_entries(tool->maps.rs_stacks, RS_MEM_STACKS);
	if (of_kernel(watch)) {
		prepare_kernel_maps(tool);
		rs_alloc_probes_leave_out(tool->obj);
	} else {
		rs_alloc_probes_prepare(watch->how, tool->obj);
	}
	if (o->max_blocks)
		bpf_map__set_max_entries(tool->maps.rs_mem_blocks, o->max_blocks);
	return 0;
}

/* --- attaching --- */

static int attach_event(struct rs_memwatch *watch, int tracefs, const struct mapping_hook *hook,
			struct rs_error *err)
{
	struct bpf_program *program = bpf_object__find_program_by_name(watch->tool->obj,
								       hook->program);
	int id = rs_tracefs_event_id(tracefs, hook->event, err), fd, r;

	if (id < 0)
		return id;
	fd = rs_perf_open_tracepoint((unsigned)id);
	if (fd < 0)
		return rs_error_set_errno(err, fd, "attaching to \"%s\"", hook->event);
	watch->events[watch->n_events++] = fd;
	r = rs_perf_set_program(fd, bpf_program__fd(program));
	if (!r)
		r = rs_perf_enable(fd);
	return r ? rs_error_set_errno(err, r, "attaching to \"%s\"", hook->event) : 0;
}

static int attach_mappings(struct rs_memwatch *watch, struct rs_error *err)
{
	_cleanup_(rs_cleanup_close) int tracefs = rs_tracefs_open(err);
	int r = tracefs < 0 ? tracefs : 0;

	/* Ends first: what begins now ends with us there. */
	for (size_t i = ARRAY_SIZE(mapping_hooks); i-- > 0 && !r;)
		if (mapping_wanted(watch, &mapping_hooks[i]))
			r = attach_event(watch, tracefs, &mapping_hooks[i], err);
	return r;
}

/* What was allocated in code before it was probed is not known. */
static void note_late(struct rs_memwatch *watch, uint64_t since)
{
	uint64_t now = rs_clock_mono();

	watch->late++;
	if (now > since)
		watch->late_ns = MAX(watch->late_ns, now - since);
}

/* A process has new code. @since: CLOCK_MONOTONIC, and it runs on; 0: it waits, or has had it before we came. */
static void look_at(struct rs_memwatch *watch, uint32_t pid, uint64_t address, uint64_t since)
{
	size_t places = rs_alloc_probes_places(watch->probes);
	struct rs_error err = RS_ERROR_INIT;

	if (rs_alloc_probes_process(watch->probes, pid, &err) < 0 && !watch->trouble.code) {
		rs_log_at(RS_LOG_DEBUG, "%s", err.msg);
		watch->trouble = err;
	}
	if (since && rs_alloc_probes_places(watch->probes) > places)
		note_late(watch, since);
	rs_symbols_seen(watch->symbols, pid, &address, 1);
	rs_stacks_prepare(watch->stacks, pid);
}

static int attach(struct rs_memwatch *watch, struct rs_error *err)
{
	const struct rs_memwatch_options *o = &watch->options;
	const struct rs_alloc_probes_options probes = {
		.find = o->find,
		.how = watch->how,
		.object = watch->tool->obj,
		.everybody = o->everybody,
	};
	int r = rs_target_fill(o->target, watch->tool, err);

	if (!r && !of_kernel(watch))
		r = rs_alloc_probes_new(&probes, &watch->probes, err);
	if (!r)
		r = rs_tool_attach(watch->tool, optional, err);
	if (!r && !of_kernel(watch))
		r = attach_mappings(watch, err);
	if (r)
		return r;
	rs_target_rescan(o->target, watch->tool);
	for (size_t i = 0; i < o->n_processes && watch->probes; i++)
		look_at(watch, o->processes[i], 1, 0);
	return 0;
}

/* --- records --- */

static int on_record(void *data, const void *bytes, size_t size)
{
	struct rs_memwatch *watch = data;
	const struct rs_mem_record *record = bytes;
	bool known;
	int r;

	if (size < sizeof(*record))
		return 0;
	known = rs_leaks_knows(watch->leaks, record->tgid);
	r = rs_leaks_feed(watch->leaks, record);
	if (record->event == RS_MEM_EVENT_CODE || record->event == RS_MEM_EVENT_EXEC ||
	    (record->event == RS_MEM_EVENT_THREAD && !known))
		look_at(watch, record->tgid, record->address ? record->address : 1,
			record->stopped ? 0 : record->time);
	if (record->stopped && watch->options.go_on)
		watch->options.go_on(watch->options.data);
	return r;
}

int rs_memwatch_pump(struct rs_memwatch *watch, struct rs_error *err)
{
	size_t n;
	int r = watch->ring ? rs_ring_consume(watch->ring, on_record, watch, 0, &n) : 0;

	return r < 0 ? rs_error_set_errno(err, r, "taking in what processes did") : 0;
}

/* --- made and freed --- */

static int open_ring(struct rs_memwatch *watch, struct rs_error *err)
{
	if (of_kernel(watch))
		return 0;
	return rs_ring_open(bpf_map__fd(watch->tool->maps.rs_mem_ring), RS_MEM_RING_BYTES, NULL,
			    &watch->ring, err);
}

static int make_parts(struct rs_memwatch *watch, struct rs_error *err)
{
	const struct rs_memwatch_options *o = &watch->options;
	const struct rs_symbols_options symbols = { 0 };
	struct rs_stacks_options stacks = { .no_unwind = o->frame_pointers };
	struct rs_leaks_options leaks = { .object = watch->tool->obj,
					  .sample = o->sample,
					  .older = o->older };
	int r = rs_symbols_new(&symbols, &watch->symbols, err);

	stacks.symbols = watch->symbols;
	if (!r)
		r = rs_stacks_new(watch->tool->obj, &stacks, &watch->stacks, err);
	leaks.stacks = watch->stacks;
	if (!r)
		r = rs_leaks_new(&leaks, &watch->leaks, err);
	return r ? r : open_ring(watch, err);
}

int rs_memwatch_new(const struct rs_memwatch_options *options, struct rs_memwatch **ret_watch,
		    struct rs_error *err)
{
	_cleanup_(rs_memwatch_free) struct rs_memwatch *watch = calloc(1, sizeof(*watch));
	const struct rs_tool_options load = { .prepare = prepare,
					      .data = watch,
					      .optional = optional };
	int r;

	if (!watch)
		return rs_error_set_errno(err, -ENOMEM, "watching memory");
	watch->options = *options;
	watch->how = rs_alloc_probes_how();
	r = rs_tool_load(&rs_tool_memleak_type, &load, (void **)&watch->tool, err);
	if (!r)
		r = make_parts(watch, err);
	if (!r)
		r = attach(watch, err);
	if (r)
		return r;
	*ret_watch = TAKE_PTR(watch);
	return 0;
}

/* The kernel takes tens of milliseconds to close each of these: left to the background. */
static void close_events(struct rs_memwatch *watch)
{
	_cleanup_(rs_cleanup_close) int alive = -1;

	if (watch->n_events)
		alive = rs_holder_start(watch->events, watch->n_events);
	for (size_t i = 0; i < watch->n_events; i++)
		close(watch->events[i]);
	watch->n_events = 0;
}

void rs_memwatch_stop(struct rs_memwatch *watch)
{
	close_events(watch);
	if (watch->probes) {
		watch->failed = rs_alloc_probes_failed(watch->probes);
		watch->places = rs_alloc_probes_places(watch->probes);
	}
	rs_alloc_probes_free(&watch->probes);
	if (watch->tool)
		rs_tool_detach(watch->tool);
}

void rs_memwatch_free(struct rs_memwatch **watch)
{
	struct rs_memwatch *w = TAKE_PTR(*watch);

	if (!w)
		return;
	rs_memwatch_stop(w);
	rs_leaks_free(&w->leaks);
	rs_stacks_free(&w->stacks);
	rs_symbols_free(&w->symbols);
	rs_ring_close(&w->ring);
	rs_tool_close((void **)&w->tool);
	free(w);
}

int rs_memwatch_fd(const struct rs_memwatch *watch)
{
	return watch->ring ? rs_ring_fd(watch->ring) : -1;
}

struct rs_stacks *rs_memwatch_stacks(struct rs_memwatch *watch)
{
	return watch->stacks;
}

struct rs_leaks *rs_memwatch_leaks(struct rs_memwatch *watch)
{
	return watch->leaks;
}

void *rs_memwatch_tool(struct rs_memwatch *watch)
{
	return watch->tool;
}

const struct rs_alloc_probes *rs_memwatch_probes(const struct rs_memwatch *watch)
{
	return watch->probes;
}

/* --- what was lost --- */

static int note_number(uint64_t n, const char *what, int (*note)(void *data, const char *text),
		       void *data)
{
	char text[160];

	if (!n)
		return 0;
	snprintf(text, sizeof(text), "%" PRIu64 " %s", n, what);
	return note(data, text);
}

static int note_lateness(const struct rs_memwatch *watch, int (*note)(void *data, const char *text),
			 void *data)
{
	char text[200], time[RS_UNITS_BUF];

	if (!watch->late)
		return 0;
	snprintf(text, sizeof(text),
		 "%" PRIu64 " times code with allocators came while its process ran on: what "
		 "that gave in the first %s (at most) was not seen",
		 watch->late, rs_units_format_duration(time, watch->late_ns));
	return note(data, text);
}

/* Without any function, silence means nothing. */
static int note_nothing(const struct rs_memwatch *watch, int (*note)(void *data, const char *text),
			void *data)
{
	size_t places = watch->probes ? rs_alloc_probes_places(watch->probes) : watch->places;

	if (of_kernel(watch) || places)
		return 0;
	return note(data, watch->options.find.families & RS_ALLOC_FAMILY(MMAP)
				  ? "no function that allocates was found: only mappings were "
				    "watched (--alloc and --free name functions)"
				  : "no function that allocates was found: nothing was watched "
				    "(--alloc and --free name functions)");
}

int rs_memwatch_losses(struct rs_memwatch *watch, int (*note)(void *data, const char *text),
		       void *data)
{
	size_t failed = watch->probes ? rs_alloc_probes_failed(watch->probes) : watch->failed;
	int r = rs_leaks_losses(watch->leaks, note, data);

	if (!r)
		r = note_nothing(watch, note, data);
	if (!r)
		r = note_lateness(watch, note, data);
	if (!r)
		r = note_number(rs_tool_skipped(watch->tool),
				"times the kernel ran none of our programs, for one was running on "
				"that CPU: what they count is not exact",
				note, data);
	if (!r)
		r = note_number(rs_target_lost(watch->tool),
				"processes or groups not watched: too many", note, data);
	if (!r && watch->trouble.code)
		r = note(data, watch->trouble.msg);
	if (!r && failed > 1)
		r = note_number(failed - 1, "more files that could not be probed", note, data);
	return r;
}

const char *rs_memwatch_trouble(const struct rs_memwatch *watch)
{
	return watch->trouble.code ? watch->trouble.msg : NULL;
}
