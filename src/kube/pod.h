/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A pod as Kubernetes describes it (v1.Pod), and what of it the agent is told. Nothing but names, labels
 * and owner: no environment, no arguments, no annotations. */

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"

#define RS_POD_LABELS_MAX     64
#define RS_POD_CONTAINERS_MAX 128
#define RS_POD_LINE_MAX       ((size_t)256 << 10)

/*
 * Appends one line: {"op":"pod","uid":..,"static_uid":..,"name":..,"namespace":..,"node":..,"ip":..,
 * "labels":{..},"owner":{"kind":..,"name":..},"containers":[{"id":..,"name":..,"image":..},..]}. What the
 * pod has not is left out; containers that have no id yet, too, and labels and containers beyond the
 * caps. static_uid is what the control groups call a pod that the kubelet read from a file, where @pod
 * is its mirror at the API server. -EBADMSG: no pod.
 */
int rs_pod_write(const struct rs_json_value *pod, struct rs_str *out, struct rs_error *err);

/* The pod's uid, or NULL when it has none that could be one. */
const char *rs_pod_uid(const struct rs_json_value *pod);
