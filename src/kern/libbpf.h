/* SPDX-License-Identifier: Apache-2.0 */
/* What libbpf says where it should return it; and bytes of objects as we have them in the binary. */
#pragma once

#include <bpf/libbpf.h>

#include "base/error.h"

/* Has libbpf's warnings go to the debug log, and the last one be remembered, per thread. */
void rs_libbpf_listen(void);
void rs_libbpf_forget(void); /* to be called before a load */

/* The program that libbpf could not load since then, by its warning; NULL. */
struct bpf_program *rs_libbpf_refused(struct bpf_object *object);

/* Before 5.11 maps and programs count against RLIMIT_MEMLOCK; later the call changes nothing. */
void rs_libbpf_raise_memlock(void);

/* -EPERM and the like into an error with a hint. Returns r. */
int rs_libbpf_load_error(int r, const char *what, struct rs_error *err);

/* An object, compressed with zstd (scripts/bpf-pack-tool.sh): of several variants each but the first is packed as what is
 * different from the one before. */
struct rs_packed_object {
	const void *packed;
	size_t packed_size, size;
};

/* The bytes of variant number @n, for free(); NULL with errno. */
void *rs_packed_object_unpack(const struct rs_packed_object *variants, size_t n);
