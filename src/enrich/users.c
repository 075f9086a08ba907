/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/users.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/units.h"
#include "base/vec.h"

struct entry {
	uint32_t id;
	uint32_t name; /* offset into names.data */
};

/* One file: its names, sorted by number, and what it looked like when it was read. */
struct table {
	char *path; /* NULL: read once, never again */
	size_t max; /* entries */
	RS_VEC(struct entry) entries;
	struct rs_str names; /* each ended by NUL */
	uint64_t skipped;
	struct stat seen;
	uint32_t last_id; /* the last lookup, hit or miss */
	const char *last_name;
	bool last_valid;
};

struct rs_users {
	struct table users;
	struct table groups;
	uint64_t next_look; /* monotonic ns */
};

static void table_clear(struct table *table)
{
	rs_vec_done(&table->entries);
	rs_str_done(&table->names);
}

/* A name that is safe to keep: printable, short, and no marker of the old NIS syntax. */
static bool name_is_sane(const char *name, size_t n)
{
	if (!n || n > RS_USERS_NAME_MAX || *name == '+' || *name == '-' || *name == '#')
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c <= ' ' || c == 0x7f)
			return false;
	}
	return true;
}

static int parse_id(const char *text, size_t n, uint32_t *ret_id)
{
	uint64_t id = 0;

	if (!n || n > 10)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		id = id * 10 + (uint64_t)(text[i] - '0');
	}
	if (id > UINT32_MAX)
		return -ERANGE;
	*ret_id = (uint32_t)id;
	return 0;
}

/* name:password:number:... in both files. -EINVAL for a line to pass over. */
static int parse_line(const char *line, size_t n, struct table *table)
{
	const char *end = line + n, *password, *number, *rest;
	struct entry entry = { .name = (uint32_t)table->names.len };

	password = memchr(line, ':', n);
	number = password ? memchr(password + 1, ':', (size_t)(end - password - 1)) : NULL;
	rest = number ? memchr(number + 1, ':', (size_t)(end - number - 1)) : NULL;
	if (!rest) /* not even a line that the cap on the file's size has cut */
		return -EINVAL;
	number++;
	if (!name_is_sane(line, (size_t)(password - line)) ||
	    parse_id(number, (size_t)(rest - number), &entry.id) < 0)
		return -EINVAL;
	if (table->entries.len >= table->max)
		return -EINVAL;
	rs_str_append(&table->names, line, (size_t)(password - line));
	if (rs_str_append_char(&table->names, '\0') < 0)
		return -ENOMEM;
	return rs_vec_push(&table->entries, entry);
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name; /* the earlier line first */
}

static int parse_file(const struct rs_str *text, struct table *table)
{
	const char *p = text->data, *end = p + text->len;
	int r;

	while (p < end) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((eol ? eol : end) - p);

		r = n ? parse_line(p, n, table) : 0;
		if (r == -ENOMEM)
			return r;
		table->skipped += r < 0;
		p += n + 1;
	}
	if (table->entries.len)
		qsort(table->entries.items, table->entries.len, sizeof(struct entry),
		      compare_entries);
	return 0;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* 1 when it was read, 0 when nothing changed, -ENOMEM. */
static int table_load(struct table *table)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(RS_USERS_FILE_MAX + 1);
	struct table new = { .path = table->path, .max = table->max };
	int r;

	if (!table->path)
		return 0;
	if (stat(table->path, &new.seen) < 0)
		memset(&new.seen, 0, sizeof(new.seen));
	if (same_file(&new.seen, &table->seen))
		return 0;
	/* Anything but a regular file could block us, or never end. Too large: what was read. */
	if (S_ISREG(new.seen.st_mode))
		rs_fd_read_file(table->path, RS_USERS_FILE_MAX, &text, NULL);
	r = text.len ? parse_file(&text, &new) : 0;
	if (r < 0) {
		table_clear(&new);
		return r;
	}
	table_clear(table);
	*table = new;
	return 1;
}

static int table_init(struct table *table, const char *root, const char *path)
{
	if (asprintf(&table->path, "%s%s", root ? root : "", path) < 0) {
		table->path = NULL;
		return -ENOMEM;
	}
	table->max = RS_USERS_MAX;
	return table_load(table);
}

