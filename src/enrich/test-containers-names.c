/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/testing-containers.h"
/* keep order: cmocka first */
#include "enrich/containers-internal.h"

/* --- names --- */

static void test_answer(void **state)
{
	struct rs_containers *c = make(LOOKUP, 0, 0);
	uint64_t now = rs_clock_mono();
	struct rs_metadata *m;

	(void)state;
	group_made(c, 3, "/docker/" A);
	assert_string_equal(last_question()->id, A);
	assert_string_equal(last_question()->args, "runc");
	assert_string_equal(last_question()->cwd, "/b");
	assert_int_equal(last_question()->maker_pid, 77);
	assert_true(last_question()->deadline > now + RS_CONTAINERS_WAIT_NS);

	assert_true(waits(c, 3, now));
	assert_false(waits(c, 3, rs_clock_mono() + RS_CONTAINERS_WAIT_NS));
	assert_null(container_of(c, 3)->name);
	assert_int_equal(stats(c).events_unnamed, 1);
	assert_int_equal(stats(c).pending, 1);

	m = metadata("web");
	m->container.runtime = "other";
	answer(last_question()->cookie, m);
	rs_containers_tick(c, now);
	assert_false(waits(c, 3, now));
	assert_string_equal(container_of(c, 3)->name, "web");
	assert_string_equal(container_of(c, 3)->image, "registry/app:1");
	assert_string_equal(container_of(c, 3)->runtime, "other");
	assert_string_equal(container_of(c, 3)->id, A);
	assert_int_equal(stats(c).named, 1);
	assert_int_equal(stats(c).pending, 0);
	assert_int_equal(stats(c).events_unnamed, 1);
	assert_string_equal(rows_of(c, now).row[0].source, "test");

	/* Answers that nobody waits for. */
	answer(0, metadata("x"));
	answer(UINT64_MAX, metadata("x"));
	answer(1ull << 32 | 77, NULL);
	rs_containers_tick(c, now);
	assert_string_equal(container_of(c, 3)->name, "web");
	end(c);
}

static void test_late_answer(void **state)
{
	struct rs_containers *c = make(LOOKUP, 0, 0);
	uint64_t now = rs_clock_mono();

	(void)state;
	group_made(c, 3, "/docker/" A);
	group_made(c, 4, "/docker/" B);
	rs_containers_tick(c, now + 2 * RS_CONTAINERS_WAIT_NS);
	assert_int_equal(stats(c).unnamed, 2);
	assert_int_equal(stats(c).pending, 2);
	answer(disk.questions[0].cookie, metadata("late"));
	answer(disk.questions[1].cookie, NULL);
	rs_containers_tick(c, now + 3 * RS_CONTAINERS_WAIT_NS);
	assert_string_equal(container_of(c, 3)->name, "late");
	expect_id(c, 4, B);
	assert_null(container_of(c, 4)->name);
	assert_int_equal(stats(c).unnamed, 2);
	assert_int_equal(stats(c).named, 0);
	assert_int_equal(stats(c).pending, 0);
	assert_false(waits(c, 4, now));
	end(c);
}

/* systemd makes the group, the runtime one below it. */
static void test_maker_below(void **state)
{
	struct rs_containers *c = make(LOOKUP, 0, 0);
	uint64_t now = rs_clock_mono();

	(void)state;
	change(c, RS_KIND_CGROUP_MKDIR, 3, 0, "/machine.slice/libpod-" A ".scope", 1);
	assert_int_equal(disk.n_questions, 1);
	assert_int_equal(last_question()->maker_pid, 0);
	assert_string_equal(last_question()->args, "");
	group_made(c, 4, "/machine.slice/libpod-" A ".scope/container");
	assert_int_equal(disk.n_questions, 2);
	assert_int_equal(last_question()->maker_pid, 77);

	/* One empty answer is not the end while another may come. */
	answer(disk.questions[0].cookie, NULL);
	rs_containers_tick(c, now);
	assert_true(waits(c, 4, now));
	answer(disk.questions[1].cookie, metadata("pod"));
	rs_containers_tick(c, now);
	assert_string_equal(container_of(c, 4)->name, "pod");
	assert_string_equal(rows_of(c, now).row[0].cgroup, "/machine.slice/libpod-" A ".scope");
	end(c);
}

