/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>

#include "agent/agent-internal.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/units.h"
#include "kern/ring.h"

static uint64_t timeval_ns(const struct timeval *tv)
{
	return (uint64_t)tv->tv_sec * RS_NSEC_PER_SEC + (uint64_t)tv->tv_usec * RS_NSEC_PER_USEC;
}

void rs_agent_usage(uint64_t *ret_user_ns, uint64_t *ret_sys_ns, uint64_t *ret_rss_peak)
{
	struct rusage usage = { 0 };

	getrusage(RUSAGE_SELF, &usage);
	*ret_user_ns = timeval_ns(&usage.ru_utime);
	*ret_sys_ns = timeval_ns(&usage.ru_stime);
	*ret_rss_peak = (uint64_t)usage.ru_maxrss << 10;
}

static void fill_usage(const struct rs_agent *agent, struct rs_agent_stats *stats)
{
	char text[128];
	const char *resident;

	rs_agent_usage(&stats->user_ns, &stats->sys_ns, &stats->rss_peak);
	stats->user_ns -= agent->start_user_ns;
	stats->sys_ns -= agent->start_sys_ns;
	stats->startup_cpu_ns = agent->start_user_ns + agent->start_sys_ns;
	/* Pages: "SIZE RESIDENT SHARED ..." (proc_pid_statm(5)). */
	if (rs_fd_read_buf_at(AT_FDCWD, "/proc/self/statm", text, sizeof(text)) <= 0)
		return;
	resident = strchr(text, ' ');
	if (resident)
		stats->rss = strtoull(resident, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void fill_counts(const struct rs_agent *agent, struct rs_agent_stats *stats)
{
	struct rs_pump_counts counts;

	rs_pump_counts(agent->pump, &counts);
	memcpy(stats->delivered, counts.delivered, sizeof(stats->delivered));
	memcpy(stats->filtered, counts.filtered, sizeof(stats->filtered));
	memcpy(stats->undecoded, counts.undecoded, sizeof(stats->undecoded));
	memcpy(stats->unwritten, counts.unwritten, sizeof(stats->unwritten));
	memcpy(stats->identity, counts.identity, sizeof(stats->identity));
	memcpy(stats->held, counts.held, sizeof(stats->held));
	stats->unknown = counts.unknown;
	stats->wakeups = counts.wakeups;
	stats->written = rs_output_written(agent->output);
	rs_identity_stats(agent->identity, &stats->who);
	stats->storing = agent->store;
	if (agent->store)
		rs_store_stats(agent->store, &stats->store);
}

/* The kernel goes on counting while anybody else has it measure; what is told belongs to the span
 * that is told. Runs that were missed are counted in any case. */
static void freeze_costs(const struct rs_agent *agent, struct rs_agent_stats *stats)
{
	for (size_t i = 0; i < stats->n_programs; i++) {
		struct rs_program *program = &stats->programs[i];

		program->runs = program->run_ns = 0;
		for (size_t j = 0; j < agent->n_measured; j++) {
			if (strcmp(program->name, agent->measured[j].name) != 0)
				continue;
			program->runs = agent->measured[j].runs;
			program->run_ns = agent->measured[j].run_ns;
			break;
		}
	}
}

void rs_agent_stats(struct rs_agent *agent, struct rs_agent_stats *ret_stats)
{
	struct rs_agent_stats *stats = ret_stats;
	uint64_t now = rs_clock_mono();
	struct rs_ring *ring = rs_sensors_ring(agent->sensors);

	*stats = (struct rs_agent_stats){
		.kinds = agent->filter.filter.kinds,
		.start_real = agent->start_real,
		.elapsed = agent->started ? (agent->stopped ? agent->stopped : now) - agent->started
					  : 0,
		.startup_ns = agent->started ? agent->started - agent->created : 0,
		.ring_bytes = rs_ring_size(ring),
		.ring_pending = rs_ring_pending(ring),
		.measured_ns = agent->measured_ns,
	};
	if (agent->started && !agent->measured_ns &&
	    agent->options->measure != RS_AGENT_MEASURE_OFF) {
		stats->measuring = true;
		stats->measured_ns = now - agent->started;
	}
	rs_sensors_counters(agent->sensors, &stats->kernel);
	fill_counts(agent, stats);
	fill_usage(agent, stats);
	stats->n_programs = MIN(
		rs_sensors_programs(agent->sensors, stats->programs, RS_AGENT_PROGRAMS),
		(size_t)RS_AGENT_PROGRAMS);
	if (!stats->measuring)
		freeze_costs(agent, stats);
}
