/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Real containers: bundles made here, run by runc. */

#include <stdbool.h>

#include "tests/kernel/lib/scene.h"

struct bundle {
	const char *id;
	const char *cgroup;      /* linux.cgroupsPath; NULL: what runc chooses */
	const char *annotations; /* members of a JSON object, without braces; "" for none */
	const char *script;      /* run by the container's shell; no double quotes */
	bool users;              /* a user namespace of its own: number 0 is BUNDLE_USER outside */
};

#define BUNDLE_USER 100000

/* Path of runc; skips the scene where there is none, or no busybox for the container. */
const char *runc_path(struct scene *scene);

/* Writes the bundle below the scene's directory: a root with busybox, and a user "inside" for number 0. */
void bundle_make(struct scene *scene, const struct bundle *bundle);

/* Runs it to its end; its exit status. @state: below the scene's directory instead of /run/runc. */
int bundle_run(struct scene *scene, const struct bundle *bundle, const char *state);

/* The same with these as its standard input and output. */
int bundle_run_with(struct scene *scene, const struct bundle *bundle, const char *state, int in,
		    int out);

/* Removes the groups of `cgroup` in all hierarchies: runc removes its own only, and not those above. */
void bundle_remove_groups(const struct bundle *bundle);
