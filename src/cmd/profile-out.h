/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Where profiles go: the options that all commands which make one share (-o, -w, --diff ...), and the writing.
 *
 *	r = rs_profile_out_open(&settings.out, &out, err);     before anything is started: mistakes show at once
 *	r = rs_profile_out_write(&out, profile, err);
 *	rs_profile_out_done(&out);
 */

#include "base/opt.h"
#include "profile/profile-write.h"

/* Zero is a valid start; nothing is owned. */
struct rs_profile_out_options {
	const char *format; /* NULL: from the file's name, else a table */
	const char *file;   /* NULL or "-": standard output */
	const char *diff;   /* a profile that was saved before */
	bool icicle;
	uint32_t top; /* 0: as the table likes it */
};

/* Rows on struct rs_profile_out_options. */
extern const struct rs_opt rs_profile_out_opts[];

struct rs_profile_out {
	const struct rs_profile_out_options *options;
	struct rs_profile_write how;
	struct rs_profile *old;
	int fd; /* of the file; -1: standard output */
};

/* -EINVAL: what the user got wrong. */
int rs_profile_out_open(const struct rs_profile_out_options *options,
			struct rs_profile_out *ret_out, struct rs_error *err);
void rs_profile_out_done(struct rs_profile_out *out);

/* 0 also when the reader went away. */
int rs_profile_out_write(struct rs_profile_out *out, const struct rs_profile *profile,
			 struct rs_error *err);

/* Will it be a table that people read on the terminal? */
bool rs_profile_out_is_shown(const struct rs_profile_out *out);
