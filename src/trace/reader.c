/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/reader.h"

#include <errno.h>
#include <string.h>

#include "kern/ring.h"
#include "trace/perfbuf.h"

struct rs_trace_reader {
	const struct rs_program *program;
	struct rs_ring *ring;
	struct rs_perfbuf *perf; /* instead of the ring */
	rs_trace_record_fn *fn;
	void *data;
	uint64_t count; /* handed out */
	uint64_t bad;
};

const struct rs_action *rs_trace_record_check(const struct rs_program *program, const void *record,
					      size_t size)
{
	const struct rs_action *action;
	struct rs_record head;

	if (size < sizeof(head))
		return NULL;
	memcpy(&head, record, sizeof(head));
	if (head.action >= program->n_actions || head.size > size || head.size < sizeof(head))
		return NULL;
	action = program->actions[head.action];
	return head.size >= action->size ? action : NULL;
}

static int one(void *arg, const void *bytes, size_t size)
{
	struct rs_trace_reader *reader = arg;
	const struct rs_action *action = rs_trace_record_check(reader->program, bytes, size);
	struct rs_record head;

	if (!action) {
		reader->bad++;
		return 0;
	}
	memcpy(&head, bytes, sizeof(head));
	reader->count++;
	return reader->fn(reader->data, action, bytes, head.size);
}

int rs_trace_reader_new(const struct rs_trace_maps *maps, rs_trace_record_fn *fn, void *data,
			struct rs_trace_reader **ret_reader, struct rs_error *err)
{
	_cleanup_(rs_trace_reader_free) struct rs_trace_reader *reader = calloc(1, sizeof(*reader));
	int r = 0;

	if (!reader)
		return rs_error_set(err, -ENOMEM, "out of memory");
	reader->program = maps->program;
	reader->fn = fn;
	reader->data = data;
	if (maps->ring_fd >= 0 && maps->ring_bytes)
		r = rs_ring_open(maps->ring_fd, maps->ring_bytes, NULL, &reader->ring, err);
	else if (maps->ring_fd >= 0)
		r = rs_perfbuf_new(maps->ring_fd, maps->program->config.perf_rb_pages, maps->n_cpus,
				   &reader->perf, err);
	if (r < 0)
		return r;
	*ret_reader = TAKE_PTR(reader);
	return 0;
}

void rs_trace_reader_free(struct rs_trace_reader **reader)
{
	struct rs_trace_reader *r = TAKE_PTR(*reader);

	if (!r)
		return;
	rs_ring_close(&r->ring);
	rs_perfbuf_free(&r->perf);
	free(r);
}

int rs_trace_reader_fd(const struct rs_trace_reader *reader)
{
	if (reader->ring)
		return rs_ring_fd(reader->ring);
	return reader->perf ? rs_perfbuf_fd(reader->perf) : -1;
}

int rs_trace_reader_drain(struct rs_trace_reader *reader)
{
	size_t count;

	if (reader->ring)
		return rs_ring_consume(reader->ring, one, reader, 0, &count);
	return reader->perf ? rs_perfbuf_drain(reader->perf, one, reader) : 0;
}

uint64_t rs_trace_reader_read(const struct rs_trace_reader *reader)
{
	return reader->ring ? rs_ring_consumed(reader->ring) : 0;
}

uint64_t rs_trace_reader_sent(const struct rs_trace_reader *reader)
{
	return reader->ring ? rs_ring_consumed(reader->ring) + rs_ring_pending(reader->ring) : 0;
}

uint64_t rs_trace_reader_count(const struct rs_trace_reader *reader)
{
	return reader->count;
}

bool rs_trace_reader_is_ring(const struct rs_trace_reader *reader)
{
	return reader->ring != NULL;
}

uint64_t rs_trace_reader_bad(const struct rs_trace_reader *reader)
{
	return reader->bad;
}

uint64_t rs_trace_reader_lost(const struct rs_trace_reader *reader)
{
	return reader->perf ? rs_perfbuf_lost(reader->perf) : 0;
}
