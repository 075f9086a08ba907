/* SPDX-License-Identifier: Apache-2.0 */
/* Fields about files and paths. */
#include <sys/stat.h>

#include "base/utf8.h"
#include "event/fields.h"

#define ID_KEPT 0xffffffffu /* chown: this one stays */

/* --- file.path and its parts --- */

static void path_string(struct rs_render *r, unsigned which)
{
	if (!r->has_path[which] || rs_out_string(&r->out, r->path[which].data, r->path[which].len))
		return;
	r->odd[which] = true;
	r->traits |= RS_WHEN_ODD;
}

static void name_string(struct rs_render *r, unsigned which)
{
	if (r->name[which].len)
		rs_out_string(&r->out, r->name[which].data, r->name[which].len);
}

void rs_field_file_path(struct rs_render *r)
{
	path_string(r, 0);
}

void rs_field_file_name(struct rs_render *r)
{
	name_string(r, 0);
}

void rs_field_file_directory(struct rs_render *r)
{
	size_t n = r->path[0].len - r->name[0].len;

	/* The slash before the name goes, but for that of the root. */
	if (r->has_path[0] && n && r->path[0].len > 1)
		rs_out_string(&r->out, r->path[0].data, n > 1 ? n - 1 : n);
}

/* After the last dot of the name, unless the name only begins with it. */
void rs_field_file_extension(struct rs_render *r)
{
	struct rs_text name = r->name[0];
	const char *dot = name.len ? memrchr(name.data, '.', name.len) : NULL;

	if (dot && dot != name.data && dot + 1 < name.data + name.len)
		rs_out_string(&r->out, dot + 1, (size_t)(name.data + name.len - dot) - 1);
}

/* link: the other name; symlink: its content, as it stands in the link. */
void rs_field_target_path(struct rs_render *r)
{
	const struct rs_text *content = &r->event->field[RS_TAG_NAME];

	if (r->kind != RS_KIND_SYMLINK)
		path_string(r, 1);
	else if (content->data)
		rs_out_string(&r->out, content->data, content->len);
}

void rs_field_original_path(struct rs_render *r)
{
	path_string(r, 1);
}

void rs_field_original_name(struct rs_render *r)
{
	name_string(r, 1);
}

/* A device or directory is a path; "tmpfs" and "none" are only words, given as they are. */
void rs_field_mount_source(struct rs_render *r)
{
	const struct rs_text *arg = &r->event->field[RS_TAG_ARG2];

	if (arg->data && (!arg->len || arg->data[0] != '/'))
		rs_out_string(&r->out, arg->data, arg->len);
	else
		path_string(r, 1);
}

/* --- what is known of the inode --- */

void rs_field_file_type(struct rs_render *r)
{
	static const char *const types[16] = {
		[S_IFREG >> 12] = "file",    [S_IFDIR >> 12] = "dir",
		[S_IFLNK >> 12] = "symlink", [S_IFIFO >> 12] = "fifo",
		[S_IFSOCK >> 12] = "socket", [S_IFCHR >> 12] = "character",
		[S_IFBLK >> 12] = "block",
	};
	const char *type = types[r->event->file->mode >> 12 & 15];

	if (r->kind == RS_KIND_MKDIR || r->kind == RS_KIND_RMDIR)
		type = "dir";
	else if (r->kind == RS_KIND_SYMLINK)
		type = "symlink";
	if (type)
		rs_out_name(&r->out, type);
}

void rs_field_inode(struct rs_render *r)
{
	if (r->event->file->ino)
		rs_out_quoted(&r->out, r->event->file->ino);
}

void rs_field_device(struct rs_render *r)
{
	if (r->event->file->ino)
		rs_out_device(&r->out, r->event->file->dev);
}

/* 0 is a value only where it was asked for. */
void rs_field_mode(struct rs_render *r)
{
	const uint64_t asked = RS_KIND_BIT(CHMOD) | RS_KIND_BIT(MKDIR) | RS_KIND_BIT(CREATE);

	if (r->event->file->mode || asked >> r->kind & 1)
		rs_out_mode(&r->out, r->event->file->mode);
}

static void owner(struct rs_render *r, uint32_t id)
{
	bool asked = r->kind == RS_KIND_CHOWN;

	if (asked ? id != ID_KEPT : r->event->file->ino != 0)
		rs_out_quoted(&r->out, id);
}

void rs_field_file_uid(struct rs_render *r)
{
	owner(r, r->event->file->uid);
}

void rs_field_file_gid(struct rs_render *r)
{
	owner(r, r->event->file->gid);
}

/* A length as the process gave it: one that a long cannot hold is an error in any case. */
void rs_field_file_size(struct rs_render *r)
{
	rs_out_long(&r->out, r->event->file->length);
}

/* --- where a path comes from --- */

static void path_source(struct rs_render *r, unsigned which)
{
	if (!r->has_path[which])
		return;
	if (r->path[which].kernel)
		rs_out_lit(&r->out, "\"kernel\"");
	else
		rs_out_lit(&r->out, "\"argument\"");
}

static void only_true(struct rs_render *r, bool v)
{
	if (v)
		rs_out_lit(&r->out, "true");
}

/* The bytes of a path that JSON cannot hold as they are. */
static void path_bytes(struct rs_render *r, unsigned which)
{
	const struct rs_path *path = &r->path[which];

	if (!r->odd[which] || rs_utf8_is_valid(path->data, path->len) ||
	    !rs_out_need(&r->out, 2 * path->len + 2))
		return;
	rs_out_char(&r->out, '"');
	for (size_t i = 0; i < path->len; i++) {
		unsigned char c = (unsigned char)path->data[i];

		rs_out_char(&r->out, "0123456789abcdef"[c >> 4]);
		rs_out_char(&r->out, "0123456789abcdef"[c & 15]);
	}
	rs_out_char(&r->out, '"');
}

void rs_field_path_source(struct rs_render *r)
{
	path_source(r, 0);
}

void rs_field_path_deleted(struct rs_render *r)
{
	only_true(r, r->has_path[0] && r->path[0].deleted);
}

void rs_field_path_detached(struct rs_render *r)
{
	only_true(r, r->has_path[0] && r->path[0].detached);
}

void rs_field_path_bytes(struct rs_render *r)
{
	path_bytes(r, 0);
}

void rs_field_path2_source(struct rs_render *r)
{
	path_source(r, 1);
}

void rs_field_path2_deleted(struct rs_render *r)
{
	only_true(r, r->has_path[1] && r->path[1].deleted);
}

void rs_field_path2_detached(struct rs_render *r)
{
	only_true(r, r->has_path[1] && r->path[1].detached);
}

void rs_field_path2_bytes(struct rs_render *r)
{
	path_bytes(r, 1);
}
