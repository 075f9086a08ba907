/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What processes.c and processes-look.c share. */

#include "enrich/processes-proc.h"
#include "enrich/processes.h"

struct rs_processes {
	struct rs_process_table table;
	uint64_t since;     /* what was checked since then needs no other check */
	uint64_t second;    /* of which reads are counted */
	unsigned reads;     /* in that second */
	uint64_t reads_all; /* for the statistics */
	int proc;           /* -1: none */
	struct rs_event_ancestor ancestors[RS_EVENT_ANCESTORS_MAX]; /* as handed out */
	struct rs_process_reading reading;                          /* scratch, as is this */
	char path[RS_EVENT_PATH_MAX];
};

/*
 * The process of a pid and a start time, with what is to be had of it at this moment; NULL: no room.
 * @comm is the name that it had at the moment @time, NULL where that is not known.
 */
struct rs_process *rs_processes_look(struct rs_processes *p, uint32_t pid, uint64_t start,
				     const char *comm, uint64_t time);

/*
 * Whether what is known of a process does not hold for the moment @time: what /proc said later than
 * that, or said before while records do not tell of every exec, and of a process by another name.
 */
bool rs_processes_doubt(const struct rs_processes *p, const struct rs_process *process,
			const char *comm, uint64_t time);
