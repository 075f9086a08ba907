/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/lookup.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "base/clock.h"
#include "base/units.h"

#define STEP_FIRST_NS 5000000ull /* to the second look; twice as long to each that follows */

/* One block, with copies of the strings behind it. */
struct request {
	struct rs_metadata_question question;
	uint64_t cookie;
	uint64_t deadline;
	uint64_t due;  /* of the next look */
	uint64_t step; /* from that to the one after it */
	unsigned looks;
	bool hurry; /* no look but the first */
	struct rs_metadata *metadata;
	struct request *next; /* among the answers */
};

struct worker {
	struct rs_lookup *lookup;
	pthread_t thread;
	struct request *request; /* being looked at */
	uint64_t since;
	bool hurry; /* this look is the last */
	bool left;  /* behind: another does the work */
	bool detached;
};

struct rs_lookup {
	pthread_mutex_t lock; /* all below, but what never changes: fd, root, proc */
	pthread_cond_t wake;  /* there is something to do, or to end */
	pthread_cond_t over;  /* the worker has ended */
	struct request *heap[RS_LOOKUP_WAITING_MAX]; /* the one that is due first on top */
	size_t n_heap;
	struct request *answers, **answers_end;
	size_t pending; /* asked, and the answer not taken */
	struct rs_lookup_stats stats;
	struct worker *worker; /* NULL: all threads hang */
	unsigned threads;
	bool stop;
	bool started;
	bool ended;  /* the worker is past its last look */
	bool closed; /* the last thread frees it all */
	int fd;
	char *root, *proc; /* NULL: the usual ones */
};

static void request_free(struct request **request)
{
	if (!*request)
		return;
	rs_metadata_free(&(*request)->metadata);
	free(*request);
	*request = NULL;
}

/* --- what is due first --- */

static void swap(struct request **a, struct request **b)
{
	struct request *c = *a;

	*a = *b;
	*b = c;
}

/* First looks before repeated ones: who asks for much waits for itself. */
static bool is_before(const struct request *a, const struct request *b)
{
	if (!a->looks != !b->looks)
		return !a->looks;
	return a->due < b->due;
}

static void heap_up(struct request **heap, size_t i)
{
	for (; i && is_before(heap[i], heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&heap[i], &heap[(i - 1) / 2]);
}

static void heap_push(struct rs_lookup *lookup, struct request *request)
{
	lookup->heap[lookup->n_heap++] = request;
	heap_up(lookup->heap, lookup->n_heap - 1);
}

static struct request *heap_pop(struct rs_lookup *lookup)
{
	struct request **heap = lookup->heap, *top = heap[0];
	size_t i = 0, n = --lookup->n_heap;

	heap[0] = heap[n];
	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < n && is_before(heap[child + 1], heap[child]))
			child++;
		if (child >= n || !is_before(heap[child], heap[i]))
			return top;
		swap(&heap[i], &heap[child]);
		i = child;
	}
}

/* --- the thread --- */

/* One look; true when there is nothing better to come. What was found before stays, if this look fails:
 * the container may be gone by now. */
static bool look(const struct rs_lookup *lookup, struct request *request)
{
	struct rs_metadata *metadata = NULL;
	int r;

	if (request->hurry && (request->looks || request->question.doubtful))
		return true;
	r = rs_metadata_read(lookup->root, lookup->proc, &request->question, &metadata, NULL);
	request->looks++;
	if (r == 0) {
		rs_metadata_free(&request->metadata);
		request->metadata = metadata;
	}
	return (r == 0 && !metadata->partial) || r == -EINVAL || request->hurry ||
	       rs_clock_mono() >= request->deadline;
}

static void answer(struct rs_lookup *lookup, struct request *request)
{
	const uint64_t one = 1;
	bool first = !lookup->answers;

	*lookup->answers_end = request;
	lookup->answers_end = &request->next;
	lookup->stats.answers++;
	lookup->stats.empty += !request->metadata;
	if (first && write(lookup->fd, &one, sizeof(one)) < 0)
		return; /* it counts up to 2^64 */
}

