/* SPDX-License-Identifier: Apache-2.0 */
/* The lookup and the pod list are played by the test: see the functions of that name below. */
#include "base/test-scratch.h"
/* keep order: cmocka needs what that includes */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/units.h"
#include "enrich/containers.h"
#include "enrich/lookup.h"

#define A   "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9"
#define B   "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define D   "8a3f6c1e-52d4-4b7e-9c0a-2f1d6e8b4a75"
#define POD "/kubepods/burstable/pod" D

/* --- the lookup --- */

#define QUESTIONS 64

struct question {
	char id[80], args[64], cwd[64];
	uint32_t pid, maker_pid, uid;
	uint64_t cookie, deadline;
};

struct answer {
	uint64_t cookie;
	struct rs_metadata *metadata;
};

static struct {
	struct question questions[QUESTIONS];
	struct answer answers[QUESTIONS];
	unsigned n_questions, n_answers, taken, freed, made;
	int refuse;
} disk;

static struct rs_lookup *const LOOKUP = (struct rs_lookup *)&disk;

int rs_lookup_ask(struct rs_lookup *lookup, const struct rs_metadata_question *question,
		  uint64_t cookie, uint64_t deadline)
{
	struct question *q;

	assert_ptr_equal(lookup, LOOKUP);
	if (disk.refuse)
		return disk.refuse;
	assert_true(disk.n_questions < QUESTIONS);
	q = &disk.questions[disk.n_questions++];
	*q = (struct question){ .pid = question->pid,
				.maker_pid = question->maker_pid,
				.uid = question->uid,
				.cookie = cookie,
				.deadline = deadline };
	snprintf(q->id, sizeof(q->id), "%s", question->id);
	if (question->maker_args)
		snprintf(q->args, sizeof(q->args), "%s", question->maker_args);
	if (question->maker_cwd)
		snprintf(q->cwd, sizeof(q->cwd), "%s", question->maker_cwd);
	return 0;
}

bool rs_lookup_take(struct rs_lookup *lookup, uint64_t *ret_cookie,
		    struct rs_metadata **ret_metadata)
{
	assert_ptr_equal(lookup, LOOKUP);
	if (disk.taken == disk.n_answers)
		return false;
	*ret_cookie = disk.answers[disk.taken].cookie;
	*ret_metadata = disk.answers[disk.taken++].metadata;
	return true;
}

void rs_metadata_free(struct rs_metadata **metadata)
{
	if (*metadata)
		disk.freed++;
	free(*metadata);
	*metadata = NULL;
}

static struct rs_metadata *metadata(const char *name)
{
	struct rs_metadata *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	m->container.id = "its own";
	m->container.name = name;
	m->container.image = "registry/app:1";
	strcpy(m->source, "test");
	disk.made++;
	return m;
}

static void answer(uint64_t cookie, struct rs_metadata *m)
{
	assert_true(disk.n_answers < QUESTIONS);
	disk.answers[disk.n_answers++] = (struct answer){ cookie, m };
}

static const struct question *last_question(void)
{
	assert_true(disk.n_questions > 0);
	return &disk.questions[disk.n_questions - 1];
}

/* --- the pod list --- */

static struct {
	struct rs_kube_pod pod;
	uint64_t version;
	unsigned asked;
	bool listed;
} list;

static struct rs_kube *const KUBE = (struct rs_kube *)&list;

const struct rs_kube_pod *rs_kube_find(const struct rs_kube *kube, const char *pod_uid)
{
	assert_ptr_equal(kube, KUBE);
	return list.listed && strcmp(pod_uid, list.pod.pod.pod_uid) == 0 ? &list.pod : NULL;
}

const struct rs_kube_pod *rs_kube_find_container(const struct rs_kube *kube, const char *id)
{
	assert_ptr_equal(kube, KUBE);
	for (size_t i = 0; list.listed && i < list.pod.n_containers; i++) {
		if (strcmp(list.pod.containers[i].id, id) == 0)
			return &list.pod;
	}
	return NULL;
}

uint64_t rs_kube_version(const struct rs_kube *kube)
{
	assert_ptr_equal(kube, KUBE);
	return list.version;
}

void rs_kube_ask(struct rs_kube *kube)
{
	assert_ptr_equal(kube, KUBE);
	list.asked++;
}

/* --- the test's own --- */

static struct rs_containers *make(struct rs_lookup *lookup, size_t max_cgroups,
				  size_t max_containers)
{
	struct rs_cgroup_tree tree = { .mount = "cg" }; /* in the scratch directory */
	struct rs_containers_options options = { .tree = &tree,
						 .lookup = lookup,
						 .max_cgroups = max_cgroups,
						 .max_containers = max_containers };
	struct rs_containers *c = NULL;
	struct rs_error err = RS_ERROR_INIT;

	memset(&disk, 0, sizeof(disk));
	memset(&list, 0, sizeof(list));
	assert_int_equal(rs_containers_new(&options, &c, &err), 0);
	return c;
}

/* Frees the table; every piece of metadata that it took must be free then. */
static void end(struct rs_containers *c)
{
	rs_containers_free(&c);
	assert_null(c);
	assert_int_equal(disk.freed, disk.made);
}

