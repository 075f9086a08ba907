/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/fold.h"

#include <errno.h>

#include "base/hashmap.h"
#include "event/copy.h"

#define KEEP_BYTES 2048 /* of a buffer that waits to be used again */

#define BIT(kind) (1ull << RS_KIND_##kind)

struct hold {
	struct rs_event_copy fork, exec;
	uint64_t start;
	uint64_t due;
	uint32_t pid;
	struct hold *older, *newer; /* or, of those that are free, the next in newer */
};

struct rs_fold {
	rs_fold_fn *show;
	void *data;
	struct rs_hashmap *map;
	struct hold *oldest, *newest;
	struct hold *free;
	uint64_t held[2]; /* forks, execs */
};

/* --- holds --- */

static uint64_t key_of(uint32_t pid, uint64_t start)
{
	return start ^ (uint64_t)pid << 42;
}

static struct hold *find(struct rs_fold *fold, const struct rs_hdr *hdr)
{
	struct hold *hold = rs_hashmap_find_u64(fold->map, key_of(hdr->pid, hdr->start));

	return hold && hold->pid == hdr->pid && hold->start == hdr->start ? hold : NULL;
}

static void unlink_hold(struct rs_fold *fold, struct hold *hold)
{
	*(hold->older ? &hold->older->newer : &fold->oldest) = hold->newer;
	*(hold->newer ? &hold->newer->older : &fold->newest) = hold->older;
}

static void release(struct rs_fold *fold, struct hold *hold)
{
	rs_hashmap_remove_u64(fold->map, key_of(hold->pid, hold->start));
	unlink_hold(fold, hold);
	fold->held[0] -= hold->fork.set;
	fold->held[1] -= hold->exec.set;
	rs_event_copy_clear(&hold->fork, KEEP_BYTES);
	rs_event_copy_clear(&hold->exec, KEEP_BYTES);
	hold->newer = fold->free;
	fold->free = hold;
}

static struct hold *add(struct rs_fold *fold, const struct rs_hdr *hdr)
{
	struct hold *hold = fold->free ? fold->free : calloc(1, sizeof(*hold));

	if (!hold)
		return NULL;
	fold->free = hold->newer;
	hold->pid = hdr->pid;
	hold->start = hdr->start;
	hold->due = hdr->time + RS_FOLD_NS;
	hold->newer = NULL;
	hold->older = NULL;
	if (rs_hashmap_put_u64(fold->map, key_of(hold->pid, hold->start), hold) < 0) {
		hold->newer = fold->free;
		fold->free = hold;
		return NULL;
	}
	hold->older = fold->newest;
	*(fold->newest ? &fold->newest->newer : &fold->oldest) = hold;
	fold->newest = hold;
	return hold;
}

static int show_copy(struct rs_fold *fold, struct rs_event_copy *copy, const struct rs_exit *end,
		     uint64_t kinds)
{
	if (!copy->set)
		return 0;
	copy->event.end = end;
	return fold->show(fold->data, &copy->event, kinds);
}

/* Shows what is held as single events, and lets it go. */
static int show_single(struct rs_fold *fold, struct hold *hold)
{
	int r = show_copy(fold, &hold->fork, NULL, BIT(FORK));
	int r_exec = show_copy(fold, &hold->exec, NULL, BIT(EXEC));

	release(fold, hold);
	return r ? r : r_exec;
}

static int show_whole(struct rs_fold *fold, struct hold *hold, const struct rs_exit *end)
{
	uint64_t kinds = BIT(EXIT) | (hold->fork.set ? BIT(FORK) : 0) |
			 (hold->exec.set ? BIT(EXEC) : 0);
	int r = show_copy(fold, hold->exec.set ? &hold->exec : &hold->fork, end, kinds);

	release(fold, hold);
	return r;
}

/* --- events --- */

static int show_now(struct rs_fold *fold, struct rs_event *event)
{
	return fold->show(fold->data, event, 1ull << event->hdr->kind);
}

static int on_fork(struct rs_fold *fold, struct rs_event *event)
{
	struct hold *hold = find(fold, event->hdr) ? NULL : add(fold, event->hdr);

	if (!hold)
		return show_now(fold, event);
	if (rs_event_copy_set(&hold->fork, event) < 0) {
		release(fold, hold);
		return show_now(fold, event);
	}
	fold->held[0]++;
	return 0;
}

/* A process may run one program after the other: only the last of them ends. */
static int on_exec(struct rs_fold *fold, struct rs_event *event)
{
	struct hold *hold = find(fold, event->hdr);
	int r = 0;

	if (hold && hold->exec.set) {
		r = show_single(fold, hold);
		hold = NULL;
	}
	if (!hold)
		hold = add(fold, event->hdr);
	if (r || !hold)
		return r ? r : show_now(fold, event);
	if (rs_event_copy_set(&hold->exec, event) < 0) {
		r = show_single(fold, hold);
		return r ? r : show_now(fold, event);
	}
	fold->held[1]++;
	return 0;
}

static int on_end(struct rs_fold *fold, struct rs_event *event)
{
	struct hold *hold = find(fold, event->hdr);
	int r;

	if (!hold)
		return show_now(fold, event);
	if (event->exit->wall < RS_FOLD_NS)
		return show_whole(fold, hold, event->exit);
	r = show_single(fold, hold);
	return r ? r : show_now(fold, event);
}

int rs_fold_take(struct rs_fold *fold, struct rs_event *event)
{
	int r = 0;

	if (rs_hashmap_len(fold->map) >= RS_FOLD_MAX && fold->oldest)
		r = show_single(fold, fold->oldest);
	if (r)
		return r;
	switch ((enum rs_kind)event->hdr->kind) {
	case RS_KIND_FORK:
		return on_fork(fold, event);
	case RS_KIND_EXEC:
		return on_exec(fold, event);
	case RS_KIND_EXIT:
		return on_end(fold, event);
	default:
		return show_now(fold, event);
	}
}

int rs_fold_expire(struct rs_fold *fold, uint64_t now)
{
	int r;

	if (!fold->oldest || fold->oldest->due > now)
		return 0;
	r = show_single(fold, fold->oldest);
	return r ? r : 1;
}

uint64_t rs_fold_due(const struct rs_fold *fold)
{
	return fold->oldest ? fold->oldest->due : 0;
}

void rs_fold_held(const struct rs_fold *fold, uint64_t held[static RS_KIND_MAX])
{
	held[RS_KIND_FORK] += fold->held[0];
	held[RS_KIND_EXEC] += fold->held[1];
}

/* --- life --- */

int rs_fold_new(rs_fold_fn *show, void *data, struct rs_fold **ret_fold, struct rs_error *err)
{
	_cleanup_(rs_fold_free) struct rs_fold *fold = calloc(1, sizeof(*fold));
	struct rs_hashmap_opts options = { .max = RS_FOLD_MAX };

	if (!fold || rs_hashmap_new_u64(&options, &fold->map) < 0)
		return rs_error_set_errno(err, -ENOMEM, "making the view ready");
	fold->show = show;
	fold->data = data;
	*ret_fold = TAKE_PTR(fold);
	return 0;
}

static void free_list(struct hold *hold)
{
	while (hold) {
		struct hold *next = hold->newer;

		rs_event_copy_clear(&hold->fork, 0);
		rs_event_copy_clear(&hold->exec, 0);
		free(hold);
		hold = next;
	}
}

void rs_fold_free(struct rs_fold **fold)
{
	if (!*fold)
		return;
	free_list((*fold)->oldest);
	free_list((*fold)->free);
	rs_hashmap_free(&(*fold)->map);
	free(*fold);
	*fold = NULL;
}
