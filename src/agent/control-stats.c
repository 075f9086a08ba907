/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/control-stats.h"

#include <errno.h>
#include <string.h>

#include "event/event.h"

/* Plain numbers: a path of at most two names, and the field. */
struct number {
	const char *object; /* NULL: at the top */
	const char *name;
	size_t offset; /* in struct rs_control_stats */
};

#define STAT(object, name, field)                                                                  \
	{                                                                                          \
		object, name, offsetof(struct rs_control_stats, field)                             \
	}

/* Rows of one object stand together. */
static const struct number numbers[] = {
	STAT(NULL, "pid", pid),
	STAT(NULL, "time_ns", time),
	STAT(NULL, "start_ns", stats.start_real),
	STAT(NULL, "elapsed_ns", stats.elapsed),
	STAT(NULL, "unknown", stats.unknown),
	STAT("ring", "bytes", stats.ring_bytes),
	STAT("ring", "pending_bytes", stats.ring_pending),
	STAT("ring", "written_bytes", stats.kernel.bytes),
	STAT("output", "bytes", stats.written),
	STAT("output", "wakeups", stats.wakeups),
	STAT("agent", "cpu_user_ns", stats.user_ns),
	STAT("agent", "cpu_system_ns", stats.sys_ns),
	STAT("agent", "memory_bytes", stats.rss),
	STAT("agent", "memory_peak_bytes", stats.rss_peak),
	STAT("agent", "startup_ns", stats.startup_ns),
	STAT("agent", "startup_cpu_ns", stats.startup_cpu_ns),
	STAT("processes", "known", stats.who.processes.processes),
	STAT("processes", "evicted", stats.who.processes.evicted),
	STAT("processes", "refused", stats.who.processes.refused),
	STAT("processes", "reads", stats.who.processes.reads),
	STAT("containers", "running", stats.who.containers.running),
	STAT("containers", "known", stats.who.containers.containers),
	STAT("containers", "cgroups", stats.who.containers.cgroups),
	STAT("containers", "named", stats.who.containers.named),
	STAT("containers", "unnamed", stats.who.containers.unnamed),
	STAT("containers", "events_unnamed", stats.who.containers.events_unnamed),
	STAT("containers", "events_unknown", stats.who.containers.events_unknown),
	STAT("containers", "evicted", stats.who.containers.evicted),
	STAT("kubernetes", "pods", stats.who.kube.pods),
	STAT("kubernetes", "updates", stats.who.kube.updates),
	STAT("kubernetes", "restarts", stats.who.kube.restarts),
	STAT("kubernetes", "refused", stats.who.kube.refused),
	STAT("store", "stored", stats.store.stored),
	STAT("store", "waiting", stats.store.waiting),
	STAT("store", "not_stored", stats.store.not_stored),
	STAT("store", "blocks", stats.store.blocks),
	STAT("store", "bytes", stats.store.bytes),
	STAT("store", "files", stats.store.files),
	STAT("store", "files_dropped", stats.store.files_dropped),
	STAT("store", "set_aside", stats.store.set_aside),
	STAT("store", "writer_ns", stats.store.writer_ns),
	STAT("control", "clients", control.clients),
	STAT("control", "accepted", control.accepted),
	STAT("control", "requests", control.requests),
	STAT("control", "failed", control.failed),
	STAT("control", "refused_user", control.refused_user),
	STAT("control", "refused_full", control.refused_full),
	STAT("control", "dropped_slow", control.dropped_slow),
	STAT("control", "dropped_size", control.dropped_size),
};

_Static_assert(sizeof(size_t) == sizeof(uint64_t), "numbers are read and written as 64 bits");

static const char *const loss_names[RS_LOSS_COUNT] = {
	[RS_LOSS_RING] = "ring",
	[RS_LOSS_LANE] = "lane",
};

static const char *const fail_names[] = {
#define X(id, place, reason) [RS_FAIL_##id] = #id,
	RS_FAILS(X)
#undef X
};
_Static_assert(ARRAY_SIZE(fail_names) == RS_FAIL_COUNT, "a name for each failure");

/* "PATH_LONG" to "path_long". */
static size_t lower_name(const char *name, char buf[static 32])
{
	size_t n = strnlen(name, 31);

	for (size_t i = 0; i < n; i++)
		buf[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + ('a' - 'A') : name[i]);
	buf[n] = '\0';
	return n;
}

/* --- writing --- */

static void write_name(struct rs_json *w, const char *name)
{
	rs_json_key(w, name, strlen(name));
}

static void write_number(struct rs_json *w, const char *name, uint64_t value)
{
	write_name(w, name);
	rs_json_u64(w, value);
}

