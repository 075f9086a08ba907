/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The API server: the list of this node's pods, page by page, then a watch from the version of that list
 * on. A watch that ends, as each does after some minutes, is taken up again where it was; only when the
 * server has forgotten that version (410), the list is read again.
 */

#include <errno.h>

#include "base/clock.h"
#include "base/units.h"
#include "kube/pod.h"
#include "kube/source.h"
#include "kube/split.h"

#define PAGE       500 /* pods in a page */
#define PAGES_MAX  64
#define WATCH_S    300                   /* how long the server should keep a watch open */
#define SHORT_LIFE (5 * RS_NSEC_PER_SEC) /* of a watch that had better be taken up with a pause */

struct watch {
	struct rs_source *source;
	struct rs_split split;
	char version[64]; /* the last one heard of */
	size_t pods;      /* in the list that it began with */
	uint64_t events;
};

static void add_selector(const struct rs_source *source, struct rs_str *path)
{
	rs_str_append_cstr(path, "/api/v1/pods?fieldSelector=spec.nodeName%3D");
	rs_https_escape(path, source->node);
}

/* @fresh: as etcd has it; otherwise what the server remembers is good enough, and spares it work. */
static int get_page(struct rs_source *source, bool fresh, const char *next, struct rs_list *list,
		    struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str path = { 0 };

	add_selector(source, &path);
	rs_str_appendf(&path, "&limit=%d", PAGE);
	if (*next) {
		rs_str_append_cstr(&path, "&continue=");
		rs_https_escape(&path, next);
	} else if (!fresh) {
		rs_str_append_cstr(&path, "&resourceVersion=0");
	}
	if (path.error)
		return rs_error_set_errno(err, path.error, "asking for the list");
	return rs_list_get(source, rs_str_cstr(&path), list, err);
}

static int read_list(struct rs_source *source, bool fresh, struct watch *watch,
		     struct rs_error *err)
{
	struct rs_list list = { 0 };
	int r = 0;

	for (unsigned page = 0; !r && (!page || *list.next); page++) {
		char next[sizeof(list.next)];

		memcpy(next, list.next, sizeof(next));
		r = page < PAGES_MAX ? get_page(source, fresh, next, &list, err)
				     : rs_error_set(err, -EFBIG, "the list has no end");
	}
	if (!r && !*list.version)
		r = rs_error_set(err, -EBADMSG, "the list has no version");
	if (!r)
		r = rs_feed_end(source->feed);
	if (r < 0)
		return r;
	memcpy(watch->version, list.version, sizeof(watch->version));
	watch->pods = list.pods;
	return rs_feed_state(source->feed, true, "%zu pods", list.pods);
}

/* {"type":"ERROR","object":{"kind":"Status","code":410,"message":"..."}} */
static int take_error(const struct rs_json_value *status, struct rs_error *err)
{
	const char *message = rs_json_get_str(status, "message", "");
	uint64_t code = rs_json_get_u64(status, "code", 0);
	char text[200];

	rs_str_escape(text, sizeof(text), message, strlen(message));
	return rs_error_set(err, code == 410 ? -ESTALE : -EPROTO, "the watch ends with %u: %s",
			    (unsigned)MIN(code, 999), text);
}

static int take_change(struct watch *watch, const char *type, const struct rs_json_value *object)
{
	struct rs_error ignored = RS_ERROR_INIT;
	const char *uid = rs_pod_uid(object);
	int r;

	if (!strcmp(type, "DELETED"))
		return uid ? rs_feed_gone(watch->source->feed, uid) : 0;
	if (strcmp(type, "ADDED") != 0 && strcmp(type, "MODIFIED") != 0)
		return 0; /* a bookmark has a version only */
	r = rs_feed_pod(watch->source->feed, object, &ignored);
	return r == -EBADMSG || r == -ENOBUFS ? 0 : r;
}

