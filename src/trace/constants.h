/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Constants that headers #define, which therefore are in no BTF: what scripts include those headers for. */

#include <stdbool.h>
#include <stdint.h>

bool rs_trace_find_constant(const char *name, int64_t *ret_value);
