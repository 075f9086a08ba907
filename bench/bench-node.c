/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A busy node: control groups named as the kubelet names them, two containers to a pod, in the
 * hierarchy that the agent looks at; what containerd leaves on disk about each, below a directory that
 * stands for the host's root; and processes in them, each with arguments of its own, the first of a
 * container being the parent of its others. On demand all of them open and close files, evenly spread
 * over the time.
 *
 * usage: bench-node [-n CONTAINERS] [-p PROCESSES] [-c CPU] ROOT
 *
 * Says "ready PROCESSES CONTAINERS HIERARCHY". Then, for each line "RATE SECONDS" of its standard
 * input, makes so many events a second, and says "EVENTS NANOSECONDS". At the end of its input
 * everything is removed but ROOT.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "bench/bench.h"
#include "kern/cgroup.h"

#define CONTROL_FD 3
#define BURST      20 /* events between two sleeps of a process */
#define FILES      8  /* of a container, at most 10 */
#define TOP        "/kubepods"
#define QOS        "/kubepods/burstable"
#define TASKS      "/run/containerd/io.containerd.runtime.v2.task"

/* Shared by all; each process writes its own number of made. */
struct control {
	_Atomic uint32_t ready;
	_Atomic uint32_t run;  /* which run goes on; futex */
	_Atomic uint32_t done; /* processes that ended it */
	uint64_t start, end, interval;
	uint64_t made[];
};

struct node {
	struct rs_cgroup_tree tree;
	const char *root;
	struct control *control;
	pid_t *first; /* of each container */
	unsigned containers, processes;
	bool made_top, made_qos;
	int cpu;
};

/* --- one process of a container --- */

static void wait_run(struct control *control, uint32_t last)
{
	while (atomic_load(&control->run) == last)
		syscall(SYS_futex, &control->run, FUTEX_WAIT, last, NULL, NULL, 0);
}

