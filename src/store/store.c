/* SPDX-License-Identifier: Apache-2.0 */
/* The caller's side: packs, the queue to the writer's thread, and the thread. */
#include "store/store.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "store/writer.h"

#define QUEUE_PACKS 16
#define QUEUE_BYTES                                                                                \
	(6u << 20) /* of all packs: the open one, those that wait, and the one at work */
#define SPARE_PACKS 1

struct rs_store {
	struct rs_pack *open; /* NULL: no memory for one */
	uint64_t span;
	struct rs_writer_stats stats;
	_Atomic uint64_t waiting, refused; /* events; refused: the queue was full */
	struct rs_writer *writer;

	pthread_mutex_t mutex; /* for what follows; held for moments only */
	pthread_cond_t news;
	struct rs_pack *first, **last;
	struct rs_pack *spare;
	unsigned n_queued, n_spare;
	size_t bytes; /* of all packs but spare ones */
	bool ending;

	pthread_t thread;
	bool started;
};

/* --- the queue --- */

static struct rs_pack *take_spare(struct rs_store *s)
{
	struct rs_pack *pack = s->spare;

	if (pack) {
		s->spare = pack->next;
		s->n_spare--;
	}
	return pack;
}

static void give_back(struct rs_store *s, struct rs_pack *pack, size_t bytes)
{
	pthread_mutex_lock(&s->mutex);
	s->bytes -= bytes;
	if (s->n_spare < SPARE_PACKS) {
		pack->next = s->spare;
		s->spare = TAKE_PTR(pack);
		s->n_spare++;
	}
	pthread_mutex_unlock(&s->mutex);
	rs_pack_free(&pack);
}

/* Hands a pack to the writer, and gets one to go on with. False: no room, the pack stays. */
static bool exchange(struct rs_store *s, struct rs_pack *pack, struct rs_pack **ret_next)
{
	size_t bytes = rs_pack_bytes(pack);
	struct rs_pack *next;

	pthread_mutex_lock(&s->mutex);
	if (s->n_queued >= QUEUE_PACKS || (s->n_queued && s->bytes + bytes > QUEUE_BYTES)) {
		pthread_mutex_unlock(&s->mutex);
		return false;
	}
	pack->next = NULL;
	*s->last = pack;
	s->last = &pack->next;
	s->n_queued++;
	s->bytes += bytes;
	next = take_spare(s);
	pthread_cond_signal(&s->news);
	pthread_mutex_unlock(&s->mutex);
	if (next)
		rs_pack_reset(next);
	else if (rs_pack_new(&next) < 0)
		next = NULL;
	*ret_next = next;
	return true;
}

static struct rs_pack *next_pack(struct rs_store *s)
{
	struct rs_pack *pack = s->first;

	if (!pack)
		return NULL;
	s->first = pack->next;
	if (!s->first)
		s->last = &s->first;
	s->n_queued--;
	return pack;
}

/* --- the thread --- */

static void store_pack(struct rs_store *s, struct rs_pack *pack)
{
	uint32_t n = pack->n;

	rs_writer_take(s->writer, pack);
	give_back(s, pack, rs_pack_bytes(pack));
	s->waiting -= n;
}

/* Until a pack is there, or it is to end; what is due meanwhile is done. With the mutex held. */
static void wait_for_news(struct rs_store *s)
{
	while (!s->first && !s->ending) {
		struct timespec until;
		uint64_t at;

		pthread_mutex_unlock(&s->mutex);
		at = rs_writer_idle(s->writer) + rs_clock_mono();
		pthread_mutex_lock(&s->mutex);
		until.tv_sec = (time_t)(at / 1000000000);
		until.tv_nsec = (long)(at % 1000000000);
		if (!s->first && !s->ending)
			pthread_cond_timedwait(&s->news, &s->mutex, &until);
	}
}

static void *run(void *data)
{
	struct rs_store *s = data;
	struct rs_pack *pack;
	struct timespec cpu;

	pthread_mutex_lock(&s->mutex);
	for (;;) {
		wait_for_news(s);
		pack = next_pack(s);
		if (!pack)
			break;
		pthread_mutex_unlock(&s->mutex);
		store_pack(s, pack);
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
		s->stats.writer_ns = (uint64_t)cpu.tv_sec * 1000000000 + (uint64_t)cpu.tv_nsec;
		pthread_mutex_lock(&s->mutex);
	}
	pthread_mutex_unlock(&s->mutex);
	return NULL;
}

int rs_store_start(struct rs_store *s, struct rs_error *err)
{
	sigset_t all, before;
	int r;

	if (s->started)
		return 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = -pthread_create(&s->thread, NULL, run, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r < 0)
		return rs_error_set_errno(err, r, "starting the thread that stores events");
	pthread_setname_np(s->thread, "store");
	s->started = true;
	return 0;
}

/* --- opening --- */

/* A disk that cannot take anything now may do so later. */
static bool is_passing(int r)
{
	return r == -ENOSPC || r == -EDQUOT || r == -EROFS || r == -EIO;
}

