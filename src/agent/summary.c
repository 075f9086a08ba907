/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/summary.h"

#include <inttypes.h>
#include <string.h>

#include "base/units.h"
#include "event/event.h"

static const struct {
	const char *place, *reason;
} fail_texts[] = {
#define X(id, place, reason) [RS_FAIL_##id] = { place, reason },
	RS_FAILS(X)
#undef X
};

static_assert(ARRAY_SIZE(fail_texts) == RS_FAIL_COUNT, "a text for each failure");

static const char *const loss_texts[RS_LOSS_COUNT] = {
	[RS_LOSS_RING] = "the buffer was full (--ring-size makes it larger)",
	[RS_LOSS_LANE] = "too many programs nested on one CPU",
};

static uint64_t lost_of(const struct rs_agent_stats *stats, unsigned kind)
{
	uint64_t lost = 0;

	for (unsigned i = 0; i < RS_LOSS_COUNT; i++)
		lost += stats->kernel.lost[i][kind];
	return lost;
}

void rs_summary_totals(const struct rs_agent_stats *stats, struct rs_summary_totals *ret_totals)
{
	struct rs_summary_totals totals = { 0 };

	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++) {
		totals.generated += stats->kernel.generated[kind];
		totals.delivered += stats->delivered[kind];
		totals.filtered += stats->filtered[kind];
		totals.undecoded += stats->undecoded[kind];
		totals.unwritten += stats->unwritten[kind];
		totals.identity += stats->identity[kind];
		totals.lost += lost_of(stats, kind);
	}
	for (size_t i = 0; i < stats->n_programs; i++)
		totals.missed += stats->programs[i].missed;
	*ret_totals = totals;
}

int64_t rs_summary_missing(const struct rs_agent_stats *stats, enum rs_kind kind)
{
	return (int64_t)(stats->kernel.generated[kind] - stats->delivered[kind] -
			 stats->filtered[kind] - stats->identity[kind] - stats->held[kind] -
			 stats->undecoded[kind] - stats->unwritten[kind] - lost_of(stats, kind));
}

static double seconds(uint64_t ns)
{
	return (double)ns / (double)RS_NSEC_PER_SEC;
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0.0;
}

static void append_headline(const struct rs_agent_stats *stats,
			    const struct rs_summary_totals *totals,
			    const struct rs_summary_style *style, struct rs_str *out)
{
	char time[RS_UNITS_BUF], rate[RS_UNITS_BUF];
	double span = seconds(stats->elapsed);
	uint64_t gone = totals->lost + totals->unwritten + totals->undecoded + totals->missed +
			stats->unknown;

	rs_units_format_duration(time, stats->elapsed);
	rs_units_format_rate(rate, span > 0 ? (double)totals->delivered / span : 0);
	rs_str_appendf(out, "%s%" PRIu64 " event%s in %s%s (%s), ",
		       rs_term_style(style->color, RS_TERM_BOLD), totals->delivered,
		       totals->delivered == 1 ? "" : "s", time,
		       rs_term_style(style->color, RS_TERM_RESET), rate);
	if (gone)
		rs_str_appendf(out, "%s%" PRIu64 " lost%s\n",
			       rs_term_style(style->color, RS_TERM_RED), gone,
			       rs_term_style(style->color, RS_TERM_RESET));
	else
		rs_str_append_cstr(out, "none lost\n");
}

/* Shows a column of the table only where it says something. */
struct columns {
	bool filtered, lost;
};

static void append_kind_row(const char *name, const uint64_t values[3], double span,
			    const struct columns *columns, struct rs_str *out)
{
	char rate[RS_UNITS_BUF];

	rs_units_format_rate(rate, span > 0 ? (double)values[0] / span : 0);
	rs_str_appendf(out, "  %-12s %12" PRIu64 " %12s", name, values[0], rate);
	if (columns->filtered)
		rs_str_appendf(out, " %12" PRIu64, values[1]);
	if (columns->lost)
		rs_str_appendf(out, " %12" PRIu64, values[2]);
	rs_str_append_char(out, '\n');
}

