/* SPDX-License-Identifier: Apache-2.0 */
#include "calls/signal.h"

#include <signal.h>
#include <string.h>

#include "base/util.h"
#include "syscall/syscall.h"

/* <signal.h> has most of them as an enumeration, and glibc's as macros of the same name. */
struct code {
	int signal; /* 0: any */
	int code;
	const char *name;
};

#define CODE(signal, name)                                                                         \
	{                                                                                          \
		signal, name, #name                                                                \
	}
static const struct code codes[] = {
	CODE(0, SI_USER),           CODE(0, SI_KERNEL),          CODE(0, SI_QUEUE),
	CODE(0, SI_TIMER),          CODE(0, SI_MESGQ),           CODE(0, SI_ASYNCIO),
	CODE(0, SI_SIGIO),          CODE(0, SI_TKILL),           CODE(0, SI_ASYNCNL),
	CODE(SIGCHLD, CLD_EXITED),  CODE(SIGCHLD, CLD_KILLED),   CODE(SIGCHLD, CLD_DUMPED),
	CODE(SIGCHLD, CLD_TRAPPED), CODE(SIGCHLD, CLD_STOPPED),  CODE(SIGCHLD, CLD_CONTINUED),
	CODE(SIGSEGV, SEGV_MAPERR), CODE(SIGSEGV, SEGV_ACCERR),  CODE(SIGSEGV, SEGV_BNDERR),
	CODE(SIGSEGV, SEGV_PKUERR), CODE(SIGBUS, BUS_ADRALN),    CODE(SIGBUS, BUS_ADRERR),
	CODE(SIGBUS, BUS_OBJERR),   CODE(SIGBUS, BUS_MCEERR_AR), CODE(SIGBUS, BUS_MCEERR_AO),
	CODE(SIGFPE, FPE_INTDIV),   CODE(SIGFPE, FPE_INTOVF),    CODE(SIGFPE, FPE_FLTDIV),
	CODE(SIGFPE, FPE_FLTOVF),   CODE(SIGFPE, FPE_FLTUND),    CODE(SIGFPE, FPE_FLTRES),
	CODE(SIGFPE, FPE_FLTINV),   CODE(SIGFPE, FPE_FLTSUB),    CODE(SIGILL, ILL_ILLOPC),
	CODE(SIGILL, ILL_ILLOPN),   CODE(SIGILL, ILL_ILLADR),    CODE(SIGILL, ILL_ILLTRP),
	CODE(SIGILL, ILL_PRVOPC),   CODE(SIGILL, ILL_PRVREG),    CODE(SIGILL, ILL_COPROC),
	CODE(SIGILL, ILL_BADSTK),   CODE(SIGTRAP, TRAP_BRKPT),   CODE(SIGTRAP, TRAP_TRACE),
	CODE(SIGPOLL, POLL_IN),     CODE(SIGPOLL, POLL_OUT),     CODE(SIGPOLL, POLL_MSG),
	CODE(SIGPOLL, POLL_ERR),    CODE(SIGPOLL, POLL_PRI),     CODE(SIGPOLL, POLL_HUP),
};

static void append_code(struct rs_str *out, int signal, int code)
{
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (codes[i].code == code && (!codes[i].signal || codes[i].signal == signal)) {
			rs_str_append_cstr(out, codes[i].name);
			return;
		}
	rs_str_appendf(out, "%d", code);
}

void rs_call_signal_append(int signal, struct rs_str *out)
{
	const char *name = rs_signal_name(signal);

	if (name)
		rs_str_append_cstr(out, name);
	else
		rs_str_append_i64(out, signal);
}

static void append_child(struct rs_str *out, const siginfo_t *info)
{
	rs_str_appendf(out, ", si_pid=%d, si_uid=%u, si_status=", info->si_pid, info->si_uid);
	if (info->si_code == CLD_EXITED)
		rs_str_appendf(out, "%d", info->si_status);
	else
		rs_call_signal_append(info->si_status, out);
	rs_str_appendf(out, ", si_utime=%ld, si_stime=%ld", (long)info->si_utime,
		       (long)info->si_stime);
}

static void append_sender(struct rs_str *out, const siginfo_t *info)
{
	rs_str_appendf(out, ", si_pid=%d, si_uid=%u", info->si_pid, info->si_uid);
	if (info->si_code == SI_QUEUE)
		rs_str_appendf(out, ", si_int=%d, si_ptr=%p", info->si_int, info->si_ptr);
}

static bool is_fault(int signal)
{
	return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE ||
	       signal == SIGTRAP;
}

static void append_address(struct rs_str *out, const siginfo_t *info)
{
	if (info->si_addr)
		rs_str_appendf(out, ", si_addr=%p", info->si_addr);
	else
		rs_str_append_cstr(out, ", si_addr=NULL");
}

static void append_rest(struct rs_str *out, const siginfo_t *info)
{
	if (info->si_code == SI_TIMER)
		rs_str_appendf(out, ", si_timerid=%#x, si_overrun=%d, si_int=%d, si_ptr=%p",
			       (unsigned)info->si_timerid, info->si_overrun, info->si_int,
			       info->si_ptr);
	else if (info->si_code > 0 && info->si_signo == SIGCHLD)
		append_child(out, info);
	else if (info->si_code > 0 && info->si_code != SI_KERNEL && is_fault(info->si_signo))
		append_address(out, info);
	else if (info->si_code > 0 && info->si_signo == SIGPOLL)
		rs_str_appendf(out, ", si_band=%ld, si_fd=%d", info->si_band, info->si_fd);
	else if (info->si_code == SI_KERNEL && is_fault(info->si_signo))
		append_address(out, info);
	else if (info->si_code <= 0)
		append_sender(out, info);
}

void rs_call_signal_format(const struct rs_strace_signal *record, struct rs_str *out)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	memcpy(&info, record->info, sizeof(record->info));
	rs_str_append_cstr(out, "--- ");
	rs_call_signal_append(record->signal, out);
	rs_str_append_cstr(out, " {si_signo=");
	rs_call_signal_append(record->signal, out);
	rs_str_append_cstr(out, ", si_code=");
	info.si_signo = record->signal;
	append_code(out, info.si_signo, info.si_code);
	append_rest(out, &info);
	rs_str_appendf(out, "}%s ---", record->ignored ? " (ignored)" : "");
}
