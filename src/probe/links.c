/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Detaching. To close a perf event on a tracepoint or a probe, or a link on one, the kernel waits until no CPU
 * can be in it any more: tens of milliseconds, one after the other. Several threads wait at the same time;
 * a process in the background costs us nothing, but the programs run on until it is done.
 */
#include "probe/links.h"

#include <pthread.h>

#include "kern/holder.h"

#define LINKS_MAX   (1u << 20)
#define THREADS_MAX 16

int rs_probe_links_new(struct rs_probe_links **ret_links)
{
	struct rs_probe_links *links = calloc(1, sizeof(*links));

	if (!links)
		return -ENOMEM;
	*ret_links = links;
	return 0;
}

int rs_probe_links_add(struct rs_probe_links *links, int fd, bool slow,
		       const struct rs_probe *probe)
{
	const struct rs_link link = { .fd = fd, .slow = slow, .probe = probe };
	int r = links->items.len < LINKS_MAX ? rs_vec_push(&links->items, link) : -ENOSPC;

	if (r < 0)
		close(fd);
	return r;
}

int rs_probe_links_iter(const struct rs_probe_links *links, unsigned i,
			const struct rs_probe **ret_probe)
{
	rs_vec_foreach(&links->items, link)
	{
		if (link->probe->type != RS_PROGRAM_ITER || i--)
			continue;
		*ret_probe = link->probe;
		return link->fd;
	}
	return -1;
}

/* A share of the descriptors for one thread: every @step-th from @first on. */
struct share {
	const int *fds;
	size_t n, first, step;
	pthread_t thread;
	bool started;
};

static void *close_share(void *arg)
{
	const struct share *share = arg;

	for (size_t i = share->first; i < share->n; i += share->step)
		close(share->fds[i]);
	return NULL;
}

static void close_together(const int *fds, size_t n)
{
	struct share shares[THREADS_MAX];
	size_t step = MIN(n, THREADS_MAX);

	for (size_t i = 0; i < step; i++) {
		shares[i] = (struct share){ .fds = fds, .n = n, .first = i, .step = step };
		shares[i].started = i + 1 < step && pthread_create(&shares[i].thread, NULL,
								   close_share, &shares[i]) == 0;
	}
	for (size_t i = step; i--;) {
		if (shares[i].started)
			pthread_join(shares[i].thread, NULL);
		else
			close_share(&shares[i]);
	}
}

static void close_all(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

/* The rest after this is quick: the holder has the last references. */
static void close_in_background(const int *fds, size_t n)
{
	_cleanup_(rs_cleanup_close) int alive = rs_holder_start(fds, n);

	if (alive < 0)
		close_together(fds, n);
	else
		close_all(fds, n);
}

/* Closes what is quick; the others are moved to the front of fds: how many. */
static size_t close_quick(struct rs_probe_links *links, int *fds)
{
	size_t n = 0;

	for (size_t i = links->items.len; i--;) {
		const struct rs_link *link = &links->items.items[i];

		if (link->slow)
			fds[n++] = link->fd;
		else
			close(link->fd);
	}
	return n;
}

void rs_probe_links_close(struct rs_probe_links **links, bool wait)
{
	struct rs_probe_links *l = TAKE_PTR(*links);
	_cleanup_(rs_cleanup_free) int *fds = NULL;
	size_t n;

	if (!l)
		return;
	fds = calloc(l->items.len + 1, sizeof(*fds));
	if (fds) {
		n = close_quick(l, fds);
		if (wait)
			close_together(fds, n);
		else if (n)
			close_in_background(fds, n);
	} else {
		rs_vec_foreach(&l->items, link) close(link->fd);
	}
	rs_vec_done(&l->items);
	free(l);
}
