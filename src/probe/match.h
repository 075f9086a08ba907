/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Patterns of probes: "*" any bytes, "?" one, "[a-z]" one of these ("[!a-z]" one of all others). */

#include <stdbool.h>

bool rs_match(const char *pattern, const char *text);
bool rs_match_has_wildcard(const char *pattern);
