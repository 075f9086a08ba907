/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The consumer's end of bpf_perf_event_output(): a buffer per CPU, for kernels without BPF ring buffers. */

#include "base/error.h"

struct rs_perfbuf;

/* Record of a program, as it sent it (padding of up to 7 bytes behind). Not 0 ends the reading. */
typedef int rs_perfbuf_fn(void *arg, const void *record, size_t size);

/* @map_fd: the perf event array, borrowed. @pages of all buffers together; 0: chosen. CPUs that are not online are left
 * out. */
int rs_perfbuf_new(int map_fd, uint64_t pages, unsigned n_cpus, struct rs_perfbuf **ret_perf,
		   struct rs_error *err);
void rs_perfbuf_free(struct rs_perfbuf **perf);

/* An epoll descriptor: readable when any of them is. */
int rs_perfbuf_fd(const struct rs_perfbuf *perf);
int rs_perfbuf_drain(struct rs_perfbuf *perf, rs_perfbuf_fn *fn, void *arg);
uint64_t rs_perfbuf_lost(const struct rs_perfbuf *perf);
