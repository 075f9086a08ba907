/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel/lib/disk.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/swap.h>
#include <unistd.h>

#include "tests/kernel/lib/sys.h"

#define BLOCK      4096
#define TRIES      16 /* somebody else may take the device that was free */
#define SWAP_BYTES (64 << 20)
#define SWAP_LIMIT (8 << 20)

/* A loop device that is nobody's, over the file; -1. */
static int take_device(struct scene *scene, int control, int file, struct disk *disk)
{
	struct loop_info64 info = { .lo_flags = LO_FLAGS_AUTOCLEAR };
	int number = ioctl(control, LOOP_CTL_GET_FREE);
	int fd;

	if (number < 0)
		scene_skip(scene, "a free loop device: %m");
	snprintf(disk->path, sizeof(disk->path), "/dev/loop%d", number);
	fd = open(disk->path, O_RDWR | O_CLOEXEC);
	if (fd >= 0 && !ioctl(fd, LOOP_SET_FD, file)) {
		must(ioctl(fd, LOOP_SET_STATUS64, &info));
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

void disk_make(struct scene *scene, struct disk *ret_disk, size_t bytes, int flags)
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), file, first = -1;

	if (control < 0)
		scene_skip(scene, "/dev/loop-control: %m");
	file = must(open(in_dir(scene, "disk"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
	must(ftruncate(file, (off_t)bytes));
	for (int i = 0; i < TRIES && first < 0; i++)
		first = take_device(scene, control, file, ret_disk);
	if (first < 0)
		scene_skip(scene, "no loop device can be had: %m");
	ret_disk->fd = must(open(ret_disk->path, flags | O_CLOEXEC));
	close(first);
	close(file);
	close(control);
}

void disk_use(struct scene *scene)
{
	static _Alignas(BLOCK) char block[BLOCK];
	struct disk disk;

	disk_make(scene, &disk, 1 << 20, O_RDWR | O_DIRECT);
	for (int i = 0; i < 8; i++) {
		must(pwrite(disk.fd, block, BLOCK, i * BLOCK));
		must(pread(disk.fd, block, BLOCK, i * BLOCK));
	}
	close(disk.fd);
}

void disk_sync(struct scene *scene)
{
	char block[BLOCK] = { 1 };
	struct disk disk;

	disk_make(scene, &disk, 1 << 20, O_RDWR);
	for (int i = 0; i < 64; i++)
		must(pwrite(disk.fd, block, BLOCK, i * BLOCK));
	sync();
	close(disk.fd);
}

/* What mkswap(8) writes: version 1, the last page, the magic at the end of the first page. All pages are written,
 * so that the memory of a file that is in memory is there, and not a matter of who swaps. */
static void write_swap_header(struct scene *scene, int fd)
{
	uint32_t page[BLOCK / 4] = { 0 };

	for (int i = 1; i < SWAP_BYTES / BLOCK; i++)
		must(pwrite(fd, page, BLOCK, (off_t)i * BLOCK));
	page[256] = 1;
	page[257] = SWAP_BYTES / BLOCK - 1;
	memcpy((char *)page + BLOCK - 10, "SWAPSPACE2", 10);
	must(pwrite(fd, page, BLOCK, 0));
	must(fsync(fd));
}

static char swap_dir[512];

/* More memory than its cgroup may have. */
static void walk_memory(struct scene *scene)
{
	const size_t bytes = 3 * SWAP_LIMIT;
	volatile char *pages;

	if (!cgroup_move(swap_dir, 0))
		scene_fail(scene, "entering \"%s\": %m", swap_dir);
	pages = must_map(scene, bytes);
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < bytes; i += BLOCK)
			pages[i]++;
}

void disk_swap(struct scene *scene)
{
	char path[600], text[32];
	struct disk disk;
	int status;

	if (!cgroup_make(NULL, "swap", swap_dir, sizeof(swap_dir)))
		scene_skip(scene, "no cgroup v2 can be made: %m");
	disk_make(scene, &disk, SWAP_BYTES, O_RDWR);
	write_swap_header(scene, disk.fd);
	snprintf(path, sizeof(path), "%s/memory.max", swap_dir);
	if (access(path, W_OK) || swapon(disk.path, 0)) {
		cgroup_remove(swap_dir);
		scene_skip(scene, "no swap for a cgroup");
	}
	snprintf(text, sizeof(text), "%d", SWAP_LIMIT);
	write_file(scene, path, text);
	status = in_child(scene, "swapped", walk_memory);
	must(swapoff(disk.path));
	cgroup_remove(swap_dir);
	close(disk.fd);
	if (status)
		scene_fail(scene, "a process that swaps ended with status %d", status);
}
