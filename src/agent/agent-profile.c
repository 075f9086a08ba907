/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Continuous profiling: `ringside profile --keep` as a process beside the agent, so that reading symbol tables and debug
 * information, which anybody may have written, costs neither the agent's memory nor its life.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "agent/agent-internal.h"
#include "base/log.h"

#define FILE_NAME "profiles.db"
#define END_MS    5000 /* for its last slice */

/* As one word of a shell's. */
static void append_quoted(struct rs_str *out, const char *text)
{
	rs_str_append_char(out, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			rs_str_append_cstr(out, "'\\''");
		else
			rs_str_append_char(out, *text);
	}
	rs_str_append_char(out, '\'');
}

static int describe(const struct rs_agent *agent, const char *dir, struct rs_str *out)
{
	const struct rs_agent_options *options = agent->options;
	_cleanup_(rs_str_done) struct rs_str file = RS_STR_INIT(PATH_MAX);
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return -errno;
	self[n] = '\0';
	append_quoted(out, self);
	rs_str_appendf(out, " profile --for-agent --frequency %u --keep ", options->profile);
	rs_str_appendf(&file, "%s/" FILE_NAME, dir);
	append_quoted(out, rs_str_cstr(&file));
	if (options->store_age)
		rs_str_appendf(out, " --keep-age %lluns", (unsigned long long)options->store_age);
	if (options->host_root) {
		rs_str_append_cstr(out, " --host-root ");
		append_quoted(out, options->host_root);
	}
	return file.error ? file.error : out->error;
}

int rs_agent_open_profile(struct rs_agent *agent, const char *dir, struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(4 * PATH_MAX);
	int r;

	if (!agent->options->profile)
		return 0;
	r = describe(agent, dir, &text);
	if (r < 0)
		return rs_error_set_errno(err, r, "starting the profiler");
	return rs_command_start(rs_str_cstr(&text), &agent->profiler, err);
}

static int on_end(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	struct rs_agent *agent = data;
	char text[64];

	(void)loop;
	(void)fd;
	(void)events;
	snprintf(text, sizeof(text),
		 "no profiles are kept any more: its process ended with code %d",
		 rs_command_code(agent->profiler));
	rs_agent_note(agent, text);
	rs_loop_remove(&agent->profiler_source);
	return 0;
}

int rs_agent_start_profile(struct rs_agent *agent, struct rs_error *err)
{
	int r;

	if (!agent->profiler)
		return 0;
	r = rs_loop_add_fd(agent->loop, rs_command_fd(agent->profiler), EPOLLIN, on_end, agent,
			   &agent->profiler_source, err);
	return r ? r : rs_command_release(agent->profiler, err);
}

void rs_agent_end_profile(struct rs_agent *agent)
{
	struct pollfd ended;

	if (!agent->profiler)
		return;
	ended = (struct pollfd){ .fd = rs_command_fd(agent->profiler), .events = POLLIN };
	rs_command_signal(agent->profiler, SIGTERM);
	if (poll(&ended, 1, END_MS) == 0) {
		rs_log_debug("the profiler does not end");
		rs_command_signal(agent->profiler, SIGKILL);
	}
	rs_command_free(&agent->profiler);
}
