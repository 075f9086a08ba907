/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/gfp.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/util.h"

#define DEPTH_MAX 64

/* Constant expressions of C as the kernel's macros leave them: numbers, casts, ~ << + & |. */
struct cursor {
	const char *at, *end;
	unsigned depth;
	bool failed;
};

static uint64_t any(struct cursor *c);

static char peek(struct cursor *c)
{
	while (c->at < c->end && isspace((unsigned char)*c->at))
		c->at++;
	return c->at < c->end ? *c->at : '\0';
}

static bool take(struct cursor *c, const char *word)
{
	size_t n = strlen(word);

	if (!peek(c) || (size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0)
		return false;
	c->at += n;
	return true;
}

static uint64_t number(struct cursor *c)
{
	bool hex = take(c, "0x") || take(c, "0X");
	uint64_t v = 0;

	if (!isxdigit((unsigned char)peek(c)))
		c->failed = true;
	for (; c->at < c->end; c->at++) {
		unsigned char d = (unsigned char)*c->at;

		if (isdigit(d))
			v = v * (hex ? 16 : 10) + (d - '0');
		else if (hex && isxdigit(d))
			v = v * 16 + (unsigned)(tolower(d) - 'a') + 10;
		else
			break;
	}
	while (c->at < c->end && strchr("uUlL", *c->at) && *c->at)
		c->at++;
	return v;
}

/* The name of a type between parentheses. */
static bool is_cast(struct cursor *c)
{
	return isalpha((unsigned char)peek(c)) || peek(c) == '_';
}

static void skip_cast(struct cursor *c)
{
	while (c->at < c->end && *c->at != ')')
		c->at++;
	if (!take(c, ")"))
		c->failed = true;
}

static uint64_t unary(struct cursor *c)
{
	uint64_t v = 0;

	if (++c->depth > DEPTH_MAX)
		c->failed = true;
	if (c->failed) {
		c->depth--;
		return 0;
	}
	if (take(c, "~")) {
		v = ~unary(c);
	} else if (take(c, "(")) {
		if (is_cast(c)) {
			skip_cast(c);
			v = unary(c);
		} else {
			v = any(c);
			if (!take(c, ")"))
				c->failed = true;
		}
	} else {
		v = number(c);
	}
	c->depth--;
	return v;
}

static uint64_t sum(struct cursor *c)
{
	uint64_t v = unary(c);

	while (!c->failed && take(c, "+"))
		v += unary(c);
	return v;
}

static uint64_t shift(struct cursor *c)
{
	uint64_t v = sum(c);

	while (!c->failed && take(c, "<<"))
		v <<= sum(c) & 63;
	return v;
}

static uint64_t both(struct cursor *c)
{
	uint64_t v = shift(c);

	while (!c->failed && take(c, "&"))
		v &= shift(c);
	return v;
}

static uint64_t any(struct cursor *c)
{
	uint64_t v = both(c);

	while (!c->failed && take(c, "|"))
		v |= both(c);
	return v;
}

/* { 0, ((void *)0) } ends the list of some releases. */
static bool take_end(struct cursor *c)
{
	struct cursor at = *c;

	if (!take(&at, "{") || !take(&at, "0") || !take(&at, ",") || peek(&at) == '"')
		return false;
	while (at.at < at.end && *at.at != '}')
		at.at++;
	if (!take(&at, "}"))
		return false;
	*c = at;
	return true;
}

/* {EXPRESSION, "NAME"} */
static bool flag(struct cursor *c, struct rs_gfp_flag *ret)
{
	const char *name, *end;

	if (!take(c, "{"))
		return false;
	ret->mask = any(c);
	if (c->failed || !take(c, ",") || !take(c, "\""))
		return false;
	name = c->at;
	end = memchr(name, '"', (size_t)(c->end - name));
	if (!end || end == name || (size_t)(end - name) >= sizeof(ret->name))
		return false;
	memcpy(ret->name, name, (size_t)(end - name));
	ret->name[end - name] = '\0';
	c->at = end + 1;
	return take(c, "}");
}

int rs_gfp_parse(const char *format, size_t len, struct rs_gfp *ret_gfp)
{
	static const char begin[] = "__print_flags(REC->gfp_flags,";
	const char *at = memmem(format, len, begin, sizeof(begin) - 1);
	struct cursor c = { at, format + len, 0, false };
	struct rs_gfp gfp = { 0 };

	if (!at)
		return -ENOENT;
	c.at += sizeof(begin) - 1;
	if (!take(&c, "\"|\""))
		return -EBADMSG;
	while (take(&c, ",") && !take_end(&c)) {
		if (gfp.n == RS_GFP_MAX || !flag(&c, &gfp.flags[gfp.n]))
			return -EBADMSG;
		gfp.n++;
	}
	if (!gfp.n || !take(&c, ")"))
		return -EBADMSG;
	*ret_gfp = gfp;
	return 0;
}

void rs_gfp_format(const struct rs_gfp *gfp, uint64_t flags, struct rs_str *out)
{
	bool first = true;

	if (!flags)
		rs_str_append_cstr(out, "none");
	for (unsigned i = 0; i < gfp->n && flags; i++) {
		const struct rs_gfp_flag *f = &gfp->flags[i];

		if (!f->mask || (flags & f->mask) != f->mask)
			continue;
		if (!first)
			rs_str_append_char(out, '|');
		rs_str_append_cstr(out, f->name);
		flags &= ~f->mask;
		first = false;
	}
	if (!flags)
		return;
	rs_str_append_cstr(out, first ? "0x" : "|0x");
	rs_str_append_hex(out, flags);
}
