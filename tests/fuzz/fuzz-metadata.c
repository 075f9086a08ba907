/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What runtimes write about containers. The first byte says which file it is, the others are the file:
 *
 *	o  config.json of a bundle    p  the same of a pod's sandbox
 *	d  docker's config.v2.json    e  the same of a pod's sandbox
 *	s  containers.json            t  state.json, status
 *	m  the maker's arguments, each ended by NUL (or by a newline, for people)
 *
 * It is refused, or what was gathered keeps to the caps; a second document fills gaps and changes nothing
 * that was there.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "enrich/metadata-internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ID "c1"

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static const char shapes[] = "opdest";
static_assert(sizeof(shapes) - 1 == RS_METADATA_SHAPES, "a letter for each shape");

static void check_text(const char *text)
{
	CHECK(!text || (*text && strlen(text) <= RS_METADATA_VALUE_MAX));
}

static void check_map(const struct rs_metadata_map *map, unsigned n)
{
	CHECK(n <= RS_METADATA_MAPS);
	for (unsigned i = 0; i < n; i++)
		CHECK(map[i].count);
}

static void check_build(const struct rs_metadata_build *build)
{
	const struct rs_event_container *container = &build->container;

	check_text(container->runtime);
	check_text(container->name);
	check_text(container->image);
	check_text(container->pod_name);
	check_text(container->pod_uid);
	check_text(container->namespace);
	check_text(container->pod_ip);
	check_text(build->sandbox_id);
	CHECK(!container->id && !container->node && !container->owner_kind);
	CHECK(!build->rootfs || strlen(build->rootfs) < PATH_MAX);
	CHECK(!build->bundle || strlen(build->bundle) < PATH_MAX);
	CHECK(container->n_labels <= RS_METADATA_LABELS);
	for (size_t i = 0; i < container->n_labels; i++) {
		check_text(build->labels[i].key);
		CHECK(build->labels[i].key && build->labels[i].value);
		CHECK(strlen(build->labels[i].value) <= RS_METADATA_VALUE_MAX);
	}
	check_map(build->uid_map, build->n_uid_map);
	check_map(build->gid_map, build->n_gid_map);
}

static void check_document(enum rs_metadata_shape shape, const uint8_t *data, size_t size)
{
	_cleanup_(rs_metadata_build_done) struct rs_metadata_build build = {
		.arena = RS_ARENA_INIT(RS_METADATA_BUILD_MAX),
	};
	struct rs_event_container before;
	struct rs_error err = RS_ERROR_INIT;
	int r = rs_metadata_parse(&build, shape, ID, data, size, &err);

	CHECK(r == err.code && (r == 0 || err.msg[0]));
	CHECK(r == 0 || r == -EBADMSG || r == -ENOENT || r == -ENOMEM);
	check_build(&build);
	before = build.container;
	CHECK(rs_metadata_parse(&build, shape, ID, data, size, NULL) == r);
	check_build(&build);
	CHECK(!before.name || before.name == build.container.name);
	CHECK(!before.image || before.image == build.container.image);
	CHECK(!before.pod_name || before.pod_name == build.container.pod_name);
	CHECK(!before.n_labels || before.n_labels == build.container.n_labels);
	rs_metadata_parse(&build, RS_METADATA_OCI, ID, data, size, NULL);
	check_build(&build);
}

static void check_maker(const uint8_t *data, size_t size)
{
	struct rs_metadata_maker maker = { 0 };
	char *args = malloc(size + 1);

	CHECK(args);
	if (size)
		memcpy(args, data, size);
	for (size_t i = 0; i < size; i++)
		if (args[i] == '\n')
			args[i] = '\0';
	if (rs_metadata_maker_parse(args, size, ID, &maker)) {
		CHECK(size > sizeof(ID) && !memcmp(args + size - sizeof(ID), ID, sizeof(ID)));
		CHECK(!maker.bundle || (maker.bundle > args && maker.bundle < args + size));
		CHECK(!maker.root || (maker.root > args && maker.root < args + size));
	}
	free(args);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *shape = size && data[0] ? strchr(shapes, data[0]) : NULL;

	if (shape)
		check_document((enum rs_metadata_shape)(shape - shapes), data + 1, size - 1);
	else if (size && data[0] == 'm')
		check_maker(data + 1, size - 1);
	return 0;
}