/* The last look is at the deadline, whatever the step would be. */
static void wait_again(struct rs_lookup *lookup, struct request *request)
{
	uint64_t due = rs_clock_mono() + request->step;

	request->due = MIN(due, request->deadline);
	request->step *= 2;
	heap_push(lookup, request);
}

static int wait_until(struct rs_lookup *lookup, pthread_cond_t *cond, uint64_t until)
{
	struct timespec at = { .tv_sec = (time_t)(until / RS_NSEC_PER_SEC),
			       .tv_nsec = (long)(until % RS_NSEC_PER_SEC) };

	return pthread_cond_timedwait(cond, &lookup->lock, &at);
}

/* One look, without the lock; false: somebody else does the work by now. */
static bool serve_one(struct rs_lookup *lookup, struct worker *worker)
{
	struct request *request = heap_pop(lookup);
	bool done;

	worker->request = request;
	worker->since = rs_clock_mono();
	worker->hurry = false;
	pthread_mutex_unlock(&lookup->lock);
	done = look(lookup, request);
	pthread_mutex_lock(&lookup->lock);
	worker->request = NULL;
	if (worker->left) { /* it was answered in our absence */
		request_free(&request);
		if (lookup->worker || lookup->stop)
			return false;
		worker->left = false;
		lookup->worker = worker;
	} else if (done || worker->hurry) {
		answer(lookup, request);
	} else {
		wait_again(lookup, request);
	}
	return true;
}

static void serve(struct rs_lookup *lookup, struct worker *worker)
{
	while (!lookup->stop) {
		struct request *top = lookup->n_heap ? lookup->heap[0] : NULL;

		if (!top)
			pthread_cond_wait(&lookup->wake, &lookup->lock);
		else if (top->looks && top->due > rs_clock_mono())
			wait_until(lookup, &lookup->wake, top->due);
		else if (!serve_one(lookup, worker))
			return;
	}
}

static void destroy(struct rs_lookup *lookup)
{
	struct request *request;

	while (lookup->n_heap) {
		request = lookup->heap[--lookup->n_heap];
		request_free(&request);
	}
	while ((request = lookup->answers)) {
		lookup->answers = request->next;
		request_free(&request);
	}
	rs_cleanup_close(&lookup->fd);
	pthread_cond_destroy(&lookup->wake);
	pthread_cond_destroy(&lookup->over);
	pthread_mutex_destroy(&lookup->lock);
	free(lookup->root);
	free(lookup->proc);
	free(lookup);
}

static void *run(void *data)
{
	struct worker *worker = data;
	struct rs_lookup *lookup = worker->lookup;
	bool last;

	pthread_mutex_lock(&lookup->lock);
	serve(lookup, worker);
	if (lookup->worker == worker) {
		lookup->ended = true;
		pthread_cond_signal(&lookup->over);
	} else {
		free(worker);
	}
	last = --lookup->threads == 0 && lookup->closed;
	pthread_mutex_unlock(&lookup->lock);
	if (last)
		destroy(lookup);
	return NULL;
}

/* --- threads that hang --- */

static int start_worker(struct rs_lookup *lookup)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	sigset_t all, before;
	int r;

	if (!worker)
		return -ENOMEM;
	worker->lookup = lookup;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&worker->thread, NULL, run, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r) {
		free(worker);
		return -r;
	}
	pthread_setname_np(worker->thread, "rs-lookup");
	lookup->threads++;
	lookup->worker = worker;
	return 0;
}

static void leave_behind(struct rs_lookup *lookup)
{
	struct worker *worker = lookup->worker;

	worker->left = true;
	if (!worker->detached)
		pthread_detach(worker->thread);
	worker->detached = true;
	lookup->worker = NULL;
}

/* Nobody looks: what is over is answered with what there is. */
static void give_up(struct rs_lookup *lookup, uint64_t now)
{
	size_t n = lookup->n_heap;

	lookup->n_heap = 0;
	for (size_t i = 0; i < n; i++) {
		struct request *request = lookup->heap[i];

		if (request->hurry || now >= request->deadline)
			answer(lookup, request);
		else
			heap_push(lookup, request);
	}
}

