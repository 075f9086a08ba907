/* SPDX-License-Identifier: Apache-2.0 */
/* What happened, in words: the frame, and the process sensor. */
#include "event/summary.h"

#include <ctype.h>
#include <string.h>

#include "base/term.h"
#include "base/units.h"
#include "event/names.h"

#define HEAD_MIN 12 /* columns of the head, however long the tail is */
#define BETWEEN  4  /* " -> " or " on " */

static rs_words_fn *const writers[] = {
	[RS_KIND_FORK] = rs_words_fork,
	[RS_KIND_EXEC] = rs_words_exec,
	[RS_KIND_EXIT] = rs_words_exit,
	[RS_KIND_OPEN] = rs_words_open,
	[RS_KIND_CREATE] = rs_words_open,
	[RS_KIND_UNLINK] = rs_words_paths,
	[RS_KIND_RMDIR] = rs_words_paths,
	[RS_KIND_RENAME] = rs_words_paths,
	[RS_KIND_LINK] = rs_words_link,
	[RS_KIND_SYMLINK] = rs_words_symlink,
	[RS_KIND_MKDIR] = rs_words_mode,
	[RS_KIND_CHMOD] = rs_words_mode,
	[RS_KIND_CHOWN] = rs_words_chown,
	[RS_KIND_TRUNCATE] = rs_words_truncate,
	[RS_KIND_SETXATTR] = rs_words_setxattr,
	[RS_KIND_MOUNT] = rs_words_mount,
	[RS_KIND_UMOUNT] = rs_words_umount,
	[RS_KIND_CONNECT] = rs_words_peer,
	[RS_KIND_ACCEPT] = rs_words_accept,
	[RS_KIND_LISTEN] = rs_words_local,
	[RS_KIND_BIND] = rs_words_local,
	[RS_KIND_CLOSE] = rs_words_close,
	[RS_KIND_UDP] = rs_words_udp,
	[RS_KIND_SETUID] = rs_words_setuid,
	[RS_KIND_SETGID] = rs_words_setgid,
	[RS_KIND_CAPSET] = rs_words_capset,
	[RS_KIND_PTRACE] = rs_words_ptrace,
	[RS_KIND_KILL] = rs_words_kill,
	[RS_KIND_MODULE] = rs_words_module,
	[RS_KIND_BPF] = rs_words_bpf,
	[RS_KIND_MEMFD] = rs_words_memfd,
	[RS_KIND_WXMAP] = rs_words_wxmap,
	[RS_KIND_UNSHARE] = rs_words_namespaces,
	[RS_KIND_SETNS] = rs_words_namespaces,
	[RS_KIND_CHROOT] = rs_words_root,
	[RS_KIND_PIVOT] = rs_words_root,
	[RS_KIND_CGROUP_MKDIR] = rs_words_cgroup,
	[RS_KIND_CGROUP_RMDIR] = rs_words_cgroup,
};
static_assert(ARRAY_SIZE(writers) == RS_KIND_COUNT, "words for every kind");

/* --- tail and head --- */

void rs_words_tailf(struct rs_words *w, const char *fmt, ...)
{
	size_t room = sizeof(w->tail) - w->tail_len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(w->tail + w->tail_len, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		w->tail_len += MIN((size_t)n, room - 1);
}

void rs_words_tail_bytes(struct rs_words *w, const void *data, size_t n)
{
	if (n)
		w->tail_len += rs_str_escape(w->tail + w->tail_len, sizeof(w->tail) - w->tail_len,
					     data, n);
}

void rs_words_bytes(struct rs_words *w, const void *data, size_t n)
{
	if (n)
		rs_str_append_escaped(w->out, data, n);
}

/* Columns that the tail leaves for what comes next in the head, at least a few. */
static size_t head_room(const struct rs_words *w)
{
	size_t used = rs_term_columns(w->tail, w->tail_len);

	if (w->out->len > w->start)
		used += rs_term_columns(w->out->data + w->start, w->out->len - w->start);
	return w->width > used + HEAD_MIN ? w->width - used : HEAD_MIN;
}

void rs_words_path(struct rs_words *w, int which, unsigned shares)
{
	char buf[RS_EVENT_PATH_MAX];
	struct rs_path path;

	if (rs_event_path(w->event, which, buf, &path))
		rs_words_any_path(w, path.data, path.len, shares);
	else
		rs_str_append_char(w->out, '?');
}

void rs_words_any_path(struct rs_words *w, const void *data, size_t n, unsigned shares)
{
	if (w->width)
		rs_term_append_fit_path(w->out, data, n,
					(head_room(w) - (shares > 1 ? BETWEEN : 0)) / shares,
					RS_TERM_NOPAD);
	else
		rs_str_append_escaped(w->out, data, n);
}

void rs_words_flags(struct rs_words *w, enum rs_kind kind, uint64_t value, size_t skip)
{
	struct rs_flags set = rs_name_flags(kind);
	uint64_t rest = 0;
	const char *name;
	size_t pos = 0;

	while ((name = rs_name_flags_next(&set, value, &pos, &rest))) {
		rs_words_tailf(w, " ");
		for (name += MIN(skip, strlen(name)); *name; name++)
			rs_words_tailf(w, "%c", tolower((unsigned char)*name));
	}
	if (rest)
		rs_words_tailf(w, " 0x%llx", (unsigned long long)rest);
}

/* How the call ended: nothing for success. */
static void add_result(struct rs_words *w)
{
	int32_t ret = w->event->hdr->ret;
	const char *name = ret < 0 && ret > INT32_MIN ? rs_name_errno(-ret) : NULL;

	if (ret >= 0 || rs_kind_sensor(w->event->hdr->kind) == RS_SENSOR_PROCESS)
		return;
	if (name)
		rs_words_tailf(w, " = %s", name);
	else
		rs_words_tailf(w, " = %d", ret);
}

int rs_event_summary_fit(struct rs_str *out, const struct rs_event *event, size_t width)
{
	struct rs_words w = { .out = out, .event = event, .width = width, .start = out->len };

	writers[event->hdr->kind](&w);
	add_result(&w);
	rs_str_append(out, w.tail, w.tail_len);
	return out->error;
}

int rs_event_summary(struct rs_str *out, const struct rs_event *event)
{
	return rs_event_summary_fit(out, event, 0);
}

/* --- process --- */

static bool needs_quotes(const char *arg, size_t n)
{
	static const char safe[] = "_-./:=@%+,^";

	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)arg[i]) && !(arg[i] & 0x80) &&
		    (!arg[i] || !strchr(safe, arg[i])))
			return true;
	return !n;
}

