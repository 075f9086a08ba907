/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/stats.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/summary.h"
#include "base/term.h"
#include "base/units.h"
#include "event/event.h"

/* The time that rates are over. */
static uint64_t span_of(const struct rs_stats_view *view)
{
	uint64_t elapsed = view->now->stats.elapsed;

	return view->before ? elapsed - MIN(view->before->stats.elapsed, elapsed) : elapsed;
}

static double per_second(uint64_t count, uint64_t span)
{
	return span ? (double)count * (double)RS_NSEC_PER_SEC / (double)span : 0;
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static const char *style(const struct rs_stats_view *view, enum rs_term_style which)
{
	return rs_term_style(view->color, which);
}

static void append_headline(const struct rs_stats_view *view, struct rs_str *out)
{
	const struct rs_control_stats *now = view->now;
	char elapsed[RS_UNITS_BUF], span[RS_UNITS_BUF];
	int kinds = __builtin_popcountll(now->stats.kinds);

	rs_units_format_duration(elapsed, now->stats.elapsed);
	rs_units_format_duration(span, span_of(view));
	rs_str_appendf(out, "%sagent %" PRIu64, style(view, RS_TERM_BOLD), now->pid);
	rs_str_append_cstr(out, style(view, RS_TERM_RESET));
	rs_str_append_cstr(out, " (");
	rs_str_append_escaped(out, now->version, strlen(now->version));
	rs_str_appendf(out, ") watches %d kind%s for %s; rates are over %s%s\n", kinds,
		       kinds == 1 ? "" : "s", elapsed, view->before ? "the last " : "that time",
		       view->before ? span : "");
}

/* --- kinds --- */

struct kind_row {
	uint64_t generated, delivered, filtered, lost, recent;
};

static struct kind_row read_kind(const struct rs_stats_view *view, unsigned kind)
{
	const struct rs_agent_stats *now = &view->now->stats;
	struct kind_row row = {
		.generated = now->kernel.generated[kind],
		.delivered = now->delivered[kind],
		.filtered = now->filtered[kind],
		.lost = now->undecoded[kind] + now->unwritten[kind],
		.recent = now->delivered[kind],
	};

	for (unsigned i = 0; i < RS_LOSS_COUNT; i++)
		row.lost += now->kernel.lost[i][kind];
	if (view->before)
		row.recent -= MIN(view->before->stats.delivered[kind], row.recent);
	return row;
}

static void append_row(const struct rs_stats_view *view, const char *name,
		       const struct kind_row *row, struct rs_str *out)
{
	char rate[RS_UNITS_BUF];

	rs_units_format_rate(rate, per_second(row->recent, span_of(view)));
	rs_str_appendf(out, "  %-12s %10s %12" PRIu64 " %12" PRIu64 " %12" PRIu64 " %s%12" PRIu64,
		       name, rate, row->generated, row->delivered, row->filtered,
		       style(view, row->lost ? RS_TERM_RED : RS_TERM_RESET), row->lost);
	rs_str_appendf(out, "%s\n", style(view, RS_TERM_RESET));
}

static void append_kinds(const struct rs_stats_view *view, struct rs_str *out)
{
	struct kind_row total = { 0 };

	rs_str_appendf(out, "\n%s  %-12s %10s %12s %12s %12s %12s%s\n", style(view, RS_TERM_DIM),
		       "KIND", "RATE", "GENERATED", "DELIVERED", "FILTERED", "LOST",
		       style(view, RS_TERM_RESET));
	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++) {
		struct kind_row row = read_kind(view, kind);

		if (!row.generated)
			continue;
		append_row(view, rs_kind_to_str(kind), &row, out);
		total.generated += row.generated;
		total.delivered += row.delivered;
		total.filtered += row.filtered;
		total.lost += row.lost;
		total.recent += row.recent;
	}
	append_row(view, "total", &total, out);
}

/* --- the agent --- */

static void append_cpu(const struct rs_stats_view *view, struct rs_str *out)
{
	const struct rs_agent_stats *now = &view->now->stats;
	uint64_t user = now->user_ns, sys = now->sys_ns;
	char text[2][RS_UNITS_BUF];

	if (view->before) {
		user -= MIN(view->before->stats.user_ns, user);
		sys -= MIN(view->before->stats.sys_ns, sys);
	}
	rs_units_format_duration(text[0], user);
	rs_units_format_duration(text[1], sys);
	rs_str_appendf(out, "  %-12s %.2f %% of one core: %s user, %s system\n", "CPU",
		       percent(user + sys, span_of(view)), text[0], text[1]);
}

static void append_agent(const struct rs_stats_view *view, struct rs_str *out)
{
	const struct rs_agent_stats *now = &view->now->stats;
	char a[RS_UNITS_BUF], b[RS_UNITS_BUF];

	rs_str_append_char(out, '\n');
	rs_units_format_bytes(a, now->ring_bytes);
	rs_units_format_bytes(b, now->ring_pending);
	rs_str_appendf(out, "  %-12s %s, of which %s wait (%.1f %%)\n", "buffer", a, b,
		       percent(now->ring_pending, now->ring_bytes));
	append_cpu(view, out);
	rs_units_format_bytes(a, now->rss);
	rs_units_format_bytes(b, MAX(now->rss, now->rss_peak));
	rs_str_appendf(out, "  %-12s %s, at most %s\n", "memory", a, b);
	rs_units_format_bytes(a, now->written);
	rs_str_appendf(out, "  %-12s %s written, %" PRIu64 " wake-up%s\n", "output", a,
		       now->wakeups, now->wakeups == 1 ? "" : "s");
}

