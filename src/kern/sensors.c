/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading. All sensors are one BPF object. A program that this kernel refuses costs the kinds of
 * events that it makes and no more: the object is loaded again without it.
 */
#include "kern/sensors.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/util.h"
#include "kern/bpfcall.h"
#include "kern/hooks.h"
#include "kern/libbpf.h"
#include "kern/sensors-impl.h"
#include "kern/syscalls.h"
#include "kern/tasks.h"
#include "kern/tracefs.h"

static void fill_shapes(struct rs_sensors *sensors)
{
	for (size_t i = 0; i < rs_n_syscalls; i++)
		sensors->bpf->rodata->rs_shapes[rs_syscalls[i].nr] = rs_syscalls[i].shape;
}

static int size_maps(struct rs_sensors *sensors)
{
	int r = bpf_map__set_max_entries(sensors->bpf->maps.rs_ring, sensors->options.ring_bytes);

	if (!r)
		r = bpf_map__set_max_entries(sensors->bpf->maps.rs_lanes,
					     RS_LANE_SLOTS * sensors->cpus);
	if (!r && !sensors->resolve)
		r = bpf_map__set_max_entries(sensors->bpf->maps.rs_stash, 1);
	if (!r && sensors->identity)
		r = bpf_map__set_max_entries(sensors->bpf->maps.rs_tasks, rs_tasks_room());
	return r;
}

static int open_object(struct rs_sensors *sensors, struct rs_error *err)
{
	void *bpf = NULL;
	int r = rs_tool_open(&rs_bpf_type, sensors->variant, &bpf, err);

	if (r)
		return r;
	sensors->bpf = bpf;
	fill_shapes(sensors);
	sensors->bpf->rodata->rs_resolved = sensors->resolve;
	sensors->bpf->rodata->rs_page_kb = (uint32_t)sysconf(_SC_PAGESIZE) / 1024;
	if (size_maps(sensors))
		return rs_error_set_errno(err, -EINVAL, "sizing the BPF maps");
	rs_sensors_choose(sensors);
	return 0;
}

/* Kinds that are lost with the program: those of optional rows have another source. */
static uint64_t kinds_of_program(const char *name)
{
	const struct rs_hook_row *row = rs_hook_row_of(name);
	uint64_t kinds = 0;

	if (row)
		return row->optional ? 0 : row->kinds;
	for (size_t i = 0; i < rs_n_syscalls; i++) {
		const struct rs_call_programs *p = &rs_call_programs[rs_syscalls[i].sensor];

		if (!strcmp(p->tracepoint_program, name) || !strcmp(p->raw_program, name))
			kinds |= rs_syscalls[i].kinds;
	}
	return kinds;
}

static int reopen_object(struct rs_sensors *sensors, struct rs_error *err)
{
	rs_bpf__destroy(TAKE_PTR(sensors->bpf));
	return open_object(sensors, err);
}

/* The program is left out from here on, and with it the kinds that nothing else makes. */
static bool give_up_program(struct rs_sensors *sensors, const char *name)
{
	const char *known = rs_program_name(name);

	if (!known || sensors->n_refused == RS_REFUSED_MAX)
		return false;
	sensors->kinds &= ~kinds_of_program(name);
	sensors->identity &= ~kinds_of_program(name);
	sensors->refused[sensors->n_refused++] = known;
	return sensors->kinds;
}

/*
 * What to do without after a load that failed. A function that cannot be traced (5.10 does not
 * trace those that take a struct) costs the kernel's view of a path; then the programs for older
 * kernels are tried; then the program that was refused is left out, with the kinds that it makes.
 * False when nothing is left to try.
 */
static bool give_up_something(struct rs_sensors *sensors)
{
	struct bpf_program *refused = rs_libbpf_refused(sensors->bpf->obj);
	const char *name = refused ? bpf_program__name(refused) : "";

	rs_log_at(RS_LOG_DEBUG, "program \"%s\" is refused here: trying with less", name);
	if (sensors->variant + 1 < ARRAY_SIZE(rs_bpf_type.variants) && !rs_is_resolver(name)) {
		sensors->variant++;
		return true;
	}
	return give_up_program(sensors, name);
}

static int load_object(struct rs_sensors *sensors, struct rs_error *err)
{
	for (;;) {
		int r;

		rs_libbpf_forget();
		r = rs_bpf__load(sensors->bpf);
		if (!r)
			return 0;
		if (r == -EPERM || !give_up_something(sensors))
			return rs_libbpf_load_error(r, "loading the BPF programs", err);
		r = reopen_object(sensors, err);
		if (r)
			return r;
	}
}

static int map_counters(struct rs_sensors *sensors, struct rs_error *err)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t lanes = sizeof(struct rs_lane) * RS_LANE_SLOTS * sensors->cpus;
	void *map;

	sensors->lanes_bytes = (lanes + page - 1) & ~(page - 1);
	map = mmap(NULL, sensors->lanes_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		   bpf_map__fd(sensors->bpf->maps.rs_lanes), 0);
	if (map == MAP_FAILED)
		return rs_error_set_errno(err, -errno, "mapping the event counters");
	sensors->lanes = map;
	for (uint32_t i = 0; i < RS_LANE_SLOTS * sensors->cpus; i++)
		sensors->lanes[i].slot = i % RS_LANE_SLOTS;
	sensors->fails_bytes = page;
	map = mmap(NULL, page, PROT_READ, MAP_SHARED, bpf_map__fd(sensors->bpf->maps.rs_fails), 0);
	if (map == MAP_FAILED)
		return rs_error_set_errno(err, -errno, "mapping the failure counters");
	sensors->fails = map;
	return 0;
}