static void test_better_answer(void **state)
{
	struct rs_containers *c = make(LOOKUP, 0, 0);
	uint64_t now = rs_clock_mono(), cookie;
	struct rs_metadata *m = metadata("half");
	struct rs_hdr exec = event_in(3);

	(void)state;
	group_made(c, 3, "/docker/" A);
	cookie = last_question()->cookie;
	m->container.image = NULL;
	answer(cookie, m);
	answer(cookie, metadata("whole"));
	rs_containers_tick(c, now);
	assert_string_equal(container_of(c, 3)->name, "whole");
	m = metadata("half");
	m->container.image = NULL;
	answer(cookie, m);
	rs_containers_tick(c, now);
	assert_string_equal(container_of(c, 3)->name, "whole");

	/* Whoever runs a program in it has its root: users can be read there. */
	assert_int_equal(disk.n_questions, 1);
	assert_int_equal(rows_of(c, now).row[0].pid, 500);
	exec.kind = RS_KIND_EXEC;
	exec.pid = 600;
	rs_containers_find(c, &exec);
	assert_int_equal(disk.n_questions, 2);
	assert_int_equal(last_question()->pid, 600);
	rs_containers_find(c, &exec);
	assert_int_equal(disk.n_questions, 2);
	assert_false(waits(c, 3, now)); /* not for users */
	end(c);
}

static void test_refused(void **state)
{
	struct rs_containers *c = make(LOOKUP, 0, 0);
	uint64_t now = rs_clock_mono();

	(void)state;
	disk.refuse = -EAGAIN;
	group_made(c, 3, "/docker/" A);
	group_made(c, 4, "/docker/" B);
	group_made(c, 5, "/maybe");
	assert_true(waits(c, 3, now));
	rs_containers_tick(c, now);
	disk.refuse = 0;
	assert_int_equal(disk.n_questions, 0);
	rs_containers_tick(c, now);
	assert_int_equal(disk.n_questions, 3);
	answer(disk.questions[0].cookie, metadata("web"));
	rs_containers_tick(c, now);
	assert_string_equal(container_of(c, 3)->name, "web");

	/* It never gets a turn. */
	disk.refuse = -EAGAIN;
	group_made(c, 6, "/perhaps");
	rs_containers_tick(c, now + 10 * RS_NSEC_PER_SEC);
	assert_int_equal(stats(c).pending, 2);
	disk.refuse = -ENOMEM;
	group_made(c, 7, "/system.slice/docker-0123456789ab.scope");
	group_made(c, 8, "/no");
	assert_int_equal(stats(c).pending, 2);
	assert_false(waits(c, 7, now));
	expect_id(c, 7, "0123456789ab");
	end(c);
}

/* --- any name --- */

static void test_by_hand(void **state)
{
	struct rs_containers *c = make(LOOKUP, 0, 0);
	uint64_t now = rs_clock_mono();

	(void)state;
	group_made(c, 2, "/mine");
	group_made(c, 3, "/mine/myc");
	change(c, RS_KIND_CGROUP_MKDIR, 4, 3, "/mine/myc/system.slice", 77);
	assert_int_equal(disk.n_questions, 2);
	assert_string_equal(disk.questions[1].id, "myc");
	assert_true(waits(c, 3, now));
	assert_true(waits(c, 4, now)); /* one above may be a container */
	expect_id(c, 3, NULL);         /* nobody sees it */
	assert_int_equal(stats(c).containers, 0);
	assert_int_equal(rows_of(c, now).n, 0);

	answer(disk.questions[0].cookie, NULL);
	answer(disk.questions[1].cookie, metadata("myc"));
	rs_containers_tick(c, now);
	expect_id(c, 2, NULL);
	expect_id(c, 3, "myc");
	expect_id(c, 4, "myc");
	assert_false(waits(c, 2, now));
	assert_false(waits(c, 3, now));
	assert_false(waits(c, 4, now));
	assert_int_equal(stats(c).containers, 1);
	assert_int_equal(stats(c).named, 1);
	assert_int_equal(stats(c).unnamed, 0);
	assert_string_equal(rows_of(c, now).row[0].cgroup, "/mine/myc");

	/* What comes below later belongs to it, and the disk is not asked. */
	group_made(c, 5, "/mine/myc/sub");
	expect_id(c, 5, "myc");
	assert_int_equal(disk.n_questions, 2);
	/* But for what is a container by its own path. */
	group_made(c, 6, "/mine/myc/docker/" A);
	expect_id(c, 6, A);
	end(c);
}

