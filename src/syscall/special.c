/* SPDX-License-Identifier: Apache-2.0 */
/* The table of special arguments. */
#include "syscall/special.h"

static bool never_late(_unused_ const struct rs_call_event *event)
{
	return false;
}

static bool always_late(_unused_ const struct rs_call_event *event)
{
	return true;
}

#define X(name) [SPECIAL_##name] = rs_special_##name,
static void (*const writers[])(struct rs_fmt *f, unsigned arg) = { RS_CALL_SPECIALS(X) };
#undef X

/* Those that are captured both before and after. */
static bool (*const lates[SPECIAL_COUNT])(const struct rs_call_event *event) = {
	[SPECIAL_ioctl_arg] = rs_special_ioctl_arg_late,
	[SPECIAL_fcntl_arg] = rs_special_fcntl_arg_late,
	[SPECIAL_prctl_arg] = rs_special_prctl_arg_late,
	[SPECIAL_keyctl_arg] = rs_special_keyctl_arg_late,
	[SPECIAL_quota_arg] = rs_special_quota_arg_late,
	[SPECIAL_fdset] = never_late,
	[SPECIAL_clone_args] = always_late,
};

void rs_special_put(struct rs_fmt *f, unsigned arg)
{
	writers[f->event->call->args[arg].what](f, arg);
}

bool rs_special_late(const struct rs_call_event *event, unsigned arg)
{
	const struct rs_call_arg *a = &event->call->args[arg];

	if (lates[a->what])
		return lates[a->what](event);
	return a->capture.when & RS_CAPTURE_EXIT && !(a->capture.when & RS_CAPTURE_ENTRY);
}
