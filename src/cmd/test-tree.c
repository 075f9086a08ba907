/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"

static struct rs_event_host host;

static int setup(void **state)
{
	struct rs_tree *tree;

	assert_int_equal(rs_tree_new(&tree), 0);
	rs_event_sample_host(&host);
	*state = tree;
	return 0;
}

static int teardown(void **state)
{
	struct rs_tree *tree = *state;

	rs_tree_free(&tree);
	return 0;
}

/* An event of a process that started at start ms, child of another. */
static void feed(struct rs_tree *tree, enum rs_kind kind, uint32_t pid, uint64_t start,
		 uint32_t ppid, uint64_t pstart, const char *comm)
{
	static uint64_t buf[RS_RECORD_MAX / 8];
	struct rs_hdr *hdr = (void *)buf;
	struct rs_event event;
	size_t size = rs_event_sample(kind, buf);

	hdr->pid = hdr->tid = pid;
	hdr->start = start * 1000000;
	hdr->ppid = ppid;
	hdr->pstart = pstart * 1000000;
	hdr->ret = 0;
	memset(hdr->comm, 0, sizeof(hdr->comm));
	memcpy(hdr->comm, comm, strlen(comm));
	if (kind == RS_KIND_EXIT) {
		struct rs_exit *exit = (void *)buf;

		exit->wall = 12000000;
		exit->runtime = 3000000;
		exit->code = 0;
	}
	assert_int_equal(rs_event_decode(buf, size, &event), 0);
	assert_int_equal(rs_tree_add_event(tree, &event, &host), 0);
}

static void end(struct rs_tree *tree, uint32_t pid, uint64_t start, uint32_t ppid, uint64_t pstart,
		const char *comm)
{
	feed(tree, RS_KIND_FORK, pid, start, ppid, pstart, comm);
	feed(tree, RS_KIND_EXIT, pid, start, ppid, pstart, comm);
}

static const struct rs_tree_node *first_child(const struct rs_tree *tree)
{
	return rs_tree_first(tree)->child;
}

static void test_short_lived(void **state)
{
	struct rs_tree *tree = *state;
	const struct rs_tree_node *node;

	feed(tree, RS_KIND_EXEC, 10, 100, 1, 0, "shell");
	feed(tree, RS_KIND_FORK, 11, 200, 10, 100, "shell");
	feed(tree, RS_KIND_EXEC, 11, 200, 10, 100, "cp");
	feed(tree, RS_KIND_CREATE, 11, 200, 10, 100, "cp");
	feed(tree, RS_KIND_CONNECT, 11, 200, 10, 100, "cp");
	feed(tree, RS_KIND_EXIT, 11, 200, 10, 100, "cp");
	assert_int_equal(rs_tree_link(tree, 0, false), 0);
	assert_int_equal(rs_tree_len(tree), 2);
	node = first_child(tree);
	assert_int_equal(node->pid, 11);
	assert_string_equal(node->name, "cp");
	assert_true(node->ended);
	assert_false(node->alive);
	assert_int_equal(node->cpu, 3000000);
	assert_int_equal(node->life, 12000000);
	assert_int_equal(node->files, 1);
	assert_int_equal(node->connections, 1);
	assert_int_equal(node->execs, 1);
	assert_null(node->next);
}

/* The same number again is another process. */
static void test_pid_again(void **state)
{
	struct rs_tree *tree = *state;

	feed(tree, RS_KIND_EXEC, 10, 100, 1, 0, "shell");
	end(tree, 11, 200, 10, 100, "one");
	end(tree, 11, 300, 10, 100, "two");
	assert_int_equal(rs_tree_link(tree, 0, false), 0);
	assert_int_equal(rs_tree_len(tree), 3);
	assert_string_equal(first_child(tree)->name, "one");
	assert_string_equal(first_child(tree)->next->name, "two");
}

static void draw(struct rs_tree *tree, bool all, struct rs_str *out)
{
	struct rs_tree_view view = { .all = all, .now = 1000000000 };

	rs_str_reset(out);
	assert_int_equal(rs_tree_table(tree, &view, out), 0);
}

static size_t count(struct rs_str *text, const char *what)
{
	size_t n = 0;

	for (const char *p = rs_str_cstr(text); (p = strstr(p, what)); p++)
		n++;
	return n;
}

