/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all metadata together may take, answers that nobody has taken yet included. Labels, lists of users
 * and names have a share each, so that who fills one of them leaves the others alone; what belongs to users
 * may take a quarter of each.
 */
#include <stdatomic.h>

#include "enrich/metadata-internal.h"

static const size_t shares[RS_METADATA_SHARES] = {
	[RS_METADATA_SHARE_LABELS] = RS_METADATA_BYTES_MAX / 2,
	[RS_METADATA_SHARE_USERS] = RS_METADATA_BYTES_MAX / 4,
	[RS_METADATA_SHARE_NAMES] = RS_METADATA_BYTES_MAX / 4,
};

static atomic_size_t taken[RS_METADATA_SHARES], taken_by_users[RS_METADATA_SHARES];

static bool take(atomic_size_t *counter, size_t bytes, size_t max)
{
	size_t before = atomic_fetch_add(counter, bytes);

	if (bytes <= max && before <= max - bytes)
		return true;
	atomic_fetch_sub(counter, bytes);
	return false;
}

bool rs_metadata_charge(struct rs_metadata_charge *charge, enum rs_metadata_share share,
			size_t bytes)
{
	if (charge->of_user && !take(&taken_by_users[share], bytes, shares[share] / 4))
		return false;
	if (!take(&taken[share], bytes, shares[share])) {
		if (charge->of_user)
			atomic_fetch_sub(&taken_by_users[share], bytes);
		return false;
	}
	charge->bytes[share] += bytes;
	return true;
}

void rs_metadata_uncharge(struct rs_metadata_charge *charge, enum rs_metadata_share share)
{
	atomic_fetch_sub(&taken[share], charge->bytes[share]);
	if (charge->of_user)
		atomic_fetch_sub(&taken_by_users[share], charge->bytes[share]);
	charge->bytes[share] = 0;
}

void rs_metadata_strip(struct rs_metadata *metadata)
{
	rs_users_free(&metadata->users);
	rs_metadata_uncharge(&metadata->charge, RS_METADATA_SHARE_USERS);
	metadata->container.labels = NULL;
	metadata->container.n_labels = 0;
}
