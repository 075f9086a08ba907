/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "enrich/processes-text.h"

static void test_shared(void **state)
{
	struct rs_shared_texts texts;
	struct rs_shared_text *a, *b, *c, *none = NULL;

	(void)state;
	assert_int_equal(rs_shared_texts_init(&texts, 8, 1000), 0);
	a = rs_shared_text_get(&texts, "one\0two", 7);
	b = rs_shared_text_get(&texts, "one\0two", 7);
	c = rs_shared_text_get(&texts, "one\0twi", 7);
	assert_ptr_equal(a, b);
	assert_ptr_not_equal(a, c);
	assert_int_equal(texts.count, 2);
	assert_memory_equal(a->data, "one\0two", 8); /* and a NUL */
	rs_shared_text_unref(&texts, &a);
	assert_null(a);
	assert_int_equal(texts.count, 2);
	rs_shared_text_unref(&texts, &b);
	rs_shared_text_unref(&texts, &c);
	rs_shared_text_unref(&texts, &none);
	assert_null(rs_shared_text_ref(NULL));
	assert_int_equal(texts.count, 0);
	assert_int_equal(texts.bytes, 0);
	rs_shared_texts_done(&texts);
}

static void test_join(void **state)
{
	struct rs_shared_texts texts;
	struct rs_shared_text *two, *one, *empty, *last;

	(void)state;
	assert_int_equal(rs_shared_texts_init(&texts, 8, 1000), 0);
	two = rs_shared_text_get(&texts, "a\0b c", 6);
	one = rs_shared_text_get(&texts, "a b", 4);
	empty = rs_shared_text_get(&texts, "", 1);
	last = rs_shared_text_get(&texts, "a\0", 3);
	assert_string_equal(rs_shared_text_join(&texts, two), "a b c");
	assert_ptr_equal(rs_shared_text_join(&texts, two), two->joined);
	assert_ptr_equal(rs_shared_text_join(&texts, one), one->data);
	assert_string_equal(rs_shared_text_join(&texts, empty), "");
	assert_string_equal(rs_shared_text_join(&texts, last), "a ");
	assert_memory_equal(two->data, "a\0b c", 6);
	rs_shared_text_unref(&texts, &two);
	rs_shared_text_unref(&texts, &one);
	rs_shared_text_unref(&texts, &empty);
	rs_shared_text_unref(&texts, &last);
	assert_int_equal(texts.bytes, 0);
	rs_shared_texts_done(&texts);
}

/* More texts than are found by their content, and more bytes than there is room for. */
static void test_caps(void **state)
{
	struct rs_shared_texts texts;
	struct rs_shared_text *text[4];
	char word[] = "x\0y", large[200] = { 0 };

	(void)state;
	assert_int_equal(rs_shared_texts_init(&texts, 2, 300), 0);
	for (unsigned i = 0; i < 4; i++) {
		word[2] = (char)('0' + i / 2 * 2); /* two of each */
		text[i] = rs_shared_text_get(&texts, word, 4);
		assert_non_null(text[i]);
	}
	assert_int_equal(texts.count, 2);
	assert_null(rs_shared_text_get(&texts, large, sizeof(large)));
	assert_string_equal(rs_shared_text_join(&texts, text[0]), "x 0");
	for (unsigned i = 0; i < 4; i++)
		rs_shared_text_unref(&texts, &text[i]);
	for (unsigned i = 0; i < 4; i++) {
		word[2] = (char)('0' + i);
		text[i] = rs_shared_text_get(&texts, word, 4);
		assert_non_null(text[i]);
	}
	assert_int_equal(texts.count, 4);
	word[2] = '3';
	assert_ptr_not_equal(text[2], text[3]);
	for (unsigned i = 0; i < 4; i++)
		rs_shared_text_unref(&texts, &text[i]);
	assert_int_equal(texts.bytes, 0);
	assert_int_equal(rs_hashmap_len(texts.map), 0);
	rs_shared_texts_done(&texts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_caps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
