/* SPDX-License-Identifier: Apache-2.0 */
/* What the keys of histograms mean. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <bpf/bpf.h>

#include "calls/latency-internal.h"
#include "kern/device.h"

static const struct {
	const char *key, *title;
} columns[] = {
	{ "syscall", "SYSCALL" },     { "file", "FILE" },       { "peer", "PEER" },
	{ "container", "CONTAINER" }, { "process", "PROCESS" }, { "thread", "THREAD" },
	{ "device", "DEVICE" },
};

const char *rs_latency_by_title(unsigned bit, enum rs_latency_source source)
{
	return bit == 0 ? rs_latency_sources[source].what_title : columns[bit].title;
}

const char *rs_latency_by_key(unsigned bit, enum rs_latency_source source)
{
	return bit == 0 && source != RS_LATENCY_SYSCALL ? "what" : columns[bit].key;
}

/* --- what --- */

/* REQ_OP_* of include/linux/blk_types.h */
static const char *block_op(uint32_t op)
{
	static const char *const names[] = {
		[0] = "read",
		[1] = "write",
		[2] = "flush",
		[3] = "discard",
		[5] = "secure erase",
		[7] = "zone append",
		[9] = "write zeroes",
		[10] = "zone open",
		[11] = "zone close",
		[12] = "zone finish",
		[13] = "zone append",
		[15] = "zone reset",
		[17] = "zone reset all",
		[34] = "driver in",
		[35] = "driver out",
	};

	return op < ARRAY_SIZE(names) && names[op] ? names[op] : "other";
}

static const char *block_what(uint32_t what)
{
	static const char *const phases[] = { ", in the queue", ", in the device", "", "" };
	static _Thread_local char text[64];

	snprintf(text, sizeof(text), "%s%s", block_op(what & RS_BLOCK_OP_MASK),
		 phases[what >> 8 & 3]);
	return text;
}

static const char *call_what(uint32_t nr)
{
	const struct rs_call *call = rs_call_of(nr);
	static _Thread_local char text[32];

	if (call)
		return rs_call_name(call);
	snprintf(text, sizeof(text), "syscall_%" PRIu32, nr);
	return text;
}

const char *rs_latency_what(enum rs_latency_source source, uint32_t what)
{
	static const char *const words[RS_LATENCY_SOURCES][3] = {
		[RS_LATENCY_RUNQ] = { "being woken", "being preempted" },
		[RS_LATENCY_TCP] = { "round trip", "connect", "failed connect" },
		[RS_LATENCY_DNS] = { "query" },
		[RS_LATENCY_FAULT] = { "minor", "major" },
	};

	if (source == RS_LATENCY_SYSCALL)
		return call_what(what);
	if (source == RS_LATENCY_BLOCK)
		return block_what(what);
	if (what >= ARRAY_SIZE(words[0]) || !words[source][what])
		return "other";
	return words[source][what];
}

