/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel/lib/loopback.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "kern/bpfcall.h"
#include "tests/kernel/lib/sys.h"

static void own_address(struct scene *scene, int fd, struct sockaddr_in *ret_address)
{
	socklen_t size = sizeof(*ret_address);

	must(getsockname(fd, (struct sockaddr *)ret_address, &size));
}

static int bound(struct scene *scene, int type)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = must(socket(AF_INET, type | SOCK_CLOEXEC, 0));

	must(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	own_address(scene, fd, &address);
	fact(scene, "port", "%u", ntohs(address.sin_port));
	return fd;
}

int loopback_listen(struct scene *scene, int backlog)
{
	int fd = bound(scene, SOCK_STREAM);

	must(listen(fd, backlog));
	return fd;
}

int loopback_connect(struct scene *scene, int listener, bool wait)
{
	int fd = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (wait ? 0 : SOCK_NONBLOCK), 0));
	struct sockaddr_in address;

	own_address(scene, listener, &address);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) && errno != EINPROGRESS)
		scene_fail(scene, "connect: %m");
	return fd;
}

void loopback_talk(struct scene *scene)
{
	int listener = loopback_listen(scene, 5);
	int client = loopback_connect(scene, listener, true);
	int server = must(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
	char text[16];

	must(write(client, "hello", 5));
	must(read(server, text, sizeof(text)));
	close(client);
	must(read(server, text, sizeof(text)));
	close(server);
	close(listener);
}

static unsigned sent_again(struct scene *scene, int fd)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);

	must(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size));
	return info.tcpi_total_retrans;
}

/* A queue for none takes one: the SYN after that is dropped. */
void loopback_retransmit(struct scene *scene)
{
	int listener = loopback_listen(scene, 0);
	int first = loopback_connect(scene, listener, true);
	int second = loopback_connect(scene, listener, false);

	while (!sent_again(scene, second))
		poll(NULL, 0, 20);
	close(second);
	close(first);
	close(listener);
}

/* A program that lets nothing pass. */
static int load_drop(void)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return rs_bpf_load(&(struct rs_bpf_program){ .type = BPF_PROG_TYPE_CGROUP_SKB,
						     .attach_type = BPF_CGROUP_INET_EGRESS,
						     .insns = insns,
						     .n_insns = ARRAY_SIZE(insns) });
}

static void send_datagram(struct scene *scene)
{
	int receiver = bound(scene, SOCK_DGRAM);
	int sender = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	struct sockaddr_in address;

	own_address(scene, receiver, &address);
	must(connect(sender, (struct sockaddr *)&address, sizeof(address)));
	must_not(write(sender, "x", 1), EPERM);
	close(sender);
	close(receiver);
}

static char drop_dir[512];

static void act_drop(struct scene *scene)
{
	int group = must(open(drop_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	int program = load_drop();
	int link = program < 0 ? program
			       : rs_bpf_link_create(program, group, BPF_CGROUP_INET_EGRESS);

	if (link < 0 || !cgroup_move(drop_dir, 0))
		scene_skip(scene, "no program at a cgroup: %s", strerror(link < 0 ? -link : errno));
	send_datagram(scene);
}

void loopback_drop(struct scene *scene)
{
	int status;

	if (!cgroup_make(NULL, "drop", drop_dir, sizeof(drop_dir)))
		scene_skip(scene, "no cgroup v2 can be made: %m");
	status = in_child(scene, "sender", act_drop);
	cgroup_remove(drop_dir);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		_exit(WEXITSTATUS(status)); /* the note says why */
}
