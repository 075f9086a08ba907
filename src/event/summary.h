/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The inside of rs_event_summary(): what happened, in words. A summary is a head that may be cut to
 * fit (a path, a command line) and a tail that says how it went, which is kept as long as possible.
 */

#include "event/event.h"

#define RS_TAIL_MAX 512

struct rs_words {
	struct rs_str *out;
	const struct rs_event *event;
	size_t width;           /* columns to fit in; 0: any */
	size_t start;           /* where the summary begins in out */
	char tail[RS_TAIL_MAX]; /* harmless for terminals; written before the head */
	size_t tail_len;
};

typedef void rs_words_fn(struct rs_words *w);

/* Appends to the tail; what does not fit is cut. */
void rs_words_tailf(struct rs_words *w, const char *fmt, ...) _printf_(2, 3);
void rs_words_tail_bytes(struct rs_words *w, const void *data, size_t n);

/* Appends to the head: plain bytes; or a path, cut to its share (1 / shares) of the room that the tail,
 * and what the head has already, leave: path number which of the event, or any. */
void rs_words_bytes(struct rs_words *w, const void *data, size_t n);
void rs_words_path(struct rs_words *w, int which, unsigned shares);
void rs_words_any_path(struct rs_words *w, const void *data, size_t n, unsigned shares);

/* Appends words for the set flags to the tail, each after a space: O_CREAT becomes "creat". skip
 * bytes of the name are left out. */
void rs_words_flags(struct rs_words *w, enum rs_kind kind, uint64_t value, size_t skip);

rs_words_fn rs_words_fork, rs_words_exec, rs_words_exit;
rs_words_fn rs_words_open, rs_words_paths, rs_words_link, rs_words_symlink, rs_words_mode,
	rs_words_chown, rs_words_truncate, rs_words_setxattr, rs_words_mount, rs_words_umount;
rs_words_fn rs_words_peer, rs_words_accept, rs_words_local, rs_words_close, rs_words_udp;
rs_words_fn rs_words_setuid, rs_words_setgid, rs_words_capset, rs_words_ptrace, rs_words_kill,
	rs_words_module, rs_words_bpf, rs_words_memfd, rs_words_wxmap, rs_words_namespaces,
	rs_words_root;
rs_words_fn rs_words_cgroup;

/* The same, to fit in width columns (0: any). */
int rs_event_summary_fit(struct rs_str *out, const struct rs_event *event, size_t width);
