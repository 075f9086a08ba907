/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pump.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/fold.h"
#include "agent/pathcheck.h"
#include "base/clock.h"
#include "base/units.h"
#include "kern/ring.h"

#define CLOCK_NS  RS_NSEC_PER_SEC          /* the real clock is looked at again, while busy */
#define AWAIT_MS  10                       /* between two looks for a name, when all ends */
#define SETTLE_NS (100 * RS_NSEC_PER_MSEC) /* a program that runs when we stop ends long before */

struct rs_pump {
	struct rs_pump_parts parts;
	struct rs_ring *ring;
	struct rs_fold *fold;            /* NULL: every event by itself */
	struct rs_expr_run *run;         /* scratch of the condition */
	const struct rs_opt_list *paths; /* NULL: no path filter */
	const struct rs_expr *where;     /* NULL: no condition */
	int64_t boot_offset;
	struct rs_loop_source *ring_source, *tick, *again, *out_source, *later;
	struct rs_pump_counts counts;
	struct rs_error err;
	uint64_t now;        /* monotonic ns, of this turn */
	uint64_t clock_next; /* monotonic ns */
	uint64_t lost;       /* records of control groups, seen lost so far */
	uint64_t *seq;       /* the last of each lane of each CPU, and of its other sequence */
	size_t cpus;
	uint64_t later_at;            /* monotonic ns at which `later` fires, 0: it does not */
	size_t since_tick;            /* records since the last tick */
	bool fed;                     /* the first record in the buffer has told who is who */
	bool waiting;                 /* and waits for a name */
	bool patient;                 /* records may wait */
	bool muted;                   /* no wake-ups by the ring buffer */
	bool armed;                   /* since the last tick at least */
	bool blocked;                 /* the output cannot take more now */
	bool dead;                    /* the output failed: records are only counted */
	char path[RS_EVENT_PATH_MAX]; /* scratch */
};

/* --- one record --- */

static void count_undecoded(struct rs_pump *pump, const void *record, size_t size)
{
	const struct rs_hdr *hdr = record;

	if (size >= sizeof(hdr->kind) && hdr->kind < RS_KIND_COUNT)
		pump->counts.undecoded[hdr->kind]++;
	else
		pump->counts.unknown++;
}

/* Remembers a failure of the output: from now on events are counted as unwritten. */
static int die(struct rs_pump *pump, int r)
{
	pump->dead = true;
	return r;
}

static int flush(struct rs_pump *pump)
{
	int r;

	if (pump->dead)
		return 0;
	r = rs_output_flush(pump->parts.output, &pump->err);
	if (r < 0)
		return die(pump, r);
	pump->blocked = r == RS_OUTPUT_BLOCKED;
	return 0;
}

/* Counts an event, or the several that one line stands for, as delivered. */
static int commit(struct rs_pump *pump, uint64_t kinds, bool written)
{
	int r = 0;

	for (; kinds && !r; kinds &= kinds - 1) {
		unsigned kind = (unsigned)__builtin_ctzll(kinds);

		pump->counts.delivered[kind]++;
		if (written)
			r = rs_output_commit(pump->parts.output, kind);
	}
	return r;
}

static void count_unwritten(struct rs_pump *pump, uint64_t kinds)
{
	for (; kinds; kinds &= kinds - 1)
		pump->counts.unwritten[__builtin_ctzll(kinds)]++;
}

/* rs_fold_fn */
static int show(void *data, struct rs_event *event, uint64_t kinds)
{
	struct rs_pump *pump = data;
	struct rs_str *out = rs_output_buffer(pump->parts.output);
	size_t before = out->len;
	int r;

	if (unlikely(pump->dead)) {
		count_unwritten(pump, kinds);
		return 0;
	}
	r = rs_view_append(pump->parts.view, event, out);
	if (r < 0)
		count_unwritten(pump, kinds);
	else
		r = commit(pump, kinds, out->len > before);
	if (r < 0) {
		rs_error_set_errno(&pump->err, r, "writing an event");
		return die(pump, r);
	}
	return rs_output_is_full(pump->parts.output) ? flush(pump) : 0;
}

