/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the tests of containers.h: the lookup and the pod list are played by the test, in the functions
 * of that name, which the linker takes instead of the real ones.
 */
#pragma once

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

#define QUESTIONS 128

struct question {
	char id[80], args[64], cwd[64], cgroup[64];
	uint32_t pid, maker_pid, uid;
	bool doubtful;
	uint64_t cookie, deadline;
};

struct answer {
	uint64_t cookie;
	struct rs_metadata *metadata;
};

static struct {
	struct question questions[QUESTIONS];
	struct answer answers[QUESTIONS];
	unsigned n_questions, n_answers, taken, freed, made, hurried;
	int refuse;
} disk;

static _unused_ struct rs_lookup *const LOOKUP = (struct rs_lookup *)&disk;

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
				.doubtful = question->doubtful,
				.cookie = cookie,
				.deadline = deadline };
	snprintf(q->id, sizeof(q->id), "%s", question->id);
	snprintf(q->cgroup, sizeof(q->cgroup), "%s", question->cgroup);
	if (question->maker_args)
		snprintf(q->args, sizeof(q->args), "%s", question->maker_args);
	if (question->maker_cwd)
		snprintf(q->cwd, sizeof(q->cwd), "%s", question->maker_cwd);
	return 0;
}

void rs_lookup_hurry(struct rs_lookup *lookup, uint64_t cookie)
{
	(void)cookie;
	assert_ptr_equal(lookup, LOOKUP);
	disk.hurried++;
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

static _unused_ struct rs_metadata *metadata(const char *name)
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

static _unused_ void answer(uint64_t cookie, struct rs_metadata *m)
{
	assert_true(disk.n_answers < QUESTIONS);
	disk.answers[disk.n_answers++] = (struct answer){ cookie, m };
}

static _unused_ const struct question *last_question(void)
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

static _unused_ struct rs_kube *const KUBE = (struct rs_kube *)&list;

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

static uint32_t maker_uid; /* of the records that follow */
static uint64_t boot;      /* the same: group N is made at boot + N */

static _unused_ struct rs_containers *make(struct rs_lookup *lookup, size_t max_cgroups,
					   size_t max_containers)
{
	struct rs_cgroup_tree tree = { .mount = "cg" }; /* in the scratch directory */
	struct rs_containers_options options = { .tree = &tree,
						 .lookup = lookup,
						 .max_cgroups = max_cgroups,
						 .max_containers = max_containers };
	struct rs_containers *c = NULL;
	struct rs_error err = RS_ERROR_INIT;

	maker_uid = 0;
	boot = rs_clock_boot() - 1000;
	memset(&disk, 0, sizeof(disk));
	memset(&list, 0, sizeof(list));
	assert_int_equal(rs_containers_new(&options, &c, &err), 0);
	return c;
}

/* Frees the table; every piece of metadata that it took must be free then. */
static _unused_ void end(struct rs_containers *c)
{
	rs_containers_free(&c);
	assert_null(c);
	assert_int_equal(disk.freed, disk.made);
}

static const struct rs_containers_maker runc = { .args = "runc", .args_len = 5, .cwd = "/b" };

static _unused_ void change(struct rs_containers *c, enum rs_kind kind, uint64_t id,
			    uint64_t parent, const char *path, uint32_t pid)
{
	struct rs_cgroup_change record = {
		.hdr = { .kind = kind, .pid = pid, .time = boot + id, .uid = maker_uid },
		.id = id,
		.parent = parent,
	};
	struct rs_event event = { .change = &record };

	strcpy(record.hdr.comm, pid == 1 ? "systemd" : "runc");
	event.field[RS_TAG_CGROUP] = (struct rs_text){ path, (uint32_t)strlen(path), 0 };
	rs_containers_feed(c, &event, pid == 1 ? NULL : &runc);
}

static _unused_ void group_made(struct rs_containers *c, uint64_t id, const char *path)
{
	change(c, RS_KIND_CGROUP_MKDIR, id, 0, path, 77);
}

static _unused_ void group_removed(struct rs_containers *c, uint64_t id)
{
	change(c, RS_KIND_CGROUP_RMDIR, id, 0, "/whatever", 77);
}

static _unused_ struct rs_hdr event_in(uint64_t cgroup)
{
	return (struct rs_hdr){ .kind = RS_KIND_OPEN, .cgroup = cgroup, .pid = 500 };
}

static _unused_ const struct rs_event_cgroup *find(struct rs_containers *c, uint64_t cgroup)
{
	struct rs_hdr hdr = event_in(cgroup);

	return rs_containers_find(c, &hdr);
}

static _unused_ const struct rs_event_container *container_of(struct rs_containers *c,
							      uint64_t cgroup)
{
	const struct rs_event_cgroup *found = find(c, cgroup);

	return found ? found->container : NULL;
}

static _unused_ bool waits(struct rs_containers *c, uint64_t cgroup, uint64_t now)
{
	struct rs_hdr hdr = event_in(cgroup);

	return rs_containers_wait(c, &hdr, now);
}

static _unused_ void expect_id(struct rs_containers *c, uint64_t cgroup, const char *id)
{
	const struct rs_event_container *container = container_of(c, cgroup);

	if (!id) {
		assert_null(container);
		return;
	}
	assert_non_null(container);
	assert_string_equal(container->id, id);
}

static _unused_ struct rs_containers_stats stats(struct rs_containers *c)
{
	struct rs_containers_stats s;

	rs_containers_stats(c, &s);
	return s;
}

static _unused_ void make_dir(const char *path)
{
	assert_int_equal(rs_fd_mkdir_p(path, 0755, NULL), 0);
}

static _unused_ uint64_t inode(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

struct rows {
	unsigned n;
	struct rs_container_row row[8];
};

static _unused_ void on_row(void *data, const struct rs_container_row *row)
{
	struct rows *rows = data;

	assert_true(rows->n < 8);
	rows->row[rows->n++] = *row;
}

static _unused_ struct rows rows_of(struct rs_containers *c, uint64_t now)
{
	struct rows rows = { 0 };

	rs_containers_list(c, now, on_row, &rows);
	return rows;
}
