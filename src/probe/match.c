/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/match.h"

#include <stddef.h>
#include <string.h>

bool rs_match_has_wildcard(const char *pattern)
{
	return pattern[strcspn(pattern, "*?[")] != '\0';
}

/* The "]" of the class whose "[" is at p; NULL: it has none, "[" is a character like others. */
static const char *class_end(const char *p)
{
	p += p[1] == '!' ? 2 : 1;
	return *p ? strchr(p + 1, ']') : NULL;
}

static bool class_has(const char *p, const char *end, unsigned char c)
{
	bool negated = p[1] == '!', found = false;

	for (p += negated ? 2 : 1; p < end; p++) {
		unsigned char from = (unsigned char)*p, to = from;

		if (p[1] == '-' && p + 2 < end) {
			to = (unsigned char)p[2];
			p += 2;
		}
		found |= from <= c && c <= to;
	}
	return found != negated;
}

/* Does the pattern's first element stand for c? *ret_next is what follows it. */
static bool one(const char *pattern, char c, const char **ret_next)
{
	const char *end = *pattern == '[' ? class_end(pattern) : NULL;

	*ret_next = end ? end + 1 : pattern + 1;
	if (end)
		return class_has(pattern, end, (unsigned char)c);
	return *pattern == '?' || *pattern == c;
}

/* Only the last star met can need another try. */
bool rs_match(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL, *next;

	for (;;) {
		if (*pattern == '*') {
			star = ++pattern;
			from = text;
			if (!*star)
				return true;
		} else if (!*text) {
			return !*pattern;
		} else if (*pattern && one(pattern, *text, &next)) {
			pattern = next;
			text++;
		} else if (star) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
}
