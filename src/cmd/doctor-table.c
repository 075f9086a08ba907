/* SPDX-License-Identifier: Apache-2.0 */
/* What the doctor found out, for people. */
#include <linux/capability.h>
#include <string.h>

#include "base/units.h"
#include "cmd/doctor.h"
#include "event/event.h"

#define KEY_WIDTH  24
#define TEXT_START (2 + 4 + KEY_WIDTH + 1) /* indent, mark, key */
#define WIDTH_MIN  (TEXT_START + 30)

struct table {
	const struct rs_doctor *doctor;
	struct rs_str *out;
	unsigned width; /* 0: do not wrap */
	bool color;
};

enum mark { MARK_NONE, MARK_YES, MARK_NO, MARK_BAD, MARK_UNKNOWN };

static const struct {
	const char *text;
	enum rs_term_style style;
} marks[] = {
	[MARK_NONE] = { "", RS_TERM_RESET },       [MARK_YES] = { "yes", RS_TERM_GREEN },
	[MARK_NO] = { "no", RS_TERM_YELLOW },      [MARK_BAD] = { "no", RS_TERM_RED },
	[MARK_UNKNOWN] = { "?", RS_TERM_MAGENTA },
};

static const char *style(const struct table *t, enum rs_term_style which)
{
	return rs_term_style(t->color, which);
}

static void heading(const struct table *t, const char *text)
{
	rs_str_appendf(t->out, "\n%s%s%s\n", style(t, RS_TERM_BOLD), text, style(t, RS_TERM_RESET));
}

/* Words of text, broken at the width; later lines begin at column @start. */
static void wrap(const struct table *t, const char *text, unsigned start)
{
	unsigned column = start;

	while (*text) {
		size_t n = strcspn(text, " ");
		unsigned columns = (unsigned)rs_term_columns(text, n);

		if (column > start && t->width && column + 1 + columns > t->width) {
			rs_str_append_char(t->out, '\n');
			rs_str_append_fill(t->out, ' ', start);
			column = start;
		} else if (column > start) {
			rs_str_append_char(t->out, ' ');
			column++;
		}
		rs_str_append_escaped(t->out, text, n);
		column += columns;
		text += n;
		text += strspn(text, " ");
	}
}

/* "  yes key   text". Without a mark the key takes its place. */
static void row(const struct table *t, enum mark mark, const char *key, const char *text)
{
	rs_str_append_cstr(t->out, "  ");
	if (mark != MARK_NONE) {
		rs_str_append_cstr(t->out, style(t, marks[mark].style));
		rs_term_append_fit(t->out, marks[mark].text, strlen(marks[mark].text), 4,
				   RS_TERM_LEFT);
		rs_str_append_cstr(t->out, style(t, RS_TERM_RESET));
	}
	rs_term_append_fit(t->out, key, strlen(key), KEY_WIDTH + (mark == MARK_NONE ? 4 : 0),
			   RS_TERM_LEFT);
	rs_str_append_char(t->out, ' ');
	rs_str_append_cstr(t->out, mark == MARK_YES ? style(t, RS_TERM_DIM) : "");
	wrap(t, text, TEXT_START);
	rs_str_append_cstr(t->out, mark == MARK_YES ? style(t, RS_TERM_RESET) : "");
	rs_str_append_char(t->out, '\n');
}

/* One more line below a row's text: @lead in the style, then the rest. */
static void below(const struct table *t, enum rs_term_style lead_style, const char *lead,
		  const char *text)
{
	rs_str_append_fill(t->out, ' ', TEXT_START);
	rs_str_append_cstr(t->out, style(t, lead_style));
	rs_str_append_cstr(t->out, lead);
	if (*lead)
		rs_str_append_cstr(t->out, style(t, RS_TERM_RESET));
	wrap(t, text, TEXT_START + (unsigned)strlen(lead));
	if (!*lead)
		rs_str_append_cstr(t->out, style(t, RS_TERM_RESET));
	rs_str_append_char(t->out, '\n');
}

