/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/test-metadata.h"

/* --- containerd --- */

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
	assert_null(m->container.runtime);
	rs_metadata_free(&m);
	/* Such annotations are containerd's. */
	put("root/b/config.json",
	    "{\"annotations\":{\"io.kubernetes.cri.container-type\":\"container\","
	    "\"io.kubernetes.cri.container-name\":\"web\"}}");
	assert_int_equal(try(&question, &m), 0);
	assert_text(m->container.runtime, "containerd");
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

/* A bundle is the maker's. */
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
	/* What he says of pods is not believed. */
	assert_int_equal(m->container.owner, user);
	assert_null(m->container.pod_name);
	assert_null(m->container.namespace);
	rs_metadata_free(&m);
	/* Nor are root's files read for him: he may name any. */
	put("root/b/config.json", pod_annotations);
	assert_int_equal(chown("root/b/config.json", 0, 0), 0);
	assert_int_equal(try(&question, &m), -EPERM);
	put("root/run/runc/box/state.json", "{\"id\":\"box\"}");
	assert_int_equal(try(&question, &m), -EPERM);
	question = (struct rs_metadata_question){ .id = "box", .uid = user };
	assert_int_equal(try(&question, &m), -ENOENT);
	question.uid = 0;
	assert_int_equal(try(&question, &m), 0);
	assert_int_equal(m->container.owner, 0);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
