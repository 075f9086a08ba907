/* SPDX-License-Identifier: Apache-2.0 */
/* The network sensor: TCP, UDP and unix sockets on the loopback device. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "tests/kernel/lib/check.h"
#include "tests/kernel/lib/sys.h"

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un un;
	};
	socklen_t size;
};

static struct address loopback(int family)
{
	struct address address = { .size = sizeof(address.v4) };

	address.any.sa_family = (sa_family_t)family;
	if (family == AF_INET6) {
		address.v6.sin6_addr = in6addr_loopback;
		address.size = sizeof(address.v6);
	} else {
		address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	}
	return address;
}

/* ::ffff:127.0.0.1 */
static struct address mapped(void)
{
	struct address address = { .size = sizeof(address.v6) };
	uint8_t *bytes = address.v6.sin6_addr.s6_addr;

	address.v6.sin6_family = AF_INET6;
	bytes[10] = bytes[11] = 0xff;
	bytes[12] = 127;
	bytes[15] = 1;
	return address;
}

static struct address unix_address(const char *path, bool abstract)
{
	struct address address = { .un = { .sun_family = AF_UNIX } };
	size_t n = strlen(path);

	memcpy(address.un.sun_path + abstract, path, n);
	address.size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	return address;
}

/* Port and address share their place in both families. */
static unsigned port_of(const struct address *address)
{
	return ntohs(address->v4.sin_port);
}

static struct address own_address(struct scene *scene, int fd)
{
	struct address address = { .size = sizeof(address.un) };

	must(getsockname(fd, &address.any, &address.size));
	return address;
}

/* A bound socket; an IP address gets its port, the fact `name`. */
static int bound(struct scene *scene, int type, struct address *address, const char *name)
{
	int fd = socket(address->any.sa_family, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, &address->any, address->size))
		scene_skip(scene, "cannot bind a socket of family %d: %m", address->any.sa_family);
	if (address->any.sa_family != AF_UNIX) {
		*address = own_address(scene, fd);
		fact(scene, name, "%u", port_of(address));
	}
	return fd;
}

static int listening(struct scene *scene, struct address *address)
{
	int fd = bound(scene, SOCK_STREAM, address, "port");

	must(listen(fd, 7));
	return fd;
}

static int connected(struct scene *scene, const struct address *address)
{
	int fd = must(socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
	struct address own;

	must(connect(fd, &address->any, address->size));
	own = own_address(scene, fd);
	fact(scene, "cport", "%u", port_of(&own));
	fact(scene, "cfd", "%d", fd);
	return fd;
}

static void send_bytes(struct scene *scene, int fd, size_t n)
{
	static char buf[1 << 16];

	while (n) {
		size_t part = n < sizeof(buf) ? n : sizeof(buf);

		n -= (size_t)must(write(fd, buf, part));
	}
}

static void read_to_end(struct scene *scene, int fd)
{
	static char buf[1 << 16];

	while (must(read(fd, buf, sizeof(buf))) > 0)
		;
}

#define TO_SERVER 100000
#define TO_CLIENT 300

static void serve(struct scene *scene, int listener)
{
	int fd = must(accept4(listener, NULL, NULL, SOCK_CLOEXEC));

	read_to_end(scene, fd);
	send_bytes(scene, fd, TO_CLIENT);
	_exit(0);
}

/* The server is a grandchild, the fact "server". */
static void talk(struct scene *scene, struct address address)
{
	int listener = listening(scene, &address), fd;
	pid_t server = must(fork());

	if (!server)
		serve(scene, listener);
	fact(scene, "server", "%d", server);
	close(listener);
	fd = connected(scene, &address);
	send_bytes(scene, fd, TO_SERVER);
	must(shutdown(fd, SHUT_WR));
	read_to_end(scene, fd);
	close(fd);
	wait_for(scene, server);
}

static void act_tcp4(struct scene *scene)
{
	talk(scene, loopback(AF_INET));
}

static void act_tcp6(struct scene *scene)
{
	talk(scene, loopback(AF_INET6));
}

static void act_mapped(struct scene *scene)
{
	talk(scene, mapped());
}

static void act_own_namespace(struct scene *scene)
{
	struct stat st;

	private_network(scene);
	must(stat("/proc/self/ns/net", &st));
	fact(scene, "netns", "%lu", (unsigned long)st.st_ino);
	talk(scene, loopback(AF_INET));
}

static void act_accept(struct scene *scene)
{
	struct address address = loopback(AF_INET);
	int listener = listening(scene, &address), fd = connected(scene, &address);

	fact(scene, "afd", "%d", must(accept(listener, NULL, NULL)));
	close(fd);
}

/* The kernel closes what a process leaves open, after its end. */
static void act_left_open(struct scene *scene)
{
	struct address address = loopback(AF_INET);
	int listener = listening(scene, &address), fd = connected(scene, &address);

	must(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
	send_bytes(scene, fd, 1234);
}

/* A port that nobody listens to. It stays ours: else another may take it, or the one who connects be given the same and
 * meet himself. */
static struct address nobody(struct scene *scene)
{
	struct address address = loopback(AF_INET);

	bound(scene, SOCK_STREAM, &address, "port");
	return address;
}

static void act_refused(struct scene *scene)
{
	struct address address = nobody(scene);
	int fd = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));

	must_not(connect(fd, &address.any, address.size), ECONNREFUSED);
}

