/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/vec.h"
#include "store/dir.h"

#define PREFIX "events-"
#define SUFFIX ".db"
#define BROKEN ".broken"
#define SECOND 1000000000ull

static const char *const beside[] = { "-wal", "-shm", "-journal" };

/* --- names --- */

void rs_dir_name(uint64_t start, unsigned number, char buf[static RS_DIR_NAME])
{
	time_t seconds = (time_t)(start / SECOND);
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(buf, RS_DIR_NAME, PREFIX "%Y%m%dT%H", &tm);
	if (tm.tm_min || tm.tm_sec) /* files of less than an hour: tests */
		n += strftime(buf + n, RS_DIR_NAME - n, "%M%S", &tm);
	if (number > 1)
		n += (size_t)snprintf(buf + n, RS_DIR_NAME - n, "-%u", number);
	snprintf(buf + n, RS_DIR_NAME - n, SUFFIX);
}

/* Exactly n digits. */
static bool digits(const char **p, unsigned n, int *ret_value)
{
	int value = 0;

	for (unsigned i = 0; i < n; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		value = value * 10 + (**p - '0');
	}
	*ret_value = value;
	return true;
}

static bool parse_time(const char **p, uint64_t *ret_start)
{
	struct tm tm = { 0 };
	time_t seconds;

	if (!digits(p, 4, &tm.tm_year) || !digits(p, 2, &tm.tm_mon) || !digits(p, 2, &tm.tm_mday) ||
	    *(*p)++ != 'T' || !digits(p, 2, &tm.tm_hour))
		return false;
	if (**p >= '0' && **p <= '9' && (!digits(p, 2, &tm.tm_min) || !digits(p, 2, &tm.tm_sec)))
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	seconds = timegm(&tm);
	if (seconds < 0 || (uint64_t)seconds > UINT64_MAX / SECOND / 2)
		return false;
	*ret_start = (uint64_t)seconds * SECOND;
	return true;
}

bool rs_dir_parse(const char *name, struct rs_dir_file *ret_file)
{
	struct rs_dir_file file = { .number = 1 };
	const char *p = name;
	size_t n = strlen(name);
	char *end;

	if (n >= RS_DIR_NAME || strncmp(p, PREFIX, sizeof(PREFIX) - 1) != 0)
		return false;
	p += sizeof(PREFIX) - 1;
	if (!parse_time(&p, &file.start))
		return false;
	if (*p == '-') {
		if (p[1] < '1' || p[1] > '9')
			return false;
		file.number = (unsigned)strtoul(p + 1, &end, 10);
		p = end;
	}
	if (strncmp(p, SUFFIX, sizeof(SUFFIX) - 1) != 0)
		return false;
	p += sizeof(SUFFIX) - 1;
	file.broken = n > sizeof(BROKEN) - 1 && strcmp(name + n - sizeof(BROKEN) + 1, BROKEN) == 0;
	if (*p && !file.broken)
		return false;
	memcpy(file.name, name, n + 1);
	*ret_file = file;
	return true;
}

/* --- files --- */

static uint64_t size_of(const char *dir, const char *name, const char *suffix)
{
	char path[PATH_MAX];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s/%s%s", dir, name, suffix) >= (int)sizeof(path) ||
	    lstat(path, &st) < 0)
		return 0;
	return (uint64_t)st.st_size;
}

uint64_t rs_dir_bytes(const char *dir, const char *name)
{
	uint64_t bytes = size_of(dir, name, "");

	for (unsigned i = 0; i < ARRAY_SIZE(beside); i++)
		bytes += size_of(dir, name, beside[i]);
	return bytes;
}

int rs_dir_drop(const char *dir, const char *name)
{
	char path[PATH_MAX];

	/* The log first: one that is left behind would be taken for that of a later file. */
	for (unsigned i = 0; i < ARRAY_SIZE(beside); i++)
		if (snprintf(path, sizeof(path), "%s/%s%s", dir, name, beside[i]) <
		    (int)sizeof(path))
			unlink(path);
	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

static int move(const char *dir, const char *from, const char *to, const char *suffix)
{
	char a[PATH_MAX], b[PATH_MAX];

	if (snprintf(a, sizeof(a), "%s/%s%s", dir, from, suffix) >= (int)sizeof(a) ||
	    snprintf(b, sizeof(b), "%s/%s%s", dir, to, suffix) >= (int)sizeof(b))
		return -ENAMETOOLONG;
	return rename(a, b) < 0 ? -errno : 0;
}

int rs_dir_set_aside(const char *dir, const char *name)
{
	char to[RS_DIR_NAME + 32], path[PATH_MAX];
	unsigned i = 1;

	do {
		if (i == 1)
			snprintf(to, sizeof(to), "%s" BROKEN, name);
		else
			snprintf(to, sizeof(to), "%s.%u" BROKEN, name, i);
		if (snprintf(path, sizeof(path), "%s/%s", dir, to) >= (int)sizeof(path))
			return -ENAMETOOLONG;
	} while (access(path, F_OK) == 0 && ++i < 1000);
	move(dir, name, to, "-wal");
	move(dir, name, to, "-journal");
	if (snprintf(path, sizeof(path), "%s/%s-shm", dir, name) < (int)sizeof(path))
		unlink(path);
	return move(dir, name, to, "");
}

static int by_time(const void *pa, const void *pb)
{
	const struct rs_dir_file *a = pa, *b = pb;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return strcmp(a->name, b->name);
}

int rs_dir_list(const char *dir, struct rs_dir_files *ret_files, struct rs_error *err)
{
	RS_VEC(struct rs_dir_file) files = { 0 };
	DIR *d = opendir(dir);
	struct dirent *entry;
	int r = 0;

	if (!d)
		return rs_error_set_errno(err, -errno, "opening \"%s\"", dir);
	while (r >= 0 && files.len < RS_DIR_FILES_MAX && (entry = readdir(d))) {
		struct rs_dir_file file;

		if (!rs_dir_parse(entry->d_name, &file))
			continue;
		file.unsettled = size_of(dir, file.name, "-wal") ||
				 size_of(dir, file.name, "-journal");
		file.bytes = rs_dir_bytes(dir, file.name);
		r = rs_vec_push(&files, file);
	}
	closedir(d);
	if (r < 0) {
		rs_vec_done(&files);
		return rs_error_set_errno(err, r, "reading \"%s\"", dir);
	}
	if (files.len)
		qsort(files.items, files.len, sizeof(*files.items), by_time);
	*ret_files = (struct rs_dir_files){ files.items, files.len, files.cap };
	return 0;
}

void rs_dir_files_done(struct rs_dir_files *files)
{
	free(files->items);
	*files = (struct rs_dir_files){ 0 };
}
