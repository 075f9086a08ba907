/* SPDX-License-Identifier: Apache-2.0 */
/* What the doctor found out, for programs: one object, whose keys stay. docs/doctor.md has them. */
#include <string.h>

#include "base/json.h"
#include "cmd/doctor.h"
#include "event/event.h"

static void key(struct rs_json *w, const char *name)
{
	rs_json_key(w, name, strlen(name));
}

/* Text, or null when there is none. */
static void text_or_null(struct rs_json *w, const char *name, const char *text)
{
	key(w, name);
	rs_json_cstr(w, text && *text ? text : NULL);
}

static void number(struct rs_json *w, const char *name, uint64_t value)
{
	key(w, name);
	rs_json_u64(w, value);
}

static void boolean(struct rs_json *w, const char *name, bool value)
{
	key(w, name);
	rs_json_bool(w, value);
}

/* A number, or null for the value that means "none". */
static void number_unless(struct rs_json *w, const char *name, uint64_t value, uint64_t none)
{
	key(w, name);
	if (value == none)
		rs_json_null(w);
	else
		rs_json_u64(w, value);
}

static void reasons(struct rs_json *w, const struct rs_doctor *doctor)
{
	const char *p = doctor->reasons.data, *end = p ? p + doctor->reasons.len : NULL;

	boolean(w, "can_run", !doctor->reasons.len);
	key(w, "reasons");
	rs_json_begin_array(w);
	while (p < end) {
		const char *line_end = memchr(p, '\n', (size_t)(end - p));

		rs_json_string(w, p, (size_t)(line_end - p));
		p = line_end + 1;
	}
	rs_json_end_array(w);
}

static void system_object(struct rs_json *w, const struct rs_system *system)
{
	const char *p = system->lsms;

	key(w, "system");
	rs_json_begin_object(w);
	text_or_null(w, "host", system->host);
	text_or_null(w, "kernel", system->release);
	text_or_null(w, "architecture", system->machine);
	number(w, "cpus", system->cpus);
	number(w, "btf_bytes", system->btf_bytes);
	number(w, "btf_modules", system->btf_modules);
	text_or_null(w, "lockdown", system->lockdown);
	key(w, "security_modules");
	rs_json_begin_array(w);
	while (*p) {
		size_t n = strcspn(p, ",");

		rs_json_string(w, p, n);
		p += n + (p[n] == ',');
	}
	rs_json_end_array(w);
	for (unsigned i = 0; i < RS_SYSTEM_SWITCH_COUNT; i++) {
		key(w, rs_system_switch_key(i));
		if (system->switches[i] == RS_SYSTEM_UNSET)
			rs_json_null(w);
		else
			rs_json_i64(w, system->switches[i]);
	}
	number_unless(w, "memlock_soft_bytes", system->memlock_soft, RS_SYSTEM_UNLIMITED);
	number_unless(w, "memlock_hard_bytes", system->memlock_hard, RS_SYSTEM_UNLIMITED);
	rs_json_end_object(w);
}

static void rights_object(struct rs_json *w, const struct rs_doctor *doctor)
{
	char buf[16];

	key(w, "rights");
	rs_json_begin_object(w);
	number(w, "uid", doctor->system.uid);
	boolean(w, "first_user_namespace", doctor->system.first_user_ns);
	boolean(w, "first_process_namespace", doctor->system.first_pid_ns);
	key(w, "capabilities");
	rs_json_begin_array(w);
	for (size_t i = 0; i < rs_n_doctor_rights; i++) {
		const struct rs_doctor_right *right = &rs_doctor_rights[i];

		rs_json_begin_object(w);
		text_or_null(w, "name", rs_caps_to_str(right->cap, buf));
		boolean(w, "have", doctor->caps.effective & RS_CAP_BIT(right->cap));
		boolean(w, "needed", right->needed);
		text_or_null(w, "why", right->why);
		rs_json_end_object(w);
	}
	rs_json_end_array(w);
	rs_json_end_object(w);
}

