/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Blocks as they are read back: see format.h. Nothing in a file is believed: every number is checked
 * before it is used, and a part may be only so large. Private to the room.
 */

#include <zstd.h>

#include "store/pack.h"

#define RS_BLOCK_LABELS 256 /* of one container, at most */

struct rs_block {
	/* COLUMNS */
	uint32_t n, n_who, n_paths, n_runs;
	uint64_t kinds;
	struct rs_run runs[RS_BLOCK_RUNS];
	uint64_t time[RS_BLOCK_EVENTS], seq[RS_BLOCK_EVENTS];
	uint16_t who[RS_BLOCK_EVENTS], path[2][RS_BLOCK_EVENTS];
	uint32_t cpu[RS_BLOCK_EVENTS]; /* as RS_COLUMN_CPU */
	uint8_t what[RS_BLOCK_EVENTS];
	uint16_t sorted[RS_BLOCK_EVENTS]; /* number of the event at each place of the chunks */

	/* WHO; column pointers are into who_raw */
	struct rs_bytes who_raw;
	const uint8_t *column[RS_WHO_COLUMN_COUNT];
	uint32_t count[RS_TABLES];
	struct rs_bytes strings; /* uint32_t: where each begins in text */
	const char *text;

	/* PATHS */
	struct rs_bytes paths_raw;
	struct rs_bytes
		paths; /* uint32_t: where each begins in paths_raw, and where the last ends */
};

/* Zero-initialised objects of these are empty ones. */
void rs_block_done(struct rs_block *block);

/* Each returns 0, -EBADMSG, or -ENOMEM. WHO and PATHS after COLUMNS. */
int rs_block_read_columns(struct rs_block *block, ZSTD_DCtx *zstd, const void *data, size_t size);
int rs_block_read_who(struct rs_block *block, ZSTD_DCtx *zstd, const void *data, size_t size);
int rs_block_read_paths(struct rs_block *block, ZSTD_DCtx *zstd, const void *data, size_t size);

/* Unpacks any part; out's former contents are gone. */
int rs_block_unpack(struct rs_bytes *out, ZSTD_DCtx *zstd, const void *data, size_t size);

/* Real time of an event. */
uint64_t rs_block_real(const struct rs_block *block, unsigned event, int64_t *ret_offset);

static inline uint32_t rs_block_u32(const struct rs_block *block, enum rs_who_column column,
				    uint32_t i)
{
	return ((const uint32_t *)(const void *)block->column[column])[i];
}

static inline uint64_t rs_block_u64(const struct rs_block *block, enum rs_who_column column,
				    uint32_t i)
{
	return ((const uint64_t *)(const void *)block->column[column])[i];
}

/* String by number; NULL for 0. */
static inline const char *rs_block_string(const struct rs_block *block, uint32_t number)
{
	if (!number)
		return NULL;
	return block->text + ((const uint32_t *)(const void *)block->strings.data)[number - 1];
}

/* Path by number, from 1. */
static inline const char *rs_block_path(const struct rs_block *block, uint32_t number,
					size_t *ret_len)
{
	const uint32_t *start = (const uint32_t *)(const void *)block->paths.data + number - 1;

	*ret_len = start[1] - start[0];
	return (const char *)block->paths_raw.data + start[0];
}

/*
 * Takes the record of event number `event` from an unpacked chunk and appends it to out, whole again,
 * 8-aligned, a struct rs_exit behind it where the event has one. *pos is where the record is in the
 * chunk, then where the next one is. -EBADMSG, -ENOMEM. With out NULL it only goes on.
 */
int rs_block_record(const struct rs_block *block, unsigned event, const struct rs_bytes *chunk,
		    size_t *pos, struct rs_bytes *out);

/* What an event needs besides its record. */
struct rs_block_scratch {
	const struct rs_block *block; /* that the rest is of; NULL: none */
	unsigned who;
	struct rs_event_cgroup cgroup;
	struct rs_event_container container;
	struct rs_event_label labels[RS_BLOCK_LABELS];
	struct rs_event_ancestor ancestors[RS_EVENT_ANCESTORS_MAX];
	unsigned n_ancestors;
	bool has_cgroup;
};

/* Views a record that rs_block_record() made and fills in what is known. Valid until the scratch or the
 * block changes. -EBADMSG. */
int rs_block_event(const struct rs_block *block, unsigned event, const uint8_t *record,
		   struct rs_block_scratch *scratch, struct rs_event *ret_event);
