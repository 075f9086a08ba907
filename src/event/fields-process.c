/* SPDX-License-Identifier: Apache-2.0 */
/* Fields about processes: of the one that acted, and what the process sensor says. */
#include "event/fields.h"
#include "event/names.h"

#define COMM_MAX (sizeof(((struct rs_hdr *)0)->comm) - 1)

void rs_field_entity_id(struct rs_render *r)
{
	rs_out_entity_id(r, r->event->hdr->pid, r->event->hdr->start);
}

void rs_field_parent_pid(struct rs_render *r)
{
	if (r->event->hdr->ppid)
		rs_out_u64(&r->out, r->event->hdr->ppid);
}

void rs_field_parent_entity_id(struct rs_render *r)
{
	if (r->event->hdr->ppid)
		rs_out_entity_id(r, r->event->hdr->ppid, r->event->hdr->pstart);
}

/* The kernel keeps 15 bytes of a name; where it is clear that it was cut from the name of the
 * executable, the whole one is given. */
static struct rs_text whole_name(const char *comm, size_t n, const char *exe, size_t exe_len)
{
	const char *slash = n == COMM_MAX && exe ? memrchr(exe, '/', exe_len) : NULL;

	if (slash) {
		size_t len = (size_t)(exe + exe_len - slash) - 1;

		if (len > n && memcmp(slash + 1, comm, n) == 0)
			return (struct rs_text){ slash + 1, (uint32_t)len, 0 };
	}
	return (struct rs_text){ comm, (uint32_t)n, 0 };
}

struct rs_text rs_name_whole(const char *comm, const char *executable)
{
	size_t n = strlen(comm);

	/* Short names are whole: no need to look. */
	return whole_name(comm, n, executable,
			  n == COMM_MAX && executable ? strlen(executable) : 0);
}

struct rs_text rs_get_process_name(const struct rs_event *event)
{
	const char *comm = event->hdr->comm;
	size_t n = rs_chars_len(event->hdr->comm);
	const struct rs_text *exe = &event->field[RS_TAG_EXE];
	const char *known = event->executable;

	if (exe->data)
		return whole_name(comm, n, exe->data, exe->len);
	return whole_name(comm, n, known, n == COMM_MAX && known ? strlen(known) : 0);
}

struct rs_text rs_get_parent_name(const struct rs_event *event)
{
	if (!event->parent_name)
		return (struct rs_text){ 0 };
	return rs_name_whole(event->parent_name, event->parent_executable);
}

struct rs_text rs_get_parent_executable(const struct rs_event *event)
{
	return rs_text_of(event->parent_executable);
}

struct rs_text rs_get_known_command_line(const struct rs_event *event)
{
	return rs_text_of(event->command_line);
}

static void kernel_path(struct rs_render *r, enum rs_tag tag)
{
	char buf[RS_EVENT_PATH_MAX];
	struct rs_path path;

	if (rs_event_kernel_path(&r->event->field[tag], buf, &path))
		rs_out_string(&r->out, path.data, path.len);
}

void rs_field_executable(struct rs_render *r)
{
	const char *known = r->event->executable;

	if (r->event->field[RS_TAG_EXE].data)
		kernel_path(r, RS_TAG_EXE);
	else if (known)
		rs_out_string(&r->out, known, strlen(known));
}

void rs_field_working_directory(struct rs_render *r)
{
	kernel_path(r, RS_TAG_CWD);
}

/* The next string of a block of strings that end with NUL (the last one may not); false at the end.
 * Start with *pos = 0. */
static bool next_string(const struct rs_text *block, size_t *pos, struct rs_text *ret_string)
{
	const char *start, *nul;
	size_t room = block->len - *pos;

	if (!block->data || !room)
		return false;
	start = block->data + *pos;
	nul = memchr(start, '\0', room);
	ret_string->data = start;
	ret_string->len = (uint32_t)(nul ? (size_t)(nul - start) : room);
	*pos += ret_string->len + (nul != NULL);
	return true;
}

void rs_field_args(struct rs_render *r)
{
	struct rs_text arg;
	size_t pos = 0;

	rs_out_array_begin(&r->out);
	while (!r->out.failed && next_string(&r->event->field[RS_TAG_ARGS], &pos, &arg)) {
		rs_out_string(&r->out, arg.data, arg.len);
		rs_out_next(&r->out);
	}
	rs_out_array_end(&r->out);
}