static void append_kinds(const struct rs_agent_stats *stats, const struct rs_summary_totals *totals,
			 const struct rs_summary_style *style, struct rs_str *out)
{
	struct columns columns = {
		.filtered = totals->filtered > 0,
		.lost = totals->lost + totals->unwritten + totals->undecoded > 0,
	};

	if (!totals->generated && !style->verbose)
		return;
	rs_str_appendf(out, "\n%s  %-12s %12s %12s%s%s%s\n",
		       rs_term_style(style->color, RS_TERM_DIM), "KIND", "EVENTS", "RATE",
		       columns.filtered ? "     FILTERED" : "", columns.lost ? "         LOST" : "",
		       rs_term_style(style->color, RS_TERM_RESET));
	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++) {
		uint64_t values[3] = { stats->delivered[kind], stats->filtered[kind],
				       lost_of(stats, kind) + stats->unwritten[kind] +
					       stats->undecoded[kind] };

		if (values[0] || values[1] || values[2] ||
		    (style->verbose && stats->kinds & (1ull << kind)))
			append_kind_row(rs_kind_to_str(kind), values, seconds(stats->elapsed),
					&columns, out);
	}
}

static void append_count(struct rs_str *out, const char *what, uint64_t count, const char *why)
{
	if (count)
		rs_str_appendf(out, "  %-12s %12" PRIu64 "  %s\n", what, count, why);
}

static void append_losses(const struct rs_agent_stats *stats,
			  const struct rs_summary_totals *totals, struct rs_str *out)
{
	for (unsigned reason = 0; reason < RS_LOSS_COUNT; reason++) {
		uint64_t sum = 0;

		for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++)
			sum += stats->kernel.lost[reason][kind];
		append_count(out, "lost", sum, loss_texts[reason]);
	}
	append_count(out, "lost", totals->unwritten,
		     "the output was gone before they were written");
	append_count(out, "lost", totals->undecoded + stats->unknown, "the record made no sense");
	append_count(out, "lost", totals->missed,
		     "at most: the kernel skipped a program that was at work already");
}

/* What is no loss of events: parts of them, and of what was to be kept. */
static void append_shortfalls(const struct rs_agent_stats *stats, struct rs_str *out)
{
	const struct rs_containers_stats *containers = &stats->who.containers;

	append_count(out, "not kept", stats->store.not_stored,
		     "shown, but the store was behind or could not be written");
	append_count(out, "unnamed", containers->events_unnamed,
		     "the container's name was not to be had in time");
	append_count(out, "unnamed", containers->events_unknown,
		     "of a control group that was gone");
}

static void append_missing(const struct rs_agent_stats *stats, struct rs_str *out)
{
	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++) {
		int64_t missing = rs_summary_missing(stats, kind);

		if (missing)
			rs_str_appendf(
				out,
				"  %-12s %12" PRId64
				"  made, but neither delivered nor lost: please report this\n",
				rs_kind_to_str(kind), missing);
	}
}

static void append_fails(const struct rs_agent_stats *stats, struct rs_str *out)
{
	for (unsigned i = 0; i < RS_FAIL_COUNT; i++) {
		if (stats->kernel.fails[i])
			rs_str_appendf(out, "  %-12s %12" PRIu64 "  %s: %s\n", "incomplete",
				       stats->kernel.fails[i], fail_texts[i].place,
				       fail_texts[i].reason);
	}
}

void rs_summary_losses(const struct rs_agent_stats *stats, struct rs_str *out)
{
	struct rs_summary_totals totals;

	rs_summary_totals(stats, &totals);
	append_losses(stats, &totals, out);
	append_fails(stats, out);
	append_shortfalls(stats, out);
}

void rs_summary_kept(const struct rs_agent_stats *stats, struct rs_str *out)
{
	const struct rs_store_stats *store = &stats->store;
	char bytes[RS_UNITS_BUF];

	if (!stats->storing)
		return;
	rs_units_format_bytes(bytes, store->bytes);
	rs_str_appendf(out, "  %-12s %" PRIu64 " event%s kept; %s in %" PRIu64 " file%s\n", "store",
		       store->stored + store->waiting,
		       store->stored + store->waiting == 1 ? "" : "s", bytes, store->files,
		       store->files == 1 ? "" : "s");
}

