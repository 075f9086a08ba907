/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of the kernel through io_uring, where no system call names the file or the peer. */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "tests/kernel/lib/check.h"
#include "tests/kernel/lib/sys.h"

static struct io_uring ring;

static void open_ring(struct scene *scene, unsigned flags)
{
	int r = io_uring_queue_init(8, &ring, flags);

	if (r == -EPERM)
		scene_skip(scene, "io_uring is forbidden here (sysctl kernel.io_uring_disabled?)");
	if (r == -ENOSYS)
		scene_skip(scene, "this kernel has no io_uring");
	if (r < 0)
		scene_skip(scene, "io_uring: %s", strerror(-r));
}

static struct io_uring_sqe *request(struct scene *scene)
{
	struct io_uring_sqe *sqe;

	if (!ring.ring_fd)
		open_ring(scene, 0);
	sqe = io_uring_get_sqe(&ring);
	if (!sqe)
		scene_fail(scene, "no room for a request");
	return sqe;
}

/* Submits the request and waits; its result, the fact "result". */
static int complete(struct scene *scene)
{
	struct io_uring_cqe *cqe;
	int r = io_uring_submit_and_wait(&ring, 1);

	if (r < 0)
		scene_fail(scene, "submitting: %s", strerror(-r));
	r = io_uring_wait_cqe(&ring, &cqe);
	if (r < 0)
		scene_fail(scene, "waiting: %s", strerror(-r));
	r = cqe->res;
	io_uring_cqe_seen(&ring, cqe);
	fact(scene, "result", "%d", r);
	return r;
}

/* The same where it must succeed; -EINVAL is what a kernel without the operation says. */
static int done(struct scene *scene, const char *operation)
{
	int r = complete(scene);

	if (r == -EINVAL)
		scene_skip(scene, "this kernel's io_uring has no %s", operation);
	if (r < 0)
		scene_fail(scene, "%s: %s", operation, strerror(-r));
	return r;
}

static void act_open(struct scene *scene)
{
	write_file(scene, in_dir(scene, "c"), "");
	io_uring_prep_openat(request(scene), AT_FDCWD, in_dir(scene, "c"), O_RDWR | O_CLOEXEC, 0);
	done(scene, "openat");
}

static void act_open_absent(struct scene *scene)
{
	io_uring_prep_openat(request(scene), AT_FDCWD, in_dir(scene, "absent"), O_RDONLY, 0);
	if (complete(scene) != -ENOENT)
		scene_fail(scene, "it is there");
}

static void act_create(struct scene *scene)
{
	int dir = must(open(scene->dir, O_PATH | O_DIRECTORY | O_CLOEXEC));

	io_uring_prep_openat(request(scene), dir, "new", O_WRONLY | O_CREAT | O_EXCL, 0644);
	done(scene, "openat");
}

static void act_open_async(struct scene *scene)
{
	struct io_uring_sqe *sqe = request(scene);

	write_file(scene, in_dir(scene, "c"), "");
	io_uring_prep_openat(sqe, AT_FDCWD, in_dir(scene, "c"), O_RDWR | O_CLOEXEC, 0);
	sqe->flags |= IOSQE_ASYNC;
	done(scene, "openat");
}

static void act_open_by_thread(struct scene *scene)
{
	write_file(scene, in_dir(scene, "c"), "");
	open_ring(scene, IORING_SETUP_SQPOLL);
	io_uring_prep_openat(request(scene), AT_FDCWD, in_dir(scene, "c"), O_RDWR | O_CLOEXEC, 0);
	done(scene, "openat");
}

static void act_unlink(struct scene *scene)
{
	write_file(scene, in_dir(scene, "c"), "");
	must(chdir(scene->dir));
	io_uring_prep_unlinkat(request(scene), AT_FDCWD, "c", 0);
	done(scene, "unlinkat");
}

static void act_rmdir(struct scene *scene)
{
	must(mkdir(in_dir(scene, "d"), 0755));
	io_uring_prep_unlinkat(request(scene), AT_FDCWD, in_dir(scene, "d"), AT_REMOVEDIR);
	done(scene, "unlinkat");
}

static void act_unlink_absent(struct scene *scene)
{
	io_uring_prep_unlinkat(request(scene), AT_FDCWD, in_dir(scene, "absent"), 0);
	switch (complete(scene)) {
	case -ENOENT:
		return;
	case -EINVAL:
		scene_skip(scene, "this kernel's io_uring has no unlinkat");
	default:
		scene_fail(scene, "it is there");
	}
}

static void act_rename(struct scene *scene)
{
	write_file(scene, in_dir(scene, "c"), "");
	io_uring_prep_renameat(request(scene), AT_FDCWD, in_dir(scene, "c"), AT_FDCWD,
			       in_dir(scene, "d"), 0);
	done(scene, "renameat");
}

static void act_mkdir(struct scene *scene)
{
	io_uring_prep_mkdirat(request(scene), AT_FDCWD, in_dir(scene, "d"), 0755);
	done(scene, "mkdirat");
}

static void act_link(struct scene *scene)
{
	write_file(scene, in_dir(scene, "c"), "");
	io_uring_prep_linkat(request(scene), AT_FDCWD, in_dir(scene, "c"), AT_FDCWD,
			     in_dir(scene, "second"), 0);
	done(scene, "linkat");
}

