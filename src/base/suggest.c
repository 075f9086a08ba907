/* SPDX-License-Identifier: Apache-2.0 */
#include "base/suggest.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

#define WORD_MAX 64

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

unsigned rs_suggest_distance(const char *a, const char *b)
{
	/* Three rolling rows: the one before the last serves swapped neighbours. */
	unsigned rows[3][WORD_MAX + 1];
	size_t na = strlen(a), nb = strlen(b);

	if (na > WORD_MAX || nb > WORD_MAX)
		return UINT_MAX;
	for (size_t j = 0; j <= nb; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned *row = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			unsigned change = up[j - 1] + !same(a[i - 1], b[j - 1]);

			row[j] = MIN(MIN(up[j], row[j - 1]) + 1, change);
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				row[j] = MIN(row[j], up2[j - 2] + 1);
		}
	}
	return rows[na % 3][nb];
}

/* The most slips that rs_suggest_best() takes: one in three letters. */
static unsigned most_slips(size_t n)
{
	return MAX((unsigned)(n / 3), 1);
}

/* Which letters a word has: one bit for those that look alike modulo 64. */
static uint64_t letters(const char *word)
{
	uint64_t set = 0;

	for (; *word; word++)
		set |= 1ull << (tolower((unsigned char)*word) & 63);
	return set;
}

void rs_suggest_init(struct rs_suggest *s, const char *word)
{
	*s = (struct rs_suggest){ .word = word, .letters = letters(word), .distance = UINT_MAX };
}

/* Each slip changes the length by one at most, and brings or takes away one letter at most: of a hundred
 * thousand names few need to be compared. */
static bool too_far(const struct rs_suggest *s, const char *name, size_t n, size_t name_n)
{
	unsigned limit = MIN(most_slips(n), s->distance);
	uint64_t a = s->letters, b;

	if (name_n > n + limit || n > name_n + limit)
		return true;
	b = letters(name);
	return (unsigned)__builtin_popcountll(a & ~b) > limit ||
	       (unsigned)__builtin_popcountll(b & ~a) > limit;
}

/* Of names that are equally near, the shorter one: more of it was typed. */
void rs_suggest_offer(struct rs_suggest *s, const char *name)
{
	size_t n = strlen(s->word), name_n = strlen(name);
	unsigned distance = UINT_MAX;

	if (!too_far(s, name, n, name_n))
		distance = rs_suggest_distance(s->word, name);
	/* Half a word typed is as near as one slip. */
	if (n >= 3 && name_n > n && strncasecmp(s->word, name, n) == 0)
		distance = MIN(distance, 1);
	if (distance < s->distance ||
	    (distance == s->distance && s->best && name_n < strlen(s->best))) {
		s->distance = distance;
		s->best = name;
	}
}

const char *rs_suggest_best(const struct rs_suggest *s)
{
	size_t n = strlen(s->word);

	/* One slip in three letters, but a one-letter word is nothing's misspelling. */
	if (!s->best || n < 2 || s->distance > most_slips(n) || s->distance >= n)
		return NULL;
	return s->best;
}

const char *rs_suggest_nearest(const char *word, const char *const *names, size_t count)
{
	struct rs_suggest s;

	rs_suggest_init(&s, word);
	for (size_t i = 0; i < count; i++)
		rs_suggest_offer(&s, names[i]);
	return rs_suggest_best(&s);
}
