/* SPDX-License-Identifier: Apache-2.0 */
/* The server's end of the control socket: clients, lines, deadlines. What the commands do is not
 * its business. */
#include "agent/control.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "agent/control-wire.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/suggest.h"
#include "base/units.h"

#define BACKLOG       16
#define ACCEPTS       8 /* per turn of the loop */
#define REQUESTS      4 /* per turn and client */
#define READ_BYTES    ((size_t)16 << 10)
#define TREE_MAX      ((size_t)4 << 20) /* a parsed request */
#define TICK_MAX_NS   RS_NSEC_PER_SEC
#define DEADLINE_PART 4 /* a deadline is kept to this part of itself */

struct client {
	struct rs_control *control;
	struct rs_loop_source *source;
	int fd; /* -1: this place is free */
	struct rs_str in, out;
	size_t scanned; /* bytes of in known to hold no newline */
	size_t sent;    /* bytes of out */
	uint64_t deadline;
	bool no_more; /* reads nothing more: end of file, or a request that was too long */
};

struct rs_control {
	struct rs_loop *loop;
	struct rs_control_options options;
	char *path;
	int fd;
	bool bound; /* the name is ours */
	dev_t dev;
	ino_t ino;
	uid_t uid;    /* who may ask, besides root */
	bool paused;  /* out of descriptors: not listening until the next tick */
	bool ticking; /* while there are clients, or a pause */
	uint64_t tick_ns;
	struct rs_loop_source *listen_source, *tick, *more;
	struct client clients[RS_CONTROL_CLIENTS_MAX];
	struct rs_control_counts counts;
};

/* --- replies --- */

static void write_error(struct rs_str *out, const struct rs_error *err)
{
	const char *name = strerrorname_np(-err->code);
	struct rs_json w;

	rs_str_reset(out);
	rs_json_init(&w, out);
	rs_json_begin_object(&w);
	rs_json_key_lit(&w, "ok");
	rs_json_bool(&w, false);
	rs_json_key_lit(&w, "error");
	rs_json_begin_object(&w);
	rs_json_key_lit(&w, "code");
	rs_json_cstr(&w, name ? name : "EIO");
	rs_json_key_lit(&w, "message");
	rs_json_cstr(&w, err->msg);
	if (err->hint[0]) {
		rs_json_key_lit(&w, "hint");
		rs_json_cstr(&w, err->hint);
	}
	rs_json_end_object(&w);
	rs_json_end_object(&w);
	rs_str_append_char(out, '\n');
}

static int unknown_command(const struct rs_control *control, const char *name, struct rs_error *err)
{
	struct rs_suggest suggest;

	rs_suggest_init(&suggest, name);
	for (const struct rs_control_command *c = control->options.commands; c->name; c++)
		rs_suggest_offer(&suggest, c->name);
	if (rs_suggest_best(&suggest))
		return rs_error_set(err, -EINVAL,
				    "unknown command \"%.64s\" (did you mean \"%s\"?)", name,
				    rs_suggest_best(&suggest));
	return rs_error_set(err, -EINVAL, "unknown command \"%.64s\"", name);
}

static int find_command(const struct rs_control *control, const struct rs_json_value *request,
			const struct rs_control_command **ret_command, struct rs_error *err)
{
	const struct rs_json_value *name = rs_json_member(request, "command");

	if (request->type != RS_JSON_OBJECT)
		return rs_error_set(err, -EINVAL, "a request is a JSON object");
	if (!name || name->type != RS_JSON_STRING)
		return rs_error_set(err, -EINVAL, "the request names no \"command\"");
	for (const struct rs_control_command *c = control->options.commands; c->name; c++) {
		if (!strcmp(c->name, name->str)) {
			*ret_command = c;
			return 0;
		}
	}
	return unknown_command(control, name->str, err);
}

static int answer_well(struct rs_control *control, const void *line, size_t n, struct rs_str *out,
		       struct rs_error *err)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(TREE_MAX);
	const struct rs_control_command *command = NULL;
	struct rs_json_value *request = NULL;
	struct rs_json w;
	int r;

	r = rs_json_parse(&arena, line, n, &request, err);
	if (!r)
		r = find_command(control, request, &command, err);
	if (r < 0 || !command)
		return r;
	rs_json_init(&w, out);
	rs_json_begin_object(&w);
	rs_json_key_lit(&w, "ok");
	rs_json_bool(&w, true);
	rs_json_key_lit(&w, "result");
	r = command->run(control->options.data, request, &w, err);
	if (r < 0)
		return r;
	rs_json_end_object(&w);
	rs_str_append_char(out, '\n');
	return out->error ? rs_error_set_errno(err, out->error, "writing the reply") : 0;
}