bool rs_latency_is_idle(uint32_t nr)
{
	static const char *const names[] = {
		"accept",          "accept4",    "clock_nanosleep", "epoll_pwait",
		"epoll_pwait2",    "epoll_wait", "io_getevents",    "io_pgetevents",
		"msgrcv",          "nanosleep",  "pause",           "poll",
		"ppoll",           "pselect6",   "restart_syscall", "rt_sigsuspend",
		"rt_sigtimedwait", "select",     "semtimedop",      "wait4",
		"waitid",
	};
	const char *name = call_what(nr);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* --- who and where --- */

void rs_latency_peer_format(const struct rs_latency_peer *peer, struct rs_str *out)
{
	bool v6 = peer->family == AF_INET6;
	char text[INET6_ADDRSTRLEN];

	if (peer->family == AF_UNIX) {
		rs_str_append_cstr(out, "unix");
		return;
	}
	if (peer->family != AF_INET && !v6) {
		rs_str_append_cstr(out, "-");
		return;
	}
	inet_ntop(v6 ? AF_INET6 : AF_INET, peer->addr, text, sizeof(text));
	if (peer->port)
		rs_str_appendf(out, v6 ? "[%s]:%u" : "%s:%u", text, peer->port);
	else
		rs_str_append_cstr(out, text);
}

/* Each part has its length in front. RFC 1035, section 3.1. */
void rs_latency_question_format(const void *name, size_t len, struct rs_str *out)
{
	const unsigned char *bytes = name;
	const char *separator = "";
	size_t at = 0;

	while (at < len && bytes[at] && bytes[at] < 64 && at + 1 + bytes[at] <= len) {
		rs_str_append_cstr(out, separator);
		rs_str_append(out, bytes + at + 1, bytes[at]);
		at += 1u + bytes[at];
		separator = ".";
	}
	if (at < len && bytes[at])
		rs_str_append_cstr(out, "...");
	else if (!at)
		rs_str_append_char(out, '.'); /* the root */
}

static void name_file(struct rs_latency *latency, const struct rs_latency_key *key,
		      struct rs_str *out)
{
	struct rs_latency_file_key which = { .ino = key->ino, .dev = key->dev };
	int map = bpf_map__fd(latency->tool->maps.rs_latency_files);
	struct rs_latency_file file;

	if (!key->ino && !key->dev) {
		rs_str_append_cstr(out, "-");
		return;
	}
	if (bpf_map_lookup_elem(map, &which, &file)) {
		file = (struct rs_latency_file){ .len = 0 };
		latency->nameless++;
	}
	file.len = MIN(file.len, RS_LATENCY_PATH);
	if (file.len) {
		/* Its beginning is missing where it was too long. */
		rs_str_append_cstr(
			out, which.dev == RS_LATENCY_DEV_PATH || file.path[0] == '/' ? "" : "...");
		rs_str_append(out, file.path, file.len);
	} else if (which.dev != RS_LATENCY_DEV_PATH && S_ISSOCK(file.mode)) {
		rs_str_appendf(out, "socket:[%" PRIu64 "]", (uint64_t)key->ino);
	} else if (which.dev != RS_LATENCY_DEV_PATH && S_ISFIFO(file.mode)) {
		rs_str_appendf(out, "pipe:[%" PRIu64 "]", (uint64_t)key->ino);
	} else {
		rs_device_format(key->dev, 0, out);
		rs_str_appendf(out, " inode %" PRIu64, (uint64_t)key->ino);
	}
}

static void name_id(struct rs_latency *latency, uint32_t id, struct rs_str *out)
{
	struct rs_latency_name name = { .comm = "" };

	if (!id) {
		rs_str_append_cstr(out, "-");
		return;
	}
	if (bpf_map_lookup_elem(bpf_map__fd(latency->tool->maps.rs_latency_names), &id, &name)) {
		latency->nameless++;
		rs_str_append_char(out, '?');
	}
	rs_str_append(out, name.comm, strnlen(name.comm, sizeof(name.comm)));
	rs_str_appendf(out, " (%" PRIu32 ")", id);
}

static void name_group(struct rs_latency *latency, uint64_t cgroup, struct rs_str *out)
{
	if (latency->options.name_group && cgroup)
		latency->options.name_group(latency->options.data, cgroup, out);
	else
		rs_str_appendf(out, cgroup ? "cgroup %" PRIu64 : "-", cgroup);
}

static void name_one(struct rs_latency *latency, const struct rs_latency_key *key, unsigned bit,
		     struct rs_str *out)
{
	switch (1u << bit) {
	case RS_LATENCY_BY_CALL:
		rs_str_append_cstr(out, rs_latency_what(latency->options.source, key->what));
		break;
	case RS_LATENCY_BY_FILE:
		name_file(latency, key, out);
		break;
	case RS_LATENCY_BY_PEER:
		rs_latency_peer_format(&key->peer, out);
		break;
	case RS_LATENCY_BY_CONTAINER:
		name_group(latency, key->cgroup, out);
		break;
	case RS_LATENCY_BY_PROCESS:
	case RS_LATENCY_BY_THREAD:
		name_id(latency, key->id, out);
		break;
	case RS_LATENCY_BY_DEVICE:
		if (key->dev && key->dev != RS_LATENCY_DEV_PATH)
			rs_device_format(key->dev, 0, out);
		else
			rs_str_append_cstr(out, "-");
		break;
	}
}

static int set_name(struct rs_latency *latency, struct rs_latency_row *row, unsigned bit)
{
	char *name;

	rs_str_reset(&latency->text);
	name_one(latency, &row->key, bit, &latency->text);
	name = strdup(rs_str_cstr(&latency->text));
	if (!name)
		return -ENOMEM;
	free(row->names[bit]);
	row->names[bit] = name;
	return 0;
}

int rs_latency_name_id(struct rs_latency *latency, struct rs_latency_row *row)
{
	unsigned which = latency->options.by & (RS_LATENCY_BY_PROCESS | RS_LATENCY_BY_THREAD);
	int map = bpf_map__fd(latency->tool->maps.rs_latency_names);
	struct rs_latency_name name;

	if (!row->key.id || bpf_map_lookup_elem(map, &row->key.id, &name))
		return 0; /* the one that it has is better than none */
	return set_name(latency, row, (unsigned)__builtin_ctz(which));
}

int rs_latency_name_row(struct rs_latency *latency, struct rs_latency_row *row)
{
	unsigned by = latency->options.by;
	int r = 0;

	for (unsigned bit = 0; bit < ARRAY_SIZE(columns) && !r; bit++)
		if (by & 1u << bit)
			r = set_name(latency, row, bit);
	row->idle = latency->options.source == RS_LATENCY_SYSCALL && (by & RS_LATENCY_BY_CALL) &&
		    rs_latency_is_idle(row->key.what);
	return r;
}
