/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel/lib/runc.h"

#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BUSYBOX "/bin/busybox"
#define MAP     "{\"containerID\":0,\"hostID\":100000,\"size\":65536}"

const char *runc_path(struct scene *scene)
{
	static const char *const paths[] = { "/usr/sbin/runc", "/usr/bin/runc" };

	if (access(BUSYBOX, X_OK))
		scene_skip(scene, "no " BUSYBOX " to run in a container");
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		if (!access(paths[i], X_OK))
			return paths[i];
	scene_skip(scene, "runc is not installed");
}

static void make_root(struct scene *scene)
{
	static const char *const dirs[] = { "bundle",
					    "bundle/rootfs",
					    "bundle/rootfs/bin",
					    "bundle/rootfs/etc",
					    "bundle/rootfs/proc",
					    "bundle/rootfs/tmp" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		must(mkdir(in_dir(scene, dirs[i]), 0755));
	if (!copy_program(BUSYBOX, in_dir(scene, "bundle/rootfs/bin/busybox")))
		scene_fail(scene, "copying " BUSYBOX ": %m");
	must(symlink("busybox", in_dir(scene, "bundle/rootfs/bin/sh")));
	write_file(scene, in_dir(scene, "bundle/rootfs/etc/passwd"), "inside:x:0:0::/:/bin/sh\n");
	write_file(scene, in_dir(scene, "bundle/rootfs/etc/group"), "innergroup:x:0:\n");
}

void bundle_make(struct scene *scene, const struct bundle *bundle)
{
	char config[8192], cgroup[512] = "";
	const char *users = bundle->users ? ",{\"type\":\"user\"}],\"uidMappings\":[" MAP
					    "],\"gidMappings\":[" MAP "]"
					  : "]";

	make_root(scene);
	if (bundle->users) /* devices are made in it */
		must(chown(in_dir(scene, "bundle/rootfs"), BUNDLE_USER, BUNDLE_USER));
	if (bundle->cgroup)
		snprintf(cgroup, sizeof(cgroup), ",\"cgroupsPath\":\"%s\"", bundle->cgroup);
	snprintf(
		config, sizeof(config),
		"{\"ociVersion\":\"1.0.2\","
		"\"process\":{\"terminal\":false,\"user\":{\"uid\":0,\"gid\":0},\"cwd\":\"/\","
		"\"env\":[\"PATH=/bin\"],\"args\":[\"/bin/sh\",\"-c\",\"%s\"]},"
		"\"root\":{\"path\":\"rootfs\"},"
		"\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"}],"
		"\"annotations\":{%s},"
		"\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"},{\"type\":\"ipc\"},"
		"{\"type\":\"uts\"}%s%s}}",
		bundle->script, bundle->annotations, users, cgroup);
	write_file(scene, in_dir(scene, "bundle/config.json"), config);
}

int bundle_run(struct scene *scene, const struct bundle *bundle, const char *state)
{
	int null = must(open("/dev/null", O_RDWR | O_CLOEXEC));
	int status = bundle_run_with(scene, bundle, state, null, null);

	close(null);
	return status;
}

/* What is left where runc was killed: only such, for it does not remove what runs. */
static void remove_stopped(struct scene *scene, const char *runc, const char *id)
{
	char path[256];
	pid_t pid;
	int null;

	snprintf(path, sizeof(path), "/run/runc/%s", id);
	if (access(path, F_OK))
		return;
	pid = must(fork());
	if (!pid) {
		null = open("/dev/null", O_RDWR);
		for (int fd = 0; fd < 3; fd++)
			dup2(null, fd);
		execl(runc, "runc", "delete", id, NULL);
		_exit(127);
	}
	wait_for(scene, pid);
}

int bundle_run_with(struct scene *scene, const struct bundle *bundle, const char *state, int in,
		    int out)
{
	const char *runc = runc_path(scene);
	const char *argv[] = { "runc",     "--root",   NULL,
			       "run",      "--bundle", in_dir(scene, "bundle"),
			       bundle->id, NULL };
	char root[256];
	pid_t pid;

	snprintf(root, sizeof(root), "%s", state ? in_dir(scene, state) : "/run/runc");
	argv[2] = root;
	if (!state)
		remove_stopped(scene, runc, bundle->id);
	pid = must(fork());
	if (!pid) {
		dup2(in, STDIN_FILENO);
		dup2(out, STDOUT_FILENO);
		execv(runc, (char **)argv);
		_exit(127);
	}
	return wait_for(scene, pid);
}

/* The group and those above it, as far as they are empty. */
static void remove_upwards(const char *place, const char *group)
{
	char path[PATH_MAX];
	size_t base = strlen(place);

	if (snprintf(path, sizeof(path), "%s%s", place, group) >= (int)sizeof(path))
		return;
	while (strlen(path) > base + 1) {
		rmdir(path);
		*strrchr(path, '/') = '\0';
	}
}

void bundle_remove_groups(const struct bundle *bundle)
{
	glob_t found = { 0 };

	if (!bundle->cgroup)
		return;
	remove_upwards("/sys/fs/cgroup", bundle->cgroup);
	if (glob("/sys/fs/cgroup/*", GLOB_ONLYDIR, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		remove_upwards(found.gl_pathv[i], bundle->cgroup);
	globfree(&found);
}
