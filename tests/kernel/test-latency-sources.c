/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside latency` of other things than system calls, and in containers. */
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "tests/kernel/lib/box.h"
#include "tests/kernel/lib/disk.h"
#include "tests/kernel/lib/latency.h"
#include "tests/kernel/lib/loopback.h"
#include "tests/kernel/lib/sys.h"
#include "tests/kernel/lib/tap.h"

/* --- the other sources --- */

/* Does the act while it measures; rows whose key has the text must have at least so many. */
static void source(const char *name, const char *const args[], scene_act *act, const char *key,
		   const char *const texts[], json_int_t least)
{
	struct scene *scene = scene_new();
	enum scene_end end;
	struct agent agent;

	if (!tap_ok(latency_start(&agent, args), "%s: measures", name)) {
		agent_done(&agent);
		scene_free(&scene);
		return;
	}
	end = scene_end(scene, scene_begin(scene, act));
	latency_finish(&agent, name);
	if (end == SCENE_SKIPPED)
		tap_skip(name, scene->note);
	else
		tap_ok(end == SCENE_DONE, "%s: %s", name, end == SCENE_DONE ? "done" : scene->note);
	for (; end == SCENE_DONE && *texts; texts++) {
		const json_t *row = find_row(&agent, key, *texts);

		if (!tap_ok(is_sound(row) && number_at(row, "count") >= least, "%s: %s", name,
			    *texts))
			latency_show(&agent);
	}
	agent_done(&agent);
	scene_free(&scene);
}

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define PAGES      200

static void act_fault(struct scene *scene)
{
	char *pages = must_map(scene, PAGES * 4096);

	madvise(pages, PAGES * 4096, MADV_NOHUGEPAGE);
	for (int i = 0; i < PAGES; i++)
		*(volatile char *)(pages + i * 4096) = 1;
}

#define ROUNDS 40

/* Two processes on one CPU, each of which wakes the other. */
static void act_runq(struct scene *scene)
{
	int ping[2], pong[2];
	cpu_set_t one;
	char byte = 0;
	pid_t pid;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	must(sched_setaffinity(0, sizeof(one), &one));
	must(pipe(ping));
	must(pipe(pong));
	pid = must(fork());
	for (int i = 0; i < ROUNDS; i++) {
		must(pid ? write(ping[1], &byte, 1) : read(ping[0], &byte, 1));
		must(pid ? read(pong[0], &byte, 1) : write(pong[1], &byte, 1));
	}
	if (!pid)
		_exit(0);
	wait_for(scene, pid);
}

static void answer_question(int server)
{
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	unsigned char text[512];
	ssize_t n = recvfrom(server, text, sizeof(text), 0, (struct sockaddr *)&from, &size);

	if (n < 12)
		_exit(1);
	text[2] |= 0x80;
	if (sendto(server, text, (size_t)n, 0, (struct sockaddr *)&from, size) != n)
		_exit(1);
}

/* RFC 1035: a question for the address of "slow.example". */
static const unsigned char question[] = "\x12\x34\x01\0\0\1\0\0\0\0\0\0\4slow\7example\0\0\1\0\1";

static void act_dns(struct scene *scene)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(53),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int server, client;
	char answer[512];

	private_network(scene);
	server = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	client = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	must(bind(server, (struct sockaddr *)&address, sizeof(address)));
	for (int i = 0; i < 3; i++) {
		must(sendto(client, question, sizeof(question) - 1, 0, (struct sockaddr *)&address,
			    sizeof(address)));
		answer_question(server);
		must(recv(client, answer, sizeof(answer), 0));
	}
}

static void test_sources(void)
{
	source("block I/O",
	       LATENCY("--source", "block", "--by", "device", "-o", "json", "--interval", "0"),
	       disk_use, "device", TEXTS("loop"), 8);
	source("run queue", LATENCY("--source", "runq", "-o", "json", "--interval", "0"), act_runq,
	       "what", TEXTS("being woken"), ROUNDS);
	source("TCP", LATENCY("--source", "tcp", "-o", "json", "--interval", "0"), loopback_talk,
	       "what", TEXTS("connect", "round trip"), 1);
	source("TCP by peer",
	       LATENCY("--source", "tcp", "--by", "peer", "-o", "json", "--interval", "0"),
	       loopback_talk, "peer", TEXTS("127.0.0.1:"), 1);
	source("DNS", LATENCY("--source", "dns", "--by", "peer", "-o", "json", "--interval", "0"),
	       act_dns, "peer", TEXTS("127.0.0.1:53"), 3);
	source("page faults", LATENCY("--source", "fault", "-o", "json", "--interval", "0"),
	       act_fault, "what", TEXTS("minor"), PAGES);
}

/* --- containers --- */

static void test_container(void)
{
	static const struct bundle bundle = { .id = "latency-box", .annotations = "" };
	struct agent agent;
	struct box box;

	if (!box_start(&box, &bundle, "by container"))
		return;
	if (tap_ok(latency_start(&agent, LATENCY("--container", "latency-box", "--by",
						 "syscall,container", "-o", "json", "--syscall",
						 "mkdir,mkdirat", "--interval", "0")),
		   "by container: measures")) {
		tap_ok(box_mkdir(&box, "made"), "by container: it makes a directory");
		latency_finish(&agent, "by container");
		if (!tap_ok(find_row(&agent, "container", "latency-box"),
			    "by container: a row for the container"))
			latency_show(&agent);
	}
	agent_done(&agent);
	box_end(&box);
}

int main(void)
{
	test_sources();
	test_container();
	return tap_done();
}
