/* SPDX-License-Identifier: Apache-2.0 */
/* The control group sensor: groups of version 2 that come and go. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "kern/cgroup.h"
#include "tests/kernel/lib/check.h"
#include "tests/kernel/lib/sys.h"

/* What the kernel calls the directory: the path below the mount point, and the inode. */
static void tell(struct scene *scene, const char *dir, const char *path, const char *id)
{
	char mount[200];
	struct stat st;

	if (rs_cgroup2_mount(mount, sizeof(mount), NULL))
		scene_fail(scene, "cgroup v2 is mounted no more");
	must(stat(dir, &st));
	fact(scene, path, "%s", dir + strlen(mount));
	fact(scene, id, "%lu", (unsigned long)st.st_ino);
}

static void make(struct scene *scene, const char *parent, const char *name, char *dir, size_t size)
{
	if (!cgroup_make(parent, name, dir, size))
		scene_skip(scene, "no cgroup v2 to make groups in: %m");
}

static void act_group(struct scene *scene)
{
	char dir[600];

	make(scene, NULL, "comes", dir, sizeof(dir));
	tell(scene, dir, "path", "id");
	cgroup_remove(dir);
}

static void act_nested(struct scene *scene)
{
	char outer[500], inner[600];

	make(scene, NULL, "outer", outer, sizeof(outer));
	make(scene, outer, "in ner\xff", inner, sizeof(inner));
	tell(scene, outer, "outer", "outer_id");
	tell(scene, inner, "inner", "inner_id");
	cgroup_remove(inner);
	cgroup_remove(outer);
}

static char sat_in[600];

static void sit_in_group(struct scene *scene)
{
	if (!cgroup_move(sat_in, 0))
		scene_skip(scene, "moving to another cgroup: %m");
	must_not(mkdir(sat_in, 0755), EEXIST);
	must_not(rmdir(sat_in), EBUSY);
}

/* What fails changes nothing, and is not told. */
static void act_failing(struct scene *scene)
{
	make(scene, NULL, "sits", sat_in, sizeof(sat_in));
	tell(scene, sat_in, "path", "id");
	in_child(scene, "child", sit_in_group);
	cgroup_remove(sat_in);
}

/* A name as long as names may be, four times: more than the kernel tells. */
static void act_deep(struct scene *scene)
{
	char name[256], dirs[5][1400];
	size_t n = 0;

	memset(name, 'x', 255);
	name[240] = '\0'; /* a process's number follows */
	make(scene, NULL, "deep", dirs[n++], sizeof(dirs[0]));
	while (n < 5 && cgroup_make(dirs[n - 1], name, dirs[n], sizeof(dirs[n])))
		n++;
	if (n == 5) {
		struct stat st;

		must(stat(dirs[4], &st));
		fact(scene, "id", "%lu", (unsigned long)st.st_ino);
	}
	for (size_t i = n; i-- > 0;)
		cgroup_remove(dirs[i]);
	if (n < 5)
		scene_skip(scene, "groups as deep as that cannot be made here");
}

/* clang-format off */
#define TARGET(field) "ringside.cgroup.target." field

static const struct check checks[] = {
	{ "a group", act_group, {
		{ "cgroup_mkdir", { IS("ringside.hook", "raw_tracepoint"), IS("process.pid", "{pid}"),
				    IS(TARGET("path"), "{path}"), IS(TARGET("id"), "{id}"),
				    AT_LEAST(TARGET("level"), "1"), IS(TARGET("hierarchy"), "0"),
				    SOME("ringside.cgroup.id") }, WANT_ONE },
		{ "cgroup_rmdir", { IS("process.pid", "{pid}"), IS(TARGET("path"), "{path}"),
				    IS(TARGET("id"), "{id}"), IS(TARGET("hierarchy"), "0") },
		  WANT_ONE } } },
	{ "one in another", act_nested, {
		{ "cgroup_mkdir", { IS(TARGET("path"), "{outer}"), IS(TARGET("id"), "{outer_id}") },
		  WANT_ONE },
		{ "cgroup_mkdir", { IS(TARGET("id"), "{inner_id}"),
				    IS(TARGET("parent.id"), "{outer_id}"),
				    AT_LEAST(TARGET("level"), "2") }, WANT_ONE },
		{ "cgroup_rmdir", { IS(TARGET("id"), "{inner_id}") }, WANT_ONE },
		{ "cgroup_rmdir", { IS(TARGET("id"), "{outer_id}") }, WANT_ONE } } },
	{ "what fails", act_failing, {
		{ "cgroup_mkdir", { IS(TARGET("id"), "{id}") }, WANT_ONE },
		{ "cgroup_rmdir", { IS(TARGET("id"), "{id}") }, WANT_ONE } } },
	{ "a path longer than the kernel tells", act_deep, {
		{ "cgroup_mkdir", { IS(TARGET("id"), "{id}"), AT_LEAST(TARGET("level"), "5"),
				    HAS("ringside.truncated", "cgroup.target.path") }, WANT_ONE },
		{ "cgroup_rmdir", { IS(TARGET("id"), "{id}") }, WANT_ONE } } },
};
/* clang-format on */

int main(void)
{
	struct agent agent = AGENT_INIT;

	agent_start(&agent, (const char *[]){ "--kinds", "cgroup_mkdir,cgroup_rmdir,exit", "--pid",
					      pid_of_test(), NULL });
	check_all(&agent, checks, ARRAY_SIZE(checks));
	check_end(&agent);
	agent_done(&agent);
	return tap_done();
}
