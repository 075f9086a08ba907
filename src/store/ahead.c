/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "store/ahead.h"

#define THREADS_MAX 4
#define SLOTS       8 /* blocks read and not yet taken, at most */

struct slot {
	struct rs_result *result;
	int r;
	bool ready;
};

struct rs_ahead {
	struct rs_scan_options options;
	const struct rs_task *tasks;
	size_t n;
	uint64_t since, until;
	bool records;

	pthread_mutex_t mutex; /* for what follows */
	pthread_cond_t room, ready;
	struct slot slot[SLOTS]; /* that of task i is i % SLOTS */
	size_t begun, taken;     /* tasks */
	bool over;

	pthread_t thread[THREADS_MAX];
	unsigned n_threads;
};

static int read_one(struct rs_ahead *a, struct rs_scan *scan, size_t task,
		    struct rs_result **result)
{
	int r = *result ? 0 : rs_result_new(result);

	if (r < 0)
		return r;
	return rs_scan_run(scan, &a->tasks[task], a->since, a->until, a->records, *result);
}

static void *run(void *data)
{
	_cleanup_(rs_scan_free) struct rs_scan *scan = NULL;
	struct rs_ahead *a = data;
	int failed = rs_scan_new(&a->options, &scan);

	pthread_mutex_lock(&a->mutex);
	for (;;) {
		struct slot *slot;
		size_t task;
		int r;

		while (!a->over && a->begun < a->n && a->begun >= a->taken + SLOTS)
			pthread_cond_wait(&a->room, &a->mutex);
		if (a->over || a->begun == a->n)
			break;
		task = a->begun++;
		slot = &a->slot[task % SLOTS];
		pthread_mutex_unlock(&a->mutex);
		r = failed < 0 ? failed : read_one(a, scan, task, &slot->result);
		pthread_mutex_lock(&a->mutex);
		slot->r = r;
		slot->ready = true;
		pthread_cond_signal(&a->ready);
	}
	pthread_mutex_unlock(&a->mutex);
	return NULL;
}

static unsigned count_threads(size_t n)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	return (unsigned)MIN(MIN((size_t)MAX(cpus, 1), (size_t)THREADS_MAX), n);
}

int rs_ahead_new(const struct rs_scan_options *options, const struct rs_task *tasks, size_t n,
		 uint64_t since, uint64_t until, bool records, struct rs_ahead **ret_ahead)
{
	struct rs_ahead *a = calloc(1, sizeof(*a));
	sigset_t all, before;

	if (!a)
		return -ENOMEM;
	a->options = *options;
	a->tasks = tasks;
	a->n = n;
	a->since = since;
	a->until = until;
	a->records = records;
	pthread_mutex_init(&a->mutex, NULL);
	pthread_cond_init(&a->room, NULL);
	pthread_cond_init(&a->ready, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (unsigned want = count_threads(n); a->n_threads < want; a->n_threads++)
		if (pthread_create(&a->thread[a->n_threads], NULL, run, a) != 0)
			break;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!a->n_threads) {
		rs_ahead_free(&a);
		return -EAGAIN;
	}
	*ret_ahead = a;
	return 0;
}

void rs_ahead_free(struct rs_ahead **ahead)
{
	struct rs_ahead *a = *ahead;

	if (!a)
		return;
	pthread_mutex_lock(&a->mutex);
	a->over = true;
	pthread_cond_broadcast(&a->room);
	pthread_mutex_unlock(&a->mutex);
	for (unsigned i = 0; i < a->n_threads; i++)
		pthread_join(a->thread[i], NULL);
	for (unsigned i = 0; i < SLOTS; i++)
		rs_result_free(&a->slot[i].result);
	pthread_mutex_destroy(&a->mutex);
	pthread_cond_destroy(&a->room);
	pthread_cond_destroy(&a->ready);
	free(a);
	*ahead = NULL;
}

int rs_ahead_next(struct rs_ahead *a, struct rs_result *spare, struct rs_result **ret_result)
{
	struct slot *slot = &a->slot[a->taken % SLOTS];
	int r;

	pthread_mutex_lock(&a->mutex);
	while (!slot->ready)
		pthread_cond_wait(&a->ready, &a->mutex);
	slot->ready = false;
	r = slot->r;
	*ret_result = slot->result;
	slot->result = spare;
	a->taken++;
	pthread_cond_signal(&a->room);
	pthread_mutex_unlock(&a->mutex);
	return r;
}
