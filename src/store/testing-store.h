/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the whole store share. To be included after cmocka.h. */
#pragma once

#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/test-scratch.h"
#include "store/query.h"
#include "store/store.h"
#include "store/testing.h"

#define TEST_PROCESSES  300
#define TEST_CONTAINERS 20
#define TEST_DEADLINE   (60 * 1000000000ull)
#define TEST_FOREVER                                                                               \
	(100ull * 365 * 86400 * 1000000000) /* the events are of a day that may be long ago */

static inline struct rs_event_host test_host(void)
{
	struct rs_event_host h;

	rs_event_sample_host(&h);
	return h;
}

static inline struct rs_store *open_with(struct rs_store_options options)
{
	struct rs_event_host h = test_host();
	struct rs_error err = RS_ERROR_INIT;
	struct rs_store *store = NULL;

	if (!options.max_age)
		options.max_age = TEST_FOREVER;
	if (rs_store_open(&options, &h, &store, &err) < 0)
		fail_msg("%s", err.msg);
	if (rs_store_start(store, &err) < 0)
		fail_msg("%s", err.msg);
	return store;
}

static inline struct rs_store *open_store(const char *dir)
{
	return open_with((struct rs_store_options){ .dir = dir });
}

static inline void add_events(struct rs_store *store, uint64_t from, uint64_t to)
{
	static struct test_event t;
	struct rs_store_stats stats;

	for (uint64_t n = from; n < to; n++) {
		test_make(&t, n, TEST_PROCESSES, TEST_CONTAINERS);
		rs_store_add(store, &t.event, TEST_OFFSET);
		/* Made slower than they are stored: the queue is for bursts. */
		for (rs_store_stats(store, &stats); stats.waiting > 8000;
		     rs_store_stats(store, &stats))
			poll(NULL, 0, 1);
	}
}

/* Waits until nothing is on its way. */
static inline struct rs_store_stats wait_stored(struct rs_store *store)
{
	uint64_t deadline = rs_clock_mono() + TEST_DEADLINE;
	struct rs_store_stats stats;

	rs_store_tick(store, UINT64_MAX / 2);
	for (rs_store_stats(store, &stats); stats.waiting; rs_store_stats(store, &stats)) {
		assert_true(rs_clock_mono() < deadline);
		poll(NULL, 0, 1);
	}
	return stats;
}

/* Compares each event with what was stored. */
struct check {
	uint64_t next, step, n;
};

static inline void same_text(const char *a, const char *b)
{
	if (a && b)
		assert_string_equal(a, b);
	else
		assert_ptr_equal(a, b);
}

static inline void same_container(const struct rs_event_container *a,
				  const struct rs_event_container *b)
{
	same_text(a->id, b->id);
	same_text(a->runtime, b->runtime);
	same_text(a->name, b->name);
	same_text(a->image, b->image);
	same_text(a->pod_name, b->pod_name);
	same_text(a->pod_uid, b->pod_uid);
	same_text(a->namespace, b->namespace);
	same_text(a->node, b->node);
	same_text(a->pod_ip, b->pod_ip);
	same_text(a->owner_kind, b->owner_kind);
	same_text(a->owner_name, b->owner_name);
	assert_int_equal(a->sandbox, b->sandbox);
	assert_int_equal(a->owner, b->owner);
	assert_int_equal(a->n_labels, b->n_labels);
	for (size_t i = 0; i < a->n_labels; i++) {
		same_text(a->labels[i].key, b->labels[i].key);
		same_text(a->labels[i].value, b->labels[i].value);
	}
}

static inline void same_event(const struct rs_event *a, const struct rs_event *b)
{
	static uint64_t record[RS_RECORD_MAX / 8 + 1];
	const char *env = b->field[RS_TAG_ENV].data;
	uint32_t size = env ? (uint32_t)(env - sizeof(struct rs_record_field) -
					 (const char *)b->hdr)
			    : b->hdr->size;

	memcpy(record, b->hdr, size);
	((struct rs_hdr *)(void *)record)->size = size; /* the environment is not kept */
	assert_null(a->field[RS_TAG_ENV].data);
	assert_int_equal(a->hdr->size, size);
	assert_memory_equal(a->hdr, record, size);
	same_text(a->user, b->user);
	same_text(a->group, b->group);
	same_text(a->executable, b->executable);
	same_text(a->parent_executable, b->parent_executable);
	same_text(a->parent_name, b->parent_name);
	same_text(a->command_line, b->command_line);
	assert_int_equal(a->n_ancestors, b->n_ancestors);
	for (size_t i = 0; i < a->n_ancestors; i++) {
		assert_int_equal(a->ancestors[i].start, b->ancestors[i].start);
		assert_int_equal(a->ancestors[i].pid, b->ancestors[i].pid);
		same_text(a->ancestors[i].name, b->ancestors[i].name);
		same_text(a->ancestors[i].executable, b->ancestors[i].executable);
	}
	assert_int_equal(a->cgroup != NULL, b->cgroup != NULL);
	if (a->cgroup) {
		same_text(a->cgroup->path, b->cgroup->path);
		same_text(a->cgroup->unit, b->cgroup->unit);
		assert_int_equal(a->cgroup->container != NULL, b->cgroup->container != NULL);
		if (a->cgroup->container)
			same_container(a->cgroup->container, b->cgroup->container);
	}
	assert_int_equal(a->end != NULL, b->end != NULL);
	if (a->end)
		assert_memory_equal(a->end, b->end, sizeof(*a->end));
}

static inline int check_event(void *data, const struct rs_event *event,
			      const struct rs_event_host *h)
{
	static struct test_event t;
	struct rs_event_host want = test_host();
	struct check *check = data;

	test_make(&t, check->next, TEST_PROCESSES, TEST_CONTAINERS);
	same_event(event, &t.event);
	assert_string_equal(h->boot_id, want.boot_id);
	assert_string_equal(h->name, want.name);
	assert_int_equal(h->boot_offset, TEST_OFFSET);
	check->next += check->step;
	check->n++;
	return 0;
}

static inline void ask(const struct rs_store_query *query, struct check *check,
		       struct rs_store_found *found)
{
	struct rs_error err = RS_ERROR_INIT;

	if (rs_store_query(query, check_event, check, found, &err) < 0)
		fail_msg("%s", err.msg);
}
