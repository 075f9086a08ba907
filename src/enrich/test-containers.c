/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/testing-containers.h"

/* --- groups --- */

static void test_records(void **state)
{
	struct rs_containers *c = make(NULL, 0, 0);
	const struct rs_event_cgroup *cgroup;
	struct rs_containers_stats s;

	(void)state;
	group_made(c, 2, "/system.slice/nginx.service");
	group_made(c, 3, POD "/" A);
	group_made(c, 4, POD "/" A "/init.scope");
	group_made(c, 5, "/mine");
	group_made(c, 6, "relative");

	cgroup = find(c, 2);
	assert_string_equal(cgroup->path, "/system.slice/nginx.service");
	assert_string_equal(cgroup->unit, "nginx.service");
	assert_null(cgroup->container);

	cgroup = find(c, 4);
	assert_string_equal(cgroup->path, POD "/" A "/init.scope");
	assert_null(cgroup->unit);
	assert_string_equal(cgroup->container->id, A);
	assert_string_equal(cgroup->container->pod_uid, D);
	assert_null(cgroup->container->name);
	assert_ptr_equal(container_of(c, 3), container_of(c, 4));

	/* Without a disk to ask nobody can say that this is a container. */
	expect_id(c, 5, NULL);
	assert_false(waits(c, 5, 0));
	assert_false(waits(c, 3, 0));
	assert_null(find(c, 6));
	assert_null(find(c, 0));

	s = stats(c);
	assert_int_equal(s.cgroups, 4);
	assert_int_equal(s.containers, 1);
	assert_int_equal(s.running, 1);
	assert_int_equal(s.pending, 0);
	assert_int_equal(s.events_unknown, 2);
	assert_int_equal(s.unnamed, 1);
	assert_int_equal(s.events_unnamed, 3);
	end(c);
}

static void test_bad_records(void **state)
{
	struct rs_containers *c = make(LOOKUP, 0, 0);
	struct rs_cgroup_change record = { .hdr = { .kind = RS_KIND_CGROUP_MKDIR }, .id = 9 };
	struct rs_event event = { .change = &record };

	(void)state;
	rs_containers_feed(c, &event, NULL); /* no path */
	event.field[RS_TAG_CGROUP] = (struct rs_text){ "/a\0b", 4, 0 };
	rs_containers_feed(c, &event, NULL);
	event.field[RS_TAG_CGROUP] = (struct rs_text){ "/a", 2, RS_FIELD_CUT };
	rs_containers_feed(c, &event, NULL);
	record.id = 0;
	event.field[RS_TAG_CGROUP] = (struct rs_text){ "/a", 2, 0 };
	rs_containers_feed(c, &event, NULL);
	record.hdr.kind = RS_KIND_EXEC;
	rs_containers_feed(c, &event, NULL);
	group_removed(c, 4711);
	assert_int_equal(stats(c).cgroups, 0);
	end(c);
}

static void test_scan(void **state)
{
	struct rs_containers *c = make(LOOKUP, 0, 0);
	uint64_t now = rs_clock_mono();
	struct rows rows;

	(void)state;
	assert_int_equal(rs_containers_scan(c, NULL), -ENOENT);
	make_dir("cg/docker/" A "/sub");
	make_dir("cg/system.slice/ssh.service");
	assert_int_equal(
		rs_fd_replace_file("cg/docker/" A "/sub/cgroup.procs", "31\n", 3, 0644, NULL), 0);
	assert_int_equal(rs_containers_scan(c, NULL), 0);
	expect_id(c, inode("cg/docker/" A), A);
	expect_id(c, inode("cg/docker/" A "/sub"), A);
	assert_string_equal(find(c, inode("cg/system.slice/ssh.service"))->unit, "ssh.service");
	assert_string_equal(find(c, inode("cg"))->path, "/");
	assert_int_equal(disk.n_questions, 1);
	assert_int_equal(disk.questions[0].pid, 31);
	assert_true(disk.questions[0].deadline <= rs_clock_mono() + RS_CONTAINERS_WAIT_NS);
	assert_true(waits(c, inode("cg/docker/" A), now));

	rows = rows_of(c, rs_clock_mono());
	assert_int_equal(rows.n, 1);
	assert_string_equal(rows.row[0].cgroup, "/docker/" A);
	assert_int_equal(rows.row[0].pid, 31);
	assert_int_equal(rows.row[0].since, 0);
	assert_null(rows.row[0].source);

	/* The record of what the scan has seen comes late, and says who made it. */
	group_made(c, inode("cg/docker/" A), "/docker/" A);
	assert_int_equal(disk.n_questions, 2);
	assert_int_equal(last_question()->maker_pid, 77);
	assert_int_equal(stats(c).containers, 1);

	/* A scan once more changes nothing. */
	assert_int_equal(rs_containers_scan(c, NULL), 0);
	assert_int_equal(disk.n_questions, 2);
	end(c);
}

