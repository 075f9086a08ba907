/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Slow ones of `ringside latency`, for people and as JSON: what it was, where its time went, what it waited for and where. */

#include "base/json.h"
#include "calls/latency.h"

struct rs_outliers;

/* @latency is borrowed, to outlive this. */
int rs_outliers_new(struct rs_latency *latency, struct rs_outliers **ret_outliers,
		    struct rs_error *err);
void rs_outliers_free(struct rs_outliers **outliers);

/* Tables for stacks without frame pointers: of a process that will be measured, and of those that turn up (readable: tick). */
void rs_outliers_prepare(struct rs_outliers *outliers, uint32_t pid);
int rs_outliers_fd(const struct rs_outliers *outliers); /* -1: nothing to wait for */
void rs_outliers_tick(struct rs_outliers *outliers);

/* To be called while its process still lives, if possible. All append. */

/* A block of lines. */
void rs_outlier_text(struct rs_outliers *outliers, const struct rs_latency_outlier *o, bool color,
		     struct rs_str *out);
/* The first of them, without its end. */
void rs_outlier_line(struct rs_outliers *outliers, const struct rs_latency_outlier *o, bool color,
		     struct rs_str *out);
/* An object. */
void rs_outlier_json(struct rs_outliers *outliers, const struct rs_latency_outlier *o,
		     struct rs_json *w);
