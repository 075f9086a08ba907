/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/source.h"

#include <errno.h>
#include <sys/random.h>

#include "base/units.h"
#include "kube/split.h"

#define BACK_OFF_MAX_S 60

/* An answer while it arrives. */
struct reading {
	struct rs_source *source;
	struct rs_list *list;
	struct rs_split split;
};

static void copy_text(char *to, size_t size, const struct rs_json_value *v, const char *key)
{
	const char *text = rs_json_get_str(v, key, "");
	size_t n = strlen(text);

	if (n < size)
		memcpy(to, text, n + 1);
}

static int take_pod(struct reading *reading, const struct rs_json_value *pod)
{
	struct rs_error err = RS_ERROR_INIT;
	int r = rs_feed_pod(reading->source->feed, pod, &err);

	if (r == -EBADMSG || r == -ENOBUFS) { /* the others are fine nevertheless */
		reading->list->senseless++;
		return 0;
	}
	reading->list->pods += !r;
	return r;
}

static int on_piece(void *data, const char *key, const char *json, size_t n, struct rs_error *err)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT((size_t)128 << 20);
	struct reading *reading = data;
	struct rs_json_value *root = NULL;
	bool item = !strcmp(key, "items");
	int r;

	if (!item && strcmp(key, "metadata") != 0)
		return 0;
	r = rs_json_parse(&arena, json, n, &root, err);
	if (r < 0)
		return rs_error_wrap(err, "reading the list");
	if (item)
		return root->type == RS_JSON_NULL ? 0 : take_pod(reading, root);
	copy_text(reading->list->version, sizeof(reading->list->version), root, "resourceVersion");
	copy_text(reading->list->next, sizeof(reading->list->next), root, "continue");
	return 0;
}

static int on_start(void *data)
{
	struct reading *reading = data;

	if (reading->list->begun)
		return 0;
	reading->list->begun = true;
	return rs_feed_begin(reading->source->feed);
}

static int on_body(void *data, const char *bytes, size_t n, struct rs_error *err)
{
	struct reading *reading = data;

	return rs_split_feed(&reading->split, bytes, n, err);
}

int rs_list_get(struct rs_source *source, const char *path, struct rs_list *list,
		struct rs_error *err)
{
	struct reading reading = { .source = source, .list = list };
	struct rs_https_request request = { .path = path,
					    .max = RS_SOURCE_LIST_MAX,
					    .life = source->patience * 6,
					    .start = on_start,
					    .body = on_body,
					    .data = &reading };
	struct rs_https_answer answer = { 0 };
	int r;

	list->status = 0;
	*list->version = *list->next = '\0';
	rs_split_init(&reading.split, RS_SPLIT_LIST, RS_SOURCE_PIECE_MAX, on_piece, &reading);
	r = rs_https_get(source->https, &request, &answer, err);
	list->status = answer.status;
	if (!r && answer.status != 200)
		r = rs_source_refusal(source, &answer, err);
	else if (!r)
		r = rs_split_end(&reading.split, err);
	rs_split_done(&reading.split);
	return r;
}

static const char *missing_right(const struct rs_source *source)
{
	return source->api
		       ? "\"list\" and \"watch\" on \"pods\""
		       : "\"get\" on \"nodes/pods\", or before Kubernetes 1.33 on \"nodes/proxy\"";
}

int rs_source_refusal(const struct rs_source *source, const struct rs_https_answer *answer,
		      struct rs_error *err)
{
	const char *quote = *answer->message ? ": " : "";

	switch (answer->status) {
	case 401:
		return rs_error_set(err, -EACCES, "401, %s%s%s",
				    answer->token ? "the token is not accepted"
						  : "no token was sent, and one is wanted",
				    quote, answer->message);
	case 403:
		return rs_error_set(err, -EACCES,
				    "403, the account of the token has no right to %s%s%s",
				    missing_right(source), quote, answer->message);
	case 410:
		return rs_error_set(err, -ESTALE, "410, the list is too old to go on%s%s", quote,
				    answer->message);
	default:
		return rs_error_set(err, -EPROTO, "status %u%s%s%s", answer->status,
				    answer->status / 100 == 3 ? ", redirects are not followed" : "",
				    quote, answer->message);
	}
}

int rs_source_complain(struct rs_source *source, const struct rs_error *err)
{
	return rs_feed_state(source->feed, false, "%s: %s%s%s", source->url, err->msg,
			     *err->hint ? "; " : "", err->hint);
}

int rs_source_back_off(struct rs_source *source)
{
	uint64_t seconds = source->failures < 6 ? 1ull << source->failures : BACK_OFF_MAX_S;
	uint64_t ns = seconds * RS_NSEC_PER_SEC;
	uint32_t chance = 0;

	source->failures += source->failures < 6;
	(void)!getrandom(&chance, sizeof(chance), GRND_NONBLOCK);
	ns = ns / 2 + (ns / 2 >> 16) * (chance >> 16);
	return rs_parent_wait(source->parent, ns, false);
}
