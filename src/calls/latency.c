/* SPDX-License-Identifier: Apache-2.0 */
#include "calls/latency.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/log.h"
#include "calls/latency-internal.h"
#include "kern/btf.h"
#include "kern/cpus.h"
#include "kern/perfcall.h"
#include "kern/system.h"

#define PAGES_DEFAULT 8192
#define PAGES_MOST    (1u << 20)
#define STARTS        8192
#define CONNECTIONS   32768
#define NAMES         8192 /* that are met in an interval */
#define SHARDS_MOST   8
#define ROOM_LEAST    4096u
#define ROOM_MOST     (1u << 20)

#define BY_WHO                                                                                     \
	(RS_LATENCY_BY_CALL | RS_LATENCY_BY_CONTAINER | RS_LATENCY_BY_PROCESS |                    \
	 RS_LATENCY_BY_THREAD)

const struct rs_latency_source_row rs_latency_sources[RS_LATENCY_SOURCES] = {
	[RS_LATENCY_SYSCALL] = { .name = "syscall",
				 .title = "system calls",
				 .what_title = "SYSCALL",
				 .by = BY_WHO | RS_LATENCY_BY_FILE | RS_LATENCY_BY_PEER |
				       RS_LATENCY_BY_DEVICE,
				 .programs = { "rs_latency_enter", "rs_latency_exit",
					       "rs_latency_thread_exit" },
				 .waits = { "rs_wait_switch", "rs_wait_waking", "rs_wait_bio",
					    "rs_wait_request_done", "rs_wait_bio_done" },
				 .needs = "the tracepoints raw_syscalls:sys_enter and sys_exit" },
	[RS_LATENCY_BLOCK] = { .name = "block",
			       .title = "block I/O",
			       .what_title = "I/O",
			       .by = BY_WHO | RS_LATENCY_BY_DEVICE,
			       .programs = { "rs_block_insert", "rs_block_issue",
					     "rs_block_complete", "rs_block_merge", "rs_block_bio",
					     "rs_block_bio_done" },
			       .needs =
				       "the tracepoints of the block layer (block:block_rq_issue and others)" },
	[RS_LATENCY_RUNQ] = { .name = "runq",
			      .title = "waiting for a CPU",
			      .what_title = "AFTER",
			      .by = BY_WHO,
			      .programs = { "rs_runq_wakeup", "rs_runq_new", "rs_runq_switch",
					    "rs_runq_exit" },
			      .needs =
				      "the tracepoints of the scheduler (sched:sched_switch and others)" },
	[RS_LATENCY_TCP] = { .name = "tcp",
			     .title = "TCP",
			     .what_title = "TIME",
			     .by = BY_WHO | RS_LATENCY_BY_PEER,
			     .programs = { "rs_tcp_segment", "rs_tcp_read", "rs_tcp_end",
					   "rs_tcp_state" },
			     .needs =
				     "the tracepoints tcp:tcp_probe, tcp_rcv_space_adjust, tcp_destroy_sock and "
				     "sock:inet_sock_set_state" },
	[RS_LATENCY_DNS] = { .name = "dns",
			     .title = "DNS over UDP",
			     .what_title = "TIME",
			     .by = BY_WHO | RS_LATENCY_BY_PEER,
			     .programs = { "rs_dns_sent", "rs_dns_received" },
			     .needs = "the tracepoints net:net_dev_queue and netif_receive_skb" },
	[RS_LATENCY_FAULT] = { .name = "fault",
			       .title = "page faults",
			       .what_title = "FAULT",
			       .by = BY_WHO,
			       .programs = { "rs_fault_user", "rs_fault_kernel", "rs_fault_minor",
					     "rs_fault_major", "rs_fault_exit" },
			       .needs =
				       "the tracepoints exceptions:page_fault_user and page_fault_kernel, which only x86 has" },
};

const char *rs_latency_source_name(enum rs_latency_source source)
{
	return rs_latency_sources[source].name;
}

const char *rs_latency_source_title(enum rs_latency_source source)
{
	return rs_latency_sources[source].title;
}

unsigned rs_latency_source_by(enum rs_latency_source source)
{
	return rs_latency_sources[source].by;
}

/* --- loading --- */