static void mounts_array(struct rs_json *w, const struct rs_doctor *doctor)
{
	key(w, "mounts");
	rs_json_begin_array(w);
	for (size_t i = 0; i < RS_DOCTOR_MOUNT_COUNT; i++) {
		const struct rs_doctor_mount *mount = &doctor->mounts[i];

		rs_json_begin_object(w);
		text_or_null(w, "type", mount->type);
		text_or_null(w, "point", mount->point);
		boolean(w, "fixed", mount->fixed);
		text_or_null(w, "why", mount->use);
		text_or_null(w, "instead", mount->point[0] ? NULL : mount->instead);
		rs_json_end_object(w);
	}
	rs_json_end_array(w);
}

static void features_array(struct rs_json *w, const struct rs_doctor *doctor, const char *name,
			   enum rs_feature_group group)
{
	key(w, name);
	rs_json_begin_array(w);
	for (unsigned i = 0; i < RS_FEATURE_COUNT; i++) {
		const struct rs_feature_result *result = doctor->features[i];
		struct rs_feature_info info = rs_feature_info(i);

		if (info.group != group)
			continue;
		rs_json_begin_object(w);
		text_or_null(w, "name", info.name);
		text_or_null(w, "answer", rs_answer_to_str(result->answer));
		boolean(w, "needed", info.needed);
		text_or_null(w, "why", info.why);
		text_or_null(w, "reason", result->reason);
		key(w, "error");
		rs_json_i64(w, result->error);
		text_or_null(w, "instead", result->answer == RS_ANSWER_YES ? NULL : info.instead);
		rs_json_end_object(w);
	}
	rs_json_end_array(w);
}

/* From best to worst. */
static void hooks_array(struct rs_json *w, const struct rs_doctor_kind *kind)
{
	key(w, "hooks");
	rs_json_begin_array(w);
	for (size_t i = 0; i < ARRAY_SIZE(kind->hooks) && kind->hooks[i].name; i++) {
		rs_json_begin_object(w);
		text_or_null(w, "name", kind->hooks[i].name);
		text_or_null(w, "answer", rs_answer_to_str(kind->hooks[i].answer));
		rs_json_end_object(w);
	}
	rs_json_end_array(w);
}

static void sensors_array(struct rs_json *w, const struct rs_doctor *doctor)
{
	key(w, "sensors");
	rs_json_begin_array(w);
	for (unsigned i = 0; i < RS_KIND_COUNT; i++) {
		const struct rs_doctor_kind *kind = &doctor->kinds[i];

		rs_json_begin_object(w);
		text_or_null(w, "kind", rs_kind_to_str(i));
		text_or_null(w, "sensor", rs_sensor_to_str(rs_kind_sensor(i)));
		text_or_null(w, "hook", kind->used < 0 ? NULL : kind->hooks[kind->used].name);
		boolean(w, "refused", kind->refused);
		hooks_array(w, kind);
		rs_json_end_object(w);
	}
	rs_json_end_array(w);
}

static void tools_array(struct rs_json *w, const struct rs_doctor *doctor)
{
	key(w, "tools");
	rs_json_begin_array(w);
	for (unsigned i = 0; i < RS_DOCTOR_TOOLS; i++) {
		const struct rs_doctor_tool *tool = &rs_doctor_tools[i];
		const struct rs_doctor_kind *kind = &doctor->tools[i];

		rs_json_begin_object(w);
		text_or_null(w, "name", tool->name);
		text_or_null(w, "why", tool->use);
		text_or_null(w, "hook", kind->used < 0 ? NULL : kind->hooks[kind->used].name);
		text_or_null(w, "instead", kind->used < 0 ? tool->instead : NULL);
		hooks_array(w, kind);
		rs_json_end_object(w);
	}
	rs_json_end_array(w);
}

static void facts_array(struct rs_json *w, const struct rs_doctor *doctor)
{
	key(w, "identity");
	rs_json_begin_array(w);
	for (unsigned i = 0; i < RS_DOCTOR_FACTS; i++) {
		rs_json_begin_object(w);
		text_or_null(w, "name", doctor->facts[i].name);
		boolean(w, "there", doctor->facts[i].there);
		text_or_null(w, "text", doctor->facts[i].text);
		rs_json_end_object(w);
	}
	rs_json_end_array(w);
}

