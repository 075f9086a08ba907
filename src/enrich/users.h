/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * User and group names from /etc/passwd and /etc/group, read by ourselves: the name service
 * switch of libc loads shared objects, which a static program cannot, and may ask the network,
 * which an agent must not while it reads events. Users of a directory service stay numbers.
 *
 * The files are input that we do not trust: size, lines and names are capped, and lines that do
 * not look right are passed over.
 */

#include "base/error.h"

#define RS_USERS_MAX      65536 /* entries kept of each file */
#define RS_USERS_NAME_MAX 64    /* bytes; longer names are passed over */
#define RS_USERS_FILE_MAX ((size_t)8 << 20)

/* The same for files that belong to somebody else: rs_users_new_at(). */
#define RS_USERS_AT_MAX      1024
#define RS_USERS_AT_FILE_MAX ((size_t)256 << 10)

struct rs_users;

/*
 * Reads <root>/etc/passwd and <root>/etc/group; root may be NULL. A file that is not there, or
 * cannot be read, is an empty one. -ENOMEM.
 */
int rs_users_new(const char *root, struct rs_users **ret_users, struct rs_error *err);

/*
 * The same for the root directory of a container, which is another's: nothing outside of that root is
 * reached whatever links it holds, and nothing but regular files is opened, so that no device or pipe
 * of his does anything. They are read once: rs_users_refresh() finds no change, and root_fd is not
 * kept. A file system of his may keep the caller waiting: not to be called where events are. -ENOMEM.
 */
int rs_users_new_at(int root_fd, struct rs_users **ret_users, struct rs_error *err);
void rs_users_free(struct rs_users **users);
/* Bytes of memory that they take. */
size_t rs_users_size(const struct rs_users *users);

/*
 * Names, NUL-terminated, or NULL where there is none; valid until the next rs_users_refresh().
 * Where several lines have one number, the first one counts, as with getpwuid(3).
 */
const char *rs_users_name(struct rs_users *users, uint32_t uid);
const char *rs_users_group_name(struct rs_users *users, uint32_t gid);

/* The other way round: 0 or -ENOENT. */
int rs_users_find_uid(const struct rs_users *users, const char *name, uint32_t *ret_uid);

/*
 * Reads a file again that has changed since. Looks at most once a second: @now_ns is a monotonic
 * time, 0 looks in any case. When memory runs out the old names stay. Returns whether any names
 * changed.
 */
bool rs_users_refresh(struct rs_users *users, uint64_t now_ns);

/* Lines that were passed over because they were malformed or beyond the caps. */
uint64_t rs_users_skipped(const struct rs_users *users);
