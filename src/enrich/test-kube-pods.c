/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "enrich/kube-pods.h"

static struct rs_kube_pods *new_pods(void)
{
	struct rs_kube_pods *pods = NULL;

	assert_int_equal(rs_kube_pods_new(&pods, NULL), 0);
	return pods;
}

static int feed(struct rs_kube_pods *pods, const char *line)
{
	return rs_kube_pods_line(pods, line, strlen(line));
}

static struct rs_kube_stats stats_of(const struct rs_kube_pods *pods)
{
	struct rs_kube_stats stats;

	rs_kube_pods_stats(pods, &stats);
	return stats;
}

/* A pod of few words. */
static int feed_pod(struct rs_kube_pods *pods, const char *uid, const char *container)
{
	char line[512];

	snprintf(line, sizeof(line),
		 "{\"op\":\"pod\",\"uid\":\"%s\",\"name\":\"n\",\"namespace\":\"s\","
		 "\"containers\":[{\"id\":\"%s\"}]}",
		 uid, container);
	return feed(pods, line);
}

static void test_whole_pod(void **state)
{
	_cleanup_(rs_kube_pods_free) struct rs_kube_pods *pods = new_pods();
	const struct rs_kube_pod *pod;

	(void)state;
	assert_int_equal(
		feed(pods,
		     "{\"op\":\"pod\",\"uid\":\"u-1\",\"static_uid\":\"abc\",\"name\":\"web-1\","
		     "\"namespace\":\"shop\",\"node\":\"node-1\",\"ip\":\"10.0.0.7\","
		     "\"labels\":{\"app\":\"web\",\"empty\":\"\"},"
		     "\"owner\":{\"kind\":\"Deployment\",\"name\":\"web\"},\"containers\":["
		     "{\"id\":\"a1\",\"name\":\"nginx\",\"image\":\"nginx:1\"},{\"id\":\"a2\"}]}"),
		0);
	pod = rs_kube_pods_find(pods, "u-1");
	assert_non_null(pod);
	assert_ptr_equal(rs_kube_pods_find(pods, "abc"), pod);
	assert_ptr_equal(rs_kube_pods_find_container(pods, "a1"), pod);
	assert_ptr_equal(rs_kube_pods_find_container(pods, "a2"), pod);
	assert_null(rs_kube_pods_find(pods, "a1"));
	assert_null(rs_kube_pods_find_container(pods, "u-1"));
	assert_null(pod->pod.id);
	assert_string_equal(pod->pod.pod_uid, "u-1");
	assert_string_equal(pod->pod.pod_name, "web-1");
	assert_string_equal(pod->pod.namespace, "shop");
	assert_string_equal(pod->pod.node, "node-1");
	assert_string_equal(pod->pod.pod_ip, "10.0.0.7");
	assert_string_equal(pod->pod.owner_kind, "Deployment");
	assert_string_equal(pod->pod.owner_name, "web");
	assert_int_equal(pod->pod.n_labels, 2);
	assert_string_equal(pod->pod.labels[0].key, "app");
	assert_string_equal(pod->pod.labels[0].value, "web");
	assert_string_equal(pod->pod.labels[1].value, "");
	assert_int_equal(pod->n_containers, 2);
	assert_string_equal(pod->containers[0].name, "nginx");
	assert_string_equal(pod->containers[0].image, "nginx:1");
	assert_string_equal(pod->containers[1].id, "a2");
	assert_null(pod->containers[1].name);
}

static void test_bare_pod(void **state)
{
	_cleanup_(rs_kube_pods_free) struct rs_kube_pods *pods = new_pods();
	const struct rs_kube_pod *pod;

	(void)state;
	assert_int_equal(
		feed(pods, "{\"op\":\"pod\",\"uid\":\"u\",\"name\":\"n\",\"namespace\":\"s\"}"), 0);
	pod = rs_kube_pods_find(pods, "u");
	assert_null(pod->pod.node);
	assert_null(pod->pod.owner_kind);
	assert_int_equal(pod->pod.n_labels, 0);
	assert_int_equal(pod->n_containers, 0);
}