static void test_nested_by_hand(void **state)
{
	struct rs_containers *c = make(LOOKUP, 0, 0);
	uint64_t now = rs_clock_mono();

	(void)state;
	group_made(c, 2, "/outer");
	group_made(c, 3, "/outer/inner");
	group_made(c, 4, "/outer/inner/a.scope");
	group_made(c, 5, "/outer/b.service");
	assert_string_equal(find(c, 5)->unit, "b.service");
	answer(disk.questions[1].cookie, metadata("inner"));
	rs_containers_tick(c, now);
	expect_id(c, 4, "inner");
	expect_id(c, 5, NULL);
	answer(disk.questions[0].cookie, metadata("outer"));
	rs_containers_tick(c, now);
	expect_id(c, 2, "outer");
	expect_id(c, 3, "inner");
	expect_id(c, 4, "inner");
	expect_id(c, 5, "outer");
	assert_null(find(c, 5)->unit);
	end(c);
}

/* The same name again: another group, another container. */
static void test_same_name(void **state)
{
	struct rs_containers *c = make(LOOKUP, 0, 0);
	uint64_t now = rs_clock_mono();

	(void)state;
	group_made(c, 3, "/myc");
	answer(last_question()->cookie, metadata("first"));
	rs_containers_tick(c, now);
	group_removed(c, 3);
	group_made(c, 4, "/myc");
	assert_int_equal(disk.n_questions, 2);
	assert_true(disk.questions[0].cookie != disk.questions[1].cookie);
	answer(last_question()->cookie, metadata("second"));
	rs_containers_tick(c, now);
	assert_string_equal(container_of(c, 3)->name, "first");
	assert_string_equal(container_of(c, 4)->name, "second");
	assert_int_equal(stats(c).running, 1);
	assert_int_equal(stats(c).containers, 2);

	/* Its path is the newer one's. */
	change(c, RS_KIND_CGROUP_MKDIR, 5, 0, "/myc/x", 77);
	assert_string_equal(container_of(c, 5)->name, "second");
	rs_containers_tick(c, now + RS_CONTAINERS_KEEP_NS + 1);
	assert_null(find(c, 3));
	expect_id(c, 4, "myc");
	end(c);
}

/* Dead before its name comes. */
static void test_short_life(void **state)
{
	struct rs_containers *c = make(LOOKUP, 0, 0);
	uint64_t now = rs_clock_mono();

	(void)state;
	group_made(c, 3, "/myc");
	group_removed(c, 3);
	group_made(c, 4, "/docker/" A);
	group_removed(c, 4);
	assert_true(waits(c, 3, now));
	answer(disk.questions[0].cookie, metadata("short"));
	answer(disk.questions[1].cookie, metadata("too"));
	rs_containers_tick(c, now);
	assert_string_equal(container_of(c, 3)->name, "short");
	assert_string_equal(container_of(c, 4)->name, "too");
	assert_int_equal(rows_of(c, now).n, 2);
	assert_int_equal(rows_of(c, now).row[0].gone, boot + 3);
	assert_int_equal(rows_of(c, now).row[1].gone, boot + 4);
	end(c);
}

/* --- those who ask for much --- */

static struct rs_hdr runc_of(uint64_t id, const char *path, struct rs_containers *c)
{
	static const char args[] = "runc\0run\0job";
	struct rs_containers_maker maker = { .args = args, .args_len = sizeof(args), .cwd = "/" };
	struct rs_cgroup_change record = {
		.hdr = { .kind = RS_KIND_CGROUP_MKDIR, .pid = 9, .time = boot, .uid = maker_uid },
		.id = id,
	};
	struct rs_event event = { .change = &record };

