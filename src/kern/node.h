/* SPDX-License-Identifier: Apache-2.0 */
/* All eBPF programs of this machine, whoever loaded them, and what they cost. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/vec.h"

struct rs_node_program {
	uint32_t id;
	uint32_t type; /* enum bpf_prog_type */
	char name[16]; /* may be empty */
	uint64_t tag;  /* the kernel's digest of the instructions, as it prints it in hexadecimal */
	uint32_t uid;  /* who loaded it */
	uint64_t loaded; /* ns, CLOCK_BOOTTIME */
	uint64_t runs;   /* while statistics were on */
	uint64_t run_ns; /* the time of those runs */
	uint64_t missed; /* runs that did not happen because it was running already (Linux 5.12) */
	uint64_t memory; /* bytes of the program itself */
	uint64_t map_memory; /* bytes of its maps, shared ones in full */
	uint32_t maps;
	uint32_t insns;    /* as rewritten by the verifier */
	uint32_t verified; /* instructions that the verifier walked (Linux 5.16), else 0 */
	uint32_t links;
	pid_t pid;        /* a process that holds it, 0 when none does or we may not look */
	char comm[16];    /* its name */
	char target[64];  /* what it is attached to, the first of them; may be empty */
	uint32_t targets; /* how many there are */
	bool ours;        /* named rs_... */
};

struct rs_node_link {
	uint32_t id;
	uint32_t type; /* enum bpf_link_type, maybe a newer one than we know */
	uint32_t program;
	char target[64]; /* "sched_process_exec", "eth0"; may be empty */
};

struct rs_node {
	RS_VEC(struct rs_node_program) programs; /* by id */
	RS_VEC(struct rs_node_link) links;       /* by id */
	uint32_t maps;                           /* all maps of the machine */
	uint64_t map_memory;                     /* their bytes, each once */
};

/* -EPERM without CAP_SYS_ADMIN. What comes and goes meanwhile may be missing. */
int rs_node_read(struct rs_node *ret_node, struct rs_error *err);
void rs_node_done(struct rs_node *node); /* fits _cleanup_ */

/* Counters only, of programs already in @node: what they have now. Those that are gone stay. */
void rs_node_refresh(struct rs_node *node);

/* Names as bpftool has them; "type 33" into @buf for one that we do not know. */
const char *rs_node_program_type(uint32_t type, char buf[static 24]);
const char *rs_node_link_type(uint32_t type, char buf[static 24]);
