/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/collect.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/util.h"
#include "base/vec.h"
#include "kern/ring.h"
#include "kern/tool.h"

#define AT_ONCE 32768u /* stacks, a kilobyte each */
#define BY_MAX  8
#define EXTRA   (RS_COLLECT_BY_COUNT + 4) /* frames around the stacks */
#define OURS_WITHIN                                                                                \
	12 /* the kernel's frames of running our own program are among so many innermost ones */

struct rs_collect {
	struct rs_collect_options options;
	enum rs_collect_by by[BY_MAX];
	struct rs_ring *notes;
	int samples_map;
	struct bpf_map *counts;
	uint32_t frames[2 * RS_STACKS_FRAMES_MAX + EXTRA];
	uint32_t waker[RS_STACKS_FRAMES_MAX + EXTRA];
	const char *functions[RS_STACKS_FRAMES_MAX];
};

void rs_collect_prepare(struct bpf_object *object, uint32_t max_stacks)
{
	struct bpf_map *stacks = bpf_object__find_map_by_name(object, "rs_stacks");
	struct bpf_map *samples = bpf_object__find_map_by_name(object, "rs_samples");

	bpf_map__set_max_entries(stacks, max_stacks);
	bpf_map__set_max_entries(samples, 2 * max_stacks);
	if (max_stacks > AT_ONCE)
		return;
	bpf_map__set_map_flags(stacks, 0);
	bpf_map__set_map_flags(samples, 0);
}

static int find_map(void *tool, const char *name)
{
	return bpf_object__find_map_fd_by_name(((struct rs_tool *)tool)->obj, name);
}

int rs_collect_new(void *tool, const struct rs_collect_options *options,
		   struct rs_collect **ret_collect, struct rs_error *err)
{
	_cleanup_(rs_collect_free) struct rs_collect *collect = calloc(1, sizeof(*collect));
	int r;

	if (!collect)
		return rs_error_set(err, -ENOMEM, "out of memory");
	if (options->n_by > BY_MAX)
		return rs_error_set(err, -EINVAL, "more than %d levels", BY_MAX);
	collect->options = *options;
	memcpy(collect->by, options->by, options->n_by * sizeof(*options->by));
	collect->options.by = collect->by;
	collect->samples_map = find_map(tool, "rs_samples");
	collect->counts = bpf_object__find_map_by_name(((struct rs_tool *)tool)->obj,
						       "rs_sample_counts");
	if (collect->samples_map < 0 || !collect->counts)
		return rs_error_set(err, -ENOENT, "the BPF object counts no samples");
	r = rs_ring_open(find_map(tool, "rs_sample_notes"), RS_SAMPLE_NOTES_BYTES, NULL,
			 &collect->notes, err);
	if (r < 0)
		return r;
	*ret_collect = TAKE_PTR(collect);
	return 0;
}

void rs_collect_free(struct rs_collect **collect)
{
	struct rs_collect *c = TAKE_PTR(*collect);

	if (!c)
		return;
	rs_ring_close(&c->notes);
	free(c);
}

/* --- while it runs --- */

static int on_note(void *arg, const void *record, size_t size)
{
	struct rs_collect *collect = arg;
	const struct rs_sample_note *note = record;

	if (size >= sizeof(*note))
		rs_stacks_seen(collect->options.stacks, note->tgid, note->user);
	return 0;
}

int rs_collect_fd(const struct rs_collect *collect)
{
	return rs_ring_fd(collect->notes);
}

void rs_collect_tick(struct rs_collect *collect)
{
	size_t n;

	rs_ring_consume(collect->notes, on_note, collect, 0, &n);
}

uint64_t rs_collect_count(struct rs_collect *collect, enum rs_sample_count what)
{
	return rs_tool_sum(collect->counts, what);
}

/* --- frames --- */

/* Frames under construction, the innermost first. */
struct stack {
	struct rs_profile *profile;
	uint32_t *frames;
	size_t max, n;
};

static int push_word(struct stack *stack, const char *word, enum rs_frame_kind kind)
{
	const struct rs_frame frame = { .function = word, .kind = kind };
	uint32_t number;
	int r;

	if (stack->n >= stack->max)
		return 0;
	r = rs_profile_frame(stack->profile, &frame, &number);
	if (r < 0)
		return r;
	stack->frames[stack->n++] = number;
	return 0;
}

