/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Random scripts of the tracing language, each together with what it prints: that is computed while the script is
 * written, branches that do not run and rounds of loops included.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct meaning {
	struct rs_str script, want;
};

/* @walks: loops over maps are possible. Freed by meaning_done(). */
void meaning_write(struct meaning *ret, uint64_t seed, bool walks);

void meaning_done(struct meaning *meaning);
