/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside doctor`: what works here, what does not, and what is done instead. */
#include "cmd/doctor.h"

#include <assert.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <time.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "kern/bpfcall.h"
#include "kern/mounts.h"
#include "kern/sensors.h"

enum output { OUTPUT_TABLE, OUTPUT_JSON };

struct settings {
	enum output output;
	enum rs_term_color_mode color;
	bool fix;
	uint64_t measure; /* ns */
};

const struct rs_doctor_right rs_doctor_rights[] = {
	{ RS_CAP_BPF, true, "loading programs, making maps" },
	{ RS_CAP_PERFMON, true, "programs that read the kernel's memory" },
	{ CAP_SYS_ADMIN, false, "tracefs, other programs of the machine, their statistics" },
	{ CAP_NET_ADMIN, false, "programs on network interfaces and cgroups" },
	{ CAP_SYS_PTRACE, false, "looking at other users' processes in /proc" },
	{ CAP_DAC_READ_SEARCH, false, "files of all users" },
	{ CAP_SYSLOG, false, "addresses of the kernel's functions, for stacks" },
	{ CAP_SETPCAP, false, "giving up all rights for good once the programs are attached" },
	{ CAP_SYS_RESOURCE, false, "raising the limit of locked memory" },
};
const size_t rs_n_doctor_rights = ARRAY_SIZE(rs_doctor_rights);

/* --- mounts --- */

/* In the order of enum rs_doctor_mount_id. */
static const struct mount_row {
	const char *type;
	long magic;
	const char *point; /* where --fix mounts it; NULL: it does not */
	const char *use;
	const char *instead;
} mount_rows[] = {
	{ "tracefs", TRACEFS_MAGIC, "/sys/kernel/tracing", "the list of tracepoints",
	  "a private mount, which nobody else sees" },
	{ "bpf", BPF_FS_MAGIC, "/sys/fs/bpf", "programs that outlive the one who loaded them",
	  "nothing of ours is pinned" },
	{ "cgroup2", CGROUP2_SUPER_MAGIC, NULL, "which container a process belongs to",
	  "containers are not told apart" },
	{ "securityfs", SECURITYFS_MAGIC, NULL, "lockdown and the list of security modules",
	  "a private mount, which nobody else sees" },
};
static_assert(ARRAY_SIZE(mount_rows) == RS_DOCTOR_MOUNT_COUNT, "mount_rows");

static void read_mounts(struct rs_doctor *doctor)
{
	for (size_t i = 0; i < ARRAY_SIZE(mount_rows); i++) {
		struct rs_doctor_mount *mount = &doctor->mounts[i];
		const struct mount_row *row = &mount_rows[i];

		mount->type = row->type;
		mount->use = row->use;
		mount->instead = row->instead;
		if (rs_mounts_find(row->type, row->magic, mount->point, sizeof(mount->point)) < 0)
			mount->point[0] = '\0';
	}
}

static int fix_mounts(struct rs_doctor *doctor, struct rs_error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(mount_rows); i++) {
		struct rs_doctor_mount *found = &doctor->mounts[i];
		const struct mount_row *row = &mount_rows[i];

		if (!row->point || found->point[0])
			continue;
		if (mount(row->type, row->point, row->type, MS_NOSUID | MS_NODEV | MS_NOEXEC,
			  NULL) < 0)
			return rs_error_set_errno(err, -errno, "mounting %s at \"%s\"", row->type,
						  row->point);
		snprintf(found->point, sizeof(found->point), "%s", row->point);
		found->fixed = true;
	}
	return 0;
}

/* --- sensors --- */

static void read_kind(struct rs_features *features, enum rs_kind id, struct rs_doctor_kind *kind)
{
	struct rs_kind_hooks hooks;

	rs_kind_hooks(id, &hooks);
	rs_doctor_ask_hooks(features, hooks.hooks, ARRAY_SIZE(hooks.hooks), kind);
}

/* --- the verdict --- */

static void add_reason(struct rs_doctor *doctor, const char *fmt, ...) _printf_(2, 3);
static void add_reason(struct rs_doctor *doctor, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	rs_str_vappendf(&doctor->reasons, fmt, ap);
	va_end(ap);
	rs_str_append_char(&doctor->reasons, '\n');
}

/* Rights first: without them most answers are only "unknown". */
static void judge_rights(struct rs_doctor *doctor)
{
	uint64_t have = doctor->caps.effective, base = 0;

	if (!doctor->system.first_user_ns)
		add_reason(doctor,
			   "this is a user namespace: its capabilities do not count for eBPF");
	for (size_t i = 0; i < ARRAY_SIZE(rs_doctor_rights); i++)
		base |= rs_doctor_rights[i].needed ? RS_CAP_BIT(rs_doctor_rights[i].cap) : 0;
	if (!(have & RS_CAP_BIT(CAP_SYS_ADMIN)) && (base & ~have)) /* the one includes the others */
		add_reason(doctor, "root is needed, or at least CAP_BPF and CAP_PERFMON");
}

static void judge_features(struct rs_doctor *doctor)
{
	for (unsigned i = 0; i < RS_FEATURE_COUNT; i++) {
		struct rs_feature_info info = rs_feature_info(i);
		const struct rs_feature_result *result = doctor->features[i];

		if (info.needed && result->answer == RS_ANSWER_NO)
			add_reason(doctor, "no %s (%s): %s", info.name, info.why, result->reason);
	}
}

static void judge_memory(struct rs_doctor *doctor)
{
	if (doctor->features[RS_FEATURE_MEMCG]->answer == RS_ANSWER_NO &&
	    doctor->system.memlock_hard != RS_SYSTEM_UNLIMITED &&
	    !(doctor->caps.effective & RS_CAP_BIT(CAP_SYS_RESOURCE)))
		add_reason(doctor,
			   "this kernel charges maps to the limit of locked memory, which we may "
			   "not raise: CAP_SYS_RESOURCE, or `ulimit -l unlimited`");
}

/* The last word has the verifier: our own programs, loaded but not attached. */
static void try_sensors(struct rs_doctor *doctor)
{
	const struct rs_sensors_options options = { .kinds = RS_KINDS_ALL };
	struct rs_sensors *sensors = NULL;
	struct rs_error err = RS_ERROR_INIT;

	if (rs_sensors_open(&options, &sensors, &err) < 0) {
		add_reason(doctor, "%s", err.msg);
		return;
	}
	doctor->loaded = rs_sensors_kinds(sensors);
	rs_sensors_close(&sensors);
	if (!doctor->loaded)
		add_reason(doctor, "this kernel took none of our programs");
}

/* A kind whose programs were refused has no hook, whatever hooks there are. */
static void judge_kind(struct rs_doctor *doctor, unsigned kind)
{
	doctor->kinds[kind].refused = doctor->kinds[kind].used >= 0 &&
				      !(doctor->loaded & (1ull << kind));
	if (doctor->kinds[kind].refused)
		doctor->kinds[kind].used = -1;
}

/* --- programs of the machine --- */

bool rs_doctor_cost(const struct rs_doctor *doctor, const struct rs_node_program *program,
		    uint64_t *ret_runs, uint64_t *ret_ns)
{
	rs_vec_foreach(&doctor->before.programs, before)
	{
		if (before->id != program->id)
			continue;
		*ret_runs = program->runs - before->runs;
		*ret_ns = program->run_ns - before->run_ns;
		return true;
	}
	return false;
}

static void pause_for(uint64_t ns)
{
	struct timespec left = { .tv_sec = (time_t)(ns / 1000000000u),
				 .tv_nsec = (long)(ns % 1000000000u) };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

/* Reads all programs; with an interval, twice, while the kernel counts. */
static int read_node(struct rs_doctor *doctor, uint64_t measure, struct rs_error *err)
{
	_cleanup_(rs_cleanup_close) int stats = -1;
	uint64_t start;
	int r;

	if (!measure)
		return rs_node_read(&doctor->node, err);
	stats = rs_bpf_enable_stats();
	if (stats < 0)
		return rs_error_set_errno(err, stats, "having the kernel measure the programs");
	r = rs_node_read(&doctor->before, err);
	if (r < 0)
		return r;
	rs_node_refresh(&doctor->before);
	start = rs_clock_mono();
	pause_for(measure);
	doctor->measured_ns = rs_clock_mono() - start;
	return rs_node_read(&doctor->node, err);
}

/* --- all of it --- */

static int examine(struct rs_doctor *doctor, struct rs_features **features,
		   const struct settings *settings, struct rs_error *err)
{
	int r = rs_caps_get(&doctor->caps, err);

	if (r < 0)
		return r;
	rs_system_read(&doctor->system);
	read_mounts(doctor);
	if (settings->fix)
		r = fix_mounts(doctor, err);
	if (r < 0)
		return r;
	/* before the trials, whose programs the kernel frees a moment later */
	rs_doctor_look_who(doctor->facts);
	read_node(doctor, settings->measure, &doctor->node_error);
	r = rs_features_new(features, err);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < RS_FEATURE_COUNT; i++)
		doctor->features[i] = rs_features_ask(*features, i);
	for (unsigned i = 0; i < RS_KIND_COUNT; i++)
		read_kind(*features, i, &doctor->kinds[i]);
	for (unsigned i = 0; i < RS_DOCTOR_TOOLS; i++)
		rs_doctor_ask_hooks(*features, rs_doctor_tools[i].hooks,
				    ARRAY_SIZE(rs_doctor_tools[i].hooks), &doctor->tools[i]);
	judge_rights(doctor);
	judge_features(doctor);
	judge_memory(doctor);
	if (!doctor->reasons.len)
		try_sensors(doctor);
	for (unsigned i = 0; i < RS_KIND_COUNT; i++)
		judge_kind(doctor, i);
	return 0;
}

static int print(const struct rs_doctor *doctor, const struct settings *settings)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);
	bool tty = rs_term_is_tty(STDOUT_FILENO);

	if (settings->output == OUTPUT_JSON)
		rs_doctor_json(doctor, &out);
	else
		rs_doctor_table(doctor, tty ? rs_term_width(STDOUT_FILENO) : 0,
				rs_term_use_color(STDOUT_FILENO, settings->color), &out);
	return rs_cmd_print(&out);
}

static void done(struct rs_doctor *doctor)
{
	rs_node_done(&doctor->node);
	rs_node_done(&doctor->before);
	rs_str_done(&doctor->reasons);
}

static int run(const struct rs_cmd *cmd, int argc, char **argv)
{
	_cleanup_(rs_features_free) struct rs_features *features = NULL;
	_cleanup_(done) struct rs_doctor doctor = { 0 };
	struct settings settings = { 0 };
	struct rs_error err = RS_ERROR_INIT;
	int r = rs_cmd_parse(cmd, argc, argv, &settings, NULL);

	if (r != RS_CMD_GO)
		return r;
	r = examine(&doctor, &features, &settings, &err);
	if (r < 0)
		return rs_cmd_fail(&err);
	r = print(&doctor, &settings);
	if (r != RS_CMD_OK)
		return r;
	return doctor.reasons.len ? RS_CMD_DENIED : RS_CMD_OK;
}

static const struct rs_opt_name outputs[] = {
	{ "table", OUTPUT_TABLE, "for people" },
	{ "json", OUTPUT_JSON, "one JSON object" },
	{ 0 },
};

static const struct rs_opt_name colors[] = {
	{ "auto", RS_TERM_COLOR_AUTO, "on a terminal" },
	{ "always", RS_TERM_COLOR_ALWAYS, NULL },
	{ "never", RS_TERM_COLOR_NEVER, NULL },
	{ 0 },
};

static const struct rs_opt opts[] = {
	{ .short_name = 'o',
	  .long_name = "output",
	  .metavar = "FORMAT",
	  .type = RS_OPT_ENUM,
	  .offset = offsetof(struct settings, output),
	  .names = outputs,
	  .default_text = "table",
	  .help = "how to say it" },
	{ .long_name = "fix",
	  .type = RS_OPT_FLAG,
	  .offset = offsetof(struct settings, fix),
	  .help = "mount tracefs and the BPF file system where they are missing" },
	{ .long_name = "measure",
	  .metavar = "TIME",
	  .type = RS_OPT_DURATION,
	  .offset = offsetof(struct settings, measure),
	  .help = "have the kernel measure all eBPF programs for this long, to tell what they cost" },
	{ .long_name = "color",
	  .metavar = "WHEN",
	  .type = RS_OPT_ENUM,
	  .offset = offsetof(struct settings, color),
	  .names = colors,
	  .default_text = "auto",
	  .help = "colour the table" },
	RS_OPT_END,
};

static const struct rs_cmd_example examples[] = {
	{ "ringside doctor", "what works on this machine" },
	{ "ringside doctor --measure 5s", "what do the eBPF programs of this machine cost" },
	{ "ringside doctor -o json | jq .hooks", "the same for programs" },
	{ 0 },
};

const struct rs_cmd rs_cmd_doctor = {
	.name = "doctor",
	.group = "This machine",
	.synopsis = "[OPTION...]",
	.summary = "what works here, what does not, and what is done instead",
	.text = "Tries each hook, helper and kind of map by using it, lists the eBPF programs of this "
		"machine, whoever loaded them, and says whether the agent can run. Changes and mounts "
		"nothing, but with --fix.\n\n"
		"Ends with 0 when the agent can run here, with 3 when the kernel or our rights do not "
		"allow it; the reasons come first.",
	.examples = examples,
	.opts = opts,
	.run = run,
};