static void sleep_until(uint64_t when)
{
	struct timespec t = { (time_t)(when / 1000000000), (long)(when % 1000000000) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static void make_burst(unsigned seed)
{
	char name[] = "file-0.log"; /* made anew it would be a part of what is measured */

	for (unsigned i = 0; i < BURST; i++) {
		int fd;

		name[5] = (char)('0' + (seed + i) % FILES);
		fd = open(name, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			bench_die("opening \"%s\": %s", name, strerror(errno));
		close(fd);
	}
}

/* What comes after the "=" of an argument. */
static const char *value(const char *arg)
{
	return strchr(arg, '=') + 1;
}

/* argv: NAME --worker=NUMBER --of=PROCESSES --data=DIRECTORY ... */
static _noreturn_ void be_worker(char **argv)
{
	unsigned number = (unsigned)bench_number(value(argv[1]));
	unsigned n = (unsigned)bench_number(value(argv[2]));
	size_t size = sizeof(struct control) + n * sizeof(uint64_t);
	struct control *c = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, CONTROL_FD, 0);
	uint32_t run = 0;

	if (c == MAP_FAILED)
		bench_die("mapping: %s", strerror(errno));
	if (chdir(value(argv[3])))
		bench_die("\"%s\": %s", argv[3], strerror(errno));
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	atomic_fetch_add(&c->ready, 1);
	for (;;) {
		uint64_t next;

		wait_run(c, run++);
		next = c->start + c->interval * number / n;
		for (; next < c->end; next += c->interval) {
			sleep_until(next);
			make_burst(number);
			c->made[number] += BURST;
		}
		atomic_fetch_add(&c->done, 1);
	}
}

static _noreturn_ void exec_worker(const struct node *node, unsigned container, unsigned number)
{
	char text[5][4096];
	char *argv[] = { text[0], text[1], text[2], text[3], text[4], NULL }, *envp[] = { NULL };

	snprintf(text[0], sizeof(text[0]), "app-%u", container);
	snprintf(text[1], sizeof(text[1]), "--worker=%u", number);
	snprintf(text[2], sizeof(text[2]), "--of=%u", node->processes);
	snprintf(text[3], sizeof(text[3]), "--data=%s/srv/app-%u", node->root, container);
	snprintf(text[4], sizeof(text[4]), "--listen=10.1.%u.%u:8080", number >> 8, number & 255);
	execve("/proc/self/exe", argv, envp);
	bench_die("exec: %s", strerror(errno));
}

/* --- the names of things --- */

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static void container_id(unsigned container, char id[static 65])
{
	for (unsigned i = 0; i < 4; i++)
		snprintf(id + 16ul * i, 17, "%016llx",
			 (unsigned long long)mix(container * 4ull + i + 1));
}

static void pod_uid(unsigned container, char uid[static 37])
{
	uint64_t a = mix(~(uint64_t)(container / 2)), b = mix(a);

	snprintf(uid, 37, "%08x-%04x-4%03x-8%03x-%012llx", (unsigned)(a & 0xffffffff),
		 (unsigned)(a >> 32 & 0xffff), (unsigned)(a >> 48 & 0xfff), (unsigned)(b & 0xfff),
		 (unsigned long long)(b >> 16));
}

/* The pod's group; the container's below it. */
static void group_path(const struct node *node, unsigned container, bool pod,
		       char path[static 1024])
{
	char id[65], uid[37];

	container_id(container, id);
	pod_uid(container, uid);
	snprintf(path, 1024, "%s" QOS "/pod%s%s%s", node->tree.mount, uid, pod ? "" : "/",
		 pod ? "" : id);
}

/* --- the node --- */

static bool make_dir(const char *path)
{
	if (mkdir(path, 0755) == 0)
		return true;
	if (errno != EEXIST)
		bench_die("making \"%s\": %s", path, strerror(errno));
	return false;
}

static void make_dirs(const char *path)
{
	char part[4096];

	snprintf(part, sizeof(part), "%s", path);
	for (char *p = part + 1; (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		make_dir(part);
	}
	make_dir(part);
}

static FILE *create(const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file)
		bench_die("making \"%s\": %s", path, strerror(errno));
	return file;
}

static void close_file(FILE *file)
{
	if (fclose(file))
		bench_die("writing: %s", strerror(errno));
}

/* What containerd gives to runc, the parts that are long in real ones included. */
static void write_bundle(const struct node *node, unsigned container)
{
	char path[4096], id[65], uid[37], sandbox[65];
	FILE *file;
	size_t n;

	container_id(container, id);
	container_id(100000 + container / 2, sandbox);
	pod_uid(container, uid);
	n = (size_t)snprintf(path, sizeof(path) - 16, "%s" TASKS "/k8s.io/%s", node->root, id);
	make_dirs(path);
	snprintf(path + n, 16, "/config.json");
	file = create(path);
	fputs("{\"ociVersion\":\"1.1.0\",\"process\":{\"user\":{\"uid\":0,\"gid\":0},\"args\":[\"/app\"],\"env\":[",
	      file);
	for (unsigned i = 0; i < 40; i++)
		fprintf(file, "\"SERVICE_%u_HOST=10.96.%u.%u\",", i, i, container % 250);
	fputs("\"HOME=/\"],\"cwd\":\"/\"},\"root\":{\"path\":\"rootfs\"},\"mounts\":[", file);
	for (unsigned i = 0; i < 20; i++)
		fprintf(file,
			"{\"destination\":\"/mnt/%u\",\"type\":\"bind\",\"source\":\"/var/lib/kubelet/"
			"pods/%s/volumes/%u\",\"options\":[\"rbind\",\"rprivate\",\"ro\"]},",
			i, uid, i);
	fprintf(file,
		"{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"}],\"annotations\":{"
		"\"io.kubernetes.cri.container-name\":\"app-%u\","
		"\"io.kubernetes.cri.container-type\":\"container\","
		"\"io.kubernetes.cri.image-name\":\"registry.example/team/app:%u\","
		"\"io.kubernetes.cri.sandbox-id\":\"%s\","
		"\"io.kubernetes.cri.sandbox-name\":\"app-%u-7d9c6b5f4-x%u\","
		"\"io.kubernetes.cri.sandbox-namespace\":\"namespace-%u\","
		"\"io.kubernetes.cri.sandbox-uid\":\"%s\"}}\n",
		container, container % 30, sandbox, container / 2, container / 2, container % 20,
		uid);
	close_file(file);
}

static void write_files(const struct node *node, unsigned container)
{
	char path[4096];
	size_t n = (size_t)snprintf(path, sizeof(path) - 32, "%s/srv/app-%u", node->root,
				    container);

	make_dirs(path);
	for (unsigned i = 0; i < FILES; i++) {
		snprintf(path + n, 32, "/file-%u.log", i);
		close_file(create(path));
	}
}

static void make_group(struct node *node, unsigned container)
{
	char path[1024];

	group_path(node, container, true, path);
	make_dir(path);
	group_path(node, container, false, path);
	make_dir(path);
}

static void move_here(const char *group)
{
	char path[1100];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		bench_die("moving into \"%s\": %s", group, strerror(errno));
	close(fd);
}

/* The processes of a container, their numbers being those that leave this remainder. */
static void fill_group(struct node *node, unsigned container)
{
	char path[1024];
	pid_t pid = fork();

	if (pid < 0)
		bench_die("fork: %s", strerror(errno));
	if (pid) {
		node->first[container] = pid;
		return;
	}
	group_path(node, container, false, path);
	move_here(path);
	bench_pin(node->cpu);
	for (unsigned i = container + node->containers; i < node->processes; i += node->containers)
		if (fork() == 0)
			exec_worker(node, container, i);
	exec_worker(node, container, container);
}

