/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How long things take (bpf/tools/latency.bpf.c): histograms by whatever is asked for, and slow ones by themselves.
 *
 *	r = rs_latency_new(&options, &latency, err);      loads
 *	r = rs_latency_attach(latency, err);
 *	... rs_latency_fd() readable: rs_latency_take(); each interval: rs_latency_read(), rs_latency_rows() ...
 *	rs_latency_free(&latency);
 */

#include "bpf/abi/latency.h"
#include "calls/histogram.h"
#include "kern/target.h"
#include "syscall/syscall.h"

struct rs_latency;

struct rs_latency_options {
	enum rs_latency_source source;
	unsigned by;              /* RS_LATENCY_BY_* */
	struct rs_call_set calls; /* RS_LATENCY_SYSCALL */
	bool chosen; /* they were named: those that wait by intent (poll, nanosleep) are told of as others are */
	uint64_t outlier;               /* ns; 0: none */
	size_t max_pages;               /* of histograms; 0: 8192, some 5 MB */
	const struct rs_target *target; /* borrowed */
	uint32_t
		held; /* a command that is held back: its calls count from its execve on; 0: none */

	/* A slow one; the record is valid during the call. NULL where `outlier` is 0. */
	void (*on_outlier)(void *data, const struct rs_latency_outlier *outlier);
	/* Appends the name of a control group. */
	void (*name_group)(void *data, uint64_t cgroup, struct rs_str *out);
	void *data;
};

/* "syscall", "block" ...; and back: -EINVAL. */
const char *rs_latency_source_name(enum rs_latency_source source);
/* "system calls", "block I/O" ...: for titles. */
const char *rs_latency_source_title(enum rs_latency_source source);
/* What that source can tell apart. */
unsigned rs_latency_source_by(enum rs_latency_source source);

/* -EINVAL: the source cannot tell that apart. -EOPNOTSUPP: the kernel lacks what is needed; the message says what. */
int rs_latency_new(const struct rs_latency_options *options, struct rs_latency **ret_latency,
		   struct rs_error *err);
void rs_latency_free(struct rs_latency **latency);
int rs_latency_attach(struct rs_latency *latency, struct rs_error *err);
void *rs_latency_tool(struct rs_latency *latency);

/* Slow ones: readable, and then to be taken. -1: there will be none. */
int rs_latency_fd(const struct rs_latency *latency);
int rs_latency_take(struct rs_latency *latency);

/* One histogram. */
struct rs_latency_row {
	struct rs_latency_key key;
	struct rs_histogram now, all; /* of the last interval; since the start */
	char *names[8];  /* by bit of RS_LATENCY_BY_*, as they are; NULL: not asked for. Owned */
	bool idle;       /* a call that waits because it was asked to */
	uint64_t weight; /* for whoever sorts rows */
};

/* Reads what was counted since the last time. */
int rs_latency_read(struct rs_latency *latency, struct rs_error *err);
/* All rows, in no order; the array is the caller's to sort until the next read. */
struct rs_latency_row **rs_latency_rows(struct rs_latency *latency, size_t *ret_n);
/* All rows in one, of the last interval. Borrowed until the next read. */
const struct rs_histogram *rs_latency_whole(const struct rs_latency *latency);

/* "SYSCALL", "FILE" ...: headings and keys of JSON, by bit. */
const char *rs_latency_by_title(unsigned bit, enum rs_latency_source source);
const char *rs_latency_by_key(unsigned bit, enum rs_latency_source source);

/* What is measured: "fsync", "read, in the device", "major". Static or valid until the next call. */
const char *rs_latency_what(enum rs_latency_source source, uint32_t what);
void rs_latency_peer_format(const struct rs_latency_peer *peer, struct rs_str *out);

/* Calls that have begun and not ended: the oldest. False: there is none. */
struct rs_latency_waiting {
	uint32_t tid, nr;
	uint64_t ns;
	size_t more; /* others that are as slow as `least` */
};
bool rs_latency_waiting(struct rs_latency *latency, uint64_t least,
			struct rs_latency_waiting *ret_waiting);

/* Of block I/O, TCP and DNS, whose beginnings and ends are seen in different places: those that have not ended. */
#define RS_LATENCY_LATE_NS 5000000000ull
struct rs_latency_pending {
	uint64_t begun, ended; /* TCP: connections */
	uint64_t waiting;      /* TCP: connects */
	uint64_t late;         /* have waited for RS_LATENCY_LATE_NS or longer */
	uint64_t replaced;     /* DNS: no answer came, and another question took the number */
	uint64_t forgotten;    /* made room for newer ones */
	uint64_t now;          /* CLOCK_MONOTONIC */
	struct rs_latency_start oldest; /* of the late ones; began 0: there is none */
};
/* -EOPNOTSUPP: no such source. */
int rs_latency_pending(struct rs_latency *latency, struct rs_latency_pending *ret_pending);
/* Appends a line, where there is anything to say. @last: nothing will be said later, so also of those that may still end. */
void rs_latency_pending_format(const struct rs_latency *latency,
			       const struct rs_latency_pending *pending, bool last,
			       struct rs_str *out);

/* A name in DNS' own form as text; "..." at its end where there is more than @len bytes of it. Appends. */
void rs_latency_question_format(const void *name, size_t len, struct rs_str *out);

struct rs_latency_losses {
	uint64_t kernel[RS_LATENCY_LOST_COUNT]; /* by enum rs_latency_loss */
	uint64_t forgotten;                     /* began, and made room for newer ones */
	uint64_t skipped; /* times the kernel did not run a program that was at work already */
	uint64_t rows;    /* counted, and in no row for want of room */
	uint64_t targets; /* processes and groups that are not watched */
};
void rs_latency_losses(struct rs_latency *latency, struct rs_latency_losses *ret_losses);
/* Appends a line for each kind of loss, "312 calls ...\n". */
void rs_latency_losses_format(const struct rs_latency *latency,
			      const struct rs_latency_losses *losses, struct rs_str *out);