static int open_writer(struct rs_store *s, const struct rs_store_options *o,
		       const struct rs_event_host *host, struct rs_error *err)
{
	struct rs_writer_options options = {
		.dir = o->dir,
		.max_age = o->max_age ? o->max_age : RS_STORE_AGE,
		.max_bytes = o->max_bytes ? o->max_bytes : RS_STORE_BYTES,
		.span = s->span,
		.steady = o->steady,
		.note = o->note,
		.data = o->data,
	};
	struct rs_error why = RS_ERROR_INIT;
	int r = rs_writer_new(&options, host, &s->stats, &s->writer);

	if (r < 0)
		return rs_error_set_errno(err, r, "opening \"%s\"", o->dir);
	r = rs_writer_open(s->writer, &why);
	if (is_passing(r)) {
		rs_writer_fail(s->writer, &why);
		return 0;
	}
	if (r < 0 && err)
		*err = why;
	return r;
}

/* Waited for by the clock that nobody sets. */
static void init_news(pthread_cond_t *news)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(news, &attr);
	pthread_condattr_destroy(&attr);
}

int rs_store_open(const struct rs_store_options *options, const struct rs_event_host *host,
		  struct rs_store **ret_store, struct rs_error *err)
{
	_cleanup_(rs_store_close) struct rs_store *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return rs_error_set_errno(err, -ENOMEM, "opening \"%s\"", options->dir);
	s->last = &s->first;
	s->span = options->file_span && options->file_span < RS_DIR_SPAN ? options->file_span
									 : RS_DIR_SPAN;
	pthread_mutex_init(&s->mutex, NULL);
	init_news(&s->news);
	r = rs_pack_new(&s->open);
	if (r < 0)
		return rs_error_set_errno(err, r, "opening \"%s\"", options->dir);
	r = open_writer(s, options, host, err);
	if (r < 0)
		return r;
	*ret_store = TAKE_PTR(s);
	return 0;
}

/* --- adding --- */

static void refuse(struct rs_store *s)
{
	s->refused += s->open->n;
	s->waiting -= s->open->n;
	rs_pack_reset(s->open);
}

static void hand_over(struct rs_store *s)
{
	struct rs_pack *next = NULL;

	if (!s->open->n)
		return;
	if (exchange(s, s->open, &next))
		s->open = next;
	else
		refuse(s);
}

/* Files are of one hour; what comes late by a little goes with the others. */
static bool other_file(const struct rs_store *s, const struct rs_pack *pack, uint64_t real)
{
	return real >= pack->start + s->span || real + RS_DIR_SLACK < pack->start;
}

void rs_store_add(struct rs_store *s, const struct rs_event *event, int64_t boot_offset)
{
	uint64_t real = event->hdr->time + (uint64_t)boot_offset;
	int r = 0;

	if (unlikely(!s->open) && rs_pack_new(&s->open) < 0)
		r = -ENOMEM;
	if (r >= 0 && s->open->n && other_file(s, s->open, real))
		hand_over(s);
	if (r >= 0 && s->open)
		r = rs_pack_add(s->open, event, boot_offset);
	if (r == -ENOBUFS && s->open->n) {
		hand_over(s);
		if (s->open)
			r = rs_pack_add(s->open, event, boot_offset);
	}
	if (unlikely(r < 0 || !s->open)) {
		s->refused++;
		return;
	}
	s->waiting++;
	if (s->open->n == 1) {
		s->open->start = real - real % s->span;
		s->open->opened = rs_clock_mono();
	}
}

void rs_store_tick(struct rs_store *s, uint64_t now)
{
	if (s->open && s->open->n && now - s->open->opened >= RS_STORE_FLUSH_NS)
		hand_over(s);
}

void rs_store_stats(const struct rs_store *s, struct rs_store_stats *ret_stats)
{
	*ret_stats = (struct rs_store_stats){
		.stored = s->stats.stored,
		.waiting = s->waiting,
		.not_stored = s->stats.not_stored + s->refused,
		.blocks = s->stats.blocks,
		.bytes = s->stats.bytes,
		.files = s->stats.files,
		.files_dropped = s->stats.files_dropped,
		.set_aside = s->stats.set_aside,
		.writer_ns = s->stats.writer_ns,
		.failing = s->stats.failing,
	};
}

/* --- the end --- */

static void drain(struct rs_store *s)
{
	struct rs_pack *pack;

	if (s->open && s->open->n) {
		*s->last = TAKE_PTR(s->open);
		s->n_queued++;
	}
	while (s->writer && (pack = next_pack(s)))
		store_pack(s, pack);
}

static void end_thread(struct rs_store *s)
{
	if (!s->started)
		return;
	pthread_mutex_lock(&s->mutex);
	s->ending = true;
	pthread_cond_signal(&s->news);
	pthread_mutex_unlock(&s->mutex);
	pthread_join(s->thread, NULL);
	s->started = false;
}

void rs_store_finish(struct rs_store *s)
{
	if (!s)
		return;
	end_thread(s);
	drain(s);
}

void rs_store_close(struct rs_store **store)
{
	struct rs_store *s = *store;
	struct rs_pack *pack;

	if (!s)
		return;
	rs_store_finish(s);
	rs_writer_free(&s->writer);
	rs_pack_free(&s->open);
	while ((pack = take_spare(s)))
		rs_pack_free(&pack);
	pthread_mutex_destroy(&s->mutex);
	pthread_cond_destroy(&s->news);
	free(s);
	*store = NULL;
}
