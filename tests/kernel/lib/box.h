/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A container that lives across agents and does what it is told. */

#include "tests/kernel/lib/runc.h"

struct box {
	struct scene *scene; /* owned */
	int end;             /* readable once all is gone */
	int orders;          /* the container's standard input and output */
	int answers;
};

/*
 * Runs a container of this id, control group and annotations; the bundle's script is ours. Waits until
 * it does as it is told. False where there is none, told as the result @what: skipped, or failed.
 */
bool box_start(struct box *box, const struct bundle *bundle, const char *what);

/* Makes a directory of this name below /tmp of the container, by a program that it runs. */
bool box_mkdir(struct box *box, const char *name);

/* Has its shell do that; nothing is executed. The words are a command of the shell's. */
bool box_do(struct box *box, const char *command);

/* Ends it, and waits until it is gone. */
void box_end(struct box *box);