static void test_alike_are_one_line(void **state)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);
	struct rs_tree *tree = *state;

	feed(tree, RS_KIND_EXEC, 10, 100, 1, 0, "make");
	for (uint32_t i = 0; i < 50; i++)
		end(tree, 100 + i, 200 + 20 * i, 10, 100, "cc1");
	end(tree, 99, 5000, 10, 100, "ld");
	assert_int_equal(rs_tree_link(tree, 0, false), 0);
	draw(tree, false, &out);
	assert_int_equal(count(&out, "\n"), 4); /* the header, make, cc1, ld */
	assert_non_null(strstr(rs_str_cstr(&out), "50x"));
	assert_non_null(strstr(rs_str_cstr(&out), "150ms")); /* 50 times 3 ms */
	assert_non_null(strstr(rs_str_cstr(&out), "├─ cc1"));
	assert_non_null(strstr(rs_str_cstr(&out), "└─ ld"));
	draw(tree, true, &out);
	assert_int_equal(count(&out, "cc1"), 50);
}

static void test_one_process(void **state)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);
	struct rs_tree *tree = *state;

	feed(tree, RS_KIND_EXEC, 10, 100, 1, 0, "top");
	feed(tree, RS_KIND_FORK, 20, 200, 10, 100, "middle");
	feed(tree, RS_KIND_FORK, 30, 300, 20, 200, "below");
	feed(tree, RS_KIND_FORK, 40, 400, 10, 100, "beside");
	assert_int_equal(rs_tree_link(tree, 20, false), 0);
	draw(tree, false, &out);
	assert_non_null(strstr(rs_str_cstr(&out), "middle"));
	assert_non_null(strstr(rs_str_cstr(&out), "below"));
	assert_null(strstr(rs_str_cstr(&out), "beside"));
	assert_int_equal(count(&out, "\n"), 4);
	assert_true(rs_tree_has(tree, 40));
	assert_false(rs_tree_has(tree, 41));
}

/* Records that say that each is the other's parent, and that one is its own. */
static void test_lies(void **state)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);
	struct rs_tree *tree = *state;

	feed(tree, RS_KIND_FORK, 10, 100, 20, 100, "a");
	feed(tree, RS_KIND_FORK, 20, 100, 10, 100, "b");
	feed(tree, RS_KIND_FORK, 30, 100, 30, 100, "c");
	feed(tree, RS_KIND_FORK, 40, 100, 50, 900, "younger");
	feed(tree, RS_KIND_FORK, 50, 900, 1, 0, "d");
	assert_int_equal(rs_tree_link(tree, 0, false), 0);
	draw(tree, false, &out);
	assert_int_equal(count(&out, "\n"), 6);
}

/* A chain as deep as it gets is drawn without a stack as deep. */
static void test_deep(void **state)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);
	struct rs_tree *tree = *state;

	for (uint32_t i = 1; i <= 20000; i++)
		feed(tree, RS_KIND_FORK, i, i * 20, i - 1, (i - 1) * 20, "deep");
	assert_int_equal(rs_tree_link(tree, 0, false), 0);
	draw(tree, false, &out);
	assert_int_equal(count(&out, "\n"), 20001);
}

static void test_json(void **state)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);
	struct rs_tree_view view = { .boot_offset = 0 };
	struct rs_arena arena = RS_ARENA_INIT(1 << 20);
	struct rs_tree *tree = *state;
	struct rs_json_value *value;

	end(tree, 11, 200, 10, 100, "one \x1b[31m");
	assert_int_equal(rs_tree_link(tree, 0, false), 0);
	assert_int_equal(rs_tree_json(tree, &view, &out), 0);
	assert_int_equal(rs_json_parse(&arena, out.data, out.len, &value, NULL), 0);
	assert_int_equal(rs_json_get_u64(value, "process.pid", 0), 11);
	assert_int_equal(rs_json_get_u64(value, "process.parent.pid", 0), 10);
	assert_int_equal(rs_json_get_u64(value, "ringside.life_ns", 0), 12000000);
	assert_string_equal(rs_json_get_str(value, "process.name", ""), "one \x1b[31m");
	rs_arena_done(&arena);
}

static void test_proc(void **state)
{
	struct rs_error err = RS_ERROR_INIT;
	struct rs_tree *tree = *state;

	assert_int_equal(rs_tree_add_proc(tree, "/proc", NULL, &err), 0);
	assert_int_equal(rs_tree_link(tree, 0, true), 0);
	assert_true(rs_tree_has(tree, (uint32_t)getpid()));
	assert_true(rs_tree_add_proc(tree, "/nowhere", NULL, &err) < 0);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_short_lived), T(test_pid_again), T(test_alike_are_one_line),
		T(test_one_process), T(test_lies),      T(test_deep),
		T(test_json),        T(test_proc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
