/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "store/block.h"

void rs_block_done(struct rs_block *block)
{
	rs_bytes_done(&block->who_raw);
	rs_bytes_done(&block->strings);
	rs_bytes_done(&block->paths_raw);
	rs_bytes_done(&block->paths);
}

int rs_block_unpack(struct rs_bytes *out, ZSTD_DCtx *zstd, const void *data, size_t size)
{
	unsigned long long n = ZSTD_getFrameContentSize(data, size);
	size_t got;
	int r;

	if (n == ZSTD_CONTENTSIZE_UNKNOWN || n == ZSTD_CONTENTSIZE_ERROR || n > RS_PART_BYTES)
		return -EBADMSG;
	out->len = 0;
	r = rs_bytes_reserve(out, (size_t)n + 1);
	if (r < 0)
		return r;
	got = ZSTD_decompressDCtx(zstd, out->data, (size_t)n, data, size);
	if (ZSTD_isError(got) || got != n)
		return -EBADMSG;
	out->len = got;
	return 0;
}

/* --- COLUMNS --- */

static const uint8_t *read_u16(const uint8_t *planes, unsigned n, uint16_t *out)
{
	for (unsigned i = 0; i < n; i++)
		out[i] = (uint16_t)(planes[i] | planes[n + i] << 8);
	return planes + 2 * (size_t)n;
}

static const uint8_t *read_u24(const uint8_t *planes, unsigned n, uint32_t *out)
{
	for (unsigned i = 0; i < n; i++)
		out[i] = planes[i] | (uint32_t)planes[n + i] << 8 |
			 (uint32_t)planes[2 * (size_t)n + i] << 16;
	return planes + 3 * (size_t)n;
}

static const uint8_t *read_u64(const uint8_t *planes, unsigned n, uint64_t *out)
{
	for (unsigned i = 0; i < n; i++)
		out[i] = planes[i];
	for (unsigned k = 1; k < 8; k++) {
		const uint8_t *plane = planes + (size_t)k * n;

		/* The upper ones are mostly empty. */
		if (!plane[0] && memcmp(plane, plane + 1, n - 1) == 0)
			continue;
		for (unsigned i = 0; i < n; i++)
			out[i] |= (uint64_t)plane[i] << 8 * k;
	}
	return planes + 8 * (size_t)n;
}

static bool all_below(const uint16_t *values, unsigned n, uint32_t limit)
{
	uint16_t max = 0;

	for (unsigned i = 0; i < n; i++)
		max = MAX(max, values[i]);
	return max < limit;
}

static bool check_head(const struct rs_columns_head *head, size_t size)
{
	if (head->magic != RS_COLUMNS_MAGIC || !head->n || head->n > RS_BLOCK_EVENTS ||
	    !head->n_who || head->n_who > head->n || head->n_paths > 2 * head->n || !head->n_runs ||
	    head->n_runs > RS_BLOCK_RUNS)
		return false;
	return size == sizeof(*head) + head->n_runs * sizeof(struct rs_run) +
			       (size_t)head->n * RS_COLUMNS_WIDTH;
}

static bool check_runs(const struct rs_block *block)
{
	if (block->runs[0].from)
		return false;
	for (unsigned i = 1; i < block->n_runs; i++)
		if (block->runs[i].from < block->runs[i - 1].from)
			return false;
	return block->runs[block->n_runs - 1].from < block->n;
}

static bool check_kinds(const struct rs_block *block)
{
	for (unsigned i = 0; i < block->n; i++)
		if ((block->what[i] & ~RS_WHAT_END) >= RS_KIND_MAX)
			return false;
	return true;
}

/* The order of the chunks: by process, and then as they came. */
static void sort_events(struct rs_block *block)
{
	uint16_t at[RS_BLOCK_EVENTS + 1] = { 0 };

	for (unsigned i = 0; i < block->n; i++)
		at[block->who[i] + 1]++;
	for (unsigned i = 1; i <= block->n_who; i++)
		at[i] = (uint16_t)(at[i] + at[i - 1]);
	for (unsigned i = 0; i < block->n; i++)
		block->sorted[at[block->who[i]]++] = (uint16_t)i;
}

/* Columns of differences. */
static void add_up(struct rs_block *block)
{
	uint64_t time = 0, seq[RS_SEQ_SLOTS] = { 0 };

	for (unsigned i = 0; i < block->n; i++) {
		uint64_t *last = &seq[rs_seq_slot(block->cpu[i])];

		block->time[i] = time += rs_unzigzag(block->time[i]);
		block->seq[i] = *last += rs_unzigzag(block->seq[i]);
	}
}

