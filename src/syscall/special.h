/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The functions for arguments that are special (specials.h): rs_special_NAME, and rs_special_NAME_late where it depends. */

#include "syscall/format.h"

#define X(name) void rs_special_##name(struct rs_fmt *f, unsigned arg);
RS_CALL_SPECIALS(X)
#undef X

bool rs_special_ioctl_arg_late(const struct rs_call_event *event);
bool rs_special_fcntl_arg_late(const struct rs_call_event *event);
bool rs_special_prctl_arg_late(const struct rs_call_event *event);
bool rs_special_keyctl_arg_late(const struct rs_call_event *event);
bool rs_special_quota_arg_late(const struct rs_call_event *event);
