/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Processes that live across tests and act when told to: so that an agent can be started while the
 * process that it is to watch is already there.
 */

#include <stdbool.h>
#include <sys/types.h>

struct actor {
	pid_t pid;
	int orders; /* pipes to and from it */
	int answers;
};

/* Runs in the new process before it waits for orders; may be NULL. */
typedef void actor_setup(void *data);

/* Bails out where it cannot be made. */
void actor_start(struct actor *actor, actor_setup *setup, void *data);

/* A child of the actor, an actor of its own. */
void actor_fork(struct actor *parent, struct actor *ret_child);

/* Each waits until it is done; true where it worked. */
bool actor_mkdir(struct actor *actor, const char *path);
bool actor_create(struct actor *actor, const char *path);  /* a file */
bool actor_symlink(struct actor *actor, const char *path); /* to "x" */
bool actor_rename(struct actor *actor, const char *from, const char *to);
bool actor_chdir(struct actor *actor, const char *path);
bool actor_name(struct actor *actor, const char *comm);

void actor_end(struct actor *actor); /* and all its children */
