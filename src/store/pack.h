/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The open block: events as they came, side by side in memory, and what is known of their processes,
 * each distinct thing once. Adding copies a record and compares some strings; all else is done later,
 * by the writer's thread (encode.h).
 */

#include "store/format.h"

#define RS_PACK_SLOTS  8192
#define RS_PACK_GROUPS 4096

struct rs_pack_event {
	uint32_t at; /* of its record in records; a struct rs_exit follows where end is set */
	uint16_t who;
	bool end;
};

struct rs_bytes {
	uint8_t *data;
	size_t len, cap;
};

/* Makes room for n more. -ENOMEM. */
int rs_bytes_reserve(struct rs_bytes *bytes, size_t n);
void rs_bytes_done(struct rs_bytes *bytes);

/*
 * What is known of a process, as it lies in rs_pack.whos: this, then strings (a length of two bytes,
 * RS_TEXT_NONE where there is none; the bytes; NUL). Own ones: user, group, executable, parent's
 * executable, parent's name, command line. Then ancestors: start, pid, name, executable.
 */
struct rs_pack_who {
	uint64_t start, pstart, cgroup; /* these as in struct rs_hdr */
	char comm[16];
	uint32_t pid, ppid, uid, gid;
	uint32_t size;      /* of all of it */
	uint32_t ancestors; /* where they begin, from the start of this */
	uint16_t n_ancestors;
	uint16_t group; /* number of its control group, from 1; 0: none */
	uint32_t pad;
};

/* The same of a control group, in rs_pack.groups: path, unit; of a container its strings in the order of
 * the struct, and labels: key, value. */
struct rs_pack_group {
	uint64_t id; /* rs_hdr.cgroup */
	uint32_t size;
	uint16_t n_labels;
	uint8_t has_container, sandbox;
	uint32_t owner, pad;
};
#define RS_TEXT_NONE 0xffff
static_assert(sizeof(struct rs_pack_who) == 72, "struct rs_pack_who");
static_assert(sizeof(struct rs_pack_group) == 24, "struct rs_pack_group");

struct rs_pack {
	struct rs_pack *next; /* for the queue */
	uint32_t n, n_who, n_groups, n_runs;
	uint64_t first, last; /* real ns, of all events; first is UINT64_MAX while there are none */
	uint64_t kinds;       /* bit per enum rs_kind */
	uint64_t start;       /* of the file that it is for; the owner's */
	uint64_t opened;      /* CLOCK_MONOTONIC of the first event; the owner's */
	struct rs_run runs[RS_BLOCK_RUNS];
	struct rs_pack_event event[RS_BLOCK_EVENTS];
	uint32_t who[RS_BLOCK_EVENTS];       /* where they are in whos */
	uint16_t slot[RS_PACK_SLOTS];        /* number of a process + 1, by its hash */
	uint32_t group[RS_PACK_GROUPS];      /* where they are in groups */
	uint16_t group_slot[RS_PACK_GROUPS]; /* number of a group + 1, by the hash of its id */
	struct rs_bytes records;             /* each 8-aligned */
	struct rs_bytes whos;                /* the same */
	struct rs_bytes groups;              /* the same */
};

int rs_pack_new(struct rs_pack **ret_pack);
void rs_pack_free(struct rs_pack **pack);
void rs_pack_reset(struct rs_pack *pack);         /* forgets the events, keeps the memory */
size_t rs_pack_bytes(const struct rs_pack *pack); /* of memory in use */

/* Adds an event. -ENOBUFS: no more fit, begin another; -ENOMEM. */
int rs_pack_add(struct rs_pack *pack, const struct rs_event *event, int64_t boot_offset);

static inline const struct rs_pack_who *rs_pack_who(const struct rs_pack *pack, unsigned who)
{
	return (const struct rs_pack_who *)(const void *)(pack->whos.data + pack->who[who]);
}

/* Number from 1. */
static inline const struct rs_pack_group *rs_pack_group(const struct rs_pack *pack, unsigned group)
{
	return (const struct rs_pack_group *)(const void *)(pack->groups.data +
							    pack->group[group - 1]);
}

/* Reads the next string of those that follow: NULL where there is none. */
static inline const char *rs_pack_text(const uint8_t **pos, uint32_t *ret_len)
{
	const uint8_t *p = *pos;
	uint16_t len;

	__builtin_memcpy(&len, p, sizeof(len));
	if (len == RS_TEXT_NONE) {
		*pos = p + sizeof(len);
		*ret_len = 0;
		return NULL;
	}
	*pos = p + sizeof(len) + len + 1;
	*ret_len = len;
	return (const char *)p + sizeof(len);
}
