/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What programs send, record by record: from the ring buffer, or from a perf buffer per CPU where the kernel has
 * no ring buffers. A record is handed on only when it is of a known action and as long as that needs.
 */

#include "trace/maps.h"

struct rs_trace_reader;

/* record: size bytes, beginning with struct rs_record. Not 0 ends the reading. */
typedef int rs_trace_record_fn(void *data, const struct rs_action *action, const uint8_t *record,
			       size_t size);

/* A script that sends nothing has a reader too. */
int rs_trace_reader_new(const struct rs_trace_maps *maps, rs_trace_record_fn *fn, void *data,
			struct rs_trace_reader **ret_reader, struct rs_error *err);
void rs_trace_reader_free(struct rs_trace_reader **reader);

/* Descriptor to wait for with EPOLLIN, or -1: the script sends nothing. */
int rs_trace_reader_fd(const struct rs_trace_reader *reader);

/* Hands out what is there. 0, or what fn returned. */
int rs_trace_reader_drain(struct rs_trace_reader *reader);

/* Handed out so far. They come through a ring buffer, whose records may be told not to wake. */
/* Bytes that were sent, and of those the ones that were read, since the start; perf buffers: 0. */
uint64_t rs_trace_reader_sent(const struct rs_trace_reader *reader);
uint64_t rs_trace_reader_read(const struct rs_trace_reader *reader);
uint64_t rs_trace_reader_count(const struct rs_trace_reader *reader);
bool rs_trace_reader_is_ring(const struct rs_trace_reader *reader);

/* Records that were no records, and, for perf buffers, records that the kernel had no room for. */
uint64_t rs_trace_reader_bad(const struct rs_trace_reader *reader);
uint64_t rs_trace_reader_lost(const struct rs_trace_reader *reader);

/* The check that each record passes: its action, or NULL. */
const struct rs_action *rs_trace_record_check(const struct rs_program *program, const void *record,
					      size_t size);
