/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Who looks at many files or attaches many probes takes many descriptors: the soft limit goes up to the hard one. The
 * programs that we start get back what we were given, for some close every descriptor that there could be.
 */

void rs_limits_raise_files(void); /* where we may not, it stays as it is */

/* In a child, before it executes another program. Safe after fork(). */
void rs_limits_restore_files(void);
