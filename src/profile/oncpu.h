/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Sampling of what runs on the CPUs (bpf/tools/profile.bpf.c): an event on each CPU, also on those that come later. */

#include "bpf/abi/sample.h"
#include "kern/target.h"

#define RS_ONCPU_FREQUENCY_MAX 10000

/* What gives the beat. */
enum rs_oncpu_clock {
	RS_ONCPU_AUTO,   /* cycles where the machine counts them */
	RS_ONCPU_CYCLES, /* of the CPU: sees code that blocks interrupts, too */
	RS_ONCPU_TIMER,  /* the kernel's cpu-clock */
};

struct rs_oncpu_options {
	const struct rs_target *target;
	struct rs_sample_config samples;
	uint32_t frequency; /* Hz, at most RS_ONCPU_FREQUENCY_MAX */
	enum rs_oncpu_clock clock;
	const char *cpus;     /* only these: "0,2-3"; NULL: all, also those that come later */
	uint32_t max_samples; /* different stacks */
};

struct rs_oncpu;

/* Loads. -EINVAL: the frequency is above what the kernel allows, or there is no such CPU, with words. */
int rs_oncpu_new(const struct rs_oncpu_options *options, struct rs_oncpu **ret_oncpu,
		 struct rs_error *err);
void rs_oncpu_free(struct rs_oncpu **oncpu);

/* For rs_collect_new(). */
void *rs_oncpu_tool(struct rs_oncpu *oncpu);

/* Begins. -EOPNOTSUPP: this clock is not there. */
int rs_oncpu_attach(struct rs_oncpu *oncpu, struct rs_error *err);

/* Takes in CPUs that have come since: to be called now and then. */
void rs_oncpu_refresh(struct rs_oncpu *oncpu);

/* Rests, or goes on: nothing is counted meanwhile. */
void rs_oncpu_pause(struct rs_oncpu *oncpu, bool rest);

void rs_oncpu_detach(struct rs_oncpu *oncpu);
