/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Between the two ends of the control socket: control.c and control-client.c. */

#include <sys/un.h>

#include "base/error.h"

/* The address of a path. -ENAMETOOLONG. */
int rs_control_address(const char *path, struct sockaddr_un *ret_address, struct rs_error *err);
