/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Profiles out of files, which are hostile: folded text, pprof (with or without gzip), speedscope, our JSON lines. */

#include "profile/profile.h"

#define RS_PROFILE_FILE_MAX (512u << 20)

/* The form is recognised by what is in it. -EINVAL with line or place; -E2BIG; -ENOMEM. */
int rs_profile_read(const void *data, size_t n, struct rs_profile **ret_profile,
		    struct rs_error *err);