void rs_field_command_line(struct rs_render *r)
{
	struct rs_out *out = &r->out;
	struct rs_text arg;
	size_t pos = 0;

	/* Strings side by side: what was the closing quote of one and the opening quote of the next
	 * becomes one space. */
	while (next_string(&r->event->field[RS_TAG_ARGS], &pos, &arg)) {
		bool first = arg.data == r->event->field[RS_TAG_ARGS].data;
		size_t quote;

		if (!first)
			out->p--;
		quote = (size_t)(out->p - out->str->data);
		rs_out_string(out, arg.data, arg.len);
		if (out->failed)
			return;
		if (!first)
			out->str->data[quote] = ' ';
	}
}

static bool env_wanted(const char *const *names, const struct rs_text *entry)
{
	const char *equals = memchr(entry->data, '=', entry->len);
	size_t n = equals ? (size_t)(equals - entry->data) : entry->len;

	for (; names && *names; names++)
		if (strlen(*names) == n && memcmp(*names, entry->data, n) == 0)
			return true;
	return false;
}

void rs_field_env_vars(struct rs_render *r)
{
	struct rs_text entry;
	size_t pos = 0;

	rs_out_array_begin(&r->out);
	while (!r->out.failed && next_string(&r->event->field[RS_TAG_ENV], &pos, &entry)) {
		if (!env_wanted(r->env, &entry))
			continue;
		rs_out_string(&r->out, entry.data, entry.len);
		rs_out_next(&r->out);
	}
	rs_out_array_end(&r->out);
}

void rs_field_process_start(struct rs_render *r)
{
	if (r->event->hdr->start)
		rs_out_time(r, r->start, r->event->hdr->start);
}

void rs_field_process_end(struct rs_render *r)
{
	rs_out_time(r, r->time, rs_event_exit(r->event)->hdr.time);
}

void rs_field_interactive(struct rs_render *r)
{
	rs_out_bool(&r->out, r->event->exec->tty[0]);
}

struct rs_text rs_get_tty(const struct rs_event *event)
{
	const char *tty = event->exec->tty;

	return (struct rs_text){ tty[0] ? tty : NULL, (uint32_t)rs_chars_len(event->exec->tty), 0 };
}

void rs_field_loginuid(struct rs_render *r)
{
	if (r->event->exec->loginuid != UINT32_MAX)
		rs_out_quoted(&r->out, r->event->exec->loginuid);
}

void rs_field_setid(struct rs_render *r)
{
	if (r->event->exec->flags & RS_EXEC_SETID)
		rs_out_bool(&r->out, true);
}

void rs_field_executable_inode(struct rs_render *r)
{
	if (r->event->exec->ino)
		rs_out_quoted(&r->out, r->event->exec->ino);
}

void rs_field_executable_device(struct rs_render *r)
{
	if (r->event->exec->ino)
		rs_out_device(&r->out, r->event->exec->dev);
}

void rs_field_executable_mode(struct rs_render *r)
{
	if (r->event->exec->mode)
		rs_out_mode(&r->out, r->event->exec->mode);
}

/* --- exit --- */

#define EXIT_SIGNAL(code) ((code)&0x7f)
#define EXIT_CORE(code)   ((code)&0x80)
#define EXIT_STATUS(code) ((code) >> 8 & 0xff)

void rs_field_exit_code(struct rs_render *r)
{
	uint32_t code = rs_event_exit(r->event)->code;

	if (!EXIT_SIGNAL(code))
		rs_out_u64(&r->out, EXIT_STATUS(code));
}

void rs_field_exit_signal(struct rs_render *r)
{
	int signal = (int)EXIT_SIGNAL(rs_event_exit(r->event)->code);
	const char *name = rs_name_signal(signal);

	if (name)
		rs_out_name(&r->out, name);
	else if (signal)
		rs_out_quoted(&r->out, (uint64_t)signal);
}

void rs_field_core_dumped(struct rs_render *r)
{
	if (EXIT_SIGNAL(rs_event_exit(r->event)->code))
		rs_out_bool(&r->out, EXIT_CORE(rs_event_exit(r->event)->code));
}

void rs_field_cpu(struct rs_render *r)
{
	rs_out_u64(&r->out, rs_event_exit(r->event)->runtime);
}

void rs_field_cpu_user(struct rs_render *r)
{
	uint64_t user, system;

	rs_event_cpu_time(rs_event_exit(r->event), &user, &system);
	rs_out_u64(&r->out, user);
}

void rs_field_cpu_system(struct rs_render *r)
{
	uint64_t user, system;

	rs_event_cpu_time(rs_event_exit(r->event), &user, &system);
	rs_out_u64(&r->out, system);
}

void rs_field_max_rss(struct rs_render *r)
{
	rs_out_u64(&r->out, rs_event_exit(r->event)->maxrss * 1024);
}
