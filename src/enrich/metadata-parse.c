/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "enrich/metadata-internal.h"

#define TREE_MAX ((size_t)32 << 20) /* memory of one document while it is read */

struct pairs {
	struct rs_event_label *items;
	size_t len;
};

struct document {
	struct rs_metadata_build *build;
	struct rs_arena *arena;
	const struct rs_json_value *root;
	const char *id;
};

/* A string that is there and has no NUL in it, or NULL. */
static const char *text_of(const struct rs_json_value *v)
{
	return v && v->type == RS_JSON_STRING && strlen(v->str) == v->len ? v->str : NULL;
}

static const char *member_text(const struct rs_json_value *v, const char *name)
{
	return text_of(rs_json_member(v, name));
}

static uint32_t member_u32(const struct rs_json_value *v, const char *name)
{
	const struct rs_json_value *n = rs_json_member(v, name);

	if (!n || n->type != RS_JSON_NUMBER || n->number != RS_JSON_U64 || n->u64 > UINT32_MAX)
		return 0;
	return (uint32_t)n->u64;
}

/* {"key": "value", ...}; what is no string is left out. */
static struct pairs pairs_of_object(struct rs_arena *arena, const struct rs_json_value *object)
{
	struct pairs pairs = { 0 };

	if (!object || object->type != RS_JSON_OBJECT)
		return pairs;
	pairs.items = rs_arena_alloc_array(arena, object->len, sizeof(*pairs.items));
	for (const struct rs_json_value *m = object->child; pairs.items && m; m = m->next)
		if (text_of(m))
			pairs.items[pairs.len++] = (struct rs_event_label){ .key = m->key,
									    .value = m->str };
	return pairs;
}

/* ["key=value", ...] */
static struct pairs pairs_of_list(struct rs_arena *arena, const struct rs_json_value *list)
{
	struct pairs pairs = { 0 };

	if (!list || list->type != RS_JSON_ARRAY)
		return pairs;
	pairs.items = rs_arena_alloc_array(arena, list->len, sizeof(*pairs.items));
	for (const struct rs_json_value *v = list->child; pairs.items && v; v = v->next) {
		const char *text = text_of(v), *equals = text ? strchr(text, '=') : NULL;
		char *key = equals ? rs_arena_strndup(arena, text, (size_t)(equals - text)) : NULL;

		if (key)
			pairs.items[pairs.len++] = (struct rs_event_label){ .key = key,
									    .value = equals + 1 };
	}
	return pairs;
}

static const char *value_of(const struct pairs *pairs, const char *key)
{
	for (size_t i = 0; i < pairs->len; i++)
		if (strcmp(pairs->items[i].key, key) == 0)
			return pairs->items[i].value;
	return NULL;
}

/* JSON in a string: NULL when it is not. */
static const struct rs_json_value *inner(const struct document *d, const char *text)
{
	struct rs_json_value *root = NULL;

	if (!text || rs_json_parse(d->arena, text, strlen(text), &root, NULL) < 0)
		return NULL;
	return root;
}

/* CRI-O has the labels of a pod, and of a container in it, as JSON in an annotation. */
static void read_pod_labels(const struct document *d, const struct pairs *annotations)
{
	const struct rs_json_value *labels = inner(
		d, value_of(annotations, "io.kubernetes.cri-o.Labels"));
	struct pairs pairs = pairs_of_object(d->arena, labels);

	rs_metadata_annotations(d->build, pairs.items, pairs.len, RS_METADATA_LABELLED);
}

static void read_annotations(const struct document *d, const struct pairs *pairs)
{
	rs_metadata_annotations(d->build, pairs->items, pairs->len, RS_METADATA_NAMES);
	if (d->build->container.pod_name)
		read_pod_labels(d, pairs);
	else
		rs_metadata_annotations(d->build, pairs->items, pairs->len, RS_METADATA_LABELLED);
}

/* Ranges of a user namespace, under the names that the document has for it. */
static void read_map(const struct rs_json_value *list, const char *first, const char *host,
		     struct rs_metadata_map *map, unsigned *n)
{
	if (*n || !list || list->type != RS_JSON_ARRAY)
		return;
	for (const struct rs_json_value *v = list->child; v && *n < RS_METADATA_MAPS; v = v->next) {
		struct rs_metadata_map range = {
			.first = member_u32(v, first),
			.host = member_u32(v, host),
			.count = member_u32(v, "size"),
		};

		if (range.count)
			map[(*n)++] = range;
	}
}

