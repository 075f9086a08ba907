/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <zstd.h>

#include "store/encode.h"

#define LEVEL 1

struct order {
	uint64_t cgroup, start;
	uint32_t pid;
	uint16_t who;
};

/* One of rs_who_columns, being filled. */
struct column {
	struct rs_bytes bytes;
};

struct rs_encoder {
	ZSTD_CCtx *zstd;
	struct rs_store_intern strings, paths, nodes, groups, containers;
	struct rs_terms terms;
	struct rs_bytes out, raw;
	struct column column[RS_WHO_COLUMN_COUNT];
	uint32_t count[RS_TABLES];
	struct order order[RS_BLOCK_EVENTS];
	uint16_t rank[RS_BLOCK_EVENTS];   /* of a process of the pack */
	uint16_t sorted[RS_BLOCK_EVENTS]; /* events in the order of chunks */
	uint32_t group[RS_PACK_GROUPS];   /* number of a group of the pack */
	uint32_t last_node;
	int error; /* the first -ENOMEM; looked at now and then */
};

const struct rs_who_row rs_who_columns[RS_WHO_COLUMN_COUNT] = {
#define X(name, table, width, refers) { RS_TABLE_##table, width, RS_TABLE_##refers },
	RS_WHO_COLUMNS(X)
#undef X
};