/*
 * The programs compare thread groups as the first pid namespace counts; we may live in another. And
 * they need a look at a task that was just switched in, on each CPU (bpf/lib/cputime.h): we are that
 * task, where we may run. Neither failing matters much.
 */
static void introduce_self(struct rs_sensors *sensors)
{
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, opts);
	int fd = bpf_program__fd(sensors->bpf->progs.rs_who_am_i);
	cpu_set_t allowed, one;

	sensors->bpf->bss->rs_config.self = getpid();
	bpf_prog_test_run_opts(fd, &opts);
	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return;
	for (uint32_t cpu = 0; cpu < sensors->cpus && cpu < CPU_SETSIZE; cpu++) {
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (!CPU_ISSET(cpu, &allowed) || sched_setaffinity(0, sizeof(one), &one))
			continue;
		for (int round = 0; round < 8; round++) {
			sched_yield();
			bpf_prog_test_run_opts(fd, &opts);
		}
	}
	sched_setaffinity(0, sizeof(allowed), &allowed);
}

static void start_measuring(struct rs_sensors *sensors)
{
	if (!sensors->options.measure)
		return;
	sensors->stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (sensors->stats_fd < 0)
		rs_log_at(RS_LOG_DEBUG, "the kernel does not measure programs: %s",
			  strerror(errno));
}

/* One more than the highest number of a CPU that may ever be there: numbers may have holes. */
static uint32_t possible_cpus(void)
{
	char buf[256];
	ssize_t n = rs_fd_read_buf_at(AT_FDCWD, "/sys/devices/system/cpu/possible", buf,
				      sizeof(buf));
	const char *last = buf;

	if (n <= 0) {
		int count = libbpf_num_possible_cpus();

		return count > 0 ? (uint32_t)count : 1;
	}
	for (const char *c = buf; *c; c++) /* "0-3,8-11" */
		if (*c == '-' || *c == ',')
			last = c + 1;
	return (uint32_t)strtoul(last, NULL, 10) + 1;
}

static struct rs_sensors *sensors_new(const struct rs_sensors_options *options)
{
	struct rs_sensors *sensors = calloc(1, sizeof(*sensors));

	if (!sensors)
		return NULL;
	sensors->options = *options;
	if (!sensors->options.ring_bytes)
		sensors->options.ring_bytes = RS_RING_BYTES;
	sensors->kinds = options->kinds & RS_KINDS_ALL;
	sensors->identity = options->identity & RS_KINDS_ALL;
	sensors->cpus = possible_cpus();
	sensors->resolve = rs_bpf_trampolines_allowed();
	sensors->stats_fd = -1;
	sensors->tracefs_fd = -1;
	return sensors;
}

int rs_sensors_open(const struct rs_sensors_options *options, struct rs_sensors **ret_sensors,
		    struct rs_error *err)
{
	_cleanup_(rs_sensors_close) struct rs_sensors *sensors = sensors_new(options);
	struct rs_bpf__bss *bss;
	int r;

	if (!sensors)
		return rs_error_set(err, -ENOMEM, "out of memory");
	rs_libbpf_listen();
	rs_libbpf_raise_memlock();
	sensors->tracefs_fd = rs_tracefs_open(NULL);
	r = open_object(sensors, err);
	if (!r)
		r = load_object(sensors, err);
	if (!r)
		r = map_counters(sensors, err);
	if (r)
		return r;
	bss = sensors->bpf->bss;
	bss->rs_config.kinds = sensors->kinds;
	bss->rs_config.identity = sensors->identity;
	bss->rs_wake.armed = 1;
	bss->rs_wake.threshold = sensors->options.ring_bytes / 8;
	introduce_self(sensors);
	start_measuring(sensors);
	r = rs_ring_open(bpf_map__fd(sensors->bpf->maps.rs_ring), sensors->options.ring_bytes,
			 &bss->rs_wake, &sensors->ring, err);
	if (r)
		return r;
	*ret_sensors = TAKE_PTR(sensors);
	return 0;
}

void rs_sensors_silence(struct rs_sensors *sensors)
{
	sensors->bpf->bss->rs_config.kinds = 0;
	sensors->bpf->bss->rs_config.identity = 0;
}

void rs_sensors_close(struct rs_sensors **sensors)
{
	struct rs_sensors *s = TAKE_PTR(*sensors);

	if (!s)
		return;
	if (s->bpf && s->bpf->bss)
		rs_sensors_silence(s);
	for (size_t i = 0; i < s->n_links; i++)
		bpf_link__destroy(s->links[i]);
	rs_ring_close(&s->ring);
	if (s->lanes)
		munmap(s->lanes, s->lanes_bytes);
	if (s->fails)
		munmap((void *)s->fails, s->fails_bytes);
	rs_cleanup_close(&s->stats_fd);
	rs_cleanup_close(&s->tracefs_fd);
	rs_bpf__destroy(s->bpf);
	free(s);
}

uint64_t rs_sensors_kinds(const struct rs_sensors *sensors)
{
	return sensors->n_links ? sensors->kinds & sensors->attached : sensors->kinds;
}

struct rs_ring *rs_sensors_ring(struct rs_sensors *sensors)
{
	return sensors->ring;
}

struct rs_config *rs_sensors_config(struct rs_sensors *sensors)
{
	return &sensors->bpf->bss->rs_config;
}

void rs_sensors_stop_measuring(struct rs_sensors *sensors)
{
	rs_cleanup_close(&sensors->stats_fd);
}

bool rs_sensors_note_scope(struct rs_sensors *sensors, uint64_t signature)
{
	uint64_t before = sensors->scope;

	sensors->scope = signature;
	return before && before != signature;
}

int rs_sensors_map_fd(const struct rs_sensors *sensors, const char *name)
{
	return bpf_object__find_map_fd_by_name(sensors->bpf->obj, name);
}
