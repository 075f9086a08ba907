/* SPDX-License-Identifier: Apache-2.0 */
/* The client's end of the control socket. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/control-wire.h"
#include "agent/control.h"
#include "base/clock.h"
#include "base/units.h"

#define READ_BYTES ((size_t)64 << 10)

int rs_control_address(const char *path, struct sockaddr_un *ret_address, struct rs_error *err)
{
	size_t n = strlen(path);

	if (n >= sizeof(ret_address->sun_path))
		return rs_error_set(
			err, -ENAMETOOLONG,
			"\"%s\" is too long for a socket: %zu bytes, and %zu are the most", path, n,
			sizeof(ret_address->sun_path) - 1);
	*ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(ret_address->sun_path, path, n + 1);
	return 0;
}

int rs_control_locate(const char *root, const char *control, struct rs_str *out)
{
	size_t n = root ? strlen(root) : 0;

	if (control)
		return rs_str_append_cstr(out, control);
	while (n && root[n - 1] == '/')
		n--;
	rs_str_append(out, root, n);
	return rs_str_append_cstr(out, RS_CONTROL_DEFAULT);
}

/* What the user can do about it differs. */
static int explain_connect(int r, const char *path, struct rs_error *err)
{
	if (r == -ENOENT || r == -ECONNREFUSED || r == -ENOTDIR) {
		r = rs_error_set(err, -ENOENT, "no agent is running: nobody serves \"%s\"", path);
		rs_error_hint(err, "start one with `ringside run`, as root");
		return r;
	}
	if (r == -EACCES) {
		r = rs_error_set(err, -EPERM, "asking the agent at \"%s\": %s", path,
				 strerror(EACCES));
		rs_error_hint(err, "only root may ask it: try sudo");
		return r;
	}
	if (r == -EAGAIN)
		return rs_error_set(err, -EBUSY, "the agent at \"%s\" does not answer", path);
	return rs_error_set_errno(err, r, "asking the agent at \"%s\"", path);
}

static int connect_to(const char *path, int *ret_fd, struct rs_error *err)
{
	_cleanup_(rs_cleanup_close) int fd = -1;
	struct sockaddr_un address;
	int r;

	r = rs_control_address(path, &address, err);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return rs_error_set_errno(err, -errno, "making a socket");
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return explain_connect(-errno, path, err);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* 0, -ETIMEDOUT, -errno. */
static int wait_for(int fd, short events, uint64_t deadline)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };

	for (;;) {
		uint64_t now = rs_clock_mono();
		int r;

		if (now >= deadline)
			return -ETIMEDOUT;
		r = poll(&poll_fd, 1, (int)MIN((deadline - now) / RS_NSEC_PER_MSEC + 1, 60000ull));
		if (r > 0)
			return 0;
		if (r < 0 && errno != EINTR)
			return -errno;
	}
}

/* An agent that refuses us may have hung up already: then its reason is there to be read. */
static int send_all(int fd, const struct rs_str *text, uint64_t deadline)
{
	size_t sent = 0;

	while (sent < text->len) {
		ssize_t n = send(fd, text->data + sent, text->len - sent, MSG_NOSIGNAL);
		int r;

		if (n >= 0) {
			sent += (size_t)n;
			continue;
		}
		if (errno == EPIPE || errno == ECONNRESET)
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		r = wait_for(fd, POLLOUT, deadline);
		if (r < 0)
			return r;
	}
	return 0;
}

/* One line, without its newline. */
static int receive_line(int fd, struct rs_str *line, uint64_t deadline)
{
	for (;;) {
		ssize_t n;
		int r = wait_for(fd, POLLIN, deadline);

		if (!r)
			r = rs_str_reserve(line, READ_BYTES);
		if (r < 0)
			return r;
		n = recv(fd, line->data + line->len, READ_BYTES, 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ECONNRESET;
		line->len += (size_t)n;
		if (line->data[line->len - 1] == '\n') {
			rs_str_truncate(line, line->len - 1);
			return 0;
		}
	}
}

static int code_of(const char *name)
{
	for (int code = 1; code < 134; code++) { /* EHWPOISON is the last: errno(3) */
		const char *known = strerrorname_np(code);

		if (known && !strcmp(known, name))
			return -code;
	}
	return -EIO;
}

static int refusal(const struct rs_json_value *reply, struct rs_error *err)
{
	const char *hint = rs_json_get_str(reply, "error.hint", NULL);
	int r;

	r = rs_error_set(err, code_of(rs_json_get_str(reply, "error.code", "EIO")), "%s",
			 rs_json_get_str(reply, "error.message", "the agent refused"));
	if (hint)
		rs_error_hint(err, "%s", hint);
	return r;
}

static int talk(int fd, const char *request, uint64_t timeout_ns, struct rs_str *reply)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	uint64_t deadline = rs_clock_mono() + timeout_ns;
	int r;

	rs_str_append_cstr(&text, request);
	r = rs_str_append_char(&text, '\n');
	if (!r)
		r = send_all(fd, &text, deadline);
	if (!r)
		r = receive_line(fd, reply, deadline);
	return r;
}

int rs_control_call(const char *path, const char *request, uint64_t timeout_ns,
		    struct rs_arena *arena, const struct rs_json_value **ret_result,
		    struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str line = RS_STR_INIT(RS_CONTROL_REPLY_MAX + READ_BYTES);
	_cleanup_(rs_cleanup_close) int fd = -1;
	struct rs_json_value *reply = NULL;
	const struct rs_json_value *result;
	int r;

	r = connect_to(path, &fd, err);
	if (r < 0)
		return r;
	r = talk(fd, request, timeout_ns, &line);
	if (r == -ETIMEDOUT)
		return rs_error_set(err, r, "the agent at \"%s\" does not answer", path);
	if (r < 0)
		return rs_error_set_errno(err, r, "asking the agent at \"%s\"", path);
	r = rs_json_parse(arena, line.data, line.len, &reply, err);
	if (r < 0) {
		rs_error_wrap(err, "reading the agent's reply");
		return r;
	}
	if (!rs_json_get_bool(reply, "ok", false))
		return refusal(reply, err);
	result = rs_json_member(reply, "result");
	if (!result)
		return rs_error_set(err, -EPROTO, "the agent's reply has no result");
	*ret_result = result;
	return 0;
}
