/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/merge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "base/vec.h"

#define NONE UINT32_MAX

struct merging {
	struct rs_profile *into;
	const struct rs_profile *from;
	int values[RS_PROFILE_VALUES_MAX]; /* value of `from` for each of `into`; -1: none */
	uint32_t *numbers;                 /* frame of `from` -> frame of `into`, NONE: not yet */
	RS_VEC(uint32_t) frames;
};

static int match_values(struct merging *m)
{
	const struct rs_profile_options *into = rs_profile_options_of(m->into);
	const struct rs_profile_options *from = rs_profile_options_of(m->from);
	bool any = false;

	for (size_t i = 0; i < into->n_types; i++) {
		m->values[i] = -1;
		for (size_t k = 0; k < from->n_types; k++) {
			if (strcmp(into->types[i].name, from->types[k].name) != 0 ||
			    strcmp(into->types[i].unit, from->types[k].unit) != 0)
				continue;
			m->values[i] = (int)k;
			any = true;
			break;
		}
	}
	return any ? 0 : -EINVAL;
}

static int take_frame(struct merging *m, uint32_t number)
{
	uint32_t *known = &m->numbers[number];
	int r = 0;

	if (*known == NONE)
		r = rs_profile_frame(m->into, rs_profile_frame_at(m->from, number), known);
	if (!r && rs_vec_push(&m->frames, *known))
		r = -ENOMEM;
	return r;
}

static int take_sample(struct merging *m, const struct rs_profile_sample *sample)
{
	struct rs_profile_sample copy = *sample;
	size_t n = rs_profile_options_of(m->into)->n_types;
	int r = 0;

	rs_vec_reset(&m->frames);
	for (size_t i = 0; i < sample->n_frames && !r; i++)
		r = take_frame(m, sample->frames[i]);
	if (r)
		return r;
	copy.frames = m->frames.items;
	copy.n_frames = m->frames.len;
	for (size_t i = 0; i < RS_PROFILE_VALUES_MAX; i++)
		copy.values[i] = i < n && m->values[i] >= 0 ? sample->values[m->values[i]] : 0;
	return rs_profile_add(m->into, &copy);
}

static int take_notes(struct merging *m)
{
	int r = 0;

	for (size_t i = 0; i < rs_profile_notes(m->from) && !r; i++) {
		const char *note = rs_profile_note_at(m->from, i);
		bool known = false;

		for (size_t k = 0; k < rs_profile_notes(m->into) && !known; k++)
			known = !strcmp(rs_profile_note_at(m->into, k), note);
		if (!known)
			r = rs_profile_note(m->into, note);
	}
	return r;
}

static int merge(struct merging *m, rs_profile_wanted_fn *wanted, void *data)
{
	size_t frames = rs_profile_frames(m->from);
	int r = 0;

	m->numbers = malloc((frames + 1) * sizeof(*m->numbers));
	if (!m->numbers)
		return -ENOMEM;
	memset(m->numbers, 0xff, (frames + 1) * sizeof(*m->numbers));
	for (size_t i = 0; i < rs_profile_samples(m->from) && !r; i++) {
		struct rs_profile_sample sample;

		rs_profile_sample_at(m->from, i, &sample);
		if (!wanted || wanted(data, m->from, &sample))
			r = take_sample(m, &sample);
	}
	return r ? r : take_notes(m);
}

int rs_profile_merge(struct rs_profile *into, const struct rs_profile *from,
		     rs_profile_wanted_fn *wanted, void *data, struct rs_error *err)
{
	struct merging m = { .into = into, .from = from };
	int r = match_values(&m);

	if (r)
		return rs_error_set(err, r, "the profiles count different things");
	r = merge(&m, wanted, data);
	free(m.numbers);
	rs_vec_done(&m.frames);
	return r ? rs_error_set_errno(err, r, "putting profiles together") : 0;
}