static void rowf(const struct table *t, enum mark mark, const char *key, const char *fmt, ...)
	_printf_(4, 5);
static void rowf(const struct table *t, enum mark mark, const char *key, const char *fmt, ...)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	va_list ap;

	va_start(ap, fmt);
	rs_str_vappendf(&text, fmt, ap);
	va_end(ap);
	row(t, mark, key, rs_str_cstr(&text));
}

/* --- the verdict --- */

static void verdict(const struct table *t)
{
	const char *p = t->doctor->reasons.data, *end = p ? p + t->doctor->reasons.len : NULL;

	if (!t->doctor->reasons.len) {
		rs_str_appendf(t->out, "%sThe agent can run here.%s\n", style(t, RS_TERM_GREEN),
			       style(t, RS_TERM_RESET));
		return;
	}
	rs_str_appendf(t->out, "%sThe agent cannot run here:%s\n", style(t, RS_TERM_RED),
		       style(t, RS_TERM_RESET));
	while (p < end) {
		const char *line_end = memchr(p, '\n', (size_t)(end - p));
		char line[512];

		snprintf(line, sizeof(line), "%.*s", (int)(line_end - p), p);
		rs_str_append_cstr(t->out, "  - ");
		wrap(t, line, 4);
		rs_str_append_char(t->out, '\n');
		p = line_end + 1;
	}
}

/* --- System --- */

static const char *lockdown_means(const char *level)
{
	if (!*level)
		return "unknown: only root can ask";
	if (strcmp(level, "none") == 0)
		return "none";
	if (strcmp(level, "integrity") == 0)
		return "integrity: programs may not write to the memory of processes";
	return "confidentiality: programs may not read the kernel's memory";
}

static const char *unprivileged_means(int64_t value)
{
	switch (value) {
	case 0:
		return "every user may load simple programs";
	case 1:
		return "only with rights, until the next boot";
	case 2:
		return "only with rights";
	default:
		return "unknown";
	}
}

static const char *jit_means(int64_t value)
{
	if (value == RS_SYSTEM_UNSET)
		return "unknown: only root can ask";
	return value ? "on" : "off: programs are interpreted, several times slower";
}

static void memlock_row(const struct table *t)
{
	const struct rs_feature_result *memcg = t->doctor->features[RS_FEATURE_MEMCG];
	uint64_t limit = t->doctor->system.memlock_hard;
	char bytes[RS_UNITS_BUF] = "unlimited";

	if (limit != RS_SYSTEM_UNLIMITED)
		rs_units_format_bytes(bytes, limit);
	rowf(t, MARK_NONE, "limit of locked memory", "%s%s", bytes,
	     memcg->answer == RS_ANSWER_YES ? ", of no account: maps are charged to our cgroup"
					    : "");
}

static void system_rows(const struct table *t)
{
	const struct rs_system *system = &t->doctor->system;
	char bytes[RS_UNITS_BUF];

	heading(t, "System");
	rowf(t, MARK_NONE, "kernel", "%s %s on %s, %u CPUs", system->release, system->machine,
	     system->host, system->cpus);
	if (system->btf_bytes)
		rowf(t, MARK_NONE, "type information (BTF)", "%s, and that of %u modules",
		     rs_units_format_bytes(bytes, system->btf_bytes), system->btf_modules);
	else
		row(t, MARK_NONE, "type information (BTF)", "none");
	row(t, MARK_NONE, "lockdown", lockdown_means(system->lockdown));
	row(t, MARK_NONE, "security modules", system->lsms[0] ? system->lsms : "unknown");
	row(t, MARK_NONE, "unprivileged eBPF",
	    unprivileged_means(system->switches[RS_SYSTEM_UNPRIVILEGED]));
	row(t, MARK_NONE, "JIT compiler", jit_means(system->switches[RS_SYSTEM_JIT]));
	row(t, MARK_NONE, "run time statistics",
	    system->switches[RS_SYSTEM_STATS] == 1 ? "on, for the whole machine"
						   : "off, except while somebody asks for them");
	if (system->switches[RS_SYSTEM_PARANOID] != RS_SYSTEM_UNSET)
		rowf(t, MARK_NONE, "perf_event_paranoid", "%d",
		     (int)system->switches[RS_SYSTEM_PARANOID]);
	memlock_row(t);
}

