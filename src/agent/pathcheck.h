/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The path filter's last word. In the kernel a path that is only known as the process gave it
 * ("../x", relative to a directory) cannot be compared with a prefix and passes; here it has been
 * made absolute.
 */

#include "base/opt.h"
#include "event/event.h"

/*
 * Whether an event concerns one of the paths or something below one: absolute, without final slash
 * ("/" is everything). True for events without any path, which the kernel has judged, and for
 * those of which only a part of the path is known. buf is scratch.
 */
bool rs_pathcheck_event(const struct rs_opt_list *paths, const struct rs_event *event,
			char buf[static RS_EVENT_PATH_MAX]);

/* Whether a path is one of paths or below one. */
bool rs_pathcheck_path(const struct rs_opt_list *paths, const char *path, size_t len);
