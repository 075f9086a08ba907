/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/perfbuf.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>

#include "kern/bpfcall.h"
#include "kern/perfcall.h"

#define PAGES_CHOSEN 64u   /* of each CPU */
#define PAGES_MOST   4096u /* of each CPU */
#define RECORD_MOST  65536 /* perf's sizes have 16 bits */

struct buffer {
	int fd;
	void *map; /* one page of positions, then the data */
};

struct rs_perfbuf {
	size_t page, bytes; /* of the data of one buffer: a power of two */
	int epoll_fd;
	unsigned n;
	struct buffer *buffers;
	uint64_t lost;
	uint8_t copy[RECORD_MOST]; /* a record that wraps */
};

static int open_buffer(struct rs_perfbuf *perf, int map_fd, uint32_t cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_RAW,
		.wakeup_events = 1,
	};
	struct epoll_event event = { .events = EPOLLIN };
	struct buffer *buffer = &perf->buffers[perf->n];
	void *map;

	buffer->fd = rs_perf_open(&attr, -1, (int)cpu);
	if (buffer->fd < 0)
		return buffer->fd;
	perf->n++;
	map = mmap(NULL, perf->page + perf->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, buffer->fd,
		   0);
	if (map == MAP_FAILED)
		return -errno;
	buffer->map = map;
	if (rs_perf_enable(buffer->fd) < 0 ||
	    epoll_ctl(perf->epoll_fd, EPOLL_CTL_ADD, buffer->fd, &event) < 0)
		return -errno;
	return rs_bpf_map_update(map_fd, &cpu, &buffer->fd);
}

static int open_all(struct rs_perfbuf *perf, int map_fd, unsigned n_cpus)
{
	int r;

	for (uint32_t cpu = 0; cpu < n_cpus; cpu++) {
		r = open_buffer(perf, map_fd, cpu);
		if (r < 0 && r != -ENODEV) /* not online */
			return r;
	}
	return 0;
}

int rs_perfbuf_new(int map_fd, uint64_t pages, unsigned n_cpus, struct rs_perfbuf **ret_perf,
		   struct rs_error *err)
{
	_cleanup_(rs_perfbuf_free) struct rs_perfbuf *perf = calloc(1, sizeof(*perf));
	uint64_t each = pages ? MAX(pages / MAX(n_cpus, 1u), (uint64_t)1) : PAGES_CHOSEN;
	int r;

	if (!perf)
		return rs_error_set(err, -ENOMEM, "out of memory");
	perf->page = perf->bytes = (size_t)sysconf(_SC_PAGESIZE);
	while (perf->bytes < MIN(each, (uint64_t)PAGES_MOST) * perf->page)
		perf->bytes *= 2;
	perf->buffers = calloc(n_cpus, sizeof(*perf->buffers));
	perf->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!perf->buffers || perf->epoll_fd < 0)
		return rs_error_set(err, -ENOMEM, "out of memory");
	r = open_all(perf, map_fd, n_cpus);
	if (r < 0)
		return rs_error_set_errno(err, r, "opening the buffers for events");
	*ret_perf = TAKE_PTR(perf);
	return 0;
}

void rs_perfbuf_free(struct rs_perfbuf **perf)
{
	struct rs_perfbuf *p = TAKE_PTR(*perf);

	if (!p)
		return;
	for (unsigned i = 0; i < p->n; i++) {
		if (p->buffers[i].map)
			munmap(p->buffers[i].map, p->page + p->bytes);
		rs_cleanup_close(&p->buffers[i].fd);
	}
	rs_cleanup_close(&p->epoll_fd);
	free(p->buffers);
	free(p);
}

int rs_perfbuf_fd(const struct rs_perfbuf *perf)
{
	return perf->epoll_fd;
}

/* n bytes from position at, where they are or, when they wrap, in the copy. */
static const void *bytes_at(struct rs_perfbuf *perf, const uint8_t *data, uint64_t at, size_t n)
{
	size_t from = at & (perf->bytes - 1), first = MIN(n, perf->bytes - from);

	if (first == n)
		return data + from;
	memcpy(perf->copy, data + from, first);
	memcpy(perf->copy + first, data, n - first);
	return perf->copy;
}

static int one(struct rs_perfbuf *perf, const struct perf_event_header *head, size_t size,
	       rs_perfbuf_fn *fn, void *arg)
{
	const uint8_t *body = (const uint8_t *)(head + 1);
	uint64_t lost;
	uint32_t n;

	size -= sizeof(*head);
	if (head->type == PERF_RECORD_LOST && size >= 16) {
		memcpy(&lost, body + 8, sizeof(lost));
		perf->lost += lost;
	}
	if (head->type != PERF_RECORD_SAMPLE || size < sizeof(n))
		return 0;
	memcpy(&n, body, sizeof(n));
	return n <= size - sizeof(n) ? fn(arg, body + sizeof(n), n) : 0;
}

static int drain(struct rs_perfbuf *perf, const struct buffer *buffer, rs_perfbuf_fn *fn, void *arg)
{
	struct perf_event_mmap_page *meta = buffer->map;
	const uint8_t *data = (const uint8_t *)buffer->map + perf->page;
	uint64_t end = __atomic_load_n(&meta->data_head, __ATOMIC_ACQUIRE), at = meta->data_tail;
	int r = 0;

	while (at < end && !r) {
		struct perf_event_header head;
		size_t size;

		memcpy(&head, bytes_at(perf, data, at, sizeof(head)), sizeof(head));
		size = head.size;
		if (size < sizeof(head) || size > end - at)
			break; /* not written by the kernel */
		r = one(perf, bytes_at(perf, data, at, size), size, fn, arg);
		at += size;
	}
	__atomic_store_n(&meta->data_tail, r ? at : end, __ATOMIC_RELEASE);
	return r;
}

int rs_perfbuf_drain(struct rs_perfbuf *perf, rs_perfbuf_fn *fn, void *arg)
{
	int r = 0;

	for (unsigned i = 0; i < perf->n && !r; i++)
		r = drain(perf, &perf->buffers[i], fn, arg);
	return r;
}

uint64_t rs_perfbuf_lost(const struct rs_perfbuf *perf)
{
	return perf->lost;
}
