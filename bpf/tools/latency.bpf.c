/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How long things take, for `ringside latency`: each of the sources is a part of this object, and the programs of those that
 * nobody asked for are not loaded. Times go into histograms here; what is slower than a limit is told of by itself.
 */
#include "bpf/lib/latency.h"
/* keep order: the parts need what is above */
#include "bpf/lib/latency-block.h"
#include "bpf/lib/latency-dns.h"
#include "bpf/lib/latency-fault.h"
#include "bpf/lib/latency-runq.h"
#include "bpf/lib/latency-syscall.h"
#include "bpf/lib/latency-tcp.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
