/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/stacks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <bpf/bpf.h>

#include "base/util.h"
#include "kern/tool.h"
#include "profile/unwind.h"

struct rs_stacks {
	struct rs_symbols *symbols;
	struct rs_unwind *unwind; /* NULL: frame pointers only */
	int map;                  /* rs_stacks */
	struct bpf_map *fails;    /* rs_stack_fails */
	struct rs_stack stack;
};

int rs_stacks_new(struct bpf_object *object, const struct rs_stacks_options *options,
		  struct rs_stacks **ret_stacks, struct rs_error *err)
{
	_cleanup_(rs_stacks_free) struct rs_stacks *stacks = calloc(1, sizeof(*stacks));

	if (!stacks)
		return rs_error_set(err, -ENOMEM, "out of memory");
	stacks->symbols = options->symbols;
	stacks->map = bpf_object__find_map_fd_by_name(object, "rs_stacks");
	stacks->fails = bpf_object__find_map_by_name(object, "rs_stack_fails");
	if (stacks->map < 0 || !stacks->fails)
		return rs_error_set(err, -ENOENT, "the BPF object collects no stacks");
	if (!options->no_unwind && bpf_object__find_map_by_name(object, "rs_unwind_control")) {
		int r = rs_unwind_new(object, options->symbols, &stacks->unwind, err);

		if (r < 0)
			return r;
	}
	*ret_stacks = TAKE_PTR(stacks);
	return 0;
}

void rs_stacks_free(struct rs_stacks **stacks)
{
	struct rs_stacks *s = TAKE_PTR(*stacks);

	if (!s)
		return;
	rs_unwind_free(&s->unwind);
	free(s);
}

void rs_stacks_prepare(struct rs_stacks *stacks, uint32_t pid)
{
	if (stacks->unwind)
		rs_unwind_prepare(stacks->unwind, pid);
}

int rs_stacks_fd(const struct rs_stacks *stacks)
{
	return stacks->unwind ? rs_unwind_fd(stacks->unwind) : -1;
}

void rs_stacks_tick(struct rs_stacks *stacks)
{
	if (stacks->unwind)
		rs_unwind_tick(stacks->unwind);
}

/* ---- frames ---- */

/* Where frames go: innermost first. */
struct sink {
	struct rs_profile *profile;
	uint32_t *frames;
	size_t max, n;
};

static int put(struct sink *sink, const struct rs_frame *frame)
{
	uint32_t number;
	int r;

	if (sink->n >= sink->max)
		return 0;
	r = rs_profile_frame(sink->profile, frame, &number);
	if (r < 0)
		return r;
	sink->frames[sink->n++] = number;
	return 0;
}

static int put_word(struct sink *sink, const char *word)
{
	const struct rs_frame frame = { .function = word, .kind = RS_FRAME_OTHER };

	return put(sink, &frame);
}

/* The stack of this key; false: there is none. */
static bool read_stack(struct rs_stacks *stacks, uint64_t key)
{
	struct rs_stack *stack = &stacks->stack;

	if (bpf_map_lookup_elem(stacks->map, &key, stack))
		return false;
	stack->n = MIN(stack->n, RS_STACK_DEPTH);
	return true;
}

static int put_address(struct rs_stacks *stacks, struct sink *sink, uint32_t pid, bool kernel,
		       size_t at)
{
	struct rs_frame frames[RS_SYMBOLS_FRAMES_MAX];
	uint64_t ip = stacks->stack.ips[at];
	bool caller = at > 0 && !(ip & RS_STACK_IP_EXACT && !kernel);
	size_t n;
	int r = 0;

	if (kernel)
		n = rs_symbols_kernel(stacks->symbols, ip, caller, frames, ARRAY_SIZE(frames));
	else
		n = rs_symbols_user(stacks->symbols, pid, ip & ~RS_STACK_IP_EXACT, caller, frames,
				    ARRAY_SIZE(frames));
	for (size_t i = 0; i < n && !r; i++)
		r = put(sink, &frames[i]);
	return r;
}

static int put_stack(struct rs_stacks *stacks, struct sink *sink, uint32_t pid, uint64_t key,
		     bool kernel)
{
	int r = 0;

	if (!key)
		return 0;
	if (!read_stack(stacks, key))
		return put_word(sink, "[stack lost]");
	for (size_t i = 0; i < stacks->stack.n && !r; i++)
		r = put_address(stacks, sink, pid, kernel, i);
	if (!r && (stacks->stack.flags & RS_STACK_CUT))
		r = put_word(sink, "[more]");
	else if (!r && (stacks->stack.flags & RS_STACK_BROKEN))
		r = put_word(sink, "[broken]");
	return r;
}

int rs_stacks_frames(struct rs_stacks *stacks, struct rs_profile *profile, uint32_t pid,
		     const struct rs_stack_pair *pair, uint32_t *frames, size_t max, size_t *n)
{
	struct sink sink = { .profile = profile, .frames = frames, .max = max, .n = *n };
	int r = put_stack(stacks, &sink, pid, pair->kernel, true);

	if (!r)
		r = put_stack(stacks, &sink, pid, pair->user, false);
	*n = sink.n;
	return r;
}

void rs_stacks_seen(struct rs_stacks *stacks, uint32_t pid, uint64_t user)
{
	uint64_t addresses[RS_STACK_DEPTH];

	if (!user || !read_stack(stacks, user))
		return;
	for (size_t i = 0; i < stacks->stack.n; i++)
		addresses[i] = stacks->stack.ips[i] & ~RS_STACK_IP_EXACT;
	rs_symbols_seen(stacks->symbols, pid, addresses, stacks->stack.n);
}

void rs_stacks_clear(struct rs_stacks *stacks)
{
	uint64_t key;

	while (!bpf_map_get_next_key(stacks->map, NULL, &key))
		if (bpf_map_delete_elem(stacks->map, &key))
			return;
}

/* ---- losses ---- */

static int note(struct rs_profile *profile, uint64_t count, const char *what)
{
	char text[160];

	if (!count)
		return 0;
	snprintf(text, sizeof(text), "%" PRIu64 " %s", count, what);
	return rs_profile_note(profile, text);
}

int rs_stacks_losses(struct rs_stacks *stacks, struct rs_profile *profile)
{
	static const char *const texts[RS_STACK_FAIL_COUNT] = {
		[RS_STACK_FAIL_FULL] = "stacks lost: the map was full",
		[RS_STACK_FAIL_BUSY] = "stacks lost: too many programs interrupted each other",
		[RS_STACK_FAIL_READ] = "stacks lost: the kernel gave none",
		[RS_STACK_FAIL_BROKEN] = "user stacks that end before the outermost frame",
	};
	int r = 0;

	for (uint32_t i = 0; i < RS_STACK_FAIL_COUNT && !r; i++)
		r = note(profile, rs_tool_sum(stacks->fails, i), texts[i]);
	return r || !stacks->unwind ? r : rs_unwind_losses(stacks->unwind, profile);
}
