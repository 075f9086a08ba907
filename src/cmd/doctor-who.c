/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/doctor-who.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/units.h"
#include "base/util.h"
#include "kern/cgroup.h"
#include "store/store.h"

/* Where runtimes keep what they know of their containers. */
static const struct {
	const char *runtime, *dir;
} places[] = {
	{ "containerd", "/run/containerd/io.containerd.runtime.v2.task" },
	{ "docker", "/var/lib/docker/containers" },
	{ "CRI-O", "/run/crio" },
	{ "podman", "/var/lib/containers/storage/overlay-containers" },
	{ "runc", "/run/runc" },
	{ "crun", "/run/crun" },
};

#define SAY(fact, ...) snprintf((fact)->text, sizeof((fact)->text), __VA_ARGS__)

static void look_cgroups(struct rs_doctor_fact *fact)
{
	struct rs_error err = RS_ERROR_INIT;
	struct rs_cgroup_tree tree;

	fact->name = "control groups";
	fact->there = rs_cgroup_choose("/proc", &tree, &err) == 0;
	if (!fact->there)
		SAY(fact, "%.400s; without them no container is known", err.msg);
	else if (tree.v1)
		SAY(fact, "version 1, %s, at %.256s: version 2 tells fewer processes apart here",
		    tree.controller, tree.mount);
	else
		SAY(fact, "version 2, at %.256s", tree.mount);
}

static void look_runtimes(struct rs_doctor_fact *fact)
{
	size_t n = 0;

	fact->name = "runtimes";
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (access(places[i].dir, R_OK | X_OK))
			continue;
		n += (size_t)snprintf(fact->text + n, sizeof(fact->text) - n, "%s%s (%s)",
				      n ? ", " : "", places[i].runtime, places[i].dir);
	}
	fact->there = n;
	if (!n)
		SAY(fact, "none has left anything that we can read; containers are known by their "
			  "control groups, without names, until one does");
}

/* Beside our own executable, or where `make install` puts it. */
static void look_pods(struct rs_doctor_fact *fact)
{
	static const char *const where[] = { "ringside-kube", "../libexec/ringside/ringside-kube" };
	char self[PATH_MAX - 64], path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	fact->name = "pods";
	self[MAX(n, 0)] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(where) && !fact->there; i++) {
		snprintf(path, sizeof(path), "%s/%s", self, where[i]);
		fact->there = access(path, X_OK) == 0;
	}
	if (fact->there)
		SAY(fact, "ringside-kube is there, for --kubernetes");
	else
		SAY(fact,
		    "ringside-kube is not installed beside ringside: names of pods come from the "
		    "runtimes' files alone, without owners");
}

static void look_store(struct rs_doctor_fact *fact)
{
	char room[RS_UNITS_BUF];
	struct statvfs fs;

	fact->name = "store";
	if (statvfs(RS_STORE_DIR, &fs) < 0) {
		fact->there = errno == ENOENT;
		if (fact->there)
			SAY(fact, "%s will be made by `ringside run`", RS_STORE_DIR);
		else
			SAY(fact, "%s: %s", RS_STORE_DIR, strerror(errno));
		return;
	}
	rs_units_format_bytes(room, (uint64_t)fs.f_bavail * fs.f_frsize);
	fact->there = !(fs.f_flag & ST_RDONLY) && !access(RS_STORE_DIR, W_OK);
	SAY(fact, "%s, %s; %s free", RS_STORE_DIR,
	    fact->there ? "writable" : "not writable: nothing is kept", room);
}

void rs_doctor_look_who(struct rs_doctor_fact facts[static RS_DOCTOR_FACTS])
{
	memset(facts, 0, RS_DOCTOR_FACTS * sizeof(*facts));
	look_cgroups(&facts[RS_DOCTOR_CGROUPS]);
	look_runtimes(&facts[RS_DOCTOR_RUNTIMES]);
	look_pods(&facts[RS_DOCTOR_PODS]);
	look_store(&facts[RS_DOCTOR_STORE]);
}
