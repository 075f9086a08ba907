/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "store/pack.h"

#define OWN_TEXTS       6
#define CONTAINER_TEXTS 11
#define GROUP_TEXTS     (2 + CONTAINER_TEXTS)
#define LABELS_MAX      256

static_assert(RS_BLOCK_TEXT < RS_TEXT_NONE, "lengths of two bytes");

/* --- memory --- */

int rs_bytes_reserve(struct rs_bytes *bytes, size_t n)
{
	size_t cap = bytes->cap ? bytes->cap : 16384;
	uint8_t *data;

	if (likely(bytes->cap - bytes->len >= n))
		return 0;
	while (cap - bytes->len < n)
		cap *= 2;
	data = realloc(bytes->data, cap);
	if (!data)
		return -ENOMEM;
	bytes->data = data;
	bytes->cap = cap;
	return 0;
}

void rs_bytes_done(struct rs_bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct rs_bytes){ 0 };
}

int rs_pack_new(struct rs_pack **ret_pack)
{
	struct rs_pack *pack = malloc(sizeof(*pack));

	if (!pack)
		return -ENOMEM;
	pack->records = pack->whos = pack->groups = (struct rs_bytes){ 0 };
	rs_pack_reset(pack);
	*ret_pack = pack;
	return 0;
}

void rs_pack_free(struct rs_pack **pack)
{
	if (!*pack)
		return;
	rs_bytes_done(&(*pack)->records);
	rs_bytes_done(&(*pack)->whos);
	rs_bytes_done(&(*pack)->groups);
	free(*pack);
	*pack = NULL;
}

void rs_pack_reset(struct rs_pack *pack)
{
	pack->next = NULL;
	pack->n = pack->n_who = pack->n_groups = pack->n_runs = 0;
	pack->first = UINT64_MAX;
	pack->last = pack->kinds = pack->opened = 0;
	pack->records.len = pack->whos.len = pack->groups.len = 0;
	memset(pack->slot, 0, sizeof(pack->slot));
	memset(pack->group_slot, 0, sizeof(pack->group_slot));
}

size_t rs_pack_bytes(const struct rs_pack *pack)
{
	return sizeof(*pack) + pack->records.len + pack->whos.len + pack->groups.len;
}

/* --- strings --- */

static size_t text_size(const char *text)
{
	return sizeof(uint16_t) + (text ? strnlen(text, RS_BLOCK_TEXT) + 1 : 0);
}

static uint8_t *put(uint8_t *p, const char *text)
{
	uint16_t len = RS_TEXT_NONE;
	size_t n;

	if (!text) {
		memcpy(p, &len, sizeof(len));
		return p + sizeof(len);
	}
	n = strnlen(text, RS_BLOCK_TEXT);
	len = (uint16_t)n;
	memcpy(p, &len, sizeof(len));
	memcpy(p + sizeof(len), text, n);
	p[sizeof(len) + n] = '\0';
	return p + sizeof(len) + n + 1;
}

/* Strings are compared each time: those who enrich may use their memory again for others. */
static bool same_text(const uint8_t **pos, const char *text)
{
	uint32_t len;
	const char *have = rs_pack_text(pos, &len);

	if (!have || !text)
		return have == text;
	if (unlikely(len == RS_BLOCK_TEXT)) /* cut, it may be */
		return strncmp(have, text, len) == 0;
	return strcmp(have, text) == 0;
}

/* --- control groups --- */

/* The strings of a group, in their order, and how many labels are kept. */
struct texts {
	const char *text[GROUP_TEXTS];
	unsigned n, n_labels;
	const struct rs_event_label *labels;
	bool sandbox;
	uint32_t owner;
};

static void collect(const struct rs_event_cgroup *group, struct texts *t)
{
	const struct rs_event_container *ct = group->container;

	t->text[0] = group->path;
	t->text[1] = group->unit;
	t->n = 2;
	t->n_labels = 0;
	t->labels = NULL;
	t->sandbox = false;
	t->owner = 0;
	if (!ct)
		return;
	memcpy(t->text + 2,
	       (const char *[CONTAINER_TEXTS]){ ct->id, ct->runtime, ct->name, ct->image,
						ct->pod_name, ct->pod_uid, ct->namespace, ct->node,
						ct->pod_ip, ct->owner_kind, ct->owner_name },
	       CONTAINER_TEXTS * sizeof(char *));
	t->n = GROUP_TEXTS;
	t->labels = ct->labels;
	t->n_labels = MIN(ct->n_labels, (size_t)LABELS_MAX);
	t->sandbox = ct->sandbox;
	t->owner = ct->owner;
}

static bool same_group(const struct rs_pack_group *group, const struct rs_hdr *hdr,
		       const struct texts *t)
{
	const uint8_t *p = (const uint8_t *)(group + 1);

	if (group->id != hdr->cgroup || group->has_container != (t->n > 2) ||
	    group->n_labels != t->n_labels || group->sandbox != t->sandbox ||
	    group->owner != t->owner)
		return false;
	for (unsigned i = 0; i < t->n; i++)
		if (!same_text(&p, t->text[i]))
			return false;
	for (unsigned i = 0; i < t->n_labels; i++)
		if (!same_text(&p, t->labels[i].key) || !same_text(&p, t->labels[i].value))
			return false;
	return true;
}

