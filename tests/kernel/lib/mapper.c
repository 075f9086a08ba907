/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel/lib/mapper.h"

#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <linux/kdev_t.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define CONTROL "/dev/mapper/control"
#define SECTOR  512

struct order {
	struct dm_ioctl head;
	struct dm_target_spec target;
	char parameters[128];
};

static void begin(struct order *order, const struct mapper *mapper)
{
	memset(order, 0, sizeof(*order));
	order->head.version[0] = DM_VERSION_MAJOR;
	order->head.data_size = sizeof(*order);
	order->head.data_start = sizeof(order->head);
	strcpy(order->head.name, mapper->name);
}

static void load_table(struct scene *scene, struct mapper *mapper, const char *disk,
		       unsigned long long bytes, unsigned ms)
{
	struct order order;

	begin(&order, mapper);
	order.head.target_count = 1;
	order.target.length = bytes / SECTOR;
	strcpy(order.target.target_type, "delay");
	snprintf(order.parameters, sizeof(order.parameters), "%s 0 %u", disk, ms);
	if (ioctl(mapper->control, DM_TABLE_LOAD, &order) < 0) {
		mapper_remove(mapper);
		scene_skip(scene, "the device mapper's target \"delay\": %m");
	}
	begin(&order, mapper); /* no flag: resume */
	must(ioctl(mapper->control, DM_DEV_SUSPEND, &order));
}

void mapper_delay(struct scene *scene, const char *disk, unsigned long long bytes, unsigned ms,
		  struct mapper *ret_mapper)
{
	struct mapper *m = ret_mapper;
	struct order order;

	m->control = open(CONTROL, O_RDWR | O_CLOEXEC);
	if (m->control < 0)
		scene_skip(scene, CONTROL ": %m");
	snprintf(m->name, sizeof(m->name), "ringside-%d", getpid());
	begin(&order, m);
	must(ioctl(m->control, DM_DEV_CREATE, &order));
	snprintf(m->path, sizeof(m->path), "/dev/dm-%u",
		 (unsigned)((order.head.dev & 0xff) | (order.head.dev >> 12 & 0xfff00)));
	load_table(scene, m, disk, bytes, ms);
}

void mapper_remove(struct mapper *mapper)
{
	struct order order;

	begin(&order, mapper);
	ioctl(mapper->control, DM_DEV_REMOVE, &order);
	close(mapper->control);
}