/* The last checks, of what the kernel cannot judge. */
static bool wanted(struct rs_pump *pump, const struct rs_event *event)
{
	if (pump->paths && !rs_pathcheck_event(pump->paths, event, pump->path))
		return false;
	return !pump->where || rs_expr_match(pump->where, pump->run, event);
}

static int deliver(struct rs_pump *pump, struct rs_event *event)
{
	rs_identity_enrich(pump->parts.identity, event);
	if (!wanted(pump, event)) {
		pump->counts.filtered[event->hdr->kind]++;
		return 0;
	}
	if (pump->parts.store)
		rs_store_add(pump->parts.store, event, pump->boot_offset);
	return pump->fold ? rs_fold_take(pump->fold, event)
			  : show(pump, event, 1ull << event->hdr->kind);
}

/* Whether a record may wait: not for long, counted from when it was made, however many stood before it and
 * waited too; and only while there is room in the buffer. */
static bool may_wait(const struct rs_pump *pump, const struct rs_hdr *hdr)
{
	return pump->patient && rs_clock_boot() < hdr->time + RS_CONTAINERS_WAIT_NS &&
	       rs_ring_pending(pump->ring) < rs_ring_size(pump->ring) / 4;
}

/* Sequences have no holes of their own: where one is, a record was lost, and it may have told who is who. */
static void check_sequence(struct rs_pump *pump, const struct rs_hdr *hdr)
{
	size_t i = 2 * ((size_t)hdr->cpu * RS_LANES + hdr->lane) + !!(hdr->flags & RS_HDR_IDENTITY);

	if (unlikely(hdr->cpu >= pump->cpus || hdr->lane >= RS_LANES))
		return;
	if (unlikely(hdr->seq != pump->seq[i] + 1 && pump->seq[i]))
		rs_identity_lost(pump->parts.identity);
	pump->seq[i] = hdr->seq;
}

/* rs_ring_fn. 1 stops the reading because the output is blocked. */
static int on_record(void *arg, const void *record, size_t size)
{
	struct rs_pump *pump = arg;
	struct rs_event event;
	int r = 0;

	if (unlikely(rs_event_decode(record, size, &event) < 0)) {
		count_undecoded(pump, record, size);
		return pump->blocked;
	}
	if (!pump->fed) {
		check_sequence(pump, event.hdr);
		rs_identity_feed(pump->parts.identity, &event);
	}
	if (event.hdr->flags & RS_HDR_IDENTITY) {
		pump->counts.identity[event.hdr->kind]++;
		return pump->blocked;
	}
	pump->fed = true;
	pump->waiting = rs_identity_wait(pump->parts.identity, &event, pump->now) &&
			may_wait(pump, event.hdr);
	if (unlikely(pump->waiting))
		return RS_RING_LEAVE;
	pump->fed = false;
	if (unlikely(pump->dead))
		pump->counts.unwritten[event.hdr->kind]++;
	else
		r = deliver(pump, &event);
	if (r < 0)
		return r;
	return pump->blocked;
}

/* --- turns --- */

/* Whether the programs tell of every process there is. */
static bool all_processes(const struct rs_config *config)
{
	const uint64_t needed = 1ull << RS_KIND_FORK | 1ull << RS_KIND_EXEC;
	uint64_t told = config->identity | (config->filters ? 0 : config->kinds);

	return (told & needed) == needed;
}

/* Records of control groups that were lost may have told of an end that nothing else tells of. */
static bool lost_groups(struct rs_pump *pump)
{
	struct rs_counters kernel;
	uint64_t lost = 0;
	bool more;

	rs_sensors_counters(pump->parts.sensors, &kernel);
	for (unsigned reason = 0; reason < RS_LOSS_COUNT; reason++)
		lost += kernel.lost[reason][RS_KIND_CGROUP_MKDIR] +
			kernel.lost[reason][RS_KIND_CGROUP_RMDIR];
	more = lost > pump->lost;
	pump->lost = lost;
	return more;
}

static void refresh(struct rs_pump *pump)
{
	uint64_t now = rs_clock_mono();

	pump->now = now;
	if (now >= pump->clock_next && lost_groups(pump))
		rs_identity_lost_groups(pump->parts.identity);
	rs_identity_tick(pump->parts.identity, now);
	rs_identity_set_complete(pump->parts.identity,
				 all_processes(rs_sensors_config(pump->parts.sensors)));
	if (now >= pump->clock_next) {
		pump->boot_offset = rs_view_set_boot_offset(pump->parts.view,
							    rs_clock_boot_offset());
		pump->clock_next = now + CLOCK_NS;
	}
}

