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

/* "x, else y; better, but not here: z" */
static void append_hooks(const struct rs_doctor_kind *kind, struct rs_str *text)
{
	const size_t first = kind->used < 0 ? 0 : (size_t)kind->used;
	const char *between = "";

	for (size_t i = first; i < ARRAY_SIZE(kind->hooks) && kind->hooks[i].name; i++) {
		rs_str_appendf(text, "%s%s", between, kind->hooks[i].name);
		between = ", else ";
	}
	between = "; better, but not here: ";
	for (size_t i = 0; i < first; i++) {
		rs_str_appendf(text, "%s%s", between, kind->hooks[i].name);
		between = ", ";
	}
	if (kind->refused)
		rs_str_append_cstr(text, ": the kernel refused our program");
	else if (kind->used < 0)
		rs_str_append_cstr(text, ": not here");
}

/* Kinds with the same hooks share a row. */
static void sensor_row(const struct table *t, unsigned first, bool shown[static RS_KIND_COUNT])
{
	_cleanup_(rs_str_done) struct rs_str names = RS_STR_INIT(0), hooks = RS_STR_INIT(0);
	const struct rs_doctor_kind *kinds = t->doctor->kinds;

	for (unsigned i = first; i < RS_KIND_COUNT; i++) {
		if (shown[i] || rs_kind_sensor(i) != rs_kind_sensor(first) ||
		    !same_hooks(&kinds[first], &kinds[i]))
			continue;
		rs_str_appendf(&names, "%s%s", i == first ? "" : " ", rs_kind_to_str(i));
		shown[i] = true;
	}
	append_hooks(&kinds[first], &hooks);
	row(t, kind_mark(&kinds[first]), rs_sensor_to_str(rs_kind_sensor(first)),
	    rs_str_cstr(&names));
	below(t, RS_TERM_DIM, "from ", rs_str_cstr(&hooks));
}

static void sensor_rows(const struct table *t)
{
	bool shown[RS_KIND_COUNT] = { false };

	heading(t, "Sensors");
	for (unsigned i = 0; i < RS_KIND_COUNT; i++) {
		if (!shown[i])
			sensor_row(t, i, shown);
	}
}

/* --- Tools --- */

static enum mark tool_mark(const struct rs_doctor_kind *kind)
{
	enum mark mark = kind_mark(kind);

	return mark == MARK_BAD ? MARK_NO : mark; /* the agent does without */
}

static void tool_row(const struct table *t, const struct rs_doctor_tool *tool,
		     const struct rs_doctor_kind *kind)
{
	_cleanup_(rs_str_done) struct rs_str hooks = RS_STR_INIT(0);

	append_hooks(kind, &hooks);
	row(t, tool_mark(kind), tool->name, tool->use);
	below(t, RS_TERM_DIM, "from ", rs_str_cstr(&hooks));
	if (kind->used < 0)
		below(t, RS_TERM_DIM, "instead: ", tool->instead);
}

static void tool_rows(const struct table *t)
{
	heading(t, "Tools");
	for (unsigned i = 0; i < RS_DOCTOR_TOOLS; i++)
		tool_row(t, &rs_doctor_tools[i], &t->doctor->tools[i]);
}

/* --- containers, pods, the store --- */

static void who_rows(const struct table *t)
{
	heading(t, "Who is who, and what is kept");
	for (unsigned i = 0; i < RS_DOCTOR_FACTS; i++) {
		const struct rs_doctor_fact *fact = &t->doctor->facts[i];

		row(t, fact->there ? MARK_YES : MARK_NO, fact->name, fact->text);
	}
}

/* --- Programs --- */

static void cell(const struct table *t, const char *text, size_t width, enum rs_term_align align)
{
	rs_term_append_fit(t->out, text, strlen(text), width, align);
	rs_str_append_char(t->out, ' ');
}

/* What the list of programs has room for, and something to say in. */
struct columns {
	size_t type;  /* width, 0: not shown */
	size_t owner; /* width */
	bool runs;    /* how many */
	bool time;    /* of each: somebody counted */
	bool cpu;     /* we did, for a known time */
	size_t rest;  /* width of the last one, 0: as long as it is */
};

