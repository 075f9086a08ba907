/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Records of bpf/tools/strace.bpf.c, read in place. */

#include "bpf/abi/strace.h"
#include "syscall/syscall.h"

struct rs_call_fd {
	bool known;
	struct rs_strace_fd fd;
	const char *text; /* fd.len bytes, not terminated: a path, or a unix socket's name */
};

/* What points somewhere points into the record. */
struct rs_call_record {
	struct rs_strace_head head;
	/* RS_STRACE_CALL; event.call is NULL for calls of 32 bits and unknown ones */
	struct rs_strace_call raw;
	struct rs_call_event event;
	struct rs_call_fd fds[RS_STRACE_RESULT + 1]; /* by argument; the last: the result */
	/* the others */
	struct rs_strace_signal signal;
	struct rs_strace_new new;
	struct rs_strace_end end;
};

/* @data: of the ring buffer, aligned to 8. -EBADMSG for what no program of ours would write. */
int rs_call_record_parse(const void *data, size_t size, struct rs_call_record *ret_record);

/* A call that is under way: a copy of its place in rs_strace_threads. -EBADMSG; -ENOENT: there is none. */
int rs_call_record_under_way(const struct rs_strace_thread *place,
			     struct rs_call_record *ret_record);
