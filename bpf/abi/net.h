/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Record of the network sensor. */
#pragma once

#include "bpf/abi/event.h"

enum rs_direction { RS_DIR_UNKNOWN, RS_DIR_OUT, RS_DIR_IN };

/* rs_net.flags */
enum {
	/* the peer's address, for bind the local one, is what the process said or was told */
	RS_NET_ARGUMENT = 1 << 0,
};

/*
 * One struct for all kinds of the sensor. Unix sockets: family AF_UNIX and RS_TAG_SOCKET, the
 * address that the listener is bound to, for connect and accept, too; no field where it has none.
 * The result of a close is why the connection ended: 0 or -ECONNRESET, -ETIMEDOUT, -ECONNREFUSED.
 */
struct rs_net {
	struct rs_hdr hdr;
	__u64 sock;       /* inode number, as in /proc/PID/fd; 0 where it has no file any more */
	__u64 sent;       /* close: bytes acknowledged by the peer */
	__u64 received;   /* close: bytes */
	__u64 duration;   /* close: ns since connect or accept, 0 where we did not see that */
	__u32 netns;      /* inode number */
	__s32 fd;         /* -1 where there is none */
	__u16 family;     /* AF_* */
	__u16 type;       /* SOCK_* */
	__u16 protocol;   /* IPPROTO_* */
	__u16 local_port; /* host order */
	__u16 remote_port;
	__u8 direction; /* enum rs_direction */
	__u8 flags;     /* RS_NET_* */
	__u32 backlog;  /* listen */
	__u8 local[16]; /* IPv4 in the first four bytes */
	__u8 remote[16];
};

static_assert(sizeof(struct rs_net) == 184, "struct rs_net");
