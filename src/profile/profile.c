/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings live in an arena, each once, so that equal ones have equal addresses; frames, the frames' numbers of all
 * samples, and their labels stand in one array each.
 */
#include "profile/profile.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/hashmap.h"
#include "base/utf8.h"
#include "profile/amount.h"
#include "profile/intern.h"

#define NOTES_MAX   256
#define STACKS_MAX  ((size_t)1 << 28) /* frames of all samples */
#define STRINGS_MAX ((size_t)2 << 30) /* bytes */

struct sample {
	size_t frames, labels; /* where they begin */
	uint32_t n_frames, n_labels;
	int64_t values[RS_PROFILE_VALUES_MAX];
};

struct rs_profile {
	struct rs_profile_options options;
	struct rs_arena arena;
	RS_VEC(const char *) strings;
	RS_VEC(struct rs_frame) frames;
	RS_VEC(struct sample) samples;
	RS_VEC(uint32_t) stacks;
	RS_VEC(struct rs_profile_label) labels;
	RS_VEC(const char *) notes;
	struct rs_intern string_index, frame_index, sample_index;
	int64_t totals[RS_PROFILE_VALUES_MAX];
};

/* --- strings --- */

static uint64_t mix(uint64_t hash, uint64_t more)
{
	return rs_hash_u64(hash * 0x9e3779b97f4a7c15ull ^ more);
}

