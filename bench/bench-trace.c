/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a tracer costs: to start and stop, for each event in the kernel, and how many events it prints.
 *
 * usage: bench-trace start COMMAND...              "first-line-ms end-ms peak-KiB"; events all the time, SIGINT after the
 *                                                  first line of output
 *        bench-trace whole COMMAND...              "ms peak-KiB" of a command that ends by itself
 *        bench-trace cost CALL COMMAND...          "ns-per-run runs": of all programs that the command has loaded, as
 *                                                  the kernel measures them, while CALL is made (getppid, open)
 *        bench-trace printed RATE SECONDS COMMAND...   "lines asked cpu-ns": opens at RATE a second (0: as many as can
 *                                                  be), lines that came out, CPU time of the command
 *
 * Lines that begin with "Attach" are no output.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "bench/bench.h"

#define PATIENCE_NS  20000000000ull
#define PROGRAMS_MAX 4096
#define COST_CALLS   200000

/* --- loads --- */

static void call_getppid(void)
{
	syscall(SYS_getppid);
}

static void call_open(void)
{
	int fd = open("/proc/self/status-that-is-not-there", O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
}

static void (*find_call(const char *name))(void)
{
	if (!strcmp(name, "getppid"))
		return call_getppid;
	if (!strcmp(name, "open"))
		return call_open;
	bench_die("\"%s\" is no load", name);
}

/* Both calls, every 200 us, until it is killed. */
static pid_t start_events(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		call_getppid();
		call_open();
		usleep(200);
	}
}

/* --- the command --- */

struct command {
	pid_t pid;
	int out;
	char head[8];
	unsigned n_head;
	uint64_t lines;
};

static void start_command(struct command *command, char *const argv[])
{
	int fds[2];

	*command = (struct command){ 0 };
	if (pipe2(fds, O_CLOEXEC))
		bench_die("pipe: %s", strerror(errno));
	fcntl(fds[0], F_SETPIPE_SZ, 1 << 20);
	command->pid = vfork();
	if (!command->pid) {
		int null = open("/dev/null", O_WRONLY);

		dup2(fds[1], STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(fds[1]);
	command->out = fds[0];
}

static void end_line(struct command *command)
{
	bool attaching = command->n_head >= 6 && !memcmp(command->head, "Attach", 6);

	if (command->n_head && !attaching)
		command->lines++;
	command->n_head = 0;
}

/* Takes in what is there within ms. False: the end. */
static bool take(struct command *command, int ms)
{
	static char buf[1 << 20];
	struct pollfd in = { .fd = command->out, .events = POLLIN };
	ssize_t n;

	if (poll(&in, 1, ms) <= 0)
		return true;
	n = read(command->out, buf, sizeof(buf));
	if (n <= 0)
		return false;
	for (ssize_t i = 0; i < n; i++) {
		if (buf[i] == '\n')
			end_line(command);
		else if (command->n_head < sizeof(command->head))
			command->head[command->n_head++] = buf[i];
	}
	return true;
}

static struct rusage wait_end(struct command *command)
{
	struct rusage usage;
	uint64_t deadline = bench_now() + PATIENCE_NS;
	bool open = true;

	while (wait4(command->pid, NULL, WNOHANG, &usage) == 0) {
		if (bench_now() > deadline)
			bench_die("the command does not end");
		if (open)
			open = take(command, 1);
		else
			usleep(500);
	}
	while (open)
		open = take(command, 0) &&
		       poll(&(struct pollfd){ .fd = command->out, .events = POLLIN }, 1, 0) > 0;
	close(command->out);
	return usage;
}

/* --- start, whole --- */

static double ms(uint64_t ns)
{
	return (double)ns / 1e6;
}

static int measure_start(char *const argv[])
{
	pid_t events = start_events();
	uint64_t start = bench_now(), first, stop;
	struct command command;
	struct rusage usage;

	start_command(&command, argv);
	while (!command.lines && bench_now() - start < PATIENCE_NS)
		if (!take(&command, 100))
			break;
	first = bench_now();
	if (!command.lines)
		bench_die("no line came");
	stop = bench_now();
	kill(command.pid, SIGINT);
	usage = wait_end(&command);
	stop = bench_now() - stop;
	kill(events, SIGKILL);
	printf("%.2f %.2f %ld\n", ms(first - start), ms(stop), usage.ru_maxrss);
	return 0;
}

static int measure_whole(char *const argv[])
{
	uint64_t start = bench_now();
	struct command command;
	struct rusage usage;

	start_command(&command, argv);
	usage = wait_end(&command);
	printf("%.2f %ld\n", ms(bench_now() - start), usage.ru_maxrss);
	return 0;
}

/* --- cost --- */

struct programs {
	uint32_t ids[PROGRAMS_MAX];
	unsigned n;
};

static bool has(const struct programs *programs, uint32_t id)
{
	for (unsigned i = 0; i < programs->n; i++)
		if (programs->ids[i] == id)
			return true;
	return false;
}

/* All that are not among those of before. */
static void list_programs(struct programs *programs, const struct programs *before)
{
	uint32_t id = 0;

	programs->n = 0;
	while (programs->n < PROGRAMS_MAX && bpf_prog_get_next_id(id, &id) == 0)
		if (!before || !has(before, id))
			programs->ids[programs->n++] = id;
}

static void add_up(const struct programs *programs, uint64_t *ret_ns, uint64_t *ret_runs)
{
	*ret_ns = *ret_runs = 0;
	for (unsigned i = 0; i < programs->n; i++) {
		struct bpf_prog_info info = { 0 };
		uint32_t size = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(programs->ids[i]);

		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &size)) {
			*ret_ns += info.run_time_ns;
			*ret_runs += info.run_cnt;
		}
		close(fd);
	}
}

