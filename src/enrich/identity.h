/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Who is behind an event: process, ancestors, user, container, pod. One object for the pipeline, over
 * processes.h, users.h, containers.h and kube.h.
 *
 *	rs_identity_new()    before the sensors are loaded
 *	rs_identity_seed()   once they are attached, while the rights are there
 *	rs_identity_start()  threads and helpers, once the rights are dropped
 *	for each record: feed(), wait(), enrich()
 */

#include "enrich/containers.h"
#include "enrich/processes.h"
#include "enrich/users.h"

/* Kinds that tell who is who: for rs_config.identity. */
#define RS_IDENTITY_KINDS                                                                          \
	(1ull << RS_KIND_FORK | 1ull << RS_KIND_EXEC | 1ull << RS_KIND_EXIT |                      \
	 1ull << RS_KIND_CGROUP_MKDIR | 1ull << RS_KIND_CGROUP_RMDIR)

struct rs_identity;
struct rs_sensors;

struct rs_identity_options {
	const char *root;      /* for /etc/passwd; NULL: "/" */
	const char *host_root; /* where files of the runtimes are looked up; NULL: "/" */
	const char *proc;      /* NULL: "/proc" */
	struct rs_kube_options kube;
	/* The pod list is not to be had, and why; or it is again. Once for each change. May be NULL. */
	void (*note)(void *data, const char *text);
	void *data;
};

struct rs_identity_stats {
	struct rs_processes_stats processes;
	struct rs_containers_stats containers;
	struct rs_kube_stats kube;
};

/* @options: strings of kube are borrowed until the end, the others for the call. */
int rs_identity_new(const struct rs_identity_options *options, struct rs_identity **ret_identity,
		    struct rs_error *err);
void rs_identity_free(struct rs_identity **identity);

/* As rs_config.cgroup_v1. */
uint32_t rs_identity_cgroup_v1(const struct rs_identity *identity);

/* @sensors: their word on what runs is exact, that of /proc is not; may be NULL. */
int rs_identity_seed(struct rs_identity *identity, struct rs_sensors *sensors,
		     struct rs_error *err);
/* @on_news: something that events waited for may be there now. */
int rs_identity_start(struct rs_identity *identity, struct rs_loop *loop,
		      int (*on_news)(void *data), void *data, struct rs_error *err);

/* Learns from a record, once for each; also from those with RS_HDR_IDENTITY. */
void rs_identity_feed(struct rs_identity *identity, const struct rs_event *event);

/* Whether the event had better wait a little: see rs_containers_wait(). */
bool rs_identity_wait(struct rs_identity *identity, const struct rs_event *event, uint64_t now);

/* Sets what struct rs_event says others set. Valid until the next call. */
void rs_identity_enrich(struct rs_identity *identity, struct rs_event *event);

/* Whether records of all forks and execs come: see rs_processes_set_complete(). */
void rs_identity_set_complete(struct rs_identity *identity, bool complete);

/* A record was lost here, in the order of things: what is known is compared with /proc again. */
void rs_identity_lost(struct rs_identity *identity);
/* Records of control groups were lost since the last time. */
void rs_identity_lost_groups(struct rs_identity *identity);

/* Outside the loop: waits a moment for answers, and takes them. */
void rs_identity_await(struct rs_identity *identity, int ms);
void rs_identity_tick(struct rs_identity *identity, uint64_t now);

struct rs_containers *rs_identity_containers(struct rs_identity *identity);
void rs_identity_stats(const struct rs_identity *identity, struct rs_identity_stats *ret_stats);
