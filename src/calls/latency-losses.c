/* SPDX-License-Identifier: Apache-2.0 */
/* What is not over, and what was lost. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "calls/latency-internal.h"
#include "calls/outlier-internal.h"

/* --- system calls --- */

/* How a value of rs_latency_calls begins. */
struct call_begun {
	uint64_t began, nr;
};

struct call_search {
	struct rs_latency_waiting oldest;
	uint64_t now, least;
	size_t n;
};

static int see_call(void *data, const void *key, const void *value)
{
	struct call_search *s = data;
	struct call_begun call;

	memcpy(&call, value, sizeof(call));
	if (!call.began || call.began > s->now || s->now - call.began < s->least)
		return 0;
	s->n++;
	if (s->now - call.began <= s->oldest.ns)
		return 0;
	memcpy(&s->oldest.tid, key, sizeof(s->oldest.tid));
	s->oldest.nr = (uint32_t)call.nr;
	s->oldest.ns = s->now - call.began;
	return 0;
}

bool rs_latency_waiting(struct rs_latency *latency, uint64_t least,
			struct rs_latency_waiting *ret_waiting)
{
	struct call_search search = { .now = rs_clock_mono(), .least = least };

	rs_tool_each(latency->tool->maps.rs_latency_calls, see_call, &search);
	if (!search.n)
		return false;
	search.oldest.more = search.n - 1;
	*ret_waiting = search.oldest;
	return true;
}

/* --- what begins in one place and ends in another --- */

static bool is_apart(const struct rs_latency *latency)
{
	enum rs_latency_source source = latency->options.source;

	return source == RS_LATENCY_BLOCK || source == RS_LATENCY_TCP || source == RS_LATENCY_DNS;
}

struct start_search {
	struct rs_latency_pending *pending;
	uint64_t now, there;
};

static int see_start(void *data, const void *key, const void *value)
{
	struct start_search *s = data;
	struct rs_latency_pending *p = s->pending;
	struct rs_latency_start start;

	(void)key;
	s->there++;
	memcpy(&start, value, sizeof(start));
	if (!start.began) /* a connection: of which there is nothing to wait for */
		return 0;
	if (start.began > s->now || s->now - start.began < RS_LATENCY_LATE_NS) {
		p->waiting++;
		return 0;
	}
	p->late++;
	if (!p->oldest.began || start.began < p->oldest.began)
		p->oldest = start;
	return 0;
}

/* The order makes errors of what happens meanwhile errors on the side of saying nothing. */
int rs_latency_pending(struct rs_latency *latency, struct rs_latency_pending *ret_pending)
{
	const struct bpf_map *tally = latency->tool->maps.rs_latency_tally;
	struct rs_latency_pending p = { .now = rs_clock_mono() };
	struct start_search search = { .pending = &p, .now = p.now };
	uint64_t known;
	int r;

	if (!is_apart(latency))
		return -EOPNOTSUPP;
	p.begun = rs_tool_sum(tally, RS_LATENCY_BEGUN);
	r = rs_tool_each(latency->tool->maps.rs_latency_starts, see_start, &search);
	if (r < 0)
		return r;
	p.ended = rs_tool_sum(tally, RS_LATENCY_ENDED);
	p.replaced = rs_tool_sum(tally, RS_LATENCY_REPLACED);
	known = search.there + p.ended + p.replaced;
	p.forgotten = p.begun > known ? p.begun - known : 0;
	*ret_pending = p;
	return 0;
}

static void append_who(const struct rs_latency_start *start, struct rs_str *out)
{
	rs_str_append_cstr(out, " by ");
	if (start->pid) {
		rs_str_append_escaped(out, start->comm, strnlen(start->comm, sizeof(start->comm)));
		rs_str_appendf(out, " (%" PRIu32 ")", start->pid);
	} else {
		rs_str_append_cstr(out, "nobody known");
	}
}

static void append_what(const struct rs_latency *latency, const struct rs_latency_start *start,
			struct rs_str *out)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);

	switch (latency->options.source) {
	case RS_LATENCY_BLOCK:
		rs_str_append_cstr(out, "a ");
		rs_outlier_io(&start->io, start->pid, &text);
		break;
	case RS_LATENCY_TCP:
		rs_str_append_cstr(out, "to ");
		rs_latency_peer_format(&start->peer, &text);
		break;
	default:
		rs_str_append_cstr(out, "for ");
		rs_latency_question_format(start->name, sizeof(start->name), &text);
		rs_str_append_cstr(&text, " to ");
		rs_latency_peer_format(&start->peer, &text);
	}
	rs_str_append_escaped(out, text.data, text.len);
}

