/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Processes for profilers to look at, whose functions have names that tests know; and what profiles (-o json) say. */

#include "tests/kernel/lib/agent.h"

/* --- what is done --- */

void busy_spin(void);           /* never ends: busy_spin() calls busy_spin_inside() */
void busy_read_zeros(void);     /* never ends: the kernel does the work */
void busy_short(unsigned ms);   /* uses so much CPU time in busy_short_inside() */
int busy_wait_for_byte(int fd); /* the byte, from busy_wait_inside(); -1 at the end */
long busy_called(int number);   /* a place for probes */
void busy_close_numbers(
	int n); /* close(100000), close(100001), ...: n times, no such descriptors */

/* --- processes --- */

struct busy {
	pid_t pid;
	int orders;  /* what we write it reads */
	int answers; /* what it writes we read; ends with it */
};

/* A child of this name, which does that. Bails out where it cannot be made. */
void busy_start(struct busy *busy, const char *comm, void (*work)(int orders, int answers));
void busy_end(struct busy *busy); /* kills it */

/* Waits until it has used so much CPU time from now on. False when it does not. */
bool busy_wait_cpu(pid_t pid, unsigned ms);
/* Waits until it waits (S), and has left its CPU. */
bool busy_wait_asleep(pid_t pid);

/* --- profiles --- */

/* Starts `ringside ARGS...` (at most 24 of them) with -o json, and waits until it says that it is at work. */
void profile_start(struct agent *agent, const char *const args[]);

/* Ends it as Ctrl-C does, and takes in the profile. False, and told, where that fails. */
bool profile_stop(struct agent *agent);

/* What samples must have; what is NULL or 0 does not matter. */
struct profile_match {
	pid_t pid;
	const char *process;
	const char *function, *caller; /* frames; the caller anywhere outside of it */
	const char *kind;
	const char *reason, *waker; /* labels */
};

/* The sum of this value of all samples that are so. */
json_int_t profile_sum(const struct agent *agent, const char *value,
		       const struct profile_match *match);

/* Does one of the notes have this text? */
bool profile_noted(const struct agent *agent, const char *text);

/* Writes what the profile says to the diagnostics, the first samples of it. */
void profile_tell(const struct agent *agent);
