/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any bytes as a profile, of whatever form. What is read keeps to the caps of the model, can be written in every form, and
 * what is written as pprof and in our own form is read back with the same totals; pages carry one script that ends
 * where it should.
 */

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "profile/profile-read.h"
#include "profile/profile-write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static void check_samples(const struct rs_profile *p)
{
	for (size_t i = 0; i < rs_profile_samples(p); i++) {
		struct rs_profile_sample sample;

		rs_profile_sample_at(p, i, &sample);
		CHECK(sample.n_frames <= RS_PROFILE_DEPTH_MAX);
		CHECK(sample.n_labels <= RS_PROFILE_LABELS_MAX);
		for (size_t k = 0; k < sample.n_frames; k++) {
			const struct rs_frame *frame = rs_profile_frame_at(p, sample.frames[k]);

			CHECK(frame->function && frame->kind < RS_FRAME_KIND_COUNT);
		}
	}
}

static void check_back(const struct rs_profile *p, const struct rs_str *out)
{
	_cleanup_(rs_profile_free) struct rs_profile *back = NULL;
	struct rs_error err = RS_ERROR_INIT;

	CHECK(rs_profile_read(out->data, out->len, &back, &err) == 0);
	CHECK(rs_profile_samples(back) <= rs_profile_samples(p));
	CHECK(rs_profile_total(back, 0) == rs_profile_total(p, 0));
}

static size_t count(const struct rs_str *page, const char *what)
{
	const char *p = page->data, *end = p + page->len;
	size_t n = 0;

	while ((p = memmem(p, (size_t)(end - p), what, strlen(what)))) {
		p += strlen(what);
		n++;
	}
	return n;
}

static void check_format(const struct rs_profile *p, const struct rs_profile *old,
			 enum rs_profile_format format)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);
	struct rs_profile_write how = { .format = format, .old = old, .width = 80 };

	/* Small inputs can be large pages, which is no fault. */
	if (rs_profile_write(p, &how, &out, NULL) < 0) {
		CHECK(out.error);
		return;
	}
	if (format == RS_PROFILE_PPROF || format == RS_PROFILE_JSON)
		check_back(p, &out);
	if (format == RS_PROFILE_HTML || format == RS_PROFILE_SVG)
		CHECK(count(&out, "</script>") == 2);
	if (format == RS_PROFILE_SVG)
		CHECK(count(&out, "]]>") == 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(rs_profile_free) struct rs_profile *p = NULL;
	struct rs_error err = RS_ERROR_INIT;

	if (rs_profile_read(data, size, &p, &err) < 0) {
		CHECK(!p && err.code < 0 && err.msg[0]);
		return 0;
	}
	check_samples(p);
	for (unsigned format = 0; format < RS_PROFILE_FORMAT_COUNT; format++)
		check_format(p, size % 2 ? p : NULL, format);
	return 0;
}