static void test_list(void **state)
{
	_cleanup_(rs_kube_pods_free) struct rs_kube_pods *pods = new_pods();
	uint64_t version;

	(void)state;
	assert_int_equal(feed(pods, "{\"op\":\"begin\"}"), 0);
	feed_pod(pods, "u1", "c1");
	feed_pod(pods, "u2", "c2");
	assert_false(stats_of(pods).synced);
	assert_int_equal(feed(pods, "{\"op\":\"end\"}"), 0);
	assert_true(stats_of(pods).synced);
	version = rs_kube_pods_version(pods);

	/* The same again is no change. */
	feed(pods, "{\"op\":\"begin\"}");
	feed_pod(pods, "u2", "c2");
	feed_pod(pods, "u1", "c1");
	feed(pods, "{\"op\":\"end\"}");
	assert_int_equal(rs_kube_pods_version(pods), version);

	/* Who is not named is gone, at the end only; who came in between stays. */
	feed_pod(pods, "u3", "c3");
	feed(pods, "{\"op\":\"begin\"}");
	feed_pod(pods, "u2", "c2");
	feed_pod(pods, "u4", "c4");
	assert_non_null(rs_kube_pods_find(pods, "u1"));
	feed(pods, "{\"op\":\"end\"}");
	assert_null(rs_kube_pods_find(pods, "u1"));
	assert_null(rs_kube_pods_find_container(pods, "c1"));
	assert_null(rs_kube_pods_find(pods, "u3"));
	assert_non_null(rs_kube_pods_find(pods, "u2"));
	assert_non_null(rs_kube_pods_find_container(pods, "c4"));
	assert_int_equal(stats_of(pods).pods, 2);
	assert_true(rs_kube_pods_version(pods) > version);
	assert_int_equal(stats_of(pods).refused, 0);
}

/* A list that breaks off and begins anew says nothing about who was not named yet. */
static void test_list_breaks_off(void **state)
{
	_cleanup_(rs_kube_pods_free) struct rs_kube_pods *pods = new_pods();

	(void)state;
	feed_pod(pods, "u1", "c1");
	feed(pods, "{\"op\":\"begin\"}");
	feed_pod(pods, "u2", "c2");
	feed(pods, "{\"op\":\"begin\"}");
	feed_pod(pods, "u1", "c1");
	assert_int_equal(stats_of(pods).pods, 2);
	feed(pods, "{\"op\":\"end\"}");
	assert_non_null(rs_kube_pods_find(pods, "u1"));
	assert_null(rs_kube_pods_find(pods, "u2"));

	feed(pods, "{\"op\":\"begin\"}");
	rs_kube_pods_lost(pods, "it ended");
	assert_int_equal(feed(pods, "{\"op\":\"end\"}"), -EBADMSG);
	assert_non_null(rs_kube_pods_find(pods, "u1"));
	assert_false(stats_of(pods).synced);
}

static void test_changes(void **state)
{
	_cleanup_(rs_kube_pods_free) struct rs_kube_pods *pods = new_pods();

	(void)state;
	feed_pod(pods, "u1", "c1");
	feed_pod(pods, "u1", "c2");
	assert_null(rs_kube_pods_find_container(pods, "c1"));
	assert_non_null(rs_kube_pods_find_container(pods, "c2"));
	assert_int_equal(stats_of(pods).pods, 1);

	/* Another takes the container over; it is still there when the first goes. */
	feed_pod(pods, "u2", "c2");
	assert_int_equal(feed(pods, "{\"op\":\"gone\",\"uid\":\"u1\"}"), 0);
	assert_ptr_equal(rs_kube_pods_find_container(pods, "c2"), rs_kube_pods_find(pods, "u2"));
	assert_int_equal(feed(pods, "{\"op\":\"gone\",\"uid\":\"u1\"}"), 0);
	assert_int_equal(feed(pods, "{\"op\":\"gone\",\"uid\":\"u2\"}"), 0);
	assert_int_equal(stats_of(pods).pods, 0);
	assert_null(rs_kube_pods_find_container(pods, "c2"));
	assert_int_equal(stats_of(pods).refused, 0);
}

static void test_rubbish(void **state)
{
	static const char *const lines[] = {
		"",
		"hello",
		"{",
		"[]",
		"5",
		"{}",
		"{\"op\":5}",
		"{\"op\":\"what\"}",
		"{\"op\":\"end\"}",
		"{\"op\":\"gone\"}",
		"{\"op\":\"gone\",\"uid\":\"\"}",
		"{\"op\":\"gone\",\"uid\":\"a b\"}",
		"{\"op\":\"state\"}",
		"{\"op\":\"state\",\"ok\":1,\"text\":\"x\"}",
		"{\"op\":\"state\",\"ok\":true}",
		"{\"op\":\"pod\"}",
		"{\"op\":\"pod\",\"uid\":\"u\"}",
		"{\"op\":\"pod\",\"uid\":\"u\",\"name\":\"n\",\"namespace\":\"\"}",
		"{\"op\":\"pod\",\"uid\":\"u\",\"name\":\"n\\n\",\"namespace\":\"s\"}",
		"{\"op\":\"pod\",\"uid\":\"u\",\"name\":\"n\\u0000\",\"namespace\":\"s\"}",
		"{\"op\":\"pod\",\"uid\":\"u u\",\"name\":\"n\",\"namespace\":\"s\"}",
		"{\"op\":\"pod\",\"uid\":\"u\",\"name\":5,\"namespace\":\"s\"}",
		"{\"op\":\"pod\",\"uid\":\"u\",\"name\":\"n\",\"namespace\":\"s\",\"labels\":[]}",
		"{\"op\":\"pod\",\"uid\":\"u\",\"name\":\"n\",\"namespace\":\"s\",\"labels\":{\"a\":1}}",
		"{\"op\":\"pod\",\"uid\":\"u\",\"name\":\"n\",\"namespace\":\"s\",\"containers\":{}}",
		"{\"op\":\"pod\",\"uid\":\"u\",\"name\":\"n\",\"namespace\":\"s\",\"containers\":[1]}",
		"{\"op\":\"pod\",\"uid\":\"u\",\"name\":\"n\",\"namespace\":\"s\",\"containers\":[{\"id\":\"/\"}]}",
	};
	_cleanup_(rs_kube_pods_free) struct rs_kube_pods *pods = new_pods();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_int_equal(feed(pods, lines[i]), -EBADMSG);
	assert_int_equal(stats_of(pods).refused, ARRAY_SIZE(lines));
	assert_int_equal(stats_of(pods).pods, 0);
	assert_int_equal(rs_kube_pods_version(pods), 0);
}

