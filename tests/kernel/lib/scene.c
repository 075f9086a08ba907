/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel/lib/scene.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kernel/lib/tap.h"

#define CODE_SKIP 77
#define CODE_FAIL 1

/* A child that hangs is killed. */
#define LIMIT_SECONDS (getenv("RINGSIDE_VM") ? 200 : 100)

struct scene *scene_new(void)
{
	struct scene *scene = mmap(NULL, sizeof(*scene), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (scene == MAP_FAILED)
		tap_bail("mmap: %m");
	return scene;
}

void scene_free(struct scene **scene)
{
	if (*scene)
		munmap(*scene, sizeof(**scene));
	*scene = NULL;
}

/* By descriptors, for names may be longer together than a path can be. */
static void remove_below(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, entry->d_name, 0) && errno == EISDIR)
			remove_below(fd, entry->d_name);
	}
	if (dir)
		closedir(dir);
	unlinkat(parent, name, AT_REMOVEDIR);
}

void remove_tree(const char *path)
{
	remove_below(AT_FDCWD, path);
}

static void make_dir(struct scene *scene)
{
	strcpy(scene->dir, "/tmp/ringside-XXXXXX");
	if (!mkdtemp(scene->dir) || chmod(scene->dir, 0777))
		tap_bail("making %s: %m", scene->dir);
}

int scene_begin(struct scene *scene, scene_act *act)
{
	int fds[2];

	memset(scene, 0, offsetof(struct scene, facts));
	scene->note[0] = '\0';
	make_dir(scene);
	if (pipe2(fds, O_CLOEXEC))
		tap_bail("pipe: %m");
	fflush(stdout);
	scene->pid = fork();
	if (scene->pid < 0)
		tap_bail("fork: %m");
	if (!scene->pid) {
		scene->pid = getpid();
		umask(022); /* whoever started us may have another */
		alarm(LIMIT_SECONDS);
		act(scene);
		_exit(0);
	}
	close(fds[1]);
	return fds[0];
}

enum scene_end scene_end(struct scene *scene, int fd)
{
	int status = wait_for(NULL, scene->pid);

	close(fd);
	remove_tree(scene->dir);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CODE_SKIP && *scene->note)
		return SCENE_SKIPPED;
	if (WIFSIGNALED(status))
		snprintf(scene->note, sizeof(scene->note), "killed: %s%s",
			 strsignal(WTERMSIG(status)),
			 WTERMSIG(status) == SIGALRM ? " after its time" : "");
	return *scene->note ? SCENE_FAILED : SCENE_DONE;
}

void fact(struct scene *scene, const char *name, const char *fmt, ...)
{
	size_t i = 0;
	va_list ap;

	while (i < scene->n_facts && strcmp(scene->facts[i].name, name) != 0)
		i++;
	if (i == SCENE_FACTS)
		scene_fail(scene, "too many facts");
	snprintf(scene->facts[i].name, sizeof(scene->facts[i].name), "%s", name);
	va_start(ap, fmt);
	vsnprintf(scene->facts[i].value, sizeof(scene->facts[i].value), fmt, ap);
	va_end(ap);
	if (i == scene->n_facts)
		scene->n_facts++;
}

void scene_skip(struct scene *scene, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(scene->note, sizeof(scene->note), fmt, ap);
	va_end(ap);
	_exit(CODE_SKIP);
}

void scene_fail(struct scene *scene, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(scene->note, sizeof(scene->note), fmt, ap);
	va_end(ap);
	_exit(CODE_FAIL);
}

static const char *find_fact(const struct scene *scene, const char *name, size_t n)
{
	static char number[16];

	if (n == 3 && memcmp(name, "dir", 3) == 0)
		return scene->dir;
	if (n == 3 && memcmp(name, "pid", 3) == 0) {
		snprintf(number, sizeof(number), "%d", scene->pid);
		return number;
	}
	for (size_t i = 0; i < scene->n_facts; i++)
		if (strlen(scene->facts[i].name) == n && memcmp(scene->facts[i].name, name, n) == 0)
			return scene->facts[i].value;
	return "(no such fact)";
}

const char *scene_expand(const struct scene *scene, const char *text)
{
	static char buf[16384];
	size_t len = 0;

	while (*text && len < sizeof(buf) - 1) {
		const char *end = *text == '{' ? strchr(text, '}') : NULL;

		if (end) {
			const char *value = find_fact(scene, text + 1, (size_t)(end - text - 1));

			len += (size_t)snprintf(buf + len, sizeof(buf) - len, "%s", value);
			text = end + 1;
		} else {
			buf[len++] = *text++;
		}
	}
	buf[len < sizeof(buf) ? len : sizeof(buf) - 1] = '\0';
	return buf;
}

const char *in_dir(const struct scene *scene, const char *name)
{
	static char bufs[4][PATH_MAX + 128];
	static unsigned turn;
	char *buf = bufs[turn++ % 4];

	snprintf(buf, sizeof(bufs[0]), "%s/%s", scene->dir, name);
	return buf;
}

void write_file(struct scene *scene, const char *path, const char *text)
{
	int fd = must(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));

	must(write(fd, text, strlen(text)));
	close(fd);
}

bool copy_program(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	ssize_t n = out < 0 ? -1 : 1;

	while (n > 0)
		n = sendfile(out, in, NULL, 1 << 20);
	if (!n)
		n = fchmod(out, 0755);
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return n == 0;
}

void copy_true(struct scene *scene, const char *path)
{
	if (!copy_program("/bin/true", path))
		scene_fail(scene, "copying /bin/true: %m");
}

int wait_for(struct scene *scene, pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno == EINTR)
			continue;
		if (scene)
			scene_fail(scene, "waitpid: %m");
		tap_bail("waitpid: %m");
	}
	return status;
}

int in_child(struct scene *scene, const char *name, scene_act *act)
{
	pid_t pid = must(fork());

	if (!pid) {
		act(scene);
		_exit(0);
	}
	fact(scene, name, "%d", pid);
	return wait_for(scene, pid);
}
