/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What TCP does on 127.0.0.1. Each tells the listener's port as the fact "port". */

#include "tests/kernel/lib/scene.h"

/* A listening socket. */
int loopback_listen(struct scene *scene, int backlog);

/* A new socket that connects to it; non-blocking: it may still do so when this returns. */
int loopback_connect(struct scene *scene, int listener, bool wait);

/* One connection from its begin to its end, some bytes on it. */
void loopback_talk(struct scene *scene);

/* A SYN that nobody takes, until it is sent again. */
void loopback_retransmit(struct scene *scene);

/* Sends a datagram that a program of the cgroup drops on its way out. */
void loopback_drop(struct scene *scene);
