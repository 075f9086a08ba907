/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The function or tracepoint of `ringside stacks`, as the user names it: what it stands for here, what of it can be added up,
 * and attaching a program there. */

#include "bpf/abi/stacks.h"
#include "probe/probe.h"

struct rs_stacks_place;

/*
 * "vfs_read", "tracepoint:kmem:kmalloc", "uprobe:/bin/bash:readline", "libc:malloc", with patterns. @pid: of this
 * process's files; 0: all. -EINVAL: not understood; -ENOENT: not there, with a hint.
 */
int rs_stacks_place_new(const char *text, uint32_t pid, struct rs_stacks_place **ret_place,
			struct rs_error *err);
void rs_stacks_place_free(struct rs_stacks_place **place);

/* "tracepoint:kmem:kmalloc", of a pattern the first and how many there are. */
const char *rs_stacks_place_name(const struct rs_stacks_place *place);
unsigned rs_stacks_place_count(const struct rs_stacks_place *place);
const struct rs_probe *rs_stacks_place_probe(const struct rs_stacks_place *place);
const struct rs_probe_plan *rs_stacks_place_plan(const struct rs_stacks_place *place);
bool rs_stacks_place_is_user(const struct rs_stacks_place *place); /* in files of processes */

/*
 * Where an argument lies: a field of a tracepoint's record, "arg0" with a type if need be ("arg0:int32"), "retval" of
 * a kretprobe or uretprobe. -EINVAL with a hint at what there is.
 */
int rs_stacks_place_argument(struct rs_stacks_place *place, const char *name,
			     struct rs_stacks_config *ret_argument, struct rs_error *err);

/* Has the program run there. Functions of the kernel with types are attached by libbpf, and nothing is done here. */
int rs_stacks_place_attach(struct rs_stacks_place *place, int program, struct rs_error *err);
void rs_stacks_place_detach(struct rs_stacks_place *place);

/* "bytes", "nanoseconds" or "count", by an argument's name. */
const char *rs_stacks_unit_of(const char *name);
