/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/oom.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* keep order: cmocka wants the above */
#include <cmocka.h>

/* What was told. */
struct told {
	unsigned kills;
	size_t tasks;
	uint32_t victim, first, limit;
	bool complete;
};

static int on_kill(void *data, struct rs_oom_event *event)
{
	struct told *told = data;
	const struct rs_oom_group *limit = rs_oom_limit(event);
	const struct rs_oom_task *victim;

	rs_oom_sort(event);
	victim = rs_oom_victim(event);
	told->kills++;
	told->tasks = event->tasks.len;
	told->victim = victim ? victim->pid : 0;
	told->first = event->tasks.len ? event->tasks.items[0].pid : 0;
	told->limit = limit ? (uint32_t)limit->id : 0;
	told->complete = event->end.complete;
	return 0;
}

struct world {
	struct told told;
	struct rs_oom *oom;
};

static int setup(void **state)
{
	static struct world world;
	struct rs_oom_options options = { .fn = on_kill, .data = &world.told };

	memset(&world, 0, sizeof(world));
	*state = &world;
	return rs_oom_new_detached(&options, &world.oom);
}

static int teardown(void **state)
{
	rs_oom_free(&((struct world *)*state)->oom);
	return 0;
}

static void feed_kill(struct world *world, uint32_t number, uint32_t victim, uint32_t constraint)
{
	const struct rs_oom_kill kill = { .hdr = { RS_OOM_KILL, number },
					  .victim = victim,
					  .constraint = constraint };

	assert_int_equal(rs_oom_feed(world->oom, &kill, sizeof(kill)), 0);
}

static void feed_task(struct world *world, uint32_t number, uint32_t pid, int64_t anon)
{
	const struct rs_oom_task task = { .hdr = { RS_OOM_TASK, number },
					  .pid = pid,
					  .anon = anon };

	assert_int_equal(rs_oom_feed(world->oom, &task, sizeof(task)), 0);
}

static void feed_end(struct world *world, uint32_t number)
{
	const struct rs_oom_end end = { .hdr = { RS_OOM_END, number }, .complete = 1 };

	assert_int_equal(rs_oom_feed(world->oom, &end, sizeof(end)), 0);
}

static void tells_a_kill(void **state)
{
	struct world *world = *state;
	const struct rs_oom_groups groups = {
		.hdr = { RS_OOM_GROUPS, 1 },
		.n = 3,
		.groups = { { 10, 500, UINT64_MAX / 4096 }, { 11, 8000, 8100 }, { 12, 1, 1 } },
	};

	feed_kill(world, 1, 7, RS_OOM_UNKNOWN);
	feed_task(world, 1, 7, 5);
	assert_int_equal(rs_oom_feed(world->oom, &groups, sizeof(groups)), 0);
	feed_task(world, 1, 8, 50);
	feed_task(world, 2, 9, 500); /* of another */
	assert_int_equal(world->told.kills, 0);
	feed_end(world, 1);
	assert_int_equal(world->told.kills, 1);
	assert_int_equal(world->told.tasks, 2);
	assert_int_equal(world->told.victim, 7);
	assert_int_equal(world->told.first, 8);
	assert_int_equal(world->told.limit, 11);
	assert_true(world->told.complete);
}

/* Older kernels say which thread it was; the process is known when it was met. */
static void knows_whose_thread_it_was(void **state)
{
	struct world *world = *state;
	const struct rs_oom_end end = { .hdr = { RS_OOM_END, 1 }, .complete = 1, .victim = 7 };

	feed_kill(world, 1, 70, RS_OOM_NONE);
	feed_task(world, 1, 7, 5);
	assert_int_equal(rs_oom_feed(world->oom, &end, sizeof(end)), 0);
	assert_int_equal(world->told.kills, 1);
	assert_int_equal(world->told.victim, 7);
}

static void tells_what_has_no_end(void **state)
{
	struct world *world = *state;

	feed_kill(world, 1, 7, RS_OOM_NONE);
	feed_task(world, 1, 7, 5);
	feed_kill(world, 2, 8, RS_OOM_NONE);
	assert_int_equal(world->told.kills, 1);
	assert_false(world->told.complete);
	assert_int_equal(rs_oom_lost(world->oom), 1);
	feed_end(world, 2);
	assert_int_equal(world->told.kills, 2);
	assert_int_equal(world->told.tasks, 0);
	assert_int_equal(world->told.victim, 0);
}

static void survives_nonsense(void **state)
{
	struct world *world = *state;
	uint8_t bytes[512];

	memset(bytes, 0xff, sizeof(bytes));
	for (size_t n = 0; n < sizeof(bytes); n++)
		assert_int_equal(rs_oom_feed(world->oom, bytes, n), 0);
	feed_end(world, 0);
	feed_kill(world, 3, 7, RS_OOM_MEMCG);
	for (uint32_t type = 0; type < 6; type++) {
		struct rs_oom_hdr hdr = { type, 3 };

		memcpy(bytes, &hdr, sizeof(hdr));
		for (size_t n = 8; n < 16; n++)
			assert_int_equal(rs_oom_feed(world->oom, bytes, n), 0);
	}
	memcpy(bytes, &(struct rs_oom_hdr){ RS_OOM_GROUPS, 3 }, sizeof(struct rs_oom_hdr));
	assert_int_equal(rs_oom_feed(world->oom, bytes, sizeof(bytes)), 0);
	memcpy(bytes, &(struct rs_oom_hdr){ RS_OOM_TASK, 3 }, sizeof(struct rs_oom_hdr));
	assert_int_equal(rs_oom_feed(world->oom, bytes, sizeof(bytes)), 0);
	feed_end(world, 3);
	assert_int_equal(world->told.kills, 1);
	assert_int_equal(world->told.limit, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tells_a_kill, setup, teardown),
		cmocka_unit_test_setup_teardown(knows_whose_thread_it_was, setup, teardown),
		cmocka_unit_test_setup_teardown(tells_what_has_no_end, setup, teardown),
		cmocka_unit_test_setup_teardown(survives_nonsense, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