/* --- Rights --- */

static void right_row(const struct table *t, const struct rs_doctor_right *right)
{
	const struct rs_doctor *doctor = t->doctor;
	bool admin = doctor->caps.effective & RS_CAP_BIT(CAP_SYS_ADMIN);
	char buf[16];
	const char *name = rs_caps_to_str(right->cap, buf);

	if (!doctor->system.first_user_ns)
		row(t, right->needed ? MARK_BAD : MARK_NO, name, right->why);
	else if (doctor->caps.effective & RS_CAP_BIT(right->cap))
		row(t, MARK_YES, name, right->why);
	else if (right->cap == CAP_SYS_RESOURCE &&
		 doctor->features[RS_FEATURE_MEMCG]->answer == RS_ANSWER_YES)
		rowf(t, MARK_NO, name, "%s; not needed on this kernel", right->why);
	else if (right->needed && admin)
		rowf(t, MARK_NO, name, "%s; CAP_SYS_ADMIN includes it", right->why);
	else
		row(t, right->needed ? MARK_BAD : MARK_NO, name, right->why);
}

static void rights_rows(const struct table *t)
{
	const struct rs_system *system = &t->doctor->system;

	heading(t, "Rights");
	rowf(t, MARK_NONE, "user", "%u%s", system->uid, system->uid ? "" : " (root)");
	row(t, MARK_NONE, "user namespace",
	    system->first_user_ns ? "the machine's own"
				  : "a container's: capabilities do not count for eBPF");
	row(t, MARK_NONE, "process namespace",
	    system->first_pid_ns
		    ? "the machine's own"
		    : "a container's: events carry the machine's numbers, not those here");
	for (size_t i = 0; i < rs_n_doctor_rights; i++)
		right_row(t, &rs_doctor_rights[i]);
}

/* --- Mounts --- */

static void mount_rows(const struct table *t)
{
	heading(t, "Mounts");
	for (size_t i = 0; i < RS_DOCTOR_MOUNT_COUNT; i++) {
		const struct rs_doctor_mount *mount = &t->doctor->mounts[i];

		if (mount->point[0]) {
			rowf(t, MARK_YES, mount->type, "%s%s: %s", mount->point,
			     mount->fixed ? ", mounted just now" : "", mount->use);
			continue;
		}
		rowf(t, MARK_NO, mount->type, "not mounted: %s", mount->use);
		below(t, RS_TERM_DIM, "instead: ", mount->instead);
	}
}

/* --- Hooks, Helpers --- */

static void feature_row(const struct table *t, enum rs_feature id)
{
	const struct rs_feature_result *result = t->doctor->features[id];
	struct rs_feature_info info = rs_feature_info(id);

	switch (result->answer) {
	case RS_ANSWER_YES:
		if (result->reason[0])
			rowf(t, MARK_YES, info.name, "%s (%s)", info.why, result->reason);
		else
			row(t, MARK_YES, info.name, info.why);
		return;
	case RS_ANSWER_UNKNOWN:
		rowf(t, MARK_UNKNOWN, info.name, "%s to be tried", result->reason);
		return;
	case RS_ANSWER_NO:
		row(t, info.needed ? MARK_BAD : MARK_NO, info.name, info.why);
		below(t, info.needed ? RS_TERM_RED : RS_TERM_YELLOW, "", result->reason);
		if (info.instead && !info.needed)
			below(t, RS_TERM_DIM, "instead: ", info.instead);
		return;
	}
}