/* Looks no more until the output is writable again. */
static int wait_for_output(struct rs_pump *pump)
{
	rs_loop_set_defer(pump->again, RS_LOOP_DEFER_OFF);
	rs_loop_set_timer(pump->tick, 0, 0);
	rs_loop_set_events(pump->ring_source, 0); /* a full buffer would wake us for nothing */
	return pump->out_source ? rs_loop_set_events(pump->out_source, EPOLLOUT) : 0;
}

/* Shows what was held back long enough, as long as the output takes it. */
static int expire(struct rs_pump *pump, uint64_t boot_now)
{
	int r = 1;

	while (r == 1 && pump->fold && !pump->blocked)
		r = rs_fold_expire(pump->fold, boot_now);
	return MIN(r, 0);
}

/* What is held back or waits for the store has its time, also when no more records come. */
static int act_later(struct rs_pump *pump)
{
	if (pump->parts.store)
		rs_store_tick(pump->parts.store, pump->now);
	return expire(pump, rs_clock_boot());
}

static int plan_later(struct rs_pump *pump)
{
	uint64_t due = pump->fold ? rs_fold_due(pump->fold) : 0, boot = rs_clock_boot();
	struct rs_store_stats stats = { 0 };
	uint64_t wait = UINT64_MAX;

	if (pump->later_at)
		return 0;
	if (pump->parts.store)
		rs_store_stats(pump->parts.store, &stats);
	if (stats.waiting)
		wait = RS_STORE_FLUSH_NS;
	if (due)
		wait = MIN(wait, due > boot ? due - boot : 1);
	if (wait == UINT64_MAX)
		return 0;
	pump->later_at = pump->now + wait;
	return rs_loop_set_timer(pump->later, wait, 0);
}

/* While a record waits, those that come behind it have nothing to tell us: the tick looks after it. */
static int mute(struct rs_pump *pump, bool muted)
{
	if (muted == pump->muted)
		return 0;
	pump->muted = muted;
	return rs_loop_set_events(pump->ring_source, muted ? 0 : EPOLLIN | EPOLLET);
}

/* Reads what is there, a turn's worth at most; the rest comes in the loop's next round. */
static int turn(struct rs_pump *pump)
{
	size_t count = 0;
	int r;

	refresh(pump);
	r = rs_ring_consume(pump->ring, on_record, pump, RS_AGENT_TURN, &count);
	pump->since_tick += count;
	if (r >= 0)
		r = act_later(pump);
	if (r >= 0 && !pump->blocked)
		r = flush(pump);
	if (r >= 0)
		r = plan_later(pump);
	if (r < 0)
		return r;
	if (pump->blocked)
		return wait_for_output(pump);
	r = mute(pump, pump->waiting);
	if (r < 0)
		return r;
	rs_loop_set_defer(pump->again,
			  count >= RS_AGENT_TURN ? RS_LOOP_DEFER_ONCE : RS_LOOP_DEFER_OFF);
	return 0;
}

static int on_later(struct rs_loop *loop, uint64_t expirations, void *data)
{
	struct rs_pump *pump = data;

	(void)loop;
	(void)expirations;
	pump->later_at = 0;
	if (!pump->blocked)
		return turn(pump);
	pump->now = rs_clock_mono();
	return act_later(pump);
}

int rs_pump_news(void *data)
{
	struct rs_pump *pump = data;

	return pump->waiting && !pump->blocked ? turn(pump) : 0;
}

static int start_ticking(struct rs_pump *pump)
{
	pump->armed = false;
	rs_ring_disarm(pump->ring);
	return rs_loop_set_timer(pump->tick, RS_AGENT_TICK_NS, RS_AGENT_TICK_NS);
}

static int on_ring(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	struct rs_pump *pump = data;
	int r;

	(void)loop;
	(void)fd;
	(void)events;
	if (pump->blocked)
		return 0;
	pump->counts.wakeups++;
	r = start_ticking(pump);
	return r < 0 ? r : turn(pump);
}