static const struct rs_containers_maker runc = { .args = "runc", .args_len = 5, .cwd = "/b" };

static void change(struct rs_containers *c, enum rs_kind kind, uint64_t id, uint64_t parent,
		   const char *path, uint32_t pid)
{
	struct rs_cgroup_change record = {
		.hdr = { .kind = kind, .pid = pid, .time = 1000 + id, .uid = 5 },
		.id = id,
		.parent = parent,
	};
	struct rs_event event = { .change = &record };

	strcpy(record.hdr.comm, pid == 1 ? "systemd" : "runc");
	event.field[RS_TAG_CGROUP] = (struct rs_text){ path, (uint32_t)strlen(path), 0 };
	rs_containers_feed(c, &event, pid == 1 ? NULL : &runc);
}

static void group_made(struct rs_containers *c, uint64_t id, const char *path)
{
	change(c, RS_KIND_CGROUP_MKDIR, id, 0, path, 77);
}

static void group_removed(struct rs_containers *c, uint64_t id)
{
	change(c, RS_KIND_CGROUP_RMDIR, id, 0, "/whatever", 77);
}

static struct rs_hdr event_in(uint64_t cgroup)
{
	return (struct rs_hdr){ .kind = RS_KIND_OPEN, .cgroup = cgroup, .pid = 500 };
}

static const struct rs_event_cgroup *find(struct rs_containers *c, uint64_t cgroup)
{
	struct rs_hdr hdr = event_in(cgroup);

	return rs_containers_find(c, &hdr);
}

static const struct rs_event_container *container_of(struct rs_containers *c, uint64_t cgroup)
{
	const struct rs_event_cgroup *found = find(c, cgroup);

	return found ? found->container : NULL;
}

static bool waits(struct rs_containers *c, uint64_t cgroup, uint64_t now)
{
	struct rs_hdr hdr = event_in(cgroup);

	return rs_containers_wait(c, &hdr, now);
}

static void expect_id(struct rs_containers *c, uint64_t cgroup, const char *id)
{
	const struct rs_event_container *container = container_of(c, cgroup);

	if (!id) {
		assert_null(container);
		return;
	}
	assert_non_null(container);
	assert_string_equal(container->id, id);
}

static struct rs_containers_stats stats(struct rs_containers *c)
{
	struct rs_containers_stats s;

	rs_containers_stats(c, &s);
	return s;
}

static void make_dir(const char *path)
{
	assert_int_equal(rs_fd_mkdir_p(path, 0755, NULL), 0);
}

static uint64_t inode(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

struct rows {
	unsigned n;
	struct rs_container_row row[8];
};

static void on_row(void *data, const struct rs_container_row *row)
{
	struct rows *rows = data;

	assert_true(rows->n < 8);
	rows->row[rows->n++] = *row;
}

static struct rows rows_of(struct rs_containers *c, uint64_t now)
{
	struct rows rows = { 0 };

	rs_containers_list(c, now, on_row, &rows);
	return rows;
}

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
	assert_true(waits(c, inode("cg/docker/" A), rs_clock_mono()));

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
	assert_int_equal(rows_of(c, now).row[0].gone, 1003);
	assert_int_equal(rows_of(c, now).row[1].gone, 1004);
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
	assert_int_equal(rows_of(c, now).row[0].gone, 1003);
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

	(void)state;
	group_made(c, 3, "/docker/" A);
	answer(last_question()->cookie, metadata("web"));
	rs_containers_tick(c, now);
	assert_non_null(find(c, 3));
	group_removed(c, 3);
	group_made(c, 4, "/docker/" A);
	assert_int_equal(disk.n_questions, 2);
	assert_false(waits(c, 4, now)); /* the old name does until the new one comes */
	assert_string_equal(container_of(c, 4)->name, "web");
	answer(last_question()->cookie, metadata("renamed"));
	rs_containers_tick(c, now);
	assert_string_equal(container_of(c, 4)->name, "renamed");
	assert_int_equal(stats(c).running, 1);
	assert_int_equal(rows_of(c, now).n, 1);
	assert_int_equal(rows_of(c, now).row[0].since, 1004);
	rs_containers_tick(c, now + 2 * RS_CONTAINERS_KEEP_NS);
	assert_null(find(c, 3));
	expect_id(c, 4, A);
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
		scratch_test(test_records),
		scratch_test(test_bad_records),
		scratch_test(test_scan),
		scratch_test(test_answer),
		scratch_test(test_late_answer),
		scratch_test(test_maker_below),
		scratch_test(test_better_answer),
		scratch_test(test_refused),
		scratch_test(test_by_hand),
		scratch_test(test_nested_by_hand),
		scratch_test(test_same_name),
		scratch_test(test_short_life),
		scratch_test(test_gone),
		scratch_test(test_restart),
		scratch_test(test_gone_unheard),
		scratch_test(test_room_groups),
		scratch_test(test_room_containers),
		scratch_test(test_unknown),
		scratch_test(test_kube),
		scratch_test(test_users),
		scratch_test(test_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
