/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel/lib/disk.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <unistd.h>

#define BLOCK       4096
#define TRIES       16 /* somebody else may take the device that was free */
#define SWAP_BYTES  (16 << 20)
#define SWAP_ROUNDS 20

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21 /* Linux 5.4 */
#endif

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

/* What mkswap(8) writes: version 1, the last page, the magic at the end of the first page. */
static void write_swap_header(struct scene *scene, int fd)
{
	uint32_t page[BLOCK / 4] = { 0 };

	page[256] = 1;
	page[257] = SWAP_BYTES / BLOCK - 1;
	memcpy((char *)page + BLOCK - 10, "SWAPSPACE2", 10);
	must(pwrite(fd, page, BLOCK, 0));
	must(fsync(fd));
}

void disk_swap(struct scene *scene)
{
	const size_t bytes = SWAP_BYTES / 4;
	volatile char *pages;
	struct disk disk;

	disk_make(scene, &disk, SWAP_BYTES, O_RDWR);
	write_swap_header(scene, disk.fd);
	if (swapon(disk.path, 0))
		scene_skip(scene, "swapon: %m");
	pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED)
		scene_fail(scene, "mmap: %m");
	/* The first call only starts the writing; pages leave once they are written. */
	for (int round = 0; round < SWAP_ROUNDS; round++) {
		for (size_t i = 0; i < bytes; i += BLOCK)
			pages[i]++;
		for (int i = 0; i < 4; i++) {
			must(madvise((void *)pages, bytes, MADV_PAGEOUT));
			must(fsync(disk.fd));
		}
	}
	munmap((void *)pages, bytes);
	must(swapoff(disk.path));
	close(disk.fd);
}
