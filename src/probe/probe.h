/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Probes of the tracing language on this machine: what a pattern stands for, how a program for it is
 * loaded, attaching and detaching. One row of rs_probe_kinds and one file per provider.
 */

#include "base/error.h"
#include "lang/program.h"

/* Everything that is looked up lazily and kept for one run: tracefs, kallsyms, ELF files, features. */
struct rs_probes;

struct rs_probes_options {
	uint64_t pid; /* -p: uprobes and usdt of this process, paths seen from its root; 0 none */
	struct rs_btf_set *btf; /* kern/btf.h; for fentry ids and function lists; may be NULL */
};
int rs_probes_new(const struct rs_probes_options *options, struct rs_probes **ret_probes,
		  struct rs_error *err);
void rs_probes_free(struct rs_probes **probes);

/* Fills the source's callbacks expand, tracepoint_format, kernel_address, user_address; ctx of those is
 * probes: the runtime wraps them. */
int rs_probes_expand(struct rs_probes *probes, const struct rs_attach_point *point,
		     struct rs_arena *arena, int (*fn)(const struct rs_place *place, void *data),
		     void *data, struct rs_error *err);
const char *rs_probes_tracepoint_format(struct rs_probes *probes, struct rs_arena *arena,
					const char *group, const char *event, struct rs_error *err);
bool rs_probes_kernel_address(struct rs_probes *probes, const char *symbol, uint64_t *ret_address);
bool rs_probes_user_address(struct rs_probes *probes, const char *binary, const char *symbol,
			    uint64_t *ret_address);

/* ---- loading ---- */

/* What bpf(BPF_PROG_LOAD) needs to know of where a program will be attached. Numbers of linux/bpf.h. */
struct rs_probe_plan {
	uint32_t prog_type;
	uint32_t attach_type; /* expected_attach_type */
	uint32_t attach_btf_id;
	int attach_btf_fd; /* of a module, borrowed; or -1 */
	uint32_t flags;    /* BPF_F_SLEEPABLE ... */
	bool multi;        /* one link for all places */
};
int rs_probe_plan(struct rs_probes *probes, const struct rs_probe *probe,
		  struct rs_probe_plan *ret_plan, struct rs_error *err);

/* ---- attaching ---- */

/* Everything that is attached. */
struct rs_probe_links;
int rs_probe_links_new(struct rs_probe_links **ret_links);

/*
 * Attaches to all places of the probe, as planned. Places that cannot be attached: an error, or, where
 * missing says so, counted (and told through warn). Not for RS_PROGRAM_ONCE.
 */
struct rs_probe_attach_options {
	enum rs_missing_probes missing;
	void (*warn)(void *ctx, const char *text);
	void *warn_ctx;
	const int *cpus; /* online */
	unsigned n_cpus;
};
int rs_probe_attach(struct rs_probes *probes, const struct rs_probe *probe,
		    const struct rs_probe_plan *plan, int prog_fd,
		    const struct rs_probe_attach_options *options, struct rs_probe_links *links,
		    unsigned *ret_attached, struct rs_error *err);

/* The descriptor of an iterator's link to make readers of (iter probes), or -1. */
int rs_probe_links_iter(const struct rs_probe_links *links, unsigned i,
			const struct rs_probe **ret_probe);

/*
 * Detaches. Links that close at once are closed here; perf events and links on tracepoints, functions and
 * files, whose closing takes the kernel tens of milliseconds each, are handed to a process in the background
 * that holds nothing else; their programs may run until it is done (RS_STATE_STOPPED). Frees and nulls.
 * @wait: everything is closed when it returns (several threads at once).
 */
void rs_probe_links_close(struct rs_probe_links **links, bool wait);

/* ---- lists (-l) ---- */

/* Calls fn with the canonical text of each probe that the pattern matches ("*", "kprobe:vfs_*",
 * "tracepoint:*:sys_enter_*", "uprobe:/bin/bash:*", "usdt:...", "software:", "iter:*", "struct x" are the
 * caller's); a pattern without a provider is searched for in all kernel providers. fn returning negative
 * stops. With @arguments each is followed by its arguments ("    int dfd"), when known. */
int rs_probes_list(struct rs_probes *probes, const char *pattern, bool arguments,
		   int (*fn)(const char *text, void *data), void *data, struct rs_error *err);
