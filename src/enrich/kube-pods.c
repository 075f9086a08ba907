/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/kube-pods.h"

#include <errno.h>

#include "base/hashmap.h"
#include "base/json.h"

#define LABELS_MAX     64
#define CONTAINERS_MAX 256 /* of one pod */
#define STRING_MAX     1024

/* One pod in one block of memory: this, its arrays, its strings. */
struct pod {
	struct rs_kube_pod view;
	const char *static_uid; /* NULL: none */
	struct pod *next, *prev;
	uint64_t hash;  /* of the line it was read from */
	uint64_t round; /* the list that named it last */
	size_t size;
};

struct rs_kube_pods {
	struct rs_hashmap *by_uid; /* owns them, with the chain */
	struct rs_hashmap *by_static_uid;
	struct rs_hashmap *by_container;
	struct pod *first;
	size_t n, size;
	uint64_t round;   /* the list that comes, or came last */
	uint64_t version; /* changes */
	uint64_t refused;
	bool listing; /* between begin and end */
	bool synced;
	char problem[256];
};

/* --- memory --- */

void rs_kube_pods_free(struct rs_kube_pods **ref)
{
	struct rs_kube_pods *pods = *ref;

	if (!pods)
		return;
	for (struct pod *pod = pods->first, *next; pod; pod = next) {
		next = pod->next;
		free(pod);
	}
	rs_hashmap_free(&pods->by_uid);
	rs_hashmap_free(&pods->by_static_uid);
	rs_hashmap_free(&pods->by_container);
	free(pods);
	*ref = NULL;
}

int rs_kube_pods_new(struct rs_kube_pods **ret_pods, struct rs_error *err)
{
	const struct rs_hashmap_opts uids = { .max = RS_KUBE_PODS_MAX };
	const struct rs_hashmap_opts containers = { .max = RS_KUBE_CONTAINERS_MAX };
	_cleanup_(rs_kube_pods_free) struct rs_kube_pods *pods = calloc(1, sizeof(*pods));
	int r = pods ? 0 : -ENOMEM;

	if (!r)
		r = rs_hashmap_new_str(&uids, &pods->by_uid);
	if (!r)
		r = rs_hashmap_new_str(&uids, &pods->by_static_uid);
	if (!r)
		r = rs_hashmap_new_str(&containers, &pods->by_container);
	if (r < 0)
		return rs_error_set_errno(err, r, "making room for the list of pods");
	*ret_pods = TAKE_PTR(pods);
	return 0;
}

/* --- from a line to a pod --- */

/* Filled twice: first with data NULL, to count. */
struct packer {
	char *data;
	size_t used;
};

static void *pack(struct packer *packer, const void *from, size_t n, size_t align)
{
	char *to;

	packer->used = (packer->used + align - 1) & ~(align - 1);
	to = packer->data ? packer->data + packer->used : NULL;
	if (to && from)
		memcpy(to, from, n);
	packer->used += n;
	return to;
}

static bool is_sane(const char *text, size_t n)
{
	if (n > STRING_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return false;
	}
	return true;
}

/* A member that is no string, or one nobody would use as a name, spoils the line; one that is not there
 * or empty is NULL. */
static int pack_member(struct packer *packer, const struct rs_json_value *v, const char *key,
		       const char **ret_text)
{
	const struct rs_json_value *m = rs_json_member(v, key);

	*ret_text = NULL;
	if (!m || (m->type == RS_JSON_STRING && !m->len))
		return 0;
	if (m->type != RS_JSON_STRING || !is_sane(m->str, m->len))
		return -EBADMSG;
	*ret_text = pack(packer, m->str, m->len + 1, 1);
	return 0;
}

static int pack_labels(struct packer *packer, const struct rs_json_value *list,
		       struct rs_event_container *pod)
{
	struct rs_event_label *labels;
	size_t i = 0;

	if (!list)
		return 0;
	if (list->type != RS_JSON_OBJECT || list->len > LABELS_MAX)
		return -EBADMSG;
	labels = pack(packer, NULL, list->len * sizeof(*labels), _Alignof(struct rs_event_label));
	for (const struct rs_json_value *v = list->child; v; v = v->next, i++) {
		const char *key, *value;

		if (v->type != RS_JSON_STRING || !v->key_len || !is_sane(v->key, v->key_len) ||
		    !is_sane(v->str, v->len))
			return -EBADMSG;
		key = pack(packer, v->key, v->key_len + 1, 1);
		value = pack(packer, v->str, v->len + 1, 1);
		if (labels)
			labels[i] = (struct rs_event_label){ key, value };
	}
	pod->labels = labels;
	pod->n_labels = list->len;
	return 0;
}

static bool is_id(const char *text)
{
	size_t n = strspn(text,
			  "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._-");

	return n && n <= 128 && !text[n];
}

static int pack_containers(struct packer *packer, const struct rs_json_value *list,
			   struct rs_kube_pod *pod)
{
	struct rs_kube_container *containers;
	size_t i = 0;
	int r = 0;

