/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/cgroup-match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* keep order: cmocka needs those above */
#include <cmocka.h>

#define A    "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9"
#define B    "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define U    "8a3f6c1e_52d4_4b7e_9c0a_2f1d6e8b4a75" /* a pod's uid as systemd's names have it */
#define D    "8a3f6c1e-52d4-4b7e-9c0a-2f1d6e8b4a75"
#define S    "3b7f9e2d1c5a4860b9d8e7f6a5c4b3d2" /* of a static pod */
#define T    "11112222333344445555666677778888" /* of a task */
#define USER "/user.slice/user-1000.slice/user@1000.service"

struct row {
	const char *path;
	const char *id; /* NULL: no container */
	const char *runtime;
	const char *pod;
	const char *unit;
	const char *root; /* NULL: the whole path */
	uint32_t uid;
	bool unsure;
};

/* What a row does not say is NULL. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

static const struct row rows[] = {
	/* containerd, systemd driver: each class of service */
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" U
	  ".slice/cri-containerd-" A ".scope",
	  A, "containerd", U },
	{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" U
	  ".slice/cri-containerd-" A ".scope",
	  A, "containerd", U },
	{ "/kubepods.slice/kubepods-pod" U ".slice/cri-containerd-" A ".scope", A, "containerd",
	  U },
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" S
	  ".slice/cri-containerd-" A ".scope",
	  A, "containerd", S },
	{ "/kubepods.slice/kubepods-pod" U ".slice", NULL, NULL, U },
	{ "/kubepods.slice/kubepods-besteffort.slice" },
	/* cgroupfs driver: no telling which runtime */
	{ "/kubepods/burstable/pod" D "/" A, A, NULL, D },
	{ "/kubepods/besteffort/pod" D "/" A, A, NULL, D },
	{ "/kubepods/pod" D "/" A, A, NULL, D },
	{ "/kubepods/burstable/pod" S "/" A, A, NULL, S },
	{ "/kubepods/burstable/pod" D, NULL, NULL, D },
	{ "/kubepods/burstable" },
	{ "/kubepods" },
	/* the systemd driver's names as directories */
	{ "/system.slice/containerd.service/kubepods-burstable-pod" U ".slice:cri-containerd:" A, A,
	  "containerd", U, "containerd.service" },
	{ "/kubepods-pod" U ".slice:cri-containerd:" A, A, "containerd", U },
	{ "/system.slice/crio.service/kubepods-besteffort-pod" U ".slice:crio:" A, A, "cri-o", U,
	  "crio.service" },
	{ "/system.slice:docker:" A, A, "docker" },
	/* containerd without Kubernetes */
	{ "/k8s.io/" A, A, "containerd" },
	{ "/default/" A, A, "containerd" },
	{ "/default/web", "web", .unsure = true },
	{ "/system.slice/nerdctl-" A ".scope", A, "containerd" },
	{ USER "/user.slice/nerdctl-" A ".scope", A, "containerd", NULL, "user@1000.service",
	  .uid = 1000 },
	/* CRI-O */
	{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" U ".slice/crio-" A
	  ".scope",
	  A, "cri-o", U },
	{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" U
	  ".slice/crio-conmon-" A ".scope",
	  NULL, NULL, U, "crio-conmon-" A ".scope" },
	{ "/kubepods.slice/kubepods-pod" U ".slice/crio-" A ".scope/container", A, "cri-o", U, NULL,
	  "/kubepods.slice/kubepods-pod" U ".slice/crio-" A ".scope" },
	{ "/kubepods/burstable/pod" D "/crio-" A, A, "cri-o", D },
	{ "/kubepods/burstable/pod" D "/crio-conmon-" A, NULL, NULL, D },
	/* docker */
	{ "/docker/" A, A, "docker" },
	{ "/system.slice/docker-" A ".scope", A, "docker" },
	{ "/my.slice/my-own.slice/docker-" A ".scope", A, "docker" },
	{ "/system.slice/docker.service/docker/" A, A, "docker", NULL, "docker.service" },
	{ USER "/user.slice/docker-" A ".scope", A, "docker", NULL, "user@1000.service",
	  .uid = 1000 },
	{ "/docker/" A "/init", A, "docker", NULL, NULL, "/docker/" A },
	{ "/docker" },
	{ "/system.slice/docker.service", .unit = "docker.service" },
	{ "/system.slice/docker-proxy.scope", .unit = "docker-proxy.scope" },
	{ "/actions_job/" A, A },
	/* docker's builder, and the one that runs by itself */
	{ "/docker/buildkit/q1w2e3r4t5y6u7i8o9p0a1s2d", "q1w2e3r4t5y6u7i8o9p0a1s2d", "buildkit" },
	{ "/docker/buildkit" },
	{ "/system.slice/docker-" A ".scope/buildkit/q1w2e3r4t5y6u7i8o9p0a1s2d",
	  "q1w2e3r4t5y6u7i8o9p0a1s2d", "buildkit" },
	/* podman */
	{ "/machine.slice/libpod-" A ".scope", A, "podman" },
	{ "/machine.slice/libpod-" A ".scope/container", A, "podman", NULL, NULL,
	  "/machine.slice/libpod-" A ".scope" },
	{ "/machine.slice/libpod-conmon-" A ".scope", .unit = "libpod-conmon-" A ".scope" },
	{ "/machine.slice/machine-libpod_pod_" B ".slice/libpod-" A ".scope/container", A, "podman",
	  NULL, NULL, "/machine.slice/machine-libpod_pod_" B ".slice/libpod-" A ".scope" },
	{ "/machine.slice/machine-libpod_pod_" B ".slice" },
	{ "/libpod_parent/libpod-" A, A, "podman" },
	{ "/libpod_parent/" B "/libpod-" A, A, "podman" },
	{ "/libpod_parent/" B },
	{ "/libpod_parent/conmon" },
	{ "/libpod_parent" },
	{ USER "/user.slice/libpod-" A ".scope/container", A, "podman", NULL, "user@1000.service",
	  USER "/user.slice/libpod-" A ".scope", .uid = 1000 },
	{ USER "/user.slice/user-libpod_pod_" B ".slice/libpod-" A ".scope", A, "podman", NULL,
	  "user@1000.service", .uid = 1000 },
	{ USER "/user.slice/libpod-conmon-" A ".scope", .unit = "libpod-conmon-" A ".scope",
	  .uid = 1000 },
	{ USER "/app.slice/podman-4242.scope", .unit = "podman-4242.scope", .uid = 1000 },
	{ "/system.slice/web.service/libpod-payload-" A, A, "podman", NULL, "web.service" },
	/* runtimes by hand */
	{ "/myc", "myc", .unsure = true },
	{ "/mine/abc123", "abc123", .unsure = true },
	{ "/user.slice/user-0.slice/myc", "myc", .unsure = true },
	{ "/system.slice/ci.service/job.7", "job.7", NULL, NULL, "ci.service", .unsure = true },
	{ "/kubepods/burstable/pod" D "/app", "app", NULL, D, .unsure = true },
	{ "/mine/" A, A },
	{ "/system.slice/runc-myc.scope", "myc", "runc" },
	{ USER "/app.slice/crun-web_1.scope", "web_1", "crun", NULL, "user@1000.service",
	  .uid = 1000 },
	/* kind: a node is a container of docker or podman; innermost counts */
	{ "/docker/" B "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/"
	  "kubelet-kubepods-burstable-pod" U ".slice/cri-containerd-" A ".scope",
	  A, "containerd", U },
	{ "/docker/" B "/kubelet/kubepods/besteffort/pod" D "/" A, A, NULL, D },
	{ "/system.slice/docker-" B
	  ".scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" U
	  ".slice/cri-containerd-" A ".scope",
	  A, "containerd", U },
	{ "/docker/" B "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" U ".slice", B,
	  "docker", NULL, NULL, "/docker/" B },
	{ "/docker/" B "/system.slice/containerd.service", B, "docker", NULL, NULL, "/docker/" B },
	{ "/docker/" B "/kubelet.slice/kubelet.service", B, "docker", NULL, NULL, "/docker/" B },
	{ "/machine.slice/libpod-" B ".scope/container/kubelet.slice/kubelet-kubepods.slice/"
	  "kubelet-kubepods-pod" U ".slice/crio-" A ".scope",
	  A, "cri-o", U },
	/* k3s, k0s, OpenShift's levels */
	{ "/k3s/kubepods/burstable/pod" D "/" A, A, NULL, D },
	{ "/system.slice/k3s.service", .unit = "k3s.service" },
	/* containers in containers */
	{ "/docker/" B "/docker/" A, A, "docker" },
	{ "/kubepods/burstable/pod" D "/" B "/docker/" A, A, "docker", D },
	{ "/kubepods.slice/kubepods-pod" U ".slice/cri-containerd-" B
	  ".scope/system.slice/docker-" A ".scope",
	  A, "docker", U },
	{ "/docker/" B "/init.scope", B, "docker", NULL, NULL, "/docker/" B },
	{ "/docker/" B "/user.slice/user-5.slice/user@5.service/a/b", B, "docker", NULL, NULL,
	  "/docker/" B },
	/* LXC, LXD */
	{ "/lxc/web1", "web1", "lxc" },
	{ "/lxc/101/ns/system.slice/ssh.service", "101", "lxc", NULL, NULL, "/lxc/101" },
	{ "/lxc.payload.web1", "web1", "lxc" },
	{ "/lxc.payload/web1/init.scope", "web1", "lxc", NULL, NULL, "/lxc.payload/web1" },
	{ "/lxc.monitor.web1" },
	{ "/lxc.monitor/web1" },
	{ "/lxc.pivot" },
	{ "/lxc" },
	/* Garden, Mesos, ECS */
	{ "/garden/2f6c1a3e-0b1c-4d5e-6f70-8192", "2f6c1a3e-0b1c-4d5e-6f70-8192", "garden" },
	{ "/mesos/2f6c1a3e-0b1c-4d5e-6f70-8192a3b4c5d6", "2f6c1a3e-0b1c-4d5e-6f70-8192a3b4c5d6",
	  "mesos" },
	{ "/ecs/" T "/" A, A },
	{ "/ecs/" T "/" T "-2531612879", T "-2531612879", "containerd" },
	{ "/ecs/" T },
	{ "/ecstasks.slice/ecstasks-" T ".slice/docker-" A ".scope", A, "docker" },
	/* systemd-nspawn, virtual machines */
	{ "/machine.slice/machine-web\\x2d1.scope", "web\\x2d1", "nspawn" },
	{ "/machine.slice/systemd-nspawn@web.service/payload/init.scope", "web", "nspawn", NULL,
	  NULL, "/machine.slice/systemd-nspawn@web.service" },
	{ "/machine.slice/systemd-nspawn@web.service/supervisor",
	  .unit = "systemd-nspawn@web.service" },
	{ "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope",
	  .unit = "machine-qemu\\x2d1\\x2dvm.scope" },
	{ "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator", "emulator", NULL, NULL,
	  "machine-qemu\\x2d1\\x2dvm.scope", .unsure = true },
	/* kata */
	{ "/kubepods/burstable/pod" D "/kata_" A, A, "kata", D },
	{ "/kata_overhead/" A },
	/* systemd */
	{ "/system.slice/nginx.service", .unit = "nginx.service" },
	{ "/init.scope", .unit = "init.scope" },
	{ "/system.slice/ssh.socket", .unit = "ssh.socket" },
	{ "/system.slice/boot-efi.mount", .unit = "boot-efi.mount" },
	{ "/system.slice" },
	{ "/system.slice/system-getty.slice/getty@tty1.service", .unit = "getty@tty1.service" },
	{ "/user.slice/user-1000.slice/session-3.scope", .unit = "session-3.scope", .uid = 1000 },
	{ USER "/app.slice/app-gnome-terminal.scope", .unit = "app-gnome-terminal.scope",
	  .uid = 1000 },
	{ USER "/init.scope", .unit = "init.scope", .uid = 1000 },
	{ "/system.slice/systemd-udevd.service/udev", "udev", NULL, NULL, "systemd-udevd.service",
	  .unsure = true },
	{ "/user.slice/user-1000.slice/user@evil.service", .unit = "user@evil.service",
	  .uid = 1000 },
	{ "/user.slice/user-x1.slice/a.scope", .unit = "a.scope" },
	{ "/user.slice/user-.slice/b.scope", .unit = "b.scope" },
	/* as seen in a namespace of cgroups */
	{ "/../../docker/" A, A, "docker" },
	{ "/../" A, A },
	{ "/.." },
	{ "/" },
	{ "" },
	{ "//" },
	/* nearly */
	{ "/docker/ABCDEF", "ABCDEF", .unsure = true },
	{ "/system.slice/docker-nothex123456.scope", .unit = "docker-nothex123456.scope" },
	{ "/system.slice/docker-.scope", .unit = "docker-.scope" },
	{ "/system.slice/docker-", "docker-", .unsure = true },
	{ "/.scope", .unit = ".scope" },
	{ "/.hidden" },
	{ "/with space" },
	{ "/a:b" },
	{ "/\x01\xff\xfe" },
	{ "/kubepods/burstable/podshort/x", "x", .unsure = true },
	{ "/pod" D "/x", "x", .unsure = true },
	{ "/kubepods-pod.slice" },
	{ "/-pod" U ".slice" },
	{ "/process_api/50ddd8c646c627055147ee96b2e9c0b3", "50ddd8c646c627055147ee96b2e9c0b3",
	  .unsure = true },
};

