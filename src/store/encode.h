/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From events side by side to the parts of a block: see format.h. Private to the room. */

#include "store/intern.h"
#include "store/terms.h"

struct rs_encoder;

struct rs_encoded {
	uint32_t n_parts;     /* numbered from 0: enum rs_part, chunks behind one another */
	size_t end[RS_PARTS]; /* where each ends in data */
	const uint8_t *data;
};

int rs_encoder_new(struct rs_encoder **ret_encoder);
void rs_encoder_free(struct rs_encoder **encoder);

/* What comes out is valid until the next call. -ENOMEM. */
int rs_encoder_run(struct rs_encoder *encoder, const struct rs_pack *pack,
		   struct rs_encoded *ret_encoded);
