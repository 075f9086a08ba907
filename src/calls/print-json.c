/* SPDX-License-Identifier: Apache-2.0 */
/* One JSON object a line: see docs in `ringside strace --help`. */
#include <string.h>
#include <sys/wait.h>

#include "base/json.h"
#include "calls/print-internal.h"
#include "calls/signal.h"
#include "calls/who-json.h"

static void put_head(struct rs_json *w, const struct rs_strace_head *head, uint64_t boot,
		     int64_t offset)
{
	rs_json_begin_object(w);
	rs_json_key_lit(w, "time");
	rs_json_time(w, boot + (uint64_t)offset);
	rs_calls_who_json(w, head->pid, head->tid, head->comm);
}

static void put_text(struct rs_json *w, struct rs_str *text)
{
	rs_json_string(w, text->data, text->len);
	rs_str_reset(text);
}

static void put_args(struct rs_json *w, const struct rs_calls_printer *p,
		     const struct rs_call_event *event, struct rs_str *text)
{
	unsigned n = event->call ? rs_call_args(event->call) : 0;

	rs_json_key_lit(w, "args");
	rs_json_begin_object(w);
	for (unsigned i = 0; i < n; i++) {
		const char *name = rs_call_arg_name(event->call, i);

		rs_json_key(w, name, strlen(name));
		rs_call_format_arg(event, &p->options.print, i, text);
		put_text(w, text);
	}
	rs_json_end_object(w);
	rs_json_key_lit(w, "raw_args");
	rs_json_begin_array(w);
	for (unsigned i = 0; i < (event->call ? n : 6); i++)
		rs_json_hex(w, event->args[i]);
	rs_json_end_array(w);
}

static void put_result(struct rs_json *w, const struct rs_calls_printer *p,
		       const struct rs_call_event *event, struct rs_str *text)
{
	int64_t result = event->result;
	const char *name;

	if (!event->done)
		return;
	rs_json_key_lit(w, "result");
	rs_json_i64(w, result);
	rs_call_format_result(event, &p->options.print, text);
	rs_json_key_lit(w, "result_text");
	put_text(w, text);
	if (result >= 0 || result < -4095)
		return;
	name = rs_errno_name((int)-result);
	rs_json_key_lit(w, "errno");
	if (name)
		rs_json_cstr(w, name);
	else
		rs_json_i64(w, -result);
}

static void put_call(struct rs_json *w, const struct rs_calls_printer *p,
		     const struct rs_call_record *record, struct rs_str *text)
{
	const struct rs_call_event *event = &record->event;

	put_head(w, &record->head, record->raw.began ? record->raw.began : record->head.time,
		 p->offset);
	rs_json_key_lit(w, "syscall");
	if (event->call)
		rs_json_cstr(w, rs_call_name(event->call));
	else
		rs_json_null(w);
	rs_json_key_lit(w, "nr");
	rs_json_i64(w, record->raw.nr);
	if (record->raw.flags & RS_STRACE_COMPAT) {
		rs_json_key_lit(w, "bits");
		rs_json_u64(w, 32);
	}
	put_args(w, p, event, text);
	put_result(w, p, event, text);
	if (record->raw.began && event->done) {
		rs_json_key_lit(w, "duration_ns");
		rs_json_u64(w, record->head.time - record->raw.began);
	}
	if (p->options.below_json)
		p->options.below_json(p->options.data, record, w->out);
}

static void put_signal(struct rs_json *w, const struct rs_strace_signal *signal, int64_t offset,
		       struct rs_str *text)
{
	put_head(w, &signal->head, signal->head.time, offset);
	rs_json_key_lit(w, "signal");
	rs_json_cstr(w, rs_signal_name(signal->signal));
	rs_json_key_lit(w, "ignored");
	rs_json_bool(w, signal->ignored);
	rs_call_signal_format(signal, text);
	rs_json_key_lit(w, "text");
	put_text(w, text);
}

static void put_end(struct rs_json *w, const struct rs_strace_end *end, int64_t offset)
{
	put_head(w, &end->head, end->head.time, offset);
	if (WIFSIGNALED(end->code)) {
		rs_json_key_lit(w, "killed_by");
		rs_json_cstr(w, rs_signal_name(WTERMSIG(end->code)));
		rs_json_key_lit(w, "core_dumped");
		rs_json_bool(w, WCOREDUMP(end->code));
	} else {
		rs_json_key_lit(w, "exit_code");
		rs_json_i64(w, WEXITSTATUS(end->code));
	}
}

void rs_calls_print_json(struct rs_calls_printer *printer, const struct rs_call_record *record,
			 struct rs_str *out)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	struct rs_json w;

	rs_json_init(&w, out);
	switch (record->head.kind) {
	case RS_STRACE_CALL:
		put_call(&w, printer, record, &text);
		break;
	case RS_STRACE_SIGNAL:
		put_signal(&w, &record->signal, printer->offset, &text);
		break;
	case RS_STRACE_NEW:
		put_head(&w, &record->head, record->head.time, printer->offset);
		rs_json_key_lit(&w, "made_by");
		rs_json_u64(&w, record->new.parent);
		break;
	case RS_STRACE_END:
		if (printer->options.quiet_ends)
			return;
		put_end(&w, &record->end, printer->offset);
		break;
	default:
		return;
	}
	rs_json_end_object(&w);
	rs_str_append_char(out, '\n');
}