static void measured_object(struct rs_json *w, const struct rs_doctor *doctor,
			    const struct rs_node_program *program)
{
	uint64_t runs, ns;

	key(w, "measured");
	if (!doctor->measured_ns || !rs_doctor_cost(doctor, program, &runs, &ns)) {
		rs_json_null(w);
		return;
	}
	rs_json_begin_object(w);
	number(w, "ns", doctor->measured_ns);
	number(w, "runs", runs);
	number(w, "run_time_ns", ns);
	key(w, "cpu_percent");
	rs_json_double(w, 100.0 * (double)ns / (double)doctor->measured_ns);
	rs_json_end_object(w);
}

static void program_object(struct rs_json *w, const struct rs_doctor *doctor,
			   const struct rs_node_program *program)
{
	char buf[24];

	rs_json_begin_object(w);
	number(w, "id", program->id);
	text_or_null(w, "type", rs_node_program_type(program->type, buf));
	text_or_null(w, "name", program->name);
	snprintf(buf, sizeof(buf), "%016llx", (unsigned long long)program->tag);
	text_or_null(w, "tag", buf);
	boolean(w, "ours", program->ours);
	number(w, "uid", program->uid);
	number_unless(w, "pid", (uint64_t)program->pid, 0);
	text_or_null(w, "comm", program->comm);
	text_or_null(w, "attached_to", program->target);
	number(w, "attachments", program->targets);
	number(w, "links", program->links);
	number(w, "runs", program->runs);
	number(w, "run_time_ns", program->run_ns);
	number(w, "missed_runs", program->missed);
	measured_object(w, doctor, program);
	number(w, "memory_bytes", program->memory);
	number(w, "maps", program->maps);
	number(w, "map_memory_bytes", program->map_memory);
	number(w, "instructions", program->insns);
	number(w, "verified_instructions", program->verified);
	number(w, "loaded_boottime_ns", program->loaded);
	rs_json_end_object(w);
}

static void node_objects(struct rs_json *w, const struct rs_doctor *doctor)
{
	char buf[24];

	key(w, "programs");
	if (doctor->node_error.code) {
		rs_json_null(w);
		text_or_null(w, "programs_error", doctor->node_error.msg);
		return;
	}
	rs_json_begin_array(w);
	rs_vec_foreach(&doctor->node.programs, program) program_object(w, doctor, program);
	rs_json_end_array(w);
	key(w, "links");
	rs_json_begin_array(w);
	rs_vec_foreach(&doctor->node.links, link)
	{
		rs_json_begin_object(w);
		number(w, "id", link->id);
		text_or_null(w, "type", rs_node_link_type(link->type, buf));
		number(w, "program", link->program);
		text_or_null(w, "attached_to", link->target);
		rs_json_end_object(w);
	}
	rs_json_end_array(w);
	key(w, "maps");
	rs_json_begin_object(w);
	number(w, "count", doctor->node.maps);
	number(w, "memory_bytes", doctor->node.map_memory);
	rs_json_end_object(w);
}

void rs_doctor_json(const struct rs_doctor *doctor, struct rs_str *out)
{
	struct rs_json w;

	rs_json_init(&w, out);
	rs_json_begin_object(&w);
	text_or_null(&w, "version", RS_VERSION);
	reasons(&w, doctor);
	system_object(&w, &doctor->system);
	rights_object(&w, doctor);
	mounts_array(&w, doctor);
	features_array(&w, doctor, "hooks", RS_FEATURE_GROUP_HOOK);
	features_array(&w, doctor, "helpers", RS_FEATURE_GROUP_HELPER);
	sensors_array(&w, doctor);
	tools_array(&w, doctor);
	facts_array(&w, doctor);
	node_objects(&w, doctor);
	rs_json_end_object(&w);
	rs_str_append_char(out, '\n');
}
