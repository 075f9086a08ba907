/* SPDX-License-Identifier: Apache-2.0 */
/* What a call has returned, and what that means. */
#include "syscall/format.h"

static bool is_name(const struct rs_fmt *f, const char *name)
{
	return rs_call_is(f->event, name);
}

/* --- what stands in parentheses behind it --- */

static void put_left(struct rs_fmt *f, unsigned arg, enum rs_type type, const char *before)
{
	const rs_memory *in = &f->event->in[arg], *out = &f->event->out[arg];

	if (!f->event->args[arg] || !out->data || !in->data)
		return;
	rs_fmt_text(f, before);
	rs_fmt_text(f, "left ");
	if (!rs_fmt_type(f, type, out))
		rs_fmt_address(f, f->event->args[arg]);
}

/* poll, ppoll: the descriptors where something happened. */
static void put_poll(struct rs_fmt *f)
{
	const rs_memory *out = &f->event->out[0];
	uint32_t count = (uint32_t)f->event->args[1];
	unsigned shown = 0, most = f->print->verbose ? UINT32_MAX : (unsigned)f->print->string_max;

	if (!f->event->result) {
		rs_fmt_text(f, " (Timeout)");
		return;
	}
	if (!out->data)
		return;
	rs_fmt_text(f, " ([");
	for (uint32_t i = 0; i < count && rs_mem_has(out, i * (size_t)8, 8); i++) {
		uint64_t happened = rs_mem_get(out, i * (size_t)8 + 6, 2);

		if (!happened)
			continue;
		rs_fmt_text(f, shown ? ", " : "");
		if (shown++ >= most) {
			rs_fmt_text(f, "...");
			break;
		}
		rs_fmt_text(f, "{fd=");
		rs_fmt_fd(f, (int)rs_mem_get(out, i * (size_t)8, 4));
		rs_fmt_text(f, ", revents=");
		rs_fmt_names(f, NAMES_poll_events, happened);
		rs_fmt_text(f, "}");
	}
	rs_fmt_text(f, "]");
	if (is_name(f, "ppoll"))
		put_left(f, 2, TYPE_timespec, ", ");
	rs_fmt_text(f, ")");
}

static void put_select(struct rs_fmt *f)
{
	static const char *const labels[] = { "in ", "out ", "except " };
	enum rs_type type = is_name(f, "select") ? TYPE_timeval : TYPE_timespec;
	int count = MIN((int)f->event->args[0], 1024);
	unsigned left = (unsigned)f->event->result;
	bool any = false;

	if (!f->event->result) {
		rs_fmt_text(f, " (Timeout)");
		return;
	}
	for (unsigned i = 0; i < 3; i++) {
		const rs_memory *out = &f->event->out[1 + i];
		bool set = false;

		for (int bit = 0; bit < count && out->data && (unsigned)bit / 8 < out->len; bit++)
			set |= ((const unsigned char *)out->data)[bit / 8] >> (bit % 8) & 1;
		if (!f->event->args[1 + i] || !set || !left)
			continue;
		rs_fmt_text(f, any ? ", " : " (");
		rs_fmt_text(f, labels[i]);
		left -= rs_fmt_fd_set(f, out, (unsigned)count, left);
		any = true;
	}
	if (f->event->args[4] && f->event->out[4].data) {
		put_left(f, 4, type, any ? ", " : " (");
		any = true;
	}
	rs_fmt_text(f, any ? ")" : "");
}

static void put_in_parentheses(struct rs_fmt *f, enum rs_names list)
{
	rs_fmt_text(f, " (");
	rs_fmt_names(f, list, (uint64_t)f->event->result);
	rs_fmt_text(f, ")");
}

/* --- results that are no plain numbers --- */

static void put_flags(struct rs_fmt *f, enum rs_names list)
{
	rs_fmt_hex(f, (uint64_t)f->event->result);
	if (!f->event->result && list != NAMES_open)
		return;
	rs_fmt_text(f, " (");
	rs_fmt_text(f, list == NAMES_lock_type ? "" : list == NAMES_seals ? "seals " : "flags ");
	rs_fmt_names(f, list, (uint64_t)f->event->result);
	rs_fmt_text(f, ")");
}

static void put_fcntl(struct rs_fmt *f)
{
	switch ((unsigned)f->event->args[1]) {
	case 0: /* F_DUPFD, F_DUPFD_CLOEXEC */
	case 1030:
		rs_fmt_fd(f, (int)f->event->result);
		break;
	case 1: /* F_GETFD */
		put_flags(f, NAMES_fd_flags);
		break;
	case 3: /* F_GETFL */
		put_flags(f, NAMES_open);
		break;
	case 1025: /* F_GETLEASE */
		put_flags(f, NAMES_lock_type);
		break;
	case 1034: /* F_GET_SEALS */
		put_flags(f, NAMES_seals);
		break;
	default:
		rs_str_append_i64(f->out, f->event->result);
	}
}

static void put_octal(struct rs_fmt *f)
{
	rs_fmt_scalar(f, KIND_MODE, 0, 8, (uint64_t)f->event->result);
}

static void put_clock_state(struct rs_fmt *f)
{
	rs_str_append_i64(f->out, f->event->result);
	put_in_parentheses(f, NAMES_clock_state);
}