static int on_tick(struct rs_loop *loop, uint64_t expirations, void *data)
{
	struct rs_pump *pump = data;
	bool idle = !pump->since_tick && !pump->waiting;

	(void)loop;
	(void)expirations;
	pump->counts.wakeups++;
	pump->since_tick = 0;
	if (idle && !rs_ring_arm(pump->ring)) {
		/* who looked whether we are armed just before we were is done by the next tick */
		if (pump->armed)
			return rs_loop_set_timer(pump->tick, 0, 0);
		pump->armed = true;
		return 0;
	}
	if (idle)
		rs_ring_disarm(pump->ring);
	pump->armed = false;
	return turn(pump);
}

static int on_again(struct rs_loop *loop, void *data)
{
	struct rs_pump *pump = data;

	(void)loop;
	return pump->blocked ? 0 : turn(pump);
}

static int reader_gone(struct rs_pump *pump)
{
	int code = rs_output_is_terminal(pump->parts.output) ? -EIO : -EPIPE;

	return die(pump, rs_error_set_errno(&pump->err, code, "writing events"));
}

static int on_output(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	struct rs_pump *pump = data;
	int r;

	(void)loop;
	(void)fd;
	if (events & (EPOLLERR | EPOLLHUP))
		return reader_gone(pump);
	if (!pump->blocked)
		return rs_loop_set_events(pump->out_source, 0);
	r = flush(pump);
	if (r < 0 || pump->blocked)
		return r;
	r = rs_loop_set_events(pump->out_source, 0);
	if (!r)
		r = rs_loop_set_events(pump->ring_source, EPOLLIN | EPOLLET);
	pump->muted = false;
	if (!r)
		r = start_ticking(pump);
	return r < 0 ? r : turn(pump);
}

/* --- life --- */

int rs_pump_new(const struct rs_pump_parts *parts, struct rs_pump **ret_pump, struct rs_error *err)
{
	_cleanup_(rs_pump_free) struct rs_pump *pump = calloc(1, sizeof(*pump));
	int r;

	if (!pump)
		return rs_error_set_errno(err, -ENOMEM, "making the pipeline ready");
	pump->parts = *parts;
	pump->ring = rs_sensors_ring(parts->sensors);
	pump->boot_offset = parts->host->boot_offset;
	pump->patient = true;
	pump->cpus = (size_t)MAX(sysconf(_SC_NPROCESSORS_CONF), 1);
	pump->seq = calloc(2 * pump->cpus * RS_LANES, sizeof(*pump->seq));
	r = pump->seq ? rs_expr_run_new(parts->host, &pump->run) : -ENOMEM;
	if (r < 0)
		return rs_error_set_errno(err, r, "making the pipeline ready");
	r = parts->fold ? rs_fold_new(show, pump, &pump->fold, err) : 0;
	if (r < 0)
		return r;
	*ret_pump = TAKE_PTR(pump);
	return 0;
}

void rs_pump_free(struct rs_pump **pump)
{
	struct rs_pump *p = *pump;

	if (!p)
		return;
	rs_loop_remove(&p->ring_source);
	rs_loop_remove(&p->tick);
	rs_loop_remove(&p->again);
	rs_loop_remove(&p->out_source);
	rs_loop_remove(&p->later);
	rs_fold_free(&p->fold);
	rs_expr_run_free(&p->run);
	free(p->seq);
	free(p);
	*pump = NULL;
}

void rs_pump_set_filter(struct rs_pump *pump, const struct rs_agent_filter *filter)
{
	pump->paths = filter->paths.len ? &filter->paths : NULL;
	pump->where = filter->where;
}

/* Pipes, sockets and terminals are watched for their reader's end too; files refuse (-EPERM). */
static int watch_output(struct rs_pump *pump, struct rs_error *err)
{
	int r = rs_loop_add_fd(pump->parts.loop, rs_output_fd(pump->parts.output), 0, on_output,
			       pump, &pump->out_source, err);

	if (r == -EPERM) {
		rs_error_reset(err);
		return 0;
	}
	return r;
}

