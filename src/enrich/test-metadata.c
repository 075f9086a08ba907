/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/test-scratch.h"
#include "enrich/metadata-internal.h"

#define ID  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define POD "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

#define TASKS   "root/run/containerd/io.containerd.runtime.v2.task/"
#define STORAGE "root/var/lib/containers/storage/overlay-containers/"

static uint32_t user; /* somebody who is not root, where we can be another */

static void make_parents(const char *path)
{
	char parent[512], *slash;

	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	if (slash) {
		*slash = '\0';
		assert_int_equal(rs_fd_mkdir_p(parent, 0755, NULL), 0);
	}
}

static void put_n(const char *path, const char *text, size_t n)
{
	int fd;

	make_parents(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(rs_fd_write_all(fd, text, n), 0);
	close(fd);
}

static void put(const char *path, const char *text)
{
	put_n(path, text, strlen(text));
}

static void put_users_own(const char *path, const char *text)
{
	put(path, text);
	if (geteuid() == 0)
		assert_int_equal(chown(path, user, user), 0);
}

static int enter(void **state)
{
	user = geteuid() ? geteuid() : 1000;
	if (scratch_enter(state) < 0)
		return -1;
	return mkdir("root", 0755) < 0 || mkdir("proc", 0755) < 0 ? -1 : 0;
}

#define test(fn) cmocka_unit_test_setup_teardown(fn, enter, scratch_leave)

static int try(const struct rs_metadata_question *question, struct rs_metadata **ret)
{
	struct rs_error err = RS_ERROR_INIT;
	int r = rs_metadata_read("root", "proc", question, ret, &err);

	assert_int_equal(r, err.code);
	assert_int_equal(r == 0, *ret != NULL);
	return r;
}

static struct rs_metadata *ask(const char *id, const char *runtime)
{
	struct rs_metadata_question question = { .id = id, .runtime = runtime };
	struct rs_metadata *metadata = NULL;

	assert_int_equal(try(&question, &metadata), 0);
	return metadata;
}

static int fails(const char *id)
{
	struct rs_metadata_question question = { .id = id };
	struct rs_metadata *metadata = NULL;

	return try(&question, &metadata);
}

static const char *label(const struct rs_metadata *metadata, const char *key)
{
	for (size_t i = 0; i < metadata->container.n_labels; i++)
		if (!strcmp(metadata->container.labels[i].key, key))
			return metadata->container.labels[i].value;
	return NULL;
}

#define assert_text(a, b)                                                                          \
	do {                                                                                       \
		assert_non_null(a);                                                                \
		assert_string_equal((a), (b));                                                     \
	} while (0)

/* --- containerd --- */

static const char containerd_config[] =
	"{\"ociVersion\":\"1.1.0\",\"root\":{\"path\":\"rootfs\"},\"annotations\":{"
	"\"io.kubernetes.cri.container-name\":\"web\","
	"\"io.kubernetes.cri.container-type\":\"container\","
	"\"io.kubernetes.cri.image-name\":\"docker.io/library/nginx:1.27\","
	"\"io.kubernetes.cri.sandbox-id\":\"" POD "\","
	"\"io.kubernetes.cri.sandbox-name\":\"shop-5d4f\","
	"\"io.kubernetes.cri.sandbox-namespace\":\"store\","
	"\"io.kubernetes.cri.sandbox-uid\":\"8f0c2f5e-0000-4000-8000-0123456789ab\"},"
	"\"linux\":{\"uidMappings\":[{\"containerID\":0,\"hostID\":65536,\"size\":1000}],"
	"\"gidMappings\":[{\"containerID\":0,\"hostID\":65537,\"size\":2000}]}}";

static void test_containerd(void **state)
{
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;

	(void)state;
	put(TASKS "default/other/config.json", "{}");
	put(TASKS "k8s.io/" ID "/config.json", containerd_config);
	m = ask(ID, "containerd");
	assert_text(m->container.id, ID);
	assert_text(m->container.runtime, "containerd");
	assert_text(m->container.name, "web");
	assert_text(m->container.image, "docker.io/library/nginx:1.27");
	assert_text(m->container.pod_name, "shop-5d4f");
	assert_text(m->container.namespace, "store");
	assert_text(m->container.pod_uid, "8f0c2f5e-0000-4000-8000-0123456789ab");
	assert_false(m->container.sandbox);
	assert_int_equal(m->container.n_labels, 0);
	assert_string_equal(m->source, "containerd");
	assert_false(m->partial);
	assert_int_equal(m->n_uid_map, 1);
	assert_int_equal(m->uid_map[0].host, 65536);
	assert_int_equal(m->gid_map[0].count, 2000);
}

static void test_containerd_sandbox(void **state)
{
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;

	(void)state;
	put("root/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/" POD "/config.json",
	    "{\"annotations\":{\"io.kubernetes.cri.container-type\":\"sandbox\","
	    "\"io.kubernetes.cri.podsandbox.image-name\":\"registry.k8s.io/pause:3.9\","
	    "\"io.kubernetes.cri.sandbox-id\":\"" POD "\","
	    "\"io.kubernetes.cri.sandbox-name\":\"shop-5d4f\"}}");
	m = ask(POD, NULL);
	assert_true(m->container.sandbox);
	assert_text(m->container.name, "POD");
	assert_text(m->container.pod_name, "shop-5d4f");
	assert_text(m->container.image, "registry.k8s.io/pause:3.9");
	assert_text(m->container.runtime, "containerd");
}

/* nerdctl writes its labels as annotations; ctr writes nothing. */
static void test_containerd_by_hand(void **state)
{
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL, *plain = NULL;

	(void)state;
	put(TASKS "default/" ID "/config.json",
	    "{\"annotations\":{\"nerdctl/name\":\"db\",\"nerdctl/networks\":\"[]\","
	    "\"com.docker.compose.service\":\"database\"}}");
	put("root/run/containerd/io.containerd.runtime.v1.linux/test/one/config.json", "{}");
	m = ask(ID, NULL);
	assert_text(m->container.name, "db");
	assert_text(m->container.runtime, "containerd");
	assert_int_equal(m->container.n_labels, 1);
	assert_text(label(m, "com.docker.compose.service"), "database");
	plain = ask("one", NULL);
	assert_text(plain->container.name, "one");
	assert_null(plain->container.image);
}

/* --- docker --- */

static void test_docker(void **state)
{
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;

	(void)state;
	put("root/var/lib/docker/containers/" ID "/config.v2.json",
	    "{\"ID\":\"" ID "\",\"Name\":\"/web\",\"Image\":\"sha256:12\",\"State\":{\"Pid\":7},"
	    "\"Config\":{\"Image\":\"nginx:1.27\",\"Labels\":{\"tier\":\"front\","
	    "\"org.opencontainers.image.ref.name\":\"debian\"}}}");
	put(TASKS "moby/" ID "/config.json",
	    "{\"root\":{\"path\":\"/var/lib/docker/overlay2/x/merged\"},"
	    "\"linux\":{\"uidMappings\":[{\"containerID\":0,\"hostID\":9,\"size\":5}]}}");
	put("root/var/lib/docker/overlay2/x/merged/etc/passwd", "app:x:1000:1000::/:/bin/sh\n");
	m = ask(ID, "docker");
	assert_text(m->container.name, "web");
	assert_text(m->container.image, "nginx:1.27");
	assert_text(m->container.runtime, "docker");
	assert_text(label(m, "tier"), "front");
	assert_int_equal(m->n_uid_map, 1);
	assert_non_null(m->users);
	assert_text(rs_users_name(m->users, 1000), "app");
	rs_metadata_free(&m);
	m = ask(ID, NULL); /* by way of containerd */
	assert_text(m->container.name, "web");
	assert_text(m->container.runtime, "docker");
	assert_non_null(m->users);
}

/* The kubelet's labels, by way of cri-dockerd; and the pod's, which only its sandbox has. */
static void test_docker_pod(void **state)
{
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;

	(void)state;
	put("root/var/lib/docker/containers/" ID "/config.v2.json",
	    "{\"Name\":\"/k8s_web_shop_store_8f_0\",\"Config\":{\"Image\":\"sha256:12\",\"Labels\":{"
	    "\"io.kubernetes.container.name\":\"web\",\"io.kubernetes.pod.name\":\"shop\","
	    "\"io.kubernetes.pod.namespace\":\"store\",\"io.kubernetes.pod.uid\":\"8f\","
	    "\"io.kubernetes.docker.type\":\"container\",\"maintainer\":\"of the image\","
	    "\"io.kubernetes.sandbox.id\":\"" POD "\"}}}");
	put("root/var/lib/docker/containers/" POD "/config.v2.json",
	    "{\"Name\":\"/k8s_POD_shop_store_8f_0\",\"Config\":{\"Labels\":{\"app\":\"shop\","
	    "\"io.kubernetes.docker.type\":\"podsandbox\",\"io.kubernetes.pod.name\":\"shop\","
	    "\"annotation.kubernetes.io/config.seen\":\"now\"}}}");
	m = ask(ID, "docker");
	assert_text(m->container.name, "web");
	assert_text(m->container.pod_name, "shop");
	assert_text(m->container.namespace, "store");
	assert_text(m->container.pod_uid, "8f");
	assert_int_equal(m->container.n_labels, 1);
	assert_text(label(m, "app"), "shop");
	assert_false(m->container.sandbox);
	rs_metadata_free(&m);
	m = ask(POD, NULL);
	assert_true(m->container.sandbox);
	assert_text(label(m, "app"), "shop");
}

static void test_docker_remapped(void **state)
{
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;

	(void)state;
	put("root/var/lib/docker/containers/other/config.v2.json", "{}");
	put("root/var/lib/docker/165536.165536/containers/" ID "/config.v2.json",
	    "{\"Name\":\"/mapped\"}");
	m = ask(ID, "docker");
	assert_text(m->container.name, "mapped");
}

/* Its bundle is there before its name is. */
static void test_docker_partial(void **state)
{
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;

	(void)state;
	put(TASKS "moby/" ID "/config.json", "{}");
	m = ask(ID, NULL);
	assert_true(m->partial);
	assert_null(m->container.name);
	assert_text(m->container.runtime, "docker");
}

/* --- CRI-O, podman --- */

static void test_crio(void **state)
{
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;

	(void)state;
	put("root/run/containers/storage/overlay-containers/" ID "/userdata/config.json",
	    "{\"annotations\":{\"io.container.manager\":\"cri-o\","
	    "\"io.kubernetes.container.name\":\"web\",\"io.kubernetes.pod.name\":\"shop\","
	    "\"io.kubernetes.pod.namespace\":\"store\",\"io.kubernetes.pod.uid\":\"8f\","
	    "\"io.kubernetes.cri-o.ContainerType\":\"container\","
	    "\"io.kubernetes.cri-o.ImageName\":\"quay.io/shop/web:3\","
	    "\"io.kubernetes.cri-o.Labels\":"
	    "\"{\\\"io.kubernetes.container.name\\\":\\\"web\\\"}\","
	    "\"io.kubernetes.cri-o.SandboxID\":\"" POD "\"}}");
	put("root/run/containers/storage/overlay-containers/" POD "/userdata/config.json",
	    "{\"annotations\":{\"io.kubernetes.cri-o.ContainerType\":\"sandbox\","
	    "\"io.kubernetes.pod.name\":\"shop\",\"io.kubernetes.container.name\":\"POD\","
	    "\"io.kubernetes.cri-o.IP.0\":\"10.0.0.7\",\"app\":\"shop\","
	    "\"io.kubernetes.cri-o.Labels\":"
	    "\"{\\\"app\\\":\\\"shop\\\",\\\"io.kubernetes.pod.name\\\":\\\"shop\\\"}\"}}");
	m = ask(ID, "cri-o");
	assert_text(m->container.runtime, "cri-o");
	assert_text(m->container.name, "web");
	assert_text(m->container.image, "quay.io/shop/web:3");
	assert_text(m->container.pod_name, "shop");
	assert_text(m->container.pod_ip, "10.0.0.7");
	assert_int_equal(m->container.n_labels, 1);
	assert_text(label(m, "app"), "shop");
	rs_metadata_free(&m);
	m = ask(POD, NULL);
	assert_true(m->container.sandbox);
	assert_text(m->container.name, "POD");
	assert_text(m->container.runtime, "cri-o");
	assert_int_equal(m->container.n_labels, 1);
}

#define PODMAN_ENTRY                                                                               \
	"{\"id\":\"" ID "\",\"names\":[\"web\"],\"image\":\"12\",\"metadata\":"                    \
	"\"{\\\"image-name\\\":\\\"docker.io/library/alpine:3\\\",\\\"name\\\":\\\"web\\\"}\"}"

static void test_podman(void **state)
{
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;

	(void)state;
	put(STORAGE "containers.json", "[{\"id\":\"other\",\"names\":[\"no\"]}," PODMAN_ENTRY "]");
	put(STORAGE ID "/userdata/config.json",
	    "{\"annotations\":{\"io.container.manager\":\"libpod\","
	    "\"io.podman.annotations.autoremove\":\"FALSE\",\"mine\":\"yes\","
	    "\"io.kubernetes.cri-o.SandboxID\":\"" POD "\","
	    "\"org.opencontainers.image.stopSignal\":\"15\"}}");
	m = ask(ID, "podman");
	assert_text(m->container.runtime, "podman");
	assert_text(m->container.name, "web");
	assert_text(m->container.image, "docker.io/library/alpine:3");
	assert_null(m->container.pod_name);
	assert_int_equal(m->container.n_labels, 1);
	assert_text(label(m, "mine"), "yes");
}

/* podman run --rm */
static void test_podman_volatile(void **state)
{
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;

	(void)state;
	put(STORAGE "containers.json", "[]");
	put(STORAGE "volatile-containers.json", "[" PODMAN_ENTRY "]");
	m = ask(ID, NULL);
	assert_text(m->container.name, "web");
	assert_text(m->container.runtime, "podman");
}

/* The owner is known by his group, or by the process that made it; only his own files count. */
static void test_podman_rootless(void **state)
{
	struct rs_metadata_question question = { .id = ID, .runtime = "podman" };
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;
	char passwd[256];

	(void)state;
	snprintf(passwd, sizeof(passwd), "root:x:0:0::/root:/bin/sh\nme:x:%u:7::/home/me:/bin/sh\n",
		 user);
	put("root/etc/passwd", passwd);
	put("root/etc/subuid", "you:1:2\nme:100000:65536\n");
	put("root/etc/subgid", "me:200000:65536\n");
	put_users_own("root/home/me/.local/share/containers/storage/overlay-containers/"
		      "containers.json",
		      "[" PODMAN_ENTRY "]");
	assert_int_equal(fails(ID), -ENOENT);
	question.uid = user;
	assert_int_equal(try(&question, &m), 0);
	assert_text(m->container.name, "web");
	assert_int_equal(m->n_uid_map, 2);
	assert_int_equal(m->uid_map[0].first, 0);
	assert_int_equal(m->uid_map[0].host, user);
	assert_int_equal(m->uid_map[1].first, 1);
	assert_int_equal(m->uid_map[1].host, 100000);
	assert_int_equal(m->gid_map[0].host, 7);
	assert_int_equal(m->gid_map[1].host, 200000);
	rs_metadata_free(&m);
	question.uid = 0;
	question.maker_pid = 12;
	question.maker_uid = user;
	assert_int_equal(try(&question, &m), 0);
	rs_metadata_free(&m);
	if (geteuid() == 0) {
		put("root/home/me/.local/share/containers/storage/overlay-containers/"
		    "containers.json",
		    "[" PODMAN_ENTRY "]");
		assert_int_equal(chown("root/home/me/.local/share/containers/storage/"
				       "overlay-containers/containers.json",
				       user + 1, user),
				 0);
		assert_int_equal(try(&question, &m), -EPERM);
	}
}

/* --- runc and the like --- */

static void test_runc(void **state)
{
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;

	(void)state;
	put("root/run/runc/my-box_1/state.json",
	    "{\"id\":\"my-box_1\",\"init_process_pid\":77,\"config\":{\"rootfs\":\"/b/rootfs\","
	    "\"labels\":[\"color=blue=dark\",\"nonsense\",\"bundle=/b\"],"
	    "\"uid_mappings\":[{\"container_id\":1,\"host_id\":2,\"size\":3}]}}");
	put("root/b/rootfs/etc/passwd", "app:x:5:5::/:/bin/sh\n");
	m = ask("my-box_1", NULL);
	assert_text(m->container.name, "my-box_1");
	assert_text(m->container.runtime, "runc");
	assert_null(m->container.image);
	assert_int_equal(m->container.n_labels, 1);
	assert_text(label(m, "color"), "blue=dark");
	assert_int_equal(m->uid_map[0].first, 1);
	assert_int_equal(m->uid_map[0].host, 2);
	assert_int_equal(m->uid_map[0].count, 3);
	assert_non_null(m->users);
	assert_text(rs_users_name(m->users, 5), "app");
}

/* Annotated as a pod, as its sandbox would be by CRI-O. */
static void test_runc_as_pod(void **state)
{
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;

	(void)state;
	put("root/run/containerd/runc/k8s.io/" ID "/state.json",
	    "{\"config\":{\"labels\":[\"io.kubernetes.cri.sandbox-name=shop\","
	    "\"io.kubernetes.cri.container-name=web\",\"io.kubernetes.cri.sandbox-namespace=store\","
	    "\"io.kubernetes.cri-o.Labels={\\\"app\\\":\\\"shop\\\"}\"]}}");
	m = ask(ID, NULL);
	assert_text(m->container.runtime, "containerd");
	assert_text(m->container.pod_name, "shop");
	assert_text(m->container.namespace, "store");
	assert_text(m->container.name, "web");
	assert_text(label(m, "app"), "shop");
}

static void test_crun_youki(void **state)
{
	_cleanup_(rs_metadata_free) struct rs_metadata *crun = NULL, *youki = NULL;

	(void)state;
	put("root/run/crun/a/status", "{\"pid\":5,\"bundle\":\"/bundles/a\"}");
	put("root/run/crun/a/config.json",
	    "{\"root\":{\"path\":\"rootfs\"},\"annotations\":{\"k\":\"v\"}}");
	put("root/bundles/a/rootfs/etc/passwd", "app:x:5:5::/:/bin/sh\n");
	crun = ask("a", NULL);
	assert_text(crun->container.runtime, "crun");
	assert_text(label(crun, "k"), "v");
	assert_non_null(crun->users);
	put("root/run/youki/b/state.json",
	    "{\"id\":\"b\",\"pid\":6,\"bundle\":\"/bundles/b\",\"annotations\":{\"k\":\"w\"}}");
	put("root/bundles/b/config.json", "{\"root\":{\"path\":\"../a/rootfs\"}}");
	youki = ask("b", NULL);
	assert_text(youki->container.runtime, "youki");
	assert_text(label(youki, "k"), "w");
	assert_non_null(youki->users);
}

/* --- the maker --- */

#define ARGS(text) (text), sizeof(text)

static void test_maker_args(void **state)
{
	struct rs_metadata_maker maker;

	(void)state;
	assert_true(rs_metadata_maker_parse(ARGS("runc\0--root\0/r\0--log=/l\0create\0--bundle\0"
						 "/b\0--pid-file\0/p\0box"),
					    "box", &maker));
	assert_string_equal(maker.root, "/r");
	assert_string_equal(maker.bundle, "/b");
	assert_true(rs_metadata_maker_parse(ARGS("/usr/bin/crun\0--root=/r\0run\0-b\0x\0box"),
					    "box", &maker));
	assert_string_equal(maker.bundle, "x");
	assert_true(rs_metadata_maker_parse(ARGS("runc\0run\0--bundle=y\0box"), "box", &maker));
	assert_string_equal(maker.bundle, "y");
	assert_null(maker.root);
	assert_true(rs_metadata_maker_parse(ARGS("runc\0run\0box"), "box", &maker));
	assert_null(maker.bundle);
	assert_false(rs_metadata_maker_parse(ARGS("runc\0run\0box"), "other", &maker));
	assert_false(rs_metadata_maker_parse(ARGS("runc\0start\0box"), "box", &maker));
	assert_false(rs_metadata_maker_parse(ARGS("runc\0init"), "init", &maker));
	assert_false(rs_metadata_maker_parse(ARGS("runc\0--root\0run\0exec\0box"), "box", &maker));
	assert_false(rs_metadata_maker_parse("runc\0run\0box", 12, "box", &maker)); /* cut off */
	assert_false(rs_metadata_maker_parse(NULL, 0, "box", &maker));
	/* The last word is the id, not a value. */
	assert_true(rs_metadata_maker_parse(ARGS("runc\0run\0--bundle\0box"), "box", &maker));
	assert_null(maker.bundle);
}

static const char pod_annotations[] =
	"{\"root\":{\"path\":\"rootfs\"},\"annotations\":{\"io.kubernetes.pod.name\":\"shop\","
	"\"io.kubernetes.pod.namespace\":\"store\",\"io.kubernetes.container.name\":\"web\"}}";

static void test_maker(void **state)
{
	struct rs_metadata_question question = { .id = "box", .maker_pid = 12, .maker_cwd = "/b" };
	static const char relative[] = "runc\0run\0-b\0../other/b\0box", here[] = "runc\0run\0box",
			  state_dir[] = "runc\0--root\0../state\0run\0-b\0/none\0box";
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;

	(void)state;
	put("root/b/config.json", pod_annotations);
	put("root/other/b/config.json", "{\"annotations\":{\"a\":\"b\"}}");
	put("root/state/box/state.json", "{\"id\":\"box\",\"config\":{\"labels\":[\"c=d\"]}}");
	question.maker_args = here;
	question.maker_args_len = sizeof(here);
	assert_int_equal(try(&question, &m), 0);
	assert_text(m->container.pod_name, "shop");
	assert_text(m->container.name, "web");
	assert_string_equal(m->source, "bundle of the maker");
	rs_metadata_free(&m);
	question.maker_args = relative;
	question.maker_args_len = sizeof(relative);
	assert_int_equal(try(&question, &m), 0);
	assert_text(m->container.name, "box");
	assert_text(label(m, "a"), "b");
	rs_metadata_free(&m);
	question.maker_args = state_dir;
	question.maker_args_len = sizeof(state_dir);
	assert_int_equal(try(&question, &m), 0);
	assert_text(label(m, "c"), "d");
	rs_metadata_free(&m);
	question.maker_cwd = NULL;
	question.maker_args = here;
	question.maker_args_len = sizeof(here);
	assert_int_equal(try(&question, &m), -ENOENT);
}

/* A bundle is the maker's or root's. */
static void test_maker_owner(void **state)
{
	static const char args[] = "runc\0run\0-b\0/b\0box";
	struct rs_metadata_question question = {
		.id = "box", .maker_pid = 12, .maker_args = args, .maker_args_len = sizeof(args)
	};
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;

	(void)state;
	if (geteuid())
		skip();
	put_users_own("root/b/config.json", pod_annotations);
	assert_int_equal(try(&question, &m), -EPERM);
	question.maker_uid = user;
	assert_int_equal(try(&question, &m), 0);
	assert_text(m->container.name, "web");
}

/* CRI-O's bundle, which the maker names: the sandbox's is beside it. */
static void test_maker_pod(void **state)
{
	static const char args[] = "runc\0create\0-b\0/x/" ID "/userdata\0" ID;
	struct rs_metadata_question question = {
		.id = ID, .maker_pid = 12, .maker_args = args, .maker_args_len = sizeof(args)
	};
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;

	(void)state;
	put("root/x/" ID "/userdata/config.json",
	    "{\"annotations\":{\"io.kubernetes.pod.name\":\"shop\","
	    "\"io.kubernetes.cri-o.SandboxID\":\"" POD "\"}}");
	put("root/x/" POD "/userdata/config.json",
	    "{\"annotations\":{\"io.kubernetes.cri-o.Labels\":\"{\\\"app\\\":\\\"shop\\\"}\"}}");
	assert_int_equal(try(&question, &m), 0);
	assert_text(label(m, "app"), "shop");
}

/* --- other roots --- */

static void put_process(unsigned pid, unsigned parent, const char *group, const char *root)
{
	char path[64], text[512];

	snprintf(path, sizeof(path), "proc/%u/cgroup", pid);
	snprintf(text, sizeof(text), "0::/kubepods/%s\n", group);
	put(path, text);
	snprintf(path, sizeof(path), "proc/%u/stat", pid);
	snprintf(text, sizeof(text), "%u (a) b) S %u 1 1", pid, parent);
	put(path, text);
	snprintf(path, sizeof(path), "proc/%u/root", pid);
	snprintf(text, sizeof(text), "../../%s", root);
	assert_int_equal(symlink(text, path), 0);
}

/* A node of kind: the runtime of its containers runs in a container. */
static void test_root_of_maker(void **state)
{
	struct rs_metadata_question question = { .id = ID, .maker_pid = 12 };
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;

	(void)state;
	mkdir("node", 0755);
	put("node/run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json",
	    containerd_config);
	put("node/run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/rootfs/etc/passwd",
	    "app:x:5:5::/:/bin/sh\n");
	put_process(12, 1, "node", "node");
	assert_int_equal(try(&question, &m), 0);
	assert_text(m->container.name, "web");
	assert_non_null(m->users);
	assert_text(rs_users_name(m->users, 5), "app");
}

static void test_root_of_parents(void **state)
{
	struct rs_metadata_question question = { .id = ID, .pid = 30 };
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;

	(void)state;
	mkdir("node", 0755);
	mkdir("inside", 0755);
	put("node/run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json",
	    containerd_config);
	put_process(30, 20, ID, "inside");
	put_process(20, 10, ID, "inside");
	put_process(10, 1, "node", "node");
	assert_int_equal(try(&question, &m), 0);
	assert_text(m->container.name, "web");
	rs_metadata_free(&m);
	question.pid = 10; /* is in another group */
	assert_int_equal(try(&question, &m), -ENOENT);
}

/* --- users --- */

static void test_users_of_process(void **state)
{
	struct rs_metadata_question question = { .id = "box", .pid = 30 };
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;

	(void)state;
	put("root/run/runc/box/state.json", "{\"id\":\"box\",\"init_process_pid\":30}");
	put("root/etc/passwd", "host:x:5:5::/:/bin/sh\n");
	put("inside/etc/passwd", "app:x:5:5::/:/bin/sh\n");
	put_process(30, 1, "box", "inside");
	put("proc/30/uid_map", "         0     100000      65536\n     70000 7 1\n");
	put("proc/30/gid_map", "         0     200000      65536\n");
	assert_int_equal(try(&question, &m), 0);
	assert_non_null(m->users);
	assert_text(rs_users_name(m->users, 5), "app");
	assert_int_equal(m->n_uid_map, 2);
	assert_int_equal(m->uid_map[1].first, 70000);
	assert_int_equal(m->gid_map[0].host, 200000);
	rs_metadata_free(&m);
	/* Of the state, when nobody knows a process. */
	question.pid = 0;
	assert_int_equal(try(&question, &m), 0);
	assert_non_null(m->users);
	rs_metadata_free(&m);
	/* A process that did not change its root yet. */
	unlink("proc/30/root");
	assert_int_equal(symlink("../../root", "proc/30/root"), 0);
	put("proc/30/uid_map", "         0          0 4294967295\n");
	assert_int_equal(try(&question, &m), 0);
	assert_null(m->users);
	assert_int_equal(m->n_uid_map, 0);
	rs_metadata_free(&m);
	/* One that is another's by now. */
	unlink("proc/30/root");
	assert_int_equal(symlink("../../inside", "proc/30/root"), 0);
	put("proc/30/cgroup", "0::/system.slice\n");
	assert_int_equal(try(&question, &m), 0);
	assert_null(m->users);
}

/* Links in a rootfs lead nowhere else. */
static void test_users_beneath(void **state)
{
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;

	(void)state;
	put("root/etc/passwd", "host:x:5:5::/:/bin/sh\n");
	put("root/run/runc/box/state.json", "{\"config\":{\"rootfs\":\"/b/rootfs\"}}");
	assert_int_equal(rs_fd_mkdir_p("root/b/rootfs/etc", 0755, NULL), 0);
	assert_int_equal(symlink("../../../etc/passwd", "root/b/rootfs/etc/passwd"), 0);
	m = ask("box", NULL);
	assert_true(!m->users || !rs_users_name(m->users, 5));
}

/* --- hostile --- */

static void test_ids(void **state)
{
	static const char *const bad[] = {
		"", ".", "..", "../../etc", "a/b", "a b", "a\nb", "\xff"
	};
	char longest[RS_METADATA_ID_MAX + 2];

	(void)state;
	put("root/run/runc/state.json", "{}");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(fails(bad[i]), -EINVAL);
	memset(longest, 'a', sizeof(longest));
	longest[RS_METADATA_ID_MAX + 1] = '\0';
	assert_int_equal(fails(longest), -EINVAL);
	longest[RS_METADATA_ID_MAX] = '\0';
	assert_int_equal(fails(longest), -ENOENT);
}

static void test_broken(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"[[[[",
		"null",
		"3",
		"\"x\"",
		"{\"id\":\"another\"}",
		"{\"id\":1}}",
		"{\"id\":\"box\",\"id\":\"box\"}",
		"{\"a\":\"\xff\"}",
	};
	char deep[2001];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		put("root/run/runc/box/state.json", texts[i]);
		assert_int_equal(fails("box"), -EBADMSG);
	}
	memset(deep, '[', 1000);
	memset(deep + 1000, ']', 1000);
	put_n("root/run/runc/box/state.json", deep, 2000);
	assert_int_equal(fails("box"), -EBADMSG);
}