static bool has_name(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

static void choose_programs(const struct rs_latency *latency)
{
	const struct rs_latency_source_row *row = &rs_latency_sources[latency->options.source];
	struct bpf_program *program;

	bpf_object__for_each_program(program, latency->tool->obj)
	{
		const char *name = bpf_program__name(program);
		bool wanted = has_name(row->programs, name) ||
			      (latency->options.outlier && has_name(row->waits, name));

		if (strncmp(name, "rs_target_", strlen("rs_target_")) != 0)
			bpf_program__set_autoload(program, wanted);
	}
}

/* Which argument of a tracepoint is the last: what it is about has moved there from behind its queue. */
static uint32_t last_argument(struct rs_btf *btf, const char *tracepoint)
{
	struct rs_btf_type type, pointer, proto;
	char name[64];
	uint32_t id;

	snprintf(name, sizeof(name), "btf_trace_%s", tracepoint);
	id = btf ? rs_btf_find(btf, name, RS_BTF_MASK(RS_BTF_TYPEDEF)) : 0;
	if (!id || !rs_btf_get(btf, id, &type) || !rs_btf_get(btf, type.to, &pointer) ||
	    !rs_btf_get(btf, pointer.to, &proto) || proto.kind != RS_BTF_FUNC_PROTO || proto.n < 2)
		return 0;
	return proto.n - 2; /* the first is ours, and counts are from 0 */
}

static void ask_arguments(struct rs_tool_latency *tool)
{
	struct rs_btf *btf = NULL;

	if (rs_btf_open(RS_BTF_VMLINUX, NULL, &btf, NULL) < 0)
		return;
	tool->rodata->rs_latency.arg_bio = last_argument(btf, "block_bio_queue");
	tool->rodata->rs_latency.arg_done = last_argument(btf, "block_bio_complete");
	tool->rodata->rs_latency.arg_rq = last_argument(btf, "block_rq_issue");
	tool->rodata->rs_wait_arg_bio = tool->rodata->rs_latency.arg_bio;
	tool->rodata->rs_wait_arg_done = tool->rodata->rs_latency.arg_done;
	rs_btf_close(&btf);
}

static bool is_named(const struct rs_call *call, const char *const *names)
{
	return has_name(names, rs_call_name(call));
}

/* Of several descriptors the first: where data comes from, mostly. */
static uint8_t fd_argument(const struct rs_call *call)
{
	static const char *const directories[] = { "openat", "openat2", "openat_tree", NULL };
	unsigned fds = rs_call_fd_args(call);

	if (!fds || is_named(call, directories) || rs_call_path_arg(call) >= 0)
		return RS_LATENCY_NO_ARG;
	return (uint8_t)__builtin_ctz(fds);
}

static void describe_call(const struct rs_call *call, bool chosen, struct rs_latency_call *ret_call)
{
	static const char *const closing[] = { "close", "close_range", NULL };
	static const char *const locking[] = { "futex", "futex_wait", "futex_waitv", NULL };
	int path = rs_call_path_arg(call);

	ret_call->fd = fd_argument(call);
	ret_call->path = path < 0 ? RS_LATENCY_NO_ARG : (uint8_t)path;
	ret_call->flags = (rs_call_returns_fd(call) ? RS_LATENCY_GIVES_FD : 0) |
			  (is_named(call, closing) ? RS_LATENCY_CLOSES : 0) |
			  (is_named(call, locking) ? RS_LATENCY_LOCKS : 0) |
			  (!chosen && rs_latency_is_idle(rs_call_number(call)) ? RS_LATENCY_WAITS
									       : 0);
}

static void describe_calls(const struct rs_latency *latency)
{
	struct rs_latency_config *config = &latency->tool->rodata->rs_latency;

	for (unsigned nr = 0; nr < RS_CALLS_MAX; nr++) {
		const struct rs_call *call = rs_call_of(nr);

		config->calls[nr].wanted = rs_call_set_has(&latency->options.calls, nr);
		config->calls[nr].fd = config->calls[nr].path = RS_LATENCY_NO_ARG;
		if (!call)
			continue;
		describe_call(call, latency->options.chosen, &config->calls[nr]);
		rs_call_capture_of(call, &config->capture[nr]);
	}
}

/* A mask: CPUs that share a page write it in turns. */
static uint32_t shard_mask(void)
{
	unsigned cpus = rs_cpus_possible(), shards = 1;

	while (shards < cpus && shards < SHARDS_MOST)
		shards *= 2;
	return shards - 1;
}

static uint32_t room_for_threads(void)
{
	uint32_t room = ROOM_LEAST, threads = rs_system_threads();

	while (room < ROOM_MOST && room < 4 * (uint64_t)threads)
		room *= 2;
	return room;
}

static void size_maps(const struct rs_latency *latency)
{
	const struct rs_latency_options *o = &latency->options;
	struct rs_tool_latency *t = latency->tool;
	uint32_t threads = room_for_threads();

	bpf_map__set_max_entries(t->maps.rs_latency_pages, (uint32_t)o->max_pages);
	if (o->source == RS_LATENCY_SYSCALL)
		bpf_map__set_max_entries(t->maps.rs_latency_calls, threads);
	if (o->source == RS_LATENCY_SYSCALL && o->outlier)
		bpf_map__set_max_entries(t->maps.rs_waits, threads);
	if (o->source == RS_LATENCY_RUNQ)
		bpf_map__set_max_entries(t->maps.rs_latency_runq, threads);
	if (o->source == RS_LATENCY_FAULT)
		bpf_map__set_max_entries(t->maps.rs_latency_faults, threads);
	if (o->source == RS_LATENCY_BLOCK || o->source == RS_LATENCY_TCP ||
	    o->source == RS_LATENCY_DNS)
		bpf_map__set_max_entries(t->maps.rs_latency_starts,
					 o->source == RS_LATENCY_TCP ? CONNECTIONS : STARTS);
	if (o->by & (RS_LATENCY_BY_PROCESS | RS_LATENCY_BY_THREAD))
		bpf_map__set_max_entries(t->maps.rs_latency_names, NAMES);
	if (o->source == RS_LATENCY_SYSCALL && (o->by & RS_LATENCY_BY_FILE || o->outlier))
		bpf_map__set_max_entries(t->maps.rs_latency_files, NAMES);
}

static int prepare(void *tool, void *data, struct rs_error *err)
{
	struct rs_tool_latency *t = tool;
	struct rs_latency *latency = data;
	const struct rs_latency_options *o = &latency->options;

	(void)err;
	latency->tool = tool; /* until the kernel has taken it */
	rs_target_prepare(o->target, tool, &t->rodata->rs_target);
	t->rodata->rs_latency.by = o->by;
	t->rodata->rs_latency.shards = shard_mask();
	t->rodata->rs_latency.outlier = o->outlier;
	t->rodata->rs_wait_slow = o->outlier;
	t->rodata->rs_latency.execve = rs_call_number(rs_call_find("execve"));
	t->bss->rs_latency_held = o->held;
	ask_arguments(t);
	if (o->source == RS_LATENCY_SYSCALL)
		describe_calls(latency);
	size_maps(latency);
	choose_programs(latency);
	latency->tool = NULL;
	return 0;
}

static int check_by(const struct rs_latency_options *o, struct rs_error *err)
{
	unsigned wrong = o->by & ~rs_latency_sources[o->source].by;
	unsigned bit = wrong ? (unsigned)__builtin_ctz(wrong) : 0;

	if (!wrong)
		return 0;
	return rs_error_set(err, -EINVAL, "--by %s: --source %s cannot tell that",
			    rs_latency_by_key(bit, RS_LATENCY_SYSCALL),
			    rs_latency_sources[o->source].name);
}

static void drop_page(void *value, void *data)
{
	(void)data;
	free(value);
}

static void drop_row(void *value, void *data)
{
	struct rs_latency_row *row = value;

	(void)data;
	rs_latency_row_free(&row);
}

static int make_tables(struct rs_latency *latency, struct rs_error *err)
{
	size_t pages = latency->options.max_pages;
	const struct rs_hashmap_opts of_pages = { .max = pages, .drop = drop_page };
	const struct rs_hashmap_opts of_rows = { .max = RS_LATENCY_ROWS, .drop = drop_row };
	int r = rs_hashmap_new_str(&of_pages, &latency->pages);

	if (!r)
		r = rs_hashmap_new_str(&of_rows, &latency->index);
	latency->batch_keys = calloc(pages, sizeof(*latency->batch_keys));
	latency->batch_pages = calloc(pages, sizeof(*latency->batch_pages));
	if (r < 0 || !latency->batch_keys || !latency->batch_pages)
		return rs_error_set(err, -ENOMEM, "out of memory");
	return 0;
}

int rs_latency_new(const struct rs_latency_options *options, struct rs_latency **ret_latency,
		   struct rs_error *err)
{
	_cleanup_(rs_latency_free) struct rs_latency *latency = calloc(1, sizeof(*latency));
	const struct rs_tool_options load = { .prepare = prepare, .data = latency };
	int r = check_by(options, err);

	if (r < 0)
		return r;
	if (!latency)
		return rs_error_set(err, -ENOMEM, "out of memory");
	latency->options = *options;
	if (!options->max_pages)
		latency->options.max_pages = PAGES_DEFAULT;
	latency->options.max_pages = MIN(latency->options.max_pages, PAGES_MOST);
	if (options->source != RS_LATENCY_SYSCALL)
		latency->options.by |= RS_LATENCY_BY_CALL;
	r = make_tables(latency, err);
	if (!r)
		r = rs_tool_load(&rs_tool_latency_type, &load, (void **)&latency->tool, err);
	if (!r)
		r = rs_target_fill(options->target, latency->tool, err);
	if (!r && options->outlier)
		r = rs_ring_open(bpf_map__fd(latency->tool->maps.rs_latency_ring),
				 bpf_map__max_entries(latency->tool->maps.rs_latency_ring), NULL,
				 &latency->ring, err);
	if (r < 0)
		return r;
	*ret_latency = TAKE_PTR(latency);
	return 0;
}

void rs_latency_free(struct rs_latency **latency)
{
	struct rs_latency *l = TAKE_PTR(*latency);

	if (!l)
		return;
	rs_vec_foreach(&l->events, fd) rs_cleanup_close(fd);
	rs_vec_done(&l->events);
	rs_ring_close(&l->ring);
	rs_tool_close((void **)&l->tool);
	rs_hashmap_free(&l->pages);
	rs_hashmap_free(&l->index);
	rs_vec_done(&l->rows);
	rs_latency_row_free(&l->others);
	rs_histogram_done(&l->whole);
	rs_str_done(&l->text);
	free(l->batch_keys);
	free(l->batch_pages);
	free(l);
}

void *rs_latency_tool(struct rs_latency *latency)
{
	return latency->tool;
}

/* --- attaching --- */

static int attach_event(struct rs_latency *latency, int cpu, uint64_t what,
			const struct bpf_program *program)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .config = what, .sample_period = 1, .disabled = 1
	};
	_cleanup_(rs_cleanup_close) int fd = rs_perf_open(&attr, -1, cpu);
	int r;

	if (fd < 0)
		return fd;
	r = rs_perf_set_program(fd, bpf_program__fd(program));
	if (!r)
		r = rs_perf_enable(fd);
	if (!r)
		r = rs_vec_push(&latency->events, fd);
	if (!r)
		fd = -1;
	return r;
}