int rs_block_read_columns(struct rs_block *block, ZSTD_DCtx *zstd, const void *data, size_t size)
{
	struct rs_columns_head head;
	const uint8_t *p;
	int r = rs_block_unpack(&block->paths_raw, zstd, data,
				size); /* free until PATHS are read */

	if (r < 0)
		return r;
	if (block->paths_raw.len < sizeof(head))
		return -EBADMSG;
	p = block->paths_raw.data;
	memcpy(&head, p, sizeof(head));
	if (!check_head(&head, block->paths_raw.len))
		return -EBADMSG;
	block->n = head.n;
	block->n_who = head.n_who;
	block->n_paths = head.n_paths;
	block->n_runs = head.n_runs;
	block->kinds = head.kinds;
	p += sizeof(head);
	memcpy(block->runs, p, block->n_runs * sizeof(struct rs_run));
	p += block->n_runs * sizeof(struct rs_run);
	memcpy(block->what, p, block->n);
	p = read_u64(p + block->n, block->n, block->time);
	p = read_u24(p, block->n, block->cpu);
	p = read_u64(p, block->n, block->seq);
	p = read_u16(p, block->n, block->who);
	p = read_u16(p, block->n, block->path[0]);
	read_u16(p, block->n, block->path[1]);
	if (!check_runs(block) || !check_kinds(block) ||
	    !all_below(block->who, block->n, block->n_who) ||
	    !all_below(block->path[0], block->n, block->n_paths + 1) ||
	    !all_below(block->path[1], block->n, block->n_paths + 1))
		return -EBADMSG;
	add_up(block);
	sort_events(block);
	return 0;
}

uint64_t rs_block_real(const struct rs_block *block, unsigned event, int64_t *ret_offset)
{
	unsigned run = block->n_runs - 1;

	while (block->runs[run].from > event)
		run--;
	*ret_offset = block->runs[run].offset;
	return block->time[event] + (uint64_t)block->runs[run].offset;
}

/* --- WHO --- */

static bool refs_below(const uint32_t *refs, uint32_t n, uint32_t count)
{
	uint32_t max = 0;

	for (uint32_t i = 0; i < n; i++)
		max = MAX(max, refs[i]);
	return max <= count;
}

static int read_strings(struct rs_block *block, size_t bytes)
{
	uint32_t n = block->count[RS_TABLE_STRING], at = 0;
	uint32_t *start;
	int r;

	block->strings.len = 0;
	r = rs_bytes_reserve(&block->strings, ((size_t)n + 1) * sizeof(*start));
	if (r < 0)
		return r;
	start = (uint32_t *)(void *)block->strings.data;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t len = rs_block_u32(block, RS_WHO_STRING_LEN, i);

		if (!len || len > bytes - at || block->text[at + len - 1])
			return -EBADMSG;
		start[i] = at;
		at += len;
	}
	return at == bytes ? 0 : -EBADMSG;
}

static int check_tables(const struct rs_block *block)
{
	for (uint32_t i = 0; i < block->count[RS_TABLE_NODE]; i++)
		if (rs_block_u32(block, RS_WHO_NODE_NEXT, i) > i) /* only to those before */
			return -EBADMSG;
	for (uint32_t i = 0; i < block->count[RS_TABLE_CONTAINER]; i++) {
		uint64_t first = rs_block_u32(block, RS_WHO_CT_LABEL, i);
		uint32_t n = rs_block_u32(block, RS_WHO_CT_LABELS, i);

		if (n > RS_BLOCK_LABELS || first + n > block->count[RS_TABLE_LABEL])
			return -EBADMSG;
	}
	return 0;
}

int rs_block_read_who(struct rs_block *block, ZSTD_DCtx *zstd, const void *data, size_t size)
{
	struct rs_who_head head;
	size_t at = sizeof(head);
	int r = rs_block_unpack(&block->who_raw, zstd, data, size);

	if (r < 0)
		return r;
	if (block->who_raw.len < sizeof(head))
		return -EBADMSG;
	memcpy(&head, block->who_raw.data, sizeof(head));
	if (head.magic != RS_WHO_MAGIC || head.count[RS_TABLE_PROCESS] != block->n_who)
		return -EBADMSG;
	memcpy(block->count, head.count, sizeof(block->count));
	for (unsigned i = 0; i < RS_WHO_COLUMN_COUNT; i++) {
		const struct rs_who_row *row = &rs_who_columns[i];
		size_t n = (size_t)head.count[row->table] * row->width;

		if (n > block->who_raw.len - at)
			return -EBADMSG;
		block->column[i] = block->who_raw.data + at;
		at += n;
		if (row->refers != RS_TABLE_NUMBER &&
		    !refs_below((const uint32_t *)(const void *)block->column[i],
				head.count[row->table], head.count[row->refers]))
			return -EBADMSG;
	}
	if (head.bytes != block->who_raw.len - at)
		return -EBADMSG;
	block->text = (const char *)block->who_raw.data + at;
	r = read_strings(block, head.bytes);
	return r < 0 ? r : check_tables(block);
}

