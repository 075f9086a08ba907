/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Names of C++ and Rust functions as people write them. */

#include "base/str.h"

/* Appends the readable name of a mangled one ("_ZN3foo3barEi" -> "foo::bar(int)"). 1 done; 0 it is not mangled, or
 * not well (nothing is appended); -ENOMEM. Names are hostile: length and depth are capped. */
int rs_demangle(const char *mangled, struct rs_str *out);