static void feature_rows(const struct table *t, const char *title, enum rs_feature_group group)
{
	heading(t, title);
	for (unsigned i = 0; i < RS_FEATURE_COUNT; i++) {
		if (rs_feature_info(i).group == group)
			feature_row(t, i);
	}
}

/* --- Sensors --- */

static bool same_hooks(const struct rs_doctor_kind *a, const struct rs_doctor_kind *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(a->hooks); i++) {
		const char *x = a->hooks[i].name, *y = b->hooks[i].name;

		if (!x && !y)
			break;
		if (!x || !y)
			return false;
		if (strcmp(x, y) != 0 || a->hooks[i].answer != b->hooks[i].answer)
			return false;
	}
	return a->refused == b->refused;
}

static enum mark kind_mark(const struct rs_doctor_kind *kind)
{
	if (kind->used >= 0)
		return MARK_YES;
	if (kind->refused)
		return MARK_BAD;
	for (size_t i = 0; i < ARRAY_SIZE(kind->hooks) && kind->hooks[i].name; i++) {
		if (kind->hooks[i].answer == RS_ANSWER_UNKNOWN)
			return MARK_UNKNOWN;
	}
	return MARK_BAD;
}

/* "x, else y": x will be used. "not x, y": x is better, but this kernel does not have it. */
static void append_hooks(const struct rs_doctor_kind *kind, struct rs_str *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(kind->hooks) && kind->hooks[i].name; i++) {
		if ((int)i < kind->used)
			rs_str_appendf(text, "not %s, ", kind->hooks[i].name);
		else if ((int)i == kind->used)
			rs_str_appendf(text, "%s", kind->hooks[i].name);
		else
			rs_str_appendf(text, "%s%s", i ? ", else " : "", kind->hooks[i].name);
	}
}

/* Kinds with the same hooks share a row. */
static void sensor_rows(const struct table *t)
{
	const struct rs_doctor_kind *kinds = t->doctor->kinds;
	bool shown[RS_KIND_COUNT] = { false };

	heading(t, "Sensors");
	for (unsigned i = 0; i < RS_KIND_COUNT; i++) {
		_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);

		if (shown[i])
			continue;
		for (unsigned j = i; j < RS_KIND_COUNT; j++) {
			if (shown[j] || rs_kind_sensor(j) != rs_kind_sensor(i) ||
			    !same_hooks(&kinds[i], &kinds[j]))
				continue;
			rs_str_appendf(&text, "%s%s", j == i ? "" : " ", rs_kind_to_str(j));
			shown[j] = true;
		}
		rs_str_append_cstr(&text, ": ");
		append_hooks(&kinds[i], &text);
		if (kinds[i].refused)
			rs_str_append_cstr(&text, " (the kernel refused our program)");
		row(t, kind_mark(&kinds[i]), rs_sensor_to_str(rs_kind_sensor(i)),
		    rs_str_cstr(&text));
	}
}

/* --- Programs --- */

static void cell(const struct table *t, const char *text, size_t width, enum rs_term_align align)
{
	rs_term_append_fit(t->out, text, strlen(text), width, align);
	rs_str_append_char(t->out, ' ');
}

static void cost_cells(const struct table *t, const struct rs_node_program *program)
{
	uint64_t runs = program->runs, ns = program->run_ns;
	bool measured = t->doctor->measured_ns && rs_doctor_cost(t->doctor, program, &runs, &ns);
	char buf[RS_UNITS_BUF] = "-";

	cell(t, runs ? rs_units_format_count(buf, runs) : "-", 7, RS_TERM_RIGHT);
	cell(t, runs ? rs_units_format_duration(buf, ns / runs) : "-", 8, RS_TERM_RIGHT);
	snprintf(buf, sizeof(buf), "-");
	if (measured)
		snprintf(buf, sizeof(buf), "%.3f%%",
			 100.0 * (double)ns / (double)t->doctor->measured_ns);
	cell(t, buf, 8, RS_TERM_RIGHT);
}