static int parse_oci(const struct document *d)
{
	const struct rs_json_value *linux_part = rs_json_member(d->root, "linux");
	struct rs_metadata_build *build = d->build;
	struct pairs pairs = pairs_of_object(d->arena, rs_json_member(d->root, "annotations"));

	read_annotations(d, &pairs);
	rs_metadata_fill_path(build, &build->rootfs,
			      member_text(rs_json_member(d->root, "root"), "path"));
	read_map(rs_json_member(linux_part, "uidMappings"), "containerID", "hostID", build->uid_map,
		 &build->n_uid_map);
	read_map(rs_json_member(linux_part, "gidMappings"), "containerID", "hostID", build->gid_map,
		 &build->n_gid_map);
	return 0;
}

static int parse_oci_pod(const struct document *d)
{
	struct pairs pairs = pairs_of_object(d->arena, rs_json_member(d->root, "annotations"));

	read_pod_labels(d, &pairs);
	rs_metadata_fill(d->build, &d->build->container.pod_ip,
			 value_of(&pairs, "io.kubernetes.cri-o.IP.0"));
	return 0;
}

static int parse_docker(const struct document *d)
{
	const struct rs_json_value *config = rs_json_member(d->root, "Config");
	const char *id = member_text(d->root, "ID"), *name = member_text(d->root, "Name");
	struct rs_event_container *container = &d->build->container;
	struct pairs labels = pairs_of_object(d->arena, rs_json_member(config, "Labels"));
	uint32_t pid;

	if (id && strcmp(id, d->id) != 0)
		return -EBADMSG;
	rs_metadata_annotations(d->build, labels.items, labels.len, RS_METADATA_KUBE);
	if (name && *name == '/')
		name++;
	rs_metadata_fill(d->build, &container->name, name);
	rs_metadata_fill(d->build, &container->image, member_text(config, "Image"));
	if (!container->pod_name || container->sandbox)
		rs_metadata_annotations(d->build, labels.items, labels.len, RS_METADATA_LABELLED);
	pid = member_u32(rs_json_member(d->root, "State"), "Pid");
	if (pid)
		d->build->pid = pid;
	return 0;
}

static int parse_docker_pod(const struct document *d)
{
	struct pairs labels = pairs_of_object(
		d->arena, rs_json_member(rs_json_member(d->root, "Config"), "Labels"));

	rs_metadata_annotations(d->build, labels.items, labels.len, RS_METADATA_LABELLED);
	return 0;
}

/* The list of containers/storage: one of its members is ours. What is written for the engines is JSON in
 * the string "metadata". */
static int parse_storage(const struct document *d)
{
	struct rs_event_container *container = &d->build->container;
	const struct rs_json_value *v, *names, *meta;

	if (d->root->type != RS_JSON_ARRAY)
		return -EBADMSG;
	for (v = d->root->child; v; v = v->next) {
		const char *id = member_text(v, "id");

		if (id && strcmp(id, d->id) == 0)
			break;
	}
	if (!v)
		return -ENOENT;
	meta = inner(d, member_text(v, "metadata"));
	names = rs_json_member(v, "names");
	rs_metadata_fill(d->build, &container->name, member_text(meta, "metadata-name"));
	rs_metadata_fill(d->build, &container->name, member_text(meta, "name"));
	if (names && names->type == RS_JSON_ARRAY)
		rs_metadata_fill(d->build, &container->name, text_of(names->child));
	rs_metadata_fill(d->build, &container->image, member_text(meta, "image-name"));
	return 0;
}