/* The caller's own thread sees to it, whenever it asks or takes. */
static void relieve(struct rs_lookup *lookup)
{
	struct worker *worker = lookup->worker;
	uint64_t now = rs_clock_mono();

	if (worker && worker->request && now > worker->since + RS_LOOKUP_HANG_NS) {
		struct request *empty = calloc(1, sizeof(*empty));

		if (!empty)
			return;
		empty->cookie = worker->request->cookie;
		answer(lookup, empty);
		leave_behind(lookup);
		lookup->stats.hung++;
	}
	if (lookup->worker || !lookup->started)
		return;
	if (lookup->threads >= RS_LOOKUP_THREADS_MAX || start_worker(lookup) < 0)
		give_up(lookup, now);
}

/* --- for the caller --- */

static int init_cond(pthread_cond_t *cond)
{
	pthread_condattr_t attributes;
	int r = pthread_condattr_init(&attributes);

	if (r)
		return -r;
	r = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	if (!r)
		r = pthread_cond_init(cond, &attributes);
	pthread_condattr_destroy(&attributes);
	return -r;
}

int rs_lookup_new(const char *root, const char *proc, struct rs_lookup **ret_lookup,
		  struct rs_error *err)
{
	struct rs_lookup *lookup = calloc(1, sizeof(*lookup));
	int r;

	if (!lookup)
		return rs_error_set_errno(err, -ENOMEM, "looking for containers' names");
	r = init_cond(&lookup->wake);
	if (!r)
		r = init_cond(&lookup->over);
	if (r < 0) {
		free(lookup);
		return rs_error_set_errno(err, r, "looking for containers' names");
	}
	pthread_mutex_init(&lookup->lock, NULL);
	lookup->answers_end = &lookup->answers;
	lookup->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = lookup->fd < 0 ? -errno : 0;
	lookup->root = root ? strdup(root) : NULL;
	lookup->proc = proc ? strdup(proc) : NULL;
	if ((root && !lookup->root) || (proc && !lookup->proc))
		r = -ENOMEM;
	if (r < 0) {
		destroy(lookup);
		return rs_error_set_errno(err, r, "looking for containers' names");
	}
	*ret_lookup = lookup;
	return 0;
}

int rs_lookup_start(struct rs_lookup *lookup, struct rs_error *err)
{
	int r;

	if (lookup->started)
		return rs_error_set_errno(err, -EALREADY, "starting the thread of lookups");
	pthread_mutex_lock(&lookup->lock);
	r = start_worker(lookup);
	lookup->started = r == 0;
	pthread_mutex_unlock(&lookup->lock);
	if (r < 0)
		return rs_error_set_errno(err, r, "starting the thread of lookups");
	return 0;
}

/* Waits for the one that works, and leaves it behind if it hangs. */
static void end_worker(struct rs_lookup *lookup)
{
	uint64_t until = rs_clock_mono() + RS_LOOKUP_JOIN_NS;
	struct worker *worker;

	pthread_mutex_lock(&lookup->lock);
	lookup->stop = true;
	pthread_cond_broadcast(&lookup->wake);
	while (lookup->worker && !lookup->ended && wait_until(lookup, &lookup->over, until) == 0)
		;
	if (lookup->worker && !lookup->ended)
		leave_behind(lookup);
	worker = lookup->worker;
	pthread_mutex_unlock(&lookup->lock);
	if (worker && !worker->detached)
		pthread_join(worker->thread, NULL);
	free(worker);
}

void rs_lookup_free(struct rs_lookup **lookup)
{
	bool last;

	if (!*lookup)
		return;
	end_worker(*lookup);
	pthread_mutex_lock(&(*lookup)->lock);
	(*lookup)->closed = true;
	last = !(*lookup)->threads;
	pthread_mutex_unlock(&(*lookup)->lock);
	if (last)
		destroy(*lookup);
	*lookup = NULL;
}

int rs_lookup_fd(const struct rs_lookup *lookup)
{
	return lookup->fd;
}

