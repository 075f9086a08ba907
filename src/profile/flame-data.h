/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the page and the picture of a flame graph have in common. Errors are the string's. */

#include "base/str.h"
#include "profile/flame.h"
#include "profile/profile-write.h"

/* The profile as page/model.js wants it, sorted (rs_flame_sort()): JSON without "<", ">" and "&", so that it may stand
 * in HTML and in XML as it is. */
void rs_flame_append_data(const struct rs_flame *flame, const struct rs_profile *profile,
			  const struct rs_profile_write *how, struct rs_str *out);

/* Text as XML and HTML want it, in attributes too; what they cannot say is replaced. */
void rs_flame_append_xml(struct rs_str *out, const void *text, size_t n);

const char *rs_flame_title(const struct rs_profile *profile);

/* Differential graphs compare shares of the whole, and not amounts, where these grow with the time of measuring. */
bool rs_flame_by_shares(const struct rs_profile *profile);

/* From -4, gone, to 4, new: as page/model.js has it. */
int rs_flame_change(const struct rs_flame *flame, uint32_t node, size_t value, bool shares);
