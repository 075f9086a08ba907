/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside latency`: what was slow, where, for how long and because of whom. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/util.h"
#include "tests/kernel/lib/agent.h"
#include "tests/kernel/lib/box.h"
#include "tests/kernel/lib/check.h"
#include "tests/kernel/lib/disk.h"
#include "tests/kernel/lib/loopback.h"
#include "tests/kernel/lib/mapper.h"
#include "tests/kernel/lib/slowfs.h"
#include "tests/kernel/lib/sys.h"
#include "tests/kernel/lib/tap.h"

#define STALL_MS 80 /* what we hold things for */
#define SLOW     "20ms"
#define FAST     7 /* calls that nobody holds */

#define ARGS(...) ((const char *const[]){ "latency", __VA_ARGS__, NULL })

/* --- a process that does what it is told, an order a byte --- */

struct puppet {
	pid_t pid;
	int orders, answers;
};

typedef void puppet_fn(char order, void *data);

static void puppet_start(struct puppet *puppet, puppet_fn *fn, void *data)
{
	int orders[2], answers[2];

	if (pipe2(orders, O_CLOEXEC) || pipe2(answers, O_CLOEXEC))
		tap_bail("pipe: %m");
	puppet->pid = fork();
	if (puppet->pid < 0)
		tap_bail("fork: %m");
	if (!puppet->pid) {
		char order;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(orders[1]);
		close(answers[0]);
		while (read(orders[0], &order, 1) == 1) {
			fn(order, data);
			if (write(answers[1], "+", 1) != 1)
				break;
		}
		_exit(0);
	}
	close(orders[0]);
	close(answers[1]);
	puppet->orders = orders[1];
	puppet->answers = answers[0];
}

static void puppet_tell(const struct puppet *puppet, char order)
{
	if (write(puppet->orders, &order, 1) != 1)
		tap_bail("ordering: %m");
}

static bool puppet_wait(const struct puppet *puppet)
{
	struct pollfd fd = { puppet->answers, POLLIN, 0 };
	char answer;

	return poll(&fd, 1, agent_patience()) > 0 && read(puppet->answers, &answer, 1) == 1;
}

static bool puppet_do(const struct puppet *puppet, char order)
{
	puppet_tell(puppet, order);
	return puppet_wait(puppet);
}

static void puppet_end(struct puppet *puppet)
{
	close(puppet->orders);
	close(puppet->answers);
	kill(puppet->pid, SIGKILL);
	waitpid(puppet->pid, NULL, 0);
}

static const char *pid_text(pid_t pid)
{
	static char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	return text;
}

/* --- what the command says --- */

static bool start(struct agent *agent, const char *const args[])
{
	agent_spawn(agent, args, NULL, NULL);
	if (agent_wait_err(agent, "measuring"))
		return true;
	tap_diag("%s", rs_str_cstr(&agent->err_text));
	return false;
}

/* Time passes, and what is written is read. */
static void hold_for(struct agent *agent, uint64_t ms)
{
	uint64_t end = boot_ns() + ms * 1000000, now;

	while ((now = boot_ns()) < end)
		agent_pump(agent, (int)((end - now) / 1000000) + 1);
}

static const char *text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static json_int_t number_at(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const json_t *find_type(const struct agent *agent, const char *type)
{
	for (size_t i = agent->n_events; i-- > 0;)
		if (!strcmp(text_at(agent->events[i], "type"), type))
			return agent->events[i];
	return NULL;
}

/* The row of the last summary or interval whose @key contains the text. */
static const json_t *find_row(const struct agent *agent, const char *type, const char *key,
			      const char *text)
{
	const json_t *rows = json_object_get(find_type(agent, type), "rows"), *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (strstr(text_at(row, key), text))
			return row;
	}
	return NULL;
}

/* A slow one of that name that took at least so long. */
static const json_t *find_slow(const struct agent *agent, const char *what, uint64_t ns)
{
	for (size_t i = 0; i < agent->n_events; i++) {
		const json_t *event = agent->events[i];

		if (!strcmp(text_at(event, "type"), "outlier") &&
		    !strcmp(text_at(event, "what"), what) && (uint64_t)number_at(event, "ns") >= ns)
			return event;
	}
	return NULL;
}

static void show(const struct agent *agent)
{
	for (size_t i = 0; i < agent->n_events && i < 12; i++) {
		char *text = json_dumps(agent->events[i], JSON_COMPACT);

		tap_diag("%.1500s", text);
		free(text);
	}
	tap_diag("%.*s", (int)agent->err_text.len, agent->err_text.len ? agent->err_text.data : "");
}

/* Exactly that many, but for events for which the kernel skipped our programs, which it then says. */
static bool is_count(const struct agent *agent, json_int_t count, json_int_t wanted)
{
	if (count == wanted)
		return true;
	return count < wanted && agent->err_text.len &&
	       memmem(agent->err_text.data, agent->err_text.len, "skipped", strlen("skipped"));
}

static json_int_t count_buckets(const json_t *row)
{
	const json_t *bucket;
	json_int_t sum = 0;
	size_t i;

	json_array_foreach(json_object_get(row, "buckets"), i, bucket)
	{
		json_int_t low = json_integer_value(json_array_get(bucket, 0)),
			   high = json_integer_value(json_array_get(bucket, 1));

		if (high <= low || (low >= 64 && (high - low) * 64 > low))
			return -1; /* wider than promised */
		sum += json_integer_value(json_array_get(bucket, 2));
	}
	return sum;
}

static bool is_rising(const json_t *row)
{
	static const char *const keys[] = { "p50_ns", "p90_ns", "p99_ns", "p999_ns", "max_ns" };

	for (size_t i = 1; i < ARRAY_SIZE(keys); i++)
		if (number_at(row, keys[i]) < number_at(row, keys[i - 1]))
			return false;
	return number_at(row, "sum_ns") >= number_at(row, "max_ns");
}

static bool has_function(const json_t *frames, const char *part)
{
	const json_t *frame;
	size_t i;

	json_array_foreach(frames, i, frame)
	{
		if (strstr(text_at(frame, "function"), part))
			return true;
	}
	return false;
}

static bool finish(struct agent *agent, const char *name)
{
	int code = agent_stop(agent, SIGINT);
	bool ok = tap_ok(code == 0 && !agent->bad_lines && find_type(agent, "summary"),
			 "%s: ends with a summary, all of it JSON", name);

	if (!ok)
		tap_diag("code %d, %u bad lines", code, agent->bad_lines);
	return ok;
}

/* --- a service whose fsync stalls now and then --- */

static void write_and_sync(char order, void *data)
{
	static int fd = -1;

	if (order == 'n')
		prctl(PR_SET_NAME, "service");
	if (fd < 0)
		fd = open(data, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (order == 'f' && (pwrite(fd, "data", 4, 0) != 4 || fsync(fd)))
		_exit(3);
}

static void check_stall(const struct agent *agent, const char *path, const char *device,
			uint64_t stall, const char *name)
{
	const json_t *slow = find_slow(agent, "fsync", stall), *wait, *times, *row;
	json_int_t off;

	if (!tap_ok(slow, "%s: the slow fsync is told of, and lasted as long as it was held",
		    name)) {
		show(agent);
		return;
	}
	wait = json_object_get(slow, "longest");
	times = json_object_get(slow, "time");
	off = number_at(times, "io_ns") + number_at(times, "kernel_ns") +
	      number_at(times, "waiting_ns");
	tap_ok(!strcmp(text_at(slow, "comm"), "service"), "%s: by the service", name);
	tap_ok(!strcmp(text_at(slow, "file"), path), "%s: names the file", name);
	tap_ok(strstr(text_at(slow, "device"), device) == text_at(slow, "device"),
	       "%s: names the device", name);
	tap_ok(strstr(text_at(slow, "call"), "fsync(") == text_at(slow, "call"), "%s: has the call",
	       name);
	tap_ok(off > 0 && number_at(wait, "ns") > 0, "%s: the time went by waiting", name);
	tap_ok(has_function(json_object_get(wait, "kernel_stack"), "sync"),
	       "%s: the kernel's stack says where it waited", name);
	row = find_row(agent, "summary", "syscall", "fsync");
	if (!tap_ok(row && is_count(agent, number_at(row, "count"), FAST + 1) &&
			    count_buckets(row) == number_at(row, "count") && is_rising(row) &&
			    (uint64_t)number_at(row, "max_ns") >= stall,
		    "%s: all are counted, the slow one is the maximum", name))
		show(agent);
}

static void test_fuse(void)
{
	struct puppet service;
	struct slowfs fs;
	struct agent agent;
	const json_t *waker;
	uint64_t held;

	if (!slowfs_start(&fs)) {
		tap_skip("a file system that stalls", fs.why);
		return;
	}
	puppet_start(&service, write_and_sync, fs.path);
	puppet_do(&service, 'n');
	if (!tap_ok(start(&agent, ARGS("-p", pid_text(service.pid), "-o", "json", "--outliers",
				       SLOW, "--by", "syscall,file", "--interval", "100ms")),
		    "fuse: measures"))
		goto out;
	for (int i = 0; i < FAST; i++)
		puppet_do(&service, 'f');
	slowfs_hold(&fs);
	puppet_tell(&service, 'f');
	if (!tap_ok(slowfs_wait_held(&fs), "fuse: the file system has the fsync"))
		goto out;
	held = boot_ns();
	hold_for(&agent, STALL_MS);
	held = boot_ns() - held;
	slowfs_release(&fs);
	tap_ok(puppet_wait(&service), "fuse: the fsync ends");
	finish(&agent, "fuse");
	check_stall(&agent, fs.path, "fuse ", held, "fuse");
	waker = json_object_get(json_object_get(find_slow(&agent, "fsync", held), "longest"),
				"waker");
	tap_ok(!strcmp(text_at(json_object_get(find_slow(&agent, "fsync", held), "longest"),
			       "reason"),
		       "fuse"),
	       "fuse: knows what kind of wait that is");
	if (!tap_ok(!strcmp(text_at(waker, "comm"), "slowfs") && number_at(waker, "pid") == fs.pid,
		    "fuse: names who ended the wait"))
		show(&agent);
	tap_ok(find_row(&agent, "summary", "file", fs.path), "fuse: a row for the file");
out:
	agent_done(&agent);
	puppet_end(&service);
	slowfs_end(&fs);
}

/* --- a slow disk --- */

static int to_test[2], to_scene[2];

/* Makes the device, says where it is, and keeps it until it is told. */
static void act_slow_disk(struct scene *scene)
{
	struct mapper mapper;
	struct disk disk;
	char order;

	close(to_test[0]);
	close(to_scene[1]);
	disk_make(scene, &disk, 16 << 20, O_RDWR);
	mapper_delay(scene, disk.path, 16 << 20, STALL_MS, &mapper);
	must(write(to_test[1], mapper.path, sizeof(mapper.path)));
	alarm(0);
	if (read(to_scene[0], &order, 1) < 0)
		scene_fail(scene, "reading orders: %m");
	mapper_remove(&mapper);
	close(disk.fd);
}

static void check_disk(const char *path)
{
	const char *device = strrchr(path, '/') + 1;
	char file[64];
	struct puppet service;
	struct agent agent;
	const json_t *slow, *row;

	snprintf(file, sizeof(file), "%s", path);
	puppet_start(&service, write_and_sync, file);
	puppet_do(&service, 'n');
	if (!tap_ok(start(&agent, ARGS("-p", pid_text(service.pid), "-o", "json", "--outliers",
				       SLOW, "--by", "syscall,device", "--interval", "100ms")),
		    "slow disk: measures"))
		goto out;
	for (int i = 0; i < FAST + 1; i++) /* all of them are slow */
		puppet_do(&service, 'f');
	finish(&agent, "slow disk");
	check_stall(&agent, file, device, (STALL_MS - 1) * 1000000ull, "slow disk");
	slow = find_slow(&agent, "fsync", (STALL_MS - 1) * 1000000ull);
	tap_ok(!strcmp(text_at(json_object_get(slow, "longest"), "reason"), "disk"),
	       "slow disk: knows what kind of wait that is");
	if (!tap_ok(strstr(text_at(json_object_get(slow, "issued"), "device"), device),
		    "slow disk: names the block I/O that was issued"))
		show(&agent);
	row = find_row(&agent, "summary", "device", device);
	tap_ok(row && is_count(&agent, number_at(row, "count"), FAST + 1),
	       "slow disk: a row for the device");
out:
	agent_done(&agent);
	puppet_end(&service);
}

static void check_disk_itself(const char *path)
{
	const char *device = strrchr(path, '/') + 1;
	char file[64];
	struct puppet service;
	struct agent agent;
	const json_t *row;

	snprintf(file, sizeof(file), "%s", path);
	puppet_start(&service, write_and_sync, file);
	if (!tap_ok(start(&agent, ARGS("--source", "block", "-o", "json", "--by", "device",
				       "--interval", "0")),
		    "slow disk as block I/O: measures"))
		goto out;
	for (int i = 0; i < FAST; i++)
		puppet_do(&service, 'f');
	finish(&agent, "slow disk as block I/O");
	row = find_row(&agent, "summary", "device", device);
	if (!tap_ok(row && number_at(row, "count") >= FAST &&
			    number_at(row, "max_ns") >= (STALL_MS - 1) * 1000000,
		    "slow disk as block I/O: its writes and their time"))
		show(&agent);
out:
	agent_done(&agent);
	puppet_end(&service);
}

static void test_slow_disk(void)
{
	struct scene *scene = scene_new();
	char path[32] = "";
	int fd;

	if (pipe2(to_test, O_CLOEXEC) || pipe2(to_scene, O_CLOEXEC))
		tap_bail("pipe: %m");
	fd = scene_begin(scene, act_slow_disk);
	close(to_test[1]);
	close(to_scene[0]);
	if (read(to_test[0], path, sizeof(path)) == sizeof(path)) {
		check_disk(path);
		check_disk_itself(path);
	}
	close(to_scene[1]);
	close(to_test[0]);
	switch (scene_end(scene, fd)) {
	case SCENE_SKIPPED:
		tap_skip("a slow disk", scene->note);
		break;
	case SCENE_FAILED:
		tap_ok(false, "a slow disk: %s", scene->note);
		break;
	case SCENE_DONE:
		break;
	}
	scene_free(&scene);
}

/* --- a lock --- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int unlock_order[2];
static int *locked; /* shared with us */

static void *hold_lock(void *data)
{
	char order;

	(void)data;
	prctl(PR_SET_NAME, "holder");
	pthread_mutex_lock(&lock);
	__atomic_store_n(locked, 1, __ATOMIC_SEQ_CST);
	if (read(unlock_order[0], &order, 1) == 1)
		pthread_mutex_unlock(&lock);
	return NULL;
}

static void use_lock(char order, void *data)
{
	pthread_t thread;

	(void)data;
	if (order == 'h')
		pthread_create(&thread, NULL, hold_lock, NULL);
	if (order == 'w') {
		pthread_mutex_lock(&lock);
		pthread_mutex_unlock(&lock);
	}
}

/* Sleeps the thread, in a futex? */
static bool waits_in_futex(pid_t pid)
{
	char path[64], text[64] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (read(fd, text, sizeof(text) - 1) < 0)
			text[0] = '\0';
		close(fd);
	}
	return atoi(text) == SYS_futex && task_state(pid, pid) == 'S';
}

static void test_lock(void)
{
	uint64_t deadline = now_ms() + (uint64_t)agent_patience(), held;
	const json_t *slow, *wait;
	struct puppet puppet;
	struct agent agent;

	locked = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (locked == MAP_FAILED || pipe2(unlock_order, O_CLOEXEC))
		tap_bail("memory and a pipe: %m");
	puppet_start(&puppet, use_lock, NULL);
	if (!tap_ok(start(&agent, ARGS("-p", pid_text(puppet.pid), "-o", "json", "--outliers", SLOW,
				       "--syscall", "futex", "--interval", "0")),
		    "lock: measures"))
		goto out;
	puppet_do(&puppet, 'h');
	while (!__atomic_load_n(locked, __ATOMIC_SEQ_CST) && now_ms() < deadline)
		agent_pump(&agent, 1);
	puppet_tell(&puppet, 'w');
	while (!waits_in_futex(puppet.pid) && now_ms() < deadline)
		agent_pump(&agent, 1);
	held = boot_ns();
	hold_for(&agent, STALL_MS);
	held = boot_ns() - held;
	if (write(unlock_order[1], "u", 1) != 1)
		tap_bail("unlocking: %m");
	tap_ok(puppet_wait(&puppet), "lock: it is had");
	finish(&agent, "lock");
	slow = find_slow(&agent, "futex", held);
	if (!tap_ok(slow, "lock: the wait is told of")) {
		show(&agent);
		goto out;
	}
	wait = json_object_get(slow, "longest");
	tap_ok(!strcmp(text_at(wait, "reason"), "futex"), "lock: as a wait for a lock");
	tap_ok(!strcmp(text_at(json_object_get(wait, "waker"), "comm"), "holder"),
	       "lock: names who held it");
	tap_ok(strtoull(text_at(wait, "lock"), NULL, 0) == (uint64_t)&lock,
	       "lock: and where it is");
out:
	agent_done(&agent);
	puppet_end(&puppet);
}

/* --- counts --- */

#define CALLS 500

static void make_calls(char order, void *data)
{
	(void)order;
	(void)data;
	for (int i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
	for (int i = 0; i < CALLS / 2; i++)
		syscall(SYS_getpgid, 0);
}

static void test_counts(void)
{
	struct puppet puppet;
	struct agent agent;
	const json_t *row, *other;

	puppet_start(&puppet, make_calls, NULL);
	if (!tap_ok(start(&agent,
			  ARGS("-p", pid_text(puppet.pid), "-o", "json", "--syscall",
			       "getppid,getpgid", "--by", "syscall,process", "--interval", "50ms")),
		    "counts: measures"))
		goto out;
	puppet_do(&puppet, 'g');
	hold_for(&agent, 120); /* two intervals, which must not count anything twice */
	puppet_do(&puppet, 'g');
	finish(&agent, "counts");
	row = find_row(&agent, "summary", "syscall", "getppid");
	other = find_row(&agent, "summary", "syscall", "getpgid");
	if (!tap_ok(row && is_count(&agent, number_at(row, "count"), 2 * CALLS) &&
			    number_at(row, "pid") == puppet.pid,
		    "counts: each call once"))
		show(&agent);
	tap_ok(other && is_count(&agent, number_at(other, "count"), CALLS),
	       "counts: calls are told apart");
	tap_ok(row && is_rising(row) && count_buckets(row) == number_at(row, "count") &&
		       number_at(row, "p50_ns") > 0,
	       "counts: percentiles and buckets go together");
	tap_ok(!find_row(&agent, "summary", "syscall", "read"), "counts: no other call");
out:
	agent_done(&agent);
	puppet_end(&puppet);
}

/* --- more than there is room for --- */

#define BATCH   20
#define BATCHES 20

static void open_new_files(char order, void *data)
{
	static unsigned n;
	char path[128];

	(void)order;
	for (int i = 0; i < BATCH; i++) {
		snprintf(path, sizeof(path), "%s/%u", (const char *)data, n++);
		close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	}
}

static size_t count_type(const struct agent *agent, const char *type)
{
	size_t n = 0;

	for (size_t i = 0; i < agent->n_events; i++)
		n += !strcmp(text_at(agent->events[i], "type"), type);
	return n;
}

static json_int_t sum_rows(const struct agent *agent)
{
	const json_t *rows = json_object_get(find_type(agent, "summary"), "rows"), *row;
	json_int_t sum = 0;
	size_t i;

	json_array_foreach(rows, i, row) sum += number_at(row, "count");
	return sum;
}

/* Files that are no longer in use make room, and what was counted of them stays. */
static void test_room(void)
{
	uint64_t deadline = now_ms() + (uint64_t)agent_patience();
	char dir[] = "/tmp/ringside-latency-XXXXXX";
	struct puppet puppet;
	struct agent agent;

	if (!mkdtemp(dir))
		tap_bail("making %s: %m", dir);
	puppet_start(&puppet, open_new_files, dir);
	if (!tap_ok(start(&agent,
			  ARGS("-p", pid_text(puppet.pid), "-o", "json", "--syscall", "openat",
			       "--by", "file", "--interval", "20ms", "--max-pages", "256")),
		    "room: measures"))
		goto out;
	for (int i = 0; i < BATCHES; i++) {
		size_t seen = count_type(&agent, "interval");

		puppet_do(&puppet, 'o');
		while (count_type(&agent, "interval") < seen + 2 && now_ms() < deadline)
			agent_pump(&agent, 100);
	}
	finish(&agent, "room");
	if (!tap_ok(is_count(&agent, sum_rows(&agent), BATCH * BATCHES),
		    "room: all are counted, more than there is room for at once"))
		tap_diag("%lld of %d\n%s", (long long)sum_rows(&agent), BATCH * BATCHES,
			 rs_str_cstr(&agent.err_text));
	tap_ok(find_row(&agent, "summary", "file", "/0") &&
		       find_row(&agent, "summary", "file", "/399"),
	       "room: the first and the last have rows");
out:
	agent_done(&agent);
	puppet_end(&puppet);
	remove_tree(dir);
}

/* --- the other sources --- */

/* Does the act while it measures; rows whose key has the text must have at least so many. */
static void source(const char *name, const char *const args[], scene_act *act, const char *key,
		   const char *const texts[], json_int_t least)
{
	struct scene *scene = scene_new();
	enum scene_end end;
	struct agent agent;

	if (!tap_ok(start(&agent, args), "%s: measures", name)) {
		agent_done(&agent);
		scene_free(&scene);
		return;
	}
	end = scene_end(scene, scene_begin(scene, act));
	finish(&agent, name);
	if (end == SCENE_SKIPPED)
		tap_skip(name, scene->note);
	else
		tap_ok(end == SCENE_DONE, "%s: %s", name, end == SCENE_DONE ? "done" : scene->note);
	for (; end == SCENE_DONE && *texts; texts++) {
		const json_t *row = find_row(&agent, "summary", key, *texts);

		if (!tap_ok(row && number_at(row, "count") >= least && is_rising(row) &&
				    count_buckets(row) == number_at(row, "count"),
			    "%s: %s", name, *texts))
			show(&agent);
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
	       ARGS("--source", "block", "--by", "device", "-o", "json", "--interval", "0"),
	       disk_use, "device", TEXTS("loop"), 8);
	source("run queue", ARGS("--source", "runq", "-o", "json", "--interval", "0"), act_runq,
	       "what", TEXTS("being woken"), ROUNDS);
	source("TCP", ARGS("--source", "tcp", "-o", "json", "--interval", "0"), loopback_talk,
	       "what", TEXTS("connect", "round trip"), 1);
	source("TCP by peer",
	       ARGS("--source", "tcp", "--by", "peer", "-o", "json", "--interval", "0"),
	       loopback_talk, "peer", TEXTS("127.0.0.1:"), 1);
	source("DNS", ARGS("--source", "dns", "--by", "peer", "-o", "json", "--interval", "0"),
	       act_dns, "peer", TEXTS("127.0.0.1:53"), 3);
	source("page faults", ARGS("--source", "fault", "-o", "json", "--interval", "0"), act_fault,
	       "what", TEXTS("minor"), PAGES);
}

/* --- containers --- */

static void test_container(void)
{
	static const struct bundle bundle = { .id = "latency-box", .annotations = "" };
	struct agent agent;
	struct box box;

	if (!box_start(&box, &bundle, "by container"))
		return;
	if (tap_ok(start(&agent,
			 ARGS("--container", "latency-box", "--by", "syscall,container", "-o",
			      "json", "--syscall", "mkdir,mkdirat", "--interval", "0")),
		   "by container: measures")) {
		tap_ok(box_mkdir(&box, "made"), "by container: it makes a directory");
		finish(&agent, "by container");
		if (!tap_ok(find_row(&agent, "summary", "container", "latency-box"),
			    "by container: a row for the container"))
			show(&agent);
	}
	agent_done(&agent);
	box_end(&box);
}

/* --- use --- */

static void test_command(void)
{
	struct outcome outcome;

	agent_run(&outcome,
		  ARGS("-c", "sh -c 'exit 3'", "--interval", "0", "--by", "syscall,process"), NULL,
		  NULL);
	if (!tap_ok(outcome.code == 3 && strstr(outcome.out, "SYSCALL") &&
			    strstr(outcome.out, "P99.9") && strstr(outcome.out, "execve"),
		    "a command's calls as a table, and its code"))
		tap_diag("code %d\n%s%s", outcome.code, outcome.out, outcome.err);
	outcome_done(&outcome);
	agent_run(&outcome, ARGS("--duration", "300ms", "--interval", "100ms", "--heatmap"), NULL,
		  NULL);
	if (!tap_ok(outcome.code == 0 && strstr(outcome.out, "in all "), "a while of everything"))
		tap_diag("code %d\n%s%s", outcome.code, outcome.out, outcome.err);
	outcome_done(&outcome);
}

static void refused(const char *const args[], const char *text)
{
	struct outcome outcome;

	agent_run(&outcome, args, NULL, NULL);
	if (!tap_ok(outcome.code == 2 && strstr(outcome.err, text), "refused: %s", text))
		tap_diag("code %d\n%s%s", outcome.code, outcome.out, outcome.err);
	outcome_done(&outcome);
}

static void test_refusals(void)
{
	refused(ARGS("--source", "tcp", "--by", "file"),
		"--by file: --source tcp cannot tell that");
	refused(ARGS("--source", "block", "--syscall", "read"), "--syscall goes with");
	refused(ARGS("--syscall", "fsink"), "\"fsink\"");
	refused(ARGS("--source", "bock"), "block");
	refused(ARGS("--by", "process,thread"), "take one of them");
	refused(ARGS("--outliers", "100"), "outliers");
	refused(ARGS("--max-pages", "1"), "--max-pages");
}

int main(void)
{
	test_refusals();
	test_command();
	test_counts();
	test_room();
	test_fuse();
	test_lock();
	test_sources();
	test_slow_disk();
	test_container();
	return tap_done();
}
