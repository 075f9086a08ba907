/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What test-programs asks of the sensors, of the programs of each command: this kernel's verifier takes them in their
 * largest use, and walks at most half of what it may. Counts are printed as "TOOL/PROGRAM", the highest where a tool is
 * loaded in several ways.
 */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "base/util.h"
#include "calls/counts.h"
#include "calls/latency.h"
#include "calls/strace.h"
#include "kern/bpfcall.h"
#include "profile/hits.h"
#include "profile/memwatch.h"
#include "profile/offcpu.h"
#include "profile/oncpu.h"
#include "profile/oom.h"
#include "tests/kernel/lib/tap.h"

#define MAX_ROWS     256
#define MAX_VERIFIED 500000 /* the verifier gives up at a million */
#define STACKS       1024
#define NOBODY       0x7fffffff /* a process that is not there: nobody is stopped */

static struct row {
	char name[64], hook[64];
	uint32_t insns, verified;
} rows[MAX_ROWS];
static size_t n_rows;

static struct row *row_of(const char *name)
{
	for (size_t i = 0; i < n_rows; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	if (n_rows == MAX_ROWS)
		tap_bail("more than %u programs", MAX_ROWS);
	snprintf(rows[n_rows].name, sizeof(rows[n_rows].name), "%s", name);
	return &rows[n_rows++];
}

/* Takes in what a tool has loaded. */
static size_t count(const char *name, void *tool)
{
	struct bpf_program *program;
	size_t n = 0;

	bpf_object__for_each_program(program, ((struct rs_tool *)tool)->obj)
	{
		struct bpf_prog_info info = { 0 };
		int fd = bpf_program__fd(program);
		char full[64];
		struct row *row;

		if (fd < 0 || rs_bpf_info(fd, &info, sizeof(info)) < 0)
			continue;
		snprintf(full, sizeof(full), "%s/%s", name, bpf_program__name(program));
		row = row_of(full);
		snprintf(row->hook, sizeof(row->hook), "%s", bpf_program__section_name(program));
		row->insns = (uint32_t)bpf_program__insn_cnt(program);
		row->verified = MAX(row->verified, info.verified_insns);
		n++;
	}
	return n;
}

/* Everything that a choice of processes can have. */
static uint32_t own_pid, own_uid;
static const char *const own_comm = "test-tool-progr";
static const struct rs_target target = {
	.pids = &own_pid,
	.n_pids = 1,
	.follow = true,
	.comms = &own_comm,
	.n_comms = 1,
	.uids = &own_uid,
	.n_uids = 1,
	.by_cgroup = true,
};
static const struct rs_sample_config samples = { .flags = RS_SAMPLE_KERNEL | RS_SAMPLE_USER |
							  RS_SAMPLE_THREADS };

/* --- the tools: 0 or a negative errno --- */

static int load_strace(int way, struct rs_error *err)
{
	static const char *const path = "/";
	static const struct rs_call_set all = { { ~0ull } };
	const struct rs_strace_options options = {
		.target = &target,
		.calls = &all,
		.slower = 1,
		.signals = ~0ull,
		.failed = true,
		.paths = &path,
		.n_paths = 1,
		.string_max = 1 << 20,
		.verbose = true,
		.fds = true,
		.user_stack = true,
		.kernel_stack = true,
		.held = own_pid,
	};
	struct rs_strace *strace = NULL;
	int r = rs_strace_new(&options, &strace, err);

	(void)way;
	if (!r)
		count("strace", rs_strace_tool(strace));
	rs_strace_free(&strace);
	return r;
}

static int load_syscalls(int way, struct rs_error *err)
{
	static const struct rs_call_set all = { { ~0ull } };
	const struct rs_counts_options options = {
		.target = &target,
		.by = (enum rs_counts_by)way,
		.calls = &all,
		.held = own_pid,
	};
	struct rs_counts *counts = NULL;
	int r = rs_counts_new(&options, &counts, err);

	if (!r)
		count("syscalls", rs_counts_tool(counts));
	rs_counts_free(&counts);
	return r;
}

static void ignore_outlier(void *data, const struct rs_latency_outlier *outlier)
{
	(void)data;
	(void)outlier;
}

static int load_latency(int source, struct rs_error *err)
{
	struct rs_latency_options options = {
		.source = (enum rs_latency_source)source,
		.by = rs_latency_source_by((enum rs_latency_source)source),
		.outlier = 1000000,
		.target = &target,
		.held = own_pid,
		.on_outlier = ignore_outlier,
	};
	struct rs_latency *latency = NULL;
	int r;

	memset(&options.calls, 0xff, sizeof(options.calls));
	r = rs_latency_new(&options, &latency, err);
	if (!r)
		count("latency", rs_latency_tool(latency));
	rs_latency_free(&latency);
	return r;
}

static int load_profile(int way, struct rs_error *err)
{
	const struct rs_oncpu_options options = {
		.target = &target, .samples = samples, .frequency = 49, .max_samples = STACKS
	};
	struct rs_oncpu *oncpu = NULL;
	int r = rs_oncpu_new(&options, &oncpu, err);

	(void)way;
	if (!r)
		count("profile", rs_oncpu_tool(oncpu));
	rs_oncpu_free(&oncpu);
	return r;
}

static int load_offcpu(int runq, struct rs_error *err)
{
	const uint32_t reasons = (1u << RS_OFFCPU_REASON_COUNT) - 1;
	const struct rs_offcpu_options options = {
		.target = &target,
		.samples = samples,
		.waits = { .min = 1,
			   .max = 1000000000,
			   .reasons = runq ? reasons : reasons & ~(1u << RS_OFFCPU_RUNQ),
			   .wakers = true },
		.max_stacks = STACKS,
	};
	struct rs_offcpu *offcpu = NULL;
	int r = rs_offcpu_new(&options, &offcpu, err);

	if (!r)
		count("offcpu", rs_offcpu_tool(offcpu));
	rs_offcpu_free(&offcpu);
	return r;
}

static int load_stacks(int kind, struct rs_error *err)
{
	const struct rs_hits_options options = {
		.target = &target,
		.samples = samples,
		.argument = { .size = 4, .offset = 8, .is_signed = 1 },
		.kind = (enum rs_hits_kind)kind,
		.function = "vfs_read",
		.max_samples = STACKS,
	};
	struct rs_hits *hits = NULL;
	int r = rs_hits_new(&options, &hits, err);

	if (!r)
		count("stacks", rs_hits_tool(hits));
	rs_hits_free(&hits);
	return r;
}

static int load_memleak(int kernel, struct rs_error *err)
{
	const struct rs_memwatch_options options = {
		.target = &target,
		.find = { .families = RS_ALLOC_FAMILIES_ALL },
		.kernel = kernel,
		.pages = kernel,
		.sample = 4096,
		.older = 1,
		.command = NOBODY,
	};
	struct rs_memwatch *watch = NULL;
	int r = rs_memwatch_new(&options, &watch, err);

	if (!r)
		count("memleak", rs_memwatch_tool(watch));
	rs_memwatch_free(&watch);
	return r;
}

static int load_oom(int way, struct rs_error *err)
{
	const struct rs_oom_options options = { 0 };
	struct rs_oom *oom = NULL;
	int r = rs_oom_new(&options, &oom, err);

	(void)way;
	if (!r)
		count("oom", rs_oom_tool(oom));
	rs_oom_free(&oom);
	return r;
}

/* --- all of them --- */

static const struct {
	const char *name;
	int (*load)(int way, struct rs_error *err);
	int ways;
} tools[] = {
	{ "strace", load_strace, 1 },
	{ "syscalls", load_syscalls, RS_COUNTS_GROUP + 1 },
	{ "latency", load_latency, RS_LATENCY_SOURCES },
	{ "profile", load_profile, 1 },
	{ "offcpu", load_offcpu, 2 },
	{ "stacks", load_stacks, RS_HITS_KIND_COUNT },
	{ "memleak", load_memleak, 2 },
	{ "oom", load_oom, 1 },
};

static bool lacks_functions(int (*load)(int, struct rs_error *), int way)
{
	return load == load_stacks && (way == RS_HITS_FENTRY || way == RS_HITS_FEXIT) &&
	       !rs_bpf_trampolines_allowed();
}

static void check_tool(size_t i)
{
	for (int way = 0; way < tools[i].ways; way++) {
		struct rs_error err = RS_ERROR_INIT;
		char name[64];
		int r;

		snprintf(name, sizeof(name), "%s loads (%d of %d)", tools[i].name, way + 1,
			 tools[i].ways);
		if (lacks_functions(tools[i].load, way)) {
			tap_skip(name, "this kernel has no fentry");
			continue;
		}
		r = tools[i].load(way, &err);
		tap_ok(r == 0, "%s: %s", name, r ? err.msg : "yes");
	}
}

int main(void)
{
	struct utsname name;

	if (geteuid() != 0) {
		tap_skip("programs", "loading them takes root");
		return tap_done();
	}
	own_pid = (uint32_t)getpid();
	if (!uname(&name))
		tap_diag("kernel %s", name.release);
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
		check_tool(i);
	for (size_t i = 0; i < n_rows; i++) {
		tap_diag("program %s insns %u verified %u hook %s", rows[i].name, rows[i].insns,
			 rows[i].verified, rows[i].hook);
		tap_ok(rows[i].verified <= MAX_VERIFIED, "%s is verified in at most %u steps",
		       rows[i].name, MAX_VERIFIED);
	}
	return tap_done();
}