static void act_nonblocking(struct scene *scene)
{
	struct address address = loopback(AF_INET);
	int listener = listening(scene, &address), error = 0;
	int fd = must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
	struct pollfd ready = { fd, POLLOUT, 0 };
	socklen_t size = sizeof(error);

	must_not(connect(fd, &address.any, address.size), EINPROGRESS);
	must(poll(&ready, 1, 10000));
	must(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size));
	must(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
}

static void act_address_in_use(struct scene *scene)
{
	struct address address = loopback(AF_INET);
	int fd;

	listening(scene, &address);
	fd = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	must_not(bind(fd, &address.any, address.size), EADDRINUSE);
}

static void act_bad_descriptor(struct scene *scene)
{
	struct address address = loopback(AF_INET);
	int fd = must(open("/dev/null", O_RDWR | O_CLOEXEC));

	must_not(connect(fd, &address.any, address.size), ENOTSOCK);
	must_not(connect(-1, &address.any, address.size), EBADF);
}

/* clang-format off */
#define TALK_WANTS(ip, version)                                                                    \
	{ "bind", { IS("source.ip", ip), IS("source.port", "{port}"), IS("process.pid", "{pid}"),  \
		    IS("network.type", version), IS("event.outcome", "success") }, WANT_ONE },     \
	{ "listen", { IS("destination.ip", ip), IS("destination.port", "{port}"),                  \
		      IS("ringside.socket.backlog", "7"), IS("event.outcome", "success") },        \
	  WANT_ONE },                                                                              \
	{ "connect", { IS("destination.ip", ip), IS("destination.port", "{port}"),                 \
		       IS("source.ip", ip), IS("source.port", "{cport}"),                          \
		       IS("network.transport", "tcp"), IS("network.type", version),                \
		       IS("network.direction", "egress"), IS("event.outcome", "success"),          \
		       IS("event.action", "connection_attempted"), IS("ringside.fd", "{cfd}"),     \
		       HAS("event.category", "network"), HAS("event.type", "start"),               \
		       IS("process.pid", "{pid}"), IS("ringside.socket.type", "stream") },         \
	  WANT_ONE },                                                                              \
	{ "accept", { IS("destination.ip", ip), IS("destination.port", "{port}"),                  \
		      IS("source.ip", ip), IS("source.port", "{cport}"),                           \
		      IS("network.direction", "ingress"), IS("process.pid", "{server}"),           \
		      IS("event.action", "connection_accepted"), IS("event.outcome", "success") }, \
	  WANT_ONE },                                                                              \
	{ "close", { IS("process.pid", "{pid}"), IS("source.port", "{cport}"),                     \
		     IS("destination.port", "{port}"), IS("source.ip", ip),                        \
		     IS("source.bytes", "100000"), IS("destination.bytes", "300"),                 \
		     IS("network.bytes", "100300"), AT_LEAST("event.duration", "1"),               \
		     IS("network.direction", "egress"), HAS("event.type", "end") },                \
	  WANT_ONE | WANT_LATE },                                                                  \
	{ "close", { IS("process.pid", "{server}"), IS("source.port", "{cport}"),                  \
		     IS("destination.port", "{port}"), IS("destination.ip", ip),                   \
		     IS("source.bytes", "100000"), IS("destination.bytes", "300"),                 \
		     AT_LEAST("event.duration", "1"), IS("network.direction", "ingress") },        \
	  WANT_ONE | WANT_LATE }