static bool same(const char *what, const char *path, const char *got, size_t len, const char *want)
{
	if (!got && !want)
		return true;
	if (got && want && strlen(want) == len && memcmp(got, want, len) == 0)
		return true;
	print_error("%s: %s is \"%.*s\", not \"%s\"\n", path, what, (int)len, got ? got : "",
		    want ? want : "(none)");
	return false;
}

static bool check(const struct row *row)
{
	struct rs_cgroup_match match;
	bool found = rs_cgroup_match(row->path, &match), ok;
	const char *root = row->root ? row->root : row->path;

	ok = same("id", row->path, match.id, match.id_len, row->id);
	ok &= same("pod", row->path, match.pod_uid, match.pod_uid_len, row->pod);
	ok &= same("unit", row->path, match.unit, match.unit_len, row->unit);
	ok &= same("runtime", row->path, match.runtime, match.runtime ? strlen(match.runtime) : 0,
		   row->runtime);
	if (row->id)
		ok &= same("root", row->path, row->path, match.root_len, root);
	return ok && found == (row->id != NULL) && match.uid == row->uid &&
	       match.sure == (row->id && !row->unsure) && !match.shape == !row->id;
}

static void test_shapes(void **state)
{
	unsigned bad = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!check(&rows[i])) {
			print_error("row %zu: %s\n", i, rows[i].path);
			bad++;
		}
	}
	assert_int_equal(bad, 0);
}

