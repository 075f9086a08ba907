/* SPDX-License-Identifier: Apache-2.0 */
/* What happened, in words: the control group sensor. */
#include "event/summary.h"

void rs_words_cgroup(struct rs_words *w)
{
	const struct rs_text *path = &w->event->field[RS_TAG_CGROUP];

	rs_str_append_cstr(w->out,
			   w->event->hdr->kind == RS_KIND_CGROUP_MKDIR ? "created " : "removed ");
	if (path->data)
		rs_words_any_path(w, path->data, path->len, 1);
	else
		rs_str_append_char(w->out, '?');
}