static const char *put(char **to, const void *data, size_t n)
{
	char *start = *to;

	if (!data)
		return NULL;
	memcpy(start, data, n);
	*to += n;
	return start;
}

static size_t text_size(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static struct request *request_new(const struct rs_metadata_question *q)
{
	size_t args = q->maker_args ? q->maker_args_len : 0;
	struct request *request = calloc(1, sizeof(*request) + text_size(q->id) +
						    text_size(q->runtime) + text_size(q->cgroup) +
						    text_size(q->maker_cwd) + args);
	char *to = (char *)(request + 1);

	if (!request)
		return NULL;
	request->question = *q;
	request->question.id = put(&to, q->id, text_size(q->id));
	request->question.runtime = put(&to, q->runtime, text_size(q->runtime));
	request->question.cgroup = put(&to, q->cgroup, text_size(q->cgroup));
	request->question.maker_cwd = put(&to, q->maker_cwd, text_size(q->maker_cwd));
	request->question.maker_args = put(&to, q->maker_args, args);
	request->question.maker_args_len = args;
	return request;
}

int rs_lookup_ask(struct rs_lookup *lookup, const struct rs_metadata_question *question,
		  uint64_t cookie, uint64_t deadline)
{
	struct request *request = request_new(question);
	int r = 0;

	if (!request)
		return -ENOMEM;
	request->cookie = cookie;
	request->deadline = deadline;
	request->due = rs_clock_mono();
	request->step = STEP_FIRST_NS;
	if (question->doubtful && deadline > request->due)
		request->step = deadline - request->due;
	pthread_mutex_lock(&lookup->lock);
	relieve(lookup);
	if (lookup->pending < RS_LOOKUP_WAITING_MAX) {
		lookup->pending++;
		heap_push(lookup, TAKE_PTR(request));
		pthread_cond_signal(&lookup->wake);
	} else {
		lookup->stats.refused++;
		r = -EAGAIN;
	}
	pthread_mutex_unlock(&lookup->lock);
	request_free(&request);
	return r;
}

void rs_lookup_hurry(struct rs_lookup *lookup, uint64_t cookie)
{
	pthread_mutex_lock(&lookup->lock);
	if (lookup->worker && lookup->worker->request && lookup->worker->request->cookie == cookie)
		lookup->worker->hurry = true;
	for (size_t i = 0; i < lookup->n_heap; i++) {
		if (lookup->heap[i]->cookie != cookie)
			continue;
		lookup->heap[i]->hurry = true;
		lookup->heap[i]->due = 0;
		heap_up(lookup->heap, i);
		pthread_cond_signal(&lookup->wake);
	}
	pthread_mutex_unlock(&lookup->lock);
}

/* The first answer, or NULL; the last one makes the descriptor quiet again. */
static struct request *take(struct rs_lookup *lookup)
{
	struct request *request = lookup->answers;
	uint64_t count;

	if (!request)
		return NULL;
	lookup->answers = request->next;
	lookup->pending--;
	if (!lookup->answers) {
		lookup->answers_end = &lookup->answers;
		if (read(lookup->fd, &count, sizeof(count)) < 0)
			return request; /* nothing to be done about it */
	}
	return request;
}

bool rs_lookup_take(struct rs_lookup *lookup, uint64_t *ret_cookie,
		    struct rs_metadata **ret_metadata)
{
	struct request *request;

	pthread_mutex_lock(&lookup->lock);
	relieve(lookup);
	request = take(lookup);
	pthread_mutex_unlock(&lookup->lock);
	if (!request)
		return false;
	*ret_cookie = request->cookie;
	*ret_metadata = TAKE_PTR(request->metadata);
	request_free(&request);
	return true;
}

void rs_lookup_stats(struct rs_lookup *lookup, struct rs_lookup_stats *ret_stats)
{
	struct rs_lookup_stats stats;

	pthread_mutex_lock(&lookup->lock);
	stats = lookup->stats;
	for (const struct request *request = lookup->answers; request; request = request->next)
		stats.waiting++;
	stats.waiting = lookup->pending - stats.waiting;
	pthread_mutex_unlock(&lookup->lock);
	*ret_stats = stats;
}
