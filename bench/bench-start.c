/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a command takes from its exec to the first event that it shows, and from ^C back to the
 * prompt, while a child of ours makes files, removes them and starts programs all the time.
 *
 * usage: bench-start [-i PREFIX] DIR COMMAND [ARG...]      -i: lines that begin so are no events
 *
 * Prints "first-event-ms end-ms". Exit code 1 when no event came within 20 s.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"

#define PATIENCE_MS 20000
#define PAUSE_US    500 /* between two events: a start is measured, not a storm */

extern char **environ;

static void make_one(const char *dir, const char *program)
{
	char *argv[] = { (char *)program, NULL };
	char path[4096];
	pid_t pid;
	int fd;

	snprintf(path, sizeof(path), "%s/file", dir);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	unlink(path);
	if (!posix_spawn(&pid, program, NULL, NULL, argv, environ))
		waitpid(pid, NULL, 0);
}

static pid_t start_events(const char *dir, const char *program)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		make_one(dir, program);
		usleep(PAUSE_US);
	}
}

static pid_t start_command(char *const argv[], int *ret_out)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		bench_die("pipe: %s", strerror(errno));
	pid = vfork();
	if (!pid) {
		dup2(fds[1], STDOUT_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(fds[1]);
	*ret_out = fds[0];
	return pid;
}

/* The next line, false at the end or when the time is up; what follows it stays in the pipe. */
static bool next_line(int fd, char *line, size_t size, uint64_t deadline)
{
	struct pollfd in = { .fd = fd, .events = POLLIN };
	size_t len = 0;
	char byte;

	for (;;) {
		uint64_t now = bench_now();

		if (now >= deadline || poll(&in, 1, (int)((deadline - now) / 1000000) + 1) <= 0)
			return false;
		if (read(fd, &byte, 1) != 1)
			return false;
		if (byte == '\n')
			break;
		if (len < size - 1)
			line[len++] = byte;
	}
	line[len] = '\0';
	return true;
}

/* Reads the rest, so that nobody waits for us, until the command has ended. */
static void wait_end(pid_t pid, int fd)
{
	struct pollfd in = { .fd = fd, .events = POLLIN };
	char buf[65536];

	while (waitpid(pid, NULL, WNOHANG) == 0)
		if (poll(&in, 1, 1) > 0 && read(fd, buf, sizeof(buf)) <= 0)
			in.fd = -1;
}

int main(int argc, char **argv)
{
	const char *ignore = NULL;
	char line[1024];
	uint64_t start, first, stop;
	pid_t events, command;
	int opt, out;
	bool found;

	while ((opt = getopt(argc, argv, "+i:")) != -1) {
		if (opt != 'i')
			return 2;
		ignore = optarg;
	}
	if (argc - optind < 2)
		bench_die("usage: bench-start [-i PREFIX] DIR COMMAND [ARG...]");
	events = start_events(argv[optind], bench_sibling("bench-true"));
	start = bench_now();
	command = start_command(argv + optind + 1, &out);
	do
		found = next_line(out, line, sizeof(line), start + PATIENCE_MS * 1000000ull);
	while (found && (!line[0] || (ignore && !strncmp(line, ignore, strlen(ignore)))));
	first = bench_now();
	stop = bench_now();
	kill(command, SIGINT);
	wait_end(command, out);
	stop = bench_now() - stop;
	kill(events, SIGKILL);
	if (!found)
		bench_die("no event came: %s", argv[optind + 1]);
	printf("%.1f %.1f\n", (double)(first - start) / 1e6, (double)stop / 1e6);
	return 0;
}
