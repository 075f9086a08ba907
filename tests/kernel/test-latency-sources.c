/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside latency` of other things than system calls, and in containers. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "tests/kernel/lib/again.h"
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

static const struct sockaddr_in name_server = { .sin_family = AF_INET,
						.sin_port = 53 << 8, /* as the network has it */
						.sin_addr.s_addr = 127 | 1 << 24 };

/* A network with a name server that answers when it is told to, and a socket that asks. */
static void make_name_server(struct scene *scene, int *ret_server, int *ret_client)
{
	private_network(scene);
	*ret_server = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	*ret_client = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	must(bind(*ret_server, (const struct sockaddr *)&name_server, sizeof(name_server)));
}

static void ask(struct scene *scene, int client, uint16_t id, char first_letter)
{
	unsigned char text[sizeof(question) - 1];

	memcpy(text, question, sizeof(text));
	memcpy(text, &id, sizeof(id));
	text[13] = (unsigned char)first_letter;
	must(sendto(client, text, sizeof(text), 0, (const struct sockaddr *)&name_server,
		    sizeof(name_server)));
}

static void act_dns(struct scene *scene)
{
	int server, client;
	char answer[512];

	make_name_server(scene, &server, &client);
	for (int i = 0; i < 3; i++) {
		ask(scene, client, 0x3412, 's');
		answer_question(server);
		must(recv(client, answer, sizeof(answer), 0));
	}
}

/* One that is answered, though it was asked twice, and two that are not: the second takes the first one's number. */
static void act_no_answer(struct scene *scene)
{
	int server, client;
	char answer[512];

	must(prctl(PR_SET_NAME, "asker"));
	make_name_server(scene, &server, &client);
	ask(scene, client, 1, 's');
	ask(scene, client, 1, 's');
	answer_question(server);
	must(recv(client, answer, sizeof(answer), 0));
	ask(scene, client, 2, 's');
	ask(scene, client, 2, 'f');
}

#define MANY 9000 /* more than there is room for */

static void act_many_questions(struct scene *scene)
{
	int server, client;

	must(prctl(PR_SET_NAME, "asker"));
	make_name_server(scene, &server, &client);
	for (uint16_t i = 0; i < MANY; i++)
		ask(scene, client, i, 's');
}

static void act_refused(struct scene *scene)
{
	struct sockaddr_in nobody = name_server;
	int client;

	private_network(scene);
	client = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	must_not(connect(client, (struct sockaddr *)&nobody, sizeof(nobody)), ECONNREFUSED);
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
	source("TCP that is refused", LATENCY("--source", "tcp", "-o", "json", "--interval", "0"),
	       act_refused, "what", TEXTS("failed connect"), 1);
	source("DNS", LATENCY("--source", "dns", "--by", "peer", "-o", "json", "--interval", "0"),
	       act_dns, "peer", TEXTS("127.0.0.1:53"), 3);
	source("page faults", LATENCY("--source", "fault", "-o", "json", "--interval", "0"),
	       act_fault, "what", TEXTS("minor"), PAGES);
}

/* --- questions without an answer --- */

/* Does it; false where that is not possible here, which it then has said. */
static bool do_it(const char *name, scene_act *act)
{
	struct scene *scene = scene_new();
	enum scene_end end = scene_end(scene, scene_begin(scene, act));

	if (end == SCENE_SKIPPED)
		tap_skip(name, scene->note);
	else
		tap_ok(end == SCENE_DONE, "%s: %s", name, end == SCENE_DONE ? "done" : scene->note);
	scene_free(&scene);
	return end == SCENE_DONE;
}

static json_int_t question_count(const struct agent *agent, const char *type, const char *key)
{
	return number_at(json_object_get(find_type(agent, type), "questions"), key);
}

static void test_unanswered(void)
{
	uint64_t deadline = now_ms() + (uint64_t)agent_patience();
	struct agent agent;
	bool ok;

	if (tap_ok(latency_start(&agent, LATENCY("--source", "dns", "--comm", "asker", "-o", "json",
						 "--interval", "100ms")),
		   "no answer: measures") &&
	    do_it("no answer", act_no_answer)) {
		/* The one that another took the number of is over at once, the other when it has lasted. */
		while (question_count(&agent, "interval", "unanswered") < 2 && now_ms() < deadline)
			agent_pump(&agent, 1000);
		latency_finish(&agent, "no answer");
		ok = question_count(&agent, "summary", "asked") == 3 &&
		     question_count(&agent, "summary", "answered") == 1 &&
		     question_count(&agent, "summary", "unanswered") == 2 &&
		     question_count(&agent, "summary", "waiting") == 0 &&
		     question_count(&agent, "summary", "forgotten") == 0;
		if (!tap_ok(ok || latency_skipped(&agent), "no answer: one of three has one") ||
		    !tap_ok(!strcmp(text_at(json_object_get(find_type(&agent, "summary"),
							    "questions"),
					    "oldest"),
				    "flow.example") ||
				    latency_skipped(&agent),
			    "no answer: names the one that waits"))
			latency_show(&agent);
	}
	agent_done(&agent);
}

static void test_unanswered_text(void)
{
	struct agent agent;

	if (tap_ok(latency_start(&agent,
				 LATENCY("--source", "dns", "--comm", "asker", "--interval", "0")),
		   "no answer as text: measures") &&
	    do_it("no answer as text", act_no_answer)) {
		agent.raw = true;
		tap_ok(agent_stop(&agent, SIGINT) == 0, "no answer as text: ends");
		if (!tap_ok(strstr(rs_str_cstr(&agent.line), "Without an answer: ") &&
				    strstr(rs_str_cstr(&agent.line), " of 3 questions"),
			    "no answer as text: a line for them"))
			tap_diag("%s", rs_str_cstr(&agent.line));
	}
	agent_done(&agent);
}

/* Who had to make room is counted, all of them. */
static void test_forgotten(void)
{
	json_int_t asked, forgotten, others;
	struct agent agent;

	if (tap_ok(latency_start(&agent, LATENCY("--source", "dns", "--comm", "asker", "-o", "json",
						 "--interval", "0")),
		   "too many questions: measures") &&
	    do_it("too many questions", act_many_questions)) {
		latency_finish(&agent, "too many questions");
		asked = question_count(&agent, "summary", "asked");
		forgotten = question_count(&agent, "summary", "forgotten");
		others = question_count(&agent, "summary", "answered") +
			 question_count(&agent, "summary", "unanswered") +
			 question_count(&agent, "summary", "waiting");
		if (!tap_ok(is_count(&agent, asked, MANY) && forgotten > 0 &&
				    asked == forgotten + others,
			    "too many questions: those that made room are told"))
			latency_show(&agent);
	}
	agent_done(&agent);
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
	again_plain(test_sources);
	again_plain(test_unanswered);
	again_plain(test_unanswered_text);
	again_plain(test_forgotten);
	again_plain(test_container);
	return tap_done();
}