/* runc has its configuration in it; youki and crun only say where the bundle is. */
static int parse_state(const struct document *d)
{
	const struct rs_json_value *config = rs_json_member(d->root, "config");
	const char *id = member_text(d->root, "id"), *bundle = member_text(d->root, "bundle");
	struct rs_metadata_build *build = d->build;
	struct pairs pairs = pairs_of_list(d->arena, rs_json_member(config, "labels"));
	uint32_t pid = member_u32(d->root, "init_process_pid");

	if (id && strcmp(id, d->id) != 0)
		return -EBADMSG;
	if (!config)
		pairs = pairs_of_object(d->arena, rs_json_member(d->root, "annotations"));
	read_annotations(d, &pairs);
	rs_metadata_fill_path(build, &build->bundle, bundle ? bundle : value_of(&pairs, "bundle"));
	rs_metadata_fill_path(build, &build->rootfs, member_text(config, "rootfs"));
	read_map(rs_json_member(config, "uid_mappings"), "container_id", "host_id", build->uid_map,
		 &build->n_uid_map);
	read_map(rs_json_member(config, "gid_mappings"), "container_id", "host_id", build->gid_map,
		 &build->n_gid_map);
	if (!pid)
		pid = member_u32(d->root, "pid");
	if (pid)
		build->pid = pid;
	return 0;
}

static int (*const parsers[])(const struct document *d) = {
	[RS_METADATA_OCI] = parse_oci,         [RS_METADATA_OCI_POD] = parse_oci_pod,
	[RS_METADATA_DOCKER] = parse_docker,   [RS_METADATA_DOCKER_POD] = parse_docker_pod,
	[RS_METADATA_STORAGE] = parse_storage, [RS_METADATA_STATE] = parse_state,
};
static_assert(ARRAY_SIZE(parsers) == RS_METADATA_SHAPES, "a parser for each shape");

int rs_metadata_parse(struct rs_metadata_build *build, enum rs_metadata_shape shape, const char *id,
		      const void *text, size_t n, struct rs_error *err)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(TREE_MAX);
	struct document d = { .build = build, .arena = &arena, .id = id };
	struct rs_json_value *root = NULL;
	int r;

	r = rs_json_parse(&arena, text, n, &root, err);
	if (r < 0) { /* how it is wrong is in the message */
		if (r != -ENOMEM && err)
			err->code = -EBADMSG;
		return r == -ENOMEM ? r : -EBADMSG;
	}
	if (root->type != RS_JSON_OBJECT && root->type != RS_JSON_ARRAY)
		return rs_error_set(err, -EBADMSG, "neither an object nor a list");
	d.root = root;
	r = parsers[shape](&d);
	if (r == -EBADMSG)
		return rs_error_set(err, r, "this is not what it should be");
	if (r < 0)
		return rs_error_set_errno(err, r, "looking for \"%s\"", id);
	return 0;
}

/* --- the maker's command line --- */

/* The value of an option that is written --name V, -name V or either with "=": *i moves behind it. */
static bool option_value(const char *const *argv, unsigned argc, unsigned *i, const char *name,
			 const char **ret_value)
{
	const char *arg = argv[*i];
	size_t n = strlen(name);

	if (*arg != '-')
		return false;
	arg += arg[1] == '-' ? 2 : 1;
	if (strncmp(arg, name, n) != 0 || (arg[n] != '=' && arg[n] != '\0'))
		return false;
	if (arg[n] == '=') {
		*ret_value = arg + n + 1;
	} else if (*i + 1 < argc) {
		*ret_value = argv[++*i];
	}
	return true;
}

static unsigned split_args(const char *args, size_t len, const char **argv, unsigned max)
{
	const char *end = args + len;
	unsigned argc = 0;

	while (args < end && argc < max) {
		const char *nul = memchr(args, '\0', (size_t)(end - args));

		if (!nul) /* cut off */
			return 0;
		argv[argc++] = args;
		args = nul + 1;
	}
	return args < end ? 0 : argc;
}

bool rs_metadata_maker_parse(const char *args, size_t len, const char *id,
			     struct rs_metadata_maker *ret_maker)
{
	struct rs_metadata_maker maker = { 0 };
	const char *argv[64];
	bool makes = false;
	unsigned argc;

	argc = args ? split_args(args, len, argv, ARRAY_SIZE(argv)) : 0;
	if (argc < 3 || strcmp(argv[argc - 1], id) != 0)
		return false;
	for (unsigned i = 1; i < argc - 1; i++) {
		if (option_value(argv, argc - 1, &i, "bundle", &maker.bundle) ||
		    option_value(argv, argc - 1, &i, "b", &maker.bundle) ||
		    option_value(argv, argc - 1, &i, "root", &maker.root))
			continue;
		makes |= strcmp(argv[i], "create") == 0 || strcmp(argv[i], "run") == 0 ||
			 strcmp(argv[i], "restore") == 0;
	}
	if (makes)
		*ret_maker = maker;
	return makes;
}
