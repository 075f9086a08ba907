/* SPDX-License-Identifier: Apache-2.0 */
/* The trials behind features.h. Private to it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <bpf/btf.h>

#include "kern/bpfcall.h"
#include "kern/features.h"

/* What a trial is given, and what it may say. */
struct rs_probe {
	const struct btf *btf; /* the kernel's; NULL when there is none */
	unsigned number;       /* of the row: a helper's number, ... */
	unsigned type;         /* of the row: enum bpf_prog_type */
	char detail[128];      /* what failed, or a remark on success */
	bool complete;         /* the detail says it all: the error's own text adds nothing */
};

/* 0: it works; -ETIME: it attached but was never called; else -errno. */
typedef int rs_probe_fn(struct rs_probe *probe);

struct rs_feature_row {
	const char *why;
	const char *instead;
	const char *config; /* the kernel options that make it, without CONFIG_; may be NULL */
	rs_probe_fn *probe;
	unsigned number;
	unsigned type;
	uint64_t caps; /* besides those every program needs: bit per CAP_* */
	bool needed;
};

/* By enum rs_feature. */
extern const struct rs_feature_row rs_feature_rows[RS_FEATURE_COUNT];

/* A program that counts its runs in a map and returns a fixed value. */
struct rs_counter {
	int map_fd;
	int prog_fd;
};

#define RS_COUNTER_INIT                                                                            \
	{                                                                                          \
		.map_fd = -1, .prog_fd = -1                                                        \
	}

/* @base says type, attach type and so on; its instructions are ours. */
int rs_counter_load(struct rs_probe *probe, const struct rs_bpf_program *base, int32_t value,
		    struct rs_counter *ret_counter);
void rs_counter_done(struct rs_counter *counter); /* fits _cleanup_ */

/* 0 when it has run, else -ETIME, or -errno. */
int rs_counter_check(struct rs_probe *probe, const struct rs_counter *counter);

/* Says what failed with @code, which is returned: "loading a program". */
int rs_probe_fail(struct rs_probe *probe, int code, const char *what);

/* The same with a whole answer: "this kernel has no BTF". */
int rs_probe_say(struct rs_probe *probe, int code, const char *answer);

/* For BPF_LINK_CREATE, which says EINVAL of kinds that it has never heard of. */
int rs_probe_link_fail(struct rs_probe *probe, int code);

/* Id of a function or of a tracepoint's type ("btf_trace_x") in the kernel's BTF, or -ENOENT. */
int rs_probe_btf_id(struct rs_probe *probe, const char *name, unsigned kind);

/* probes-hooks.c */
rs_probe_fn rs_probe_raw_tp;
rs_probe_fn rs_probe_raw_syscall;
rs_probe_fn rs_probe_btf_tp;
rs_probe_fn rs_probe_perf_tp;
rs_probe_fn rs_probe_syscall_tp;
rs_probe_fn rs_probe_uring_tp;
rs_probe_fn rs_probe_kprobe;
rs_probe_fn rs_probe_kprobe_multi;
rs_probe_fn rs_probe_trampoline; /* number: BPF_TRACE_FENTRY or BPF_TRACE_FEXIT */
rs_probe_fn rs_probe_lsm;
rs_probe_fn rs_probe_iterator;

/* probes-perf.c */
rs_probe_fn rs_probe_uprobe;
rs_probe_fn rs_probe_uprobe_multi; /* number: RS_BPF_TRACE_UPROBE_MULTI or _SESSION */
rs_probe_fn rs_probe_perf_clock;
rs_probe_fn rs_probe_pmu;

/* Opens a perf event of a probe PMU ("kprobe", "uprobe") at @name + @offset. */
int rs_probe_open_pmu(const char *pmu, const char *name, uint64_t offset);
/* Attaches a program to a perf event and starts it. */
int rs_probe_perf_attach(int event_fd, int prog_fd);

/* probes-net.c */
rs_probe_fn rs_probe_tc;
rs_probe_fn rs_probe_tcx;
rs_probe_fn rs_probe_xdp;
rs_probe_fn rs_probe_cgroup_skb;
rs_probe_fn rs_probe_cgroup_connect;

/* probes-helpers.c */
rs_probe_fn rs_probe_helper; /* number: enum bpf_func_id; type: enum bpf_prog_type */
rs_probe_fn rs_probe_copy_from_user;
rs_probe_fn rs_probe_d_path;
rs_probe_fn rs_probe_tail_call;
rs_probe_fn rs_probe_big_program;
rs_probe_fn rs_probe_bounded_loop;
rs_probe_fn rs_probe_atomic_fetch;
rs_probe_fn rs_probe_test_run;
rs_probe_fn rs_probe_test_run_raw;
rs_probe_fn rs_probe_enable_stats;

/* probes-maps.c */
rs_probe_fn rs_probe_ringbuf;
rs_probe_fn rs_probe_mmap_array;
rs_probe_fn rs_probe_lpm_trie;
rs_probe_fn rs_probe_batch;
rs_probe_fn rs_probe_local_storage; /* number: map type */

/* probes-types.c */
rs_probe_fn rs_probe_kernel_btf;
rs_probe_fn rs_probe_sensor_types;
