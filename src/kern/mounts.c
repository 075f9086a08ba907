/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "base/str.h"

#define MOUNTINFO_BYTES ((size_t)8 << 20)

/* A piece of the text that ends at a space or at the end of the line. */
struct word {
	const char *data;
	size_t len;
};

static bool next_word(const char **p, const char *end, struct word *ret_word)
{
	while (*p < end && **p == ' ')
		(*p)++;
	if (*p == end)
		return false;
	ret_word->data = *p;
	while (*p < end && **p != ' ')
		(*p)++;
	ret_word->len = (size_t)(*p - ret_word->data);
	return true;
}

static bool word_is(const struct word *word, const char *text)
{
	return word->len == strlen(text) && memcmp(word->data, text, word->len) == 0;
}

static bool is_octal(const char *p)
{
	return p[0] >= '0' && p[0] <= '3' && p[1] >= '0' && p[1] <= '7' && p[2] >= '0' &&
	       p[2] <= '7';
}

/* The kernel writes space, tab, newline and backslash as \ooo. False when it does not fit. */
static bool unescape(const struct word *word, char *buf, size_t size)
{
	size_t out = 0;

	for (size_t i = 0; i < word->len; i++) {
		const char *p = word->data + i;
		char c = *p;

		if (c == '\\' && word->len - i > 3 && is_octal(p + 1)) {
			c = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
			i += 3;
		}
		if (out + 1 >= size)
			return false;
		buf[out++] = c;
	}
	buf[out] = '\0';
	return true;
}

/* "98:0"; 0 where it is not that. */
static uint32_t parse_dev(const struct word *word)
{
	char text[32], *colon, *end;
	unsigned long major, minor;

	snprintf(text, sizeof(text), "%.*s", (int)word->len, word->data);
	major = strtoul(text, &colon, 10);
	if (colon == text || *colon != ':' || major >= 1 << 12)
		return 0;
	minor = strtoul(colon + 1, &end, 10);
	return *end || end == colon + 1 || minor >= 1 << 20 ? 0 : (uint32_t)(major << 20 | minor);
}

/* "36 35 98:0 /root /point rw,noatime master:1 - type source options" */
static bool parse_line(const char *p, const char *end, struct rs_mount *mount)
{
	struct word skip, dev, root, point, flags, type, options;

	for (int i = 0; i < 2; i++) {
		if (!next_word(&p, end, &skip))
			return false;
	}
	if (!next_word(&p, end, &dev))
		return false;
	mount->dev = parse_dev(&dev);
	if (!next_word(&p, end, &root) || !next_word(&p, end, &point) ||
	    !next_word(&p, end, &flags))
		return false;
	do { /* optional fields, as many as there are */
		if (!next_word(&p, end, &skip))
			return false;
	} while (!word_is(&skip, "-"));
	if (!next_word(&p, end, &type))
		return false;
	mount->options[0] = '\0';
	if (next_word(&p, end, &skip) && next_word(&p, end, &options))
		snprintf(mount->options, sizeof(mount->options), "%.*s", (int)options.len,
			 options.data);
	mount->readonly = flags.len >= 2 && memcmp(flags.data, "ro", 2) == 0;
	return unescape(&root, mount->root, sizeof(mount->root)) &&
	       unescape(&point, mount->point, sizeof(mount->point)) &&
	       unescape(&type, mount->type, sizeof(mount->type));
}

int rs_mounts_parse(const char *text, size_t size, rs_mounts_fn *fn, void *arg)
{
	const char *p = text, *end = text + size;
	struct rs_mount mount;
	int r = 0;

	while (p < end && r == 0) {
		const char *line_end = memchr(p, '\n', (size_t)(end - p));

		if (!line_end)
			line_end = end;
		if (parse_line(p, line_end, &mount))
			r = fn(arg, &mount);
		p = line_end < end ? line_end + 1 : end;
	}
	return r;
}

int rs_mounts_walk(rs_mounts_fn *fn, void *arg)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(MOUNTINFO_BYTES);
	int r = rs_fd_read_file_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_BYTES, &text);

	if (r < 0)
		return r;
	return rs_mounts_parse(text.data, text.len, fn, arg);
}

struct search {
	const char *type;
	long magic;
	char *buf;
	size_t size;
	bool found;
};

static int look_at(void *arg, const struct rs_mount *mount)
{
	struct search *search = arg;
	bool whole = strcmp(mount->root, "/") == 0;
	struct statfs fs;

	if (strcmp(mount->type, search->type) != 0 || (search->found && !whole))
		return 0;
	if (statfs(mount->point, &fs) < 0 || (long)fs.f_type != search->magic)
		return 0;
	if (strlen(mount->point) >= search->size)
		return -ENAMETOOLONG;
	memcpy(search->buf, mount->point, strlen(mount->point) + 1);
	search->found = true;
	return whole;
}

int rs_mounts_find(const char *type, long magic, char *buf, size_t size)
{
	struct search search = { .type = type, .magic = magic, .buf = buf, .size = size };
	int r = rs_mounts_walk(look_at, &search);

	if (r < 0)
		return r;
	return search.found ? 0 : -ENOENT;
}

/* glibc has the wrappers only since 2.36. */
static int sys_fsopen(const char *type, unsigned flags)
{
	return (int)syscall(SYS_fsopen, type, flags);
}

static int sys_fsconfig(int fd, unsigned cmd)
{
	return (int)syscall(SYS_fsconfig, fd, cmd, NULL, NULL, 0);
}

static int sys_fsmount(int fd, unsigned flags, unsigned attributes)
{
	return (int)syscall(SYS_fsmount, fd, flags, attributes);
}

int rs_mounts_open_detached(const char *type)
{
	_cleanup_(rs_cleanup_close) int context = sys_fsopen(type, FSOPEN_CLOEXEC);
	int fd;

	if (context < 0)
		return -errno;
	if (sys_fsconfig(context, FSCONFIG_CMD_CREATE) < 0)
		return -errno;
	fd = sys_fsmount(context, FSMOUNT_CLOEXEC,
			 MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return fd < 0 ? -errno : fd;
}
