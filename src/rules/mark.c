/* SPDX-License-Identifier: Apache-2.0 */
/* The line with the mistake, and a caret below it. */
#include "base/term.h"
#include "rules/expr.h"

#define INDENT "  "
#define BEFORE 48 /* bytes of a long line that are shown before the mistake, */
#define AFTER  40 /* and behind where it begins */

/* Not into the middle of a character. */
static size_t back_to_char(const char *text, size_t at, size_t floor)
{
	while (at > floor && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	return at;
}

int rs_expr_show_mark(struct rs_str *out, const char *text, const struct rs_expr_mark *mark)
{
	size_t len = strlen(text), at = MIN(mark->at, len), begin = at, end = at, from, to, columns;

	while (begin && text[begin - 1] != '\n')
		begin--;
	while (end < len && text[end] != '\n')
		end++;
	from = at - begin > BEFORE ? back_to_char(text, at - BEFORE, begin) : begin;
	to = end - at > AFTER ? back_to_char(text, at + AFTER, at) : end;
	rs_str_append_cstr(out, from > begin ? INDENT "..." : INDENT);
	rs_str_append_escaped(out, text + from, to - from);
	rs_str_append_cstr(out, to < end ? "...\n" INDENT : "\n" INDENT);
	columns = rs_term_columns(text + from, at - from) + (from > begin ? 3 : 0);
	rs_str_append_fill(out, ' ', columns);
	rs_str_append_char(out, '^');
	columns = rs_term_columns(text + at, MIN(mark->len, to - at));
	rs_str_append_fill(out, '~', columns ? columns - 1 : 0);
	return rs_str_append_char(out, '\n');
}