/* Who is behind the events. */
static void append_known(const struct rs_stats_view *view, struct rs_str *out)
{
	const struct rs_identity_stats *who = &view->now->stats.who;

	rs_str_appendf(out, "  %-12s %zu processes, %zu containers (%zu run)", "known",
		       who->processes.processes, who->containers.containers,
		       who->containers.running);
	if (who->kube.pods)
		rs_str_appendf(out, ", %zu pods listed", who->kube.pods);
	rs_str_append_char(out, '\n');
	if (who->kube.problem[0]) {
		rs_str_appendf(out, "  %-12s %s", "pods", style(view, RS_TERM_RED));
		rs_str_append_escaped(out, who->kube.problem, strlen(who->kube.problem));
		rs_str_appendf(out, "%s\n", style(view, RS_TERM_RESET));
	}
	rs_summary_kept(&view->now->stats, out);
}

static void append_control(const struct rs_stats_view *view, struct rs_str *out)
{
	const struct rs_control_counts *control = &view->now->control;
	uint64_t refused = control->refused_user + control->refused_full;
	uint64_t dropped = control->dropped_slow + control->dropped_size;

	rs_str_appendf(out, "  %-12s %" PRIu64 " request%s", "clients", control->requests,
		       control->requests == 1 ? "" : "s");
	if (control->failed)
		rs_str_appendf(out, ", %" PRIu64 " of them wrong", control->failed);
	if (refused)
		rs_str_appendf(out, ", %" PRIu64 " connection%s refused", refused,
			       refused == 1 ? "" : "s");
	if (dropped)
		rs_str_appendf(out, ", %" PRIu64 " dropped", dropped);
	rs_str_append_char(out, '\n');
}

/* --- programs --- */

static int compare_cost(const void *a, const void *b)
{
	const struct rs_program *const *left = a, *const *right = b;

	if ((*left)->run_ns != (*right)->run_ns)
		return (*left)->run_ns < (*right)->run_ns ? 1 : -1;
	return strcmp((*left)->name, (*right)->name);
}

static void append_program(const struct rs_program *program, uint64_t span, struct rs_str *out)
{
	rs_str_append_cstr(out, "  ");
	rs_term_append_fit(out, program->name, strlen(program->name), 16, RS_TERM_LEFT);
	rs_str_append_char(out, ' ');
	rs_term_append_fit(out, program->hook, strlen(program->hook), 28, RS_TERM_LEFT);
	rs_str_appendf(out, " %10" PRIu64 " %8" PRIu64 " %9.3f %%\n", program->runs,
		       program->runs ? program->run_ns / program->runs : 0,
		       percent(program->run_ns, span));
}

static void append_programs(const struct rs_stats_view *view, struct rs_str *out)
{
	const struct rs_agent_stats *now = &view->now->stats;
	const struct rs_program *sorted[RS_AGENT_PROGRAMS];
	char span[RS_UNITS_BUF];
	uint64_t ns = 0;
	size_t ran = 0;

	for (size_t i = 0; i < now->n_programs; i++) {
		ns += now->programs[i].run_ns;
		if (now->programs[i].runs)
			sorted[ran++] = &now->programs[i];
	}
	if (!now->measured_ns) {
		rs_str_appendf(out, "  %-12s not measured (--measure)\n", "in kernel");
		return;
	}
	rs_units_format_duration(span, now->measured_ns);
	rs_str_appendf(out, "  %-12s %.2f %% of one core, measured over %s%s\n", "in kernel",
		       percent(ns, now->measured_ns), now->measuring ? "" : "the first ", span);
	if (!ran)
		return;
	qsort(sorted, ran, sizeof(sorted[0]), compare_cost); /* NOLINT(bugprone-*) */
	rs_str_appendf(out, "\n%s  %-16s %-28s %10s %8s %11s%s\n", style(view, RS_TERM_DIM),
		       "PROGRAM", "HOOK", "RUNS", "NS/RUN", "OF A CORE",
		       style(view, RS_TERM_RESET));
	for (size_t i = 0; i < ran; i++)
		append_program(sorted[i], now->measured_ns, out);
	if (ran < now->n_programs)
		rs_str_appendf(out, "  %zu more did not run\n", now->n_programs - ran);
}

/* Only the first lines. */
static void cut_rows(unsigned rows, size_t start, struct rs_str *out)
{
	for (size_t i = start; i < out->len; i++) {
		if (out->data[i] == '\n' && !--rows) {
			rs_str_truncate(out, i + 1);
			return;
		}
	}
}

int rs_stats_table(const struct rs_stats_view *view, struct rs_str *out)
{
	size_t start = out->len;

	append_headline(view, out);
	append_kinds(view, out);
	rs_summary_losses(&view->now->stats, out);
	append_agent(view, out);
	append_known(view, out);
	append_control(view, out);
	append_programs(view, out);
	if (view->rows)
		cut_rows(view->rows, start, out);
	return out->error;
}
