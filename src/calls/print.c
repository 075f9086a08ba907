/* SPDX-License-Identifier: Apache-2.0 */
#include "calls/print.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "base/hashmap.h"
#include "base/units.h"
#include "calls/descriptor.h"
#include "calls/print-internal.h"
#include "calls/signal.h"

#define THREADS_MOST 65536

/* --- threads --- */

static struct rs_calls_thread *thread_of(struct rs_calls_printer *printer, uint32_t pid,
					 uint32_t tid)
{
	struct rs_calls_thread *thread = rs_hashmap_find_u64(printer->threads, tid);

	if (thread)
		return thread;
	thread = calloc(1, sizeof(*thread));
	if (!thread)
		return NULL;
	thread->pid = pid;
	thread->tid = tid;
	if (rs_hashmap_put_u64(printer->threads, tid, thread) < 0) {
		free(thread);
		return NULL;
	}
	return thread;
}

static void drop_thread(void *value, void *data)
{
	(void)data;
	free(value);
}

int rs_calls_printer_knows(struct rs_calls_printer *printer, uint32_t pid, uint32_t tid)
{
	return thread_of(printer, pid, tid) ? 0 : -ENOMEM;
}

void rs_calls_printer_forget(struct rs_calls_printer *printer, uint32_t tid)
{
	free(rs_hashmap_remove_u64(printer->threads, tid));
}

size_t rs_calls_printer_alive(const struct rs_calls_printer *printer)
{
	return rs_hashmap_len(printer->threads);
}

bool rs_calls_printer_next(const struct rs_calls_printer *printer, size_t *pos, uint32_t *ret_tid)
{
	struct rs_hashmap_entry entry;

	if (!rs_hashmap_next(printer->threads, pos, &entry))
		return false;
	*ret_tid = (uint32_t)entry.key;
	return true;
}

/* --- the printer --- */

static void print_fd(void *data, int fd, struct rs_str *out)
{
	struct rs_calls_printer *printer = data;

	if (printer->record)
		rs_call_fd_format(printer->record, fd, printer->in_result, printer->options.sockets,
				  out);
}

int rs_calls_printer_new(const struct rs_calls_print_options *options,
			 struct rs_calls_printer **ret_printer, struct rs_error *err)
{
	const struct rs_hashmap_opts opts = { .max = THREADS_MOST,
					      .evict = true,
					      .drop = drop_thread };
	_cleanup_(rs_calls_printer_free) struct rs_calls_printer *printer = calloc(
		1, sizeof(*printer));

	if (!printer || rs_hashmap_new_u64(&opts, &printer->threads) < 0)
		return rs_error_set_errno(err, -ENOMEM, "printing calls");
	printer->options = *options;
	if (options->fds || options->sockets)
		printer->options.print.fd = print_fd;
	printer->options.print.data = printer;
	printer->raw = options->print.raw;
	printer->verbose = options->print.verbose;
	printer->offset = rs_clock_boot_offset();
	*ret_printer = TAKE_PTR(printer);
	return 0;
}

void rs_calls_printer_free(struct rs_calls_printer **printer)
{
	struct rs_calls_printer *p = TAKE_PTR(*printer);

	if (!p)
		return;
	rs_hashmap_free(&p->threads);
	free(p);
}

/* --- what stands in front of a line --- */

static void append_who(struct rs_calls_printer *p, const struct rs_strace_head *head,
		       struct rs_str *out)
{
	const struct rs_calls_print_options *o = &p->options;

	if (o->who == RS_CALLS_WHO_NOBODY)
		return;
	if (o->who == RS_CALLS_WHO_FILE)
		rs_str_appendf(out, "%-5u ", head->tid);
	else if (o->who == RS_CALLS_WHO_ALWAYS || rs_calls_printer_alive(p) > 1)
		rs_str_appendf(out, "[pid %5u", head->tid);
	else
		return;
	if (o->comm || o->who == RS_CALLS_WHO_ALWAYS) {
		if (o->who == RS_CALLS_WHO_FILE)
			rs_str_truncate(out, out->len - 1);
		rs_str_append_char(out, '<');
		rs_str_append_escaped(out, head->comm, strlen(head->comm));
		rs_str_append_cstr(out, o->who == RS_CALLS_WHO_FILE ? "> " : ">");
	}
	if (o->who != RS_CALLS_WHO_FILE)
		rs_str_append_cstr(out, "] ");
}

/* ".123" of a time, where digits are wanted. */
static void append_fraction(uint64_t ns, unsigned digits, struct rs_str *out)
{
	uint64_t fraction = ns % RS_NSEC_PER_SEC;

	if (!digits)
		return;
	for (unsigned i = digits; i < 9; i++)
		fraction /= 10;
	rs_str_appendf(out, ".%0*llu", (int)digits, (unsigned long long)fraction);
}

