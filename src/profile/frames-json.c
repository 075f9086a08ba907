/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/frames-json.h"

void rs_frames_json(struct rs_json *w, const struct rs_profile *profile, const uint32_t *numbers,
		    size_t n)
{
	rs_json_begin_array(w);
	for (size_t i = 0; i < n; i++) {
		const struct rs_frame *frame = rs_profile_frame_at(profile, numbers[i]);

		rs_json_begin_object(w);
		rs_json_key_lit(w, "function");
		rs_json_cstr(w, frame->function);
		if (frame->module) {
			rs_json_key_lit(w, "module");
			rs_json_cstr(w, frame->module);
		}
		rs_json_end_object(w);
	}
	rs_json_end_array(w);
}