	event.field[RS_TAG_CGROUP] = (struct rs_text){ path, (uint32_t)strlen(path), 0 };
	rs_containers_feed(c, &event, &maker);
	return event_in(id);
}

static void test_quota(void **state)
{
	struct rs_containers *c = make(LOOKUP, 0, 0);
	uint64_t now = rs_clock_mono();
	char path[64];

	(void)state;
	maker_uid = 1000;
	for (unsigned i = 0; i < 200; i++) {
		snprintf(path, sizeof(path), "/system.slice/x.service/any%u", i);
		group_made(c, 10 + i, path);
	}
	assert_int_equal(disk.n_questions, RS_CONTAINERS_QUOTA);
	assert_int_equal(stats(c).pending, RS_CONTAINERS_QUOTA);
	assert_true(last_question()->doubtful);
	assert_true(last_question()->deadline <= rs_clock_mono() + RS_CONTAINERS_DOUBT_NS);
	/* Nobody knows, of those that wait and of those that were turned away. */
	assert_non_null(find(c, 10));
	assert_non_null(find(c, 200));
	assert_int_equal(stats(c).events_unnamed, 2);
	assert_false(waits(c, 200, now));
	/* Others have their own. */
	maker_uid = 0;
	runc_of(300, "/job", c);
	assert_int_equal(disk.n_questions, RS_CONTAINERS_QUOTA + 1);
	assert_false(last_question()->doubtful);
	assert_true(last_question()->deadline > now + RS_CONTAINERS_WAIT_NS);
	/* What is answered makes room; what is none for good is not counted. */
	for (unsigned i = 0; i < RS_CONTAINERS_QUOTA; i++)
		answer(disk.questions[i].cookie, NULL);
	rs_containers_tick(c, now);
	assert_non_null(find(c, 10));
	assert_int_equal(stats(c).events_unnamed, 2);
	assert_non_null(find(c, 200));
	assert_int_equal(stats(c).events_unnamed, 3);
	maker_uid = 1000;
	group_made(c, 301, "/system.slice/x.service/more");
	assert_int_equal(disk.n_questions, RS_CONTAINERS_QUOTA + 2);
	/* When a group goes, nobody waits for its name any longer than needed. */
	assert_int_equal(disk.hurried, 0);
	group_removed(c, 301);
	assert_int_equal(disk.hurried, 1);
	end(c);
}

/* Labels and users of a user's containers: of some. */
static void test_kept(void **state)
{
	static const struct rs_event_label label = { "a", "b" };
	struct rs_containers *c = make(LOOKUP, 0, 0);
	char path[64];

	(void)state;
	maker_uid = 1000;
	for (unsigned i = 0; i < RS_CONTAINERS_KEPT + 2; i++) {
		struct rs_metadata *m = metadata("x");

		m->container.labels = &label;
		m->container.n_labels = 1;
		snprintf(path, sizeof(path), "/lxc/c%u", i);
		group_made(c, 10 + i, path);
		answer(last_question()->cookie, m);
		rs_containers_tick(c, rs_clock_mono());
		assert_string_equal(container_of(c, 10 + i)->name, "x");
		assert_int_equal(container_of(c, 10 + i)->n_labels, i < RS_CONTAINERS_KEPT);
	}
	assert_string_equal(last_question()->cgroup, path);
	end(c);
}

/* In a user's own tree only what a runtime makes is looked for. */
static void test_own_tree(void **state)
{
	struct rs_containers *c = make(LOOKUP, 0, 0);

	(void)state;
	maker_uid = 1000;
	group_made(c, 3, "/user.slice/user-1000.slice/user@1000.service/any");
	assert_int_equal(disk.n_questions, 0);
	assert_non_null(find(c, 3));
	assert_int_equal(stats(c).events_unnamed, 0);
	runc_of(4, "/user.slice/user-1000.slice/user@1000.service/job", c);
	assert_int_equal(disk.n_questions, 1);
	end(c);
}