/* A regular file beneath another's root, open to be read; -errno. What it is is asked of a descriptor
 * that only names it: to open a device or a pipe may do things. */
static int open_beneath(int root_fd, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	_cleanup_(rs_cleanup_close) int name = (int)syscall(SYS_openat2, root_fd, path, &how,
							    sizeof(how));
	char link[32];
	struct stat st;
	int fd;

	if (name < 0 || fstat(name, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", name);
	fd = open(link, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int table_init_at(struct table *table, int root_fd, const char *path)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(RS_USERS_AT_FILE_MAX + 1);
	_cleanup_(rs_cleanup_close) int fd = open_beneath(root_fd, path);

	table->max = RS_USERS_AT_MAX;
	if (fd >= 0)
		rs_fd_read_all(fd, RS_USERS_AT_FILE_MAX, &text); /* too large: what was read */
	return text.len ? parse_file(&text, table) : 0;
}

static const char *table_find(struct table *table, uint32_t id)
{
	size_t low = 0, high = table->entries.len;

	if (table->last_valid && table->last_id == id)
		return table->last_name;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->entries.items[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	table->last_id = id;
	table->last_valid = true;
	table->last_name = NULL;
	if (low < table->entries.len && table->entries.items[low].id == id)
		table->last_name = table->names.data + table->entries.items[low].name;
	return table->last_name;
}

int rs_users_new(const char *root, struct rs_users **ret_users, struct rs_error *err)
{
	_cleanup_(rs_users_free) struct rs_users *users = NULL;

	users = calloc(1, sizeof(*users));
	if (!users || table_init(&users->users, root, "/etc/passwd") < 0 ||
	    table_init(&users->groups, root, "/etc/group") < 0)
		return rs_error_set_errno(err, -ENOMEM, "reading the names of users and groups");
	*ret_users = TAKE_PTR(users);
	return 0;
}

int rs_users_new_at(int root_fd, struct rs_users **ret_users, struct rs_error *err)
{
	_cleanup_(rs_users_free) struct rs_users *users = NULL;

	users = calloc(1, sizeof(*users));
	if (!users || table_init_at(&users->users, root_fd, "etc/passwd") < 0 ||
	    table_init_at(&users->groups, root_fd, "etc/group") < 0)
		return rs_error_set_errno(err, -ENOMEM,
					  "reading a container's names of users and groups");
	*ret_users = TAKE_PTR(users);
	return 0;
}

static size_t table_size(const struct table *table)
{
	return table->entries.cap * sizeof(struct entry) + table->names.cap;
}

size_t rs_users_size(const struct rs_users *users)
{
	return sizeof(*users) + table_size(&users->users) + table_size(&users->groups);
}

void rs_users_free(struct rs_users **users)
{
	if (!*users)
		return;
	table_clear(&(*users)->users);
	table_clear(&(*users)->groups);
	free((*users)->users.path);
	free((*users)->groups.path);
	free(*users);
	*users = NULL;
}

const char *rs_users_name(struct rs_users *users, uint32_t uid)
{
	return table_find(&users->users, uid);
}

const char *rs_users_group_name(struct rs_users *users, uint32_t gid)
{
	return table_find(&users->groups, gid);
}

int rs_users_find_uid(const struct rs_users *users, const char *name, uint32_t *ret_uid)
{
	const struct table *table = &users->users;
	const struct entry *best = NULL;

	/* The first line of this name: the one with the lowest offset. */
	for (size_t i = 0; i < table->entries.len; i++) {
		const struct entry *entry = &table->entries.items[i];

		if (!strcmp(table->names.data + entry->name, name) &&
		    (!best || entry->name < best->name))
			best = entry;
	}
	if (!best)
		return -ENOENT;
	*ret_uid = best->id;
	return 0;
}

bool rs_users_refresh(struct rs_users *users, uint64_t now_ns)
{
	bool changed;

	if (now_ns && now_ns < users->next_look)
		return false;
	users->next_look = now_ns + RS_NSEC_PER_SEC;
	changed = table_load(&users->users) > 0;
	return table_load(&users->groups) > 0 || changed;
}

uint64_t rs_users_skipped(const struct rs_users *users)
{
	return users->users.skipped + users->groups.skipped;
}
