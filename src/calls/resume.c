/* SPDX-License-Identifier: Apache-2.0 */
#include "calls/resume.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/fd.h"
#include "base/util.h"
#include "bpf/abi/strace.h"

/* "0 0x3 0x7ffc... 0x400 0x0 0x0 0x0 0x7ffc... 0x7f12...": number, arguments, stack, place; "running"; "-1 ..." */
static bool parse(const char *text, struct rs_strace_call *call)
{
	char *end;
	long nr = strtol(text, &end, 10);

	if (end == text || nr < 0 || nr > INT_MAX)
		return false;
	call->nr = (int)nr;
	for (unsigned i = 0; i < 6; i++) {
		text = end;
		call->args[i] = strtoull(text, &end, 16);
		if (end == text)
			return false;
	}
	return strtoull(end, NULL, 16) !=
	       0; /* a thread of the kernel's has no stack and is in no call */
}

/* Memory that a call is given is read when it ends: nobody has read it before. */
static uint32_t entry_of(uint32_t nr)
{
	const struct rs_call *call = rs_call_of(nr);
	struct rs_call_capture capture;
	uint32_t args = 0;

	if (!call)
		return 0;
	rs_call_capture_of(call, &capture);
	for (unsigned i = 0; i < 6; i++)
		if (capture.args[i].how != RS_CAPTURE_NONE &&
		    capture.args[i].when & RS_CAPTURE_ENTRY)
			args |= 1u << i;
	return args;
}

static ssize_t read_call(int tasks, uint32_t tid, char *buf, size_t size)
{
	char name[64];

	snprintf(name, sizeof(name), "%" PRIu32 "/syscall", tid);
	return rs_fd_read_buf_at(tasks, name, buf, size);
}

static bool is_still_in(int tasks, uint32_t tid, const char *text)
{
	char now[256];

	return read_call(tasks, tid, now, sizeof(now)) > 0 && !strcmp(now, text);
}

/* A call that ended while we looked: nothing would tell, and a later thread of this number would pass for being in it. */
static void forget(int map, uint32_t tid, struct rs_strace_thread *place)
{
	if (!bpf_map_lookup_elem(map, &tid, place) && place->call.flags & RS_STRACE_BEFORE)
		bpf_map_delete_elem(map, &tid);
}

static void resume_one(int map, int tasks, uint32_t pid, uint32_t tid,
		       const struct rs_call_set *calls, struct rs_strace_thread *place)
{
	struct rs_strace_call *call = &place->call;
	char name[64], text[256];

	memset(place, 0, sizeof(*place));
	if (read_call(tasks, tid, text, sizeof(text)) <= 0 || !parse(text, call) ||
	    (calls && !rs_call_set_has(calls, (unsigned)call->nr)))
		return;
	snprintf(name, sizeof(name), "%" PRIu32 "/comm", tid);
	if (rs_fd_read_buf_at(tasks, name, call->head.comm, sizeof(call->head.comm)) > 0)
		call->head.comm[strcspn(call->head.comm, "\n")] = '\0';
	call->head.kind = RS_STRACE_CALL;
	call->head.pid = pid;
	call->head.tid = tid;
	call->flags = RS_STRACE_BEFORE;
	place->again = entry_of((uint32_t)call->nr);
	place->busy = 1;
	/* who has made another call meanwhile is there already */
	if (!bpf_map_update_elem(map, &tid, place, BPF_NOEXIST) && !is_still_in(tasks, tid, text))
		forget(map, tid, place);
}

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

void rs_calls_resume(int map, uint32_t pid, const struct rs_call_set *calls)
{
	_cleanup_(rs_cleanup_free) struct rs_strace_thread *place = malloc(sizeof(*place));
	_cleanup_(closedirp) DIR *dir = NULL;
	struct dirent *entry;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/task", pid);
	dir = place ? opendir(path) : NULL;
	while (dir && (entry = readdir(dir))) {
		unsigned long tid = strtoul(entry->d_name, NULL, 10);

		if (tid)
			resume_one(map, dirfd(dir), pid, (uint32_t)tid, calls, place);
	}
}
