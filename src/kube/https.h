/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * GET over HTTPS, one request at a time, by libcurl: certificates checked, no redirects, no proxies, no
 * other protocols, everything limited in time and size. While it waits it also watches the parent.
 */

#include "base/error.h"
#include "base/str.h"
#include "kube/parent.h"

struct rs_https;

struct rs_https_options {
	const char *url;     /* "https://host:port", perhaps with a path; all borrowed */
	const char *token;   /* file, read for each request; NULL: none is sent */
	bool token_optional; /* no such file: none is sent */
	const char *ca;      /* file with the certificates to trust; NULL: the system's */
	bool insecure;       /* no certificate is checked */
	uint64_t patience;   /* ns without a byte after which the server counts as gone */
	struct rs_parent *parent;
};

struct rs_https_request {
	const char *path; /* after the url, with its query */
	uint64_t max;     /* bytes of the whole answer, decompressed; 0: any number */
	uint64_t life;    /* ns the whole answer may take */
	bool quiet;       /* once it has begun, the answer may stand still */
	/* The status is 200: before the first byte. May be NULL. */
	int (*start)(void *data);
	/* Bytes of an answer with status 200. Both: 0, or a negative code that ends the request. */
	int (*body)(void *data, const char *bytes, size_t n, struct rs_error *err);
	void *data;
};

struct rs_https_answer {
	unsigned status;   /* of HTTP */
	bool token;        /* one was sent */
	char message[200]; /* what a Status of Kubernetes says, status not 200; "" if nothing */
};

/* Whether it is an address of the form https://HOST:PORT, with a path perhaps and nothing else. */
int rs_https_check_url(const char *url, struct rs_error *err);

/* The options' url must have been checked. */
int rs_https_new(const struct rs_https_options *options, struct rs_https **ret_https,
		 struct rs_error *err);
void rs_https_free(struct rs_https **https);

/* 0: there is an answer of whatever status, whole. -EPIPE: the parent is gone. Others: no answer, or
 * not the whole of it. */
int rs_https_get(struct rs_https *https, const struct rs_https_request *request,
		 struct rs_https_answer *ret_answer, struct rs_error *err);

/* Appends text as a value of a query. */
int rs_https_escape(struct rs_str *out, const char *text);
