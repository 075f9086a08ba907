/* SPDX-License-Identifier: Apache-2.0 */
/* What `ringside doctor` says of containers, pods and the store. */
#pragma once

#include <stdbool.h>

struct rs_doctor_fact {
	const char *name;
	bool there;
	char text[512]; /* what there is, or what is done without */
};

enum {
	RS_DOCTOR_CGROUPS,
	RS_DOCTOR_RUNTIMES,
	RS_DOCTOR_PODS,
	RS_DOCTOR_STORE,
	RS_DOCTOR_FACTS,
};

/* Looks; changes nothing. */
void rs_doctor_look_who(struct rs_doctor_fact facts[static RS_DOCTOR_FACTS]);
