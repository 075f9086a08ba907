/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Gives up what a program that talks to the network need not have: all capabilities, the way back to
 * any (no_new_privs), descriptors that were left open, core dumps, which would hold the token. Dies
 * with whoever started it. To be called first of all, with no thread running.
 */

#include "base/error.h"

int rs_rights_drop(struct rs_error *err);
