/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Globs without recursion. Of the stars met only the last of each sort needs to be tried again: an
 * earlier one could only move later what the last one can reach anyway. A "*" is forgotten at the next
 * "/": between two slashes, what matched once matches always.
 */
#include <string.h>

#include "base/utf8.h"
#include "rules/expr.h"

/* A place in the glob and in the text from which to go on; glob is NULL where there is none. */
struct retry {
	const char *glob;
	const char *text;
};

static size_t char_len(const char *p, const char *end)
{
	uint32_t cp;
	unsigned n = rs_utf8_decode(p, (size_t)(end - p), &cp);

	return n ? n : 1;
}

static uint32_t char_at(const char *p, const char *end)
{
	uint32_t cp;

	return rs_utf8_decode(p, (size_t)(end - p), &cp) ? cp : 0x110000u + (unsigned char)*p;
}

/* The "]" of the class that begins at p, behind its "["; NULL: it has none, "[" is a character. A "]"
 * that comes first is one of the class. */
static const char *class_end(const char *p, const char *end)
{
	if (p < end && *p == '!')
		p++;
	if (p < end && *p == ']')
		p++;
	for (; p < end && *p != ']'; p += char_len(p, end)) {
		if (*p == '\\' && p + 1 < end)
			p++;
	}
	return p < end ? p : NULL;
}

static uint32_t class_char(const char **p, const char *end)
{
	uint32_t c;

	if (**p == '\\' && *p + 1 < end)
		++*p;
	c = char_at(*p, end);
	*p += char_len(*p, end);
	return c;
}

static bool class_has(const char *p, const char *end, uint32_t c)
{
	bool negated = *p == '!', found = false;

	p += negated;
	while (p < end) {
		uint32_t low = class_char(&p, end), high = low;

		if (p + 1 < end && *p == '-') {
			p++;
			high = class_char(&p, end);
		}
		found |= low <= c && c <= high;
	}
	return found != negated;
}

/* Whether the one character at *text is what *glob asks for; both are moved behind it. */
static bool take_one(const char **glob, const char *glob_end, const char **text,
		     const char *text_end)
{
	const char *g = *glob, *close = NULL;

	if (*g == '?' && **text != '/') {
		*glob = g + 1;
		*text += char_len(*text, text_end);
		return true;
	}
	if (*g == '[')
		close = class_end(g + 1, glob_end);
	if (close) {
		if (**text == '/' || !class_has(g + 1, close, char_at(*text, text_end)))
			return false;
		*glob = close + 1;
		*text += char_len(*text, text_end);
		return true;
	}
	if (*g == '\\' && g + 1 < glob_end)
		g++;
	else if (*g == '?')
		return false;
	if (*g != **text)
		return false;
	*glob = g + 1;
	++*text;
	return true;
}

/* Lets the last star that can take one character more; false: none can. */
static bool try_again(struct retry *star, struct retry *stars, const char **glob, const char **text,
		      const char *text_end)
{
	struct retry *r = stars;

	if (star->glob && star->text < text_end && *star->text != '/')
		r = star;
	else
		star->glob = NULL;
	if (!r->glob || r->text >= text_end)
		return false;
	r->text += char_len(r->text, text_end);
	*glob = r->glob;
	*text = r->text;
	return true;
}

bool rs_glob_match(const char *glob, size_t glob_len, const char *text, size_t len)
{
	const char *glob_end = glob + glob_len, *text_end = text + len;
	struct retry star = { 0 }, stars = { 0 };

	for (;;) {
		if (glob < glob_end && *glob == '*') {
			bool any = glob + 1 < glob_end && glob[1] == '*';

			glob += any ? 2 : 1;
			*(any ? &stars : &star) = (struct retry){ glob, text };
			if (any)
				star.glob = NULL;
			continue;
		}
		/* With the text used up, a star that takes more of it does not help. */
		if (text == text_end)
			return glob == glob_end;
		if (glob < glob_end) {
			bool slash = *text == '/';

			if (take_one(&glob, glob_end, &text, text_end)) {
				if (slash)
					star.glob = NULL;
				continue;
			}
		}
		if (!try_again(&star, &stars, &glob, &text, text_end))
			return false;
	}
}
