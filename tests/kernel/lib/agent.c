/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel/lib/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/kernel/lib/scene.h"
#include "tests/kernel/lib/tap.h"

#define ARGS_MAX   64
#define PIPE_BYTES (1 << 20)

uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int agent_patience(void)
{
	return getenv("RINGSIDE_VM") ? 90000 : 60000;
}

#define PATIENCE_MOST 4 /* times as long while something comes */

void agent_wait_begin(struct agent_wait *wait, const struct agent *agent)
{
	wait->end = now_ms() + (uint64_t)agent_patience();
	wait->last = now_ms() + (uint64_t)agent_patience() * PATIENCE_MOST;
	wait->seen = agent->seen;
}

bool agent_wait_on(struct agent_wait *wait, const struct agent *agent)
{
	uint64_t now = now_ms();

	if (wait->seen != agent->seen)
		wait->end = now + (uint64_t)agent_patience();
	wait->seen = agent->seen;
	return agent->out >= 0 && now < wait->end && now < wait->last;
}

const char *agent_binary(void)
{
	static char path[PATH_MAX];
	const char *given = getenv("RINGSIDE");
	ssize_t n;
	char *slash;

	if (given && *given)
		return given;
	if (*path)
		return path;
	n = readlink("/proc/self/exe", path, sizeof(path) - 16);
	if (n < 0)
		tap_bail("readlink /proc/self/exe: %m");
	path[n] = '\0';
	slash = strrchr(path, '/');
	strcpy(slash, "/../ringside");
	return path;
}

/* --- a binary for everybody --- */

static bool may_execute(char *path)
{
	struct stat st;

	if (stat(path, &st) || (st.st_mode & 0005) != 0005)
		return false;
	for (char *slash; (slash = strrchr(path, '/')) && slash != path;) {
		*slash = '\0';
		if (stat(path, &st) || !(st.st_mode & 0001))
			return false;
	}
	return true;
}

static char public_dir[] = "/tmp/ringside-public-XXXXXX", public_path[64];
static pid_t public_owner;

static void remove_public(void)
{
	if (public_owner != getpid())
		return;
	unlink(public_path);
	rmdir(public_dir);
}

void agent_publish(void)
{
	char path[PATH_MAX];

	if (realpath(agent_binary(), path) && may_execute(path))
		return;
	if (!mkdtemp(public_dir) || chmod(public_dir, 0755))
		tap_bail("making %s: %m", public_dir);
	snprintf(public_path, sizeof(public_path), "%s/ringside", public_dir);
	public_owner = getpid();
	atexit(remove_public);
	if (!copy_program(agent_binary(), public_path))
		tap_bail("copying %s: %m", agent_binary());
	setenv("RINGSIDE", public_path, 1);
}

/* --- a root of our own --- */

static char root[64];

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path), 0;
}