static uint64_t hash_text(const char *text)
{
	return text ? rs_hash_bytes(text, strlen(text)) : 0;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_string(const void *things, uint32_t number, const void *key)
{
	return !strcmp(((const char *const *)things)[number], key);
}

/* NULL stays NULL. */
static int keep(struct rs_profile *p, const char *text, const char **ret_text)
{
	uint64_t hash = hash_text(text);
	uint32_t number;
	char *copy;

	if (!text) {
		*ret_text = NULL;
		return 0;
	}
	number = rs_intern_find(&p->string_index, hash, same_string, p->strings.items, text);
	if (number != UINT32_MAX) {
		*ret_text = p->strings.items[number];
		return 0;
	}
	copy = rs_arena_strdup(&p->arena, text);
	if (!copy || rs_vec_reserve(&p->strings, 1) < 0 || rs_intern_reserve(&p->string_index) < 0)
		return -ENOMEM;
	rs_intern_add(&p->string_index, hash);
	p->strings.items[p->strings.len++] = copy;
	*ret_text = copy;
	return 0;
}

/* --- the profile --- */

/* Names of values tell them apart, in text too. */
static bool is_name(const struct rs_profile *p, size_t number)
{
	const char *name = p->options.types[number].name;

	for (size_t i = 0; i < number; i++) {
		if (!strcmp(p->options.types[i].name, name))
			return false;
	}
	return rs_utf8_is_valid(name, strlen(name));
}

static int make_name(struct rs_profile *p, size_t number)
{
	char name[32];
	int r = 0;

	for (unsigned i = (unsigned)number + 1; !is_name(p, number) && !r; i++) {
		snprintf(name, sizeof(name), "value%u", i);
		r = keep(p, name, &p->options.types[number].name);
	}
	return r;
}

static int keep_type(struct rs_profile *p, struct rs_profile_type *type)
{
	int r = keep(p, type->name ? type->name : "samples", &type->name);

	return r ? r : keep(p, type->unit ? type->unit : "count", &type->unit);
}

static int keep_options(struct rs_profile *p, const struct rs_profile_options *options)
{
	int r;

	p->options = *options;
	p->options.n_types = MIN(MAX(options->n_types, (size_t)1), (size_t)RS_PROFILE_VALUES_MAX);
	r = keep(p, options->title, &p->options.title);
	if (!r && (options->period || options->period_type.name))
		r = keep_type(p, &p->options.period_type);
	for (size_t i = 0; i < p->options.n_types && !r; i++)
		r = keep_type(p, &p->options.types[i]) ?: make_name(p, i);
	return r;
}

int rs_profile_new(const struct rs_profile_options *options, struct rs_profile **ret_profile)
{
	_cleanup_(rs_profile_free) struct rs_profile *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	rs_arena_init(&p->arena, STRINGS_MAX);
	if (keep_options(p, options) < 0)
		return -ENOMEM;
	*ret_profile = TAKE_PTR(p);
	return 0;
}

void rs_profile_free(struct rs_profile **profile)
{
	struct rs_profile *p = TAKE_PTR(*profile);

	if (!p)
		return;
	rs_vec_done(&p->strings);
	rs_vec_done(&p->frames);
	rs_vec_done(&p->samples);
	rs_vec_done(&p->stacks);
	rs_vec_done(&p->labels);
	rs_vec_done(&p->notes);
	rs_intern_done(&p->string_index);
	rs_intern_done(&p->frame_index);
	rs_intern_done(&p->sample_index);
	rs_arena_done(&p->arena);
	free(p);
}

const struct rs_profile_options *rs_profile_options_of(const struct rs_profile *profile)
{
	return &profile->options;
}

void rs_profile_set_duration(struct rs_profile *profile, uint64_t ns)
{
	profile->options.duration = ns;
}

int rs_profile_set_title(struct rs_profile *profile, const char *title)
{
	return keep(profile, title, &profile->options.title);
}

/* --- frames --- */

static uint64_t hash_frame(const struct rs_frame *f)
{
	uint64_t hash = mix(f->address, ((uint64_t)f->line << 8) | (uint64_t)f->kind);

	hash = mix(hash, hash_text(f->function));
	hash = mix(hash, hash_text(f->module));
	hash = mix(hash, hash_text(f->file));
	return hash; /* the other two hardly tell frames apart */
}

static bool same_frame(const void *things, uint32_t number, const void *key)
{
	const struct rs_frame *a = (const struct rs_frame *)things + number, *b = key;

	return a->address == b->address && a->line == b->line && a->kind == b->kind &&
	       same_text(a->function, b->function) && same_text(a->module, b->module) &&
	       same_text(a->file, b->file) && same_text(a->system, b->system) &&
	       same_text(a->build_id, b->build_id);
}

static int keep_frame(struct rs_profile *p, struct rs_frame *frame)
{
	if (keep(p, frame->function, &frame->function) < 0 ||
	    keep(p, frame->system, &frame->system) < 0 ||
	    keep(p, frame->module, &frame->module) < 0 ||
	    keep(p, frame->build_id, &frame->build_id) < 0)
		return -ENOMEM;
	return keep(p, frame->file, &frame->file);
}

int rs_profile_frame(struct rs_profile *profile, const struct rs_frame *frame, uint32_t *ret_number)
{
	struct rs_frame copy = *frame;
	uint64_t hash;
	uint32_t number;

	if (!copy.function)
		copy.function = "[unknown]";
	hash = hash_frame(&copy);
	number = rs_intern_find(&profile->frame_index, hash, same_frame, profile->frames.items,
				&copy);
	if (number == UINT32_MAX) {
		if (keep_frame(profile, &copy) < 0 || rs_vec_push(&profile->frames, copy) < 0)
			return -ENOMEM;
		if (rs_intern_reserve(&profile->frame_index) < 0) {
			profile->frames.len--;
			return -ENOMEM;
		}
		number = rs_intern_add(&profile->frame_index, hash);
	}
	*ret_number = number;
	return 0;
}

/* --- samples --- */

static uint64_t hash_sample(const struct rs_profile_sample *s)
{
	uint64_t hash = rs_hash_bytes(s->frames, s->n_frames * sizeof(*s->frames));

	for (size_t i = 0; i < s->n_labels; i++) {
		const struct rs_profile_label *label = &s->labels[i];

		hash = mix(hash, hash_text(label->key));
		hash = mix(hash, label->text ? hash_text(label->text) : (uint64_t)label->number);
	}
	return hash;
}

static bool same_label(const struct rs_profile_label *a, const struct rs_profile_label *b)
{
	return same_text(a->key, b->key) && same_text(a->text, b->text) &&
	       (a->text || a->number == b->number);
}

static bool same_sample(const void *things, uint32_t number, const void *key)
{
	const struct rs_profile *p = things;
	const struct sample *a = &p->samples.items[number];
	const struct rs_profile_sample *b = key;

	if (a->n_frames != b->n_frames || a->n_labels != b->n_labels)
		return false;
	if (b->n_frames &&
	    memcmp(p->stacks.items + a->frames, b->frames, b->n_frames * sizeof(*b->frames)) != 0)
		return false;
	for (size_t i = 0; i < b->n_labels; i++) {
		if (!same_label(&p->labels.items[a->labels + i], &b->labels[i]))
			return false;
	}
	return true;
}

static int keep_labels(struct rs_profile *p, const struct rs_profile_sample *sample)
{
	for (size_t i = 0; i < sample->n_labels; i++) {
		struct rs_profile_label label = sample->labels[i];

		if (keep(p, label.key, &label.key) < 0 || keep(p, label.text, &label.text) < 0)
			return -ENOMEM;
		p->labels.items[p->labels.len + i] = label;
	}
	return 0;
}

static int new_sample(struct rs_profile *p, const struct rs_profile_sample *sample, uint64_t hash)
{
	struct sample copy = {
		.frames = p->stacks.len,
		.labels = p->labels.len,
		.n_frames = (uint32_t)sample->n_frames,
		.n_labels = (uint32_t)sample->n_labels,
	};

	if (p->stacks.len + sample->n_frames > STACKS_MAX ||
	    rs_vec_reserve(&p->stacks, sample->n_frames) < 0 ||
	    rs_vec_reserve(&p->labels, sample->n_labels) < 0 ||
	    rs_vec_reserve(&p->samples, 1) < 0 || rs_intern_reserve(&p->sample_index) < 0 ||
	    keep_labels(p, sample) < 0)
		return -ENOMEM;
	if (sample->n_frames)
		memcpy(p->stacks.items + p->stacks.len, sample->frames,
		       sample->n_frames * sizeof(*sample->frames));
	p->stacks.len += sample->n_frames;
	p->labels.len += sample->n_labels;
	p->samples.items[p->samples.len++] = copy;
	rs_intern_add(&p->sample_index, hash);
	return 0;
}

static bool is_sound(const struct rs_profile *p, const struct rs_profile_sample *sample)
{
	if (sample->n_frames > RS_PROFILE_DEPTH_MAX || sample->n_labels > RS_PROFILE_LABELS_MAX)
		return false;
	for (size_t i = 0; i < sample->n_frames; i++) {
		if (sample->frames[i] >= p->frames.len)
			return false;
	}
	for (size_t i = 0; i < sample->n_labels; i++) {
		if (!sample->labels[i].key)
			return false;
	}
	return true;
}

int rs_profile_add(struct rs_profile *profile, const struct rs_profile_sample *sample)
{
	uint64_t hash;
	uint32_t number;

	if (!is_sound(profile, sample))
		return -EINVAL;
	hash = hash_sample(sample);
	number = rs_intern_find(&profile->sample_index, hash, same_sample, profile, sample);
	if (number == UINT32_MAX) {
		number = (uint32_t)profile->samples.len;
		if (new_sample(profile, sample, hash) < 0)
			return -ENOMEM;
	}
	for (size_t i = 0; i < profile->options.n_types; i++) {
		rs_amount_add(&profile->samples.items[number].values[i], sample->values[i]);
		rs_amount_add(&profile->totals[i], sample->values[i]);
	}
	return 0;
}

/* --- notes --- */

int rs_profile_note(struct rs_profile *profile, const char *text)
{
	const char *copy;

	if (profile->notes.len >= NOTES_MAX)
		return 0;
	if (keep(profile, text, &copy) < 0)
		return -ENOMEM;
	return rs_vec_push(&profile->notes, copy);
}

size_t rs_profile_notes(const struct rs_profile *profile)
{
	return profile->notes.len;
}

const char *rs_profile_note_at(const struct rs_profile *profile, size_t i)
{
	return profile->notes.items[i];
}

/* --- reading --- */

size_t rs_profile_samples(const struct rs_profile *profile)
{
	return profile->samples.len;
}

void rs_profile_sample_at(const struct rs_profile *profile, size_t i,
			  struct rs_profile_sample *ret_sample)
{
	const struct sample *s = &profile->samples.items[i];

	*ret_sample = (struct rs_profile_sample){
		.frames = s->n_frames ? profile->stacks.items + s->frames : NULL,
		.n_frames = s->n_frames,
		.labels = s->n_labels ? profile->labels.items + s->labels : NULL,
		.n_labels = s->n_labels,
	};
	memcpy(ret_sample->values, s->values, sizeof(s->values));
}

size_t rs_profile_frames(const struct rs_profile *profile)
{
	return profile->frames.len;
}

const struct rs_frame *rs_profile_frame_at(const struct rs_profile *profile, uint32_t number)
{
	return &profile->frames.items[number];
}

int64_t rs_profile_total(const struct rs_profile *profile, size_t value)
{
	return value < profile->options.n_types ? profile->totals[value] : 0;
}
