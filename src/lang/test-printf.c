/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "lang/printf.h"

struct world {
	struct rs_arena arena;
	struct rs_printf parsed;
};

static int enter(void **state)
{
	static struct world w;

	w = (struct world){ 0 };
	rs_arena_init(&w.arena, 16 << 20);
	*state = &w;
	return 0;
}

static int leave(void **state)
{
	struct world *w = *state;

	rs_arena_done(&w->arena);
	return 0;
}

static void parse(struct world *w, const char *format, unsigned pieces, unsigned args)
{
	assert_int_equal(rs_printf_parse(&w->arena, format, strlen(format), &w->parsed), 0);
	assert_int_equal(w->parsed.n, pieces);
	assert_int_equal(w->parsed.n_args, args);
}

static void check_text(const struct world *w, unsigned i, const char *text)
{
	const struct rs_printf_piece *piece = &w->parsed.pieces[i];

	assert_int_equal(piece->what, RS_PRINTF_TEXT);
	assert_int_equal(piece->len, strlen(text));
	assert_memory_equal(piece->text, text, piece->len);
}

static void check(const struct world *w, unsigned i, enum rs_printf_what what, const char *text)
{
	const struct rs_printf_piece *piece = &w->parsed.pieces[i];

	assert_int_equal(piece->what, what);
	assert_int_equal(piece->len, strlen(text));
	assert_memory_equal(piece->text, text, piece->len);
}

static void test_text_and_conversions(void **state)
{
	struct world *w = *state;

	parse(w, "", 0, 0);
	parse(w, "hello", 1, 0);
	check_text(w, 0, "hello");
	parse(w, "a %d b%sc", 5, 2);
	check_text(w, 0, "a ");
	check(w, 1, RS_PRINTF_SIGNED, "%d");
	check_text(w, 2, " b");
	check(w, 3, RS_PRINTF_STRING, "%s");
	check_text(w, 4, "c");
}

static void test_letters(void **state)
{
	static const struct {
		const char *text;
		enum rs_printf_what what;
		char letter;
	} rows[] = {
		{ "%i", RS_PRINTF_SIGNED, 'i' },         { "%u", RS_PRINTF_UNSIGNED, 'u' },
		{ "%o", RS_PRINTF_UNSIGNED, 'o' },       { "%x", RS_PRINTF_UNSIGNED, 'x' },
		{ "%X", RS_PRINTF_UNSIGNED, 'X' },       { "%c", RS_PRINTF_CHAR, 'c' },
		{ "%p", RS_PRINTF_POINTER, 'p' },        { "%r", RS_PRINTF_BYTES, 'r' },
		{ "%rx", RS_PRINTF_BYTES_ESCAPED, 'r' }, { "%rh", RS_PRINTF_BYTES_SPACED, 'r' },
		{ "%gr", RS_PRINTF_GFP, 'g' },           { "%g", RS_PRINTF_FLOAT, 'g' },
		{ "%f", RS_PRINTF_FLOAT, 'f' },
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		parse(w, rows[i].text, 1, 1);
		check(w, 0, rows[i].what, rows[i].text);
		assert_int_equal(w->parsed.pieces[0].letter, rows[i].letter);
	}
}

static void test_flags_and_numbers(void **state)
{
	struct world *w = *state;
	const struct rs_printf_piece *piece;

	parse(w, "%-+ #08.3d", 1, 1);
	piece = &w->parsed.pieces[0];
	assert_int_equal(piece->flags, 31);
	assert_int_equal(piece->width, 8);
	assert_int_equal(piece->precision, 3);

	parse(w, "%5s", 1, 1);
	assert_int_equal(w->parsed.pieces[0].width, 5);
	assert_int_equal(w->parsed.pieces[0].precision, -1);
	parse(w, "%.s", 1, 1);
	assert_int_equal(w->parsed.pieces[0].precision, 0);

	parse(w, "%99999999999d", 1, 1);
	assert_int_equal(w->parsed.pieces[0].width, RS_PRINTF_WIDTH_MAX);
}

static void test_stars(void **state)
{
	struct world *w = *state;

	parse(w, "%*d%.*s%*.*x", 3, 7);
	assert_true(w->parsed.pieces[0].width_argument);
	assert_false(w->parsed.pieces[0].precision_argument);
	assert_true(w->parsed.pieces[1].precision_argument);
	assert_true(w->parsed.pieces[2].width_argument && w->parsed.pieces[2].precision_argument);
}

static void test_lengths(void **state)
{
	static const struct {
		const char *text;
		unsigned size;
	} rows[] = {
		{ "%d", 0 },   { "%hhx", 1 }, { "%hd", 2 }, { "%ld", 8 },
		{ "%llx", 8 }, { "%ju", 8 },  { "%zu", 8 }, { "%td", 8 },
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		parse(w, rows[i].text, 1, 1);
		assert_int_equal(w->parsed.pieces[0].size, rows[i].size);
	}
}

static void test_percent(void **state)
{
	struct world *w = *state;

	parse(w, "100%%\n", 3, 0);
	check_text(w, 0, "100");
	check_text(w, 1, "%");
	check_text(w, 2, "\n");
}

/* As text: what is no conversion. */
static void test_no_conversion(void **state)
{
	struct world *w = *state;

	parse(w, "50%\n", 2, 0);
	check_text(w, 0, "50");
	check_text(w, 1, "%\n");
	parse(w, "%", 1, 0);
	check_text(w, 0, "%");
	parse(w, "%-5", 1, 0);
	parse(w, "%y%d", 2, 1);
	check_text(w, 0, "%y");
	check(w, 1, RS_PRINTF_SIGNED, "%d");
}

static void test_bytes_of_zero(void **state)
{
	struct world *w = *state;

	assert_int_equal(rs_printf_parse(&w->arena, "a\0%d", 4, &w->parsed), 0);
	assert_int_equal(w->parsed.n, 2);
	assert_int_equal(w->parsed.pieces[0].len, 2);
	assert_int_equal(rs_printf_parse(&w->arena, "%\0d", 3, &w->parsed), 0);
	assert_int_equal(w->parsed.n_args, 0);
}

static void test_too_many(void **state)
{
	struct world *w = *state;
	static char format[4 * RS_PRINTF_PIECES_MAX];

	memset(format, '%', sizeof(format));
	for (size_t i = 1; i < sizeof(format); i += 2)
		format[i] = 'd';
	assert_int_equal(rs_printf_parse(&w->arena, format, 2 * RS_PRINTF_PIECES_MAX, &w->parsed),
			 0);
	assert_int_equal(rs_printf_parse(&w->arena, format, sizeof(format), &w->parsed), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_text_and_conversions, enter, leave),
		cmocka_unit_test_setup_teardown(test_letters, enter, leave),
		cmocka_unit_test_setup_teardown(test_flags_and_numbers, enter, leave),
		cmocka_unit_test_setup_teardown(test_stars, enter, leave),
		cmocka_unit_test_setup_teardown(test_lengths, enter, leave),
		cmocka_unit_test_setup_teardown(test_percent, enter, leave),
		cmocka_unit_test_setup_teardown(test_no_conversion, enter, leave),
		cmocka_unit_test_setup_teardown(test_bytes_of_zero, enter, leave),
		cmocka_unit_test_setup_teardown(test_too_many, enter, leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
