/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside latency -o json`: an object on a line for each interval, and one for all. */
#include <string.h>

#include "base/clock.h"
#include "cmd/latency.h"

static void write_number(struct rs_json *w, const char *key, uint64_t value)
{
	rs_json_key(w, key, strlen(key));
	rs_json_u64(w, value);
}

/* [[low, high, count], ...]: what lies in low <= ns < high. */
static void write_buckets(const struct rs_histogram *h, struct rs_json *w)
{
	struct rs_histogram_bucket b;
	unsigned pos = 0;

	rs_json_key_lit(w, "buckets");
	rs_json_begin_array(w);
	while (rs_histogram_next(h, &pos, &b)) {
		rs_json_begin_array(w);
		rs_json_u64(w, b.low);
		rs_json_u64(w, b.high);
		rs_json_u64(w, b.count);
		rs_json_end_array(w);
	}
	rs_json_end_array(w);
}

static void write_row(struct latency_run *run, const struct rs_latency_row *row, bool all,
		      struct rs_json *w)
{
	const struct rs_histogram *h = all ? &row->all : &row->now;

	rs_json_begin_object(w);
	for (unsigned bit = 0; bit < ARRAY_SIZE(row->names); bit++) {
		const char *key;

		if (!row->names[bit])
			continue;
		key = rs_latency_by_key(bit, run->settings->source);
		rs_json_key(w, key, strlen(key));
		rs_json_cstr(w, row->names[bit]);
	}
	if (run->settings->by & (RS_LATENCY_BY_PROCESS | RS_LATENCY_BY_THREAD))
		write_number(w, run->settings->by & RS_LATENCY_BY_THREAD ? "tid" : "pid",
			     row->key.id);
	write_number(w, "count", h->count);
	write_number(w, "sum_ns", h->sum);
	write_number(w, "p50_ns", rs_histogram_percentile(h, 50));
	write_number(w, "p90_ns", rs_histogram_percentile(h, 90));
	write_number(w, "p99_ns", rs_histogram_percentile(h, 99));
	write_number(w, "p999_ns", rs_histogram_percentile(h, 99.9));
	write_number(w, "max_ns", h->max);
	write_buckets(h, w);
	rs_json_end_object(w);
}

/* Block I/O, connects or questions that have begun, and those of them that have not ended. */
static void write_pending(struct latency_run *run, struct rs_json *w)
{
	_cleanup_(rs_str_done) struct rs_str name = RS_STR_INIT(0);
	bool dns = run->settings->source == RS_LATENCY_DNS;
	const char *title = dns ? "questions" : "pending";
	struct rs_latency_pending p;

	if (rs_latency_pending(run->latency, &p) < 0)
		return;
	rs_json_key(w, title, strlen(title));
	rs_json_begin_object(w);
	write_number(w, dns ? "asked" : "begun", p.begun);
	write_number(w, dns ? "answered" : "ended", p.ended);
	write_number(w, dns ? "unanswered" : "late", p.late + p.replaced);
	write_number(w, "waiting", p.waiting);
	write_number(w, "forgotten", p.forgotten);
	if (p.oldest.began)
		write_number(w, "oldest_ns", p.now - p.oldest.began);
	if (p.oldest.began && dns) {
		rs_latency_question_format(p.oldest.name, sizeof(p.oldest.name), &name);
		rs_json_key_lit(w, "oldest");
		rs_json_string(w, name.data, name.len);
	}
	rs_json_end_object(w);
}

static void write_losses(struct latency_run *run, struct rs_json *w)
{
	static const char *const keys[RS_LATENCY_LOST_COUNT] = {
		[RS_LATENCY_LOST_PAGES] = "no_histogram",
		[RS_LATENCY_LOST_STARTS] = "not_timed",
		[RS_LATENCY_LOST_NAMES] = "names",
		[RS_LATENCY_LOST_RING] = "outliers",
		[RS_LATENCY_LOST_COMPAT] = "calls_of_32_bits",
		[RS_LATENCY_LOST_SCRATCH] = "scratch",
	};

	struct rs_latency_losses losses;

	rs_latency_losses(run->latency, &losses);
	rs_json_key_lit(w, "lost");
	rs_json_begin_object(w);
	for (unsigned i = 0; i < RS_LATENCY_LOST_COUNT; i++)
		write_number(w, keys[i], losses.kernel[i]);
	write_number(w, "forgotten", losses.forgotten);
	write_number(w, "skipped", losses.skipped);
	write_number(w, "no_row", losses.rows);
	write_number(w, "not_watched", losses.targets);
	write_number(w, "outliers_only_counted", run->n_untold);
	rs_json_end_object(w);
}

void latency_draw_json(struct latency_run *run, bool all, struct rs_str *out)
{
	struct rs_json *w = &run->json;
	struct rs_latency_row **rows;
	size_t n = latency_sorted(run, all, &rows);

	rs_json_init(w, out);
	rs_json_begin_object(w);
	rs_json_key_lit(w, "type");
	rs_json_cstr(w, all ? "summary" : "interval");
	rs_json_key_lit(w, "time");
	rs_json_time(w, rs_clock_real());
	write_number(w, "length_ns", all ? run->total : run->elapsed);
	rs_json_key_lit(w, "source");
	rs_json_cstr(w, rs_latency_source_name(run->settings->source));
	rs_json_key_lit(w, "rows");
	rs_json_begin_array(w);
	for (size_t i = 0; i < n; i++)
		write_row(run, rows[i], all, w);
	rs_json_end_array(w);
	write_pending(run, w);
	if (all) {
		write_number(w, "outliers", run->n_slow);
		write_losses(run, w);
	}
	rs_json_end_object(w);
	rs_str_append_char(out, '\n');
}
