/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Numbers of the kernel's interface and the names that manuals use for them. All functions return
 * NULL for a number without a name. */

#include <assert.h>

#include "base/util.h"
#include "bpf/abi/process.h"

const char *rs_name_errno(int error);   /* positive: "ENOENT" */
const char *rs_name_signal(int signal); /* "SIGTERM"; real-time signals have none */
const char *rs_name_syscall(int nr, bool compat);
const char *rs_name_hook(unsigned hook);
const char *rs_name_capability(unsigned bit); /* "CAP_CHOWN" */
unsigned rs_name_capability_count(void);
const char *rs_name_ptrace(uint64_t request);      /* "PTRACE_ATTACH" */
const char *rs_name_bpf_command(uint64_t command); /* "BPF_PROG_LOAD" */
const char *rs_name_bpf_prog_type(uint64_t type);  /* "kprobe" */
const char *rs_name_bpf_map_type(uint64_t type);   /* "ringbuf" */
/* What arg[1] of a bpf event is: a type of program or of map, by command; false: neither. */
bool rs_name_bpf_typed(uint64_t command);
const char *rs_name_bpf_type(uint64_t command, uint64_t type);
const char *rs_name_family(unsigned family);     /* "inet6" */
const char *rs_name_socket_type(unsigned type);  /* "stream" */
const char *rs_name_protocol(unsigned protocol); /* "tcp" */
const char *rs_name_namespace(enum rs_ns ns);

/* Flags: a set is a table; an entry is there when (value & mask) == bits. */
struct rs_flag {
	uint64_t mask;
	uint64_t bits;
	const char *name;
};

struct rs_flags {
	const struct rs_flag *flags; /* NULL: the kind has no flags */
	size_t count;
	uint64_t implied; /* bits without a name of their own */
};

/* The flags of rs_file.flags of a kind, or of the argument that holds flags for the privilege
 * sensor's kinds. */
struct rs_flags rs_name_flags(enum rs_kind kind);

/*
 * Walks the flags that are set in value, in the table's order: start with *pos = 0; NULL at the end,
 * when *rest holds the bits that no entry names.
 */
const char *rs_name_flags_next(const struct rs_flags *set, uint64_t value, size_t *pos,
			       uint64_t *rest);
