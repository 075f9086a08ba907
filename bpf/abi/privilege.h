/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Record of the privilege sensor. */
#pragma once

#include "bpf/abi/event.h"

enum rs_id {
	RS_ID_UID,
	RS_ID_EUID,
	RS_ID_SUID,
	RS_ID_FSUID,
	RS_ID_GID,
	RS_ID_EGID,
	RS_ID_SGID,
	RS_ID_FSGID,
	RS_ID_COUNT
};

/*
 * One struct for all kinds of the sensor. arg[] holds the arguments that matter:
 * setuid, setgid: the first id; ptrace: request, pid, address, for requests that attach or write;
 * kill: pid (the target's, or as given where the call failed), signal; module: 0 load, 1 unload;
 * flags; bpf: command, and program or map type, for all commands but those on elements of maps;
 * memfd: flags; wxmap: address, length, protection, fd; unshare and setns: CLONE_NEW* flags, fd.
 * Ids and capabilities are those after the call.
 *
 * Fields: NAME (module, where it was found out; memfd; BPF map, program or tracepoint), PATH (file of
 * a module, new root after chroot), BASE and ARG (failed chroot, pivot_root: new root; BPF object to
 * pin or get).
 */
struct rs_privilege {
	struct rs_hdr hdr;
	__u64 arg[4];
	__u32 id[RS_ID_COUNT];
	__u64 cap_effective;
	__u64 cap_permitted;
	__u64 cap_inheritable;
	__u64 target_start; /* with target_pid it names the other process: ptrace, kill */
	__u32 target_pid;   /* 0 where there is none */
	__u32 target_uid;
	char target_comm[16];
};

static_assert(sizeof(struct rs_privilege) == 216, "struct rs_privilege");