/* A record that came late has waited already. */
static void test_late_record(void **state)
{
	struct rs_containers *c = make(LOOKUP, 0, 0);
	uint64_t now = rs_clock_mono();

	(void)state;
	group_made(c, 3, "/docker/" A);
	assert_true(waits(c, 3, now));
	boot -= 2 * RS_CONTAINERS_WAIT_NS;
	group_made(c, 4, "/docker/" B);
	assert_false(waits(c, 4, rs_clock_mono()));
	assert_int_equal(disk.n_questions, 2);
	end(c);
}

/* --- the pod list --- */

static const struct rs_event_label labels[] = { { "app", "web" }, { "tier", "front" } };
static const struct rs_kube_container listed[] = { { .id = B, .name = "app", .image = "img:2" } };

static void test_kube(void **state)
{
	struct rs_containers *c = make(LOOKUP, 0, 0);
	const struct rs_event_container *k;
	char uid[] = D, name[] = "web-1";
	uint64_t now = rs_clock_mono();
	struct rs_metadata *m;

	(void)state;
	list.pod.pod = (struct rs_event_container){ .pod_name = name,
						    .pod_uid = uid,
						    .namespace = "shop",
						    .node = "n1",
						    .pod_ip = "10.0.0.7",
						    .owner_kind = "ReplicaSet",
						    .owner_name = "web",
						    .labels = labels,
						    .n_labels = 2 };
	list.pod.containers = listed;
	list.pod.n_containers = 1;
	list.version = 1;
	group_made(c, 3, POD "/" A);
	rs_containers_set_kube(c, KUBE);
	assert_int_equal(list.asked, 1);
	group_made(c, 4, "/docker/" B);
	expect_id(c, 4, B);
	assert_null(container_of(c, 4)->pod_name);
	assert_int_equal(stats(c).events_unnamed, 2);

	list.listed = true;
	list.version = 2;
	rs_containers_tick(c, now);
	assert_false(waits(c, 3, now));
	k = container_of(c, 3);
	assert_string_equal(k->pod_name, "web-1");
	assert_string_equal(k->namespace, "shop");
	assert_string_equal(k->owner_kind, "ReplicaSet");
	assert_int_equal(k->n_labels, 2);
	assert_string_equal(k->labels[1].value, "front");
	assert_null(k->name);
	assert_int_equal(stats(c).events_unnamed, 2);
	k = container_of(c, 4); /* found by its id */
	assert_string_equal(k->name, "app");
	assert_string_equal(k->image, "img:2");
	assert_string_equal(k->pod_uid, D);
	assert_string_equal(rows_of(c, now).row[0].source, "pod list");

	/* One that goes by its id has no name on the disk. */
	answer(disk.questions[1].cookie, metadata(B));
	rs_containers_tick(c, now);
	assert_string_equal(container_of(c, 4)->name, "app");

	/* The disk knows the container itself better, and a sandbox is one still. */
	m = metadata("POD");
	m->container.sandbox = true;
	m->container.namespace = "old";
	answer(disk.questions[0].cookie, m);
	rs_containers_tick(c, now);
	k = container_of(c, 3);
	assert_string_equal(k->name, "POD");
	assert_true(k->sandbox);
	assert_string_equal(k->pod_name, "web-1");
	assert_string_equal(k->namespace, "shop");

	/* What the list said stays, though the list's memory is used again, and after the pod left it. */
	memset(uid, 'x', sizeof(uid) - 1);
	memset(name, 'x', sizeof(name) - 1);
	assert_string_equal(container_of(c, 3)->pod_name, "web-1");
	list.listed = false;
	list.version = 3;
	rs_containers_tick(c, now);
	assert_string_equal(container_of(c, 3)->pod_name, "web-1");
	end(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_answer),         scratch_test(test_late_answer),
		scratch_test(test_maker_below),    scratch_test(test_better_answer),
		scratch_test(test_refused),        scratch_test(test_by_hand),
		scratch_test(test_nested_by_hand), scratch_test(test_same_name),
		scratch_test(test_short_life),     scratch_test(test_kube),
		scratch_test(test_kept),           scratch_test(test_quota),
		scratch_test(test_own_tree),       scratch_test(test_late_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
