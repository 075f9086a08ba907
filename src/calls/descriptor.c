/* SPDX-License-Identifier: Apache-2.0 */
#include "calls/descriptor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes of a path, such that the ">" behind it is the only one that ends it. */
static void append_text(struct rs_str *out, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '<' || c == '>' || c == '\\' || c < ' ' || c >= 0x7f)
			rs_str_appendf(out, "\\%o", c);
		else
			rs_str_append_char(out, (char)c);
	}
}

/* Devices are numbered in the kernel's own way there. */
static unsigned major_of(uint32_t dev)
{
	return dev >> 20;
}

static unsigned minor_of(uint32_t dev)
{
	return dev & 0xfffff;
}

static void append_address(struct rs_str *out, unsigned family, const uint8_t *address,
			   unsigned port)
{
	char text[INET6_ADDRSTRLEN];

	if (!inet_ntop((int)family, address, text, sizeof(text)))
		return;
	rs_str_appendf(out, family == AF_INET6 ? "[%s]:%u" : "%s:%u", text, port);
}

static bool is_zero(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes[i])
			return false;
	return true;
}

static const char *protocol_name(const struct rs_strace_fd *fd)
{
	switch (fd->protocol) {
	case IPPROTO_TCP:
		return fd->family == AF_INET6 ? "TCPv6" : "TCP";
	case IPPROTO_UDP:
		return fd->family == AF_INET6 ? "UDPv6" : "UDP";
	case IPPROTO_ICMP:
		return "ICMP";
	case IPPROTO_ICMPV6:
		return "ICMPv6";
	}
	return fd->type == SOCK_RAW ? "RAW" : NULL;
}

static void append_inet(struct rs_str *out, const struct rs_strace_fd *fd)
{
	const char *name = protocol_name(fd);
	bool nobody = is_zero(fd->remote, 16) && !fd->remote_port;

	if (name)
		rs_str_append_cstr(out, name);
	else
		rs_str_appendf(out, "INET-%u", fd->protocol);
	rs_str_append_cstr(out, ":[");
	if (nobody && is_zero(fd->local, 16) && !fd->local_port) {
		rs_str_append_u64(out, fd->ino);
	} else {
		append_address(out, fd->family, fd->local, fd->local_port);
		if (!nobody) {
			rs_str_append_cstr(out, "->");
			append_address(out, fd->family, fd->remote, fd->remote_port);
		}
	}
	rs_str_append_char(out, ']');
}

static void append_unix(struct rs_str *out, const struct rs_call_fd *fd)
{
	static const char *const types[] = {
		[SOCK_STREAM] = "STREAM", [SOCK_DGRAM] = "DGRAM", [SOCK_SEQPACKET] = "SEQPACKET"
	};
	const char *type = fd->fd.type < sizeof(types) / sizeof(types[0]) ? types[fd->fd.type]
									  : NULL;

	rs_str_appendf(out, "UNIX-%s:[%llu", type ? type : "?", (unsigned long long)fd->fd.ino);
	if (fd->fd.peer)
		rs_str_appendf(out, "->%llu", (unsigned long long)fd->fd.peer);
	if (fd->fd.len) {
		bool abstract = !fd->text[0];

		rs_str_append_cstr(out, abstract ? ",@\"" : ",\"");
		append_text(out, fd->text + abstract, fd->fd.len - abstract);
		rs_str_append_char(out, '"');
	}
	rs_str_append_char(out, ']');
}

static void append_socket(struct rs_str *out, const struct rs_call_fd *fd, bool sockets)
{
	if (sockets && (fd->fd.family == AF_INET || fd->fd.family == AF_INET6))
		append_inet(out, &fd->fd);
	else if (sockets && fd->fd.family == AF_UNIX)
		append_unix(out, fd);
	else
		rs_str_appendf(out, "socket:[%llu]", (unsigned long long)fd->fd.ino);
}

/* Files that are in no directory: "/[eventpoll]" of anonymous inodes, "/memfd:NAME". */
static bool is_anonymous(const struct rs_call_fd *fd)
{
	return fd->fd.flags & RS_FIELD_DETACHED && fd->fd.len > 2 && !memcmp(fd->text, "/[", 2);
}

static void append_file(struct rs_str *out, const struct rs_call_fd *fd, bool devices)
{
	bool device = S_ISCHR(fd->fd.mode) || S_ISBLK(fd->fd.mode);

	if (is_anonymous(fd)) {
		rs_str_append_cstr(out, "anon_inode:");
		append_text(out, fd->text + 1, fd->fd.len - 1);
		return;
	}
	append_text(out, fd->text, fd->fd.len);
	if (fd->fd.flags & RS_FIELD_DELETED)
		rs_str_append_cstr(out, " (deleted)");
	if (device && devices)
		rs_str_appendf(out, "<%s %u:%u>", S_ISCHR(fd->fd.mode) ? "char" : "block",
			       major_of(fd->fd.rdev), minor_of(fd->fd.rdev));
}

static void append_known(struct rs_str *out, const struct rs_call_fd *fd, bool sockets)
{
	rs_str_append_char(out, '<');
	if (S_ISSOCK(fd->fd.mode))
		append_socket(out, fd, sockets);
	else if (S_ISFIFO(fd->fd.mode) && fd->fd.flags & RS_FIELD_DETACHED)
		rs_str_appendf(out, "pipe:[%llu]", (unsigned long long)fd->fd.ino);
	else
		append_file(out, fd, sockets);
	rs_str_append_char(out, '>');
}

static void append_from_proc(struct rs_str *out, uint32_t pid, int fd)
{
	char path[64], text[PATH_MAX];
	ssize_t n;

	if (fd == AT_FDCWD)
		snprintf(path, sizeof(path), "/proc/%u/cwd", pid);
	else if (fd >= 0)
		snprintf(path, sizeof(path), "/proc/%u/fd/%d", pid, fd);
	else
		return;
	n = readlink(path, text, sizeof(text));
	if (n <= 0)
		return;
	rs_str_append_char(out, '<');
	append_text(out, text, (size_t)n);
	rs_str_append_char(out, '>');
}

/* An argument's, or the result's: dup2(2) may have made another of the same number. */
static const struct rs_call_fd *find(const struct rs_call_record *record, int fd, bool result)
{
	const struct rs_call_fd *fds = record->fds;

	if (result)
		return fds[RS_STRACE_RESULT].known ? &fds[RS_STRACE_RESULT] : NULL;
	for (unsigned i = 0; i < RS_STRACE_RESULT; i++)
		if (fds[i].known && (int)record->event.args[i] == fd)
			return &fds[i];
	return NULL;
}

void rs_call_fd_format(const struct rs_call_record *record, int fd, bool result, bool sockets,
		       struct rs_str *out)
{
	const struct rs_call_fd *known = find(record, fd, result);

	if (known)
		append_known(out, known, sockets);
	else if (!result)
		append_from_proc(out, record->head.pid, fd);
}
