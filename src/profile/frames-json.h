/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A stack as commands print it in JSON: an array of {"function", "module"}, innermost first. */

#include "base/json.h"
#include "profile/profile.h"

/* @numbers: frames of the profile. */
void rs_frames_json(struct rs_json *w, const struct rs_profile *profile, const uint32_t *numbers,
		    size_t n);