int rs_pump_start(struct rs_pump *pump, struct rs_error *err)
{
	struct rs_loop *loop = pump->parts.loop;
	int r;

	pump->clock_next = rs_clock_mono() + CLOCK_NS;
	/* Edge-triggered: records that wait while we tick must not wake us again and again. */
	r = rs_loop_add_fd(loop, rs_ring_fd(pump->ring), EPOLLIN | EPOLLET, on_ring, pump,
			   &pump->ring_source, err);
	if (!r)
		r = rs_loop_add_timer(loop, 0, 0, on_tick, pump, &pump->tick, err);
	if (!r)
		r = rs_loop_add_timer(loop, 0, 0, on_later, pump, &pump->later, err);
	if (!r)
		r = rs_loop_add_defer(loop, RS_LOOP_DEFER_OFF, on_again, pump, &pump->again, err);
	if (!r)
		r = watch_output(pump, err);
	if (r < 0)
		return r;
	if (rs_ring_arm(pump->ring))
		rs_loop_set_defer(pump->again, RS_LOOP_DEFER_ONCE);
	return rs_loop_set_timer(pump->tick, RS_AGENT_TICK_NS, RS_AGENT_TICK_NS);
}

const struct rs_error *rs_pump_error(const struct rs_pump *pump)
{
	return &pump->err;
}

/* Whether every event that the programs made is accounted for. */
static bool settled(const struct rs_pump *pump)
{
	const struct rs_pump_counts *counts = &pump->counts;
	struct rs_counters kernel;
	uint64_t made = 0, known = counts->unknown;

	rs_sensors_counters(pump->parts.sensors, &kernel);
	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++) {
		made += kernel.generated[kind];
		known += counts->delivered[kind] + counts->filtered[kind] +
			 counts->undecoded[kind] + counts->unwritten[kind] + counts->identity[kind];
		for (unsigned reason = 0; reason < RS_LOSS_COUNT; reason++)
			known += kernel.lost[reason][kind];
	}
	return made == known;
}

/* Waits for a slow reader until the deadline or until it is called off; then gives the output up. */
static void wait_writable(struct rs_pump *pump, uint64_t deadline, int cancel_fd)
{
	struct pollfd fds[] = {
		{ .fd = rs_output_fd(pump->parts.output), .events = POLLOUT },
		{ .fd = cancel_fd, .events = POLLIN },
	};
	uint64_t now = rs_clock_mono();
	int r = 0;

	if (now < deadline)
		r = poll(fds, ARRAY_SIZE(fds), (int)((deadline - now) / RS_NSEC_PER_MSEC) + 1);
	pump->blocked = false;
	if (r <= 0 || fds[1].revents)
		pump->dead = true;
	else
		flush(pump);
}

void rs_pump_finish(struct rs_pump *pump, uint64_t timeout_ns, int cancel_fd)
{
	uint64_t deadline = rs_clock_mono() + timeout_ns;
	uint64_t settle = rs_clock_mono() + SETTLE_NS;
	uint64_t patience = rs_clock_mono() + MIN(timeout_ns, RS_CONTAINERS_WAIT_NS);
	size_t count;

	pump->blocked = pump->blocked && !pump->dead;
	for (;;) {
		count = 0;
		pump->now = rs_clock_mono();
		pump->patient = pump->now < patience;
		if (pump->blocked)
			wait_writable(pump, deadline, cancel_fd);
		if (!pump->blocked)
			rs_ring_consume(pump->ring, on_record, pump, RS_AGENT_TURN, &count);
		if (!count && !pump->waiting)
			expire(pump, UINT64_MAX);
		if (!pump->blocked)
			flush(pump);
		if (pump->waiting)
			rs_identity_await(pump->parts.identity, AWAIT_MS);
		if (pump->blocked || pump->waiting || count)
			continue;
		if (settled(pump) || rs_clock_mono() >= settle)
			break;
		poll(NULL, 0, 1); /* a program is still at it: there is nothing to wait on */
	}
}

void rs_pump_counts(const struct rs_pump *pump, struct rs_pump_counts *ret_counts)
{
	uint64_t waiting[RS_KIND_MAX] = { 0 };

	*ret_counts = pump->counts;
	if (pump->fold)
		rs_fold_held(pump->fold, ret_counts->held);
	if (!pump->dead)
		return;
	rs_output_unwritten(pump->parts.output, waiting);
	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++) {
		ret_counts->delivered[kind] -= waiting[kind];
		ret_counts->unwritten[kind] += waiting[kind];
	}
}
