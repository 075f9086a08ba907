/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/test-scratch.h"
#include "store/query.h"
#include "store/store.h"
#include "store/testing.h"

static struct rs_event_host host(void)
{
	struct rs_event_host h;

	rs_event_sample_host(&h);
	return h;
}

static struct rs_store *open_store(const char *dir)
{
	struct rs_store_options options = { .dir = dir };
	struct rs_event_host h = host();
	struct rs_error err = RS_ERROR_INIT;
	struct rs_store *store = NULL;

	if (rs_store_open(&options, &h, &store, &err) < 0)
		fail_msg("%s", err.msg);
	return store;
}

static void add_events(struct rs_store *store, uint64_t from, uint64_t to)
{
	static struct test_event t;

	for (uint64_t n = from; n < to; n++) {
		test_make(&t, n, 300, 20);
		rs_store_add(store, &t.event, TEST_OFFSET);
	}
}

/* Compares each event with what was stored. */
struct check {
	uint64_t next, step, n;
};

static void same_text(const char *a, const char *b)
{
	if (a && b)
		assert_string_equal(a, b);
	else
		assert_ptr_equal(a, b);
}

static void same_container(const struct rs_event_container *a, const struct rs_event_container *b)
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
	assert_int_equal(a->n_labels, b->n_labels);
	for (size_t i = 0; i < a->n_labels; i++) {
		same_text(a->labels[i].key, b->labels[i].key);
		same_text(a->labels[i].value, b->labels[i].value);
	}
}

static void same_event(const struct rs_event *a, const struct rs_event *b)
{
	assert_int_equal(a->hdr->size, b->hdr->size);
	assert_memory_equal(a->hdr, b->hdr, a->hdr->size);
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

static int check_event(void *data, const struct rs_event *event, const struct rs_event_host *h)
{
	static struct test_event t;
	struct rs_event_host want = host();
	struct check *check = data;

	test_make(&t, check->next, 300, 20);
	same_event(event, &t.event);
	assert_string_equal(h->boot_id, want.boot_id);
	assert_string_equal(h->name, want.name);
	assert_int_equal(h->boot_offset, TEST_OFFSET);
	check->next += check->step;
	check->n++;
	return 0;
}

static void ask(const struct rs_store_query *query, struct check *check,
		struct rs_store_found *found)
{
	struct rs_error err = RS_ERROR_INIT;

	if (rs_store_query(query, check_event, check, found, &err) < 0)
		fail_msg("%s", err.msg);
}

static void test_round_trip(void **state)
{
	struct rs_store *store = open_store("events");
	struct rs_store_query query = { .dir = "events", .cancel_fd = -1 };
	struct check check = { .step = 1 };
	struct rs_store_found found;

	(void)state;
	assert_int_equal(rs_store_start(store, NULL), 0);
	add_events(store, 0, 20000);
	rs_store_close(&store);
	ask(&query, &check, &found);
	assert_int_equal(check.n, 20000);
	assert_int_equal(found.matched, 20000);
	assert_int_equal(found.damaged, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
