/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How long things take, for `ringside latency`: each of the sources is a part of this object, and the programs of those that
 * nobody asked for are not loaded. Times go into histograms here; what is slower than a limit is told of by itself.
 */
#include "bpf/tools/latency.h"
/* keep order: the parts need what is above */
#include "bpf/tools/latency-block.h"
#include "bpf/tools/latency-dns.h"
#include "bpf/tools/latency-fault.h"
#include "bpf/tools/latency-runq.h"
#include "bpf/tools/latency-syscall.h"
#include "bpf/tools/latency-tcp.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
