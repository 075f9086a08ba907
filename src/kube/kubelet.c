/* SPDX-License-Identifier: Apache-2.0 */

/* The kubelet of this node: GET /pods now and then, and when the parent asks. */

#include <errno.h>

#include "base/clock.h"
#include "kube/source.h"

/* The agent forgets what is not named until "end": a list that broke off says nothing of the rest. */
static int list_once(struct rs_source *source, struct rs_error *err)
{
	struct rs_list list = { 0 };
	int r = rs_list_get(source, "/pods", &list, err);

	if (!r)
		r = rs_feed_end(source->feed);
	if (r < 0)
		return r;
	if (list.senseless)
		return rs_feed_state(source->feed, true,
				     "%zu pods; %zu left out, they make no sense", list.pods,
				     list.senseless);
	return rs_feed_state(source->feed, true, "%zu pods", list.pods);
}

/* The next list is due; or earlier when the parent asks, though not at once after the last. */
static int wait_next(struct rs_source *source, uint64_t began)
{
	uint64_t spent = rs_clock_mono() - began;
	int r = rs_parent_wait(source->parent,
			       spent < RS_SOURCE_AGAIN_NS ? RS_SOURCE_AGAIN_NS - spent : 0, false);

	spent = rs_clock_mono() - began;
	if (!r && spent < source->interval)
		r = rs_parent_wait(source->parent, source->interval - spent, true);
	return r;
}

int rs_source_kubelet(struct rs_source *source)
{
	for (;;) {
		struct rs_error err = RS_ERROR_INIT;
		uint64_t began = rs_clock_mono();
		int r;

		source->parent->asked = false;
		r = list_once(source, &err);
		if (r == -EPIPE)
			return 0;
		if (r < 0) {
			int told = rs_source_complain(source, &err);

			if (told < 0 || source->once)
				return told == -EPIPE ? 0 : r;
			r = rs_source_back_off(source);
		} else {
			source->failures = 0;
			r = source->once ? -EPIPE : wait_next(source, began);
		}
		if (r < 0)
			return r == -EPIPE ? 0 : r;
	}
}
