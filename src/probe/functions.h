/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Functions of the kernel that can be probed. Private to this room. */

#include "probe/kind.h"

/* Calls fn for each, in order of the names, each name of a module once (valid for the run); module is "" for the kernel itself.
 * Negative from fn ends it. Reads long lists: for patterns and suggestions only. */
int rs_functions_each(struct rs_probes *probes,
		      int (*fn)(const char *name, const char *module, void *data), void *data,
		      struct rs_error *err);

/* Is there such a function? Cheap where the kernel has types. True where nobody can know. module "": any. */
bool rs_functions_have(struct rs_probes *probes, const char *module, const char *name);

/* Is it known that it cannot be reached by ftrace? Never where the list cannot be read. */
bool rs_functions_untraceable(struct rs_probes *probes, const char *module, const char *name);