/* One argument as a shell would want it. */
static void quote(struct rs_words *w, const char *arg, size_t n)
{
	if (!needs_quotes(arg, n)) {
		rs_words_bytes(w, arg, n);
		return;
	}
	rs_str_append_char(w->out, '\'');
	for (const char *end = arg + n; arg < end;) {
		const char *stop = memchr(arg, '\'', (size_t)(end - arg));

		rs_words_bytes(w, arg, (size_t)((stop ? stop : end) - arg));
		if (stop)
			rs_str_append_cstr(w->out, "'\\''");
		arg = stop ? stop + 1 : end;
	}
	rs_str_append_char(w->out, '\'');
}

/* How a process ended, and what it used: "status 0", or with another word, ", 12.0ms, cpu 3.00ms". */
static void add_end(struct rs_words *w, const struct rs_exit *e, const char *word)
{
	int signal = e->code & 0x7f;
	char buf[RS_UNITS_BUF];

	if (!signal)
		rs_words_tailf(w, "%s %u", word, e->code >> 8 & 0xff);
	else if (rs_name_signal(signal))
		rs_words_tailf(w, "killed by %s", rs_name_signal(signal));
	else
		rs_words_tailf(w, "killed by signal %d", signal);
	if (signal && e->code & 0x80)
		rs_words_tailf(w, " (core dumped)");
	rs_words_tailf(w, ", %s", rs_units_format_duration(buf, e->wall));
	rs_words_tailf(w, ", cpu %s", rs_units_format_duration(buf, e->runtime));
	if (e->maxrss)
		rs_words_tailf(w, ", %s", rs_units_format_bytes(buf, e->maxrss * 1024));
}

/* Of an event that stands for a whole life: the tail says how it ended, and is worth more than the end
 * of the head. */
static void end_of_life(struct rs_words *w)
{
	const char *head;
	size_t n = w->out->len - w->start, tail, room;

	if (!w->event->end)
		return;
	rs_words_tailf(w, " = ");
	add_end(w, w->event->end, "exit");
	tail = rs_term_columns(w->tail, w->tail_len);
	room = w->width > tail + HEAD_MIN ? w->width - tail : HEAD_MIN;
	/* The head is made again behind itself, where it is not moved about meanwhile. */
	if (!w->width || rs_str_reserve(w->out, 2 * n + 8) < 0)
		return;
	head = w->out->data + w->start;
	rs_term_append_fit(w->out, head, n, room, RS_TERM_NOPAD);
	memmove(w->out->data + w->start, head + n, w->out->len - w->start - n);
	w->out->len -= n;
}

/* One that goes on as its parent's program, unless it runs another soon. */
void rs_words_fork(struct rs_words *w)
{
	const char *command = w->event->end ? w->event->command_line : NULL;

	if (command)
		rs_words_bytes(w, command, strlen(command));
	rs_words_tailf(w, "%sby %u", w->out->len > w->start ? " " : "", w->event->hdr->ppid);
	end_of_life(w);
}

void rs_words_exec(struct rs_words *w)
{
	const struct rs_text *args = &w->event->field[RS_TAG_ARGS];
	const struct rs_text *exe = &w->event->field[RS_TAG_EXE];

	for (size_t pos = 0; args->data && pos < args->len;) {
		size_t n = strnlen(args->data + pos, args->len - pos);

		if (pos)
			rs_str_append_char(w->out, ' ');
		quote(w, args->data + pos, n);
		pos += n + 1;
	}
	if (!args->data || !args->len)
		rs_words_bytes(w, exe->data, exe->data ? exe->len : 0);
	if (args->flags & RS_FIELD_CUT)
		rs_words_tailf(w, " ...");
	if (w->event->exec->flags & RS_EXEC_SETID)
		rs_words_tailf(w, " [gains privileges]");
	end_of_life(w);
}

void rs_words_exit(struct rs_words *w)
{
	add_end(w, w->event->exit, "status");
}