/* Until the command's programs have run in this process's calls, and no further ones come. */
static void wait_attached(struct command *command, const struct programs *before,
			  struct programs *own, void (*call)(void))
{
	uint64_t deadline = bench_now() + PATIENCE_NS, ns, runs = 0;
	unsigned n = 0, same = 0;

	while (same < 20) {
		if (bench_now() > deadline)
			bench_die("the command attaches nothing");
		take(command, 25);
		call();
		list_programs(own, before);
		add_up(own, &ns, &runs);
		same = own->n && own->n == n && runs ? same + 1 : 0;
		n = own->n;
	}
}

static int measure_cost(const char *name, char *const argv[])
{
	static struct programs before, own;
	void (*call)(void) = find_call(name);
	int stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	uint64_t ns[2], runs[2];
	struct command command;

	if (stats < 0)
		bench_die("BPF statistics: %s", strerror(errno));
	list_programs(&before, NULL);
	start_command(&command, argv);
	wait_attached(&command, &before, &own, call);
	for (unsigned i = 0; i < COST_CALLS / 10; i++)
		call();
	add_up(&own, &ns[0], &runs[0]);
	for (unsigned i = 0; i < COST_CALLS; i++) {
		call();
		if (i % 64 == 0)
			take(&command, 0);
	}
	add_up(&own, &ns[1], &runs[1]);
	kill(command.pid, SIGINT);
	wait_end(&command);
	close(stats);
	printf("%.1f %llu\n", (double)(ns[1] - ns[0]) / (double)(runs[1] - runs[0]),
	       (unsigned long long)(runs[1] - runs[0]));
	return 0;
}

/* --- printed --- */

/* Opens at a rate for some seconds; how many. */
static uint64_t open_at(double rate, double seconds)
{
	uint64_t start = bench_now(), end = start + (uint64_t)(seconds * 1e9), now, done = 0;

	while ((now = bench_now()) < end) {
		uint64_t due = rate > 0 ? (uint64_t)((double)(now - start) * rate / 1e9)
					: done + 64;

		for (; done < due; done++)
			call_open();
	}
	return done;
}

static int measure_printed(double rate, double seconds, char *const argv[])
{
	struct command command;
	struct rusage usage;
	uint64_t asked, deadline;
	int fds[2];
	pid_t load;

	start_command(&command, argv);
	deadline = bench_now() + PATIENCE_NS;
	while (!command.lines && bench_now() < deadline) {
		call_open();
		take(&command, 10);
	}
	if (!command.lines || pipe(fds))
		bench_die("no line came");
	while (poll(&(struct pollfd){ .fd = command.out, .events = POLLIN }, 1, 200) > 0)
		take(&command, 0);
	command.lines = 0;
	load = fork();
	if (!load) {
		bench_pin((int)sysconf(_SC_NPROCESSORS_ONLN) - 1);
		asked = open_at(rate, seconds);
		_exit(write(fds[1], &asked, sizeof(asked)) != sizeof(asked));
	}
	while (waitpid(load, NULL, WNOHANG) == 0)
		take(&command, 10);
	while (poll(&(struct pollfd){ .fd = command.out, .events = POLLIN }, 1, 300) > 0)
		take(&command, 0);
	if (read(fds[0], &asked, sizeof(asked)) != sizeof(asked))
		bench_die("the load failed");
	kill(command.pid, SIGINT);
	usage = wait_end(&command);
	printf("%llu %llu %.0f\n", (unsigned long long)command.lines, (unsigned long long)asked,
	       (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e9 +
		       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e3);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (argc > 2 && !strcmp(what, "start"))
		return measure_start(argv + 2);
	if (argc > 2 && !strcmp(what, "whole"))
		return measure_whole(argv + 2);
	if (argc > 3 && !strcmp(what, "cost"))
		return measure_cost(argv[2], argv + 3);
	if (argc > 4 && !strcmp(what, "printed"))
		return measure_printed(bench_number(argv[2]), bench_number(argv[3]), argv + 4);
	bench_die("usage: bench-trace start|whole|cost CALL|printed RATE SECONDS COMMAND [ARG...]");
}
