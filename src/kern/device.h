/* SPDX-License-Identifier: Apache-2.0 */
/* Names of devices and file systems by their number, as the kernel has it: major << 20 | minor. */
#pragma once

#include <stdint.h>

#include "base/str.h"

/*
 * Appends what people call it: "sda1"; "dm-0 (data)" with the name that the device mapper knows; for file systems without a
 * device of their own what is mounted: "fuse /mnt". @pid: whose mounts are looked at first; 0: ours. "8:1" where nothing is
 * known.
 */
void rs_device_format(uint32_t dev, uint32_t pid, struct rs_str *out);

/* The type of the file system with that number, "ext4"; false: it is mounted neither there nor here. */
bool rs_device_filesystem(uint32_t dev, uint32_t pid, char *buf, size_t size);
