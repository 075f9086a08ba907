/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What is the same for every event of this boot: names of the machine and its kernel. */

#include "event/event.h"

/* Reads uname(2), <root>/etc/machine-id and the boot id; what cannot be had stays empty. */
void rs_host_read(const char *root, struct rs_event_host *ret_host);
