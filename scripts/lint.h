/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Only seen by clang-tidy (scripts/check-lint.py puts it in front of every file). The analyzer
 * looks into no other translation unit, so it would take `return -errno` and
 * `return rs_error_set(...)` for calls that may return 0 or more, and then complain about every
 * out-parameter left untouched. Here it is told what always holds.
 */

#include <errno.h>

#include "base/error.h"

/*
 * One of a few numbers instead of "above 0": release 14 forgets what it knows of x at -x, unless x
 * is a constant. Branches on a number not named here are not looked into.
 */
static inline int *lint_errno(void)
{
	int *value = __errno_location();

	switch (*value) {
	case EAGAIN:
	case EINTR:
	case ENOENT:
	case EPERM:
		break;
	default:
		*value = EIO;
	}
	return value;
}

static inline int lint_negative(int code)
{
	if (code >= 0)
		__builtin_unreachable();
	return code;
}

#undef errno
#define errno                   (*lint_errno())
#define rs_error_set(...)       lint_negative(rs_error_set(__VA_ARGS__))
#define rs_error_set_errno(...) lint_negative(rs_error_set_errno(__VA_ARGS__))
#define rs_error_wrap(...)      lint_negative(rs_error_wrap(__VA_ARGS__))