static void test_wrong_types(void **state)
{
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;

	(void)state;
	put("root/run/runc/box/state.json",
	    "{\"init_process_pid\":-1,\"config\":{\"labels\":[1,null,{},\"=\",\"a\"],\"rootfs\":[],"
	    "\"uid_mappings\":[1,{\"size\":\"x\"},{\"size\":4294967296},{}],\"gid_mappings\":{}}}");
	m = ask("box", NULL);
	assert_text(m->container.name, "box");
	assert_int_equal(m->container.n_labels, 0);
	assert_int_equal(m->n_uid_map, 0);
	rs_metadata_free(&m);
	put("root/run/runc/box/state.json", "{\"config\":\"no\",\"annotations\":3,\"bundle\":[]}");
	m = ask("box", NULL);
	rs_metadata_free(&m);
	put(STORAGE "containers.json",
	    "[1,{\"id\":2},{\"id\":\"" ID "\",\"names\":\"x\",\"metadata\":\"{{\"}]");
	m = ask(ID, "podman");
	assert_true(m->partial);
	rs_metadata_free(&m);
	put("root/var/lib/docker/containers/" ID "/config.v2.json",
	    "{\"Name\":7,\"State\":[],\"Config\":{\"Image\":{},\"Labels\":[\"a\"]}}");
	m = ask(ID, "docker");
	assert_true(m->partial);
}

