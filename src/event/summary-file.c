/* SPDX-License-Identifier: Apache-2.0 */
/* What happened to files, in words. */
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <string.h>

#include "base/units.h"
#include "event/summary.h"

#define ARROW   " -> "
#define ID_KEPT 0xffffffffu

static void note_marks(struct rs_words *w)
{
	if (w->event->marks & RS_FIELD_DELETED)
		rs_words_tailf(w, " (deleted)");
	if (w->event->marks & RS_FIELD_DETACHED)
		rs_words_tailf(w, " (detached mount)");
}

static void path_and_tail(struct rs_words *w)
{
	note_marks(w);
	rs_words_path(w, 0, 1);
}

void rs_words_open(struct rs_words *w)
{
	static const struct {
		uint32_t mask, bits;
		const char *word;
	} words[] = {
		{ O_PATH, O_PATH, " path" },
		{ O_PATH | O_ACCMODE, O_RDONLY, " read" },
		{ O_PATH | O_ACCMODE, O_WRONLY, " write" },
		{ O_PATH | O_ACCMODE, O_RDWR, " read write" },
		{ O_CREAT, O_CREAT, " create" },
		{ O_EXCL, O_EXCL, " exclusive" },
		{ O_TRUNC, O_TRUNC, " truncate" },
		{ O_APPEND, O_APPEND, " append" },
		{ O_TMPFILE, O_TMPFILE, " tmpfile" },
		{ O_TMPFILE, O_DIRECTORY, " directory" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if ((w->event->file->flags & words[i].mask) == words[i].bits)
			rs_words_tailf(w, "%s", words[i].word);
	path_and_tail(w);
}

/* One path, or "old -> new". */
void rs_words_paths(struct rs_words *w)
{
	note_marks(w);
	if (w->event->hdr->kind != RS_KIND_RENAME) {
		rs_words_path(w, 0, 1);
		return;
	}
	rs_words_path(w, 0, 2);
	rs_str_append_cstr(w->out, ARROW);
	rs_words_path(w, 1, 1);
}

/* As ls(1) shows links: the new name first. */
void rs_words_link(struct rs_words *w)
{
	note_marks(w);
	rs_words_path(w, 1, 2);
	rs_str_append_cstr(w->out, ARROW);
	rs_words_path(w, 0, 1);
}

void rs_words_symlink(struct rs_words *w)
{
	const struct rs_text *content = &w->event->field[RS_TAG_NAME];

	rs_words_tailf(w, ARROW);
	rs_words_tail_bytes(w, content->data, content->len);
	path_and_tail(w);
}

void rs_words_mode(struct rs_words *w)
{
	rs_words_tailf(w, " %04o", w->event->file->mode & 07777);
	path_and_tail(w);
}

void rs_words_chown(struct rs_words *w)
{
	if (w->event->file->uid != ID_KEPT)
		rs_words_tailf(w, " user %u", w->event->file->uid);
	if (w->event->file->gid != ID_KEPT)
		rs_words_tailf(w, " group %u", w->event->file->gid);
	path_and_tail(w);
}

void rs_words_truncate(struct rs_words *w)
{
	char buf[RS_UNITS_BUF];

	rs_words_tailf(w, " to %s", rs_units_format_bytes(buf, w->event->file->length));
	path_and_tail(w);
}

void rs_words_setxattr(struct rs_words *w)
{
	const struct rs_text *name = &w->event->field[RS_TAG_NAME];

	rs_words_tailf(w, " ");
	rs_words_tail_bytes(w, name->data, name->len);
	path_and_tail(w);
}

/* "tmpfs on /mnt type tmpfs nosuid", as mount(8) lists them. */
void rs_words_mount(struct rs_words *w)
{
	const struct rs_text *type = &w->event->field[RS_TAG_TYPE];
	const struct rs_text *source = &w->event->field[RS_TAG_ARG2];

	if (type->data && type->len) {
		rs_words_tailf(w, " type ");
		rs_words_tail_bytes(w, type->data, type->len);
	}
	rs_words_flags(w, RS_KIND_MOUNT, w->event->file->flags, strlen("MS_"));
	if (source->data && source->len && source->data[0] != '/') {
		rs_words_bytes(w, source->data, MIN(source->len, 64u));
		rs_str_append_cstr(w->out, " on ");
	} else if (source->data && source->len) {
		rs_words_path(w, 1, 2);
		rs_str_append_cstr(w->out, " on ");
	}
	rs_words_path(w, 0, 1);
}

void rs_words_umount(struct rs_words *w)
{
	rs_words_flags(w, RS_KIND_UMOUNT, w->event->file->flags, strlen("MNT_"));
	path_and_tail(w);
}

void rs_words_root(struct rs_words *w)
{
	path_and_tail(w);
}