static void answer(struct rs_control *control, const void *line, size_t n, struct rs_str *out)
{
	struct rs_error err = RS_ERROR_INIT;

	control->counts.requests++;
	if (answer_well(control, line, n, out, &err) == 0)
		return;
	control->counts.failed++;
	write_error(out, &err);
}

/* --- clients --- */

static void drop(struct client *client)
{
	if (client->fd < 0)
		return;
	rs_loop_remove(&client->source);
	rs_cleanup_close(&client->fd);
	rs_str_done(&client->in);
	rs_str_done(&client->out);
	client->control->counts.clients--;
}

static bool has_line(struct client *client)
{
	const char *newline;

	if (client->scanned >= client->in.len)
		return false;
	newline = memchr(client->in.data + client->scanned, '\n', client->in.len - client->scanned);
	client->scanned = newline ? (size_t)(newline - client->in.data) : client->in.len;
	return newline != NULL;
}

/* The first line of in is done with. */
static void forget_line(struct client *client)
{
	struct rs_str *in = &client->in;
	size_t n = client->scanned + 1;

	memmove(in->data, in->data + n, in->len - n);
	rs_str_truncate(in, in->len - n);
	client->scanned = 0;
}

static bool too_long(const struct client *client)
{
	return client->scanned > RS_CONTROL_REQUEST_MAX;
}

/* A line that does not end. Its writer is told, and then dropped. */
static void refuse_length(struct client *client)
{
	struct rs_error err = RS_ERROR_INIT;

	client->control->counts.dropped_size++;
	rs_error_set(&err, -EMSGSIZE, "the request is longer than %zu bytes",
		     RS_CONTROL_REQUEST_MAX);
	write_error(&client->out, &err);
	rs_str_reset(&client->in);
	client->scanned = 0;
	client->no_more = true;
}

