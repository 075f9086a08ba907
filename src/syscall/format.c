/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a call: which arguments, in which order, and when. */
#include <errno.h>

#include "syscall/format.h"

#define EPOLL_CTL_DEL 2

bool rs_call_is(const struct rs_call_event *event, const char *name)
{
	return event->call && !strcmp(event->call->name, name);
}

static const struct rs_call_arg *arg_of(const struct rs_call_event *event, unsigned arg)
{
	return &event->call->args[arg];
}

/* Not known before the call has ended. */
static bool is_late(const struct rs_call_event *event, unsigned arg)
{
	const struct rs_call_arg *a = arg_of(event, arg);
	bool at_exit = a->capture.when & RS_CAPTURE_EXIT;
	bool at_entry = a->capture.when & RS_CAPTURE_ENTRY;

	if (a->kind == KIND_SPECIAL)
		return rs_special_late(event, arg);
	if (a->kind == KIND_STRUCT_BOTH || a->kind == KIND_ARRAY_BOTH)
		return false;
	if (a->kind == KIND_STRUCT || a->kind == KIND_LENGTH_OF_SOCKET)
		return at_exit;
	return at_exit && !at_entry;
}

static void put_bytes(struct rs_fmt *f, unsigned arg)
{
	const struct rs_capture *c = &arg_of(f->event, arg)->capture;
	bool out = c->how == RS_CAPTURE_RESULT;
	const rs_memory *m = out ? &f->event->out[arg] : &f->event->in[arg];
	uint64_t address = f->event->args[arg];
	uint64_t total = out ? (uint64_t)f->event->result : f->event->args[c->by];

	if (!address || (out && !rs_fmt_ok(f)))
		rs_fmt_address(f, address);
	else if (!total)
		rs_fmt_text(f, "\"\"");
	else if (!m->data || m->len < MIN(total, f->print->string_max))
		rs_fmt_address(f, address);
	else if (arg_of(f->event, arg)->what)
		rs_fmt_hex_bytes(f, m->data, (size_t)MIN(m->len, total), total);
	else
		rs_fmt_bytes(f, m->data, (size_t)MIN(m->len, total), total);
}

/* What a pointer leads to: "{...}", "[3]". */
static bool put_pointed(struct rs_fmt *f, enum rs_type type, const rs_memory *m)
{
	size_t before = f->out->len;

	if (rs_type_rows[type].number)
		rs_fmt_text(f, "[");
	if (!rs_fmt_type(f, type, m)) {
		rs_str_truncate(f->out, before);
		return false;
	}
	if (rs_type_rows[type].number)
		rs_fmt_text(f, "]");
	return true;
}

/* wait4() that found no child leaves all as it was. */
static bool nothing_found(const struct rs_fmt *f, const struct rs_call_arg *a)
{
	return !f->event->result && (a->what == TYPE_wstatus || a->what == TYPE_rusage) &&
	       rs_call_is(f->event, "wait4");
}

/* A number, or a struct, that the call may have changed: "[0 => 10]", "{...} => {...}". */
static void put_struct(struct rs_fmt *f, unsigned arg)
{
	const struct rs_call_arg *a = arg_of(f->event, arg);
	const rs_memory *in = &f->event->in[arg], *out = &f->event->out[arg];
	bool both = a->capture.when & RS_CAPTURE_EXIT && a->capture.when & RS_CAPTURE_ENTRY;
	bool number = rs_type_rows[a->what].number;
	bool before = both && (number || (a->kind == KIND_STRUCT_BOTH && in->data));
	const rs_memory *m = before ? in : rs_fmt_memory(f, arg);
	bool readable = f->event->args[arg] && m->data;

	if (a->capture.when == RS_CAPTURE_EXIT && (!rs_fmt_ok(f) || nothing_found(f, a)))
		readable = false;
	if (rs_call_is(f->event, "epoll_ctl") && (unsigned)f->event->args[1] == EPOLL_CTL_DEL)
		readable = false;
	if (!readable || !put_pointed(f, a->what, m)) {
		rs_fmt_address(f, f->event->args[arg]);
		return;
	}
	if (both && number && a->kind == KIND_STRUCT && out->data && rs_fmt_ok(f)) {
		rs_fmt_text(f, " => ");
		if (!put_pointed(f, a->what, out))
			rs_fmt_address(f, f->event->args[arg]);
	}
}

/* Filled in only when the call was interrupted. */
static void put_failed(struct rs_fmt *f, unsigned arg)
{
	const rs_memory *m = &f->event->out[arg];
	int64_t r = f->event->result;

	if ((r != -4 && r != -516 && r != -514) || !m->data || !f->event->args[arg] ||
	    !rs_fmt_type(f, arg_of(f->event, arg)->what, m))
		rs_fmt_address(f, f->event->args[arg]);
}

