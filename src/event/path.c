/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths of events.
 *
 * A path from the kernel's own objects (RS_TAG_PATH) is absolute and has nothing to normalise. Where
 * only the process's argument was to be had, it comes with the directory that it starts from
 * (RS_TAG_BASE), which is the kernel's: the working directory, the one behind dirfd, or, for an
 * absolute argument, the process's root where that is not "/". The two are joined here:
 *
 *  - "." and empty components are dropped.
 *  - ".." at the start of the argument takes a component off the base. That is exact: the base has
 *    no symbolic links. For an absolute argument it does nothing, as the root's parent is the root;
 *    that holds for the root of a chroot (RS_TAG_ROOT), too.
 *  - ".." after a name stays as it is. "a/.." is not ".": a may be a symbolic link to elsewhere, and
 *    only the file system of that moment knew. A reader who sees ".." knows that it was there.
 *
 * So what we show always names the file that the kernel looked up, if not in the shortest way.
 * A missing beginning is shown as ".../".
 */
#include <string.h>

#include "event/event.h"

#define CUT_MARK "..."

struct joiner {
	char *buf;
	size_t len;
	size_t floor; /* ".." takes nothing off that ends here */
	bool cut;     /* buf[0..] begins with CUT_MARK */
};

/* Appends "/" and a component. The buffer holds the longest base and argument: see rs_event_path(). */
static void push(struct joiner *j, const char *name, size_t n)
{
	j->buf[j->len++] = '/';
	memcpy(j->buf + j->len, name, n);
	j->len += n;
}

/* Takes the last component off; what has lost its beginning never gets empty. */
static void pop(struct joiner *j)
{
	while (j->len > j->floor && j->buf[--j->len] != '/')
		;
}

/* Starts with the base: no final slash, "" for the root. */
static void start(struct joiner *j, const struct rs_text *base, bool cut)
{
	const char *data = base->data;
	size_t n = data ? base->len : 0;

	if (n > RS_PATH_MAX) {
		data += n - RS_PATH_MAX;
		n = RS_PATH_MAX;
		cut = true;
	}
	j->cut = cut;
	if (cut) {
		memcpy(j->buf, CUT_MARK, sizeof(CUT_MARK) - 1);
		j->len = j->floor = sizeof(CUT_MARK) - 1;
		while (n && *data == '/') {
			data++;
			n--;
		}
		if (n)
			push(j, data, n);
	} else {
		memcpy(j->buf, data, n);
		j->len = n;
	}
	while (j->len && j->buf[j->len - 1] == '/')
		j->len--;
}

/* A base at the root or below it stays there. One from elsewhere, a directory that was open before the
 * chroot, climbs as it likes. */
static void stay_below(struct joiner *j, const struct rs_text *root)
{
	size_t n = root->data ? root->len : 0;

	if (!n || j->cut || root->flags & RS_FIELD_CUT || n > j->len)
		return;
	if (memcmp(j->buf, root->data, n) == 0 && (n == j->len || j->buf[n] == '/'))
		j->floor = n;
}

static void join(struct joiner *j, const char *arg, size_t n)
{
	bool climbing = true, absolute = n && arg[0] == '/';
	const char *end = arg + n;

	while (arg < end) {
		const char *slash = memchr(arg, '/', (size_t)(end - arg));
		size_t len = (size_t)((slash ? slash : end) - arg);
		bool up = len == 2 && arg[0] == '.' && arg[1] == '.';

		if (up && climbing) {
			if (!absolute)
				pop(j);
		} else if (len && !(len == 1 && arg[0] == '.')) {
			push(j, arg, len);
			climbing = false;
		}
		arg += len + 1;
	}
	if (!j->len)
		j->buf[j->len++] = '/';
}

static bool argument_path(const struct rs_text *base, const struct rs_text *arg,
			  const struct rs_text *root, char *buf, struct rs_path *ret_path)
{
	size_t n = MIN(arg->len, (uint32_t)RS_PATH_MAX);
	bool absolute = n && arg->data[0] == '/';
	/* A relative one without its base is one whose beginning is missing; so is a base that does
	 * not begin at the root. */
	bool base_cut = base->data
				? base->flags & RS_FIELD_CUT || (base->len && base->data[0] != '/')
				: !absolute;
	struct joiner j = { .buf = buf };

	if (!n && (!base->data || arg->flags & RS_FIELD_FAULT))
		return false;
	start(&j, base->data ? base : &(struct rs_text){ .data = "" }, base_cut);
	stay_below(&j, root);
	join(&j, arg->data, n);
	*ret_path = (struct rs_path){
		.data = buf,
		.len = j.len,
		.kernel = arg->flags & RS_FIELD_KERNEL,
		.cut = j.cut || n < arg->len || arg->flags & RS_FIELD_CUT,
		.deleted = (base->flags | arg->flags) & RS_FIELD_DELETED,
		.detached = base->flags & RS_FIELD_DETACHED,
	};
	return true;
}

bool rs_event_kernel_path(const struct rs_text *path, char buf[static RS_EVENT_PATH_MAX],
			  struct rs_path *ret_path)
{
	struct rs_path p = {
		.data = path->data,
		.len = path->len,
		.kernel = true,
		.cut = path->flags & RS_FIELD_CUT,
		.deleted = path->flags & RS_FIELD_DELETED,
		.detached = path->flags & RS_FIELD_DETACHED,
	};

	if (!path->data || !path->len)
		return false;
	if (p.cut || path->len > RS_PATH_MAX) {
		struct joiner j = { .buf = buf };

		start(&j, path, true);
		p.data = buf;
		p.len = j.len;
		p.cut = true;
	}
	*ret_path = p;
	return true;
}

bool rs_event_path(const struct rs_event *event, int which, char buf[static RS_EVENT_PATH_MAX],
		   struct rs_path *ret_path)
{
	static const uint8_t tags[2][3] = {
		{ RS_TAG_PATH, RS_TAG_BASE, RS_TAG_ARG },
		{ RS_TAG_PATH2, RS_TAG_BASE2, RS_TAG_ARG2 },
	};
	const uint8_t *tag = tags[which != 0];

	if (event->field[tag[0]].data)
		return rs_event_kernel_path(&event->field[tag[0]], buf, ret_path);
	if (event->field[tag[2]].data)
		return argument_path(&event->field[tag[1]], &event->field[tag[2]],
				     &event->field[RS_TAG_ROOT], buf, ret_path);
	return false;
}