static const struct check tcp_checks[] = {
	{ "TCP over IPv4", act_tcp4, { TALK_WANTS("127.0.0.1", "ipv4") } },
	{ "TCP over IPv6", act_tcp6, { TALK_WANTS("::1", "ipv6") } },
	{ "TCP over IPv4 by IPv6 sockets", act_mapped, { TALK_WANTS("127.0.0.1", "ipv4") } },
	{ "TCP in a network namespace of its own", act_own_namespace, {
		{ "connect", { IS("destination.port", "{port}"), IS("ringside.namespace.net", "{netns}"),
			       IS("event.outcome", "success") }, WANT_ONE },
		{ "accept", { IS("source.port", "{cport}"), IS("ringside.namespace.net", "{netns}") },
		  WANT_ONE },
		{ "close", { IS("process.pid", "{pid}"), IS("source.port", "{cport}"),
			     IS("ringside.namespace.net", "{netns}"), IS("source.bytes", "100000") },
		  WANT_ONE | WANT_LATE } } },
	{ "accept by the old call", act_accept, {
		{ "accept", { IS("source.port", "{cport}"), IS("ringside.result", "{afd}"),
			      IS("process.pid", "{pid}") },
		  WANT_ONE } } },
	{ "connections left to the kernel to close", act_left_open, {
		{ "close", { IS("source.port", "{cport}"), IS("network.direction", "egress"),
			     IS("process.pid", "{pid}"), IS("source.bytes", "1234") },
		  WANT_ONE | WANT_LATE },
		{ "close", { IS("source.port", "{cport}"), IS("network.direction", "ingress"),
			     IS("process.pid", "{pid}") },
		  WANT_ONE | WANT_LATE } } },
	{ "connect: refused", act_refused, {
		{ "connect", { IS("destination.ip", "127.0.0.1"), IS("destination.port", "{port}"),
			       IS("ringside.errno", "ECONNREFUSED"), IS("event.outcome", "failure") },
		  WANT_ONE },
		{ "close", { IS("destination.port", "{port}") }, WANT_NONE } } },
	{ "connect: non-blocking", act_nonblocking, {
		{ "connect", { IS("destination.ip", "127.0.0.1"), IS("destination.port", "{port}"),
			       IS("ringside.errno", "EINPROGRESS"), IS("event.outcome", "unknown") },
		  WANT_ONE } } },
	{ "bind: address in use", act_address_in_use, {
		{ "bind", { IS("source.ip", "127.0.0.1"), IS("source.port", "{port}"),
			    IS("ringside.errno", "EADDRINUSE"), IS("event.outcome", "failure") },
		  WANT_ONE } } },
	{ "connect: not a socket", act_bad_descriptor, {
		{ "exit", { IS("process.pid", "{pid}"), IS("process.exit_code", "0") }, WANT_ONE } } },
};
/* clang-format on */

/* --- unix sockets --- */

static void unix_talk(struct scene *scene, struct address address)
{
	int listener = listening(scene, &address), fd = connected(scene, &address);
	int server = must(accept4(listener, NULL, NULL, SOCK_CLOEXEC));

	send_bytes(scene, fd, 10);
	close(server);
	close(fd);
}

static void act_unix(struct scene *scene)
{
	unix_talk(scene, unix_address(in_dir(scene, "sock"), false));
}

static void act_unix_abstract(struct scene *scene)
{
	char name[64];

	snprintf(name, sizeof(name), "ringside-test-%d", getpid());
	unix_talk(scene, unix_address(name, true));
}

static void act_unix_absent(struct scene *scene)
{
	struct address address = unix_address(in_dir(scene, "absent"), false);
	int fd = must(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));

	must_not(connect(fd, &address.any, address.size), ENOENT);
}

/* clang-format off */
#define UNIX_WANTS(text)                                                                           \
	{ "bind", { IS("source.address", text), IS("event.outcome", "success"),                    \
		    IS("ringside.socket.family", "unix") }, WANT_ONE },                            \
	{ "listen", { IS("destination.address", text), IS("ringside.socket.backlog", "7") },       \
	  WANT_ONE },                                                                              \
	{ "connect", { IS("destination.address", text), IS("event.outcome", "success"),            \
		       IS("ringside.socket.type", "stream"), NONE("network.transport") },          \
	  WANT_ONE },                                                                              \
	{ "accept", { IS("destination.address", text), IS("event.outcome", "success") }, WANT_ONE }

static const struct check unix_checks[] = {
	{ "unix socket with a path", act_unix, { UNIX_WANTS("{dir}/sock") } },
	{ "unix socket with an abstract name", act_unix_abstract, {
		UNIX_WANTS("@ringside-test-{pid}") } },
	{ "unix socket: nobody there", act_unix_absent, {
		{ "connect", { IS("destination.address", "{dir}/absent"), IS("ringside.errno", "ENOENT"),
			       IS("event.outcome", "failure") },
		  WANT_ONE } } },
};
/* clang-format on */

/* --- UDP --- */

static int udp_socket(struct scene *scene, int family)
{
	struct address address = loopback(family);

	return bound(scene, SOCK_DGRAM, &address, "cport");
}