static void put_array(struct rs_fmt *f, unsigned arg)
{
	const struct rs_call_arg *a = arg_of(f->event, arg);
	bool result = a->capture.how == RS_CAPTURE_RESULT;
	bool fixed = a->capture.how == RS_CAPTURE_BYTES;
	const rs_memory *m = a->kind == KIND_ARRAY_BOTH ? &f->event->in[arg]
							: rs_fmt_memory(f, arg);
	uint64_t count = fixed    ? 2
			 : result ? (uint64_t)f->event->result
				  : f->event->args[a->capture.by];

	if (a->capture.when & RS_CAPTURE_EXIT && a->kind == KIND_ARRAY && !rs_fmt_ok(f))
		rs_fmt_address(f, f->event->args[arg]);
	else
		rs_fmt_array(f, a->what, m, (uint32_t)count, f->event->args[arg]);
}

static void put_longs(struct rs_fmt *f, unsigned arg)
{
	const rs_memory *m = &f->event->in[arg];
	uint64_t bits = arg + 1 < 6 ? f->event->args[arg + 1] : 0;

	if (bits > 64 * 16)
		bits = 64 * 16;
	rs_fmt_array(f, TYPE_ulongx, m, (bits + 63) / 64, f->event->args[arg]);
}

static void put_vectors(struct rs_fmt *f, unsigned arg)
{
	const struct rs_call_arg *a = arg_of(f->event, arg);
	bool out = a->capture.when & RS_CAPTURE_EXIT;
	const rs_memory *m = out ? &f->event->out[arg] : &f->event->in[arg];
	uint64_t count = f->event->args[a->capture.by];

	if (a->kind == KIND_VECTORS_BARE)
		rs_fmt_bare_vectors(f, m, count, f->event->args[arg]);
	else /* of a call that failed: where it would have gone */
		rs_fmt_vectors(f, m, count, f->event->args[arg],
			       !out           ? RS_VECTORS_ALL
			       : rs_fmt_ok(f) ? (uint64_t)f->event->result
					      : RS_VECTORS_BARE);
}

static void put_socket_address(struct rs_fmt *f, unsigned arg)
{
	const struct rs_call_arg *a = arg_of(f->event, arg);
	unsigned by = a->capture.by;
	bool out = a->capture.how == RS_CAPTURE_BEHIND;
	uint64_t len = f->event->args[by];

	if (out) {
		uint64_t room = rs_mem_get(&f->event->in[by], 0, 4);

		len = rs_mem_get(&f->event->out[by], 0, 4);
		if (!rs_fmt_ok(f) || !f->event->out[by].data) {
			rs_fmt_address(f, f->event->args[arg]);
			return;
		}
		if (room < len)
			len = room;
	}
	rs_fmt_sockaddr(f, out ? &f->event->out[arg] : &f->event->in[arg], f->event->args[arg],
			(uint32_t)len);
}

/* "[128 => 16]" */
static void put_socket_length(struct rs_fmt *f, unsigned arg)
{
	const rs_memory *in = &f->event->in[arg], *out = &f->event->out[arg];
	int32_t before = (int32_t)rs_mem_get(in, 0, 4), after = (int32_t)rs_mem_get(out, 0, 4);
	bool ended = rs_fmt_ok(f) && rs_mem_has(out, 0, 4);

	if (!f->event->args[arg] || (!rs_mem_has(in, 0, 4) && !ended)) {
		rs_fmt_address(f, f->event->args[arg]);
		return;
	}
	if (ended && rs_mem_has(in, 0, 4) && before != after)
		rs_str_appendf(f->out, "[%d => %d]", before, after);
	else
		rs_str_appendf(f->out, "[%d]", ended ? after : before);
}

/* Texts and bytes are no structures. */
static bool leads_to_struct(const struct rs_call_arg *a)
{
	switch (a->kind) {
	case KIND_VECTORS:
	case KIND_VECTORS_BARE:
	case KIND_STRUCT:
	case KIND_STRUCT_FAILED:
	case KIND_STRUCT_BOTH:
	case KIND_ARRAY:
	case KIND_ARRAY_BOTH:
	case KIND_LONGS:
	case KIND_ADDRESS_OF_SOCKET:
	case KIND_LENGTH_OF_SOCKET:
		return true;
	case KIND_SPECIAL:
		return a->capture.how != RS_CAPTURE_NONE && a->capture.how != RS_CAPTURE_STRING &&
		       a->what != SPECIAL_ioctl_arg && a->what != SPECIAL_fcntl_arg &&
		       a->what != SPECIAL_prctl_arg;
	}
	return false;
}