/* --- gone --- */

static void test_gone(void **state)
{
	struct rs_containers *c = make(NULL, 0, 0);
	uint64_t now = rs_clock_mono();

	(void)state;
	group_made(c, 3, "/docker/" A);
	group_made(c, 4, "/docker/" A "/sub");
	group_removed(c, 4);
	assert_int_equal(stats(c).running, 1);
	group_removed(c, 3);
	group_removed(c, 3);
	assert_int_equal(stats(c).running, 0);
	assert_int_equal(rows_of(c, now).row[0].gone, boot + 3);
	rs_containers_tick(c, now);
	rs_containers_tick(c, now + RS_CONTAINERS_KEEP_NS - 1);
	expect_id(c, 3, A);
	expect_id(c, 4, A);
	rs_containers_tick(c, now + RS_CONTAINERS_KEEP_NS);
	assert_null(find(c, 3));
	assert_int_equal(stats(c).containers, 0);
	assert_int_equal(stats(c).cgroups, 0);
	end(c);
}

/* The same container, started again. */
static void test_restart(void **state)
{
	struct rs_containers *c = make(LOOKUP, 0, 0);
	uint64_t now = rs_clock_mono();
	struct rs_metadata *m;

	(void)state;
	group_made(c, 3, "/docker/" A);
	answer(last_question()->cookie, metadata("web"));
	rs_containers_tick(c, now);
	assert_non_null(find(c, 3));
	group_removed(c, 3);
	group_made(c, 4, "/docker/" A);
	assert_int_equal(disk.n_questions, 2);
	assert_true(disk.questions[0].cookie != disk.questions[1].cookie);
	/* An answer to the old question is the old one's, as what it was called is. */
	assert_true(waits(c, 4, now));
	assert_null(container_of(c, 4)->name);
	m = metadata("renamed");
	m->container.image = NULL;
	answer(disk.questions[0].cookie, metadata("late"));
	answer(disk.questions[1].cookie, m);
	rs_containers_tick(c, now);
	assert_string_equal(container_of(c, 3)->name, "late");
	assert_string_equal(container_of(c, 4)->name, "renamed");
	assert_null(container_of(c, 4)->image);
	assert_int_equal(stats(c).running, 1);
	assert_int_equal(rows_of(c, now).n, 2);
	assert_int_equal(rows_of(c, now).row[1].since, boot + 4);
	rs_containers_tick(c, now + 2 * RS_CONTAINERS_KEEP_NS);
	assert_null(find(c, 3));
	expect_id(c, 4, A);
	end(c);
}

/* The end of the first was not heard of. */
static void test_restart_unheard(void **state)
{
	struct rs_containers *c = make(LOOKUP, 0, 0);
	uint64_t now = rs_clock_mono();

	(void)state;
	group_made(c, 3, "/docker/" A);
	group_made(c, 4, "/docker/" A "/sub");
	answer(disk.questions[0].cookie, metadata("web"));
	rs_containers_tick(c, now);
	group_made(c, 5, "/docker/" A);
	group_made(c, 6, "/docker/" A "/sub");
	assert_int_equal(stats(c).running, 1);
	assert_string_equal(container_of(c, 4)->name, "web");
	assert_null(container_of(c, 6)->name);
	end(c);
}

