/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel/lib/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kern/cgroup.h"

int run_program(struct scene *scene, const char *path)
{
	pid_t pid = must(fork());

	if (!pid) {
		execl(path, path, NULL);
		scene_fail(scene, "executing %s: %m", path);
	}
	fact(scene, "child", "%d", pid);
	return wait_for(scene, pid);
}

pthread_t start_thread(struct scene *scene, void *(*run)(void *), void *arg)
{
	pthread_t thread;
	int r = pthread_create(&thread, NULL, run, arg);

	if (r)
		scene_fail(scene, "pthread_create: %s", strerror(r));
	return thread;
}

void join_thread(struct scene *scene, pthread_t thread)
{
	if (pthread_join(thread, NULL))
		scene_fail(scene, "pthread_join failed");
}

char task_state(pid_t pid, pid_t tid)
{
	char path[64], text[256];
	const char *end;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	end = strrchr(text, ')');
	return end && end[1] ? end[2] : 0;
}

/* The kernel waits until the process has left its CPU before it tells the call: "running", or numbers. */
bool task_off_cpu(pid_t pid)
{
	char path[64], text[16] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT && task_state(pid, pid); /* a kernel without that file */
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return (text[0] >= '0' && text[0] <= '9') || text[0] == '-';
}

unsigned first_cpu(void)
{
	cpu_set_t all;
	unsigned cpu = 0;

	CPU_ZERO(&all);
	if (sched_getaffinity(0, sizeof(all), &all))
		return 0;
	while (cpu < CPU_SETSIZE - 1 && !CPU_ISSET(cpu, &all))
		cpu++;
	return cpu;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t cpu_ms(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1000000;
}

uint64_t boot_ns(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

static uint64_t timeval_ns(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_usec * 1000;
}

int in_child_cost(struct scene *scene, const char *name, scene_act *act, struct cost *ret_cost)
{
	struct rusage usage;
	int status = 0;
	pid_t pid = must(fork());

	if (!pid) {
		act(scene);
		_exit(0);
	}
	fact(scene, name, "%d", pid);
	must(wait4(pid, &status, 0, &usage));
	ret_cost->cpu_ns = timeval_ns(usage.ru_utime) + timeval_ns(usage.ru_stime);
	ret_cost->peak_bytes = (uint64_t)usage.ru_maxrss * 1024;
	return status;
}

void *must_map(struct scene *scene, size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		scene_fail(scene, "mmap: %m");
	return p;
}

void allow_core(void)
{
	struct rlimit limit = { 1 << 28, 1 << 28 };

	if (!setrlimit(RLIMIT_CORE, &limit))
		return;
	getrlimit(RLIMIT_CORE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_CORE, &limit);
}

/* Our own cgroup v2 directory. */
static bool cgroup_own(char *buf, size_t size)
{
	char mount[128], line[256], *end;
	FILE *file;
	bool found = false;

	if (rs_cgroup2_mount(mount, sizeof(mount), NULL) < 0)
		return false;
	file = fopen("/proc/self/cgroup", "re");
	while (file && !found && fgets(line, sizeof(line), file)) {
		end = strchr(line, '\n');
		if (end)
			*end = '\0';
		found = strncmp(line, "0::", 3) == 0;
		if (found)
			snprintf(buf, size, "%s%s", mount, strcmp(line + 3, "/") ? line + 3 : "");
	}
	if (file)
		fclose(file);
	return found;
}

bool cgroup_make(const char *parent, const char *name, char *ret_dir, size_t size)
{
	char own[400];

	if (!parent && !cgroup_own(own, sizeof(own)))
		return false;
	snprintf(ret_dir, size, "%s/ringside-%s-%d", parent ? parent : own, name, getpid());
	return mkdir(ret_dir, 0755) == 0;
}

bool cgroup_move(const char *dir, pid_t pid)
{
	char procs[600], text[16];
	ssize_t n = -1;
	int fd;

	snprintf(procs, sizeof(procs), "%s/cgroup.procs", dir);
	snprintf(text, sizeof(text), "%d", pid);
	fd = open(procs, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = write(fd, text, strlen(text));
		close(fd);
	}
	return n > 0;
}

void cgroup_remove(const char *dir)
{
	while (rmdir(dir) && errno == EBUSY)
		sched_yield();
}

void private_mounts(struct scene *scene)
{
	if (unshare(CLONE_NEWNS))
		scene_skip(scene, "unshare(CLONE_NEWNS): %m");
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

void private_network(struct scene *scene)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd;

	if (unshare(CLONE_NEWNET))
		scene_skip(scene, "unshare(CLONE_NEWNET): %m");
	fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	must(ioctl(fd, SIOCGIFFLAGS, &request));
	request.ifr_flags |= IFF_UP;
	must(ioctl(fd, SIOCSIFFLAGS, &request));
	close(fd);
}

void become_nobody(struct scene *scene)
{
	must(setgroups(0, NULL));
	must(setresgid(65534, 65534, 65534));
	must(setresuid(65534, 65534, 65534));
}