/* Links are removed, not followed: /etc is one. */
static void remove_root(void)
{
	static pid_t owner;

	if (!owner)
		owner = getpid();
	else if (owner == getpid())
		nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

const char *agent_root(void)
{
	char etc[128];

	if (*root)
		return root;
	strcpy(root, "/tmp/ringside-root-XXXXXX");
	if (!mkdtemp(root))
		tap_bail("making %s: %m", root);
	snprintf(etc, sizeof(etc), "%s/etc", root);
	if (symlink("/etc", etc))
		tap_bail("linking %s: %m", etc);
	remove_root(); /* notes who we are */
	atexit(remove_root);
	return root;
}

static void make_pipe(int fds[2])
{
	if (pipe2(fds, O_CLOEXEC))
		tap_bail("pipe: %m");
	fcntl(fds[0], F_SETPIPE_SZ, PIPE_BYTES);
}

/* Descriptors that whoever started us left open would give others to what is run: strace shows numbers. */
static void keep_descriptors(void)
{
	if (!close_range(3, ~0u, CLOSE_RANGE_CLOEXEC))
		return;
	for (int fd = 3; fd < 256; fd++) /* before Linux 5.11 */
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void child_exec(const char *const args[], agent_setup *setup, void *data)
{
	const char *argv[ARGS_MAX + 2] = { agent_binary() };
	size_t n = 1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL); /* ignored by what a shell runs in the background, as we may be */
	while (*args && n < ARGS_MAX)
		argv[n++] = *args++;
	keep_descriptors();
	if (setup)
		setup(data);
	execv(argv[0], (char **)argv);
	dprintf(STDERR_FILENO, "executing %s: %m\n", argv[0]);
	_exit(127);
}

void agent_spawn(struct agent *agent, const char *const args[], agent_setup *setup, void *data)
{
	int out[2], err[2];

	*agent = (struct agent){ .out = -1, .err = -1 };
	make_pipe(out);
	make_pipe(err);
	agent->pid = fork();
	if (agent->pid < 0)
		tap_bail("fork: %m");
	if (!agent->pid) {
		if (dup2(out[1], STDOUT_FILENO) < 0 || dup2(err[1], STDERR_FILENO) < 0)
			_exit(127);
		child_exec(args, setup, data);
	}
	close(out[1]);
	close(err[1]);
	agent->out = out[0];
	agent->err = err[0];
	fcntl(agent->out, F_SETFL, O_NONBLOCK);
	fcntl(agent->err, F_SETFL, O_NONBLOCK);
}

void agent_start(struct agent *agent, const char *const args[])
{
	const char *all[ARGS_MAX] = { "run", "-o", "json", "--root", agent_root() };
	size_t n = 5;

	while (*args && n < ARGS_MAX - 1)
		all[n++] = *args++;
	agent_spawn(agent, all, NULL, NULL);
	if (agent_wait_err(agent, "watching"))
		return;
	tap_diag("%s", rs_str_cstr(&agent->err_text));
	agent_done(agent);
	tap_bail("the agent does not come up");
}

const char *pid_of_test(void)
{
	static char text[16];

	snprintf(text, sizeof(text), "%d", getpid());
	return text;
}

static void keep_event(struct agent *agent, json_t *event)
{
	agent->seen++;
	if (agent->on_event) {
		agent->on_event(agent->data, event);
		json_decref(event);
		return;
	}
	if (agent->n_events == agent->room) {
		agent->room = agent->room ? agent->room * 2 : 256;
		agent->events = realloc(agent->events, agent->room * sizeof(*agent->events));
		if (!agent->events)
			tap_bail("out of memory");
	}
	agent->events[agent->n_events++] = event;
}

static void take_lines(struct agent *agent, const char *data, size_t n)
{
	const char *end;

	while ((end = memchr(data, '\n', n))) {
		json_error_t error;
		json_t *event;

		rs_str_append(&agent->line, data, (size_t)(end - data));
		event = json_loadb(agent->line.data, agent->line.len, JSON_ALLOW_NUL, &error);
		if (event) {
			keep_event(agent, event);
		} else if (agent->bad_lines++ < 3) {
			tap_diag("not JSON (%s): %s", error.text, rs_str_cstr(&agent->line));
		}
		rs_str_reset(&agent->line);
		n -= (size_t)(end + 1 - data);
		data = end + 1;
	}
	rs_str_append(&agent->line, data, n);
}

/* One read; closes the descriptor at its end. True when something came. */
static bool take_in(struct agent *agent, int *fd)
{
	static char buf[1 << 16];
	ssize_t n = read(*fd, buf, sizeof(buf));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		close(*fd);
		*fd = -1;
		return true;
	}
	if (fd == &agent->out && agent->raw)
		rs_str_append(&agent->line, buf, (size_t)n);
	else if (fd == &agent->out)
		take_lines(agent, buf, (size_t)n);
	else
		rs_str_append(&agent->err_text, buf, (size_t)n);
	return true;
}

bool agent_pump_or(struct agent *agent, int other_fd, int ms)
{
	struct pollfd fds[] = { { agent->out, POLLIN, 0 },
				{ agent->err, POLLIN, 0 },
				{ other_fd, POLLIN, 0 } };
	bool came = false;

	if (poll(fds, ARRAY_SIZE(fds), ms) <= 0)
		return false;
	if (fds[0].revents)
		came |= take_in(agent, &agent->out);
	if (fds[1].revents)
		came |= take_in(agent, &agent->err);
	return came;
}

bool agent_pump(struct agent *agent, int ms)
{
	return agent_pump_or(agent, -1, ms);
}