static void append_oldest(const struct rs_latency *latency, const struct rs_latency_pending *p,
			  struct rs_str *out)
{
	char text[RS_UNITS_BUF];

	if (!p->oldest.began)
		return;
	rs_str_append_cstr(out, ", the oldest ");
	append_what(latency, &p->oldest, out);
	append_who(&p->oldest, out);
	rs_str_appendf(out, ", %s ago", rs_units_format_duration(text, p->now - p->oldest.began));
}

static void append_questions(const struct rs_latency *latency, const struct rs_latency_pending *p,
			     bool last, struct rs_str *out)
{
	uint64_t unanswered = p->late + p->replaced;

	if (!unanswered && !p->forgotten && !(last && p->waiting))
		return;
	rs_str_appendf(out, "Without an answer: %" PRIu64 " of %" PRIu64 " questions", unanswered,
		       p->begun);
	append_oldest(latency, p, out);
	if (p->waiting)
		rs_str_appendf(out, "; still waiting: %" PRIu64, p->waiting);
	if (p->forgotten)
		rs_str_appendf(out, "; forgotten for want of room: %" PRIu64, p->forgotten);
	rs_str_append_char(out, '\n');
}

void rs_latency_pending_format(const struct rs_latency *latency,
			       const struct rs_latency_pending *pending, bool last,
			       struct rs_str *out)
{
	if (latency->options.source == RS_LATENCY_DNS) {
		append_questions(latency, pending, last, out);
		return;
	}
	if (!pending->late)
		return;
	rs_str_appendf(out, "No end seen for 5s, and in no histogram: %" PRIu64 " %s",
		       pending->late,
		       latency->options.source == RS_LATENCY_BLOCK ? "I/O"
		       : pending->late == 1                        ? "connect"
								   : "connects");
	append_oldest(latency, pending, out);
	rs_str_append_char(out, '\n');
}

/* --- losses --- */

void rs_latency_losses(struct rs_latency *latency, struct rs_latency_losses *ret_losses)
{
	struct rs_latency_losses losses = {
		.rows = latency->lost_rows,
		.skipped = rs_tool_skipped(latency->tool),
		.targets = rs_target_lost(latency->tool),
	};
	struct rs_latency_pending pending;

	for (unsigned i = 0; i < RS_LATENCY_LOST_COUNT; i++)
		losses.kernel[i] = rs_tool_sum(latency->tool->maps.rs_latency_lost, i);
	losses.kernel[RS_LATENCY_LOST_NAMES] += latency->nameless;
	if (!rs_latency_pending(latency, &pending))
		losses.forgotten = pending.forgotten;
	*ret_losses = losses;
}

static void append_loss(uint64_t n, const char *text, struct rs_str *out)
{
	if (n)
		rs_str_appendf(out, "%" PRIu64 " %s\n", n, text);
}

void rs_latency_losses_format(const struct rs_latency *latency,
			      const struct rs_latency_losses *losses, struct rs_str *out)
{
	static const char *const texts[RS_LATENCY_LOST_COUNT] = {
		[RS_LATENCY_LOST_PAGES] =
			"are in no histogram for want of room: ask for less with --by",
		[RS_LATENCY_LOST_STARTS] = "could not be timed: too many at once",
		[RS_LATENCY_LOST_NAMES] = "names found no room: numbers stand for them",
		[RS_LATENCY_LOST_RING] = "slow ones were not told of: too many at once",
		[RS_LATENCY_LOST_COMPAT] = "calls of 32-bit programs were not looked at",
		[RS_LATENCY_LOST_SCRATCH] = "times a name or a slow call was left out: two at once",
	};
	static const char *const forgotten[RS_LATENCY_SOURCES] = {
		[RS_LATENCY_BLOCK] = "I/O were forgotten before their end was seen",
		[RS_LATENCY_TCP] =
			"connections were forgotten for want of room: round trips are missing",
		[RS_LATENCY_DNS] = "questions were forgotten before an answer, for want of room",
	};

	for (unsigned i = 0; i < RS_LATENCY_LOST_COUNT; i++)
		append_loss(losses->kernel[i], texts[i], out);
	append_loss(losses->forgotten, forgotten[latency->options.source], out);
	append_loss(losses->skipped, "events for which the kernel skipped our programs", out);
	append_loss(losses->rows, "are in no row for want of room: ask for less with --by", out);
	append_loss(losses->targets, "processes or groups were not watched for want of room", out);
}
