/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The inside of the JSON writer: a cursor in the output's memory, and what the functions of the field
 * table (rs_field_fn) see while they write a value.
 *
 * Every write is followed by a comma that the end of the object takes back; so no write has to know
 * whether it is the first. Room is asked for once per field: RS_OUT_ROOM bytes are there when a
 * function starts; who writes more, calls rs_out_need().
 */

#include <string.h>

#include "event/schema.h"

#define RS_OUT_ROOM 512

struct rs_out {
	char *p;
	char *end; /* one byte before the end of str's memory */
	struct rs_str *str;
	bool failed; /* no memory, or str's cap: what is written now is thrown away */
	bool raw;    /* strings keep their bytes: only a quote and a backslash get a backslash */
};

struct rs_render {
	struct rs_out out;
	const struct rs_event *event; /* NULL while constants are prepared */
	enum rs_kind kind;
	const struct rs_event_host *host;
	const struct rs_entity_key *key;
	const char *const *env;
	struct rs_clock_text *time;  /* of events: seconds come one after the other */
	struct rs_clock_text *start; /* of processes: all over the place */
	unsigned traits;             /* RS_WHEN_* that are so */
	bool has_path[2];            /* [0]: file.path, [1]: the other one, see rs_render_paths() */
	bool odd[2];                 /* written, and not plain ASCII */
	struct rs_path path[2];
	struct rs_text name[2]; /* the last component, empty for "/" */
	struct rs_id_cache *ids;
};

/* Ids of processes that were written last: most events come from few processes. */
struct rs_id_cache {
	struct {
		uint64_t start;
		uint32_t pid;
		bool valid;
		char id[RS_ENTITY_ID_LEN];
	} entry[256];
};

/* The end of a process: the event's own, or the one that it stands for, too. Not NULL for EXIT, and
 * for events that have RS_WHEN_END. */
static inline const struct rs_exit *rs_event_exit(const struct rs_event *event)
{
	return event->hdr->kind == RS_KIND_EXIT ? event->exit : event->end;
}

/* Whether a container is part of a pod. */
static inline bool rs_in_pod(const struct rs_event_container *c)
{
	return c->pod_name || c->pod_uid || c->namespace;
}

/* RS_WHEN_* that are so, but for RS_WHEN_ODD. */
static inline unsigned rs_event_traits(const struct rs_event *event)
{
	const struct rs_event_cgroup *cgroup = event->cgroup;
	unsigned traits = (event->hdr->ret < 0 ? RS_WHEN_ERROR : 0) |
			  (event->hdr->flags ? RS_WHEN_HDR : 0) |
			  (event->marks ? RS_WHEN_MARKED : 0) |
			  (event->n_ancestors ? RS_WHEN_ANCESTORS : 0) |
			  (event->end ? RS_WHEN_END : 0);

	if (!cgroup)
		return traits;
	traits |= RS_WHEN_CGROUP;
	if (!cgroup->container)
		return traits;
	return traits | RS_WHEN_CONTAINER | (rs_in_pod(cgroup->container) ? RS_WHEN_POD : 0);
}

/* The entity_id of a process, in quotes. */
void rs_out_entity_id(struct rs_render *r, uint32_t pid, uint64_t start);

bool rs_out_grow(struct rs_out *out, size_t n);

/* Makes sure that n more bytes can be written; false: they cannot, write nothing. */
static inline bool rs_out_need(struct rs_out *out, size_t n)
{
	return likely((size_t)(out->end - out->p) >= n) || rs_out_grow(out, n);
}

static inline void rs_out_char(struct rs_out *out, char c)
{
	*out->p++ = c;
}

/* n is at most RS_OUT_ROOM less what the caller wrote already. */
static inline void rs_out_bytes(struct rs_out *out, const void *data, size_t n)
{
	memcpy(out->p, data, n);
	out->p += n;
}

#define rs_out_lit(out, literal) rs_out_bytes((out), (literal), sizeof(literal) - 1)

/* Digits of v at p; returns where they end. */
static inline char *rs_put_u64(char *p, uint64_t v)
{
	char *end, *at;

	if (v >= 10000)
		return p + rs_str_format_u64(p, v);
	/* The length is known by comparing; the digits then go straight to their places. */
	end = p + 1 + (v >= 10) + (v >= 100) + (v >= 1000);
	for (at = end - 1; v >= 10; v /= 10)
		*at-- = (char)('0' + v % 10);
	*at = (char)('0' + v);
	return end;
}

static inline void rs_out_u64(struct rs_out *out, uint64_t v)
{
	out->p = rs_put_u64(out->p, v);
}

static inline void rs_out_i64(struct rs_out *out, int64_t v)
{
	if (v < 0)
		*out->p++ = '-';
	rs_out_u64(out, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

/* A number that a process gave; nothing where it does not fit a `long` of the schema, which has a
 * sign: whoever indexes the event would refuse it whole. */
static inline void rs_out_long(struct rs_out *out, uint64_t v)
{
	if (v <= INT64_MAX)
		rs_out_u64(out, v);
}

/* A number as a string: what ECS calls a keyword. */
static inline void rs_out_quoted(struct rs_out *out, uint64_t v)
{
	*out->p++ = '"';
	rs_out_u64(out, v);
	*out->p++ = '"';
}

static inline void rs_out_bool(struct rs_out *out, bool v)
{
	if (v)
		rs_out_lit(out, "true");
	else
		rs_out_lit(out, "false");
}

/* "0x1f" in quotes. */
void rs_out_hex(struct rs_out *out, uint64_t v);

/* A string from anywhere: escaped, valid UTF-8. Asks for room itself. Returns whether it was plain:
 * ASCII with nothing to escape. */
bool rs_out_string(struct rs_out *out, const void *data, size_t n);

/* A string of ours that needs no escaping and fits the room. */
static inline void rs_out_name(struct rs_out *out, const char *name)
{
	*out->p++ = '"';
	rs_out_bytes(out, name, strlen(name));
	*out->p++ = '"';
}

/* "8:1": major and minor number of a device in the kernel's encoding. */
void rs_out_device(struct rs_out *out, uint32_t dev);

/* "0644" */
void rs_out_mode(struct rs_out *out, uint32_t mode);

/* The elements of a comma-separated list as an array: "a,b" -> ["a","b"]. */
void rs_out_list(struct rs_out *out, const char *list);

/* Arrays: begin, then for each element a value and rs_out_next(), then end. An empty one writes
 * nothing at all, which leaves the field out. */
static inline void rs_out_array_begin(struct rs_out *out)
{
	*out->p++ = '[';
}

static inline void rs_out_next(struct rs_out *out)
{
	*out->p++ = ',';
}

static inline void rs_out_array_end(struct rs_out *out)
{
	if (out->p[-1] == ',')
		out->p[-1] = ']';
	else
		out->p--;
}

/* A moment given in boot time; text is one of r's. */
void rs_out_time(struct rs_render *r, struct rs_clock_text *text, uint64_t boot_ns);

/* Which of an event's paths is file.path: what it leaves behind, the new name, the new link. */
static inline int rs_path_main(enum rs_kind kind)
{
	return kind == RS_KIND_RENAME || kind == RS_KIND_LINK;
}

/* Composes the event's paths into r, buffers of RS_EVENT_PATH_MAX bytes each. */
void rs_render_paths(struct rs_render *r, char *buf0, char *buf1);

/* A fixed array of the record as bytes: up to its first NUL. */
#define rs_chars_len(array) strnlen((array), sizeof(array))
