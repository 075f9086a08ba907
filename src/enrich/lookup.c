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
	struct rs_metadata *metadata;
	struct request *next; /* among the answers */
};

struct rs_lookup {
	pthread_mutex_t lock; /* all below, but what never changes: fd, root, proc */
	pthread_cond_t wake;  /* there is something to do, or to end */
	pthread_cond_t over;  /* the thread has ended */
	struct request *heap[RS_LOOKUP_WAITING_MAX]; /* the one that is due first on top */
	size_t n_heap;
	struct request *answers, **answers_end;
	size_t pending; /* asked, and the answer not taken */
	struct rs_lookup_stats stats;
	bool stop;
	bool started;
	bool ended;     /* the thread is past its last look */
	bool abandoned; /* nobody waits for it: what is left is its own to free */
	pthread_t thread;
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

static void heap_push(struct rs_lookup *lookup, struct request *request)
{
	struct request **heap = lookup->heap;
	size_t i = lookup->n_heap++;

	heap[i] = request;
	for (; i && heap[i]->due < heap[(i - 1) / 2]->due; i = (i - 1) / 2)
		swap(&heap[i], &heap[(i - 1) / 2]);
}

static struct request *heap_pop(struct rs_lookup *lookup)
{
	struct request **heap = lookup->heap, *top = heap[0];
	size_t i = 0, n = --lookup->n_heap;

	heap[0] = heap[n];
	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < n && heap[child + 1]->due < heap[child]->due)
			child++;
		if (child >= n || heap[i]->due <= heap[child]->due)
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
	int r = rs_metadata_read(lookup->root, lookup->proc, &request->question, &metadata, NULL);

	if (r == 0) {
		rs_metadata_free(&request->metadata);
		request->metadata = metadata;
	}
	return (r == 0 && !metadata->partial) || r == -EINVAL ||
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

static void serve(struct rs_lookup *lookup)
{
	while (!lookup->stop) {
		struct request *request;
		bool done;

		if (!lookup->n_heap) {
			pthread_cond_wait(&lookup->wake, &lookup->lock);
			continue;
		}
		if (lookup->heap[0]->due > rs_clock_mono()) {
			wait_until(lookup, &lookup->wake, lookup->heap[0]->due);
			continue;
		}
		request = heap_pop(lookup);
		pthread_mutex_unlock(&lookup->lock);
		done = look(lookup, request);
		pthread_mutex_lock(&lookup->lock);
		if (done)
			answer(lookup, request);
		else
			wait_again(lookup, request);
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
	struct rs_lookup *lookup = data;
	bool abandoned;

	pthread_mutex_lock(&lookup->lock);
	serve(lookup);
	lookup->ended = true;
	pthread_cond_signal(&lookup->over);
	abandoned = lookup->abandoned;
	pthread_mutex_unlock(&lookup->lock);
	if (abandoned)
		destroy(lookup);
	return NULL;
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
	sigset_t all, before;
	int r;

	if (lookup->started)
		return rs_error_set_errno(err, -EALREADY, "starting the thread of lookups");
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&lookup->thread, NULL, run, lookup);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r)
		return rs_error_set_errno(err, -r, "starting the thread of lookups");
	pthread_setname_np(lookup->thread, "rs-lookup");
	lookup->started = true;
	return 0;
}

/* False: it hangs, and keeps the object. */
static bool end_thread(struct rs_lookup *lookup)
{
	uint64_t until = rs_clock_mono() + RS_LOOKUP_JOIN_NS;
	pthread_t thread = lookup->thread;
	bool ended;

	pthread_mutex_lock(&lookup->lock);
	lookup->stop = true;
	pthread_cond_signal(&lookup->wake);
	while (!lookup->ended && wait_until(lookup, &lookup->over, until) == 0)
		;
	ended = lookup->ended;
	lookup->abandoned = !ended;
	pthread_mutex_unlock(&lookup->lock);
	/* From here on an abandoned one may be gone. */
	if (ended)
		pthread_join(thread, NULL);
	else
		pthread_detach(thread);
	return ended;
}

void rs_lookup_free(struct rs_lookup **lookup)
{
	if (!*lookup)
		return;
	if (!(*lookup)->started || end_thread(*lookup))
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
						    text_size(q->runtime) +
						    text_size(q->maker_cwd) + args);
	char *to = (char *)(request + 1);

	if (!request)
		return NULL;
	request->question = *q;
	request->question.id = put(&to, q->id, text_size(q->id));
	request->question.runtime = put(&to, q->runtime, text_size(q->runtime));
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
	request->step = STEP_FIRST_NS;
	request->due = rs_clock_mono();
	pthread_mutex_lock(&lookup->lock);
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