/* What was made and removed while records were lost, containers or not. */
static void test_rescan(void **state)
{
	struct rs_containers *c = make(LOOKUP, 0, 0);
	uint64_t now = rs_clock_mono(), lost, kept;

	(void)state;
	make_dir("cg/system.slice/a.service");
	make_dir("cg/system.slice/b.service");
	make_dir("cg/docker/" A);
	assert_int_equal(rs_containers_scan(c, NULL), 0);
	lost = inode("cg/system.slice/a.service");
	kept = inode("cg/system.slice/b.service");
	make_dir("cg/docker/" B);
	assert_int_equal(rmdir("cg/system.slice/a.service"), 0);
	assert_int_equal(rmdir("cg/docker/" A), 0);
	rs_containers_rescan(c);
	expect_id(c, inode("cg/docker/" B), B);
	assert_int_equal(stats(c).running, 1);
	/* Not at once again, but in its time. */
	assert_int_equal(rmdir("cg/docker/" B), 0);
	rs_containers_rescan(c);
	assert_int_equal(stats(c).running, 1);
	now = rs_clock_mono();
	rs_containers_tick(c, now);
	rs_containers_tick(c, now + 11 * RS_NSEC_PER_SEC);
	assert_int_equal(stats(c).running, 0);
	rs_containers_tick(c, now + 12 * RS_NSEC_PER_SEC);
	rs_containers_tick(c, now + 12 * RS_NSEC_PER_SEC + RS_CONTAINERS_KEEP_NS);
	assert_null(find(c, lost));
	assert_non_null(find(c, kept));
	end(c);
}

/* A process that left the container is its no more. */
static void test_pid_gone(void **state)
{
	static const char procs[] = "cg/docker/" A "/cgroup.procs";
	struct rs_containers *c = make(LOOKUP, 0, 0);
	uint64_t now = rs_clock_mono();

	(void)state;
	make_dir("cg/docker/" A);
	assert_int_equal(rs_fd_replace_file(procs, "31\n40\n", 6, 0644, NULL), 0);
	assert_int_equal(rs_containers_scan(c, NULL), 0);
	assert_int_equal(rows_of(c, now).row[0].pid, 31);
	rs_containers_tick(c, now + 2 * RS_NSEC_PER_SEC);
	assert_int_equal(rows_of(c, now).row[0].pid, 31);
	assert_int_equal(rs_fd_replace_file(procs, "40\n", 3, 0644, NULL), 0);
	rs_containers_tick(c, now + 4 * RS_NSEC_PER_SEC);
	assert_int_equal(rows_of(c, now).row[0].pid, 40);
	assert_int_equal(rs_fd_replace_file(procs, "", 0, 0644, NULL), 0);
	rs_containers_tick(c, now + 6 * RS_NSEC_PER_SEC);
	assert_int_equal(rows_of(c, now).row[0].pid, 0);
	end(c);
}

/* What a walk has found already outlives what records tell of its forerunner. */
static void test_forerunner(void **state)
{
	struct rs_containers *c = make(LOOKUP, 0, 0);
	uint64_t id;

	(void)state;
	make_dir("cg/docker/" A);
	assert_int_equal(rs_containers_scan(c, NULL), 0);
	id = inode("cg/docker/" A);
	group_made(c, id + 1, "/docker/" A);
	group_removed(c, id + 1);
	assert_int_equal(stats(c).running, 1);
	group_made(c, id, "/docker/" A);
	group_made(c, id + 2, "/docker/" A "/x");
	assert_ptr_equal(container_of(c, id), container_of(c, id + 2));
	end(c);
}

/* --- users --- */

#define OWN "/user.slice/user-1000.slice/user@1000.service/app.slice"