static void append_time(struct rs_calls_printer *p, uint64_t boot, struct rs_str *out)
{
	uint64_t real = boot + (uint64_t)p->offset;
	time_t second = (time_t)(real / RS_NSEC_PER_SEC);
	struct tm tm;

	if (p->options.time == RS_CALLS_TIME_EPOCH) {
		rs_str_append_i64(out, (int64_t)second);
		append_fraction(real, p->options.time_digits, out);
		rs_str_append_char(out, ' ');
		return;
	}
	if (second != p->second || !p->clock[0]) {
		localtime_r(&second, &tm);
		strftime(p->clock, sizeof(p->clock), "%H:%M:%S", &tm);
		p->second = second;
	}
	rs_str_append_cstr(out, p->clock);
	append_fraction(real, p->options.time_digits, out);
	rs_str_append_char(out, ' ');
}

static void append_relative(struct rs_calls_printer *p, uint64_t time, struct rs_str *out)
{
	uint64_t since = p->before && time > p->before ? time - p->before : 0;

	p->before = time;
	rs_str_appendf(out, p->options.time ? "(+%6llu" : "%6llu",
		       (unsigned long long)(since / RS_NSEC_PER_SEC));
	append_fraction(since, p->options.relative_digits, out);
	rs_str_append_cstr(out, p->options.time ? ") " : " ");
}

static void append_leader(struct rs_calls_printer *p, const struct rs_strace_head *head,
			  uint64_t time, struct rs_str *out)
{
	p->line = out->len;
	append_who(p, head, out);
	if (p->options.time)
		append_time(p, time, out);
	if (p->options.relative)
		append_relative(p, time, out);
}

/* How this call is written. */
static void choose(struct rs_calls_printer *p, const struct rs_call_record *record)
{
	const struct rs_call_exceptions *e = &p->options.exceptions;
	unsigned nr = record->event.nr;

	if (record->head.kind != RS_STRACE_CALL)
		return;
	p->options.print.raw = p->raw || rs_call_set_has(&e->raw, nr);
	p->options.print.verbose = p->verbose || rs_call_set_has(&e->whole, nr);
	p->options.print.addresses = rs_call_set_has(&e->addresses, nr);
}

/* --- lines that are open --- */

static bool is_open(const struct rs_calls_printer *p, const struct rs_calls_thread *thread)
{
	return thread && (p->options.separate ? thread->open : p->open == thread->tid);
}

static void set_open(struct rs_calls_printer *p, struct rs_calls_thread *thread, bool open)
{
	if (!p->options.separate)
		p->open = open && thread ? thread->tid : 0;
	else if (thread)
		thread->open = open;
}

/* Before a line of @thread, which may be NULL: whose line is open in this text gets an end. */
static void print_break(struct rs_calls_printer *printer, struct rs_calls_thread *thread,
			struct rs_str *out)
{
	if (printer->options.separate ? !is_open(printer, thread) : !printer->open)
		return;
	rs_str_append_cstr(out, printer->last ? " <detached ...>\n" : " <unfinished ...>\n");
	set_open(printer, thread, false);
}

/* The beginning of a call, up to what only its end tells. */
static void append_beginning(struct rs_calls_printer *p, const struct rs_call_record *record,
			     struct rs_str *out, unsigned *ret_next)
{
	if (record->raw.flags & RS_STRACE_COMPAT)
		rs_str_append_cstr(out, "[32 bit] ");
	if (p->options.number)
		rs_str_appendf(out, "[%4d] ", record->raw.nr);
	rs_call_format_entry(&record->event, &p->options.print, out, ret_next);
}

static void name_of(const struct rs_call_event *event, struct rs_str *out)
{
	if (event->call)
		rs_str_append_cstr(out, rs_call_name(event->call));
	else
		rs_str_appendf(out, "syscall_%#x", event->nr);
}

static uint64_t time_of(const struct rs_call_record *record)
{
	return record->raw.began ? record->raw.began : record->head.time;
}

void rs_calls_print_waiting(struct rs_calls_printer *printer, const struct rs_call_record *record,
			    struct rs_str *out)
{
	struct rs_calls_thread *thread = thread_of(printer, record->head.pid, record->head.tid);

	if (!thread || thread->began || printer->options.json)
		return;
	printer->record = record;
	choose(printer, record);
	print_break(printer, thread, out);
	append_leader(printer, &record->head, time_of(record), out);
	append_beginning(printer, record, out, &thread->next);
	thread->column = out->len - printer->line;
	set_open(printer, thread, true);
	thread->began = true;
	printer->record = NULL;
}

static void append_result(struct rs_calls_printer *p, const struct rs_call_record *record,
			  struct rs_str *out)
{
	size_t width = out->len - p->line + p->column;

