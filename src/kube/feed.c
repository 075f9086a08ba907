/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/feed.h"

#include "base/fd.h"
#include "kube/pod.h"

void rs_feed_init(struct rs_feed *feed, int fd)
{
	*feed = (struct rs_feed){ .fd = fd };
	rs_str_init(&feed->line, RS_POD_LINE_MAX);
}

void rs_feed_done(struct rs_feed *feed)
{
	rs_str_done(&feed->line);
}

static int flush(struct rs_feed *feed)
{
	int r = feed->line.error;

	if (!r)
		r = rs_fd_write_all(feed->fd, feed->line.data, feed->line.len);
	rs_str_reset(&feed->line);
	return r;
}

static int write_word(struct rs_feed *feed, const char *op)
{
	rs_str_appendf(&feed->line, "{\"op\":\"%s\"}\n", op);
	return flush(feed);
}

int rs_feed_begin(struct rs_feed *feed)
{
	return write_word(feed, "begin");
}

int rs_feed_end(struct rs_feed *feed)
{
	return write_word(feed, "end");
}

int rs_feed_gone(struct rs_feed *feed, const char *uid)
{
	struct rs_json w;

	rs_json_init(&w, &feed->line);
	rs_json_begin_object(&w);
	rs_json_key_lit(&w, "op");
	rs_json_cstr(&w, "gone");
	rs_json_key_lit(&w, "uid");
	rs_json_cstr(&w, uid);
	rs_json_end_object(&w);
	rs_str_append_char(&feed->line, '\n');
	return flush(feed);
}

int rs_feed_state(struct rs_feed *feed, bool ok, const char *fmt, ...)
{
	char text[sizeof(feed->text)];
	struct rs_json w;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (feed->told && feed->ok == ok && !strcmp(feed->text, text))
		return 0;
	feed->told = true;
	feed->ok = ok;
	memcpy(feed->text, text, sizeof(text));
	rs_json_init(&w, &feed->line);
	rs_json_begin_object(&w);
	rs_json_key_lit(&w, "op");
	rs_json_cstr(&w, "state");
	rs_json_key_lit(&w, "ok");
	rs_json_bool(&w, ok);
	rs_json_key_lit(&w, "text");
	rs_json_cstr(&w, text);
	rs_json_end_object(&w);
	rs_str_append_char(&feed->line, '\n');
	return flush(feed);
}

int rs_feed_pod(struct rs_feed *feed, const struct rs_json_value *pod, struct rs_error *err)
{
	int r = rs_pod_write(pod, &feed->line, err);

	if (!r)
		return flush(feed);
	rs_str_reset(&feed->line);
	return r;
}