static void test_large(void **state)
{
	_cleanup_(rs_str_done) struct rs_str text = { 0 };
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;
	int fd;

	(void)state;
	rs_str_append_cstr(&text, "{\"annotations\":{\"long\":\"");
	for (unsigned i = 0; i < 2 * RS_METADATA_VALUE_MAX; i++)
		rs_str_append_cstr(&text, "\xc3\xa4");
	rs_str_append_cstr(&text, "\",\"nul\":\"a\\u0000b\"");
	for (unsigned i = 0; i < 5000; i++)
		rs_str_appendf(&text, ",\"k%u\":\"v\"", i);
	rs_str_append_cstr(&text, "}}");
	put_n(TASKS "x/box/config.json", text.data, text.len);
	m = ask("box", NULL);
	assert_int_equal(m->container.n_labels, RS_METADATA_LABELS);
	assert_int_equal(strlen(label(m, "long")), RS_METADATA_VALUE_MAX);
	assert_null(label(m, "nul"));
	fd = open(TASKS "x/box/config.json", O_WRONLY | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, (off_t)RS_METADATA_FILE_MAX + 1), 0);
	close(fd);
	assert_int_equal(fails("box"), -EFBIG);
}

static void test_no_files(void **state)
{
	(void)state;
	assert_int_equal(rs_fd_mkdir_p("root/run/runc/box", 0755, NULL), 0);
	assert_int_equal(mkfifo("root/run/runc/box/state.json", 0666), 0);
	assert_int_equal(fails("box"), -EBADMSG);
	unlink("root/run/runc/box/state.json");
	assert_int_equal(mkdir("root/run/runc/box/state.json", 0755), 0);
	assert_int_equal(fails("box"), -EBADMSG);
	rmdir("root/run/runc/box/state.json");
	put("root/secret", "{\"id\":\"box\"}");
	assert_int_equal(symlink("../../../secret", "root/run/runc/box/state.json"), 0);
	assert_true(fails("box") < 0);
	unlink("root/run/runc/box/state.json");
	rmdir("root/run/runc/box");
	put("root/elsewhere/state.json", "{\"id\":\"box\"}");
	assert_int_equal(symlink("../../elsewhere", "root/run/runc/box"), 0);
	assert_true(fails("box") < 0);
}

