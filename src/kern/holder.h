/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors that the kernel takes long to close (a perf event on a tracepoint: tens of
 * milliseconds) are left to a process in the background, so that their owner can go on or exit.
 */
#pragma once

#include <stddef.h>

/*
 * Forks a process, called ringside-detach, that holds copies of these descriptors and nothing else:
 * no terminal, no pipe, no lock; in a session of its own, deaf to all signals but SIGKILL. The
 * caller closes its own copies, which is quick now, and then the descriptor that is returned (or
 * leaves that open until it exits): this wakes the holder, which closes the rest and is gone.
 * -errno when it could not be started.
 */
int rs_holder_start(const int *fds, size_t n);
