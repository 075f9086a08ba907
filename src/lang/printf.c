/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/printf.h"

#include <errno.h>
#include <string.h>

#include "lang/list.h"

struct cursor {
	const char *at, *end;
};

static char peek(const struct cursor *c)
{
	return c->at < c->end ? *c->at : 0;
}

static bool take(struct cursor *c, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0)
		return false;
	c->at += n;
	return true;
}

static uint8_t parse_flags(struct cursor *c)
{
	static const char letters[] = "-+ #0";
	uint8_t flags = 0;

	for (const char *p; peek(c) && (p = strchr(letters, peek(c))); c->at++)
		flags |= 1u << (p - letters);
	return flags;
}

/* A number, or * for an argument. -1: neither. */
static int32_t parse_number(struct cursor *c, bool *ret_argument)
{
	int32_t n = 0;

	if (take(c, "*")) {
		*ret_argument = true;
		return -1;
	}
	if (peek(c) < '0' || peek(c) > '9')
		return -1;
	for (; peek(c) >= '0' && peek(c) <= '9'; c->at++)
		n = MIN(n * 10 + (peek(c) - '0'), RS_PRINTF_WIDTH_MAX);
	return n;
}

static uint8_t parse_length(struct cursor *c)
{
	static const struct {
		const char *word;
		uint8_t size;
	} lengths[] = {
		{ "hh", 1 }, { "h", 2 }, { "ll", 8 }, { "l", 8 },
		{ "j", 8 },  { "z", 8 }, { "t", 8 },  { "L", 8 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++)
		if (take(c, lengths[i].word))
			return lengths[i].size;
	return 0;
}

static bool parse_letter(struct cursor *c, struct rs_printf_piece *piece)
{
	static const struct {
		const char *word;
		enum rs_printf_what what;
	} letters[] = {
		{ "d", RS_PRINTF_SIGNED },        { "i", RS_PRINTF_SIGNED },
		{ "u", RS_PRINTF_UNSIGNED },      { "o", RS_PRINTF_UNSIGNED },
		{ "x", RS_PRINTF_UNSIGNED },      { "X", RS_PRINTF_UNSIGNED },
		{ "c", RS_PRINTF_CHAR },          { "p", RS_PRINTF_POINTER },
		{ "s", RS_PRINTF_STRING },        { "rx", RS_PRINTF_BYTES_ESCAPED },
		{ "rh", RS_PRINTF_BYTES_SPACED }, { "r", RS_PRINTF_BYTES },
		{ "gr", RS_PRINTF_GFP },          { "e", RS_PRINTF_FLOAT },
		{ "E", RS_PRINTF_FLOAT },         { "f", RS_PRINTF_FLOAT },
		{ "F", RS_PRINTF_FLOAT },         { "g", RS_PRINTF_FLOAT },
		{ "G", RS_PRINTF_FLOAT },         { "a", RS_PRINTF_FLOAT },
		{ "A", RS_PRINTF_FLOAT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(letters); i++) {
		piece->letter = peek(c);
		piece->what = letters[i].what;
		if (take(c, letters[i].word))
			return true;
	}
	return false;
}

/* At a %: a conversion, or false and the cursor is where it was. */
static bool parse_conversion(struct cursor *c, struct rs_printf_piece *ret)
{
	struct rs_printf_piece piece = { .text = c->at, .width = -1, .precision = -1 };
	struct cursor at = { c->at + 1, c->end };

	if (take(&at, "%")) {
		*ret = (struct rs_printf_piece){
			.text = c->at, .len = 1, .width = -1, .precision = -1
		};
		c->at = at.at;
		return true;
	}
	piece.flags = parse_flags(&at);
	piece.width = parse_number(&at, &piece.width_argument);
	if (take(&at, ".")) {
		piece.precision = parse_number(&at, &piece.precision_argument);
		if (piece.precision < 0 && !piece.precision_argument)
			piece.precision = 0;
	}
	piece.size = parse_length(&at);
	if (!parse_letter(&at, &piece))
		return false;
	piece.len = (uint32_t)(at.at - piece.text);
	*ret = piece;
	c->at = at.at;
	return true;
}

static unsigned arguments(const struct rs_printf_piece *piece)
{
	return (piece->what != RS_PRINTF_TEXT) + piece->width_argument + piece->precision_argument;
}

int rs_printf_parse(struct rs_arena *arena, const char *format, size_t len, struct rs_printf *ret)
{
	struct cursor c = { format, format + len };
	struct rs_printf out = { 0 };

	while (c.at < c.end) {
		struct rs_printf_piece piece = { .text = c.at, .width = -1, .precision = -1 };

		if (*c.at != '%' || !parse_conversion(&c, &piece)) {
			do {
				c.at++;
			} while (c.at < c.end && *c.at != '%');
			piece.len = (uint32_t)(c.at - piece.text);
		}
		out.n_args += arguments(&piece);
		if (out.n == RS_PRINTF_PIECES_MAX)
			return -E2BIG;
		if (!rs_list_add(arena, out.pieces, out.n, piece))
			return -ENOMEM;
	}
	*ret = out;
	return 0;
}
