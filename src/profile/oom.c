/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/oom.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "kern/ring.h"
#include "kern/tool.h"
#include "rs_tool_oom.skel.h"

#define TASKS_MAX 131072
/* The kernel gives groups memory by batches for each CPU, so that the count is a little behind. */
#define SLACK 256
/* A limit of a group that has none: the kernel rounds the largest number down to pages in its own ways. */
#define NO_LIMIT (1ull << 50)

struct rs_oom {
	struct rs_oom_options options;
	struct rs_tool_oom *tool;
	struct rs_ring *ring;
	struct rs_oom_event event;
	bool open; /* a kill whose end has not come */
	uint64_t torn;
};

static const char *const optional[] = { "rs_oom_called", NULL };

/* --- what is in an event --- */

const struct rs_oom_task *rs_oom_victim(const struct rs_oom_event *event)
{
	rs_vec_foreach(&event->tasks, task) if (task->pid == event->kill.victim) return task;
	return NULL;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

uint64_t rs_oom_pages(const struct rs_oom_task *task)
{
	uint64_t pages = 0;
	const int64_t parts[] = { task->anon, task->file, task->shmem, task->swap };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		pages = sum(pages, parts[i] > 0 ? (uint64_t)parts[i] : 0);
	return pages;
}

const struct rs_oom_group *rs_oom_limit(const struct rs_oom_event *event)
{
	if (event->kill.constraint != RS_OOM_MEMCG && event->kill.constraint != RS_OOM_UNKNOWN)
		return NULL;
	for (uint32_t i = 0; i < event->groups.n; i++) {
		const struct rs_oom_group *group = &event->groups.groups[i];

		if (group->max < NO_LIMIT && sum(group->usage, SLACK) >= group->max)
			return group;
	}
	if (event->kill.constraint == RS_OOM_UNKNOWN)
		return NULL;
	/* It is known to be one: the victim's nearest that has a limit. */
	for (uint32_t i = 0; i < event->groups.n; i++)
		if (event->groups.groups[i].max < NO_LIMIT)
			return &event->groups.groups[i];
	return NULL;
}

static int larger_first(const void *a, const void *b)
{
	const struct rs_oom_task *x = a, *y = b;
	uint64_t m = rs_oom_pages(x), n = rs_oom_pages(y);

	if (m != n)
		return m > n ? -1 : 1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

void rs_oom_sort(struct rs_oom_event *event)
{
	if (event->tasks.len)
		qsort(event->tasks.items, event->tasks.len, sizeof(*event->tasks.items),
		      larger_first);
}

/* --- records --- */

static int finish(struct rs_oom *oom)
{
	oom->open = false;
	return oom->options.fn(oom->options.data, &oom->event);
}

/* A kill whose end was lost is told with what there is of it. */
static int begin(struct rs_oom *oom, const struct rs_oom_kill *kill)
{
	int r = 0;

	if (oom->open) {
		oom->torn++;
		r = finish(oom);
	}
	rs_vec_reset(&oom->event.tasks);
	memset(&oom->event.groups, 0, sizeof(oom->event.groups));
	memset(&oom->event.end, 0, sizeof(oom->event.end));
	oom->event.dropped = 0;
	oom->event.kill = *kill;
	oom->event.kill.trigger_comm[sizeof(kill->trigger_comm) - 1] = 0;
	oom->open = true;
	return r;
}

static void add_task(struct rs_oom *oom, const struct rs_oom_task *task)
{
	struct rs_oom_event *event = &oom->event;
	struct rs_oom_task copy = *task;

	copy.comm[sizeof(copy.comm) - 1] = 0;
	if (event->tasks.len >= TASKS_MAX || rs_vec_push(&event->tasks, copy))
		event->dropped++;
}

int rs_oom_feed(struct rs_oom *oom, const void *record, size_t size)
{
	const struct rs_oom_hdr *hdr = record;

	if (size < sizeof(*hdr))
		return 0;
	if (hdr->type == RS_OOM_KILL && size >= sizeof(struct rs_oom_kill))
		return begin(oom, record);
	if (!oom->open || hdr->number != oom->event.kill.hdr.number)
		return 0;
	if (hdr->type == RS_OOM_GROUPS && size >= sizeof(struct rs_oom_groups)) {
		oom->event.groups = *(const struct rs_oom_groups *)record;
		oom->event.groups.n = MIN(oom->event.groups.n, RS_OOM_LEVELS);
	} else if (hdr->type == RS_OOM_TASK && size >= sizeof(struct rs_oom_task)) {
		add_task(oom, record);
	} else if (hdr->type == RS_OOM_END && size >= sizeof(struct rs_oom_end)) {
		oom->event.end = *(const struct rs_oom_end *)record;
		if (oom->event.end.victim)
			oom->event.kill.victim = oom->event.end.victim;
		return finish(oom);
	}
	return 0;
}

static int on_record(void *data, const void *record, size_t size)
{
	return rs_oom_feed(data, record, size);
}

int rs_oom_pump(struct rs_oom *oom)
{
	size_t n;

	return oom->ring ? rs_ring_consume(oom->ring, on_record, oom, 0, &n) : 0;
}

/* --- made and freed --- */

static int prepare(void *tool, void *data, struct rs_error *err)
{
	const struct rs_oom *oom = data;

	(void)err;
	((struct rs_tool_oom *)tool)->rodata->rs_oom.cgroup_v1 = oom->options.cgroup_v1;
	return 0;
}

int rs_oom_new_detached(const struct rs_oom_options *options, struct rs_oom **ret_oom)
{
	struct rs_oom *oom = calloc(1, sizeof(*oom));

	if (!oom)
		return -ENOMEM;
	oom->options = *options;
	*ret_oom = oom;
	return 0;
}

int rs_oom_new(const struct rs_oom_options *options, struct rs_oom **ret_oom, struct rs_error *err)
{
	_cleanup_(rs_oom_free) struct rs_oom *oom = NULL;
	struct rs_tool_options load = { .prepare = prepare, .optional = optional };
	int r = rs_oom_new_detached(options, &oom);

	if (r)
		return rs_error_set_errno(err, r, "waiting for kills");
	load.data = oom;
	r = rs_tool_load(&rs_tool_oom_type, &load, (void **)&oom->tool, err);
	if (!r)
		r = rs_ring_open(bpf_map__fd(oom->tool->maps.rs_oom_ring), RS_OOM_RING_BYTES, NULL,
				 &oom->ring, err);
	if (!r)
		r = rs_tool_attach(oom->tool, optional, err);
	if (r)
		return r;
	*ret_oom = TAKE_PTR(oom);
	return 0;
}

void rs_oom_free(struct rs_oom **oom)
{
	struct rs_oom *o = TAKE_PTR(*oom);

	if (!o)
		return;
	rs_ring_close(&o->ring);
	rs_tool_close((void **)&o->tool);
	rs_vec_done(&o->event.tasks);
	free(o);
}

void *rs_oom_tool(struct rs_oom *oom)
{
	return oom->tool;
}

int rs_oom_fd(const struct rs_oom *oom)
{
	return oom->ring ? rs_ring_fd(oom->ring) : -1;
}

uint64_t rs_oom_lost(const struct rs_oom *oom)
{
	return oom->torn + (oom->tool ? oom->tool->bss->rs_oom_lost : 0);
}

bool rs_oom_has_reasons(const struct rs_oom *oom)
{
	return oom->tool && rs_tool_has(oom->tool, "rs_oom_called");
}
