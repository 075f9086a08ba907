/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "kube/pod.h"

#define NAMES "\"uid\":\"u\",\"name\":\"n\",\"namespace\":\"s\""
#define LINE  "{\"op\":\"pod\",\"uid\":\"u\",\"name\":\"n\",\"namespace\":\"s\""

/* The line of a pod, or the code. */
static int write_pod(const char *text, struct rs_str *out)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = { 0 };
	struct rs_json_value *root = NULL;
	struct rs_error err = RS_ERROR_INIT;
	int r;

	rs_str_init(out, RS_POD_LINE_MAX);
	assert_int_equal(rs_json_parse(&arena, text, strlen(text), &root, NULL), 0);
	r = rs_pod_write(root, out, &err);
	assert_int_equal(r, err.code);
	return r;
}

static void expect(const char *pod, const char *line)
{
	_cleanup_(rs_str_done) struct rs_str out = { 0 };

	assert_int_equal(write_pod(pod, &out), 0);
	assert_string_equal(rs_str_cstr(&out), line);
}

static void refuse(const char *pod)
{
	_cleanup_(rs_str_done) struct rs_str out = { 0 };

	assert_int_equal(write_pod(pod, &out), -EBADMSG);
}

static void test_bare(void **state)
{
	(void)state;
	expect("{\"metadata\":{" NAMES "}}", LINE ",\"containers\":[]}\n");
	expect("{\"metadata\":{" NAMES ",\"labels\":5,\"ownerReferences\":7,\"annotations\":[]},"
	       "\"spec\":[],\"status\":null}",
	       LINE ",\"containers\":[]}\n");
	expect("{\"metadata\":{" NAMES "},\"spec\":{\"nodeName\":\"node\"},"
	       "\"status\":{\"podIP\":\"fd00::1\"}}",
	       LINE ",\"node\":\"node\",\"ip\":\"fd00::1\",\"containers\":[]}\n");
}

static void test_no_pod(void **state)
{
	(void)state;
	refuse("5");
	refuse("[]");
	refuse("{}");
	refuse("{\"metadata\":{\"uid\":\"u\",\"name\":\"n\"}}");
	refuse("{\"metadata\":{\"uid\":\"\",\"name\":\"n\",\"namespace\":\"s\"}}");
	refuse("{\"metadata\":{\"uid\":\"u/u\",\"name\":\"n\",\"namespace\":\"s\"}}");
	refuse("{\"metadata\":{\"uid\":\"u\",\"name\":\"n\\n\",\"namespace\":\"s\"}}");
	refuse("{\"metadata\":{\"uid\":5,\"name\":\"n\",\"namespace\":\"s\"}}");
}

static void expect_owner(const char *metadata, const char *owner)
{
	_cleanup_(rs_str_done) struct rs_str pod = { 0 }, out = { 0 };

	rs_str_appendf(&pod, "{\"metadata\":{" NAMES ",%s}}", metadata);
	assert_int_equal(write_pod(rs_str_cstr(&pod), &out), 0);
	if (owner)
		assert_non_null(strstr(rs_str_cstr(&out), owner));
	else
		assert_null(strstr(rs_str_cstr(&out), "\"owner\""));
}

static void test_owner(void **state)
{
	(void)state;
	expect_owner("\"ownerReferences\":[]", NULL);
	expect_owner("\"ownerReferences\":[{\"kind\":\"Job\"}]", NULL);
	expect_owner("\"ownerReferences\":[{\"kind\":\"Job\",\"name\":\"j\"}]",
		     "\"owner\":{\"kind\":\"Job\",\"name\":\"j\"}");
	expect_owner("\"ownerReferences\":[{\"kind\":\"A\",\"name\":\"a\"},"
		     "{\"kind\":\"B\",\"name\":\"b\",\"controller\":true}]",
		     "\"owner\":{\"kind\":\"B\",\"name\":\"b\"}");
	/* A replica set of a deployment, one of nobody's, and names that only look like one. */
	expect_owner("\"labels\":{\"pod-template-hash\":\"5d9\"},"
		     "\"ownerReferences\":[{\"kind\":\"ReplicaSet\",\"name\":\"a-b-5d9\"}]",
		     "\"owner\":{\"kind\":\"Deployment\",\"name\":\"a-b\"}");
	expect_owner("\"ownerReferences\":[{\"kind\":\"ReplicaSet\",\"name\":\"a-5d9\"}]",
		     "\"owner\":{\"kind\":\"ReplicaSet\",\"name\":\"a-5d9\"}");
	expect_owner("\"labels\":{\"pod-template-hash\":\"5d9\"},"
		     "\"ownerReferences\":[{\"kind\":\"ReplicaSet\",\"name\":\"a5d9\"}]",
		     "\"owner\":{\"kind\":\"ReplicaSet\",\"name\":\"a5d9\"}");
	expect_owner("\"labels\":{\"pod-template-hash\":\"5d9\"},"
		     "\"ownerReferences\":[{\"kind\":\"ReplicaSet\",\"name\":\"-5d9\"}]",
		     "\"owner\":{\"kind\":\"ReplicaSet\",\"name\":\"-5d9\"}");
	expect_owner("\"labels\":{\"pod-template-hash\":\"5d9\"},"
		     "\"ownerReferences\":[{\"kind\":\"StatefulSet\",\"name\":\"a-5d9\"}]",
		     "\"owner\":{\"kind\":\"StatefulSet\",\"name\":\"a-5d9\"}");
}

