/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Between opt.c, opt-value.c and opt-help.c. */

#include "base/opt.h"

/* Calls fn for every row, included tables spliced in, with the row's place in the settings and the
 * heading in force (*group on entry and exit). Stops at the first non-zero result. */
typedef int (*rs_opt_each_fn)(const struct rs_opt *opt, size_t offset, const char *group,
			      void *data);
int rs_opt_each(const struct rs_opt *opts, size_t base, const char **group, rs_opt_each_fn fn,
		void *data);

/* Converts value by the row's type into field. first: not met before on this command line. */
int rs_opt_store(const struct rs_opt *opt, const char *value, bool first, void *field,
		 struct rs_error *err);

/* Whether the row expects a value. */
bool rs_opt_takes_value(const struct rs_opt *opt);
