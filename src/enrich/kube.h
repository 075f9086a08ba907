/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The pods of this node, as Kubernetes lists them: labels and owners, which no file on the node has.
 *
 * HTTPS is spoken by a program of its own, ringside-kube (src/kube), which has no rights and can do the
 * agent no harm: it writes what it learns as lines of JSON, which we read from a pipe. It is started
 * again when it ends, at growing distances. What it writes is checked like any other input.
 */

#include "base/error.h"
#include "base/loop.h"
#include "event/event.h"

#define RS_KUBE_PODS_MAX 4096
#define RS_KUBE_LINE_MAX ((size_t)256 << 10) /* bytes of one line of the program */
#define RS_KUBE_ASK_NS   1000000000ull       /* rs_kube_ask() reaches it no more often */

enum rs_kube_source {
	RS_KUBE_NONE,
	RS_KUBE_KUBELET, /* GET /pods, again and again */
	RS_KUBE_API,     /* list and watch, resumed where it broke off */
};

struct rs_kube_options {
	enum rs_kube_source source;
	const char *
		url; /* NULL: https://127.0.0.1:10250 (kubelet), or the service of the cluster (api) */
	const char *token; /* file; NULL: the service account's usual place */
	const char *ca;    /* file; NULL: the same */
	const char *node;  /* NULL: $NODE_NAME, else the host's name */
	const char *
		program; /* NULL: ringside-kube beside our own executable, or in ../libexec/ringside */
	bool insecure; /* the kubelet's certificate is not checked: it is often self-signed */
};

struct rs_kube;

struct rs_kube_container {
	const char *id;           /* whole, without the runtime's name before it */
	const char *name, *image; /* may be NULL */
};

struct rs_kube_pod {
	/* id NULL; pod_name, pod_uid, namespace, node, pod_ip, owner_*, labels as far as they are there */
	struct rs_event_container pod;
	const struct rs_kube_container
		*containers; /* also those that ended and were started again */
	size_t n_containers;
};

struct rs_kube_stats {
	size_t pods;
	uint64_t updates, restarts; /* changes of the list; starts after the first */
	uint64_t refused;           /* lines that made no sense, pods beyond the caps */
	bool synced;                /* the list is whole */
	char problem[256];          /* the last one, "" when all is well */
};

/* Starts the program and reads it in the loop. -ENOENT: there is no such program. To be called in the
 * thread that lives as long as the process: the program ends with the thread that started it. */
int rs_kube_new(const struct rs_kube_options *options, struct rs_loop *loop,
		struct rs_kube **ret_kube, struct rs_error *err);
void rs_kube_free(struct rs_kube **kube);

/* Called after the list changed, once for many changes; what it returns goes to the loop. NULL: nobody. */
void rs_kube_set_news(struct rs_kube *kube, int (*fn)(void *data), void *data);

/* A container is there that the list does not know: fetch it anew (kubelet only; the API server tells of
 * changes by itself). As often as wanted: it is passed on at most once in RS_KUBE_ASK_NS. */
void rs_kube_ask(struct rs_kube *kube);

/* By uid, or by the id of one of its containers; NULL: not listed. Borrowed until the next turn of the
 * loop. For a pod that the kubelet read from a file both uids do: its own, which control groups
 * have, and that of its mirror at the API server, which is what pod_uid is when that was asked. */
const struct rs_kube_pod *rs_kube_find(const struct rs_kube *kube, const char *pod_uid);
const struct rs_kube_pod *rs_kube_find_container(const struct rs_kube *kube, const char *id);

/* Grows with every change of the list. */
uint64_t rs_kube_version(const struct rs_kube *kube);
void rs_kube_stats(const struct rs_kube *kube, struct rs_kube_stats *ret_stats);
