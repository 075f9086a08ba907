/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpf(2) itself, for what libbpf does not wrap or prints about. Everything returns 0 or a
 * descriptor (close-on-exec, the caller's), or -errno.
 */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers that older linux/bpf.h lack: attach types, map types, link types. */
#define RS_BPF_TCX_INGRESS           46 /* Linux 6.6 */
#define RS_BPF_TRACE_UPROBE_MULTI    48 /* Linux 6.6 */
#define RS_BPF_TRACE_UPROBE_SESSION  57 /* Linux 6.13 */
#define RS_BPF_MAP_TYPE_CGRP_STORAGE 32 /* Linux 6.2 */

/* The system call. */
int rs_bpf_call(enum bpf_cmd cmd, union bpf_attr *attr, size_t size);

struct rs_bpf_program {
	enum bpf_prog_type type;
	unsigned attach_type;   /* enum bpf_attach_type or RS_BPF_*; 0 where the type has none */
	uint32_t attach_btf_id; /* in the kernel's own BTF */
	uint32_t flags;         /* BPF_F_* */
	const struct bpf_insn *insns;
	uint32_t n_insns;
	char *log; /* for the verifier's words; may be NULL */
	uint32_t log_size;
};

/* Loads it under the name rs_probe, licence GPL. With a log, the log is always asked for. */
int rs_bpf_load(const struct rs_bpf_program *program);

struct rs_bpf_map {
	unsigned type; /* enum bpf_map_type */
	uint32_t key_size;
	uint32_t value_size;
	uint32_t entries;
	uint32_t flags;
	int btf_fd; /* with key and value type 1 in it; 0 for none */
};

/* Creates it under the name rs_probe. */
int rs_bpf_map_create(const struct rs_bpf_map *map);
int rs_bpf_map_lookup(int map_fd, const void *key, void *value);
int rs_bpf_map_update(int map_fd, const void *key, const void *value);
/* Only where the key is there: -ENOENT. */
int rs_bpf_map_replace(int map_fd, const void *key, const void *value);
int rs_bpf_map_delete(int map_fd, const void *key);
/* @key NULL: the first one. -ENOENT after the last. */
int rs_bpf_map_next_key(int map_fd, const void *key, void *ret_next);

/* Attaches to a raw tracepoint by name, or, with NULL, to what the program was loaded for. */
int rs_bpf_raw_tp_open(const char *name, int prog_fd);

/* The same; bpf_get_attach_cookie() says @cookie (6.10 where it is not 0). */
int rs_bpf_raw_tp_open_cookie(const char *name, int prog_fd, uint64_t cookie);

/*
 * May programs be hooked to functions (fentry) here? Loading one for no function says so without
 * looking up a real one: -EINVAL where they may, -EPERM where a policy forbids them altogether.
 */
bool rs_bpf_trampolines_allowed(void);

/* BPF_LINK_CREATE for kinds that need no more than this. @target: descriptor or interface. */
int rs_bpf_link_create(int prog_fd, int target, unsigned attach_type);

/* The same for a program that was loaded for what it is attached to; bpf_get_attach_cookie() says
 * @cookie. fentry and fexit (5.19), raw tracepoints with BTF (6.9); 0: none wanted, any kernel that
 * has BPF_LINK_CREATE for the type. */
int rs_bpf_link_tracing(int prog_fd, unsigned attach_type, uint64_t cookie);

/* On a perf event (5.15). The event needs to be kept open by nobody, but closing the link while it
 * is open takes the program off at once. */
int rs_bpf_link_perf(int prog_fd, int event_fd, uint64_t cookie);

/* On many functions of the kernel (5.18). */
struct rs_bpf_kprobes {
	const char *const *symbols; /* or */
	const uint64_t *addresses;
	const uint64_t *cookies; /* or NULL */
	uint32_t count;
	bool at_return;
};
int rs_bpf_link_kprobes(int prog_fd, const struct rs_bpf_kprobes *kprobes);

/* On many places of one file (6.6). */
struct rs_bpf_uprobes {
	const char *path;
	const uint64_t *offsets;    /* in the file */
	const uint64_t *semaphores; /* offsets in the file, 0: none; or NULL */
	const uint64_t *cookies;    /* or NULL */
	uint32_t count;
	uint32_t pid; /* 0: all processes */
	bool at_return;
	bool session; /* at entry, and at the return unless the program said 1 there (6.13) */
};
int rs_bpf_link_uprobes(int prog_fd, const struct rs_bpf_uprobes *uprobes);

/* Runs the program once on @data (or @ctx); *ret_value is what it returned. Either may be NULL. */
int rs_bpf_test_run(int prog_fd, const void *data, uint32_t data_size, const void *ctx,
		    uint32_t ctx_size, uint32_t *ret_value);

/* Has the kernel count and time the runs of all programs while the descriptor is open. */
int rs_bpf_enable_stats(void);

/* The next id above @id: @cmd is BPF_*_GET_NEXT_ID. -ENOENT at the end. */
int rs_bpf_next_id(enum bpf_cmd cmd, uint32_t id, uint32_t *ret_id);

/* @cmd is BPF_*_GET_FD_BY_ID. */
int rs_bpf_fd_by_id(enum bpf_cmd cmd, uint32_t id);

/* Fills @info, whose unknown tail stays as it was. */
int rs_bpf_info(int fd, void *info, uint32_t size);
