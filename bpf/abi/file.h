/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Record of the file sensor. */
#pragma once

#include "bpf/abi/event.h"

/*
 * One struct for all kinds of the sensor. A path comes as RS_TAG_PATH (from the kernel's objects)
 * or as RS_TAG_BASE and RS_TAG_ARG (as the process gave it); the second one as ...2:
 * rename: the new name; link: the new link; symlink: PATH is the link, NAME its content;
 * mount: PATH is the mount point, ARG2 the source, TYPE the file system; setxattr: NAME.
 */
struct rs_file {
	struct rs_hdr hdr;
	__u64 ino;    /* 0 where not known */
	__u64 length; /* truncate: new size in bytes */
	__u32 dev;    /* kernel encoding: major << 20 | minor */
	__u32 mode;   /* open with O_CREAT, mkdir, chmod: as asked; else of the file */
	__u32 flags; /* open: O_*; rename: RENAME_*; mount: MS_*; umount: MNT_*; setxattr: XATTR_* */
	__u32 uid;   /* chown: new owner, 0xffffffff where kept; else of the file */
	__u32 gid;
	__s32 fd; /* open: the descriptor, -1 on failure; others: the one they acted on, or -1 */
};

static_assert(sizeof(struct rs_file) == 136, "struct rs_file");
