/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside latency`: which call was slow, where, for how long and because of whom. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/util.h"
#include "tests/kernel/lib/again.h"
#include "tests/kernel/lib/disk.h"
#include "tests/kernel/lib/latency.h"
#include "tests/kernel/lib/mapper.h"
#include "tests/kernel/lib/puppet.h"
#include "tests/kernel/lib/slowfs.h"
#include "tests/kernel/lib/sys.h"
#include "tests/kernel/lib/tap.h"

#define STALL_MS 80  /* what a disk is slow by */
#define HOLD_MS  400 /* what we hold things for: longer than others keep a CPU */
#define SLOW     "20ms"
#define FAST     7 /* calls that nobody holds */

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
		latency_show(agent);
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
	row = find_row(agent, "syscall", "fsync");
	if (!tap_ok(row && is_count(agent, number_at(row, "count"), FAST + 1) && is_sound(row) &&
			    (uint64_t)number_at(row, "max_ns") >= stall,
		    "%s: all are counted, the slow one is the maximum", name))
		latency_show(agent);
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
	if (!tap_ok(latency_start(&agent,
				  LATENCY("-p", puppet_pid(&service), "-o", "json", "--outliers",
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
	latency_hold(&agent, HOLD_MS);
	held = boot_ns() - held;
	slowfs_release(&fs);
	tap_ok(puppet_wait(&service), "fuse: the fsync ends");
	latency_finish(&agent, "fuse");
	check_stall(&agent, fs.path, "fuse ", held, "fuse");
	waker = json_object_get(json_object_get(find_slow(&agent, "fsync", held), "longest"),
				"waker");
	tap_ok(!strcmp(text_at(json_object_get(find_slow(&agent, "fsync", held), "longest"),
			       "reason"),
		       "fuse"),
	       "fuse: knows what kind of wait that is");
	if (!tap_ok(!strcmp(text_at(waker, "comm"), "slowfs") && number_at(waker, "pid") == fs.pid,
		    "fuse: names who ended the wait"))
		latency_show(&agent);
	tap_ok(find_row(&agent, "file", fs.path), "fuse: a row for the file");
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
	if (!tap_ok(latency_start(&agent,
				  LATENCY("-p", puppet_pid(&service), "-o", "json", "--outliers",
					  SLOW, "--by", "syscall,device", "--interval", "100ms")),
		    "slow disk: measures"))
		goto out;
	for (int i = 0; i < FAST + 1; i++) /* all of them are slow */
		puppet_do(&service, 'f');
	latency_finish(&agent, "slow disk");
	check_stall(&agent, file, device, (STALL_MS - 1) * 1000000ull, "slow disk");
	slow = find_slow(&agent, "fsync", (STALL_MS - 1) * 1000000ull);
	tap_ok(!strcmp(text_at(json_object_get(slow, "longest"), "reason"), "disk"),
	       "slow disk: knows what kind of wait that is");
	if (!tap_ok(strstr(text_at(json_object_get(slow, "issued"), "device"), device),
		    "slow disk: names the block I/O that was issued"))
		latency_show(&agent);
	row = find_row(&agent, "device", device);
	tap_ok(row && is_count(&agent, number_at(row, "count"), FAST + 1),
	       "slow disk: a row for the device");
out:
	agent_done(&agent);
	puppet_end(&service);
}

static const json_t *find_writes(const struct agent *agent, const char *device)
{
	const json_t *rows = json_object_get(find_type(agent, "summary"), "rows"), *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (!strcmp(text_at(row, "what"), "write") &&
		    strstr(text_at(row, "device"), device))
			return row;
	}
	return NULL;
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
	if (!tap_ok(latency_start(&agent, LATENCY("--source", "block", "-o", "json", "--by",
						  "device", "--interval", "0")),
		    "slow disk as block I/O: measures"))
		goto out;
	for (int i = 0; i < FAST; i++)
		puppet_do(&service, 'f');
	latency_finish(&agent, "slow disk as block I/O");
	row = find_writes(&agent, device);
	if (!tap_ok(row && number_at(row, "count") >= FAST &&
			    number_at(row, "max_ns") >= (STALL_MS - 1) * 1000000,
		    "slow disk as block I/O: its writes and their time"))
		latency_show(&agent);
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
	if (!tap_ok(latency_start(&agent,
				  LATENCY("-p", puppet_pid(&puppet), "-o", "json", "--outliers",
					  SLOW, "--syscall", "futex", "--interval", "0")),
		    "lock: measures"))
		goto out;
	puppet_do(&puppet, 'h');
	while (!__atomic_load_n(locked, __ATOMIC_SEQ_CST) && now_ms() < deadline)
		agent_pump(&agent, 1);
	puppet_tell(&puppet, 'w');
	while (!waits_in_futex(puppet.pid) && now_ms() < deadline)
		agent_pump(&agent, 1);
	held = boot_ns();
	latency_hold(&agent, HOLD_MS);
	held = boot_ns() - held;
	if (write(unlock_order[1], "u", 1) != 1)
		tap_bail("unlocking: %m");
	tap_ok(puppet_wait(&puppet), "lock: it is had");
	latency_finish(&agent, "lock");
	slow = find_slow(&agent, "futex", held);
	if (!tap_ok(slow, "lock: the wait is told of")) {
		latency_show(&agent);
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
	if (!tap_ok(latency_start(&agent, LATENCY("-p", puppet_pid(&puppet), "-o", "json",
						  "--syscall", "getppid,getpgid", "--by",
						  "syscall,process", "--interval", "50ms")),
		    "counts: measures"))
		goto out;
	puppet_do(&puppet, 'g');
	latency_hold(&agent, 120); /* two intervals, which must not count anything twice */
	puppet_do(&puppet, 'g');
	latency_finish(&agent, "counts");
	row = find_row(&agent, "syscall", "getppid");
	other = find_row(&agent, "syscall", "getpgid");
	if (!tap_ok(row && is_count(&agent, number_at(row, "count"), 2 * CALLS) &&
			    number_at(row, "pid") == puppet.pid,
		    "counts: each call once"))
		latency_show(&agent);
	tap_ok(other && is_count(&agent, number_at(other, "count"), CALLS),
	       "counts: calls are told apart");
	tap_ok(is_sound(row) && number_at(row, "p50_ns") > 0,
	       "counts: percentiles and buckets go together");
	tap_ok(!find_row(&agent, "syscall", "read"), "counts: no other call");
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
	if (!tap_ok(latency_start(&agent, LATENCY("-p", puppet_pid(&puppet), "-o", "json",
						  "--syscall", "openat", "--by", "file",
						  "--interval", "20ms", "--max-pages", "256")),
		    "room: measures"))
		goto out;
	for (int i = 0; i < BATCHES; i++) {
		size_t seen = count_type(&agent, "interval");

		puppet_do(&puppet, 'o');
		while (count_type(&agent, "interval") < seen + 2 && now_ms() < deadline)
			agent_pump(&agent, 100);
	}
	latency_finish(&agent, "room");
	if (!tap_ok(is_count(&agent, sum_rows(&agent), BATCH * BATCHES),
		    "room: all are counted, more than there is room for at once"))
		tap_diag("%lld of %d\n%s", (long long)sum_rows(&agent), BATCH * BATCHES,
			 rs_str_cstr(&agent.err_text));
	tap_ok(find_row(&agent, "file", "/0") && find_row(&agent, "file", "/399"),
	       "room: the first and the last have rows");
out:
	agent_done(&agent);
	puppet_end(&puppet);
	remove_tree(dir);
}

/* --- who goes away --- */

static void test_gone(void)
{
	struct puppet puppet;
	struct agent agent;

	puppet_start(&puppet, make_calls, NULL);
	if (tap_ok(latency_start(&agent, LATENCY("-p", puppet_pid(&puppet), "-o", "json",
						 "--syscall", "getppid", "--interval", "50ms")),
		   "gone: measures"))
		puppet_do(&puppet, 'g');
	puppet_end(&puppet);
	tap_ok(agent_wait_end(&agent) && agent_code(&agent) == 0,
	       "gone: ends when the process has ended");
	if (!tap_ok(is_count(&agent, sum_rows(&agent), CALLS),
		    "gone: what it called last is in the summary"))
		latency_show(&agent);
	agent_done(&agent);
}

/* --- use --- */

static void test_command(void)
{
	struct outcome outcome;

	agent_run(&outcome,
		  LATENCY("-c", "sh -c 'exit 3'", "--interval", "0", "--by", "syscall,process"),
		  NULL, NULL);
	if (!tap_ok(outcome.code == 3 && strstr(outcome.out, "SYSCALL") &&
			    strstr(outcome.out, "P99.9") && strstr(outcome.out, "execve"),
		    "a command's calls as a table, and its code"))
		tap_diag("code %d\n%s%s", outcome.code, outcome.out, outcome.err);
	outcome_done(&outcome);
	agent_run(&outcome,
		  LATENCY("-c", "sh -c 'exit 3'", "--interval", "0", "--syscall",
			  "exit_group,close,brk"),
		  NULL, NULL);
	if (!tap_ok(outcome.code == 3 && strstr(outcome.out, "brk ") &&
			    !strstr(outcome.out, "execve"),
		    "of a command, the calls that were named"))
		tap_diag("code %d\n%s%s", outcome.code, outcome.out, outcome.err);
	outcome_done(&outcome);
	agent_run(&outcome, LATENCY("--duration", "300ms", "--interval", "100ms", "--heatmap"),
		  NULL, NULL);
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
	refused(LATENCY("--source", "tcp", "--by", "file"),
		"--by file: --source tcp cannot tell that");
	refused(LATENCY("--source", "block", "--syscall", "read"), "--syscall goes with");
	refused(LATENCY("--syscall", "fsink"), "\"fsink\"");
	refused(LATENCY("--source", "bock"), "block");
	refused(LATENCY("--by", "process,thread"), "take one of them");
	refused(LATENCY("--outliers", "100"), "outliers");
	refused(LATENCY("--max-pages", "1"), "--max-pages");
	refused(LATENCY("--max-pages", "2000000"), "--max-pages");
}

int main(void)
{
	test_refusals();
	again_plain(test_command);
	again_plain(test_counts);
	again_plain(test_room);
	again_plain(test_gone);
	again_plain(test_fuse);
	again_plain(test_lock);
	again_plain(test_slow_disk);
	return tap_done();
}
