/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The pods that ringside-kube told of: reads its lines, keeps what they say. No system calls. */

#include "enrich/kube.h"

#define RS_KUBE_BYTES_MAX      ((size_t)32 << 20) /* memory of all pods together */
#define RS_KUBE_CONTAINERS_MAX 32768              /* found by their ids */

struct rs_kube_pods;

int rs_kube_pods_new(struct rs_kube_pods **ret_pods, struct rs_error *err);
void rs_kube_pods_free(struct rs_kube_pods **pods);

/* One line, without its end. 0, or -EBADMSG: it makes no sense; -ENOSPC: beyond a cap; -ENOMEM. What fails is
 * counted and changes nothing. */
int rs_kube_pods_line(struct rs_kube_pods *pods, const char *line, size_t n);

/* A line that was not even read to its end. */
void rs_kube_pods_refuse(struct rs_kube_pods *pods);

/* The program ended: the list may be out of date. @problem is kept unless it told one itself. */
void rs_kube_pods_lost(struct rs_kube_pods *pods, const char *problem);

const struct rs_kube_pod *rs_kube_pods_find(const struct rs_kube_pods *pods, const char *uid);
const struct rs_kube_pod *rs_kube_pods_find_container(const struct rs_kube_pods *pods,
						      const char *id);
uint64_t rs_kube_pods_version(const struct rs_kube_pods *pods);
void rs_kube_pods_stats(const struct rs_kube_pods *pods, struct rs_kube_stats *ret_stats);
