/* SPDX-License-Identifier: Apache-2.0 */
/* Signals: sets, handlers, what came with one; and the state of a child. */
#include "syscall/types-own.h"

void rs_fmt_sigset(struct rs_fmt *f, const void *bytes, size_t size)
{
	uint64_t set = 0, shown;
	unsigned count;
	bool first = true;

	memcpy(&set, bytes, MIN(size, sizeof(set)));
	count = (unsigned)__builtin_popcountll(set);
	shown = count > 42 ? ~set : set; /* two thirds of them: as what is missing */
	rs_fmt_text(f, shown == set ? "[" : "~[");
	for (int i = 1; i <= 64; i++) {
		if (!(shown >> (i - 1) & 1))
			continue;
		if (!first)
			rs_fmt_text(f, " ");
		rs_fmt_text(f, rs_signal_name(i) + 3);
		first = false;
	}
	rs_fmt_text(f, "]");
}

bool rs_type_sigset(struct rs_fmt *f, const rs_memory *m)
{
	rs_fmt_sigset(f, m->data, m->len);
	return true;
}

bool rs_type_sigaction(struct rs_fmt *f, const rs_memory *m)
{
	uint64_t handler = rs_mem_get(m, 0, 8), flags = rs_mem_get(m, 8, 8);
	static const char *const special[] = { "SIG_DFL", "SIG_IGN" };

	rs_fmt_text(f, "{sa_handler=");
	if (handler < 2)
		rs_fmt_text(f, special[handler]);
	else if (handler == UINT64_MAX)
		rs_fmt_text(f, "SIG_ERR");
	else
		rs_fmt_address(f, handler);
	rs_fmt_text(f, ", sa_mask=");
	rs_fmt_sigset(f, (const char *)m->data + 24, 8);
	rs_fmt_text(f, ", sa_flags=");
	rs_fmt_names(f, NAMES_sa_flags, flags);
	if (flags & 0x4000000) {
		rs_fmt_text(f, ", sa_restorer=");
		rs_fmt_address(f, rs_mem_get(m, 16, 8));
	}
	rs_fmt_text(f, "}");
	return true;
}

static const struct {
	int signal;
	enum rs_names codes;
} code_lists[] = {
	{ 4, NAMES_ill_code },   { 8, NAMES_fpe_code },  { 11, NAMES_segv_code },
	{ 7, NAMES_bus_code },   { 5, NAMES_trap_code }, { 17, NAMES_child_code },
	{ 29, NAMES_poll_code }, { 31, NAMES_sys_code },
};

static void put_code(struct rs_fmt *f, int signal, int code)
{
	size_t len;
	const char *name = rs_names_find(NAMES_si_code, (uint64_t)(int64_t)code, &len);

	for (size_t i = 0; !name && i < ARRAY_SIZE(code_lists); i++)
		if (code_lists[i].signal == signal)
			name = rs_names_find(code_lists[i].codes, (uint64_t)(int64_t)code, &len);
	if (name)
		rs_str_append(f->out, name, len);
	else if (code >= 0)
		rs_fmt_hex(f, (uint64_t)code);
	else
		rs_str_append_i64(f->out, code);
}

static void put_sender(struct rs_fmt *f, const rs_memory *m)
{
	rs_str_appendf(f->out, ", si_pid=%d, si_uid=%u", (int)rs_mem_get(m, 16, 4),
		       (unsigned)rs_mem_get(m, 20, 4));
}

static void put_value(struct rs_fmt *f, const rs_memory *m, size_t offset)
{
	rs_str_appendf(f->out, "={sival_int=%d, sival_ptr=", (int)rs_mem_get(m, offset, 4));
	rs_fmt_address(f, rs_mem_get(m, offset, 8));
	rs_fmt_text(f, "}");
}

/* Of user space: 100 a second everywhere. */
static void put_ticks(struct rs_fmt *f, const char *label, uint64_t ticks)
{
	rs_fmt_text(f, label);
	rs_str_append_u64(f->out, ticks);
	if (ticks)
		rs_str_appendf(f->out, " /* %llu.%02llu s */", (unsigned long long)ticks / 100,
			       (unsigned long long)ticks % 100);
}

static void put_child(struct rs_fmt *f, const rs_memory *m, int code)
{
	int status = (int)rs_mem_get(m, 24, 4);

	put_sender(f, m);
	rs_fmt_text(f, ", si_status=");
	if (code == 1) /* CLD_EXITED */
		rs_str_append_i64(f->out, status);
	else
		rs_fmt_signal(f, status);
	put_ticks(f, ", si_utime=", rs_mem_get(m, 32, 8));
	put_ticks(f, ", si_stime=", rs_mem_get(m, 40, 8));
}