/* --- PATHS --- */

int rs_block_read_paths(struct rs_block *block, ZSTD_DCtx *zstd, const void *data, size_t size)
{
	uint32_t n, len, *start;
	size_t at;
	int r = rs_block_unpack(&block->paths_raw, zstd, data, size);

	if (r < 0)
		return r;
	if (block->paths_raw.len < sizeof(n))
		return -EBADMSG;
	memcpy(&n, block->paths_raw.data, sizeof(n));
	at = sizeof(n) + (size_t)n * sizeof(len);
	if (n != block->n_paths || at > block->paths_raw.len)
		return -EBADMSG;
	block->paths.len = 0;
	r = rs_bytes_reserve(&block->paths, ((size_t)n + 1) * sizeof(*start));
	if (r < 0)
		return r;
	start = (uint32_t *)(void *)block->paths.data;
	for (uint32_t i = 0; i < n; i++) {
		memcpy(&len, block->paths_raw.data + sizeof(n) + i * sizeof(len), sizeof(len));
		if (len > block->paths_raw.len - at)
			return -EBADMSG;
		start[i] = (uint32_t)at;
		at += len;
	}
	start[n] = (uint32_t)at;
	return at == block->paths_raw.len ? 0 : -EBADMSG;
}

/* --- records --- */

static void fill_header(const struct rs_block *block, unsigned event, const struct rs_stub *stub,
			struct rs_hdr *hdr)
{
	uint32_t who = block->who[event];
	uint64_t comm[2] = { rs_block_u64(block, RS_WHO_COMM, who),
			     rs_block_u64(block, RS_WHO_COMM2, who) };

	*hdr = (struct rs_hdr){
		.kind = stub->kind,
		.hook = stub->hook,
		.flags = stub->flags,
		.size = stub->size,
		.seq = block->seq[event],
		.time = block->time[event],
		.cpu = (uint16_t)block->cpu[event],
		.lane = (uint8_t)(block->cpu[event] >> 16),
		.nr = stub->nr,
		.pid = rs_block_u32(block, RS_WHO_PID, who),
		.ppid = rs_block_u32(block, RS_WHO_PPID, who),
		.uid = rs_block_u32(block, RS_WHO_UID, who),
		.gid = rs_block_u32(block, RS_WHO_GID, who),
		.ret = stub->ret,
		.start = rs_block_u64(block, RS_WHO_START, who),
		.pstart = rs_block_u64(block, RS_WHO_PSTART, who),
		.cgroup = rs_block_u64(block, RS_WHO_CGROUP, who),
	};
	hdr->tid = hdr->pid + stub->tid;
	memcpy(hdr->comm, comm, sizeof(hdr->comm));
}

int rs_block_record(const struct rs_block *block, unsigned event, const struct rs_bytes *chunk,
		    size_t *pos, struct rs_bytes *out)
{
	const uint8_t *p = chunk->data + *pos;
	size_t room = chunk->len - *pos, body, end, padded;
	struct rs_stub stub;
	struct rs_hdr hdr;
	int r;

	if (room < sizeof(stub))
		return -EBADMSG;
	memcpy(&stub, p, sizeof(stub));
	room -= sizeof(stub);
	p += sizeof(stub);
	end = block->what[event] & RS_WHAT_END ? sizeof(struct rs_exit) : 0;
	if (stub.kind != (block->what[event] & ~RS_WHAT_END) || stub.size < sizeof(hdr) ||
	    stub.size - sizeof(hdr) > room || room - (stub.size - sizeof(hdr)) < end)
		return -EBADMSG;
	body = stub.size - sizeof(hdr);
	*pos += sizeof(stub) + body + end;
	if (!out)
		return 0;
	padded = ((size_t)stub.size + 7) & ~(size_t)7;
	r = rs_bytes_reserve(out, padded + end);
	if (r < 0)
		return r;
	fill_header(block, event, &stub, &hdr);
	memcpy(out->data + out->len, &hdr, sizeof(hdr));
	memcpy(out->data + out->len + sizeof(hdr), p, body);
	memset(out->data + out->len + stub.size, 0, padded - stub.size);
	memcpy(out->data + out->len + padded, p + body, end);
	out->len += padded + end;
	return 0;
}

/* --- who --- */

