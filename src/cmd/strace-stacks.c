/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/strace-stacks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "profile/frames-json.h"
#include "profile/stacks.h"

struct rs_strace_stacks {
	struct rs_symbols *symbols;
	struct rs_stacks *stacks;
	struct rs_profile *frames; /* keeps the frames' names */
	uint32_t numbers[RS_STACKS_FRAMES_MAX];
};

int rs_strace_stacks_new(struct bpf_object *object, struct rs_strace_stacks **ret_stacks,
			 struct rs_error *err)
{
	const struct rs_symbols_options symbols = { .no_lines = true };
	const struct rs_profile_options profile = { .types = { { "calls", "count" } },
						    .n_types = 1 };
	_cleanup_(rs_strace_stacks_free) struct rs_strace_stacks *s = calloc(1, sizeof(*s));
	struct rs_stacks_options options = { 0 };
	int r;

	if (!s)
		return rs_error_set_errno(err, -ENOMEM, "collecting stacks");
	r = rs_symbols_new(&symbols, &s->symbols, err);
	options.symbols = s->symbols;
	if (!r)
		r = rs_stacks_new(object, &options, &s->stacks, err);
	if (!r && rs_profile_new(&profile, &s->frames))
		r = rs_error_set_errno(err, -ENOMEM, "collecting stacks");
	if (r)
		return r;
	*ret_stacks = TAKE_PTR(s);
	return 0;
}

void rs_strace_stacks_free(struct rs_strace_stacks **stacks)
{
	struct rs_strace_stacks *s = TAKE_PTR(*stacks);

	if (!s)
		return;
	rs_stacks_free(&s->stacks);
	rs_symbols_free(&s->symbols);
	rs_profile_free(&s->frames);
	free(s);
}

void rs_strace_stacks_prepare(struct rs_strace_stacks *stacks, uint32_t pid)
{
	rs_stacks_prepare(stacks->stacks, pid);
}

void rs_strace_stacks_seen(struct rs_strace_stacks *stacks, const struct rs_call_record *record)
{
	if (record->head.kind == RS_STRACE_CALL && record->raw.stacks.user)
		rs_stacks_seen(stacks->stacks, record->head.pid, record->raw.stacks.user);
}

int rs_strace_stacks_fd(const struct rs_strace_stacks *stacks)
{
	return rs_stacks_fd(stacks->stacks);
}

void rs_strace_stacks_tick(struct rs_strace_stacks *stacks)
{
	rs_stacks_tick(stacks->stacks);
}

static size_t frames_of(struct rs_strace_stacks *s, const struct rs_call_record *record)
{
	size_t n = 0;

	if (!record->raw.stacks.user && !record->raw.stacks.kernel)
		return 0;
	if (rs_stacks_frames(s->stacks, s->frames, record->head.pid, &record->raw.stacks,
			     s->numbers, ARRAY_SIZE(s->numbers), &n) < 0)
		return 0;
	return n;
}

void rs_strace_stacks_text(void *data, const struct rs_call_record *record, struct rs_str *out)
{
	struct rs_strace_stacks *s = data;
	size_t n = frames_of(s, record);

	for (size_t i = 0; i < n; i++) {
		const struct rs_frame *frame = rs_profile_frame_at(s->frames, s->numbers[i]);

		rs_str_append_cstr(out, " > ");
		if (frame->module)
			rs_str_append_escaped(out, frame->module, strlen(frame->module));
		rs_str_append_char(out, '(');
		rs_str_append_escaped(out, frame->function, strlen(frame->function));
		rs_str_append_char(out, ')');
		if (frame->address)
			rs_str_appendf(out, " [%#llx]", (unsigned long long)frame->address);
		rs_str_append_char(out, '\n');
	}
}

void rs_strace_stacks_json(void *data, const struct rs_call_record *record, struct rs_str *out)
{
	struct rs_strace_stacks *s = data;
	size_t n = frames_of(s, record);
	struct rs_json w;

	rs_str_append_cstr(out, ",\"stack\":");
	rs_json_init(&w, out);
	rs_frames_json(&w, s->frames, s->numbers, n);
}

void rs_strace_stacks_losses(struct rs_strace_stacks *stacks)
{
	rs_stacks_losses(stacks->stacks, stacks->frames);
	for (size_t i = 0; i < rs_profile_notes(stacks->frames); i++)
		rs_log_warn("%s", rs_profile_note_at(stacks->frames, i));
}
