/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sensors: our programs in the kernel, from loading to detaching, and what they count.
 *
 * open  - reserve the maps and load the programs that the wanted kinds need
 * attach - hook them in; events flow into the ring buffer from here on
 * close  - unhook and free everything; NULL-safe
 *
 * Nothing is pinned: when the process dies, however it dies, the kernel detaches the programs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "bpf/abi/control.h"

struct rs_sensors;
struct rs_ring;

struct rs_sensors_options {
	uint64_t kinds; /* bit per enum rs_kind; hooks of other kinds are not even loaded */
	/*
	 * Kinds that are loaded too, and sent whatever the filters say, marked RS_HDR_IDENTITY: see
	 * rs_config.identity. Those that this kernel does not have are left out of there.
	 */
	uint64_t identity;
	size_t ring_bytes; /* a power of two, at least one page; 0 means RS_RING_BYTES */
	bool measure; /* have the kernel measure what each program costs (needs CAP_SYS_ADMIN) */
};

#define RS_RING_BYTES (8u << 20)
#define RS_KINDS_ALL  ((1ull << RS_KIND_COUNT) - 1)

/* What the kernel-side counters say at one moment: sums over CPUs and lanes. */
struct rs_counters {
	uint64_t generated[RS_KIND_MAX];
	uint64_t lost[RS_LOSS_COUNT][RS_KIND_MAX];
	uint64_t fails[RS_FAIL_MAX];
	uint64_t bytes; /* written to the ring buffer */
};

/* One of our programs, and what the kernel measured of it. */
struct rs_program {
	char name[32];
	char hook[48];   /* "sched_process_exec", "sys_exit_unlinkat +1" */
	uint64_t runs;   /* while measured */
	uint64_t run_ns; /* the sum over those runs */
	/*
	 * Runs that the kernel skipped because the program was at work on that CPU already: where
	 * tracepoints can be preempted (7.0), or from an interrupt. Each is one event at most that was
	 * never made. 0 for programs without which only a path is less certain.
	 */
	uint64_t missed;
	uint32_t insns; /* instructions loaded */
	uint32_t
		verified; /* instructions that the verifier walked; 0 where the kernel does not say */
	bool attached;
};

/*
 * Loads the programs; @err says which one failed and why (-EPERM, -ENOENT for a missing BTF, ...).
 * A hook that this kernel does not have costs the kinds that need it, not the whole: see
 * rs_sensors_kinds().
 */
int rs_sensors_open(const struct rs_sensors_options *options, struct rs_sensors **ret_sensors,
		    struct rs_error *err);
int rs_sensors_attach(struct rs_sensors *sensors, struct rs_error *err);
void rs_sensors_close(struct rs_sensors **sensors);

/*
 * Closing dozens of system call tracepoints takes the kernel a second or more. This stops all
 * programs at once and leaves the slow part to a forked child that inherits the descriptors, so
 * that the caller can exit at the user's ^C. Call it last: the sensors are closed after it.
 */
void rs_sensors_close_in_background(struct rs_sensors **sensors);

/* Kinds that have a hook on this kernel, among those that were wanted; not those of `identity`. */
uint64_t rs_sensors_kinds(const struct rs_sensors *sensors);

/* Owned by @sensors. The configuration and the wake-up state are read live by the programs. */
struct rs_ring *rs_sensors_ring(struct rs_sensors *sensors);
struct rs_config *rs_sensors_config(struct rs_sensors *sensors);

void rs_sensors_counters(const struct rs_sensors *sensors, struct rs_counters *ret_counters);

/* Fills at most @max rows, returns how many there are. Needs no privilege. */
size_t rs_sensors_programs(const struct rs_sensors *sensors, struct rs_program *programs,
			   size_t max);

/* Stops measuring (see rs_sensors_options.measure); what was measured stays. */
void rs_sensors_stop_measuring(struct rs_sensors *sensors);

/*
 * Remembers a signature of the processes that are asked for. True when there was another one: what
 * rs_scope holds is then to be looked through.
 */
bool rs_sensors_note_scope(struct rs_sensors *sensors, uint64_t signature);

/* A map of ours by name, for filters and tests; -ENOENT. Owned by @sensors. */
int rs_sensors_map_fd(const struct rs_sensors *sensors, const char *name);
