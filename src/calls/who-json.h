/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Who made a call, in JSON. */

#include "base/json.h"

/* Members "pid", "tid" and "comm" of the object that is open. @comm: as the kernel has it, ended by a NUL or by its size. */
void rs_calls_who_json(struct rs_json *w, uint32_t pid, uint32_t tid, const char comm[static 16]);