/* The id of another's container in one's own tree. */
static void test_borrowed_id(void **state)
{
	struct rs_containers *c = make(LOOKUP, 0, 0);
	uint64_t now = rs_clock_mono();
	struct rs_metadata *m;

	(void)state;
	group_made(c, 3, POD "/" A);
	answer(last_question()->cookie, metadata("web"));
	rs_containers_tick(c, now);
	maker_uid = 1000;
	group_made(c, 4, OWN "/docker-" A ".scope");
	group_made(c, 5, OWN "/docker-" A ".scope/sub");
	expect_id(c, 4, A);
	assert_ptr_equal(container_of(c, 4), container_of(c, 5));
	assert_ptr_not_equal(container_of(c, 3), container_of(c, 4));
	assert_null(container_of(c, 4)->name);
	assert_int_equal(container_of(c, 4)->owner, 1000);
	assert_int_equal(container_of(c, 3)->owner, 0);
	assert_int_equal(last_question()->uid, 1000);
	assert_int_equal(stats(c).containers, 2);

	/* He says that it is a pod. */
	m = metadata("mine");
	m->container.owner = 1000;
	m->container.pod_name = "kube-proxy";
	m->container.namespace = "kube-system";
	m->container.sandbox = true;
	answer(disk.questions[1].cookie, m);
	rs_containers_tick(c, now);
	assert_string_equal(container_of(c, 4)->name, "mine");
	assert_null(container_of(c, 4)->pod_name);
	assert_null(container_of(c, 4)->namespace);
	assert_false(container_of(c, 4)->sandbox);
	assert_string_equal(container_of(c, 3)->name, "web");
	assert_string_equal(container_of(c, 3)->pod_uid, D);

	/* The same once the real one is gone. */
	group_removed(c, 3);
	group_made(c, 6, OWN "/2/docker-" A ".scope");
	assert_ptr_not_equal(container_of(c, 3), container_of(c, 6));
	assert_null(container_of(c, 6)->name);
	end(c);
}

/* Shapes of Kubernetes, made by a user. */
static void test_users_pods(void **state)
{
	struct rs_containers *c = make(LOOKUP, 0, 0);
	const struct rs_event_container *k;

	(void)state;
	maker_uid = 1000;
	list.pod.pod = (struct rs_event_container){ .pod_name = "p", .pod_uid = D };
	list.pod.containers = (const struct rs_kube_container[]){ { .id = A, .name = "app" } };
	list.pod.n_containers = 1;
	list.listed = true;
	rs_containers_set_kube(c, KUBE);
	group_made(c, 3, OWN POD "/" A);
	group_made(c, 4, "/system.slice/x.service" POD "/crio-" A);
	change(c, RS_KIND_CGROUP_MKDIR, 5, 0, OWN "/crio-" A ".scope", 1); /* systemd's own */
	for (uint64_t id = 3; id <= 5; id++) {
		k = container_of(c, id);
		assert_non_null(k);
		assert_null(k->pod_uid);
		assert_null(k->pod_name);
		assert_null(k->runtime);
		assert_null(k->name);
		assert_int_equal(k->owner, 1000);
	}
	assert_int_equal(list.asked, 0);
	/* But for those that root made, wherever. */
	maker_uid = 0;
	group_made(c, 6, "/system.slice/x.service" POD "/" B);
	assert_string_equal(container_of(c, 6)->pod_uid, D);
	end(c);
}

/* What somebody in a container does is no word of its maker. */
static void test_makers_inside(void **state)
{
	struct rs_containers *c = make(LOOKUP, 0, 0);

	(void)state;
	change(c, RS_KIND_CGROUP_MKDIR, 3, 0, "/system.slice/docker-" A ".scope", 1);
	maker_uid = 1000;
	group_made(c, 4, "/system.slice/docker-" A ".scope/x");
	for (unsigned i = 0; i < disk.n_questions; i++) {
		assert_int_equal(disk.questions[i].maker_pid, 0);
		assert_string_equal(disk.questions[i].args, "");
	}
	assert_int_equal(container_of(c, 4)->owner, 0);
	end(c);
}

