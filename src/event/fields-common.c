/* SPDX-License-Identifier: Apache-2.0 */
/* Fields that events of all sensors have. */
#include <errno.h>

#include "event/fields.h"
#include "event/names.h"

#define ECS_VERSION          "8.17.0"
#define KERNEL_RESTART_FIRST 512 /* ERESTARTSYS and its like: the call is not over */
#define KERNEL_RESTART_LAST  516

/* --- constants of a kind or of the host: no event there --- */

void rs_field_ecs_version(struct rs_render *r)
{
	rs_out_name(&r->out, ECS_VERSION);
}

void rs_field_event_kind(struct rs_render *r)
{
	rs_out_name(&r->out, "event");
}

void rs_field_category(struct rs_render *r)
{
	rs_out_list(&r->out, rs_event_kinds[r->kind].category);
}

void rs_field_type(struct rs_render *r)
{
	rs_out_list(&r->out, rs_event_kinds[r->kind].type);
}

/* Of kinds that may stand for a whole life. */
void rs_field_type_of_event(struct rs_render *r)
{
	if (r->event->end)
		rs_out_lit(&r->out, "[\"start\",\"end\"]");
	else
		rs_field_type(r);
}

void rs_field_action(struct rs_render *r)
{
	rs_out_name(&r->out, rs_event_kinds[r->kind].action);
}

void rs_field_dataset(struct rs_render *r)
{
	rs_out_lit(&r->out, "\"ringside.");
	rs_out_bytes(&r->out, rs_sensor_to_str(rs_kind_sensor(r->kind)),
		     strlen(rs_sensor_to_str(rs_kind_sensor(r->kind))));
	rs_out_char(&r->out, '"');
}

void rs_field_provider(struct rs_render *r)
{
	rs_out_name(&r->out, "ringside");
}

void rs_field_kind(struct rs_render *r)
{
	rs_out_name(&r->out, rs_kind_to_str(r->kind));
}

static void host_string(struct rs_render *r, const char *text, size_t size)
{
	size_t n = strnlen(text, size);

	if (n)
		rs_out_string(&r->out, text, n);
}

void rs_field_host_name(struct rs_render *r)
{
	host_string(r, r->host->name, sizeof(r->host->name));
}

void rs_field_host_id(struct rs_render *r)
{
	host_string(r, r->host->id, sizeof(r->host->id));
}

void rs_field_host_arch(struct rs_render *r)
{
	host_string(r, r->host->arch, sizeof(r->host->arch));
}

void rs_field_host_boot_id(struct rs_render *r)
{
	host_string(r, r->host->boot_id, sizeof(r->host->boot_id));
}

void rs_field_os_type(struct rs_render *r)
{
	rs_out_name(&r->out, "linux");
}

void rs_field_os_kernel(struct rs_render *r)
{
	host_string(r, r->host->kernel, sizeof(r->host->kernel));
}

/* --- of the event --- */

void rs_field_timestamp(struct rs_render *r)
{
	rs_out_time(r, r->time, r->event->hdr->time);
}

/* Kinds whose action depends on more than the kind. */
struct rs_text rs_get_action_of_event(const struct rs_event *event)
{
	enum rs_kind kind = event->hdr->kind;
	const char *action = rs_event_kinds[kind].action;

	if (kind == RS_KIND_UDP && event->net->direction == RS_DIR_IN)
		action = rs_event_kinds[RS_KIND_ACCEPT].action;
	else if (kind == RS_KIND_MODULE && event->privilege->arg[0] == 1)
		action = "unloaded-kernel-module";
	return rs_text_of(action);
}

struct rs_text rs_get_outcome(const struct rs_event *event)
{
	int64_t error = -(int64_t)event->hdr->ret;

	if (error <= 0 || rs_kind_sensor(event->hdr->kind) == RS_SENSOR_PROCESS)
		return rs_text_of("success");
	if (error == EINPROGRESS || (error >= KERNEL_RESTART_FIRST && error <= KERNEL_RESTART_LAST))
		return rs_text_of("unknown");
	return rs_text_of("failure");
}

void rs_field_duration(struct rs_render *r)
{
	if (r->kind != RS_KIND_CLOSE)
		rs_out_u64(&r->out, rs_event_exit(r->event)->wall);
	else if (r->event->net->duration)
		rs_out_u64(&r->out, r->event->net->duration);
}

struct rs_text rs_get_user_name(const struct rs_event *event)
{
	return rs_text_of(event->user);
}

struct rs_text rs_get_group_name(const struct rs_event *event)
{
	return rs_text_of(event->group);
}

