/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Who started us: reads what we write, and may write a line to ask for a fresh list. We end with it. */

#include "base/util.h"

struct rs_parent {
	int in;     /* -1: nothing more will come */
	int out;    /* watched for a reader that is gone */
	bool asked; /* a line came; the user of it sets it back */
};

/* Takes what is there without waiting. 0, or -EPIPE: nobody reads any more. */
int rs_parent_look(struct rs_parent *parent);

/* Waits until the time is over; or, with @wake, something was asked. */
int rs_parent_wait(struct rs_parent *parent, uint64_t ns, bool wake);
