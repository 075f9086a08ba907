/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The files of a store and their names: events-YYYYMMDDTHH.db, the hour in UTC, -2, -3 and so on where an
 * hour takes several. Private to the room. */

#include "base/error.h"

#define RS_DIR_SPAN      (3600ull * 1000000000) /* time that a file is for, at most */
#define RS_DIR_SLACK     (60ull * 1000000000)   /* how much earlier its first event may be */
#define RS_DIR_NAME      64
#define RS_DIR_FILES_MAX 100000

struct rs_dir_file {
	char name[RS_DIR_NAME]; /* with ".broken" where it was set aside */
	uint64_t start;         /* real ns */
	unsigned number;        /* from 1 */
	bool broken;
	bool unsettled; /* a log stands beside it: nobody closed it */
	uint64_t bytes; /* with what stands beside it */
};

struct rs_dir_files {
	struct rs_dir_file *items; /* by start and number */
	size_t len, cap;
};

/* What is there. -ENOENT, -EACCES, ... */
int rs_dir_list(const char *dir, struct rs_dir_files *ret_files, struct rs_error *err);
void rs_dir_files_done(struct rs_dir_files *files);

/* False: not the name of such a file. */
bool rs_dir_parse(const char *name, struct rs_dir_file *ret_file);
void rs_dir_name(uint64_t start, unsigned number, char buf[static RS_DIR_NAME]);

/* Removes it and what stands beside it. */
int rs_dir_drop(const char *dir, const char *name);
/* Renames it to NAME.broken (NAME.2.broken, ...), with its log. */
int rs_dir_set_aside(const char *dir, const char *name);

/* Of the file and what stands beside it; 0: there is none. */
uint64_t rs_dir_bytes(const char *dir, const char *name);
