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

/* A process is in a group, not in whatever has its letters. */
static void test_process_in(void **state)
{
	struct rs_metadata_question question = { .id = "web" };
	int fd = open("proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	static const struct {
		const char *text, *cgroup;
		bool in;
	} rows[] = {
		{ "0::/web\n", "/web", true },
		{ "0::/web/sub\n", "/web", true },
		{ "1:pids:/x\n0::/web\n", "/web", true },
		{ "0::/webs\n", "/web", false },
		{ "0::/a/web\n", "/web", false },
		{ "0::/a/web\n", "/a/web", true },
		{ "0::/a/web2/web\n", "/a/web", false },
		{ "1:name=/web:/x\n", "/web", false },
		{ "0::/../../b/web\n", "/a/b/web", true },
		{ "0::/../web/sub\n", "/a/b/web", true },
		{ "0::/../c/web\n", "/a/b/web", false },
		{ "0::/..\n", "/a/b/web", false },
		{ "0::/\n", "/web", false },
		{ "0::/x/web/y\n", NULL, true },
		{ "0::/x/a-web\n", NULL, false },
		{ "", NULL, false },
	};

	(void)state;
	assert_true(fd >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		put("proc/30/cgroup", rows[i].text);
		question.cgroup = rows[i].cgroup;
		if (rs_metadata_process_in(fd, 30, &question) != rows[i].in)
			fail_msg("\"%s\" in %s", rows[i].text, rows[i].cgroup);
	}
	close(fd);
}

/* What a user's process, or another machine, would have to answer for is not read for him. */
static void test_remote(void **state)
{
	(void)state;
	assert_true(rs_metadata_is_remote(0x65735546));                     /* FUSE */
	assert_true(rs_metadata_is_remote(0x6969));                         /* NFS */
	assert_true(rs_metadata_is_remote((unsigned long)(int)0xff534d42)); /* CIFS */
	assert_false(rs_metadata_is_remote(0x01021994));                    /* tmpfs */
	assert_false(rs_metadata_is_remote(0xef53));                        /* ext4 */
}

/* --- room --- */

static void test_room(void **state)
{
	_cleanup_(rs_str_done) struct rs_str text = { 0 };
	static struct rs_metadata *all[8192];
	struct rs_metadata_charge users = { .of_user = true }, more = { .of_user = true },
				  root = { 0 };
	size_t n = 0, labelled = 0, bytes = 0;

	(void)state;
	rs_str_append_cstr(&text, "{\"annotations\":{\"a\":\"b\"");
	for (unsigned i = 0; i < RS_METADATA_LABELS - 1; i++)
		rs_str_appendf(&text, ",\"k%u\":\"%01024u\"", i, i);
	rs_str_append_cstr(&text, "}}");
	put_n(TASKS "x/box/config.json", text.data, text.len);
	/* Labels go, names stay. */
	while (n < 300) {
		all[n] = ask("box", NULL);
		assert_text(all[n]->container.name, "box");
		labelled += all[n]->container.n_labels != 0;
		bytes += all[n]->container.n_labels ? text.len : 0;
		n++;
	}
	assert_true(labelled > 50 && labelled < 150);
	assert_true(bytes <= RS_METADATA_BYTES_MAX / 2);
	assert_int_equal(all[n - 1]->container.n_labels, 0);
	/* What is freed is there again. */
	rs_metadata_free(&all[0]);
	rs_metadata_free(&all[1]);
	all[0] = ask("box", NULL);
	assert_int_equal(all[0]->container.n_labels, RS_METADATA_LABELS);
	while (n)
		rs_metadata_free(&all[--n]);
	/* Users have a part. */
	assert_true(rs_metadata_charge(&users, RS_METADATA_SHARE_USERS, (size_t)1 << 20));
	assert_false(rs_metadata_charge(&more, RS_METADATA_SHARE_USERS, 1));
	assert_true(rs_metadata_charge(&root, RS_METADATA_SHARE_USERS, (size_t)3 << 20));
	assert_false(rs_metadata_charge(&root, RS_METADATA_SHARE_USERS, 1));
	rs_metadata_uncharge(&users, RS_METADATA_SHARE_USERS);
	rs_metadata_uncharge(&root, RS_METADATA_SHARE_USERS);
	assert_true(rs_metadata_charge(&more, RS_METADATA_SHARE_USERS, 1));
	rs_metadata_uncharge(&more, RS_METADATA_SHARE_USERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_root_of_maker), test(test_root_of_parents), test(test_users_of_process),
		test(test_users_beneath), test(test_process_in),      test(test_remote),
		test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
