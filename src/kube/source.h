/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Where pods are learnt from: the kubelet of this node, which is asked again and again (kubelet.c), or
 * the API server, which tells of changes (api.c). Both run until the parent is gone, or, with once, until
 * the first whole list.
 */

#include "kube/feed.h"
#include "kube/https.h"
#include "kube/parent.h"

#define RS_SOURCE_LIST_MAX  ((uint64_t)64 << 20) /* bytes of one answer, decompressed */
#define RS_SOURCE_PIECE_MAX ((size_t)4 << 20)    /* bytes of one pod */
#define RS_SOURCE_AGAIN_NS  1000000000ull        /* the kubelet is not asked more often */

struct rs_source {
	struct rs_https *https;
	struct rs_feed *feed;
	struct rs_parent *parent;
	const char *url;   /* for messages */
	const char *node;  /* api: whose pods */
	uint64_t interval; /* kubelet: ns between lists */
	uint64_t patience; /* as rs_https_options has it */
	bool api;
	bool once;
	unsigned failures; /* since something last went well */
};

/* 0: the parent is gone, or once succeeded. Negative: once failed; or we cannot write. */
int rs_source_kubelet(struct rs_source *source);
int rs_source_api(struct rs_source *source);

/* --- what the two share --- */

/* One answer with a list, or a page of one. */
struct rs_list {
	char version[64];       /* metadata.resourceVersion, "" if none */
	char next[4096];        /* metadata.continue: there are more pages; "" if none */
	size_t pods, senseless; /* told on, and left out because they made no sense */
	bool begun;             /* "begin" was told: the first page does, once there is one */
	unsigned status;        /* of HTTP, 0: no answer */
};

/* Gets it and tells its pods on. The caller tells the end. -ESTALE: status 410. */
int rs_list_get(struct rs_source *source, const char *path, struct rs_list *list,
		struct rs_error *err);

/* Turns an answer that is not 200 into an error that says what is missing. */
int rs_source_refusal(const struct rs_source *source, const struct rs_https_answer *answer,
		      struct rs_error *err);

/* Tells the agent what went wrong. */
int rs_source_complain(struct rs_source *source, const struct rs_error *err);

/* Waits, longer after each failure: about 1, 2, 4, ... 60 seconds, by chance up to half of it less, so
 * that not all nodes come back at the same moment. */
int rs_source_back_off(struct rs_source *source);
