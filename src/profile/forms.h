/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The forms that profiles are written in and read from, a file each; profile-write.c and profile-read.c choose. */

#include "base/str.h"
#include "profile/profile-write.h"
#include "profile/profile.h"

/* --- writers: append to out. 0 or negative errno, told in err --- */

int rs_profile_write_folded(const struct rs_profile *profile, const struct rs_profile_write *how,
			    struct rs_str *out, struct rs_error *err);
int rs_profile_write_pprof(const struct rs_profile *profile, const struct rs_profile_write *how,
			   struct rs_str *out, struct rs_error *err);
int rs_profile_write_speedscope(const struct rs_profile *profile,
				const struct rs_profile_write *how, struct rs_str *out,
				struct rs_error *err);
int rs_profile_write_json(const struct rs_profile *profile, const struct rs_profile_write *how,
			  struct rs_str *out, struct rs_error *err);
int rs_profile_write_table(const struct rs_profile *profile, const struct rs_profile_write *how,
			   struct rs_str *out, struct rs_error *err);
int rs_profile_write_html(const struct rs_profile *profile, const struct rs_profile_write *how,
			  struct rs_str *out, struct rs_error *err);
int rs_profile_write_svg(const struct rs_profile *profile, const struct rs_profile_write *how,
			 struct rs_str *out, struct rs_error *err);

/* "user", "kernel", ... */
const char *rs_frame_kind_name(enum rs_frame_kind kind);
bool rs_frame_kind_parse(const char *text, enum rs_frame_kind *ret_kind);

/* --- readers: @data is hostile. 0, -EINVAL with the place, -E2BIG, -ENOMEM --- */

int rs_profile_read_folded(const char *data, size_t n, struct rs_profile **ret_profile,
			   struct rs_error *err);
int rs_profile_read_perf(const char *data, size_t n, struct rs_profile **ret_profile,
			 struct rs_error *err);
int rs_profile_read_pprof(const void *data, size_t n, struct rs_profile **ret_profile,
			  struct rs_error *err);
int rs_profile_read_speedscope(const char *data, size_t n, struct rs_profile **ret_profile,
			       struct rs_error *err);
int rs_profile_read_json(const char *data, size_t n, struct rs_profile **ret_profile,
			 struct rs_error *err);

/* --- what readers share --- */

/* A stack while it is read. Deeper than RS_PROFILE_DEPTH_MAX: the innermost frames stay, and one says that there were
 * more. */
struct rs_profile_stack {
	uint32_t frames[RS_PROFILE_DEPTH_MAX];
	size_t n;
	bool more; /* did not fit */
};

/* Innermost first. -ENOMEM. */
int rs_profile_stack_push(struct rs_profile_stack *stack, struct rs_profile *profile,
			  const struct rs_frame *frame);
int rs_profile_stack_push_number(struct rs_profile_stack *stack, struct rs_profile *profile,
				 uint32_t number);
void rs_profile_stack_reset(struct rs_profile_stack *stack);

/* For files that do not say it: what the module's name, or the function's where there is none, tells. */
enum rs_frame_kind rs_frame_kind_guess(const char *function, const char *module);

/* Takes the next line off (*data, *n) without what ends it; false at the end. */
bool rs_profile_line(const char **data, size_t *n, const char **ret_line, size_t *ret_len);