/* All that is handed out lies in the path. */
static void check_pieces(const char *path)
{
	struct rs_cgroup_match match;
	size_t n = strlen(path);

	rs_cgroup_match(path, &match);
	if (match.id)
		assert_true(match.id >= path && match.id + match.id_len <= path + n);
	if (match.pod_uid)
		assert_true(match.pod_uid >= path && match.pod_uid + match.pod_uid_len <= path + n);
	if (match.unit)
		assert_true(match.unit >= path && match.unit + match.unit_len <= path + n);
	assert_true(match.root_len <= n);
}

static void test_hostile(void **state)
{
	static const char *const words[] = {
		"/",
		"docker",
		"-",
		A,
		".scope",
		".slice",
		"kubepods",
		"pod",
		U,
		"..",
		":",
		"crio:",
		":docker:",
		"user@",
		".service",
		"lxc",
		".",
		"\xff",
		"libpod",
		"42",
		"supervisor",
		"systemd-nspawn@",
		"machine",
		"/machine.slice/",
		"cri-containerd",
	};
	char *path = malloc(8192);
	unsigned random = 1;

	(void)state;
	assert_non_null(path);
	memset(path, 'a', 8191);
	path[8191] = '\0';
	check_pieces(path);
	memset(path, '/', 8191);
	check_pieces(path);
	for (size_t i = 0; i + 1 < 8191; i += 2)
		path[i] = '-';
	check_pieces(path);
	for (int i = 0; i < 20000; i++) {
		char *exact;

		path[0] = '\0';
		for (int k = 0; k < 12; k++) {
			random = random * 1103515245 + 12345;
			strcat(path, words[(random >> 16) % ARRAY_SIZE(words)]);
		}
		exact = strdup(path); /* so that reading past the end is seen */
		assert_non_null(exact);
		check_pieces(exact);
		free(exact);
	}
	free(path);
}

static void test_pod_uid(void **state)
{
	char out[sizeof(U)];

	(void)state;
	rs_cgroup_pod_uid(U, strlen(U), out);
	assert_string_equal(out, D);
	rs_cgroup_pod_uid(D "xyz", strlen(D), out);
	assert_string_equal(out, D);
	rs_cgroup_pod_uid("", 0, out);
	assert_string_equal(out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_pod_uid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
