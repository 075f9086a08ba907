/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define BIT(kind) (1ull << RS_KIND_##kind)

struct shown {
	char executable[32];
	char pod[32];
	char ancestor[32];
	enum rs_kind kind;
	uint32_t pid;
	uint64_t kinds;
	uint64_t wall; /* of its end, 0: none */
};

struct log {
	struct shown items[RS_FOLD_MAX * 2 + 16];
	size_t len;
	int result;
};

static struct log shown_log;

static int show(void *data, struct rs_event *event, uint64_t kinds)
{
	struct log *log = data;
	struct shown *shown = &log->items[log->len++];

	assert_true(log->len <= ARRAY_SIZE(log->items));
	*shown = (struct shown){ .kind = event->hdr->kind,
				 .pid = event->hdr->pid,
				 .kinds = kinds,
				 .wall = event->end ? event->end->wall : 0 };
	if (event->executable)
		snprintf(shown->executable, sizeof(shown->executable), "%s", event->executable);
	if (event->cgroup)
		snprintf(shown->pod, sizeof(shown->pod), "%s", event->cgroup->container->pod_name);
	if (event->n_ancestors)
		snprintf(shown->ancestor, sizeof(shown->ancestor), "%s", event->ancestors[0].name);
	return log->result;
}

static int setup(void **state)
{
	struct rs_fold *fold;

	shown_log.len = 0;
	shown_log.result = 0;
	assert_int_equal(rs_fold_new(show, &shown_log, &fold, NULL), 0);
	*state = fold;
	return 0;
}

static int teardown(void **state)
{
	struct rs_fold *fold = *state;

	rs_fold_free(&fold);
	assert_null(fold);
	return 0;
}

/* A record of a kind, at a time, of a process that started at 1000. */
static int feed(struct rs_fold *fold, enum rs_kind kind, uint32_t pid, uint64_t time)
{
	static uint64_t buf[RS_RECORD_MAX / 8];
	struct rs_hdr *hdr = (void *)buf;
	struct rs_event event;
	size_t size = rs_event_sample(kind, buf);

	hdr->pid = hdr->tid = pid;
	hdr->start = 1000;
	hdr->time = time;
	if (kind == RS_KIND_EXIT)
		((struct rs_exit *)(void *)buf)->wall = time - 1000;
	assert_int_equal(rs_event_decode(buf, size, &event), 0);
	return rs_fold_take(fold, &event);
}

static void expect(size_t i, enum rs_kind kind, uint32_t pid, uint64_t kinds, uint64_t wall)
{
	assert_true(i < shown_log.len);
	assert_int_equal(shown_log.items[i].kind, kind);
	assert_int_equal(shown_log.items[i].pid, pid);
	assert_int_equal(shown_log.items[i].kinds, kinds);
	assert_int_equal(shown_log.items[i].wall, wall);
}

static void test_short_life(void **state)
{
	struct rs_fold *fold = *state;
	uint64_t held[RS_KIND_MAX] = { 0 };

	feed(fold, RS_KIND_FORK, 7, 1000);
	feed(fold, RS_KIND_EXEC, 7, 2000);
	assert_int_equal(shown_log.len, 0);
	rs_fold_held(fold, held);
	assert_int_equal(held[RS_KIND_FORK], 1);
	assert_int_equal(held[RS_KIND_EXEC], 1);
	assert_int_equal(rs_fold_due(fold), 1000 + RS_FOLD_NS);
	feed(fold, RS_KIND_UNLINK, 7, 3000);
	feed(fold, RS_KIND_EXIT, 7, 5000);
	assert_int_equal(shown_log.len, 2);
	expect(0, RS_KIND_UNLINK, 7, BIT(UNLINK), 0);
	expect(1, RS_KIND_EXEC, 7, BIT(FORK) | BIT(EXEC) | BIT(EXIT), 4000);
	assert_int_equal(rs_fold_due(fold), 0);
}

/* What was known at the time is shown, whatever became of it since. */
static void test_known_then(void **state)
{
	char executable[] = "/bin/early", pod[] = "pod-early", name[] = "parent-early";
	struct rs_event_label label = { "app", "web" };
	struct rs_event_container container = {
		.id = "abc", .pod_name = pod, .labels = &label, .n_labels = 1
	};
	struct rs_event_cgroup cgroup = { .path = "/x", .container = &container };
	struct rs_event_ancestor ancestor = { .pid = 3, .name = name };
	static uint64_t buf[RS_RECORD_MAX / 8];
	struct rs_hdr *hdr = (void *)buf;
	struct rs_fold *fold = *state;
	struct rs_event event;
	size_t size = rs_event_sample(RS_KIND_FORK, buf);

	hdr->pid = 7;
	hdr->start = 1000;
	hdr->time = 1000;
	assert_int_equal(rs_event_decode(buf, size, &event), 0);
	event.executable = executable;
	event.cgroup = &cgroup;
	event.ancestors = &ancestor;
	event.n_ancestors = 1;
	assert_int_equal(rs_fold_take(fold, &event), 0);
	executable[5] = pod[4] = name[7] = 'X';
	memset(&container, 0xff, sizeof(container));
	memset(&cgroup, 0xff, sizeof(cgroup));
	memset(&ancestor, 0xff, sizeof(ancestor));
	memset(&label, 0xff, sizeof(label));
	memset(buf, 0xff, size);
	assert_int_equal(rs_fold_expire(fold, UINT64_MAX), 1);
	expect(0, RS_KIND_FORK, 7, BIT(FORK), 0);
	assert_string_equal(shown_log.items[0].executable, "/bin/early");
	assert_string_equal(shown_log.items[0].pod, "pod-early");
	assert_string_equal(shown_log.items[0].ancestor, "parent-early");
}

static void test_no_exec(void **state)
{
	struct rs_fold *fold = *state;

	feed(fold, RS_KIND_FORK, 7, 1000);
	feed(fold, RS_KIND_EXIT, 7, 5000);
	assert_int_equal(shown_log.len, 1);
	expect(0, RS_KIND_FORK, 7, BIT(FORK) | BIT(EXIT), 4000);
}

static void test_long_life(void **state)
{
	struct rs_fold *fold = *state;

	feed(fold, RS_KIND_FORK, 7, 1000);
	feed(fold, RS_KIND_EXEC, 7, 2000);
	assert_int_equal(rs_fold_expire(fold, RS_FOLD_NS), 0);
	assert_int_equal(shown_log.len, 0);
	assert_int_equal(rs_fold_expire(fold, 1000 + RS_FOLD_NS), 1);
	assert_int_equal(rs_fold_expire(fold, 1000 + RS_FOLD_NS), 0);
	assert_int_equal(shown_log.len, 2);
	expect(0, RS_KIND_FORK, 7, BIT(FORK), 0);
	expect(1, RS_KIND_EXEC, 7, BIT(EXEC), 0);
	feed(fold, RS_KIND_EXIT, 7, 5 * RS_FOLD_NS);
	expect(2, RS_KIND_EXIT, 7, BIT(EXIT), 0);
}

/* The end comes before anybody looked at the time. */
static void test_late_look(void **state)
{
	struct rs_fold *fold = *state;

	feed(fold, RS_KIND_FORK, 7, 1000);
	feed(fold, RS_KIND_EXIT, 7, 5 * RS_FOLD_NS);
	assert_int_equal(shown_log.len, 2);
	expect(0, RS_KIND_FORK, 7, BIT(FORK), 0);
	expect(1, RS_KIND_EXIT, 7, BIT(EXIT), 0);
}

static void test_second_exec(void **state)
{
	struct rs_fold *fold = *state;

	feed(fold, RS_KIND_FORK, 7, 1000);
	feed(fold, RS_KIND_EXEC, 7, 2000);
	feed(fold, RS_KIND_EXEC, 7, 3000);
	assert_int_equal(shown_log.len, 2);
	feed(fold, RS_KIND_EXIT, 7, 5000);
	assert_int_equal(shown_log.len, 3);
	expect(2, RS_KIND_EXEC, 7, BIT(EXEC) | BIT(EXIT), 4000);
}

static void test_full(void **state)
{
	struct rs_fold *fold = *state;

	for (uint32_t pid = 1; pid <= RS_FOLD_MAX + 3; pid++)
		assert_int_equal(feed(fold, RS_KIND_FORK, pid, 1000 + pid), 0);
	assert_int_equal(shown_log.len, 3);
	for (uint32_t i = 0; i < 3; i++)
		expect(i, RS_KIND_FORK, i + 1, BIT(FORK), 0);
	assert_int_equal(rs_fold_expire(fold, UINT64_MAX), 1);
	assert_int_equal(shown_log.len, 4); /* one at a time: its reader may have had enough */
	while (rs_fold_expire(fold, UINT64_MAX) == 1)
		;
	assert_int_equal(shown_log.len, RS_FOLD_MAX + 3);
	assert_int_equal(rs_fold_due(fold), 0);
}

static void test_failure_passed_on(void **state)
{
	struct rs_fold *fold = *state;

	shown_log.result = -5;
	assert_int_equal(feed(fold, RS_KIND_UNLINK, 7, 1000), -5);
	assert_int_equal(feed(fold, RS_KIND_FORK, 7, 1000), 0);
	assert_int_equal(feed(fold, RS_KIND_EXIT, 7, 2000), -5);
	assert_int_equal(rs_fold_due(fold), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_short_life, setup, teardown),
		cmocka_unit_test_setup_teardown(test_known_then, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_exec, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_life, setup, teardown),
		cmocka_unit_test_setup_teardown(test_late_look, setup, teardown),
		cmocka_unit_test_setup_teardown(test_second_exec, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failure_passed_on, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
