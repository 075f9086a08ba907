/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Structs that are written in a way of their own: struct rs_type_row's put. */

#include <assert.h>

#include "syscall/format.h"

bool rs_type_stat(struct rs_fmt *f, const rs_memory *m);
bool rs_type_statx(struct rs_fmt *f, const rs_memory *m);
bool rs_type_file_handle(struct rs_fmt *f, const rs_memory *m);
bool rs_type_open_how(struct rs_fmt *f, const rs_memory *m);
bool rs_type_fsid(struct rs_fmt *f, const rs_memory *m);
bool rs_type_fdpair(struct rs_fmt *f, const rs_memory *m);

bool rs_type_timespec(struct rs_fmt *f, const rs_memory *m);
bool rs_type_timeval(struct rs_fmt *f, const rs_memory *m);
bool rs_type_timeval2(struct rs_fmt *f, const rs_memory *m);
bool rs_type_utimes(struct rs_fmt *f, const rs_memory *m);
bool rs_type_tms(struct rs_fmt *f, const rs_memory *m);
bool rs_type_utimbuf(struct rs_fmt *f, const rs_memory *m);

bool rs_type_sigset(struct rs_fmt *f, const rs_memory *m);
bool rs_type_sigaction(struct rs_fmt *f, const rs_memory *m);
bool rs_type_siginfo(struct rs_fmt *f, const rs_memory *m);
bool rs_type_sigevent(struct rs_fmt *f, const rs_memory *m);
bool rs_type_wstatus(struct rs_fmt *f, const rs_memory *m);

bool rs_type_rlimit(struct rs_fmt *f, const rs_memory *m);
bool rs_type_sysinfo(struct rs_fmt *f, const rs_memory *m);
bool rs_type_cap_data(struct rs_fmt *f, const rs_memory *m);
bool rs_type_perf_attr(struct rs_fmt *f, const rs_memory *m);