static int add_group(struct rs_pack *pack, const struct rs_hdr *hdr, const struct texts *t)
{
	size_t size = sizeof(struct rs_pack_group);
	struct rs_pack_group *group;
	uint8_t *p;

	for (unsigned i = 0; i < t->n; i++)
		size += text_size(t->text[i]);
	for (unsigned i = 0; i < t->n_labels; i++)
		size += text_size(t->labels[i].key) + text_size(t->labels[i].value);
	size = (size + 7) & ~(size_t)7;
	if (pack->n_groups == RS_PACK_GROUPS || pack->groups.len + size > RS_BLOCK_WHOS)
		return -ENOBUFS;
	if (rs_bytes_reserve(&pack->groups, size) < 0)
		return -ENOMEM;
	group = (struct rs_pack_group *)(void *)(pack->groups.data + pack->groups.len);
	*group = (struct rs_pack_group){
		.id = hdr->cgroup,
		.size = (uint32_t)size,
		.n_labels = (uint16_t)t->n_labels,
		.has_container = t->n > 2,
		.sandbox = t->sandbox,
		.owner = t->owner,
	};
	p = (uint8_t *)(group + 1);
	for (unsigned i = 0; i < t->n; i++)
		p = put(p, t->text[i]);
	for (unsigned i = 0; i < t->n_labels; i++)
		p = put(put(p, t->labels[i].key), t->labels[i].value);
	pack->group[pack->n_groups++] = (uint32_t)pack->groups.len;
	pack->groups.len += size;
	return (int)pack->n_groups;
}

/* The number of the event's group, from 1; 0: none. */
static int find_group(struct rs_pack *pack, const struct rs_event *event)
{
	uint64_t h = event->hdr->cgroup * 0x9e3779b97f4a7c15ull >> 40;
	struct texts t;
	uint16_t *slot;
	int r;

	if (!event->cgroup)
		return 0;
	collect(event->cgroup, &t);
	for (unsigned way = 0; way < 2; way++) {
		slot = &pack->group_slot[(h + way) % RS_PACK_GROUPS];
		if (!*slot)
			break;
		if (same_group(rs_pack_group(pack, *slot), event->hdr, &t))
			return *slot;
	}
	r = add_group(pack, event->hdr, &t);
	if (r > 0)
		*slot = (uint16_t)r;
	return r;
}

/* --- processes --- */

static size_t who_size(const struct rs_event *event, const char *const own[static OWN_TEXTS],
		       unsigned n_ancestors)
{
	size_t size = sizeof(struct rs_pack_who);

	for (unsigned i = 0; i < OWN_TEXTS; i++)
		size += text_size(own[i]);
	for (unsigned i = 0; i < n_ancestors; i++)
		size += sizeof(uint64_t) + sizeof(uint32_t) + text_size(event->ancestors[i].name) +
			text_size(event->ancestors[i].executable);
	return (size + 7) & ~(size_t)7;
}

static unsigned count_ancestors(const struct rs_event *event)
{
	return (unsigned)MIN(event->n_ancestors, (size_t)RS_EVENT_ANCESTORS_MAX);
}

static void fill(struct rs_pack_who *who, const struct rs_event *event,
		 const char *const own[static OWN_TEXTS], int group, size_t size)
{
	uint8_t *base = (uint8_t *)who, *p = base + sizeof(*who);
	const struct rs_hdr *hdr = event->hdr;

	*who = (struct rs_pack_who){
		.start = hdr->start,
		.pstart = hdr->pstart,
		.cgroup = hdr->cgroup,
		.pid = hdr->pid,
		.ppid = hdr->ppid,
		.uid = hdr->uid,
		.gid = hdr->gid,
		.size = (uint32_t)size,
		.n_ancestors = (uint16_t)count_ancestors(event),
		.group = (uint16_t)group,
	};
	memcpy(who->comm, hdr->comm, sizeof(who->comm));
	for (unsigned i = 0; i < OWN_TEXTS; i++)
		p = put(p, own[i]);
	who->ancestors = (uint32_t)(p - base);
	for (unsigned i = 0; i < who->n_ancestors; i++) {
		const struct rs_event_ancestor *a = &event->ancestors[i];

		memcpy(p, &a->start, sizeof(a->start));
		memcpy(p + 8, &a->pid, sizeof(a->pid));
		p = put(put(p + 12, a->name), a->executable);
	}
	memset(p, 0, size - (size_t)(p - base));
}

static bool same_ancestors(const struct rs_pack_who *who, const struct rs_event *event)
{
	const uint8_t *p = (const uint8_t *)who + who->ancestors;

	if (who->n_ancestors != count_ancestors(event))
		return false;
	for (unsigned i = 0; i < who->n_ancestors; i++) {
		const struct rs_event_ancestor *a = &event->ancestors[i];

		if (memcmp(p, &a->start, sizeof(a->start)) != 0 ||
		    memcmp(p + 8, &a->pid, sizeof(a->pid)) != 0)
			return false;
		p += 12;
		if (!same_text(&p, a->name) || !same_text(&p, a->executable))
			return false;
	}
	return true;
}

