/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Where profiles go: the options that all commands which make one share (-o, -w, --diff ...), and the writing.
 *
 *	struct settings { struct rs_profile_out out; ... } settings = { .out = { .usual = RS_PROFILE_TABLE } };
 *	rs_cmd_parse(...);
 *	rs_profile_out_check(&settings.out, &err);           before anything is started: mistakes show at once
 *	rs_profile_out_write(&settings.out, profile, &err);
 *
 * Nothing is owned.
 */

#include "base/opt.h"
#include "profile/profile-write.h"

struct rs_profile_out {
	/* In: what is written where neither -o nor the file's name says it. */
	enum rs_profile_format usual;
	/* Also in: show what is different from this one, whatever --diff names. NULL: what that names. */
	const struct rs_profile *old;
	/* By options */
	uint32_t format;   /* enum rs_profile_format + 1; 0: not given */
	const char *file;  /* NULL or "-": standard output */
	const char *diff;  /* file of an older profile */
	const char *title; /* instead of the profile's own */
	const char *value; /* name or number (from 1) of the one to show; NULL: the main one */
	bool icicle;
	uint32_t top; /* 0: as the table likes it */
};

/* Rows on struct rs_profile_out. */
extern const struct rs_opt rs_profile_out_opts[];

/* Settles the format. -EINVAL where it would go to a terminal that cannot show it. */
int rs_profile_out_check(struct rs_profile_out *out, struct rs_error *err);

/* Reads what --diff names, so that it is compared with that; nothing where there is no --diff. *ret_old is the caller's, to
 * outlive the writing. For commands that take their time before they write: what is wrong with it is told at once. */
int rs_profile_out_read_old(struct rs_profile_out *out, struct rs_profile **ret_old,
			    struct rs_error *err);

/* Before a profile with these values is made: is the value that is asked for among them, and can it be compared with
 * out->old? -EINVAL: no. */
int rs_profile_out_check_values(const struct rs_profile_out *out,
				const struct rs_profile_options *have, struct rs_error *err);

/* The format that was settled. */
enum rs_profile_format rs_profile_out_format(const struct rs_profile_out *out);

/* Writes the profile where it is wanted. May set its title. -EPIPE when the reader of standard output has gone. */
int rs_profile_out_write(const struct rs_profile_out *out, struct rs_profile *profile,
			 struct rs_error *err);

/* Reads a profile of any form from a file, "-" for standard input. The message names it. */
int rs_profile_out_read(const char *path, struct rs_profile **ret_profile, struct rs_error *err);