static void test_containers(void **state)
{
	(void)state;
	expect("{\"metadata\":{" NAMES "},\"status\":{\"containerStatuses\":["
	       "{\"name\":\"a\",\"image\":\"i\",\"containerID\":\"containerd://0a\"},"
	       "{\"name\":\"b\",\"containerID\":\"docker://0b\"},"
	       "{\"name\":\"waits\"},{\"name\":\"odd\",\"containerID\":\"0c\"},"
	       "{\"name\":\"odd\",\"containerID\":\"x://\"},{\"name\":\"odd\",\"containerID\":\"x://a/b\"},"
	       "5,null],"
	       "\"initContainerStatuses\":[{\"name\":\"i\",\"containerID\":\"cri-o://1a\"}],"
	       "\"ephemeralContainerStatuses\":[{\"name\":\"e\",\"containerID\":\"cri-o://2a\"}]}}",
	       LINE ",\"containers\":[{\"id\":\"0a\",\"name\":\"a\",\"image\":\"i\"},"
		    "{\"id\":\"0b\",\"name\":\"b\"},{\"id\":\"1a\",\"name\":\"i\"},"
		    "{\"id\":\"2a\",\"name\":\"e\"}]}\n");
	/* Started again: as it is and as it was; waiting: as it was. */
	expect("{\"metadata\":{" NAMES "},\"status\":{\"containerStatuses\":["
	       "{\"name\":\"a\",\"containerID\":\"x://2\","
	       "\"lastState\":{\"terminated\":{\"containerID\":\"x://1\"}}},"
	       "{\"name\":\"b\",\"containerID\":\"x://3\","
	       "\"lastState\":{\"terminated\":{\"containerID\":\"x://3\"}}}]}}",
	       LINE ",\"containers\":[{\"id\":\"2\",\"name\":\"a\"},{\"id\":\"1\",\"name\":\"a\"},"
		    "{\"id\":\"3\",\"name\":\"b\"}]}\n");
}

static void test_labels(void **state)
{
	_cleanup_(rs_str_done) struct rs_str pod = { 0 }, out = { 0 };
	size_t n = 0;

	(void)state;
	expect("{\"metadata\":{" NAMES
	       ",\"labels\":{\"a\":\"\",\"b\":5,\"c\\n\":\"v\",\"e\":\"\\u001b\",\"\":\"x\","
	       "\"d\":\"\xc3\xbc\"}}}",
	       LINE ",\"labels\":{\"a\":\"\",\"d\":\"\xc3\xbc\"},\"containers\":[]}\n");
	rs_str_append_cstr(&pod, "{\"metadata\":{" NAMES ",\"labels\":{");
	for (int i = 0; i < 100; i++)
		rs_str_appendf(&pod, "%s\"k%d\":\"v\"", i ? "," : "", i);
	rs_str_append_cstr(&pod, "}}}");
	assert_int_equal(write_pod(rs_str_cstr(&pod), &out), 0);
	for (const char *at = rs_str_cstr(&out); (at = strstr(at, ":\"v\"")); at++)
		n++;
	assert_int_equal(n, RS_POD_LABELS_MAX);
}

static void test_mirror(void **state)
{
	(void)state;
	expect("{\"metadata\":{" NAMES ",\"annotations\":{\"kubernetes.io/config.mirror\":\"00ff\","
	       "\"secret\":\"x\"}}}",
	       "{\"op\":\"pod\",\"uid\":\"u\",\"static_uid\":\"00ff\",\"name\":\"n\",\"namespace\":\"s\","
	       "\"containers\":[]}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bare),   cmocka_unit_test(test_no_pod),
		cmocka_unit_test(test_owner),  cmocka_unit_test(test_containers),
		cmocka_unit_test(test_labels), cmocka_unit_test(test_mirror),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
