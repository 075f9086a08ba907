/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/tasks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "base/util.h"
#include "kern/sensors-impl.h"

#define WALKS    4   /* at most */
#define ROOM_MIN 512 /* rows: what may come up until they are filled, or what /proc hides of it */

/* A link of /proc for each process of the system (proc_root_getattr() in the kernel's
 * fs/proc/root.c), and a few more. */
uint32_t rs_tasks_room(void)
{
	struct stat st;
	uint64_t n = stat("/proc", &st) < 0 ? 0 : st.st_nlink;

	return (uint32_t)MIN(n + n / 4 + ROOM_MIN, (uint64_t)RS_TASKS_MAX);
}

static int walk(struct rs_sensors *sensors, int fd, struct rs_error *err)
{
	struct rs_tasks_walk *walk = &sensors->bpf->bss->rs_tasks_walk;

	for (int i = 0; i < WALKS; i++) {
		DECLARE_LIBBPF_OPTS(bpf_test_run_opts, opts);
		int r;

		memset(walk, 0, sizeof(*walk));
		r = bpf_prog_test_run_opts(fd, &opts);
		walk->at = walk->first = 0;
		if (r < 0)
			return rs_error_set_errno(err, r, "running the program that lists tasks");
		if (walk->end == RS_TASKS_COMPLETE)
			return 0;
	}
	return rs_error_set(err, -EAGAIN, "the kernel's list of tasks has no end");
}

static int copy_rows(struct rs_sensors *sensors, struct rs_task **ret_tasks, size_t *ret_n,
		     struct rs_error *err)
{
	const struct bpf_map *map = sensors->bpf->maps.rs_tasks;
	size_t n = MIN(sensors->bpf->bss->rs_tasks_walk.found, bpf_map__max_entries(map));
	size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes;
	struct rs_task *tasks = calloc(MAX(n, 1u), sizeof(*tasks));
	void *rows;

	if (!tasks)
		return rs_error_set(err, -ENOMEM, "out of memory");
	bytes = (bpf_map__max_entries(map) * sizeof(*tasks) + page - 1) & ~(page - 1);
	rows = mmap(NULL, bytes, PROT_READ, MAP_SHARED, bpf_map__fd(map), 0);
	if (rows == MAP_FAILED) {
		int r = -errno;

		free(tasks);
		return rs_error_set_errno(err, r, "mapping the list of tasks");
	}
	memcpy(tasks, rows, n * sizeof(*tasks));
	munmap(rows, bytes);
	for (size_t i = 0; i < n; i++)
		tasks[i].comm[sizeof(tasks[i].comm) - 1] = '\0';
	*ret_tasks = tasks;
	*ret_n = n;
	return 0;
}

int rs_tasks_read(struct rs_sensors *sensors, struct rs_task **ret_tasks, size_t *ret_n,
		  struct rs_error *err)
{
	struct bpf_program *program = sensors->bpf->progs.rs_list_tasks;
	int fd = bpf_program__fd(program), r;

	if (fd < 0)
		return rs_error_set(err, -EOPNOTSUPP, "the program that lists tasks is not loaded");
	r = walk(sensors, fd, err);
	if (!r)
		r = copy_rows(sensors, ret_tasks, ret_n, err);
	bpf_program__unload(program);
	return r;
}
