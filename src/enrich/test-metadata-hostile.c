/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/test-metadata.h"

static void test_ids(void **state)
{
	static const char *const bad[] = {
		"", ".", "..", "../../etc", "a/b", "a b", "a\nb", "\xff"
	};
	char longest[RS_METADATA_ID_MAX + 2];

	(void)state;
	put("root/run/runc/state.json", "{}");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(fails(bad[i]), -EINVAL);
	memset(longest, 'a', sizeof(longest));
	longest[RS_METADATA_ID_MAX + 1] = '\0';
	assert_int_equal(fails(longest), -EINVAL);
	longest[RS_METADATA_ID_MAX] = '\0';
	assert_int_equal(fails(longest), -ENOENT);
}

static void test_broken(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"[[[[",
		"null",
		"3",
		"\"x\"",
		"{\"id\":\"another\"}",
		"{\"id\":1}}",
		"{\"id\":\"box\",\"id\":\"box\"}",
		"{\"a\":\"\xff\"}",
	};
	char deep[2001];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		put("root/run/runc/box/state.json", texts[i]);
		assert_int_equal(fails("box"), -EBADMSG);
	}
	memset(deep, '[', 1000);
	memset(deep + 1000, ']', 1000);
	put_n("root/run/runc/box/state.json", deep, 2000);
	assert_int_equal(fails("box"), -EBADMSG);
}

static void test_wrong_types(void **state)
{
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;

	(void)state;
	put("root/run/runc/box/state.json",
	    "{\"init_process_pid\":-1,\"config\":{\"labels\":[1,null,{},\"=\",\"a\"],\"rootfs\":[],"
	    "\"uid_mappings\":[1,{\"size\":\"x\"},{\"size\":4294967296},{}],\"gid_mappings\":{}}}");
	m = ask("box", NULL);
	assert_text(m->container.name, "box");
	assert_int_equal(m->container.n_labels, 0);
	assert_int_equal(m->n_uid_map, 0);
	rs_metadata_free(&m);
	put("root/run/runc/box/state.json", "{\"config\":\"no\",\"annotations\":3,\"bundle\":[]}");
	m = ask("box", NULL);
	rs_metadata_free(&m);
	put(STORAGE "containers.json",
	    "[1,{\"id\":2},{\"id\":\"" ID "\",\"names\":\"x\",\"metadata\":\"{{\"}]");
	m = ask(ID, "podman");
	assert_true(m->partial);
	rs_metadata_free(&m);
	put("root/var/lib/docker/containers/" ID "/config.v2.json",
	    "{\"Name\":7,\"State\":[],\"Config\":{\"Image\":{},\"Labels\":[\"a\"]}}");
	m = ask(ID, "docker");
	assert_true(m->partial);
}

static void test_large(void **state)
{
	_cleanup_(rs_str_done) struct rs_str text = { 0 };
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;
	int fd;

	(void)state;
	rs_str_append_cstr(&text, "{\"annotations\":{\"long\":\"");
	for (unsigned i = 0; i < 2 * RS_METADATA_VALUE_MAX; i++)
		rs_str_append_cstr(&text, "\xc3\xa4");
	rs_str_append_cstr(&text, "\",\"nul\":\"a\\u0000b\"");
	for (unsigned i = 0; i < 5000; i++)
		rs_str_appendf(&text, ",\"k%u\":\"v\"", i);
	rs_str_append_cstr(&text, "}}");
	put_n(TASKS "x/box/config.json", text.data, text.len);
	m = ask("box", NULL);
	assert_int_equal(m->container.n_labels, RS_METADATA_LABELS);
	assert_int_equal(strlen(label(m, "long")), RS_METADATA_VALUE_MAX);
	assert_null(label(m, "nul"));
	fd = open(TASKS "x/box/config.json", O_WRONLY | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, (off_t)RS_METADATA_FILE_MAX + 1), 0);
	close(fd);
	assert_int_equal(fails("box"), -EFBIG);
}

static void test_no_files(void **state)
{
	(void)state;
	assert_int_equal(rs_fd_mkdir_p("root/run/runc/box", 0755, NULL), 0);
	assert_int_equal(mkfifo("root/run/runc/box/state.json", 0666), 0);
	assert_int_equal(fails("box"), -EBADMSG);
	unlink("root/run/runc/box/state.json");
	assert_int_equal(mkdir("root/run/runc/box/state.json", 0755), 0);
	assert_int_equal(fails("box"), -EBADMSG);
	rmdir("root/run/runc/box/state.json");
	put("root/secret", "{\"id\":\"box\"}");
	assert_int_equal(symlink("../../../secret", "root/run/runc/box/state.json"), 0);
	assert_true(fails("box") < 0);
	unlink("root/run/runc/box/state.json");
	rmdir("root/run/runc/box");
	put("root/elsewhere/state.json", "{\"id\":\"box\"}");
	assert_int_equal(symlink("../../elsewhere", "root/run/runc/box"), 0);
	assert_true(fails("box") < 0);
	unlink("root/run/runc/box");
	put("root/run/runc/other/state.json", "{\"id\":\"box\"}"); /* not even beside it */
	assert_int_equal(symlink("other", "root/run/runc/box"), 0);
	assert_int_equal(fails("box"), -ELOOP);
}

/* A directory may be a link (/var/lib/docker on another disk), but not out of the root. */
static void test_links_of_places(void **state)
{
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;

	(void)state;
	put("root/disk/box/state.json", "{\"id\":\"box\"}");
	mkdir("root/run", 0755);
	assert_int_equal(symlink("/disk", "root/run/runc"), 0);
	m = ask("box", NULL);
	assert_text(m->container.name, "box");
	put("outside/box2/state.json", "{\"id\":\"box2\"}");
	unlink("root/run/runc");
	assert_int_equal(symlink("../../outside", "root/run/runc"), 0);
	assert_int_equal(fails("box2"), -ENOENT);
	unlink("root/run/runc");
	assert_int_equal(symlink("/proc/self/root", "root/run/runc"), 0);
	assert_int_equal(fails("box2"), -ENOENT);
}

static void test_wrong_owner(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	put_users_own("root/run/runc/box/state.json", "{\"id\":\"box\"}");
	assert_int_equal(fails("box"), -EPERM);
}

static void test_no_root(void **state)
{
	struct rs_metadata_question question = { .id = "box" };
	struct rs_metadata *m = NULL;

	(void)state;
	assert_int_equal(rs_metadata_read("none", "proc", &question, &m, NULL), -ENOENT);
	assert_null(m);
	assert_int_equal(rs_metadata_read("root", "none", &question, &m, NULL), -ENOENT);
	rs_metadata_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_ids),         test(test_broken),   test(test_wrong_types),
		test(test_large),       test(test_no_files), test(test_links_of_places),
		test(test_wrong_owner), test(test_no_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