/* What the kernel sends by itself. */
static void put_kernel(struct rs_fmt *f, const rs_memory *m, int signal, int code)
{
	switch (signal) {
	case 17:
		put_child(f, m, code);
		break;
	case 4:
	case 5:
	case 7:
	case 8:
	case 11:
		rs_fmt_text(f, ", si_addr=");
		rs_fmt_address(f, rs_mem_get(m, 16, 8));
		break;
	case 29:
		rs_str_appendf(f->out, ", si_band=%lld, si_fd=", (long long)rs_mem_get(m, 16, 8));
		rs_fmt_fd(f, (int)rs_mem_get(m, 24, 4));
		break;
	case 31:
		rs_fmt_text(f, ", si_call_addr=");
		rs_fmt_address(f, rs_mem_get(m, 16, 8));
		rs_str_appendf(f->out, ", si_syscall=__NR_%u", (unsigned)rs_mem_get(m, 24, 4));
		break;
	default:
		if (rs_mem_get(m, 16, 8))
			put_sender(f, m);
	}
}

bool rs_type_siginfo(struct rs_fmt *f, const rs_memory *m)
{
	int signal = (int)rs_mem_get(m, 0, 4), code = (int)rs_mem_get(m, 8, 4),
	    error = (int)rs_mem_get(m, 4, 4);

	if (!signal) {
		rs_fmt_text(f, "{}");
		return true;
	}
	rs_fmt_text(f, "{si_signo=");
	rs_fmt_signal(f, signal);
	rs_fmt_text(f, ", si_code=");
	put_code(f, signal, code);
	if (error && rs_errno_name(error))
		rs_str_appendf(f->out, ", si_errno=%s", rs_errno_name(error));
	else if (error)
		rs_str_appendf(f->out, ", si_errno=%d", error);
	if (code == 0 || code == -6) { /* kill(), tkill() */
		put_sender(f, m);
	} else if (code == -2) { /* timer */
		rs_str_appendf(f->out, ", si_timerid=%#x, si_overrun=%d, si_int=%d, si_ptr=",
			       (unsigned)rs_mem_get(m, 16, 4), (int)rs_mem_get(m, 20, 4),
			       (int)rs_mem_get(m, 24, 4));
		rs_fmt_address(f, rs_mem_get(m, 24, 8));
	} else if (code < 0) { /* sigqueue() and such */
		put_sender(f, m);
		if (rs_mem_get(m, 24, 8)) {
			rs_str_appendf(f->out, ", si_int=%d, si_ptr=", (int)rs_mem_get(m, 24, 4));
			rs_fmt_address(f, rs_mem_get(m, 24, 8));
		}
	} else {
		put_kernel(f, m, signal, code);
	}
	rs_fmt_text(f, "}");
	return true;
}

int rs_call_format_siginfo(const void *info, size_t len, const struct rs_call_print *print,
			   struct rs_str *out)
{
	const struct rs_call_event nothing = { 0 };
	struct rs_fmt f = { .event = &nothing, .print = print, .out = out };
	const rs_memory m = { .data = info, .len = (uint32_t)len };

	rs_type_siginfo(&f, &m);
	return out->error;
}

bool rs_type_sigevent(struct rs_fmt *f, const rs_memory *m)
{
	int how = (int)rs_mem_get(m, 12, 4);

	rs_fmt_text(f, "{sigev_value");
	put_value(f, m, 0);
	rs_fmt_text(f, ", sigev_signo=");
	rs_fmt_signal(f, (int)rs_mem_get(m, 8, 4));
	rs_fmt_text(f, ", sigev_notify=");
	rs_fmt_names(f, NAMES_sigev_notify, (uint64_t)(unsigned)how);
	if (how == 4)
		rs_str_appendf(f->out, ", sigev_notify_thread_id=%d", (int)rs_mem_get(m, 16, 4));
	if (how == 2) {
		rs_fmt_text(f, ", sigev_notify_function=");
		rs_fmt_address(f, rs_mem_get(m, 16, 8));
		rs_fmt_text(f, ", sigev_notify_attributes=");
		rs_fmt_address(f, rs_mem_get(m, 24, 8));
	}
	rs_fmt_text(f, "}");
	return true;
}

bool rs_type_wstatus(struct rs_fmt *f, const rs_memory *m)
{
	unsigned s = (unsigned)rs_mem_get(m, 0, 4), signal = s & 0x7f;

	if (!signal) {
		rs_str_appendf(f->out, "[{WIFEXITED(s) && WEXITSTATUS(s) == %u}", s >> 8 & 0xff);
	} else if (signal == 0x7f) {
		unsigned stop = s >> 8 & 0xff;

		if ((s & 0xffff) == 0xffff) {
			rs_fmt_text(f, "[{WIFCONTINUED(s)}");
		} else {
			rs_fmt_text(f, "[{WIFSTOPPED(s) && WSTOPSIG(s) == ");
			rs_fmt_signal(f, (int)(stop & 0x7f));
			rs_fmt_text(f, stop & 0x80 ? " | 0x80}" : "}");
		}
	} else {
		rs_fmt_text(f, "[{WIFSIGNALED(s) && WTERMSIG(s) == ");
		rs_fmt_signal(f, (int)signal);
		rs_fmt_text(f, s & 0x80 ? " && WCOREDUMP(s)}" : "}");
	}
	rs_fmt_text(f, "]");
	return true;
}
