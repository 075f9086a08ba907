/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A profile: stacks with values, whatever made them (samples of CPU time, waits, allocations, counts). In memory only;
 * makes no system call. Frames and strings are kept once.
 *
 * Where it comes from: collected (stacks.h), or read from a file (profile-read.h). Where it goes: flame graphs,
 * folded text, pprof, speedscope, tables (profile-write.h).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct rs_profile;

/* Who a frame belongs to; the colours of flame graphs. */
enum rs_frame_kind {
	RS_FRAME_USER,
	RS_FRAME_KERNEL,
	RS_FRAME_MODULE,  /* a kernel module */
	RS_FRAME_JIT,     /* code that was made at run time */
	RS_FRAME_INLINED, /* user code that the compiler put into its caller */
	RS_FRAME_PROCESS, /* no code: a process, container or thread as the lowest frame */
	RS_FRAME_OTHER,   /* no code: a reason, a waker's border, "[unknown]" */
	RS_FRAME_KIND_COUNT,
};

/* Strings are borrowed when given, and the profile's when got; NULL where unknown. */
struct rs_frame {
	const char *function; /* as shown: demangled; never NULL */
	const char *system;   /* the symbol itself where that differs */
	const char *module;   /* path of the file, "[kernel]", "[nf_tables]", ... */
	const char *build_id; /* hexadecimal */
	const char *file;     /* source file */
	uint32_t line;
	enum rs_frame_kind kind;
	uint64_t
		address; /* in the file as linked, or in the kernel; 0: none. Frames that differ in it alone are one
			     in all outputs but pprof */
};

/* What a value counts. A profile has one to RS_PROFILE_VALUES_MAX of them, the first is the main one. */
struct rs_profile_type {
	const char *name; /* "cpu", "samples", "offcpu", "inuse_space", "alloc_objects" */
	const char *unit; /* "nanoseconds", "count", "bytes" */
};
#define RS_PROFILE_VALUES_MAX 4

/* Words about one sample; the same keys in all outputs that have such. Borrowed strings. */
struct rs_profile_label {
	const char *key;  /* "process", "pid", "thread", "container", "pod", "reason", ... */
	const char *text; /* NULL: a number */
	int64_t number;
};
#define RS_PROFILE_LABELS_MAX 12
#define RS_PROFILE_DEPTH_MAX  4096

struct rs_profile_sample {
	const uint32_t *frames; /* numbers by rs_profile_frame(), the innermost first */
	size_t n_frames;
	int64_t values[RS_PROFILE_VALUES_MAX];
	const struct rs_profile_label *labels;
	size_t n_labels;
};

struct rs_profile_options {
	struct rs_profile_type types[RS_PROFILE_VALUES_MAX];
	size_t n_types;
	uint64_t time;     /* when it began, CLOCK_REALTIME ns; 0: unknown */
	uint64_t duration; /* ns; 0: unknown */
	int64_t period;    /* of sampling, in the unit of period_type; 0: none */
	struct rs_profile_type period_type;
	const char *title; /* "CPU profile of nginx (4 processes), 30 s"; may be NULL */
};

/* Copies the options; types of the same name get another. -ENOMEM. */
int rs_profile_new(const struct rs_profile_options *options, struct rs_profile **ret_profile);
void rs_profile_free(struct rs_profile **profile);

/* What was given; `types`, `title` ... are the profile's. rs_profile_set_duration() for what is known at the end. */
const struct rs_profile_options *rs_profile_options_of(const struct rs_profile *profile);
void rs_profile_set_duration(struct rs_profile *profile, uint64_t ns);
int rs_profile_set_title(struct rs_profile *profile, const char *title);

/* The frame's number, the same for equal ones. -ENOMEM. */
int rs_profile_frame(struct rs_profile *profile, const struct rs_frame *frame,
		     uint32_t *ret_number);

/* Adds a sample; one with the same frames and labels as another is added to that. -ENOMEM; -EINVAL where a number is no
 * frame's, a key is missing, or there are too many of either. */
int rs_profile_add(struct rs_profile *profile, const struct rs_profile_sample *sample);

/* Losses and the like, said in every output that has room for it: "312 samples lost". */
int rs_profile_note(struct rs_profile *profile, const char *text);
size_t rs_profile_notes(const struct rs_profile *profile);
const char *rs_profile_note_at(const struct rs_profile *profile, size_t i);

/* What is in it, in the order of adding. Borrowed until the next change. */
size_t rs_profile_samples(const struct rs_profile *profile);
void rs_profile_sample_at(const struct rs_profile *profile, size_t i,
			  struct rs_profile_sample *ret_sample);
size_t rs_profile_frames(const struct rs_profile *profile);
const struct rs_frame *rs_profile_frame_at(const struct rs_profile *profile, uint32_t number);
int64_t rs_profile_total(const struct rs_profile *profile, size_t value);
