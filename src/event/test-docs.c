/* SPDX-License-Identifier: Apache-2.0 */
/* docs/events.md says what the tables say, and the tables are as the JSON writer needs them. */
#include "event/testing.h"

static void test_page(void **state)
{
	_cleanup_(rs_str_done) struct rs_str page = RS_STR_INIT(0);

	(void)state;
	assert_int_equal(rs_event_write_docs(&page), 0);
	assert_file("docs/events.md", &page);
}

/* Whether row i continues the object that the first len bytes of name stand for. */
static bool in_object(size_t i, const char *name, size_t len)
{
	return strncmp(rs_event_fields[i].name, name, len) == 0 &&
	       rs_event_fields[i].name[len] == '.';
}

/* An object that ends must not begin again further down. */
static void test_objects_together(void **state)
{
	(void)state;
	for (size_t i = 0; i < rs_event_fields_count; i++) {
		const char *name = rs_event_fields[i].name;

		for (const char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.')) {
			size_t len = (size_t)(dot - name), next = i + 1;

			while (next < rs_event_fields_count && in_object(next, name, len))
				next++;
			for (; next < rs_event_fields_count; next++)
				if (in_object(next, name, len))
					fail_msg("%s stands apart from %s",
						 rs_event_fields[next].name, name);
		}
	}
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < rs_event_fields_count; i++) {
		const struct rs_event_field *a = &rs_event_fields[i];

		assert_non_null(a->what);
		assert_true(a->kinds && !(a->kinds >> RS_KIND_COUNT));
		assert_int_equal(a->write != NULL, a->from == RS_FROM_CONST ||
							   a->from == RS_FROM_WRITE ||
							   a->from == RS_FROM_PATHS);
		assert_int_equal(a->get != NULL, a->from == RS_FROM_GET);
		/* Loads are never asked, and constants are part of what is prepared. */
		assert_true(!a->when || a->write || a->get);
		assert_true(!a->when || a->from != RS_FROM_CONST);
		for (size_t j = i + 1; j < rs_event_fields_count; j++)
			if (strcmp(a->name, rs_event_fields[j].name) == 0 &&
			    a->kinds & rs_event_fields[j].kinds)
				fail_msg("%s stands twice for the same kind", a->name);
	}
	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++)
		assert_non_null(rs_event_kinds[kind].what);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_objects_together),
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
