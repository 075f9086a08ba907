/* SPDX-License-Identifier: Apache-2.0 */
/* Fields about files and paths. */
#include <sys/stat.h>

#include "base/utf8.h"
#include "event/fields.h"

#define ID_KEPT 0xffffffffu /* chown: this one stays */

/* --- file.path and its parts --- */

static void path_string(struct rs_render *r, unsigned which)
{
	if (r->has_path[which])
		rs_out_string(&r->out, r->path[which].data, r->path[which].len);
}

/* The last component, nothing for "/". */
static struct rs_text base_name(const struct rs_path *path)
{
	const char *slash = memrchr(path->data, '/', path->len);
	const char *name = slash ? slash + 1 : path->data;

	return (struct rs_text){ name, (uint32_t)(path->data + path->len - name), 0 };
}

static void name_string(struct rs_render *r, unsigned which)
{
	struct rs_text name;

	if (!r->has_path[which])
		return;
	name = base_name(&r->path[which]);
	if (name.len)
		rs_out_string(&r->out, name.data, name.len);
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
	const struct rs_path *path = &r->path[0];
	const char *slash = r->has_path[0] ? memrchr(path->data, '/', path->len) : NULL;

	if (!slash || path->len == 1)
		return;
	/* The root keeps its slash. */
	rs_out_string(&r->out, path->data, slash == path->data ? 1 : (size_t)(slash - path->data));
}

/* After the last dot of the name, unless the name only begins with it. */
void rs_field_file_extension(struct rs_render *r)
{
	struct rs_text name;
	const char *dot;

	if (!r->has_path[0])
		return;
	name = base_name(&r->path[0]);
	dot = memrchr(name.data, '.', name.len);
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
		[S_IFREG >> 12] = "file",  [S_IFDIR >> 12] = "dir",    [S_IFLNK >> 12] = "symlink",
		[S_IFIFO >> 12] = "fifo",  [S_IFSOCK >> 12] = "socket", [S_IFCHR >> 12] = "character",
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
	const uint64_t asked =
		RS_KIND_BIT(CHMOD) | RS_KIND_BIT(MKDIR) | RS_KIND_BIT(CREATE);

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
	bool ascii = true;

	if (!r->has_path[which])
		return;
	for (size_t i = 0; i < path->len; i++)
		ascii &= !(path->data[i] & 0x80);
	if (ascii || rs_utf8_is_valid(path->data, path->len) ||
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