static void act_symlink(struct scene *scene)
{
	io_uring_prep_symlinkat(request(scene), "content", AT_FDCWD, in_dir(scene, "s"));
	done(scene, "symlinkat");
}

/* A socket with a port, the fact "port". */
static int bound(struct scene *scene, struct sockaddr_in *address)
{
	socklen_t size = sizeof(*address);
	int fd = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));

	*address = (struct sockaddr_in){ .sin_family = AF_INET };
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(fd, (struct sockaddr *)address, size));
	must(getsockname(fd, (struct sockaddr *)address, &size));
	fact(scene, "port", "%u", ntohs(address->sin_port));
	return fd;
}

static int listening(struct scene *scene, struct sockaddr_in *address)
{
	int fd = bound(scene, address);

	must(listen(fd, 5));
	return fd;
}

static void act_connect(struct scene *scene)
{
	struct sockaddr_in address;
	int fd;

	listening(scene, &address);
	fd = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	io_uring_prep_connect(request(scene), fd, (struct sockaddr *)&address, sizeof(address));
	done(scene, "connect");
}

static void act_refused(struct scene *scene)
{
	struct sockaddr_in address;
	int fd;

	bound(scene, &address); /* and nobody else's */
	fd = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	io_uring_prep_connect(request(scene), fd, (struct sockaddr *)&address, sizeof(address));
	if (complete(scene) != -ECONNREFUSED)
		scene_fail(scene, "it was not refused");
}

static void act_accept(struct scene *scene)
{
	struct sockaddr_in address;
	int listener = listening(scene, &address);
	int fd = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));

	must(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	io_uring_prep_accept(request(scene), listener, NULL, NULL, SOCK_CLOEXEC);
	done(scene, "accept");
}

#define BY_URING IS("ringside.hook", "io_uring"), IS("process.pid", "{pid}")
#define WELL     IS("event.outcome", "success")

/* clang-format off */
static const struct check checks[] = {
	{ "open", act_open, {
		{ "open", { BY_URING, IS("file.path", "{dir}/c"), HAS("ringside.flags", "O_RDWR"), WELL },
		  WANT_ONE } } },
	{ "open: no such file", act_open_absent, {
		{ "open", { BY_URING, IS("file.path", "{dir}/absent"), IS("ringside.errno", "ENOENT") },
		  WANT_ONE } } },
	{ "create, relative to a directory descriptor", act_create, {
		{ "create", { BY_URING, IS("file.path", "{dir}/new"), WELL }, WANT_ONE } } },
	{ "open by a worker of the kernel", act_open_async, {
		{ "open", { BY_URING, IS("file.path", "{dir}/c"), WELL }, WANT_ONE } } },
	{ "open by the submission thread of the kernel", act_open_by_thread, {
		{ "open", { BY_URING, IS("file.path", "{dir}/c"), WELL }, WANT_ONE } } },
	{ "unlink, relative", act_unlink, {
		{ "unlink", { BY_URING, IS("file.path", "{dir}/c"), WELL }, WANT_ONE } } },
	{ "unlink of a directory", act_rmdir, {
		{ "rmdir", { BY_URING, IS("file.path", "{dir}/d"), WELL }, WANT_ONE } } },
	{ "unlink: no such file", act_unlink_absent, {
		{ "unlink", { BY_URING, IS("file.path", "{dir}/absent"), IS("ringside.errno", "ENOENT") },
		  WANT_ONE } } },
	{ "rename", act_rename, {
		{ "rename", { BY_URING, IS("file.path", "{dir}/d"), IS("file.Ext.original.path", "{dir}/c"),
			      WELL },
		  WANT_ONE } } },
	{ "mkdir", act_mkdir, {
		{ "mkdir", { BY_URING, IS("file.path", "{dir}/d"), WELL }, WANT_ONE } } },
	{ "link", act_link, {
		{ "link", { BY_URING, IS("file.path", "{dir}/second"), IS("file.target_path", "{dir}/c"),
			    WELL },
		  WANT_ONE } } },
	{ "symlink", act_symlink, {
		{ "symlink", { BY_URING, IS("file.path", "{dir}/s"), IS("file.target_path", "content"),
			       WELL },
		  WANT_ONE } } },
	{ "connect", act_connect, {
		{ "connect", { BY_URING, IS("destination.ip", "127.0.0.1"),
			       IS("destination.port", "{port}"), WELL },
		  WANT_ONE } } },
	{ "connect: refused", act_refused, {
		{ "connect", { BY_URING, IS("destination.port", "{port}"),
			       IS("ringside.errno", "ECONNREFUSED") },
		  WANT_ONE } } },
	{ "accept", act_accept, {
		{ "accept", { BY_URING, IS("destination.port", "{port}"), WELL }, WANT_ONE } } },
};
/* clang-format on */

int main(void)
{
	struct agent agent = AGENT_INIT;
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	agent_start(&agent, (const char *[]){ "--pid", pid, "--kinds", "file,network,exit", NULL });
	check_all(&agent, checks, ARRAY_SIZE(checks));
	check_end(&agent);
	return tap_done();
}
