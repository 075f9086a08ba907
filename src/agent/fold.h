/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The aggregated form: a process that starts and ends within RS_FOLD_NS is one event. Its fork and exec
 * are held back until its exit comes, and go out with it as one; those of a process that lives longer go
 * out by themselves, late by that time. Events of other kinds are not held.
 *
 * What is held is a copy of the event with all that was known of it then.
 */

#include "base/error.h"
#include "event/event.h"

#define RS_FOLD_NS  1000000000ull
#define RS_FOLD_MAX 4096 /* processes held; then the oldest goes out early */

struct rs_fold;

/*
 * Shows one event; event->end is set where it stands for a whole life. @kinds: what it stands for, a bit
 * per enum rs_kind, one event each. Not 0 is passed on to the caller.
 */
typedef int rs_fold_fn(void *data, struct rs_event *event, uint64_t kinds);

int rs_fold_new(rs_fold_fn *show, void *data, struct rs_fold **ret_fold, struct rs_error *err);
void rs_fold_free(struct rs_fold **fold); /* forgets what is held */

/* Shows the event, now or later. Returns what showing returned. */
int rs_fold_take(struct rs_fold *fold, struct rs_event *event);

/* Shows one process that has been held long enough at @now (CLOCK_BOOTTIME ns; UINT64_MAX: any). 1: one was
 * shown, 0: there is none; or what showing returned. */
int rs_fold_expire(struct rs_fold *fold, uint64_t now);

/* When the oldest is due, CLOCK_BOOTTIME ns; 0: nothing is held. */
uint64_t rs_fold_due(const struct rs_fold *fold);

/* Adds the events that are held, by kind. */
void rs_fold_held(const struct rs_fold *fold, uint64_t held[static RS_KIND_MAX]);