	if (!list)
		return 0;
	if (list->type != RS_JSON_ARRAY || list->len > CONTAINERS_MAX)
		return -EBADMSG;
	containers = pack(packer, NULL, list->len * sizeof(*containers),
			  _Alignof(struct rs_kube_container));
	for (const struct rs_json_value *v = list->child; v && !r; v = v->next, i++) {
		struct rs_kube_container c = { 0 };

		if (!is_id(rs_json_get_str(v, "id", "")))
			return -EBADMSG;
		r = pack_member(packer, v, "id", &c.id);
		if (!r)
			r = pack_member(packer, v, "name", &c.name);
		if (!r)
			r = pack_member(packer, v, "image", &c.image);
		if (containers)
			containers[i] = c;
	}
	pod->containers = containers;
	pod->n_containers = list->len;
	return r;
}

/* The strings of a pod into *pod; uid, name and namespace there must be. */
static int pack_pod(struct packer *packer, const struct rs_json_value *root, struct pod *pod)
{
	struct rs_event_container *p = &pod->view.pod;
	const struct rs_json_value *owner = rs_json_member(root, "owner");
	const struct {
		const struct rs_json_value *from;
		const char *key;
		const char **to;
	} members[] = {
		{ root, "uid", &p->pod_uid },      { root, "static_uid", &pod->static_uid },
		{ root, "name", &p->pod_name },    { root, "namespace", &p->namespace },
		{ root, "node", &p->node },        { root, "ip", &p->pod_ip },
		{ owner, "kind", &p->owner_kind }, { owner, "name", &p->owner_name },
	};
	int r = pack_labels(packer, rs_json_member(root, "labels"), p);

	if (!r)
		r = pack_containers(packer, rs_json_member(root, "containers"), &pod->view);
	for (size_t i = 0; i < ARRAY_SIZE(members) && !r; i++)
		r = pack_member(packer, members[i].from, members[i].key, members[i].to);
	return r;
}

static int make_pod(const struct rs_json_value *root, struct pod **ret_pod)
{
	struct packer packer = { .used = sizeof(struct pod) };
	struct pod trial = { 0 }, *pod;
	int r = pack_pod(&packer, root, &trial);

	if (r < 0)
		return r;
	if (!is_id(rs_json_get_str(root, "uid", "")) || !*rs_json_get_str(root, "name", "") ||
	    !*rs_json_get_str(root, "namespace", ""))
		return -EBADMSG;
	pod = calloc(1, packer.used);
	if (!pod)
		return -ENOMEM;
	pod->size = packer.used;
	packer = (struct packer){ .data = (char *)pod, .used = sizeof(struct pod) };
	r = pack_pod(&packer, root, pod);
	if (r < 0) { /* it went well a moment ago */
		free(pod);
		return r;
	}
	*ret_pod = pod;
	return 0;
}

/* --- the list --- */

static struct pod *find_pod(const struct rs_kube_pods *pods, const char *uid)
{
	return rs_hashmap_find_str(pods->by_uid, uid, strlen(uid));
}

/* Another pod may have taken the key over meanwhile. */
static void unindex(struct rs_hashmap *map, const char *key, const struct pod *pod)
{
	if (rs_hashmap_find_str(map, key, strlen(key)) == pod)
		rs_hashmap_remove_str(map, key, strlen(key));
}

static void remove_pod(struct rs_kube_pods *pods, struct pod *pod)
{
	unindex(pods->by_uid, pod->view.pod.pod_uid, pod);
	if (pod->static_uid)
		unindex(pods->by_static_uid, pod->static_uid, pod);
	for (size_t i = 0; i < pod->view.n_containers; i++)
		unindex(pods->by_container, pod->view.containers[i].id, pod);
	if (pod->prev)
		pod->prev->next = pod->next;
	else
		pods->first = pod->next;
	if (pod->next)
		pod->next->prev = pod->prev;
	pods->n--;
	pods->size -= pod->size;
	pods->version++;
	free(pod);
}

/* Takes the pod over, or leaves everything as it was. */
static int insert_pod(struct rs_kube_pods *pods, struct pod *pod)
{
	const char *uid = pod->view.pod.pod_uid;
	struct pod *old = find_pod(pods, uid);
	int r;

	if (!old && pods->n >= RS_KUBE_PODS_MAX)
		return -ENOSPC;
	if (pods->size - (old ? old->size : 0) + pod->size > RS_KUBE_BYTES_MAX)
		return -ENOSPC;
	r = rs_hashmap_put_str(pods->by_uid, uid, strlen(uid), pod);
	if (r < 0)
		return r;
	if (old)
		remove_pod(pods, old);
	if (pod->static_uid)
		rs_hashmap_put_str(pods->by_static_uid, pod->static_uid, strlen(pod->static_uid),
				   pod);
	for (size_t i = 0; i < pod->view.n_containers; i++) {
		const char *id = pod->view.containers[i].id;

		/* One that finds no room is only not found by its id. */
		if (rs_hashmap_put_str(pods->by_container, id, strlen(id), pod) < 0)
			pods->refused++;
	}
	pod->next = pods->first;
	if (pod->next)
		pod->next->prev = pod;
	pods->first = pod;
	pods->n++;
	pods->size += pod->size;
	pods->version++;
	return 0;
}