static void fill_container(const struct rs_block *b, uint32_t i, struct rs_block_scratch *s)
{
	const char *text[RS_WHO_CT_STRINGS];
	uint32_t first = rs_block_u32(b, RS_WHO_CT_LABEL, i),
		 n = rs_block_u32(b, RS_WHO_CT_LABELS, i);

	for (unsigned k = 0; k < RS_WHO_CT_STRINGS; k++)
		text[k] = rs_block_string(b, rs_block_u32(b, RS_WHO_CT_ID + k, i));
	s->container = (struct rs_event_container){
		.id = text[0] ? text[0] : "",
		.runtime = text[1],
		.name = text[2],
		.image = text[3],
		.pod_name = text[4],
		.pod_uid = text[5],
		.namespace = text[6],
		.node = text[7],
		.pod_ip = text[8],
		.owner_kind = text[9],
		.owner_name = text[10],
		.labels = n ? s->labels : NULL,
		.n_labels = n,
		.sandbox = rs_block_u32(b, RS_WHO_CT_SANDBOX, i) != 0,
		.owner = rs_block_u32(b, RS_WHO_CT_OWNER, i),
	};
	for (uint32_t k = 0; k < n; k++) {
		const char *key = rs_block_string(b, rs_block_u32(b, RS_WHO_LABEL_KEY, first + k));
		const char *value = rs_block_string(b,
						    rs_block_u32(b, RS_WHO_LABEL_VALUE, first + k));

		s->labels[k] = (struct rs_event_label){ key ? key : "", value ? value : "" };
	}
	s->cgroup.container = &s->container;
}

static void fill_scratch(const struct rs_block *b, unsigned who, struct rs_block_scratch *s)
{
	uint32_t node = rs_block_u32(b, RS_WHO_NODE, who),
		 group = rs_block_u32(b, RS_WHO_GROUP, who);

	s->block = b;
	s->who = who;
	s->n_ancestors = 0;
	while (node && s->n_ancestors < RS_EVENT_ANCESTORS_MAX) {
		const char *name = rs_block_string(b, rs_block_u32(b, RS_WHO_NODE_NAME, node - 1));

		s->ancestors[s->n_ancestors++] = (struct rs_event_ancestor){
			.start = rs_block_u64(b, RS_WHO_NODE_START, node - 1),
			.pid = rs_block_u32(b, RS_WHO_NODE_PID, node - 1),
			.name = name ? name : "",
			.executable = rs_block_string(b,
						      rs_block_u32(b, RS_WHO_NODE_EXE, node - 1)),
		};
		node = rs_block_u32(b, RS_WHO_NODE_NEXT, node - 1);
	}
	s->has_cgroup = group != 0;
	if (!group)
		return;
	s->cgroup = (struct rs_event_cgroup){
		.path = rs_block_string(b, rs_block_u32(b, RS_WHO_GROUP_PATH, group - 1)),
		.unit = rs_block_string(b, rs_block_u32(b, RS_WHO_GROUP_UNIT, group - 1)),
	};
	if (!s->cgroup.path)
		s->cgroup.path = "";
	if (rs_block_u32(b, RS_WHO_GROUP_CONTAINER, group - 1))
		fill_container(b, rs_block_u32(b, RS_WHO_GROUP_CONTAINER, group - 1) - 1, s);
}

int rs_block_event(const struct rs_block *b, unsigned event, const uint8_t *record,
		   struct rs_block_scratch *s, struct rs_event *ret_event)
{
	const struct rs_hdr *hdr = (const void *)record;
	unsigned who = b->who[event];
	int r = rs_event_decode(hdr, hdr->size, ret_event);

	if (r < 0)
		return r;
	if (s->block != b || s->who != who)
		fill_scratch(b, who, s);
	ret_event->user = rs_block_string(b, rs_block_u32(b, RS_WHO_USER, who));
	ret_event->group = rs_block_string(b, rs_block_u32(b, RS_WHO_USERGROUP, who));
	ret_event->executable = rs_block_string(b, rs_block_u32(b, RS_WHO_EXE, who));
	ret_event->parent_executable = rs_block_string(b, rs_block_u32(b, RS_WHO_PARENT_EXE, who));
	ret_event->parent_name = rs_block_string(b, rs_block_u32(b, RS_WHO_PARENT_NAME, who));
	ret_event->command_line = rs_block_string(b, rs_block_u32(b, RS_WHO_COMMAND_LINE, who));
	ret_event->cgroup = s->has_cgroup ? &s->cgroup : NULL;
	ret_event->ancestors = s->n_ancestors ? s->ancestors : NULL;
	ret_event->n_ancestors = s->n_ancestors;
	if (b->what[event] & RS_WHAT_END)
		ret_event->end = (const void *)(record + (((size_t)hdr->size + 7) & ~(size_t)7));
	return 0;
}