static void choose_columns(const struct table *t, struct columns *columns)
{
	size_t used;

	*columns = (struct columns){ .type = 15, .owner = 20, .cpu = t->doctor->measured_ns };
	rs_vec_foreach(&t->doctor->node.programs, program)
	{
		columns->runs |= program->runs != 0;
	}
	columns->time = columns->runs;
	used = 8 + 16 + 16 + 21 + 10 + (columns->runs ? 17 : 0) + (columns->cpu ? 9 : 0);
	if (t->width && used + 16 > t->width) {
		used -= 16 + 6 + (columns->runs ? 8 : 0);
		columns->type = 0;
		columns->owner = 14;
		columns->runs = false;
	}
	if (t->width)
		columns->rest = t->width > used + 8 ? t->width - used : 8;
}

static void cost_cells(const struct table *t, const struct columns *columns,
		       const struct rs_node_program *program)
{
	uint64_t runs = program->runs, ns = program->run_ns;
	bool measured = columns->cpu && rs_doctor_cost(t->doctor, program, &runs, &ns);
	char buf[RS_UNITS_BUF] = "-";

	if (columns->runs)
		cell(t, runs ? rs_units_format_count(buf, runs) : "-", 7, RS_TERM_RIGHT);
	if (columns->time)
		cell(t, runs ? rs_units_format_duration(buf, ns / runs) : "-", 8, RS_TERM_RIGHT);
	if (measured)
		snprintf(buf, sizeof(buf), "%.3f%%",
			 100.0 * (double)ns / (double)t->doctor->measured_ns);
	if (columns->cpu)
		cell(t, measured ? buf : "-", 8, RS_TERM_RIGHT);
}

static void program_heading(const struct table *t, const struct columns *columns)
{
	rs_str_append_cstr(t->out, style(t, RS_TERM_DIM));
	cell(t, "ID", 7, RS_TERM_RIGHT);
	if (columns->type)
		cell(t, "TYPE", columns->type, RS_TERM_LEFT);
	cell(t, "NAME", 15, RS_TERM_LEFT);
	cell(t, "HELD BY", columns->owner, RS_TERM_LEFT);
	if (columns->runs)
		cell(t, "RUNS", 7, RS_TERM_RIGHT);
	if (columns->time)
		cell(t, "PER RUN", 8, RS_TERM_RIGHT);
	if (columns->cpu)
		cell(t, "CPU", 8, RS_TERM_RIGHT);
	cell(t, "MEMORY", 9, RS_TERM_RIGHT);
	rs_str_appendf(t->out, "TARGET%s\n", style(t, RS_TERM_RESET));
}

static void target_cell(const struct table *t, const struct columns *columns,
			const struct rs_node_program *program)
{
	char text[sizeof(program->target) + 16];
	int n = snprintf(text, sizeof(text), "%s", program->target);

	if (program->targets > 1)
		n = snprintf(text, sizeof(text), "%s +%u", program->target, program->targets - 1);
	if (columns->rest)
		rs_term_append_fit(t->out, text, (size_t)n, columns->rest, RS_TERM_NOPAD);
	else
		rs_str_append_escaped(t->out, text, (size_t)n);
}

static void program_row(const struct table *t, const struct columns *columns,
			const struct rs_node_program *program)
{
	char buf[RS_UNITS_BUF], type[24], owner[48] = "-";

	rs_str_append_cstr(t->out, program->ours ? style(t, RS_TERM_CYAN) : "");
	snprintf(buf, sizeof(buf), "%u", program->id);
	cell(t, buf, 7, RS_TERM_RIGHT);
	if (columns->type)
		cell(t, rs_node_program_type(program->type, type), columns->type, RS_TERM_LEFT);
	cell(t, program->name[0] ? program->name : "-", 15, RS_TERM_LEFT);
	if (program->pid)
		snprintf(owner, sizeof(owner), "%s[%d]", program->comm, (int)program->pid);
	cell(t, owner, columns->owner, RS_TERM_LEFT);
	cost_cells(t, columns, program);
	cell(t, rs_units_format_bytes(buf, program->memory + program->map_memory), 9,
	     RS_TERM_RIGHT);
	target_cell(t, columns, program);
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
	struct columns columns;

	heading(t, "Programs on this node");
	if (t->doctor->node_error.code) {
		rs_str_append_cstr(t->out, "  ");
		wrap(t, t->doctor->node_error.msg, 2);
		rs_str_append_char(t->out, '\n');
		return;
	}
	choose_columns(t, &columns);
	if (t->doctor->node.programs.len)
		program_heading(t, &columns);
	rs_vec_foreach(&t->doctor->node.programs, program) program_row(t, &columns, program);
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
	tool_rows(&t);
	who_rows(&t);
	program_rows(&t);
}
