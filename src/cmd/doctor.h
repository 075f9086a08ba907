/* SPDX-License-Identifier: Apache-2.0 */
/* What `ringside doctor` found out, for its two ways of saying it. */
#pragma once

#include <limits.h>

#include "base/str.h"
#include "base/term.h"
#include "cmd/doctor-who.h"
#include "kern/caps.h"
#include "kern/features.h"
#include "kern/hooks.h"
#include "kern/node.h"
#include "kern/system.h"

/* A capability and what it is for. */
struct rs_doctor_right {
	unsigned cap;
	bool needed; /* the agent cannot run without; CAP_SYS_ADMIN stands in for some */
	const char *why;
};

extern const struct rs_doctor_right rs_doctor_rights[];
extern const size_t rs_n_doctor_rights;

enum rs_doctor_mount_id {
	RS_DOCTOR_TRACEFS,
	RS_DOCTOR_BPFFS,
	RS_DOCTOR_CGROUP2,
	RS_DOCTOR_SECURITYFS,
	RS_DOCTOR_MOUNT_COUNT,
};

struct rs_doctor_mount {
	const char *type;
	char point[PATH_MAX]; /* empty: not mounted */
	bool fixed;           /* we mounted it just now */
	const char *use;      /* what it is for */
	const char *instead;  /* what we do where it is not mounted */
};

/* Of one kind of event: a place it can come from. */
struct rs_doctor_hook {
	const char *name;
	enum rs_answer answer;
};

#define RS_DOCTOR_HOOKS 4

struct rs_doctor_kind {
	struct rs_doctor_hook hooks[RS_DOCTOR_HOOKS]; /* from best to worst, ended by a NULL name */
	int used;     /* index of the one that will be used, -1: none */
	bool refused; /* there are hooks, but the kernel refused our programs */
};

/* Tries the hooks, names of features and tracepoints, "x + y" where it takes both; from best to worst, as many as there are
 * before NULL. */
void rs_doctor_ask_hooks(struct rs_features *features, const char *const *names, size_t n,
			 struct rs_doctor_kind *ret_kind);

/* A command that loads programs of its own, or a part of one. */
struct rs_doctor_tool {
	const char *name; /* as it is called */
	const char *use;
	const char *hooks[RS_DOCTOR_HOOKS]; /* from best to worst */
	const char *instead;                /* what there is where none of them is */
};
#define RS_DOCTOR_TOOLS 18
extern const struct rs_doctor_tool rs_doctor_tools[RS_DOCTOR_TOOLS];

struct rs_doctor {
	struct rs_system system;
	struct rs_caps caps;
	struct rs_doctor_mount mounts[RS_DOCTOR_MOUNT_COUNT];
	const struct rs_feature_result *features[RS_FEATURE_COUNT];
	struct rs_doctor_kind kinds[RS_KIND_COUNT];
	struct rs_doctor_kind tools[RS_DOCTOR_TOOLS];
	uint64_t loaded; /* kinds whose programs the kernel took: bit per enum rs_kind */
	struct rs_doctor_fact facts[RS_DOCTOR_FACTS];
	struct rs_node node;
	struct rs_error node_error; /* code 0 when node could be read */
	struct rs_str reasons;      /* why the agent cannot run, one a line; empty when it can */
	uint64_t measured_ns;       /* length of the measurement, 0 for none */
	struct rs_node before;      /* counters at its beginning */
};

/* Runs and time of a program while measured; false when it was not there all along. */
bool rs_doctor_cost(const struct rs_doctor *doctor, const struct rs_node_program *program,
		    uint64_t *ret_runs, uint64_t *ret_ns);

/* width 0: as wide as it gets. */
void rs_doctor_table(const struct rs_doctor *doctor, unsigned width, bool color,
		     struct rs_str *out);
void rs_doctor_json(const struct rs_doctor *doctor, struct rs_str *out);