static void put_arg(struct rs_fmt *f, unsigned arg)
{
	const struct rs_call_arg *a = arg_of(f->event, arg);
	uint64_t v = f->event->args[arg];

	if (f->print->raw) {
		rs_fmt_hex(f, v);
		return;
	}
	if (f->print->addresses && leads_to_struct(a)) {
		rs_fmt_address(f, v);
		return;
	}
	switch (a->kind) {
	case KIND_PATH:
	case KIND_STRING:
		if (a->capture.when == RS_CAPTURE_EXIT && !rs_fmt_ok(f))
			rs_fmt_address(f, v);
		else
			rs_fmt_string(f, rs_fmt_memory(f, arg), v, a->kind == KIND_PATH);
		break;
	case KIND_BYTES:
		put_bytes(f, arg);
		break;
	case KIND_VECTORS:
	case KIND_VECTORS_BARE:
		put_vectors(f, arg);
		break;
	case KIND_STRUCT:
	case KIND_STRUCT_BOTH:
		put_struct(f, arg);
		break;
	case KIND_STRUCT_FAILED:
		put_failed(f, arg);
		break;
	case KIND_ARRAY:
	case KIND_ARRAY_BOTH:
		put_array(f, arg);
		break;
	case KIND_LONGS:
		put_longs(f, arg);
		break;
	case KIND_ADDRESS_OF_SOCKET:
		put_socket_address(f, arg);
		break;
	case KIND_LENGTH_OF_SOCKET:
		put_socket_length(f, arg);
		break;
	case KIND_SPECIAL:
		rs_special_put(f, arg);
		break;
	default: {
		bool wide = a->kind == KIND_L || a->kind == KIND_UL || a->kind == KIND_XL ||
			    a->kind == KIND_NAMES64 || a->kind == KIND_ADDRESS;

		rs_fmt_scalar(f, a->kind, a->what, wide ? 8 : 4, v);
	}
	}
}

/* clone() has another order of arguments in every architecture, and names before them. */
struct order {
	const char *name;
	uint8_t arg[5];
	const char *label[5];
};
static const struct order clone_order = {
	"clone",
#ifdef __x86_64__
	{ 1, 0, 2, 4, 3 },
#else
	{ 1, 0, 2, 3, 4 },
#endif
	{ "child_stack=", "flags=", "parent_tid=", "tls=", "child_tidptr=" },
};

static const struct order *order_of(const struct rs_call_event *event)
{
	return rs_call_is(event, clone_order.name) ? &clone_order : NULL;
}

/* The arguments at places @from and above, until one that is not known yet unless @all; returns the place it stopped at. */
static unsigned put_args(struct rs_fmt *f, unsigned from, bool all)
{
	const struct order *order = f->print->raw ? NULL : order_of(f->event);
	unsigned shown = f->print->raw ? ~0u : rs_call_shown(f->event), place = 0;
	bool first = true;

	for (; place < f->event->call->count; place++) {
		unsigned arg = order ? order->arg[place] : place;

		if (!(shown >> arg & 1))
			continue;
		if (place < from) {
			first = false;
			continue;
		}
		/* what stood before ended in a comma, where that was another line */
		if (!first && place != from)
			rs_fmt_text(f, ", ");
		first = false;
		if (!all && is_late(f->event, arg))
			break;
		if (order)
			rs_fmt_text(f, order->label[place]);
		put_arg(f, arg);
	}
	return place;
}

int rs_call_format_entry(const struct rs_call_event *event, const struct rs_call_print *print,
			 struct rs_str *out, unsigned *ret_next)
{
	struct rs_fmt f = { .event = event, .print = print, .out = out };

	if (!event->call) {
		rs_str_appendf(out, "syscall_%#x(", event->nr);
		for (unsigned i = 0; i < 6; i++) {
			rs_fmt_text(&f, i ? ", " : "");
			rs_fmt_hex(&f, event->args[i]);
		}
		*ret_next = 6;
		return out->error;
	}
	rs_fmt_text(&f, event->call->name);
	rs_fmt_text(&f, "(");
	*ret_next = put_args(&f, 0, false);
	return out->error;
}

int rs_call_format_rest(const struct rs_call_event *event, const struct rs_call_print *print,
			unsigned next, struct rs_str *out)
{
	struct rs_fmt f = { .event = event, .print = print, .out = out };

	if (event->call)
		put_args(&f, next, true);
	rs_fmt_text(&f, ")");
	return out->error;
}

int rs_call_format_arg(const struct rs_call_event *event, const struct rs_call_print *print,
		       unsigned arg, struct rs_str *out)
{
	struct rs_fmt f = { .event = event, .print = print, .out = out };

	if (arg >= 6)
		return -EINVAL;
	if (!event->call)
		rs_fmt_hex(&f, event->args[arg]);
	else if (arg < event->call->count)
		put_arg(&f, arg);
	return out->error;
}
