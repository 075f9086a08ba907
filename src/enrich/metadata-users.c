/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users of a container: how its numbers are counted (user namespaces), and what its own /etc/passwd calls
 * them.
 *
 * The numbers are the process's own, where there is one: what a bundle of a user without rights says is
 * counted from the runtime's user namespace, which is not ours. Without a process, his container has the
 * usual ones: its root is he, the others are those that /etc/subuid gives him.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "enrich/metadata-internal.h"

#define HOST_FILE_MAX ((size_t)1 << 20)

/* Calls fn for each line of a host's file, cut into its fields at ":", until it returns true. */
static void each_line(int root_fd, const char *path, unsigned want,
		      bool (*fn)(void *data, char **fields), void *data)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(HOST_FILE_MAX + 1);
	_cleanup_(rs_cleanup_close) int fd = rs_metadata_open_below(root_fd, path, O_NOFOLLOW);
	char *line, *rest, *fields[8];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	rs_metadata_read_named(fd, HOST_FILE_MAX, &text);
	if (rs_str_append_char(&text, '\0') < 0)
		return;
	rest = text.data;
	while ((line = strsep(&rest, "\n"))) {
		unsigned n = 0;

		while (n < want && (fields[n] = strsep(&line, ":")))
			n++;
		if (n == want && fn(data, fields))
			return;
	}
}

static bool to_u32(const char *text, uint32_t *ret)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

/* What is too long is of no use. */
static void keep(char *to, size_t size, const char *text)
{
	if (strlen(text) < size)
		memcpy(to, text, strlen(text) + 1);
}

static bool owner_line(void *data, char **fields)
{
	struct rs_metadata_reader *reader = data;
	uint32_t uid;

	if (!to_u32(fields[2], &uid) || uid != reader->owner ||
	    !to_u32(fields[3], &reader->owner_gid))
		return false;
	if (fields[5][0] == '/')
		keep(reader->home, sizeof(reader->home), fields[5]);
	keep(reader->owner_name, sizeof(reader->owner_name), fields[0]);
	return true;
}

void rs_metadata_read_owner(struct rs_metadata_reader *reader)
{
	reader->home[0] = reader->owner_name[0] = '\0';
	reader->owner_gid = reader->owner;
	if (reader->owner)
		each_line(reader->root_fd, "/etc/passwd", 7, owner_line, reader);
}

/* --- numbers --- */

struct subordinate {
	const struct rs_metadata_reader *reader;
	struct rs_metadata_map *map;
	unsigned *n;
	uint32_t next; /* inside */
};

static bool subordinate_line(void *data, char **fields)
{
	struct subordinate *sub = data;
	struct rs_metadata_map range = { .first = sub->next };
	uint32_t uid;

	if (strcmp(fields[0], sub->reader->owner_name) != 0 &&
	    (!to_u32(fields[0], &uid) || uid != sub->reader->owner))
		return false;
	if (!to_u32(fields[1], &range.host) || !to_u32(fields[2], &range.count) || !range.count ||
	    __builtin_add_overflow(sub->next, range.count, &sub->next))
		return false;
	sub->map[(*sub->n)++] = range;
	return *sub->n >= RS_METADATA_MAPS;
}

static void usual_map(const struct rs_metadata_reader *reader, uint32_t host, const char *path,
		      struct rs_metadata_map *map, unsigned *n)
{
	struct subordinate sub = { .reader = reader, .map = map, .n = n, .next = 1 };

	map[0] = (struct rs_metadata_map){ .host = host, .count = 1 };
	*n = 1;
	each_line(reader->root_fd, path, 3, subordinate_line, &sub);
}

/* Three numbers in columns. */
static bool map_line(char *line, struct rs_metadata_map *range)
{
	uint32_t *const numbers[] = { &range->first, &range->host, &range->count };
	size_t n = 0;
	char *word;

	while (n < ARRAY_SIZE(numbers) && (word = strsep(&line, " ")))
		if (*word && !to_u32(word, numbers[n++]))
			return false;
	return n == ARRAY_SIZE(numbers) && range->count;
}

/* False: the process is in our own user namespace, or gone. */
static bool process_map(const struct rs_metadata_reader *reader, uint32_t pid, const char *which,
			struct rs_metadata_map *map, unsigned *n)
{
	struct rs_metadata_map found[RS_METADATA_MAPS];
	char path[32], text[4096], *line, *rest = text;
	unsigned k = 0;

	snprintf(path, sizeof(path), "%u/%s", pid, which);
	if (rs_fd_read_buf_at(reader->proc_fd, path, text, sizeof(text)) <= 0)
		return false;
	while (k < RS_METADATA_MAPS && (line = strsep(&rest, "\n")))
		k += map_line(line, &found[k]);
	if (!k || (k == 1 && !found[0].first && !found[0].host && found[0].count == UINT32_MAX))
		return false;
	memcpy(map, found, k * sizeof(*map));
	*n = k;
	return true;
}

static uint32_t known_process(const struct rs_metadata_reader *reader)
{
	const uint32_t pids[] = { reader->question->pid, reader->build->pid };

	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		if (rs_metadata_process_in(reader->proc_fd, pids[i], reader->question))
			return pids[i];
	return 0;
}

void rs_metadata_read_maps(struct rs_metadata_reader *reader)
{
	struct rs_metadata_build *build = reader->build;
	uint32_t pid = known_process(reader);

	if (pid && process_map(reader, pid, "uid_map", build->uid_map, &build->n_uid_map) &&
	    process_map(reader, pid, "gid_map", build->gid_map, &build->n_gid_map))
		return;
	/* runc without root, called by hand: "0 inside is I". */
	if (!reader->rootless || (build->n_uid_map && build->uid_map[0].host == reader->owner))
		return;
	usual_map(reader, reader->owner, "/etc/subuid", build->uid_map, &build->n_uid_map);
	usual_map(reader, reader->owner_gid, "/etc/subgid", build->gid_map, &build->n_gid_map);
}

/* --- names --- */

static bool has_passwd(int root_fd)
{
	_cleanup_(rs_cleanup_close) int fd = rs_metadata_open_below(root_fd, "/etc/passwd", 0);

	return fd >= 0;
}

/* Before it changes its root, the first process of a container still has ours. */
static bool same_directory(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) < 0 || fstat(b, &y) < 0 ||
	       (x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

struct rs_users *rs_metadata_read_users(struct rs_metadata_reader *reader, int own_root_fd)
{
	_cleanup_(rs_cleanup_close) int fd = -1;
	struct rs_users *users = NULL;
	uint32_t pid;

	if (reader->build->rootfs)
		fd = rs_metadata_open_below(reader->root_fd, reader->build->rootfs, O_DIRECTORY);
	/* A rootfs that is mounted elsewhere only, is an empty directory here. */
	if (fd < 0 || rs_metadata_check_place(reader, fd) < 0 || !has_passwd(fd)) {
		rs_cleanup_close(&fd);
		pid = known_process(reader);
		fd = pid ? rs_metadata_process_root(reader->proc_fd, pid) : -1;
		if (fd < 0 || same_directory(fd, own_root_fd) ||
		    same_directory(fd, reader->root_fd) ||
		    rs_metadata_check_place(reader, fd) < 0 || !has_passwd(fd))
			return NULL;
	}
	rs_users_new_at(fd, &users, NULL);
	return users;
}
