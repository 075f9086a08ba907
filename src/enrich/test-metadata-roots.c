/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/test-metadata.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_root_of_maker),
		test(test_root_of_parents),
		test(test_users_of_process),
		test(test_users_beneath),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