static void test_problem(void **state)
{
	_cleanup_(rs_kube_pods_free) struct rs_kube_pods *pods = new_pods();

	(void)state;
	assert_string_equal(stats_of(pods).problem, "");
	feed(pods, "{\"op\":\"state\",\"ok\":false,\"text\":\"403 \\u001b[31m\"}");
	assert_string_equal(stats_of(pods).problem, "403 \\x1b[31m");
	rs_kube_pods_lost(pods, "exit code 1"); /* what it said itself tells more */
	assert_string_equal(stats_of(pods).problem, "403 \\x1b[31m");
	feed(pods, "{\"op\":\"state\",\"ok\":true,\"text\":\"4 pods\"}");
	assert_string_equal(stats_of(pods).problem, "");
	rs_kube_pods_lost(pods, "exit code 1");
	assert_string_equal(stats_of(pods).problem, "exit code 1");
}

static void test_caps(void **state)
{
	_cleanup_(rs_kube_pods_free) struct rs_kube_pods *pods = new_pods();
	_cleanup_(rs_str_done) struct rs_str line = { 0 };
	char uid[32], id[32];

	(void)state;
	for (unsigned i = 0; i < RS_KUBE_PODS_MAX; i++) {
		snprintf(uid, sizeof(uid), "u%u", i);
		snprintf(id, sizeof(id), "c%u", i);
		assert_int_equal(feed_pod(pods, uid, id), 0);
	}
	assert_int_equal(feed_pod(pods, "more", "cmore"), -ENOSPC);
	assert_null(rs_kube_pods_find_container(pods, "cmore"));
	assert_int_equal(stats_of(pods).refused, 1);
	assert_int_equal(feed_pod(pods, "u7", "other"), 0); /* a change is none more */
	assert_int_equal(stats_of(pods).pods, RS_KUBE_PODS_MAX);
	feed(pods, "{\"op\":\"gone\",\"uid\":\"u8\"}");
	assert_int_equal(feed_pod(pods, "more", "cmore"), 0);

	/* A line longer than any that is read. */
	rs_str_append_cstr(&line, "{\"op\":\"begin\"}");
	rs_str_append_fill(&line, ' ', RS_KUBE_LINE_MAX);
	assert_int_equal(rs_kube_pods_line(pods, line.data, line.len), -EBADMSG);
}

/* Few pods, but large ones: all together have a cap, too. */
static void test_memory_cap(void **state)
{
	_cleanup_(rs_kube_pods_free) struct rs_kube_pods *pods = new_pods();
	_cleanup_(rs_str_done) struct rs_str line = { 0 };
	unsigned n = 0;
	int r = 0;

	(void)state;
	while (!r && n < RS_KUBE_PODS_MAX) {
		rs_str_reset(&line);
		rs_str_appendf(&line,
			       "{\"op\":\"pod\",\"uid\":\"u%u\",\"name\":\"n\",\"namespace\":\"s\","
			       "\"labels\":{\"a\":\"\"",
			       n);
		for (unsigned i = 0; i < 63; i++) {
			rs_str_appendf(&line, ",\"l%u\":\"", i);
			rs_str_append_fill(&line, 'x', 1000);
			rs_str_append_char(&line, '"');
		}
		rs_str_append_cstr(&line, "}}");
		r = rs_kube_pods_line(pods, line.data, line.len);
		n += !r;
	}
	assert_int_equal(r, -ENOSPC);
	assert_in_range(n, 400, 600);
	assert_int_equal(stats_of(pods).pods, n);
	feed(pods, "{\"op\":\"gone\",\"uid\":\"u0\"}");
	assert_int_equal(rs_kube_pods_line(pods, line.data, line.len), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_pod),  cmocka_unit_test(test_bare_pod),
		cmocka_unit_test(test_list),       cmocka_unit_test(test_list_breaks_off),
		cmocka_unit_test(test_changes),    cmocka_unit_test(test_rubbish),
		cmocka_unit_test(test_problem),    cmocka_unit_test(test_caps),
		cmocka_unit_test(test_memory_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
