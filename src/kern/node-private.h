/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by node.c and its parts only. */
#pragma once

#include "kern/node.h"

struct rs_node_program *rs_node_find(struct rs_node *node, uint32_t id);

/* Notes one more thing that the program is attached to. @target may be empty. */
void rs_node_add_target(struct rs_node_program *program, const char *target);

/* The number after "key:" in the text of an fdinfo file; 0 when it is not there. */
uint64_t rs_node_fdinfo(const char *text, const char *key);

/* node-links.c: fills node->links and what programs are attached to. */
int rs_node_read_links(struct rs_node *node);

/* node-owners.c: looks through /proc for who holds programs, links and perf events. */
void rs_node_read_owners(struct rs_node *node);
