/* SPDX-License-Identifier: Apache-2.0 */
/* What happened, in words: the control group sensor. */
#include "event/summary.h"

void rs_words_cgroup(struct rs_words *w)
{
	const struct rs_text *path = &w->event->field[RS_TAG_CGROUP];

	if (path->data)
		rs_words_bytes(w, path->data, path->len);
}
