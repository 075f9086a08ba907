/* SPDX-License-Identifier: Apache-2.0 */
/* What this machine says about itself that matters to eBPF: kernel, switches, security, limits. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RS_SYSTEM_UNSET     INT64_MIN /* a switch that is not there, or that we may not read */
#define RS_SYSTEM_UNLIMITED UINT64_MAX

/* Kernel switches below /proc/sys: identifier, key in JSON, file. */
#define RS_SYSTEM_SWITCHES(X)                                                                      \
	X(UNPRIVILEGED, unprivileged_bpf_disabled, "kernel/unprivileged_bpf_disabled")             \
	X(JIT, bpf_jit_enable, "net/core/bpf_jit_enable")                                          \
	X(STATS, bpf_stats_enabled, "kernel/bpf_stats_enabled")                                    \
	X(PARANOID, perf_event_paranoid, "kernel/perf_event_paranoid")                             \
	X(KPTR, kptr_restrict, "kernel/kptr_restrict")

enum rs_system_switch {
#define X(id, key, file) RS_SYSTEM_##id,
	RS_SYSTEM_SWITCHES(X)
#undef X
		RS_SYSTEM_SWITCH_COUNT,
};

struct rs_system {
	char host[65];
	char release[65];
	char machine[65];
	char lockdown[24]; /* "none", "integrity", "confidentiality"; empty: not to be had */
	char lsms[256];    /* comma list in calling order; empty: not to be had */
	int64_t switches[RS_SYSTEM_SWITCH_COUNT];
	uint64_t memlock_soft; /* bytes; RS_SYSTEM_UNLIMITED */
	uint64_t memlock_hard;
	uint64_t btf_bytes;   /* of the kernel's own BTF, 0 when there is none */
	unsigned btf_modules; /* modules with BTF */
	unsigned cpus;        /* that may ever be there */
	unsigned uid;         /* effective */
	bool first_user_ns;   /* in the machine's own user namespace, not a container's */
	bool first_pid_ns;
	bool securityfs_private; /* it was read through a mount of our own */
};

/* Never fails: what cannot be read is left empty or unset. */
void rs_system_read(struct rs_system *ret_system);

/* How many threads there are now; 0: not to be had. */
uint32_t rs_system_threads(void);

/* In the machine's own user namespace? Only there do capabilities count for eBPF. */
bool rs_system_first_user_ns(void);

/* Name of a switch as in JSON, and its file below /proc/sys. */
const char *rs_system_switch_key(enum rs_system_switch which);
const char *rs_system_switch_file(enum rs_system_switch which);

/* The word in brackets of "none [integrity] confidentiality"; false when there is none. */
bool rs_system_parse_choice(const char *text, char *buf, size_t size);

/* True when the comma list has the word. */
bool rs_system_list_has(const char *list, const char *word);
