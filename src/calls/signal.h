/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A signal as strace(1) writes it: --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, ...} --- */

#include "base/str.h"
#include "bpf/abi/strace.h"

/* "SIGTERM", or the number that no signal has. */
void rs_call_signal_append(int signal, struct rs_str *out);

void rs_call_signal_format(const struct rs_strace_signal *record, struct rs_str *out);