int rs_encoder_new(struct rs_encoder **ret_encoder)
{
	struct rs_encoder *encoder = calloc(1, sizeof(*encoder));

	if (!encoder)
		return -ENOMEM;
	encoder->zstd = ZSTD_createCCtx();
	if (!encoder->zstd) {
		free(encoder);
		return -ENOMEM;
	}
	ZSTD_CCtx_setParameter(encoder->zstd, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(encoder->zstd, ZSTD_c_checksumFlag, 1);
	*ret_encoder = encoder;
	return 0;
}

void rs_encoder_free(struct rs_encoder **encoder)
{
	struct rs_encoder *e = *encoder;

	if (!e)
		return;
	ZSTD_freeCCtx(e->zstd);
	rs_store_intern_done(&e->strings);
	rs_store_intern_done(&e->paths);
	rs_store_intern_done(&e->nodes);
	rs_store_intern_done(&e->groups);
	rs_store_intern_done(&e->containers);
	rs_bytes_done(&e->terms.list);
	rs_bytes_done(&e->out);
	rs_bytes_done(&e->raw);
	for (unsigned i = 0; i < RS_WHO_COLUMN_COUNT; i++)
		rs_bytes_done(&e->column[i].bytes);
	free(e);
	*encoder = NULL;
}

static void note(struct rs_encoder *e, int r)
{
	if (r < 0)
		e->error = r;
}

static void append(struct rs_encoder *e, struct rs_bytes *bytes, const void *data, size_t n)
{
	int r = rs_bytes_reserve(bytes, n);

	note(e, r);
	if (r < 0)
		return;
	if (n)
		memcpy(bytes->data + bytes->len, data, n);
	bytes->len += n;
}

static void put(struct rs_encoder *e, enum rs_who_column column, uint64_t value)
{
	uint32_t narrow = (uint32_t)value;

	if (rs_who_columns[column].width == 8)
		append(e, &e->column[column].bytes, &value, sizeof(value));
	else
		append(e, &e->column[column].bytes, &narrow, sizeof(narrow));
}

static void term(struct rs_encoder *e, enum rs_term kind, const char *text, size_t n)
{
	if (text)
		note(e, rs_terms_add(&e->terms, rs_term_text(kind, text, n)));
}

/* --- processes --- */

static uint32_t string(struct rs_encoder *e, const char *text, size_t n)
{
	uint32_t number = 0, before = e->strings.n;

	if (!text)
		return 0;
	note(e, rs_store_intern_add(&e->strings, text, n + 1, &number));
	if (e->strings.n > before)
		put(e, RS_WHO_STRING_LEN, n + 1);
	return number;
}

static uint32_t next_string(struct rs_encoder *e, const uint8_t **pos)
{
	uint32_t len;
	const char *text = rs_pack_text(pos, &len);

	return string(e, text, len);
}

static uint32_t next_term(struct rs_encoder *e, const uint8_t **pos, enum rs_term kind)
{
	uint32_t len;
	const char *text = rs_pack_text(pos, &len);

	term(e, kind, text, len);
	return string(e, text, len);
}

static uint32_t add_container(struct rs_encoder *e, const struct rs_pack_group *group,
			      const uint8_t **pos)
{
	static const uint8_t terms[RS_WHO_CT_STRINGS] = {
		[0] = RS_TERM_CONTAINER_ID, /* RS_WHO_CT_ID is the first */
		[RS_WHO_CT_NAME - RS_WHO_CT_ID] = RS_TERM_CONTAINER_NAME,
		[RS_WHO_CT_POD_NAME - RS_WHO_CT_ID] = RS_TERM_POD_NAME,
		[RS_WHO_CT_POD_UID - RS_WHO_CT_ID] = RS_TERM_POD_UID,
		[RS_WHO_CT_NAMESPACE - RS_WHO_CT_ID] = RS_TERM_NAMESPACE,
	};
	uint32_t ref[RS_WHO_CT_STRINGS + 2 + 2 * 256], n = RS_WHO_CT_STRINGS, number = 0;
	uint32_t before = e->containers.n;

	for (unsigned i = 0; i < RS_WHO_CT_STRINGS; i++)
		ref[i] = terms[i] ? next_term(e, pos, terms[i]) : next_string(e, pos);
	ref[n++] = group->sandbox;
	ref[n++] = group->owner;
	for (unsigned i = 0; i < group->n_labels; i++) {
		ref[n++] = next_string(e, pos);
		ref[n++] = next_string(e, pos);
	}
	note(e, rs_store_intern_add(&e->containers, ref, n * sizeof(*ref), &number));
	if (e->containers.n == before)
		return number;
	for (unsigned i = 0; i < RS_WHO_CT_STRINGS; i++)
		put(e, RS_WHO_CT_ID + i, ref[i]);
	put(e, RS_WHO_CT_SANDBOX, group->sandbox);
	put(e, RS_WHO_CT_OWNER, group->owner);
	put(e, RS_WHO_CT_LABEL, e->count[RS_TABLE_LABEL]);
	put(e, RS_WHO_CT_LABELS, group->n_labels);
	e->count[RS_TABLE_LABEL] += group->n_labels;
	for (unsigned i = RS_WHO_CT_STRINGS + 2; i < n; i += 2) {
		put(e, RS_WHO_LABEL_KEY, ref[i]);
		put(e, RS_WHO_LABEL_VALUE, ref[i + 1]);
	}
	return number;
}

static uint32_t add_group(struct rs_encoder *e, const struct rs_pack_group *group)
{
	const uint8_t *pos = (const uint8_t *)(group + 1);
	uint32_t ref[3] = { 0 }, number = 0, before = e->groups.n;

	ref[0] = next_string(e, &pos);
	ref[1] = next_term(e, &pos, RS_TERM_UNIT);
	if (group->has_container)
		ref[2] = add_container(e, group, &pos);
	note(e, rs_store_intern_add(&e->groups, ref, sizeof(ref), &number));
	if (e->groups.n > before) {
		put(e, RS_WHO_GROUP_PATH, ref[0]);
		put(e, RS_WHO_GROUP_UNIT, ref[1]);
		put(e, RS_WHO_GROUP_CONTAINER, ref[2]);
	}
	return number;
}

struct node {
	uint64_t start;
	uint32_t pid, name, exe, next;
};

static uint32_t add_node(struct rs_encoder *e, const struct node *node)
{
	uint32_t number = 0, before = e->nodes.n;

	note(e, rs_store_intern_add(&e->nodes, node, sizeof(*node), &number));
	if (e->nodes.n > before) {
		put(e, RS_WHO_NODE_START, node->start);
		put(e, RS_WHO_NODE_PID, node->pid);
		put(e, RS_WHO_NODE_NAME, node->name);
		put(e, RS_WHO_NODE_EXE, node->exe);
		put(e, RS_WHO_NODE_NEXT, node->next);
	}
	return number;
}

/* The chain from its end on, so that what two have in common is there once, and a node refers only to
 * those before it. */
static uint32_t add_ancestors(struct rs_encoder *e, const struct rs_pack_who *who)
{
	const uint8_t *pos = (const uint8_t *)who + who->ancestors;
	struct node node[RS_EVENT_ANCESTORS_MAX];
	uint32_t next = 0;

	for (unsigned i = 0; i < who->n_ancestors; i++) {
		memcpy(&node[i].start, pos, sizeof(node[i].start));
		memcpy(&node[i].pid, pos + 8, sizeof(node[i].pid));
		pos += 12;
		node[i].name = next_string(e, &pos);
		node[i].exe = next_string(e, &pos);
	}
	for (unsigned i = who->n_ancestors; i-- > 0;) {
		node[i].next = next;
		next = add_node(e, &node[i]);
	}
	return next;
}

static bool same_ancestors(const struct rs_pack_who *a, const struct rs_pack_who *b)
{
	size_t n = a->size - a->ancestors;

	return a->n_ancestors == b->n_ancestors && n == b->size - b->ancestors &&
	       memcmp((const uint8_t *)a + a->ancestors, (const uint8_t *)b + b->ancestors, n) == 0;
}

/* Siblings stand side by side here, and mostly have the same ancestors. */
static void add_shared(struct rs_encoder *e, const struct rs_pack_who *who,
		       const struct rs_pack_who *before)
{
	if (!before || !same_ancestors(who, before))
		e->last_node = add_ancestors(e, who);
	put(e, RS_WHO_NODE, e->last_node);
	put(e, RS_WHO_GROUP, who->group ? e->group[who->group - 1] : 0);
}

static void add_who(struct rs_encoder *e, const struct rs_pack_who *who,
		    const struct rs_pack_who *before)
{
	const uint8_t *pos = (const uint8_t *)(who + 1);
	uint64_t comm[2];

	memcpy(comm, who->comm, sizeof(comm));
	put(e, RS_WHO_START, who->start);
	put(e, RS_WHO_PSTART, who->pstart);
	put(e, RS_WHO_CGROUP, who->cgroup);
	put(e, RS_WHO_COMM, comm[0]);
	put(e, RS_WHO_COMM2, comm[1]);
	put(e, RS_WHO_PID, who->pid);
	put(e, RS_WHO_PPID, who->ppid);
	put(e, RS_WHO_UID, who->uid);
	put(e, RS_WHO_GID, who->gid);
	put(e, RS_WHO_USER, next_term(e, &pos, RS_TERM_USER));
	put(e, RS_WHO_USERGROUP, next_string(e, &pos));
	put(e, RS_WHO_EXE, next_term(e, &pos, RS_TERM_EXECUTABLE));
	put(e, RS_WHO_PARENT_EXE, next_string(e, &pos));
	put(e, RS_WHO_PARENT_NAME, next_string(e, &pos));
	put(e, RS_WHO_COMMAND_LINE, next_string(e, &pos));
	term(e, RS_TERM_NAME, who->comm, strnlen(who->comm, RS_TERM_NAME_MAX));
	if (!before || before->pid != who->pid)
		note(e, rs_terms_add(&e->terms, rs_term_number(RS_TERM_PID, who->pid)));
	add_shared(e, who, before);
}

static int by_order(const void *pa, const void *pb)
{
	const struct order *a = pa, *b = pb;

	if (a->cgroup != b->cgroup)
		return a->cgroup < b->cgroup ? -1 : 1;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->who < b->who ? -1 : a->who > b->who;
}

static void add_whos(struct rs_encoder *e, const struct rs_pack *pack)
{
	const struct rs_pack_who *who, *before = NULL;

	for (unsigned i = 0; i < pack->n_groups; i++)
		e->group[i] = add_group(e, rs_pack_group(pack, i + 1));
	for (unsigned i = 0; i < pack->n_who; i++) {
		who = rs_pack_who(pack, i);
		e->order[i] = (struct order){ who->cgroup, who->start, who->pid, (uint16_t)i };
	}
	qsort(e->order, pack->n_who, sizeof(*e->order), by_order);
	for (unsigned i = 0; i < pack->n_who; i++) {
		who = rs_pack_who(pack, e->order[i].who);
		e->rank[e->order[i].who] = (uint16_t)i;
		add_who(e, who, before);
		before = who;
	}
}

/* --- events --- */

/* One column's bytes: value number i of width bytes, a plane for each. */
static void put_plane(uint8_t *planes, unsigned n, unsigned i, unsigned width, uint64_t value)
{
	for (unsigned k = 0; k < width; k++)
		planes[(size_t)k * n + i] = (uint8_t)(value >> 8 * k);
}

static uint32_t path_number(struct rs_encoder *e, const char *data, size_t n)
{
	uint32_t number = 0;

	note(e, rs_store_intern_add(&e->paths, data, n, &number));
	return number;
}

/* Both paths of an event as the fields "file.path" and its like have them; for exec the executable, for
 * symlink the content. */
static void find_paths(struct rs_encoder *e, const struct rs_event *event,
		       uint32_t number[static 2])
{
	static _Thread_local char buf[RS_EVENT_PATH_MAX];
	const struct rs_text *name = &event->field[RS_TAG_NAME];
	const struct rs_text *exe = &event->field[RS_TAG_EXE];
	struct rs_path path;

	number[0] = number[1] = 0;
	if (event->hdr->kind == RS_KIND_EXEC && rs_event_kernel_path(exe, buf, &path)) {
		number[0] = path_number(e, path.data, path.len);
		term(e, RS_TERM_EXECUTABLE, path.data, path.len);
		return;
	}
	for (int i = 0; i < 2; i++)
		if (rs_event_path(event, i, buf, &path))
			number[i] = path_number(e, path.data, path.len);
	if (event->hdr->kind == RS_KIND_SYMLINK && name->data)
		number[1] = path_number(e, name->data, name->len);
}

static void add_addresses(struct rs_encoder *e, const struct rs_net *net)
{
	char text[RS_EVENT_ADDR_MAX];
	size_t n;

	if (net->family != AF_INET && net->family != AF_INET6)
		return;
	n = rs_event_format_addr(net->family, net->local, text);
	term(e, RS_TERM_ADDRESS, text, n);
	n = rs_event_format_addr(net->family, net->remote, text);
	term(e, RS_TERM_ADDRESS, text, n);
}

static void add_event(struct rs_encoder *e, const struct rs_pack *pack, unsigned i,
		      uint8_t *columns)
{
	const struct rs_hdr *hdr = (const void *)(pack->records.data + pack->event[i].at);
	static const uint8_t width[RS_COLUMN_COUNT] = RS_COLUMN_WIDTHS;
	uint64_t value[RS_COLUMN_COUNT];
	uint32_t path[2] = { 0 };
	struct rs_event event;

	if (rs_event_decode(hdr, hdr->size, &event) == 0) {
		find_paths(e, &event, path);
		if (rs_kind_sensor(hdr->kind) == RS_SENSOR_NET)
			add_addresses(e, event.net);
	}
	value[RS_COLUMN_WHAT] = hdr->kind | (pack->event[i].end ? RS_WHAT_END : 0);
	value[RS_COLUMN_TIME] = hdr->time;
	value[RS_COLUMN_CPU] = (uint32_t)hdr->lane << 16 | hdr->cpu;
	value[RS_COLUMN_SEQ] = hdr->seq;
	value[RS_COLUMN_WHO] = e->rank[pack->event[i].who];
	value[RS_COLUMN_PATH] = path[0];
	value[RS_COLUMN_PATH2] = path[1];
	for (unsigned c = 0; c < RS_COLUMN_COUNT; c++) {
		if (c != RS_COLUMN_TIME && c != RS_COLUMN_SEQ)
			put_plane(columns, pack->n, i, width[c], value[c]);
		columns += (size_t)width[c] * pack->n;
	}
}

/* Times and sequence numbers, as differences. */
static void add_numbers(const struct rs_pack *pack, uint8_t *times, uint8_t *seqs)
{
	uint64_t time = 0, seq[RS_SEQ_SLOTS] = { 0 };

	for (unsigned i = 0; i < pack->n; i++) {
		const struct rs_hdr *hdr = (const void *)(pack->records.data + pack->event[i].at);
		uint64_t *last = &seq[rs_seq_slot((uint32_t)hdr->lane << 16 | hdr->cpu)];

		put_plane(times, pack->n, i, 8, rs_zigzag(hdr->time - time));
		put_plane(seqs, pack->n, i, 8, rs_zigzag(hdr->seq - *last));
		time = hdr->time;
		*last = hdr->seq;
	}
}

static int make_columns(struct rs_encoder *e, const struct rs_pack *pack)
{
	struct rs_columns_head head = {
		.magic = RS_COLUMNS_MAGIC,
		.n = pack->n,
		.n_who = pack->n_who,
		.n_runs = pack->n_runs,
		.kinds = pack->kinds,
	};
	size_t runs = pack->n_runs * sizeof(struct rs_run), n = pack->n;
	uint8_t *columns;
	int r;

	e->raw.len = 0;
	r = rs_bytes_reserve(&e->raw, sizeof(head) + runs + n * RS_COLUMNS_WIDTH);
	if (r < 0)
		return r;
	columns = e->raw.data + sizeof(head) + runs;
	for (unsigned i = 0; i < n; i++)
		add_event(e, pack, i, columns);
	add_numbers(pack, columns + n, columns + n * 12);
	head.n_paths = e->paths.n;
	memcpy(e->raw.data, &head, sizeof(head));
	memcpy(e->raw.data + sizeof(head), pack->runs, runs);
	e->raw.len = sizeof(head) + runs + n * RS_COLUMNS_WIDTH;
	return e->error;
}

static void make_who(struct rs_encoder *e, const struct rs_pack *pack)
{
	struct rs_who_head head = { .magic = RS_WHO_MAGIC, .bytes = (uint32_t)e->strings.data.len };

	e->count[RS_TABLE_PROCESS] = pack->n_who;
	e->count[RS_TABLE_NODE] = e->nodes.n;
	e->count[RS_TABLE_GROUP] = e->groups.n;
	e->count[RS_TABLE_CONTAINER] = e->containers.n;
	e->count[RS_TABLE_STRING] = e->strings.n;
	memcpy(head.count, e->count, sizeof(head.count));
	e->raw.len = 0;
	append(e, &e->raw, &head, sizeof(head));
	for (unsigned i = 0; i < RS_WHO_COLUMN_COUNT; i++)
		append(e, &e->raw, e->column[i].bytes.data, e->column[i].bytes.len);
	append(e, &e->raw, e->strings.data.data, e->strings.data.len);
}

static void make_paths(struct rs_encoder *e)
{
	uint32_t n = e->paths.n, len;
	const uint8_t *path;

	e->raw.len = 0;
	append(e, &e->raw, &n, sizeof(n));
	for (uint32_t i = 1; i <= n; i++) {
		path = rs_store_intern_get(&e->paths, i, &len);
		append(e, &e->raw, &len, sizeof(len));
		note(e, rs_terms_add_path(&e->terms, path, len));
	}
	append(e, &e->raw, e->paths.data.data, e->paths.data.len);
}

/* --- records --- */

static void add_record(struct rs_encoder *e, const struct rs_pack *pack, unsigned i)
{
	const uint8_t *record = pack->records.data + pack->event[i].at;
	const struct rs_hdr *hdr = (const void *)record;
	struct rs_stub stub = {
		.kind = hdr->kind,
		.hook = hdr->hook,
		.flags = hdr->flags,
		.size = hdr->size,
		.nr = hdr->nr,
		.tid = hdr->tid - hdr->pid,
		.ret = hdr->ret,
	};

	append(e, &e->raw, &stub, sizeof(stub));
	append(e, &e->raw, record + sizeof(*hdr), hdr->size - sizeof(*hdr));
	if (pack->event[i].end)
		append(e, &e->raw, record + (((size_t)hdr->size + 7) & ~(size_t)7),
		       sizeof(struct rs_exit));
}

/* By the rank of their process, and then as they came. */
static void sort_events(struct rs_encoder *e, const struct rs_pack *pack)
{
	uint16_t at[RS_BLOCK_EVENTS + 1] = { 0 };

	for (unsigned i = 0; i < pack->n; i++)
		at[e->rank[pack->event[i].who] + 1]++;
	for (unsigned i = 1; i <= pack->n_who; i++)
		at[i] = (uint16_t)(at[i] + at[i - 1]);
	for (unsigned i = 0; i < pack->n; i++)
		e->sorted[at[e->rank[pack->event[i].who]]++] = (uint16_t)i;
}

/* --- all --- */

static int compress(struct rs_encoder *e, struct rs_encoded *encoded)
{
	size_t bound = ZSTD_compressBound(e->raw.len), n;

	if (e->error < 0 || rs_bytes_reserve(&e->out, bound) < 0)
		return -ENOMEM;
	n = ZSTD_compress2(e->zstd, e->out.data + e->out.len, bound, e->raw.data, e->raw.len);
	if (ZSTD_isError(n))
		return -ENOMEM;
	e->out.len += n;
	encoded->end[encoded->n_parts++] = e->out.len;
	return 0;
}

static void reset(struct rs_encoder *e)
{
	rs_store_intern_reset(&e->strings);
	rs_store_intern_reset(&e->paths);
	rs_store_intern_reset(&e->nodes);
	rs_store_intern_reset(&e->groups);
	rs_store_intern_reset(&e->containers);
	rs_terms_reset(&e->terms);
	for (unsigned i = 0; i < RS_WHO_COLUMN_COUNT; i++)
		e->column[i].bytes.len = 0;
	memset(e->count, 0, sizeof(e->count));
	e->out.len = 0;
	e->error = 0;
}

static int make_chunks(struct rs_encoder *e, const struct rs_pack *pack, struct rs_encoded *encoded)
{
	int r = 0;

	sort_events(e, pack);
	for (unsigned i = 0; i < pack->n && r >= 0; i += RS_CHUNK_EVENTS) {
		e->raw.len = 0;
		for (unsigned k = i; k < pack->n && k < i + RS_CHUNK_EVENTS; k++)
			add_record(e, pack, e->sorted[k]);
		r = compress(e, encoded);
	}
	return r;
}

/* The filter is known last but stands first: readers want it first. */
static int put_filter(struct rs_encoder *e, struct rs_encoded *encoded)
{
	size_t before = e->out.len, size;
	int r;

	e->raw.len = 0;
	r = rs_bloom_make(&e->terms, &e->raw);
	if (r < 0)
		return r;
	size = e->raw.len;
	r = rs_bytes_reserve(&e->out, size);
	if (r < 0)
		return r;
	memmove(e->out.data + size, e->out.data, before);
	memcpy(e->out.data, e->raw.data, size);
	e->out.len += size;
	for (unsigned i = 0; i < encoded->n_parts; i++)
		encoded->end[i] += size;
	return 0;
}

int rs_encoder_run(struct rs_encoder *e, const struct rs_pack *pack, struct rs_encoded *ret_encoded)
{
	struct rs_encoded encoded = { .n_parts = RS_PART_COLUMNS };
	int r;

	reset(e);
	add_whos(e, pack);
	r = make_columns(e, pack);
	if (r >= 0)
		r = compress(e, &encoded);
	if (r >= 0) {
		make_who(e, pack);
		r = compress(e, &encoded);
	}
	if (r >= 0) {
		make_paths(e);
		r = compress(e, &encoded);
	}
	if (r >= 0)
		r = make_chunks(e, pack, &encoded);
	if (r >= 0)
		r = put_filter(e, &encoded);
	if (r < 0)
		return r;
	encoded.data = e->out.data;
	*ret_encoded = encoded;
	return 0;
}
