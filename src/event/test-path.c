/* SPDX-License-Identifier: Apache-2.0 */
#include "event/testing.h"

static struct record r;
static char buf[RS_EVENT_PATH_MAX];

/* The path made of a base (NULL: none) and an argument. */
static struct rs_path join(const char *base, unsigned base_flags, const char *arg,
			   unsigned arg_flags)
{
	struct rs_path path = { 0 };
	struct rs_event event;

	record_start(&r, RS_KIND_UNLINK);
	if (base)
		record_text(&r, RS_TAG_BASE, base_flags, base);
	record_text(&r, RS_TAG_ARG, arg_flags, arg);
	event = record_event(&r);
	if (!rs_event_path(&event, 0, buf, &path))
		path.data = NULL;
	return path;
}

static void check(const struct rs_path *path, const char *expected)
{
	assert_non_null(path->data);
	if (path->len != strlen(expected) || memcmp(path->data, expected, path->len) != 0)
		fail_msg("\"%.*s\" is not \"%s\"", (int)path->len, path->data, expected);
}

static void test_join(void **state)
{
	static const struct {
		const char *base, *arg, *path;
	} cases[] = {
		{ "/home/ann", "x", "/home/ann/x" },
		{ "/home/ann", "x/y/", "/home/ann/x/y" },
		{ "/home/ann", "./x", "/home/ann/x" },
		{ "/home/ann", "x//y/./z/.", "/home/ann/x/y/z" },
		{ "/home/ann", "", "/home/ann" },
		{ "/home/ann", ".", "/home/ann" },
		{ "/home/ann/", "x", "/home/ann/x" },
		{ "/", "x", "/x" },
		{ "/", ".", "/" },
		{ "", "x", "/x" },
		/* the base has no links: ".." at the start can be applied */
		{ "/home/ann", "..", "/home" },
		{ "/home/ann", "../bob/x", "/home/bob/x" },
		{ "/home/ann", "./.././../etc", "/etc" },
		{ "/home/ann", "../../..", "/" },
		{ "/home/ann", "../../../../etc/passwd", "/etc/passwd" },
		/* a name may be a link: what follows stays */
		{ "/home/ann", "a/../b", "/home/ann/a/../b" },
		{ "/home/ann", "../a/../../b", "/home/a/../../b" },
		{ "/home/ann", "a/..", "/home/ann/a/.." },
		/* names that only look like it */
		{ "/home/ann", "...", "/home/ann/..." },
		{ "/home/ann", "..x/.y", "/home/ann/..x/.y" },
		/* absolute */
		{ NULL, "/etc/passwd", "/etc/passwd" },
		{ NULL, "//etc//./passwd/", "/etc/passwd" },
		{ NULL, "/", "/" },
		{ NULL, "/..", "/" },
		{ NULL, "/../../etc", "/etc" },
		{ NULL, "/etc/../x", "/etc/../x" },
		/* in a chroot: the base is its root, and nothing climbs out of it */
		{ "/srv/jail", "/etc/passwd", "/srv/jail/etc/passwd" },
		{ "/srv/jail", "/", "/srv/jail" },
		{ "/srv/jail", "/../../etc", "/srv/jail/etc" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rs_path path = join(cases[i].base, 0, cases[i].arg, 0);

		check(&path, cases[i].path);
		assert_false(path.kernel);
		assert_false(path.cut);
	}
}

static void test_root(void **state)
{
	static const struct {
		const char *root, *base, *arg, *path;
	} cases[] = {
		{ "/srv/jail", "/srv/jail", "../x", "/srv/jail/x" },
		{ "/srv/jail", "/srv/jail/a/b", "../../../../x", "/srv/jail/x" },
		{ "/srv/jail", "/srv/jail/a/b", "../x", "/srv/jail/a/x" },
		/* from elsewhere: a directory that was open before */
		{ "/srv/jail", "/srv/jailer/a", "../../x", "/srv/x" },
		{ "/srv/jail", "/home", "../../x", "/x" },
		{ "/srv/jail", "/srv", "../x", "/x" },
		{ "/", "/home", "../../x", "/x" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rs_path path = { 0 };
		struct rs_event event;

		record_start(&r, RS_KIND_UNLINK);
		record_text(&r, RS_TAG_ROOT, 0, cases[i].root);
		record_text(&r, RS_TAG_BASE, 0, cases[i].base);
		record_text(&r, RS_TAG_ARG, 0, cases[i].arg);
		event = record_event(&r);
		assert_true(rs_event_path(&event, 0, buf, &path));
		check(&path, cases[i].path);
	}
}

static void test_cut(void **state)
{
	struct rs_path path;

	(void)state;
	path = join("deep/below", RS_FIELD_CUT, "x", 0);
	check(&path, ".../deep/below/x");
	assert_true(path.cut);
	path = join("/deep/below", RS_FIELD_CUT, "../x", 0);
	check(&path, ".../deep/x");
	path = join("/deep", RS_FIELD_CUT, "../../../x", 0);
	check(&path, ".../x");
	path = join("", RS_FIELD_CUT, "", 0);
	check(&path, "...");
	/* a relative one whose base is not known */
	path = join(NULL, 0, "x/y", 0);
	check(&path, ".../x/y");
	assert_true(path.cut);
	/* the argument lost its end */
	path = join("/a", 0, "b", RS_FIELD_CUT);
	check(&path, "/a/b");
	assert_true(path.cut);
}

static void test_marks(void **state)
{
	struct rs_path path;

	(void)state;
	path = join("/a", RS_FIELD_DELETED, "b", 0);
	assert_true(path.deleted);
	path = join("/a", RS_FIELD_DETACHED, "b", 0);
	assert_true(path.detached);
	assert_false(path.deleted);
	path = join("/a", 0, "b", RS_FIELD_KERNEL);
	assert_true(path.kernel);
	/* no argument to be had */
	path = join("/a", 0, "", RS_FIELD_FAULT);
	assert_null(path.data);
	path = join(NULL, 0, "", 0);
	assert_null(path.data);
}

static void test_kernel(void **state)
{
	struct rs_event event;
	struct rs_path path;

	(void)state;
	record_start(&r, RS_KIND_RENAME);
	record_text(&r, RS_TAG_ARG, 0, "ignored");
	record_text(&r, RS_TAG_PATH, 0, "/a/b\xff");
	record_text(&r, RS_TAG_PATH2, RS_FIELD_CUT | RS_FIELD_DELETED, "/c/d");
	event = record_event(&r);
	assert_true(rs_event_path(&event, 0, buf, &path));
	check(&path, "/a/b\xff");
	assert_true(path.kernel);
	assert_ptr_equal(path.data, event.field[RS_TAG_PATH].data);
	assert_true(rs_event_path(&event, 1, buf, &path));
	check(&path, ".../c/d");
	assert_true(path.cut && path.deleted && path.kernel);
	record_start(&r, RS_KIND_RENAME);
	event = record_event(&r);
	assert_false(rs_event_path(&event, 0, buf, &path));
	assert_false(rs_event_path(&event, 1, buf, &path));
}

/* Lengths that no writer of ours makes, but a record could hold. */
static void test_long(void **state)
{
	static char base[8000], arg[6000];
	struct rs_event event;
	struct rs_path path;

	(void)state;
	for (size_t i = 0; i < sizeof(base); i++)
		base[i] = i % 2 ? 'b' : '/';
	for (size_t i = 0; i < sizeof(arg); i++)
		arg[i] = i % 2 ? '/' : 'a';
	record_start(&r, RS_KIND_UNLINK);
	record_add(&r, RS_TAG_BASE, 0, base, sizeof(base));
	record_add(&r, RS_TAG_ARG, 0, arg, sizeof(arg));
	event = record_event(&r);
	assert_true(rs_event_path(&event, 0, buf, &path));
	assert_true(path.cut);
	assert_true(path.len <= RS_EVENT_PATH_MAX);
	assert_memory_equal(path.data, ".../b/b", 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join),   cmocka_unit_test(test_root),
		cmocka_unit_test(test_cut),    cmocka_unit_test(test_marks),
		cmocka_unit_test(test_kernel), cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
