/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a descriptor is, as -y and -yy show it. */

#include "base/str.h"
#include "calls/record.h"

/*
 * Appends "</etc/passwd>", "<pipe:[17]>", "<TCP:[127.0.0.1:80->127.0.0.1:4711]>"; nothing where it is not known. As
 * the kernel had it when the call was made; descriptors that are no arguments (in a list for poll(2)) are looked up
 * in /proc now. @result: it is what the call returned.
 */
void rs_call_fd_format(const struct rs_call_record *record, int fd, bool result, bool sockets,
		       struct rs_str *out);