static void write_numbers(struct rs_json *w, const struct rs_control_stats *stats)
{
	const char *open = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		const struct number *row = &numbers[i];
		uint64_t value;

		if (row->object != open && (!open || strcmp(row->object, open) != 0)) {
			if (open)
				rs_json_end_object(w);
			write_name(w, row->object);
			rs_json_begin_object(w);
			open = row->object;
		}
		memcpy(&value, (const char *)stats + row->offset, sizeof(value));
		write_number(w, row->name, value);
	}
	rs_json_end_object(w);
}

static uint64_t lost_of(const struct rs_agent_stats *stats, unsigned kind)
{
	uint64_t lost = 0;

	for (unsigned i = 0; i < RS_LOSS_COUNT; i++)
		lost += stats->kernel.lost[i][kind];
	return lost;
}

static void write_kind(struct rs_json *w, const struct rs_agent_stats *stats, unsigned kind)
{
	write_name(w, rs_kind_to_str(kind));
	rs_json_begin_object(w);
	rs_json_key_lit(w, "watched");
	rs_json_bool(w, stats->kinds & (1ull << kind));
	write_number(w, "generated", stats->kernel.generated[kind]);
	write_number(w, "delivered", stats->delivered[kind]);
	write_number(w, "filtered", stats->filtered[kind]);
	write_number(w, "identity", stats->identity[kind]);
	write_number(w, "held", stats->held[kind]);
	write_number(w, "undecoded", stats->undecoded[kind]);
	write_number(w, "unwritten", stats->unwritten[kind]);
	rs_json_key_lit(w, "lost");
	rs_json_begin_object(w);
	for (unsigned i = 0; i < RS_LOSS_COUNT; i++)
		write_number(w, loss_names[i], stats->kernel.lost[i][kind]);
	rs_json_end_object(w);
	rs_json_end_object(w);
}

static void write_kinds(struct rs_json *w, const struct rs_agent_stats *stats)
{
	rs_json_key_lit(w, "kinds");
	rs_json_begin_object(w);
	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++) {
		if (stats->kinds & (1ull << kind) || stats->kernel.generated[kind] ||
		    stats->delivered[kind] || lost_of(stats, kind))
			write_kind(w, stats, kind);
	}
	rs_json_end_object(w);
}

static void write_fails(struct rs_json *w, const struct rs_agent_stats *stats)
{
	char name[32];

	rs_json_key_lit(w, "incomplete");
	rs_json_begin_object(w);
	for (unsigned i = 0; i < RS_FAIL_COUNT; i++) {
		if (!stats->kernel.fails[i])
			continue;
		rs_json_key(w, name, lower_name(fail_names[i], name));
		rs_json_u64(w, stats->kernel.fails[i]);
	}
	rs_json_end_object(w);
}

static void write_programs(struct rs_json *w, const struct rs_agent_stats *stats)
{
	rs_json_key_lit(w, "measured_ns");
	rs_json_u64(w, stats->measured_ns);
	rs_json_key_lit(w, "measuring");
	rs_json_bool(w, stats->measuring);
	rs_json_key_lit(w, "programs");
	rs_json_begin_array(w);
	for (size_t i = 0; i < stats->n_programs; i++) {
		const struct rs_program *program = &stats->programs[i];

		rs_json_begin_object(w);
		rs_json_key_lit(w, "name");
		rs_json_cstr(w, program->name);
		rs_json_key_lit(w, "hook");
		rs_json_cstr(w, program->hook);
		write_number(w, "runs", program->runs);
		write_number(w, "run_ns", program->run_ns);
		write_number(w, "missed", program->missed);
		write_number(w, "instructions", program->insns);
		write_number(w, "verified", program->verified);
		rs_json_key_lit(w, "attached");
		rs_json_bool(w, program->attached);
		rs_json_end_object(w);
	}
	rs_json_end_array(w);
}

int rs_control_stats_write(struct rs_json *w, const struct rs_control_stats *stats)
{
	rs_json_begin_object(w);
	rs_json_key_lit(w, "time");
	rs_json_time(w, stats->time);
	rs_json_key_lit(w, "version");
	rs_json_cstr(w, stats->version);
	if (stats->stats.who.kube.problem[0]) {
		rs_json_key_lit(w, "kubernetes_problem");
		rs_json_cstr(w, stats->stats.who.kube.problem);
	}
	write_numbers(w, stats);
	write_kinds(w, &stats->stats);
	write_fails(w, &stats->stats);
	write_programs(w, &stats->stats);
	rs_json_end_object(w);
	return w->out->error;
}

/* --- reading --- */

