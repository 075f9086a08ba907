/* SPDX-License-Identifier: Apache-2.0 */
/* Asking for profiles that were kept: slices of a time, what is wanted of them, one profile. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/util.h"
#include "cmd/ask.h"
#include "cmd/profile-keep.h"
#include "profile/merge.h"
#include "profile/profile-read.h"
#include "rules/expr.h"
#include "store/slices.h"

struct asking {
	const struct rs_profile_ask *ask;
	struct rs_profile *whole; /* NULL: no slice yet */
	uint64_t first, last;     /* time of what was found */
	uint64_t sampled;         /* ns, sum of the slices */
	size_t slices;
	struct rs_error *err;
};

static const struct rs_profile_label *find_label(const struct rs_profile_sample *sample,
						 const char *key)
{
	for (size_t i = 0; i < sample->n_labels; i++)
		if (!strcmp(sample->labels[i].key, key))
			return &sample->labels[i];
	return NULL;
}

static bool matches_one(const struct rs_opt_list *globs, const char *text)
{
	for (size_t i = 0; i < globs->len; i++)
		if (rs_glob_match(globs->items[i], strlen(globs->items[i]), text, strlen(text)))
			return true;
	return false;
}

static bool matches_text(const struct rs_opt_list *globs, const struct rs_profile_sample *sample,
			 const char *key)
{
	const struct rs_profile_label *label;

	if (!globs->len)
		return true;
	label = find_label(sample, key);
	return label && label->text && matches_one(globs, label->text);
}

static bool matches_pid(const struct rs_opt_list *pids, const struct rs_profile_sample *sample)
{
	const struct rs_profile_label *label = find_label(sample, "pid");

	for (size_t i = 0; i < pids->len && label; i++)
		if (strtoll(pids->items[i], NULL, 10) == label->number)
			return true;
	return !pids->len;
}

static bool goes_through(const struct rs_opt_list *functions, const struct rs_profile *profile,
			 const struct rs_profile_sample *sample)
{
	if (!functions || !functions->len)
		return true;
	for (size_t i = 0; i < sample->n_frames; i++)
		if (matches_one(functions,
				rs_profile_frame_at(profile, sample->frames[i])->function))
			return true;
	return false;
}

static bool is_wanted(void *data, const struct rs_profile *profile,
		      const struct rs_profile_sample *sample)
{
	const struct rs_profile_ask *ask = ((struct asking *)data)->ask;
	const struct rs_select_options *select = ask->select;

	return matches_pid(&select->pids, sample) &&
	       matches_text(&select->comms, sample, "process") &&
	       matches_text(&select->containers, sample, "container") &&
	       matches_text(&select->pods, sample, "pod") &&
	       matches_text(&select->namespaces, sample, "namespace") &&
	       goes_through(ask->functions, profile, sample);
}

static int begin_whole(struct asking *asking, const struct rs_profile *slice, uint64_t time)
{
	struct rs_profile_options options = *rs_profile_options_of(slice);

	options.time = time;
	options.title = NULL;
	asking->first = time;
	return rs_profile_new(&options, &asking->whole);
}

static int on_slice(void *data, uint64_t time, uint64_t duration, const void *bytes, size_t n)
{
	struct asking *asking = data;
	_cleanup_(rs_profile_free) struct rs_profile *slice = NULL;
	int r = rs_profile_read(bytes, n, &slice, asking->err);

	if (!r && !asking->whole)
		r = begin_whole(asking, slice, time);
	if (!r)
		r = rs_profile_merge(asking->whole, slice, is_wanted, asking, asking->err);
	asking->last = time + duration;
	asking->sampled += duration;
	asking->slices++;
	return r;
}

static int set_title(struct asking *asking)
{
	char from[RS_ASK_TIME_LEN], to[RS_ASK_TIME_LEN], text[160];

	rs_ask_format_time(from, asking->first);
	rs_ask_format_time(to, asking->last);
	snprintf(text, sizeof(text), "CPU, from %s to %s (%zu slices)", from, to, asking->slices);
	rs_profile_set_duration(asking->whole, asking->sampled);
	return rs_profile_set_title(asking->whole, text);
}

static int check_select(const struct rs_select_options *select, struct rs_error *err)
{
	if (select->uids.len || select->cgroups.len || select->command)
		return rs_error_set(
			err, -EINVAL,
			"kept profiles know processes, containers, pods and namespaces: not "
			"--uid, --cgroup, --command");
	return 0;
}

static int nothing(const struct rs_profile_ask *ask, const struct asking *asking,
		   struct rs_error *err)
{
	if (!asking->slices)
		rs_error_set(err, -ENODATA, "\"%s\" has no profiles of that time", ask->file);
	else
		rs_error_set(err, -ENODATA, "nothing of that ran on a CPU then, in %zu slices",
			     asking->slices);
	return -ENODATA;
}

int rs_profile_ask(const struct rs_profile_ask *ask, struct rs_profile **ret_profile,
		   struct rs_error *err)
{
	_cleanup_(rs_slices_close) struct rs_slices *slices = NULL;
	struct asking asking = { .ask = ask, .err = err };
	int r = check_select(ask->select, err);

	if (!r)
		r = rs_slices_open(ask->file, &slices, err);
	if (r == -ENOENT)
		rs_error_hint(err, "they are kept by `ringside run --profile 11`, or by `ringside "
				   "profile --keep FILE`");
	if (r < 0)
		return r;
	r = rs_slices_read(slices, ask->since, ask->until ? ask->until : UINT64_MAX, on_slice,
			   &asking, err);
	if (r < 0)
		rs_error_wrap(err, "reading \"%s\"", ask->file);
	else if (!asking.whole || !rs_profile_samples(asking.whole))
		r = nothing(ask, &asking, err);
	else
		r = set_title(&asking);
	if (r < 0) {
		rs_profile_free(&asking.whole);
		return r;
	}
	*ret_profile = asking.whole;
	return 0;
}