static bool same_who(const struct rs_pack_who *who, const struct rs_event *event,
		     const char *const own[static OWN_TEXTS], int group)
{
	const uint8_t *p = (const uint8_t *)(who + 1);
	const struct rs_hdr *hdr = event->hdr;

	if (who->pid != hdr->pid || who->start != hdr->start || who->uid != hdr->uid ||
	    who->gid != hdr->gid || who->cgroup != hdr->cgroup || who->ppid != hdr->ppid ||
	    who->pstart != hdr->pstart || who->group != group ||
	    memcmp(who->comm, hdr->comm, sizeof(who->comm)) != 0)
		return false;
	for (unsigned i = 0; i < OWN_TEXTS; i++)
		if (!same_text(&p, own[i]))
			return false;
	return same_ancestors(who, event);
}

static uint64_t hash_of(const struct rs_hdr *hdr)
{
	uint64_t comm, h;

	memcpy(&comm, hdr->comm, sizeof(comm));
	h = hdr->pid * 0x9e3779b97f4a7c15ull ^ hdr->start ^ comm * 0xc2b2ae3d27d4eb4full;
	h ^= h >> 32;
	return h * 0xd6e8feb86659fd93ull >> 32;
}

/* The number of the event's process, a new one where it differs in anything from those there are. */
static int find_who(struct rs_pack *pack, const struct rs_event *event)
{
	const char *const own[OWN_TEXTS] = { event->user,        event->group,
					     event->executable,  event->parent_executable,
					     event->parent_name, event->command_line };
	uint64_t h = hash_of(event->hdr);
	int group = find_group(pack, event);
	uint16_t *slot;
	size_t size;

	if (group < 0)
		return group;
	for (unsigned way = 0; way < 2; way++) {
		slot = &pack->slot[(h + way) % RS_PACK_SLOTS];
		if (!*slot)
			break;
		if (same_who(rs_pack_who(pack, *slot - 1u), event, own, group))
			return *slot - 1;
	}
	size = who_size(event, own, count_ancestors(event));
	if (pack->whos.len + size > RS_BLOCK_WHOS)
		return -ENOBUFS;
	if (rs_bytes_reserve(&pack->whos, size) < 0)
		return -ENOMEM;
	pack->who[pack->n_who] = (uint32_t)pack->whos.len;
	fill((struct rs_pack_who *)(void *)(pack->whos.data + pack->whos.len), event, own, group,
	     size);
	pack->whos.len += size;
	*slot = (uint16_t)++pack->n_who;
	return (int)pack->n_who - 1;
}

/* --- events --- */

static bool offset_fits(struct rs_pack *pack, int64_t offset)
{
	if (pack->n_runs && pack->runs[pack->n_runs - 1].offset == offset)
		return true;
	if (pack->n_runs == RS_BLOCK_RUNS)
		return false;
	pack->runs[pack->n_runs++] = (struct rs_run){ .offset = offset, .from = pack->n };
	return true;
}

/* The environment, the last field where there is one, may hold secrets, and the whole of it is in the record
 * as soon as one variable was asked for: it is not kept. */
static uint32_t kept_size(const struct rs_event *event)
{
	const char *env = event->field[RS_TAG_ENV].data;

	return env ? (uint32_t)(env - sizeof(struct rs_record_field) - (const char *)event->hdr)
		   : event->hdr->size;
}

static void copy_record(struct rs_pack *pack, const struct rs_event *event, size_t size)
{
	uint8_t *p = pack->records.data + pack->records.len;
	uint32_t kept = kept_size(event);

	memcpy(p, event->hdr, kept);
	memset(p + kept, 0, size - kept);
	((struct rs_hdr *)(void *)p)->size = kept;
	if (event->end)
		memcpy(p + size, event->end, sizeof(*event->end));
	pack->records.len += size + (event->end ? sizeof(*event->end) : 0);
}

int rs_pack_add(struct rs_pack *pack, const struct rs_event *event, int64_t boot_offset)
{
	size_t size = ((size_t)kept_size(event) + 7) & ~(size_t)7;
	uint64_t real = event->hdr->time + (uint64_t)boot_offset;
	int who, r;

	if (pack->n == RS_BLOCK_EVENTS || pack->records.len >= RS_BLOCK_BYTES)
		return -ENOBUFS;
	r = rs_bytes_reserve(&pack->records, size + sizeof(struct rs_exit));
	if (r < 0)
		return r;
	who = find_who(pack, event);
	if (who < 0)
		return who;
	if (!offset_fits(pack, boot_offset))
		return -ENOBUFS;
	pack->event[pack->n++] = (struct rs_pack_event){
		.at = (uint32_t)pack->records.len,
		.who = (uint16_t)who,
		.end = event->end != NULL,
	};
	copy_record(pack, event, size);
	pack->first = MIN(pack->first, real);
	pack->last = MAX(pack->last, real);
	pack->kinds |= 1ull << event->hdr->kind;
	return 0;
}
