/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each of our programs costs: a load of everything that the sensors watch, and what the kernel
 * measured of each program meanwhile.
 *
 * usage: bench-costs [-s SECONDS] DIR       DIR: an empty directory to work in
 *
 * Prints "name hook runs ns-per-run instructions verified", tabs between; verified is the number of
 * instructions that the verifier walked, 0 where the kernel (before 5.16) does not say.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#ifdef BENCH_URING
#include <liburing.h>
#endif

#include "bench/bench.h"
#include "kern/ring.h"
#include "kern/sensors.h"

#define PROGRAMS 96

static void files(void)
{
	int fd = open("one", O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	bool done = fd >= 0 && !fchmod(fd, 0640) && !fchown(fd, 0, 0) && !ftruncate(fd, 10) &&
		    !close(fd) && !chmod("one", 0600) && !chown("one", 0, 0) &&
		    !truncate("one", 5) && !link("one", "two") && !symlink("one", "three") &&
		    !rename("two", "four") && !mkdir("dir", 0700) && !rmdir("dir") &&
		    !unlink("four") && !unlink("three") && !unlink("one");
	if (!done)
		bench_die("working on files: %s", strerror(errno));
	setxattr("/ringside-is-not-here", "user.x", "y", 1, 0);
	mount("none", "/ringside-is-not-here", "tmpfs", 0, NULL);
	umount2("/ringside-is-not-here", 0);
}

static int listener(struct sockaddr_in *addr)
{
	socklen_t len = sizeof(*addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*addr = (struct sockaddr_in){ .sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (fd < 0 || bind(fd, (void *)addr, len) || listen(fd, 8) ||
	    getsockname(fd, (void *)addr, &len))
		bench_die("listening: %s", strerror(errno));
	return fd;
}

static void network(void)
{
	struct linger at_once = { 1, 0 }; /* no TIME_WAIT: ports are few */
	struct sockaddr_in addr;
	int server = listener(&addr);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int peer;

	if (connect(client, (void *)&addr, sizeof(addr)))
		bench_die("connecting: %s", strerror(errno));
	peer = accept(server, NULL, NULL);
	if (write(client, "x", 1) != 1 || sendto(udp, "x", 1, 0, (void *)&addr, sizeof(addr)) != 1)
		bench_die("sending: %s", strerror(errno));
	setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(client);
	close(peer);
	close(server);
	close(udp);
}

static void privileges(pid_t sleeper)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int memfd = memfd_create("bench", MFD_CLOEXEC);

	munmap(page, 4096);
	close(memfd);
	kill(sleeper, SIGCONT);
	syscall(SYS_setuid, 0);
	syscall(SYS_unshare, 0);
	syscall(SYS_setns, -1, 0);
	syscall(SYS_chroot, "/ringside-is-not-here");
}

#ifdef BENCH_URING
static int submit(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;
	int r;

	if (io_uring_submit_and_wait(ring, 1) < 0 || io_uring_wait_cqe(ring, &cqe))
		bench_die("io_uring: %s", strerror(errno));
	r = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return r;
}

/* One file made and removed through io_uring; nothing where the machine forbids it. */
static void requests(void)
{
	static struct io_uring ring;
	static int state; /* 0: not tried, 1: there, -1: refused */

	if (!state)
		state = io_uring_queue_init(4, &ring, 0) ? -1 : 1;
	if (state < 0)
		return;
	io_uring_prep_openat(io_uring_get_sqe(&ring), AT_FDCWD, "uring", O_CREAT | O_WRONLY, 0600);
	close(submit(&ring));
	io_uring_prep_unlinkat(io_uring_get_sqe(&ring), AT_FDCWD, "uring", 0);
	submit(&ring);
}
#else
static void requests(void)
{
}
#endif

static void spawn(const char *program)
{
	char *argv[] = { (char *)program, (char *)"with", (char *)"arguments", NULL };
	pid_t pid;

	if (posix_spawn(&pid, program, NULL, NULL, argv, argv + 3) || waitpid(pid, NULL, 0) != pid)
		bench_die("running \"%s\": %s", program, strerror(errno));
}

/* Everything once, again and again. */
static void work(const char *dir, const char *program, double seconds)
{
	uint64_t end = bench_now() + (uint64_t)(seconds * 1e9);
	pid_t sleeper = fork();

	if (!sleeper) {
		for (;;)
			pause();
	}
	if (chdir(dir))
		bench_die("\"%s\": %s", dir, strerror(errno));
	while (bench_now() < end) {
		files();
		network();
		privileges(sleeper);
		requests();
		spawn(program);
	}
	kill(sleeper, SIGKILL);
	_exit(0);
}

static int ignore_record(void *arg, const void *record, size_t size)
{
	(void)arg;
	(void)record;
	(void)size;
	return 0;
}

static void consume_until_dead(struct rs_ring *ring, pid_t pid)
{
	struct pollfd wake = { .fd = rs_ring_fd(ring), .events = POLLIN };
	int status = 0;
	size_t count;

	rs_ring_disarm(ring);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		rs_ring_consume(ring, ignore_record, NULL, 0, &count);
		poll(&wake, 1, 10);
	}
	if (status)
		bench_die("the load failed");
}

static void print_programs(const struct rs_sensors *sensors)
{
	static struct rs_program programs[PROGRAMS];
	size_t n = MIN(rs_sensors_programs(sensors, programs, PROGRAMS), (size_t)PROGRAMS);

	for (size_t i = 0; i < n; i++) {
		const struct rs_program *p = &programs[i];

		if (!p->attached)
			continue;
		printf("%s\t%s\t%lu\t%lu\t%u\t%u\n", p->name, p->hook, (unsigned long)p->runs,
		       (unsigned long)(p->runs ? p->run_ns / p->runs : 0), p->insns, p->verified);
	}
}

int main(int argc, char **argv)
{
	struct rs_sensors_options options = { .kinds = RS_KINDS_ALL, .measure = true };
	_cleanup_(rs_sensors_close) struct rs_sensors *sensors = NULL;
	struct rs_error err = RS_ERROR_INIT;
	double seconds = 3;
	pid_t pid;

	if (argc > 2 && !strcmp(argv[1], "-s")) {
		seconds = bench_number(argv[2]);
		argv += 2;
	}
	if (!argv[1])
		bench_die("usage: bench-costs [-s SECONDS] DIR");
	if (rs_sensors_open(&options, &sensors, &err) || rs_sensors_attach(sensors, &err))
		bench_die("%s", err.msg);
	pid = fork();
	if (!pid)
		work(argv[1], bench_sibling("bench-true"), seconds);
	consume_until_dead(rs_sensors_ring(sensors), pid);
	print_programs(sensors);
	return 0;
}
