/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel/lib/slowfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kernel/lib/agent.h"
#include "tests/kernel/lib/tap.h"

#define MINOR       31 /* of the protocol, which 5.10 has, too */
#define WRITE_BYTES 65536
#define FILE_NODE   2

struct server {
	int fuse, orders, answers;
	bool hold;
};

static void reply(const struct server *s, uint64_t unique, int error, const void *data, size_t n)
{
	struct fuse_out_header head = { .len = (uint32_t)(sizeof(head) + n),
					.error = -error,
					.unique = unique };
	struct iovec parts[] = { { &head, sizeof(head) }, { (void *)data, n } };

	if (writev(s->fuse, parts, n ? 2 : 1) < 0 && errno != ENOENT)
		_exit(1);
}

static void fill_attr(uint64_t node, struct fuse_attr *attr)
{
	bool file = node == FILE_NODE;

	memset(attr, 0, sizeof(*attr));
	attr->ino = node;
	attr->size = file ? 4096 : 0;
	attr->mode = file ? S_IFREG | 0644 : S_IFDIR | 0755;
	attr->nlink = 1;
	attr->blksize = 4096;
}

static void do_init(const struct server *s, uint64_t unique)
{
	struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION,
				     .minor = MINOR,
				     .max_background = 4,
				     .congestion_threshold = 3,
				     .max_write = WRITE_BYTES,
				     .time_gran = 1 };

	reply(s, unique, 0, &out, sizeof(out));
}

static void do_lookup(const struct server *s, uint64_t unique, const char *name)
{
	struct fuse_entry_out out = { .nodeid = FILE_NODE,
				      .attr_valid = 1000,
				      .entry_valid = 1000 };

	if (strcmp(name, "file") != 0) {
		reply(s, unique, ENOENT, NULL, 0);
		return;
	}
	fill_attr(FILE_NODE, &out.attr);
	reply(s, unique, 0, &out, sizeof(out));
}

static void do_attr(const struct server *s, uint64_t unique, uint64_t node)
{
	struct fuse_attr_out out = { .attr_valid = 1000 };

	fill_attr(node, &out.attr);
	reply(s, unique, 0, &out, sizeof(out));
}

static void do_write(const struct server *s, uint64_t unique, const struct fuse_write_in *in)
{
	struct fuse_write_out out = { .size = in->size };

	reply(s, unique, 0, &out, sizeof(out));
}

/* Says that it is here, and waits for the order to answer. */
static void do_fsync(struct server *s, uint64_t unique)
{
	char order = 0;

	if (s->hold) {
		s->hold = false;
		if (write(s->answers, "h", 1) != 1 || read(s->orders, &order, 1) != 1)
			_exit(1);
	}
	reply(s, unique, 0, NULL, 0);
}

static void handle(struct server *s, const char *request)
{
	const struct fuse_in_header *in = (const void *)request;
	const void *body = request + sizeof(*in);
	struct fuse_open_out opened = { 0 };

	switch (in->opcode) {
	case FUSE_INIT:
		do_init(s, in->unique);
		break;
	case FUSE_LOOKUP:
		do_lookup(s, in->unique, body);
		break;
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		do_attr(s, in->unique, in->nodeid);
		break;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		reply(s, in->unique, 0, &opened, sizeof(opened));
		break;
	case FUSE_WRITE:
		do_write(s, in->unique, body);
		break;
	case FUSE_FSYNC:
		do_fsync(s, in->unique);
		break;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
		reply(s, in->unique, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break; /* nobody waits for an answer */
	default:
		reply(s, in->unique, ENOSYS, NULL, 0);
	}
}

static _Noreturn void serve(struct server *s)
{
	static _Alignas(8) char request[WRITE_BYTES + 4096];
	struct pollfd fds[] = { { s->fuse, POLLIN, 0 }, { s->orders, POLLIN, 0 } };
	char order;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "slowfs");
	for (;;) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents) {
			if (read(s->orders, &order, 1) != 1)
				_exit(0);
			s->hold = true;
			if (write(s->answers, "k", 1) != 1)
				_exit(1);
		} else if (read(s->fuse, request, sizeof(request)) > 0) {
			handle(s, request);
		} else if (errno != EINTR && errno != EAGAIN && errno != ENOENT) {
			_exit(0); /* unmounted */
		}
	}
}

static bool no(struct slowfs *fs, const char *what)
{
	snprintf(fs->why, sizeof(fs->why), "%s: %s", what, strerror(errno));
	return false;
}

bool slowfs_start(struct slowfs *fs)
{
	struct server s = { .fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC) };
	int orders[2], answers[2];
	char options[128];

	*fs = (struct slowfs){ .orders = -1, .answers = -1, .dir = "/tmp/ringside-fuse-XXXXXX" };
	if (s.fuse < 0)
		return no(fs, "opening /dev/fuse");
	if (!mkdtemp(fs->dir) || pipe2(orders, O_CLOEXEC) || pipe2(answers, O_CLOEXEC))
		tap_bail("making %s: %m", fs->dir);
	snprintf(fs->path, sizeof(fs->path), "%s/file", fs->dir);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other",
		 s.fuse);
	if (mount("slowfs", fs->dir, "fuse", MS_NOSUID | MS_NODEV, options)) {
		rmdir(fs->dir);
		return no(fs, "mounting with FUSE");
	}
	fs->pid = fork();
	if (fs->pid < 0)
		tap_bail("fork: %m");
	s.orders = orders[0];
	s.answers = answers[1];
	if (!fs->pid) {
		close(orders[1]);
		close(answers[0]);
		serve(&s);
	}
	close(s.fuse);
	close(orders[0]);
	close(answers[1]);
	fs->orders = orders[1];
	fs->answers = answers[0];
	return true;
}

static bool answer(struct slowfs *fs, char wanted)
{
	struct pollfd fd = { fs->answers, POLLIN, 0 };
	char got = 0;

	return poll(&fd, 1, agent_patience()) > 0 && read(fs->answers, &got, 1) == 1 &&
	       got == wanted;
}

void slowfs_hold(struct slowfs *fs)
{
	if (write(fs->orders, "h", 1) != 1 || !answer(fs, 'k'))
		tap_bail("the file system does not take orders");
}

bool slowfs_wait_held(struct slowfs *fs)
{
	return answer(fs, 'h');
}

void slowfs_release(struct slowfs *fs)
{
	if (write(fs->orders, "r", 1) != 1)
		tap_bail("the file system takes no orders: %m");
}

void slowfs_end(struct slowfs *fs)
{
	umount2(fs->dir, MNT_DETACH);
	close(fs->orders);
	close(fs->answers);
	kill(fs->pid, SIGKILL);
	waitpid(fs->pid, NULL, 0);
	rmdir(fs->dir);
}
