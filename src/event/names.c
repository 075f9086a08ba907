/* SPDX-License-Identifier: Apache-2.0 */
/* Names of signals, hooks, namespaces and sockets, and the walk over flags. */
#include "event/names.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include "event/names-flags.h"

#define X(name) [SIG##name] = "SIG" #name,
static const char *const signal_names[] = {
	/* clang-format off */
	X(HUP) X(INT) X(QUIT) X(ILL) X(TRAP) X(ABRT) X(BUS) X(FPE) X(KILL) X(USR1) X(SEGV) X(USR2)
	X(PIPE) X(ALRM) X(TERM) X(STKFLT) X(CHLD) X(CONT) X(STOP) X(TSTP) X(TTIN) X(TTOU) X(URG)
	X(XCPU) X(XFSZ) X(VTALRM) X(PROF) X(WINCH) X(IO) X(PWR) X(SYS)
	/* clang-format on */
};
#undef X
static_assert(ARRAY_SIZE(signal_names) == 32, "those before the real-time signals");

static const char *const hook_names[] = {
#define X(id, name) [RS_HOOK_##id] = name,
	RS_HOOKS(X)
#undef X
};
static_assert(ARRAY_SIZE(hook_names) == RS_HOOK_COUNT, "a name for every hook");

static const char *const ns_names[] = {
	[RS_NS_MNT] = "mnt", [RS_NS_PID] = "pid",   [RS_NS_NET] = "net",       [RS_NS_UTS] = "uts",
	[RS_NS_IPC] = "ipc", [RS_NS_USER] = "user", [RS_NS_CGROUP] = "cgroup",
};
static_assert(ARRAY_SIZE(ns_names) == RS_NS_COUNT, "a name for every namespace");

static const char *const family_names[] = {
	[AF_UNSPEC] = "unspec",       [AF_UNIX] = "unix",
	[AF_INET] = "inet",           [AF_INET6] = "inet6",
	[AF_NETLINK] = "netlink",     [AF_PACKET] = "packet",
	[AF_BLUETOOTH] = "bluetooth", [AF_ALG] = "alg",
	[AF_VSOCK] = "vsock",         [44] = "xdp",
};

static const char *const socket_type_names[] = {
	[SOCK_STREAM] = "stream", [SOCK_DGRAM] = "dgram",         [SOCK_RAW] = "raw",
	[SOCK_RDM] = "rdm",       [SOCK_SEQPACKET] = "seqpacket", [SOCK_PACKET] = "packet",
};

/* As network.transport has them. */
static const struct {
	unsigned number;
	const char *name;
} protocol_names[] = {
	{ IPPROTO_TCP, "tcp" },   { IPPROTO_UDP, "udp" },
	{ IPPROTO_ICMP, "icmp" }, { IPPROTO_ICMPV6, "ipv6-icmp" },
	{ IPPROTO_SCTP, "sctp" }, { IPPROTO_UDPLITE, "udplite" },
	{ IPPROTO_DCCP, "dccp" }, { IPPROTO_GRE, "gre" },
	{ IPPROTO_IGMP, "igmp" }, { 262, "mptcp" },
};

const char *rs_name_signal(int signal)
{
	return signal > 0 && (size_t)signal < ARRAY_SIZE(signal_names) ? signal_names[signal]
								       : NULL;
}

const char *rs_name_hook(unsigned hook)
{
	return hook < ARRAY_SIZE(hook_names) ? hook_names[hook] : NULL;
}

const char *rs_name_namespace(enum rs_ns ns)
{
	return (unsigned)ns < ARRAY_SIZE(ns_names) ? ns_names[ns] : NULL;
}

const char *rs_name_family(unsigned family)
{
	return family < ARRAY_SIZE(family_names) ? family_names[family] : NULL;
}

const char *rs_name_socket_type(unsigned type)
{
	return type < ARRAY_SIZE(socket_type_names) ? socket_type_names[type] : NULL;
}

const char *rs_name_protocol(unsigned protocol)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocol_names); i++)
		if (protocol_names[i].number == protocol)
			return protocol_names[i].name;
	return NULL;
}

struct rs_flags rs_name_flags(enum rs_kind kind)
{
	switch (kind) {
	case RS_KIND_OPEN:
	case RS_KIND_CREATE:
		return rs_flags_open;
	case RS_KIND_RENAME:
		return rs_flags_rename;
	case RS_KIND_MOUNT:
		return rs_flags_mount;
	case RS_KIND_UMOUNT:
		return rs_flags_umount;
	case RS_KIND_SETXATTR:
		return rs_flags_xattr;
	case RS_KIND_MEMFD:
		return rs_flags_memfd;
	case RS_KIND_MODULE:
		return rs_flags_module;
	case RS_KIND_UNSHARE:
	case RS_KIND_SETNS:
		return rs_flags_clone;
	case RS_KIND_WXMAP:
		return rs_flags_protection;
	default:
		return (struct rs_flags){ NULL, 0, 0 };
	}
}

const char *rs_name_flags_next(const struct rs_flags *set, uint64_t value, size_t *pos,
			       uint64_t *rest)
{
	if (!*pos)
		*rest = value & ~set->implied;
	while (*pos < set->count) {
		const struct rs_flag *flag = &set->flags[(*pos)++];

		if ((value & flag->mask) != flag->bits)
			continue;
		*rest &= ~flag->mask;
		return flag->name;
	}
	return NULL;
}
