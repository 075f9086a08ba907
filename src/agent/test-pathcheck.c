/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/pathcheck.h"

static char *items[] = { (char *)"/etc", (char *)"/var/log/app.log" };
static const struct rs_opt_list paths = { .items = items, .len = 2 };

static bool check(const struct rs_opt_list *list, const char *path)
{
	return rs_pathcheck_path(list, path, strlen(path));
}

static void test_path(void **state)
{
	char *root_items[] = { (char *)"/" };
	struct rs_opt_list root = { .items = root_items, .len = 1 }, none = { 0 };

	(void)state;
	assert_true(check(&paths, "/etc"));
	assert_true(check(&paths, "/etc/passwd"));
	assert_true(check(&paths, "/etc/"));
	assert_true(check(&paths, "/var/log/app.log"));
	assert_false(check(&paths, "/etcetera"));
	assert_false(check(&paths, "/var/log/app.log.1"));
	assert_false(check(&paths, "/var/log"));
	assert_false(check(&paths, "etc/passwd"));
	assert_false(check(&paths, ""));
	assert_true(check(&root, "/anything"));
	assert_false(check(&root, "relative"));
	assert_false(check(&none, "/etc"));
}

/* An event of kind unlink with its path given in one of the ways there are. */
static bool check_event(enum rs_tag tag, const char *path, uint8_t flags)
{
	static char buf[RS_EVENT_PATH_MAX];
	struct rs_file file = { .hdr = { .kind = RS_KIND_UNLINK } };
	struct rs_event event = { .file = &file };

	if (tag)
		event.field[tag] = (struct rs_text){ path, (uint32_t)strlen(path), flags };
	if (tag == RS_TAG_ARG)
		event.field[RS_TAG_BASE] = (struct rs_text){ "/var/lib", 8, 0 };
	return rs_pathcheck_event(&paths, &event, buf);
}

static void test_event(void **state)
{
	(void)state;
	assert_true(check_event(RS_TAG_PATH, "/etc/passwd", 0));
	assert_false(check_event(RS_TAG_PATH, "/usr/etc", 0));
	assert_true(check_event(RS_TAG_ARG, "../../etc/passwd", 0));
	assert_false(check_event(RS_TAG_ARG, "../etc/passwd", 0));
	assert_false(check_event(RS_TAG_ARG, "etc", 0));
	assert_true(check_event(RS_TAG_ARG, "../../usr/../etc/./x", 0));
	assert_true(check_event(RS_TAG_ARG, "../../etc/../usr", 0)); /* /etc/.. may be anywhere */
	assert_false(check_event(RS_TAG_ARG, "../../usr/../var", 0));
	assert_true(check_event(RS_TAG_PATH, "x/y", RS_FIELD_CUT)); /* who knows */
	assert_true(check_event(RS_TAG_NONE, "", 0));               /* the kernel's affair */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
