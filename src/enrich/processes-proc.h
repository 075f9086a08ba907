/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What /proc says of one process. */

#include "enrich/processes-table.h"

#define RS_PROCESS_ARGS_MAX 1024 /* bytes kept of the arguments, NULs included */

struct rs_process_reading {
	uint64_t ticks; /* its start, in ticks of /proc's clock */
	uint32_t ppid;
	uint32_t uid;    /* RS_PROCESS_NOBODY: unknown */
	size_t exe_len;  /* 0: unknown */
	size_t args_len; /* the same */
	char comm[RS_COMM_SIZE];
	char exe[RS_PATH_MAX];
	char args[RS_PROCESS_ARGS_MAX];
};

/*
 * Reads of a process beneath @proc, an open directory. The start time last: when it is the one that
 * was asked for, the pid has been this process's all the while. -ENOENT: there is none; -errno.
 */
int rs_process_read(int proc, uint32_t pid, struct rs_process_reading *ret_reading);

/*
 * Copies as much of an argument vector as is kept and ends it with a NUL; returns the length of what
 * is in @buf.
 */
size_t rs_process_copy_args(char buf[static RS_PROCESS_ARGS_MAX], const char *args, size_t len);