static int on_event(void *data, const char *key, const char *json, size_t n, struct rs_error *err)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT((size_t)128 << 20);
	struct watch *watch = data;
	struct rs_json_value *root = NULL;
	const struct rs_json_value *object;
	const char *type, *version;
	int r = rs_json_parse(&arena, json, n, &root, err);

	(void)key;
	if (r < 0)
		return rs_error_wrap(err, "reading an event of the watch");
	type = rs_json_get_str(root, "type", "");
	object = rs_json_member(root, "object");
	if (!strcmp(type, "ERROR"))
		return take_error(object, err);
	r = take_change(watch, type, object);
	version = rs_json_get_str(rs_json_member(object, "metadata"), "resourceVersion", "");
	if (!r && *version && strlen(version) < sizeof(watch->version))
		memcpy(watch->version, version, strlen(version) + 1);
	watch->events++;
	return r;
}

static int on_start(void *data)
{
	struct watch *watch = data;

	return rs_feed_state(watch->source->feed, true, "%zu pods, and told of changes",
			     watch->pods);
}

static int on_body(void *data, const char *bytes, size_t n, struct rs_error *err)
{
	struct watch *watch = data;

	return rs_split_feed(&watch->split, bytes, n, err);
}

static int ask_watch(struct watch *watch, const char *path, struct rs_error *err)
{
	struct rs_source *source = watch->source;
	struct rs_https_request request = { .path = path,
					    .life = WATCH_S * RS_NSEC_PER_SEC +
						    3 * source->patience,
					    .quiet = true,
					    .start = on_start,
					    .body = on_body,
					    .data = watch };
	struct rs_https_answer answer = { 0 };
	int r;

	rs_split_init(&watch->split, RS_SPLIT_STREAM, RS_SOURCE_PIECE_MAX, on_event, watch);
	r = rs_https_get(source->https, &request, &answer, err);
	if (!r && answer.status != 200)
		r = rs_source_refusal(source, &answer, err);
	else if (!r)
		r = rs_split_end(&watch->split, err);
	rs_split_done(&watch->split);
	return r;
}

/* One watch, until it ends; how that went is told on. 0: it can be taken up. */
static int run_watch(struct watch *watch, struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str path = { 0 };
	uint64_t began = rs_clock_mono();
	struct rs_source *source = watch->source;
	int r, told;

	watch->events = 0;
	add_selector(source, &path);
	rs_str_appendf(
		&path,
		"&watch=1&allowWatchBookmarks=true&timeoutSeconds=%d&resourceVersion=", WATCH_S);
	rs_https_escape(&path, watch->version);
	if (path.error)
		return rs_error_set_errno(err, path.error, "asking for changes");
	r = ask_watch(watch, rs_str_cstr(&path), err);
	if (r == -EPIPE || r == -ESTALE)
		return r;
	if (watch->events)
		source->failures = 0;
	if (!r && (watch->events || rs_clock_mono() - began > SHORT_LIFE))
		return 0;
	if (r < 0) {
		told = rs_source_complain(source, err);
		if (told < 0)
			return told;
	}
	return rs_source_back_off(source);
}

/* Until a new list is needed (-ESTALE), or it is over. */
static int follow(struct watch *watch)
{
	int r;

	do {
		struct rs_error err = RS_ERROR_INIT;

		r = run_watch(watch, &err);
	} while (!r);
	return r;
}

/* 0: once, and done. */
static int list_and_follow(struct rs_source *source, bool *fresh)
{
	struct watch watch = { .source = source };
	struct rs_error err = RS_ERROR_INIT;
	int r = read_list(source, *fresh, &watch, &err), told = 0;

	if (!r && source->once)
		return 0;
	if (!r) {
		r = follow(&watch);
		/* A server that forgets at once again is not asked at once again. */
		if (r == -ESTALE && watch.events)
			source->failures = 0;
	} else if (r != -EPIPE) {
		told = rs_source_complain(source, &err);
		if (source->once)
			return r;
	}
	*fresh = r == -ESTALE;
	return told < 0 ? told : r;
}

int rs_source_api(struct rs_source *source)
{
	bool fresh = false;

	for (;;) {
		int r = list_and_follow(source, &fresh);

		if (!r || r == -EPIPE || source->once)
			return r == -EPIPE ? 0 : r;
		r = rs_source_back_off(source);
		if (r < 0)
			return r == -EPIPE ? 0 : r;
	}
}
