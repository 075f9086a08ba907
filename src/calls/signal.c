/* SPDX-License-Identifier: Apache-2.0 */
#include "calls/signal.h"

#include <string.h>

#include "syscall/syscall.h"

void rs_call_signal_append(int signal, struct rs_str *out)
{
	const char *name = rs_signal_name(signal);

	if (name)
		rs_str_append_cstr(out, name);
	else
		rs_str_append_i64(out, signal);
}

void rs_call_signal_format(const struct rs_strace_signal *record, struct rs_str *out)
{
	const struct rs_call_print print = { .string_max = 32 };
	uint8_t info[sizeof(record->info)];

	memcpy(info, record->info, sizeof(info));
	memcpy(info, &record->signal, sizeof(record->signal)); /* si_signo */
	rs_str_append_cstr(out, "--- ");
	rs_call_signal_append(record->signal, out);
	rs_str_append_char(out, ' ');
	rs_call_format_siginfo(info, sizeof(info), &print, out);
	rs_str_append_cstr(out, record->ignored ? " (ignored) ---" : " ---");
}