/* --- the lines --- */

static int take_pod(struct rs_kube_pods *pods, const struct rs_json_value *root, uint64_t hash)
{
	struct pod *old = find_pod(pods, rs_json_get_str(root, "uid", "")), *pod = NULL;
	int r;

	if (old && old->hash == hash) {
		old->round = pods->round;
		return 0;
	}
	r = make_pod(root, &pod);
	if (r < 0)
		return r;
	pod->hash = hash;
	pod->round = pods->round;
	r = insert_pod(pods, pod);
	if (r < 0)
		free(pod);
	return r;
}

static int take_gone(struct rs_kube_pods *pods, const struct rs_json_value *root)
{
	const char *uid = rs_json_get_str(root, "uid", "");
	struct pod *pod = find_pod(pods, uid);

	if (!is_id(uid))
		return -EBADMSG;
	if (pod)
		remove_pod(pods, pod);
	return 0;
}

static int take_begin(struct rs_kube_pods *pods, const struct rs_json_value *root)
{
	(void)root;
	pods->round++;
	pods->listing = true;
	return 0;
}

static int take_end(struct rs_kube_pods *pods, const struct rs_json_value *root)
{
	(void)root;
	if (!pods->listing)
		return -EBADMSG;
	for (struct pod *pod = pods->first, *next; pod; pod = next) {
		next = pod->next;
		if (pod->round != pods->round)
			remove_pod(pods, pod);
	}
	pods->listing = false;
	pods->synced = true;
	return 0;
}

static int take_state(struct rs_kube_pods *pods, const struct rs_json_value *root)
{
	const struct rs_json_value *ok = rs_json_member(root, "ok");
	const struct rs_json_value *text = rs_json_member(root, "text");

	if (!ok || ok->type != RS_JSON_BOOL || !text || text->type != RS_JSON_STRING)
		return -EBADMSG;
	rs_str_escape(pods->problem, sizeof(pods->problem), text->str, ok->boolean ? 0 : text->len);
	return 0;
}

static int take_line(struct rs_kube_pods *pods, const char *line, size_t n)
{
	static const struct {
		const char *op;
		int (*take)(struct rs_kube_pods *pods, const struct rs_json_value *root);
	} ops[] = {
		{ "gone", take_gone },
		{ "begin", take_begin },
		{ "end", take_end },
		{ "state", take_state },
	};
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT((size_t)16 << 20);
	struct rs_json_value *root = NULL;
	const char *op;
	int r = rs_json_parse(&arena, line, n, &root, NULL);

	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	op = rs_json_get_str(root, "op", "");
	if (!strcmp(op, "pod"))
		return take_pod(pods, root, rs_hash_bytes(line, n));
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		if (!strcmp(op, ops[i].op))
			return ops[i].take(pods, root);
	}
	return -EBADMSG;
}

int rs_kube_pods_line(struct rs_kube_pods *pods, const char *line, size_t n)
{
	int r = n > RS_KUBE_LINE_MAX ? -EBADMSG : take_line(pods, line, n);

	pods->refused += r < 0;
	return r;
}

void rs_kube_pods_refuse(struct rs_kube_pods *pods)
{
	pods->refused++;
}

void rs_kube_pods_lost(struct rs_kube_pods *pods, const char *problem)
{
	pods->listing = false;
	pods->synced = false;
	if (!*pods->problem)
		rs_str_escape(pods->problem, sizeof(pods->problem), problem, strlen(problem));
}

/* --- questions --- */

const struct rs_kube_pod *rs_kube_pods_find(const struct rs_kube_pods *pods, const char *uid)
{
	struct pod *pod = find_pod(pods, uid);

	if (!pod)
		pod = rs_hashmap_find_str(pods->by_static_uid, uid, strlen(uid));
	return pod ? &pod->view : NULL;
}

const struct rs_kube_pod *rs_kube_pods_find_container(const struct rs_kube_pods *pods,
						      const char *id)
{
	struct pod *pod = rs_hashmap_find_str(pods->by_container, id, strlen(id));

	return pod ? &pod->view : NULL;
}

uint64_t rs_kube_pods_version(const struct rs_kube_pods *pods)
{
	return pods->version;
}

void rs_kube_pods_stats(const struct rs_kube_pods *pods, struct rs_kube_stats *ret_stats)
{
	*ret_stats = (struct rs_kube_stats){ .pods = pods->n,
					     .updates = pods->version,
					     .refused = pods->refused,
					     .synced = pods->synced };
	memcpy(ret_stats->problem, pods->problem, sizeof(pods->problem));
}
