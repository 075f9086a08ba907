/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tracefs: the kernel's list of tracepoints (kernel: Documentation/trace/events.rst).
 *
 * Where nobody has mounted it we take a mount of our own that is in no tree: see
 * rs_mounts_open_detached().
 */
#pragma once

#include "base/error.h"

/* How tracefs was reached: identifier, words. */
#define RS_TRACEFS_HOWS(X)                                                                         \
	X(MOUNTED, "mounted at /sys/kernel/tracing")                                               \
	X(ELSEWHERE, "mounted elsewhere")                                                          \
	X(DETACHED, "a private mount of our own, in no tree")                                      \
	X(DEBUGFS, "through debugfs, at /sys/kernel/debug/tracing")

enum rs_tracefs_how {
#define X(id, words) RS_TRACEFS_##id,
	RS_TRACEFS_HOWS(X)
#undef X
		RS_TRACEFS_HOW_COUNT,
};

#define RS_TRACEFS_POINT "/sys/kernel/tracing"

/*
 * A descriptor of the root of tracefs, owned by the caller, for openat(2) only (it may be an
 * O_PATH one; to list the directory open "." below it). -EPERM without CAP_SYS_ADMIN where it is
 * not mounted, or where the kernel is locked down to confidentiality; -EACCES; -ENODEV when the
 * kernel has no tracing.
 */
int rs_tracefs_open(struct rs_error *err);

/* The same, and how. @ret_how may be NULL. */
int rs_tracefs_open_how(enum rs_tracefs_how *ret_how, struct rs_error *err);

const char *rs_tracefs_how_to_str(enum rs_tracefs_how how);

/*
 * The number that perf_event_open(2) wants for a tracepoint, from its file "id". @event is
 * "category/name": "syscalls/sys_exit_openat". 0 or more, or -ENOENT when this kernel has no such
 * tracepoint, -EPERM or -EACCES when we may not read it.
 */
int rs_tracefs_event_id(int tracefs_fd, const char *event, struct rs_error *err);
