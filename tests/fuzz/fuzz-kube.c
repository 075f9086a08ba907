/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Both ends of ringside-kube. Any bytes as lines to the agent, which must survive them and keep its
 * tables whole. Any bytes as an answer of a server: whatever ringside-kube makes a line of, the agent
 * must understand and find again; and it is the same however the answer is cut in pieces.
 */

#include <errno.h>
#include <stdlib.h>

#include "base/json.h"
#include "enrich/kube-pods.h"
#include "kube/pod.h"
#include "kube/split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static void check_found(const struct rs_kube_pods *pods, const char *uid)
{
	const struct rs_kube_pod *pod = rs_kube_pods_find(pods, uid);

	CHECK(pod && *pod->pod.pod_uid && *pod->pod.pod_name && *pod->pod.namespace);
	for (size_t i = 0; i < pod->pod.n_labels; i++)
		CHECK(*pod->pod.labels[i].key && pod->pod.labels[i].value);
	for (size_t i = 0; i < pod->n_containers; i++)
		CHECK(rs_kube_pods_find_container(pods, pod->containers[i].id) == pod);
}

static void check_lines(const char *text, size_t size)
{
	_cleanup_(rs_kube_pods_free) struct rs_kube_pods *pods = NULL;
	struct rs_kube_stats stats;
	uint64_t lines = 0;

	CHECK(rs_kube_pods_new(&pods, NULL) == 0);
	for (const char *at = text, *end = text + size; at < end; lines++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((stop ? stop : end) - at);

		rs_kube_pods_line(pods, at, n);
		at += n + 1;
	}
	rs_kube_pods_find(pods, "u");
	rs_kube_pods_find_container(pods, "c");
	rs_kube_pods_stats(pods, &stats);
	CHECK(stats.refused <= lines && stats.pods <= lines);
	rs_kube_pods_lost(pods, "gone");
}

struct answer {
	struct rs_kube_pods *pods;
	struct rs_str pieces;
};

static void check_pod(struct rs_kube_pods *pods, const struct rs_json_value *root)
{
	_cleanup_(rs_str_done) struct rs_str line = RS_STR_INIT(RS_POD_LINE_MAX);
	uint64_t version = rs_kube_pods_version(pods);
	int r = rs_pod_write(root, &line, NULL);

	CHECK(r == 0 || r == -EBADMSG || r == -ENOBUFS);
	if (r)
		return;
	CHECK(line.data[line.len - 1] == '\n' && !memchr(line.data, '\n', line.len - 1));
	CHECK(rs_kube_pods_line(pods, line.data, line.len - 1) == 0);
	/* Told again, it may meanwhile have lost a container to another. */
	if (rs_kube_pods_version(pods) != version)
		check_found(pods, rs_pod_uid(root));
}

static int on_piece(void *data, const char *key, const char *json, size_t n, struct rs_error *err)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT((size_t)64 << 20);
	struct answer *answer = data;
	struct rs_json_value *root = NULL;

	rs_str_appendf(&answer->pieces, "%s=", key);
	rs_str_append(&answer->pieces, json, n);
	if (rs_json_parse(&arena, json, n, &root, err) < 0)
		return -EBADMSG;
	check_pod(answer->pods, root);
	check_pod(answer->pods, rs_json_member(root, "object"));
	return 0;
}

static int split_by(enum rs_split_mode mode, const char *text, size_t size, size_t step,
		    struct rs_str *ret_pieces)
{
	_cleanup_(rs_kube_pods_free) struct rs_kube_pods *pods = NULL;
	struct rs_error err = RS_ERROR_INIT;
	struct answer answer = { 0 };
	struct rs_split split;
	int r = 0;

	CHECK(rs_kube_pods_new(&pods, NULL) == 0);
	answer.pods = pods;
	rs_split_init(&split, mode, 4096, on_piece, &answer);
	for (size_t at = 0; at < size && !r; at += step)
		r = rs_split_feed(&split, text + at, MIN(step, size - at), &err);
	if (!r)
		r = rs_split_end(&split, &err);
	rs_split_done(&split);
	*ret_pieces = answer.pieces;
	return r;
}

static void check_answer(enum rs_split_mode mode, const char *text, size_t size)
{
	_cleanup_(rs_str_done) struct rs_str whole = { 0 }, cut = { 0 };
	int r = split_by(mode, text, size, size ? size : 1, &whole);

	CHECK(split_by(mode, text, size, size % 13 + 1, &cut) == r);
	CHECK(whole.len == cut.len && (!cut.len || !memcmp(whole.data, cut.data, cut.len)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_lines((const char *)data, size);
	check_answer(RS_SPLIT_LIST, (const char *)data, size);
	check_answer(RS_SPLIT_STREAM, (const char *)data, size);
	return 0;
}