static void receive(struct scene *scene, int fd)
{
	struct address from = { .size = sizeof(from.un) };
	char buf[64];

	must(recvfrom(fd, buf, sizeof(buf), 0, &from.any, &from.size));
}

static void udp_talk(struct scene *scene, int family)
{
	struct address address = loopback(family);
	int server = bound(scene, SOCK_DGRAM, &address, "port");
	int client = udp_socket(scene, family);

	for (int i = 0; i < 3; i++) {
		must(sendto(client, "x", 1, 0, &address.any, address.size));
		receive(scene, server);
	}
}

static void act_udp4(struct scene *scene)
{
	udp_talk(scene, AF_INET);
}

static void act_udp6(struct scene *scene)
{
	udp_talk(scene, AF_INET6);
}

static void act_udp_two_peers(struct scene *scene)
{
	struct address one = loopback(AF_INET), two = loopback(AF_INET);
	int client = udp_socket(scene, AF_INET);

	bound(scene, SOCK_DGRAM, &one, "port");
	bound(scene, SOCK_DGRAM, &two, "port2");
	for (int i = 0; i < 2; i++) {
		must(sendto(client, "x", 1, 0, &one.any, one.size));
		must(sendto(client, "x", 1, 0, &two.any, two.size));
	}
}

static void act_udp_messages(struct scene *scene)
{
	struct address address = loopback(AF_INET);
	int server = bound(scene, SOCK_DGRAM, &address, "port");
	int client = udp_socket(scene, AF_INET);
	struct iovec part = { (char[]){ 'x' }, 1 };
	struct msghdr out = { .msg_name = &address.any,
			      .msg_namelen = address.size,
			      .msg_iov = &part,
			      .msg_iovlen = 1 };
	struct address from = { .size = sizeof(from.un) };
	struct mmsghdr in[2] = { { .msg_hdr = { .msg_name = &from.any,
						.msg_namelen = from.size,
						.msg_iov = &part,
						.msg_iovlen = 1 } } };

	in[1] = in[0];
	must(sendmsg(client, &out, 0));
	must(sendmsg(client, &out, 0));
	must(recvmmsg(server, in, 2, MSG_WAITFORONE, NULL));
}

static void act_udp_connected(struct scene *scene)
{
	struct address address = loopback(AF_INET);
	int client;

	bound(scene, SOCK_DGRAM, &address, "port");
	client = udp_socket(scene, AF_INET);
	must(connect(client, &address.any, address.size));
	send_bytes(scene, client, 1);
}

/* clang-format off */
#define UDP_WANTS(ip, version)                                                                     \
	{ "udp", { IS("source.ip", ip), IS("source.port", "{cport}"), IS("destination.ip", ip),    \
		   IS("destination.port", "{port}"), IS("network.direction", "egress"),            \
		   IS("network.transport", "udp"), IS("network.type", version),                    \
		   IS("event.action", "connection_attempted"), IS("process.pid", "{pid}") },       \
	  WANT_ONE },                                                                              \
	{ "udp", { IS("source.ip", ip), IS("source.port", "{cport}"),                              \
		   IS("destination.port", "{port}"), IS("network.direction", "ingress"),           \
		   IS("event.action", "connection_accepted") },                                    \
	  WANT_ONE }

static const struct check udp_checks[] = {
	{ "UDP over IPv4: the first datagram each way", act_udp4, { UDP_WANTS("127.0.0.1", "ipv4") } },
	{ "UDP over IPv6: the first datagram each way", act_udp6, { UDP_WANTS("::1", "ipv6") } },
	{ "UDP: one socket, two peers", act_udp_two_peers, {
		{ "udp", { IS("source.port", "{cport}"), IS("destination.port", "{port}") }, WANT_ONE },
		{ "udp", { IS("source.port", "{cport}"), IS("destination.port", "{port2}") }, WANT_ONE } } },
	{ "UDP by messages", act_udp_messages, { UDP_WANTS("127.0.0.1", "ipv4") } },
	{ "UDP: connected socket", act_udp_connected, {
		{ "connect", { IS("destination.port", "{port}"), IS("network.transport", "udp"),
			       IS("event.outcome", "success") },
		  WANT_ONE } } },
};
/* clang-format on */

int main(void)
{
	struct agent agent = AGENT_INIT;
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	agent_start(&agent, (const char *[]){ "--pid", pid, "--kinds", "network,exit", NULL });
	check_all(&agent, tcp_checks, ARRAY_SIZE(tcp_checks));
	check_all(&agent, unix_checks, ARRAY_SIZE(unix_checks));
	check_all(&agent, udp_checks, ARRAY_SIZE(udp_checks));
	check_end(&agent);
	return tap_done();
}