bool agent_wait_err(struct agent *agent, const char *text)
{
	uint64_t deadline = now_ms() + (uint64_t)agent_patience();

	while (!strstr(rs_str_cstr(&agent->err_text), text)) {
		if (agent->err < 0 || now_ms() > deadline)
			return false;
		agent_pump(agent, 100);
	}
	return true;
}

static bool reap(struct agent *agent, int how)
{
	if (waitpid(agent->pid, &agent->status, how) != agent->pid)
		return false;
	agent->pid = 0;
	return true;
}

bool agent_wait_end(struct agent *agent)
{
	uint64_t deadline = now_ms() + (uint64_t)agent_patience();
	bool ended = false;

	/* Its end, not that of its output: what detaches in the background may hold that. */
	while (agent->pid && now_ms() < deadline) {
		agent_pump(agent, 20);
		ended = reap(agent, WNOHANG);
	}
	if (!ended && agent->pid) {
		kill(agent->pid, SIGKILL);
		reap(agent, 0);
	}
	while (agent_pump(agent, 0))
		;
	return ended;
}

int agent_code(const struct agent *agent)
{
	return WIFEXITED(agent->status) ? WEXITSTATUS(agent->status)
					: 128 + WTERMSIG(agent->status);
}

int agent_stop(struct agent *agent, int signal)
{
	if (agent->pid)
		kill(agent->pid, signal);
	return agent_wait_end(agent) ? agent_code(agent) : -1;
}

void agent_forget(struct agent *agent)
{
	for (size_t i = 0; i < agent->n_events; i++)
		json_decref(agent->events[i]);
	agent->n_events = 0;
}

static bool said_skipped;

bool agent_said_skipped(void)
{
	bool said = said_skipped;

	said_skipped = false;
	return said;
}

/* As the commands say it: trace and syscalls, strace, latency, the agent. */
void agent_note_skipped(struct rs_str *err_text)
{
	static const char *const words[] = { "a program was running on that CPU",
					     "the kernel ran none of our programs",
					     "for which the kernel skipped our programs",
					     "the kernel skipped a program" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		said_skipped |= strstr(rs_str_cstr(err_text), words[i]) != NULL;
}

void agent_done(struct agent *agent)
{
	agent_note_skipped(&agent->err_text);
	if (agent->pid) {
		kill(agent->pid, SIGKILL);
		reap(agent, 0);
	}
	rs_cleanup_close(&agent->out);
	rs_cleanup_close(&agent->err);
	agent_forget(agent);
	free(agent->events);
	rs_str_done(&agent->line);
	rs_str_done(&agent->err_text);
	*agent = (struct agent)AGENT_INIT;
}

/* Both outputs to memory, until they are closed or patience ends. */
static void collect(struct agent *agent, struct rs_str *out)
{
	uint64_t deadline = now_ms() + (uint64_t)agent_patience();
	bool ended = false;

	while (!ended && now_ms() < deadline) {
		struct pollfd fds[] = { { agent->out, POLLIN, 0 }, { agent->err, POLLIN, 0 } };
		char buf[4096];
		ssize_t n;

		poll(fds, ARRAY_SIZE(fds), 20);
		ended = reap(agent, WNOHANG);
		while (agent->out >= 0 && (n = read(agent->out, buf, sizeof(buf))) > 0)
			rs_str_append(out, buf, (size_t)n);
		while (agent->err >= 0 && (n = read(agent->err, buf, sizeof(buf))) > 0)
			rs_str_append(&agent->err_text, buf, (size_t)n);
	}
}

void agent_run(struct outcome *ret_outcome, const char *const args[], agent_setup *setup,
	       void *data)
{
	struct agent agent;
	struct rs_str out = { 0 };

	agent_spawn(&agent, args, setup, data);
	collect(&agent, &out);
	*ret_outcome = (struct outcome){
		.code = agent.pid ? -1 : agent_code(&agent),
		.out = strdup(rs_str_cstr(&out)),
		.err = strdup(rs_str_cstr(&agent.err_text)),
	};
	rs_str_done(&out);
	agent_done(&agent);
}

void outcome_done(struct outcome *outcome)
{
	free(outcome->out);
	free(outcome->err);
	*outcome = (struct outcome){ 0 };
}
