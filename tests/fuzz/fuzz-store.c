/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any bytes as the parts of a stored block: four lengths of two bytes, then COLUMNS, WHO, PATHS and a
 * chunk, not compressed, so that the fuzzer reaches what is inside. What is accepted must come out as
 * events that can be shown.
 */

#include <stdlib.h>
#include <string.h>

#include "store/block.h"
#include "store/narrow.h"
#include "store/terms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

#define PARTS 4

struct part {
	uint8_t *data; /* compressed */
	size_t size;
};

static void split(const uint8_t *data, size_t size, struct part part[static PARTS])
{
	size_t at = PARTS * 2;

	for (unsigned i = 0; i < PARTS; i++) {
		size_t n = size >= PARTS * 2 ? (size_t)(data[2 * i] | data[2 * i + 1] << 8) : 0;
		size_t bound;

		n = MIN(n, size - MIN(at, size));
		bound = ZSTD_compressBound(n);
		part[i].data = malloc(bound);
		CHECK(part[i].data);
		part[i].size = ZSTD_compress(part[i].data, bound, size > at ? data + at : data, n,
					     -5);
		CHECK(!ZSTD_isError(part[i].size));
		at += n;
	}
}

static void show(const struct rs_block *block, unsigned event, const uint8_t *record,
		 struct rs_block_scratch *scratch, struct rs_str *line)
{
	struct rs_event view;
	int64_t offset;

	if (rs_block_event(block, event, record, scratch, &view) < 0)
		return;
	rs_block_real(block, event, &offset);
	rs_str_reset(line);
	CHECK(rs_event_summary(line, &view) == 0);
	CHECK(view.n_ancestors <= RS_EVENT_ANCESTORS_MAX);
	for (size_t i = 0; i < view.n_ancestors; i++)
		CHECK(strlen(view.ancestors[i].name) <= RS_PART_BYTES);
}

static void read_records(struct rs_block *block, ZSTD_DCtx *zstd, const struct part *part)
{
	static struct rs_block_scratch scratch;
	_cleanup_(rs_str_done) struct rs_str line = { 0 };
	struct rs_bytes chunk = { 0 }, record = { 0 };
	size_t pos = 0;

	scratch.block = NULL;
	if (rs_block_unpack(&chunk, zstd, part->data, part->size) == 0)
		for (unsigned i = 0; i < block->n && i < RS_CHUNK_EVENTS; i++) {
			record.len = 0;
			if (rs_block_record(block, block->sorted[i], &chunk, &pos, &record) < 0)
				break;
			show(block, block->sorted[i], record.data, &scratch, &line);
		}
	rs_bytes_done(&chunk);
	rs_bytes_done(&record);
}

/* Conditions on a block, from all of its columns. */
static void ask(const struct rs_block *block)
{
	static const char text[] =
		"(pid in (1, 2) or path startswith \"/a\") and container == \"x\" "
		"and exe == \"/b\" and comm startswith \"c\"";
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(1 << 20);
	const struct rs_expr *expr = NULL;
	struct rs_narrow narrow;
	uint8_t keep[RS_BLOCK_EVENTS];

	memset(keep, 1, sizeof(keep));
	CHECK(rs_expr_parse(text, &arena, &expr, NULL, NULL) == 0);
	CHECK(rs_narrow_init(&narrow, expr, 0) == 0);
	rs_narrow_events(&narrow, block, keep);
	rs_narrow_done(&narrow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rs_block block;
	static ZSTD_DCtx *zstd;
	struct part part[PARTS];

	if (!zstd)
		zstd = ZSTD_createDCtx();
	CHECK(zstd);
	if (rs_bloom_check(data, size))
		rs_bloom_has(data, size, 12345);
	split(data, size, part);
	if (rs_block_read_columns(&block, zstd, part[0].data, part[0].size) == 0 &&
	    rs_block_read_who(&block, zstd, part[1].data, part[1].size) == 0) {
		read_records(&block, zstd, &part[3]);
		if (rs_block_read_paths(&block, zstd, part[2].data, part[2].size) == 0)
			ask(&block);
	}
	for (unsigned i = 0; i < PARTS; i++)
		free(part[i].data);
	return 0;
}