	if (width + 1 < p->options.column)
		rs_str_append_fill(out, ' ', p->options.column - 1 - width);
	rs_str_append_cstr(out, " = ");
	p->in_result = true;
	rs_call_format_result(&record->event, &p->options.print, out);
	p->in_result = false;
	if (p->options.spent && record->raw.began && record->event.done) {
		uint64_t spent = record->head.time - record->raw.began;

		rs_str_appendf(out, " <%llu", (unsigned long long)(spent / RS_NSEC_PER_SEC));
		append_fraction(spent, p->options.spent_digits, out);
		rs_str_append_char(out, '>');
	}
	rs_str_append_char(out, '\n');
}

/* Did the thread end in a call that is there to end it? Then the call is whole. */
static bool is_end(const struct rs_call_event *event)
{
	const char *name = event->call ? rs_call_name(event->call) : "";

	return !strcmp(name, "exit") || !strcmp(name, "exit_group");
}

static void append_call(struct rs_calls_printer *p, const struct rs_call_record *record,
			struct rs_calls_thread *thread, struct rs_str *out)
{
	unsigned next = thread ? thread->next : 0;
	bool open = is_open(p, thread);

	p->line = out->len;
	p->column = open ? thread->column : 0;
	if (!open) {
		print_break(p, thread, out);
		append_leader(p, &record->head, time_of(record), out);
		if (thread && thread->began) {
			rs_str_append_cstr(out, "<... ");
			name_of(&record->event, out);
			rs_str_append_cstr(out, " resumed>");
		} else {
			append_beginning(p, record, out, &next);
		}
	}
	set_open(p, thread, false);
	if (!record->event.done && !is_end(&record->event)) {
		rs_str_append_cstr(out, " <unfinished ...>\n");
		return;
	}
	rs_call_format_rest(&record->event, &p->options.print, next, out);
	append_result(p, record, out);
}

/* --- the other lines --- */

static void append_end(struct rs_calls_printer *p, const struct rs_call_record *record,
		       struct rs_str *out)
{
	int code = record->end.code;

	append_leader(p, &record->head, record->head.time, out);
	if (!WIFSIGNALED(code)) {
		rs_str_appendf(out, "+++ exited with %d +++\n", WEXITSTATUS(code));
		return;
	}
	rs_str_append_cstr(out, "+++ killed by ");
	rs_call_signal_append(WTERMSIG(code), out);
	rs_str_append_cstr(out, WCOREDUMP(code) ? " (core dumped) +++\n" : " +++\n");
}

static void print_text(struct rs_calls_printer *p, const struct rs_call_record *record,
		       struct rs_str *out)
{
	struct rs_calls_thread *thread = thread_of(p, record->head.pid, record->head.tid);

	switch (record->head.kind) {
	case RS_STRACE_CALL:
		append_call(p, record, thread, out);
		if (thread)
			thread->began = false, thread->next = 0;
		if (p->options.below)
			p->options.below(p->options.data, record, out);
		break;
	case RS_STRACE_SIGNAL:
		print_break(p, thread, out);
		append_leader(p, &record->head, record->head.time, out);
		rs_call_signal_format(&record->signal, out);
		rs_str_append_char(out, '\n');
		break;
	case RS_STRACE_END:
		print_break(p, thread, out);
		if (!p->options.quiet_ends)
			append_end(p, record, out);
		break;
	}
}

/* A thread that executes takes the number of its process: nothing more comes under its own. */
bool rs_calls_is_last(const struct rs_call_record *record)
{
	const struct rs_call_event *event = &record->event;

	if (record->head.kind != RS_STRACE_CALL)
		return record->head.kind == RS_STRACE_END;
	return event->call && event->done && !event->result &&
	       record->head.tid != record->head.pid &&
	       !strncmp(rs_call_name(event->call), "execve", strlen("execve"));
}

void rs_calls_print_end(struct rs_calls_printer *printer, struct rs_str *out)
{
	printer->last = true;
	print_break(printer, NULL, out);
}

void rs_calls_print_end_of(struct rs_calls_printer *printer, uint32_t tid, struct rs_str *out)
{
	printer->last = true;
	print_break(printer, rs_hashmap_find_u64(printer->threads, tid), out);
}

void rs_calls_print(struct rs_calls_printer *printer, const struct rs_call_record *record,
		    struct rs_str *out)
{
	printer->record = record;
	choose(printer, record);
	if (printer->options.json) {
		thread_of(printer, record->head.pid, record->head.tid);
		rs_calls_print_json(printer, record, out);
	} else {
		print_text(printer, record, out);
	}
	printer->record = NULL;
	if (rs_calls_is_last(record))
		rs_calls_printer_forget(printer, record->head.tid);
}