static void program_row(const struct table *t, const struct rs_node_program *program)
{
	char buf[RS_UNITS_BUF], type[24], owner[48] = "-";

	rs_str_append_cstr(t->out, program->ours ? style(t, RS_TERM_CYAN) : "");
	snprintf(buf, sizeof(buf), "%u", program->id);
	cell(t, buf, 7, RS_TERM_RIGHT);
	cell(t, rs_node_program_type(program->type, type), 15, RS_TERM_LEFT);
	cell(t, program->name[0] ? program->name : "-", 15, RS_TERM_LEFT);
	if (program->pid)
		snprintf(owner, sizeof(owner), "%s[%d]", program->comm, (int)program->pid);
	cell(t, owner, 20, RS_TERM_LEFT);
	cost_cells(t, program);
	cell(t, rs_units_format_bytes(buf, program->memory + program->map_memory), 9,
	     RS_TERM_RIGHT);
	rs_str_append_escaped(t->out, program->target, strlen(program->target));
	if (program->targets > 1)
		rs_str_appendf(t->out, " +%u", program->targets - 1);
	rs_str_append_cstr(t->out, program->ours ? style(t, RS_TERM_RESET) : "");
	rs_str_append_char(t->out, '\n');
}

static void totals(const struct table *t)
{
	const struct rs_node *node = &t->doctor->node;
	char memory[RS_UNITS_BUF], maps[RS_UNITS_BUF];
	uint64_t bytes = 0, counted = 0;

	rs_vec_foreach(&node->programs, program)
	{
		bytes += program->memory;
		counted += program->runs;
	}
	if (!node->programs.len) {
		rs_str_append_cstr(t->out, "  none\n");
		return;
	}
	rs_str_appendf(t->out, "  programs: %zu, %s; maps: %u, %s; links: %zu\n",
		       node->programs.len, rs_units_format_bytes(memory, bytes), node->maps,
		       rs_units_format_bytes(maps, node->map_memory), node->links.len);
	if (t->doctor->measured_ns)
		return;
	rs_str_append_cstr(t->out, "  ");
	wrap(t,
	     counted ? "Runs are since loading, as far as statistics were on; `--measure 5s` tells "
		       "what they cost now."
		     : "Statistics are off: runs and times are not known; `--measure 5s` has the kernel "
		       "count for so long.",
	     2);
	rs_str_append_char(t->out, '\n');
}

static void program_rows(const struct table *t)
{
	heading(t, "Programs on this node");
	if (t->doctor->node_error.code) {
		rs_str_append_cstr(t->out, "  ");
		wrap(t, t->doctor->node_error.msg, 2);
		rs_str_append_char(t->out, '\n');
		return;
	}
	if (t->doctor->node.programs.len) {
		rs_str_append_cstr(t->out, style(t, RS_TERM_DIM));
		rs_str_appendf(t->out, "%7s %-15s %-15s %-20s %7s %8s %8s %9s %s", "ID", "TYPE",
			       "NAME", "HELD BY", "RUNS", "PER RUN", "CPU", "MEMORY",
			       "ATTACHED TO");
		rs_str_appendf(t->out, "%s\n", style(t, RS_TERM_RESET));
	}
	rs_vec_foreach(&t->doctor->node.programs, program) program_row(t, program);
	totals(t);
}

void rs_doctor_table(const struct rs_doctor *doctor, unsigned width, bool color, struct rs_str *out)
{
	const struct table t = { .doctor = doctor,
				 .out = out,
				 .width = width ? MAX(width, (unsigned)WIDTH_MIN) : 0,
				 .color = color };

	verdict(&t);
	system_rows(&t);
	rights_rows(&t);
	mount_rows(&t);
	feature_rows(&t, "Hooks", RS_FEATURE_GROUP_HOOK);
	feature_rows(&t, "Helpers", RS_FEATURE_GROUP_HELPER);
	sensor_rows(&t);
	program_rows(&t);
}