static void make_control(struct node *node)
{
	size_t size = sizeof(struct control) + node->processes * sizeof(uint64_t);
	int fd = memfd_create("control", 0);

	if (fd < 0 || ftruncate(fd, (off_t)size) || (fd != CONTROL_FD && dup2(fd, CONTROL_FD) < 0))
		bench_die("shared memory: %s", strerror(errno));
	if (fd != CONTROL_FD)
		close(fd);
	node->control = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, CONTROL_FD, 0);
	node->first = calloc(node->containers, sizeof(*node->first));
	if (node->control == MAP_FAILED || !node->first)
		bench_die("no memory");
}

static void make_node(struct node *node)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/proc", node->root);
	if (symlink("/proc", path) && errno != EEXIST)
		bench_die("making \"%s\": %s", path, strerror(errno));
	snprintf(path, sizeof(path), "%s" TOP, node->tree.mount);
	node->made_top = make_dir(path);
	snprintf(path, sizeof(path), "%s" QOS, node->tree.mount);
	node->made_qos = make_dir(path);
	for (unsigned i = 0; i < node->containers; i++) {
		write_bundle(node, i);
		write_files(node, i);
		make_group(node, i);
		fill_group(node, i);
	}
	for (uint64_t end = bench_now() + 120000000000ull;
	     atomic_load(&node->control->ready) < node->processes; usleep(1000))
		if (bench_now() > end)
			bench_die("only %u processes run", atomic_load(&node->control->ready));
}

static void remove_node(struct node *node)
{
	char path[4096];

	for (unsigned i = 0; i < node->containers; i++)
		kill(node->first[i], SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	for (unsigned i = 0; i < node->containers; i++) {
		group_path(node, i, false, path);
		rmdir(path);
		group_path(node, i, true, path);
		rmdir(path);
	}
	snprintf(path, sizeof(path), "%s" QOS, node->tree.mount);
	if (node->made_qos)
		rmdir(path);
	snprintf(path, sizeof(path), "%s" TOP, node->tree.mount);
	if (node->made_top)
		rmdir(path);
}

/* --- runs --- */

static uint64_t made_all(const struct node *node)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < node->processes; i++)
		sum += node->control->made[i];
	return sum;
}

static void run(struct node *node, double rate, double seconds)
{
	struct control *c = node->control;
	uint64_t before = made_all(node), start;

	c->interval = (uint64_t)(node->processes * (double)BURST / rate * 1e9);
	c->start = start = bench_now() + 50000000; /* until all are awake */
	c->end = c->start + (uint64_t)(seconds * 1e9);
	atomic_store(&c->done, 0);
	atomic_fetch_add(&c->run, 1);
	syscall(SYS_futex, &c->run, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
	while (atomic_load(&c->done) < node->processes)
		usleep(1000);
	printf("%lu %lu\n", (unsigned long)(made_all(node) - before),
	       (unsigned long)(bench_now() - start));
	fflush(stdout);
}

/* What was made makes the agent look at another hierarchy, perhaps. */
static void check_tree(const struct node *node)
{
	struct rs_cgroup_tree now;

	if (rs_cgroup_choose("/proc", &now, NULL) < 0 || strcmp(now.mount, node->tree.mount) != 0)
		fprintf(stderr, "bench-node: the agent looks at \"%s\" now, not at \"%s\"\n",
			now.mount, node->tree.mount);
}

int main(int argc, char **argv)
{
	struct node node = { .containers = 500, .processes = 5000, .cpu = -1 };
	struct rs_error err = RS_ERROR_INIT;
	double rate, seconds;
	int opt;

	if (argc == 5 && !strncmp(argv[1], "--worker=", 9))
		be_worker(argv);
	while ((opt = getopt(argc, argv, "n:p:c:")) != -1) {
		if (opt == 'n')
			node.containers = (unsigned)bench_number(optarg);
		else if (opt == 'p')
			node.processes = (unsigned)bench_number(optarg);
		else if (opt == 'c')
			node.cpu = (int)bench_number(optarg);
		else
			return 2;
	}
	if (optind + 1 != argc || !node.containers || node.processes < node.containers)
		bench_die("usage: bench-node [-n CONTAINERS] [-p PROCESSES] [-c CPU] ROOT");
	node.root = argv[optind];
	if (rs_cgroup_choose("/proc", &node.tree, &err) < 0)
		bench_die("%s", err.msg);
	signal(SIGINT, SIG_IGN); /* the end of the input is ours */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	make_control(&node);
	make_node(&node);
	check_tree(&node);
	printf("ready %u %u %s\n", node.processes, node.containers,
	       node.tree.v1 ? node.tree.controller : "cgroup2");
	fflush(stdout);
	while (scanf("%lf %lf", &rate, &seconds) == 2 && rate > 0)
		run(&node, rate, seconds);
	remove_node(&node);
	return 0;
}