/* A directory may be a link (/var/lib/docker on another disk), but not out of the root. */
static void test_links_of_places(void **state)
{
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;

	(void)state;
	put("root/disk/box/state.json", "{\"id\":\"box\"}");
	mkdir("root/run", 0755);
	assert_int_equal(symlink("/disk", "root/run/runc"), 0);
	m = ask("box", NULL);
	assert_text(m->container.name, "box");
	put("outside/box2/state.json", "{\"id\":\"box2\"}");
	unlink("root/run/runc");
	assert_int_equal(symlink("../../outside", "root/run/runc"), 0);
	assert_int_equal(fails("box2"), -ENOENT);
	unlink("root/run/runc");
	assert_int_equal(symlink("/proc/self/root", "root/run/runc"), 0);
	assert_int_equal(fails("box2"), -ENOENT);
}

static void test_wrong_owner(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	put_users_own("root/run/runc/box/state.json", "{\"id\":\"box\"}");
	assert_int_equal(fails("box"), -EPERM);
}

static void test_no_root(void **state)
{
	struct rs_metadata_question question = { .id = "box" };
	struct rs_metadata *m = NULL;

	(void)state;
	assert_int_equal(rs_metadata_read("none", "proc", &question, &m, NULL), -ENOENT);
	assert_null(m);
	assert_int_equal(rs_metadata_read("root", "none", &question, &m, NULL), -ENOENT);
	rs_metadata_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_containerd),
		test(test_containerd_sandbox),
		test(test_containerd_by_hand),
		test(test_docker),
		test(test_docker_pod),
		test(test_docker_remapped),
		test(test_docker_partial),
		test(test_crio),
		test(test_podman),
		test(test_podman_volatile),
		test(test_podman_rootless),
		test(test_runc),
		test(test_runc_as_pod),
		test(test_crun_youki),
		test(test_maker_args),
		test(test_maker),
		test(test_maker_owner),
		test(test_maker_pod),
		test(test_root_of_maker),
		test(test_root_of_parents),
		test(test_users_of_process),
		test(test_users_beneath),
		test(test_ids),
		test(test_broken),
		test(test_wrong_types),
		test(test_large),
		test(test_no_files),
		test(test_links_of_places),
		test(test_wrong_owner),
		test(test_no_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
