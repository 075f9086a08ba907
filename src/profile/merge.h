/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One profile into another: slices of time put together, with what is wanted of them. */

#include "profile/profile.h"

/* Is this sample, of @profile, wanted? */
typedef bool rs_profile_wanted_fn(void *data, const struct rs_profile *profile,
				  const struct rs_profile_sample *sample);

/*
 * Adds the samples of @from that are wanted (NULL: all) to @into, and its notes where @into has not the same ones. Values go
 * by the names of their types. -EINVAL: they count nothing in common. -ENOMEM.
 */
int rs_profile_merge(struct rs_profile *into, const struct rs_profile *from,
		     rs_profile_wanted_fn *wanted, void *data, struct rs_error *err);
