/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of names, read once and sorted. */
#include "probe/kind.h"

void rs_names_done(struct rs_names *names)
{
	rs_vec_done(&names->items);
	rs_str_done(&names->text);
	names->loaded = false;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void drop_doubles(struct rs_names *names)
{
	size_t kept = 0;

	for (size_t i = 0; i < names->items.len; i++)
		if (!kept || strcmp(names->items.items[kept - 1], names->items.items[i]) != 0)
			names->items.items[kept++] = names->items.items[i];
	names->items.len = kept;
}

int rs_names_split(struct rs_names *names)
{
	char *next, *end;

	if (rs_str_append_char(&names->text, '\n') < 0)
		return -ENOMEM;
	end = names->text.data + names->text.len;
	for (char *line = names->text.data; line < end; line = next) {
		next = memchr(line, '\n', (size_t)(end - line));
		*next++ = '\0';
		if (*line && rs_vec_push(&names->items, (const char *)line) < 0)
			return -ENOMEM;
	}
	if (names->items.len)
		qsort(names->items.items, names->items.len, sizeof(*names->items.items), by_text);
	drop_doubles(names);
	names->loaded = true;
	return 0;
}

bool rs_names_have(const struct rs_names *names, const char *name)
{
	return names->items.len && bsearch(&name, names->items.items, names->items.len,
					   sizeof(*names->items.items), by_text);
}