/* The ends of page faults. */
static int attach_events(struct rs_latency *latency, struct rs_error *err)
{
	static int cpus[RS_CPUS_MAX];
	unsigned n = rs_cpus_online(cpus, ARRAY_SIZE(cpus));
	int r = 0;

	for (unsigned i = 0; i < n && !r; i++) {
		r = attach_event(latency, cpus[i], PERF_COUNT_SW_PAGE_FAULTS_MIN,
				 latency->tool->progs.rs_fault_minor);
		if (!r)
			r = attach_event(latency, cpus[i], PERF_COUNT_SW_PAGE_FAULTS_MAJ,
					 latency->tool->progs.rs_fault_major);
	}
	if (r < 0)
		rs_error_set_errno(err, r, "opening perf's events of page faults on each CPU");
	return r;
}

int rs_latency_attach(struct rs_latency *latency, struct rs_error *err)
{
	static const char *const optional[] = { "rs_block_merge", NULL };
	const struct rs_latency_source_row *row = &rs_latency_sources[latency->options.source];
	int r = rs_tool_attach(latency->tool, optional, err);

	if (r == -ENOENT || r == -EINVAL) {
		rs_error_set(err, -EOPNOTSUPP, "--source %s: this kernel lacks %s", row->name,
			     row->needs);
		rs_error_hint(err, "`ringside doctor` tells what this kernel offers");
		return -EOPNOTSUPP;
	}
	if (!r && latency->options.source == RS_LATENCY_FAULT)
		r = attach_events(latency, err);
	if (!r)
		rs_target_rescan(latency->options.target, latency->tool);
	return r;
}

/* --- slow ones --- */

int rs_latency_fd(const struct rs_latency *latency)
{
	return latency->ring ? rs_ring_fd(latency->ring) : -1;
}

static int on_record(void *arg, const void *record, size_t size)
{
	struct rs_latency *latency = arg;
	const struct rs_latency_outlier *o = record;

	if (size < RS_LATENCY_SHORT || o->source >= RS_LATENCY_SOURCES)
		return 0;
	if (o->source == RS_LATENCY_SYSCALL && size < sizeof(*o))
		return 0;
	latency->options.on_outlier(latency->options.data, o);
	return 0;
}

int rs_latency_take(struct rs_latency *latency)
{
	size_t n;

	return latency->ring ? rs_ring_consume(latency->ring, on_record, latency, 0, &n) : 0;
}