static void put_scheduler(struct rs_fmt *f)
{
	rs_str_append_i64(f->out, f->event->result);
	put_in_parentheses(f, NAMES_sched_policy);
}

static void put_personality(struct rs_fmt *f)
{
	rs_fmt_hex(f, (uint64_t)f->event->result);
	put_in_parentheses(f, NAMES_personality_flags);
}

static void put_ioprio(struct rs_fmt *f)
{
	rs_str_append_i64(f->out, f->event->result);
	rs_fmt_text(f, " (");
	rs_fmt_ioprio(f, (unsigned)f->event->result);
	rs_fmt_text(f, ")");
}

static void put_signal(struct rs_fmt *f)
{
	rs_str_append_i64(f->out, f->event->result);
	if (!f->event->result)
		return;
	rs_fmt_text(f, " (");
	rs_fmt_signal(f, (int)f->event->result);
	rs_fmt_text(f, ")");
}

static void put_prctl(struct rs_fmt *f)
{
	static const char *const dumpable[] = { "SUID_DUMP_DISABLE", "SUID_DUMP_USER",
						"SUID_DUMP_ROOT" };
	uint64_t r = (uint64_t)f->event->result;

	rs_str_append_u64(f->out, r);
	if (f->event->args[0] == 3 && r < ARRAY_SIZE(dumpable)) /* PR_GET_DUMPABLE */
		rs_str_appendf(f->out, " (%s)", dumpable[r]);
	else if (f->event->args[0] == 21) /* PR_GET_SECCOMP */
		put_in_parentheses(f, NAMES_seccomp_mode);
	else if (f->event->args[0] == 27 && r) /* PR_GET_SECUREBITS */
		put_in_parentheses(f, NAMES_securebits);
}

static void put_number_poll(struct rs_fmt *f)
{
	rs_str_append_i64(f->out, f->event->result);
	put_poll(f);
}

static void put_number_select(struct rs_fmt *f)
{
	rs_str_append_i64(f->out, f->event->result);
	put_select(f);
}

static void put_messages(struct rs_fmt *f)
{
	rs_str_append_i64(f->out, f->event->result);
	if (!f->event->result) {
		rs_fmt_text(f, " (Timeout)");
	} else if (f->event->args[4] && f->event->out[4].data) {
		put_left(f, 4, TYPE_timespec, " (");
		rs_fmt_text(f, ")");
	}
}

static void put_bpf(struct rs_fmt *f)
{
	static const uint64_t makes_fd = 1u << 0 | 1u << 5 | 1u << 7 | 1u << 13 | 1u << 14 |
					 1u << 17 | 1u << 18 | 1u << 19 | 1u << 28 | 1u << 30 |
					 UINT64_C(1) << 32 | UINT64_C(1) << 33 | UINT64_C(1) << 36;
	uint64_t cmd = (uint32_t)f->event->args[0];

	if (cmd < 64 && makes_fd >> cmd & 1)
		rs_fmt_fd(f, (int)f->event->result);
	else
		rs_str_append_i64(f->out, f->event->result);
}

static const struct {
	const char *name;
	void (*put)(struct rs_fmt *f);
} rules[] = {
	{ "fcntl", put_fcntl },
	{ "prctl", put_prctl },
	{ "umask", put_octal },
	{ "adjtimex", put_clock_state },
	{ "clock_adjtime", put_clock_state },
	{ "sched_getscheduler", put_scheduler },
	{ "personality", put_personality },
	{ "ioprio_get", put_ioprio },
	{ "rt_sigtimedwait", put_signal },
	{ "poll", put_number_poll },
	{ "ppoll", put_number_poll },
	{ "select", put_number_select },
	{ "pselect6", put_number_select },
	{ "recvmmsg", put_messages },
	{ "bpf", put_bpf },
};

static void put_error(struct rs_fmt *f, int error)
{
	const char *name = rs_errno_name(error), *text = rs_errno_text(error);
	bool again = error >= 512 && error <= 516; /* the kernel's own: the process never sees it */

	rs_fmt_text(f, again ? "?" : "-1");
	if (name)
		rs_str_appendf(f->out, " %s (%s)", name, text);
	else
		rs_str_appendf(f->out, " (errno %d)", error);
}

static bool never_returns(const struct rs_fmt *f)
{
	return is_name(f, "exit") || is_name(f, "exit_group");
}

int rs_call_format_result(const struct rs_call_event *event, const struct rs_call_print *print,
			  struct rs_str *out)
{
	struct rs_fmt f = { .event = event, .print = print, .out = out };
	int64_t r = event->result;

	if (!event->done || never_returns(&f)) {
		rs_fmt_text(&f, "?");
		return out->error;
	}
	if (r < 0 && r >= -4095) {
		put_error(&f, (int)-r);
		return out->error;
	}
	for (size_t i = 0; event->call && !print->raw && i < ARRAY_SIZE(rules); i++)
		if (is_name(&f, rules[i].name)) {
			rules[i].put(&f);
			return out->error;
		}
	if (print->raw || (event->call && event->call->result == RESULT_HEX))
		rs_fmt_hex(&f, (uint64_t)r);
	else if (event->call && event->call->result == RESULT_FD)
		rs_fmt_fd(&f, (int)r);
	else
		rs_str_append_i64(out, r);
	return out->error;
}