static void append_agent(const struct rs_agent_stats *stats, const struct rs_summary_style *style,
			 struct rs_str *out)
{
	char user[RS_UNITS_BUF], sys[RS_UNITS_BUF], peak[RS_UNITS_BUF], ring[RS_UNITS_BUF];
	char written[RS_UNITS_BUF];
	uint64_t cpu = stats->user_ns + stats->sys_ns;

	rs_units_format_duration(user, stats->user_ns);
	rs_units_format_duration(sys, stats->sys_ns);
	rs_units_format_bytes(peak, stats->rss_peak);
	rs_units_format_bytes(ring, stats->ring_bytes);
	rs_units_format_bytes(written, stats->written);
	rs_str_appendf(out, "\n%s  %-12s%s\n", rs_term_style(style->color, RS_TERM_DIM),
		       "THE AGENT", rs_term_style(style->color, RS_TERM_RESET));
	rs_str_appendf(out, "  %-12s %.2f %% of one core: %s user, %s system\n", "CPU",
		       percent(cpu, stats->elapsed), user, sys);
	rs_units_format_duration(user, stats->startup_ns);
	rs_units_format_duration(sys, stats->startup_cpu_ns);
	rs_str_appendf(out, "  %-12s %s, with %s of CPU\n", "start", user, sys);
	rs_str_appendf(out, "  %-12s %s at most; the buffer is %s of it\n", "memory", peak, ring);
	rs_str_appendf(out, "  %-12s %s written, %" PRIu64 " wake-up%s\n", "output", written,
		       stats->wakeups, stats->wakeups == 1 ? "" : "s");
	rs_summary_kept(stats, out);
}

static void append_program(const struct rs_agent_stats *stats, const struct rs_program *program,
			   struct rs_str *out)
{
	rs_str_appendf(out, "  %-16s %-32s %10" PRIu64 " %8" PRIu64 " %9.3f %%\n", program->name,
		       program->hook, program->runs,
		       program->runs ? program->run_ns / program->runs : 0,
		       percent(program->run_ns, stats->measured_ns));
}

/* What the programs cost together, and over which time that was measured. */
static void append_kernel_cost(const struct rs_agent_stats *stats, struct rs_str *out)
{
	char span[RS_UNITS_BUF];
	uint64_t ns = 0;

	for (size_t i = 0; i < stats->n_programs; i++)
		ns += stats->programs[i].run_ns;
	rs_units_format_duration(span, stats->measured_ns);
	rs_str_appendf(out, "  %-12s %.2f %% of one core, measured over %s%s\n", "in kernel",
		       percent(ns, stats->measured_ns),
		       stats->measured_ns < stats->elapsed ? "the first " : "", span);
}

static void append_programs(const struct rs_agent_stats *stats,
			    const struct rs_summary_style *style, struct rs_str *out)
{
	size_t silent = 0;

	if (!stats->measured_ns)
		return;
	append_kernel_cost(stats, out);
	for (size_t i = 0; i < stats->n_programs; i++)
		silent += !stats->programs[i].runs;
	if (silent == stats->n_programs && !style->verbose)
		return;
	rs_str_appendf(out, "\n%s  %-16s %-32s %10s %8s %11s%s\n",
		       rs_term_style(style->color, RS_TERM_DIM), "PROGRAM", "HOOK", "RUNS",
		       "NS/RUN", "OF A CORE", rs_term_style(style->color, RS_TERM_RESET));
	for (size_t i = 0; i < stats->n_programs; i++) {
		if (stats->programs[i].runs || style->verbose)
			append_program(stats, &stats->programs[i], out);
	}
	if (silent && !style->verbose)
		rs_str_appendf(out, "  %zu more did not run\n", silent);
}

int rs_summary_format(const struct rs_agent_stats *stats, const struct rs_summary_style *style,
		      struct rs_str *out)
{
	struct rs_summary_totals totals;

	rs_summary_totals(stats, &totals);
	append_headline(stats, &totals, style, out);
	append_kinds(stats, &totals, style, out);
	append_losses(stats, &totals, out);
	append_missing(stats, out);
	append_fails(stats, out);
	append_shortfalls(stats, out);
	append_agent(stats, style, out);
	append_programs(stats, style, out);
	return out->error;
}
