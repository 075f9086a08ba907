/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Whom a tool watches, from the options that all of them share: --pid, --comm, --container ... to numbers. */

#include "base/command.h"
#include "base/opt.h"
#include "enrich/snapshot.h"
#include "kern/target.h"

/* Owned; release with rs_opt_done() on the table. Zero is a valid start. */
struct rs_select_options {
	struct rs_opt_list pids, comms, uids, cgroups, containers, pods, namespaces;
	const char *command;   /* run this and watch it; NULL: none */
	const char *user;      /* as this user, name or number; NULL: as ours */
	const char *host_root; /* NULL: "/" */
};

/* Rows on struct rs_select_options: pid comm uid cgroup container pod namespace; and -c/--command. */
extern const struct rs_opt rs_select_opts[];
extern const struct rs_opt rs_select_opts_command[];

struct rs_select;

/* @follow: children of the processes too. Starts the command, held back: let it go with rs_command_release() once
 * the programs are attached. -EINVAL for what the user got wrong; -ESRCH, -ENOENT for who is not there. */
int rs_select_new(const struct rs_select_options *options, bool follow,
		  struct rs_select **ret_select, struct rs_error *err);
void rs_select_free(
	struct rs_select **select); /* the command goes with it: see rs_command_free() */

const struct rs_target *rs_select_target(const struct rs_select *select);
struct rs_command *rs_select_command(struct rs_select *select); /* NULL: none */
bool rs_select_everybody(const struct rs_select *select);       /* nothing was asked for */

/* Has tools number control groups as the calls below do, also where nobody is chosen by them. To be called before a
 * tool is loaded, by those that tell groups apart. */
void rs_select_number_groups(struct rs_select *select);

/* Adds groups of containers that came since to a tool that runs. Where containers were asked for; cheap otherwise. */
void rs_select_refresh(struct rs_select *select, void *tool);

/* The container's or pod's name of a control group, for tables: "web", "shop/cart-6d5 (nginx)"; else the group's unit or path.
 * Appends. */
void rs_select_name_group(struct rs_select *select, uint64_t cgroup, struct rs_str *out);

/* The group and its container; NULL: unknown. Borrowed until the next call. */
const struct rs_event_cgroup *rs_select_group(struct rs_select *select, uint64_t cgroup);

/* "nginx (pid 12, 13)", "container web", "all processes": for titles. Appends. */
void rs_select_describe(const struct rs_select *select, struct rs_str *out);