/* Sends what there is. 1: all of it, 0: the socket is full, -errno. */
static int flush(struct client *client)
{
	struct rs_str *out = &client->out;

	while (client->sent < out->len) {
		ssize_t n = send(client->fd, out->data + client->sent, out->len - client->sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		client->sent += (size_t)n;
	}
	if (out->len) /* each reply has its own time */
		client->deadline = rs_clock_mono() + client->control->options.deadline_ns;
	rs_str_reset(out);
	client->sent = 0;
	return 1;
}

/* Says what to wait for next, or that the conversation is over (drops it). */
static void settle(struct client *client)
{
	bool line = has_line(client), blocked = client->out.len > 0;
	uint32_t events = 0;

	if (!blocked && !line && client->no_more) {
		drop(client);
		return;
	}
	if (blocked)
		events = EPOLLOUT;
	else if (line) /* in the next turn */
		rs_loop_set_defer(client->control->more, RS_LOOP_DEFER_ONCE);
	else
		events = EPOLLIN;
	if (rs_loop_set_events(client->source, events) < 0)
		drop(client);
}

/* Answers some of the requests that are there. */
static void serve(struct client *client)
{
	int r = flush(client);

	for (unsigned i = 0; r > 0 && i < REQUESTS; i++) {
		bool line = has_line(client);

		if (too_long(client)) {
			refuse_length(client);
		} else if (line) {
			answer(client->control, client->in.data, client->scanned, &client->out);
			forget_line(client);
		} else {
			break;
		}
		r = flush(client);
	}
	if (r < 0)
		drop(client);
	else
		settle(client);
}

static void receive(struct client *client)
{
	struct rs_str *in = &client->in;
	ssize_t n;

	if (rs_str_reserve(in, READ_BYTES) < 0) {
		drop(client);
		return;
	}
	n = recv(client->fd, in->data + in->len, READ_BYTES, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		in->len += (size_t)n;
	else
		client->no_more = true;
}

static int on_client(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	struct client *client = data;

	(void)loop;
	(void)fd;
	if (events & EPOLLIN && !client->no_more && !client->out.len)
		receive(client);
	if (client->fd >= 0)
		serve(client);
	if (events & (EPOLLHUP | EPOLLERR)) /* nobody reads any more */
		drop(client);
	return 0;
}

/* More requests had come in one piece than one turn answers. */
static int on_more(struct rs_loop *loop, void *data)
{
	struct rs_control *control = data;

	(void)loop;
	for (size_t i = 0; i < RS_CONTROL_CLIENTS_MAX; i++) {
		if (control->clients[i].fd >= 0 && !control->clients[i].out.len)
			serve(&control->clients[i]);
	}
	return 0;
}

/* --- connections --- */

static void refuse(int fd, int code, const char *why)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(4096);
	struct rs_error err = RS_ERROR_INIT;

	rs_error_set(&err, code, "%s", why);
	write_error(&out, &err);
	/* A fresh socket has room for it; where not, the reason is lost, and that is all. */
	(void)!send(fd, out.data, out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static bool may_ask(const struct rs_control *control, int fd)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return false;
	return peer.uid == 0 || peer.uid == control->uid;
}

static struct client *free_place(struct rs_control *control)
{
	for (size_t i = 0; i < RS_CONTROL_CLIENTS_MAX; i++) {
		if (control->clients[i].fd < 0)
			return &control->clients[i];
	}
	return NULL;
}

/* Takes the descriptor. */
static void admit(struct rs_control *control, int fd)
{
	_cleanup_(rs_cleanup_close) int owned = fd;
	struct client *client = free_place(control);

	if (!may_ask(control, fd)) {
		control->counts.refused_user++;
		refuse(fd, -EPERM, "only root and the agent's own user may ask it");
		return;
	}
	if (!client) {
		control->counts.refused_full++;
		refuse(fd, -EBUSY, "the agent is busy with other clients");
		return;
	}
	*client = (struct client){ .control = control, .fd = fd };
	rs_str_init(&client->in, RS_CONTROL_REQUEST_MAX + 1 + READ_BYTES);
	rs_str_init(&client->out, RS_CONTROL_REPLY_MAX);
	client->deadline = rs_clock_mono() + control->options.deadline_ns;
	if (rs_loop_add_fd(control->loop, fd, EPOLLIN, on_client, client, &client->source, NULL) <
	    0) {
		client->fd = -1;
		return;
	}
	TAKE_FD(owned);
	control->counts.accepted++;
	control->counts.clients++;
}

/* Idle, nothing wakes the agent on our behalf. */
static void update_tick(struct rs_control *control)
{
	bool needed = control->counts.clients || control->paused;

	if (needed == control->ticking)
		return;
	control->ticking = needed;
	rs_loop_set_timer(control->tick, needed ? control->tick_ns : 0, control->tick_ns);
}

static int on_listen(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	struct rs_control *control = data;

	(void)loop;
	(void)events;
	for (unsigned i = 0; i < ACCEPTS; i++) {
		int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (client >= 0) {
			admit(control, client);
		} else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
			/* It would be told again and again: EMFILE, ENFILE, ENOMEM. */
			control->paused = true;
			rs_loop_set_events(control->listen_source, 0);
			break;
		} else {
			break;
		}
	}
	update_tick(control);
	return 0;
}

static int on_tick(struct rs_loop *loop, uint64_t expirations, void *data)
{
	struct rs_control *control = data;
	uint64_t now = rs_clock_mono();

	(void)loop;
	(void)expirations;
	for (size_t i = 0; i < RS_CONTROL_CLIENTS_MAX; i++) {
		struct client *client = &control->clients[i];

		if (client->fd >= 0 && client->deadline <= now) {
			control->counts.dropped_slow++;
			drop(client);
		}
	}
	if (control->paused) {
		control->paused = false;
		rs_loop_set_events(control->listen_source, EPOLLIN);
	}
	update_tick(control);
	return 0;
}

/* --- the socket --- */

/* A socket has our name. It may be replaced when nobody answers at it. */
static int remove_stale(const char *path, const struct sockaddr_un *address, struct rs_error *err)
{
	_cleanup_(rs_cleanup_close) int fd = -1;
	struct stat st;

	if (lstat(path, &st) < 0)
		return rs_error_set_errno(err, -errno, "looking at \"%s\"", path);
	if (!S_ISSOCK(st.st_mode))
		return rs_error_set(err, -ENOTSOCK, "\"%s\" is in the way: it is not a socket",
				    path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return rs_error_set_errno(err, -errno, "making a socket");
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
		return rs_error_set(err, -EADDRINUSE, "another agent serves \"%s\"", path);
	if (errno != ECONNREFUSED && errno != ENOENT)
		return rs_error_set_errno(err, -errno, "asking who serves \"%s\"", path);
	if (unlink(path) < 0 && errno != ENOENT)
		return rs_error_set_errno(err, -errno, "removing \"%s\"", path);
	return 0;
}

static int make_directory(const char *path, struct rs_error *err)
{
	_cleanup_(rs_cleanup_free) char *dir = NULL;
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return 0;
	dir = strndup(path, (size_t)(slash - path));
	if (!dir)
		return rs_error_set_errno(err, -ENOMEM, "opening the control socket");
	return rs_fd_mkdir_p(dir, 0700, err);
}

static int bind_socket(struct rs_control *control, struct rs_error *err)
{
	const char *path = control->path;
	struct sockaddr_un address;
	struct stat st;
	int r;

	r = rs_control_address(path, &address, err);
	if (!r)
		r = make_directory(path, err);
	if (r < 0)
		return r;
	control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The name gets the mode that the socket has (less the umask), so that there is no moment at
	 * which others could connect. */
	if (control->fd < 0 || fchmod(control->fd, 0600) < 0)
		return rs_error_set_errno(err, -errno, "making a socket");
	r = bind(control->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
	if (r == -EADDRINUSE) {
		r = remove_stale(path, &address, err);
		if (r < 0)
			return r;
		r = bind(control->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno
											: 0;
	}
	if (!r && (lstat(path, &st) < 0 || listen(control->fd, BACKLOG) < 0))
		r = -errno;
	if (r < 0)
		return rs_error_set_errno(err, r, "serving \"%s\"", path);
	control->bound = true;
	control->dev = st.st_dev;
	control->ino = st.st_ino;
	return 0;
}

static int add_sources(struct rs_control *control, struct rs_error *err)
{
	int r;

	r = rs_loop_add_fd(control->loop, control->fd, EPOLLIN, on_listen, control,
			   &control->listen_source, err);
	if (!r)
		r = rs_loop_add_timer(control->loop, 0, 0, on_tick, control, &control->tick, err);
	if (!r)
		r = rs_loop_add_defer(control->loop, RS_LOOP_DEFER_OFF, on_more, control,
				      &control->more, err);
	return r;
}

int rs_control_open(struct rs_loop *loop, const struct rs_control_options *options,
		    struct rs_control **ret_control, struct rs_error *err)
{
	_cleanup_(rs_control_close) struct rs_control *control = calloc(1, sizeof(*control));
	int r;

	if (!control)
		return rs_error_set_errno(err, -ENOMEM, "opening the control socket");
	control->loop = loop;
	control->options = *options;
	control->fd = -1;
	control->uid = geteuid();
	for (size_t i = 0; i < RS_CONTROL_CLIENTS_MAX; i++)
		control->clients[i].fd = -1;
	if (!control->options.deadline_ns)
		control->options.deadline_ns = RS_CONTROL_DEADLINE_NS;
	control->tick_ns = MIN(control->options.deadline_ns / DEADLINE_PART, TICK_MAX_NS);
	control->path = strdup(options->path);
	if (!control->path)
		return rs_error_set_errno(err, -ENOMEM, "opening the control socket");
	r = bind_socket(control, err);
	if (!r)
		r = add_sources(control, err);
	if (r < 0) {
		rs_error_wrap(err, "opening the control socket");
		return r;
	}
	*ret_control = TAKE_PTR(control);
	return 0;
}

void rs_control_close(struct rs_control **control)
{
	struct rs_control *c = *control;
	struct stat st;

	if (!c)
		return;
	for (size_t i = 0; i < RS_CONTROL_CLIENTS_MAX; i++)
		drop(&c->clients[i]);
	rs_loop_remove(&c->listen_source);
	rs_loop_remove(&c->tick);
	rs_loop_remove(&c->more);
	if (c->bound && lstat(c->path, &st) == 0 && st.st_dev == c->dev && st.st_ino == c->ino)
		unlink(c->path);
	rs_cleanup_close(&c->fd);
	free(c->path);
	free(c);
	*control = NULL;
}

void rs_control_counts(const struct rs_control *control, struct rs_control_counts *ret_counts)
{
	*ret_counts = control->counts;
}
