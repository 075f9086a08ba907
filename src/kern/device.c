/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "kern/mounts.h"

#define MAJOR(dev)      ((dev) >> 20)
#define MINOR(dev)      ((dev)&0xfffff)
#define MOUNTINFO_BYTES ((size_t)8 << 20)

/* The link "/sys/dev/block/8:1" leads to ".../block/sda/sda1". */
static bool block_name(uint32_t dev, char *buf, size_t size)
{
	char link[64], target[512];
	const char *name;
	ssize_t n;
	size_t len;

	snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", MAJOR(dev), MINOR(dev));
	n = readlink(link, target, sizeof(target) - 1);
	if (n <= 0)
		return false;
	target[n] = '\0';
	name = strrchr(target, '/');
	name = name ? name + 1 : target;
	len = MIN(strlen(name), size - 1);
	memcpy(buf, name, len);
	buf[len] = '\0';
	return true;
}

static bool mapper_name(uint32_t dev, char *buf, size_t size)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/dm/name", MAJOR(dev), MINOR(dev));
	n = rs_fd_read_buf_at(AT_FDCWD, path, buf, size);
	if (n <= 0)
		return false;
	buf[strcspn(buf, "\n")] = '\0';
	return *buf;
}

struct search {
	uint32_t dev;
	struct rs_mount *found;
};

static int on_mount(void *arg, const struct rs_mount *mount)
{
	struct search *search = arg;

	if (mount->dev != search->dev)
		return 0;
	*search->found = *mount;
	return 1;
}

static bool find_mount_of(const char *path, struct search *search)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(MOUNTINFO_BYTES);

	return !rs_fd_read_file_at(AT_FDCWD, path, MOUNTINFO_BYTES, &text) &&
	       rs_mounts_parse(text.data, text.len, on_mount, search) == 1;
}

static bool find_mount(uint32_t dev, uint32_t pid, struct rs_mount *ret_mount)
{
	struct search search = { .dev = dev, .found = ret_mount };
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/mountinfo", pid);
	return (pid && find_mount_of(path, &search)) ||
	       find_mount_of("/proc/self/mountinfo", &search);
}

void rs_device_format(uint32_t dev, uint32_t pid, struct rs_str *out)
{
	struct rs_mount mount;
	char name[64], mapper[128];

	if (MAJOR(dev) && block_name(dev, name, sizeof(name))) {
		rs_str_append_cstr(out, name);
		if (mapper_name(dev, mapper, sizeof(mapper)))
			rs_str_appendf(out, " (%s)", mapper);
	} else if (!MAJOR(dev) && find_mount(dev, pid, &mount)) {
		rs_str_appendf(out, "%s %s", mount.type, mount.point);
	} else {
		rs_str_appendf(out, "%u:%u", MAJOR(dev), MINOR(dev));
	}
}

bool rs_device_filesystem(uint32_t dev, uint32_t pid, char *buf, size_t size)
{
	struct rs_mount mount;

	if (!find_mount(dev, pid, &mount))
		return false;
	snprintf(buf, size, "%s", mount.type);
	return true;
}