/* Removed while records were lost. */
static void test_gone_unheard(void **state)
{
	struct rs_containers *c = make(NULL, 0, 0);
	uint64_t now = rs_clock_mono(), kept, lost;

	(void)state;
	make_dir("cg/docker/" A);
	make_dir("cg/docker/" B);
	assert_int_equal(rs_containers_scan(c, NULL), 0);
	kept = inode("cg/docker/" A);
	lost = inode("cg/docker/" B);
	assert_int_equal(rmdir("cg/docker/" B), 0);
	rs_containers_tick(c, now + 2 * RS_NSEC_PER_SEC);
	assert_int_equal(stats(c).running, 1);
	rs_containers_tick(c, now + 4 * RS_NSEC_PER_SEC + RS_CONTAINERS_KEEP_NS);
	expect_id(c, kept, A);
	assert_null(find(c, lost));
	end(c);
}

/* --- room --- */

static void test_room_groups(void **state)
{
	struct rs_containers *c = make(NULL, 8, 0);
	char path[128];

	(void)state;
	group_made(c, 1, "/docker/" A);
	group_made(c, 2, "/docker/" A "/x");
	group_removed(c, 2);
	for (uint64_t id = 3; id <= 8; id++) {
		snprintf(path, sizeof(path), "/system.slice/a%u.service", (unsigned)id);
		group_made(c, id, path);
	}
	assert_int_equal(stats(c).evicted, 0);
	assert_int_equal(stats(c).cgroups, 8);
	group_made(c, 9, "/system.slice/b.service");
	assert_null(find(c, 2)); /* what is gone goes first */
	expect_id(c, 1, A);
	for (uint64_t id = 10; id <= 40; id++) {
		snprintf(path, sizeof(path), "/docker/" A "/%u", (unsigned)id);
		group_made(c, id, path);
	}
	assert_int_equal(stats(c).cgroups, 8);
	assert_int_equal(stats(c).evicted, 32);
	expect_id(c, 40, A);
	end(c);
}

static void test_room_containers(void **state)
{
	struct rs_containers *c = make(LOOKUP, 0, 3);
	char path[128];

	(void)state;
	group_made(c, 1, "/docker/" A);
	group_made(c, 2, "/docker/" A "/x");
	group_made(c, 3, "/docker/" B);
	group_made(c, 4, "/myc");
	group_removed(c, 3);
	assert_int_equal(stats(c).evicted, 0);
	group_made(c, 5, "/system.slice/docker-000000000000.scope");
	assert_null(find(c, 3)); /* what is gone goes first */
	expect_id(c, 1, A);
	group_made(c, 6, "/system.slice/docker-111111111111.scope");
	expect_id(c, 1, A);
	assert_false(waits(c, 4, 0)); /* then a candidate, which loses only its chance */
	assert_non_null(find(c, 4));
	group_made(c, 7, "/system.slice/docker-222222222222.scope");
	assert_null(find(c, 1)); /* then the oldest, all of it */
	assert_null(find(c, 2));
	assert_int_equal(stats(c).evicted, 3);
	assert_int_equal(stats(c).containers, 3);
	assert_int_equal(stats(c).pending, 3);
	/* Answers to questions about those that are gone. */
	for (unsigned i = 0; i < 3; i++)
		answer(disk.questions[i].cookie, metadata("old"));
	rs_containers_tick(c, rs_clock_mono());
	assert_null(container_of(c, 7)->name);
	for (unsigned i = 0; i < 40; i++) {
		snprintf(path, sizeof(path), "/lxc/c%u", i);
		group_made(c, 100 + i, path);
	}
	assert_int_equal(stats(c).containers, 3);
	expect_id(c, 139, "c39");
	end(c);
}

/* --- numbers that nobody told of --- */