struct rs_text rs_get_hook(const struct rs_event *event)
{
	return rs_text_of(rs_name_hook(event->hdr->hook));
}

void rs_field_syscall(struct rs_render *r)
{
	const struct rs_hdr *hdr = r->event->hdr;
	const char *name = rs_name_syscall(hdr->nr, hdr->flags & RS_HDR_COMPAT);

	if (name)
		rs_out_name(&r->out, name);
	else if (hdr->nr >= 0)
		rs_out_quoted(&r->out, (uint64_t)hdr->nr);
}

void rs_field_error_name(struct rs_render *r)
{
	int32_t ret = r->event->hdr->ret;
	const char *name;

	if (ret >= 0)
		return;
	name = ret > INT32_MIN ? rs_name_errno(-ret) : NULL;
	if (name)
		rs_out_name(&r->out, name);
	else
		rs_out_quoted(&r->out, -(uint64_t)(int64_t)ret);
}

void rs_field_lane(struct rs_render *r)
{
	rs_out_u64(&r->out, r->event->hdr->lane);
}

void rs_field_kthread(struct rs_render *r)
{
	if (r->event->hdr->flags & RS_HDR_KTHREAD)
		rs_out_bool(&r->out, true);
}

void rs_field_compat(struct rs_render *r)
{
	if (r->event->hdr->flags & RS_HDR_COMPAT)
		rs_out_bool(&r->out, true);
}

/* Names of the variable-length fields that carry a flag. */
static void marked_fields(struct rs_render *r, uint8_t flag)
{
	static const char *const names[RS_TAG_COUNT] = {
		[RS_TAG_EXE] = "executable",      [RS_TAG_CWD] = "working_directory",
		[RS_TAG_ARGS] = "args",           [RS_TAG_ENV] = "env_vars",
		[RS_TAG_SCRIPT] = "script",       [RS_TAG_PATH] = "path",
		[RS_TAG_BASE] = "path.base",      [RS_TAG_ARG] = "path.argument",
		[RS_TAG_PATH2] = "path2",         [RS_TAG_BASE2] = "path2.base",
		[RS_TAG_ARG2] = "path2.argument", [RS_TAG_NAME] = "name",
		[RS_TAG_TYPE] = "type",           [RS_TAG_SOCKET] = "address",
		[RS_TAG_ROOT] = "path.root",      [RS_TAG_CGROUP] = "cgroup.target.path",
	};
	unsigned flags = 0;

	for (unsigned i = 1; i < RS_TAG_COUNT; i++)
		flags |= r->event->field[i].flags;
	if (likely(!(flags & flag)))
		return;
	rs_out_array_begin(&r->out);
	for (unsigned i = 1; i < RS_TAG_COUNT; i++) {
		if (!(r->event->field[i].flags & flag))
			continue;
		rs_out_name(&r->out, names[i]);
		rs_out_next(&r->out);
	}
	rs_out_array_end(&r->out);
}

void rs_field_truncated(struct rs_render *r)
{
	marked_fields(r, RS_FIELD_CUT);
}

void rs_field_unreadable(struct rs_render *r)
{
	marked_fields(r, RS_FIELD_FAULT);
}

/* The number that holds the flags of a kind. */
static uint64_t flags_value(const struct rs_event *event)
{
	const struct rs_privilege *p = event->privilege;

	if (rs_kind_sensor(event->hdr->kind) == RS_SENSOR_FILE)
		return event->file->flags;
	if (event->hdr->kind == RS_KIND_MODULE)
		return p->arg[1];
	return event->hdr->kind == RS_KIND_WXMAP ? p->arg[2] : p->arg[0];
}

void rs_field_flags(struct rs_render *r)
{
	struct rs_flags set = rs_name_flags(r->kind);
	uint64_t value = flags_value(r->event), rest = 0;
	const char *name;
	size_t pos = 0;

	rs_out_array_begin(&r->out);
	while ((name = rs_name_flags_next(&set, value, &pos, &rest))) {
		rs_out_name(&r->out, name);
		rs_out_next(&r->out);
	}
	if (rest) {
		rs_out_hex(&r->out, rest);
		rs_out_next(&r->out);
	}
	rs_out_array_end(&r->out);
}

void rs_field_fd(struct rs_render *r)
{
	int32_t fd = -1;

	if (rs_kind_sensor(r->kind) == RS_SENSOR_FILE)
		fd = r->event->file->fd;
	else if (rs_kind_sensor(r->kind) == RS_SENSOR_NET)
		fd = r->event->net->fd;
	if (fd >= 0)
		rs_out_u64(&r->out, (uint64_t)fd);
}