static const struct rs_frame *frame_at(const struct stack *stack, size_t i)
{
	return rs_profile_frame_at(stack->profile, stack->frames[i]);
}

static bool is_kernel(const struct rs_frame *frame)
{
	return frame->kind == RS_FRAME_KERNEL || frame->kind == RS_FRAME_MODULE;
}

static void remove_frames(struct stack *stack, size_t from, size_t to)
{
	memmove(stack->frames + from, stack->frames + to, (stack->n - to) * sizeof(*stack->frames));
	stack->n -= to - from;
}

static bool has_prefix(const char *text, const char *const *prefixes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strncmp(text, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

/* How the kernel comes from the place that is probed to our program. */
static bool is_ours(const char *function)
{
	static const char *const prefixes[] = {
		"bpf_prog_",      "__bpf_prog_",     "bpf_trace_run",     "__bpf_trace_",
		"bpf_trampoline", "__traceiter_",    "perf_trace_",       "trace_call_bpf",
		"perf_call_bpf_", "perf_syscall_",   "trace_event_raw_",  "bpf_get_stack",
		"kprobe_perf_",   "kprobe_dispatch", "kretprobe_perf_",   "kprobe_ftrace_",
		"kprobe_int3_",   "kprobe_multi_",   "kprobe_trampoline", "bpf_raw_tp_",
		"bpf_overflow_",  "bpf_get_perf_",   "__perf_event_over", "bpf_callchain",
	};

	return has_prefix(function, prefixes, ARRAY_SIZE(prefixes));
}

/* The ways into the scheduler, which say nothing. */
static bool is_scheduler(const char *function)
{
	static const char *const prefixes[] = { "__schedule",       "schedule",
						"preempt_schedule", "io_schedule",
						"__cond_resched",   "dynamic_cond_resched",
						"__traceiter_sched" };

	return has_prefix(function, prefixes, ARRAY_SIZE(prefixes));
}

/* io_schedule() is what tells that a disk is waited for: so this comes after the reason was found. */
static void remove_scheduler(struct stack *stack, size_t from)
{
	size_t last = from;

	while (last + 1 < stack->n && is_kernel(frame_at(stack, last)) &&
	       is_scheduler(frame_at(stack, last)->function))
		last++;
	/* Not all of it: a kernel thread may have nothing else. */
	if (last < stack->n && !is_kernel(frame_at(stack, last)) && last > from)
		last--;
	remove_frames(stack, from, last);
}

static void remove_ours(struct stack *stack, size_t from)
{
	size_t end = MIN(stack->n, from + OURS_WITHIN), last = from;

	for (size_t i = from; i < end; i++) {
		const struct rs_frame *frame = frame_at(stack, i);

		if (is_kernel(frame) && is_ours(frame->function))
			last = i + 1;
	}
	remove_frames(stack, from, last);
}

static int push_stacks(struct rs_collect *collect, struct stack *stack, uint32_t tgid,
		       const struct rs_stack_pair *pair)
{
	size_t before = stack->n;
	size_t max = MIN(stack->max - before, (size_t)RS_STACKS_FRAMES_MAX) + before;
	int r = rs_stacks_frames(collect->options.stacks, stack->profile, tgid, pair, stack->frames,
				 max, &stack->n);

	if (!r)
		remove_ours(stack, before);
	return r;
}

/* An interrupt runs in whatever process it meets: that has nothing to do with it. */
static size_t interrupt_at(const struct stack *stack)
{
	static const char *const entries[] = {
		"asm_sysvec_", "asm_common_interrupt", "common_interrupt", "el1h_64_irq",
		"el0t_64_irq", "el1_interrupt",        "el0_interrupt",    "asm_call_irq",
		"asm_exc_nmi", "handle_softirqs",      "__do_softirq",
	};

	for (size_t i = stack->n; i-- > 0;) {
		const struct rs_frame *frame = frame_at(stack, i);

		if (is_kernel(frame) && has_prefix(frame->function, entries, ARRAY_SIZE(entries)))
			return i;
	}
	return SIZE_MAX;
}

/* Turned over and put upon the stack of who was woken: the woken's innermost frame meets the waker's. */
static int push_waker(struct rs_collect *collect, struct stack *stack,
		      const struct rs_sample_key *key, const char **ret_name)
{
	struct stack waker = { stack->profile, collect->waker, ARRAY_SIZE(collect->waker) - 1, 0 };
	char name[sizeof(key->waker_process) + 1] = "";
	size_t interrupt;
	int r = push_stacks(collect, &waker, key->waker_tgid, &key->waker);

	memcpy(name, key->waker_process, sizeof(key->waker_process));
	interrupt = interrupt_at(&waker);
	if (interrupt != SIZE_MAX || !key->waker_tgid) {
		waker.n = interrupt != SIZE_MAX ? interrupt + 1 : waker.n;
		snprintf(name, sizeof(name), "[interrupt]");
	}
	if (!r)
		r = push_word(&waker, name, RS_FRAME_PROCESS);
	if (r)
		return r;
	*ret_name = frame_at(&waker, waker.n - 1)->function;
	while (waker.n)
		stack->frames[stack->n++] = waker.frames[--waker.n];
	return push_word(stack, "-- woken by --", RS_FRAME_OTHER);
}

static const char *reason_of(struct rs_collect *collect, const struct stack *stack, size_t from,
			     uint32_t reason)
{
	size_t n = 0;

	if (!collect->options.reason)
		return NULL;
	for (size_t i = from; i < stack->n && n < ARRAY_SIZE(collect->functions); i++)
		if (is_kernel(frame_at(stack, i)))
			collect->functions[n++] = frame_at(stack, i)->function;
	return collect->options.reason(reason, collect->functions, n);
}

/* --- who --- */

struct who {
	char process[17], thread[17];
	const char *reason, *waker;
	struct rs_collect_group group;
};

static void copy_name(char out[static 17], const char name[static 16])
{
	memcpy(out, name, 16);
	out[16] = '\0';
	if (!out[0])
		memcpy(out, "?", sizeof("?"));
}

static void place_text(const struct rs_collect_group *group, enum rs_collect_by by, char *buf,
		       size_t size)
{
	const char *path = group->path ? group->path : "[no control group]";

	if (by == RS_COLLECT_POD && group->pod)
		snprintf(buf, size, "%s%s%s", group->namespace ? group->namespace : "",
			 group->namespace ? "/" : "", group->pod);
	else if (by == RS_COLLECT_CONTAINER && group->container)
		snprintf(buf, size, "%s", group->container);
	else
		snprintf(buf, size, "%s", path);
}

static int push_level(struct stack *stack, const struct rs_sample_key *key, const struct who *who,
		      enum rs_collect_by by)
{
	enum rs_frame_kind kind = by == RS_COLLECT_REASON ? RS_FRAME_OTHER : RS_FRAME_PROCESS;
	char text[512];

	switch (by) {
	case RS_COLLECT_PID:
		snprintf(text, sizeof(text), "%s (%u)", who->process, key->tgid);
		break;
	case RS_COLLECT_THREAD:
		snprintf(text, sizeof(text), "%s (%u)", who->thread, key->tid);
		break;
	case RS_COLLECT_REASON:
		snprintf(text, sizeof(text), "[%s]", who->reason ? who->reason : "running");
		break;
	case RS_COLLECT_CONTAINER:
	case RS_COLLECT_POD:
	case RS_COLLECT_CGROUP:
		place_text(&who->group, by, text, sizeof(text));
		break;
	default:
		snprintf(text, sizeof(text), "%s", who->process);
		break;
	}
	return push_word(stack, text, kind);
}

static void add_text(struct rs_profile_sample *sample, struct rs_profile_label *labels,
		     const char *key, const char *text)
{
	if (text && sample->n_labels < RS_PROFILE_LABELS_MAX)
		labels[sample->n_labels++] = (struct rs_profile_label){ key, text, 0 };
}

static void add_number(struct rs_profile_sample *sample, struct rs_profile_label *labels,
		       const char *key, int64_t number)
{
	if (sample->n_labels < RS_PROFILE_LABELS_MAX)
		labels[sample->n_labels++] = (struct rs_profile_label){ key, NULL, number };
}

static void add_labels(struct rs_profile_sample *sample, struct rs_profile_label *labels,
		       const struct rs_sample_key *key, const struct who *who)
{
	add_text(sample, labels, "process", who->process);
	add_number(sample, labels, "pid", key->tgid);
	if (key->tid) {
		add_text(sample, labels, "thread", who->thread);
		add_number(sample, labels, "tid", key->tid);
	}
	add_text(sample, labels, "container", who->group.container);
	add_text(sample, labels, "pod", who->group.pod);
	add_text(sample, labels, "namespace", who->group.namespace);
	add_text(sample, labels, "reason", who->reason);
	add_text(sample, labels, "waker", who->waker);
	sample->labels = labels;
}

int rs_collect_add(struct rs_collect *collect, struct rs_profile *profile,
		   const struct rs_sample_key *key, const struct rs_sample *counted)
{
	const struct rs_collect_options *o = &collect->options;
	struct stack stack = { profile, collect->frames, ARRAY_SIZE(collect->frames), 0 };
	struct rs_profile_label labels[RS_PROFILE_LABELS_MAX];
	struct rs_profile_sample sample = { .frames = collect->frames };
	struct who who = { 0 };
	size_t from;
	int r = 0;

	copy_name(who.process, key->process);
	copy_name(who.thread, key->thread);
	if (o->group && key->cgroup)
		o->group(o->data, key->cgroup, &who.group);
	if (key->waker_process[0])
		r = push_waker(collect, &stack, key, &who.waker);
	from = stack.n;
	if (!r)
		r = push_stacks(collect, &stack, key->tgid, &key->stack);
	if (r)
		return r;
	who.reason = reason_of(collect, &stack, from, key->reason);
	if (o->waits)
		remove_scheduler(&stack, from);
	for (size_t i = o->n_by; i-- > 0 && !r;)
		r = push_level(&stack, key, &who, o->by[i]);
	if (r)
		return r;
	sample.n_frames = stack.n;
	sample.values[0] = (int64_t)(o->sums ? counted->sum : counted->count);
	sample.values[1] = o->sums ? (int64_t)counted->count : 0;
	if (o->labels)
		add_labels(&sample, labels, key, &who);
	return rs_profile_add(profile, &sample);
}

/* --- reading --- */

int rs_collect_read(struct rs_collect *collect, struct rs_profile *profile, struct rs_error *err)
{
	struct rs_sample_key key, *before = NULL;
	struct rs_sample sample;
	int r = 0;

	rs_collect_tick(collect);
	while (!r && !bpf_map_get_next_key(collect->samples_map, before, &key)) {
		before = &key;
		if (bpf_map_lookup_elem(collect->samples_map, &key, &sample))
			continue; /* nobody takes them away but us */
		r = rs_collect_add(collect, profile, &key, &sample);
	}
	return r < 0 ? rs_error_set_errno(err, r, "taking the stacks") : 0;
}

void rs_collect_clear(struct rs_collect *collect)
{
	struct rs_sample_key key;

	while (!bpf_map_get_next_key(collect->samples_map, NULL, &key))
		if (bpf_map_delete_elem(collect->samples_map, &key) && errno != ENOENT)
			break;
	rs_stacks_clear(collect->options.stacks);
}

static int note(struct rs_profile *profile, uint64_t n, const char *text)
{
	char line[256];

	if (!n)
		return 0;
	snprintf(line, sizeof(line), "%" PRIu64 " %s", n, text);
	return rs_profile_note(profile, line);
}

int rs_collect_losses(struct rs_collect *collect, struct rs_profile *profile)
{
	static const char *const texts[RS_SAMPLE_COUNT_COUNT] = {
		[RS_SAMPLE_LOST_FULL] =
			"samples lost: there were more different stacks than --max-stacks",
		[RS_SAMPLE_LOST_WAITS] =
			"waits lost: there are more threads than was made room for",
		[RS_SAMPLE_LOST_NOTES] = "processes whose functions may have no names",
		[RS_SAMPLE_LOST_READS] = "times the argument could not be read",
	};
	int r = rs_stacks_losses(collect->options.stacks, profile);

	for (unsigned i = 0; i < ARRAY_SIZE(texts) && !r; i++)
		if (texts[i])
			r = note(profile, rs_collect_count(collect, i), texts[i]);
	return r;
}