static void test_unknown(void **state)
{
	struct rs_cgroup_tree tree;
	struct rs_containers_options options = { .tree = &tree };
	struct rs_containers *c = NULL;
	char full[600];
	uint64_t id = 0, left = 0;
	unsigned unknown;

	(void)state;
	if (rs_cgroup_choose("/proc", &tree, NULL) < 0)
		skip();
	snprintf(full, sizeof(full), "%s/rs-unknown-%d", tree.mount, (int)getpid());
	if (mkdir(full, 0755) < 0)
		skip();
	assert_int_equal(rs_cgroup_id(&tree, strrchr(full, '/'), &id), 0);
	left = id + 4000000;
	assert_int_equal(rs_containers_new(&options, &c, NULL), 0);
	/* By its number, or, without the right to that, by a walk. */
	assert_non_null(find(c, id));
	assert_string_equal(find(c, id)->path, strrchr(full, '/'));
	assert_int_equal(rmdir(full), 0);
	assert_non_null(find(c, id));
	for (int i = 0; i < 5000; i++)
		assert_null(find(c, left + (unsigned)i));
	unknown = (unsigned)stats(c).events_unknown;
	assert_int_equal(unknown, 5000);
	rs_containers_free(&c);
}

/* --- users, rates --- */

static void test_users(void **state)
{
	struct rs_containers *c = make(LOOKUP, 0, 0);
	struct rs_hdr hdr = event_in(3);
	struct rs_users *users = NULL;
	uint32_t uid = 1, gid = 1;
	struct rs_metadata *m;

	(void)state;
	hdr.uid = 100033;
	hdr.gid = 7;
	assert_false(rs_containers_users(c, &hdr, &users, &uid, &gid));
	group_made(c, 3, "/docker/" A);
	group_made(c, 4, "/system.slice/x.service");
	assert_true(rs_containers_users(c, &hdr, &users, &uid, &gid));
	assert_null(users);
	assert_int_equal(uid, 100033);
	assert_int_equal(gid, 7);

	m = metadata("web");
	m->users = (struct rs_users *)&hdr; /* only passed on */
	m->uid_map[0] = (struct rs_metadata_map){ .first = 0, .host = 1000, .count = 1 };
	m->uid_map[1] = (struct rs_metadata_map){ .first = 1, .host = 100000, .count = 65536 };
	m->n_uid_map = 2;
	answer(last_question()->cookie, m);
	rs_containers_tick(c, rs_clock_mono());
	assert_true(rs_containers_users(c, &hdr, &users, &uid, &gid));
	assert_ptr_equal(users, &hdr);
	assert_int_equal(uid, 34);
	assert_int_equal(gid, 7);
	hdr.uid = 1000;
	assert_true(rs_containers_users(c, &hdr, &users, &uid, &gid));
	assert_int_equal(uid, 0);
	hdr.uid = 165536;
	assert_true(rs_containers_users(c, &hdr, &users, &uid, &gid));
	assert_int_equal(uid, 65534);
	hdr.cgroup = 4;
	assert_false(rs_containers_users(c, &hdr, &users, &uid, &gid));
	end(c);
}

static void test_rate(void **state)
{
	struct rs_containers *c = make(NULL, 0, 0);
	uint64_t now = rs_clock_mono();
	double rate;

	(void)state;
	make_dir("cg");
	group_made(c, 3, "/docker/" A);
	make_dir("cg/docker/" A);
	for (int second = 0; second < 30; second++) {
		for (int i = 0; i < 50; i++)
			assert_non_null(find(c, 3));
		now += RS_NSEC_PER_SEC;
		rs_containers_tick(c, now);
	}
	assert_int_equal(rows_of(c, now).row[0].events, 1500);
	rate = rows_of(c, now).row[0].rate;
	assert_true(rate > 45 && rate < 55);
	for (int second = 0; second < 12; second++) {
		now += RS_NSEC_PER_SEC;
		rs_containers_tick(c, now);
	}
	assert_true(rows_of(c, now).row[0].rate < 0.001);
	end(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_records),       scratch_test(test_bad_records),
		scratch_test(test_scan),          scratch_test(test_gone),
		scratch_test(test_restart),       scratch_test(test_gone_unheard),
		scratch_test(test_room_groups),   scratch_test(test_room_containers),
		scratch_test(test_unknown),       scratch_test(test_users),
		scratch_test(test_rate),          scratch_test(test_restart_unheard),
		scratch_test(test_borrowed_id),   scratch_test(test_users_pods),
		scratch_test(test_makers_inside), scratch_test(test_rescan),
		scratch_test(test_pid_gone),      scratch_test(test_forerunner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
