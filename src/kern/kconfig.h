/* SPDX-License-Identifier: Apache-2.0 */
/* How this kernel was built, to explain why something is missing. Never to decide. */
#pragma once

#include <stddef.h>

#include "base/str.h"

enum rs_kconfig_state {
	RS_KCONFIG_UNKNOWN, /* not mentioned: unknown to this kernel, or something it needs is off */
	RS_KCONFIG_OFF,     /* "is not set" */
	RS_KCONFIG_MODULE,
	RS_KCONFIG_ON, /* also options that have a value */
};

/* Zero-initialise. */
struct rs_kconfig {
	struct rs_str text; /* empty when there was none */
};

/* Reads /proc/config.gz, or /boot/config-RELEASE. 0, -ENOENT when there is neither, -errno. */
int rs_kconfig_load(struct rs_kconfig *config);
void rs_kconfig_done(struct rs_kconfig *config);

/* @option without CONFIG_: "KPROBES". */
enum rs_kconfig_state rs_kconfig_get(const struct rs_kconfig *config, const char *option);
