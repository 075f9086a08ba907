/* SPDX-License-Identifier: Apache-2.0 */
/* The options of `ringside profile` about profiles that are kept. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/units.h"
#include "cmd/profile-keep.h"

#define FIELD(name) offsetof(struct rs_profile_kept, name)

const struct rs_opt rs_profile_kept_opts[] = {
	RS_OPT_INCLUDE_TABLE(rs_ask_opts_time, FIELD(ask)),
	RS_OPT_ROW(0, "function", "GLOB,...", RS_OPT_LIST, FIELD(functions),
		   "of what was kept: stacks that go through such a function"),
	RS_OPT_INCLUDE_TABLE(rs_ask_opts_store, FIELD(ask)),
	RS_OPT_ROW(
		0, "keep", "FILE", RS_OPT_STRING, FIELD(keep),
		"keep what is sampled in FILE, in slices of time, for --since; the agent's --profile "
		"does this beside its store",
		.group = "Keeping profiles"),
	RS_OPT_ROW(0, "keep-age", "TIME", RS_OPT_DURATION, FIELD(keep_age),
		   "drop slices that are older", .default_text = "2d"),
	RS_OPT_ROW(0, "slice", "TIME", RS_OPT_DURATION, FIELD(slice), "how long a slice is",
		   .default_text = "10s"),
	RS_OPT_ROW(0, "for-agent", NULL, RS_OPT_FLAG, FIELD(for_agent), "end with the parent",
		   .flags = RS_OPT_HIDDEN),
	RS_OPT_END,
};

static int check(const struct rs_profile_kept *kept, struct rs_error *err)
{
	if (kept->keep && kept->ask.since)
		return rs_error_set(err, -EINVAL, "--keep and --since exclude each other");
	if (kept->ask.until && kept->ask.until <= kept->ask.since)
		return rs_error_set(err, -EINVAL, "--until is not after --since");
	if (kept->keep && kept->slice && kept->slice < RS_NSEC_PER_SEC)
		return rs_error_set(err, -EINVAL, "--slice: less than 1s");
	return 0;
}

static int keep(const struct rs_profile_kept *kept, const struct rs_select_options *options,
		uint32_t frequency, uint64_t duration, struct rs_error *err)
{
	_cleanup_(rs_select_free) struct rs_select *select = NULL;
	struct rs_profile_keep how = {
		.file = kept->keep,
		.frequency = frequency,
		.slice = kept->slice,
		.age = kept->keep_age,
		.duration = duration,
		.for_agent = kept->for_agent,
	};
	int r = 0;

	if (options->command)
		return rs_error_set(err, -EINVAL, "--keep and --command exclude each other");
	r = rs_select_new(options, true, &select, err);
	how.select = select;
	return r ? r : rs_profile_keep(&how, err);
}

static int ask(const struct rs_profile_kept *kept, const struct rs_select_options *select,
	       struct rs_profile_out *out, struct rs_error *err)
{
	_cleanup_(rs_profile_free) struct rs_profile *profile = NULL;
	_cleanup_(rs_str_done) struct rs_str file = RS_STR_INIT(PATH_MAX);
	struct rs_profile_ask how = {
		.since = kept->ask.since,
		.until = kept->ask.until,
		.select = select,
		.functions = &kept->functions,
	};
	int r = rs_profile_out_check(out, err);

	rs_ask_locate(&kept->ask, &file);
	rs_str_append_cstr(&file, "/" RS_PROFILE_KEPT_NAME);
	how.file = rs_str_cstr(&file);
	if (!r && file.error)
		r = rs_error_set_errno(err, file.error, "finding the store");
	if (!r)
		r = rs_profile_ask(&how, &profile, err);
	return r ? r : rs_profile_out_write(out, profile, err);
}

int rs_profile_kept_run(const struct rs_cmd *cmd, const struct rs_profile_kept *kept,
			const struct rs_select_options *select, struct rs_profile_out *out,
			uint32_t frequency, uint64_t duration)
{
	struct rs_error err = RS_ERROR_INIT;
	int r = check(kept, &err);

	if (!r)
		r = kept->keep ? keep(kept, select, frequency, duration, &err)
			       : ask(kept, select, out, &err);
	if (r == -EINVAL)
		return rs_cmd_misuse(cmd, &err);
	return r < 0 && r != -EPIPE ? rs_cmd_fail(&err) : RS_CMD_OK;
}