static void read_numbers(const struct rs_json_value *object, struct rs_control_stats *stats)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		const struct rs_json_value *parent = object;
		uint64_t value;

		if (numbers[i].object)
			parent = rs_json_member(object, numbers[i].object);
		value = rs_json_get_u64(rs_json_member(parent, numbers[i].name), "", 0);
		memcpy((char *)stats + numbers[i].offset, &value, sizeof(value));
	}
}

static void read_kind(const struct rs_json_value *member, unsigned kind,
		      struct rs_agent_stats *stats)
{
	const struct rs_json_value *lost = rs_json_member(member, "lost");

	if (rs_json_get_bool(member, "watched", false))
		stats->kinds |= 1ull << kind;
	stats->kernel.generated[kind] = rs_json_get_u64(member, "generated", 0);
	stats->delivered[kind] = rs_json_get_u64(member, "delivered", 0);
	stats->filtered[kind] = rs_json_get_u64(member, "filtered", 0);
	stats->identity[kind] = rs_json_get_u64(member, "identity", 0);
	stats->held[kind] = rs_json_get_u64(member, "held", 0);
	stats->undecoded[kind] = rs_json_get_u64(member, "undecoded", 0);
	stats->unwritten[kind] = rs_json_get_u64(member, "unwritten", 0);
	for (unsigned i = 0; i < RS_LOSS_COUNT; i++)
		stats->kernel.lost[i][kind] = rs_json_get_u64(lost, loss_names[i], 0);
}

static void read_kinds(const struct rs_json_value *object, struct rs_agent_stats *stats)
{
	const struct rs_json_value *kinds = rs_json_member(object, "kinds");

	if (!kinds || kinds->type != RS_JSON_OBJECT)
		return;
	for (const struct rs_json_value *member = kinds->child; member; member = member->next) {
		int kind = rs_kind_from_str(member->key);

		if (kind >= 0)
			read_kind(member, (unsigned)kind, stats);
	}
}

static void read_fails(const struct rs_json_value *object, struct rs_agent_stats *stats)
{
	const struct rs_json_value *fails = rs_json_member(object, "incomplete");
	char name[32];

	for (unsigned i = 0; i < RS_FAIL_COUNT; i++) {
		lower_name(fail_names[i], name);
		stats->kernel.fails[i] = rs_json_get_u64(fails, name, 0);
	}
}

static void copy_text(char *buf, size_t size, const struct rs_json_value *object, const char *name)
{
	snprintf(buf, size, "%s", rs_json_get_str(object, name, ""));
}

static void read_programs(const struct rs_json_value *object, struct rs_agent_stats *stats)
{
	const struct rs_json_value *programs = rs_json_member(object, "programs");

	stats->measured_ns = rs_json_get_u64(object, "measured_ns", 0);
	stats->measuring = rs_json_get_bool(object, "measuring", false);
	if (!programs || programs->type != RS_JSON_ARRAY)
		return;
	for (const struct rs_json_value *item = programs->child;
	     item && stats->n_programs < RS_AGENT_PROGRAMS; item = item->next) {
		struct rs_program *program = &stats->programs[stats->n_programs++];

		copy_text(program->name, sizeof(program->name), item, "name");
		copy_text(program->hook, sizeof(program->hook), item, "hook");
		program->runs = rs_json_get_u64(item, "runs", 0);
		program->run_ns = rs_json_get_u64(item, "run_ns", 0);
		program->missed = rs_json_get_u64(item, "missed", 0);
		program->insns = (uint32_t)rs_json_get_u64(item, "instructions", 0);
		program->verified = (uint32_t)rs_json_get_u64(item, "verified", 0);
		program->attached = rs_json_get_bool(item, "attached", false);
	}
}

int rs_control_stats_read(const struct rs_json_value *object, struct rs_control_stats *ret_stats,
			  struct rs_error *err)
{
	if (!object || object->type != RS_JSON_OBJECT || !rs_json_member(object, "kinds"))
		return rs_error_set(err, -EPROTO, "this is no answer to \"stats\"");
	*ret_stats = (struct rs_control_stats){ 0 };
	copy_text(ret_stats->version, sizeof(ret_stats->version), object, "version");
	copy_text(ret_stats->stats.who.kube.problem, sizeof(ret_stats->stats.who.kube.problem),
		  object, "kubernetes_problem");
	read_numbers(object, ret_stats);
	read_kinds(object, &ret_stats->stats);
	read_fails(object, &ret_stats->stats);
	read_programs(object, &ret_stats->stats);
	ret_stats->stats.storing = ret_stats->stats.store.files > 0;
	return 0;
}
