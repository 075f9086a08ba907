/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this kernel, and our rights on it, let us use. A question is answered by trying the thing
 * itself (load a tiny program, attach it, cause an event, see whether it was called), never by a
 * version number, and each only once. Nothing stays behind: what was attached is detached before
 * the answer comes, and network hooks are tried in a network namespace of their own.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Identifier, name (stable: it is a key in JSON), group. Rows are in features-table.c. */
#define RS_FEATURES(X)                                                                             \
	X(KERNEL_BTF, kernel_btf, HELPER)                                                          \
	X(SENSOR_TYPES, sensor_types, HELPER)                                                      \
	X(MEMCG, memory_accounting, HELPER)                                                        \
	X(RINGBUF, ring_buffer, HELPER)                                                            \
	X(MMAP_ARRAY, mmapable_array, HELPER)                                                      \
	X(LPM_TRIE, lpm_trie, HELPER)                                                              \
	X(BATCH, batch_operations, HELPER)                                                         \
	X(TASK_STORAGE, task_storage, HELPER)                                                      \
	X(CGROUP_STORAGE, cgroup_storage, HELPER)                                                  \
	X(TAIL_CALL, tail_call, HELPER)                                                            \
	X(BIG_PROGRAM, big_program, HELPER)                                                        \
	X(BOUNDED_LOOP, bounded_loop, HELPER)                                                      \
	X(BPF_LOOP, bpf_loop, HELPER)                                                              \
	X(ATOMIC_FETCH, atomic_fetch, HELPER)                                                      \
	X(TEST_RUN, test_run, HELPER)                                                              \
	X(TEST_RUN_RAW, test_run_raw_tracepoint, HELPER)                                           \
	X(ENABLE_STATS, run_time_stats, HELPER)                                                    \
	X(PROBE_READ, probe_read_kernel, HELPER)                                                   \
	X(BOOT_CLOCK, boot_clock, HELPER)                                                          \
	X(CURRENT_TASK_BTF, current_task_btf, HELPER)                                              \
	X(TASK_PT_REGS, task_pt_regs, HELPER)                                                      \
	X(ANCESTOR_CGROUP, ancestor_cgroup_id, HELPER)                                             \
	X(ATTACH_COOKIE, attach_cookie, HELPER)                                                    \
	X(GET_STACK, get_stack, HELPER)                                                            \
	X(D_PATH, d_path, HELPER)                                                                  \
	X(COPY_FROM_USER, copy_from_user, HELPER)                                                  \
	X(SEND_SIGNAL, send_signal, HELPER)                                                        \
	X(OVERRIDE_RETURN, override_return, HELPER)                                                \
	X(RAW_TP, raw_tracepoint, HOOK)                                                            \
	X(RAW_SYSCALL, raw_syscall, HOOK)                                                          \
	X(SYSCALL_TP, syscall_tracepoint, HOOK)                                                    \
	X(PERF_TP, tracepoint, HOOK)                                                               \
	X(BTF_TP, btf_tracepoint, HOOK)                                                            \
	X(URING_TP, io_uring_tracepoint, HOOK)                                                     \
	X(FENTRY, fentry, HOOK)                                                                    \
	X(FEXIT, fexit, HOOK)                                                                      \
	X(LSM, lsm, HOOK)                                                                          \
	X(KPROBE, kprobe, HOOK)                                                                    \
	X(KPROBE_MULTI, kprobe_multi, HOOK)                                                        \
	X(UPROBE, uprobe, HOOK)                                                                    \
	X(UPROBE_MULTI, uprobe_multi, HOOK)                                                        \
	X(UPROBE_SESSION, uprobe_session, HOOK)                                                    \
	X(ITERATOR, iterator, HOOK)                                                                \
	X(PERF_CLOCK, perf_software_clock, HOOK)                                                   \
	X(PMU, perf_hardware, HOOK)                                                                \
	X(TC, tc_clsact, HOOK)                                                                     \
	X(TCX, tcx, HOOK)                                                                          \
	X(XDP, xdp, HOOK)                                                                          \
	X(CGROUP_SKB, cgroup_packet, HOOK)                                                         \
	X(CGROUP_CONNECT, cgroup_connect, HOOK)

enum rs_feature {
#define X(id, name, group) RS_FEATURE_##id,
	RS_FEATURES(X)
#undef X
		RS_FEATURE_COUNT,
};

enum rs_feature_group {
	RS_FEATURE_GROUP_HOOK,   /* places where a program can be attached */
	RS_FEATURE_GROUP_HELPER, /* what programs, maps and the bpf(2) call can do */
};

enum rs_answer {
	RS_ANSWER_UNKNOWN, /* we lack the right to find out */
	RS_ANSWER_NO,
	RS_ANSWER_YES,
};

struct rs_feature_result {
	enum rs_answer answer;
	int error;        /* 0, or the negative errno of the trial */
	char reason[160]; /* for no and unknown: why, in words; for yes: a remark, mostly empty */
};

/* What it is for. */
struct rs_feature_info {
	const char *name;
	enum rs_feature_group group;
	const char *why;     /* what we want it for */
	const char *instead; /* what we do without; empty when nothing needs it yet */
	bool needed;         /* the agent cannot run without */
};

struct rs_features;

/* Where the kernel charges maps to the limit of locked memory, that limit is raised if we may. */
int rs_features_new(struct rs_features **ret_features, struct rs_error *err);
void rs_features_free(struct rs_features **features); /* fits _cleanup_ */

/* Tries it, or remembers. The result is owned by @features. Some trials fork a child. */
const struct rs_feature_result *rs_features_ask(struct rs_features *features, enum rs_feature id);

bool rs_features_have(struct rs_features *features, enum rs_feature id);

/* Whether the kernel has the tracepoint ("sched_process_exec"), by its BTF: needs no rights. */
bool rs_features_tracepoint(const struct rs_features *features, const char *name);

/* By value; the texts are static. */
struct rs_feature_info rs_feature_info(enum rs_feature id);

/* "yes", "no", "unknown" */
const char *rs_answer_to_str(enum rs_answer answer);
